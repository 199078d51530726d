//! What is done about an incident.

use callboard_domain::error::ServiceError;

use super::*;

async fn run(http: &MockServer, name: &str, args: &Args) -> Outcome {
    let connection = connect(&http.uri());
    let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
    action.preview(args, now()).unwrap();
    action.run(args, now(), &RecordedProgress::default()).await.unwrap()
}

#[tokio::test]
async fn write_outcome_is_pagerdutys_answer() {
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let acked = run(&http, "ack", &on_the_board("Q1SLOW", &[])).await;
    assert!(acked.ok && server.get("Q1SLOW")["status"] == "acknowledged", "{acked:?}");
    let moved = run(&http, "reassign", &on_the_board("Q1SLOW", &[("person", ANA)])).await;
    assert_eq!(moved.summary, "Q1SLOW is slow is assigned to Ana");
    let escalated = run(&http, "escalate", &on_the_board("Q1SLOW", &[("level", "2")])).await;
    assert!(escalated.ok, "{escalated:?}");
    run(&http, "note", &on_the_board("Q1SLOW", &[("text", "two\nlines")])).await;
    assert_eq!(server.notes(), [json!(["Q1SLOW", "two\nlines"])]);
    let over = run(&http, "resolve", &on_the_board("Q1SLOW", &[])).await;
    assert!(over.ok && server.get("Q1SLOW")["status"] == "resolved", "{over:?}");
    let new = run(&http, "trigger", &args(&[("service", SERVICE), ("title", "checkout is down")])).await;
    assert!(new.ok && server.get("QNEW001")["title"] == "checkout is down", "{new:?}");
    // By the key that polls give it.
    let known = item(&server.get("QNEW001")).key;
    assert_eq!(new.began, Some(known), "{new:?}");
    assert!([acked, moved, escalated, over].iter().all(|outcome| outcome.began.is_none()));
    let duty = run(&http, "on-call", &args(&[("team", "checkout")])).await;
    assert!(
        duty.summary == "1 person is on call"
            && format!("{duty:?}").contains("Bo: level 1 of Checkout team, always")
    );
    let nobody = run(&http, "on-call", &args(&[("team", "sales")])).await;
    assert!(nobody.summary.starts_with("Nobody is on call for anything named like"), "{nobody:?}");
}

/// What a text means as a person, or as a service; else the error.
async fn named(http: &MockServer, name: &str, arg: &str, typed: &str) -> Result<String, String> {
    let connection = connect(&http.uri());
    let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
    let LookupResult { what, lookup } = action.look_up(arg, typed).await.unwrap().unwrap();
    let named = lookup.one(arg, what, typed).map_err(|error| error.to_string())?;
    let mut args = on_the_board("Q1SLOW", &[(arg, &named.id), ("title", "it is down")]);
    args.named.insert(arg.to_owned(), named);
    Ok(action.preview(&args, now()).unwrap().pop().unwrap().what)
}

