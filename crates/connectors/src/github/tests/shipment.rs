//! What a yes would ship, from GitHub's answers; what of them cannot be read is named.

use callboard_domain::item::{Checks, ChecksStatus, Shipment};
use wiremock::matchers::path_regex;

use super::{
    super::{client::Calls, shipment::shipment},
    *,
};

const OLD: &str = "bbbb09b5b57875f334f61aebed695e2e4193db5e";
const DEPLOYMENTS: &str = "/repos/acme/web/deployments";

fn deployment(id: u64, sha: &str, change: Value) -> Value {
    with(
        json!({ "id": id, "sha": sha, "ref": "main", "environment": "production", "task": "deploy" }),
        change,
    )
}

fn statuses_of(id: u64, states: &[&str]) -> Mock {
    let last = u64::try_from(states.len()).unwrap();
    let rows: Vec<_> =
        states.iter().zip(0..).map(|(state, at)| json!({ "id": last - at, "state": state })).collect();
    get(&format!("{DEPLOYMENTS}/{id}/statuses"), json!(rows))
}

fn commit(sha: &str, message: &str) -> Value {
    json!({ "sha": sha, "commit": { "message": message, "author": { "name": "Ana" } }, "author": user("ana") })
}

fn compare(body: Value) -> Mock {
    get(&format!("/repos/acme/web/compare/{OLD}...{SHA}"), body)
}

/// GitHub's order: the oldest first.
fn comparison(change: Value) -> Value {
    let commits = [
        commit("c1", "Round the totals\n\nBy one cent."),
        commit("c2", "Log less"),
        commit(SHA, "Merge pull request #482"),
    ];
    let base = json!({
        "status": "ahead", "ahead_by": 3, "behind_by": 0, "total_commits": 3, "commits": commits,
        "html_url": "https://github.com/acme/web/compare/bbbb...6dcb", "files": [],
    });
    with(base, change)
}

fn pulls_of(sha: &str, rows: Value) -> Mock {
    get(&format!("/repos/acme/web/commits/{sha}/pulls"), rows)
}

fn check_runs(rows: Value) -> Mock {
    get(&format!("/repos/acme/web/commits/{SHA}/check-runs"), rows)
}

fn commit_statuses(rows: Value) -> Mock {
    get(&format!("/repos/acme/web/commits/{SHA}/status"), rows)
}

/// Production runs `OLD`; a deployment of `SHA` waits, and one before it failed.
fn service() -> Vec<Mock> {
    let rows = json!([
        deployment(9, SHA, json!({})),
        deployment(8, "cccc", json!({})),
        deployment(7, OLD, json!({}))
    ]);
    vec![
        get(DEPLOYMENTS, rows),
        statuses_of(9, &["waiting"]),
        statuses_of(8, &["failure"]),
        statuses_of(7, &["success"]),
        compare(comparison(json!({}))),
        pulls_of(SHA, json!([pull(482, json!({}))])),
        pulls_of("c2", json!([pull(482, json!({})), pull(479, json!({ "title": "Log less" }))])),
        pulls_of("c1", json!([])),
        check_runs(checks(&[check("lint", "completed", Some("success"))])),
        commit_statuses(statuses(&[])),
    ]
}

/// What is read where the service answers with these first, and which paths were asked for.
async fn read_of(first: Vec<Mock>, environment: Option<&str>, commit: &str) -> (Shipment, Vec<String>) {
    let server = serve(first.into_iter().chain(service())).await;
    let url: crate::ServiceUrl = server.uri().parse().unwrap();
    let client = Client::new().unwrap().with_clock(contract::now);
    let http = Http::new(client, url.to_url(), "GitHub", Credential::Bearer("ghp_secret".into()))
        .with_rate_limit(client::RATE_LIMIT);
    let shipment = shipment(&Calls::new(&http), "acme/web", environment, commit).await;
    let requests = server.received_requests().await.unwrap();
    let asked = requests.iter().map(|request| request.url.path().replace("/repos/acme/web/", ""));
    (shipment, asked.collect())
}

async fn read(first: Vec<Mock>) -> Shipment {
    read_of(first, Some("production"), SHA).await.0
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}

