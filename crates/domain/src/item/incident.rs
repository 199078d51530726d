use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Under this name among its labels an incident carries the ids of the silences that hold it, separated by commas.
pub const SILENCE_NOTE: &str = "silence";
/// Under this the incidents that inhibit it.
pub const INHIBITED_NOTE: &str = "inhibited-by";
/// Under this that it began only when it was first seen, as far as is known.
pub const FIRST_SEEN_NOTE: &str = "first-seen";
/// Under this the names of the labels that are not there as they are.
pub const CUT_NOTE: &str = "cut-labels";

/// An alert or incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Incident {
    /// The service or alert rule that it is about.
    pub service: String,
    /// How bad.
    pub severity: Severity,
    /// How far.
    pub status: IncidentStatus,
    /// When this occurrence began. The same alert firing again later is a later occurrence of the same item.
    pub started_at: Timestamp,
    /// When the service last changed it: within one occurrence the newer one wins, and on a tie the further status.
    pub updated_at: Timestamp,
    /// Who has it: acknowledged it, silenced it, or is assigned.
    pub holders: Vec<String>,
    /// Until when it is held (a silence's end), where that is limited.
    pub held_until: Option<Timestamp>,
    /// How many times it has been escalated.
    pub escalation: u32,
    /// Where nothing but its absence says that it is over: a listing that should have it lacks it. The next sighting of it
    /// outranks that. No service reports this; it is made by [`crate::event::missed`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub inferred_end: Option<InferredEnd>,
    /// More text, in the service's words.
    pub description: Option<String>,
    /// The service's labels, and notes that its actions need (such as [`SILENCE_NOTE`]): see [`Incident::own_labels`].
    pub labels: BTreeMap<String, String>,
}

/// An end that was inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct InferredEnd {
    /// Since when it is missed: when the listing was asked for, by our clock.
    pub since: Timestamp,
    /// How far it was when it was last seen.
    pub was: IncidentStatus,
}

impl Incident {
    /// As it was last seen: without what was only inferred.
    pub fn as_seen(mut self) -> Self {
        if let Some(end) = self.inferred_end.take() {
            self.status = end.was;
        }
        self
    }

    /// The service's own labels, without our notes: what a person is shown.
    pub fn own_labels(&self) -> impl Iterator<Item = (&String, &String)> {
        let is_note = |name: &str| [SILENCE_NOTE, INHIBITED_NOTE, FIRST_SEEN_NOTE, CUT_NOTE].contains(&name);
        self.labels.iter().filter(move |(name, _)| !is_note(name))
    }

    /// True where somebody has it at that time: acknowledged, or silenced until later.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.status == IncidentStatus::Acknowledged && self.held_until.is_none_or(|until| until > now)
    }
}

/// How far an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// Nobody has it.
    Triggered,
    /// Somebody has it.
    Acknowledged,
    /// Over.
    Resolved,
}

impl IncidentStatus {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Triggered => "triggered",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

/// How bad an incident is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// For the record.
    Info,
    /// Look at it today. Also where the service does not say.
    Warning,
    /// Look at it now.
    High,
    /// Get up.
    Critical,
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the words that services and teams use (`page`, `P1`, `sev2`, `error`, ...); unknown ones are [`Severity::Warning`].
    pub fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "critical" | "crit" | "page" | "emergency" | "fatal" | "p1" | "sev1" | "disaster" => {
                Self::Critical
            }
            "high" | "error" | "major" | "p2" | "sev2" => Self::High,
            "info" | "information" | "informational" | "none" | "low" | "p4" | "p5" | "sev4" | "debug" => {
                Self::Info
            }
            _ => Self::Warning,
        }
    }
}
