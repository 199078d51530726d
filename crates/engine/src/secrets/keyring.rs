use std::{collections::HashMap, path::Path, sync::Arc};

use callboard_domain::secret::{ExposeSecret, SecretString};
use keyring_core::{CredentialStore, Entry, Error};
use sha2::{Digest, Sha256};

use super::vault::{Found, SecretBackend, SecretsError, Vault};
use crate::system::paths::{canonical, is_usual_data};

/// The service name of the usual data folder's entries. Once it was that of all.
const USUAL: &str = "callboard";
/// So much of a folder's digest is in its service name, in bytes.
const DIGEST: usize = 8;

type Open = Box<dyn Fn() -> Result<Arc<CredentialStore>, SecretsError> + Send + Sync>;

/// A keyring of the system. It is opened for each call: the first may come before the keychain runs.
pub(super) struct Keyring {
    place: SecretBackend,
    open: Open,
    service: Service,
}

/// Under what name a data folder's entries are kept, which keychain programs show: no two folders have one in common.
#[derive(Debug, PartialEq, Eq)]
enum Service {
    Usual,
    Other {
        name: String,
        /// The folder, for who reads the entries' labels.
        folder: String,
    },
}

impl Service {
    fn of(data: &Path) -> Self {
        if is_usual_data(data) { Self::Usual } else { Self::other(&canonical(data)) }
    }

    fn other(folder: &Path) -> Self {
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let digits = digest.iter().take(DIGEST).map(|byte| format!("{byte:02x}"));
        let name = std::iter::once(format!("{USUAL}-")).chain(digits).collect();
        Self::Other { name, folder: folder.display().to_string() }
    }

    fn name(&self) -> &str {
        match self {
            Self::Usual => USUAL,
            Self::Other { name, .. } => name,
        }
    }
}

impl Keyring {
    pub(super) fn system(data: &Path) -> Self {
        Self { place: SecretBackend::Keychain, open: Box::new(open_system), service: Service::of(data) }
    }

    pub(super) fn kernel(data: &Path) -> Self {
        Self { place: SecretBackend::Session, open: Box::new(open_kernel), service: Service::of(data) }
    }

    /// A keyring that stands in for the kernel's; `data` is the data folder, `None` the usual one.
    #[cfg(test)]
    pub(super) fn on(store: &Arc<CredentialStore>, data: Option<&Path>) -> Self {
        let store = Arc::clone(store);
        let service = data.map_or(Service::Usual, Service::other);
        Self { place: SecretBackend::Session, open: Box::new(move || Ok(Arc::clone(&store))), service }
    }

    /// What a new entry is called in the keychain's own window. Only the Secret Service has such labels.
    fn label(&self, account: &str, field: &str) -> Option<String> {
        match (&self.service, self.place) {
            (Service::Other { folder, .. }, SecretBackend::Keychain) if cfg!(target_os = "linux") => {
                Some(format!("Callboard: {account}/{field} ({folder})"))
            }
            _ => None,
        }
    }

    fn with<T>(
        &self,
        account: &str,
        field: &str,
        act: impl FnOnce(&Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, SecretsError> {
        self.with_store(&*(self.open)()?, self.service.name(), account, field, act)
    }

    fn with_store<T>(
        &self,
        store: &CredentialStore,
        service: &str,
        account: &str,
        field: &str,
        act: impl FnOnce(&Entry) -> Result<T, Error>,
    ) -> Result<Option<T>, SecretsError> {
        let label = self.label(account, field);
        let modifiers = label.as_deref().map(|label| HashMap::from([("label", label)]));
        let entry = store.build(service, &format!("{account}/{field}"), modifiers.as_ref());
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
            self.with_store(&*store, self.service.name(), account, field, read)
        };
        Ok(fields.iter().map(get).collect())
    }

    fn take_over(&self, account: &str, field: &str) -> Found {
        if self.service == Service::Usual {
            return Ok(None);
        }
        let store = (self.open)()?;
        let found = self.with_store(&*store, USUAL, account, field, read)?;
        if let Some(secret) = &found {
            let keep = |entry: &Entry| entry.set_password(secret.expose_secret());
            // The one of the common name stays: the usual data folder may have the same account.
            if let Err(error) = self.with_store(&*store, self.service.name(), account, field, keep) {
                tracing::warn!(account, field, %error, "the secret could not be kept under this folder's name");
            }
        }
        Ok(found)
    }

    #[cfg(target_os = "linux")]
    fn is_locked(&self) -> Result<Option<bool>, SecretsError> {
        match self.place {
            SecretBackend::Keychain => is_locked().map(Some),
            _ => Ok(None),
        }
    }
}

fn read(entry: &Entry) -> Result<SecretString, Error> {
    entry.get_password().map(Into::into)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn get(keyring: &Keyring) -> Option<String> {
        keyring.get("forge", "token").unwrap().map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn each_data_folder_has_entries_of_its_own() {
        let store: Arc<CredentialStore> = keyring_core::mock::Store::new().unwrap();
        let usual = Keyring::on(&store, None);
        let [one, two] = ["/srv/one", "/srv/two"].map(|it| Keyring::on(&store, Some(Path::new(it))));
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
        let usual = Keyring::on(&store, None);
        let other = Keyring::on(&store, Some(Path::new("/srv/one")));
        let take = |keyring: &Keyring| {
            keyring.take_over("forge", "token").unwrap().map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!((take(&other), get(&other)), (None, None), "there is none");
        usual.set("forge", "token", &"t1".into()).unwrap();
        assert_eq!((get(&other), take(&usual)), (None, None), "nothing is read unasked");
        assert_eq!((take(&other).as_deref(), get(&other).as_deref()), (Some("t1"), Some("t1")));
        usual.set("forge", "token", &"t2".into()).unwrap();
        assert_eq!((get(&other).as_deref(), get(&usual).as_deref()), (Some("t1"), Some("t2")));
    }

    #[test]
    fn service_name_is_that_of_the_folder_whatever_leads_to_it() {
        // What is kept is found by these names: they stay as they are.
        let one = Service::other(Path::new("/srv/one"));
        assert_eq!((Service::Usual.name(), one.name()), ("callboard", "callboard-875fb59d40696cfc"));
        let folder = tempfile::tempdir().unwrap();
        let (data, link) = (folder.path().join("data"), folder.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&data, &link).unwrap();
        #[cfg(unix)]
        assert_eq!(Service::of(&data), Service::of(&link));
        assert_ne!(Service::of(&data), Service::of(folder.path()));
    }

    #[test]
    fn label_names_the_folder_in_the_keychain_alone() {
        let other = || Service::other(Path::new("/srv/one"));
        let cases = [
            (SecretBackend::Keychain, other(), cfg!(target_os = "linux")),
            (SecretBackend::Session, other(), false),
            (SecretBackend::Keychain, Service::Usual, false),
        ];
        for (place, service, expected) in cases {
            let keyring = Keyring { place, open: Box::new(open_system), service };
            let label = keyring.label("forge", "token");
            assert_eq!(label, expected.then(|| "Callboard: forge/token (/srv/one)".to_owned()), "{place:?}");
        }
    }
}
