//! A few connections that only read, each used by one query at a time on a thread that may block.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{StoreError, open};

/// How many queries run at the same time.
const READERS: usize = 3;

/// The connections that no query is using.
#[derive(Clone)]
pub(super) struct Readers {
    file: PathBuf,
    free: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(file: PathBuf) -> Result<Self, StoreError> {
        let free = (0..READERS).map(|_| open::reader(&file)).collect::<Result<_, _>>()?;
        Ok(Self { file, free: Arc::new(Mutex::new(free)), places: Arc::new(Semaphore::new(READERS)) })
    }

    /// Runs `query` on what is committed by now: all its statements see the same state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.clone();
        let work = move || {
            let _place = place;
            let conn = readers.take()?;
            let answer = conn.unchecked_transaction().and_then(|_snapshot| query(&conn));
            readers.connections().push(conn);
            answer.map_err(|error| StoreError::sqlite(&readers.file, &error))
        };
        tokio::task::spawn_blocking(work)
            .await
            .unwrap_or_else(|error| Err(StoreError::Internal { why: error.to_string() }))
    }

    /// A free connection. A query that panicked took its own with it: then a new one is opened.
    fn take(&self) -> Result<Connection, StoreError> {
        let free = self.connections().pop();
        free.map_or_else(|| open::reader(&self.file), Ok)
    }

    fn connections(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no further query, waits for those under way and closes the connections.
    pub(super) async fn close(&self) {
        let all = u32::try_from(READERS).unwrap_or(u32::MAX);
        if let Ok(places) = self.places.acquire_many(all).await {
            self.places.close();
            self.connections().clear();
            drop(places);
        }
    }
}