fn whole() -> Shipment {
    Shipment {
        from: Some("bbbb09b".to_owned()),
        to: Some("6dcb09b".to_owned()),
        commits: Some(3),
        changes: texts(&["Merge pull request #482", "Log less", "Round the totals"]),
        pull_requests: texts(&["#482 Cache the price list", "#479 Log less"]),
        checks: Some(Checks {
            commit: SHA.to_owned(),
            status: ChecksStatus::Passed,
            failing: Vec::new(),
            at: "2026-11-22T10:05:00Z".parse().unwrap(),
        }),
        url: "https://github.com/acme/web/compare/bbbb...6dcb".parse().ok(),
        unread: Vec::new(),
    }
}

/// Other answers that mean the same -> the same.
#[tokio::test]
async fn shipment_is_what_lies_between_the_last_deployment_and_the_commit() {
    let mut newest_first = comparison(json!({}));
    newest_first["commits"].as_array_mut().unwrap().reverse();
    let rows = |rows: Value| vec![get(DEPLOYMENTS, rows)];
    let at = |id: u64| deployment(id, if id == 7 { OLD } else { "cccc" }, json!({}));
    let cases = [
        vec![],
        rows(json!([at(7), at(8), at(9)])),
        rows(json!([at(9), at(9), at(8), at(7), at(7)])),
        rows(json!([deployment(10, "dddd", json!({ "environment": "staging" })), at(7)])),
        rows(json!([deployment(7, OLD, json!({ "environment": "Production" }))])),
        rows(json!([deployment(7, OLD, json!({ "environment": null })), at(8)])),
        rows(json!([{ "id": "7", "sha": OLD }])),
        vec![statuses_of(7, &["success", "in_progress", "queued"])],
        vec![get(
            &format!("{DEPLOYMENTS}/7/statuses"),
            json!([{ "id": 1, "state": "queued" }, { "id": 2, "state": " SUCCESS" }]),
        )],
        vec![get(
            &format!("{DEPLOYMENTS}/7/statuses"),
            json!([{ "state": "success" }, { "state": "pending" }]),
        )],
        vec![get(&format!("{DEPLOYMENTS}/8/statuses"), json!([]))],
        vec![compare(newest_first)],
        vec![compare(comparison(
            json!({ "total_commits": "3", "behind_by": null, "ahead_by": null, "files": null }),
        ))],
    ];
    for (index, first) in cases.into_iter().enumerate() {
        assert_eq!(read(first).await, whole(), "case {index}");
    }
}

#[tokio::test]
async fn what_was_never_deployed_has_nothing_to_compare_with() {
    let never = [
        vec![get(DEPLOYMENTS, json!([]))],
        vec![get(DEPLOYMENTS, json!([deployment(10, "dddd", json!({ "environment": "staging" }))]))],
        vec![statuses_of(7, &["error"])],
        vec![statuses_of(7, &["inactive", "success"])],
        vec![get(&format!("{DEPLOYMENTS}/7/statuses"), json!([]))],
    ];
    let expected = Shipment { to: Some("6dcb09b".to_owned()), checks: whole().checks, ..Shipment::default() };
    for (index, first) in never.into_iter().enumerate() {
        let (shipment, asked) = read_of(first, Some("production"), SHA).await;
        assert_eq!(shipment, expected, "case {index}");
        assert!(!asked.iter().any(|path| path.contains("compare") || path.ends_with("/pulls")), "{asked:?}");
    }

    // A first-timer's run goes nowhere: it has its pull request.
    let (shipment, asked) = read_of(vec![], None, SHA).await;
    let pull_requests = texts(&["#482 Cache the price list"]);
    assert_eq!(shipment, Shipment { pull_requests, ..expected });
    assert!(!asked.iter().any(|path| path.contains("deployments") || path.contains("compare")), "{asked:?}");

    let (same, asked) = read_of(vec![], Some("production"), OLD).await;
    assert_eq!((same.words().as_str(), same.changes.len()), ("bbbb09b to bbbb09b, 0 commits", 0));
    assert!(!asked.iter().any(|path| path.contains("compare")), "{asked:?}");

    let (nothing, asked) = read_of(vec![], Some("production"), "").await;
    assert_eq!(nothing.unread, ["what would be there: GitHub does not say which commit"]);
    assert_eq!((nothing.to, asked.len()), (None, 0));
}

