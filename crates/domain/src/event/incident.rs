//! Incidents: how they are joined, and what a new state of one tells.

use super::{EventName, Transition};
use crate::item::{Incident, IncidentStatus, Item, listed};

/// A later occurrence is newer; within one occurrence the later update, and on a tie the further status. If that does not
/// decide either, the later received.
pub(super) fn is_newer(old: &Incident, new: &Incident) -> bool {
    let version = |incident: &Incident| (incident.started_at, incident.updated_at, incident.status);
    version(new) >= version(old)
}

pub(super) fn join(old: &Incident, new: Incident) -> Incident {
    let newer = is_newer(old, &new);
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
pub(super) fn transitions(old: Option<&Incident>, new: &Incident, item: &Item) -> Vec<Transition> {
    let old = old.filter(|old| old.started_at == new.started_at);
    let before = old.map(|old| old.status);
    let (began, updated) = (new.started_at, new.updated_at);
    let subject = subject(new, item);
    let mut found = Vec::new();
    let mut tell = |name, at, by, distinct, summary| {
        found.push(Transition { name, at: Some(at), by, distinct, summary });
    };
    if old.is_none() {
        let summary = format!("{subject} triggered ({})", new.severity.name());
        tell(EventName::Triggered, began, None, began.to_string(), summary);
    } else if before == Some(IncidentStatus::Resolved) && new.status != IncidentStatus::Resolved {
        let summary = format!("{subject} is back ({})", new.severity.name());
        tell(EventName::Triggered, updated, None, format!("{began} {updated}"), summary);
    }
    if new.escalation > old.map_or(0, |old| old.escalation) {
        let summary = match new.escalation {
            1 => format!("{subject} was escalated"),
            count => format!("{subject} was escalated, {count} times by now"),
        };
        tell(EventName::Escalated, updated, None, format!("{began} {}", new.escalation), summary);
    }
    if before != Some(new.status) {
        let distinct = || format!("{began} {updated}");
        match new.status {
            IncidentStatus::Triggered => {}
            IncidentStatus::Acknowledged => {
                let summary = match new.holders.as_slice() {
                    [] => format!("somebody is on {subject}"),
                    [_] => format!("{} is on {subject}", listed(&new.holders)),
                    [..] => format!("{} are on {subject}", listed(&new.holders)),
                };
                tell(EventName::Acknowledged, updated, new.holders.first().cloned(), distinct(), summary);
            }
            IncidentStatus::Resolved => {
                tell(EventName::Resolved, updated, None, distinct(), format!("{subject} is resolved"));
            }
        }
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
