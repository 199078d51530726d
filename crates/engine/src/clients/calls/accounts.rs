//! Accounts and how they are.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use callboard_domain::{actor::Actor, error::ServiceError, identity::Identity, source::Problem};
use futures::future::join_all;
use jiff::Timestamp;

use crate::{
    Engine, accounts,
    api::{
        AccountInfo, AccountsQuery, ApiError, AuditedChange, Health, Needs, PollNow, SecretChanged,
        TestAccount,
    },
    store::StoredSource,
};

/// How long [`PollNow`] waits for all accounts.
const POLL_NOW_TIME: Duration = Duration::from_secs(20);

impl Engine {
    pub(crate) async fn accounts(&self, _: AccountsQuery) -> Result<Vec<AccountInfo>, ApiError> {
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let posted_through = self.store().posted_through().await.map_err(ApiError::internal)?;
        let active = self.active();
        let info = |account: &accounts::Account| {
            let source = sources.iter().find(|source| source.account == account.name);
            AccountInfo {
                name: account.name.clone(),
                service: account.config.service_name().to_owned(),
                health: match self.health(account, source) {
                    // A chat that took a message has answered.
                    Health::New if posted_through.contains(&account.name) => Health::Ok,
                    health => health,
                },
                origin: source.and_then(|source| source.origin.clone()),
                person: source
                    .and_then(|source| source.identity.as_ref())
                    .and_then(|identity| active.config.people.of_account(&account.name, &identity.login))
                    .cloned(),
                identity: source.and_then(|source| source.identity.clone()),
                rate_limit: source.and_then(|source| source.rate_limit),
                last_ok: source.and_then(|source| source.last_ok_at),
                // Once it was read whole, all of it is on the board while it is read again.
                reading: source
                    .and_then(|source| source.reading)
                    .filter(|_| !account.covered.load(Ordering::Relaxed)),
                problems: problems(account, source),
                secrets: active.secrets.place(),
                watched: account.config.watches(),
                settings: account.settings(),
                secrets_set: account.secrets_set(),
            }
        };
        Ok(active.accounts.values().map(|account| info(account)).collect())
    }

    fn health(&self, account: &accounts::Account, source: Option<&StoredSource>) -> Health {
        if let Err(why) = &account.connection {
            let waits_for = account.is_waiting().then(|| self.active().secrets.place().describe().to_owned());
            let needs = match why {
                accounts::AccountUnusable::Misconfigured(_) => Needs::Setting,
                _ => Needs::Secret,
            };
            return Health::Incomplete { why: why.to_string(), needs, waits_for };
        }
        match source {
            Some(StoredSource { error: Some((error, since)), .. }) => Health::Trouble {
                since: *since,
                error: error.clone(),
                next_try: self.inner.watcher.next_poll(&account.name),
            },
            Some(source) if source.last_ok_at.is_some() || source.identity.is_some() => Health::Ok,
            _ => Health::New,
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
                    // Who has mended it does not wait for the next turn. A rate limit has its own time.
                    let error = known.and_then(|source| source.error).map(|(error, _)| error);
                    if error.is_some_and(|error| !matches!(error, ServiceError::RateLimited { .. })) {
                        // How that went is recorded with the account.
                        let _ = self.read_in_time(account, POLL_NOW_TIME).await;
                    }
                }
                Err(error) => {
                    let known = self.store().source(name).await.map_err(ApiError::internal)?;
                    if known.is_none_or(|source| source.last_ok_at.is_none()) {
                        self.inner.watcher.record_error(name, error, now).await;
                    }
                }
            }
        }
        asked.map_err(|error| ApiError::Service { account: name.to_string(), error })
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

/// What the last poll could not read, and the webhooks that could not be read.
fn problems(account: &accounts::Account, source: Option<&StoredSource>) -> Vec<Problem> {
    let polled = source.into_iter().flat_map(|source| &source.problems).map(|stored| stored.problem.clone());
    polled.chain(account.unread_webhooks.problem()).collect()
}
