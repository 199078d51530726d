//! The order of a channel, and what waits in it.

use super::*;

#[tokio::test]
async fn a_channel_reads_in_order() {
    let store = Store::temporary(at(0)).unwrap();
    for (address, title) in [("chat:#a", "a1"), ("chat:#a", "a2"), ("chat:#b", "b1"), ("room:c", "c1")] {
        store.enqueue(to(address, title), at(0)).await.unwrap();
    }
    let titles = |claimed: &[Claimed]| claimed.iter().map(|it| it.message.title.clone()).collect::<Vec<_>>();
    let claimed = store.claim(at(1), 10, Default::default()).await.unwrap();
    assert_eq!(titles(&claimed), ["a1", "b1", "c1"]);
    assert_eq!(store.claim(at(1), 10, Default::default()).await.unwrap(), []);
    assert_eq!(store.next_delivery_at(at(2), Vec::new()).await.unwrap(), None);
    // A channel that has to wait holds back what is behind; one that failed does not.
    store.attempted(&claimed[0].key, Attempt::Later(at(60), fault()), at(2)).await.unwrap();
    assert_eq!(store.claim(at(59), 10, Default::default()).await.unwrap(), []);
    assert_eq!(store.next_delivery_at(at(2), Vec::new()).await.unwrap(), Some(at(60)));
    let but_for = |account: &str| vec![account.into()];
    assert_eq!(
        store.next_delivery_at(at(2), but_for("chat")).await.unwrap(),
        None,
        "its account is not usable"
    );
    assert_eq!(store.next_delivery_at(at(2), but_for("room")).await.unwrap(), Some(at(60)));
    assert_eq!(titles(&store.claim(at(60), 10, Default::default()).await.unwrap()), ["a1"]);
    store.attempted(&claimed[0].key, Attempt::Failed(fault()), at(61)).await.unwrap();
    assert_eq!(titles(&store.claim(at(61), 10, Default::default()).await.unwrap()), ["a2"]);
}

#[tokio::test]
async fn delivery_behind_an_unknown_one_waits_for_its_look_up_and_not_for_ever() {
    // when it is looked up next, now -> whether what is behind it is sent
    let cases = [
        (12, 3, false),
        (12, 121, false),
        // It was looked up without success for long enough.
        (12, 122, true),
        // It cannot be looked up soon, or not at all.
        (122, 3, true),
        (900, 3, true),
        // The clock was ahead.
        (12, -100, true),
    ];
    for (next, now, sent) in cases {
        let store = Store::temporary(at(-200)).unwrap();
        let before = store.enqueue(to("chat:#a", "before"), at(-200)).await.unwrap();
        store.claim(at(-200), 1, BTreeMap::new()).await.unwrap();
        store.attempted(&before, Attempt::Posted(posted()), at(-200)).await.unwrap();
        let key = one(&store).await;
        let behind = store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
        let beside = store.enqueue(to("chat:#b", "beside"), at(0)).await.unwrap();
        let claimed = store.claim(at(1), 10, BTreeMap::new()).await.unwrap();
        assert_eq!(claimed.iter().map(|it| &it.key).collect::<Vec<_>>(), [&key, &beside]);
        store.attempted(&key, Attempt::Unknown(at(next), fault()), at(2)).await.unwrap();
        let context = format!("looked up at {next}, now {now}");
        if !sent {
            // The look-up is what is waited for; what was posted before it is edited all the same.
            assert!(store.next_delivery_at(at(now), Vec::new()).await.unwrap().is_some(), "{context}");
            store.revise(&before, message("before, edited"), at(2)).await.unwrap();
            let claimed = store.claim(at(now), 1, BTreeMap::new()).await.unwrap();
            assert_eq!(claimed.first().map(|it| &it.key), Some(&before), "{context}");
            store.attempted(&before, Attempt::Posted(posted()), at(now)).await.unwrap();
        }
        // A start changes nothing of it.
        let store = if now > 0 { after_crash(&store, now) } else { store };
        let claimed = store.claim(at(now), 1, BTreeMap::new()).await.unwrap();
        let expected = sent.then_some(&behind);
        assert_eq!(claimed.first().map(|it| &it.key), expected, "{context}");
        if !sent {
            // Each outcome lets it go, in order.
            store.attempted(&key, Attempt::Absent, at(now)).await.unwrap();
            assert_eq!(store.claim(at(now), 1, BTreeMap::new()).await.unwrap()[0].key, key, "{context}");
            store.attempted(&key, Attempt::Posted(posted()), at(now)).await.unwrap();
            assert_eq!(store.claim(at(now), 1, BTreeMap::new()).await.unwrap()[0].key, behind, "{context}");
        }
    }
}

