//! What is not there any more.

use callboard_domain::{event::EventName, source::Scope};
use jiff::SignedDuration;

use super::{
    branchless::Board,
    poll::{Watch, asked, serve_instead, summaries},
    *,
};

/// What is gone, in lines.
pub(super) fn gone(batch: &Batch) -> Vec<String> {
    let runs = batch.deleted_runs.iter().map(|gone| format!("{} run {}", gone.key.id, gone.numbers.start()));
    batch.gone.iter().map(|gone| format!("{} {}", gone.key.id, gone.reason)).chain(runs).collect()
}

/// The repositories that these are of, each once.
pub(super) fn names(scopes: &[Scope]) -> Vec<&str> {
    let mut names: Vec<_> = scopes.iter().filter_map(|scope| scope.repo.as_deref()).collect();
    names.dedup();
    names
}

/// The repositories of which nothing exists any more.
pub(super) fn emptied(batch: &Batch) -> Vec<&str> {
    names(&batch.emptied)
}

#[tokio::test]
async fn deleted_pull_request_and_run_are_gone() {
    let mine = |id, change| run(id, with(json!({ "head_branch": "mine", "actor": user("ana") }), change));
    let rows = [
        mine(41, json!({ "conclusion": "failure" })),
        run(42, json!({ "head_branch": "slow", "status": "in_progress", "conclusion": null })),
        run(30, json!({})),
    ];
    let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;

    serve_instead(
        &server,
        [
            get("/repos/acme/web/pulls", json!([])),
            missing("/repos/acme/web/pulls/482"),
            missing("/repos/acme/web/pulls/482/reviews"),
            get("/repos/acme/web/actions/runs", runs(&[run(30, json!({}))])),
            missing("/repos/acme/web/actions/runs/41"),
            missing("/repos/acme/web/actions/runs/42"),
        ],
    )
    .await;
    let mut found = Vec::new();
    for _ in 0..2 {
        found.extend(gone(&watch.poll().await));
    }
    found.sort();
    let expected =
        ["acme/web#482 deleted on the service", "acme/web/ci@mine run 41", "acme/web/ci@slow run 42"];
    assert_eq!(found, expected);
    assert_eq!(gone(&watch.poll().await), [""; 0], "reported once");
}

#[tokio::test]
async fn deleted_run_leaves_the_earlier_runs() {
    let red = |id| run(id, json!({ "conclusion": "failure" }));
    for before in [red(40), run(40, json!({}))] {
        let list = |rows: &[Value]| get("/repos/acme/web/actions/runs", runs(rows));
        let server = serve([list(&[red(41), before.clone()])]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        serve_instead(
            &server,
            [list(std::slice::from_ref(&before)), missing("/repos/acme/web/actions/runs/41")],
        )
        .await;
        let (mut found, mut reported) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let batch = watch.poll().await;
            found.extend(gone(&batch));
            reported.extend(summaries(&batch));
        }
        assert_eq!(found, ["acme/web/ci@main run 41"]);
        // The one before is reported again, once the list is read anew.
        assert!(
            reported.last().is_some_and(|line| line.starts_with("acme/web/ci@main 40.1")),
            "{reported:?}"
        );
    }
}

