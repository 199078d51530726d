//! Which branch a run is of, and whose that branch is.

use callboard_domain::item::Kind;

use super::{
    super::run_branch::{complete_branch, complete_owner},
    normalise::{builds, wire},
    unread::without_missing,
    *,
};

/// What else a run without a branch has, what is known of it -> its branch.
#[test]
fn run_without_a_branch_gets_it_from_elsewhere() {
    let of = |branches: &[&str]| {
        let head =
            |branch: &&str| json!({ "ref": branch, "sha": "aaaa", "repo": { "id": 1, "name": "web" } });
        let pull = |branch: &&str| json!({ "number": 2, "head": head(branch) });
        json!({ "pull_requests": branches.iter().map(pull).collect::<Vec<_>>() })
    };
    let cases = [
        (json!({}), None, None),
        (json!({ "pull_requests": null }), None, None),
        (json!({ "pull_requests": [null, 3, {}] }), None, None),
        (json!({}), Some("cache"), Some("cache")),
        (of(&["cache"]), None, Some("cache")),
        (of(&["cache", "cache"]), None, Some("cache")),
        (of(&["cache", "other"]), None, None),
        (of(&["cache"]), Some("known"), Some("known")),
        (json!({ "event": "schedule" }), None, Some("main")),
        (json!({ "event": " Schedule" }), None, Some("main")),
        (json!({ "event": "push" }), None, None),
        (json!({ "event": null }), None, None),
        (json!({ "head_branch": " " }), None, None),
        (json!({ "head_branch": "", "event": "schedule" }), None, Some("main")),
        (json!({ "head_branch": "own", "event": "schedule" }), Some("known"), Some("own")),
    ];
    for (change, known, expected) in cases {
        let mut read: wire::Run = wire(with(run(1, json!({ "head_branch": null })), change.clone()));
        complete_branch(&mut read, known, Some("main"));
        assert_eq!(read.head_branch.as_deref(), expected, "{change} {known:?}");
    }
}

/// What a run shows of its workflow and branch -> its build, and whether that concerns everybody.
#[test]
fn a_build_is_named_by_workflow_and_branch() {
    let cases = [
        (json!({}), "acme/web/ci@main", true),
        (
            json!({ "path": ".github/workflows/deploy.yaml@refs/heads/main", "name": "Deploy v7 by ana" }),
            "acme/web/deploy@main",
            true,
        ),
        (json!({ "path": "dynamic/github-code-scanning/codeql" }), "acme/web/codeql@main", true),
        (json!({ "path": null, "name": "CI" }), "acme/web/CI@main", true),
        (json!({ "path": "", "name": null }), "acme/web/workflow@main", true),
        (json!({ "head_branch": "cache" }), "acme/web/ci@cache", false),
        // It may be of the default branch.
        (json!({ "head_branch": null }), "acme/web/ci#1", true),
        (json!({ "head_branch": "" }), "acme/web/ci#1", true),
        (json!({ "head_branch": null, "event": "pull_request" }), "acme/web/ci#1", false),
        (
            json!({ "event": "pull_request", "head_repository": { "full_name": "stranger/web" } }),
            "acme/web/ci@stranger:main",
            false,
        ),
        // Of a fork that was deleted: another may have had a branch of that name.
        (json!({ "event": "pull_request", "head_repository": null }), "acme/web/ci#1", false),
        (json!({ "event": "pull_request_target", "head_repository": null }), "acme/web/ci#1", false),
        (json!({ "event": "pull_request", "head_repository": {} }), "acme/web/ci#1", false),
        // No fork's.
        (json!({ "event": "push", "head_repository": null }), "acme/web/ci@main", true),
        (json!({ "event": "schedule", "head_repository": null }), "acme/web/ci@main", true),
        // Left out, as by servers that imitate GitHub.
        (json!({ "event": "pull_request", "head_repository": "missing" }), "acme/web/ci@unknown:main", false),
        (json!({ "event": "push", "head_repository": "missing" }), "acme/web/ci@main", true),
        (json!({ "event": "merge_group", "head_repository": "missing" }), "acme/web/ci@main", true),
        (json!({ "event": "workflow_dispatch", "head_repository": "missing" }), "acme/web/ci@main", true),
        // Nothing shows whose it is: it may be of the default branch.
        (json!({ "event": null, "head_repository": null }), "acme/web/ci#1", true),
        (json!({ "event": null, "head_repository": "missing" }), "acme/web/ci#1", true),
        (json!({ "event": " ", "head_repository": "missing" }), "acme/web/ci#1", true),
        (json!({ "event": null, "repository": null, "head_repository": { "id": 7 } }), "acme/web/ci#1", true),
        (json!({ "event": null, "head_repository": null, "head_branch": "cache" }), "acme/web/ci#1", false),
        // Its number shows that, however it is written.
        (json!({ "event": null, "head_repository": { "id": 1296269 } }), "acme/web/ci@main", true),
        (json!({ "event": null, "head_repository": { "id": "1296269" } }), "acme/web/ci@main", true),
        (
            json!({
                "event": null, "repository": { "id": "7", "full_name": "acme/site" },
                "head_repository": { "id": 7, "full_name": "acme/site" },
            }),
            "acme/web/ci@main",
            true,
        ),
        // Another repository's for certain.
        (json!({ "event": null, "head_repository": { "id": "7" } }), "acme/web/ci#1", false),
        (json!({ "event": "push", "head_repository": { "id": 7 } }), "acme/web/ci#1", false),
        (
            json!({ "event": "push", "repository": null, "head_repository": { "id": 7 } }),
            "acme/web/ci@main",
            true,
        ),
        (
            json!({
                "id": "1", "run_number": "1", "event": null, "head_repository": { "id": "7", "full_name": "eve/web" },
            }),
            "acme/web/ci@eve:main",
            false,
        ),
    ];
    for (change, id, default_branch) in cases {
        let items = builds(&[wire(without_missing(run(1, change)))], &Default::default());
        assert_eq!(
            (items[0].key.kind, items[0].key.id.as_str(), build_of(&items[0]).default_branch),
            (Kind::Build, id, default_branch)
        );
    }
}

