//! Accounts: configuration and secrets made into connections.

mod secrets;
mod webhooks;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use callboard_connectors::{Access, ConnectError, Connection, ConnectorConfig, http::Client};
use callboard_domain::{
    chat::{ChatService, DeliveryKey, Limits, Posted},
    error::ServiceError,
    item::AccountName,
    secret::{ExposeSecret, SecretField, SecretString},
};
use jiff::Timestamp;

use self::{
    secrets::{adopt, needs_secrets, read, records},
    webhooks::UnreadWebhooks,
};
use crate::{
    config::{Config, ROOM, always_clear, clear_remedy},
    secrets::{Secrets, SecretsError},
    store::{Claimed, SecretRecords, Store, StoreError},
};

/// An account as configured, and its connection where it has all that it needs.
pub(crate) struct Account {
    pub(crate) name: AccountName,
    pub(crate) config: ConnectorConfig,
    /// What it offers, or why it cannot be used now.
    pub(crate) connection: Result<Connection, AccountUnusable>,
    /// Its chat, taken out of its connection.
    pub(crate) chat: Option<Chat>,
    /// Held while it is polled.
    pub(crate) polling: tokio::sync::Mutex<()>,
    /// True once a poll of the whole has shown what this configuration covers, and the rest has left the board.
    pub(crate) covered: AtomicBool,
    /// All that is stored of it is to be looked through for damage, not only what is on the board: at first, and each time
    /// that maintenance asks for it.
    pub(crate) suspect: AtomicBool,
    /// Wakes its polling: something of it was changed from here.
    pub(crate) changed: tokio::sync::Notify,
    /// Wakes its polling where that waits for trouble to pass: a poll that somebody asked for went well.
    pub(crate) answered: tokio::sync::Notify,
    /// The webhooks that came for it and could not be read.
    pub(crate) unread_webhooks: UnreadWebhooks,
    /// False where it works without a secret, and none was ever set: the place of secrets is not asked for it.
    pub(crate) needs_secrets: bool,
    /// What it was made from, so that a reload keeps accounts in which nothing changed.
    secrets: BTreeMap<String, SecretString>,
    person: String,
}

/// Why an account cannot be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountUnusable {
    /// A secret must be set first.
    Incomplete(MissingSecret),
    /// Its table must be changed first: it is missing a key, or does not allow that secrets are sent unencrypted.
    Misconfigured(String),
    /// The place of its secrets cannot be read now; that is tried again.
    Waiting(SecretsError),
}

/// A secret that is not set, or not rightly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingSecret {
    why: String,
    /// Their names, of which one is to be set.
    one_of: Vec<String>,
}

impl From<ConnectError> for AccountUnusable {
    fn from(error: ConnectError) -> Self {
        let why = error.to_string();
        match error {
            ConnectError::MissingSecret { one_of } => {
                let one_of = one_of.iter().map(|field| field.name.to_owned()).collect();
                Self::Incomplete(MissingSecret { why, one_of })
            }
            ConnectError::WrongSecret { field, .. } => {
                Self::Incomplete(MissingSecret { why, one_of: vec![field.to_owned()] })
            }
            ConnectError::Config(_) => Self::Misconfigured(why),
        }
    }
}

impl fmt::Display for AccountUnusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete(MissingSecret { why, .. }) | Self::Misconfigured(why) => f.write_str(why),
            Self::Waiting(error) => error.fmt(f),
        }
    }
}

impl Account {
    /// The names of its secrets that are set, as far as they could be read when it was connected.
    pub(crate) fn secrets_set(&self) -> Vec<String> {
        self.secrets.keys().cloned().collect()
    }

    /// The names of the secrets of which one is to be set before it can be used; none where that is not what it lacks.
    pub(crate) fn missing_secrets(&self) -> Vec<String> {
        match &self.connection {
            Err(AccountUnusable::Incomplete(missing)) => missing.one_of.clone(),
            _ => Vec::new(),
        }
    }

