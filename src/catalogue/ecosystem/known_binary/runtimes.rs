//! What runs containers and virtual machines.

use super::mark::{after, before};
use super::{Program, program};

const NUL: &[&[u8]] = &[b"\0"];

/// A program that is told by its name alone: that there is a hypervisor is worth knowing, whatever its version.
const fn named(name: &'static str, files: &'static [&'static str]) -> Program {
    Program { is_told_by_name: true, ..program(name, files, &[], &[]) }
}

pub(super) const ALL: &[Program] = &[
    named("cloud-hypervisor", &["cloud-hypervisor"]),
    named("firecracker", &["firecracker", "jailer"]),
    named("youki", &["youki"]),
    // Debian.
    program("bubblewrap", &["bwrap"], &["projectatomic:bubblewrap"], &[after(b"bubblewrap ").parts(3, 3)]),
    // Debian.
    program("conmon", &["conmon"], &["conmon_project:conmon"], &[after(b"conmon version ").parts(3, 3)]),
    // Debian.
    program("crun", &["crun"], &["crun_project:crun"], &[before(b"\0%s version").parts(2, 3)]),
    // Debian.
    program(
        "dumb-init",
        &["dumb-init"],
        &["yelp:dumb-init"],
        &[after(b"\x001.").inside(2).parts(3, 3).next(&[b"\n\0"])],
    ),
    // Debian.
    program(
        "qemu",
        &["qemu-system-*", "qemu-img", "qemu-nbd", "qemu-kvm"],
        &["qemu:qemu"],
        &[
            after(b"QEMU emulator version ").parts(3, 3),
            after(b"qemu-img version ").parts(3, 3),
            after(b"QEMU v").parts(3, 3),
        ],
    ),
    // Debian.
    program(
        "tini",
        &["tini", "tini-static", "docker-init"],
        &["tini_project:tini"],
        &[after(b"tini version ").parts(3, 3), after(b"version 0.").parts(2, 2).next(NUL)],
    ),
];
