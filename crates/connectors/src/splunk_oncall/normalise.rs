//! Splunk On-Call's incidents as snapshots. Pure.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::{
    item::{
        AccountName, Assignment, Detail, Hold, Incident, IncidentStatus, Item, ItemKey, Kind, LONGEST_LINE,
        Severity, User,
    },
    source::{Problem, ProblemKind},
    text,
};
use jiff::Timestamp;
use url::Url;

use super::wire::{self, Transition};
use crate::lenient::{first_and_more, folded, not_ahead, web_url};

const NAME: usize = 100;
const DESCRIPTION: usize = 2_000;

/// Under which note an incident carries the names and slugs of its teams, one a line.
pub(super) const TEAMS: &str = "teams";
/// Under which note it carries its routing key.
pub(super) const ROUTING_KEY: &str = "routing-key";

/// The item that an incident is, or why it can't be made.
pub(super) fn snapshot(
    account: &AccountName,
    incident: &wire::Incident,
    now: Timestamp,
) -> Result<Item, String> {
    let id = number(&incident.incident_number);
    let Some(status) = status(&incident.current_phase) else {
        let found = &incident.current_phase;
        return Err(format!("expected the phase UNACKED, ACKED or RESOLVED, found {found:?}"));
    };
    let began = not_ahead(incident.start_time.0, now);
    // An incident without a start is always the same occurrence.
    let started_at = began.unwrap_or(Timestamp::UNIX_EPOCH);
    let steps = steps(incident, now);
    // Of any step, known or not: the reported phase is as of the last one.
    let updated_at = steps.iter().map(|step| step.at).max().unwrap_or(started_at).max(started_at);
    let transitions = steps.iter().map(|step| step.transition);
    let last = transitions.clone().rev().find(|step| self::status(&step.name).is_some());
    let changed_by = last.filter(|last| self::status(&last.name) == Some(status));
    let message = transitions.map(|step| step.message.trim()).rfind(|message| !message.is_empty());
    let named = [&incident.entity_display_name, &incident.service, &incident.entity_id, &incident.host];
    let title = named.into_iter().find(|name| !name.trim().is_empty());
    let title = title.map_or_else(|| format!("Incident {id}"), |title| text::line(title, LONGEST_LINE));
    let place = [&incident.service, &incident.host, &incident.routing_key].map(|name| text::line(name, NAME));
    let place = place.into_iter().find(|name| !name.is_empty() && *name != title);
    Ok(Item {
        key: ItemKey::new(account, Kind::Incident, id),
        title,
        url: link(incident),
        detail: Detail::Incident(Incident {
            service: place.unwrap_or_default(),
            number: id.parse().ok(),
            severity: Severity::from_word(incident.entity_state.trim()),
            status,
            started_at,
            start_unknown: began.is_none(),
            suppressed: false,
            updated_at,
            changed_by: changed_by.and_then(|last| users([last.by.as_str()].into_iter()).pop()),
            hold: hold(&steps),
            released_at: None,
            assigned: assigned(incident, status, updated_at),
            escalations: BTreeSet::new(),
            escalated_by: BTreeMap::new(),
            inferred_end: None,
            description: message.map(|message| text::block(message, DESCRIPTION)),
            labels: labels(incident),
            notes: notes(incident),
        }),
    })
}

/// The number by which an incident is asked for.
pub(super) fn number(text: &str) -> &str {
    text.trim().trim_start_matches('#')
}

/// How far an incident is, by its phase; none for one that is not known.
pub(super) fn status(phase: &str) -> Option<IncidentStatus> {
    match folded(phase).as_deref() {
        Some("unacked" | "triggered") => Some(IncidentStatus::Triggered),
        Some("acked" | "acknowledged") => Some(IncidentStatus::Acknowledged),
        Some("resolved") => Some(IncidentStatus::Resolved),
        _ => None,
    }
}

/// Where it can be seen.
pub(super) fn link(incident: &wire::Incident) -> Option<Url> {
    web_url(&incident.incident_link)
}

/// Who acknowledged it since nobody had it last; none where a step cannot be read, which may have changed that.
pub(super) fn holders(incident: &wire::Incident, now: Timestamp) -> Option<Vec<User>> {
    let steps = steps(incident, now);
    let is_whole = incident.transitions.is_read()
        && steps.len() == incident.transitions.good().len()
        && steps.iter().all(|step| !step.transition.name.trim().is_empty());
    is_whole.then(|| hold(&steps).map(|hold| hold.by).unwrap_or_default())
}

/// What an incident carries under a note, where it does.
pub(super) fn noted<'a>(item: &'a Item, note: &str) -> Option<Vec<&'a str>> {
    let Detail::Incident(incident) = &item.detail else { return None };
    incident.notes.get(note).map(|noted| noted.lines().collect())
}

/// A transition with its time.
struct Step<'a> {
    at: Timestamp,
    transition: &'a Transition,
}

