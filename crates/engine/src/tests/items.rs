//! One item: what can be done with it, how long it is off the board, its log.

use callboard_domain::{
    command::Role,
    source::{Gone, GoneReason},
};

use super::{find::with_commands, *};
use crate::api::{
    BoardQuery, FollowLog, ItemLog, ItemQuery, LogLine, Quiet, RunsQuery, Snooze, Snoozed, Unsnooze,
};

#[tokio::test]
async fn first_action_is_the_most_likely_one() {
    let it = with_commands().await;
    let cases: [(&[BuildStatus], &[&str]); 3] = [
        (&[BuildStatus::Failed], &["again", "why", "blame"]),
        // What is under way is not run again.
        (&[BuildStatus::Failed, BuildStatus::Running], &["why", "blame"]),
        (&[BuildStatus::Failed, BuildStatus::Passed], &["why", "again", "blame"]),
    ];
    for (statuses, expected) in cases {
        it.report([build("acme/web", statuses)]).await;
        let detail = it.call(ItemQuery::of("web main")).await.unwrap();
        let names: Vec<&str> = detail.actions.iter().map(|it| it.command.as_str()).collect();
        assert_eq!(names, expected, "{statuses:?}");
        // One that has more to say cannot run yet.
        for action in detail.actions {
            assert_eq!(action.complete, action.command != "blame", "{}", action.line);
            assert_eq!(action.line, format!("{} acme/web/ci@main", action.command));
        }
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn item_shows_until_when_it_is_snoozed() {
    let it = Scene::serving().await;
    it.report([build("acme/web", &[BuildStatus::Failed])]).await;
    let snoozed = async || it.call(ItemQuery::of("web main")).await.unwrap().snoozed;
    assert_eq!(snoozed().await, None);
    let snooze = async |until| it.call(Snooze { item: "web main".into(), until }).await.unwrap();
    snooze(None).await;
    assert_eq!(snoozed().await, Some(Snoozed::UntilChange));
    let later = Timestamp::from_second(Timestamp::now().as_second() + 600).unwrap();
    snooze(Some(later)).await;
    assert_eq!(snoozed().await, Some(Snoozed::Until(later)));
    let key = build("acme/web", &[BuildStatus::Failed]).key;
    let over = crate::store::Snooze::Until(Timestamp::now());
    it.engine.store().snooze(&key, Some(over), &it.engine.actor(LocalVia::Cli), at(0)).await.unwrap();
    assert_eq!(snoozed().await, None, "that is over");
    it.engine.stop().await;
}

#[tokio::test]
async fn a_log_is_looked_at_without_a_run() {
    let it = with_commands().await;
    let red = build("acme/web", &[BuildStatus::Failed]);
    let key = red.key.clone();
    it.report([red, pull(1, "Try it", &[])]).await;
    let tail = it.call(ItemLog { item: key }).await.unwrap().unwrap();
    let lines: Vec<(&str, bool)> = tail.lines.iter().map(|line| (line.text.as_str(), line.error)).collect();
    assert_eq!(
        lines,
        [("compiling acme/web/ci@main", false), ("error: no such thing", true), ("ended", false)]
    );
    assert!(!tail.cut);
    assert!(
        it.call(RunsQuery { limit: 10, before: None }).await.unwrap().is_empty(),
        "nothing is on the record"
    );

    let pull = pull(1, "", &[]).key;
    assert_eq!(it.call(ItemLog { item: pull }).await.unwrap(), None, "nothing shows its log");
    let unknown = "forge/build/nothing".parse().unwrap();
    assert!(it.call(ItemLog { item: unknown }).await.is_err());
    let roles: BTreeSet<Option<Role>> =
        it.engine.active().registry.entries().iter().map(|entry| entry.spec.role).collect();
    assert_eq!(roles, [None, Some(Role::Again), Some(Role::Log)].into());
    it.engine.stop().await;
}

#[tokio::test]
async fn a_whole_log_is_followed_to_its_end() {
    let it = with_commands().await;
    let red = build("acme/web", &[BuildStatus::Failed]);
    let key = red.key.clone();
    it.report([red, pull(1, "Try it", &[])]).await;
    let follow = async |reading, seen| {
        it.call(FollowLog { item: key.clone(), reading, seen }).await.map(Option::unwrap)
    };
    let mut progress = follow(None, 0).await.unwrap();
    let (reading, mut lines) = (progress.reading, std::mem::take(&mut progress.lines));
    while !progress.over {
        progress = follow(Some(reading), progress.seen).await.unwrap();
        lines.append(&mut progress.lines);
    }
    let line = |text: &str, error| LogLine { text: text.into(), error };
    assert_eq!(
        lines,
        [line("compiling acme/web/ci@main", false), line("error: no such thing", true), line("ended", false)]
    );
    assert_eq!((progress.seen, progress.dropped, progress.error), (3, 0, None));
    assert!(
        it.call(RunsQuery { limit: 10, before: None }).await.unwrap().is_empty(),
        "nothing is on the record"
    );
    assert!(follow(Some(reading), 3).await.is_err(), "its reading has ended");

    let pull = pull(1, "", &[]).key;
    let none = FollowLog { item: pull, reading: None, seen: 0 };
    assert_eq!(it.call(none).await.unwrap(), None, "it has no log");
    it.engine.stop().await;
}

#[tokio::test]
async fn gone_item_has_its_reason_and_time() {
    let it = Scene::serving().await;
    let red = build("acme/web", &[BuildStatus::Failed]);
    it.report([red.clone()]).await;
    let ask = async || it.call(ItemQuery::of(red.key.to_string())).await.unwrap().gone;
    assert_eq!(ask().await, None);
    let cases = [
        (GoneReason::BranchDeleted, "its branch was deleted", "branch_deleted"),
        (GoneReason::Renamed { to: "acme/site/ci@main".into() }, "renamed to acme/site/ci@main", "renamed"),
    ];
    for (reason, why, word) in cases {
        let gone = Gone { key: red.key.clone(), reason: reason.clone() };
        let batch = Batch { gone: vec![gone], ..Batch::default() };
        let account = &red.key.account;
        let (watcher, now) = (&it.engine.inner.watcher, Timestamp::now());
        watcher.ingest(account, batch, Watched::all(), now, Default::default()).await.unwrap();
        let gone = ask().await.expect("it is gone");
        assert_eq!((&gone.reason, gone.why.as_str()), (&reason, why));
        let json = serde_json::to_value(&gone).unwrap();
        assert_eq!((json["reason"].as_str(), json["why"].as_str()), (Some(word), Some(why)), "{json}");
        let board = it.call(BoardQuery::default()).await.unwrap();
        assert_eq!(board.summary.failing, 0, "{why}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn gone_item_offers_no_actions() {
    let it = with_commands().await;
    let red = build("acme/web", &[BuildStatus::Failed]);
    let offered = async || {
        let detail = it.call(ItemQuery::of(red.key.to_string())).await.unwrap();
        detail.actions.into_iter().map(|action| action.command).collect::<Vec<_>>()
    };
    // Why it is gone -> what is offered: its log at most.
    let renamed = GoneReason::Renamed { to: "acme/site/ci@main".into() };
    let cases: [(GoneReason, &[&str]); 7] = [
        (GoneReason::Deleted, &[]),
        (GoneReason::NotListed, &["why"]),
        (GoneReason::Disabled, &["why"]),
        (GoneReason::BranchDeleted, &["why"]),
        (GoneReason::NotDefaultBranch, &["why"]),
        (GoneReason::NotWatched, &["why"]),
        (renamed, &["why"]),
    ];
    for (reason, expected) in cases {
        it.report([red.clone()]).await;
        assert_eq!(offered().await, ["again", "why", "blame"], "{reason:?}");
        let gone = Gone { key: red.key.clone(), reason: reason.clone() };
        let batch = Batch { gone: vec![gone], ..Batch::default() };
        let account = &red.key.account;
        let (watcher, now) = (&it.engine.inner.watcher, Timestamp::now());
        watcher.ingest(account, batch, Watched::all(), now, Default::default()).await.unwrap();
        assert_eq!(offered().await, expected, "{reason:?}");
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn unsnoozing_an_unsnoozed_item_and_snoozing_until_the_past_are_refused() {
    let it = Scene::serving().await;
    it.report([build("acme/web", &[BuildStatus::Failed])]).await;
    let item = || "web main".to_owned();
    let error = it.call(Unsnooze { item: item() }).await.unwrap_err().to_string();
    assert_eq!(error, "acme/web/ci@main is not snoozed");
    let past = Some(Timestamp::UNIX_EPOCH);
    let error = it.call(Snooze { item: item(), until: past }).await.unwrap_err().to_string();
    assert_eq!(error, "1970-01-01T00:00:00Z is past: name a time to come");
    assert!(it.call(Quiet { until: past }).await.is_err());
    it.call(Snooze { item: item(), until: None }).await.unwrap();
    it.call(Unsnooze { item: item() }).await.unwrap();
    assert!(it.call(Unsnooze { item: item() }).await.is_err(), "once is enough");
    it.engine.stop().await;
}

#[tokio::test]
async fn item_shows_the_same_as_its_row_on_the_board() {
    let it = Scene::serving().await;
    it.report([build("acme/web", &[BuildStatus::Failed])]).await;
    let row = it.call(BoardQuery::default()).await.unwrap().sections.remove(0).rows.remove(0);
    let detail = it.call(ItemQuery::of("web main")).await.unwrap();
    assert_eq!(detail.row, Some(row));
    it.engine.stop().await;
}

#[tokio::test]
async fn review_request_to_others_ends_no_snooze() {
    let config = |when: &str| format!("[[rules]]\nname = \"mine\"\nwhen = '{when}'\ndo = \"notify\"\n");
    // a rule, who is asked then -> whether the pull request is back, and what the desktop shows
    let others = "of_ids.exists(who, who == \"cy\")";
    let cases: [(&str, &[&str], bool, &[&str]); 5] = [
        ("false", &["cy"], false, &[]),
        ("event == \"review_requested\"", &["cy"], false, &[]),
        ("false", &["ana", "cy"], true, &["bo asks for your review of acme/web#7 Try it"]),
        (others, &["cy"], true, &["bo asks cy for a review of acme/web#7 Try it"]),
        (others, &["dee"], false, &[]),
    ];
    for (when, who, back, shown) in cases {
        let it = Scene::open(&config(when), Mode::Serve, &[]).await;
        it.report([pull(7, "Try it", &[])]).await;
        let snooze = Snooze { item: "acme/web#7".into(), until: None };
        it.call(snooze).await.unwrap();
        let mut asked = pull(7, "Try it", who);
        if let Detail::PullRequest(pull) = &mut asked.detail {
            pull.updated_at = Timestamp::now();
        }
        it.report([asked]).await;
        let detail = it.call(ItemQuery::of("acme/web#7")).await.unwrap();
        assert_eq!(detail.snoozed.is_none(), back, "{when}, {who:?}");
        let of: Vec<&str> = detail.events.iter().flat_map(|it| &it.of).map(|it| it.id.as_str()).collect();
        let mut recorded = of.clone();
        recorded.sort_unstable();
        assert_eq!(recorded, who, "each is on the record, whoever is notified");
        until("it is shown", async || it.host.shown() == shown).await;
        it.engine.stop().await;
    }
}

#[tokio::test]
async fn what_names_no_item_is_refused_with_the_one_that_it_begins_to_name() {
    let it = Scene::serving().await;
    it.report([incident("db1", IncidentStatus::Triggered, 1), pull(1, "Try it", &[])]).await;
    // what is typed -> what is proposed
    let cases = [
        ("Disk of db1 was", Some("Disk of db1 is full")),
        ("disk of db1 is empty", Some("Disk of db1 is full")),
        ("acme/web#1 please", Some("acme/web#1")),
        // Less than half of it names something.
        ("db1 was never there", None),
        ("nothing like it", None),
        ("nothing", None),
    ];
    for (typed, nearest) in cases {
        let error = it.call(ItemQuery::of(typed)).await.unwrap_err().to_string();
        let more = match nearest {
            Some(nearest) => format!("; did you mean {nearest:?}?"),
            None => "; see: callboard board --all".to_owned(),
        };
        assert_eq!(error, format!("there is no item {typed:?}{more}"));
        if let Some(nearest) = nearest {
            it.call(ItemQuery::of(nearest)).await.unwrap();
        }
    }
    it.engine.stop().await;
}

#[tokio::test]
async fn an_item_is_named_however_many_are_open() {
    let it = Scene::serving().await;
    let count = usize::try_from(crate::store::BOARD).unwrap() + 5;
    let name = |n: usize| format!("db{n:05}");
    let all: Vec<Item> = (0..count).map(|n| incident(&name(n), IncidentStatus::Triggered, 1)).collect();
    it.report([all[0].clone()]).await;
    // In one step.
    let batch = Batch { snapshots: all, ..Batch::default() };
    let watcher = &it.engine.inner.watcher;
    let now = Timestamp::now();
    watcher.ingest(&"pager".into(), batch, Watched::all(), now, Default::default()).await.unwrap();
    for id in [0, count / 2, count - 1].map(name) {
        for typed in [id.clone(), format!("disk of {id}"), format!("full {}", id.to_uppercase())] {
            let found = it.call(ItemQuery::of(typed.clone())).await.unwrap();
            assert_eq!(found.item.key.id, id, "{typed}");
        }
    }
    let error = it.call(ItemQuery::of("disk full")).await.unwrap_err().to_string();
    let first = "db00000 (Disk of db00000 is full), db00001 (";
    assert!(error.contains(first) && error.contains("and 995 more"), "{error}");
    it.engine.stop().await;
}
