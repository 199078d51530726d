//! Fixtures -> snapshots.

use callboard_domain::item::{
    AsOf, BuildRun, BuildStatus, Checks, ChecksStatus, PullRequestState, Review, Size, Verdict,
};

use super::{
    super::{
        checks::{Missing, Sum},
        normalise::{self, pull as snapshot},
        workflows::Workflows,
    },
    *,
};

/// The builds of `acme/web`, whose default branch is `main`.
pub(super) fn builds(
    rows: &[wire::Run],
    failing: &std::collections::BTreeMap<String, Vec<String>>,
) -> Vec<Item> {
    let workflows = Workflows::default();
    let place = normalise::Place { name: "acme/web", default_branch: Some("main"), workflows: &workflows };
    normalise::builds(&"forge".into(), &place, rows, failing)
}

pub(super) fn wire<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

#[test]
fn complete_pull_request_is_normalised() {
    let wire_pull = wire(pull(
        482,
        json!({
            "requested_reviewers": [user("bo"), user("kim")], "requested_teams": [{ "slug": "release", "name": "Release" }],
            "body": "<!-- Say why. -->Ask once an hour.", "additions": 120, "deletions": 4, "changed_files": 3,
        }),
    ));
    let reviews: Vec<wire::Review> = wire(json!([
        review("kim", "CHANGES_REQUESTED", "2026-11-21T10:00:00Z"),
        review("bo", "COMMENTED", "2026-11-20T10:00:00Z"),
        review("kim", "DISMISSED", "2026-11-22T10:00:00Z"),
        with(review("bo", "PENDING", ""), json!({ "submitted_at": null })),
        with(review("", "APPROVED", "2026-11-22T11:00:00Z"), json!({ "user": null })),
    ]));
    let sum = Sum::of_runs(
        &wire::<Vec<_>>(json!([
            check("lint", "completed", Some("failure")),
            check("test", "in_progress", None)
        ])),
        Missing::default(),
    );
    let checks = Some(sum.of(SHA, &wire_pull));
    let item = snapshot(&"forge".into(), "acme/web", &wire_pull, &reviews, checks, now());

    let at = |text: &str| text.parse().unwrap();
    let review = |by: &str, when, verdict| Review {
        by: by.to_owned(),
        at: at(when),
        verdict,
        commit: Some(SHA.to_owned()),
        serial: Some(80),
    };
    assert_eq!(item.key.to_string(), "forge/pull_request/acme/web#482");
    assert_eq!(item.url.as_ref().unwrap().as_str(), "https://github.com/acme/web/pull/482");
    assert_eq!(item.title, "Cache the price list");
    let expected = PullRequest {
        repo: "acme/web".to_owned(),
        number: 482,
        author: "ana".to_owned(),
        branch: "cache".to_owned(),
        base: "main".to_owned(),
        head: SHA.to_owned(),
        draft: false,
        state: PullRequestState::Open,
        opened_at: at("2026-11-20T09:00:00Z"),
        ended_at: None,
        merged_by: None,
        requested: ["bo", "kim", "team/acme/release"].map(str::to_owned).into(),
        requested_unknown: false,
        requested_read: None,
        updated_at: at("2026-11-22T10:00:00Z"),
        reviews: vec![
            review("bo", "2026-11-20T10:00:00Z", Verdict::Commented),
            review("kim", "2026-11-21T10:00:00Z", Verdict::ChangesRequested),
            review("kim", "2026-11-22T10:00:00Z", Verdict::Dismissed),
            review("ghost", "2026-11-22T11:00:00Z", Verdict::Approved),
        ],
        checks: Some(Checks {
            commit: SHA.to_owned(),
            status: ChecksStatus::Failed,
            failing: vec!["lint".to_owned()],
            at: at("2026-11-22T10:05:00Z"),
        }),
        mergeability: None,
        description: Some("Ask once an hour.".to_owned()),
        size: Some(Size {
            commit: SHA.to_owned(),
            added: 120,
            removed: 4,
            files: 3,
            at: at("2026-11-22T10:00:00Z"),
        }),
    };
    assert_eq!(pull_of(&item), &expected);
}

