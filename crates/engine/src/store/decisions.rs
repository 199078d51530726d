//! What the rules decided about each event, and the desktop notifications that are still to be shown.

use callboard_domain::event::Event;
use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Store, StoreError, events,
    row::{At, Clock, EnumText, Flag, Json, all, one, run},
};

pub(super) const V1: &str = "
CREATE TABLE decisions (
    event     INTEGER PRIMARY KEY REFERENCES events (id) ON DELETE CASCADE,
    decision  TEXT NOT NULL,                 -- with its reasons, as JSON
    notice    TEXT,                          -- pending, told; NULL: no notification
    important INTEGER NOT NULL DEFAULT 0,    -- pierces quiet hours
    grouped   TEXT NOT NULL DEFAULT '',      -- notices of one group make one notification
    told_at   INTEGER
) STRICT;
CREATE INDEX decisions_pending ON decisions (event) WHERE notice = 'pending';
";

/// The state of a notification: column `notice`, which is NULL where there is to be none.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum NoticeState {
    Pending,
    Told,
}

/// The columns that [`check`] reads.
pub(super) const CHECKED: &str = "event, decision, important, notice, told_at";

/// Fails where one of the columns [`CHECKED`] cannot be read.
pub(super) fn check(row: &Row<'_>) -> rusqlite::Result<()> {
    row.get::<_, Json<Value>>(1)?;
    row.get::<_, Flag>(2)?;
    row.get::<_, Option<EnumText<NoticeState>>>(3)?;
    row.get::<_, Option<Clock>>(4)?;
    Ok(())
}

/// How an event is to be shown on this desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// True where it pierces quiet hours.
    pub important: bool,
    /// Notices of one group make one notification.
    pub group: String,
}

/// A notification that is to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingNotice {
    /// The number of the event: see [`Store::events_by_ids`].
    pub event: i64,
    /// How it is to be shown.
    pub notice: Notice,
}

pub(super) fn insert(
    conn: &Connection,
    event: i64,
    decision: &str,
    notice: Option<&Notice>,
) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO decisions (event, decision, notice, important, grouped) VALUES (?1, ?2, ?3, ?4, ?5)";
    let state = notice.map(|_| "pending");
    let important = notice.is_some_and(|notice| notice.important);
    let group = notice.map_or("", |notice| &notice.group);
    run(conn, sql, params![event, decision, state, important, group]).map(drop)
}

impl Store {
    /// What the rules decided about an event, as JSON: "why did I get this?". `None` for old events and unknown numbers.
    pub async fn decision(&self, event: i64) -> Result<Option<String>, StoreError> {
        self.read(move |conn| {
            one(conn, "SELECT decision FROM decisions WHERE event = ?1", [event], |row| row.get(0))
        })
        .await
    }

    /// What the rules decided about the events that were seen since, among the latest tens of thousands.
    pub async fn decisions_since(&self, since: Timestamp) -> Result<Vec<(i64, String)>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT d.event, d.decision FROM decisions d JOIN events e ON e.id = d.event
                       WHERE d.event > (SELECT max(id) - 50000 FROM events) AND e.seen_at >= ?1 ORDER BY d.event";
            all(conn, sql, [At(since)], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .await
    }

    /// What the rules decided about the latest events that they were asked about, newest first, at most `limit`.
    pub async fn latest_decisions(&self, limit: u32) -> Result<Vec<(i64, String)>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT event, decision FROM decisions ORDER BY event DESC LIMIT ?1";
            all(conn, sql, [limit], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .await
    }

    /// The notifications that are still to be shown, oldest first: all of them, so that what is shown together is one.
    pub async fn pending_notices(&self) -> Result<Vec<PendingNotice>, StoreError> {
        self.read(|conn| {
            let sql =
                "SELECT event, important, grouped FROM decisions WHERE notice = 'pending' ORDER BY event";
            all(conn, sql, [], |row| {
                let notice = Notice { important: row.get(1)?, group: row.get(2)? };
                Ok(PendingNotice { event: row.get(0)?, notice })
            })
        })
        .await
    }

    /// The events with these numbers, in order. One that cannot be read keeps no other back.
    pub async fn events_by_ids(&self, ids: Vec<i64>) -> Result<Vec<Event>, StoreError> {
        self.read(move |conn| events::by_ids(conn, &ids)).await
    }

    /// The latest events that were shown, oldest first, at most `limit`, among the latest few thousand events.
    pub async fn recently_shown(&self, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.read(move |conn| {
            let sql = "SELECT event FROM decisions WHERE event > (SELECT max(id) - 5000 FROM events)
                       AND notice = 'told' ORDER BY event DESC LIMIT ?1";
            let mut ids: Vec<i64> = all(conn, sql, [limit], |row| row.get(0))?;
            ids.reverse();
            events::by_ids(conn, &ids)
        })
        .await
    }

    /// Records that these events have been shown, or need not be any more: they are not shown again.
    pub async fn mark_shown(&self, events: &[i64], now: Timestamp) -> Result<(), StoreError> {
        let events = events.to_owned();
        self.write(move |conn| {
            let sql =
                "UPDATE decisions SET notice = 'told', told_at = ?2 WHERE event = ?1 AND notice = 'pending'";
            events.iter().try_for_each(|event| run(conn, sql, params![event, At(now)]).map(drop))
        })
        .await
    }
}
