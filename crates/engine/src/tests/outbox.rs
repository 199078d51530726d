//! What waits in the outbox, and who sends it when.

use callboard_domain::{
    error::ServiceError,
    message::{Message, Tone},
};
use serde_json::json;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, path},
};

use super::*;
use crate::{
    accounts::ChatUnavailable,
    api::{
        AccountsQuery, BoardQuery, CheckVerdict, DeliveriesQuery, Delivery, DeliveryState, Doctor,
        EventsQuery, Flush, Health, PollNow, Post, Reload, RemoveAccount, Retry, RunsQuery, Search, Secret,
        SetSecret, StatusQuery, TestAccount,
    },
    store::{self, Content, NewDelivery},
};

/// A chat that takes what it is given.
async fn chat() -> MockServer {
    let server = MockServer::start().await;
    let posted = json!({ "ok": true, "channel": "C012345678", "ts": "1700000000.000001" });
    let answer = ResponseTemplate::new(200).set_body_json(posted);
    Mock::given(path("/api/chat.postMessage")).respond_with(answer).mount(&server).await;
    server
}

fn config(server: &MockServer) -> String {
    format!("[accounts.chat]\nservice = \"slack\"\nurl = \"{}/api\"\n", server.uri())
}

fn hello(channel: &str) -> Post {
    Post { channel: channel.into(), text: "hello".into(), item: None }
}

/// Waits for everything.
fn all_sent() -> Flush {
    Flush { seconds: 60, deliveries: Vec::new() }
}

/// How a secret gets there.
#[derive(Debug, Clone, Copy)]
enum Comes {
    Set,
    ByAnotherProgram,
    ByAnotherProgramAndIsTested,
}

/// Puts the chat's token where secrets are kept, as another program would.
async fn put_behind_our_back(it: &Scene, token: &str) {
    it.engine.active().secrets.set("chat", "token", token.into()).await.unwrap();
}

/// The latest delivery.
async fn latest(it: &Scene) -> Delivery {
    it.call(DeliveriesQuery { pending: false, limit: 1, before: None }).await.unwrap().remove(0)
}

#[tokio::test]
async fn message_waits_for_its_accounts_secret_and_is_sent_once_that_is_there() {
    let server = chat().await;
    let config = config(&server);
    let cases = [
        (Mode::Once, None, Comes::Set),
        (Mode::Once, Some(""), Comes::Set),
        (Mode::Serve, None, Comes::Set),
        (Mode::Once, None, Comes::ByAnotherProgramAndIsTested),
        (Mode::Serve, None, Comes::ByAnotherProgram),
    ];
    for (mode, secret, comes) in cases {
        let secrets: Vec<_> = secret.map(|secret| ("chat", "token", secret)).into_iter().collect();
        let it = Scene::open(&config, mode, &secrets).await;
        let posted = it.call(hello("chat:#ops")).await.unwrap();
        let retried = it.call(Retry { id: posted.id.clone() }).await.unwrap_err().to_string();
        assert!(
            retried.contains("as soon as its account has what it lacks: token or webhook_url"),
            "{retried}"
        );
        // Who waits for it to be sent waits for no secret.
        let left = it.call(all_sent()).await.unwrap();
        assert_eq!(left.len(), 1, "{left:?}");
        for delivery in left.into_iter().chain([posted, latest(&it).await]) {
            let DeliveryState::Pending {
                error: Some(ServiceError::Unavailable { why }),
                waits_for: Some(waits_for),
                ..
            } = &delivery.state
            else {
                panic!("{mode:?}, {secret:?}, {comes:?}: {delivery:?}");
            };
            assert!(why.contains("token"), "{why}");
            assert_eq!(waits_for, "a secret of chat");
            assert_eq!(delivery.attempts, 0, "it was not tried");
        }
        let mut checks = it.call(Doctor {}).await.unwrap();
        checks.retain(|check| check.name == "deliveries");
        assert!(checks[0].found.contains("chat:#ops: ") && checks[0].found.contains("token"), "{checks:?}");
        assert_eq!(it.call(StatusQuery {}).await.unwrap().undelivered, 1);
        let account = AccountName::from("chat");
        match comes {
            Comes::Set => {
                let secret = Some(Secret("xoxb-1".into()));
                it.call(SetSecret { account, field: "token".into(), secret }).await.unwrap();
            }
            Comes::ByAnotherProgram => put_behind_our_back(&it, "xoxb-1").await,
            Comes::ByAnotherProgramAndIsTested => {
                put_behind_our_back(&it, "xoxb-1").await;
                // The chat has no such call; what counts is that it was made.
                let tested = it.call(TestAccount { account }).await.unwrap_err();
                assert!(matches!(tested, ApiError::Service { .. }), "{tested}");
            }
        }
        until("it is posted", async || latest(&it).await.state == DeliveryState::Posted).await;
        it.engine.stop().await;
    }
    let posted = server.received_requests().await.unwrap();
    let posted = posted.iter().filter(|request| request.url.path() == "/api/chat.postMessage");
    assert_eq!(posted.count(), cases.len(), "each was sent once");
}

