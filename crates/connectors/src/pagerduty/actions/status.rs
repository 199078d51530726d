//! Acknowledges, resolves, escalates and reassigns incidents.
//!
//! An incident may have ended since it was looked at, by itself or by a colleague. Acknowledging it then would page people
//! for what is over, so its state is read first, and what counts is the state in the answer, not what was asked for.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, LookupResult, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role, verbs},
    error::ServiceError,
    identity::Identity,
    item::{IncidentStatus, Item, Kind},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::base::{Base, reference, rejected};
use crate::{
    http::{Answer, Request},
    lenient::web_url,
    pagerduty::{
        normalise::{self, name, status, unique, user},
        wire::{self, Incident, is_id},
    },
};

/// `ack` and `resolve`.
pub(super) struct ChangeStatus {
    spec: CommandSpec,
    base: Base,
    to: IncidentStatus,
}

impl ChangeStatus {
    pub(super) fn acknowledge(base: Base) -> Self {
        Self { spec: verbs::ack(), base, to: IncidentStatus::Acknowledged }
    }

    pub(super) fn resolve(base: Base) -> Self {
        Self { spec: verbs::resolve(), base, to: IncidentStatus::Resolved }
    }

    fn request(&self, item: &Item, args: &Args) -> Request {
        let mut change = json!({ "type": "incident_reference", "status": self.to.name() });
        let how = args.text(verbs::TEXT).trim();
        if !how.is_empty() {
            change["resolution"] = text::block(how, 1_000).into();
        }
        update(&self.base, item, change)
    }
}

#[async_trait]
impl Action for ChangeStatus {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let what = match self.to {
            IncidentStatus::Resolved => format!("Resolve {}", item.title),
            _ => format!("Acknowledge {}, unless it is over by then", item.title),
        };
        Ok(vec![look(&self.base, item), self.base.pagerduty.http().step(what, &self.request(item, args))])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let item = self.base.incident(&self.spec, args).map_err(rejected)?;
        let (now, before) = before(&self.base, item).await?;
        if before == IncidentStatus::Resolved {
            let by = by(&now);
            return Ok(with_state(
                Outcome::ok(format!("{} is resolved already{by}: nothing was sent", item.title)),
                &now,
            ));
        }
        let sent = self.base.pagerduty.change(self.request(item, args)).await;
        let is_done = |after: &Incident| status(&after.status).ok().map(|status| status == self.to);
        let (after, is_done) = answered(&self.base, item, sent, is_done).await?;
        let to = self.to.name();
        let outcome = match is_done {
            true => Outcome::ok(format!("{} is {to}", item.title)),
            false => Outcome::failed(format!("{} is not {to}: it is {}", item.title, after.status)),
        };
        Ok(with_state(outcome, &after))
    }
}

/// `escalate INCIDENT to LEVEL`: PagerDuty does not report the level of an incident.
pub(super) struct Escalate {
    spec: CommandSpec,
    base: Base,
}

const LEVEL: &str = "level";

impl Escalate {
    pub(super) fn new(base: Base) -> Self {
        let spec =
            CommandSpec::new("escalate", "Page those on another level of an incident's escalation policy")
                .label("Escalate")
                .usage("escalate <incident> to <level>")
                .role(Role::Assign)
                .arg(ArgSpec::item(verbs::INCIDENT, Kind::Incident, "the incident"))
                .arg(ArgSpec::number(LEVEL, "the level of its escalation policy, from 1"))
                .example("escalate Q2R8T to 2");
        Self { spec, base }
    }

    fn wanted<'a>(&self, args: &'a Args) -> Result<(&'a Item, i64), ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let typed = args.needed(&self.spec, LEVEL)?;
        let level = args.number(LEVEL).filter(|level| (1..=20).contains(level));
        Ok((item, level.ok_or_else(|| ArgError::invalid(LEVEL, "a level from 1 to 20", typed))?))
    }

    fn request(&self, item: &Item, level: i64) -> Request {
        update(&self.base, item, json!({ "type": "incident_reference", "escalation_level": level }))
    }
}

