//! What is not there any more: off the board, with the reason on record, until it is seen again.

use std::ops::RangeInclusive;

use callboard_domain::{
    item::{ApprovalState, PullRequest, PullRequestState, User},
    source::DeletedRuns,
};

use super::*;

/// An open pull request of which nothing says when it was opened, but the first poll does.
pub(super) fn pull_request(repo: &str) -> Item {
    Item {
        key: ItemKey::new(&pager(), Kind::PullRequest, format!("{repo}#1")),
        title: "Add it".to_owned(),
        url: None,
        detail: Detail::PullRequest(PullRequest {
            repo: repo.to_owned(),
            number: 1,
            author: "ana".to_owned(),
            branch: "it".to_owned(),
            base: "main".to_owned(),
            head: "abc".to_owned(),
            draft: false,
            state: PullRequestState::Open,
            opened_at: at(100),
            ended_at: None,
            merged_by: None,
            requested: Default::default(),
            requested_unknown: false,
            requested_read: None,
            updated_at: at(100),
            reviews: Vec::new(),
            checks: None,
            mergeability: None,
            description: None,
            size: None,
        }),
    }
}

pub(super) fn approval(state: ApprovalState, updated: i64) -> Item {
    let approval = Approval {
        state,
        asked_by: Some(User::named("ana")),
        asked_at: Some(at(105)),
        ..Approval::new("acme/web", at(updated))
    };
    Item {
        key: ItemKey::new(&pager(), Kind::Approval, "acme/web/7/production"),
        title: "Deploy web".to_owned(),
        url: None,
        detail: Detail::Approval(approval),
    }
}

fn gone(key: &ItemKey, reason: GoneReason) -> Batch {
    Batch { gone: vec![Gone { key: key.clone(), reason }], ..Batch::default() }
}

/// Another thing has the name of what was red there, by itself or once that goes by another name -> what is there is the other
/// one's, which begins anew, and nothing has ended.
#[tokio::test]
async fn what_has_the_name_of_another_does_not_continue_it() {
    let red = build("main", BuildStatus::Failed);
    let moved = Gone { key: red.key.clone(), reason: GoneReason::Renamed { to: "site/ci@main".to_owned() } };
    for gone in [vec![], vec![moved]] {
        let store = watching().await;
        let first = store.ingest(&pager(), poll(60, vec![red.clone()]), at(61), everything()).await.unwrap();
        assert_eq!(first.events.len(), 1);
        let is_moved = !gone.is_empty();
        let replaced = vec![Scope { kind: Kind::Build, repo: Some("web".to_owned()) }];
        let batch = Batch { snapshots: vec![red.clone()], gone, replaced, ..Batch::default() };
        let second = store.ingest(&pager(), found(70, batch), at(71), everything()).await.unwrap();
        let news: Vec<_> = second.events.iter().map(|event| event.name).collect();
        assert_eq!(news, [EventName::Failed], "moved: {is_moved}");
        let mut open: Vec<_> =
            store.open_items().await.unwrap().into_iter().map(|it| it.item.key.id).collect();
        open.sort();
        let expected: &[&str] = if is_moved { &["site/ci@main", "web/ci@main"] } else { &["web/ci@main"] };
        assert_eq!(open, expected);
        // The same again is no news.
        let again = store.ingest(&pager(), poll(80, vec![red.clone()]), at(81), everything()).await.unwrap();
        assert_eq!(again.events, [], "moved: {is_moved}");
    }
}

fn complete(snapshots: Vec<Item>, kinds: &[Kind]) -> Batch {
    let complete = kinds.iter().map(|kind| Scope::all(*kind)).collect();
    Batch { snapshots, complete, ..Batch::default() }
}

async fn take(store: &Store, report: Report, now: i64) -> Vec<EventName> {
    let ingested = store.ingest(&pager(), report, at(now), everything()).await.unwrap();
    ingested.events.into_iter().map(|event| event.name).collect()
}

