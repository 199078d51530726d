//! The webhook deliveries that have been taken in, by the service's own ids, so that a repeated one is known.

use callboard_domain::item::AccountName;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::row::{At, run};

pub(super) const V1: &str = "
CREATE TABLE hooks (
    n        INTEGER PRIMARY KEY,
    account  TEXT NOT NULL,
    delivery TEXT NOT NULL,
    seen_at  INTEGER NOT NULL,
    UNIQUE (account, delivery)
) STRICT;
";

/// Records a delivery. False where it was recorded before.
pub(super) fn first_time(
    conn: &Connection,
    account: &AccountName,
    delivery: &str,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO hooks (account, delivery, seen_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    run(conn, sql, params![account.as_str(), delivery, At(now)]).map(|rows| rows == 1)
}

/// Deletes up to `limit` of the oldest that were seen before `before`.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM hooks WHERE n IN (SELECT n FROM hooks ORDER BY n LIMIT ?2) AND seen_at < ?1";
    run(conn, sql, params![At(before), limit])
}
