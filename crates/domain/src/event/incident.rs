//! Incidents: how they are joined, and which events a new state makes.

use std::{cmp::Ordering, collections::BTreeSet};

use jiff::Timestamp;

use super::{
    join::{Order, later},
    name::EventName,
    transition::Transition,
};
use crate::{
    item::{ESCALATIONS_KEPT, Hold, Incident, IncidentStatus, InferredEnd, Item, Severity},
    text::listed,
};

/// True where both are of the same occurrence. A snapshot without a beginning is of the occurrence that is known.
fn is_same_occurrence(one: &Incident, other: &Incident) -> bool {
    one.started_at == other.started_at || one.began().is_none() || other.began().is_none()
}

/// When an occurrence began, and whether that is not known.
type Beginning = (Timestamp, bool);

/// True for what is listed now and is not over: whenever it began, it is no earlier occurrence.
fn is_current(new: &Incident, order: Order) -> bool {
    order == Order::Later && new.status != IncidentStatus::Resolved
}

/// True where the one that began earlier was still reported after the other had begun. Services date beginnings to the second:
/// what is of one second may have been one after the other.
fn overlap(earlier: &Incident, later: &Incident) -> bool {
    earlier.updated_at.as_second() > later.started_at.as_second()
}

/// When the occurrences of the two began. What goes on and does not say when it began is no other occurrence: without this
/// each answer that leaves the beginning out would be one. A known beginning moves back where a service joins reports of
/// one alert and keeps the earliest: two that overlap are one occurrence, and so is what is open and what is listed next as
/// begun before that.
fn beginnings(old: &Incident, new: &Incident, order: Order) -> (Beginning, Beginning) {
    let own = |incident: &Incident| (incident.started_at, incident.start_unknown);
    if old.began().is_none() || new.began().is_none() {
        return (own(old), own(new));
    }
    let goes_on = old.status != IncidentStatus::Resolved;
    // An end is of what is known.
    let is_one = goes_on || new.status == IncidentStatus::Resolved;
    let (is_current, is_earlier) = (is_current(new, order), new.started_at < old.started_at);
    match (old.start_unknown, new.start_unknown) {
        (false, true) if is_one => (own(old), own(old)),
        (true, true) if is_one => {
            let first = (old.started_at.min(new.started_at), true);
            (first, first)
        }
        // What began after it was first seen is another.
        (true, false) if is_earlier && (goes_on || old.inferred_end.is_some()) => (own(new), own(new)),
        (false, false) if is_earlier && is_current && goes_on => (own(new), own(new)),
        (false, false) if is_earlier && !is_current && overlap(new, old) => (own(new), own(new)),
        (false, false) if !is_earlier && !is_current && overlap(old, new) => (own(old), own(old)),
        _ => (own(old), own(new)),
    }
}

/// A time of the incident, where that began then: what is as of its beginning moves with that. Only where the order is known:
/// else the result would depend on it. An end stays where it is.
fn moved(time: Timestamp, incident: &Incident, (began, _): Beginning, order: Order) -> Timestamp {
    let seen = incident.inferred_end.map_or(incident.status, |end| end.was);
    match order == Order::Later && seen != IncidentStatus::Resolved && time == incident.started_at {
        true => began,
        false => time,
    }
}

/// The incident, begun then.
fn begun(incident: Incident, began: Beginning, order: Order) -> Incident {
    if began == (incident.started_at, incident.start_unknown) {
        return incident;
    }
    let moved = |time| moved(time, &incident, began, order);
    let hold = incident.hold.clone().map(|hold| Hold { at: moved(hold.at), ..hold });
    let (updated_at, released_at) = (moved(incident.updated_at), incident.released_at.map(moved));
    let (started_at, start_unknown) = began;
    Incident { started_at, start_unknown, updated_at, hold, released_at, ..incident }
}

/// A later occurrence is newer, and so is another one that is listed now; within one occurrence the later update, and on a tie
/// the further status. If that does not decide either, or the order is known, the later received. What was inferred has no
/// weight.
pub(super) fn is_newer(old: &Incident, new: &Incident, order: Order) -> bool {
    let (old_began, new_began) = beginnings(old, new, order);
    if !is_same_occurrence(old, new) && old_began.0 != new_began.0 {
        return new_began.0 > old_began.0 || is_current(new, order);
    }
    let version = |incident: &Incident, began| {
        let seen = incident.inferred_end.map_or(incident.status, |end| end.was);
        (moved(incident.updated_at, incident, began, order), (order == Order::Unknown).then_some(seen))
    };
    version(new, new_began) >= version(old, old_began)
}

