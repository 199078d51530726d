//! A commit's checks and statuses, summed up. Pure.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use callboard_domain::item::{Checks, ChecksStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    normalise::{FAILING_KEPT, is_completed, name},
    wire,
};
use crate::lenient::folded;

/// A commit's checks of one sort, summed up, as the cursor keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sum {
    any: bool,
    pending: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unknown: bool,
    failed: bool,
    failing: BTreeSet<String>,
    at: Option<Timestamp>,
    /// There are more than were read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    /// Some could not be read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    malformed: bool,
}

/// What is missing from a list of checks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Missing {
    /// There are more of them: they count as under way.
    pub(super) more: bool,
    /// Some of them could not be read: it is not known how those are.
    pub(super) malformed: bool,
}

impl Sum {
    /// Of check runs: what apps such as Actions report. A check that ran several times for the commit counts as it ended
    /// last; a cancelled one counts as failed, as it does on GitHub; one that is completed without a conclusion counts as
    /// malformed. Each one without a name counts by itself.
    pub(super) fn of_runs(runs: &[wire::CheckRun], missing: Missing) -> Self {
        let mut newest: BTreeMap<_, &wire::CheckRun> = BTreeMap::new();
        for (place, run) in runs.iter().enumerate() {
            let nameless = run.name.is_empty().then_some(place);
            let known = newest.entry((run.app.as_ref(), run.name.as_str(), nameless)).or_insert(run);
            if is_newer(run, known) {
                *known = run;
            }
        }
        let malformed = missing.malformed || newest.values().any(|run| is_missing_conclusion(run));
        let sum = newest.into_values().fold(Self::default(), |sum, run| {
            sum.with(check_status(run), &run.name, run.completed_at.max(run.started_at))
        });
        sum.with_missing(Missing { malformed, ..missing })
    }

    fn with_missing(self, Missing { more, malformed }: Missing) -> Self {
        let any = self.any || more || malformed;
        Self { any, pending: self.pending || more, cut: more, malformed, ..self }
    }

    /// Of commit statuses: what other CI servers report. Each one without a context counts by itself.
    pub(super) fn of_statuses(statuses: &[wire::Status], missing: Missing) -> Self {
        // A context has one latest status, or several where nothing shows which of them is the latest: then all count.
        let mut newest: BTreeMap<_, Vec<&wire::Status>> = BTreeMap::new();
        for (place, status) in statuses.iter().enumerate() {
            let nameless = status.context.is_empty().then_some(place);
            let known = newest.entry((status.context.as_str(), nameless)).or_default();
            let version = |it: &wire::Status| (it.updated_at, it.id);
            match known.first().map(|known| version(status).cmp(&version(known))) {
                None | Some(Ordering::Equal) => known.push(status),
                Some(Ordering::Greater) => *known = vec![status],
                Some(Ordering::Less) => {}
            }
        }
        let sum = newest.into_values().flatten().fold(Self::default(), |sum, status| {
            let state = match folded(&status.state).as_deref() {
                // Forgejo and Gitea know warnings.
                Some("success" | "warning") => ChecksStatus::Passed,
                Some("failure" | "error") => ChecksStatus::Failed,
                Some("pending") => ChecksStatus::Pending,
                _ => ChecksStatus::Unknown,
            };
            sum.with(state, &status.context, status.updated_at)
        });
        sum.with_missing(missing)
    }

    /// What of them was not read.
    pub(super) fn missing(&self) -> Missing {
        Missing { more: self.cut, malformed: self.malformed }
    }

    fn with(mut self, status: ChecksStatus, of: &str, at: Option<Timestamp>) -> Self {
        self.any = true;
        self.pending |= status == ChecksStatus::Pending;
        self.unknown |= status == ChecksStatus::Unknown;
        if status == ChecksStatus::Failed {
            self.failed = true;
            self.failing.insert(name(of));
        }
        self.at = self.at.max(at);
        self
    }

    /// Both sorts together.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.any |= other.any;
        self.pending |= other.pending;
        self.unknown |= other.unknown;
        self.failed |= other.failed;
        self.failing.extend(other.failing.iter().cloned());
        self.cut |= other.cut;
        self.malformed |= other.malformed;
        self.at = self.at.max(other.at);
        self
    }

    /// True where a person would see the same.
    pub(super) fn displays_same(&self, other: &Self) -> bool {
        (self.status(), &self.failing) == (other.status(), &other.failing)
    }

    /// How far they are.
    pub(super) fn status(&self) -> ChecksStatus {
        match self {
            Self { failed: true, .. } => ChecksStatus::Failed,
            Self { pending: true, .. } => ChecksStatus::Pending,
            Self { unknown: true, .. } | Self { malformed: true, .. } => ChecksStatus::Unknown,
            Self { any: true, .. } => ChecksStatus::Passed,
            _ => ChecksStatus::None,
        }
    }

    /// As the checks of a commit of that pull request. Where there are none, it has had none since it was opened.
    pub(super) fn of(&self, commit: &str, pull: &wire::Pull) -> Checks {
        let opened = pull.created_at.or(pull.updated_at);
        let checks = self.of_commit(commit);
        Checks { at: self.at.or(opened).unwrap_or(checks.at), ..checks }
    }

    /// As the checks of a commit.
    pub(super) fn of_commit(&self, commit: &str) -> Checks {
        Checks {
            commit: commit.to_owned(),
            status: self.status(),
            failing: self.failing.iter().take(FAILING_KEPT).cloned().collect(),
            at: self.at.unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }
}

/// Later runs have higher numbers; servers without numbers give the time when they began.
fn is_newer(run: &wire::CheckRun, known: &wire::CheckRun) -> bool {
    match (run.id, known.id) {
        (Some(one), Some(other)) if one != other => one > other,
        // Of two that nothing distinguishes, the one with the worse news.
        _ => {
            (run.started_at, run.completed_at, check_status(run))
                > (known.started_at, known.completed_at, check_status(known))
        }
    }
}

/// True for a check that is over and has no conclusion.
fn is_missing_conclusion(run: &wire::CheckRun) -> bool {
    let (status, conclusion) = (folded(&run.status), run.conclusion.as_deref().and_then(folded));
    conclusion.is_none() && is_completed(status.as_deref(), None)
}

/// A check's status. The result of a check that is completed with an unknown conclusion, or with none, is unknown. A check that
/// GitHub gave up on (`stale`) is awaited, and so is any other.
fn check_status(run: &wire::CheckRun) -> ChecksStatus {
    let (status, conclusion) = (folded(&run.status), run.conclusion.as_deref().and_then(folded));
    match conclusion.as_deref() {
        conclusion if !is_completed(status.as_deref(), conclusion) => ChecksStatus::Pending,
        Some("success" | "neutral" | "skipped") => ChecksStatus::Passed,
        Some("failure" | "timed_out" | "cancelled" | "action_required" | "startup_failure") => {
            ChecksStatus::Failed
        }
        Some("stale") => ChecksStatus::Pending,
        Some(_) | None => ChecksStatus::Unknown,
    }
}
