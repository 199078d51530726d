//! Accounts and how they are.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use callboard_domain::{
    actor::Actor,
    error::ServiceError,
    identity::Identity,
    source::{Problem, RateLimit},
};
use futures::future::join_all;
use jiff::Timestamp;

use crate::{
    Engine, Mode, accounts,
    api::{
        AccountInfo, AccountsQuery, ApiError, AuditedChange, Health, Needs, PollNow, SecretChanged,
        TestAccount,
    },
    outbox::deliver::is_trouble,
    store::{RateLimitWait, StoredSource},
    watch::{poll::PollError, unrecorded::Unrecorded},
};

/// How long [`PollNow`] waits for all accounts.
const POLL_NOW_TIME: Duration = Duration::from_secs(20);

impl Engine {
    pub(crate) async fn accounts(&self, _: AccountsQuery) -> Result<Vec<AccountInfo>, ApiError> {
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let posted_through = self.store().posted_through().await.map_err(ApiError::internal)?;
        let limits = self.store().rate_limit_waits(Timestamp::now()).await.map_err(ApiError::internal)?;
        // Only who serves sends again by itself.
        let next_posts = match self.inner.options.mode {
            Mode::Serve if sources.iter().any(|source| source.error.is_some()) => {
                self.store().next_tries().await.map_err(ApiError::internal)?
            }
            Mode::Serve | Mode::Once => BTreeMap::new(),
        };
        let active = self.active();
        let info = |account: &accounts::Account| {
            let source = sources.iter().find(|source| source.account == account.name);
            let (limit, next_post) = (limits.get(&account.name), next_posts.get(&account.name).copied());
            let health = match self.health(account, source, limit, next_post) {
                // A chat that took a message has answered.
                Health::New if posted_through.contains(&account.name) => Health::Ok,
                health => health,
            };
            AccountInfo {
                name: account.name.clone(),
                service: account.config.service_name().to_owned(),
                rate_limit: calls_left(&health, source.and_then(|source| source.rate_limit)),
                health,
                origin: source.and_then(|source| source.origin.clone()),
                person: source
                    .and_then(|source| source.identity.as_ref())
                    .and_then(|identity| active.config.people.of_account(&account.name, &identity.login))
                    .cloned(),
                identity: source.and_then(|source| source.identity.clone()),
                last_ok: source.and_then(|source| source.last_ok_at),
                // Once it was read whole, all of it is on the board while it is read again.
                reading: source
                    .and_then(|source| source.reading)
                    .filter(|_| !account.covered.load(Ordering::Relaxed)),
                problems: problems(account, source),
                secrets: active.secrets.place(),
                watched: account.config.watches(),
                kinds: account.config.kinds().to_vec(),
                settings: account.settings(),
                secrets_set: account.secrets_set(),
                missing_secrets: account.missing_secrets(),
                has_credential: account.has_credential(),
            }
        };
        Ok(active.accounts.values().map(|account| info(account)).collect())
    }

    /// How an account is; `limit` is what its messages wait for, `next_post` when one that it did not take is tried again.
    fn health(
        &self,
        account: &accounts::Account,
        source: Option<&StoredSource>,
        limit: Option<&RateLimitWait>,
        next_post: Option<Timestamp>,
    ) -> Health {
        if let Err(why) = &account.connection {
            let waits_for = account.is_waiting().then(|| self.active().secrets.place().describe().to_owned());
            let needs = match why {
                accounts::AccountUnusable::Misconfigured(_) => Needs::Setting,
                _ => Needs::Secret,
            };
            return Health::Incomplete { why: why.to_string(), needs, waits_for };
        }
        let (watched, is_serving) = (account.config.watches(), self.inner.options.mode == Mode::Serve);
        let watcher = &self.inner.watcher;
        // What is stored is from before that.
        if let Some(Unrecorded { since, error }) = watcher.unrecorded(&account.name).filter(|_| watched) {
            return Health::Unrecorded { since, why: error.to_string() };
        }
        match source {
            Some(StoredSource { error: Some((error, since)), .. }) => Health::Trouble {
                since: *since,
                error: error.clone(),
                next_try: watcher.next_poll(&account.name).or(next_post),
            },
            known => {
                // Only who serves polls by itself.
                let last_ok = known.and_then(|source| source.last_ok_at).filter(|_| is_serving);
                let overdue = last_ok.and_then(|last_ok| watcher.overdue(account, last_ok, Timestamp::now()));
                match overdue {
                    Some(since) => Health::Overdue { since },
                    None => answering(known, watched, limit, is_serving),
                }
            }
        }
    }

