//! What runs print: the end of it, which is what counts.

use rusqlite::{Connection, params};

use super::{
    Store, StoreError,
    row::{all, one, run},
};

pub(super) const V1: &str = "
CREATE TABLE run_output (
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq  INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
";

/// How much of a run's output is kept, in bytes.
const KEPT: i64 = 256 * 1024;
/// A piece of it, at most: a longer text is cut into several.
const PIECE: usize = 16 * 1024;

/// Adds to a run's output and drops what is too much at its beginning.
fn append(conn: &Connection, id: &str, text: &str) -> rusqlite::Result<()> {
    let last = one(conn, "SELECT max(seq) FROM run_output WHERE run = ?1", [id], |row| {
        row.get::<_, Option<i64>>(0)
    })?;
    let mut seq = last.flatten().unwrap_or(0);
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        seq += 1;
        run(conn, "INSERT INTO run_output (run, seq, text) VALUES (?1, ?2, ?3)", params![id, seq, piece])?;
    }
    let sql = "DELETE FROM run_output WHERE run = ?1 AND seq IN (
                   SELECT seq FROM (SELECT seq, sum(octet_length(text)) OVER (ORDER BY seq DESC) AS size
                   FROM run_output WHERE run = ?1) WHERE size > ?2)";
    run(conn, sql, params![id, KEPT]).map(drop)
}

impl Store {
    /// Adds to a run's output; only the last 256 KiB are kept. Best called with what a moment brought, not line by line.
    pub async fn append_output(&self, id: &str, text: String) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |conn| append(conn, &id, &text)).await
    }

    /// A run's output, as far as it is kept.
    pub async fn output(&self, id: &str) -> Result<String, StoreError> {
        let id = id.to_owned();
        self.read(move |conn| {
            let sql = "SELECT text FROM run_output WHERE run = ?1 ORDER BY seq";
            Ok(all(conn, sql, [id], |row| row.get::<_, String>(0))?.concat())
        })
        .await
    }
}
