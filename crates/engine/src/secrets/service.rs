//! Under what name a data folder's secrets are kept in a keychain.

use std::{fmt, path::Path};

use sha2::{Digest, Sha256};

use crate::system::paths::{canonical, is_usual_data};

/// The service name of a data folder's entries in a keychain, as keychain programs show it. A folder keeps the one that
/// it got first, wherever it is moved; so it is stored in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeychainService {
    /// The usual data folder's. Once it was that of all.
    Usual,
    /// Another folder's: the first 64 bits of the digest of its path.
    Other(i64),
}

impl KeychainService {
    /// The one of a folder that has none yet.
    pub(crate) fn of(data: &Path) -> Self {
        if is_usual_data(data) { Self::Usual } else { Self::other(&canonical(data)) }
    }

    pub(super) fn other(folder: &Path) -> Self {
        let digest = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        Self::Other(digest.iter().take(8).fold(0_i64, |number, byte| (number << 8) | i64::from(*byte)))
    }

    /// As it is stored: no path has a digest of 0 but by a chance of one in 2^64.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Usual => 0,
            Self::Other(digest) => digest,
        }
    }

    /// The one that is stored so.
    pub(crate) fn of_number(number: i64) -> Self {
        match number {
            0 => Self::Usual,
            digest => Self::Other(digest),
        }
    }
}

impl fmt::Display for KeychainService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual => f.write_str("callboard"),
            Self::Other(digest) => write!(f, "callboard-{digest:016x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_name_is_that_of_the_folder_whatever_leads_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (data, link) = (folder.path().join("data"), folder.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&data, &link).unwrap();
        #[cfg(unix)]
        assert_eq!(KeychainService::of(&data), KeychainService::of(&link));
        assert_ne!(KeychainService::of(&data), KeychainService::of(folder.path()));
    }

    #[test]
    fn service_name_is_the_same_once_it_was_stored() {
        // What is kept is found by these names: they stay as they are.
        let cases = [
            (KeychainService::Usual, "callboard"),
            (KeychainService::other(Path::new("/srv/one")), "callboard-875fb59d40696cfc"),
            (KeychainService::Other(1), "callboard-0000000000000001"),
            (KeychainService::Other(-1), "callboard-ffffffffffffffff"),
        ];
        for (service, expected) in cases {
            assert_eq!(service.to_string(), expected);
            assert_eq!(KeychainService::of_number(service.number()), service);
        }
    }
}
