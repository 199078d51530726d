//! GitHub's JSON -> snapshots. Pure. Texts are passed on as they are: they are cleaned where an item is shown or stored.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use callboard_domain::{
    item::{
        AccountName, AsOf, Build, BuildRun, BuildStatus, Checks, Detail, Item, ItemKey, Kind, MergeState,
        Mergeability, PullRequest, PullRequestState, REVIEWS_KEPT, RUNS_KEPT, Review, Size, Verdict,
    },
    text,
};
use jiff::Timestamp;

use super::{run_branch, wire, workflows::Workflows};
use crate::lenient::{MalformedEntry, first_and_more, folded, web_url};

const NAME: usize = 200;
/// How many failing checks or jobs are named.
pub(super) const FAILING_KEPT: usize = 20;

/// A pull request with as much of its reviews and checks as is known.
pub(super) fn pull(
    account: &AccountName,
    repo: &str,
    pull: &wire::Pull,
    reviews: &[wire::Review],
    checks: Option<Checks>,
    now: Timestamp,
) -> Item {
    let updated_at = pull.version(now);
    let owner = repo.split('/').next().unwrap_or_default();
    let merge = merge_state(pull).filter(|_| state(pull) == PullRequestState::Open);
    let detail = PullRequest {
        repo: repo.to_owned(),
        number: pull.number,
        author: login(pull.user.as_ref()),
        branch: head_branch(&pull.head, pull.base.repo.as_ref()),
        base: pull.base.branch.clone(),
        head: pull.head.sha.clone(),
        draft: pull.draft.unwrap_or(false),
        state: state(pull),
        opened_at: pull.created_at.unwrap_or(updated_at),
        ended_at: pull.merged_at.or(pull.closed_at),
        merged_by: pull.merged_by.as_ref().map(|user| login(Some(user))).filter(|login| !login.is_empty()),
        requested: requested(pull, owner),
        requested_unknown: pull.unread_requests().is_some(),
        requested_read: None,
        updated_at,
        reviews: newest(reviews.iter().filter_map(|it| review(it).ok().flatten()).collect()),
        checks,
        mergeability: merge.map(|state| Mergeability { commit: pull.head.sha.clone(), state, at: now }),
        description: pull.body.clone().map(|body| body.as_deref().map(without_comments).unwrap_or_default()),
        size: size(pull, updated_at),
    };
    Item {
        key: ItemKey::new(account, Kind::PullRequest, format!("{repo}#{}", pull.number)),
        title: pull.title.clone(),
        url: pull.html_url.as_deref().and_then(web_url),
        detail: Detail::PullRequest(detail),
    }
}

/// An open pull request's row on a list, beside its version, as a number: versions count seconds, and one second may have
/// several changes. At worst a number from another build of the program differs, which costs one more read.
pub(super) fn row_hash(pull: &wire::Pull) -> u64 {
    let people: BTreeSet<_> = pull.requested_reviewers.good().iter().map(|user| &user.login).collect();
    let teams: BTreeSet<_> = pull.requested_teams.good().iter().map(|team| &team.slug).collect();
    let mut hasher = DefaultHasher::new();
    (&pull.title, &pull.body, pull.draft, &pull.base.branch, people, teams).hash(&mut hasher);
    if let Some(unread) = pull.unread_requests() {
        unread.hash(&mut hasher);
    }
    if pull.head.sha.is_empty() {
        "headless".hash(&mut hasher);
    }
    hasher.finish()
}

