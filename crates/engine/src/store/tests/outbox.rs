use callboard_domain::{
    chat::{DeliveryKey, Posted},
    error::ServiceError,
};

use std::time::Duration;

use super::*;

fn to(address: &str, title: &str) -> NewDelivery {
    NewDelivery {
        content: Content::Message(message(title)),
        to: address.parse().unwrap(),
        actor: Some(ana()),
    }
}

fn posted() -> Posted {
    Posted { channel: "C1".to_owned(), id: "17".to_owned(), link: None }
}

fn fault() -> ServiceError {
    ServiceError::unavailable("no route")
}

async fn one(store: &Store) -> DeliveryKey {
    store.enqueue(to("chat:#a", "one"), at(0)).await.unwrap()
}

async fn state(store: &Store, key: &DeliveryKey) -> DeliveryState {
    store.delivery(key).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_attempt_leads_to_a_state_and_a_time() {
    use DeliveryState::{Failed, Pending, Posted as Stands, Unknown};
    let cases = [
        (Attempt::Posted(posted()), Stands, 20, None),
        (Attempt::Later(at(90), fault()), Pending, 90, Some(fault())),
        (Attempt::Unknown(at(90), fault()), Unknown, 90, Some(fault())),
        (Attempt::Failed(fault()), Failed, 20, Some(fault())),
        (Attempt::Absent, Pending, 20, None),
    ];
    let store = Store::temporary(at(0)).unwrap();
    for (number, (attempt, expected, next_at, error)) in cases.into_iter().enumerate() {
        let key = store.enqueue(to(&format!("chat:#{number}"), "one"), at(0)).await.unwrap();
        assert!(!store.attempted(&key, attempt.clone(), at(5)).await.unwrap(), "it is not being sent");
        let claimed = store.claim(at(1), 10, Default::default()).await.unwrap();
        let [claimed] = claimed.as_slice() else { panic!("only this one is due: {claimed:?}") };
        assert_eq!((claimed.state, claimed.attempts), (DeliveryState::Sending, 1));
        assert!(store.attempted(&key, attempt.clone(), at(20)).await.unwrap());
        let delivery = store.delivery(&key).await.unwrap().unwrap();
        assert_eq!(
            (delivery.state, delivery.next_at, delivery.error),
            (expected, at(next_at), error),
            "{attempt:?}"
        );
    }
}

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
        "its account lacks something"
    );
    assert_eq!(store.next_delivery_at(at(2), but_for("room")).await.unwrap(), Some(at(60)));
    assert_eq!(titles(&store.claim(at(60), 10, Default::default()).await.unwrap()), ["a1"]);
    store.attempted(&claimed[0].key, Attempt::Failed(fault()), at(61)).await.unwrap();
    assert_eq!(titles(&store.claim(at(61), 10, Default::default()).await.unwrap()), ["a2"]);
}

#[tokio::test]
async fn a_message_revised_while_it_is_sent_is_edited_after() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.claim(at(1), 1, Default::default()).await.unwrap();
    assert!(store.revise(&key, message("two"), at(2)).await.unwrap());
    store.attempted(&key, Attempt::Posted(posted()), at(3)).await.unwrap();
    let claimed = store.claim(at(3), 1, Default::default()).await.unwrap();
    assert_eq!((claimed[0].message.title.as_str(), &claimed[0].posted), ("two", &Some(posted())));
    store.attempted(&key, Attempt::Posted(posted()), at(4)).await.unwrap();
    assert_eq!(state(&store, &key).await, DeliveryState::Posted);
    assert_eq!(store.claim(at(5), 1, Default::default()).await.unwrap(), []);
    // What was posted is edited when it is revised again.
    assert!(store.revise(&key, message("three"), at(6)).await.unwrap());
    assert_eq!(store.claim(at(6), 1, Default::default()).await.unwrap()[0].message.title, "three");
}

