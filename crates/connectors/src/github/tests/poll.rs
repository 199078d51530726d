//! Polls over real HTTP: what is asked and what is reported.

use std::sync::atomic::{AtomicUsize, Ordering};

use callboard_domain::source::{Hook, Source};
use jiff::{SignedDuration, Timestamp};

use super::*;

/// A source and where its last poll left off.
pub(super) struct Watch {
    source: Arc<dyn Source>,
    hook: Option<Arc<dyn Hook>>,
    pub(super) cursor: Option<Cursor>,
    pub(super) now: Timestamp,
}

impl Watch {
    pub(super) fn new(server: &MockServer, watch: &[&str]) -> Self {
        let connection = connect(&server.uri(), watch);
        Self { hook: connection.hook, ..Self::of(connection.source.unwrap()) }
    }

    pub(super) fn of(source: Arc<dyn Source>) -> Self {
        Self { source, hook: None, cursor: None, now: now() }
    }

    pub(super) fn hook(&self) -> &dyn Hook {
        self.hook.as_deref().unwrap()
    }

    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// Polls a minute later.
    pub(super) async fn poll(&mut self) -> Batch {
        self.try_poll().await.unwrap()
    }

    pub(super) async fn try_poll(&mut self) -> Result<Batch, ServiceError> {
        self.now += SignedDuration::from_mins(1);
        let batch = self.source.poll(self.cursor.as_ref(), self.now).await?;
        self.cursor = batch.cursor.clone().or(self.cursor.take());
        Ok(batch)
    }
}

pub(super) fn summaries(batch: &Batch) -> Vec<String> {
    batch.snapshots.iter().map(summary).collect()
}

/// `METHOD PATH?QUERY`, with a `*` where it was conditional, of the requests since the last call; the first of a poll,
/// to `/user`, left out.
pub(super) async fn asked(server: &MockServer, seen: &mut usize) -> Vec<String> {
    let all = server.received_requests().await.unwrap();
    let new = all[*seen..].iter().filter(|request| request.url.path() != "/user");
    let lines = new.map(|request| {
        let star = if request.headers.contains_key("if-none-match") { "*" } else { "" };
        let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}{star}", request.url.path().trim_start_matches("/repos/acme/"))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    *seen = all.len();
    lines
}

pub(super) async fn serve_instead(server: &MockServer, mocks: impl IntoIterator<Item = Mock>) {
    // Requests stay on record: only the answers change.
    for mock in mocks {
        mock.with_priority(1).mount(server).await;
    }
}

/// Makes the server answer with these first, else as `forge` does; earlier answers and recorded requests are forgotten.
pub(super) async fn serve_anew(server: &MockServer, mocks: impl IntoIterator<Item = Mock>) {
    server.reset().await;
    mount(server, mocks).await;
    mount(server, forge()).await;
}

/// A run that has failed.
pub(super) fn red(id: u64, change: Value) -> Value {
    run(id, with(json!({ "conclusion": "failure" }), change))
}

#[tokio::test]
async fn first_poll_reports_all_and_an_unchanged_one_nothing() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let first = watch.poll().await;
    let expected = [
        "acme/web#482 open [bo=Approved] passed",
        r#"acme/web/ci@main 31.1 failed ["build"], 30.1 passed []"#,
    ];
    assert_eq!(summaries(&first), expected);
    assert_eq!((first.problems.len(), first.emptied.len()), (0, 0));
    let rate_limit = first.rate_limit.unwrap();
    assert_eq!((rate_limit.limit, rate_limit.remaining), (5000, 4321));

    let mut seen = server.received_requests().await.unwrap().len();
    let second = watch.poll().await;
    assert!(second.snapshots.is_empty(), "{:?}", summaries(&second));
    assert_eq!((second.cursor, second.problems.len()), (None, 0));
    let asked = asked(&server, &mut seen).await;
    // Two lists, the pull request with its reviews, checks and statuses, and the repository itself in its turn.
    assert_eq!(asked.len(), 7, "{asked:#?}");
    assert!(asked.iter().all(|request| request.ends_with('*')), "not free: {asked:#?}");
}

