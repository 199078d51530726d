//! Polls over real HTTP when not all is well: what a failure costs, and how it is made up for.

use jiff::SignedDuration;

use super::{
    poll::{Watch, asked, serve_instead, summaries},
    *,
};

pub(super) fn failing(at: &str, status: u16) -> Mock {
    let answer = ResponseTemplate::new(status).set_body_json(json!({ "message": "Out of order" }));
    Mock::given(path(at)).respond_with(answer).with_priority(1)
}

#[tokio::test]
async fn missing_repository_becomes_one_problem() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web", "acme/gone"]);
    let batch = watch.poll().await;
    assert_eq!(summaries(&batch).len(), 2);
    assert_eq!(
        texts(&batch.problems),
        [
            "acme/gone: GitHub has no such repository, or hides it from this account; correct its name in watch, or give the token access to it"
        ]
    );

    // It is not asked for again at once, and the problem stays.
    let mut seen = server.received_requests().await.unwrap().len();
    assert_eq!(texts(&watch.poll().await.problems), texts(&batch.problems));
    assert!(asked(&server, &mut seen).await.iter().all(|request| request.starts_with("web")));
    watch.now += SignedDuration::from_mins(10);
    mount(&server, [get("/repos/acme/gone", repo("gone")), get("/repos/acme/gone/pulls", json!([]))]).await;
    mount(&server, [get("/repos/acme/gone/actions/runs", runs(&[]))]).await;
    assert_eq!(texts(&watch.poll().await.problems), [""; 0]);
}

