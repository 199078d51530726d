use callboard_domain::{chat::Posted, error::ServiceError, event::Event, run::Outcome};

use super::*;
use crate::store::{runs::IN_DOUBT, search::index_step};

fn done(summary: &str) -> RunState {
    RunState::Done { outcome: Outcome::ok(summary) }
}

#[tokio::test]
async fn a_run_and_its_message_go_together() {
    let store = Store::temporary(at(0)).unwrap();
    let post = Some((deploys(), message("deploying")));
    let key = store.begin_run(running("r1"), post, at(0)).await.unwrap().unwrap();
    assert_eq!(store.run("r1").await.unwrap(), Some(running("r1")));
    assert_eq!(store.delivery(&key).await.unwrap().unwrap().about, About::Run("r1".to_owned()));

    assert!(store.end_run("r1", done("it is there"), Some(message("deployed")), at(9)).await.unwrap());
    let late = store
        .end_run("r1", RunState::Canceled { sent: true }, Some(message("stopped")), at(10))
        .await
        .unwrap();
    assert!(!late, "the first end counts");
    let run = store.run("r1").await.unwrap().unwrap();
    assert_eq!((run.state, run.ended_at), (done("it is there"), Some(at(9))));
    let deliveries = store.deliveries_of_run("r1").await.unwrap();
    assert_eq!(deliveries.iter().map(|it| it.message.title.as_str()).collect::<Vec<_>>(), ["deployed"]);
    assert_eq!(store.runs_of(&key_of_run(), 5).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_run_says_itself_is_kept_with_the_revision_in_which_it_first_arrived() {
    let store = Store::temporary(at(0)).unwrap();
    let post = Some((deploys(), message("deploying")));
    let key = store.begin_run(running("r1"), post, at(0)).await.unwrap().unwrap();
    let posted = || Attempt::Posted(Posted { channel: "deploys".into(), id: "1".into(), link: None });
    let down = || Attempt::Later(at(0), ServiceError::unavailable("down"));
    // whether the run says it anew, whether its message says more than that, how it was sent
    // -> the revision in which it arrived; `None` where it is not kept beside the message
    let cases = [
        (true, false, posted(), None),
        (false, true, down(), Some(None)),
        (false, true, posted(), Some(Some(4))),
        (false, true, posted(), Some(Some(4))),
        (false, true, down(), Some(Some(4))),
        (true, false, posted(), None),
        (false, true, posted(), Some(Some(8))),
        (true, true, down(), Some(None)),
    ];
    for (second, (is_anew, is_more, attempt, expected)) in (1..).zip(cases) {
        match is_anew {
            true => store.revise_run("r1", message("deployed"), at(second)).await.unwrap(),
            false => damage(&store, "UPDATE deliveries SET revision = revision + 1, state = 'pending'"),
        }
        let claimed = store.claim(at(second), 1, BTreeMap::new()).await.unwrap().pop().expect("it is due");
        let arrived = claimed.own.as_ref().and_then(|own| own.arrived);
        let own = is_more.then(|| OwnMessage { message: message("deployed"), arrived });
        let text = is_more.then(|| message("deployed, and failed since"));
        let prepared = PreparedDelivery { message: text, own, ..PreparedDelivery::default() };
        store.prepare(claimed, prepared, at(second)).await.unwrap();
        store.attempted(&key, attempt, at(second)).await.unwrap();
        let own = store.delivery(&key).await.unwrap().unwrap().own;
        assert_eq!(own.map(|own| own.arrived), expected, "at {second}");
    }
}

fn key_of_run() -> ItemKey {
    running("r1").item.unwrap()
}

#[tokio::test]
async fn interrupted_run_becomes_unknown() {
    let store = Store::temporary(at(0)).unwrap();
    store.begin_run(running("ended"), None, at(0)).await.unwrap();
    store.begin_run(running("open"), None, at(0)).await.unwrap();
    store.end_run("ended", done("well"), None, at(1)).await.unwrap();

    let store = after_crash(&store, 60);
    let ids: Vec<_> = store.interrupted().iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids, ["open"]);
    let run = store.run("open").await.unwrap().unwrap();
    assert!(matches!(run.state, RunState::Unknown { .. }));
    assert_eq!(run.ended_at, Some(at(60)));
    assert_eq!(store.run("ended").await.unwrap().unwrap().state, done("well"));
    assert!(after_crash(&store, 90).interrupted().is_empty(), "reported once");
}

#[tokio::test]
async fn only_an_unknown_run_can_be_resolved_and_only_once() {
    let resolved = |ran| RunState::Resolved { ran, by: "kim".into(), at: at(70), why: "no answer".into() };
    let lost = RunState::Unknown { why: "no answer".into() };
    // how it ended, then whether a person may resolve it
    let cases = [
        (None, false),
        (Some(done("it is there")), false),
        (Some(RunState::Canceled { sent: true }), false),
        (Some(lost), true),
        (Some(resolved(true)), false),
    ];
    for (ended, taken) in cases {
        let store = Store::temporary(at(0)).unwrap();
        let post = Some((deploys(), message("deploying")));
        store.begin_run(running("r1"), post, at(0)).await.unwrap();
        let before = ended.clone().unwrap_or(RunState::Running);
        if let Some(state) = ended {
            store.end_run("r1", state, Some(message("ended")), at(60)).await.unwrap();
        }
        let run = store.run("r1").await.unwrap().unwrap();
        let deliveries = store.deliveries_of_run("r1").await.unwrap();
        assert_eq!(
            store.resolve_run("r1", resolved(false), message("it did not"), &ana(), at(70)).await.unwrap(),
            taken
        );
        let after = store.run("r1").await.unwrap().unwrap();
        assert_eq!(after, Run { state: if taken { resolved(false) } else { before }, ..run });
        let after_resolving = store.deliveries_of_run("r1").await.unwrap();
        assert_eq!(after_resolving.len(), 1);
        assert_eq!(after_resolving[0].message != deliveries[0].message, taken);
    }
    let store = Store::temporary(at(0)).unwrap();
    assert!(!store.resolve_run("none", resolved(true), message("it ran"), &ana(), at(70)).await.unwrap());
}

#[tokio::test]
async fn runs_in_doubt_are_found_by_each_item_that_they_are_on() {
    let lost = || RunState::Unknown { why: "no answer".into() };
    let resolved = RunState::Resolved { ran: true, by: "kim".into(), at: at(70), why: "no answer".into() };
    // a run, its items, how it ended
    let runs: [(&str, &[&str], Option<RunState>); 6] = [
        ("r1", &["a"], Some(lost())),
        ("r2", &["b", "a"], Some(lost())),
        ("r3", &["a"], Some(done("well"))),
        ("r4", &["a"], None),
        ("r5", &["c"], Some(resolved)),
        ("r6", &[], Some(lost())),
    ];
    let store = Store::temporary(at(0)).unwrap();
    let begin = async |second: i64, id: &str, items: &[&str], ended: Option<RunState>| {
        let items: std::collections::BTreeMap<_, _> =
            items.iter().map(|item| ((*item).to_owned(), firing(item))).collect();
        let item = items.values().next_back().map(|item| item.key.clone());
        let args = Args { items, ..Args::default() };
        let run = Run { args, item, started_at: at(second), ..running(id) };
        store.begin_run(run, None, at(second)).await.unwrap();
        if let Some(state) = ended {
            store.end_run(id, state, None, at(60)).await.unwrap();
        }
    };
    for (second, (id, items, ended)) in (1..).zip(runs) {
        begin(second, id, items, ended).await;
    }
    // However many have ended well since.
    for second in 10..30 {
        begin(second, &format!("later{second}"), &["a"], Some(done("well"))).await;
    }
    let found = store.runs_in_doubt().await.unwrap();
    let ids = |item: &str| -> Vec<String> {
        found.get(&key(item)).into_iter().flatten().map(|run| run.id.clone()).collect()
    };
    let cases: [(&str, &[&str]); 4] = [("a", &["r2", "r1"]), ("b", &["r2"]), ("c", &[]), ("d", &[])];
    for (item, expected) in cases {
        assert_eq!(ids(item), expected, "{item}");
    }
    // However many runs there are, only those few are read.
    let steps = |conn: &Connection| {
        let sql = format!("EXPLAIN QUERY PLAN SELECT n FROM runs WHERE {IN_DOUBT} ORDER BY n DESC");
        conn.query_row(&sql, [], |row| row.get::<_, String>(3))
    };
    let plan = store.read(steps).await.unwrap();
    assert!(plan.contains("runs_in_doubt"), "{plan}");
}

#[tokio::test]
async fn resolved_run_is_searchable_and_survives_a_crash() {
    let store = Store::temporary(at(0)).unwrap();
    store.begin_run(running("open"), None, at(0)).await.unwrap();
    let store = after_crash(&store, 60);
    let resolved = RunState::Resolved { ran: true, by: "kim".into(), at: at(70), why: "it ended".into() };
    assert!(store.resolve_run("open", resolved.clone(), message("it ran"), &ana(), at(70)).await.unwrap());
    let store = after_crash(&store, 90);
    assert!(store.interrupted().is_empty());
    let run = store.run("open").await.unwrap().unwrap();
    assert_eq!((run.state, run.ended_at), (resolved, Some(at(60))));
    while store.write(index_step).await.unwrap() {}
    let found = store.search("kim says it ran", 5).await.unwrap().runs;
    assert_eq!(found.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), ["open"]);
}

