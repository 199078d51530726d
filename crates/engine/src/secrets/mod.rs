//! Where accounts' secrets are kept. One place, chosen by the person in the configuration, never silently another.

mod environment;
mod file;
mod keyring;
mod memory;
mod service;
mod vault;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use callboard_domain::secret::SecretString;
use tokio::sync::oneshot;

use self::vault::{Found, Vault};

pub use self::{
    environment::variable,
    service::KeychainService,
    vault::{SecretBackend, SecretsError, TIME_OUT},
};

/// So much longer for each secret that is asked for at once.
const TIME_OUT_EACH: Duration = Duration::from_millis(20);
/// Reading the encrypted file takes work, and waits for nobody.
const FILE_TIME_OUT: Duration = Duration::from_secs(30);

/// The accounts' secrets.
#[derive(Clone)]
pub struct Secrets {
    vault: Arc<dyn Vault>,
    place: SecretBackend,
}

impl Secrets {
    /// Opens the place that the configuration names. Nothing is asked of it yet. What is kept there is this data folder's:
    /// that of another is neither read nor changed. In a keychain it goes by the name of `service`.
    ///
    /// `passphrase` opens the encrypted file; where it is `None` and needed, calls fail.
    pub fn open(
        place: SecretBackend,
        data: &Path,
        service: KeychainService,
        passphrase: Option<SecretString>,
    ) -> Self {
        let vault: Arc<dyn Vault> = match place {
            SecretBackend::Keychain => Arc::new(keyring::Keyring::system(data, service)),
            SecretBackend::Session => Arc::new(keyring::Keyring::kernel(service)),
            SecretBackend::File => Arc::new(file::EncryptedFile::new(data.join("secrets.enc"), passphrase)),
            SecretBackend::Env => Arc::new(environment::Environment),
        };
        Self { vault, place }
    }

    /// Secrets in memory: for tests and the playground.
    pub fn in_memory<'a>(known: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Self {
        let known = known
            .into_iter()
            .map(|(account, field, secret)| ((account.to_owned(), field.to_owned()), secret.into()))
            .collect();
        Self { vault: Arc::new(memory::Memory(Mutex::new(known))), place: SecretBackend::Env }
    }

    /// Secrets of a data folder (`None`: the usual one) in a keyring that stands in for the system's or the kernel's.
    #[cfg(test)]
    pub(crate) fn in_keyring(
        store: &Arc<keyring_core::CredentialStore>,
        place: SecretBackend,
        data: Option<&Path>,
    ) -> Self {
        Self { vault: Arc::new(keyring::Keyring::on(store, place, data)), place }
    }

    /// Where they are kept.
    pub fn place(&self) -> SecretBackend {
        self.place
    }

    /// What this place is called in the record of secrets that were set; `None` for one that is not recorded: the
    /// environment is set again at each start.
    pub fn recorded_as(&self) -> Option<&'static str> {
        match self.place {
            SecretBackend::Keychain => Some("keychain"),
            SecretBackend::Session => Some("session"),
            SecretBackend::File => Some("file"),
            SecretBackend::Env => None,
        }
    }

    /// Reads a secret; `None` where it is not set. Answers within [`TIME_OUT`] and a little.
    pub async fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        let (account, field) = (account.to_owned(), field.to_owned());
        self.bounded(1, move |vault| vault.get(&account, &field)).await
    }

    /// Reads several, by account and field, in their order.
    pub async fn get_all(&self, fields: Vec<(String, String)>) -> Result<Vec<Found>, SecretsError> {
        // Nothing is unlocked for nothing.
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let count = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        self.bounded(count, move |vault| vault.get_all(&fields)).await
    }

    /// Reads several that are not kept under this data folder's own name, and are known to be its own all the same: they were
    /// set before folders had names of their own, and have them from then on.
    pub async fn take_over(&self, fields: Vec<(String, String)>) -> Result<Vec<Found>, SecretsError> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let count = u32::try_from(fields.len()).unwrap_or(u32::MAX);
        self.bounded(count, move |vault| {
            Ok(fields.iter().map(|(account, field)| vault.take_over(account, field)).collect())
        })
        .await
    }

    /// Whether reading makes sense now: false where it is known to be locked, or does not answer.
    pub async fn is_ready(&self) -> bool {
        matches!(self.bounded(1, |vault| vault.is_locked()).await, Ok(None | Some(false)))
    }

    /// True where [`Secrets::is_ready`] detects a locked keychain without asking the person for a password.
    pub fn detects_lock(&self) -> bool {
        self.place == SecretBackend::Keychain && cfg!(target_os = "linux")
    }

    /// True where reading asks the person for nothing, as long as [`Secrets::is_ready`]. The keychain of macOS may ask for a
    /// password each time, for what another program has put there.
    pub fn asks_nobody(&self) -> bool {
        self.place != SecretBackend::Keychain || !cfg!(target_os = "macos")
    }

    /// Whether secrets can be kept and read. What is locked finds nothing as readily as what is empty, so that a
    /// place of the system's is tried with a probe, which is removed.
    pub async fn probe(&self) -> Result<(), SecretsError> {
        let (account, field) = ("callboard-doctor", "probe");
        match self.place {
            SecretBackend::Keychain | SecretBackend::Session => {
                if self.bounded(1, |vault| vault.is_locked()).await? == Some(true) {
                    return Err(SecretsError::Locked { place: self.place.describe() });
                }
                self.set(account, field, "nothing secret".into()).await?;
                self.remove(account, field).await
            }
            SecretBackend::File | SecretBackend::Env => self.get(account, field).await.map(drop),
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
            SecretBackend::File => FILE_TIME_OUT,
            _ => TIME_OUT + TIME_OUT_EACH.saturating_mul(count.saturating_sub(1)),
        };
        match tokio::time::timeout(time_out, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(SecretsError::Unavailable { place, why: "it broke off".into() }),
            Err(_) => Err(SecretsError::NoAnswer { place }),
        }
    }
}

#[cfg(test)]
mod tests;