#[test]
fn pull_requests_of_every_sort_are_normalised() {
    let fork = json!({ "label": "stranger:main", "ref": "main", "sha": SHA, "repo": { "full_name": "stranger/web" } });
    let no_fork = json!({ "label": "stranger:main", "ref": "main", "sha": SHA, "repo": null });
    let bare = json!({
        "number": 1, "title": "", "state": "open", "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-20T09:00:00Z",
        "head": { "ref": "b", "sha": "s" }, "base": { "ref": "main", "sha": "t" },
    });
    let merged = json!({
        "state": "closed", "closed_at": "2026-11-22T10:00:00Z", "merged_at": "2026-11-22T10:00:00Z", "merged_by": user("bo"),
    });
    type Look = fn(&PullRequest) -> String;
    let state: Look = |pull| {
        format!("{} {:?} {:?}", pull.state.name(), pull.ended_at.map(|at| at.to_string()), pull.merged_by)
    };
    let cases: [(&str, Value, Look, &str); 13] = [
        ("a draft", pull(1, json!({ "draft": true })), |pull| pull.draft.to_string(), "true"),
        ("from a fork", pull(1, json!({ "head": fork })), |pull| pull.branch.clone(), "stranger:main"),
        (
            "from a deleted fork",
            pull(1, json!({ "head": no_fork })),
            |pull| pull.branch.clone(),
            "stranger:main",
        ),
        ("of a deleted account", pull(1, json!({ "user": null })), |pull| pull.author.clone(), "ghost"),
        (
            "of a bot",
            pull(1, json!({ "user": { "login": "dependabot[bot]", "type": "Bot" } })),
            |pull| pull.author.clone(),
            "dependabot[bot]",
        ),
        (
            "merged, at a time that cannot be read",
            pull(1, json!({ "state": "closed", "merged": true, "merged_at": null })),
            |pull| pull.state.name().to_owned(),
            "merged",
        ),
        ("merged", pull(1, merged), state, "merged Some(\"2026-11-22T10:00:00Z\") Some(\"bo\")"),
        (
            "closed",
            pull(1, json!({ "state": "closed", "closed_at": "2026-11-22T10:00:00Z" })),
            state,
            "closed Some(\"2026-11-22T10:00:00Z\") None",
        ),
        (
            "closed, in other letters",
            pull(1, json!({ "state": " CLOSED" })),
            |pull| pull.state.name().to_owned(),
            "closed",
        ),
        (
            "ended, with an unknown state",
            pull(1, json!({ "state": "of_tomorrow", "closed_at": "2026-11-22T10:00:00Z" })),
            |pull| pull.state.name().to_owned(),
            "closed",
        ),
        (
            "with an unknown state",
            pull(1, json!({ "state": "of_tomorrow" })),
            |pull| pull.state.name().to_owned(),
            "open",
        ),
        (
            "without reviewers",
            pull(1, json!({ "requested_reviewers": null, "requested_teams": null })),
            |pull| format!("{:?}", pull.requested),
            "{}",
        ),
        (
            "with hardly anything",
            bare,
            |pull| format!("{} {} {:?}", pull.branch, pull.author, pull.checks),
            "b ghost None",
        ),
    ];
    for (what, value, look, expected) in cases {
        let item = snapshot(&"forge".into(), "acme/web", &wire(value), &[], None, now());
        assert_eq!(look(pull_of(&item)), expected, "{what}");
    }
}