/// Two sightings are joined by their versions. An inferred end holds until the incident is seen again, not over, in the
/// same occurrence or a later one, whatever that sighting's version; or until the service itself reports the end. What is
/// over and is listed again with another beginning, before or after the known one, is as it is listed.
pub(super) fn join(old: &Incident, new: Incident, order: Order) -> Incident {
    let (old_began, new_began) = beginnings(old, &new, order);
    let is_another = !is_same_occurrence(old, &new) && old_began.0 != new_began.0;
    if is_another && is_current(&new, order) {
        return new;
    }
    let new = begun(new, new_began, order);
    let dated =
        (old_began != (old.started_at, old.start_unknown)).then(|| begun(old.clone(), old_began, order));
    let old = dated.as_ref().unwrap_or(old);
    let Some(end) = old.inferred_end else { return join_seen(old, new, order) };
    let is_earlier = !is_same_occurrence(old, &new) && new.started_at < old.started_at;
    let is_sighting = !is_earlier && new.status != IncidentStatus::Resolved;
    let joined = join_seen(&old.clone().as_seen(), new, order);
    if is_sighting || joined.status == IncidentStatus::Resolved {
        joined
    } else {
        inferred(joined, end.since)
    }
}

/// The incident, missed since then; as it is where it is over.
pub(super) fn missed(seen: &Incident, since: Timestamp) -> Incident {
    match seen.status {
        IncidentStatus::Resolved => seen.clone(),
        IncidentStatus::Triggered | IncidentStatus::Acknowledged => inferred(seen.clone(), since),
    }
}

fn inferred(seen: Incident, since: Timestamp) -> Incident {
    let end = InferredEnd { since, was: seen.status };
    Incident { status: IncidentStatus::Resolved, inferred_end: Some(end), ..seen }
}

/// As it was seen. While it is not acknowledged, nobody has it: that is known as of its last change.
pub(super) fn canonicalise(incident: &mut Incident) {
    *incident = incident.clone().as_seen();
    if incident.status != IncidentStatus::Acknowledged {
        (incident.hold, incident.released_at, incident.suppressed) = (None, None, false);
    }
}

/// The latest that is known of who has it, as of when: the hold, or that nobody had it.
fn last_hold(incident: &Incident) -> Option<(Timestamp, Option<&Hold>)> {
    match (incident.status, &incident.hold) {
        (IncidentStatus::Triggered | IncidentStatus::Resolved, _) => Some((incident.updated_at, None)),
        (IncidentStatus::Acknowledged, Some(hold)) => Some((hold.at, Some(hold))),
        (IncidentStatus::Acknowledged, None) => incident.released_at.map(|at| (at, None)),
    }
}

