//! How what waits for a person's yes ends.

use std::slice;

use callboard_domain::{
    event::{EventName, compare, compare_read},
    item::Kind,
};

use super::{
    gates::*,
    gone::gone,
    poll::{Watch, serve_anew, serve_instead},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

/// What waits by then, the run by itself, what people have answered -> how the gate of production ends.
#[tokio::test]
async fn gate_ends_as_github_says() {
    let under_way =
        || json!({ "status": "in_progress", "conclusion": null, "updated_at": "2026-11-22T11:00:00Z" });
    let over = |conclusion: &str| json!({ "status": "completed", "conclusion": conclusion, "updated_at": "2026-11-22T11:00:00Z" });
    let yes = || answer("approved", "bo", "Works on staging", "production");
    let no = || answer("rejected", "cy", "Not today", "production");
    let not_listed = "acme/web/runs/31/production no longer listed by the service";
    let superseded = "web/runs/31/production superseded (the run was canceled)";
    let expired = "web/runs/31/production superseded (the run ended without an answer)";
    type Case<'a> = (Vec<Value>, Value, Vec<Value>, &'a [&'a str]);
    let cases: [Case<'_>; 12] = [
        (vec![], under_way(), vec![yes()], &["web/runs/31/production approved by bo (Works on staging)"]),
        (
            vec![],
            json!({}),
            vec![answer("approved", "bo", "", "production")],
            &["web/runs/31/production approved by bo"],
        ),
        (
            vec![gate("staging", json!({}))],
            json!({}),
            vec![yes()],
            &[
                "web/runs/31/production approved by bo (Works on staging)",
                "web/runs/31/staging waiting [bo] not mine",
            ],
        ),
        (vec![], over("failure"), vec![no()], &["web/runs/31/production denied by cy (Not today)"]),
        // It was approved, and canceled later.
        (
            vec![],
            over("cancelled"),
            vec![yes()],
            &["web/runs/31/production approved by bo (Works on staging)"],
        ),
        (vec![], over("cancelled"), vec![], &[superseded]),
        (vec![], over("cancelled"), vec![answer("approved", "bo", "", "staging")], &[superseded]),
        (vec![], over("failure"), vec![], &[expired]),
        // Nothing shows how.
        (vec![], under_way(), vec![], &[not_listed]),
        (vec![], under_way(), vec![yes(), no()], &[not_listed]),
        (vec![], under_way(), vec![json!(null), yes()], &[not_listed]),
        // Those who may answer were taken away: it waits for nobody.
        (vec![gate("production", json!({ "reviewers": [] }))], json!({}), vec![], &[not_listed]),
    ];
    for (rows, change, history, expected) in cases {
        let (server, mut watch) = one_gate(gate("production", json!({}))).await;
        let run = deploy(31, change.clone());
        serve_anew(
            &server,
            [pending(31, &rows), answers(31, &history), itself(&run), list(slice::from_ref(&run))],
        )
        .await;
        let batch = watch.poll().await;
        let mut found = gates(&batch);
        found.extend(gone(&batch));
        assert_eq!(found, expected, "{rows:?} {change} {history:?}");
        let again = watch.poll().await;
        assert_eq!((gates(&again), gone(&again)), (vec![], vec![]), "{rows:?} {change}: reported once");
    }
}

/// A newer run of the same workflow, branch and environment ends no older gate: GitHub keeps both.
#[tokio::test]
async fn newer_run_ends_no_older_gate() {
    let (server, mut watch) = one_gate(gate("production", json!({}))).await;
    let both = [deploy(32, json!({ "head_sha": "bbbb" })), deploy(31, json!({}))];
    let waits = [gate("production", json!({}))];
    serve_anew(&server, [list(&both), pending(31, &waits), pending(32, &waits), answers(32, &[])]).await;
    let batch = watch.poll().await;
    assert_eq!(
        (gates(&batch), gone(&batch)),
        (vec!["web/runs/32/production waiting [bo] not mine".to_owned()], vec![])
    );
}

/// What does not answer is no evidence: the gate stays, and is named.
#[tokio::test]
async fn what_cannot_be_read_ends_nothing_and_is_named() {
    let run = deploy(31, json!({ "status": "in_progress" }));
    let at = |what: &str| format!("{RUNS}/31/{what}");
    let pendings = at("pending_deployments");
    let odd = get(&pendings, json!([null]));
    let null = get(&pendings, json!(null));
    // What answers for its gates -> the problem's beginning.
    let cases = [
        (fails(&pendings, 403), "acme/web: no waiting deployments: "),
        (fails(&pendings, 404), "acme/web: no waiting deployments: "),
        (fails(&pendings, 500), "acme/web: no waiting deployments: "),
        (null, "acme/web: no waiting deployments: "),
        (odd, "acme/web: some deployments that wait are left out: "),
    ];
    for (mock, expected) in cases {
        let (server, mut watch) = one_gate(gate("production", json!({}))).await;
        serve_anew(&server, [mock, answers(31, &[]), itself(&run), list(slice::from_ref(&run))]).await;
        let batch = watch.poll().await;
        assert_eq!((gates(&batch), gone(&batch)), (vec![], vec![]), "{expected}");
        let named = texts(&batch.problems);
        assert!(named.len() == 1 && named[0].starts_with(expected), "{named:?}");
        let problem = &batch.problems[0];
        assert_eq!((problem.of, problem.hides()), (Some(Kind::Approval), true), "{named:?}");

        // Then it answers: it has been answered meanwhile.
        let yes = answer("approved", "bo", "", "production");
        serve_anew(
            &server,
            [pending(31, &[]), answers(31, &[yes]), itself(&run), list(slice::from_ref(&run))],
        )
        .await;
        let mut found = Vec::new();
        for _ in 0..3 {
            found.extend(gates(&watch.poll().await));
        }
        assert_eq!(found, ["web/runs/31/production approved by bo"], "{expected}");
    }
}

#[tokio::test]
async fn deleted_run_takes_its_gates_along() {
    let (server, mut watch) = one_gate(gate("production", json!({}))).await;
    let mocks = [missing(&format!("{RUNS}/31/pending_deployments")), missing(&format!("{RUNS}/31"))];
    serve_anew(&server, mocks).await;
    serve_instead(&server, [list(&[run(30, json!({}))])]).await;
    let mut found = Vec::new();
    for _ in 0..3 {
        found.extend(watch.poll().await.gone.into_iter().filter(|gone| gone.key.kind == Kind::Approval));
    }
    let found: Vec<_> = found.iter().map(|gone| format!("{} {}", gone.key.id, gone.reason)).collect();
    assert_eq!(found, ["acme/web/runs/31/production deleted on the service"]);
}

/// How the history of answers fails -> when the gate goes, and how.
#[tokio::test]
async fn gate_whose_history_cannot_be_read_is_not_taken_for_approved() {
    let not_listed = "acme/web/runs/31/production no longer listed by the service";
    let run = deploy(31, json!({ "status": "in_progress" }));
    for (status, polls) in [(403, 1), (404, 1), (500, 3)] {
        let (server, mut watch) = one_gate(gate("production", json!({}))).await;
        let history = fails(&format!("{RUNS}/31/approvals"), status);
        serve_anew(&server, [pending(31, &[]), history, itself(&run), list(slice::from_ref(&run))]).await;
        for poll in 1..=3 {
            let batch = watch.poll().await;
            let expected = if poll == polls { vec![not_listed] } else { vec![] };
            assert_eq!(
                (gates(&batch), gone(&batch)),
                (vec![], expected.iter().map(|it| (*it).to_owned()).collect()),
                "{status} {poll}"
            );
            assert!(
                poll > polls || texts(&batch.problems).iter().any(|it| it.contains("answers to deployments")),
                "{status}"
            );
        }
    }
}

/// Run again, it asks again: what was answered before does not count.
#[tokio::test]
async fn later_attempt_asks_anew() {
    let no = answer("rejected", "cy", "Not today", "production");
    let (server, mut watch) = one_gate(gate("production", json!({}))).await;
    let mut board = Board::default();
    board.poll(&Watch::new(&server, &["acme/web"]).poll().await);
    let failed = deploy(
        31,
        json!({ "status": "completed", "conclusion": "failure", "updated_at": "2026-11-22T10:00:00Z" }),
    );
    serve_anew(
        &server,
        [pending(31, &[]), answers(31, slice::from_ref(&no)), itself(&failed), list(&[failed])],
    )
    .await;
    assert_eq!(board.poll(&watch.poll().await), ["cy said no: Deploy web to production: Not today"]);

    let second = |change: Value| {
        let again = json!({ "run_attempt": 2, "run_started_at": "2026-11-22T11:00:00Z", "updated_at": "2026-11-22T11:00:05Z" });
        deploy(31, with(again, change))
    };
    let waits = [gate("production", json!({}))];
    serve_anew(&server, [pending(31, &waits), answers(31, slice::from_ref(&no)), list(&[second(json!({}))])])
        .await;
    assert_eq!(board.poll(&watch.poll().await), ["ana asks for approval: Deploy web to production"]);

    // Canceled: the earlier answer is none to this request.
    let canceled = second(
        json!({ "status": "completed", "conclusion": "cancelled", "updated_at": "2026-11-22T11:30:00Z" }),
    );
    serve_anew(&server, [pending(31, &[]), answers(31, &[no]), itself(&canceled), list(&[canceled])]).await;
    assert_eq!(
        board.poll(&watch.poll().await),
        ["Deploy web to production was superseded: the run was canceled"]
    );
}

/// A run is run again while it waits -> the request of that time is over, whatever waits then.
#[tokio::test]
async fn attempt_that_begins_while_another_waits_takes_its_place() {
    let second = deploy(
        31,
        json!({ "run_attempt": 2, "run_started_at": "2026-11-22T11:00:00Z", "updated_at": "2026-11-22T11:00:05Z" }),
    );
    let asks = "ana asks for approval: Deploy web to production";
    let over = "Deploy web to production was superseded: it was run again";
    for (rows, expected) in [(vec![gate("production", json!({}))], asks), (vec![], over)] {
        let (server, mut watch) = one_gate(gate("production", json!({}))).await;
        let mut board = Board::default();
        assert_eq!(board.poll(&Watch::new(&server, &["acme/web"]).poll().await), [asks]);
        // What waits is the same, letter for letter.
        serve_anew(
            &server,
            [pending(31, &rows), answers(31, &[]), itself(&second), list(slice::from_ref(&second))],
        )
        .await;
        assert_eq!(board.poll(&watch.poll().await), [expected]);
    }
}

/// A yes while a timer runs on: it waits for nobody, and is over once GitHub lists it no more.
#[tokio::test]
async fn gate_with_a_timer_waits_on_after_the_yes() {
    let timer = |may: bool| json!({ "wait_timer": 30, "wait_timer_started_at": "2026-11-22T12:10:00Z", "current_user_can_approve": may });
    let (server, mut watch) = one_gate(gate("production", timer(true))).await;
    let yes = answer("approved", "ana", "", "production");
    let run = deploy(31, json!({}));
    serve_anew(
        &server,
        [
            pending(31, &[gate("production", timer(false))]),
            answers(31, slice::from_ref(&yes)),
            list(slice::from_ref(&run)),
        ],
    )
    .await;
    let expected = "web/runs/31/production waiting [bo] not mine a timer of 30 minutes, until 12:40Z 1 given";
    assert_eq!(gates(&watch.poll().await), [expected]);
    serve_anew(&server, [pending(31, &[]), answers(31, &[yes]), itself(&run), list(&[run])]).await;
    assert_eq!(gates(&watch.poll().await), ["web/runs/31/production approved by ana"]);
}

/// What becomes of a first-timer's run, and the runs that are listed by then -> how its request ends.
#[tokio::test]
async fn first_timers_run_waits_until_it_is_let_run() {
    let fork = json!({ "id": 7, "full_name": "eve/web" });
    let held = |id: u64, change: Value| {
        let held = json!({
            "event": "pull_request", "head_branch": "fix", "head_repository": fork, "conclusion": "action_required",
            "actor": user("eve"), "triggering_actor": user("eve"),
        });
        run(id, with(held, change))
    };
    let later = |change: Value| with(json!({ "updated_at": "2026-11-22T11:00:00Z" }), change);
    let newer = |change: Value| held(42, with(json!({ "head_sha": "bbbb" }), change));
    let waits = "web/runs/42 waiting";
    let outdated = "web/runs/41 superseded (a newer run has taken its place)";
    let cases: [(Vec<Value>, &[&str]); 9] = [
        (vec![held(41, json!({}))], &[]),
        (
            vec![held(41, later(json!({ "status": "action_required", "conclusion": null })))],
            &["web/runs/41 waiting"],
        ),
        (vec![held(41, later(json!({ "status": "queued", "conclusion": null })))], &["web/runs/41 approved"]),
        (vec![held(41, later(json!({ "conclusion": "failure" })))], &["web/runs/41 approved"]),
        (
            vec![held(41, later(json!({ "conclusion": "cancelled" })))],
            &["web/runs/41 superseded (the run was canceled)"],
        ),
        // How it is is not known.
        (vec![held(41, later(json!({ "conclusion": null })))], &[]),
        (vec![newer(json!({})), held(41, json!({}))], &[outdated, waits]),
        // One of the same commit, or for another cause, waits beside it.
        (vec![held(42, json!({})), held(41, json!({}))], &[waits]),
        (vec![newer(json!({ "event": "pull_request_target" })), held(41, json!({}))], &[waits]),
    ];
    for (rows, expected) in cases {
        let server = serve([list(&[held(41, json!({}))])]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let batch = watch.poll().await;
        assert_eq!((gates(&batch), texts(&batch.problems)), (vec!["web/runs/41 waiting".to_owned()], vec![]));
        let item = batch.snapshots.iter().find(|item| item.key.kind == Kind::Approval).unwrap();
        assert_eq!(item.title, "Let eve's first run of ci on web go");
        serve_anew(&server, [list(&rows)]).await;
        assert_eq!(gates(&watch.poll().await), expected, "{rows:?}");
        let again = watch.poll().await;
        assert_eq!((gates(&again), gone(&again)), (vec![], vec![]), "{rows:?}: reported once");
    }
}

/// Events are named as the domain names them.
#[tokio::test]
async fn request_that_waits_again_is_asked_again() {
    let (server, mut watch) = one_gate(gate("production", json!({}))).await;
    let first = Watch::new(&server, &["acme/web"]).poll().await;
    let item = first.snapshots.iter().find(|item| item.key.kind == Kind::Approval).unwrap();
    let mut stored = compare(None, item.clone()).item;
    let yes = answer("approved", "bo", "", "production");
    let at = |minute: &str| json!({ "updated_at": format!("2026-11-22T11:{minute}:00Z") });
    let steps = [
        (vec![], at("00"), vec![yes.clone()], EventName::Approved),
        // Another job of the same environment.
        (vec![gate("production", json!({}))], at("05"), vec![yes.clone()], EventName::Requested),
        (vec![], at("10"), vec![yes.clone(), answer("rejected", "cy", "", "production")], EventName::Denied),
    ];
    for (rows, change, history, expected) in steps {
        let run = deploy(31, change);
        serve_anew(&server, [pending(31, &rows), answers(31, &history), itself(&run), list(&[run])]).await;
        let batch = watch.poll().await;
        let item = batch.snapshots.iter().find(|item| item.key.kind == Kind::Approval).unwrap();
        let change = compare_read(Some(&stored), item.clone());
        let names: Vec<_> = change.transitions.iter().map(|it| it.name).collect();
        assert_eq!(names, [expected]);
        stored = change.item;
    }
}