/// Open, merged or closed. Lists have no `merged`, but all forms have the time. Where the state is missing or unknown, the
/// time of its end shows.
pub(super) fn state(pull: &wire::Pull) -> PullRequestState {
    match folded(&pull.state).as_deref() {
        _ if pull.merged_at.is_some() || pull.merged == Some(true) => PullRequestState::Merged,
        Some("closed") => PullRequestState::Closed,
        Some("open") => PullRequestState::Open,
        _ if pull.closed_at.is_some() => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

/// True while GitHub computes whether it can be merged.
pub(super) fn is_computing(pull: &wire::Pull) -> bool {
    pull.mergeable_state.as_deref().and_then(folded).as_deref() == Some("unknown")
}

/// Whether it can be merged, by "Get a pull request" (`mergeable_state`); `None` where GitHub does not know yet, and where
/// a server states only that there is no conflict: rules of its own may still forbid it.
pub(super) fn merge_state(pull: &wire::Pull) -> Option<MergeState> {
    match pull.mergeable_state.as_deref().and_then(folded).as_deref() {
        // Unstable: a check that is not required has not passed.
        Some("clean" | "has_hooks" | "unstable") => Some(MergeState::Ready),
        Some("dirty") => Some(MergeState::Conflicts),
        Some("blocked") => Some(MergeState::Blocked),
        Some("behind") => Some(MergeState::Behind),
        _ => (pull.mergeable == Some(false)).then_some(MergeState::Conflicts),
    }
}

/// How much it changes, where all of the numbers are there.
fn size(pull: &wire::Pull, at: Timestamp) -> Option<Size> {
    let (added, removed, files) = (pull.additions?, pull.deletions?, pull.changed_files?);
    Some(Size { commit: pull.head.sha.clone(), added, removed, files, at })
}

/// Without HTML comments, which GitHub does not show either: templates put their advice to the author in them. One that
/// does not end is text.
fn without_comments(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, (_, after))) =
        rest.split_once("<!--").and_then(|(before, comment)| Some((before, comment.split_once("-->")?)))
    {
        out.push_str(before);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A fork's branch is written `OWNER:BRANCH`, as GitHub shows it: a fork has a `main` too.
fn head_branch(head: &wire::Side, base: Option<&wire::RepoName>) -> String {
    let same = |head: &wire::RepoName| base.is_some_and(|base| base.is(head));
    match &head.label {
        Some(label) if !head.repo.as_ref().is_some_and(same) => label.clone(),
        _ => head.branch.clone(),
    }
}

/// Only teams of the repository's owner can be asked.
fn requested(pull: &wire::Pull, owner: &str) -> BTreeSet<String> {
    let people = pull.requested_reviewers.good().iter().map(|user| user.login.clone());
    let teams = pull.requested_teams.good().iter().map(|team| format!("team/{owner}/{}", team.slug));
    people.chain(teams).collect()
}

/// A review, unless it is still being written; else why it cannot be read.
fn review(review: &wire::Review) -> Result<Option<Review>, String> {
    let state = folded(&review.state);
    let verdict = match state.as_deref() {
        Some("approved") => Verdict::Approved,
        Some("changes_requested") => Verdict::ChangesRequested,
        Some("commented") => Verdict::Commented,
        Some("dismissed") => Verdict::Dismissed,
        Some("pending") => return Ok(None),
        Some(state) => return Err(format!("its state is {}", text::line(state, 40))),
        None => return Err("it has no state".to_owned()),
    };
    let by = login(review.user.as_ref());
    match review.submitted_at {
        _ if by.is_empty() => Err("it does not say who gave it".to_owned()),
        None => Err("it does not say when it was given".to_owned()),
        Some(at) => Ok(Some(Review { by, at, verdict, commit: review.commit_id.clone(), serial: review.id })),
    }
}

/// True for a review that somebody approves with.
pub(super) fn is_approval(review: &wire::Review) -> bool {
    folded(&review.state).as_deref() == Some("approved")
}

/// Which reviews cannot be read, and why; `odd` are the entries that are no reviews.
pub(super) fn unread_reviews(reviews: &[wire::Review], odd: &[MalformedEntry]) -> Option<String> {
    let of = |it: &wire::Review| it.user.as_ref().map(|user| name(&user.login)).filter(|by| !by.is_empty());
    let unread = reviews.iter().filter_map(|it| {
        let why = review(it).err()?;
        Some(of(it).map_or_else(|| why.clone(), |by| format!("one by {by}: {why}")))
    });
    let all: Vec<_> = odd.iter().map(ToString::to_string).chain(unread).collect();
    first_and_more(&all)
}

fn newest(mut reviews: Vec<Review>) -> Vec<Review> {
    // Their ids rise, whatever the server's clock says.
    reviews.sort_by_key(|review| (review.serial, review.at));
    reviews.split_off(reviews.len().saturating_sub(REVIEWS_KEPT))
}

/// What names an attempt at a run: `ID/ATTEMPT`.
pub(super) fn attempt(run: &wire::Run) -> String {
    format!("{}/{}", run.id, run.run_attempt.unwrap_or(1))
}

/// The builds that these runs are of, each with its runs, newest first. `failing` names the jobs that failed, where known.
pub(super) fn builds(
    account: &AccountName,
    repo: &Place<'_>,
    runs: &[wire::Run],
    failing: &BTreeMap<String, Vec<String>>,
) -> Vec<Item> {
    let mut builds: BTreeMap<String, Vec<&wire::Run>> = BTreeMap::new();
    for run in runs {
        builds.entry(build_id(repo, run)).or_default().push(run);
    }
    let build = |(id, mut runs): (String, Vec<&wire::Run>)| {
        // By their ids, which rise though a counter of runs may restart.
        runs.sort_by_key(|run| std::cmp::Reverse((run.id, run.run_attempt, run.updated_at)));
        runs.dedup_by_key(|run| attempt(run));
        runs.truncate(RUNS_KEPT);
        let latest = *runs.first()?;
        let (branch, pipeline) = (run_branch::branch(repo.name, latest), repo.workflows.name(latest));
        let names = |run: &wire::Run| failing.get(&attempt(run)).cloned().unwrap_or_default();
        let detail = Build {
            repo: repo.name.to_owned(),
            default_branch: run_branch::concerns_all(repo.name, latest, repo.default_branch),
            branch,
            pipeline: pipeline.clone(),
            runs: runs.iter().map(|run| build_run(run, names(run))).collect(),
        };
        Some(Item {
            key: ItemKey::new(account, Kind::Build, id),
            title: latest.name.clone().unwrap_or(pipeline),
            url: latest.html_url.as_deref().and_then(web_url),
            detail: Detail::Build(detail),
        })
    };
    builds.into_iter().filter_map(build).collect()
}

/// A repository, as builds are named after it.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) default_branch: Option<&'a str>,
    pub(super) workflows: &'a Workflows,
}

/// `OWNER/REPO/WORKFLOW@BRANCH`.
pub(super) fn build_id(repo: &Place<'_>, run: &wire::Run) -> String {
    match run_branch::branch(repo.name, run).filter(|_| !run_branch::is_single(repo.name, run)) {
        Some(branch) => format!("{}@{branch}", workflow_id(repo, run)),
        None => single_id(repo, run),
    }
}

/// The build of a run while its branch is not known, or whose branch that is: `OWNER/REPO/WORKFLOW#RUN`. It is a build of its
/// own, as any other run may be of another branch.
fn single_id(repo: &Place<'_>, run: &wire::Run) -> String {
    format!("{}#{}", workflow_id(repo, run), run.id)
}

/// `OWNER/REPO/WORKFLOW`: in earlier versions the build of all runs that do not name their branch.
pub(super) fn workflow_id(repo: &Place<'_>, run: &wire::Run) -> String {
    format!("{}/{}", repo.name, repo.workflows.name(run))
}

fn build_run(run: &wire::Run, failing: Vec<String>) -> BuildRun {
    let commit_line = || run.head_commit.as_ref()?.message.lines().next().map(str::to_owned);
    let subject = run.display_title.clone().or_else(commit_line);
    let at = run.updated_at.or(run.run_started_at);
    BuildRun {
        id: run.id.to_string(),
        attempt: run.run_attempt.unwrap_or(1),
        at,
        started_at: run.run_started_at,
        commit: Some(run.head_sha.clone()).filter(|sha| !sha.is_empty()),
        author: run.author(),
        started_by: run.started_by(),
        subject,
        url: run.html_url.as_deref().and_then(web_url),
        failing,
        waits: wait(run).map(|wait| AsOf::new(at.unwrap_or(Timestamp::UNIX_EPOCH), wait != Wait::Nobody)),
        serial: Some(run.id),
        ..BuildRun::new(run.run_number, run_status(run))
    }
}

/// What a run waits for before it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// Nothing that a person has to do.
    Nobody,
    /// Somebody who lets it run: it is a first-timer's.
    FirstTimer,
    /// A protected environment of one of its jobs.
    Environment,
}

