//! Rows whose values make no sense. SQLite finds a file sound whatever its columns hold, so each row is read as those who
//! need it read it.

use std::{fmt, ops::ControlFlow};

use rusqlite::{Connection, Error, Row};
use serde_json::Value;

use super::{
    Store, StoreError, audit, deliveries, events, items, room,
    row::{At, Json, each},
    runs, sources,
};

/// A stored row that cannot be read in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// What it is: an item, a run.
    pub what: &'static str,
    /// Which one.
    pub name: String,
    /// The columns that cannot be read.
    pub columns: Vec<String>,
}

/// "item ci:build:acme/web (detail)".
impl fmt::Display for UnreadableRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.what, self.name, self.columns.join(", "))
    }
}

/// A table and how its rows are read.
struct Table {
    what: &'static str,
    sql: String,
    /// The places of the columns that name a row.
    key: &'static [usize],
    /// Gives the columns that cannot be read.
    read: fn(&Row<'_>) -> rusqlite::Result<Vec<String>>,
}

fn tables() -> Vec<Table> {
    // What is gone is nowhere on the board, and is built anew when it is back.
    let items = format!("SELECT {}, seen_at FROM items WHERE gone IS NULL", items::COLUMNS);
    let from = |columns: &str, table: &str| format!("SELECT {columns} FROM {table}");
    let table = |what, sql, key, read| Table { what, sql, key, read };
    vec![
        table("account", sources::SELECT.to_owned(), &[0], |row| sources::read(row).map(|it| it.unreadable)),
        table("item", items, &[0, 1, 2], |row| {
            strict(row, items::read(row).and_then(|_| row.get::<_, At>(11).map(drop)))
        }),
        table("event", events::SELECT.to_owned(), &[0], |row| strict(row, events::read(row).map(drop))),
        table("decision about event", from("event, decision", "decisions"), &[0], |row| {
            strict(row, row.get::<_, Json<Value>>(1).map(drop))
        }),
        table("run", from(runs::COLUMNS, "runs"), &[0], |row| runs::read_noting(row).map(|it| it.1)),
        table("message", from(deliveries::COLUMNS, "deliveries"), &[0], |row| {
            strict(row, deliveries::read(row).map(drop))
        }),
        table("message in the room", from(room::COLUMNS, "room"), &[0], |row| {
            strict(row, room::read(row).map(drop))
        }),
        table("audit entry", from(audit::COLUMNS, "audit"), &[0], |row| {
            strict(row, audit::read(row).map(drop))
        }),
        table("setting", from("name, value", "settings WHERE name = 'quiet_until'"), &[0], |row| {
            strict(row, row.get::<_, At>(1).map(drop))
        }),
    ]
}

/// The column that a reader failed at, which reads all or nothing.
fn strict(row: &Row<'_>, read: rusqlite::Result<()>) -> rusqlite::Result<Vec<String>> {
    match read {
        Ok(()) => Ok(Vec::new()),
        Err(
            Error::FromSqlConversionFailure(column, ..)
            | Error::IntegralValueOutOfRange(column, _)
            | Error::InvalidColumnType(column, ..)
            | Error::Utf8Error(column, _),
        ) => Ok(vec![row.as_ref().column_name(column)?.to_owned()]),
        Err(error) => Err(error),
    }
}

fn all_unreadable(conn: &Connection) -> rusqlite::Result<Vec<UnreadableRow>> {
    let mut found = Vec::new();
    for Table { what, sql, key, read } in tables() {
        each(conn, &sql, [], |row| {
            let columns = read(row)?;
            if !columns.is_empty() {
                let name =
                    key.iter().map(|column| text(row, *column)).collect::<rusqlite::Result<Vec<_>>>()?;
                found.push(UnreadableRow { what, name: name.join(":"), columns });
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(found)
}

/// A column as a text, whatever it holds.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => "?".to_owned(),
    })
}

impl Store {
    /// Every stored row that cannot be read in whole: seconds for a large store.
    pub async fn unreadable_rows(&self) -> Result<Vec<UnreadableRow>, StoreError> {
        self.read(all_unreadable).await
    }
}
