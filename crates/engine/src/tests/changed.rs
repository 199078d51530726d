//! What a run has changed, and what the services have changed meanwhile: neither is denied by what is stored.

use callboard_domain::run::RunState;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

use super::*;
use crate::api::{FollowRun, PlanQuery, ReadLine, StartRun};

const ID: &str = "f-1";
const SILENCE: &str = "silence f-1 1h why not";
const FAR: &str = "2100-01-01T00:00:00Z";

/// A time before any clock that this runs by.
fn past(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

/// A service with one alert, which these silences hold.
pub(super) async fn lists(server: &MockServer, silences: &[&str]) {
    let state = if silences.is_empty() { "active" } else { "suppressed" };
    let alert = json!({
        "annotations": { "summary": "Disk is full" }, "fingerprint": ID, "receivers": [{ "name": "team" }],
        "startsAt": past(0), "endsAt": FAR, "updatedAt": past(1),
        "status": { "inhibitedBy": [], "silencedBy": silences, "state": state },
        "labels": { "alertname": "DiskFull", "severity": "critical" },
    });
    let silence = |id: &&str| {
        json!({
            "id": id, "status": { "state": "active" }, "createdBy": "kim", "comment": "why not", "matchers": [],
            "startsAt": past(1), "updatedAt": past(1), "endsAt": FAR,
        })
    };
    let silences: Vec<Value> = silences.iter().map(silence).collect();
    server.reset().await;
    for (place, answer) in [
        ("/api/v2/status", json!({ "versionInfo": { "version": "0.27.0" } })),
        ("/api/v2/alerts", json!([alert])),
        ("/api/v2/silences", json!(silences)),
    ] {
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        Mock::given(method("GET")).and(path(place)).respond_with(answer).mount(server).await;
    }
    let created = ResponseTemplate::new(200).set_body_json(json!({ "silenceID": "s1" }));
    Mock::given(method("POST")).and(path("/api/v2/silences")).respond_with(created).mount(server).await;
}

/// An engine for one command, whose account was last read long ago, when the alert fired and nothing held it.
async fn scene(server: &MockServer) -> Scene {
    let config = format!("[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\n", server.uri());
    let it = Scene::open(&config, Mode::Once, &[]).await;
    let mut alert = incident(ID, IncidentStatus::Triggered, 0);
    alert.title = "Disk is full".into();
    let Detail::Incident(incident) = &mut alert.detail else { unreachable!("it is an incident") };
    (incident.started_at, incident.updated_at) = (past(0), past(0));
    incident.labels = [("alertname", "DiskFull"), ("severity", "critical")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    it.engine.store().watch(&"pager".into(), Timestamp::UNIX_EPOCH).await.unwrap();
    let batch = Batch { snapshots: vec![alert], ..Batch::default() };
    let long_ago = Timestamp::from_second(1_000_000).unwrap();
    let watcher = &it.engine.inner.watcher;
    watcher.ingest(&"pager".into(), batch, Watched::all(), long_ago, Default::default()).await.unwrap();
    it
}

fn line(text: &str) -> PlanQuery {
    PlanQuery { line: text.into(), channel: None, private: true }
}

async fn status(it: &Scene) -> IncidentStatus {
    let key = ItemKey::new(&"pager".into(), Kind::Incident, ID);
    match it.engine.store().item(&key).await.unwrap().unwrap().item.detail {
        Detail::Incident(incident) => incident.status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn service_is_asked_before_anything_is_denied() {
    let server = MockServer::start().await;
    // the silences by now -> what is answered to who ends them
    let cases: [(&[&str], Option<&str>); 2] = [(&["s1"], None), (&[], Some("there is no silence to end"))];
    for (silences, expected) in cases {
        let it = scene(&server).await;
        lists(&server, silences).await;
        let prepared = it.call(line("unsilence f-1")).await;
        match (prepared, expected) {
            (Ok(plan), None) => assert!(plan.steps[1].request.contains("/silence/s1"), "{plan:?}"),
            (Err(error), Some(why)) => {
                let error = error.to_string();
                assert!(error.contains(why) && !error.contains("as far as is known"), "{error}");
            }
            (found, _) => panic!("{silences:?}: {found:?}"),
        }
        it.engine.stop().await;
    }
    // A service that cannot be asked leaves open whether it is so.
    let it = scene(&server).await;
    server.reset().await;
    let error = it.call(line("unsilence f-1")).await.unwrap_err().to_string();
    assert!(error.contains("as far as is known: pager could not be read just now"), "{error}");
    it.engine.stop().await;
}

#[tokio::test]
async fn alert_goes_by_its_name_also_in_a_line_that_is_refused() {
    let server = MockServer::start().await;
    let it = scene(&server).await;
    lists(&server, &[]).await;
    assert!(it.call(line("unsilence f-1")).await.is_err());
    let key = ItemKey::new(&"pager".into(), Kind::Incident, ID);
    let alert = it.engine.store().item(&key).await.unwrap().unwrap().item;
    // a line -> what its alert is called
    let cases = [
        ("unsilence f-1", alert.alert_name()),
        ("unsilence f-1 --account pager", alert.alert_name()),
        ("unsilence pager/incident/f-1", alert.alert_name()),
        // What is not named in full is as a person typed it.
        ("unsilence disk", None),
        ("unsilence f-2", None),
        ("unsilence", None),
    ];
    for (typed, expected) in cases {
        let read = it.call(ReadLine { line: typed.into() }).await.unwrap();
        assert_eq!(read.names.get("alert").cloned(), expected, "{typed}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn command_ends_once_what_it_has_changed_is_read() {
    let server = MockServer::start().await;
    lists(&server, &[]).await;
    let it = scene(&server).await;
    let plan = it.call(line(SILENCE)).await.unwrap();
    lists(&server, &["s1"]).await;
    let start = StartRun { what: line(SILENCE), fingerprint: Some(plan.fingerprint), ..StartRun::default() };
    let run = it.call(start).await.unwrap();
    // The account names no user: it acts as the person at this computer.
    let person = it.engine.owner().to_string();
    let state = async || {
        let follow = FollowRun { id: run.id.clone(), seen: 0, status: "x".into() };
        it.call(follow).await.unwrap().run.state
    };
    until("the run ends", async || state().await.is_final()).await;
    assert!(matches!(state().await, RunState::Done { outcome } if outcome.ok));
    assert_eq!(status(&it).await, IncidentStatus::Triggered, "nothing polls by itself");
    let sent = server.received_requests().await.unwrap();
    let made = sent.iter().find(|request| request.method.as_str() == "POST").unwrap();
    assert_eq!(made.body_json::<Value>().unwrap()["createdBy"], person.as_str());

    it.engine.inner.runner.runs().ended().await;
    it.engine.read_changed_accounts().await;
    assert_eq!(status(&it).await, IncidentStatus::Acknowledged);
    let me = it.engine.store().acts_as(&"pager".into()).await.unwrap();
    assert_eq!(me.login, person);
    let reads = server.received_requests().await.unwrap().len();
    it.engine.read_changed_accounts().await;
    assert_eq!(server.received_requests().await.unwrap().len(), reads, "it is read once");
    it.engine.stop().await;
}