/// An answer in place of a good one -> what is named, and that the rest is there.
#[tokio::test]
async fn each_part_that_cannot_be_read_is_named() {
    let fails = |at: &str, status: u16| {
        Mock::given(path(at))
            .respond_with(ResponseTemplate::new(status).set_body_json(json!({ "message": "No" })))
    };
    let statuses_at = |body: Value| get(&format!("{DEPLOYMENTS}/8/statuses"), body);
    let compare_at = format!("/repos/acme/web/compare/{OLD}...{SHA}");
    let runs_at = format!("/repos/acme/web/commits/{SHA}/check-runs");
    let status_at = format!("/repos/acme/web/commits/{SHA}/status");
    let pulls_at = format!("/repos/acme/web/commits/{SHA}/pulls");
    let many: Vec<_> = (20..40).map(|id| deployment(id, "dddd", json!({}))).collect();
    let waits = Mock::given(path_regex("/deployments/[23].*/statuses"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([{ "state": "queued" }])));
    let nothing_to_compare = Shipment {
        from: None,
        commits: None,
        changes: Vec::new(),
        pull_requests: Vec::new(),
        url: None,
        ..whole()
    };
    let uncompared = Shipment { from: whole().from, ..nothing_to_compare.clone() };
    let now = "what is there now: ";
    let unknown = format!("{now}the status of deployment 8 is unknown: ");
    let cases: Vec<(Vec<Mock>, Shipment, String)> = vec![
        (
            vec![fails(DEPLOYMENTS, 403)],
            nothing_to_compare.clone(),
            format!("{now}GitHub does not allow it: No"),
        ),
        (vec![fails(DEPLOYMENTS, 404)], nothing_to_compare.clone(), format!("{now}GitHub has no such thing")),
        (
            vec![fails(DEPLOYMENTS, 500)],
            nothing_to_compare.clone(),
            format!("{now}GitHub is unavailable (500)"),
        ),
        (
            vec![get(DEPLOYMENTS, json!(null))],
            nothing_to_compare.clone(),
            format!("{now}GitHub answered with something"),
        ),
        (
            vec![get(DEPLOYMENTS, json!({ "deployments": [] }))],
            nothing_to_compare.clone(),
            format!("{now}GitHub answered"),
        ),
        (
            vec![get(DEPLOYMENTS, json!([{ "id": 9 }]))],
            nothing_to_compare.clone(),
            format!("{now}9 (entry 1)"),
        ),
        (
            vec![get(DEPLOYMENTS, json!([{ "id": 9, "sha": null }]))],
            nothing_to_compare.clone(),
            format!("{now}9 (entry 1)"),
        ),
        (vec![get(DEPLOYMENTS, json!([1]))], nothing_to_compare.clone(), format!("{now}entry 1")),
        (
            vec![get(DEPLOYMENTS, json!(many)), waits],
            nothing_to_compare.clone(),
            format!("{now}none of the 10 newest deployments succeeded"),
        ),
        (
            vec![fails(&format!("{DEPLOYMENTS}/8/statuses"), 404)],
            nothing_to_compare.clone(),
            format!("{now}GitHub has no"),
        ),
        (
            vec![statuses_at(json!(null))],
            nothing_to_compare.clone(),
            format!("{now}GitHub answered with something"),
        ),
        (vec![statuses_at(json!([null]))], nothing_to_compare.clone(), format!("{unknown}entry 1")),
        (
            vec![statuses_at(json!([{ "state": null }]))],
            nothing_to_compare.clone(),
            format!("{unknown}it has no state"),
        ),
        (
            vec![statuses_at(json!([{ "status": "success" }]))],
            nothing_to_compare.clone(),
            format!("{unknown}it has no"),
        ),
        (vec![statuses_at(json!([{ "state": "Live" }]))], nothing_to_compare, format!("{unknown}live")),
        (
            vec![fails(&compare_at, 404)],
            uncompared.clone(),
            "what has changed: GitHub has no such thing".to_owned(),
        ),
        (
            vec![fails(&compare_at, 500)],
            uncompared.clone(),
            "what has changed: GitHub is unavailable".to_owned(),
        ),
        (vec![compare(json!(null))], uncompared.clone(), "what has changed: GitHub answered".to_owned()),
        (
            vec![compare(comparison(json!({ "commits": null })))],
            uncompared,
            "what has changed: GitHub answered".to_owned(),
        ),
        (
            vec![compare(comparison(json!({ "total_commits": null })))],
            Shipment { commits: None, ..whole() },
            "what has changed: GitHub does not say how many commits".to_owned(),
        ),
        (
            vec![compare(comparison(
                json!({ "commits": [commit("c1", "Round the totals"), commit("c2", "Log less")] }),
            ))],
            Shipment {
                changes: texts(&["Log less", "Round the totals"]),
                pull_requests: texts(&["#482 Cache the price list", "#479 Log less"]),
                ..whole()
            },
            "what has changed: the newest commits are not in what GitHub answers".to_owned(),
        ),
        (
            vec![compare(comparison(
                json!({ "commits": [{ "message": "x" }, commit("c2", ""), commit(SHA, "\n")] }),
            ))],
            Shipment { changes: texts(&["6dcb09b", "c2"]), ..whole() },
            "what has changed: entry 1".to_owned(),
        ),
        (
            vec![compare(comparison(json!({ "commits": [], "total_commits": 3 })))],
            Shipment { changes: Vec::new(), pull_requests: Vec::new(), ..whole() },
            "what has changed: the newest commits are not in what GitHub answers".to_owned(),
        ),
        (
            vec![fails(&pulls_at, 404), fails("/repos/acme/web/commits/c2/pulls", 404)],
            Shipment { pull_requests: Vec::new(), ..whole() },
            "the pull requests: GitHub has no such thing".to_owned(),
        ),
        (
            vec![fails(&pulls_at, 500)],
            whole(),
            "the pull requests: GitHub is unavailable (500): No".to_owned(),
        ),
        (
            vec![pulls_of(SHA, json!([{ "title": "x" }, pull(482, json!({ "title": null }))]))],
            Shipment { pull_requests: texts(&["#482", "#479 Log less"]), ..whole() },
            "the pull requests: entry 1".to_owned(),
        ),
        (
            vec![fails(&runs_at, 403)],
            Shipment { checks: None, ..whole() },
            "the checks: GitHub does not allow it".to_owned(),
        ),
        (
            vec![check_runs(json!(null))],
            Shipment { checks: None, ..whole() },
            "the checks: GitHub answered".to_owned(),
        ),
        (
            vec![fails(&status_at, 500)],
            Shipment { checks: None, ..whole() },
            "the checks: GitHub is unavailable (500)".to_owned(),
        ),
    ];
    for (index, (first, expected, named)) in cases.into_iter().enumerate() {
        let found = read(first).await;
        assert!(
            matches!(found.unread.as_slice(), [line] if line.starts_with(&named)),
            "case {index}: expected {named}, found {:?}",
            found.unread
        );
        assert_eq!(Shipment { unread: Vec::new(), ..found }, expected, "case {index}: {named}");
    }
}

