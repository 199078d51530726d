//! Events: what happened to an item, found by comparing what a source reports with what is stored.
//!
//! [`compare`] works in two steps that know nothing of each other:
//!
//! 1. **Join.** The snapshot is joined with the stored state. The join is idempotent, commutative and associative (a
//!    semilattice), so that repeated, late and reordered snapshots do no harm. What is a set is joined as a set: runs
//!    by `(number, attempt)`, reviews by `(by, at)`. What is one value is a register by the service's own version.
//! 2. **Compare.** The transitions are a function of the stored state and the joined one, and of nothing else. What
//!    does not change the state makes no event.
//!
//! # What follows
//!
//! Take one item's true history, and snapshots of it: full ones from polls, partial ones from webhooks.
//!
//! - **Lasting facts are reported once**, in whatever order and however often the snapshots arrive: each run's verdict (but
//!   for another attempt at an old run, see below), each review that is not taken back, a merge, the last closing, the beginning
//!   and the end of the newest occurrence of an incident, that the newest request for an approval was asked, and how it ended.
//! - **No event is reported twice**: `(name, distinct)` never comes back. The store's unique column is a second lock, not
//!   the first.
//! - **The stored state does not depend on the order** in which snapshots arrived.
//! - **In order means exact**: while snapshots arrive in order, with old ones repeated in between, the events are those of
//!   the history. A poll that runs ahead of the webhooks skips what was over by then (it queued, it ran, checks turned
//!   and turned back) and nothing else.
//!
//! - **An inferred end never outranks a sighting.** Absence from a complete listing ([`missed`]) is no snapshot:
//!   it has no version and takes no part in the join. It marks the state, until the incident is seen again or the service
//!   reports the end. So after the next sighting the state is what the snapshots alone make of it.
//!
//! # What does not follow, and why
//!
//! - A run is judged (`failed`, `fixed`, ...) by the verdicts known at that time. If an older verdict comes later, the event
//!   that was reported is not corrected.
//! - A run that ends once the verdict of a later one is known says nothing about the branch, and is called an earlier run: it
//!   makes no branch green again. Of another attempt at such a run nothing is reported.
//! - A run's first verdict is reported. If the service changes its mind about the same attempt, the state follows, silently.
//! - Where a service's counter restarts, a run of the one before is forgotten once another has its number.
//! - A run that is older than all kept ones of a full list is ignored; so is an earlier occurrence of an incident, and an
//!   earlier request under the id of an approval.
//! - The beginning of an incident may move back. Two reports that overlap in time are of one occurrence, which began at the
//!   earlier of their beginnings, and is reported once. Where they do not overlap, only the order can show it: what is listed
//!   now as begun before what is known ([`compare_read`]) is no earlier occurrence. It is the one that goes on, or it is back.
//! - A sighting of an incident that does not say when that began belongs to the occurrence that is known, as long as that goes
//!   on; after its end it is another. So a sighting from before the end that arrives after it looks like another occurrence.
//! - Two snapshots of the same version that contradict each other: the later received wins (but merged and closed win
//!   against open, and the further status of an incident or approval against the other, unless the order is known: [`compare_read`]).
//!   Services count versions in seconds, so this happens. Only then may the store's unique column be needed, and when a branch
//!   is pushed back to a commit whose checks had been reported.

mod approval;
mod build;
mod incident;
mod join;
mod name;
pub(crate) mod pull_request;
mod transition;

use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::item::{Build, Detail, Item, ItemKey, User};
use join::Order;
pub use name::EventName;
pub use pull_request::STALE_AFTER;
pub use transition::Transition;

/// Something that happened, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
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
    /// True where it was over by the time it was seen, or is the end of what was: on the record, never notified.
    #[serde(default, skip_serializing_if = "is_false")]
    #[ts(as = "Option<bool>", optional)]
    pub moot: bool,
    /// Why it is moot, where it is. `None` where an earlier version recorded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub moot_because: Option<MootCause>,
    /// Who did it, where the service says.
    pub by: Option<User>,
    /// Whom it asks for something: the reviewer, or the team by the id `team/ORGANISATION/NAME`; those an incident is
    /// assigned to now. Whether that is me is for [`crate::rules::concerns_me`]. Empty where it asks nobody in particular, and
    /// where an earlier version recorded it: that recorded requests for a review of its own account's user alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<User>>", optional)]
    pub of: Vec<User>,
    /// The ids of those who had been asked before: to them it is nothing new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub asked_before: Vec<String>,
    /// One line for a person, the same for everybody.
    pub summary: String,
}

/// Why an event was moot by the time it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum MootCause {
    /// It was over.
    Over,
    /// Somebody had acknowledged it.
    Acknowledged,
    /// Its service suppressed it: it was silenced, inhibited or muted.
    Silenced,
}

