//! The runs of this process: those that are under way, with what they have put out and the locks that they hold, and
//! those that have ended and are not on the record yet.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use callboard_domain::{action::Progress, run::Run, text};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{ApiError, RunStep},
    store::Output,
};

/// The most steps of a run that are kept.
const STEPS: usize = 100;

/// The runs of this process.
#[derive(Default)]
pub(crate) struct Active {
    runs: Mutex<BTreeMap<String, Entry>>,
    under_way: watch::Sender<usize>,
}

struct Entry {
    stream: Arc<RunStream>,
    lock: Option<String>,
    unrecorded: Option<UnrecordedRun>,
}

/// A run that has ended, while the store cannot be written.
#[derive(Debug, Clone)]
pub(crate) struct UnrecordedRun {
    /// As it ended.
    pub(crate) run: Run,
    /// Why that is not on the record.
    pub(crate) why: String,
}

/// A run's place among those that are under way, with its lock: both are given back when it is dropped, however the run
/// ends.
pub(super) struct Place<'a> {
    runs: &'a Active,
    id: String,
    pub(super) stream: Arc<RunStream>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.runs.end(&self.id);
        self.stream.wake();
    }
}

impl Active {
    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_again(&self, runs: &BTreeMap<String, Entry>) {
        self.under_way.send_replace(runs.values().filter(|entry| entry.unrecorded.is_none()).count());
    }

    /// Takes a place, and the lock, where no other run holds it.
    pub(super) fn begin(&self, id: &str, lock: Option<String>) -> Result<(), ApiError> {
        let mut runs = self.runs();
        let holder =
            lock.as_ref().and_then(|lock| runs.iter().find(|(_, entry)| entry.lock.as_ref() == Some(lock)));
        if let Some((other, entry)) = holder {
            let lock = entry.lock.as_deref().unwrap_or_default();
            return Err(ApiError::usage(format!(
                "run {other} holds the lock {lock:?}; wait for it, or stop it with: callboard cancel {other}"
            )));
        }
        runs.insert(id.to_owned(), Entry { stream: Arc::default(), lock, unrecorded: None });
        self.count_again(&runs);
        Ok(())
    }

    /// The place that a run has taken; the caller gives it back.
    pub(super) fn place(&self, id: &str) -> Place<'_> {
        let stream = self.get(id).unwrap_or_default();
        Place { runs: self, id: id.to_owned(), stream }
    }

    fn end(&self, id: &str) {
        let mut runs = self.runs();
        runs.remove(id);
        self.count_again(&runs);
    }

    /// Keeps how a run ended until that is on the record. It is not under way any more, and holds no lock.
    pub(super) fn keep_unrecorded(&self, run: &Run, why: String) {
        let mut runs = self.runs();
        if let Some(entry) = runs.get_mut(&run.id) {
            entry.lock = None;
            entry.unrecorded = Some(UnrecordedRun { run: run.clone(), why });
        }
        self.count_again(&runs);
    }

    /// How a run ended, where that is not on the record yet.
    pub(crate) fn unrecorded(&self, id: &str) -> Option<UnrecordedRun> {
        self.runs().get(id)?.unrecorded.clone()
    }

    /// All that have ended and are not on the record yet.
    pub(crate) fn all_unrecorded(&self) -> Vec<UnrecordedRun> {
        self.runs().values().filter_map(|entry| entry.unrecorded.clone()).collect()
    }

    /// The output of a run that is under way, or not on the record yet.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<RunStream>> {
        self.runs().get(id).map(|entry| Arc::clone(&entry.stream))
    }

    /// The runs whose id starts like this.
    pub(crate) fn starting_with(&self, start: &str) -> Vec<String> {
        self.runs().keys().filter(|id| id.starts_with(start)).cloned().collect()
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        *self.under_way.borrow()
    }

    /// Waits until none is under way.
    pub(crate) async fn ended(&self) {
        let mut count = self.under_way.subscribe();
        // The sender lives as long as self: waiting cannot fail.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

/// What a run puts out, for those who follow it.
#[derive(Default)]
pub(crate) struct RunStream {
    state: Mutex<Streamed>,
    changed: watch::Sender<u64>,
    pub(crate) cancel: CancellationToken,
}

/// What a run has put out.
#[derive(Default)]
pub(crate) struct Streamed {
    /// Its state in a line.
    pub(crate) line: String,
    pub(crate) output: Output,
    /// How much of the output is in the store.
    pub(super) saved: u64,
    /// The steps that have begun.
    pub(crate) steps: Vec<RunStep>,
}

impl RunStream {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Streamed) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Progress for RunStream {
    fn status(&self, line: &str) {
        self.with(|streamed| streamed.line = text::line(line, 200));
        self.wake();
    }

    fn step(&self, name: &str) {
        let name = text::line(name, 200);
        self.with(|now| {
            now.line.clone_from(&name);
            if now.steps.len() < STEPS && now.steps.last().is_none_or(|last| last.name != name) {
                now.steps.push(RunStep { name, at: Timestamp::now() });
            }
        });
        self.wake();
    }

    fn output(&self, piece: &str) {
        self.with(|streamed| streamed.output.push(piece));
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::{command::Args, run::RunState};

    use super::*;

    fn ended(id: &str) -> Run {
        Run {
            id: id.into(),
            command: "deploy".into(),
            line: "deploy".into(),
            args: Args::default(),
            account: None,
            item: None,
            by: String::new(),
            actor: None,
            started_at: jiff::Timestamp::UNIX_EPOCH,
            ended_at: None,
            state: RunState::Unknown { why: "lost".into() },
            post: None,
        }
    }

    #[test]
    fn status_lines_add_no_steps() {
        let stream = RunStream::default();
        stream.step("queued");
        stream.status("queued: waiting for an executor");
        stream.step("#57 runs");
        for seconds in 0..5 {
            stream.status(&format!("#57 runs, {seconds}s"));
        }
        stream.step("#57 runs");
        stream.with(|streamed| {
            let steps: Vec<&str> = streamed.steps.iter().map(|step| step.name.as_str()).collect();
            assert_eq!(steps, ["queued", "#57 runs"]);
            assert_eq!(streamed.line, "#57 runs");
        });
    }

    #[tokio::test]
    async fn lock_is_held_by_one_run_and_given_back_however_it_ends() {
        let active = Active::default();
        let lock = |name: &str| Some(format!("deploy:{name}"));
        assert!(active.begin("1", lock("staging")).is_ok());
        assert!(active.begin("2", lock("production")).is_ok());
        assert!(active.begin("3", None).is_ok());
        assert!(matches!(active.begin("4", lock("staging")), Err(ApiError::Usage { .. })));
        let panicked = crate::system::supervise::catch_panic(async {
            let _place = active.place("1");
            panic!("in the middle of it");
        });
        assert!(panicked.await.is_err());
        assert!(active.begin("4", lock("staging")).is_ok());
        assert_eq!(active.count(), 3);
    }

    #[tokio::test]
    async fn run_that_is_not_on_the_record_is_not_under_way_and_holds_no_lock() {
        let active = Active::default();
        active.begin("1", Some("deploy".into())).unwrap();
        active.keep_unrecorded(&ended("1"), "the disk is full".into());
        active.ended().await;
        assert!(active.begin("2", Some("deploy".into())).is_ok());
        assert_eq!(active.unrecorded("1").unwrap().why, "the disk is full");
        assert_eq!(active.all_unrecorded().len(), 1);
        drop(active.place("1"));
        assert!(active.unrecorded("1").is_none());
    }
}