/// Oldest first, in whatever order they are listed. Of those of one moment the further one is the later.
fn steps(incident: &wire::Incident, now: Timestamp) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = incident
        .transitions
        .good()
        .iter()
        .filter_map(|transition| Some(Step { at: not_ahead(transition.at.0, now)?, transition }))
        .collect();
    steps.sort_by_key(|step| (step.at, status(&step.transition.name)));
    steps
}

/// None where nobody is named: that is not known then.
fn hold(steps: &[Step<'_>]) -> Option<Hold> {
    let is = |step: &&Step<'_>, wanted| status(&step.transition.name) == Some(wanted);
    let released = steps.iter().rposition(|step| is(&step, IncidentStatus::Triggered));
    let since = &steps[released.map_or(0, |released| released + 1)..];
    let taken = || since.iter().filter(|step| is(step, IncidentStatus::Acknowledged));
    let by = users(taken().map(|step| step.transition.by.as_str()));
    let at = taken().map(|step| step.at).max()?;
    (!by.is_empty()).then_some(Hold { at, by, until: None })
}

/// Whom it pages; none where not all of them can be read. Once somebody has it nobody is paged any more, which does not mean
/// that nobody was asked.
fn assigned(incident: &wire::Incident, status: IncidentStatus, at: Timestamp) -> Option<Assignment> {
    if status != IncidentStatus::Triggered || !incident.paged_users.is_read() {
        return None;
    }
    let to = users(incident.paged_users.good().iter().map(|user| user.0.as_str()));
    (!to.is_empty()).then_some(Assignment { at, to, by: None })
}

/// In one order, each once.
fn users<'a>(names: impl Iterator<Item = &'a str>) -> Vec<User> {
    let names = names.map(|name| text::line(name, NAME)).filter(|name| !name.is_empty());
    names.collect::<BTreeSet<_>>().into_iter().map(User::named).collect()
}

/// What people call a team or policy.
pub(super) fn called(named: &wire::Named) -> String {
    text::line(if named.name.trim().is_empty() { &named.slug } else { &named.name }, NAME)
}

fn labels(incident: &wire::Incident) -> BTreeMap<String, String> {
    let policies = || incident.paged_policies.good().iter();
    let row = |names: Vec<String>| {
        let names: BTreeSet<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
        names.into_iter().collect::<Vec<_>>().join(", ")
    };
    known([
        ("team", row(policies().filter_map(|paged| paged.team.as_ref()).map(called).collect())),
        (
            "escalation policy",
            row(policies().filter_map(|paged| paged.policy.as_ref()).map(called).collect()),
        ),
        ("routing key", text::line(&incident.routing_key, NAME)),
        ("host", text::line(&incident.host, NAME)),
        ("entity", text::line(&incident.entity_id, LONGEST_LINE)),
    ])
}

/// The problems of an incident whose paged people or history cannot be read: the first decide whose it is, the other is a
/// detail. Once it is over neither matters.
pub(super) fn unread(incident: &wire::Incident) -> Vec<Problem> {
    if status(&incident.current_phase) == Some(IncidentStatus::Resolved) {
        return Vec::new();
    }
    let id = number(&incident.incident_number);
    let problem = |kind, what: &str, why: String| {
        Problem::new(kind, format!("#{id}"), format!("it is not known {what}: {why}"))
    };
    let pages = [
        incident.paged_users.unknown("pagedUsers"),
        incident.paged_teams.unknown("pagedTeams"),
        incident.paged_policies.unknown("pagedPolicies"),
    ];
    let pages: Vec<String> = pages.into_iter().flatten().collect();
    let pages = first_and_more(&pages).map(|why| problem(ProblemKind::Incomplete, "whom it pages", why));
    let steps = incident.transitions.unknown("transitions");
    let steps = steps.map(|why| problem(ProblemKind::Details, "who has it and since when", why));
    pages.into_iter().chain(steps).collect()
}

/// What the filters of the account go by. Where not all teams are known none is noted, and the filter lets the incident through.
fn notes(incident: &wire::Incident) -> BTreeMap<String, String> {
    let is_read = incident.paged_teams.is_read() && incident.paged_policies.is_read();
    let slugs = incident.paged_teams.good().iter().map(|team| team.0.clone());
    let named = incident.paged_policies.good().iter().filter_map(|paged| paged.team.as_ref());
    let named = named.flat_map(|team| [team.name.clone(), team.slug.clone()]);
    let teams: BTreeSet<String> = slugs.chain(named).map(|team| text::line(&team, NAME)).collect();
    let teams: Vec<String> = teams.into_iter().filter(|team| !team.is_empty()).collect();
    let teams = if is_read { teams.join("\n") } else { String::new() };
    known([(TEAMS, teams), (ROUTING_KEY, text::line(&incident.routing_key, NAME))])
}

fn known<const N: usize>(texts: [(&str, String); N]) -> BTreeMap<String, String> {
    let known = texts.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| (name.to_owned(), value)).collect()
}
