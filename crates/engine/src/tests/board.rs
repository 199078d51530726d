//! The board: what is ranked and cut, what is not seen, what became of rows that left it; and lists in pages.

use std::collections::BTreeMap;

use callboard_domain::{
    board::{NotSeenKind, RunInDoubt, Snoozed},
    error::ServiceError,
    run::{Run, RunState},
    source::{GoneReason, Problem, ProblemKind, Progress},
};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::method};

use super::*;
use crate::{
    api::{
        AccountsQuery, BoardQuery, BuiltinRoomQuery, DeliveriesQuery, EventsQuery, LONGEST_LIST,
        OffBoardQuery, OffBoardReason, PollNow, Post, Reload, RunsQuery, Search, SearchHit, Snooze,
        SnoozeTimes, StatusQuery, TrayIcon, Unsnooze,
    },
    store,
};

/// A feed on a port that nothing listens on: it is never read.
const FEED: &str = "[accounts.feed]\nservice = \"cctray\"\nurl = \"http://127.0.0.1:1/cc.xml\"\n";

async fn board(it: &Scene) -> callboard_domain::board::Board {
    it.call(BoardQuery::default()).await.unwrap()
}

/// A poll of the feed that found nothing but these problems.
async fn read_feed(it: &Scene, problems: Vec<Problem>, began_at: Timestamp) {
    let batch = Batch { problems, ..Batch::default() };
    let watcher = &it.engine.inner.watcher;
    watcher.ingest(&"feed".into(), batch, Watched::all(), began_at, Default::default()).await.unwrap();
}

#[tokio::test]
async fn empty_board_names_what_it_does_not_see() {
    let it = Scene::open(FEED, Mode::Once, &[]).await;
    let not_seen = async || {
        let found = board(&it).await.not_seen.into_iter();
        found.map(|it| (it.kind, it.part, it.since)).collect::<Vec<_>>()
    };
    let status = async || {
        let status = it.call(StatusQuery {}).await.unwrap();
        (status.icon, status.summary)
    };
    assert_eq!(not_seen().await, [(NotSeenKind::Reading, String::new(), None)]);
    let first = "Nothing needs you in what is seen. Not seen: feed";
    assert_eq!(status().await, (TrayIcon::Partial, first.to_owned()));

    let began = at(0);
    let hidden = || vec![Problem::new(ProblemKind::NotSeen, "acme/secret", "403")];
    read_feed(&it, hidden(), began).await;
    read_feed(&it, hidden(), at(60)).await;
    let part = (NotSeenKind::Part, "acme/secret".to_owned(), Some(began));
    assert_eq!(not_seen().await, [part], "since the first poll that had it");
    let named = "Nothing needs you in what is seen. Not seen: acme/secret";
    assert_eq!(status().await, (TrayIcon::Partial, named.to_owned()));

    read_feed(&it, vec![Problem::new(ProblemKind::Details, "acme/web", "no jobs")], at(70)).await;
    assert_eq!(not_seen().await, [], "every row is there");
    assert_eq!(status().await, (TrayIcon::Calm, "Nothing needs you".to_owned()));

    let down = ServiceError::unavailable("no route");
    it.engine.store().poll_failed(&"feed".into(), down, at(80)).await.unwrap();
    assert_eq!(not_seen().await, [(NotSeenKind::Down, String::new(), Some(at(80)))]);
    assert_eq!(status().await.0, TrayIcon::Offline);
    it.engine.stop().await;
}