/// What a run waits for. `None` where its state is a word that is not known here.
pub(super) fn wait(run: &wire::Run) -> Option<Wait> {
    let (status, conclusion) =
        (run.status.as_deref().and_then(folded), run.conclusion.as_deref().and_then(folded));
    match (status.as_deref(), conclusion.as_deref()) {
        (Some("waiting"), _) => Some(Wait::Environment),
        (Some("queued" | "requested" | "pending" | "in_progress"), _) => Some(Wait::Nobody),
        (_, Some("action_required")) | (Some("action_required"), None) => Some(Wait::FirstTimer),
        (Some("completed"), _) | (_, Some(_)) => Some(Wait::Nobody),
        _ => None,
    }
}

/// A run that waits for a person's approval is not under way; a skipped one has no verdict. The result of a run that is
/// completed without a conclusion, or with an unknown one, is unknown. A run with a conclusion is over, though its status is
/// null, which GitHub's schema allows.
pub(super) fn run_status(run: &wire::Run) -> BuildStatus {
    let (status, conclusion) =
        (run.status.as_deref().and_then(folded), run.conclusion.as_deref().and_then(folded));
    let (status, conclusion) = (status.as_deref(), conclusion.as_deref());
    match conclusion {
        _ if !is_completed(status, conclusion) && status == Some("in_progress") => BuildStatus::Running,
        _ if !is_completed(status, conclusion) => BuildStatus::Queued,
        Some("success" | "neutral") => BuildStatus::Passed,
        Some("failure" | "timed_out" | "startup_failure") => BuildStatus::Failed,
        Some("action_required") => BuildStatus::Queued,
        Some("cancelled" | "skipped" | "stale") => BuildStatus::Canceled,
        Some(_) | None => BuildStatus::Unknown,
    }
}

