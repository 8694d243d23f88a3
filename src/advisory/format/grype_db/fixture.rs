//! Builds databases with the tables of Grype for tests (grype, `grype/db/v6/models.go`, as its migration makes them).

use rusqlite::{Connection, MAIN_DB};

const SCHEMA: &str = "
    CREATE TABLE `blobs` (`id` integer PRIMARY KEY AUTOINCREMENT, `value` text NOT NULL);
    CREATE TABLE `db_metadata` (`build_timestamp` datetime NOT NULL, `model` integer NOT NULL, `revision` integer NOT NULL,
        `addition` integer NOT NULL);
    CREATE TABLE `vulnerability_handles` (`id` integer PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL,
        `status` text NOT NULL, `published_date` datetime, `modified_date` datetime, `withdrawn_date` datetime,
        `provider_id` text NOT NULL, `blob_id` integer);
    CREATE TABLE `operating_systems` (`id` integer PRIMARY KEY AUTOINCREMENT, `name` text, `release_id` text,
        `major_version` text, `minor_version` text, `label_version` text, `codename` text, `channel` text,
        `eol_date` datetime, `eoas_date` datetime);
    CREATE TABLE `packages` (`id` integer PRIMARY KEY AUTOINCREMENT, `ecosystem` text, `name` text);
    CREATE TABLE `affected_package_handles` (`id` integer PRIMARY KEY AUTOINCREMENT, `vulnerability_id` integer NOT NULL,
        `operating_system_id` integer, `package_id` integer, `blob_id` integer);
    CREATE TABLE `unaffected_package_handles` (`id` integer PRIMARY KEY AUTOINCREMENT, `vulnerability_id` integer NOT NULL,
        `operating_system_id` integer, `package_id` integer, `blob_id` integer);
    CREATE TABLE `affected_cpe_handles` (`id` integer PRIMARY KEY AUTOINCREMENT, `vulnerability_id` integer NOT NULL,
        `cpe_id` integer, `blob_id` integer);
    CREATE TABLE `known_exploited_vulnerability_handles` (`id` integer PRIMARY KEY AUTOINCREMENT, `cve` text NOT NULL,
        `blob_id` integer);
    CREATE TABLE `epss_handles` (`id` integer PRIMARY KEY AUTOINCREMENT, `cve` text NOT NULL, `epss` real NOT NULL,
        `percentile` real NOT NULL);
    CREATE TABLE `epss_metadata` (`date` datetime NOT NULL);
    CREATE INDEX `idx_affected_package_handles_vulnerability_id` ON `affected_package_handles`(`vulnerability_id`);
    CREATE UNIQUE INDEX `idx_package` ON `packages`(`ecosystem` COLLATE NOCASE, `name` COLLATE NOCASE);
    INSERT INTO db_metadata VALUES ('2026-11-21 05:14:37+00:00', 6, 1, 9);
    INSERT INTO epss_metadata VALUES ('2026-11-20 00:00:00+00:00');
";

/// Returns an empty database to which `sql` was done.
pub(super) fn database(sql: &str) -> Vec<u8> {
    let mut connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.serialize(MAIN_DB).unwrap().to_vec()
}
