//! Jenkins: jobs in folders, their builds, the queue, the logs, and the input steps that wait for a person.
//!
//! Facts about its interface are from the "Remote Access API" pages and the `/api` page that every Jenkins object has.

mod actions;
mod builds;
mod client;
mod inputs;
mod job;
mod normalise;
mod source;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{
    duration::Span,
    error::ServiceError,
    identity::Identity,
    secret::{SecretField, SecretString},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::{client::Jenkins, source::Jobs};
use crate::{
    Access, ConnectError, Connection, Identify, Problem, ServiceUrl, Watch,
    http::{Credential, Http},
    sign_in::user_problem,
};

/// Its name in the configuration.
pub const NAME: &str = "jenkins";
/// One address serves one organisation.
pub const TENANTS: bool = false;

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "an API token of the user: in Jenkins, your name at the top right, Security, API Token",
    required: false,
};
const PASSWORD: SecretField = SecretField {
    name: "password",
    help: "the user's password, where there is no API token; a token is better, it can be revoked by itself",
    required: false,
};

/// The secrets that an account can use; none for a Jenkins that everybody may read.
pub const SECRETS: &[SecretField] = &[TOKEN, PASSWORD];

/// A Jenkins account in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where Jenkins is, such as `https://ci.acme.example` or `https://tools.example/jenkins`.
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// The user whose API token (or password) it is. Without one, what everybody may see is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Patterns over full job names (`web/api`, `web/*`, `team/**`), without branches. All jobs where not given.
    #[serde(default)]
    pub watch: Watch,
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

    /// The secrets of which it needs one: those of its user.
    pub(crate) fn needs_one_of(&self) -> &'static [SecretField] {
        if self.user.is_some() { SECRETS } else { &[] }
    }

    /// What the account offers.
    ///
    /// # Errors
    /// Where there is a user without a secret, or a secret without a user.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let credential = self.credential(&access)?;
        // An API token needs no crumb; anything else does ("CSRF Protection" in the Jenkins handbook).
        let crumbs = access.secret(TOKEN.name).is_none();
        let http = Http::new(access.client, self.url.to_url(), "Jenkins", credential);
        let jenkins = Jenkins::new(http.clone(), crumbs);
        let jobs = Arc::new(Jobs::new(jenkins.clone(), access.account.clone(), self.watch.clone()));
        Ok(Connection {
            actions: actions::all(&jenkins, &jobs, &access.account, self.user.as_deref()),
            identify: Arc::new(Who { jenkins, user: self.user.clone() }),
            source: Some(jobs),
            hook: None,
            chat: None,
            http: Some(http),
        })
    }

    fn credential(&self, access: &Access) -> Result<Credential, ConnectError> {
        let secret: Option<SecretString> = access.secret(TOKEN.name).or_else(|| access.secret(PASSWORD.name));
        match (&self.user, secret) {
            (Some(user), Some(password)) => Ok(Credential::Basic { user: user.clone(), password }),
            (Some(_), None) => Err(ConnectError::MissingSecret { one_of: self.needs_one_of().to_vec() }),
            (None, None) => Ok(Credential::None),
            (None, Some(_)) => Err(ConnectError::Config(Problem {
                key: "user",
                what: "a token or password is set: say whose it is".to_owned(),
            })),
        }
    }
}

struct Who {
    jenkins: Jenkins,
    user: Option<String>,
}

#[async_trait]
impl Identify for Who {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let (who, server) = self.jenkins.who_am_i().await?;
        match &self.user {
            Some(user) if who.anonymous => {
                Err(ServiceError::auth(format!("Jenkins took {user} for a stranger: is the token theirs?")))
            }
            _ => {
                let login = if who.anonymous { String::new() } else { who.name };
                Ok(Identity { login, server, ..Identity::default() })
            }
        }
    }
}
