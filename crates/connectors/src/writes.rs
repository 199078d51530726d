//! The writes that a task has begun, so that a cancelled task is known to have left something unknown or not; and what it
//! waits for before it begins, so that nobody takes that for a standstill.
//!
//! The one way out for requests, [`crate::http`], and whoever starts a program note the beginning of each write, and its
//! end once it is known how it went.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use callboard_domain::action::Progress;

tokio::task_local! {
    static WRITES: Writes;
}

/// The writes of one task.
#[derive(Clone, Default)]
pub struct Writes {
    count: Arc<Mutex<Count>>,
    /// Where it reports what it waits for.
    progress: Option<Arc<dyn Progress>>,
}

impl fmt::Debug for Writes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writes").field(&self.count).finish()
    }
}

#[derive(Debug, Default)]
struct Count {
    begun: u32,
    answered: u32,
}

/// How far a task's writes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// None has begun.
    Nothing,
    /// At least one has begun, and it is not known how it went.
    Unanswered,
    /// All that have begun are answered.
    Answered,
}

impl Writes {
    /// With a place where the task reports what it waits for.
    #[must_use]
    pub fn reporting_to(self, progress: Arc<dyn Progress>) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Runs a task, and notes its writes. Those of tasks that it spawns are not seen.
    pub async fn observe<T>(&self, task: impl Future<Output = T>) -> T {
        WRITES.scope(self.clone(), task).await
    }

    /// How far they are.
    pub fn sent(&self) -> Sent {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        match *count {
            Count { begun: 0, .. } => Sent::Nothing,
            Count { begun, answered } if begun > answered => Sent::Unanswered,
            Count { .. } => Sent::Answered,
        }
    }
}

/// A write that has begun. Dropped without [`Write::answered`], it is not known how it went.
#[derive(Debug)]
#[must_use]
pub struct Write(Option<Writes>);

/// Notes that the current task begins to change something.
pub fn begin() -> Write {
    let writes = WRITES.try_with(Clone::clone).ok();
    if let Some(writes) = &writes {
        writes.count.lock().unwrap_or_else(PoisonError::into_inner).begun += 1;
    }
    Write(writes)
}

/// Says what the current task waits for, where somebody looks on. Nothing once it goes on.
pub(crate) fn waits_for(line: &str) {
    let progress = WRITES.try_with(|writes| writes.progress.clone()).ok().flatten();
    if let Some(progress) = progress {
        progress.status(line);
    }
}

impl Write {
    /// It is known how it went: it happened, or surely did not.
    pub fn answered(self) {
        if let Some(writes) = self.0 {
            writes.count.lock().unwrap_or_else(PoisonError::into_inner).answered += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writes_are_counted_in_their_own_task() {
        let writes = Writes::default();
        assert_eq!(writes.sent(), Sent::Nothing);
        writes.observe(async { begin().answered() }).await;
        assert_eq!(writes.sent(), Sent::Answered);
        writes.observe(async { drop(begin()) }).await;
        writes.observe(async { begin().answered() }).await;
        assert_eq!(writes.sent(), Sent::Unanswered, "one of three is not known");

        begin().answered();
        let other = Writes::default();
        other.observe(std::future::ready(())).await;
        assert_eq!(other.sent(), Sent::Nothing);
    }
}
