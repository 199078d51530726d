//! The first step of a poll: one repository's lists of pull requests and runs, each a conditional request, so that a
//! quiet repository costs nothing.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{error::ServiceError, item::PullRequestState};
use jiff::Timestamp;
use reqwest::Method;

use super::{
    client::{Calls, in_repo},
    cursor::{Described, Open, Part, Repo},
    normalise, wire,
};

/// Rows on a page of the lists that are read at every poll.
const PAGE: usize = 50;
/// How many of those pages are read after a long absence.
const PAGES: usize = 10;
/// How many pages of 100 open pull requests are read when a repository is first seen.
const OPEN_PAGES: usize = 10;

/// What a repository's lists say.
#[derive(Default)]
pub(super) struct Look {
    /// Its name in small letters: its key in the cursor.
    pub(super) key: String,
    pub(super) repo: Repo,
    /// The pull requests that are new or changed.
    pub(super) pulls: BTreeMap<u64, wire::Pull>,
    /// Of those, the ones that were open and are merged now.
    pub(super) merged: BTreeSet<u64>,
    /// The runs of lists that changed.
    pub(super) runs: Vec<wire::Run>,
    /// The heads of runs that are new or changed.
    pub(super) heads: BTreeSet<String>,
    /// True where at least one of its lists was read.
    pub(super) read: bool,
    /// Why (a part of) it could not be read.
    pub(super) error: Option<ServiceError>,
}

impl Look {
    /// What is known of the repository's name and default branch, however old.
    pub(super) fn described(&self) -> Option<&Described> {
        self.repo.described.as_ref().map(|(described, _)| described)
    }
}

/// A repository to look at.
pub(super) struct Target {
    pub(super) name: String,
    /// Where a list of the owner's repositories described it.
    pub(super) described: Option<(Described, Timestamp)>,
}

/// Reads a repository's lists.
pub(super) async fn look(calls: &Calls<'_>, target: Target, known: Option<Repo>, now: Timestamp) -> Look {
    let mut look =
        Look { key: target.name.to_ascii_lowercase(), repo: known.unwrap_or_default(), ..Look::default() };
    look.repo.refused.retain(|_, refusal| now < refusal.until);
    if target.described.is_some() {
        look.repo.described = target.described;
    }
    if look.repo.is_refused(Part::Repo, now) {
        return look;
    }
    for part in [Part::Repo, Part::Pulls, Part::Runs] {
        if look.repo.is_refused(part, now) {
            continue;
        }
        let result = match part {
            Part::Repo => describe(calls, &target.name, &mut look.repo, now).await,
            Part::Pulls => pulls(calls, &mut look, now).await,
            _ => runs(calls, &mut look).await,
        };
        look.read |= result.is_ok() && part != Part::Repo;
        if let Err(error) = result {
            // A 404 to a list of a repository that was there a day ago: it is gone, or hidden now.
            let gone = part == Part::Pulls && matches!(error, ServiceError::Rejected { .. });
            let part = if gone { Part::Repo } else { part };
            let refused = look.repo.refuse(part, &error, now);
            look.error = Some(error);
            if part == Part::Repo || !refused {
                break;
            }
        }
    }
    look
}

async fn describe(
    calls: &Calls<'_>,
    name: &str,
    repo: &mut Repo,
    now: Timestamp,
) -> Result<(), ServiceError> {
    if repo.description(now).is_none() {
        let found: wire::Repo = calls.read(in_repo(Method::GET, name, &[])).await?;
        repo.described = Some((described(&found), now));
    }
    Ok(())
}

/// The name as GitHub writes it, whatever the configuration's capitals: webhooks carry the same.
pub(super) fn described(repo: &wire::Repo) -> Described {
    Described {
        name: normalise::name(&repo.full_name),
        default_branch: repo.default_branch.as_deref().map(normalise::name),
    }
}

