//! Events: what happened, each kept once.

use std::ops::ControlFlow;

use callboard_domain::{
    event::{Event, EventName, MootCause, Transition},
    item::{ItemKey, User},
    rules::Ends,
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Params, Row, params};
use serde::Serialize;

use super::{
    Store, StoreError,
    deliveries::LIVE,
    row::{At, Clock, EnumText, Flag, Json, Lenient, all, each, is_unreadable, key, one, run},
};
use crate::api::Events;

/// `who` and `distinct_by` stand for the fields `by` and `distinct`, which are words of SQL.
pub(super) const V1: &str = "
CREATE TABLE events (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    item        INTEGER NOT NULL REFERENCES items (n),
    name        TEXT NOT NULL,
    distinct_by TEXT NOT NULL,
    at          INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    old         INTEGER NOT NULL,
    who         TEXT,
    summary     TEXT NOT NULL,
    UNIQUE (item, name, distinct_by)
) STRICT;
";

/// Whether it was over by the time it was seen.
pub(super) const V2: &str = "
ALTER TABLE events ADD COLUMN moot INTEGER NOT NULL DEFAULT 0;
";

/// The id of the user who did it. Before that, only the name was stored.
pub(super) const V3: &str = "
ALTER TABLE events ADD COLUMN who_id TEXT;
";

/// The users that an event asks, and those who had been asked before. Earlier versions recorded a request for a review only
/// where the account's own user (or a team of theirs) was asked: it is identified by the login from now on, like all others,
/// so that none is reported again.
pub(super) const V4: &str = "
ALTER TABLE events ADD COLUMN of_whom TEXT;      -- Users as JSON; NULL: nobody in particular, or not recorded
ALTER TABLE events ADD COLUMN asked_before TEXT; -- their ids as JSON; NULL: nobody
UPDATE OR IGNORE events SET distinct_by = distinct_by || ' ' || (
    SELECT json_extract(s.identity, '$.login') FROM items i JOIN sources s ON s.account = i.account WHERE i.n = events.item
) WHERE name = 'review_requested' AND EXISTS (
    SELECT 1 FROM items i JOIN sources s ON s.account = i.account
    WHERE i.n = events.item AND iif(json_valid(s.identity), json_extract(s.identity, '$.login'), '') <> ''
);
";

/// Why it was moot.
pub(super) const V5: &str = "
ALTER TABLE events ADD COLUMN moot_because TEXT; -- MootCause; NULL: it is news, or not recorded
";

/// Why an event is no news, where it is none.
#[derive(Debug, Clone, Copy)]
pub(super) struct News {
    /// See [`Event::old`].
    pub(super) old: bool,
    /// See [`Event::moot_because`].
    pub(super) moot: Option<MootCause>,
}

/// Records what happened to item `n`. Gives its number, or `None` where it is on the record already.
pub(super) fn insert(
    conn: &Connection,
    n: i64,
    transition: &Transition,
    at: Timestamp,
    seen_at: Timestamp,
    News { old, moot }: News,
) -> rusqlite::Result<Option<i64>> {
    let sql = "INSERT INTO events
               (item, name, distinct_by, at, seen_at, old, who, who_id, summary, moot, of_whom, asked_before, moot_because)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (item, name, distinct_by) DO NOTHING";
    let Transition { name, by, of, asked_before, distinct, summary, at: _ } = transition;
    let who = by.as_ref().map(|by| (&by.name, &by.id)).unzip();
    let (of, asked_before) = (some(of), some(asked_before));
    let row = params![
        n,
        EnumText(name),
        distinct,
        At(at),
        At(seen_at),
        old,
        who.0,
        who.1,
        summary,
        moot.is_some(),
        of,
        asked_before,
        moot.map(EnumText)
    ];
    let inserted = run(conn, sql, row)?;
    Ok((inserted == 1).then(|| conn.last_insert_rowid()))
}

/// Takes what happened to item `n` off the record where it was old when it was recorded; true where it was there.
pub(super) fn take_back_old(conn: &Connection, n: i64, transition: &Transition) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM events WHERE item = ?1 AND name = ?2 AND distinct_by = ?3 AND old = 1";
    Ok(run(conn, sql, params![n, EnumText(transition.name), transition.distinct])? > 0)
}

/// As a column has a list; NULL where it is empty.
fn some<T: Serialize>(list: &[T]) -> Option<Json<&[T]>> {
    (!list.is_empty()).then_some(Json(list))
}

/// Names of events as a list in SQL.
pub(super) fn sql_list(names: &[EventName]) -> String {
    let sql_list: Vec<_> = names.iter().map(|name| format!("'{}'", name.name())).collect();
    sql_list.join(", ")
}

