//! The second step of a poll: what the lists leave out. The reviews and checks of pull requests, the jobs of failed
//! runs, runs that left the list.

use callboard_domain::{
    error::ServiceError,
    item::{AccountName, ChecksStatus, Item},
};
use jiff::Timestamp;
use reqwest::Method;

use super::{
    checks::{Missing, Sum},
    client::{Calls, Found, in_repo},
    cursor::Part,
    gates::GatesRead,
    normalise,
    open::{CachedChecks, Listed, Open},
    presence::{BoardBuildRead, BranchRead, GoneBuildRead},
    run_branch, wire,
};
use crate::{http::Request, lenient::Entries};

/// How many pages of 100 reviews or checks are read.
const PAGES: usize = 5;

/// One thing to read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Task {
    /// The reviews and checks of an open pull request.
    Pull(u64),
    /// Who merged it.
    Merger(u64),
    /// A run that is asked for by itself.
    Run(u64),
    /// The jobs of a failed run, by its id and attempt.
    Jobs(u64, String),
    /// The gates of a run that waits for people.
    Gates(u64),
    /// Whether a build on the board is still there, by its id.
    BoardBuild(String),
    /// Whether what a build is gone for has ended, by its id.
    GoneBuild(String),
    /// Whether a branch is there, by its name.
    Branch(String),
}

/// What was read.
pub(super) enum TaskResult {
    Pull { number: u64, read: Box<PullRead> },
    Merger(Option<Box<wire::Pull>>),
    Run { id: u64, found: Result<Found<UnlistedRunRead>, ServiceError> },
    Jobs { id: u64, attempt: String, failing: Result<Vec<String>, ServiceError> },
    Gates { id: u64, read: Box<GatesRead> },
    BoardBuild { id: String, read: Box<BoardBuildRead> },
    GoneBuild { id: String, read: GoneBuildRead },
    Branch { name: String, read: BranchRead },
}

/// A run that was asked for by itself.
pub(super) struct UnlistedRunRead {
    pub(super) run: Box<wire::Run>,
    /// Its jobs that failed, where they were asked for, or why they are refused.
    pub(super) failing: Result<Vec<String>, ServiceError>,
    /// The later runs of its build, where those were asked for.
    pub(super) later: Vec<wire::Run>,
}

/// What could not be read.
pub(super) type PartErrors = Vec<(Part, ServiceError)>;

/// An open pull request as its details have it.
pub(super) struct PullRead {
    pub(super) open: Open,
    pub(super) item: Option<Item>,
    /// It is not there any more.
    pub(super) gone: bool,
    pub(super) errors: PartErrors,
}

