//! Runs of which it is not known of which branch they are, or whose that is, and those that name it later.

use std::collections::BTreeMap;

use callboard_domain::{
    event::{EventName, compare, without_runs},
    source::{DeletedRuns, Gone, GoneReason},
};

use super::{
    gone::gone,
    hook::signed,
    poll::{Watch, red, serve_anew, serve_instead, summaries},
    unread::without_missing,
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

fn list(rows: &[Value]) -> Mock {
    get(RUNS, runs(rows))
}

/// The builds as they are stored, and what happens to them.
#[derive(Default)]
pub(super) struct Board(BTreeMap<String, Item>);

impl Board {
    /// Takes in what a poll or a webhook reports; gives back what is news.
    pub(super) fn take(
        &mut self,
        deleted_runs: &[DeletedRuns],
        gone: &[Gone],
        snapshots: &[Item],
    ) -> Vec<(String, EventName)> {
        for DeletedRuns { key, numbers } in deleted_runs {
            if let Some(rest) = self.0.get(&key.id).and_then(|known| without_runs(known, numbers)) {
                self.0.insert(key.id.clone(), rest);
            }
        }
        for Gone { key, reason } in gone {
            let Some(known) = self.0.remove(&key.id) else { continue };
            let GoneReason::Renamed { to } = reason else { continue };
            let mut moved = known;
            moved.key.id.clone_from(to);
            let both = match self.0.remove(to) {
                Some(other) => compare(Some(&moved), other).item,
                None => moved,
            };
            self.0.insert(to.clone(), both);
        }
        let mut news = Vec::new();
        for item in snapshots.iter().filter(|item| matches!(item.detail, Detail::Build(_))) {
            let change = compare(self.0.get(&item.key.id), item.clone());
            let names = change.transitions.iter().map(|transition| transition.name);
            news.extend(names.map(|name| (item.key.id.clone(), name)));
            self.0.insert(item.key.id.clone(), change.item);
        }
        news
    }

    pub(super) fn poll(&mut self, batch: &Batch) -> Vec<(String, EventName)> {
        self.take(&batch.deleted_runs, &batch.gone, &batch.snapshots)
    }

    /// The status of a build; none where it is not there.
    pub(super) fn status(&self, id: &str) -> Option<&'static str> {
        self.0.get(id).map(Item::status)
    }
}

fn news(id: &str, name: EventName) -> (String, EventName) {
    (id.to_owned(), name)
}

/// A later green run without a branch may be of any branch.
#[tokio::test]
async fn red_run_of_an_unknown_branch_is_ended_only_by_the_same_run() {
    let nameless = |change: Value| with(json!({ "head_branch": null }), change);
    let fork = json!({ "id": 7, "full_name": "eve/web" });
    let of_ana = json!({ "event": "pull_request", "actor": user("ana"), "triggering_actor": user("ana") });
    let of_bob = json!({ "event": "pull_request", "actor": user("bob"), "triggering_actor": user("bob") });
    // The red run, the green one.
    let cases = [
        (json!({}), json!({ "event": "pull_request", "head_repository": fork })),
        (json!({}), json!({ "head_sha": "bbbb" })),
        (json!({}), json!({})),
        (json!({ "head_branch": "" }), json!({ "head_branch": " " })),
        (of_ana, of_bob),
    ];
    for (before, after) in cases {
        let first = |change: Value| red(2, with(nameless(before.clone()), change));
        let second = || run(3, nameless(after.clone()));
        let server = serve([list(&[first(json!({}))])]).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        let failed = [news("acme/web/ci#2", EventName::Failed)];
        assert_eq!(board.poll(&watch.poll().await), failed, "{before}");

        serve_anew(&server, [list(&[second(), first(json!({}))])]).await;
        let batch = watch.poll().await;
        assert_eq!(board.poll(&batch), [news("acme/web/ci#3", EventName::Passed)], "{before} {after}");
        assert_eq!(
            (board.status("acme/web/ci#2"), gone(&batch)),
            (Some("failed"), vec![]),
            "{before} {after}"
        );

        // Run again, it is green.
        let again = first(json!({ "run_attempt": 2, "conclusion": "success" }));
        serve_anew(&server, [list(&[second(), again])]).await;
        let fixed = [news("acme/web/ci#2", EventName::Fixed)];
        assert_eq!(board.poll(&watch.poll().await), fixed, "{before} {after}");
    }
}