#[tokio::test]
async fn several_unknown_deliveries_delay_a_message_no_longer_than_one() {
    // after how long each is found, where it is
    for found_after in [None, Some(100)] {
        let store = watching().await;
        for name in ["a", "b", "c", "d", "e"] {
            let report = hook(name, vec![firing(name)]);
            store.ingest(&pager(), report, at(110), everything()).await.unwrap();
        }
        let mut sent: Vec<(DeliveryKey, i64)> = Vec::new();
        for now in 110..300 {
            for looked_up in store.unknown_deliveries(at(now), 10).await.unwrap() {
                let was_sent = sent.iter().find(|(key, _)| *key == looked_up.key).unwrap().1;
                let attempt = match found_after {
                    Some(after) if now >= was_sent + after => Attempt::Posted(posted()),
                    _ => Attempt::Unknown(at(now + 30), fault()),
                };
                store.attempted(&looked_up.key, attempt, at(now)).await.unwrap();
            }
            while let Some(claimed) = store.claim(at(now), 1, BTreeMap::new()).await.unwrap().pop() {
                store
                    .attempted(&claimed.key, Attempt::Unknown(at(now + 10), fault()), at(now))
                    .await
                    .unwrap();
                sent.push((claimed.key.clone(), now));
            }
        }
        let mut keys: Vec<_> = store.deliveries(10).await.unwrap().into_iter().map(|it| it.key).collect();
        keys.reverse();
        assert_eq!(sent.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), keys, "{found_after:?}");
        assert!(sent[1].1 > 150, "the next one waits for a few look-ups: {sent:?}");
        assert!(sent.iter().all(|(_, now)| *now <= 230), "{found_after:?}: {sent:?}");
    }
}

/// Each counts its own two minutes, whenever it came, and whatever became of those before it.
#[tokio::test]
async fn message_that_comes_during_a_look_up_waits_from_its_beginning() {
    // whether look-ups get an answer at all -> when those of 0, 1, 2 and 105 s are sent
    for (answers, expected) in [(true, [0, 100, 110, 210]), (false, [0, 120, 120, 225])] {
        let store = Store::temporary(at(0)).unwrap();
        let (mut written, mut sent) = (Vec::new(), Vec::new());
        for now in 0..240 {
            if [0, 1, 2, 105].contains(&now) {
                written.push(store.enqueue(to("chat:#a", "words"), at(now)).await.unwrap());
            }
            for looked_up in store.unknown_deliveries(at(now), 10).await.unwrap() {
                if answers {
                    let attempt = Attempt::Unknown(at(now + 30), fault());
                    store.attempted(&looked_up.key, attempt, at(now)).await.unwrap();
                }
            }
            while let Some(claimed) = store.claim(at(now), 1, BTreeMap::new()).await.unwrap().pop() {
                let attempt = Attempt::Unknown(at(now + 10), fault());
                store.attempted(&claimed.key, attempt, at(now)).await.unwrap();
                sent.push((claimed.key.clone(), now));
            }
        }
        let expected: Vec<_> = written.into_iter().zip(expected).collect();
        assert_eq!(sent, expected, "look-ups get an answer: {answers}");
    }
}

