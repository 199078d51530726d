use super::*;
use crate::store::search::{RANKED, index_step};

/// What the writer does when it is idle, done now.
async fn index(store: &Store) {
    while store.write(index_step).await.unwrap() {}
}

async fn found(store: &Store, query: &str) -> Vec<String> {
    let found = store.search(query, 10).await.unwrap();
    let items = found.items.into_iter().map(|stored| stored.item.key.id);
    items.chain(found.runs.into_iter().map(|run| run.id)).collect()
}

#[tokio::test]
async fn any_part_of_the_text_finds_it() {
    let store = watching().await;
    let snapshots = vec![firing("db-1"), firing("web-2"), build("main", BuildStatus::Passed)];
    store.ingest(&pager(), poll(110, snapshots), at(110), everything()).await.unwrap();
    store.begin_run(running("r1"), None, at(120)).await.unwrap();
    index(&store).await;
    let cases: &[(&str, &[&str])] = &[
        ("filling", &["web-2", "db-1"]),
        ("ILLI", &["web-2", "db-1"]),
        ("filling db-1", &["db-1"]),
        ("storage web-2", &["web-2"]),
        ("filling db", &["db-1"]),
        ("db", &["db-1"]),
        ("2", &["web-2"]),
        ("main", &["web/ci@main"]),
        ("staging", &["r1"]),
        ("nothing like it", &[]),
        ("\"", &[]),
        ("fill* OR \"x", &[]),
        ("", &[]),
        ("   ", &[]),
    ];
    for (query, expected) in cases {
        assert_eq!(found(&store, query).await, *expected, "{query:?}");
    }
}

#[tokio::test]
async fn title_typed_in_full_comes_first() {
    let store = watching().await;
    let named = |id: &str, title: &str| Item { title: title.to_owned(), ..firing(id) };
    let mut alerts = vec![
        named("exact", "number 5 is high"),
        named("begins", "number 5 is high again"),
        named("in-order", "the number of 5 is too high"),
    ];
    // Newer, with the same words otherwise.
    alerts.extend((0..60).map(|n| named(&format!("is-{n}"), &format!("high: number 5{n}"))));
    store.ingest(&pager(), poll(110, alerts), at(110), everything()).await.unwrap();
    index(&store).await;
    let ids = async |query: &str, skip, limit| -> Vec<String> {
        let found = store.search_page(query, skip, limit).await.unwrap().items;
        found.into_iter().map(|stored| stored.item.key.id).collect()
    };
    for query in ["number 5 is high", "NUMBER  5 is high"] {
        assert_eq!(ids(query, 0, 3).await, ["exact", "begins", "in-order"], "{query}");
        assert_eq!(ids(query, 1, 1).await, ["begins"], "{query}");
        let all = ids(query, 0, 100).await;
        assert_eq!((all.len(), all[3].as_str()), (63, "is-59"), "the rest, newest first");
    }
    // Short words alone go another way.
    assert_eq!(ids("5 is", 0, 3).await, ["in-order", "begins", "exact"], "the newest first");
}

#[tokio::test]
async fn a_short_word_is_looked_for_in_every_row() {
    let store = watching().await;
    store.ingest(&pager(), poll(110, vec![firing("zq-old")]), at(110), everything()).await.unwrap();
    for batch in 0..11 {
        let newer: Vec<_> = (0..100).map(|n| firing(&format!("disk-{batch}-{n}"))).collect();
        store.ingest(&pager(), poll(120 + batch, newer), at(120 + batch), everything()).await.unwrap();
    }
    index(&store).await;
    // Alone, with another short one, and with a long one that more than a thousand newer ones hold.
    for query in ["zq", "zq ld", "filling zq"] {
        let found = store.search(query, 10).await.unwrap().items;
        let ids: Vec<_> = found.iter().map(|it| it.item.key.id.as_str()).collect();
        assert_eq!(ids, ["zq-old"], "{query}");
    }
}

