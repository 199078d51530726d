//! A poll: first every repository's lists, then the details that those lists (or checks under way) ask for.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{BuildStatus, Detail, Item, PullRequestState},
    source::{Batch, Budget, Cursor, Hook, Problem, ProblemKind, Source},
};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use reqwest::Method;

use super::{
    Account,
    client::{Calls, in_repo},
    cursor::{Part, Place},
    details::{self, Done, Task},
    identity::me,
    is_watched,
    look::{Look, look},
    normalise,
    targets::targets,
    wire,
};

/// How many requests are under way at a time.
const AT_ONCE: usize = 8;
/// How many pull requests' details are read in one poll; the others wait for the next.
const PULLS_AT_ONCE: usize = 100;
/// How many quiet pull requests are looked at in each poll, in turns: checks by other CI servers, and on some servers
/// reviews, change nothing else.
const SWEPT: usize = 10;
/// How many runs that left their list are asked for, per repository and poll.
const STRAYS: usize = 10;

#[async_trait]
impl Source for Account {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let before = Place::read(since);
        let calls = Calls::new(&self.http);
        let me = me(&calls, before.me.as_ref()).await?;
        let found = targets(&calls, &self.watch, &before.owners, &me.login, now).await;
        if let (true, Some(error)) = (found.targets.is_empty(), found.error) {
            return Err(error);
        }

        let mut known = before.repos.clone();
        let looking = found.targets.into_iter().map(|target| {
            let known = known.remove(&target.name.to_ascii_lowercase());
            look(&calls, target, known, now)
        });
        let mut looks = all(looking).await;
        if let Some(error) = nothing_read(&looks) {
            return Err(error);
        }

        let mut problems = found.problems;
        let tasks = match calls.budget().filter(is_scarce) {
            Some(budget) => {
                problems.push(Problem::new(ProblemKind::Details, "", scarcity(&budget, now)));
                looks.iter_mut().for_each(|look| put_off(look, &me.login));
                Vec::new()
            }
            None => choose(&looks, &me.login, now),
        };
        let performing = tasks.into_iter().map(|(at, task)| {
            let (look, calls, login) = (&looks[at], &calls, me.login.as_str());
            async move { (at, self.perform(calls, look, task, login, now).await) }
        });
        let mut done: BTreeMap<usize, Vec<Done>> = BTreeMap::new();
        for (at, what) in all(performing).await {
            done.entry(at).or_default().push(what);
        }

        let halt = calls.halted();
        let mut batch = Batch { budget: calls.budget(), ..Batch::default() };
        let mut unread = 0;
        for (at, look) in looks.iter_mut().enumerate() {
            let faults = self.collect(look, done.remove(&at).unwrap_or_default(), now, &mut batch.snapshots);
            let name = look.described().map_or(look.key.clone(), |described| described.name.clone());
            problems.extend(look.repo.problems(&name));
            let other = look.error.iter().chain(&faults).filter(|error| !is_refusal(error));
            unread += usize::from(look.error.is_some() && look.error == halt);
            let other: BTreeSet<_> =
                other.filter(|error| Some(*error) != halt.as_ref()).map(|e| e.to_string()).collect();
            problems.extend(other.into_iter().map(|why| Problem::new(ProblemKind::Incomplete, &name, why)));
        }
        if let Some(halt) = halt {
            let why = format!("{halt}; {unread} of {} repositories were not read", looks.len());
            problems.push(Problem::new(ProblemKind::NotSeen, "", why));
        }
        let repos = looks.into_iter().map(|look| (look.key, look.repo)).collect();
        let after = Place { me: Some(me), owners: found.owners, repos };
        batch.cursor = if after == before { None } else { after.write() };
        batch.problems = problems;
        Ok(batch)
    }

    fn watches(&self, item: &Item) -> bool {
        self.watch.is_empty() || is_watched(&self.watch, item.repo())
    }

    fn hook(&self) -> Option<&dyn Hook> {
        Some(&self.hook)
    }
}

/// Waits for all of them, a few at a time; in order.
async fn all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    // Collected first: a closure inside the stream would have to hold for every lifetime.
    stream::iter(futures.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await
}