/// Status, severity, service and labels are one register by the service's version; each other part is one by its own time. What a
/// thinner report leaves out is not forgotten: what is not known never overwrites what is. Escalations are a set.
fn join_seen(old: &Incident, new: Incident, order: Order) -> Incident {
    let newer = is_newer(old, &new, order);
    if !is_same_occurrence(old, &new) {
        return if newer { new } else { old.clone() };
    }
    let description = match (&old.description, &new.description) {
        (Some(old), None) => Some(old.clone()),
        (Some(old), Some(_)) if !newer => Some(old.clone()),
        (_, new) => new.clone(),
    };
    let mut escalations: BTreeSet<_> = old.escalations.union(&new.escalations).copied().collect();
    while escalations.len() > ESCALATIONS_KEPT {
        escalations.pop_first();
    }
    let mut escalated_by = old.escalated_by.clone();
    for (at, by) in &new.escalated_by {
        let known = escalated_by.entry(*at).or_insert_with(|| by.clone());
        // Of two for one moment the greater, so that the result does not depend on the order of arrival.
        if *known < *by {
            known.clone_from(by);
        }
    }
    escalated_by.retain(|at, _| escalations.contains(at));
    let held = match (last_hold(old), last_hold(&new)) {
        (Some((was, _)), Some((is, hold))) if order == Order::Later && was == is => Some((is, hold.cloned())),
        (old, new) => old.max(new).map(|(at, hold)| (at, hold.cloned())),
    };
    let assigned = later(old.assigned.as_ref(), new.assigned.as_ref(), |assigned| assigned.at, order);
    let assigned = assigned.cloned();
    let (started_at, start_unknown) = match old.started_at.cmp(&new.started_at) {
        Ordering::Greater => (old.started_at, old.start_unknown),
        Ordering::Less => (new.started_at, new.start_unknown),
        Ordering::Equal => (new.started_at, old.start_unknown && new.start_unknown),
    };
    let (winner, other) = if newer { (new, old) } else { (old.clone(), &new) };
    // Two reports of one change: either may name who made it.
    let same_change = winner.status == other.status && winner.updated_at == other.updated_at;
    let changed_by = winner.changed_by.clone().or_else(|| other.changed_by.clone().filter(|_| same_change));
    let is_held = winner.status == IncidentStatus::Acknowledged;
    let (hold, released_at) = match held.filter(|_| is_held) {
        Some((_, Some(hold))) => (Some(hold), None),
        Some((at, None)) => (None, Some(at)),
        None => (None, None),
    };
    let updated_at = match winner.began() {
        Some(_) => winner.updated_at,
        None => winner.updated_at.max(started_at),
    };
    let mut whole = Incident { started_at, start_unknown, updated_at, ..winner };
    fill(&mut whole, other);
    Incident { changed_by, hold, released_at, assigned, escalations, escalated_by, description, ..whole }
}

/// What the newer report does not know is taken from the other.
fn fill(winner: &mut Incident, other: &Incident) {
    if winner.service.is_empty() {
        winner.service.clone_from(&other.service);
    }
    if winner.severity == Severity::Unknown {
        winner.severity = other.severity;
    }
    winner.number = winner.number.or(other.number);
    // Every report of a service has labels, where its incidents have any: none of them is a part that was left out.
    if winner.labels.is_empty() {
        winner.labels.clone_from(&other.labels);
    }
}

