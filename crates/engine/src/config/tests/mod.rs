mod at_once;
mod clear;

use std::{fs, path::Path};

use callboard_connectors::SERVICES;
use callboard_domain::duration::Span;

use super::{schema::SECTIONS, *};
use crate::secrets::SecretBackend;

fn read(text: &str) -> Result<Config, Vec<String>> {
    Config::read(Path::new("callboard.toml"), text).map_err(|ConfigErrors(errors)| {
        errors.into_iter().map(|it| format!("{}:{} {}", it.line, it.column, it.what)).collect()
    })
}

const GOOD: &str = r##"
default_channel = "deploys"

[accounts.forge]
service = "github"
watch = ["acme/web", "acme/*"]
every = "60s"

[accounts.chat]
service = "slack"

[channels]
deploys = "chat:#deploys"

[receive]
listen = "127.0.0.1:7878"
hosts = ["hooks.acme.example"]

[[rules]]
name = "main is red"
when = 'item.kind == "build" && item.branch == "main" && event in ["failed", "fixed"]'
do = "notify"
post = ["deploys", "chat:#{{ item.repo }}"]
group_by = ["item.repo"]

[commands]
dirs = ["ops"]

[notifications]
quiet_hours = ["22:00", "07:00"]

[secrets]
store = "env"
"##;

#[test]
fn a_good_file_is_read() {
    let config = read(GOOD).unwrap();
    assert_eq!(config.default_channel.to_string(), "chat:#deploys");
    assert_eq!(config.accounts.len(), 2);
    assert_eq!(config.accounts[&"forge".into()].every(), Some(Span(std::time::Duration::from_secs(60))));
    assert_eq!(config.receive.unwrap().hosts, ["hooks.acme.example"]);
    assert_eq!(config.rules[0].group_by, ["item.repo"]);
    assert_eq!(config.secrets, SecretBackend::Env);
    assert!(config.notifications.quiet_hours.is_some());
    assert!(config.builtin_rules);
}

#[test]
fn a_function_key_is_a_hotkey_alone() {
    assert_eq!(read("[desktop]\nhotkey = \"F9\"").unwrap().desktop.hotkey, "F9");
    assert_eq!(Desktop::default().hotkey.parse::<Keys>().unwrap().to_string(), "Alt+Space");
}

#[test]
fn no_file_is_an_empty_one() {
    let config = Config::load(Path::new("/no/such/folder/callboard.toml")).unwrap();
    assert_eq!(config.default_channel.to_string(), DEFAULT_CHANNEL);
    assert_eq!((config.accounts.len(), config.secrets), (0, SecretBackend::Keychain));
}

