//! Events: what happened to an item, found by comparing two snapshots of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Item, ItemKey};

/// What happened. The names are those of rules, JSON and the command line.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// Build: a run waits.
    Queued,
    /// Build: a run began.
    Running,
    /// Build: passed, and the run before it had too (or is not known).
    Passed,
    /// Build: failed, and the run before it had not.
    Failed,
    /// Build: passed after a failure.
    Fixed,
    /// Build: failed after a failure.
    StillFailing,
    /// Build: ended without a verdict.
    Canceled,
    /// Pull request: opened (or opened again).
    Opened,
    /// Pull request: my review is asked for.
    ReviewRequested,
    /// Pull request: somebody approved.
    Approved,
    /// Pull request: somebody asked for changes.
    ChangesRequested,
    /// Pull request: its checks turned bad.
    ChecksFailed,
    /// Pull request: its checks turned good.
    ChecksPassed,
    /// Pull request: merged.
    Merged,
    /// Pull request: closed without merging.
    Closed,
    /// Pull request: open and untouched for [`STALE_AFTER`].
    Stale,
    /// Incident: began, or began again.
    Triggered,
    /// Incident: somebody has it.
    Acknowledged,
    /// Incident: passed on to the next level.
    Escalated,
    /// Incident: over.
    Resolved,
}

/// Something that happened to an item, before the store has given it a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// What.
    pub name: EventName,
    /// When, by the service's clock, where it says.
    pub at: Option<Timestamp>,
    /// Who did it, where the service says.
    pub by: Option<String>,
    /// What tells it from other transitions of that name of the same item (a run's number, a review's author and
    /// time): with the item's key and the name it makes the natural key by which the store keeps each event once.
    pub distinct: String,
    /// One line for a person: "web main failed in unit tests after 31 green".
    pub summary: String,
}

/// Something that happened, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The store's number for it: later events have higher ones.
    pub id: i64,
    /// What it happened to.
    pub item: ItemKey,
    /// What happened.
    pub name: EventName,
    /// When it happened, by the service's clock where it says, else when it was seen.
    pub at: Timestamp,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// True where it happened before the account was first watched: on the record, never notified.
    pub old: bool,
    /// Who did it, where the service says.
    pub by: Option<String>,
    /// One line for a person.
    pub summary: String,
}

/// What a snapshot adds to what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The joined state, to be stored.
    pub item: Item,
    /// True where the joined state differs from the stored one.
    pub changed: bool,
    /// What happened, in order.
    pub transitions: Vec<Transition>,
}
