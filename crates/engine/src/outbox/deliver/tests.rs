use std::{collections::HashMap, sync::Arc};

use futures::FutureExt;

use async_trait::async_trait;
use callboard_domain::{
    actor::Actor,
    chat::{ChatService, Edited, Limits, Posted},
    item::{BuildStatus, IncidentStatus},
    length::LengthUnit,
    message::{Block, Message, Tone},
    source::Received,
};

use super::{
    send::{GIVE_UP, after_sending, keep_pace, looked_for, ready},
    way::{Way, way},
    *,
};
use crate::{
    accounts::Chat,
    api::MootReason,
    store::{
        About, Content, Decide, DeliveryState, Edits, EventDecision, NewDelivery, NewEvent, Post, Report,
        Store,
    },
};

fn delivery(posted: bool, attempts: u32) -> Delivery {
    Delivery {
        key: DeliveryKey("k".into()),
        about: About::Nothing,
        to: "chat:#deploys".parse().unwrap(),
        root: None,
        under: None,
        message: Message::new(Tone::Good, "done"),
        at_send: false,
        state: DeliveryState::Sending,
        attempts,
        next_at: at(0),
        posted: posted.then(stands),
        edits: Edits::Open,
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
fn what_an_answer_means() {
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
        // What cannot be edited was said again: that is as unknown as a first post.
        (&unknown, true, false, 1, 0, Attempt::Unknown(at(0) + LONGEST_WAIT, unknown.clone())),
        (&down, false, true, 3, 100, Attempt::Later(at(108), down.clone())),
        (&down, false, true, 99, 100, Attempt::Later(at(1_000), down.clone())),
        (&down, false, true, 99, day + 1, Attempt::Failed(down.clone())),
        // Asleep for a day, it was hardly tried; decided while the clock was ahead, it is not old.
        (&down, false, true, 3, day + 1, Attempt::Later(at(day + 9), down.clone())),
        (&down, false, true, 99, -400 * day, Attempt::Later(at(-400 * day + 900), down.clone())),
        // An edit that is refused for good is posted anew.
        (&no, true, true, 1, 100, Attempt::Closed(Edits::Closed)),
        (&limited, false, true, 1, 100, Attempt::Later(at(130), limited.clone())),
        (&no, false, true, 1, 100, Attempt::Failed(no.clone())),
        (&auth, true, true, 1, 100, Attempt::Failed(auth.clone())),
    ];
    for (error, posted, finds, attempts, now, expected) in cases {
        let delivery = delivery(posted, attempts);
        let way = match &delivery.posted {
            Some(posted) if finds => Way::Edit(posted),
            _ => Way::Post,
        };
        assert_eq!(
            after_sending(Err(error.clone()), &delivery, &way, limits(finds), at(now)),
            expected,
            "{error:?}"
        );
    }
}

#[test]
fn what_cannot_be_edited_is_posted_anew_when_it_is_over() {
    let (stands, parent) = (stands(), Posted { id: "1.0".into(), ..stands() });
    let nowhere = Posted { id: String::new(), ..stands.clone() };
    let (s, n, p) = (Some(&stands), Some(&nowhere), Some(&parent));
    // stands, edits, in a thread, the chat edits, under way -> way
    let cases = [
        (None, Edits::Open, None, true, true, Way::Post),
        (None, Edits::Open, p, true, false, Way::Reply(&parent)),
        (None, Edits::Open, p, false, false, Way::Post),
        (s, Edits::Open, None, true, true, Way::Edit(&stands)),
        (s, Edits::Open, None, true, false, Way::Edit(&stands)),
        (s, Edits::Closed, None, true, true, Way::Skip),
        (s, Edits::Closed, None, true, false, Way::Reply(&stands)),
        (s, Edits::Closed, p, true, false, Way::Reply(&parent)),
        (s, Edits::Gone, None, true, true, Way::Skip),
        (s, Edits::Gone, None, true, false, Way::Post),
        (s, Edits::Gone, p, true, false, Way::Reply(&parent)),
        (s, Edits::Open, None, false, true, Way::Skip),
        (s, Edits::Open, None, false, false, Way::Close),
        (s, Edits::Closed, None, false, false, Way::Post),
        (n, Edits::Open, None, false, true, Way::Skip),
        (n, Edits::Open, None, false, false, Way::Post),
        (n, Edits::Open, None, true, false, Way::Post),
    ];
    for (posted, edits, under, able, progress, expected) in cases {
        let delivery =
            Delivery { posted: posted.cloned(), edits, under: under.cloned(), ..delivery(false, 1) };
        assert_eq!(way(&delivery, limits(able), progress), expected, "{delivery:?}");
    }
    // Where it cannot stand under it either, it stands alone.
    let closed = Delivery { edits: Edits::Closed, ..delivery(true, 1) };
    let no = Err(ServiceError::rejected("no such thread"));
    let way = Way::Reply(closed.posted.as_ref().unwrap());
    let after = after_sending(no, &closed, &way, limits(true), at(0));
    assert_eq!(after, Attempt::Closed(Edits::Gone));
    assert_eq!(closed.message_key().0, "k.2", "the first message has the key of the delivery");
}

#[test]
fn edit_and_thread_support_are_independent() {
    let stands = stands();
    let parent = Posted { id: "1.0".into(), ..stands.clone() };
    // the chat edits, has threads, it stands, edits -> way
    let cases = [
        (true, false, false, Edits::Open, Way::Post),
        (true, false, true, Edits::Open, Way::Edit(&stands)),
        (true, false, true, Edits::Closed, Way::Post),
        (false, true, false, Edits::Open, Way::Reply(&parent)),
        (false, true, true, Edits::Open, Way::Close),
        (false, true, true, Edits::Closed, Way::Reply(&parent)),
        (false, false, true, Edits::Closed, Way::Post),
    ];
    for (edits, threads, there, state, expected) in cases {
        let able = Limits { edits, threads, ..limits(false) };
        let posted = there.then(|| stands.clone());
        let delivery = Delivery { posted, edits: state, under: Some(parent.clone()), ..delivery(false, 1) };
        assert_eq!(way(&delivery, able, false), expected, "edits {edits}, threads {threads}");
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
        let after = after_sending(Err(unknown.clone()), &delivery(false, 1), &Way::Post, able, at(0));
        assert_eq!(after, expected, "finds {finds}, idempotent {idempotent}");
    }
    let no = ServiceError::rejected("no such thread");
    let parent = stands();
    let after = |way| after_sending(Err(no.clone()), &delivery(false, 1), &way, limits(true), at(0));
    assert_eq!(after(Way::Reply(&parent)), Attempt::NoThread);
    assert_eq!(after(Way::Post), Attempt::Failed(no.clone()));
}

/// Rules that post everything in one channel.
struct PostAll;

impl Decide for PostAll {
    fn decide(&self, _: NewEvent<'_>) -> EventDecision {
        let post = Post { to: "room:ops".parse().unwrap(), note: None, rule: "all".to_owned() };
        EventDecision { record: "{}".to_owned(), silence: false, notice: None, posts: vec![post] }
    }
}

#[tokio::test]
async fn what_may_stand_in_the_channel_is_not_said_to_be_not_posted() {
    use crate::tests::{at, incident};
    let (lost, down) = (ServiceError::unknown("lost"), ServiceError::unavailable("down"));
    let over = Attempt::Moot(MootReason::Over { status: "resolved".to_owned() });
    // how the last attempt went -> what comes of the next, where the item is over by then
    let cases = [
        (
            Attempt::Unknown(at(900), lost.clone()),
            Attempt::Unknown(at(50) + LONGEST_WAIT, lost),
            DeliveryState::Unknown,
        ),
        (Attempt::Failed(down), over, DeliveryState::Moot),
    ];
    for (before, expected, state) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let pager = AccountName::from("pager");
        store.watch(&pager, at(0)).await.unwrap();
        let ingest = async |status: IncidentStatus, second: i64| {
            let snapshots = vec![incident("db1", status, second)];
            let report = Report::Hook(Received { snapshots, ..Received::default() });
            store.ingest(&pager, report, at(second), Arc::new(PostAll)).await.unwrap();
        };
        let claim = async |second: i64| {
            store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("one is due")
        };
        ingest(IncidentStatus::Triggered, 10).await;
        let key = claim(11).await.key.clone();
        store.attempted(&key, before.clone(), at(20)).await.unwrap();
        assert!(store.retry(&key, &Actor::rule("all"), at(30)).await.unwrap());
        ingest(IncidentStatus::Resolved, 40).await;
        let claimed = claim(50).await;
        assert_eq!(claimed.key, key);
        let attempt = ready(&store, claimed, at(50)).await.unwrap().expect_err("it is no news any more");
        assert_eq!(attempt, expected, "after {before:?}");
        store.attempted(&key, attempt, at(51)).await.unwrap();
        assert_eq!(store.delivery(&key).await.unwrap().unwrap().state, state, "after {before:?}");
    }
}

