//! The accounts' secrets: which there are, which are this configuration's, and for where they were given.

use std::collections::BTreeMap;

use callboard_connectors::{Access, ConnectorConfig, http::Client};
use callboard_domain::{item::AccountName, secret::SecretString};

use crate::{
    config::Config,
    secrets::{SecretBackend, Secrets, SecretsError},
    store::{SecretRecords, Store, StoreError},
};

/// The secrets of an account that are set, or why they could not be read.
pub(super) type Known = Result<BTreeMap<String, SecretString>, SecretsError>;

/// What is recorded of the secrets there; `None` where that cannot be read, or nothing is recorded of such a place. Then
/// any may be set, and none is known to be another's.
pub(super) async fn records(store: &Store, secrets: &Secrets) -> Option<SecretRecords> {
    let read = store.secret_records(secrets.recorded_as()?).await;
    read.inspect_err(|error| tracing::warn!(%error, "which secrets were set cannot be read")).ok()
}

/// Whether an account cannot be connected rightly without its secrets being read.
pub(super) fn needs_secrets(
    name: &AccountName,
    config: &ConnectorConfig,
    records: &SecretRecords,
    client: &Client,
) -> bool {
    let none =
        || Access { account: name.clone(), client: client.clone(), secrets: BTreeMap::new(), person: None };
    !records.complete
        || config.secrets().iter().any(|field| records.origin(name, field.name).is_some())
        || config.connect(none()).is_err()
}

