//! The end of a poll: what was read becomes snapshots, what is gone, and the cursor.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    item::{Detail, Item, Kind, PullRequestState},
    source::{GoneReason, ProblemKind},
};
use jiff::Timestamp;

use super::{
    account::Account,
    board_build::{deciding_passes, newest_of},
    board_run::renamed_id,
    client::{Found, News},
    cursor::{BoardBuild, BoardRun, Part, Repo},
    details::{PullRead, TaskResult, UnlistedRunRead},
    gates,
    gone_build::{Cause, GoneBuild},
    look::RepoLists,
    missed::Missed,
    normalise,
    open::LastReported,
    presence::{BoardBuildGone, BoardBuildRead},
    refusal::is_refusal,
    run_branch,
    run_position::RunPosition,
    unlisted_runs::UnlistedRun,
    wire,
};

fn has_ended(item: &Item) -> bool {
    matches!(&item.detail, Detail::PullRequest(pull) if pull.state != PullRequestState::Open)
}

impl Account {
    /// Puts what was read into the cursor and the snapshots; gives back what could not be read.
    pub(super) fn collect(
        &self,
        look: &mut RepoLists,
        done: Vec<TaskResult>,
        now: Timestamp,
        snapshots: &mut Vec<Item>,
    ) -> Vec<Missed> {
        let mut errors = Vec::new();
        let reported_before = snapshots.len();
        let (mut unlisted, mut later_runs) = (Vec::new(), Vec::new());
        let (mut deleted, mut gates) = (Vec::new(), Vec::new());
        let readable = look.is_readable();
        let runs_readable = look.is_list_readable(Part::Runs);
        let mut is_awaited = false;
        for done in done {
            match done {
                TaskResult::Pull { number, read } => {
                    pull(look, number, *read, readable, now, snapshots, &mut errors)
                }
                TaskResult::Merger(found) => {
                    if let Some(mut found) = found {
                        if let Some(listed) = look.pulls.get(&found.number) {
                            LastReported::of(listed).complete(&mut found);
                            found.updated_at = found.updated_at.or(listed.updated_at);
                        }
                        look.pulls.insert(found.number, *found);
                    }
                }
                TaskResult::Run { id, found } => match found {
                    Ok(Found::Same) => {}
                    Ok(Found::News(News {
                        content: UnlistedRunRead { run, failing, later }, etag, ..
                    })) => {
                        if look.repo.is_missing_attempt(&run) {
                            let why = format!("run {} does not say which attempt it is", run.run_number);
                            errors.push(Missed::new(Part::Runs, ServiceError::unavailable(why)));
                            look.repo.unlisted_runs.insert(id, UnlistedRun::Unread);
                            continue;
                        }
                        if normalise::is_awaited(&run) {
                            look.repo.unlisted_runs.insert(id, UnlistedRun::Read(etag));
                        } else {
                            look.repo.unlisted_runs.remove(id);
                        }
                        let names = failing.unwrap_or_else(|error| {
                            look.repo.refuse(Part::Jobs, &error, now);
                            Vec::new()
                        });
                        unlisted.push((*run, names));
                        // Those under way may be on no list either.
                        let later = later.into_iter().filter(|run| !look.repo.is_missing_attempt(run));
                        let later: Vec<_> = later.collect();
                        for run in later.iter().filter(|run| normalise::is_awaited(run)) {
                            if !look.repo.listed.contains(&run.id) {
                                look.repo.unlisted_runs.add(run.id);
                            }
                        }
                        later_runs.extend(later);
                    }
                    // A list has it: that a server does not show it by itself is no evidence.
                    Ok(Found::Gone) if look.repo.listed.contains(&id) => look.repo.unlisted_runs.remove(id),
                    Ok(Found::Gone) if look.repo.unlisted_runs.is_only_reported(id) => {
                        // A webhook may come before GitHub answers for its subject: it is asked for once more, after
                        // those that were not asked for yet.
                        look.repo.unlisted_runs.insert(id, UnlistedRun::Unread);
                        is_awaited = true;
                    }
                    Ok(Found::Gone) if runs_readable => run_is_gone(look, id),
                    Ok(Found::Gone) => {}
                    Err(error) if is_refusal(&error) => look.repo.unlisted_runs.remove(id),
                    Err(error) => {
                        // The others have their turn before it.
                        look.repo.unlisted_runs.fail(id);
                        errors.push(Missed::new(Part::Runs, error));
                    }
                },
                TaskResult::Jobs { id, attempt, failing } => match failing {
                    Ok(names) => drop(look.repo.failing.insert(attempt, names)),
                    Err(error) => {
                        if !look.repo.refuse(Part::Jobs, &error, now) {
                            // Asked for again by itself: the list may not change.
                            look.repo.unlisted_runs.insert(id, UnlistedRun::New);
                            errors.push(Missed::new(Part::Jobs, error));
                        }
                    }
                },
                TaskResult::Gates { id, read } => gates.push((id, *read)),
                TaskResult::BoardBuild { id, read } => {
                    // A run is missed only where its list can be read.
                    let is_evidence = |gone: &BoardBuildGone| match gone {
                        BoardBuildGone::Run => runs_readable,
                        BoardBuildGone::Build(_) => readable,
                    };
                    recheck(look, id, *read, is_evidence, now, &mut errors)
                }
                TaskResult::GoneBuild { id, read } => {
                    note_branches(look, read.answers, now);
                    let error = read.error.filter(|error| !is_refusal(error));
                    errors.extend(error.map(Missed::of_details));
                    if read.is_back {
                        look.repo.readmit(|gone, _| gone == id);
                    }
                }
                TaskResult::Branch { name, read } => {
                    note_branches(look, read.answers, now);
                    let error = read.error.filter(|error| !is_refusal(error));
                    if error.is_none() {
                        look.reported_branches.remove(&name);
                    }
                    errors.extend(error.map(Missed::of_details));
                    match read.is_there {
                        Some(true) => {
                            let lost = Some(Cause::NoBranch(&name));
                            look.repo.readmit(|id, gone| gone.cause(id) == lost);
                        }
                        Some(false) if readable => deleted.push(name),
                        Some(false) | None => {}
                    }
                }
            }
        }
        if look.described().is_none() {
            return errors;
        }
        let is_unanswered = |missed: &Missed| missed.kind == ProblemKind::Incomplete && missed.part.is_none();
        let mut failing = look.repo.failing.clone();
        let mut runs = std::mem::take(&mut look.runs);
        if !runs.is_empty() {
            let listed: BTreeSet<_> = runs.iter().map(normalise::attempt).collect();
            look.repo.failing.retain(|attempt, _| listed.contains(attempt));
        }
        remove_all_builds(look, &unlisted, is_awaited || errors.iter().any(is_unanswered));
        for (run, names) in unlisted {
            failing.insert(normalise::attempt(&run), names);
            runs.push(run);
        }
        runs.append(&mut later_runs);
        let mut workflows = std::mem::take(&mut look.repo.workflows);
        workflows.learn(&runs);
        look.repo.workflows = workflows;
        let gates_error = look.gates_error.take().map(|error| (Part::Gates, error));
        let found = gates::collect(&self.name, look, gates, &runs, now, snapshots);
        for (part, error) in gates_error.into_iter().chain(found) {
            // A 404 concerns one run.
            let concerns_all = matches!(error, ServiceError::Auth { .. });
            if !(concerns_all && look.repo.refuse(part, &error, now)) {
                errors.push(Missed::new(part, error));
            }
        }
        let runs = note_builds(look, runs, now);
        deleted.iter().for_each(|branch| remove_branch(look, branch));
        let place = look.place();
        let snapshot = |pull| normalise::pull(&self.name, place.name, pull, &[], None, now);
        snapshots.extend(look.pulls.values().map(snapshot));
        snapshots.extend(normalise::builds(&self.name, &place, &runs, &failing));
        report_old_names(look, snapshots.iter().skip(reported_before));
        forget_old_name(look);
        errors
    }
}