#[tokio::test]
async fn pending_run_that_ended_with_the_program_was_not_sent() {
    let store = Store::temporary(at(0)).unwrap();
    let pending = Run { state: RunState::Pending { until: at(5) }, ..running("r1") };
    store.begin_run(pending.clone(), None, at(0)).await.unwrap();
    store.begin_run(Run { id: "r2".into(), ..pending }, None, at(0)).await.unwrap();
    assert!(store.launch_run("r2", Some((deploys(), message("deploying"))), at(5)).await.unwrap());
    assert_eq!(store.run("r2").await.unwrap().unwrap().state, RunState::Running);
    assert_eq!(store.deliveries_of_run("r2").await.unwrap().len(), 1);

    let store = after_crash(&store, 60);
    let state = async |id: &str| store.run(id).await.unwrap().unwrap().state;
    assert_eq!(state("r1").await, RunState::Canceled { sent: false });
    assert!(matches!(state("r2").await, RunState::Unknown { .. }));
    assert!(!store.launch_run("r1", None, at(70)).await.unwrap(), "it has ended");
}

#[tokio::test]
async fn beginning_and_end_of_the_output_are_kept_and_nothing_twice() {
    let store = Store::temporary(at(0)).unwrap();
    store.begin_run(running("r1"), None, at(0)).await.unwrap();
    // Where each begins in the whole; what is known is not added again.
    for (begins, text) in [(0, "first\n"), (0, "first\n"), (6, "second\n"), (3, "st\nsecond\nthird\n")] {
        store.append_output("r1", begins, text.to_owned()).await.unwrap();
    }
    let output = store.stored_output("r1").await.unwrap().output;
    assert_eq!((output.since(0).as_str(), output.total()), ("first\nsecond\nthird\n", 19));

    let mut begins = output.total();
    for _ in 0..200 {
        let text = format!("{}é\n", "x".repeat(9_997));
        store.append_output("r1", begins, text.clone()).await.unwrap();
        begins += text.len() as u64;
    }
    store.append_output("r1", begins, "last\n".to_owned()).await.unwrap();
    let output = store.stored_output("r1").await.unwrap().output;
    assert_eq!(output.total(), begins + 5);
    let text = output.since(0);
    assert!(text.starts_with("first\nsecond\nthird\nxxx") && text.ends_with("é\nlast\n"));
    assert!(text.contains(" kB left out …"), "the gap is marked");
    assert!((1 << 19..=(1 << 20) + 100).contains(&text.len()), "bounded: {}", text.len());
    assert_eq!(output.since(begins), "last\n");

    // What memory had to drop before it could be stored counts as left out.
    store.append_output("r1", begins + 1_000_005, "x".repeat(1 << 20)).await.unwrap();
    let output = store.stored_output("r1").await.unwrap().output;
    assert_eq!(output.total(), begins + 1_000_005 + (1 << 20));
    assert_eq!(store.stored_output("none").await.unwrap().output, Output::default());
}

