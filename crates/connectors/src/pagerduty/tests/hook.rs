//! What webhooks tell.

use super::*;

#[test]
fn webhooks_keep_what_they_do_not_say() {
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
    // Event, who, the incident as it is then -> what it tells, whether the account is polled.
    let held = acknowledged("Q1SLOW");
    let cases = [
        (
            "incident.reassigned",
            user(ANA),
            with(held.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Reassigned, Some("Ana"))],
            true,
        ),
        (
            "incident.escalated",
            Value::Null,
            with(held.clone(), json!({ "assignments": [{ "assignee": user(ANA) }] })),
            vec![(EventName::Escalated, None)],
            true,
        ),
        ("incident.priority_updated", user(ANA), held.clone(), vec![], true),
        (
            "incident.unacknowledged",
            Value::Null,
            with(held.clone(), json!({ "status": "triggered" })),
            vec![(EventName::Unacknowledged, None)],
            false,
        ),
        (
            "incident.resolved",
            user(ANA),
            with(held, json!({ "status": "resolved" })),
            vec![(EventName::Resolved, Some("Ana"))],
            false,
        ),
    ];
    for (event, agent, incident, expected, poll) in cases {
        let received = receive(&webhook(event, "2026-11-22T11:30:00.5Z", agent, &incident));
        assert_eq!(received.poll, poll, "{event}");
        let change = compare(Some(&stored), received.snapshots[0].clone());
        let told: Vec<_> = change
            .transitions
            .iter()
            .map(|it| (it.name, it.by.as_ref().map(|by| by.name.as_str())))
            .collect();
        assert_eq!(told, expected, "{event}");
        let after = detail(&change.item);
        if after.status == IncidentStatus::Acknowledged {
            assert_eq!(after.holder_names(), ["Bo"], "{event}");
        }
    }
}
