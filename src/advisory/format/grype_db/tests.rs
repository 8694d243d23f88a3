use super::fixture::database;
use super::*;
use crate::{
    advisory::{
        format,
        range::Event,
        record::{Note, Record},
    },
    model::VendorState,
};

/// A GitHub advisory of one package, a CVE of Debian of two releases, an erratum of AlmaLinux and one of extended support.
const SAMPLE: &str = r#"
    INSERT INTO operating_systems (id, name, release_id, major_version, minor_version, label_version, channel) VALUES
        (1, 'debian', 'debian', '12', '', '', ''), (2, 'debian', 'debian', '11', '', '', ''),
        (3, 'almalinux', 'almalinux', '8', '', '', ''), (4, 'redhat', 'rhel', '9', '4', '', 'eus');
    INSERT INTO packages VALUES (1, 'deb', 'openssl'), (2, 'npm', '@Scope/Left-Pad'), (3, 'rpm', 'npm'), (4, 'swift', 'x');
    INSERT INTO blobs VALUES
        (1, '{"id":"CVE-2024-1","severities":[{"scheme":"CHMLN","value":"high","rank":1}]}'),
        (2, '{"ranges":[{"version":{"type":"dpkg","constraint":"< 3.0.13-1"},"fix":{"version":"3.0.13-1","state":"fixed"}}]}'),
        (3, '{"ranges":[{"version":{"type":"dpkg"},"fix":{"state":"wont-fix"}}]}'),
        (4, '{"id":"GHSA-a","aliases":["CVE-2024-2"],"severities":[{"scheme":"CHML","value":"moderate","rank":0},
            {"scheme":"CVSS","value":{"vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","version":"3.1"},"rank":0}]}'),
        (5, '{"cves":["CVE-2024-2"],"ranges":[{"version":{"type":"npm","constraint":">=1.0.0,<1.2.0"},"fix":{"state":"fixed"}}]}'),
        (6, '{"id":"ALSA-2024:1","severities":[]}'),
        (7, '{"cves":["CVE-2024-3"],"qualifiers":{"rpm_modularity":"nodejs:16"},
            "ranges":[{"version":{"type":"rpm","constraint":"< 1:8-1.module_el8"},"fix":{"state":"fixed"}}]}');
    INSERT INTO vulnerability_handles VALUES
        (1, 'CVE-2024-1', 'active', NULL, '2024-02-01 00:00:00+00:00', NULL, 'debian', 1),
        (2, 'GHSA-a', 'rejected', NULL, NULL, '2024-03-01 00:00:00+00:00', 'github', 4),
        (3, 'ALSA-2024:1', 'active', NULL, NULL, NULL, 'alma', 6);
    INSERT INTO affected_package_handles VALUES
        (1, 1, 1, 1, 2), (2, 1, 2, 1, 3), (3, 2, NULL, 2, 5), (4, 3, 3, 3, 7), (5, 1, 4, 3, 2), (6, 2, NULL, 4, 5);
    INSERT INTO affected_cpe_handles VALUES (1, 1, 1, 1), (2, 1, 1, 1);
    INSERT INTO unaffected_package_handles VALUES (1, 1, 1, 1, 2);
"#;

fn read(sql: &str) -> Content {
    GrypeDb.read(&database(sql)).unwrap()
}

fn broken(content: &Content) -> Vec<(&str, &str)> {
    content.broken.iter().map(|(name, why)| (name.as_str(), why.as_str())).collect()
}

fn named<'c>(content: &'c Content, id: &str) -> &'c Record {
    content.records.iter().find(|record| record.id == id).unwrap()
}

fn events(affected: &Affected) -> Vec<Event> {
    affected.ranges.concat()
}