/// True where the same, by its name, happened to item `n` before that event, and was seen since then.
pub(super) fn has_happened_since(
    conn: &Connection,
    n: i64,
    event: &Event,
    since: Timestamp,
) -> rusqlite::Result<bool> {
    let sql =
        "SELECT EXISTS (SELECT 1 FROM events WHERE item = ?1 AND name = ?2 AND id < ?3 AND seen_at >= ?4)";
    let row = params![n, EnumText(event.name), event.id, At(since)];
    Ok(one(conn, sql, row, |row| row.get(0))?.unwrap_or_default())
}

/// True where of what has happened to item `n` since the last of `over` some is among `what`, and none of that was news.
pub(super) fn all_moot(conn: &Connection, n: i64, Ends { what, over }: Ends) -> rusqlite::Result<bool> {
    let sql = format!(
        "SELECT count(*) > 0 AND min(moot) FROM events WHERE item = ?1 AND name IN ({}) AND id >
         (SELECT coalesce(max(id), 0) FROM events WHERE item = ?1 AND name IN ({}))",
        sql_list(what),
        sql_list(over)
    );
    Ok(one(conn, &sql, [n], |row| row.get::<_, Option<bool>>(0))?.flatten().unwrap_or(false))
}

/// True where item `n`, which nobody has any more, was silenced ever since it began, or came back: nothing of that was news.
/// Also where that it is free was recorded as its beginning before, by what distinguishes it.
pub(super) fn begins_as_news(conn: &Connection, n: i64, distinct: &str) -> rusqlite::Result<bool> {
    let begins = sql_list(&[EventName::Triggered, EventName::Unacknowledged]);
    let (began, over) = (EventName::Triggered.name(), EventName::Resolved.name());
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM events WHERE item = ?1 AND name = '{began}' AND distinct_by = ?2) OR
         (SELECT count(*) > 0 AND min(moot_because IS ?3) FROM events WHERE item = ?1 AND name IN ({begins}) AND id >
          (SELECT coalesce(max(id), 0) FROM events WHERE item = ?1 AND name = '{over}'))"
    );
    let silenced = EnumText(MootCause::Silenced);
    Ok(one(conn, &sql, params![n, distinct, silenced], |row| row.get(0))?.unwrap_or_default())
}

/// Puts what happened to one item on the record of another, once: what that has on its own record too is dropped here.
pub(super) fn move_to(conn: &Connection, from: i64, to: i64) -> rusqlite::Result<()> {
    run(conn, "UPDATE OR IGNORE events SET item = ?2 WHERE item = ?1", params![from, to])?;
    run(conn, "DELETE FROM events WHERE item = ?1", [from]).map(drop)
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: row.get(0)?,
        item: key(row, 1)?,
        name: row.get::<_, EnumText<_>>(4)?.0,
        at: row.get::<_, At>(5)?.0,
        seen_at: row.get::<_, Clock>(6)?.0,
        old: row.get::<_, Flag>(7)?.0,
        by: who(row, 8)?,
        summary: row.get(10)?,
        moot: row.get::<_, Flag>(11)?.0,
        moot_because: row.get::<_, Option<EnumText<_>>>(14)?.map(|it| it.0),
        of: row.get::<_, Option<Json<_>>>(12)?.map(|it| it.0).unwrap_or_default(),
        asked_before: row.get::<_, Option<Json<_>>>(13)?.map(|it| it.0).unwrap_or_default(),
    })
}

