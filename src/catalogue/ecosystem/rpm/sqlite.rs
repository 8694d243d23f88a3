//! `rpmdb.sqlite`, RPM's database since 4.16: a table `Packages` with one header in each row.
//!
//! SQLite reads it from memory, as its documentation ("Defense Against The Dark Arts") advises for files from strangers:
//! nothing of the schema is trusted, views and triggers do not run, and only a plain table with a plain column is asked.

use rusqlite::{Connection, MAIN_DB, config::DbConfig, types::ValueRef};

use super::package::Reading;
use crate::catalogue::sqlite_schema;

/// Bytes 18 and 19 say with 2 that there is a write-ahead log, which a database in memory cannot have; 1 means none.
const LOG_FLAGS_AT: usize = 18;
const LOG_FLAGS: [u8; 2] = [1, 1];

/// Hands the header in every row to the reading.
///
/// # Errors
/// Why the database cannot be read, or no further.
pub(super) fn each(bytes: &[u8], reading: &mut Reading) -> Result<(), String> {
    if bytes.len() < sqlite_schema::HEADER_BYTES {
        return Err("too short for an SQLite database".to_owned());
    }
    if !sqlite_schema::is_bearable(bytes) {
        return Err(FOREIGN.to_owned());
    }
    let connection = open(bytes).map_err(|error| reason(&error))?;
    plain(&connection)?;
    rows(&connection, reading)
}

fn open(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    let (before, after) = (&bytes[..LOG_FLAGS_AT], &bytes[LOG_FLAGS_AT + LOG_FLAGS.len()..]);
    let whole = std::io::Read::chain(std::io::Read::chain(before, &LOG_FLAGS[..]), after);
    connection.deserialize_read_exact(MAIN_DB, whole, bytes.len(), true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Checks that `Packages` is a table, not a view or the like, and that nothing in it is computed. The text of the schema
/// is asked, because it is what SQLite goes by; to ask SQLite for a list of tables would open each of them.
fn plain(connection: &Connection) -> Result<(), String> {
    let tables = "SELECT count(*), count(CASE WHEN sql LIKE 'CREATE TABLE %' THEN 1 END) FROM sqlite_schema \
        WHERE name = 'Packages' COLLATE NOCASE";
    let columns =
        "SELECT count(*), count(CASE WHEN NOT hidden THEN 1 END) FROM pragma_table_xinfo('Packages')";
    match counted(connection, tables)? {
        (0, _) => return Err("there is no table of packages".to_owned()),
        (1, 1) => {}
        _ => return Err(FOREIGN.to_owned()),
    }
    let (all, plain) = counted(connection, columns)?;
    if all == plain { Ok(()) } else { Err(FOREIGN.to_owned()) }
}

const FOREIGN: &str = "its schema is not one that RPM makes";

/// Returns two counts.
fn counted(connection: &Connection, question: &str) -> Result<(i64, i64), String> {
    let answer = connection.query_row(question, [], |row| Ok((row.get(0)?, row.get(1)?)));
    answer.map_err(|error| reason(&error))
}

fn rows(connection: &Connection, reading: &mut Reading) -> Result<(), String> {
    let mut statement =
        connection.prepare("SELECT blob FROM Packages NOT INDEXED").map_err(|error| reason(&error))?;
    let mut rows = statement.query([]).map_err(|error| reason(&error))?;
    while let Some(row) = rows.next().map_err(|error| reason(&error))? {
        match row.get_ref(0).map_err(|error| reason(&error))? {
            ValueRef::Blob(blob) => reading.header(blob)?,
            _ => reading.header(&[])?,
        }
    }
    Ok(())
}

/// SQLite's words may quote the schema, which is foreign text: only what kind of error it is is told.
fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(code) => format!("not a sound SQLite database: {code:?}"),
        None => "not a sound SQLite database".to_owned(),
    }
}
