//! What happened to an item, before it is stored as an event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::name::EventName;
use crate::item::User;

/// Something that happened to an item, before the store has given it a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Transition {
    /// What.
    pub name: EventName,
    /// When, by the service's clock, where it says.
    pub at: Option<Timestamp>,
    /// Who did it, where the service says.
    pub by: Option<User>,
    /// See [`Event::of`](super::Event::of).
    pub of: Vec<User>,
    /// See [`Event::asked_before`](super::Event::asked_before).
    pub asked_before: Vec<String>,
    /// What distinguishes it from other transitions of that name of the same item (a run's number, a review's author and
    /// time, whom it asks and since when): with the item's key and the name it makes the natural key by which the store
    /// keeps each event once.
    pub distinct: String,
    /// One line for a person: "web main failed in unit tests after 31 green".
    pub summary: String,
}

impl Transition {
    /// At an unknown time, by an unknown user, asking nobody in particular, and reported once for each item.
    pub fn new(name: EventName, summary: String) -> Self {
        let (of, asked_before) = (Vec::new(), Vec::new());
        Self { name, at: None, by: None, of, asked_before, distinct: String::new(), summary }
    }
}