/// Reads a pull request's reviews and checks, as far as they are not refused. The pull request itself is read where
/// there is news to report, where whether it can be merged matters, which no list has, and where the list does not
/// have it.
pub(super) async fn pull(
    calls: &Calls<'_>,
    (account, repo, now): (&AccountName, &str, Timestamp),
    number: u64,
    known: &Open,
    listed: Listed<'_>,
    readable: impl Fn(Part) -> bool + Send,
) -> PullRead {
    let row = match listed {
        Listed::Changed(row) => Some(row),
        Listed::Same | Listed::Absent | Listed::Unknown => None,
    };
    let mut open = known.clone();
    let mut errors = PartErrors::new();
    let mut reviews = Vec::new();
    let mut news = row.is_some() || known.due;

    if readable(Part::Reviews) {
        let list =
            in_repo(Method::GET, repo, &["pulls", &number.to_string(), "reviews"]).query("per_page", "100");
        let list = calls.rows::<Entries<wire::Review>>(list, open.reviews.as_deref(), PAGES, |_| true);
        match list.await {
            Ok(None) => {}
            Ok(Some(found)) => {
                // New reviews come last: the first of several pages does not show them.
                open.reviews = found.whole.then_some(found.etag);
                open.reviews_cut = found.more && found.error.is_none();
                errors.extend(found.error.map(|error| (Part::Reviews, error)));
                reviews = found.rows;
                open.reviews_unread = normalise::unread_reviews(&reviews, &found.unread);
                open.reviews_nameless = reviews.iter().any(|review| review.user.is_none());
                open.approved |= reviews.iter().any(normalise::is_approval);
                news = true;
            }
            Err(error) => errors.push((Part::Reviews, error)),
        }
    }

    let before = open.sum();
    let head = open.head.clone();
    for part in [Part::Checks, Part::Statuses] {
        if readable(part) && !head.is_empty() {
            let cached = if part == Part::Checks { &mut open.checks } else { &mut open.statuses };
            if let Err(error) = sum(calls, repo, &head, part, cached, |_| true).await {
                errors.push((part, error));
            }
        }
    }
    news |= !open.sum().displays_same(&before);
    let lost = |(_, error): &(Part, ServiceError)| {
        !matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. })
    };
    let statuses_lost = errors.iter().filter(|(part, _)| *part == Part::Statuses).any(lost);

    // Where its reviews are refused it may not be there any more.
    let refused = |(part, error): &(Part, ServiceError)| {
        *part == Part::Reviews && matches!(error, ServiceError::Rejected { .. })
    };
    let (mut item, mut gone, mut is_awaited) = (None, false, false);
    let (mut is_other_head, mut is_itself_unread) = (false, false);
    let is_shown_by_itself = open.approved || open.computing || open.is_unlisted;
    if news || is_shown_by_itself || errors.iter().any(refused) {
        let etag = if news { None } else { open.itself.as_deref() };
        let itself = in_repo(Method::GET, repo, &["pulls", &number.to_string()]);
        let mut report = |pull: &wire::Pull, open: &Open| {
            // Checks that cannot be read are not "none", and without the statuses nothing has passed. A check that failed has
            // failed, whatever the others are. Checks of another head do not count. A server that refuses statuses for good
            // has none to wait for.
            let statuses = open.statuses.is_some() || !statuses_lost;
            let all_known = open.checks.is_some() && statuses;
            let known = all_known || open.sum().status() == ChecksStatus::Failed;
            let is_of_head =
                !open.head.is_empty() && (pull.head.sha == open.head || pull.head.sha.is_empty());
            let checks = (known && is_of_head).then(|| open.sum().of(&open.head, pull));
            item = Some(normalise::pull(account, repo, pull, &reviews, checks, now));
        };
        let found = calls.find::<wire::Pull>(itself, etag).await;
        if let Ok(found) = &found {
            open.is_missing = matches!(found, Found::Gone);
        }
        match found {
            Ok(Found::Same) => {}
            Ok(Found::News(mut found)) => {
                open.itself = Some(found.etag);
                open.computing = normalise::is_computing(&found.content);
                open.note_requests(&found.content);
                open.last_reported.complete(&mut found.content);
                open.date(&mut found.content);
                // It may have moved back.
                open.updated_at = open.updated_at.min(found.content.version(now));
                is_other_head = open.note_head(&found.content, now);
                report(&found.content, &open);
            }
            // GitHub answers so to what is not allowed, too: only what its lists lack as well is gone.
            Ok(Found::Gone) => match listed {
                Listed::Changed(row) => {
                    report(row, &open);
                    is_itself_unread = true;
                }
                Listed::Same => is_itself_unread = true,
                // A webhook may come before GitHub answers for its subject: it is asked for once more.
                Listed::Absent | Listed::Unknown if known.is_only_reported => is_awaited = true,
                Listed::Absent => gone = true,
                Listed::Unknown => is_itself_unread = true,
            },
            Err(error) => {
                // What its row leaves out is not known.
                if let Some(row) = row {
                    report(row, &open);
                }
                is_itself_unread = true;
                errors.push((Part::Pulls, error));
            }
        }
    }
    let is_unreported = item.is_none() && news && !gone;
    if is_awaited {
        let open = Open { due: true, is_only_reported: false, ..known.clone() };
        return PullRead { open, item: None, gone: false, errors: Vec::new() };
    }
    open.is_only_reported = false;
    open.due = is_other_head || is_itself_unread || errors.iter().any(lost);
    if is_unreported {
        // What was news stays news.
        let Open { due, is_missing, .. } = open;
        open = Open { due, is_missing, is_only_reported: false, ..known.clone() };
    }
    PullRead { open, item, gone, errors }
}

