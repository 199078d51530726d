//! What would send a secret unencrypted is refused before there is one, and takes no other account with it.

use super::*;

/// What becomes of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Read {
    Good,
    /// The file is read, and the account is not used.
    Unusable,
    /// The file is refused.
    Refused,
}

const CLEAR: &str = "http://a.example";

fn table(service: &str, url: &str, more: &str) -> String {
    format!("[accounts.ci]\nservice = \"{service}\"\nurl = \"{url}\"\n{more}\n")
}

#[test]
fn account_that_can_only_send_its_secret_in_the_clear_is_named() {
    use Read::{Good, Refused, Unusable};
    let here = "http://127.0.0.1:8080";
    // service, url, more of its table -> what becomes of it
    let cases = [
        ("github", CLEAR, "", Refused),
        ("github", CLEAR, "allow_http = true", Good),
        ("github", "https://a.example", "", Good),
        ("jenkins", CLEAR, "user = \"ana\"", Unusable),
        ("jenkins", CLEAR, "user = \"ana\"\nallow_http = true", Good),
        ("jenkins", here, "user = \"ana\"", Good),
        ("jenkins", "https://a.example", "user = \"ana\"", Good),
        ("jenkins", CLEAR, "", Good),
        ("cctray", CLEAR, "user = \"ana\"", Unusable),
        ("cctray", CLEAR, "", Good),
        ("http", CLEAR, "user = \"ana\"", Unusable),
        ("http", CLEAR, "header = \"X-Api-Key\"", Unusable),
        ("http", CLEAR, "", Good),
        // Its user only makes silences, unless there is a password.
        ("alertmanager", CLEAR, "user = \"ana\"", Good),
        // A webhook has an address of its own.
        ("slack", CLEAR, "", Good),
    ];
    for (service, url, more, expected) in cases {
        let table = table(service, url, more);
        let (config, errors) = Config::inspect_text(Path::new("callboard.toml"), &table);
        let unusable = config.map(|config| config.unusable_accounts).unwrap_or_default();
        let named: Vec<_> = errors.iter().chain(unusable.values()).collect();
        let found = match (errors.is_empty(), unusable.is_empty()) {
            (true, true) => Good,
            (true, false) => Unusable,
            (false, _) => Refused,
        };
        assert_eq!(found, expected, "{table}: {named:?}");
        assert_eq!(named.len(), usize::from(expected != Good), "{table}: {named:?}");
        for fault in named {
            assert_eq!((fault.line, fault.column), (3, 7), "{table}");
            let what = &fault.what;
            assert!(what.starts_with("its secret would travel in the clear: "), "{table}: {what}");
            assert!(what.ends_with("add allow_http = true to [accounts.ci]"), "{table}: {what}");
        }
    }
}

#[test]
fn account_that_could_not_be_used_is_not_added() {
    type Settings<'a> = &'a [(&'a str, &'a str)];
    // its url, more of its settings -> whether it is added
    let cases: [(&str, Settings<'_>, bool); 4] = [
        (CLEAR, &[("user", "ana")], false),
        (CLEAR, &[], true),
        ("https://a.example", &[("user", "ana")], true),
        ("http://127.0.0.1:8080", &[("user", "ana")], true),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    for (url, more, expected) in cases {
        let mut settings: Vec<(String, toml_edit::Value)> = vec![("url".to_owned(), url.into())];
        settings.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())));
        let added = add_account(&path, "ci", "jenkins", &settings);
        assert_eq!(added.is_ok(), expected, "{url} {more:?}: {added:?}");
    }
}

#[test]
fn account_that_cannot_be_used_can_be_mended_and_removed_and_keeps_no_other_from_being_edited() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    let feed = "[accounts.feed]\nservice = \"cctray\"\nurl = \"https://b.example\"\n";
    fs::write(&path, table("jenkins", CLEAR, "user = \"ana\"") + feed).unwrap();
    // the account, what is set in it (`None`: taken out) -> whether it is taken
    let cases: [(&str, &str, Option<toml_edit::Value>, bool); 7] = [
        ("ci", "every", Some("5m".into()), false),
        ("ci", "url", Some("https://a.example".into()), true),
        ("ci", "allow_http", Some(true.into()), true),
        ("ci", "user", None, true),
        ("feed", "every", Some("5m".into()), true),
        ("feed", "user", Some("ana".into()), true),
        ("feed", "url", Some("http://b.example".into()), true),
    ];
    for (account, key, value, expected) in cases {
        let context = format!("{account}: {key} = {value:?}");
        let edited = edit_account(&path, account, &[(key.to_owned(), value)]);
        assert_eq!(edited.is_ok(), expected, "{context}: {edited:?}");
    }
    assert!(remove_account(&path, "ci").is_ok());
    let other = [("url".to_owned(), "https://c.example".into())];
    assert!(add_account(&path, "other", "jenkins", &other).is_ok());
}