#[tokio::test]
async fn delivery_in_flight_at_a_crash_is_looked_up_before_resending() {
    let store = Store::temporary(at(0)).unwrap();
    let (post, edit) = (one(&store).await, store.enqueue(to("chat:#b", "b"), at(0)).await.unwrap());
    store.claim(at(1), 10, Default::default()).await.unwrap();
    store.attempted(&edit, Attempt::Posted(posted()), at(2)).await.unwrap();
    store.revise(&edit, message("b, edited"), at(3)).await.unwrap();
    store.claim(at(3), 10, Default::default()).await.unwrap();
    let waiting = store.enqueue(to("chat:#c", "c"), at(3)).await.unwrap();

    let store = after_crash(&store, 10);
    assert_eq!(state(&store, &post).await, DeliveryState::Unknown);
    assert_eq!(state(&store, &edit).await, DeliveryState::Pending, "an edit is safe to repeat");
    assert_eq!(state(&store, &waiting).await, DeliveryState::Pending);
    let claimed: Vec<_> = store
        .claim(at(10), 10, Default::default())
        .await
        .unwrap()
        .into_iter()
        .map(|it| it.key.clone())
        .collect();
    assert_eq!(claimed, [edit, waiting], "what is unknown is not sent");
    let unknown = store.unknown_deliveries(at(10), 10).await.unwrap();
    assert_eq!(unknown.len(), 1);
    assert!(store.attempted(&post, Attempt::Absent, at(11)).await.unwrap());
    assert_eq!(store.claim(at(11), 10, Default::default()).await.unwrap()[0].key, post);
}

#[tokio::test]
async fn an_unknown_one_that_is_found_is_edited_where_it_was_revised_since() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.claim(at(1), 1, Default::default()).await.unwrap();
    store.attempted(&key, Attempt::Unknown(at(9), fault()), at(2)).await.unwrap();
    assert_eq!(store.next_delivery_at(at(2), Vec::new()).await.unwrap(), Some(at(9)));
    assert_eq!(store.unknown_deliveries(at(8), 10).await.unwrap(), []);
    store.revise(&key, message("two"), at(3)).await.unwrap();
    assert_eq!(state(&store, &key).await, DeliveryState::Unknown);
    store.attempted(&key, Attempt::Posted(posted()), at(9)).await.unwrap();
    assert_eq!(store.claim(at(9), 1, Default::default()).await.unwrap()[0].posted, Some(posted()));
}

#[tokio::test]
async fn a_person_can_send_again_what_did_not_arrive() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    assert!(!store.retry(&key, &ana(), at(1)).await.unwrap(), "it waits already");
    store.claim(at(1), 1, Default::default()).await.unwrap();
    store.attempted(&key, Attempt::Failed(fault()), at(2)).await.unwrap();
    let not_posted = store.deliveries_not_posted(10).await.unwrap();
    assert_eq!(not_posted.iter().map(|it| &it.key).collect::<Vec<_>>(), [&key]);
    assert!(store.retry(&key, &ana(), at(3)).await.unwrap());
    store.claim(at(3), 1, Default::default()).await.unwrap();
    store.attempted(&key, Attempt::Posted(posted()), at(4)).await.unwrap();
    assert_eq!(store.deliveries_not_posted(10).await.unwrap(), []);
}

/// What the service, the network or the machine does at one step of a delivery's life.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answers,
    Refuses,
    /// It may arrive; the answer never does.
    NoAnswer {
        arrived: bool,
    },
    Crash {
        arrived: bool,
    },
    CrashBetween,
    Revised,
}

fn fate() -> impl proptest::strategy::Strategy<Value = Fate> {
    use proptest::prelude::*;
    prop_oneof![
        Just(Fate::Answers),
        Just(Fate::Refuses),
        any::<bool>().prop_map(|arrived| Fate::NoAnswer { arrived }),
        any::<bool>().prop_map(|arrived| Fate::Crash { arrived }),
        Just(Fate::CrashBetween),
        Just(Fate::Revised),
    ]
}

