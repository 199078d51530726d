//! The message of a run that is the root of its item's thread: what it says of the item was so when the run ended, and it says
//! what has become of the item since.

mod several;

use callboard_domain::{
    command::Args,
    event::EventName,
    item::Item,
    run::{Outcome, Run, RunState},
};
use jiff::tz::TimeZone;

use super::*;
use crate::{
    outbox::since,
    store::{OwnMessage, PreparedDelivery},
    tests::{at, build, incident},
};

/// Rules that post these events in the channel of the run, whose doing an acknowledgement is.
#[derive(Clone, Copy)]
struct Rules(&'static [EventName]);

const QUIET: Rules = Rules(&[]);

const NOTHING: [(&str, Message); 0] = [];

impl Decide for Rules {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        let post = Post { to: "room:ops".parse().unwrap(), note: None, rule: "some".to_owned() };
        let posts = if self.0.contains(&happened.event.name) { vec![post] } else { Vec::new() };
        EventDecision { record: "{}".to_owned(), silence: false, notice: None, posts }
    }

    fn is_doing_of(&self, _: &Run, happened: NewEvent<'_>) -> bool {
        happened.event.name == EventName::Acknowledged
    }
}

/// A run on these items, which begins then.
fn run_on(items: &[Item], second: i64) -> Run {
    let named = items.iter().map(|item| (item.key.id.clone(), item.clone()));
    Run {
        id: "r1".into(),
        command: "silence".into(),
        line: "silence db1 2h".into(),
        args: Args { items: named.collect(), ..Args::default() },
        account: None,
        item: items.first().map(|item| item.key.clone()),
        by: "ana".into(),
        actor: None,
        started_at: at(second),
        ended_at: None,
        state: RunState::Running,
        post: "room:ops".parse().ok(),
    }
}

fn begun() -> Message {
    Message::new(Tone::Running, "silence db1 2h")
}

/// What the run says of how it ended.
fn own() -> Message {
    Message::new(Tone::Good, "db1 is silenced for 2h").with_block(Block::Text("by ana".into()))
}

fn done() -> RunState {
    RunState::Done { outcome: Outcome::ok("db1 is silenced for 2h") }
}

async fn begin(store: &Store, run: Run) {
    let began = run.started_at;
    let post = run.post.clone().map(|to| (to, begun()));
    store.begin_run(run, post, began).await.unwrap();
}

async fn end(store: &Store, state: RunState, second: i64) {
    assert!(store.end_run("r1", state, Some(own()), at(second)).await.unwrap());
}

/// Sends what is due, each as a message of its own key. Gives how, and the text.
async fn sent(store: &Store, second: i64) -> Vec<(&'static str, Message)> {
    let mut sent = Vec::new();
    while let Some(claimed) = store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop() {
        let key = claimed.key.clone();
        let attempt = match ready(store, claimed, at(second)).await.unwrap() {
            Err(attempt) => attempt,
            Ok(ready) => {
                let how = match (&ready.posted, &ready.under) {
                    (Some(_), _) => "edit",
                    (None, Some(_)) => "reply",
                    (None, None) => "post",
                };
                sent.push((how, ready.message.clone()));
                let id = ready.posted.as_ref().map_or_else(|| key.0.clone(), |it| it.id.clone());
                Attempt::Posted(Posted { id, ..stands() })
            }
        };
        assert!(store.attempted(&key, attempt, at(second)).await.unwrap());
    }
    sent
}

fn clock(second: i64) -> String {
    since::clock(at(second), at(second), &TimeZone::system())
}