    /// Whether it signs in with a secret; `None` where its secrets could not be read.
    pub(crate) fn has_credential(&self) -> Option<bool> {
        let is_set = |field: &SecretField| !field.is_inbound() && self.secrets.contains_key(field.name);
        (!self.is_waiting()).then(|| self.config.secrets().iter().any(is_set))
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

    /// True where its secrets could not be read, and are tried again.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.connection, Err(AccountUnusable::Waiting(_)))
    }

    /// True where it cannot be used for want of a secret: one that could not be read, is not set, or cannot be used. It may
    /// be there by now, without our doing.
    pub(crate) fn misses_secrets(&self) -> bool {
        matches!(self.connection, Err(AccountUnusable::Waiting(_) | AccountUnusable::Incomplete(_)))
    }

    /// Has its next poll read again what is damaged in the store.
    pub(crate) async fn rebuild_unreadable(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let all = self.suspect.swap(false, Ordering::Relaxed);
        let rebuilt = store.rebuild_unreadable(&self.name, all, now).await;
        if all && rebuilt.is_err() {
            self.suspect.store(true, Ordering::Relaxed);
        }
        rebuilt.map(drop)
    }

    fn made_from(
        &self,
        config: &ConnectorConfig,
        secrets: &BTreeMap<String, SecretString>,
        person: &str,
    ) -> bool {
        self.config == *config
            && self.connection.is_ok()
            && self.has_secrets(secrets)
            && self.person == person
    }

    /// True where these are the secrets that it was made from.
    fn has_secrets(&self, secrets: &BTreeMap<String, SecretString>) -> bool {
        self.secrets.len() == secrets.len()
            && self.secrets.iter().all(|(field, secret)| {
                secrets.get(field).is_some_and(|other| other.expose_secret() == secret.expose_secret())
            })
    }
}

/// The accounts by name.
pub(crate) type Accounts = BTreeMap<AccountName, Arc<Account>>;

/// Connects every account of a configuration. Those of `before` in which nothing changed are kept as they are, with
/// whatever they have learnt; so are those whose secrets cannot be read now, though they could be before. `person` is who
/// is at this computer.
pub(crate) async fn connect(
    config: &Config,
    secrets: &Secrets,
    store: &Store,
    client: &Client,
    person: &str,
    before: &Accounts,
) -> Accounts {
    let recorded = records(store, secrets).await;
    let records = recorded.clone().unwrap_or_default();
    let needs = |name: &AccountName, config: &ConnectorConfig| needs_secrets(name, config, &records, client);
    // Nobody is asked for the keychain's password where no account has anything in it.
    let known = match config.accounts.iter().any(|(name, config)| needs(name, config)) {
        true => read(&config.accounts, secrets, &records).await,
        false => config.accounts.keys().map(|name| (name.clone(), Ok(BTreeMap::new()))).collect(),
    };
    if let Some(recorded) = &recorded {
        adopt(config, secrets, store, recorded, &known).await;
    }
    let make = |(name, config): (&AccountName, &ConnectorConfig)| {
        let before = before.get(name);
        let needs_secrets = needs(name, config);
        let known = known.get(name).cloned().unwrap_or_else(|| Ok(BTreeMap::new()));
        let known = match (known, before) {
            (Ok(known), _) => Ok(known),
            (Err(_), _) if !needs_secrets => Ok(BTreeMap::new()),
            (Err(error), Some(before)) if before.config == *config && before.connection.is_ok() => {
                tracing::warn!(account = %name, %error, "its secrets cannot be read; it goes on with those it has");
                return (name.clone(), Arc::clone(before));
            }
            (Err(error), _) => Err(AccountUnusable::Waiting(error)),
        };
        let mut connection = known.clone().and_then(|known| {
            check_sent(name, config, &known, &records)?;
            let access = Access {
                account: name.clone(),
                client: client.clone(),
                secrets: known,
                person: Some(person.to_owned()),
            };
            config.connect(access).map_err(AccountUnusable::from)
        });
        let known = known.unwrap_or_default();
        if let Some(before) = before
            && connection.is_ok()
            && before.made_from(config, &known, person)
        {
            return (name.clone(), Arc::clone(before));
        }
        let chat = connection.as_mut().ok().and_then(|connection| connection.chat.take()).map(Chat);
        let account = Account {
            name: name.clone(),
            config: config.clone(),
            connection,
            chat,
            polling: tokio::sync::Mutex::default(),
            covered: AtomicBool::default(),
            suspect: AtomicBool::new(true),
            changed: tokio::sync::Notify::new(),
            answered: tokio::sync::Notify::new(),
            unread_webhooks: UnreadWebhooks::default(),
            needs_secrets,
            secrets: known,
            person: person.to_owned(),
        };
        (name.clone(), Arc::new(account))
    };
    config.accounts.iter().map(make).collect()
}

