//! What polls see of an incident, from its beginning to its end.

use jiff::SignedDuration;

use super::*;

/// Polls as the engine does: what was stored, with what a poll adds.
pub(super) struct Polled {
    pub(super) source: Arc<dyn Source>,
    pub(super) hook: Arc<dyn Hook>,
    pub(super) cursor: Option<Cursor>,
    pub(super) stored: std::collections::BTreeMap<String, Item>,
}

impl Polled {
    pub(super) fn new(url: &str) -> Self {
        let connection = connect(url);
        let (source, hook) = (connection.source.unwrap(), connection.hook.unwrap());
        Self { source, hook, cursor: None, stored: Default::default() }
    }

    /// What a poll reports, and the poll.
    pub(super) async fn poll(&mut self) -> (Vec<(EventName, Option<String>)>, Batch) {
        self.poll_after(0).await
    }

    pub(super) async fn poll_after(&mut self, hours: i64) -> (Vec<(EventName, Option<String>)>, Batch) {
        let at = now() + SignedDuration::from_hours(hours);
        let batch = self.source.poll(self.cursor.as_ref(), at).await.unwrap();
        self.cursor.clone_from(&batch.cursor);
        let mut reported = Vec::new();
        for item in &batch.snapshots {
            let change = compare(self.stored.get(&item.key.id), item.clone());
            reported.extend(change.transitions.into_iter().map(|it| (it.name, it.by.map(|by| by.name))));
            self.stored.insert(item.key.id.clone(), change.item);
        }
        (reported, batch)
    }
}

#[tokio::test]
async fn incident_is_followed_to_its_end() {
    use EventName::*;
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    let by = |name: &str| Some(name.to_owned());

    let (reported, batch) = board.poll().await;
    assert_eq!(reported, [(Triggered, None)]);
    assert_eq!(batch.emptied.len(), 1, "what was open before is not known");
    let first = detail(&batch.snapshots[0]);
    assert_eq!((first.service.as_str(), first.severity), ("Checkout", Severity::High));
    assert_eq!(
        (first.assignee_names(), first.holder_names()),
        (vec!["Bo"], vec![]),
        "assigned is not acknowledged"
    );
    assert_eq!(first.number, Some(1234));
    assert_eq!((batch.emptied.len(), batch.problems.len()), (1, 0));
    assert_eq!(batch.rate_limit.map(|it| (it.limit, it.remaining)), Some((960, 950)));

    server.set(acknowledged("Q1SLOW"));
    let (reported, batch) = board.poll().await;
    assert_eq!(reported, [(Acknowledged, by("Bo"))]);
    assert_eq!(batch.emptied, [], "each end is asked for by itself");
    let acked = detail(&batch.snapshots[0]);
    assert_eq!((acked.holder_names(), acked.held_until()), (vec!["Bo"], "2026-11-22T13:00:00Z".parse().ok()));

    let again = with(incident("Q1SLOW"), json!({ "last_status_change_at": "2026-11-22T11:12:00Z" }));
    server.set(again.clone());
    assert_eq!(board.poll().await.0, [(Unacknowledged, by("Checkout"))]);

    let assignments = json!([{ "at": "2026-11-22T11:13:00Z", "assignee": user(ANA) }]);
    server.set(with(again, json!({ "assignments": assignments })));
    assert_eq!(board.poll().await.0, [(Reassigned, None)]);

    let policy = json!({ "id": "PPOLICY", "type": "escalation_policy_reference", "summary": "Checkout" });
    server.escalated("Q1SLOW", "2026-11-22T11:14:00Z", policy);
    server.escalated("Q1SLOW", "2026-11-22T11:15:00Z", Value::Null);
    server.escalated("Q1SLOW", "2026-11-22T11:16:00Z", user(ANA));
    server.escalated("QOTHER1", "2026-11-22T11:14:00Z", user(ANA));
    let escalations = [(Escalated, None), (Escalated, None), (Escalated, by("Ana"))];
    assert_eq!(board.poll().await.0, escalations, "a policy is not a person");
    assert_eq!(board.poll().await.0, [], "the log overlaps");

    server.set(resolved("Q1SLOW"));
    assert_eq!(board.poll().await.0, [(Resolved, by("Bo"))], "asked for by its id, though no list has it");
    assert_eq!(board.poll().await.1.snapshots.len(), 0);
}

