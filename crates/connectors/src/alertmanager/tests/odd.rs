//! Alerts and silences in an unusual form, or unreadable.

use super::{super::normalise::exact_labels, *};

/// An alert with that name, and these unusual fields.
fn odd(name: &str, fields: Value) -> Value {
    let mut alert = listed(name, &[]);
    alert.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    alert
}

#[tokio::test]
async fn missing_or_unusual_fields_lose_no_alert() {
    let began = "2026-11-22T20:57:25Z";
    let fresh = "2026-11-22T21:00:00Z";
    let cases = [
        (json!({ "endsAt": "9999-12-31T23:59:59Z" }), began),
        (json!({ "endsAt": null, "updatedAt": "soon", "receivers": null }), began),
        (json!({ "startsAt": "2026-11-22 21:57:25 +0100" }), began),
        (json!({ "startsAt": 1_795_381_045 }), began),
        // A beginning that cannot be is when it was first seen.
        (json!({ "startsAt": "9999-12-31T23:59:59Z" }), fresh),
        (json!({ "startsAt": null }), fresh),
        (json!({ "startsAt": "yesterday" }), fresh),
        (json!({ "annotations": null, "generatorURL": null }), began),
        (json!({ "annotations": { "summary": 7, "description": null } }), began),
        (json!({ "labels": { "alertname": "X", "port": 9100, "on": true, "none": null } }), began),
        (json!({ "status": null }), began),
        (json!({ "fingerprint": 12 }), began),
        (json!({ "of_tomorrow": [{}] }), began),
    ];
    for (fields, expected) in cases {
        let server = MockServer::start().await;
        lists(&server, &[odd("HighCPU", fields.clone()), listed("Other", &[])]).await;
        let source = source(&server.uri());
        let batch = polled(&source, None).await;
        assert_eq!(batch.snapshots.len(), 2, "{fields}");
        // What current there and is no date is named; nothing hides behind it.
        let named: Vec<_> = batch.problems.iter().map(|problem| problem.why.as_str()).collect();
        match fields["startsAt"] == json!("yesterday") {
            true => assert!(
                matches!(named[..], [why] if why.ends_with("HighCPU: `startsAt`: expected a date, found the text \"yesterday\"")),
                "{named:?}"
            ),
            false => assert!(named.is_empty(), "{fields}: {named:?}"),
        }
        assert!(!batch.problems.iter().any(callboard_domain::source::Problem::hides), "{fields}");
        assert_eq!(batch.complete.len(), 1, "{fields}");
        let first = incident(&batch.snapshots[0]);
        assert_eq!(first.started_at.to_string(), expected, "{fields}");
        assert_eq!(first.status, IncidentStatus::Triggered, "{fields}");
        // It stays the same occurrence.
        let later = now() + jiff::SignedDuration::from_hours(2);
        let again = source.poll(batch.cursor.as_ref(), later).await.unwrap();
        assert_eq!(again.snapshots, batch.snapshots, "{fields}");
    }
}

#[tokio::test]
async fn alert_with_an_intermittent_beginning_is_reported_once() {
    use callboard_domain::event::{EventName, compare};
    let dated = json!({});
    let undated = json!({ "startsAt": null });
    let odd_one = json!({ "startsAt": "9999-12-31T23:59:59Z" });
    let cases = [
        [&dated, &undated, &dated, &undated, &undated],
        [&undated, &dated, &undated, &odd_one, &dated],
        [&odd_one, &undated, &dated, &dated, &odd_one],
    ];
    for answers in cases {
        let (mut stored, mut cursor, mut names) = (None, None, Vec::new());
        let mut later = now();
        for fields in answers {
            // Each by a program that was started again.
            let server = MockServer::start().await;
            lists(&server, &[odd("HighCPU", fields.clone())]).await;
            later += jiff::SignedDuration::from_mins(1);
            let batch = source(&server.uri()).poll(cursor.as_ref(), later).await.unwrap();
            let change = compare(stored.as_ref(), batch.snapshots[0].clone());
            names.extend(change.transitions.iter().map(|it| it.name));
            (stored, cursor) = (Some(change.item), batch.cursor);
        }
        assert_eq!(names, [EventName::Triggered], "{answers:?}");
        let current = incident(stored.as_ref().unwrap());
        let began = (current.started_at.to_string(), current.start_unknown);
        assert_eq!(began, ("2026-11-22T20:57:25Z".to_owned(), false), "{answers:?}");
    }
}

