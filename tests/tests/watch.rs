//! Changes at the services reach the board and the person: once, at once, and only if they are new.

use anyhow::{Context, Result};
use callboard_tests::{
    Alertmanager, Callboard, DesktopSession, Emulator, Keyring, PATIENCE, Serving, wait_until, webhook,
};
use serde_json::{Value, json};

const REPO: &str = "acme/web";
const HOOK_SECRET: &str = "hush-github";
const PAGER_TOKEN: &str = "hush-pager";
/// Long enough never to come in a test.
const FAR_APART: &str = "24h";

/// The configuration of a team: its forge and, where there is one, its pager.
fn team(emulator: &Emulator, pager: Option<&Alertmanager>, every: &str) -> String {
    let github = emulator.github_url();
    let pager = pager.map_or_else(String::new, |pager| {
        format!(
            "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\nevery = \"{every}\"\n",
            pager.url()
        )
    });
    format!(
        "[accounts.forge]\nservice = \"github\"\nurl = \"{github}\"\nwatch = [\"{REPO}\"]\nevery = \"{every}\"\n\
         {pager}[receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n"
    )
}

fn callboard(config: &str) -> Result<Callboard> {
    Ok(Callboard::new(config)?.env([
        ("CALLBOARD_SECRET_FORGE_TOKEN", Emulator::ADMIN),
        ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", HOOK_SECRET),
        ("CALLBOARD_SECRET_PAGER_WEBHOOK_SECRET", PAGER_TOKEN),
    ]))
}

fn hook(serving: &Serving, account: &str) -> String {
    format!("{}/hooks/{account}", serving.url())
}