/// What a message says of an item besides what the run says.
type Field = (&'static str, String);

/// How it is.
fn now(standing: &str) -> Field {
    ("now", standing.to_owned())
}

/// How its episode ended, and when.
fn ended(status: &str, second: i64) -> Field {
    ("ended", format!("{status} at {}", clock(second)))
}

/// The message of a run that ended then, with what has become of its item; `is_dated` is true where the run says something of it.
fn with_field(own: &Message, is_dated: bool, ended: i64, field: Option<Field>) -> Message {
    let mut message = own.clone();
    if is_dated {
        message.title = format!("At {}: {}", clock(ended), own.title);
    }
    if let Some((name, text)) = field {
        message.blocks.insert(0, Block::Fields(vec![(name.to_owned(), text)]));
    }
    message
}

/// An alert that fires, and a run on it that was posted and ended at 22, as the first message about it.
async fn silenced(store: &Store, state: RunState) {
    let alert = incident("db1", IncidentStatus::Triggered, 10);
    report(store, QUIET, alert.clone(), 10).await;
    begin(store, run_on(&[alert], 20)).await;
    assert_eq!(sent(store, 21).await, [("post", begun())]);
    end(store, state, 22).await;
    assert_eq!(sent(store, 23).await, [("edit", own())]);
}

#[tokio::test]
async fn message_of_a_run_follows_its_item_and_keeps_what_the_run_said() {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let store = watching().await;
    silenced(&store, done()).await;
    let renamed = Item { title: "Disk is fuller".to_owned(), ..incident("db1", Triggered, 45) };
    let cases = [
        // What the run has done itself, it has said.
        (incident("db1", Acknowledged, 30), 30, None),
        (incident("db1", Triggered, 40), 40, Some(now("triggered"))),
        // That makes no other text.
        (renamed, 45, None),
        // The run has done that too, after what it has not done.
        (incident("db1", Acknowledged, 47), 47, Some(now("acknowledged"))),
        (incident("db1", Triggered, 49), 49, Some(now("triggered"))),
        (incident("db1", Resolved, 50), 50, Some(ended("resolved", 50))),
        // It is no part of the same matter.
        (incident("db1", Triggered, 60), 60, None),
        (incident("db1", Resolved, 70), 70, None),
    ];
    for (alert, second, field) in cases {
        report(&store, QUIET, alert, second).await;
        let expected: Vec<_> =
            field.map(|it| ("edit", with_field(&own(), true, 22, Some(it)))).into_iter().collect();
        assert_eq!(sent(&store, second + 1).await, expected, "at {second}");
    }
    assert_eq!(store.deliveries(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_a_run_has_done_is_dated() {
    // how the run ended -> whether what it says is dated, once the item is over
    let cases = [
        (done(), true),
        (RunState::Done { outcome: Outcome::failed("db1 is still silenced") }, true),
        (RunState::Failed { error: ServiceError::rejected("no") }, false),
        (RunState::Canceled { sent: true }, false),
        // It is still not known whether it ran.
        (RunState::Unknown { why: "lost".into() }, false),
    ];
    for (state, is_dated) in cases {
        let store = watching().await;
        silenced(&store, state.clone()).await;
        report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 50), 50).await;
        let expected = with_field(&own(), is_dated, 22, Some(ended("resolved", 50)));
        assert_eq!(sent(&store, 51).await, [("edit", expected)], "{state:?}");
    }
    // A run under way has said nothing yet.
    let store = watching().await;
    let alert = incident("db1", IncidentStatus::Triggered, 10);
    report(&store, QUIET, alert.clone(), 10).await;
    begin(&store, run_on(&[alert], 20)).await;
    sent(&store, 21).await;
    report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 30), 30).await;
    assert_eq!(sent(&store, 31).await, NOTHING);
    // It says then what has happened meanwhile, and was not its doing.
    end(&store, done(), 40).await;
    let expected = with_field(&own(), true, 40, Some(ended("resolved", 30)));
    assert_eq!(sent(&store, 41).await, [("edit", expected)]);
    report(&store, QUIET, incident("db1", IncidentStatus::Triggered, 50), 50).await;
    assert_eq!(sent(&store, 51).await, NOTHING, "that is another matter");
}

