//! The tour, as a person sees it: it plays, it ends, and it leaves nothing behind.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use callboard_tests::{Callboard, PATIENCE, Server, wait_until};
use serde_json::{Value, json};

/// How long the open tour may take to stop: the engine bounds itself to five seconds.
const STOP: Duration = Duration::from_secs(8);

/// The program with a folder for temporary files of its own, and that folder.
fn callboard() -> Result<(Callboard, PathBuf)> {
    let callboard = Callboard::new("")?;
    let temporary = callboard.folder().join("tmp");
    fs::create_dir(&temporary)?;
    let variable = [("TMPDIR", temporary.display().to_string())];
    Ok((callboard.env(variable), temporary))
}

fn is_empty(folder: &PathBuf) -> Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

#[test]
fn one_loop_is_played() -> Result<()> {
    let (callboard, temporary) = callboard()?;
    let output = callboard.cmd(&["playground", "--once", "--json"])?;
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    let steps: Vec<Value> = output.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let named = |name: &'static str| steps.iter().filter(move |step| step["step"] == name);

    let events: Vec<&str> = named("event").filter_map(|step| step["event"]["name"].as_str()).collect();
    let came = ["review_requested", "requested", "triggered", "failed", "passed"];
    let followed = ["fixed", "approved", "acknowledged", "approved", "passed"];
    assert_eq!(events, [came, followed].concat());
    let asked = named("event").find(|step| step["event"]["name"] == "requested").context("a request")?;
    let asked = asked["event"]["item"].as_str().context("a key")?;
    assert!(asked.starts_with("forge/approval/acme/web/runs/") && asked.ends_with("/production"), "{asked}");
    let given = named("event").rfind(|step| step["event"]["name"] == "approved").context("a yes")?;
    assert_eq!((&given["event"]["item"], &given["event"]["by"]["id"]), (&json!(asked), &json!("robin")));

    let outcomes: Vec<&str> = named("run").filter_map(|step| step["message"]["text"].as_str()).collect();
    let expected =
        ["run 213 runs again", "is approved", "is silenced for 30m", "production", "deploy #42 passed"];
    assert_eq!(outcomes.len(), expected.len(), "{outcomes:?}");
    for (text, expected) in outcomes.iter().zip(expected) {
        assert!(text.starts_with('✓') && text.contains(expected), "{text}");
    }
    let deployed = named("run").next_back().context("five runs")?;
    assert_eq!(deployed["message"]["channel"], "deploys");
    assert!(deployed["message"]["edits"].as_u64() > Some(0), "its message was edited as it went: {deployed}");

    let sections = |step: &Value| -> Vec<String> {
        let sections = step["board"]["sections"].as_array().cloned().unwrap_or_default();
        sections.iter().filter_map(|section| Some(section["title"].as_str()?.to_owned())).collect()
    };
    let boards: Vec<_> = named("board").map(sections).collect();
    let [before, after] = &boards[..] else { panic!("two boards, not {boards:?}") };
    assert_eq!(before[..4], ["Approvals", "Incidents", "Builds", "Pull requests"], "what needs a person");
    let is_dealt_with = |title: &String| ["Approvals", "Builds", "Pull requests"].contains(&title.as_str());
    assert!(!after.iter().any(is_dealt_with), "{after:?}");
    assert!(is_empty(&temporary)?, "it leaves nothing behind");
    Ok(())
}

