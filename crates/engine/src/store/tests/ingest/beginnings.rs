//! Incidents that are reported with another beginning than before.

use super::*;

/// Begun and last changed then.
fn begun(began: i64, updated: i64, status: IncidentStatus) -> Item {
    let mut item = alert("a", status, updated);
    let Detail::Incident(incident) = &mut item.detail else { unreachable!() };
    incident.started_at = at(began);
    item
}

/// A complete listing of these.
fn listing(asked: i64, snapshots: Vec<Item>) -> Report {
    found(asked, Batch { snapshots, complete: vec![Scope::all(Kind::Incident)], ..Batch::default() })
}

#[tokio::test]
async fn what_the_current_listing_has_is_open_whenever_it_began() {
    use EventName::*;
    use IncidentStatus::{Resolved as R, Triggered as T};
    // Each report and when it comes -> what has happened, each of it news, and the status.
    type Case = (&'static str, Vec<(i64, Report)>, &'static [EventName], &'static str);
    let cases: Vec<Case> = vec![
        (
            "missed, and back as begun earlier",
            vec![
                (200, listing(200, vec![begun(190, 190, T)])),
                (210, listing(210, Vec::new())),
                (220, listing(220, vec![begun(140, 140, T)])),
                (230, listing(230, vec![begun(140, 140, T)])),
            ],
            &[Triggered, Resolved, Triggered],
            "triggered",
        ),
        (
            // Earlier than the account is watched.
            "over by a webhook, and listed as begun long before",
            vec![
                (200, hook("1", vec![begun(190, 190, T)])),
                (210, hook("2", vec![begun(190, 205, R)])),
                (215, hook("3", vec![begun(20, 20, T)])),
                (220, listing(220, vec![begun(20, 20, T)])),
                (230, listing(230, vec![begun(20, 20, T)])),
            ],
            &[Triggered, Resolved, Triggered],
            "triggered",
        ),
        (
            "over by a webhook while the listing was on its way",
            vec![
                (200, hook("1", vec![begun(190, 190, T)])),
                (210, hook("2", vec![begun(190, 205, R)])),
                (215, listing(205, vec![begun(140, 140, T)])),
            ],
            &[Triggered, Resolved],
            "resolved",
        ),
        (
            "open, and begun earlier than known",
            vec![
                (200, listing(200, vec![begun(190, 190, T)])),
                (210, listing(210, vec![begun(140, 140, T)])),
                (220, hook("1", vec![begun(140, 215, R)])),
            ],
            &[Triggered, Resolved],
            "resolved",
        ),
        (
            "over with an earlier beginning than was known",
            vec![(200, hook("1", vec![begun(190, 190, T)])), (210, hook("2", vec![begun(140, 205, R)]))],
            &[Triggered, Resolved],
            "resolved",
        ),
        (
            "over with an earlier beginning than is listed, before and after",
            vec![
                (200, listing(200, vec![begun(190, 190, T)])),
                (210, hook("1", vec![begun(140, 205, R)])),
                (220, listing(220, vec![begun(190, 215, T)])),
                (230, hook("2", vec![begun(190, 225, R)])),
            ],
            &[Triggered, Resolved, Triggered, Resolved],
            "resolved",
        ),
        (
            "late reports of the occurrence before",
            vec![
                (200, hook("1", vec![begun(190, 190, T)])),
                (210, hook("2", vec![begun(140, 150, R)])),
                (220, hook("3", vec![begun(140, 140, T)])),
            ],
            &[Triggered],
            "triggered",
        ),
    ];
    for (name, reports, expected, status) in cases {
        let store = watching().await;
        // What the first poll finds without a time is old.
        store.ingest(&pager(), poll(90, Vec::new()), at(90), everything()).await.unwrap();
        for (now, report) in reports {
            store.ingest(&pager(), report, at(now), everything()).await.unwrap();
        }
        let store = after_crash(&store, 300);
        let events = store.events_of(&key("a"), 20).await.unwrap().events;
        let mut found: Vec<_> = events.iter().map(|event| (event.id, event.name)).collect();
        found.sort_unstable();
        let names: Vec<_> = found.into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, expected, "{name}");
        assert!(events.iter().all(|event| !event.old && !event.moot), "{name}: {events:?}");
        assert_eq!(store.pending_notices().await.unwrap().len(), expected.len(), "{name}");
        assert_eq!(store.item(&key("a")).await.unwrap().unwrap().item.status(), status, "{name}");
        let open = store.open_items().await.unwrap().len();
        assert_eq!(open, usize::from(status != "resolved"), "{name}");
    }
}