/// Reads the accounts' secrets. In a store from before data folders had names of their own in the keychain, those that are
/// not kept under this folder's are taken over.
pub(super) async fn read(
    configs: &BTreeMap<AccountName, ConnectorConfig>,
    secrets: &Secrets,
    records: &SecretRecords,
) -> BTreeMap<AccountName, Known> {
    let each = configs.iter();
    let wanted: Vec<(AccountName, &'static str)> = each
        .flat_map(|(name, config)| config.secrets().iter().map(|field| (name.clone(), field.name)))
        .collect();
    let fields = wanted.iter().map(|(name, field)| (name.to_string(), (*field).to_owned())).collect();
    let mut read = secrets.get_all(fields).await;
    if let Ok(read) = &mut read {
        take_over(&wanted, read, secrets, records).await;
    }
    let mut known: BTreeMap<AccountName, Known> = BTreeMap::new();
    for (place, (name, field)) in wanted.into_iter().enumerate() {
        let of = known.entry(name).or_insert_with(|| Ok(BTreeMap::new()));
        let secret =
            read.as_ref().map_err(Clone::clone).and_then(|all| all.get(place).cloned().unwrap_or(Ok(None)));
        match (secret, of) {
            (Ok(Some(secret)), Ok(of)) => drop(of.insert(field.to_owned(), secret)),
            (Err(error), of @ Ok(_)) => *of = Err(error),
            _ => {}
        }
    }
    known
}

/// Takes over the secrets that were `read` in vain and are this folder's, as far as anybody knew before folders had names:
/// those that are recorded, and any where not all were.
async fn take_over(
    wanted: &[(AccountName, &'static str)],
    read: &mut [Result<Option<SecretString>, SecretsError>],
    secrets: &Secrets,
    records: &SecretRecords,
) {
    if !records.shared {
        return;
    }
    let may_be_ours =
        |name: &AccountName, field: &str| !records.complete || records.origin(name, field).is_some();
    let (lacking, fields): (Vec<_>, Vec<_>) = read
        .iter_mut()
        .zip(wanted)
        .filter(|(read, (name, field))| matches!(read, Ok(None)) && may_be_ours(name, field))
        .map(|(read, (name, field))| (read, (name.to_string(), (*field).to_owned())))
        .unzip();
    match secrets.take_over(fields).await {
        Ok(found) => lacking.into_iter().zip(found).for_each(|(read, found)| *read = found),
        // Whether they are there is not known.
        Err(error) => lacking.into_iter().for_each(|read| *read = Err(error.clone())),
    }
}

/// Records the secrets that were found and are not recorded: those of before this was done, and those that were put there
/// by hand. They are taken to be for where their account is now.
pub(super) async fn adopt(
    config: &Config,
    secrets: &Secrets,
    store: &Store,
    records: &SecretRecords,
    known: &BTreeMap<AccountName, Known>,
) {
    let Some(place) = secrets.recorded_as() else { return };
    let recorded = async {
        for (name, known) in known {
            let Some(config) = config.accounts.get(name) else { continue };
            for field in known.iter().flat_map(BTreeMap::keys) {
                if records.origin(name, field).is_none() {
                    store.record_secret(place, name, field, Some(config.url().origin())).await?;
                }
            }
        }
        let is_open = !records.complete || records.shared;
        let all_read = !known.is_empty() && known.values().all(Result::is_ok);
        // What is locked finds nothing as readily as what is empty.
        if is_open && all_read && secrets.is_ready().await {
            if !records.complete {
                store.secrets_are_recorded().await?;
            }
            if records.shared && secrets.place() == SecretBackend::Keychain {
                store.secrets_are_taken_over().await?;
            }
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = recorded.await {
        tracing::warn!(%error, "which secrets are set could not be recorded");
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use callboard_domain::secret::ExposeSecret;

    use super::*;
    use crate::accounts::tests::{config, records, whole};

    fn forge() -> Config {
        whole("service = \"github\"\nwatch = [\"a/b\"]")
    }

    /// The keyring, with a token under the name that all data folders once had.
    async fn keyring(place: SecretBackend) -> Arc<keyring_core::CredentialStore> {
        let keyring: Arc<keyring_core::CredentialStore> = keyring_core::mock::Store::new().unwrap();
        Secrets::in_keyring(&keyring, place, None).set("ci", "token", "t1".into()).await.unwrap();
        keyring
    }

    fn token(known: &BTreeMap<AccountName, Known>) -> Option<String> {
        let known = known[&AccountName::from("ci")].as_ref().unwrap();
        known.get("token").map(|secret| secret.expose_secret().to_owned())
    }

    #[tokio::test]
    async fn secret_of_the_common_name_is_read_only_where_it_may_be_of_before_there_were_others() {
        use SecretBackend::{Keychain, Session};
        let one = Some("/srv/one");
        let before = |records| SecretRecords { shared: true, ..records };
        let here = |field| records(true, &[(field, "https://api.github.com")]);
        // place, data folder, what is recorded there -> whether the token is found
        let cases = [
            (Keychain, None, records(true, &[]), true),
            (Session, None, records(true, &[]), true),
            (Keychain, one, before(here("token")), true),
            (Keychain, one, before(records(false, &[])), true),
            (Keychain, one, before(records(true, &[])), false),
            (Keychain, one, before(here("webhook_secret")), false),
            (Session, one, before(here("token")), false),
            (Session, one, before(records(false, &[])), false),
            (Keychain, one, here("token"), false),
            (Keychain, one, records(false, &[]), false),
            (Keychain, one, records(true, &[]), false),
            (Session, one, here("token"), false),
            (Keychain, one, SecretRecords::default(), false),
        ];
        for (place, folder, records, expected) in cases {
            let keyring = keyring(place).await;
            let secrets = Secrets::in_keyring(&keyring, place, folder.map(Path::new));
            let found = token(&read(&forge().accounts, &secrets, &records).await);
            assert_eq!(found.is_some(), expected, "{place:?}, {folder:?}, {records:?}");
            // By now it has one of its own, or none.
            let again = secrets.get("ci", "token").await.unwrap();
            assert_eq!(again.is_some(), expected, "{place:?}, {folder:?}, {records:?}");
        }
    }

    #[tokio::test]
    async fn secrets_are_taken_over_once_and_not_by_a_new_store() {
        let config = forge();
        let now = jiff::Timestamp::UNIX_EPOCH;
        // what the store was like when it was first opened -> whether the token is taken over
        let cases = [
            ("", false),
            ("DELETE FROM settings", true),
            ("DELETE FROM settings; INSERT INTO settings VALUES ('secrets_unrecorded', 1)", true),
        ];
        for (before, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("callboard.db");
            let store = Store::open(&file, now).unwrap();
            store.watch(&"ci".into(), now).await.unwrap();
            if !before.contains("secrets_unrecorded") {
                let origin = Some("https://api.github.com".to_owned());
                store.record_secret("keychain", &"ci".into(), "token", origin).await.unwrap();
            }
            store.close().await;
            drop(store);
            rusqlite::Connection::open(&file).unwrap().execute_batch(before).unwrap();

            let store = Store::open(&file, now).unwrap();
            let keyring = keyring(SecretBackend::Keychain).await;
            let secrets = Secrets::in_keyring(&keyring, SecretBackend::Keychain, Some(Path::new("/srv/one")));
            let recorded = records_of(&store, &secrets).await;
            let known = read(&config.accounts, &secrets, &recorded).await;
            assert_eq!(token(&known).is_some(), expected, "{before}");
            adopt(&config, &secrets, &store, &recorded, &known).await;
            let recorded = records_of(&store, &secrets).await;
            assert!(recorded.complete && !recorded.shared, "{before}: {recorded:?}");
            // Whatever becomes of its own one, that of the common name is not read again.
            secrets.remove("ci", "token").await.unwrap();
            let known = read(&config.accounts, &secrets, &recorded).await;
            assert_eq!(token(&known), None, "{before}");
            let usual = Secrets::in_keyring(&keyring, SecretBackend::Keychain, None);
            let usual = usual.get("ci", "token").await.unwrap();
            assert_eq!(usual.unwrap().expose_secret(), "t1", "who removes a secret removes its own");
        }
    }

    async fn records_of(store: &Store, secrets: &Secrets) -> SecretRecords {
        super::records(store, secrets).await.unwrap()
    }

    #[tokio::test]
    async fn question_what_is_set_stays_open_until_all_was_read_where_it_may_be() {
        let config = forge();
        let now = jiff::Timestamp::UNIX_EPOCH;
        let unread = || Err(SecretsError::NoAnswer { place: "it" });
        // place, what was read -> whether records are complete, whether some may still have the common name
        let cases = [
            (SecretBackend::Keychain, unread(), (false, true)),
            (SecretBackend::Session, unread(), (false, true)),
            (SecretBackend::Keychain, Ok(BTreeMap::new()), (true, false)),
            (SecretBackend::Session, Ok(BTreeMap::new()), (true, true)),
        ];
        for (place, read, expected) in cases {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("callboard.db");
            let store = Store::open(&file, now).unwrap();
            let sql = "INSERT INTO settings VALUES ('secrets_unrecorded', 1), ('secrets_shared', 1)";
            rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
            let keyring = keyring(place).await;
            let secrets = Secrets::in_keyring(&keyring, place, Some(Path::new("/srv/one")));
            let recorded = records_of(&store, &secrets).await;
            let known = BTreeMap::from([(AccountName::from("ci"), read)]);
            adopt(&config, &secrets, &store, &recorded, &known).await;
            let recorded = records_of(&store, &secrets).await;
            assert_eq!((recorded.complete, recorded.shared), expected, "{place:?}, {known:?}");
        }
    }

    #[test]
    fn an_account_without_secrets_needs_no_keychain() {
        let client = Client::new().unwrap();
        let (alerts, forge) = (
            "service = \"alertmanager\"\nurl = \"http://alerts:9093\"",
            "service = \"github\"\nwatch = [\"a/b\"]",
        );
        let chat = "service = \"slack\"";
        let set = [("webhook_secret", "http://alerts:9093")];
        let cases = [
            (alerts, records(true, &[]), false),
            (alerts, records(true, &set), true),
            (alerts, records(false, &[]), true),
            (forge, records(true, &[]), true),
            (chat, records(true, &[]), true),
        ];
        for (table, records, expected) in cases {
            assert_eq!(
                needs_secrets(&"ci".into(), &config(table), &records, &client),
                expected,
                "{table} {records:?}"
            );
        }
    }
}
