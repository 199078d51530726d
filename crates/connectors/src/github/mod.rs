//! GitHub and GitHub Enterprise Server: pull requests with their reviews and checks, the builds of Actions,
//! and what of them waits for a person's yes.
//!
//! Everything is read over REST with ETags, by which unchanged lists cost nothing of the hourly rate limit, and received
//! over signed webhooks. Both report the same snapshots.

mod account;
mod actions;
mod board_build;
mod board_run;
mod checks;
mod choose;
mod claim;
mod client;
mod collect;
mod cursor;
mod details;
mod gate_id;
mod gates;
mod gone_build;
mod hook;
mod identity;
mod knowledge;
mod look;
mod missed;
mod normalise;
mod open;
mod part;
mod part_error;
mod presence;
mod refusal;
mod run_branch;
mod run_position;
mod scarcity;
mod shipment;
mod source;
mod targets;
mod unlisted_runs;
mod watch;
mod wire;
mod within;
mod workflows;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callboard_domain::{duration::Span, secret::SecretField};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::watch::Watched;
use self::{account::Account, hook::Webhook};
use crate::{
    Access, ConnectError, Connection, Problem, ServiceUrl,
    http::{Credential, Http},
};

/// Its name in the configuration.
pub const NAME: &str = "github";
/// One address serves one organisation.
pub const TENANTS: bool = false;

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "a personal access token: GitHub, Settings, Developer settings; fine-grained with pull requests, actions and \
           deployments (read and write), checks, commit statuses and contents (read), or classic with repo, workflow and read:org",
    required: true,
};
const WEBHOOK_SECRET: SecretField = SecretField {
    name: "webhook_secret",
    help: "any long random text; the same one is the secret of the webhook at GitHub, whose content type is application/json",
    required: false,
};

/// The secrets that an account needs or can use.
pub const SECRETS: &[SecretField] = &[TOKEN, WEBHOOK_SECRET];

/// A GitHub account in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the API is: `https://api.github.com`, or `https://HOST/api/v3` for Enterprise Server.
    #[serde(default = "github_com")]
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// Repositories such as `acme/web`, or `acme/*` for all of an owner's. Where none is given: all that the account
    /// has part in, the 200 pushed to last.
    #[serde(default)]
    pub watch: Vec<Watched>,
    /// How often to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
}

fn github_com() -> ServiceUrl {
    ServiceUrl::constant("https://api.github.com")
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        let host = self.url.as_url().host_str().unwrap_or_default();
        if host == "github.com" || host == "www.github.com" {
            let what = "that is GitHub's website: its API is https://api.github.com".to_owned();
            return vec![Problem { key: "url", what }];
        }
        Vec::new()
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
        let hook = Arc::new(Webhook::new(
            access.account.clone(),
            self.watch.clone(),
            access.secret(WEBHOOK_SECRET.name).as_ref(),
        ));
        let http = Http::new(access.client, self.url.to_url(), "GitHub", Credential::Bearer(token))
            .with_rate_limit(client::RATE_LIMIT);
        let account = Arc::new(Account::new(access.account, http, self.watch.clone(), hook.knowledge()));
        Ok(Connection {
            identify: account.clone(),
            source: Some(account.clone()),
            hook: Some(hook),
            actions: actions::all(&account),
            chat: None,
            http: Some(account.http.clone()),
        })
    }
}
