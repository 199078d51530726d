//! A repository that goes by another name.

use callboard_domain::source::GoneReason;

use super::{
    branchless::Board,
    gone::{emptied, gone},
    late_hooks::{receive, store},
    poll::{Watch, asked, red, serve_instead, summaries},
    *,
};

/// As GitHub answers for a repository's old name: 301 to its number.
fn renamed(server: &MockServer) -> Vec<Mock> {
    let to = |rest: &str| format!("{}/repositories/1296269{rest}", server.uri());
    let site = || with(repo("site"), json!({ "full_name": "acme/site" }));
    let at_site = |change: Value| {
        let side =
            |name: &str| json!({ "label": format!("acme:{name}"), "ref": name, "sha": SHA, "repo": site() });
        with(pull(482, json!({ "head": side("cache"), "base": side("main") })), change)
    };
    let red = || run(31, json!({ "conclusion": "failure", "repository": site(), "head_repository": site() }));
    let mut mocks: Vec<Mock> = ["", "/pulls", "/actions/runs"]
        .map(|rest| {
            let moved = ResponseTemplate::new(301).insert_header("location", to(rest).as_str());
            Mock::given(path(format!("/repos/acme/web{rest}"))).respond_with(moved)
        })
        .into();
    for base in ["/repositories/1296269", "/repos/acme/site"] {
        mocks.extend([
            get(base, site()),
            get(&format!("{base}/pulls"), json!([at_site(json!({}))])),
            get(&format!("{base}/pulls/482"), at_site(json!({}))),
            get(&format!("{base}/pulls/482/reviews"), json!([])),
            get(&format!("{base}/commits/{SHA}/check-runs"), checks(&[])),
            get(&format!("{base}/commits/{SHA}/status"), statuses(&[])),
            get(&format!("{base}/actions/runs"), runs(&[red()])),
            get(&format!("{base}/actions/runs/31"), red()),
            get(&format!("{base}/actions/runs/31/jobs"), jobs(&[])),
        ]);
    }
    mocks
}

#[tokio::test]
async fn renamed_repository_keeps_its_history() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, renamed(&server)).await;
    let batch = watch.poll().await;
    let mut reported = summaries(&batch);
    reported.sort();
    reported.dedup();
    assert_eq!(reported, ["acme/site#482 open [] none", r#"acme/site/ci@main 31.1 failed ["build"]"#]);
    let mut moved: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), &gone.reason)).collect();
    moved.sort_by_key(|(id, _)| *id);
    let to = |id: &str| GoneReason::Renamed { to: id.to_owned() };
    assert_eq!(
        moved,
        [("acme/web#482", &to("acme/site#482")), ("acme/web/ci@main", &to("acme/site/ci@main"))]
    );
    assert!(watch.source().watches(&batch.snapshots[0]), "it is watched under its new name");

    // From then on it is asked for by its new name, and is quiet.
    watch.poll().await;
    let mut seen = server.received_requests().await.unwrap().len();
    let quiet = watch.poll().await;
    assert_eq!((summaries(&quiet), gone(&quiet), emptied(&quiet)), (vec![], vec![], vec![]));
    let asked = asked(&server, &mut seen).await;
    assert!(asked.iter().all(|request| !request.starts_with("web/")), "{asked:?}");
}

/// A repository that was renamed after a poll.
struct Renamed {
    server: MockServer,
    /// Its next poll finds the new name.
    watch: Watch,
    /// What that poll is compared with.
    board: Board,
    /// It has not seen the new name when webhooks come.
    behind: Watch,
}