#[test]
fn a_database_is_read_into_records() {
    let content = read(SAMPLE);
    assert_eq!(broken(&content), []);
    assert_eq!(content.as_of.unwrap().to_string(), "2026-11-21T05:14:37Z");
    let ids: Vec<_> = content.records.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["ALSA-2024:1", "DEBIAN-CVE-2024-1", "GHSA-a"]);

    let debian = named(&content, "DEBIAN-CVE-2024-1");
    assert_eq!((debian.ids.as_slice(), debian.withdrawn), (&["CVE-2024-1".to_owned()][..], false));
    assert_eq!(debian.modified.to_string(), "2024-02-01T00:00:00Z");
    let [old, new] = debian.affected.as_slice() else { panic!("{:?}", debian.affected) };
    assert_eq!((old.ecosystem.as_str(), old.state), ("Debian:11", Some(VendorState::WillNotFix)));
    assert_eq!(events(old), [Event::Introduced("0".into())]);
    assert_eq!((new.ecosystem.as_str(), new.package.as_str(), new.state), ("Debian:12", "openssl", None));
    assert_eq!(events(new), [Event::Introduced("0".into()), Event::Fixed("3.0.13-1".into())]);
    assert_eq!((new.severities[0].kind.as_str(), new.severities[0].value.as_str()), ("vendor", "high"));

    let github = named(&content, "GHSA-a");
    assert!(github.withdrawn);
    assert_eq!(github.ids, ["CVE-2024-2"]);
    assert_eq!(
        (github.affected[0].ecosystem.as_str(), github.affected[0].package.as_str()),
        ("npm", "@scope/left-pad")
    );
    assert_eq!(
        events(&github.affected[0]),
        [Event::Introduced("1.0.0".into()), Event::Fixed("1.2.0".into())]
    );
    let kinds: Vec<_> = github.affected[0].severities.iter().map(|s| s.kind.as_str()).collect();
    assert_eq!(kinds, ["CVSS_V3", "database"]);

    let alma = named(&content, "ALSA-2024:1");
    assert_eq!(alma.ids, ["CVE-2024-3"]);
    assert_eq!(alma.affected[0].modules, Some(vec!["nodejs:16".to_owned()]));
}

#[test]
fn what_is_not_imported_is_counted() {
    let content = read(SAMPLE);
    assert_eq!(content.read, 9);
    let left_out: Vec<_> = content.left_out.iter().map(|(what, count)| (what.as_str(), *count)).collect();
    assert_eq!(left_out, [("by CPE", 2), ("not affected", 1), ("redhat 9 4 eus", 1), ("swift", 1)]);
}

#[test]
fn scores_of_nvd_exploitation_and_estimates_are_notes() {
    let content = read(
        r#"INSERT INTO blobs VALUES
            (1, '{"severities":[{"value":{"vector":"AV:N/AC:L/Au:N/C:P/I:N/A:N","version":"2.0"}},{"value":"high"}]}'),
            (2, '{"id":"x"}'),
            (3, '{"cve":"CVE-2024-1","date_added":"2024-05-01T00:00:00Z","known_ransomware_campaign_use":"known"}'),
            (4, '{"cve":"CVE-2024-2","date_added":"2024-05-02T00:00:00Z","known_ransomware_campaign_use":"unknown"}');
        INSERT INTO vulnerability_handles VALUES
            (1, 'CVE-2024-1', 'active', NULL, NULL, NULL, 'nvd', 1), (2, 'CVE-2024-2', 'rejected', NULL, NULL, NULL, 'nvd', 2),
            (3, 'CVE-2024-3', 'active', NULL, NULL, NULL, 'nvd', 2), (4, 'CVE-2024-4', 'active', NULL, NULL, NULL, 'debian', 1);
        INSERT INTO known_exploited_vulnerability_handles VALUES (1, 'CVE-2024-1', 3), (2, 'CVE-2024-2', 4);
        INSERT INTO epss_handles VALUES (1, 'CVE-2024-1', 0.9441, 0.9995), (2, 'CVE-2024-5', 0, 1);"#,
    );
    assert_eq!(broken(&content), []);
    let severity = SeverityStatement { kind: "CVSS_V2".into(), value: "AV:N/AC:L/Au:N/C:P/I:N/A:N".into() };
    let exploited = |since: &str, ransomware| {
        vec![crate::advisory::record::ExploitedStatement {
            by: "CISA KEV".into(),
            since: since.into(),
            ransomware,
        }]
    };
    let epss = |score: &str, percentile: &str| {
        let (date, score, percentile) = ("2026-11-20".to_owned(), score.to_owned(), percentile.to_owned());
        Some(crate::advisory::record::EpssStatement { date, score, percentile })
    };
    let first = Note {
        severities: vec![severity],
        exploited: exploited("2024-05-01", true),
        epss: epss("0.94410", "0.99950"),
        ..Note::default()
    };
    let second = Note { rejected: true, exploited: exploited("2024-05-02", false), ..Note::default() };
    let third = Note { epss: epss("0.00000", "1.00000"), ..Note::default() };
    let expected = [("CVE-2024-1", first), ("CVE-2024-2", second), ("CVE-2024-5", third)];
    assert_eq!(content.notes, expected.into_iter().map(|(cve, note)| (cve.to_owned(), note)).collect());
}

