//! GitHub's JSON -> snapshots. Pure. Texts are passed on as they are: whoever shows or stores an item cleans it.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    item::{
        AccountName, Build, BuildRun, BuildStatus, Checks, ChecksStatus, Detail, Item, ItemKey, Kind,
        PullRequest, PullRequestState, REVIEWS_KEPT, RUNS_KEPT, Review, Verdict,
    },
    text,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::wire;

const NAME: usize = 200;
/// How many failing checks or jobs are named.
const FAILING_KEPT: usize = 20;

/// A pull request with as much of its reviews and checks as is known.
pub(super) fn pull(
    account: &AccountName,
    repo: &str,
    pull: &wire::Pull,
    reviews: &[wire::Review],
    checks: Option<Checks>,
) -> Item {
    let detail = PullRequest {
        repo: repo.to_owned(),
        number: pull.number,
        author: login(pull.user.as_ref()),
        branch: head_branch(&pull.head, pull.base.repo.as_ref()),
        base: pull.base.branch.clone(),
        head: pull.head.sha.clone(),
        draft: pull.draft.unwrap_or(false),
        state: state(pull),
        opened_at: pull.created_at,
        ended_at: pull.merged_at.or(pull.closed_at),
        merged_by: pull.merged_by.as_ref().map(|user| user.login.clone()),
        requested: requested(pull),
        updated_at: pull.updated_at,
        reviews: newest(reviews.iter().filter_map(review).collect()),
        checks,
        mergeability: None,
    };
    Item {
        key: ItemKey::new(account, Kind::PullRequest, format!("{repo}#{}", pull.number)),
        title: pull.title.clone(),
        url: web(pull.html_url.as_deref()),
        detail: Detail::PullRequest(detail),
    }
}

