//! The audit log: what was changed, by whom and through what. Each entry is written in one step with what it tells of, as
//! far as that is in the store.

use callboard_domain::actor::Actor;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    Store, StoreError,
    row::{At, Json, all, run},
};
use crate::api::{AuditEntry, AuditedChange};

pub(super) const V1: &str = "
CREATE TABLE audit (
    n     INTEGER PRIMARY KEY AUTOINCREMENT,
    at    INTEGER NOT NULL,
    actor TEXT NOT NULL,                 -- Actor as JSON
    what  TEXT NOT NULL                  -- AuditedChange as JSON
) STRICT;
CREATE INDEX audit_at ON audit (at);
";

pub(super) fn insert(
    conn: &Connection,
    actor: &Actor,
    what: &AuditedChange,
    at: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO audit (at, actor, what) VALUES (?1, ?2, ?3)";
    run(conn, sql, params![At(at), Json(actor), Json(what)]).map(drop)
}

/// Deletes up to `limit` entries of before `before`.
pub(super) fn prune(conn: &Connection, before: Timestamp, limit: u32) -> rusqlite::Result<usize> {
    let sql = "DELETE FROM audit WHERE n IN (SELECT n FROM audit WHERE at < ?1 LIMIT ?2)";
    run(conn, sql, params![At(before), limit])
}

/// Reads the actor of a row. Rows of before actors were recorded have none; one that cannot be read counts as not known,
/// so that it hides nothing else of its row.
pub(super) fn read_actor(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Actor>> {
    let Some(text) = row.get::<_, Option<String>>(column)? else { return Ok(None) };
    Ok(serde_json::from_str(&text)
        .inspect_err(|error| tracing::warn!(%error, "who asked for something cannot be read"))
        .ok())
}

pub(super) const COLUMNS: &str = "n, at, actor, what";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        id: row.get(0)?,
        at: row.get::<_, At>(1)?.0,
        actor: row.get::<_, Json<_>>(2)?.0,
        what: row.get::<_, Json<_>>(3)?.0,
    })
}

impl Store {
    /// Records a change of what is kept outside the store.
    pub async fn record_change(
        &self,
        actor: &Actor,
        what: AuditedChange,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let actor = actor.clone();
        self.write(move |conn| insert(conn, &actor, &what, at)).await
    }

    /// The latest changes before a number (`None`: the latest of all), newest first, at most `limit`.
    pub async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM audit WHERE n < ?1 ORDER BY n DESC LIMIT ?2");
            all(conn, &sql, params![before.unwrap_or(i64::MAX), limit], read)
        })
        .await
    }
}
