//! The one thread that writes, and group commit: as many jobs as wait share one transaction, so that they share its
//! one wait for the disk. Where one fails, all are undone and done again, each in a savepoint of its own, so that it is
//! undone alone: savepoints copy every page that they see changed, and hardly a job ever fails.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Row};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot, watch};

use super::{
    StoreError,
    row::{one, run},
    search,
};

/// Jobs that may wait; beyond that callers wait, or get the error that the store is busy.
const QUEUE: usize = 2048;
/// Jobs in one transaction, at most.
const GROUP: usize = 512;
/// A transaction takes in no further job after this long: those in it are waiting.
const GROUP_TIME: Duration = Duration::from_millis(8);
/// The callers of a transaction are often back at once, with their next job each: for as many jobs as the last one had,
/// the next waits this long, so that they share its wait for the disk as well.
const REUNION: Duration = Duration::from_micros(200);
/// A short log, put into the file often, was measured to be faster than a long one, and its stalls shorter.
const LOG_PAGES: i64 = 1_000;
/// With no job for this long, the writer uses the time to bring the search index up to date.
const IDLE: Duration = Duration::from_millis(30);

/// Something to be written.
trait Job: Send {
    /// Does it inside the open transaction; again where the transaction was undone.
    fn run(&mut self, conn: &Connection, file: &Path) -> Result<(), StoreError>;
    /// Answers the caller, once it is on the disk or undone.
    fn answer(self: Box<Self>, fault: Option<StoreError>);
}

struct Work<F, T> {
    work: F,
    done: Option<T>,
    caller: oneshot::Sender<Result<T, StoreError>>,
    /// The job's place in the queue.
    _place: OwnedSemaphorePermit,
}

impl<F, T> Job for Work<F, T>
where
    F: FnMut(&Connection) -> rusqlite::Result<T> + Send,
    T: Send,
{
    fn run(&mut self, conn: &Connection, file: &Path) -> Result<(), StoreError> {
        // A panic in a job (in a rule, say) must not take the store with it: it is undone like any other fault.
        match catch_unwind(AssertUnwindSafe(|| (self.work)(conn))) {
            Ok(Ok(done)) => {
                self.done = Some(done);
                Ok(())
            }
            Ok(Err(error)) => Err(StoreError::sqlite(file, &error)),
            Err(_) => Err(StoreError::Internal { why: "it panicked".to_owned() }),
        }
    }

    fn answer(self: Box<Self>, fault: Option<StoreError>) {
        let answer = match (fault, self.done) {
            (None, Some(done)) => Ok(done),
            (Some(fault), _) => Err(fault),
            (None, None) => Err(StoreError::Closed),
        };
        // A caller that has gone away is fine: what it asked for is stored.
        let _ = self.caller.send(answer);
    }
}

enum Order {
    Do(Box<dyn Job>),
    Close,
}

