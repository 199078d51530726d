use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{identity::Identity, text::listed};

/// How many reviews are kept with a pull request.
pub const REVIEWS_KEPT: usize = 100;

/// A pull request. A snapshot may be partial: what it does not know is `None` or empty, as each field says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
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
    /// The login names of those (and `team/ORGANISATION/NAME` of the teams) whose review is
    /// asked for.
    pub requested: BTreeSet<String>,
    /// True where others may be asked too: the service does not say, or not so that it can be read. Whoever was asked
    /// before still is, then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub requested_unknown: bool,
    /// As of when `requested` is known, where `requested_unknown`. Connectors say `None`: [`crate::event::compare`] keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub requested_read: Option<RequestedRead>,
    /// The service's version of all the fields above: the newer one wins.
    pub updated_at: Timestamp,
    /// Every review that is known of, newest first, at most [`REVIEWS_KEPT`]. A snapshot may hold any part, in any order:
    /// reviews are joined, never taken away.
    pub reviews: Vec<Review>,
    /// The checks of `head`; `None` where the snapshot says nothing of checks. Those of another commit are left out.
    pub checks: Option<Checks>,
    /// Whether the service would merge `head` now; `None` where it does not say. That of another commit is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mergeability: Option<Mergeability>,
    /// What its author wrote of it, in lines: plain text, whatever markup the service takes it for. `None` where the
    /// snapshot does not say, empty where nothing was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub description: Option<String>,
    /// How much `head` would change; `None` where the snapshot does not say. That of another commit is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub size: Option<Size>,
}

/// As of which versions ([`PullRequest::updated_at`]) it is known who is asked for a review, where the newest snapshot does not
/// say so, or only in part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedRead {
    /// That of the newest snapshot that names all who are asked; `None` where none does.
    pub whole_at: Option<Timestamp>,
    /// Who is named by snapshots since then that name only some, each with the newest such version.
    pub named_at: BTreeMap<String, Timestamp>,
}

/// How much a commit would change, by the service's count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Size {
    /// The commit.
    pub commit: String,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// Files changed.
    pub files: u32,
    /// The version ([`PullRequest::updated_at`]) of the snapshot that it is from: the newer one wins, because the same commit
    /// may come to be compared with another base.
    pub at: Timestamp,
}

impl Size {
    /// In words: `+120 -4 in 3 files`.
    pub fn words(&self) -> String {
        let files = if self.files == 1 { "file" } else { "files" };
        format!("+{} -{} in {} {files}", self.added, self.removed, self.files)
    }
}

/// Open, merged or closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
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
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Closed => "closed",
        }
    }
}

/// One review by one person at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Review {
    /// The reviewer's login name.
    pub by: String,
    /// When it was given. `(by, at)` names the review.
    pub at: Timestamp,
    /// What it says.
    pub verdict: Verdict,
    /// The commit that was reviewed, where known: as it was first seen, because services may point a review to another
    /// commit after a forced push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub commit: Option<String>,
    /// What rises with every later review, whatever the clock says, where the service has such a thing. Its unit is the
    /// service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub serial: Option<u64>,
}

impl Review {
    /// True where it was given after the other one: by their serials, which no clock contradicts, else by their times.
    pub fn is_after(&self, other: &Self) -> bool {
        match self.serial.zip(other.serial) {
            Some((own, others)) if own != others => own > others,
            _ => self.at > other.at,
        }
    }
}

/// The verdict of a review. A dismissal replaces the one that the same review had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
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

/// Whether a service would merge a commit, as it last reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Mergeability {
    /// The commit.
    pub commit: String,
    /// What it reported.
    pub state: MergeState,
    /// When it did so: the newer report wins.
    pub at: Timestamp,
}

/// Whether a pull request can be merged, by the service's own rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum MergeState {
    /// It can be merged.
    Ready,
    /// Its branch must be brought up to date first.
    Behind,
    /// A rule of the service forbids it: a required approval or check is missing.
    Blocked,
    /// It conflicts with the branch that it would merge into.
    Conflicts,
}

impl MergeState {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "can be merged",
            Self::Behind => "its branch must be brought up to date first",
            Self::Blocked => "needs another approval or a required check",
            Self::Conflicts => "conflicts to be resolved",
        }
    }
}

/// The sum of a commit's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ChecksStatus {
    /// There are none.
    None,
    /// At least one is under way, and none has failed.
    Pending,
    /// All are done, none has failed, and of at least one it is not known how it ended.
    Unknown,
    /// All are done and well.
    Passed,
    /// At least one has failed.
    Failed,
}

impl ChecksStatus {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// Whose turn it is, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Turn {
    /// True where it is mine.
    pub mine: bool,
    /// Who it is, where not (only) me.
    pub who: Vec<String>,
    /// What is awaited, for those who decide by it.
    pub kind: TurnKind,
    /// The same in words: `your review`, `merge it`, `review by bo`, `changes by ana`, `checks`.
    pub what: String,
}