/// Two forks that were deleted may have had branches of one name, and the `main` of one is not the repository's.
#[tokio::test]
async fn run_of_a_deleted_fork_ends_no_other_red_run() {
    let lost =
        |branch: &str| json!({ "event": "pull_request", "head_branch": branch, "head_repository": null });
    // The red run -> the build that it is of.
    let cases = [
        (lost("patch-1"), "acme/web/ci#2"),
        (lost("main"), "acme/web/ci#2"),
        (json!({}), "acme/web/ci@main"),
    ];
    for (before, build) in cases {
        let first = || red(2, before.clone());
        let branch = first()["head_branch"].as_str().unwrap().to_owned();
        let server = serve([list(&[first()])]).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        assert_eq!(board.poll(&watch.poll().await), [news(build, EventName::Failed)], "{before}");

        serve_anew(&server, [list(&[run(3, lost(&branch)), first()])]).await;
        let batch = watch.poll().await;
        assert_eq!(board.poll(&batch), [news("acme/web/ci#3", EventName::Passed)], "{before}");
        assert_eq!((board.status(build), gone(&batch)), (Some("failed"), vec![]), "{before}");
    }
}

/// How a run of main ended, how a later one that does not show whose `main` it is of -> main is as it was, also once its own
/// run does not show it any more.
#[tokio::test]
async fn run_of_an_unknown_owner_decides_nothing_about_main() {
    let silent = || json!({ "event": "missing", "head_repository": "missing" });
    let cases = [
        ("failure", "success", "failed", EventName::Passed),
        ("success", "failure", "passed", EventName::Failed),
    ];
    for (own, other, status, event) in cases {
        let first = |change: Value| without_missing(run(2, with(json!({ "conclusion": own }), change)));
        let second = || without_missing(run(3, with(json!({ "conclusion": other }), silent())));
        let its_jobs = |id: u64| get(&format!("{RUNS}/{id}/jobs"), jobs(&[]));
        let server = serve([list(&[first(json!({}))]), its_jobs(2)]).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        assert_eq!(board.poll(&watch.poll().await).len(), 1, "{own} {other}");
        assert_eq!(board.status("acme/web/ci@main"), Some(status), "{own} {other}");

        serve_anew(&server, [list(&[second(), first(json!({}))]), its_jobs(2), its_jobs(3)]).await;
        let batch = watch.poll().await;
        assert_eq!(board.poll(&batch), [news("acme/web/ci#3", event)], "{own} {other}");
        assert_eq!((board.status("acme/web/ci@main"), gone(&batch)), (Some(status), vec![]), "{own} {other}");

        serve_anew(&server, [list(&[second(), first(silent())]), its_jobs(2), its_jobs(3)]).await;
        let batch = watch.poll().await;
        assert_eq!((board.poll(&batch), gone(&batch)), (vec![], vec![]), "{own} {other}");
        assert_eq!(board.status("acme/web/ci@main"), Some(status), "{own} {other}");
        assert_eq!(board.status("acme/web/ci#2"), None, "{own} {other}");
    }
}

/// What a failed run shows of its branch -> whether it concerns everybody, as one that may be of `main`, and its jobs are read.
#[tokio::test]
async fn failed_run_that_may_be_of_main_concerns_everybody() {
    let silent = json!({ "event": "missing", "head_repository": "missing" });
    let cases = [
        (silent.clone(), true),
        (json!({ "event": null, "head_repository": null }), true),
        (with(silent, json!({ "head_branch": "cache" })), false),
        // A pull request's, and another repository's.
        (json!({ "event": "pull_request", "head_repository": null }), false),
        (json!({ "event": null, "head_repository": { "id": 7 } }), false),
    ];
    for (change, expected) in cases {
        let its_jobs = get(&format!("{RUNS}/41/jobs"), jobs(&[job(7, "build", "failure")]));
        let server = serve([list(&[without_missing(red(41, change.clone()))]), its_jobs]).await;
        mount(&server, forge()).await;
        let batch = Watch::new(&server, &["acme/web"]).poll().await;
        let item = batch.snapshots.iter().find(|item| item.key.id == "acme/web/ci#41");
        let build = build_of(item.expect("the build is reported"));
        let is_explained = build.runs[0].failing == ["build"];
        assert_eq!((build.default_branch, is_explained), (expected, expected), "{change}");
    }
}

