use std::sync::Arc;

use callboard_domain::secret::{ExposeSecret, SecretString};
use keyring_core::{CredentialStore, Error};

use super::vault::{Found, SecretBackend, SecretsError, Vault};

/// The name that keychain programs show.
const SERVICE: &str = "callboard";

type Open = fn() -> Result<Arc<CredentialStore>, SecretsError>;

/// A keyring of the system. It is opened for each call: the first may come before the keychain runs.
pub(super) struct Keyring {
    place: SecretBackend,
    open: Open,
}

impl Keyring {
    pub(super) fn system() -> Self {
        Self { place: SecretBackend::Keychain, open: open_system }
    }

    pub(super) fn kernel() -> Self {
        Self { place: SecretBackend::Session, open: open_kernel }
    }

    fn with<T>(
        &self,
        account: &str,
        field: &str,
        act: impl FnOnce(&keyring_core::Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, SecretsError> {
        self.with_store(&*(self.open)()?, account, field, act)
    }

    fn with_store<T>(
        &self,
        store: &CredentialStore,
        account: &str,
        field: &str,
        act: impl FnOnce(&keyring_core::Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, SecretsError> {
        match store.build(SERVICE, &format!("{account}/{field}"), None).and_then(|entry| act(&entry)) {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(unavailable(self.place, &error)),
        }
    }
}

impl Vault for Keyring {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        self.with(account, field, |entry| entry.get_password().map(Into::into))
    }

    fn set(&self, account: &str, field: &str, secret: &SecretString) -> Result<(), SecretsError> {
        self.with(account, field, |entry| entry.set_password(secret.expose_secret())).map(drop)
    }

    fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError> {
        self.with(account, field, keyring_core::Entry::delete_credential).map(drop)
    }

    fn get_all(&self, fields: &[(String, String)]) -> Result<Vec<Found>, SecretsError> {
        let store = (self.open)()?;
        let get = |(account, field): &(String, String)| {
            self.with_store(&*store, account, field, |entry| entry.get_password().map(Into::into))
        };
        Ok(fields.iter().map(get).collect())
    }

    #[cfg(target_os = "linux")]
    fn is_locked(&self) -> Result<Option<bool>, SecretsError> {
        match self.place {
            SecretBackend::Keychain => is_locked().map(Some),
            _ => Ok(None),
        }
    }
}

/// Asks the Secret Service whether its default collection is locked, which shows no prompt. Where there is none yet, it is
/// made when the first secret is kept.
#[cfg(target_os = "linux")]
fn is_locked() -> Result<bool, SecretsError> {
    use secret_service::{EncryptionType, Error, blocking::SecretService};
    let fault = |error: Error| SecretsError::Unavailable {
        place: SecretBackend::Keychain.describe(),
        why: error.to_string(),
    };
    let service = SecretService::connect(EncryptionType::Plain).map_err(fault)?;
    match service.get_default_collection() {
        Ok(collection) => collection.is_locked().map_err(fault),
        Err(Error::NoResult) => Ok(false),
        Err(error) => Err(fault(error)),
    }
}

fn unavailable(place: SecretBackend, error: &Error) -> SecretsError {
    // Errors that carry the secret's bytes must not be formatted.
    let why = match error {
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "what it holds is not text".to_owned(),
        other => other.to_string(),
    };
    SecretsError::Unavailable { place: place.describe(), why }
}

#[cfg(target_os = "linux")]
fn open_system() -> Result<Arc<CredentialStore>, SecretsError> {
    let store = zbus_secret_service_keyring_store::Store::new()
        .map_err(|error| unavailable(SecretBackend::Keychain, &error))?;
    Ok(store)
}

#[cfg(target_os = "linux")]
fn open_kernel() -> Result<Arc<CredentialStore>, SecretsError> {
    let store = linux_keyutils_keyring_store::Store::new()
        .map_err(|error| unavailable(SecretBackend::Session, &error))?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn open_system() -> Result<Arc<CredentialStore>, SecretsError> {
    let store = apple_native_keyring_store::keychain::Store::new()
        .map_err(|error| unavailable(SecretBackend::Keychain, &error))?;
    Ok(store)
}

#[cfg(target_os = "windows")]
fn open_system() -> Result<Arc<CredentialStore>, SecretsError> {
    let store = windows_native_keyring_store::Store::new()
        .map_err(|error| unavailable(SecretBackend::Keychain, &error))?;
    Ok(store)
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
fn open_system() -> Result<Arc<CredentialStore>, SecretsError> {
    Err(SecretsError::Unsupported(SecretBackend::Keychain.describe()))
}

#[cfg(not(target_os = "linux"))]
fn open_kernel() -> Result<Arc<CredentialStore>, SecretsError> {
    Err(SecretsError::Unsupported(SecretBackend::Session.describe()))
}
