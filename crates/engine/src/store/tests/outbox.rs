mod edits;
mod order;
mod soonest;
mod tried_again;

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
    // A request outlives the program that sent it.
    assert_eq!(store.unknown_deliveries(at(19), 10).await.unwrap(), [], "it may still be under way");
    let unknown = store.unknown_deliveries(at(20), 10).await.unwrap();
    assert_eq!(unknown.len(), 1);
    assert!(store.attempted(&post, Attempt::Absent, at(21)).await.unwrap());
    assert_eq!(store.claim(at(21), 10, Default::default()).await.unwrap()[0].key, post);
}

#[tokio::test]
async fn found_delivery_is_edited_where_it_was_revised_since() {
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
            // Long enough apart for what a crash left to be looked for.
            for (now, fate) in (1..).step_by(20).zip(fates.into_iter().chain([Fate::Answers; 3])) {
                store = step(store, &mut stands, fate, now).await;
            }
            let delivery = store.delivery(&key).await.unwrap().unwrap();
            assert_eq!(delivery.state, DeliveryState::Posted, "after {last} steps and a quiet end");
            assert_eq!(stands, Some(delivery.message.title));
        });
    }
}

#[tokio::test]
async fn message_without_an_id_is_not_edited() {
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
        let deliveries = store.deliveries_not_posted(10).await.unwrap();
        let delivery = deliveries.iter().find(|it| it.key == key).expect(damaged);
        assert_eq!(
            (delivery.state, delivery.message.title.as_str()),
            (DeliveryState::Failed, title),
            "{damaged}"
        );
        let why = delivery.error.as_ref().unwrap().to_string();
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
async fn delivery_recorded_while_the_clock_was_ahead_is_due() {
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
async fn uneditable_message_is_posted_anew_and_looked_up_after_a_crash() {
    let store = Store::temporary(at(0)).unwrap();
    let key = one(&store).await;
    store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Posted(posted()), at(2)).await.unwrap();
    store.revise(&key, message("two"), at(3)).await.unwrap();
    store.claim(at(3), 1, BTreeMap::new()).await.unwrap();
    // The edit got no answer first, which says nothing of what is posted as a new message.
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
    let looked_up = store.unknown_deliveries(at(15), 1).await.unwrap().remove(0);
    assert_eq!(looked_up.message_key(), claimed.message_key());
    let anew = Posted { id: "18".to_owned(), ..posted() };
    store.attempted(&key, Attempt::Posted(anew.clone()), at(16)).await.unwrap();
    let delivery = store.delivery(&key).await.unwrap().unwrap();
    assert_eq!((delivery.edits, delivery.posted), (Edits::Open, Some(anew)));
    // A revision that is skipped leaves what was posted as it is.
    store.revise(&key, message("three"), at(17)).await.unwrap();
    store.claim(at(17), 1, BTreeMap::new()).await.unwrap();
    store.attempted(&key, Attempt::Skipped, at(18)).await.unwrap();
    assert_eq!(state(&store, &key).await, DeliveryState::Posted);
}

#[tokio::test]
async fn refusal_of_an_edit_is_kept_while_what_was_posted_stands() {
    let refused = |edits: Edits, why: &str| Attempt::Refused { edits, why: why.to_owned() };
    // how the edit went -> why it was refused
    let cases = [
        (refused(Edits::Closed, "too old"), Some("too old")),
        (refused(Edits::Gone, "deleted"), Some("deleted")),
        // A chat that edits nothing refuses nothing.
        (Attempt::Closed(Edits::Closed), None),
    ];
    for (attempt, expected) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let key = one(&store).await;
        let claim = async |second: i64| store.claim(at(second), 1, BTreeMap::new()).await.unwrap().remove(0);
        let attempted = async |attempt: Attempt, second: i64| {
            assert!(store.attempted(&key, attempt, at(second)).await.unwrap(), "{expected:?}");
        };
        let stands = async || store.delivery(&key).await.unwrap().unwrap();
        claim(1).await;
        attempted(Attempt::Posted(posted()), 2).await;
        store.revise(&key, message("two"), at(3)).await.unwrap();
        claim(3).await;
        attempted(attempt.clone(), 4).await;
        assert_eq!(claim(4).await.edit_refused.as_deref(), expected, "{attempt:?}");
        attempted(Attempt::Skipped, 5).await;
        let delivery = stands().await;
        assert_eq!((delivery.state, delivery.edit_refused.as_deref()), (DeliveryState::Posted, expected));
        // The message itself has arrived.
        assert_eq!(store.undelivered(Vec::new()).await.unwrap(), 0, "{attempt:?}");
        assert_eq!(store.deliveries_page(None, true, 10).await.unwrap(), [], "{attempt:?}");
        store.revise(&key, message("three"), at(6)).await.unwrap();
        claim(6).await;
        attempted(Attempt::Posted(posted()), 7).await;
        assert_eq!(stands().await.edit_refused, None, "{attempt:?}: it says all");
    }
}

#[tokio::test]
async fn next_try_of_an_account_is_that_of_its_first_message_that_met_an_error() {
    let store = Store::temporary(at(0)).unwrap();
    // where to, how the first try went -> when the account is tried next
    let cases = [
        ("chat:#a", Attempt::Later(at(90), fault())),
        ("chat:#b", Attempt::Later(at(70), fault())),
        ("other:#a", Attempt::Later(at(80), fault())),
        ("posted:#a", Attempt::Posted(posted())),
        ("refused:#a", Attempt::Failed(fault())),
    ];
    for (to_channel, attempt) in cases {
        let key = store.enqueue(to(to_channel, "one"), at(0)).await.unwrap();
        store.claim(at(1), 1, BTreeMap::new()).await.unwrap();
        assert!(store.attempted(&key, attempt, at(2)).await.unwrap(), "{to_channel}");
    }
    // What was not tried waits for its turn.
    store.enqueue(to("new:#a", "one"), at(3)).await.unwrap();
    let expected =
        [("chat", 70), ("other", 80)].map(|(account, second)| (AccountName::from(account), at(second)));
    assert_eq!(store.next_tries().await.unwrap(), BTreeMap::from(expected));
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