/// How the runs of a fork ended, the oldest first -> all stay in their build, and none is news, though GitHub does not name
/// the fork any more.
#[tokio::test]
async fn all_runs_of_a_fork_stay_in_its_build_once_the_fork_is_deleted() {
    let fork = json!({ "id": 7, "full_name": "eve/web" });
    let cases = [
        ["success", "success", "success"],
        ["failure", "success", "success"],
        ["success", "failure", "success"],
        ["success", "success", "failure"],
        ["cancelled", "success", "cancelled"],
    ];
    for conclusions in cases {
        let rows = |fork: &Value| -> Vec<Value> {
            let row = |(id, conclusion): (u64, &str)| {
                let of_fork = json!({ "head_branch": "patch-1", "head_repository": fork });
                run(id, with(of_fork, json!({ "event": "pull_request", "conclusion": conclusion })))
            };
            (1..=3).rev().zip(conclusions.into_iter().rev()).map(row).collect()
        };
        let server = serve([list(&rows(&fork))]).await;
        mount(&server, forge()).await;
        let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
        board.poll(&watch.poll().await);
        let build = "acme/web/ci@eve:patch-1";
        let before = board.status(build);
        assert!(before.is_some(), "{conclusions:?}");

        let other = run(9, json!({ "head_branch": "x" }));
        serve_anew(&server, [list(&[vec![other], rows(&Value::Null)].concat())]).await;
        let batch = watch.poll().await;
        assert_eq!(board.poll(&batch), [news("acme/web/ci@x", EventName::Passed)], "{conclusions:?}");
        assert_eq!((board.status(build), gone(&batch)), (before, vec![]), "{conclusions:?}");
        let ids: Vec<_> = board.0.keys().map(String::as_str).collect();
        assert_eq!(ids, [build, "acme/web/ci@x"], "{conclusions:?}");
    }
}

