//! Runs without an identity or a conclusion, that are listed twice, or that are missing from a list.

use std::collections::BTreeSet;

use callboard_domain::{
    event::{EventName, compare, without_runs},
    item::BuildRun,
};

use super::{
    gone::gone,
    poll::{Watch, asked, serve_instead, summaries},
    unread::without_missing,
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

fn list(rows: &[Value]) -> Mock {
    get(RUNS, runs(rows))
}

fn red(id: u64) -> Value {
    run(id, json!({ "conclusion": "failure" }))
}

/// Follows what is stored of the build on main.
#[derive(Default)]
struct Stored(Option<Item>);

impl Stored {
    fn take(&mut self, batch: &Batch) -> Vec<EventName> {
        for gone in &batch.deleted_runs {
            self.0 = self.0.take().map(|known| without_runs(&known, &gone.numbers).unwrap_or(known));
        }
        let mut names = Vec::new();
        for item in batch.snapshots.iter().filter(|item| item.key.id == "acme/web/ci@main") {
            let change = compare(self.0.as_ref(), item.clone());
            names.extend(change.transitions.iter().map(|transition| transition.name));
            self.0 = Some(change.item);
        }
        names
    }

    fn runs(&self) -> String {
        let build = build_of(self.0.as_ref().expect("the build on main"));
        let line = |run: &BuildRun| format!("#{}.{} {}", run.number, run.attempt, run.status.name());
        build.runs.iter().map(line).collect::<Vec<_>>().join(", ")
    }
}

fn named(batch: &Batch) -> Vec<String> {
    batch.problems.iter().filter(|problem| problem.hides()).map(ToString::to_string).collect()
}

#[tokio::test]
async fn run_without_identity_becomes_a_problem_and_known_runs_stay() {
    // What of run 31 is odd for one poll -> why it cannot be read.
    let cases = [
        (json!({ "run_number": null }), "its run_number is no number"),
        (json!({ "run_number": 0 }), "its run_number is 0, and numbers begin at 1"),
        (json!({ "run_number": "x" }), "its run_number is no number"),
        (json!({ "run_number": "missing" }), "`run_number` is missing"),
        (json!({ "run_attempt": null }), "its run_attempt is no number"),
        (json!({ "run_attempt": {} }), "its run_attempt is no number"),
        (json!({ "id": null }), "it has no number"),
        (json!({ "id": "missing" }), "`id` is missing"),
    ];
    for (odd, why) in cases {
        // It seems to have passed, too: which it was is what is not known.
        let row = with(run(31, json!({ "updated_at": "2026-11-22T11:00:00Z" })), odd.clone());
        let server = serve(forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
        assert_eq!(stored.take(&watch.poll().await), [EventName::Passed, EventName::Failed]);
        serve_instead(&server, [list(&[without_missing(row), run(30, json!({}))])]).await;
        for _ in 0..2 {
            let batch = watch.poll().await;
            assert_eq!((stored.take(&batch), gone(&batch)), (vec![], vec![]), "{odd}");
            let [problem] = &named(&batch)[..] else { panic!("{odd}: {:?}", batch.problems) };
            assert!(problem.starts_with("acme/web: some workflow runs are left out: "), "{odd}: {problem}");
            assert!(problem.contains(why), "{odd}: {problem}");
        }
        assert_eq!(stored.runs(), "#31.1 failed, #30.1 passed", "{odd}");
        server.reset().await;
        mount(&server, [list(&[red(32), red(31), run(30, json!({}))])]).await;
        mount(&server, forge()).await;
        let batch = watch.poll().await;
        assert_eq!((stored.take(&batch), named(&batch)), (vec![EventName::StillFailing], vec![]), "{odd}");
    }
}

#[tokio::test]
async fn rerun_without_attempt_is_not_its_first_attempt() {
    let row = |attempt: Value, conclusion: &str, at: &str| {
        let change = json!({ "run_attempt": attempt, "conclusion": conclusion, "updated_at": at });
        without_missing(run(31, change))
    };
    let server = serve([list(&[row(json!(2), "success", "2026-11-22T09:20:00Z")])]).await;
    mount(&server, forge()).await;
    let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
    stored.take(&watch.poll().await);
    serve_instead(&server, [list(&[row(json!("missing"), "failure", "2026-11-22T09:40:00Z")])]).await;
    let batch = watch.poll().await;
    assert_eq!((stored.take(&batch), stored.runs().as_str()), (vec![], "#31.2 passed"));
    let expected = "acme/web: some workflow runs are left out: run 31: it was run again, and does not say which attempt it is";
    assert_eq!(named(&batch), [expected]);
    // Where no attempts are known there is one.
    for attempt in [json!("missing"), json!(0)] {
        let server = serve([list(&[row(attempt.clone(), "failure", "2026-11-22T09:40:00Z")])]).await;
        mount(&server, forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
        let batch = watch.poll().await;
        stored.take(&batch);
        assert_eq!((stored.runs().as_str(), named(&batch)), ("#31.1 failed", vec![]), "{attempt}");
    }
}

#[tokio::test]
async fn run_completed_without_a_conclusion_is_unknown_and_becomes_a_problem() {
    let expected = "acme/web/ci@main: it is not known how its last run ended: GitHub gives no conclusion";
    for conclusion in [json!(null), json!("missing"), json!(""), json!(" ")] {
        let odd = |id| without_missing(run(id, json!({ "conclusion": conclusion })));
        let server = serve(forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
        stored.take(&watch.poll().await);
        // A new one: what was red stays so.
        serve_instead(&server, [list(&[odd(32), red(31), run(30, json!({}))])]).await;
        for _ in 0..2 {
            let batch = watch.poll().await;
            assert_eq!(
                (stored.take(&batch), named(&batch)),
                (vec![], vec![expected.to_owned()]),
                "{conclusion}"
            );
        }
        assert_eq!(stored.runs(), "#32.1 unknown, #31.1 failed, #30.1 passed", "{conclusion}");
        // It is asked for until GitHub has its conclusion, though it is on no list any more.
        server.reset().await;
        let link = format!("<{}/next>; rel=\"next\"", server.uri());
        let busy =
            ResponseTemplate::new(200).set_body_json(runs(&[run(60, json!({ "head_branch": "other" }))]));
        let all = Mock::given(path(RUNS)).respond_with(busy.insert_header("link", link.as_str()));
        mount(&server, [all, get(&format!("{RUNS}/32"), run(32, json!({})))]).await;
        mount(&server, forge()).await;
        let batch = watch.poll().await;
        assert_eq!((stored.take(&batch), named(&batch)), (vec![EventName::Fixed], vec![]), "{conclusion}");

        // One whose result is known: it stays, and there is nothing to name.
        let server = serve(forge()).await;
        let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
        stored.take(&watch.poll().await);
        serve_instead(&server, [list(&[odd(31), run(30, json!({}))])]).await;
        let batch = watch.poll().await;
        assert_eq!((stored.take(&batch), named(&batch)), (vec![], vec![]), "{conclusion}");
        assert_eq!(stored.runs(), "#31.1 failed, #30.1 passed", "{conclusion}");
    }
}

#[tokio::test]
async fn run_listed_twice_counts_as_the_further_row() {
    let at = |minute: Value, status: &str, conclusion: Value| {
        let updated = minute.as_u64().map(|minute| format!("2026-11-22T11:{minute:02}:00Z"));
        run(31, json!({ "updated_at": updated, "status": status, "conclusion": conclusion }))
    };
    let failed = |minute: u64| at(json!(minute), "completed", json!("failure"));
    let passed = |minute: u64| at(json!(minute), "completed", json!("success"));
    let runs_now = |minute: u64| at(json!(minute), "in_progress", json!(null));
    let inconclusive = |minute: u64| at(json!(minute), "completed", json!(null));
    let twice = "acme/web: some workflow runs are left out: run 31: it is listed twice, and one contradicts the other";
    // Both rows -> what is reported of it, and what is named.
    let cases = [
        ([failed(1), passed(2)], "#31.1 passed, #30.1 passed", ""),
        ([failed(2), passed(1)], "#31.1 failed, #30.1 passed", ""),
        ([runs_now(1), failed(2)], "#31.1 failed, #30.1 passed", ""),
        ([runs_now(1), failed(1)], "#31.1 failed, #30.1 passed", ""),
        ([failed(1), inconclusive(1)], "#31.1 failed, #30.1 passed", ""),
        ([failed(1), failed(1)], "#31.1 failed, #30.1 passed", ""),
        ([failed(1), passed(1)], "#30.1 passed", twice),
        (
            [at(json!(null), "completed", json!("failure")), at(json!(null), "completed", json!("success"))],
            "#30.1 passed",
            twice,
        ),
    ];
    for (rows, reported, problem) in cases {
        for rows in [[&rows[0], &rows[1]], [&rows[1], &rows[0]]] {
            let all: Vec<_> = rows.into_iter().cloned().chain([run(30, json!({}))]).collect();
            let server = serve([list(&all)]).await;
            mount(&server, forge()).await;
            let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
            let batch = watch.poll().await;
            stored.take(&batch);
            assert_eq!(
                (stored.runs().as_str(), named(&batch).join("; ").as_str()),
                (reported, problem),
                "{rows:?}"
            );
        }
    }
    // What was known of it stays.
    let server = serve(forge()).await;
    let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
    stored.take(&watch.poll().await);
    serve_instead(&server, [list(&[passed(1), failed(1), run(30, json!({}))])]).await;
    let batch = watch.poll().await;
    assert_eq!((stored.take(&batch), gone(&batch), named(&batch)), (vec![], vec![], vec![twice.to_owned()]));
    assert_eq!(stored.runs(), "#31.1 failed, #30.1 passed");
}

#[tokio::test]
async fn pull_request_listed_twice_is_reported_once_or_becomes_a_problem() {
    let at = |minute: u8, change: Value| {
        pull(482, with(json!({ "updated_at": format!("2026-11-22T11:{minute:02}:00Z") }), change))
    };
    let merged = json!({ "state": "closed", "merged_at": "2026-11-22T11:00:00Z" });
    let pushed =
        json!({ "head": { "label": "acme:cache", "ref": "cache", "sha": "beef", "repo": repo("web") } });
    let twice =
        "acme/web: some pull requests are left out: #482: it is listed twice, and one contradicts the other";
    // Both rows -> the state that is reported, and what is named.
    let cases = [
        ([at(1, json!({})), at(2, merged.clone())], "merged", ""),
        ([at(2, json!({})), at(1, merged.clone())], "open", ""),
        ([at(1, json!({})), at(1, json!({}))], "open", ""),
        ([at(1, json!({})), at(1, merged)], "", twice),
        ([at(1, json!({})), at(1, pushed)], "", twice),
        ([at(1, json!({})), at(1, json!({ "draft": true }))], "", twice),
    ];
    for (rows, reported, problem) in cases {
        for rows in [json!([rows[0], rows[1]]), json!([rows[1], rows[0]])] {
            let server = serve([get("/repos/acme/web/pulls", json!([at(0, json!({}))]))]).await;
            mount(&server, forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            watch.poll().await;
            server.reset().await;
            mount(&server, [get("/repos/acme/web/pulls", rows.clone())]).await;
            // By itself it is as the further of them, and where nothing shows which that is, as it was.
            let itself = match reported {
                "merged" => rows.as_array().unwrap().iter().find(|row| row["state"] == "closed").cloned(),
                "open" => Some(at(2, json!({}))),
                _ => None,
            };
            mount(&server, itself.map(|itself| get("/repos/acme/web/pulls/482", itself))).await;
            mount(&server, forge()).await;
            let batch = watch.poll().await;
            let snapshots = batch.snapshots.iter().filter(|item| item.key.id == "acme/web#482");
            let states: Vec<_> = snapshots.map(Item::status).collect();
            let expected: Vec<_> =
                Some(reported).into_iter().filter(|reported| !reported.is_empty()).collect();
            assert_eq!((states, named(&batch).join("; ").as_str()), (expected, problem), "{rows}");
            assert_eq!(gone(&batch), [""; 0], "{rows}");
        }
    }
}

#[tokio::test]
async fn unpassed_run_missing_from_its_list_is_requested() {
    // All red, and then all but the first are deleted.
    let rows: Vec<_> = (42..=65).rev().map(red).chain([run(41, json!({}))]).collect();
    let server = serve([list(&rows)]).await;
    mount(&server, forge()).await;
    let (mut watch, mut stored) = (Watch::new(&server, &["acme/web"]), Stored::default());
    stored.take(&watch.poll().await);
    serve_instead(&server, [list(&[run(41, json!({}))])]).await;
    let mut seen = server.received_requests().await.unwrap().len();
    let (mut asked_for, mut removed) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let batch = watch.poll().await;
        stored.take(&batch);
        let requests = asked(&server, &mut seen).await;
        let numbers =
            requests.iter().filter_map(|it| it.strip_prefix("web/actions/runs/")?.parse::<u64>().ok());
        asked_for.push(numbers.collect::<BTreeSet<_>>());
        removed.extend(gone(&batch));
    }
    // The newest first, and in the end all of them.
    assert_eq!(asked_for[0], (56..=65).collect());
    let mut expected: Vec<_> = (42..=65).map(|id| format!("acme/web/ci@main run {id}")).collect();
    removed.sort();
    expected.sort();
    assert_eq!(removed, expected);
    assert_eq!(stored.runs(), "#41.1 passed");
}

#[tokio::test]
async fn run_beyond_its_list_is_not_requested_and_stays() {
    let canceled =
        |id: u64, branch: &str| run(id, json!({ "conclusion": "cancelled", "head_branch": branch }));
    let rows = [canceled(55, "x"), canceled(53, "y"), canceled(41, "z"), run(30, json!({}))];
    let server = serve([list(&rows)]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    server.reset().await;
    // There are more than are on the page: 41 may be among them, and so may the runs of main, which has a list of its own.
    let link = format!("<{}/next>; rel=\"next\"", server.uri());
    let page = runs(&[run(60, json!({ "head_branch": "x" })), run(50, json!({ "head_branch": "x" }))]);
    let page = ResponseTemplate::new(200).set_body_json(page).insert_header("link", link.as_str());
    let all = Mock::given(path(RUNS)).and(query_param_is_missing("branch")).respond_with(page);
    mount(&server, [all, list(&[run(30, json!({}))]), get(&format!("{RUNS}/53"), canceled(53, "y"))]).await;
    mount(&server, forge()).await;
    let mut seen = 0;
    let batch = watch.poll().await;
    let asked = asked(&server, &mut seen).await;
    let singly: Vec<_> = asked.iter().filter(|it| it.starts_with("web/actions/runs/")).collect();
    assert_eq!(singly, ["web/actions/runs/53", "web/actions/runs/55"]);
    assert_eq!(gone(&batch), ["acme/web/ci@x run 55"]);
    assert!(
        summaries(&batch).contains(&"acme/web/ci@y 53.1 canceled []".to_owned()),
        "{:?}",
        summaries(&batch)
    );
}
