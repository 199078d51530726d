//! What a person has set for the moment, and that outlives a restart.

use callboard_domain::actor::Actor;
use jiff::Timestamp;
use rusqlite::params;

use super::{
    Store, StoreError, audit,
    row::{At, Clock, Lenient, one, run},
};
use crate::api::AuditedChange;

pub(super) const V1: &str = "
CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

impl Store {
    /// Until when only important notifications are shown.
    pub async fn quiet_until(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|conn| {
            // What cannot be read keeps nothing quiet.
            let until = one(conn, "SELECT value FROM settings WHERE name = 'quiet_until'", [], |row| {
                Lenient::new(row).get::<Clock>(0)
            })?;
            Ok(until.flatten().map(|at| at.0))
        })
        .await
    }

    /// Sets it, or with `None` ends it, and records who did.
    pub async fn set_quiet_until(
        &self,
        until: Option<Timestamp>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let actor = actor.clone();
        self.write(move |conn| {
            audit::insert(conn, &actor, &AuditedChange::Quiet { until }, now)?;
            match until {
                Some(until) => {
                    let sql = "INSERT INTO settings (name, value) VALUES ('quiet_until', ?1)
                           ON CONFLICT (name) DO UPDATE SET value = ?1";
                    run(conn, sql, params![At(until)]).map(drop)
                }
                None => run(conn, "DELETE FROM settings WHERE name = 'quiet_until'", []).map(drop),
            }
        })
        .await
    }
}
