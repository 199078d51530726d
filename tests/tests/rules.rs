//! Why an event was notified, and what an edited rule would have decided.

use std::fs;

use anyhow::{Context, Result};
use callboard_tests::{Callboard, Serving, webhook};
use serde_json::json;

const SECRET: &str = "hush";
const ACCOUNT: &str = "[accounts.forge]\nservice = \"github\"\nurl = \"http://127.0.0.1:1\"\nwatch = [\"acme/web\"]\n\
                       every = \"24h\"\n[receive]\nlisten = \"127.0.0.1:0\"\n[secrets]\nstore = \"env\"\n";

/// A daemon on these rules that has just received a new pull request, and the number of that event.
fn opened(rules: &str) -> Result<(Callboard, Serving, String)> {
    let callboard = Callboard::new(&format!("{ACCOUNT}{rules}"))?
        .env([("CALLBOARD_SECRET_FORGE_TOKEN", "t0ken"), ("CALLBOARD_SECRET_FORGE_WEBHOOK_SECRET", SECRET)]);
    let serving = callboard.serve()?;
    let (url, body) =
        (format!("{}/hooks/forge", serving.url()), webhook::opened("acme/web", 7, "Add the cart"));
    assert_eq!(webhook::github(&url, SECRET, "pull_request", "d-1", &body)?.status, 200);
    let events = callboard.events()?;
    let id = events.first().and_then(|event| event["id"].as_i64()).context("an event")?;
    Ok((callboard, serving, id.to_string()))
}

const RULE: &str = "[[rules]]\nname = \"opened here\"\nwhen = 'event == \"opened\"'\ndo = \"show\"\n";

#[test]
fn each_rule_has_the_reason_of_its_decision() -> Result<()> {
    let (callboard, _serving, event) = opened(RULE)?;
    let explained = callboard.json(&["rules", "explain", &event])?.remove(0);
    assert_eq!(explained["decided"]["do"], "show", "{explained:#}");
    let reasons = explained["now"]["reasons"].as_array().context("reasons")?;
    assert_eq!((&reasons[0]["rule"], &reasons[0]["outcome"]), (&json!("opened here"), &json!("matched")));
    assert!(reasons.iter().skip(1).all(|reason| reason["outcome"] == "not_reached"), "{reasons:#?}");
    let printed = callboard.cmd(&["rules", "explain", &event])?;
    assert!(
        printed.stdout.contains("opened here") && printed.stdout.contains("When it was seen: show"),
        "{printed:?}"
    );
    let unknown = callboard.cmd(&["rules", "explain", "999"])?;
    assert!(unknown.code == Some(2) && unknown.stderr.contains("there is no event 999"), "{unknown:?}");

    // The same event, written down: what is to be tried need not have happened.
    let item = callboard.json(&["item", "acme/web#7"])?.remove(0)["item"].take();
    let mut case = json!({ "event": explained["event"], "item": item });
    case["event"]["name"] = json!("merged");
    let file = callboard.folder().join("case.json");
    fs::write(&file, case.to_string())?;
    let file = file.display().to_string();
    let tried = callboard.json(&["rules", "test", "--event", &file])?.remove(0);
    assert_eq!(tried["reasons"][0]["outcome"], "not_matched", "{tried:#}");
    fs::write(&file, "{}")?;
    let refused = callboard.cmd(&["rules", "test", "--event", &file])?;
    assert!(refused.code == Some(2) && refused.stderr.contains("expected {\"event\""), "{refused:?}");
    Ok(())
}

#[test]
fn edited_rules_are_replayed_on_past_events_and_not_applied() -> Result<()> {
    let (callboard, _serving, _) = opened(RULE)?;
    let copy = callboard.folder().join("edited.toml");
    let replay = |edited: &str| {
        fs::write(&copy, format!("{ACCOUNT}{edited}"))?;
        callboard.cmd(&["rules", "replay", "--edited", &copy.display().to_string()])
    };
    let missing = callboard.cmd(&["rules", "replay", "--edited", "/nowhere/edited.toml"])?;
    assert!(missing.code == Some(2) && missing.stderr.contains("/nowhere/edited.toml"), "{missing:?}");
    let same = replay(RULE)?;
    assert_eq!(same.stdout, "1 event: nothing would be decided differently\n", "{same:?}");
    let posted = replay(&format!("{RULE}post = [\"room:general\"]\n"))?;
    assert!(posted.stdout.contains("show → show; posts in room:general"), "{posted:?}");
    assert!(posted.stdout.contains("1 of 1 event would be decided differently"), "{posted:?}");
    let wrong = replay(&RULE.replace("opened\"'", "opned\"'"))?;
    assert!(wrong.code == Some(2) && wrong.stderr.contains("edited.toml"), "{wrong:?}");
    assert!(wrong.stderr.contains("did you mean \"opened\"?"), "{wrong:?}");

    assert_eq!(callboard.json(&["room"])?, [json!([])], "nothing was posted");
    let active = callboard.json(&["rules", "replay"])?.remove(0);
    assert_eq!(active, json!({ "events": 1, "otherwise": [] }));
    Ok(())
}