    pub(crate) async fn test_account(&self, query: TestAccount, actor: &Actor) -> Result<Identity, ApiError> {
        let name = query.account;
        self.account_named(&name)?;
        self.record_change(actor, AuditedChange::AccountTested { account: name.clone() }).await;
        let tested = self.account_named(&name)?;
        let result = match tested.misses_secrets() {
            true => None,
            false => Some(self.identify(&tested).await),
        };
        match result {
            None | Some(Err(ApiError::Service { error: ServiceError::Auth { .. }, .. })) => {}
            Some(result) => return result,
        }
        // A missing secret may be there by now: stored by another program, or unlocked; or this asks for it.
        self.inner.live.read_secrets_again().await?;
        let account = self.account_named(&name)?;
        match result {
            // Nothing has changed: it is not asked twice.
            Some(refused) if Arc::ptr_eq(&account, &tested) => refused,
            _ => self.identify(&account).await,
        }
    }

    /// Asks the service who an account acts as.
    async fn identify(&self, account: &accounts::Account) -> Result<Identity, ApiError> {
        let name = &account.name;
        if let Err(why) = &account.connection {
            return Err(ApiError::usage(format!("{name} is not complete: {why}")));
        }
        let now = Timestamp::now();
        let asked = self.inner.watcher.identify(account, now).await;
        // Of one that has been read, its polls say how it is.
        if account.config.watches() {
            match &asked {
                Ok(_) => {
                    let known = self.store().source(name).await.map_err(ApiError::internal)?;
                    self.store().first_answered(name).await.map_err(ApiError::internal)?;
                    // Who has mended it does not wait for the next turn. A rate limit that is answered may be over too.
                    if known.is_some_and(|source| source.error.is_some())
                        || self.inner.watcher.unrecorded(name).is_some()
                    {
                        // How that went is recorded with the account.
                        let _ = self.read_in_time(account, POLL_NOW_TIME).await;
                    }
                }
                Err(PollError::Store(error)) => self.inner.watcher.not_recorded(name, error, now),
                Err(PollError::Service(error)) => {
                    let known = self.store().source(name).await.map_err(ApiError::internal)?;
                    if known.is_none_or(|source| source.last_ok_at.is_none()) {
                        self.inner.watcher.record_error(name, error, now).await;
                    }
                }
            }
        }
        asked.map_err(|error| match error {
            PollError::Service(error) => ApiError::Service { account: name.to_string(), error },
            PollError::Store(error) => ApiError::internal(error),
        })
    }

    pub(crate) async fn secret_changed(&self, query: SecretChanged, actor: &Actor) -> Result<(), ApiError> {
        self.inner.live.reload().await?;
        self.record_change(actor, AuditedChange::SecretsRead { account: query.account }).await;
        Ok(())
    }

    pub(crate) async fn poll_now(&self, query: PollNow) -> Result<Vec<AccountInfo>, ApiError> {
        let active = self.active();
        let wanted = active
            .accounts
            .values()
            .filter(|account| query.account.as_ref().is_none_or(|it| *it == account.name));
        // What went wrong is recorded with each account, which is what is answered.
        join_all(wanted.map(|account| self.read_in_time(account, POLL_NOW_TIME))).await;
        self.accounts(AccountsQuery {}).await
    }
}

