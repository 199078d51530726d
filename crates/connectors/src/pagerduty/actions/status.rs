//! To take an incident, to say that it is over, and to have others paged for it.
//!
//! An incident may have ended since it was looked at, by itself or by a colleague. Acknowledging it then would page people
//! for what is over, so its state is read first, and what the answer says is believed, not what was asked for.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step, Wanted},
    command::{ArgError, ArgSpec, Args, CommandSpec, verbs},
    error::ServiceError,
    identity::Identity,
    item::{IncidentStatus, Item, Kind},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Base, reference, rejected};
use crate::{
    http::Request,
    lenient::web_url,
    pagerduty::{
        is_id,
        normalise::{name, unique, user},
        wire::{self, Incident},
    },
};

/// `ack` and `resolve`.
pub(super) struct ChangeStatus {
    spec: CommandSpec,
    base: Base,
    to: Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Acknowledged,
    Resolved,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }
}

impl ChangeStatus {
    pub(super) fn acknowledge(base: Base) -> Self {
        Self { spec: verbs::ack(), base, to: Status::Acknowledged }
    }

    pub(super) fn resolve(base: Base) -> Self {
        Self { spec: verbs::resolve(), base, to: Status::Resolved }
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
            Status::Acknowledged => format!("Acknowledge {}, unless it is over by then", item.title),
            Status::Resolved => format!("Resolve {}", item.title),
        };
        Ok(vec![look(&self.base, item), self.base.pagerduty.http().step(what, &self.request(item, args))])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let item = self.base.incident(&self.spec, args).map_err(rejected)?;
        let now = self.base.pagerduty.incident(&item.key.id).await?;
        if now.status == "resolved" {
            let by = by(&now);
            return Ok(with_state(
                Outcome::ok(format!("{} is resolved already{by}: nothing was sent", item.title)),
                &now,
            ));
        }
        let sent = self.base.pagerduty.change(self.request(item, args)).await;
        let after = answered(&self.base, item, sent, |after| after.status == self.to.name()).await?;
        if after.status == self.to.name() {
            return Ok(with_state(Outcome::ok(format!("{} is {}", item.title, self.to.name())), &after));
        }
        let state =
            if after.status.is_empty() { "in a state that PagerDuty does not say" } else { &after.status };
        Ok(with_state(
            Outcome::failed(format!("{} is not {}: it is {state}", item.title, self.to.name())),
            &after,
        ))
    }
}

/// `escalate INCIDENT to LEVEL`: PagerDuty does not say which level an incident is on.
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
        let after = one(&sent)?;
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

    /// The incident, and the id of whom to page.
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
        let has = |after: &Incident| ids(after).iter().any(|id| id == person);
        let after = answered(&self.base, item, sent, has).await?;
        if !has(&after) {
            let whom = assignees(&after);
            return Ok(with_state(
                Outcome::failed(format!("{} is still assigned{whom}", item.title)),
                &after,
            ));
        }
        Ok(with_state(Outcome::ok(format!("{} is assigned{}", item.title, assignees(&after))), &after))
    }

    async fn look_up(&self, arg: &str, typed: &str) -> Result<Option<Wanted>, ServiceError> {
        if arg != verbs::PERSON {
            return Ok(None);
        }
        Ok(Some(Wanted { what: A_USER, lookup: self.base.pagerduty.look_up("users", typed).await? }))
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

/// What is said of one that is over: nobody is paged for it again.
async fn is_over(base: &Base, item: &Item) -> Result<Option<Outcome>, ServiceError> {
    let now = base.pagerduty.incident(&item.key.id).await?;
    let over = (now.status == "resolved").then(|| {
        let by = by(&now);
        with_state(Outcome::failed(format!("{} is resolved{by}: nobody was paged", item.title)), &now)
    });
    Ok(over)
}

fn one(answer: &crate::http::Answer) -> Result<Incident, ServiceError> {
    answer.json::<wire::One>().map(|one| one.incident)
}

/// How it is after a write. Where the answer got lost, it is looked up: what is there is done.
async fn answered(
    base: &Base,
    item: &Item,
    sent: Result<crate::http::Answer, ServiceError>,
    is_done: impl Fn(&Incident) -> bool,
) -> Result<Incident, ServiceError> {
    match sent.and_then(|answer| one(&answer)) {
        Err(lost @ ServiceError::Unknown { .. }) => {
            let now = base.pagerduty.incident(&item.key.id).await;
            now.ok().filter(is_done).ok_or(lost)
        }
        answer => answer,
    }
}

fn by(incident: &Incident) -> String {
    incident.last_status_change_by.as_ref().map(|by| format!(" by {}", name(by))).unwrap_or_default()
}

fn ids(incident: &Incident) -> Vec<String> {
    let assignments = incident.assignments.good().iter();
    assignments.map(|assignment| assignment.assignee.id.clone()).collect()
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
    outcome.linked(link).data(data)
}
