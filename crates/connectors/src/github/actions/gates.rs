//! What answers a request for a person's yes: a deployment that waits in a protected environment, a first-timer's run.
//!
//! An answer is for what was shown: a run that is of another commit by now, or runs again, may ask for something else.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    identity::Identity,
    item::{Detail, Item},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    reference::{GateRef, rejected},
    runs::begun,
};
use crate::{
    github::{
        account::Account,
        client::{get, send},
        gate_id::GateId,
        gates::{DeploymentAnswer, Environment, PendingDeployment, RequiredReviewer},
        normalise, wire,
    },
    http::{Answer, Http, Request},
    lenient::{Entries, first_and_more, folded, optional_text, required_number},
};

/// GitHub wants a comment with each answer.
const NO_COMMENT: &str = "Approved from Callboard";
const ONLY_LET_GO: &str =
    "GitHub can only let a first-timer's run go: close its pull request instead, or leave it";

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Approve,
    Deny,
}

impl Decision {
    fn verb(self) -> &'static str {
        match self {
            Self::Approve => "Approve",
            Self::Deny => "Deny",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Deny => "denied",
        }
    }

    /// GitHub's word for it.
    fn state(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Deny => "rejected",
        }
    }
}

/// `approve` and `deny`.
pub(super) struct Answering {
    spec: CommandSpec,
    decision: Decision,
    account: Arc<Account>,
}

impl Answering {
    pub(super) fn new(account: &Arc<Account>, decision: Decision) -> Self {
        let spec = match decision {
            Decision::Approve => verbs::approve(),
            Decision::Deny => verbs::deny(),
        };
        Self { spec, decision, account: account.clone() }
    }

