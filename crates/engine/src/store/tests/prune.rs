use callboard_domain::{chat::Posted, error::ServiceError, run::Outcome};

use super::*;
use crate::store::search::index_step;

const DAY: i64 = 86_400;

async fn ingest(store: &Store, delivery: &str, item: Item, now: i64) {
    store.ingest(&pager(), hook(delivery, vec![item]), at(now), everything()).await.unwrap();
}

/// Everything that waits is delivered and shown.
async fn deliver_all(store: &Store, now: i64) {
    loop {
        let claimed = store.claim(at(now), 100, Default::default()).await.unwrap();
        if claimed.is_empty() {
            break;
        }
        for delivery in claimed {
            let posted = Posted { channel: String::new(), id: "1".to_owned(), link: None };
            store.attempted(&delivery.key, Attempt::Posted(posted), at(now)).await.unwrap();
        }
    }
    let ids: Vec<_> = store.pending_notices().await.unwrap().iter().map(|it| it.event).collect();
    store.mark_shown(&ids, at(now)).await.unwrap();
}

#[tokio::test]
async fn prune_deletes_only_old_closed_rows() {
    let store = watching().await;
    ingest(&store, "1", firing("over"), 110).await;
    ingest(&store, "2", resolved("over", 120), 120).await;
    ingest(&store, "3", firing("open"), 120).await;
    let state = RunState::Done { outcome: Outcome::ok("well") };
    store.begin_run(running("r1"), Some((deploys(), message("r1"))), at(120)).await.unwrap();
    store.append_output("r1", 0, "text".to_owned()).await.unwrap();
    store.end_run("r1", state, None, at(130)).await.unwrap();
    store.begin_run(running("r2"), None, at(130)).await.unwrap();
    deliver_all(&store, 140).await;
    while store.write(index_step).await.unwrap() {}

    let early = store.prune(at(80 * DAY), Retention::default()).await.unwrap();
    assert_eq!(early, Pruned { hooks: 3, ..Pruned::default() }, "items stay while events speak of them");

    let late = store.prune(at(91 * DAY), Retention::default()).await.unwrap();
    assert_eq!(late, Pruned { deliveries: 4, events: 3, runs: 1, items: 1, audit: 3, ..Pruned::default() });
    assert_eq!(store.item(&key("over")).await, Ok(None));
    assert!(store.item(&key("open")).await.unwrap().is_some());
    assert_eq!(store.run("r1").await, Ok(None));
    assert_eq!(store.stored_output("r1").await.unwrap().output, Output::default());
    assert!(store.run("r2").await.unwrap().is_some(), "it is under way");
    let found = store.search("over", 10).await.unwrap();
    assert_eq!((found.items, found.runs), (Vec::new(), Vec::new()));
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn audit_log_is_kept_as_long_as_runs_are() {
    let store = Store::temporary(at(0)).unwrap();
    for seconds in [0, 50 * DAY] {
        store.set_quiet_until(None, &ana(), at(seconds)).await.unwrap();
    }
    let pruned = store.prune(at(91 * DAY), Retention::default()).await.unwrap();
    assert_eq!(pruned, Pruned { audit: 1, ..Pruned::default() });
    let left = store.audit(None, 10).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.at).collect::<Vec<_>>(), [at(50 * DAY)]);
    assert_eq!(store.audit(Some(left[0].id), 10).await.unwrap(), [], "the page before");
}

#[tokio::test]
async fn pending_notifications_and_deliveries_are_not_pruned() {
    let store = watching().await;
    ingest(&store, "1", firing("untold"), 110).await;
    let claimed = store.claim(at(111), 1, Default::default()).await.unwrap();
    let look = Attempt::Unknown(at(200), ServiceError::unknown("no answer"));
    store.attempted(&claimed[0].key, look, at(112)).await.unwrap();
    ingest(&store, "2", resolved("untold", 120), 120).await;
    let ids: Vec<_> = store.pending_notices().await.unwrap().iter().map(|it| it.event).collect();
    store.mark_shown(&ids, at(130)).await.unwrap();

    let pruned = store.prune(at(200 * DAY), Retention::default()).await.unwrap();
    assert_eq!(pruned, Pruned { hooks: 2, ..Pruned::default() });
    deliver_all(&store, 200 * DAY).await;
    let pruned = store.prune(at(400 * DAY), Retention::default()).await.unwrap();
    assert_eq!((pruned.deliveries, pruned.events, pruned.items), (1, 1, 0));
    assert_eq!(
        store.events_after(0, 10).await.unwrap().len(),
        1,
        "the unknown one is kept until it is known"
    );
}

#[tokio::test]
async fn more_than_one_step_is_deleted() {
    let store = watching().await;
    let many = |item: fn(&str) -> Item| (0..1_300).map(|n| item(&format!("i{n}"))).collect();
    store.ingest(&pager(), poll(110, many(firing)), at(110), everything()).await.unwrap();
    let over = many(|id| resolved(id, 120));
    store.ingest(&pager(), poll(130, over), at(130), everything()).await.unwrap();
    store.write(|conn| conn.execute("UPDATE deliveries SET state = 'posted'", [])).await.unwrap();
    store.write(|conn| conn.execute("UPDATE decisions SET notice = 'told'", [])).await.unwrap();
    let pruned = store.prune(at(100 * DAY), Retention::default()).await.unwrap();
    let all = store.events_after(0, 10).await.unwrap().events;
    assert_eq!(all, []);
    assert_eq!((pruned.items, pruned.deliveries), (1_300, pruned.events));
}

#[tokio::test]
async fn dangling_parts_are_deleted() {
    let store = watching().await;
    ingest(&store, "1", firing("a"), 110).await;
    store.begin_run(running("r1"), None, at(111)).await.unwrap();
    let sql = "PRAGMA foreign_keys = OFF;
               INSERT INTO decisions (event, decision) VALUES (99, '{}');
               INSERT INTO run_output (run, seq, text) VALUES ('r1', 1, 'kept'), ('none', 1, 'x'), ('none', 2, 'y');
               INSERT INTO run_steps (run, seq, said, at) VALUES ('none', 1, 'step', 0);
               INSERT INTO run_items (run, item) VALUES ('none', 'pager/incident/a');";
    damage(&store, sql);
    assert_eq!(store.unreadable_rows().await.unwrap().len(), 5);
    let pruned = store.prune(at(120), Retention::default()).await.unwrap();
    assert_eq!(pruned, Pruned { dangling: 5, ..Pruned::default() });
    assert_eq!(store.unreadable_rows().await.unwrap(), []);
}

#[tokio::test]
async fn active_thread_is_not_pruned() {
    let store = Store::temporary(at(0)).unwrap();
    let post = |thread, key: &'static str, now| {
        let key = callboard_domain::chat::DeliveryKey(key.to_owned());
        let store = store.clone();
        async move { store.post_in_room("general", thread, &key, message("text"), at(now)).await.unwrap() }
    };
    let root = post(None, "root", 0).await;
    post(None, "alone", 1).await;
    post(Some(root), "reply", 80 * DAY).await;
    let pruned = store.prune(at(100 * DAY), Retention::default()).await.unwrap();
    assert_eq!(pruned.room, 1);
    let left: Vec<_> =
        store.room("general", 10).await.unwrap().into_iter().map(|message| message.key.0).collect();
    assert_eq!(left, ["root", "reply"]);
}
