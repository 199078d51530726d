//! Who changed what: the audit log.

use std::fmt;

use callboard_domain::{
    actor::Actor,
    item::{AccountName, ItemKey},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What was changed, by whom and through what, the latest first. Runs and messages have lists of their own, which say the
/// same of them.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AuditQuery {
    /// At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
    pub limit: usize,
    /// Only those recorded before this one: its number.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub before: Option<i64>,
}

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditEntry {
    /// Its number; later ones are greater.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who, and through what.
    pub actor: Actor,
    /// What.
    pub what: AuditedChange,
}

/// What somebody changed. Of a secret only that it was set, never what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum AuditedChange {
    /// An item was taken off the board for a while.
    Snoozed {
        /// Which.
        item: ItemKey,
        /// Until when; `None` until it changes.
        until: Option<Timestamp>,
    },
    /// An item was put back on the board.
    Unsnoozed {
        /// Which.
        item: ItemKey,
    },
    /// Only important notifications are shown until then; `None` ended that.
    Quiet {
        /// Until when.
        until: Option<Timestamp>,
    },
    /// A run was to be stopped. How it ended, the run says.
    RunCanceled {
        /// Its id.
        run: String,
    },
    /// A run whose outcome was not known was resolved.
    RunResolved {
        /// Its id.
        run: String,
        /// True where it is said to have run.
        ran: bool,
    },
    /// A message was sent again.
    DeliveryRetried {
        /// Its id.
        delivery: String,
    },
    /// A setting was written to the configuration file.
    Configured {
        /// Where it stands.
        path: Vec<String>,
        /// True where it was taken out.
        removed: bool,
    },
    /// The configuration file was read again.
    Reloaded,
    /// An account was added.
    AccountAdded {
        /// Its name.
        account: AccountName,
        /// Its service.
        service: String,
    },
    /// Settings of an account were changed.
    AccountEdited {
        /// Its name.
        account: AccountName,
        /// Which settings.
        settings: Vec<String>,
    },
    /// An account was removed, with its secrets.
    AccountRemoved {
        /// Its name.
        account: AccountName,
    },
    /// A service was asked who an account is.
    AccountTested {
        /// Its name.
        account: AccountName,
    },
    /// A secret of an account was set.
    SecretSet {
        /// The account.
        account: AccountName,
        /// Which secret.
        field: String,
    },
    /// A secret of an account was removed.
    SecretRemoved {
        /// The account.
        account: AccountName,
        /// Which secret.
        field: String,
    },
    /// The secrets of an account were read again.
    SecretsRead {
        /// The account.
        account: AccountName,
    },
}

impl fmt::Display for AuditedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snoozed { item, until: Some(until) } => write!(f, "snoozed {item} until {until}"),
            Self::Snoozed { item, until: None } => write!(f, "snoozed {item} until it changes"),
            Self::Unsnoozed { item } => write!(f, "put {item} back on the board"),
            Self::Quiet { until: Some(until) } => write!(f, "turned do not disturb on until {until}"),
            Self::Quiet { until: None } => f.write_str("turned do not disturb off"),
            Self::RunCanceled { run } => write!(f, "stopped run {run}"),
            Self::RunResolved { run, ran: true } => write!(f, "resolved run {run}: it ran"),
            Self::RunResolved { run, ran: false } => write!(f, "resolved run {run}: it did not run"),
            Self::DeliveryRetried { delivery } => write!(f, "retried delivery {delivery}"),
            Self::Configured { path, removed: false } => write!(f, "set {}", path.join(".")),
            Self::Configured { path, removed: true } => write!(f, "removed {}", path.join(".")),
            Self::Reloaded => f.write_str("reloaded the configuration"),
            Self::AccountAdded { account, service } => write!(f, "added account {account} ({service})"),
            Self::AccountEdited { account, settings } => {
                write!(f, "changed {} of account {account}", settings.join(", "))
            }
            Self::AccountRemoved { account } => write!(f, "removed account {account} and its secrets"),
            Self::AccountTested { account } => write!(f, "tested account {account}"),
            Self::SecretSet { account, field } => write!(f, "set {field} of account {account}"),
            Self::SecretRemoved { account, field } => write!(f, "removed {field} of account {account}"),
            Self::SecretsRead { account } => write!(f, "had the secrets of account {account} read again"),
        }
    }
}
