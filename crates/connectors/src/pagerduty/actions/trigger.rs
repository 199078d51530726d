//! To page people.

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, LookupResult, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec},
    error::ServiceError,
    item::{ItemKey, Kind},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::base::{Base, reference, rejected};
use crate::{
    http::Request,
    lenient::web_url,
    pagerduty::wire::{self, is_id},
};

/// What an incident can begin on.
const A_SERVICE: &str = "a service's id or name at PagerDuty";

const SERVICE: &str = "service";
const TITLE: &str = "title";
const URGENCY: &str = "urgency";

/// `trigger on SERVICE TITLE`: an incident of one's own.
pub(super) struct Trigger {
    spec: CommandSpec,
    base: Base,
}

impl Trigger {
    pub(super) fn new(base: Base) -> Self {
        let spec =
            CommandSpec::new("trigger", "Begin an incident: whoever is on call for the service is paged")
                .usage("trigger on <service> <title...>")
                .arg(ArgSpec::live(SERVICE, "the service: its name or its id"))
                .arg(ArgSpec::text(TITLE, "what is wrong, in a line"))
                .arg(
                    ArgSpec::choice(
                        URGENCY,
                        ["high", "low"],
                        "how urgent; the service decides where it is not given",
                    )
                    .optional(),
                )
                .example("trigger on checkout payments are down")
                .example("trigger on \"Nightly jobs\" the export is stuck")
                .example("trigger on PIJ90N7 the nightly export is late --urgency low");
        Self { spec, base }
    }

    /// Sent twice, it is one incident: PagerDuty refuses a second one of this key while the first is open.
    fn request(&self, args: &Args, now: Timestamp) -> Result<(String, Request), ArgError> {
        let service = args.needed(&self.spec, SERVICE)?;
        if !is_id(service) {
            return Err(ArgError::invalid(SERVICE, A_SERVICE, service));
        }
        let title = text::line(args.needed(&self.spec, TITLE)?, 1_000);
        let mut incident = json!({
            "type": "incident",
            "title": title,
            "service": reference("service", service),
            "incident_key": format!("callboard-{}-{}", now.as_microsecond(), service),
        });
        if let Some(urgency) = args.get(URGENCY) {
            incident["urgency"] = urgency.into();
        }
        let body = json!({ "incident": incident });
        Ok((title, self.base.pagerduty.write(Method::POST, ["incidents"], body)))
    }
}

#[async_trait]
impl Action for Trigger {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let (title, request) = self.request(args, now)?;
        Ok(vec![
            self.base
                .pagerduty
                .http()
                .step(format!("Begin the incident {title} on {}", args.shown(SERVICE)), &request),
        ])
    }

    async fn run(&self, args: &Args, now: Timestamp, _: &dyn Progress) -> Result<Outcome, ServiceError> {
        let (title, request) = self.request(args, now).map_err(rejected)?;
        let made: wire::One = self.base.pagerduty.change(request).await?.json()?;
        let link = web_url(&made.incident.html_url);
        let id = made.incident.id.as_str();
        if id.is_empty() {
            return Err(ServiceError::unknown("PagerDuty does not say which incident has begun"));
        }
        let began = ItemKey::new(&self.base.account, Kind::Incident, id);
        Ok(Outcome::ok(format!("The incident {title} has begun"))
            .with_link(link)
            .with_data(json!({ "incident": text::line(id, 40) }))
            .with_began(Some(began)))
    }

    async fn look_up(&self, arg: &str, typed: &str) -> Result<Option<LookupResult>, ServiceError> {
        if arg != SERVICE {
            return Ok(None);
        }
        Ok(Some(LookupResult {
            what: A_SERVICE,
            lookup: self.base.pagerduty.look_up("services", typed).await?,
        }))
    }

    async fn choices(&self, arg: &str, args: &Args) -> Result<Vec<Choice>, ServiceError> {
        if arg != SERVICE {
            return Ok(Vec::new());
        }
        let services = self.base.pagerduty.services(args.text(SERVICE).trim()).await?;
        let open = services.into_iter().filter(|service| service.status != "disabled");
        Ok(open
            .map(|service| Choice { note: Some(text::line(&service.name, 100)), value: service.id })
            .collect())
    }
}