#[tokio::test]
async fn of_many_the_newest_and_those_that_begin_with_it_are_ranked_and_the_others_follow() {
    let store = watching().await;
    let named = |id: &str, title: &str| Item { title: title.to_owned(), ..firing(id) };
    let newer = RANKED + 50;
    let mut alerts = vec![
        named("other", "full: disk"),
        named("exact", "Disk is\tfull"),
        named("begins", "disk is full again"),
        named("in-order", "the disk is too full"),
    ];
    alerts.extend((0..newer).map(|n| named(&format!("n{n}"), "is this disk of a full size?")));
    store.ingest(&pager(), poll(110, alerts), at(110), everything()).await.unwrap();
    index(&store).await;
    let count = u32::try_from(newer).unwrap();
    let newest = |n: usize| format!("n{}", newer - 1 - n);
    // what is typed, how many are skipped, how many are asked for -> what is found
    let cases: &[(&str, u32, u32, Vec<String>)] = &[
        ("disk is full", 0, 3, vec!["exact".into(), "begins".into(), newest(0)]),
        ("is full", 0, 2, vec![newest(0), newest(1)]),
        // Everything is reached, once.
        ("disk is full", count, 10, vec!["n1".into(), "n0".into(), "in-order".into(), "other".into()]),
        ("disk full", count, 10, ["in-order", "begins", "exact", "other"].map(str::to_owned).to_vec()),
        ("of is", count - 1, 10, vec!["n0".into()]),
    ];
    for (typed, skip, limit, expected) in cases {
        let found = store.search_page(typed, *skip, *limit).await.unwrap().items;
        let found: Vec<_> = found.into_iter().map(|stored| stored.item.key.id).collect();
        assert_eq!(found, *expected, "{typed} from {skip}");
    }
}

#[tokio::test]
async fn the_index_follows_the_text_and_catches_up_after_a_crash() {
    let store = watching().await;
    store.ingest(&pager(), poll(110, vec![firing("a")]), at(110), everything()).await.unwrap();
    index(&store).await;
    let renamed =
        Item { title: "certificate runs out".to_owned(), ..alert("a", IncidentStatus::Acknowledged, 120) };
    store.ingest(&pager(), poll(120, vec![renamed]), at(120), everything()).await.unwrap();
    let store = after_crash(&store, 130);
    index(&store).await;
    assert_eq!(found(&store, "certificate").await, ["a"]);
    assert_eq!(found(&store, "filling").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_writer_indexes_when_it_is_idle() {
    let store = watching().await;
    store.ingest(&pager(), poll(110, vec![firing("a")]), at(110), everything()).await.unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while found(&store, "filling").await.is_empty() {
        assert!(std::time::Instant::now() < deadline, "it never came into the index");
        tokio::task::yield_now().await;
    }
    // The index does not wait for the disk; what is written after it does.
    let synchronous =
        |conn: &Connection| conn.query_row("PRAGMA synchronous", [], |row| row.get::<_, i64>(0));
    assert_eq!(store.write(synchronous).await, Ok(2), "FULL");
}

#[tokio::test]
async fn an_item_named_in_full_is_found_however_old() {
    let store = watching().await;
    let snapshots = vec![resolved("db-1", 105), firing("web-2"), build("main", BuildStatus::Passed)];
    store.ingest(&pager(), poll(110, snapshots), at(110), everything()).await.unwrap();
    let whole = key("db-1").to_string();
    // kind, text -> ids
    let cases: &[(Kind, &str, &[&str])] = &[
        (Kind::Incident, "db-1", &["db-1"]),
        (Kind::Incident, &whole, &["db-1"]),
        (Kind::Build, "web/ci@main", &["web/ci@main"]),
        (Kind::Build, "db-1", &[]),
        (Kind::Build, &whole, &[]),
        (Kind::Incident, "db", &[]),
        (Kind::Incident, "", &[]),
    ];
    for (kind, text, expected) in cases {
        let found = store.items_named(*kind, text).await.unwrap();
        let ids: Vec<String> = found.into_iter().map(|stored| stored.item.key.id).collect();
        assert_eq!(ids, *expected, "{kind} {text:?}");
    }
}
