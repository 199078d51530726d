//! What is not there any more, what goes by another name, and polls that take long.

use callboard_domain::source::{GoneReason, Progress};
use jiff::SignedDuration;

use super::{
    poll::{Watch, all_told, asked, serve_instead},
    *,
};

/// What is gone, in lines.
fn gone(batch: &Batch) -> Vec<String> {
    let runs = batch.gone_runs.iter().map(|gone| format!("{} run {}", gone.key.id, gone.numbers.start()));
    batch.gone.iter().map(|gone| format!("{} {}", gone.key.id, gone.reason)).chain(runs).collect()
}

/// The repositories of which nothing is there any more.
fn emptied(batch: &Batch) -> Vec<&str> {
    let mut names: Vec<_> = batch.complete.iter().filter_map(|scope| scope.repo.as_deref()).collect();
    names.dedup();
    names
}

fn missing(at: &str) -> Mock {
    Mock::given(path(at))
        .respond_with(ResponseTemplate::new(404).set_body_json(json!({ "message": "Not Found" })))
}

#[tokio::test]
async fn a_pull_request_and_a_run_that_vanish_are_gone() {
    let mine = |id, change| run(id, with(json!({ "head_branch": "mine", "actor": user("ana") }), change));
    let rows = [
        mine(41, json!({ "conclusion": "failure" })),
        run(42, json!({ "head_branch": "slow", "status": "in_progress", "conclusion": null })),
        run(30, json!({})),
    ];
    let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;

    serve_instead(
        &server,
        [
            get("/repos/acme/web/pulls", json!([])),
            missing("/repos/acme/web/pulls/482"),
            missing("/repos/acme/web/pulls/482/reviews"),
            get("/repos/acme/web/actions/runs", runs(&[run(30, json!({}))])),
            missing("/repos/acme/web/actions/runs/41"),
            missing("/repos/acme/web/actions/runs/42"),
        ],
    )
    .await;
    let mut found = Vec::new();
    for _ in 0..2 {
        found.extend(gone(&watch.poll().await));
    }
    found.sort();
    let expected =
        ["acme/web#482 deleted on the service", "acme/web/ci@mine run 41", "acme/web/ci@slow run 42"];
    assert_eq!(found, expected);
    assert_eq!(gone(&watch.poll().await), [""; 0], "told once");
}

#[tokio::test]
async fn a_run_that_vanishes_leaves_those_before_it() {
    let red = |id| run(id, json!({ "conclusion": "failure" }));
    for before in [red(40), run(40, json!({}))] {
        let list = |rows: &[Value]| get("/repos/acme/web/actions/runs", runs(rows));
        let server = serve([list(&[red(41), before.clone()])]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        serve_instead(
            &server,
            [list(std::slice::from_ref(&before)), missing("/repos/acme/web/actions/runs/41")],
        )
        .await;
        let (mut found, mut told) = (Vec::new(), Vec::new());
        for _ in 0..3 {
            let batch = watch.poll().await;
            found.extend(gone(&batch));
            told.extend(all_told(&batch));
        }
        assert_eq!(found, ["acme/web/ci@main run 41"]);
        // The one before is told again, once the list is read anew.
        assert!(told.last().is_some_and(|line| line.starts_with("acme/web/ci@main 40.1")), "{told:?}");
    }
}

/// A refusal or a fault is no evidence.
#[tokio::test]
async fn what_cannot_be_read_is_not_gone() {
    for status in [403, 500, 503] {
        let server = serve(forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let refused = |at: &str| Mock::given(path(at)).respond_with(ResponseTemplate::new(status));
        let all = [
            "/repos/acme/web/pulls/482",
            "/repos/acme/web/pulls/482/reviews",
            "/repos/acme/web/actions/runs/31",
        ];
        serve_instead(&server, all.map(refused)).await;
        serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&[run(30, json!({}))]))]).await;
        for _ in 0..2 {
            assert_eq!(gone(&watch.poll().await), [""; 0], "{status}");
        }
    }
}