    /// What is to be answered, with the comment for it.
    fn wanted<'a>(&self, args: &'a Args) -> Result<(GateRef, &'a str), ArgError> {
        let gate = GateRef::of(&self.spec, args)?;
        if let Some((name, value)) = args.pairs.first() {
            let expected = format!("nothing: {gate} asks no question");
            return Err(ArgError::invalid(verbs::ANSWERS, expected, format!("{name}={value}")));
        }
        let given = match self.decision {
            Decision::Approve => Some(args.text(verbs::COMMENT)).filter(|comment| !comment.trim().is_empty()),
            Decision::Deny => Some(args.needed(&self.spec, verbs::WHY)?),
        };
        match (&gate.id.environment, self.decision, given) {
            (None, Decision::Deny, _) => {
                let expected = format!("a deployment, for {ONLY_LET_GO}");
                Err(ArgError::invalid(verbs::APPROVAL, expected, gate.to_string()))
            }
            (None, Decision::Approve, Some(comment)) => {
                let expected = "no comment: GitHub takes none with a first-timer's run";
                Err(ArgError::invalid(verbs::COMMENT, expected, comment))
            }
            (_, _, given) => Ok((gate, given.unwrap_or(NO_COMMENT))),
        }
    }

    fn review(&self, gate: &GateRef, environment: Value, comment: &str) -> Request {
        let state = self.decision.state();
        gate.request(Method::POST, &["pending_deployments"])
            .json(json!({ "environment_ids": [environment], "state": state, "comment": comment }))
    }

    /// Not done, and why.
    fn not_done(&self, gate: &GateRef, error: ServiceError) -> ServiceError {
        let with = |why: String| format!("{gate} was not {}: {why}", self.decision.done());
        match error {
            ServiceError::Rejected { why } => ServiceError::rejected(with(why)),
            ServiceError::Auth { why, missing_scopes, signed_in } => {
                ServiceError::Auth { why: with(why), missing_scopes, signed_in }
            }
            error => error,
        }
    }

    async fn answer_deployment(
        &self,
        gate: &GateRef,
        comment: &str,
        progress: &dyn Progress,
    ) -> Result<(), ServiceError> {
        let http = &self.account.http;
        let run: wire::Run = read(http, gate.look(&[])).await?;
        gate.check_as_shown(&run)?;
        let waiting = match self.find(gate).await? {
            Found::Waiting(waiting) => waiting,
            Found::Others(others) => return Err(self.absent(gate, &run, &others).await),
        };
        if let Some(why) = waiting.forbidden {
            return Err(ServiceError::rejected(why));
        }
        // Without these a lost answer is not found again, which is no reason to send none.
        let before = read::<Entries<DeploymentAnswer>>(http, gate.look(&["approvals"])).await.ok();
        let review = self.review(gate, json!(waiting.id), comment);
        let sent = send(http, review).await.and_then(|answer| deployed(&answer, &waiting.name));
        match sent {
            Ok(()) => Ok(()),
            Err(lost @ ServiceError::Unknown { .. }) => {
                progress.status("no clear answer: looking whether it is answered");
                match self.is_recorded(gate, before).await {
                    Ok(true) => Ok(()),
                    Ok(false) | Err(_) => Err(lost),
                }
            }
            // Somebody else may have been faster.
            Err(refused @ ServiceError::Rejected { .. }) => match self.find(gate).await {
                Ok(Found::Others(others)) => Err(self.absent(gate, &run, &others).await),
                Ok(Found::Waiting(_)) | Err(_) => Err(refused),
            },
            Err(error) => Err(error),
        }
    }

    fn is_of(&self, gate: &GateRef, environment: &Environment) -> bool {
        gate.id.is_of(&self.account.name, &environment.name)
    }

    /// Looks for the deployment among those that wait.
    async fn find(&self, gate: &GateRef) -> Result<Found, ServiceError> {
        let list: Entries<PendingDeployment> =
            read(&self.account.http, gate.look(&["pending_deployments"])).await?;
        let is_it = |pending: &&PendingDeployment| self.is_of(gate, &pending.environment);
        let found: Vec<_> = list.good.iter().filter(is_it).collect();
        let unclear = |why: &str| {
            ServiceError::unavailable(format!("whether {gate} waits cannot be read: {why}; nothing was sent"))
        };
        let Some(first) = found.first() else {
            return match first_and_more(&list.odd) {
                Some(odd) => Err(unclear(&odd)),
                None => {
                    let names = list.good.iter().map(|other| text::line(&other.environment.name, 40));
                    Ok(Found::Others(names.collect()))
                }
            };
        };
        let ids: BTreeSet<_> = found.iter().map(|pending| pending.environment.id).collect();
        let id = match ids.into_iter().collect::<Vec<_>>()[..] {
            [Some(id)] => id,
            [None] => return Err(unclear("its environment has no id")),
            _ => return Err(unclear("it is listed twice, with two ids")),
        };
        let may_not = found.iter().any(|pending| pending.current_user_can_approve == Some(false));
        let forbidden = may_not.then(|| only("it", first.reviewers.good().iter().map(reviewer)));
        Ok(Found::Waiting(Waiting { id, name: first.environment.name.clone(), forbidden }))
    }

    /// Why a deployment is not there to be answered.
    async fn absent(&self, gate: &GateRef, run: &wire::Run, others: &[String]) -> ServiceError {
        let reviews = read::<Entries<DeploymentAnswer>>(&self.account.http, gate.look(&["approvals"])).await;
        let of_it = |review: &&DeploymentAnswer| {
            review.environments.good().iter().any(|environment| self.is_of(gate, environment))
        };
        let answers: Vec<_> =
            reviews.iter().flat_map(|list| &list.good).filter(of_it).filter_map(answer_words).collect();
        let status = normalise::run_status(run);
        let why = match (answers.as_slice(), reviews) {
            ([], Err(error)) => format!("who answered cannot be read: {error}"),
            ([], Ok(_)) if status.is_over() => format!("its run is {}", status.name()),
            ([], Ok(_)) if others.is_empty() => "GitHub names nobody who answered".to_owned(),
            ([], Ok(_)) => format!("what waits there is {}", others.join(", ")),
            (answers, _) => answers.join(", "),
        };
        ServiceError::rejected(format!("it is not waiting: {why}"))
    }

    /// True where there is one more answer of mine than before, and it is this one: earlier attempts have answers too, and
    /// none has a time.
    async fn is_recorded(
        &self,
        gate: &GateRef,
        before: Option<Entries<DeploymentAnswer>>,
    ) -> Result<bool, ServiceError> {
        let Some(before) = before.filter(|before| before.odd.is_empty()) else { return Ok(false) };
        let http = &self.account.http;
        let me: wire::User = read(http, get(["user"])).await?;
        let after: Entries<DeploymentAnswer> = read(http, gate.look(&["approvals"])).await?;
        let is_mine = |review: &&DeploymentAnswer| {
            let by = review.user.iter().flatten().map(|user| user.login.as_str()).next().unwrap_or_default();
            !by.is_empty()
                && by.eq_ignore_ascii_case(&me.login)
                && folded(&review.state).as_deref() == Some(self.decision.state())
                && review.environments.good().iter().any(|environment| self.is_of(gate, environment))
        };
        let count = |reviews: &Entries<DeploymentAnswer>| reviews.good.iter().filter(is_mine).count();
        Ok(count(&after) > count(&before))
    }

    async fn let_run(&self, gate: &GateRef, progress: &dyn Progress) -> Result<(), ServiceError> {
        let http = &self.account.http;
        let run: wire::Run = read(http, gate.look(&[])).await?;
        gate.check_as_shown(&run)?;
        let held = is_held(&run);
        if held == Some(false) {
            let status = run.conclusion.as_deref().or(run.status.as_deref()).and_then(folded);
            let status = text::line(&status.unwrap_or_default(), 40);
            return Err(ServiceError::rejected(format!("it is not waiting for that: it is {status}")));
        }
        match send(http, gate.request(Method::POST, &["approve"])).await.and_then(|answer| begun(&answer)) {
            Err(lost @ ServiceError::Unknown { .. }) => {
                progress.status("no clear answer: looking whether it runs");
                let now = read::<wire::Run>(http, gate.look(&[])).await;
                let is_let = |now: &wire::Run| {
                    let status = normalise::run_status(now);
                    now.head_sha == run.head_sha
                        && is_held(now) == Some(false)
                        && (!status.is_over() || status.is_verdict())
                };
                match held == Some(true) && now.as_ref().is_ok_and(is_let) {
                    true => Ok(()),
                    false => Err(lost),
                }
            }
            sent => sent,
        }
    }
}

