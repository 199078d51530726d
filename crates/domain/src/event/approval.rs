//! Approvals: how they are joined, and which events a new state makes.

use std::cmp::Ordering;

use super::{
    join::{Order, canonicalise_list, join_lists, later},
    name::EventName,
    transition::Transition,
};
use crate::{
    item::{ANSWERS_KEPT, Answer, Approval, ApprovalDecision, ApprovalState, AsOf, Item, User},
    text::listed,
};

/// True where both are the same request. One that does not say when it was asked is the one that is known.
fn is_same_request(one: &Approval, other: &Approval) -> bool {
    one.asked_at == other.asked_at || one.asked_at.is_none() || other.asked_at.is_none()
}

/// A later request is newer; of one request the later version, and on a tie the further state. If that does not decide
/// either, or the order is known, the later received.
pub(super) fn is_newer(old: &Approval, new: &Approval, order: Order) -> bool {
    if !is_same_request(old, new) {
        return new.asked_at > old.asked_at;
    }
    let version =
        |approval: &Approval| (approval.updated_at, (order == Order::Unknown).then_some(approval.state));
    version(new) >= version(old)
}

/// What waits was ended by nobody; each person has one answer.
pub(super) fn canonicalise(approval: &mut Approval) {
    if approval.waits() {
        (approval.ended_by, approval.ended_why) = (None, None);
    }
    if let Some(answers) = &mut approval.answers {
        canonicalise_list(answers, ANSWERS_KEPT, by_person, |one, other| last(one, other, Order::Unknown));
    }
}

/// The state is a register by the service's version, whatever may change is one by its own time, and answers are a set, so that
/// what a thinner report leaves out is not forgotten. What does not change is known once any report has given it.
pub(super) fn join(old: &Approval, mut new: Approval, order: Order) -> Approval {
    let newer = is_newer(old, &new, order);
    if !is_same_request(old, &new) {
        return if newer { new } else { old.clone() };
    }
    let answers = match (&old.answers, new.answers.take()) {
        (Some(old), Some(new)) => {
            Some(join_lists(old, new, ANSWERS_KEPT, by_person, |one, other| last(one, other, order)))
        }
        (old, new) => new.or_else(|| old.clone()),
    };
    let needed = last_known(&old.needed, &new.needed, order);
    let expires_at = last_known(&old.expires_at, &new.expires_at, order);
    let approvers = last_known(&old.approvers, &new.approvers, order);
    let account_may = last_known(&old.account_may, &new.account_may, order);
    let conditions = last_known(&old.conditions, &new.conditions, order);
    let ships = last_known(&old.ships, &new.ships, order);
    let (mut winner, other) = if newer { (new, old) } else { (old.clone(), &new) };
    // Two reports of one end: either may name who brought it about.
    if (winner.updated_at, winner.state) == (other.updated_at, other.state) {
        fill(&mut winner.ended_by, &other.ended_by);
        fill(&mut winner.ended_why, &other.ended_why);
    }
    if winner.repo.is_empty() {
        winner.repo.clone_from(&other.repo);
    }
    fill(&mut winner.environment, &other.environment);
    fill(&mut winner.asked_by, &other.asked_by);
    fill(&mut winner.asked_at, &other.asked_at);
    fill(&mut winner.commit, &other.commit);
    fill(&mut winner.arguments, &other.arguments);
    fill(&mut winner.questions, &other.questions);
    fill(&mut winner.description, &other.description);
    Approval { needed, expires_at, approvers, account_may, answers, conditions, ships, ..winner }
}

fn fill<T: Clone>(known: &mut Option<T>, other: &Option<T>) {
    if known.is_none() {
        known.clone_from(other);
    }
}

fn last_known<T: Ord + Clone>(old: &Option<AsOf<T>>, new: &Option<AsOf<T>>, order: Order) -> Option<AsOf<T>> {
    later(old.as_ref(), new.as_ref(), |it| it.at, order).cloned()
}

fn by_person(one: &Answer, other: &Answer) -> Ordering {
    one.by.id.cmp(&other.by.id)
}

/// A person's latest answer.
fn last(one: &Answer, other: Answer, order: Order) -> Answer {
    later(Some(one), Some(&other), |answer| answer.at, order).cloned().unwrap_or(other)
}

