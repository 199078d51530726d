//! How a poll reads: in parts, past what does not answer, what cannot be read, and what is on no list.

use callboard_domain::source::Progress;

use super::{
    poll::{Watch, asked, serve_instead, summaries},
    *,
};

#[tokio::test]
async fn long_poll_is_reported_in_parts() {
    let names: Vec<_> = (0..20).map(|n| format!("acme/r{n:02}")).collect();
    let server = serve([get("/user", user("ana"))]).await;
    for name in &names {
        let rows = runs(&[run(1, json!({ "head_repository": { "full_name": name } }))]);
        let at = format!("/repos/{name}");
        mount(
            &server,
            [
                get(&at, json!({ "full_name": name, "default_branch": "main" })),
                get(&format!("{at}/pulls"), json!([])),
                get(&format!("{at}/actions/runs"), rows),
            ],
        )
        .await;
    }
    let watched: Vec<_> = names.iter().map(String::as_str).collect();
    let mut watch = Watch::of(in_no_time(&server.uri(), &watched));
    let mut reported = Vec::new();
    let mut progress = Vec::new();
    loop {
        let batch = watch.poll().await;
        reported.extend(summaries(&batch));
        let Some(Progress { done, total }) = batch.partial else { break };
        progress.push((done, total));
        assert!(progress.len() < 10, "{progress:?}");
    }
    assert_eq!(progress, [(8, 20), (16, 20)]);
    reported.sort();
    let expected: Vec<_> = names.iter().map(|name| format!("{name}/ci@main 1.1 passed []")).collect();
    assert_eq!(reported, expected);
}

/// A GitHub of repositories `acme/r0` and so on, with so many open pull requests each.
async fn forge_of(pulls: u64) -> MockServer {
    let answer = move |request: &Request| {
        let at = request.url.path().trim_start_matches("/repos/acme/r");
        let (repository, rest) = at.split_once('/').unwrap_or((at, ""));
        let described =
            with(repo(&format!("r{repository}")), json!({ "id": repository.parse().unwrap_or(0) + 1 }));
        let own = json!({ "base": { "ref": "main", "sha": "base", "repo": described } });
        let body = match rest.split('/').collect::<Vec<_>>().as_slice() {
            [""] => described,
            ["pulls"] => (1..=pulls).map(|number| pull(number, own.clone())).collect(),
            ["pulls", number] => pull(number.parse().unwrap(), own),
            ["pulls", _, "reviews"] => json!([]),
            ["commits", _, "check-runs"] => checks(&[check("lint", "completed", Some("success"))]),
            ["commits", _, "status"] => statuses(&[]),
            _ => runs(&[]),
        };
        ResponseTemplate::new(200).set_body_json(body)
    };
    serve([get("/user", user("ana")), Mock::given(method("GET")).respond_with(answer)]).await
}

/// How many repositories and pull requests of each there are -> how many lists are read after each poll, and how many pull
/// requests are left: all of them are named, also those for which one poll has no room.
#[tokio::test]
async fn repository_whose_details_are_left_counts_as_read() {
    // Eight lists are read in each poll, and eight pull requests.
    let cases = [
        (10, 2, [(Some((8, 10)), 8), (Some((10, 10)), 4), (None, 0)]),
        (3, 40, [(Some((3, 3)), 112), (Some((3, 3)), 104), (Some((3, 3)), 96)]),
    ];
    for (repositories, pulls, polls) in cases {
        let server = forge_of(pulls).await;
        let names: Vec<_> = (0..repositories).map(|n| format!("acme/r{n}")).collect();
        let watched: Vec<_> = names.iter().map(String::as_str).collect();
        let mut watch = Watch::of(in_no_time(&server.uri(), &watched));
        for (progress, left) in polls {
            let batch = watch.poll().await;
            let found = batch.partial.map(|Progress { done, total }| (done, total));
            assert_eq!((found, batch.details_left), (progress, left), "{repositories} {pulls}");
            let named = format!("reviews, checks or failed jobs of {left} items are still to be read");
            let expected: Vec<_> = Some(named).into_iter().filter(|_| left > 0).collect();
            assert_eq!(texts(&batch.problems), expected, "{repositories} {pulls}");
        }
    }
}

/// One repository that does not answer costs none of the others, and is left alone for a while.
#[tokio::test]
async fn repository_without_a_response_delays_no_other() {
    let late = ResponseTemplate::new(200).set_body_json(repo("late")).set_delay(Duration::from_secs(600));
    let server = serve([Mock::given(path("/repos/acme/late")).respond_with(late)]).await;
    mount(&server, forge()).await;
    let client = Client::with_time_out(Duration::from_millis(300)).unwrap();
    let access = Access { client, ..contract::access_with([("token", "ghp_secret".to_owned())]) };
    let source = config(&server.uri(), &["acme/late", "acme/web"]).connect(access).unwrap().source.unwrap();
    let batch = Watch::of(source).poll().await;
    assert_eq!(summaries(&batch).len(), 2);
    let problems = texts(&batch.problems);
    assert!(
        problems.len() == 1 && problems[0].starts_with("acme/late: GitHub did not answer"),
        "{problems:?}"
    );
}

