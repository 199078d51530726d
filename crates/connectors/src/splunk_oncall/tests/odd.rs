//! Answers of other shapes than usual: null, absent, renamed, in another order, twice, cut, in another charset.

use super::*;

/// One incident -> status, who has it, when it was changed, its title and place.
#[test]
fn incident_is_read_in_any_shape() {
    use IncidentStatus::*;
    let at = |text: &str| format!("2026-11-22T{text}Z");
    let bare = json!({ "incidentNumber": "7", "currentPhase": "UNACKED" });
    let with_change = |change: Value| with(incident("7"), change);
    let cases = [
        ("as usual", incident("7"), Triggered, vec![], at("11:00:00"), "Checkout is slow (7)", "checkout"),
        ("a bare one", bare.clone(), Triggered, vec![], "1970-01-01T00:00:00Z".into(), "Incident 7", ""),
        (
            "its number is one",
            with_change(json!({ "incidentNumber": 7 })),
            Triggered,
            vec![],
            at("11:00:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "its number has a mark",
            with_change(json!({ "incidentNumber": " #7 " })),
            Triggered,
            vec![],
            at("11:00:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "the other term",
            with_change(json!({ "currentPhase": "acknowledged" })),
            Acknowledged,
            vec![],
            at("11:00:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "another case",
            with_change(json!({ "currentPhase": " Resolved " })),
            Resolved,
            vec![],
            at("11:00:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "nulls everywhere",
            with_change(json!({
                "startTime": null, "entityId": null, "entityDisplayName": null, "entityState": null, "host": null,
                "service": null, "routingKey": null, "pagedUsers": null, "pagedTeams": null, "pagedPolicies": null,
                "transitions": null, "incidentLink": null,
            })),
            Triggered,
            vec![],
            "1970-01-01T00:00:00Z".into(),
            "Incident 7",
            "",
        ),
        (
            "other types",
            with_change(json!({
                "startTime": 1_795_345_200, "entityDisplayName": 5, "host": {}, "service": [1], "pagedUsers": "bo",
                "pagedTeams": {}, "pagedPolicies": [null, 5, {}], "transitions": "none", "incidentLink": 5,
                "entityState": false,
            })),
            Triggered,
            vec![],
            at("11:00:00"),
            "5",
            "checkout",
        ),
        (
            "acknowledged",
            acked("7"),
            Acknowledged,
            vec![BO],
            at("11:10:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "steps in another order, twice, and with odd ones among them",
            with(
                acked("7"),
                json!({ "transitions": [
                null, "x", { "name": "ACKED", "at": at("11:10:00"), "by": BO }, { "at": at("11:05:00") }, {},
                { "name": "ACKED", "at": at("11:10:00"), "by": BO }, { "name": "UNACKED", "at": at("11:00:00") },
            ] }),
            ),
            Acknowledged,
            vec![BO],
            at("11:10:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "by nobody",
            with(
                acked("7"),
                json!({ "transitions": [{ "name": "ACKED", "at": at("11:10:00"), "by": null }] }),
            ),
            Acknowledged,
            vec![],
            at("11:10:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "a step of tomorrow's kind, and one from a clock that is years ahead",
            with(
                acked("7"),
                json!({ "transitions": [
                { "name": "ACKED", "at": at("11:10:00"), "by": BO }, { "name": "REROUTED", "at": at("11:30:00"), "by": ANA },
                { "name": "UNACKED", "at": "2036-01-01T00:00:00Z", "by": ANA },
            ] }),
            ),
            Acknowledged,
            vec![BO],
            at("11:30:00"),
            "Checkout is slow (7)",
            "checkout",
        ),
        (
            "named by its host alone",
            with(bare, json!({ "host": "web-1\u{202e}", "routingKey": "r" })),
            Triggered,
            vec![],
            "1970-01-01T00:00:00Z".into(),
            "web-1",
            "r",
        ),
    ];
    for (name, incident, status, holders, updated, title, place) in cases {
        let item = item(&incident);
        let found = detail(&item);
        assert_eq!(item.key.to_string(), "test/incident/7", "{name}");
        assert_eq!((found.status, found.number), (status, Some(7)), "{name}");
        assert_eq!(found.holder_names(), holders, "{name}");
        assert_eq!(found.updated_at.to_string(), updated, "{name}");
        assert_eq!((item.title.as_str(), found.service.as_str()), (title, place), "{name}");
    }
}

#[test]
fn how_bad_it_is() {
    let cases = [
        (json!("CRITICAL"), Severity::Critical),
        (json!("warning"), Severity::Warning),
        (json!(" INFO"), Severity::Info),
        (json!("OK"), Severity::Unknown),
        (json!(null), Severity::Unknown),
    ];
    for (state, expected) in cases {
        assert_eq!(detail(&item(&with(incident("7"), json!({ "entityState": state })))).severity, expected);
    }
}

/// Which are seen, whether an absence counts, and whether any cannot be read.
type Seen = (Vec<&'static str>, bool, bool);

/// What the list is -> what is seen; none where it is an error.
#[tokio::test]
async fn list_is_read_in_any_shape() {
    let one = || incident("41");
    let unknown = with(incident("42"), json!({ "currentPhase": "SNOOZED" }));
    let no_number = with(incident("42"), json!({ "incidentNumber": null }));
    let long = || json!({ "incidents": [one(), acked("42")] }).to_string();
    let cases: Vec<(&str, String, Option<Seen>)> = vec![
        ("none", json!({ "incidents": [] }).to_string(), Some((vec![], true, false))),
        ("two", long(), Some((vec!["41", "42"], true, false))),
        ("with a mark before it", format!("\u{feff}{}", long()), Some((vec!["41", "42"], true, false))),
        ("null in it", json!({ "incidents": [null, one()] }).to_string(), Some((vec!["41"], false, true))),
        (
            "an unknown phase",
            json!({ "incidents": [unknown, one()] }).to_string(),
            Some((vec!["41"], false, true)),
        ),
        (
            "no number",
            json!({ "incidents": [one(), no_number] }).to_string(),
            Some((vec!["41"], false, true)),
        ),
        (
            "one twice",
            json!({ "incidents": [acked("41"), one()] }).to_string(),
            Some((vec!["41"], true, false)),
        ),
        (
            "one twice, turned",
            json!({ "incidents": [one(), acked("41")] }).to_string(),
            Some((vec!["41"], true, false)),
        ),
        // As of one time, over and not over: nothing is guessed.
        (
            "one against itself",
            json!({ "incidents": [one(), with(one(), json!({ "currentPhase": "RESOLVED" })), acked("42")] })
                .to_string(),
            Some((vec!["42"], false, true)),
        ),
        ("null", json!({ "incidents": null }).to_string(), None),
        ("absent", json!({}).to_string(), None),
        ("renamed", json!({ "activeIncidents": [one()] }).to_string(), None),
        ("an object", json!({ "incidents": { "41": one() } }).to_string(), None),
        ("bare", json!([one()]).to_string(), None),
        ("cut", long()[..long().len() / 2].to_owned(), None),
        ("nothing", String::new(), None),
        ("a page", "<html>Sign in</html>".to_owned(), None),
    ];
    for (name, body, expected) in cases {
        let http = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        Mock::given(path("/api-public/v1/incidents")).respond_with(answer).mount(&http).await;
        let polled = connect(&http.uri()).source.unwrap().poll(None, now()).await;
        let Some((ids, complete, odd)) = expected else {
            assert!(polled.is_err(), "{name}: {polled:?}");
            continue;
        };
        let batch = polled.unwrap();
        let seen: Vec<_> = batch.snapshots.iter().map(|item| item.key.id.as_str()).collect();
        assert_eq!((seen, !batch.complete.is_empty()), (ids, complete), "{name}");
        let hides = batch.problems.iter().any(|it| it.kind == ProblemKind::Malformed);
        assert_eq!(hides, odd, "{name}: {:?}", batch.problems);
        if name.starts_with("one twice") {
            assert_eq!(detail(&batch.snapshots[0]).status, IncidentStatus::Acknowledged, "the later one");
        }
    }
}

/// A missing list of people or history is unknown, not empty.
#[tokio::test]
async fn missing_fields_become_problems() {
    let pages = "#41: it is not known whom it pages: ";
    let steps = "#41: it is not known who has it and since when: transitions is missing";
    let cases = [
        (&[][..], incident("41"), vec![]),
        (&["pagedUsers"], incident("41"), vec![format!("{pages}pagedUsers is missing")]),
        (&["pagedTeams"], incident("41"), vec![format!("{pages}pagedTeams is missing")]),
        (
            &["pagedUsers", "pagedPolicies"],
            acked("41"),
            vec![format!("{pages}pagedUsers is missing, and 1 more")],
        ),
        (&["transitions"], acked("41"), vec![steps.to_owned()]),
        // It is over: nobody is asked any more.
        (&["pagedUsers", "transitions"], resolved("41"), vec![]),
    ];
    for (absent, mut incident, expected) in cases {
        absent.iter().for_each(|field| drop(incident.as_object_mut().unwrap().remove(*field)));
        let http = serve(&Server::holding([incident])).await;
        let batch = connect(&http.uri()).source.unwrap().poll(None, now()).await.unwrap();
        let named: Vec<String> = batch.problems.iter().map(ToString::to_string).collect();
        assert_eq!((batch.snapshots.len(), named), (1, expected), "{absent:?}");
    }
}

/// What cannot be read is counted once, though it is listed twice.
#[tokio::test]
async fn incident_listed_twice_counts_once() {
    let odd = |number: &str| with(incident(number), json!({ "currentPhase": "SNOOZED", "pagedUsers": null }));
    let none = |number: &str| with(incident(number), json!({ "pagedUsers": null }));
    let twice = |one: Value| [one.clone(), one];
    let cases = [
        ([twice(odd("41")), twice(incident("42"))].concat(), vec!["1 of 2 incidents cannot be read: 41"]),
        ([twice(odd("41")), twice(odd("#42")), twice(incident("43"))].concat(), vec!["2 of 3 incidents"]),
        // Of one that can be read by half it is not known how far it is.
        (vec![incident("41"), odd("41"), incident("42")], vec!["1 of 2 incidents cannot be read: 41"]),
        (twice(none("41")).to_vec(), vec!["#41: it is not known whom it pages: pagedUsers is no list"]),
    ];
    for (listed, expected) in cases {
        let http = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_json(json!({ "incidents": listed }));
        Mock::given(path("/api-public/v1/incidents")).respond_with(answer).mount(&http).await;
        let batch = connect(&http.uri()).source.unwrap().poll(None, now()).await.unwrap();
        let named: Vec<String> = batch.problems.iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), expected.len(), "{named:?}");
        assert!(named.iter().zip(&expected).all(|(it, expected)| it.starts_with(expected)), "{named:?}");
    }
}

#[tokio::test]
async fn list_in_another_charset_is_read() {
    let http = MockServer::start().await;
    let named = with(incident("41"), json!({ "entityDisplayName": "Zürich" }));
    let body = json!({ "incidents": [named] }).to_string();
    let latin: Vec<u8> = body.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let answer = ResponseTemplate::new(200).set_body_raw(latin, "application/json; charset=iso-8859-1");
    Mock::given(path("/api-public/v1/incidents")).respond_with(answer).mount(&http).await;
    let batch = connect(&http.uri()).source.unwrap().poll(None, now()).await.unwrap();
    assert_eq!(batch.snapshots[0].title, "Zürich");
}

/// An odd list of the people that an incident pages -> who is known to be asked, whether its teams are known, and the problems.
#[tokio::test]
async fn whom_it_pages_is_not_guessed() {
    let not_known = "#41: it is not known whom it pages: ";
    let cases = [
        (json!({}), Some(vec![BO]), true, vec![]),
        (json!({ "pagedUsers": [] }), None, true, vec![]),
        (json!({ "pagedUsers": [null, BO] }), None, true, vec![format!("{not_known}pagedUsers, entry 1: ")]),
        (
            json!({ "pagedUsers": [{ "login": "x" }, BO] }),
            None,
            true,
            vec![format!("{not_known}pagedUsers, ")],
        ),
        (json!({ "pagedUsers": null }), None, true, vec![format!("{not_known}pagedUsers is no list")]),
        (
            json!({ "pagedTeams": null }),
            Some(vec![BO]),
            false,
            vec![format!("{not_known}pagedTeams is no list")],
        ),
        (json!({ "pagedPolicies": [5] }), Some(vec![BO]), false, vec![format!("{not_known}pagedPolicies, ")]),
        (
            json!({ "transitions": "none" }),
            Some(vec![BO]),
            true,
            vec!["#41: it is not known who has it and since when: transitions is no list".to_owned()],
        ),
    ];
    for (odd, asked, knows_teams, problems) in cases {
        let http = MockServer::start().await;
        let body = json!({ "incidents": [with(incident("41"), odd.clone())] });
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(path("/api-public/v1/incidents")).respond_with(answer).mount(&http).await;
        let batch = connect(&http.uri()).source.unwrap().poll(None, now()).await.unwrap();
        let found = detail(&batch.snapshots[0]);
        let names = found.assigned.as_ref().map(|_| found.assignee_names());
        assert_eq!(names, asked, "{odd}");
        assert_eq!(found.notes.contains_key(normalise::TEAMS), knows_teams, "{odd}");
        let texts: Vec<String> = batch.problems.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), problems.len(), "{odd}: {texts:?}");
        for (text, expected) in texts.iter().zip(&problems) {
            assert!(text.starts_with(expected.as_str()), "{odd}: {text}");
        }
    }
}