/// The first sighting of a request reports that it was asked, whatever its state by then: a reader of its end should
/// have read of its beginning. What waits again after its end is reported as asked again.
pub(super) fn transitions(old: Option<&Approval>, new: &Approval, item: &Item) -> Vec<Transition> {
    let old = old.filter(|old| is_same_request(old, new));
    let before = old.map(|old| old.state);
    let subject = subject(new, item);
    let round = new.asked_at.map(|at| at.to_string()).unwrap_or_default();
    let version = format!("{round} {}", new.updated_at);
    let asker = new.asked_by.as_ref().map(|by| by.name.as_str());
    let mut found = Vec::new();
    let mut report = |name, at, by, distinct, summary| {
        found.push(Transition { at, by, distinct, ..Transition::new(name, summary) });
    };
    let asks = |again: &str| match asker {
        Some(asker) => format!("{asker} asks {again}for approval: {subject}"),
        None => format!("Approval is asked {again}for: {subject}"),
    };
    match before {
        None => report(EventName::Requested, new.asked_at, new.asked_by.clone(), round, asks("")),
        Some(before) if new.waits() && before != ApprovalState::Waiting => {
            let by = new.asked_by.clone();
            report(EventName::Requested, new.changed_at(), by, version.clone(), asks("again "));
        }
        Some(_) => {}
    }
    let Some(name) = new.state.end().filter(|_| before != Some(new.state)) else { return found };
    let (by, why) = (ended_by(new), new.ended_why.as_deref());
    let why = why.map_or_else(String::new, |why| format!(": {why}"));
    let summary = match new.state {
        ApprovalState::Waiting => return found,
        ApprovalState::Approved => match approvers(new).as_slice() {
            [] => format!("{subject} was approved{why}"),
            names => format!("{} approved: {subject}{why}", listed(names)),
        },
        ApprovalState::Denied => match &by {
            Some(by) => format!("{} said no: {subject}{why}", by.name),
            None => format!("{subject} was denied{why}"),
        },
        ApprovalState::Expired => format!("{subject} expired without an answer{why}"),
        ApprovalState::Superseded => format!("{subject} was superseded{why}"),
    };
    report(name, new.changed_at(), by, version, summary);
    found
}

impl ApprovalState {
    /// The event by which a request comes to this state; `None` where it waits.
    pub(crate) fn end(self) -> Option<EventName> {
        match self {
            Self::Waiting => None,
            Self::Approved => Some(EventName::Approved),
            Self::Denied => Some(EventName::Denied),
            Self::Expired => Some(EventName::Expired),
            Self::Superseded => Some(EventName::Superseded),
        }
    }
}

/// Who ended it: as the service says, else whose answer it was, where it can only have been theirs.
fn ended_by(approval: &Approval) -> Option<User> {
    let decisive = match approval.state {
        ApprovalState::Approved => ApprovalDecision::Approved,
        ApprovalState::Denied => ApprovalDecision::Denied,
        ApprovalState::Waiting | ApprovalState::Expired | ApprovalState::Superseded => {
            return approval.ended_by.clone();
        }
    };
    let mut answers = approval.answers.iter().flatten().filter(|answer| answer.decision == decisive);
    let only = answers.next().filter(|_| answers.next().is_none()).map(|answer| answer.by.clone());
    approval.ended_by.clone().or(only)
}

/// The names of those who approved, the last one included.
fn approvers(approval: &Approval) -> Vec<&str> {
    let mut names: Vec<_> =
        approval.given().unwrap_or_default().into_iter().map(|answer| answer.by.name.as_str()).collect();
    if let Some(last) = approval.ended_by.as_ref().map(|by| by.name.as_str())
        && !names.contains(&last)
    {
        names.push(last);
    }
    names
}

/// What people call it: "Deploy web to production".
fn subject(approval: &Approval, item: &Item) -> String {
    let environment = approval.environment.as_deref().unwrap_or_default();
    match (item.given_title(), environment) {
        ("", "") => item.reference().to_owned(),
        ("", environment) => format!("{} in {environment}", approval.repo).trim_start().to_owned(),
        (title, "") => title.to_owned(),
        (title, environment) if title.contains(environment) => title.to_owned(),
        (title, environment) => format!("{title} in {environment}"),
    }
}