fn pull(
    look: &mut RepoLists,
    number: u64,
    read: PullRead,
    readable: bool,
    now: Timestamp,
    snapshots: &mut Vec<Item>,
    errors: &mut Vec<Missed>,
) {
    let PullRead { open, item, gone, errors: failed } = read;
    if gone {
        // A repository that can't be read has no pull requests either.
        if readable {
            let name = look.place().name.to_owned();
            look.gone.push((Kind::PullRequest, format!("{name}#{number}"), GoneReason::Deleted));
            look.repo.open.remove(&number);
            look.pulls.remove(&number);
        }
        return;
    }
    for (part, error) in failed {
        // A 404 concerns one pull request, as does a refusal of the pull request itself where the list has it. Any other 403 is
        // about the token, and a server without statuses has none for any pull request.
        let is_refused = matches!(error, ServiceError::Auth { .. }) && part != Part::Pulls;
        let concerns_all = is_refused || part == Part::Statuses;
        if !(concerns_all && look.repo.refuse(part, &error, now)) {
            errors.push(Missed::new(part, error));
        }
    }
    look.repo.open.insert(number, open);
    if let Some(item) = item {
        if has_ended(&item) {
            look.repo.open.remove(&number);
        }
        look.pulls.remove(&number);
        snapshots.push(item);
    }
}

