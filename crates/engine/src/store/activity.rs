//! What happened in the last days, counted where it stands.

use std::ops::ControlFlow;

use callboard_domain::{
    activity::{self, Counts, Day, Took},
    event::EventName,
};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{
    Store, StoreError,
    row::{At, Word, all, each, one},
};

/// The events that activity counts, or that end what it measures; of all others nothing is written beside the table.
macro_rules! counted {
    () => {
        "name IN ('passed', 'failed', 'fixed', 'still_failing', 'approved', 'changes_requested', 'acknowledged')"
    };
}

pub(super) const V2: &str =
    concat!("CREATE INDEX events_counted ON events (at, name, item) WHERE ", counted!(), ";");

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
            all(conn, sql, [item], |row| Ok((row.get::<_, At>(0)?.0, row.get::<_, Word<_>>(1)?.0)))?;
        found
            .extend(activity::took(&events).into_iter().filter(|it| from <= it.ended_at && it.ended_at < to));
    }
    Ok(found)
}

/// Counts the runs of each day. They are numbered as they begin, but for a clock that was set back.
fn count_runs(conn: &Connection, days: &mut [(Day, Counts)]) -> rusqlite::Result<()> {
    let Some(from) = days.first().map(|(day, _)| day.from) else { return Ok(()) };
    each(conn, "SELECT started_at FROM runs ORDER BY n DESC", [], |row| {
        let at = row.get::<_, At>(0)?.0;
        if let Some((_, counts)) = days.iter_mut().find(|(day, _)| day.from <= at && at < day.to) {
            counts.runs += 1;
        }
        let is_long_before = from.duration_since(at) > SignedDuration::from_hours(24);
        Ok(if is_long_before { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })
}

impl Store {
    /// What happened on these days, which follow each other, the oldest first.
    pub async fn activity(&self, days: Vec<Day>) -> Result<(Vec<(Day, Counts)>, Vec<Took>), StoreError> {
        self.read(move |conn| {
            let (Some(first), Some(last)) = (days.first(), days.last()) else {
                return Ok((Vec::new(), Vec::new()));
            };
            let took = took(conn, first.from, last.to)?;
            let counted = days.iter().map(|day| Ok((*day, builds(conn, day)?)));
            let mut counted = counted.collect::<rusqlite::Result<Vec<_>>>()?;
            count_runs(conn, &mut counted)?;
            Ok((counted, took))
        })
        .await
    }
}
