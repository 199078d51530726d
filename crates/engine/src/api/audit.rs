//! Who changed what: the audit log.

use callboard_domain::{
    actor::Actor,
    item::{AccountName, ItemKey},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What was done and changed, by whom and through what, the latest first. Runs and messages have lists of their own, which
/// say more of them.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AuditQuery {
    /// At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
    pub limit: usize,
    /// Only those recorded before this one: its number.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub before: Option<i64>,
}

/// Verifies the chain of the audit log: each entry has a hash over itself and the hash of the one before it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct AuditVerify {
    /// A hash that an earlier verification gave, in hexadecimal digits: is it still in the chain? A log that was rewritten
    /// as a whole has others.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub head: Option<String>,
}

/// What a verification of the audit log found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditVerification {
    /// How many entries follow from the one before, from the first of the chain on.
    pub entries: u64,
    /// The number of the first of them.
    pub first: Option<i64>,
    /// The number of the last of them.
    pub last: Option<i64>,
    /// The hash of the last of them, in hexadecimal digits: it stands for the whole log until then.
    pub head: String,
    /// How many entries are older than the chain: they cannot be verified.
    pub unchained: u64,
    /// The first thing that is not as it was written; what is after it was not verified.
    pub damage: Option<AuditDamage>,
}

/// What is wrong with the chain of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "damage", rename_all = "snake_case")]
pub enum AuditDamage {
    /// An entry, or the hash of the one before it, is not as it was written.
    Changed {
        /// Its number.
        id: i64,
    },
    /// An entry has no hash that is one: Callboard did not write it so.
    NotChained {
        /// Its number.
        id: i64,
    },
    /// Entries are not there any more.
    Missing {
        /// The number of the first of them.
        first: i64,
        /// The number of the last of them.
        last: i64,
    },
    /// An entry stands before the beginning of the chain, where none can be.
    BeforeBeginning {
        /// Its number.
        id: i64,
    },
    /// Where the chain begins is not on the record any more.
    NoCheckpoint,
    /// Every entry follows from the one before, and the hash that was noted earlier is none of theirs.
    OtherHead,
}

impl std::fmt::Display for AuditDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Changed { id } => write!(f, "entry {id} does not follow from the one before it: it was changed, or that one was"),
            Self::NotChained { id } => write!(f, "entry {id} has no hash: it was changed, or another program wrote it"),
            Self::Missing { first, last } if first == last => write!(f, "entry {first} is missing"),
            Self::Missing { first, last } => write!(f, "entries {first} to {last} are missing"),
            Self::BeforeBeginning { id } => write!(
                f,
                "entry {id} stands before the beginning of the log: the checkpoint was moved, or another program wrote it"
            ),
            Self::NoCheckpoint => f.write_str("where the log begins is not on the record: its checkpoint is missing"),
            Self::OtherHead => f.write_str(
                "the hash is not in the log: the log was written anew since or its last entries were taken out, the entry of \
                 that hash is pruned, or the hash is mistyped",
            ),
        }
    }
}

/// The entries of the audit log in their order, as they are stored, for other programs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AuditExportQuery {
    /// Only those after this one: its number.
    pub after: i64,
    /// At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
    pub limit: usize,
}

/// A part of the audit log, as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AuditExport {
    /// Where the chain begins. `None` where that is not on the record any more.
    pub checkpoint: Option<AuditCheckpoint>,
    /// The entries, in their order.
    pub entries: Vec<AuditRecord>,
}

/// Where the chain of the audit log begins: its first entry follows from this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AuditCheckpoint {
    /// The number of the last entry before it, which is pruned, or older than the chain.
    pub n: i64,
    /// That entry's hash in hexadecimal digits; only zeros where it had none.
    pub hash: String,
}

/// An entry of the audit log as it is stored. Its hash is the SHA-256 of the JSON text
/// `["HASH",n,at,"actor","what"]`, without spaces: the hash of the entry before it, its number, its time, and
/// `actor` and `what`, strings like all texts.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct AuditRecord {
    /// Its number.
    pub n: i64,
    /// When, for people.
    pub time: Timestamp,
    /// When, in microseconds since 1970: what the hash is over.
    pub at: i64,
    /// An [`Actor`], as its JSON text is stored.
    pub actor: String,
    /// An [`AuditedChange`], as its JSON text is stored.
    pub what: String,
    /// Its hash in hexadecimal digits; `None` where it is older than the chain.
    pub hash: Option<String>,
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
    /// What people call the alert that was changed: its key is a fingerprint. `None` where that is not on the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub called: Option<String>,
}

impl AuditEntry {
    /// What was changed, in words that follow the name of the actor; an alert goes by what it is called. `time` formats a
    /// time for the reader.
    pub fn describe(&self, time: impl Fn(Timestamp) -> String) -> String {
        self.what.in_words(self.called.as_deref(), time)
    }
}

