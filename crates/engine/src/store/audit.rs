//! The audit log: what was changed, by whom and through what. Each entry is written in one step with the change that it
//! records, as far as that is in the store.

use callboard_domain::actor::{Actor, Principal};
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::{
    Store, StoreError, audit_chain,
    row::{Clock, Json, Lenient, all, is_unreadable, json, one},
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
    audit_chain::append(conn, at, &json(actor)?, &json(what)?)
}

/// Reads the actor of a row. Rows of before actors were recorded have none. One that cannot be read says so, and hides
/// nothing else of its row.
pub(super) fn read_actor(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Actor>> {
    match row.get::<_, Option<Json<Actor>>>(column) {
        Ok(actor) => Ok(actor.map(|it| it.0)),
        Err(error) if is_unreadable(&error) => {
            tracing::warn!(%error, "who asked for something cannot be read");
            Ok(Some(Actor::unreadable()))
        }
        Err(error) => Err(error),
    }
}

/// True where an actor's record is damaged.
pub(super) fn is_damaged(actor: Option<&Actor>) -> bool {
    actor.is_some_and(|actor| actor.principal == Principal::Unreadable)
}

pub(super) const COLUMNS: &str = "n, at, actor, what";

/// Reads an entry from the columns [`COLUMNS`]. One that cannot be read in part is there all the same, and says so.
fn read(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    read_noting(row).map(|(entry, _)| entry)
}

/// The same, with the names of the columns that are damaged.
pub(super) fn read_noting(row: &Row<'_>) -> rusqlite::Result<(AuditEntry, Vec<String>)> {
    let actor = read_actor(row, 2)?.unwrap_or_else(Actor::unreadable);
    let mut row = Lenient::new(row);
    let entry = AuditEntry {
        id: row.get(0)?.unwrap_or_default(),
        at: row.get::<Clock>(1)?.map_or(Timestamp::UNIX_EPOCH, |at| at.0),
        what: row.get::<Json<_>>(3)?.map_or(AuditedChange::Unreadable, |it| it.0),
        called: None,
        actor,
    };
    let mut damaged = row.into_unreadable();
    if is_damaged(Some(&entry.actor)) {
        damaged.push("actor".to_owned());
    }
    Ok((entry, damaged))
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

    /// Records that a configuration is in force, unless it is the one that was before.
    pub async fn record_configuration(&self, digest: String, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            let sql = "SELECT what FROM audit WHERE what LIKE '{\"change\":\"configuration_applied\",%' ORDER BY n DESC LIMIT 1";
            let last = one(conn, sql, [], |row| Ok(row.get::<_, Json<_>>(0).ok().map(|it| it.0)))?;
            let what = AuditedChange::ConfigurationApplied { digest: digest.clone() };
            if last.flatten() == Some(what.clone()) {
                return Ok(());
            }
            insert(conn, &Actor::configuration(), &what, at)
        })
        .await
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
