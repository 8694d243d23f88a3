//! Databases, caches and their clients.

use super::mark::{after, before};
use super::{Program, own, program};

const NUL: &[&[u8]] = &[b"\0"];

/// Rows that name the same file stand from the special to the general: a fork carries the texts of its origin.
pub(super) const ALL: &[Program] = &[
    // build.
    program(
        "arangodb",
        &["arangosh", "arangod"],
        &["arangodb:arangodb"],
        &[before(b" [linux]").parts(3, 3).number(), before(b" enterprise [linux]").parts(3, 3).number()],
    ),
    // Debian, build.
    program(
        "mariadb",
        &["mariadb", "mariadbd", "mariadb-dump", "mysql", "mysqld"],
        &["mariadb:mariadb"],
        &[before(b"-MariaDB").parts(3, 3).stage(), after(b"/mariadb-").parts(3, 3).next(&[b"-", b"/"])],
    ),
    // Debian, build.
    program("memcached", &["memcached"], &["memcached:memcached"], &[after(b"memcached ").parts(3, 3)]),
    // build.
    program(
        "mongodb",
        &["mongod", "mongos"],
        &["mongodb:mongodb"],
        &[
            before(b"tcmalloc").parts(3, 3).padded(),
            before(b"heap_size").parts(3, 3).padded(),
            before(b"cppdefines").parts(3, 3).padded(),
        ],
    ),
    // build.
    program(
        "mysql-cluster",
        &["mysqld", "mysql", "ndbd", "ndbmtd", "ndb_mgmd"],
        &["oracle:mysql_cluster", "oracle:mysql"],
        &[after(b"/mysql-cluster-gpl-").parts(3, 3), after(b"-ndb-").parts(3, 3)],
    ),
    // build.
    program(
        "percona-xtradb-cluster",
        &["mysql", "mysqld"],
        &["percona:xtradb_cluster", "percona:percona_server", "oracle:mysql"],
        &[after(b"/Percona-XtraDB-Cluster-").parts(3, 3)],
    ),
    // build.
    program(
        "percona-server",
        &["mysql", "mysqld"],
        &["percona:percona_server", "oracle:mysql"],
        &[after(b"/percona-server-").parts(3, 3)],
    ),
    // build.
    program(
        "percona-xtrabackup",
        &["xtrabackup"],
        &["percona:xtrabackup"],
        &[after(b"/percona-xtrabackup-").parts(3, 3)],
    ),
    // build.
    program(
        "mysql-server",
        &["mysqld"],
        &["oracle:mysql", "oracle:mysql_server"],
        &[after(b"/mysql-").parts(3, 3).stage().next(&[b"/"])],
    ),
    // build.
    program(
        "mysql",
        &["mysql", "mysqldump"],
        &["oracle:mysql"],
        &[
            before(b"mysql_real_escape").parts(3, 3).padded(),
            after(b"/mysql-").parts(3, 3).stage().next(&[b"/"]),
        ],
    ),
    // Debian, build.
    program(
        "postgresql",
        &["postgres", "psql", "pg_dump"],
        &["postgresql:postgresql"],
        &[
            after(b"\0PostgreSQL ").parts(1, 3).stage(),
            after(b"?PostgreSQL ").parts(1, 3).stage(),
            after(b" (PostgreSQL) ").parts(1, 3).stage(),
        ],
    ),
    // build.
    program(
        "valkey",
        &["valkey-server", "redis-server"],
        &["lfprojects:valkey", "linuxfoundation:valkey"],
        &[
            after(b"valkey").parts(3, 3).stage().next(&[b"buildkitsandbox-"]),
            after(b"Valkey version ").parts(3, 3),
        ],
    ),
    // Debian, build.
    Program {
        own: Some(own::redis),
        ..program(
            "redis",
            &["redis-server", "redis-check-rdb", "redis-check-aof"],
            &["redis:redis", "redislabs:redis"],
            &[
                before(b"buildkitsandbox-").parts(3, 3),
                after(b"Redis version ").parts(3, 3),
                before(b"\0c11-builtin").parts(3, 3),
            ],
        )
    },
    // build.
    program(
        "sqlcipher",
        &["sqlcipher"],
        &["zetetic:sqlcipher"],
        &[after(b"community\0").parts(3, 3).next(NUL), after(b"commercial\0").parts(3, 3).next(NUL)],
    ),
    // Debian.
    program(
        "sqlite",
        &["sqlite3", "libsqlite3.so*"],
        &["sqlite:sqlite"],
        &[after(b"\x003.").inside(2).parts(3, 3).next(NUL)],
    ),
];
