//! What a person posts: the resolution of a run whose outcome is unknown, and an item.

use callboard_domain::{
    message::{Block, Message, Tone},
    run::{Outcome, Run, RunState},
};

use super::*;
use crate::{
    api::{
        ApiError, BuiltinRoomQuery, ChannelActivityQuery, ChannelMessages, DeliveriesQuery, DeliveryState,
        Post, PostPlanQuery, ResolveRun,
    },
    store::BuiltinRoomMessage,
};

/// A run that has ended so, with its message in the room.
pub(super) async fn ran(it: &Scene, id: &str, state: RunState) {
    let (command, line) = ("deploy".into(), "deploy api to staging".into());
    let run = Run { command, line, post: "room:general".parse().ok(), ..running(id) };
    let store = it.engine.store();
    let message = |title: &str| Message::new(Tone::Running, title);
    let post = run.post.clone().map(|to| (to, message("deploy")));
    store.begin_run(run, post, Timestamp::now()).await.unwrap();
    store.end_run(id, state, Some(message("ended")), Timestamp::now()).await.unwrap();
}

pub(super) async fn room(it: &Scene) -> Vec<BuiltinRoomMessage> {
    it.engine.store().room("general", 10).await.unwrap()
}

#[tokio::test]
async fn resolving_an_unknown_run_edits_its_message() {
    let it = Scene::serving().await;
    ran(&it, "lost", RunState::Unknown { why: "no answer".into() }).await;
    until("it is posted", async || room(&it).await.iter().any(|it| it.message.title == "ended")).await;
    let resolve = async |id: &str, ran| it.call(ResolveRun { id: id.into(), ran }).await;

    let run = resolve("lo", false).await.unwrap();
    let text = run.state.resolution_text().unwrap();
    assert!(text.ends_with(" says it did not run"), "{text}");
    let RunState::Resolved { ran: false, by, why, .. } = &run.state else { panic!("{:?}", run.state) };
    assert_eq!((by.as_str(), why.as_str()), (it.engine.owner().to_string().as_str(), "no answer"));
    let title = format!("deploy api to staging: {text}");
    until("its message is edited", async || room(&it).await[0].message.title == title).await;
    assert_eq!(room(&it).await.len(), 1);

    ran(&it, "well", RunState::Done { outcome: Outcome::ok("it is there") }).await;
    let cases =
        [("lost", format!("is resolved: {text};")), ("well", "is done;".into()), ("none", "no run".into())];
    for (id, words) in cases {
        let refused = resolve(id, true).await.unwrap_err();
        assert!(matches!(refused, ApiError::Usage { .. }), "{refused:?}");
        assert!(refused.to_string().contains(&words), "{refused}");
    }
    assert_eq!(it.engine.store().run("lost").await.unwrap().unwrap().state, run.state);
    it.engine.stop().await;
}

#[tokio::test]
async fn a_row_is_shown_as_it_would_be_posted_and_then_is() {
    let it = Scene::serving().await;
    it.report([pull(1, "Try it", &["ana"])]).await;
    let post = |text: &str, item: Option<&str>| Post {
        channel: "room:general".into(),
        text: text.into(),
        item: item.map(str::to_owned),
    };
    let prepare = async |what: Post| it.call(PostPlanQuery { what }).await;

    let prepared = prepare(post(" have a look ", Some("web#1"))).await.unwrap();
    assert_eq!(prepared.address.to_string(), "room:general");
    assert_eq!(prepared.message.title, "Try it (acme/web#1)");
    assert_eq!(prepared.message.blocks[0], Block::Text("have a look".into()));
    let recorded = DeliveriesQuery { pending: false, limit: 10, before: None };
    assert_eq!(it.call(recorded).await.unwrap(), [], "nothing is posted by looking");

    let delivery = it.call(post("have a look", Some("forge/pull_request/acme/web#1"))).await.unwrap();
    assert_eq!((delivery.message.clone(), delivery.run), (prepared.message, None));
    assert!(matches!(
        delivery.state,
        DeliveryState::Pending { .. } | DeliveryState::Sending | DeliveryState::Posted
    ));
    until("it is posted", async || room(&it).await.iter().any(|it| it.message == delivery.message)).await;

    let plain = prepare(post("hello", None)).await.unwrap();
    assert_eq!(plain.message, Message::new(Tone::Neutral, "hello"));
    let nowhere = Post { channel: "nowhere:x".into(), ..post("hello", None) };
    for (what, words) in [
        (post(" ", None), "nothing to post"),
        (post("", Some("nothing like it")), "no item"),
        (nowhere, "nowhere"),
    ] {
        let refused = prepare(what).await.unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
    }
    let query = BuiltinRoomQuery { channel: "general".into(), limit: 10, before: None };
    assert_eq!(it.call(query).await.unwrap().len(), 1);
    it.engine.stop().await;
}

#[tokio::test]
async fn every_channel_is_listed_with_its_latest_activity() {
    let it = Scene::serving().await;
    let rooms = async || it.call(ChannelActivityQuery {}).await.unwrap();
    let addresses =
        async || -> Vec<String> { rooms().await.into_iter().map(|room| room.address.to_string()).collect() };
    assert_eq!(addresses().await, ["room:general"], "the built-in room is there before anything is posted");

    let store = it.engine.store();
    let message = |title: &str| Message::new(Tone::Neutral, title);
    let post = async |channel: &str, thread: Option<i64>, title: &str| {
        let key = callboard_domain::chat::DeliveryKey(title.into());
        store.post_in_room(channel, thread, &key, message(title), at(0)).await.unwrap()
    };
    let first = post("deploys", None, "api is out").await;
    post("deploys", None, "web is out").await;
    post("deploys", Some(first), "and works").await;
    // Nothing answers for this account: the message waits, and is shown as waiting.
    let new = crate::store::NewDelivery {
        content: crate::store::Content::Message(message("hello")),
        to: "gone:#ops".parse().unwrap(),
        actor: None,
    };
    store.enqueue(new, Timestamp::now()).await.unwrap();
    assert_eq!(addresses().await, ["room:general", "room:deploys", "gone:#ops"]);
    assert_eq!(
        rooms().await.iter().map(|room| (room.builtin, room.last_at.is_some())).collect::<Vec<_>>(),
        [(true, false), (true, true), (false, true)]
    );

    let messages = async |address: &str| {
        let address = address.parse().unwrap();
        it.call(ChannelMessages { address, limit: 10 }).await.unwrap()
    };
    let first = first.to_string();
    let found: Vec<_> = messages("room:#deploys")
        .await
        .into_iter()
        .map(|it| (it.message.title, it.under, it.state))
        .collect();
    assert_eq!(
        found,
        [
            ("api is out".to_owned(), None, DeliveryState::Posted),
            ("web is out".to_owned(), None, DeliveryState::Posted),
            ("and works".to_owned(), Some(first), DeliveryState::Posted),
        ]
    );
    let waiting = messages("gone:#ops").await;
    assert_eq!(waiting[0].message.title, "hello");
    assert_ne!(waiting[0].state, DeliveryState::Posted);
    it.engine.stop().await;
}
