//! What is kept for how long.

use std::time::Duration;

use callboard_domain::item::Kind;
use jiff::Timestamp;

use super::{
    Store, StoreError, audit_chain, builtin_room, deliveries, events, hooks, items,
    row::{self, one, run},
    runs,
};

/// Rows that are deleted in one step, which those who write may have to wait for.
const STEP: u32 = 500;

/// What is nothing without the row that it is of: its table, the column that names that row, and the table and column
/// where that row is. It is deleted with that row (notes by `sources::end`), but not by a program that does not ask SQLite to
/// see to that, and nothing else would ever delete it.
const PARTS: [[&str; 4]; 5] = [
    ["decisions", "event", "events", "id"],
    ["run_output", "run", "runs", "id"],
    ["run_steps", "run", "runs", "id"],
    ["run_items", "run", "runs", "id"],
    ["notes", "account", "sources", "account"],
];

const DAY: Duration = Duration::from_secs(86_400);

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Events, runs, deliveries and the audit log. What is still to be shown or delivered is kept longer.
    pub record: Duration,
    /// Items that are over, from their last change. Those that events on the record speak of are kept longer.
    pub items: Duration,
    /// The ids of webhook deliveries.
    pub hooks: Duration,
    /// Messages in the built-in room.
    pub room: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { record: 90 * DAY, items: 30 * DAY, hooks: 7 * DAY, room: 90 * DAY }
    }
}

/// How many rows were deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Deliveries.
    pub deliveries: usize,
    /// Events.
    pub events: usize,
    /// Runs.
    pub runs: usize,
    /// Items.
    pub items: usize,
    /// Ids of webhook deliveries.
    pub hooks: usize,
    /// Messages in the built-in room.
    pub room: usize,
    /// Entries of the audit log.
    pub audit: usize,
    /// Parts of events, runs and accounts that are not there.
    pub dangling: usize,
}

impl Store {
    /// Deletes what has been kept long enough, in small steps between which others write.
    pub async fn prune(&self, now: Timestamp, keep: Retention) -> Result<Pruned, StoreError> {
        let before = |kept: Duration| row::before(now, kept);
        let record = before(keep.record);
        let mut pruned = Pruned {
            deliveries: self.in_steps(move |conn| deliveries::prune(conn, record, STEP)).await?,
            ..Pruned::default()
        };
        let mut after = 0;
        while let Some((last, deleted)) =
            self.write(move |conn| events::prune(conn, after, record, STEP)).await?
        {
            after = last;
            pruned.events += deleted;
        }
        pruned.runs = self.in_steps(move |conn| runs::prune(conn, record, STEP)).await?;
        pruned.audit = self.in_steps(move |conn| audit_chain::prune(conn, record, STEP)).await?;
        let over = before(keep.items);
        for kind in Kind::ALL {
            pruned.items += self.in_steps(move |conn| items::prune(conn, kind, over, STEP)).await?;
        }
        let seen = before(keep.hooks);
        pruned.hooks = self.in_steps(move |conn| hooks::prune(conn, seen, STEP)).await?;
        let posted = before(keep.room);
        pruned.room = self.in_steps(move |conn| builtin_room::prune(conn, posted, STEP)).await?;
        pruned.dangling = self.prune_dangling().await?;
        Ok(pruned)
    }

    async fn prune_dangling(&self) -> Result<usize, StoreError> {
        let mut sum = 0;
        for [table, column, of, key] in PARTS {
            let dangling = format!(
                "FROM {table} WHERE NOT EXISTS (SELECT 1 FROM {of} WHERE {of}.{key} = {table}.{column})"
            );
            // There is hardly ever any: those who write do not wait for the search.
            let look = format!("SELECT 1 {dangling} LIMIT 1");
            if self.read(move |conn| one(conn, &look, [], |_| Ok(()))).await?.is_some() {
                let delete = format!("DELETE {dangling}");
                sum += self.write(move |conn| run(conn, &delete, [])).await?;
            }
        }
        Ok(sum)
    }

    /// Repeats a step until it finds nothing more to delete.
    async fn in_steps(
        &self,
        step: impl Fn(&rusqlite::Connection) -> rusqlite::Result<usize> + Copy + Send + 'static,
    ) -> Result<usize, StoreError> {
        let mut sum = 0;
        loop {
            match self.write(step).await? {
                0 => return Ok(sum),
                deleted => sum += deleted,
            }
        }
    }
}
