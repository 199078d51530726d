//! A build on the board, as the cursor keeps it.

use callboard_domain::item::BuildStatus;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{normalise, run_branch, run_position::RunPosition, wire};

/// A build on the board.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct BoardBuild {
    /// The run that makes it red, or the newest.
    pub(super) run: u64,
    /// The newest run.
    pub(super) newest: RunPosition,
    /// Its newest verdict.
    pub(super) verdict: Option<RunPosition>,
    pub(super) red: bool,
    /// A later run that is over, and its conclusion, where that conclusion is not a known one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unknown: Option<(RunPosition, String)>,
    pub(super) under_way: bool,
    /// Its branch, where it is one of the repository's own.
    pub(super) branch: Option<String>,
    pub(super) workflow: Option<u64>,
    /// The ETags of its run, branch and workflow.
    pub(super) etags: [Option<String>; 3],
    /// When its workflow was last asked for.
    pub(super) workflow_at: Option<Timestamp>,
}

impl BoardBuild {
    /// True where its status is decided by that run.
    pub(super) fn is_decided_by(&self, run: u64) -> bool {
        self.run == run || self.verdict.is_some_and(|verdict| verdict.number_of(run).is_some())
    }

    /// That run is not there any more: where it was newer than the one that decides the build, no position is kept of it.
    pub(super) fn forget_newer(&mut self, run: u64) {
        if self.is_decided_by(run) {
            return;
        }
        if self.newest.number_of(run).is_some() {
            (self.newest, self.under_way) = (self.verdict.unwrap_or_default(), false);
        }
        self.unknown.take_if(|(position, _)| position.number_of(run).is_some());
    }

    /// A build after these runs, and whether it has to be tracked: green ones of other branches do not.
    pub(super) fn after(
        mut self,
        place: &normalise::Place<'_>,
        runs: &[&wire::Run],
        now: Timestamp,
    ) -> (Self, bool) {
        let before = self.run;
        let is_as_new = |run: &wire::Run, than: RunPosition| !than.is_after(RunPosition::of(run));
        let verdicts = runs.iter().copied().filter(|run| normalise::run_status(run).is_verdict());
        if let Some(verdict) = newest_of(verdicts)
            && self.verdict.is_none_or(|known| is_as_new(verdict, known))
        {
            self.verdict = Some(RunPosition::of(verdict));
            self.red = normalise::run_status(verdict) == BuildStatus::Failed;
            if self.red {
                self.run = verdict.id;
            }
        }
        let over = runs.iter().copied().filter(|run| {
            let status = normalise::run_status(run);
            status.is_verdict() || status == BuildStatus::Unknown
        });
        let since = [self.verdict, self.unknown.as_ref().map(|(position, _)| *position)];
        if let Some(last) = newest_of(over)
            && since.into_iter().flatten().all(|position| is_as_new(last, position))
        {
            // A verdict that it had before remains its result.
            let is_known = self.verdict == Some(RunPosition::of(last));
            let conclusion = normalise::unknown_conclusion(last).filter(|_| !is_known);
            self.unknown = conclusion.map(|conclusion| (RunPosition::of(last), conclusion));
        }
        if let Some(newest) = newest_of(runs.iter().copied())
            && is_as_new(newest, self.newest)
        {
            self.newest = RunPosition::of(newest);
            self.under_way = !normalise::run_status(newest).is_over();
            self.branch = run_branch::own_branch(place.name, newest);
            self.workflow = newest.workflow_id;
            if !self.red {
                self.run = newest.id;
            }
        }
        if self.run != before {
            self.etags[0] = None;
            // A workflow that ran was not disabled then.
            self.workflow_at = Some(now);
        }
        let default = self.branch.is_some() && self.branch.as_deref() == place.default_branch;
        let is_tracked = self.red || self.under_way || default;
        (self, is_tracked)
    }
}

/// The newest of some runs.
pub(super) fn newest_of<'a>(runs: impl Iterator<Item = &'a wire::Run>) -> Option<&'a wire::Run> {
    runs.max_by_key(|run| (run.id, run.run_attempt))
}

/// The passed runs that decide how their build is shown: without them an earlier run would. They are those that came after a
/// failure, or the newest verdict where none is known.
pub(super) fn deciding_passes<'a>(of_build: &[&'a wire::Run]) -> Vec<&'a wire::Run> {
    let is_verdict = |run: &&wire::Run| normalise::run_status(run).is_verdict();
    let mut verdicts: Vec<_> = of_build.iter().copied().filter(is_verdict).collect();
    verdicts.sort_by_key(|run| std::cmp::Reverse((run.id, run.run_attempt)));
    let is_passed = |run: &&&wire::Run| normalise::run_status(run) == BuildStatus::Passed;
    let passed = verdicts.iter().take_while(is_passed).count();
    verdicts.truncate(if passed < verdicts.len() { passed } else { 1 });
    verdicts
}
