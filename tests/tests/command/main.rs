//! A command acts on the service, and its outcome is posted in the team's channel as one message.

mod command_file;
mod daemon;

use anyhow::{Context, Result, ensure};
use callboard_tests::{
    Alertmanager, Answer, Callboard, Emulator, Output, PATIENCE, StandIn, wait_until, webhook,
};
use serde_json::{Value, json};

const REPO: &str = "acme/web";

/// The team's accounts; nothing polls or listens by itself. `more` is added at the end.
fn team(emulator: &Emulator, more: &str) -> String {
    format!(
        "default_channel = \"chat:#general\"\n\
         [accounts.forge]\nservice = \"github\"\nurl = \"{}\"\nwatch = [\"{REPO}\"]\nevery = \"24h\"\n\
         [accounts.chat]\nservice = \"slack\"\nurl = \"{}/api\"\n\
         [channels]\ndeploys = \"chat:#deploys\"\n[secrets]\nstore = \"env\"\n{more}",
        emulator.github_url(),
        emulator.slack_url()
    )
}

fn callboard(config: &str) -> Result<Callboard> {
    Ok(Callboard::new(config)?.env([
        // Not trusted: the user is the one that the system names.
        ("USER", "mallory"),
        ("CALLBOARD_SECRET_FORGE_TOKEN", Emulator::ADMIN),
        ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", "hush"),
        ("CALLBOARD_SECRET_CHAT_TOKEN", Emulator::BOT),
    ]))
}