/// From their name and, in the column after it, their id.
fn who(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<User>> {
    let (name, id) = (row.get::<_, Option<String>>(at)?, row.get::<_, Option<String>>(at + 1)?);
    Ok(name.map(|name| match id {
        Some(id) => User { id, name },
        None => User::named(name),
    }))
}

pub(super) const SELECT: &str =
    "SELECT e.id, i.account, i.kind, i.id, e.name, e.at, e.seen_at, e.old, e.who, e.who_id, e.summary, e.moot,
                      e.of_whom, e.asked_before, e.moot_because FROM events e JOIN items i ON i.n = e.item";

/// The events with these numbers that are still on the record and can be read, in order.
pub(super) fn by_ids(conn: &Connection, ids: &[i64]) -> rusqlite::Result<Vec<Event>> {
    let sql = format!("{SELECT} WHERE e.id = ?1");
    let found: rusqlite::Result<Vec<_>> = ids.iter().map(|id| all(conn, &sql, [id], read)).collect();
    Ok(found?.concat())
}

/// Reads the rows of a query from the columns of [`SELECT`] while `choose` says so.
fn list(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    mut choose: impl FnMut(&Row<'_>, &Events) -> rusqlite::Result<Choice>,
) -> rusqlite::Result<Events> {
    let mut found = Events::default();
    each(conn, sql, params, |row| {
        match choose(row, &found)? {
            Choice::Take => {}
            Choice::Leave => return Ok(ControlFlow::Continue(())),
            Choice::End => return Ok(ControlFlow::Break(())),
        }
        match read(row) {
            Ok(event) => found.events.push(event),
            Err(error) if is_unreadable(&error) => found.unreadable.push(row.get(0)?),
            Err(error) => return Err(error),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// What becomes of a row in a list.
enum Choice {
    Take,
    Leave,
    /// Neither this one nor any after it is in the list.
    End,
}

/// Deletes, among the `limit` events after number `after`, those seen before `before` that nothing still needs:
/// no notification to be shown, no message to be delivered. Gives the last number looked at, where there was one
/// old enough, and how many were deleted.
pub(super) fn prune(
    conn: &Connection,
    after: i64,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<Option<(i64, usize)>> {
    let sql = "SELECT max(id) FROM (SELECT id, seen_at FROM events WHERE id > ?1 ORDER BY id LIMIT ?3)
               WHERE seen_at < ?2";
    let last = one(conn, sql, params![after, At(before), limit], |row| row.get::<_, Option<i64>>(0))?;
    let Some(last) = last.flatten() else { return Ok(None) };
    let sql = format!(
        "DELETE FROM events WHERE id > ?1 AND id <= ?2 AND seen_at < ?3
         AND NOT EXISTS (SELECT 1 FROM decisions WHERE event = events.id AND notice = 'pending')
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = events.id AND state IN {LIVE})"
    );
    let deleted = run(conn, &sql, params![after, last, At(before)])?;
    Ok(Some((last, deleted)))
}

/// True where nothing that was recorded earlier can have been seen since: events are numbered as they are seen, but for
/// a clock that was set back, which is taken to be wrong by a day at most.
pub(super) fn is_long_before(seen_at: Timestamp, since: Timestamp) -> bool {
    since.duration_since(seen_at) > SignedDuration::from_hours(24)
}

impl Store {
    /// An event, where it is on the record.
    pub async fn event(&self, id: i64) -> Result<Option<Event>, StoreError> {
        self.read(move |conn| one(conn, &format!("{SELECT} WHERE e.id = ?1"), [id], read)).await
    }

    /// The events with numbers above `after`, in order, at most `limit`: for those who follow.
    pub async fn events_after(&self, after: i64, limit: u32) -> Result<Events, StoreError> {
        self.read(move |conn| {
            let sql = format!("{SELECT} WHERE e.id > ?1 ORDER BY e.id LIMIT ?2");
            list(conn, &sql, params![after, limit], |_, _| Ok(Choice::Take))
        })
        .await
    }

    /// The latest events with numbers below `before` (`None`: of all), newest first, at most `limit`.
    pub async fn events_before(&self, before: Option<i64>, limit: u32) -> Result<Events, StoreError> {
        self.events_since(Timestamp::MIN, before, limit).await
    }

    /// Those of them that were seen at or after `since`; one of which that cannot be read may be.
    pub async fn events_since(
        &self,
        since: Timestamp,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Events, StoreError> {
        self.read(move |conn| {
            let sql = format!("{SELECT} WHERE e.id < ?1 ORDER BY e.id DESC");
            let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
            list(conn, &sql, [before.unwrap_or(i64::MAX)], |row, found| {
                let seen_at = Lenient::new(row).get::<Clock>(6)?.map(|at| at.0);
                Ok(match seen_at {
                    _ if found.len() >= wanted => Choice::End,
                    Some(seen_at) if is_long_before(seen_at, since) => Choice::End,
                    Some(seen_at) if seen_at < since => Choice::Leave,
                    _ => Choice::Take,
                })
            })
        })
        .await
    }

    /// What happened to an item, newest first, at most `limit`.
    pub async fn events_of(&self, key: &ItemKey, limit: u32) -> Result<Events, StoreError> {
        let key = key.clone();
        self.read(move |conn| {
            let sql = format!(
                "{SELECT} WHERE e.item = (SELECT n FROM items WHERE account = ?1 AND kind = ?2 AND id = ?3)
                 ORDER BY e.id DESC LIMIT ?4"
            );
            let row = params![key.account.as_str(), key.kind.name(), key.id, limit];
            list(conn, &sql, row, |_, _| Ok(Choice::Take))
        })
        .await
    }
}
