//! Webhooks of what is gone: GitHub sends them late, and again where a person has them sent again.

use callboard_domain::source::Received;

use super::{
    branchless::Board,
    gone::{emptied, gone},
    poll::{Watch, asked, serve_anew, serve_instead, summaries},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

pub(super) fn receive(watch: &Watch, event: &str, about: Value) -> Received {
    let (headers, body) = hook::signed(event, &with(json!({ "repository": repo("web") }), about));
    watch.hook().receive(&headers, &body, now()).unwrap()
}

fn summaries_of(received: &Received) -> Vec<String> {
    received.snapshots.iter().map(summary).collect()
}

/// The same account after a restart: its webhooks come before its first poll.
pub(super) fn restarted(server: &MockServer, watch: Watch) -> Watch {
    let mut next = Watch::new(server, &["acme/web"]);
    (next.cursor, next.now) = (watch.cursor, watch.now);
    next
}

/// Has the next poll begin with what a webhook notes.
pub(super) fn store(watch: &mut Watch, received: &Received) {
    let note = received.note.clone().expect("it is to be noted");
    watch.cursor = watch.source().with_notes(watch.cursor.as_ref(), &[note]);
}

/// Whether the run was under way when its branch was deleted, or had ended -> what the late webhook brings back.
#[tokio::test]
async fn late_run_of_a_deleted_branch_brings_no_build_back() {
    let late = |change| run(13, with(json!({ "head_branch": "late", "actor": user("ana") }), change));
    let failed = || late(json!({ "conclusion": "failure", "updated_at": "2026-11-22T11:00:00Z" }));
    let under_way = late(json!({ "status": "in_progress", "conclusion": null }));
    let gone_branch = "acme/web/ci@late its branch was deleted";
    for before in [under_way, failed()] {
        let list = |late: Value| get(RUNS, runs(&[run(14, json!({})), late]));
        let server = serve([list(before.clone())]).await;
        mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
        mount(&server, [get("/repos/acme/web/branches/late", json!({}))]).await;
        mount(&server, [get(&format!("{RUNS}/13"), failed())]).await;
        mount(&server, [get(&format!("{RUNS}/13/jobs"), jobs(&[]))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        serve_instead(&server, [missing("/repos/acme/web/branches/late")]).await;
        assert!(receive(&watch, "delete", json!({ "ref": "late", "ref_type": "branch" })).poll);
        assert_eq!(gone(&watch.poll().await), [gone_branch]);
        let received = receive(&watch, "workflow_run", json!({ "workflow_run": failed() }));
        assert_eq!(summaries_of(&received), [""; 0], "{before}");
        // Its list has the run too: whatever has brought the build back meanwhile, it is gone.
        serve_instead(&server, [list(failed())]).await;
        let batch = watch.poll().await;
        let is_reported = summaries(&batch).iter().any(|line| line.starts_with("acme/web/ci@late"));
        assert!(!is_reported, "{:?}", summaries(&batch));
        assert!(before == failed() || gone(&batch) == [gone_branch], "{:?}", gone(&batch));

        // Before the first poll of another program it is not known: the poll finds out.
        let mut watch = restarted(&server, watch);
        let received = receive(&watch, "workflow_run", json!({ "workflow_run": failed() }));
        assert_eq!(summaries_of(&received), ["acme/web/ci@late 13.1 failed []"]);
        store(&mut watch, &received);
        assert_eq!(gone(&watch.poll().await), [gone_branch], "{before}");
        assert_eq!(gone(&watch.poll().await), [""; 0], "reported once");

        // A new attempt is newer.
        let again = with(failed(), json!({ "run_attempt": 2 }));
        let received = receive(&watch, "workflow_run", json!({ "workflow_run": again }));
        assert_eq!(summaries_of(&received), ["acme/web/ci@late 13.2 failed []"]);
    }
}

/// A webhook of something that no poll knows any more -> what the next poll finds gone, also after a restart.
#[tokio::test]
async fn late_webhook_of_a_deleted_item_is_checked() {
    let red = || run(41, json!({ "head_branch": "mine", "actor": user("ana"), "conclusion": "failure" }));
    let cases = [
        ("workflow_run", json!({ "workflow_run": red() }), "acme/web/ci@mine run 41"),
        (
            "pull_request",
            json!({ "pull_request": pull(482, json!({})) }),
            "acme/web#482 deleted on the service",
        ),
        (
            "pull_request_review",
            json!({ "pull_request": pull(482, json!({})), "review": review("bo", "approved", "2026-11-22T09:30:00Z") }),
            "acme/web#482 deleted on the service",
        ),
    ];
    for (event, about, expected) in cases {
        for is_restarted in [false, true] {
            let server = serve([get(RUNS, runs(&[red(), run(30, json!({}))]))]).await;
            mount(&server, forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            watch.poll().await;
            serve_instead(
                &server,
                [
                    get("/repos/acme/web/pulls", json!([])),
                    missing("/repos/acme/web/pulls/482"),
                    missing("/repos/acme/web/pulls/482/reviews"),
                    get(RUNS, runs(&[run(30, json!({}))])),
                    missing(&format!("{RUNS}/41")),
                ],
            )
            .await;
            for _ in 0..3 {
                watch.poll().await;
            }
            if is_restarted {
                watch = restarted(&server, watch);
            }
            let received = receive(&watch, event, about.clone());
            assert_eq!(received.snapshots.len(), 1, "{event}");
            if is_restarted {
                store(&mut watch, &received);
            }
            let batch = watch.poll().await;
            let found = (gone(&batch), batch.problems.len());
            assert_eq!(found, (vec![], 0), "{event} {is_restarted}: GitHub may not answer for it yet");
            assert_eq!(gone(&watch.poll().await), [expected], "{event} {is_restarted}");
            assert_eq!(gone(&watch.poll().await), [""; 0], "{event} {is_restarted}: reported once");
        }
    }
}

/// A webhook that comes before GitHub answers for its subject, also where that is the only run of a repository -> it stays on
/// the board, and the next poll reads it.
#[tokio::test]
async fn early_webhook_is_not_taken_for_one_of_a_deleted_item() {
    let red = || run(41, json!({ "head_branch": "mine", "actor": user("ana"), "conclusion": "failure" }));
    let new = || pull(9, json!({ "title": "New" }));
    for (before, after) in
        [(vec![run(30, json!({}))], vec![red(), run(30, json!({}))]), (vec![], vec![red()])]
    {
        let lists =
            |builds: &[Value], pulls: Value| [get(RUNS, runs(builds)), get("/repos/acme/web/pulls", pulls)];
        let server = serve(lists(&before, json!([]))).await;
        let at = [&format!("{RUNS}/41"), "/repos/acme/web/pulls/9", "/repos/acme/web/pulls/9/reviews"];
        mount(&server, at.map(missing)).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        board.poll(&watch.poll().await);
        for (event, about) in [
            ("workflow_run", json!({ "workflow_run": red() })),
            ("pull_request", json!({ "pull_request": new() })),
        ] {
            let received = receive(&watch, event, about);
            board.take(&[], &received.gone, &received.snapshots);
        }
        let batch = watch.poll().await;
        board.poll(&batch);
        assert_eq!(board.status("acme/web/ci@mine"), Some("failed"), "{before:?}");
        assert_eq!((gone(&batch), batch.emptied.len(), batch.problems.len()), (vec![], 0, 0), "{before:?}");

        serve_instead(&server, lists(&after, json!([new()]))).await;
        mount(
            &server,
            [get("/repos/acme/web/pulls/9", new()), get("/repos/acme/web/pulls/9/reviews", json!([]))],
        )
        .await;
        let batch = watch.poll().await;
        let reported = summaries(&batch);
        assert!(reported.iter().any(|line| line.starts_with("acme/web#9 open")), "{reported:?}");
        assert!(reported.iter().any(|line| line.starts_with("acme/web/ci@mine 41.1 failed")), "{reported:?}");
        assert_eq!(gone(&batch), [""; 0], "{before:?}");
    }
}

/// A failure to answer is no evidence: it is asked for until GitHub answers.
#[tokio::test]
async fn subject_of_a_late_webhook_is_requested_until_github_answers() {
    let red = || run(41, json!({ "head_branch": "mine", "actor": user("ana"), "conclusion": "failure" }));
    let run_at = format!("{RUNS}/41");
    let at = [run_at.as_str(), "/repos/acme/web/pulls/7", "/repos/acme/web/pulls/7/reviews"];
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let down = |at: &str| Mock::given(path(at)).respond_with(ResponseTemplate::new(502)).up_to_n_times(1);
    serve_instead(&server, at.map(down)).await;
    mount(&server, at.map(missing)).await;
    receive(&watch, "workflow_run", json!({ "workflow_run": red() }));
    receive(&watch, "pull_request", json!({ "pull_request": pull(7, json!({})) }));
    assert_eq!(gone(&watch.poll().await), [""; 0]);
    let mut found = gone(&watch.poll().await);
    found.sort();
    assert_eq!(found, ["acme/web#7 deleted on the service", "acme/web/ci@mine run 41"]);
}

/// What is new is on the next lists: it is not asked for by itself.
#[tokio::test]
async fn listed_item_is_not_requested_by_itself() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let new = run(50, json!({ "head_branch": "new", "status": "queued", "conclusion": null }));
    let received = receive(&watch, "workflow_run", json!({ "workflow_run": new }));
    assert_eq!(
        (summaries_of(&received), received.poll),
        (vec!["acme/web/ci@new 50.1 queued []".to_owned()], false)
    );
    let rows = [new, run(31, json!({ "conclusion": "failure" })), run(30, json!({}))];
    serve_instead(&server, [get(RUNS, runs(&rows))]).await;
    let mut seen = server.received_requests().await.unwrap().len();
    assert_eq!(gone(&watch.poll().await), [""; 0]);
    let asked = asked(&server, &mut seen).await;
    assert!(!asked.iter().any(|it| it.starts_with("web/actions/runs/50")), "{asked:?}");
}

/// Webhooks of what polls have seen, whether the lists show it anew -> what is asked for by itself: an open pull
/// request in any case, as its reviews and checks are on no list.
#[tokio::test]
async fn seen_item_is_requested_by_itself_unless_it_is_listed_anew() {
    let new = |status: &str| run(50, json!({ "head_branch": "new", "status": status, "conclusion": null }));
    let others = || [run(31, json!({ "conclusion": "failure" })), run(30, json!({}))];
    let closed = pull(9, json!({ "state": "closed", "updated_at": "2026-11-22T11:30:00Z" }));
    let list = |first: Value| {
        let [second, third] = others();
        get(RUNS, runs(&[first, second, third]))
    };
    let server = serve([list(new("queued"))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let by_now = [
        list(new("in_progress")),
        get("/repos/acme/web/pulls", json!([closed, pull(482, json!({}))])),
        get("/repos/acme/web/pulls/9", closed.clone()),
        get("/repos/acme/web/pulls/9/reviews", json!([])),
        get(&format!("{RUNS}/30"), run(30, json!({}))),
        get(&format!("{RUNS}/50"), new("in_progress")),
    ];
    serve_anew(&server, by_now).await;
    let mut seen = 0;
    let all = ["web/actions/runs/30", "web/actions/runs/50", "web/pulls/482", "web/pulls/9"];
    for (is_listed_anew, expected) in [(true, &["web/pulls/482"][..]), (false, &all[..])] {
        for (event, about) in [
            ("workflow_run", json!({ "workflow_run": new("queued") })),
            ("workflow_run", json!({ "workflow_run": run(30, json!({})) })),
            ("pull_request", json!({ "pull_request": pull(482, json!({})) })),
            ("pull_request", json!({ "pull_request": closed })),
        ] {
            let received = receive(&watch, event, about.clone());
            assert_eq!((received.snapshots.len(), received.note.is_some()), (1, true), "{about}");
        }
        assert_eq!(gone(&watch.poll().await), [""; 0], "{is_listed_anew}");
        let mut singly = asked(&server, &mut seen).await;
        singly.retain(|it| all.contains(&it.as_str()));
        assert_eq!(singly, expected, "{is_listed_anew}");
    }
}

/// A webhook from before a repository was archived, or deleted, puts nothing of it on the board.
#[tokio::test]
async fn late_webhook_of_an_archived_or_deleted_repository_adds_nothing() {
    let archived = [get("/repos/acme/web", with(repo("web"), json!({ "archived": true })))];
    let deleted = ["/repos/acme/web", "/repos/acme/web/pulls", RUNS].map(missing);
    for instead in [Vec::from(archived), Vec::from(deleted)] {
        let server = serve(forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        serve_instead(&server, instead).await;
        watch.poll().await;
        watch.poll().await;
        let about = [
            ("pull_request", json!({ "pull_request": pull(482, json!({})) })),
            ("workflow_run", json!({ "workflow_run": run(31, json!({ "conclusion": "failure" })) })),
        ];
        for (event, about) in &about {
            let received = receive(&watch, event, about.clone());
            assert_eq!((summaries_of(&received), received.note.is_some()), (vec![], true), "{event}");
        }
        assert_eq!(summaries(&watch.poll().await), [""; 0]);
        let mut watch = restarted(&server, watch);
        for (event, about) in &about {
            let received = receive(&watch, event, about.clone());
            assert_eq!(received.snapshots.len(), 1, "{event}");
            store(&mut watch, &received);
        }
        assert_eq!(emptied(&watch.poll().await), ["acme/web"]);
        assert_eq!(emptied(&watch.poll().await), [""; 0], "reported once");
    }
}

/// A webhook of a repository that was missing, whether that is back -> what the next poll reports. It is asked for at once, and
/// by nothing else for a while.
#[tokio::test]
async fn repository_that_was_missing_is_requested_once_a_webhook_comes() {
    let events = [
        ("workflow_run", json!({ "workflow_run": run(31, json!({ "conclusion": "failure" })) })),
        ("pull_request", json!({ "pull_request": pull(482, json!({})) })),
        (
            "pull_request_review",
            json!({ "pull_request": pull(482, json!({})), "review": review("bo", "approved", "2026-11-22T09:30:00Z") }),
        ),
        ("delete", json!({ "ref": "late", "ref_type": "branch" })),
        ("repository", json!({ "action": "unarchived" })),
        ("repository", json!({ "action": "edited" })),
        ("push", json!({ "ref": "refs/heads/main" })),
        ("check_suite", json!({ "action": "completed" })),
        ("ping", json!({ "zen": "Keep it logically awesome." })),
    ];
    for (event, about) in events {
        for (is_back, is_restarted) in [(true, false), (true, true), (false, false)] {
            let server = serve(forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            watch.poll().await;
            serve_instead(&server, ["/repos/acme/web", "/repos/acme/web/pulls", RUNS].map(missing)).await;
            watch.poll().await;
            assert_eq!(emptied(&watch.poll().await), ["acme/web"]);
            let mut seen = server.received_requests().await.unwrap().len();
            watch.poll().await;
            assert_eq!(asked(&server, &mut seen).await, [""; 0], "{event}");

            if is_back {
                server.reset().await;
                mount(&server, forge()).await;
                seen = 0;
            }
            let received = receive(&watch, event, about.clone());
            assert!(received.poll && received.snapshots.is_empty(), "{event}: {received:?}");
            if is_restarted {
                store(&mut watch, &received);
                watch = restarted(&server, watch);
            }
            let batch = watch.poll().await;
            let mut reported = summaries(&batch);
            reported.sort();
            let asked_now = asked(&server, &mut seen).await;
            if is_back {
                let expected = [
                    "acme/web#482 open [bo=Approved] passed",
                    r#"acme/web/ci@main 31.1 failed ["build"], 30.1 passed []"#,
                ];
                assert_eq!(
                    (reported, batch.problems.len()),
                    (expected.map(str::to_owned).to_vec(), 0),
                    "{event}"
                );
            } else {
                assert_eq!((reported, asked_now), (vec![], vec!["web".to_owned()]), "{event}");
                watch.poll().await;
                assert_eq!(asked(&server, &mut seen).await, [""; 0], "{event}: once for each webhook");
            }
        }
    }
}

/// A pull request that the list of all names as merged, or that is too old for it -> the next poll reports that it is merged,
/// though its details come late, and though no poll had ever seen it open.
#[tokio::test]
async fn pull_request_that_ended_before_the_first_poll_is_reported() {
    let merged = |number: u64, at: &str| {
        pull(
            number,
            json!({ "state": "closed", "merged_at": at, "closed_at": at, "updated_at": at, "merged_by": user("bo") }),
        )
    };
    let ended = || merged(60, "2026-11-22T11:30:00Z");
    let long_ago = || merged(52, "2026-10-22T11:30:00Z");
    let newest = || pull(482, json!({}));
    // The pull requests listed at first and then, the one that the webhook is of.
    let cases = [
        (json!([]), json!([ended()]), ended()),
        (json!([]), json!([]), ended()),
        (json!([newest()]), json!([newest()]), long_ago()),
        (json!([newest(), long_ago()]), json!([newest(), long_ago()]), long_ago()),
    ];
    for (first, then, itself) in cases {
        for is_restarted in [false, true] {
            let number = itself["number"].as_u64().unwrap();
            let at = format!("/repos/acme/web/pulls/{number}");
            let server = serve([get("/repos/acme/web/pulls", first.clone())]).await;
            mount(&server, [get(&format!("{at}/reviews"), json!([]))]).await;
            mount(&server, forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            watch.poll().await;
            let asks = json!({
                "action": "review_requested",
                "pull_request": pull(number, json!({ "requested_reviewers": [user("ana")] })),
            });
            if is_restarted {
                watch = restarted(&server, watch);
            }
            let received = receive(&watch, "pull_request", asks);
            assert_eq!(summaries_of(&received), [format!("acme/web#{number} open [] ?")]);
            if is_restarted {
                store(&mut watch, &received);
            }
            let down = Mock::given(path(at.as_str())).respond_with(ResponseTemplate::new(502));
            serve_instead(&server, [get("/repos/acme/web/pulls", then.clone()), down.up_to_n_times(1)]).await;
            mount(&server, [get(&at, itself.clone())]).await;
            let mut reported = summaries(&watch.poll().await);
            reported.extend(summaries(&watch.poll().await));
            let expected = format!("acme/web#{number} merged by bo");
            assert!(
                reported.iter().any(|line| line.starts_with(&expected)),
                "{number} {is_restarted}: {reported:?}"
            );
        }
    }
}

/// What is there of the branch of a red run that a late webhook brings back and no list has -> the status of its build then.
#[tokio::test]
async fn late_red_run_decides_its_build_only_while_it_is_the_newest() {
    let of = |branch: &str, id: u64, conclusion: &str| {
        run(
            id,
            json!({ "head_branch": branch, "conclusion": conclusion, "updated_at": "2026-10-22T09:10:00Z" }),
        )
    };
    let other = |id: u64| run(id, json!({ "path": ".github/workflows/nightly.yml", "workflow_id": 10 }));
    for branch in ["main", "try"] {
        let red = || of(branch, 5, "failure");
        let green = || of(branch, 6, "success");
        let build = format!("acme/web/ci@{branch}");
        let cases = [
            (vec![green(), red()], Some("passed")),
            (vec![of(branch, 7, "cancelled"), green(), red()], Some("canceled")),
            (vec![of(branch, 6, "failure"), red()], Some("failed")),
            // Of another workflow, or older: it says nothing of this one.
            (vec![other(8), red()], Some("failed")),
            (vec![red(), of(branch, 4, "success")], Some("failed")),
            // It does not show which is newer.
            (vec![], Some("failed")),
        ];
        for (of_branch, expected) in cases {
            let listed = |rows: &[Value]| ResponseTemplate::new(200).set_body_json(runs(rows));
            let all = run(60, json!({ "head_branch": "elsewhere" }));
            let whole = Mock::given(path(RUNS)).and(query_param_is_missing("branch"));
            let own = || Mock::given(path(RUNS)).and(query_param("branch", branch));
            let mocks = [
                whole.respond_with(listed(&[all])),
                own().respond_with(ResponseTemplate::new(502)).up_to_n_times(1),
                own().respond_with(listed(&of_branch)),
                get(&format!("{RUNS}/5"), red()),
                get(&format!("{RUNS}/5/jobs"), jobs(&[])),
            ];
            let server = serve(mocks).await;
            mount(&server, forge()).await;
            let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
            board.poll(&watch.poll().await);
            let received = receive(&watch, "workflow_run", json!({ "workflow_run": red() }));
            board.take(&[], &received.gone, &received.snapshots);
            assert_eq!(board.status(&build), Some("failed"));
            // The list of the branch does not come: what is known stays, and it is asked for again.
            let batch = watch.poll().await;
            board.poll(&batch);
            assert_eq!((board.status(&build), batch.problems.is_empty()), (Some("failed"), false));
            let batch = watch.poll().await;
            board.poll(&batch);
            assert_eq!(board.status(&build), expected, "{of_branch:?}");
            assert!(batch.problems.is_empty(), "{of_branch:?}: {:?}", batch.problems);
        }
        // It was deleted.
        let server = serve([get(RUNS, runs(&[])), missing(&format!("{RUNS}/5"))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        receive(&watch, "workflow_run", json!({ "workflow_run": red() }));
        assert_eq!(gone(&watch.poll().await), [""; 0], "GitHub may not answer for it yet");
        assert_eq!(gone(&watch.poll().await), [format!("{build} run 5")]);
    }
}

/// A run whose jobs are refused is reported all the same, and the missing jobs become a problem.
#[tokio::test]
async fn claimed_red_run_with_refused_jobs_is_reported() {
    for status in [403, 404] {
        let red = run(50, json!({ "conclusion": "failure" }));
        let refused = ResponseTemplate::new(status).set_body_json(json!({ "message": "No" }));
        let refused = Mock::given(path(format!("{RUNS}/50/jobs"))).respond_with(refused);
        let server = serve([get(RUNS, runs(&[run(30, json!({}))])), refused]).await;
        mount(&server, [get(&format!("{RUNS}/50"), red.clone())]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        receive(&watch, "workflow_run", json!({ "workflow_run": red }));
        let batch = watch.poll().await;
        assert_eq!(summaries(&batch), ["acme/web/ci@main 50.1 failed []"], "{status}");
        let [problem] = &texts(&batch.problems)[..] else { panic!("{status}: {:?}", batch.problems) };
        assert!(problem.starts_with("acme/web: no jobs: "), "{status}: {problem}");
    }
}
