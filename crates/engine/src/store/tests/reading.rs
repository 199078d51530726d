use super::*;

#[tokio::test]
async fn snoozed_until_something_happens_or_until_a_time() {
    let store = watching().await;
    let rules = Arc::new(Everything { silence: true, ..Everything::default() });
    store.ingest(&pager(), hook("1", vec![firing("a")]), at(110), rules).await.unwrap();
    let stored = store.item(&key("a")).await.unwrap().unwrap();
    assert!(stored.silenced && stored.is_off_board(at(110)));

    let rules = everything();
    let acknowledged = alert("a", IncidentStatus::Acknowledged, 120);
    store.ingest(&pager(), hook("2", vec![acknowledged]), at(120), rules.clone()).await.unwrap();
    assert!(!store.item(&key("a")).await.unwrap().unwrap().silenced);

    assert!(store.snooze(&key("a"), Some(Snooze::UntilChange), &ana(), at(0)).await.unwrap());
    store.ingest(&pager(), hook("3", vec![resolved("a", 130)]), at(130), rules.clone()).await.unwrap();
    assert_eq!(store.item(&key("a")).await.unwrap().unwrap().snoozed, None);

    let until = Some(Snooze::Until(at(200)));
    assert!(store.snooze(&key("a"), until, &ana(), at(0)).await.unwrap());
    let back = alert("a", IncidentStatus::Triggered, 140);
    store.ingest(&pager(), hook("4", vec![back]), at(140), rules.clone()).await.unwrap();
    let stored = store.item(&key("a")).await.unwrap().unwrap();
    assert_eq!(stored.snoozed, until);
    assert!(stored.is_off_board(at(199)) && !stored.is_off_board(at(200)));
    let asked: Vec<_> = rules.asked.lock().unwrap().iter().map(|(_, snoozed)| *snoozed).collect();
    assert_eq!(asked, [false, false, true]);
}

