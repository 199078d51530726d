//! A history, step by step.

use crate::{event::EventName, item::Item};

/// What distinguishes an event from all others of its item: its name, and what makes it distinct.
pub(super) type EventKey = (EventName, String);

/// True for the event that reports a lasting fact.
pub(super) type Lasting = Box<dyn Fn(&EventKey) -> bool>;

pub(super) struct Step {
    /// The whole truth after the step.
    pub(super) poll: Item,
    /// What a webhook reports of it.
    pub(super) hook: Item,
    /// What a witness reports.
    pub(super) events: Vec<EventKey>,
}

pub(super) struct History {
    pub(super) steps: Vec<Step>,
    /// Facts that never go away: each must be reported by exactly one event, whatever the order.
    pub(super) lasting: Vec<Lasting>,
}

impl History {
    pub(super) fn events(&self) -> Vec<EventKey> {
        self.steps.iter().flat_map(|step| step.events.clone()).collect()
    }

    /// A complete set of snapshots: every webhook, some polls, and the last state.
    pub(super) fn snapshots(&self, polls: &[u8]) -> Vec<&Item> {
        let polls = polls.iter().map(|poll| &self.steps[usize::from(*poll) % self.steps.len()].poll);
        let last = self.steps.last().map(|step| &step.poll);
        self.steps.iter().map(|step| &step.hook).chain(polls).chain(last).collect()
    }
}
