use super::super::fixture::database;
use super::*;

const ONE: &str = "INSERT INTO blobs VALUES (1, '{\"a\":1}'), (2, '{\"a\":2}')";

#[test]
fn rows_are_handed_over_in_order_with_values_of_the_wanted_type_alone() {
    let bytes = database(
        "INSERT INTO epss_handles VALUES (3, 'CVE-1', 1, 0.5), (7, x'00', 'x', 'y'), (9, CAST(zeroblob(2000) AS text), 0, 1)",
    );
    let opened = Database::open(&bytes).unwrap();
    let mut found = vec![];
    let columns = [Column::Text("cve"), Column::Real("epss"), Column::Number("percentile")];
    opened
        .each("epss_handles", &columns, &mut |number, row| {
            let (cve, epss) =
                (row.get::<_, Option<String>>(1).unwrap(), row.get::<_, Option<f64>>(2).unwrap());
            found.push((number, cve, epss, row.get::<_, Option<i64>>(3).unwrap()));
            Ok(())
        })
        .unwrap();
    assert_eq!(
        found,
        [(3, Some("CVE-1".into()), Some(1.0), None), (7, None, None, None), (9, None, Some(0.0), None)]
    );
    let stopped = opened.each("epss_handles", &[], &mut |number, _| Err(format!("enough at {number}")));
    assert_eq!(stopped.unwrap_err(), "enough at 3");
}

#[test]
fn a_database_with_a_write_ahead_log_is_read_without_it() {
    let mut bytes = database(ONE);
    bytes[LOG_FLAGS_AT..LOG_FLAGS_AT + 2].copy_from_slice(&[2, 2]);
    let opened = Database::open(&bytes).unwrap();
    let found: serde_json::Value = Documents::new(&opened).unwrap().read(Some(2)).unwrap();
    assert_eq!(found["a"], 2);
}

#[test]
fn documents_are_limited_altogether() {
    let bytes = database(ONE);
    let opened = Database::open(&bytes).unwrap();
    let mut documents = Documents::new(&opened).unwrap();
    documents.left = 14;
    for expected in [Ok(()), Ok(()), Err("more documents are named than are read".to_owned())] {
        let found = documents.read::<serde_json::Value>(Some(1)).map(|_| ());
        assert_eq!(found, expected);
    }
}

#[test]
fn a_schema_without_end_is_refused_before_sqlite_reads_it() {
    // The first page becomes a branch whose two children are one page.
    let mut bytes = database(ONE);
    bytes[sqlite_schema::HEADER_BYTES] = 5;
    assert_eq!(Database::open(&bytes).err().unwrap(), FOREIGN);
    assert_eq!(Database::open(b"SQLite format 3\0").err().unwrap(), FOREIGN);
}
