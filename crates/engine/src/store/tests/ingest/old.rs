//! What is old when it is first reported, and so no news.

use super::*;

#[tokio::test]
async fn event_before_the_account_was_watched_is_old() {
    let (second, half) = (at(100), at(100) + std::time::Duration::from_millis(500));
    // When the alert began, when the account was first watched; whether it is old.
    let cases = [
        (second, at(50), false),
        (second, second, false),
        (second, half, false), // a service that reports whole seconds may mean any time in it
        (half - std::time::Duration::from_millis(1), half, true),
        (half, half, false),
        (second, at(101), true),
        (second, at(100 + 91 * 86_400), true),
    ];
    for (began, watched, old) in cases {
        let store = Store::temporary(watched).unwrap();
        store.watch(&pager(), watched).await.unwrap();
        let rules = everything();
        let now = watched.max(at(110));
        let mut alert = firing("a");
        if let Detail::Incident(incident) = &mut alert.detail {
            incident.started_at = began;
        }
        let ingested = store.ingest(&pager(), hook("1", vec![alert]), now, rules.clone()).await.unwrap();
        assert_eq!(ingested.events[0].old, old, "began {began}, watched since {watched}");
        assert_eq!(rules.asked.lock().unwrap().is_empty(), old, "old events are nobody's news");
        assert_eq!(store.pending_notices().await.unwrap().is_empty(), old);
    }
}

#[tokio::test]
async fn event_reported_long_after_is_old() {
    let store = watching().await;
    let late = at(100 + 91 * 86_400);
    let ingested = store.ingest(&pager(), hook("1", vec![firing("a")]), late, everything()).await.unwrap();
    assert!(ingested.events[0].old);
}

#[tokio::test]
async fn incident_that_a_poll_finds_firing_is_news_however_long_ago_it_began() {
    struct Nothing;
    impl Decide for Nothing {
        fn decide(&self, _: NewEvent<'_>) -> EventDecision {
            EventDecision { record: "{}".to_owned(), silence: false, notice: None, posts: Vec::new() }
        }
    }
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    const AHEAD: i64 = 100 + 400 * 86_400;
    let poll = |alert: &Item| poll(AHEAD, vec![alert.clone()]);
    let hook = |alert: &Item| hook("1", vec![alert.clone()]);
    // Who reports it, how it is -> whether that it triggered is news, by a clock that is 400 days ahead.
    type Case = (fn(&Item) -> Report, IncidentStatus, bool);
    let cases: [Case; 4] = [
        (poll, Triggered, true),
        (poll, Acknowledged, false),
        (poll, Resolved, false),
        // It may have been on its way for long.
        (hook, Triggered, false),
    ];
    for (place, (report, status, news)) in cases.into_iter().enumerate() {
        let store = watching().await;
        let report = report(&alert("a", status, 100));
        let ingested = store.ingest(&pager(), report, at(AHEAD), everything()).await.unwrap();
        assert_eq!(ingested.events[0].name, EventName::Triggered, "{place}");
        assert_eq!(!ingested.events[0].old, news, "{place}");
        assert_eq!(store.pending_notices().await.unwrap().len(), usize::from(news), "{place}");
    }
    // Once a poll finds firing what a webhook reported, it is news: then, and once.
    let store = watching().await;
    let reports =
        [(hook(&firing("a")), vec![true]), (poll(&firing("a")), vec![false]), (poll(&firing("a")), vec![])];
    for (place, (report, old)) in reports.into_iter().enumerate() {
        let ingested = store.ingest(&pager(), report, at(AHEAD), everything()).await.unwrap();
        assert_eq!(ingested.events.iter().map(|event| event.old).collect::<Vec<_>>(), old, "{place}");
    }
    assert_eq!(store.pending_notices().await.unwrap().len(), 1);
    assert_eq!(store.events_of(&key("a"), 10).await.unwrap().events.len(), 1);
    // What began before it was watched is old all the same.
    let store = Store::temporary(at(0)).unwrap();
    store.watch(&pager(), at(101)).await.unwrap();
    let ingested = store.ingest(&pager(), poll(&firing("a")), at(AHEAD), everything()).await.unwrap();
    assert!(ingested.events[0].old);
    // So is what was known: its record is gone, and its row is damaged.
    let store = watching().await;
    store.ingest(&pager(), hook(&firing("a")), at(110), Arc::new(Nothing)).await.unwrap();
    store.prune(at(AHEAD), Retention::default()).await.unwrap();
    assert_eq!(store.events_after(0, 10).await.unwrap(), Events::default());
    damage(&store, "UPDATE items SET detail = ''");
    let ingested = store.ingest(&pager(), poll(&firing("a")), at(AHEAD), everything()).await.unwrap();
    assert_eq!(ingested.events.iter().map(|event| event.old).collect::<Vec<_>>(), [true]);
}