/// This computer's user, as the system names them.
fn me() -> Result<String> {
    let output = std::process::Command::new("id").arg("-un").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Runs a line to an end with that exit code.
fn run(callboard: &Callboard, code: i32, args: &[&str]) -> Result<Output> {
    let output = callboard.cmd(&[&["run"], args].concat())?;
    ensure!(output.code == Some(code), "run {args:?} should end with {code}: {output:#?}");
    Ok(output)
}

fn texts(emulator: &Emulator, channel: &str) -> Result<Vec<String>> {
    let messages = emulator.messages(channel)?;
    Ok(messages.iter().map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect())
}

/// The only message of a channel.
fn only_message(emulator: &Emulator, channel: &str) -> Result<String> {
    let messages = emulator.messages(channel)?;
    ensure!(messages.len() == 1, "one message in {channel}: {messages:#?}");
    Ok(messages[0]["text"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn pull_request_commands_act_on_github_with_one_message_each() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.open_pull(REPO, "cart", "Add the cart")?;
    let callboard = callboard(&team(&emulator, ""))?;
    callboard.json(&["board"])?;
    let get = |path: &str| emulator.github(Emulator::ADMIN, "GET", &format!("/repos/{REPO}{path}"), None);

    let approved = run(&callboard, 0, &["--channel", "deploys", "pr approve acme/web#1 Works on staging"])?;
    assert!(approved.stdout.contains("Posted in chat:#deploys"), "{approved:?}");
    let reviews = get("/pulls/1/reviews")?;
    assert_eq!((&reviews[0]["state"], &reviews[0]["body"]), (&json!("APPROVED"), &json!("Works on staging")));
    let message = only_message(&emulator, "deploys")?;
    assert!(message.contains("acme/web#1 is approved") && message.contains("(GitHub)"), "{message}");
    assert!(!message.contains("by: ana"), "who acted there is named, not who sat here: {message}");

    run(&callboard, 0, &["--channel", "chat:#random", "pr", "comment", "acme/web#1", "It's", "fine"])?;
    assert_eq!(get("/issues/1/comments")?[0]["body"], "It's fine");
    only_message(&emulator, "random")?;

    run(&callboard, 0, &["pr merge acme/web#1"])?;
    assert_eq!(get("/pulls/1")?["merged"], true);
    assert!(only_message(&emulator, "general")?.contains("merged"));
    let runs = callboard.json(&["runs"])?;
    let states: Vec<_> = runs[0].as_array().into_iter().flatten().map(|run| &run["state"]["state"]).collect();
    assert_eq!(states, ["done", "done", "done"]);
    Ok(())
}

#[test]
fn runs_are_read_and_run_again_and_pull_requests_are_listed() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.add_workflow(REPO, "CI")?;
    let first = emulator.start_run(REPO, "CI", "main")?;
    emulator.finish_run(REPO, first, "failure")?;
    emulator.open_pull(REPO, "cart", "Add the cart")?;
    let callboard = callboard(&team(&emulator, ""))?;
    let board = callboard.json(&["board", "--all"])?;
    let key = board[0].to_string();
    let build =
        key.split("forge/build/").nth(1).and_then(|rest| rest.split('"').next()).context("a build")?;

    let log = run(&callboard, 0, &["--private", "run", "log", build])?;
    assert!(log.stdout.contains("logs (stub)"), "{log:?}");
    let list = run(&callboard, 0, &["--private", "pr list"])?;
    assert!(list.stdout.contains("acme/web#1") && list.stdout.contains("Add the cart"), "{list:?}");
    assert!(list.stdout.contains("Private: nothing was posted"), "{list:?}");
    assert_eq!(texts(&emulator, "general")?, [""; 0]);

    run(&callboard, 0, &["run", "rerun", build])?;
    let runs =
        emulator.github(Emulator::ADMIN, "GET", &format!("/repos/{REPO}/actions/runs"), None)?["total_count"]
            .take();
    assert_eq!(runs, 2, "the emulator makes a new run of it");
    only_message(&emulator, "general")?;
    Ok(())
}

#[test]
fn alert_is_silenced_and_unsilenced() -> Result<()> {
    let (emulator, pager) = (Emulator::start()?, Alertmanager::start(None)?);
    pager.fire(&[("alertname", "DiskFull"), ("instance", "db1")], &[])?;
    let account = format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\n", pager.url());
    let callboard = callboard(&team(&emulator, &account))?;
    callboard.json(&["board"])?;
    let states = || -> Result<Vec<Value>> {
        Ok(pager.silences()?.iter().map(|silence| silence["status"]["state"].clone()).collect())
    };

    run(&callboard, 0, &["--channel", "deploys", "silence DiskFull for 30m looking at it"])?;
    assert_eq!(states()?, ["active"]);
    assert_eq!(pager.silences()?[0]["comment"], "looking at it");
    assert!(only_message(&emulator, "deploys")?.contains("silenced for 30m"));

    // No daemon runs: what the run has changed was read before it ended.
    let board = callboard.json(&["board", "--stored"])?;
    assert_eq!(board[0]["summary"]["held"], 1, "{board:#?}");
    run(&callboard, 0, &["--channel", "chat:#random", "unsilence DiskFull"])?;
    assert_eq!(states()?, ["expired"]);
    only_message(&emulator, "random")?;
    Ok(())
}

#[test]
fn outcome_is_routed_by_flag_then_by_rules_then_to_the_default_channel() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.open_pull(REPO, "cart", "Add the cart")?;
    let rule = "[[rules]]\nname = \"pull requests\"\nwhen = 'item.kind == \"pull_request\"'\n\
                do = \"show\"\npost = [\"deploys\"]\n";
    let callboard = callboard(&team(&emulator, rule))?;
    callboard.json(&["board"])?;
    let route = |flags: &[&str], line: &str| -> Result<(Value, Value)> {
        let args = [&["run", "--dry-run"], flags, &[line]].concat();
        let mut prepared = callboard.json(&args)?;
        Ok((prepared[0]["post"].take(), prepared[0]["post_reason"].take()))
    };
    let comment = "pr comment acme/web#1 hello";
    let (post, why) = route(&["--channel", "chat:#random"], comment)?;
    assert_eq!((post, why), (json!("chat:#random"), json!("you chose it")));
    let (post, why) = route(&[], comment)?;
    assert_eq!((post, why), (json!("chat:#deploys"), json!("by your rules")));
    let (post, why) = route(&[], "pr list")?;
    assert_eq!((post, why), (json!("chat:#general"), json!("the default channel")));
    let (post, why) = route(&["--private"], comment)?;
    assert_eq!((post, why), (Value::Null, json!("private: nothing is posted")));

    run(&callboard, 0, &[comment])?;
    only_message(&emulator, "deploys")?;
    let private = run(&callboard, 0, &["--private", comment])?;
    assert!(private.stdout.contains("Private: nothing was posted"), "{private:?}");
    assert_eq!(emulator.messages("deploys")?.len() + emulator.messages("general")?.len(), 1);
    Ok(())
}

#[test]
fn failed_outcome_is_posted() -> Result<()> {
    let emulator = Emulator::start()?;
    let pull = emulator.open_pull(REPO, "cart", "Add the cart")?;
    let callboard = callboard(&team(&emulator, ""))?;
    callboard.json(&["board"])?;
    let closed = json!({ "state": "closed" });
    emulator.github(Emulator::ADMIN, "PATCH", &format!("/repos/{REPO}/pulls/{pull}"), Some(&closed))?;

    let failed = run(&callboard, 1, &["pr merge acme/web#1"])?;
    assert!(failed.stdout.contains("✗ acme/web#1 was not merged"), "{failed:?}");
    let message = only_message(&emulator, "general")?;
    assert!(message.contains("was not merged") && message.starts_with('✗'), "{message}");
    Ok(())
}

#[test]
fn dry_run_shows_the_requests_and_sends_nothing() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.open_pull(REPO, "cart", "Add the cart")?;
    let callboard = callboard(&team(&emulator, ""))?;
    callboard.json(&["board"])?;
    let line = "pr approve acme/web#1 Works on staging";
    let shown = run(&callboard, 0, &["--dry-run", line])?;
    let head = emulator.branch_sha(REPO, "cart")?;
    for part in ["POST http://", "/repos/acme/web/pulls/1/reviews", "APPROVE", &head, "nothing was sent"] {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
    assert!(!format!("{shown:?}").contains(Emulator::ADMIN), "the token is not shown");
    let reviews = emulator.github(Emulator::ADMIN, "GET", "/repos/acme/web/pulls/1/reviews", None)?;
    assert_eq!(reviews, json!([]));
    assert_eq!(texts(&emulator, "general")?, [""; 0]);
    assert_eq!(callboard.json(&["runs"])?, [json!([])]);
    Ok(())
}

/// GitHub as far as a comment needs it; the comment itself is answered by `comment`.
fn forge(comment: impl Fn() -> Answer + Send + Sync + 'static) -> Result<StandIn> {
    StandIn::start(move |request| match (request.method.as_str(), request.path.split('?').next()) {
        ("POST", _) => comment(),
        (_, Some("/user")) => Answer::json(200, &json!({ "login": "ana" })),
        _ => Answer::json(200, &json!([])),
    })
}

fn only_forge(url: &str) -> Result<Callboard> {
    callboard(&format!(
        "[accounts.forge]\nservice = \"github\"\nurl = \"{url}\"\nwatch = [\"{REPO}\"]\nevery = \"24h\"\n\
         [receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n"
    ))
}

#[test]
fn exit_code_matches_the_outcome() -> Result<()> {
    let comment = "pr comment acme/web#1 hello";
    let done = forge(|| Answer::json(201, &json!({ "id": 1, "html_url": "https://github.com/x" })))?;
    run(&only_forge(done.url())?, 0, &[comment])?;
    let refused = forge(|| Answer::json(422, &json!({ "message": "No" })))?;
    let output = run(&only_forge(refused.url())?, 1, &[comment])?;
    assert!(output.stdout.contains("No"), "{output:?}");
    run(&only_forge(refused.url())?, 2, &["pr coment acme/web#1 hello"])?;
    run(&only_forge(refused.url())?, 2, &["pr comment"])?;
    let unknown_token = forge(|| Answer::json(401, &json!({ "message": "Bad credentials" })))?;
    run(&only_forge(unknown_token.url())?, 3, &[comment])?;
    run(&only_forge("http://127.0.0.1:1")?, 4, &[comment])?;
    let lost = forge(Answer::nothing)?;
    let callboard = only_forge(lost.url())?;
    let output = run(&callboard, 5, &[comment])?;
    assert!(output.stdout.contains("We do not know whether this ran"), "{output:?}");
    let sent = |stand_in: &StandIn| stand_in.requests().iter().filter(|it| it.method == "POST").count();
    assert_eq!(sent(&lost), 1, "what may have happened is not sent again");
    let room = callboard.json(&["room"])?;
    assert!(room[0][0]["message"]["title"].to_string().contains("We do not know whether"), "{room:#?}");
    Ok(())
}

#[test]
fn unknown_run_is_resolved_by_a_person_and_its_message_names_them() -> Result<()> {
    let (emulator, lost) = (Emulator::start()?, forge(Answer::nothing)?);
    let callboard = callboard(&team(&emulator, "").replace(emulator.github_url(), lost.url()))?;
    let output = run(&callboard, 5, &["pr comment acme/web#1 hello"])?;
    assert!(output.stdout.contains("callboard run-resolve "), "{output:?}");
    assert!(only_message(&emulator, "general")?.contains("We do not know whether"));
    let posted = emulator.messages("general")?;
    let runs = callboard.json(&["runs"])?;
    let id = runs[0][0]["id"].as_str().context("a run has an id")?;

    let resolved = callboard.cmd(&["run-resolve", id, "ran"])?;
    assert_eq!(resolved.code, Some(0), "{resolved:?}");
    let me = me()?;
    assert!(resolved.stdout.contains(&format!("{me} says it ran")), "{resolved:?}");
    assert!(resolved.stdout.contains("Posted in chat:#general"), "{resolved:?}");
    let message = only_message(&emulator, "general")?;
    assert!(message.contains(&format!("pr comment acme/web#1 hello: {me} says it ran")), "{message}");
    assert_eq!(emulator.messages("general")?[0]["ts"], posted[0]["ts"], "it is edited");

    let again = callboard.cmd(&["run-settle", id, "did-not-run"])?;
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains(&format!("is resolved: {me} says it ran")), "{again:?}");
    let shown = callboard.json(&["run-show", id])?;
    let state = &shown[0]["run"]["state"];
    assert_eq!((&state["state"], &state["ran"], &state["by"]), (&json!("settled"), &json!(true), &json!(me)));
    let sent = lost.requests().iter().filter(|it| it.method == "POST").count();
    assert_eq!(sent, 1, "a resolution does not send it again");

    run(&callboard, 5, &["pr comment acme/web#1 hello"])?;
    let runs = callboard.json(&["runs"])?;
    let id = runs[0][0]["id"].as_str().context("a run has an id")?;
    let resolved = callboard.json(&["run-resolve", id, "did-not-run"])?;
    assert_eq!(resolved[0]["run"]["state"]["ran"], false, "{resolved:#?}");
    assert_eq!(resolved[0]["delivery"]["state"]["state"], "posted", "{resolved:#?}");
    Ok(())
}

