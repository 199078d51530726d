//! What is done about an incident.

use callboard_domain::{error::ServiceError, identity::Identity};

use super::*;

async fn try_run(http: &MockServer, name: &str, args: &Args) -> Result<Outcome, ServiceError> {
    let connection = connect(&http.uri());
    let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
    action.preview(args, now()).unwrap();
    action.run(args, now(), &RecordedProgress::default()).await
}

async fn run(http: &MockServer, name: &str, args: &Args) -> Outcome {
    try_run(http, name, args).await.unwrap()
}

async fn writes(http: &MockServer) -> usize {
    let requests = http.received_requests().await.unwrap();
    requests.iter().filter(|it| it.method != "GET").count()
}

#[tokio::test]
async fn write_outcome_is_splunk_on_calls_answer() {
    let server = Server::holding([incident("42")]);
    let http = serve(&server).await;
    let acked = run(&http, "ack", &on_the_board("42", &[])).await;
    assert!(acked.ok && server.get("42")["currentPhase"] == "ACKED", "{acked:?}");
    assert_eq!(acked.data.unwrap()["status"], "acknowledged");
    assert!(acked.link.unwrap().as_str().starts_with("https://portal.victorops.com/"));
    let again = run(&http, "ack", &on_the_board("42", &[])).await;
    assert!(again.ok && again.summary.contains("by you already"), "{again:?}");
    assert_eq!(writes(&http).await, 1, "what is so already is not sent");

    let moved = run(&http, "reroute", &on_the_board("42", &[("target", ANA)])).await;
    assert!(moved.ok && server.get("42")["pagedUsers"] == json!([ANA]), "{moved:?}");
    let target = format!("policy/{POLICY}");
    assert!(run(&http, "reroute", &on_the_board("42", &[("target", target.as_str())])).await.ok);
    let nobody = run(&http, "reroute", &on_the_board("42", &[("target", "eve")])).await;
    assert!(!nobody.ok && nobody.summary.ends_with("was not rerouted to eve: No such target"), "{nobody:?}");

    run(&http, "note", &on_the_board("42", &[("text", "two\nlines")])).await;
    let note = json!({
        "username": ANA, "text": "#42: two\nlines", "monitoringTool": "Callboard", "incidentId": 42,
    });
    assert_eq!(server.chat(), [note]);

    let over = run(&http, "resolve", &on_the_board("42", &[("text", "rolled back")])).await;
    assert!(over.ok && server.get("42")["currentPhase"] == "RESOLVED", "{over:?}");
    let requests = http.received_requests().await.unwrap();
    let resolve = requests.iter().rfind(|it| it.method == "PATCH").unwrap();
    let sent: Value = serde_json::from_slice(&resolve.body).unwrap();
    assert_eq!(sent, json!({ "userName": ANA, "incidentNames": ["42"], "message": "rolled back" }));
}

#[tokio::test]
async fn incident_of_another_person_is_acknowledged_too() {
    let server = Server::holding([acked("42")]);
    let http = serve(&server).await;
    assert!(run(&http, "ack", &on_the_board("42", &[])).await.ok);
    let after = serde_json::from_str(&server.get("42").to_string()).unwrap();
    let holders = normalise::holders(&after, now()).unwrap();
    let holders: Vec<_> = holders.into_iter().map(|user| user.id).collect();
    assert_eq!(holders, [ANA, BO]);
}

/// It counts as mine already only where every step of it can be read.
#[tokio::test]
async fn incident_with_an_outdated_holder_is_acknowledged() {
    let mine = |transitions: Value| with(after("42", &[("ACKED", "2026-11-22T11:10:00Z", ANA)]), transitions);
    let own = json!({ "name": "ACKED", "at": "2026-11-22T11:10:00Z", "by": ANA });
    let cases = [
        (json!({}), 0),
        (json!({ "transitions": [own] }), 0),
        (json!({ "transitions": [own, null] }), 1),
        (json!({ "transitions": [own, { "name": "UNACKED", "at": "soon" }] }), 1),
        (json!({ "transitions": [own, { "at": "2026-11-22T11:12:00Z" }] }), 1),
        (json!({ "transitions": null }), 1),
        (json!({ "transitions": [] }), 1),
    ];
    for (transitions, expected) in cases {
        let http = MockServer::start().await;
        let incident = mine(transitions.clone());
        let listed = ResponseTemplate::new(200).set_body_json(incident);
        Mock::given(path("/api-public/v1/incidents/42"))
            .respond_with(listed)
            .with_priority(1)
            .mount(&http)
            .await;
        Server::holding([acked("42")]).mock().mount(&http).await;
        let outcome = run(&http, "ack", &on_the_board("42", &[])).await;
        assert!(outcome.ok, "{transitions}: {outcome:?}");
        assert_eq!(writes(&http).await, expected, "{transitions}");
    }
}

