//! What waits for another try: sooner where a person asks, and of a rate limit until that is over.

use super::*;

#[tokio::test]
async fn message_that_waits_for_another_try_is_tried_now_where_a_person_asks() {
    let limited =
        || ServiceError::RateLimited { why: "slow down".to_owned(), retry_after: Duration::from_secs(7_200) };
    // how its last try went, when a person asks -> whether it is tried again for that
    let cases = [
        (Some(Attempt::Later(at(7_200), limited())), 10, true),
        (Some(Attempt::Later(at(7_200), fault())), 10, true),
        (Some(Attempt::Unknown(at(7_200), fault())), 10, true),
        (Some(Attempt::Failed(fault())), 10, true),
        // It is due.
        (Some(Attempt::Later(at(10), fault())), 10, false),
        (Some(Attempt::Absent), 10, false),
        (Some(Attempt::Posted(posted())), 10, false),
        // It is being sent.
        (None, 10, false),
    ];
    for (attempt, now, expected) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        let behind = store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
        store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
        let context = format!("{attempt:?}");
        if let Some(attempt) = attempt {
            assert!(store.attempted(&key, attempt, at(2)).await.unwrap(), "{context}");
        }
        assert_eq!(store.retry(&key, &ana(), at(now)).await.unwrap(), expected, "{context}");
        assert!(!store.retry(&behind, &ana(), at(now)).await.unwrap(), "{context}: it has its turn");
        if expected {
            let claimed = store.claim(at(now), 1, BTreeMap::new()).await.unwrap();
            assert_eq!(claimed.iter().map(|it| &it.key).collect::<Vec<_>>(), [&key], "{context}");
        }
    }
}

#[tokio::test]
async fn rate_limit_is_waited_for_until_the_message_is_tried_again() {
    let limited = |seconds| ServiceError::RateLimited {
        why: format!("not within {seconds} s"),
        retry_after: Duration::from_secs(seconds),
    };
    // how the tries of two messages of the account went, when that is asked -> which of the limits is waited for
    let cases = [
        ([Attempt::Later(at(7_202), limited(7_200)), Attempt::Later(at(42), limited(40))], 10, Some(7_200)),
        ([Attempt::Later(at(7_202), limited(7_200)), Attempt::Later(at(42), limited(40))], 50, Some(7_200)),
        ([Attempt::Later(at(42), limited(40)), Attempt::Posted(posted())], 10, Some(40)),
        ([Attempt::Later(at(42), limited(40)), Attempt::Posted(posted())], 42, None),
        // Another error is no limit, nor is one that nothing waits for.
        ([Attempt::Later(at(42), fault()), Attempt::Posted(posted())], 10, None),
        ([Attempt::Failed(limited(40)), Attempt::Unknown(at(42), limited(40))], 10, None),
    ];
    for (attempts, now, expected) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let context = format!("{attempts:?} at {now}");
        for (number, attempt) in attempts.into_iter().enumerate() {
            let key = store.enqueue(to(&format!("chat:#{number}"), "one"), at(0)).await.unwrap();
            store.claim(at(1), 10, BTreeMap::new()).await.unwrap();
            assert!(store.attempted(&key, attempt, at(2)).await.unwrap(), "{context}");
        }
        store.enqueue(to("other:#a", "not tried"), at(3)).await.unwrap();
        let wait = |seconds: u32| {
            let (since, next_at) = (at(2), at(2 + i64::from(seconds)));
            let error = limited(u64::from(seconds));
            (AccountName::from("chat"), RateLimitWait { since, next_at, error })
        };
        let expected: BTreeMap<_, _> = expected.map(wait).into_iter().collect();
        assert_eq!(store.rate_limit_waits(at(now)).await.unwrap(), expected, "{context}");
        // That the account answers says nothing of its limit.
        store.account_answered(&"chat".into(), at(now)).await.unwrap();
        assert_eq!(store.rate_limit_waits(at(now)).await.unwrap(), expected, "{context}");
    }
}