/// The accounts, and whether each poll of the feed was answered -> what the tray and the window show.
#[tokio::test]
async fn board_is_calm_only_where_an_account_is_watched_and_can_be_read() {
    use TrayIcon::{Calm, Offline, Partial};
    type Case<'a> = (&'a str, &'a [bool], TrayIcon, &'a str, usize);
    let chat = "[accounts.chat]\nservice = \"slack\"\n";
    let both = format!("{FEED}{chat}");
    let (calm, unwatched) = ("Nothing needs you", "Nothing is watched");
    let unseen = "Nothing needs you in what is seen. Not seen: feed";
    let cases: [Case<'_>; 7] = [
        ("", &[], Partial, unwatched, 0),
        (chat, &[], Partial, unwatched, 0),
        (FEED, &[], Partial, unseen, 0),
        (FEED, &[true], Calm, calm, 1),
        // The chat's token is not set: nothing on the board is missing for that.
        (both.as_str(), &[true], Calm, calm, 1),
        (both.as_str(), &[true, false], Offline, unseen, 0),
        (both.as_str(), &[true, false, true], Calm, calm, 1),
    ];
    for (config, polls, icon, summary, watched) in cases {
        let it = Scene::open(config, Mode::Once, &[]).await;
        for (minute, answered) in (0..).zip(polls) {
            let at = at(60 * minute);
            if *answered {
                read_feed(&it, Vec::new(), at).await;
            } else {
                let down = ServiceError::unavailable("no route");
                it.engine.store().poll_failed(&"feed".into(), down, at).await.unwrap();
            }
        }
        let status = it.call(StatusQuery {}).await.unwrap();
        let found = (status.icon, status.summary.as_str(), status.watched);
        assert_eq!(found, (icon, summary, Some(watched)), "{config} {polls:?}");
        it.engine.stop().await;
    }
}

#[tokio::test]
async fn source_read_in_parts_is_incomplete_until_its_first_full_read() {
    let server = MockServer::start().await;
    let feed = ResponseTemplate::new(200).set_body_raw("<Projects></Projects>", "application/xml");
    Mock::given(method("GET")).respond_with(feed).mount(&server).await;
    let config = |more: &str| {
        format!("[accounts.feed]\nservice = \"cctray\"\nurl = \"{}/cc.xml\"\n{more}", server.uri())
    };
    let it = Scene::open(&config(""), Mode::Once, &[]).await;
    // A poll that has more to read.
    let read_part = async || {
        let batch = Batch { partial: Some(Progress { done: 40, total: 200 }), ..Batch::default() };
        it.engine
            .inner
            .watcher
            .ingest(&"feed".into(), batch, Watched::all(), Timestamp::now(), Default::default())
            .await
            .unwrap();
    };
    let not_seen = async || {
        let found = board(&it).await.not_seen.iter().map(ToString::to_string).collect::<Vec<_>>();
        let accounts = it.call(AccountsQuery {}).await.unwrap();
        assert_eq!(accounts[0].reading.is_some(), !found.is_empty(), "they say the same: {found:?}");
        found
    };
    let reading = ["feed is being read: 40 of 200 are read"];
    read_part().await;
    assert_eq!(not_seen().await, reading);
    it.call(PollNow { account: None }).await.unwrap();
    assert_eq!(not_seen().await, [""; 0]);
    read_part().await;
    assert_eq!(not_seen().await, [""; 0], "all of it is known");
    // The other watched accounts are not.
    std::fs::write(it.folder.path().join("callboard.toml"), config("every = \"7m\"\n")).unwrap();
    it.call(Reload {}).await.unwrap();
    read_part().await;
    assert_eq!(not_seen().await, reading);
    it.engine.stop().await;
}

#[tokio::test]
async fn rows_of_an_account_that_is_down_carry_their_age() {
    let it = Scene::open(FEED, Mode::Once, &[]).await;
    let mut red = build("acme/web", &[BuildStatus::Failed]);
    red.key.account = "feed".into();
    it.report([red]).await;
    let as_of = async || board(&it).await.sections[0].rows[0].as_of;
    assert_eq!(as_of().await, None);
    read_feed(&it, Vec::new(), at(0)).await;
    it.engine
        .store()
        .poll_failed(&"feed".into(), ServiceError::unavailable("no route"), at(9))
        .await
        .unwrap();
    assert_eq!(as_of().await, Some(at(0)));
    read_feed(&it, Vec::new(), at(20)).await;
    assert_eq!(as_of().await, None);
    it.engine.stop().await;
}