#[tokio::test]
async fn polls_without_etags_report_nothing_twice() {
    let server = MockServer::start().await;
    let bodies = [
        ("/user", user("ana")),
        ("/repos/acme/web", repo("web")),
        ("/repos/acme/web/pulls", json!([pull(482, json!({}))])),
        ("/repos/acme/web/pulls/482/reviews", json!([review("bo", "APPROVED", "2026-11-22T09:30:00Z")])),
        ("/repos/acme/web/actions/runs", runs(&[run(30, json!({}))])),
    ];
    for (at, body) in bodies {
        Mock::given(path(at))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    let mut watch = Watch::new(&server, &["acme/web"]);
    // Neither checks nor statuses on this server: they are not known, which is not "none".
    assert_eq!(
        summaries(&watch.poll().await),
        ["acme/web#482 open [bo=Approved] ?", "acme/web/ci@main 30.1 passed []"]
    );
    let again = watch.poll().await;
    assert!(again.snapshots.is_empty(), "{:?}", summaries(&again));
}

#[tokio::test]
async fn pull_request_is_reported_from_opening_to_merging() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let at = |minute: u8| json!({ "updated_at": format!("2026-11-22T11:{minute:02}:00Z") });

    // A push: another head, whose checks begin.
    let head =
        json!({ "head": { "label": "acme:cache", "ref": "cache", "sha": "beef", "repo": repo("web") } });
    let pushed = with(pull(482, at(1)), head);
    server.reset().await;
    mount(
        &server,
        [get("/repos/acme/web/commits/beef/check-runs", checks(&[check("lint", "queued", None)]))],
    )
    .await;
    mount(&server, [get("/repos/acme/web/commits/beef/status", statuses(&[]))]).await;
    mount(
        &server,
        [get("/repos/acme/web/pulls", json!([pushed])), get("/repos/acme/web/pulls/482", pushed.clone())],
    )
    .await;
    mount(&server, forge()).await;
    // The reviews are the same, and were reported.
    assert_eq!(summaries(&watch.poll().await), ["acme/web#482 open [] pending"]);

    // The checks go on, without a change to report; then they pass, and nothing else changes.
    assert_eq!(summaries(&watch.poll().await), [""; 0]);
    let passed = checks(&[check("lint", "completed", Some("success"))]);
    serve_instead(&server, [get("/repos/acme/web/commits/beef/check-runs", passed)]).await;
    assert_eq!(summaries(&watch.poll().await), ["acme/web#482 open [] passed"]);

    // It is merged; only the whole pull request names who did it.
    server.reset().await;
    let merged = json!({ "state": "closed", "closed_at": "2026-11-22T11:03:00Z", "merged_at": "2026-11-22T11:03:00Z" });
    let row = with(with(pushed, at(3)), merged);
    let whole = with(row.clone(), json!({ "merged_by": user("bo") }));
    mount(&server, [get("/repos/acme/web/pulls", json!([row])), get("/repos/acme/web/pulls/482", whole)])
        .await;
    mount(&server, forge()).await;
    assert_eq!(summaries(&watch.poll().await), ["acme/web#482 merged by bo [] ?"]);
    assert!(watch.poll().await.snapshots.is_empty());
}

#[tokio::test]
async fn pull_request_opened_and_closed_between_polls_is_reported_once() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let closed = json!({ "state": "closed", "closed_at": "2026-11-22T11:00:00Z", "updated_at": "2026-11-22T11:00:00Z" });
    let old = json!({ "state": "closed", "closed_at": "2026-11-01T11:00:00Z", "updated_at": "2026-11-01T11:00:00Z" });
    let rows = json!([pull(490, closed), pull(482, json!({})), pull(3, old)]);
    serve_instead(&server, [get("/repos/acme/web/pulls", rows)]).await;
    assert_eq!(summaries(&watch.poll().await), ["acme/web#490 closed [] ?"]);
    assert!(watch.poll().await.snapshots.is_empty());
}

#[tokio::test]
async fn review_without_another_change_is_reported() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let reviews = json!([
        review("bo", "APPROVED", "2026-11-22T09:30:00Z"),
        review("kim", "APPROVED", "2026-11-22T11:02:00Z")
    ]);
    serve_instead(&server, [get("/repos/acme/web/pulls/482/reviews", reviews)]).await;
    assert_eq!(summaries(&watch.poll().await), ["acme/web#482 open [bo=Approved kim=Approved] passed"]);
}

