//! Rows that are damaged. SQLite finds a file sound whatever its columns hold, so each row is read as those who need it
//! read it, what follows from the rest of a row is compared with it, and rows that are missing are counted.
//!
//! What cannot be seen: a value that is changed into another one that could be true, and rows that were deleted with all
//! that speaks of them.

use std::{fmt, ops::ControlFlow};

use rusqlite::{Connection, Row};

use super::{
    Store, StoreError, audit, decisions, deliveries, events, items, room,
    row::{Clock, each, strict},
    runs, sources,
};

/// A stored row that is damaged, in part or in whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// What it is: an item, a run.
    pub what: &'static str,
    /// Which one.
    pub name: String,
    /// The columns that are.
    pub columns: Vec<String>,
}

impl UnreadableRow {
    /// The row with these columns as its name.
    pub(super) fn of(
        row: &Row<'_>,
        what: &'static str,
        key: &[usize],
        columns: Vec<String>,
    ) -> rusqlite::Result<Self> {
        let name = key.iter().map(|column| text(row, *column)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self { what, name: name.join(":"), columns })
    }
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
    /// Gives the columns that are damaged.
    read: fn(&Row<'_>) -> rusqlite::Result<Vec<String>>,
}

fn tables() -> Vec<Table> {
    // What is gone is nowhere on the board, and is built anew when it is back.
    let items = format!("SELECT {} FROM items WHERE gone IS NULL OR open", items::WHOLE);
    let from = |columns: &str, table: &str| format!("SELECT {columns} FROM {table}");
    let table = |what, sql, key, read| Table { what, sql, key, read };
    vec![
        table("account", sources::SELECT.to_owned(), &[0], |row| sources::read(row).map(|it| it.unreadable)),
        table("account", items::MISSING.to_owned(), &[0], |row| Ok(vec![items::missing(row.get(1)?)])),
        table("item", items, &[0, 1, 2], items::damaged),
        table("item of an account that is not configured:", items::OF_NOBODY.to_owned(), &[0, 1, 2], |_| {
            Ok(vec!["account".to_owned()])
        }),
        table("event", events::SELECT.to_owned(), &[0], |row| strict(row, events::read(row).map(drop))),
        table("decision about event", from(decisions::CHECKED, "decisions"), &[0], |row| {
            strict(row, decisions::check(row))
        }),
        table("run", from(runs::COLUMNS, "runs"), &[0], |row| runs::read_noting(row).map(|it| it.1)),
        table("message", from(deliveries::COLUMNS, "deliveries"), &[0], deliveries::damaged),
        table("message in the room", from(room::COLUMNS, "room"), &[0], |row| {
            strict(row, room::read(row).map(drop))
        }),
        table("audit entry", from(audit::COLUMNS, "audit"), &[0], audit::damaged),
        table("setting", from("name, value", "settings"), &[0], |row| match row.get::<_, String>(0) {
            Ok(name) if name == "quiet_until" => strict(row, row.get::<_, Clock>(1).map(drop)),
            Ok(_) => Ok(vec!["name".to_owned()]),
            Err(error) => strict(row, Err(error)),
        }),
        // What speaks of rows that are not there, which SQLite allows a program that does not ask it to see to that.
        table("row of", DANGLING.to_owned(), &[0, 1], |row| Ok(vec![row.get(2)?])),
    ]
}

/// (sqlite.org/pragma.html#pragma_foreign_key_check)
const DANGLING: &str = "SELECT c.\"table\", c.rowid, l.\"from\" FROM pragma_foreign_key_check() c
                        JOIN pragma_foreign_key_list(c.\"table\") l ON l.id = c.fkid";

fn all_unreadable(conn: &Connection) -> rusqlite::Result<Vec<UnreadableRow>> {
    let mut found = Vec::new();
    for Table { what, sql, key, read } in tables() {
        each(conn, &sql, [], |row| {
            let columns = read(row)?;
            if !columns.is_empty() {
                found.push(UnreadableRow::of(row, what, key, columns)?);
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
    /// Every stored row that is damaged: seconds for a large store.
    pub async fn unreadable_rows(&self) -> Result<Vec<UnreadableRow>, StoreError> {
        self.read(all_unreadable).await
    }
}
