//! The contract of what is watched: a source reports snapshots; it never says what changed.

use std::{fmt, ops::RangeInclusive, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    error::ServiceError,
    item::{Item, ItemKey, Kind},
};

/// Where a source left off: its own JSON text, opaque to everybody else, stored with the snapshots it came with.
///
/// Most services give times in whole seconds, and change a thing twice within one. So a cursor that remembers a time reads
/// on from that second, not from the one after it, and an equal time is no proof that nothing has changed: what is read
/// again does no harm, what is skipped is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// How long a poll reads on. One that has more to read by then returns what it has, as a part ([`Batch::partial`]): it
/// is looked at between two calls, so that nothing that was read is lost.
pub const READING_TIME: Duration = Duration::from_secs(15);

/// How long a poll may take in all. The caller gives up on one that takes longer, and what it has read is lost.
pub const POLL_TIME: Duration = Duration::from_secs(120);

/// The most bytes of a note ([`Received::note`]). A longer one is not kept.
pub const LONGEST_NOTE: usize = 4_096;

/// What one poll found.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The state of things; only what may have changed since the cursor need be here.
    pub snapshots: Vec<Item>,
    /// What certainly is not there any more.
    pub gone: Vec<Gone>,
    /// Single runs of builds that certainly are not there any more, though the build is.
    pub deleted_runs: Vec<DeletedRuns>,
    /// What was listed completely, as later polls list it again: an open item within it that is not in `snapshots` is
    /// gone. What a webhook has reported, and no poll since, is gone once a second listing lacks it: the first may be behind.
    pub complete: Vec<Scope>,
    /// Where nothing is there any more but `snapshots`, whatever webhooks have reported before: it was found out once, and
    /// no later poll says it again.
    pub emptied: Vec<Scope>,
    /// Where something else has the name by now: what is stored there of before this poll is of what had the name, and not
    /// what is reported under it, whether here or later.
    pub replaced: Vec<Scope>,
    /// Where the next poll goes on, with what this one could not check of the notes that it began with. `None` keeps the
    /// stored one, and those notes.
    pub cursor: Option<Cursor>,
    /// Where given, this is only a part of what there is to read: it is stored and shown at once, and the next poll goes
    /// on from `cursor` without a pause.
    pub partial: Option<Progress>,
    /// How many details (reviews, checks, jobs) of what this poll has listed are still to be read. A part that leaves another
    /// number of them than the one before has progressed.
    pub details_left: usize,
    /// What is left of the service's rate limit, where it says.
    pub rate_limit: Option<RateLimit>,
    /// Parts that could not be read; the rest is good.
    pub problems: Vec<Problem>,
}

/// How far a long poll has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Progress {
    /// How many of the watched parts (repositories, jobs) have been read.
    pub done: u32,
    /// How many there are.
    pub total: u32,
}

/// What a complete listing covered. Absence is evidence only within it, and only for items that the account still watches
/// ([`Source::watches`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The kind of item that was listed.
    pub kind: Kind,
    /// The one repository, project or service ([`Item::repo`]) that was listed; `None` for all that the account watches.
    pub repo: Option<String>,
}

impl Scope {
    /// All items of a kind that the account watches.
    pub fn all(kind: Kind) -> Self {
        Self { kind, repo: None }
    }

    /// True where the listing would have had the item.
    pub fn covers(&self, item: &Item) -> bool {
        self.kind == item.key.kind && self.repo.as_deref().is_none_or(|repo| repo == item.repo())
    }
}

/// An item that is not there any more. That makes no event: it leaves the board and every count, and the reason is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// Which.
    pub key: ItemKey,
    /// Why.
    pub reason: GoneReason,
}

/// Runs of a build that are not there any more. That makes no event: the build's status is that of the runs that are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedRuns {
    /// Of which build.
    pub key: ItemKey,
    /// Their numbers.
    pub numbers: RangeInclusive<u64>,
}

