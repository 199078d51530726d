//! PagerDuty's webhooks, version 3. Each is about one incident, with fewer fields than the API lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use callboard_domain::{
    item::{Assignment, Hold},
    secret::SecretString,
    source::{Hook, HookError, Received},
    text,
};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{
    cursor::note,
    normalise::{Report, is_user, moment, name, person, snapshot, unique, user},
    watched::Watched,
    wire,
};
use crate::{
    http::charset,
    lenient::Listed,
    webhook::{self, Encoding, Scheme, Signatures},
};

/// "Verifying webhook signatures": tags of all secrets that are good at the time.
/// The time is not signed: `occurred_at` in the body is when it happened.
const SIGNATURE: Scheme =
    Scheme { header: "x-pagerduty-signature", prefix: "v1=", encoding: Encoding::Hex, time_header: None };

pub(super) struct Webhooks {
    watched: Arc<Watched>,
    signatures: Signatures,
    /// The incidents that webhooks mentioned since the last poll.
    mentioned: Mutex<BTreeSet<String>>,
}

impl Webhooks {
    pub(super) fn new(watched: Arc<Watched>, secret: Option<&SecretString>) -> Self {
        let signatures = Signatures::new(SIGNATURE, "PagerDuty", watched.account.clone(), secret);
        Self { watched, signatures, mentioned: Mutex::default() }
    }

    /// The ids of the incidents that webhooks mentioned since they were taken last.
    pub(super) fn mentioned(&self) -> BTreeSet<String> {
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes those ids: the next call returns those mentioned from now on.
    pub(super) fn take_mentioned(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.mentioned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the account watches it, as far as its fields show.
    pub(super) fn covers(&self, incident: &wire::Incident) -> bool {
        let teams = incident.teams.as_ref().map(|teams| teams.good.iter().map(|team| team.id.as_str()));
        let service = incident.service.as_ref().map(|service| service.id.as_str());
        self.watched.covers(service.filter(|id| !id.is_empty()), teams)
    }

    /// Makes the next poll ask for an incident that cannot be read in full here.
    fn mention(&self, id: String, received: Received) -> Received {
        let note = note(&id);
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        Received { note, poll: true, ..received }
    }
}

/// The events of incidents themselves: their names after `incident.`.
pub(super) const OF_INCIDENTS: [&str; 10] = [
    "triggered",
    "acknowledged",
    "unacknowledged",
    "resolved",
    "reopened",
    "reassigned",
    "escalated",
    "delegated",
    "priority_updated",
    "incident_type.changed",
];
/// Other events that are no news of any incident.
const NO_NEWS: [&str; 5] =
    ["pagey.ping", "incident.annotated", "service.created", "service.updated", "service.deleted"];

impl Hook for Webhooks {
    fn admit(&self, headers: &http::HeaderMap) -> Result<(), HookError> {
        self.signatures.admit(headers)
    }

    fn receive(&self, headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<Received, HookError> {
        self.signatures.verify(headers, body, now)?;
        let malformed = |why: String| HookError::Malformed(text::line(&why, 200));
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = charset::text(body, content_type);
        let wire::Webhook { event } =
            webhook::read(&body).map_err(|why| malformed(format!("not a webhook: {why}")))?;
        // What is not whole tells no delivery from another.
        let delivery = Some(text::line(&event.id, 100)).filter(|id| !id.is_empty() && *id == event.id);
        let received = Received { delivery, ..Received::default() };
        if NO_NEWS.contains(&event.event_type.as_str()) {
            return Ok(received);
        }
        let happened = event.event_type.strip_prefix("incident.");
        let data = event.data.map_or("null", RawValue::get);
        let subject: wire::Subject = serde_json::from_str(data).unwrap_or_default();
        let (true, Some(happened)) = (subject.is_incident(), happened) else {
            // About a responder or a field, or of a missing or unknown event: its incident is looked up.
            let is_of_incident = happened.is_some_and(|happened| OF_INCIDENTS.contains(&happened));
            let is_unnamed = event.event_type.is_empty();
            let unread = is_unnamed.then(|| "event.event_type: it names no event".to_owned());
            return match subject.incident_id(is_of_incident) {
                Some(id) => Ok(self.mention(id, Received { unread, ..received })),
                None if is_of_incident && event.data.is_none() => {
                    Err(malformed("event.data: it is missing or null".to_owned()))
                }
                None if is_of_incident => Err(malformed("event.data: it names no incident".to_owned())),
                None => match unread {
                    Some(why) => Err(malformed(why)),
                    None => Ok(Received { poll: happened.is_some(), ..received }),
                },
            };
        };
        let incident: wire::Incident = match webhook::read(data) {
            Ok(incident) => incident,
            Err(why) => {
                // As the whole cannot be read, the account is polled: so is this incident, by its id.
                if let Some(id) = subject.incident_id(true) {
                    self.mention(id, Received::default());
                }
                return Err(malformed(format!("event.data is not an incident: {why}")));
            }
        };
        if incident.id.is_empty() {
            return Err(malformed("event.data.id: it is empty".to_owned()));
        }
        if !self.covers(&incident) {
            return Ok(received);
        }
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).insert(incident.id.clone());
        let received = Received { note: note(&incident.id), ..received };
        if moment(incident.created_at.0, now).is_none() {
            // Its beginning distinguishes one occurrence from another: the poll knows it.
            return Ok(Received { poll: true, ..received });
        }
        let at = moment(event.occurred_at.0, now);
        let by = event.agent.as_ref();
        let is_change =
            matches!(happened, "triggered" | "acknowledged" | "unacknowledged" | "resolved" | "reopened");
        let people = match &incident.assignees {
            Listed::Read(to) if to.odd.is_empty() && to.good.iter().all(|it| !name(it).is_empty()) => {
                Some(to)
            }
            _ => None,
        };
        let assigned = people.zip(at).map(|(to, at)| Assignment {
            at,
            to: unique(to.good.iter().map(user)),
            by: by.filter(|_| happened == "reassigned").map(user),
        });
        let hold = by.zip(at).filter(|(by, _)| happened == "acknowledged" && is_user(by));
        let report = Report {
            incident: &incident,
            // Of what changes no status it is not known when that last changed: its version is the lowest.
            changed_at: at.filter(|_| is_change),
            changed_by: by.filter(|_| is_change),
            hold: hold.map(|(by, at)| Hold { at, by: vec![user(by)], until: None }),
            assigned: assigned
                .filter(|_| matches!(happened, "triggered" | "reassigned" | "escalated" | "delegated")),
            escalations: at
                .filter(|_| happened == "escalated")
                .map(|at| (at, person(by)))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        };
        let item = snapshot(&self.watched.account, report, now)
            .map_err(|why| malformed(format!("event.data: {why}")))?;
        // What it leaves out is known from polls, or is asked for.
        let is_named = |of: &Option<wire::Reference>| of.as_ref().is_some_and(|of| !of.id.is_empty());
        let is_whole =
            is_named(&incident.service) && is_named(&incident.escalation_policy) && incident.teams.is_some();
        let poll = !is_change || at.is_none() || !is_whole;
        Ok(Received { snapshots: vec![item], poll, ..received })
    }
}