#[test]
#[expect(clippy::too_many_lines, reason = "one database")]
fn rows_that_cannot_be_used_are_named() {
    for (change, expected) in [
        (
            "UPDATE affected_package_handles SET package_id = 99",
            ("row 1", "there is no row 99 in `packages`"),
        ),
        ("UPDATE affected_package_handles SET package_id = NULL", ("row 1", "no row of `packages` is named")),
        ("UPDATE affected_package_handles SET package_id = 'x'", ("row 1", "no row of `packages` is named")),
        (
            "UPDATE affected_package_handles SET operating_system_id = 9",
            ("row 1", "an operating system that is not there"),
        ),
        (
            "UPDATE affected_package_handles SET vulnerability_id = 9",
            ("row 1", "there is no row 9 in `vulnerability_handles`"),
        ),
        (
            "UPDATE affected_package_handles SET blob_id = 9",
            ("CVE-2024-1 openssl", "there is no row 9 in `blobs`"),
        ),
        ("UPDATE vulnerability_handles SET name = 'a b'", ("row 1", "`a b` is not an identifier")),
        ("UPDATE vulnerability_handles SET name = x'ff'", ("row 1", "`` is empty, too long or unprintable")),
        ("UPDATE vulnerability_handles SET blob_id = NULL", ("row 1", "no row of `blobs` is named")),
        (
            "UPDATE packages SET name = 'a' || char(10) WHERE id = 1",
            ("row 1", "`a?` is empty, too long or unprintable"),
        ),
        (
            "UPDATE packages SET name = zeroblob(9) WHERE id = 1",
            ("row 1", "`` is empty, too long or unprintable"),
        ),
        ("UPDATE blobs SET value = '[]' WHERE id = 2", ("CVE-2024-1 openssl", "not a JSON object")),
        (
            "UPDATE blobs SET value = '{' WHERE id = 2",
            ("CVE-2024-1 openssl", "not the expected JSON: Eof error"),
        ),
        (
            "UPDATE blobs SET value = '{\"ranges\":7}' WHERE id = 2",
            ("CVE-2024-1 openssl", "not the expected JSON: Data error"),
        ),
        (
            "UPDATE blobs SET value = '{}' || CAST(zeroblob(5000000) AS text) WHERE id = 2",
            ("CVE-2024-1 openssl", "no text of at most 4194304 bytes"),
        ),
        (
            "UPDATE blobs SET value = x'7b7d' WHERE id = 2",
            ("CVE-2024-1 openssl", "no text of at most 4194304 bytes"),
        ),
        (
            "UPDATE blobs SET value = '{\"ranges\":[{\"version\":{\"constraint\":\"~1\"}}]}' WHERE id = 2",
            ("CVE-2024-1 openssl", "constraint `~1` is of no known form"),
        ),
        (
            "INSERT INTO vulnerability_handles VALUES (9, 'CVE-1', '', NULL, NULL, NULL, 'nvd', 99)",
            ("vulnerability_handles CVE-1", "there is no row 99 in `blobs`"),
        ),
        (
            "INSERT INTO vulnerability_handles VALUES (9, '<b>', '', NULL, NULL, NULL, 'nvd', 1)",
            ("vulnerability_handles <b>", "`<b>` is not an identifier"),
        ),
        (
            "INSERT INTO known_exploited_vulnerability_handles VALUES (1, 'CVE-1', 1)",
            ("known_exploited_vulnerability_handles CVE-1", "not the expected JSON: Data error"),
        ),
        (
            "INSERT INTO epss_handles VALUES (1, 'CVE-1', 'x', 0.5)",
            ("epss_handles CVE-1", "a score that is none"),
        ),
        (
            "INSERT INTO epss_handles VALUES (1, 'CVE-1', 7, 0.5)",
            ("epss_handles CVE-1", "a score that is none"),
        ),
        (
            "DELETE FROM epss_metadata; INSERT INTO epss_handles VALUES (1, 'CVE-1', 0.5, 0.5)",
            ("notes", "the day of the scores is missing"),
        ),
    ] {
        let content = read(&format!("{SAMPLE}; {change};"));
        assert_eq!(broken(&content).first(), Some(&expected), "{change}");
    }
}

