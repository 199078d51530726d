//! The owner itself.

use super::LONG_POLL;
use crate::{
    Engine, Mode,
    api::{ApiError, Changes, Check, Doctor, Greeting, Hello, Reload},
    doctor,
};

impl Engine {
    pub(crate) async fn hello(&self, _: Hello) -> Result<Greeting, ApiError> {
        Ok(Greeting {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            config: self.inner.options.config.clone(),
            serving: self.inner.options.mode == Mode::Serve,
            receives_at: self.inner.receives_at,
        })
    }

    pub(crate) async fn changes(&self, query: Changes) -> Result<u64, ApiError> {
        let mut changed = self.store().changed();
        let stopping = self.stopping();
        let more = changed.wait_for(|count| *count != query.seen || query.seen == 0);
        tokio::select! {
            () = stopping.cancelled() => Err(ApiError::internal("Callboard is stopping")),
            more = tokio::time::timeout(LONG_POLL, more) => match more {
                Ok(Ok(count)) => Ok((*count).max(1)),
                Ok(Err(_)) => Err(ApiError::internal("Callboard is stopping")),
                Err(_) => Ok(query.seen),
            },
        }
    }

    pub(crate) async fn doctor(&self, _: Doctor) -> Result<Vec<Check>, ApiError> {
        Ok(doctor::checks(self).await)
    }

    pub(crate) async fn reload(&self, _: Reload) -> Result<(), ApiError> {
        self.reload_now().await
    }
}
