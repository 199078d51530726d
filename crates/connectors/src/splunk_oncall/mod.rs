//! Splunk On-Call, which was VictorOps: incidents, who is on call, and what is done about them.
//!
//! Public API: <https://portal.victorops.com/public/api-docs.html>. Outgoing webhooks:
//! <https://help.victorops.com/knowledge-base/custom-outbound-webhooks/>. Snoozing and adding responders are only in its own
//! interface: the API has no call for them.

mod actions;
mod client;
mod hook;
mod normalise;
mod source;
#[cfg(test)]
mod tests;
mod watched;
mod wire;

use std::sync::Arc;

use callboard_domain::{duration::Span, secret::SecretField};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{client::SplunkOnCall, hook::Webhooks, source::Incidents, watched::Watched, wire::is_name};
use crate::{Access, ConnectError, Connection, Problem, ServiceUrl};

/// Its name in the configuration.
pub const NAME: &str = "splunkoncall";
/// Its address serves many organisations.
pub const TENANTS: bool = true;

const API_ID: SecretField = SecretField {
    name: "api_id",
    help: "the API ID of your organisation, as Integrations, API shows it",
    required: true,
};
const API_KEY: SecretField = SecretField {
    name: "api_key",
    help: "an API key (Integrations, API, New Key); one that is read-only sees everything and changes nothing",
    required: true,
};
const WEBHOOK_SECRET: SecretField = SecretField {
    name: "webhook_secret",
    help: "a long random text of your own: an outgoing webhook to http://HOST:7878/hooks/ACCOUNT sends it as the custom \
           header Authorization, after the word Bearer",
    required: false,
};

/// The secrets that an account needs or can use.
pub const SECRETS: &[SecretField] = &[API_ID, API_KEY, WEBHOOK_SECRET];

/// A Splunk On-Call account in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API is: `https://api.victorops.com`.
    #[serde(default = "victorops_com")]
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// Your user name at Splunk On-Call: in whose name things are done. Without it, nothing can be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The short name of your organisation, as it stands in its address `https://portal.victorops.com/dash/NAME`: by it other
    /// machines know the same incidents. The API does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// Only incidents for which one of these teams was paged, by name or slug, such as `team-KXK4L1qPrbLWwa6w`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// Only incidents that came with one of these routing keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routing_keys: Vec<String>,
    /// How often to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
}

fn victorops_com() -> ServiceUrl {
    ServiceUrl::constant("https://api.victorops.com")
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(odd) = self.user.as_ref().filter(|user| !is_name(user)) {
            let what = format!("expected your user name at Splunk On-Call, such as ana, found {odd:?}");
            problems.push(Problem { key: "user", what });
        }
        if let Some(odd) = self.organization.as_ref().filter(|name| !is_name(name)) {
            let what = format!(
                "expected your organisation's short name at Splunk On-Call, such as acme, found {odd:?}"
            );
            problems.push(Problem { key: "organization", what });
        }
        for (key, names, such) in
            [("teams", &self.teams, "Checkout"), ("routing_keys", &self.routing_keys, "checkout")]
        {
            if names.iter().any(|name| name.trim().is_empty()) {
                problems.push(Problem { key, what: format!("expected names such as {such}, found nothing") });
            }
        }
        problems
    }

    /// How often to look, where given.
    pub fn every(&self) -> Option<Span> {
        self.every
    }

    /// None but those that are required.
    pub(crate) fn needs_one_of(&self) -> &'static [SecretField] {
        &[]
    }

    /// What the account offers.
    ///
    /// # Errors
    /// Where the API's ID or key is lacking.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let (id, key) = (access.require(&API_ID)?, access.require(&API_KEY)?);
        let hook = Arc::new(Webhooks::new(access.set(&WEBHOOK_SECRET).as_ref()));
        let (user, organization) = (self.user.clone(), self.organization.clone());
        let service =
            Arc::new(SplunkOnCall::new(access.client, self.url.to_url(), id, key, user, organization));
        let watched = Watched {
            account: access.account,
            teams: self.teams.clone(),
            routing_keys: self.routing_keys.clone(),
        };
        Ok(Connection {
            identify: service.clone(),
            actions: actions::all(&service, &watched.account),
            http: Some(service.http().clone()),
            source: Some(Arc::new(Incidents::new(service, watched))),
            hook: Some(hook),
            chat: None,
        })
    }
}
