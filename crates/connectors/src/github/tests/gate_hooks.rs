//! Webhooks of what waits for a person's yes.

use std::slice;

use super::{
    gates::*,
    gone::gone,
    late_hooks::{receive, restarted, store},
    poll::{Watch, serve_anew, serve_instead},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

fn reviewed(action: &str, run: &Value, change: Value) -> Value {
    let base = json!({ "action": action, "workflow_run": run, "since": "2026-11-22T09:05:00Z", "sender": user("bo") });
    with(base, change)
}

/// Webhooks -> what happens, and what the polls make of it.
#[tokio::test]
async fn webhook_of_a_deployment_makes_and_ends_the_same_request() {
    let run = deploy(31, json!({}));
    let server =
        serve([list(&[self::run(30, json!({}))]), itself(&run), pending(31, &[]), answers(31, &[])]).await;
    mount(&server, forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    board.poll(&watch.poll().await);
    let requested =
        json!({ "environment": "production", "reviewers": [person("bo")], "requestor": user("ana") });
    let received = receive(&watch, "deployment_review", reviewed("requested", &run, requested));
    assert_eq!(lines(&received.snapshots), ["web/runs/31/production waiting [bo]"]);
    assert_eq!(board.hook(&received), ["ana asks for approval: Deploy web to production"]);
    store(&mut watch, &received);
    watch = restarted(&server, watch);
    // The first poll may be behind it.
    let batch = watch.poll().await;
    assert_eq!((board.poll(&batch), gone(&batch)), (vec![], vec![]));
    serve_anew(
        &server,
        [
            list(slice::from_ref(&run)),
            itself(&run),
            pending(31, &[gate("production", json!({}))]),
            answers(31, &[]),
        ],
    )
    .await;
    assert_eq!(board.poll(&watch.poll().await), [""; 0]);
    assert_eq!(board.states(), ["acme/web/runs/31/production waiting"]);

    let goes_on = deploy(31, json!({ "status": "in_progress", "updated_at": "2026-11-22T11:00:00Z" }));
    let approved = json!({
        "approver": user("bo"), "comment": "Works", "workflow_job_runs": [{ "id": 1, "environment": "production" }, null],
    });
    let received = receive(&watch, "deployment_review", reviewed("approved", &goes_on, approved));
    assert_eq!(board.hook(&received), ["bo approved: Deploy web to production: Works"]);
    let yes = answer("approved", "bo", "Works", "production");
    serve_anew(
        &server,
        [list(slice::from_ref(&goes_on)), itself(&goes_on), pending(31, &[]), answers(31, &[yes])],
    )
    .await;
    let batch = watch.poll().await;
    assert_eq!(
        (board.poll(&batch), gates(&batch)),
        (vec![], vec!["web/runs/31/production approved by bo (Works)".to_owned()])
    );

    // Late, and again.
    let requested = json!({ "environment": "production", "reviewers": [person("bo")] });
    let received = receive(&watch, "deployment_review", reviewed("requested", &run, requested));
    assert_eq!(board.hook(&received), [""; 0]);
    for _ in 0..3 {
        let batch = watch.poll().await;
        assert_eq!((board.poll(&batch), gone(&batch)), (vec![], vec![]));
    }
    assert_eq!(board.states(), ["acme/web/runs/31/production approved"]);
}

/// A webhook of a request that is not there, or not any more -> the second poll finds out.
#[tokio::test]
async fn webhook_of_a_request_that_is_not_there_is_checked() {
    let run = deploy(41, json!({}));
    let requested = json!({ "environment": "production", "reviewers": [person("bo")] });
    let deleted = "acme/web/runs/41/production deleted on the service";
    let not_listed = "acme/web/runs/41/production no longer listed by the service";
    let there = || vec![itself(&run), pending(41, &[]), answers(41, &[])];
    let not_there = vec![missing(&format!("{RUNS}/41")), missing(&format!("{RUNS}/41/pending_deployments"))];
    for (mocks, expected) in [(not_there, deleted), (there(), not_listed)] {
        let server = serve(mocks).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        watch.poll().await;
        let received = receive(&watch, "deployment_review", reviewed("requested", &run, requested.clone()));
        assert_eq!(received.snapshots.len(), 1);
        assert_eq!(gone(&watch.poll().await), [""; 0], "{expected}");
        let mut found = Vec::new();
        for _ in 0..2 {
            found.extend(gone(&watch.poll().await).into_iter().filter(|line| line.contains("runs/41")));
        }
        assert_eq!(found, [expected]);
    }
}

/// A webhook that leaves out what identifies the request, or says nothing of it -> what is reported, and whether a poll comes soon.
#[tokio::test]
async fn webhook_that_does_not_say_which_request_it_is_has_the_run_read() {
    let run = deploy(31, json!({}));
    let cases = [
        ("requested", json!({ "environment": null }), 0, true),
        ("requested", json!({ "environment": "" }), 0, true),
        ("requested", json!({ "environment": "production", "reviewers": null }), 1, false),
        ("requested", json!({ "environment": "x".repeat(300) }), 0, true),
        ("requested", json!({ "workflow_job_run": { "environment": "production" } }), 1, false),
        ("requested", json!({ "environment": "production", "workflow_run": null }), 0, true),
        ("requested", json!({ "environment": "production", "workflow_run": { "id": null } }), 0, true),
        ("approved", json!({ "environment": "production" }), 0, true),
        (
            "approved",
            json!({ "environment": "production", "approver": user("bo"), "comment": null }),
            // No poll has seen whether a timer holds it too.
            0,
            true,
        ),
        ("approved", json!({ "environment": "staging", "approver": user("bo"), "comment": null }), 1, false),
        ("rejected", json!({ "approver": user("bo"), "workflow_job_runs": [] }), 0, true),
        ("postponed", json!({ "environment": "production", "approver": user("bo") }), 0, true),
    ];
    for (action, change, snapshots, polls) in cases {
        let (_server, mut watch) = one_gate(gate("staging", json!({}))).await;
        let body = reviewed(action, &run, change.clone());
        let received = receive(&watch, "deployment_review", body);
        assert_eq!((received.snapshots.len(), received.poll), (snapshots, polls), "{action} {change}");
        assert_eq!(gone(&watch.poll().await), [""; 0], "{action} {change}");
    }
    // Another's.
    let (_server, watch) = one_gate(gate("staging", json!({}))).await;
    let other = with(repo("other"), json!({ "id": 2 }));
    let received = receive(
        &watch,
        "deployment_review",
        reviewed("requested", &run, json!({ "environment": "production", "repository": other })),
    );
    assert!(received.snapshots.is_empty() && received.note.is_none());
}

/// The webhook of a run -> its gates are read soon, and a first-timer's is reported at once.
#[tokio::test]
async fn webhook_of_a_run_that_waits_has_its_gates_read() {
    let server = serve(forge()).await;
    let (mut watch, mut board) = (Watch::new(&server, &["acme/web"]), Board::default());
    board.poll(&watch.poll().await);
    let run = deploy(41, json!({}));
    let received = receive(&watch, "workflow_run", json!({ "workflow_run": run }));
    assert_eq!((lines(&received.snapshots), received.poll), (vec![], true));
    serve_instead(&server, [itself(&run), pending(41, &[gate("production", json!({}))]), answers(41, &[])])
        .await;
    assert_eq!(board.poll(&watch.poll().await), ["ana asks for approval: Deploy web to production"]);

    let held = self::run(
        42,
        json!({ "conclusion": "action_required", "head_branch": "fix", "triggering_actor": user("eve") }),
    );
    let received = receive(&watch, "workflow_run", json!({ "workflow_run": held }));
    assert_eq!(
        (board.hook(&received), received.poll),
        (vec!["eve asks for approval: Let eve's first run of ci on web go".to_owned()], true)
    );
    // By the next poll somebody has let it run.
    let goes_on = with(
        held,
        json!({ "status": "in_progress", "conclusion": null, "updated_at": "2026-11-22T11:00:00Z" }),
    );
    serve_instead(&server, [itself(&goes_on)]).await;
    assert_eq!(board.poll(&watch.poll().await), ["Let eve's first run of ci on web go was approved"]);
}