#[test]
fn item_row_is_posted_with_or_without_a_text() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.open_pull(REPO, "cart", "Add the cart <!here>")?;
    let callboard = callboard(&team(&emulator, ""))?;
    callboard.json(&["board"])?;
    let post = |code: i32, args: &[&str]| -> Result<Output> {
        let output = callboard.cmd(&[&["post"], args].concat())?;
        ensure!(output.code == Some(code), "post {args:?} should end with {code}: {output:#?}");
        Ok(output)
    };

    let shown = post(0, &["deploys", "--item", "acme/web#1", "--dry-run"])?;
    let by = format!("by: {}", me()?);
    for part in
        ["Add the cart <!here> (acme/web#1", "turn:", &by, "/acme/web/pull/1", "Will post to chat:#deploys"]
    {
        assert!(shown.stdout.contains(part), "{part}: {shown:?}");
    }
    assert_eq!(texts(&emulator, "deploys")?, [""; 0]);

    post(0, &["deploys", "--item", "acme/web#1"])?;
    let message = only_message(&emulator, "deploys")?;
    assert!(message.contains("Add the cart &lt;!here&gt; (acme/web#1"), "{message}");
    post(0, &["chat:#random", "Who", "can", "look?", "--item", "acme/web#1"])?;
    let message = only_message(&emulator, "random")?;
    assert!(message.contains("Who can look?") && message.contains(&by), "{message}");

    let nothing = post(2, &["deploys"])?;
    assert!(nothing.stderr.contains("required"), "{nothing:?}");
    let unknown = post(2, &["deploys", "--item", "nothing like it"])?;
    assert!(unknown.stderr.contains("there is no item"), "{unknown:?}");
    only_message(&emulator, "deploys")?;
    Ok(())
}

