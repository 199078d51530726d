//! Accounts read at once: before something is denied by what is stored, and after a run has changed something.

use std::{collections::BTreeMap, time::Duration};

use callboard_domain::{error::ServiceError, item::AccountName};
use futures::{FutureExt, future::join_all};
use jiff::Timestamp;

use crate::{
    Engine, Mode,
    accounts::Account,
    act::run::NotReady,
    api::ApiError,
    store::{StoreError, StoredSource},
};

/// How long an account may take to be read before something is denied, or before a command ends that has changed it.
const READ_TIME: Duration = Duration::from_secs(10);
/// What was read this lately is not read again before something is denied: a launcher prepares a line with every key typed.
const LATELY: Duration = Duration::from_secs(2);

/// The accounts that were asked about one line, and why one could not be read.
pub(super) type Asked = BTreeMap<AccountName, Result<(), ServiceError>>;

impl Engine {
    /// Reads the account of an item that refuses a command as it is stored; then the line is to be tried again. Fails where
    /// that account was asked already, or where something else is wrong.
    pub(super) async fn ask_before_denying(
        &self,
        not_ready: NotReady,
        asked: &mut Asked,
    ) -> Result<(), ApiError> {
        let (account, why) = match not_ready {
            NotReady::Refused { account, why } => (account, why),
            NotReady::Error(error) => return Err(error),
        };
        match asked.get(&account) {
            None => {
                let read = self.read_unless_lately(&account).await;
                asked.insert(account, read);
                Ok(())
            }
            Some(Ok(())) => Err(ApiError::usage(why)),
            Some(Err(error)) => Err(ApiError::usage(format!(
                "{why}, as far as is known: {account} could not be read just now ({error})"
            ))),
        }
    }

    async fn read_unless_lately(&self, name: &AccountName) -> Result<(), ServiceError> {
        let active = self.active();
        let Some(account) = active.accounts.get(name) else { return Ok(()) };
        let stored = |error: StoreError| ServiceError::unavailable(error.to_string());
        match self.store().source(name).await.map_err(stored)? {
            // It asks for a pause.
            Some(StoredSource { error: Some((error @ ServiceError::RateLimited { .. }, _)), .. }) => {
                Err(error)
            }
            Some(StoredSource { error: None, last_ok_at: Some(at), .. })
                if Timestamp::now().duration_since(at).unsigned_abs() < LATELY =>
            {
                Ok(())
            }
            _ => self.read_in_time(account, READ_TIME).await,
        }
    }

    /// Polls an account, and what is read in parts on until all of it is read, for a limited time.
    pub(super) async fn read_in_time(&self, account: &Account, within: Duration) -> Result<(), ServiceError> {
        let watcher = &self.inner.watcher;
        let mut in_parts = false;
        let reading = async {
            while watcher.poll_once(account).await?.partial.is_some() {
                in_parts = true;
            }
            Ok::<(), ServiceError>(())
        };
        if let Ok(read) = tokio::time::timeout(within, reading).await {
            return read;
        }
        let why = format!("no answer from {} within {} s", account.config.url(), within.as_secs());
        let error = ServiceError::unavailable(why);
        // Where nobody polls on, the rows stay as they were: what is known of the account says that, and why.
        if !in_parts && self.inner.options.mode == Mode::Once {
            watcher.record_error(&account.name, &error, Timestamp::now()).await;
        }
        Err(error)
    }

    /// Where nothing polls by itself, reads the accounts of which a run has changed something, so that the next command
    /// finds what this one has done. How that went is recorded with each account.
    pub(crate) async fn read_changed_accounts(&self) {
        if self.inner.options.mode != Mode::Once {
            return;
        }
        let active = self.active();
        let changed = active.accounts.values().filter(|it| it.changed.notified().now_or_never().is_some());
        join_all(changed.map(|account| self.read_in_time(account, READ_TIME))).await;
    }
}