#[tokio::test]
async fn two_workflows_of_one_stem_are_two_builds() {
    let rows = [
        run(41, json!({ "conclusion": "failure", "workflow_id": 1, "run_number": 41 })),
        run(
            42,
            json!({ "path": ".github/workflows/ci.yml@refs/heads/main", "workflow_id": 2, "run_number": 300 }),
        ),
        run(43, json!({ "path": ".github/workflows/ci.yaml", "workflow_id": 3, "run_number": 2 })),
    ];
    let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
    mount(&server, [get("/repos/acme/web/actions/runs/41/jobs", jobs(&[]))]).await;
    mount(&server, forge()).await;
    let mut reported = summaries(&Watch::new(&server, &["acme/web"]).poll().await);
    reported.retain(|line| line.contains('@'));
    reported.sort();
    let expected = [
        "acme/web/.github/workflows/ci.yaml@main 2.1 passed []",
        "acme/web/.github/workflows/ci.yml (2)@main 300.1 passed []",
        "acme/web/ci@main 41.1 failed []",
    ];
    assert_eq!(reported, expected);
}

#[tokio::test]
async fn unlisted_runs_are_requested_in_turn() {
    let waiting: Vec<_> = (1..=13)
        .map(|id| run(id, json!({ "head_branch": format!("b{id}"), "conclusion": "action_required" })))
        .collect();
    let server = serve([get("/repos/acme/web/actions/runs", runs(&waiting))]).await;
    for row in &waiting {
        mount(&server, [get(&format!("/repos/acme/web/actions/runs/{}", row["id"]), row.clone())]).await;
    }
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&[run(60, json!({}))]))]).await;
    let mut seen = server.received_requests().await.unwrap().len();
    watch.poll().await;
    watch.poll().await;
    let asked = asked(&server, &mut seen).await;
    for id in 1..=13 {
        let about = format!("web/actions/runs/{id}");
        assert!(asked.iter().any(|request| request.trim_end_matches('*') == about), "{id}: {asked:#?}");
    }
}

#[tokio::test]
async fn unreadable_entry_becomes_a_problem_and_the_rest_is_reported() {
    let server = serve([
        get(
            "/repos/acme/web/pulls",
            json!([null, { "number": "x" }, pull(482, json!({ "user": null, "title": null }))]),
        ),
        get(
            "/repos/acme/web/actions/runs",
            runs(&[json!(null), run(30, json!({ "actor": null })), json!({ "id": "odd" })]),
        ),
    ])
    .await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let batch = watch.poll().await;
    assert_eq!(
        summaries(&batch),
        ["acme/web#482 open [bo=Approved] passed", "acme/web/ci@main 30.1 passed []"]
    );
    let problems = texts(&batch.problems);
    assert!(problems[0].starts_with("acme/web: some pull requests are left out: entry 1"), "{problems:?}");
    assert!(problems[1].starts_with("acme/web: some workflow runs are left out: entry 1"), "{problems:?}");
    // As long as the lists do not change, the problems stand.
    assert_eq!(texts(&watch.poll().await.problems), problems);
}

/// A server behind a proxy may name its pages by an inner host: page one is not lost, and the pages are asked for where
/// it is reached.
#[tokio::test]
async fn next_page_on_an_inner_host_is_requested_at_the_configured_one() {
    let server = serve([]).await;
    let page = |rows: Vec<Value>| ResponseTemplate::new(200).set_body_json(rows);
    let list = || Mock::given(path("/user/repos"));
    mount(
        &server,
        [
            list().and(query_param("page", "2")).respond_with(
                page(vec![repo("api")]).insert_header("link", "<http://inner:3000/x?page=2>; rel=\"next\""),
            ),
            list().respond_with(
                page(vec![repo("web")])
                    .insert_header("link", "<http://inner:3000/user/repos?page=2>; rel=\"next\""),
            ),
        ],
    )
    .await;
    for name in ["api", "web"] {
        mount(&server, [get(&format!("/repos/acme/{name}/pulls"), json!([]))]).await;
        mount(&server, [get(&format!("/repos/acme/{name}/actions/runs"), runs(&[run(1, json!({}))]))]).await;
    }
    mount(&server, forge()).await;
    let reported = summaries(&Watch::new(&server, &[]).poll().await);
    assert_eq!(reported.len(), 2, "{reported:?}");
}

#[tokio::test]
async fn single_sign_on_problem_names_its_remedy() {
    let server = serve([Mock::given(path("/repos/acme/web")).respond_with(
        ResponseTemplate::new(403)
            .set_body_json(json!({ "message": "Resource protected by organization SAML enforcement." }))
            .insert_header(
                "x-github-sso",
                "required; url=https://github.com/orgs/acme/sso?authorization_request=A",
            ),
    )])
    .await;
    let api = ["", "/pulls", "/actions/runs"].map(|rest| format!("/repos/acme/api{rest}"));
    mount(&server, [get(&api[0], repo("api")), get(&api[1], json!([])), get(&api[2], runs(&[]))]).await;
    mount(&server, forge()).await;
    let problems = texts(&Watch::new(&server, &["acme/web", "acme/api"]).poll().await.problems);
    assert!(
        problems[0].contains(
            "authorise the token for it at https://github.com/orgs/acme/sso?authorization_request=A"
        ),
        "{problems:?}"
    );

    let list = ResponseTemplate::new(200)
        .set_body_json(json!([repo("api")]))
        .insert_header("x-github-sso", "partial-results; organizations=21955855,20582480");
    let server = serve([Mock::given(path("/user/repos")).respond_with(list)]).await;
    mount(&server, [get(&api[0], repo("api")), get(&api[1], json!([])), get(&api[2], runs(&[]))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &[]);
    for _ in 0..2 {
        let problems = texts(&watch.poll().await.problems);
        assert!(problems.len() == 1 && problems[0].contains("21955855,20582480"), "{problems:?}");
    }
}
