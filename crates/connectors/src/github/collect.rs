//! The end of a poll: what was read becomes snapshots, what is gone, and the cursor.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    error::ServiceError,
    item::{BuildStatus, Detail, Item, Kind, PullRequestState},
    source::GoneReason,
};
use jiff::Timestamp;

use super::{
    Account,
    client::{Found, News},
    cursor::{Part, Repo, Standing},
    details::{Done, PullRead, StandingRead, Stray},
    look::Look,
    normalise, wire,
};

/// True for what a service said no to, which is remembered with the repository.
pub(super) fn is_refusal(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. })
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
}

impl Account {
    /// Puts what was read into the cursor and the snapshots; gives back what could not be read.
    pub(super) fn collect(
        &self,
        look: &mut Look,
        done: Vec<Done>,
        now: Timestamp,
        snapshots: &mut Vec<Item>,
    ) -> Vec<ServiceError> {
        let mut errors = Vec::new();
        let mut strays = Vec::new();
        let readable = look.is_readable();
        for done in done {
            match done {
                Done::Pull { number, read } => {
                    pull(look, number, *read, readable, now, snapshots, &mut errors)
                }
                Done::Merger(found) => {
                    if let Some(found) = found {
                        look.pulls.insert(found.number, *found);
                    }
                }
                Done::Run { id, found } => match found {
                    Ok(Found::Same) => {}
                    Ok(Found::News(News { content: Stray { run, failing }, etag, .. })) => {
                        if normalise::run_status(&run).is_over() {
                            look.repo.strays.remove(&id);
                        } else {
                            look.repo.strays.insert(id, Some(etag));
                        }
                        strays.push((*run, failing));
                    }
                    Ok(Found::Gone) if readable => {
                        look.repo.strays.remove(&id);
                        let of_run =
                            |(build, known): (&String, &Standing)| (known.run == id).then(|| build.clone());
                        let builds: Vec<_> = look.repo.standing.iter().filter_map(of_run).collect();
                        builds.into_iter().for_each(|build| leave(look, build, GoneReason::Deleted));
                    }
                    Ok(Found::Gone) => {}
                    Err(error) => {
                        if is_refusal(&error) {
                            look.repo.strays.remove(&id);
                        }
                        errors.push(error);
                    }
                },
                Done::Jobs { id, attempt, failing } => match failing {
                    Ok(names) => drop(look.repo.failing.insert(attempt, names)),
                    Err(error) => {
                        if !look.repo.refuse(Part::Jobs, &error, now) {
                            // Asked for again by itself: the list may not change.
                            look.repo.strays.insert(id, None);
                        }
                        errors.push(error);
                    }
                },
                Done::Standing { id, read } => stands(look, id, *read, readable, now, &mut errors),
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
        for (run, names) in strays {
            failing.insert(normalise::attempt(&run), names);
            runs.push(run);
        }
        let mut workflows = std::mem::take(&mut look.repo.workflows);
        workflows.learn(&runs);
        look.repo.workflows = workflows;
        let runs = note_builds(look, runs, now);
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
    errors: &mut Vec<ServiceError>,
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
        // One pull request's 404 is its own; a 403 is the token's, and the server's lack is everybody's.
        if matches!(error, ServiceError::Auth { .. }) || part == Part::Statuses {
            look.repo.refuse(part, &error, now);
        }
        errors.push(error);
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
    read: StandingRead,
    readable: bool,
    now: Timestamp,
    errors: &mut Vec<ServiceError>,
) {
    if let Some(answers) = read.branches {
        look.repo.branches = Some((answers, now));
    }
    // What may not be asked for is no evidence, and nothing that the board needs.
    errors.extend(read.fault.filter(|error| !is_refusal(error)));
    match read.gone.filter(|_| readable) {
        Some(reason) => leave(look, id, reason),
        None => {
            if let Some(known) = look.repo.standing.get_mut(&id) {
                known.etags = read.etags;
                if read.workflow_asked {
                    known.workflow_at = Some(now);
                }
            }
        }
    }
}

/// A build is gone. Its runs may still be listed: only a newer one brings it back.
fn leave(look: &mut Look, id: String, reason: GoneReason) {
    let Some(known) = look.repo.standing.remove(&id) else { return };
    look.repo.strays.remove(&known.run);
    look.repo.running.remove(&known.run);
    look.repo.left.insert(id.clone(), known.newest);
    look.gone.push((Kind::Build, id, reason));
}

/// Takes note of which builds stand on the board by these runs; gives back the runs that are to be told.
fn note_builds(look: &mut Look, runs: Vec<wire::Run>, now: Timestamp) -> Vec<wire::Run> {
    let place = look.place();
    let mut builds: BTreeMap<String, Vec<&wire::Run>> = BTreeMap::new();
    for run in &runs {
        builds.entry(normalise::build_id(&place, run)).or_default().push(run);
    }
    let left = |id: &str, newest: (u64, u32)| look.repo.left.get(id).is_some_and(|left| newest <= *left);
    let (mut standing, mut silent, mut back) = (Vec::new(), BTreeSet::new(), Vec::new());
    for (id, of_build) in &builds {
        let Some(newest) = of_build.iter().map(|run| number(run)).max() else { continue };
        if left(id, newest) {
            silent.extend(of_build.iter().map(|run| normalise::attempt(run)));
            continue;
        }
        back.push(id.clone());
        let known = look.repo.standing.get(id).cloned().unwrap_or_default();
        standing.push((id.clone(), stand(&place, known, of_build, now)));
    }
    let repo = &mut look.repo;
    let listed: BTreeSet<_> = builds.keys().cloned().collect();
    if look.relisted {
        // What no list has can't be told by mistake.
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
    runs.into_iter().filter(|run| !silent.contains(&normalise::attempt(run))).collect()
}

fn number(run: &wire::Run) -> (u64, u32) {
    (run.run_number, run.run_attempt.unwrap_or(1))
}

/// How a build stands by these runs, and whether it needs to be looked after: green ones of other branches do not.
fn stand(
    place: &normalise::Place<'_>,
    mut known: Standing,
    runs: &[&wire::Run],
    now: Timestamp,
) -> (Standing, bool) {
    let before = known.run;
    let verdicts = runs.iter().filter(|run| normalise::run_status(run).is_verdict());
    if let Some(verdict) = verdicts.max_by_key(|run| number(run))
        && Some(number(verdict)) >= known.verdict
    {
        known.verdict = Some(number(verdict));
        known.red = normalise::run_status(verdict) == BuildStatus::Failed;
        if known.red {
            known.run = verdict.id;
        }
    }
    if let Some(newest) = runs.iter().max_by_key(|run| number(run))
        && number(newest) >= known.newest
    {
        known.newest = number(newest);
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

/// Once everything of a renamed repository is told under its new name, nothing is there under the old one.
fn forget_old_name(look: &mut Look) {
    let Repo { open, standing, strays, .. } = &look.repo;
    let awaited =
        open.values().any(|open| open.due) || standing.values().any(|it| strays.contains_key(&it.run));
    if !awaited && look.is_readable() {
        look.emptied.extend(look.repo.renamed_from.take());
    }
}