#[tokio::test]
async fn clock_that_was_wrong_once_does_not_move_what_is_old() {
    const DAY: i64 = 86_400;
    /// What the clock shows when an alert is first seen, and when that began, in days; whether it is old.
    type Seen = (i64, i64, bool);
    // When the account began to be watched, whether the program is started each time, and what is seen.
    let cases: [(&str, i64, bool, &[Seen]); 5] = [
        ("right", 0, true, &[(1, -30, true), (1, 1, false)]),
        ("set back for a while", 0, true, &[(-400, -400, false), (1, -30, true), (1, 1, false)]),
        ("the same, and it goes on", 0, false, &[(-400, -400, false), (1, -30, true), (1, 1, false)]),
        (
            "set back twice",
            0,
            true,
            &[(-400, -400, false), (1, -30, true), (-300, -310, true), (-300, -300, false), (2, -30, true)],
        ),
        (
            "ahead at first",
            400,
            true,
            &[(0, -30, true), (0, 0, false), (1, -30, true), (1, 1, false), (401, 401, false)],
        ),
    ];
    for (name, watched, starts, seen) in cases {
        let store = Store::temporary(at(watched * DAY)).unwrap();
        store.watch(&pager(), at(watched * DAY)).await.unwrap();
        for (number, (clock, began, old)) in seen.iter().enumerate() {
            let (now, id) = (at(clock * DAY + 10), number.to_string());
            if starts {
                store.watch(&pager(), now).await.unwrap();
            }
            let mut alert = firing(&id);
            if let Detail::Incident(incident) = &mut alert.detail {
                (incident.started_at, incident.updated_at) = (at(began * DAY + 10), at(began * DAY + 10));
            }
            let report = hook(&id, vec![alert]);
            let ingested = store.ingest(&pager(), report, now, everything()).await.unwrap();
            assert_eq!(ingested.events[0].old, *old, "{name}, {number}");
        }
        let source = store.source(&pager()).await.unwrap().unwrap();
        assert_eq!(source.baseline_at, Some(at(watched * DAY)), "{name}: the first is kept");
    }
}

#[tokio::test]
async fn pruned_item_seen_again_makes_no_event() {
    const DAY: i64 = 86_400;
    // How long events are kept, when it is first seen -> whether it is news.
    let cases =
        [(90, 89, true), (90, 91, false), (365, 91, false), (7, 6, true), (7, 8, false), (1, 2, false)];
    for (days, seen, news) in cases {
        let store = watching().await;
        let rules = Arc::new(Everything {
            remembered: Some(Duration::from_secs(days * 86_400)),
            ..Everything::default()
        });
        let now = at(100 + seen * DAY);
        let ingested =
            store.ingest(&pager(), hook("1", vec![firing("a")]), now, rules.clone()).await.unwrap();
        assert_eq!(!ingested.events[0].old, news, "{seen} days, of {days}");
        assert_eq!(!rules.asked.lock().unwrap().is_empty(), news, "{seen} days, of {days}");
    }
}

#[tokio::test]
async fn still_reported_item_is_not_pruned() {
    const DAY: i64 = 86_400;
    let store = watching().await;
    let keep = Retention {
        record: Duration::from_secs(86_400),
        items: Duration::from_secs(86_400),
        ..Retention::default()
    };
    // Nothing says when it was.
    let green = build("main", BuildStatus::Passed);
    for day in 0..40 {
        let now = at(100 + day * DAY);
        let report = poll(100 + day * DAY, vec![green.clone()]);
        let events = store.ingest(&pager(), report, now, everything()).await.unwrap().events;
        assert_eq!(events.len(), usize::from(day == 0), "day {day}");
        store.prune(now, keep).await.unwrap();
    }
    assert_eq!(store.events_after(0, 10).await.unwrap(), Events::default());
}

#[tokio::test]
async fn events_without_a_time_are_old_in_the_first_poll_only() {
    let store = Store::temporary(at(0)).unwrap();
    for (began, branch, old) in [(10, "main", true), (20, "next", false)] {
        let failed = build(branch, BuildStatus::Failed);
        let ingested =
            store.ingest(&pager(), poll(began, vec![failed]), at(began), everything()).await.unwrap();
        assert_eq!(ingested.events[0].old, old, "{branch}");
        assert_eq!(ingested.events[0].at, at(began));
    }
}

/// When the service says that it happened -> when it is dated. It is seen at 110.
#[tokio::test]
async fn event_of_a_clock_that_is_ahead_is_dated_when_it_was_seen() {
    for (began, dated) in [(100, 100), (110, 110), (170, 170), (171, 110), (100 + 3_600, 110)] {
        let store = watching().await;
        let mut alert = firing("a");
        if let Detail::Incident(incident) = &mut alert.detail {
            (incident.started_at, incident.updated_at) = (at(began), at(began));
        }
        let ingested = store.ingest(&pager(), hook("1", vec![alert]), at(110), everything()).await.unwrap();
        let event = &ingested.events[0];
        assert_eq!((event.at, event.old), (at(dated), false), "{began}");
    }
}

/// The service dates nothing but the beginning of the incident, which was before the account was watched.
#[tokio::test]
async fn change_without_a_time_is_dated_when_it_was_seen() {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let store = Store::temporary(at(0)).unwrap();
    store.watch(&pager(), at(105)).await.unwrap();
    let mut found = Vec::new();
    for (now, status) in (110..).step_by(10).zip([Triggered, Acknowledged, Triggered, Resolved]) {
        let report = poll(now, vec![alert("a", status, 100)]);
        let ingested = store.ingest(&pager(), report, at(now), everything()).await.unwrap();
        found.extend(ingested.events.iter().map(|event| (event.name, event.at, event.old)));
    }
    assert_eq!(
        found,
        [
            (EventName::Triggered, at(100), true),
            (EventName::Acknowledged, at(120), false),
            (EventName::Unacknowledged, at(130), false),
            (EventName::Resolved, at(140), false),
        ]
    );
}