fn is_false(it: &bool) -> bool {
    !it
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

/// Joins a snapshot with what is stored of the same item, and finds what happened.
///
/// It is the same for every user: what concerns me is decided by the rules, the board and notifications. The snapshot is
/// cleaned here ([`Item::clean`]); what is stored has been. A snapshot of another kind than what is stored under its key is a
/// connector's mistake and changes nothing.
///
/// The transitions are in the order in which they happened, as far as the service gives times.
pub fn compare(stored: Option<&Item>, snapshot: Item) -> Change {
    compare_in(stored, snapshot, Order::Unknown)
}

/// The same for a snapshot that was read from the service after all that is stored had been received: where both have the
/// same version, which counts seconds at most services, the snapshot is the later one. So it is of a pull request, and of a
/// run that is as far, whatever their versions: clocks are put right, and servers restored.
pub fn compare_read(stored: Option<&Item>, snapshot: Item) -> Change {
    compare_in(stored, snapshot, Order::Later)
}

fn compare_in(stored: Option<&Item>, mut snapshot: Item, order: Order) -> Change {
    snapshot.clean();
    match &mut snapshot.detail {
        Detail::Build(build) => build::canonicalise(build),
        Detail::PullRequest(pull_request) => pull_request::canonicalise(pull_request),
        Detail::Incident(incident) => incident::canonicalise(incident),
        Detail::Approval(approval) => approval::canonicalise(approval),
    }
    let item = match stored {
        Some(stored) => join(stored, snapshot, order),
        None => snapshot,
    };
    change(stored, item)
}

/// What follows where an item is absent from a listing that should have it: an incident is taken to be over, until it is seen
/// again. `since` is when the listing was asked for, by our clock; what has been seen since then is not missed, which is
/// the caller's to know. `None` for other kinds, whose absence is no end.
pub fn missed(stored: &Item, since: Timestamp) -> Option<Change> {
    let Detail::Incident(seen) = &stored.detail else { return None };
    let item = Item { detail: Detail::Incident(incident::missed(seen, since)), ..stored.clone() };
    Some(change(Some(stored), item))
}

/// A build without the runs that its service has deleted, which makes no event. `None` for other kinds, and where it
/// has none of these.
pub fn without_runs(stored: &Item, numbers: &RangeInclusive<u64>) -> Option<Item> {
    let Detail::Build(build) = &stored.detail else { return None };
    let left = build::without(build, numbers)?;
    // A link to a run that is gone leads to the newest one that is left.
    let is_of = |build: &Build| build.runs.iter().any(|run| run.url.is_some() && run.url == stored.url);
    let newest = left.latest().filter(|_| is_of(build) && !is_of(&left)).map(|run| run.url.clone());
    let url = newest.unwrap_or_else(|| stored.url.clone());
    Some(Item { url, detail: Detail::Build(left), ..stored.clone() })
}

fn change(stored: Option<&Item>, item: Item) -> Change {
    let changed = stored != Some(&item);
    let transitions = if changed { transitions(stored, &item) } else { Vec::new() };
    Change { item, changed, transitions }
}

/// The transition of a pull request that nobody touches: open, no draft, and no activity for [`STALE_AFTER`].
///
/// No snapshot shows this, so the engine asks from time to time. The answer is the same until something happens to the
/// pull request: the store keeps it once for each quiet period.
pub fn stale(item: &Item, now: Timestamp) -> Option<Transition> {
    match &item.detail {
        Detail::PullRequest(pull_request) => pull_request::stale(item, pull_request, now),
        Detail::Build(_) | Detail::Incident(_) | Detail::Approval(_) => None,
    }
}

/// Both sides are canonical. Title and URL come with the newer side, where it has them.
fn join(stored: &Item, snapshot: Item, order: Order) -> Item {
    let [had_title, has_title] = [stored, &snapshot].map(|item| !item.given_title().is_empty());
    let (detail, newer) = match (&stored.detail, snapshot.detail) {
        (Detail::Build(old), Detail::Build(new)) => {
            let newer = build::is_newer(old, &new);
            (Detail::Build(build::join(old, new, order)), newer)
        }
        (Detail::PullRequest(old), Detail::PullRequest(new)) => {
            let newer = pull_request::is_newer(old, &new, order);
            (Detail::PullRequest(pull_request::join(old, new, order)), newer)
        }
        (Detail::Incident(old), Detail::Incident(new)) => {
            let newer = incident::is_newer(old, &new, order);
            (Detail::Incident(incident::join(old, new, order)), newer)
        }
        (Detail::Approval(old), Detail::Approval(new)) => {
            let newer = approval::is_newer(old, &new, order);
            (Detail::Approval(approval::join(old, new, order)), newer)
        }
        // Of two kinds: see `compare`.
        (Detail::Build(_) | Detail::PullRequest(_) | Detail::Incident(_) | Detail::Approval(_), _) => {
            return stored.clone();
        }
    };
    let keep = |old_is_known: bool, new_is_known: bool| old_is_known && !(newer && new_is_known);
    let title = match keep(had_title, has_title) {
        true => stored.title.clone(),
        false => snapshot.title,
    };
    let url = match keep(stored.url.is_some(), snapshot.url.is_some()) {
        true => stored.url.clone(),
        false => snapshot.url,
    };
    Item { key: snapshot.key, title, url, detail }
}

fn transitions(stored: Option<&Item>, item: &Item) -> Vec<Transition> {
    let stored = stored.map(|stored| &stored.detail);
    match (stored, &item.detail) {
        (Some(Detail::Build(old)), Detail::Build(new)) => build::transitions(Some(old), new),
        (_, Detail::Build(new)) => build::transitions(None, new),
        (Some(Detail::PullRequest(old)), Detail::PullRequest(new)) => {
            pull_request::transitions(Some(old), new, item)
        }
        (_, Detail::PullRequest(new)) => pull_request::transitions(None, new, item),
        (Some(Detail::Incident(old)), Detail::Incident(new)) => incident::transitions(Some(old), new, item),
        (_, Detail::Incident(new)) => incident::transitions(None, new, item),
        (Some(Detail::Approval(old)), Detail::Approval(new)) => approval::transitions(Some(old), new, item),
        (_, Detail::Approval(new)) => approval::transitions(None, new, item),
    }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
