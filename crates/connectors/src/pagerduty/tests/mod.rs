//! PagerDuty, by a strict server of its own over real HTTP.

mod server;

use callboard_domain::{
    command::Args,
    event::{EventName, compare},
    identity::Identity,
    item::{Detail, Incident, IncidentStatus, Item, Severity},
    run::Outcome,
    source::{Batch, Cursor, GoneReason, ProblemKind, Source},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use self::server::{ANA, BO, FROM, SERVICE, Server, acknowledged, incident, resolved, user, with};
use super::*;
use crate::contract::{self, Hooks, Said, Subject, access, args, now};

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
    compare(None, normalise::listed(&"test".into(), &incident, now()).unwrap(), &Identity::default()).item
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

/// Polls as the engine does: what was stored, with what a poll adds.
struct Polled {
    source: Arc<dyn Source>,
    cursor: Option<Cursor>,
    stored: std::collections::BTreeMap<String, Item>,
}

impl Polled {
    fn new(url: &str) -> Self {
        Self { source: connect(url).source.unwrap(), cursor: None, stored: Default::default() }
    }

    /// What a poll tells, and the poll.
    async fn poll(&mut self) -> (Vec<(EventName, Option<String>)>, Batch) {
        let batch = self.source.poll(self.cursor.as_ref(), now()).await.unwrap();
        self.cursor.clone_from(&batch.cursor);
        let mut told = Vec::new();
        for item in &batch.snapshots {
            let change = compare(self.stored.get(&item.key.id), item.clone(), &Identity::default());
            told.extend(change.transitions.into_iter().map(|it| (it.name, it.by)));
            self.stored.insert(item.key.id.clone(), change.item);
        }
        (told, batch)
    }
}

#[tokio::test]
async fn an_incident_is_followed_to_its_end() {
    use EventName::*;
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    let by = |name: &str| Some(name.to_owned());

    let (told, batch) = board.poll().await;
    assert_eq!(told, [(Triggered, None)]);
    assert_eq!(batch.complete.len(), 1, "what was open before is not known");
    let first = detail(&batch.snapshots[0]);
    assert_eq!((first.service.as_str(), first.severity), ("Checkout", Severity::High));
    assert_eq!((first.assignee_names(), first.holder_names()), (vec!["Bo"], vec![]), "assigned is not held");
    assert_eq!(first.number, Some(1234));
    assert_eq!((batch.complete.len(), batch.problems.len()), (1, 0));
    assert_eq!(batch.rate_limit.map(|left| (left.limit, left.remaining)), Some((960, 950)));

    server.set(acknowledged("Q1SLOW"));
    let (told, batch) = board.poll().await;
    assert_eq!(told, [(Acknowledged, by("Bo"))]);
    assert_eq!(batch.complete, [], "each end is asked for by itself");
    let held = detail(&batch.snapshots[0]);
    assert_eq!((held.holder_names(), held.held_until()), (vec!["Bo"], "2026-11-22T13:00:00Z".parse().ok()));

    let again = with(incident("Q1SLOW"), json!({ "last_status_change_at": "2026-11-22T11:12:00Z" }));
    server.set(again.clone());
    assert_eq!(board.poll().await.0, [(Unacknowledged, by("Checkout"))]);

    let assignments = json!([{ "at": "2026-11-22T11:13:00Z", "assignee": user(ANA) }]);
    server.set(with(again, json!({ "assignments": assignments })));
    assert_eq!(board.poll().await.0, [(Reassigned, None)]);

    server.escalated("Q1SLOW", "2026-11-22T11:14:00Z");
    server.escalated("QOTHER1", "2026-11-22T11:14:00Z");
    assert_eq!(board.poll().await.0, [(Escalated, None)]);
    assert_eq!(board.poll().await.0, [], "the log overlaps");

    server.set(resolved("Q1SLOW"));
    assert_eq!(board.poll().await.0, [(Resolved, by("Bo"))], "asked for by its id, though no list has it");
    assert_eq!(board.poll().await.1.snapshots.len(), 0);
}

#[tokio::test]
async fn what_left_the_list_is_asked_for() {
    let server = Server::holding([incident("Q1SLOW"), incident("Q2SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    server.forget("Q1SLOW");
    let (_, batch) = board.poll().await;
    let gone: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), gone.reason.clone())).collect();
    assert_eq!(gone, [("Q1SLOW", GoneReason::Deleted)]);

    // Its end cannot be read now: that is named, and asked again.
    server.set(resolved("Q2SLOW"));
    Mock::given(path("/incidents/Q2SLOW"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&http)
        .await;
    let (told, batch) = board.poll().await;
    assert!(told.is_empty() && batch.problems.iter().all(|it| it.kind == ProblemKind::Details), "{batch:?}");
    assert_eq!(batch.problems.len(), 1);
    assert_eq!(board.poll().await.0, [(EventName::Resolved, Some("Bo".to_owned()))]);
}

#[tokio::test]
async fn what_is_open_stays_open_though_the_list_lacks_it() {
    let server = Server::holding([incident("Q1SLOW"), incident("Q2SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    let short = json!({ "incidents": [incident("Q1SLOW")], "more": false });
    Mock::given(path("/incidents"))
        .respond_with(ResponseTemplate::new(200).set_body_json(short))
        .with_priority(1)
        .mount(&http)
        .await;
    for poll in 0..3 {
        let (told, batch) = board.poll().await;
        let ids: Vec<_> = batch.snapshots.iter().map(|item| item.key.id.as_str()).collect();
        assert_eq!((told, ids, batch.complete), (vec![], vec!["Q1SLOW", "Q2SLOW"], vec![]), "poll {poll}");
    }
    // What a webhook told and no list has yet is asked for, too.
    server.set(incident("Q3SLOW"));
    let body = webhook("incident.triggered", "2026-11-22T11:00:00Z", Value::Null, &incident("Q3SLOW"));
    let body = body.to_string().into_bytes();
    let hook = board.source.hook().unwrap();
    hook.receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap();
    for _ in 0..2 {
        assert_eq!(board.poll().await.1.snapshots.last().unwrap().key.id, "Q3SLOW");
    }
}

#[tokio::test]
async fn what_a_webhook_told_of_and_is_not_there_has_not_ended() {
    let http = serve(&Server::default()).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    let body = webhook("incident.triggered", "2026-11-22T11:00:00Z", Value::Null, &incident("Q3SLOW"));
    let body = body.to_string().into_bytes();
    board.source.hook().unwrap().receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap();
    let (told, batch) = board.poll().await;
    assert_eq!((told, batch.gone, batch.complete, batch.problems.len()), (vec![], vec![], vec![], 1));
    assert_eq!(board.poll().await.1.gone.len(), 1, "it is not there a minute later either");
}

#[tokio::test]
async fn pages_that_are_shorter_than_asked_for_are_followed() {
    let rows: Vec<Value> = (0..130).map(|n| incident(&format!("Q{n:05}"))).collect();
    let http = MockServer::start().await;
    let page = move |request: &wiremock::Request| {
        let offset: usize =
            request.url.query_pairs().find(|(name, _)| name == "offset").unwrap().1.parse().unwrap();
        let page: Vec<&Value> = rows.iter().skip(offset).take(25).collect();
        ResponseTemplate::new(200).set_body_json(json!({ "incidents": page, "limit": 25, "offset": offset }))
    };
    Mock::given(path("/incidents")).respond_with(page).mount(&http).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert_eq!(batch.snapshots.len(), 130);
    let accepted = ResponseTemplate::new(202).set_body_json(json!({ "incidents": [], "more": false }));
    Mock::given(path("/incidents")).respond_with(accepted).with_priority(1).mount(&http).await;
    assert!(connect(&http.uri()).source.unwrap().poll(None, now()).await.is_err(), "not in full");
}

#[tokio::test]
async fn many_are_read_though_their_rows_shift() {
    let ids: Vec<String> = (0..250).map(|n| format!("Q{n:05}")).collect();
    let server = Server::holding(ids.iter().map(|id| incident(id)));
    let http = serve(&server).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert_eq!((batch.snapshots.len(), batch.complete.len()), (250, 1));

    // One of the first page ends after each page: the rows move up, so nothing is claimed of those that are missing.
    server.between_pages(|incidents| {
        incidents.remove(0);
    });
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert!(batch.complete.is_empty(), "rows were skipped");
    assert_eq!(batch.problems[0].kind, ProblemKind::Incomplete);
}

#[tokio::test]
async fn odd_incidents_hide_no_others() {
    let odd = [
        with(incident("Q0ODD1"), json!({ "status": "dormant" })),
        json!(null),
        json!({ "status": "triggered" }),
        json!("an incident"),
    ];
    let bare = json!({ "id": "Q0BARE", "status": "triggered" });
    let nulls = with(
        incident("Q0NULL"),
        json!({
            "assignments": null, "acknowledgements": null, "service": null, "teams": null, "urgency": null,
            "created_at": null, "last_status_change_at": "soon", "html_url": 5, "title": null, "priority": 1,
        }),
    );
    let rows: Vec<Value> = odd.into_iter().chain([bare, nulls, incident("Q1SLOW")]).collect();
    let http = MockServer::start().await;
    let answer = json!({ "incidents": rows, "more": false });
    Mock::given(path("/incidents"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .with_priority(1)
        .mount(&http)
        .await;
    Server::default().mock().mount(&http).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    let ids: Vec<_> = batch.snapshots.iter().map(|item| item.key.id.as_str()).collect();
    assert_eq!(ids, ["Q0BARE", "Q0NULL", "Q1SLOW"]);
    assert!(batch.complete.is_empty(), "what cannot be read may be any of them");
    assert!(
        batch.problems.iter().any(|it| it.kind == ProblemKind::Malformed && it.why.starts_with("4 of 7")),
        "{batch:?}"
    );
    let bare = detail(&batch.snapshots[0]);
    assert_eq!((bare.assigned.clone(), bare.hold.clone(), bare.severity), (None, None, Severity::Warning));
}

async fn run(http: &MockServer, name: &str, args: &Args) -> Outcome {
    let connection = connect(&http.uri());
    let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
    action.preview(args, now()).unwrap();
    action.run(args, now(), &Said::default()).await.unwrap()
}

#[tokio::test]
async fn what_is_done_is_what_pagerduty_says() {
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let acked = run(&http, "ack", &on_the_board("Q1SLOW", &[])).await;
    assert!(acked.ok && server.get("Q1SLOW")["status"] == "acknowledged", "{acked:?}");
    let moved = run(&http, "reassign", &on_the_board("Q1SLOW", &[("person", ANA)])).await;
    assert_eq!(moved.summary, "Q1SLOW is slow is assigned to Ana");
    let escalated = run(&http, "escalate", &on_the_board("Q1SLOW", &[("level", "2")])).await;
    assert!(escalated.ok, "{escalated:?}");
    run(&http, "note", &on_the_board("Q1SLOW", &[("text", "two\nlines")])).await;
    assert_eq!(server.notes(), [json!(["Q1SLOW", "two\nlines"])]);
    let over = run(&http, "resolve", &on_the_board("Q1SLOW", &[])).await;
    assert!(over.ok && server.get("Q1SLOW")["status"] == "resolved", "{over:?}");
    let new = run(&http, "trigger", &args(&[("service", SERVICE), ("title", "checkout is down")])).await;
    assert!(new.ok && server.get("QNEW001")["title"] == "checkout is down", "{new:?}");
    let duty = run(&http, "on-call", &args(&[("team", "checkout")])).await;
    assert!(
        duty.summary == "1 person is on call"
            && format!("{duty:?}").contains("Bo: level 1 of Checkout team, always")
    );
    let nobody = run(&http, "on-call", &args(&[("team", "sales")])).await;
    assert!(nobody.summary.starts_with("Nobody is on call for anything named like"), "{nobody:?}");
}

#[tokio::test]
async fn what_is_over_by_then_stays_over() {
    let server = Server::holding([resolved("Q1SLOW")]);
    let http = serve(&server).await;
    for (name, values) in [
        ("ack", &[][..]),
        ("resolve", &[]),
        ("escalate", &[("level", "2")]),
        ("reassign", &[("person", ANA)]),
    ] {
        let outcome = run(&http, name, &on_the_board("Q1SLOW", values)).await;
        assert!(
            outcome.summary.contains("resolved") && outcome.summary.contains("by Bo"),
            "{name}: {outcome:?}"
        );
        assert_eq!(server.get("Q1SLOW"), resolved("Q1SLOW"), "{name}");
    }
    let writes = http.received_requests().await.unwrap().iter().filter(|it| it.method != "GET").count();
    assert_eq!(writes, 0);
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_anything_is_sent() {
    let connection = connect("http://127.0.0.1:9");
    let refused = |name: &str, args: &Args| {
        let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
        action.preview(args, now()).unwrap_err().to_string()
    };
    let cases = [
        ("ack", args(&[]), "ack needs incident"),
        ("ack", args(&[("incident", "Q9")]), "an incident on the board"),
        ("escalate", on_the_board("Q1SLOW", &[("level", "0")]), "a level from 1 to 20"),
        ("reassign", on_the_board("Q1SLOW", &[("person", "bo")]), "a user's id"),
        ("trigger", args(&[("service", "../x"), ("title", "t")]), "a service's id"),
        ("note", on_the_board("Q1SLOW", &[("text", " ")]), "note needs text"),
    ];
    for (name, args, expected) in cases {
        let error = refused(name, &args);
        assert!(error.contains(expected), "{name}: {error}");
    }
    let preview = connection.actions.iter().find(|action| action.spec().name == "ack").unwrap();
    let steps = preview.preview(&on_the_board("Q1SLOW", &[]), now()).unwrap();
    assert!(steps[1].exactly.contains(&format!("from: {FROM}")), "in whose name: {steps:?}");
}

#[tokio::test]
async fn people_are_known_by_their_ids() {
    let http = serve(&Server::holding([acknowledged("Q1SLOW")])).await;
    let connection = connect(&http.uri());
    let me = connection.identify.identify().await.unwrap();
    assert_eq!((me.login.as_str(), me.display()), (ANA, "Ana"));
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
fn webhooks_keep_what_they_do_not_say() {
    let hook = Webhooks::new(
        Arc::new(Watched { account: "test".into(), teams: Vec::new(), services: Vec::new() }),
        Some(&contract::SECRET.into()),
    );
    let receive = |body: &Value| {
        use callboard_domain::source::Hook;
        let body = body.to_string().into_bytes();
        hook.receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap()
    };
    let stored = item(&acknowledged("Q1SLOW"));
    // Event, who, the incident as it is then -> what it tells, whether the account is polled.
    let held = acknowledged("Q1SLOW");
    let cases = [
        (
            "incident.reassigned",
            user(ANA),
            with(held.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Reassigned, Some("Ana"))],
            true,
        ),
        (
            "incident.escalated",
            Value::Null,
            with(held.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Escalated, None)],
            true,
        ),
        ("incident.priority_updated", user(ANA), held.clone(), vec![], true),
        (
            "incident.unacknowledged",
            Value::Null,
            with(held.clone(), json!({ "status": "triggered" })),
            vec![(EventName::Unacknowledged, None)],
            false,
        ),
        (
            "incident.resolved",
            user(ANA),
            with(held, json!({ "status": "resolved" })),
            vec![(EventName::Resolved, Some("Ana"))],
            false,
        ),
    ];
    for (event, agent, incident, expected, poll) in cases {
        let received = receive(&webhook(event, "2026-11-22T11:30:00.5Z", agent, &incident));
        assert_eq!(received.poll, poll, "{event}");
        let change = compare(Some(&stored), received.snapshots[0].clone(), &Identity::default());
        let told: Vec<_> = change.transitions.iter().map(|it| (it.name, it.by.as_deref())).collect();
        assert_eq!(told, expected, "{event}");
        let after = detail(&change.item);
        if after.status == IncidentStatus::Acknowledged {
            assert_eq!(after.holder_names(), ["Bo"], "{event}");
        }
    }
}

#[test]
fn only_what_is_watched_is_taken() {
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
fn odd_settings_are_named() {
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
