//! When what waits may be sent at the soonest.

use super::*;

/// The first of the line of each of these deliveries that waits; without keys, of all that have not arrived.
async fn firsts(store: &Store, keys: &[DeliveryKey], now: i64) -> Vec<FirstOfLine> {
    let found = store.in_their_lines(keys, 10, at(now)).await.unwrap();
    found.into_iter().filter_map(|(_, first)| first).collect()
}

#[tokio::test]
async fn post_of_a_person_waits_for_nothing_that_is_unknown_in_the_other_line() {
    // when what rules posted, and what a person posted, is looked up -> until when the next post of a person waits, if at all
    let cases = [
        (None, None, None),
        (Some(125), None, None),
        (None, Some(125), Some(125)),
        (Some(120), Some(125), Some(125)),
        (Some(130), Some(125), Some(125)),
        // It is not looked up soon enough to be waited for.
        (Some(125), Some(900), None),
    ];
    for (news, words, expected) in cases {
        let store = watching().await;
        let write = async |title: &str, now: i64| {
            store.enqueue(to(&deploys().to_string(), title), at(now)).await.unwrap()
        };
        let claim = async |now: i64| {
            let claimed = store.claim(at(now), 10, BTreeMap::new()).await.unwrap();
            claimed.iter().map(|it| it.key.clone()).collect::<Vec<_>>()
        };
        if let Some(next) = news {
            store.ingest(&pager(), hook("a", vec![firing("a")]), at(110), everything()).await.unwrap();
            let key = claim(110).await.remove(0);
            store.attempted(&key, Attempt::Unknown(at(next), fault()), at(111)).await.unwrap();
        }
        if let Some(next) = words {
            let key = write("one", 111).await;
            assert_eq!(claim(111).await, std::slice::from_ref(&key), "{news:?} {words:?}");
            store.attempted(&key, Attempt::Unknown(at(next), fault()), at(112)).await.unwrap();
        }
        let key = write("two", 113).await;
        let is_held = expected.is_some();
        let first = FirstOfLine { key: key.clone(), at: at(expected.unwrap_or(113)), is_held, error: None };
        assert_eq!(firsts(&store, &[], 113).await, [first], "{news:?} {words:?}");
        let claimed = claim(113).await;
        assert_eq!(claimed.contains(&key), !is_held, "{news:?} {words:?}");
    }
}

#[tokio::test]
async fn what_is_behind_a_message_that_is_tried_later_is_not_the_first() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
    let beside = store.enqueue(to("chat:#b", "beside"), at(0)).await.unwrap();
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Later(at(300), fault()), at(2)).await.unwrap();
    let first = |key: &DeliveryKey, second, error| FirstOfLine {
        key: key.clone(),
        at: at(second),
        is_held: false,
        error,
    };
    let later = || first(&key, 300, Some(fault()));
    assert_eq!(firsts(&store, &[], 3).await, [later(), later(), first(&beside, 0, None)]);
    let oldest = store.in_their_lines(&[], 1, at(3)).await.unwrap();
    assert_eq!(oldest.into_iter().map(|(delivery, _)| delivery.key).collect::<Vec<_>>(), [key]);
}

#[tokio::test]
async fn a_delivery_is_behind_the_first_of_its_own_line_alone() {
    use DeliveryState::{Failed, Pending, Posted, Sending};
    // how the one before it was sent, if that has ended -> how that is, whether it is the first still, and when
    let cases = [
        (None, Sending, true, 0),
        (Some(Attempt::Later(at(300), fault())), Pending, true, 300),
        (Some(Attempt::Posted(posted())), Posted, false, 0),
        (Some(Attempt::Failed(fault())), Failed, false, 0),
    ];
    for (attempt, state, is_first, second) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let before = one(&store).await;
        let behind = store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
        store.enqueue(to("chat:#b", "beside"), at(0)).await.unwrap();
        store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
        if let Some(attempt) = attempt {
            assert!(store.attempted(&before, attempt, at(2)).await.unwrap());
        }
        let keys = [behind.clone(), before.clone(), DeliveryKey("of another store".into())];
        let found = store.in_their_lines(&keys, 10, at(3)).await.unwrap();
        let [(earlier, _), (later, first)] = &found[..] else { panic!("{state:?}: {found:?}") };
        assert_eq!((&earlier.key, earlier.state), (&before, state));
        assert_eq!((&later.key, later.state), (&behind, Pending), "{state:?}");
        let error = (state == Pending).then(fault);
        let key = if is_first { before } else { behind };
        assert_eq!(*first, Some(FirstOfLine { key, at: at(second), is_held: false, error }), "{state:?}");
    }
}

#[tokio::test]
async fn an_edit_that_is_tried_later_is_behind_nothing_that_came_after_it() {
    let store = Store::temporary(at(0)).unwrap();
    let edited = one(&store).await;
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&edited, Attempt::Posted(posted()), at(1)).await.unwrap();
    assert!(store.revise(&edited, message("edited"), at(1)).await.unwrap());
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&edited, Attempt::Later(at(300), fault()), at(2)).await.unwrap();
    let after = store.enqueue(to("chat:#a", "after"), at(3)).await.unwrap();
    let found = firsts(&store, &[edited.clone(), after.clone()], 3).await;
    let first = |key, second, error| FirstOfLine { key, at: at(second), is_held: false, error };
    assert_eq!(found, [first(edited, 300, Some(fault())), first(after, 3, None)]);
}

#[tokio::test]
async fn message_is_sent_at_the_soonest_once_the_last_of_those_before_it_is_looked_up() {
    // when those before it are looked up -> when it may be sent at the soonest, and whether it is held until then
    let cases: [(&[i64], i64, bool); 7] = [
        (&[], 2, false),
        (&[10], 10, true),
        (&[10, 60], 60, true),
        (&[60, 10], 60, true),
        (&[10, 60, 20], 60, true),
        // What is not looked up soon is not waited for.
        (&[10, 900], 10, true),
        (&[900], 2, false),
    ];
    for (look_ups, expected, is_held) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let claim = async |second: i64| store.claim(at(second), 1, BTreeMap::new()).await.unwrap();
        let mut before = Vec::new();
        // None of them waits for another.
        for next in look_ups {
            let key = one(&store).await;
            assert_eq!(claim(1).await[0].key, key, "{look_ups:?}");
            assert!(store.attempted(&key, Attempt::Unknown(at(900), fault()), at(1)).await.unwrap());
            before.push((key, *next));
        }
        for (key, next) in &before {
            assert!(store.attempted(key, Attempt::Unknown(at(*next), fault()), at(1)).await.unwrap());
        }
        let key = store.enqueue(to("chat:#a", "behind"), at(2)).await.unwrap();
        let first = FirstOfLine { key: key.clone(), at: at(expected), is_held, error: None };
        assert_eq!(firsts(&store, std::slice::from_ref(&key), 3).await, [first], "{look_ups:?}");
        // That is when it goes, where each is found in time.
        before.sort_by_key(|(_, next)| *next);
        for (before, next) in before.iter().filter(|(_, next)| *next <= expected) {
            assert_eq!(claim(next - 1).await, [], "{look_ups:?} before {next}");
            assert!(store.attempted(before, Attempt::Posted(posted()), at(*next)).await.unwrap());
        }
        assert_eq!(claim(expected).await[0].key, key, "{look_ups:?}");
    }
}