#[tokio::test]
async fn end_of_a_wait_is_known_while_a_look_up_hangs() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Unknown(at(12), fault()), at(2)).await.unwrap();
    // now -> what is next, and what is next besides what is due
    let cases = [(3, Some(12), Some(12)), (12, Some(12), Some(122)), (50, Some(12), Some(122))];
    for (now, next, after) in cases {
        let found = store.next_delivery_at(at(now), Vec::new()).await.unwrap();
        assert_eq!(found, next.map(at), "at {now}");
        let found = store.next_delivery_after(at(now), Vec::new()).await.unwrap();
        assert_eq!(found, after.map(at), "at {now}");
        assert_eq!(store.claim(at(now), 1, BTreeMap::new()).await.unwrap(), [], "at {now}");
    }
    assert_eq!(store.next_delivery_after(at(12), vec!["chat".into()]).await.unwrap(), None);
    assert_eq!(store.claim(at(122), 1, BTreeMap::new()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn wait_of_news_does_not_begin_with_a_post_of_a_person() {
    let store = watching().await;
    let ingest = async |name: &str, now: i64| {
        store.ingest(&pager(), hook(name, vec![firing(name)]), at(now), everything()).await.unwrap();
    };
    let claim = async |now: i64| store.claim(at(now), 1, BTreeMap::new()).await.unwrap();
    ingest("a", 110).await;
    let first = claim(110).await.remove(0).key.clone();
    store.attempted(&first, Attempt::Later(at(300), fault()), at(110)).await.unwrap();
    ingest("b", 111).await;
    let words = store.enqueue(to(&deploys().to_string(), "words"), at(112)).await.unwrap();
    assert_eq!(claim(112).await[0].key, words);
    store.attempted(&words, Attempt::Unknown(at(122), fault()), at(112)).await.unwrap();
    ingest("c", 113).await;
    assert_eq!(claim(300).await[0].key, first);
    store.attempted(&first, Attempt::Unknown(at(310), fault()), at(300)).await.unwrap();
    assert_eq!(claim(301).await, [], "its end is not posted before it");
}

#[tokio::test]
async fn delivery_behind_an_interrupted_one_waits_from_the_restart() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    let behind = store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    let store = after_crash(&store, 1_000);
    store.attempted(&key, Attempt::Unknown(at(1_030), fault()), at(1_001)).await.unwrap();
    assert_eq!(store.claim(at(1_029), 1, BTreeMap::new()).await.unwrap(), []);
    assert_eq!(store.claim(at(1_120), 1, BTreeMap::new()).await.unwrap()[0].key, behind);
}

#[tokio::test]
async fn post_of_a_person_waits_for_posts_of_persons_only() {
    let store = watching().await;
    let ingest = async |name: &str, now: i64| {
        let report = hook(name, vec![firing(name)]);
        store.ingest(&pager(), report, at(now), everything()).await.unwrap();
        store.deliveries(1).await.unwrap().remove(0).key
    };
    let write = async |title: &str, now: i64| {
        store.enqueue(to(&deploys().to_string(), title), at(now)).await.unwrap()
    };
    let claim = async |now: i64| {
        let claimed = store.claim(at(now), 10, BTreeMap::new()).await.unwrap();
        claimed.iter().map(|it| it.key.clone()).collect::<Vec<_>>()
    };
    let first = ingest("a", 110).await;
    assert_eq!(claim(110).await, std::slice::from_ref(&first));
    // Neither what is being sent nor what may have arrived is waited for.
    let one = write("one", 111).await;
    assert_eq!(claim(111).await, std::slice::from_ref(&one));
    store.attempted(&one, Attempt::Posted(posted()), at(111)).await.unwrap();
    store.attempted(&first, Attempt::Unknown(at(125), fault()), at(112)).await.unwrap();
    let second = ingest("b", 112).await;
    let two = write("two", 112).await;
    assert_eq!(claim(112).await, std::slice::from_ref(&two));
    // Their own are in order.
    store.attempted(&two, Attempt::Unknown(at(125), fault()), at(113)).await.unwrap();
    let three = write("three", 113).await;
    assert_eq!(claim(113).await, []);
    store.attempted(&first, Attempt::Posted(posted()), at(114)).await.unwrap();
    assert_eq!(claim(114).await, [second], "a person's message holds back no news");
    store.attempted(&two, Attempt::Posted(posted()), at(115)).await.unwrap();
    assert_eq!(claim(115).await, [three]);
}

#[tokio::test]
async fn repeatedly_unknown_delivery_delays_its_channel_once() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    let behind = store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
    for now in [1, 60] {
        assert_eq!(store.claim(at(now), 1, BTreeMap::new()).await.unwrap()[0].key, key);
        store.attempted(&key, Attempt::Unknown(at(now + 10), fault()), at(now)).await.unwrap();
        assert_eq!(store.claim(at(now + 1), 1, BTreeMap::new()).await.unwrap(), []);
        store.attempted(&key, Attempt::Absent, at(now + 10)).await.unwrap();
    }
    assert_eq!(store.claim(at(200), 1, BTreeMap::new()).await.unwrap()[0].key, key);
    store.attempted(&key, Attempt::Unknown(at(210), fault()), at(200)).await.unwrap();
    assert_eq!(store.claim(at(201), 1, BTreeMap::new()).await.unwrap()[0].key, behind);
}