#[tokio::test]
async fn what_happened_while_a_run_was_under_way_is_said_however_late_it_is_seen() {
    use BuildStatus::{Failed, Passed};
    // when the run ended; run 2 of the build ended at 120
    for run_ended in [130, 110] {
        let store = watching().await;
        let red = build("acme/web", &[Failed]);
        report(&store, QUIET, red.clone(), 61).await;
        begin(&store, run_on(&[red], 100)).await;
        end(&store, done(), run_ended).await;
        assert_eq!(sent(&store, run_ended).await, [("post", own())]);
        report(&store, QUIET, build("acme/web", &[Failed, Passed]), 140).await;
        let expected = with_field(&own(), true, run_ended, Some(ended("passed", 120)));
        assert_eq!(sent(&store, 141).await, [("edit", expected)], "ended at {run_ended}");
        // It is green: what comes now is another matter.
        report(&store, QUIET, build("acme/web", &[Failed, Passed, Failed]), 190).await;
        assert_eq!(sent(&store, 191).await, NOTHING, "ended at {run_ended}");
    }
}

#[tokio::test]
async fn message_that_is_late_says_at_once_what_has_become_of_its_item() {
    let store = watching().await;
    let alert = incident("db1", IncidentStatus::Triggered, 10);
    report(&store, QUIET, alert.clone(), 10).await;
    begin(&store, run_on(&[alert], 20)).await;
    let claimed = store.claim(at(21), 1, BTreeMap::new()).await.unwrap().pop().expect("it is due");
    let down = Attempt::Later(at(60), ServiceError::unavailable("down"));
    store.attempted(&claimed.key, down, at(21)).await.unwrap();
    end(&store, done(), 22).await;
    report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 50), 50).await;
    let expected = with_field(&own(), true, 22, Some(ended("resolved", 50)));
    assert_eq!(sent(&store, 60).await, [("post", expected)]);
    assert_eq!(sent(&store, 61).await, NOTHING, "it says all");
}

#[tokio::test]
async fn end_of_a_run_is_worth_a_message_and_what_becomes_of_its_item_is_not() {
    let store = watching().await;
    let alert = incident("db1", IncidentStatus::Triggered, 10);
    report(&store, QUIET, alert.clone(), 10).await;
    begin(&store, run_on(&[alert], 20)).await;
    sent(&store, 21).await;
    let claim =
        async |second: i64| store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("due");
    let closed = async |second: i64| {
        let claimed = claim(second).await;
        let key = claimed.key.clone();
        let ready = ready(&store, claimed, at(second)).await.unwrap().expect("it is to be sent");
        assert!(store.attempted(&key, Attempt::Closed(Edits::Closed), at(second)).await.unwrap());
        ready.own_has_arrived()
    };
    end(&store, done(), 22).await;
    assert!(!closed(23).await);
    let claimed = claim(24).await;
    let key = claimed.key.clone();
    let anew = ready(&store, claimed, at(24)).await.unwrap().expect("it was not said yet");
    assert_eq!((anew.own_has_arrived(), &anew.message), (false, &own()));
    assert!(matches!(delivery_method(&anew, limits(true), false), DeliveryMethod::Reply(_)));
    let posted = Posted { id: "2".into(), ..stands() };
    store.attempted(&key, Attempt::Posted(posted), at(24)).await.unwrap();

    report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 50), 50).await;
    assert!(closed(51).await, "the rest is no message of its own");
    let claimed = claim(52).await;
    let attempt = ready(&store, claimed, at(52)).await.unwrap().expect_err("an edit or nothing");
    assert_eq!(attempt, Attempt::Skipped);
    store.attempted(&key, attempt, at(52)).await.unwrap();
    let stands = store.delivery(&key).await.unwrap().unwrap();
    assert_eq!((stands.state, stands.message), (DeliveryState::Posted, own()), "the edit never stood there");
}

