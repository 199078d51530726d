//! How many rows each account has: a row that another program deleted leaves no other trace.

use callboard_domain::item::AccountName;
use rusqlite::{Connection, params};

use crate::store::row::{one, run};

/// How many rows each account has, so that it is seen where some were deleted by another program.
pub(in crate::store) const V4: &str = "
CREATE TABLE item_counts (
    account TEXT PRIMARY KEY,
    count   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO item_counts SELECT account, count(*) FROM items GROUP BY account;
";

/// Records that an account has this many more rows, or fewer.
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

/// Recounts the rows of an account, and deletes the records of items that are not stored any more: another item could get
/// their numbers.
pub(in crate::store) fn forget_dangling(conn: &Connection, account: &AccountName) -> rusqlite::Result<()> {
    run(conn, "DELETE FROM events WHERE item NOT IN (SELECT n FROM items)", [])?;
    run(conn, "DELETE FROM item_search WHERE rowid NOT IN (SELECT n FROM items)", [])?;
    let sql = "INSERT INTO item_counts (account, count) VALUES (?1, (SELECT count(*) FROM items WHERE account = ?1))
               ON CONFLICT (account) DO UPDATE SET count = excluded.count";
    run(conn, sql, [account.as_str()]).map(drop)
}
