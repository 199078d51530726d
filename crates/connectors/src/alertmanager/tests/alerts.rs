//! Alerts, as polls and webhooks report them.

use super::*;

#[tokio::test]
async fn poll_lists_every_incident() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/api/v2/alerts"))
        .and(query_param("active", "true"))
        .and(query_param("silenced", "true"))
        .and(query_param("inhibited", "true"))
        .respond_with(ResponseTemplate::new(200).set_body_json([listed("HighCPU", &[])]))
        .mount(&server)
        .await;
    let source = source(&server.uri());
    let batch = polled(&source, None).await;
    assert_eq!(batch.complete, [callboard_domain::source::Scope::all(Kind::Incident)]);
    let [item] = batch.snapshots.as_slice() else { panic!("{batch:?}") };
    assert_eq!(item.key.to_string(), "alerts/incident/f-HighCPU");
    assert_eq!(item.title, "CPU of web1 is high");
    assert_eq!(item.url.as_ref().unwrap().as_str(), "https://prometheus.example/graph?g0.expr=cpu");
    let incident = incident(item);
    assert_eq!((incident.service.as_str(), incident.severity), ("web", Severity::Critical));
    assert_eq!(incident.status, IncidentStatus::Triggered);
    assert_eq!(incident.started_at.to_string(), "2026-11-22T20:57:25Z");
    assert_eq!(incident.updated_at, incident.started_at);
    assert_eq!(incident.description.as_deref(), Some("At 97 %\nfor 5 m"));
    assert_eq!(incident.labels["instance"], "web1");

    let again = polled(&source, batch.cursor.as_ref()).await;
    assert_eq!((again.snapshots, again.cursor), (batch.snapshots, batch.cursor));
}

