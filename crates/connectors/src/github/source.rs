//! A poll: first every repository's lists, then the details that those lists (or checks under way) ask for. One that takes
//! long stops by itself and goes on in the next one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use async_trait::async_trait;
use callboard_domain::{
    error::ServiceError,
    item::{Item, ItemKey, Kind},
    source::{Batch, Cursor, DeletedRuns, Gone, Problem, ProblemKind, Progress, Scope, Source},
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use tokio::time::Instant;

use super::{
    account::Account,
    choose::{choose, is_worth_explaining, put_off},
    client::{Calls, Found, News, in_repo},
    cursor::{Part, Place},
    details::{self, Task, TaskResult, UnlistedRunRead},
    gate_id::GateId,
    gates,
    identity::me,
    look::{RepoLists, Target, look},
    missed::Missed,
    normalise,
    part_error::{self, PartError},
    presence::{self, BoardBuildRead, BranchRead, GoneBuildRead},
    refusal::is_refusal,
    run_branch,
    scarcity::{is_scarce, scarcity},
    targets::{left_out, targets},
    unlisted_runs::UnlistedRun,
    watch::is_watched,
    within::within,
};

/// How long is waited for what is under way when the time to read is over.
const GRACE: Duration = Duration::from_secs(15);

#[async_trait]
impl Source for Account {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let begun = Instant::now();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let before = Place::read(since);
        self.knowledge.learn(&before);
        self.knowledge.recall(&before.claims);
        // What webhooks have reported by now is checked at once. Those to come may be newer than what is read.
        let claims = self.knowledge.claims();
        let calls = Calls::new(&self.http);
        let me = me(&calls, before.me.as_ref()).await?;
        let mut found = targets(&calls, &self.watch, &before.owners, &me.login, now).await;
        let mut known = before.repos.clone();
        found.follow(&self.watch, &mut known);
        let is_listed = found.error.is_none();
        if let (true, Some(error)) = (found.targets.is_empty(), found.error) {
            return Err(error);
        }

        // Those that the last poll did not get to, or all of them.
        let all: BTreeSet<_> = found.targets.iter().map(|target| target.name.to_ascii_lowercase()).collect();
        let unread_before: BTreeSet<_> = before.unread.intersection(&all).cloned().collect();
        let listed_before: BTreeSet<_> = before.details_left.intersection(&all).cloned().collect();
        let whole = unread_before.is_empty() && listed_before.is_empty();
        let mut asked = found.targets;
        let mut claimed = BTreeSet::<u64>::new();
        asked.retain_mut(|target| {
            let key = target.name.to_ascii_lowercase();
            let described = known.get(&key).and_then(|repo| repo.described.as_ref());
            let described = described.map(|(described, _)| described);
            let own = claims.iter().filter(|(claim, _)| claim.is_of(&key, described));
            let own: Vec<_> = own.collect();
            target.again |= own.iter().any(|(claim, _)| claim.asks_for_repo());
            target.is_reported = !own.is_empty();
            claimed.extend(own.iter().map(|(_, made)| *made));
            whole || !own.is_empty() || unread_before.contains(&key) || listed_before.contains(&key)
        });
        if is_listed {
            // Of what is not watched any more nothing is left to check.
            let others = claims.iter().filter(|(_, made)| !claimed.contains(made));
            others.for_each(|(claim, made)| self.knowledge.checked(claim, *made));
        }
        ask_in_turn(&mut asked, turn);
        let lists_until = begun + self.reading_time.mul_f32(0.6);
        let identified_at = self.identified.at(now);
        let reading = |target: Target| {
            let known = known.get(&target.name.to_ascii_lowercase()).cloned();
            look(&calls, target, known, now, lists_until + GRACE, identified_at)
        };
        let (mut looks, unbegun) = within(asked, lists_until, reading).await;
        if let Some(error) = nothing_read(&looks).filter(|_| whole && unbegun.is_empty()) {
            return Err(error);
        }

        let described = looks.iter().filter_map(RepoLists::described);
        let ids: BTreeMap<_, _> =
            described.filter_map(|it| Some((it.name.to_ascii_lowercase(), it.id?))).collect();
        looks.iter_mut().for_each(|look| look.leave_old_name(&ids));
        for look in &mut looks {
            let own = claims.iter().filter(|(claim, _)| claim.is_of(&look.key, look.described()));
            let own: Vec<_> = own.map(|(claim, _)| claim).collect();
            own.into_iter().for_each(|claim| look.check(claim, now));
        }

        let mut problems = found.problems;
        let (tasks, no_room) = match calls.rate_limit().filter(|it| is_scarce(it, now)) {
            Some(rate_limit) => {
                problems.push(Problem::new(ProblemKind::Incomplete, "", scarcity(&rate_limit)));
                looks.iter_mut().for_each(|look| put_off(look, &me.login));
                (Vec::new(), Vec::new())
            }
            None => choose(&looks, &me.login, turn, now),
        };
        let until = begun + self.reading_time;
        let performing = |(at, task): (usize, Task)| {
            let (look, calls, login) = (&looks[at], &calls, me.login.as_str());
            let kept = task.clone();
            async move {
                let end = until.max(Instant::now()) + GRACE;
                let performed = self.perform(calls, look, task, login, now);
                (at, tokio::time::timeout_at(end, performed).await.map_err(|_| kept))
            }
        };
        let (performed, unbegun_tasks) = within(tasks, until, performing).await;
        let mut done: BTreeMap<usize, Vec<TaskResult>> = BTreeMap::new();
        let mut late = Vec::new();
        for (at, what) in performed {
            match what {
                Ok(what) => done.entry(at).or_default().push(what),
                Err(task) => late.push((at, task)),
            }
        }

        let halt = calls.halted();
        let mut batch = Batch { rate_limit: calls.rate_limit(), ..Batch::default() };
        let mut unread: BTreeSet<String> =
            unbegun.iter().map(|target| target.name.to_ascii_lowercase()).collect();
        let mut halted = 0;
        let mut errors: BTreeMap<String, Vec<PartError>> = BTreeMap::new();
        for (at, look) in looks.iter_mut().enumerate() {
            let missed = self.collect(look, done.remove(&at).unwrap_or_default(), now, &mut batch.snapshots);
            let name = look.described().map_or(look.key.clone(), |described| described.name.clone());
            if look.error.as_ref().is_some_and(|error| calls.is_halt(error)) {
                halted += 1;
                unread.insert(look.key.clone());
            }
            let is_reported = |error: &&ServiceError| !is_refusal(error) && !calls.is_halt(error);
            let kind = if look.read { ProblemKind::Incomplete } else { ProblemKind::NotSeen };
            problems.extend(
                look.error.iter().filter(is_reported).map(|why| Problem::new(kind, &name, why.to_string())),
            );
            let other = missed
                .iter()
                .filter(|missed| look.error.as_ref() != Some(&missed.error) && !calls.is_halt(&missed.error));
            errors.insert(look.key.clone(), other.map(Missed::part_error).collect());
        }
        // The rows come first, at the next polls too.
        if halt.is_none() && !calls.is_half_spent() {
            gates::read_shipments(&self.name, &calls, &mut looks, (now, until), &mut batch.snapshots).await;
        }
        // What was listed earlier in this round is read, though not in detail.
        let (mut details_left, unread): (BTreeSet<_>, BTreeSet<_>) =
            unread.into_iter().partition(|key| listed_before.contains(key));
        let (mut left, mut gates_left) = (0, 0);
        for (at, task) in unbegun_tasks {
            let is_gates = matches!(task, Task::Gates(_));
            let key = leave_for_later(&mut looks[at], task);
            *(if is_gates { &mut gates_left } else { &mut left }) += usize::from(key.is_some());
            details_left.extend(key.filter(|key| !unread.contains(key)));
        }
        // They are due at the next polls.
        left += no_room.into_iter().filter_map(|(at, task)| leave_for_later(&mut looks[at], task)).count();
        batch.details_left = left + gates_left;
        if gates_left > 0 {
            let runs = text::count(gates_left, "run");
            let why = format!("what of {runs} waits for people is still to be read");
            problems.push(Problem::new(ProblemKind::Incomplete, "", why).of_kind(Some(Kind::Approval)));
        }
        if left > 0 {
            let items = text::count(left, "item");
            let why = format!("reviews, checks or failed jobs of {items} are still to be read");
            problems.push(Problem::new(ProblemKind::Incomplete, "", why));
        }
        for (at, task) in late {
            // It was tried: the next round is soon enough.
            let kind = match task {
                Task::Pull(_) | Task::Run(_) | Task::Gates(_) => ProblemKind::Incomplete,
                Task::Merger(_)
                | Task::Jobs(..)
                | Task::BoardBuild(_)
                | Task::GoneBuild(_)
                | Task::Branch(_) => ProblemKind::Details,
            };
            let (why, of) = match task {
                Task::Gates(_) => {
                    ("GitHub did not answer in time: what waits for people is missing", Some(Kind::Approval))
                }
                _ => ("GitHub did not answer in time: reviews, checks or jobs are missing", None),
            };
            leave_for_later(&mut looks[at], task);
            problems.push(Problem::new(kind, looks[at].place().name, why).of_kind(of));
        }
        if let Some(halt) = &halt {
            let why = format!("{halt}; {halted} of {} repositories were not read", all.len());
            problems.push(Problem::new(ProblemKind::NotSeen, "", why));
        }
        let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let done = u32::try_from(all.len() - unread.len()).unwrap_or(u32::MAX);
        let is_part = !(unread.is_empty() && details_left.is_empty());
        batch.partial = (is_part && halt.is_none()).then_some(Progress { done, total });

        for (claim, made) in &claims {
            let is_checked = |look: &RepoLists| {
                // The cursor keeps which runs and pull requests are to be asked for.
                if !claim.asks_for_repo() {
                    return true;
                }
                let answered = look.error.as_ref().is_none_or(is_refusal);
                look.is_described
                    && answered
                    && claim.branch.as_ref().is_none_or(|it| !look.reported_branches.contains(it))
            };
            let mut own = looks.iter().filter(|look| claim.is_of(&look.key, look.described())).peekable();
            if own.peek().is_some() && own.all(is_checked) {
                self.knowledge.checked(claim, *made);
            }
        }
        known.retain(|name, _| all.contains(name));
        for mut look in looks {
            self.report_gone(&mut look, &mut batch);
            known.insert(look.key, look.repo);
        }
        for (key, repo) in &known {
            let name = repo.described.as_ref().map_or(key.as_str(), |(described, _)| &described.name);
            let missed = errors.remove(key).unwrap_or_default();
            problems.extend(part_error::problems(name, missed.into_iter().chain(repo.errors())));
            problems.extend(repo.problems(name));
        }
        if let Some(organisations) = calls.left_out() {
            let problem = Problem::new(ProblemKind::Incomplete, "", left_out(&organisations));
            if problems.iter().all(|other| other.why != problem.why) {
                problems.push(problem);
            }
        }
        let teams_unread = self.teams.unread(&before.teams_unread);
        problems.extend(teams_unread.as_ref().map(|why| {
            let is_asked = known.values().flat_map(|repo| repo.open.values()).any(|open| open.asks_team);
            let (kind, what) = match is_asked {
                true => {
                    (ProblemKind::Incomplete, "reviews are asked of teams, and which are yours is not known")
                }
                false => (ProblemKind::Details, "which teams are yours is not known"),
            };
            Problem::new(kind, "", format!("{what}: {why}"))
        }));
        let claims = self.knowledge.claims().into_iter().map(|(claim, _)| claim).collect();
        let (me, owners) = (Some(me), found.owners);
        let after = Place { me, owners, repos: known, unread, details_left, claims, teams_unread };
        self.knowledge.learn(&after);
        batch.cursor = if after == before { None } else { after.write() };
        for problem in problems {
            if !batch.problems.contains(&problem) {
                batch.problems.push(problem);
            }
        }
        Ok(batch)
    }

    fn watches(&self, item: &Item) -> bool {
        // What names no run is no gate of GitHub, so nothing would ever end it.
        let is_named = item.key.kind != Kind::Approval || item.reference().parse::<GateId>().is_ok();
        is_named
            && (self.watch.is_empty()
                || is_watched(&self.watch, item.repo())
                || self.knowledge.has_name(item.repo()))
    }

    fn with_notes(&self, cursor: Option<&Cursor>, notes: &[String]) -> Option<Cursor> {
        cursor.map(|cursor| Place::with_claims(cursor, notes))
    }
}