#[tokio::test]
async fn full_store_is_found_by_writing() {
    let store = Store::temporary(at(0)).unwrap();
    store.check_writing().await.unwrap();
    store.limit_growth(Some(0)).await;
    // The space that the first check has left is used up first.
    store.begin_run(running("r1"), None, at(0)).await.unwrap();
    let text = "x".repeat(1 << 20);
    assert!(matches!(store.append_output("r1", 0, text).await, Err(StoreError::Full { .. })));
    store.limit_growth(None).await;
    store.check_writing().await.unwrap();
}

/// Rules that post everything, for whom an acknowledgement is the doing of each run.
#[derive(Default)]
struct OfRuns(Everything);

impl Decide for OfRuns {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        self.0.decide(happened)
    }

    fn is_doing_of(&self, _: &Run, happened: NewEvent<'_>) -> bool {
        happened.event.name == EventName::Acknowledged
    }
}

#[tokio::test]
async fn event_of_a_run_joins_the_run_message_in_its_channel() {
    let elsewhere: Address = "room:elsewhere".parse().unwrap();
    // where the run is posted, whether that is given up -> the messages of the rules, and what the run's message reports too
    let acknowledged = "disk is filling up on a in storage was acknowledged";
    let cases = [
        (Some(deploys()), false, 1, Some(acknowledged)),
        (Some(deploys()), true, 2, None),
        (Some(elsewhere), false, 2, Some(acknowledged)),
        (None, false, 2, None),
    ];
    for (post, given_up, expected, reported) in cases {
        let store = watching().await;
        let rules: Arc<dyn Decide> = Arc::new(OfRuns::default());
        store.ingest(&pager(), hook("1", vec![firing("a")]), at(100), rules.clone()).await.unwrap();
        let run = Run { started_at: at(110), ..running("r1") };
        let post = post.map(|to| (to, message("silencing")));
        let key = store.begin_run(run, post, at(110)).await.unwrap();
        if let Some(key) = key.filter(|_| given_up) {
            for delivery in store.claim(at(111), 10, Default::default()).await.unwrap() {
                let why = ServiceError::rejected("no such channel");
                store.attempted(&delivery.key, Attempt::Failed(why), at(111)).await.unwrap();
            }
            // It waited behind the rule's.
            for delivery in store.claim(at(112), 10, Default::default()).await.unwrap() {
                assert_eq!(delivery.key, key);
                let why = ServiceError::rejected("no such channel");
                store.attempted(&delivery.key, Attempt::Failed(why), at(112)).await.unwrap();
            }
        }
        let held = alert("a", IncidentStatus::Acknowledged, 120);
        let taken = store.ingest(&pager(), hook("2", vec![held]), at(120), rules).await.unwrap();
        assert_eq!(taken.events.len(), 1, "it is on the record all the same");
        let alarms = alarms(&store).await;
        let alarms: Vec<_> = alarms.iter().map(|event| event.name).collect();
        assert_eq!(alarms, [EventName::Triggered], "nobody is alarmed by what they did");
        let of_events = |it: &&Delivery| matches!(it.about, About::Event(_));
        let all = store.deliveries(10).await.unwrap();
        assert_eq!(all.iter().filter(of_events).count(), expected, "{all:#?}");
        assert_eq!(store.reported_of_run("r1").await.unwrap().as_deref(), reported);
        let of_run = store.deliveries_of_run("r1").await.unwrap();
        assert!(of_run.iter().all(|it| it.about == About::Run("r1".into())), "{of_run:#?}");
    }
}