/// What waits of a run.
enum Found {
    Waiting(Waiting),
    /// Not that: only these environments, by name.
    Others(Vec<String>),
}

/// A deployment that waits.
struct Waiting {
    /// Its environment's.
    id: u64,
    /// Its environment's, as GitHub writes it.
    name: String,
    /// Why this account may not answer, where it may not.
    forbidden: Option<String>,
}

#[async_trait]
impl Action for Answering {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _me: &Identity) -> Option<String> {
        let Detail::Approval(approval) = &item.detail else { return None };
        let id = item.reference();
        if !approval.waits() {
            let by = approval.ended_by.as_ref().map_or_else(String::new, |by| format!(" by {}", by.name));
            return Some(format!("{id} is {}{by}: it does not wait any more", approval.state.name()));
        }
        if self.decision == Decision::Deny && id.parse().is_ok_and(|id: GateId| id.environment.is_none()) {
            return Some(format!("{id} cannot be denied: {ONLY_LET_GO}"));
        }
        let may_not = approval.account_may.as_ref().is_some_and(|may| !may.value);
        let names = approval.approvers.iter().flat_map(|approvers| &approvers.value.names);
        may_not.then(|| only(id, names.cloned()))
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["repo"]
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (gate, comment) = self.wanted(args)?;
        let http = &self.account.http;
        let (verb, name) = (self.decision.verb(), gate.run_name());
        let (look, answer) = match gate.commit() {
            Some(at) => (format!("See whether {name} is still of {at}"), format!("{verb} {gate} at {at}")),
            None => (format!("Look at {name}"), format!("{verb} {gate} as it is then")),
        };
        let look = http.step(look, &gate.look(&[]));
        let Some(environment) = &gate.id.environment else {
            return Ok(vec![look, http.step(answer, &gate.request(Method::POST, &["approve"]))]);
        };
        let id = json!(format!("the id of {environment} in what the second request answers"));
        Ok(vec![
            look,
            http.step(
                format!("Look for {environment} among what waits"),
                &gate.look(&["pending_deployments"]),
            ),
            http.step("Read the answers that it has", &gate.look(&["approvals"])),
            http.step(answer, &self.review(&gate, id, comment)),
        ])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let (gate, comment) = self.wanted(args).map_err(rejected)?;
        let done = match gate.id.environment {
            Some(_) => self.answer_deployment(&gate, comment, progress).await,
            None => self.let_run(&gate, progress).await,
        };
        done.map_err(|error| self.not_done(&gate, error))?;
        let outcome = Outcome::ok(format!("{gate} is {}", self.decision.done()));
        Ok(outcome.with_link(gate.link))
    }
}