/// Whether the accounts with a missing secret have other secrets now than they were made from. No other account is read.
pub(crate) async fn have_new_secrets(accounts: &Accounts, secrets: &Secrets, store: &Store) -> bool {
    let missing = accounts.iter().filter(|(_, account)| account.misses_secrets());
    let missing: BTreeMap<_, _> =
        missing.map(|(name, account)| (name.clone(), account.config.clone())).collect();
    // What an earlier version kept is taken over now where it could not be found before.
    let records = records(store, secrets).await.unwrap_or_default();
    let known = read(&missing, secrets, &records).await;
    known.iter().any(|(name, known)| match (known, accounts.get(name)) {
        (Ok(known), Some(account)) => !account.has_secrets(known),
        _ => false,
    })
}

/// Whether an account's secrets may be sent to where it is: they were given for that host, and are not sent in the clear
/// unless its table says so.
fn check_sent(
    name: &AccountName,
    config: &ConnectorConfig,
    known: &BTreeMap<String, SecretString>,
    records: &SecretRecords,
) -> Result<(), AccountUnusable> {
    let sent = |field: &str| config.secrets().iter().any(|known| known.name == field && known.is_sent());
    let here = config.url().origin();
    for field in known.keys().filter(|field| sent(field)) {
        if let Some(given_for) = records.origin(name, field).filter(|origin| *origin != here) {
            let why = format!(
                "the {field} was given for {given_for}, not for {here}: nothing is sent there. Set it again: \
                 callboard accounts secret {name} {field}"
            );
            return Err(AccountUnusable::Incomplete(MissingSecret { why, one_of: vec![field.clone()] }));
        }
        if config.url().is_clear() && !config.allow_http() {
            let why = format!("the {field} would travel in the clear to {here}: {}", clear_remedy(name));
            return Err(AccountUnusable::Misconfigured(why));
        }
    }
    // Nobody is asked for a secret that would then be refused.
    always_clear(name, config).map_or(Ok(()), |why| Err(AccountUnusable::Misconfigured(why)))
}

/// A chat. Whoever has it may look; what posts is given for a delivery that the outbox has claimed.
#[derive(Clone)]
pub(crate) struct Chat(Arc<dyn ChatService>);

impl Chat {
    pub(crate) fn new(service: Arc<dyn ChatService>) -> Self {
        Self(service)
    }

    /// What it can take.
    pub(crate) fn limits(&self) -> Limits {
        self.0.limits()
    }

    /// The channels that can be posted in, as a person would write them.
    pub(crate) async fn channels(&self) -> Result<Vec<String>, ServiceError> {
        self.0.channels().await
    }

    /// Looks whether a message with that key stands in the channel: see [`ChatService::find`].
    pub(crate) async fn find(
        &self,
        channel: &str,
        under: Option<&Posted>,
        key: &DeliveryKey,
        since: Timestamp,
    ) -> Result<Option<Posted>, ServiceError> {
        self.0.find(channel, under, key, since).await
    }

    /// What posts, for the one who has claimed a delivery.
    pub(crate) fn posting(&self, _: &Claimed) -> &dyn ChatService {
        &*self.0
    }
}

/// Why a chat cannot be posted to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ChatUnavailable {
    /// Its account is there, and is missing something for now, such as a secret: deliveries to it wait, however long.
    Waiting(String),
    /// There is no such account, or it has no channels: what is for it cannot arrive.
    None(String),
}

