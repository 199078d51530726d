mod after_run;
mod digests;
mod episodes;
mod sent_again;

use std::{collections::HashMap, sync::Arc};

use futures::FutureExt;

use async_trait::async_trait;
use callboard_domain::{
    actor::Actor,
    chat::{ChatService, Edited, Limits, Posted},
    item::{BuildStatus, IncidentStatus, Item},
    length::LengthUnit,
    message::{Block, Message, Tone},
    source::Received,
};

use super::{
    method::{DeliveryMethod, delivery_method},
    send::{Answered, GIVE_UP, after_sending, keep_pace, looked_for, ready},
    *,
};
use crate::{
    accounts::Chat,
    api::MootReason,
    store::{
        About, Claimed, Content, Decide, DeliveryState, Edits, EventDecision, NewDelivery, NewEvent, Post,
        Report, Store,
    },
};

/// A store that watches the accounts of what is reported.
async fn watching() -> Store {
    let store = Store::temporary(crate::tests::at(0)).unwrap();
    for account in ["pager", "forge"] {
        store.watch(&account.into(), crate::tests::at(0)).await.unwrap();
    }
    store
}

/// Reports an item by webhook.
async fn report(store: &Store, rules: impl Decide + 'static, item: Item, second: i64) {
    let account = item.key.account.clone();
    let report = Report::Hook(Received { snapshots: vec![item], ..Received::default() });
    store.ingest(&account, report, crate::tests::at(second), Arc::new(rules)).await.unwrap();
}