#[async_trait]
impl Action for Escalate {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _: &Identity) -> Option<String> {
        refuses(item)
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (item, level) = self.wanted(args)?;
        let what = format!("Page level {level} for {}, unless it is over by then", item.title);
        Ok(vec![look(&self.base, item), self.base.pagerduty.http().step(what, &self.request(item, level))])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (item, level) = self.wanted(args).map_err(rejected)?;
        if let Some(over) = is_over(&self.base, item).await? {
            return Ok(over);
        }
        let sent = self.base.pagerduty.change(self.request(item, level)).await?;
        let after = one(&sent, item)?;
        let whom = assignees(&after);
        Ok(with_state(Outcome::ok(format!("{} was escalated to level {level}{whom}", item.title)), &after))
    }
}

/// Whom an incident can be assigned to.
const A_USER: &str = "a user's id, name or e-mail address at PagerDuty";

/// `reassign INCIDENT to PERSON`.
pub(super) struct Reassign {
    spec: CommandSpec,
    base: Base,
}

impl Reassign {
    pub(super) fn new(base: Base) -> Self {
        Self { spec: verbs::reassign(), base }
    }

    /// The incident, and the id of the person to page.
    fn wanted<'a>(&self, args: &'a Args) -> Result<(&'a Item, &'a str), ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let person = args.needed(&self.spec, verbs::PERSON)?;
        if !is_id(person) {
            return Err(ArgError::invalid(verbs::PERSON, A_USER, person));
        }
        Ok((item, person))
    }

    fn request(&self, item: &Item, person: &str) -> Request {
        let assignments = json!([{ "assignee": reference("user", person) }]);
        update(&self.base, item, json!({ "type": "incident_reference", "assignments": assignments }))
    }
}

#[async_trait]
impl Action for Reassign {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _: &Identity) -> Option<String> {
        refuses(item)
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (item, person) = self.wanted(args)?;
        let whom = args.shown(verbs::PERSON);
        let what = format!("Page {whom} for {}, unless it is over by then", item.title);
        Ok(vec![look(&self.base, item), self.base.pagerduty.http().step(what, &self.request(item, person))])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (item, person) = self.wanted(args).map_err(rejected)?;
        if let Some(over) = is_over(&self.base, item).await? {
            return Ok(over);
        }
        let sent = self.base.pagerduty.change(self.request(item, person)).await;
        // A list that cannot be read in full does not show who is missing.
        let has = |after: &Incident| match ids(after).any(|id| id == person) {
            true => Some(true),
            false => normalise::unread_assignees(after).is_none().then_some(false),
        };
        let (after, is_done) = answered(&self.base, item, sent, has).await?;
        if !is_done {
            let whom = assignees(&after);
            return Ok(with_state(
                Outcome::failed(format!("{} is still assigned{whom}", item.title)),
                &after,
            ));
        }
        Ok(with_state(Outcome::ok(format!("{} is assigned{}", item.title, assignees(&after))), &after))
    }

    async fn look_up(&self, arg: &str, typed: &str) -> Result<Option<LookupResult>, ServiceError> {
        if arg != verbs::PERSON {
            return Ok(None);
        }
        Ok(Some(LookupResult { what: A_USER, lookup: self.base.pagerduty.look_up("users", typed).await? }))
    }

    async fn choices(&self, arg: &str, args: &Args) -> Result<Vec<Choice>, ServiceError> {
        if arg != verbs::PERSON {
            return Ok(Vec::new());
        }
        let users = self.base.pagerduty.users(args.text(verbs::PERSON).trim()).await?;
        let note = |user: &wire::User| text::line(&format!("{} {}", user.name, user.email), 100);
        Ok(users.iter().map(|user| Choice { value: user.id.clone(), note: Some(note(user)) }).collect())
    }
}

