//! The owner itself.

use callboard_domain::{actor::Actor, board::headline};
use jiff::Timestamp;

use super::LONG_POLL;
use crate::{
    Engine, Mode,
    api::{
        AccountInfo, AccountsQuery, ApiError, AuditedChange, Changes, Check, Configure, Doctor, Health,
        Hello, NotificationsQuery, PendingNotifications, Reload, ServerInfo, Settings, SettingsQuery, Status,
        StatusQuery,
    },
    clients::doctor,
    clients::status,
    config,
};

impl Engine {
    pub(crate) async fn hello(&self, _: Hello) -> Result<ServerInfo, ApiError> {
        Ok(ServerInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            config: self.inner.options.paths.config.clone(),
            serving: self.inner.options.mode == Mode::Serve,
            webhook_addr: self.inner.receiver.listening().addr,
        })
    }

    pub(crate) async fn changes(&self, query: Changes) -> Result<u64, ApiError> {
        let mut changed = self.store().changed();
        let stopping = self.stopping();
        // 0 stands for "nothing seen", so that the first number is 1.
        let more = changed.wait_for(|count| *count + 1 != query.seen);
        tokio::select! {
            () = stopping.cancelled() => Err(ApiError::internal("Callboard is stopping")),
            more = tokio::time::timeout(LONG_POLL, more) => match more {
                Ok(Ok(count)) => Ok(*count + 1),
                Ok(Err(_)) => Err(ApiError::internal("Callboard is stopping")),
                Err(_) => Ok(query.seen),
            },
        }
    }

    pub(crate) async fn notices(&self, _: NotificationsQuery) -> Result<PendingNotifications, ApiError> {
        let stopping = self.stopping();
        tokio::select! {
            () = stopping.cancelled() => Err(ApiError::internal("Callboard is stopping")),
            due = self.inner.notifier.handoff().wait(LONG_POLL) => Ok(due),
        }
    }

    pub(crate) async fn status(&self, _: StatusQuery) -> Result<Status, ApiError> {
        let now = Timestamp::now();
        let accounts = self.accounts(AccountsQuery {}).await?;
        let (board, not_seen) = self.summary(&accounts, now).await?;
        let undelivered =
            self.store().undelivered(self.inner.deliverer.waiting()).await.map_err(ApiError::internal)?;
        let quiet = self.inner.notifier.quiet_now(now).await.map_err(ApiError::internal)?;
        let watched: Vec<&AccountInfo> = accounts.iter().filter(|account| account.watched).collect();
        let polls = watched.iter().filter_map(|account| self.inner.watcher.next_poll(&account.name));
        let partial = watched.is_empty() || !not_seen.is_empty();
        let (accounts_ok, accounts_watched) = status::connected(&accounts);
        Ok(Status {
            icon: status::icon(&board, status::is_offline(&accounts), quiet.is_some(), partial),
            count: board.count(),
            summary: headline(&board, &not_seen, !watched.is_empty()),
            not_seen,
            accounts_ok,
            accounts: accounts_watched,
            watched: Some(watched.iter().filter(|account| account.health == Health::Ok).count()),
            account_problems: status::account_problems(&accounts),
            next_check: polls.filter(|at| *at > now).min(),
            quiet,
            errors: self.inner.live.all_errors(),
            runs: self.inner.runner.runs().count(),
            undelivered: usize::try_from(undelivered).unwrap_or(usize::MAX),
        })
    }

    pub(crate) async fn doctor(&self, _: Doctor) -> Result<Vec<Check>, ApiError> {
        Ok(doctor::checks(self).await)
    }

    pub(crate) async fn settings(&self, _: SettingsQuery) -> Result<Settings, ApiError> {
        let active = self.active();
        let errors = self.inner.live.all_errors();
        Ok(Settings {
            path: self.inner.options.paths.config.clone(),
            settings: active.config.as_json(),
            errors,
        })
    }

    pub(crate) async fn configure(&self, change: Configure, actor: &Actor) -> Result<Settings, ApiError> {
        let _editing = self.inner.live.edit().await;
        if change.path.first().is_none_or(|section| section == "accounts") {
            return Err(ApiError::usage("say which setting; accounts have calls of their own"));
        }
        let text = config::configure(&self.inner.options.paths.config, &change.path, change.value.as_ref());
        let text = text.map_err(|errors| ApiError::Config { errors: errors.0 })?;
        self.write_config(&text).await?;
        let what = AuditedChange::Configured { removed: change.value.is_none(), path: change.path };
        self.record_change(actor, what).await;
        self.settings(SettingsQuery {}).await
    }

    pub(crate) async fn reload(&self, _: Reload, actor: &Actor) -> Result<(), ApiError> {
        self.inner.live.reload().await?;
        self.record_change(actor, AuditedChange::Reloaded).await;
        Ok(())
    }
}