/// The delivery that is due then.
async fn claim(store: &Store, second: i64) -> Claimed {
    store.claim(crate::tests::at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("one is due")
}

fn delivery(posted: bool, attempts: u32) -> Delivery {
    Delivery {
        key: DeliveryKey("k".into()),
        about: About::Nothing,
        to: "chat:#deploys".parse().unwrap(),
        root: None,
        under: None,
        message: Message::new(Tone::Good, "done"),
        own: None,
        at_send: false,
        state: DeliveryState::Sending,
        attempts,
        next_at: at(0),
        posted: posted.then(stands),
        edits: Edits::Open,
        edit_refused: None,
        sent_revision: 2,
        error: None,
        moot: None,
        digest: None,
        created_at: at(0),
        actor: None,
    }
}

fn stands() -> Posted {
    Posted { channel: "C1".into(), id: "1.2".into(), link: None }
}

fn limits(able: bool) -> Limits {
    Limits {
        edits: able,
        threads: able,
        finds: able,
        ..Limits::posting(100, LengthUnit::Characters, Duration::ZERO)
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

#[test]
fn response_of_the_chat_decides_the_attempt() {
    let unknown = ServiceError::unknown("lost");
    let down = ServiceError::unavailable("down");
    let no = ServiceError::rejected("no");
    let auth = ServiceError::auth("no");
    let limited = ServiceError::RateLimited { why: "slow".into(), retry_after: Duration::from_secs(30) };
    let day = i64::try_from(GIVE_UP.as_secs()).unwrap();
    // error, was posted before, service finds, attempts, now -> what is recorded
    let cases = [
        (&unknown, false, true, 1, 100, Attempt::Unknown(at(110), unknown.clone())),
        (&unknown, false, false, 1, 0, Attempt::Unknown(at(0) + LONGEST_WAIT, unknown.clone())),
        (&unknown, true, true, 1, 100, Attempt::Later(at(102), unknown.clone())),
        // A message that could not be edited was posted again: that is as unknown as a first post.
        (&unknown, true, false, 1, 0, Attempt::Unknown(at(0) + LONGEST_WAIT, unknown.clone())),
        (&down, false, true, 3, 100, Attempt::Later(at(108), down.clone())),
        (&down, false, true, 99, 100, Attempt::Later(at(1_000), down.clone())),
        (&down, false, true, 99, day + 1, Attempt::Failed(down.clone())),
        // Asleep for a day, it was hardly tried; decided while the clock was ahead, it is not old.
        (&down, false, true, 3, day + 1, Attempt::Later(at(day + 9), down.clone())),
        (&down, false, true, 99, -400 * day, Attempt::Later(at(-400 * day + 900), down.clone())),
        // An edit that is refused for good is posted as a new message.
        (&no, true, true, 1, 100, Attempt::Refused { edits: Edits::Closed, why: "no".into() }),
        (&limited, false, true, 1, 100, Attempt::Later(at(130), limited.clone())),
        (&no, false, true, 1, 100, Attempt::Failed(no.clone())),
        (&auth, true, true, 1, 100, Attempt::Failed(auth.clone())),
    ];
    for (error, posted, finds, attempts, now, expected) in cases {
        let delivery = delivery(posted, attempts);
        let method = match &delivery.posted {
            Some(posted) if finds => DeliveryMethod::Edit(posted),
            _ => DeliveryMethod::Post,
        };
        assert_eq!(
            after_sending(Err(error.clone()), &delivery, &method, limits(finds), at(now)),
            expected,
            "{error:?}"
        );
    }
}

#[test]
fn refusal_of_an_edit_keeps_its_reason() {
    let stands = stands();
    for edits in [Edits::Closed, Edits::Gone] {
        let refused = Answered::Refused { edits, why: "too old".into() };
        let method = DeliveryMethod::Edit(&stands);
        let attempt = after_sending(Ok(refused), &delivery(true, 1), &method, limits(true), at(0));
        assert_eq!(attempt, Attempt::Refused { edits, why: "too old".into() });
    }
}

#[test]
fn uneditable_message_is_posted_anew_at_the_end() {
    let (stands, parent) = (stands(), Posted { id: "1.0".into(), ..stands() });
    let nowhere = Posted { id: String::new(), ..stands.clone() };
    let (s, n, p) = (Some(&stands), Some(&nowhere), Some(&parent));
    // stands, edits, in a thread, the chat edits, under way -> method
    let cases = [
        (None, Edits::Open, None, true, true, DeliveryMethod::Post),
        (None, Edits::Open, p, true, false, DeliveryMethod::Reply(&parent)),
        (None, Edits::Open, p, false, false, DeliveryMethod::Post),
        (s, Edits::Open, None, true, true, DeliveryMethod::Edit(&stands)),
        (s, Edits::Open, None, true, false, DeliveryMethod::Edit(&stands)),
        (s, Edits::Closed, None, true, true, DeliveryMethod::Skip),
        (s, Edits::Closed, None, true, false, DeliveryMethod::Reply(&stands)),
        (s, Edits::Closed, p, true, false, DeliveryMethod::Reply(&parent)),
        (s, Edits::Gone, None, true, true, DeliveryMethod::Skip),
        (s, Edits::Gone, None, true, false, DeliveryMethod::Post),
        (s, Edits::Gone, p, true, false, DeliveryMethod::Reply(&parent)),
        (s, Edits::Open, None, false, true, DeliveryMethod::Skip),
        (s, Edits::Open, None, false, false, DeliveryMethod::Close),
        (s, Edits::Closed, None, false, false, DeliveryMethod::Post),
        (n, Edits::Open, None, false, true, DeliveryMethod::Skip),
        (n, Edits::Open, None, false, false, DeliveryMethod::Post),
        (n, Edits::Open, None, true, false, DeliveryMethod::Post),
    ];
    for (posted, edits, under, able, progress, expected) in cases {
        let delivery =
            Delivery { posted: posted.cloned(), edits, under: under.cloned(), ..delivery(false, 1) };
        assert_eq!(delivery_method(&delivery, limits(able), progress), expected, "{delivery:?}");
    }
    // Where it cannot stand under it either, it stands alone.
    let closed = Delivery { edits: Edits::Closed, ..delivery(true, 1) };
    let no = Err(ServiceError::rejected("no such thread"));
    let method = DeliveryMethod::Reply(closed.posted.as_ref().unwrap());
    let after = after_sending(no, &closed, &method, limits(true), at(0));
    assert_eq!(after, Attempt::Closed(Edits::Gone));
    assert_eq!(closed.message_key().0, "k.2", "the first message has the key of the delivery");
}

#[test]
fn edit_and_thread_support_are_independent() {
    let stands = stands();
    let parent = Posted { id: "1.0".into(), ..stands.clone() };
    // the chat edits, has threads, it stands, edits -> method
    let cases = [
        (true, false, false, Edits::Open, DeliveryMethod::Post),
        (true, false, true, Edits::Open, DeliveryMethod::Edit(&stands)),
        (true, false, true, Edits::Closed, DeliveryMethod::Post),
        (false, true, false, Edits::Open, DeliveryMethod::Reply(&parent)),
        (false, true, true, Edits::Open, DeliveryMethod::Close),
        (false, true, true, Edits::Closed, DeliveryMethod::Reply(&parent)),
        (false, false, true, Edits::Closed, DeliveryMethod::Post),
    ];
    for (edits, threads, there, state, expected) in cases {
        let able = Limits { edits, threads, ..limits(false) };
        let posted = there.then(|| stands.clone());
        let delivery = Delivery { posted, edits: state, under: Some(parent.clone()), ..delivery(false, 1) };
        assert_eq!(delivery_method(&delivery, able, false), expected, "edits {edits}, threads {threads}");
    }
}

#[test]
fn post_that_is_known_by_its_key_is_sent_again_and_one_in_no_thread_by_itself() {
    let unknown = ServiceError::unknown("lost");
    // the chat finds, is idempotent -> what an unknown outcome means
    let cases = [
        (true, true, Attempt::Unknown(at(10), unknown.clone())),
        (false, true, Attempt::Later(at(2), unknown.clone())),
        (false, false, Attempt::Unknown(at(0) + LONGEST_WAIT, unknown.clone())),
    ];
    for (finds, idempotent, expected) in cases {
        let able = Limits { finds, idempotent, ..limits(false) };
        let after =
            after_sending(Err(unknown.clone()), &delivery(false, 1), &DeliveryMethod::Post, able, at(0));
        assert_eq!(after, expected, "finds {finds}, idempotent {idempotent}");
    }
    let no = ServiceError::rejected("no such thread");
    let parent = stands();
    let after = |method| after_sending(Err(no.clone()), &delivery(false, 1), &method, limits(true), at(0));
    assert_eq!(after(DeliveryMethod::Reply(&parent)), Attempt::NoThread);
    assert_eq!(after(DeliveryMethod::Post), Attempt::Failed(no.clone()));
}

/// Rules that post everything in one channel.
struct PostAll;

impl Decide for PostAll {
    fn decide(&self, _: NewEvent<'_>) -> EventDecision {
        let post = Post { to: "room:ops".parse().unwrap(), note: None, rule: "all".to_owned() };
        EventDecision { record: "{}".to_owned(), silence: false, notice: None, posts: vec![post] }
    }
}

/// What is posted of the event with that number, as far as it is.
async fn post_due(store: &Store, now: Timestamp) -> Vec<String> {
    let mut posted = Vec::new();
    while let Some(claimed) = store.claim(now, 1, BTreeMap::new()).await.unwrap().pop() {
        let key = claimed.key.clone();
        let attempt = match ready(store, claimed, now).await.unwrap() {
            Err(attempt) => attempt,
            Ok(ready) => {
                let About::Event(event) = ready.about else { panic!("{ready:?}") };
                let how = match (&ready.posted, &ready.under) {
                    (Some(_), _) => "edit",
                    (None, Some(_)) => "reply",
                    (None, None) => "post",
                };
                let is_unsure =
                    ready.message.plain().contains("It is not known whether this was posted before:");
                posted.push(format!("{how} {event}{}", if is_unsure { ", not sure" } else { "" }));
                let id = ready.posted.as_ref().map_or_else(|| event.to_string(), |it| it.id.clone());
                Attempt::Posted(Posted { id, ..stands() })
            }
        };
        store.attempted(&key, attempt, now).await.unwrap();
    }
    posted
}

#[tokio::test]
async fn panicking_send_is_unknown_and_then_given_up() {
    let breaks = || async { panic!("a renderer") };
    let kinds: Vec<&str> = [1, 2, 3]
        .map(|attempts| {
            let delivery = delivery(false, attempts);
            let attempt = unbroken(breaks(), |error| broken(error, &delivery)).now_or_never().unwrap();
            match attempt {
                Attempt::Unknown(..) => "unknown",
                Attempt::Failed(_) => "failed",
                _ => "other",
            }
        })
        .to_vec();
    assert_eq!(kinds, ["unknown", "unknown", "failed"]);
}

#[test]
fn concurrent_look_ups_are_limited_per_account() {
    let mut looked_up = HashSet::new();
    let of = |key: &str, to: &str| Delivery {
        key: DeliveryKey(key.into()),
        to: to.parse().unwrap(),
        ..delivery(false, 1)
    };
    let begun = [("1", "a:#x"), ("1", "a:#x"), ("2", "a:#y"), ("3", "a:#z"), ("4", "b:#x")]
        .map(|(key, to)| begin_look_up(&mut looked_up, &of(key, to)));
    assert_eq!(begun, [true, false, true, false, true]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_keeps_its_pause_and_others_do_not_wait() {
    let (mut paces, began) = (HashMap::new(), Instant::now());
    let (one, other) = ("chat:#a".parse().unwrap(), "chat:#b".parse().unwrap());
    let pause = Duration::from_secs(1);
    keep_pace(&mut paces, &one, pause).await;
    keep_pace(&mut paces, &one, pause).await;
    assert_eq!(began.elapsed(), pause);
    keep_pace(&mut paces, &other, pause).await;
    assert_eq!(began.elapsed(), pause);
}

#[tokio::test]
async fn finish_waits_for_sends_and_claims_no_more() {
    let it = crate::tests::Scene::open("", crate::Mode::Once, &[]).await;
    let deliverer = it.engine.inner.deliverer.clone();
    let (answer, answered) = tokio::sync::oneshot::channel();
    let sending = deliverer.inner.sends.track_future(answered);
    let mut finish = Box::pin(deliverer.finish());
    assert!(futures::poll!(finish.as_mut()).is_pending());
    answer.send(()).unwrap();
    sending.await.unwrap();
    finish.await;
    // It is not stopped, and ends all the same.
    run(deliverer.clone(), CancellationToken::new()).await;
    it.engine.stop().await;
}