/// How far the beginning of a matter is when its end comes.
#[derive(Debug, Clone, Copy)]
enum Beginning {
    Stands,
    /// It got no answer, and a look-up finds it.
    Found,
    /// It got no answer, and a look-up finds that it is not there.
    Absent,
    /// It got no answer, and nor does any look-up.
    NeverFound,
    /// It got no answer, and the chat cannot be searched.
    NotSearchable,
    Failed,
    Waits,
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
                let says = ready.message.plain().contains("It is not known whether this was posted before:");
                posted.push(format!("{how} {event}{}", if says { ", not sure" } else { "" }));
                let id = ready.posted.as_ref().map_or_else(|| event.to_string(), |it| it.id.clone());
                Attempt::Posted(Posted { id, ..stands() })
            }
        };
        store.attempted(&key, attempt, now).await.unwrap();
    }
    posted
}

/// Event 1 is the beginning, event 2 the end.
#[tokio::test]
async fn what_is_posted_of_an_end_depends_on_what_became_of_its_beginning() {
    use crate::tests::{at, incident};
    let lost = ServiceError::unknown("503");
    // the beginning -> what is posted before it is looked up, after that, and after minutes
    let cases: [(_, &[&str], &[&str], &[&str]); 7] = [
        (Beginning::Stands, &["edit 1", "reply 2"], &[], &[]),
        (Beginning::Found, &[], &["edit 1", "reply 2"], &[]),
        (Beginning::Absent, &[], &[], &[]),
        (Beginning::NeverFound, &[], &[], &["post 2, not sure"]),
        (Beginning::NotSearchable, &["post 2, not sure"], &[], &[]),
        (Beginning::Failed, &["post 2"], &[], &[]),
        (Beginning::Waits, &[], &[], &[]),
    ];
    for (beginning, first, looked_up, later) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let pager = AccountName::from("pager");
        store.watch(&pager, at(0)).await.unwrap();
        let ingest = async |status: IncidentStatus, second: i64| {
            let snapshots = vec![incident("db1", status, second)];
            let report = Report::Hook(Received { snapshots, ..Received::default() });
            store.ingest(&pager, report, at(second), Arc::new(PostAll)).await.unwrap();
        };
        ingest(IncidentStatus::Triggered, 10).await;
        let claimed = store.claim(at(11), 1, BTreeMap::new()).await.unwrap().pop().expect("it is due");
        let key = claimed.key.clone();
        ready(&store, claimed, at(11)).await.unwrap().expect("it is news");
        let attempt = match beginning {
            Beginning::Stands => Attempt::Posted(Posted { id: "1".into(), ..stands() }),
            Beginning::Found | Beginning::Absent | Beginning::NeverFound => {
                Attempt::Unknown(at(22), lost.clone())
            }
            Beginning::NotSearchable => Attempt::Unknown(at(12) + LONGEST_WAIT, lost.clone()),
            Beginning::Failed => Attempt::Failed(ServiceError::rejected("no")),
            Beginning::Waits => Attempt::Later(at(25), ServiceError::unavailable("down")),
        };
        store.attempted(&key, attempt, at(12)).await.unwrap();
        ingest(IncidentStatus::Resolved, 20).await;
        assert_eq!(post_due(&store, at(21)).await, first, "{beginning:?}");
        let attempt = match beginning {
            Beginning::Found => Some(Attempt::Posted(Posted { id: "1".into(), ..stands() })),
            Beginning::Absent => Some(Attempt::Absent),
            Beginning::NeverFound => Some(Attempt::Unknown(at(52), lost.clone())),
            _ => None,
        };
        if let Some(attempt) = attempt {
            assert!(store.attempted(&key, attempt, at(22)).await.unwrap(), "{beginning:?}");
        }
        assert_eq!(post_due(&store, at(30)).await, looked_up, "{beginning:?}");
        assert_eq!(post_due(&store, at(200)).await, later, "{beginning:?}");
        // What is looked up at last is never a second message of a beginning that is over.
        store.attempted(&key, Attempt::Absent, at(201)).await.unwrap();
        assert_eq!(post_due(&store, at(202)).await, Vec::<String>::new(), "{beginning:?}");
    }
}