#[tokio::test]
async fn checks_are_those_of_the_commit() {
    let red = || check_runs(checks(&[check("lint", "completed", Some("failure"))]));
    let refused = |status: u16| {
        Mock::given(path(format!("/repos/acme/web/commits/{SHA}/status")))
            .respond_with(ResponseTemplate::new(status))
    };
    let cases = [
        (vec![red()], Some((ChecksStatus::Failed, &["lint"][..])), 0),
        // What failed has failed, whatever the rest is.
        (vec![red(), refused(500)], Some((ChecksStatus::Failed, &["lint"])), 1),
        // A server without commit statuses has none.
        (vec![refused(404)], Some((ChecksStatus::Passed, &[])), 0),
        (vec![refused(403)], None, 1),
        (vec![check_runs(checks(&[]))], Some((ChecksStatus::None, &[])), 0),
        // The job that waits for the yes is no check that is awaited.
        (
            vec![check_runs(checks(&[
                check("lint", "completed", Some("success")),
                check("deploy", "waiting", None),
            ]))],
            Some((ChecksStatus::Passed, &[])),
            0,
        ),
        (
            vec![check_runs(checks(&[check("lint", "in_progress", None)]))],
            Some((ChecksStatus::Pending, &[])),
            0,
        ),
    ];
    for (index, (first, expected, unread)) in cases.into_iter().enumerate() {
        let found = read(first).await;
        let checks = found.checks.as_ref().map(|checks| (checks.status, texts_of(&checks.failing)));
        let expected = expected.map(|(status, failing)| (status, failing.to_vec()));
        assert_eq!((checks, found.unread.len()), (expected, unread), "case {index}: {:?}", found.unread);
        assert!(found.checks.is_none_or(|checks| checks.commit == SHA));
    }
}

