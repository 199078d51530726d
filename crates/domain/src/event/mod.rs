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
//! - **Lasting facts are told once**, in whatever order and however often the snapshots arrive: each run's verdict, each
//!   review that is not taken back, a merge, the last closing, the beginning and the end of the newest occurrence of an
//!   incident, that the newest request for an approval was asked, and how it ended.
//! - **No event is told twice**: `(name, distinct)` never comes back. The store's unique column is a second lock, not
//!   the first.
//! - **The stored state does not depend on the order** in which snapshots arrived.
//! - **In order means exact**: while snapshots arrive in order, with old ones repeated in between, the events are those of
//!   the history. A poll that runs ahead of the webhooks skips what was over by then (it queued, it ran, checks turned
//!   and turned back) and nothing else.
//!
//! - **An inferred end never outranks a sighting.** That a complete listing lacks an incident ([`missed`]) is no snapshot:
//!   it has no version and takes no part in the join. It marks the state, until the incident is seen again or the service
//!   tells the end. So after the next sighting the state is what the snapshots alone make of it.
//!
//! # What does not follow, and why
//!
//! - A run is judged (`failed`, `fixed`, ...) by the verdicts known at that time. If an older verdict comes later, what was
//!   told stays told.
//! - A run's first verdict is told. If the service changes its mind about the same attempt, the state follows, silently.
//! - Where a service's counter begins anew, a run of the one before is forgotten once another has its number.
//! - A run that is older than all kept ones of a full list is ignored; so is an earlier occurrence of an incident, and an
//!   earlier request under the id of an approval.
//! - A sighting of an incident that does not say when that began belongs to the occurrence that is known, as long as that goes
//!   on; after its end it is another. So a sighting from before the end that arrives after it looks like another occurrence.
//! - Two snapshots of the same version that contradict each other: the later received wins (but merged and closed win
//!   against open, and the further status of an incident or approval against the other, unless the order is known: [`compare_read`]).
//!   Services count versions in seconds, so this happens; only then the store's unique column may be needed, and so it may when a branch is pushed back to a commit
//!   whose checks had been told.

mod approval;
mod build;
mod incident;
pub(crate) mod pull_request;

use std::{cmp::Ordering, ops::RangeInclusive};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Detail, Item, ItemKey, User};

/// How long an open pull request may be untouched before it is [`EventName::Stale`]: 7 days.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What happened. The names are those of rules, JSON and the command line.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
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
    /// Pull request: somebody's review is asked for, or a team's: one event for each of them.
    ReviewRequested,
    /// Pull request: somebody approved. Approval: everybody whose yes was needed has given it.
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
    /// Incident: who had it has let it go, and people are paged again.
    Unacknowledged,
    /// Incident: passed on to the next level.
    Escalated,
    /// Incident: other people are asked to take it.
    Reassigned,
    /// Incident: over.
    Resolved,
    /// Approval: somebody asks for a yes.
    Requested,
    /// Approval: somebody said no.
    Denied,
    /// Approval: its time was up before it was answered.
    Expired,
    /// Approval: what was asked for has changed, or is asked for by another request.
    Superseded,
}

impl EventName {
    /// The word for it in rules, JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Fixed => "fixed",
            Self::StillFailing => "still_failing",
            Self::Canceled => "canceled",
            Self::Opened => "opened",
            Self::ReviewRequested => "review_requested",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
            Self::ChecksFailed => "checks_failed",
            Self::ChecksPassed => "checks_passed",
            Self::Merged => "merged",
            Self::Closed => "closed",
            Self::Stale => "stale",
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Escalated => "escalated",
            Self::Reassigned => "reassigned",
            Self::Resolved => "resolved",
            Self::Requested => "requested",
            Self::Denied => "denied",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
}

/// Something that happened to an item, before the store has given it a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Transition {
    /// What.
    pub name: EventName,
    /// When, by the service's clock, where it says.
    pub at: Option<Timestamp>,
    /// Who did it, where the service says.
    pub by: Option<User>,
    /// See [`Event::of`].
    pub of: Vec<User>,
    /// See [`Event::asked_before`].
    pub asked_before: Vec<String>,
    /// What tells it from other transitions of that name of the same item (a run's number, a review's author and
    /// time, whom it asks and since when): with the item's key and the name it makes the natural key by which the store
    /// keeps each event once.
    pub distinct: String,
    /// One line for a person: "web main failed in unit tests after 31 green".
    pub summary: String,
}

impl Transition {
    /// Of no known time, by nobody known, asking nobody in particular, and told once for each item.
    pub fn new(name: EventName, summary: String) -> Self {
        let (of, asked_before) = (Vec::new(), Vec::new());
        Self { name, at: None, by: None, of, asked_before, distinct: String::new(), summary }
    }
}

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
    /// The ids of those who had been asked by then: to them it is no news.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub asked_before: Vec<String>,
    /// One line for a person, the same for everybody.
    pub summary: String,
}