/// Records whether a build on the board is still there.
fn recheck(
    look: &mut RepoLists,
    id: String,
    read: BoardBuildRead,
    is_evidence: impl Fn(&BoardBuildGone) -> bool,
    now: Timestamp,
    errors: &mut Vec<Missed>,
) {
    note_branches(look, read.branches, now);
    // What may not be asked for is no evidence, and nothing that the board needs.
    let error = read.error.filter(|error| !is_refusal(error));
    errors.extend(error.map(Missed::of_details));
    match read.gone {
        // What was answered is not kept, so that it is asked anew.
        Some(gone) if !is_evidence(&gone) => {}
        Some(BoardBuildGone::Run) => {
            if let Some(run) = look.repo.board_builds.get(&id).map(|known| known.run) {
                remove_run(look, id, run);
            }
        }
        Some(BoardBuildGone::Build(reason)) => remove_build(look, id, reason),
        None => {
            if let Some(known) = look.repo.board_builds.get_mut(&id) {
                known.etags = read.etags;
                if read.workflow_asked {
                    known.workflow_at = Some(now);
                }
                if read.is_named {
                    look.repo.unlisted_runs.add(known.run);
                }
            }
        }
    }
}

/// Takes note of whether the repository answers for branches.
fn note_branches(look: &mut RepoLists, answers: Option<bool>, now: Timestamp) {
    if let Some(answers) = answers {
        look.repo.branches = Some((answers, now));
    }
}

/// A branch is gone, with all of its builds: also those that are not tracked, such as green ones.
fn remove_branch(look: &mut RepoLists, branch: &str) {
    let place = look.place();
    let ids: Vec<_> =
        place.workflows.names().iter().map(|name| format!("{}/{name}@{branch}", place.name)).collect();
    let of_branch = |known: &BoardBuild| known.branch.as_deref() == Some(branch);
    let on_board = look.repo.board_builds.iter().filter(|(_, known)| of_branch(known));
    let on_board: BTreeSet<_> = on_board.map(|(id, _)| id.clone()).collect();
    let is_new = |id: &String| !on_board.contains(id) && !look.repo.gone_builds.contains(id);
    let others: Vec<_> = ids.into_iter().filter(is_new).collect();
    look.repo.retain_runs(|run| run.branch.as_deref() != Some(branch));
    look.gone.extend(others.into_iter().map(|id| (Kind::Build, id, GoneReason::BranchDeleted)));
    on_board.into_iter().for_each(|id| remove_build(look, id, GoneReason::BranchDeleted));
}

