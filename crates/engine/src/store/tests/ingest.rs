mod beginnings;
mod old;

use super::*;

fn names(ingested: &Ingested) -> Vec<EventName> {
    ingested.events.iter().map(|event| event.name).collect()
}

#[tokio::test]
async fn event_is_recorded_once_by_poll_and_webhook() {
    let store = watching().await;
    let mut total = 0;
    let reports = [
        (hook("1", vec![firing("a")]), 1),
        (hook("2", vec![firing("a")]), 0),
        (poll(120, vec![firing("a")]), 0),
        (hook("3", vec![resolved("a", 130)]), 1),
        (poll(140, vec![resolved("a", 130)]), 0),
        (hook("4", vec![firing("a")]), 0), // late, and outdated
    ];
    for (report, expected) in reports {
        let name = format!("{report:?}");
        let ingested = store.ingest(&pager(), report, at(150), everything()).await.unwrap();
        assert_eq!(ingested.events.len(), expected, "{name}");
        total += expected;
    }
    let store = after_crash(&store, 160);
    assert_eq!(store.events_after(0, 10).await.unwrap().len(), total);
    assert_eq!(store.pending_notices().await.unwrap().len(), total);
    assert_eq!(store.deliveries(10).await.unwrap().len(), total);
    let again = store.ingest(&pager(), poll(170, vec![resolved("a", 130)]), at(170), everything()).await;
    assert_eq!(again, Ok(Ingested::default()));
}

#[tokio::test]
async fn a_repeated_delivery_is_known() {
    let store = watching().await;
    let first = store.ingest(&pager(), hook("1", vec![firing("a")]), at(110), everything()).await.unwrap();
    assert!(!first.duplicate);
    let again =
        store.ingest(&pager(), hook("1", vec![resolved("a", 120)]), at(130), everything()).await.unwrap();
    assert_eq!(again, Ingested { events: Vec::new(), duplicate: true });
    let item = store.item(&key("a")).await.unwrap().unwrap().item;
    assert_eq!(item.status(), "triggered");
}

#[tokio::test]
async fn rules_that_fail_leave_no_trace_of_the_report() {
    struct Broken;
    impl Decide for Broken {
        fn decide(&self, _: NewEvent<'_>) -> EventDecision {
            panic!("a fault in a rule")
        }
    }
    let store = watching().await;
    let with_cursor = || {
        let cursor = Some(Cursor("7".to_owned()));
        found(105, Batch { snapshots: vec![firing("a")], cursor, ..Batch::default() })
    };
    for report in [hook("1", vec![firing("a")]), with_cursor()] {
        store.ingest(&pager(), report, at(110), Arc::new(Broken)).await.unwrap_err();
    }
    assert_eq!(store.item(&key("a")).await, Ok(None));
    assert_eq!(store.events_after(0, 10).await, Ok(Events::default()));
    assert_eq!(store.source(&pager()).await.unwrap().unwrap().cursor, None);
    let ingested = store.ingest(&pager(), hook("1", vec![firing("a")]), at(120), everything()).await.unwrap();
    assert_eq!(names(&ingested), [EventName::Triggered]);
}

#[tokio::test]
async fn poll_outranks_a_webhook_from_before_its_start() {
    use IncidentStatus::{Acknowledged, Triggered};
    // All of one version. When the poll began, after the webhook or before -> its state.
    for (began, stands) in [(120, "triggered"), (105, "acknowledged")] {
        let store = watching().await;
        let held = hook("1", vec![alert("a", Acknowledged, 100)]);
        store.ingest(&pager(), held, at(110), everything()).await.unwrap();
        let report = poll(began, vec![alert("a", Triggered, 100)]);
        store.ingest(&pager(), report, at(130), everything()).await.unwrap();
        assert_eq!(store.item(&key("a")).await.unwrap().unwrap().item.status(), stands, "{began}");
    }
}