/// What is wrong, and its error: the place, and some words.
#[test]
fn config_error_has_its_position_and_the_nearest_name() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("acounts = 1", "1:1", &["key `acounts`", "did you mean `accounts`"]),
        ("[accounts.forge]\nservice = \"githb\"", "2:11", &["service `githb`", "did you mean `github`"]),
        ("[accounts.forge]\nwatch = []", "1:1", &["add service"]),
        ("[accounts.forge]\nservice = 7", "2:11", &["expected a service in quotes: one of "]),
        (
            "[accounts.forge]\nservice = \"github\"\nwach = []",
            "3:1",
            &["key `wach`", "did you mean `watch`?"],
        ),
        ("[accounts.forge]\nservice = \"github\"\nwatch = 7", "3:9", &["found the number `7`"]),
        ("[accounts.forge]\nservice = \"github\"\nevery = \"soon\"", "3:9", &["such as 90s", "\"soon\""]),
        ("[accounts.forge]\nservice = \"github\"\nevery = \"0s\"", "3:9", &["expected 1s or more"]),
        ("[accounts.forge]\nservice = \"github\"\nurl = \"ftp://x\"", "3:7", &["http"]),
        ("[accounts.\"bad name\"]\nservice = \"github\"", "1:11", &["letters, digits", "found `bad name`"]),
        ("[accounts.room]\nservice = \"github\"", "1:11", &["not `room`"]),
        ("accounts = 3", "1:12", &["[accounts.NAME]"]),
        ("default_channel = \"chat:#x\"", "1:19", &["no account `chat`"]),
        (
            "default_channel = \"deploy\"\n[channels]\ndeploys = \"room:d\"",
            "1:19",
            &["channel `deploy`", "`deploys`"],
        ),
        ("[channels]\ndeploys = \"nowhere\"", "2:11", &["channel `nowhere`", "ACCOUNT:CHANNEL"]),
        ("[receive]\nlisten = \"7878\"", "2:10", &["expected an address and a port such as 127.0.0.1:7878"]),
        ("[receive]\nport = 1", "2:1", &["key `port`", "`listen`"]),
        ("[secrets]\nstore = \"keyring\"", "2:9", &["value `keyring`", "it can be `keychain`"]),
        (
            "[notifications]\nquiet_hours = [\"25:00\", \"7\"]",
            "2:",
            &["expected a time of day such as 22:00"],
        ),
        // They are local: another zone is not dropped.
        (
            "[notifications]\nquiet_hours = [\"22:00+02:00\", \"07:00\"]",
            "2:",
            &["expected a time of day such as 22:00"],
        ),
        (
            "[notifications]\nquiet_hours = [\"22:00\", \"07:00[Europe/Berlin]\"]",
            "2:",
            &["expected a time of day such as 22:00"],
        ),
        ("[[rules]]\nname = \"a\"\nwhen = \"true\"\ndo = \"notfy\"", "4:6", &["did you mean `notify`"]),
        ("[[rules]]\nname = \"a\"", "1:1", &["`when` is missing"]),
        (
            "[[rules]]\nname = \"a\"\nwhen = \"true\"\nenabeld = false",
            "4:1",
            &["key `enabeld`", "did you mean `enabled`"],
        ),
        (
            "[[rules]]\nname = \"a\"\nwhen = \"true\"\nenabled = \"no\"",
            "4:11",
            &["expected true or false, found the text \"no\""],
        ),
        (
            "[[rules]]\nname = \"a\"\nwhen = \"event == 'faild'\"\nenabled = false",
            "3:",
            &["did you mean \"failed\""],
        ),
        (
            "[[rules]]\nname = \"a\"\nwhen = \"true\"\npost = [\"nowhere\"]\nenabled = false",
            "4:9",
            &["channel `nowhere`"],
        ),
        ("[[rules]]\nname = \"a\"\nwhen = 'item.brnch == \"main\"'", "3:8", &["item.brnch", "item.branch"]),
        ("[[rules]]\nname = \"a\"\nwhen = 'event == '", "3:", &[]),
        (
            "[[rules]]\nname = \"a\"\nwhen = \"true\"\npost = [\"room:a\", \"depoys\"]\n[channels]\ndeploys = \"room:d\"",
            "4:19",
            &["channel `depoys`", "did you mean `deploys`"],
        ),
        ("[[rules]]\nname = \"a\"\nwhen = \"true\"\npost = [\"room:{{ item.rpo }}\"]", "4:", &["item.rpo"]),
        ("[desktop]\nhotkey = \"Space\"", "2:10", &["taken from typing", "such as Alt+Space or F9"]),
        ("[desktop]\nhotkey = \"Alt+Spcae\"", "2:10", &["no key \"Spcae\""]),
        ("x = [1,", "1:", &[]),
    ];
    for (text, place, words) in cases {
        let errors = read(text).unwrap_err();
        let all = errors.join("\n");
        assert!(errors.iter().any(|fault| fault.starts_with(place)), "{text:?} at {place}: {all}");
        for word in *words {
            assert!(all.contains(word), "{text:?}: no {word:?}: {all}");
        }
    }
}

const TEAM: &str = r#"
[accounts.forge]
service = "github"
[accounts.ghe]
service = "github"
url = "https://git.acme.example/api/v3"
[accounts.chat]
service = "slack"
[accounts.chat2]
service = "slack"
"#;