#[tokio::test]
async fn account_that_answers_is_sent_at_once_what_waited_for_it() {
    let rejected = || Attempt::Failed(ServiceError::rejected("no such channel"));
    // how the account answers at 100, to a message or without one -> whether it can be reached
    let answers = [
        (vec![Attempt::Posted(posted())], true),
        (vec![Attempt::Unknown(at(99), fault()), Attempt::Posted(posted())], true),
        (vec![Attempt::Unknown(at(99), fault()), Attempt::Absent], true),
        (vec![Attempt::Unknown(at(99), fault()), Attempt::Unknown(at(130), fault())], false),
        (vec![Attempt::Later(at(104), fault())], false),
        (vec![rejected()], false),
        (Vec::new(), true),
    ];
    for (answer, reached) in answers {
        let lost = ServiceError::unknown("no answer to an edit");
        let retry_after = Duration::from_secs(700);
        let limited = ServiceError::RateLimited { why: "slow down".to_owned(), retry_after };
        // what waits, tried at, with what result -> due at, where the account can be reached
        let waiting = [
            ("chat:#a", 10, Attempt::Later(at(900), fault()), 900, 100),
            ("chat:#b", 10, Attempt::Later(at(900), lost), 900, 100),
            ("chat:#c", 99, Attempt::Later(at(120), fault()), 120, 101),
            ("chat:#d", 10, Attempt::Later(at(710), limited), 710, 710),
            ("chat:#e", 10, Attempt::Unknown(at(400), fault()), 400, 400),
            ("chat2:#a", 10, Attempt::Later(at(900), fault()), 900, 900),
            ("cha:#a", 10, Attempt::Later(at(900), fault()), 900, 900),
        ];
        let context = format!("{answer:?}");
        let store = Store::temporary(at(0)).unwrap();
        let mut keys = Vec::new();
        for (address, ..) in &waiting {
            keys.push(store.enqueue(to(address, "waits"), at(0)).await.unwrap());
        }
        let behind = store.enqueue(to("chat:#a", "behind"), at(0)).await.unwrap();
        assert_eq!(store.claim(at(1), 10, BTreeMap::new()).await.unwrap().len(), keys.len());
        for (key, (_, tried, attempt, ..)) in keys.iter().zip(&waiting) {
            assert!(store.attempted(key, attempt.clone(), at(*tried)).await.unwrap());
        }
        if answer.is_empty() {
            store.account_answered(&"chat".into(), at(100)).await.unwrap();
        } else {
            let words = store.enqueue(to("chat:#z", "words of a person"), at(98)).await.unwrap();
            assert_eq!(store.claim(at(98), 10, BTreeMap::new()).await.unwrap().len(), 1, "{context}");
            let from = 101 - i64::try_from(answer.len()).unwrap();
            for (now, attempt) in (from..).zip(answer) {
                assert!(store.attempted(&words, attempt, at(now)).await.unwrap(), "{context}");
            }
        }
        for (key, (address, _, _, otherwise, due)) in keys.iter().zip(&waiting) {
            let expected = at(if reached { *due } else { *otherwise });
            let found = store.delivery(key).await.unwrap().unwrap().next_at;
            assert_eq!(found, expected, "{address} after {context}");
        }
        let claimed = store.claim(at(100), 10, BTreeMap::new()).await.unwrap();
        let claimed: Vec<_> = claimed.iter().map(|it| &it.key).filter(|key| keys.contains(key)).collect();
        let expected: &[DeliveryKey] = if reached { &keys[..2] } else { &[] };
        assert_eq!(claimed, expected.iter().collect::<Vec<_>>(), "{context}");
        if reached {
            // Each channel reads in order all the same.
            store.attempted(&keys[0], Attempt::Posted(posted()), at(100)).await.unwrap();
            let next = store.claim(at(100), 10, BTreeMap::new()).await.unwrap();
            assert_eq!(next.iter().map(|it| &it.key).collect::<Vec<_>>(), [&behind], "{context}");
        }
    }
}

#[tokio::test]
async fn edit_that_is_tried_later_keeps_no_other_message_waiting() {
    // whether it was posted before, whether it can be edited there -> what is sent next, and then
    let cases = [
        (true, true, (3, "behind"), (4, "one")),
        // What is not posted yet, or is posted anew, is in order.
        (true, false, (300, "one"), (300, "behind")),
        (false, true, (300, "one"), (300, "behind")),
    ];
    for (is_posted, can_be_edited, next, then) in cases {
        let context = format!("posted before: {is_posted}, editable: {can_be_edited}");
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        let claim = async |second: i64| store.claim(at(second), 1, BTreeMap::new()).await.unwrap();
        let attempt = async |attempt: Attempt, second: i64| {
            assert_eq!(claim(second).await.len(), 1, "{context}");
            assert!(store.attempted(&key, attempt, at(second)).await.unwrap(), "{context}");
        };
        if is_posted {
            attempt(Attempt::Posted(posted()), 1).await;
            store.revise(&key, message("one"), at(1)).await.unwrap();
        }
        if !can_be_edited {
            attempt(Attempt::Closed(Edits::Closed), 1).await;
        }
        attempt(Attempt::Later(at(300), fault()), 2).await;
        assert_eq!(store.next_delivery_at(at(2), Vec::new()).await.unwrap(), Some(at(300)), "{context}");
        store.enqueue(to("chat:#a", "behind"), at(3)).await.unwrap();
        let due = store.next_delivery_at(at(3), Vec::new()).await.unwrap();
        assert_eq!(due, Some(at(next.0)), "{context}");
        // An account that takes a message is tried again soon.
        for (second, title) in [next, then] {
            let claimed = claim(second).await.pop().expect(&context);
            assert_eq!(claimed.message.title, title, "{context}");
            store.attempted(&claimed.key, Attempt::Posted(posted()), at(second)).await.unwrap();
        }
        assert_eq!(store.next_delivery_at(at(400), Vec::new()).await.unwrap(), None, "{context}");
    }
}