async fn renamed_after_a_poll() -> Renamed {
    let server = serve(forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    board.poll(&watch.poll().await);
    let mut behind = Watch::new(&server, &["acme/web"]);
    behind.cursor = watch.cursor.clone();
    behind.poll().await;
    serve_instead(&server, renamed(&server)).await;
    Renamed { server, watch, board, behind }
}

/// A red run of a branch.
fn red_of_x(repository: &str) -> Value {
    let of = repo(repository);
    red(41, json!({ "head_branch": "x", "repository": of, "head_repository": of }))
}

/// What only webhooks have shown when a poll finds the new name: a pull request, and a run of a branch.
fn reported(repository: &str) -> [(&'static str, Value); 2] {
    let of = repo(repository);
    [
        ("pull_request", json!({ "pull_request": pull(500, json!({})), "repository": of })),
        ("workflow_run", json!({ "workflow_run": red_of_x(repository), "repository": of })),
    ]
}

/// The same, as GitHub answers for them under the new name.
fn reported_by_itself() -> Vec<Mock> {
    vec![
        get("/repos/acme/site/pulls/500", pull(500, json!({}))),
        get("/repos/acme/site/pulls/500/reviews", json!([])),
        get("/repos/acme/site/actions/runs/41", red_of_x("site")),
    ]
}

/// The name in the webhooks, whether they are recorded only once a poll has found the new name -> each stands once, under the
/// new name, and is reported once.
#[tokio::test]
async fn what_only_webhooks_have_shown_is_renamed_too() {
    for (name, is_late) in [("web", false), ("site", false), ("web", true), ("site", true)] {
        let case = format!("{name} {is_late}");
        let Renamed { server, mut watch, mut board, behind } = renamed_after_a_poll().await;
        serve_instead(&server, reported_by_itself()).await;
        if is_late {
            board.poll(&watch.poll().await);
        }
        for (event, about) in reported(name) {
            let received = receive(&behind, event, about);
            let ids: Vec<_> = received.snapshots.iter().map(|item| item.key.id.as_str()).collect();
            let id = if event == "pull_request" { "acme/web#500" } else { "acme/web/ci@x" };
            assert_eq!((ids, received.gone.len()), (vec![id], 0), "{case}");
            board.take(&[], &received.gone, &received.snapshots);
            store(&mut watch, &received);
        }
        let batch = watch.poll().await;
        let gone = gone(&batch);
        for renamed in ["acme/web#500 renamed to acme/site#500", "acme/web/ci@x renamed to acme/site/ci@x"] {
            assert_eq!(gone.iter().filter(|line| *line == renamed).count(), 1, "{case}: {gone:?}");
        }
        let reported = summaries(&batch);
        assert!(reported.iter().any(|line| line.starts_with("acme/site#500 open")), "{case}: {reported:?}");
        assert_eq!(board.poll(&batch), [], "{case}");
        let statuses = ["acme/web/ci@x", "acme/site/ci@x"].map(|id| board.status(id));
        assert_eq!(statuses, [None, Some("failed")], "{case}");
        // Then the old name is done with.
        let rest = [watch.poll().await, watch.poll().await];
        let old: Vec<_> = [&batch, &rest[0], &rest[1]].into_iter().flat_map(emptied).collect();
        assert_eq!(old, ["acme/web"], "{case}");
        assert!(rest.iter().all(|batch| batch.gone.is_empty()), "{case}: {rest:?}");
    }
}

/// The runs that only webhooks have shown, whether GitHub fails for them in the first two polls; else there are more than those
/// ask for -> the old name is done with once all of them are read, and each is renamed once.
#[tokio::test]
async fn old_name_is_kept_until_all_that_webhooks_have_shown_is_read() {
    for (ids, is_down) in [(41..=41, true), (41..=62, false)] {
        let of = |id: u64, repository: &str| {
            let of = repo(repository);
            red(id, json!({ "head_branch": format!("x{id}"), "repository": of, "head_repository": of }))
        };
        let at = |id: u64| format!("/repos/acme/site/actions/runs/{id}");
        let Renamed { server, mut watch, mut board, behind } = renamed_after_a_poll().await;
        for id in ids.clone() {
            let about = json!({ "workflow_run": of(id, "web"), "repository": repo("web") });
            let received = receive(&behind, "workflow_run", about);
            board.take(&[], &received.gone, &received.snapshots);
            store(&mut watch, &received);
        }
        let down = |id: u64| Mock::given(path(at(id))).respond_with(ResponseTemplate::new(500));
        let by_itself = |id: u64| get(&at(id), of(id, "site"));
        match is_down {
            true => mount(&server, ids.clone().map(down)).await,
            false => serve_instead(&server, ids.clone().map(by_itself)).await,
        }
        let (mut old, mut moved) = (Vec::new(), Vec::new());
        for number in 1..=4 {
            if number == 3 {
                serve_instead(&server, ids.clone().map(by_itself)).await;
            }
            let batch = watch.poll().await;
            assert_eq!(board.poll(&batch), [], "{ids:?} {number}");
            old.extend(emptied(&batch).into_iter().map(|name| (number, name.to_owned())));
            moved.extend(gone(&batch).into_iter().filter(|line| line.starts_with("acme/web/ci@x")));
        }
        moved.sort();
        let expected = |id: u64| format!("acme/web/ci@x{id} renamed to acme/site/ci@x{id}");
        assert_eq!(moved, ids.clone().map(expected).collect::<Vec<_>>());
        assert_eq!(old, [(3, "acme/web".to_owned())], "{ids:?}");
        for id in ids {
            let statuses = ["web", "site"].map(|name| board.status(&format!("acme/{name}/ci@x{id}")));
            assert_eq!(statuses, [None, Some("failed")], "{id}");
        }
    }
}

/// An id, what the repository was called, what it is called -> the id by now.
#[test]
fn ids_of_a_renamed_repository() {
    let cases = [
        ("acme/web#482", "acme/web", "acme/site", Some("acme/site#482")),
        ("acme/web/ci@main", "acme/web", "beta/web", Some("beta/web/ci@main")),
        ("acme/web-site/ci@x", "acme/web", "acme/web-site", None),
        ("acme/site#482", "acme/web", "acme/site", None),
        ("acme/web", "acme/web", "acme/site", None),
    ];
    for (id, old, new, expected) in cases {
        assert_eq!(board_run::renamed_id(id, old, new).as_deref(), expected, "{id}");
    }
}

#[tokio::test]
async fn webhooks_of_the_new_name_are_accepted() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    // By the repository's number before the poll has found out, by its name after that.
    let site = with(repo("site"), json!({ "full_name": "acme/site" }));
    let other = with(repo("site"), json!({ "full_name": "acme/other", "id": 5 }));
    for (repository, expected) in [(&site, 1), (&other, 0)] {
        let body = json!({ "pull_request": pull(482, json!({})), "repository": repository });
        let (headers, body) = hook::signed("pull_request", &body);
        let received = watch.hook().receive(&headers, &body, now()).unwrap();
        assert_eq!(received.snapshots.len(), expected, "{repository}");
    }
}

/// Late ones, and those that a person has GitHub send again, have the old name.
#[tokio::test]
async fn webhooks_of_the_old_name_are_of_the_renamed_repository() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, renamed(&server)).await;
    watch.poll().await;
    let nameless = json!({ "full_name": "ACME/Web" });
    let site = with(repo("site"), json!({ "full_name": "acme/site" }));
    for repository in [repo("web"), nameless, site] {
        for (event, about, expected) in [
            ("pull_request", json!({ "pull_request": pull(482, json!({})) }), "acme/site#482"),
            ("workflow_run", json!({ "workflow_run": run(31, json!({})) }), "acme/site/ci@main"),
            (
                "workflow_run",
                json!({ "workflow_run": run(31, json!({ "repository": null })) }),
                "acme/site/ci@main",
            ),
        ] {
            let (headers, body) = hook::signed(event, &with(about, json!({ "repository": repository })));
            let received = watch.hook().receive(&headers, &body, now()).unwrap();
            let ids: Vec<_> = received.snapshots.iter().map(|item| item.key.id.as_str()).collect();
            assert_eq!((ids, received.note.is_some()), (vec![expected], true), "{repository}");
        }
    }
    // Another repository that has the old name is another one.
    let other =
        json!({ "pull_request": pull(482, json!({})), "repository": with(repo("web"), json!({ "id": 5 })) });
    let (headers, body) = hook::signed("pull_request", &other);
    let received = watch.hook().receive(&headers, &body, now()).unwrap();
    assert_eq!(received.snapshots[0].key.id, "acme/web#482");
}
