//! To have others paged for an incident.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role, verbs},
    error::ServiceError,
    identity::Identity,
    item::{IncidentStatus, Item, Kind},
    run::Outcome,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    base::{Base, Now, Verdict, rejected, verdict, with_state},
    on_call,
};
use crate::{
    http::{Answer, Request},
    splunk_oncall::{
        normalise::number,
        wire::{Statuses, is_name},
    },
};

const TARGET: &str = "target";
/// The prefix of the slug of an escalation policy; without a prefix it is a user.
const POLICY: &str = "policy/";

/// `reroute INCIDENT to TARGET`.
pub(super) struct Reroute {
    spec: CommandSpec,
    base: Base,
}

impl Reroute {
    pub(super) fn new(base: Base) -> Self {
        let spec =
            CommandSpec::new("reroute", "Have another user or escalation policy paged for an incident")
                .label("Reroute")
                .usage("reroute <incident> to <target>")
                .role(Role::Assign)
                .arg(ArgSpec::item(verbs::INCIDENT, Kind::Incident, "the incident"))
                .arg(ArgSpec::live(
                    TARGET,
                    "whom to page: a user's name, or policy/ and an escalation policy's slug",
                ))
                .timeout(verbs::ack().timeout)
                .example("reroute 42 to bo")
                .example("reroute 42 to policy/team-KXK4L1qPrbLWwa6w");
        Self { spec, base }
    }

    fn wanted<'a>(&self, args: &'a Args) -> Result<(&'a Item, &'a str, Request), ArgError> {
        let item = self.base.incident(&self.spec, args)?;
        let typed = args.needed(&self.spec, TARGET)?;
        let (kind, slug) = match typed.strip_prefix(POLICY) {
            Some(slug) => ("EscalationPolicy", slug),
            None => ("User", typed),
        };
        if !is_name(slug) {
            let expected =
                "a user's name such as bo, or an escalation policy such as policy/team-KXK4L1qPrbLWwa6w";
            return Err(ArgError::invalid(TARGET, expected, typed));
        }
        let target: Value = json!({ "type": kind, "slug": slug });
        let reroute = json!({ "incidentNumber": number(&item.key.id), "targets": [target] });
        let body = json!({ "userName": self.base.user()?, "reroutes": [reroute] });
        Ok((item, typed, self.base.service.write(Method::POST, ["incidents", "reroute"], body)))
    }
}

/// The incident's own result and that of each target: one target was asked for.
fn answered(answer: &Answer, id: &str) -> Result<Verdict, ServiceError> {
    let statuses = answer.json::<Statuses>()?.statuses;
    let own = statuses.good.into_iter().filter(|status| number(&status.incident_number) == id);
    let results = own.flat_map(|status| {
        let targets = status.target_status.into_iter().flat_map(|targets| targets.good);
        let targets = targets.map(|target| (target.success, target.message));
        std::iter::once((status.success, status.message)).chain(targets).collect::<Vec<_>>()
    });
    verdict(results, id)
}

#[async_trait]
impl Action for Reroute {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _: &Identity) -> Option<String> {
        let is_over = item.status() == IncidentStatus::Resolved.name();
        let over = || format!("{} is resolved: nobody is paged for it any more", item.title);
        self.base.refuses().or_else(|| is_over.then(over))
    }

    fn preview(&self, args: &Args, _: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (item, target, request) = self.wanted(args)?;
        let what = format!("Page {target} for {}, unless it is over by then", item.title);
        Ok(vec![self.base.look(item), self.base.service.http().step(what, &request)])
    }

    async fn run(&self, args: &Args, now: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (item, target, request) = self.wanted(args).map_err(rejected)?;
        let before = match self.base.now(item, now, "nobody was paged").await? {
            Now::Open(incident) => incident,
            Now::Over(outcome) => return Ok(Outcome { ok: false, ..*outcome }),
        };
        let answer = self.base.service.send(request).await?;
        let outcome = match answered(&answer, number(&item.key.id))? {
            Verdict::Done => Outcome::ok(format!("{} was rerouted to {target}", item.title)),
            Verdict::Refused(why) => {
                Outcome::failed(format!("{} was not rerouted to {target}: {why}", item.title))
            }
        };
        Ok(with_state(outcome, &before))
    }

    /// The escalation policies, and who is on call. Others can be typed.
    async fn choices(&self, arg: &str, _: &Args) -> Result<Vec<Choice>, ServiceError> {
        if arg != TARGET {
            return Ok(Vec::new());
        }
        let duties = on_call::duties(&self.base.service.on_call().await?);
        let policies = duties.iter().filter(|duty| is_name(&duty.slug));
        let policies =
            policies.map(|duty| Choice { value: format!("{POLICY}{}", duty.slug), note: Some(duty.row()) });
        Ok(on_call::people(&duties).into_iter().chain(policies).collect())
    }
}