/// The error of a poll that read nothing, unless it is only that there is nothing of these names.
fn nothing_read(looks: &[Look]) -> Option<ServiceError> {
    let unread = |look: &Look| !look.read && look.error.is_some();
    let errors = looks.iter().filter_map(|look| look.error.as_ref());
    let mut errors = errors.filter(|error| !matches!(error, ServiceError::Rejected { .. }));
    errors.next().filter(|_| looks.iter().all(unread)).cloned()
}

fn is_refusal(error: &ServiceError) -> bool {
    matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. })
}

/// Below a tenth of the allowance only the lists are read: what is left is for commands.
fn is_scarce(budget: &Budget) -> bool {
    u64::from(budget.remaining) * 10 < u64::from(budget.limit)
}

fn scarcity(budget: &Budget, now: Timestamp) -> String {
    let used = budget.limit.saturating_sub(budget.remaining);
    let minutes = budget.resets_at.duration_since(now).as_mins().max(0) + 1;
    format!("{used} of {} calls used: reviews, checks and failed jobs wait {minutes} m", budget.limit)
}

/// What to read in detail, each with the place of its repository.
fn choose(looks: &[Look], me: &str, now: Timestamp) -> Vec<(usize, Task)> {
    let (mut due, mut soon, mut quiet, mut tasks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (at, look) in looks.iter().enumerate().filter(|(_, look)| look.error.is_none() || look.read) {
        for (number, open) in &look.repo.open {
            let when = match open {
                open if open.due => &mut due,
                open if open.awaits_checks(now) || look.heads.contains(&open.head) => &mut soon,
                _ => &mut quiet,
            };
            when.push((at, Task::Pull(*number)));
        }
        tasks.extend(look.merged.iter().map(|number| (at, Task::Merger(*number))));
        tasks.extend(look.repo.strays.keys().take(STRAYS).map(|id| (at, Task::Run(*id))));
        if !look.repo.is_refused(Part::Jobs, now) {
            tasks.extend(unexplained(look, me).map(|run| (at, Task::Jobs(run.id, normalise::attempt(run)))));
        }
    }
    let turn = usize::try_from(now.as_second() / 60).unwrap_or_default().wrapping_mul(SWEPT);
    let start = if quiet.is_empty() { 0 } else { turn % quiet.len() };
    quiet.rotate_left(start);
    quiet.truncate(SWEPT);
    due.extend(soon);
    due.truncate(PULLS_AT_ONCE);
    due.extend(quiet);
    due.extend(tasks);
    due
}

/// The failed runs whose failed jobs are worth a request: what made a branch red, where it is the default one or mine.
fn unexplained<'a>(look: &'a Look, me: &'a str) -> impl Iterator<Item = &'a wire::Run> {
    let mut verdicts: BTreeMap<String, &wire::Run> = BTreeMap::new();
    let name = look.described().map(|described| described.name.as_str()).unwrap_or_default();
    for run in look.runs.iter().filter(|run| normalise::run_status(run).is_verdict()) {
        let newest = verdicts.entry(normalise::build_id(name, run)).or_insert(run);
        if (run.run_number, run.run_attempt) > (newest.run_number, newest.run_attempt) {
            *newest = run;
        }
    }
    verdicts.into_values().filter(move |run| {
        is_worth_explaining(look, run, me) && !look.repo.failing.contains_key(&normalise::attempt(run))
    })
}

/// Has the failed runs asked for one by one later: their list may not change until then.
fn put_off(look: &mut Look, me: &str) {
    let later: Vec<_> = unexplained(look, me).map(|run| (run.id, None)).collect();
    look.repo.strays.extend(later);
}

fn is_worth_explaining(look: &Look, run: &wire::Run, me: &str) -> bool {
    let default = look.described().and_then(|described| described.default_branch.as_deref());
    let mine =
        |user: &Option<wire::User>| user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(me));
    normalise::run_status(run) == BuildStatus::Failed
        && (run.head_branch.as_deref() == default || mine(&run.actor) || mine(&run.triggering_actor))
}