#[tokio::test]
async fn people_and_services_go_by_names_and_the_preview_has_both() {
    let http = serve(&Server::holding([incident("Q1SLOW")])).await;
    let page = |whom: &str| Ok(format!("Page {whom} for Q1SLOW is slow, unless it is over by then"));
    let begin = Ok("Begin the incident it is down on Checkout (PIJ90N7)".to_owned());
    let cases = [
        ("reassign", "person", "bo", page("Bo (PXPGF42)")),
        ("reassign", "person", "BO@acme.example", page("Bo (PXPGF42)")),
        ("reassign", "person", BO, page("Bo (PXPGF42)")),
        ("reassign", "person", " ana ", page("Ana (PANA001)")),
        ("trigger", "service", "checkout", begin.clone()),
        ("trigger", "service", SERVICE, begin),
        ("reassign", "person", "b", Err("such as Bo (PXPGF42, bo@acme.example)")),
        (
            "reassign",
            "person",
            "nobody",
            Err("expected a user's id, name or e-mail address at PagerDuty, found"),
        ),
        (
            "reassign",
            "person",
            "PNOBODY",
            Err("expected a user's id, name or e-mail address at PagerDuty, found"),
        ),
        ("trigger", "service", "PNOWHERE", Err("expected a service's id or name at PagerDuty")),
    ];
    for (name, arg, typed, expected) in cases {
        match (named(&http, name, arg, typed).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{typed}"),
            (Err(error), Err(words)) => assert!(error.contains(words), "{typed}: {error}"),
            (found, expected) => panic!("{typed}: {found:?}, not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn ambiguous_name_is_refused_where_people_cannot_be_read() {
    let odd = json!({ "id": null, "name": "Bo" });
    let bo = json!({ "id": BO, "name": "Bo", "email": null });
    let two = json!({ "id": "PBO0002", "name": "bo", "email": "two@acme.example" });
    let answer =
        |rows: Value| ResponseTemplate::new(200).set_body_json(json!({ "users": rows, "more": false }));
    let whole = "Page Bo (PXPGF42) for Q1SLOW is slow, unless it is over by then";
    // the list of users -> what "bo" means
    let cases = [
        (answer(json!([bo])), Ok(whole)),
        (answer(json!([bo, two])), Err("could be Bo (PXPGF42), bo (PBO0002, two@acme.example)")),
        (answer(json!([bo, odd])), Err("expected an id, as not all that it may mean can be read")),
        (answer(json!([bo, null])), Err("expected an id, as not all that it may mean can be read")),
        (
            ResponseTemplate::new(200).set_body_json(json!({ "users": [bo], "more": true })),
            Err("expected an id"),
        ),
        (answer(json!([])), Err("expected a user's id, name or e-mail address")),
    ];
    for (users, expected) in cases {
        let http = MockServer::start().await;
        Mock::given(path("/users")).respond_with(users).with_priority(1).mount(&http).await;
        Mock::given(path(format!("/users/{BO}")))
            .respond_with(ResponseTemplate::new(403))
            .with_priority(1)
            .mount(&http)
            .await;
        Server::default().mock().mount(&http).await;
        match (named(&http, "reassign", "person", "bo").await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
        // An id is sent as it is, even where no answer names its owner.
        let by_id = named(&http, "reassign", "person", BO).await.unwrap();
        assert_eq!(by_id, "Page PXPGF42 for Q1SLOW is slow, unless it is over by then");
    }
}

#[tokio::test]
async fn forbidden_and_unknown_user_get_the_same_error() {
    let message = |what: &str| json!({ "error": { "message": what, "code": 2001 } });
    let refusal = |status: u16, what: &str| ResponseTemplate::new(status).set_body_json(message(what));
    let forbidden = "this account may not do that at PagerDuty: it takes the API key of a user";
    // `from`, how the write is refused -> the error
    let cases = [
        (Some(FROM), refusal(403, "Access Denied"), forbidden),
        (None, refusal(400, "Requester User Not Found"), forbidden),
        (Some("gone@acme.example"), refusal(400, "Requester User Not Found"), forbidden),
        (Some(FROM), refusal(400, "Invalid Input Provided"), "PagerDuty refused it (400)"),
        (Some(FROM), refusal(404, "Not Found"), "PagerDuty has no such thing"),
    ];
    for (from, refused, expected) in cases {
        let http = MockServer::start().await;
        Mock::given(method("PUT")).respond_with(refused).with_priority(1).mount(&http).await;
        Server::holding([incident("Q1SLOW")]).mock().mount(&http).await;
        let config: Config = serde_json::from_value(json!({ "url": http.uri(), "from": from })).unwrap();
        let connection = config.connect(access(&["token"])).unwrap();
        for name in ["ack", "resolve", "reassign", "escalate"] {
            let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
            let args = on_the_board("Q1SLOW", &[("person", ANA), ("level", "2")]);
            let error = action.run(&args, now(), &RecordedProgress::default()).await.unwrap_err();
            assert!(error.to_string().starts_with(expected), "{name} from {from:?}: {error}");
        }
    }
}

#[tokio::test]
async fn incident_resolved_meanwhile_stays_resolved() {
    let server = Server::holding([resolved("Q1SLOW")]);
    let http = serve(&server).await;
    for (name, values) in [
        ("ack", &[][..]),
        ("resolve", &[]),
        ("escalate", &[("level", "2")]),
        ("reassign", &[("person", ANA)]),
    ] {
        let outcome = run(&http, name, &on_the_board("Q1SLOW", values)).await;
        assert!(
            outcome.summary.contains("resolved") && outcome.summary.contains("by Bo"),
            "{name}: {outcome:?}"
        );
        assert_eq!(server.get("Q1SLOW"), resolved("Q1SLOW"), "{name}");
    }
    let writes = http.received_requests().await.unwrap().iter().filter(|it| it.method != "GET").count();
    assert_eq!(writes, 0);
}

/// Whether it is over is read first: without a status that is not known.
#[tokio::test]
async fn incident_without_a_known_status_is_not_changed() {
    for status in [json!(null), json!("dormant"), json!(""), json!(["triggered"])] {
        let server = Server::holding([with(incident("Q1SLOW"), json!({ "status": status }))]);
        let http = serve(&server).await;
        let connection = connect(&http.uri());
        for (name, values) in [
            ("ack", &[][..]),
            ("resolve", &[]),
            ("escalate", &[("level", "2")]),
            ("reassign", &[("person", ANA)]),
        ] {
            let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
            let args = on_the_board("Q1SLOW", values);
            let error = action.run(&args, now(), &RecordedProgress::default()).await.unwrap_err();
            assert!(matches!(error, ServiceError::Unavailable { .. }), "{name} of {status}: {error}");
        }
        let writes = http.received_requests().await.unwrap().iter().filter(|it| it.method != "GET").count();
        assert_eq!(writes, 0, "{status}");
    }
}

/// What is answered to a write, and what is there afterwards -> done, not done, or not known.
#[tokio::test]
async fn response_without_the_requested_state_is_unknown() {
    let without = |mut incident: Value, field: &str| {
        incident.as_object_mut().unwrap().remove(field);
        incident
    };
    let (open, taken) = (incident("Q1SLOW"), acknowledged("Q1SLOW"));
    let to_ana = with(open.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] }));
    let half = with(open.clone(), json!({ "assignments": [{ "assignee": user(BO) }, null] }));
    let person = &[("person", ANA)][..];
    let cases = [
        ("ack", &[][..], taken.clone(), Some(true)),
        ("ack", &[], open.clone(), Some(false)),
        ("ack", &[], without(taken.clone(), "status"), None),
        ("ack", &[], with(taken, json!({ "status": "dormant" })), None),
        ("ack", &[], acknowledged("QOTHER1"), None),
        ("reassign", person, to_ana.clone(), Some(true)),
        ("reassign", person, open.clone(), Some(false)),
        ("reassign", person, without(to_ana, "assignments"), None),
        ("reassign", person, half, None),
        ("escalate", &[("level", "2")], incident("QOTHER1"), None),
    ];
    for (name, values, answer, expected) in cases {
        let http = MockServer::start().await;
        let written = ResponseTemplate::new(200).set_body_json(json!({ "incident": answer }));
        Mock::given(method("PUT")).respond_with(written).with_priority(1).mount(&http).await;
        // Nothing has become of it where it is looked up.
        Server::holding([open.clone()]).mock().mount(&http).await;
        let connection = connect(&http.uri());
        let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
        let came = action.run(&on_the_board("Q1SLOW", values), now(), &RecordedProgress::default()).await;
        match (expected, &came) {
            (Some(ok), Ok(outcome)) => assert_eq!(outcome.ok, ok, "{name} {answer}: {outcome:?}"),
            (None, Err(ServiceError::Unknown { .. })) => {}
            _ => panic!("{name} {answer}: {came:?}"),
        }
    }
}

/// What is answered to what adds something -> whether that shows that it was added.
#[tokio::test]
async fn addition_is_done_where_the_answer_has_it() {
    let note = || on_the_board("Q1SLOW", &[("text", "the queue drains")]);
    let trigger = || args(&[("service", SERVICE), ("title", "checkout is down")]);
    let cases = [
        ("note", note(), json!({ "note": { "id": "N1", "content": "the queue drains" } }), true),
        ("note", note(), json!({ "note": { "id": "N1" } }), true),
        ("note", note(), json!({ "note": { "id": "" } }), false),
        ("note", note(), json!({ "note": null }), false),
        ("note", note(), json!({ "message": "m" }), false),
        ("note", note(), json!([]), false),
        ("trigger", trigger(), json!({ "incident": incident("QNEW001") }), true),
        (
            "trigger",
            trigger(),
            json!({ "incident": with(incident("QNEW001"), json!({ "id": null })) }),
            false,
        ),
        ("trigger", trigger(), json!({ "incident": {} }), false),
        ("trigger", trigger(), json!({ "message": "m" }), false),
    ];
    for (name, args, answer, done) in cases {
        let http = MockServer::start().await;
        let added = ResponseTemplate::new(201).set_body_json(&answer);
        Mock::given(method("POST")).respond_with(added).with_priority(1).mount(&http).await;
        Server::holding([incident("Q1SLOW")]).mock().mount(&http).await;
        let connection = connect(&http.uri());
        let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
        match action.run(&args, now(), &RecordedProgress::default()).await {
            Ok(outcome) => assert!(done && outcome.ok, "{name} {answer}: {outcome:?}"),
            Err(error) => {
                assert!(!done && matches!(error, ServiceError::Unknown { .. }), "{name} {answer}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn only_a_shift_without_an_end_is_for_always() {
    // the end that PagerDuty gives -> what is said of it, whether it is for always
    let cases = [
        (json!({ "end": null }), "always", true),
        (json!({ "end": "2026-11-23T09:00:00Z" }), "until 2026-11-2", false),
        (json!({ "end": "bad" }), "it is not known until when", false),
        (json!({ "end": "" }), "it is not known until when", false),
        (json!({ "end": {} }), "it is not known until when", false),
        (json!({}), "it is not known until when", false),
    ];
    for (end, expected, always) in cases {
        let mut duty = json!({
            "user": { "id": "PXPGF42", "type": "user_reference", "summary": "Bo" }, "escalation_level": 1,
            "escalation_policy": { "id": "PPOLICY1", "type": "escalation_policy_reference", "summary": "Ops" },
        });
        duty.as_object_mut().unwrap().extend(end.as_object().unwrap().clone());
        let http = MockServer::start().await;
        let page = ResponseTemplate::new(200).set_body_json(json!({ "oncalls": [duty], "more": false }));
        Mock::given(path("/oncalls")).respond_with(page).mount(&http).await;
        let outcome = run(&http, "on-call", &args(&[])).await;
        let row = format!("Bo: level 1 of Ops, {expected}");
        assert!(format!("{outcome:?}").contains(&row), "{end}: {outcome:?}");
        let data = &outcome.data.as_ref().unwrap()["on_call"][0];
        assert_eq!(
            (&data["always"], data["until"].is_null()),
            (&json!(always), !expected.starts_with("until")),
            "{end}"
        );
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused_before_anything_is_sent() {
    let connection = connect("http://127.0.0.1:9");
    let refused = |name: &str, args: &Args| {
        let action = connection.actions.iter().find(|action| action.spec().name == name).unwrap();
        action.preview(args, now()).unwrap_err().to_string()
    };
    let cases = [
        ("ack", args(&[]), "ack needs incident"),
        ("ack", args(&[("incident", "Q9")]), "an incident on the board"),
        ("escalate", on_the_board("Q1SLOW", &[("level", "0")]), "a level from 1 to 20"),
        ("reassign", on_the_board("Q1SLOW", &[("person", "bo")]), "a user's id, name or e-mail address"),
        ("trigger", args(&[("service", "../x"), ("title", "t")]), "a service's id"),
        ("note", on_the_board("Q1SLOW", &[("text", " ")]), "note needs text"),
    ];
    for (name, args, expected) in cases {
        let error = refused(name, &args);
        assert!(error.contains(expected), "{name}: {error}");
    }
    let preview = connection.actions.iter().find(|action| action.spec().name == "ack").unwrap();
    let steps = preview.preview(&on_the_board("Q1SLOW", &[]), now()).unwrap();
    assert!(steps[1].request.contains(&format!("from: {FROM}")), "in whose name: {steps:?}");
}
