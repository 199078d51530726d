//! Reads the gates of a run.

use callboard_domain::error::ServiceError;
use reqwest::Method;

use super::{
    end::History,
    waiting_run::{RunState, WaitingRun},
    wire::{DeploymentAnswer, PendingDeployment},
};
use crate::{
    github::{
        client::{Calls, Found, News, Rows, in_repo},
        part::Part,
        refusal::is_refusal,
        wire,
    },
    lenient::Entries,
};

/// How many pages of deployments that wait, and of answers, are read of a run.
const PAGES: usize = 5;

/// The gates of a run as they were read.
#[derive(Default)]
pub(in crate::github) struct GatesRead {
    /// The run, where it was asked for by itself and has changed, and its ETag.
    pub(super) run: Option<(Box<wire::Run>, String)>,
    /// True where it was asked for by itself, and is not there.
    pub(super) is_gone: bool,
    /// The deployments that wait; none where they are as they were, or were not read.
    pub(super) pending: Option<Rows<PendingDeployment>>,
    /// The answers, where they could be read.
    pub(super) history: Option<History>,
    /// How a gate ended that is not among those that wait may show at the next poll: something failed that is no refusal.
    pub(super) is_lost: bool,
    pub(super) errors: Vec<(Part, ServiceError)>,
}

/// Reads the gates of a run. `readable` is false for what is refused.
pub(in crate::github) async fn read(
    calls: &Calls<'_>,
    repo: &str,
    id: u64,
    known: &WaitingRun,
    readable: impl Fn(Part) -> bool + Send,
) -> GatesRead {
    let mut read = GatesRead::default();
    if !known.state.is_read() || known.state == RunState::FirstTimer {
        read_run(calls, repo, id, known.etag(), &mut read).await;
        if known.state == RunState::FirstTimer || read.run.is_none() {
            return read;
        }
    }
    if read.is_gone || !readable(Part::Gates) {
        return read;
    }
    let below = |what| in_repo(Method::GET, repo, &["actions", "runs", &id.to_string(), what]);
    let pending =
        calls.rows::<Entries<PendingDeployment>>(below("pending_deployments"), known.etag(), PAGES, |_| true);
    match pending.await {
        Ok(None) => return read,
        Ok(Some(found)) => {
            read.errors.extend(found.error.clone().map(|error| (Part::Gates, error)));
            read.pending = Some(found);
        }
        Err(error) => {
            // GitHub answers so to what is not allowed, too: is the run there?
            if matches!(error, ServiceError::Rejected { .. }) {
                read_run(calls, repo, id, None, &mut read).await;
            }
            if !read.is_gone {
                read.errors.push((Part::Gates, error));
            }
            return read;
        }
    }
    if readable(Part::Answers) {
        match calls.rows::<Entries<DeploymentAnswer>>(below("approvals"), None, PAGES, |_| true).await {
            Ok(found) => {
                read.history = found.map(|found| {
                    let whole = !found.more && found.error.is_none();
                    History::new(Entries { good: found.rows, odd: found.unread }, whole)
                });
            }
            Err(error) => {
                read.is_lost = !is_refusal(&error);
                read.errors.push((Part::Answers, error));
            }
        }
    }
    if read.misses_any(known) && read.run.is_none() {
        read_run(calls, repo, id, None, &mut read).await;
    }
    read
}

impl GatesRead {
    /// True where a gate that was open is not among those that wait.
    fn misses_any(&self, known: &WaitingRun) -> bool {
        let is_pending = |name: &String| {
            self.pending.iter().flat_map(|it| &it.rows).any(|row| row.environment.name == *name)
        };
        known.environments.keys().any(|name| !is_pending(name))
    }
}

async fn read_run(calls: &Calls<'_>, repo: &str, id: u64, etag: Option<&str>, read: &mut GatesRead) {
    let run = in_repo(Method::GET, repo, &["actions", "runs", &id.to_string()]);
    match calls.find::<Box<wire::Run>>(run, etag).await {
        Ok(Found::Same) => {}
        Ok(Found::News(News { content, etag, .. })) => read.run = Some((content, etag)),
        Ok(Found::Gone) => read.is_gone = true,
        Err(error) => {
            read.is_lost |= !is_refusal(&error);
            read.errors.push((Part::Gates, error));
        }
    }
}