#[tokio::test]
async fn a_deleted_branch_takes_its_build_along() {
    let red = |branch: &str, id| {
        run(id, json!({ "conclusion": "failure", "head_branch": branch, "actor": user("ana") }))
    };
    let queue = "gh-readonly-queue/main/pr-482-beef";
    let rows = [red(queue, 41), red("mine", 42), red("v1.0", 43), red("kept", 44)];
    let branch = |name: &str| format!("/repos/acme/web/branches/{}", name.replace('/', "%2F"));
    // (does the server answer for branches?, what is gone)
    let cases: [(bool, &[&str]); 2] = [
        (
            true,
            &[
                "acme/web/ci@gh-readonly-queue/main/pr-482-beef its branch was deleted",
                "acme/web/ci@mine its branch was deleted",
            ],
        ),
        (false, &[]),
    ];
    for (answers, expected) in cases {
        let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        if answers {
            mount(&server, [get(&branch("main"), json!({})), get(&branch("kept"), json!({}))]).await;
            mount(&server, [get("/repos/acme/web/git/ref/tags/v1.0", json!({}))]).await;
        }
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let mut found = Vec::new();
        for _ in 0..4 {
            found.extend(gone(&watch.poll().await));
        }
        found.sort();
        assert_eq!(found, expected);
        if answers {
            // Its runs are still listed: they bring nothing back, until there is a new one.
            let mut more = rows.to_vec();
            more.insert(0, run(50, json!({ "head_branch": "other" })));
            serve_instead(&server, [get("/repos/acme/web/actions/runs", runs(&more))]).await;
            let told = all_told(&watch.poll().await);
            assert!(!told.iter().any(|line| line.starts_with("acme/web/ci@mine")), "{told:?}");
            assert!(told.iter().any(|line| line.starts_with("acme/web/ci@other")), "{told:?}");
        }
    }
}

/// A webhook's delivery to the watched account.
fn deliver(watch: &Watch, event: &str, body: &Value) -> bool {
    let (headers, body) = hook::signed(event, body);
    watch.source().hook().unwrap().receive(&headers, &body, now()).unwrap().poll
}

/// Where a webhook says that a branch was deleted, the next poll asks for it, whatever stands on it.
#[tokio::test]
async fn a_branch_said_to_be_deleted_is_asked_for_at_once() {
    let answer = |status| ResponseTemplate::new(status).set_body_json(json!({}));
    let of_mine = |id, conclusion: &str| run(id, json!({ "conclusion": conclusion, "head_branch": "mine" }));
    let gone_line = "acme/web/ci@mine its branch was deleted";
    // (its build, what GitHub says of the branch, what is gone, whether it is asked for again)
    let cases: [(&str, u16, &[&str], bool); 5] = [
        ("failure", 404, &[gone_line], false),
        ("success", 404, &[gone_line], false),
        ("failure", 200, &[], false),
        ("success", 200, &[], false),
        ("success", 502, &[], true),
    ];
    for (conclusion, status, expected, again) in cases {
        let rows = [of_mine(42, conclusion), run(30, json!({}))];
        let server = serve([get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
        let at = "/repos/acme/web/branches/mine";
        mount(&server, [get(at, json!({}))]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        watch.poll().await;
        server.reset().await;
        mount(&server, [Mock::given(path(at)).respond_with(answer(status))]).await;
        mount(&server, [get("/repos/acme/web/branches/main", json!({}))]).await;
        mount(&server, [get("/repos/acme/web/actions/runs", runs(&rows))]).await;
        mount(&server, forge()).await;
        let body = json!({ "ref": "mine", "ref_type": "branch", "repository": repo("web") });
        assert!(deliver(&watch, "delete", &body));
        let case = format!("{conclusion} {status}");
        assert_eq!(gone(&watch.poll().await), expected, "{case}");
        let mut seen = server.received_requests().await.unwrap().len();
        assert_eq!(gone(&watch.poll().await), [""; 0], "{case}: told once");
        let asked = asked(&server, &mut seen).await;
        if conclusion == "success" {
            assert_eq!(
                asked.iter().any(|it| it.starts_with("web/branches/mine")),
                again,
                "{case}: {asked:?}"
            );
        }
    }
}

/// A webhook of the repository itself makes the next poll ask for it, and what GitHub says then counts.
#[tokio::test]
async fn a_repository_said_to_be_gone_is_asked_for_at_once() {
    let archived = || get("/repos/acme/web", with(repo("web"), json!({ "archived": true })));
    let of = |id: u64| with(repo("web"), json!({ "id": id }));
    // (what the webhook says, of which number, what GitHub says, what is emptied by the second poll)
    let cases: [(&str, u64, Option<Mock>, &[&str]); 6] = [
        ("archived", 1296269, Some(archived()), &["acme/web"]),
        ("deleted", 1296269, Some(missing("/repos/acme/web")), &["acme/web"]),
        // Unarchived, or made again, before the webhook came.
        ("archived", 1296269, None, &[]),
        ("deleted", 1296269, None, &[]),
        // Another repository that had the name.
        ("archived", 5, None, &[]),
        ("deleted", 5, None, &[]),
    ];
    for (action, id, says, expected) in cases {
        let server = serve(forge()).await;
        mount(&server, [get("/repos/acme/api", with(repo("api"), json!({ "id": 7 })))]).await;
        mount(&server, [get("/repos/acme/api/pulls", json!([]))]).await;
        mount(&server, [get("/repos/acme/api/actions/runs", runs(&[]))]).await;
        let mut watch = Watch::new(&server, &["acme/web", "acme/api"]);
        // The next turn is the other repository's.
        watch.poll().await;
        serve_instead(&server, says).await;
        assert!(deliver(&watch, "repository", &json!({ "action": action, "repository": of(id) })));
        let (mut found, mut seen) = (Vec::new(), server.received_requests().await.unwrap().len());
        for poll in 0..2 {
            let batch = watch.poll().await;
            found.extend(emptied(&batch).into_iter().map(str::to_owned));
            let asked = asked(&server, &mut seen).await;
            assert!(poll > 0 || asked.iter().any(|it| it == "web*"), "{action} {id}: {asked:?}");
        }
        assert_eq!(found, expected, "{action} {id}");
    }
}

#[tokio::test]
async fn the_old_default_branch_is_nobodys() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, [get("/repos/acme/web", with(repo("web"), json!({ "default_branch": "trunk" })))])
        .await;
    let batch = watch.poll().await;
    assert_eq!(gone(&batch), ["acme/web/ci@main its branch is no longer the default branch"]);
    assert!(
        batch.snapshots.iter().all(|item| !matches!(&item.detail, Detail::Build(_))),
        "{:?}",
        all_told(&batch)
    );
}

#[tokio::test]
async fn a_repository_that_is_not_there_twice_has_nothing_on_the_board() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    let all = ["/repos/acme/web", "/repos/acme/web/pulls", "/repos/acme/web/actions/runs"];
    serve_instead(&server, all.map(missing)).await;
    let why = "acme/web: GitHub has no such repository, or hides it from this account; correct its name in watch, or give the token access to it";
    let first = watch.poll().await;
    assert_eq!((emptied(&first), texts(&first.problems)), (vec![], vec![why.to_owned()]));
    let second = watch.poll().await;
    assert_eq!((emptied(&second), texts(&second.problems)), (vec!["acme/web"], vec![why.to_owned()]));
    let third = watch.poll().await;
    assert_eq!((emptied(&third), texts(&third.problems)), (vec![], vec![why.to_owned()]));

    // It comes back: everything is told anew.
    server.reset().await;
    mount(&server, forge()).await;
    watch.now += SignedDuration::from_mins(10);
    assert_eq!(all_told(&watch.poll().await).len(), 2);
}