/// Why an item is not there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum GoneReason {
    /// The service says that it is deleted, or does not know it any more.
    Deleted,
    /// It is absent from a complete listing of the service: deleted, disabled or renamed.
    NotListed,
    /// It is disabled on the service.
    Disabled,
    /// It goes by another name now, and is kept under that.
    Renamed {
        /// The new name, as [`ItemKey::id`].
        to: String,
    },
    /// Its branch was deleted.
    BranchDeleted,
    /// Its branch is not the repository's default branch any more.
    NotDefaultBranch,
    /// The account's configuration does not watch it any more.
    NotWatched,
}

impl fmt::Display for GoneReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted => f.write_str("deleted on the service"),
            Self::NotListed => f.write_str("no longer listed by the service"),
            Self::Disabled => f.write_str("disabled on the service"),
            Self::Renamed { to } => write!(f, "renamed to {to}"),
            Self::BranchDeleted => f.write_str("its branch was deleted"),
            Self::NotDefaultBranch => f.write_str("its branch is no longer the default branch"),
            Self::NotWatched => f.write_str("no longer watched"),
        }
    }
}

/// A part of what the account watches that a poll did not see whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Problem {
    /// The part, as a person names it and as its items' references begin (`acme/web`); empty for the account as a whole.
    pub part: String,
    /// What it means for the board.
    pub kind: ProblemKind,
    /// Why, in plain words, and the remedy where one is known.
    pub why: String,
    /// The kind of items that it is about; all of the part's where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub of: Option<Kind>,
}

/// What a problem means for the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// Nothing of the part is seen: what needs somebody there is not on the board.
    NotSeen,
    /// There is more than was read: something that needs somebody may not be on the board.
    Incomplete,
    /// An entry could not be read and is left out.
    Malformed,
    /// The rows are there, and where they belong; something beside them (who made a silence, the jobs of a failed run)
    /// is not.
    Details,
}

impl Problem {
    /// A problem of that kind.
    pub fn new(kind: ProblemKind, part: impl Into<String>, why: impl Into<String>) -> Self {
        Self { part: part.into(), kind, why: why.into(), of: None }
    }

    /// About items of that kind alone, where one is given.
    #[must_use]
    pub fn of_kind(self, of: Option<Kind>) -> Self {
        Self { of, ..self }
    }

    /// True where nothing of the item was read: it is the part, or in it. Where a part is not named, it is not known which
    /// items were.
    pub fn leaves_unread(&self, item: &Item) -> bool {
        let rest = item.reference().strip_prefix(self.part.as_str()).filter(|_| !self.part.is_empty());
        let is_in_it = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '#', '@']));
        self.kind == ProblemKind::NotSeen && is_in_it && self.of.is_none_or(|kind| kind == item.key.kind)
    }

    /// True where something that needs a person may be missing from the board.
    pub fn hides(&self) -> bool {
        self.kind != ProblemKind::Details
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part.as_str() {
            "" => f.write_str(&self.why),
            part => write!(f, "{part}: {}", self.why),
        }
    }
}

/// How many calls a service still allows, as it last reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct RateLimit {
    /// Calls allowed in the window.
    pub limit: u32,
    /// Calls left in it.
    pub remaining: u32,
    /// When the window ends.
    #[serde(alias = "resets_at")]
    pub reset_at: Timestamp,
}

/// Something that can be watched.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads what is, as it is now: where a snapshot has the same version as what is stored, it is taken as the later one.
    /// Inert: timing, backoff, concurrency and cancellation (by dropping the future) are the caller's.
    /// One that takes long stops by itself after [`READING_TIME`] and returns a part.
    ///
    /// `now` is when the poll began. A second poll with the cursor of the first and nothing new in between finds
    /// nothing new.
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError>;

    /// True where the account's configuration covers the item. Does no IO. A stored item that it does not cover (any more)
    /// is [`GoneReason::NotWatched`], never over. It is asked after a poll of the whole, so that it may go by what polls
    /// have learnt (the new name of a repository).
    fn watches(&self, item: &Item) -> bool;

    /// The cursor that a poll begins with: the stored one, with what webhooks have noted since the last poll
    /// ([`Received::note`]). Pure, and the same for notes that it has already. A note that cannot be read is of another
    /// version, and is passed over. Without a cursor there is nothing to note: the first poll asks for everything.
    fn with_notes(&self, cursor: Option<&Cursor>, notes: &[String]) -> Option<Cursor> {
        let _ = notes;
        cursor.cloned()
    }
}