#[tokio::test]
async fn a_test_reads_a_secret_that_another_program_has_put_there() {
    let server = MockServer::start().await;
    // The service accepts one token.
    let refused = ResponseTemplate::new(200).set_body_json(json!({ "ok": false, "error": "invalid_auth" }));
    Mock::given(path("/api/auth.test")).respond_with(refused).with_priority(2).mount(&server).await;
    let known = json!({ "ok": true, "user": "callboard", "user_id": "U1", "team": "acme", "team_id": "T1",
                        "bot_id": "B1", "url": "https://acme.slack.com/" });
    let known = ResponseTemplate::new(200).set_body_json(known);
    let token = header("authorization", "Bearer xoxb-2");
    Mock::given(path("/api/auth.test")).and(token).respond_with(known).with_priority(1).mount(&server).await;
    // The token that it was connected with.
    for before in [None, Some("xoxb-1")] {
        let secrets: Vec<_> = before.map(|secret| ("chat", "token", secret)).into_iter().collect();
        let it = Scene::open(&config(&server), Mode::Once, &secrets).await;
        let test = async || it.call(TestAccount { account: "chat".into() }).await;
        test().await.expect_err("its token is not good");
        put_behind_our_back(&it, "xoxb-2").await;
        test().await.unwrap_or_else(|error| panic!("{before:?}: {error}"));
        it.engine.stop().await;
    }
}

#[tokio::test]
async fn message_fails_only_where_its_account_is_gone() {
    let config = "[accounts.chat]\nservice = \"slack\"\n\
                  [accounts.clear]\nservice = \"slack\"\nurl = \"http://chat.acme.example/api\"\n\
                  [accounts.pager]\nservice = \"alertmanager\"\nurl = \"http://127.0.0.1:1\"\n";
    let it = Scene::open(config, Mode::Once, &[("clear", "token", "xoxb-1")]).await;
    // The account -> whether what is for it waits; `None`: it is sent.
    let waits = |account: &str| match it.engine.inner.deliverer.chat(&account.into()) {
        Ok(_) => None,
        Err(ChatUnavailable::Waiting(_)) => Some(true),
        Err(ChatUnavailable::None(_)) => Some(false),
    };
    let all = || ["room", "chat", "clear", "pager", "nobody"].map(waits);
    assert_eq!(all(), [None, Some(true), Some(true), Some(false), Some(false)]);
    // An account that a broken file does not name is not gone.
    let path = it.folder.path().join("callboard.toml");
    std::fs::write(&path, "accounts = 3").unwrap();
    it.call(Reload {}).await.unwrap_err();
    assert_eq!(all(), [None, Some(true), Some(true), Some(true), Some(true)]);
    std::fs::write(&path, config).unwrap();
    it.call(Reload {}).await.unwrap();

    it.call(hello("chat:#ops")).await.unwrap();
    assert!(matches!(latest(&it).await.state, DeliveryState::Pending { .. }));
    it.call(RemoveAccount { account: "chat".into() }).await.unwrap();
    let failed = async || matches!(latest(&it).await.state, DeliveryState::Failed { .. });
    until("it has failed", failed).await;
    it.engine.stop().await;
}

