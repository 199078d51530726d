//! The end of a poll: what was read becomes snapshots, what is gone, and the cursor.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    item::{BuildStatus, Detail, Item, Kind, PullRequestState},
    source::{GoneReason, ProblemKind},
};
use jiff::Timestamp;

use super::{
    account::Account,
    client::{Found, News},
    cursor::{BoardBuild, BoardRun, Part, Repo},
    details::{BoardBuildGone, BoardBuildRead, PullRead, TaskResult, UnlistedRunRead},
    fault::Fault,
    left_build::LeftBuild,
    look::Look,
    normalise,
    open::LastReported,
    run_position::RunPosition,
    unlisted_runs::UnlistedRun,
    wire,
};

/// True for what a service said no to, which is remembered with the repository.
pub(super) fn is_refusal(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. })
}

/// What could not be read in this poll and is named in its problems; what is refused is remembered with the repository.
pub(super) struct Missed {
    kind: ProblemKind,
    /// What is not seen for it, where it is one part.
    part: Option<Part>,
    pub(super) error: ServiceError,
}

impl Missed {
    fn new(part: Part, error: ServiceError) -> Self {
        let kind = if part == Part::Jobs { ProblemKind::Details } else { ProblemKind::Incomplete };
        // Of these it is a single one.
        let part = Some(part).filter(|part| !matches!(part, Part::Pulls | Part::Runs));
        Self { kind, part, error }
    }

    /// As it is named.
    pub(super) fn fault(&self) -> Fault {
        Fault { kind: self.kind, part: self.part, why: self.error.to_string() }
    }
}

fn has_ended(item: &Item) -> bool {
    matches!(&item.detail, Detail::PullRequest(pull) if pull.state != PullRequestState::Open)
}

impl Look {
    /// The repository, as builds are named after it.
    pub(super) fn place(&self) -> normalise::Place<'_> {
        let described = self.described();
        normalise::Place {
            name: described.map_or("", |described| described.name.as_str()),
            default_branch: described.and_then(|described| described.default_branch.as_deref()),
            workflows: &self.repo.workflows,
        }
    }

    /// True for a failed run that is later than what is known of its build.
    pub(super) fn is_news_of_red(&self, run: &wire::Run) -> bool {
        let known = self.repo.standing.get(&normalise::build_id(&self.place(), run));
        normalise::run_status(run) == BuildStatus::Failed
            && known.is_none_or(|known| RunPosition::of(run).is_after(known.newest))
    }
}

impl Account {
    /// Puts what was read into the cursor and the snapshots; gives back what could not be read.
    pub(super) fn collect(
        &self,
        look: &mut Look,
        done: Vec<TaskResult>,
        now: Timestamp,
        snapshots: &mut Vec<Item>,
    ) -> Vec<Missed> {
        let mut errors = Vec::new();
        let (mut unlisted, mut later_runs) = (Vec::new(), Vec::new());
        let mut deleted = Vec::new();
        let readable = look.is_readable();
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
                        if look.repo.lacks_attempt(&run) {
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
                        let later = later.into_iter().filter(|run| !look.repo.lacks_attempt(run));
                        let later: Vec<_> = later.collect();
                        for run in later.iter().filter(|run| normalise::is_awaited(run)) {
                            if !look.repo.listed.contains(&run.id) {
                                look.repo.unlisted_runs.add(run.id);
                            }
                        }
                        later_runs.extend(later);
                    }
                    Ok(Found::Gone) if readable => run_is_gone(look, id),
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
                TaskResult::Standing { id, read } => stands(look, id, *read, readable, now, &mut errors),
                TaskResult::Branch { name, read } => {
                    note_branches(look, read.answers, now);
                    let fault = read.fault.filter(|error| !is_refusal(error));
                    if fault.is_none() {
                        look.said_deleted.remove(&name);
                    }
                    errors.extend(fault.map(|error| Missed {
                        kind: ProblemKind::Details,
                        part: None,
                        error,
                    }));
                    deleted.extend(Some(name).filter(|_| read.gone && readable));
                }
            }
        }
        if look.described().is_none() {
            return errors;
        }
        let mut failing = look.repo.failing.clone();
        let mut runs = std::mem::take(&mut look.runs);
        if !runs.is_empty() {
            let listed: BTreeSet<_> = runs.iter().map(normalise::attempt).collect();
            look.repo.failing.retain(|attempt, _| listed.contains(attempt));
        }
        leave_all_builds(look, &unlisted, &errors);
        for (run, names) in unlisted {
            failing.insert(normalise::attempt(&run), names);
            runs.push(run);
        }
        runs.append(&mut later_runs);
        let mut workflows = std::mem::take(&mut look.repo.workflows);
        workflows.learn(&runs);
        look.repo.workflows = workflows;
        let runs = note_builds(look, runs, now);
        deleted.iter().for_each(|branch| leave_branch(look, branch));
        let place = look.place();
        let told = |pull| normalise::pull(&self.name, place.name, pull, &[], None, now);
        snapshots.extend(look.pulls.values().map(told));
        snapshots.extend(normalise::builds(&self.name, &place, &runs, &failing));
        forget_old_name(look);
        errors
    }
}

