//! Alertmanager as it answers (0.25 was recorded) over real HTTP.

use callboard_domain::{
    action::{Action, Progress},
    command::{ArgError, Args},
    item::{Detail, Incident, IncidentStatus, Item, Kind, Severity},
    secret::SecretString,
    source::{Batch, Cursor, HookError, Source},
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
    contract::{self, Subject},
    http::Client,
};

const NOW: &str = "2026-11-22T21:00:00.5Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn config(url: &str) -> Config {
    Config { url: url.parse().unwrap(), filter: Vec::new(), user: Some("ana".to_owned()), every: None }
}

fn connect(config: &Config, secrets: &[(&str, &str)]) -> Connection {
    let secrets =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
    let access = Access { account: "alerts".into(), client: Client::new().unwrap(), secrets };
    config.connect(access).unwrap()
}

fn source(url: &str) -> Arc<dyn Source> {
    connect(&config(url), &[("webhook_secret", "hush")]).source.unwrap()
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

/// As a webhook tells of it.
fn told(name: &str, status: &str) -> Value {
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

async fn polled(source: &Arc<dyn Source>, since: Option<&Cursor>) -> Batch {
    source.poll(since, now()).await.unwrap()
}

#[tokio::test]
async fn a_poll_lists_every_incident() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v2/alerts"))
        .and(query_param("active", "true"))
        .and(query_param("silenced", "true"))
        .and(query_param("inhibited", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_json([listed("HighCPU", &[])]))
        .mount(&server)
        .await;
    let source = source(&server.uri());
    let batch = polled(&source, None).await;
    assert_eq!(batch.complete, Some(Kind::Incident));
    let [item] = batch.snapshots.as_slice() else { panic!("{batch:?}") };
    assert_eq!(item.key.to_string(), "alerts/incident/f-HighCPU");
    assert_eq!(item.title, "CPU of web1 is high");
    assert_eq!(item.url.as_ref().unwrap().as_str(), "https://prometheus.example/graph?g0.expr=cpu");
    let incident = incident(item);
    assert_eq!((incident.service.as_str(), incident.severity), ("web", Severity::Critical));
    assert_eq!(incident.status, IncidentStatus::Triggered);
    assert_eq!(incident.started_at.to_string(), "2026-11-22T20:57:25Z");
    assert_eq!(incident.updated_at, incident.started_at);
    assert_eq!(incident.description.as_deref(), Some("At 97 %\nfor 5 m"));
    assert_eq!(incident.labels["instance"], "web1");

    let again = polled(&source, batch.cursor.as_ref()).await;
    assert_eq!((again.snapshots, again.cursor), (batch.snapshots, batch.cursor));
}

#[tokio::test]
async fn a_webhook_and_a_poll_say_the_same() {
    let server = MockServer::start().await;
    lists(&server, &[listed("HighCPU", &[])]).await;
    let source = source(&server.uri());
    let body = webhook(&[told("HighCPU", "firing")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!(received.delivery, None);
    assert_eq!(received.snapshots, polled(&source, None).await.snapshots);

    let body = webhook(&[told("HighCPU", "resolved")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let resolved = incident(&received.snapshots[0]);
    assert_eq!(resolved.status, IncidentStatus::Resolved);
    assert_eq!(resolved.updated_at.to_string(), "2026-11-22T20:59:00Z");
}

#[tokio::test]
async fn a_silence_is_read_only_where_one_holds_or_held() {
    let server = MockServer::start().await;
    let silences = |state: &str| {
        let answer = ResponseTemplate::new(200).set_body_json([silence("s1", state)]);
        Mock::given(method("GET")).and(path("/api/v2/silences")).respond_with(answer)
    };
    let source = source(&server.uri());

    let held = {
        let _silences = silences("active").expect(1).mount_as_scoped(&server).await;
        lists(&server, &[listed("HighCPU", &["s1"]), listed("Other", &[])]).await;
        polled(&source, None).await
    };
    let acknowledged = incident(&held.snapshots[0]);
    assert_eq!(acknowledged.status, IncidentStatus::Acknowledged);
    assert_eq!(acknowledged.holders, ["bob"]);
    assert_eq!(acknowledged.held_until.unwrap().to_string(), "2026-11-22T22:00:00Z");
    assert_eq!(acknowledged.labels["silence"], "s1");

    server.reset().await;
    lists(&server, &[listed("HighCPU", &[]), listed("Other", &[])]).await;
    let freed = {
        let _silences = silences("expired").expect(1).mount_as_scoped(&server).await;
        polled(&source, held.cursor.as_ref()).await
    };
    let triggered = incident(&freed.snapshots[0]);
    assert_eq!(triggered.status, IncidentStatus::Triggered);
    assert!(triggered.updated_at > acknowledged.updated_at, "or the acknowledgement would win");
    assert!(triggered.holders.is_empty() && !triggered.labels.contains_key("silence"));

    // No silences are mounted any more: to ask for them would fail.
    let after = polled(&source, freed.cursor.as_ref()).await;
    assert_eq!(after.snapshots, freed.snapshots);
}

#[tokio::test]
async fn the_filter_holds_for_polls_and_webhooks_alike() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/alerts"))
        .and(query_param("filter", r#"alertname!~"Small.*""#))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .expect(1)
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.filter = vec![r#"alertname!~"Small.*""#.parse().unwrap()];
    let source = connect(&config, &[("webhook_secret", "hush")]).source.unwrap();
    assert!(polled(&source, None).await.snapshots.is_empty());
    let body = webhook(&[told("SmallDisk", "firing"), told("HighCPU", "firing")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let names: Vec<_> = received.snapshots.iter().map(|item| item.key.id.as_str()).collect();
    assert_eq!(names, ["f-HighCPU"]);
}

#[tokio::test]
async fn an_inhibited_alert_is_held_by_the_one_it_follows_from() {
    let server = MockServer::start().await;
    let mut small = listed("Small", &[]);
    small["status"] =
        json!({ "inhibitedBy": ["f-Big", "f-unlisted"], "silencedBy": [], "state": "suppressed" });
    lists(&server, &[listed("Big", &[]), small]).await;
    let batch = polled(&source(&server.uri()), None).await;
    assert_eq!(incident(&batch.snapshots[0]).status, IncidentStatus::Triggered);
    let small = incident(&batch.snapshots[1]);
    assert_eq!(small.status, IncidentStatus::Acknowledged);
    assert_eq!(small.holders, ["alert Big", "another alert"]);
    assert_eq!(small.labels["inhibited-by"], "f-Big,f-unlisted");
}

fn bearer(secret: &str) -> ::http::HeaderMap {
    authorization(&format!("Bearer {secret}"))
}

fn authorization(value: &str) -> ::http::HeaderMap {
    ::http::HeaderMap::from_iter([(::http::header::AUTHORIZATION, value.parse().unwrap())])
}

#[test]
fn a_webhook_proves_who_sent_it() {
    let source = source("http://alerts.invalid");
    let body = webhook(&[]).to_string();
    let cases = [
        (bearer("hush"), true),
        (authorization("bearer hush"), true),
        (authorization("Bearer  hush "), true),
        (bearer("hushh"), false),
        (bearer("hus"), false),
        (bearer(""), false),
        (authorization("Basic aHVzaA=="), false),
        (authorization("hush"), false),
        (::http::HeaderMap::new(), false),
    ];
    for (headers, expected) in cases {
        let got = source.hook().unwrap().receive(&headers, body.as_bytes(), now());
        match got {
            Ok(_) => assert!(expected, "{headers:?}"),
            Err(HookError::Unsigned(why)) => assert!(!expected && !why.contains("hush"), "{headers:?} {why}"),
            Err(other) => panic!("{headers:?} {other}"),
        }
    }
    for secrets in [&[][..], &[("webhook_secret", "")]] {
        let source = connect(&config("http://alerts.invalid"), secrets).source.unwrap();
        let got = source.hook().unwrap().receive(&bearer(""), body.as_bytes(), now());
        assert!(matches!(got, Err(HookError::Unsigned(_))), "nothing is taken without a secret");
    }
}

#[test]
fn a_body_that_is_no_webhook_is_refused_with_the_place() {
    let source = source("http://alerts.invalid");
    let mut anonymous = told("HighCPU", "firing");
    anonymous["fingerprint"] = json!(" ");
    let mut old = webhook(&[]);
    old["version"] = json!("3");
    let cases = [
        ("".to_owned(), "EOF"),
        ("[]".to_owned(), "not a webhook"),
        ("{\"version\":\"4\"}".to_owned(), "missing field `alerts`"),
        (webhook(&[json!({})]).to_string(), "missing field `status`"),
        (webhook(&[told("HighCPU", "burning")]).to_string(), "unknown variant"),
        (webhook(&[anonymous]).to_string(), "no fingerprint"),
        (old.to_string(), "expected version 4"),
    ];
    for (body, expected) in cases {
        match source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()) {
            Err(HookError::Malformed(why)) => assert!(why.contains(expected), "{body}: {why}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn what_an_alert_says_is_cleaned_and_bounded() {
    let source = source("http://alerts.invalid/am");
    let mut alert = told("HighCPU", "firing");
    alert["annotations"] = json!({ "description": "x".repeat(100_000) });
    alert["generatorURL"] = json!("javascript:alert(1)");
    alert["labels"] =
        json!({ "alertname": "A\u{1b}[31m\nB", "instance": "w".repeat(5_000), "silence": "mine" });
    for n in 0..200 {
        alert["labels"][format!("l{n}")] = json!("v");
    }
    let body = webhook(&[alert]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let item = &received.snapshots[0];
    let incident = incident(item);
    assert!(item.title.starts_with("A B on www") && item.title.chars().count() == 200, "{}", item.title);
    assert_eq!(incident.description.as_ref().unwrap().chars().count(), 2_000);
    assert!(
        incident.labels.len() <= 50 && incident.labels.values().all(|value| value.chars().count() <= 300)
    );
    assert!(item.url.is_none(), "a link of more than 2 kB is left out");

    let mut alert = told("HighCPU", "firing");
    alert["generatorURL"] = json!("");
    let body = webhook(&[alert]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!(
        received.snapshots[0].url.as_ref().unwrap().as_str(),
        "http://alerts.invalid/am/#/alerts?silenced=true&inhibited=true&active=true\
         &filter=%7Balertname%3D%22HighCPU%22%2Cinstance%3D%22web1%22%7D"
    );
}

struct Quietly;

impl Progress for Quietly {
    fn say(&self, _: &str) {}
    fn output(&self, _: &str) {}
}

/// The command and its arguments, on an alert that was told of by webhook.
fn action(url: &str, name: &str, values: &[(&str, &str)], silence: Option<&str>) -> (Arc<dyn Action>, Args) {
    let connection = connect(&config(url), &[("webhook_secret", "hush")]);
    let body = webhook(&[told("HighCPU", "firing")]).to_string();
    let source = connection.source.unwrap();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let mut item = received.snapshots.into_iter().next().unwrap();
    if let (Some(ids), Detail::Incident(incident)) = (silence, &mut item.detail) {
        incident.labels.insert("silence".to_owned(), ids.to_owned());
    }
    let mut args = contract::args(values);
    args.values.insert("alert".to_owned(), item.key.id.clone());
    args.items.insert("alert".to_owned(), item);
    let action = connection.actions.into_iter().find(|action| action.spec().name == name).unwrap();
    (action, args)
}

fn wanted() -> Value {
    let matcher =
        |name: &str, value: &str| json!({ "name": name, "value": value, "isRegex": false, "isEqual": true });
    json!({
        "matchers": [
            matcher("alertname", "HighCPU"), matcher("instance", "web1"), matcher("service", "web"),
            matcher("severity", "page"),
        ],
        "startsAt": "2026-11-22T21:00:00Z", "endsAt": "2026-11-22T21:30:00Z",
        "createdBy": "ana", "comment": "restarting it",
    })
}

const THIRTY: &[(&str, &str)] = &[("duration", "30m"), ("comment", "restarting it")];

#[tokio::test]
async fn a_silence_is_made_as_previewed() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/v2/silences"))
        .and(body_json(wanted()))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "silenceID": "s1" })))
        .expect(1)
        .mount(&server)
        .await;
    let (silence, args) = action(&server.uri(), "silence", THIRTY, Some("an-older-one"));
    let steps = silence.preview(&args, now()).unwrap();
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].what, "Silence CPU of web1 is high for 30m");
    let (request, body) = steps[0].exactly.split_once('\n').unwrap();
    assert_eq!(request, format!("POST {}/api/v2/silences", server.uri()));
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), wanted());

    let outcome = silence.run(&args, now(), &Quietly).await.unwrap();
    assert!(outcome.ok);
    assert_eq!(outcome.summary, "CPU of web1 is high is silenced for 30m");
    assert_eq!(outcome.link.unwrap().as_str(), format!("{}/#/silences/s1", server.uri()));
}

#[tokio::test]
async fn a_silence_whose_answer_was_lost_is_looked_for() {
    let mut made = wanted();
    for (key, value) in [
        ("id", json!("s1")),
        ("status", json!({ "state": "active" })),
        ("startsAt", json!("2026-11-22T21:00:00.612Z")),
        ("endsAt", json!("2026-11-22T21:30:00.000Z")),
        ("updatedAt", json!("2026-11-22T21:00:00.612Z")),
    ] {
        made[key] = value;
    }
    made["matchers"].as_array_mut().unwrap().reverse();
    let mut by_another = made.clone();
    by_another["createdBy"] = json!("bob");
    for (listed, found) in [(json!([by_another, made]), true), (json!([by_another]), false)] {
        let server = MockServer::start().await;
        let broken = ResponseTemplate::new(502);
        Mock::given(method("POST")).respond_with(broken).expect(1).mount(&server).await;
        let answer = ResponseTemplate::new(200).set_body_json(&listed);
        Mock::given(method("GET")).and(path("/api/v2/silences")).respond_with(answer).mount(&server).await;
        let (silence, args) = action(&server.uri(), "silence", THIRTY, None);
        match silence.run(&args, now(), &Quietly).await {
            Ok(outcome) => assert!(found && outcome.data.unwrap()["silence"] == "s1"),
            Err(error) => assert!(!found && matches!(error, ServiceError::Unknown { .. }), "{error:?}"),
        }
    }
}

#[test]
fn what_cannot_be_silenced_is_refused_before_anything_is_sent() {
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[("duration", "0s")], "longer than nothing"),
        (&[("duration", "soon")], "such as 30m"),
        (&[("duration", "99999999d")], "such as 30m"),
    ];
    for (values, expected) in cases {
        let (silence, args) = action("http://alerts.invalid", "silence", values, None);
        let why = silence.preview(&args, now()).unwrap_err().to_string();
        assert!(why.contains(expected), "{values:?}: {why}");
    }
    let (silence, mut args) = action("http://alerts.invalid", "silence", &[], None);
    let item = args.items.remove("alert").unwrap();
    assert!(silence.preview(&args, now()).unwrap_err().to_string().contains("on the board"));
    args.values.clear();
    assert!(matches!(silence.preview(&args, now()), Err(ArgError::Missing { .. })));

    let mut elsewhere = item.clone();
    elsewhere.key.account = "other".into();
    args.items.insert("alert".to_owned(), elsewhere);
    assert!(silence.preview(&args, now()).unwrap_err().to_string().contains("an alert of alerts"));

    // Labels that are not known whole would make a broader silence than the one shown.
    let mut alert = told("HighCPU", "firing");
    alert["labels"]["long"] = json!("x".repeat(500));
    let source = source("http://alerts.invalid");
    let body = webhook(&[alert]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    args.items.insert("alert".to_owned(), received.snapshots[0].clone());
    assert!(silence.preview(&args, now()).unwrap_err().to_string().contains("known whole"));

    let (unsilence, args) = action("http://alerts.invalid", "unsilence", &[], None);
    assert!(unsilence.preview(&args, now()).unwrap_err().to_string().contains("a silenced alert"));
}

#[tokio::test]
async fn unsilence_ends_what_still_holds() {
    let server = MockServer::start().await;
    let silences = [silence("s2", "expired"), silence("other", "active"), silence("s1", "active")];
    let answer = ResponseTemplate::new(200).set_body_json(silences);
    Mock::given(method("GET")).and(path("/api/v2/silences")).respond_with(answer).mount(&server).await;
    Mock::given(method("DELETE"))
        .and(path("/api/v2/silence/s1"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1,s2,s3"));
    let steps = unsilence.preview(&args, now()).unwrap();
    assert_eq!(steps.len(), 6);
    assert_eq!(steps[1].exactly, format!("{} {}/api/v2/silence/s1", Method::DELETE, server.uri()));
    let outcome = unsilence.run(&args, now(), &Quietly).await.unwrap();
    assert!(outcome.ok);
    let text = format!("{:?}", outcome.blocks);
    assert!(text.contains("alertname=") && text.contains("by bob: restarting"), "{text}");
}

#[tokio::test]
async fn what_became_of_an_unsilence_is_never_guessed() {
    let deleted = |status: u16| Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(status));
    let found = |state: &str| {
        let silences = [silence("s1", state), silence("s2", state)];
        let answer = ResponseTemplate::new(200).set_body_json(silences);
        Mock::given(method("GET")).respond_with(answer)
    };

    // The answer is lost, and the silence is over: it happened.
    let server = MockServer::start().await;
    found("active").up_to_n_times(1).mount(&server).await;
    found("expired").mount(&server).await;
    deleted(502).mount(&server).await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1"));
    assert!(unsilence.run(&args, now(), &Quietly).await.unwrap().ok);

    // The answer is lost, and it still holds.
    let server = MockServer::start().await;
    found("active").mount(&server).await;
    deleted(502).mount(&server).await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1"));
    let error = unsilence.run(&args, now(), &Quietly).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unknown { .. }), "{error:?}");

    // One is ended, the next is refused: neither "nothing happened" nor "done".
    let server = MockServer::start().await;
    found("active").mount(&server).await;
    deleted(200).up_to_n_times(1).mount(&server).await;
    deleted(403).mount(&server).await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1,s2"));
    let outcome = unsilence.run(&args, now(), &Quietly).await.unwrap();
    assert!(!outcome.ok && outcome.summary.contains("ended 1 of 2"), "{outcome:?}");
}

#[tokio::test]
async fn it_says_what_it_is_talking_to() {
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
fn a_password_wants_a_user() {
    let mut config = config("http://alerts.invalid");
    config.user = None;
    let secrets = [("password".to_owned(), SecretString::from("pass"))].into();
    let access = Access { account: "alerts".into(), client: Client::new().unwrap(), secrets };
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
        connect: |url| config(url).connect(contract::access(&["password", "webhook_secret"])).unwrap(),
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
    }
    .check()
    .await;
}

#[test]
fn its_commands_say_what_they_mean() {
    let connection = connect(&config("http://alerts.invalid"), &[]);
    let problems =
        callboard_domain::command::check_all(connection.actions.iter().map(|action| action.spec()));
    assert!(problems.is_empty(), "{problems:?}");
}

#[test]
fn no_body_makes_it_panic() {
    let source = source("http://alerts.invalid");
    let hook = source.hook().unwrap();
    proptest::proptest!(|(body: Vec<u8>, name: String, value: String)| {
        let _ = hook.receive(&bearer("hush"), &body, now());
        let mut alert = told("HighCPU", "firing");
        alert["labels"][&name] = json!(value);
        alert["annotations"]["summary"] = json!(value);
        let body = webhook(&[alert]).to_string();
        proptest::prop_assert!(hook.receive(&bearer("hush"), body.as_bytes(), now()).is_ok());
    });
}
