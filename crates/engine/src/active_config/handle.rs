//! The handle to the active configuration: who reads it, and how it is replaced.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering};

use callboard_domain::item::AccountName;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    ActiveConfig, ConfigDeps,
    files::{Files, contents, digest},
};
use crate::{
    accounts,
    api::ApiError,
    config::{self, Config, ConfigError, ConfigErrors},
    store::StoreError,
    system::private,
};

/// The active configuration, and how it is replaced. A clone is the same.
#[derive(Clone)]
pub(crate) struct ConfigHandle {
    inner: Arc<Inner>,
}

struct Inner {
    means: ConfigDeps,
    active: watch::Sender<Arc<ActiveConfig>>,
    state: Mutex<State>,
    /// Held while the configuration file or a secret is changed.
    editing: tokio::sync::Mutex<()>,
    /// Held while a configuration is applied.
    reloading: tokio::sync::Mutex<()>,
}

/// What is known of the files.
struct State {
    /// What is wrong with the configuration, while an older one is active.
    errors: Option<ConfigErrors>,
    /// What was in the followed files when they were last read.
    files: Files,
    /// The digest of the files that the active configuration was made from.
    applied: String,
}

impl State {
    /// What was read last is good, and active.
    fn note_applied(&mut self) {
        (self.errors, self.applied) = (None, digest(&self.files));
    }
}