/// What is awaited of the person whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum TurnKind {
    /// Pull request: the author finishes the draft.
    Finish,
    /// Pull request: a review.
    Review,
    /// Pull request: the author changes what was asked for.
    Changes,
    /// Pull request: the author mends the checks.
    FixChecks,
    /// Pull request: the checks end by themselves.
    Checks,
    /// Pull request: the author resolves its conflicts.
    Conflicts,
    /// Pull request: the author merges it.
    Merge,
    /// Pull request: approved, but the service does not say that it can be merged.
    MayMerge,
    /// Pull request: approved, and its branch is to be brought up to date.
    UpdateBranch,
    /// Pull request: approved, and another required approval or check is missing.
    Blocked,
    /// Pull request: only an older commit was approved.
    ReviewAgain,
    /// Pull request: the author asks somebody for a review.
    RequestReview,
    /// Incident: somebody takes it, or has it.
    Respond,
    /// Build: its author mends it.
    FixBuild,
    /// Approval: somebody answers it.
    Approve,
}

impl PullRequest {
    /// True where my review (or my team's) is asked for, on an open pull request of somebody else.
    pub fn asks(&self, me: &Identity) -> bool {
        self.state == PullRequestState::Open
            && !me.is(&self.author)
            && self.requested.iter().any(|name| me.is(name))
    }

    /// The version as of which that reviewer is known to be asked; `updated_at` where it is not.
    pub(crate) fn requested_since(&self, name: &str) -> Timestamp {
        let read = self.requested_read.as_ref();
        read.and_then(|read| read.named_at.get(name).copied().or(read.whole_at)).unwrap_or(self.updated_at)
    }

    /// What each reviewer has decided: their newest review that is more than a comment.
    pub fn decisions(&self) -> BTreeMap<&str, &Review> {
        self.decisions_of(|_| true)
    }

    /// How many reviewers approved and have not taken it back.
    pub fn approvals(&self) -> usize {
        approved(&self.decisions())
    }

    /// How many had approved and not taken it back once that review was given.
    pub(crate) fn approvals_with(&self, last: &Review) -> usize {
        approved(&self.decisions_of(|review| !review.is_after(last)))
    }

    /// What each reviewer decided in those of the reviews that are meant.
    fn decisions_of(&self, is_meant: impl Fn(&Review) -> bool) -> BTreeMap<&str, &Review> {
        let mut decisions = BTreeMap::new();
        for review in self.reviews.iter().filter(|review| is_meant(review)) {
            if review.verdict != Verdict::Commented {
                let newest = decisions.entry(review.by.as_str()).or_insert(review);
                if review.is_after(newest) {
                    *newest = review;
                }
            }
        }
        decisions
    }

    /// When anything last happened to it: an update, a review, a check.
    pub fn last_activity(&self) -> Timestamp {
        let reviewed = self.reviews.iter().map(|review| review.at).max();
        let checked = self.checks.as_ref().map(|checks| checks.at);
        self.updated_at.max(reviewed.unwrap_or(Timestamp::MIN)).max(checked.unwrap_or(Timestamp::MIN))
    }

    /// What the service last reported on merging `head`; `None` where it does not say, and once it is merged or closed.
    pub fn merge_state(&self) -> Option<MergeState> {
        let reported = self.mergeability.as_ref().filter(|it| it.commit == self.head);
        reported.filter(|_| self.state == PullRequestState::Open).map(|it| it.state)
    }