#[tokio::test]
async fn effect_that_nobody_in_particular_had_is_a_runs_doing_once() {
    let store = watching().await;
    let rules: Arc<dyn Decide> = Arc::new(OfRuns::default());
    store.ingest(&pager(), hook("1", vec![firing("a")]), at(100), rules.clone()).await.unwrap();
    store.begin_run(Run { started_at: at(110), ..running("r1") }, None, at(110)).await.unwrap();
    let then = [
        (IncidentStatus::Acknowledged, 120),
        (IncidentStatus::Triggered, 125),
        (IncidentStatus::Acknowledged, 130),
    ];
    for (status, second) in then {
        let report = hook(&second.to_string(), vec![alert("a", status, second)]);
        store.ingest(&pager(), report, at(second), rules.clone()).await.unwrap();
    }
    let alarms = alarms(&store).await;
    let alarms: Vec<_> = alarms.iter().map(|event| event.name).collect();
    let expected = [EventName::Triggered, EventName::Unacknowledged, EventName::Acknowledged];
    assert_eq!(alarms, expected, "the second acknowledgement is somebody else's");
}

/// What is still to be notified.
async fn alarms(store: &Store) -> Vec<Event> {
    let pending = store.pending_notices().await.unwrap();
    store.events_by_ids(pending.iter().map(|it| it.event).collect()).await.unwrap()
}

