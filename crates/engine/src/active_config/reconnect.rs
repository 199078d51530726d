//! Accounts that wait for their secrets: they are connected as soon as those can be read.

use std::time::Duration;

use callboard_domain::item::AccountName;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::ConfigHandle;
use crate::{accounts::Accounts, api::ApiError};

/// The waits between two looks at whether secrets that could not be read can be: doubled up to the second.
const READ_AGAIN: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];
/// The same where it cannot be known without asking the person for a password.
const READ_AGAIN_BLINDLY: Duration = Duration::from_secs(5 * 60);

/// Tries again, until `stop`, to read the secrets of accounts that wait for them; then their messages go out.
pub(crate) async fn reconnect(live: ConfigHandle, stop: CancellationToken) {
    let mut changes = live.changes();
    let [mut wait, longest] = READ_AGAIN;
    loop {
        let waiting = waiting(&changes.borrow_and_update().accounts);
        if waiting.is_empty() {
            [wait, _] = READ_AGAIN;
            tokio::select! {
                () = stop.cancelled() => return,
                changed = changes.changed() => if changed.is_err() { return },
            }
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let sees = live.now().secrets.can_tell_locked();
        wait = if sees { longest.min(wait * 2) } else { READ_AGAIN_BLINDLY };
        if live.now().secrets.is_ready().await
            && let Err(error) = live.read_secrets_again().await
        {
            tracing::warn!(%error, "accounts could not be reconnected");
        }
    }
}

impl ConfigHandle {
    /// Reads the secrets of accounts that wait for them, and makes their messages due where that goes well.
    pub(crate) async fn read_secrets_again(&self) -> Result<(), ApiError> {
        let waited = waiting(&self.now().accounts);
        self.rebuild().await?;
        let wait = waiting(&self.now().accounts);
        let ready: Vec<AccountName> = waited.into_iter().filter(|name| !wait.contains(name)).collect();
        if !ready.is_empty() {
            tracing::info!(
                accounts = ready.len(),
                "the secrets of accounts that waited for them can be read"
            );
            let retried = self.inner.means.store.retry_waiting_deliveries(ready, Timestamp::now()).await;
            retried.map_err(ApiError::internal)?;
        }
        Ok(())
    }
}

fn waiting(accounts: &Accounts) -> Vec<AccountName> {
    let waiting = accounts.values().filter(|account| account.is_waiting());
    waiting.map(|account| account.name.clone()).collect()
}