/// What somebody changed. For a secret, only that it was set, never its value.
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
        /// True where the person found that it had run.
        ran: bool,
    },
    /// A message was sent again.
    DeliveryRetried {
        /// Its id.
        delivery: String,
    },
    /// A setting was written to the configuration file.
    Configured {
        /// The keys that lead to it.
        path: Vec<String>,
        /// True where it was taken out.
        removed: bool,
    },
    /// The configuration file was read again.
    Reloaded,
    /// A configuration is in force that differs from the one before, whoever has written its files.
    ConfigurationApplied {
        /// The SHA-256 of the files, in hexadecimal digits.
        digest: String,
    },
    /// A run began.
    RunStarted {
        /// Its id.
        run: String,
        /// The line that was run.
        line: String,
    },
    /// A run ended, or was found to have.
    RunEnded {
        /// Its id.
        run: String,
        /// How: `done`, `failed`, `canceled` or `unknown`.
        state: String,
    },
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
    /// What was changed cannot be read any more: the record is damaged, or was written by a newer version. It is never
    /// written.
    Unreadable,
}

impl AuditedChange {
    /// The item that was changed, where it was one.
    pub fn item(&self) -> Option<&ItemKey> {
        match self {
            Self::Snoozed { item, .. } | Self::Unsnoozed { item } => Some(item),
            _ => None,
        }
    }

    /// What was changed, in words that follow the name of the actor; an item goes by its key. `time` formats a time for
    /// the reader.
    pub fn describe(&self, time: impl Fn(Timestamp) -> String) -> String {
        self.in_words(None, time)
    }

    /// The same with what the item is called, where that is known.
    fn in_words(&self, called: Option<&str>, time: impl Fn(Timestamp) -> String) -> String {
        let name = |item: &ItemKey| called.map_or_else(|| item.to_string(), str::to_owned);
        match self {
            Self::Snoozed { item, until: Some(until) } => {
                format!("snoozed {} until {}", name(item), time(*until))
            }
            Self::Snoozed { item, until: None } => format!("snoozed {} until it changes", name(item)),
            Self::Unsnoozed { item } => format!("put {} back on the board", name(item)),
            Self::Quiet { until: Some(until) } => {
                format!("turned do not disturb on until {}", time(*until))
            }
            Self::Quiet { until: None } => "turned do not disturb off".to_owned(),
            Self::RunCanceled { run } => format!("stopped run {run}"),
            Self::RunResolved { run, ran: true } => format!("resolved run {run}: it ran"),
            Self::RunResolved { run, ran: false } => format!("resolved run {run}: it did not run"),
            Self::DeliveryRetried { delivery } => format!("retried delivery {delivery}"),
            Self::Configured { path, removed: false } => format!("set {}", path.join(".")),
            Self::Configured { path, removed: true } => format!("removed {}", path.join(".")),
            Self::Reloaded => "reloaded the configuration".to_owned(),
            Self::ConfigurationApplied { digest } => {
                format!("applied a configuration ({})", digest.get(..12).unwrap_or(digest))
            }
            Self::RunStarted { run, line } => format!("ran {line} (run {run})"),
            Self::RunEnded { run, state } => format!("run {run}: {state}"),
            Self::AccountAdded { account, service } => format!("added account {account} ({service})"),
            Self::AccountEdited { account, settings } => {
                format!("changed {} of account {account}", settings.join(", "))
            }
            Self::AccountRemoved { account } => format!("removed account {account} and its secrets"),
            Self::AccountTested { account } => format!("tested account {account}"),
            Self::SecretSet { account, field } => format!("set {field} of account {account}"),
            Self::SecretRemoved { account, field } => format!("removed {field} of account {account}"),
            Self::SecretsRead { account } => format!("had the secrets of account {account} read again"),
            Self::Unreadable => "changed something: the record of what cannot be read".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_change_are_written_as_the_reader_does() {
        let until = Some(Timestamp::UNIX_EPOCH);
        let item = ItemKey::new(&"forge".into(), callboard_domain::item::Kind::Build, "web");
        let snoozed = AuditedChange::Snoozed { item, until };
        assert_eq!(snoozed.describe(|_| "18:00".into()), "snoozed forge/build/web until 18:00");
        let quiet = AuditedChange::Quiet { until };
        assert_eq!(quiet.describe(|_| "18:00".into()), "turned do not disturb on until 18:00");
    }

    #[test]
    fn alert_that_was_changed_goes_by_its_name() {
        let item = || ItemKey::new(&"pager".into(), callboard_domain::item::Kind::Incident, "3f2a");
        let until = Some(Timestamp::UNIX_EPOCH);
        let (disk, run) = ("Disk is full in storage", "resolved run 7: it ran");
        // what was changed, what people call it -> how that reads
        let cases = [
            (
                AuditedChange::Snoozed { item: item(), until },
                disk,
                "snoozed Disk is full in storage until 18:00",
            ),
            (
                AuditedChange::Snoozed { item: item(), until: None },
                disk,
                "snoozed Disk is full in storage until it changes",
            ),
            (
                AuditedChange::Unsnoozed { item: item() },
                disk,
                "put Disk is full in storage back on the board",
            ),
            (AuditedChange::Unsnoozed { item: item() }, "", "put pager/incident/3f2a back on the board"),
            (AuditedChange::RunResolved { run: "7".into(), ran: true }, "", run),
        ];
        for (what, called, expected) in cases {
            let called = Some(called.to_owned()).filter(|called| !called.is_empty());
            let entry =
                AuditEntry { id: 1, at: Timestamp::UNIX_EPOCH, actor: Actor::unreadable(), what, called };
            assert_eq!(entry.describe(|_| "18:00".into()), expected);
        }
    }
}
