//! What a run is on besides its own item, which is kept with the run.

use callboard_domain::item::ItemKey;
use rusqlite::{Connection, Row, params};

use super::row::{Text, all, one, run as execute, strict};

pub(super) const V1: &str = "
CREATE TABLE run_items (
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    item TEXT NOT NULL,                      -- ItemKey
    PRIMARY KEY (run, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_items_item ON run_items (item);
INSERT OR IGNORE INTO run_items (run, item)
    SELECT r.id, json_extract(i.value, '$.key')
    FROM runs r, json_each(iif(json_valid(r.args), r.args, '{}'), '$.items') i
    WHERE CASE i.type WHEN 'object' THEN json_extract(i.value, '$.key') IS NOT r.item ELSE 0 END;
";

/// What [`damaged`] reads.
pub(super) const SELECT: &str = "SELECT run, item FROM run_items";

/// The columns of a row that are damaged.
pub(super) fn damaged(row: &Row<'_>) -> rusqlite::Result<Vec<String>> {
    strict(row, row.get::<_, Text<ItemKey>>(1).map(drop))
}

pub(super) fn insert<'a>(
    conn: &Connection,
    run: &str,
    items: impl IntoIterator<Item = &'a ItemKey>,
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO run_items (run, item) VALUES (?1, ?2)";
    items.into_iter().try_for_each(|item| execute(conn, sql, params![run, Text(item)]).map(drop))
}

/// The others that a run is on; `None` for one whose key cannot be read.
pub(super) fn others_of(conn: &Connection, run: &str) -> rusqlite::Result<Vec<Option<ItemKey>>> {
    all(conn, "SELECT item FROM run_items WHERE run = ?1", [run], |row| {
        Ok(row.get::<_, Text<ItemKey>>(0).ok().map(|Text(other)| other))
    })
}

/// True where something was run on the item among others. A look-up that finds nothing costs less than a statement about
/// those runs.
pub(super) fn is_among_others(conn: &Connection, item: &ItemKey) -> rusqlite::Result<bool> {
    Ok(one(conn, "SELECT 1 FROM run_items WHERE item = ?1 LIMIT 1", [Text(item)], |_| Ok(()))?.is_some())
}

/// Puts what was run on one item among others on the record of another.
pub(super) fn move_to(conn: &Connection, from: &ItemKey, to: &ItemKey) -> rusqlite::Result<()> {
    let sql = "UPDATE OR IGNORE run_items SET item = ?2 WHERE item = ?1";
    execute(conn, sql, params![Text(from), Text(to)])?;
    // It was on both.
    execute(conn, "DELETE FROM run_items WHERE item = ?1", [Text(from)]).map(drop)
}