/// A run that was asked for by itself is not there any more.
fn run_is_gone(look: &mut RepoLists, id: u64) {
    look.repo.unlisted_runs.remove(id);
    if let Some(run) = look.repo.gates.remove(id) {
        let name = look.place().name.to_owned();
        let gone = run.ids(&name, id).into_iter().map(|id| (Kind::Approval, id, GoneReason::Deleted));
        look.gone.extend(gone);
    }
    let reported = look.repo.forget_run(id);
    look.repo.board_builds.values_mut().for_each(|known| known.forget_newer(id));
    let of_run = |(build, known): (&String, &BoardBuild)| known.is_decided_by(id).then(|| build.clone());
    let builds: Vec<_> = look.repo.board_builds.iter().filter_map(of_run).collect();
    match reported {
        Some(run) if builds.is_empty() => {
            remove_again(look, &run.build);
            look.deleted_runs.push((run.build, run.number));
        }
        _ => builds.into_iter().for_each(|build| remove_run(look, build, id)),
    }
}

/// A run that decides a build's status is gone: its other runs decide it, for which the lists are read again.
fn remove_run(look: &mut RepoLists, id: String, run: u64) {
    let Some(known) = look.repo.board_builds.get(&id) else { return };
    let positions = [Some(known.newest), known.verdict];
    let number = positions.into_iter().flatten().find_map(|position| position.number_of(run));
    look.repo.forget_run(run);
    match number {
        Some(number) => {
            look.repo.unlisted_runs.remove(run);
            look.repo.running.remove(&run);
            look.repo.board_builds.remove(&id);
            (look.repo.runs, look.repo.default_runs) = (None, None);
            look.deleted_runs.push((id, number));
        }
        // Earlier versions did not keep the run's number.
        None => remove_build(look, id, GoneReason::Deleted),
    }
}

/// Where GitHub lists no runs, and none of those that were reported is there when it is asked for, all builds are gone: the
/// green ones too, which nobody asks for.
fn remove_all_builds(look: &mut RepoLists, found: &[(wire::Run, Vec<String>)], is_unknown: bool) {
    if !look.no_runs || !look.is_readable() {
        return;
    }
    if !found.is_empty() || is_unknown {
        // It contradicts itself, or did not answer: the next poll asks again.
        look.repo.runs = None;
        return;
    }
    let builds = std::mem::take(&mut look.repo.board_builds);
    look.gone.extend(builds.into_keys().map(|id| (Kind::Build, id, GoneReason::Deleted)));
    look.repo.retain_runs(|_| false);
    look.all_builds_gone = true;
}

/// A build is gone. Its runs may still be listed: a newer one brings it back, or the end of what it is gone for.
fn remove_build(look: &mut RepoLists, id: String, reason: GoneReason) {
    let Some(known) = look.repo.board_builds.remove(&id) else { return };
    look.repo.unlisted_runs.remove(known.run);
    look.repo.running.remove(&known.run);
    look.repo.retain_runs(|run| run.build != id);
    look.repo.gone_builds.insert(id.clone(), GoneBuild::new(&known, reason.clone()));
    look.gone.push((Kind::Build, id, reason));
}

/// A build that is gone already: a late webhook may have brought it back.
fn remove_again(look: &mut RepoLists, id: &str) {
    let is_reported = look.gone.iter().any(|(kind, gone, _)| *kind == Kind::Build && gone == id);
    if let Some(gone) = look.repo.gone_builds.get(id).filter(|_| !is_reported) {
        look.gone.push((Kind::Build, id.to_owned(), gone.reason.clone()));
    }
}

/// Renames the builds of runs that name their branch by now; their history stays. In earlier versions all runs without a
/// branch were one build: each is removed from that.
fn rename_branchless(look: &mut RepoLists, runs: &[wire::Run]) {
    let place = look.place();
    let (mut named, mut single) = (BTreeMap::new(), Vec::new());
    for run in runs {
        let Some(known) = look.repo.unpassed_runs.get(&run.id) else { continue };
        let build = normalise::build_id(&place, run);
        if known.build == normalise::workflow_id(&place, run) {
            single.push((known.build.clone(), run.id, known.number));
        } else if known.build != build && known.is_branchless(run.id) {
            named.insert(known.build.clone(), build);
        }
    }
    for (build, id, number) in single {
        if look.repo.board_builds.get(&build).is_some_and(|known| known.run == id) {
            look.repo.board_builds.remove(&build);
        }
        look.deleted_runs.push((build, number));
    }
    for (build, to) in named {
        look.repo.board_builds.remove(&build);
        look.gone.push((Kind::Build, build, GoneReason::Renamed { to }));
    }
}