/// The references of what is on the board, and of what is anywhere but where it is asked for by name.
async fn listed(store: &Store) -> (Vec<String>, Vec<String>) {
    let ids = |items: Vec<StoredItem>| items.into_iter().map(|it| it.item.key.id).collect::<Vec<_>>();
    let open = ids(store.open_items().await.unwrap());
    let mut all = Vec::new();
    for kind in Kind::ALL {
        assert_eq!(
            store.open_count(kind).await.unwrap() as usize,
            store.open_items_of(kind).await.unwrap().len()
        );
        all.extend(ids(store.items(kind, 10).await.unwrap()));
    }
    (open, all)
}

async fn reason(store: &Store, key: &ItemKey) -> Option<(GoneReason, Timestamp)> {
    store.item(key).await.unwrap().expect("it is on record").gone
}

#[tokio::test]
async fn gone_item_is_off_the_board_until_it_is_seen_again() {
    let red = build("main", BuildStatus::Failed);
    let green = build("main", BuildStatus::Passed);
    let cases = [
        (firing("a"), GoneReason::Deleted),
        (red.clone(), GoneReason::BranchDeleted),
        (red, GoneReason::NotDefaultBranch),
        (green, GoneReason::Disabled),
        (pull_request("acme/web"), GoneReason::Deleted),
        (approval(ApprovalState::Waiting, 105), GoneReason::Deleted),
    ];
    for (item, why) in cases {
        let store = watching().await;
        take(&store, poll(110, vec![item.clone()]), 110).await;
        let pending = store.pending_notices().await.unwrap().len();
        assert_eq!(take(&store, found(120, gone(&item.key, why.clone())), 121).await, [], "it is no news");
        assert_eq!(store.pending_notices().await.unwrap().len(), pending);
        assert_eq!(listed(&store).await, (vec![], vec![]), "{why}");
        while store.write(crate::store::search::index_step).await.unwrap() {}
        assert_eq!(store.search_items(&item.title, 10).await.unwrap(), []);
        assert_eq!(store.items_by_key(vec![item.key.clone()]).await.unwrap(), []);
        assert_eq!(store.ended_builds(10).await.unwrap(), (0, vec![]), "{why}");
        let store = after_crash(&store, 130);
        assert_eq!(reason(&store, &item.key).await, Some((why.clone(), at(121))));
        // Said again: since when stays.
        take(&store, found(140, gone(&item.key, GoneReason::NotListed)), 141).await;
        assert_eq!(reason(&store, &item.key).await, Some((why.clone(), at(121))));

        assert_eq!(take(&store, poll(150, vec![item.clone()]), 151).await, [], "nothing has happened to it");
        assert_eq!(reason(&store, &item.key).await, None);
        assert_eq!(listed(&store).await.1, [item.key.id], "{why}");
    }
}

/// Why a build is gone -> whether its record still has it as one of the default branch.
#[tokio::test]
async fn former_default_branch_is_recorded_as_another() {
    let cases = [
        (GoneReason::NotDefaultBranch, false),
        (GoneReason::BranchDeleted, true),
        (GoneReason::Disabled, true),
        (GoneReason::NotListed, true),
    ];
    for (why, expected) in cases {
        let store = watching().await;
        let red = build("main", BuildStatus::Failed);
        take(&store, poll(110, vec![red.clone()]), 110).await;
        // Said again, it changes nothing.
        for now in [121, 131] {
            assert_eq!(take(&store, found(now - 1, gone(&red.key, why.clone())), now).await, [], "{why}");
            let stored = store.item(&red.key).await.unwrap().expect("it is on record");
            assert_eq!(stored.gone, Some((why.clone(), at(121))));
            let Detail::Build(build) = stored.item.detail else { panic!("{why}") };
            assert_eq!((build.default_branch, build.runs.len()), (expected, 1), "{why}");
        }
        // It is the default branch again.
        assert_eq!(take(&store, poll(150, vec![red.clone()]), 151).await, [], "{why}");
        let stored = store.item(&red.key).await.unwrap().expect("it is on record");
        let Detail::Build(build) = stored.item.detail else { panic!("{why}") };
        assert_eq!((build.default_branch, stored.gone), (true, None), "{why}");
    }
}

