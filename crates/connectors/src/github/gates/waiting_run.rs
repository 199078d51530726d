//! Runs that wait for people, as the cursor keeps them.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    item::{BuildStatus, Kind},
    source::{Problem, ProblemKind},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::github::{
    gate_id::GateId,
    normalise::{self, Place, Wait},
    run_branch, wire,
};

/// How many are kept of each repository.
const KEPT: usize = 200;

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::github) enum RunState {
    /// Nothing but a webhook has shown it.
    #[default]
    Reported,
    /// The same, and GitHub did not answer for it yet.
    Missing,
    /// All of it waits, as a first-timer's does.
    FirstTimer,
    /// The same, and a newer run has taken its place.
    Outdated,
    /// A job of it waits for a protected environment.
    Deployment,
    /// It goes on.
    UnderWay,
    /// It ended without a verdict.
    Canceled,
    /// It ended with one.
    Over,
}

impl RunState {
    /// None where GitHub's words for it are not known here.
    fn of(run: &wire::Run) -> Option<Self> {
        Some(match (normalise::wait(run)?, normalise::run_status(run)) {
            (Wait::FirstTimer, _) => Self::FirstTimer,
            (Wait::Environment, _) => Self::Deployment,
            (Wait::Nobody, BuildStatus::Queued | BuildStatus::Running) => Self::UnderWay,
            (Wait::Nobody, BuildStatus::Canceled) => Self::Canceled,
            (Wait::Nobody, BuildStatus::Passed | BuildStatus::Failed) => Self::Over,
            (Wait::Nobody, BuildStatus::Unknown) => return None,
        })
    }

    /// True where it was read.
    pub(super) fn is_read(self) -> bool {
        !matches!(self, Self::Reported | Self::Missing)
    }

    fn waits(self) -> bool {
        matches!(self, Self::FirstTimer | Self::Outdated | Self::Deployment)
    }
}

/// A run that waits for people, or did when it was read last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::github) struct WaitingRun {
    pub(super) state: RunState,
    pub(super) attempt: u32,
    /// When it changed last.
    pub(super) at: Option<Timestamp>,
    /// When this attempt began.
    pub(super) asked_at: Option<Timestamp>,
    pub(super) asked_by: Option<String>,
    /// The name of its workflow.
    pub(super) workflow: String,
    /// Its build's id without the repository's name, which may change.
    pub(super) build: String,
    pub(super) event: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) commit: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) url: Option<String>,
    /// The gate of a first-timer's run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) whole: Option<Gate>,
    /// The gates that are open, by the environment's name.
    pub(super) environments: BTreeMap<String, Gate>,
    /// With which its gates were read, or the run itself where all of it waits.
    pub(super) etag: Option<String>,
    /// It is to be read, or reported, anew.
    pub(super) due: bool,
    /// What of its gates could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unread: Option<String>,
    /// How often in a row it could not be read how its gates ended.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) tries: u8,
}

fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// An open gate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::github) struct Gate {
    /// When the attempt that it is of began.
    pub(super) asked_at: Option<Timestamp>,
    /// The answers for its environment that were there before it opened; none where they could not be read.
    pub(super) answered: Option<Vec<String>>,
    /// The answers for its environment when it was last read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Vec<String>>,
    /// Nothing but a webhook has shown it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) only_reported: bool,
    /// A timer holds it too: a yes alone does not end it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_timed: bool,
    /// The commit of which it was read what a yes would ship, and when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shipment: Option<(String, Timestamp)>,
}

/// The gates of a run that a webhook has reported, whatever it reported of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::github) struct ReportedGates {
    /// All of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::github) whole: bool,
    /// By environment.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(in crate::github) environments: BTreeSet<String>,
}

impl Gate {
    /// One of the attempt that began then.
    pub(super) fn new(asked_at: Option<Timestamp>) -> Self {
        Self { asked_at, ..Self::default() }
    }
}

impl WaitingRun {
    /// A run as it was just read; none where it is not known whether it waits.
    pub(in crate::github) fn of(place: &Place<'_>, run: &wire::Run) -> Option<Self> {
        let build = normalise::build_id(place, run);
        let rest = build.strip_prefix(place.name).unwrap_or(&build);
        let commit_line = || run.head_commit.as_ref()?.message.lines().next().map(str::to_owned);
        Some(Self {
            state: RunState::of(run)?,
            attempt: run.run_attempt.unwrap_or(1),
            at: run.updated_at,
            asked_at: run.run_started_at,
            asked_by: run.asked_by(),
            workflow: place.workflows.name(run),
            build: rest.to_owned(),
            event: run.event.clone(),
            branch: run_branch::branch(place.name, run),
            commit: Some(run.head_sha.clone()).filter(|sha| !sha.is_empty()),
            subject: run.display_title.clone().or_else(commit_line),
            url: run.html_url.clone(),
            due: true,
            ..Self::default()
        })
    }

