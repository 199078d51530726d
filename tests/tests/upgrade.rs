//! Stores and configurations of earlier versions still open completely.
//!
//! `fixtures/format-N` holds a store as a version with N formats left it, killed in the middle of a run, and a
//! configuration with every key of that version. Neither is ever edited: a new format adds a folder.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context, Result};
use callboard_tests::{Answer, Callboard, PATIENCE, Server, StandIn, paths, wait_until};
use rusqlite::Connection;
use serde_json::{Value, json};

/// One for each version whose store or configuration differs.
const FIXTURES: [&str; 4] = ["format-1", "format-5", "format-8", "format-11"];

/// The first one with the reviewers of requests, approvals, threads, and the reasons of what was not posted.
const NEWEST: &str = "format-11";

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

/// How many rows a table of the file has, read from the file itself.
fn rows(file: &Path, table: &str) -> Result<usize> {
    let count: u32 =
        Connection::open(file)?.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

/// The texts of a column, as the file itself has them.
fn column(file: &Path, sql: &str) -> Result<Vec<String>> {
    let store = Connection::open(file)?;
    let mut statement = store.prepare(sql)?;
    let all = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    Ok(all)
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
    let expected = [
        // The interrupted run is reported as unknown, and never run again.
        ("build web/e2e", "unknown"),
        ("pr merge acme/api#86", "done"),
        ("run rerun acme/web/ci@main", "done"),
        ("pr approve acme/web#479", "done"),
        ("silence 3eb497630e44518c for 30m fixture", "done"),
    ];
    for fixture in FIXTURES {
        let callboard = on(fixture)?;
        let file = callboard.data().join("callboard.db");
        let [events, items, deliveries] = ["events", "items", "deliveries"].map(|table| rows(&file, table));

        let mut expected = expected.to_vec();
        if fixture == NEWEST {
            // A run that could still be taken back had not begun, and does not begin.
            expected.insert(1, ("silence 3eb497630e44518c for 1h again", "canceled"));
        }
        let (lines, states): (Vec<&str>, Vec<&str>) = expected.into_iter().unzip();
        let runs = list(&callboard, &["runs"])?;
        assert_eq!(texts(&runs, "/line"), lines, "{fixture}");
        assert_eq!(texts(&runs, "/state/state"), states, "{fixture}");
        assert_eq!(callboard.events()?.len(), events?, "{fixture}");
        // The report of the interrupted run edits its own message.
        let messages = list(&callboard, &["deliveries", "--limit", "1000"])?;
        assert_eq!(messages.len(), deliveries?, "{fixture}");

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

/// The requested reviewer was not always recorded: only requests to the account's own user were.
#[test]
fn earlier_review_requests_are_to_the_accounts_own_user() -> Result<()> {
    for fixture in FIXTURES.into_iter().filter(|it| *it != NEWEST) {
        let callboard = on(fixture)?;
        let events = callboard.events()?;
        let request = events.iter().find(|it| it["name"] == "review_requested").context("a request")?;
        assert!(request.get("of").is_none(), "{fixture}: nobody is named who was not: {request}");
        // A rule without a condition on the reviewer matches requests to this user.
        let explained = callboard.json(&["rules", "explain", &request["id"].to_string()])?;
        let now = &explained[0]["now"];
        assert_eq!(now["do"], "silence", "{fixture}: {now}");
        let matched =
            now["reasons"].as_array().and_then(|all| all.iter().find(|it| it["outcome"] == "matched"));
        assert_eq!(matched.context("a rule")?["rule"], "nothing else", "{fixture}: {now}");
        // It is identified by the login, as a repeated report would be.
        let store = Connection::open(callboard.data().join("callboard.db"))?;
        let sql = "SELECT distinct_by FROM events WHERE name = 'review_requested'";
        let distinct: String = store.query_row(sql, [], |row| row.get(0))?;
        assert!(distinct.ends_with("Z robin"), "{fixture}: {distinct}");
    }
    Ok(())
}

/// A recorded reviewer stays.
#[test]
fn review_requests_keep_their_reviewer() -> Result<()> {
    let callboard = on(NEWEST)?;
    let file = callboard.data().join("callboard.db");
    let sql = "SELECT distinct_by FROM events WHERE name = 'review_requested' ORDER BY id";
    let before = column(&file, sql)?;
    let mut requests = callboard.events()?;
    requests.retain(|it| it["name"] == "review_requested");
    assert_eq!(requests.len(), before.len());
    for (event, distinct) in requests.iter().zip(&before) {
        let of = texts(event["of"].as_array().context("of whom")?, "/id");
        assert!(distinct.ends_with(&format!("Z {}", of.join(" "))), "{distinct}: {event}");
        // Only requests to this user reach the rule on everything.
        let explained = callboard.json(&["rules", "explain", &event["id"].to_string()])?;
        let expected = if of == ["robin"] { "silence" } else { "show" };
        assert_eq!(explained[0]["now"]["do"], expected, "{event}");
    }
    assert_eq!(column(&file, sql)?, before, "none is rewritten");
    Ok(())
}

/// An approval that waits and two that have ended read in full, though nothing that is configured reads approvals.
#[test]
fn earlier_approvals_read_in_full() -> Result<()> {
    let callboard = on(NEWEST)?;
    let web = json!({
        "from": "1.41.0",
        "to": "1.42.0",
        "commits": 2,
        "changes": ["Round prices once, at the end", "Load fonts from our own host"],
    });
    let api = json!({ "from": "2.7.3", "to": "2.8.0", "commits": 1, "changes": ["Send mails in batches"] });
    let why = "The queue is empty again: tomorrow";
    // item -> its state, who asked, what it ships, who ended it and why, and what happened to it, newest first
    let cases = [
        (
            "acme/web/deployments/1",
            "approved",
            "dora",
            &web,
            Some("ana"),
            None,
            &["approved", "requested"][..],
        ),
        ("acme/api/deployments/2", "denied", "cleo", &api, Some("ana"), Some(why), &["denied", "requested"]),
        ("acme/web/deployments/3", "waiting", "dora", &web, None, None, &["requested"]),
    ];
    for (id, state, by, ships, ended_by, ended_why, happened) in cases {
        let key = format!("forge/approval/{id}/production");
        let item = callboard.json(&["item", &key])?;
        let detail = &item[0]["item"]["detail"];
        assert_eq!(
            (&detail["state"], &detail["asked_by"]["id"], &detail["environment"], &detail["ships"]["value"]),
            (&json!(state), &json!(by), &json!("production"), ships),
            "{key}: {item:?}"
        );
        let approvers = &detail["approvers"]["value"];
        assert_eq!(approvers, &json!({ "names": ["ana", "robin"], "complete": true }), "{key}");
        let ended = (detail["ended_by"]["id"].as_str(), detail["ended_why"].as_str());
        assert_eq!(ended, (ended_by, ended_why), "{key}");
        let answers = detail["answers"].as_array().context("answers")?;
        let (decisions, who) = (texts(answers, "/decision"), texts(answers, "/by/id"));
        let answered = (decisions.first().map(String::as_str), who.first().map(String::as_str));
        assert_eq!(answered, (ended_by.map(|_| state), ended_by), "{key}");
        let events = item[0]["events"].as_array().context("events")?;
        assert_eq!(texts(events, "/name"), happened, "{key}");
    }
    Ok(())
}

/// Requests that a playground of an earlier version asked by itself are unknown to the forge: once that is read, none of them waits.
#[test]
fn earlier_approvals_leave_when_their_account_is_read() -> Result<()> {
    let host = Callboard::new("")?;
    let temporary = host.folder().join("tmp");
    fs::create_dir(&temporary)?;
    let host = host.env([("TMPDIR", temporary.display().to_string())]);
    let log = host.folder().join("tour.log");
    let mut tour = Server::spawn("callboard playground", host.command(&["playground", "--json"]), &log)?;
    let forge = tour.ready_line(|line| {
        let step: Value = serde_json::from_str(line).ok()?;
        step["services"]["forge"].as_str().map(str::to_owned)
    })?;
    let callboard = on(NEWEST)?.env([("CALLBOARD_SECRET_FORGE_TOKEN", "playground-forge-token")]);
    let config = fs::read_to_string(callboard.config())?;
    let (own, new) = (
        "service = \"github\"\nurl = \"http://127.0.0.1:1\"",
        format!("service = \"github\"\nurl = \"{forge}\""),
    );
    assert!(config.contains(own), "{config}");
    callboard.configure(&config.replace(own, &new))?;
    let keys = |more: &[&str]| -> Result<Vec<String>> {
        // The other accounts cannot be reached.
        let printed =
            callboard.cmd(&[&["board", "--json", "--all", "--kind", "approval"][..], more].concat())?;
        let board: Value = serde_json::from_str(&printed.stdout)?;
        let sections = board["sections"].as_array().cloned().unwrap_or_default();
        let rows = sections.iter().flat_map(|it| it["rows"].as_array().cloned().unwrap_or_default());
        Ok(texts(&rows.collect::<Vec<_>>(), "/key"))
    };
    let old = "forge/approval/acme/web/deployments/3/production";
    assert!(keys(&["--stored"])?.iter().any(|key| key == old), "it waits in the store");
    let read = keys(&[])?;
    assert!(!read.iter().any(|key| key.contains("/deployments/")), "{read:?}");
    assert!(tour.stop(PATIENCE)?.success(), "{}", tour.output());
    Ok(())
}

/// Who snoozed an item and until when: on its row, on its page and in the audit log.
#[test]
fn earlier_snoozes_keep_their_end_and_their_person() -> Result<()> {
    let (key, until) = ("forge/pull_request/acme/api#89", "2036-11-16T18:42:20.943159Z");
    let robin = json!({ "principal": { "kind": "person", "id": "robin" }, "via": { "kind": "cli" } });
    let callboard = on(NEWEST)?;
    let board = callboard.json(&["board", "--stored", "--snoozed"])?;
    let sections = board[0]["sections"].as_array().context("sections")?;
    let snoozed = sections.iter().find(|it| it["title"] == "Snoozed").context("what is snoozed")?;
    let rows = snoozed["rows"].as_array().context("rows")?;
    assert_eq!(texts(rows, "/key"), [key]);
    for shown in [&rows[0], &callboard.json(&["item", key])?[0]] {
        assert_eq!(shown["snoozed"]["until"], until, "{shown}");
        assert_eq!(shown["snoozed_by"], robin, "{shown}");
    }
    // An item that was snoozed until it changes has changed, and is on the board again.
    let item = callboard.json(&["item", "forge/build/acme/web/ci@main"])?;
    assert_eq!((&item[0]["snoozed"], &item[0]["snoozed_by"]), (&Value::Null, &Value::Null), "{item:?}");
    // What the upgraded program records itself, is of no person: its configuration, and how interrupted runs ended.
    let by_people = |callboard: &Callboard| -> Result<Vec<Value>> {
        let is_own = |it: &Value| {
            it["what"]["change"] == "configuration_applied" || it["what"]["change"] == "run_ended"
        };
        Ok(list(callboard, &["audit"])?.into_iter().filter(|it| !is_own(it)).collect())
    };
    let changes = by_people(&callboard)?;
    assert_eq!(texts(&changes, "/what/change"), ["snoozed", "quiet", "snoozed", "snoozed"]);
    assert!(changes.iter().all(|it| it["actor"] == robin), "{changes:?}");
    // Without `[people]`, it is the user of the computer.
    let changes = by_people(&on("format-8")?)?;
    let by = json!({ "kind": "unlisted", "account": null, "id": "1000", "name": "robin" });
    assert_eq!((changes.len(), &changes[0]["actor"]["principal"]), (1, &by), "{changes:?}");
    Ok(())
}

/// Messages keep their threads, and what was not posted keeps its reason.
#[test]
fn earlier_threads_remain() -> Result<()> {
    let callboard = on(NEWEST)?;
    let file = callboard.data().join("callboard.db");
    let threads = "SELECT id || ' ' || root FROM deliveries WHERE root IS NOT NULL ORDER BY n DESC";
    let moot = "SELECT id || ' ' || moot FROM deliveries WHERE state = 'moot' ORDER BY n DESC";
    let origins = "SELECT account || ' ' || origin FROM sources WHERE origin IS NOT NULL ORDER BY account";
    let before = [threads, moot, origins].map(|sql| column(&file, sql));
    let messages = list(&callboard, &["deliveries", "--limit", "1000"])?;
    let under = |it: &Value| Some(format!("{} {}", it["id"].as_str()?, it["under"].as_str()?));
    let threads_now: Vec<String> = messages.iter().filter_map(under).collect();
    let [threads_before, moot_before, origins_before] = before;
    assert!(threads_now.len() > 10, "{threads_now:?}");
    assert_eq!(threads_now, threads_before?);
    let reasons: Vec<(String, Value)> = messages
        .iter()
        .filter(|it| it["state"]["state"] == "moot")
        .map(|it| (it["id"].as_str().unwrap_or_default().to_owned(), it["state"]["reason"].clone()))
        .collect();
    let whys: Vec<&Value> = reasons.iter().map(|(_, reason)| &reason["why"]).collect();
    assert_eq!(whys, ["orphaned", "over", "over"]);
    for ((id, reason), stored) in reasons.iter().zip(moot_before?) {
        let (of, stored) = stored.split_once(' ').context("a reason")?;
        assert_eq!((id.as_str(), reason), (of, &serde_json::from_str::<Value>(stored)?));
    }
    assert_eq!(column(&file, origins)?, origins_before?, "where things come from");

    let room = list(&callboard, &["room"])?;
    let titles = texts(&room, "/message/title");
    assert!(titles.iter().any(|it| it == "The release waits"), "{titles:?}");
    let answers: Vec<&Value> = room.iter().filter(|it| !it["under"].is_null()).collect();
    assert_eq!(answers.len(), 2, "{room:?}");
    for answer in answers {
        assert!(room.iter().any(|it| it["id"] == answer["under"]), "{answer}");
    }
    Ok(())
}

/// Messages that waited for an unreachable chat are posted, once; those that are there already are not.
#[test]
fn pending_messages_are_posted_once() -> Result<()> {
    for fixture in FIXTURES {
        let posts = AtomicUsize::new(1);
        let chat = StandIn::start(move |request| match request.path.rsplit('/').next() {
            Some("auth.test") => Answer::json(
                200,
                &json!({ "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "bell", "bot_id": "B1" }),
            ),
            Some("chat.postMessage" | "chat.update") => {
                let ts = format!("1700000000.{:06}", posts.fetch_add(1, Ordering::Relaxed));
                Answer::json(200, &json!({ "ok": true, "channel": "C012345678", "ts": ts }))
            }
            _ => Answer::json(200, &json!({ "ok": false, "error": "unknown_method" })),
        })?;
        let callboard = on(fixture)?.env([("CALLBOARD_SECRET_CHAT_TOKEN", "xoxb-1-of-the-tests")]);
        let config = fs::read_to_string(callboard.config())?;
        callboard.configure(&config.replace("http://127.0.0.1:1/api", &format!("{}/api", chat.url())))?;
        let of = |method: &str| {
            let mut requests = chat.requests();
            requests.retain(|it| it.path.ends_with(method));
            requests.into_iter().map(|it| it.body).collect::<Vec<String>>()
        };
        // Opened twice: what went out the first time does not go out again.
        for text in ["after", "and again"] {
            let serving = callboard.serve()?;
            // Behind all that waits for the channel.
            let posted = callboard.cmd(&["post", "chat:#deploys", text])?;
            assert_eq!(posted.code, Some(0), "{fixture}: {posted:?}");
            let nothing_waits =
                || list(&callboard, &["deliveries", "--pending"]).ok().filter(Vec::is_empty).map(drop);
            wait_until("all to arrive", PATIENCE, nothing_waits).with_context(|| fixture.to_owned())?;
            assert!(serving.stop()?.success(), "{fixture}");
        }
        let mut expected = vec!["after", "and again"];
        if fixture == NEWEST {
            expected.insert(0, "A message that waits");
        }
        let posted = of("chat.postMessage");
        assert_eq!(posted.len(), expected.len(), "{fixture}: {posted:?}");
        for (body, text) in posted.iter().zip(expected) {
            assert!(body.contains(text), "{fixture}: {text} in {body}");
        }
        // The message of the run that was under way.
        let edited = of("chat.update");
        assert_eq!(edited.len(), 1, "{fixture}: {edited:?}");
        assert!(edited[0].contains("We do not know whether build web/e2e ran"), "{fixture}: {edited:?}");
    }
    Ok(())
}

#[test]
fn earlier_configurations_are_valid() -> Result<()> {
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
fn store_of_a_newer_version_is_refused() -> Result<()> {
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
fn lists_of_a_damaged_store_count_what_cannot_be_read() -> Result<()> {
    let callboard = on("format-5")?;
    let posted = callboard.cmd(&["post", "room:general", "hello"])?;
    assert_eq!(posted.code, Some(0), "{posted:?}");
    let file = callboard.data().join("callboard.db");
    let events = rows(&file, "events")?;
    let damage = "UPDATE events SET name = 'danced ' || id; UPDATE room SET message = '{'";
    Connection::open(&file)?.execute_batch(damage)?;
    for args in [&["events", "--limit", "1000"][..], &["events", "--limit", "1000", "--json"]] {
        let output = callboard.cmd(args)?;
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
