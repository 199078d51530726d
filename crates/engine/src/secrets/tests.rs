use callboard_domain::secret::ExposeSecret;

use super::*;

struct Hangs;

impl Vault for Hangs {
    fn get(&self, _: &str, _: &str) -> Result<Option<SecretString>, SecretsError> {
        loop {
            std::thread::park();
        }
    }
    fn set(&self, _: &str, _: &str, _: &SecretString) -> Result<(), SecretsError> {
        Ok(())
    }
    fn remove(&self, _: &str, _: &str) -> Result<(), SecretsError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn hanging_vault_is_reported_and_blocks_nothing() {
    let secrets = Secrets { vault: Arc::new(Hangs), place: SecretBackend::Keychain };
    let error = secrets.get("forge", "token").await.unwrap_err();
    assert_eq!(error, SecretsError::NoAnswer { place: "the system's keychain" });
}

fn open(place: SecretBackend, folder: &tempfile::TempDir, passphrase: Option<SecretString>) -> Secrets {
    let data = folder.path();
    Secrets::open(place, data, KeychainService::of(data), passphrase)
}

fn file(folder: &tempfile::TempDir, passphrase: Option<&str>) -> Secrets {
    open(SecretBackend::File, folder, passphrase.map(Into::into))
}

async fn read(secrets: &Secrets, field: &str) -> Result<Option<String>, SecretsError> {
    Ok(secrets.get("forge", field).await?.map(|secret| secret.expose_secret().to_owned()))
}

#[tokio::test]
async fn the_encrypted_file_keeps_secrets_and_opens_with_its_passphrase_only() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = file(&folder, Some("open sesame"));
    assert_eq!(read(&secrets, "token").await, Ok(None));
    secrets.set("forge", "token", "t0p-s3cret".into()).await.unwrap();
    secrets.set("forge", "webhook_secret", "hush".into()).await.unwrap();

    let again = file(&folder, Some("open sesame"));
    assert_eq!(read(&again, "token").await, Ok(Some("t0p-s3cret".into())));
    again.remove("forge", "token").await.unwrap();
    assert_eq!(read(&again, "token").await, Ok(None));
    assert_eq!(read(&again, "webhook_secret").await, Ok(Some("hush".into())));

    let path = folder.path().join("secrets.enc");
    let on_disk = std::fs::read_to_string(&path).unwrap();
    assert!(!on_disk.contains("hush") && !on_disk.contains("forge"), "{on_disk}");
    assert_eq!(
        read(&file(&folder, Some("wrong")), "token").await,
        Err(SecretsError::WrongPassphrase(path.clone()))
    );
    assert_eq!(read(&file(&folder, None), "token").await, Err(SecretsError::NoPassphrase(path.clone())));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn damaged_file_is_reported_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secrets.enc");
    for damage in ["", "{}", "not json", r#"{"format":"callboard-secrets-9"}"#] {
        std::fs::write(&path, damage).unwrap();
        let secrets = file(&folder, Some("open sesame"));
        let error = secrets.set("forge", "token", "x".into()).await.unwrap_err();
        assert!(matches!(error, SecretsError::File { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damage);
    }
}

#[tokio::test]
async fn the_environment_is_read_only_and_names_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = open(SecretBackend::Env, &folder, None);
    assert_eq!(variable("my-forge", "webhook_secret"), "CALLBOARD_SECRET_MY_FORGE_WEBHOOK_SECRET");
    assert_eq!(
        secrets.set("my-forge", "token", "x".into()).await,
        Err(SecretsError::ReadOnly("CALLBOARD_SECRET_MY_FORGE_TOKEN".into()))
    );
    assert!(secrets.get("no-such-account", "token").await.unwrap().is_none());
}

#[tokio::test]
async fn absent_keychain_is_reported_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = open(SecretBackend::Keychain, &folder, None);
    let answer = secrets.get("no-such-account", "token").await;
    // Where the machine that runs this has a keychain, the secret is just not there.
    assert!(matches!(
        answer,
        Ok(None)
            | Err(SecretsError::Unavailable { .. }
                | SecretsError::NoAnswer { .. }
                | SecretsError::Unsupported(_))
    ),);
}

#[tokio::test]
async fn many_secrets_in_the_encrypted_file_are_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = file(&folder, Some("open sesame"));
    let fields: Vec<_> = (0..60).map(|n| (format!("a{n}"), "token".to_owned())).collect();
    assert_eq!(secrets.get_all(fields.clone()).await.unwrap().len(), 60, "there is no file yet");
    secrets.set("a7", "token", "seven".into()).await.unwrap();
    let key = |folder: &tempfile::TempDir| {
        let text = std::fs::read_to_string(folder.path().join("secrets.enc")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["salt"].to_string()
    };
    let first = key(&folder);
    secrets.set("a9", "token", "nine".into()).await.unwrap();
    assert_eq!(key(&folder), first, "the key is derived once");
    // A key derivation each would take many times as long as may be waited.
    let again = file(&folder, Some("open sesame"));
    let found = again.get_all(fields).await.unwrap();
    let set: Vec<(usize, String)> = found
        .into_iter()
        .enumerate()
        .filter_map(|(n, it)| Some((n, it.unwrap()?.expose_secret().to_owned())))
        .collect();
    assert_eq!(set, [(7, "seven".to_owned()), (9, "nine".to_owned())]);
}

#[tokio::test]
async fn reading_nothing_asks_nobody() {
    let places = [SecretBackend::Keychain, SecretBackend::Session, SecretBackend::File, SecretBackend::Env];
    for place in places {
        let secrets = Secrets { place, vault: Arc::new(Hangs) };
        assert!(secrets.get_all(Vec::new()).await.unwrap().is_empty(), "{place:?}");
    }
}
