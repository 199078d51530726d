//! What was gone and is there again, though nothing new happened in it.

use jiff::SignedDuration;

use super::{
    branchless::Board,
    gone::gone,
    late_hooks::{receive, restarted, store},
    poll::{Watch, red, serve_anew, summaries},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

fn default_is(branch: &str) -> Mock {
    get("/repos/acme/web", with(repo("web"), json!({ "default_branch": branch })))
}

fn branch_at(name: &str) -> String {
    format!("/repos/acme/web/branches/{name}")
}

fn list(rows: &[Value]) -> Mock {
    get(RUNS, runs(rows))
}

/// What earlier versions kept of the builds that are gone.
fn of_earlier_version(cursor: &Cursor) -> Cursor {
    let mut place: Value = serde_json::from_str(&cursor.0).unwrap();
    for gone in place["repos"]["acme/web"]["left"].as_object_mut().unwrap().values_mut() {
        let kept = json!({ "newest": gone["newest"], "reason": gone["reason"] });
        *gone = kept;
    }
    Cursor(place.to_string())
}

/// The default branches, one after the other -> how main, which is red all the time, is shown after each.
#[tokio::test]
async fn builds_are_back_once_their_branch_is_the_default_one_again() {
    const RED: Option<&str> = Some("failed");
    let cases: [&[(&str, Option<&str>)]; 5] = [
        &[("trunk", None), ("main", RED), ("main", RED)],
        &[("trunk", None), ("dev", None), ("main", RED)],
        &[("trunk", None), ("main", RED), ("trunk", None), ("main", RED)],
        &[("trunk", None), ("trunk", None), ("dev", None), ("trunk", None)],
        // Another one, whose name only ends so.
        &[("trunk", None), ("x@main", None)],
    ];
    for case in cases {
        for (is_restarted, is_of_earlier_version) in [(false, false), (true, false), (true, true)] {
            let server = serve(forge()).await;
            let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
            board.poll(&watch.poll().await);
            for ((default, expected), id) in case.iter().zip(60_u64..) {
                // What is built elsewhere makes its list another one.
                let rows =
                    [run(id, json!({ "head_branch": "elsewhere" })), red(31, json!({})), run(30, json!({}))];
                serve_anew(&server, [default_is(default), list(&rows)]).await;
                if is_restarted {
                    watch = restarted(&server, watch);
                }
                if is_of_earlier_version {
                    watch.cursor = watch.cursor.as_ref().map(of_earlier_version);
                }
                board.poll(&watch.poll().await);
                assert_eq!(board.status("acme/web/ci@main"), *expected, "{case:?} {default} {is_restarted}");
            }
        }
    }
}

/// What is there of the red run of main, which left its list since -> how main is shown once it is the default one again.
#[tokio::test]
async fn unlisted_run_of_a_default_branch_that_is_the_default_again_is_requested() {
    let at = format!("{RUNS}/31");
    for (itself, expected) in [(get(&at, red(31, json!({}))), Some("failed")), (missing(&at), None)] {
        let server = serve(forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        board.poll(&watch.poll().await);
        let rest = || list(&[run(60, json!({ "head_branch": "elsewhere" }))]);
        for mocks in [vec![default_is("trunk")], vec![default_is("trunk"), rest()], vec![rest(), itself]] {
            serve_anew(&server, mocks).await;
            board.poll(&watch.poll().await);
        }
        assert_eq!(board.status("acme/web/ci@main"), expected);
    }
}

fn red_of(branch: &str, id: u64) -> Value {
    red(id, json!({ "head_branch": branch, "actor": user("ana") }))
}

/// A server that has deleted these branches, each with a red build, found out by polls.
async fn deleted(branches: &[&str]) -> (MockServer, Watch, Board) {
    let rows: Vec<_> = branches.iter().zip(42..).map(|(branch, id)| red_of(branch, id)).collect();
    let server = serve([list(&rows), get(&branch_at("main"), json!({}))]).await;
    mount(&server, branches.iter().map(|branch| missing(&branch_at(branch)))).await;
    mount(&server, forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    board.poll(&watch.poll().await);
    for branch in branches {
        assert_eq!(board.status(&format!("acme/web/ci@{branch}")), Some("failed"));
    }
    board.poll(&watch.poll().await);
    for branch in branches {
        assert_eq!(board.status(&format!("acme/web/ci@{branch}")), None);
    }
    (server, watch, board)
}

/// How many hours later, what GitHub answers for the default branch and for the deleted one -> how its build is shown.
#[tokio::test]
async fn builds_of_a_restored_branch_are_back() {
    let build = "acme/web/ci@mine";
    let cases = [
        (0, 200, 200, Some("failed")),
        (25, 200, 200, Some("failed")),
        (0, 200, 404, None),
        // What may not be asked, or is not answered, shows nothing.
        (0, 200, 403, None),
        (0, 200, 502, None),
        (25, 404, 404, None),
        (25, 404, 200, None),
    ];
    for (hours, default, mine, expected) in cases {
        for is_restarted in [false, true] {
            let (server, mut watch, mut board) = deleted(&["mine"]).await;
            let answer = |name: &str, status: u16| {
                let answer = ResponseTemplate::new(status).set_body_json(json!({}));
                Mock::given(path(branch_at(name))).respond_with(answer)
            };
            let rows = [red_of("mine", 42)];
            serve_anew(&server, [answer("main", default), answer("mine", mine), list(&rows)]).await;
            if is_restarted {
                watch = restarted(&server, watch);
            }
            watch.now += SignedDuration::from_hours(hours);
            for _ in 0..2 {
                board.poll(&watch.poll().await);
            }
            let case = format!("{hours} {default} {mine} {is_restarted}");
            assert_eq!(board.status(build), expected, "{case}");
            // That it was deleted is reported late, or once more.
            receive(&watch, "delete", json!({ "ref": "mine", "ref_type": "branch" }));
            for _ in 0..2 {
                board.poll(&watch.poll().await);
            }
            assert_eq!(board.status(build), expected, "{case}");
        }
    }
}

/// Which of three branches was restored, and whether a webhook says so -> it is back by the poll after the next, and the
/// others are not; by polls alone each has its turn.
#[tokio::test]
async fn branch_that_a_webhook_reports_restored_is_requested_at_once() {
    let all = ["one", "three", "two"];
    for restored in all {
        for (is_reported, is_restarted, polls) in [(true, false, 2), (true, true, 2), (false, false, 4)] {
            let (server, mut watch, mut board) = deleted(&all).await;
            let rows: Vec<_> = all.iter().zip(42..).map(|(branch, id)| red_of(branch, id)).collect();
            let branches = [get(&branch_at("main"), json!({})), get(&branch_at(restored), json!({}))];
            serve_anew(&server, branches.into_iter().chain([list(&rows)])).await;
            if is_reported {
                let about = json!({ "ref": restored, "ref_type": "branch" });
                let received = receive(&watch, "create", about);
                assert!(received.poll && received.snapshots.is_empty(), "{received:?}");
                if is_restarted {
                    store(&mut watch, &received);
                    watch = restarted(&server, watch);
                }
            }
            for _ in 0..polls {
                board.poll(&watch.poll().await);
            }
            let shown = all.map(|branch| board.status(&format!("acme/web/ci@{branch}")));
            let expected = all.map(|branch| Some("failed").filter(|_| branch == restored));
            assert_eq!(shown, expected, "{restored} {is_reported} {is_restarted}");
        }
    }
}

/// A webhook of something created -> whether a poll comes soon to look at it. One of a deleted branch that comes late
/// brings nothing back.
#[tokio::test]
async fn created_branch_is_requested_only_where_its_builds_are_gone() {
    let (server, mut watch, mut board) = deleted(&["mine"]).await;
    let cases = [
        (json!({ "ref": "mine", "ref_type": "branch" }), true),
        (json!({ "ref": "mine", "ref_type": " Branch" }), true),
        (json!({ "ref": "mine", "ref_type": "tag" }), false),
        (json!({ "ref": "other", "ref_type": "branch" }), false),
        (json!({ "ref": "main", "ref_type": "branch" }), false),
        (json!({ "ref": null, "ref_type": "repository" }), false),
    ];
    for (about, expected) in &cases {
        let received = receive(&watch, "create", about.clone());
        assert_eq!((received.poll, received.note.is_some()), (*expected, *expected), "{about}");
    }
    for _ in 0..3 {
        let batch = watch.poll().await;
        board.poll(&batch);
        assert_eq!((board.status("acme/web/ci@mine"), gone(&batch)), (None, vec![]));
    }
    // Before the first poll of another program it is not known what is gone.
    let watch = restarted(&server, watch);
    assert!(receive(&watch, "create", json!({ "ref": "other", "ref_type": "branch" })).poll);
}

/// The state of a workflow, and what it is by then -> how main, which is red, is shown.
#[tokio::test]
async fn builds_of_a_workflow_that_is_enabled_again_are_back() {
    let cases = [
        ("disabled_manually", "active", Some("failed")),
        ("disabled_inactivity", " Active", Some("failed")),
        ("deleted", "active", Some("failed")),
        ("disabled_manually", "disabled_manually", None),
        ("disabled_manually", "disabled_fork", None),
        ("disabled_manually", "deleted", None),
        // It is not said, or not known what it means.
        ("disabled_manually", "", None),
        ("disabled_manually", "of_tomorrow", None),
    ];
    let build = "acme/web/ci@main";
    for (before, after, expected) in cases {
        let is = |state: &str| get("/repos/acme/web/actions/workflows/9", json!({ "id": 9, "state": state }));
        let server = serve([is(before)]).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        board.poll(&watch.poll().await);
        assert_eq!(board.status(build), Some("failed"), "{before}");
        // A workflow that ran is taken to be enabled for a while.
        watch.now += SignedDuration::from_mins(11);
        board.poll(&watch.poll().await);
        assert_eq!(board.status(build), None, "{before}");
        serve_anew(&server, [is(after)]).await;
        for _ in 0..2 {
            board.poll(&watch.poll().await);
        }
        assert_eq!(board.status(build), expected, "{before} {after}");
    }
}

#[tokio::test]
async fn unarchived_repository_is_back() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let first = summaries(&watch.poll().await);
    for closed in [json!({ "archived": true }), json!({ "disabled": true })] {
        serve_anew(&server, [get("/repos/acme/web", with(repo("web"), closed))]).await;
        for _ in 0..2 {
            assert_eq!(summaries(&watch.poll().await), [""; 0]);
        }
        server.reset().await;
        mount(&server, forge()).await;
        assert_eq!(summaries(&watch.poll().await), first);
    }
}

#[tokio::test]
async fn reopened_pull_request_is_back() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    for (state, at) in [("closed", "11:00"), ("open", "11:10"), ("closed", "11:20"), ("open", "11:30")] {
        let at = format!("2026-11-22T{at}:00Z");
        let closed_at = Some(&at).filter(|_| state == "closed");
        let row = pull(482, json!({ "state": state, "updated_at": at, "closed_at": closed_at }));
        let mocks = [get("/repos/acme/web/pulls", json!([row])), get("/repos/acme/web/pulls/482", row)];
        serve_anew(&server, mocks).await;
        let reported = summaries(&watch.poll().await);
        let expected = format!("acme/web#482 {state} ");
        assert!(reported.iter().any(|line| line.starts_with(&expected)), "{at}: {reported:?}");
    }
}
