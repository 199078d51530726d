//! The accounts' secrets: which there are, which are this configuration's, and for where they were given.

use std::collections::BTreeMap;

use callboard_connectors::{Access, ConnectorConfig, http::Client};
use callboard_domain::{item::AccountName, secret::SecretString};

use crate::{
    config::Config,
    secrets::{Secrets, SecretsError},
    store::{SecretRecords, Store, StoreError},
};

/// The secrets of an account that are set, or why they could not be read.
pub(super) type Known = Result<BTreeMap<String, SecretString>, SecretsError>;

/// What is recorded of the secrets there. Where that cannot be read, any may be set, and none is known to be another's.
pub(super) async fn records(store: &Store, secrets: &Secrets) -> SecretRecords {
    let Some(place) = secrets.recorded_as() else { return SecretRecords::default() };
    store.secret_records(place).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "which secrets were set cannot be read");
        SecretRecords::default()
    })
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

/// Reads the accounts' secrets. One that is recorded here and not kept under this data folder's name is taken over; without a
/// record it is another's.
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

/// Takes over the secrets that were `read` in vain and are recorded.
async fn take_over(
    wanted: &[(AccountName, &'static str)],
    read: &mut [Result<Option<SecretString>, SecretsError>],
    secrets: &Secrets,
    records: &SecretRecords,
) {
    let (lacking, fields): (Vec<_>, Vec<_>) = read
        .iter_mut()
        .zip(wanted)
        .filter(|(read, (name, field))| matches!(read, Ok(None)) && records.origin(name, field).is_some())
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
        if !records.complete && !known.is_empty() && known.values().all(Result::is_ok) {
            store.secrets_are_recorded().await?;
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

    fn config(text: &str) -> ConnectorConfig {
        let text = format!("[accounts.ci]\n{text}");
        let config = Config::read(Path::new("callboard.toml"), &text).unwrap();
        config.accounts[&AccountName::from("ci")].clone()
    }

    fn records(complete: bool, origins: &[(&str, &str)]) -> SecretRecords {
        let origins =
            origins.iter().map(|(field, origin)| (("ci".into(), (*field).into()), (*origin).into()));
        SecretRecords { origins: origins.collect(), complete }
    }

    #[tokio::test]
    async fn secret_of_the_common_name_is_read_only_where_it_is_recorded_here() {
        let store: Arc<keyring_core::CredentialStore> = keyring_core::mock::Store::new().unwrap();
        Secrets::in_keyring(&store, None).set("ci", "token", "t1".into()).await.unwrap();
        let configs =
            BTreeMap::from([(AccountName::from("ci"), config("service = \"github\"\nwatch = [\"a/b\"]"))]);
        let here = |field| records(true, &[(field, "https://api.github.com")]);
        // data folder, what is recorded there -> the token
        let cases = [
            (None, records(true, &[]), Some("t1")),
            (Some("/srv/one"), records(true, &[]), None),
            (Some("/srv/one"), records(false, &[]), None),
            (Some("/srv/one"), here("webhook_secret"), None),
            (Some("/srv/one"), here("token"), Some("t1")),
            // By now it has one of its own.
            (Some("/srv/one"), records(true, &[]), Some("t1")),
            (Some("/srv/two"), records(true, &[]), None),
        ];
        for (folder, records, expected) in cases {
            let secrets = Secrets::in_keyring(&store, folder.map(Path::new));
            let known = read(&configs, &secrets, &records).await;
            let known = known[&AccountName::from("ci")].as_ref().unwrap();
            let found = known.get("token").map(|secret| secret.expose_secret());
            assert_eq!(found, expected, "{folder:?}, {records:?}");
        }
        let one = Secrets::in_keyring(&store, Some(Path::new("/srv/one")));
        one.remove("ci", "token").await.unwrap();
        let usual = Secrets::in_keyring(&store, None).get("ci", "token").await.unwrap();
        assert_eq!(usual.unwrap().expose_secret(), "t1", "who removes an account removes its own");
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
