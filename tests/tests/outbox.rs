//! Messages to chats, with a Slack that refuses and keychains that are locked: a person's text and a run's outcome arrive
//! whole, once, and wait where they have to.

use std::{
    fs,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result, bail, ensure};
use callboard_tests::{Answer, Callboard, DesktopSession, Keyring, PATIENCE, Request, StandIn, wait_until};
use serde_json::{Value, json};

const TOKEN: &str = "xoxb-1-of-the-tests";

/// Slack with one channel; an edit is answered with `edited`.
fn slack(edited: Value) -> Result<StandIn> {
    let posts = AtomicUsize::new(1);
    StandIn::start(move |request| match request.path.rsplit('/').next() {
        Some("auth.test") => Answer::json(
            200,
            &json!({ "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "bell", "bot_id": "B1" }),
        ),
        Some("chat.postMessage") => {
            let ts = format!("1700000000.{:06}", posts.fetch_add(1, Ordering::Relaxed));
            Answer::json(200, &json!({ "ok": true, "channel": "C012345678", "ts": ts }))
        }
        Some("chat.update") => Answer::json(200, &edited),
        _ => Answer::json(200, &json!({ "ok": false, "error": "unknown_method" })),
    })
}

fn config(chat: &StandIn, more: &str) -> String {
    format!("{more}\n[accounts.chat]\nservice = \"slack\"\nurl = \"{}/api\"\n", chat.url())
}

fn callboard(config: &str) -> Result<Callboard> {
    let config = format!("{config}[secrets]\nstore = \"env\"\n");
    Ok(Callboard::new(&config)?.env([("CALLBOARD_SECRET_CHAT_TOKEN", TOKEN)]))
}

fn bodies(chat: &StandIn, method: &str) -> Vec<Value> {
    let sent = |request: &Request| -> Option<Value> {
        request.path.ends_with(method).then(|| serde_json::from_str(&request.body).ok())?
    };
    chat.requests().iter().filter_map(sent).collect()
}

/// The entries of a list that a command prints.
fn list(callboard: &Callboard, command: &str) -> Result<Vec<Value>> {
    let mut printed = callboard.json(&[command])?;
    Ok(printed[0].as_array_mut().context("a list")?.drain(..).collect())
}

/// All that a reader of a message sees.
fn seen(blocks: &Value) -> String {
    match blocks {
        Value::Array(all) => all.iter().map(seen).collect(),
        Value::Object(one) => {
            let own = one.get("text").and_then(Value::as_str).unwrap_or_default();
            own.to_owned() + &one.get("elements").map(seen).unwrap_or_default()
        }
        _ => String::new(),
    }
}

#[test]
fn outcome_whose_message_cannot_be_edited_is_posted_as_a_new_message() -> Result<()> {
    let refused = |code: &str| json!({ "ok": false, "error": code });
    // answer to an edit -> posts, and the root of the last one
    let cases = [
        (json!({ "ok": true, "channel": "C012345678", "ts": "1700000000.000001" }), 1, None),
        (refused("edit_window_closed"), 2, Some("1700000000.000001")),
        (refused("cant_update_message"), 2, Some("1700000000.000001")),
        (refused("a_code_of_tomorrow"), 2, Some("1700000000.000001")),
        (refused("message_not_found"), 2, None),
    ];
    for (edited, count, under) in cases {
        let chat = slack(edited.clone())?;
        let callboard =
            callboard(&config(&chat, "default_channel = \"chat:#deploys\"\ncommands.dirs = [\"ops\"]"))?;
        fs::create_dir(callboard.folder().join("ops"))?;
        // It ends when the message that it runs is in the channel.
        let script = "while [ ! -e go ]; do sleep 0.05; done";
        fs::write(
            callboard.folder().join("ops/wait.toml"),
            format!(
                "[[command]]\nname = \"wait\"\nsummary = \"Waits\"\n[command.run.exec]\nargv = [\"sh\", \"-c\", \"cd {}; {script}\"]\n",
                callboard.folder().display()
            ),
        )?;
        let serving = callboard.serve()?;
        let mut run = callboard.command(&["run", "--yes", "wait"]);
        let mut run = run.stdout(std::process::Stdio::null()).spawn()?;
        wait_until("the start", PATIENCE, || (!bodies(&chat, "chat.postMessage").is_empty()).then_some(()))?;
        let started = || {
            let all = list(&callboard, "deliveries").ok()?;
            (all.first()?["state"]["state"] == "posted").then_some(())
        };
        wait_until("the start to be recorded", PATIENCE, started)?;
        fs::write(callboard.folder().join("go"), "")?;
        run.wait()?;
        let arrived = || {
            let all = list(&callboard, "deliveries").ok()?;
            let sent = bodies(&chat, "chat.update").len() + bodies(&chat, "chat.postMessage").len();
            (all.first()?["state"]["state"] == "posted" && sent > count).then_some(())
        };
        wait_until("the outcome", PATIENCE, arrived).with_context(|| edited.to_string())?;
        let posts = bodies(&chat, "chat.postMessage");
        assert_eq!(posts.len(), count, "{edited}");
        let last = posts.last().context("posts")?;
        assert_eq!(last["thread_ts"].as_str(), under, "{edited}");
        let keys: Vec<_> = posts.iter().map(|it| it["metadata"]["event_payload"]["key"].clone()).collect();
        assert!(count == 1 || keys[0] != keys[1], "each can be looked up by itself: {keys:?}");
        assert!(serving.stop()?.success());
    }
    Ok(())
}

#[test]
fn posted_text_arrives_whole_and_keeps_its_lines() -> Result<()> {
    let chat = slack(json!({ "ok": true }))?;
    let callboard = callboard(&config(&chat, ""))?;
    let words: Vec<String> = (0..80).map(|n| format!("word{n:03}")).collect();
    let text = format!("Freeze until noon.\n\n  - {}\nThen not.", words.join(" "));
    let dry = callboard.cmd(&["post", "--dry-run", "chat:#deploys", &text])?;
    assert_eq!(callboard.cmd(&["post", "chat:#deploys", &text])?.code, Some(0));
    assert_eq!(callboard.cmd(&["post", "room:general", &text])?.code, Some(0));
    let posted = bodies(&chat, "chat.postMessage");
    assert_eq!(seen(&posted[0]["blocks"]), format!("• {text}"));
    for shown in [dry.stdout, callboard.cmd(&["room"])?.stdout] {
        assert!(shown.contains("Freeze until noon.\n") && shown.contains("word079\n"), "{shown}");
    }
    let in_room = list(&callboard, "room")?;
    assert!(in_room.iter().any(|it| it["message"]["title"] == text.as_str()), "{in_room:?}");
    // A text that is too long for the chat is refused with its length, and nothing is sent.
    let long = callboard.cmd(&["post", "chat:#deploys", &"x".repeat(20_000)])?;
    assert_eq!(long.code, Some(2), "{long:?}");
    assert!(long.stderr.contains("characters") && long.stderr.contains("20002"), "{long:?}");
    assert_eq!(bodies(&chat, "chat.postMessage").len(), 1);
    Ok(())
}

#[test]
fn messages_wait_for_a_locked_keychain_and_go_when_it_is_unlocked() -> Result<()> {
    let mut session = DesktopSession::start(Keyring::Unlocked)?;
    let chat = slack(json!({ "ok": true }))?;
    let callboard = Callboard::new(&config(&chat, ""))?.env(session.env());
    let stored = callboard.cmd_with_input(&["accounts", "secret", "chat", "token"], TOKEN)?;
    assert_eq!(stored.code, Some(0), "{stored:?}");
    session.lock()?;

    let serving = callboard.serve()?;
    callboard.cmd(&["post", "chat:#deploys", "built meanwhile"])?;
    let waiting = || {
        let all = list(&callboard, "deliveries").ok()?;
        let state = all.first()?["state"].clone();
        (state["state"] == "pending" && state["error"]["why"].to_string().contains("keychain")).then_some(())
    };
    wait_until("the message to wait", PATIENCE, waiting)?;
    let health = callboard.account("chat")?["health"].take();
    assert_eq!(
        (&health["state"], &health["waits_for"]),
        (&json!("incomplete"), &json!("the system's keychain"))
    );
    let doctor = callboard.cmd(&["doctor"])?;
    assert!(doctor.stdout.contains("is locked") && doctor.stdout.contains("unlock"), "{doctor:?}");

    session.unlock()?;
    let posted = || (bodies(&chat, "chat.postMessage").len() == 1).then_some(());
    wait_until("the message to go out", PATIENCE, posted)?;
    // Locked again, the connection that works is kept.
    session.lock()?;
    callboard.configure(&format!("# changed\n{}", config(&chat, "")))?;
    let reloaded = || serving.output().contains("it goes on with those it has").then_some(());
    wait_until("the change to be applied", PATIENCE, reloaded)?;
    assert_eq!(callboard.cmd(&["post", "chat:#deploys", "another"])?.code, Some(0));
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn commands_without_the_secret_leave_a_message_to_a_daemon_that_has_it() -> Result<()> {
    let chat = slack(json!({ "ok": true }))?;
    let callboard = callboard(&config(&chat, ""))?;
    let without_secret = |args: &[&str]| -> Result<(bool, String)> {
        let output = callboard.command(args).env_remove("CALLBOARD_SECRET_CHAT_TOKEN").output()?;
        Ok((output.status.success(), String::from_utf8(output.stdout)?))
    };
    let (posted, printed) = without_secret(&["post", "chat:#deploys", "built meanwhile"])?;
    ensure!(!posted && printed.contains("token"), "the reason for the wait is printed: {printed}");
    // Commands that only read, and one that posts another message.
    for args in [&["runs"][..], &["board"], &["deliveries", "--pending"], &["post", "room:general", "hello"]]
    {
        let (went_well, printed) = without_secret(args)?;
        ensure!(went_well, "{args:?}: {printed}");
    }
    assert_eq!(callboard.cmd(&["runs"])?.code, Some(0));
    let (_, pending) = without_secret(&["--json", "deliveries", "--pending"])?;
    let pending: Value = serde_json::from_str(&pending)?;
    let [waits] = pending.as_array().map(Vec::as_slice).unwrap_or_default() else {
        bail!("one waits: {pending}")
    };
    let state = &waits["state"];
    assert_eq!(
        (&state["state"], &state["error"]["error"]),
        (&json!("pending"), &json!("unavailable")),
        "{waits}"
    );
    assert_eq!((&waits["attempts"], bodies(&chat, "chat.postMessage").len()), (&json!(0), 0));

    let serving = callboard.serve()?;
    let posted = || (bodies(&chat, "chat.postMessage").len() == 1).then_some(());
    wait_until("the message to go out", PATIENCE, posted)?;
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn account_that_never_had_a_secret_needs_no_keychain() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?;
    let alerts = StandIn::start(|request| match request.path.contains("/alerts") {
        true => Answer::json(200, &json!([])),
        false => Answer::json(200, &json!({ "versionInfo": { "version": "0.28.0" } })),
    })?;
    let config = format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\n", alerts.url());
    let callboard = Callboard::new(&config)?.env(session.env());
    let serving = callboard.serve()?;
    let well = || callboard.account("pager").ok().filter(|it| it["health"]["state"] == "ok");
    wait_until("a poll", PATIENCE, well)?;
    let doctor = list(&callboard, "doctor")?;
    let secrets = doctor.iter().find(|it| it["name"] == "secrets").context("secrets")?;
    assert_eq!(secrets["verdict"], "ok", "{secrets}");
    assert!(serving.stop()?.success());
    Ok(())
}

#[test]
fn secret_is_not_sent_to_another_host_until_it_is_set_again() -> Result<()> {
    let (old, new) = (slack(json!({ "ok": true }))?, slack(json!({ "ok": true }))?);
    let text = |chat: &StandIn| format!("[secrets]\nstore = \"file\"\n{}", config(chat, ""));
    let callboard = Callboard::new(&text(&old))?.env([("CALLBOARD_PASSPHRASE", "correct horse")]);
    let set = || callboard.cmd_with_input(&["accounts", "secret", "chat", "token"], TOKEN);
    assert_eq!(set()?.code, Some(0));
    assert_eq!(callboard.cmd(&["post", "chat:#deploys", "one"])?.code, Some(0));
    callboard.configure(&text(&new))?;
    let refused = callboard.cmd(&["accounts", "test", "chat"])?;
    assert_ne!(refused.code, Some(0));
    for part in [old.url(), new.url(), "accounts secret chat token"] {
        assert!(refused.stderr.contains(part), "{part}: {refused:?}");
    }
    assert_ne!(callboard.cmd(&["post", "chat:#deploys", "two"])?.code, Some(0));
    assert_eq!(new.requests().len(), 0, "nothing is sent there");
    // With the old host it works again; once set again, it is sent to the new one.
    callboard.configure(&text(&old))?;
    assert_eq!(callboard.cmd(&["accounts", "test", "chat"])?.code, Some(0));
    callboard.configure(&text(&new))?;
    assert_eq!(set()?.code, Some(0));
    assert_eq!(callboard.cmd(&["accounts", "test", "chat"])?.code, Some(0));
    assert!(!new.requests().is_empty());
    Ok(())
}

/// A Slack that answers posts with 503 and cannot be searched until it is well; where `takes`, it posts them all the same.
fn slack_in_trouble(is_well: Arc<AtomicBool>, takes: bool) -> Result<StandIn> {
    let messages = Mutex::new(Vec::new());
    StandIn::start(move |request| {
        let is_well = is_well.load(Ordering::SeqCst);
        let mut messages = messages.lock().unwrap_or_else(PoisonError::into_inner);
        match request.path.rsplit('/').next() {
            Some("chat.postMessage") => {
                let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
                if is_well || takes {
                    messages.push(
                        json!({ "type": "message", "ts": "1700000000.000001", "metadata": sent["metadata"] }),
                    );
                }
                let posted = json!({ "ok": true, "channel": "C012345678", "ts": "1700000000.000001" });
                if is_well { Answer::json(200, &posted) } else { Answer::json(503, &json!({})) }
            }
            Some("conversations.list") => {
                let channels = json!([{ "id": "C012345678", "name": "deploys" }]);
                Answer::json(200, &json!({ "ok": true, "channels": channels }))
            }
            Some("conversations.history") if is_well => {
                Answer::json(200, &json!({ "ok": true, "messages": *messages, "has_more": false }))
            }
            Some("conversations.history") => Answer::json(500, &json!({})),
            _ => Answer::json(200, &json!({ "ok": false, "error": "unknown_method" })),
        }
    })
}

#[test]
fn message_that_may_have_arrived_is_looked_up_before_retry_sends_it() -> Result<()> {
    // whether the chat took it -> how often it is sent in all
    for (takes, count) in [(true, 1), (false, 2)] {
        let is_well = Arc::new(AtomicBool::new(false));
        let chat = slack_in_trouble(Arc::clone(&is_well), takes)?;
        let callboard = callboard(&config(&chat, ""))?;
        assert_ne!(callboard.cmd(&["post", "chat:#deploys", "hello"])?.code, Some(0));
        let delivery = list(&callboard, "deliveries")?.remove(0);
        assert_eq!(delivery["state"]["state"], "unknown", "{delivery}");
        let id = delivery["id"].as_str().context("an id")?;
        // Where the lookup fails, nothing is sent either.
        let retried = callboard.cmd(&["retry", id])?;
        assert_eq!(bodies(&chat, "chat.postMessage").len(), 1, "{retried:?}");
        assert!(retried.code != Some(0) && retried.stdout.contains("Why: "), "{retried:?}");
        is_well.store(true, Ordering::SeqCst);
        let retried = callboard.cmd(&["retry", id])?;
        assert!(retried.code == Some(0) && retried.stdout.contains(": posted"), "{retried:?}");
        let delivery = list(&callboard, "deliveries")?.remove(0);
        assert_eq!(delivery["state"]["state"], "posted", "{delivery}");
        assert_eq!(bodies(&chat, "chat.postMessage").len(), count, "it was taken: {takes}");
    }
    Ok(())
}

#[test]
fn message_that_does_not_arrive_is_reported_once_with_its_reason() -> Result<()> {
    let refuses = StandIn::start(|_| Answer::json(200, &json!({ "ok": false, "error": "is_archived" })))?;
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.local_addr()?
    };
    // where the chat is -> exit code, a part of the reason
    let cases = [(format!("http://{nobody}/api"), 4, "127.0.0.1"), (refuses.url().to_owned(), 1, "archived")];
    for (url, code, reason) in cases {
        let config =
            format!("[accounts.chat]\nservice = \"slack\"\nurl = \"{url}\"\n[secrets]\nstore = \"env\"\n");
        let callboard = Callboard::new(&config)?.env([("CALLBOARD_SECRET_CHAT_TOKEN", "xoxb-1")]);
        let posted = callboard.cmd(&["post", "chat:#deploys", "hello"])?;
        ensure!(posted.code == Some(code), "{posted:?}");
        let all = format!("{}{}", posted.stdout, posted.stderr);
        let reports = all.lines().filter(|line| line.contains(reason)).count();
        ensure!(reports == 1, "{url}: {all}");
    }
    Ok(())
}
