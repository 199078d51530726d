//! The promises of [`super`], kept over random histories of each kind of item.
//!
//! A history is a sequence of true states. Each step has the partial snapshot that a webhook would bring, and the events
//! that a witness would tell, by a model that knows nothing of joins. Polls bring the full state of any step.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::{Change, EventName, compare};
use crate::item::{
    BuildRun, BuildStatus, Checks, ChecksStatus, Detail, Incident, IncidentStatus, Item, PullRequestState,
    RUNS_KEPT, Verdict,
    examples::{at, build, incident, kim, pull_request, review, run},
};

/// What tells an event from all others of its item.
type Told = (EventName, String);

struct Step {
    /// The whole truth after the step.
    poll: Item,
    /// What a webhook says of it.
    hook: Item,
    /// What a witness tells.
    told: Vec<Told>,
}

struct History {
    steps: Vec<Step>,
    /// Facts that never go away: each must be told by exactly one event, whatever the order.
    lasting: Vec<Box<dyn Fn(&Told) -> bool>>,
}

impl History {
    fn told(&self) -> Vec<Told> {
        self.steps.iter().flat_map(|step| step.told.clone()).collect()
    }

    /// A complete set of snapshots: every webhook, some polls, and the last state.
    fn snapshots(&self, polls: &[u8]) -> Vec<&Item> {
        let polls = polls.iter().map(|poll| &self.steps[usize::from(*poll) % self.steps.len()].poll);
        let last = self.steps.last().map(|step| &step.poll);
        self.steps.iter().map(|step| &step.hook).chain(polls).chain(last).collect()
    }
}

/// What the engine does with snapshots: keeps the item, and each event once.
#[derive(Default)]
struct Store {
    item: Option<Item>,
    told: Vec<Told>,
    /// How often the unique column had to step in.
    twice: usize,
}

