//! Events are recorded, and rendered when they are sent; what is about one item shares a thread.

use callboard_domain::{
    chat::{DeliveryKey, Posted},
    error::ServiceError,
};

use super::*;
use crate::api::MootReason;

const HOUR: i64 = 3_600;

fn acknowledged(updated: i64) -> Item {
    alert("a", IncidentStatus::Acknowledged, updated)
}

fn posted(id: &str) -> Posted {
    Posted { channel: "deploys".to_owned(), id: id.to_owned(), link: None }
}

async fn ingest(store: &Store, item: Item, now: i64) {
    let delivery = format!("{now} {}", item.key);
    store.ingest(&pager(), hook(&delivery, vec![item]), at(now), everything()).await.unwrap();
}

/// All deliveries, the oldest first.
async fn deliveries(store: &Store) -> Vec<Delivery> {
    let mut all = store.deliveries(100).await.unwrap();
    all.reverse();
    all
}

async fn claim(store: &Store, now: i64) -> Claimed {
    store.claim(at(now), 1, BTreeMap::new()).await.unwrap().pop().expect("one is due")
}

/// Posts whatever waits, each under a number of its own. Gives each with whether it was an edit.
async fn post_all(store: &Store, now: i64) -> Vec<(DeliveryKey, bool)> {
    let mut sent = Vec::new();
    while let Some(claimed) = store.claim(at(now), 1, BTreeMap::new()).await.unwrap().pop() {
        let key = claimed.key.clone();
        let stands = claimed.posted.clone().unwrap_or_else(|| posted(&key.0));
        sent.push((key.clone(), claimed.posted.is_some()));
        store.prepare(claimed, PreparedDelivery::default(), at(now)).await.unwrap();
        store.attempted(&key, Attempt::Posted(stands), at(now)).await.unwrap();
    }
    sent
}

#[tokio::test]
async fn event_is_rendered_when_sent_with_the_items_current_state() {
    let store = watching().await;
    ingest(&store, firing("a"), 110).await;
    let [waiting] = &deliveries(&store).await[..] else { panic!("one delivery") };
    assert!(waiting.at_send);
    assert_eq!(waiting.message.title, "disk is filling up on a in storage triggered (high)");
    let stored = store
        .write(|conn| conn.query_row("SELECT message FROM deliveries", [], |row| row.get::<_, String>(0)))
        .await;
    assert_eq!(stored.unwrap(), "null");

    let claimed = claim(&store, 111).await;
    let state = async |claimed: &Claimed| {
        let news = store.news(claimed, at(400)).await.unwrap().remove(0);
        news.what.map(|it| (it.item.status(), it.is_overtaken))
    };
    assert_eq!(state(&claimed).await, Ok(("triggered", false)));
    ingest(&store, resolved("a", 120), 120).await;
    assert_eq!(state(&claimed).await, Ok(("resolved", true)));
    // The message is on the record before it is sent.
    let key = claimed.key.clone();
    let prepared = PreparedDelivery { message: Some(message("as sent")), ..PreparedDelivery::default() };
    assert_eq!(store.prepare(claimed, prepared, at(121)).await.unwrap().message, message("as sent"));
    let store = after_crash(&store, 130);
    let delivery = store.delivery(&key).await.unwrap().unwrap();
    assert_eq!((delivery.message, delivery.state), (message("as sent"), DeliveryState::Unknown));
    // The item is gone, or nothing is left of it.
    let gone = "UPDATE items SET gone = '{\"reason\":\"deleted\"}', gone_at = 0, open = 0";
    store.attempted(&key, Attempt::Absent, at(131)).await.unwrap();
    let claimed = claim(&store, 132).await;
    for (damaged, reason) in
        [(gone, MootReason::Gone), ("UPDATE events SET name = 'exploded'", MootReason::Forgotten)]
    {
        damage(&store, damaged);
        let what = store.news(&claimed, at(133)).await.unwrap().remove(0).what;
        assert_eq!(what, Err(reason), "{damaged}");
    }
}

