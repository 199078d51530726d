//! Connectors: one folder per service. They see only the domain.
//!
//! A connector offers what its service has: something to watch ([`Source`]), things to do ([`Action`]), a chat
//! ([`ChatService`]). [`ConnectorConfig`] is the one list of services; its matches are exhaustive, so that a
//! forgotten connector does not compile.

pub mod http;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    action::Action, chat::ChatService, error::ServiceError, identity::Identity, item::AccountName,
    secret::SecretString, source::Source,
};

/// What a connector is given to work with.
pub struct Access {
    /// The account's name, which its items' keys carry.
    pub account: AccountName,
    /// The shared HTTP client.
    pub client: http::Client,
    /// The account's secrets by field name, as far as they are set.
    pub secrets: BTreeMap<String, SecretString>,
}

impl Access {
    /// A secret, where it is set.
    pub fn secret(&self, field: &str) -> Option<SecretString> {
        self.secrets.get(field).cloned()
    }
}

/// What an account offers.
pub struct Connection {
    /// Who it acts as.
    pub identify: Arc<dyn Identify>,
    /// What it watches.
    pub source: Option<Arc<dyn Source>>,
    /// What it can do.
    pub actions: Vec<Arc<dyn Action>>,
    /// Where it can post.
    pub chat: Option<Arc<dyn ChatService>>,
}

/// Finds out who an account acts as.
#[async_trait]
pub trait Identify: Send + Sync {
    /// Asks the service. Names the permissions that the credential lacks for what Callboard can do.
    async fn identify(&self) -> Result<Identity, ServiceError>;
}

/// Something wrong in an account's configuration that its type cannot express.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key within the account's table, such as `watch`.
    pub key: &'static str,
    /// What is wrong and what would be right.
    pub what: String,
}