/// The edit that shows the end of a matter does not arrive before the same begins anew.
#[tokio::test]
async fn a_root_ends_with_its_own_episode_and_shows_no_other() {
    use BuildStatus::{Failed, Passed};

    use crate::tests::{at, build};
    let store = Store::temporary(at(0)).unwrap();
    let forge = AccountName::from("forge");
    store.watch(&forge, at(0)).await.unwrap();
    let ingest = async |statuses: &[BuildStatus], second: i64| {
        let snapshots = vec![build("acme/web", statuses)];
        let report = Report::Hook(Received { snapshots, ..Received::default() });
        store.ingest(&forge, report, at(second), Arc::new(PostAll)).await.unwrap();
    };
    let post_due = async |second: i64| {
        let posted = post_due(&store, at(second)).await;
        posted.iter().filter_map(|it| it.split(' ').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let latest = async || store.deliveries(1).await.unwrap().remove(0);
    ingest(&[Passed], 61).await;
    post_due(62).await;
    ingest(&[Passed, Failed], 121).await;
    assert_eq!(post_due(122).await, ["post"]);
    let root = latest().await.key;
    ingest(&[Passed, Failed, Passed], 181).await;
    // Four times in vain.
    for second in [182, 184, 188, 196] {
        let claimed = store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("an edit");
        assert_eq!(claimed.key, root);
        ready(&store, claimed, at(second)).await.unwrap().expect("it says more than before");
        let attempt = Attempt::Later(at(second + 2), ServiceError::unknown("503"));
        store.attempted(&root, attempt, at(second)).await.unwrap();
    }
    ingest(&[Passed, Failed, Passed, Failed], 241).await;
    let shown = async || {
        let message = store.delivery(&root).await.unwrap().unwrap().message;
        (message.tone, message.blocks)
    };
    let ended = (Tone::Good, vec![Block::Fields(vec![("now".to_owned(), "passed".to_owned())])]);
    assert_eq!(post_due(242).await, ["edit", "post"], "the end is over, its root shows it");
    assert_eq!(shown().await, ended);
    // The second episode has a root of its own.
    ingest(&[Passed, Failed, Passed, Failed, Passed], 301).await;
    assert_eq!(post_due(302).await, ["edit", "reply"]);
    assert_eq!(shown().await, ended);
    let fixed = latest().await;
    assert!(fixed.root.is_some_and(|of| of != root), "it is under the second one");
}

/// A chat that is searched, and does nothing else.
struct Searched {
    finds: bool,
    found: Result<Option<Posted>, ServiceError>,
}

#[async_trait]
impl ChatService for Searched {
    async fn post(&self, _: &str, _: &Message, _: &DeliveryKey) -> Result<Posted, ServiceError> {
        Err(ServiceError::rejected("it is searched only"))
    }

    async fn edit(&self, _: &Posted, _: &Message) -> Result<Edited, ServiceError> {
        Err(ServiceError::rejected("it is searched only"))
    }

    async fn reply(&self, _: &Posted, _: &Message, _: &DeliveryKey) -> Result<Posted, ServiceError> {
        Err(ServiceError::rejected("it is searched only"))
    }

    async fn find(
        &self,
        _: &str,
        _: Option<&Posted>,
        _: &DeliveryKey,
        _: Timestamp,
    ) -> Result<Option<Posted>, ServiceError> {
        self.found.clone()
    }

    async fn channels(&self) -> Result<Vec<String>, ServiceError> {
        Ok(Vec::new())
    }

    fn limits(&self) -> Limits {
        Limits { finds: self.finds, ..limits(true) }
    }
}

#[tokio::test]
async fn what_a_person_sends_again_is_looked_for_first() {
    use crate::tests::at;
    let (lost, down) = (ServiceError::unknown("503"), ServiceError::unavailable("500"));
    let (no, limited) = (ServiceError::auth("it may not look"), |seconds| ServiceError::RateLimited {
        why: "slow".into(),
        retry_after: Duration::from_secs(seconds),
    });
    let tried = [
        Attempt::Unknown(at(90), lost.clone()),
        // It was looked up in vain.
        Attempt::Unknown(at(90), down.clone()),
        Attempt::Unknown(at(90), no.clone()),
        // Its sending broke each time.
        Attempt::Failed(lost.clone()),
    ];
    // the chat finds, what -> what comes of it
    let cases = [
        (true, Ok(Some(stands())), "stands"),
        (true, Ok(None), "absent"),
        (true, Err(down), "unknown"),
        (true, Err(lost), "unknown"),
        (true, Err(limited(30)), "unknown"),
        // It was for the person to look.
        (true, Err(no), "sent"),
        (false, Ok(None), "sent"),
    ];
    for before in tried {
        for (finds, found, expected) in cases.clone() {
            let context = format!("{before:?}, then {found:?}");
            let store = Store::temporary(at(0)).unwrap();
            let message = |title: &str| Message::new(Tone::Good, title);
            let to = "chat:#deploys".parse().unwrap();
            let new = NewDelivery { content: Content::Message(message("one")), to, actor: None };
            let key = store.enqueue(new, at(0)).await.unwrap();
            let claim = async |second: i64| {
                store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("it is due")
            };
            claim(1).await;
            store.attempted(&key, before.clone(), at(2)).await.unwrap();
            store.revise(&key, message("two"), at(3)).await.unwrap();
            assert!(store.retry(&key, &Actor::rule("all"), at(4)).await.unwrap());
            let chat = Chat::new(Arc::new(Searched { finds, found }));
            match looked_for(&store, &chat, claim(5).await).await.unwrap() {
                Ok(claimed) => {
                    assert_eq!(expected, "sent", "{context}");
                    assert_eq!(
                        (claimed.sent_revision, claimed.message.title.as_str()),
                        (2, "two"),
                        "{context}"
                    );
                }
                Err(attempt) => {
                    let came = match &attempt {
                        Attempt::Posted(_) => "stands",
                        Attempt::Absent => "absent",
                        Attempt::Unknown(..) => "unknown",
                        _ => "other",
                    };
                    assert_eq!(came, expected, "{context}");
                    store.attempted(&key, attempt, at(6)).await.unwrap();
                }
            }
            // What stands is edited to its latest revision, and what does not is sent without another search.
            if ["stands", "absent"].contains(&expected) {
                let claimed = claim(7).await;
                assert_eq!(claimed.posted.is_some(), expected == "stands", "{context}");
                assert!(!claimed.may_have_arrived() && claimed.sent_revision == 2, "{context}");
            }
        }
    }
}

#[tokio::test]
async fn an_edit_that_did_not_arrive_is_sent_again_though_it_says_the_same() {
    use crate::tests::{at, incident};
    let store = Store::temporary(at(0)).unwrap();
    let pager = AccountName::from("pager");
    store.watch(&pager, at(0)).await.unwrap();
    for (status, second) in [(IncidentStatus::Triggered, 10), (IncidentStatus::Acknowledged, 20)] {
        let snapshots = vec![incident("db1", status, second)];
        let report = Report::Hook(Received { snapshots, ..Received::default() });
        store.ingest(&pager, report, at(second), Arc::new(PostAll)).await.unwrap();
        if status == IncidentStatus::Triggered {
            assert_eq!(post_due(&store, at(11)).await, ["post 1"]);
        }
    }
    let claimed = store.claim(at(21), 1, BTreeMap::new()).await.unwrap().pop().expect("an edit");
    let key = claimed.key.clone();
    ready(&store, claimed, at(21)).await.unwrap().expect("it says more than before");
    store.attempted(&key, Attempt::Later(at(22), ServiceError::unavailable("down")), at(21)).await.unwrap();
    assert_eq!(post_due(&store, at(23)).await, ["edit 1", "reply 2"]);
}

#[tokio::test]
async fn a_sending_that_breaks_is_unknown_and_then_given_up() {
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
fn an_account_is_looked_up_in_a_few_times_at_once_and_holds_up_no_other() {
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
async fn what_is_being_sent_is_waited_for_and_nothing_more_is_claimed() {
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