    /// Whose turn it is; `None` once it is merged or closed. The first that is true decides:
    ///
    /// | what is so | whose turn | what, to that person and to others |
    /// | --- | --- | --- |
    /// | it is a draft | the author | `finish it`, `draft by ana` |
    /// | my review is asked for | mine | `your review` |
    /// | somebody asks for changes and was not asked to look again | the author | `your changes`, `changes by ana` |
    /// | checks failed | the author | `fix the checks`, `fix by ana` |
    /// | it conflicts | the author | `resolve the conflicts`, `conflicts to be resolved by ana` |
    /// | reviews are asked for | the reviewers | `review by bo` |
    /// | checks are under way | nobody's | `checks` |
    /// | approved, and it can be merged | the author | `merge it`, `merge by ana` |
    /// | the same, but only an older commit was approved | the author | `may be merged; an older commit was approved` |
    /// | approved, and the branch is behind | the author | `update the branch`, `branch update by ana` |
    /// | only an older commit was approved | the author | `ask for a new review`, `ana is to ask for a new review` |
    /// | approved, and a rule forbids to merge it | the author | `approved, needs another approval or a required check` |
    /// | approved, and the service does not say whether it can be merged | the author | `approved, may not be mergeable` |
    /// | it is not known who is asked | nobody's | `review by somebody unknown` |
    /// | nobody was asked | the author | `ask for a review`, `ana is to ask for a review` |
    pub fn turn(&self, me: &Identity) -> Option<Turn> {
        if self.state != PullRequestState::Open {
            return None;
        }
        let decisions = self.decisions();
        let decided = |verdict| decisions.values().filter(move |review| review.verdict == verdict);
        let checks = self.checks.as_ref().map_or(ChecksStatus::None, |checks| checks.status);
        let merge = self.merge_state();
        Some(if self.draft {
            self.authors_turn(me, TurnKind::Finish, "finish it", "draft")
        } else if self.asks(me) {
            let others = self.requested.iter().filter(|name| !me.is(name));
            Turn {
                mine: true,
                who: others.cloned().collect(),
                kind: TurnKind::Review,
                what: "your review".to_owned(),
            }
        } else if decided(Verdict::ChangesRequested).any(|review| !self.requested.contains(&review.by)) {
            self.authors_turn(me, TurnKind::Changes, "your changes", "changes")
        } else if checks == ChecksStatus::Failed {
            self.authors_turn(me, TurnKind::FixChecks, "fix the checks", "fix")
        } else if merge == Some(MergeState::Conflicts) {
            let theirs = "conflicts to be resolved";
            self.authors_turn(me, TurnKind::Conflicts, "resolve the conflicts", theirs)
        } else if !self.requested.is_empty() {
            let who: Vec<_> = self.requested.iter().cloned().collect();
            let shown: Vec<_> = who.iter().map(|name| without_organisation(name)).collect();
            Turn { mine: false, kind: TurnKind::Review, what: format!("review by {}", listed(&shown)), who }
        } else if checks == ChecksStatus::Pending {
            Turn { mine: false, who: Vec::new(), kind: TurnKind::Checks, what: "checks".to_owned() }
        } else if decided(Verdict::Approved).next().is_some() {
            let of_head = |review: &&Review| review.commit.as_ref().is_none_or(|commit| *commit == self.head);
            let current = decided(Verdict::Approved).any(of_head);
            self.approved_turn(me, merge, current)
        } else if self.requested_unknown {
            let what = "review by somebody unknown".to_owned();
            Turn { mine: false, who: Vec::new(), kind: TurnKind::Review, what }
        } else {
            self.asker(me, TurnKind::RequestReview, "ask for a review")
        })
    }

    /// Once it is approved. `current`: the approval is of its newest commit, as far as is known.
    fn approved_turn(&self, me: &Identity, merge: Option<MergeState>, current: bool) -> Turn {
        match merge {
            Some(MergeState::Ready) if current => self.authors_turn(me, TurnKind::Merge, "merge it", "merge"),
            Some(MergeState::Ready) => {
                self.authors_state(me, TurnKind::Merge, "may be merged; an older commit was approved")
            }
            Some(MergeState::Behind) => {
                self.authors_turn(me, TurnKind::UpdateBranch, "update the branch", "branch update")
            }
            _ if !current => self.asker(me, TurnKind::ReviewAgain, "ask for a new review"),
            Some(MergeState::Blocked) => {
                let what = "approved, needs another approval or a required check";
                self.authors_state(me, TurnKind::Blocked, what)
            }
            Some(MergeState::Conflicts) | None => {
                self.authors_state(me, TurnKind::MayMerge, "approved, may not be mergeable")
            }
        }
    }

    /// The author's turn to ask others for something.
    fn asker(&self, me: &Identity, kind: TurnKind, mine: &str) -> Turn {
        let turn = self.authors_turn(me, kind, mine, mine);
        let what = match turn.who.as_slice() {
            [author] => format!("{author} is to {mine}"),
            _ => turn.what,
        };
        Turn { what, ..turn }
    }

    /// The author's turn, in words that are the same to everybody.
    fn authors_state(&self, me: &Identity, kind: TurnKind, what: &str) -> Turn {
        Turn { what: what.to_owned(), ..self.authors_turn(me, kind, what, "") }
    }

    fn authors_turn(&self, me: &Identity, kind: TurnKind, mine: &str, theirs: &str) -> Turn {
        match self.author.as_str() {
            author if me.is(author) => Turn { mine: true, who: Vec::new(), kind, what: mine.to_owned() },
            "" => Turn { mine: false, who: Vec::new(), kind, what: theirs.to_owned() },
            author => {
                let what = format!("{theirs} by {author}");
                Turn { mine: false, who: vec![author.to_owned()], kind, what }
            }
        }
    }
}

fn approved(decisions: &BTreeMap<&str, &Review>) -> usize {
    decisions.values().filter(|review| review.verdict == Verdict::Approved).count()
}

/// A team without its organisation, which goes without saying beside the repository: `team/acme/release` is `team/release`.
pub(crate) fn without_organisation(name: &str) -> String {
    match name.strip_prefix("team/").and_then(|team| team.split_once('/')) {
        Some((_, team)) => format!("team/{team}"),
        None => name.to_owned(),
    }
}
