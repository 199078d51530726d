//! The poll loop: one task per watched account, its pace, its backoff.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::Duration,
};

use callboard_domain::{
    error::{LONGEST_RETRY_AFTER, ServiceError},
    identity::Identity,
    item::AccountName,
    origin::Origin,
    source::{Batch, POLL_TIME, Progress, RateLimit, Source},
};
use futures::FutureExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    decide,
    unrecorded::{Unrecorded, UnrecordedReports},
};
use crate::{
    accounts::Account,
    active_config::ConfigHandle,
    config::DEFAULT_EVERY,
    store::{LastNote, Report, Store, StoreError, StoredSource, Watched},
    system::supervise::{Tasks, catch_panic},
};

/// The longest wait between two tries at an account in trouble.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// How often an account is polled while its rate limit is nearly reached.
const SPARING_EVERY: Duration = Duration::from_secs(5 * 60);
/// How long after a change that was made from here an account is polled once more: services show in their lists a little later
/// what they have done.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// How long what is known of an account's identity and permissions is good for.
const IDENTITY_AGE: Duration = Duration::from_secs(6 * 60 * 60);
/// The same where not all of its teams could be read.
const TEAMS_AGE: Duration = Duration::from_secs(10 * 60);

/// How often the wait for a poll is compared with the clock.
const CLOCK_LOOK: Duration = Duration::from_secs(30);
/// How long after it is due a poll may end: another one that somebody asked for may be under way first.
const OVERDUE_AFTER: Duration = POLL_TIME.saturating_mul(2);

/// Why a poll failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PollError {
    /// The account could not be read.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// What is read of it could not be recorded.
    #[error("it could not be recorded: {0}")]
    Store(#[from] StoreError),
}

impl From<PollError> for ServiceError {
    fn from(error: PollError) -> Self {
        match error {
            PollError::Service(error) => error,
            PollError::Store(error) => Self::unavailable(error.to_string()),
        }
    }
}

/// What a poll leaves to be known by who goes on polling.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Polled {
    rate_limit: Option<RateLimit>,
    /// How far it is, where there is more to read.
    pub(crate) partial: Option<Progress>,
    /// How many details of that are still to be read.
    details_left: usize,
}

/// Polls the accounts. A clone is the same.
#[derive(Clone)]
pub(crate) struct Watcher {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    live: ConfigHandle,
    tasks: Tasks,
    unrecorded: UnrecordedReports,
    state: Mutex<State>,
}

/// State in memory only, found again after a restart.
#[derive(Default)]
struct State {
    /// When each watched account is polled next.
    next_poll: BTreeMap<AccountName, Timestamp>,
    /// When each account's identity was last asked for.
    identified_at: BTreeMap<AccountName, Timestamp>,
}

impl Watcher {
    pub(crate) fn new(store: Store, live: ConfigHandle, tasks: Tasks, unrecorded: UnrecordedReports) -> Self {
        Self { inner: Arc::new(Inner { store, live, tasks, unrecorded, state: Mutex::default() }) }
    }