/// One step of what `deliver` does, against a service that has or hasn't the message. Never posts it twice.
async fn step(store: Store, stands: &mut Option<String>, fate: Fate, now: i64) -> Store {
    for delivery in store.unknown_deliveries(at(now), 10).await.unwrap() {
        let looked_up = if stands.is_some() { Attempt::Posted(posted()) } else { Attempt::Absent };
        store.attempted(&delivery.key, looked_up, at(now)).await.unwrap();
    }
    match fate {
        Fate::CrashBetween => return after_crash(&store, now),
        Fate::Revised => {
            let all = store.deliveries(1).await.unwrap();
            store.revise(&all[0].key, message(&format!("at {now}")), at(now)).await.unwrap();
        }
        _ => {}
    }
    let Some(delivery) = store.claim(at(now), 1, Default::default()).await.unwrap().pop() else {
        return store;
    };
    assert_eq!(delivery.posted.is_some(), stands.is_some(), "posted twice, or edited what is not there");
    let arrives = match fate {
        Fate::Refuses => false,
        Fate::NoAnswer { arrived } | Fate::Crash { arrived } => arrived,
        Fate::Answers | Fate::CrashBetween | Fate::Revised => true,
    };
    if arrives {
        *stands = Some(delivery.message.title.clone());
    }
    let attempt = match fate {
        Fate::Crash { .. } => return after_crash(&store, now),
        Fate::Refuses => Attempt::Later(at(now), fault()),
        Fate::NoAnswer { .. } => Attempt::Unknown(at(now), fault()),
        Fate::Answers | Fate::CrashBetween | Fate::Revised => Attempt::Posted(posted()),
    };
    store.attempted(&delivery.key, attempt, at(now)).await.unwrap();
    store
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 24, ..Default::default() })]
    #[test]
    fn message_is_posted_once_and_in_its_last_revision(
        fates in proptest::collection::vec(fate(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut store = Store::temporary(at(0)).unwrap();
            let key = one(&store).await;
            let mut stands = None;
            let last = fates.len();
            for (now, fate) in (1..).zip(fates.into_iter().chain([Fate::Answers; 3])) {
                store = step(store, &mut stands, fate, now).await;
            }
            let delivery = store.delivery(&key).await.unwrap().unwrap();
            assert_eq!(delivery.state, DeliveryState::Posted, "after {last} steps and a quiet end");
            assert_eq!(stands, Some(delivery.message.title));
        });
    }
}

#[tokio::test]
async fn what_cannot_be_edited_is_not_taken_for_an_edit() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.claim(at(1), 1, Default::default()).await.unwrap();
    let nowhere = Posted { id: String::new(), ..posted() };
    store.attempted(&key, Attempt::Posted(nowhere), at(2)).await.unwrap();
    store.revise(&key, message("two"), at(3)).await.unwrap();
    store.claim(at(3), 1, Default::default()).await.unwrap();
    assert_eq!(state(&after_crash(&store, 4), &key).await, DeliveryState::Unknown);
    store.attempted(&key, Attempt::Unknown(at(9), fault()), at(4)).await.unwrap();
    assert_eq!(state(&store, &key).await, DeliveryState::Unknown);
}

