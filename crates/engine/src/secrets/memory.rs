use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use callboard_domain::secret::SecretString;

use super::vault::{SecretsError, Vault};

/// Secrets in memory, by account and field.
pub(super) struct Memory(pub(super) Mutex<BTreeMap<(String, String), SecretString>>);

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