#[tokio::test]
async fn answer_to_an_unposted_event_is_not_posted() {
    let over = || MootReason::Over { status: "resolved".to_owned() };
    let no = ServiceError::rejected("no");
    // what became of the first message -> whether its answer is posted
    let cases = [
        (Attempt::Moot(over()), false),
        (Attempt::Posted(posted("1")), true),
        (Attempt::Failed(no.clone()), true),
        (Attempt::Unknown(at(900), no), true),
    ];
    for (attempt, is_posted) in cases {
        let store = watching().await;
        ingest(&store, firing("a"), 110).await;
        ingest(&store, resolved("a", 120), 120).await;
        let first = claim(&store, 121).await;
        store.attempted(&first.key, attempt.clone(), at(122)).await.unwrap();
        let answer = claim(&store, 123).await;
        let what = store.news(&answer, at(123)).await.unwrap().remove(0).what;
        assert_eq!(what.is_ok(), is_posted, "{attempt:?}");
        if let Err(reason) = what {
            assert_eq!(reason, MootReason::Orphaned);
            let first = store.delivery(&first.key).await.unwrap().unwrap();
            assert_eq!((first.state, first.moot), (DeliveryState::Moot, Some(over())));
        }
        assert_eq!(
            store.undelivered(Vec::new()).await.unwrap() > 0,
            is_posted && !matches!(attempt, Attempt::Posted(_))
        );
    }
}

#[tokio::test]
async fn events_of_an_item_thread_under_its_root_message() {
    let store = watching().await;
    let again = || alert("a", IncidentStatus::Triggered, 180);
    // item, when -> which message it is posted under
    let steps = [
        (firing("a"), 110, None),
        (firing("b"), 111, None),
        (acknowledged(120), 120, Some(0)),
        (resolved("a", 130), 130, Some(0)),
        (again(), 180, None),
        (resolved("a", 190), 190, Some(4)),
        // An old thread is read by nobody.
        (resolved("b", 30 * HOUR), 30 * HOUR, None),
    ];
    for (item, now, _) in steps.clone() {
        ingest(&store, item, now).await;
        post_all(&store, now + 6).await;
    }
    let all = deliveries(&store).await;
    assert_eq!(all.len(), steps.len());
    for (delivery, (item, now, under)) in all.iter().zip(&steps) {
        let root = under.map(|index: usize| all[index].key.clone());
        assert_eq!(delivery.root, root, "{} at {now}", item.key);
        assert_eq!(delivery.under.as_ref().map(|it| it.id.clone()), root.map(|root| root.0));
    }
    // It was over by then: a run on the item begins anew, and what a person posts is about none.
    let run = Run { started_at: at(31 * HOUR), item: Some(key("b")), ..running("r1") };
    store.begin_run(run, Some((deploys(), message("silencing"))), at(31 * HOUR)).await.unwrap();
    store
        .enqueue(
            NewDelivery { content: Content::Message(message("hello")), to: deploys(), actor: Some(ana()) },
            at(31 * HOUR),
        )
        .await
        .unwrap();
    let [.., of_run, of_person] = &deliveries(&store).await[..] else { panic!("two more") };
    assert_eq!((&of_run.root, &of_person.root), (&None, &None));
}

#[tokio::test]
async fn a_root_shows_what_has_become_of_its_item() {
    let store = watching().await;
    ingest(&store, firing("a"), 110).await;
    post_all(&store, 111).await;
    ingest(&store, acknowledged(120), 120).await;
    let root = claim(&store, 121).await;
    assert_eq!((root.posted.is_some(), root.at_send), (true, true), "it comes before the answer, as an edit");
    // Where it cannot be edited, it stays as it is.
    store.attempted(&root.key, Attempt::Skipped, at(122)).await.unwrap();
    let answer = claim(&store, 122).await;
    assert_eq!((&answer.root, answer.posted.is_some()), (&Some(root.key.clone()), false));
    // What happens while it is being sent is shown after that.
    store.attempted(&answer.key, Attempt::Posted(posted("2")), at(123)).await.unwrap();
    ingest(&store, firing("b"), 130).await;
    let sending = claim(&store, 131).await;
    ingest(&store, resolved("b", 140), 140).await;
    store.attempted(&sending.key, Attempt::Posted(posted("3")), at(141)).await.unwrap();
    assert_eq!(claim(&store, 142).await.key, sending.key);
}

