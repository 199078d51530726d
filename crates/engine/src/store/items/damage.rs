//! Items whose rows are damaged: they cannot be read, contradict themselves, or are missing.

use std::ops::ControlFlow;

use callboard_domain::{
    item::{AccountName, Detail},
    source::GoneReason,
};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params, types::ValueRef};

use super::{OPEN, is_open, read};
use crate::store::{
    RowKind, Store, StoreError, UnreadableRow, audit,
    row::{At, Clock, Flag, Json, each, one, run, strict},
};

/// The columns that [`damaged`] reads.
pub(in crate::store) const WHOLE: &str = "account, kind, id, title, url, detail, changed_at, silenced, snoozed, gone, gone_at, seen_at, open, repo, \
                                    snoozed_by, n, reported";

/// The columns of a row that cannot be read, or that contradict the rest of it. Its `open` and `repo` are compared with the item.
pub(in crate::store) fn damaged(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    let (stored, open) = match (read(row), row.get::<_, Clock>(11), row.get::<_, Flag>(12)) {
        (Ok(stored), Ok(_), Ok(Flag(open))) => (stored, open),
        // Of what cannot be read, nothing more is known.
        (stored, seen_at, open) => {
            return strict(row, stored.map(drop).and(seen_at.map(drop)).and(open.map(drop)));
        }
    };
    let item = &stored.item;
    let is_gone = row.get_ref(9)? != ValueRef::Null;
    let without_runs = matches!(&item.detail, Detail::Build(build) if build.runs.is_empty());
    let snoozer = audit::read_actor(row, 14)?;
    let contradictions = [
        ("title", row.get_ref(3)?.as_str().is_ok_and(|title| title.trim().is_empty())),
        ("url", item.url.is_none() && row.get_ref(4)? != ValueRef::Null),
        ("detail", without_runs && !is_gone),
        ("gone_at", is_gone != (row.get_ref(10)? != ValueRef::Null)),
        ("open", open != (is_open(item) && !is_gone)),
        ("repo", row.get_ref(13)?.as_str().ok() != Some(item.repo())),
        ("snoozed_by", audit::is_damaged(snoozer.as_ref())),
        ("reported", row.get::<_, Flag>(16).is_err()),
    ];
    Ok(contradictions.into_iter().filter(|(_, is_so)| *is_so).map(|(column, _)| column.to_owned()).collect())
}

/// The damaged rows of an account, by their numbers: of the open items, or of `all` that are there.
pub(in crate::store) fn unreadable(
    conn: &Connection,
    account: &AccountName,
    all: bool,
) -> rusqlite::Result<Vec<(i64, UnreadableRow)>> {
    let from = if all { "items WHERE (gone IS NULL OR open)" } else { OPEN };
    let sql = format!("SELECT {WHOLE} FROM {from} AND account = ?1");
    let mut found = Vec::new();
    each(conn, &sql, [account.as_str()], |row| {
        let columns = damaged(row)?;
        if !columns.is_empty() {
            found.push((row.get(15)?, UnreadableRow::of(row, RowKind::Item, &[0, 1, 2], columns)?));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// What would be listed of accounts that are not watched.
pub(in crate::store) const OF_NOBODY: &str = "SELECT account, kind, id FROM items
    WHERE gone IS NULL AND (open OR kind = 'build') AND account NOT IN (SELECT account FROM sources)";

impl Store {
    /// Takes off the board what is there of accounts that are not watched.
    pub async fn leave_unknown(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.read(|conn| one(conn, OF_NOBODY, [], |_| Ok(()))).await?.is_none() {
            return Ok(());
        }
        let left = self.write(move |conn| {
            let sql = "UPDATE items SET open = 0, gone = ?1, gone_at = ?2
                       WHERE gone IS NULL AND (open OR kind = 'build') AND account NOT IN (SELECT account FROM sources)";
            run(conn, sql, params![Json(GoneReason::NotWatched), At(now)])
        });
        let items = left.await?;
        tracing::warn!(items, "items of accounts that are not configured left the board");
        Ok(())
    }
}
