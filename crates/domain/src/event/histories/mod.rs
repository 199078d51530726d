//! The promises of [`super`], kept over random histories of each kind of item.
//!
//! A history is a sequence of true states. Each step has the partial snapshot that a webhook would bring, and the events
//! that a witness would report, by a model without joins. Polls bring the full state of any step.

mod approval;
mod build;
mod history;
mod incident;
mod pull_request;

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::{Change, EventName, compare, missed};
use crate::item::{BuildRun, BuildStatus, Detail, Item, examples::at};
use history::{EventKey, History};

/// Makes a history of dice.
type Author = fn(&[(u8, u8)]) -> History;

/// What the engine does with snapshots: keeps the item, and each event once.
#[derive(Default)]
struct Store {
    item: Option<Item>,
    events: Vec<EventKey>,
    /// How often the unique column had to step in.
    twice: usize,
}

impl Store {
    fn save(&mut self, snapshot: &Item) -> Change {
        let change = compare(self.item.as_ref(), snapshot.clone());
        assert_eq!(change.changed, self.item.as_ref() != Some(&change.item));
        assert!(change.changed || change.transitions.is_empty(), "no event without a change");
        let again = compare(Some(&change.item), snapshot.clone());
        assert!(!again.changed && again.transitions.is_empty(), "the same again says nothing new");
        self.keep(change)
    }

    /// It is absent from a complete listing of that minute.
    fn miss(&mut self, minute: i64) {
        let Some(item) = &self.item else { return };
        if let Some(change) = missed(item, at(minute)) {
            let again = missed(&change.item, at(minute + 1)).expect("an incident");
            assert!(!again.changed && again.transitions.is_empty(), "an end is inferred once");
            self.keep(change);
        }
    }

    fn keep(&mut self, change: Change) -> Change {
        for transition in &change.transitions {
            let event = (transition.name, transition.distinct.clone());
            match self.events.contains(&event) {
                true => self.twice += 1,
                false => self.events.push(event),
            }
        }
        self.item = Some(change.item.clone());
        change
    }

    fn save_all<'a>(snapshots: impl IntoIterator<Item = &'a Item>) -> Self {
        let mut store = Self::default();
        for snapshot in snapshots {
            store.save(snapshot);
        }
        store
    }
}

/// What a random history and its delivery are made of; each kind reads it in its own way.
#[derive(Debug, Clone)]
struct Dice {
    steps: Vec<(u8, u8)>,
    polls: Vec<u8>,
    order: Vec<u16>,
}

fn dice() -> impl Strategy<Value = Dice> {
    (vec(any::<(u8, u8)>(), 1..30), vec(any::<u8>(), 0..8), vec(any::<u16>(), 120))
        .prop_map(|(steps, polls, order)| Dice { steps, polls, order })
}

