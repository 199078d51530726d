use std::{collections::HashMap, path::Path, sync::Arc};

use callboard_domain::secret::{ExposeSecret, SecretString};
use keyring_core::{CredentialStore, Entry, Error};

use super::{
    service::KeychainService,
    vault::{Found, SecretBackend, SecretsError, Vault},
};
use crate::system::paths::canonical;

type Open = Box<dyn Fn() -> Result<Arc<CredentialStore>, SecretsError> + Send + Sync>;

/// A keyring of the system. It is opened for each call: the first may come before the keychain runs.
pub(super) struct Keyring {
    place: SecretBackend,
    open: Open,
    /// Whether it is locked, as far as that shows without anybody being asked to unlock it.
    is_locked: fn() -> Result<Option<bool>, SecretsError>,
    service: KeychainService,
    /// The data folder, for who reads the entries' labels; `None` where they have none, or need not say it.
    folder: Option<String>,
}

impl Keyring {
    pub(super) fn system(data: &Path, service: KeychainService) -> Self {
        // Only the Secret Service has labels.
        let is_named = service != KeychainService::Usual && cfg!(target_os = "linux");
        Self {
            place: SecretBackend::Keychain,
            open: Box::new(open_system),
            is_locked,
            service,
            folder: is_named.then(|| canonical(data).display().to_string()),
        }
    }

    pub(super) fn kernel(service: KeychainService) -> Self {
        let open: Open = Box::new(open_kernel);
        Self { place: SecretBackend::Session, open, is_locked: || Ok(None), service, folder: None }
    }

    /// A keyring that stands in for the system's or the kernel's; `data` is the data folder, `None` the usual one.
    #[cfg(test)]
    pub(super) fn on(store: &Arc<CredentialStore>, place: SecretBackend, data: Option<&Path>) -> Self {
        let store = Arc::clone(store);
        let service = data.map_or(KeychainService::Usual, KeychainService::other);
        let open: Open = Box::new(move || Ok(Arc::clone(&store)));
        Self { place, open, is_locked: || Ok(None), service, folder: None }
    }

    /// What a new entry is called in the keychain's own window.
    fn label(&self, account: &str, field: &str) -> Option<String> {
        self.folder.as_ref().map(|folder| format!("Callboard: {account}/{field} ({folder})"))
    }

