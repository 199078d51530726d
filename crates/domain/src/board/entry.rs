//! The input of the board: items with their context.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{identity::Identity, item::Item};

/// An item with its context.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The item.
    pub item: &'a Item,
    /// Who its account acts as.
    pub me: &'a Identity,
    /// Snoozed by a person or silenced by a rule: it needs nobody until then.
    pub snoozed: Option<Snoozed>,
}

/// How long an item is off the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Snoozed {
    /// Until it changes.
    UntilChange,
    /// Until then.
    Until(Timestamp),
}
