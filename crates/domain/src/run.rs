//! Runs: one command, once, and how it ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{actor::Actor, chat::Address, command::Args, error::ServiceError, item::ItemKey, message::Block};

/// How a command ended, as the service told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Outcome {
    /// False where the service did it and it ended badly: a build that failed, a check that says no.
    pub ok: bool,
    /// One line: "api 1.42.0 is on staging".
    pub summary: String,
    /// More, for the message and the screen.
    pub blocks: Vec<Block>,
    /// Where it can be seen.
    pub link: Option<Url>,
    /// The same as data, for `--json`.
    pub data: Option<serde_json::Value>,
}

impl Outcome {
    /// It went well.
    pub fn ok(summary: impl Into<String>) -> Self {
        Self { ok: true, summary: summary.into(), blocks: Vec::new(), link: None, data: None }
    }

    /// It was done, and ended badly.
    pub fn failed(summary: impl Into<String>) -> Self {
        Self { ok: false, ..Self::ok(summary) }
    }

    /// The same with a link.
    #[must_use]
    pub fn linked(mut self, link: Option<Url>) -> Self {
        self.link = link;
        self
    }

    /// The same with one more block.
    #[must_use]
    pub fn with(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// The same with data.
    #[must_use]
    pub fn data(mut self, data: serde_json::Value) -> Self {
        self.data = Some(data);
        self
    }
}

/// A run as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Run {
    /// A UUID v7.
    pub id: String,
    /// The command's name.
    pub command: String,
    /// The line as typed or prefilled.
    pub line: String,
    /// What the command was given.
    pub args: Args,
    /// The account that it ran as, where it is a connector's action.
    pub account: Option<String>,
    /// The row that it was run on.
    pub item: Option<ItemKey>,
    /// Who did it, for people: the account's name on its service, as in "ana (GitHub)"; where the service does not say, the
    /// person or program that asked. Empty only where an older version recorded neither.
    pub by: String,
    /// Who asked for it, and through what. `None` for what an older version recorded.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub actor: Option<Actor>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended, or was found to be not known. A person's word on it later changes nothing of that.
    pub ended_at: Option<Timestamp>,
    /// How far it is.
    pub state: RunState,
    /// Where its outcome goes; `None` for a private run.
    pub post: Option<Address>,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RunState {
    /// Not begun, and nothing has been sent: until then it can be taken back. Where Callboard ends before that, it does not
    /// begin.
    Pending {
        /// When it begins.
        until: Timestamp,
    },
    /// Under way.
    Running,
    /// Ended, well or badly, as the outcome says.
    Done {
        /// How.
        outcome: Outcome,
    },
    /// It could not be done.
    Failed {
        /// Why.
        error: ServiceError,
    },
    /// Stopped by a person, or by the end of Callboard before it began, with nothing left unknown.
    Canceled {
        /// True where something had been sent and answered by then: that stays done. What was recorded before this was
        /// known counts as sent.
        #[serde(default = "sent")]
        sent: bool,
    },
    /// It may or may not have happened: there was no answer, or the program ended while it was under way.
    Unknown {
        /// What is known.
        why: String,
    },
    /// It was not known, and a person who has looked has said how it went: their word, not the service's.
    #[serde(rename = "settled")]
    Resolved {
        /// True where it ran.
        ran: bool,
        /// Who said so. Empty only where an older version did not know.
        by: String,
        /// When they said so.
        at: Timestamp,
        /// What was known before.
        why: String,
    },
}

fn sent() -> bool {
    true
}

impl RunState {
    /// The word for it: `pending`, `running`, `done`, `failed`, `canceled`, `unknown`; `ran` or `did not run` as a person said.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Running => "running",
            Self::Done { outcome } if outcome.ok => "done",
            Self::Done { .. } | Self::Failed { .. } => "failed",
            Self::Canceled { .. } => "canceled",
            Self::Unknown { .. } => "unknown",
            Self::Resolved { ran: true, .. } => "ran",
            Self::Resolved { ran: false, .. } => "did not run",
        }
    }

    /// What a person has said of it, where one has: "ana says it ran".
    pub fn said(&self) -> Option<String> {
        match self {
            Self::Resolved { by, .. } => {
                let by = if by.is_empty() { "a person" } else { by };
                Some(format!("{by} says it {}", self.name()))
            }
            _ => None,
        }
    }

    /// True once it will not change by itself any more.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending { .. } | Self::Running)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_older_versions_wrote_them() {
        let cases = [
            (r#"{"state":"running"}"#, RunState::Running),
            (r#"{"state":"canceled"}"#, RunState::Canceled { sent: true }),
            (r#"{"state":"canceled","sent":false}"#, RunState::Canceled { sent: false }),
            (r#"{"state":"unknown","why":"lost"}"#, RunState::Unknown { why: "lost".into() }),
        ];
        for (text, expected) in cases {
            assert_eq!(serde_json::from_str::<RunState>(text).unwrap(), expected, "{text}");
        }
    }
}
