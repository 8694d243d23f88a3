//! The database behind Grype's tables, in memory.
//!
//! SQLite is used as its documentation ("Defense Against The Dark Arts") advises for files from strangers: nothing of the
//! schema is trusted, views and triggers do not run, and only plain tables with plain columns are asked. Rows are read in
//! the order of the table or by their number, never by an index, and values are looked at only where they are of the
//! expected type and length, so that no question costs more than the rows it names.

use rusqlite::{Connection, MAIN_DB, OptionalExtension as _, Row, Statement, config::DbConfig};
use serde::de::DeserializeOwned;

use crate::catalogue::sqlite_schema;

/// Most rows of a table; the published database has a few million affected packages.
const ROWS_MAX: usize = 20_000_000;
/// Largest JSON document in bytes; the largest published one has some 200 kB, of a vulnerability with all its references.
const JSON_BYTES_MAX: usize = 4 << 20;
/// Most bytes of documents that are read, a document counted as often as it is named: several times what the published
/// database has.
const DOCUMENTS_BYTES_MAX: u64 = 8 << 30;
/// Longest other text in bytes that is looked at: a name or a date.
const TEXT_BYTES_MAX: usize = 1024;
/// Bytes 18 and 19 say with 2 that there is a write-ahead log, which a database in memory cannot have; 1 means none.
const LOG_FLAGS_AT: usize = 18;
const LOG_FLAGS: [u8; 2] = [1, 1];
/// The tables that are asked.
const TABLES: &[&str] = &[
    "affected_cpe_handles",
    "affected_package_handles",
    "blobs",
    "db_metadata",
    "epss_handles",
    "epss_metadata",
    "known_exploited_vulnerability_handles",
    "operating_systems",
    "packages",
    "unaffected_package_handles",
    "vulnerability_handles",
];

pub(super) struct Database {
    connection: Connection,
}

