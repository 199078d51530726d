//! PagerDuty: incidents, who is on call, and what is done about them.
//!
//! REST API v2: <https://developer.pagerduty.com/api-reference>. Webhooks v3:
//! <https://developer.pagerduty.com/docs/webhooks-overview>.

mod actions;
mod client;
mod cursor;
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

use self::{client::PagerDuty, hook::Webhooks, source::Incidents, watched::Watched, wire::is_id};
use crate::{Access, ConnectError, Connection, Problem, ServiceUrl};

/// Its name in the configuration.
pub const NAME: &str = "pagerduty";
/// One address serves many organisations.
pub const TENANTS: bool = true;

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "an API key: a user's own (My Profile, User Settings, Create API User Token) acts as that user; an account's \
           (Integrations, API Access Keys) needs `from` as well",
    required: true,
};
const WEBHOOK_SECRET: SecretField = SecretField {
    name: "webhook_secret",
    help: "the secret that PagerDuty shows once when a webhook (Integrations, Generic Webhooks v3) to \
           http://HOST:7878/hooks/ACCOUNT is made",
    required: false,
};

/// The secrets that an account needs or can use.
pub const SECRETS: &[SecretField] = &[TOKEN, WEBHOOK_SECRET];

/// A PagerDuty account in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API is: `https://api.pagerduty.com`, or `https://api.eu.pagerduty.com`.
    #[serde(default = "pagerduty_com")]
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// Your e-mail address at PagerDuty: in whose name things are done. Needed with an account's API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Only incidents of these teams, by their ids, such as `PQ9K7I8`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// Only incidents of these services, by their ids, such as `PIJ90N7`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// How often to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
}

fn pagerduty_com() -> ServiceUrl {
    ServiceUrl::constant("https://api.pagerduty.com")
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.from.as_deref().is_some_and(|from| !is_email(from)) {
            let what = "expected your e-mail address at PagerDuty, such as ana@acme.example".to_owned();
            problems.push(Problem { key: "from", what });
        }
        for (key, ids) in [("teams", &self.teams), ("services", &self.services)] {
            if let Some(odd) = ids.iter().find(|id| !is_id(id)) {
                let what = format!(
                    "expected ids such as PIJ90N7, as they stand in PagerDuty's addresses, found {odd:?}"
                );
                problems.push(Problem { key, what });
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
    /// Where there is no token.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let token = access.require(&TOKEN)?;
        let secret = access.set(&WEBHOOK_SECRET);
        let pagerduty = Arc::new(PagerDuty::new(access.client, self.url.to_url(), token, self.from.clone()));
        let watched =
            Watched { account: access.account, teams: self.teams.clone(), services: self.services.clone() };
        let watched = Arc::new(watched);
        let hook = Arc::new(Webhooks::new(Arc::clone(&watched), secret.as_ref()));
        Ok(Connection {
            identify: pagerduty.clone(),
            actions: actions::all(&pagerduty, &watched.account),
            http: Some(pagerduty.http().clone()),
            source: Some(Arc::new(Incidents::new(pagerduty, watched, hook.clone()))),
            hook: Some(hook),
            chat: None,
        })
    }
}

fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    text.split_once('@').is_some_and(|(who, host)| plain(who) && plain(host) && !host.contains('@'))
}
