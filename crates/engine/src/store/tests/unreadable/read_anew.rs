//! What cannot be read is rebuilt from what the service reports, with its past.

use super::*;

#[tokio::test]
async fn damaged_account_has_a_problem_until_everything_is_read_anew() {
    let cases = [
        "identity = 'nonsense'".to_owned(),
        "problems = '{'".to_owned(),
        format!("last_ok_at = {NEVER}"),
        format!("baseline_at = {NEVER}"),
        "error = '{', error_since = 1".to_owned(),
        "reading = 'half', budget = 'some'".to_owned(),
    ];
    for change in cases {
        let store = lived_in().await;
        assert!(!store.rebuild_unreadable(&pager(), true, at(150)).await.unwrap(), "nothing is to be done");
        damage(&store, &format!("UPDATE sources SET {change}"));
        let hidden = async || {
            let source = store.source(&pager()).await.unwrap().unwrap();
            source.problems.iter().any(|it| it.problem.hides())
        };
        assert!(hidden().await, "{change}");
        assert!(store.rebuild_unreadable(&pager(), false, at(150)).await.unwrap(), "{change}");
        assert_eq!(names(&store).await, [""; 0], "{change}");
        assert!(hidden().await, "{change}: until it was read");
        assert_eq!(store.source(&pager()).await.unwrap().unwrap().cursor, None, "{change}");
        // What is known is no news, and what is new is.
        let report = whole(200, vec![firing("a"), resolved("b", 190)]);
        let events = store.ingest(&pager(), report, at(201), everything()).await.unwrap().events;
        let news: Vec<_> = events.iter().filter(|event| !event.old).map(|event| event.name).collect();
        assert_eq!(news, [EventName::Resolved], "{change}");
        let source = store.source(&pager()).await.unwrap().unwrap();
        assert_eq!((source.problems, source.last_ok_at), (vec![], Some(at(200))), "{change}");
        assert!(source.baseline_at.is_some_and(|at| at < self::at(190)), "{change}");
    }
}

#[tokio::test]
async fn damaged_item_is_counted_and_comes_back_with_its_past() {
    let cases = [
        "detail = '{}'".to_owned(),
        "kind = 'robot'".to_owned(),
        format!("changed_at = {NEVER}"),
        format!("seen_at = {NEVER}, snoozed = -{NEVER}"),
        "changed_at = -5".to_owned(),
        "silenced = 9".to_owned(),
    ];
    for change in cases {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE items SET {change} WHERE id = 'a'"));
        let (open, of_unknown_kind) = store.open_rows().await.unwrap();
        let numbers = open.iter().map(|row| row.n).chain(of_unknown_kind).collect();
        let read = store.items_by_number(numbers).await.unwrap();
        assert_eq!(read.unreadable.get(&pager()).copied(), Some(1), "{change}");
        assert_eq!(read.items.len(), 1, "{change}");

        assert!(store.rebuild_unreadable(&pager(), false, at(150)).await.unwrap(), "{change}");
        let source = store.source(&pager()).await.unwrap().unwrap();
        assert!(source.cursor.is_none() && source.problems[0].problem.hides(), "{change}");
        assert_eq!(names(&store).await, [""; 0], "{change}");
        let report = whole(200, vec![firing("a"), firing("b")]);
        let events = store.ingest(&pager(), report, at(201), everything()).await.unwrap().events;
        assert_eq!(events, [], "{change}: all of it was on the record");
        let open: Vec<_> = store.open_items().await.unwrap().into_iter().map(|it| it.item.key.id).collect();
        assert_eq!(open.len(), 2, "{change}: {open:?}");
        assert!(store.source(&pager()).await.unwrap().unwrap().problems.is_empty(), "{change}");
    }
}

#[tokio::test]
async fn contradictory_row_is_read_anew() {
    let cases = [
        "open = 0",
        "open = 0, silenced = 9",
        "reported = 9",
        "title = ''",
        "repo = 'theirs'",
        "gone_at = 1",
        "snoozed_by = '{', snoozed = -1",
        "snoozed_by = '{}'",
        "detail = json_set(detail, '$.status', 'resolved')",
    ];
    for change in cases {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE items SET {change} WHERE id = 'a'"));
        assert!(store.rebuild_unreadable(&pager(), true, at(150)).await.unwrap(), "{change}");
        let source = store.source(&pager()).await.unwrap().unwrap();
        assert!(source.cursor.is_none() && source.problems[0].problem.hides(), "{change}");
        assert!(!store.rebuild_unreadable(&pager(), true, at(150)).await.unwrap(), "{change}: once");
        let report = whole(200, vec![firing("a"), firing("b")]);
        let events = store.ingest(&pager(), report, at(201), everything()).await.unwrap().events;
        assert!(events.iter().all(|event| event.old), "{change}: {events:?}");
        let mut open: Vec<_> = store.open_items().await.unwrap().into_iter().map(|it| it.item).collect();
        open.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(open, [firing("a"), firing("b")], "{change}");
        assert_eq!(names(&store).await, [""; 0], "{change}");
        assert!(!store.rebuild_unreadable(&pager(), true, at(250)).await.unwrap(), "{change}: it is sound");
    }
}

#[tokio::test]
async fn rows_that_another_program_deleted_are_missed_and_read_anew() {
    let store = lived_in().await;
    // The last poll began after all that had happened.
    let report = whole(120, vec![firing("a"), firing("b")]);
    store.ingest(&pager(), report, at(121), everything()).await.unwrap();
    damage(&store, "PRAGMA foreign_keys = OFF; DELETE FROM items WHERE id = 'b'");
    assert_eq!(names(&store).await, ["account pager (1 item is missing)", "row of events:2 (item)"]);
    assert!(store.rebuild_unreadable(&pager(), false, at(150)).await.unwrap());
    assert_eq!(names(&store).await, [""; 0], "what was recorded of it is nobody else's");
    let source = store.source(&pager()).await.unwrap().unwrap();
    assert!(source.cursor.is_none(), "all of it is read, not what is new alone");
    assert!(source.problems[0].problem.to_string().contains("1 item is missing"), "{:?}", source.problems);
    let report = whole(200, vec![firing("a"), firing("b")]);
    let events = store.ingest(&pager(), report, at(201), everything()).await.unwrap().events;
    assert!(events.iter().all(|event| event.old), "{events:?}: it was reported before");
    assert_eq!(store.open_items().await.unwrap().len(), 2);
    assert!(!store.rebuild_unreadable(&pager(), true, at(250)).await.unwrap(), "all is counted");
}