#[tokio::test]
async fn an_account_that_takes_no_messages_is_in_trouble_until_it_takes_one() {
    let server = MockServer::start().await;
    Mock::given(path("/api/chat.postMessage")).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    let it = Scene::open(&config(&server), Mode::Serve, &[("chat", "token", "xoxb-1")]).await;
    let health = async || it.call(AccountsQuery {}).await.unwrap().remove(0).health;
    let check = async || {
        let checks = it.call(Doctor {}).await.unwrap();
        checks.into_iter().find(|check| check.name == "account chat").unwrap().verdict
    };
    let posted = it.call(hello("chat:#ops")).await.unwrap();
    until("its trouble is known", async || matches!(health().await, Health::Trouble { .. })).await;
    assert_eq!(check().await, CheckVerdict::Failed);
    let tried = async || {
        !matches!(
            latest(&it).await.state,
            DeliveryState::Sending | DeliveryState::Pending { error: None, .. }
        )
    };
    until("the try is on the record", tried).await;

    server.reset().await;
    let answer = json!({ "ok": true, "channel": "C012345678", "ts": "1700000000.000001" });
    let answer = ResponseTemplate::new(200).set_body_json(answer);
    Mock::given(path("/api/chat.postMessage")).respond_with(answer).mount(&server).await;
    // What may have arrived is sent again by a person only, the rest by itself.
    if !matches!(latest(&it).await.state, DeliveryState::Pending { .. }) {
        it.call(Retry { id: posted.id }).await.unwrap();
    }
    until("it is posted", async || latest(&it).await.state == DeliveryState::Posted).await;
    until("it is well", async || health().await == Health::Ok).await;
    assert_ne!(check().await, CheckVerdict::Failed);
    it.engine.stop().await;
}

#[tokio::test]
async fn post_behind_what_a_failing_chat_did_not_answer_says_so_and_is_not_waited_for() {
    let server = MockServer::start().await;
    Mock::given(path("/api/chat.postMessage")).respond_with(ResponseTemplate::new(503)).mount(&server).await;
    let it = Scene::open(&config(&server), Mode::Serve, &[("chat", "token", "xoxb-1")]).await;
    let began = Timestamp::now();
    it.call(hello("chat:#ops")).await.unwrap();
    let unknown = async || matches!(latest(&it).await.state, DeliveryState::Unknown { .. });
    until("it is not known whether it arrived", unknown).await;

    let behind = it.call(hello("chat:#ops")).await.unwrap();
    let left = it.call(all_sent()).await.unwrap();
    // The first one is looked up ten seconds later.
    let [first, second] = &left[..] else { panic!("{left:?}") };
    assert!(matches!(first.state, DeliveryState::Unknown { .. }), "{first:?}");
    assert!(matches!(second.state, DeliveryState::Pending { error: None, .. }), "{second:?}");
    assert_eq!((&second.id, second.attempts), (&behind.id, 0), "it was not waited for");
    for delivery in [first, second] {
        let failing = delivery.account_error.as_ref().expect("its account fails");
        assert!(failing.since >= began, "{failing:?}");
        assert!(
            matches!(&failing.error, ServiceError::Unknown { why } if why.contains("503")),
            "{failing:?}"
        );
    }
    // In another channel it is tried.
    let other = it.call(hello("chat:#dev")).await.unwrap();
    let left = it.call(all_sent()).await.unwrap();
    let other = left.iter().find(|delivery| delivery.id == other.id).expect("it has not arrived");
    assert!(matches!(other.state, DeliveryState::Unknown { .. }), "{other:?}");
    // The room is not the chat.
    it.call(hello("room:general")).await.unwrap();
    until("it is posted", async || latest(&it).await.state == DeliveryState::Posted).await;
    assert_eq!(latest(&it).await.account_error, None);
    it.engine.stop().await;
}

