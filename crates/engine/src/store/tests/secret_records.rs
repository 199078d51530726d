//! Under what name a data folder's secrets are kept, and whether they may have had another one before.

use super::*;

#[tokio::test]
async fn store_may_be_of_before_secrets_had_names_only_where_it_had_accounts() {
    // what an earlier version left -> whether secrets may have the common name
    let source = "INSERT INTO sources (account, baseline_at) VALUES ('pager', 0);";
    let record = "INSERT INTO secret_records VALUES ('keychain', 'pager', 'token', 'https://pager.example');";
    let earlier = "DELETE FROM settings;";
    let cases = [
        (String::new(), false),
        (format!("{source}{record}"), false),
        (earlier.to_owned(), false),
        (format!("{earlier}{source}"), true),
        (format!("{earlier}{record}"), true),
        (format!("{earlier}{source}{record}"), true),
    ];
    for (left, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("callboard.db");
        drop(Store::open(&file, at(0)).unwrap());
        Connection::open(&file).unwrap().execute_batch(&left).unwrap();
        for _ in 0..2 {
            let store = Store::open(&file, at(1)).unwrap();
            assert_eq!(store.secret_records("keychain").await.unwrap().shared, expected, "{left}");
            assert_eq!(names_of_settings(&store).await, [""; 0], "{left}");
        }
        let store = Store::open(&file, at(2)).unwrap();
        store.secrets_are_taken_over().await.unwrap();
        store.close().await;
        drop(store);
        let store = Store::open(&file, at(3)).unwrap();
        assert!(!store.secret_records("keychain").await.unwrap().shared, "{left}");
    }
}

#[tokio::test]
async fn data_folder_keeps_its_name_in_the_keychain_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let [here, there, copy, new] = ["here", "there", "copy", "new"].map(|it| folder.path().join(it));
    let first = service(&here).await;
    assert_eq!(first, KeychainService::of(&here));
    assert_eq!(service(&here).await, first);
    fs::rename(&here, &there).unwrap();
    assert_eq!(service(&there).await, first, "it was moved");
    // As it is made, a folder is closed to others.
    assert_ne!(service(&copy).await, first, "it is a new one");
    fs::copy(there.join("callboard.db"), copy.join("callboard.db")).unwrap();
    assert_eq!(service(&copy).await, first, "it is a copy");
    assert_ne!(service(&new).await, first);
}

/// The name of a data folder, whose store is opened and closed.
async fn service(data: &Path) -> KeychainService {
    let store = Store::open(&data.join("callboard.db"), at(0)).unwrap();
    store.close().await;
    store.keychain_service()
}

/// The settings that the check of the rows does not know.
async fn names_of_settings(store: &Store) -> Vec<String> {
    let rows = store.unreadable_rows().await.unwrap().into_iter().map(|row| row.to_string());
    rows.filter(|row| row.starts_with("setting")).collect()
}