#[test]
fn no_two_accounts_have_a_secret_in_one_variable() {
    let account = |name: &str, service: &str| {
        format!("[accounts.{name}]\nservice = \"{service}\"\nurl = \"https://{service}.example\"\n")
    };
    type Case = (&'static [(&'static str, &'static str)], Option<(usize, &'static str)>);
    let cases: &[Case] = &[
        (
            &[("a-b", "github"), ("a_b", "pagerduty")],
            Some((6, "_A_B_TOKEN, and so would that of [accounts.a-b] in line 3")),
        ),
        // The order of the file counts, not the alphabet.
        (
            &[("a_b", "github"), ("a-b", "pagerduty")],
            Some((6, "_A_B_TOKEN, and so would that of [accounts.a_b] in line 3")),
        ),
        (
            &[("A", "github"), ("a", "github")],
            Some((6, "_A_TOKEN, and so would that of [accounts.A] in line 3")),
        ),
        (&[("a-b", "github"), ("ab", "github")], None),
        (&[("a", "github"), ("b", "github")], None),
    ];
    for (accounts, expected) in cases {
        let accounts: String = accounts.iter().map(|(name, service)| account(name, service)).collect();
        let found = read(&format!("[secrets]\nstore = \"env\"\n{accounts}"));
        match expected {
            None => assert!(found.is_ok(), "{accounts}: {found:?}"),
            Some((line, what)) => {
                let errors = found.unwrap_err();
                assert_eq!(errors.len(), 1, "{errors:?}");
                assert!(errors[0].starts_with(&format!("{line}:11 its secret")), "{errors:?}");
                assert!(errors[0].contains(what), "{errors:?}");
            }
        }
        // Elsewhere each account has its own.
        assert!(read(&accounts).is_ok(), "{accounts}");
    }
}

#[cfg(unix)]
#[test]
fn folders_of_a_linked_file_are_beside_the_link_or_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().canonicalize().unwrap().join(name);
    for dir in ["dots/both", "dots/theirs", "home/both", "home/ours"] {
        fs::create_dir_all(at(dir)).unwrap();
    }
    let text = "[commands]\ndirs = [\"both\", \"ours\", \"theirs\", \"neither\"]\n";
    fs::write(at("dots/callboard.toml"), text).unwrap();
    std::os::unix::fs::symlink("../dots/callboard.toml", at("home/callboard.toml")).unwrap();
    let dirs = |file: &str| Config::load(&at(file)).unwrap().commands.dirs;
    // Where it is nowhere, the error names the folder beside the link.
    let expected = ["home/both", "home/ours", "dots/theirs", "home/neither"].map(at);
    assert_eq!(dirs("home/callboard.toml"), expected);
    let expected = ["dots/both", "dots/ours", "dots/theirs", "dots/neither"].map(at);
    assert_eq!(dirs("dots/callboard.toml"), expected, "a file that is no link");
}

#[test]
fn people_are_known_by_what_accounts_and_this_computer_call_them() {
    let config = read(&format!(
        "{TEAM}[people.ana]\nforge = \"ana\"\nghe = \"a.adams\"\nslack = \"U1\"\nlocal = 1000\n\
         email = \"ana@acme.example\"\njenkins = \"ana\"\n\
         [people.bo]\nlocal = \"bo\"\nghe = \"ana\"\n[teams.sre]\nmembers = [\"bo\", \"ana\"]\n"
    ))
    .unwrap();
    // account, id -> who: an account's name is that account, a service's all of its accounts
    let cases = [
        ("forge", "ana", Some("ana")),
        ("ghe", "a.adams", Some("ana")),
        ("ghe", "ana", Some("bo")),
        ("chat", "U1", Some("ana")),
        ("chat2", "u1", Some("ana")),
        ("chat", "ana", None),
    ];
    for (account, id, expected) in cases {
        let found = config.people.of_account(&account.into(), id).map(|person| person.0.as_str());
        assert_eq!(found, expected, "{account} {id}");
    }
    let local = |number, login| config.people.of_local(number, Some(login)).map(|person| person.0.as_str());
    assert_eq!((local("1000", "x"), local("7", "bo"), local("7", "x")), (Some("ana"), Some("bo"), None));
    assert_eq!(config.people.teams["sre"].len(), 2);
    let as_json = config.as_json();
    assert_eq!(as_json["people"]["bo"], serde_json::json!({ "local": "bo", "ghe": "ana" }));
    assert_eq!(as_json["people"]["ana"]["local"], 1000);
    assert_eq!(as_json["teams"], serde_json::json!({ "sre": { "members": ["ana", "bo"] } }));
}