/// How an account is whose last answer was well. One that is only posted in, and whose messages wait for a rate limit,
/// takes none all the same: that it says who it is does not end that. Only who serves tries again by itself.
fn answering(
    source: Option<&StoredSource>,
    watched: bool,
    limit: Option<&RateLimitWait>,
    is_serving: bool,
) -> Health {
    match (source, limit) {
        (_, Some(RateLimitWait { since, next_at, error })) if !watched && is_trouble(error) => {
            let next_try = is_serving.then_some(*next_at);
            Health::Trouble { since: *since, error: error.clone(), next_try }
        }
        (Some(source), _) if source.last_ok_at.is_some() || source.identity.is_some() => Health::Ok,
        _ => Health::New,
    }
}

/// What the last poll could not read, and the webhooks that could not be read.
fn problems(account: &accounts::Account, source: Option<&StoredSource>) -> Vec<Problem> {
    let polled = source.into_iter().flat_map(|source| &source.problems).map(|stored| stored.problem.clone());
    polled.chain(account.unread_webhooks.problem()).collect()
}

/// The calls that are left to an account. While it is limited, by whatever rule of its service, a count says nothing.
fn calls_left(health: &Health, counted: Option<RateLimit>) -> Option<RateLimit> {
    match health {
        Health::Trouble { error: ServiceError::RateLimited { .. }, .. } => None,
        Health::Trouble { .. }
        | Health::New
        | Health::Ok
        | Health::Incomplete { .. }
        | Health::Unrecorded { .. }
        | Health::Overdue { .. } => counted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_whose_messages_wait_for_a_rate_limit_is_not_well_though_it_answers() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let wait = |seconds| RateLimitWait {
            since: at(100),
            next_at: at(7_300),
            error: ServiceError::RateLimited {
                why: "slow down".into(),
                retry_after: Duration::from_secs(seconds),
            },
        };
        let source = StoredSource {
            account: "chat".into(),
            cursor: None,
            origin: None,
            baseline_at: None,
            last_ok_at: None,
            error: None,
            reading: None,
            problems: Vec::new(),
            rate_limit: None,
            identity: Some(Identity::default()),
            unreadable: Vec::new(),
        };
        let trouble = |seconds| Health::Trouble {
            since: at(100),
            error: wait(seconds).error,
            next_try: Some(at(7_300)),
        };
        // whether it has said who it is, whether it is watched, how long its messages wait -> how it is
        let cases = [
            (true, false, Some(7_200), trouble(7_200)),
            (true, false, Some(40), trouble(40)),
            (false, false, Some(40), trouble(40)),
            // Chats ask for a moment all the time.
            (true, false, Some(1), Health::Ok),
            (true, false, None, Health::Ok),
            (false, false, None, Health::New),
            // Its polls say how it is.
            (true, true, Some(7_200), Health::Ok),
        ];
        for (is_known, watched, seconds, expected) in cases {
            let (known, limit) = (is_known.then_some(&source), seconds.map(wait));
            let found = answering(known, watched, limit.as_ref(), true);
            assert_eq!(found, expected, "known: {is_known}, watched: {watched}, {seconds:?}");
        }
    }

    #[test]
    fn calls_are_left_to_an_account_that_is_not_limited() {
        let counted = RateLimit { limit: 5_000, remaining: 4_900, reset_at: Timestamp::UNIX_EPOCH };
        let trouble = |error| Health::Trouble { since: Timestamp::UNIX_EPOCH, error, next_try: None };
        let limited =
            ServiceError::RateLimited { why: "slow down".into(), retry_after: Duration::from_secs(60) };
        let incomplete = Health::Incomplete { why: "no token".into(), needs: Needs::Secret, waits_for: None };
        // how an account is, whether calls were counted -> whether that is shown
        let cases = [
            (Health::Ok, true, true),
            (Health::Ok, false, false),
            (Health::New, true, true),
            (incomplete, true, true),
            (trouble(ServiceError::unavailable("down")), true, true),
            (trouble(ServiceError::auth("no")), true, true),
            (trouble(limited.clone()), true, false),
            (trouble(limited), false, false),
        ];
        for (health, is_counted, expected) in cases {
            let found = calls_left(&health, is_counted.then_some(counted));
            assert_eq!(found, expected.then_some(counted), "{health:?}");
        }
    }
}
