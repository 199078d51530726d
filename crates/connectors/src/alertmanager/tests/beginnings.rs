//! Alerts whose beginning moves: of alerts that overlap, Alertmanager keeps the earliest one, and a sender's clock may be set.

use callboard_domain::event::{EventName, compare, compare_read, missed};
use jiff::SignedDuration;

use super::*;

/// As `/api/v2/alerts` lists it, begun then and last sent then.
fn begun(starts_at: &str, sent: &Value, silenced_by: &[&str]) -> Value {
    let mut alert = listed("HighCPU", silenced_by);
    (alert["startsAt"], alert["updatedAt"]) = (json!(starts_at), sent.clone());
    alert
}

/// What an account knows of one alert, and what has happened to it.
#[derive(Default)]
struct Known {
    item: Option<Item>,
    cursor: Option<Cursor>,
    events: Vec<EventName>,
}

impl Known {
    fn incident(&self) -> &Incident {
        incident(self.item.as_ref().unwrap())
    }

    /// Polls a listing of this alone, which was asked for after all that is known had come.
    async fn poll(&mut self, source: &Watching, server: &MockServer, alert: &Value, now: Timestamp) {
        server.reset().await;
        let state = if alert["status"]["silencedBy"] == json!([]) { "expired" } else { "active" };
        let silences = ResponseTemplate::new(200).set_body_json([silence("s1", state)]);
        Mock::given(path("/api/v2/silences")).respond_with(silences).mount(server).await;
        lists(server, std::slice::from_ref(alert)).await;
        let batch = source.poll(self.cursor.as_ref(), now).await.unwrap();
        let change = compare_read(self.item.as_ref(), batch.snapshots[0].clone());
        self.events.extend(change.transitions.iter().map(|it| it.name));
        (self.item, self.cursor) = (Some(change.item), batch.cursor);
    }

    /// Polls an empty listing.
    async fn lack(&mut self, source: &Watching, server: &MockServer) {
        server.reset().await;
        lists(server, &[]).await;
        let batch = source.poll(self.cursor.as_ref(), now()).await.unwrap();
        let change = missed(self.item.as_ref().unwrap(), now()).unwrap();
        self.events.extend(change.transitions.iter().map(|it| it.name));
        (self.item, self.cursor) = (Some(change.item), batch.cursor);
    }

    /// A webhook reports it. True where that asks for a poll.
    fn receive(&mut self, source: &Watching, alert: Value) -> bool {
        let body = webhook(&[alert]).to_string();
        let received = source.hook().unwrap().receive(&bearer("hush"), body.as_bytes(), now()).unwrap();
        for snapshot in received.snapshots {
            let change = compare(self.item.as_ref(), snapshot);
            self.events.extend(change.transitions.iter().map(|it| it.name));
            self.item = Some(change.item);
        }
        received.poll
    }
}

fn sent_in_time() -> Value {
    json!("2026-11-22T20:59:25.857Z")
}

#[tokio::test]
async fn open_alert_is_followed_when_its_beginning_moves_back() {
    use IncidentStatus::{Acknowledged as A, Triggered as T};
    // When it began, who silences it, its summary -> its status.
    let listings: [(&str, &[&str], &str, IncidentStatus); 6] = [
        ("2026-11-22T20:57:25.857Z", &[], "slow", T),
        ("2026-11-22T20:57:10.857Z", &[], "slower", T),
        ("2026-11-22T20:57:10.857Z", &["s1"], "very slow", A),
        ("2026-11-22T20:56:50.857Z", &["s1"], "very slow indeed", A),
        ("2026-11-22T20:56:30.857Z", &[], "down", T),
        ("2026-11-22T20:56:30.857Z", &[], "down for long", T),
    ];
    let server = MockServer::start().await;
    let source = source(&server.uri());
    let mut known = Known::default();
    for (starts_at, silenced_by, summary, expected) in listings {
        let mut alert = begun(starts_at, &sent_in_time(), silenced_by);
        alert["annotations"]["summary"] = json!(summary);
        known.poll(&source, &server, &alert, now()).await;
        let whole: Timestamp = starts_at.replace(".857", "").parse().unwrap();
        let title = known.item.as_ref().unwrap().title.as_str();
        let incident = known.incident();
        assert_eq!((incident.status, incident.started_at, title), (expected, whole, summary), "{starts_at}");
        let holders: Vec<&str> = (expected == A).then_some("bob").into_iter().collect();
        assert_eq!(incident.holder_names(), holders, "{summary}");
    }
    assert_eq!(known.events, [EventName::Triggered, EventName::Acknowledged, EventName::Unacknowledged]);
}

