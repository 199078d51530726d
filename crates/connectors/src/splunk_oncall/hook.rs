//! Splunk On-Call's outgoing webhooks. Their bodies are templates that a team writes itself, and nothing signs them: one that
//! carries the account's secret in the custom header `Authorization` reports that something happened, and a poll reads what.

use callboard_domain::{
    secret::SecretString,
    source::{Hook, HookError, Received},
};
use jiff::Timestamp;

use crate::webhook::BearerToken;

pub(super) struct Webhooks {
    token: BearerToken,
}

impl Webhooks {
    pub(super) fn new(secret: Option<&SecretString>) -> Self {
        Self { token: BearerToken::new(secret) }
    }
}

impl Hook for Webhooks {
    fn admit(&self, headers: &http::HeaderMap) -> Result<(), HookError> {
        self.token.admit(headers)
    }

    fn receive(&self, headers: &http::HeaderMap, _: &[u8], _: Timestamp) -> Result<Received, HookError> {
        self.token.admit(headers)?;
        Ok(Received { poll: true, ..Received::default() })
    }
}
