//! The board in numbers, and what the tray shows of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The text shown when nothing needs a person.
pub const NOTHING: &str = "Nothing needs you";

/// The board in numbers. Snoozed items do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Summary {
    /// Branches that are red: default ones, and those that I broke.
    pub failing: usize,
    /// Incidents that are not over.
    pub incidents: usize,
    /// Those of them that somebody has.
    #[serde(rename = "held")]
    pub acknowledged: usize,
    /// Pull requests whose turn is mine.
    pub needs_you: usize,
    /// Builds under way: of default branches, and mine.
    pub running: usize,
    /// Approvals that wait for my answer.
    #[serde(default)]
    pub approvals: usize,
    /// Approvals of which it is not known whether they wait for my answer.
    #[serde(default)]
    pub maybe_approvals: usize,
}

/// What the tray shows, as far as items decide it: the icon's name, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Tray {
    /// Something is broken, and nobody has it.
    Failing,
    /// It is my turn somewhere.
    Attention,
    /// Something is broken, and somebody has it.
    Acknowledged,
    /// Nothing of that.
    Calm,
}

impl Tray {
    /// What it means, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Attention => "needs you",
            Self::Acknowledged => "acknowledged",
            Self::Calm => "calm",
        }
    }
}

impl Summary {
    /// How many things need a person: the tray's number.
    pub fn count(&self) -> usize {
        self.approvals
            + self.maybe_approvals
            + self.failing
            + (self.incidents - self.acknowledged)
            + self.needs_you
    }

    /// What the tray shows, unless it is offline or not to be disturbed.
    pub fn tray(&self) -> Tray {
        if self.failing > 0 || self.incidents > self.acknowledged {
            Tray::Failing
        } else if self.needs_you + self.approvals + self.maybe_approvals > 0 {
            Tray::Attention
        } else if self.acknowledged > 0 {
            Tray::Acknowledged
        } else {
            Tray::Calm
        }
    }
}

/// "1 approval waits for you, 1 build fails, 2 incidents (1 acknowledged), 3 pull requests need you", or [`NOTHING`].
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match self.approvals {
            0 => {}
            1 => parts.push("1 approval waits for you".to_owned()),
            count => parts.push(format!("{count} approvals wait for you")),
        }
        match self.maybe_approvals {
            0 => {}
            1 => parts.push("1 approval may wait for you".to_owned()),
            count => parts.push(format!("{count} approvals may wait for you")),
        }
        match self.failing {
            0 => {}
            1 => parts.push("1 build fails".to_owned()),
            count => parts.push(format!("{count} builds fail")),
        }
        let held = if self.acknowledged > 0 {
            format!(" ({} acknowledged)", self.acknowledged)
        } else {
            String::new()
        };
        match self.incidents {
            0 => {}
            1 => parts.push(format!("1 incident{held}")),
            count => parts.push(format!("{count} incidents{held}")),
        }
        match self.needs_you {
            0 => {}
            1 => parts.push("1 pull request needs you".to_owned()),
            count => parts.push(format!("{count} pull requests need you")),
        }
        if parts.is_empty() { f.write_str(NOTHING) } else { f.write_str(&parts.join(", ")) }
    }
}