/// As a webhook answers, which says nothing of the message that it has posted.
#[tokio::test]
async fn end_of_a_run_is_posted_where_posts_have_no_id_and_what_becomes_of_its_item_is_not() {
    let store = watching().await;
    let alert = incident("db1", IncidentStatus::Triggered, 10);
    report(&store, QUIET, alert.clone(), 10).await;
    begin(&store, run_on(&[alert], 20)).await;
    let claim =
        async |second: i64| store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("due");
    let there = || Attempt::Posted(Posted { id: String::new(), ..stands() });
    let claimed = claim(21).await;
    let key = claimed.key.clone();
    assert_eq!(ready(&store, claimed, at(21)).await.unwrap().expect("it is said").message, begun());
    store.attempted(&key, there(), at(21)).await.unwrap();
    end(&store, done(), 22).await;
    let ended = ready(&store, claim(23).await, at(23)).await.unwrap().expect("it is said");
    assert_eq!((ended.own_has_arrived(), &ended.message), (false, &own()));
    assert!(matches!(delivery_method(&ended, limits(false), false), DeliveryMethod::Post));
    // Its item is over while that is being sent.
    report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 24), 24).await;
    store.attempted(&key, there(), at(25)).await.unwrap();
    let attempt = ready(&store, claim(26).await, at(26)).await.unwrap().expect_err("an edit or nothing");
    assert_eq!(attempt, Attempt::Skipped);
    store.attempted(&key, attempt, at(26)).await.unwrap();
    let stands = store.delivery(&key).await.unwrap().unwrap();
    assert_eq!((stands.state, stands.message), (DeliveryState::Posted, own()));
}

/// For whom an end is the doing of the run.
struct Resolving;

impl Decide for Resolving {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        QUIET.decide(happened)
    }

    fn is_doing_of(&self, _: &Run, happened: NewEvent<'_>) -> bool {
        happened.event.name == EventName::Resolved
    }
}

#[tokio::test]
async fn end_that_a_run_brought_about_is_dated_once_another_episode_begins() {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let store = watching().await;
    silenced(&store, done()).await;
    // what happens, when -> whether the message is dated then
    let cases =
        [(Resolved, 30, false), (Triggered, 40, true), (Acknowledged, 50, false), (Resolved, 60, false)];
    for (status, second, is_dated) in cases {
        report(&store, Resolving, incident("db1", status, second), second).await;
        let expected: Vec<_> =
            is_dated.then(|| ("edit", with_field(&own(), true, 22, None))).into_iter().collect();
        assert_eq!(sent(&store, second + 1).await, expected, "{status:?} at {second}");
    }
}

#[tokio::test]
async fn run_after_the_end_of_an_episode_begins_a_thread_that_follows_the_item() {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    // what happened between two runs -> how the second is posted, and what is edited when more happens
    let cases = [
        (None, "reply", with_field(&own(), true, 22, Some(now("triggered")))),
        (Some(Acknowledged), "reply", with_field(&own(), true, 22, Some(now("triggered")))),
        (Some(Resolved), "post", with_field(&own(), true, 62, Some(now("triggered")))),
    ];
    for (between, how, edited) in cases {
        let store = watching().await;
        silenced(&store, done()).await;
        if let Some(status) = between {
            report(&store, QUIET, incident("db1", status, 50), 50).await;
            sent(&store, 51).await;
        }
        let second = Run { id: "r2".into(), ..run_on(&[incident("db1", Triggered, 10)], 60) };
        begin(&store, second).await;
        assert!(store.end_run("r2", done(), Some(own()), at(62)).await.unwrap());
        assert_eq!(sent(&store, 63).await, [(how, own())], "{between:?}");
        if between.is_none() {
            report(&store, QUIET, incident("db1", Acknowledged, 70), 70).await;
            assert_eq!(sent(&store, 71).await, NOTHING, "the run did that");
        }
        report(&store, QUIET, incident("db1", Triggered, 80), 80).await;
        assert_eq!(sent(&store, 81).await, [("edit", edited)], "{between:?}");
    }
}

#[tokio::test]
async fn run_that_a_person_resolves_still_says_how_its_item_stands() {
    let store = watching().await;
    silenced(&store, RunState::Unknown { why: "lost".into() }).await;
    report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 50), 50).await;
    assert_eq!(sent(&store, 51).await.len(), 1);
    let resolved = RunState::Resolved { ran: true, by: "kim".into(), at: at(60), why: "lost".into() };
    let words = Message::new(Tone::Neutral, "silence db1 2h: kim says it ran");
    let actor = Actor::rule("all");
    assert!(store.resolve_run("r1", resolved, words.clone(), &actor, at(60)).await.unwrap());
    assert_eq!(
        sent(&store, 61).await,
        [("edit", with_field(&words, false, 22, Some(ended("resolved", 50))))]
    );
    assert_eq!(sent(&store, 62).await, NOTHING);
}

