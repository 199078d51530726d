//! What has to be done now and then, though nothing happens.

use std::{sync::Arc, time::Duration};

use callboard_domain::{event, item::Kind};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::decide;
use crate::{active_config::ConfigHandle, store::Store};

/// Once an hour: pull requests that have gone stale, what is damaged, and what has been kept long enough.
pub(crate) async fn run(store: Store, live: ConfigHandle, stop: CancellationToken) {
    loop {
        let (active, now) = (live.now(), Timestamp::now());
        let decide = decide::by(Arc::clone(&active));
        if let Err(error) = store.sweep(Kind::PullRequest, event::stale, now, decide).await {
            tracing::warn!(%error, "stale pull requests could not be found");
        }
        match store.prune(now, active.retention()).await {
            Ok(pruned) => tracing::debug!(?pruned, "pruned"),
            Err(error) => tracing::warn!(%error, "old records could not be deleted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(3_600)) => {}
        }
        // It has been done once at the start.
        if let Err(error) = live.check_store_for_damage().await {
            tracing::warn!(%error, "items of accounts that are not configured could not be taken off the board");
        }
    }
}
