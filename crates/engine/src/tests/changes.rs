//! What a command has changed is on the board soon, however seldom its account is polled.

use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path},
};

use super::*;
use crate::api::{ItemQuery, PlanQuery, StartRun};

const SILENCE: &str = "/api/v2/silences";

/// A service that lists one alert, held once somebody has asked for it. An account of it is polled once an hour.
async fn service() -> (MockServer, String) {
    let server = MockServer::start().await;
    let held = Arc::new(Mutex::new(None::<serde_json::Value>));
    let good = |body: serde_json::Value| ResponseTemplate::new(200).set_body_json(body);
    let asked = Arc::clone(&held);
    let take = move |request: &Request| {
        let mut silence: serde_json::Value = request.body_json().unwrap();
        silence["id"] = json!("s1");
        silence["status"] = json!({ "state": "active" });
        silence["updatedAt"] = silence["startsAt"].clone();
        *asked.lock().unwrap() = Some(silence);
        ResponseTemplate::new(200).set_body_json(json!({ "silenceID": "s1" }))
    };
    Mock::given(method("POST")).and(path(SILENCE)).respond_with(take).mount(&server).await;
    let known = Arc::clone(&held);
    let silences = move |_: &Request| good(json!(known.lock().unwrap().iter().collect::<Vec<_>>()));
    Mock::given(method("GET")).and(path(SILENCE)).respond_with(silences).mount(&server).await;
    let alerts = move |_: &Request| {
        let by = if held.lock().unwrap().is_some() { vec!["s1"] } else { Vec::new() };
        good(json!([{
            "fingerprint": "f1", "startsAt": "2026-11-22T08:00:00Z", "updatedAt": "2026-11-22T08:00:00Z",
            "endsAt": "2036-11-22T08:00:00Z", "annotations": {}, "receivers": [], "generatorURL": "",
            "labels": { "alertname": "DiskFull" }, "status": { "state": "active", "silencedBy": by, "inhibitedBy": [] },
        }]))
    };
    Mock::given(method("GET")).and(path("/api/v2/alerts")).respond_with(alerts).mount(&server).await;
    let version = good(json!({ "versionInfo": { "version": "0.28.1" } }));
    Mock::given(method("GET")).and(path("/api/v2/status")).respond_with(version).mount(&server).await;
    let config = format!(
        "[accounts.alerts]\nservice = \"alertmanager\"\nurl = \"{}\"\nuser = \"ana\"\nevery = \"1h\"\n",
        server.uri()
    );
    (server, config)
}

#[tokio::test]
async fn account_is_polled_again_once_a_command_has_changed_something() {
    let (_server, config) = service().await;
    let it = Scene::open(&config, Mode::Serve, &[]).await;
    let query = || ItemQuery::of("alerts/incident/f1");
    let status = async || it.call(query()).await.ok().map(|found| found.item.status());
    until("the alert is seen", async || status().await == Some("triggered")).await;
    let what = PlanQuery { line: "silence DiskFull".into(), channel: None, private: true };
    it.call(StartRun { what, ..StartRun::default() }).await.unwrap();
    until("it is seen to be held", async || status().await == Some("acknowledged")).await;
    it.engine.stop().await;
}
