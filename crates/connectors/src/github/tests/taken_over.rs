//! Another repository has a name, or the default branch is another one, and only the rows of the lists show it: the poll does not
//! ask for the repository itself.

use super::{
    gone::{emptied, gone, names},
    poll::{Watch, red, serve_instead, summaries},
    *,
};

/// A repository that is not watched has this number.
const OTHER: u64 = 9;

fn other() -> Value {
    with(repo("web"), json!({ "id": OTHER }))
}

/// `acme/api`, with nothing in it: every other poll asks for it, and not for `acme/web`.
fn quiet() -> Vec<Mock> {
    vec![
        get("/repos/acme/api", with(repo("api"), json!({ "id": 7 }))),
        get("/repos/acme/api/pulls", json!([])),
        get("/repos/acme/api/actions/runs", runs(&[])),
    ]
}

fn replaced(batch: &Batch) -> Vec<&str> {
    names(&batch.replaced)
}

/// The repository that the rows of the lists name -> whether they are of another one.
#[tokio::test]
async fn rows_of_another_repository_are_not_taken_for_ours() {
    let nameless = json!({ "full_name": "acme/web" });
    for (base, is_other) in [(other(), true), (repo("web"), false), (nameless, false), (json!(null), false)] {
        let server = serve(forge().into_iter().chain(quiet())).await;
        let mut watch = Watch::new(&server, &["acme/web", "acme/api"]);
        watch.poll().await;
        let side =
            |name: &str| json!({ "label": format!("acme:{name}"), "ref": name, "sha": SHA, "repo": base });
        let change = json!({ "title": "Its own", "base": side("main"), "head": side("cache"),
            "updated_at": "2026-11-22T11:00:00Z" });
        let row = pull(482, change);
        let failed = red(90, json!({ "repository": base }));
        let described = if is_other { other() } else { repo("web") };
        serve_instead(
            &server,
            [
                get("/repos/acme/web", described),
                get("/repos/acme/web/pulls", json!([row])),
                get("/repos/acme/web/pulls/482", row),
                get("/repos/acme/web/actions/runs", runs(&[failed])),
                get("/repos/acme/web/actions/runs/90/jobs", jobs(&[])),
            ],
        )
        .await;
        let batch = watch.poll().await;
        let expected: &[&str] = if is_other { &["acme/web"] } else { &[] };
        assert_eq!(replaced(&batch), expected, "{base}");
        assert_eq!((emptied(&batch), batch.problems.len()), (vec![], 0), "{base}: {:?}", batch.problems);
        let reported = summaries(&batch);
        assert!(reported.iter().any(|line| line.starts_with("acme/web#482")), "{base}: {reported:?}");
        assert_eq!(replaced(&watch.poll().await), [""; 0], "{base}: reported once");
    }
}

/// Watched by a pattern, one repository goes by another name, and a new one has its name at once.
#[tokio::test]
async fn new_repository_under_the_old_name_of_a_renamed_one_is_another() {
    let list = |rows: &[Value]| vec![get("/orgs/acme/repos", json!(rows)), get("/user/repos", json!(rows))];
    let server = serve(list(&[repo("web")]).into_iter().chain(forge())).await;
    let mut watch = Watch::new(&server, &["acme/*"]);
    watch.poll().await;

    let mut mocks = list(&[repo("site"), other()]);
    for (name, number, base) in [("site", 482, repo("site")), ("web", 7, other())] {
        let side = json!({ "label": "acme:main", "ref": "main", "sha": "base", "repo": base });
        let row = pull(number, json!({ "base": side }));
        mocks.extend([
            get(&format!("/repos/acme/{name}"), base),
            get(&format!("/repos/acme/{name}/pulls"), json!([row])),
            get(&format!("/repos/acme/{name}/pulls/{number}"), row),
            get(&format!("/repos/acme/{name}/actions/runs"), runs(&[])),
        ]);
    }
    serve_instead(&server, mocks).await;
    // The owner's list is read once an hour.
    watch.now += jiff::SignedDuration::from_hours(2);
    let batch = watch.poll().await;
    let renamed = gone(&batch);
    assert!(renamed.contains(&"acme/web#482 renamed to acme/site#482".to_owned()), "{renamed:?}");
    assert_eq!(replaced(&batch), ["acme/web"]);
    let reported = summaries(&batch);
    assert!(reported.iter().any(|line| line.starts_with("acme/web#7 open")), "{reported:?}");
    // Nothing of the new one follows the old one.
    for batch in [&batch, &watch.poll().await, &watch.poll().await] {
        let renamed = gone(batch);
        assert!(!renamed.iter().any(|line| line.starts_with("acme/web#7 ")), "{renamed:?}");
        assert!(!emptied(batch).contains(&"acme/web"), "{batch:?}");
    }
}

/// The branch of the first red run, the default branch as GitHub has it -> whether it is reported as the default one's.
#[tokio::test]
async fn first_red_run_of_a_new_default_branch_is_everybodys() {
    for (branch, default, expected) in
        [("trunk", "trunk", true), ("trunk", "main", false), ("main", "main", true), ("main", "trunk", false)]
    {
        let server = serve(forge().into_iter().chain(quiet())).await;
        let green = get("/repos/acme/web/actions/runs", runs(&[run(30, json!({}))]));
        serve_instead(&server, [green]).await;
        let mut watch = Watch::new(&server, &["acme/web", "acme/api"]);
        watch.poll().await;
        server.reset().await;
        let rows = [red(40, json!({ "head_branch": branch })), run(30, json!({}))];
        let described = with(repo("web"), json!({ "default_branch": default }));
        mount(
            &server,
            [
                get("/repos/acme/web", described),
                get("/repos/acme/web/actions/runs", runs(&rows)),
                get("/repos/acme/web/actions/runs/40/jobs", jobs(&[])),
            ],
        )
        .await;
        mount(&server, forge().into_iter().chain(quiet())).await;
        let first = watch.poll().await;
        // A branch that is not the default one any more is found out in the repository's turn.
        if (branch, default) == ("main", "trunk") {
            let gone = gone(&watch.poll().await);
            assert_eq!(gone, ["acme/web/ci@main its branch is no longer the default branch"]);
            continue;
        }
        let id = format!("acme/web/ci@{branch}");
        let built = first.snapshots.iter().find(|item| item.key.id == id).map(build_of);
        assert_eq!(built.map(|build| build.default_branch), Some(expected), "{branch} {default}");
    }
}