/// Why what has happened was no news by the time it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum MootCause {
    /// It was over.
    Over,
    /// Somebody had acknowledged it.
    Acknowledged,
    /// It was silenced.
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
/// It is the same for whoever looks: what concerns me is for the rules, the board and notifications to say. The snapshot is
/// cleaned here ([`Item::clean`]); what is stored has been. A snapshot of another kind than what is stored under its key is a
/// connector's mistake and changes nothing.
///
/// The transitions are in the order in which they happened, as far as the service tells times.
pub fn compare(stored: Option<&Item>, snapshot: Item) -> Change {
    compare_in(stored, snapshot, Order::Unknown)
}

/// The same for a snapshot that was read from the service after all that is stored had been received: where both have the
/// same version, which counts seconds at most services, the snapshot is the later one.
pub fn compare_read(stored: Option<&Item>, snapshot: Item) -> Change {
    compare_in(stored, snapshot, Order::Later)
}

/// What is known of the order of what is stored and a snapshot of the same version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Nothing: webhooks overtake each other, and a poll that is under way.
    Unknown,
    /// The snapshot is later.
    Later,
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

/// What follows where a listing that should have an item lacks it: an incident is taken to be over, until it is seen
/// again. `since` is when the listing was asked for, by our clock; what has been seen since then is not missed, which is
/// the caller's to know. `None` for other kinds, whose absence is no end.
pub fn missed(stored: &Item, since: Timestamp) -> Option<Change> {
    let Detail::Incident(seen) = &stored.detail else { return None };
    let item = Item { detail: Detail::Incident(incident::missed(seen, since)), ..stored.clone() };
    Some(change(Some(stored), item))
}

/// A build without the runs that its service does not have any more, which is no news. `None` for other kinds, and where it
/// has none of these.
pub fn without_runs(stored: &Item, numbers: &RangeInclusive<u64>) -> Option<Item> {
    let Detail::Build(build) = &stored.detail else { return None };
    Some(Item { detail: Detail::Build(build::without(build, numbers)?), ..stored.clone() })
}

fn change(stored: Option<&Item>, item: Item) -> Change {
    let changed = stored != Some(&item);
    let transitions = if changed { transitions(stored, &item) } else { Vec::new() };
    Change { item, changed, transitions }
}

/// The transition of a pull request that nobody touches: open, no draft, and no activity for [`STALE_AFTER`].
///
/// No snapshot tells this, so the engine asks from time to time. The answer is the same until something happens to the
/// pull request: the store keeps it once for each quiet period.
pub fn stale(item: &Item, now: Timestamp) -> Option<Transition> {
    match &item.detail {
        Detail::PullRequest(pull_request) => pull_request::stale(item, pull_request, now),
        Detail::Build(_) | Detail::Incident(_) | Detail::Approval(_) => None,
    }
}

/// Both sides are settled. Title and URL come with the newer side, where it has them.
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

/// Of two things that a service said the later one. At the same time the greater one, so that the order of arrival does not
/// matter, unless the order is known.
fn later<'a, T: Ord, At: Ord>(
    old: Option<&'a T>,
    new: Option<&'a T>,
    at: impl Fn(&T) -> At,
    order: Order,
) -> Option<&'a T> {
    match (old, new) {
        (Some(was), Some(is)) if order == Order::Later && at(was) == at(is) => Some(is),
        (old, new) => old.into_iter().chain(new).max_by(|a, b| (at(a), *a).cmp(&(at(b), *b))),
    }
}

/// Brings a list into the form that [`join_lists`] takes and gives: sorted by `order`, equals joined, the `kept` first.
fn canonicalise_list<T: Clone>(
    list: &mut Vec<T>,
    kept: usize,
    order: impl Fn(&T, &T) -> Ordering,
    join: impl Fn(&T, T) -> T,
) {
    if !list.is_sorted_by(|a, b| order(a, b).is_lt()) {
        list.sort_by(&order);
        list.dedup_by(|later, earlier| {
            let same = order(earlier, later).is_eq();
            if same {
                *earlier = join(earlier, later.clone());
            }
            same
        });
    }
    list.truncate(kept);
}

/// Joins two settled lists: what both have is joined, and the `kept` first stay. So what would come after all of a full
/// list is ignored, and what fell off the end never comes back.
fn join_lists<T: Clone>(
    old: &[T],
    new: Vec<T>,
    kept: usize,
    order: impl Fn(&T, &T) -> Ordering,
    join: impl Fn(&T, T) -> T,
) -> Vec<T> {
    let mut joined = Vec::with_capacity(kept.min(old.len() + new.len()));
    let (mut old, mut new) = (old.iter().peekable(), new.into_iter().peekable());
    while joined.len() < kept {
        let next = match (old.peek(), new.peek()) {
            (Some(one), Some(other)) => match order(one, other) {
                Ordering::Less => old.next().cloned(),
                Ordering::Equal => old.next().zip(new.next()).map(|(one, other)| join(one, other)),
                Ordering::Greater => new.next(),
            },
            (Some(_), None) => old.next().cloned(),
            (None, _) => new.next(),
        };
        match next {
            Some(next) => joined.push(next),
            None => break,
        }
    }
    joined
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
