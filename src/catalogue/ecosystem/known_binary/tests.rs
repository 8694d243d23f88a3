use std::collections::BTreeSet;

use super::*;

/// Reads one file; returns `name version`.
fn read(path: &str, bytes: &[u8]) -> Option<String> {
    let parsed = (CATALOGUER.parse)(&File { path, bytes });
    assert!(parsed.packages.len() <= 1 && parsed.gaps.is_empty() && parsed.unreadable == 0);
    parsed.packages.first().map(|found| format!("{} {}", found.name, found.version))
}

/// Texts as they stand in the programs of Debian 12, with what `dpkg` says is their version.
const DEBIAN: &[(&str, &[u8], &str)] = &[
    ("bin/bash", b"@(#)Bash version 5.2.15(1) release GNU\0", "bash 5.2.15"),
    ("bin/busybox", b"\0BusyBox v1.35.0 (Debian 1:1.35.0-4)", "busybox 1.35.0"),
    ("bin/gzip", b"changed while zipping\n\x001.12\0\0\0\x7f", "gzip 1.12"),
    ("bin/tar", b"%s: byte %s: %s\n\x001.34\0%s-%s-%d\n\0", "tar 1.34"),
    ("lib/systemd/systemd", b"\0systemd 252.39-1~deb12u2 running in", "systemd 252.39"),
    ("usr/bin/cmake", b"_CCUNKNOWN_DEFINED_3.25.1\0Empty command", "cmake 3.25.1"),
    ("usr/bin/curl", b"<curl/curl.h>\0curl/c/curl_easy_\0curl/7.88.1\0", "curl 7.88.1"),
    ("usr/bin/ffmpeg", b"specified.\n\0%s version 5.1.9-0+deb12u1\0", "ffmpeg 5.1.9"),
    ("usr/bin/git", b"\x04git/2.39.5\0GIT_USER_AGENT\0", "git 2.39.5"),
    ("usr/bin/jq", b"failed: %s\n\x001.6\0DEBUG:\0", "jq 1.6"),
    ("usr/bin/lua5.4", b"Lua 5.4\0Lua 5.4.4  Copyright", "lua 5.4.4"),
    ("usr/bin/luajit", b"LuaJIT 2.1.0-beta3 -- Copyright", "luajit 2.1.0-beta3"),
    (
        "usr/bin/mariadb",
        b"Oracle, MariaDB Corporation Ab\0debian-linux-gnu\x0010.11.19-MariaDB\0",
        "mariadb 10.11.19",
    ),
    ("usr/bin/memcached", b"memcached 1.6.18\0udp-port", "memcached 1.6.18"),
    ("usr/bin/gpg", b"@GPG@ (@GNUPG@)\x002.2.40\0GNU/Linux", "gnupg 2.2.40"),
    ("usr/bin/perl", b"PERL_INTERNAL_RAND_SEED\0v5.36.0\0panic", "perl 5.36.0"),
    ("usr/bin/php8.2", b"%s,%s\0X-Powered-By: PHP/8.2.35\0ZEND_M", "php 8.2.35"),
    ("usr/bin/python3.11", b"\x003.11\0%s.%s\0\x003.11.2\0strict\0", "python 3.11.2"),
    ("usr/bin/qemu-system-x86_64", b"\0QEMU v7.2.22\0Failed to write", "qemu 7.2.22"),
    ("usr/bin/redis-check-rdb", b"upstart\0err\x007.0.15\0c11-builtin\0", "redis 7.0.15"),
    (
        "usr/bin/ssh",
        b"command\0OpenSSH_9.2\0OpenSSH_2.*,OpenSSH_3.0*\0OpenSSH_9.2p1 Debian-2",
        "openssh 9.2p1",
    ),
    ("usr/bin/sudo", b"Sudo version %s\n\x001.9.13p3\0Configure", "sudo 1.9.13p3"),
    ("usr/bin/tini", b"tini version 0.19.0\0", "tini 0.19.0"),
    ("usr/bin/tor", b"\0tor 0.4.9.11\0\0\0INTERNAL ERROR", "tor 0.4.9.11"),
    ("usr/bin/xz", b"xz (XZ Utils) 5.4.1\0liblzma", "xz 5.4.1"),
    ("usr/bin/zstd", b"\0v1.5.4\0Zstandard CLI\0", "zstd 1.5.4"),
    ("usr/lib/erlang/erts-13.1.5/bin/beam.smp", b"/build/erlang-25.2.3+dfsg/erts/x86_64-pc", "erlang 25.2.3"),
    (
        "usr/lib/jvm/java-17-openjdk-amd64/bin/java",
        b"\0openjdk\0java\x000.0\x0017.0.21+9-1-deb12u1-Debian\0",
        "openjdk 17.0.21+9-1-deb12u1-Debian",
    ),
    ("usr/lib/postfix/sbin/master", b"\0mail_version=3.7.11\0MAIL_VERBOSE", "postfix 3.7.11"),
    (
        "usr/lib/postgresql/15/bin/postgres",
        b"\0PostgreSQL 15.20 (Debian 15.20-0+deb12u1)",
        "postgresql 15.20",
    ),
    (
        "usr/lib/x86_64-linux-gnu/libcrypto.so.3",
        b"\0OpenSSL 3.0.22 25 Aug 2026\x003.0.22\0",
        "openssl 3.0.22",
    ),
    ("usr/lib/x86_64-linux-gnu/libnode.so.108", b"node.js/v18.20.4\0(delegate_)", "node 18.20.4"),
    (
        "usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1.2",
        b"ruby 3.1.2p20 (2022-04-12 revision 4",
        "ruby 3.1.2p20",
    ),
    ("usr/lib/x86_64-linux-gnu/libsqlite3.so.0.8.6", b"\0\x003.40.1\0\0.\0", "sqlite 3.40.1"),
    (
        "usr/lib/x86_64-linux-gnu/libstd-a5a48102fbd58791.so",
        b"/usr/src/rustc-1.63.0/library/alloc",
        "rust 1.63.0",
    ),
    ("usr/sbin/apache2", b"Apache/2.4.71\0 Server at <a", "httpd 2.4.71"),
    ("usr/sbin/dnsmasq", b"q.conf\0dnsmasq-2.90\0version.bind", "dnsmasq 2.90"),
    ("usr/sbin/dropbear", b"SSH-2.0-dropbear_2022.83\r\n\0", "dropbear 2022.83"),
    ("usr/sbin/exim4", b"<<eximnumber>>\x004.96\0<<eximversion>>\0", "exim 4.96"),
    (
        "usr/sbin/haproxy",
        b"\x002.6.12-1+deb12u4\0haproxy_\0\x002.6.12-1+deb12u4\0\0\0\0HAProxy version",
        "haproxy 2.6.12",
    ),
    ("usr/sbin/lighttpd", b"lighttpd/1.4.69\0server", "lighttpd 1.4.69"),
    ("usr/sbin/named", b"libisc-9.18.49-1\0libdns-9.18.49-1~deb12u3-Debian.so", "bind 9.18.49"),
    ("usr/sbin/nginx", b"nginx version: nginx/1.22.1\n", "nginx 1.22.1"),
    (
        "usr/sbin/openvpn",
        b"OpenVPN 2.7.\0OpenVPN 2.1, \0OpenVPN 2.6.14 x86_64-pc-linux-gnu",
        "openvpn 2.6.14",
    ),
    ("usr/sbin/proftpd", b"ProFTPD Version 1.3.8\0LANG", "proftpd 1.3.8"),
    ("usr/sbin/slapd", b"@(#) $OpenLDAP: slapd 2.5.13+dfsg-5 (Feb", "openldap 2.5.13"),
    ("usr/sbin/squid", b"\0squid/5.7\0; \0", "squid 5.7"),
    ("usr/sbin/unbound", b"\0unbound 1.17.1\0start of service", "unbound 1.17.1"),
    ("usr/sbin/varnishd", b"(varnish-7.1.1 revision 7cee1c581b", "varnish 7.1.1"),
    ("usr/sbin/vsftpd", b"vsFTPd 3.0.3)\0", "vsftpd 3.0.3"),
];