#[tokio::test]
async fn alert_listed_with_another_beginning_after_its_end_is_open() {
    let at = |time: &str| json!(format!("2026-11-22T{time}Z"));
    // When it began and was last sent -> whether it fires. By webhook it began at 20:57:25 and ended at 20:59:00.
    let cases = [
        ("20:57:10", at("20:59:25"), true),
        ("20:57:10", at("20:58:25"), true),
        ("20:57:10", json!(null), true),
        ("20:58:00", at("20:59:25"), true),
        ("20:58:00", json!(null), true),
        ("20:59:30", at("20:59:30"), true),
        ("20:57:25", at("20:59:25"), true),
        // A server of a cluster that has not received the end.
        ("20:57:25", at("20:58:25"), false),
        ("20:58:00", at("20:58:25"), false),
    ];
    for (starts_at, sent, fires) in cases {
        for restarts in [false, true] {
            let name = format!("{starts_at} {sent} {restarts}");
            let server = MockServer::start().await;
            let alert = begun(at(starts_at).as_str().unwrap(), &sent, &[]);
            lists(&server, std::slice::from_ref(&alert)).await;
            let mut source = source(&server.uri());
            let mut known = Known::default();
            known.receive(&source, reported("HighCPU", "resolved"));
            if restarts {
                known.cursor = polled(&source, None).await.cursor;
                source = super::source(&server.uri());
            }
            let expected = if fires { IncidentStatus::Triggered } else { IncidentStatus::Resolved };
            known.poll(&source, &server, &alert, now()).await;
            assert_eq!(known.incident().status, expected, "{name}");
            let began = if fires { starts_at } else { "20:57:25" };
            assert_eq!(json!(known.incident().started_at.to_string()), at(began), "{name}");
            known.poll(&source, &server, &alert, now()).await;
            assert_eq!(known.incident().status, expected, "{name}: as before");
            let events = known.events.len();
            assert_eq!(events, if fires { 3 } else { 2 }, "{name}: {:?}", known.events);

            // The end is reported once more, as by another server of a cluster.
            known.receive(&source, reported("HighCPU", "resolved"));
            known.poll(&source, &server, &alert, now()).await;
            assert_eq!(known.incident().status, expected, "{name}: the end came twice");
        }
    }
}

#[tokio::test]
async fn alert_that_began_ahead_of_our_clock_is_back_when_the_clock_is_set() {
    let server = MockServer::start().await;
    let source = source(&server.uri());
    let mut known = Known::default();
    let ahead = (now() + SignedDuration::from_hours(2)).to_string();
    known.poll(&source, &server, &begun(&ahead, &json!(null), &[]), now()).await;
    let gone = missed(known.item.as_ref().unwrap(), now()).unwrap();
    known.events.extend(gone.transitions.iter().map(|it| it.name));
    known.item = Some(gone.item);
    let later = now() + SignedDuration::from_mins(5);
    known.poll(&source, &server, &begun(&later.to_string(), &json!(null), &[]), later).await;
    assert_eq!(known.incident().status, IncidentStatus::Triggered);
    assert_eq!(known.incident().started_at.as_second(), later.as_second());
    assert_eq!(known.events, [EventName::Triggered, EventName::Resolved, EventName::Triggered]);
}