const KINDS: [Author; 5] =
    [build::serial, build::with_second_thoughts, pull_request::history, incident::history, approval::history];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Lasting facts are reported once, nothing is reported twice, and the state is the true one, in whatever order and however
    /// often a complete set of snapshots arrives.
    #[test]
    fn any_order(dice in dice()) {
        for history in KINDS.map(|of| of(&dice.steps)) {
            let snapshots = history.snapshots(&dice.polls);
            let count = snapshots.len();
            // Each once, and some two or three times.
            let mut deliveries: Vec<_> = (0..3 * count)
                .filter(|turn| *turn < count || dice.order[*turn] % 4 == 0)
                .map(|turn| (dice.order[turn], snapshots[turn % count]))
                .collect();
            deliveries.sort_by_key(|(order, _)| *order);
            let store = Store::save_all(deliveries.into_iter().map(|(_, snapshot)| snapshot));

            prop_assert_eq!(store.twice, 0, "reported twice");
            for (index, is_it) in history.lasting.iter().enumerate() {
                let count = store.events.iter().filter(|event| is_it(event)).count();
                prop_assert_eq!(count, 1, "lasting fact {} in {:?}", index, &store.events);
            }
            let truth = history.steps.last().map(|step| step.poll.clone());
            prop_assert_eq!(&store.item, &truth);
        }
    }

    /// Wherever listings lack it in between, in whatever order the snapshots arrive: the next sighting makes the state that
    /// the snapshots alone make, and nothing is reported twice.
    #[test]
    fn missed_in_between(dice in dice()) {
        let history = incident::history(&dice.steps);
        let snapshots = history.snapshots(&dice.polls);
        let (mut store, mut seen) = (Store::default(), Store::default());
        for (minute, order) in (1_000..).step_by(10).zip(&dice.order) {
            let snapshot = snapshots[usize::from(*order) % snapshots.len()];
            if order / 64 % 3 == 0 {
                store.miss(minute);
            } else {
                store.save(snapshot);
                seen.save(snapshot);
            }
        }
        for snapshot in snapshots {
            store.save(snapshot);
            seen.save(snapshot);
        }
        prop_assert_eq!(&store.item, &seen.item);
        prop_assert_eq!(store.twice, 0, "reported twice");
        for lasting in seen.events.iter().filter(|(name, _)| *name == EventName::Escalated) {
            prop_assert!(store.events.contains(lasting), "{:?} is missing in {:?}", lasting, store.events);
        }
    }

    /// Webhooks in order, with any snapshots of the past in between, give exactly what a witness reports.
    #[test]
    fn in_order(dice in dice()) {
        for history in KINDS.map(|of| of(&dice.steps)) {
            let mut store = Store::default();
            let mut past: Vec<&Item> = Vec::new();
            for (step, order) in history.steps.iter().zip(&dice.order) {
                store.save(&step.hook);
                past.extend([&step.hook, &step.poll]);
                for late in 0..usize::from(order % 3) {
                    store.save(past[usize::from(order / 3).wrapping_add(late * 7) % past.len()]);
                }
            }
            prop_assert_eq!(&store.events, &history.events());
            prop_assert_eq!(store.twice, 0);
        }
    }

    /// Webhooks and polls, each in order, run ahead of each other as they like: nothing is reported that a witness would not
    /// report, nothing lasting is missing, and builds that run one after the other are judged as a witness judges them.
    #[test]
    fn two_streams(dice in dice()) {
        for (kind, history) in KINDS.map(|of| of(&dice.steps)).into_iter().enumerate() {
            let mut polls: Vec<_> = dice.polls.iter().map(|poll| usize::from(*poll) % history.steps.len()).collect();
            polls.sort_unstable();
            let mut polls = polls.into_iter().map(|at| &history.steps[at].poll).peekable();
            let mut hooks = history.steps.iter().map(|step| &step.hook).peekable();
            let mut store = Store::default();
            for order in dice.order.iter().cycle() {
                let next = if order % 3 == 0 { polls.next().or_else(|| hooks.next()) } else { hooks.next().or_else(|| polls.next()) };
                let Some(snapshot) = next else { break };
                for _ in 0..=order / 3 % 2 {
                    store.save(snapshot);
                }
            }
            prop_assert_eq!(store.twice, 0);
            let events = history.events();
            for (name, _) in &store.events {
                // Whoever did not see the end in between sees it let go where it began again.
                let same = |name: EventName| match name {
                    EventName::Unacknowledged => EventName::Triggered,
                    name => name,
                };
                let count = |events: &[EventKey]| events.iter().filter(|(other, _)| same(*other) == same(*name)).count();
                // Whoever comes late sees only a run's second thought.
                let second_thoughts = kind == 1;
                prop_assert!(second_thoughts || count(&store.events) <= count(&events), "{:?} too often", name);
            }
            for is_it in &history.lasting {
                prop_assert_eq!(store.events.iter().filter(|event| is_it(event)).count(), 1);
            }
            if kind == 0 {
                let verdicts = |events: &[EventKey]| events.iter().filter(|(name, _)| *name > EventName::Running).cloned().collect::<Vec<_>>();
                prop_assert_eq!(verdicts(&store.events), verdicts(&events));
            }
        }
    }

    /// Whatever is lost, repeated or late, a run is judged by the nearest older verdict that was known by then.
    #[test]
    fn verdicts_are_judged_by_what_is_known(dice in dice()) {
        let history = build::overlapping(&dice.steps);
        let snapshots = history.snapshots(&dice.polls);
        let mut known: BTreeMap<(u64, u32), BuildStatus> = BTreeMap::new();
        let mut store = Store::default();
        for order in &dice.order {
            let snapshot = snapshots[usize::from(*order) % snapshots.len()];
            let last = known.keys().next_back().map(|(number, _)| *number);
            for run in runs(snapshot).iter().filter(|run| run.status.is_verdict()) {
                known.insert((run.number, run.attempt), run.status);
            }
            for transition in store.save(snapshot).transitions {
                let (number, attempt) = transition.distinct.split_once('.').unwrap();
                let place: (u64, u32) = (number.parse().unwrap(), attempt.parse().unwrap());
                let overtaken = last.is_some_and(|last| last > place.0);
                prop_assert!(!overtaken || place.1 == 1, "{:?}", transition);
                let before = known.range(..place).next_back().map(|(_, status)| *status);
                let expected = match (known.get(&place), before == Some(BuildStatus::Failed)) {
                    (Some(BuildStatus::Passed), true) if !overtaken => EventName::Fixed,
                    (Some(BuildStatus::Passed), _) => EventName::Passed,
                    (Some(BuildStatus::Failed), true) => EventName::StillFailing,
                    (Some(BuildStatus::Failed), false) => EventName::Failed,
                    _ => continue,
                };
                prop_assert_eq!(transition.name, expected);
            }
        }
        prop_assert_eq!(store.twice, 0);
    }

    /// Two histories that contradict each other at every version, mixed: nothing holds but that it goes on.
    #[test]
    fn contradictions_do_no_harm(one in dice(), other in dice()) {
        for of in KINDS {
            let (one, other) = (of(&one.steps), of(&other.steps));
            let mut snapshots = one.snapshots(&[]);
            snapshots.extend(other.snapshots(&[]));
            let mut store = Store::default();
            for order in snapshots.clone().into_iter().chain(snapshots.into_iter().rev()) {
                store.save(order);
            }
        }
    }
}

fn runs(item: &Item) -> &[BuildRun] {
    match &item.detail {
        Detail::Build(build) => &build.runs,
        Detail::PullRequest(_) | Detail::Incident(_) | Detail::Approval(_) => &[],
    }
}