/// Rules that post everything, for whom it is the doing of a run that what it began has begun.
#[derive(Default)]
struct OfBeginnings(Everything);

impl Decide for OfBeginnings {
    fn decide(&self, happened: NewEvent<'_>) -> EventDecision {
        self.0.decide(happened)
    }

    fn is_doing_of(&self, run: &Run, happened: NewEvent<'_>) -> bool {
        run.did(None, happened.event, happened.me)
    }
}

#[tokio::test]
async fn beginning_of_an_item_joins_the_message_of_the_run_that_began_it() {
    use EventName::{Acknowledged, Triggered};
    // what the run says that it began -> what the person is notified of, how many messages of rules there are
    let cases: [(Option<&str>, &[EventName], usize); 3] = [
        (Some("a"), &[Acknowledged], 1),
        (Some("b"), &[Triggered, Acknowledged], 2),
        (None, &[Triggered, Acknowledged], 2),
    ];
    for (began, expected, posted) in cases {
        let store = watching().await;
        let rules: Arc<dyn Decide> = Arc::new(OfBeginnings::default());
        let run = Run { item: None, started_at: at(90), ..running("r1") };
        let post = Some((deploys(), message("triggering")));
        let of_run = store.begin_run(run, post, at(90)).await.unwrap().unwrap();
        let state = RunState::Done { outcome: Outcome::ok("it has begun").with_began(began.map(key)) };
        assert!(store.end_run("r1", state, Some(message("it has begun")), at(101)).await.unwrap());
        store.ingest(&pager(), hook("1", vec![firing("a")]), at(102), rules.clone()).await.unwrap();
        // A colleague takes it.
        let taken = alert("a", IncidentStatus::Acknowledged, 120);
        store.ingest(&pager(), hook("2", vec![taken]), at(120), rules).await.unwrap();

        let alarms = alarms(&store).await;
        let alarms: Vec<_> = alarms.iter().map(|event| event.name).collect();
        assert_eq!(alarms, expected, "{began:?}");
        let all = store.deliveries(10).await.unwrap();
        let news: Vec<_> = all.iter().filter(|it| matches!(it.about, About::Event(_))).collect();
        assert_eq!(news.len(), posted, "{began:?}: {news:#?}");
        let is_own = began == Some("a");
        assert_eq!(news.iter().any(|it| it.root.as_ref() == Some(&of_run)), is_own, "{began:?}: {news:#?}");
        assert_eq!(store.runs_of(&key("a"), 5).await.unwrap().len(), usize::from(is_own), "{began:?}");
        assert_eq!(store.reported_of_run("r1").await.unwrap().is_some(), is_own, "{began:?}");
    }
}