/// What is known of a run from a fork goes on, though GitHub does not name the fork any more.
#[tokio::test]
async fn build_of_a_fork_goes_on_once_the_fork_is_deleted() {
    let of =
        |fork: Value| json!({ "event": "pull_request", "head_branch": "patch-1", "head_repository": fork });
    let lost = of(Value::Null);
    let build = "acme/web/ci@eve:patch-1";
    let server = serve([list(&[red(2, of(json!({ "id": 7, "full_name": "eve/web" })))])]).await;
    mount(&server, forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    assert_eq!(board.poll(&watch.poll().await), [news(build, EventName::Failed)]);

    let other = || run(3, json!({ "head_branch": "x" }));
    serve_anew(&server, [list(&[other(), red(2, lost.clone())])]).await;
    let batch = watch.poll().await;
    assert_eq!(board.poll(&batch), [news("acme/web/ci@x", EventName::Passed)], "it is reported once");
    assert_eq!((board.status(build), gone(&batch)), (Some("failed"), vec![]));

    // Run again, it is green. Of which build that is, only a poll knows.
    let again = || run(2, with(lost.clone(), json!({ "run_attempt": 2 })));
    let about = json!({ "workflow_run": again(), "repository": repo("web") });
    let (headers, body) = signed("workflow_run", &about);
    let received = watch.hook().receive(&headers, &body, now()).unwrap();
    assert_eq!((received.snapshots.len(), received.poll), (0, true));
    serve_anew(&server, [list(&[other(), again()]), get(&format!("{RUNS}/2"), again())]).await;
    let batch = watch.poll().await;
    assert_eq!(board.poll(&batch), [news(build, EventName::Fixed)]);
    assert_eq!(gone(&batch), [""; 0]);
}

/// Which branch it turns out to be of, how it ended, which source names it -> it is reported once, and goes on under that name.
#[tokio::test]
async fn run_that_names_its_branch_later_is_reported_once() {
    for branch in ["main", "feature"] {
        for (conclusion, event) in [("failure", EventName::Failed), ("success", EventName::Passed)] {
            for is_webhook in [false, true] {
                let case = format!("{branch} {conclusion} {is_webhook}");
                let second =
                    |branch: Value| run(2, json!({ "head_branch": branch, "conclusion": conclusion }));
                let server = serve([list(&[second(json!(null)), run(1, json!({}))])]).await;
                mount(&server, forge()).await;
                let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
                let expected = [news("acme/web/ci#2", event), news("acme/web/ci@main", EventName::Passed)];
                assert_eq!(board.poll(&watch.poll().await), expected, "{case}");

                let renamed = format!("acme/web/ci#2 renamed to acme/web/ci@{branch}");
                if is_webhook {
                    let about = json!({ "workflow_run": second(json!(branch)), "repository": repo("web") });
                    let (headers, body) = signed("workflow_run", &about);
                    let received = watch.hook().receive(&headers, &body, now()).unwrap();
                    let lines: Vec<_> =
                        received.gone.iter().map(|gone| format!("{} {}", gone.key.id, gone.reason)).collect();
                    assert_eq!(lines, [renamed.as_str()], "{case}");
                    assert_eq!(board.take(&[], &received.gone, &received.snapshots), [], "{case}");
                    // The list does not name it yet: the branch from the webhook holds.
                    let rows =
                        [run(3, json!({ "head_branch": "x" })), second(json!(null)), run(1, json!({}))];
                    let by_itself = get(&format!("{RUNS}/2"), second(json!(null)));
                    let its_jobs = get(&format!("{RUNS}/2/jobs"), jobs(&[]));
                    serve_anew(&server, [list(&rows), by_itself, its_jobs]).await;
                    let expected = [news("acme/web/ci@x", EventName::Passed)];
                    assert_eq!(board.poll(&watch.poll().await), expected, "{case}");
                } else {
                    serve_anew(&server, [list(&[second(json!(branch)), run(1, json!({}))])]).await;
                    let batch = watch.poll().await;
                    assert_eq!(gone(&batch), [renamed.as_str()], "{case}");
                    assert_eq!(board.poll(&batch), [], "{case}");
                }
                let status = if conclusion == "failure" { "failed" } else { "passed" };
                assert_eq!(board.status(&format!("acme/web/ci@{branch}")), Some(status), "{case}");
                assert_eq!(board.status("acme/web/ci#2"), None, "{case}");
                let batch = watch.poll().await;
                assert_eq!((board.poll(&batch), gone(&batch)), (vec![], vec![]), "{case}: reported once");
            }
        }
    }
}

/// The list comes after the webhook, and does not name the branch.
#[tokio::test]
async fn branch_named_only_by_a_webhook_is_kept() {
    let server = serve([list(&[run(1, json!({}))])]).await;
    mount(&server, forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    board.poll(&watch.poll().await);
    let about = json!({ "workflow_run": red(2, json!({})), "repository": repo("web") });
    let (headers, body) = signed("workflow_run", &about);
    let received = watch.hook().receive(&headers, &body, now()).unwrap();
    let reported = board.take(&[], &received.gone, &received.snapshots);
    assert_eq!(reported, [news("acme/web/ci@main", EventName::Failed)]);
    let nameless = red(2, json!({ "head_branch": null }));
    let mut others = Vec::new();
    for later in [3, 4] {
        others.insert(0, run(later, json!({ "head_branch": "x" })));
        let listed = [others.clone(), vec![nameless.clone(), run(1, json!({}))]].concat();
        serve_anew(&server, [list(&listed)]).await;
        let batch = watch.poll().await;
        let reported = board.poll(&batch);
        assert_eq!(reported, [news("acme/web/ci@x", EventName::Passed)], "{later}");
        assert_eq!((board.status("acme/web/ci#2"), gone(&batch)), (None, vec![]), "{later}");
    }
}

/// A red run that is on no page any more is named by itself alone.
#[tokio::test]
async fn unlisted_run_gets_its_branch_too() {
    let server = serve([list(&[red(2, json!({ "head_branch": null }))])]).await;
    mount(&server, forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    board.poll(&watch.poll().await);
    server.reset().await;
    let link = format!("<{}/next>; rel=\"next\"", server.uri());
    let page = ResponseTemplate::new(200).set_body_json(runs(&[run(60, json!({ "head_branch": "x" }))]));
    let all = Mock::given(path(RUNS)).and(query_param_is_missing("branch"));
    let all = all.respond_with(page.insert_header("link", link.as_str()));
    let itself = get(&format!("{RUNS}/2"), red(2, json!({})));
    mount(&server, [all, list(&[run(30, json!({}))]), itself]).await;
    mount(&server, forge()).await;
    let mut removed = Vec::new();
    for _ in 0..3 {
        let batch = watch.poll().await;
        board.poll(&batch);
        removed.extend(gone(&batch));
    }
    assert_eq!(removed, ["acme/web/ci#2 renamed to acme/web/ci@main"]);
    let statuses = (board.status("acme/web/ci@main"), board.status("acme/web/ci#2"));
    assert_eq!(statuses, (Some("passed"), None));
}

/// Earlier versions took all runs without a branch for one build: each is removed from it.
#[tokio::test]
async fn build_of_an_earlier_version_is_split_by_branch() {
    for (branch, expected) in [(json!(null), "acme/web/ci#2 2.1"), (json!("main"), "acme/web/ci@main 2.1")] {
        let second = |branch: &Value| red(2, json!({ "head_branch": branch }));
        let server = serve([list(&[second(&json!(null))])]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let stored = watch.cursor.take().map(|cursor| cursor.0.replace("acme/web/ci#2", "acme/web/ci"));
        watch.cursor = stored.map(Cursor);
        serve_instead(&server, [list(&[run(3, json!({ "head_branch": "x" })), second(&branch)])]).await;
        let batch = watch.poll().await;
        assert_eq!(gone(&batch), ["acme/web/ci run 2"], "{branch}");
        let reported = summaries(&batch);
        assert!(reported.iter().any(|line| line.starts_with(expected)), "{branch}: {reported:?}");
    }
}