#[test]
fn missing_description_or_size_is_unknown() {
    let sized = json!({ "additions": 7, "deletions": 0, "changed_files": 1 });
    let cases = [
        (json!({}), Some(""), None),
        (json!({ "body": "Why" }), Some("Why"), None),
        (json!({ "body": 7 }), None, None),
        (json!({ "body": "a<!-- one -->b<!-- two --><!--" }), Some("ab<!--"), None),
        (sized.clone(), Some(""), Some("+7 -0 in 1 file")),
        (with(sized.clone(), json!({ "deletions": null })), Some(""), None),
        (with(sized, json!({ "additions": -1 })), Some(""), None),
    ];
    let bare: wire::Pull = wire(json!({ "number": 1 }));
    assert_eq!(pull_of(&snapshot(&"forge".into(), "acme/web", &bare, &[], None, now())).description, None);
    for (change, description, size) in cases {
        let item = snapshot(&"forge".into(), "acme/web", &wire(pull(1, change.clone())), &[], None, now());
        let found = pull_of(&item);
        assert_eq!(found.description.as_deref(), description, "{change}");
        assert_eq!(found.size.as_ref().map(Size::words).as_deref(), size, "{change}");
    }
}

#[test]
fn mergeability_follows_github() {
    use callboard_domain::item::MergeState::{Behind, Blocked, Conflicts, Ready};
    let cases = [
        (json!({ "mergeable": true, "mergeable_state": "clean" }), Some(Ready)),
        (json!({ "mergeable": true, "mergeable_state": "unstable" }), Some(Ready)),
        (json!({ "mergeable": true, "mergeable_state": "has_hooks" }), Some(Ready)),
        (json!({ "mergeable": true, "mergeable_state": "blocked" }), Some(Blocked)),
        (json!({ "mergeable": true, "mergeable_state": "behind" }), Some(Behind)),
        (json!({ "mergeable": false, "mergeable_state": "dirty" }), Some(Conflicts)),
        (json!({ "mergeable": null, "mergeable_state": "unknown" }), None),
        (json!({ "mergeable": true, "mergeable_state": "something new" }), None),
        (json!({ "mergeable": true, "mergeable_state": "CLEAN" }), Some(Ready)),
        (json!({ "mergeable": true, "mergeable_state": "Has_Hooks" }), Some(Ready)),
        (json!({ "mergeable": true, "mergeable_state": " Blocked" }), Some(Blocked)),
        (json!({ "mergeable": null, "mergeable_state": "DIRTY" }), Some(Conflicts)),
        (json!({ "mergeable": true, "mergeable_state": "" }), None),
        (json!({ "mergeable": true, "mergeable_state": {} }), None),
        // Servers that imitate GitHub.
        (json!({ "mergeable": false }), Some(Conflicts)),
        (json!({ "mergeable": true }), None),
        (json!({}), None),
        (json!({ "mergeable": true, "mergeable_state": "clean", "state": "closed" }), None),
    ];
    for (change, expected) in cases {
        let item = snapshot(&"forge".into(), "acme/web", &wire(pull(1, change.clone())), &[], None, now());
        let mergeability = pull_of(&item).mergeability.as_ref().map(|it| (it.state, it.commit.as_str()));
        assert_eq!(mergeability, expected.map(|state| (state, SHA)), "{change}");
    }
}

/// Nothing that may be null takes the whole entry with it, and no date of the far future outlasts what comes later.
#[test]
fn nulls_and_malformed_dates_are_read() {
    let nulls = pull(
        1,
        json!({
            "title": null, "user": null, "html_url": null, "draft": null, "requested_reviewers": [null, { "login": null }, user("bo")],
            "requested_teams": null, "created_at": null, "updated_at": "9999-12-31T23:59:59Z", "closed_at": "soon",
            "head": { "label": null, "ref": null, "sha": SHA, "repo": { "full_name": null } }, "base": null, "labels": null,
        }),
    );
    let item = snapshot(&"forge".into(), "acme/web", &wire(nulls), &[], None, now());
    let found = pull_of(&item);
    assert_eq!((found.author.as_str(), found.updated_at, found.opened_at), ("ghost", now(), now()));
    assert_eq!(found.requested.iter().collect::<Vec<_>>(), ["bo"]);

    let nulls = json!({
        "id": 9, "name": null, "path": null, "head_branch": null, "head_sha": null, "run_number": 7,
        "status": "completed", "conclusion": "failure", "updated_at": null, "run_started_at": "9999-12-31T23:59:59Z",
        "actor": null, "triggering_actor": { "login": null }, "head_repository": null, "head_commit": { "message": null },
    });
    let items = builds(&[wire(nulls)], &Default::default());
    assert_eq!(summary(&items[0]), "acme/web/workflow#9 7.1 failed []");
}

