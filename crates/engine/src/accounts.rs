//! Accounts: configuration and secrets made into connections.

use std::{collections::BTreeMap, sync::Arc};

use callboard_connectors::{Access, Connection, ConnectorConfig, http::Client};
use callboard_domain::{
    chat::ChatService,
    item::AccountName,
    secret::{ExposeSecret, SecretString},
};
use futures::future::join_all;

use crate::{
    config::{Config, ROOM},
    secrets::{Secrets, SecretsError},
};

/// An account as configured, and its connection where it has all that it needs.
pub(crate) struct Account {
    pub(crate) name: AccountName,
    pub(crate) config: ConnectorConfig,
    /// What it offers, or what must be set first.
    pub(crate) connection: Result<Connection, String>,
    /// Held while it is polled. True once a poll of the whole has shown what this configuration covers, and the rest has
    /// left the board.
    pub(crate) covered: tokio::sync::Mutex<bool>,
    /// What it was made from, so that a reload keeps accounts in which nothing changed.
    secrets: BTreeMap<String, SecretString>,
}

impl Account {
    /// The names of its secrets that are set, as far as they could be read when it was connected.
    pub(crate) fn secrets_set(&self) -> Vec<String> {
        self.secrets.keys().cloned().collect()
    }

    /// A secret of it, as it was when it was connected.
    pub(crate) fn secret(&self, field: &str) -> Option<SecretString> {
        self.secrets.get(field).cloned()
    }

    /// Its settings, as its table in the configuration has them.
    pub(crate) fn settings(&self) -> BTreeMap<String, serde_json::Value> {
        let table = serde_json::to_value(&self.config).unwrap_or_default();
        let keys = table.as_object().cloned().unwrap_or_default().into_iter();
        keys.filter(|(key, value)| key != "service" && !value.is_null()).collect()
    }

    fn made_from(&self, config: &ConnectorConfig, secrets: &BTreeMap<String, SecretString>) -> bool {
        self.config == *config
            && self.connection.is_ok()
            && self.secrets.len() == secrets.len()
            && self.secrets.iter().all(|(field, secret)| {
                secrets.get(field).is_some_and(|other| other.expose_secret() == secret.expose_secret())
            })
    }
}

/// The accounts by name.
pub(crate) type Accounts = BTreeMap<AccountName, Arc<Account>>;

/// Connects every account of a configuration. Those of `before` in which nothing changed are kept as they are, with
/// whatever they have learnt.
pub(crate) async fn connect(
    config: &Config,
    secrets: &Secrets,
    client: &Client,
    before: &Accounts,
) -> Accounts {
    let each = config.accounts.iter().map(|(name, config)| async move {
        let known = secrets_of(name, config, secrets).await;
        let before = before.get(name);
        let account = match (known, before) {
            (Ok(known), Some(before)) if before.made_from(config, &known) => Arc::clone(before),
            (Ok(known), _) => {
                let access = Access { account: name.clone(), client: client.clone(), secrets: known.clone() };
                let connection = config.connect(access).map_err(|error| error.to_string());
                Arc::new(Account {
                    name: name.clone(),
                    config: config.clone(),
                    connection,
                    covered: tokio::sync::Mutex::default(),
                    secrets: known,
                })
            }
            (Err(error), _) => Arc::new(Account {
                name: name.clone(),
                config: config.clone(),
                connection: Err(error.to_string()),
                covered: tokio::sync::Mutex::default(),
                secrets: BTreeMap::new(),
            }),
        };
        (name.clone(), account)
    });
    join_all(each).await.into_iter().collect()
}

async fn secrets_of(
    name: &AccountName,
    config: &ConnectorConfig,
    secrets: &Secrets,
) -> Result<BTreeMap<String, SecretString>, SecretsError> {
    let fields = config.secrets().iter().map(|field| async {
        Ok(secrets.get(name.as_str(), field.name).await?.map(|secret| (field.name.to_owned(), secret)))
    });
    let known: Result<Vec<_>, SecretsError> = join_all(fields).await.into_iter().collect();
    Ok(known?.into_iter().flatten().collect())
}

/// The chat service of an account, the built-in room among them.
pub(crate) fn chat(
    accounts: &Accounts,
    room: &Arc<dyn ChatService>,
    account: &AccountName,
) -> Result<Arc<dyn ChatService>, String> {
    if account.as_str() == ROOM {
        return Ok(Arc::clone(room));
    }
    let found = accounts.get(account).ok_or_else(|| format!("there is no account `{account}`"))?;
    match &found.connection {
        Err(why) => Err(why.clone()),
        Ok(connection) => connection.chat.clone().ok_or_else(|| {
            format!("`{account}` is a {} account, which has no channels", found.config.service_name())
        }),
    }
}
