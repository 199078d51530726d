//! The return to the board of what was snoozed, by itself.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// The longest that the end of a snooze is waited for at once: a clock may be set, and a laptop sleeps.
const LOOK: Duration = Duration::from_secs(60);

/// Puts snoozed items back on the board when their time has come. `snoozed` signals that another item was snoozed.
pub(crate) async fn wake(store: Store, snoozed: Arc<Notify>, stop: CancellationToken) {
    loop {
        let now = Timestamp::now();
        let wait = match store.wake(now).await {
            Ok(Some(next)) => Duration::try_from(next.duration_since(now)).unwrap_or_default().min(LOOK),
            // Nothing ends by itself until somebody snoozes something.
            Ok(None) => Duration::MAX,
            Err(error) => {
                tracing::warn!(%error, "snoozed items could not be woken");
                LOOK
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
            () = snoozed.notified() => {}
        }
    }
}