/// Reads a commit's checks of one sort, unless they are as they were. `counts`: which check runs count.
pub(super) async fn sum(
    calls: &Calls<'_>,
    repo: &str,
    head: &str,
    part: Part,
    cached: &mut Option<CachedChecks>,
    counts: fn(&wire::CheckRun) -> bool,
) -> Result<(), ServiceError> {
    let etag = cached.as_ref().map(|cached| cached.etag.as_str()).filter(|etag| !etag.is_empty());
    let list = |what| in_repo(Method::GET, repo, &["commits", head, what]).query("per_page", "100");
    let found = if part == Part::Checks {
        let found = calls.rows::<wire::CheckRuns>(list("check-runs"), etag, PAGES, |_| true).await?;
        found.map(|mut found| {
            found.rows.retain(counts);
            let missing = Missing { more: found.more, malformed: !found.unread.is_empty() };
            (found.whole, found.etag, Sum::of_runs(&found.rows, missing), found.error)
        })
    } else {
        let found = calls.rows::<wire::Statuses>(list("status"), etag, PAGES, |_| true).await?;
        found.map(|found| {
            let missing = Missing { more: found.more, malformed: !found.unread.is_empty() };
            (found.whole, found.etag, Sum::of_statuses(&found.rows, missing), found.error)
        })
    };
    if let Some((whole, etag, sum, error)) = found {
        // The first of several pages does not show changes on the others: without an ETag all are read again.
        *cached = Some(CachedChecks { etag: if whole { etag } else { String::new() }, sum });
        return error.map_or(Ok(()), Err);
    }
    Ok(())
}

/// The names of a run's jobs that failed.
pub(super) async fn failing(calls: &Calls<'_>, repo: &str, run: u64) -> Result<Vec<String>, ServiceError> {
    Ok(normalise::failing(&jobs(calls, repo, run).await?.rows))
}

/// The jobs of a run's latest attempt.
#[derive(Default)]
pub(super) struct RunJobs {
    pub(super) rows: Vec<wire::Job>,
    /// Why these are not all of them, where that is so.
    pub(super) incomplete: Option<String>,
}

/// Reads the jobs of a run's latest attempt.
pub(super) async fn jobs(calls: &Calls<'_>, repo: &str, run: u64) -> Result<RunJobs, ServiceError> {
    let found = calls.rows::<wire::Jobs>(jobs_of(repo, run), None, PAGES, |_| true).await?;
    Ok(found
        .map_or_else(RunJobs::default, |found| RunJobs { incomplete: found.incomplete(), rows: found.rows }))
}

/// The request for a run's jobs.
pub(super) fn jobs_of(repo: &str, run: u64) -> Request {
    in_repo(Method::GET, repo, &["actions", "runs", &run.to_string(), "jobs"])
        .query("filter", "latest")
        .query("per_page", "100")
}

/// The runs of that run's build that are later than it, as the list of its branch has them; read on until one shows whether the
/// build is red, or the list comes to the run.
pub(super) async fn later_runs(
    calls: &Calls<'_>,
    repo: &normalise::Place<'_>,
    run: &wire::Run,
) -> Result<Vec<wire::Run>, ServiceError> {
    let Some(branch) = run.head_branch.as_deref().filter(|_| !run_branch::is_single(repo.name, run)) else {
        return Ok(Vec::new());
    };
    let build = normalise::build_id(repo, run);
    let is_later = |other: &wire::Run| other.id > run.id && normalise::build_id(repo, other) == build;
    let is_verdict = |other: &wire::Run| is_later(other) && normalise::run_status(other).is_verdict();
    let further =
        |rows: &[wire::Run]| rows.last().is_some_and(|last| last.id > run.id) && !rows.iter().any(is_verdict);
    let list = in_repo(Method::GET, repo.name, &["actions", "runs"])
        .query("branch", branch)
        .query("per_page", "100")
        .query("exclude_pull_requests", "true");
    let Some(found) = calls.rows::<wire::Runs>(list, None, PAGES, further).await? else {
        return Ok(Vec::new());
    };
    let later: Vec<_> = found.rows.into_iter().filter(is_later).collect();
    match found.error.filter(|_| !later.iter().any(is_verdict)) {
        Some(error) => Err(error),
        None => Ok(later),
    }
}

/// A run by itself, unless it is as it was or not there any more.
pub(super) async fn run(
    calls: &Calls<'_>,
    repo: &str,
    id: u64,
    etag: Option<&str>,
) -> Result<Found<Box<wire::Run>>, ServiceError> {
    calls.find(in_repo(Method::GET, repo, &["actions", "runs", &id.to_string()]), etag).await
}
