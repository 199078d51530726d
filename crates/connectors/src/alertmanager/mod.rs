//! Alertmanager: the alerts that fire, its webhooks, and its silences.
//!
//! API v2: <https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml>.

mod actions;
mod ends;
mod first_seen;
mod hook;
mod listed;
mod marks;
mod matcher;
mod normalise;
mod server;
mod source;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callboard_domain::{duration::Span, secret::SecretField};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::matcher::Matcher;
use self::{
    ends::Ends, first_seen::FirstSeen, hook::Webhooks, listed::Listed, normalise::Place, server::Server,
    source::Alerts,
};
use crate::{
    Access, ConnectError, Connection, Problem, ServiceUrl,
    http::Http,
    sign_in::{sign_in, user_problem},
};

/// Its name in the configuration.
pub const NAME: &str = "alertmanager";
/// One address serves one organisation.
pub const TENANTS: bool = false;

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "a bearer token, where a proxy in front of Alertmanager asks for one",
    required: false,
};
const PASSWORD: SecretField = SecretField {
    name: "password",
    help: "the password of the account's user, where Alertmanager or a proxy in front of it asks for one",
    required: false,
};
const WEBHOOK_SECRET: SecretField = SecretField {
    name: "webhook_secret",
    help: "a long random text that only Alertmanager shares; in alertmanager.yml: receivers: [{name: callboard, \
           webhook_configs: [{url: 'http://HOST:7878/hooks/ACCOUNT', http_config: {authorization: {credentials: \
           SECRET}}}]}]",
    required: false,
};

/// The secrets that an account can use; none for an Alertmanager that is only polled and asks for none.
pub const SECRETS: &[SecretField] = &[TOKEN, PASSWORD, WEBHOOK_SECRET];

/// Who makes silences where neither the account names anybody nor the person at this computer is known.
const USER: &str = "callboard";

/// An Alertmanager account in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where Alertmanager is, such as `https://alerts.acme.example` or `http://localhost:9093`.
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// Only alerts for which all of these hold, such as `team="web"`; polled or reported by webhook alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filter: Vec<Matcher>,
    /// In whose name silences are made (where not given, the person's at this computer); with a password, also who signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How often to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        user_problem(self.user.as_deref()).into_iter().collect()
    }

    /// How often to look, where given.
    pub fn every(&self) -> Option<Span> {
        self.every
    }

    /// None: whoever has a user need not sign in.
    pub(crate) fn needs_one_of(&self) -> &'static [SecretField] {
        &[]
    }

    /// What the account offers: alerts, and to silence them. Of token and password the token is used.
    ///
    /// # Errors
    /// Where there is a password and no user.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let credential = sign_in(self.user.as_deref(), access.set(&TOKEN), access.set(&PASSWORD))?;
        let secret = access.set(&WEBHOOK_SECRET);
        let base = self.url.to_url();
        let user = self.user.clone().or(access.person);
        let server = Arc::new(Server {
            http: Http::new(access.client, base.clone(), "Alertmanager", credential),
            place: Place { account: access.account, base },
            user: user.unwrap_or_else(|| USER.to_owned()),
            filter: self.filter.clone(),
            ends: Ends::default(),
            first_seen: FirstSeen::default(),
            listed: Listed::default(),
        });
        let hook = Arc::new(Webhooks::new(server.clone(), secret));
        Ok(Connection {
            identify: server.clone(),
            source: Some(Arc::new(Alerts { server: server.clone() })),
            hook: Some(hook),
            actions: actions::all(&server),
            chat: None,
            http: Some(server.http.clone()),
        })
    }
}
