use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many reviews are kept with a pull request.
pub const REVIEWS_KEPT: usize = 100;

/// A pull request. A snapshot may be partial: what it does not know is `None` or empty, as each field says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The repository, such as `acme/web`.
    pub repo: String,
    /// Its number there.
    pub number: u64,
    /// The author's login name.
    pub author: String,
    /// The branch that it would merge.
    pub branch: String,
    /// The branch that it would merge into.
    pub base: String,
    /// The newest commit on its branch.
    pub head: String,
    /// Not ready for review.
    pub draft: bool,
    /// Open, merged or closed.
    pub state: PullRequestState,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was merged or closed.
    pub ended_at: Option<Timestamp>,
    /// Who merged it, where known.
    pub merged_by: Option<String>,
    /// The login names of those (and `team/NAME` of the teams) whose review is asked for.
    pub requested: BTreeSet<String>,
    /// The service's version of all the fields above: the newer one wins.
    pub updated_at: Timestamp,
    /// Every review that is known of. A snapshot may hold any part: reviews are joined, never taken away.
    pub reviews: Vec<Review>,
    /// The checks of `head`; `None` where the snapshot says nothing of checks.
    pub checks: Option<Checks>,
}

/// Open, merged or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestState {
    /// Under review or work.
    Open,
    /// Merged.
    Merged,
    /// Closed without merging.
    Closed,
}

impl PullRequestState {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }
}

/// One review by one person at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The reviewer's login name.
    pub by: String,
    /// When it was given. `(by, at)` names the review.
    pub at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
}

/// What a review says. A dismissal replaces what the same review said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Comments only.
    Commented,
    /// Approved.
    Approved,
    /// Changes are asked for.
    ChangesRequested,
    /// Taken back.
    Dismissed,
}

/// The checks of one commit, summed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// The commit that they are of.
    pub commit: String,
    /// The sum.
    pub status: ChecksStatus,
    /// The names of those that failed.
    pub failing: Vec<String>,
    /// When the newest of them changed: the newer sum wins.
    pub at: Timestamp,
}

/// The sum of a commit's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksStatus {
    /// There are none.
    None,
    /// At least one is under way, and none has failed.
    Pending,
    /// All are done and well.
    Passed,
    /// At least one has failed.
    Failed,
}

impl ChecksStatus {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// Whose turn it is on a pull request, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// True where it is mine.
    pub mine: bool,
    /// Who it is, where not (only) me.
    pub who: Vec<String>,
    /// What is awaited: `your review`, `review by bo`, `changes by ana`, `checks`, `merge`.
    pub what: String,
}
