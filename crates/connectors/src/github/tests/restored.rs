//! A server that was restored from a backup, or whose clock was put right: dates move back, and webhooks of what is no
//! more come late.

use std::collections::BTreeSet;

use callboard_domain::{
    event::{compare, compare_read},
    item::Verdict,
};
use jiff::Timestamp;

use super::{
    gone::gone,
    late_hooks::{receive, restarted, store},
    poll::{Watch, asked, serve_anew, serve_instead, summaries},
    *,
};

pub(super) const PULLS: &str = "/repos/acme/web/pulls";
const RUNS: &str = "/repos/acme/web/actions/runs";
pub(super) const REVIEWS: &str = "/repos/acme/web/pulls/482/reviews";

/// A pull request that changed last at that time.
pub(super) fn at(number: u64, time: &str, change: Value) -> Value {
    pull(number, with(json!({ "updated_at": format!("2026-11-22T{time}:00Z") }), change))
}

pub(super) fn closed(number: u64, time: &str) -> Value {
    at(number, time, json!({ "state": "closed", "closed_at": "2026-11-21T12:00:00Z" }))
}

/// The first page of the list of pull requests, which has more, and the list of those that are open.
pub(super) fn lists(server: &MockServer, page: &[Value], open: &[Value]) -> [Mock; 2] {
    let link = format!("<{}/never>; rel=\"next\"", server.uri());
    let list = |rows: &[Value]| ResponseTemplate::new(200).set_body_json(rows);
    let all = Mock::given(path(PULLS)).and(query_param("state", "all"));
    [
        all.respond_with(list(page).insert_header("link", link.as_str())),
        Mock::given(path(PULLS)).and(query_param("state", "open")).respond_with(list(open)),
    ]
}

pub(super) fn itself(row: &Value) -> Mock {
    get(&format!("{PULLS}/{}", row["number"]), row.clone())
}

/// A server with that first page, on which one pull request, which changed at 10:00 and has no reviews, is open.
pub(super) async fn serve_page(page: &[Value]) -> MockServer {
    let (server, one) = (serve([]).await, at(482, "10:00", json!({})));
    mount(&server, lists(&server, page, std::slice::from_ref(&one))).await;
    mount(&server, [itself(&one), get(REVIEWS, json!([]))]).await;
    mount(&server, forge()).await;
    server
}

fn of_482(batch: &Batch) -> Vec<String> {
    let mut lines = summaries(batch);
    lines.retain(|line| line.starts_with("acme/web#482 "));
    lines
}

/// A pull request was open and changed at 10:00. The first page by then, how it is itself -> what is reported of it, and
/// whether all that is open is asked for.
#[tokio::test]
async fn pull_request_that_moved_behind_the_first_page_is_reported() {
    let before = || at(482, "10:00", json!({}));
    let merged_at =
        json!({ "state": "closed", "merged_at": "2026-11-22T07:00:00Z", "merged_by": user("bo") });
    let merged = || at(482, "07:00", merged_at.clone());
    let draft = || at(482, "07:00", json!({ "draft": true }));
    let (is_merged, is_open) = ("acme/web#482 merged by bo [] passed", "acme/web#482 open [] passed");
    let cases = [
        (vec![closed(60, "09:00"), closed(59, "08:00")], merged(), is_merged, true),
        (vec![closed(61, "11:00"), closed(59, "08:00")], merged(), is_merged, true),
        (vec![closed(61, "11:00"), closed(59, "08:00")], draft(), is_open, true),
        // Others changed after it: it may be the first one of the next page.
        (vec![closed(61, "11:00"), closed(60, "10:00")], before(), "", false),
        // The order shows nothing, or one that cannot be read may be it.
        (vec![closed(59, "08:00"), closed(61, "11:00"), closed(60, "09:00")], before(), "", false),
        (vec![closed(61, "11:00"), json!(null), closed(60, "08:00")], before(), "", false),
    ];
    for (page, one, reported, asks) in cases {
        let server = serve_page(&[before(), closed(60, "09:00")]).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let open: Vec<_> = Some(&one).into_iter().filter(|one| one["state"] == "open").cloned().collect();
        let details = [itself(&one), get(REVIEWS, json!([]))];
        serve_anew(&server, lists(&server, &page, &open).into_iter().chain(details)).await;
        let mut seen = 0;
        for (reported, asks) in [(reported, asks), ("", false)] {
            let lines = of_482(&watch.poll().await);
            assert_eq!(lines.join("; "), reported, "{page:?} {one}");
            let asked = asked(&server, &mut seen).await;
            assert_eq!(asked.iter().any(|it| it.contains("state=open")), asks, "{page:?}: {asked:?}");
            assert!(!asked.iter().any(|it| it.contains("never")), "{page:?}: {asked:?}");
        }
    }
}

