//! An open pull request, as the cursor keeps it.

use callboard_domain::{
    item::ChecksStatus,
    source::{Problem, ProblemKind},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{checks::Sum, wire};

/// How long a new head without checks is watched for its first one.
const CHECKS_EXPECTED_FOR: SignedDuration = SignedDuration::from_mins(10);

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
    pub(super) checks: Option<CachedChecks>,
    pub(super) statuses: Option<CachedChecks>,
    /// The ETag of the pull request itself.
    #[serde(default)]
    pub(super) itself: Option<String>,
    /// Somebody approved it: whether it can be merged matters then.
    #[serde(default)]
    pub(super) approved: bool,
    /// GitHub was still computing whether it can be merged.
    #[serde(default)]
    pub(super) computing: bool,
    /// There are more reviews than were read.
    #[serde(default)]
    pub(super) reviews_cut: bool,
    /// Its last row on the list, as a number (see `row_hash`); none in cursors of earlier versions.
    #[serde(default)]
    pub(super) row: Option<u64>,
    /// Which of its reviews cannot be read, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reviews_unread: Option<String>,
    /// Some of its reviews name no account: it was deleted, as far as GitHub shows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) reviews_nameless: bool,
    /// Why it is not known whose review is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) requests_unread: Option<String>,
    /// A team's review is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) asks_team: bool,
    /// The last answer did not name the commit that is its head: `head` is the last one known, empty where none was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) head_unread: bool,
    /// The page of pull requests that each poll reads does not have it: a change that leaves its date as it was
    /// shows only when it is asked for by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_unlisted: bool,
    /// Nothing but a webhook has shown it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_only_reported: bool,
    /// GitHub did not show it when it was asked for by itself last, which is no proof that it is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_missing: bool,
    #[serde(rename = "said", default = "LastReported::of_earlier_version")]
    pub(super) last_reported: LastReported,
}

/// What the lists of one poll show of a pull request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Listed<'a> {
    /// One of them has it, new or changed.
    Changed(&'a wire::Pull),
    /// One of them has it, as it was.
    Same,
    /// They have all that are open, and not this one.
    Absent,
    /// They were not read, or not as far as it may be.
    Unknown,
}

/// The last known values of fields that some answers leave out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LastReported {
    /// Its author; none where none was ever named, empty where an earlier version of this program did not keep it.
    author: Option<String>,
    opened_at: Option<Timestamp>,
    draft: Option<bool>,
}

impl LastReported {
    fn of_earlier_version() -> Self {
        Self { author: Some(String::new()), ..Self::default() }
    }

    /// The values that a pull request has now.
    pub(super) fn of(pull: &wire::Pull) -> Self {
        let author = pull.user.as_ref().map(|user| user.login.clone());
        Self { author, opened_at: pull.created_at, draft: pull.draft }
    }

    /// Remembers the values of a pull request, and fills in those that it leaves out. GitHub gives `null` for an author whose
    /// account was deleted.
    pub(super) fn complete(&mut self, pull: &mut wire::Pull) {
        match &pull.user {
            Some(user) if user.login.is_empty() => {}
            Some(user) => self.author = Some(user.login.clone()),
            None => pull.user = self.author.clone().map(|login| wire::User { login }),
        }
        self.opened_at = pull.created_at.or(self.opened_at);
        self.draft = pull.draft.or(self.draft);
        (pull.created_at, pull.draft) = (self.opened_at, self.draft);
    }
}

