//! Splunk On-Call, by a strict server of its own over real HTTP.

mod actions;
mod odd;
mod on_call;
mod pace;
mod poll;
mod server;

use callboard_domain::{
    command::Args,
    error::ServiceError,
    event::{EventName, compare_read},
    item::{Detail, Incident, IncidentStatus, Item, Kind, Severity},
    run::Outcome,
    source::{Batch, GoneReason, HookError, ProblemKind},
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

use self::server::{ANA, BO, POLICY, Server, TEAM, acked, after, incident, resolved, with};
use super::*;
use crate::contract::{self, Hooks, RecordedProgress, Subject, access, args, now};

const FIELDS: [&str; 3] = ["api_id", "api_key", "webhook_secret"];

fn config(url: &str) -> Config {
    serde_json::from_value(json!({ "url": url, "user": ANA })).unwrap()
}

fn connect(url: &str) -> Connection {
    config(url).connect(access(&FIELDS)).unwrap()
}

async fn serve(server: &Server) -> MockServer {
    let http = MockServer::start().await;
    server.mock().mount(&http).await;
    http
}

/// As the board has it.
fn item(incident: &Value) -> Item {
    let incident = serde_json::from_str(&incident.to_string()).unwrap();
    normalise::snapshot(&"test".into(), &incident, now()).unwrap()
}

fn detail(item: &Item) -> &Incident {
    match &item.detail {
        Detail::Incident(incident) => incident,
        other => panic!("{other:?}"),
    }
}

fn on_the_board(id: &str, values: &[(&str, &str)]) -> Args {
    let mut args = args(values);
    args.values.insert("incident".to_owned(), id.to_owned());
    args.items.insert("incident".to_owned(), item(&incident(id)));
    args
}

fn bearer(secret: &str) -> ::http::HeaderMap {
    let value = format!("Bearer {secret}").parse().unwrap();
    ::http::HeaderMap::from_iter([(::http::header::AUTHORIZATION, value)])
}

#[tokio::test]
async fn keeps_the_contract() {
    Subject {
        connect: |url, client| {
            let access = access(&FIELDS);
            config(url).connect(Access { client, ..access }).unwrap()
        },
        service: || vec![Server::holding([incident("41"), acked("42")]).mock()],
        writes: |request| request.method != "GET",
        runs: vec![
            ("ack", on_the_board("41", &[])),
            ("resolve", on_the_board("42", &[("text", "rolled back")])),
            ("note", on_the_board("41", &[("text", "the queue drains")])),
            ("reroute", on_the_board("41", &[("target", ANA)])),
            ("on-call", args(&[])),
            ("take on-call", args(&[("policy", POLICY), ("person", BO)])),
        ],
        chat: None,
        hooks: Some(Hooks {
            headers: |secret, _, _| bearer(secret),
            signs: false,
            carries_state: false,
            known: vec![("", json!({ "incident": "41", "phase": "UNACKED" }))],
            foreign: vec![("", json!({ "chat": "hello" }))],
        }),
        choices: vec![
            ("reroute", "target", BO),
            ("reroute", "target", "policy/pol-7QkX1Zb2"),
            ("take on-call", "policy", POLICY),
            ("take on-call", "person", BO),
        ],
    }
    .check()
    .await;
}

#[tokio::test]
async fn whose_account_it_is() {
    let http = serve(&Server::default()).await;
    let identify = async |user: Option<&str>| {
        let config: Config = serde_json::from_value(json!({ "url": http.uri(), "user": user })).unwrap();
        config.connect(access(&FIELDS)).unwrap().identify.identify().await
    };
    let me = identify(Some(ANA)).await.unwrap();
    assert_eq!((me.login.as_str(), me.display()), (ANA, "Ana Alvarez"));
    let unknown = identify(Some("eve")).await.unwrap_err().to_string();
    assert!(unknown.contains("no user eve"), "{unknown}");
    assert_eq!(identify(None).await.unwrap().login, "", "what only looks needs none");
    assert_eq!(identify(None).await.unwrap().tenant, None, "the API does not name the organisation");
    for user in [Some(ANA), None] {
        let table = json!({ "url": http.uri(), "user": user, "organization": "Acme" });
        let config: Config = serde_json::from_value(table).unwrap();
        let me = config.connect(access(&FIELDS)).unwrap().identify.identify().await.unwrap();
        assert_eq!(me.tenant.as_deref(), Some("acme"));
    }
}

#[tokio::test]
async fn refusal_may_be_a_rate_limit() {
    let http = MockServer::start().await;
    Mock::given(path("/api-public/v1/incidents")).respond_with(ResponseTemplate::new(403)).mount(&http).await;
    let error = connect(&http.uri()).source.unwrap().poll(None, now()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Auth { signed_in: false, .. }), "{error:?}");
    let error = error.to_string();
    assert!(error.contains("does not allow it") && error.contains("called too often"), "{error}");
}

#[test]
fn webhook_with_the_secret_asks_for_a_poll() {
    let hook = Webhooks::new(Some(&contract::SECRET.into()));
    use callboard_domain::source::Hook;
    for body in ["", "{}", "{\"phase\": \"ACKED\"}", "no JSON", "incident=41"] {
        let received = hook.receive(&bearer(contract::SECRET), body.as_bytes(), now()).unwrap();
        assert!(received.poll && received.snapshots.is_empty() && received.delivery.is_none(), "{body}");
        let refused = hook.receive(&bearer("another"), body.as_bytes(), now());
        assert!(matches!(refused, Err(HookError::Unsigned(_))), "{body}");
    }
    assert!(Webhooks::new(None).admit(&bearer("")).is_err());
}

#[test]
fn unwatched_incident_is_ignored() {
    let watched = |teams: &[&str], keys: &[&str]| {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Watched { account: "test".into(), teams: own(teams), routing_keys: own(keys) }
    };
    let usual = incident("1");
    let bare = json!({ "incidentNumber": 1, "currentPhase": "UNACKED" });
    let cases = [
        (watched(&[], &[]), &usual, true),
        (watched(&["Checkout"], &[]), &usual, true),
        (watched(&[" checkout "], &["CHECKOUT"]), &usual, true),
        (watched(&[TEAM], &["search", "checkout"]), &usual, true),
        (watched(&["Search"], &[]), &usual, false),
        (watched(&[], &["search"]), &usual, false),
        (watched(&["Checkout"], &["search"]), &usual, false),
        (watched(&["Search"], &["search"]), &bare, true),
    ];
    for (place, (watched, incident, expected)) in cases.into_iter().enumerate() {
        assert_eq!(watched.covers(&item(incident)), expected, "case {place}");
    }
}

#[test]
fn odd_settings_are_named() {
    let problems = |table: Value| {
        let config: Config = serde_json::from_value(table).unwrap();
        config.validate().into_iter().map(|problem| problem.key).collect::<Vec<_>>()
    };
    assert_eq!(
        problems(json!({ "user": "ana.alvarez@acme", "teams": ["A B"], "routing_keys": ["x"] })),
        [""; 0]
    );
    assert_eq!(
        problems(json!({ "user": "../ana", "teams": [""], "routing_keys": ["x", " "] })),
        ["user", "teams", "routing_keys"]
    );
    assert_eq!(problems(json!({ "user": "" })), ["user"]);
}
