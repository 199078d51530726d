//! What runs commands: its parts.

use std::sync::Arc;

use super::active::Active;
use crate::{active_config::ConfigHandle, store::Store, system::supervise::Tasks};

/// Runs commands. A clone is the same.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) live: ConfigHandle,
    pub(super) tasks: Tasks,
    pub(super) runs: Active,
}

impl Runner {
    pub(crate) fn new(store: Store, live: ConfigHandle, tasks: Tasks) -> Self {
        Self { inner: Arc::new(Inner { store, live, tasks, runs: Active::default() }) }
    }

    /// The runs of this process.
    pub(crate) fn runs(&self) -> &Active {
        &self.inner.runs
    }
}