async fn pulls(calls: &Calls<'_>, look: &mut Look, now: Timestamp) -> Result<(), ServiceError> {
    let name = look.described().map(|described| described.name.clone()).unwrap_or_default();
    let list = in_repo(Method::GET, &name, &["pulls"])
        .query("state", "all")
        .query("sort", "updated")
        .query("direction", "desc")
        .query("per_page", PAGE.to_string());
    let repo = &mut look.repo;
    let newest = repo.newest_pull;
    let unseen = |rows: &[wire::Pull]| {
        rows.last().is_some_and(|last| newest.is_some_and(|seen| last.updated_at > seen))
    };
    let Some(found) = calls.rows::<Vec<wire::Pull>>(list, repo.pulls.as_deref(), PAGES, unseen).await? else {
        return Ok(());
    };
    let all_seen = !found.more || newest.is_some() && !unseen(&found.rows);
    let mut rows = found.rows;
    if !all_seen {
        rows.extend(open(calls, &name).await?);
        // What was open and is on no list any more has ended meanwhile: its details tell.
        let listed: BTreeSet<_> = rows.iter().map(|pull| pull.number).collect();
        repo.open
            .iter_mut()
            .filter(|(number, _)| !listed.contains(number))
            .for_each(|(_, open)| open.due = true);
    }
    repo.pulls = Some(found.etag);
    repo.newest_pull = rows.iter().map(|pull| pull.updated_at).max().max(newest);
    for pull in rows {
        sort_in(look, pull, newest, now);
    }
    Ok(())
}

async fn open(calls: &Calls<'_>, name: &str) -> Result<Vec<wire::Pull>, ServiceError> {
    let list = in_repo(Method::GET, name, &["pulls"]).query("state", "open").query("per_page", "100");
    let found = calls.rows::<Vec<wire::Pull>>(list, None, OPEN_PAGES, |_| true).await?;
    Ok(found.map(|found| found.rows).unwrap_or_default())
}

/// Keeps a listed pull request if it is new, changed or ended since the last poll.
fn sort_in(look: &mut Look, pull: wire::Pull, newest: Option<Timestamp>, now: Timestamp) {
    let (number, open) = (pull.number, &mut look.repo.open);
    let changed = match (normalise::state(&pull), open.get_mut(&number)) {
        (PullRequestState::Open, None) => {
            open.insert(number, Open::new(&pull.head.sha, pull.updated_at, now));
            true
        }
        (PullRequestState::Open, Some(known)) if known.head != pull.head.sha => {
            // The reviews stay; the checks were of another commit.
            let reviews = known.reviews.take();
            *known = Open { reviews, ..Open::new(&pull.head.sha, pull.updated_at, now) };
            true
        }
        (PullRequestState::Open, Some(known)) => {
            let changed = known.updated_at != pull.updated_at;
            known.updated_at = pull.updated_at;
            known.due |= changed;
            changed
        }
        (state, known) => {
            let was_open = known.is_some();
            if was_open && state == PullRequestState::Merged {
                look.merged.insert(number);
            }
            open.remove(&number);
            was_open || newest.is_some_and(|newest| pull.updated_at > newest)
        }
    };
    if changed {
        look.pulls.insert(number, pull);
    }
}

async fn runs(calls: &Calls<'_>, look: &mut Look) -> Result<(), ServiceError> {
    let Some(Described { name, default_branch }) = look.described().cloned() else {
        return Ok(());
    };
    let list = |branch: Option<&str>| {
        let list = in_repo(Method::GET, &name, &["actions", "runs"]).query("per_page", PAGE.to_string());
        let list = list.query("exclude_pull_requests", "true");
        if let Some(branch) = branch { list.query("branch", branch) } else { list }
    };
    let repo = &mut look.repo;
    let newest = repo.newest_run;
    let mut rows = Vec::new();
    if let Some(found) = calls.rows::<wire::Runs>(list(None), repo.runs.as_deref(), 1, |_| false).await? {
        repo.runs = Some(found.etag);
        repo.busy = found.more;
        // A run under way that left the page is asked for by itself until it ends.
        let listed: BTreeSet<_> = found.rows.iter().map(|run| run.id).collect();
        repo.strays.extend(repo.running.difference(&listed).map(|id| (*id, None)));
        repo.strays.retain(|id, _| !listed.contains(id));
        let under_way = found.rows.iter().filter(|run| !normalise::run_status(run).is_final());
        repo.running = under_way.map(|run| run.id).collect();
        rows = found.rows;
    }
    // On a busy repository the default branch has a list of its own: its latest run may be far down the other.
    if let (true, Some(branch)) = (repo.busy, default_branch) {
        let etag = repo.default_runs.as_deref();
        if let Some(found) = calls.rows::<wire::Runs>(list(Some(&branch)), etag, 1, |_| false).await? {
            repo.default_runs = Some(found.etag);
            rows.extend(found.rows);
        }
    }
    let news = rows.iter().filter(|run| newest.is_none_or(|newest| run.updated_at >= newest));
    look.heads = news.map(|run| run.head_sha.clone()).collect();
    repo.newest_run = rows.iter().map(|run| run.updated_at).max().max(newest);
    look.runs = rows;
    Ok(())
}