/// True where the run will still change: it is not over, or it is over and GitHub does not show yet how it ended.
pub(super) fn is_awaited(run: &wire::Run) -> bool {
    let status = run_status(run);
    !status.is_over()
        || status == BuildStatus::Unknown && run.conclusion.as_deref().and_then(folded).is_none()
}

/// Compares two reports of one attempt at a run by their progress; none where they are of one time and it ended in two ways.
pub(super) fn further_run(one: &wire::Run, other: &wire::Run) -> Option<Ordering> {
    match (one.updated_at.cmp(&other.updated_at), run_status(one), run_status(other)) {
        (Ordering::Equal, one, other) if one != other && one.is_final() && other.is_final() => None,
        // An attempt only goes on: queued, under way, over, over as is known.
        (Ordering::Equal, one, other) => Some(one.cmp(&other)),
        (order, ..) => Some(order),
    }
}

/// Compares two rows of one pull request by their progress; none where they are of one version and differ.
pub(super) fn further_pull(one: &wire::Pull, other: &wire::Pull, now: Timestamp) -> Option<Ordering> {
    let content = |pull: &wire::Pull| (state(pull), row_hash(pull));
    let order = one.version(now).cmp(&other.version(now));
    // Of two that are ahead of now, their own dates decide: they are of one clock.
    match order.then_with(|| one.updated_at.cmp(&other.updated_at)) {
        Ordering::Equal if content(one) != content(other) || one.head.sha != other.head.sha => None,
        order => Some(order),
    }
}

/// Whether a run or check has ended: one with a conclusion has, where its status is null or unknown.
pub(super) fn is_completed(status: Option<&str>, conclusion: Option<&str>) -> bool {
    match status {
        Some("completed") => true,
        Some("queued" | "in_progress" | "requested" | "waiting" | "pending") => false,
        _ => conclusion.is_some(),
    }
}

/// The conclusion of a run that is over, where its meaning is unknown; empty where there is none.
pub(super) fn unknown_conclusion(run: &wire::Run) -> Option<String> {
    let is_unknown = run_status(run) == BuildStatus::Unknown;
    is_unknown.then(|| text::line(run.conclusion.as_deref().unwrap_or_default(), 40))
}

/// True for a run that is over, while GitHub does not show how it ended.
pub(super) fn is_missing_conclusion(run: &wire::Run) -> bool {
    unknown_conclusion(run).is_some_and(|conclusion| conclusion.is_empty())
}

/// The names of the jobs that failed.
pub(super) fn failing(jobs: &[wire::Job]) -> Vec<String> {
    jobs.iter().filter(|job| job_failed(job)).map(|job| name(&job.name)).take(FAILING_KEPT).collect()
}

/// True for a job that made its run fail.
pub(super) fn job_failed(job: &wire::Job) -> bool {
    let conclusion = job.conclusion.as_deref().and_then(folded);
    matches!(conclusion.as_deref(), Some("failure" | "timed_out" | "startup_failure"))
}

/// A login name; empty where it cannot be read. GitHub shows deleted accounts as `ghost`.
pub(super) fn login(user: Option<&wire::User>) -> String {
    user.map_or_else(|| "ghost".to_owned(), |user| user.login.clone())
}

/// A name as one clean line.
pub(super) fn name(text: &str) -> String {
    text::line(text, NAME)
}