#[tokio::test]
async fn refused_part_becomes_a_problem_and_the_rest_is_read() {
    let refused = |at: &str| {
        let answer = ResponseTemplate::new(403)
            .set_body_json(json!({ "message": "Resource not accessible by personal access token" }))
            .insert_header("x-accepted-github-permissions", "actions=read");
        Mock::given(path(at)).respond_with(answer)
    };
    let server = serve([refused("/repos/acme/web/actions/runs")]).await;
    mount(&server, forge()).await;
    let batch = Watch::new(&server, &["acme/web"]).poll().await;
    assert_eq!(summaries(&batch), ["acme/web#482 open [bo=Approved] passed"]);
    let why = "acme/web: no workflow runs: GitHub does not allow it: Resource not accessible by personal access token; it lacks actions:read";
    assert_eq!(texts(&batch.problems), [why]);

    // Checks that cannot be read are not "none".
    let server = serve([refused(&format!("/repos/acme/web/commits/{SHA}/check-runs"))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let batch = watch.poll().await;
    assert_eq!(summaries(&batch)[0], "acme/web#482 open [bo=Approved] ?");
    assert!(
        texts(&batch.problems)[0].starts_with("acme/web: no checks: GitHub does not allow it"),
        "{:?}",
        texts(&batch.problems)
    );
    // Failed checks would need the author: the board shows that they are not seen.
    assert!(batch.problems[0].hides(), "{:?}", batch.problems);
    assert_eq!(watch.poll().await.problems, batch.problems);

    let server = serve([refused("/repos/acme/web/pulls/482/reviews")]).await;
    mount(&server, forge()).await;
    let batch = Watch::new(&server, &["acme/web"]).poll().await;
    assert!(
        texts(&batch.problems)[0].starts_with("acme/web: no reviews: GitHub does not allow it"),
        "{:?}",
        texts(&batch.problems)
    );
    assert!(batch.problems[0].hides(), "{:?}", batch.problems);
}

/// Whose token it is, and how many of 5000 calls are left.
fn calls_left(remaining: &str) -> Mock {
    let reset = (now() + SignedDuration::from_mins(50)).as_second().to_string();
    let answer = ResponseTemplate::new(200)
        .set_body_json(user("ana"))
        .insert_header("x-ratelimit-limit", "5000")
        .insert_header("x-ratelimit-remaining", remaining)
        .insert_header("x-ratelimit-reset", reset.as_str());
    Mock::given(path("/user")).respond_with(answer).with_priority(1)
}

/// A refusal counts for two minutes, for ten while less than half of the calls are left, and not at all once the account is tested.
#[tokio::test]
async fn refused_part_is_requested_again_soon() {
    let reviews_at = "/repos/acme/web/pulls/482/reviews";
    let checks_at = format!("/repos/acme/web/commits/{SHA}/check-runs");
    // What is refused, how many calls are left, whether the account is tested -> the polls, each a minute after the one before,
    // that still name it, and what is reported then.
    let cases = [
        (reviews_at, "4000", false, 1, "[bo=Approved] passed"),
        (checks_at.as_str(), "4000", false, 1, "[] passed"),
        (reviews_at, "2000", false, 9, "[bo=Approved] passed"),
        (reviews_at, "2000", true, 0, "[bo=Approved] passed"),
    ];
    for (at, remaining, is_tested, expected, reported) in cases {
        let server = serve([calls_left(remaining), failing(at, 403).with_priority(2).up_to_n_times(1)]).await;
        mount(&server, forge()).await;
        let connection = connect(&server.uri(), &["acme/web"]);
        let mut watch = Watch::of(connection.source.clone().unwrap());
        let first = watch.poll().await;
        assert!(first.problems.iter().any(|problem| problem.hides()), "{at}: {:?}", first.problems);
        if is_tested {
            connection.identify.identify().await.unwrap();
        }
        let mut named = 0;
        let last = loop {
            let batch = watch.poll().await;
            if batch.problems.is_empty() {
                break batch;
            }
            named += 1;
            assert!(named < 20, "{at}: {:?}", batch.problems);
        };
        assert_eq!(named, expected, "{at}, {remaining} left, tested: {is_tested}");
        assert_eq!(summaries(&last), [format!("acme/web#482 open {reported}")], "{at}");
    }
}

/// A test of the account is served by the first poll that succeeds.
#[tokio::test]
async fn refused_part_is_requested_again_after_a_failed_poll() {
    let refused = failing("/repos/acme/web/pulls/482/reviews", 403).with_priority(2).up_to_n_times(2);
    let server = serve([calls_left("2000"), refused]).await;
    mount(&server, forge()).await;
    let connection = connect(&server.uri(), &["acme/web"]);
    let mut watch = Watch::of(connection.source.clone().unwrap());
    assert_eq!(watch.poll().await.problems.len(), 1);
    connection.identify.identify().await.unwrap();
    mount(&server, [failing("/repos/acme/web/pulls", 502).up_to_n_times(1)]).await;
    assert!(watch.try_poll().await.is_err());
    // Still refused: that counts, until the account is tested again.
    let mut seen = server.received_requests().await.unwrap().len();
    let is_asked = |asked: Vec<String>| asked.iter().any(|line| line.contains("/reviews"));
    assert_eq!(watch.poll().await.problems.len(), 1);
    assert!(is_asked(asked(&server, &mut seen).await), "the failed poll took nothing away");
    assert_eq!(watch.poll().await.problems.len(), 1);
    assert!(!is_asked(asked(&server, &mut seen).await), "it was refused since");
    connection.identify.identify().await.unwrap();
    assert_eq!(texts(&watch.poll().await.problems), [""; 0]);
}

#[tokio::test]
async fn checks_do_not_pass_while_statuses_cannot_be_read() {
    let at = format!("/repos/acme/web/commits/{SHA}/status");
    let null = json!({ "state": "pending", "sha": SHA, "total_count": 0, "statuses": null });
    let odd = ResponseTemplate::new(200).set_body_json(null);
    for unread in [failing(&at, 500), Mock::given(path(&at)).respond_with(odd).with_priority(1)] {
        let server = serve([unread]).await;
        mount(&server, forge()).await;
        let batch = Watch::new(&server, &["acme/web"]).poll().await;
        assert_eq!(summaries(&batch)[0], "acme/web#482 open [bo=Approved] ?");
    }
}

#[tokio::test]
async fn failed_check_counts_though_other_parts_cannot_be_read() {
    let checks_at = format!("/repos/acme/web/commits/{SHA}/check-runs");
    let statuses_at = format!("/repos/acme/web/commits/{SHA}/status");
    let null = |rows: &str| ResponseTemplate::new(200).set_body_json(json!({ "total_count": 0, rows: null }));
    let unread = |at: &str, rows: &str| {
        [failing(at, 502), Mock::given(path(at)).respond_with(null(rows)).with_priority(1)]
    };
    let status = |state: &str| json!({ "id": 1, "context": "ci/other", "state": state, "updated_at": "2026-11-22T10:05:00Z" });
    for (state, expected) in [("failure", "failed"), ("success", "?"), ("pending", "?")] {
        for unread in unread(&checks_at, "check_runs") {
            let server = serve([unread, get(&statuses_at, statuses(&[status(state)]))]).await;
            mount(&server, forge()).await;
            let batch = Watch::new(&server, &["acme/web"]).poll().await;
            assert_eq!(
                summaries(&batch)[0],
                format!("acme/web#482 open [bo=Approved] {expected}"),
                "{state}"
            );
            assert!(texts(&batch.problems)[0].starts_with("acme/web: no checks: "), "{:?}", batch.problems);
        }
    }
    for unread in unread(&statuses_at, "statuses") {
        let failed = get(&checks_at, checks(&[check("lint", "completed", Some("failure"))]));
        let server = serve([unread, failed]).await;
        mount(&server, forge()).await;
        let batch = Watch::new(&server, &["acme/web"]).poll().await;
        assert_eq!(summaries(&batch)[0], "acme/web#482 open [bo=Approved] failed");
        assert!(batch.problems[0].hides(), "{:?}", batch.problems);
    }
}

#[tokio::test]
async fn missing_or_short_list_becomes_a_problem() {
    let runs_at = "/repos/acme/web/actions/runs";
    let checks_at = format!("/repos/acme/web/commits/{SHA}/check-runs");
    let reviews_at = "/repos/acme/web/pulls/482/reviews";
    let null = "expected a list, found nothing (null)";
    let cases = [
        (runs_at, json!({ "total_count": 0, "workflow_runs": null }), null, true),
        (runs_at, json!({ "total_count": 0 }), "`workflow_runs` is missing", true),
        (
            runs_at,
            json!({ "total_count": 7, "workflow_runs": [] }),
            "GitHub counts more workflow runs than it lists",
            true,
        ),
        (checks_at.as_str(), json!({ "total_count": 0, "check_runs": null }), null, true),
        (
            checks_at.as_str(),
            json!({ "total_count": 7, "check_runs": [] }),
            "more checks than were read: they count as pending",
            false,
        ),
        (checks_at.as_str(), checks(&[json!(null)]), "some checks cannot be read", true),
        (reviews_at, json!(null), null, true),
    ];
    for (at, answer, expected, hides) in cases {
        let instead = Mock::given(path(at)).respond_with(ResponseTemplate::new(200).set_body_json(&answer));
        let server = serve([instead.with_priority(1)]).await;
        mount(&server, forge()).await;
        let batch = Watch::new(&server, &["acme/web"]).poll().await;
        let reported = batch.problems.iter().find(|problem| problem.why.contains(expected));
        assert!(
            reported.is_some_and(|reported| reported.hides() == hides),
            "{at} {answer}: {:?}",
            batch.problems
        );
        assert!(batch.emptied.is_empty(), "{at} {answer}");
        assert!(summaries(&batch).iter().any(|line| line.starts_with("acme/web#482 open")), "{at} {answer}");
    }
    // Without the list of pull requests nothing is read: the poll fails.
    let instead = Mock::given(path("/repos/acme/web/pulls"));
    let instead = instead.respond_with(ResponseTemplate::new(200).set_body_json(json!(null)));
    let server = serve([instead.with_priority(1)]).await;
    mount(&server, forge()).await;
    let error = Watch::new(&server, &["acme/web"]).try_poll().await.unwrap_err();
    assert!(error.to_string().contains(null), "{error}");
}

#[tokio::test]
async fn refused_sign_in_takes_one_request() {
    let server = serve([failing("/user", 401)]).await;
    let error = Watch::new(&server, &["acme/web", "acme/api"]).try_poll().await.unwrap_err();
    assert!(matches!(error, ServiceError::Auth { signed_in: false, .. }), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_poll_that_reads_nothing_fails() {
    let cases = [
        (403, 403, "auth"),
        (500, 500, "unavailable"),
        (429, 429, "rate_limited"),
        // It says when to go on.
        (500, 429, "rate_limited"),
        (429, 500, "rate_limited"),
    ];
    for (web, api, expected) in cases {
        let server = serve([failing("/repos/acme/web", web), failing("/repos/acme/api", api)]).await;
        mount(&server, forge()).await;
        let error = Watch::new(&server, &["acme/web", "acme/api"]).try_poll().await.unwrap_err();
        assert_eq!(serde_json::to_value(&error).unwrap()["error"], expected, "{web} {api}: {error}");
        // The sign-in was not refused.
        let is_signed_in = matches!(error, ServiceError::Auth { signed_in: true, .. });
        assert_eq!(is_signed_in, expected == "auth", "{error:?}");
    }
}

#[tokio::test]
async fn unread_details_are_read_by_the_next_poll() {
    let half = ResponseTemplate::new(200).set_body_string("[{\"user\": {\"log");
    let page = ResponseTemplate::new(200).set_body_raw("<html>Unicorn</html>", "text/html");
    for broken in [ResponseTemplate::new(502), half, page] {
        let reviews = Mock::given(path("/repos/acme/web/pulls/482/reviews"));
        let server = serve([reviews.respond_with(broken).up_to_n_times(1).with_priority(1)]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let batch = watch.poll().await;
        assert_eq!(summaries(&batch)[0], "acme/web#482 open [] passed");
        assert!(
            texts(&batch.problems)[0].starts_with("acme/web: no reviews: GitHub "),
            "{:?}",
            texts(&batch.problems)
        );
        assert!(batch.problems[0].hides(), "requested changes would need the author");
        let batch = watch.poll().await;
        assert_eq!(summaries(&batch), ["acme/web#482 open [bo=Approved] passed"]);
        assert_eq!(texts(&batch.problems), [""; 0]);
    }
}

#[tokio::test]
async fn failed_list_keeps_its_position() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let down = failing("/repos/acme/web/pulls", 502).up_to_n_times(1);
    let newer = run(32, json!({ "updated_at": "2026-11-22T11:00:00Z" }));
    mount(&server, [down]).await;
    assert!(watch.try_poll().await.is_err());
    serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&[newer]))]).await;
    // The run that has not passed is missing from the list: it is asked for by itself.
    assert_eq!(summaries(&watch.poll().await), ["acme/web/ci@main 32.1 passed [], 31.1 failed [\"build\"]"]);
}

