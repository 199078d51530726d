//! Who is on call, and to be on call instead.

use callboard_domain::error::ServiceError;

use super::*;

async fn try_run(http: &MockServer, name: &str, args: &Args) -> Result<Outcome, ServiceError> {
    let connection = connect(&http.uri());
    let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
    action.run(args, now(), &RecordedProgress::default()).await
}

/// What is listed -> the summary, and what its rows hold.
#[tokio::test]
async fn list_is_read_in_any_shape() {
    let policy = json!({ "name": "Primary", "slug": POLICY });
    let duty = |users: Value| json!([{ "escalationPolicy": policy, "users": users }]);
    let team = |now: Value| json!({ "team": { "name": "Checkout", "slug": TEAM }, "oncallNow": now });
    let bo = json!({ "onCalluser": { "username": BO } });
    let listed = |teams: Value| json!({ "teamsOnCall": teams });
    let cases = [
        ("one", listed(json!([team(duty(json!([bo])))])), "", "1 person is on call", "Checkout, Primary: bo"),
        (
            "by the description's names",
            listed(json!([{
                "team": { "name": "Checkout" },
                "onCallNow": [{ "escalationPolicy": policy, "users": [{ "onCallUser": { "username": BO } }] }],
            }])),
            "",
            "1 person is on call",
            "Checkout, Primary: bo",
        ),
        (
            "by a part of the team's name",
            listed(json!([team(duty(json!([bo])))])),
            "CHECK",
            "1 person is on call",
            "bo",
        ),
        (
            "of another team",
            listed(json!([team(duty(json!([bo])))])),
            "search",
            "anything named like \"search\"",
            "",
        ),
        (
            "nobody for a policy",
            listed(json!([team(duty(json!([])))])),
            "",
            "Nobody is on call",
            "Checkout, Primary: nobody",
        ),
        ("no team", listed(json!([])), "", "Nobody is on call", ""),
        (
            "somebody unread",
            listed(json!([team(duty(json!([bo, null])))])),
            "",
            "1 person is on call, and not all could be read",
            "bo, somebody who cannot be read",
        ),
        (
            "all unread",
            listed(json!([team(duty(json!([5])))])),
            "",
            "Nobody was found on call, but not all could be read",
            "somebody who cannot be read",
        ),
        ("no list of users", listed(json!([team(duty(json!(null)))])), "", "but not all could be read", ""),
        (
            "no list of policies",
            listed(json!([team(json!(null)), team(duty(json!([bo])))])),
            "",
            "1 person is on call, and not all",
            "bo",
        ),
        (
            "without names",
            listed(
                json!([{ "team": null, "oncallNow": [{ "escalationPolicy": { "slug": POLICY }, "users": [bo, bo] }] }]),
            ),
            "",
            "1 person is on call",
            "pol-7QkX1Zb2: bo",
        ),
    ];
    for (name, answer, wanted, summary, row) in cases {
        let http = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(answer);
        Mock::given(path("/api-public/v1/oncall/current")).respond_with(answer).mount(&http).await;
        let outcome = try_run(&http, "on-call", &args(&[("team", wanted)])).await.unwrap();
        assert!(outcome.summary.contains(summary), "{name}: {outcome:?}");
        assert!(format!("{:?}", outcome.blocks).contains(row), "{name}: {outcome:?}");
    }
    for odd in [json!({ "teamsOnCall": null }), json!({}), json!([])] {
        let http = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(&odd);
        Mock::given(path("/api-public/v1/oncall/current")).respond_with(answer).mount(&http).await;
        assert!(
            try_run(&http, "on-call", &args(&[])).await.is_err(),
            "{odd}: nobody is not known to be on call"
        );
    }
}

#[tokio::test]
async fn on_call_is_taken_over_and_confirmed_by_the_list() {
    let server = Server::holding([]);
    let http = serve(&server).await;
    let take = |person: &str| args(&[("policy", POLICY), ("person", person)]);
    let done = try_run(&http, "take on-call", &take(BO)).await.unwrap();
    assert_eq!(done.summary, "You are on call for Primary in place of bo");
    assert_eq!(server.on_call(), [ANA]);
    let again = try_run(&http, "take on-call", &take(BO)).await.unwrap();
    assert!(again.ok && again.summary.contains("already: nothing was sent"), "{again:?}");

    let others = Server::holding([]);
    let http = serve(&others).await;
    for name in ["cy", "BO"] {
        let wrong = try_run(&http, "take on-call", &take(name)).await.unwrap();
        let expected = format!("{name} is not on call for Primary, bo is: nothing was sent");
        assert!(!wrong.ok && wrong.summary == expected, "{wrong:?}");
    }
    let unknown = args(&[("policy", "pol-none"), ("person", BO)]);
    let unknown = try_run(&http, "take on-call", &unknown).await.unwrap_err();
    assert!(matches!(&unknown, ServiceError::Rejected { why } if why.contains("pol-none")), "{unknown}");
    assert_eq!(others.on_call(), [BO]);
}

/// That somebody is not on call is not known of a list that cannot be read whole.
#[tokio::test]
async fn unreadable_on_call_list_is_not_guessed() {
    let policy = json!({ "name": "Primary", "slug": POLICY });
    let team = |now: Value| json!({ "team": { "name": "Checkout", "slug": TEAM }, "oncallNow": now });
    let user = |name: &str| json!({ "onCalluser": { "username": name } });
    let duty = |users: Value| json!([{ "escalationPolicy": policy, "users": users }]);
    let nameless = json!([{ "escalationPolicy": null, "users": [user(BO)] }]);
    let cases = [
        ("somebody unread", json!([team(duty(json!([null, user("cy")])))])),
        ("no list of users", json!([team(duty(json!(null)))])),
        ("a team unread", json!([null, team(duty(json!([user("cy")])))])),
        ("a policy that is not named", json!([team(nameless)])),
    ];
    for (name, teams) in cases {
        let http = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "teamsOnCall": teams }));
        Mock::given(path("/api-public/v1/oncall/current")).respond_with(answer).mount(&http).await;
        let take = args(&[("policy", POLICY), ("person", BO)]);
        let error = try_run(&http, "take on-call", &take).await.unwrap_err();
        assert!(matches!(error, ServiceError::Unavailable { .. }), "{name}: {error}");
        let requests = http.received_requests().await.unwrap();
        assert!(requests.iter().all(|request| request.method == "GET"), "{name}");
    }
}

/// Only the list decides afterwards, whatever the answer was.
#[tokio::test]
async fn response_alone_does_not_confirm_on_call() {
    let take = args(&[("policy", POLICY), ("person", BO)]);
    let lost = |status: u16| ResponseTemplate::new(status).set_body_json(json!({ "result": "success" }));
    // The answer, while nothing happens.
    for (name, answer) in [("good", lost(200)), ("odd", ResponseTemplate::new(200)), ("broken", lost(502))] {
        let http = MockServer::start().await;
        Mock::given(path(format!("/api-public/v1/policies/{POLICY}/oncall/user")))
            .respond_with(answer)
            .with_priority(1)
            .mount(&http)
            .await;
        Server::holding([]).mock().mount(&http).await;
        let came = try_run(&http, "take on-call", &take).await;
        assert!(matches!(came, Err(ServiceError::Unknown { .. })), "{name}: {came:?}");
    }
    // An odd answer, though it happened.
    let server = Server::holding([]);
    server.answer_with(json!(5));
    let http = serve(&server).await;
    let done = try_run(&http, "take on-call", &take).await.unwrap();
    assert!(done.ok && server.on_call() == [ANA], "{done:?}");
}
