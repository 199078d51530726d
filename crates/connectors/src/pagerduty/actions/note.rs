//! Adds a note to an incident.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    item::Item,
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::base::{Base, rejected};
use crate::http::Request;

/// The longest note that PagerDuty takes.
const LONGEST: usize = 25_000;

/// `note INCIDENT TEXT`.
pub(super) struct Note {
    spec: CommandSpec,
    base: Base,
}

impl Note {
    pub(super) fn new(base: Base) -> Self {
        Self { spec: verbs::note(), base }
    }

    fn wanted<'a>(&self, args: &'a Args) -> Result<(&'a Item, Request), ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let note = text::block(args.needed(&self.spec, verbs::TEXT)?, LONGEST);
        let body = json!({ "note": { "content": note } });
        Ok((item, self.base.pagerduty.write(Method::POST, ["incidents", &item.key.id, "notes"], body)))
    }
}

#[async_trait]
impl Action for Note {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (item, request) = self.wanted(args)?;
        Ok(vec![self.base.pagerduty.http().step(format!("Add a note to {}", item.title), &request)])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (item, request) = self.wanted(args).map_err(rejected)?;
        let answer: Value = self.base.pagerduty.change(request).await?.json()?;
        // The answer is the note: without one it does not show that there is one.
        if answer["note"]["id"].as_str().is_none_or(str::is_empty) {
            let why = format!("PagerDuty does not say whether it noted that on {}", item.title);
            return Err(ServiceError::unknown(why));
        }
        Ok(Outcome::ok(format!("Noted on {}", item.title)))
    }
}