/// The events of that name, each by its item.
fn items_of(events: &[Value], name: &str) -> Vec<String> {
    let named = events.iter().filter(|event| event["name"] == name);
    named.map(|event| event["item"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Waits for an event of that name, and returns all events.
fn wait_for(callboard: &Callboard, name: &str) -> Result<Vec<Value>> {
    wait_until(&format!("an event {name:?}"), PATIENCE, || {
        callboard.events().ok().filter(|events| !items_of(events, name).is_empty())
    })
}

fn row<'r>(board: &'r [Value], part: &str) -> Option<&'r Value> {
    board.iter().find(|row| row["key"].as_str().is_some_and(|key| key.contains(part)))
}

#[test]
fn polled_changes_are_on_the_board_as_one_event_each() -> Result<()> {
    let (emulator, pager) = (Emulator::start()?, Alertmanager::start(None)?);
    emulator.add_workflow(REPO, "CI")?;
    let callboard = callboard(&team(&emulator, Some(&pager), "1s"))?;
    let _serving = callboard.serve()?;
    callboard.polled(&["forge", "pager"])?;
    assert_eq!(callboard.events()?, [] as [Value; 0]);

    let run = emulator.start_run(REPO, "CI", "main")?;
    emulator.finish_run(REPO, run, "failure")?;
    let pull = emulator.open_pull(REPO, "cart", "Add the cart")?;
    emulator.request_review(REPO, pull, "admin")?;
    let labels = [("alertname", "DiskFull"), ("instance", "db1"), ("severity", "critical")];
    pager.fire(&labels, &[("summary", "The disk is full")])?;
    callboard.polled(&["forge", "pager"])?;

    let board = callboard.board()?;
    assert_eq!(row(&board, "/build/").context("the build")?["state"], "failing", "{board:?}");
    let review = row(&board, "/pull_request/").context("the pull request")?;
    assert_eq!(review["turn"]["what"], "your review");
    assert_eq!(row(&board, "/incident/").context("the alert")?["state"], "incident");
    assert_eq!(board.len(), 3);

    let events = callboard.events()?;
    for (name, part) in
        [("failed", "CI"), ("opened", "#1"), ("review_requested", "#1"), ("triggered", "pager/incident/")]
    {
        let items = items_of(&events, name);
        assert_eq!(items.len(), 1, "{name}: {events:#?}");
        assert!(items[0].to_lowercase().contains(&part.to_lowercase()), "{name}: {items:?}");
    }
    callboard.polled(&["forge", "pager"])?;
    assert_eq!(callboard.events()?, events, "the same again is no news");

    let run = emulator.start_run(REPO, "CI", "main")?;
    emulator.finish_run(REPO, run, "success")?;
    pager.resolve(&labels, &[])?;
    callboard.polled(&["forge", "pager"])?;
    let board = callboard.board()?;
    assert!(row(&board, "/incident/").is_none() && row(&board, "/build/").is_none(), "{board:?}");
    let events = callboard.events()?;
    assert_eq!(items_of(&events, "fixed").len(), 1, "{events:#?}");
    assert_eq!(items_of(&events, "resolved").len(), 1, "{events:#?}");
    Ok(())
}

#[test]
fn webhook_is_on_the_board_at_once_and_a_poll_adds_nothing() -> Result<()> {
    let emulator = Emulator::start()?;
    emulator.add_workflow(REPO, "CI")?;
    let callboard = callboard(&team(&emulator, None, FAR_APART))?;
    let serving = callboard.serve()?;
    let account = || callboard.account("forge").ok().filter(|forge| !forge["last_ok"].is_null());
    wait_until("the first poll", PATIENCE, account)?;
    emulator.add_hook(REPO, &hook(&serving, "forge"), HOOK_SECRET)?;
    let pager = Alertmanager::start_with_token(&hook(&serving, "pager"), PAGER_TOKEN)?;
    // The pager could be started only once the address of the webhooks was known.
    callboard.configure(&team(&emulator, Some(&pager), FAR_APART))?;
    let first_poll = || callboard.account("pager").ok().filter(|pager| !pager["last_ok"].is_null());
    wait_until("the pager to be watched", PATIENCE, first_poll)?;

    let run = emulator.start_run(REPO, "CI", "main")?;
    emulator.finish_run(REPO, run, "failure")?;
    wait_for(&callboard, "failed")?;
    let pull = emulator.open_pull(REPO, "cart", "Add the cart")?;
    emulator.request_review(REPO, pull, "admin")?;
    wait_for(&callboard, "review_requested")?;
    let labels = [("alertname", "DiskFull"), ("severity", "critical")];
    pager.fire(&labels, &[])?;
    wait_for(&callboard, "triggered")?;
    assert_eq!(callboard.board()?.len(), 3);
    pager.resolve(&labels, &[])?;
    wait_for(&callboard, "resolved")?;
    let run = emulator.start_run(REPO, "CI", "main")?;
    emulator.finish_run(REPO, run, "success")?;
    let received = wait_for(&callboard, "fixed")?;
    for name in ["failed", "fixed", "opened", "review_requested", "triggered", "resolved"] {
        assert_eq!(items_of(&received, name).len(), 1, "{name}: {received:#?}");
    }

    assert!(serving.stop()?.success());
    // Without a daemon the board polls.
    callboard.json(&["board"])?;
    assert_eq!(callboard.events()?, received);
    Ok(())
}

#[test]
fn repeated_webhook_is_accepted_and_changes_nothing() -> Result<()> {
    let emulator = Emulator::start()?;
    let callboard = callboard(&team(&emulator, None, FAR_APART))?;
    let serving = callboard.serve()?;
    let opened = webhook::opened(REPO, 7, "Add the cart");
    let send = |delivery: &str| {
        webhook::github(&hook(&serving, "forge"), HOOK_SECRET, "pull_request", delivery, &opened)
    };
    assert_eq!(send("d-1")?.status, 200);
    let events = callboard.events()?;
    assert_eq!(items_of(&events, "opened"), ["forge/pull_request/acme/web#7"]);
    assert_eq!(send("d-1")?.status, 200, "the same delivery");
    assert_eq!(send("d-2")?.status, 200, "the same content in another delivery");
    assert_eq!(callboard.events()?, events);
    Ok(())
}

#[test]
fn items_from_before_the_watch_are_shown_but_not_notified() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?.with_notifications()?;
    let (emulator, pager) = (Emulator::start()?, Alertmanager::start(None)?);
    emulator.add_workflow(REPO, "CI")?;
    let run = emulator.start_run(REPO, "CI", "main")?;
    emulator.finish_run(REPO, run, "failure")?;
    let pull = emulator.open_pull(REPO, "cart", "Add the cart")?;
    emulator.request_review(REPO, pull, "admin")?;
    let earlier = jiff::Timestamp::now() - std::time::Duration::from_secs(3_600);
    pager.fire_since(&earlier.to_string(), &[("alertname", "Old"), ("severity", "critical")])?;
    // An event dated to the second in which watching begins counts as new.
    let second = || jiff::Timestamp::now().as_second();
    let before = second();
    wait_until("the next second", PATIENCE, || (second() > before).then_some(()))?;

    let callboard = callboard(&team(&emulator, Some(&pager), "1s"))?.env(session.env());
    let _serving = callboard.serve()?;
    callboard.polled(&["forge", "pager"])?;
    assert_eq!(callboard.board()?.len(), 3);
    let events = callboard.events()?;
    assert!(events.iter().all(|event| event["old"] == true), "{events:#?}");

    // Notifications keep their order: had there been one of the old things, it would come before this one.
    pager.fire(&[("alertname", "New"), ("severity", "critical")], &[])?;
    let shown = wait_until("a notification", PATIENCE, || {
        session.notifications().ok().filter(|shown| !shown.is_empty())
    })?;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].summary.contains("New"), "{shown:?}");
    assert_eq!((&*shown[0].app, &*shown[0].urgency), ("Callboard", "CRITICAL"));
    Ok(())
}

#[test]
fn several_events_at_once_are_one_notification_and_a_restart_repeats_none() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?.with_notifications()?;
    let config = "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\nevery = \"24h\"\n\
                  [receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n";
    let callboard = callboard(config)?.env(session.env());
    let shown = |count: usize| {
        wait_until(&format!("{count} notifications"), PATIENCE, || {
            session.notifications().ok().filter(|shown| shown.len() >= count)
        })
    };
    let serving = callboard.serve()?;
    let since = jiff::Timestamp::now();
    let send = |serving: &Serving, names: &[&str]| {
        webhook::alertmanager(&hook(serving, "pager"), PAGER_TOKEN, &webhook::firing_since(since, names))
    };
    assert_eq!(send(&serving, &["One", "Two", "Three"])?.status, 200);
    let first = shown(1)?;
    assert!(first[0].summary.starts_with("3 incidents"), "{first:?}");
    for name in ["One", "Two", "Three"] {
        assert!(first[0].body.contains(name), "{first:?}");
    }

    serving.kill()?;
    let serving = callboard.serve()?;
    assert_eq!(send(&serving, &["One", "Two", "Three", "Four"])?.status, 200);
    let both = shown(2)?;
    assert_eq!(both.len(), 2, "{both:?}");
    let second = json!([both[1].summary, both[1].body]).to_string();
    assert!(second.contains("Four") && !second.contains("Three"), "{both:?}");
    Ok(())
}