#[tokio::test]
async fn alerts_without_labels_are_shown_and_become_a_problem() {
    for labels in [json!(null), json!({}), json!({ "severity": null })] {
        let server = MockServer::start().await;
        lists(&server, &[odd("HighCPU", json!({ "labels": labels })), listed("Other", &[])]).await;
        let batch = polled(&source(&server.uri()), None).await;
        assert_eq!((batch.snapshots.len(), batch.complete.len()), (2, 1), "{labels}");
        let [problem] = &batch.problems[..] else { panic!("{labels}: {:?}", batch.problems) };
        assert!(
            problem.hides() && problem.why.starts_with("1 of 2 alerts have no labels"),
            "{labels}: {problem}"
        );
    }
}

#[tokio::test]
async fn fields_missing_later_overwrite_nothing() {
    use callboard_domain::event::compare;
    let blank = |labels: Value| json!({ "labels": labels, "annotations": null, "generatorURL": null });
    // what is known of it, what a later poll lists of it
    let cases = [
        (json!({}), blank(json!(null))),
        (json!({}), blank(json!({}))),
        (json!({}), blank(json!({ "alertname": null }))),
        (json!({ "labels": { "alertname": "Slow" } }), blank(json!(null))),
        (
            json!({ "labels": { "alertname": "Slow" }, "annotations": null, "generatorURL": null }),
            blank(json!(null)),
        ),
    ];
    for (known, later) in cases {
        let listed = async |fields: &Value| {
            let server = MockServer::start().await;
            lists(&server, &[odd("Slow", fields.clone())]).await;
            polled(&source(&server.uri()), None).await.snapshots.remove(0)
        };
        let (known, later) = (compare(None, listed(&known).await).item, listed(&later).await);
        let current = compare(Some(&known), later.clone()).item;
        assert_eq!((&current.title, &current.url), (&known.title, &known.url), "{later:?}");
        let (known, current) = (incident(&known), incident(&current));
        assert_eq!((&current.service, current.severity), (&known.service, known.severity), "{later:?}");
        assert_eq!((&current.labels, &current.description), (&known.labels, &known.description), "{later:?}");
        // Whether these are all of them is not known: none is silenced by them.
        assert!(exact_labels(current).is_none(), "{later:?}");
    }
}

#[tokio::test]
async fn unreadable_alert_becomes_a_problem_and_hides_no_other() {
    let cases = [
        (
            json!(null),
            "1 of 3 alerts cannot be read: entry 2: expected an object {...}, found nothing (null)",
        ),
        (json!("x"), "1 of 3 alerts cannot be read: entry 2: expected an object {...}, found the text \"x\""),
        (json!({}), "1 of 3 alerts cannot be read: entry 2: `fingerprint` is missing"),
        (
            odd("Disk", json!({ "fingerprint": null })),
            "1 of 3 alerts cannot be read: Disk (entry 2): it has no fingerprint",
        ),
        (odd("Disk", json!({ "labels": [] })), "1 of 3 alerts cannot be read: f-Disk (entry 2): expected "),
        (
            odd("Disk", json!({ "status": 7 })),
            "1 of 3 alerts cannot be read: f-Disk (entry 2): expected the alert's status",
        ),
    ];
    for (entry, expected) in cases {
        let server = MockServer::start().await;
        lists(&server, &[listed("HighCPU", &[]), entry.clone(), listed("Other", &[])]).await;
        let batch = polled(&source(&server.uri()), None).await;
        let names: Vec<_> = batch.snapshots.iter().map(|item| item.key.id.as_str()).collect();
        assert_eq!(names, ["f-HighCPU", "f-Other"], "{entry}");
        assert_eq!(batch.problems.len(), 1, "{entry}");
        assert_eq!(batch.problems[0].kind, callboard_domain::source::ProblemKind::Malformed);
        assert!(batch.problems[0].to_string().starts_with(expected), "{entry}: {}", batch.problems[0]);
        assert_eq!(batch.complete, [], "{entry}: it may be any that seems to be missing");
    }
    // No list at all is not an empty one.
    for answer in [json!(null), json!({}), json!({ "data": [] }), json!("")] {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(200).set_body_json(&answer);
        Mock::given(path("/api/v2/alerts")).respond_with(template).mount(&server).await;
        let error = source(&server.uri()).poll(None, now()).await.unwrap_err();
        assert!(matches!(error, ServiceError::Unavailable { .. }), "{answer}: {error}");
    }
}

