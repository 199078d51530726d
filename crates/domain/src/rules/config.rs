//! Rules as they are written in the configuration.

use serde::{Deserialize, Serialize};

/// What a rule does with an event on this desktop.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum NotifyLevel {
    /// Not shown on the board either, until something else happens to the item.
    Silence,
    /// On the board, no notification.
    Show,
    /// A notification.
    Notify,
    /// A notification that pierces quiet hours.
    Important,
}

impl NotifyLevel {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Show => "show",
            Self::Notify => "notify",
            Self::Important => "important",
        }
    }
}

/// A rule as written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, ts_rs::TS)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// What people call it.
    pub name: String,
    /// A CEL expression over `event` and `item` that says true or false.
    pub when: String,
    /// What to do on this desktop. Where it is not given: what the rules below say if this one goes on, else `show`.
    #[serde(rename = "do", default, skip_serializing_if = "Option::is_none")]
    pub action: Option<NotifyLevel>,
    /// Channels (names or addresses, maybe templates over `event` and `item`) to post the event in.
    #[serde(default)]
    pub post: Vec<String>,
    /// CEL expressions; events for which they give the same values make one notification. The item's repository where not given.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// Go on to the rules below, and add what they say.
    #[serde(default, rename = "continue")]
    pub go_on: bool,
    /// False for a rule that is switched off: it is checked like any other, and never matches. Left out where true.
    #[serde(default = "on", skip_serializing_if = "is_on")]
    #[ts(as = "Option<bool>", optional)]
    pub enabled: bool,
}

fn on() -> bool {
    true
}

fn is_on(enabled: &bool) -> bool {
    *enabled
}