/// What is open again since the server was restored is found, once.
#[tokio::test]
async fn all_that_is_open_is_read_once_after_a_restore() {
    let one = || at(482, "10:00", json!({}));
    let server = serve_page(&[closed(70, "11:30"), one()]).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let again = pull(70, json!({ "updated_at": "2026-10-01T12:00:00Z" }));
    let others = || [itself(&again), get(&format!("{PULLS}/70/reviews"), json!([]))];
    serve_anew(&server, lists(&server, &[one(), closed(60, "09:00")], &[one(), again.clone()])).await;
    serve_instead(&server, [itself(&one()), get(REVIEWS, json!([]))].into_iter().chain(others())).await;
    assert_eq!(summaries(&watch.poll().await), ["acme/web#70 open [] passed"]);
    // What changes from then on is dated later than that.
    let changed = at(482, "10:30", json!({ "draft": true }));
    serve_anew(&server, lists(&server, &[changed.clone(), closed(60, "09:00")], &[])).await;
    serve_instead(&server, [itself(&changed), get(REVIEWS, json!([]))].into_iter().chain(others())).await;
    let mut seen = 0;
    assert_eq!(of_482(&watch.poll().await), ["acme/web#482 open [] passed"]);
    let asked = asked(&server, &mut seen).await;
    assert!(!asked.iter().any(|it| it.contains("state=open")), "{asked:?}");
}

/// What changes of a pull request that the first page does not have, with no date that would bring it there -> what is
/// reported of it in the end.
#[tokio::test]
async fn pull_request_beyond_the_first_page_is_asked_for_in_its_turn() {
    let head = json!({ "label": "acme:cache", "ref": "cache", "sha": "beef", "repo": repo("web") });
    let cases = [
        (json!({}), ""),
        (json!({ "state": "closed", "closed_at": "2026-11-22T09:00:00Z" }), "acme/web#482 closed [] passed"),
        (json!({ "draft": true }), "acme/web#482 open [] passed"),
        (json!({ "head": head }), "acme/web#482 open [] failed"),
    ];
    for (change, expected) in cases {
        let server = serve_page(&[closed(61, "11:00"), closed(60, "10:30")]).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        assert_eq!(of_482(&watch.poll().await), ["acme/web#482 open [] passed"], "{change}");
        let failed = checks(&[check("lint", "completed", Some("failure"))]);
        let by_now = [
            itself(&at(482, "10:00", change.clone())),
            get("/repos/acme/web/commits/beef/check-runs", failed),
            get("/repos/acme/web/commits/beef/status", statuses(&[])),
        ];
        serve_instead(&server, by_now).await;
        let mut reported = Vec::new();
        for _ in 0..3 {
            reported.extend(of_482(&watch.poll().await));
        }
        assert_eq!(reported.last().map_or("", String::as_str), expected, "{change}: {reported:?}");
    }
    // What the first page has is shown by that.
    let server = serve_page(&[at(482, "10:00", json!({})), closed(60, "09:00")]).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let mut seen = server.received_requests().await.unwrap().len();
    watch.poll().await;
    let asked = asked(&server, &mut seen).await;
    assert!(!asked.iter().any(|it| it.trim_end_matches('*') == "web/pulls/482"), "{asked:?}");
}

/// A webhook whose date is later than what is listed -> how its item stands then, and after the next poll.
#[tokio::test]
async fn webhook_from_before_a_restore_gives_way_to_the_next_poll() {
    let later = |change: Value| with(json!({ "updated_at": "2026-11-22T11:30:00Z" }), change);
    let closed = || pull(482, later(json!({ "state": "closed", "closed_at": "2026-11-22T11:30:00Z" })));
    let passed = run(31, later(json!({ "conclusion": "success" })));
    let commented = review("cy", "commented", "2026-11-22T11:30:00Z");
    let cases = [
        ("pull_request", json!({ "pull_request": closed() }), "acme/web#482", "closed", "open"),
        (
            "pull_request_review",
            json!({ "pull_request": closed(), "review": commented }),
            "acme/web#482",
            "closed",
            "open",
        ),
        ("workflow_run", json!({ "workflow_run": passed }), "acme/web/ci@main", "passed", "failed"),
        // It is as it was.
        ("pull_request", json!({ "pull_request": pull(482, json!({})) }), "acme/web#482", "open", "open"),
    ];
    for (event, about, id, then, after) in cases {
        for is_restarted in [false, true] {
            let server = serve(forge()).await;
            let mut watch = Watch::new(&server, &["acme/web"]);
            let first = watch.poll().await.snapshots.into_iter().find(|item| item.key.id == id).unwrap();
            let stored = compare(None, first).item;
            let received = receive(&watch, event, about.clone());
            let mut stored = compare(Some(&stored), received.snapshots[0].clone()).item;
            assert_eq!((stored.status(), received.poll), (then, false), "{event}");
            if is_restarted {
                store(&mut watch, &received);
                watch = restarted(&server, watch);
            }
            for item in watch.poll().await.snapshots.into_iter().filter(|item| item.key.id == id) {
                stored = compare_read(Some(&stored), item).item;
            }
            assert_eq!(stored.status(), after, "{event} {is_restarted}");
            assert_eq!(summaries(&watch.poll().await), [""; 0], "{event} {is_restarted}: asked for once");
        }
    }
}