#[tokio::test]
async fn change_within_the_same_second_is_reported() {
    let changes = [
        json!({ "title": "Cache the prices" }),
        json!({ "draft": true }),
        json!({ "requested_reviewers": [] }),
        json!({ "requested_teams": [{ "slug": "payments" }] }),
        json!({ "base": { "label": "acme:next", "ref": "next", "sha": "base", "repo": repo("web") } }),
    ];
    for change in changes {
        let asks = pull(482, json!({ "requested_reviewers": [user("kim")] }));
        let list = |row: &Value| get("/repos/acme/web/pulls", json!([row]));
        let server = serve([list(&asks), get("/repos/acme/web/pulls/482", asks.clone())]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;

        server.reset().await;
        let changed = with(asks, change);
        mount(&server, [list(&changed), get("/repos/acme/web/pulls/482", changed.clone())]).await;
        mount(&server, forge()).await;
        let reported = summaries(&watch.poll().await);
        assert!(reported.iter().any(|line| line.starts_with("acme/web#482 open")), "{changed}: {reported:?}");
        assert_eq!(summaries(&watch.poll().await), [""; 0], "{changed}");
    }
}

#[tokio::test]
async fn first_sight_pages_through_all_that_is_open() {
    let server = serve([]).await;
    let next = |to: &str| format!("<{}{to}>; rel=\"next\"", server.uri());
    let closed = |number| pull(number, json!({ "state": "closed", "closed_at": "2026-11-01T00:00:00Z" }));
    let list = |rows: Vec<Value>| ResponseTemplate::new(200).set_body_json(rows);
    let open = Mock::given(path("/repos/acme/web/pulls")).and(query_param("state", "open"));
    mount(
        &server,
        [
            open.and(query_param_is_missing("page")).respond_with(
                list(vec![pull(482, json!({})), pull(2, json!({}))])
                    .insert_header("link", next("/more").as_str()),
            ),
            Mock::given(path("/more")).respond_with(list(vec![pull(1, json!({}))])),
            Mock::given(path("/repos/acme/web/pulls")).respond_with(
                list(vec![pull(482, json!({})), closed(481)]).insert_header("link", next("/never").as_str()),
            ),
        ],
    )
    .await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let mut reported = summaries(&watch.poll().await);
    reported.retain(|line| line.contains('#'));
    let expected =
        ["acme/web#482 open [bo=Approved] passed", "acme/web#1 open [] passed", "acme/web#2 open [] passed"];
    let (mut reported, mut expected) = (reported, expected.map(str::to_owned).to_vec());
    reported.sort();
    expected.sort();
    assert_eq!(reported, expected);
    assert!(server.received_requests().await.unwrap().iter().all(|request| request.url.path() != "/never"));
}

#[tokio::test]
async fn after_an_absence_pages_are_read_back_to_what_is_known() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let next = |to: &str| format!("<{}{to}>; rel=\"next\"", server.uri());
    let new = |number| pull(number, json!({ "updated_at": "2026-11-22T11:00:00Z" }));
    let list = |rows: Vec<Value>, to: &str| {
        ResponseTemplate::new(200).set_body_json(rows).insert_header("link", next(to).as_str())
    };
    serve_instead(
        &server,
        [
            Mock::given(path("/repos/acme/web/pulls")).respond_with(list(vec![new(485)], "/page2")),
            Mock::given(path("/page2")).respond_with(list(vec![new(484), pull(482, json!({}))], "/page3")),
        ],
    )
    .await;
    let mut reported = summaries(&watch.poll().await);
    reported.sort();
    assert_eq!(reported, ["acme/web#484 open [] passed", "acme/web#485 open [] passed"]);
    assert!(server.received_requests().await.unwrap().iter().all(|request| request.url.path() != "/page3"));
}