/// The build that a run that does not show whose its branch is is on the board with -> the build that it is of.
#[test]
fn unknown_owner_is_the_one_that_is_known() {
    let lost = json!({ "event": "pull_request", "head_branch": "fix/a@b", "head_repository": null });
    let silent = json!({ "event": null, "head_branch": "fix/a@b", "head_repository": null });
    let cases = [
        (lost.clone(), Some("acme/web/ci@eve:fix/a@b"), "acme/web/ci@eve:fix/a@b"),
        // As earlier versions named it.
        (lost.clone(), Some("acme/web/ci@unknown:fix/a@b"), "acme/web/ci@unknown:fix/a@b"),
        (lost.clone(), Some("acme/web/ci#1"), "acme/web/ci#1"),
        (lost.clone(), Some("acme/web/ci@eve:other"), "acme/web/ci#1"),
        (lost.clone(), Some("acme/web/ci@fix/a@b"), "acme/web/ci#1"),
        (lost, None, "acme/web/ci#1"),
        // It may be a push to a branch of the repository's own.
        (silent.clone(), Some("acme/web/ci@fix/a@b"), "acme/web/ci@fix/a@b"),
        (silent.clone(), Some("acme/web/ci@eve:fix/a@b"), "acme/web/ci@eve:fix/a@b"),
        (silent.clone(), Some("acme/web/ci@other"), "acme/web/ci#1"),
        (silent.clone(), Some("acme/web/ci#1"), "acme/web/ci#1"),
        (silent, None, "acme/web/ci#1"),
        // What says whose it is needs nothing.
        (json!({ "head_branch": "x" }), Some("acme/web/ci@eve:x"), "acme/web/ci@x"),
        (
            json!({ "event": "pull_request", "head_branch": "x", "head_repository": { "full_name": "bo/web" } }),
            Some("acme/web/ci@eve:x"),
            "acme/web/ci@bo:x",
        ),
    ];
    for (change, known, expected) in cases {
        let mut row: wire::Run = wire(run(1, change));
        complete_owner("acme/web", &mut row, known);
        let items = builds(&[row], &Default::default());
        assert_eq!(items[0].key.id, expected, "{known:?}");
    }
}

/// A repository that was renamed meanwhile is not a fork of itself.
#[test]
fn renamed_repository_is_no_fork() {
    let ids = |head: u64| {
        json!({
            "repository": { "id": 7, "full_name": "acme/site" }, "head_repository": { "id": head, "full_name": "acme/site" },
        })
    };
    for (head, expected) in [(7, "acme/web/ci@main"), (8, "acme/web/ci@acme:main")] {
        let items = builds(&[wire(run(1, ids(head)))], &Default::default());
        assert_eq!(items[0].key.id, expected);
    }
}
