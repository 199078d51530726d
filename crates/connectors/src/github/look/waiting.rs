//! The runs that wait for people: those on a repository's lists, and where those are cut, the lists of all that wait.

use callboard_domain::error::ServiceError;
use reqwest::Method;

use super::lists::RepoLists;
use crate::github::{
    client::{Calls, in_repo},
    normalise::{self, Wait},
    run_branch, wire,
};

/// How many pages of 100 runs that wait are read.
const PAGES: usize = 2;

/// Takes note of the runs that wait. `is_relisted`: the list of runs has changed. A first-timer's run waits from its
/// beginning, and so can only be new where it has.
pub(super) async fn waiting(calls: &Calls<'_>, look: &mut RepoLists, is_relisted: bool) {
    let rows = std::mem::take(&mut look.runs);
    note(look, &rows);
    look.runs = rows;
    if !look.repo.busy {
        (look.repo.gates.more_waiting, look.repo.gates.more_held) = (false, false);
        return;
    }
    for status in [Status::Waiting, Status::ActionRequired] {
        if status == Status::ActionRequired && !is_relisted && look.repo.gates.held.is_some() {
            continue;
        }
        match list(calls, look, status).await {
            Ok(None) => {}
            Ok(Some(is_cut)) => match status {
                Status::Waiting => look.repo.gates.more_waiting = is_cut,
                Status::ActionRequired => look.repo.gates.more_held = is_cut,
            },
            Err(error) => {
                look.gates_error = Some(error);
                // It is asked for again, whether or not the list of runs changes until then.
                look.repo.gates.held = None;
                return;
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    /// In a protected environment.
    Waiting,
    /// As a first-timer's.
    ActionRequired,
}

/// Reads a list of runs that wait. True where there are more than were read; `None` where it is as it was.
async fn list(calls: &Calls<'_>, look: &mut RepoLists, status: Status) -> Result<Option<bool>, ServiceError> {
    let name = look.place().name.to_owned();
    let (word, etag) = match status {
        Status::Waiting => ("waiting", look.repo.gates.waiting.as_deref()),
        Status::ActionRequired => ("action_required", look.repo.gates.held.as_deref()),
    };
    let list = in_repo(Method::GET, &name, &["actions", "runs"])
        .query("status", word)
        .query("per_page", "100")
        .query("exclude_pull_requests", "true");
    // A server that lists others too does not know the filter: that there are more then means nothing.
    let is_filtered = |rows: &[wire::Run]| !rows.iter().any(|run| normalise::wait(run) == Some(Wait::Nobody));
    let Some(found) = calls.rows::<wire::Runs>(list, etag, PAGES, is_filtered).await? else {
        return Ok(None);
    };
    let is_cut = is_filtered(&found.rows) && (found.more || !found.unread.is_empty());
    let mut rows = found.rows;
    rows.retain(|run| !run.repository.as_ref().is_some_and(|repo| look.is_other(repo)));
    let default_branch = look.place().default_branch.map(str::to_owned);
    for run in &mut rows {
        run_branch::complete_branch(run, look.repo.branch_of(run.id), default_branch.as_deref());
        run_branch::complete_owner(&name, run, look.repo.build_of(run.id));
    }
    note(look, &rows);
    // The first of several pages does not show changes on the others.
    let etag = found.whole.then_some(found.etag);
    match status {
        Status::Waiting => look.repo.gates.waiting = etag,
        Status::ActionRequired => look.repo.gates.held = etag,
    }
    found.error.map_or(Ok(Some(is_cut)), Err)
}

fn note(look: &mut RepoLists, rows: &[wire::Run]) {
    let mut gates = std::mem::take(&mut look.repo.gates);
    rows.iter().for_each(|run| gates.note(&look.place(), run));
    look.repo.gates = gates;
}
