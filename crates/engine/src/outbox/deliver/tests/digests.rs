//! Many late events in one message: what it reports, and how that is counted.

use callboard_domain::item::BuildStatus::{self, Failed, Passed};

use super::*;
use crate::tests::{at, build};

/// When the failures are late.
const LATER: i64 = 3_600;

async fn ingest(store: &Store, app: usize, statuses: &[BuildStatus], second: i64) {
    let snapshots = vec![build(&format!("acme/w{app}"), statuses)];
    let report = Report::Hook(Received { snapshots, ..Received::default() });
    store.ingest(&"forge".into(), report, at(second), Arc::new(PostAll)).await.unwrap();
}

/// Nine failures that wait, of the apps 0 to 8.
async fn nine_failures() -> Store {
    let store = Store::temporary(at(0)).unwrap();
    store.watch(&"forge".into(), at(0)).await.unwrap();
    for app in 0..9 {
        ingest(&store, app, &[Passed], 61).await;
    }
    post_due(&store, at(62)).await;
    for app in 0..9 {
        ingest(&store, app, &[Passed, Failed], 121).await;
    }
    store
}

/// The lines of a digest of so many events.
fn lines(digest: &Delivery, count: usize) -> Vec<String> {
    let title = &digest.message.title;
    assert!(title.starts_with(&format!("{count} events, posted late (")), "{title}");
    let [Block::List(rows)] = digest.message.blocks.as_slice() else { panic!("{:?}", digest.message) };
    rows.iter().map(|row| row.text.clone()).collect()
}

/// How many are digested by this one, and how many are moot.
async fn counted(store: &Store, digest: &DeliveryKey) -> (usize, usize) {
    let all = store.deliveries(100).await.unwrap();
    let in_state = |state| all.iter().filter(move |it| it.state == state);
    let digested = in_state(DeliveryState::Digested);
    assert!(digested.clone().all(|it| it.digest.as_ref() == Some(digest)));
    (digested.count(), in_state(DeliveryState::Moot).count())
}

#[tokio::test]
async fn digest_whose_own_event_is_over_leaves_the_rest_to_another() {
    let store = nine_failures().await;
    let claimed = claim(&store, LATER).await;
    let first = claimed.key.clone();
    let digest = ready(&store, claimed, at(LATER)).await.unwrap().expect("it is news");
    assert_eq!(lines(&digest, 9).len(), 9);
    assert_eq!(counted(&store, &first).await, (8, 0));
    let down = Attempt::Later(at(LATER + 20), ServiceError::unavailable("down"));
    store.attempted(&first, down, at(LATER)).await.unwrap();

    // Its own is fixed, and another fails again.
    ingest(&store, 0, &[Passed, Failed, Passed], LATER + 10).await;
    ingest(&store, 1, &[Passed, Failed, Failed], LATER + 10).await;
    let claimed = claim(&store, LATER + 20).await;
    assert_eq!(claimed.key, first);
    let attempt = ready(&store, claimed, at(LATER + 20)).await.unwrap().expect_err("it is over");
    assert_eq!(attempt, Attempt::Moot(MootReason::Over { status: "passed".to_owned() }));
    store.attempted(&first, attempt, at(LATER + 20)).await.unwrap();

    let claimed = claim(&store, LATER + 20).await;
    let second = claimed.key.clone();
    let digest = ready(&store, claimed, at(LATER + 20)).await.unwrap().expect("it is news");
    let lines = lines(&digest, 9);
    let twice: Vec<_> = lines.iter().filter(|line| line.ends_with(" (2 events)")).collect();
    assert_eq!((lines.len(), twice.len()), (8, 1), "{lines:?}");
    // The failure and its fix are both none of it.
    assert_eq!(counted(&store, &second).await, (8, 2));
    store.attempted(&second, Attempt::Posted(stands()), at(LATER + 21)).await.unwrap();
    assert_eq!(post_due(&store, at(LATER + 60)).await, Vec::<String>::new(), "nothing is left");
}

#[tokio::test]
async fn end_of_what_is_over_before_a_digest_is_no_part_of_it() {
    let store = nine_failures().await;
    ingest(&store, 3, &[Passed, Failed, Passed], LATER).await;
    let claimed = claim(&store, LATER + 10).await;
    let key = claimed.key.clone();
    let digest = ready(&store, claimed, at(LATER + 10)).await.unwrap().expect("it is news");
    assert_eq!(lines(&digest, 8).len(), 8);
    assert_eq!(counted(&store, &key).await, (7, 2));
}

/// A person looked, and had it sent again where it cannot be looked up: nothing of it is lost with its own event.
#[tokio::test]
async fn digest_that_may_have_arrived_leaves_the_rest_to_another_where_its_own_event_is_over() {
    let store = nine_failures().await;
    let claimed = claim(&store, LATER).await;
    let first = claimed.key.clone();
    ready(&store, claimed, at(LATER)).await.unwrap().expect("it is news");
    let lost = Attempt::Unknown(at(LATER) + LONGEST_WAIT, ServiceError::unknown("lost"));
    store.attempted(&first, lost, at(LATER)).await.unwrap();
    ingest(&store, 0, &[Passed, Failed, Passed], LATER + 10).await;
    assert!(store.retry(&first, &Actor::rule("all"), at(LATER + 20)).await.unwrap());
    let claimed = claim(&store, LATER + 20).await;
    assert_eq!(claimed.key, first);
    let attempt = ready(&store, claimed, at(LATER + 20)).await.unwrap().expect_err("it is over");
    assert!(matches!(attempt, Attempt::Unknown(..)), "its own may have arrived: {attempt:?}");
    store.attempted(&first, attempt, at(LATER + 20)).await.unwrap();
    let claimed = claim(&store, LATER + 20).await;
    let digest = ready(&store, claimed, at(LATER + 20)).await.unwrap().expect("it is news");
    // The fix says that it is not known whether the failure was posted.
    let lines = lines(&digest, 9);
    let unsure = lines.iter().filter(|line| line.contains("it is not known whether")).count();
    assert_eq!((lines.len(), unsure), (9, 1), "{lines:?}");
}