#[tokio::test]
async fn rows_of_a_part_that_is_not_seen_carry_the_age_of_its_last_reading() {
    let it = Scene::open(FEED, Mode::Once, &[]).await;
    let red = |repo: &str| {
        let mut red = build(repo, &[BuildStatus::Failed]);
        red.key.account = "feed".into();
        red
    };
    it.report([red("acme/web"), red("acme/api")]).await;
    let ages = async || {
        let board = board(&it).await;
        let rows = board.sections.iter().flat_map(|section| &section.rows);
        let ages: BTreeMap<_, _> = rows.map(|row| (row.key.id.clone(), row.as_of)).collect();
        ["acme/web/ci@main", "acme/api/ci@main"].map(|id| ages[id])
    };
    let problem = |kind, part: &str, of| vec![Problem::new(kind, part, "403").of_kind(of)];
    let unseen = |of| problem(ProblemKind::NotSeen, "acme/web", of);
    // when a poll began, the problem that it had -> how old the rows of acme/web and of acme/api are
    let steps = [
        (0, Vec::new(), [None, None]),
        (10, unseen(None), [Some(at(0)), None]),
        // Of two polls that did not see it neither is when it was read.
        (20, unseen(None), [Some(at(0)), None]),
        (30, Vec::new(), [None, None]),
        (40, unseen(Some(Kind::PullRequest)), [None, None]),
        (50, unseen(Some(Kind::Build)), [Some(at(40)), None]),
        (60, problem(ProblemKind::Incomplete, "acme/web", None), [None, None]),
        (70, problem(ProblemKind::NotSeen, "", None), [None, None]),
        (80, unseen(None), [Some(at(70)), None]),
    ];
    for (began, problems, expected) in steps {
        read_feed(&it, problems, at(began)).await;
        assert_eq!(ages().await, expected, "at {began}");
    }
    let down = ServiceError::unavailable("no route");
    it.engine.store().poll_failed(&"feed".into(), down, at(90)).await.unwrap();
    assert_eq!(ages().await, [Some(at(70)), Some(at(80))]);
    it.engine.stop().await;
}

#[tokio::test]
async fn all_open_items_are_ranked_before_the_board_is_cut() {
    let it = Scene::serving().await;
    let account: AccountName = "pager".into();
    it.engine.store().watch(&account, Timestamp::UNIX_EPOCH).await.unwrap();
    // The critical one is the first that is recorded: whatever changed later would push it off a list by time.
    let alert = |n: usize, severity| {
        let mut item = incident(&format!("{n:05}"), IncidentStatus::Triggered, 1);
        if let Detail::Incident(incident) = &mut item.detail {
            incident.severity = severity;
        }
        item
    };
    let critical = Batch { snapshots: vec![alert(0, Severity::Critical)], ..Batch::default() };
    let (watcher, now) = (&it.engine.inner.watcher, Timestamp::now());
    watcher.ingest(&account, critical, Watched::all(), now, Default::default()).await.unwrap();
    let others = (1..1_200).map(|n| alert(n, Severity::Info)).collect();
    let batch = Batch { snapshots: others, ..Batch::default() };
    watcher.ingest(&account, batch, Watched::all(), Timestamp::now(), Default::default()).await.unwrap();
    let found = board(&it).await;
    let section = &found.sections[0];
    assert_eq!((section.total, section.shown, section.rows.len()), (1_200, 1_000, 1_000));
    assert_eq!(section.rows[0].key.id, "00000");
    assert_eq!(found.summary.incidents, 1_200);

    // What changes is ranked again; what is over is in no count.
    it.report([
        incident("00000", IncidentStatus::Resolved, 2),
        incident("01199", IncidentStatus::Acknowledged, 2),
    ])
    .await;
    let found = board(&it).await;
    assert_eq!(
        (found.sections[0].total, found.summary.incidents, found.summary.acknowledged),
        (1_199, 1_199, 1)
    );
    it.engine.stop().await;
}

