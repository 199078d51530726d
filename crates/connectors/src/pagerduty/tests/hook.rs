//! What webhooks report.

use callboard_domain::source::HookError;

use super::*;
use crate::pagerduty::hook::OF_INCIDENTS;

#[test]
fn webhooks_keep_fields_that_they_leave_out() {
    let hook = Webhooks::new(
        Arc::new(Watched { account: "test".into(), teams: Vec::new(), services: Vec::new() }),
        Some(&contract::SECRET.into()),
    );
    let receive = |body: &Value| {
        use callboard_domain::source::Hook;
        let body = body.to_string().into_bytes();
        hook.receive(&signed(contract::SECRET, "", &body), &body, now()).unwrap()
    };
    let stored = item(&acknowledged("Q1SLOW"));
    // Event, who, the incident as it is then -> what it reports, whether the account is polled.
    let acked = acknowledged("Q1SLOW");
    let cases = [
        (
            "incident.reassigned",
            user(ANA),
            with(acked.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Reassigned, Some("Ana"))],
            true,
        ),
        (
            "incident.escalated",
            Value::Null,
            with(acked.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Escalated, None)],
            true,
        ),
        (
            "incident.escalated",
            json!({ "id": "PIJ90N7", "type": "service_reference", "summary": "Checkout" }),
            with(acked.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Escalated, None)],
            true,
        ),
        (
            "incident.escalated",
            user(ANA),
            with(acked.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Escalated, Some("Ana"))],
            true,
        ),
        ("incident.priority_updated", user(ANA), acked.clone(), vec![], true),
        (
            "incident.unacknowledged",
            Value::Null,
            with(acked.clone(), json!({ "status": "triggered" })),
            vec![(EventName::Unacknowledged, None)],
            false,
        ),
        (
            "incident.resolved",
            user(ANA),
            with(acked, json!({ "status": "resolved" })),
            vec![(EventName::Resolved, Some("Ana"))],
            false,
        ),
    ];
    for (event, agent, incident, expected, poll) in cases {
        let received = receive(&webhook(event, "2026-11-22T11:30:00.5Z", agent, &incident));
        assert_eq!(received.poll, poll, "{event}");
        let change = compare(Some(&stored), received.snapshots[0].clone());
        let reported: Vec<_> = change
            .transitions
            .iter()
            .map(|it| (it.name, it.by.as_ref().map(|by| by.name.as_str())))
            .collect();
        assert_eq!(reported, expected, "{event}");
        let after = detail(&change.item);
        if after.status == IncidentStatus::Acknowledged {
            assert_eq!(after.holder_names(), ["Bo"], "{event}");
        }
    }
}

/// What of a webhook is odd -> the incident that the next poll asks for, whether the account is polled, whether it is read.
#[test]
fn incident_of_an_odd_webhook_is_looked_up() {
    let whole = || webhook("incident.triggered", "2026-11-22T11:30:00Z", Value::Null, &incident("Q1SLOW"));
    let event = |change: Value| json!({ "event": with(whole()["event"].clone(), change) });
    let data = |change: Value| event(json!({ "data": with(whole()["event"]["data"].clone(), change) }));
    let without = |field: &str| {
        let mut body = whole();
        body["event"].as_object_mut().unwrap().remove(field);
        body
    };
    let of_it = |kind: &str| json!({ "id": "X1", "type": kind, "incident": { "id": "Q1SLOW", "type": "incident_reference" } });
    let other = |kind: &str, data: Value| event(json!({ "event_type": kind, "data": data }));
    let it = Some("Q1SLOW");
    let cases = [
        (whole(), it, false, true),
        (event(json!({ "event_type": null })), it, true, true),
        (event(json!({ "event_type": ["incident.triggered"] })), it, true, true),
        (event(json!({ "event_type": "of_tomorrow" })), it, true, true),
        (event(json!({ "event_type": "incident.of_tomorrow" })), it, true, true),
        (event(json!({ "event_type": " Incident.Triggered" })), it, false, true),
        (without("event_type"), it, true, true),
        (event(json!({ "event_type": null, "data": of_it("incident_note") })), it, true, true),
        (other("incident.responder.added", of_it("incident_responder")), it, true, true),
        (other("incident.triggered", of_it("incident_of_tomorrow")), it, true, true),
        (data(json!({ "type": null })), it, true, true),
        (data(json!({ "service": null })), it, true, true),
        (data(json!({ "escalation_policy": null })), it, true, true),
        (data(json!({ "created_at": null })), it, true, true),
        (data(json!({ "status": null })), it, true, false),
        (data(json!({ "status": "dormant" })), it, true, false),
        (data(json!({ "status": {} })), it, true, false),
        (data(json!({ "title": ["x"] })), it, true, false),
        (data(json!({ "id": null })), None, true, false),
        (event(json!({ "event_type": null, "data": null })), None, true, false),
        (other("incident.triggered", Value::Null), None, true, false),
        (other("incident.of_tomorrow", Value::Null), None, true, true),
        (other("of_tomorrow", Value::Null), None, false, true),
        (other("incident.annotated", of_it("incident_note")), None, false, true),
        (other("service.updated", json!({ "id": "PIJ90N7", "type": "service" })), None, false, true),
        (other("pagey.ping", json!({ "message": "Hello" })), None, false, true),
    ];
    for (body, mentioned, poll, is_read) in cases {
        let hook = Webhooks::new(
            Arc::new(Watched { account: "test".into(), teams: Vec::new(), services: Vec::new() }),
            Some(&contract::SECRET.into()),
        );
        let bytes = body.to_string().into_bytes();
        let received = hook.receive(&signed(contract::SECRET, "", &bytes), &bytes, now());
        let found = hook.mentioned();
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), mentioned.as_slice(), "{body}");
        assert_eq!(received.is_ok(), is_read, "{body}: {received:?}");
        // For one that cannot be read the account is polled in any case.
        if let Ok(received) = received {
            assert_eq!(received.poll, poll, "{body}");
            assert!(poll || mentioned.is_none() || !received.snapshots.is_empty(), "{body}");
            assert_eq!(received.note.is_some(), mentioned.is_some(), "{body}");
        }
    }
}