#[test]
fn a_build_with_its_runs() {
    let rows: Vec<wire::Run> = wire(json!([
        run(31, json!({ "run_attempt": 2, "conclusion": "failure", "triggering_actor": user("kim") })),
        run(30, json!({ "conclusion": "success" })),
        run(31, json!({ "run_attempt": 1, "conclusion": "failure" })),
    ]));
    let failing = [("31/2".to_owned(), vec!["unit tests".to_owned()])].into();
    let items = builds(&rows, &failing);
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].key.to_string(), "forge/build/acme/web/ci@main");
    assert_eq!(items[0].title, "CI");
    let build = build_of(&items[0]);
    assert_eq!(
        (build.repo.as_str(), build.pipeline.as_str(), build.branch.as_deref()),
        ("acme/web", "ci", Some("main"))
    );
    assert!(build.default_branch);
    let expected = BuildRun {
        id: "31".to_owned(),
        number: 31,
        attempt: 2,
        status: BuildStatus::Failed,
        at: Some("2026-11-22T09:10:00Z".parse().unwrap()),
        started_at: Some("2026-11-22T09:00:00Z".parse().unwrap()),
        commit: Some("aaaa".to_owned()),
        author: Some("bo".to_owned()),
        started_by: Some("kim".to_owned()),
        subject: Some("Round the totals".to_owned()),
        url: Some("https://github.com/acme/web/actions/runs/31".parse().unwrap()),
        failing: vec!["unit tests".to_owned()],
        waits: Some(AsOf::new("2026-11-22T09:10:00Z".parse().unwrap(), false)),
        serial: Some(31),
    };
    assert_eq!(build.runs[0], expected);
    assert_eq!(
        summary(&items[0]),
        r#"acme/web/ci@main 31.2 failed ["unit tests"], 31.1 failed [], 30.1 passed []"#
    );
}

#[test]
fn a_run_has_a_status() {
    let cases = [
        (Some("queued"), None, BuildStatus::Queued),
        (Some("requested"), None, BuildStatus::Queued),
        (Some("waiting"), None, BuildStatus::Queued),
        (Some("pending"), None, BuildStatus::Queued),
        (Some("in_progress"), None, BuildStatus::Running),
        (Some("completed"), Some("success"), BuildStatus::Passed),
        (Some("completed"), Some("neutral"), BuildStatus::Passed),
        (Some("completed"), Some("failure"), BuildStatus::Failed),
        (Some("completed"), Some("timed_out"), BuildStatus::Failed),
        (Some("completed"), Some("startup_failure"), BuildStatus::Failed),
        (Some("completed"), Some("cancelled"), BuildStatus::Canceled),
        (Some("completed"), Some("skipped"), BuildStatus::Canceled),
        (Some("completed"), Some("stale"), BuildStatus::Canceled),
        (Some("completed"), Some("of_tomorrow"), BuildStatus::Unknown),
        (Some("completed"), Some("FAILURE"), BuildStatus::Failed),
        (Some("Completed"), Some(" Failure "), BuildStatus::Failed),
        (Some("COMPLETED"), Some("SUCCESS"), BuildStatus::Passed),
        (Some("IN_PROGRESS"), None, BuildStatus::Running),
        (Some("Queued"), Some("success"), BuildStatus::Queued),
        (None, Some("of_tomorrow"), BuildStatus::Unknown),
        (Some("completed"), None, BuildStatus::Unknown),
        (Some("completed"), Some(""), BuildStatus::Unknown),
        (None, Some("failure"), BuildStatus::Failed),
        (Some(""), Some("success"), BuildStatus::Passed),
        (None, None, BuildStatus::Queued),
        (Some("completed"), Some("action_required"), BuildStatus::Queued),
    ];
    for (status, conclusion, expected) in cases {
        let row = wire(run(1, json!({ "status": status, "conclusion": conclusion })));
        assert_eq!(normalise::run_status(&row), expected, "{status:?} {conclusion:?}");
    }
}

