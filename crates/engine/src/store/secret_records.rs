//! Which secrets of accounts are kept where, and for whom: known without asking the place that keeps them.

use std::{collections::BTreeMap, ops::ControlFlow};

use callboard_domain::item::AccountName;
use rusqlite::{Row, params};

use super::{
    Store, StoreError,
    row::{each, is_unreadable, one, run},
};

/// Where accounts were there before this was recorded, what is kept is not known until the place has been read once.
pub(super) const V1: &str = "
CREATE TABLE secret_records (
    place   TEXT NOT NULL,               -- keychain, session or file
    account TEXT NOT NULL,
    field   TEXT NOT NULL,
    origin  TEXT NOT NULL,               -- scheme, host and port of the service that it was given for
    PRIMARY KEY (place, account, field)
) STRICT, WITHOUT ROWID;
INSERT INTO settings (name, value) SELECT 'secrets_unrecorded', 1 WHERE EXISTS (SELECT 1 FROM sources);
";

/// The setting that is there where not every secret is known to be recorded.
pub(super) const UNRECORDED: &str = "secrets_unrecorded";

/// The setting that is there where secrets may still be in the keychain under the one name of earlier versions.
pub(super) const SHARED: &str = "secrets_shared";

/// The setting that says under what name the data folder's secrets are kept in a keychain.
pub(super) const SERVICE: &str = "keychain_service";

/// The columns that [`read`] reads.
pub(super) const COLUMNS: &str = "place, account, field, origin";

/// Reads of which account and field a secret is kept, and for which origin.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<((AccountName, String), String)> {
    Ok(((AccountName(row.get(1)?), row.get(2)?), row.get(3)?))
}

/// What is recorded of the secrets in one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretRecords {
    /// The origin that each secret was given for, by account and field.
    pub origins: BTreeMap<(AccountName, String), String>,
    /// False where there may be secrets that are not recorded.
    pub complete: bool,
    /// True where they may be in the keychain under the one name that all data folders once had there.
    pub shared: bool,
}

impl SecretRecords {
    /// The origin that a secret was given for, where it is recorded.
    pub fn origin(&self, account: &AccountName, field: &str) -> Option<&str> {
        self.origins.get(&(account.clone(), field.to_owned())).map(String::as_str)
    }
}

impl Store {
    /// What is recorded of the secrets in a place.
    pub async fn secret_records(&self, place: &'static str) -> Result<SecretRecords, StoreError> {
        self.read(move |conn| {
            let sql = format!("SELECT {COLUMNS} FROM secret_records WHERE place = ?1");
            let is_set = |name: &str| {
                let set = one(conn, "SELECT 1 FROM settings WHERE name = ?1", [name], |_| Ok(()));
                set.map(|set| set.is_some())
            };
            let (complete, shared) = (!is_set(UNRECORDED)?, is_set(SHARED)?);
            let mut records = SecretRecords { origins: BTreeMap::new(), complete, shared };
            each(conn, &sql, [place], |row| {
                match read(row) {
                    Ok((secret, origin)) => drop(records.origins.insert(secret, origin)),
                    // One that cannot be read is of a secret that is kept all the same.
                    Err(error) if is_unreadable(&error) => records.complete = false,
                    Err(error) => return Err(error),
                }
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(records)
        })
        .await
    }

    /// Records that a secret is kept in a place, and for which origin; with `None` that it is not kept there any more.
    pub async fn record_secret(
        &self,
        place: &'static str,
        account: &AccountName,
        field: &str,
        origin: Option<String>,
    ) -> Result<(), StoreError> {
        let (account, field) = (account.to_string(), field.to_owned());
        self.write(move |conn| match &origin {
            Some(origin) => {
                let sql = "INSERT INTO secret_records (place, account, field, origin) VALUES (?1, ?2, ?3, ?4)
                           ON CONFLICT (place, account, field) DO UPDATE SET origin = ?4";
                run(conn, sql, params![place, account, field, origin]).map(drop)
            }
            None => {
                let sql = "DELETE FROM secret_records WHERE place = ?1 AND account = ?2 AND field = ?3";
                run(conn, sql, params![place, account, field]).map(drop)
            }
        })
        .await
    }

    /// Notes that every secret there is has been recorded.
    pub async fn secrets_are_recorded(&self) -> Result<(), StoreError> {
        self.write(|conn| run(conn, "DELETE FROM settings WHERE name = ?1", [UNRECORDED]).map(drop)).await
    }

    /// Notes that nothing of this store's is left in the keychain under the one name of earlier versions alone.
    pub async fn secrets_are_taken_over(&self) -> Result<(), StoreError> {
        self.write(|conn| run(conn, "DELETE FROM settings WHERE name = ?1", [SHARED]).map(drop)).await
    }
}