/// Open, merged or closed. Lists do not say `merged`, but all forms say when.
pub(super) fn state(pull: &wire::Pull) -> PullRequestState {
    match pull.state.as_str() {
        _ if pull.merged_at.is_some() => PullRequestState::Merged,
        "closed" => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

/// A fork's branch is written `OWNER:BRANCH`, as GitHub shows it: a fork has a `main` too.
fn head_branch(head: &wire::Side, base: Option<&wire::RepoName>) -> String {
    let same = |head: &wire::RepoName| base.is_some_and(|base| base.full_name == head.full_name);
    match &head.label {
        Some(label) if !head.repo.as_ref().is_some_and(same) => label.clone(),
        _ => head.branch.clone(),
    }
}

fn requested(pull: &wire::Pull) -> BTreeSet<String> {
    let people = pull.requested_reviewers.iter().flatten().map(|user| user.login.clone());
    let teams = pull.requested_teams.iter().flatten().map(|team| format!("team/{}", team.slug));
    people.chain(teams).collect()
}

/// A review, unless it is still being written.
fn review(review: &wire::Review) -> Option<Review> {
    let verdict = match review.state.to_ascii_lowercase().as_str() {
        "approved" => Verdict::Approved,
        "changes_requested" => Verdict::ChangesRequested,
        "commented" => Verdict::Commented,
        "dismissed" => Verdict::Dismissed,
        _ => return None,
    };
    Some(Review { by: login(review.user.as_ref()), at: review.submitted_at?, verdict, commit: None })
}

fn newest(mut reviews: Vec<Review>) -> Vec<Review> {
    reviews.sort_by_key(|review| review.at);
    reviews.split_off(reviews.len().saturating_sub(REVIEWS_KEPT))
}

/// A commit's checks of one sort, summed up, as the cursor keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Sum {
    any: bool,
    pending: bool,
    failed: bool,
    failing: BTreeSet<String>,
    at: Option<Timestamp>,
}

impl Sum {
    /// Of check runs: what apps such as Actions report. A cancelled one counts as failed, as it does on GitHub.
    pub(super) fn of_runs(runs: &[wire::CheckRun]) -> Self {
        runs.iter().fold(Self::default(), |sum, run| {
            let status = match (run.status.as_str(), run.conclusion.as_deref()) {
                ("completed", Some("success" | "neutral" | "skipped")) => ChecksStatus::Passed,
                ("completed", Some("stale")) => ChecksStatus::Pending,
                ("completed", _) => ChecksStatus::Failed,
                _ => ChecksStatus::Pending,
            };
            sum.with(status, &run.name, run.completed_at.max(run.started_at))
        })
    }

    /// Of commit statuses: what other CI servers report.
    pub(super) fn of_statuses(statuses: &[wire::Status]) -> Self {
        statuses.iter().fold(Self::default(), |sum, status| {
            let state = match status.state.as_str() {
                "success" => ChecksStatus::Passed,
                "pending" => ChecksStatus::Pending,
                _ => ChecksStatus::Failed,
            };
            sum.with(state, &status.context, status.updated_at)
        })
    }

    fn with(mut self, status: ChecksStatus, of: &str, at: Option<Timestamp>) -> Self {
        self.any = true;
        self.pending |= status == ChecksStatus::Pending;
        if status == ChecksStatus::Failed {
            self.failed = true;
            self.failing.insert(name(of));
        }
        self.at = self.at.max(at);
        self
    }

    /// Both sorts together.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.any |= other.any;
        self.pending |= other.pending;
        self.failed |= other.failed;
        self.failing.extend(other.failing.iter().cloned());
        self.at = self.at.max(other.at);
        self
    }

    /// True where a person would see the same.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        (self.status(), &self.failing) == (other.status(), &other.failing)
    }

    /// How far they are.
    pub(super) fn status(&self) -> ChecksStatus {
        match self {
            Self { failed: true, .. } => ChecksStatus::Failed,
            Self { pending: true, .. } => ChecksStatus::Pending,
            Self { any: true, .. } => ChecksStatus::Passed,
            _ => ChecksStatus::None,
        }
    }

    /// As the checks of that pull request's head. Where there are none, that has been so since it was opened.
    pub(super) fn of(&self, pull: &wire::Pull) -> Checks {
        Checks {
            commit: pull.head.sha.clone(),
            status: self.status(),
            failing: self.failing.iter().take(FAILING_KEPT).cloned().collect(),
            at: self.at.unwrap_or(pull.created_at),
        }
    }
}

/// What names an attempt at a run: `ID/ATTEMPT`.
pub(super) fn attempt(run: &wire::Run) -> String {
    format!("{}/{}", run.id, run.run_attempt.unwrap_or(1))
}

/// The builds that these runs are of, each with its runs, newest first. `failing` names the jobs that failed, where known.
pub(super) fn builds(
    account: &AccountName,
    repo: &str,
    default_branch: Option<&str>,
    runs: &[wire::Run],
    failing: &BTreeMap<String, Vec<String>>,
) -> Vec<Item> {
    let mut builds: BTreeMap<String, Vec<&wire::Run>> = BTreeMap::new();
    for run in runs {
        builds.entry(build_id(repo, run)).or_default().push(run);
    }
    let build = |(id, mut runs): (String, Vec<&wire::Run>)| {
        runs.sort_by_key(|run| std::cmp::Reverse((run.run_number, run.run_attempt, run.updated_at)));
        runs.dedup_by_key(|run| attempt(run));
        runs.truncate(RUNS_KEPT);
        let latest = *runs.first()?;
        let branch = branch(repo, latest);
        let names = |run: &wire::Run| failing.get(&attempt(run)).cloned().unwrap_or_default();
        let detail = Build {
            repo: repo.to_owned(),
            pipeline: workflow(latest),
            default_branch: branch.is_some() && branch.as_deref() == default_branch,
            branch,
            runs: runs.iter().map(|run| build_run(run, names(run))).collect(),
        };
        Some(Item {
            key: ItemKey::new(account, Kind::Build, id),
            title: latest.name.as_deref().map_or_else(|| workflow(latest), str::to_owned),
            url: web(latest.html_url.as_deref()),
            detail: Detail::Build(detail),
        })
    };
    builds.into_iter().filter_map(build).collect()
}

