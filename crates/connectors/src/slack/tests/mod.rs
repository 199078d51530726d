//! Slack as its documentation describes it, over real HTTP.

mod chat;
mod webhook;

use callboard_domain::{
    chat::{ChatService, DeliveryKey, Limits, Posted},
    error::ServiceError,
    message::{Block, Message, Tone},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::{
    Match, Mock, MockServer, Request, ResponseTemplate,
    matchers::{body_partial_json, body_string_contains, header, method, path},
};

use super::*;
use crate::{
    contract::{self, SECRET, Subject, access_with},
    http::Client,
};

fn connect(server: &MockServer, secrets: &[(&str, &str)]) -> Result<Connection, ConnectError> {
    let secrets =
        secrets.iter().map(|(name, value)| ((*name).to_owned(), SecretString::from(*value))).collect();
    let client = Client::new().unwrap().with_clock(contract::now);
    let access = Access { account: "chat".into(), client, secrets, person: None };
    Config { url: format!("{}/api", server.uri()).parse().unwrap(), allow_http: false }.connect(access)
}

fn chat(server: &MockServer) -> Arc<dyn ChatService> {
    connect(server, &[("token", "xoxb-1")]).unwrap().chat.unwrap()
}

fn message() -> Message {
    Message::new(Tone::Good, "api 1.42 is on staging").with_block(Block::Code("done".to_owned()))
}

fn key() -> DeliveryKey {
    DeliveryKey("k1".to_owned())
}

fn since() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

/// A call of a method answers that.
fn on(name: &str, answer: Value) -> Mock {
    on_call(name).respond_with(ResponseTemplate::new(200).set_body_json(answer))
}

fn on_call(name: &str) -> wiremock::MockBuilder {
    Mock::given(method("POST"))
        .and(path(format!("/api/{name}")))
        .and(header("authorization", "Bearer xoxb-1"))
}

fn me() -> Value {
    json!({ "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "team_id": "T0ACME", "user": "bell", "bot_id": "B1" })
}

fn refused(code: &str) -> Value {
    json!({ "ok": false, "error": code })
}

fn sent() -> Value {
    json!({ "ok": true, "channel": "C0DEPLOYS1", "ts": "1700000001.000200", "message": {} })
}

fn listed(channels: &[(&str, &str)], next: &str) -> Value {
    let channels: Vec<_> = channels.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
    json!({ "ok": true, "channels": channels, "response_metadata": { "next_cursor": next } })
}

/// A history of messages, newest first: their times and the keys in their metadata.
fn history(messages: &[(&str, &str)], next: &str) -> Value {
    let messages: Vec<_> = messages
        .iter()
        .map(|(ts, key)| {
            let metadata = json!({ "event_type": "callboard_delivery", "event_payload": { "key": key } });
            json!({ "type": "message", "ts": ts, "text": "x", "metadata": metadata })
        })
        .collect();
    json!({ "ok": true, "messages": messages, "response_metadata": { "next_cursor": next } })
}

#[tokio::test]
async fn identity_has_the_missing_scopes() {
    let cases = [
        (
            Some("chat:write,chat:write.public,channels:read,groups:read,channels:history,groups:history"),
            true,
            vec![],
        ),
        (
            Some("chat:write, channels:read"),
            true,
            vec!["groups:read", "channels:history", "groups:history", "chat:write.public"],
        ),
        (Some("chat:write,channels:read,groups:read,channels:history,groups:history"), false, vec![]),
        (
            Some(""),
            false,
            vec!["chat:write", "channels:read", "groups:read", "channels:history", "groups:history"],
        ),
        (None, true, vec![]),
    ];
    for (scopes, bot, expected) in cases {
        let server = MockServer::start().await;
        let mut who = me();
        if !bot {
            who.as_object_mut().unwrap().remove("bot_id");
        }
        let mut answer = ResponseTemplate::new(200).set_body_json(who);
        if let Some(scopes) = scopes {
            answer = answer.insert_header("x-oauth-scopes", scopes);
        }
        on_call("auth.test").respond_with(answer).mount(&server).await;
        let identity = connect(&server, &[("token", "xoxb-1")]).unwrap().identify.identify().await.unwrap();
        assert_eq!((identity.login.as_str(), identity.server.as_deref()), ("bell", Some("Slack, Acme")));
        assert_eq!(identity.tenant.as_deref(), Some("T0ACME"));
        let missing: Vec<_> = identity.missing_scopes.iter().map(|scope| scope.scope.as_str()).collect();
        assert_eq!(missing, expected, "{scopes:?}");
    }
}

#[tokio::test]
async fn secrets_are_checked_before_they_are_used() {
    let server = MockServer::start().await;
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let cases: [Case<'_>; 9] = [
        (&[], Some("token or webhook_url must be set")),
        (&[("token", "")], Some("token or webhook_url must be set")),
        (&[("token", "xapp-1-hush")], Some("app-level token")),
        (&[("token", "https://hooks.slack.com/services/hush")], Some("webhook_url")),
        (&[("token", "xoxb hush")], Some("white space")),
        (&[("webhook_url", "hush")], Some("expected a URL")),
        (&[("webhook_url", "http://hooks.slack.com/services/hush")], Some("in the clear")),
        (&[("webhook_url", "https://hooks.slack.com/services/hush")], None),
        (&[("token", "xoxb-hush"), ("webhook_url", "hush")], None),
    ];
    for (secrets, expected) in cases {
        match (connect(&server, secrets), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(words)) => {
                let why = error.to_string();
                assert!(why.contains(words) && !why.contains("hush"), "{why}");
            }
            (got, _) => panic!("{secrets:?}: {:?}", got.err()),
        }
    }
}

#[test]
fn address_has_a_default() {
    let config: Config = toml::from_str("").unwrap();
    assert_eq!(config.url.to_string(), "https://slack.com/api");
    assert!(toml::from_str::<Config>("channel = \"#deploys\"").is_err());
}

fn config_at(url: &str) -> Config {
    Config { url: format!("{url}/api").parse().unwrap(), allow_http: false }
}

/// All that is posted, as a reader of the blocks sees it.
fn posted_text(request: &Request) -> Option<String> {
    fn seen(value: &Value) -> String {
        match value {
            Value::Array(all) => all.iter().map(seen).collect(),
            Value::Object(one) => {
                let own = one.get("text").and_then(Value::as_str).unwrap_or_default();
                own.to_owned() + &one.get("elements").map(seen).unwrap_or_default()
            }
            _ => String::new(),
        }
    }
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("blocks").map(seen)
}

#[tokio::test]
async fn keeps_the_contract() {
    Subject {
        connect: |url, client| {
            config_at(url).connect(Access { client, ..contract::access(&["token"]) }).unwrap()
        },
        service: || {
            let good = |name: &str, answer: Value| {
                let answer = ResponseTemplate::new(200).set_body_json(answer);
                Mock::given(path(format!("/api/{name}"))).respond_with(answer)
            };
            vec![
                good("auth.test", me()),
                good("chat.postMessage", sent()),
                good("chat.update", sent()),
                good("conversations.list", listed(&[("C0DEPLOYS1", "deploys")], "")),
                good("conversations.history", history(&[("1795348800.1", "delivery-1")], "")),
            ]
        },
        writes: |request| request.url.path().contains("/chat."),
        runs: Vec::new(),
        chat: Some(("#deploys", posted_text)),
        hooks: None,
        choices: Vec::new(),
    }
    .check()
    .await;
}
