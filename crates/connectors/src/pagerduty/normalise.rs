//! PagerDuty's incidents as snapshots. Pure.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    item::{
        AccountName, Assignment, Detail, Hold, Incident, IncidentStatus, Item, ItemKey, Kind, LONGEST_LINE,
        Severity, User,
    },
    text,
};
use jiff::Timestamp;

use super::wire::{self, Reference};
use crate::lenient::{Entries, not_ahead, web_url};

const NAME: usize = 100;

/// Under which note an incident carries its service's id.
pub(super) const SERVICE: &str = "service-id";
/// Under which note it carries its teams' ids, separated by commas.
pub(super) const TEAMS: &str = "team-ids";

/// A report of an incident: its content, and the times that it is valid from.
pub(super) struct Report<'a> {
    pub(super) incident: &'a wire::Incident,
    /// When its status last changed, as far as this report has it.
    pub(super) changed_at: Option<Timestamp>,
    /// Who changed that.
    pub(super) changed_by: Option<&'a Reference>,
    pub(super) hold: Option<Hold>,
    pub(super) assigned: Option<Assignment>,
    /// When it was escalated, each time with the person who did, where one did: see [`person`].
    pub(super) escalations: BTreeMap<Timestamp, Option<User>>,
}

/// As the API lists it.
pub(super) fn listed(
    account: &AccountName,
    incident: &wire::Incident,
    now: Timestamp,
) -> Result<Item, String> {
    let changed_at = moment(incident.last_status_change_at.0, now);
    let report = Report {
        incident,
        changed_at,
        changed_by: incident.last_status_change_by.as_ref(),
        hold: hold(incident, now),
        assigned: assigned(incident, now),
        escalations: BTreeMap::new(),
    };
    snapshot(account, report, now)
}

/// An incident's status, by PagerDuty's; for an unknown one, the error.
pub(super) fn status(value: &str) -> Result<IncidentStatus, String> {
    match value {
        "triggered" => Ok(IncidentStatus::Triggered),
        "acknowledged" => Ok(IncidentStatus::Acknowledged),
        "resolved" => Ok(IncidentStatus::Resolved),
        _ => {
            let found = text::line(value, NAME);
            Err(format!("expected the status triggered, acknowledged or resolved, found {found:?}"))
        }
    }
}

/// The item that a report is of, or why it can't be made.
pub(super) fn snapshot(account: &AccountName, report: Report<'_>, now: Timestamp) -> Result<Item, String> {
    let incident = report.incident;
    let status = status(&incident.status)?;
    if incident.id.is_empty() {
        return Err("it has no id".to_owned());
    }
    // An incident without a time is always the same occurrence.
    let created_at = moment(incident.created_at.0, now);
    let started_at = created_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let title = [&incident.title, &incident.summary].into_iter().find(|text| !text.trim().is_empty());
    Ok(Item {
        key: ItemKey::new(account, Kind::Incident, &incident.id),
        title: title.map_or_else(|| incident.id.clone(), |title| text::line(title, LONGEST_LINE)),
        url: web_url(&incident.html_url),
        detail: Detail::Incident(Incident {
            service: incident.service.as_ref().map_or_else(String::new, name),
            number: incident.number.or(incident.incident_number),
            severity: severity(incident),
            status,
            started_at,
            start_unknown: created_at.is_none(),
            suppressed: false,
            updated_at: report.changed_at.unwrap_or(started_at).max(started_at),
            changed_by: report.changed_by.map(user),
            hold: report.hold,
            released_at: None,
            assigned: report.assigned,
            escalations: report.escalations.keys().copied().collect(),
            escalated_by: report.escalations.into_iter().filter_map(|(at, by)| Some((at, by?))).collect(),
            inferred_end: None,
            description: None,
            labels: labels(incident),
            notes: notes(incident),
        }),
    })
}

/// When something happened, to the second: the API and webhooks give one moment with different precision.
pub(super) fn moment(at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let at = not_ahead(at, now)?;
    Some(Timestamp::from_second(at.as_second()).unwrap_or(at))
}

/// What people call it.
pub(super) fn name(reference: &Reference) -> String {
    text::line(if reference.summary.trim().is_empty() { &reference.id } else { &reference.summary }, NAME)
}

pub(super) fn user(reference: &Reference) -> User {
    User { id: text::line(&reference.id, NAME), name: name(reference) }
}

