//! What runs put out: their steps, and of what they print the beginning and the end, which are what counts.
//!
//! Pieces are numbered from 1. The first [`HEAD_PIECES`] stay; of the others the last [`TAIL`] bytes stay, and a row with
//! number 0 holds how many bytes were left out between them.

use rusqlite::{Connection, params};

use super::{
    Output, Store, StoreError,
    output::{HEAD, TAIL},
    row::{At, all, one, run},
};
use crate::api::RunStep;

pub(super) const V1: &str = "
CREATE TABLE run_output (
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq  INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
";

pub(super) const V1_STEPS: &str = "
CREATE TABLE run_steps (
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq  INTEGER NOT NULL,
    said TEXT NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
";

/// What a run has put out, as far as it is kept.
#[derive(Debug, Default)]
pub struct StoredOutput {
    /// What it printed.
    pub output: Output,
    /// The steps that began, the first one first.
    pub steps: Vec<RunStep>,
}

/// A piece of it, at most: a longer text is cut into several.
const PIECE: usize = 16 << 10;
/// How many pieces of the beginning are kept.
const HEAD_PIECES: i64 = (HEAD / PIECE) as i64;

/// Adds what begins at a place of the whole output. What is there already is not added again; what is lacking before it
/// counts as left out.
fn append(conn: &Connection, id: &str, begins: u64, text: &str) -> rusqlite::Result<()> {
    let before = left_out(conn, id)?;
    let sql = "SELECT coalesce(sum(octet_length(text)), 0) FROM run_output WHERE run = ?1 AND seq > 0";
    let kept = one(conn, sql, [id], |row| row.get::<_, u32>(0))?.unwrap_or(0);
    let known = before + u64::from(kept);
    let skip = usize::try_from(known.saturating_sub(begins)).unwrap_or(usize::MAX).min(text.len());
    let mut rest = &text[text.ceil_char_boundary(skip)..];
    if rest.is_empty() {
        return Ok(());
    }
    let last =
        "SELECT seq, octet_length(text) FROM run_output WHERE run = ?1 AND seq > 0 ORDER BY seq DESC LIMIT 1";
    let last = one(conn, last, [id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?)))?;
    let gap = begins.saturating_sub(known);
    let (mut seq, length) = match last {
        // What comes after a gap is of the end.
        last if gap > 0 => (last.map_or(0, |(seq, _)| seq).max(HEAD_PIECES), PIECE),
        Some((seq, length)) => (seq, length as usize),
        None => (0, PIECE),
    };
    // A run that prints a line a second fills pieces, and does not make a row of each.
    let (first, after) = rest.split_at(rest.floor_char_boundary(PIECE.saturating_sub(length)));
    if !first.is_empty() {
        run(
            conn,
            "UPDATE run_output SET text = text || ?3 WHERE run = ?1 AND seq = ?2",
            params![id, seq, first],
        )?;
    }
    rest = after;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = after;
        seq += 1;
        run(conn, "INSERT INTO run_output (run, seq, text) VALUES (?1, ?2, ?3)", params![id, seq, piece])?;
    }
    let sql = "SELECT seq, size FROM (
                   SELECT seq, octet_length(text) AS size, sum(octet_length(text)) OVER (ORDER BY seq DESC) AS after
                   FROM run_output WHERE run = ?1 AND seq > ?2) WHERE after > ?3";
    let tail = i64::try_from(TAIL).unwrap_or(i64::MAX);
    let middle: Vec<(i64, u32)> =
        all(conn, sql, params![id, HEAD_PIECES, tail], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (seq, _) in &middle {
        run(conn, "DELETE FROM run_output WHERE run = ?1 AND seq = ?2", params![id, seq])?;
    }
    let dropped: u64 = middle.iter().map(|(_, size)| u64::from(*size)).sum();
    let after = before + dropped + gap;
    if after > before {
        let sql = "INSERT INTO run_output (run, seq, text) VALUES (?1, 0, ?2)
                   ON CONFLICT (run, seq) DO UPDATE SET text = ?2";
        run(conn, sql, params![id, after.to_string()])?;
    }
    Ok(())
}

fn left_out(conn: &Connection, id: &str) -> rusqlite::Result<u64> {
    let sql = "SELECT text FROM run_output WHERE run = ?1 AND seq = 0";
    let text = one(conn, sql, [id], |row| row.get::<_, String>(0))?;
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Records steps in place of those recorded before.
fn record_steps(conn: &Connection, id: &str, steps: &[RunStep]) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO run_steps (run, seq, said, at) VALUES (?1, ?2, ?3, ?4)";
    let mut steps = (1_i64..).zip(steps);
    steps.try_for_each(|(seq, step)| run(conn, sql, params![id, seq, step.name, At(step.at)]).map(drop))
}

fn read_steps(conn: &Connection, id: &str) -> rusqlite::Result<Vec<RunStep>> {
    all(conn, "SELECT said, at FROM run_steps WHERE run = ?1 ORDER BY seq", [id], |row| {
        Ok(RunStep { name: row.get(0)?, at: row.get::<_, At>(1)?.0 })
    })
}

fn read(conn: &Connection, id: &str) -> rusqlite::Result<Output> {
    let sql = "SELECT seq, text FROM run_output WHERE run = ?1 AND seq > 0 ORDER BY seq";
    let mut output = Output { left_out: left_out(conn, id)?, ..Output::default() };
    for (seq, text) in all(conn, sql, [id], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))? {
        // Where nothing was left out the two are one after the other.
        match seq <= HEAD_PIECES {
            true => output.head.push_str(&text),
            false => output.tail.push_str(&text),
        }
    }
    Ok(output)
}

impl Store {
    /// Adds to a run's output what begins at a place of the whole, in bytes; what is there already is not added again. Of
    /// a long one the first 64 KiB and the last 960 KiB are kept. Best called with what a moment brought, not line by line.
    pub async fn append_output(&self, id: &str, begins: u64, text: String) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |conn| append(conn, &id, begins, &text)).await
    }

    /// Records the steps of a run, in place of those recorded before.
    pub async fn record_steps(&self, id: &str, steps: Vec<RunStep>) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |conn| record_steps(conn, &id, &steps)).await
    }

    /// What a run has put out.
    pub async fn stored_output(&self, id: &str) -> Result<StoredOutput, StoreError> {
        let id = id.to_owned();
        self.read(move |conn| Ok(StoredOutput { output: read(conn, &id)?, steps: read_steps(conn, &id)? }))
            .await
    }
}