#[tokio::test]
async fn answer_is_posted_under_its_root_or_takes_its_place() {
    let no = ServiceError::rejected("no");
    // what became of the root -> where the answer is posted, and whether the root is still the root
    let cases = [
        (Attempt::Posted(posted("17")), Some("17"), true),
        // The chat names no messages: there are no threads.
        (Attempt::Posted(posted("")), None, true),
        (Attempt::Failed(no.clone()), None, false),
        (Attempt::Unknown(at(900), no), None, false),
        (Attempt::Moot(MootReason::Gone), None, false),
    ];
    for (attempt, under, stays) in cases {
        let store = watching().await;
        ingest(&store, firing("a"), 110).await;
        ingest(&store, acknowledged(120), 120).await;
        ingest(&store, resolved("a", 130), 130).await;
        let root = claim(&store, 131).await;
        store.attempted(&root.key, attempt.clone(), at(132)).await.unwrap();
        let answer = claim(&store, 133).await;
        assert_eq!(answer.root.as_ref(), Some(&root.key), "{attempt:?}");
        let ready = store.prepare(answer, PreparedDelivery::default(), at(133)).await.unwrap();
        assert_eq!(ready.under.as_ref().map(|it| it.id.as_str()), under, "{attempt:?}");
        let [_, answer, last] = &deliveries(&store).await[..] else { panic!("three") };
        assert_eq!((&answer.under, &ready.under), (&ready.under, &answer.under), "it is looked up there");
        let expected = if stays { (Some(&root.key), Some(&root.key)) } else { (None, Some(&answer.key)) };
        assert_eq!((answer.root.as_ref(), last.root.as_ref()), expected, "{attempt:?}");
        // Refused in the thread, it is sent again by itself.
        store.attempted(&ready.key, Attempt::NoThread, at(134)).await.unwrap();
        let again = claim(&store, 134).await;
        assert_eq!((&again.key, &again.root, &again.under), (&ready.key, &None, &None));
    }
}

#[tokio::test]
async fn late_events_are_gathered_in_one_digest() {
    let store = watching().await;
    for (name, now) in [("a", 110), ("b", 111), ("c", 112)] {
        ingest(&store, firing(name), now).await;
    }
    let words = NewDelivery { content: Content::Message(message("hi")), to: deploys(), actor: Some(ana()) };
    store.enqueue(words, at(113)).await.unwrap();
    ingest(&store, firing("d"), 114).await;
    let titles = |news: &[QueuedEvent]| {
        let ids = news.iter().map(|it| it.what.as_ref().unwrap().item.key.id.clone());
        ids.collect::<Vec<_>>().concat()
    };
    let head = claim(&store, 115).await;
    assert_eq!(titles(&store.news(&head, at(115)).await.unwrap()), "a", "it has just happened");
    let night = HOUR + 110;
    let news = store.news(&head, at(night)).await.unwrap();
    assert_eq!(titles(&news), "abc", "a person's words are between");
    let prepared = PreparedDelivery {
        message: Some(message("a digest")),
        digested: vec![news[1].key.clone(), news[2].key.clone()],
        ..PreparedDelivery::default()
    };
    let head = store.prepare(head, prepared, at(night)).await.unwrap();
    store
        .attempted(&head.key, Attempt::Later(at(night), ServiceError::unavailable("down")), at(night))
        .await
        .unwrap();

    // It is tried again with those that it reports, and what has come behind them.
    let store = after_crash(&store, night + 1);
    let head = claim(&store, night + 2).await;
    let news = store.news(&head, at(night + 2)).await.unwrap();
    assert_eq!(titles(&news), "abc");
    assert_eq!(news.iter().map(|it| it.digested).collect::<Vec<_>>(), [false, true, true]);
    let moot = vec![(news[2].key.clone(), MootReason::Gone)];
    let head = store
        .prepare(head, PreparedDelivery { moot, ..PreparedDelivery::default() }, at(night + 2))
        .await
        .unwrap();
    store.attempted(&head.key, Attempt::Posted(posted("1")), at(night + 3)).await.unwrap();
    let all = deliveries(&store).await;
    let states: Vec<_> = all.iter().map(|it| (it.state, it.digest.as_ref() == Some(&head.key))).collect();
    assert_eq!(
        states,
        [
            (DeliveryState::Posted, false),
            (DeliveryState::Digested, true),
            (DeliveryState::Moot, false),
            (DeliveryState::Pending, false),
            (DeliveryState::Pending, false),
        ]
    );
    let shown = store.deliveries_to(&deploys(), 10).await.unwrap();
    assert_eq!(shown.len(), 3, "what was not posted is not in the channel");
    // What happens to one of them next begins a thread.
    ingest(&store, resolved("b", night + 10), night + 10).await;
    assert_eq!(deliveries(&store).await.last().unwrap().root, None);
    post_all(&store, night + 20).await;
    let pruned = store.prune(at(night + 91 * 24 * HOUR), Retention::default()).await.unwrap();
    assert_eq!(pruned.deliveries, 6, "what was not posted is forgotten with the rest");
}

