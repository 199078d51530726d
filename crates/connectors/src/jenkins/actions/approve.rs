use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    identity::Identity,
    item::{Detail, Item},
    message::Block,
    run::Outcome,
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    answer::{Asked, Base, Decision},
    form::{self, Form},
};
use crate::{
    http::Request,
    jenkins::client::{below, refused},
};

/// `approve web/deploy#12/Proceed TARGET=eu`: says yes to an input step.
pub(super) struct Approve {
    base: Base,
    spec: CommandSpec,
}

/// `deny web/deploy#12/Proceed not today`: says no to an input step.
pub(super) struct Deny {
    base: Base,
    spec: CommandSpec,
}

impl Approve {
    pub(super) fn new(base: Base) -> Self {
        Self { base, spec: verbs::approve() }
    }

    fn plan<'a>(&self, args: &'a Args) -> Result<(Asked<'a>, Form), ArgError> {
        let asked = self.base.asked(&self.spec, args)?;
        if let Some(why) = form::refusal(asked.approval, asked.item.url.as_ref()) {
            return Err(ArgError::invalid(
                verbs::APPROVAL,
                format!("another request ({why})"),
                asked.item.reference(),
            ));
        }
        let questions = asked.approval.questions.as_deref().unwrap_or_default();
        let form = Form::fill(&self.spec.name, questions, &args.pairs)?;
        Ok((asked, form))
    }
}

impl Deny {
    pub(super) fn new(base: Base) -> Self {
        Self { base, spec: verbs::deny() }
    }

    fn plan<'a>(&self, args: &'a Args) -> Result<(Asked<'a>, Request, &'a str), ArgError> {
        let asked = self.base.asked(&self.spec, args)?;
        let name = &asked.name;
        let request =
            Request::post(below(&name.job, &[&name.number.to_string(), "input", name.id(), "abort"]));
        let why = args.needed(&self.spec, verbs::WHY)?;
        Ok((asked, request, why))
    }
}

#[async_trait]
impl Action for Approve {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _me: &Identity) -> Option<String> {
        match &item.detail {
            Detail::Approval(approval) => form::refusal(approval, item.url.as_ref()),
            Detail::Build(_) | Detail::PullRequest(_) | Detail::Incident(_) => None,
        }
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (asked, form) = self.plan(args)?;
        let request = form.request(&asked.name);
        Ok(self.base.steps(&asked, Decision::Yes, &request, comment(args)))
    }

    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        _progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let (asked, form) = self.plan(args).map_err(refused)?;
        let request = form.request(&asked.name);
        let check = |pending: &_| form.not_offered(pending);
        self.base.answer(&asked, Decision::Yes, request, check, now).await?;
        let outcome = Outcome::ok(format!("{} goes on", asked.name.build()));
        let answers = form.shown();
        let outcome = if answers.is_empty() { outcome } else { outcome.with_block(Block::Fields(answers)) };
        Ok(with_words(outcome, &asked, Decision::Yes, comment(args)))
    }

    async fn choices(&self, arg: &str, args: &Args) -> Result<Vec<Choice>, ServiceError> {
        Ok(match args.item(verbs::APPROVAL).map(|item| &item.detail) {
            Some(Detail::Approval(approval)) if arg == verbs::ANSWERS => form::offered(approval),
            _ => Vec::new(),
        })
    }
}

#[async_trait]
impl Action for Deny {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (asked, request, why) = self.plan(args)?;
        Ok(self.base.steps(&asked, Decision::No, &request, Some(why)))
    }

    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        _progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let (asked, request, why) = self.plan(args).map_err(refused)?;
        self.base.answer(&asked, Decision::No, request, |_| None, now).await?;
        let outcome = Outcome::ok(format!("{} is denied", asked.name.build()));
        Ok(with_words(outcome, &asked, Decision::No, Some(why)))
    }
}

/// The comment of a yes, where there is one.
fn comment(args: &Args) -> Option<&str> {
    args.get(verbs::COMMENT).filter(|comment| !comment.trim().is_empty())
}

/// An outcome with the words that go with it, which Jenkins does not keep.
fn with_words(outcome: Outcome, asked: &Asked<'_>, decision: Decision, words: Option<&str>) -> Outcome {
    let name = &asked.name;
    let data = json!({
        "job": name.job.to_string(), "number": name.number, "input": name.id(), "answer": decision.to_string(),
    });
    let outcome = outcome.with_link(asked.item.url.clone()).with_data(data);
    match words {
        Some(words) => outcome.with_block(Block::Text(words.to_owned())),
        None => outcome,
    }
}