#[tokio::test]
async fn turn_depends_on_the_identity() {
    let it = Scene::serving().await;
    it.report([pull(7, "Try it", &["kim"])]).await;
    let needs = async |login: &str| {
        let me = Identity { login: login.into(), ..Identity::default() };
        it.engine.store().identified(&"forge".into(), me, None, Timestamp::now()).await.unwrap();
        board(&it).await.summary.needs_you
    };
    assert_eq!((needs("ana").await, needs("kim").await, needs("ana").await), (0, 1, 0));
    it.engine.stop().await;
}

#[tokio::test]
async fn item_off_the_board_has_its_reason() {
    let it = Scene::open("[accounts.forge]\nservice = \"http\"\nurl = \"http://127.0.0.1:1\"\n[accounts.pager]\nservice = \"http\"\nurl = \"http://127.0.0.1:1\"\n", Mode::Once, &[]).await;
    let ended = |number: u64, state| {
        let mut item = pull(number, "Try it", &["ana"]);
        if let Detail::PullRequest(pull_request) = &mut item.detail {
            pull_request.state = state;
        }
        item
    };
    it.report([
        build("acme/green", &[BuildStatus::Passed]),
        build("acme/red", &[BuildStatus::Failed]),
        build("acme/stopped", &[BuildStatus::Canceled]),
        ended(1, PullRequestState::Merged),
        ended(2, PullRequestState::Closed),
        ended(3, PullRequestState::Open),
        incident("over", IncidentStatus::Resolved, 1),
        incident("snoozed", IncidentStatus::Triggered, 1),
    ])
    .await;
    it.call(Snooze { item: "pager/incident/snoozed".into(), until: None }).await.unwrap();
    let cases = [
        ("forge/build/acme/green/ci@main", OffBoardReason::Passed),
        ("forge/build/acme/red/ci@main", OffBoardReason::Open),
        ("forge/build/acme/stopped/ci@main", OffBoardReason::Canceled),
        ("forge/build/acme/never/ci@main", OffBoardReason::Unknown),
        ("forge/pull_request/acme/web#1", OffBoardReason::Merged),
        ("forge/pull_request/acme/web#2", OffBoardReason::Closed),
        ("forge/pull_request/acme/web#3", OffBoardReason::Open),
        ("pager/incident/over", OffBoardReason::Resolved),
        ("pager/incident/snoozed", OffBoardReason::Snoozed),
        ("old/build/acme/web/ci@main", OffBoardReason::Gone(GoneReason::NotWatched)),
    ];
    let items = cases.iter().map(|(key, _)| key.parse().unwrap()).collect();
    let found = it.call(OffBoardQuery { items }).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|it| (it.item.to_string(), it.why)).collect();
    assert_eq!(found, cases.map(|(key, why)| (key.to_owned(), why)));
    it.engine.stop().await;
}

