//! Jenkins: jobs in folders, their builds, the queue and the logs.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{duration::Span, error::ServiceError, identity::Identity, secret::SecretField};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Access, ConnectError, Connection, Identify, Problem, ServiceUrl, Watch,
    http::{Credential, Http},
};

/// Its name in the configuration.
pub const NAME: &str = "jenkins";

const TOKEN: SecretField = SecretField {
    name: "token",
    help: "an API token of the user: Jenkins, your name at the top right, Security, API Token",
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
    /// The user whose API token (or password) it is. Without one, what everybody may see is watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Patterns over full job names (`web/api`, `web/*`, `team/**`); without branches. All jobs where not given.
    #[serde(default)]
    pub watch: Watch,
    /// How often to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        match &self.user {
            Some(user) if user.trim().is_empty() || user.contains(':') => {
                vec![Problem { key: "user", what: "expected a user name without a colon".to_owned() }]
            }
            _ => Vec::new(),
        }
    }

    /// How often to look, where given.
    pub fn every(&self) -> Option<Span> {
        self.every
    }

    /// What the account offers.
    ///
    /// # Errors
    /// Where there is a user without a secret, or a secret without a user.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let http = Http::new(access.client.clone(), self.url.to_url(), "Jenkins", Credential::None);
        Ok(Connection { identify: Arc::new(Server { http }), source: None, actions: Vec::new(), chat: None })
    }
}

struct Server {
    http: Http,
}

#[async_trait]
impl Identify for Server {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        Ok(Identity { server: Some(self.http.host().to_owned()), ..Identity::default() })
    }
}
