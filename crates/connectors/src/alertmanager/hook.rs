//! Alertmanager's webhooks, version 4: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use std::sync::Arc;

use callboard_domain::{
    item::{Detail, IncidentStatus, Item},
    secret::SecretString,
    source::{Hook, HookError, Received},
    text,
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    normalise::{AlertState, Began, began, snapshot, to_the_second},
    server::Server,
    wire::{Alert, Webhook},
};
use crate::{
    http::charset,
    lenient::{self, Entries, MalformedEntry, Text},
    webhook::{self, BearerToken},
};

/// Receives webhooks that carry the account's secret as a bearer token; they have no signature.
pub(super) struct Webhooks {
    server: Arc<Server>,
    token: BearerToken,
}

impl Webhooks {
    pub(super) fn new(server: Arc<Server>, secret: Option<SecretString>) -> Self {
        Self { server, token: BearerToken::new(secret.as_ref()) }
    }
}

impl Webhooks {
    /// None for an alert without a status, for the end of one that is not known to have begun, and for an end with another
    /// beginning than the alert is listed with, which may be another server's: they are left to the next poll. A firing alert
    /// without a beginning, or with a future one, begins when it was first seen.
    fn alert(&self, alert: &Alert<'_, Text<'_>>, now: Timestamp) -> Result<Option<Item>, String> {
        let (known, first_seen) = (began(alert, now), &self.server.first_seen);
        let (at, state) = match lenient::folded(&alert.status).as_deref().unwrap_or_default() {
            "firing" => {
                self.server.listed.report(&alert.fingerprint, now);
                let known = known.map(|at| self.server.listed.beginning(&alert.fingerprint, at));
                let at = known.unwrap_or_else(|| first_seen.note(&alert.fingerprint, to_the_second(now)));
                (at, AlertState::new(IncidentStatus::Triggered, at))
            }
            "resolved" => {
                let row = self.server.listed.of(&alert.fingerprint);
                let known = match (known, row) {
                    (Some(at), Some(row)) if at != row.starts_at => return Ok(None),
                    (Some(_), Some(row)) => Some(row.began),
                    (known, _) => known,
                };
                let Some(at) = known.or_else(|| first_seen.of(&alert.fingerprint)) else { return Ok(None) };
                first_seen.forget(&alert.fingerprint);
                let ended = lenient::not_ahead(alert.ends_at.at, now).unwrap_or(now).max(at);
                let last_end = self.server.ends.of(&alert.fingerprint);
                // A late report of an earlier occurrence. An end to come is no measure.
                let is_late = last_end.is_some_and(|(began, last)| ended <= began && last <= now);
                if !is_late {
                    self.server.ends.note(&alert.fingerprint, at, ended);
                    self.server.listed.forget(&alert.fingerprint);
                }
                (at, AlertState::new(IncidentStatus::Resolved, ended))
            }
            "" => return Ok(None),
            other => return Err(format!("expected the status firing or resolved, found {other:?}")),
        };
        let began = Began { at, is_known: known.is_some() };
        Ok(Some(snapshot(&self.server.place, alert, began, state)))
    }

    /// True for a firing alert that began before the last end that was reported of it. Which of the two is the later, only a
    /// poll shows.
    fn may_have_ended(&self, fingerprint: &str, item: &Item) -> bool {
        let Detail::Incident(incident) = &item.detail else { return false };
        let ended = self.server.ends.of(fingerprint).map(|(_, ended)| ended);
        incident.status != IncidentStatus::Resolved && ended.is_some_and(|ended| incident.started_at <= ended)
    }
}

impl Hook for Webhooks {
    fn admit(&self, headers: &http::HeaderMap) -> Result<(), HookError> {
        self.token.admit(headers)
    }

    fn receive(&self, headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<Received, HookError> {
        self.token.admit(headers)?;
        let malformed = |why: String| HookError::Malformed(text::line(&why, 200));
        let content_type = headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = charset::text(body, content_type);
        let webhook: Webhook<'_> =
            webhook::read(&body).map_err(|why| malformed(format!("not a webhook: {why}")))?;
        if !matches!(&*webhook.version, "4" | "") {
            let found = &*webhook.version;
            return Err(malformed(format!("expected version 4 of Alertmanager's webhooks, found {found:?}")));
        }
        let is_whole = webhook.alerts.is_some();
        let Entries { good, mut odd } = webhook.alerts.unwrap_or_default();
        let (mut snapshots, mut later, mut undecided) = (Vec::with_capacity(good.len()), 0, false);
        for (place, alert) in good.iter().enumerate() {
            // Every alert has labels: without them it is not known whether the alert is watched.
            if alert.labels.are_blank() {
                later += 1;
                let name = json!({ "fingerprint": &*alert.fingerprint }).to_string();
                odd.push(MalformedEntry::new(place, &name, "it has no labels"));
                continue;
            }
            if !self.server.filter.iter().all(|matcher| matcher.matches(|name| alert.labels.get(name))) {
                continue;
            }
            let name = || json!({ "name": alert.labels.get("alertname") }).to_string();
            let read = self.alert(alert, now);
            if read.is_ok() {
                // It counts from when it was seen.
                odd.extend(alert.unread_date().map(|why| MalformedEntry::new(place, &name(), why)));
            }
            match read {
                Ok(Some(item)) => {
                    // Its title is among them.
                    later += usize::from(alert.annotations.is_none());
                    undecided |= self.may_have_ended(&alert.fingerprint, &item);
                    snapshots.push(item);
                }
                Ok(None) => later += 1,
                Err(why) => odd.push(MalformedEntry::new(place, &name(), why)),
            }
        }
        // To refuse the delivery would lose the good ones: Alertmanager does not send it again.
        let unread = match odd.first() {
            Some(odd) if good.is_empty() || (snapshots.is_empty() && later == 0) => {
                return Err(malformed(odd.to_string()));
            }
            Some(first) => Some(format!("{} of its alerts: {first}", odd.len())),
            None => (!is_whole).then(|| "alerts: it is null".to_owned()),
        };
        if later > 0 {
            // Once per webhook: only at debug level. The receiver logs what cannot be read.
            let account = &self.server.place.account;
            tracing::debug!(%account, count = later, "alerts of a webhook are incomplete: a poll reads them");
        }
        // Alertmanager numbers no deliveries; a repeated delivery changes nothing.
        let poll = later > 0 || undecided || unread.is_some();
        Ok(Received { snapshots, poll, unread, ..Received::default() })
    }
}