    /// Keeps a polling task for each watched account until `stop`, across changes of the configuration.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut changes = self.inner.live.changes();
        let mut running: BTreeMap<AccountName, (Arc<Account>, CancellationToken)> = BTreeMap::new();
        loop {
            let active = Arc::clone(&changes.borrow_and_update());
            running.retain(|name, (account, stop)| {
                let same = active.accounts.get(name).is_some_and(|now| Arc::ptr_eq(now, account));
                if !same {
                    stop.cancel();
                    // Another credential may act as somebody else, and another address be another place.
                    self.state().identified_at.remove(name);
                }
                same
            });
            for (name, account) in &active.accounts {
                let watched = account.connection.as_ref().is_ok_and(|connection| connection.source.is_some());
                if watched && !running.contains_key(name) {
                    let own = stop.child_token();
                    running.insert(name.clone(), (Arc::clone(account), own.clone()));
                    let (watcher, account, stop) = (self.clone(), Arc::clone(account), own.clone());
                    self.inner.tasks.supervise_until(format!("polling of {name}"), own, move || {
                        watcher.clone().watch(Arc::clone(&account), stop.clone())
                    });
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn watch(self, account: Arc<Account>, stop: CancellationToken) {
        let every = account.config.every().unwrap_or(DEFAULT_EVERY).0;
        let mut failures = 0;
        let mut read = None;
        let mut woken = false;
        if let Some(wait) = self.wait_from_before(&account.name).await
            && self.rest(&account, &stop, every, wait, true).await.is_none()
        {
            return;
        }
        loop {
            let polled = tokio::select! {
                () = stop.cancelled() => return,
                polled = self.poll_once(&account) => polled,
            };
            let now = Timestamp::now();
            let in_trouble = polled.is_err();
            let mut wait = match polled {
                Ok(Polled { rate_limit, partial, details_left }) => {
                    failures = 0;
                    let wait = pace(every, rate_limit, now);
                    let part = partial.map(|progress| (progress, details_left));
                    let on = goes_on(read, part) && wait <= every;
                    read = part;
                    if on { Duration::ZERO } else { wait }
                }
                Err(error) => {
                    failures += 1;
                    let wait = backoff(every, failures, &error);
                    tracing::warn!(account = %account.name, %error, wait_s = wait.as_secs(), "polling failed");
                    wait
                }
            };
            if woken && wait <= every {
                wait = wait.min(SECOND_LOOK);
            }
            woken = match self.rest(&account, &stop, every, wait, in_trouble).await {
                Some(woken) => woken,
                None => return,
            };
        }
    }

    /// Waits for the next poll of an account: true where something of it was changed from here. `None` where it is not
    /// polled any more.
    async fn rest(
        &self,
        account: &Account,
        stop: &CancellationToken,
        every: Duration,
        mut wait: Duration,
        in_trouble: bool,
    ) -> Option<bool> {
        loop {
            // A service in trouble, or near its rate limit, is not asked more often for that.
            let may_hurry = wait <= every;
            let next = Timestamp::now().checked_add(wait).unwrap_or(Timestamp::MAX);
            self.state().next_poll.insert(account.name.clone(), next);
            tokio::select! {
                () = stop.cancelled() => return None,
                () = account.changed.notified(), if may_hurry => return Some(true),
                () = account.unread_webhooks.poll_due(), if may_hurry => return Some(false),
                // Somebody had it polled, and the trouble is over.
                () = account.answered.notified(), if in_trouble && !may_hurry => wait = every,
                () = wait_until(next, wait, Timestamp::now) => return Some(false),
            }
        }
    }

    /// How much longer its service asked to be left alone, before this program was started. What was asked of an account that
    /// has been polled since may not hold for another credential.
    async fn wait_from_before(&self, account: &AccountName) -> Option<Duration> {
        if self.next_poll(account).is_some() {
            return None;
        }
        let (error, since) = self.inner.store.source(account).await.ok().flatten()?.error?;
        wait_left(&error, since, Timestamp::now())
    }

    /// When an account is polled next.
    pub(crate) fn next_poll(&self, account: &AccountName) -> Option<Timestamp> {
        self.state().next_poll.get(account).copied()
    }

    /// What is not recorded of what polls and webhooks reported of an account.
    pub(crate) fn unrecorded(&self, account: &AccountName) -> Option<Unrecorded> {
        self.inner.unrecorded.of(account)
    }

    /// Since when an account that was read last at that time is to be polled, where that should have ended by now.
    pub(crate) fn overdue(&self, account: &Account, last_ok: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let is_polled = account.connection.as_ref().is_ok_and(|connection| connection.source.is_some());
        let every = account.config.every().unwrap_or(DEFAULT_EVERY).0;
        overdue(last_ok, self.next_poll(&account.name), every, now).filter(|_| is_polled)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls an account once and stores what it found, or that it is in trouble. Concurrent polls of an account wait for
    /// each other, so that what is stored last was read last.
    pub(crate) async fn poll_once(&self, account: &Account) -> Result<Polled, PollError> {
        let Ok(connection) = &account.connection else { return Ok(Polled::default()) };
        let Some(source) = &connection.source else { return Ok(Polled::default()) };
        let _polling = account.polling.lock().await;
        let now = Timestamp::now();
        // A source that panics is treated like one that cannot be reached: its status shows that, and it is polled again.
        let polled = catch_panic(self.poll(account, source, now)).map(|polled| {
            polled.unwrap_or_else(|panicked| Err(ServiceError::unavailable(panicked.to_string()).into()))
        });
        let polled = tokio::time::timeout(POLL_TIME, polled).await.unwrap_or_else(|_| {
            let why = format!("reading it took longer than {} s", POLL_TIME.as_secs());
            Err(ServiceError::unavailable(why).into())
        });
        match &polled {
            Ok(_) => {
                self.inner.unrecorded.polled(&account.name);
                account.answered.notify_waiters();
            }
            Err(PollError::Service(error)) => self.record_error(&account.name, error, now).await,
            Err(PollError::Store(error)) => {
                self.inner.unrecorded.failed(&account.name, error, now);
            }
        }
        polled
    }

    async fn poll(
        &self,
        account: &Account,
        source: &Arc<dyn Source>,
        now: Timestamp,
    ) -> Result<Polled, PollError> {
        let store = &self.inner.store;
        account.rebuild_unreadable(store, now).await?;
        let (mut known, mut notes) = store.source_with_notes(&account.name).await?;
        let identity = known.as_ref().and_then(|known| known.identity.as_ref());
        let age = identity.map_or(Duration::ZERO, |identity| match identity.teams_unread {
            Some(_) => TEAMS_AGE,
            None => IDENTITY_AGE,
        });
        let asked_at = self.state().identified_at.get(&account.name).copied();
        let fresh = asked_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < age);
        if !fresh {
            self.identify(account, now).await?;
            (known, notes) = store.source_with_notes(&account.name).await?;
        }
        let cursor = known.as_ref().and_then(|known| known.cursor.as_ref());
        let since = source.with_notes(cursor, &notes.texts);
        let batch = source.poll(since.as_ref(), now).await?;
        let Batch { rate_limit, partial, details_left, .. } = batch;
        let polled = Polled { rate_limit, partial, details_left };
        let watched = {
            let source = Arc::clone(source);
            Watched::by(move |item| source.watches(item))
        };
        self.ingest(&account.name, batch, watched.clone(), now, notes.last).await?;
        // What the configuration does not cover any more leaves the board.
        if !account.covered.load(Ordering::Relaxed) && polled.partial.is_none() {
            store.leave_unwatched(&account.name, watched, now, Timestamp::now()).await?;
            account.covered.store(true, Ordering::Relaxed);
        }
        Ok(polled)
    }

    /// Stores what a poll found, and what is decided about it.
    pub(crate) async fn ingest(
        &self,
        account: &AccountName,
        batch: Batch,
        watched: Watched,
        began_at: Timestamp,
        last_note: LastNote,
    ) -> Result<(), StoreError> {
        let decide = decide::by(self.inner.live.now());
        let report = Report::Poll { batch, began_at, watched, last_note };
        self.inner.store.ingest(account, report, Timestamp::now(), decide).await.map(drop)
    }

    /// Records that an account could not be read.
    pub(crate) async fn record_error(&self, account: &AccountName, error: &ServiceError, now: Timestamp) {
        match self.inner.store.poll_failed(account, error.clone(), now).await {
            Ok(()) => self.inner.unrecorded.polled(account),
            Err(error) => {
                tracing::error!(%error, %account, "a failed poll could not be recorded");
                self.inner.unrecorded.failed(account, &error, now);
            }
        }
    }

    /// What was read of an account outside its polls could not be recorded: it is polled, as only a poll that is recorded ends
    /// that.
    pub(crate) fn not_recorded(&self, account: &AccountName, error: &StoreError, now: Timestamp) {
        if self.inner.unrecorded.failed(account, error, now) {
            self.inner.live.poll_soon(account);
        }
    }

    /// Asks the service who the account is, and records it.
    pub(crate) async fn identify(&self, account: &Account, now: Timestamp) -> Result<Identity, PollError> {
        let connection = account.connection.as_ref().map_err(|why| ServiceError::auth(why.to_string()))?;
        let store = &self.inner.store;
        let read = connection.identify.identify().await?;
        let origin = account.config.origin(Some(&read));
        let known = store.source(&account.name).await?;
        let identity = with_teams_known_here(read, origin.as_ref(), known);
        store.identified(&account.name, identity.clone(), origin, now).await?;
        if connection.source.is_none() {
            store.first_answered(&account.name).await?;
        }
        store.account_answered(&account.name, now).await?;
        self.state().identified_at.insert(account.name.clone(), now);
        Ok(identity)
    }
}

/// With the teams known before that could not be read this time, but for those of another place.
fn with_teams_known_here(read: Identity, origin: Option<&Origin>, known: Option<StoredSource>) -> Identity {
    let here = known.filter(|known| known.origin.is_none() || known.origin.as_ref() == origin);
    match here.and_then(|known| known.identity) {
        Some(known) => read.with_known_teams(&known),
        None => read,
    }
}

/// How far a source is that is read in parts, and how many details of that are left.
type Part = (Progress, usize);

/// True where there is more to read and reading progresses; without progress the account keeps its usual pace.
fn goes_on(before: Option<Part>, now: Option<Part>) -> bool {
    now.is_some() && now != before
}

/// Waits that long, or until `at` by the clock, where that comes first: while a computer sleeps, only its clock goes on.
async fn wait_until(at: Timestamp, wait: Duration, now: impl Fn() -> Timestamp) {
    let waited = tokio::time::sleep(wait);
    tokio::pin!(waited);
    loop {
        tokio::select! {
            () = &mut waited => return,
            () = tokio::time::sleep(CLOCK_LOOK) => if now() >= at { return },
        }
    }
}

/// Since when an account is to be polled that was read last at `last_ok` and is to be polled at `next`, where that should
/// have ended by `now`. The clock alone decides, so that it does not matter what keeps the poll.
fn overdue(
    last_ok: Timestamp,
    next: Option<Timestamp>,
    every: Duration,
    now: Timestamp,
) -> Option<Timestamp> {
    let due = last_ok.checked_add(every).ok()?.max(next.unwrap_or(Timestamp::MIN));
    let late = Duration::try_from(now.duration_since(due)).ok()?;
    (late > OVERDUE_AFTER).then_some(due)
}

/// The wait after a good poll: longer while the service's rate limit is nearly reached.
fn pace(every: Duration, rate_limit: Option<RateLimit>, now: Timestamp) -> Duration {
    match rate_limit {
        Some(rate_limit) if rate_limit.remaining < rate_limit.limit / 5 && rate_limit.reset_at > now => {
            every.max(SPARING_EVERY)
        }
        _ => every,
    }
}

/// The wait after a failed poll: what the service asks for, up to an hour, else twice as long each time.
fn backoff(every: Duration, failures: u32, error: &PollError) -> Duration {
    let first = match error {
        PollError::Service(ServiceError::RateLimited { retry_after, .. }) => {
            return (*retry_after).min(LONGEST_RETRY_AFTER).max(every);
        }
        PollError::Service(_) => every,
        // How often the service is asked says nothing of when a disk has room again; each try reads all anew.
        PollError::Store(_) => every.min(DEFAULT_EVERY.0),
    };
    first.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_WAIT.max(first))
}

/// What is left at `now` of the wait that a service asked for with an error that lasts `since` then.
fn wait_left(error: &ServiceError, since: Timestamp, now: Timestamp) -> Option<Duration> {
    let left = error.retry_at(since)?.duration_since(now);
    // A clock that was put back makes no wait longer.
    let left = Duration::try_from(left).ok()?.min(LONGEST_RETRY_AFTER);
    (!left.is_zero()).then_some(left)
}
