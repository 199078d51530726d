//! Rows that are damaged. SQLite finds a file sound whatever its columns hold, so each row is read as those who need it
//! read it, what follows from the rest of a row is compared with it, and rows that are missing are counted.
//!
//! What cannot be seen: a value that is changed into another one that could be true, and rows that were deleted with all
//! that refers to them.

use std::ops::ControlFlow;

use rusqlite::{Connection, Row};

use super::{
    RowKind, Store, StoreError, UnreadableRow, audit, builtin_room, decisions, deliveries, events, items,
    notes,
    row::{Clock, each, strict},
    run_items, runs, secret_records, sources,
};

/// A table and how its rows are read.
struct Table {
    kind: RowKind,
    sql: String,
    /// The places of the columns that name a row.
    key: &'static [usize],
    /// Gives the columns that are damaged.
    read: fn(&Row<'_>) -> rusqlite::Result<Vec<String>>,
}

fn tables() -> Vec<Table> {
    // What is gone is nowhere on the board, and is rebuilt when it is back.
    let items = format!("SELECT {} FROM items WHERE gone IS NULL OR open", items::WHOLE);
    let from = |columns: &str, table: &str| format!("SELECT {columns} FROM {table}");
    let table = |kind, sql, key, read| Table { kind, sql, key, read };
    vec![
        table(RowKind::Account, sources::SELECT.to_owned(), &[0], |row| {
            sources::read(row).map(|it| it.unreadable)
        }),
        table(RowKind::Account, items::MISSING.to_owned(), &[0], |row| Ok(vec![items::missing(row.get(1)?)])),
        table(RowKind::Account, notes::SELECT.to_owned(), &[0], notes::damaged),
        table(RowKind::Item, items, &[0, 1, 2], items::damaged),
        table(RowKind::StrayItem, items::OF_NOBODY.to_owned(), &[0, 1, 2], |_| {
            Ok(vec!["account".to_owned()])
        }),
        table(RowKind::Event, events::SELECT.to_owned(), &[0], |row| {
            strict(row, events::read(row).map(drop))
        }),
        table(RowKind::Decision, from(decisions::CHECKED, "decisions"), &[0], |row| {
            strict(row, decisions::check(row))
        }),
        table(RowKind::Run, from(runs::COLUMNS, "runs"), &[0], |row| runs::read_noting(row).map(|it| it.1)),
        table(RowKind::Run, run_items::SELECT.to_owned(), &[0], run_items::damaged),
        table(RowKind::Delivery, from(deliveries::COLUMNS, "deliveries"), &[0], deliveries::damaged),
        table(RowKind::RoomMessage, from(builtin_room::COLUMNS, "room"), &[0], |row| {
            builtin_room::read_noting(row).map(|it| it.1)
        }),
        table(RowKind::AuditEntry, from(audit::COLUMNS, "audit"), &[0], |row| {
            audit::read_noting(row).map(|it| it.1)
        }),
        table(RowKind::Setting, from("name, value", "settings"), &[0], |row| match row.get::<_, String>(0) {
            Ok(name) if name == "quiet_until" => strict(row, row.get::<_, Clock>(1).map(drop)),
            Ok(name) if name == secret_records::SERVICE => strict(row, row.get::<_, i64>(1).map(drop)),
            Ok(name) if [secret_records::UNRECORDED, secret_records::SHARED].contains(&name.as_str()) => {
                Ok(Vec::new())
            }
            Ok(_) => Ok(vec!["name".to_owned()]),
            Err(error) => strict(row, Err(error)),
        }),
        table(RowKind::SecretRecord, from(secret_records::COLUMNS, "secret_records"), &[0, 1, 2], |row| {
            strict(row, secret_records::read(row).map(drop))
        }),
        // What refers to rows that are not there, which SQLite allows a program that does not ask it to see to that.
        table(RowKind::Dangling, DANGLING.to_owned(), &[0, 1], |row| Ok(vec![row.get(2)?])),
    ]
}

/// (sqlite.org/pragma.html#pragma_foreign_key_check)
const DANGLING: &str = "SELECT c.\"table\", c.rowid, l.\"from\" FROM pragma_foreign_key_check() c
                        JOIN pragma_foreign_key_list(c.\"table\") l ON l.id = c.fkid";

fn all_unreadable(conn: &Connection) -> rusqlite::Result<Vec<UnreadableRow>> {
    let mut found = Vec::new();
    for Table { kind, sql, key, read } in tables() {
        each(conn, &sql, [], |row| {
            let columns = read(row)?;
            if !columns.is_empty() {
                found.push(UnreadableRow::of(row, kind, key, columns)?);
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(found)
}

impl Store {
    /// Every stored row that is damaged: seconds for a large store.
    pub async fn unreadable_rows(&self) -> Result<Vec<UnreadableRow>, StoreError> {
        self.read(all_unreadable).await
    }
}
