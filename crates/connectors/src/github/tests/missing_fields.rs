//! Runs without a branch, pull requests without a time of change, and empty lists.

use callboard_domain::{
    event::{EventName, compare, compare_read},
    item::{Kind, PullRequestState},
    source::Scope,
};

use super::{
    gone::gone,
    hook::signed,
    poll::{Watch, red, serve_anew, summaries},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

/// What else a red run of an unknown branch has -> whether its build concerns everybody.
#[tokio::test]
async fn red_run_of_an_unknown_branch_concerns_everybody() {
    let nobody = json!({ "actor": null, "triggering_actor": null });
    let pull = json!({ "event": "pull_request" });
    let cases = [
        (json!({}), true),
        (nobody.clone(), true),
        (json!({ "event": null }), true),
        // A pull request's is whoever's it is, where that is known.
        (pull.clone(), false),
        (with(pull.clone(), nobody.clone()), true),
        (with(pull.clone(), json!({ "actor": { "login": null }, "triggering_actor": null })), true),
        (with(pull, json!({ "triggering_actor": { "login": null } })), false),
    ];
    for (change, expected) in cases {
        let row = red(41, with(json!({ "head_branch": null }), change.clone()));
        let server = serve([get(RUNS, runs(&[row]))]).await;
        mount(&server, forge()).await;
        let batch = Watch::new(&server, &["acme/web"]).poll().await;
        let item = batch
            .snapshots
            .iter()
            .find(|item| item.key.id == "acme/web/ci#41")
            .expect("the build is reported");
        let build = build_of(item);
        assert_eq!((build.branch.as_deref(), build.default_branch), (None, expected), "{change}");
        assert_eq!(build.runs[0].status.name(), "failed", "{change}");
        assert_eq!(build.runs[0].by().is_none(), change.get("actor").is_some(), "{change}");
    }
}

#[tokio::test]
async fn branch_named_later_takes_over_the_run_and_is_kept() {
    let list = |branch: Value| get(RUNS, runs(&[red(41, json!({ "head_branch": branch }))]));
    let server = serve([list(json!(null))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let builds = |batch: &Batch| {
        let lines = summaries(batch).into_iter().filter(|line| line.contains("/ci"));
        lines.map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let first = watch.poll().await;
    assert_eq!((builds(&first), gone(&first)), (vec!["acme/web/ci#41".to_owned()], vec![]));
    serve_anew(&server, [list(json!("main"))]).await;
    let second = watch.poll().await;
    assert_eq!(builds(&second), ["acme/web/ci@main"]);
    assert_eq!(gone(&second), ["acme/web/ci#41 renamed to acme/web/ci@main"], "it is on the board once");
    for missing in [json!(null), json!("")] {
        serve_anew(&server, [list(missing.clone())]).await;
        let batch = watch.poll().await;
        assert_eq!(
            (builds(&batch), gone(&batch)),
            (vec!["acme/web/ci@main".to_owned()], vec![]),
            "{missing}"
        );
    }
}

/// What changes of a pull request without a time of change -> its title and state.
#[tokio::test]
async fn pull_request_without_a_time_of_change_is_read() {
    use PullRequestState::{Closed, Merged, Open};
    let before = "2026-11-22T09:00:00Z";
    let title = "Cache the price list";
    let cases = [
        (json!({ "title": "Cache all lists" }), "Cache all lists", Open),
        (json!({ "draft": true }), title, Open),
        (json!({ "state": "closed", "closed_at": before }), title, Closed),
        (json!({ "state": "closed", "closed_at": null }), title, Closed),
        (json!({ "state": "closed", "closed_at": before, "merged_at": before }), title, Merged),
    ];
    for updated_at in [json!(null), json!("soon"), json!({})] {
        for (change, title, state) in &cases {
            let server = serve(forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            let of =
                |batch: &Batch| batch.snapshots.iter().find(|item| item.key.id == "acme/web#482").cloned();
            let stored = compare(None, of(&watch.poll().await).unwrap()).item;
            let row = pull(482, with(json!({ "updated_at": updated_at }), change.clone()));
            let itself = get("/repos/acme/web/pulls/482", row.clone());
            serve_anew(&server, [get("/repos/acme/web/pulls", json!([row])), itself]).await;
            let batch = watch.poll().await;
            let reported = of(&batch).unwrap_or_else(|| panic!("{change} {updated_at}: {batch:?}"));
            let after = compare(Some(&stored), reported).item;
            let found = (after.title.as_str(), pull_of(&after).state);
            assert_eq!(found, (*title, *state), "{change} {updated_at}");
            assert_eq!(pull_of(&after).draft, change.get("draft").is_some(), "{change} {updated_at}");
        }
    }
}

/// GitHub's clock was ahead, and is put right: what changes then is news all the same, whether or not it is known to be read later.
#[tokio::test]
async fn change_after_a_date_that_was_ahead_is_news() {
    let row = |at: &str, change: Value| pull(482, with(json!({ "updated_at": at }), change));
    let asks = json!({ "requested_reviewers": [user("kim")] });
    let merged = json!({ "state": "closed", "merged_at": "2026-11-22T12:02:30Z", "closed_at": "2026-11-22T12:02:30Z" });
    for compare in [compare, compare_read] {
        let first = row("2026-11-22T14:00:00Z", json!({}));
        let itself = get("/repos/acme/web/pulls/482", first.clone());
        let server = serve([get("/repos/acme/web/pulls", json!([first])), itself]).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), None);
        let mut news = Vec::new();
        for then in [
            Some(row("2026-11-22T12:01:30Z", asks.clone())),
            Some(row("2026-11-22T12:02:30Z", merged.clone())),
            None,
        ] {
            let batch = watch.poll().await;
            let mut names = Vec::new();
            for item in batch.snapshots.into_iter().filter(|item| item.key.id == "acme/web#482") {
                let change = compare(stored.as_ref(), item);
                names.extend(change.transitions.iter().map(|transition| transition.name));
                stored = Some(change.item);
            }
            news.push(names);
            if let Some(row) = then {
                let itself = get("/repos/acme/web/pulls/482", row.clone());
                serve_anew(&server, [get("/repos/acme/web/pulls", json!([row])), itself]).await;
            }
        }
        assert_eq!(news[1..], [vec![EventName::ReviewRequested], vec![EventName::Merged]]);
        assert_eq!(stored.as_ref().map(Item::status), Some("merged"));
    }
}

/// The list of runs by then, whether run 31 is there by itself -> whether all builds are gone.
#[tokio::test]
async fn builds_whose_runs_are_all_deleted_are_gone() {
    let none = || runs(&[]);
    let uncounted = || json!({ "workflow_runs": [] });
    let short = || json!({ "total_count": 2, "workflow_runs": [] });
    let was_red = || vec![red(31, json!({})), run(30, json!({ "head_branch": "try" }))];
    let was_green = || vec![run(31, json!({})), run(30, json!({ "head_branch": "try" }))];
    let cases = [
        (was_red(), none(), false, true),
        (was_green(), none(), false, true),
        // It contradicts itself.
        (was_red(), none(), true, false),
        (was_red(), uncounted(), false, false),
        (was_green(), uncounted(), false, false),
        (was_green(), short(), false, false),
    ];
    for (before, list, is_there, expected) in cases {
        let server = serve([get(RUNS, runs(&before))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let by_itself = match is_there {
            true => get(&format!("{RUNS}/31"), before[0].clone()),
            false => Mock::given(path(format!("{RUNS}/31"))).respond_with(ResponseTemplate::new(404)),
        };
        serve_anew(&server, [get(RUNS, list.clone()), by_itself]).await;
        let batch = watch.poll().await;
        let of_repo = Scope { kind: Kind::Build, repo: Some("acme/web".to_owned()) };
        assert_eq!(batch.emptied.contains(&of_repo), expected, "{before:?} {list} {is_there}");
        let named = gone(&batch).iter().any(|line| line.starts_with("acme/web/ci@main "));
        assert!(named || !expected, "{before:?} {list}: {:?}", gone(&batch));
        // What comes back is reported again.
        serve_anew(&server, [get(RUNS, runs(&before))]).await;
        let reported = summaries(&watch.poll().await);
        let is_back = reported.iter().any(|line| line.starts_with("acme/web/ci@main 31.1"));
        assert!(is_back, "{before:?} {list}: {reported:?}");
    }
}

/// Where a webhook leaves out how a run ended, or its branch, a poll asks for the run, though the program may
/// end before.
#[tokio::test]
async fn run_described_incompletely_by_a_webhook_is_requested() {
    let changes =
        [json!({ "conclusion": null }), json!({ "conclusion": "" }), json!({ "head_branch": null })];
    for change in changes {
        for is_started_again in [false, true] {
            let by_itself = get(&format!("{RUNS}/41"), red(41, json!({})));
            let server = serve([by_itself, get(&format!("{RUNS}/41/jobs"), jobs(&[]))]).await;
            mount(&server, forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            watch.poll().await;
            let about = json!({ "workflow_run": red(41, change.clone()), "repository": repo("web") });
            let (headers, body) = signed("workflow_run", &about);
            let received = watch.hook().receive(&headers, &body, now()).unwrap();
            assert!(received.poll, "{change}");
            assert!(received.snapshots.iter().all(|item| item.status() == "unknown"), "{change}");
            if is_started_again {
                let notes = [received.note.unwrap()];
                let cursor = watch.source().with_notes(watch.cursor.as_ref(), &notes);
                watch = Watch::new(&server, &["acme/web"]);
                watch.cursor = cursor;
            }
            let reported = summaries(&watch.poll().await);
            assert!(
                reported.contains(&"acme/web/ci@main 41.1 failed []".to_owned()),
                "{change}: {reported:?}"
            );
        }
    }
}

/// A complete webhook is taken as it is.
#[tokio::test]
async fn complete_webhook_asks_for_no_poll() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let scheduled = json!({ "head_branch": null, "event": "schedule" });
    let waiting = json!({ "status": "queued", "conclusion": null });
    let cases = [
        ("workflow_run", json!({ "workflow_run": red(41, json!({})) }), false),
        ("workflow_run", json!({ "workflow_run": red(41, json!({ "conclusion": "of_tomorrow" })) }), false),
        ("workflow_run", json!({ "workflow_run": red(41, scheduled) }), false),
        ("workflow_run", json!({ "workflow_run": red(41, waiting) }), false),
        ("pull_request", json!({ "pull_request": pull(482, json!({})) }), false),
        ("pull_request", json!({ "pull_request": pull(482, json!({ "updated_at": null })) }), true),
        ("pull_request", json!({ "pull_request": pull(482, json!({ "created_at": null })) }), true),
        ("pull_request", json!({ "pull_request": pull(482, json!({ "draft": null })) }), true),
        ("pull_request_review", json!({ "pull_request": pull(482, json!({ "updated_at": null })) }), true),
    ];
    for (event, about, expected) in cases {
        let (headers, body) = signed(event, &with(json!({ "repository": repo("web") }), about.clone()));
        let received = watch.hook().receive(&headers, &body, now()).unwrap();
        assert_eq!((received.poll, received.snapshots.len()), (expected, 1), "{event} {about}");
    }
}

#[test]
fn webhook_without_its_event_asks_for_a_poll() {
    let hook = connect("https://api.github.com", &["acme/web"]).hook.unwrap();
    for (event, expected) in [("", true), (" ", true), ("ping", false), ("of_tomorrow", false)] {
        let (headers, body) = signed(event, &json!({ "repository": repo("web") }));
        assert_eq!(hook.receive(&headers, &body, now()).unwrap().poll, expected, "{event:?}");
    }
}