#[tokio::test]
async fn who_only_reads_sends_nothing() {
    let it = Scene::open("", Mode::Once, &[]).await;
    let content = Content::Message(Message::new(Tone::Neutral, "hello"));
    let new = NewDelivery { content, to: "room:general".parse().unwrap(), actor: None };
    let key = it.engine.store().enqueue(new, Timestamp::now()).await.unwrap();

    it.call(AccountsQuery {}).await.unwrap();
    it.call(BoardQuery::default()).await.unwrap();
    it.call(EventsQuery { after: None, before: None, since: None, limit: 10 }).await.unwrap();
    it.call(PollNow { account: None }).await.unwrap();
    it.call(RunsQuery { limit: 10, before: None }).await.unwrap();
    it.call(Search { text: "hello".into(), limit: 10, skip: 0 }).await.unwrap();
    it.call(StatusQuery {}).await.unwrap();
    assert!(matches!(latest(&it).await.state, DeliveryState::Pending { error: None, .. }));
    assert!(!it.engine.inner.delivering.is_completed(), "nothing is sent");
    let waits = it.engine.store().delivery(&key).await.unwrap().unwrap();
    assert_eq!((waits.state, waits.attempts), (store::DeliveryState::Pending, 0));

    assert_eq!(it.call(all_sent()).await.unwrap(), []);
    assert_eq!(latest(&it).await.state, DeliveryState::Posted);
    it.engine.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_delivery_waits_for_no_other_channel_and_is_told_how_it_is() {
    let it = Scene::open("", Mode::Once, &[]).await;
    let enqueue = async |to: &str| {
        let content = Content::Message(Message::new(Tone::Neutral, "hello"));
        let new = NewDelivery { content, to: to.parse().unwrap(), actor: None };
        it.engine.store().enqueue(new, Timestamp::now()).await.unwrap()
    };
    // Nobody sends it: it is being sent for ever.
    let stuck = enqueue("room:stuck").await;
    assert_eq!(it.engine.store().claim(Timestamp::now(), 10, Default::default()).await.unwrap().len(), 1);
    // its channel, how long is waited for it at most -> its state, what is before it
    let cases = [
        ("room:general", 60, "posted", None),
        ("nobody:#ops", 60, "failed", None),
        ("room:stuck", 0, "pending", Some(&stuck.0)),
    ];
    for (channel, seconds, expected, before) in cases {
        let key = enqueue(channel).await;
        let awaited = it.call(Flush { seconds, deliveries: vec![key.0.clone()] });
        let awaited = tokio::time::timeout(Duration::from_secs(30), awaited).await;
        let found = awaited.expect("another one was waited for").unwrap();
        let [delivery] = &found[..] else { panic!("{channel}: {found:?}") };
        assert_eq!(delivery.id, key.0, "{channel}");
        let state = serde_json::to_value(&delivery.state).unwrap();
        assert_eq!(state["state"], expected, "{channel}: {delivery:?}");
        assert_eq!(state["first"]["id"].as_str(), before.map(String::as_str), "{channel}: {delivery:?}");
        // However it ended, it is asked for by its id.
        let again = it.call(Flush { seconds: 0, deliveries: vec![key.0.clone()] }).await.unwrap();
        assert_eq!(again, found, "{channel}");
    }
    let none = Flush { seconds: 60, deliveries: vec!["of another store".into()] };
    assert_eq!(it.call(none).await.unwrap(), []);
    it.engine.stop().await;
}
