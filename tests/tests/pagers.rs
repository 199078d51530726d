//! Two pagers at once: what is done about an incident goes to the account that it came from, and one that is down hides nothing
//! of the other.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, Result, ensure};
use callboard_tests::{Answer, Callboard, Output, StandIn};
use serde_json::{Value, json};

/// PagerDuty with one open incident, as far as it is needed here.
fn pagerduty() -> Result<StandIn> {
    let reference = |id: &str, kind: &str, name: &str| json!({ "id": id, "type": kind, "summary": name });
    StandIn::start(move |request| {
        let bo = reference("PBO0001", "user_reference", "Bo");
        let incident = |status: &str| {
            json!({
                "id": "Q2R8T", "incident_number": 7, "title": "Search is slow", "status": status, "urgency": "high",
                "created_at": "2026-11-22T11:00:00Z", "last_status_change_at": "2026-11-22T11:00:00Z",
                "service": reference("PIJ90N7", "service_reference", "Search"),
                "assignments": [{ "at": "2026-11-22T11:00:00Z", "assignee": bo }],
            })
        };
        let path = request.path.split('?').next().unwrap_or_default();
        let answer = match (request.method.as_str(), path) {
            (_, "/users/me") => {
                json!({ "user": { "id": "PANA001", "name": "Ana", "email": "ana@acme.example" } })
            }
            ("PUT", "/incidents/Q2R8T") => json!({ "incident": incident("acknowledged") }),
            (_, "/incidents/Q2R8T") => json!({ "incident": incident("triggered") }),
            (_, "/incidents") => json!({ "incidents": [incident("triggered")], "more": false }),
            (_, "/oncalls") => {
                let policy = reference("PPOLICY1", "escalation_policy_reference", "Search team");
                json!({ "oncalls": [{ "user": bo, "escalation_level": 1, "escalation_policy": policy }], "more": false })
            }
            _ => json!({ "log_entries": [], "more": false }),
        };
        Answer::json(200, &answer)
    })
}

/// Splunk On-Call with one open incident, as far as it is needed here; the on-call schedule cannot be read while `is_down`.
fn splunk_on_call(is_down: Arc<AtomicBool>) -> Result<StandIn> {
    StandIn::start(move |request| {
        let incident = json!({
            "incidentNumber": "42", "currentPhase": "UNACKED", "entityDisplayName": "Checkout is slow",
            "entityState": "CRITICAL", "startTime": "2026-11-22T11:00:00Z", "pagedUsers": ["bo"],
        });
        let path = request.path.trim_start_matches("/api-public/v1");
        let answer = match path {
            "/user/ana" => json!({ "username": "ana", "firstName": "Ana" }),
            "/incidents" => json!({ "incidents": [incident] }),
            "/incidents/42" => incident,
            "/incidents/ack" => json!({ "results": [{ "incidentNumber": "42", "cmdAccepted": true }] }),
            "/oncall/current" if is_down.load(Ordering::SeqCst) => return Answer::json(503, &json!({})),
            "/oncall/current" => {
                let policy = json!({ "name": "Primary", "slug": "pol-1" });
                let users = json!([{ "onCalluser": { "username": "cy" } }]);
                json!({ "teamsOnCall": [{
                    "team": { "name": "Checkout", "slug": "team-1" },
                    "oncallNow": [{ "escalationPolicy": policy, "users": users }],
                }] })
            }
            _ => return Answer::json(404, &json!({ "message": "Path not found" })),
        };
        Answer::json(200, &answer)
    })
}

fn writes(pager: &StandIn) -> Vec<String> {
    let requests = pager.requests().into_iter().filter(|request| request.method != "GET");
    requests.map(|request| format!("{} {}", request.method, request.path)).collect()
}

fn run(callboard: &Callboard, code: i32, line: &str) -> Result<Output> {
    let output = callboard.cmd(&["run", line])?;
    ensure!(output.code == Some(code), "run {line:?} should end with {code}: {output:#?}");
    Ok(output)
}

#[test]
fn incident_commands_go_to_the_account_of_the_incident() -> Result<()> {
    let is_down = Arc::new(AtomicBool::new(false));
    let (pd, vo) = (pagerduty()?, splunk_on_call(Arc::clone(&is_down))?);
    let callboard = Callboard::new(&format!(
        "[accounts.pd]\nservice = \"pagerduty\"\nurl = \"{}\"\nevery = \"24h\"\n\
         [accounts.vo]\nservice = \"splunkoncall\"\nurl = \"{}\"\nuser = \"ana\"\nevery = \"24h\"\n\
         [secrets]\nstore = \"env\"\n",
        pd.url(),
        vo.url()
    ))?
    .env([
        ("CALLBOARD_SECRET_PD_TOKEN", "hush"),
        ("CALLBOARD_SECRET_VO_API_ID", "hush"),
        ("CALLBOARD_SECRET_VO_API_KEY", "hush"),
    ]);
    let board = callboard.json(&["board"])?;
    let rows: Vec<String> = callboard.board()?.iter().map(|row| row["key"].to_string()).collect();
    ensure!(
        rows.iter().any(|key| key.contains("pd/")) && rows.iter().any(|key| key.contains("vo/")),
        "{board:#?}"
    );

    run(&callboard, 0, "ack 42")?;
    assert_eq!((writes(&pd), writes(&vo)), (vec![], vec!["PATCH /api-public/v1/incidents/ack".to_owned()]));
    run(&callboard, 0, "ack Q2R8T")?;
    assert_eq!((writes(&pd), writes(&vo).len()), (vec!["PUT /incidents/Q2R8T".to_owned()], 1));

    let both = run(&callboard, 0, "on-call")?;
    for row in ["Bo: level 1 of Search team", "Checkout, Primary: cy"] {
        assert!(both.stdout.contains(row), "{both:#?}");
    }
    is_down.store(true, Ordering::SeqCst);
    let one = run(&callboard, 1, "on-call")?;
    assert!(
        one.stdout.contains("Bo: level 1 of Search team") && one.stdout.contains("vo: cannot be read"),
        "{one:#?}"
    );
    let asked = callboard.cmd(&["--json", "run", "on-call"])?;
    let data: Value = serde_json::from_str(asked.stdout.lines().last().context("an answer")?)?;
    let data = &data["run"]["state"]["outcome"]["data"];
    assert!(data["pd"]["on_call"][0]["person"] == "Bo" && data["vo"]["error"].is_string(), "{data:#?}");
    Ok(())
}
