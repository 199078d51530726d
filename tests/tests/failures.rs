//! When services, files or the keychain fail: reported plainly, where it belongs, and nothing else is affected.

#![allow(clippy::print_stdout, reason = "what a failing test needs to be repeated is printed")]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use callboard_tests::{
    Answer, Callboard, DesktopSession, Keyring, Output, PATIENCE, Request, Serving, StandIn, wait_until,
    webhook,
};
use serde_json::{Value, json};

const TOKEN: &str = "ghp_verySecretTokenThatMustNotAppear";

fn account(name: &str, url: &str) -> String {
    format!(
        "[accounts.{name}]\nservice = \"github\"\nurl = \"{url}\"\nwatch = [\"acme/web\"]\nevery = \"24h\"\n"
    )
}

/// GitHub with nothing in it.
fn healthy(request: &Request) -> Answer {
    match request.path.split('?').next() {
        Some("/user") => Answer::json(200, &json!({ "login": "ana" })),
        Some("/repos/acme/web") => {
            Answer::json(200, &json!({ "full_name": "acme/web", "default_branch": "main" }))
        }
        Some(path) if path.ends_with("/runs") => {
            Answer::json(200, &json!({ "total_count": 0, "workflow_runs": [] }))
        }
        _ => Answer::json(200, &json!([])),
    }
}

#[test]
fn each_service_failure_is_reported_for_its_account_only() -> Result<()> {
    let other = StandIn::start(healthy)?;
    let elsewhere = format!("{}/user", other.url().replace("127.0.0.1", "localhost"));
    let json_type = ("Content-Type", "application/json");
    let cases: Vec<(&str, Answer, &str, &[&str])> = vec![
        (
            "html",
            Answer::new(200, &[("Content-Type", "text/html")], "<html>Login</html>"),
            "unavailable",
            &["web page"],
        ),
        ("auth", Answer::json(401, &json!({ "message": "Bad credentials" })), "auth", &["Bad credentials"]),
        ("forbidden", Answer::json(403, &json!({ "message": "Nope" })), "auth", &["Nope"]),
        ("missing", Answer::json(404, &json!({ "message": "Not Found" })), "rejected", &["no such thing"]),
        ("limited", Answer::new(429, &[("Retry-After", "77")], ""), "rate_limited", &["77"]),
        ("broken", Answer::new(500, &[], "<h1>Oops</h1>"), "unavailable", &["500"]),
        ("half", Answer::new(200, &[json_type], "{\"login\": \"ana\"}").half(), "unavailable", &[]),
        ("moved", Answer::new(302, &[("Location", &elsewhere)], ""), "rejected", &["localhost"]),
    ];
    let mut config = "[secrets]\nstore = \"env\"\n".to_owned();
    let mut env = vec![("CALLBOARD_SECRET_WELL_TOKEN".to_owned(), TOKEN)];
    let mut services = Vec::new();
    for (name, answer, ..) in &cases {
        let answer = answer.clone();
        let service = StandIn::start(move |_| answer.clone())?;
        config += &account(name, service.url());
        env.push((format!("CALLBOARD_SECRET_{}_TOKEN", name.to_uppercase()), TOKEN));
        services.push(service);
    }
    let well = StandIn::start(healthy)?;
    config += &account("well", well.url());
    let callboard = Callboard::new(&config)?.env(env);

    let board = callboard.cmd(&["board"])?;
    assert_eq!(board.code, Some(0), "{board:?}");
    assert_eq!(callboard.account("well")?["health"]["state"], "ok");
    for (name, _, kind, parts) in &cases {
        let health = callboard.account(name)?["health"].take();
        let text = health.to_string();
        assert_eq!(health["state"], "trouble", "{name}: {text}");
        assert_eq!(health["error"]["error"], *kind, "{name}: {text}");
        // A permission is missing, not a sign-in.
        let is_signed_in = health["error"]["signed_in"].as_bool().unwrap_or(false);
        assert_eq!(is_signed_in, *name == "forbidden", "{name}: {text}");
        for part in *parts {
            assert!(text.contains(part), "{name}: {part}: {text}");
        }
        assert!(!text.contains('<'), "no page of the service is shown: {text}");
        assert!(board.stdout.contains(&format!("◆ {name} cannot be read: ")), "{name}: {}", board.stdout);
    }
    assert_eq!(other.requests().len(), 0, "what moved to another host is not followed with a credential");
    let printed = format!("{board:?}{:?}", callboard.cmd(&["accounts", "--json"])?);
    assert!(!printed.contains(TOKEN));
    Ok(())
}

