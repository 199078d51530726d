//! The runs that are under way in this process, what they have said, and the locks that they hold.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use callboard_domain::{action::Progress, text};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::api::{ApiError, RunStep};

/// The most output of a run that is kept in memory for its followers; the store keeps the same.
const OUTPUT_LIMIT: usize = 1 << 20;

/// The most steps of a run that are kept.
const STEPS: usize = 100;

/// The runs that are under way in this process.
#[derive(Default)]
pub(crate) struct Active {
    runs: Mutex<BTreeMap<String, Held>>,
    count: watch::Sender<usize>,
}

struct Held {
    following: Arc<Following>,
    lock: Option<String>,
}

impl Active {
    fn runs(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, id: &str, lock: Option<String>) -> Result<Arc<Following>, ApiError> {
        let mut runs = self.runs();
        let holder =
            lock.as_ref().and_then(|lock| runs.iter().find(|(_, held)| held.lock.as_ref() == Some(lock)));
        if let Some((other, held)) = holder {
            let lock = held.lock.as_deref().unwrap_or_default();
            return Err(ApiError::usage(format!(
                "run {other} holds the lock {lock:?}; wait for it, or stop it with: callboard cancel {other}"
            )));
        }
        let following = Arc::new(Following::default());
        runs.insert(id.to_owned(), Held { following: Arc::clone(&following), lock });
        self.count.send_replace(runs.len());
        Ok(following)
    }

    pub(super) fn end(&self, id: &str) {
        let mut runs = self.runs();
        runs.remove(id);
        self.count.send_replace(runs.len());
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Following>> {
        self.runs().get(id).map(|held| Arc::clone(&held.following))
    }

    /// The runs whose id starts like this.
    pub(crate) fn starting_with(&self, start: &str) -> Vec<String> {
        self.runs().keys().filter(|id| id.starts_with(start)).cloned().collect()
    }

    /// How many are under way.
    pub(crate) fn count(&self) -> usize {
        self.runs().len()
    }

    /// Waits until none is under way.
    pub(crate) async fn ended(&self) {
        let mut count = self.count.subscribe();
        // The sender lives as long as self: waiting cannot fail.
        let _ = count.wait_for(|count| *count == 0).await;
    }
}

/// What a run under way has said, for those who follow it.
#[derive(Default)]
pub(crate) struct Following {
    said: Mutex<Said>,
    changed: watch::Sender<u64>,
    pub(crate) cancel: CancellationToken,
}

/// What a run has said.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) line: String,
    pub(crate) pieces: Vec<String>,
    pub(crate) steps: Vec<RunStep>,
    length: usize,
}

impl Following {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Said) -> T) -> T {
        look(&mut self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn wake(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}

impl Progress for Following {
    fn say(&self, line: &str) {
        self.with(|said| said.line = text::line(line, 200));
        self.wake();
    }

    fn step(&self, name: &str) {
        let said = text::line(name, 200);
        self.with(|now| {
            now.line.clone_from(&said);
            if now.steps.len() < STEPS && now.steps.last().is_none_or(|last| last.said != said) {
                now.steps.push(RunStep { said, at: Timestamp::now() });
            }
        });
        self.wake();
    }

    fn output(&self, piece: &str) {
        self.with(|said| {
            let room = OUTPUT_LIMIT.saturating_sub(said.length);
            if room > 0 {
                let piece = text::block(piece, room);
                said.length += piece.len();
                said.pieces.push(piece);
                if said.length >= OUTPUT_LIMIT {
                    said.pieces.push("\n(more output was left out)\n".into());
                }
            }
        });
        self.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_held_by_one_run() {
        let active = Active::default();
        assert!(active.begin("1", Some("deploy:staging".into())).is_ok());
        assert!(active.begin("2", Some("deploy:production".into())).is_ok());
        assert!(active.begin("3", None).is_ok());
        assert!(matches!(active.begin("4", Some("deploy:staging".into())), Err(ApiError::Usage { .. })));
        active.end("1");
        assert!(active.begin("4", Some("deploy:staging".into())).is_ok());
    }

    #[test]
    fn a_step_is_a_step_however_often_its_progress_is_told() {
        let following = Following::default();
        following.step("queued");
        following.say("queued: waiting for an executor");
        following.step("#57 runs");
        for seconds in 0..5 {
            following.say(&format!("#57 runs, {seconds}s"));
        }
        following.step("#57 runs");
        following.with(|said| {
            let steps: Vec<&str> = said.steps.iter().map(|step| step.said.as_str()).collect();
            assert_eq!(steps, ["queued", "#57 runs"]);
            assert_eq!(said.line, "#57 runs");
        });
    }

    #[test]
    fn output_is_bounded() {
        let following = Following::default();
        for _ in 0..20 {
            following.output(&"x".repeat(OUTPUT_LIMIT / 10));
        }
        following.with(|said| {
            let kept: usize = said.pieces.iter().map(String::len).sum();
            assert!(kept <= OUTPUT_LIMIT + 100, "{kept}");
            assert!(said.pieces.last().unwrap().contains("left out"));
        });
    }
}
