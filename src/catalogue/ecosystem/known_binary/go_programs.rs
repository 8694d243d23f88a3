//! Programs written in Go whose list of modules leaves their version open.
//!
//! Go keeps constant texts in one run without separators; what the linker's `-X` sets stands between zeros.

use super::mark::{Mark, after};
use super::{Program, own, program};

const NUL: &[&[u8]] = &[b"\0"];

/// All of Elastic's Beats tell their version alike.
const BEATS: &[Mark] = &[
    after(b"Test ").parts(3, 3),
    after(b"plugin").parts(3, 3),
    after(b"pluginoutput").parts(3, 3),
    after(b"5m.rate").parts(3, 3).next(&[b"-"]),
];

const ISTIO: &[Mark] = &[after(b"Modified\0").padded().parts(2, 2).stage().next(NUL)];

pub(super) const ALL: &[Program] = &[
    // build.
    program("auditbeat", &["auditbeat"], &["elastic:auditbeat"], BEATS),
    // build.
    program(
        "consul",
        &["consul"],
        &["hashicorp:consul"],
        &[
            after(b"CONSUL_VERSION: ").parts(3, 3),
            after(b"GitDescribe=").parts(3, 3),
            after(b"GitDescribe=v").parts(3, 3),
            after(b"\0v").parts(3, 3).next(NUL),
        ],
    ),
    // build.
    program(
        "elastic-agent",
        &["elastic-agent"],
        &["elastic:elastic_agent"],
        &[
            after(b"enroll").parts(3, 3).next(&[b"-header", b"header"]),
            after(b"enroll: true").parts(3, 3).next(&[b"-header", b"header"]),
            after(b"PM").parts(3, 3).next(&[b":https"]),
        ],
    ),
    // build.
    program("filebeat", &["filebeat"], &["elastic:filebeat"], BEATS),
    // build.
    Program {
        own: Some(own::grafana),
        ..program(
            "grafana",
            &["grafana", "grafana-server"],
            &["grafana:grafana"],
            &[
                after(b"\0release-").parts(3, 3).stage(),
                after(b"HEAD\0").padded().parts(3, 3).stage().next(NUL),
            ],
        )
    },
    // build.
    program("heartbeat", &["heartbeat"], &["elastic:heartbeat"], BEATS),
    // build.
    Program { own: Some(own::helm), ..program("helm", &["helm"], &["helm:helm"], &[]) },
    // build.
    Program {
        own: Some(own::ingress_nginx),
        ..program(
            "nginx-ingress-controller",
            &["nginx-ingress-controller"],
            &["kubernetes:ingress-nginx"],
            &[],
        )
    },
    // build.
    Program {
        own: Some(own::istio),
        ..program("istio", &["pilot-agent", "pilot-discovery"], &["istio:istio"], ISTIO)
    },
    // build.
    program("metricbeat", &["metricbeat"], &["elastic:metricbeat"], BEATS),
    // build.
    program("packetbeat", &["packetbeat"], &["elastic:packetbeat"], BEATS),
    // build.
    Program { own: Some(own::traefik), ..program("traefik", &["traefik"], &["traefik:traefik"], &[]) },
    // build.
    program(
        "vault",
        &["vault"],
        &["hashicorp:vault"],
        &[
            after(b"revoke").parts(3, 3),
            after(b"_state").parts(3, 3).stage(),
            after(b"016x").parts(3, 3).two_digits(),
            after(b"\x001.").inside(2).parts(3, 3).next(NUL),
        ],
    ),
];
