use std::sync::mpsc;

use rusqlite::{StatementStatus, config::DbConfig};

use super::*;
use crate::store::row::run;

fn source_named(name: &'static str) -> impl Fn(&Connection) -> rusqlite::Result<usize> {
    move |conn| run(conn, "INSERT INTO sources (account) VALUES (?1)", [name])
}

async fn names(store: &Store) -> Vec<String> {
    store.sources().await.unwrap().into_iter().map(|source| source.account.0).collect()
}

/// Lets every future of a group be ordered while the writer is held, so that all of them share one transaction.
macro_rules! in_one_group {
    ($store:expr, $($job:expr),+) => {{
        let (release, held) = mpsc::channel::<()>();
        let hold = $store.write(move |_| {
            let _ = held.recv();
            Ok(())
        });
        let (_, answers, ()) = tokio::join!(hold, async { tokio::join!($($job),+) }, async { drop(release) });
        answers
    }};
}

#[tokio::test]
async fn a_job_that_fails_does_not_hurt_its_neighbours() {
    let store = Store::temporary(at(0)).unwrap();
    let (first, failing, panicking, last) = in_one_group!(
        store,
        store.write(source_named("first")),
        store.write(|conn| {
            source_named("failing")(conn)?;
            source_named("first")(conn)
        }),
        store.write(|conn| -> rusqlite::Result<usize> {
            source_named("panicking")(conn)?;
            panic!("a fault in a rule")
        }),
        store.write(source_named("last"))
    );
    assert_eq!((first, last), (Ok(1), Ok(1)));
    assert!(matches!(failing, Err(StoreError::Internal { .. })), "{failing:?}");
    assert!(matches!(panicking, Err(StoreError::Internal { .. })), "{panicking:?}");
    assert_eq!(names(&store).await, ["first", "last"]);
}

#[tokio::test]
async fn full_disk_is_reported_and_writing_resumes() {
    let store = Store::temporary(at(0)).unwrap();
    store.write(source_named("before")).await.unwrap();
    let limit_pages = |more: i64| {
        move |conn: &Connection| {
            let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            conn.query_row(&format!("PRAGMA max_page_count = {}", pages + more), [], |_| Ok(()))
        }
    };
    store.write(limit_pages(4)).await.unwrap();
    let large = |conn: &Connection| {
        run(conn, "INSERT INTO sources (account, cursor) VALUES ('large', ?1)", ["x".repeat(100_000)])
    };
    let (neighbour, full) = in_one_group!(store, store.write(source_named("beside")), store.write(large));
    assert_eq!(full, Err(StoreError::Full { file: store.file().to_owned() }));
    // What shares the transaction is either stored or gets the same error, never silently lost.
    let stored = names(&store).await.contains(&"beside".to_owned());
    assert_eq!(neighbour.is_ok(), stored, "{neighbour:?}");
    store.write(limit_pages(1_000)).await.unwrap();
    assert_eq!(store.write(large).await, Ok(1));
    assert!(names(&store).await.contains(&"before".to_owned()));
}

#[tokio::test]
async fn a_full_queue_is_busy_at_once_and_takes_work_again_later() {
    let store = Store::temporary(at(0)).unwrap();
    let (release, held) = mpsc::channel::<()>();
    let hold = store.write(move |_| {
        let _ = held.recv();
        Ok(())
    });
    let waiting = futures::future::join_all((0..3_000).map(|_| store.write(|_| Ok(()))));
    let (_, waited, busy) = tokio::join!(hold, waiting, async {
        let busy = store.try_write(|_| Ok(())).await;
        drop(release);
        busy
    });
    assert_eq!(busy, Err(StoreError::Busy));
    assert!(waited.into_iter().all(|answer| answer.is_ok()));
    assert_eq!(store.try_write(|_| Ok(())).await, Ok(()));
}

#[tokio::test]
async fn change_counter_rises_only_after_a_commit() {
    let store = Store::temporary(at(0)).unwrap();
    let mut changed = store.changed();
    store.write(source_named("one")).await.unwrap();
    assert!(changed.has_changed().unwrap());
    changed.mark_unchanged();
    store.write(|_| Ok(())).await.unwrap();
    store.write(source_named("one")).await.unwrap_err();
    assert!(!changed.has_changed().unwrap());
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let store = Store::temporary(at(0)).unwrap();
    assert!(store.read(|conn| source_named("sneaky")(conn)).await.is_err());
}

#[tokio::test]
async fn a_long_log_is_put_into_the_file() {
    let store = Store::temporary(at(0)).unwrap();
    let large = |conn: &Connection| {
        let sql = "INSERT INTO sources (account, cursor) VALUES ('large', ?1)";
        run(conn, sql, ["x".repeat(8 << 20)])
    };
    store.write(large).await.unwrap();
    // Written behind it, at the beginning of the log again.
    store.write(source_named("small")).await.unwrap();
    let pages =
        |conn: &Connection| conn.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| row.get::<_, i64>(1));
    let left = store.read(pages).await.unwrap();
    assert!((1..100).contains(&left), "{left}");
}

/// What a parameter is compared with in the condition of a partial index is no reason to prepare the statement anew.
#[tokio::test]
async fn statement_stays_prepared_whatever_it_is_given() {
    fn prepared_again(conn: &Connection) -> rusqlite::Result<i32> {
        let mut statement =
            conn.prepare_cached("SELECT n FROM deliveries WHERE state = ?1 AND address = ?2 AND item = ?3")?;
        for state in ["pending", "posted", "failed"] {
            statement.exists([state, "address", "item"])?;
        }
        Ok(statement.get_status(StatementStatus::RePrepare))
    }
    let store = Store::temporary(at(0)).unwrap();
    assert_eq!(store.write(prepared_again).await, Ok(0));
    assert_eq!(store.read(prepared_again).await, Ok(0));
    let by_default = store.write(|conn| {
        conn.flush_prepared_statement_cache();
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, false)?;
        prepared_again(conn)
    });
    assert!(by_default.await.unwrap() > 0, "else this test proves nothing");
}
