//! The steps of runs: what each did, and when it began.

use rusqlite::params;

use super::{
    Store, StoreError,
    row::{At, all, run},
};
use crate::api::RunStep;

pub(super) const V1: &str = "
CREATE TABLE run_steps (
    run  TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq  INTEGER NOT NULL,
    said TEXT NOT NULL,
    at   INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
";

impl Store {
    /// Records the steps of a run, in place of those recorded before.
    pub async fn record_steps(&self, id: &str, steps: Vec<RunStep>) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |conn| {
            for (seq, step) in (1_i64..).zip(&steps) {
                let sql = "INSERT OR REPLACE INTO run_steps (run, seq, said, at) VALUES (?1, ?2, ?3, ?4)";
                run(conn, sql, params![id, seq, step.said, At(step.at)])?;
            }
            Ok(())
        })
        .await
    }

    /// The steps of a run, as far as they are on the record.
    pub async fn steps(&self, id: &str) -> Result<Vec<RunStep>, StoreError> {
        let id = id.to_owned();
        self.read(move |conn| {
            all(conn, "SELECT said, at FROM run_steps WHERE run = ?1 ORDER BY seq", [id], |row| {
                Ok(RunStep { said: row.get(0)?, at: row.get::<_, At>(1)?.0 })
            })
        })
        .await
    }
}