async fn read<T: DeserializeOwned>(http: &Http, request: Request) -> Result<T, ServiceError> {
    send(http, request).await?.json()
}

/// GitHub answers 200 with the deployments that go on, or do not: another success does not show that it took the answer.
fn deployed(answer: &Answer, environment: &str) -> Result<(), ServiceError> {
    #[derive(Deserialize)]
    struct Deployment {
        #[serde(rename = "id", deserialize_with = "required_number")]
        _id: u64,
        #[serde(default, deserialize_with = "optional_text")]
        environment: Option<String>,
    }

    let list: Entries<Deployment> = answer.json()?;
    let is_it = |deployment: &Deployment| deployment.environment.as_deref() == Some(environment);
    match answer.status == StatusCode::OK && list.good.iter().any(is_it) {
        true => Ok(()),
        false => Err(ServiceError::unknown("GitHub answered with something else than the deployment")),
    }
}

/// Whether the run waits as a whole, as a first-timer's does; `None` where GitHub does not say how far it is.
fn is_held(run: &wire::Run) -> Option<bool> {
    let words = [&run.status, &run.conclusion].map(|word| word.as_deref().and_then(folded));
    let mut words = words.iter().flatten().peekable();
    words.peek()?;
    Some(words.any(|word| word == "action_required"))
}

/// Who answered how, in words; none for a comment alone.
fn answer_words(review: &DeploymentAnswer) -> Option<String> {
    let how = match folded(&review.state).as_deref() {
        Some("approved") => "approved",
        Some("rejected") => "denied",
        _ => return None,
    };
    // Null where the account was deleted.
    let by = match &review.user {
        Some(Some(user)) => text::line(&user.login, 40),
        Some(None) => "ghost".to_owned(),
        None => String::new(),
    };
    Some(if by.is_empty() { how.to_owned() } else { format!("{how} by {by}") })
}

fn reviewer(reviewer: &RequiredReviewer) -> String {
    match reviewer {
        RequiredReviewer::User(login) => text::line(login, 40),
        RequiredReviewer::Team(slug) => format!("team {}", text::line(slug, 40)),
    }
}

/// Who may answer what this account may not.
fn only(what: &str, names: impl Iterator<Item = String>) -> String {
    match names.collect::<Vec<_>>().as_slice() {
        [] => format!("GitHub does not let this account answer {what}"),
        names => format!("GitHub lets {} answer {what}, and not this account", names.join(", ")),
    }
}
