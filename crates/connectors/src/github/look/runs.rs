//! A repository's runs: which are new, which cannot be read, and which are missing from a list that should have them.

use std::collections::BTreeSet;

use callboard_domain::error::ServiceError;
use jiff::Timestamp;
use reqwest::Method;

use super::{
    lists::{PAGE, RepoLists, note_short, note_unread},
    waiting::waiting,
};
use crate::{
    dedup::once,
    github::{
        client::{Calls, Rows, in_repo},
        cursor::{BoardRun, Part, Repo, RepoDescription},
        normalise, run_branch,
        unlisted_runs::UnlistedRun,
        wire,
    },
    lenient::MalformedEntry,
};

/// Reads the list of a repository's runs; on a busy one also that of its default branch.
pub(super) async fn runs(
    calls: &Calls<'_>,
    look: &mut RepoLists,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let Some(RepoDescription { name, default_branch, .. }) = look.described().cloned() else {
        return Ok(());
    };
    let list = |branch: Option<&str>| {
        let list = in_repo(Method::GET, &name, &["actions", "runs"]).query("per_page", PAGE.to_string());
        let list = list.query("exclude_pull_requests", "true");
        if let Some(branch) = branch { list.query("branch", branch) } else { list }
    };
    // Nothing is taken in before all of it is there: the poll may end in between.
    let all = calls.rows::<wire::Runs>(list(None), look.repo.runs.as_deref(), 1, |_| false).await?;
    let busy = all.as_ref().map_or(look.repo.busy, |found| found.more);
    let listed = all.iter().flat_map(|found| &found.rows);
    if listed.filter_map(|run| run.repository.as_ref()).any(|repo| look.is_other(repo)) {
        look.is_taken_over = true;
        return Ok(());
    }
    // On a busy repository the default branch has a list of its own: its latest run may be far down the other.
    let of_default = match default_branch.as_deref().filter(|_| busy) {
        Some(branch) => {
            let etag = look.repo.default_runs.as_deref();
            calls.rows::<wire::Runs>(list(Some(branch)), etag, 1, |_| false).await
        }
        None => Ok(None),
    };
    let repo = &mut look.repo;
    // A date that is ahead shows nothing of what is new: clocks differ.
    let newest = repo.newest_run.filter(|at| *at <= now);
    let is_relisted = all.is_some();
    let (mut rows, mut unread, mut lists) = (Vec::new(), Vec::new(), Lists::default());
    if let Some(found) = all {
        lists.add(&found, None);
        repo.runs = Some(found.etag);
        repo.busy = found.more;
        note_short(repo, Part::Runs, found.short);
        let has_builds =
            !(repo.listed.is_empty() && repo.board_builds.is_empty() && repo.unpassed_runs.is_empty());
        look.no_runs = found.none && has_builds;
        // A run under way that left the page is asked for by itself until it ends.
        let listed: BTreeSet<_> = found.rows.iter().map(|run| run.id).collect();
        repo.running.difference(&listed).for_each(|id| repo.unlisted_runs.insert(*id, UnlistedRun::New));
        repo.unlisted_runs.retain(|id| !listed.contains(&id));
        let awaited = found.rows.iter().filter(|run| normalise::is_awaited(run));
        repo.running = awaited.map(|run| run.id).collect();
        look.relisted = found.unread.is_empty();
        repo.listed = listed;
        (rows, unread) = (found.rows, found.unread);
    }
    // Runs on the list of the default branch are of that branch, whether they name it or not.
    let mut of_default_branch = BTreeSet::new();
    let result = match of_default {
        Ok(Some(found)) => {
            lists.add(&found, default_branch.clone());
            repo.default_runs = Some(found.etag);
            of_default_branch.extend(found.rows.iter().map(|run| run.id));
            repo.listed.extend(&of_default_branch);
            unread.extend(found.unread);
            rows.extend(found.rows);
            Ok(())
        }
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    ask_for_missing(repo, &lists, look.no_runs);
    let mut rows = unambiguous(repo, rows, &mut unread);
    for run in rows.iter_mut().filter(|run| run_branch::is_branchless(run)) {
        let listed = default_branch.as_deref().filter(|_| of_default_branch.contains(&run.id));
        let known = repo.branch_of(run.id).or(listed);
        run_branch::complete_branch(run, known, default_branch.as_deref());
    }
    for run in &mut rows {
        let build = repo.build_of(run.id);
        run_branch::complete_owner(&name, run, build);
    }
    if repo.busy && !unread.is_empty() {
        // Both are read again: a list that has not changed would not show again which entries are left out.
        (repo.runs, repo.default_runs) = (None, None);
    }
    if is_relisted || !unread.is_empty() {
        note_unread(repo, Part::Runs, &unread);
    }
    let at = |run: &wire::Run| run.updated_at.filter(|at| *at <= now);
    let news = rows.iter().filter(|run| newest.is_none_or(|newest| at(run).is_none_or(|at| at >= newest)));
    // Where they are read again, those that were news at first still are.
    look.heads.extend(news.map(|run| run.head_sha.clone()));
    repo.newest_run = rows.iter().filter_map(at).max().max(newest);
    look.runs = rows;
    waiting(calls, look, is_relisted).await;
    result
}

/// The lists that were just read.
#[derive(Default)]
struct Lists {
    /// The runs that are on them.
    ids: BTreeSet<u64>,
    /// What each should have, as far as a missing run is evidence.
    reach: Vec<Reach>,
}

/// What a list of runs should have: all of one branch (of every one where none is given) from a run on, as ids rise.
struct Reach {
    branch: Option<String>,
    /// None for a list that has all there are.
    oldest: Option<u64>,
}

impl Lists {
    fn add(&mut self, found: &Rows<wire::Run>, branch: Option<String>) {
        let ids: BTreeSet<_> = found.rows.iter().map(|run| run.id).collect();
        let oldest = ids.first().copied();
        // An entry that cannot be read may be any run that seems to be missing.
        if found.unread.is_empty() && (!found.more || oldest.is_some()) {
            self.reach.push(Reach { branch, oldest: oldest.filter(|_| found.more) });
        }
        self.ids.extend(ids);
    }

    /// True for a run that should be on one of them, and is on none.
    fn misses(&self, id: u64, branch: Option<&str>) -> bool {
        let has = |reach: &Reach| {
            reach.oldest.is_none_or(|oldest| id > oldest)
                && (reach.branch.is_none() || reach.branch.as_deref() == branch)
        };
        !self.ids.contains(&id) && self.reach.iter().any(has)
    }
}

/// Makes the poll ask one by one for the runs that decide what the board shows and are not listed although they should be.
/// `none`: no run is listed at all, so all that passed went with the rest.
fn ask_for_missing(repo: &mut Repo, lists: &Lists, none: bool) {
    let passed = repo.passed_runs.iter().filter(|_| !none);
    let is_missing = |(id, run): (&u64, &BoardRun)| lists.misses(*id, run.branch.as_deref()).then_some(*id);
    let missing: Vec<_> = repo.unpassed_runs.iter().chain(passed).filter_map(is_missing).collect();
    for id in missing {
        repo.listed.remove(&id);
        repo.unlisted_runs.add(id);
    }
}

/// The runs whose rows are unambiguous; the others are named in `unread`.
fn unambiguous(repo: &mut Repo, rows: Vec<wire::Run>, unread: &mut Vec<MalformedEntry>) -> Vec<wire::Run> {
    let name = |run: &wire::Run| format!("run {}", run.run_number);
    let key = |run: &wire::Run| Some((run.id, run.run_attempt));
    let rows = once(rows, unread, key, normalise::further_run, name);
    let (without_attempt, rows): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|run| repo.is_missing_attempt(run));
    let why = "it was run again, and does not say which attempt it is";
    unread.extend(without_attempt.iter().map(|run| MalformedEntry { which: name(run), why: why.to_owned() }));
    repo.reruns.retain(|id| repo.listed.contains(id) || repo.unlisted_runs.contains(*id));
    repo.reruns.extend(rows.iter().filter(|run| run.run_attempt > Some(1)).map(|run| run.id));
    rows
}