#[test]
fn malformed_alert_of_a_webhook_loses_no_other() {
    let source = source("http://alerts.invalid");
    let hook = source.hook().unwrap();
    let odd = |field: &str, value: Value| {
        let mut alert = reported("Odd", "firing");
        alert[field] = value;
        alert
    };
    let cases = [
        (json!(null), 1),
        (json!("x"), 1),
        (odd("fingerprint", json!("")), 1),
        (odd("status", json!("burning")), 1),
        (odd("startsAt", json!("9999-12-31T23:59:59Z")), 2),
        (odd("startsAt", json!(null)), 2),
        (odd("status", json!(" FIRING")), 2),
        (odd("generatorURL", json!({})), 2),
        (odd("annotations", json!({ "summary": ["a"], "description": {} })), 2),
        (odd("labels", json!({ "alertname": "Odd", "list": [1] })), 2),
        (odd("endsAt", json!("9999-12-31T23:59:59Z")), 2),
        (odd("endsAt", json!(null)), 2),
        (odd("annotations", json!(null)), 2),
        (odd("labels", json!({ "alertname": 7 })), 2),
    ];
    for (entry, expected) in cases {
        let mut body = webhook(&[entry.clone(), reported("HighCPU", "firing")]);
        body["version"] = json!(4);
        let received = hook.receive(&bearer("hush"), body.to_string().as_bytes(), now()).unwrap();
        assert_eq!(received.snapshots.len(), expected, "{entry}");
        assert_eq!(received.unread.is_some(), expected == 1, "{entry}");
    }
    // One that begins at what is no date counts from now, and becomes a problem.
    for (entry, expected) in [
        (odd("startsAt", json!("yesterday")), "`startsAt`: expected a date, found the text \"yesterday\""),
        (odd("startsAt", json!({})), "`startsAt`: expected a date, found a list or an object"),
        (odd("endsAt", json!("later")), "`endsAt`: expected a date, found the text \"later\""),
    ] {
        for alerts in [vec![entry.clone()], vec![reported("HighCPU", "firing"), entry.clone()]] {
            let body = webhook(&alerts).to_string();
            let received = hook.receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
            assert_eq!((received.snapshots.len(), received.poll), (alerts.len(), true), "{entry}");
            let unread = received.unread.unwrap();
            assert!(unread.starts_with("1 of its alerts: Odd (entry "), "{unread}");
            assert!(unread.ends_with(expected), "{unread}");
        }
    }
    // Neither does an alert without a status, or a webhook without alerts.
    let mut silent = reported("Silent", "firing");
    silent.as_object_mut().unwrap().remove("status");
    for (alerts, expected) in [
        (json!([odd("status", json!(null))]), 0),
        (json!([silent, reported("HighCPU", "firing")]), 1),
        (json!(null), 0),
        (json!([]), 0),
    ] {
        let mut body = webhook(&[]);
        body["alerts"] = alerts.clone();
        let received = hook.receive(&bearer("hush"), body.to_string().as_bytes(), now()).unwrap();
        assert_eq!(received.snapshots.len(), expected, "{alerts}");
        assert_eq!(received.unread.is_some(), alerts.is_null(), "{alerts}");
    }
    let part = webhook(&[json!({}), reported("HighCPU", "firing")]).to_string();
    let received = hook.receive(&bearer("hush"), part.as_bytes(), now()).unwrap();
    assert_eq!((received.snapshots.len(), received.poll), (1, true), "the rest of it is read");
    assert!(received.unread.is_some_and(|why| why.starts_with("1 of its alerts: entry 1: ")));
    // What is missing is not "none": a poll reads it.
    for (field, value, expected) in [
        ("labels", json!(null), 0),
        ("labels", json!({}), 0),
        ("labels", json!({ "alertname": null }), 0),
        ("annotations", json!(null), 1),
        ("annotations", json!("missing"), 1),
    ] {
        let mut alert = odd(field, value.clone());
        if value == json!("missing") {
            alert.as_object_mut().unwrap().remove(field);
        }
        let body = webhook(&[alert]).to_string();
        let received = hook.receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
        assert_eq!((received.snapshots.len(), received.poll), (expected, true), "{field} {value}");
        // An alert without labels is named; one without annotations may have none.
        let named = received.unread.unwrap_or_default();
        assert_eq!(
            named == "1 of its alerts: f-Odd (entry 1): it has no labels",
            field == "labels",
            "{named}"
        );
    }
    let body = webhook(&[odd("annotations", json!({}))]).to_string();
    let received = hook.receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!((received.snapshots.len(), received.poll), (1, false), "it has an empty object");
    // A missing or malformed version is not another version.
    for version in [json!(null), json!({}), json!(4), json!("4")] {
        let mut body = webhook(&[reported("HighCPU", "firing")]);
        body["version"] = version.clone();
        let received = hook.receive(&bearer("hush"), body.to_string().as_bytes(), now()).unwrap();
        assert_eq!(received.snapshots.len(), 1, "{version}");
    }
    // A label that is no text is there, and is not to be silenced by.
    let body = webhook(&[odd("labels", json!({ "alertname": "Odd", "list": [1] }))]).to_string();
    let received = hook.receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!(incident(&received.snapshots[0]).notes.get("cut-labels").map(String::as_str), Some("list"));
    // An end to come is now: it is over.
    let mut over = reported("HighCPU", "resolved");
    over["endsAt"] = json!("9999-12-31T23:59:59Z");
    let body = webhook(&[over]).to_string();
    let received = hook.receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!(incident(&received.snapshots[0]).updated_at, now());
}