fn texts_of(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn commits_that_a_yes_takes_back_are_named() {
    for (behind, expected) in [
        (json!(1), "takes back 1 commit that is there now"),
        (json!("12"), "takes back 12 commits that are there now"),
    ] {
        let back =
            comparison(json!({ "status": "behind", "behind_by": behind, "total_commits": 0, "commits": [] }));
        let found = read(vec![compare(back)]).await;
        assert_eq!((found.commits, found.changes, found.unread), (Some(0), texts(&[expected]), Vec::new()));
        let both =
            read(vec![compare(comparison(json!({ "status": "diverged", "behind_by": behind })))]).await;
        assert_eq!((both.commits, both.changes.len(), both.changes[0].as_str()), (Some(3), 4, expected));
    }
}

#[tokio::test]
async fn long_list_is_read_as_far_as_it_is_shown() {
    let commits: Vec<_> = (0..30)
        .map(|at| {
            if at == 29 { commit(SHA, "Newest") } else { commit(&format!("c{at}"), &format!("Change {at}")) }
        })
        .collect();
    let any_pulls = Mock::given(path_regex("/commits/.*/pulls"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([pull(482, json!({}))])));
    let long = comparison(json!({ "commits": commits, "total_commits": 300 }));
    let (found, asked) = read_of(vec![compare(long), any_pulls], Some("production"), SHA).await;
    assert_eq!((found.commits, found.changes.len()), (Some(300), 20));
    assert_eq!((found.changes[0].as_str(), found.changes[19].as_str()), ("Newest", "Change 10"));
    assert_eq!(found.pull_requests, ["#482 Cache the price list"]);
    assert_eq!(found.unread, ["the pull requests: only those of the 10 newest commits are looked up"]);
    assert_eq!(asked.iter().filter(|path| path.ends_with("/pulls")).count(), 10);
}

/// Where GitHub asks for fewer calls -> what was read until then; nothing more is sent.
#[tokio::test]
async fn rate_limit_ends_the_reading_and_is_named() {
    let limited = |at: &str| {
        Mock::given(path_regex(at)).respond_with(
            ResponseTemplate::new(429)
                .insert_header("retry-after", "7")
                .set_body_json(json!({ "message": "Slow" })),
        )
    };
    let cases = [
        ("/deployments$", "what is there now, and the rest: ", 1),
        ("/deployments/8/statuses", "what is there now, and the rest: ", 3),
        ("/compare/", "what has changed, and the rest: ", 5),
        ("/commits/.*/check-runs", "the checks, and the rest: ", 9),
    ];
    for (at, expected, most) in cases {
        let (found, asked) = read_of(vec![limited(at)], Some("production"), SHA).await;
        assert!(
            matches!(found.unread.as_slice(), [line] if line.starts_with(expected)),
            "{at}: {:?}",
            found.unread
        );
        assert_eq!((asked.len(), found.checks), (most, None), "{at}: {asked:?}");
        assert_eq!(found.to.as_deref(), Some("6dcb09b"), "{at}");
    }
    // Those that are under way at once end together.
    let (found, asked) = read_of(vec![limited("/commits/.*/pulls")], Some("production"), SHA).await;
    assert!(
        found.unread.len() == 1 && found.unread[0].starts_with("the pull requests, and the rest: "),
        "{found:?}"
    );
    assert!(!asked.iter().any(|path| path.ends_with("check-runs")), "{asked:?}");
    assert_eq!(found.commits, Some(3));
}

#[tokio::test]
async fn names_are_encoded_for_where_they_land() {
    for name in ["a&b=c", "eu/production #1", "100%25", "../x?y", "Produktion Köln", "production "] {
        let rows = json!([deployment(7, OLD, json!({ "environment": name }))]);
        let only = Mock::given(method("GET"))
            .and(path(DEPLOYMENTS))
            .and(query_param("environment", name))
            .and(query_param("per_page", "30"))
            .respond_with(ResponseTemplate::new(200).set_body_json(rows))
            .expect(1);
        let (found, _) = read_of(vec![only], Some(name), SHA).await;
        assert_eq!(found, whole(), "{name}");
    }
    // What would lead elsewhere is not sent.
    for sha in ["../../../user", "main/../..", "a\tb"] {
        let (found, asked) = read_of(vec![], Some("production"), sha).await;
        assert!(found.unread.iter().any(|line| line.starts_with("what has changed: ")), "{sha}: {found:?}");
        assert!(
            asked.iter().all(|path| !path.contains("user") && !path.contains("commits")),
            "{sha}: {asked:?}"
        );
        assert_eq!(found.checks, None, "{sha}");
    }
}
