//! Alertmanager as it answers (0.25 was recorded) over real HTTP.

mod alerts;
mod beginnings;
mod odd;
mod silences;

use callboard_domain::{
    action::{Action, Progress},
    command::{ArgError, Args},
    error::ServiceError,
    item::{Detail, Incident, IncidentStatus, Item, Kind, Severity},
    secret::SecretString,
    source::{Batch, Cursor, Hook, HookError, Source},
};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, method, path, query_param},
};

use super::*;
use crate::{
    contract::{self, Hooks, Subject},
    http::Client,
};

const NOW: &str = "2026-11-22T21:00:00.5Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn config(url: &str) -> Config {
    Config {
        url: url.parse().unwrap(),
        allow_http: false,
        filter: Vec::new(),
        user: Some("ana".to_owned()),
        every: None,
    }
}

fn connect(config: &Config, secrets: &[(&str, &str)]) -> Connection {
    let secrets =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
    let client = Client::new().unwrap();
    let access = Access { account: "alerts".into(), client, secrets, person: Some("kim".to_owned()) };
    config.connect(access).unwrap()
}

/// What watches: polls, and the webhook beside them.
struct Watching(Connection);

impl std::ops::Deref for Watching {
    type Target = dyn Source;

    fn deref(&self) -> &Self::Target {
        self.0.source.as_deref().unwrap()
    }
}

impl Watching {
    fn hook(&self) -> Option<&dyn Hook> {
        self.0.hook.as_deref()
    }
}

fn source(url: &str) -> Watching {
    Watching(connect(&config(url), &[("webhook_secret", "hush")]))
}

fn incident(item: &Item) -> &Incident {
    match &item.detail {
        Detail::Incident(incident) => incident,
        other => panic!("{other:?}"),
    }
}

/// As `/api/v2/alerts` lists it.
fn listed(name: &str, silenced_by: &[&str]) -> Value {
    json!({
        "annotations": { "summary": "CPU of web1 is high", "description": "At 97 %\nfor 5 m" },
        "endsAt": "2026-11-22T21:02:25.857Z",
        "fingerprint": format!("f-{name}"),
        "receivers": [{ "name": "team" }],
        "startsAt": "2026-11-22T20:57:25.857Z",
        "status": {
            "inhibitedBy": [], "silencedBy": silenced_by,
            "state": if silenced_by.is_empty() { "active" } else { "suppressed" },
        },
        "updatedAt": "2026-11-22T20:59:25.857Z",
        "generatorURL": "https://prometheus.example/graph?g0.expr=cpu",
        "labels": { "alertname": name, "instance": "web1", "severity": "page", "service": "web" },
    })
}