#[tokio::test]
async fn snoozed_item_is_listed_and_comes_back() {
    let it = Scene::serving().await;
    it.report([incident("a", IncidentStatus::Triggered, 1), incident("b", IncidentStatus::Triggered, 1)])
        .await;
    let shown = async |snoozed| {
        let found = it.call(BoardQuery { snoozed, ..BoardQuery::default() }).await.unwrap();
        let rows = found.sections.into_iter().flat_map(|section| {
            let title = section.title;
            section.rows.into_iter().map(move |row| (title.clone(), row.key.id, row.snoozed))
        });
        rows.collect::<Vec<_>>()
    };
    let open = |id: &str| ("Incidents".to_owned(), id.to_owned(), None);
    let later = Timestamp::from_second(Timestamp::now().as_second() + 3_600).unwrap();
    it.call(Snooze { item: "pager/incident/a".into(), until: Some(later) }).await.unwrap();
    assert_eq!(shown(false).await, [open("b")]);
    let snoozed = ("Snoozed".to_owned(), "a".to_owned(), Some(Snoozed::Until(later)));
    assert_eq!(shown(true).await, [open("b"), snoozed]);
    // Its time comes: the store wakes those who wait for a change.
    let mut changed = it.engine.store().changed();
    changed.mark_unchanged();
    assert_eq!(it.engine.store().wake(later - Duration::from_secs(1)).await, Ok(Some(later)));
    assert!(!changed.has_changed().unwrap(), "it is not time yet");
    assert_eq!(it.engine.store().wake(later).await, Ok(None));
    assert!(changed.has_changed().unwrap());
    assert_eq!(shown(true).await, [open("a"), open("b")]);

    it.call(Snooze { item: "pager/incident/b".into(), until: None }).await.unwrap();
    assert_eq!(shown(false).await, [open("a")]);
    it.call(Unsnooze { item: "pager/incident/b".into() }).await.unwrap();
    assert_eq!(shown(false).await, [open("a"), open("b")]);
    let offered = it.call(SnoozeTimes::default()).await.unwrap();
    assert!(offered.iter().any(|it| it.name == "tomorrow" && it.until.is_some()), "{offered:?}");
    it.engine.stop().await;
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    let it = Scene::serving().await;
    for n in 1..=5 {
        it.report([incident(&format!("db{n}"), IncidentStatus::Triggered, 1)]).await;
        let post = Post { channel: "room:general".into(), text: format!("text {n}"), item: None };
        it.call(post).await.unwrap();
    }
    let events = async |before, limit| {
        let query = EventsQuery { after: None, before, since: None, limit };
        let found = it.call(query).await.unwrap();
        found.events.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let all = events(None, 10).await;
    assert_eq!(all.len(), 5);
    assert_eq!(events(None, 2).await, all[3..]);
    assert_eq!(events(Some(all[3]), 2).await, all[1..3]);
    assert_eq!(events(Some(all[1]), 2).await, all[..1]);

    let deliveries = async |before, limit, pending| {
        let found = it.call(DeliveriesQuery { pending, limit, before }).await.unwrap();
        found.into_iter().map(|delivery| delivery.id).collect::<Vec<_>>()
    };
    until("all are posted", async || deliveries(None, 10, true).await.is_empty()).await;
    let all = deliveries(None, 10, false).await;
    assert_eq!(all.len(), 5);
    assert_eq!(deliveries(None, 2, false).await, all[..2]);
    assert_eq!(deliveries(Some(all[1].clone()), 10, false).await, all[2..]);

    let room = async |before, limit| {
        let found = it.call(BuiltinRoomQuery { channel: "general".into(), limit, before }).await.unwrap();
        found.into_iter().map(|message| message.id).collect::<Vec<_>>()
    };
    let all = room(None, 10).await;
    assert_eq!((all.len(), room(None, 2).await), (5, all[3..].to_vec()));
    assert_eq!(room(Some(all[3].clone()), 2).await, all[1..3]);

    let search = async |skip, limit| {
        let query = Search { text: "disk".into(), limit, skip };
        it.call(query).await.unwrap().len()
    };
    until("all are in the index", async || search(0, 10).await == 5).await;
    assert_eq!((search(0, 3).await, search(3, 3).await, search(6, 3).await), (3, 2, 0));

    // Too large a limit is refused, not cut; any number of entries may have been on earlier pages.
    let most = LONGEST_LIST + 1;
    assert_eq!((search(most, 3).await, search(usize::MAX, 3).await), (0, 0));
    let refused = [
        it.call(EventsQuery { after: None, before: None, since: None, limit: most }).await.err(),
        it.call(RunsQuery { limit: most, before: None }).await.err(),
        it.call(DeliveriesQuery { pending: false, limit: most, before: None }).await.err(),
        it.call(BuiltinRoomQuery { channel: "general".into(), limit: most, before: None }).await.err(),
        it.call(Search { text: "disk".into(), limit: most, skip: 0 }).await.err(),
    ];
    for error in refused {
        let error = error.unwrap().to_string();
        assert!(error.contains("at most 10000 entries, not 10001"), "{error}");
    }
    let unknown = it.call(RunsQuery { limit: 1, before: Some("nothing".into()) }).await.unwrap_err();
    assert!(unknown.to_string().contains("there is no run"), "{unknown}");
    it.engine.stop().await;
}

#[tokio::test]
async fn board_and_search_name_the_runs_that_are_unknown() {
    let it = Scene::serving().await;
    let unknown = || RunState::Unknown { why: "no answer".into() };
    let resolved = RunState::Resolved { ran: true, by: "kim".into(), at: at(70), why: "no answer".into() };
    for (id, item, state) in
        [("r1", "a", unknown()), ("r2", "a", unknown()), ("r3", "b", unknown()), ("r4", "b", resolved)]
    {
        let item = incident(item, IncidentStatus::Triggered, 1);
        let run = Run { line: format!("page {id}"), item: Some(item.key.clone()), ..running(id) };
        it.report([item]).await;
        it.engine.store().begin_run(run, None, at(1)).await.unwrap();
        it.engine.store().end_run(id, state, None, at(2)).await.unwrap();
    }
    it.report([incident("c", IncidentStatus::Triggered, 1)]).await;
    let of = |runs: &[RunInDoubt]| -> String {
        runs.iter().map(|run| format!("{}: {}; ", run.id, run.line)).collect()
    };
    let expected = [("a", "r2: page r2; r1: page r1; "), ("b", "r3: page r3; "), ("c", "")];
    let expected = BTreeMap::from(expected.map(|(id, runs)| (id.to_owned(), runs.to_owned())));
    let searched = async || {
        let query = Search { text: "disk".into(), limit: 10, skip: 0 };
        let hits = it.call(query).await.unwrap().into_iter();
        hits.filter_map(|hit| match hit {
            SearchHit::Item { key, in_doubt, .. } => Some((key.id, of(&in_doubt))),
            SearchHit::Run { .. } => None,
        })
        .collect::<BTreeMap<_, _>>()
    };
    until("all are in the index", async || searched().await.len() == 3).await;
    let rows = board(&it).await.sections.into_iter().flat_map(|section| section.rows);
    let rows: BTreeMap<_, _> = rows.map(|row| (row.key.id, of(&row.in_doubt))).collect();
    assert_eq!((rows, searched().await), (expected.clone(), expected));
    it.engine.stop().await;
}

#[tokio::test]
async fn events_since_a_time_are_not_cut_by_the_limit_before_they_are_chosen() {
    let store = store::Store::temporary(at(0)).unwrap();
    store.watch(&"pager".into(), Timestamp::UNIX_EPOCH).await.unwrap();
    let active = Scene::serving().await;
    for n in 0..4_i32 {
        let batch = Batch {
            snapshots: vec![incident(&format!("db{n}"), IncidentStatus::Triggered, 1)],
            ..Batch::default()
        };
        let (watched, last_note) = (Watched::all(), store::LastNote::default());
        let report = store::Report::Poll { batch, began_at: at(0), watched, last_note };
        let seen_at = at(i64::from(n) * 100_000);
        store
            .ingest(&"pager".into(), report, seen_at, crate::watch::decide::by(active.engine.active()))
            .await
            .unwrap();
    }
    let since = async |second, before, limit| {
        let found = store.events_since(at(second), before, limit).await.unwrap();
        found.events.into_iter().map(|event| event.item.id).collect::<Vec<_>>()
    };
    assert_eq!(since(100_000, None, 10).await, ["db3", "db2", "db1"]);
    assert_eq!(since(100_000, None, 2).await, ["db3", "db2"]);
    assert_eq!(since(100_000, Some(3), 2).await, ["db1"]);
    assert_eq!(since(300_001, None, 2).await, Vec::<String>::new());
    active.engine.stop().await;
}
