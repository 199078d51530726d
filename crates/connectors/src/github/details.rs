//! The second step of a poll: what the lists do not say. The reviews and checks of pull requests, the jobs of failed
//! runs, runs that left the list.

use callboard_domain::{
    error::ServiceError,
    item::{AccountName, Item},
};
use reqwest::Method;

use super::{
    client::{Calls, in_repo},
    cursor::{Open, Part, Seen},
    normalise::{self, Sum},
    wire,
};

/// How many pages of 100 reviews or checks are read.
const PAGES: usize = 5;

/// One thing to read.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Task {
    /// The reviews and checks of an open pull request.
    Pull(u64),
    /// Who merged it.
    Merger(u64),
    /// A run that is on no list.
    Run(u64),
    /// The jobs of a failed run, by its id and attempt.
    Jobs(u64, String),
}

/// What was read.
pub(super) enum Done {
    Pull { number: u64, open: Box<Open>, item: Option<Box<Item>>, faults: Faults },
    Merger(Option<Box<wire::Pull>>),
    Run { id: u64, found: Result<Option<Stray>, ServiceError> },
    Jobs { id: u64, attempt: String, failing: Result<Vec<String>, ServiceError> },
}

/// A run that is on no list, and its jobs that failed, where they were asked for.
pub(super) struct Stray {
    pub(super) run: Box<wire::Run>,
    pub(super) etag: String,
    pub(super) failing: Vec<String>,
}

/// What could not be read.
pub(super) type Faults = Vec<(Part, ServiceError)>;

/// Reads a pull request's reviews and checks, as far as they are not refused. `row` is the pull request where a list
/// just told of it; it is asked for otherwise, if there is news to tell.
pub(super) async fn pull(
    calls: &Calls<'_>,
    account: &AccountName,
    repo: &str,
    number: u64,
    known: &Open,
    row: Option<&wire::Pull>,
    readable: impl Fn(Part) -> bool + Send,
) -> (Open, Option<Item>, Faults) {
    let mut open = known.clone();
    let mut faults = Faults::new();
    let mut reviews = Vec::new();
    let mut news = row.is_some() || known.due;

    if readable(Part::Reviews) {
        let list =
            in_repo(Method::GET, repo, &["pulls", &number.to_string(), "reviews"]).query("per_page", "100");
        match calls.rows::<Vec<wire::Review>>(list, open.reviews.as_deref(), PAGES, |_| true).await {
            Ok(None) => {}
            Ok(Some(found)) => {
                // New reviews come last: the first of several pages does not tell of them.
                open.reviews = found.whole.then_some(found.etag);
                reviews = found.rows;
                news = true;
            }
            Err(error) => faults.push((Part::Reviews, error)),
        }
    }

    let before = open.sum();
    let head = open.head.clone();
    for part in [Part::Checks, Part::Statuses] {
        if readable(part) {
            let seen = if part == Part::Checks { &mut open.checks } else { &mut open.statuses };
            if let Err(error) = sum(calls, repo, &head, part, seen).await {
                faults.push((part, error));
            }
        }
    }
    news |= !open.sum().says_the_same(&before);

    let mut item = None;
    if news {
        let asked = match row {
            Some(row) => Ok(row.clone()),
            None => calls.read(in_repo(Method::GET, repo, &["pulls", &number.to_string()])).await,
        };
        match asked {
            Ok(pull) => {
                // Checks that cannot be read are not "none"; and those of another head are not this one's.
                let known = open.checks.is_some() && pull.head.sha == open.head;
                let checks = known.then(|| open.sum().of(&pull));
                item = Some(normalise::pull(account, repo, &pull, &reviews, checks));
            }
            Err(error) => faults.push((Part::Pulls, error)),
        }
    }
    let unheard = item.is_none() && news;
    let lost = |(_, error): &(Part, ServiceError)| {
        !matches!(error, ServiceError::Auth { .. } | ServiceError::Rejected { .. })
    };
    open.due = faults.iter().any(lost);
    if unheard {
        // What was news stays news.
        open = Open { due: open.due, ..known.clone() };
    }
    (open, item, faults)
}

async fn sum(
    calls: &Calls<'_>,
    repo: &str,
    head: &str,
    part: Part,
    seen: &mut Option<Seen>,
) -> Result<(), ServiceError> {
    let etag = seen.as_ref().map(|seen| seen.etag.as_str()).filter(|etag| !etag.is_empty());
    let list = |what| in_repo(Method::GET, repo, &["commits", head, what]).query("per_page", "100");
    let found = if part == Part::Checks {
        let found = calls.rows::<wire::CheckRuns>(list("check-runs"), etag, PAGES, |_| true).await?;
        found.map(|found| (found.whole, found.etag, Sum::of_runs(&found.rows)))
    } else {
        let found = calls.rows::<wire::Statuses>(list("status"), etag, PAGES, |_| true).await?;
        found.map(|found| (found.whole, found.etag, Sum::of_statuses(&found.rows)))
    };
    if let Some((whole, etag, sum)) = found {
        // The first of several pages does not tell of changes on the others: without an ETag all are read again.
        *seen = Some(Seen { etag: if whole { etag } else { String::new() }, sum });
    }
    Ok(())
}

/// The names of a run's jobs that failed.
pub(super) async fn failing(calls: &Calls<'_>, repo: &str, run: u64) -> Result<Vec<String>, ServiceError> {
    Ok(normalise::failing(&jobs(calls, repo, run).await?))
}

/// The jobs of a run's latest attempt.
pub(super) async fn jobs(calls: &Calls<'_>, repo: &str, run: u64) -> Result<Vec<wire::Job>, ServiceError> {
    let found = calls.rows::<wire::Jobs>(jobs_of(repo, run), None, PAGES, |_| true).await?;
    Ok(found.map(|found| found.rows).unwrap_or_default())
}

/// The request for a run's jobs.
pub(super) fn jobs_of(repo: &str, run: u64) -> crate::http::Request {
    in_repo(Method::GET, repo, &["actions", "runs", &run.to_string(), "jobs"])
        .query("filter", "latest")
        .query("per_page", "100")
}

/// A run by itself, unless it is as it was.
pub(super) async fn run(
    calls: &Calls<'_>,
    repo: &str,
    id: u64,
    etag: Option<&str>,
) -> Result<Option<(Box<wire::Run>, String)>, ServiceError> {
    let news = calls
        .look::<wire::Run>(in_repo(Method::GET, repo, &["actions", "runs", &id.to_string()]), etag)
        .await?;
    Ok(news.map(|news| (Box::new(news.content), news.etag)))
}