/// As a webhook reports it.
fn reported(name: &str, status: &str) -> Value {
    let mut alert = listed(name, &[]);
    for (key, value) in [
        ("status", json!(status)),
        ("startsAt", json!("2026-11-22T20:57:25.857331Z")),
        ("endsAt", json!(if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-22T20:59:00Z" })),
    ] {
        alert[key] = value;
    }
    for key in ["receivers", "updatedAt"] {
        alert.as_object_mut().unwrap().remove(key);
    }
    alert
}

fn webhook(alerts: &[Value]) -> Value {
    json!({
        "receiver": "callboard", "status": "firing", "alerts": alerts, "groupLabels": {},
        "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://alerts:9093",
        "version": "4", "groupKey": "{}:{alertname=\"HighCPU\"}", "truncatedAlerts": 0,
    })
}

fn silence(id: &str, state: &str) -> Value {
    json!({
        "id": id, "status": { "state": state }, "updatedAt": "2026-11-22T20:58:00.289Z", "comment": "restarting",
        "createdBy": "bob", "startsAt": "2026-11-22T20:58:00.289Z", "endsAt": "2026-11-22T22:00:00.000Z",
        "matchers": [{ "isEqual": true, "isRegex": false, "name": "alertname", "value": "HighCPU" }],
    })
}

async fn lists(server: &MockServer, alerts: &[Value]) {
    let answer = ResponseTemplate::new(200).set_body_json(alerts);
    Mock::given(method("GET")).and(path("/api/v2/alerts")).respond_with(answer).mount(server).await;
}

async fn polled(source: &Watching, since: Option<&Cursor>) -> Batch {
    source.poll(since, now()).await.unwrap()
}

fn bearer(secret: &str) -> ::http::HeaderMap {
    authorization(&format!("Bearer {secret}"))
}

fn authorization(value: &str) -> ::http::HeaderMap {
    ::http::HeaderMap::from_iter([(::http::header::AUTHORIZATION, value.parse().unwrap())])
}

/// The command and its arguments, on an alert that a webhook reported.
fn action(url: &str, name: &str, values: &[(&str, &str)], silence: Option<&str>) -> (Arc<dyn Action>, Args) {
    action_of(&config(url), name, values, silence)
}

/// The same of an account with these settings.
fn action_of(
    config: &Config,
    name: &str,
    values: &[(&str, &str)],
    silence: Option<&str>,
) -> (Arc<dyn Action>, Args) {
    let connection = connect(config, &[("webhook_secret", "hush")]);
    let body = webhook(&[reported("HighCPU", "firing")]).to_string();
    let received =
        connection.hook.as_ref().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let mut item = received.snapshots.into_iter().next().unwrap();
    if let (Some(ids), Detail::Incident(incident)) = (silence, &mut item.detail) {
        incident.notes.insert("silences".to_owned(), ids.to_owned());
    }
    let mut args = contract::args(values);
    args.values.insert("alert".to_owned(), item.key.id.clone());
    args.items.insert("alert".to_owned(), item);
    let action = connection.actions.into_iter().find(|action| action.spec().name == name).unwrap();
    (action, args)
}

const THIRTY: &[(&str, &str)] = &[("duration", "30m"), ("comment", "restarting it")];

#[tokio::test]
async fn identity_has_the_servers_version() {
    let server = MockServer::start().await;
    let answer = json!({ "cluster": { "status": "disabled" }, "versionInfo": { "version": "0.25.0" } });
    Mock::given(path("/api/v2/status"))
        .and(wiremock::matchers::header("authorization", "Basic YW5hOnBhc3M="))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .mount(&server)
        .await;
    let identity =
        connect(&config(&server.uri()), &[("password", "pass")]).identify.identify().await.unwrap();
    assert_eq!(identity.server.as_deref(), Some("Alertmanager 0.25.0"));
    assert_eq!(identity.login, "ana");
}

#[test]
fn password_without_a_user_is_refused() {
    let mut config = config("http://alerts.invalid");
    config.user = None;
    let secrets = [("password".to_owned(), SecretString::from("pass"))].into();
    let client = Client::new().unwrap();
    // Who is at this computer is nobody's name there.
    let access = Access { account: "alerts".into(), client, secrets, person: Some("kim".to_owned()) };
    assert!(matches!(config.connect(access), Err(ConnectError::Config(Problem { key: "user", .. }))));
    config.user = Some("a:b".to_owned());
    assert_eq!(config.validate().len(), 1);
}

#[tokio::test]
async fn keeps_the_contract() {
    let on_the_board = |values: &[(&str, &str)]| {
        let (_, mut args) = action("http://alerts.invalid", "silence", values, Some("s1"));
        args.items.get_mut("alert").unwrap().key.account = "test".into();
        args
    };
    Subject {
        connect: |url, client| {
            let access = contract::access(&["password", "webhook_secret"]);
            config(url).connect(Access { client, ..access }).unwrap()
        },
        service: || {
            let on = |verb: &str, place: &str, answer: Value| {
                Mock::given(method(verb))
                    .and(path(place))
                    .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            };
            vec![
                on("GET", "/api/v2/status", json!({ "versionInfo": { "version": "0.25.0" } })),
                on("GET", "/api/v2/alerts", json!([listed("HighCPU", &["s1"]), listed("Other", &[])])),
                on("GET", "/api/v2/silences", json!([silence("s1", "active")])),
                on("POST", "/api/v2/silences", json!({ "silenceID": "s2" })),
                Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(200)),
            ]
        },
        writes: |request| request.method != "GET",
        runs: vec![("silence", on_the_board(THIRTY)), ("unsilence", on_the_board(&[]))],
        chat: None,
        hooks: Some(Hooks {
            headers: |secret, _, _| bearer(secret),
            signs: false,
            carries_state: true,
            known: vec![("", webhook(&[reported("HighCPU", "firing"), reported("Other", "firing")]))],
            foreign: Vec::new(),
        }),
        choices: Vec::new(),
    }
    .check()
    .await;
}

#[test]
fn command_specs_have_no_problems() {
    let connection = connect(&config("http://alerts.invalid"), &[]);
    let problems =
        callboard_domain::command::check_all(connection.actions.iter().map(|action| action.spec()));
    assert!(problems.is_empty(), "{problems:?}");
}
