//! Rules: which event is told to whom, and why.

use serde::{Deserialize, Serialize};

/// What a rule does with an event on this desktop.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Do {
    /// Not shown on the board either, until something else happens to the item.
    Silence,
    /// On the board, no notification.
    Show,
    /// A notification.
    Notify,
    /// A notification that pierces quiet hours.
    Important,
}

/// A rule as written in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// What people call it.
    pub name: String,
    /// A CEL expression over `event` and `item` that says true or false.
    pub when: String,
    /// What to do on this desktop; `show` where it is not given.
    #[serde(rename = "do", default = "show")]
    pub action: Do,
    /// Channels (names or addresses, maybe templates over `event` and `item`) to post the event in.
    #[serde(default)]
    pub post: Vec<String>,
    /// CEL expressions; events for which they give the same values make one notification. The item's repository where not given.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// Go on to the rules below, and add what they say.
    #[serde(default, rename = "continue")]
    pub go_on: bool,
}

fn show() -> Do {
    Do::Show
}