/// Texts of the publishers' own builds, of which many differ from release to release.
const BUILDS: &[(&str, &[u8], &str)] = &[
    ("bin/[", b"\0BusyBox v1.36.1 (2023-05-18", "busybox 1.36.1"),
    ("bin/arangosh", b"\x003.12.5-2 [linux] 64bit", "arangodb 3.12.5-2"),
    ("bin/chrome", b"Videos\x00127.0.6533.119\0Default", "chrome 127.0.6533.119"),
    ("bin/consul", b"<!-- CONSUL_VERSION: 1.15.2\n -->", "consul 1.15.2"),
    ("bin/consul", b"\x01\0\0v1.7.14\0\0\0", "consul 1.7.14"),
    ("bin/dart", b"Dart,GC\"\x003.6.0-216.1.beta (beta) (Wed", "dart 3.6.0-216.1.beta"),
    ("bin/deno", b"denover2.6.3+3fbb1daDeno/2.6.3Deno/2.6.3+3f", "deno 2.6.3"),
    (
        "bin/deno",
        b"standalone.rsdeno-ab286750a8c87215a9651efb11fcc620f29140051.16.4release/vdl",
        "deno 1.16.4",
    ),
    (
        "bin/deno",
        b"installed\n1.10.31567c1013cc8ff12cf039137792da66a1d0015b5DENO_UNSTABLE_COVER",
        "deno 1.10.3",
    ),
    ("bin/envoy", b"fd = {}\x001.35.4\0envoy_quiche_reloadable", "envoy 1.35.4"),
    ("bin/envoy", b"YES\0N\x001.18.6-dev\0Unable to convert", "envoy 1.18.6-dev"),
    ("bin/filebeat", b"forcestdinsetupTest 9.4.2%s %w8.0.0sse41", "filebeat 9.4.2"),
    ("bin/filebeat", b"createplugin8.18.4globalclient", "filebeat 8.18.4"),
    ("bin/fluent-bit", b"type: \x003.0.2\0%sFluent Bit v%s%s\n", "fluent-bit 3.0.2"),
    ("bin/fluent-bit", b"\0\0\x002.2.1\0\0\0Fluent Bit v%s\n", "fluent-bit 2.2.1"),
    ("bin/gcc", b"GCC: (GNU) 12.3.0\0", "gcc 12.3.0"),
    ("bin/ghc-9.6.5", b"\0GHC 9.6.5\0\0.\0", "ghc 9.6.5"),
    ("bin/go", b"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08go1.22.3\xf0", "go 1.22.3"),
    ("bin/grafana", b"\0\0release-12.3.1\0\0\0", "grafana 12.3.1"),
    ("bin/grafana", b"go1.24.6\0\0\0\0\x0012.2.0-258092\0\0\0", "grafana 12.2.0-258092"),
    ("bin/haproxy", b"\x003.1-dev0-1eb0f22\0\0\0HAProxy version", "haproxy 3.1-dev0"),
    ("bin/haproxy", b"\0HA-Proxy version 1.8.22 2019/10/25\0", "haproxy 1.8.22"),
    ("bin/helm", b"\0v1.21.2\0\xc8\0\0\0v4.1.4\0\0\0", "helm 4.1.4"),
    ("bin/java", b"\0openjdk\0java\x001.8\x001.8.0_352-b08\0", "openjdk 1.8.0_352-b08"),
    ("bin/java", b"\x000.0\0\0\0\0\x0011.0.22+7\0\0\0\0\0\0\0openjdk\0java\0", "openjdk 11.0.22+7"),
    ("bin/java", b"\0openjdk\0java\x000.0\x0017.0.3+7-jvmci-22.1-b06\0", "graalvm 17.0.3+7-jvmci-22.1-b06"),
    ("usr/lib/jvm/zulu11/bin/java", b"\0openjdk\0java\x000.0\x0011.0.17+8-LTS\0", "zulu 11.0.17+8-LTS"),
    ("bin/java", b"\0java\x001.8\x001.8.0_451-b10\0", "jre 1.8.0_451-b10"),
    ("bin/mariadb", b"/usr/src/debug/mariadb-11.8.5-2-redhat-x86_64/storage", "mariadb 11.8.5"),
    ("bin/mongod", b"outputConfig\x006.0.27\0tcmalloc\0", "mongodb 6.0.27"),
    ("bin/mysql", b"shutdown\x008.0.37\0\0\0\0mysql_real_escape_string_quote\0", "mysql 8.0.37"),
    (
        "bin/mysql",
        b"BUILD/percona-server-8.0.35-27/percona-server-8.0.35-27/mysql-8.0.35/",
        "percona-server 8.0.35",
    ),
    ("bin/mysqld", b"\0-cluster-gpl\x005.7.33-ndb-7.6.17\0x86_64", "mysql-cluster 7.6.17"),
    ("bin/mysqld", b"../../mysql-9.7.0/sql/log.cc", "mysql-server 9.7.0"),
    ("bin/nginx", b"nginx version: openresty/1.21.4.3\n", "nginx 1.21.4"),
    ("bin/node", b"\0node v0.10.48\0FATAL", "node 0.10.48"),
    ("bin/node", b"agent.\n\0v4.9.1\0moduleLoadList\0", "node 4.9.1"),
    ("bin/openssl", b"\0OpenSSL 1.1.1 (compatible; AWS-LC 1.69.0)\0", "aws-lc 1.69.0"),
    ("bin/openssl", b"\0OpenSSL 1.1.1zb  11 Feb 2025\0", "openssl 1.1.1zb"),
    ("bin/pilot-agent", b"go1.25.5\0\0\x001.29.0-alpha.0\0\x001.29.0-alpha.0\0", "istio 1.29.0-alpha.0"),
    ("bin/pilot-discovery", b"\x02\0\x001.3.7\0\0\x001.3.8\0\0", "istio 1.3.8"),
    ("bin/postgres", b"\0PostgreSQL 9.5alpha1 on", "postgresql 9.5alpha1"),
    ("bin/redis-server", b"%llx\0\0\x007.0.14buildkitsandbox-1702957741000000000\0", "redis 7.0.14"),
    ("bin/redis-server", b"\0\0\x004.0.11841ce7054bd9-1542359302000000000\0", "redis 4.0.11"),
    ("bin/redis-server", b"Server started, Redis version 2.8.23\0", "redis 2.8.23"),
    ("bin/traefik", b"\xe8L\xc0\xb8v.3.6.5\0\0$a\0\xff\x013.6.5\0\0", "traefik 3.6.5"),
    ("bin/valkey-server", b"\0valkey9.0.0buildkitsandbox-1764887574000000000\0", "valkey 9.0.0"),
    ("bin/vault", b"/v1/txn0.0.0%s0.0.0.00x%016x1.14.101.49.22123-abc", "vault 1.14.10"),
    ("bin/vault", b"%s.%s:revoke1.20.2)(nil)", "vault 1.20.2"),
    ("go/VERSION", b"go1.21.3\ntime 2023-10-09T17:04:35Z\n", "go 1.21.3"),
    ("usr/local/go/VERSION", b"devel go1.25-d524e1e Sun Feb 16", "go 1.25-d524e1e"),
    ("usr/bin/elixir", b"#!/bin/sh\nELIXIR_VERSION=1.12.0-rc.1\n", "elixir 1.12.0-rc.1"),
    ("opt/firefox/application.ini", b"[App]\nVendor=Mozilla\nName=Firefox\nVersion=151.0\n", "firefox 151.0"),
    ("usr/bin/composer", b"'pretty_version' => '2.8.1',", "composer 2.8.1"),
    ("usr/bin/wp", b"#!/usr/bin/env php\n wp-cli/wp-cli 2.9.0\n", "wp-cli 2.9.0"),
    ("lib/libjulia-internal.so.1.13.0", b"__init__\x001.13.0-beta3\0branch\0commit", "julia 1.13.0-beta3"),
    ("lib/libkrb5.so.26.0.0", b"@(#)$Version: Heimdal 7.8.0 $\0", "heimdal 7.8.0"),
    ("lib/libkrb5.so.3.3", b"\0KRB5_BRAND: krb5-1.17-final 1.17 20190108\0", "krb5 1.17"),
    ("lib/libpython3.7m.so.1.0", b"\x003.7\0\x003.7.4\0%.80s", "python 3.7.4"),
    ("lib/libQt5Core.so.5.15.2", b"\0\0Qt 5.15.2 (x86_64-little", "qtbase 5.15.2"),
    ("lib/libstd-6f77337c1826707d.so", b"\0clang LLVM (rustc version 1.50.0 (cb75ad5db", "rust 1.50.0"),
];