/// What makes a digest that reports these too.
fn digest_of(others: &[QueuedEvent]) -> PreparedDelivery {
    let digested = others.iter().map(|it| it.key.clone()).collect();
    PreparedDelivery { message: Some(message("a digest")), digested, ..PreparedDelivery::default() }
}

#[tokio::test]
async fn digest_is_stable_while_it_is_rendered() {
    let store = watching().await;
    ingest(&store, firing("a"), 110).await;
    ingest(&store, firing("b"), 111).await;
    let night = HOUR + 110;
    let head = claim(&store, night).await;
    let digest = head.key.clone();
    let others = store.news(&head, at(night)).await.unwrap().split_off(1);
    ingest(&store, acknowledged(night), night).await;
    ingest(&store, resolved("a", night + 1), night + 1).await;
    store.prepare(head, digest_of(&others), at(night + 2)).await.unwrap();
    store.attempted(&digest, Attempt::Posted(posted("1")), at(night + 3)).await.unwrap();
    assert_eq!(store.delivery(&digest).await.unwrap().unwrap().state, DeliveryState::Posted);

    // It was their root and is one no more: the first of them begins a thread, in which the other is posted.
    let first = claim(&store, night + 4).await;
    assert_eq!(first.root.as_ref(), Some(&digest));
    store.prepare(first, PreparedDelivery::default(), at(night + 4)).await.unwrap();
    let [_, _, first, _] = &deliveries(&store).await[..] else { panic!("four") };
    assert_eq!((&first.root, &first.under), (&None, &None));
    store.attempted(&first.key, Attempt::Posted(posted("2")), at(night + 5)).await.unwrap();
    let other = claim(&store, night + 6).await;
    let other = store.prepare(other, PreparedDelivery::default(), at(night + 6)).await.unwrap();
    assert_eq!((&other.root, &other.under), (&Some(first.key.clone()), &Some(posted("2"))));
    store.attempted(&other.key, Attempt::Posted(posted("3")), at(night + 7)).await.unwrap();
    let left = store.claim(at(night + 8), 1, BTreeMap::new()).await.unwrap();
    assert!(left.iter().all(|it| it.key != digest), "it is not edited: {left:?}");
}

#[tokio::test]
async fn a_thread_outlives_an_answer_that_becomes_a_digest() {
    let store = watching().await;
    ingest(&store, firing("a"), 110).await;
    post_all(&store, 111).await;
    ingest(&store, acknowledged(120), 120).await;
    ingest(&store, firing("b"), 121).await;
    let night = HOUR + 130;
    let root = claim(&store, night).await;
    store.attempted(&root.key, Attempt::Skipped, at(night)).await.unwrap();
    let late = claim(&store, night).await;
    assert_eq!(late.root.as_ref(), Some(&root.key));
    let others = store.news(&late, at(night)).await.unwrap().split_off(1);
    ingest(&store, resolved("a", night), night).await;
    let late = store.prepare(late, digest_of(&others), at(night)).await.unwrap();
    assert_eq!((&late.root, &late.under), (&None, &None), "it is about many items");
    store.attempted(&late.key, Attempt::Posted(posted("a digest")), at(night)).await.unwrap();
    post_all(&store, night + 1).await;
    let all = deliveries(&store).await;
    let fresh = all.last().unwrap();
    assert_eq!(fresh.root.as_ref(), Some(&root.key));
    assert_eq!(fresh.under.as_ref().map(|it| it.id.as_str()), Some(root.key.0.as_str()));
}