/// A redirect to elsewhere that hides several parts of a repository is one problem, and what is left alone is not asked for.
#[tokio::test]
async fn one_error_of_a_repository_becomes_one_problem() {
    let away = |at: &str| {
        let answer = ResponseTemplate::new(301).insert_header("location", "http://elsewhere.example/x");
        Mock::given(path(at)).respond_with(answer).with_priority(1)
    };
    let checks_at = format!("/repos/acme/web/commits/{SHA}/check-runs");
    let statuses_at = format!("/repos/acme/web/commits/{SHA}/status");
    let parts = [
        "/repos/acme/web/pulls/482",
        "/repos/acme/web/pulls/482/reviews",
        checks_at.as_str(),
        statuses_at.as_str(),
    ];
    let lists = ["/repos/acme/web", "/repos/acme/web/pulls", "/repos/acme/web/actions/runs"];
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    mount(&server, parts.map(away)).await;
    let batch = watch.poll().await;
    let [problem] = &texts(&batch.problems)[..] else { panic!("{:?}", batch.problems) };
    assert!(problem.starts_with("acme/web: no reviews, checks: GitHub redirects to "), "{problem}");
    assert!(batch.problems[0].hides());

    mount(&server, lists.map(away)).await;
    let mut seen = 0;
    for poll in 0..2 {
        asked(&server, &mut seen).await;
        let batch = watch.poll().await;
        let [problem] = &texts(&batch.problems)[..] else { panic!("{poll}: {:?}", batch.problems) };
        assert!(problem.starts_with("acme/web: GitHub redirects to "), "{problem}");
        assert_eq!(batch.problems[0].kind, callboard_domain::source::ProblemKind::NotSeen);
    }
    assert_eq!(asked(&server, &mut seen).await, [""; 0], "it is left alone for a while");
}

