//! Acknowledges and resolves incidents.
//!
//! An incident may have ended since it was looked at, by itself or by a colleague. Acknowledging it then could open it again,
//! so its state is read first, and what counts is the result for this very incident in the answer, not that there was an answer.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    identity::Identity,
    item::{IncidentStatus, Item},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::base::{Base, Now, Verdict, rejected, verdict, with_state};
use crate::{
    http::{Answer, Request},
    splunk_oncall::{
        normalise::{self, number},
        wire::{Incident, Results, is_same_user},
    },
};

/// The longest text that is sent along.
const LONGEST: usize = 1_000;

/// `ack` and `resolve`.
pub(super) struct ChangeStatus {
    spec: CommandSpec,
    base: Base,
    /// The last part of the call's path.
    call: &'static str,
    to: IncidentStatus,
}

impl ChangeStatus {
    pub(super) fn acknowledge(base: Base) -> Self {
        Self { spec: verbs::ack(), base, call: "ack", to: IncidentStatus::Acknowledged }
    }

    pub(super) fn resolve(base: Base) -> Self {
        Self { spec: verbs::resolve(), base, call: "resolve", to: IncidentStatus::Resolved }
    }

    fn wanted<'a>(&self, args: &'a Args) -> Result<(&'a Item, Request), ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let mut body = json!({ "userName": self.base.user()?, "incidentNames": [number(&item.key.id)] });
        let how = args.text(verbs::TEXT).trim();
        if !how.is_empty() {
            body["message"] = text::block(how, LONGEST).into();
        }
        Ok((item, self.base.service.write(Method::PATCH, ["incidents", self.call], body)))
    }

    /// True where nothing is left to do. An incident of another person, or of an unknown one, is still to be acknowledged.
    fn is_done(&self, incident: &Incident, now: Timestamp) -> bool {
        let me = self.base.service.user().unwrap_or_default();
        let holders = || normalise::holders(incident, now).unwrap_or_default();
        let mine = || holders().iter().any(|user| is_same_user(me, &user.id));
        normalise::status(&incident.current_phase) == Some(self.to)
            && (self.to == IncidentStatus::Resolved || mine())
    }
}

fn answered(answer: &Answer, id: &str) -> Result<Verdict, ServiceError> {
    let results = answer.json::<Results>()?.results;
    let own = results.good.into_iter().filter(|result| number(&result.incident_number) == id);
    verdict(own.map(|result| (result.cmd_accepted, result.message)), id)
}

#[async_trait]
impl Action for ChangeStatus {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, _: &Item, _: &Identity) -> Option<String> {
        self.base.refuses()
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (item, request) = self.wanted(args)?;
        let what = match self.to {
            IncidentStatus::Resolved => format!("Resolve {}", item.title),
            _ => format!("Acknowledge {}, unless it is over by then", item.title),
        };
        Ok(vec![self.base.look(item), self.base.service.http().step(what, &request)])
    }

    async fn run(&self, args: &Args, now: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (item, request) = self.wanted(args).map_err(rejected)?;
        let (id, to) = (number(&item.key.id), self.to.name());
        let before = match self.base.now(item, now, "nothing was sent").await? {
            Now::Open(incident) => incident,
            Now::Over(outcome) => return Ok(*outcome),
        };
        if self.is_done(&before, now) {
            let summary = format!("{} is {to} by you already: nothing was sent", item.title);
            return Ok(with_state(Outcome::ok(summary), &before));
        }
        let sent = self.base.service.send(request).await.and_then(|answer| answered(&answer, id));
        let verdict = match sent {
            // Where the answer got lost, it is looked up: what is there is done.
            Err(lost @ ServiceError::Unknown { .. }) => {
                let after = self.base.service.incident(id).await.ok().flatten();
                after.filter(|after| self.is_done(after, now)).map(|_| Verdict::Done).ok_or(lost)?
            }
            sent => sent?,
        };
        let outcome = match verdict {
            Verdict::Done => Outcome::ok(format!("{} is {to}", item.title)),
            Verdict::Refused(why) => {
                let summary = format!("{} is not {to}: Splunk On-Call did not accept it: {why}", item.title);
                return Ok(with_state(Outcome::failed(summary), &before));
            }
        };
        let data = json!({ "incident": id, "status": to });
        Ok(outcome.with_link(normalise::link(&before)).with_data(data))
    }
}
