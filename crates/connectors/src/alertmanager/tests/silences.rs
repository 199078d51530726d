//! Silences: they are made as previewed, and an unknown result is never guessed.

use callboard_domain::message::Block;

use super::*;

struct Quietly;

impl Progress for Quietly {
    fn status(&self, _: &str) {}
    fn output(&self, _: &str) {}
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

#[tokio::test]
async fn silence_is_made_as_previewed() {
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
    let (request, body) = steps[0].request.split_once('\n').unwrap();
    assert_eq!(request, format!("POST {}/api/v2/silences", server.uri()));
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), wanted());

    let outcome = silence.run(&args, now(), &Quietly).await.unwrap();
    assert!(outcome.ok);
    assert_eq!(outcome.summary, "CPU of web1 is high is silenced for 30m");
    assert_eq!(outcome.link.unwrap().as_str(), format!("{}/#/silences/s1", server.uri()));
}

#[tokio::test]
async fn silence_is_made_in_the_name_of_a_person() {
    // the account's user -> who makes its silences, and who it acts as
    for (user, expected) in [(Some("ana"), "ana"), (None, "kim")] {
        let server = MockServer::start().await;
        let created = ResponseTemplate::new(200).set_body_json(json!({ "silenceID": "s1" }));
        Mock::given(method("POST")).respond_with(created).mount(&server).await;
        let status = ResponseTemplate::new(200).set_body_json(json!({ "versionInfo": {} }));
        Mock::given(path("/api/v2/status")).respond_with(status).mount(&server).await;
        let config = Config { user: user.map(str::to_owned), ..config(&server.uri()) };
        let (silence, args) = action_of(&config, "silence", THIRTY, None);
        let outcome = silence.run(&args, now(), &Quietly).await.unwrap();
        let shown = format!("{:?}", outcome.blocks);
        assert!(shown.contains(&format!("(\"By\", \"{expected}\")")), "{shown}");
        let sent = server.received_requests().await.unwrap().remove(0);
        assert_eq!(sent.body_json::<Value>().unwrap()["createdBy"], expected);
        // The silence is its own doing only where both are one name.
        assert_eq!(connect(&config, &[]).identify.identify().await.unwrap().login, expected);
    }
}

#[tokio::test]
async fn silence_with_a_lost_response_is_looked_up() {
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
    let lost = ResponseTemplate::new(502);
    let another = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    let cases = [
        (lost.clone(), json!([by_another, made]), true),
        (lost, json!([by_another]), false),
        (another(json!({ "silenceID": null })), json!([by_another]), false),
        (another(json!({ "silenceID": "" })), json!([by_another, made]), true),
        (another(json!({ "message": "m" })), json!([by_another]), false),
    ];
    for (answer, listed, found) in cases {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(answer).expect(1).mount(&server).await;
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
fn invalid_silence_is_refused_before_anything_is_sent() {
    let cases: [(&[(&str, &str)], &str); 6] = [
        // Given both, neither is dropped, whatever they are.
        (&[("duration", "2h"), ("until", "monday")], "either a length of time (for) or an end (until)"),
        (&[("until", "2020-01-01")], "until: expected a time that is not past yet, found \"2020-01-01\""),
        (&[("until", "the deploy")], "until: expected a length of time such as 2h, or a time such as 18:00"),
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
    let mut alert = reported("HighCPU", "firing");
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
async fn unsilence_ends_active_silences() {
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
    assert_eq!(steps[1].request, format!("{} {}/api/v2/silence/s1", Method::DELETE, server.uri()));
    let outcome = unsilence.run(&args, now(), &Quietly).await.unwrap();
    assert!(outcome.ok);
    let text = format!("{:?}", outcome.blocks);
    assert!(text.contains("alertname=") && text.contains("by bob: restarting"), "{text}");
}

#[tokio::test]
async fn silences_that_are_ended_at_once_are_listed_apart() {
    let server = MockServer::start().await;
    let silences = [silence("s1", "active"), silence("s2", "active")];
    let answer = ResponseTemplate::new(200).set_body_json(silences);
    Mock::given(method("GET")).and(path("/api/v2/silences")).respond_with(answer).mount(&server).await;
    Mock::given(method("DELETE")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    // the silences that the board knows -> how many rows are shown; one alone is a sentence
    for (known, rows) in [("s1", None), ("s1,s2", Some(2))] {
        let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some(known));
        let outcome = unsilence.run(&args, now(), &Quietly).await.unwrap();
        let found = match outcome.blocks.as_slice() {
            [Block::List(entries)] => {
                assert!(entries.iter().all(|it| it.text.starts_with("Ended the silence of")), "{entries:?}");
                Some(entries.len())
            }
            [Block::Text(text)] => {
                assert_eq!(text.matches("Ended the silence of").count(), 1, "{text}");
                None
            }
            other => panic!("{known}: {other:?}"),
        };
        assert_eq!(found, rows, "{known}");
    }
}

#[tokio::test]
async fn lost_response_of_an_unsilence_is_never_guessed() {
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

    // The answer is lost, and it is still active.
    let server = MockServer::start().await;
    found("active").mount(&server).await;
    deleted(502).mount(&server).await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1"));
    let error = unsilence.run(&args, now(), &Quietly).await.unwrap_err();
    assert!(matches!(error, ServiceError::Unknown { .. }), "{error:?}");

    // It may be the one that cannot be read.
    let server = MockServer::start().await;
    let silences = ResponseTemplate::new(200).set_body_json(json!([null, silence("s2", "active")]));
    Mock::given(method("GET")).respond_with(silences).mount(&server).await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1"));
    let error = unsilence.run(&args, now(), &Quietly).await.unwrap_err();
    assert!(error.to_string().contains("1 of 2 silences cannot be read"), "{error:?}");

    // One is ended, the next is refused: neither "nothing happened" nor "done".
    let server = MockServer::start().await;
    found("active").mount(&server).await;
    deleted(200).up_to_n_times(1).mount(&server).await;
    deleted(403).mount(&server).await;
    let (unsilence, args) = action(&server.uri(), "unsilence", &[], Some("s1,s2"));
    let outcome = unsilence.run(&args, now(), &Quietly).await.unwrap();
    assert!(!outcome.ok && outcome.summary.contains("ended 1 of 2"), "{outcome:?}");
}
