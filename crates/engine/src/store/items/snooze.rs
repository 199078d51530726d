//! Items that are off the board for a while: snoozed by a person, or silenced by a rule.

use callboard_domain::{actor::Actor, board::Snoozed, item::ItemKey};
use jiff::Timestamp;
use rusqlite::{
    Connection, ToSql, params,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

use crate::{
    api::AuditedChange,
    store::{
        Store, StoreError, audit,
        row::{At, Json, one, run},
    },
};

/// Who snoozed it, while it is.
pub(in crate::store) const V3: &str = "
ALTER TABLE items ADD COLUMN snoozed_by TEXT; -- Actor as JSON
";

/// How long an item is off the board, where it is.
pub(in crate::store) fn off_board_until(
    silenced: bool,
    snoozed: Option<Snooze>,
    now: Timestamp,
) -> Option<Snoozed> {
    match snoozed.filter(|snooze| snooze.holds(now)) {
        Some(Snooze::Until(end)) => Some(Snoozed::Until(end)),
        Some(Snooze::UntilChange) => Some(Snoozed::UntilChange),
        None => silenced.then_some(Snoozed::UntilChange),
    }
}

/// Until when an item is snoozed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snooze {
    /// Until this time.
    Until(Timestamp),
    /// Until something happens to it.
    UntilChange,
}

impl Snooze {
    /// True where it is not over yet.
    pub fn holds(self, now: Timestamp) -> bool {
        match self {
            Self::Until(end) => now < end,
            Self::UntilChange => true,
        }
    }
}

impl ToSql for Snooze {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Until(end) => end.as_microsecond().into(),
            Self::UntilChange => i64::MAX.into(),
        })
    }
}

impl FromSql for Snooze {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            i64::MAX => Ok(Self::UntilChange),
            // No person asks for a time before there were clocks.
            ..0 => Err(FromSqlError::InvalidType),
            _ => At::column_result(value).map(|end| Self::Until(end.0)),
        }
    }
}

/// Snoozes one row for as long as the other is, unless it is snoozed already.
pub(in crate::store) fn snooze_like(conn: &Connection, n: i64, other: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE items SET silenced = items.silenced OR other.silenced,
               snoozed_by = iif(items.snoozed IS NULL, other.snoozed_by, items.snoozed_by),
               snoozed = coalesce(items.snoozed, other.snoozed)
               FROM items AS other WHERE items.n = ?1 AND other.n = ?2";
    run(conn, sql, params![n, other]).map(drop)
}

/// Something happened to it: ends what held until then.
pub(in crate::store) fn clear_snooze_on_change(conn: &Connection, n: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE items SET silenced = 0, snoozed = nullif(snoozed, ?2) WHERE n = ?1";
    run(conn, sql, params![n, Snooze::UntilChange]).map(drop)
}

/// Keeps it off the board until something happens to it.
pub(in crate::store) fn silence(conn: &Connection, n: i64) -> rusqlite::Result<()> {
    run(conn, "UPDATE items SET silenced = 1 WHERE n = ?1", [n]).map(drop)
}

impl Store {
    /// Snoozes an item, or with `None` puts it back on the board, and records who did. False where there is no such item.
    pub async fn snooze(
        &self,
        key: &ItemKey,
        snooze: Option<Snooze>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (key, actor) = (key.clone(), actor.clone());
        let item = key.clone();
        let what = match snooze {
            None => AuditedChange::Unsnoozed { item },
            Some(Snooze::UntilChange) => AuditedChange::Snoozed { item, until: None },
            Some(Snooze::Until(end)) => AuditedChange::Snoozed { item, until: Some(end) },
        };
        self.write(move |conn| {
            let sql = "UPDATE items SET snoozed = ?4, snoozed_by = ?5, silenced = silenced AND ?4 IS NOT NULL
                       WHERE account = ?1 AND kind = ?2 AND id = ?3";
            let by = snooze.map(|_| Json(&actor));
            let row = params![key.account.as_str(), key.kind.name(), key.id, snooze, by];
            let found = run(conn, sql, row)? == 1;
            if found {
                audit::insert(conn, &actor, &what, now)?;
            }
            Ok(found)
        })
        .await
    }

    /// Who snoozed an item, where it is snoozed at `now` and that is on the record.
    pub async fn snoozed_by(&self, key: &ItemKey, now: Timestamp) -> Result<Option<Actor>, StoreError> {
        let key = key.clone();
        self.read(move |conn| {
            let sql = "SELECT snoozed_by FROM items
                       WHERE account = ?1 AND kind = ?2 AND id = ?3 AND snoozed > ?4";
            let row = params![key.account.as_str(), key.kind.name(), key.id, At(now)];
            Ok(one(conn, sql, row, |row| audit::read_actor(row, 0))?.flatten())
        })
        .await
    }
}
