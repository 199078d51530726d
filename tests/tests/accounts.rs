//! Accounts from the command line, with a daemon and without: the file keeps its comments, and nothing is half done.

use std::{fs, os::unix::fs::MetadataExt};

use anyhow::Result;
use callboard_tests::{Answer, Callboard, PATIENCE, StandIn, wait_until};
use serde_json::{Value, json};

const FILE: &str = "# Ours.\n[secrets]\nstore = \"env\" # for tests\n";

#[test]
fn accounts_are_added_and_removed() -> Result<()> {
    for daemon in [false, true] {
        let callboard = Callboard::new(FILE)?;
        let serving = if daemon { Some(callboard.serve()?) } else { None };
        let act = |args: &[&str], code: i32| -> Result<String> {
            let output = callboard.cmd(&[&["accounts"], args].concat())?;
            assert_eq!(output.code, Some(code), "{args:?}: {output:?}");
            Ok(format!("{}{}", output.stdout, output.stderr))
        };
        let printed = act(&["add", "forge", "github", "watch=acme/web,acme/api", "every=5m"], 0)?;
        assert!(
            printed.contains("added forge to") && printed.contains("CALLBOARD_SECRET_FORGE_TOKEN"),
            "{printed}"
        );
        let text = fs::read_to_string(callboard.config())?;
        assert!(text.starts_with(FILE) && text.contains("watch = [\"acme/web\", \"acme/api\"]"), "{text}");
        let account = callboard.account("forge")?;
        assert_eq!(account["health"]["state"], "incomplete", "it has no token");
        assert_eq!(account["settings"]["every"], "5m");

        let refusals: [(&[&str], i32, &str); 8] = [
            (&["add", "other", "github", "watch=bad"], 2, "watch=: expected a repository"),
            (&["add", "other", "github", "url=https://a.example", "url=https://b.example"], 2, "given twice"),
            (&["add", "forge", "github"], 2, "already"),
            (&["add", "other", "githup"], 2, "there is no service"),
            (&["add", "other", "github", "wach=x"], 2, "did you mean `watch`"),
            (&["remove", "frge"], 2, "there are: forge"),
            (&["secret", "forge", "tokn"], 2, "it can be token"),
            (&["secret", "forge"], 2, "no secret was given"),
        ];
        for (args, code, why) in refusals {
            let printed = act(args, code)?;
            assert!(printed.contains(why), "{args:?}: {printed}");
            assert_eq!(fs::read_to_string(callboard.config())?, text, "{args:?}");
        }
        let secret = callboard.cmd_with_input(&["accounts", "secret", "forge"], "t")?;
        assert_eq!(secret.code, Some(1), "the environment is not written: {secret:?}");
        assert!(secret.stderr.contains("CALLBOARD_SECRET_FORGE_TOKEN"), "{secret:?}");
        act(&["remove", "forge"], 0)?;
        assert_eq!(fs::read_to_string(callboard.config())?, FILE);
        if let Some(serving) = serving {
            assert!(serving.stop()?.success());
        }
    }
    Ok(())
}

/// A new account is tested with its secrets in the environment; repeated options of a list add up.
#[test]
fn added_account_is_tested_with_the_secrets_of_the_environment() -> Result<()> {
    let pager = pager()?;
    let url = format!("url={}", pager.url());
    let callboard = Callboard::new(FILE)?;
    let added = callboard.cmd(&["accounts", "add", "pager", "alertmanager", &url])?;
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(added.stdout.contains("pager answers") || added.stdout.contains("pager acts as"), "{added:?}");
    let nobody = StandIn::start(|_| Answer::json(401, &json!({ "message": "Bad credentials" })))?;
    let callboard = callboard.env([("CALLBOARD_SECRET_FORGE_TOKEN", "wrong")]);
    let url = format!("url={}", nobody.url());
    let args = ["accounts", "add", "forge", "github", &url, "watch=acme/web", "watch=acme/api"];
    let refused = callboard.cmd(&args)?;
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("added forge to"), "it is in the file: {refused:?}");
    let text = fs::read_to_string(callboard.config())?;
    assert!(text.contains("watch = [\"acme/web\", \"acme/api\"]"), "{text}");
    Ok(())
}