#[test]
fn open_tour_goes_on_until_it_is_stopped() -> Result<()> {
    let (callboard, temporary) = callboard()?;
    let log = callboard.folder().join("tour.log");
    let mut tour = Server::spawn("callboard playground", callboard.command(&["playground", "--json"]), &log)?;
    let started: Value = tour.ready_line(|line| {
        serde_json::from_str(line).ok().filter(|step: &Value| step["step"] == "started")
    })?;
    tour.ready_line(|line| line.contains("asks robin for a review").then_some(()))?;

    // From another terminal.
    let path = |name: &str| started[name].as_str().map(str::to_owned).context("a path");
    let (config, data) = (path("config")?, path("data")?);
    let board = callboard.cmd(&["--config", &config, "--data", &data, "board"])?;
    assert_eq!(board.code, Some(0), "{}", board.stderr);
    assert!(board.stdout.contains("acme/web#479"), "{}", board.stdout);

    // Nothing is put before the first three matters until one of them is dealt with.
    let run = |args: &[&str]| -> Result<String> {
        let output = callboard.cmd(&[&["--config", &config, "--data", &data][..], args].concat())?;
        assert_eq!(output.code, Some(0), "{args:?}: {}", output.stderr);
        Ok(output.stdout)
    };
    let incidents: Value = serde_json::from_str(&run(&["board", "--kind", "incident", "--json"])?)?;
    let alert = incidents["sections"][0]["rows"][0]["key"].as_str().context("an alert")?;
    run(&["run", "--yes", "silence", alert, "for", "30m"])?;
    tour.ready_line(|line| line.contains("dora asks for approval").then_some(()))?;
    let waiting = || -> Result<Vec<Value>> {
        let approvals: Value = serde_json::from_str(&run(&["approvals", "--json"])?)?;
        let sections = approvals["sections"].as_array().cloned().unwrap_or_default();
        Ok(sections.iter().flat_map(|it| it["rows"].as_array().cloned().unwrap_or_default()).collect())
    };
    let approvals: Value = serde_json::from_str(&run(&["approvals", "--json"])?)?;
    let first = &approvals["sections"][0];
    assert_eq!((&first["title"], &first["rows"][0]["turn"]["mine"]), (&json!("Approvals"), &json!(true)));
    let key = first["rows"][0]["key"].as_str().context("a key")?;
    assert!(key.starts_with("forge/approval/acme/web/runs/") && key.ends_with("/production"), "{key}");
    let printed = run(&["approvals"])?;
    assert!(printed.contains("Deploy web to production"), "{printed}");
    let shown = || run(&["item", key]).ok().filter(|item| item.contains("Load fonts from our own host"));
    let item = wait_until("what a yes would ship", PATIENCE, shown)?;
    assert!(item.contains("Who may answer: ana, robin") && item.contains("2 commits"), "{item}");
    let only = run(&["board", "--kind", "approval"])?;
    assert!(only.starts_with("Approvals") && !only.contains("acme/web#479"), "{only}");

    // Each yes ends its row, and what waited for it goes on.
    let asks = |line: &str, is_meant: &dyn Fn(&str) -> bool| {
        let event: Value = serde_json::from_str(line).ok().filter(|it: &Value| it["name"] == "requested")?;
        event["item"].as_str().filter(|key| is_meant(key)).map(str::to_owned)
    };
    let input = "ci/approval/web/deploy#12/Proceed";
    let is_first_timers = |key: &str| key.starts_with("forge/approval/") && !key.ends_with("/production");
    tour.ready_line(|line| asks(line, &|key| key == input))?;
    let first_run = tour.ready_line(|line| asks(line, &is_first_timers))?;
    // what is approved, with which answers -> the build that passes then
    let cases = [
        (key, &["Works on staging"][..], "forge/build/acme/web/deploy@main"),
        (input, &["TARGET=production", "ANNOUNCE=true"], "ci/build/web/deploy"),
        (&first_run, &[], "forge/build/acme/web/ci@gus:footer-typo"),
    ];
    for (key, more, build) in cases {
        run(&[&["approve", "--yes", key], more].concat())?;
        let happened = |line: &str, name: &str, item: &str| {
            let event: Option<Value> = serde_json::from_str(line).ok();
            event.filter(|it| it["name"] == name && it["item"] == item).map(drop)
        };
        tour.ready_line(|line| happened(line, "approved", key))?;
        tour.ready_line(|line| happened(line, "passed", build))?;
        assert!(waiting()?.iter().all(|row| row["key"] != key), "{key} still waits");
        let item: Value = serde_json::from_str(&run(&["item", "--json", key])?)?;
        assert_eq!(item["item"]["detail"]["state"], "approved", "{item}");
    }

    assert!(tour.stop(STOP)?.success(), "{}", tour.output());
    assert!(is_empty(&temporary)?, "it leaves nothing behind");
    Ok(())
}