/// The chat service of an account, the built-in room among them.
pub(crate) fn chat(
    accounts: &Accounts,
    builtin: &Chat,
    account: &AccountName,
) -> Result<Chat, ChatUnavailable> {
    if account.as_str() == ROOM {
        return Ok(builtin.clone());
    }
    let found = accounts.get(account);
    let found = found.ok_or_else(|| ChatUnavailable::None(format!("there is no account `{account}`")))?;
    match &found.connection {
        Err(why) => Err(ChatUnavailable::Waiting(why.to_string())),
        Ok(_) => found.chat.clone().ok_or_else(|| {
            ChatUnavailable::None(format!(
                "`{account}` is a {} account, which has no channels",
                found.config.service_name()
            ))
        }),
    }
}

/// The accounts that lack something for now: see [`ChatUnavailable::Waiting`].
pub(crate) fn waiting(accounts: &Accounts) -> Vec<AccountName> {
    let waiting = accounts.values().filter(|account| account.connection.is_err());
    waiting.map(|account| account.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A configuration with one account.
    pub(super) fn whole(text: &str) -> Config {
        Config::read(std::path::Path::new("callboard.toml"), &format!("[accounts.ci]\n{text}")).unwrap()
    }

    pub(super) fn config(text: &str) -> ConnectorConfig {
        whole(text).accounts[&AccountName::from("ci")].clone()
    }

    pub(super) fn records(complete: bool, origins: &[(&str, &str)]) -> SecretRecords {
        let origins =
            origins.iter().map(|(field, origin)| (("ci".into(), (*field).into()), (*origin).into()));
        SecretRecords { origins: origins.collect(), complete, shared: false }
    }

    #[test]
    fn account_that_can_only_send_its_secret_in_the_clear_is_no_fault_of_the_others() {
        let clear = "url = \"http://a.example\"";
        let is_refused = |table: &str| {
            let checked = check_sent(&"ci".into(), &config(table), &BTreeMap::new(), &records(true, &[]));
            let refused = "its secret would travel in the clear: expected https://";
            match checked {
                Ok(()) => false,
                Err(AccountUnusable::Misconfigured(why)) => why.starts_with(refused),
                Err(why) => panic!("{table}: {why}"),
            }
        };
        // its table -> whether it is refused before it has a secret
        let cases = [
            (format!("service = \"jenkins\"\n{clear}\nuser = \"ana\""), true),
            (format!("service = \"jenkins\"\n{clear}\nuser = \"ana\"\nallow_http = true"), false),
            (format!("service = \"jenkins\"\n{clear}"), false),
        ];
        for (table, refused) in cases {
            assert_eq!(is_refused(&table), refused, "{table}");
        }
    }

    #[test]
    fn a_secret_is_sent_only_to_the_host_that_it_was_given_for() {
        let alerts = |more: &str| format!("service = \"alertmanager\"\n{more}");
        let a = alerts("url = \"https://a.example\"");
        // table, set, given for -> refused with
        let cases = [
            (a.clone(), "token", "https://a.example", None),
            (
                a.clone(),
                "token",
                "https://b.example",
                Some("given for https://b.example, not for https://a.example"),
            ),
            (
                a.clone(),
                "token",
                "http://a.example",
                Some("Set it again: callboard accounts secret ci token"),
            ),
            (a.clone(), "token", "https://a.example:8443", Some("given for https://a.example:8443")),
            (a, "webhook_secret", "https://b.example", None),
            (alerts("url = \"http://a.example\""), "token", "http://a.example", Some("allow_http = true")),
            (alerts("url = \"http://a.example\""), "webhook_secret", "http://a.example", None),
            (alerts("url = \"http://a.example\"\nallow_http = true"), "token", "http://a.example", None),
            (alerts("url = \"http://127.0.0.1:9093\""), "token", "http://127.0.0.1:9093", None),
        ];
        for (table, field, origin, expected) in cases {
            let known = BTreeMap::from([(field.to_owned(), SecretString::from("hush"))]);
            let checked =
                check_sent(&"ci".into(), &config(&table), &known, &records(true, &[(field, origin)]));
            match (checked, expected) {
                (Ok(()), None) => {}
                (Err(why), Some(words)) => assert!(why.to_string().contains(words), "{table}: {why}"),
                (found, _) => panic!("{table}, {field} for {origin}: {found:?}"),
            }
        }
    }
}
