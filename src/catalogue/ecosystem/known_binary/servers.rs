//! Servers: web, mail, names, files and messages.

use super::mark::{Mark, after, before};
use super::{Program, own, program};

const NUL: &[&[u8]] = &[b"\0"];

/// Envoy's version stands between zeros, near texts that change from release to release.
const ENVOY: Mark = after(b"\x001.").inside(2).parts(3, 3).stage().next(NUL);

pub(super) const ALL: &[Program] = &[
    // Debian.
    program("bind", &["named"], &["isc:bind"], &[after(b"libdns-").parts(3, 3), after(b"BIND ").parts(3, 3)]),
    // Debian.
    program(
        "chrony",
        &["chronyd", "chronyc"],
        &["tuxfamily:chrony"],
        &[after(b"--version\0").parts(1, 3).next(NUL)],
    ),
    // Debian.
    program("coturn", &["turnserver"], &["coturn_project:coturn"], &[after(b"Coturn-").parts(3, 4)]),
    // Debian.
    program("dnsmasq", &["dnsmasq"], &["thekelleys:dnsmasq"], &[after(b"\0dnsmasq-").parts(2, 2)]),
    // Debian.
    program(
        "dovecot",
        &["dovecot", "libdovecot.so*"],
        &["dovecot:dovecot"],
        &[before(b" (").parts(3, 4).next(NUL)],
    ),
    // Debian.
    program(
        "dropbear",
        &["dropbear", "dropbearmulti"],
        &["dropbear_ssh_project:dropbear_ssh"],
        &[after(b"SSH-2.0-dropbear_").parts(2, 2)],
    ),
    // build.
    program(
        "envoy",
        &["envoy"],
        &["envoyproxy:envoy"],
        &[
            ENVOY.followed(b"envoy", 1000),
            ENVOY.followed(b"ValidationError", 1000),
            ENVOY.followed(b"Unable to", 1000),
            ENVOY.followed(b"RELEASE", 20),
            ENVOY.followed(b"TLS ", 20),
            ENVOY.followed(b"source/common/", 20),
            after(b"c-ares callback\0").parts(3, 3).next(NUL),
        ],
    ),
    // Debian.
    program("exim", &["exim", "exim4"], &["exim:exim"], &[before(b"\0<<eximversion>>").parts(2, 3)]),
    // build.
    program(
        "fluent-bit",
        &["fluent-bit"],
        &["treasuredata:fluent_bit"],
        &[
            before(b"\0%sFluent Bit v").padded().parts(3, 3),
            before(b"\0Fluent Bit v").padded().parts(3, 3),
            before(b"\0\x1b[1m\0%sFluent Bit").padded().parts(3, 3),
        ],
    ),
    // Debian.
    program(
        "freeradius",
        &["freeradius", "radiusd"],
        &["freeradius:freeradius"],
        &[after(b"FreeRADIUS Version ").parts(3, 3)],
    ),
    // Debian, build.
    program(
        "haproxy",
        &["haproxy"],
        &["haproxy:haproxy"],
        &[
            after(b" version ").parts(2, 3).stage().next(&[b", released 20"]),
            after(b"HA-Proxy version ").parts(2, 3).stage(),
            after(b"\0").parts(3, 3).next(&[b"-"]).followed(b"HAProxy version", 64),
            after(b"\0").parts(2, 2).stage().next(&[b"-"]).followed(b"HAProxy version", 64),
        ],
    ),
    // Debian, build.
    program("httpd", &["httpd", "apache2"], &["apache:http_server"], &[after(b"Apache/").parts(3, 3)]),
    // Debian.
    program(
        "knot",
        &["knotd"],
        &["nic:knot_dns"],
        &[after(b"Knot DNS) ").parts(3, 3), after(b"Knot DNS ").parts(3, 3)],
    ),
    // Debian, build.
    program("lighttpd", &["lighttpd"], &["lighttpd:lighttpd"], &[after(b"lighttpd/").parts(3, 3)]),
    // Debian.
    program(
        "mosquitto",
        &["mosquitto"],
        &["eclipse:mosquitto"],
        &[before(b"\0mosquitto version").parts(3, 3)],
    ),
    // Debian, build.
    program(
        "nginx",
        &["nginx", "nginx-debug", "openresty"],
        &["f5:nginx", "nginx:nginx"],
        &[
            after(b"nginx version: nginx/").parts(3, 3),
            // The fourth number is OpenResty's own.
            after(b"nginx version: openresty/").parts(3, 3).next(&[b"."]),
            after(b"nginx version: freenginx/").parts(3, 3),
        ],
    ),
    // Debian.
    program(
        "nsd",
        &["nsd"],
        &["nlnetlabs:name_server_daemon"],
        &[after(b"NSD ").parts(3, 3), after(b"nsd ").parts(3, 3)],
    ),
    // Debian, build.
    program(
        "openldap",
        &["ldapsearch", "slapd"],
        &["openldap:openldap"],
        &[
            after(b"$OpenLDAP: ldapsearch ").parts(3, 3),
            after(b"$OpenLDAP: slapd ").parts(3, 3),
            after(b"$OpenLDAP: slapd  ").parts(3, 3),
        ],
    ),
    // Debian.
    Program { own: Some(own::openssh), ..program("openssh", &["sshd", "ssh"], &["openbsd:openssh"], &[]) },
    // Debian.
    program(
        "openvpn",
        &["openvpn"],
        &["openvpn:openvpn"],
        &[after(b"\0OpenVPN ").parts(3, 3).next(&[b" x86_64", b" aarch64", b" arm", b" i686", b" ["])],
    ),
    // Debian.
    program(
        "pdns",
        &["pdns_server", "pdns_recursor"],
        &["powerdns:authoritative_server"],
        &[after(b"PowerDNS Authoritative Server ").parts(3, 3), after(b"pdns-").parts(3, 3)],
    ),
    // Debian.
    program("postfix", &["master", "postconf"], &["postfix:postfix"], &[after(b"mail_version=").parts(3, 3)]),
    // Debian, build.
    program(
        "proftpd",
        &["proftpd"],
        &["proftpd:proftpd"],
        &[after(b"ProFTPD Version ").parts(3, 3).letters()],
    ),
    // Debian.
    program(
        "samba",
        &["smbd", "nmbd", "winbindd", "libsmbconf.so*"],
        &["samba:samba"],
        &[after(b"SAMBA_").parts(3, 3).next(&[b"_", b"\0"]), after(b"Version ").parts(3, 3)],
    ),
    // Debian.
    program("squid", &["squid"], &["squid-cache:squid"], &[after(b"\0squid/").parts(2, 3)]),
    // Debian.
    program("strongswan", &["charon"], &["strongswan:strongswan"], &[after(b"strongSwan ").parts(3, 3)]),
    // Debian.
    program("stunnel", &["stunnel", "stunnel4"], &["stunnel:stunnel"], &[after(b"stunnel ").parts(2, 2)]),
    // Debian.
    program("tor", &["tor"], &["torproject:tor"], &[after(b"\0tor ").parts(4, 4)]),
    // Debian.
    program("unbound", &["unbound"], &["nlnetlabs:unbound"], &[after(b"unbound ").parts(3, 3)]),
    // Debian.
    program(
        "uwsgi",
        &["uwsgi", "uwsgi-core"],
        &["unbit:uwsgi"],
        &[after(b"default\0").parts(3, 4), after(b"uWSGI-").parts(3, 3)],
    ),
    // Debian.
    program(
        "varnish",
        &["varnishd"],
        &["varnish_cache_project:varnish_cache", "varnish-software:varnish_cache"],
        &[after(b"varnish-").parts(3, 3).next(&[b" revision"])],
    ),
    // Debian.
    program("vsftpd", &["vsftpd"], &["vsftpd_project:vsftpd"], &[after(b"vsFTPd ").parts(3, 3)]),
];
