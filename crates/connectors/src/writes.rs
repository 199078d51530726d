//! What a task has begun to change outside: so that whoever stops it knows whether something is left unknown.
//!
//! The one way out for requests, [`crate::http`], and whoever starts a program note the beginning of each write, and its
//! end once it is known how it went.

use std::sync::{Arc, Mutex, PoisonError};

tokio::task_local! {
    static WRITES: Writes;
}

/// The writes of one task.
#[derive(Debug, Clone, Default)]
pub struct Writes(Arc<Mutex<Count>>);

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
    /// Runs a task, and notes its writes. Those of tasks that it spawns are not seen.
    pub async fn observe<T>(&self, task: impl Future<Output = T>) -> T {
        WRITES.scope(self.clone(), task).await
    }

    /// How far they are.
    pub fn sent(&self) -> Sent {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
        writes.0.lock().unwrap_or_else(PoisonError::into_inner).begun += 1;
    }
    Write(writes)
}

impl Write {
    /// It is known how it went: it happened, or surely did not.
    pub fn answered(self) {
        if let Some(writes) = self.0 {
            writes.0.lock().unwrap_or_else(PoisonError::into_inner).answered += 1;
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