#[tokio::test]
async fn incident_without_its_beginning_is_the_same_occurrence() {
    use EventName::*;
    let undated = |incident: Value| with(incident, json!({ "created_at": null }));
    for order in [[false, true, false], [true, false, true], [true, true, false], [false, true, true]] {
        let give = |place: usize, incident: Value| if order[place] { undated(incident) } else { incident };
        let server = Server::holding([give(0, incident("Q1SLOW"))]);
        let http = serve(&server).await;
        let mut board = Polled::new(&http.uri());
        let names = |reported: Vec<(EventName, Option<String>)>| {
            reported.into_iter().map(|it| it.0).collect::<Vec<_>>()
        };
        assert_eq!(names(board.poll().await.0), [Triggered], "{order:?}");
        server.set(give(1, acknowledged("Q1SLOW")));
        assert_eq!(names(board.poll().await.0), [Acknowledged], "{order:?}");
        assert_eq!(names(board.poll().await.0), [], "{order:?}");
        server.set(give(2, resolved("Q1SLOW")));
        assert_eq!(names(board.poll().await.0), [Resolved], "{order:?}");
        let known = detail(&board.stored["Q1SLOW"]).began();
        assert_eq!(known, "2026-11-22T11:00:00Z".parse().ok(), "{order:?}");
    }
    let server = Server::holding([undated(incident("Q1SLOW"))]);
    let http = serve(&server).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert_eq!(detail(&batch.snapshots[0]).began(), None, "nothing is as old as 1970");
}

