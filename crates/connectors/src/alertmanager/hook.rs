//! Alertmanager's webhooks, version 4: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use std::{hint::black_box, sync::Arc};

use callboard_domain::{
    item::IncidentStatus,
    secret::{ExposeSecret, SecretString},
    source::{Hook, HookError, Received},
    text,
};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    Server,
    normalise::{Standing, began, snapshot},
    wire::{Phase, Webhook},
};

/// Receives webhooks that carry the account's secret as a bearer token; they have no signature.
pub(super) struct Webhooks {
    server: Arc<Server>,
    /// Of the secret: two digests are compared, so that the time taken tells nothing of the secret or its length.
    digest: Option<[u8; 32]>,
}

impl Webhooks {
    pub(super) fn new(server: Arc<Server>, secret: Option<SecretString>) -> Self {
        let secret = secret.filter(|secret| !secret.expose_secret().is_empty());
        let digest = secret.map(|secret| Sha256::digest(secret.expose_secret().as_bytes()).into());
        Self { server, digest }
    }

    fn check(&self, headers: &http::HeaderMap) -> Result<(), HookError> {
        let unsigned = |why: &str| Err(HookError::Unsigned(why.to_owned()));
        let Some(expected) = &self.digest else {
            return unsigned("the account has no webhook_secret, so no webhook is taken");
        };
        let Some(token) = headers.get(http::header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes()))
        else {
            return unsigned("expected the header Authorization: Bearer with the account's webhook_secret");
        };
        let given: [u8; 32] = Sha256::digest(token).into();
        let differs = given.iter().zip(expected).fold(0, |all, (a, b)| black_box(all | (a ^ b)));
        if differs == 0 { Ok(()) } else { unsigned("the bearer token is not the account's webhook_secret") }
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

impl Hook for Webhooks {
    fn admit(&self, headers: &http::HeaderMap) -> Result<(), HookError> {
        self.check(headers)
    }

    fn receive(
        &self,
        headers: &http::HeaderMap,
        body: &[u8],
        _now: Timestamp,
    ) -> Result<Received, HookError> {
        self.check(headers)?;
        let malformed = |why: String| HookError::Malformed(text::line(&why, 200));
        let webhook: Webhook<'_> =
            serde_json::from_slice(body).map_err(|error| malformed(format!("not a webhook: {error}")))?;
        if &*webhook.version != "4" {
            let found = &*webhook.version;
            return Err(malformed(format!("expected version 4 of Alertmanager's webhooks, found {found:?}")));
        }
        let mut snapshots = Vec::with_capacity(webhook.alerts.len());
        for alert in &webhook.alerts {
            if alert.fingerprint.trim().is_empty() {
                return Err(malformed("an alert has no fingerprint".to_owned()));
            }
            if !self.server.filter.iter().all(|matcher| matcher.matches(|name| alert.labels.get(name))) {
                continue;
            }
            let began = began(alert);
            let standing = match alert.status {
                Phase::Firing => Standing::unheld(IncidentStatus::Triggered, began),
                Phase::Resolved => Standing::unheld(IncidentStatus::Resolved, alert.ends_at.max(began)),
            };
            snapshots.push(snapshot(&self.server.place, alert, standing));
        }
        // Alertmanager numbers no deliveries; saying the same twice changes nothing.
        Ok(Received { delivery: None, snapshots })
    }
}