#[test]
fn hostile_title_is_shown_as_text_and_mentions_nobody() -> Result<()> {
    let emulator = Emulator::start()?;
    let rule = "[receive]\nlisten = \"127.0.0.1:0\"\n[[rules]]\nname = \"opened\"\nwhen = 'event == \"opened\"'\n\
                do = \"show\"\npost = [\"deploys\"]\n";
    let callboard = callboard(&team(&emulator, rule))?;
    let serving = callboard.serve()?;
    let title = format!("<!here> @channel <b>&amp; \u{202e}txt \u{1b}[31mred {}", "x".repeat(10_000));
    let url = format!("{}/hooks/forge", serving.url());
    let answer = webhook::github(&url, "hush", "pull_request", "d-1", &webhook::opened(REPO, 9, &title))?;
    assert_eq!(answer.status, 200);
    let messages = wait_until("the message", PATIENCE, || {
        emulator.messages("deploys").ok().filter(|messages| !messages.is_empty())
    })?;

    let text = messages[0]["text"].as_str().unwrap_or_default();
    assert!(text.contains("&lt;!here&gt;") && !text.contains("<!"), "{text}");
    let mut leaves = Vec::new();
    collect(&messages[0]["blocks"], &mut leaves);
    assert!(leaves.iter().all(|kind| kind == "text" || kind == "link"), "only plain text: {leaves:?}");
    let board = callboard.cmd(&["board", "--all", "--stored"])?.stdout;
    for shown in [messages[0].to_string(), board] {
        assert!(shown.contains("@channel") && shown.contains("<b>"), "as it was written: {shown}");
        assert!(!shown.contains(['\u{202e}', '\u{1b}']) && !shown.contains("\\u001b"), "{shown}");
        assert!(shown.len() < 8_000, "cut: {}", shown.len());
    }
    Ok(())
}

/// The types of the innermost elements of Slack's rich text.
fn collect(value: &Value, leaves: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, leaves)),
        Value::Object(fields) => match fields.get("elements") {
            Some(elements) => collect(elements, leaves),
            None => leaves.extend(fields.get("type").and_then(Value::as_str).map(str::to_owned)),
        },
        _ => {}
    }
}