#[tokio::test]
async fn a_webhook_is_a_sighting_too() {
    let store = watching().await;
    take(&store, poll(110, vec![firing("a")]), 110).await;
    take(&store, found(120, gone(&key("a"), GoneReason::Deleted)), 121).await;
    take(&store, hook("1", vec![firing("a")]), 130).await;
    assert_eq!(listed(&store).await.0, ["a"]);
}

#[tokio::test]
async fn removal_of_an_unknown_item_does_nothing() {
    let store = watching().await;
    let other = ItemKey::new(&"other".into(), Kind::Incident, "a");
    for key in [key("never"), other] {
        for reason in [GoneReason::Deleted, GoneReason::Renamed { to: "b".to_owned() }] {
            assert_eq!(take(&store, found(110, gone(&key, reason)), 110).await, []);
        }
    }
    assert_eq!(listed(&store).await, (vec![], vec![]));
}

#[tokio::test]
async fn complete_listing_marks_absent_items_gone_and_ends_incidents() {
    let kinds = [Kind::Build, Kind::PullRequest, Kind::Incident];
    let mut green = build("green", BuildStatus::Passed);
    green.key.id = "green".to_owned();
    let all = vec![firing("a"), build("main", BuildStatus::Failed), green, pull_request("acme/web")];
    // What the listing covered, what the account watches -> what is notified, what is listed nowhere and why.
    type Case = (Batch, fn(&Item) -> bool, &'static [EventName], [Option<GoneReason>; 4]);
    let one_repo = |repo: &str| Batch {
        complete: vec![Scope { kind: Kind::Build, repo: Some(repo.to_owned()) }],
        ..Batch::default()
    };
    let not_listed = || Some(GoneReason::NotListed);
    let not_watched = || Some(GoneReason::NotWatched);
    let cases: [Case; 6] = [
        (Batch::default(), |_| true, &[], [None, None, None, None]),
        (
            complete(vec![], &kinds),
            |_| true,
            &[EventName::Resolved],
            [None, not_listed(), not_listed(), not_listed()],
        ),
        (
            complete(vec![], &kinds),
            |_| false,
            &[],
            [not_watched(), not_watched(), not_watched(), not_watched()],
        ),
        (complete(all.clone(), &kinds), |_| false, &[], [None, None, None, None]),
        (one_repo("web"), |_| true, &[], [None, not_listed(), not_listed(), None]),
        (one_repo("api"), |_| true, &[], [None, None, None, None]),
    ];
    for (batch, watches, notified, why) in cases {
        let store = watching().await;
        take(&store, poll(110, all.clone()), 110).await;
        let case = format!("{batch:?}");
        let (watched, last_note) = (Watched::by(watches), LastNote::default());
        let report = Report::Poll { batch, began_at: at(200), watched, last_note };
        assert_eq!(take(&store, report, 210).await, notified, "{case}");
        for (item, why) in all.iter().zip(why) {
            let found = reason(&store, &item.key).await.map(|(reason, _)| reason);
            assert_eq!(found, why, "{} after {case}", item.key);
        }
    }
}

#[tokio::test]
async fn approval_leaves_when_its_source_reports_that() {
    use EventName::{Approved, Requested};
    let (waits, approved) = (approval(ApprovalState::Waiting, 105), approval(ApprovalState::Approved, 120));
    let without_it = || complete(vec![], &[Kind::Approval]);
    // What comes after it was asked -> what is notified, whether it is on the board, and why it is not there.
    type Case = (&'static str, Vec<Batch>, &'static [EventName], bool, Option<GoneReason>);
    let seen = |item: &Item| Batch { snapshots: vec![item.clone()], ..Batch::default() };
    let cases: Vec<Case> = vec![
        ("nothing", vec![Batch::default()], &[], true, None),
        ("a listing that was not complete", vec![seen(&firing("x"))], &[EventName::Triggered], true, None),
        (
            "a listing of other things",
            vec![complete(vec![], &[Kind::Build, Kind::Incident])],
            &[],
            true,
            None,
        ),
        ("an end", vec![seen(&approved)], &[Approved], false, None),
        // How it ended is not known: it is no end, and no news.
        ("a complete listing without it", vec![without_it()], &[], false, Some(GoneReason::NotListed)),
        ("listed again", vec![without_it(), seen(&waits)], &[], true, None),
        ("how it ended, reported later", vec![without_it(), seen(&approved)], &[Approved], false, None),
    ];
    for (name, batches, notified, on_board, why) in cases {
        let store = watching().await;
        assert_eq!(take(&store, poll(110, vec![waits.clone()]), 110).await, [Requested], "{name}");
        let mut news = Vec::new();
        for (place, batch) in (0..).zip(batches) {
            news.extend(take(&store, found(200 + place * 20, batch), 210 + place * 20).await);
        }
        assert_eq!(news, notified, "{name}");
        let store = after_crash(&store, 300);
        let open = store.open_items_of(Kind::Approval).await.unwrap();
        assert_eq!(open.len(), usize::from(on_board), "{name}");
        assert_eq!(reason(&store, &waits.key).await.map(|(why, _)| why), why, "{name}");
    }
}

#[tokio::test]
async fn unwatched_item_is_gone_and_not_over() {
    let store = watching().await;
    let passed = build("old", BuildStatus::Passed);
    take(&store, poll(110, vec![firing("a"), firing("b"), passed.clone()]), 110).await;
    take(&store, hook("1", vec![firing("just now")]), 205).await;
    let only_a = Watched::by(|item| item.key.id == "a");
    store.leave_unwatched(&pager(), only_a, at(200), at(210)).await.unwrap();
    let (mut open, _) = listed(&store).await;
    open.sort();
    assert_eq!(open, ["a", "just now"]);
    for key in [key("b"), passed.key] {
        assert_eq!(reason(&store, &key).await, Some((GoneReason::NotWatched, at(210))));
    }
    assert_eq!(store.item(&key("b")).await.unwrap().unwrap().item.status(), "triggered");
    assert_eq!(store.events_of(&key("b"), 10).await.unwrap().len(), 1, "no end is reported");
}

#[tokio::test]
async fn untitled_item_takes_its_new_id_as_title() {
    let untitled = |repo: &str| Item { title: String::new(), ..pull_request(repo) };
    let (old, new) = (untitled("acme/web"), untitled("acme/site"));
    let renamed = gone(&old.key, GoneReason::Renamed { to: new.key.id.clone() });
    let cases = [vec![], vec![hook("1", vec![new.clone()])]];
    for (case, reports) in cases.into_iter().enumerate() {
        let store = watching().await;
        take(&store, hook("0", vec![old.clone()]), 110).await;
        assert_eq!(store.item(&old.key).await.unwrap().unwrap().item.title, old.key.id);
        for report in reports.into_iter().chain([found(130, renamed.clone())]) {
            take(&store, report, 140).await;
        }
        assert_eq!(store.item(&new.key).await.unwrap().unwrap().item.title, new.key.id, "{case}");
    }
}

#[tokio::test]
async fn a_renamed_item_keeps_its_history_under_one_row() {
    let (old, new) = (pull_request("acme/web"), pull_request("acme/site"));
    let renamed = || GoneReason::Renamed { to: new.key.id.clone() };
    // What comes, in order: the new name may be reported with the rename, later, or have been seen before.
    let with = Batch { snapshots: vec![new.clone()], ..gone(&old.key, renamed()) };
    let cases = [
        vec![found(120, with)],
        vec![found(120, gone(&old.key, renamed())), poll(130, vec![new.clone()])],
        vec![hook("1", vec![new.clone()]), found(130, gone(&old.key, renamed()))],
    ];
    for (case, reports) in cases.into_iter().enumerate() {
        let store = watching().await;
        assert_eq!(take(&store, hook("0", vec![old.clone()]), 110).await, [EventName::Opened]);
        store.snooze(&old.key, Some(Snooze::UntilChange), &ana(), at(0)).await.unwrap();
        let run = Run { item: Some(old.key.clone()), ..running("r") };
        store.begin_run(run, None, at(111)).await.unwrap();
        for report in reports {
            let notified = take(&store, report, 140).await;
            assert!(case == 2 || notified.is_empty(), "{notified:?} in {case}");
        }
        assert_eq!(listed(&store).await.1, [new.key.id.as_str()], "one row in {case}");
        let stored = store.item(&new.key).await.unwrap().unwrap();
        assert_eq!((stored.item.repo(), stored.snoozed), ("acme/site", Some(Snooze::UntilChange)), "{case}");
        let events = store.events_of(&new.key, 10).await.unwrap().events;
        assert_eq!(events.iter().map(|event| event.name).collect::<Vec<_>>(), [EventName::Opened], "{case}");
        assert_eq!(store.runs_of(&new.key, 10).await.unwrap().len(), 1, "{case}");
        assert_eq!(reason(&store, &old.key).await, Some((renamed(), at(140))), "{case}");
        // Said again, it changes nothing.
        take(&store, found(150, gone(&old.key, renamed())), 150).await;
        assert_eq!(store.events_of(&new.key, 10).await.unwrap().len(), 1, "{case}");

        // Another thing takes the old name: it has nothing of the first.
        let mut other = old.clone();
        other.title = "Another".to_owned();
        assert_eq!(take(&store, hook("9", vec![other.clone()]), 160).await, [EventName::Opened], "{case}");
        assert_eq!(store.item(&old.key).await.unwrap().unwrap().item, other, "{case}");
        assert_eq!(store.items(Kind::PullRequest, 10).await.unwrap().len(), 2, "{case}");
    }
}

#[tokio::test]
async fn a_poll_in_parts_is_stored_part_by_part_and_is_the_first_until_its_end() {
    let store = Store::temporary(at(0)).unwrap();
    let part = |cursor: &str, partial, snapshots| Batch {
        snapshots,
        partial,
        cursor: Some(Cursor(cursor.to_owned())),
        ..Batch::default()
    };
    let progress = |done| Some(Progress { done, total: 2 });
    let failed = |branch| vec![build(branch, BuildStatus::Failed)];
    // What comes -> whether what it reports without a time is old; how far it is; when it was read in full.
    let cases = [
        (part("1", progress(1), failed("a")), true, progress(1), None),
        (part("2", None, failed("b")), true, None, Some(20)),
        (part("3", progress(1), failed("c")), false, progress(1), Some(20)),
        (part("4", None, failed("d")), false, None, Some(40)),
    ];
    for ((began, (batch, old, reading, whole)), shown) in (1..).zip(cases).zip(1..) {
        let began = 10 * began;
        let cursor = batch.cursor.clone();
        let ingested = store.ingest(&pager(), found(began, batch), at(began), everything()).await.unwrap();
        assert_eq!(ingested.events[0].old, old, "{began}");
        let source = store.source(&pager()).await.unwrap().unwrap();
        assert_eq!((source.cursor, source.reading), (cursor, reading), "{began}");
        assert_eq!(source.last_ok_at, whole.map(at), "{began}");
        assert_eq!(store.open_items().await.unwrap().len(), shown, "what was read is on the board");
    }
}

#[tokio::test]
async fn a_store_of_the_first_format_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callboard.db");
    let first = open::writer(&file, &open::FORMATS[..1]).unwrap();
    first
        .execute_batch(
            "INSERT INTO items (account, kind, id, title, repo, detail, open, changed_at, seen_at)
             VALUES ('pager', 'build', 'web/ci@main', 'web ci', 'web',
                     '{\"repo\":\"web\",\"pipeline\":\"ci\",\"branch\":\"main\",\"default_branch\":true,\"runs\":[]}', 1, 0, 0);
             INSERT INTO sources (account, last_ok_at) VALUES ('pager', 0);",
        )
        .unwrap();
    drop(first);
    let store = Store::open(&file, at(0)).unwrap();
    assert_eq!(store.open_items().await.unwrap()[0].gone, None);
    assert_eq!(store.source(&pager()).await.unwrap().unwrap().reading, None);
}