fn update(base: &Base, item: &Item, change: Value) -> Request {
    base.pagerduty.write(Method::PUT, ["incidents", &item.key.id], json!({ "incident": change }))
}

/// The step that comes before every change.
fn look(base: &Base, item: &Item) -> Step {
    let request = base.pagerduty.get(["incidents", &item.key.id]);
    base.pagerduty.http().step(format!("See whether {} is still open", item.title), &request)
}

/// Nobody is paged for what is over.
fn refuses(item: &Item) -> Option<String> {
    let is_over = item.status() == IncidentStatus::Resolved.name();
    is_over.then(|| format!("{} is resolved: nobody is paged for it any more", item.title))
}

/// The outcome for an incident that is over: nobody is paged for it again.
async fn is_over(base: &Base, item: &Item) -> Result<Option<Outcome>, ServiceError> {
    let (now, before) = before(base, item).await?;
    let over = (before == IncidentStatus::Resolved).then(|| {
        let by = by(&now);
        with_state(Outcome::failed(format!("{} is resolved{by}: nobody was paged", item.title)), &now)
    });
    Ok(over)
}

/// An incident before it is changed. One without a known status may be over: nothing is sent then.
async fn before(base: &Base, item: &Item) -> Result<(Incident, IncidentStatus), ServiceError> {
    let now = base.pagerduty.incident(&item.key.id).await?;
    match status(&now.status) {
        Ok(status) => Ok((now, status)),
        Err(why) => Err(ServiceError::unavailable(format!(
            "whether {} is still open cannot be read: {why}; nothing was sent",
            item.title
        ))),
    }
}

/// The incident of an answer to a write; an answer about another incident leaves the result unknown.
fn one(answer: &Answer, item: &Item) -> Result<Incident, ServiceError> {
    let one = answer.json::<wire::One>()?.incident;
    if one.id == item.key.id { Ok(one) } else { Err(unknown_result(item)) }
}

/// The answer does not show the result of the write.
fn unknown_result(item: &Item) -> ServiceError {
    ServiceError::unknown(format!("PagerDuty does not say what became of {}", item.title))
}

/// The incident after a write, and whether the write took effect. Where the answer got lost or does not show it, the incident
/// is read: an effect that is there was done.
async fn answered(
    base: &Base,
    item: &Item,
    sent: Result<Answer, ServiceError>,
    is_done: impl Fn(&Incident) -> Option<bool>,
) -> Result<(Incident, bool), ServiceError> {
    let result = sent.and_then(|answer| {
        let after = one(&answer, item)?;
        let is_done = is_done(&after).ok_or_else(|| unknown_result(item))?;
        Ok((after, is_done))
    });
    match result {
        Err(lost @ ServiceError::Unknown { .. }) => {
            let now = base.pagerduty.incident(&item.key.id).await;
            let done = now.ok().filter(|now| is_done(now) == Some(true));
            done.map(|now| (now, true)).ok_or(lost)
        }
        result => result,
    }
}

fn by(incident: &Incident) -> String {
    incident.last_status_change_by.as_ref().map(|by| format!(" by {}", name(by))).unwrap_or_default()
}

fn ids(incident: &Incident) -> impl Iterator<Item = &str> {
    incident.assignments.good().iter().map(|assignment| assignment.assignee.id.as_str())
}

/// " to ana and bo", where it is known.
fn assignees(incident: &Incident) -> String {
    let assignments = incident.assignments.good().iter();
    let names: Vec<_> = unique(assignments.map(|assignment| user(&assignment.assignee)))
        .into_iter()
        .map(|user| user.name)
        .collect();
    if names.is_empty() { String::new() } else { format!(" to {}", names.join(", ")) }
}

fn with_state(outcome: Outcome, incident: &Incident) -> Outcome {
    let link = web_url(&incident.html_url);
    let data =
        json!({ "incident": text::line(&incident.id, 40), "status": text::line(&incident.status, 40) });
    outcome.with_link(link).with_data(data)
}
