//! Where accounts' secrets are kept. One place, chosen by the person in the configuration, never silently another.

mod environment;
mod file;
mod keyring;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::secret::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

pub use environment::variable;

/// How long a store may take to answer before it counts as locked or absent: a locked one can wait for ever.
pub const TIME_OUT: Duration = Duration::from_secs(3);
/// So much longer for each secret that is asked for at once.
const TIME_OUT_EACH: Duration = Duration::from_millis(20);
/// Reading the encrypted file takes work, and waits for nobody.
const FILE_TIME_OUT: Duration = Duration::from_secs(30);

/// The kinds of store, as `secrets.store` names them.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum Place {
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

impl Place {
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
    /// It said no.
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

/// A place that keeps secrets. Its calls may block for long; [`Secrets`] bounds them.
trait Vault: Send + Sync {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError>;
    fn set(&self, account: &str, field: &str, secret: &SecretString) -> Result<(), SecretsError>;
    fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError>;

    /// Reads several, by account and field: the place is opened once. Fails as a whole where none can be read.
    fn get_all(&self, fields: &[(String, String)]) -> Result<Vec<Found>, SecretsError> {
        Ok(fields.iter().map(|(account, field)| self.get(account, field)).collect())
    }

    /// Whether it is locked, without anybody being asked to unlock it; `None` where that cannot be known.
    fn is_locked(&self) -> Result<Option<bool>, SecretsError> {
        Ok(None)
    }
}

/// One of several secrets that were read.
type Found = Result<Option<SecretString>, SecretsError>;

/// The accounts' secrets.
#[derive(Clone)]
pub struct Secrets {
    vault: Arc<dyn Vault>,
    place: Place,
}

impl Secrets {
    /// Opens the place that the configuration names. Nothing is asked of it yet.
    ///
    /// `passphrase` opens the encrypted file; where it is `None` and needed, calls say so.
    pub fn open(place: Place, data: &Path, passphrase: Option<SecretString>) -> Self {
        let vault: Arc<dyn Vault> = match place {
            Place::Keychain => Arc::new(keyring::Keyring::system()),
            Place::Session => Arc::new(keyring::Keyring::kernel()),
            Place::File => Arc::new(file::EncryptedFile::new(data.join("secrets.enc"), passphrase)),
            Place::Env => Arc::new(environment::Environment),
        };
        Self { vault, place }
    }

    /// Secrets in memory: for tests and the playground.
    pub fn in_memory<'a>(known: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let known = known
            .into_iter()
            .map(|(account, field, secret)| ((account.to_owned(), field.to_owned()), secret.into()))
            .collect();
        Self { vault: Arc::new(Memory(Mutex::new(known))), place: Place::Env }
    }

    /// Where they are kept.
    pub fn place(&self) -> Place {
        self.place
    }

    /// What this place is called in the record of secrets that were set; `None` for one that is not recorded: the
    /// environment is set anew at each start.
    pub fn recorded_as(&self) -> Option<&'static str> {
        match self.place {
            Place::Keychain => Some("keychain"),
            Place::Session => Some("session"),
            Place::File => Some("file"),
            Place::Env => None,
        }
    }

    /// Reads a secret; `None` where it is not set. Answers within [`TIME_OUT`] and a little.
    pub async fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        let (account, field) = (account.to_owned(), field.to_owned());
        self.bounded(1, move |vault| vault.get(&account, &field)).await
    }

    /// Reads several, by account and field, in their order.
    pub async fn get_all(&self, fields: Vec<(String, String)>) -> Result<Vec<Found>, SecretsError> {
        let count = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        self.bounded(count, move |vault| vault.get_all(&fields)).await
    }

    /// Whether reading makes sense now: false where it is known to be locked, or does not answer.
    pub async fn is_ready(&self) -> bool {
        matches!(self.bounded(1, |vault| vault.is_locked()).await, Ok(None | Some(false)))
    }

    /// True where [`Secrets::is_ready`] can tell that it is locked without asking the person for a password.
    pub fn can_tell_locked(&self) -> bool {
        self.place == Place::Keychain && cfg!(target_os = "linux")
    }

    /// Whether secrets can be kept and read. What is locked finds nothing as readily as what is empty, so that a
    /// place of the system's is tried with a probe, which is removed.
    pub async fn probe(&self) -> Result<(), SecretsError> {
        let (account, field) = ("callboard-doctor", "probe");
        match self.place {
            Place::Keychain | Place::Session => {
                if self.bounded(1, |vault| vault.is_locked()).await? == Some(true) {
                    return Err(SecretsError::Locked { place: self.place.describe() });
                }
                self.set(account, field, "nothing secret".into()).await?;
                self.remove(account, field).await
            }
            Place::File | Place::Env => self.get(account, field).await.map(drop),
        }
    }

    /// Keeps a secret, replacing one of that name.
    pub async fn set(&self, account: &str, field: &str, secret: SecretString) -> Result<(), SecretsError> {
        let (account, field) = (account.to_owned(), field.to_owned());
        self.bounded(1, move |vault| vault.set(&account, &field, &secret)).await
    }

    /// Removes a secret; one that is not there is no error.
    pub async fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError> {
        let (account, field) = (account.to_owned(), field.to_owned());
        self.bounded(1, move |vault| vault.remove(&account, &field)).await
    }

    /// On a thread of its own, not the runtime's: one that hangs must not hold up the program's end. `count` is how many
    /// secrets it is about.
    async fn bounded<T: Send + 'static>(
        &self,
        count: u32,
        call: impl FnOnce(&dyn Vault) -> Result<T, SecretsError> + Send + 'static,
    ) -> Result<T, SecretsError> {
        let (answer, answered) = oneshot::channel();
        let vault = Arc::clone(&self.vault);
        let spawned = std::thread::Builder::new().name("secrets".into()).spawn(move || {
            let _ = answer.send(call(&*vault));
        });
        let place = self.place.describe();
        if let Err(error) = spawned {
            return Err(SecretsError::Unavailable { place, why: error.to_string() });
        }
        let time_out = match self.place {
            Place::File => FILE_TIME_OUT,
            _ => TIME_OUT + TIME_OUT_EACH.saturating_mul(count - 1),
        };
        match tokio::time::timeout(time_out, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(SecretsError::Unavailable { place, why: "it broke off".into() }),
            Err(_) => Err(SecretsError::NoAnswer { place }),
        }
    }
}

struct Memory(Mutex<BTreeMap<(String, String), SecretString>>);

impl Memory {
    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<(String, String), SecretString>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Vault for Memory {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        Ok(self.with(|known| known.get(&(account.to_owned(), field.to_owned())).cloned()))
    }

    fn set(&self, account: &str, field: &str, secret: &SecretString) -> Result<(), SecretsError> {
        self.with(|known| known.insert((account.to_owned(), field.to_owned()), secret.clone()));
        Ok(())
    }

    fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError> {
        self.with(|known| known.remove(&(account.to_owned(), field.to_owned())));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