/// How a pull request itself fails to answer while a list has it: its row is shown, what only it says is named as missing, and
/// it is read again.
#[tokio::test]
async fn listed_pull_request_without_a_response_becomes_a_problem_and_is_read_again() {
    use callboard_domain::source::ProblemKind;

    let at = "/repos/acme/web/pulls/482";
    let itself = || pull(482, json!({ "mergeable": true, "mergeable_state": "clean" }));
    let by_proxy = ResponseTemplate::new(203).set_body_json(itself());
    let by_proxy = Mock::given(path(at)).respond_with(by_proxy).with_priority(1);
    let cases =
        [("203", by_proxy), ("502", failing(at, 502)), ("403", failing(at, 403)), ("422", failing(at, 422))];
    for (status, answer) in cases {
        let server = serve([answer.up_to_n_times(2)]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let mergeable = |batch: &Batch| {
            let item = batch.snapshots.iter().find(|item| item.key.id == "acme/web#482");
            item.map(|item| pull_of(item).mergeability.is_some())
        };
        let first = watch.poll().await;
        assert_eq!(mergeable(&first), Some(false), "{status}: its row is shown");
        let kinds: Vec<_> =
            first.problems.iter().map(|problem| (problem.part.as_str(), problem.kind)).collect();
        assert_eq!(kinds, [("acme/web", ProblemKind::Incomplete)], "{status}: {:?}", first.problems);
        let second = watch.poll().await;
        assert_eq!(texts(&second.problems), texts(&first.problems), "{status}: it is still not known");
        let third = watch.poll().await;
        assert_eq!((mergeable(&third), texts(&third.problems)), (Some(true), vec![]), "{status}");
        // Nothing there is due any more.
        let mut seen = server.received_requests().await.unwrap().len();
        watch.poll().await;
        let asked = asked(&server, &mut seen).await;
        assert!(asked.contains(&"web/pulls/482*".to_owned()), "{status}: {asked:?}");
    }
}