impl Store {
    fn save(&mut self, snapshot: &Item) -> Change {
        let change = compare(self.item.as_ref(), snapshot.clone(), &kim());
        assert_eq!(change.changed, self.item.as_ref() != Some(&change.item));
        assert!(change.changed || change.transitions.is_empty(), "no event without a change");
        let again = compare(Some(&change.item), snapshot.clone(), &kim());
        assert!(!again.changed && again.transitions.is_empty(), "the same again says nothing new");
        for transition in &change.transitions {
            let told = (transition.name, transition.distinct.clone());
            match self.told.contains(&told) {
                true => self.twice += 1,
                false => self.told.push(told),
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

const KINDS: [fn(&[(u8, u8)]) -> History; 4] =
    [build_history, build_history_with_second_thoughts, pull_request_history, incident_history];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Lasting facts are told once, nothing is told twice, and the state is the true one, in whatever order and however
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

            prop_assert_eq!(store.twice, 0, "told twice");
            for (index, is_it) in history.lasting.iter().enumerate() {
                let count = store.told.iter().filter(|told| is_it(told)).count();
                prop_assert_eq!(count, 1, "lasting fact {} in {:?}", index, &store.told);
            }
            let truth = history.steps.last().map(|step| step.poll.clone());
            prop_assert_eq!(&store.item, &truth);
        }
    }

    /// Webhooks in order, with any snapshots of the past in between, give exactly what a witness tells.
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
            prop_assert_eq!(&store.told, &history.told());
            prop_assert_eq!(store.twice, 0);
        }
    }

    /// Webhooks and polls, each in order, run ahead of each other as they like: nothing is told that a witness would not
    /// tell, nothing lasting is missing, and builds that run one after the other are judged as a witness judges them.
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
            let told = history.told();
            for (name, _) in &store.told {
                let count = |told: &[Told]| told.iter().filter(|(other, _)| other == name).count();
                // Whoever comes late sees only a run's second thought.
                let second_thoughts = kind == 1;
                prop_assert!(second_thoughts || count(&store.told) <= count(&told), "{:?} too often", name);
            }
            for is_it in &history.lasting {
                prop_assert_eq!(store.told.iter().filter(|told| is_it(told)).count(), 1);
            }
            if kind == 0 {
                let verdicts = |told: &[Told]| told.iter().filter(|(name, _)| *name > EventName::Running).cloned().collect::<Vec<_>>();
                prop_assert_eq!(verdicts(&store.told), verdicts(&told));
            }
        }
    }

    /// Whatever is lost, repeated or late, a run is judged by the nearest older verdict that was known by then.
    #[test]
    fn verdicts_are_judged_by_what_is_known(dice in dice()) {
        let history = build_history_overlapping(&dice.steps);
        let snapshots = history.snapshots(&dice.polls);
        let mut known: BTreeMap<(u64, u32), BuildStatus> = BTreeMap::new();
        let mut store = Store::default();
        for order in &dice.order {
            let snapshot = snapshots[usize::from(*order) % snapshots.len()];
            for run in runs(snapshot).iter().filter(|run| run.status.is_verdict()) {
                known.insert((run.number, run.attempt), run.status);
            }
            for transition in store.save(snapshot).transitions {
                let (number, attempt) = transition.distinct.split_once('.').unwrap();
                let place = (number.parse().unwrap(), attempt.parse().unwrap());
                let before = known.range(..place).next_back().map(|(_, status)| *status);
                let expected = match (known.get(&place), before == Some(BuildStatus::Failed)) {
                    (Some(BuildStatus::Passed), true) => EventName::Fixed,
                    (Some(BuildStatus::Passed), false) => EventName::Passed,
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
        Detail::PullRequest(_) | Detail::Incident(_) => &[],
    }
}

/// One run after the other.
fn build_history(dice: &[(u8, u8)]) -> History {
    history_of_runs(dice, true, false)
}

/// Runs overlap and end in any order.
fn build_history_overlapping(dice: &[(u8, u8)]) -> History {
    history_of_runs(dice, false, false)
}

/// Runs overlap, and the service may change its mind about a verdict, once.
fn build_history_with_second_thoughts(dice: &[(u8, u8)]) -> History {
    history_of_runs(dice, false, true)
}

fn history_of_runs(dice: &[(u8, u8)], serial: bool, second_thoughts: bool) -> History {
    let mut runs: Vec<BuildRun> = Vec::new();
    let mut thought_again = Vec::new();
    let mut steps = Vec::new();
    for (tick, (what, how)) in (0..).zip(dice) {
        let under_way: Vec<_> = (0..runs.len()).filter(|at| !runs[*at].status.is_final()).collect();
        let ended =
            (0..runs.len()).find(|at| runs[*at].status.is_final() && !thought_again.contains(&runs[*at].id));
        let mut told = Vec::new();
        let index = match (under_way.is_empty(), ended) {
            (_, Some(index)) if second_thoughts && what % 8 == 7 => {
                thought_again.push(runs[index].id.clone());
                let others = [BuildStatus::Canceled, BuildStatus::Passed, BuildStatus::Failed];
                let other = others
                    .into_iter()
                    .filter(|status| *status != runs[index].status)
                    .nth(usize::from(how % 2));
                runs[index].status = other.unwrap();
                index
            }
            (empty, _) if empty || (!serial && what % 3 == 0) => {
                if runs.len() == RUNS_KEPT {
                    break;
                }
                let newest = runs.first().map_or((0, 1), |run| (run.number, run.attempt));
                let (number, attempt) =
                    if what % 5 == 0 && newest.0 > 0 { (newest.0, newest.1 + 1) } else { (newest.0 + 1, 1) };
                let status = if how % 3 == 0 { BuildStatus::Running } else { BuildStatus::Queued };
                let mut new = run(number, status);
                (new.id, new.attempt) = (format!("{number}.{attempt}"), attempt);
                new.commit = Some(format!("c{number}"));
                new.subject = Some(format!("Change {number}"));
                runs.insert(0, new);
                0
            }
            _ => {
                let index = under_way[usize::from(*how) % under_way.len()];
                runs[index].status = match (runs[index].status, what % 8) {
                    (BuildStatus::Queued, 1..) => BuildStatus::Running,
                    (_, 0) => BuildStatus::Canceled,
                    (_, 1..4) => BuildStatus::Passed,
                    _ => BuildStatus::Failed,
                };
                index
            }
        };
        let was_red = runs[index + 1..]
            .iter()
            .find(|run| run.status.is_verdict())
            .is_some_and(|run| run.status == BuildStatus::Failed);
        let run = &mut runs[index];
        run.at = Some(at(tick));
        if run.status == BuildStatus::Running {
            run.started_at = run.at;
        }
        run.failing =
            if run.status == BuildStatus::Failed { vec!["lint".into(), "unit".into()] } else { Vec::new() };
        let name = match run.status {
            BuildStatus::Queued => EventName::Queued,
            BuildStatus::Running => EventName::Running,
            BuildStatus::Canceled => EventName::Canceled,
            BuildStatus::Passed if was_red => EventName::Fixed,
            BuildStatus::Passed => EventName::Passed,
            BuildStatus::Failed if was_red => EventName::StillFailing,
            BuildStatus::Failed => EventName::Failed,
        };
        if !thought_again.contains(&run.id) && (run.status.is_final() || index == 0) {
            told.push((name, run.id.clone()));
        }
        // A second thought without a time can't be told from the first one arriving late.
        let hook = partial(run.clone(), if second_thoughts { how & !1 } else { *how });
        steps.push(Step { hook: build(vec![hook]), poll: build(runs.clone()), told });
    }
    let ended = runs.into_iter().filter(|run| run.status.is_final()).map(|run| run.id);
    let lasting = ended.map(|id| -> Box<dyn Fn(&Told) -> bool> {
        Box::new(move |(name, distinct)| *name > EventName::Running && *distinct == id)
    });
    History { steps, lasting: lasting.collect() }
}

/// A webhook does not tell everything.
fn partial(mut run: BuildRun, missing: u8) -> BuildRun {
    let has = |bit: u8| missing & (1 << bit) == 0;
    run.at = run.at.filter(|_| has(0));
    run.started_at = run.started_at.filter(|_| has(1));
    run.commit = run.commit.filter(|_| has(2));
    run.author = run.author.filter(|_| has(3));
    run.subject = run.subject.filter(|_| has(4));
    run.failing.retain(|job| has(5) || job == "unit");
    run
}

fn pull_request_history(dice: &[(u8, u8)]) -> History {
    let mut steps: Vec<Step> = Vec::new();
    let me = kim();
    let mut now = None;
    for (tick, (what, how)) in (0..).zip(dice) {
        let time = at(tick);
        let Some(before) = now.take() else {
            let author = if what % 8 == 0 { "kim" } else { "ana" };
            let item = pull_request(|p| p.author = author.into());
            now = Some(item.clone());
            let told = vec![(EventName::Opened, at(0).to_string())];
            steps.push(Step { poll: item.clone(), hook: item, told });
            continue;
        };
        let mut item: Item = before;
        let Detail::PullRequest(p) = &mut item.detail else { unreachable!() };
        let who = ["kim", "bo", "cy"][usize::from(how % 3)];
        let (open, asked) = (p.state == PullRequestState::Open, p.asks(&me));
        let mut told: Vec<Told> = Vec::new();
        let (mut said_review, mut said_checks) = (None, None);
        let legal = match what % 12 {
            0 if open => {
                (p.head, p.checks) = (format!("c{tick}"), None);
                true
            }
            verdict @ 1..=3 => {
                let verdict = [Verdict::Commented, Verdict::Approved, Verdict::ChangesRequested]
                    [usize::from(verdict) - 1];
                let given = review(who, tick, verdict);
                let name = match verdict {
                    Verdict::Approved => Some(EventName::Approved),
                    Verdict::ChangesRequested => Some(EventName::ChangesRequested),
                    Verdict::Commented | Verdict::Dismissed => None,
                };
                told.extend(name.map(|name| (name, format!("{who} {time}"))));
                p.requested.remove(who);
                p.reviews.insert(0, given.clone());
                said_review = Some(given);
                true
            }
            4 => match p
                .reviews
                .iter_mut()
                .filter(|r| r.verdict == Verdict::Approved)
                .nth(usize::from(how % 2))
            {
                Some(taken_back) => {
                    taken_back.verdict = Verdict::Dismissed;
                    said_review = Some(taken_back.clone());
                    true
                }
                None => false,
            },
            5 => p.requested.insert(["kim", "bo", "team/web"][usize::from(how % 3)].into()),
            6 => p.requested.remove(["kim", "bo", "team/web"][usize::from(how % 3)]),
            // What ends while it is closed is news to nobody, or to whoever sees it first when it is open again.
            7 | 8 if p.state != PullRequestState::Closed => {
                let status =
                    [ChecksStatus::Pending, ChecksStatus::Passed, ChecksStatus::Failed][usize::from(how % 3)];
                let name = [None, Some(EventName::ChecksPassed), Some(EventName::ChecksFailed)]
                    [usize::from(how % 3)];
                let turned = p.checks.as_ref().is_none_or(|checks| checks.status != status);
                told.extend(name.filter(|_| open && turned).map(|name| (name, format!("{} {time}", p.head))));
                let failing = if status == ChecksStatus::Failed { vec!["lint".into()] } else { Vec::new() };
                p.checks = Some(Checks { commit: p.head.clone(), status, failing, at: time });
                said_checks = p.checks.clone();
                true
            }
            9 if p.state == PullRequestState::Closed => {
                (p.state, p.ended_at) = (PullRequestState::Open, None);
                told.push((EventName::Opened, time.to_string()));
                true
            }
            9 if open => {
                (p.state, p.ended_at) = (PullRequestState::Closed, Some(time));
                told.push((EventName::Closed, time.to_string()));
                true
            }
            10 if open && how % 4 == 0 => {
                (p.state, p.ended_at, p.merged_by) = (PullRequestState::Merged, Some(time), Some(who.into()));
                told.push((EventName::Merged, String::new()));
                true
            }
            10 => {
                p.draft = !p.draft;
                true
            }
            _ => true,
        };
        if legal {
            if said_checks.is_none() {
                p.updated_at = time;
            }
            if !asked && p.asks(&me) {
                told.push((EventName::ReviewRequested, time.to_string()));
            }
            let mut hook = p.clone();
            hook.reviews = said_review.into_iter().collect();
            hook.checks = said_checks;
            hook.merged_by = hook.merged_by.filter(|_| how % 8 != 0);
            let hook = Item { detail: Detail::PullRequest(hook), ..item.clone() };
            steps.push(Step { poll: item.clone(), hook, told });
        }
        now = Some(item);
    }
    let mut lasting: Vec<Box<dyn Fn(&Told) -> bool>> = Vec::new();
    let Some(Item { detail: Detail::PullRequest(last), .. }) = now else { unreachable!() };
    for review in last.reviews {
        let name = match review.verdict {
            Verdict::Approved => EventName::Approved,
            Verdict::ChangesRequested => EventName::ChangesRequested,
            Verdict::Commented | Verdict::Dismissed => continue,
        };
        let expected = (name, format!("{} {}", review.by, review.at));
        lasting.push(Box::new(move |told| *told == expected));
    }
    match (last.state, last.ended_at) {
        (PullRequestState::Merged, _) => lasting.push(Box::new(|(name, _)| *name == EventName::Merged)),
        (PullRequestState::Closed, Some(ended)) => {
            lasting.push(Box::new(move |told| *told == (EventName::Closed, ended.to_string())));
        }
        _ => {}
    }
    History { steps, lasting }
}

fn incident_history(dice: &[(u8, u8)]) -> History {
    let mut steps: Vec<Step> = Vec::new();
    let mut reopened = false;
    let mut now = incident(|i| i.description = Some("See the runbook".into()));
    let mut last = None;
    for (tick, (what, how)) in (0..).zip(dice) {
        let time = at(tick);
        let Detail::Incident(i) = &mut now.detail else { unreachable!() };
        let (status, began) = (i.status, i.started_at);
        let mut told: Vec<Told> = Vec::new();
        let fresh = |time| (EventName::Triggered, format!("{time}"));
        let legal = match (what % 7, status) {
            _ if tick == 0 => {
                told.push(fresh(time));
                true
            }
            (0 | 1, IncidentStatus::Triggered) => {
                (i.status, i.holders) =
                    (IncidentStatus::Acknowledged, vec![["kim", "bo"][usize::from(how % 2)].into()]);
                told.push((EventName::Acknowledged, format!("{began} {time}")));
                true
            }
            (1, IncidentStatus::Acknowledged) => {
                (i.status, i.holders) = (IncidentStatus::Triggered, Vec::new());
                true
            }
            (2, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                i.escalation += 1;
                told.push((EventName::Escalated, format!("{began} {}", i.escalation)));
                true
            }
            (3, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                i.status = IncidentStatus::Resolved;
                told.push((EventName::Resolved, format!("{began} {time}")));
                true
            }
            (4, IncidentStatus::Resolved) if how % 4 == 0 => {
                (i.status, reopened) = (IncidentStatus::Triggered, true);
                told.push((EventName::Triggered, format!("{began} {time}")));
                true
            }
            (4 | 5, IncidentStatus::Resolved) => {
                *i = Incident {
                    status: IncidentStatus::Triggered,
                    started_at: time,
                    holders: Vec::new(),
                    escalation: 0,
                    ..i.clone()
                };
                reopened = false;
                told.push(fresh(time));
                true
            }
            _ => true,
        };
        if legal {
            i.updated_at = time;
            last = Some(i.clone());
            let mut hook = now.clone();
            if let Detail::Incident(i) = &mut hook.detail {
                i.description = i.description.take().filter(|_| how % 3 != 0);
            }
            steps.push(Step { poll: now.clone(), hook, told });
        }
    }
    let Some(last) = last else { unreachable!() };
    let began = last.started_at.to_string();
    let mut lasting: Vec<Box<dyn Fn(&Told) -> bool>> = Vec::new();
    let expected = (EventName::Triggered, began.clone());
    lasting.push(Box::new(move |told| *told == expected));
    if last.escalation > 0 {
        let expected = (EventName::Escalated, format!("{began} {}", last.escalation));
        lasting.push(Box::new(move |told| *told == expected));
    }
    if last.status == IncidentStatus::Resolved && !reopened {
        lasting.push(Box::new(move |(name, distinct)| {
            *name == EventName::Resolved && distinct.starts_with(&began)
        }));
    }
    History { steps, lasting }
}