/// Both report one occurrence, which begins when either first saw it.
#[tokio::test]
async fn alert_without_a_beginning_is_shown_at_once() {
    let whole = |now: Timestamp| Timestamp::from_second(now.as_second()).unwrap();
    let later = now() + jiff::SignedDuration::from_secs(90);
    for starts_at in [json!("9999-12-31T23:59:59Z"), json!(null), json!("soon"), json!({})] {
        let server = MockServer::start().await;
        lists(&server, &[odd("HighCPU", json!({ "startsAt": starts_at }))]).await;
        let source = source(&server.uri());
        let receive = |status: &str, now: Timestamp| {
            let mut alert = reported("HighCPU", status);
            alert["startsAt"] = starts_at.clone();
            let body = webhook(&[alert]).to_string();
            source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now).unwrap().snapshots
        };
        assert_eq!(receive("resolved", now()), [], "{starts_at}: an occurrence that was never seen firing");
        let first_seen = receive("firing", now());
        let first = incident(&first_seen[0]);
        assert_eq!(
            (first.status, first.started_at),
            (IncidentStatus::Triggered, whole(now())),
            "{starts_at}"
        );
        assert!(first.start_unknown, "{starts_at}");
        let read = source.poll(None, later).await.unwrap();
        assert_eq!(read.snapshots, first_seen, "{starts_at}");
        assert_eq!(receive("firing", later), first_seen, "{starts_at}");
        // Its end is known to be of that occurrence, and the next one is another.
        let ended = receive("resolved", later);
        assert_eq!(
            (incident(&ended[0]).started_at, incident(&ended[0]).status),
            (whole(now()), IncidentStatus::Resolved)
        );
        assert_eq!(incident(&receive("firing", later)[0]).started_at, whole(later), "{starts_at}");
    }
}