#[test]
fn end_reported_with_an_earlier_beginning_ends_the_alert() {
    use EventName::{Resolved, Triggered};
    let source = source("http://alerts.invalid");
    let mut known = Known::default();
    known.receive(&source, reported("HighCPU", "firing"));
    let mut over = reported("HighCPU", "resolved");
    over["startsAt"] = json!("2026-11-22T20:57:10Z");
    known.receive(&source, over);
    assert_eq!(known.incident().status, IncidentStatus::Resolved);
    // One that ended before the known one began is another.
    let mut next = reported("HighCPU", "firing");
    next["startsAt"] = json!("2026-11-22T20:59:40Z");
    known.receive(&source, next);
    known.receive(&source, reported("HighCPU", "resolved"));
    assert_eq!(known.incident().status, IncidentStatus::Triggered);
    assert_eq!(known.events, [Triggered, Resolved, Triggered]);
}

#[tokio::test]
async fn late_end_of_an_earlier_occurrence_hides_no_alert_that_was_sent_again() {
    let server = MockServer::start().await;
    let source = source(&server.uri());
    let mut known = Known::default();
    known.receive(&source, reported("HighCPU", "resolved"));
    let mut late = reported("HighCPU", "resolved");
    (late["startsAt"], late["endsAt"]) = (json!("2026-11-22T20:50:00Z"), json!("2026-11-22T20:55:00Z"));
    known.receive(&source, late);
    assert_eq!(known.incident().started_at.to_string(), "2026-11-22T20:57:25Z");
    let alert = begun("2026-11-22T20:57:25.857Z", &sent_in_time(), &[]);
    known.poll(&source, &server, &alert, now()).await;
    assert_eq!(known.incident().status, IncidentStatus::Triggered);
}

#[test]
fn firing_alert_that_may_have_ended_asks_for_a_poll() {
    // When the firing one began -> whether a poll has to show if it fires. The end that was reported is of 20:59:00.
    let cases = [("20:57:10", true), ("20:57:25", true), ("20:58:00", true), ("20:59:30", false)];
    for (starts_at, expected) in cases {
        let source = source("http://alerts.invalid");
        let mut known = Known::default();
        let mut firing = reported("HighCPU", "firing");
        firing["startsAt"] = json!(format!("2026-11-22T{starts_at}Z"));
        assert!(!known.receive(&source, firing.clone()), "{starts_at}: no end is known");
        assert!(!known.receive(&source, reported("HighCPU", "resolved")), "{starts_at}");
        assert_eq!(known.receive(&source, firing), expected, "{starts_at}");
    }
}

#[tokio::test]
async fn alert_that_two_servers_list_is_one_occurrence() {
    use EventName::{Acknowledged, Triggered};
    // When it began by each listing: the servers answer in turn, or one after the other joins.
    let orders = [
        ["20:57:10", "20:57:25", "20:57:10", "20:57:25"],
        ["20:57:10", "20:57:25", "20:57:40", "20:57:55"],
        ["20:57:25", "20:57:40", "20:57:10", "20:57:40"],
    ];
    let silences: [(&[&str], &[EventName]); 2] = [(&[], &[Triggered]), (&["s1"], &[Triggered, Acknowledged])];
    for order in orders {
        for (silenced_by, expected) in silences {
            let server = MockServer::start().await;
            let source = source(&server.uri());
            let mut known = Known::default();
            for time in order {
                let alert = begun(&format!("2026-11-22T{time}.857Z"), &sent_in_time(), silenced_by);
                known.poll(&source, &server, &alert, now()).await;
            }
            let mut firing = reported("HighCPU", "firing");
            firing["startsAt"] = json!("2026-11-22T20:58:00Z");
            known.receive(&source, firing);
            assert_eq!(known.events, expected, "{order:?} {silenced_by:?}");
            assert_eq!(known.incident().started_at.to_string(), "2026-11-22T20:57:10Z", "{order:?}");

            // Begun after it was listed last.
            let alert = begun("2026-11-22T21:00:30Z", &json!(null), silenced_by);
            known.poll(&source, &server, &alert, now() + SignedDuration::from_mins(1)).await;
            assert_eq!(known.events, [expected, expected].concat(), "{order:?} {silenced_by:?}: anew");
        }
    }
}