/// A webhook that does not show what it is about -> which field is at fault. It is never taken for one of no interest.
#[test]
fn webhook_that_names_no_event_or_no_incident_is_not_read() {
    let whole = || webhook("incident.triggered", "2026-11-22T11:30:00Z", Value::Null, &incident("Q1SLOW"));
    let event = |change: Value| json!({ "event": with(whole()["event"].clone(), change) });
    let without = |mut body: Value, field: &str| {
        body["event"].as_object_mut().unwrap().remove(field);
        body
    };
    let (missing, unnamed) = ("event.data: it is missing or null", "event.data: it names no incident");
    let no_event = "event.event_type: it names no event";
    let mut cases = vec![
        (without(whole(), "event_type"), no_event),
        (without(event(json!({ "data": null })), "event_type"), no_event),
        (event(json!({ "event_type": null })), no_event),
        (event(json!({ "event_type": "" })), no_event),
        (event(json!({ "event_type": {}, "data": {} })), no_event),
    ];
    for kind in OF_INCIDENTS.map(|kind| format!("incident.{kind}")) {
        let of = |data: Value| event(json!({ "event_type": kind, "data": data }));
        cases.extend([
            (without(of(json!({})), "data"), missing),
            (of(Value::Null), missing),
            (of(json!({})), unnamed),
            (of(json!([])), unnamed),
            (of(json!("Q1SLOW")), unnamed),
            (of(json!({ "id": null })), unnamed),
        ]);
    }
    for (body, expected) in cases {
        let hook = Webhooks::new(
            Arc::new(Watched { account: "test".into(), teams: Vec::new(), services: Vec::new() }),
            Some(&contract::SECRET.into()),
        );
        let bytes = body.to_string().into_bytes();
        let why = match hook.receive(&signed(contract::SECRET, "", &bytes), &bytes, now()) {
            Ok(received) => {
                assert!(received.poll, "{body}");
                received.unread
            }
            Err(HookError::Malformed(why)) => Some(why),
            Err(other) => panic!("{body}: {other}"),
        };
        assert_eq!(why.as_deref(), Some(expected), "{body}");
    }
}

/// What a webhook leaves out of an incident stays as it is known.
#[test]
fn missing_field_of_a_webhook_overwrites_nothing() {
    let hook = Webhooks::new(
        Arc::new(Watched { account: "test".into(), teams: Vec::new(), services: Vec::new() }),
        Some(&contract::SECRET.into()),
    );
    let stored = item(&incident("Q1SLOW"));
    let known = detail(&stored).clone();
    for odd in [json!(null), json!("missing"), json!([]), json!("x")] {
        for field in ["service", "urgency", "teams", "title", "html_url", "escalation_policy"] {
            let mut body =
                webhook("incident.acknowledged", "2026-11-22T11:30:00Z", user(ANA), &acknowledged("Q1SLOW"));
            let fields = body["event"]["data"].as_object_mut().unwrap();
            fields.insert(field.to_owned(), odd.clone());
            if odd == json!("missing") {
                fields.remove(field);
            }
            let bytes = body.to_string().into_bytes();
            // One that cannot be read changes nothing.
            let received = hook.receive(&signed(contract::SECRET, "", &bytes), &bytes, now());
            let Ok(received) = received else { continue };
            let after = compare(Some(&stored), received.snapshots[0].clone()).item;
            assert_eq!(after.status(), "acknowledged", "{field} {odd}");
            let found = detail(&after);
            assert_eq!((&found.service, found.severity), (&known.service, known.severity), "{field} {odd}");
            let is_asked_for =
                ["service", "escalation_policy"].contains(&field) || field == "teams" && odd != json!([]);
            assert_eq!(received.poll, is_asked_for, "{field} {odd}: a poll knows it");
        }
    }
}
