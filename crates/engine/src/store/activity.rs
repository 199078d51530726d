//! What happened in the last days, counted in the store.

use std::ops::ControlFlow;

use callboard_domain::{
    activity::{self, Counts, Day, Took},
    event::EventName,
};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    Store, StoreError,
    events::is_long_before,
    row::{At, Clock, EnumText, Lenient, all, each, one},
};

/// The events that activity counts, or that end what it measures; of all others nothing is written beside the table. This is
/// asked of each event that is written, and SQLite makes a table of a list of more than two each time.
macro_rules! counted {
    () => {
        "(name = 'passed' OR name = 'failed' OR name = 'fixed' OR name = 'still_failing' OR name = 'approved'
          OR name = 'changes_requested' OR name = 'acknowledged')"
    };
}

pub(super) const V2: &str = "
CREATE INDEX events_counted ON events (at, name, item)
    WHERE name IN ('passed', 'failed', 'fixed', 'still_failing', 'approved', 'changes_requested', 'acknowledged');";

/// The same index with a condition that costs less.
pub(super) const V3: &str = concat!(
    "DROP INDEX events_counted; CREATE INDEX events_counted ON events (at, name, item) WHERE ",
    counted!(),
    ";"
);

/// The counted events from `?1` to `?2`.
const COUNTED: &str =
    concat!("events INDEXED BY events_counted WHERE ", counted!(), " AND at >= ?1 AND at < ?2");

fn builds(conn: &Connection, day: &Day) -> rusqlite::Result<Counts> {
    let sql = format!(
        "SELECT total(name IN ('passed', 'fixed')), total(name IN ('failed', 'still_failing')) FROM {COUNTED}"
    );
    let found = one(conn, &sql, params![At(day.from), At(day.to)], |row| {
        let (passed, failed) = (row.get::<_, f64>(0)?, row.get::<_, f64>(1)?);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they are counts")]
        Ok(Counts { passed: passed as u32, failed: failed as u32, runs: 0 })
    })?;
    Ok(found.unwrap_or_default())
}

/// How long things took that ended in these days: one item at a time.
fn took(conn: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Vec<Took>> {
    let ended = "name IN ('fixed', 'approved', 'changes_requested', 'acknowledged')";
    let sql = format!("SELECT DISTINCT item FROM {COUNTED} AND {ended}");
    let items: Vec<i64> = all(conn, &sql, params![At(from), At(to)], |row| row.get(0))?;
    let mut found = Vec::new();
    for item in items {
        let sql = "SELECT at, name FROM events WHERE item = ?1 ORDER BY id";
        let events: Vec<(Timestamp, EventName)> =
            all(conn, sql, [item], |row| Ok((row.get::<_, At>(0)?.0, row.get::<_, EnumText<_>>(1)?.0)))?;
        found
            .extend(activity::took(&events).into_iter().filter(|it| from <= it.ended_at && it.ended_at < to));
    }
    Ok(found)
}

/// Counts the runs of each day, and gives how many may be of one of them and cannot be read. They are numbered as they
/// begin, but for a clock that was set back.
fn count_runs(conn: &Connection, days: &mut [(Day, Counts)]) -> rusqlite::Result<u32> {
    let Some(from) = days.first().map(|(day, _)| day.from) else { return Ok(0) };
    let mut unreadable = 0;
    each(conn, "SELECT started_at FROM runs ORDER BY n DESC", [], |row| {
        let Some(Clock(at)) = Lenient::new(row).get(0)? else {
            unreadable += 1;
            return Ok(ControlFlow::Continue(()));
        };
        if let Some((_, counts)) = days.iter_mut().find(|(day, _)| day.from <= at && at < day.to) {
            counts.runs += 1;
        }
        Ok(if is_long_before(at, from) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(unreadable)
}

/// How many events that may have happened since then cannot be counted: their names or times cannot be read.
fn unreadable_events(conn: &Connection, since: Timestamp) -> rusqlite::Result<u32> {
    let mut unreadable = 0;
    each(conn, "SELECT name, at, seen_at FROM events ORDER BY id DESC", [], |row| {
        let mut row = Lenient::new(row);
        if row.get::<Clock>(2)?.is_some_and(|seen_at| is_long_before(seen_at.0, since)) {
            return Ok(ControlFlow::Break(()));
        }
        let (name, at) = (row.get::<EnumText<EventName>>(0)?, row.get::<At>(1)?);
        if (name.is_none() || at.is_none()) && at.is_none_or(|at| at.0 >= since) {
            unreadable += 1;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(unreadable)
}

/// What is counted of some days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Each day, the oldest first.
    pub days: Vec<(Day, Counts)>,
    /// What ended in these days.
    pub took: Vec<Took>,
    /// How many events and runs that may be of these days cannot be read.
    pub unreadable: u32,
}

impl Store {
    /// What happened on these days, which follow each other, the oldest first.
    pub async fn activity(&self, days: Vec<Day>) -> Result<Counted, StoreError> {
        self.read(move |conn| {
            let (Some(first), Some(last)) = (days.first(), days.last()) else {
                return Ok(Counted::default());
            };
            let took = took(conn, first.from, last.to)?;
            let counted = days.iter().map(|day| Ok((*day, builds(conn, day)?)));
            let mut counted = counted.collect::<rusqlite::Result<Vec<_>>>()?;
            let unreadable = count_runs(conn, &mut counted)? + unreadable_events(conn, first.from)?;
            Ok(Counted { days: counted, took, unreadable })
        })
        .await
    }
}