/// The runs of a branch as they are listed, and then, newest first -> what is news then, and how the branch is shown.
#[tokio::test]
async fn branch_is_shown_as_its_listed_runs_are() {
    use EventName::{Failed, StillFailing};
    type Rows<'a> = &'a [(u64, &'a str)];
    let cases: [(Rows<'_>, Rows<'_>, &[EventName], &str); 7] = [
        (&[(2, "success"), (1, "failure")], &[(1, "failure")], &[], "failed"),
        (&[(3, "success"), (2, "success"), (1, "failure")], &[(1, "failure")], &[], "failed"),
        (&[(3, "success"), (2, "success"), (1, "failure")], &[(2, "success"), (1, "failure")], &[], "passed"),
        (&[(2, "success"), (1, "success")], &[(1, "success")], &[], "passed"),
        // Another one is under way.
        (&[(3, ""), (2, "success"), (1, "failure")], &[(3, ""), (1, "failure")], &[], "running"),
        // The server was restored: it counts on from an earlier run.
        (
            &[(50, "success"), (39, "success")],
            &[(41, "failure"), (40, "failure"), (39, "success")],
            &[Failed, StillFailing],
            "failed",
        ),
        (
            &[(50, "failure"), (39, "failure")],
            &[(40, "success"), (39, "failure")],
            &[EventName::Fixed],
            "passed",
        ),
    ];
    for branch in ["main", "mine"] {
        for (before, after, news, shown) in cases {
            let row = |(id, conclusion): &(u64, &str)| {
                let change = match *conclusion {
                    "" => json!({ "status": "in_progress", "conclusion": null }),
                    conclusion => json!({ "conclusion": conclusion }),
                };
                run(*id, with(json!({ "head_branch": branch }), change))
            };
            let list = |rows: Rows<'_>| {
                get("/repos/acme/web/actions/runs", runs(&rows.iter().map(row).collect::<Vec<_>>()))
            };
            let server = serve([list(before)]).await;
            mount(&server, forge()).await;
            let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
            board.poll(&watch.poll().await);
            serve_instead(&server, [list(after)]).await;
            let build = format!("acme/web/ci@{branch}");
            let found: Vec<_> = board.poll(&watch.poll().await).into_iter().map(|(_, name)| name).collect();
            assert_eq!((found.as_slice(), board.status(&build)), (news, Some(shown)), "{branch} {after:?}");
            // Nor does it change while the service does not.
            for _ in 0..2 {
                assert_eq!(board.poll(&watch.poll().await), [], "{branch} {after:?}");
            }
            assert_eq!(board.status(&build), Some(shown), "{branch} {after:?}");
        }
    }
}

/// A run that is missing from its list and there by itself, or that cannot be asked for, decides its branch as before.
#[tokio::test]
async fn unlisted_run_that_passed_is_not_gone_before_github_answers_so() {
    let row = |id: u64, conclusion: &str| run(id, json!({ "conclusion": conclusion }));
    let list = |rows: &[Value]| get("/repos/acme/web/actions/runs", runs(rows));
    let itself = || Mock::given(path("/repos/acme/web/actions/runs/2"));
    let answers = [
        ResponseTemplate::new(200).set_body_json(row(2, "success")),
        ResponseTemplate::new(403),
        ResponseTemplate::new(502),
    ];
    for answer in answers {
        let server = serve([list(&[row(2, "success"), row(1, "failure")])]).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        board.poll(&watch.poll().await);
        serve_instead(&server, [list(&[row(1, "failure")]), itself().respond_with(answer)]).await;
        for _ in 0..2 {
            assert_eq!(board.poll(&watch.poll().await), []);
        }
        assert_eq!(board.status("acme/web/ci@main"), Some("passed"));
    }
}

/// A refusal or an error is no evidence.
#[tokio::test]
async fn unreadable_item_is_not_gone() {
    for status in [403, 500, 503] {
        let server = serve(forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let refused = |at: &str| Mock::given(path(at)).respond_with(ResponseTemplate::new(status));
        let all = [
            "/repos/acme/web/pulls/482",
            "/repos/acme/web/pulls/482/reviews",
            "/repos/acme/web/actions/runs/31",
        ];
        serve_instead(&server, all.map(refused)).await;
        serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&[run(30, json!({}))]))]).await;
        for _ in 0..2 {
            assert_eq!(gone(&watch.poll().await), [""; 0], "{status}");
        }
    }
}

#[tokio::test]
async fn deleted_branch_removes_its_builds() {
    let red = |branch: &str, id| {
        run(id, json!({ "conclusion": "failure", "head_branch": branch, "actor": user("ana") }))
    };
    let queue = "gh-readonly-queue/main/pr-482-beef";
    let rows = [red(queue, 41), red("mine", 42), red("v1.0", 43), red("kept", 44)];
    let branch = |name: &str| format!("/repos/acme/web/branches/{}", name.replace('/', "%2F"));
    // (does the server answer for branches?, what is gone)
    let cases: [(bool, &[&str]); 2] = [
        (
            true,
            &[
                "acme/web/ci@gh-readonly-queue/main/pr-482-beef its branch was deleted",
                "acme/web/ci@mine its branch was deleted",
            ],
        ),
        (false, &[]),
    ];
    for (answers, expected) in cases {
        let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        if answers {
            mount(&server, [get(&branch("main"), json!({})), get(&branch("kept"), json!({}))]).await;
            mount(&server, [get("/repos/acme/web/git/ref/tags/v1.0", json!({}))]).await;
        }
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let mut found = Vec::new();
        for _ in 0..4 {
            found.extend(gone(&watch.poll().await));
        }
        found.sort();
        assert_eq!(found, expected);
        if answers {
            // Its runs are still listed: they bring nothing back, until there is a new one.
            let mut more = rows.to_vec();
            more.insert(0, run(50, json!({ "head_branch": "other" })));
            serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&more))]).await;
            let reported = summaries(&watch.poll().await);
            assert!(!reported.iter().any(|line| line.starts_with("acme/web/ci@mine")), "{reported:?}");
            assert!(reported.iter().any(|line| line.starts_with("acme/web/ci@other")), "{reported:?}");
        }
    }
}