/// Asks some repositories for their name and default branch in each poll, each in its turn: no list shows them.
fn ask_in_turn(targets: &mut [Target], turn: usize) {
    let many = 1 + targets.len() / 50;
    let start = turn.wrapping_mul(many);
    for place in 0..many.min(targets.len()) {
        let at = start.wrapping_add(place) % targets.len();
        targets[at].again = true;
    }
}

/// What was not done is due at the next poll, whether or not a list changes until then. Gives back the repository's key
/// where somebody waits for it.
fn leave_for_later(look: &mut RepoLists, task: Task) -> Option<String> {
    match task {
        Task::Jobs(id, _) => {
            look.repo.unlisted_runs.insert(id, UnlistedRun::New);
        }
        Task::Pull(number) if look.repo.open.get(&number).is_some_and(|open| open.due) => {}
        Task::Gates(id) if look.repo.gates.is_due(id) => {}
        _ => return None,
    }
    Some(look.key.clone())
}

/// The error of a poll that read nothing, unless it is only that there is nothing of these names. A rate limit says when to
/// go on.
fn nothing_read(looks: &[RepoLists]) -> Option<ServiceError> {
    let unread = |look: &RepoLists| !look.read && look.error.is_some();
    let errors = looks.iter().filter_map(|look| look.error.as_ref());
    let errors = errors.filter(|error| !matches!(error, ServiceError::Rejected { .. }));
    let first = errors.min_by_key(|error| !matches!(error, ServiceError::RateLimited { .. }));
    first.filter(|_| looks.iter().all(unread)).cloned()
}