#[tokio::test]
async fn jobs_are_read_once_and_only_where_they_matter() {
    let failed = |id, change| run(id, with(json!({ "conclusion": "failure" }), change));
    let rows = [
        failed(40, json!({ "head_branch": "theirs", "actor": user("kim"), "triggering_actor": user("kim") })),
        failed(39, json!({ "head_branch": "mine", "actor": user("ana") })),
        failed(38, json!({})),
        failed(37, json!({})),
    ];
    let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
    for id in [38, 39] {
        let jobs = jobs(&[job(id, &format!("job of {id}"), "failure")]);
        mount(&server, [get(&format!("/repos/acme/web/actions/runs/{id}/jobs"), jobs)]).await;
    }
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let mut seen = 0;
    let batch = watch.poll().await;
    let mut reported = summaries(&batch);
    reported.retain(|line| line.contains('@'));
    let expected = [
        r#"acme/web/ci@main 38.1 failed ["job of 38"], 37.1 failed []"#,
        r#"acme/web/ci@mine 39.1 failed ["job of 39"]"#,
        "acme/web/ci@theirs 40.1 failed []",
    ];
    assert_eq!(reported, expected);
    let read = |asked: Vec<String>| asked.into_iter().filter(|request| request.contains("/jobs")).count();
    assert_eq!(read(asked(&server, &mut seen).await), 2);

    // The list changes: what is known of the jobs is reported again, and not asked again.
    let mut rows = rows.to_vec();
    rows.insert(0, run(41, json!({ "head_branch": "theirs" })));
    serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&rows))]).await;
    assert!(summaries(&watch.poll().await).contains(&expected[0].to_owned()));
    assert_eq!(read(asked(&server, &mut seen).await), 0);
}