    fn with<T>(
        &self,
        account: &str,
        field: &str,
        act: impl FnOnce(&Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, SecretsError> {
        self.with_store(&*(self.open)()?, self.service, account, field, act)
    }

    fn with_store<T>(
        &self,
        store: &CredentialStore,
        service: KeychainService,
        account: &str,
        field: &str,
        act: impl FnOnce(&Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, SecretsError> {
        let label = self.label(account, field);
        let modifiers = label.as_deref().map(|label| HashMap::from([("label", label)]));
        let entry = store.build(&service.to_string(), &format!("{account}/{field}"), modifiers.as_ref());
        match entry.and_then(|entry| act(&entry)) {
            Ok(value) => Ok(Some(value)),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(unavailable(self.place, &error)),
        }
    }
}

impl Vault for Keyring {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        self.with(account, field, read)
    }

    fn set(&self, account: &str, field: &str, secret: &SecretString) -> Result<(), SecretsError> {
        self.with(account, field, |entry| entry.set_password(secret.expose_secret())).map(drop)
    }

    fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError> {
        self.with(account, field, Entry::delete_credential).map(drop)
    }

    fn get_all(&self, fields: &[(String, String)]) -> Result<Vec<Found>, SecretsError> {
        let store = (self.open)()?;
        let get = |(account, field): &(String, String)| {
            self.with_store(&*store, self.service, account, field, read)
        };
        Ok(fields.iter().map(get).collect())
    }

    fn take_over(&self, account: &str, field: &str) -> Found {
        // The kernel's keyring is emptied by each restart: what is there may have been put there by another folder since.
        if self.service == KeychainService::Usual || self.place != SecretBackend::Keychain {
            return Ok(None);
        }
        let store = (self.open)()?;
        let found = self.with_store(&*store, KeychainService::Usual, account, field, read)?;
        if let Some(secret) = &found {
            let keep = |entry: &Entry| entry.set_password(secret.expose_secret());
            // The one of the common name stays: the usual data folder may have the same account. What could not be kept
            // is not taken over, and is tried again.
            self.with_store(&*store, self.service, account, field, keep)?;
        }
        Ok(found)
    }

    fn is_locked(&self) -> Result<Option<bool>, SecretsError> {
        (self.is_locked)()
    }
}

fn read(entry: &Entry) -> Result<SecretString, Error> {
    entry.get_password().map(Into::into)
}

/// Asks the Secret Service whether its default collection is locked, which shows no prompt. Where there is none yet, it is
/// made when the first secret is kept.
#[cfg(target_os = "linux")]
fn is_locked() -> Result<Option<bool>, SecretsError> {
    use secret_service::{EncryptionType, Error, blocking::SecretService};
    let fault = |error: Error| SecretsError::Unavailable {
        place: SecretBackend::Keychain.describe(),
        why: error.to_string(),
    };
    let service = SecretService::connect(EncryptionType::Plain).map_err(fault)?;
    match service.get_default_collection() {
        Ok(collection) => collection.is_locked().map(Some).map_err(fault),
        Err(Error::NoResult) => Ok(Some(false)),
        Err(error) => Err(fault(error)),
    }
}

/// No other system shows it.
#[cfg(not(target_os = "linux"))]
fn is_locked() -> Result<Option<bool>, SecretsError> {
    Ok(None)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn get(keyring: &Keyring) -> Option<String> {
        keyring.get("forge", "token").unwrap().map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn each_data_folder_has_entries_of_its_own() {
        let store: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        let on = |data: Option<&str>| Keyring::on(&store, SecretBackend::Keychain, data.map(Path::new));
        let [usual, one, two] = [None, Some("/srv/one"), Some("/srv/two")].map(on);
        let known = || [&usual, &one, &two].map(get);
        let text = |it: &str| Some(it.to_owned());
        usual.set("forge", "token", &"usual".into()).unwrap();
        assert_eq!(known(), [text("usual"), None, None]);
        one.set("forge", "token", &"one".into()).unwrap();
        two.set("forge", "token", &"two".into()).unwrap();
        assert_eq!(known(), [text("usual"), text("one"), text("two")]);
        one.remove("forge", "token").unwrap();
        assert_eq!(known(), [text("usual"), None, text("two")]);
        usual.remove("forge", "token").unwrap();
        assert_eq!(known(), [None, None, text("two")]);
    }

    #[test]
    fn secret_of_the_common_name_is_taken_over_and_stays() {
        let store: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        let on = |place, data: Option<&str>| Keyring::on(&store, place, data.map(Path::new));
        let usual = on(SecretBackend::Keychain, None);
        let other = on(SecretBackend::Keychain, Some("/srv/one"));
        let session = on(SecretBackend::Session, Some("/srv/one"));
        let take = |keyring: &Keyring| {
            keyring.take_over("forge", "token").unwrap().map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!((take(&other), get(&other)), (None, None), "there is none");
        usual.set("forge", "token", &"t1".into()).unwrap();
        assert_eq!((get(&other), take(&usual)), (None, None), "nothing is read unasked");
        assert_eq!((take(&session), get(&session)), (None, None), "what does not last is of since then");
        assert_eq!((take(&other).as_deref(), get(&other).as_deref()), (Some("t1"), Some("t1")));
        usual.set("forge", "token", &"t2".into()).unwrap();
        assert_eq!((get(&other).as_deref(), get(&usual).as_deref()), (Some("t1"), Some("t2")));
    }

    #[test]
    fn label_names_the_folder_in_the_keychain_alone() {
        let (data, other) = (Path::new("/srv/one"), KeychainService::other(Path::new("/srv/one")));
        let cases = [
            (Keyring::system(data, other), cfg!(target_os = "linux")),
            (Keyring::kernel(other), false),
            (Keyring::system(data, KeychainService::Usual), false),
        ];
        for (keyring, expected) in cases {
            let label = keyring.label("forge", "token");
            let place = keyring.place;
            assert_eq!(label, expected.then(|| "Callboard: forge/token (/srv/one)".to_owned()), "{place:?}");
        }
    }
}