/// GitHub's words for a run's status and conclusion, in which it is documented to write them -> what it waits for.
#[test]
fn run_waits_for_whom_github_says() {
    use normalise::Wait::{Environment, FirstTimer, Nobody};
    let conclusions =
        ["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "stale", "startup_failure"];
    let mut cases = vec![
        (Some("waiting"), None, Some(Environment)),
        (Some("WAITING"), None, Some(Environment)),
        (Some("completed"), Some("action_required"), Some(FirstTimer)),
        (Some("action_required"), None, Some(FirstTimer)),
        (Some("action_required"), Some("action_required"), Some(FirstTimer)),
        (None, Some("Action_Required"), Some(FirstTimer)),
        // It was let run.
        (Some("queued"), Some("action_required"), Some(Nobody)),
        (Some("in_progress"), Some("action_required"), Some(Nobody)),
        (Some("completed"), None, Some(Nobody)),
        (Some("completed"), Some("of_tomorrow"), Some(Nobody)),
        (Some("of_tomorrow"), None, None),
        (None, None, None),
    ];
    for status in ["queued", "requested", "pending", "in_progress"] {
        cases.push((Some(status), None, Some(Nobody)));
    }
    for conclusion in conclusions {
        for status in [Some("completed"), Some("action_required"), None] {
            cases.push((status, Some(conclusion), Some(Nobody)));
        }
    }
    for (status, conclusion, expected) in cases {
        let row = run(1, json!({ "status": status, "conclusion": conclusion }));
        assert_eq!(normalise::wait(&wire(row.clone())), expected, "{status:?} {conclusion:?}");
        // One that waits is shown so, and not as queued.
        let items = builds(&[wire(row)], &Default::default());
        let shown = build_of(&items[0]).runs[0].status_name();
        let waits = expected.is_some_and(|wait| wait != Nobody);
        assert_eq!(shown == "waiting", waits, "{status:?} {conclusion:?}: {shown}");
    }
}

#[test]
fn who_started_a_run_is_not_whose_change_it_is() {
    let (ana, bo) = (|| user("ana"), || user("bo"));
    // the event, the attempt, who caused the first and this one -> whose change it is, who started it
    let cases = [
        (json!("push"), 1, ana(), ana(), (Some("ana"), None)),
        (json!("PUSH"), 1, ana(), ana(), (Some("ana"), None)),
        (json!("pull_request"), 1, ana(), ana(), (Some("ana"), None)),
        (json!("push"), 2, ana(), bo(), (Some("ana"), Some("bo"))),
        (json!("push"), 2, ana(), json!(null), (Some("ana"), None)),
        (json!("push"), 1, json!(null), bo(), (Some("bo"), None)),
        (json!("push"), 2, json!(null), bo(), (None, Some("bo"))),
        (json!("workflow_dispatch"), 1, ana(), ana(), (None, Some("ana"))),
        (json!("workflow_dispatch"), 2, ana(), bo(), (None, Some("bo"))),
        (json!("workflow_dispatch"), 1, ana(), json!(null), (None, Some("ana"))),
        // Its actor is who changed the schedule last.
        (json!("schedule"), 1, ana(), ana(), (None, None)),
        (json!("schedule"), 2, ana(), bo(), (None, Some("bo"))),
        (json!("of_tomorrow"), 1, ana(), ana(), (None, Some("ana"))),
        (json!(null), 1, ana(), ana(), (None, Some("ana"))),
        (json!("push"), 1, json!(null), json!(null), (None, None)),
    ];
    for (event, attempt, actor, again, expected) in cases {
        let row = run(
            31,
            json!({ "event": event, "run_attempt": attempt, "actor": actor, "triggering_actor": again }),
        );
        let items = builds(&[wire(row)], &Default::default());
        let run = &build_of(&items[0]).runs[0];
        let found = (run.author.as_deref(), run.started_by.as_deref());
        assert_eq!(found, expected, "{event} {attempt}");
    }
}