impl Account {
    async fn perform(
        &self,
        calls: &Calls<'_>,
        look: &RepoLists,
        task: Task,
        me: &str,
        now: Timestamp,
    ) -> TaskResult {
        let repo = look.described().map(|described| described.name.as_str()).unwrap_or_default();
        match task {
            Task::Pull(number) => {
                let readable = |part| !look.repo.is_refused(part);
                let known = &look.repo.open[&number];
                let of = (&self.name, repo, now);
                let read = details::pull(calls, of, number, known, look.listed(number), readable).await;
                TaskResult::Pull { number, read: Box::new(read) }
            }
            Task::Merger(number) => {
                let pull = calls.read(in_repo(Method::GET, repo, &["pulls", &number.to_string()])).await;
                TaskResult::Merger(pull.ok().map(Box::new))
            }
            Task::Run(id) => {
                let etag = look.repo.unlisted_runs.etag(id);
                TaskResult::Run { id, found: self.unlisted_run(calls, look, repo, id, etag, me).await }
            }
            Task::Gates(id) => {
                let readable = |part| !look.repo.is_refused(part);
                let known = look.repo.gates.get(id).cloned().unwrap_or_default();
                let read = gates::read(calls, repo, id, &known, readable).await;
                TaskResult::Gates { id, read: Box::new(read) }
            }
            Task::Jobs(id, attempt) => {
                TaskResult::Jobs { id, attempt, failing: details::failing(calls, repo, id).await }
            }
            Task::BoardBuild(id) => {
                let read = match (look.described(), look.repo.board_builds.get(&id)) {
                    (Some(described), Some(known)) => {
                        presence::board_build(calls, &look.repo, described, known, now).await
                    }
                    _ => BoardBuildRead::default(),
                };
                TaskResult::BoardBuild { id, read: Box::new(read) }
            }
            Task::GoneBuild(id) => {
                let cause = look.repo.gone_builds.get(&id).and_then(|gone| gone.cause(&id));
                let read = match (look.described(), cause) {
                    (Some(described), Some(cause)) => {
                        presence::gone_build(calls, &look.repo, described, cause, now).await
                    }
                    _ => GoneBuildRead::default(),
                };
                TaskResult::GoneBuild { id, read }
            }
            Task::Branch(name) => {
                let read = match look.described() {
                    Some(described) => presence::branch(calls, &look.repo, described, &name, None, now).await,
                    None => BranchRead::default(),
                };
                TaskResult::Branch { name, read }
            }
        }
    }