#[test]
fn people_and_teams_errors_have_their_position() {
    let team = TEAM.lines().count();
    // what follows the accounts -> line after them and column, words
    let cases: &[(&str, usize, usize, &[&str])] = &[
        ("[people]\nana = 3", 2, 7, &["expected a table: [people.ana]"]),
        ("[people.ana]", 1, 1, &["does not say who ana is", "local = \"LOGIN\""]),
        ("[people.\"a b\"]\nlocal = 1", 1, 9, &["letters, digits"]),
        ("[people.ana]\nlocl = \"ana\"", 2, 1, &["`locl`", "did you mean `local`?"]),
        ("[people.ana]\nforg = \"ana\"", 2, 1, &["did you mean `forge`"]),
        ("[people.ana]\ngithub = \"ana\"", 2, 1, &["different places", "`forge` or `ghe`"]),
        ("[people.ana]\nforge = 7", 2, 9, &["a login name such as", "\"U123\""]),
        ("[people.ana]\nforge = \"\"", 2, 9, &["found \"\""]),
        ("[people.ana]\nforge = \" ana\"", 2, 9, &["found \" ana\""]),
        ("[people.ana]\nforge = \"an\\u202ea\"", 2, 9, &["a login name such as"]),
        ("[people.ana]\nlocal = -1", 2, 9, &["`id -u` says it"]),
        ("[people.ana]\nlocal = 4294967296", 2, 9, &["the number of a user"]),
        ("[people.ana]\nlocal = true", 2, 9, &["expected a login name"]),
        ("[people.ana]\nemail = \"ana\"", 2, 9, &["ana@acme.example", "found \"ana\""]),
        ("[people.ana]\nemail = \"a b@c\"", 2, 9, &["e-mail address"]),
        (
            "[people.ana]\nchat = \"U1\"\n[people.bo]\nslack = \"u1\"",
            4,
            9,
            &["u1 is who ana is already", "one person"],
        ),
        ("[people.ana]\nlocal = 1\n[people.bo]\nlocal = 1", 4, 9, &["1 is who ana is already"]),
        (
            "[people.ana]\nlocal = 0\n[people.bo]\nlocal = \"root\"",
            4,
            9,
            &["root and 0 are one user", "ana is already"],
        ),
        ("[people.ana]\nlocal = \"root\"\n[people.bo]\nlocal = 0", 4, 9, &["0 and root are one user"]),
        (
            "[people.ana]\nghe = \"kim\"\n[people.bo]\nghe = \"\u{212a}im\"",
            4,
            7,
            &["looks like kim", "U+212A"],
        ),
        (
            "[people.ana]\nghe = \"ana\"\n[people.bo]\nghe = \"\u{ff41}na\"",
            4,
            7,
            &["looks like ana", "U+FF41"],
        ),
        ("[people.ana]\nghe = \"\u{430}na\"\n[people.bo]\nghe = \"Ana\"", 4, 7, &["looks like", "U+0430"]),
        ("[people.ana]\nlocal = \"zo\u{0451}\"\n[people.bo]\nlocal = \"zo\u{eb}\"", 4, 9, &["looks like"]),
        (
            "[people.ana]\nemail = \"ana@acme.example\"\n[people.bo]\nemail = \"ana@\u{430}cme.example\"",
            4,
            9,
            &["looks like"],
        ),
        ("[people.ana]\njenkins = \"a\"\n[people.bo]\njenkins = \"A\"", 4, 11, &["ana is already"]),
        ("[people.ana]\nlocal = 1\n[teams.sre]\nmembers = []", 4, 11, &["sre has no members"]),
        ("[teams.sre]", 1, 1, &["`members` is missing"]),
        ("[teams.sre]\nmember = []", 2, 1, &["did you mean `members`"]),
        (
            "[people.ana]\nlocal = 1\n[teams.sre]\nmembers = [\"ana\", \"anna\"]",
            4,
            19,
            &["person `anna`", "did you mean `ana`", "listed in [people]"],
        ),
        ("[people.ana]\nlocal = 1\n[teams.sre]\nmembers = [\"ana\", \"ana\"]", 4, 19, &["named twice"]),
        ("[people.ana]\nlocal = 1\n[teams.ana]\nmembers = [\"ana\"]", 3, 1, &["is a person of [people]"]),
    ];
    for (text, line, column, words) in cases {
        let errors = read(&format!("{TEAM}{text}")).unwrap_err();
        let all = errors.join("\n");
        assert!(all.starts_with(&format!("{}:{column} ", team + line)), "{text:?} at {line}:{column}: {all}");
        for word in *words {
            assert!(all.contains(word), "{text:?}: no {word:?}: {all}");
        }
    }
    // Ids that services give out look alike and are different; so are those of different places.
    for good in [
        "[people.ana]\nchat = \"U0O1\"\n[people.bo]\nchat = \"UO0l\"",
        "[people.ana]\nghe = \"ana\"\n[people.bo]\nforge = \"\u{430}na\"",
        "[people.ana]\nghe = \"z\u{f6}e\"\n[people.bo]\nghe = \"zoe\"",
        "[people.ana]\nlocal = \"root\"\nghe = \"0\"\n[people.bo]\nlocal = 1",
    ] {
        read(&format!("{TEAM}{good}")).unwrap_or_else(|errors| panic!("{good}: {errors:?}"));
    }
    let no_table = read("people = 3").unwrap_err();
    assert!(no_table[0].starts_with("1:10 ") && no_table[0].contains("[people.NAME]"), "{no_table:?}");
    // An account with a fault of its own is known by its name: the one fault is reported, and no other.
    let one = read("[accounts.forge]\nservice = \"githb\"\n[people.ana]\nforge = \"ana\"").unwrap_err();
    assert_eq!(one.len(), 1, "{one:?}");
}