/// Every byte of every file of the data folder.
fn contents(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            files.push((path.display().to_string(), fs::read(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn store_that_cannot_be_opened_is_reported_and_left_as_it_is() -> Result<()> {
    let sqlite = |callboard: &Callboard, sql: &str| -> Result<()> {
        let connection = rusqlite::Connection::open(callboard.data().join("callboard.db"))?;
        Ok(connection.execute_batch(sql)?)
    };
    type Spoil<'s> = Box<dyn Fn(&Callboard) -> Result<()> + 's>;
    let cases: Vec<(&str, Spoil<'_>, &str)> = vec![
        (
            "not a database",
            Box::new(|it| {
                Ok(fs::write(it.data().join("callboard.db"), "These are my notes.\n".repeat(300))?)
            }),
            "is not a Callboard database",
        ),
        (
            "another program's database",
            Box::new(|it| {
                sqlite(it, "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x');")
            }),
            "is not a Callboard database",
        ),
        (
            "a newer format",
            Box::new(|it| {
                it.json(&["board", "--stored"])?;
                sqlite(it, "PRAGMA user_version = 99")
            }),
            "was written by a newer Callboard (format 99",
        ),
        (
            "a damaged file",
            Box::new(|it| {
                it.json(&["board", "--stored"])?;
                let file = it.data().join("callboard.db");
                let mut bytes = fs::read(&file)?;
                // The header stays; the pages behind it are noise.
                bytes[100..].iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 31 % 251) as u8);
                Ok(fs::write(file, bytes)?)
            }),
            "is damaged",
        ),
    ];
    for (what, spoil, expected) in cases {
        let callboard = Callboard::new("")?;
        spoil(&callboard).context(what)?;
        let file = callboard.data().join("callboard.db");
        let before = fs::read(&file)?;
        for command in [&["board"][..], &["serve"], &["runs", "--json"]] {
            let output = callboard.cmd(command)?;
            assert_eq!(output.code, Some(1), "{what}: {output:?}");
            assert!(output.stderr.contains(expected), "{what}: {output:?}");
            assert!(output.stderr.contains(&file.display().to_string()), "{what}: {output:?}");
        }
        assert!(fs::read(&file)? == before, "{what}: the file has changed");
    }
    Ok(())
}

#[test]
fn data_folder_that_cannot_be_written_is_reported() -> Result<()> {
    let callboard = Callboard::new("")?;
    // Root may write anywhere but not make a folder below a file, and others may not even enter.
    let blocked = callboard.folder().join("blocked");
    fs::write(&blocked, "a file")?;
    let data = blocked.join("data").display().to_string();
    let output = callboard.cmd(&["--data", &data, "board"])?;
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("cannot be written") && output.stderr.contains(&data), "{output:?}");

    let read_only = callboard.folder().join("read-only");
    fs::create_dir(&read_only)?;
    fs::set_permissions(&read_only, Permissions::from_mode(0o500))?;
    if fs::write(read_only.join("probe"), "").is_err() {
        let output = callboard.cmd(&["--data", &read_only.display().to_string(), "board"])?;
        assert_eq!(output.code, Some(1), "{output:?}");
        assert!(output.stderr.contains("cannot be written"), "{output:?}");
    }
    fs::set_permissions(&read_only, Permissions::from_mode(0o700))?;
    Ok(())
}

#[test]
fn configuration_error_has_its_place_and_the_nearest_name() -> Result<()> {
    let good = "[accounts.forge]\nservice = \"github\"\n";
    let cases = [
        ("[acounts.forge]\nservice = \"github\"\n".to_owned(), "1:2", "accounts"),
        ("[accounts.forge]\nservice = \"gihub\"\n".to_owned(), "2:11", "github"),
        (format!("{good}evry = \"60s\"\n"), "3:1", "every"),
        (format!("{good}every = \"often\"\n"), "3:9", "often"),
        (format!("{good}[channels]\ndeploys = \"chta:#deploys\"\n"), "4:11", "chta"),
        (
            format!("{good}[[rules]]\nname = \"a\"\nwhen = 'item.brnch == \"main\"'\ndo = \"show\"\n"),
            "5:",
            "item.branch",
        ),
        (format!("{good}[receive]\nlisten = \"here\"\n"), "4:10", "an address and a port"),
        ("default_channel = [\n".to_owned(), "1:20", "this list does not end"),
    ];
    for (text, place, expected) in cases {
        let callboard = Callboard::new(&text)?;
        let file = callboard.config().display().to_string();
        for command in [&["config", "check"][..], &["board"], &["serve"]] {
            let output = callboard.cmd(command)?;
            assert_eq!(output.code, Some(2), "{text}: {output:?}");
            assert!(output.stderr.contains(&format!("{file}:{place}")), "{place}: {output:#?}");
            assert!(output.stderr.contains(expected), "{expected}: {output:#?}");
        }
    }
    Ok(())
}

fn check(callboard: &Callboard, name: &str) -> Result<Value> {
    let output = callboard.cmd(&["doctor", "--json"])?;
    let mut checks: Value =
        serde_json::from_str(output.stdout.trim()).with_context(|| format!("{output:?}"))?;
    let list = checks.as_array_mut().context("a list of checks")?;
    list.iter_mut().find(|check| check["name"] == name).map(Value::take).context("no such check")
}

#[test]
fn daemon_logs_at_its_start_which_command_files_it_leaves_out() -> Result<()> {
    let callboard = Callboard::new("[commands]\ndirs = [\"ops\"]\n[secrets]\nstore = \"env\"\n")?;
    let folder = callboard.folder().join("ops");
    fs::create_dir(&folder)?;
    fs::write(folder.join("restart.toml"), "[[comand]]\nname = \"restart\"\n")?;
    let serving = callboard.serve()?;
    let log = serving.output();
    assert!(log.contains("a command file is left out") && log.contains("restart.toml"), "{log}");
    Ok(())
}

#[test]
fn running_daemon_applies_a_good_change_and_keeps_running_on_a_bad_one() -> Result<()> {
    let service = StandIn::start(healthy)?;
    let listen = "[receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n";
    let one = format!("{}{listen}", account("forge", service.url()));
    let callboard = Callboard::new(&one)?.env([
        ("CALLBOARD_SECRET_FORGE_TOKEN", TOKEN),
        ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", "hush"),
        ("CALLBOARD_SECRET_SECOND_TOKEN", TOKEN),
    ]);
    let serving = callboard.serve()?;
    let sent = |serving: &Serving, number: u64| {
        let (url, opened) =
            (format!("{}/hooks/forge", serving.url()), webhook::opened("acme/web", number, "Cart"));
        webhook::github(&url, "hush", "pull_request", &format!("d-{number}"), &opened)
    };
    assert_eq!(sent(&serving, 1)?.status, 200);

    callboard.configure(&format!("{one}{}", account("second", service.url())))?;
    wait_until("the second account", PATIENCE, || callboard.account("second").ok())?;
    assert_eq!(sent(&serving, 2)?.status, 200);

    callboard.configure("[accounts.forge]\nservice = \"gihub\"\n")?;
    let failed = || check(&callboard, "configuration").ok().filter(|check| check["verdict"] == "failed");
    let found = wait_until("doctor to report it", PATIENCE, failed)?["found"].to_string();
    assert!(found.contains("gihub") && found.contains(":2:11"), "{found}");
    assert_eq!(sent(&serving, 3)?.status, 200, "the older configuration is active");
    assert!(callboard.account("second").is_ok());

    callboard.configure(&one)?;
    wait_until("the second account to go", PATIENCE, || callboard.account("second").is_err().then_some(()))?;
    assert_eq!(check(&callboard, "configuration")?["verdict"], "ok");
    assert_eq!(callboard.events()?.len(), 3, "nothing was lost on the way");
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn secret_is_stored_only_in_the_keychain() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?;
    let service = StandIn::start(healthy)?;
    let config = format!("{}[receive]\nlisten = \"127.0.0.1:0\"\n", account("forge", service.url()));
    let callboard = Callboard::new(&config)?.env(session.env()).env([("CALLBOARD_LOG", "trace")]);
    let mut outputs: Vec<Output> = Vec::new();
    let mut act = |args: &[&str], input: &str| -> Result<Output> {
        let output = callboard.cmd_with_input(args, input)?;
        outputs.push(output.clone());
        Ok(output)
    };
    assert_eq!(act(&["accounts", "test", "forge"], "")?.code, Some(2), "it has no token yet");
    assert_eq!(act(&["accounts", "secret", "forge"], &format!("{TOKEN}\n"))?.code, Some(0));
    assert_eq!(session.kept_secret("forge/token")?.as_deref(), Some(TOKEN));
    let tested = act(&["accounts", "test", "forge"], "")?;
    assert_eq!(tested.code, Some(0), "{tested:?}");
    assert!(tested.stdout.contains("acts as ana"), "{tested:?}");
    let authorization = format!("Bearer {TOKEN}");
    assert!(service.requests().iter().any(|it| it.header("authorization") == Some(&authorization)));

    let serving = callboard.serve()?;
    let first_poll = || callboard.account("forge").ok().filter(|forge| !forge["last_ok"].is_null());
    wait_until("a poll", PATIENCE, first_poll)?;
    for args in
        [&["accounts", "--json"][..], &["doctor", "--json"], &["board", "--json"], &["commands", "--json"]]
    {
        act(args, "")?;
    }
    act(&["run", "--json", "--dry-run", "pr approve acme/web#1"], "")?;
    act(&["run", "--json", "pr approve acme/web#1"], "")?;
    let log = serving.output();
    // While it runs: the write-ahead log is there.
    let files = contents(&callboard.data())?;
    ensure!(files.iter().any(|(name, _)| name.ends_with("-wal")), "{:?}", files.iter().map(|it| &it.0));
    for (name, bytes) in files.into_iter().chain([("callboard.toml".into(), fs::read(callboard.config())?)]) {
        assert!(!holds(&bytes, TOKEN), "{name}");
    }
    assert!(!log.contains(TOKEN), "the log");

    assert_eq!(act(&["accounts", "secret", "forge", "--remove"], "")?.code, Some(0));
    assert_eq!(session.kept_secret("forge/token")?, None);
    let incomplete =
        || callboard.account("forge").ok().filter(|forge| forge["health"]["state"] == "incomplete");
    wait_until("the daemon to notice", PATIENCE, incomplete)?;
    assert!(!format!("{outputs:?}").contains(TOKEN), "what was printed");
    Ok(())
}

#[test]
fn locked_or_absent_keychain_is_reported_in_time_and_blocks_nothing() -> Result<()> {
    for keyring in [Keyring::Unlocked, Keyring::Absent] {
        let session = DesktopSession::start(keyring)?;
        let service = StandIn::start(healthy)?;
        let callboard = Callboard::new(&account("forge", service.url()))?.env(session.env());
        if keyring == Keyring::Unlocked {
            let stored = callboard.cmd_with_input(&["accounts", "secret", "forge"], TOKEN)?;
            assert_eq!(stored.code, Some(0), "{stored:?}");
            session.lock()?;
        }
        for (args, code) in [(&["accounts", "secret", "forge"][..], 1), (&["board"], 0), (&["doctor"], 1)] {
            let output = callboard.cmd_with_input(args, &format!("{TOKEN}\n"))?;
            assert_eq!(output.code, Some(code), "{keyring:?} {args:?}: {output:?}");
            let printed = format!("{}{}", output.stdout, output.stderr);
            assert!(
                printed.contains("keychain") && printed.contains("secrets.store"),
                "{keyring:?}: {printed}"
            );
        }
        let serving = callboard.serve()?;
        let health = callboard.account("forge")?["health"].take();
        assert_eq!(health["state"], "incomplete", "{keyring:?}: {health}");
        assert!(health["why"].to_string().contains("keychain"), "{keyring:?}: {health}");
        assert!(serving.stop()?.success(), "{keyring:?}: it stops in time");
    }
    Ok(())
}

#[test]
fn encrypted_file_opens_with_its_passphrase_only() -> Result<()> {
    let service = StandIn::start(healthy)?;
    let config = format!("{}[secrets]\nstore = \"file\"\n", account("forge", service.url()));
    let callboard = Callboard::new(&config)?;
    let with = |passphrase: &str, args: &[&str], input: &str| -> Result<Output> {
        let mut command = callboard.command(args);
        command.env("CALLBOARD_PASSPHRASE", passphrase);
        callboard.finish(command, input)
    };
    let stored = with("correct horse", &["accounts", "secret", "forge"], TOKEN)?;
    assert_eq!(stored.code, Some(0), "{stored:?}");
    assert_eq!(with("correct horse", &["accounts", "test", "forge"], "")?.code, Some(0));
    for (passphrase, why) in [("wrong", "does not open"), ("", "CALLBOARD_PASSPHRASE")] {
        let output = with(passphrase, &["accounts", "test", "forge"], "")?;
        assert_eq!(output.code, Some(2), "{passphrase}: {output:?}");
        assert!(output.stderr.contains(why), "{passphrase}: {output:?}");
    }
    for (name, bytes) in contents(&callboard.data())? {
        assert!(!holds(&bytes, TOKEN), "{name}");
    }
    let mode = fs::metadata(callboard.data().join("secrets.enc"))?.permissions().mode();
    assert_eq!(mode & 0o077, 0, "nobody else may read it");
    Ok(())
}
