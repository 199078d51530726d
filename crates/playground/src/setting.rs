//! Who plays, and how long things take.

use std::time::Duration;

/// Who plays: the person that the tokens belong to.
pub const ME: &str = "robin";

/// How long things take in the playground.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a build waits before it begins.
    pub queue: Duration,
    /// How long it runs.
    pub build: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { queue: Duration::from_millis(1_500), build: Duration::from_secs(6) }
    }
}
