//! The store: one SQLite file that holds what is known, what happened, what was decided, run and posted.
//!
//! One process owns it. One thread writes, many jobs to a transaction; a few connections read what is committed.
//! What a call has returned is on the disk. Each table has a file: its SQL, its row, its calls on [`Store`].

mod activity;
mod audit;
mod audit_chain;
mod builtin_room;
mod decisions;
mod deliveries;
mod error;
mod events;
mod hooks;
mod ingest;
mod items;
mod notes;
mod open;
mod open_items;
mod output;
mod prune;
mod readers;
mod row;
mod run_items;
mod run_output;
mod runs;
mod search;
mod secret_records;
mod settings;
mod sources;
#[cfg(test)]
mod tests;
mod unreadable;
mod unreadable_row;
mod writer;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_domain::run::Run;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::watch;
use uuid::Uuid;

use self::{readers::Readers, writer::Writer};
use crate::secrets::KeychainService;

pub use self::{
    activity::Counted,
    builtin_room::BuiltinRoomMessage,
    decisions::{Notice, PendingNotice},
    deliveries::{
        About, AfterRun, Attempt, Claimed, Content, CurrentEvent, Delivery, DeliveryState, Edits,
        FirstOfLine, ItemAfterRun, LONGEST_WAIT, LOOK_AFTER, NewDelivery, OwnMessage, PreparedDelivery,
        QueuedEvent, RateLimitWait, SinceRun,
    },
    error::StoreError,
    ingest::{Decide, EventDecision, Ingested, NewEvent, Post, Report, Watched},
    items::{BOARD, Snooze, StoredItem},
    notes::{LastNote, Notes},
    open_items::{OpenRow, Unreadable},
    output::Output,
    prune::{Pruned, Retention},
    run_output::StoredOutput,
    search::Found,
    secret_records::SecretRecords,
    sources::{StoredProblem, StoredSource},
    unreadable_row::{RowKind, UnreadableRow},
};

/// A handle to the store; a clone is the same store. The file is let go when the last one is dropped.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// Dropped in this order: the writer ends first, the file is let go last.
struct Inner {
    writer: Writer,
    readers: Readers,
    changed: watch::Receiver<u64>,
    interrupted: Vec<Run>,
    keychain_service: KeychainService,
    file: PathBuf,
    _owned: File,
    _temporary: Option<TemporaryFolder>,
}

impl Store {
    /// Opens the store, or creates it with its folder, and brings its tables up to date. Blocks.
    ///
    /// What was under way when the program last ended without closing becomes unknown: see [`Store::interrupted`] and
    /// [`Store::unknown_deliveries`]. A file that is damaged, newer or not ours is refused and left as it is.
    pub fn open(file: &Path, now: Timestamp) -> Result<Self, StoreError> {
        Self::open_in(file, now, None)
    }

    /// A store of its own in a temporary folder, gone when the last handle is dropped: for tests and the playground.
    pub fn temporary(now: Timestamp) -> Result<Self, StoreError> {
        let folder = std::env::temp_dir().join(format!("callboard-{}", Uuid::now_v7()));
        Self::open_in(&folder.join("callboard.db"), now, Some(TemporaryFolder(folder.clone())))
    }

    fn open_in(file: &Path, now: Timestamp, temporary: Option<TemporaryFolder>) -> Result<Self, StoreError> {
        let owned = open::own(file)?;
        let conn = open::writer(file, open::FORMATS)?;
        let fault = |error: rusqlite::Error| StoreError::sqlite(file, &error);
        let interrupted = open::recover(&conn, now).map_err(fault)?;
        let data = file.parent().unwrap_or(file);
        let keychain_service = open::keychain_service(&conn, data).map_err(fault)?;
        let (sender, changed) = watch::channel(0);
        Ok(Self {
            inner: Arc::new(Inner {
                writer: Writer::start(conn, file.to_owned(), sender)?,
                readers: Readers::open(file.to_owned())?,
                changed,
                interrupted,
                keychain_service,
                file: file.to_owned(),
                _owned: owned,
                _temporary: temporary,
            }),
        })
    }

    /// Finishes what was ordered, writes the log into the file and closes it. Later calls give [`StoreError::Closed`].
    pub async fn close(&self) {
        self.inner.readers.close().await;
        let inner = Arc::clone(&self.inner);
        let _ = tokio::task::spawn_blocking(move || inner.writer.close()).await;
    }

    /// A counter that goes up after each commit that changed something. It only wakes: what changed is read from the store.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.clone()
    }

    /// The runs that were under way when the program last ended, now unknown: their messages still say "running".
    pub fn interrupted(&self) -> &[Run] {
        &self.inner.interrupted
    }

    /// Under what name the secrets of this store's data folder are kept in a keychain.
    pub fn keychain_service(&self) -> KeychainService {
        self.inner.keychain_service
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.inner.file
    }

    /// Looks through the whole file for damage: seconds for a large one. Gives what was found, nothing where it is sound.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let found: Vec<String> =
            self.read(|conn| row::all(conn, "PRAGMA quick_check(20)", [], |row| row.get(0))).await?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// Writes and takes back a little, to see whether the store can be written: a full disk shows in nothing that is read.
    pub async fn check_writing(&self) -> Result<(), StoreError> {
        // As much as a run's outcome may be. What fails is undone; what is there is free space of the file afterwards.
        let probe = |conn: &Connection| {
            row::run(conn, "CREATE TABLE IF NOT EXISTS writing_probe (bytes BLOB) STRICT", [])?;
            row::run(conn, "INSERT INTO writing_probe VALUES (zeroblob(65536))", [])
        };
        self.write(probe).await?;
        self.write(|conn| row::run(conn, "DROP TABLE writing_probe", [])).await.map(drop)
    }

    /// Lets the file grow by that many pages at most: a disk that is full.
    #[cfg(test)]
    pub(crate) async fn limit_growth(&self, pages: Option<i64>) {
        let limit = move |conn: &Connection| {
            let count: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            let most = pages.map_or(i64::from(u32::MAX) - 1, |pages| count + pages);
            conn.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
        };
        self.write(limit).await.expect("a pragma needs no space");
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.write(work).await
    }

    async fn try_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.writer.try_write(work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.inner.readers.read(query).await
    }
}

/// A folder that is deleted when it is dropped.
struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
