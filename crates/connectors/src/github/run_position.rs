//! Which of two runs of a build is the later one.

use serde::{Deserialize, Serialize};

use super::wire;

/// The position of a run among those of its build. It is compared by the run's id, which rises with every run, while the
/// numbers of a workflow that is created again restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredPosition")]
pub(super) struct RunPosition {
    /// None in the cursors of earlier versions, which went by the number.
    id: Option<u64>,
    number: u64,
    attempt: u32,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredPosition {
    Whole { id: Option<u64>, number: u64, attempt: u32 },
    ByNumber(u64, u32),
}

impl From<StoredPosition> for RunPosition {
    fn from(stored: StoredPosition) -> Self {
        match stored {
            StoredPosition::Whole { id, number, attempt } => Self { id, number, attempt },
            StoredPosition::ByNumber(number, attempt) => Self { id: None, number, attempt },
        }
    }
}

impl RunPosition {
    pub(super) fn of(run: &wire::Run) -> Self {
        Self { id: Some(run.id), number: run.run_number, attempt: run.run_attempt.unwrap_or(1) }
    }

    /// The run's number, where this is the position of that run.
    pub(super) fn number_of(self, id: u64) -> Option<u64> {
        (self.id == Some(id)).then_some(self.number)
    }

    /// True for a later run or attempt.
    pub(super) fn is_after(self, other: Self) -> bool {
        match (self.id, other.id) {
            (Some(own), Some(others)) => (own, self.attempt) > (others, other.attempt),
            _ => (self.number, self.attempt) > (other.number, other.attempt),
        }
    }
}
