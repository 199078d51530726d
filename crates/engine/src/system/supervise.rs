//! Tasks that outlive a fault of their own: a panic is caught, logged, shown by `doctor`, and what should go on is started
//! again, later and later.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The wait before a background task restarts for the first time; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait before a background task restarts.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// A task that ran for this long is well: its next fault counts as the first.
const WELL_AFTER: Duration = Duration::from_secs(10 * 60);

/// A task panicked; holds the panic's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panicked(String);

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a fault inside Callboard stopped it ({})", self.0)
    }
}

impl From<Box<dyn Any + Send>> for Panicked {
    fn from(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self(callboard_domain::text::line(text, 200))
    }
}

/// Runs a future to its end, or to its panic. What the future shares with others must tolerate a half-done step: locks that
/// were held are taken over, and state that only the future had is dropped.
pub(crate) async fn catch_panic<T>(task: impl Future<Output = T>) -> Result<T, Panicked> {
    AssertUnwindSafe(task).catch_unwind().await.map_err(Panicked::from)
}

/// The faults of one task since the program started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskFault {
    pub(crate) count: u32,
    pub(crate) last: Panicked,
    pub(crate) at: Timestamp,
    /// When it is started again; `None` where it was to be done once.
    pub(crate) again_at: Option<Timestamp>,
}

/// The tasks that had a fault, by name.
pub(crate) type TaskFaults = BTreeMap<String, TaskFault>;

/// What runs in the background until the program stops: every task is spawned here. A clone is the same.
#[derive(Clone)]
pub(crate) struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    faults: Arc<Mutex<TaskFaults>>,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { tracker: TaskTracker::new(), stop: CancellationToken::new(), faults: Arc::default() }
    }

    /// Cancelled when the program is to stop.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// The tasks that had a fault since the program started.
    pub(crate) fn faults(&self) -> TaskFaults {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Spawns what is done once. A panic is logged and shown by `doctor`; who needs to act on it catches it first.
    pub(crate) fn spawn(&self, name: impl Into<String>, task: impl Future<Output = ()> + Send + 'static) {
        let (tasks, name) = (self.clone(), name.into());
        self.tracker.spawn(async move {
            if let Err(panicked) = catch_panic(task).await {
                tasks.record_fault(&name, panicked, None);
            }
        });
    }

    /// Spawns what goes on until the program stops: after a panic `start` is called again, later each time.
    pub(crate) fn supervise<Task>(
        &self,
        name: impl Into<String>,
        start: impl FnMut() -> Task + Send + 'static,
    ) where
        Task: Future<Output = ()> + Send + 'static,
    {
        self.supervise_until(name, self.stopping(), start);
    }

    /// The same until `stop`, which comes no later than the program's.
    pub(crate) fn supervise_until<Task>(
        &self,
        name: impl Into<String>,
        stop: CancellationToken,
        start: impl FnMut() -> Task + Send + 'static,
    ) where
        Task: Future<Output = ()> + Send + 'static,
    {
        let (tasks, name) = (self.clone(), name.into());
        let report = move |panicked, wait| tasks.record_fault(&name, panicked, Some(wait));
        self.tracker.spawn(supervised(start, report, stop));
    }

    /// Runs a part of the program until it stops. After a panic, `work` is called with it again.
    pub(crate) fn keep<T, Task>(
        &self,
        name: &str,
        part: &T,
        mut work: impl FnMut(T, CancellationToken) -> Task + Send + 'static,
    ) where
        T: Clone + Send + 'static,
        Task: Future<Output = ()> + Send + 'static,
    {
        let (part, stop) = (part.clone(), self.stopping());
        self.supervise(name, move || work(part.clone(), stop.clone()));
    }

    /// Stops all of them. False where some have not ended `within` that time.
    pub(crate) async fn stop(&self, within: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(within, self.tracker.wait()).await.is_ok()
    }

    fn record_fault(&self, name: &str, panicked: Panicked, wait: Option<Duration>) {
        let now = Timestamp::now();
        match wait {
            Some(wait) => {
                tracing::error!(task = name, %panicked, wait_s = wait.as_secs(), "a background task restarts")
            }
            None => tracing::error!(task = name, %panicked, "a background task failed"),
        }
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let count = faults.get(name).map_or(0, |fault| fault.count);
        let again_at = wait.map(|wait| now + wait);
        let fault = TaskFault { count: count.saturating_add(1), last: panicked, at: now, again_at };
        faults.insert(name.to_owned(), fault);
    }
}

/// Waits that long; for ever where nothing comes due by itself.
pub(crate) async fn sleep_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// Runs what `start` gives until it ends by itself or `stop` comes; after a panic reports it with the wait, and starts it
/// again.
async fn supervised<Task: Future<Output = ()>>(
    mut start: impl FnMut() -> Task,
    report: impl Fn(Panicked, Duration),
    stop: CancellationToken,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let began = Instant::now();
        let Err(panicked) = catch_panic(async { start().await }).await else { return };
        if began.elapsed() >= WELL_AFTER {
            wait = FIRST_WAIT;
        }
        report(panicked, wait);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn panic_becomes_an_error_with_its_message() {
        let cases: [(fn(), &str); 3] = [
            (|| panic!("plain"), "plain"),
            (|| panic!("with {}", 1), "with 1"),
            (|| std::panic::panic_any(7), "no message"),
        ];
        for (fault, message) in cases {
            let caught = catch_panic(async move { fault() }).await.unwrap_err();
            assert!(caught.to_string().contains(message), "{caught}");
        }
        assert_eq!(catch_panic(async { 1 }).await, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn supervised_task_is_started_again_later_each_time_and_ends_when_it_ends() {
        let (starts, waits) = (Mutex::new(0), Mutex::new(Vec::new()));
        // How long each start runs before its panic, in seconds; the last one ends by itself.
        let lives = [0, 0, 0, 601, 0];
        let start = || {
            let place = {
                let mut starts = starts.lock().unwrap();
                *starts += 1;
                *starts - 1
            };
            async move {
                let Some(seconds) = lives.get(place) else { return };
                tokio::time::sleep(Duration::from_secs(*seconds)).await;
                panic!("start {place}");
            }
        };
        let report = |_, wait: Duration| waits.lock().unwrap().push(wait.as_secs());
        supervised(start, report, CancellationToken::new()).await;
        assert_eq!(*waits.lock().unwrap(), [1, 2, 4, 1, 2]);
        assert_eq!(*starts.lock().unwrap(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn supervised_task_is_not_started_again_once_it_is_to_stop() {
        let stop = CancellationToken::new();
        let starts = Mutex::new(0);
        let start = || {
            *starts.lock().unwrap() += 1;
            async { panic!("always") }
        };
        let report = |_, _| stop.cancel();
        supervised(start, report, stop.clone()).await;
        assert_eq!(*starts.lock().unwrap(), 1);
    }
}