#[tokio::test]
async fn an_archived_repository_needs_nobody() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, [get("/repos/acme/web", with(repo("web"), json!({ "archived": true })))]).await;
    let batch = watch.poll().await;
    assert_eq!(emptied(&batch), ["acme/web"]);
    assert_eq!(
        gone(&batch),
        ["acme/web/ci@main disabled on the service", "acme/web#482 disabled on the service"]
    );
    assert_eq!(emptied(&watch.poll().await), [""; 0]);
}

/// As GitHub answers for a repository's old name: 301 to its number.
fn renamed(server: &MockServer) -> Vec<Mock> {
    let to = |rest: &str| format!("{}/repositories/1296269{rest}", server.uri());
    let site = || with(repo("site"), json!({ "full_name": "acme/site" }));
    let at_site = |change: Value| {
        let side =
            |name: &str| json!({ "label": format!("acme:{name}"), "ref": name, "sha": SHA, "repo": site() });
        with(pull(482, json!({ "head": side("cache"), "base": side("main") })), change)
    };
    let red = || run(31, json!({ "conclusion": "failure", "repository": site(), "head_repository": site() }));
    let mut mocks: Vec<Mock> = ["", "/pulls", "/actions/runs"]
        .map(|rest| {
            let moved = ResponseTemplate::new(301).insert_header("location", to(rest).as_str());
            Mock::given(path(format!("/repos/acme/web{rest}"))).respond_with(moved)
        })
        .into();
    for base in ["/repositories/1296269", "/repos/acme/site"] {
        mocks.extend([
            get(base, site()),
            get(&format!("{base}/pulls"), json!([at_site(json!({}))])),
            get(&format!("{base}/pulls/482"), at_site(json!({}))),
            get(&format!("{base}/pulls/482/reviews"), json!([])),
            get(&format!("{base}/commits/{SHA}/check-runs"), checks(&[])),
            get(&format!("{base}/commits/{SHA}/status"), statuses(&[])),
            get(&format!("{base}/actions/runs"), runs(&[red()])),
            get(&format!("{base}/actions/runs/31"), red()),
            get(&format!("{base}/actions/runs/31/jobs"), jobs(&[])),
        ]);
    }
    mocks
}