#[tokio::test]
async fn incident_that_left_the_list_is_requested() {
    let server = Server::holding([incident("Q1SLOW"), incident("Q2SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    server.forget("Q1SLOW");
    let (_, batch) = board.poll().await;
    let gone: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), gone.reason.clone())).collect();
    assert_eq!(gone, [("Q1SLOW", GoneReason::Deleted)]);

    // Its end cannot be read now: it becomes a problem, and is asked for again.
    server.set(resolved("Q2SLOW"));
    Mock::given(path("/incidents/Q2SLOW"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(1)
        .with_priority(1)
        .mount(&http)
        .await;
    let (reported, batch) = board.poll().await;
    let [problem] = &batch.problems[..] else { panic!("{batch:?}") };
    assert_eq!((reported, problem.part.as_str(), problem.kind), (vec![], "Q2SLOW", ProblemKind::NotSeen));
    assert_eq!(board.poll().await.0, [(EventName::Resolved, Some("Bo".to_owned()))]);
}

/// What left the list and is refused by itself may still be open: it is a problem until its end is known.
#[tokio::test]
async fn refused_incident_that_left_the_list_is_not_seen() {
    let other = json!({ "incident": incident("QOTHER1") });
    let answers = [
        ResponseTemplate::new(403),
        ResponseTemplate::new(400),
        ResponseTemplate::new(401),
        ResponseTemplate::new(500),
        ResponseTemplate::new(200).set_body_json(other),
        ResponseTemplate::new(200).set_body_json(json!({ "incident": { "id": "Q1SLOW" } })),
        ResponseTemplate::new(200).set_body_string("<html>Sign in</html>"),
    ];
    for (place, answer) in answers.into_iter().enumerate() {
        let server = Server::holding([incident("Q1SLOW")]);
        let http = serve(&server).await;
        let mut board = Polled::new(&http.uri());
        board.poll().await;
        server.set(resolved("Q1SLOW"));
        let refused = Mock::given(path("/incidents/Q1SLOW")).respond_with(answer).with_priority(1);
        refused.mount(&http).await;
        for _ in 0..2 {
            let (reported, batch) = board.poll().await;
            let [problem] = &batch.problems[..] else { panic!("{place}: {:?}", batch.problems) };
            assert_eq!(
                (reported, &batch.gone[..], &batch.emptied[..]),
                (vec![], &[][..], &[][..]),
                "{place}"
            );
            assert_eq!((problem.part.as_str(), problem.kind), ("Q1SLOW", ProblemKind::NotSeen), "{place}");
            assert!(problem.why.starts_with("whether it has ended cannot be read: "), "{problem}");
        }
        http.reset().await;
        server.mock().mount(&http).await;
        let (reported, batch) = board.poll().await;
        assert_eq!((reported.len(), batch.problems.len()), (1, 0), "{place}: its end is read at last");
    }
}

/// More than are asked for in one poll: those that wait are named.
#[tokio::test]
async fn incidents_waiting_to_be_requested_become_a_problem() {
    let ids: Vec<String> = (0..25).map(|n| format!("Q{n:05}")).collect();
    let server = Server::holding(ids.iter().map(|id| incident(id)));
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    ids.iter().for_each(|id| server.set(resolved(id)));
    let (reported, batch) = board.poll().await;
    let [problem] = &batch.problems[..] else { panic!("{:?}", batch.problems) };
    assert!(reported.len() == 20 && problem.hides() && problem.why.contains("5 more incidents"), "{problem}");
    let (reported, batch) = board.poll().await;
    assert_eq!((reported.len(), batch.problems.len()), (5, 0));
}

/// The field by which a listing's rows are missed is the service's own.
#[tokio::test]
async fn listing_without_rows_names_the_services_field() {
    let cases = [
        (json!({}), "`incidents` is missing"),
        (json!({ "rows": [] }), "`incidents` is missing"),
        (json!({ "users": [] }), "`incidents` is missing"),
        (json!({ "incidents": null }), "`incidents`: expected a list, found nothing (null)"),
        (json!({ "incidents": { "Q1": 1 } }), "`incidents`: expected a list, found an object {...}"),
    ];
    for (answer, expected) in cases {
        let http = MockServer::start().await;
        let list = ResponseTemplate::new(200).set_body_json(&answer);
        Mock::given(path("/incidents")).respond_with(list).mount(&http).await;
        let error = connect(&http.uri()).source.unwrap().poll(None, now()).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{answer}: {error}");
    }
    let http = MockServer::start().await;
    let empty = ResponseTemplate::new(200).set_body_json(json!({}));
    Mock::given(path("/oncalls")).respond_with(empty.clone()).mount(&http).await;
    Mock::given(path("/log_entries")).respond_with(empty).mount(&http).await;
    Server::holding([incident("Q1SLOW")]).mock().with_priority(9).mount(&http).await;
    let connection = connect(&http.uri());
    let on_call = connection.actions.iter().find(|action| action.spec().name == "on-call").unwrap();
    let error = on_call.run(&args(&[]), now(), &RecordedProgress::default()).await.unwrap_err().to_string();
    assert!(error.contains("`oncalls` is missing"), "{error}");
    let batch = connection.source.unwrap().poll(None, now()).await.unwrap();
    assert!(batch.problems[0].why.contains("`log_entries` is missing"), "{:?}", batch.problems);
}

/// Missing assignees or acknowledgers are unknown, not none.
#[tokio::test]
async fn missing_people_become_a_problem() {
    let assigned = "it is not known whom it is assigned to: assignments is missing";
    let acknowledged_by = "it is not known who acknowledged it: acknowledgements is missing";
    let cases = [
        (&["assignments"][..], vec![(true, assigned)]),
        (&["acknowledgements"], vec![(false, acknowledged_by)]),
        (&["assignments", "acknowledgements"], vec![(true, assigned), (false, acknowledged_by)]),
    ];
    for (absent, expected) in cases {
        let server = Server::holding([acknowledged("Q1SLOW")]);
        let http = serve(&server).await;
        let mut board = Polled::new(&http.uri());
        assert_eq!(board.poll().await.1.problems, []);
        let mut less = acknowledged("Q1SLOW");
        absent.iter().for_each(|field| drop(less.as_object_mut().unwrap().remove(*field)));
        server.set(less);
        let (reported, batch) = board.poll().await;
        let named: Vec<_> = batch.problems.iter().map(|it| (it.hides(), it.why.as_str())).collect();
        assert_eq!((reported, named), (vec![], expected), "{absent:?}");
        assert!(batch.problems.iter().all(|it| it.part == "Q1SLOW"));
        let known = detail(&board.stored["Q1SLOW"]);
        assert_eq!((known.assignee_names(), known.holder_names()), (vec!["Bo"], vec!["Bo"]), "{absent:?}");
    }
    // Read by itself, since it is not listed.
    let server = Server::holding([incident("Q1SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    let mut less = incident("Q1SLOW");
    less.as_object_mut().unwrap().remove("assignments");
    server.set(less);
    let none = ResponseTemplate::new(200).set_body_json(json!({ "incidents": [], "more": false }));
    Mock::given(path("/incidents")).respond_with(none).with_priority(1).mount(&http).await;
    let named: Vec<_> = board.poll().await.1.problems.into_iter().map(|it| it.why).collect();
    assert_eq!(named, [assigned]);
    // Acknowledged by nobody.
    let server = Server::holding([with(acknowledged("Q1SLOW"), json!({ "acknowledgements": [] }))]);
    let http = serve(&server).await;
    let named: Vec<_> =
        Polled::new(&http.uri()).poll().await.1.problems.into_iter().map(|it| it.why).collect();
    assert_eq!(named, ["it is not known who acknowledged it: acknowledgements is empty"]);
}

#[tokio::test]
async fn open_incident_missing_from_the_list_stays_open() {
    let server = Server::holding([incident("Q1SLOW"), incident("Q2SLOW")]);
    let http = serve(&server).await;
    let mut board = Polled::new(&http.uri());
    board.poll().await;
    let short = json!({ "incidents": [incident("Q1SLOW")], "more": false });
    Mock::given(path("/incidents"))
        .respond_with(ResponseTemplate::new(200).set_body_json(short))
        .with_priority(1)
        .mount(&http)
        .await;
    for poll in 0..3 {
        let (reported, batch) = board.poll().await;
        let ids: Vec<_> = batch.snapshots.iter().map(|item| item.key.id.as_str()).collect();
        assert_eq!((reported, ids, batch.emptied), (vec![], vec!["Q1SLOW", "Q2SLOW"], vec![]), "poll {poll}");
    }
    // What a webhook reported and no list has yet is asked for, too.
    server.set(incident("Q3SLOW"));
    let body = webhook("incident.triggered", "2026-11-22T11:00:00Z", Value::Null, &incident("Q3SLOW"));
    let body = body.to_string().into_bytes();
    board.hook.receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap();
    for _ in 0..2 {
        assert_eq!(board.poll().await.1.snapshots.last().unwrap().key.id, "Q3SLOW");
    }
}

/// The content of the cursor is not known: the list alone decides what is open.
#[tokio::test]
async fn unreadable_cursor_starts_over() {
    let http = serve(&Server::holding([incident("Q1SLOW")])).await;
    let cases = [
        (None, 1),
        (Some("?"), 1),
        (Some("{}"), 1),
        (Some(r#"{"open":[],"logged":null}"#), 0),
        (Some(r#"{"open":[],"missed":{"Q3SLOW":"2026-11-22T11:00:00Z"},"logged":null}"#), 0),
    ];
    for (cursor, expected) in cases {
        let cursor = cursor.map(|text| Cursor(text.to_owned()));
        let batch = connect(&http.uri()).source.unwrap().poll(cursor.as_ref(), now()).await.unwrap();
        assert_eq!(batch.emptied.len(), expected, "{cursor:?}");
    }
}

/// Of two rows of one incident the later counts; where nothing shows which that is, it is asked for by itself.
#[tokio::test]
async fn incident_listed_twice_counts_as_its_later_row() {
    let at = |minute: u32, incident: Value| {
        with(incident, json!({ "last_status_change_at": format!("2026-11-22T11:{minute:02}:00Z") }))
    };
    let (acked, open) = (acknowledged("Q1SLOW"), incident("Q1SLOW"));
    let cases = [
        ([at(10, acked.clone()), at(20, open.clone())], Some(IncidentStatus::Triggered)),
        ([at(20, open.clone()), at(10, acked.clone())], Some(IncidentStatus::Triggered)),
        ([at(10, open.clone()), at(20, acked.clone())], Some(IncidentStatus::Acknowledged)),
        ([at(10, open.clone()), at(10, open.clone())], Some(IncidentStatus::Triggered)),
        ([at(10, open.clone()), at(10, acked.clone())], None),
    ];
    for (rows, expected) in cases {
        let http = MockServer::start().await;
        let list = ResponseTemplate::new(200).set_body_json(json!({ "incidents": rows, "more": false }));
        Mock::given(path("/incidents")).respond_with(list).with_priority(1).mount(&http).await;
        Server::default().mock().mount(&http).await;
        let (_, batch) = Polled::new(&http.uri()).poll().await;
        let read: Vec<_> = batch.snapshots.iter().map(|item| detail(item).status).collect();
        assert_eq!(read, expected.into_iter().collect::<Vec<_>>(), "{rows:?}");
        let named = batch.problems.iter().filter(|it| it.why.contains("contradicts")).count();
        assert_eq!(
            (named, batch.emptied.len()),
            if expected.is_some() { (0, 1) } else { (1, 0) },
            "{rows:?}"
        );
    }
}

/// Unreadable assignees are unknown, not none: those who were assigned before still are.
#[tokio::test]
async fn unreadable_assignees_keep_the_known_ones() {
    let odd = [
        json!(null),
        json!("ana"),
        json!([null]),
        json!([{ "at": "2026-11-22T11:30:00Z", "assignee": {} }]),
        json!([{ "at": "2026-11-22T11:30:00Z", "assignee": user(ANA) }, { "assignee": null }]),
    ];
    for assignments in odd {
        let server = Server::holding([incident("Q1SLOW")]);
        let http = serve(&server).await;
        let mut board = Polled::new(&http.uri());
        board.poll().await;
        server.set(with(incident("Q1SLOW"), json!({ "assignments": assignments })));
        let (reported, batch) = board.poll().await;
        assert_eq!(reported, [], "{assignments}");
        assert_eq!(detail(&board.stored["Q1SLOW"]).assignee_names(), ["Bo"], "{assignments}");
        let [problem] = &batch.problems[..] else { panic!("{assignments}: {:?}", batch.problems) };
        assert_eq!((problem.part.as_str(), problem.kind), ("Q1SLOW", ProblemKind::Incomplete));
        assert!(problem.why.starts_with("it is not known whom it is assigned to: "), "{problem}");
    }
}

#[tokio::test]
async fn states_are_read_in_any_case() {
    let rows = [with(acknowledged("Q1SLOW"), json!({ "status": " Acknowledged", "urgency": "HIGH" }))];
    let http = MockServer::start().await;
    let list = ResponseTemplate::new(200).set_body_json(json!({ "incidents": rows, "more": false }));
    Mock::given(path("/incidents")).respond_with(list).with_priority(1).mount(&http).await;
    Server::default().mock().mount(&http).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    let read = detail(&batch.snapshots[0]);
    assert_eq!((read.status, read.severity), (IncidentStatus::Acknowledged, Severity::High));
    assert_eq!(batch.problems, []);
}

#[tokio::test]
async fn short_pages_are_followed() {
    let rows: Vec<Value> = (0..130).map(|n| incident(&format!("Q{n:05}"))).collect();
    let http = MockServer::start().await;
    let page = move |request: &wiremock::Request| {
        let offset: usize =
            request.url.query_pairs().find(|(name, _)| name == "offset").unwrap().1.parse().unwrap();
        let page: Vec<&Value> = rows.iter().skip(offset).take(25).collect();
        ResponseTemplate::new(200).set_body_json(json!({ "incidents": page, "limit": 25, "offset": offset }))
    };
    Mock::given(path("/incidents")).respond_with(page).mount(&http).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert_eq!(batch.snapshots.len(), 130);
    let accepted = ResponseTemplate::new(202).set_body_json(json!({ "incidents": [], "more": false }));
    Mock::given(path("/incidents")).respond_with(accepted).with_priority(1).mount(&http).await;
    assert!(connect(&http.uri()).source.unwrap().poll(None, now()).await.is_err(), "not in full");
}

#[tokio::test]
async fn long_list_is_read_though_its_rows_shift() {
    let ids: Vec<String> = (0..250).map(|n| format!("Q{n:05}")).collect();
    let server = Server::holding(ids.iter().map(|id| incident(id)));
    let http = serve(&server).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert_eq!((batch.snapshots.len(), batch.emptied.len()), (250, 1));

    // One of the first page ends after each page: the rows move up, so nothing is claimed of those that are missing.
    server.between_pages(|incidents| {
        incidents.remove(0);
    });
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    assert!(batch.emptied.is_empty(), "rows were skipped");
    assert_eq!(batch.problems[0].kind, ProblemKind::Incomplete);
}

#[tokio::test]
async fn malformed_incidents_hide_no_others() {
    let odd = [
        with(incident("Q0ODD1"), json!({ "status": "dormant" })),
        json!(null),
        json!({ "status": "triggered" }),
        json!("an incident"),
    ];
    let bare = json!({ "id": "Q0BARE", "status": "triggered" });
    let nulls = with(
        incident("Q0NULL"),
        json!({
            "assignments": null, "acknowledgements": null, "service": null, "teams": null, "urgency": null,
            "created_at": null, "last_status_change_at": "soon", "html_url": 5, "title": null, "priority": 1,
        }),
    );
    let rows: Vec<Value> = odd.into_iter().chain([bare, nulls, incident("Q1SLOW")]).collect();
    let http = MockServer::start().await;
    let answer = json!({ "incidents": rows, "more": false });
    Mock::given(path("/incidents"))
        .respond_with(ResponseTemplate::new(200).set_body_json(answer))
        .with_priority(1)
        .mount(&http)
        .await;
    Server::default().mock().mount(&http).await;
    let (_, batch) = Polled::new(&http.uri()).poll().await;
    let ids: Vec<_> = batch.snapshots.iter().map(|item| item.key.id.as_str()).collect();
    assert_eq!(ids, ["Q0BARE", "Q0NULL", "Q1SLOW"]);
    assert!(batch.emptied.is_empty(), "what cannot be read may be any of them");
    assert!(
        batch.problems.iter().any(|it| it.kind == ProblemKind::Malformed && it.why.starts_with("4 of 7")),
        "{batch:?}"
    );
    let mut unknown: Vec<_> = batch.problems.iter().filter(|it| it.part == "Q0NULL").collect();
    unknown.sort_by_key(|it| it.why.clone());
    let unknown: Vec<_> = unknown.into_iter().map(|it| (it.hides(), it.why.as_str())).collect();
    let expected = [
        (false, "it is not known who acknowledged it: acknowledgements is no list"),
        (true, "it is not known whom it is assigned to: assignments is no list"),
    ];
    assert_eq!(unknown, expected);
    let bare = detail(&batch.snapshots[0]);
    assert_eq!((bare.assigned.clone(), bare.hold.clone(), bare.severity), (None, None, Severity::Unknown));
}
