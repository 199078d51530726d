//! What the rules are, why they decided as they did, and what edited ones would decide.

use callboard_domain::{
    event::Event,
    item::Item,
    rules::{Decision, RuleConfig, RuleError},
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// The active rules, in their order, the built-in ones last.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RulesQuery {}

/// A rule and what it did lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RuleInfo {
    /// The rule as written.
    pub rule: RuleConfig,
    /// True for one of those that come with Callboard.
    pub builtin: bool,
    /// How many events it matched in the last 7 days.
    pub matched: u32,
    /// The latest event that it matched.
    pub last: Option<Event>,
}

/// Why was (or wasn't) I notified of this?
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RulesExplain {
    /// The event's number.
    pub event: i64,
}

/// What was decided for an event, and what would be decided now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Explanation {
    /// The event.
    pub event: Event,
    /// The item as it is now.
    pub item: Item,
    /// What was decided when it was seen.
    pub decided: Option<Decision>,
    /// What the rules of today decide, with the reason of each.
    pub now: Decision,
}

/// What other rules would have made of the latest events. Nothing is shown or posted.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RulesReplay {
    /// How many of the latest events that were decided upon; at most 1,000.
    pub last: usize,
    /// A person's own rules, to be tried in place of the active ones; `None` tries the active ones.
    pub rules: Option<Vec<RuleConfig>>,
}

/// What is wrong with one of the rules that were to be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RuleFault {
    /// Which of them, counted from 0.
    pub rule: usize,
    /// Which of its keys: `name`, `when`, `post`, `group_by`.
    pub key: String,
    /// What is wrong, with the nearest right name.
    pub what: String,
}

impl From<&RuleError> for RuleFault {
    fn from(error: &RuleError) -> Self {
        Self { rule: error.rule, key: error.key.to_owned(), what: error.message() }
    }
}

/// What would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Replay {
    /// How many events were looked at.
    pub events: usize,
    /// Those of which something else would come, the latest first.
    #[serde(rename = "otherwise")]
    pub changed: Vec<Replayed>,
}

/// An event of which something else would come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Replayed {
    /// The event.
    pub event: Event,
    /// What was decided when it was seen; where other rules are tried, what the active ones decide of the item as it is now, so
    /// that only the rules make the difference.
    pub before: Decision,
    /// What the tried rules decide, of the item as it is now.
    pub after: Decision,
}