#[test]
fn account_that_people_are_named_by_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    fs::write(&path, "[accounts.forge]\nservice = \"github\"\n[people.ana]\nforge = \"ana\"\n").unwrap();
    let refused = remove_account(&path, "forge").unwrap_err().to_string();
    assert!(refused.contains("`forge`") && refused.contains("forge = \"ana\""), "{refused}");
}

#[test]
fn a_line_is_quoted_but_for_what_may_be_a_secret() {
    let account = "[accounts.forge]\nservice = \"github\"\n";
    let cases = [
        ("default_chanel = \"deploys\"".to_owned(), "default_chanel = \"deploys\""),
        (format!("{account}wach = [\"acme/web\"]"), "wach = [\"acme/web\"]"),
        ("[people.ana]\nlocl = \"ana\"".to_owned(), "locl = \"ana\""),
        ("[desktop]\nthem = \"dark\"".to_owned(), "them = \"dark\""),
        // What is nobody's slip may be anything, and so may what is nearly called a secret.
        ("anything = \"hunter2-x\"".to_owned(), "anything = \"*********\""),
        (format!("{account}tokn = \"hunter2-x\""), "tokn = \"*********\""),
        (format!("{account}pasword = \"hunter2-x\""), "pasword = \"*********\""),
        (format!("{account}watch = \"acme/web"), "watch = \"********"),
    ];
    for (text, expected) in cases {
        let ConfigErrors(errors) = Config::read(Path::new("c.toml"), &text).unwrap_err();
        assert_eq!(errors[0].text, expected, "{text}: {errors:#?}");
    }
}

#[test]
fn a_fault_shows_the_line() {
    let ConfigErrors(errors) = Config::read(Path::new("c.toml"), "[secrets]\nstore = \"x\"").unwrap_err();
    let shown = errors[0].to_string();
    assert!(shown.starts_with("c.toml:2:9: "), "{shown}");
    assert!(shown.ends_with(" 2 | store = \"x\"\n   |         ^"), "{shown}");
}

