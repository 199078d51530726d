//! Rows whose values make no sense: named, never left out in silence, and built anew from what the service reports.

use callboard_domain::identity::Identity;

use super::*;

/// Out of the range of times.
const NEVER: i64 = i64::MAX;

fn whole(began: i64, snapshots: Vec<Item>) -> Report {
    let complete = Kind::ALL.into_iter().map(Scope::all).collect();
    found(began, Batch { snapshots, complete, cursor: Some(Cursor("next".into())), ..Batch::default() })
}

/// With an account that was polled, an open incident, a run that ended and a message.
async fn lived_in() -> Store {
    let store = watching().await;
    let identity = Identity { login: "ana".to_owned(), ..Identity::default() };
    store.identified(&pager(), identity).await.unwrap();
    store.ingest(&pager(), whole(100, vec![firing("a"), firing("b")]), at(101), everything()).await.unwrap();
    store.begin_run(running("r1"), None, at(110)).await.unwrap();
    store.end_run("r1", RunState::Canceled { sent: true }, None, at(111)).await.unwrap();
    store
}

async fn names(store: &Store) -> Vec<String> {
    store.unreadable_rows().await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn damaged_row_is_named_with_its_column() {
    let cases = [
        ("sources SET identity = 'nonsense'".to_owned(), "account pager (identity)"),
        ("sources SET problems = '{}', identity = '7'".to_owned(), "account pager (problems, identity)"),
        (format!("sources SET last_ok_at = {NEVER}"), "account pager (last_ok_at)"),
        (format!("sources SET baseline_at = -{NEVER}"), "account pager (baseline_at)"),
        ("sources SET error = 'no'".to_owned(), "account pager (error)"),
        ("items SET detail = '{}' WHERE id = 'a'".to_owned(), "item pager:incident:a (detail)"),
        ("items SET detail = '' WHERE id = 'a'".to_owned(), "item pager:incident:a (detail)"),
        ("items SET kind = 'robot' WHERE id = 'a'".to_owned(), "item pager:robot:a (kind)"),
        (format!("items SET changed_at = {NEVER} WHERE id = 'a'"), "item pager:incident:a (changed_at)"),
        (format!("items SET seen_at = {NEVER} WHERE id = 'a'"), "item pager:incident:a (seen_at)"),
        ("items SET title = CAST(x'ff' AS TEXT) WHERE id = 'a'".to_owned(), "item pager:incident:a (title)"),
        ("runs SET state = '{\"state\":\"dancing\"}'".to_owned(), "run r1 (state)"),
        ("runs SET args = '[', state = ''".to_owned(), "run r1 (args, state)"),
        ("events SET name = 'danced' WHERE id = 1".to_owned(), "event 1 (name)"),
        ("decisions SET decision = '{' WHERE event = 1".to_owned(), "decision about event 1 (decision)"),
    ];
    for (change, expected) in cases {
        let store = lived_in().await;
        assert_eq!(names(&store).await, [""; 0]);
        damage(&store, &format!("UPDATE {change}"));
        let found = names(&store).await;
        // What happened to an item of no kind cannot be read either.
        let (first, others) = found.split_first().unwrap();
        assert!(first == expected && others.iter().all(|it| it.starts_with("event")), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn damaged_account_says_so_until_everything_is_read_anew() {
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
async fn webhook_is_taken_in_though_what_is_stored_is_damaged() {
    for change in [
        format!("items SET seen_at = {NEVER}"),
        "items SET detail = ''".to_owned(),
        format!("sources SET baseline_at = {NEVER}, identity = ''"),
    ] {
        let store = lived_in().await;
        damage(&store, &format!("UPDATE {change}"));
        store.ingest(&pager(), hook("1", vec![resolved("a", 190)]), at(191), everything()).await.unwrap();
        let item = store.item(&key("a")).await.unwrap().unwrap().item;
        assert_eq!(item, resolved("a", 190), "{change}");
    }
}

#[tokio::test]
async fn run_whose_state_cannot_be_read_is_unknown_until_a_person_knows() {
    for state in ["", "{", "{\"state\":\"dancing\"}", "{\"state\":\"done\"}", "7"] {
        for ended_at in ["ended_at", "NULL", "9223372036854775807"] {
            let store = lived_in().await;
            damage(&store, &format!("UPDATE runs SET state = '{state}', ended_at = {ended_at}"));
            // As if it had been under way.
            let store = after_crash(&store, 150);
            let run = store.run("r1").await.unwrap().unwrap();
            assert!(matches!(run.state, RunState::Unknown { .. }), "{state}: {run:?}");
            assert!(run.ended_at.is_some(), "{state}");
            assert_eq!(store.runs(10).await.unwrap(), [run]);
            let known = RunState::Resolved { ran: true, by: "ana".into(), at: at(160), why: "no".into() };
            let taken = store.resolve_run("r1", known.clone(), message("it did"), &ana(), at(160)).await;
            assert!(taken.unwrap(), "{state}");
            assert_eq!(store.run("r1").await.unwrap().unwrap().state, known);
        }
    }
}

#[tokio::test]
async fn one_event_that_cannot_be_read_keeps_no_other_notification_back() {
    let store = lived_in().await;
    damage(&store, "UPDATE events SET name = 'danced' WHERE id = 1");
    let pending = store.pending_notices(10).await.unwrap();
    assert_eq!(pending.iter().map(|it| it.event.id).collect::<Vec<_>>(), [2]);
}

#[tokio::test]
async fn item_that_cannot_be_read_is_an_error_that_says_so() {
    let store = lived_in().await;
    damage(&store, "UPDATE items SET detail = '{}' WHERE id = 'a'");
    let error = store.item(&key("a")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error}");
    assert_eq!(store.items_by_key(vec![key("a"), key("b")]).await.unwrap(), [firing("b")]);
}