    async fn unlisted_run(
        &self,
        calls: &Calls<'_>,
        look: &RepoLists,
        repo: &str,
        id: u64,
        etag: Option<&str>,
        me: &str,
    ) -> Result<Found<UnlistedRunRead>, ServiceError> {
        let News { content: mut run, etag, next } = match details::run(calls, repo, id, etag).await? {
            Found::Same => return Ok(Found::Same),
            Found::Gone => return Ok(Found::Gone),
            Found::News(news) => news,
        };
        let place = look.place();
        run_branch::complete_branch(&mut run, look.repo.branch_of(id), place.default_branch);
        run_branch::complete_owner(repo, &mut run, look.repo.build_of(id));
        // What would make a build red may be long past: its lists need not have what came since.
        let later = match look.is_news_of_red(&run) {
            true => match details::later_runs(calls, &place, &run).await {
                Err(error) if is_refusal(&error) => Vec::new(),
                later => later?,
            },
            false => Vec::new(),
        };
        let is_past = later.iter().any(|later| normalise::run_status(later).is_verdict());
        let explain = !is_past && is_worth_explaining(look, &run, me) && !look.repo.is_refused(Part::Jobs);
        let failing = match explain {
            true => match details::failing(calls, repo, id).await {
                Err(error) if !is_refusal(&error) => return Err(error),
                failing => failing,
            },
            false => Ok(Vec::new()),
        };
        Ok(Found::News(News { content: UnlistedRunRead { run, failing, later }, etag, next }))
    }