/// The first sighting of an occurrence reports that it triggered, whatever its status by then: the service gives the time, and
/// a reader of its end should have read of its beginning. Where it is already over, who had it is not reported.
///
/// What comes back after its end is reported as triggered again, and what began earlier than was known is not. An escalation
/// asks other people too: that alone is not reported as another assignment.
pub(super) fn transitions(old: Option<&Incident>, new: &Incident, item: &Item) -> Vec<Transition> {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    // No earlier occurrence takes the place of what is known: that has begun before, as is known since. And what began before
    // an end, and goes on, is back.
    let is_back = |old: &Incident| old.status == Resolved && overlap(old, new);
    let old =
        old.filter(|old| is_same_occurrence(old, new) || new.started_at < old.started_at || is_back(old));
    let before = old.map(|old| old.status);
    let (began, updated) = (new.started_at, new.updated_at);
    let changed = own_time(new, updated, old.map(|old| old.updated_at));
    let subject = subject(new, item);
    let severity = match new.severity {
        Severity::Unknown => String::new(),
        known => format!(" ({})", known.name()),
    };
    let mut found = Vec::new();
    let transition =
        |name, at, by, distinct, summary| Transition { at, by, distinct, ..Transition::new(name, summary) };
    match (old, new.status) {
        (None, _) => {
            let summary = format!("{subject} triggered{severity}");
            // Where the time is not known, it is when it was seen: an event of the year 1970 would never be notified.
            let at = new.began();
            found.push(transition(EventName::Triggered, at, None, began.to_string(), summary));
        }
        (Some(over @ Incident { status: Resolved, .. }), Triggered | Acknowledged) => {
            let summary = format!("{subject} is back{severity}");
            let (at, distinct) = match over.inferred_end {
                // The service knows of no end, and so of no time when it came back.
                Some(end) => (None, format!("{began} missed {}", end.since)),
                // Its last change was before that end.
                None if updated < over.updated_at => (None, format!("{began} after {}", over.updated_at)),
                None => (changed, format!("{began} {updated}")),
            };
            found.push(transition(EventName::Triggered, at, None, distinct, summary));
        }
        (Some(held @ Incident { status: Acknowledged, .. }), Triggered) => {
            let what = match (held.is_suppressed(), held.held_until()) {
                (true, Some(_)) => "silenced",
                (true, None) => "suppressed",
                (false, _) => "acknowledged",
            };
            let summary = format!("{subject} still fires, and is no longer {what}{severity}");
            let by = new.changed_by.clone();
            found.push(transition(
                EventName::Unacknowledged,
                changed,
                by,
                format!("{began} {updated}"),
                summary,
            ));
        }
        _ => {}
    }
    let known = |at: &&Timestamp| old.is_some_and(|old| old.escalations.contains(at));
    let mut escalated = false;
    for (count, at) in (1..).zip(&new.escalations).filter(|(_, at)| !known(at)) {
        escalated = true;
        let summary = match count {
            1 => format!("{subject} was escalated"),
            count => format!("{subject} was escalated, {count} times by now"),
        };
        let by = new.escalated_by.get(at).cloned();
        found.push(transition(EventName::Escalated, Some(*at), by, format!("{began} {at}"), summary));
    }
    if let (Some(before), Some(now)) = (old.and_then(|old| old.assigned.as_ref()), &new.assigned)
        && before.to != now.to
        && new.status != Resolved
        && !escalated
    {
        let summary = match now.to.as_slice() {
            [] => format!("{subject} is assigned to nobody any more"),
            _ => format!("{subject} was assigned to {}", listed(&new.assignee_names())),
        };
        let to: Vec<_> = now.to.iter().map(|user| user.id.as_str()).collect();
        let distinct = format!("{began} {} {}", now.at, to.join(" "));
        let at = own_time(new, now.at, Some(before.at));
        found.push(Transition {
            of: now.to.clone(),
            asked_before: before.to.iter().map(|user| user.id.clone()).collect(),
            ..transition(EventName::Reassigned, at, now.by.clone(), distinct, summary)
        });
    }
    // Who had it when it was missed still has it when it is back: that makes no event.
    let seen_before = old.map(|old| old.inferred_end.map_or(old.status, |end| end.was));
    match new.status {
        Acknowledged if seen_before != Some(Acknowledged) => {
            let summary = match new.holder_names().as_slice() {
                [] if new.is_suppressed() => format!("{subject} is suppressed"),
                by if new.is_suppressed() && new.held_until().is_none() => {
                    format!("{subject} is suppressed by {}", listed(by))
                }
                [] => format!("{subject} was acknowledged"),
                holders @ [_] => format!("{} is on {subject}", listed(holders)),
                holders => format!("{} are on {subject}", listed(holders)),
            };
            let by = new.changed_by.clone().or_else(|| new.holders().first().cloned());
            found.push(transition(
                EventName::Acknowledged,
                changed,
                by,
                format!("{began} {updated}"),
                summary,
            ));
        }
        Resolved if before != Some(Resolved) => {
            let (at, distinct) = match new.inferred_end {
                Some(end) => (Some(end.since), format!("{began} missed {}", end.since)),
                None => (changed, format!("{began} {updated}")),
            };
            let by = new.changed_by.clone().filter(|_| new.inferred_end.is_none());
            let summary = match &by {
                Some(by) => format!("{subject} was resolved by {}", by.name),
                None => format!("{subject} is resolved"),
            };
            found.push(transition(EventName::Resolved, at, by, distinct, summary));
        }
        _ => {}
    }
    found
}

/// The time of a change, where that is its own: what is dated at the beginning of the incident, or like what was known
/// `before`, has changed at a time that the service does not give.
fn own_time(incident: &Incident, at: Timestamp, before: Option<Timestamp>) -> Option<Timestamp> {
    Some(at).filter(|at| *at > incident.started_at && before != Some(*at))
}

/// What it is called in an event: see [`Incident::called`]. One without a title goes by its service.
fn subject(incident: &Incident, item: &Item) -> String {
    match (item.given_title(), incident.service.as_str()) {
        ("", "") => item.reference().to_owned(),
        ("", service) => service.to_owned(),
        (title, _) => incident.called(title),
    }
}