#[tokio::test]
async fn a_renamed_repository_keeps_its_history_under_its_new_name() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, renamed(&server)).await;
    let batch = watch.poll().await;
    let mut told = all_told(&batch);
    told.sort();
    told.dedup();
    assert_eq!(told, ["acme/site#482 open [] none", r#"acme/site/ci@main 31.1 failed ["build"]"#]);
    let mut moved: Vec<_> = batch.gone.iter().map(|gone| (gone.key.id.as_str(), &gone.reason)).collect();
    moved.sort_by_key(|(id, _)| *id);
    let to = |id: &str| GoneReason::Renamed { to: id.to_owned() };
    assert_eq!(
        moved,
        [("acme/web#482", &to("acme/site#482")), ("acme/web/ci@main", &to("acme/site/ci@main"))]
    );
    assert!(watch.source().watches(&batch.snapshots[0]), "it is watched under its new name");

    // From then on it is asked for by its new name, and is quiet.
    watch.poll().await;
    let mut seen = server.received_requests().await.unwrap().len();
    let quiet = watch.poll().await;
    assert_eq!((all_told(&quiet), gone(&quiet), emptied(&quiet)), (vec![], vec![], vec![]));
    let asked = asked(&server, &mut seen).await;
    assert!(asked.iter().all(|request| !request.starts_with("web/")), "{asked:?}");
}

#[tokio::test]
async fn webhooks_of_the_new_name_are_taken() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    // By the repository's number before the poll has found out, by its name after that.
    let site = with(repo("site"), json!({ "full_name": "acme/site" }));
    let other = with(repo("site"), json!({ "full_name": "acme/other", "id": 5 }));
    for (repository, expected) in [(&site, 1), (&other, 0)] {
        let body = json!({ "pull_request": pull(482, json!({})), "repository": repository });
        let (headers, body) = hook::signed("pull_request", &body);
        let received = watch.source().hook().unwrap().receive(&headers, &body, now()).unwrap();
        assert_eq!(received.snapshots.len(), expected, "{repository}");
    }
}

#[tokio::test]
async fn a_long_poll_is_told_in_parts() {
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
    let mut told = Vec::new();
    let mut progress = Vec::new();
    loop {
        let batch = watch.poll().await;
        told.extend(all_told(&batch));
        let Some(Progress { done, total }) = batch.partial else { break };
        progress.push((done, total));
        assert!(progress.len() < 10, "{progress:?}");
    }
    assert_eq!(progress, [(8, 20), (16, 20)]);
    told.sort();
    let expected: Vec<_> = names.iter().map(|name| format!("{name}/ci@main 1.1 passed []")).collect();
    assert_eq!(told, expected);
}

/// One repository that does not answer costs none of the others, and is left alone for a while.
#[tokio::test]
async fn a_repository_that_does_not_answer_holds_no_other_up() {
    let late = ResponseTemplate::new(200).set_body_json(repo("late")).set_delay(Duration::from_secs(600));
    let server = serve([Mock::given(path("/repos/acme/late")).respond_with(late)]).await;
    mount(&server, forge()).await;
    let client = Client::with_time_out(Duration::from_millis(300)).unwrap();
    let access = Access { client, ..contract::access_with([("token", "ghp_secret".to_owned())]) };
    let source = config(&server.uri(), &["acme/late", "acme/web"]).connect(access).unwrap().source.unwrap();
    let batch = Watch::of(source).poll().await;
    assert_eq!(all_told(&batch).len(), 2);
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
    let mut told = all_told(&Watch::new(&server, &["acme/web"]).poll().await);
    told.retain(|line| line.contains('@'));
    told.sort();
    let expected = [
        "acme/web/.github/workflows/ci.yaml@main 2.1 passed []",
        "acme/web/.github/workflows/ci.yml (2)@main 300.1 passed []",
        "acme/web/ci@main 41.1 failed []",
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn each_stray_run_is_asked_for_in_its_turn() {
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
async fn one_unreadable_entry_is_a_problem_and_the_rest_is_told() {
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
        all_told(&batch),
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
async fn a_next_page_on_an_inner_host_is_asked_for_at_ours() {
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
    let told = all_told(&Watch::new(&server, &[]).poll().await);
    assert_eq!(told.len(), 2, "{told:?}");
}

#[tokio::test]
async fn single_sign_on_is_named_with_its_remedy() {
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