/// `OWNER/REPO/WORKFLOW@BRANCH`.
pub(super) fn build_id(repo: &str, run: &wire::Run) -> String {
    let branch = branch(repo, run).map(|branch| format!("@{branch}")).unwrap_or_default();
    format!("{repo}/{}{branch}", workflow(run))
}

/// The workflow's file without folder and ending: it stays when `run-name` makes every run's name another.
fn workflow(run: &wire::Run) -> String {
    let stem = |path: &str| {
        let file = path.split('@').next()?.rsplit('/').next()?;
        let stem = file.strip_suffix(".yml").or_else(|| file.strip_suffix(".yaml")).unwrap_or(file);
        (!stem.is_empty()).then(|| stem.to_owned())
    };
    let stem = run.path.as_deref().and_then(stem);
    stem.or_else(|| run.name.clone()).unwrap_or_else(|| "workflow".to_owned())
}

/// A fork's branch is written `OWNER:BRANCH`: its `main` is not this repository's.
fn branch(repo: &str, run: &wire::Run) -> Option<String> {
    let branch = run.head_branch.as_deref()?;
    let of_a_pull = run.event.as_deref().is_some_and(|event| event.starts_with("pull_request"));
    match &run.head_repository {
        Some(head) if !head.full_name.eq_ignore_ascii_case(repo) => {
            let owner = head.full_name.split('/').next().unwrap_or_default();
            Some(format!("{owner}:{branch}"))
        }
        None if of_a_pull => Some(format!("unknown:{branch}")),
        _ => Some(branch.to_owned()),
    }
}

fn build_run(run: &wire::Run, failing: Vec<String>) -> BuildRun {
    let commit_line = || run.head_commit.as_ref()?.message.lines().next().map(str::to_owned);
    let subject = run.display_title.clone().or_else(commit_line);
    BuildRun {
        id: run.id.to_string(),
        number: run.run_number,
        attempt: run.run_attempt.unwrap_or(1),
        status: run_status(run),
        at: Some(run.updated_at),
        started_at: run.run_started_at,
        commit: Some(run.head_sha.clone()),
        author: run.triggering_actor.as_ref().or(run.actor.as_ref()).map(|user| user.login.clone()),
        subject,
        url: web(run.html_url.as_deref()),
        failing,
    }
}

/// A run that waits for a person's approval counts as queued; a skipped one has no verdict.
pub(super) fn run_status(run: &wire::Run) -> BuildStatus {
    match (run.status.as_deref(), run.conclusion.as_deref()) {
        (Some("completed"), Some("success" | "neutral")) => BuildStatus::Passed,
        (Some("completed"), Some("failure" | "timed_out" | "startup_failure")) => BuildStatus::Failed,
        (Some("completed"), Some("action_required")) => BuildStatus::Queued,
        (Some("completed"), _) => BuildStatus::Canceled,
        (Some("in_progress"), _) => BuildStatus::Running,
        _ => BuildStatus::Queued,
    }
}

/// The names of the jobs that failed.
pub(super) fn failing(jobs: &[wire::Job]) -> Vec<String> {
    jobs.iter().filter(|job| job_failed(job)).map(|job| name(&job.name)).take(FAILING_KEPT).collect()
}

/// True for a job that made its run fail.
pub(super) fn job_failed(job: &wire::Job) -> bool {
    matches!(job.conclusion.as_deref(), Some("failure" | "timed_out" | "startup_failure"))
}

/// A login name. GitHub shows deleted accounts as `ghost`.
fn login(user: Option<&wire::User>) -> String {
    user.map_or_else(|| "ghost".to_owned(), |user| user.login.clone())
}

/// A name as one clean line.
pub(super) fn name(text: &str) -> String {
    text::line(text, NAME)
}

/// An address for a browser: http and https only.
pub(super) fn web(url: Option<&str>) -> Option<Url> {
    url?.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https"))
}