/// Changes the file as nobody should.
#[tokio::test]
async fn unreadable_delivery_is_marked_as_failed_and_reported() {
    let damages = [
        ("message = '{broken'", "This message cannot be read"),
        (r#"message = '{"tone":"tomorrow","title":"x","blocks":[]}'"#, "This message cannot be read"),
        (
            r#"message = json_set(message, '$.blocks', json('[{"hologram":1}]'))"#,
            "This message cannot be read",
        ),
        ("posted = 'nonsense'", "one"),
        ("error = '[]'", "one"),
        ("under = '{}'", "one"),
        ("address = 'chat#a'", "one"),
        ("created_at = 9223372036854775807", "one"),
    ];
    for (damaged, title) in damages {
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        let behind = store.enqueue(to("chat:#a", "two"), at(0)).await.unwrap();
        damage(&store, &format!("UPDATE deliveries SET {damaged} WHERE n = 1"));
        // The first look marks it as failed, so that what is behind it is sent.
        let mut claimed = store.claim(at(1), 10, BTreeMap::new()).await.unwrap();
        claimed.extend(store.claim(at(1), 10, BTreeMap::new()).await.unwrap());
        assert_eq!(claimed.iter().map(|it| &it.key).collect::<Vec<_>>(), [&behind], "{damaged}");
        let told = store.deliveries_not_posted(10).await.unwrap();
        let told = told.iter().find(|it| it.key == key).expect(damaged);
        assert_eq!((told.state, told.message.title.as_str()), (DeliveryState::Failed, title), "{damaged}");
        let why = told.error.as_ref().unwrap().to_string();
        assert!(why.contains("cannot be read"), "{damaged}: {why}");
        assert!(store.undelivered(Vec::new()).await.unwrap() > 0);
        // One that may have arrived is marked as failed as well when it is looked up.
        damage(&store, &format!("UPDATE deliveries SET state = 'unknown', {damaged} WHERE n = 1"));
        assert_eq!(store.unknown_deliveries(at(2), 10).await.unwrap(), [], "{damaged}");
        assert_ne!(state(&store, &key).await, DeliveryState::Unknown, "{damaged}");
        // A start does not stumble over it, and a newer version can send it.
        let store = after_crash(&store, 5);
        assert!(store.retry(&key, &ana(), at(6)).await.unwrap(), "{damaged}");
    }
}

#[tokio::test]
async fn what_was_recorded_while_the_clock_was_ahead_is_due() {
    let day = 24 * 60 * 60;
    let limited =
        |secs| ServiceError::RateLimited { why: String::new(), retry_after: Duration::from_secs(secs) };
    // recorded at, due at, why -> due at 0
    let cases = [
        (-10, 800, fault(), false),
        (-10, 2_000, fault(), true),
        (-10, 3_600, limited(3_600), false),
        (-10, 400 * day, limited(3_600), true),
        (400 * day, 400 * day + 1, fault(), true),
        (3_600, 3_601, limited(day as u64), true),
        (30, 31, fault(), false),
    ];
    for (recorded, next, error, due) in cases {
        for unknown in [false, true] {
            let store = Store::temporary(at(-20)).unwrap();
            let key = store.enqueue(to("chat:#a", "one"), at(-20)).await.unwrap();
            store.claim(at(-20), 1, BTreeMap::new()).await.unwrap();
            let attempt = match unknown {
                true => Attempt::Unknown(at(next), error.clone()),
                false => Attempt::Later(at(next), error.clone()),
            };
            store.attempted(&key, attempt, at(recorded)).await.unwrap();
            let context = format!("recorded at {recorded}, due at {next}, unknown: {unknown}");
            let expected = if due { at(0) } else { at(next) };
            assert_eq!(store.next_delivery_at(at(0), Vec::new()).await.unwrap(), Some(expected), "{context}");
            let found = match unknown {
                true => store.unknown_deliveries(at(0), 1).await.unwrap().len(),
                false => store.claim(at(0), 1, BTreeMap::new()).await.unwrap().len(),
            };
            assert_eq!(found, usize::from(due), "{context}");
        }
    }
}

#[tokio::test]
async fn an_account_that_is_busy_holds_up_no_other() {
    let store = Store::temporary(at(0)).unwrap();
    for address in ["bad:#1", "bad:#2", "bad:#3", "good:#1", "room:general"] {
        store.enqueue(to(address, "one"), at(0)).await.unwrap();
    }
    let claim = async |out: &[(&str, u32)]| {
        let out = out.iter().map(|(account, count)| (AccountName::from(*account), *count)).collect();
        let claimed = store.claim(at(1), 2, out).await.unwrap();
        claimed.iter().map(|it| it.to.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(claim(&[]).await, ["bad:#1", "bad:#2", "good:#1", "room:general"]);
    assert!(claim(&[("bad", 2)]).await.is_empty());
    assert_eq!(claim(&[("bad", 1)]).await, ["bad:#3"]);
    for delivery in store.deliveries(10).await.unwrap() {
        store.attempted(&delivery.key, Attempt::Unknown(at(2), fault()), at(2)).await.unwrap();
    }
    let looked_up: Vec<_> = store.unknown_deliveries(at(2), 1).await.unwrap();
    assert_eq!(looked_up.len(), 3, "one of each account");
}

#[tokio::test]
async fn what_cannot_be_edited_any_more_is_posted_anew_and_looked_up_after_a_crash() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Posted(posted()), at(2)).await.unwrap();
    store.revise(&key, message("two"), at(3)).await.unwrap();
    store.claim(at(3), 1, BTreeMap::new()).await.unwrap();
    // The edit got no answer first, which says nothing of what is posted anew.
    let lost = ServiceError::unknown("503");
    store.attempted(&key, Attempt::Later(at(3), lost), at(3)).await.unwrap();
    store.claim(at(3), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Closed(Edits::Closed), at(4)).await.unwrap();
    let claimed = store.claim(at(4), 1, BTreeMap::new()).await.unwrap().remove(0);
    assert!(!claimed.may_have_arrived());
    assert_eq!((claimed.edits, &claimed.posted), (Edits::Closed, &Some(posted())));
    assert_eq!(claimed.message_key().0, format!("{}.2", key.0));
    let store = after_crash(&store, 5);
    assert_eq!(state(&store, &key).await, DeliveryState::Unknown, "it is not an edit");
    let looked_up = store.unknown_deliveries(at(5), 1).await.unwrap().remove(0);
    assert_eq!(looked_up.message_key(), claimed.message_key());
    let anew = Posted { id: "18".to_owned(), ..posted() };
    store.attempted(&key, Attempt::Posted(anew.clone()), at(6)).await.unwrap();
    let delivery = store.delivery(&key).await.unwrap().unwrap();
    assert_eq!((delivery.edits, delivery.posted), (Edits::Open, Some(anew)));
    // A revision that is skipped leaves what was posted as it is.
    store.revise(&key, message("three"), at(7)).await.unwrap();
    store.claim(at(7), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Skipped, at(8)).await.unwrap();
    assert_eq!(state(&store, &key).await, DeliveryState::Posted);
}

#[tokio::test]
async fn accounts_that_took_a_message_are_known() {
    // attempt -> whether the chat took it
    let cases = [
        (Attempt::Posted(posted()), true),
        (Attempt::Later(at(90), fault()), false),
        (Attempt::Unknown(at(90), fault()), false),
        (Attempt::Failed(fault()), false),
    ];
    for (attempt, expected) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        assert!(store.posted_through().await.unwrap().is_empty(), "nothing is posted yet");
        store.claim(at(1), 10, Default::default()).await.unwrap();
        assert!(store.attempted(&key, attempt.clone(), at(20)).await.unwrap());
        let through = store.posted_through().await.unwrap();
        assert_eq!(through.contains(&"chat".into()), expected, "{attempt:?}");
    }
}

#[tokio::test]
async fn what_is_behind_a_message_that_may_have_arrived_waits_for_its_look_up_and_not_for_ever() {
    // when it is looked up next, now -> whether what is behind it is sent
    let cases = [
        (12, 3, false),
        (12, 121, false),
        // It was looked up in vain for long enough.
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
async fn many_that_may_have_arrived_hold_back_a_message_no_longer_than_one() {
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

#[tokio::test]
async fn what_waits_for_a_message_that_a_crash_has_cut_off_waits_from_then_on() {
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
async fn what_a_person_posts_waits_for_what_persons_posted_and_for_nothing_else() {
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
async fn a_message_that_is_unknown_again_and_again_holds_back_its_channel_once() {
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
