//! Slack as its documentation says it answers, over real HTTP.

use callboard_domain::{
    chat::{ChatService, DeliveryKey, Posted},
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
    let access = Access { account: "chat".into(), client: Client::new().unwrap(), secrets };
    Config { url: format!("{}/api", server.uri()).parse().unwrap() }.connect(access)
}

fn chat(server: &MockServer) -> Arc<dyn ChatService> {
    connect(server, &[("token", "xoxb-1")]).unwrap().chat.unwrap()
}

fn message() -> Message {
    Message::new(Tone::Good, "api 1.42 is on staging").with(Block::Code("done".to_owned()))
}

fn key() -> DeliveryKey {
    DeliveryKey("k1".to_owned())
}

fn since() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn posted(id: &str) -> Posted {
    Posted { channel: "C0DEPLOYS1".to_owned(), id: id.to_owned(), link: None }
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
    json!({ "ok": true, "url": "https://acme.slack.com/", "team": "Acme", "user": "bell", "bot_id": "B1" })
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

/// What Slack says of messages, newest first: their times and the keys in their metadata.
fn told(messages: &[(&str, &str)], next: &str) -> Value {
    let messages: Vec<_> = messages
        .iter()
        .map(|(ts, key)| {
            let metadata = json!({ "event_type": "callboard_delivery", "event_payload": { "key": key } });
            json!({ "type": "message", "ts": ts, "text": "x", "metadata": metadata })
        })
        .collect();
    json!({ "ok": true, "messages": messages, "response_metadata": { "next_cursor": next } })
}

/// The form field is absent.
struct Without(&'static str);

impl Match for Without {
    fn matches(&self, request: &Request) -> bool {
        !String::from_utf8_lossy(&request.body).contains(self.0)
    }
}

#[tokio::test]
async fn a_message_is_posted_once_with_its_key() {
    let server = MockServer::start().await;
    let expected = json!({
        "channel": "deploys", "parse": "none", "link_names": false, "unfurl_links": false, "unfurl_media": false,
        "text": "✓ api 1.42 is on staging\ndone",
        "metadata": { "event_type": "callboard_delivery", "event_payload": { "key": "k1" } },
    });
    on_call("chat.postMessage")
        .and(body_partial_json(expected))
        .and(header("content-type", "application/json; charset=utf-8"))
        .and(Without("thread_ts"))
        .respond_with(ResponseTemplate::new(200).set_body_json(sent()))
        .expect(1)
        .mount(&server)
        .await;
    // Its name stands for its id from now on.
    on_call("chat.postMessage")
        .and(body_partial_json(json!({ "channel": "C0DEPLOYS1" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(sent()))
        .expect(1)
        .mount(&server)
        .await;
    on("auth.test", me()).expect(1).mount(&server).await;
    let chat = chat(&server);
    let posted = chat.post("#deploys", &message(), &key()).await.unwrap();
    assert_eq!((posted.channel.as_str(), posted.id.as_str()), ("C0DEPLOYS1", "1700000001.000200"));
    assert_eq!(posted.link.unwrap(), "https://acme.slack.com/archives/C0DEPLOYS1/p1700000001000200");
    chat.post("deploys", &message(), &key()).await.unwrap();
}

#[tokio::test]
async fn a_message_is_edited_and_answered() {
    let server = MockServer::start().await;
    on("auth.test", me()).mount(&server).await;
    on_call("chat.update")
        .and(body_partial_json(
            json!({ "channel": "C0DEPLOYS1", "ts": "1.1", "parse": "none", "link_names": false }),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(sent()))
        .expect(1)
        .mount(&server)
        .await;
    on_call("chat.postMessage")
        .and(body_partial_json(json!({ "channel": "C0DEPLOYS1", "thread_ts": "1.1" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(sent()))
        .expect(1)
        .mount(&server)
        .await;
    let chat = chat(&server);
    chat.edit(&posted("1.1"), &message()).await.unwrap();
    let reply = chat.reply(&posted("1.1"), &message(), &key()).await.unwrap();
    let link = reply.link.unwrap();
    assert!(link.ends_with("/p1700000001000200?thread_ts=1.1&cid=C0DEPLOYS1"), "{link}");
}

#[tokio::test]
async fn a_channel_that_is_not_found_by_name_is_looked_up() {
    let server = MockServer::start().await;
    on("auth.test", me()).mount(&server).await;
    on_call("chat.postMessage")
        .and(body_partial_json(json!({ "channel": "plans" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(refused("channel_not_found")))
        .expect(1)
        .mount(&server)
        .await;
    on_call("conversations.list")
        .and(body_string_contains("private_channel"))
        .and(Without("cursor="))
        .respond_with(ResponseTemplate::new(200).set_body_json(listed(&[("C0GENERAL1", "general")], "two")))
        .expect(1)
        .mount(&server)
        .await;
    on_call("conversations.list")
        .and(body_string_contains("cursor=two"))
        .respond_with(ResponseTemplate::new(200).set_body_json(listed(&[("G0PLANS001", "plans")], "")))
        .expect(1)
        .mount(&server)
        .await;
    on_call("chat.postMessage")
        .and(body_partial_json(json!({ "channel": "G0PLANS001" })))
        .respond_with(ResponseTemplate::new(200).set_body_json(sent()))
        .expect(1)
        .mount(&server)
        .await;
    chat(&server).post("#plans", &message(), &key()).await.unwrap();
}

#[tokio::test]
async fn a_channel_that_is_nowhere_is_named_with_what_to_do() {
    let server = MockServer::start().await;
    on("auth.test", me()).mount(&server).await;
    on("chat.postMessage", refused("channel_not_found")).expect(1).mount(&server).await;
    on("conversations.list", listed(&[("C0GENERAL1", "general")], "")).mount(&server).await;
    let error = chat(&server).post("#plans", &message(), &key()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Rejected { .. }));
    let why = error.to_string();
    assert!(why.contains("no channel #plans") && why.contains("/invite @"), "{why}");
}

#[tokio::test]
async fn channels_are_listed_as_far_as_may_be_seen() {
    let server = MockServer::start().await;
    on_call("conversations.list")
        .and(body_string_contains("private_channel"))
        .respond_with(ResponseTemplate::new(200).set_body_json(
            json!({ "ok": false, "error": "missing_scope", "needed": "groups:read", "provided": "channels:read" }),
        ))
        .mount(&server)
        .await;
    let channels = [("C0GENERAL1", "general"), ("C0DEPLOYS1", "deploys"), ("not an id", "odd")];
    on_call("conversations.list")
        .and(Without("private_channel"))
        .respond_with(ResponseTemplate::new(200).set_body_json(listed(&channels, "")))
        .mount(&server)
        .await;
    assert_eq!(chat(&server).channels().await.unwrap(), ["#deploys", "#general"]);
}

#[tokio::test]
async fn a_refusal_is_told_apart_from_a_lost_answer() {
    let cases = [
        (ResponseTemplate::new(200).set_body_json(refused("invalid_auth")), "auth", "set it again"),
        (
            ResponseTemplate::new(200)
                .set_body_json(json!({ "ok": false, "error": "missing_scope", "needed": "chat:write" })),
            "auth",
            "it lacks chat:write",
        ),
        (ResponseTemplate::new(200).set_body_json(refused("not_in_channel")), "rejected", "#deploys"),
        (
            ResponseTemplate::new(200).set_body_json(json!({
                "ok": false, "error": "invalid_blocks",
                "response_metadata": { "messages": ["[ERROR] no more than 50 items"] },
            })),
            "rejected",
            "no more than 50 items",
        ),
        (
            ResponseTemplate::new(429)
                .insert_header("retry-after", "17")
                .set_body_json(refused("ratelimited")),
            "rate_limited",
            "next try in 17 s",
        ),
        (ResponseTemplate::new(429).insert_header("retry-after", "9"), "rate_limited", "next try in 9 s"),
        (ResponseTemplate::new(200).set_body_json(refused("internal_error")), "unknown", "may have happened"),
        (ResponseTemplate::new(500), "unknown", "may have happened"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "unknown", "may have happened"),
        (ResponseTemplate::new(200).set_body_json(json!({ "ok": true })), "unknown", "may have happened"),
    ];
    for (n, (answer, kind, words)) in cases.into_iter().enumerate() {
        let server = MockServer::start().await;
        on_call("chat.postMessage").respond_with(answer).expect(1).mount(&server).await;
        let error = chat(&server).post("#deploys", &message(), &key()).await.unwrap_err();
        assert_eq!(serde_json::to_value(&error).unwrap()["error"], kind, "case {n}: {error}");
        assert!(error.to_string().contains(words), "case {n}: {error}");
        assert!(!error.to_string().contains("xoxb-1"));
    }
}

#[tokio::test]
async fn a_message_is_found_by_its_key() {
    let old = "1600000000.000100";
    // Pages of the channel -> what is found.
    let cases = [
        (vec![told(&[("1700000009.1", "k2"), ("1700000008.1", "k1")], "")], Some("1700000008.1")),
        (
            vec![told(&[("1700000009.1", "k2")], "two"), told(&[("1700000008.1", "k1")], "")],
            Some("1700000008.1"),
        ),
        (vec![told(&[("1700000009.1", "k2")], "")], None),
        (vec![told(&[], "")], None),
        // What is older than the message can be is not read on, though there is more.
        (vec![told(&[("1700000009.1", "k2"), (old, "k0")], "two")], None),
        (vec![json!({ "ok": true, "messages": [{ "ts": "1700000009.1", "text": "no metadata" }] })], None),
        (
            vec![json!({ "ok": true, "messages": [{ "ts": "1700000009.1", "metadata": {
                "event_type": "somebody_elses", "event_payload": { "key": "k1" },
            } }] })],
            None,
        ),
    ];
    for (pages, expected) in cases {
        let server = MockServer::start().await;
        on("auth.test", me()).mount(&server).await;
        for page in &pages {
            on_call("conversations.history")
                .and(body_string_contains("channel=C0DEPLOYS1"))
                .and(body_string_contains("include_all_metadata=true"))
                .and(body_string_contains("oldest=1699999880.000000"))
                .respond_with(ResponseTemplate::new(200).set_body_json(page))
                .up_to_n_times(1)
                .expect(1)
                .mount(&server)
                .await;
        }
        let found = chat(&server).find("C0DEPLOYS1", None, &key(), since()).await.unwrap();
        assert_eq!(found.map(|posted| posted.id).as_deref(), expected, "{pages:?}");
    }
}

#[tokio::test]
async fn a_reply_is_looked_for_in_its_thread() {
    let server = MockServer::start().await;
    on("auth.test", me()).mount(&server).await;
    let old_parent = told(&[("1600000000.1", "k0"), ("1700000002.1", "k1")], "");
    on_call("conversations.replies")
        .and(body_string_contains("ts=1600000000.1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(old_parent))
        .expect(1)
        .mount(&server)
        .await;
    let under = posted("1600000000.1");
    let found = chat(&server).find("#deploys", Some(&under), &key(), since()).await.unwrap().unwrap();
    assert_eq!((found.channel.as_str(), found.id.as_str()), ("C0DEPLOYS1", "1700000002.1"));
}

#[tokio::test]
async fn not_having_looked_at_everything_is_not_having_found_nothing() {
    let server = MockServer::start().await;
    on("conversations.history", told(&[("1700000009.1", "k2")], "on")).expect(10).mount(&server).await;
    let error = chat(&server).find("C0DEPLOYS1", None, &key(), since()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unknown { .. }), "{error:?}");

    let server = MockServer::start().await;
    on("conversations.history", refused("internal_error")).mount(&server).await;
    let error = chat(&server).find("C0DEPLOYS1", None, &key(), since()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unavailable { .. }), "looking changes nothing: {error:?}");
}

#[tokio::test]
async fn a_post_stands_whatever_becomes_of_its_link() {
    let server = MockServer::start().await;
    on("chat.postMessage", sent()).mount(&server).await;
    on("auth.test", refused("internal_error")).expect(1).mount(&server).await;
    let chat = chat(&server);
    for _ in 0..2 {
        assert_eq!(chat.post("#deploys", &message(), &key()).await.unwrap().link, None);
    }
}

#[tokio::test]
async fn the_account_says_who_it_is_and_what_it_lacks() {
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
        let missing: Vec<_> = identity.missing_scopes.iter().map(|scope| scope.scope.as_str()).collect();
        assert_eq!(missing, expected, "{scopes:?}");
    }
}

fn by_webhook(server: &MockServer) -> Connection {
    let url = format!("{}/services/T1/B1/hush", server.uri());
    connect(server, &[("webhook_url", &url)]).unwrap()
}

#[tokio::test]
async fn an_incoming_webhook_posts_and_does_no_more() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/services/T1/B1/hush"))
        .and(body_partial_json(json!({ "parse": "none", "link_names": false })))
        .respond_with(ResponseTemplate::new(200).set_body_string("ok"))
        .expect(1)
        .mount(&server)
        .await;
    let chat = by_webhook(&server).chat.unwrap();
    let posted = chat.post("#deploys", &message(), &key()).await.unwrap();
    assert_eq!((posted.id.as_str(), posted.link.as_deref()), ("", None));
    let limits = chat.limits();
    assert!(!limits.edits && !limits.finds);
    for error in [
        chat.edit(&posted, &message()).await.unwrap_err(),
        chat.reply(&posted, &message(), &key()).await.unwrap_err(),
        chat.find("#deploys", None, &key(), since()).await.unwrap_err(),
    ] {
        assert!(matches!(&error, ServiceError::Rejected { why } if why.contains("bot token")), "{error:?}");
    }
}

#[tokio::test]
async fn an_incoming_webhook_is_tested_without_a_message() {
    let cases = [
        (400, "no_text", None),
        (404, "no_service", Some("make a new one")),
        (403, "action_prohibited", Some("ask an admin")),
        (410, "channel_is_archived", Some("choose another channel")),
        (429, "", Some("wants fewer calls")),
        (500, "rollup_error", Some("out of order")),
        (200, "<html>sign in</html>", Some("something else than Slack")),
        (404, "<html>not here</html>", Some("no such thing")),
    ];
    for (status, body, expected) in cases {
        let server = MockServer::start().await;
        Mock::given(path("/services/T1/B1/hush"))
            .and(wiremock::matchers::body_json(json!({ "text": "" })))
            .respond_with(ResponseTemplate::new(status).set_body_string(body))
            .mount(&server)
            .await;
        match (by_webhook(&server).identify.identify().await, expected) {
            (Ok(identity), None) => assert!(identity.server.is_some()),
            (Err(error), Some(words)) => {
                let why = error.to_string();
                assert!(why.contains(words) && !why.contains("hush"), "{status} {body}: {why}");
            }
            (got, _) => panic!("{status} {body}: {got:?}"),
        }
    }
}

#[tokio::test]
async fn secrets_are_checked_before_they_are_used() {
    let server = MockServer::start().await;
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let cases: [Case<'_>; 9] = [
        (&[], Some("the token is not set")),
        (&[("token", "")], Some("the token is not set")),
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
fn the_address_has_a_default() {
    let config: Config = toml::from_str("").unwrap();
    assert_eq!(config.url.to_string(), "https://slack.com/api");
    assert!(toml::from_str::<Config>("channel = \"#deploys\"").is_err());
}

fn config_at(url: &str) -> Config {
    Config { url: format!("{url}/api").parse().unwrap() }
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
        connect: |url| config_at(url).connect(contract::access(&["token"])).unwrap(),
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
                good("conversations.history", told(&[("1795348800.1", "delivery-1")], "")),
            ]
        },
        writes: |request| request.url.path().contains("/chat."),
        runs: Vec::new(),
        chat: Some(("#deploys", posted_text)),
    }
    .check()
    .await;
}

#[tokio::test]
async fn keeps_the_contract_by_incoming_webhook() {
    Subject {
        connect: |url| {
            let secret = format!("{url}/services/T1/B1/{SECRET}");
            config_at(url).connect(access_with([("webhook_url", secret)])).unwrap()
        },
        service: || {
            let test = |request: &Request| request.body == br#"{"text":""}"#;
            vec![
                Mock::given(test)
                    .respond_with(ResponseTemplate::new(400).set_body_string("no_text"))
                    .with_priority(2),
                Mock::given(method("POST")).respond_with(ResponseTemplate::new(200).set_body_string("ok")),
            ]
        },
        writes: |request| request.body != br#"{"text":""}"#,
        runs: Vec::new(),
        chat: Some(("#deploys", posted_text)),
    }
    .check()
    .await;
}
