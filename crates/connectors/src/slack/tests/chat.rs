//! By a bot token: messages, channels, and finding again what was sent.

use callboard_domain::chat::Edited;
use jiff::{SignedDuration, tz::TimeZone};

use super::*;

fn posted(id: &str) -> Posted {
    Posted { channel: "C0DEPLOYS1".to_owned(), id: id.to_owned(), link: None }
}

/// The form field is absent.
struct Without(&'static str);

impl Match for Without {
    fn matches(&self, request: &Request) -> bool {
        !String::from_utf8_lossy(&request.body).contains(self.0)
    }
}

#[tokio::test]
async fn message_is_posted_once_with_its_key() {
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
    // Its name maps to its id from now on.
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
async fn message_is_edited_and_answered() {
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

/// What is answered to an edit -> whether that shows that it was made.
#[tokio::test]
async fn edit_is_done_where_slack_says_so() {
    let cases = [
        (sent(), true),
        (json!({ "ok": true }), true),
        (json!({ "ok": "true" }), false),
        (json!({ "message": "m" }), false),
        (json!({}), false),
        (json!(null), false),
    ];
    for (answer, done) in cases {
        let server = MockServer::start().await;
        on("chat.update", answer.clone()).expect(1).mount(&server).await;
        let came = chat(&server).edit(&posted("1.1"), &message()).await;
        match came {
            Ok(edited) => assert!(done && edited == Edited::Done, "{answer}: {edited:?}"),
            Err(error) => {
                assert!(!done && matches!(error, ServiceError::Unknown { .. }), "{answer}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn unknown_channel_name_is_looked_up() {
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
async fn missing_channel_error_names_the_remedy() {
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
async fn refused_write_is_distinguished_from_a_lost_answer() {
    let in_two_hours = (contract::now() + SignedDuration::from_hours(2)).to_zoned(TimeZone::system());
    let until = in_two_hours.strftime("%Y-%m-%d %H:%M");
    let long_wait = format!(
        "rate-limited by Slack at POST /api/chat.postMessage; it asks to wait until {until}; a wait of 3600 s"
    );
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
            "a wait of 17 s",
        ),
        (ResponseTemplate::new(429).insert_header("retry-after", "9"), "rate_limited", "a wait of 9 s"),
        (
            ResponseTemplate::new(429)
                .insert_header("retry-after", "99999999")
                .set_body_json(refused("ratelimited")),
            "rate_limited",
            "it asks to wait for more than a day; a wait of 3600 s",
        ),
        (
            ResponseTemplate::new(429)
                .insert_header("retry-after", "7200")
                .set_body_json(refused("ratelimited")),
            "rate_limited",
            long_wait.as_str(),
        ),
        (ResponseTemplate::new(429).insert_header("retry-after", "7200"), "rate_limited", long_wait.as_str()),
        (
            ResponseTemplate::new(429)
                .insert_header("retry-after", "-1")
                .set_body_json(refused("ratelimited")),
            "rate_limited",
            "a wait of 30 s",
        ),
        (ResponseTemplate::new(200).set_body_json(refused("internal_error")), "unknown", "may have happened"),
        (ResponseTemplate::new(500), "unknown", "may have happened"),
        (ResponseTemplate::new(200).set_body_string("<html>"), "unknown", "may have happened"),
        (ResponseTemplate::new(200).set_body_json(json!({ "ok": true })), "unknown", "may have happened"),
        (
            ResponseTemplate::new(200).set_body_json(json!({ "channel": "C0DEPLOYS1", "ts": "1.2" })),
            "unknown",
            "something else than Slack answered",
        ),
    ];
    for (n, (answer, kind, words)) in cases.into_iter().enumerate() {
        let server = MockServer::start().await;
        on_call("chat.postMessage").respond_with(answer).expect(1).mount(&server).await;
        let error = chat(&server).post("#deploys", &message(), &key()).await.unwrap_err();
        assert_eq!(serde_json::to_value(&error).unwrap()["error"], kind, "case {n}: {error}");
        let wait = match &error {
            ServiceError::RateLimited { retry_after, .. } => {
                format!("; a wait of {} s", retry_after.as_secs())
            }
            _ => String::new(),
        };
        assert!(format!("{error}{wait}").contains(words), "case {n}: {error}{wait}");
        assert!(!error.to_string().contains("xoxb-1"));
    }
}

#[tokio::test]
async fn message_is_found_by_its_key() {
    let old = "1600000000.000100";
    // Pages of the channel -> what is found.
    let cases = [
        (vec![history(&[("1700000009.1", "k2"), ("1700000008.1", "k1")], "")], Some("1700000008.1")),
        (
            vec![history(&[("1700000009.1", "k2")], "two"), history(&[("1700000008.1", "k1")], "")],
            Some("1700000008.1"),
        ),
        (vec![history(&[("1700000009.1", "k2")], "")], None),
        (vec![history(&[], "")], None),
        // What is older than the message can be is not read on, though there is more.
        (vec![history(&[("1700000009.1", "k2"), (old, "k0")], "two")], None),
        // Of others, or of nobody.
        (vec![unmarked(json!({ "user": "U0ANA0001" }))], None),
        (vec![unmarked(json!({ "user": "U0OTHER01", "bot_id": "B2", "subtype": "bot_message" }))], None),
        (vec![unmarked(json!({ "user": "U0BELL001", "subtype": "channel_join" }))], None),
        (vec![unmarked(json!({ "ts": old, "bot_id": "B1" }))], None),
        // That one may be it does not matter where it is found.
        (
            vec![
                with_next(unmarked(json!({ "bot_id": "B1" })), "two"),
                history(&[("1700000008.1", "k1")], ""),
            ],
            Some("1700000008.1"),
        ),
        (
            vec![json!({ "ok": true, "messages": [{ "ts": "1700000009.1", "metadata": {
                "event_type": "somebody_elses", "event_payload": { "key": "k1" },
            } }] })],
            None,
        ),
    ];
    for (pages, expected) in cases {
        let server = MockServer::start().await;
        on("auth.test", bell()).mount(&server).await;
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

/// A page with a message that has these fields and no metadata.
fn unmarked(fields: Value) -> Value {
    let mut message = json!({ "type": "message", "ts": "1700000009.1", "text": "x" });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!({ "ok": true, "messages": [message] })
}

fn with_next(mut page: Value, next: &str) -> Value {
    page["response_metadata"] = json!({ "next_cursor": next });
    page
}

#[tokio::test]
async fn incomplete_search_is_unknown() {
    let ours = |metadata: Value| unmarked(json!({ "bot_id": "B1", "metadata": metadata }));
    let more = |page: Value| {
        let mut page = page;
        page["has_more"] = json!(true);
        page
    };
    let pages = [
        more(history(&[], "")),
        more(history(&[("1700000009.1", "k2")], "")),
        more(json!({ "ok": true, "messages": [] })),
        // Ours, or without a sender, and without a key.
        unmarked(json!({ "bot_id": "B1" })),
        unmarked(json!({ "bot_id": "B1", "subtype": "bot_message" })),
        unmarked(json!({ "user": "U0BELL001" })),
        unmarked(json!({})),
        ours(Value::Null),
        ours(json!({})),
        ours(json!("cut")),
        ours(json!({ "event_type": "callboard_delivery" })),
        ours(json!({ "event_type": "callboard_delivery", "event_payload": {} })),
        ours(json!({ "event_type": "callboard_delivery", "event_payload": "cut" })),
        ours(json!({ "event_type": "callboard_delivery", "event_payload": { "key": 1 } })),
    ];
    for page in pages {
        for under in [None, Some(posted("1600000000.1"))] {
            let server = MockServer::start().await;
            on("auth.test", bell()).mount(&server).await;
            on("conversations.history", page.clone()).mount(&server).await;
            on("conversations.replies", page.clone()).mount(&server).await;
            let found = chat(&server).find("C0DEPLOYS1", under.as_ref(), &key(), since()).await;
            assert!(matches!(found, Err(ServiceError::Unknown { .. })), "{page} under {under:?}: {found:?}");
        }
    }
    // Who we are may not be known.
    let server = MockServer::start().await;
    on("auth.test", refused("internal_error")).mount(&server).await;
    on("conversations.history", unmarked(json!({ "user": "U0ANA0001" }))).mount(&server).await;
    let found = chat(&server).find("C0DEPLOYS1", None, &key(), since()).await;
    assert!(matches!(found, Err(ServiceError::Unknown { .. })), "{found:?}");
}

#[tokio::test]
async fn parent_message_is_not_found_as_its_reply() {
    let server = MockServer::start().await;
    on("auth.test", bell()).mount(&server).await;
    let answered = unmarked(json!({ "ts": "1700000001.1", "bot_id": "B1" }));
    on("conversations.replies", answered).mount(&server).await;
    let found = chat(&server).find("C0DEPLOYS1", Some(&posted("1700000001.1")), &key(), since()).await;
    assert_eq!(found.unwrap(), None);
}

/// The answer of `auth.test`, with the user's id.
fn bell() -> Value {
    let mut me = me();
    me["user_id"] = json!("U0BELL001");
    me
}

#[tokio::test]
async fn reply_is_looked_up_in_its_thread() {
    let server = MockServer::start().await;
    on("auth.test", me()).mount(&server).await;
    let old_parent = history(&[("1600000000.1", "k0"), ("1700000002.1", "k1")], "");
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
    on("conversations.history", history(&[("1700000009.1", "k2")], "on")).expect(10).mount(&server).await;
    let error = chat(&server).find("C0DEPLOYS1", None, &key(), since()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unknown { .. }), "{error:?}");

    let server = MockServer::start().await;
    on("conversations.history", refused("internal_error")).mount(&server).await;
    let error = chat(&server).find("C0DEPLOYS1", None, &key(), since()).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unavailable { .. }), "looking changes nothing: {error:?}");
}

#[tokio::test]
async fn post_succeeds_without_its_link() {
    let server = MockServer::start().await;
    on("chat.postMessage", sent()).mount(&server).await;
    on("auth.test", refused("internal_error")).expect(1).mount(&server).await;
    let chat = chat(&server);
    for _ in 0..2 {
        assert_eq!(chat.post("#deploys", &message(), &key()).await.unwrap().link, None);
    }
}
