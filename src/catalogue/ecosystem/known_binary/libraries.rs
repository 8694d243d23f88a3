//! Libraries that programs are linked with.

use super::mark::{after, before};
use super::{Program, program};

const NUL: &[&[u8]] = &[b"\0"];

pub(super) const ALL: &[Program] = &[
    // build.
    program(
        "aws-lc",
        &["openssl", "libcrypto.so*", "bssl"],
        &["amazon:aws_libcrypto"],
        &[after(b"AWS-LC ").parts(3, 3).next(&[b")"])],
    ),
    program(
        "libressl",
        &["openssl", "libcrypto.so*"],
        &["openbsd:libressl"],
        &[after(b"\0LibreSSL ").parts(3, 3)],
    ),
    // Debian, build.
    program(
        "openssl",
        &["openssl", "libcrypto.so*"],
        &["openssl:openssl"],
        &[after(b"\0OpenSSL ").parts(3, 3).letters()],
    ),
    // Debian.
    program("bzip2", &["bzip2", "libbz2.so*"], &["bzip:bzip2"], &[before(b", 13-Jul-2019").parts(3, 3)]),
    // Debian.
    program("curl", &["curl"], &["haxx:curl"], &[after(b"curl/").parts(3, 3)]),
    // Debian.
    program(
        "libcurl",
        &["libcurl.so*", "libcurl-gnutls.so*"],
        &["haxx:libcurl"],
        &[after(b"libcurl/").parts(3, 3)],
    ),
    // Debian.
    program("expat", &["libexpat.so*"], &["libexpat_project:libexpat"], &[after(b"expat_").parts(3, 3)]),
    // Debian.
    program(
        "glibc",
        &["libc.so.6", "libc-2*", "ld-linux*"],
        &["gnu:glibc"],
        &[after(b"stable release version ").parts(2, 3)],
    ),
    // Debian.
    program("gnutls", &["libgnutls.so*"], &["gnu:gnutls"], &[after(b"GnuTLS ").parts(3, 3)]),
    // build.
    program(
        "heimdal",
        &["libkrb5.so*"],
        &["heimdal_project:heimdal"],
        &[after(b"$Version: Heimdal ").parts(2, 3)],
    ),
    // Debian, build.
    program("krb5", &["libkrb5.so*"], &["mit:kerberos_5"], &[after(b"KRB5_BRAND: krb5-").parts(2, 3)]),
    // Debian.
    program(
        "libarchive",
        &["libarchive.so*", "bsdtar"],
        &["libarchive:libarchive"],
        &[after(b"libarchive ").parts(3, 3)],
    ),
    // Debian.
    program(
        "libgcrypt",
        &["libgcrypt.so*"],
        &["gnupg:libgcrypt"],
        &[after(b"This is Libgcrypt ").parts(3, 3)],
    ),
    // Debian.
    program("libgit2", &["libgit2.so*"], &["libgit2:libgit2"], &[after(b"libgit2 ").parts(3, 3)]),
    // Debian.
    program(
        "libpng",
        &["libpng16.so*", "libpng12.so*"],
        &["libpng:libpng"],
        &[after(b"libpng version ").parts(3, 3)],
    ),
    // Debian.
    program(
        "libssh",
        &["libssh.so*"],
        &["libssh:libssh"],
        &[after(b"libssh_").parts(3, 3), after(b"libssh-").parts(3, 3)],
    ),
    // Debian.
    program("libssh2", &["libssh2.so*"], &["libssh2:libssh2"], &[after(b"libssh2_").parts(3, 3)]),
    // Debian.
    program("libtiff", &["libtiff.so*"], &["libtiff:libtiff"], &[after(b"LIBTIFF, Version ").parts(3, 3)]),
    // Debian.
    program(
        "mbedtls",
        &["libmbedcrypto.so*", "libmbedtls.so*"],
        &["arm:mbed_tls"],
        &[after(b"Mbed TLS ").parts(3, 3), after(b"mbed TLS ").parts(3, 3)],
    ),
    // Alpine.
    program(
        "musl",
        &["ld-musl-*", "libc.musl-*"],
        &["musl-libc:musl"],
        &[after(b"/proc/self/fd/\0").parts(3, 3).next(NUL), before(b"\0Dynamic linker").parts(3, 3)],
    ),
    // Debian.
    program(
        "nghttp2",
        &["libnghttp2.so*"],
        &["nghttp2:nghttp2"],
        &[after(b"\x001.").inside(2).parts(3, 3).next(NUL)],
    ),
    // Debian.
    program("pcre2", &["libpcre2-8.so*"], &["pcre:pcre2"], &[before(b" 20").parts(2, 2).next(NUL)]),
    // Debian, build.
    program("xz", &["xz", "xzdec"], &["tukaani:xz"], &[after(b"xz (XZ Utils) ").parts(3, 3)]),
    // Debian.
    program(
        "zlib",
        &["libz.so*"],
        &["zlib:zlib"],
        &[
            after(b" deflate ").parts(2, 4).next(&[b" Copyright"]),
            after(b" inflate ").parts(2, 4).next(&[b" Copyright"]),
        ],
    ),
    // Debian, build.
    program(
        "zstd",
        &["zstd"],
        &["facebook:zstandard"],
        &[after(b"\0v").parts(3, 3).next(&[b"\0Zstandard"]), after(b"\0v").parts(3, 3).next(NUL)],
    ),
];