#[tokio::test]
async fn any_charset_is_read() {
    let mut alert = listed("HighCPU", &[]);
    alert["annotations"]["summary"] = json!("Größe läuft über");
    let text = json!([alert]).to_string();
    let latin1: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases = [
        (latin1, "application/json; charset=ISO-8859-1"),
        (utf16, "application/json"),
        (format!("\u{feff}{text}").into_bytes(), "application/json; charset=utf-8"),
    ];
    for (body, content_type) in cases {
        let server = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, content_type);
        Mock::given(path("/api/v2/alerts")).respond_with(answer).mount(&server).await;
        let batch = polled(&source(&server.uri()), None).await;
        assert_eq!(batch.snapshots[0].title, "Größe läuft über", "{content_type}");
    }
    let source = source("http://alerts.invalid");
    let mut alert = reported("HighCPU", "firing");
    alert["annotations"]["summary"] = json!("Größe");
    let body: Vec<u8> = webhook(&[alert]).to_string().encode_utf16().flat_map(u16::to_be_bytes).collect();
    let received = source.hook().unwrap().receive(&bearer("hush"), &body, now()).unwrap();
    assert_eq!(received.snapshots[0].title, "Größe");
}

#[tokio::test]
async fn alert_suppressed_from_the_start_is_acknowledged_and_triggered_later() {
    let state = |state: &str, field: &str| {
        odd("HighCPU", json!({ "status": { "state": state, field: ["x"], "silencedBy": [] } }))
    };
    for alert in [
        state("suppressed", "mutedBy"),
        state("active", "mutedBy"),
        state("suppressed", "inhibitedBy"),
        state("unprocessed", "silencedBy"),
        state("suppressed", "silencedBy"),
        state("of_tomorrow", "somethingElse"),
        listed("HighCPU", &["unknown"]),
    ] {
        let server = MockServer::start().await;
        lists(&server, std::slice::from_ref(&alert)).await;
        let acked = polled(&source(&server.uri()), None).await;
        assert_eq!(incident(&acked.snapshots[0]).status, IncidentStatus::Acknowledged, "{alert}");
        server.reset().await;
        lists(&server, &[listed("HighCPU", &[])]).await;
        let free = polled(&source(&server.uri()), acked.cursor.as_ref()).await;
        let (acked, free) = (incident(&acked.snapshots[0]), incident(&free.snapshots[0]));
        assert_eq!(free.status, IncidentStatus::Triggered, "{alert}");
        assert!(free.updated_at > acked.updated_at && free.started_at == acked.started_at, "{alert}");
    }
}

#[tokio::test]
async fn unreadable_silences_hide_no_alert() {
    let server = MockServer::start().await;
    lists(&server, &[listed("HighCPU", &["s1"])]).await;
    let silences = |answer: ResponseTemplate| Mock::given(path("/api/v2/silences")).respond_with(answer);
    let mut bare = silence("s1", "active");
    for field in ["endsAt", "startsAt", "updatedAt", "comment", "matchers", "createdBy"] {
        bare[field] = Value::Null;
    }
    let cases = [
        (ResponseTemplate::new(500), 1, ""),
        (ResponseTemplate::new(200).set_body_json(json!([null, silence("s1", "active")])), 1, "bob"),
        (ResponseTemplate::new(200).set_body_json(json!([bare])), 0, ""),
    ];
    for (answer, problems, holder) in cases {
        let _mounted = silences(answer).mount_as_scoped(&server).await;
        let batch = polled(&source(&server.uri()), None).await;
        let acked = incident(&batch.snapshots[0]);
        assert_eq!(acked.status, IncidentStatus::Acknowledged);
        assert_eq!((batch.problems.len(), acked.holder_names().join(" ").as_str()), (problems, holder));
        assert_eq!(batch.complete.len(), 1, "the list of alerts was read whole");
    }
}

#[test]
fn notes_of_older_versions_among_the_labels_are_no_labels() {
    let source = source("http://alerts.invalid");
    let body = webhook(&[reported("HighCPU", "firing")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let cases = [
        ("first-seen", false),
        ("cut-labels", false),
        ("inhibited-by", false),
        ("silence", true),
        ("x", true),
    ];
    for (label, whole) in cases {
        let mut incident = incident(&received.snapshots[0]).clone();
        incident.labels.insert(label.to_owned(), "1".to_owned());
        assert_eq!(exact_labels(&incident).is_some(), whole, "{label}");
    }
}