#[tokio::test]
async fn webhook_can_report_items_as_gone() {
    let deleted = |item: &Item| Received {
        gone: vec![Gone { key: item.key.clone(), reason: GoneReason::BranchDeleted }],
        ..Received::default()
    };
    let (web, api, other) = (pull_request("acme/web"), pull_request("acme/api"), pull_request("acme/other"));
    let gone = || Some(GoneReason::BranchDeleted);
    let cases = [(deleted(&web), gone(), None), (deleted(&api), None, gone()), (deleted(&other), None, None)];
    for (received, of_web, of_api) in cases {
        let store = watching().await;
        store
            .ingest(&pager(), hook("1", vec![web.clone(), api.clone()]), at(110), everything())
            .await
            .unwrap();
        let case = format!("{received:?}");
        store.ingest(&pager(), Report::Hook(received), at(120), everything()).await.unwrap();
        for (item, expected) in [(&web, of_web), (&api, of_api)] {
            let stored = store.item(&item.key).await.unwrap().unwrap();
            assert_eq!(stored.gone.map(|(reason, _)| reason), expected, "{case}");
        }
        // What is seen again is back.
        let later = Item { title: "Back".to_owned(), ..web.clone() };
        store.ingest(&pager(), hook("2", vec![later]), at(130), everything()).await.unwrap();
        assert!(store.item(&web.key).await.unwrap().unwrap().gone.is_none(), "{case}");
    }
}