/// A column as it is asked for.
#[derive(Clone, Copy)]
pub(super) enum Column {
    Number(&'static str),
    /// With a decimal point.
    Real(&'static str),
    Text(&'static str),
    Json(&'static str),
}

impl Column {
    /// Returns the expression for the column: nothing where its value is of another type or too long.
    fn expression(self) -> String {
        match self {
            Self::Number(name) => format!("iif(typeof({name}) = 'integer', {name}, NULL)"),
            Self::Real(name) => format!("iif(typeof({name}) IN ('real', 'integer'), {name} + 0.0, NULL)"),
            Self::Text(name) => short(name, TEXT_BYTES_MAX),
            Self::Json(name) => short(name, JSON_BYTES_MAX),
        }
    }
}

fn short(name: &str, bytes_max: usize) -> String {
    format!("iif(typeof({name}) = 'text' AND octet_length({name}) <= {bytes_max}, {name}, NULL)")
}

impl Database {
    /// Opens a database whose tables are those of Grype.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < sqlite_schema::HEADER_BYTES || !sqlite_schema::is_bearable(bytes) {
            return Err(FOREIGN.to_owned());
        }
        let database = Self { connection: connection(bytes).map_err(|error| reason(&error))? };
        TABLES.iter().try_for_each(|table| database.plain(table))?;
        Ok(database)
    }

    /// Checks that a table is one, not a view or the like, and that nothing in it is computed. The text of the schema is
    /// asked, because it is what SQLite goes by.
    fn plain(&self, table: &str) -> Result<(), String> {
        let tables = "SELECT count(*), count(CASE WHEN sql LIKE 'CREATE TABLE %' THEN 1 END) FROM sqlite_schema \
            WHERE name = ?1 COLLATE NOCASE";
        let columns = "SELECT count(*), count(CASE WHEN NOT hidden THEN 1 END) FROM pragma_table_xinfo(?1)";
        let counts = |question: &str| -> Result<(i64, i64), String> {
            let counts = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            self.connection.query_row(question, [table], counts).map_err(|error| reason(&error))
        };
        match (counts(tables)?, counts(columns)?) {
            ((0, _), _) => Err(format!("there is no table `{table}`")),
            ((1, 1), (all, plain)) if all == plain => Ok(()),
            _ => Err(FOREIGN.to_owned()),
        }
    }

    /// Hands each row of a table to `visit` with its number in front. An error ends the walk.
    pub(super) fn each(
        &self,
        table: &str,
        columns: &[Column],
        visit: &mut dyn FnMut(i64, &Row<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let columns: Vec<String> =
            columns.iter().map(|column| format!(", {}", column.expression())).collect();
        let question = format!("SELECT rowid{} FROM {table} NOT INDEXED", columns.concat());
        let mut statement = self.connection.prepare(&question).map_err(|error| reason(&error))?;
        let mut rows = statement.query([]).map_err(|error| reason(&error))?;
        let mut left = ROWS_MAX;
        while let Some(row) = rows.next().map_err(|error| reason(&error))? {
            left = left.checked_sub(1).ok_or_else(|| format!("more than {ROWS_MAX} rows"))?;
            visit(row.get(0).map_err(|error| reason(&error))?, row)?;
        }
        Ok(())
    }

    /// Prepares to look up rows of a table by their number.
    pub(super) fn lookup(&self, table: &'static str, columns: &[Column]) -> Result<Lookup<'_>, String> {
        let columns: Vec<String> = columns.iter().map(|column| column.expression()).collect();
        let question = format!("SELECT {} FROM {table} WHERE rowid = ?1", columns.join(", "));
        let statement = self.connection.prepare(&question).map_err(|error| reason(&error))?;
        Ok(Lookup { table, statement })
    }
}

/// Rows of a table by their number.
pub(super) struct Lookup<'d> {
    table: &'static str,
    statement: Statement<'d>,
}

impl Lookup<'_> {
    /// Returns what `take` makes of the row with this number.
    pub(super) fn row<T>(
        &mut self,
        number: Option<i64>,
        take: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, String> {
        let number = number.ok_or_else(|| format!("no row of `{}` is named", self.table))?;
        let found = self.statement.query_row([number], take).optional().map_err(|error| reason(&error))?;
        found.ok_or_else(|| format!("there is no row {number} in `{}`", self.table))
    }
}

/// The JSON documents, which handles name by their numbers.
pub(super) struct Documents<'d> {
    lookup: Lookup<'d>,
    /// Bytes that may still be read: several handles may name one document.
    left: u64,
}

impl<'d> Documents<'d> {
    pub(super) fn new(database: &'d Database) -> Result<Self, String> {
        let lookup = database.lookup("blobs", &[Column::Json("value")])?;
        Ok(Self { lookup, left: DOCUMENTS_BYTES_MAX })
    }

    /// Returns a document, a JSON object.
    pub(super) fn read<T: DeserializeOwned>(&mut self, number: Option<i64>) -> Result<T, String> {
        let found: Option<String> = self.lookup.row(number, |row| row.get(0))?;
        let json = found.ok_or_else(|| format!("no text of at most {JSON_BYTES_MAX} bytes"))?;
        self.left =
            self.left.checked_sub(json.len() as u64).ok_or("more documents are named than are read")?;
        // To serde a list is an object without names, whose members it takes in their order.
        if !json.trim_ascii_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(&json)
            .map_err(|error| format!("not the expected JSON: {:?} error", error.classify()))
    }
}

fn connection(bytes: &[u8]) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, value)?;
    }
    let before = bytes.get(..LOG_FLAGS_AT).unwrap_or_default();
    let after = bytes.get(LOG_FLAGS_AT + LOG_FLAGS.len()..).unwrap_or_default();
    let whole = std::io::Read::chain(std::io::Read::chain(before, &LOG_FLAGS[..]), after);
    connection.deserialize_read_exact(MAIN_DB, whole, bytes.len(), true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

const FOREIGN: &str = "its schema is not one that Grype makes";

/// SQLite's words may quote the schema, which is foreign text: only what kind of error it is is told.
fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(code) => format!("not a sound SQLite database: {code:?}"),
        None => "not a sound SQLite database".to_owned(),
    }
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
