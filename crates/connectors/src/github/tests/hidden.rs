//! What GitHub answers 404 for: it is gone only where no list says otherwise.

use super::{
    gone::gone,
    late_hooks::receive,
    poll::{Watch, red, serve_anew, summaries},
    restored::{PULLS, REVIEWS, at, closed, itself, lists, serve_page},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";
const GONE: &str = "acme/web#482 deleted on the service";

/// The first page of pull requests before #482 is not shown by itself, that page then, those listed as open then -> the poll
/// that finds it gone. Until then it is named.
#[tokio::test]
async fn pull_request_is_gone_only_once_the_lists_lack_it() {
    let one = || at(482, "10:00", json!({}));
    let draft = || at(482, "10:30", json!({ "draft": true }));
    let front = || vec![one(), closed(60, "09:00")];
    let back = || vec![closed(61, "11:00"), closed(60, "10:30")];
    let others = || vec![closed(60, "09:00")];
    let cases = [
        (front(), front(), vec![one()], None),
        (front(), vec![draft(), closed(60, "09:00")], vec![draft()], None),
        (front(), others(), vec![one()], None),
        (front(), others(), vec![], Some(1)),
        // Its first page shows nothing of it.
        (back(), back(), vec![one()], None),
        (back(), back(), vec![], Some(2)),
    ];
    let checks_at = format!("/repos/acme/web/commits/{SHA}/check-runs");
    let itself_at = format!("{PULLS}/482");
    for (before, page, open, expected) in cases {
        let case = format!("{before:?} {page:?} {open:?}");
        let server = serve_page(&before).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let hidden = [itself_at.as_str(), REVIEWS, checks_at.as_str()].map(missing);
        serve_anew(&server, lists(&server, &page, &open).into_iter().chain(hidden)).await;
        let mut found = None;
        for poll in 1..=3 {
            let batch = watch.poll().await;
            if gone(&batch).iter().any(|line| line == GONE) {
                found = found.or(Some(poll));
            }
            let mut named = batch.problems.iter().filter(|problem| problem.part == "acme/web#482");
            assert_eq!(named.any(|problem| problem.hides()), found.is_none(), "{poll}: {case}");
        }
        assert_eq!(found, expected, "{case}");
        if let Some(row) = open.first() {
            let shown = [itself(row), get(REVIEWS, json!([]))];
            serve_anew(&server, lists(&server, &page, &open).into_iter().chain(shown)).await;
            let batch = watch.poll().await;
            let reported = summaries(&batch);
            assert!(
                reported.iter().any(|line| line.starts_with("acme/web#482 open")),
                "{reported:?}: {case}"
            );
            assert_eq!(texts(&batch.problems), [""; 0], "{case}");
        }
    }
}

/// The lists that are refused while a pull request and a run are not shown by themselves, and the other lists lack them ->
/// what is gone.
#[tokio::test]
async fn nothing_is_gone_while_its_list_is_refused() {
    let slow = || run(42, json!({ "head_branch": "slow", "status": "in_progress", "conclusion": null }));
    let others = || run(30, json!({}));
    let run_at = format!("{RUNS}/42");
    let gone_run = "acme/web/ci@slow run 42";
    let cases = [
        (vec![], vec![GONE, gone_run]),
        (vec![PULLS], vec![gone_run]),
        (vec![RUNS], vec![GONE]),
        (vec![PULLS, RUNS], vec![]),
    ];
    for (refused, expected) in cases {
        let server = serve([get(RUNS, runs(&[slow(), others()]))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        // It leaves the page of runs, and is asked for by itself.
        serve_anew(&server, [get(RUNS, runs(&[others()])), get(&run_at, slow())]).await;
        watch.poll().await;
        let refusals = refused.iter().map(|at| missing(at));
        let hidden = [run_at.as_str(), "/repos/acme/web/pulls/482", REVIEWS].map(missing);
        let rest = [get(PULLS, json!([])), get(RUNS, runs(&[others()]))];
        serve_anew(&server, refusals.chain(hidden).chain(rest)).await;
        let mut found = Vec::new();
        for _ in 0..3 {
            found.extend(gone(&watch.poll().await));
        }
        found.sort();
        assert_eq!(found, expected, "{refused:?}");
    }
}

/// Whether GitHub still shows the default branch when it does not show another one any more -> whether that one is gone.
#[tokio::test]
async fn branch_is_gone_only_while_the_default_branch_is_shown() {
    let rows =
        || runs(&[red(42, json!({ "head_branch": "mine", "actor": user("ana") })), run(30, json!({}))]);
    let (main, mine) = ("/repos/acme/web/branches/main", "/repos/acme/web/branches/mine");
    for (is_shown, expected) in [(true, &["acme/web/ci@mine its branch was deleted"][..]), (false, &[])] {
        let server = serve([get(RUNS, rows()), get(main, json!({})), get(mine, json!({}))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        watch.poll().await;
        let default = if is_shown { get(main, json!({})) } else { missing(main) };
        serve_anew(&server, [get(RUNS, rows()), default, missing(mine)]).await;
        receive(&watch, "delete", json!({ "ref": "mine", "ref_type": "branch" }));
        let mut found = Vec::new();
        for _ in 0..3 {
            found.extend(gone(&watch.poll().await));
        }
        assert_eq!(found, expected, "{is_shown}");
    }
}