/// What is missing is said with what sets it, also where either of two would do, and so is that what is kept is not sent.
#[test]
fn added_account_says_what_is_missing_and_how_it_is_set() -> Result<()> {
    let callboard =
        Callboard::new("[secrets]\nstore = \"file\"\n")?.env([("CALLBOARD_PASSPHRASE", "sesame")]);
    let act = |args: &[&str], input: &str| -> Result<(Option<i32>, String)> {
        let output = callboard.cmd_with_input(&[&["accounts"], args].concat(), input)?;
        // Lines break between words.
        let said = format!("{}{}", output.stdout, output.stderr);
        Ok((output.code, said.split_whitespace().collect::<Vec<_>>().join(" ")))
    };
    let (clear, here) = ("url=http://a.example", "url=http://127.0.0.1:1/cc.xml");
    let cases: [(&[&str], &str, i32, &str); 7] = [
        (
            &["add", "chat", "slack"],
            "",
            0,
            "it needs a secret: callboard accounts secret chat token; or callboard accounts secret chat webhook_url",
        ),
        (&["add", "forge", "github", "watch=a/b"], "", 0, "callboard accounts secret forge token"),
        (&["add", "ci", "jenkins", clear, "user=ana"], "", 2, "url=: its secret would travel in the clear"),
        (
            &["add", "ci", "jenkins", "url=https://a.example", "user=ana"],
            "",
            0,
            "callboard accounts secret ci token; or callboard accounts secret ci password",
        ),
        (&["add", "feed", "cctray", "url=http://127.0.0.1:1/cc.xml?a=b"], "", 2, "goes into query"),
        (&["add", "feed", "cctray", here, "user=ana", "query.a=b"], "", 0, "accounts secret feed password"),
        (&["secret", "forge", "token"], "t\n", 0, "token of forge kept in"),
    ];
    for (args, input, code, expected) in cases {
        let (found, said) = act(args, input)?;
        assert_eq!(found, Some(code), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    let text = fs::read_to_string(callboard.config())?;
    assert!(text.contains("query = { a = \"b\" }"), "{text}");
    let pager = "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://a.example\"\n";
    callboard.configure(&format!("{text}{pager}"))?;
    let (code, said) = act(&["secret", "pager", "token"], "t\n")?;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("the token would travel in the clear to http://a.example"), "{said}");
    // One that is in the file already keeps nothing else from working.
    let ci = "[accounts.ci]\nservice = \"jenkins\"\nurl = \"http://a.example\"\nuser = \"ana\"\n";
    callboard.configure(&format!("{ci}[secrets]\nstore = \"file\"\n"))?;
    let checked = callboard.cmd(&["config", "check"])?;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let said = checked.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("ci cannot be used, line 3: its secret would travel in the clear"), "{said}");
    let listed = callboard.cmd(&["accounts"])?;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    Ok(())
}

const COMMANDS: &str =
    "[[command]]\nname = \"act\"\nsummary = \"Act\"\n[command.run.exec]\nargv = [\"true\"]\n";

/// A pager with one alert that fires.
fn pager() -> Result<StandIn> {
    let alert = json!({
        "annotations": { "summary": "Disk is full" }, "endsAt": "2099-11-22T21:02:25.857Z", "fingerprint": "f1",
        "receivers": [{ "name": "team" }], "startsAt": "2026-11-22T20:57:25.857Z",
        "status": { "inhibitedBy": [], "silencedBy": [], "state": "active" },
        "updatedAt": "2026-11-22T20:59:25.857Z", "generatorURL": "https://prometheus.example",
        "labels": { "alertname": "Disk", "severity": "page" },
    });
    StandIn::start(move |request| match request.path.split('?').next() {
        Some("/api/v2/alerts") => Answer::json(200, &json!([alert])),
        Some("/api/v2/status") => Answer::json(200, &json!({ "versionInfo": { "version": "0.28.1" } })),
        _ => Answer::json(200, &json!([])),
    })
}

