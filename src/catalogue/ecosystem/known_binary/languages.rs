//! Languages: interpreters, compilers and their runtimes.

use super::mark::{after, before};
use super::{Program, own, program};

const NUL: &[&[u8]] = &[b"\0"];

pub(super) const ALL: &[Program] = &[
    // build.
    program(
        "bun",
        &["bun"],
        &["oven-sh:bun"],
        &[after(b"Bun v").parts(3, 3), after(b"bun ").parts(3, 3), after(b"bun-").parts(3, 3)],
    ),
    // Debian, build.
    program(
        "cabal",
        &["cabal"],
        &["haskell:cabal"],
        &[after(b"\0Cabal-").parts(3, 4).next(&[b"-"]), after(b"cabal-install-").parts(3, 4).next(&[b"-"])],
    ),
    program(
        "composer",
        &["composer", "composer.phar"],
        &["getcomposer:composer"],
        &[
            after(b"'pretty_version' => '").parts(3, 3).stage(),
            after(b"const VERSION = '").parts(3, 3).stage(),
        ],
    ),
    // build.
    program(
        "dart",
        &["dart"],
        &["dart:dart_software_development_kit"],
        &[before(b" (stable)").parts(3, 3), before(b" (beta)").parts(3, 3).word()],
    ),
    // build.
    Program {
        own: Some(own::deno),
        ..program("deno", &["deno"], &["deno:deno"], &[after(b"Deno/").parts(3, 3)])
    },
    // build.
    program("elixir", &["elixir"], &["elixir-lang:elixir"], &[after(b"ELIXIR_VERSION=").parts(3, 3).stage()]),
    // Debian, build.
    program(
        "erlang",
        &["erlexec", "beam.smp", "liberts_internal.a"],
        &["erlang:erlang\\/otp"],
        &[
            after(b"/src/otp_src_").parts(2, 4).stage().next(&[b"/erts/"]),
            after(b"/usr/local/src/otp-").parts(2, 4).stage().next(&[b"/erts/"]),
            after(b"/erlang-").parts(2, 4).stage().next(&[b"/erts/", b"+dfsg/erts/"]),
            before(b"\0Erlang/OTP").padded().parts(2, 4),
            after(b"[kernel-poll:%s]\n\0").padded().parts(2, 4).next(NUL),
        ],
    ),
    // build.
    program(
        "gcc",
        &["gcc", "g++", "x86_64-linux-gnu-gcc-*", "aarch64-linux-gnu-gcc-*"],
        &["gnu:gcc"],
        &[
            after(b"GCC: (GNU) ").parts(3, 3),
            before(b"\0(Debian ").padded().parts(3, 3),
            before(b"\0(Ubuntu ").padded().parts(3, 3),
        ],
    ),
    // build.
    program(
        "ghc",
        &["ghc", "ghc-*"],
        &["haskell:ghc"],
        &[after(b"\0GHC ").parts(3, 3).next(NUL), after(b"\0libHSghc-").parts(3, 3).next(&[b"-"])],
    ),
    // Debian, build.
    Program {
        own: Some(own::go),
        ..program("go", &["go", "go.exe", "VERSION", "VERSION.cache"], &["golang:go"], &[])
    },
    // build.
    program(
        "julia",
        &["libjulia-internal.so*", "libjulia.so*"],
        &["julialang:julia"],
        &[
            before(b"\0branch\0").parts(3, 3).stage(),
            before(b"\0verify_methods\0").parts(3, 3).stage(),
            before(b"\0BigInt\0").parts(3, 3).stage(),
            before(b"\0julia version").parts(3, 3).stage(),
            before(b"\0_require_dependencies").parts(3, 3).stage(),
        ],
    ),
    // Debian.
    program(
        "lua",
        &["lua", "lua5*", "luac*", "liblua5*", "liblua.so*"],
        &["lua:lua"],
        &[after(b"Lua ").parts(3, 3)],
    ),
    // Debian.
    program(
        "luajit",
        &["luajit*", "libluajit-5.1.so*"],
        &["luajit:luajit"],
        &[after(b"LuaJIT ").parts(3, 3).stage()],
    ),
    // Debian, build.
    program(
        "node",
        &["node", "nodejs", "libnode.so*"],
        &["nodejs:node.js"],
        &[
            after(b"node.js/v").parts(3, 3),
            after(b"\0node v").parts(3, 3).next(NUL),
            after(b"\0v").parts(3, 3).next(&[b"\0moduleLoadList", b"\0--enable-ssl2"]),
        ],
    ),
    // Debian, build.
    program(
        "perl",
        &["perl", "perl5*", "libperl.so*"],
        &["perl:perl"],
        &[
            after(b"/usr/local/lib/perl5/").parts(3, 3),
            after(b"PERL_INTERNAL_RAND_SEED\0v").parts(3, 3),
            after(b"/usr/local/share/perl/").parts(3, 3),
        ],
    ),
    // Debian, build.
    program(
        "php",
        &["php", "php-cgi", "php-fpm", "php8*", "php7*", "php-fpm*", "php-cgi*", "libphp*.so"],
        &["php:php"],
        &[after(b"X-Powered-By: PHP/").parts(3, 3).stage()],
    ),
    // build.
    program("pypy", &["libpypy*"], &["pypy:pypy"], &[after(b"[PyPy ").parts(3, 3)]),
    // Debian, build.
    Program {
        own: Some(own::python),
        ..program(
            "python",
            &["python2.*", "python3.*", "libpython2.*", "libpython3.*"],
            &["python:python", "python_software_foundation:python"],
            &[],
        )
    },
    // Debian, build.
    program(
        "ruby",
        &["ruby", "ruby3*", "ruby2*", "libruby*"],
        &["ruby-lang:ruby"],
        &[after(b"ruby ").parts(3, 3).stage().next(&[b" ("])],
    ),
    // Debian, build.
    program(
        "rust",
        &["libstd-*.so", "libstd-*.dylib", "librustc_driver-*.so"],
        &["rust-lang:rust"],
        &[
            after(b"(rustc version ").parts(3, 3).next(&[b" ("]),
            after(b"/rustc-").parts(3, 3).next(&[b"/"]),
            after(b"c ").parts(3, 3).next(&[b" ("]),
        ],
    ),
    // Debian.
    program(
        "stack",
        &["stack"],
        &["haskell:stack"],
        &[after(b"Version ").parts(3, 3).next(&[b", Git"]), after(b"/stack-").parts(3, 3)],
    ),
    // build.
    program(
        "swipl",
        &["swipl", "libswipl.so*"],
        &["swi-prolog:swi-prolog"],
        &[after(b"swipl-").parts(3, 3).next(&[b"/"]), after(b"swi-prolog-").parts(3, 3)],
    ),
    // Debian.
    program("tcl", &["tclsh*", "libtcl8*"], &["tcl:tcl"], &[before(b"\0tcl_patchLevel").parts(3, 3)]),
];
