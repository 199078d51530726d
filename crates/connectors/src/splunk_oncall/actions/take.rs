//! To be on call in somebody's place.

use std::collections::BTreeSet;

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, verbs},
    error::ServiceError,
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    base::{Base, rejected},
    on_call::{self, Duty},
};
use crate::{
    http::Request,
    splunk_oncall::wire::{is_name, is_same_user},
};

const POLICY: &str = "policy";

/// `take on-call POLICY from PERSON`.
pub(super) struct TakeOnCall {
    spec: CommandSpec,
    base: Base,
}

/// Who takes what from whom.
struct Wanted<'a> {
    policy: &'a str,
    from: &'a str,
    me: &'a str,
    request: Request,
}

impl TakeOnCall {
    pub(super) fn new(base: Base) -> Self {
        let spec = CommandSpec::new("take on-call", "Be on call in somebody's place, until their shift ends")
            .usage("take on-call <policy> from <person>")
            .arg(ArgSpec::live(POLICY, "the escalation policy, by its slug"))
            .arg(ArgSpec::live(verbs::PERSON, "who is on call now"))
            .timeout(verbs::ack().timeout)
            .example("take on-call team-KXK4L1qPrbLWwa6w from bo");
        Self { spec, base }
    }

    fn wanted<'a>(&'a self, args: &'a Args) -> Result<Wanted<'a>, ArgError> {
        let policy = args.needed(&self.spec, POLICY)?;
        if !is_name(policy) {
            let expected = "an escalation policy's slug, such as team-KXK4L1qPrbLWwa6w: choose one";
            return Err(ArgError::invalid(POLICY, expected, policy));
        }
        let from = args.needed(&self.spec, verbs::PERSON)?;
        let me = self.base.user()?;
        if !is_name(from) || is_same_user(me, from) {
            return Err(ArgError::invalid(verbs::PERSON, "the name of another user, such as bo", from));
        }
        let path = ["policies", policy, "oncall", "user"];
        let request = self.base.service.write(Method::PATCH, path, json!({ "fromUser": from, "toUser": me }));
        Ok(Wanted { policy, from, me, request })
    }

    /// Who is on call for the policy now.
    async fn who(&self, policy: &str) -> Result<OnDuty, ServiceError> {
        let listed = self.base.service.on_call().await?;
        let duties = on_call::duties(&listed);
        let own: Vec<&Duty> = duties.iter().filter(|duty| duty.slug == policy).collect();
        Ok(OnDuty {
            name: own.first().map(|duty| duty.policy.clone()),
            users: own.iter().flat_map(|duty| duty.users.iter().cloned()).collect(),
            whole: on_call::is_whole(&listed) && duties.iter().all(|duty| !duty.slug.is_empty()),
        })
    }
}

/// Who is on call for a policy.
struct OnDuty {
    /// What people call the policy; none where no list has it.
    name: Option<String>,
    users: BTreeSet<String>,
    /// False where not all could be read: it is not known then who else is.
    whole: bool,
}

fn has(users: &BTreeSet<String>, name: &str) -> bool {
    users.iter().any(|user| is_same_user(user, name))
}

#[async_trait]
impl Action for TakeOnCall {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let Wanted { policy, from, request, .. } = self.wanted(args)?;
        let http = self.base.service.http();
        let look = http
            .step(format!("See whether {from} is on call for {policy}"), &self.base.service.who_is_on_call());
        Ok(vec![look, http.step(format!("Be on call for {policy} in place of {from}"), &request)])
    }

    async fn run(&self, args: &Args, _: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let Wanted { policy, from, me, request } = self.wanted(args).map_err(rejected)?;
        let OnDuty { name, users: before, whole } = self.who(policy).await?;
        let unread = || {
            let why = "not all of who is on call can be read";
            ServiceError::unavailable(format!(
                "who is on call for {policy} is not known: {why}; nothing was sent"
            ))
        };
        let Some(name) = name else {
            let why =
                format!("Splunk On-Call lists nobody on call for the escalation policy {policy}: choose one");
            return Err(if whole { ServiceError::rejected(why) } else { unread() });
        };
        let data = json!({ "policy": policy, "from": from, "to": me });
        if has(&before, me) {
            let summary = format!("You are on call for {name} already: nothing was sent");
            return Ok(Outcome::ok(summary).with_data(data));
        }
        // As it is listed, since that is how it is sent.
        if !before.contains(from) {
            if !whole {
                return Err(unread());
            }
            let now: Vec<_> = before.iter().map(String::as_str).collect();
            let now = if now.is_empty() { "nobody".to_owned() } else { now.join(", ") };
            let summary = format!("{from} is not on call for {name}, {now} is: nothing was sent");
            return Ok(Outcome::failed(summary).with_data(data));
        }
        let sent = self.base.service.send(request).await.and_then(|answer| {
            // What is no JSON is not Splunk On-Call's.
            let body: Value = answer.json()?;
            Ok(text::line(body["result"].as_str().unwrap_or_default(), 200))
        });
        let why = match sent {
            Ok(result) if result.is_empty() => "Splunk On-Call took it".to_owned(),
            Ok(result) => format!("Splunk On-Call answered {result:?}"),
            Err(ServiceError::Unknown { why }) => why,
            Err(error) => return Err(error),
        };
        // The answer is a sentence, or got lost: the list shows whether it is done.
        match self.who(policy).await {
            Ok(after) if has(&after.users, me) => {
                Ok(Outcome::ok(format!("You are on call for {name} in place of {from}")).with_data(data))
            }
            Ok(_) => {
                let why = format!("{why}, and Splunk On-Call does not list you on call for {name}");
                Err(ServiceError::unknown(why))
            }
            Err(error) => {
                let why = format!("{why}, and whether you are on call for {name} cannot be read: {error}");
                Err(ServiceError::unknown(why))
            }
        }
    }

    async fn choices(&self, arg: &str, args: &Args) -> Result<Vec<Choice>, ServiceError> {
        if !matches!(arg, POLICY | verbs::PERSON) {
            return Ok(Vec::new());
        }
        let mut duties = on_call::duties(&self.base.service.on_call().await?);
        if arg == POLICY {
            let usable = duties.iter().filter(|duty| is_name(&duty.slug));
            return Ok(usable
                .map(|duty| Choice { value: duty.slug.clone(), note: Some(duty.row()) })
                .collect());
        }
        let policy = args.text(POLICY);
        duties.retain(|duty| policy.is_empty() || duty.slug == policy);
        Ok(on_call::people(&duties))
    }
}