/// What a list shows after the webhook came is read: it is not asked for again.
#[tokio::test]
async fn webhook_whose_news_is_listed_costs_no_request() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let ended = json!({
        "state": "closed", "closed_at": "2026-11-22T11:30:00Z", "merged_at": "2026-11-22T11:30:00Z",
        "updated_at": "2026-11-22T11:30:00Z",
    });
    let (row, again) = (pull(482, ended), run(31, json!({ "run_attempt": 2 })));
    let whole = with(row.clone(), json!({ "merged_by": user("bo") }));
    receive(&watch, "pull_request", json!({ "pull_request": whole }));
    receive(&watch, "workflow_run", json!({ "workflow_run": again }));
    let rows = runs(&[again, run(30, json!({}))]);
    serve_instead(&server, [get(PULLS, json!([row])), itself(&whole), get(RUNS, rows)]).await;
    let mut seen = server.received_requests().await.unwrap().len();
    let expected = ["acme/web#482 merged by bo [] ?", "acme/web/ci@main 31.2 passed [], 30.1 passed []"];
    assert_eq!(summaries(&watch.poll().await), expected);
    let asked = asked(&server, &mut seen).await;
    let singly: Vec<_> = asked.iter().filter(|it| it.contains("/482") || it.contains("/runs/31")).collect();
    assert_eq!(singly, ["web/pulls/482"], "who merged it");
}

/// A list is believed more than a server that does not show a run by itself.
#[tokio::test]
async fn listed_run_without_a_page_of_its_own_is_not_gone() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, [missing(&format!("{RUNS}/31"))]).await;
    receive(&watch, "workflow_run", json!({ "workflow_run": run(31, json!({ "conclusion": "failure" })) }));
    for times in [1, 0] {
        let mut seen = server.received_requests().await.unwrap().len();
        assert_eq!(gone(&watch.poll().await), [""; 0]);
        let asked = asked(&server, &mut seen).await;
        assert_eq!(asked.iter().filter(|it| *it == "web/actions/runs/31").count(), times, "{asked:?}");
    }
}

/// Reviews by bo, each with its id, as they are listed -> which verdict counts. It is 12:00, whatever the server's clock
/// was.
#[tokio::test]
async fn review_dated_ahead_hides_no_later_one() {
    use Verdict::{Approved, ChangesRequested};
    let given = |id: Value, state: &str, time: &str| {
        with(review("bo", state, &format!("2026-11-22T{time}:00Z")), json!({ "id": id }))
    };
    let changes = |id: u64, time: &str| given(json!(id), "CHANGES_REQUESTED", time);
    let approval = |id: u64, time: &str| given(json!(id), "APPROVED", time);
    let nameless = |state: &str, time: &str| given(json!(null), state, time);
    let cases = [
        (vec![changes(1, "14:00")], ChangesRequested),
        (vec![changes(1, "14:00"), approval(2, "11:00")], Approved),
        (vec![approval(1, "14:00"), changes(2, "11:00")], ChangesRequested),
        (vec![approval(1, "14:00"), given(json!(2), "COMMENTED", "11:00")], Approved),
        // As dates and ids agree, whatever the order of the list.
        (vec![changes(1, "10:00"), approval(2, "11:00")], Approved),
        (vec![approval(2, "11:00"), changes(1, "10:00")], Approved),
        // Without ids, dates are all that there is.
        (vec![nameless("CHANGES_REQUESTED", "10:00"), nameless("APPROVED", "11:00")], Approved),
    ];
    for (rows, expected) in cases {
        let server = serve([get(REVIEWS, json!(rows))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let batch = watch.poll().await;
        let polled = batch.snapshots.iter().find(|item| item.key.id == "acme/web#482").unwrap();
        let stored = compare(None, polled.clone()).item;
        let mut items = vec![stored.clone()];
        // By webhooks, each of one review, with the words in small letters.
        let hooked = rows.iter().fold(None, |stored: Option<Item>, row| {
            let state = row["state"].as_str().unwrap().to_lowercase();
            let given = with(row.clone(), json!({ "state": state }));
            let about = json!({ "pull_request": pull(482, json!({})), "review": given });
            let received = receive(&watch, "pull_request_review", about);
            Some(compare(stored.as_ref(), received.snapshots[0].clone()).item)
        });
        items.extend(hooked.clone());
        // What both report is one review.
        items.extend(hooked.map(|hooked| compare_read(Some(&hooked), polled.clone()).item));
        for item in &items {
            let pull = pull_of(item);
            let times: BTreeSet<Timestamp> = pull.reviews.iter().map(|review| review.at).collect();
            assert_eq!((pull.reviews.len(), times.len()), (rows.len(), rows.len()), "{rows:?}");
            assert_eq!(pull.decisions()["bo"].verdict, expected, "{rows:?}");
        }
        assert!(!compare_read(Some(&stored), polled.clone()).changed, "{rows:?}");
    }
}
