//! A repository that goes by another name.

use callboard_domain::source::GoneReason;

use super::{
    gone::{emptied, gone},
    poll::{Watch, asked, serve_instead, summaries},
    *,
};

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
async fn renamed_repository_keeps_its_history() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, renamed(&server)).await;
    let batch = watch.poll().await;
    let mut reported = summaries(&batch);
    reported.sort();
    reported.dedup();
    assert_eq!(reported, ["acme/site#482 open [] none", r#"acme/site/ci@main 31.1 failed ["build"]"#]);
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
    assert_eq!((summaries(&quiet), gone(&quiet), emptied(&quiet)), (vec![], vec![], vec![]));
    let asked = asked(&server, &mut seen).await;
    assert!(asked.iter().all(|request| !request.starts_with("web/")), "{asked:?}");
}

#[tokio::test]
async fn webhooks_of_the_new_name_are_accepted() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    // By the repository's number before the poll has found out, by its name after that.
    let site = with(repo("site"), json!({ "full_name": "acme/site" }));
    let other = with(repo("site"), json!({ "full_name": "acme/other", "id": 5 }));
    for (repository, expected) in [(&site, 1), (&other, 0)] {
        let body = json!({ "pull_request": pull(482, json!({})), "repository": repository });
        let (headers, body) = hook::signed("pull_request", &body);
        let received = watch.hook().receive(&headers, &body, now()).unwrap();
        assert_eq!(received.snapshots.len(), expected, "{repository}");
    }
}

/// Late ones, and those that a person has GitHub send again, have the old name.
#[tokio::test]
async fn webhooks_of_the_old_name_are_of_the_renamed_repository() {
    let server = serve(forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    serve_instead(&server, renamed(&server)).await;
    watch.poll().await;
    let nameless = json!({ "full_name": "ACME/Web" });
    let site = with(repo("site"), json!({ "full_name": "acme/site" }));
    for repository in [repo("web"), nameless, site] {
        for (event, about, expected) in [
            ("pull_request", json!({ "pull_request": pull(482, json!({})) }), "acme/site#482"),
            ("workflow_run", json!({ "workflow_run": run(31, json!({})) }), "acme/site/ci@main"),
            (
                "workflow_run",
                json!({ "workflow_run": run(31, json!({ "repository": null })) }),
                "acme/site/ci@main",
            ),
        ] {
            let (headers, body) = hook::signed(event, &with(about, json!({ "repository": repository })));
            let received = watch.hook().receive(&headers, &body, now()).unwrap();
            let ids: Vec<_> = received.snapshots.iter().map(|item| item.key.id.as_str()).collect();
            assert_eq!((ids, received.note.is_some()), (vec![expected], true), "{repository}");
        }
    }
    // Another repository that has the old name is another one.
    let other =
        json!({ "pull_request": pull(482, json!({})), "repository": with(repo("web"), json!({ "id": 5 })) });
    let (headers, body) = hook::signed("pull_request", &other);
    let received = watch.hook().receive(&headers, &body, now()).unwrap();
    assert_eq!(received.snapshots[0].key.id, "acme/web#482");
}