#[test]
fn programs_tell_their_version() {
    for (path, bytes, expected) in DEBIAN.iter().chain(BUILDS) {
        assert_eq!(
            read(path, bytes).as_deref(),
            Some(*expected),
            "{path} {:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn names_alone_and_texts_alone_name_nothing() {
    for (path, bytes) in [
        ("usr/bin/nginx", &b"\0no version here\0"[..]),
        ("usr/bin/anything", b"nginx version: nginx/1.22.1\n"),
        ("usr/bin/redis-server", b"Redis version %s, bits=%d\0"),
        ("usr/bin/python3.11", b"\x003.11\0\x003.12.1\0"),
        ("opt/thunderbird/application.ini", b"[App]\nName=Thunderbird\nVersion=151.0\n"),
        ("usr/bin/nginx", b""),
        ("go/VERSION", b"1.2.3"),
    ] {
        assert_eq!(read(path, bytes), None, "{path}");
    }
    assert_eq!(read("usr/bin/firecracker", b"\x7fELF").as_deref(), Some("firecracker "));
    assert!(is_script("usr/local/go/VERSION") && !is_script("srv/app/VERSION"));
}

#[test]
fn cpe_names_are_those_of_the_dictionary() {
    for (path, bytes, expected) in [
        (
            "bin/java",
            &b"\0openjdk\0java\x001.8\x001.8.0_352-b08\0"[..],
            "cpe:2.3:a:oracle:openjdk:1.8.0:update352:*:*:*:*:*:*",
        ),
        (
            "bin/java",
            b"\0openjdk\0java\x000.0\x0011.0.17+8-LTS\0",
            "cpe:2.3:a:oracle:openjdk:11.0.17\\+8-lts:*:*:*:*:*:*:*",
        ),
        ("sbin/sshd", b"OpenSSH_9.2p1 ", "cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*"),
        ("bin/node", b"node.js/v18.20.4\0", "cpe:2.3:a:nodejs:node.js:18.20.4:*:*:*:*:*:*:*"),
        (
            "bin/erlexec",
            b"/usr/src/otp_src_25.3.2.6/erts/",
            "cpe:2.3:a:erlang:erlang\\/otp:25.3.2.6:*:*:*:*:*:*:*",
        ),
    ] {
        let parsed = (CATALOGUER.parse)(&File { path, bytes });
        assert_eq!(parsed.packages[0].cpes[0], expected);
    }
}

#[test]
fn rows_are_whole() {
    let rows: Vec<&Program> = TABLES.iter().copied().flatten().collect();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert!(names.len() >= 110, "{}", names.len());
    for row in rows {
        assert!(!row.files.is_empty() && row.cpes.is_empty() == row.is_told_by_name, "{}", row.name);
        assert!(!row.marks.is_empty() || row.own.is_some() || row.is_told_by_name, "{}", row.name);
        for cpe in row.cpes {
            // Eleven fields behind `cpe:2.3`, and as many colons as that takes.
            assert_eq!(self::cpe(cpe, "1.0").split(':').count(), 13, "{cpe}");
        }
        assert!(
            row.files.iter().all(|file| file.matches('*').count() <= 1 && !file.contains('/')),
            "{}",
            row.name
        );
    }
}

#[test]
fn hostile_files_are_read_in_bounded_time() {
    let zeros = vec![0; 1 << 20];
    let literals = b"nginx version: nginx/".repeat(10_000);
    let nines = [b"\0".as_slice(), &vec![b'9'; 1 << 16], b"\0"].concat();
    for name in
        ["nginx", "traefik", "grafana", "helm", "envoy", "redis-server", "python3.1", "deno", "java", "go"]
    {
        for bytes in [&zeros, &literals, &nines] {
            assert_eq!(read(name, bytes), None, "{name}");
        }
    }
    assert_eq!(read("nginx", b"nginx version: nginx/1.2.3\x1b[2J").as_deref(), Some("nginx 1.2.3"));
}

#[test]
fn truncation_at_every_length_is_survived() {
    for (path, bytes, _) in DEBIAN.iter().chain(BUILDS) {
        for length in 0..bytes.len() {
            read(path, &bytes[..length]);
        }
    }
}