/// How a service's webhooks are read.
pub trait Hook: Send + Sync {
    /// Checks who sent it as far as the headers show, before the body is read.
    fn admit(&self, headers: &http::HeaderMap) -> Result<(), HookError>;

    /// Checks who sent it, over the raw bytes, then reads what it says.
    fn receive(&self, headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<Received, HookError>;
}

/// What a webhook reported.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// The service's id of this delivery, by which a repeated one is known.
    pub delivery: Option<String>,
    /// The state of things. Empty for a delivery that is well-formed and of no interest, such as a ping.
    pub snapshots: Vec<Item>,
    /// Single things that are not there any more, with the reason.
    pub gone: Vec<Gone>,
    /// True where it says that something changed, and not all of what: the account is polled soon.
    pub poll: bool,
    /// Where a part of it cannot be read: which field, and why. The account is polled for it, and its page says so.
    pub unread: Option<String>,
    /// What the next poll must know of it, though the program may end before: in the source's own form, at most
    /// [`LONGEST_NOTE`] bytes. That poll begins with it ([`Source::with_notes`]).
    pub note: Option<String>,
}

/// Why a webhook is refused, or not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// It does not prove who sent it (401). The text says what was expected, never a secret.
    #[error("{0}")]
    Unsigned(String),
    /// Its body is not what the service sends (202, as the account is polled for it). The text says which field, and why.
    #[error("{0}")]
    Malformed(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::examples::{build, pull_request};

    #[test]
    fn item_is_unread_where_a_named_part_that_has_it_is_not_seen() {
        use ProblemKind::{Details, Incomplete, Malformed, NotSeen};
        // the problem, the kind of items that it is about -> whether the build `acme/web/ci@main` is unread, and whether
        // `acme/web#479` is
        let cases = [
            ((NotSeen, "acme/web"), None, (true, true)),
            ((NotSeen, "acme/web"), Some(Kind::Build), (true, false)),
            ((NotSeen, "acme/web"), Some(Kind::PullRequest), (false, true)),
            ((NotSeen, "acme"), None, (true, true)),
            ((NotSeen, "acme/web/ci@main"), None, (true, false)),
            ((NotSeen, "acme/web/ci"), None, (true, false)),
            ((NotSeen, "acme/web#479"), None, (false, true)),
            ((NotSeen, "acme/we"), None, (false, false)),
            ((NotSeen, "acme/web#4"), None, (false, false)),
            ((NotSeen, "acme/*"), None, (false, false)),
            ((NotSeen, "web"), None, (false, false)),
            // It does not say which.
            ((NotSeen, ""), None, (false, false)),
            ((Incomplete, "acme/web"), None, (false, false)),
            ((Malformed, "acme/web"), None, (false, false)),
            ((Details, "acme/web"), None, (false, false)),
        ];
        for ((kind, part), of, expected) in cases {
            let problem = Problem::new(kind, part, "no").of_kind(of);
            let found =
                (problem.leaves_unread(&build(Vec::new())), problem.leaves_unread(&pull_request(|_| {})));
            assert_eq!(found, expected, "{problem:?}");
        }
    }

    #[test]
    fn problem_is_written_as_before_unless_it_is_about_one_kind() {
        let problem = Problem::new(ProblemKind::NotSeen, "acme/web", "no");
        let written = serde_json::json!({ "part": "acme/web", "kind": "not_seen", "why": "no" });
        assert_eq!(serde_json::to_value(&problem).unwrap(), written);
        assert_eq!(serde_json::from_value::<Problem>(written).unwrap(), problem);
        let of_builds = problem.of_kind(Some(Kind::Build));
        let written = serde_json::to_value(&of_builds).unwrap();
        assert_eq!(written["of"], "build");
        assert_eq!(serde_json::from_value::<Problem>(written).unwrap(), of_builds);
    }
}
