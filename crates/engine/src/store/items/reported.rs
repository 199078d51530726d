//! What is there, as far as is known, and which of it a listing is still to confirm.

use callboard_domain::item::{AccountName, Item, Kind};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{COLUMNS, OPEN, read_item};
use crate::store::row::{At, all, run};

/// True from a webhook about the item until a poll that began later has listed it, in an occurrence that is not an earlier
/// one, or has lacked it once: that listing may be behind the webhook.
pub(in crate::store) const V5: &str = "
ALTER TABLE items ADD COLUMN reported INTEGER NOT NULL DEFAULT 0; -- by a webhook that no poll has answered yet
UPDATE items SET searched = 0; -- a text of the index begins with its title
";

/// An item that is there, as far as is known.
pub(in crate::store) struct Present {
    pub(in crate::store) n: i64,
    pub(in crate::store) item: Item,
    /// See [`V5`].
    pub(in crate::store) reported: bool,
}

/// What is there of a kind in an account, as far as is known, and was last seen before `before`: open items, and builds
/// whatever their state.
pub(in crate::store) fn present(
    conn: &Connection,
    account: &AccountName,
    kind: Kind,
    before: Timestamp,
) -> rusqlite::Result<Vec<Present>> {
    let from = match kind {
        Kind::Build => "items WHERE gone IS NULL",
        Kind::PullRequest | Kind::Incident | Kind::Approval => OPEN,
    };
    let sql =
        format!("SELECT {COLUMNS}, n, reported FROM {from} AND kind = ?1 AND account = ?2 AND seen_at < ?3");
    let read = |row: &Row<'_>| Ok(Present { n: row.get(11)?, item: read_item(row)?, reported: row.get(12)? });
    all(conn, &sql, params![kind.name(), account.as_str(), At(before)], read)
}

/// Records that a listing which began after the webhook about an item has answered for it.
pub(in crate::store) fn answered(conn: &Connection, n: i64) -> rusqlite::Result<()> {
    run(conn, "UPDATE items SET reported = 0 WHERE n = ?1", [n]).map(drop)
}
