//! PagerDuty, by a strict server of its own over real HTTP.

mod actions;
mod hook;
mod mentioned;
mod poll;
mod server;

use callboard_domain::{
    action::LookupResult,
    command::Args,
    event::{EventName, compare},
    item::{Detail, Incident, IncidentStatus, Item, Severity},
    run::Outcome,
    source::{Batch, Cursor, GoneReason, Hook, ProblemKind, Source},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use self::server::{ANA, BO, FROM, SERVICE, Server, acknowledged, incident, resolved, user, with};
use super::*;
use crate::contract::{self, Hooks, RecordedProgress, Subject, access, args, now};

fn config(url: &str) -> Config {
    serde_json::from_value(json!({ "url": url, "from": FROM })).unwrap()
}

fn connect(url: &str) -> Connection {
    config(url).connect(access(&["token", "webhook_secret"])).unwrap()
}

async fn serve(server: &Server) -> MockServer {
    let http = MockServer::start().await;
    server.mock().mount(&http).await;
    http
}

/// As the board has it.
fn item(incident: &Value) -> Item {
    let incident = serde_json::from_str(&incident.to_string()).unwrap();
    compare(None, normalise::listed(&"test".into(), &incident, now()).unwrap()).item
}

fn on_the_board(id: &str, values: &[(&str, &str)]) -> Args {
    let mut args = args(values);
    args.values.insert("incident".to_owned(), id.to_owned());
    args.items.insert("incident".to_owned(), item(&incident(id)));
    args
}

fn detail(item: &Item) -> &Incident {
    match &item.detail {
        Detail::Incident(incident) => incident,
        other => panic!("{other:?}"),
    }
}

fn signed(secret: &str, _event: &str, body: &[u8]) -> ::http::HeaderMap {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let of_old = "0".repeat(64);
    ::http::HeaderMap::from_iter([(
        ::http::HeaderName::from_static("x-pagerduty-signature"),
        format!("v1={of_old},v1={hex}").parse().unwrap(),
    )])
}

/// A webhook about an incident: thinner than the API lists it.
fn webhook(event: &str, at: &str, agent: Value, incident: &Value) -> Value {
    let assignees: Vec<_> =
        incident["assignments"].as_array().unwrap().iter().map(|it| it["assignee"].clone()).collect();
    let mut data =
        with(incident.clone(), json!({ "number": 1234, "incident_number": 1234, "assignees": assignees }));
    for field in [
        "assignments",
        "acknowledgements",
        "pending_actions",
        "last_status_change_at",
        "last_status_change_by",
        "updated_at",
        "summary",
    ] {
        data.as_object_mut().unwrap().remove(field);
    }
    json!({ "event": {
        "id": format!("01-{event}-{at}"), "event_type": event, "resource_type": "incident", "occurred_at": at,
        "agent": agent, "client": null, "data": data,
    } })
}

#[tokio::test]
async fn keeps_the_contract() {
    Subject {
        connect: |url, client| {
            let access = access(&["token", "webhook_secret"]);
            config(url).connect(Access { client, ..access }).unwrap()
        },
        service: || vec![Server::holding([incident("Q1SLOW"), acknowledged("Q2SLOW")]).mock()],
        writes: |request| request.method != "GET",
        runs: vec![
            ("ack", on_the_board("Q1SLOW", &[])),
            ("resolve", on_the_board("Q2SLOW", &[("text", "rolled back")])),
            ("escalate", on_the_board("Q2SLOW", &[("level", "2")])),
            ("reassign", on_the_board("Q2SLOW", &[("person", ANA)])),
            ("note", on_the_board("Q1SLOW", &[("text", "the queue drains")])),
            ("trigger", args(&[("service", SERVICE), ("title", "checkout is down")])),
            ("on-call", args(&[])),
        ],
        chat: None,
        hooks: Some(Hooks {
            headers: signed,
            signs: true,
            carries_state: true,
            known: vec![
                (
                    "incident.triggered",
                    webhook("incident.triggered", "2026-11-22T11:00:00.123Z", Value::Null, &incident("Q1SLOW")),
                ),
                (
                    "incident.acknowledged",
                    webhook("incident.acknowledged", "2026-11-22T11:10:00.9Z", user(BO), &acknowledged("Q2SLOW")),
                ),
            ],
            foreign: vec![
                ("ping", json!({ "event": { "id": "1", "event_type": "pagey.ping", "data": { "message": "Hello" } } })),
                (
                    "note",
                    json!({ "event": {
                        "id": "2", "event_type": "incident.annotated",
                        "data": { "type": "incident_note", "id": "N1", "content": "x", "incident": { "id": "Q1SLOW" } },
                    } }),
                ),
            ],
        }),
        choices: vec![("reassign", "person", BO), ("trigger", "service", SERVICE)],
    }
    .check()
    .await;
}

#[tokio::test]
async fn people_are_identified_by_their_ids() {
    let http = serve(&Server::holding([acknowledged("Q1SLOW")])).await;
    let connection = connect(&http.uri());
    let me = connection.identify.identify().await.unwrap();
    assert_eq!((me.login.as_str(), me.display()), (ANA, "Ana"));
    assert_eq!(me.tenant.as_deref(), Some("acme.pagerduty.com"), "all accounts are at one address");
    let held_by = |id: &str| {
        let acknowledger = json!({ "id": id, "type": "user_reference", "summary": "Ana" });
        let by = json!([{ "at": "2026-11-22T11:10:00Z", "acknowledger": acknowledger }]);
        item(&with(acknowledged("Q1SLOW"), json!({ "acknowledgements": by })))
    };
    for (id, mine) in [(ANA, true), ("PANA002", false)] {
        let holders = detail(&held_by(id)).holders().to_vec();
        assert_eq!(holders.iter().any(|user| me.is(&user.id)), mine, "{id}");
        assert_eq!(holders[0].name, "Ana");
    }
}

#[test]
fn unwatched_incident_is_ignored() {
    let watched = |teams: &[&str], services: &[&str]| {
        let own = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Watched { account: "test".into(), teams: own(teams), services: own(services) }
    };
    let cases = [
        (watched(&[], &[]), Some("PIJ90N7"), Some(vec!["PTEAM01"]), true),
        (watched(&[], &["PIJ90N7"]), Some("PIJ90N7"), None, true),
        (watched(&[], &["POTHER1"]), Some("PIJ90N7"), None, false),
        (watched(&[], &["POTHER1"]), None, None, true),
        (watched(&["PTEAM01"], &[]), None, Some(vec!["PTEAM02", "PTEAM01"]), true),
        (watched(&["PTEAM01"], &[]), None, Some(vec![]), false),
        (watched(&["PTEAM01"], &["PIJ90N7"]), Some("POTHER1"), Some(vec!["PTEAM01"]), false),
    ];
    for (watched, service, teams, expected) in cases {
        assert_eq!(watched.covers(service, teams.clone()), expected, "{service:?} {teams:?}");
    }
}

#[test]
fn severity_follows_pagerdutys_priority_and_urgency() {
    use Severity::{Critical, High, Info, Unknown, Warning};
    let cases = [
        (json!({}), High),
        (json!({ "urgency": "low" }), Warning),
        (json!({ "urgency": " HIGH " }), High),
        (json!({ "urgency": "severity_based" }), Unknown),
        (json!({ "urgency": null }), Unknown),
        (json!({ "urgency": ["high"] }), Unknown),
        (json!({ "priority": { "summary": "P1" }, "urgency": "low" }), Critical),
        (json!({ "priority": { "summary": "P5" } }), Info),
        // A name of the team's own has no severity.
        (json!({ "priority": { "summary": "Drop everything" } }), High),
        (json!({ "priority": { "summary": "Drop everything" }, "urgency": "none" }), Unknown),
        (json!({ "priority": { "summary": null }, "urgency": "low" }), Warning),
    ];
    for (change, expected) in cases {
        assert_eq!(detail(&item(&with(incident("Q1SLOW"), change.clone()))).severity, expected, "{change}");
    }
}

#[test]
fn status_is_read_in_any_case_and_an_unknown_one_is_an_error() {
    let listed = |status: Value| {
        let incident = with(incident("Q1SLOW"), json!({ "status": status }));
        let incident = serde_json::from_str(&incident.to_string()).unwrap();
        normalise::listed(&"test".into(), &incident, now()).map(|item| item.status())
    };
    let cases = [
        (json!("Triggered"), Ok("triggered")),
        (json!("RESOLVED "), Ok("resolved")),
        (json!("dormant"), Err("found \"dormant\"")),
        (json!(null), Err("found \"\"")),
    ];
    for (status, expected) in cases {
        match (listed(status.clone()), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(words)) => assert!(error.contains(words), "{status}: {error}"),
            (found, expected) => panic!("{status}: {found:?}, not {expected:?}"),
        }
    }
}

#[test]
fn invalid_settings_become_problems() {
    let problems = |table: Value| {
        let config: Config = serde_json::from_value(table).unwrap();
        config.validate().into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    assert_eq!(problems(json!({ "from": FROM, "teams": ["PTEAM01"], "services": [SERVICE] })), [""; 0]);
    assert_eq!(
        problems(json!({ "from": "ana", "teams": ["Checkout"], "services": ["../x"] })),
        ["from", "teams", "services"]
    );
}
