//! By an incoming webhook, which posts and does no more.

use super::*;

fn by_webhook(server: &MockServer) -> Connection {
    let url = format!("{}/services/T1/B1/hush", server.uri());
    connect(server, &[("webhook_url", &url)]).unwrap()
}

#[tokio::test]
async fn incoming_webhook_only_posts() {
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
    assert_eq!(
        limits,
        Limits::posting(limits.length, limits.unit, limits.pause),
        "it posts and does no more"
    );
    for error in [
        chat.edit(&posted, &message()).await.unwrap_err(),
        chat.reply(&posted, &message(), &key()).await.unwrap_err(),
        chat.find("#deploys", None, &key(), since()).await.unwrap_err(),
    ] {
        assert!(matches!(&error, ServiceError::Rejected { why } if why.contains("bot token")), "{error:?}");
    }
}

#[tokio::test]
async fn incoming_webhook_is_tested_without_a_message() {
    let cases = [
        (400, "no_text", None),
        (404, "no_service", Some("make a new one")),
        (403, "action_prohibited", Some("ask an admin")),
        (410, "channel_is_archived", Some("choose another channel")),
        (429, "", Some("rate-limited by Slack")),
        (500, "rollup_error", Some("Slack is unavailable (")),
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
async fn keeps_the_contract_by_incoming_webhook() {
    Subject {
        connect: |url, client| {
            let secret = format!("{url}/services/T1/B1/{SECRET}");
            config_at(url).connect(Access { client, ..access_with([("webhook_url", secret)]) }).unwrap()
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
        hooks: None,
        choices: Vec::new(),
    }
    .check()
    .await;
}
