//! What every place that keeps secrets can do, and why it may not.

use std::{path::PathBuf, time::Duration};

use callboard_domain::secret::SecretString;
use serde::{Deserialize, Serialize};

/// How long a store may take to answer before it counts as locked or absent: a locked one can wait for ever.
pub const TIME_OUT: Duration = Duration::from_secs(3);

/// The kinds of store, as `secrets.store` names them.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum SecretBackend {
    /// The system's keychain: Secret Service, macOS Keychain, Windows Credential Manager.
    #[default]
    Keychain,
    /// The kernel's keyring: until the next restart of the machine. Linux only.
    Session,
    /// A file in the data folder, encrypted with a passphrase (`CALLBOARD_PASSPHRASE` or asked for).
    File,
    /// Environment variables `CALLBOARD_SECRET_<ACCOUNT>_<FIELD>`; read only.
    Env,
}

impl SecretBackend {
    /// What people call it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Keychain => "the system's keychain",
            Self::Session => "the kernel keyring (until the next restart)",
            Self::File => "the encrypted file",
            Self::Env => "the environment",
        }
    }
}

/// Why a secret could not be read or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    /// No answer within [`TIME_OUT`].
    #[error("{place} did not answer within {} s: it is locked or not running. Unlock it, or choose another place: secrets.store = \"file\", \"session\" or \"env\"", TIME_OUT.as_secs())]
    NoAnswer {
        /// Which.
        place: &'static str,
    },
    /// It is locked.
    #[error(
        "{place} is locked. Unlock it: Callboard goes on by itself; or choose another place: secrets.store = \"file\", \"session\" or \"env\""
    )]
    Locked {
        /// Which.
        place: &'static str,
    },
    /// It refused.
    #[error(
        "{place} cannot be used: {why}. Start or unlock it, or choose another place: secrets.store = \"file\", \"session\" or \"env\""
    )]
    Unavailable {
        /// Which.
        place: &'static str,
        /// In its words.
        why: String,
    },
    /// The encrypted file needs its passphrase.
    #[error(
        "the encrypted file {0} needs its passphrase: set CALLBOARD_PASSPHRASE, or run this where it can be asked for"
    )]
    NoPassphrase(PathBuf),
    /// The passphrase does not open the encrypted file.
    #[error("the passphrase does not open {0}, or the file is damaged")]
    WrongPassphrase(PathBuf),
    /// The environment cannot be written.
    #[error("secrets.store is \"env\": set the variable {0} where Callboard is started")]
    ReadOnly(String),
    /// A file could not be read or written.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// This system has no such place.
    #[error("{0} is not available on this system")]
    Unsupported(&'static str),
}

/// A place that keeps secrets. Its calls may block for long; [`Secrets`](super::Secrets) bounds them.
pub(super) trait Vault: Send + Sync {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError>;
    fn set(&self, account: &str, field: &str, secret: &SecretString) -> Result<(), SecretsError>;
    fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError>;

    /// Reads several, by account and field: the place is opened once. Fails as a whole where none can be read.
    fn get_all(&self, fields: &[(String, String)]) -> Result<Vec<Found>, SecretsError> {
        Ok(fields.iter().map(|(account, field)| self.get(account, field)).collect())
    }

    /// Reads a secret that was kept before data folders had names of their own in this place, and keeps it under its own name
    /// from now on. Only for one that is known to be this folder's. One that cannot be kept so is an error.
    fn take_over(&self, _account: &str, _field: &str) -> Found {
        Ok(None)
    }

    /// Whether it is locked, without anybody being asked to unlock it; `None` where that cannot be known.
    fn is_locked(&self) -> Result<Option<bool>, SecretsError> {
        Ok(None)
    }
}

/// One of several secrets that were read.
pub(super) type Found = Result<Option<SecretString>, SecretsError>;
