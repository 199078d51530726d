//! Incidents: how they are joined, and what a new state of one tells.

use jiff::Timestamp;

use super::{EventName, Order, Transition};
use crate::item::{Incident, IncidentStatus, InferredEnd, Item, listed};

/// A later occurrence is newer; within one occurrence the later update, and on a tie the further status. If that does not
/// decide either, or the order is known, the later received. What was inferred has no weight.
pub(super) fn is_newer(old: &Incident, new: &Incident, order: Order) -> bool {
    let version = |incident: &Incident| {
        let seen = incident.inferred_end.map_or(incident.status, |end| end.was);
        (incident.started_at, incident.updated_at, (order == Order::Unknown).then_some(seen))
    };
    version(new) >= version(old)
}

/// Two sightings are joined by their versions. An inferred end stands until the incident is seen again, not over, in the
/// same occurrence or a later one, whatever that sighting's version; or until the service itself tells the end.
pub(super) fn join(old: &Incident, new: Incident, order: Order) -> Incident {
    let Some(end) = old.inferred_end else { return join_seen(old, new, order) };
    let is_sighting = new.started_at >= old.started_at && new.status != IncidentStatus::Resolved;
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

fn join_seen(old: &Incident, new: Incident, order: Order) -> Incident {
    let newer = is_newer(old, &new, order);
    if old.started_at != new.started_at {
        return if newer { new } else { old.clone() };
    }
    // Escalations don't go away, even if the newer report does not count them.
    let escalation = old.escalation.max(new.escalation);
    let description = match (&old.description, &new.description) {
        (Some(old), None) => Some(old.clone()),
        (Some(old), Some(_)) if !newer => Some(old.clone()),
        (_, new) => new.clone(),
    };
    let joined = if newer { new } else { old.clone() };
    Incident { escalation, description, ..joined }
}

/// The first sight of an occurrence tells that it began, however far it is by then: the service says when, and those who
/// read that it is over should read what. It does not tell that somebody had it when it is already over.
///
/// What comes back after its end, and what nobody has any more while it still fires, is told as triggered again.
pub(super) fn transitions(old: Option<&Incident>, new: &Incident, item: &Item) -> Vec<Transition> {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let old = old.filter(|old| old.started_at == new.started_at);
    let before = old.map(|old| old.status);
    let (began, updated) = (new.started_at, new.updated_at);
    let subject = subject(new, item);
    let mut found = Vec::new();
    let mut tell = |name, at, by, distinct, summary| {
        found.push(Transition { name, at, by, distinct, summary });
    };
    match (old, new.status) {
        (None, _) => {
            let summary = format!("{subject} triggered ({})", new.severity.name());
            tell(EventName::Triggered, Some(began), None, began.to_string(), summary);
        }
        (Some(Incident { status: Resolved, inferred_end, .. }), Triggered | Acknowledged) => {
            let summary = format!("{subject} is back ({})", new.severity.name());
            match inferred_end {
                // The service knows of no end, and so of no time when it came back.
                Some(end) => {
                    tell(EventName::Triggered, None, None, format!("{began} missed {}", end.since), summary)
                }
                None => {
                    tell(EventName::Triggered, Some(updated), None, format!("{began} {updated}"), summary)
                }
            }
        }
        (Some(Incident { status: Acknowledged, .. }), Triggered) => {
            let summary =
                format!("{subject} still fires, and is no longer acknowledged ({})", new.severity.name());
            tell(EventName::Triggered, Some(updated), None, format!("{began} {updated}"), summary);
        }
        _ => {}
    }
    if new.escalation > old.map_or(0, |old| old.escalation) {
        let summary = match new.escalation {
            1 => format!("{subject} was escalated"),
            count => format!("{subject} was escalated, {count} times by now"),
        };
        tell(EventName::Escalated, Some(updated), None, format!("{began} {}", new.escalation), summary);
    }
    // Who had it when it was missed still has it when it is back: that is no news.
    let seen_before = old.map(|old| old.inferred_end.map_or(old.status, |end| end.was));
    match new.status {
        Acknowledged if seen_before != Some(Acknowledged) => {
            let summary = match new.holders.as_slice() {
                [] => format!("{subject} was acknowledged"),
                [_] => format!("{} is on {subject}", listed(&new.holders)),
                [..] => format!("{} are on {subject}", listed(&new.holders)),
            };
            let by = new.holders.first().cloned();
            tell(EventName::Acknowledged, Some(updated), by, format!("{began} {updated}"), summary);
        }
        Resolved if before != Some(Resolved) => {
            let (at, distinct) = match new.inferred_end {
                Some(end) => (end.since, format!("{began} missed {}", end.since)),
                None => (updated, format!("{began} {updated}")),
            };
            tell(EventName::Resolved, Some(at), None, distinct, format!("{subject} is resolved"));
        }
        _ => {}
    }
    found
}

/// What people call it: "Checkout slower than 2 s in billing".
fn subject(incident: &Incident, item: &Item) -> String {
    match (item.title.as_str(), incident.service.as_str()) {
        ("", "") => item.reference().to_owned(),
        ("", service) => service.to_owned(),
        (title, "") => title.to_owned(),
        (title, service) if title.contains(service) => title.to_owned(),
        (title, service) => format!("{title} in {service}"),
    }
}