    /// Takes in what was just read of it, unless that is older.
    pub(super) fn take_in(&mut self, read: Self) {
        let is_as_known = (self.attempt, self.at, self.state) == (read.attempt, read.at, read.state)
            || self.state == RunState::Outdated
                && (self.attempt, self.at, RunState::FirstTimer) == (read.attempt, read.at, read.state);
        let is_older = read.attempt < self.attempt
            || read.attempt == self.attempt && self.at.zip(read.at).is_some_and(|(known, at)| at < known);
        if self.state.is_read() && (is_as_known || is_older) {
            return;
        }
        let (whole, environments) = (self.whole.take(), std::mem::take(&mut self.environments));
        *self = Self { whole, environments, unread: self.unread.take(), ..read };
    }

    /// The same of what it was asked for by itself, with its ETag. What is not known here whether it waits is left as it was.
    pub(super) fn take_in_read(&mut self, read: Option<Self>, etag: &str) {
        if let Some(read) = read {
            self.take_in(read);
        }
        if self.state == RunState::FirstTimer {
            self.etag = Some(etag.to_owned());
        }
    }

    /// True where all of it waits, as a first-timer's run.
    pub(super) fn is_first_timers(&self) -> bool {
        self.state == RunState::FirstTimer
    }

    /// True where it waits in a protected environment, as far as it was read.
    pub(super) fn waits_for_environments(&self) -> bool {
        self.state == RunState::Deployment || !self.environments.is_empty()
    }

    /// True where nothing of it is left to watch.
    pub(super) fn is_done(&self) -> bool {
        let is_open = self.whole.is_some() || !self.environments.is_empty();
        self.state.is_read() && !self.state.waits() && !is_open
    }

    /// True for a later run of the same build and cause, of another commit: it takes the place of this one.
    pub(super) fn is_outdated_by(&self, newer: &Self) -> bool {
        let is_of_another_commit = newer.commit.is_some() && newer.commit != self.commit;
        newer.build == self.build && newer.event == self.event && is_of_another_commit
    }

    /// The ETag with which its gates were read, unless they are to be read anew.
    pub(super) fn etag(&self) -> Option<&str> {
        self.etag.as_deref().filter(|_| !self.due)
    }

    /// The ids of its approvals.
    pub(in crate::github) fn ids(&self, repo: &str, id: u64) -> Vec<String> {
        self.open().map(|environment| GateId::new(repo, id, environment).to_string()).collect()
    }

    /// The gates that are open: of the whole run (none), and by environment.
    pub(super) fn open(&self) -> impl Iterator<Item = Option<&str>> {
        let environments = self.environments.keys().map(|name| Some(name.as_str()));
        self.whole.iter().map(|_| None).chain(environments)
    }
}

/// The runs of a repository that wait for people, by their ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::github) struct WaitingRuns {
    /// False in the cursors of versions that read no gates: the lists are read again once.
    pub(in crate::github) tracked: bool,
    /// The ETag of the list of runs that wait for environments, where that is read whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::github) waiting: Option<String>,
    /// The same of first-timers' runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::github) held: Option<String>,
    /// There are more runs that wait for environments than are read.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::github) more_waiting: bool,
    /// The same of first-timers' runs.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::github) more_held: bool,
    /// There were more than are kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more_than_kept: bool,
    runs: BTreeMap<u64, WaitingRun>,
    /// Those that are kept no longer although they may wait, until that is reported.
    #[serde(skip)]
    dropped: BTreeMap<u64, WaitingRun>,
}

impl WaitingRuns {
    /// Takes note of a run as it was just read, if it waits, or did.
    pub(in crate::github) fn note(&mut self, place: &Place<'_>, run: &wire::Run) {
        let Some(read) = WaitingRun::of(place, run) else { return };
        match self.runs.get_mut(&run.id) {
            Some(known) => known.take_in(read),
            None if read.state.waits() => self.insert(run.id, read),
            None => {}
        }
    }

    /// Has the gates that a webhook reported read by this poll.
    pub(in crate::github) fn report(&mut self, id: u64, reported: &ReportedGates) {
        let mut run = self.runs.remove(&id).unwrap_or_default();
        run.due = true;
        let gate = || Gate { only_reported: true, ..Gate::default() };
        if reported.whole {
            run.whole.get_or_insert_with(gate);
        }
        for name in &reported.environments {
            run.environments.entry(name.clone()).or_insert_with(gate);
        }
        self.insert(id, run);
    }