#[tokio::test]
async fn webhook_and_poll_report_the_same_snapshot() {
    let server = MockServer::start().await;
    lists(&server, &[listed("HighCPU", &[])]).await;
    let source = source(&server.uri());
    let body = webhook(&[reported("HighCPU", "firing")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!(received.delivery, None);
    assert_eq!(received.snapshots, polled(&source, None).await.snapshots);

    let body = webhook(&[reported("HighCPU", "resolved")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let resolved = incident(&received.snapshots[0]);
    assert_eq!(resolved.status, IncidentStatus::Resolved);
    assert_eq!(resolved.updated_at.to_string(), "2026-11-22T20:59:00Z");
}

#[tokio::test]
async fn alert_sent_again_after_its_end_is_newer_than_the_end() {
    // When it was last sent -> the version of a listing. By webhook it ended at 20:59:00.
    let began = "2026-11-22T20:57:25Z";
    let cases = [
        (json!("2026-11-22T20:59:25.857Z"), "2026-11-22T20:59:25.857Z"),
        // The listing is older than the end, or has no time.
        (json!("2026-11-22T20:58:25.857Z"), began),
        (json!("2026-11-22T20:59:00Z"), began),
        (json!("9999-12-31T23:59:59Z"), began),
        (json!(null), began),
    ];
    for (sent, expected) in cases {
        let server = MockServer::start().await;
        let mut alert = listed("HighCPU", &[]);
        alert["updatedAt"] = sent.clone();
        lists(&server, &[alert.clone()]).await;
        let source = source(&server.uri());
        let version = |batch: &Batch| incident(&batch.snapshots[0]).updated_at.to_string();
        let first = polled(&source, None).await;
        assert_eq!(version(&first), began, "{sent}");

        let body = webhook(&[reported("HighCPU", "resolved")]).to_string();
        source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
        let second = polled(&source, first.cursor.as_ref()).await;
        assert_eq!(version(&second), expected, "{sent}");
        assert_eq!(incident(&second.snapshots[0]).status, IncidentStatus::Triggered);

        // Sent once more, it is the same.
        server.reset().await;
        if expected != began {
            alert["updatedAt"] = json!("2026-11-22T20:59:55Z");
        }
        lists(&server, &[alert]).await;
        let third = polled(&source, second.cursor.as_ref()).await;
        assert_eq!(version(&third), expected, "{sent}");
    }
}

#[tokio::test]
async fn end_from_a_webhook_survives_a_restart() {
    // Last sent -> the version of a listing. A listing lacked it after its end: if it was not sent since, it is back now.
    let cases = [("2026-11-22T20:59:55Z", "2026-11-22T20:59:55Z"), ("2026-11-22T20:58:25Z", NOW)];
    for (sent, expected) in cases {
        let server = MockServer::start().await;
        lists(&server, &[]).await;
        let before = source(&server.uri());
        let body = webhook(&[reported("HighCPU", "resolved")]).to_string();
        before.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
        let cursor = polled(&before, None).await.cursor;

        let after = source(&server.uri());
        let cursor = polled(&after, cursor.as_ref()).await.cursor;
        server.reset().await;
        let mut alert = listed("HighCPU", &[]);
        alert["updatedAt"] = json!(sent);
        lists(&server, &[alert]).await;
        let batch = polled(&after, cursor.as_ref()).await;
        assert_eq!(incident(&batch.snapshots[0]).updated_at.to_string(), expected, "{sent}");
    }
}

#[tokio::test]
async fn cursor_of_an_older_version_is_read() {
    let server = MockServer::start().await;
    lists(&server, &[listed("HighCPU", &[])]).await;
    let fingerprint = listed("HighCPU", &[])["fingerprint"].as_str().unwrap().to_owned();
    let mark = json!({ "since": "2026-11-22T20:57:25Z", "by": ["gone"], "at": "2026-11-22T20:58:00Z" });
    let cursor = Cursor(json!({ fingerprint: mark }).to_string());
    let batch = polled(&source(&server.uri()), Some(&cursor)).await;
    assert!(
        incident(&batch.snapshots[0]).updated_at > "2026-11-22T20:58:00Z".parse().unwrap(),
        "freed since"
    );
}

#[test]
fn only_the_last_ends_are_remembered() {
    let at = |second: i64| Timestamp::from_second(second).unwrap();
    let ends = ends::Ends::default();
    for second in 0..10_001 {
        ends.note(&second.to_string(), at(0), at(second));
    }
    assert_eq!(ends.of("0"), None);
    assert_eq!(ends.of("1"), Some((at(0), at(1))));
    assert_eq!(ends.of("10000"), Some((at(0), at(10_000))));
}

#[tokio::test]
async fn silences_are_read_only_where_an_alert_is_or_was_silenced() {
    let server = MockServer::start().await;
    let silences = |state: &str| {
        let answer = ResponseTemplate::new(200).set_body_json([silence("s1", state)]);
        Mock::given(method("GET")).and(path("/api/v2/silences")).respond_with(answer)
    };
    let source = source(&server.uri());

    let silenced = {
        let _silences = silences("active").expect(1).mount_as_scoped(&server).await;
        lists(&server, &[listed("HighCPU", &["s1"]), listed("Other", &[])]).await;
        polled(&source, None).await
    };
    let acknowledged = incident(&silenced.snapshots[0]);
    assert_eq!(acknowledged.status, IncidentStatus::Acknowledged);
    assert_eq!(acknowledged.holder_names(), ["bob"]);
    assert_eq!(acknowledged.held_until().unwrap().to_string(), "2026-11-22T22:00:00Z");
    assert_eq!(acknowledged.notes["silences"], "s1");

    server.reset().await;
    lists(&server, &[listed("HighCPU", &[]), listed("Other", &[])]).await;
    let freed = {
        let _silences = silences("expired").expect(1).mount_as_scoped(&server).await;
        polled(&source, silenced.cursor.as_ref()).await
    };
    let triggered = incident(&freed.snapshots[0]);
    assert_eq!(triggered.status, IncidentStatus::Triggered);
    assert!(triggered.updated_at > acknowledged.updated_at, "or the acknowledgement would win");
    assert!(triggered.hold.is_none() && !triggered.notes.contains_key("silences"));

    // No silences are mounted any more: to ask for them would fail.
    let after = polled(&source, freed.cursor.as_ref()).await;
    assert_eq!(after.snapshots, freed.snapshots);
}

#[tokio::test]
async fn filter_applies_to_polls_and_webhooks() {
    let server = MockServer::start().await;
    Mock::given(path("/api/v2/alerts"))
        .and(query_param("filter", r#"alertname!~"Small.*""#))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .expect(1)
        .mount(&server)
        .await;
    let mut config = config(&server.uri());
    config.filter = vec![r#"alertname!~"Small.*""#.parse().unwrap()];
    let source = Watching(connect(&config, &[("webhook_secret", "hush")]));
    assert!(polled(&source, None).await.snapshots.is_empty());
    let body = webhook(&[reported("SmallDisk", "firing"), reported("HighCPU", "firing")]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let names: Vec<_> = received.snapshots.iter().map(|item| item.key.id.as_str()).collect();
    assert_eq!(names, ["f-HighCPU"]);
}

#[tokio::test]
async fn inhibited_alert_is_acknowledged_by_its_inhibitor() {
    let server = MockServer::start().await;
    let mut small = listed("Small", &[]);
    small["status"] =
        json!({ "inhibitedBy": ["f-Big", "f-unlisted"], "silencedBy": [], "state": "suppressed" });
    lists(&server, &[listed("Big", &[]), small]).await;
    let batch = polled(&source(&server.uri()), None).await;
    assert_eq!(incident(&batch.snapshots[0]).status, IncidentStatus::Triggered);
    let small = incident(&batch.snapshots[1]);
    assert_eq!(small.status, IncidentStatus::Acknowledged);
    assert_eq!(small.holder_names(), ["alert Big", "another alert"]);
}

#[test]
fn webhook_needs_the_accounts_secret() {
    let source = source("http://alerts.invalid");
    let body = webhook(&[]).to_string();
    let cases = [
        (bearer("hush"), true),
        (authorization("bearer hush"), true),
        (authorization("Bearer  hush "), true),
        (bearer("hushh"), false),
        (bearer("hus"), false),
        (bearer(""), false),
        (authorization("Basic aHVzaA=="), false),
        (authorization("hush"), false),
        (::http::HeaderMap::new(), false),
    ];
    for (headers, expected) in cases {
        let got = source.hook().unwrap().receive(&headers, body.as_bytes(), now());
        match got {
            Ok(_) => assert!(expected, "{headers:?}"),
            Err(HookError::Unsigned(why)) => assert!(!expected && !why.contains("hush"), "{headers:?} {why}"),
            Err(other) => panic!("{headers:?} {other}"),
        }
    }
    for secrets in [&[][..], &[("webhook_secret", "")]] {
        let source = Watching(connect(&config("http://alerts.invalid"), secrets));
        let got = source.hook().unwrap().receive(&bearer(""), body.as_bytes(), now());
        assert!(matches!(got, Err(HookError::Unsigned(_))), "nothing is taken without a secret");
    }
}

#[test]
fn malformed_webhook_error_names_the_place() {
    let source = source("http://alerts.invalid");
    let mut anonymous = reported("HighCPU", "firing");
    anonymous["fingerprint"] = json!(" ");
    let mut old = webhook(&[]);
    old["version"] = json!("3");
    let cases = [
        ("".to_owned(), "not a webhook: it ends too early"),
        ("[]".to_owned(), "not a webhook"),
        ("{\"version\":\"4\"}".to_owned(), "`alerts` is missing"),
        (webhook(&[json!({})]).to_string(), "entry 1: `fingerprint` is missing"),
        (webhook(&[json!(null)]).to_string(), "entry 1: expected an object {...}, found nothing (null)"),
        (webhook(&[reported("HighCPU", "burning")]).to_string(), "expected the status firing or resolved"),
        (webhook(&[anonymous]).to_string(), "HighCPU (entry 1): it has no fingerprint"),
        (old.to_string(), "expected version 4"),
    ];
    for (body, expected) in cases {
        match source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()) {
            Err(HookError::Malformed(why)) => assert!(why.contains(expected), "{body}: {why}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn texts_of_an_alert_are_cleaned_and_bounded() {
    let source = source("http://alerts.invalid/am");
    let mut alert = reported("HighCPU", "firing");
    alert["annotations"] = json!({ "description": "x".repeat(100_000) });
    alert["generatorURL"] = json!("javascript:alert(1)");
    alert["labels"] = json!({ "alertname": "A\u{1b}[31m\nB", "instance": "w".repeat(5_000) });
    for n in 0..200 {
        alert["labels"][format!("l{n}")] = json!("v");
    }
    let body = webhook(&[alert]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    let item = &received.snapshots[0];
    let incident = incident(item);
    assert!(item.title.starts_with("A B on www") && item.title.chars().count() == 300, "{}", item.title);
    assert_eq!(incident.description.as_ref().unwrap().chars().count(), 2_000);
    assert!(
        incident.labels.len() <= 50 && incident.labels.values().all(|value| value.chars().count() <= 300)
    );
    assert!(item.url.is_none(), "a link of more than 2 kB is left out");

    let mut alert = reported("HighCPU", "firing");
    alert["generatorURL"] = json!("");
    let body = webhook(&[alert]).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
    assert_eq!(
        received.snapshots[0].url.as_ref().unwrap().as_str(),
        "http://alerts.invalid/am/#/alerts?silenced=true&inhibited=true&active=true\
         &filter=%7Balertname%3D%22HighCPU%22%2Cinstance%3D%22web1%22%7D"
    );
}

/// What leads an alert's reader somewhere is an address of the web, whatever the alert contains: else it is the alert's own page.
#[tokio::test]
async fn only_web_addresses_become_links() {
    let addresses = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "\u{1}javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:alert(1)",
        "file:///etc/passwd",
        "callboard://run",
        "ftp://alerts.invalid/x",
        "//evil.invalid/x",
        "/graph",
        "http:",
        "https://",
    ];
    let server = MockServer::start().await;
    let mut alerts = Vec::new();
    for (place, address) in addresses.iter().enumerate() {
        let mut alert = listed(&format!("Alert{place}"), &[]);
        alert["fingerprint"] = json!(format!("f{place}"));
        alert["generatorURL"] = json!(address);
        for name in ["runbook", "runbook_url", "dashboard", "link"] {
            alert["annotations"][name] = json!(address);
        }
        alerts.push(alert);
    }
    lists(&server, &alerts).await;
    let source = source(&server.uri());
    let polled = polled(&source, None).await.snapshots;
    let alerts: Vec<_> = addresses
        .iter()
        .map(|address| {
            let mut alert = reported("HighCPU", "firing");
            alert["generatorURL"] = json!(address);
            alert["annotations"] = json!({ "summary": "slow", "runbook_url": address });
            alert
        })
        .collect();
    let body = webhook(&alerts).to_string();
    let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap().snapshots;
    assert_eq!((polled.len(), received.len()), (addresses.len(), addresses.len()));
    for item in polled.iter().chain(&received) {
        let url = item.url.as_ref().unwrap().as_str();
        assert!(url.starts_with(&format!("{}/#/alerts?", server.uri())), "{url}");
        let written = serde_json::to_string(item).unwrap().to_lowercase();
        for scheme in ["script:", "data:", "file:", "callboard:", "ftp:"] {
            assert!(!written.contains(scheme), "{written}");
        }
    }
}

#[test]
fn any_body_is_read_without_a_panic() {
    let source = source("http://alerts.invalid");
    let hook = source.hook().unwrap();
    proptest::proptest!(|(body: Vec<u8>, name: String, value: String)| {
        let _ = hook.receive(&bearer("hush"), &body, now());
        let mut alert = reported("HighCPU", "firing");
        alert["labels"][&name] = json!(value);
        alert["annotations"]["summary"] = json!(value);
        let body = webhook(&[alert]).to_string();
        proptest::prop_assert!(hook.receive(&bearer("hush"), body.as_bytes(), now()).is_ok());
    });
}

#[tokio::test]
async fn watched_alerts_follow_the_filter() {
    let server = MockServer::start().await;
    let mut alert = listed("HighCPU", &[]);
    alert["labels"]["long"] = json!("x".repeat(500));
    alert["labels"]["silence"] = json!("mine");
    lists(&server, &[alert]).await;
    let item = polled(&source(&server.uri()), None).await.snapshots.remove(0);
    let cases: [(&[&str], bool); 12] = [
        (&[], true),
        (&["alertname=HighCPU"], true),
        (&["alertname=Other"], false),
        (&["alertname!=HighCPU"], false),
        (&[r#"alertname=~"High.*""#], true),
        (&[r#"alertname!~"High.*""#], false),
        (&["severity=page", "service=web"], true),
        (&["severity=page", "service=api"], false),
        (&["absent="], true),
        (&["absent!="], false),
        // Not known in full, and never known to differ.
        (&["long=y"], true),
        // A label of that name is a label like any other.
        (&["silence=yours"], false),
    ];
    for (filter, expected) in cases {
        let mut config = config("http://alerts.invalid");
        config.filter = filter.iter().map(|text| text.parse().unwrap()).collect();
        let source = Watching(connect(&config, &[]));
        assert_eq!(source.watches(&item), expected, "{filter:?}");
    }
}

#[tokio::test]
async fn alerts_whose_fingerprints_begin_alike_are_two() {
    for length in [1, 99, 100, 120, 299, 300, 400] {
        let fingerprints = ["a", "b"].map(|end| format!("{}{end}", "f".repeat(length)));
        let alerts = fingerprints.each_ref().map(|fingerprint| {
            let mut alert = listed("HighCPU", &[]);
            (alert["fingerprint"], alert["annotations"]) = (json!(fingerprint), json!({}));
            alert["labels"] = json!({ "severity": "page" });
            alert
        });
        let server = MockServer::start().await;
        lists(&server, &alerts).await;
        let found = polled(&source(&server.uri()), None).await.snapshots;
        let ids: Vec<&str> = found.iter().map(Item::reference).collect();
        assert_eq!(ids.len(), 2, "{length}");
        assert_ne!(ids[0], ids[1], "{length}");
        let is_whole = ids == fingerprints.each_ref().map(String::as_str);
        assert_eq!(is_whole, length < 300, "{length}");
        // Without a name they go by their ids.
        assert!(found.iter().all(|item| item.given_title().is_empty()), "{length}");
    }
}