/// Updates the builds on the board by these runs; gives back the runs that are to be reported.
fn note_builds(look: &mut RepoLists, runs: Vec<wire::Run>, now: Timestamp) -> Vec<wire::Run> {
    rename_branchless(look, &runs);
    let place = look.place();
    let mut builds: BTreeMap<String, Vec<&wire::Run>> = BTreeMap::new();
    for run in &runs {
        builds.entry(normalise::build_id(&place, run)).or_default().push(run);
    }
    let (mut updated, mut silent, mut back, mut away) = (Vec::new(), BTreeSet::new(), Vec::new(), Vec::new());
    let mut decided_by = BTreeSet::new();
    for (id, of_build) in &builds {
        let Some(newest) = newest_of(of_build.iter().copied()) else { continue };
        if look.repo.gone_builds.covers(id, RunPosition::of(newest)) {
            silent.extend(of_build.iter().map(|run| normalise::attempt(run)));
            away.push(id.clone());
            continue;
        }
        back.push(id.clone());
        let known = look.repo.board_builds.get(id).cloned().unwrap_or_default();
        let deciding = deciding_passes(of_build).into_iter().map(|run| run.id);
        decided_by.extend(deciding);
        updated.push((id.clone(), known.after(&place, of_build, now)));
    }
    let listed: BTreeSet<_> = builds.keys().cloned().collect();
    away.iter().for_each(|id| remove_again(look, id));
    // It was built since: it stays, as one of another branch.
    look.gone.retain(|(_, id, reason)| *reason != GoneReason::NotDefaultBranch || !back.contains(id));
    let repo = &mut look.repo;
    repo.retain_runs(|run| !away.contains(&run.build));
    if look.relisted {
        // A build that is on no list can't be reported by mistake, but one may be back without a newer run.
        repo.gone_builds.retain(|id, gone| listed.contains(id) || gone.cause(id).is_some());
    }
    repo.gone_builds.retain(|id, _| !back.iter().any(|back| back == id));
    for (id, (known, is_tracked)) in updated {
        if is_tracked {
            repo.board_builds.insert(id, known);
        } else {
            repo.board_builds.remove(&id);
        }
    }
    let reported: Vec<_> =
        runs.into_iter().filter(|run| !silent.contains(&normalise::attempt(run))).collect();
    let place = look.place();
    let of = |run: &wire::Run| BoardRun {
        build: normalise::build_id(&place, run),
        number: run.run_number,
        branch: run_branch::own_branch(place.name, run),
    };
    let on_board: Vec<_> = reported.iter().map(|run| (run, of(run))).collect();
    for (run, of) in on_board {
        look.repo.note_on_board(run, of, decided_by.contains(&run.id));
    }
    reported
}

/// What is reported of a renamed repository is what was reported under its old name, also where only a webhook did so.
fn report_old_names<'a>(look: &mut RepoLists, reported: impl Iterator<Item = &'a Item>) {
    let Some(old) = look.repo.renamed_from.clone() else { return };
    let new = look.place().name.to_owned();
    for Item { key, .. } in reported {
        let Some(before) = renamed_id(&key.id, &new, &old) else { continue };
        let renamed = (key.kind, before, GoneReason::Renamed { to: key.id.clone() });
        if !look.gone.contains(&renamed) {
            look.gone.push(renamed);
        }
    }
}

/// Once everything of a renamed repository is reported under its new name, also what only webhooks have shown, nothing is there
/// under the old one. Webhooks that came while the poll found the new name are checked by the next one.
fn forget_old_name(look: &mut RepoLists) {
    let Repo { open, board_builds, unpassed_runs, unlisted_runs, gates, .. } = &look.repo;
    let mut runs = board_builds.values().map(|known| known.run).chain(unpassed_runs.keys().copied());
    let is_awaited =
        open.values().any(|open| open.due) || runs.any(|run| unlisted_runs.awaits(run)) || gates.any_due();
    if !is_awaited && look.is_readable() && !look.is_renamed {
        look.emptied.extend(look.repo.renamed_from.take());
    }
}
