//! Accounts that wait for their secrets: they are connected as soon as those can be read.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::handle::{ConfigHandle, waiting};

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