    /// Adds to the batch what is gone of a repository.
    fn report_gone(&self, look: &mut RepoLists, batch: &mut Batch) {
        let gone = std::mem::take(&mut look.gone).into_iter();
        batch
            .gone
            .extend(gone.map(|(kind, id, reason)| Gone { key: ItemKey::new(&self.name, kind, id), reason }));
        let deleted_runs = std::mem::take(&mut look.deleted_runs).into_iter();
        batch.deleted_runs.extend(deleted_runs.map(|(id, number)| DeletedRuns {
            key: ItemKey::new(&self.name, Kind::Build, id),
            numbers: number..=number,
        }));
        if std::mem::take(&mut look.all_builds_gone) {
            let repo = Some(look.place().name.to_owned());
            batch.emptied.push(Scope { kind: Kind::Build, repo });
        }
        let scopes = |names: &mut BTreeSet<String>| {
            let of_all = |name: String| {
                [Kind::Build, Kind::PullRequest, Kind::Approval]
                    .map(|kind| Scope { kind, repo: Some(name.clone()) })
            };
            std::mem::take(names).into_iter().flat_map(of_all).collect::<Vec<_>>()
        };
        batch.replaced.extend(scopes(&mut look.replaced));
        batch.emptied.extend(scopes(&mut look.emptied));
    }
}
