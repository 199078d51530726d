//! Where a poll left off: what must be known to ask GitHub only for what is new.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    item::ChecksStatus,
    source::{Cursor, Problem, ProblemKind},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::normalise::Sum;

/// How long a refusal (gone, forbidden) is believed before asking again.
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How long a repository's name and default branch are believed.
const DESCRIBED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How long a new head without checks is watched for its first one.
const CHECKS_EXPECTED_FOR: SignedDuration = SignedDuration::from_mins(10);

/// The cursor's content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    pub(super) me: Option<Me>,
    /// The repositories of each owner (in small letters; the empty one: of the account) that a pattern asks for.
    pub(super) owners: BTreeMap<String, Listing>,
    /// By full name in small letters.
    pub(super) repos: BTreeMap<String, Repo>,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Me {
    pub(super) login: String,
    pub(super) etag: String,
}

/// The repositories of an owner, as last listed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) at: Timestamp,
    pub(super) repos: Vec<Described>,
    /// True where there are more of them.
    pub(super) cut: bool,
}

/// A repository's proper name and default branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) default_branch: Option<String>,
}

/// A repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Repo {
    pub(super) described: Option<(Described, Timestamp)>,
    /// The ETags of its lists.
    pub(super) pulls: Option<String>,
    pub(super) runs: Option<String>,
    pub(super) default_runs: Option<String>,
    /// The newest change of a pull request, and of a run, that was seen.
    pub(super) newest_pull: Option<Timestamp>,
    pub(super) newest_run: Option<Timestamp>,
    /// True where one page of runs does not hold all of them.
    pub(super) busy: bool,
    pub(super) open: BTreeMap<u64, Open>,
    /// Runs under way on the page of runs, and those that must be asked for one by one (with their ETags).
    pub(super) running: BTreeSet<u64>,
    pub(super) strays: BTreeMap<u64, Option<String>>,
    /// The jobs that failed, by attempt, as far as they were asked for.
    pub(super) failing: BTreeMap<String, Vec<String>>,
    pub(super) refused: BTreeMap<Part, Refusal>,
}

/// An open pull request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) head: String,
    pub(super) updated_at: Timestamp,
    /// When that head was first seen.
    pub(super) seen_at: Timestamp,
    /// Its reviews and checks are still to be read.
    pub(super) due: bool,
    pub(super) reviews: Option<String>,
    pub(super) checks: Option<Seen>,
    pub(super) statuses: Option<Seen>,
}

/// A sum of checks and the ETag that it came with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) etag: String,
    pub(super) sum: Sum,
}

/// A part of a repository that can be refused by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Repo,
    Pulls,
    Runs,
    Reviews,
    Checks,
    Statuses,
    Jobs,
}

impl Part {
    /// What is not seen without it.
    fn name(self) -> &'static str {
        match self {
            Self::Repo => "the repository",
            Self::Pulls => "pull requests",
            Self::Runs => "workflow runs",
            Self::Reviews => "reviews",
            Self::Checks => "checks",
            Self::Statuses => "commit statuses",
            Self::Jobs => "jobs",
        }
    }
}

/// What GitHub said when it refused a part, and until when it is believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) until: Timestamp,
}

impl Place {
    /// What a cursor holds. One of another version, or a broken one, means to start over.
    pub(super) fn read(cursor: Option<&Cursor>) -> Self {
        cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok()).unwrap_or_default()
    }

    /// As a cursor.
    pub(super) fn write(&self) -> Option<Cursor> {
        serde_json::to_string(self).ok().map(Cursor)
    }
}

impl Repo {
    /// Its name and default branch, while they may be believed.
    pub(super) fn description(&self, now: Timestamp) -> Option<&Described> {
        let fresh = |at: Timestamp| now.duration_since(at) < DESCRIBED_FOR;
        self.described.as_ref().filter(|(_, at)| fresh(*at)).map(|(described, _)| described)
    }

    /// True where the part was refused lately.
    pub(super) fn is_refused(&self, part: Part, now: Timestamp) -> bool {
        self.refused.get(&part).is_some_and(|refusal| now < refusal.until)
    }

    /// Remembers that a part was refused. False where the error is of another kind: then it may be better next time.
    pub(super) fn refuse(&mut self, part: Part, error: &ServiceError, now: Timestamp) -> bool {
        let refused = matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. });
        if refused {
            let refusal =
                Refusal { why: error.to_string(), until: now.saturating_add(REFUSED_FOR).unwrap_or(now) };
            self.refused.insert(part, refusal);
        }
        refused
    }

    /// The refusals in a person's words. Servers without commit statuses are nothing to speak of.
    pub(super) fn problems(&self, name: &str) -> Vec<Problem> {
        let told = self.refused.iter().filter(|(part, _)| **part != Part::Statuses);
        told.map(|(part, refusal)| {
            let (kind, why) = match part {
                Part::Repo => (ProblemKind::NotSeen, refusal.why.clone()),
                Part::Pulls | Part::Runs => {
                    (ProblemKind::NotSeen, format!("no {}: {}", part.name(), refusal.why))
                }
                _ => (ProblemKind::Details, format!("no {}: {}", part.name(), refusal.why)),
            };
            Problem::new(kind, name, why)
        })
        .collect()
    }
}

impl Open {
    /// A pull request that was not known to be open.
    pub(super) fn new(head: &str, updated_at: Timestamp, now: Timestamp) -> Self {
        Self {
            head: head.to_owned(),
            updated_at,
            seen_at: now,
            due: true,
            reviews: None,
            checks: None,
            statuses: None,
        }
    }

    /// Its checks of both sorts.
    pub(super) fn sum(&self) -> Sum {
        let of = |seen: &Option<Seen>| seen.as_ref().map(|seen| seen.sum.clone()).unwrap_or_default();
        of(&self.checks).and(&of(&self.statuses))
    }

    /// True where its checks are likely to change before anything else does.
    pub(super) fn awaits_checks(&self, now: Timestamp) -> bool {
        match self.sum().status() {
            ChecksStatus::Pending => true,
            ChecksStatus::None => now.duration_since(self.seen_at) < CHECKS_EXPECTED_FOR,
            ChecksStatus::Passed | ChecksStatus::Failed => false,
        }
    }
}