/// Who the command line's user is, where `[people]` lists them and where it does not, with a daemon and without.
#[test]
fn run_snooze_and_account_change_name_their_actor() -> Result<()> {
    let pager = pager()?;
    for (daemon, listed) in [(false, true), (true, true), (false, false)] {
        // Not trusted: the user is the one that the system names.
        let callboard = Callboard::new("")?.env([
            ("USER", "mallory"),
            ("LOGNAME", "mallory"),
            ("CALLBOARD_SECRET_PAGER_WEBHOOK_SECRET", "hush"),
        ]);
        let user = fs::metadata(callboard.data())?.uid();
        fs::create_dir(callboard.folder().join("ops"))?;
        fs::write(callboard.folder().join("ops/act.toml"), COMMANDS)?;
        let people = format!("[people.ana]\nlocal = {user}\n[teams.sre]\nmembers = [\"ana\"]\n");
        let people = if listed { people.as_str() } else { "" };
        let account = format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\n", pager.url());
        let file = format!("{FILE}{account}{people}[commands]\ndirs = [\"ops\"]\n");
        callboard.configure(&file)?;
        let checked = callboard.cmd(&["config", "check"])?;
        assert_eq!(
            checked.stdout.contains(&format!("ana: user {user} of this computer")),
            listed,
            "{checked:?}"
        );
        let serving = if daemon { Some(callboard.serve()?) } else { None };

        let run = callboard.json(&["run", "act"])?.pop().unwrap_or_default();
        let actor = &run["run"]["actor"];
        assert_eq!(actor["via"], json!({ "kind": "cli" }), "{run:#}");
        match listed {
            true => assert_eq!(actor["principal"], json!({ "kind": "person", "id": "ana" })),
            false => assert_eq!(
                (&actor["principal"]["kind"], &actor["principal"]["account"], &actor["principal"]["id"]),
                (&json!("unlisted"), &Value::Null, &json!(user.to_string()))
            ),
        }
        let name = if listed {
            "ana".into()
        } else {
            actor["principal"]["name"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(run["run"]["by"], json!(name), "nobody else acted");
        let id = run["run"]["id"].as_str().unwrap_or_default();
        let shown = callboard.cmd(&["run-show", id])?.stdout;
        assert!(shown.contains(&format!("Asked for by {name} via cli")), "{shown}");
        let runs = callboard.cmd(&["runs"])?.stdout;
        assert!(runs.contains(&name) && runs.contains("cli"), "{runs}");
        let deliveries = callboard.json(&["deliveries"])?;
        assert_eq!(&deliveries[0][0]["actor"], actor);
        let room = callboard.cmd(&["room"])?.stdout;
        assert!(room.contains(&format!("by: {name}")), "{room}");

        if !daemon {
            callboard.json(&["board"])?;
        }
        wait_until("the alert is on the board", PATIENCE, || {
            callboard.board().ok().filter(|rows| !rows.is_empty())
        })?;
        let alert = "pager/incident/f1";
        assert_eq!(callboard.cmd(&["snooze", alert, "change"])?.code, Some(0));
        let rows = callboard.cmd(&["board", "--snoozed", "--stored"])?.stdout;
        assert!(rows.contains(&format!("snoozed until it changes by {name} via cli")), "{rows}");
        let shown = callboard.cmd(&["item", alert])?.stdout;
        assert!(shown.contains(&format!("until it changes by {name} via cli")), "{shown}");
        assert_eq!(callboard.cmd(&["quiet", "2h"])?.code, Some(0));
        assert_eq!(callboard.cmd(&["accounts", "add", "forge", "github"])?.code, Some(0));
        assert_eq!(callboard.cmd(&["accounts", "remove", "forge"])?.code, Some(0));
        let audit = callboard.json(&["audit"])?;
        // Who wrote a configuration that comes into force is not known.
        let is_of_person = |it: &&Value| it["what"]["change"] != "configuration_applied";
        let changes: Vec<&Value> = audit[0].as_array().into_iter().flatten().filter(is_of_person).collect();
        let expected = ["account_removed", "account_added", "quiet", "snoozed", "run_ended", "run_started"];
        assert_eq!(
            changes.iter().map(|it| &it["what"]["change"]).collect::<Vec<_>>(),
            expected,
            "{audit:#?}"
        );
        assert!(changes.iter().all(|it| it["actor"] == *actor), "{audit:#?}");
        let shown = callboard.cmd(&["audit", "--limit", "1"])?;
        assert!(shown.stdout.contains(&name) && shown.stdout.contains("removed account forge"), "{shown:?}");
        assert!(shown.stderr.contains("go on with --before"), "{shown:?}");
        if let Some(serving) = serving {
            assert!(serving.stop()?.success());
        }
    }
    Ok(())
}
