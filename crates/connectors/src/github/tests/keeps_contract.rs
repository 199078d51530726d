//! The contract that all connectors pass.

use super::*;
use crate::contract::{Hooks, Subject};

#[tokio::test]
async fn keeps_the_contract() {
    let subject = Subject {
        connect: |url, client| {
            let access = access_with(["token", "webhook_secret"].map(|it| (it, contract::SECRET.to_owned())));
            config(url, &["acme/web"]).connect(Access { client, ..access }).unwrap()
        },
        service: || {
            // A deployment that waits, and a first-timer's run.
            let rows = [
                gates::deploy(33, json!({})),
                run(32, json!({ "conclusion": "action_required", "head_branch": "fix" })),
                run(31, json!({ "conclusion": "failure" })),
                run(30, json!({})),
            ];
            let mut mocks = vec![
                get("/repos/acme/web/actions/runs", runs(&rows)),
                gates::pending(33, &[gates::gate("production", json!({}))]),
                gates::answers(33, &[]),
            ];
            mocks.extend(forge());
            let log = "2026-11-22T09:05:00.0000000Z ##[error]Process completed with exit code 1.";
            mocks.push(
                Mock::given(method("GET"))
                    .and(path("/repos/acme/web/actions/jobs/7/logs"))
                    .respond_with(ResponseTemplate::new(200).set_body_string(log)),
            );
            mocks.extend(answers::gates());
            for (verb, at, status, body) in [
                (
                    "POST",
                    "/repos/acme/web/pulls/482/reviews",
                    200,
                    review("ana", "APPROVED", "2026-11-22T12:00:00Z"),
                ),
                ("POST", "/repos/acme/web/issues/482/comments", 201, json!({ "id": 5 })),
                (
                    "PUT",
                    "/repos/acme/web/pulls/482/merge",
                    200,
                    json!({ "sha": SHA, "merged": true, "message": "" }),
                ),
                ("POST", "/repos/acme/web/actions/runs/31/rerun", 201, json!({})),
                (
                    "POST",
                    "/repos/acme/web/actions/runs/31/pending_deployments",
                    200,
                    json!([answers::deployment("production")]),
                ),
                ("POST", "/repos/acme/web/actions/runs/32/approve", 201, json!({})),
            ] {
                mocks.push(
                    Mock::given(method(verb))
                        .and(path(at))
                        .respond_with(ResponseTemplate::new(status).set_body_json(body)),
                );
            }
            mocks
        },
        writes: |request| request.method != "GET",
        runs: vec![
            ("pr list", args(&[])),
            ("pr show", args(&[("pr", "acme/web#482")])),
            ("pr approve", args(&[("pr", "acme/web#482"), ("message", "Good")])),
            ("pr comment", args(&[("pr", "acme/web#482"), ("message", "Why?")])),
            ("pr merge", args(&[("pr", "acme/web#482"), ("method", "squash")])),
            ("run rerun", args(&[("run", "31"), ("repo", "acme/web")])),
            ("run log", args(&[("run", "31"), ("repo", "acme/web")])),
            ("approve", args(&[("approval", "acme/web/runs/31/production"), ("comment", "Works")])),
            ("approve", args(&[("approval", "acme/web/runs/32")])),
            ("deny", args(&[("approval", "acme/web/runs/31/production"), ("why", "Not now")])),
        ],
        chat: None,
        hooks: Some(Hooks {
            headers: hook::signed_headers,
            signs: true,
            carries_state: true,
            known: vec![
                (
                    "pull_request",
                    json!({ "action": "synchronize", "pull_request": pull(482, json!({})), "repository": repo("web") }),
                ),
                (
                    "workflow_run",
                    json!({
                        "action": "completed", "workflow_run": run(31, json!({ "conclusion": "failure" })),
                        "repository": repo("web"),
                    }),
                ),
                (
                    "workflow_run",
                    json!({
                        "action": "completed", "repository": repo("web"),
                        "workflow_run": run(32, json!({ "conclusion": "action_required", "head_branch": "fix" })),
                    }),
                ),
                (
                    "deployment_review",
                    json!({
                        "action": "requested", "workflow_run": gates::deploy(33, json!({})), "environment": "production",
                        "reviewers": [gates::person("bo")], "requestor": user("ana"), "since": "2026-11-22T09:05:00Z",
                        "repository": repo("web"),
                    }),
                ),
            ],
            foreign: vec![
                (
                    "deployment_review",
                    json!({
                        "action": "requested", "workflow_run": gates::deploy(33, json!({})), "environment": "production",
                        "repository": with(repo("other"), json!({ "id": 2 })),
                    }),
                ),
                ("ping", json!({ "zen": "Keep it logically awesome.", "hook_id": 1 })),
                ("issues", json!({ "action": "opened", "issue": {}, "repository": repo("web") })),
                (
                    "pull_request",
                    json!({
                        "action": "opened", "pull_request": pull(1, json!({})),
                        "repository": with(repo("other"), json!({ "id": 2 })),
                    }),
                ),
            ],
        }),
        choices: vec![("pr list", "repo", "acme/web")],
    };
    subject.check().await;
}