#[tokio::test]
async fn late_event_waits_for_more_of_its_time() {
    let store = watching().await;
    let now = 2 * HOUR;
    ingest(&store, firing("a"), now).await;
    assert_eq!(store.next_delivery_at(at(now), Vec::new()).await.unwrap(), Some(at(now + 5)));
    ingest(&store, firing("b"), now + 4).await;
    let head = claim(&store, now + 5).await;
    assert_eq!(store.news(&head, at(now + 5)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_thread_moves_with_an_item_that_is_renamed() {
    let store = watching().await;
    ingest(&store, firing("a"), 110).await;
    let gone = vec![Gone { key: key("a"), reason: GoneReason::Renamed { to: "b".to_owned() } }];
    let mut known = acknowledged(120);
    known.key = key("b");
    let report = found(119, Batch { snapshots: vec![known], gone, ..Batch::default() });
    store.ingest(&pager(), report, at(120), everything()).await.unwrap();
    let [root, answer] = &deliveries(&store).await[..] else { panic!("two") };
    assert_eq!(answer.root.as_ref(), Some(&root.key));
}

/// Rules that post the beginning of an episode, and nothing after it.
struct Beginnings;

impl Decide for Beginnings {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        let begins = matches!(happened.event.name, EventName::Triggered | EventName::Unacknowledged);
        let post = Post { to: deploys(), note: None, rule: "beginnings".to_owned() };
        let posts = if begins { vec![post] } else { Vec::new() };
        EventDecision { record: "{}".to_owned(), silence: false, notice: None, posts }
    }
}

async fn ingest_quietly(store: &Store, item: Item, now: i64) {
    let delivery = format!("{now} {}", item.key);
    store.ingest(&pager(), hook(&delivery, vec![item]), at(now), Arc::new(Beginnings)).await.unwrap();
}

#[tokio::test]
async fn root_shows_what_is_not_posted_of_its_item_until_another_episode_begins() {
    let store = watching().await;
    ingest_quietly(&store, firing("a"), 110).await;
    let [(root, false)] = &post_all(&store, 111).await[..] else { panic!("one message") };
    ingest_quietly(&store, acknowledged(120), 120).await;
    assert_eq!(post_all(&store, 121).await, [(root.clone(), true)]);
    // What comes before an edit is sent is in it.
    let named = |title: &str| Item { title: title.to_owned(), ..acknowledged(125) };
    ingest_quietly(&store, named("disk is full"), 125).await;
    ingest_quietly(&store, resolved("a", 130), 130).await;
    assert_eq!(post_all(&store, 131).await, [(root.clone(), true)]);
    assert_eq!(store.claim(at(132), 1, BTreeMap::new()).await.unwrap(), [], "nothing has changed since");
    // It begins again: the message about what is over stays as it is, though its end was posted nowhere.
    ingest_quietly(&store, alert("a", IncidentStatus::Triggered, 180), 180).await;
    let [(again, false)] = &post_all(&store, 181).await[..] else { panic!("one message") };
    assert_eq!(store.delivery(again).await.unwrap().unwrap().root, None);
    ingest_quietly(&store, acknowledged(190), 190).await;
    assert_eq!(post_all(&store, 191).await, [(again.clone(), true)]);
}

#[tokio::test]
async fn root_is_edited_only_where_it_can_be_and_not_too_often() {
    let moot = Attempt::Moot(MootReason::Over { status: "acknowledged".to_owned() });
    // what became of the root, how often it was edited -> whether it is edited
    let cases = [
        (Attempt::Posted(posted("17")), 1, true),
        (Attempt::Posted(posted("17")), 199, true),
        (Attempt::Posted(posted("17")), 200, false),
        (Attempt::Posted(posted("")), 1, false),
        (Attempt::Failed(ServiceError::rejected("no")), 1, false),
        (moot, 1, false),
    ];
    for (attempt, revision, edited) in cases {
        let store = watching().await;
        ingest_quietly(&store, firing("a"), 110).await;
        let root = claim(&store, 111).await.key.clone();
        store.attempted(&root, attempt.clone(), at(112)).await.unwrap();
        damage(&store, &format!("UPDATE deliveries SET revision = {revision}, sent_revision = {revision}"));
        ingest_quietly(&store, acknowledged(120), 120).await;
        let expected = if edited { vec![(root, true)] } else { Vec::new() };
        assert_eq!(post_all(&store, 121).await, expected, "{attempt:?} {revision}");
    }
}

#[tokio::test]
async fn changes_before_a_root_is_edited_are_one_edit_of_it_however_many() {
    let store = watching().await;
    ingest_quietly(&store, firing("a"), 110).await;
    let [(root, false)] = &post_all(&store, 111).await[..] else { panic!("one message") };
    let revision = async || {
        let read = store
            .write(|conn| conn.query_row("SELECT revision FROM deliveries", [], |row| row.get::<_, i64>(0)));
        read.await.unwrap()
    };
    // More than a root is edited in a day.
    for second in 120..330 {
        let named = Item { title: format!("disk is full since {second}"), ..acknowledged(second) };
        ingest_quietly(&store, named, second).await;
    }
    assert_eq!(revision().await, 2);
    assert_eq!(post_all(&store, 401).await, [(root.clone(), true)]);
    // What comes while it is being sent is another one.
    ingest_quietly(&store, acknowledged(410), 410).await;
    let stands = claim(&store, 411).await;
    ingest_quietly(&store, resolved("a", 420), 420).await;
    store.attempted(&stands.key, Attempt::Posted(posted("17")), at(421)).await.unwrap();
    assert_eq!(revision().await, 4);
    assert_eq!(post_all(&store, 422).await, [(root.clone(), true)]);
}
