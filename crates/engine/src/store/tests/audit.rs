//! The chain of the audit log.

use callboard_domain::run::Outcome;

use super::*;
use crate::{
    api::AuditDamage::{self, *},
    store::{Retention, open},
};

const DAY: i64 = 86_400;

/// Six entries, a day apart: quiet times, a run and its end.
async fn logged() -> Store {
    let store = Store::temporary(at(0)).unwrap();
    for day in 0..4 {
        store.set_quiet_until(None, &ana(), at(day * DAY)).await.unwrap();
    }
    store.begin_run(running("r1"), None, at(4 * DAY)).await.unwrap();
    let state = RunState::Done { outcome: Outcome::ok("well") };
    store.end_run("r1", state, None, at(5 * DAY)).await.unwrap();
    store
}

async fn damage_of(store: &Store) -> Option<AuditDamage> {
    store.verify_audit(None).await.unwrap().damage
}

#[tokio::test]
async fn verification_names_the_first_entry_that_was_touched() {
    let cases = [
        ("UPDATE audit SET hash = hash", None),
        ("UPDATE audit SET what = '{}' WHERE n = 3", Some(Changed { id: 3 })),
        ("UPDATE audit SET at = at + 1 WHERE n IN (2, 4)", Some(Changed { id: 2 })),
        ("UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE n = 1", Some(Changed { id: 1 })),
        ("UPDATE audit SET hash = zeroblob(32) WHERE n = 5", Some(Changed { id: 5 })),
        ("UPDATE audit SET hash = x'00' WHERE n = 5", Some(NotChained { id: 5 })),
        ("UPDATE audit SET hash = NULL WHERE n = 6", Some(NotChained { id: 6 })),
        ("DELETE FROM audit WHERE n = 1", Some(Missing { first: 1, last: 1 })),
        ("DELETE FROM audit WHERE n IN (3, 4)", Some(Missing { first: 3, last: 4 })),
        ("DELETE FROM audit WHERE n = 6", Some(Missing { first: 6, last: 6 })),
        ("DELETE FROM audit", Some(Missing { first: 1, last: 6 })),
        ("UPDATE audit SET n = 9 WHERE n = 6", Some(Missing { first: 6, last: 8 })),
        ("INSERT INTO audit (at, actor, what) VALUES (0, '{}', '{}')", Some(NotChained { id: 7 })),
        ("UPDATE audit_checkpoint SET hash = randomblob(32)", Some(Changed { id: 1 })),
        ("UPDATE audit_checkpoint SET n = 2", Some(BeforeBeginning { id: 1 })),
        ("DELETE FROM audit_checkpoint", Some(NoCheckpoint)),
        ("UPDATE audit_checkpoint SET hash = x'00'", Some(NoCheckpoint)),
        (
            "UPDATE audit SET what = '{}' WHERE n = 1;
             UPDATE audit_checkpoint SET n = 2, hash = (SELECT hash FROM audit WHERE n = 2)",
            Some(BeforeBeginning { id: 1 }),
        ),
        ("INSERT INTO audit (n, at, actor, what) VALUES (0, 0, '{}', '{}')", Some(BeforeBeginning { id: 0 })),
        (
            "UPDATE audit SET n = -n WHERE n IN (2, 3); UPDATE audit SET n = 5 + n WHERE n < 0",
            Some(Changed { id: 2 }),
        ),
    ];
    for (sql, expected) in cases {
        let store = logged().await;
        damage(&store, sql);
        assert_eq!(damage_of(&store).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn runs_are_recorded_with_who_ran_them_and_how_they_ended() {
    let store = logged().await;
    let found = store.audit(None, 2).await.unwrap();
    let ended = AuditedChange::RunEnded { run: "r1".to_owned(), state: "done".to_owned() };
    let started = AuditedChange::RunStarted { run: "r1".to_owned(), line: running("r1").line };
    assert_eq!(found.iter().map(|entry| &entry.what).collect::<Vec<_>>(), [&ended, &started]);
    let by: Vec<_> = found.iter().map(|entry| Some(&entry.actor)).collect();
    assert_eq!(by, [running("r1").actor.as_ref(); 2]);
    // The second end of a run is none.
    assert!(!store.end_run("r1", RunState::Canceled { sent: false }, None, at(6 * DAY)).await.unwrap());
    assert_eq!(store.audit(None, 9).await.unwrap().len(), 6);
}

#[tokio::test]
async fn pruned_log_verifies_from_its_checkpoint() {
    let keep = Retention { record: Duration::from_secs(2 * 86_400), ..Retention::default() };
    // days since the first entry -> what is left of it
    let cases = [(2, Some(1), 6), (4, Some(3), 4), (7, Some(6), 1), (8, None, 0)];
    for (days, first, entries) in cases {
        let store = logged().await;
        let head = store.verify_audit(None).await.unwrap().head;
        store.prune(at(days * DAY), keep).await.unwrap();
        let found = store.verify_audit(Some(head.clone())).await.unwrap();
        assert_eq!((found.damage, found.first, found.entries), (None, first, entries), "{days}");
        assert_eq!(found.head, head, "{days}");
        store.set_quiet_until(None, &ana(), at(days * DAY)).await.unwrap();
        let found = store.verify_audit(Some(head)).await.unwrap();
        assert_eq!((found.damage, found.last, found.entries), (None, Some(7), entries + 1), "{days}");
    }
}

#[tokio::test]
async fn entry_that_was_touched_is_not_pruned() {
    let store = logged().await;
    damage(&store, "UPDATE audit SET what = '{}' WHERE n = 3");
    store.prune(at(900 * DAY), Retention::default()).await.unwrap();
    assert_eq!(damage_of(&store).await, Some(Changed { id: 3 }));
    assert_eq!(store.audit(None, 9).await.unwrap().len(), 4);
    // A clock that was put back is no reason to take out what is between.
    let store = logged().await;
    store.set_quiet_until(None, &ana(), at(-900 * DAY)).await.unwrap();
    store.prune(at(95 * DAY), Retention::default()).await.unwrap();
    let left: Vec<_> = store.audit(None, 9).await.unwrap().iter().map(|entry| entry.id).collect();
    assert_eq!((damage_of(&store).await, left), (None, vec![7, 6]));
}

#[tokio::test]
async fn log_that_was_rewritten_lacks_the_hash_that_was_noted() {
    let (store, other) = (logged().await, logged().await);
    let head = store.verify_audit(None).await.unwrap().head;
    assert_eq!(other.verify_audit(Some(head.clone())).await.unwrap().damage, None, "the same entries");
    let rewritten = Store::temporary(at(0)).unwrap();
    rewritten.set_quiet_until(None, &ana(), at(1)).await.unwrap();
    assert_eq!(rewritten.verify_audit(Some(head)).await.unwrap().damage, Some(OtherHead));
    let empty = Store::temporary(at(0)).unwrap().verify_audit(None).await.unwrap();
    assert_eq!((empty.entries, empty.head), (0, "0".repeat(64)));
}

#[tokio::test]
async fn export_holds_what_the_hashes_are_over() {
    let store = logged().await;
    damage(&store, "UPDATE audit SET what = 'no JSON' WHERE n = 5");
    let export = store.export_audit(1, 9).await.unwrap();
    let begin = export.checkpoint.unwrap();
    assert_eq!((begin.n, begin.hash), (0, "0".repeat(64)));
    let numbers: Vec<_> = export.entries.iter().map(|entry| entry.n).collect();
    assert_eq!(numbers, [2, 3, 4, 5, 6]);
    for pair in export.entries.windows(2) {
        let [before, entry] = pair else { unreachable!() };
        let text = serde_json::to_vec(&(
            before.hash.as_deref().unwrap(),
            entry.n,
            entry.at,
            entry.actor.as_str(),
            entry.what.as_str(),
        ));
        use sha2::{Digest, Sha256};
        let hash = callboard_domain::text::hexadecimal(&Sha256::digest(text.unwrap()));
        assert_eq!(entry.hash == Some(hash), entry.n != 5, "{entry:?}");
    }
    assert_eq!(export.entries[3].what, "no JSON");
}

/// The formats before there was a chain.
const WITHOUT_CHAIN: usize = 16;

#[tokio::test]
async fn entries_of_an_earlier_version_are_kept_and_not_in_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callboard.db");
    let conn = open::writer(&file, &open::FORMATS[..WITHOUT_CHAIN]).unwrap();
    let sql = "INSERT INTO audit (n, at, actor, what) VALUES (?1, ?2, '{}', '{\"change\":\"reloaded\"}')";
    for n in 3..6 {
        conn.execute(sql, [n, at(n * DAY).as_microsecond()]).unwrap();
    }
    drop(conn);
    let store = Store::open(&file, at(9)).unwrap();
    store.set_quiet_until(None, &ana(), at(9 * DAY)).await.unwrap();
    let found = store.verify_audit(None).await.unwrap();
    assert_eq!((found.damage, found.unchained, found.first, found.last), (None, 3, Some(6), Some(6)));
    let keep = Retention { record: Duration::from_secs(5 * 86_400), ..Retention::default() };
    store.prune(at(9 * DAY + 1), keep).await.unwrap();
    let found = store.verify_audit(None).await.unwrap();
    assert_eq!((found.damage, found.unchained, found.entries), (None, 1, 1));
}

#[tokio::test]
async fn configuration_is_recorded_once_until_it_changes() {
    let store = Store::temporary(at(0)).unwrap();
    for digest in ["a", "a", "b", "b", "a"] {
        store.record_configuration(digest.to_owned(), at(1)).await.unwrap();
        store.set_quiet_until(None, &ana(), at(1)).await.unwrap();
    }
    let found = store.audit(None, 20).await.unwrap();
    let applied = found.iter().rev().filter_map(|entry| match &entry.what {
        AuditedChange::ConfigurationApplied { digest } => Some(digest.as_str()),
        _ => None,
    });
    assert_eq!(applied.collect::<Vec<_>>(), ["a", "b", "a"]);
}
