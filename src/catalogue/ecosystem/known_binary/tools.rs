//! Shells and the tools of the command line.

use super::mark::{after, before};
use super::{Program, program};

const NUL: &[&[u8]] = &[b"\0"];

pub(super) const ALL: &[Program] = &[
    // Debian, build.
    program("bash", &["bash"], &["gnu:bash"], &[after(b"@(#)Bash version ").parts(3, 3).next(&[b"("])]),
    // The `[` of the official image is the file that all others are links to.
    // Debian, build.
    program(
        "busybox",
        &["busybox", "[", "busybox.static"],
        &["busybox:busybox"],
        &[after(b"BusyBox v").parts(3, 3)],
    ),
    // Debian.
    program(
        "cmake",
        &["cmake"],
        &["kitware:cmake"],
        &[after(b"UNKNOWN_DEFINED_").parts(3, 3), after(b"cmake-").parts(3, 3)],
    ),
    // Debian.
    program("gdb", &["gdb"], &["gnu:gdb"], &[after(b"/gdb-").parts(2, 2).next(&[b"/gdb"])]),
    // Debian.
    program(
        "git",
        &["git"],
        &["git-scm:git"],
        &[after(b"git/").parts(3, 3), after(b"git version ").parts(3, 3)],
    ),
    // Debian.
    program("gnupg", &["gpg", "gpg2"], &["gnupg:gnupg"], &[after(b"(@GNUPG@)\0").parts(3, 3).next(NUL)]),
    // Debian, build.
    program(
        "gzip",
        &["gzip"],
        &["gnu:gzip"],
        &[
            after(b"bad pack level\0").padded().parts(2, 2).next(NUL),
            after(b"changed while zipping\n\0").padded().parts(2, 2).next(NUL),
        ],
    ),
    // Debian, build.
    program(
        "jq",
        &["jq"],
        &["jqlang:jq"],
        &[before(b"\0DEBUG:").parts(2, 3).next(NUL), after(b"jq-").parts(2, 3).next(NUL)],
    ),
    // Debian.
    program("lz4", &["lz4"], &["lz4_project:lz4"], &[after(b"\x001.").inside(2).parts(3, 3).next(NUL)]),
    // Debian.
    program("make", &["make", "gmake"], &["gnu:make"], &[before(b"\0$(strip $(VPATH))").parts(2, 3)]),
    // Debian.
    program(
        "monit",
        &["monit"],
        &["mmonit:monit"],
        &[after(b">monit ").parts(3, 3), after(b"monit/").parts(3, 3)],
    ),
    // Debian.
    program(
        "sudo",
        &["sudo", "sudoers.so"],
        &["sudo_project:sudo"],
        &[after(b"Sudo version %s\n\0").parts(2, 3).stage()],
    ),
    // Debian.
    program(
        "systemd",
        &["systemd", "libsystemd-shared-*"],
        &["systemd_project:systemd"],
        &[after(b"systemd ").parts(1, 2).next(&[b" running", b"-"])],
    ),
    // Debian.
    program("tar", &["tar"], &["gnu:tar"], &[before(b"\0%s-%s-%d").parts(2, 3)]),
    // Debian, build.
    program(
        "util-linux",
        &["getopt", "mount", "lsblk", "agetty"],
        &["kernel:util-linux"],
        &[after(b"util-linux ").parts(2, 3)],
    ),
    // Debian.
    program("vim", &["vim", "vim.*"], &["vim:vim"], &[after(b"VIM - Vi IMproved ").parts(2, 2)]),
    // Debian.
    program("wget", &["wget"], &["gnu:wget"], &[after(b"\x001.").inside(2).parts(2, 3).next(&[b"\0\0\0"])]),
    // build.
    program("wp-cli", &["wp", "wp-cli.phar"], &["wp-cli:wp-cli"], &[after(b"wp-cli/wp-cli ").parts(3, 3)]),
    // Debian.
    program("zip", &["zip"], &["info-zip:zip"], &[after(b" 2008\0").parts(2, 2).next(NUL)]),
    // Debian.
    program(
        "zsh",
        &["zsh", "zsh5"],
        &["zsh:zsh"],
        &[after(b"zsh-").parts(2, 3), after(b"/zsh/").parts(2, 3)],
    ),
];
