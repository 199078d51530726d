//! Accounts and how they are.

use std::{collections::BTreeMap, fmt};

use callboard_domain::{
    actor::PersonId,
    error::ServiceError,
    identity::Identity,
    item::{AccountName, Kind},
    origin::Origin,
    source::{Problem, Progress, RateLimit},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::secrets::SecretBackend;

/// The accounts and how they are.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AccountsQuery {}

/// An account and how it is.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AccountInfo {
    /// Its name.
    pub name: AccountName,
    /// Its service.
    pub service: String,
    /// How it is.
    pub health: Health,
    /// Who it acts as, once known.
    pub identity: Option<Identity>,
    /// Where its items come from: the same on every machine that sees them, whatever the account is called there. With an item's
    /// kind and id it is the same item's key everywhere. `None` where it is not known (yet).
    #[serde(default)]
    #[ts(optional = nullable)]
    pub origin: Option<Origin>,
    /// Whom of `[people]` it acts as, where that lists them.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub person: Option<PersonId>,
    /// The calls that are left in the service's rate limit. `None` too while the service limits the account.
    pub rate_limit: Option<RateLimit>,
    /// When it was last read in full.
    pub last_ok: Option<Timestamp>,
    /// How far it is, while it is read in parts for the first time (as it is set up, since the start): the rest is not on the board.
    pub reading: Option<Progress>,
    /// Parts of it that cannot be read, in plain words.
    pub problems: Vec<Problem>,
    /// Where its secrets are kept.
    pub secrets: SecretBackend,
    /// True where it is watched, once it has all that it needs.
    pub watched: bool,
    /// The kinds of items that it has then; none where it is not watched.
    #[serde(default)]
    #[ts(as = "Option<Vec<Kind>>", optional)]
    pub kinds: Vec<Kind>,
    /// Its settings, as its table in the configuration has them.
    pub settings: BTreeMap<String, Value>,
    /// The names of its secrets that are set.
    pub secrets_set: Vec<String>,
    /// The names of the secrets of which one is to be set before it can be used; none where that is not what it lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub missing_secrets: Vec<String>,
    /// Whether it signs in with one of its secrets. `None` where they could not be read.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub has_credential: Option<bool>,
}

/// The services that an account can be of.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ServicesQuery {}

/// A service, and what an account of it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ServiceInfo {
    /// Its name in the configuration: `github`.
    pub service: String,
    /// What it is called: `GitHub`.
    pub title: String,
    /// What it is good for, in a line.
    pub summary: String,
    /// What can be set, required ones first.
    pub settings: Vec<SettingInfo>,
    /// The secrets that it needs or can use.
    pub secrets: Vec<SecretInfo>,
}

/// A setting of a service's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SettingInfo {
    /// Its key in the account's table: `watch`.
    pub name: String,
    /// What it is, in a line or two.
    pub help: String,
    /// What it takes.
    pub takes: SettingType,
    /// True where there must be one.
    pub required: bool,
    /// What it is where it is not set, where that is known.
    pub default: Option<Value>,
}

/// What a setting takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SettingType {
    /// A text.
    Text,
    /// A list of texts.
    List,
    /// Yes or no.
    Bool,
    /// A number.
    Number,
    /// One of these.
    Choice(Vec<String>),
}

/// A secret of a service's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SecretInfo {
    /// Its name: `token`.
    pub name: String,
    /// What it is and where to get it.
    pub help: String,
    /// True where there must be one.
    pub required: bool,
}

/// A secret to be stored. It is never shown.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[REDACTED]")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// Writes an account to the configuration, keeps its secrets, and connects it. Nothing is kept where something of it is
/// refused.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AddAccount {
    /// What it is to be called.
    pub name: AccountName,
    /// Its service.
    pub service: String,
    /// Its settings.
    pub settings: BTreeMap<String, Value>,
    /// Its secrets by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// Changes settings of an account; a null removes one.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct EditAccount {
    /// Which.
    pub account: AccountName,
    /// What is to be otherwise.
    pub settings: BTreeMap<String, Value>,
}

/// Stores or replaces a secret of an account, and reconnects the account.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SetSecret {
    /// Which account.
    pub account: AccountName,
    /// Which secret.
    pub field: String,
    /// What it is; `None` removes it.
    pub secret: Option<Secret>,
}

/// Takes an account out of the configuration, and its secrets from where they are kept.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RemoveAccount {
    /// Which.
    pub account: AccountName,
}

/// What an account needs before it can be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// A secret.
    #[default]
    Secret,
    /// A change to its table in the configuration.
    Setting,
}

/// How an account is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// Not asked yet.
    New,
    /// Well.
    Ok,
    /// Something must be set first.
    Incomplete {
        /// What.
        why: String,
        /// Where it is set.
        #[serde(default)]
        needs: Needs,
        /// The place of secrets that cannot be read now, where that is why: it is tried again by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        waits_for: Option<String>,
    },
    /// In trouble.
    Trouble {
        /// Since when.
        since: Timestamp,
        /// What the last call met.
        error: ServiceError,
        /// When it is tried again.
        next_try: Option<Timestamp>,
    },
    /// What is read of it cannot be recorded: what is shown of it is from before.
    Unrecorded {
        /// Since when.
        since: Timestamp,
        /// Why.
        why: String,
    },
    /// It should have been read by now and was not, as after a start or a sleep: what is shown of it is from before.
    Overdue {
        /// Since when that is due.
        since: Timestamp,
    },
}

impl Health {
    /// When an account in trouble is tried again by itself, else from when on its rate limit allows it, in words; `time`
    /// shows a time. `None` where neither is to come.
    pub fn retry(&self, now: Timestamp, time: impl Fn(Timestamp) -> String) -> Option<String> {
        let Self::Trouble { since, error, next_try } = self else { return None };
        if let Some(next) = next_try.filter(|at| *at > now) {
            return Some(format!("next try at {}", time(next)));
        }
        let allowed = error.retry_at(*since).filter(|at| *at > now)?;
        Some(format!("it may be tried again at {}", time(allowed)))
    }
}

/// Asks the service who the account is and what it may do.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct TestAccount {
    /// The account.
    pub account: AccountName,
}

/// Reports that an account's secret was set or removed: the account is reconnected.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SecretChanged {
    /// The account.
    pub account: AccountName,
}

/// Polls the accounts once, now, and answers when all have answered or 20 s are over.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct PollNow {
    /// Only this one.
    pub account: Option<AccountName>,
}
