//! What every command of Splunk On-Call has: its account, and how an incident is found and judged.

use std::sync::Arc;

use callboard_domain::{
    action::Step,
    command::{ArgError, Args, CommandSpec, verbs},
    error::ServiceError,
    item::{AccountName, Detail, IncidentStatus, Item},
    run::Outcome,
    text,
};
use jiff::Timestamp;
use serde_json::json;

use crate::splunk_oncall::{
    client::SplunkOnCall,
    normalise::{self, number},
    wire::Incident,
};

/// The account that a command is for.
pub(super) struct Base {
    pub(super) service: Arc<SplunkOnCall>,
    pub(super) account: AccountName,
}

/// How an incident is when something is to be done about it.
pub(super) enum Now {
    /// Not over.
    Open(Box<Incident>),
    /// Over, with the outcome for that.
    Over(Box<Outcome>),
}

impl Base {
    /// The incident that the arguments name, on the board and of this account.
    pub(super) fn incident<'a>(&self, spec: &CommandSpec, args: &'a Args) -> Result<&'a Item, ArgError> {
        args.item_of(spec, verbs::INCIDENT, &self.account, "an incident")
    }

    /// In whose name something is done.
    pub(super) fn user(&self) -> Result<&str, ArgError> {
        self.service.user().ok_or_else(|| {
            let expected = format!("your user name at Splunk On-Call among the settings of {}", self.account);
            ArgError::invalid("user", expected, "nothing")
        })
    }

    /// Without a user nothing can be done.
    pub(super) fn refuses(&self) -> Option<String> {
        self.user().err().map(|_| {
            format!("the account {} has no user: set it to your user name at Splunk On-Call", self.account)
        })
    }

    /// The step that comes before every change of an incident.
    pub(super) fn look(&self, item: &Item) -> Step {
        let request = self.service.get(["incidents", number(&item.key.id)]);
        self.service.http().step(format!("See whether {} is still open", item.title), &request)
    }

    /// How the incident is now. `undone` is what was left undone where it is over: "nothing was sent".
    pub(super) async fn now(&self, item: &Item, now: Timestamp, undone: &str) -> Result<Now, ServiceError> {
        let Some(incident) = self.service.incident(number(&item.key.id)).await? else {
            let summary = format!("{} is over, and Splunk On-Call lists it no more: {undone}", item.title);
            return Ok(Now::Over(Box::new(Outcome::ok(summary))));
        };
        match normalise::status(&incident.current_phase) {
            Some(IncidentStatus::Resolved) => {
                let seen = normalise::snapshot(&self.account, &incident, now).ok();
                let by = seen.and_then(|seen| match seen.detail {
                    Detail::Incident(incident) => incident.changed_by,
                    Detail::Build(_) | Detail::PullRequest(_) | Detail::Approval(_) => None,
                });
                let by = by.map(|by| format!(" by {}", by.name)).unwrap_or_default();
                let summary = format!("{} is resolved already{by}: {undone}", item.title);
                Ok(Now::Over(Box::new(with_state(Outcome::ok(summary), &incident))))
            }
            Some(_) => Ok(Now::Open(Box::new(incident))),
            None => {
                let phase = text::line(&incident.current_phase, 40);
                Err(ServiceError::rejected(format!(
                    "{} is in the phase {phase:?}, which is not known: nothing was sent",
                    item.title
                )))
            }
        }
    }
}

pub(super) fn with_state(outcome: Outcome, incident: &Incident) -> Outcome {
    let phase = normalise::status(&incident.current_phase).map(IncidentStatus::name);
    let data = json!({ "incident": text::line(number(&incident.incident_number), 40), "status": phase });
    outcome.with_link(normalise::link(incident)).with_data(data)
}

/// Arguments have passed the preview when a run begins; this is for those that have not.
pub(super) fn rejected(error: ArgError) -> ServiceError {
    ServiceError::rejected(error.to_string())
}

/// What became of one incident of a write, by the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Done,
    /// It was not done, and why.
    Refused(String),
}

/// The verdict of all results for the incident: done where each is done, refused where each is refused. Missing or mixed results
/// are unknown.
pub(super) fn verdict(
    results: impl IntoIterator<Item = (Option<bool>, String)>,
    id: &str,
) -> Result<Verdict, ServiceError> {
    let results: Vec<_> = results.into_iter().collect();
    let all = |wanted| !results.is_empty() && results.iter().all(|(done, _)| *done == Some(wanted));
    if all(true) {
        return Ok(Verdict::Done);
    }
    let why: Vec<_> =
        results.iter().map(|(_, why)| text::line(why, 200)).filter(|why| !why.is_empty()).collect();
    let why = why.join("; ");
    if all(false) {
        return Ok(Verdict::Refused(if why.is_empty() { "it gives no reason".to_owned() } else { why }));
    }
    let why = if why.is_empty() { why } else { format!(": {why}") };
    Err(ServiceError::unknown(format!("Splunk On-Call does not say what became of incident {id}{why}")))
}