/// A sum of checks and the ETag that it came with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct CachedChecks {
    pub(super) etag: String,
    pub(super) sum: Sum,
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
            itself: None,
            approved: false,
            computing: false,
            reviews_cut: false,
            row: None,
            reviews_unread: None,
            reviews_nameless: false,
            requests_unread: None,
            asks_team: false,
            head_unread: head.is_empty(),
            is_unlisted: false,
            is_only_reported: false,
            is_missing: false,
            last_reported: LastReported::default(),
        }
    }

    /// Gives a pull request without a time of change the time at which this one changed: of two reports of one version the
    /// one that is read later counts.
    pub(super) fn date(&self, pull: &mut wire::Pull) {
        pull.updated_at.get_or_insert(self.updated_at);
    }

    /// What it means that its head was not named, where that is so.
    pub(super) fn headless(&self) -> Option<&'static str> {
        let why = match self.head.is_empty() {
            true => "GitHub does not say which commit is its head: its checks are not read",
            false => {
                "GitHub does not say which commit is its head: its checks are those of the one that was known"
            }
        };
        self.head_unread.then_some(why)
    }

    /// What it means that GitHub does not show it by itself, where that is so.
    pub(super) fn missing(&self) -> Option<&'static str> {
        self.is_missing.then_some("GitHub does not show it by itself: it may have changed")
    }

    /// What of it is not seen, in plain words. `part` is what a problem calls it.
    pub(super) fn problems(&self, part: &str) -> Vec<Problem> {
        let missing = self.sum().missing();
        let so = |is_so: bool, why: &str| is_so.then(|| why.to_owned());
        let because = |what: &str, why: &Option<String>| Some(format!("{what}: {}", why.as_ref()?));
        let asked = because("it is not known whose review is asked for", &self.requests_unread);
        let reviews = because("some reviews are left out", &self.reviews_unread);
        let nameless = "some reviews do not say whose they are: they count as ghost's";
        let reasons = [
            (ProblemKind::Incomplete, self.missing().map(str::to_owned)),
            (ProblemKind::Incomplete, asked),
            (ProblemKind::Incomplete, self.headless().map(str::to_owned)),
            (ProblemKind::Malformed, reviews),
            (ProblemKind::Malformed, so(missing.malformed, "some checks cannot be read")),
            (ProblemKind::Details, so(missing.more, "more checks than were read: they count as pending")),
            (ProblemKind::Details, so(self.reviews_cut, "more reviews than were read")),
            (ProblemKind::Details, so(self.reviews_nameless, nameless)),
        ];
        let reasons = reasons.into_iter().filter_map(|(kind, why)| Some((kind, why?)));
        reasons.map(|(kind, why)| Problem::new(kind, part, why)).collect()
    }

    /// Takes note of the head that the pull request itself has: its list may name none, or not have it. True where it
    /// differs from the one that was known: its checks are still to be read.
    pub(super) fn note_head(&mut self, pull: &wire::Pull, now: Timestamp) -> bool {
        if pull.head.sha.is_empty() {
            return false;
        }
        self.head_unread = false;
        let is_other = self.head != pull.head.sha;
        if is_other {
            self.head.clone_from(&pull.head.sha);
            (self.seen_at, self.checks, self.statuses) = (now, None, None);
        }
        is_other
    }

    /// Takes note of whose review is asked for, as a list or the pull request itself has it.
    pub(super) fn note_requests(&mut self, pull: &wire::Pull) {
        self.requests_unread = pull.unread_requests();
        self.asks_team = !pull.requested_teams.good().is_empty();
    }

    /// Its checks of both sorts.
    pub(super) fn sum(&self) -> Sum {
        let of = |cached: &Option<CachedChecks>| cached.as_ref().map(|it| it.sum.clone()).unwrap_or_default();
        of(&self.checks).and(&of(&self.statuses))
    }

    /// True where its checks are likely to change before anything else does.
    pub(super) fn awaits_checks(&self, now: Timestamp) -> bool {
        let sum = self.sum();
        match sum.status() {
            ChecksStatus::Pending => true,
            _ if sum.missing().malformed => true,
            ChecksStatus::None => now.duration_since(self.seen_at) < CHECKS_EXPECTED_FOR,
            ChecksStatus::Unknown | ChecksStatus::Passed | ChecksStatus::Failed => false,
        }
    }
}
