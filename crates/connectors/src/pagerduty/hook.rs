//! PagerDuty's webhooks, version 3. They tell of one incident each, thinner than the API lists it.

use std::{
    collections::BTreeSet,
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
    Watched,
    normalise::{Report, is_user, moment, name, snapshot, unique, user},
    source::remember,
    wire::{self, Reference},
};
use crate::{
    http::charset,
    lenient::Listed,
    webhook::{Encoding, Scheme, Signatures},
};

/// "Verifying webhook signatures": tags of all secrets that are good at the time.
const SIGNATURE: Scheme = Scheme { header: "x-pagerduty-signature", prefix: "v1=", encoding: Encoding::Hex };

pub(super) struct Webhooks {
    watched: Arc<Watched>,
    signatures: Signatures,
    /// The incidents that webhooks were about since the last poll.
    mentioned: Mutex<BTreeSet<String>>,
}

impl Webhooks {
    pub(super) fn new(watched: Arc<Watched>, secret: Option<&SecretString>) -> Self {
        let signatures = Signatures::new(SIGNATURE, "PagerDuty", watched.account.clone(), secret);
        Self { watched, signatures, mentioned: Mutex::default() }
    }

    /// The ids of the incidents that webhooks were about since they were taken last.
    pub(super) fn mentioned(&self) -> BTreeSet<String> {
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes those ids: the next ones are those that webhooks are about from now on.
    pub(super) fn take_mentioned(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.mentioned.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn covers(&self, incident: &wire::Incident) -> bool {
        let teams = incident.teams.as_ref().map(|teams| teams.good.iter().map(|team| team.id.as_str()));
        self.watched.covers(incident.service.as_ref().map(|service| service.id.as_str()), teams)
    }
}

impl Hook for Webhooks {
    fn admit(&self, headers: &http::HeaderMap) -> Result<(), HookError> {
        self.signatures.admit(headers)
    }

    fn receive(&self, headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<Received, HookError> {
        self.signatures.verify(headers, body)?;
        let malformed = |why: String| HookError::Malformed(text::line(&why, 200));
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = charset::text(body, content_type);
        let wire::Webhook { event } =
            serde_json::from_str(&body).map_err(|error| malformed(format!("not a webhook: {error}")))?;
        let delivery = Some(text::line(&event.id, 100)).filter(|id| !id.is_empty());
        let received = Received { delivery, ..Received::default() };
        let Some(happened) = event.event_type.strip_prefix("incident.") else { return Ok(received) };
        let data = event.data.map_or("null", RawValue::get);
        if !serde_json::from_str::<Reference>(data).is_ok_and(|data| data.kind == "incident") {
            // A note, a responder, a field: the incident itself is not told.
            return Ok(Received { poll: happened != "annotated", ..received });
        }
        let incident: wire::Incident = serde_json::from_str(data)
            .map_err(|error| malformed(format!("event.data is not an incident: {error}")))?;
        if !self.covers(&incident) {
            return Ok(received);
        }
        self.mentioned.lock().unwrap_or_else(PoisonError::into_inner).insert(incident.id.clone());
        let received = Received { remember: Some(remember(incident.id.clone())), ..received };
        if moment(incident.created_at.0, now).is_none() {
            // Its beginning tells one occurrence from another: the poll knows it.
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
            escalations: at.filter(|_| happened == "escalated").into_iter().collect::<BTreeSet<_>>(),
        };
        let item = snapshot(&self.watched.account, report, now).map_err(malformed)?;
        Ok(Received { snapshots: vec![item], poll: !is_change || at.is_none(), ..received })
    }
}
