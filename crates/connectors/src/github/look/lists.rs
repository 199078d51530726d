//! A repository's lists as one poll reads them.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    item::{BuildStatus, Kind, PullRequestState},
    source::GoneReason,
};
use jiff::Timestamp;

use crate::{
    github::{
        board_run::renamed_id,
        claim::Claim,
        cursor::{BoardRun, Part, Repo, RepoDescription},
        normalise,
        open::{Listed, Open},
        run_branch,
        run_position::RunPosition,
        wire,
    },
    lenient::{MalformedEntry, first_and_more},
};

/// Rows on a page of the lists that are read at every poll.
pub(super) const PAGE: usize = 50;

/// A repository's lists as one poll reads them, and what follows from them.
#[derive(Default)]
pub(in crate::github) struct RepoLists {
    /// Its name in small letters, as the configuration or an owner's list has it: its key in the cursor.
    pub(in crate::github) key: String,
    pub(in crate::github) repo: Repo,
    /// The pull requests that are new or changed.
    pub(in crate::github) pulls: BTreeMap<u64, wire::Pull>,
    /// The numbers of all that are on its lists, changed or not.
    pub(in crate::github) listed_pulls: BTreeSet<u64>,
    /// True where its lists have all pull requests that are open.
    pub(in crate::github) lists_all_open: bool,
    /// Of the changed ones, those that were open, or so a webhook says, and are merged now.
    pub(in crate::github) merged: BTreeSet<u64>,
    /// The runs of lists that changed.
    pub(in crate::github) runs: Vec<wire::Run>,
    /// True where there were runs, and GitHub lists none at all any more.
    pub(in crate::github) no_runs: bool,
    /// Why not all runs that wait for people are known.
    pub(in crate::github) gates_error: Option<ServiceError>,
    /// The heads of runs that are new or changed.
    pub(in crate::github) heads: BTreeSet<String>,
    /// True where its list of runs changed and all of it could be read: runs that were on it may be gone.
    pub(in crate::github) relisted: bool,
    /// True where at least one of its lists was read.
    pub(in crate::github) read: bool,
    /// Why (a part of) it could not be read.
    pub(in crate::github) error: Option<ServiceError>,
    /// What is certainly not there any more, by kind and id.
    pub(in crate::github) gone: Vec<(Kind, String, GoneReason)>,
    /// True where no build of it is there any more, also none that the cursor does not know.
    pub(in crate::github) all_builds_gone: bool,
    /// The runs that are certainly not there any more, by their build's id and their number.
    pub(in crate::github) deleted_runs: Vec<(String, u64)>,
    /// Names of repositories of which nothing is there any more but what this poll reports.
    pub(in crate::github) emptied: BTreeSet<String>,
    /// Names that another repository has by now: what was reported under them before this poll is not of that one.
    pub(in crate::github) replaced: BTreeSet<String>,
    /// True where what is listed under its name is of another repository. None of it was taken in.
    pub(in crate::github) is_taken_over: bool,
    /// Branches that a webhook reported deleted or created.
    pub(in crate::github) reported_branches: BTreeSet<String>,
    /// True where its name and default branch were asked for in this poll.
    pub(in crate::github) is_described: bool,
    /// True where this poll found that it goes by another name: until now webhooks were reported under the old one.
    pub(in crate::github) is_renamed: bool,
}

impl RepoLists {
    /// What is known of the repository's name and default branch, however old.
    pub(in crate::github) fn described(&self) -> Option<&RepoDescription> {
        self.repo.described.as_ref().map(|(described, _)| described)
    }

