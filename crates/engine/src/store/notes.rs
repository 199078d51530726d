//! What webhooks report and only a poll can check, as each source writes it down: kept until a poll that began with it
//! is stored.

use std::ops::ControlFlow;

use callboard_domain::{item::AccountName, source::LONGEST_NOTE};
use rusqlite::{Connection, Row, params};

use super::row::{each, run, strict};

/// A number is never used twice, so that a note that is made again while a poll checks it outlives that poll.
pub(super) const V1: &str = "
CREATE TABLE notes (
    n       INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL,
    note    TEXT NOT NULL,
    UNIQUE (account, note)
) STRICT;
CREATE INDEX notes_of_account ON notes (account);
";

/// How many notes of an account are kept: the newest.
pub(super) const KEPT: u32 = 10_000;

/// Gives the columns that [`read`] and [`damaged`] read.
pub(super) const SELECT: &str = "SELECT account, note, n FROM notes";

/// The newest of the notes that a poll began with; by default it began with none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastNote(i64);

/// What webhooks have noted of an account for its next poll.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    /// The notes, in no order.
    pub texts: Vec<String>,
    /// The newest of them.
    pub last: LastNote,
}

/// Reads whose note it is, and the note.
fn read(row: &Row<'_>) -> rusqlite::Result<(AccountName, String)> {
    Ok((AccountName(row.get(0)?), row.get(1)?))
}

/// The column of a row that cannot be read.
pub(super) fn damaged(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    strict(row, read(row).map(drop))
}

/// Makes a note, anew where it is there.
pub(super) fn make(conn: &Connection, account: &AccountName, note: &str) -> rusqlite::Result<()> {
    if note.len() > LONGEST_NOTE {
        tracing::warn!(%account, bytes = note.len(), "what a webhook noted is too long to be kept across a restart");
        return Ok(());
    }
    let sql = "INSERT OR REPLACE INTO notes (account, note) VALUES (?1, ?2)";
    run(conn, sql, [account.as_str(), note])?;
    let sql = "DELETE FROM notes WHERE account = ?1
               AND n <= (SELECT n FROM notes WHERE account = ?1 ORDER BY n DESC LIMIT 1 OFFSET ?2)";
    run(conn, sql, params![account.as_str(), KEPT]).map(drop)
}

/// The notes of an account. One that cannot be read is left out, and goes with the others.
pub(super) fn load(conn: &Connection, account: &AccountName) -> rusqlite::Result<Notes> {
    let mut notes = Notes::default();
    each(conn, &format!("{SELECT} WHERE account = ?1"), [account.as_str()], |row| {
        notes.last = notes.last.max(LastNote(row.get(2)?));
        notes.texts.push(read(row)?.1);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(notes)
}

/// True where a note of an account cannot be read.
pub(super) fn has_damaged(conn: &Connection, account: &AccountName) -> rusqlite::Result<bool> {
    let mut found = false;
    each(conn, &format!("{SELECT} WHERE account = ?1"), [account.as_str()], |row| {
        found |= !damaged(row)?.is_empty();
        Ok(if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// Forgets the notes of an account that a poll began with.
pub(super) fn forget_taken(
    conn: &Connection,
    account: &AccountName,
    LastNote(last): LastNote,
) -> rusqlite::Result<()> {
    run(conn, "DELETE FROM notes WHERE account = ?1 AND n <= ?2", params![account.as_str(), last]).map(drop)
}

/// Forgets all notes of an account.
pub(super) fn forget(conn: &Connection, account: &AccountName) -> rusqlite::Result<()> {
    run(conn, "DELETE FROM notes WHERE account = ?1", [account.as_str()]).map(drop)
}