#[tokio::test]
async fn decision_and_pending_notice_are_stored() {
    let store = watching().await;
    let report = hook("1", vec![firing("a"), firing("b")]);
    let events = store.ingest(&pager(), report, at(110), everything()).await.unwrap().events;
    let pending = store.pending_notices().await.unwrap();
    let ids = pending.iter().map(|it| it.event).collect();
    assert_eq!(store.events_by_ids(ids).await.unwrap(), events);
    assert_eq!(pending[0].notice, Notice { important: false, group: "storage".to_owned() });
    store.mark_shown(&[events[0].id], at(120)).await.unwrap();
    let store = after_crash(&store, 130);
    let left: Vec<_> = store.pending_notices().await.unwrap().into_iter().map(|it| it.event).collect();
    assert_eq!(left, [events[1].id]);
    let why = store.decision(events[0].id).await.unwrap();
    assert_eq!(why.as_deref(), Some(r#"{"rule":"everything"}"#));
}

#[tokio::test]
async fn how_a_source_fares() {
    use callboard_domain::error::ServiceError;
    let store = watching().await;
    for (now, why) in [(60, "no route"), (70, "no name")] {
        store.poll_failed(&pager(), ServiceError::unavailable(why), at(now)).await.unwrap();
    }
    let source = store.source(&pager()).await.unwrap().unwrap();
    assert_eq!(source.error, Some((ServiceError::unavailable("no name"), at(60))));
    assert_eq!(source.baseline_at, Some(at(50)));
    let batch = Batch {
        cursor: Some(Cursor("{}".to_owned())),
        problems: vec![Problem::new(ProblemKind::NotSeen, "acme/old", "it is gone")],
        ..Batch::default()
    };
    store.ingest(&pager(), found(80, batch), at(81), everything()).await.unwrap();
    store.ingest(&pager(), poll(90, Vec::new()), at(91), everything()).await.unwrap();
    let source = store.source(&pager()).await.unwrap().unwrap();
    assert_eq!((source.error, source.last_ok_at), (None, Some(at(90))));
    assert_eq!(source.cursor, Some(Cursor("{}".to_owned())), "a poll that gives none keeps it");
    assert_eq!(source.problems, Vec::new());
}

#[tokio::test]
async fn trouble_lasts_since_the_first_failure_of_its_kind() {
    use callboard_domain::error::ServiceError as E;
    let limited = || E::RateLimited { why: "slow down".into(), retry_after: Default::default() };
    let store = watching().await;
    // when, what failed -> since when
    let cases = [
        (60, E::auth("401"), 60),
        (70, E::auth("401 again"), 60),
        (80, limited(), 80),
        (90, limited(), 80),
        (100, E::auth("401"), 100),
        // The credential is good now, and lacks a permission.
        (110, E::forbidden("403"), 110),
        (120, E::unavailable("no route"), 120),
        // Half an answer is the same trouble to who reads.
        (130, E::unknown("half"), 120),
        (140, E::unavailable("no name"), 120),
        (150, E::rejected("no"), 150),
    ];
    for (now, error, since) in cases {
        store.poll_failed(&pager(), error.clone(), at(now)).await.unwrap();
        let source = store.source(&pager()).await.unwrap().unwrap();
        let since = at(since);
        assert_eq!(source.error, Some((error.counted_from(since, at(now)), since)), "{now}");
    }
}

#[tokio::test]
async fn wait_that_a_service_asks_for_ends_when_its_last_answer_says() {
    use callboard_domain::error::ServiceError as E;
    let limited = |secs| E::RateLimited { why: "slow down".into(), retry_after: Duration::from_secs(secs) };
    let store = watching().await;
    // when, for how long -> until when
    let cases = [(100, 3_600, 3_700), (1_300, 2_400, 3_700), (2_500, 1_200, 3_700), (3_700, 60, 3_760)];
    for (now, secs, until) in cases {
        store.poll_failed(&pager(), limited(secs), at(now)).await.unwrap();
        let (error, since) = store.source(&pager()).await.unwrap().unwrap().error.unwrap();
        assert_eq!((since, error.retry_at(since)), (at(100), Some(at(until))), "{now}");
    }
}

#[tokio::test]
async fn unwatched_account_leaves_the_board_and_can_come_back() {
    let store = watching().await;
    store.ingest(&pager(), poll(110, vec![firing("a")]), at(110), everything()).await.unwrap();
    store.unwatch(&pager(), at(400)).await.unwrap();
    assert_eq!(store.open_items().await, Ok(Vec::new()));
    let gone = store.item(&key("a")).await.unwrap().unwrap().gone;
    assert_eq!(gone, Some((GoneReason::NotWatched, at(400))));
    store.watch(&pager(), at(500)).await.unwrap();
    let ingested = store.ingest(&pager(), poll(510, vec![firing("a")]), at(510), everything()).await.unwrap();
    assert_eq!(ingested.events, []);
    assert_eq!(store.open_items().await.unwrap().len(), 1);
}

#[tokio::test]
async fn items_read_back_as_they_were_given() {
    let store = watching().await;
    let red = build("main", BuildStatus::Failed);
    let green = build("next", BuildStatus::Passed);
    let report = poll(110, vec![red.clone(), green.clone(), firing("a")]);
    store.ingest(&pager(), report, at(110), everything()).await.unwrap();
    assert_eq!(store.item(&red.key).await.unwrap().unwrap().item, red);
    let builds: Vec<_> = store.items(Kind::Build, 10).await.unwrap().into_iter().map(|it| it.item).collect();
    assert!(builds.contains(&red) && builds.contains(&green) && builds.len() == 2);
    let open = store.open_items().await.unwrap();
    assert!(open.iter().all(|stored| stored.item != green) && open.len() == 2);
    assert_eq!(store.open_count(Kind::Incident).await, Ok(1));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_hides_no_other_and_is_built_anew() {
    let store = watching().await;
    let report = poll(110, vec![firing("a"), firing("b")]);
    store.ingest(&pager(), report, at(110), everything()).await.unwrap();
    store.write(|conn| conn.execute("UPDATE items SET detail = '{' WHERE id = 'a'", [])).await.unwrap();
    assert_eq!(store.open_items().await.unwrap().len(), 1);
    let ingested = store.ingest(&pager(), poll(120, vec![firing("a")]), at(120), everything()).await.unwrap();
    assert_eq!(ingested.events, [], "it is on the record");
    assert_eq!(store.item(&key("a")).await.unwrap().unwrap().item, firing("a"));
}

#[tokio::test]
async fn events_are_read_forwards_backwards_and_by_item() {
    let store = watching().await;
    let report = hook("1", vec![firing("a"), firing("b"), resolved("a", 120)]);
    let events = store.ingest(&pager(), report, at(130), everything()).await.unwrap().events;
    assert_eq!(store.events_after(events[0].id, 1).await.unwrap().events, events[1..2]);
    let newest: Vec<_> = events.iter().rev().cloned().collect();
    assert_eq!(store.events_before(None, 2).await.unwrap().events, newest[..2]);
    assert_eq!(store.events_before(Some(events[1].id), 2).await.unwrap().events, newest[2..]);
    let of_a: Vec<_> = newest.iter().filter(|event| event.item == key("a")).cloned().collect();
    assert_eq!(store.events_of(&key("a"), 10).await.unwrap().events, of_a);
    assert_eq!(store.event(events[0].id).await.unwrap(), Some(events[0].clone()));
}

#[tokio::test]
async fn quiet_until_a_time_survives_a_restart() {
    let store = watching().await;
    assert_eq!(store.quiet_until().await, Ok(None));
    for until in [at(200), at(300)] {
        store.set_quiet_until(Some(until), &ana(), at(0)).await.unwrap();
        assert_eq!(after_crash(&store, 60).quiet_until().await, Ok(Some(until)));
    }
    store.set_quiet_until(None, &ana(), at(0)).await.unwrap();
    assert_eq!(store.quiet_until().await, Ok(None));
}

#[tokio::test]
async fn typed_text_finds_its_item_however_many_are_open() {
    use callboard_domain::command::{Resolution, resolve_item};
    let store = watching().await;
    let many = usize::try_from(BOARD).unwrap() + 5;
    let mut all: Vec<Item> = (0..many).map(|n| firing(&format!("db-{n:05}"))).collect();
    all[0].title = "Die Küche von \"Ärger & Co\" brennt".to_owned();
    all[1].url = "https://pager.example/i/1?x=%41".parse().ok();
    if let Detail::Incident(incident) = &mut all[2].detail {
        incident.number = Some(4711);
        incident.labels = BTreeMap::from([("alertname".to_owned(), "DiskFull".to_owned())]);
    }
    store.ingest(&pager(), poll(110, all.clone()), at(110), everything()).await.unwrap();
    let over = resolved("db-ended", 120);
    store
        .ingest(&pager(), hook("1", vec![firing("db-ended"), over.clone()]), at(120), everything())
        .await
        .unwrap();
    all.push(over);
    let texts = [
        "pager/incident/db-00000",
        "db-00000",
        "DB-00003",
        "#4711",
        "4711",
        "diskfull",
        "küche brennt",
        "ärger co",
        "\"Ärger",
        "https://pager.example/i/1?x=%41#top",
        "db ended",
        "filling up 00004",
        "00005",
        "nothing of all this",
        "#",
    ];
    for text in texts {
        let like = store.items_like(Kind::Incident, text, 10).await.unwrap();
        let like: Vec<Item> = like.into_iter().map(|it| it.item).collect();
        let among = |items: &[Item]| match resolve_item(text, items, Kind::Incident) {
            Resolution::Exact(item) => vec![item.key.id.clone()],
            Resolution::Many { names, .. } => names,
            Resolution::None => Vec::new(),
        };
        assert_eq!(among(&like), among(&all), "{text}");
    }
    assert_eq!(
        store.items_like(Kind::Incident, "db-00000", 10).await.unwrap().len(),
        1,
        "the rest is not read"
    );
    assert_eq!(store.items_like(Kind::Build, "db-00000", 10).await.unwrap().len(), 0);
}