#[test]
fn a_database_of_another_schema_is_refused() {
    for (change, expected) in [
        ("UPDATE db_metadata SET model = 5", "schema 5 is not 6"),
        ("UPDATE db_metadata SET model = 'six'", "it does not say which schema it has"),
        ("DELETE FROM db_metadata", "it does not say which schema it has"),
        ("DROP TABLE packages", "there is no table `packages`"),
        (
            "DROP TABLE packages; CREATE VIEW packages AS SELECT 1 AS ecosystem, 2 AS name",
            "its schema is not one that Grype makes",
        ),
        (
            "DROP TABLE packages; CREATE TABLE packages (id integer PRIMARY KEY, name text, ecosystem text AS (hex(name)))",
            "its schema is not one that Grype makes",
        ),
        ("CREATE TABLE more (x text DEFAULT (1 /* long */))", ""),
    ] {
        let found = GrypeDb.read(&database(change)).err().unwrap_or_default();
        assert_eq!(found, expected, "{change}");
    }
}

#[test]
fn hostile_files_are_refused_or_survived() {
    let whole = database(SAMPLE);
    for length in [0, 15, 16, 99, 100, 4096, whole.len() / 2] {
        assert!(GrypeDb.read(&whole[..length]).is_err(), "{length}");
    }
    let (sound, mut changed) = (GrypeDb.read(&whole), 0);
    for at in (0..whole.len()).step_by(197) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        changed += u32::from(GrypeDb.read(&bytes) != sound);
    }
    assert!(changed > 5, "{changed}");
}

#[test]
fn operating_systems_are_limited() {
    let many = format!(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT {})
         INSERT INTO operating_systems (name) SELECT 'debian' FROM n",
        SYSTEMS_MAX + 1
    );
    let expected = format!("{} operating systems, more than {SYSTEMS_MAX}", SYSTEMS_MAX + 1);
    assert_eq!(broken(&read(&many)), [("affected_package_handles", expected.as_str())]);
}

#[test]
fn files_are_claimed_by_their_first_bytes() {
    let claimed = |bytes: &[u8]| format::of(&Shape::of(bytes)).map(Format::name);
    assert_eq!(claimed(&database("")), Some("grype-db"));
    for other in
        [&b"SQLite format 2\0"[..], b"SQLite format 3", b"", b"{\"id\": \"A\", \"modified\": 1}", &[0; 4096]]
    {
        assert_ne!(claimed(other), Some("grype-db"));
    }
}