#[tokio::test]
async fn end_of_another_beginning_than_the_listed_one_is_left_to_a_poll() {
    use EventName::{Resolved, Triggered};
    // When the occurrence of another server began -> when the listed one is sent again. The end is of 20:59:00.
    for starts_at in ["20:47:25", "20:57:10", "20:58:00"] {
        for sent in ["20:58:25", "20:59:25"] {
            let server = MockServer::start().await;
            let source = source(&server.uri());
            let mut known = Known::default();
            let alert = |sent: &str| {
                begun("2026-11-22T20:57:25.857Z", &json!(format!("2026-11-22T{sent}.857Z")), &[])
            };
            known.poll(&source, &server, &alert("20:58:25"), now()).await;
            let mut over = reported("HighCPU", "resolved");
            over["startsAt"] = json!(format!("2026-11-22T{starts_at}Z"));
            assert!(known.receive(&source, over.clone()), "{starts_at} {sent}");
            known.poll(&source, &server, &alert(sent), now()).await;
            assert_eq!(known.incident().status, IncidentStatus::Triggered, "{starts_at} {sent}");
            assert_eq!(known.events, [Triggered], "{starts_at} {sent}");

            assert!(known.receive(&source, over), "{starts_at} {sent}: once more");
            if sent == "20:58:25" {
                known.lack(&source, &server).await;
            } else {
                assert!(!known.receive(&source, reported("HighCPU", "resolved")), "{starts_at} {sent}");
            }
            assert_eq!(known.incident().status, IncidentStatus::Resolved, "{starts_at} {sent}");
            assert_eq!(known.events, [Triggered, Resolved], "{starts_at} {sent}");
        }
    }
}

#[tokio::test]
async fn alert_that_was_lacking_after_its_end_is_open_when_it_is_listed_again() {
    use EventName::{Resolved, Triggered};
    let at = |time: &str| json!(format!("2026-11-22T{time}Z"));
    // When it was sent, and when it ended by webhook: no time, a clock that is behind, and one that is ahead.
    let cases = [(json!(null), "20:59:00"), (at("20:49:00"), "20:59:00"), (at("21:00:30"), "21:04:00")];
    for (sent, ended) in cases {
        for (is_lacking, restarts) in [(true, false), (true, true), (false, false)] {
            let name = format!("{sent} {ended} {is_lacking} {restarts}");
            let server = MockServer::start().await;
            let mut source = source(&server.uri());
            let mut known = Known::default();
            let alert = |sent: &Value| begun("2026-11-22T20:57:25.857Z", sent, &[]);
            known.poll(&source, &server, &alert(&json!(null)), now()).await;
            let mut over = reported("HighCPU", "resolved");
            over["endsAt"] = at(ended);
            known.receive(&source, over.clone());
            if is_lacking {
                known.lack(&source, &server).await;
                // As by another server of a cluster.
                known.receive(&source, over);
            }
            if restarts {
                source = super::source(&server.uri());
            }
            let expected: &[EventName] =
                if is_lacking { &[Triggered, Resolved, Triggered] } else { &[Triggered, Resolved] };
            for minutes in [1, 2] {
                let later = now() + SignedDuration::from_mins(minutes);
                known.poll(&source, &server, &alert(&sent), later).await;
                let is_open = known.incident().status == IncidentStatus::Triggered;
                assert_eq!((is_open, known.events.as_slice()), (is_lacking, expected), "{name} {minutes}");
            }
        }
    }
}

#[tokio::test]
async fn ends_in_a_cursor_of_an_older_version_count() {
    let server = MockServer::start().await;
    let source = source(&server.uri());
    let ends = json!({ "f-HighCPU": ["2026-11-22T20:57:25Z", "2026-11-22T20:59:00Z"] });
    let cursor = Cursor(json!({ "alerts": {}, "ends": ends }).to_string());
    lists(&server, &[begun("2026-11-22T20:57:25.857Z", &sent_in_time(), &[])]).await;
    let batch = polled(&source, Some(&cursor)).await;
    assert_eq!(json!(incident(&batch.snapshots[0]).updated_at.to_string()), sent_in_time());
}