    /// The repository, as builds are named after it.
    pub(in crate::github) fn place(&self) -> normalise::Place<'_> {
        let described = self.described();
        normalise::Place {
            name: described.map_or("", |described| described.name.as_str()),
            default_branch: described.and_then(|described| described.default_branch.as_deref()),
            workflows: &self.repo.workflows,
        }
    }

    /// True for a repository that is certainly another one.
    pub(super) fn is_other(&self, repo: &wire::RepoName) -> bool {
        let known = self.described().and_then(|described| described.id);
        known.zip(repo.id).is_some_and(|(known, id)| known != id)
    }

    /// Another repository that is watched has the name that this one had: what is reported under that name from now on is not
    /// of this one. `ids` are those of all, by name in small letters.
    pub(in crate::github) fn leave_old_name(&mut self, ids: &BTreeMap<String, u64>) {
        let Some(own) = self.described().and_then(|described| described.id) else { return };
        let is_other = |old: &str| ids.get(&old.to_ascii_lowercase()).is_some_and(|id| *id != own);
        let taken = self.repo.renamed_from.take_if(|old| is_other(old));
        self.replaced.extend(taken);
    }

    /// True where nothing of it that was asked for was refused or lost: what is missing then is missing.
    pub(in crate::github) fn is_readable(&self) -> bool {
        self.error.is_none() && self.read
    }

    /// The same of what that list has: one that is refused says nothing of what it lacks.
    pub(in crate::github) fn is_list_readable(&self, list: Part) -> bool {
        self.is_readable() && !self.repo.is_refused(list)
    }

    /// What its lists show of a pull request.
    pub(in crate::github) fn listed(&self, number: u64) -> Listed<'_> {
        match self.pulls.get(&number) {
            Some(row) => Listed::Changed(row),
            None if self.listed_pulls.contains(&number) => Listed::Same,
            None if self.lists_all_open => Listed::Absent,
            None => Listed::Unknown,
        }
    }

    /// The newest verdict on each build that is on the lists that changed.
    pub(in crate::github) fn newest_verdicts(&self) -> impl Iterator<Item = &wire::Run> {
        let place = self.place();
        let mut newest: BTreeMap<String, &wire::Run> = BTreeMap::new();
        for run in self.runs.iter().filter(|run| normalise::run_status(run).is_verdict()) {
            let known = newest.entry(normalise::build_id(&place, run)).or_insert(run);
            if RunPosition::of(run).is_after(RunPosition::of(known)) {
                *known = run;
            }
        }
        newest.into_values()
    }

    /// True where the newest verdict on a branch of its own, which is not the default one as far as is known, is red, and was not
    /// seen before: it may be the default one by now.
    pub(super) fn has_red_news_elsewhere(&self) -> bool {
        let place = self.place();
        let is_elsewhere = |run: &wire::Run| {
            let branch = run_branch::own_branch(place.name, run);
            branch.is_some_and(|branch| place.default_branch.is_some_and(|default| default != branch))
        };
        self.newest_verdicts().any(|run| is_elsewhere(run) && self.is_news_of_red(run))
    }

    /// True for a failed run that is later than what is known of its build.
    pub(in crate::github) fn is_news_of_red(&self, run: &wire::Run) -> bool {
        let known = self.repo.board_builds.get(&normalise::build_id(&self.place(), run));
        normalise::run_status(run) == BuildStatus::Failed
            && known.is_none_or(|known| RunPosition::of(run).is_after(known.newest))
    }

    /// Makes this poll ask for what a webhook reported, unless its lists have just shown it: what is read after the webhook
    /// came is the state, whatever the dates.
    pub(in crate::github) fn check(&mut self, claim: &Claim, now: Timestamp) {
        let is_away = self.repo.is_away();
        if claim.asks_for_repo() {
            self.reported_branches.extend(claim.branch.clone().filter(|_| !is_away));
            return;
        }
        if is_away {
            // Nothing of it is on the board, though the webhook came to it before that was known.
            let name = self.described().map(|described| described.name.clone());
            self.emptied.extend(name);
            return;
        }
        if let Some((number, head)) = &claim.pull {
            self.check_pull(*number, head, now);
        }
        if let Some(run) = claim.run {
            let on_board = claim.on_board.as_ref().map(|on_board| self.as_named_now(on_board));
            self.check_run(run, claim.is_incomplete, on_board);
            if let Some(reported) = &claim.gates {
                self.repo.gates.report(run, reported);
            }
        }
    }

    /// A run that a webhook put on the board, maybe under the name that the repository had then.
    fn as_named_now(&self, run: &BoardRun) -> BoardRun {
        let old = self.repo.renamed_from.as_deref();
        let build = old.and_then(|old| renamed_id(&run.build, old, self.place().name));
        BoardRun { build: build.unwrap_or_else(|| run.build.clone()), ..run.clone() }
    }

    fn check_pull(&mut self, number: u64, head: &str, now: Timestamp) {
        match self.pulls.get(&number).map(normalise::state) {
            // Who merged it is on no list.
            Some(PullRequestState::Merged) => drop(self.merged.insert(number)),
            Some(PullRequestState::Closed) => {}
            Some(PullRequestState::Open) | None => {
                let new = || Open { is_unlisted: true, is_only_reported: true, ..Open::new(head, now, now) };
                self.repo.open.entry(number).or_insert_with(new).due = true;
            }
        }
    }

    fn check_run(&mut self, run: u64, is_incomplete: bool, on_board: Option<BoardRun>) {
        let is_on_list = self.runs.iter().any(|row| row.id == run);
        let mut is_asked = is_incomplete || !is_on_list;
        if let Some(on_board) = on_board {
            is_asked |= self.name_branch(run, &on_board);
            let is_gone = self.repo.gone_builds.contains(&on_board.build);
            // A run on a list exists.
            if is_gone || !self.repo.listed.contains(&run) {
                is_asked = true;
                self.repo.unpassed_runs.entry(run).or_insert(on_board);
            }
        }
        if is_asked {
            self.repo.unlisted_runs.report(run);
        }
    }

    /// Takes a run's branch from a webhook: it holds though a list may not name it yet. True where the run was on the board
    /// without it.
    fn name_branch(&mut self, run: u64, on_board: &BoardRun) -> bool {
        let name = self.place().name.to_owned();
        let rows = self.runs.iter_mut().filter(|row| row.id == run);
        rows.for_each(|row| {
            run_branch::complete_branch(row, on_board.branch.as_deref(), None);
            run_branch::complete_owner(&name, row, Some(on_board.build.as_str()));
        });
        let known = self.repo.unpassed_runs.get_mut(&run);
        let Some(known) = known.filter(|known| known.is_branchless(run) && known.build != on_board.build)
        else {
            return false;
        };
        let before = std::mem::replace(known, on_board.clone()).build;
        self.repo.board_builds.remove(&before);
        self.gone.push((Kind::Build, before, GoneReason::Renamed { to: on_board.build.clone() }));
        true
    }
}

/// Remembers which entries of a list could not be read.
pub(super) fn note_unread(repo: &mut Repo, part: Part, unread: &[MalformedEntry]) {
    match first_and_more(unread) {
        None => drop(repo.malformed.remove(&part)),
        Some(why) => drop(repo.malformed.insert(part, why)),
    }
}

/// Remembers whether a list has fewer entries than GitHub counts.
pub(super) fn note_short(repo: &mut Repo, part: Part, short: bool) {
    if short {
        repo.short.insert(part)
    } else {
        repo.short.remove(&part)
    };
}