#[test]
fn an_account_is_added_and_removed_and_comments_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    let before = "# ours\ndefault_channel = \"room:x\" # here\n";
    fs::write(&path, before).unwrap();
    let watch: toml_edit::Array = ["acme/web"].into_iter().collect();
    let text = add_account(&path, "forge", "github", &[("watch".into(), watch.into())]).unwrap();
    assert!(text.starts_with(before), "{text}");
    assert!(text.contains("[accounts.forge]\nservice = \"github\"\nwatch = [\"acme/web\"]"), "{text}");
    fs::write(&path, &text).unwrap();

    assert!(add_account(&path, "forge", "github", &[]).unwrap_err().to_string().contains("already"));
    assert!(
        add_account(&path, "x", "github", &[("wach".into(), "y".into())])
            .unwrap_err()
            .to_string()
            .contains("watch")
    );
    assert!(remove_account(&path, "frge").unwrap_err().to_string().contains("no account"));
    let text = remove_account(&path, "forge").unwrap();
    assert!(!text.contains("github") && text.starts_with(before), "{text}");
}

#[test]
fn an_account_that_is_still_named_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    fs::write(&path, "default_channel = \"chat:#x\"\n[accounts.chat]\nservice = \"slack\"\n").unwrap();
    assert!(remove_account(&path, "chat").unwrap_err().to_string().contains("no account `chat`"));
}

#[test]
fn every_section_that_the_schema_has_is_read_and_every_service_is_in_it() {
    // None can be all of these, so one is refused where it is read.
    for section in SECTIONS.iter() {
        let is_refused = |value: &str| {
            Config::read(Path::new("callboard.toml"), &format!("{section} = {value}"))
                .is_err_and(|errors| errors.0.iter().any(|error| error.line == 1))
        };
        assert!(["[[]]", "true", "1979-05-27"].into_iter().any(is_refused), "{section} is not read");
    }
    let schema = schema().to_string();
    for name in SERVICES {
        assert!(schema.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn a_renamed_key_is_read_by_its_old_name_and_written_by_its_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("callboard.toml");
    for (written, renamed) in [("put_away", 1), ("unload_after", 0)] {
        let text = format!("[desktop]\n{written} = \"10m\"\n");
        fs::write(&path, &text).unwrap();
        let config = Config::read(&path, &text).unwrap();
        assert_eq!(
            (config.desktop.unload_after.to_string(), config.renamed.len()),
            ("10m".to_owned(), renamed)
        );
        let place = ["desktop", "unload_after"].map(str::to_owned);
        let text = configure(&path, &place, Some(&serde_json::json!("1h"))).unwrap();
        assert_eq!(text.trim(), "[desktop]\nunload_after = \"1h\"", "{written}");
        let text = configure(&path, &place, None).unwrap();
        assert_eq!(text.trim(), "[desktop]", "{written}");
    }
    let both = "[desktop]\nput_away = \"10m\"\nunload_after = \"5m\"\n";
    assert!(Config::read(&path, both).unwrap_err().to_string().contains("unload_after"));
}

#[test]
fn no_message_repeats_a_secret_that_is_in_the_file_by_mistake() {
    let account = "[accounts.forge]\nservice = \"github\"\n";
    let cases = [
        format!("{account}token = \"hunter2-x\""),
        format!("{account}tokn = \"hunter2-x\""),
        format!("{account}key = [\"hunter2-x\"]"),
        format!("{account}key = {{ a = 1, b = \"hunter2-x\" }}"),
        format!("{account}key = hunter2-x"),
        format!("{account}key \"hunter2-x\""),
        format!("{account}key = \"hunter2-x"),
        format!("{account}url = \"https://ana:hunter2-x@ci.example\""),
        format!("{account}url = \"https://ci.example/?token=hunter2-x\""),
        format!("{account}[accounts.forge.secrets]\ntoken = \"hunter2-x\""),
        "accounts.forge = { service = \"github\", password = \"hunter2-x\" }".to_owned(),
        "token = \"hunter2-x\"".to_owned(),
        "anything = \"hunter2-x\"".to_owned(),
        "[secrets]\nstore = \"env\"\ntoken = \"hunter2-x\"".to_owned(),
        "[notifications]\nquiet_hours = \"Bearer hunter2-x\"".to_owned(),
        "default_channel = \"https://hooks.example/x?key=hunter2-x\"".to_owned(),
    ];
    for text in cases {
        let errors = Config::read(Path::new("callboard.toml"), &text).unwrap_err();
        for shown in [errors.to_string(), format!("{errors:?}")] {
            assert!(!shown.contains("hunter2"), "{text}: {shown}");
        }
    }
}