    pub(super) fn insert(&mut self, id: u64, run: WaitingRun) {
        self.runs.insert(id, run);
        while self.runs.len() > KEPT {
            // One of which nothing is open, or will be, is only remembered.
            let may_wait = |run: &WaitingRun| {
                run.due || run.open().next().is_some() || run.state.waits() && run.state != RunState::Outdated
            };
            let over = self.runs.iter().find(|(_, run)| !may_wait(run)).map(|(id, _)| *id);
            let oldest = self.runs.first_key_value().map(|(id, _)| *id);
            let Some((id, run)) = over.or(oldest).and_then(|id| self.runs.remove_entry(&id)) else { return };
            if over.is_none() {
                self.more_than_kept = true;
                self.dropped.insert(id, run);
            }
        }
    }

    /// The runs that are kept no longer although they may wait, once.
    pub(super) fn take_dropped(&mut self) -> BTreeMap<u64, WaitingRun> {
        self.more_than_kept &= self.runs.len() >= KEPT;
        std::mem::take(&mut self.dropped)
    }

    /// Forgets a run; gives back what was known of it.
    pub(in crate::github) fn remove(&mut self, id: u64) -> Option<WaitingRun> {
        self.runs.remove(&id)
    }

    pub(in crate::github) fn get(&self, id: u64) -> Option<&WaitingRun> {
        self.runs.get(&id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &WaitingRun)> {
        self.runs.iter().map(|(id, run)| (*id, run))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u64, &mut WaitingRun)> {
        self.runs.iter_mut().map(|(id, run)| (*id, run))
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(&WaitingRun) -> bool) {
        self.runs.retain(|_, run| is_kept(run));
    }

    /// True where none waits.
    pub(in crate::github) fn is_empty(&self) -> bool {
        self.runs.values().all(|run| run.open().next().is_none())
    }

    /// The runs to ask for, those that were not read yet first. `is_seen`: true for a run whose own state is read without that.
    /// `readable`: false where the gates are refused.
    pub(in crate::github) fn to_read(&self, is_seen: impl Fn(u64) -> bool, readable: bool) -> Vec<u64> {
        let is_to_read = |(id, run): &(u64, &WaitingRun)| match run.state {
            RunState::Reported | RunState::Missing => true,
            RunState::FirstTimer if run.environments.is_empty() => !is_seen(*id),
            _ => readable && run.waits_for_environments(),
        };
        let (due, others): (Vec<_>, Vec<_>) = self.iter().filter(is_to_read).partition(|(_, run)| run.due);
        due.into_iter().chain(others).map(|(id, _)| id).collect()
    }

    /// True where the run's gates are still to be read.
    pub(in crate::github) fn is_due(&self, id: u64) -> bool {
        self.get(id).is_some_and(|run| run.due)
    }

    /// True where anything is still to be read or reported.
    pub(in crate::github) fn any_due(&self) -> bool {
        self.runs.values().any(|run| run.due && run.open().next().is_some())
    }

    /// Has all be read and reported again, as after a change of the repository's name.
    pub(in crate::github) fn report_anew(&mut self) {
        self.runs.values_mut().for_each(|run| run.due = true);
    }

    /// What of the gates is not seen, in plain words.
    pub(in crate::github) fn problems(&self, name: &str) -> Vec<Problem> {
        let more = "more runs wait for people than are read: the newest are watched".to_owned();
        let is_more = self.more_waiting || self.more_held || self.more_than_kept;
        let more = is_more.then_some((ProblemKind::Incomplete, more));
        let mut unread: Vec<_> = self.runs.values().filter_map(|run| run.unread.as_ref()).collect();
        unread.dedup();
        let unread = unread.into_iter();
        let unread = unread
            .map(|why| (ProblemKind::Malformed, format!("some deployments that wait are left out: {why}")));
        let all = more.into_iter().chain(unread);
        all.map(|(kind, why)| Problem::new(kind, name, why).of_kind(Some(Kind::Approval))).collect()
    }

    /// The ids of all approvals that wait.
    pub(in crate::github) fn ids(&self, repo: &str) -> Vec<String> {
        self.iter().flat_map(|(id, run)| run.ids(repo, id)).collect()
    }

    /// True where a poll has read a gate, and that no timer holds it too.
    pub(in crate::github) fn is_read_untimed(&self, id: u64, environment: &str) -> bool {
        let gate = self.get(id).and_then(|run| run.environments.get(environment));
        gate.is_some_and(|gate| !gate.only_reported && !gate.is_timed)
    }
}
