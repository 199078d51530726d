use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

use super::*;
use crate::contract::{SECRET, Subject, USER, access};

fn config(url: &str, more: &serde_json::Value) -> Config {
    let mut table = json!({ "url": url });
    table.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(table).unwrap()
}

#[test]
fn invalid_config_is_refused() {
    let cases = [
        (json!({}), None),
        (json!({ "user": "ana" }), None),
        (json!({ "header": "X-Api-Key", "check": "/v1/health" }), None),
        (json!({ "header": "Authorization" }), None),
        (json!({ "user": "a:b" }), Some("user")),
        (json!({ "header": "X Api Key" }), Some("header")),
        (json!({ "header": "Cookie" }), Some("header")),
        (json!({ "header": "X-Api-Key", "user": "ana" }), Some("header")),
        (json!({ "check": "health" }), Some("check")),
        (json!({ "check": "/a/../b" }), Some("check")),
        (json!({ "check": "/health?x=1" }), Some("check")),
    ];
    for (table, expected) in cases {
        let problems = config("https://x.example", &table).validate();
        assert_eq!(problems.first().map(|problem| problem.key), expected, "{table} {problems:?}");
    }
}

#[test]
fn keys_and_secrets_go_together() {
    let cases: [(serde_json::Value, &[&str], bool); 8] = [
        (json!({}), &[], true),
        (json!({}), &["token"], true),
        (json!({}), &["password"], false),
        (json!({ "user": USER }), &["password"], true),
        (json!({ "user": USER }), &[], false),
        (json!({ "user": USER }), &["token"], false),
        (json!({ "header": "X-Api-Key" }), &["token"], true),
        (json!({ "header": "X-Api-Key" }), &[], false),
    ];
    for (table, secrets, expected) in cases {
        let connected = config("https://x.example", &table).connect(access(secrets));
        assert_eq!(connected.is_ok(), expected, "{table} {secrets:?}");
    }
}

#[tokio::test]
async fn requests_carry_the_credential_in_its_place() {
    let basic = format!(
        "Basic {}",
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{USER}:{SECRET}"))
    );
    let cases = [
        (json!({}), "token", "authorization", format!("Bearer {SECRET}")),
        (json!({ "user": USER }), "password", "authorization", basic),
        (json!({ "header": "X-Api-Key" }), "token", "x-api-key", SECRET.to_owned()),
    ];
    for (mut table, secret, name, value) in cases {
        let server = MockServer::start().await;
        Mock::given(method("GET"))
            .and(path("/base/health"))
            .and(header(name, value.as_str()))
            .respond_with(ResponseTemplate::new(200).set_body_string("fine"))
            .expect(1)
            .mount(&server)
            .await;
        table["check"] = "/health".into();
        let connection =
            config(&format!("{}/base", server.uri()), &table).connect(access(&[secret])).unwrap();
        let identity = connection.identify.identify().await.unwrap();
        let host = server.uri().trim_start_matches("http://").to_owned();
        assert_eq!(identity.server, Some(host));
    }
}

#[tokio::test]
async fn without_a_check_url_nothing_is_sent() {
    let server = MockServer::start().await;
    let connection = config(&server.uri(), &json!({})).connect(access(&["token"])).unwrap();
    assert_eq!(connection.identify.identify().await.unwrap().login, "");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn keeps_the_contract() {
    Subject {
        connect: |url, client| {
            config(url, &json!({ "header": "X-Api-Key", "check": "/health" }))
                .connect(Access { client, ..access(&["token"]) })
                .unwrap()
        },
        service: || vec![Mock::given(path("/health")).respond_with(ResponseTemplate::new(200))],
        writes: |_| false,
        runs: Vec::new(),
        chat: None,
        hooks: None,
        choices: Vec::new(),
    }
    .check()
    .await;
}