#[tokio::test]
async fn deleted_run_leaves_the_others() {
    use BuildStatus::{Failed, Passed};
    let runs = |all: &[(u64, BuildStatus)]| {
        let mut item = build("main", Passed);
        if let Detail::Build(build) = &mut item.detail {
            build.runs = all.iter().map(|(number, status)| BuildRun::new(*number, *status)).collect();
        }
        item
    };
    let before = runs(&[(3, Failed), (2, Passed), (1, Failed)]);
    // What is gone, what is reported with it -> what is notified, what is left, why it is off the board.
    type Case<'a> =
        (RangeInclusive<u64>, &'a [(u64, BuildStatus)], &'a [EventName], &'a [u64], Option<GoneReason>);
    let cases: [Case<'_>; 6] = [
        (3..=3, &[], &[], &[2, 1], None),
        (3..=3, &[(4, Failed)], &[EventName::Failed], &[4, 2, 1], None),
        (2..=u64::MAX, &[], &[], &[1], None),
        (0..=u64::MAX, &[], &[], &[], Some(GoneReason::Deleted)),
        (0..=u64::MAX, &[(4, Failed)], &[EventName::Failed], &[4], None),
        (7..=9, &[], &[], &[3, 2, 1], None),
    ];
    for (numbers, reported, notified, left, why) in cases {
        let store = watching().await;
        take(&store, poll(110, vec![before.clone()]), 110).await;
        let deleted_runs = vec![DeletedRuns { key: before.key.clone(), numbers: numbers.clone() }];
        let snapshots = if reported.is_empty() { vec![] } else { vec![runs(reported)] };
        let batch = Batch { deleted_runs, snapshots, ..Batch::default() };
        assert_eq!(take(&store, found(120, batch.clone()), 121).await, notified, "{numbers:?}");
        assert_eq!(take(&store, found(130, batch), 131).await, [], "{numbers:?} reported again");
        let stored = store.item(&before.key).await.unwrap().unwrap();
        let Detail::Build(build) = &stored.item.detail else { panic!("{stored:?}") };
        assert_eq!(build.runs.iter().map(|run| run.number).collect::<Vec<_>>(), left, "{numbers:?}");
        assert_eq!(stored.gone.map(|(reason, _)| reason), why, "{numbers:?}");
    }
}

#[tokio::test]
async fn deleted_run_does_not_restore_a_gone_item() {
    let store = watching().await;
    let mut red = build("main", BuildStatus::Failed);
    if let Detail::Build(build) = &mut red.detail {
        build.runs.insert(0, BuildRun::new(2, BuildStatus::Failed));
    }
    take(&store, poll(110, vec![red.clone()]), 110).await;
    take(&store, found(120, gone(&red.key, GoneReason::BranchDeleted)), 121).await;
    let deleted_runs = vec![DeletedRuns { key: red.key.clone(), numbers: 2..=2 }];
    take(&store, found(130, Batch { deleted_runs, ..Batch::default() }), 131).await;
    assert_eq!(reason(&store, &red.key).await.map(|(reason, _)| reason), Some(GoneReason::BranchDeleted));
    assert_eq!(listed(&store).await, (vec![], vec![]));
}