impl ConfigHandle {
    /// Applies what the file says. Where that is not good and `go_on` is true, what can be made of it is active.
    pub(crate) async fn open(means: ConfigDeps, go_on: bool) -> Result<Self, ConfigErrors> {
        let (active, state) = first(&means, go_on).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                means,
                active: watch::Sender::new(Arc::new(active)),
                state: Mutex::new(state),
                editing: tokio::sync::Mutex::default(),
                reloading: tokio::sync::Mutex::default(),
            }),
        })
    }

    /// What is active now.
    pub(crate) fn now(&self) -> Arc<ActiveConfig> {
        Arc::clone(&self.inner.active.borrow())
    }

    /// Whether accounts that lack a secret have others by now than they were made from.
    pub(crate) async fn have_new_secrets(&self, active: &ActiveConfig) -> bool {
        accounts::have_new_secrets(&active.accounts, &active.secrets, &self.inner.means.store).await
    }

    /// Follows the active configuration.
    pub(crate) fn changes(&self) -> watch::Receiver<Arc<ActiveConfig>> {
        self.inner.active.subscribe()
    }

    /// What is wrong with the configuration, while an older one is active.
    pub(crate) fn errors(&self) -> Option<ConfigErrors> {
        self.state().errors.clone()
    }

    /// All that is wrong with the configuration and with command files.
    pub(crate) fn all_errors(&self) -> Vec<ConfigError> {
        let own = self.errors().map(|errors| errors.0).unwrap_or_default();
        own.into_iter().chain(self.now().command_errors.iter().cloned()).collect()
    }

    /// Must be held while the configuration file or a secret is changed.
    pub(crate) async fn edit(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.inner.editing.lock().await
    }

    /// Reads the configuration again, and applies it whole, or not at all.
    pub(crate) async fn reload(&self) -> Result<(), ApiError> {
        let _one_at_a_time = self.inner.reloading.lock().await;
        // Before they are read: what changes in between is seen as a change.
        let files = contents(&self.now().config);
        self.state().files = files;
        let path = &self.inner.means.paths.config;
        let made = match Config::load(path) {
            Ok(config) => ActiveConfig::new(config, &self.inner.means, Some(&self.now())).await,
            Err(errors) => Err(errors),
        };
        match made {
            Ok(active) => {
                self.state().note_applied();
                warn_of_left_out(&active);
                self.replace(active).await?;
                tracing::info!(file = %path.display(), "the configuration is applied");
                Ok(())
            }
            Err(errors) => {
                tracing::error!("the configuration stays as it was:\n{errors}");
                self.state().errors = Some(errors.clone());
                Err(ApiError::Config { errors: errors.0 })
            }
        }
    }

    /// Rebuilds everything from the active configuration, such as after a change of secrets.
    pub(crate) async fn rebuild(&self) -> Result<(), ApiError> {
        let _one_at_a_time = self.inner.reloading.lock().await;
        let before = self.now();
        let active = ActiveConfig::new(before.config.clone(), &self.inner.means, Some(&before)).await;
        self.replace(active.map_err(|errors| ApiError::Config { errors: errors.0 })?).await
    }

    /// Reads the accounts' secrets again, and makes due the messages of those that can be connected by now.
    pub(crate) async fn read_secrets_again(&self) -> Result<(), ApiError> {
        let waited = accounts::waiting(&self.now().accounts);
        self.rebuild().await?;
        let wait = accounts::waiting(&self.now().accounts);
        let ready: Vec<AccountName> = waited.into_iter().filter(|name| !wait.contains(name)).collect();
        if !ready.is_empty() {
            tracing::info!(accounts = ready.len(), "the secrets of accounts that lacked them are there");
            let retried = self.inner.means.store.retry_waiting_deliveries(ready, Timestamp::now()).await;
            retried.map_err(ApiError::internal)?;
        }
        Ok(())
    }

    /// From now on, events of the accounts are news; accounts that are gone leave the board.
    pub(crate) async fn begin_watching(&self, now: Timestamp) -> Result<(), StoreError> {
        let (active, store) = (self.now(), &self.inner.means.store);
        for (name, account) in &active.accounts {
            store.watch(name, now).await?;
            if account.config.watches() && account.suspect.load(Ordering::Relaxed) {
                // Before anybody is shown what is stored.
                account.rebuild_unreadable(store, now).await?;
            }
        }
        for source in store.sources().await? {
            if !active.accounts.contains_key(&source.account) {
                store.unwatch(&source.account, now).await?;
            }
        }
        let applied = self.state().applied.clone();
        store.record_configuration(applied, now).await?;
        store.leave_unknown(now).await
    }

    async fn replace(&self, active: ActiveConfig) -> Result<(), ApiError> {
        self.inner.active.send_replace(Arc::new(active));
        self.begin_watching(Timestamp::now()).await.map_err(ApiError::internal)
    }

    /// Has an account polled soon: something of it was changed, and it is not known how it looks now.
    pub(crate) fn poll_soon(&self, account: &AccountName) {
        if let Some(account) = self.now().accounts.get(account) {
            account.changed.notify_one();
        }
    }

    /// Has the store checked for damage; the next poll of each account reads what is damaged again.
    pub(crate) async fn check_store_for_damage(&self) -> Result<(), StoreError> {
        for account in self.now().accounts.values() {
            account.suspect.store(true, Ordering::Relaxed);
        }
        self.inner.means.store.leave_unknown(Timestamp::now()).await
    }

    /// Applies what a test has made.
    #[cfg(test)]
    pub(crate) fn put(&self, active: ActiveConfig) {
        self.inner.active.send_replace(Arc::new(active));
    }

    /// Whether the files are not as they were when they were last read.
    pub(super) fn has_changed_files(&self) -> bool {
        contents(&self.now().config) != self.state().files
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the configuration makes; where that is not good and the engine is to start all the same, what can be made of it,
/// and what is wrong.
async fn first(means: &ConfigDeps, go_on: bool) -> Result<(ActiveConfig, State), ConfigErrors> {
    let path = &means.paths.config;
    let own = private::read_trusted(path, config::FILE_LIMIT).map_err(|error| error.to_string());
    let (config, wrong) = match Config::load(path) {
        Ok(config) => (config, None),
        Err(errors) if go_on => (Config::read(path, "")?, Some(errors)),
        Err(errors) => return Err(errors),
    };
    let mut files = contents(&config);
    files.insert(config.path.clone(), own);
    let active = ActiveConfig::new(config, means, None).await?;
    warn_of_left_out(&active);
    // Of files that are wrong nothing is active.
    let applied = if wrong.is_none() { digest(&files) } else { digest(&Files::new()) };
    Ok((active, State { errors: wrong, files, applied }))
}

fn warn_of_left_out(active: &ActiveConfig) {
    for key in &active.config.renamed {
        tracing::warn!("{key}");
    }
    for error in &active.command_errors {
        tracing::warn!(%error, "a command file is left out");
    }
}
