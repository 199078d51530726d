//! What an account is connected with, and what it then offers: the same for every service.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    action::Action,
    chat::ChatService,
    error::ServiceError,
    identity::Identity,
    item::AccountName,
    secret::{ExposeSecret, SecretField, SecretString},
    source::{Hook, Source},
};

use crate::http;

/// Why an account cannot be used as it is configured. Texts are for people, and never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// A secret is not set.
    #[error("{}", missing(one_of))]
    MissingSecret {
        /// The fields of which one must be set.
        one_of: Vec<SecretField>,
    },
    /// A secret is set to something that it cannot be.
    #[error("the {field} is not right: {what}")]
    WrongSecret {
        /// Its field's name.
        field: &'static str,
        /// What would be right. Never what it is.
        what: String,
    },
    /// The table misses a key, or the key does not go with the secrets.
    #[error("{}: {}", .0.key, .0.what)]
    Config(Problem),
}

/// What is not set, with what it is and where to get it.
fn missing(one_of: &[SecretField]) -> String {
    if let [only] = one_of {
        return format!("the {} is not set: {}", only.name, only.help);
    }
    let names: Vec<_> = one_of.iter().map(|field| field.name).collect();
    let helps: Vec<_> = one_of.iter().map(|field| format!("{}: {}", field.name, field.help)).collect();
    format!("{} must be set; {}", names.join(" or "), helps.join("; "))
}

/// What a connector is given to work with.
pub struct Access {
    /// The account's name, which its items' keys carry.
    pub account: AccountName,
    /// The shared HTTP client.
    pub client: http::Client,
    /// The account's secrets by field name, as far as they are set.
    pub secrets: BTreeMap<String, SecretString>,
    /// The person at this computer, as people call them: in whose name an account acts on a service without users, where
    /// its table names nobody. `None` where that is not known.
    pub person: Option<String>,
}

impl Access {
    /// A secret, where it is set.
    pub fn secret(&self, field: &str) -> Option<SecretString> {
        self.secrets.get(field).cloned()
    }

    /// A secret, where it is set to more than nothing.
    pub fn set(&self, field: &SecretField) -> Option<SecretString> {
        self.secret(field.name).filter(|secret| !secret.expose_secret().is_empty())
    }

    /// A secret that the account cannot work without.
    ///
    /// # Errors
    /// [`ConnectError::MissingSecret`], where it is not set or empty.
    pub fn require(&self, field: &SecretField) -> Result<SecretString, ConnectError> {
        self.set(field).ok_or_else(|| ConnectError::MissingSecret { one_of: vec![*field] })
    }
}

/// What an account offers.
pub struct Connection {
    /// Who it acts as.
    pub identify: Arc<dyn Identify>,
    /// What it watches.
    pub source: Option<Arc<dyn Source>>,
    /// How its webhooks are read, where the service has any.
    pub hook: Option<Arc<dyn Hook>>,
    /// What it can do.
    pub actions: Vec<Arc<dyn Action>>,
    /// Where it can post.
    pub chat: Option<Arc<dyn ChatService>>,
    /// Its HTTP API with the account's credential, for command files; none where there is none that they could use.
    pub http: Option<http::Http>,
}

/// Finds out who an account acts as.
#[async_trait]
pub trait Identify: Send + Sync {
    /// Asks the service. Names the permissions that are missing for what Callboard can do.
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
