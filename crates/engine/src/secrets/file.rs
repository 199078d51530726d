use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, prelude::BASE64_STANDARD};
use callboard_domain::secret::{ExposeSecret, SecretString};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Generate, Payload},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::vault::{Found, SecretsError, Vault};
use crate::system::private;

/// Argon2id at OWASP's first recommendation (Password Storage Cheat Sheet): 46 MiB, one pass, one lane.
const MEMORY_KIB: u32 = 47_104;
const PASSES: u32 = 1;
/// The largest file that is read, in bytes.
const LIMIT: u64 = 16 << 20;
/// Bound into the encryption, so that a file of a later format cannot be passed off as this one.
const FORMAT: &str = "callboard-secrets-1";

/// A file of secrets, encrypted as a whole under a key derived from a passphrase.
pub(super) struct EncryptedFile {
    path: PathBuf,
    passphrase: Option<SecretString>,
    /// Held while the file is read, changed and written back. Deriving a key takes some 46 MiB and a tenth of a second, so
    /// it is done once.
    key: Mutex<Option<Key>>,
}

/// A derived key, and its inputs other than the passphrase.
struct Key {
    salt: Vec<u8>,
    memory_kib: u32,
    passes: u32,
    bytes: Zeroizing<[u8; 32]>,
}

/// The file as it is on disk.
#[derive(Serialize, Deserialize)]
struct Sealed {
    format: String,
    memory_kib: u32,
    passes: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

type Known = BTreeMap<String, BTreeMap<String, String>>;

impl EncryptedFile {
    pub(super) fn new(path: PathBuf, passphrase: Option<SecretString>) -> Self {
        Self { path, passphrase, key: Mutex::new(None) }
    }

    fn fault(&self, why: impl ToString) -> SecretsError {
        SecretsError::File { path: self.path.clone(), why: why.to_string() }
    }

    fn key(&self) -> MutexGuard<'_, Option<Key>> {
        self.key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cipher(
        &self,
        known: &mut Option<Key>,
        salt: &[u8],
        memory_kib: u32,
        passes: u32,
    ) -> Result<XChaCha20Poly1305, SecretsError> {
        let key = match known.take() {
            Some(key) if (key.salt.as_slice(), key.memory_kib, key.passes) == (salt, memory_kib, passes) => {
                key
            }
            _ => self.derive(salt, memory_kib, passes)?,
        };
        let cipher = XChaCha20Poly1305::new_from_slice(key.bytes.as_slice()).map_err(|e| self.fault(e));
        *known = Some(key);
        cipher
    }

    fn derive(&self, salt: &[u8], memory_kib: u32, passes: u32) -> Result<Key, SecretsError> {
        let passphrase =
            self.passphrase.as_ref().ok_or_else(|| SecretsError::NoPassphrase(self.path.clone()))?;
        // A damaged or planted file must not make us take gigabytes or hours.
        if memory_kib > 1 << 20 || passes > 16 {
            return Err(self.fault("asks for more memory or time than it may"));
        }
        let params = Params::new(memory_kib, passes, 1, Some(32)).map_err(|e| self.fault(e))?;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), salt, bytes.as_mut_slice())
            .map_err(|e| self.fault(e))?;
        Ok(Key { salt: salt.to_owned(), memory_kib, passes, bytes })
    }

    fn read(&self, key: &mut Option<Key>) -> Result<Known, SecretsError> {
        let text = match private::read(&self.path, LIMIT) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Known::new()),
            Err(error) => return Err(self.fault(error)),
        };
        let damaged = || self.fault("is not a file of secrets, or is damaged; it was left as it is");
        let sealed: Sealed = serde_json::from_slice(&text).map_err(|_| damaged())?;
        if sealed.format != FORMAT {
            return Err(self.fault("was written by a newer Callboard; it was left as it is"));
        }
        let bytes = |text: &str| BASE64_STANDARD.decode(text).map_err(|_| damaged());
        let nonce: [u8; 24] = bytes(&sealed.nonce)?.try_into().map_err(|_| damaged())?;
        let cipher = self.cipher(key, &bytes(&sealed.salt)?, sealed.memory_kib, sealed.passes)?;
        let payload = Payload { msg: &bytes(&sealed.sealed)?, aad: FORMAT.as_bytes() };
        let plain = cipher
            .decrypt(&XNonce::from(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| SecretsError::WrongPassphrase(self.path.clone()))?;
        serde_json::from_slice(&plain).map_err(|_| damaged())
    }

    fn write(&self, key: &mut Option<Key>, known: &Known) -> Result<(), SecretsError> {
        // The nonce is new each time, and long enough to be drawn at random for one key.
        let salt = match key {
            Some(key) if (key.memory_kib, key.passes) == (MEMORY_KIB, PASSES) => key.salt.clone(),
            _ => <[u8; 16]>::generate().to_vec(),
        };
        let nonce = <[u8; 24]>::generate();
        let plain = Zeroizing::new(serde_json::to_vec(known).map_err(|e| self.fault(e))?);
        let sealed = self
            .cipher(key, &salt, MEMORY_KIB, PASSES)?
            .encrypt(&XNonce::from(nonce), Payload { msg: &plain, aad: FORMAT.as_bytes() })
            .map_err(|e| self.fault(e))?;
        let text = serde_json::to_vec_pretty(&Sealed {
            format: FORMAT.into(),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            salt: BASE64_STANDARD.encode(salt),
            nonce: BASE64_STANDARD.encode(nonce),
            sealed: BASE64_STANDARD.encode(sealed),
        })
        .map_err(|e| self.fault(e))?;
        private::replace(&self.path, &text, None).map_err(|e| self.fault(e))
    }

    fn change(&self, change: impl FnOnce(&mut Known)) -> Result<(), SecretsError> {
        let mut key = self.key();
        let mut known = self.read(&mut key)?;
        change(&mut known);
        self.write(&mut key, &known)
    }
}

impl Vault for EncryptedFile {
    fn get(&self, account: &str, field: &str) -> Result<Option<SecretString>, SecretsError> {
        Ok(self
            .read(&mut self.key())?
            .get_mut(account)
            .and_then(|fields| fields.remove(field))
            .map(Into::into))
    }

    fn get_all(&self, fields: &[(String, String)]) -> Result<Vec<Found>, SecretsError> {
        let mut known = self.read(&mut self.key())?;
        let mut get = |(account, field): &(String, String)| {
            Ok(known.get_mut(account).and_then(|fields| fields.remove(field)).map(Into::into))
        };
        Ok(fields.iter().map(&mut get).collect())
    }

    fn set(&self, account: &str, field: &str, secret: &SecretString) -> Result<(), SecretsError> {
        self.change(|known| {
            let fields = known.entry(account.to_owned()).or_default();
            fields.insert(field.to_owned(), secret.expose_secret().to_owned());
        })
    }

    fn remove(&self, account: &str, field: &str) -> Result<(), SecretsError> {
        if !self.path.exists() {
            return Ok(());
        }
        self.change(|known| {
            if let Some(fields) = known.get_mut(account) {
                fields.remove(field);
            }
        })
    }
}
