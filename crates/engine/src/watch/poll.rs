//! The poll loop: one task per watched account, its pace, its backoff.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use callboard_domain::{
    error::ServiceError,
    item::AccountName,
    source::{POLL_TIME, Progress, RateLimit, Source},
};
use futures::FutureExt;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    Engine, accounts::Account, config::DEFAULT_EVERY, store::Watched, system::supervise::catch_panic,
};

/// The longest wait between two tries at an account in trouble.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// The longest wait that a service may ask for: whatever it says, its account is tried once a day.
const LONGEST_ASKED_FOR: Duration = Duration::from_secs(86_400);
/// How often an account is polled while its rate limit is nearly reached.
const SPARING_EVERY: Duration = Duration::from_secs(5 * 60);
/// How long after a change that was made from here an account is polled once more: services show in their lists a little later
/// what they have done.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// How long what is known of an account's identity and permissions is good for.
const IDENTITY_AGE: Duration = Duration::from_secs(6 * 60 * 60);

/// Keeps a polling task for each watched account until `stop`, across changes of the configuration.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    let mut changes = engine.active_changes();
    let mut running: BTreeMap<AccountName, (Arc<Account>, CancellationToken)> = BTreeMap::new();
    loop {
        let active = Arc::clone(&changes.borrow_and_update());
        running.retain(|name, (account, stop)| {
            let same = active.accounts.get(name).is_some_and(|now| Arc::ptr_eq(now, account));
            if !same {
                stop.cancel();
            }
            same
        });
        for (name, account) in &active.accounts {
            let watched = account.connection.as_ref().is_ok_and(|connection| connection.source.is_some());
            if watched && !running.contains_key(name) {
                let own = stop.child_token();
                running.insert(name.clone(), (Arc::clone(account), own.clone()));
                let (watched, account, stop) = (engine.clone(), Arc::clone(account), own.clone());
                engine.supervise(format!("polling of {name}"), own, move || {
                    watch(watched.clone(), Arc::clone(&account), stop.clone())
                });
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}

async fn watch(engine: Engine, account: Arc<Account>, stop: CancellationToken) {
    let every = account.config.every().unwrap_or(DEFAULT_EVERY).0;
    let mut failures = 0;
    let mut read = None;
    let mut woken = false;
    loop {
        let polled = tokio::select! {
            () = stop.cancelled() => return,
            polled = poll_once(&engine, &account) => polled,
        };
        let now = Timestamp::now();
        let mut wait = match polled {
            Ok(Polled { rate_limit, partial }) => {
                failures = 0;
                let wait = pace(every, rate_limit, now);
                let on = goes_on(read, partial) && wait <= every;
                read = partial;
                if on { Duration::ZERO } else { wait }
            }
            Err(error) => {
                failures += 1;
                let wait = backoff(every, failures, &error);
                tracing::warn!(account = %account.name, %error, wait_s = wait.as_secs(), "polling failed");
                wait
            }
        };
        // A service in trouble, or near its rate limit, is not asked more often for that.
        let may_hurry = wait <= every;
        if woken && may_hurry {
            wait = wait.min(SECOND_LOOK);
        }
        engine.note_next_poll(&account.name, now.checked_add(wait).unwrap_or(Timestamp::MAX));
        woken = tokio::select! {
            () = stop.cancelled() => return,
            () = account.changed.notified(), if may_hurry => true,
            () = tokio::time::sleep(wait) => false,
        };
    }
}

impl Engine {
    /// Has an account polled soon: something of it was changed, and it is not known how it looks now.
    pub(crate) fn poll_soon(&self, account: &AccountName) {
        if let Some(account) = self.active().accounts.get(account) {
            account.changed.notify_one();
        }
    }
}

/// What a poll leaves to be known by who goes on polling.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Polled {
    rate_limit: Option<RateLimit>,
    /// How far it is, where there is more to read.
    pub(crate) partial: Option<Progress>,
}

/// Polls an account once and stores what it found, or that it is in trouble. Of several at a time one waits for the other,
/// so that what is stored last was read last.
pub(crate) async fn poll_once(engine: &Engine, account: &Account) -> Result<Polled, ServiceError> {
    let Ok(connection) = &account.connection else { return Ok(Polled::default()) };
    let Some(source) = &connection.source else { return Ok(Polled::default()) };
    let mut covered = account.covered.lock().await;
    let now = Timestamp::now();
    // A source that panics is in trouble like one that cannot be reached: said, and asked again later.
    let polled = catch_panic(poll(engine, account, source, &mut covered, now))
        .map(|polled| polled.unwrap_or_else(|panicked| Err(ServiceError::unavailable(panicked.to_string()))));
    let polled = tokio::time::timeout(POLL_TIME, polled).await.unwrap_or_else(|_| {
        Err(ServiceError::unavailable(format!("reading it took longer than {} s", POLL_TIME.as_secs())))
    });
    if let Err(error) = &polled {
        engine.record_error(&account.name, error, now).await;
    }
    polled
}

/// `covered` is true once what the configuration does not cover any more has left the board.
async fn poll(
    engine: &Engine,
    account: &Account,
    source: &Arc<dyn Source>,
    covered: &mut bool,
    now: Timestamp,
) -> Result<Polled, ServiceError> {
    let stored = |error: crate::store::StoreError| ServiceError::unavailable(error.to_string());
    // At first whatever is there, later what is on the board.
    engine.store().rebuild_unreadable(&account.name, !*covered, now).await.map_err(stored)?;
    let known = engine.store().source(&account.name).await.map_err(stored)?;
    let is_identified = known.as_ref().is_some_and(|known| known.identity.is_some());
    let asked_at = engine.identified_at(&account.name).filter(|_| is_identified);
    let fresh = asked_at.is_some_and(|at| now.duration_since(at).unsigned_abs() < IDENTITY_AGE);
    if !fresh {
        engine.identify(account, now).await?;
    }
    let batch = source.poll(known.as_ref().and_then(|known| known.cursor.as_ref()), now).await?;
    let polled = Polled { rate_limit: batch.rate_limit, partial: batch.partial };
    let watched = {
        let source = Arc::clone(source);
        Watched::by(move |item| source.watches(item))
    };
    engine.ingest_poll(&account.name, batch, watched.clone(), now).await.map_err(stored)?;
    if !*covered && polled.partial.is_none() {
        let left = engine.store().leave_unwatched(&account.name, watched, now, Timestamp::now());
        left.await.map_err(stored)?;
        *covered = true;
    }
    Ok(polled)
}

/// True where there is more to read and reading gets on; one that does not keeps the usual pace.
fn goes_on(before: Option<Progress>, now: Option<Progress>) -> bool {
    now.is_some() && now != before
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

/// The wait after a failed poll: what the service asks for, else twice as long each time.
fn backoff(every: Duration, failures: u32, error: &ServiceError) -> Duration {
    let doubled = every.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_WAIT.max(every));
    match error {
        ServiceError::RateLimited { retry_after, .. } => {
            (*retry_after).min(LONGEST_ASKED_FOR.max(every)).max(every)
        }
        _ => doubled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limit(remaining: u32) -> Option<RateLimit> {
        Some(RateLimit { limit: 5_000, remaining, reset_at: Timestamp::from_second(1_000).unwrap() })
    }

    #[test]
    fn polls_are_slow_while_a_rate_limit_is_nearly_reached() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let minute = Duration::from_secs(60);
        let cases = [
            (None, 0, minute),
            (rate_limit(5_000), 0, minute),
            (rate_limit(1_000), 0, minute),
            (rate_limit(999), 0, SPARING_EVERY),
            (rate_limit(0), 999, SPARING_EVERY),
            (rate_limit(0), 1_000, minute),
        ];
        for (rate_limit, now, expected) in cases {
            assert_eq!(pace(minute, rate_limit, at(now)), expected, "{rate_limit:?} at {now}");
        }
        assert_eq!(pace(SPARING_EVERY * 2, rate_limit(0), at(0)), SPARING_EVERY * 2);
    }

    #[test]
    fn what_is_read_in_parts_is_read_on_at_once_while_it_gets_on() {
        let part = |done| Some(Progress { done, total: 200 });
        let cases = [
            (None, None, false),
            (None, part(40), true),
            (part(40), part(80), true),
            (part(40), part(40), false),
            (part(190), None, false),
            (part(190), part(10), true), // begun anew: more is watched by now
        ];
        for (before, now, expected) in cases {
            assert_eq!(goes_on(before, now), expected, "{before:?}, {now:?}");
        }
    }

    #[test]
    fn trouble_is_tried_again_later_and_later() {
        let minute = Duration::from_secs(60);
        let down = ServiceError::unavailable("down");
        let waits: Vec<u64> = [1, 2, 3, 4, 5, 6, 100].map(|n| backoff(minute, n, &down).as_secs()).to_vec();
        assert_eq!(waits, [60, 120, 240, 480, 900, 900, 900]);
        let limited =
            |s| ServiceError::RateLimited { why: String::new(), retry_after: Duration::from_secs(s) };
        assert_eq!(backoff(minute, 1, &limited(300)).as_secs(), 300);
        assert_eq!(backoff(minute, 1, &limited(3)).as_secs(), 60);
        assert_eq!(backoff(minute, 9, &limited(3_600)).as_secs(), 3_600);
        assert_eq!(backoff(minute, 1, &limited(u64::MAX)), LONGEST_ASKED_FOR);
        assert_eq!(backoff(Duration::from_secs(3_600), 2, &down).as_secs(), 3_600);
    }
}