impl Account {
    async fn perform(&self, calls: &Calls<'_>, look: &Look, task: Task, me: &str, now: Timestamp) -> Done {
        let repo = look.described().map(|described| described.name.as_str()).unwrap_or_default();
        match task {
            Task::Pull(number) => {
                let readable = |part| !look.repo.is_refused(part, now);
                let row = look.pulls.get(&number);
                let known = &look.repo.open[&number];
                let (open, item, faults) =
                    details::pull(calls, &self.name, repo, number, known, row, readable).await;
                Done::Pull { number, open: Box::new(open), item: item.map(Box::new), faults }
            }
            Task::Merger(number) => {
                let pull = calls.read(in_repo(Method::GET, repo, &["pulls", &number.to_string()])).await;
                Done::Merger(pull.ok().map(Box::new))
            }
            Task::Run(id) => {
                let etag = look.repo.strays.get(&id).and_then(Option::as_deref);
                Done::Run { id, found: self.stray(calls, look, repo, id, etag, me).await }
            }
            Task::Jobs(id, attempt) => {
                Done::Jobs { id, attempt, failing: details::failing(calls, repo, id).await }
            }
        }
    }

    async fn stray(
        &self,
        calls: &Calls<'_>,
        look: &Look,
        repo: &str,
        id: u64,
        etag: Option<&str>,
        me: &str,
    ) -> Result<Option<details::Stray>, ServiceError> {
        let Some((run, etag)) = details::run(calls, repo, id, etag).await? else {
            return Ok(None);
        };
        let explain = is_worth_explaining(look, &run, me);
        let failing = if explain { details::failing(calls, repo, id).await? } else { Vec::new() };
        Ok(Some(details::Stray { run, etag, failing }))
    }

    /// Puts what was read into the cursor and the snapshots; gives back what could not be read.
    fn collect(
        &self,
        look: &mut Look,
        done: Vec<Done>,
        now: Timestamp,
        snapshots: &mut Vec<Item>,
    ) -> Vec<ServiceError> {
        let mut errors = Vec::new();
        let mut strays = Vec::new();
        for done in done {
            match done {
                Done::Pull { number, open, item, faults } => {
                    for (part, error) in faults {
                        // One pull request's 404 is its own; a 403 is the token's, and the server's lack is everybody's.
                        if matches!(error, ServiceError::Auth { .. }) || part == Part::Statuses {
                            look.repo.refuse(part, &error, now);
                        }
                        errors.push(error);
                    }
                    look.repo.open.insert(number, *open);
                    if let Some(item) = item {
                        if has_ended(&item) {
                            look.repo.open.remove(&number);
                        }
                        look.pulls.remove(&number);
                        snapshots.push(*item);
                    }
                }
                Done::Merger(pull) => {
                    if let Some(pull) = pull {
                        look.pulls.insert(pull.number, *pull);
                    }
                }
                Done::Run { id, found } => match found {
                    Ok(None) => {}
                    Ok(Some(details::Stray { run, etag, failing })) => {
                        if normalise::run_status(&run).is_final() {
                            look.repo.strays.remove(&id);
                        } else {
                            look.repo.strays.insert(id, Some(etag));
                        }
                        strays.push((*run, failing));
                    }
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
            }
        }
        let described = look.described().cloned();
        let Some(described) = described else { return errors };
        let (name, default) = (&described.name, described.default_branch.as_deref());
        snapshots.extend(look.pulls.values().map(|pull| normalise::pull(&self.name, name, pull, &[], None)));
        if !look.runs.is_empty() {
            let listed: BTreeSet<_> = look.runs.iter().map(normalise::attempt).collect();
            look.repo.failing.retain(|attempt, _| listed.contains(attempt));
        }
        let mut failing = look.repo.failing.clone();
        let mut runs = std::mem::take(&mut look.runs);
        for (run, names) in strays {
            failing.insert(normalise::attempt(&run), names);
            runs.push(run);
        }
        snapshots.extend(normalise::builds(&self.name, name, default, &runs, &failing));
        errors
    }
}

fn has_ended(item: &Item) -> bool {
    matches!(&item.detail, Detail::PullRequest(pull) if pull.state != PullRequestState::Open)
}