/// The handle to the writing thread.
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    places: Arc<Semaphore>,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread; it counts `changed` up after each commit that changed something.
    pub(super) fn start(
        conn: Connection,
        file: PathBuf,
        changed: watch::Sender<u64>,
    ) -> Result<Self, StoreError> {
        let (orders, received) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn({
                let file = file.clone();
                move || write(conn, &file, &received, &changed)
            })
            .map_err(|error| StoreError::io(&file, &error))?;
        Ok(Self { orders, places: Arc::new(Semaphore::new(QUEUE)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs `work` in a transaction and returns once it is on the disk. Waits while the queue is full.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        self.order(work, place).await
    }

    /// The same, but [`StoreError::Busy`] at once where the queue is full.
    pub(super) async fn try_write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|error| match error {
            TryAcquireError::NoPermits => StoreError::Busy,
            TryAcquireError::Closed => StoreError::Closed,
        })?;
        self.order(work, place).await
    }

    async fn order<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
        place: OwnedSemaphorePermit,
    ) -> Result<T, StoreError> {
        let (caller, answer) = oneshot::channel();
        let job = Work { work, done: None, caller, _place: place };
        self.orders.send(Order::Do(Box::new(job))).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Lets the thread finish what was ordered before, and waits for it to put the log into the file. Blocks.
    pub(super) fn close(&self) {
        let _ = self.orders.send(Order::Close);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The last handle may be dropped by a job, on the thread itself.
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn write(conn: Connection, file: &Path, orders: &mpsc::Receiver<Order>, changed: &watch::Sender<u64>) {
    let mut unsearched = true;
    let mut wait = IDLE;
    let mut last = 1;
    loop {
        let order = if unsearched {
            orders.recv_timeout(wait)
        } else {
            orders.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected)
        };
        match order {
            Ok(Order::Do(first)) => {
                let closing;
                (last, closing) = group(&conn, file, first, orders, changed, last);
                if closing {
                    break;
                }
                (unsearched, wait) = (true, IDLE);
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                // What fails here is tried again after the next write.
                unsearched = index(&conn).unwrap_or_else(|error| {
                    tracing::warn!(%error, "the search index could not be updated");
                    false
                });
                wait = Duration::ZERO;
            }
            Ok(Order::Close) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        if let Err(error) = shorten_log(&conn) {
            tracing::warn!(%error, "the log was not put into the file; that is tried after the next write");
        }
    }
    if let Err(error) = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the log was not put into the file; that happens at the next start");
    }
}

/// Brings the search index up to date by a step. It does not wait for the disk: a step that a loss of power takes away is
/// done again.
fn index(conn: &Connection) -> rusqlite::Result<bool> {
    conn.execute_batch("PRAGMA synchronous = NORMAL")?;
    search::index_some(conn)
}

/// Opens a transaction that is on the disk once it is committed, whatever the step before it needed.
fn begin(conn: &Connection, file: &Path) -> Result<(), StoreError> {
    let begun = conn.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    begun.map_err(|error| StoreError::sqlite(file, &error))
}

/// Puts the log into the file where it has grown long. SQLite would do so within a commit, and its callers would wait.
fn shorten_log(conn: &Connection) -> rusqlite::Result<()> {
    let pages = |row: &Row<'_>| Ok(row.get::<_, i64>(1)? - row.get::<_, i64>(2)?);
    if one(conn, "PRAGMA wal_checkpoint(NOOP)", [], pages)?.is_some_and(|pages| pages >= LOG_PAGES) {
        one(conn, "PRAGMA wal_checkpoint(PASSIVE)", [], pages)?;
    }
    Ok(())
}

/// Runs `first` and the jobs that wait behind it in one transaction; waits a little for as many as are `expected`. Gives
/// how many there were, and true where the order to close was among them.
fn group(
    conn: &Connection,
    file: &Path,
    first: Box<dyn Job>,
    orders: &mpsc::Receiver<Order>,
    changed: &watch::Sender<u64>,
    expected: usize,
) -> (usize, bool) {
    let (began, before) = (Instant::now(), conn.total_changes());
    let mut jobs: Vec<Box<dyn Job>> = Vec::new();
    let mut closing = false;
    let mut next = Some(first);
    let mut done = begin(conn, file);
    while let Some(mut job) = next.take() {
        done = done.and_then(|()| job.run(conn, file));
        jobs.push(job);
        if done.is_ok() && jobs.len() < GROUP && began.elapsed() < GROUP_TIME {
            let order = match orders.try_recv() {
                Err(mpsc::TryRecvError::Empty) if jobs.len() < expected => orders.recv_timeout(REUNION).ok(),
                order => order.ok(),
            };
            match order {
                Some(Order::Do(job)) => next = Some(job),
                Some(Order::Close) => closing = true,
                None => {}
            }
        }
    }
    let count = jobs.len();
    match done {
        Ok(()) => {
            let ran = jobs.into_iter().map(|job| (job, None)).collect();
            commit(conn, file, ran, conn.total_changes() > before, changed);
        }
        Err(_) => each_alone(conn, file, jobs, changed),
    }
    (count, closing)
}

/// A job that has run, and why it was undone, if it was.
type Ran = (Box<dyn Job>, Option<StoreError>);

/// Undoes the transaction and runs its jobs again, each in a savepoint of its own.
fn each_alone(conn: &Connection, file: &Path, jobs: Vec<Box<dyn Job>>, changed: &watch::Sender<u64>) {
    // On some faults (a full disk) SQLite has undone it already (sqlite.org/lang_transaction.html).
    let _ = run(conn, "ROLLBACK", []);
    let begun = begin(conn, file);
    let mut ran: Vec<Ran> = Vec::new();
    let mut rows = 0;
    let mut lost = begun.err();
    for mut job in jobs {
        if lost.is_some() {
            ran.push((job, None));
            continue;
        }
        let fault = match in_savepoint(conn, file, job.as_mut()) {
            Ok(changes) => {
                rows += changes;
                None
            }
            Err(fault) => Some(fault),
        };
        lost = fault.clone().filter(|_| conn.is_autocommit());
        ran.push((job, fault));
    }
    match lost {
        Some(fault) => answer(ran, Some(&fault)),
        None => commit(conn, file, ran, rows > 0, changed),
    }
}

/// Puts the open transaction on the disk, and answers the callers.
fn commit(conn: &Connection, file: &Path, ran: Vec<Ran>, has_changes: bool, changed: &watch::Sender<u64>) {
    let fault = statement(conn, file, "COMMIT").err();
    if fault.is_some() {
        let _ = run(conn, "ROLLBACK", []);
    } else if has_changes {
        changed.send_modify(|count| *count += 1);
    }
    answer(ran, fault.as_ref());
}

/// Runs one job so that it can be undone alone; gives the number of rows that it changed.
fn in_savepoint(conn: &Connection, file: &Path, job: &mut dyn Job) -> Result<u64, StoreError> {
    statement(conn, file, "SAVEPOINT job")?;
    let before = conn.total_changes();
    let done = job.run(conn, file);
    if done.is_err() && !conn.is_autocommit() {
        statement(conn, file, "ROLLBACK TO job")?;
    }
    if !conn.is_autocommit() {
        statement(conn, file, "RELEASE job")?;
    }
    done.map(|()| conn.total_changes() - before)
}

fn statement(conn: &Connection, file: &Path, sql: &str) -> Result<(), StoreError> {
    run(conn, sql, []).map(drop).map_err(|error| StoreError::sqlite(file, &error))
}

fn answer(ran: Vec<Ran>, fault: Option<&StoreError>) {
    for (job, own) in ran {
        job.answer(own.or_else(|| fault.cloned()));
    }
}