/// A webhook's delivery to the watched account.
fn deliver(watch: &Watch, event: &str, body: &Value) -> bool {
    let (headers, body) = hook::signed(event, body);
    watch.hook().receive(&headers, &body, now()).unwrap().poll
}

/// Where a webhook says that a branch was deleted, the next poll asks for it, whatever builds it has.
#[tokio::test]
async fn branch_reported_deleted_is_requested_by_the_next_poll() {
    let answer = |status| ResponseTemplate::new(status).set_body_json(json!({}));
    let of_mine = |id, conclusion: &str| run(id, json!({ "conclusion": conclusion, "head_branch": "mine" }));
    let gone_line = "acme/web/ci@mine its branch was deleted";
    // (its build, what GitHub says of the branch, what is gone, whether it is asked for again)
    let cases: [(&str, u16, &[&str], bool); 5] = [
        ("failure", 404, &[gone_line], false),
        ("success", 404, &[gone_line], false),
        ("failure", 200, &[], false),
        ("success", 200, &[], false),
        ("success", 502, &[], true),
    ];
    for (conclusion, status, expected, again) in cases {
        let rows = [of_mine(42, conclusion), run(30, json!({}))];
        let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
        let at = "/repos/acme/web/branches/mine";
        mount(&server, [get(at, json!({}))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        watch.poll().await;
        server.reset().await;
        mount(&server, [Mock::given(path(at)).respond_with(answer(status))]).await;
        mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
        mount(&server, [get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        mount(&server, forge()).await;
        let body = json!({ "ref": "mine", "ref_type": "branch", "repository": repo("web") });
        assert!(deliver(&watch, "delete", &body));
        let case = format!("{conclusion} {status}");
        assert_eq!(gone(&watch.poll().await), expected, "{case}");
        let mut seen = server.received_requests().await.unwrap().len();
        assert_eq!(gone(&watch.poll().await), [""; 0], "{case}: reported once");
        let asked = asked(&server, &mut seen).await;
        if conclusion == "success" {
            assert_eq!(
                asked.iter().any(|it| it.starts_with("web/branches/mine")),
                again,
                "{case}: {asked:?}"
            );
        }
    }
}

/// A deletion that a webhook reports is checked, though GitHub was unavailable until the program was started again.
#[tokio::test]
async fn claims_survive_a_restart() {
    let rows = [run(42, json!({ "head_branch": "mine" })), run(30, json!({}))];
    let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
    mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let body = json!({ "ref": "mine", "ref_type": "branch", "repository": repo("web") });
    let (headers, body) = hook::signed("delete", &body);
    let received = watch.hook().receive(&headers, &body, now()).unwrap();
    let notes = [received.note.unwrap()];
    let mut stored = watch.source().with_notes(watch.cursor.as_ref(), &notes);
    assert_ne!(stored, watch.cursor);
    assert_eq!(watch.source().with_notes(stored.as_ref(), &notes), stored, "it is there");
    assert_eq!(watch.source().with_notes(None, &notes), None, "nothing was seen yet");
    let down = || Mock::given(path("/repos/acme/web/branches/mine")).respond_with(ResponseTemplate::new(502));
    let missing = || missing("/repos/acme/web/branches/mine");
    for (answer, expected) in [
        (down(), &[][..]),
        (down(), &[]),
        (missing(), &["acme/web/ci@mine its branch was deleted"]),
        (missing(), &[]),
    ] {
        serve_instead(&server, [answer]).await;
        // Another program each time.
        let mut next = Watch::new(&server, &["acme/web"]);
        (next.cursor, next.now) = (stored.take(), watch.now);
        assert_eq!(gone(&next.poll().await), expected);
        stored = next.cursor;
        server.reset().await;
        mount(&server, [get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
        mount(&server, forge()).await;
    }
    let cursor: Value = serde_json::from_str(&stored.unwrap().0).unwrap();
    assert_eq!(cursor.get("claims"), None);
}

/// A webhook of the repository itself makes the next poll ask for it, and GitHub's answer then counts.
#[tokio::test]
async fn repository_reported_deleted_is_requested_by_the_next_poll() {
    let archived = || get("/repos/acme/web", with(repo("web"), json!({ "archived": true })));
    let of = |id: u64| with(repo("web"), json!({ "id": id }));
    // (what the webhook says, of which number, what GitHub says, what is emptied by the second poll)
    let cases: [(&str, u64, Option<Mock>, &[&str]); 6] = [
        ("archived", 1296269, Some(archived()), &["acme/web"]),
        ("deleted", 1296269, Some(missing("/repos/acme/web")), &["acme/web"]),
        // Unarchived, or made again, before the webhook came.
        ("archived", 1296269, None, &[]),
        ("deleted", 1296269, None, &[]),
        // Another repository that had the name.
        ("archived", 5, None, &[]),
        ("deleted", 5, None, &[]),
    ];
    for (action, id, response, expected) in cases {
        let server = serve(forge()).await;
        mount(&server, [get("/repos/acme/api", with(repo("api"), json!({ "id": 7 })))]).await;
        mount(&server, [get("/repos/acme/api/pulls", json!([]))]).await;
        mount(&server, [get("/repos/acme/api/actions/runs", runs(&[]))]).await;
        let mut watch = Watch::new(&server, &["acme/web", "acme/api"]);
        // The next turn is the other repository's.
        watch.poll().await;
        serve_instead(&server, response).await;
        assert!(deliver(&watch, "repository", &json!({ "action": action, "repository": of(id) })));
        let (mut found, mut seen) = (Vec::new(), server.received_requests().await.unwrap().len());
        for poll in 0..2 {
            let batch = watch.poll().await;
            found.extend(emptied(&batch).into_iter().map(str::to_owned));
            let asked = asked(&server, &mut seen).await;
            assert!(poll > 0 || asked.iter().any(|it| it == "web*"), "{action} {id}: {asked:?}");
        }
        assert_eq!(found, expected, "{action} {id}");
    }
}

#[tokio::test]
async fn builds_of_the_old_default_branch_are_gone() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, [get("/repos/acme/web", with(repo("web"), json!({ "default_branch": "trunk" })))])
        .await;
    let batch = watch.poll().await;
    assert_eq!(gone(&batch), ["acme/web/ci@main its branch is no longer the default branch"]);
    assert!(
        batch.snapshots.iter().all(|item| !matches!(&item.detail, Detail::Build(_))),
        "{:?}",
        summaries(&batch)
    );
}

/// Its newer run is reported, as one of another branch.
#[tokio::test]
async fn build_of_the_old_default_branch_with_a_newer_run_stays() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let red = |id| run(id, json!({ "conclusion": "failure" }));
    let trunk = get("/repos/acme/web", with(repo("web"), json!({ "default_branch": "trunk" })));
    let newer = get("/repos/acme/web/actions/runs", runs(&[red(32), red(31), run(30, json!({}))]));
    serve_instead(&server, [trunk, newer]).await;
    let batch = watch.poll().await;
    assert_eq!(gone(&batch), [""; 0]);
    let builds = batch.snapshots.iter().filter(|item| item.key.id == "acme/web/ci@main").map(build_of);
    let builds: Vec<_> = builds.map(|build| (build.runs.len(), build.default_branch)).collect();
    assert_eq!(builds, [(3, false)]);
}

#[tokio::test]
async fn repository_missing_twice_is_removed_from_the_board() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let all = ["/repos/acme/web", "/repos/acme/web/pulls", "/repos/acme/web/actions/runs"];
    serve_instead(&server, all.map(missing)).await;
    let why = "acme/web: GitHub has no such repository, or hides it from this account; correct its name in watch, or give the token access to it";
    let first = watch.poll().await;
    assert_eq!((emptied(&first), texts(&first.problems)), (vec![], vec![why.to_owned()]));
    let second = watch.poll().await;
    assert_eq!((emptied(&second), texts(&second.problems)), (vec!["acme/web"], vec![why.to_owned()]));
    let third = watch.poll().await;
    assert_eq!((emptied(&third), texts(&third.problems)), (vec![], vec![why.to_owned()]));

    // It comes back: everything is reported anew.
    server.reset().await;
    mount(&server, forge()).await;
    watch.now += SignedDuration::from_mins(10);
    assert_eq!(summaries(&watch.poll().await).len(), 2);
}

#[tokio::test]
async fn archived_repository_is_removed_from_the_board() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, [get("/repos/acme/web", with(repo("web"), json!({ "archived": true })))]).await;
    let batch = watch.poll().await;
    assert_eq!(emptied(&batch), ["acme/web"]);
    assert_eq!(
        gone(&batch),
        ["acme/web/ci@main disabled on the service", "acme/web#482 disabled on the service"]
    );
    assert_eq!(emptied(&watch.poll().await), [""; 0]);
}
