//! Adds a note to an incident.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    identity::Identity,
    item::Item,
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::base::{Base, rejected};
use crate::{http::Request, splunk_oncall::normalise::number};

/// The longest note that is sent; no limit is documented.
const LONGEST: usize = 5_000;

/// `note INCIDENT TEXT`: a chat message on its timeline.
pub(super) struct Note {
    spec: CommandSpec,
    base: Base,
}

impl Note {
    pub(super) fn new(base: Base) -> Self {
        Self { spec: verbs::note(), base }
    }

    /// `incidentId` puts it on the incident; where that is not supported, the text still names it.
    fn wanted<'a>(&self, args: &'a Args) -> Result<(&'a Item, Request), ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let user = self.base.user()?;
        let note = text::block(args.needed(&self.spec, verbs::TEXT)?, LONGEST);
        let id = number(&item.key.id);
        let mut body =
            json!({ "username": user, "text": format!("#{id}: {note}"), "monitoringTool": "Callboard" });
        if let Ok(number) = id.parse::<u64>() {
            body["incidentId"] = number.into();
        }
        Ok((item, self.base.service.write(Method::POST, ["chat"], body)))
    }
}

#[async_trait]
impl Action for Note {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, _: &Item, _: &Identity) -> Option<String> {
        self.base.refuses()
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (item, request) = self.wanted(args)?;
        Ok(vec![self.base.service.http().step(format!("Add a note to {}", item.title), &request)])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (item, request) = self.wanted(args).map_err(rejected)?;
        let answer = self.base.service.send(request).await?;
        // It answers with nothing, or with an empty object: anything else does not show that it was noted.
        if !answer.fields()?.is_empty() {
            let why = format!("Splunk On-Call does not say whether it noted that on {}", item.title);
            return Err(ServiceError::unknown(why));
        }
        Ok(Outcome::ok(format!("Noted on {}", item.title)))
    }
}