#[tokio::test]
async fn a_run_that_left_the_list_is_followed_to_its_end() {
    let slow = run(5, json!({ "status": "in_progress", "conclusion": null }));
    let server = serve([get("/repos/acme/web/actions/runs", runs(std::slice::from_ref(&slow)))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(
        &server,
        [
            get("/repos/acme/web/actions/runs", runs(&[run(60, json!({ "head_branch": "other" }))])),
            get("/repos/acme/web/actions/runs/5", slow),
        ],
    )
    .await;
    watch.poll().await;
    let mut seen = server.received_requests().await.unwrap().len();
    assert!(watch.poll().await.snapshots.is_empty());
    let by_itself = "web/actions/runs/5*".to_owned();
    assert!(asked(&server, &mut seen).await.contains(&by_itself));

    server.reset().await;
    mount(
        &server,
        [get("/repos/acme/web/actions/runs", runs(&[run(60, json!({ "head_branch": "other" }))]))],
    )
    .await;
    mount(&server, [get("/repos/acme/web/actions/runs/5", run(5, json!({ "conclusion": "failure" })))]).await;
    mount(&server, [get("/repos/acme/web/actions/runs/5/jobs", jobs(&[job(1, "slow tests", "failure")]))])
        .await;
    mount(&server, forge()).await;
    assert_eq!(summaries(&watch.poll().await), [r#"acme/web/ci@main 5.1 failed ["slow tests"]"#]);
    // It makes its branch red: whether it is still there is asked in turns, and not reported again.
    assert_eq!(summaries(&watch.poll().await), [""; 0]);
}

#[tokio::test]
async fn on_a_busy_repository_the_default_branch_is_listed_by_itself() {
    let server = serve([]).await;
    let link = format!("<{}/next>; rel=\"next\"", server.uri());
    let busy = ResponseTemplate::new(200).set_body_json(runs(&[run(90, json!({ "head_branch": "other" }))]));
    let of_main = Mock::given(path("/repos/acme/web/actions/runs")).and(query_param("branch", "main"));
    let all = Mock::given(path("/repos/acme/web/actions/runs")).and(query_param_is_missing("branch"));
    mount(
        &server,
        [
            of_main.respond_with(
                ResponseTemplate::new(200)
                    .set_body_json(runs(&[run(31, json!({ "conclusion": "failure" }))])),
            ),
            all.respond_with(busy.insert_header("link", link.as_str())),
        ],
    )
    .await;
    mount(&server, forge()).await;
    let reported = summaries(&Watch::new(&server, &["acme/web"]).poll().await);
    assert!(reported.contains(&r#"acme/web/ci@main 31.1 failed ["build"]"#.to_owned()), "{reported:?}");
}

#[tokio::test]
async fn a_pattern_is_listed_once_an_hour() {
    let rows =
        json!([repo("web"), with(repo("old"), json!({ "archived": true })), repo("web-shop"), repo("api")]);
    let listed = Arc::new(AtomicUsize::new(0));
    let counted = listed.clone();
    let server = serve([Mock::given(path("/orgs/acme/repos")).respond_with(move |_: &Request| {
        counted.fetch_add(1, Ordering::Relaxed);
        ResponseTemplate::new(200).set_body_json(&rows)
    })])
    .await;
    mount(&server, forge()).await;
    for name in ["web-shop", "api"] {
        mount(
            &server,
            [
                get(&format!("/repos/acme/{name}/pulls"), json!([])),
                get(&format!("/repos/acme/{name}/actions/runs"), runs(&[])),
            ],
        )
        .await;
    }
    let mut watch = Watch::new(&server, &["acme/web*"]);
    let mut seen = 0;
    watch.poll().await;
    let asked = asked(&server, &mut seen).await;
    let about = |name: &str| asked.iter().filter(|request| request.starts_with(name)).count();
    assert!(
        about("web/") > 0 && about("web-shop/") > 0 && about("api") == 0 && about("old") == 0,
        "{asked:#?}"
    );
    // The list has described them: no request for that.
    assert!(!asked.contains(&"web".to_owned()), "{asked:#?}");
    watch.poll().await;
    assert_eq!(listed.load(Ordering::Relaxed), 1);
    watch.now += SignedDuration::from_hours(1);
    watch.poll().await;
    assert_eq!(listed.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_owner_is_found_in_any_way_that_the_server_has() {
    let rows = json!([repo("web")]);
    let cases: [(&str, &[&str], &str, Value); 4] = [
        ("an organisation", &["acme/*"], "/orgs/acme/repos", rows.clone()),
        ("a user", &["acme/*"], "/users/acme/repos", rows.clone()),
        ("by searching", &["acme/*"], "/search/repositories", json!({ "items": rows })),
        ("all of mine", &[], "/user/repos", rows.clone()),
    ];
    for (what, patterns, at, body) in cases {
        let server = serve([get(at, body)]).await;
        mount(&server, forge()).await;
        let batch = Watch::new(&server, patterns).poll().await;
        assert_eq!(batch.snapshots.len(), 2, "{what}: {:?}", batch.problems);
    }
    let server = serve(forge()).await;
    let error = Watch::new(&server, &["nobody/*"]).try_poll().await.unwrap_err();
    assert!(matches!(error, ServiceError::Rejected { .. }), "{error}");
}

#[tokio::test]
async fn keys_are_written_as_github_writes_them() {
    let server = serve([get("/repos/Acme/WEB", repo("web"))]).await;
    mount(&server, forge()).await;
    let reported = summaries(&Watch::new(&server, &["Acme/WEB"]).poll().await);
    assert!(reported.iter().all(|line| line.starts_with("acme/web")), "{reported:?}");
}

#[tokio::test]
async fn cursor_of_another_version_starts_over() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.cursor = Some(Cursor("{\"repos\": 7".to_owned()));
    assert_eq!(watch.poll().await.snapshots.len(), 2);
}

#[tokio::test]
async fn unknown_conclusion_is_a_problem_until_a_verdict_follows() {
    let on = |id: u64, branch: &str, conclusion: &str| {
        run(id, json!({ "head_branch": branch, "conclusion": conclusion }))
    };
    let problem = "acme/web/ci@main: it is not known how its last run ended: GitHub says CRASHED";
    // The runs -> the problem.
    let cases = [
        (vec![on(31, "main", "CRASHED")], problem),
        (vec![on(31, "main", "CRASHED"), on(30, "main", "failure")], problem),
        (vec![on(32, "main", "cancelled"), on(31, "main", "CRASHED")], problem),
        (vec![on(32, "main", "SUCCESS"), on(31, "main", "CRASHED")], ""),
        (vec![on(32, "main", "Failure"), on(31, "main", "CRASHED")], ""),
        (vec![on(31, "mine", "CRASHED")], ""),
    ];
    for (rows, problem) in cases {
        let failed = [30, 32].map(|id| format!("/repos/acme/web/actions/runs/{id}/jobs"));
        let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        mount(&server, failed.map(|at| get(&at, jobs(&[job(1, "build", "failure")])))).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        // Nor does it go away while nothing changes.
        for _ in 0..2 {
            let problems: Vec<_> = watch.poll().await.problems.iter().map(ToString::to_string).collect();
            assert_eq!(problems.join("; "), problem, "{rows:?}");
        }
        serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&[on(40, "main", "success")]))])
            .await;
        assert_eq!(watch.poll().await.problems, [], "{rows:?}");
    }
}