#[tokio::test]
async fn incident_resolved_meanwhile_stays_resolved() {
    // A server with a call for one incident, one without, and one that lists it no more.
    let (new, old, none) =
        (Server::holding([resolved("42")]), Server::holding([resolved("42")]), Server::holding([]));
    old.is_old();
    for (what, server, expected) in [
        ("resolved", &new, "resolved already by bo"),
        ("old", &old, "resolved already by bo"),
        ("gone", &none, "is over"),
    ] {
        let http = serve(server).await;
        for (name, values) in [("ack", &[][..]), ("resolve", &[]), ("reroute", &[("target", ANA)])] {
            let outcome = run(&http, name, &on_the_board("42", values)).await;
            assert!(outcome.summary.contains(expected), "{name}, {what}: {outcome:?}");
            assert_eq!(outcome.ok, name != "reroute", "{name}, {what}: nobody was paged");
        }
        assert_eq!(writes(&http).await, 0, "{what}");
    }
}

#[tokio::test]
async fn unreadable_incident_is_not_changed() {
    let odd = with(incident("42"), json!({ "currentPhase": "SNOOZED" }));
    let server = Server::holding([odd, json!({ "currentPhase": "UNACKED" })]);
    let http = serve(&server).await;
    let unknown = try_run(&http, "ack", &on_the_board("42", &[])).await.unwrap_err();
    assert!(unknown.to_string().contains("\"SNOOZED\""), "{unknown}");
    let unread = try_run(&http, "ack", &on_the_board("43", &[])).await.unwrap_err();
    assert!(
        matches!(unread, ServiceError::Unavailable { .. }),
        "it may be the one that cannot be read: {unread}"
    );
    assert_eq!(writes(&http).await, 0);
}

