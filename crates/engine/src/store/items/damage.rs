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

/// How many rows each account has, so that it is seen where some were deleted by another program.
pub(in crate::store) const V4: &str = "
CREATE TABLE item_counts (
    account TEXT PRIMARY KEY,
    count   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO item_counts SELECT account, count(*) FROM items GROUP BY account;
";

/// The columns that [`damaged`] reads.
pub(in crate::store) const WHOLE: &str = "account, kind, id, title, url, detail, changed_at, silenced, snoozed, gone, gone_at, seen_at, open, repo, \
                                    snoozed_by, n";

/// The columns of a row that cannot be read, or that contradict the rest of it. Its `open` and `repo` are what the item says.
pub(in crate::store) fn damaged(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    let (stored, open) = match (read(row), row.get::<_, Clock>(11), row.get::<_, Flag>(12)) {
        (Ok(stored), Ok(_), Ok(Flag(open))) => (stored, open),
        // Of what cannot be read, nothing more can be said.
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

/// Notes that an account has so many rows more, or fewer.
pub(super) fn count(conn: &Connection, account: &str, more: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO item_counts (account, count) VALUES (?1, ?2)
               ON CONFLICT (account) DO UPDATE SET count = count + ?2";
    run(conn, sql, params![account, more]).map(drop)
}

/// The accounts of which another number of rows is stored than was counted, with how many are missing.
pub(in crate::store) const MISSING: &str = "
SELECT account, missing FROM (
    SELECT account, count - (SELECT count(*) FROM items WHERE items.account = item_counts.account) AS missing
    FROM item_counts
    UNION ALL SELECT account, -count(*) FROM items
    WHERE account NOT IN (SELECT account FROM item_counts) GROUP BY account
) WHERE missing <> 0";

/// "2 items are missing".
pub(in crate::store) fn missing(missing: i64) -> String {
    match missing {
        1 => "1 item is missing".to_owned(),
        -1 => "1 item is there that Callboard did not store".to_owned(),
        ..=0 => format!("{} items are there that Callboard did not store", -missing),
        _ => format!("{missing} items are missing"),
    }
}

/// How many rows of an account are missing; fewer than none where there are too many.
pub(in crate::store) fn uncounted(conn: &Connection, account: &AccountName) -> rusqlite::Result<i64> {
    let sql = "SELECT coalesce((SELECT count FROM item_counts WHERE account = ?1), 0)
               - (SELECT count(*) FROM items WHERE account = ?1)";
    Ok(one(conn, sql, [account.as_str()], |row| row.get(0))?.unwrap_or(0))
}

/// Counts the rows of an account anew, and forgets what is recorded of items that are not stored any more: another item
/// could get their numbers.
pub(in crate::store) fn forget_dangling(conn: &Connection, account: &AccountName) -> rusqlite::Result<()> {
    run(conn, "DELETE FROM events WHERE item NOT IN (SELECT n FROM items)", [])?;
    run(conn, "DELETE FROM item_search WHERE rowid NOT IN (SELECT n FROM items)", [])?;
    let sql = "INSERT INTO item_counts (account, count) VALUES (?1, (SELECT count(*) FROM items WHERE account = ?1))
               ON CONFLICT (account) DO UPDATE SET count = excluded.count";
    run(conn, sql, [account.as_str()]).map(drop)
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
