//! What earlier versions stored and were configured with still opens, whole.
//!
//! `fixtures/format-N` holds a store as a version with N formats left it, killed in the middle of a run, and a
//! configuration with every key of that version. Neither is ever edited: a new format adds a folder.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use callboard_tests::{Callboard, paths};
use rusqlite::Connection;
use serde_json::Value;

/// One for each version whose store or configuration differs.
const FIXTURES: [&str; 2] = ["format-1", "format-5"];

/// The program on a copy of a fixture.
fn on(fixture: &str) -> Result<Callboard> {
    let from = paths::repository("tests/fixtures").join(fixture);
    let callboard = Callboard::new(&fs::read_to_string(from.join("callboard.toml"))?)?;
    fs::copy(from.join("callboard.db"), callboard.data().join("callboard.db"))?;
    let commands = callboard.folder().join("commands");
    fs::create_dir(&commands)?;
    for file in fs::read_dir(from.join("commands"))? {
        let file = file?;
        fs::copy(file.path(), commands.join(file.file_name()))?;
    }
    Ok(callboard)
}

/// How many rows a table of the file has, asked of the file itself.
fn rows(file: &Path, table: &str) -> Result<usize> {
    let count: u32 =
        Connection::open(file)?.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

fn list(callboard: &Callboard, args: &[&str]) -> Result<Vec<Value>> {
    let printed = callboard.json(args)?;
    Ok(printed.first().and_then(Value::as_array).cloned().unwrap_or(printed))
}

fn texts(rows: &[Value], key: &str) -> Vec<String> {
    rows.iter().filter_map(|row| Some(row.pointer(key)?.as_str()?.to_owned())).collect()
}

#[test]
fn earlier_stores_open_whole() -> Result<()> {
    let lines = [
        "build web/e2e",
        "pr merge acme/api#86",
        "run rerun acme/web/ci@main",
        "pr approve acme/web#479",
        "silence 3eb497630e44518c for 30m fixture",
    ];
    for fixture in FIXTURES {
        let callboard = on(fixture)?;
        let file = callboard.data().join("callboard.db");
        let [events, items, deliveries] = ["events", "items", "deliveries"].map(|table| rows(&file, table));

        let runs = list(&callboard, &["runs"])?;
        assert_eq!(texts(&runs, "/line"), lines, "{fixture}");
        // The one that was under way is reported as unknown, and never run again.
        assert_eq!(texts(&runs, "/state/state"), ["unknown", "done", "done", "done", "done"], "{fixture}");
        assert_eq!(callboard.events()?.len(), events?, "{fixture}");
        // What is to be said of the interrupted run changes its own message.
        assert_eq!(list(&callboard, &["deliveries"])?.len(), deliveries?, "{fixture}");

        let board = callboard.json(&["board", "--stored", "--all"])?;
        let sections = board[0]["sections"].as_array().context("sections")?;
        let keys: Vec<String> = sections
            .iter()
            .flat_map(|section| texts(section["rows"].as_array().map_or(&[], Vec::as_slice), "/key"))
            .collect();
        assert!(keys.len() < items?, "{fixture}: a merged pull request and a snoozed one are off the board");
        for key in [
            "pager/incident/3eb497630e44518c",
            "forge/pull_request/acme/web#479",
            "forge/build/acme/api/ci@login-limits",
        ] {
            assert!(keys.iter().any(|it| it == key), "{fixture}: {key} in {keys:?}");
        }
        // Every stored item reads in full.
        for key in &keys {
            let item = callboard.json(&["item", key])?;
            assert_eq!(item[0]["item"]["key"], key.as_str(), "{fixture}");
        }
    }
    Ok(())
}

/// Of whom a request for a review is was not recorded once: only those of the account's own user were.
#[test]
fn earlier_requests_for_a_review_are_of_me() -> Result<()> {
    for fixture in FIXTURES {
        let callboard = on(fixture)?;
        let events = callboard.events()?;
        let asked = events.iter().find(|it| it["name"] == "review_requested").context("a request")?;
        assert!(asked.get("of").is_none(), "{fixture}: nobody is named who was not: {asked}");
        // A rule that does not ask of whom it is sees what is of me.
        let explained = callboard.json(&["rules", "explain", &asked["id"].to_string()])?;
        let now = &explained[0]["now"];
        assert_eq!(now["do"], "silence", "{fixture}: {now}");
        let matched =
            now["reasons"].as_array().and_then(|all| all.iter().find(|it| it["outcome"] == "matched"));
        assert_eq!(matched.context("a rule")?["rule"], "nothing else", "{fixture}: {now}");
        // It is known by the login, as one that is reported again would be.
        let store = Connection::open(callboard.data().join("callboard.db"))?;
        let sql = "SELECT distinct_by FROM events WHERE name = 'review_requested'";
        let distinct: String = store.query_row(sql, [], |row| row.get(0))?;
        assert!(distinct.ends_with("Z robin"), "{fixture}: {distinct}");
    }
    Ok(())
}

#[test]
fn earlier_configurations_are_good() -> Result<()> {
    for fixture in FIXTURES {
        let callboard = on(fixture)?;
        let checked = callboard.cmd(&["config", "check"])?;
        assert_eq!(checked.code, Some(0), "{fixture}: {checked:?}");
        assert!(
            checked.stdout.contains("6 accounts, 4 channels, 4 rules, 5 commands"),
            "{fixture}: {checked:?}"
        );
    }
    Ok(())
}

#[test]
fn a_store_of_a_newer_version_is_refused() -> Result<()> {
    let callboard = on("format-5")?;
    let file = callboard.data().join("callboard.db");
    Connection::open(&file)?.pragma_update(None, "user_version", 1_000)?;
    let before = fs::read(&file)?;
    for args in [&["board", "--stored"][..], &["serve"], &["runs"]] {
        let refused = callboard.cmd(args)?;
        assert_ne!(refused.code, Some(0), "{refused:?}");
        assert!(refused.stderr.contains("newer"), "{refused:?}");
    }
    assert_eq!(fs::read(&file)?, before, "it is left as it was");
    Ok(())
}

/// As a failing disk or another program may leave it: what is stored and cannot be read is no empty list.
#[test]
fn lists_of_a_damaged_store_say_what_cannot_be_read() -> Result<()> {
    let callboard = on("format-5")?;
    let posted = callboard.cmd(&["post", "room:general", "hello"])?;
    assert_eq!(posted.code, Some(0), "{posted:?}");
    let file = callboard.data().join("callboard.db");
    let events = rows(&file, "events")?;
    let damage = "UPDATE events SET name = 'danced ' || id; UPDATE room SET message = '{'";
    Connection::open(&file)?.execute_batch(damage)?;
    for words in [&["events", "--limit", "1000"][..], &["events", "--limit", "1000", "--json"]] {
        let output = callboard.cmd(words)?;
        assert_eq!((output.code, output.stdout.trim()), (Some(0), ""), "{output:?}");
        let expected = format!("{events} events cannot be read; see: callboard doctor");
        assert!(output.stderr.contains(&expected) && !output.stderr.contains("No events"), "{output:?}");
    }
    let room = callboard.cmd(&["room"])?;
    assert!(room.stdout.contains("This message cannot be read"), "{room:?}");
    let messages = list(&callboard, &["room", "--json"])?;
    assert_eq!(texts(&messages, "/message/title"), ["This message cannot be read"]);
    Ok(())
}