/// What is answered to a write -> done, refused for a reason, or not known.
#[tokio::test]
async fn only_the_result_for_this_incident_counts() {
    enum Said {
        Done,
        Refused(&'static str),
        Unknown,
    }
    use Said::*;
    let result = |number: Value, accepted: Value| json!({ "incidentNumber": number, "cmdAccepted": accepted, "message": "Too late" });
    let results = |results: &[Value]| json!({ "results": results });
    let cases = [
        ("accepted", results(&[result(json!("42"), json!(true))]), Done),
        ("its number is one", results(&[result(json!(42), json!(true))]), Done),
        ("as a text", results(&[result(json!("#42"), json!("true"))]), Done),
        ("twice", results(&[result(json!("42"), json!(true)), result(json!("42"), json!(true))]), Done),
        (
            "with others",
            results(&[result(json!("41"), json!(false)), result(json!("42"), json!(true)), json!(null)]),
            Done,
        ),
        ("refused", results(&[result(json!("42"), json!(false))]), Refused("did not accept it: Too late")),
        (
            "refused without a reason",
            results(&[json!({ "incidentNumber": "42", "cmdAccepted": false })]),
            Refused("gives no reason"),
        ),
        ("both", results(&[result(json!("42"), json!(true)), result(json!("42"), json!(false))]), Unknown),
        ("of another", results(&[result(json!("41"), json!(true))]), Unknown),
        ("of none", results(&[]), Unknown),
        ("null", results(&[result(json!("42"), json!(null))]), Unknown),
        ("renamed", results(&[json!({ "incidentNumber": "42", "accepted": true })]), Unknown),
        ("without a number", results(&[json!({ "cmdAccepted": true })]), Unknown),
        ("no list", json!({ "results": null }), Unknown),
        ("no results", json!({}), Unknown),
        ("a text", json!("OK"), Unknown),
    ];
    for (name, answer, expected) in cases {
        let http = MockServer::start().await;
        // The state that is looked up stays as it was: what is not known is not made up by it.
        Mock::given(path("/api-public/v1/incidents/ack"))
            .respond_with(ResponseTemplate::new(200).set_body_json(answer))
            .with_priority(1)
            .mount(&http)
            .await;
        Server::holding([incident("42")]).mock().mount(&http).await;
        let came = try_run(&http, "ack", &on_the_board("42", &[])).await;
        match (expected, came) {
            (Done, Ok(outcome)) => assert!(outcome.ok, "{name}: {outcome:?}"),
            (Refused(why), Ok(outcome)) => {
                assert!(!outcome.ok && outcome.summary.contains(why), "{name}: {outcome:?}");
            }
            (Unknown, Err(ServiceError::Unknown { .. })) => {}
            (_, came) => panic!("{name}: {came:?}"),
        }
        assert_eq!(writes(&http).await, 1, "{name}");
    }
}

#[tokio::test]
async fn lost_response_is_looked_up() {
    for (name, values) in [("ack", &[][..]), ("resolve", &[])] {
        let server = Server::holding([incident("42")]);
        server.answer_with(json!({ "results": [] }));
        let http = serve(&server).await;
        let outcome = run(&http, name, &on_the_board("42", values)).await;
        assert!(outcome.ok, "{name}: {outcome:?}");
        assert_eq!(writes(&http).await, 1, "{name}");
    }
}

/// What is answered to a rerouting -> how it ends.
#[tokio::test]
async fn reroute_result_needs_incident_and_target() {
    let status = |own: Value, target: Value| json!({ "statuses": [{ "incidentNumber": "42", "success": own, "targetStatus": target }] });
    let target = |success: Value| json!([{ "slug": ANA, "success": success, "message": "" }]);
    let cases = [
        ("both good", status(json!(true), target(json!(true))), Some(true)),
        ("no result of the target", status(json!(true), json!(null)), Some(true)),
        ("both bad", status(json!(false), target(json!(false))), Some(false)),
        ("only the target is bad", status(json!(true), target(json!(false))), None),
        ("no result", status(json!(null), target(json!(true))), None),
        ("of none", json!({ "statuses": [] }), None),
        ("no list", json!({ "statuses": null }), None),
        ("another answer", json!({ "results": [] }), None),
    ];
    for (name, answer, expected) in cases {
        let server = Server::holding([incident("42")]);
        server.answer_with(answer);
        let http = serve(&server).await;
        let came = try_run(&http, "reroute", &on_the_board("42", &[("target", ANA)])).await;
        match (expected, &came) {
            (Some(ok), Ok(outcome)) => assert_eq!(outcome.ok, ok, "{name}: {outcome:?}"),
            (None, Err(ServiceError::Unknown { .. })) => {}
            _ => panic!("{name}: {came:?}"),
        }
    }
}

/// What is answered to a note -> whether that shows that it was added.
#[tokio::test]
async fn note_is_added_where_the_answer_has_no_content() {
    let cases = [
        ("", true),
        (" \n", true),
        ("{}", true),
        ("null", true),
        (r#"{"message": "m"}"#, false),
        (r#"["m"]"#, false),
        ("OK", false),
        ("<html>", false),
    ];
    for (answer, done) in cases {
        let http = MockServer::start().await;
        let noted = ResponseTemplate::new(200).set_body_raw(answer, "application/json");
        Mock::given(path("/api-public/v1/chat")).respond_with(noted).expect(1).mount(&http).await;
        match try_run(&http, "note", &on_the_board("42", &[("text", "the queue drains")])).await {
            Ok(outcome) => assert!(done && outcome.ok, "{answer:?}: {outcome:?}"),
            Err(error) => {
                assert!(!done && matches!(error, ServiceError::Unknown { .. }), "{answer:?}: {error}");
            }
        }
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_anything_is_sent() {
    let nobody: Config = serde_json::from_value(json!({ "url": "http://127.0.0.1:9" })).unwrap();
    let nobody = nobody.connect(access(&FIELDS)).unwrap();
    let ana = connect("http://127.0.0.1:9");
    let action = |connection: &Connection, name: &str| {
        connection.actions.iter().find(|action| action.spec().name == name).unwrap().clone()
    };
    let take = |policy: &str, person: &str| args(&[("policy", policy), ("person", person)]);
    let cases = [
        (&ana, "ack", args(&[]), "ack needs incident"),
        (&ana, "ack", args(&[("incident", "9")]), "an incident on the board"),
        (&ana, "reroute", on_the_board("42", &[("target", "policy/")]), "an escalation policy such as"),
        (&ana, "reroute", on_the_board("42", &[("target", "../x")]), "a user's name"),
        (&ana, "note", on_the_board("42", &[("text", " ")]), "note needs text"),
        (&ana, "take on-call", take("../x", BO), "an escalation policy's slug"),
        (&ana, "take on-call", take(POLICY, "ANA"), "another user"),
        (&nobody, "ack", on_the_board("42", &[]), "your user name at Splunk On-Call"),
        (&nobody, "note", on_the_board("42", &[("text", "x")]), "your user name at Splunk On-Call"),
        (&nobody, "take on-call", take(POLICY, BO), "your user name at Splunk On-Call"),
    ];
    for (connection, name, args, expected) in cases {
        let error = action(connection, name).preview(&args, now()).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    let board = item(&incident("42"));
    let refuses = |connection: &Connection, name: &str, item: &Item| {
        action(connection, name).refuses(item, &Identity::default())
    };
    for name in ["ack", "resolve", "note", "reroute"] {
        assert!(refuses(&nobody, name, &board).is_some_and(|why| why.contains("has no user")), "{name}");
        assert_eq!(refuses(&ana, name, &board), None, "{name}");
    }
    assert!(refuses(&ana, "reroute", &item(&resolved("42"))).is_some());
    let steps = action(&ana, "ack").preview(&on_the_board("42", &[]), now()).unwrap();
    assert!(steps[1].request.contains("\"userName\": \"ana\""), "in whose name: {steps:?}");
}