#[tokio::test]
async fn dates_that_no_clock_can_hold_do_no_harm() {
    for date in ["-009999-01-02T01:59:59Z", "0001-01-01T00:00:00Z", "9999-12-30T22:00:00.999999999Z"] {
        let store = watching().await;
        let mut odd = firing("odd");
        if let Detail::Incident(incident) = &mut odd.detail {
            (incident.started_at, incident.updated_at) = (date.parse().unwrap(), date.parse().unwrap());
            let date = date.parse().unwrap();
            incident.hold = Some(Hold { at: date, by: Vec::new(), until: Some(date) });
        }
        let report = poll(110, vec![odd.clone(), firing("a")]);
        store.ingest(&pager(), report, at(110), everything()).await.unwrap();
        let again = store.ingest(&pager(), poll(120, vec![odd, firing("a")]), at(120), everything()).await;
        assert_eq!(again.unwrap().events, [], "{date}");
        let store = after_crash(&store, 130);
        assert_eq!(store.open_items().await.unwrap().len(), 2, "{date}");
        assert_eq!(store.events_after(0, 10).await.unwrap().len(), 2, "{date}");
        store.prune(at(0), Retention { record: Duration::MAX, ..Retention::default() }).await.unwrap();
    }
}

#[tokio::test]
async fn event_moot_when_seen_is_recorded_but_not_notified() {
    use EventName::*;
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    let ran = |runs: &[(u64, BuildStatus)]| {
        let mut item = build("main", BuildStatus::Passed);
        if let Detail::Build(build) = &mut item.detail {
            build.runs = runs.iter().rev().map(|(number, status)| BuildRun::new(*number, *status)).collect();
        }
        item
    };
    let (pass, fail) = (BuildStatus::Passed, BuildStatus::Failed);
    let a = |status, updated| alert("a", status, updated);
    // What each poll finds -> all that is on record, and what of it is notified.
    type Case = (&'static str, Vec<Item>, &'static [EventName], &'static [EventName]);
    let cases: Vec<Case> = vec![
        ("begins free", vec![a(T, 100)], &[Triggered], &[Triggered]),
        ("begins held", vec![a(A, 100)], &[Triggered, Acknowledged], &[]),
        (
            "begins held, and is freed",
            vec![a(A, 100), a(T, 150), a(T, 150)],
            &[Triggered, Acknowledged, Unacknowledged],
            &[Unacknowledged],
        ),
        (
            "freed, taken and over",
            vec![a(A, 100), a(T, 150), a(A, 160), a(R, 170)],
            &[Triggered, Acknowledged, Unacknowledged, Acknowledged, Resolved],
            &[Unacknowledged, Acknowledged, Resolved],
        ),
        (
            "held from its beginning to its end",
            vec![a(A, 100), a(R, 170)],
            &[Triggered, Acknowledged, Resolved],
            &[],
        ),
        ("began and ended unseen", vec![a(R, 170)], &[Triggered, Resolved], &[]),
        ("triggered, then over", vec![a(T, 100), a(R, 170)], &[Triggered, Resolved], &[Triggered, Resolved]),
        (
            "held from its beginning, and back later",
            vec![a(A, 100), a(R, 170), a(T, 180), a(R, 190)],
            &[Triggered, Acknowledged, Resolved, Triggered, Resolved],
            &[Triggered, Resolved],
        ),
        (
            "failed and fixed unseen",
            vec![ran(&[(1, pass)]), ran(&[(2, fail), (3, pass)])],
            &[Passed, Failed, Fixed],
            &[Passed],
        ),
        (
            "failed again and fixed unseen",
            vec![ran(&[(1, fail)]), ran(&[(2, fail), (3, pass)])],
            &[Failed, StillFailing, Fixed],
            &[Failed, Fixed],
        ),
        (
            "fixed and failed again unseen",
            vec![ran(&[(1, fail)]), ran(&[(2, pass), (3, fail)])],
            &[Failed, Fixed, Failed],
            &[Failed, Failed],
        ),
        (
            "failed twice",
            vec![ran(&[(1, fail), (2, fail)])],
            &[Failed, StillFailing],
            &[Failed, StillFailing],
        ),
    ];
    for (name, polls, recorded, notified) in cases {
        let store = watching().await;
        // What the first poll finds without a time is old.
        store.ingest(&pager(), poll(90, Vec::new()), at(90), everything()).await.unwrap();
        let rules = everything();
        for (began, item) in (200..).step_by(10).zip(polls) {
            store.ingest(&pager(), poll(began, vec![item]), at(began), rules.clone()).await.unwrap();
        }
        let events = store.events_after(0, 20).await.unwrap().events;
        assert_eq!(events.iter().map(|event| event.name).collect::<Vec<_>>(), recorded, "{name}");
        let news: Vec<_> = events.iter().filter(|event| !event.moot).map(|event| event.name).collect();
        assert_eq!(news, notified, "{name}");
        let asked: Vec<_> = rules.asked.lock().unwrap().iter().map(|(name, _)| *name).collect();
        assert_eq!(asked, notified, "{name}");
        assert_eq!(store.pending_notices().await.unwrap().len(), notified.len(), "{name}");
        assert_eq!(store.deliveries(20).await.unwrap().len(), notified.len(), "{name}");
    }
}

#[tokio::test]
async fn alert_that_begins_silenced_is_triggered_once_it_is_free() {
    use EventName::*;
    use IncidentStatus::{Resolved as R, Triggered as T};
    let a = |status, updated| alert("a", status, updated);
    let silenced = |updated| {
        let mut item = a(IncidentStatus::Acknowledged, updated);
        let Detail::Incident(incident) = &mut item.detail else { unreachable!() };
        incident.hold = Some(Hold { at: at(updated), by: vec![User::named("bo")], until: Some(at(9_000)) });
        item
    };
    // What is found, twice each -> all that is on record, and what of it is notified.
    type Case = (&'static str, Vec<Item>, &'static [EventName], &'static [EventName]);
    let cases: Vec<Case> = vec![
        ("freed", vec![silenced(100), a(T, 150)], &[Triggered, Acknowledged, Triggered], &[Triggered]),
        (
            "freed twice",
            vec![silenced(100), a(T, 150), silenced(160), a(T, 170)],
            &[Triggered, Acknowledged, Triggered, Acknowledged, Unacknowledged],
            &[Triggered, Acknowledged, Unacknowledged],
        ),
        (
            "silenced later",
            vec![a(T, 100), silenced(120), a(T, 150)],
            &[Triggered, Acknowledged, Unacknowledged],
            &[Triggered, Acknowledged, Unacknowledged],
        ),
        (
            "over, and back free",
            vec![silenced(100), a(R, 150), a(T, 160)],
            &[Triggered, Acknowledged, Resolved, Triggered],
            &[Triggered],
        ),
        (
            "over, back silenced, and freed",
            vec![a(T, 100), a(R, 150), silenced(160), a(T, 170)],
            &[Triggered, Resolved, Triggered, Acknowledged, Triggered],
            &[Triggered, Resolved, Triggered],
        ),
    ];
    for (name, found, recorded, notified) in cases {
        // By polls, by webhooks, and by both.
        for by in 0..3 {
            let (store, rules) = (watching().await, everything());
            for (began, item) in (200..).step_by(10).zip(&found) {
                for again in 0..2 {
                    let report = match by == 0 || (by == 2 && again == 0) {
                        true => poll(began + again, vec![item.clone()]),
                        false => hook(&format!("{began} {again}"), vec![item.clone()]),
                    };
                    store.ingest(&pager(), report, at(began + again), rules.clone()).await.unwrap();
                }
            }
            let events = store.events_after(0, 20).await.unwrap().events;
            assert_eq!(events.iter().map(|event| event.name).collect::<Vec<_>>(), recorded, "{name}, {by}");
            let asked: Vec<_> = rules.asked.lock().unwrap().iter().map(|(name, _)| *name).collect();
            assert_eq!(asked, notified, "{name}, {by}");
        }
    }
}

#[tokio::test]
async fn complete_listing_ends_absent_incidents() {
    let store = watching().await;
    let all = vec![firing("stays"), firing("goes"), firing("later")];
    store.ingest(&pager(), poll(110, all), at(110), everything()).await.unwrap();
    // Reported by a webhook while the listing was on its way: newer than the listing.
    store.ingest(&pager(), hook("1", vec![firing("later")]), at(205), everything()).await.unwrap();
    let batch = Batch {
        snapshots: vec![firing("stays")],
        complete: vec![Scope::all(Kind::Incident)],
        ..Batch::default()
    };
    let ingested = store.ingest(&pager(), found(200, batch), at(210), everything()).await.unwrap();
    assert_eq!(names(&ingested), [EventName::Resolved]);
    assert_eq!(ingested.events[0].item, key("goes"));
    let mut open: Vec<_> =
        store.open_items().await.unwrap().into_iter().map(|stored| stored.item.key.id).collect();
    open.sort();
    assert_eq!(open, ["later", "stays"]);
}

#[tokio::test]
async fn an_account_speaks_for_its_own_items_only() {
    let store = watching().await;
    let ingested =
        store.ingest(&"other".into(), hook("1", vec![firing("a")]), at(110), everything()).await.unwrap();
    assert_eq!(ingested.events, []);
    assert_eq!(store.item(&key("a")).await, Ok(None));
}

#[tokio::test]
async fn stale_event_is_recorded_once_per_quiet_period() {
    use callboard_domain::{
        event::stale,
        item::{PullRequest, PullRequestState},
    };
    const DAY: i64 = 86_400;
    let touched = |updated: i64| Item {
        key: ItemKey::new(&pager(), Kind::PullRequest, "acme/web#1"),
        title: "Add it".to_owned(),
        url: None,
        detail: Detail::PullRequest(PullRequest {
            repo: "acme/web".to_owned(),
            number: 1,
            author: "ana".to_owned(),
            branch: "it".to_owned(),
            base: "main".to_owned(),
            head: "abc".to_owned(),
            draft: false,
            state: PullRequestState::Open,
            opened_at: at(100),
            ended_at: None,
            merged_by: None,
            requested: Default::default(),
            requested_unknown: false,
            requested_read: None,
            updated_at: at(updated),
            reviews: Vec::new(),
            checks: None,
            mergeability: None,
            description: None,
            size: None,
        }),
    };
    let store = watching().await;
    let sweep = async |day: i64| {
        let events = store.sweep(Kind::PullRequest, stale, at(day * DAY), everything()).await.unwrap();
        events.into_iter().map(|event| event.name).collect::<Vec<_>>()
    };
    store.ingest(&pager(), hook("1", vec![touched(100)]), at(110), everything()).await.unwrap();
    assert_eq!(sweep(6).await, []);
    assert_eq!(sweep(8).await, [EventName::Stale]);
    assert_eq!(sweep(9).await, []);
    store.ingest(&pager(), hook("2", vec![touched(10 * DAY)]), at(10 * DAY), everything()).await.unwrap();
    assert_eq!(sweep(16).await, []);
    assert_eq!(sweep(18).await, [EventName::Stale]);
    assert_eq!(store.pending_notices().await.unwrap().len(), 3, "opened, and stale twice");
}

#[tokio::test]
async fn beginning_under_a_hold_is_moot_because_of_the_hold() {
    use callboard_domain::event::MootCause;
    // until when it is held -> why its beginning was no news
    for (until, expected) in [(Some(at(9_000)), MootCause::Silenced), (None, MootCause::Acknowledged)] {
        let store = watching().await;
        let mut item = alert("a", IncidentStatus::Acknowledged, 100);
        let Detail::Incident(incident) = &mut item.detail else { unreachable!() };
        incident.hold = Some(Hold { at: at(100), by: vec![User::named("bo")], until });
        store.ingest(&pager(), poll(110, vec![item]), at(110), everything()).await.unwrap();
        let store = after_crash(&store, 120);
        let events = store.events_of(&key("a"), 10).await.unwrap().events;
        let began = events.iter().find(|event| event.name == EventName::Triggered).unwrap();
        assert_eq!((began.moot, began.moot_because), (true, Some(expected)), "{events:?}");
        assert!(events.iter().all(|event| event.moot_because != Some(MootCause::Over)), "{events:?}");
        // As an earlier version recorded it.
        store.write(|conn| conn.execute("UPDATE events SET moot_because = NULL", [])).await.unwrap();
        let events = store.events_of(&key("a"), 10).await.unwrap().events;
        assert!(events.iter().any(|event| event.moot && event.moot_because.is_none()));
    }
}