fn pull(
    look: &mut Look,
    number: u64,
    read: PullRead,
    readable: bool,
    now: Timestamp,
    snapshots: &mut Vec<Item>,
    errors: &mut Vec<Missed>,
) {
    let PullRead { open, item, gone, faults } = read;
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
    for (part, error) in faults {
        // One pull request's 404 is its own, as is a refusal of itself where the list has it; any other 403 is the token's, and
        // the server's lack is everybody's.
        let is_refused = matches!(error, ServiceError::Auth { .. }) && part != Part::Pulls;
        let is_everybodys = is_refused || part == Part::Statuses;
        if !(is_everybodys && look.repo.refuse(part, &error, now)) {
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

/// Takes in whether a build on the board is still there.
fn stands(
    look: &mut Look,
    id: String,
    read: BoardBuildRead,
    readable: bool,
    now: Timestamp,
    errors: &mut Vec<Missed>,
) {
    note_branches(look, read.branches, now);
    // What may not be asked for is no evidence, and nothing that the board needs.
    let fault = read.fault.filter(|error| !is_refusal(error));
    errors.extend(fault.map(|error| Missed { kind: ProblemKind::Details, part: None, error }));
    match read.gone.filter(|_| readable) {
        Some(BoardBuildGone::Run) => leave_run(look, id),
        Some(BoardBuildGone::Build(reason)) => leave(look, id, reason),
        None => {
            if let Some(known) = look.repo.standing.get_mut(&id) {
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
fn note_branches(look: &mut Look, answers: Option<bool>, now: Timestamp) {
    if let Some(answers) = answers {
        look.repo.branches = Some((answers, now));
    }
}

/// A branch is gone, and what was built of it: also what needs no looking after, such as green builds.
fn leave_branch(look: &mut Look, branch: &str) {
    let place = look.place();
    let ids: Vec<_> =
        place.workflows.names().iter().map(|name| format!("{}/{name}@{branch}", place.name)).collect();
    let of_branch = |known: &BoardBuild| known.branch.as_deref() == Some(branch);
    let standing = look.repo.standing.iter().filter(|(_, known)| of_branch(known));
    let standing: BTreeSet<_> = standing.map(|(id, _)| id.clone()).collect();
    let others = ids.into_iter().filter(|id| !standing.contains(id) && !look.repo.left.contains_key(id));
    let others: Vec<_> = others.collect();
    look.repo.not_passed.retain(|_, told| told.branch.as_deref() != Some(branch));
    look.gone.extend(others.into_iter().map(|id| (Kind::Build, id, GoneReason::BranchDeleted)));
    standing.into_iter().for_each(|id| leave(look, id, GoneReason::BranchDeleted));
}

/// A run that was asked for by itself is not there any more.
fn run_is_gone(look: &mut Look, id: u64) {
    look.repo.unlisted_runs.remove(id);
    let of_run = |(build, known): (&String, &BoardBuild)| (known.run == id).then(|| build.clone());
    let builds: Vec<_> = look.repo.standing.iter().filter_map(of_run).collect();
    match look.repo.not_passed.remove(&id) {
        Some(told) if builds.is_empty() => {
            leave_again(look, &told.build);
            look.gone_runs.push((told.build, told.number));
        }
        _ => builds.into_iter().for_each(|build| leave_run(look, build)),
    }
}

/// The run that a build stands by is gone: it stands by what is left, for which the lists are read again.
fn leave_run(look: &mut Look, id: String) {
    let Some(known) = look.repo.standing.get(&id) else { return };
    look.repo.not_passed.remove(&known.run);
    let positions = [Some(known.newest), known.verdict];
    match positions.into_iter().flatten().find_map(|position| position.number_of(known.run)) {
        Some(number) => {
            look.repo.unlisted_runs.remove(known.run);
            look.repo.running.remove(&known.run);
            look.repo.standing.remove(&id);
            (look.repo.runs, look.repo.default_runs) = (None, None);
            look.gone_runs.push((id, number));
        }
        // Earlier versions kept no more than that it stands.
        None => leave(look, id, GoneReason::Deleted),
    }
}

/// Where GitHub says that there are no runs, and of those that were reported none is there when it is asked for, all builds are
/// gone: the green ones too, which nobody asks for.
fn leave_all_builds(look: &mut Look, found: &[(wire::Run, Vec<String>)], errors: &[Missed]) {
    if !look.no_runs || !look.is_readable() {
        return;
    }
    let is_unanswered = |missed: &Missed| missed.kind == ProblemKind::Incomplete && missed.part.is_none();
    if !found.is_empty() || errors.iter().any(is_unanswered) {
        // It contradicts itself, or did not answer: the next poll asks again.
        look.repo.runs = None;
        return;
    }
    let standing = std::mem::take(&mut look.repo.standing);
    look.gone.extend(standing.into_keys().map(|id| (Kind::Build, id, GoneReason::Deleted)));
    look.repo.not_passed.clear();
    look.all_builds_gone = true;
}

/// A build is gone. Its runs may still be listed: only a newer one brings it back.
fn leave(look: &mut Look, id: String, reason: GoneReason) {
    let Some(known) = look.repo.standing.remove(&id) else { return };
    look.repo.unlisted_runs.remove(known.run);
    look.repo.running.remove(&known.run);
    look.repo.not_passed.retain(|_, told| told.build != id);
    look.repo.left.insert(id.clone(), LeftBuild::new(known.newest, reason.clone()));
    look.gone.push((Kind::Build, id, reason));
}

/// A build that is gone already: a late webhook may have brought it back.
fn leave_again(look: &mut Look, id: &str) {
    let is_told = look.gone.iter().any(|(kind, gone, _)| *kind == Kind::Build && gone == id);
    if let Some(left) = look.repo.left.get(id).filter(|_| !is_told) {
        look.gone.push((Kind::Build, id.to_owned(), left.reason.clone()));
    }
}

/// Has the builds of runs that name their branch by now go by that, with all that happened to them. In earlier versions all
/// runs that did not were one build: each leaves that.
fn leave_branchless(look: &mut Look, runs: &[wire::Run]) {
    let place = look.place();
    let (mut named, mut single) = (BTreeMap::new(), Vec::new());
    for run in runs {
        let Some(told) = look.repo.not_passed.get(&run.id) else { continue };
        let build = normalise::build_id(&place, run);
        if told.build == normalise::workflow_id(&place, run) {
            single.push((told.build.clone(), run.id, told.number));
        } else if told.build != build && told.is_branchless(run.id) {
            named.insert(told.build.clone(), build);
        }
    }
    for (build, id, number) in single {
        if look.repo.standing.get(&build).is_some_and(|known| known.run == id) {
            look.repo.standing.remove(&build);
        }
        look.gone_runs.push((build, number));
    }
    for (build, to) in named {
        look.repo.standing.remove(&build);
        look.gone.push((Kind::Build, build, GoneReason::Renamed { to }));
    }
}

/// Takes note of which builds stand on the board by these runs; gives back the runs that are to be reported.
fn note_builds(look: &mut Look, runs: Vec<wire::Run>, now: Timestamp) -> Vec<wire::Run> {
    leave_branchless(look, &runs);
    let place = look.place();
    let mut builds: BTreeMap<String, Vec<&wire::Run>> = BTreeMap::new();
    for run in &runs {
        builds.entry(normalise::build_id(&place, run)).or_default().push(run);
    }
    let left = |id: &str, newest: RunPosition| look.repo.left.get(id).is_some_and(|left| left.covers(newest));
    let (mut standing, mut silent, mut back, mut away) =
        (Vec::new(), BTreeSet::new(), Vec::new(), Vec::new());
    for (id, of_build) in &builds {
        let Some(newest) = newest_of(of_build.iter().copied()) else { continue };
        if left(id, RunPosition::of(newest)) {
            silent.extend(of_build.iter().map(|run| normalise::attempt(run)));
            away.push(id.clone());
            continue;
        }
        back.push(id.clone());
        let known = look.repo.standing.get(id).cloned().unwrap_or_default();
        standing.push((id.clone(), stand(&place, known, of_build, now)));
    }
    let listed: BTreeSet<_> = builds.keys().cloned().collect();
    away.iter().for_each(|id| leave_again(look, id));
    let repo = &mut look.repo;
    repo.not_passed.retain(|_, told| !away.contains(&told.build));
    if look.relisted {
        // What no list has can't be reported by mistake.
        repo.left.retain(|id, _| listed.contains(id));
    }
    repo.left.retain(|id, _| !back.contains(id));
    for (id, (known, stands)) in standing {
        if stands {
            repo.standing.insert(id, known);
        } else {
            repo.standing.remove(&id);
        }
    }
    let told: Vec<_> = runs.into_iter().filter(|run| !silent.contains(&normalise::attempt(run))).collect();
    let place = look.place();
    let of = |run: &wire::Run| BoardRun {
        build: normalise::build_id(&place, run),
        number: run.run_number,
        branch: normalise::own_branch(place.name, run),
    };
    let noted: Vec<_> = told.iter().map(|run| (run, of(run))).collect();
    noted.into_iter().for_each(|(run, of)| look.repo.note_on_board(run, of));
    told
}

fn newest_of<'a>(runs: impl Iterator<Item = &'a wire::Run>) -> Option<&'a wire::Run> {
    runs.max_by_key(|run| (run.id, run.run_attempt))
}

/// How a build stands by these runs, and whether it needs to be looked after: green ones of other branches do not.
fn stand(
    place: &normalise::Place<'_>,
    mut known: BoardBuild,
    runs: &[&wire::Run],
    now: Timestamp,
) -> (BoardBuild, bool) {
    let before = known.run;
    let is_as_new = |run: &wire::Run, than: RunPosition| !than.is_after(RunPosition::of(run));
    let verdicts = runs.iter().copied().filter(|run| normalise::run_status(run).is_verdict());
    if let Some(verdict) = newest_of(verdicts)
        && known.verdict.is_none_or(|known| is_as_new(verdict, known))
    {
        known.verdict = Some(RunPosition::of(verdict));
        known.red = normalise::run_status(verdict) == BuildStatus::Failed;
        if known.red {
            known.run = verdict.id;
        }
    }
    let over = runs.iter().copied().filter(|run| {
        let status = normalise::run_status(run);
        status.is_verdict() || status == BuildStatus::Unknown
    });
    let since = [known.verdict, known.unknown.as_ref().map(|(position, _)| *position)];
    if let Some(last) = newest_of(over)
        && since.into_iter().flatten().all(|position| is_as_new(last, position))
    {
        // One that it gave before is its result still.
        let is_known = known.verdict == Some(RunPosition::of(last));
        let word = normalise::unknown_conclusion(last).filter(|_| !is_known);
        known.unknown = word.map(|word| (RunPosition::of(last), word));
    }
    if let Some(newest) = newest_of(runs.iter().copied())
        && is_as_new(newest, known.newest)
    {
        known.newest = RunPosition::of(newest);
        known.under_way = !normalise::run_status(newest).is_over();
        known.branch = normalise::own_branch(place.name, newest);
        known.workflow = newest.workflow_id;
        if !known.red {
            known.run = newest.id;
        }
    }
    if known.run != before {
        known.etags[0] = None;
        // Whoever ran was not disabled then.
        known.workflow_at = Some(now);
    }
    let default = known.branch.is_some() && known.branch.as_deref() == place.default_branch;
    let stands = known.red || known.under_way || default;
    (known, stands)
}

/// Once everything of a renamed repository is reported under its new name, nothing is there under the old one.
fn forget_old_name(look: &mut Look) {
    let Repo { open, standing, unlisted_runs, .. } = &look.repo;
    let awaited =
        open.values().any(|open| open.due) || standing.values().any(|it| unlisted_runs.contains(it.run));
    if !awaited && look.is_readable() {
        look.emptied.extend(look.repo.renamed_from.take());
    }
}