#[tokio::test]
async fn what_a_run_says_while_its_message_is_sent_is_not_lost() {
    let store = watching().await;
    silenced(&store, done()).await;
    report(&store, QUIET, incident("db1", IncidentStatus::Resolved, 50), 50).await;
    let claimed = store.claim(at(51), 1, BTreeMap::new()).await.unwrap().pop().expect("an edit");
    let (key, kept) = (claimed.key.clone(), claimed.own.clone());
    assert_eq!(kept, Some(OwnMessage { message: own(), arrived: Some(2) }));
    let more = own().with_block(Block::Text("reported since".into()));
    store.revise_run("r1", more.clone(), at(51)).await.unwrap();
    let message = Some(with_field(&own(), true, 22, Some(ended("resolved", 50))));
    let prepared = PreparedDelivery { message, own: kept, ..PreparedDelivery::default() };
    store.prepare(claimed, prepared, at(51)).await.unwrap();
    store.attempted(&key, Attempt::Posted(stands()), at(52)).await.unwrap();
    assert_eq!(sent(&store, 53).await, [("edit", with_field(&more, true, 22, Some(ended("resolved", 50))))]);
    assert_eq!(sent(&store, 54).await, NOTHING);
}

#[tokio::test]
async fn message_of_a_run_is_edited_for_its_item_for_a_day_however_often_the_run_has_revised_it() {
    const DAY: i64 = 86_400;
    // how often the run has revised it, when the item is over -> whether it is edited for that
    let cases = [(0, 50, true), (250, 50, true), (0, DAY + 10, true), (0, DAY + 30, false)];
    for (revised, second, is_edited) in cases {
        let store = watching().await;
        let alert = incident("db1", IncidentStatus::Triggered, 10);
        report(&store, QUIET, alert.clone(), 10).await;
        begin(&store, run_on(&[alert], 20)).await;
        for _ in 0..revised {
            store.revise_run("r1", begun(), at(21)).await.unwrap();
        }
        end(&store, done(), 22).await;
        assert_eq!(sent(&store, 23).await, [("post", own())]);
        report(&store, QUIET, incident("db1", IncidentStatus::Resolved, second), second).await;
        assert_eq!(sent(&store, second + 1).await.len(), usize::from(is_edited), "{revised}, {second}");
    }
}

#[tokio::test]
async fn only_the_root_of_a_thread_follows_its_item() {
    use EventName::{Triggered, Unacknowledged};
    use IncidentStatus::{Acknowledged, Resolved, Triggered as Fires};
    let how = |sent: Vec<(&'static str, Message)>| sent.into_iter().map(|it| it.0).collect::<Vec<_>>();
    // Under the message about what began.
    let (store, rules) = (watching().await, Rules(&[Triggered, Unacknowledged]));
    let alert = incident("db1", Fires, 10);
    report(&store, rules, alert.clone(), 10).await;
    assert_eq!(how(sent(&store, 11).await), ["post"]);
    begin(&store, run_on(&[alert], 20)).await;
    end(&store, done(), 22).await;
    assert_eq!(sent(&store, 23).await, [("reply", own())]);
    report(&store, rules, incident("db1", Acknowledged, 30), 30).await;
    assert_eq!(how(sent(&store, 31).await), ["edit"]);
    report(&store, rules, incident("db1", Fires, 40), 40).await;
    assert_eq!(how(sent(&store, 41).await), ["edit", "reply"]);
    let of_run = store.deliveries_of_run("r1").await.unwrap().remove(0);
    assert_eq!((of_run.message, of_run.own), (own(), None));

    // As the first one: what is posted of the same matter stands under it, and what begins anew does not.
    let store = watching().await;
    silenced(&store, done()).await;
    let rest = [(Acknowledged, 30, vec![]), (Fires, 40, vec!["edit", "reply"])];
    let over = [(Resolved, 50, vec!["edit"]), (Fires, 60, vec!["post"]), (Resolved, 70, vec!["edit"])];
    for (status, second, expected) in rest.into_iter().chain(over) {
        report(&store, rules, incident("db1", status, second), second).await;
        assert_eq!(how(sent(&store, second + 1).await), expected, "{status:?} at {second}");
    }
}