pub(super) fn is_user(reference: &Reference) -> bool {
    reference.kind.starts_with("user")
}

/// The person who did something; none where it was a service or a policy, or is not known.
pub(super) fn person(agent: Option<&Reference>) -> Option<User> {
    agent.filter(|agent| is_user(agent)).map(user)
}

/// By its priority where the team gives one, else by its urgency. Teams name priorities as they like, and of low urgency
/// means: not at night.
fn severity(incident: &wire::Incident) -> Severity {
    let priority = incident.priority.as_ref().map(|priority| Severity::from_word(&priority.summary));
    let urgency = || match incident.urgency.as_str() {
        "high" => Severity::High,
        "low" => Severity::Warning,
        _ => Severity::Unknown,
    };
    priority.filter(|severity| *severity != Severity::Unknown).unwrap_or_else(urgency)
}

/// Who has it. None where it is acknowledged by an empty list: who has it is not known then.
fn hold(incident: &wire::Incident, now: Timestamp) -> Option<Hold> {
    let by = incident.acknowledgements.good();
    let at = by.iter().filter_map(|ack| moment(ack.at.0, now)).max();
    let at = at.or_else(|| moment(incident.last_status_change_at.0, now))?;
    let by = unique(by.iter().map(|ack| user(&ack.acknowledger)));
    let ends = incident.pending_actions.iter().flat_map(|actions| &actions.good);
    let until = ends.filter(|action| action.kind == "unacknowledge").filter_map(|action| action.at.0).max();
    (!by.is_empty()).then_some(Hold { at, by, until })
}

/// Who is asked. None where not all of them can be read: those that were known are then.
fn assigned(incident: &wire::Incident, now: Timestamp) -> Option<Assignment> {
    if unread_assignees(incident).is_some() {
        return None;
    }
    let to = incident.assignments.good();
    let at = to.iter().filter_map(|assignment| moment(assignment.at.0, now)).max();
    let at = at.or_else(|| moment(incident.created_at.0, now)).unwrap_or(Timestamp::UNIX_EPOCH);
    let to = unique(to.iter().map(|assignment| user(&assignment.assignee)));
    Some(Assignment { at, to, by: None })
}

/// Why it is not known whom an incident of the API is assigned to.
pub(super) fn unread_assignees(incident: &wire::Incident) -> Option<String> {
    let nameless = incident.assignments.good().iter().any(|it| name(&it.assignee).is_empty());
    let nameless = nameless.then(|| "an assignee has no name".to_owned());
    incident.assignments.unknown("assignments").or(nameless)
}

/// Why it is not known who acknowledged it.
pub(super) fn unread_acknowledgers(incident: &wire::Incident) -> Option<String> {
    let nameless = incident.acknowledgements.good().iter().any(|it| name(&it.acknowledger).is_empty());
    let nameless = nameless.then(|| "whoever acknowledged it has no name".to_owned());
    let is_by_nobody = incident.acknowledgements.good().is_empty()
        && status(&incident.status) == Ok(IncidentStatus::Acknowledged);
    let nobody = is_by_nobody.then(|| "acknowledgements is empty".to_owned());
    incident.acknowledgements.unknown("acknowledgements").or(nameless).or(nobody)
}

/// In one order, each once.
pub(super) fn unique(users: impl Iterator<Item = User>) -> Vec<User> {
    users.filter(|user| !user.name.is_empty()).collect::<BTreeSet<_>>().into_iter().collect()
}

fn labels(incident: &wire::Incident) -> BTreeMap<String, String> {
    known([
        ("escalation policy", incident.escalation_policy.as_ref().map(name)),
        ("priority", incident.priority.as_ref().map(name)),
        ("urgency", Some(text::line(&incident.urgency, NAME))),
    ])
}

/// What the filters of the account go by.
fn notes(incident: &wire::Incident) -> BTreeMap<String, String> {
    let ids = |references: &Entries<Reference>| {
        let ids: Vec<_> = references.good.iter().map(|team| team.id.as_str()).collect();
        ids.join(",")
    };
    known([
        (SERVICE, incident.service.as_ref().map(|service| service.id.clone())),
        (TEAMS, incident.teams.as_ref().map(ids)),
    ])
}

fn known<const N: usize>(texts: [(&str, Option<String>); N]) -> BTreeMap<String, String> {
    let known = texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    known.filter(|(_, value)| !value.is_empty()).collect()
}
