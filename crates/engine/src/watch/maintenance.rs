//! What has to be done now and then, though nothing happens.

use std::{sync::Arc, time::Duration};

use callboard_domain::{event, item::Kind};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{Engine, watch::decide};

/// Once an hour: pull requests that have gone stale, and what has been kept long enough.
pub(crate) async fn run(engine: Engine, stop: CancellationToken) {
    loop {
        let (active, now) = (engine.active(), Timestamp::now());
        let decide = decide::by(Arc::clone(&active));
        if let Err(error) = engine.store().sweep(Kind::PullRequest, event::stale, now, decide).await {
            tracing::warn!(%error, "stale pull requests could not be found");
        }
        match engine.store().prune(now, active.retention()).await {
            Ok(pruned) => tracing::debug!(?pruned, "pruned"),
            Err(error) => tracing::warn!(%error, "old records could not be deleted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(3_600)) => {}
        }
    }
}
