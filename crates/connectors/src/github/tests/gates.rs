//! What of a run waits for a person's yes: how it is read, and how it ends.

use std::collections::BTreeMap;

use callboard_domain::{
    event::{EventName, compare, compare_read},
    item::{Approval, Kind},
    source::{Gone, GoneReason, ProblemKind, Received},
};

use super::{
    gone::gone,
    late_hooks::{receive, restarted, store},
    poll::{Watch, asked, serve_anew, serve_instead},
    *,
};

const RUNS: &str = "/repos/acme/web/actions/runs";

/// A run of the workflow `deploy`.
pub(super) fn deploy(id: u64, change: Value) -> Value {
    let waits = json!({
        "status": "waiting", "conclusion": null, "name": "Deploy", "path": ".github/workflows/deploy.yml",
        "workflow_id": 10, "triggering_actor": user("ana"),
    });
    run(id, with(waits, change))
}

pub(super) fn person(login: &str) -> Value {
    json!({ "type": "User", "reviewer": user(login) })
}

fn team(slug: &str) -> Value {
    json!({ "type": "Team", "reviewer": { "id": 1, "slug": slug, "name": "A team" } })
}

/// A deployment that waits for bo.
pub(super) fn gate(environment: &str, change: Value) -> Value {
    let base = json!({
        "environment": { "id": 5, "name": environment, "html_url": "https://github.com/acme/web/deployments" },
        "wait_timer": 0, "wait_timer_started_at": null, "current_user_can_approve": false,
        "reviewers": [person("bo")],
    });
    with(base, change)
}

fn answer(state: &str, by: &str, comment: &str, environment: &str) -> Value {
    json!({
        "state": state, "comment": comment, "user": user(by), "environments": [{ "id": 5, "name": environment }],
    })
}

pub(super) fn pending(id: u64, rows: &[Value]) -> Mock {
    get(&format!("{RUNS}/{id}/pending_deployments"), json!(rows))
}

pub(super) fn answers(id: u64, rows: &[Value]) -> Mock {
    get(&format!("{RUNS}/{id}/approvals"), json!(rows))
}

fn list(rows: &[Value]) -> Mock {
    get(RUNS, runs(rows))
}

fn itself(run: &Value) -> Mock {
    get(&format!("{RUNS}/{}", run["id"]), run.clone())
}

fn fails(at: &str, status: u16) -> Mock {
    Mock::given(path(at)).respond_with(
        ResponseTemplate::new(status).set_body_json(json!({ "message": "Resource not accessible" })),
    )
}

fn approval_of(item: &Item) -> &Approval {
    match &item.detail {
        Detail::Approval(approval) => approval,
        other => panic!("{other:?}"),
    }
}

/// A snapshot in a line: what it is, and what is known of it.
fn line(item: &Item) -> String {
    let approval = approval_of(item);
    let mut parts = vec![format!("{} {}", item.key.id.trim_start_matches("acme/"), approval.state.name())];
    let by = approval.ended_by.iter().map(|by| format!("by {}", by.name));
    let why = approval.ended_why.iter().map(|why| format!("({why})"));
    let who = approval
        .approvers
        .iter()
        .map(|it| format!("[{}{}]", it.value.names.join(" "), if it.value.complete { "" } else { " ..." }));
    let may = approval.account_may.iter().map(|may| if may.value { "mine" } else { "not mine" }.to_owned());
    let conditions = approval.conditions.iter().flat_map(|it| it.value.clone());
    let given = approval.given().into_iter().map(|given| format!("{} given", given.len()));
    let given = given.filter(|_| approval.waits());
    parts.extend(by.chain(why).chain(who).chain(may).chain(conditions).chain(given));
    parts.join(" ")
}

fn lines(items: &[Item]) -> Vec<String> {
    let mut lines: Vec<_> = items.iter().filter(|item| item.key.kind == Kind::Approval).map(line).collect();
    lines.sort();
    lines
}

fn gates(batch: &Batch) -> Vec<String> {
    lines(&batch.snapshots)
}

/// Approvals as they are stored, and what happens to them.
#[derive(Default)]
struct Board(BTreeMap<String, Item>);

impl Board {
    fn take(&mut self, snapshots: &[Item], gone: &[Gone], is_poll: bool) -> Vec<String> {
        let of_kind = |gone: &&Gone| gone.key.kind == Kind::Approval;
        for Gone { key, reason } in gone.iter().filter(of_kind) {
            let GoneReason::Renamed { to } = reason else { continue };
            if let Some(mut item) = self.0.remove(&key.id) {
                item.key.id.clone_from(to);
                self.0.insert(to.clone(), item);
            }
        }
        let mut news = Vec::new();
        for item in snapshots.iter().filter(|item| item.key.kind == Kind::Approval) {
            let known = self.0.get(&item.key.id);
            let change = if is_poll { compare_read } else { compare }(known, item.clone());
            news.extend(change.transitions.into_iter().map(|transition| transition.summary));
            self.0.insert(item.key.id.clone(), change.item);
        }
        for Gone { key, reason } in gone.iter().filter(of_kind) {
            if !matches!(reason, GoneReason::Renamed { .. }) {
                self.0.remove(&key.id);
            }
        }
        news
    }

    fn poll(&mut self, batch: &Batch) -> Vec<String> {
        self.take(&batch.snapshots, &batch.gone, true)
    }

    fn hook(&mut self, received: &Received) -> Vec<String> {
        self.take(&received.snapshots, &received.gone, false)
    }

    fn states(&self) -> Vec<String> {
        self.0.iter().map(|(id, item)| format!("{id} {}", item.status())).collect()
    }
}

/// A run that waits with one gate, as polled.
async fn one_gate(row: Value) -> (MockServer, Watch) {
    let run = deploy(31, json!({}));
    let server = serve([pending(31, &[row]), answers(31, &[]), itself(&run), list(&[run])]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    watch.poll().await;
    (server, watch)
}

#[tokio::test]
async fn every_run_that_waits_has_its_gates_read_in_one_poll() {
    let rows: Vec<_> = (31..=36).map(|id| deploy(id, json!({}))).collect();
    let mut mocks = vec![list(&rows)];
    for id in 31..=36 {
        mocks.extend([pending(id, &[gate("production", json!({}))]), answers(id, &[])]);
    }
    let server = serve(mocks).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let batch = watch.poll().await;
    let expected: Vec<_> =
        (31..=36).map(|id| format!("web/runs/{id}/production waiting [bo] not mine")).collect();
    assert_eq!((gates(&batch), texts(&batch.problems)), (expected, vec![]));
    assert!(batch.complete.is_empty() && batch.partial.is_none());

    let mut seen = server.received_requests().await.unwrap().len();
    let batch = watch.poll().await;
    assert_eq!((gates(&batch), batch.cursor.is_none()), (vec![], true));
    let asked = asked(&server, &mut seen).await;
    let of_gates = asked.iter().filter(|it| it.contains("pending_deployments"));
    assert_eq!(of_gates.filter(|it| it.ends_with('*')).count(), 6, "{asked:?}");
    assert!(!asked.iter().any(|it| it.contains("/approvals")), "{asked:?}");
}

#[tokio::test]
async fn gate_has_all_that_github_tells_of_it() {
    let timer = json!({
        "wait_timer": 30, "wait_timer_started_at": "2026-11-22T12:10:00Z", "current_user_can_approve": true,
        "reviewers": [person("bo"), team("release")],
    });
    let run = deploy(31, json!({ "run_attempt": 2, "updated_at": "2026-11-22T13:00:00Z" }));
    let server = serve([list(&[run]), pending(31, &[gate("production", timer)]), answers(31, &[])]).await;
    mount(&server, forge()).await;
    let batch = Watch::new(&server, &["acme/web"]).poll().await;
    let item = batch.snapshots.iter().find(|item| item.key.kind == Kind::Approval).unwrap();
    // The run's date is ahead.
    let at = "2026-11-22T12:01:00Z".parse().unwrap();
    use callboard_domain::item::{Approvers, AsOf, User};
    let expected = Approval {
        environment: Some("production".to_owned()),
        asked_by: Some(User::named("ana")),
        asked_at: Some("2026-11-22T09:00:00Z".parse().unwrap()),
        needed: Some(AsOf::new(at, 1)),
        approvers: Some(AsOf::new(at, Approvers::all(["bo", "team/acme/release"]))),
        account_may: Some(AsOf::new(at, true)),
        commit: Some("aaaa".to_owned()),
        arguments: Some([("branch".to_owned(), "main".to_owned())].into()),
        conditions: Some(AsOf::new(at, vec!["a timer of 30 minutes, until 12:40Z".to_owned()])),
        description: Some("Round the totals".to_owned()),
        ..Approval::new("acme/web", at)
    };
    assert_eq!(approval_of(item), &expected);
    let url = item.url.as_ref().map(url::Url::as_str);
    assert_eq!(
        (item.title.as_str(), url),
        ("Deploy web to production", Some("https://github.com/acme/web/actions/runs/31"))
    );
}

/// What GitHub lists -> the rows, and the problems.
#[tokio::test]
async fn rows_follow_from_the_fields_that_can_be_read() {
    let without = |field: &str| {
        let mut gate = gate("production", json!({}));
        gate.as_object_mut().unwrap().remove(field);
        gate
    };
    let of = |change: Value| gate("production", change);
    let unnamed = json!({ "environment": { "id": 5, "name": null }, "reviewers": [person("bo")] });
    let began = |at: &str| json!({ "wait_timer": 30, "wait_timer_started_at": at });
    let odd = "acme/web: some deployments that wait are left out: ";
    let cases: [(Value, &[&str], Option<&str>); 24] = [
        (json!([]), &[], None),
        (json!([of(json!({}))]), &["waiting [bo] not mine"], None),
        (json!([of(json!({ "current_user_can_approve": true }))]), &["waiting [bo] mine"], None),
        (json!([of(json!({ "current_user_can_approve": null }))]), &["waiting [bo]"], None),
        (json!([of(json!({ "current_user_can_approve": "yes" }))]), &["waiting [bo]"], None),
        (json!([without("current_user_can_approve")]), &["waiting [bo]"], None),
        (
            json!([of(json!({ "reviewers": [team("release"), team("sre")] }))]),
            &["waiting [team/acme/release team/acme/sre] not mine"],
            None,
        ),
        // Which type it is shows in what it has.
        (
            json!([of(json!({ "reviewers": [{ "type": null, "reviewer": { "slug": "sre" } }] }))]),
            &["waiting [team/acme/sre] not mine"],
            None,
        ),
        // A timer alone, or a rule of another kind, is nobody's.
        (json!([of(json!({ "reviewers": [], "wait_timer": 30 }))]), &[], None),
        (json!([of(json!({ "reviewers": [] }))]), &[], None),
        (json!([of(json!({ "reviewers": [], "current_user_can_approve": null }))]), &[], None),
        (json!([of(json!({ "reviewers": [], "current_user_can_approve": true }))]), &["waiting mine"], None),
        // A list that cannot be read is no empty one.
        (json!([of(json!({ "reviewers": null }))]), &["waiting not mine"], None),
        (json!([without("reviewers")]), &["waiting not mine"], None),
        (json!([of(json!({ "reviewers": [null, person("bo")] }))]), &["waiting [bo ...] not mine"], None),
        (
            json!([of(json!({ "reviewers": [{ "type": "User", "reviewer": null }] }))]),
            &["waiting not mine"],
            None,
        ),
        (
            json!([of(began("2026-11-22T12:10:00Z"))]),
            &["waiting [bo] not mine a timer of 30 minutes, until 12:40Z"],
            None,
        ),
        (
            json!([of(began("2026-11-22T23:50:00Z"))]),
            &["waiting [bo] not mine a timer of 30 minutes, until 2026-11-23 00:20Z"],
            None,
        ),
        (json!([of(json!({ "wait_timer": 1 }))]), &["waiting [bo] not mine a timer of 1 minute"], None),
        // It is over.
        (json!([of(began("2026-11-22T11:00:00Z"))]), &["waiting [bo] not mine"], None),
        (
            json!([of(json!({ "wait_timer": "30x", "wait_timer_started_at": 5 }))]),
            &["waiting [bo] not mine"],
            None,
        ),
        (json!([of(json!({})), of(json!({}))]), &["waiting [bo] not mine"], None),
        (
            json!([
                of(json!({})),
                of(json!({ "reviewers": [person("cy")], "current_user_can_approve": true }))
            ]),
            &["waiting [bo cy ...]"],
            None,
        ),
        (json!([unnamed, null, of(json!({}))]), &["waiting [bo] not mine"], Some("entry 1")),
    ];
    for (rows, expected, problem) in cases {
        let run = deploy(31, json!({}));
        let at = format!("{RUNS}/31/pending_deployments");
        let server = serve([list(&[run]), get(&at, rows.clone()), answers(31, &[])]).await;
        mount(&server, forge()).await;
        let mut watch = Watch::new(&server, &["acme/web"]);
        let batch = watch.poll().await;
        let expected: Vec<_> = expected.iter().map(|it| format!("web/runs/31/production {it}")).collect();
        assert_eq!(gates(&batch), expected, "{rows}");
        let named = texts(&batch.problems);
        let is_named = |why: &str| named.len() == 1 && named[0].starts_with(&format!("{odd}{why}"));
        assert_eq!(problem.map_or(named.is_empty(), is_named), true, "{rows}: {named:?}");
        assert!(batch.problems.iter().all(|it| it.of == Some(Kind::Approval)), "{rows}");
        let again = watch.poll().await;
        assert_eq!((gates(&again), again.problems), (vec![], batch.problems), "{rows}");
    }
}

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
        serve_anew(&server, [pending(31, &rows), answers(31, &history), itself(&run), list(&[run.clone()])])
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
        serve_anew(&server, [mock, answers(31, &[]), itself(&run), list(&[run.clone()])]).await;
        let batch = watch.poll().await;
        assert_eq!((gates(&batch), gone(&batch)), (vec![], vec![]), "{expected}");
        let named = texts(&batch.problems);
        assert!(named.len() == 1 && named[0].starts_with(expected), "{named:?}");
        let problem = &batch.problems[0];
        assert_eq!((problem.of, problem.hides()), (Some(Kind::Approval), true), "{named:?}");

        // Then it answers: it has been answered meanwhile.
        let yes = answer("approved", "bo", "", "production");
        serve_anew(&server, [pending(31, &[]), answers(31, &[yes]), itself(&run), list(&[run.clone()])])
            .await;
        let mut found = Vec::new();
        for _ in 0..3 {
            found.extend(gates(&watch.poll().await));
        }
        assert_eq!(found, ["web/runs/31/production approved by bo"], "{expected}");
    }
}

#[tokio::test]
async fn one_run_that_does_not_answer_hides_no_other() {
    let rows: Vec<_> = (31..=36).map(|id| deploy(id, json!({}))).collect();
    let mut mocks = vec![list(&rows), fails(&format!("{RUNS}/33/pending_deployments"), 500)];
    for id in 31..=36 {
        mocks.extend([pending(id, &[gate("production", json!({}))]), answers(id, &[])]);
    }
    let server = serve(mocks).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let batch = watch.poll().await;
    assert_eq!((gates(&batch).len(), batch.problems.len()), (5, 1), "{:?}", texts(&batch.problems));
    assert_eq!(
        (batch.problems[0].kind, batch.problems[0].of),
        (ProblemKind::Incomplete, Some(Kind::Approval))
    );
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
        serve_anew(&server, [pending(31, &[]), history, itself(&run), list(&[run.clone()])]).await;
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
    serve_anew(&server, [pending(31, &[]), answers(31, &[no.clone()]), itself(&failed), list(&[failed])])
        .await;
    assert_eq!(board.poll(&watch.poll().await), ["cy said no: Deploy web to production: Not today"]);

    let second = |change: Value| {
        let again = json!({ "run_attempt": 2, "run_started_at": "2026-11-22T11:00:00Z", "updated_at": "2026-11-22T11:00:05Z" });
        deploy(31, with(again, change))
    };
    let waits = [gate("production", json!({}))];
    serve_anew(&server, [pending(31, &waits), answers(31, &[no.clone()]), list(&[second(json!({}))])]).await;
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
        serve_anew(&server, [pending(31, &rows), answers(31, &[]), itself(&second), list(&[second.clone()])])
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
        [pending(31, &[gate("production", timer(false))]), answers(31, &[yes.clone()]), list(&[run.clone()])],
    )
    .await;
    let expected = "web/runs/31/production waiting [bo] not mine a timer of 30 minutes, until 12:40Z 1 given";
    assert_eq!(gates(&watch.poll().await), [expected]);
    serve_anew(&server, [pending(31, &[]), answers(31, &[yes]), itself(&run), list(&[run])]).await;
    assert_eq!(gates(&watch.poll().await), ["web/runs/31/production approved by ana"]);
}

/// A repository that was renamed: the request keeps its history.
#[tokio::test]
async fn gate_of_a_renamed_repository_moves_along() {
    let (server, mut watch) = one_gate(gate("production", json!({}))).await;
    let mut board = Board::default();
    board.poll(&Watch::new(&server, &["acme/web"]).poll().await);
    let site = with(repo("site"), json!({ "full_name": "acme/site" }));
    let run = deploy(31, json!({ "repository": site, "head_repository": site }));
    let moved = |rest: &str| {
        let to = format!("{}/repos/acme/site{rest}", server.uri());
        Mock::given(path(format!("/repos/acme/web{rest}")))
            .respond_with(ResponseTemplate::new(301).insert_header("location", to.as_str()))
    };
    let mut mocks: Vec<_> = ["", "/pulls", "/actions/runs"].map(moved).into();
    let at = "/repos/acme/site";
    mocks.extend([
        get(at, site.clone()),
        get(&format!("{at}/pulls"), json!([])),
        get(&format!("{at}/actions/runs"), runs(&[run.clone()])),
        get(&format!("{at}/actions/runs/31"), run),
        get(
            &format!("{at}/actions/runs/31/pending_deployments"),
            json!([gate("production", json!({ "reviewers": [team("sre")] }))]),
        ),
        get(&format!("{at}/actions/runs/31/approvals"), json!([])),
    ]);
    serve_anew(&server, mocks).await;
    let batch = watch.poll().await;
    assert_eq!(board.poll(&batch), [""; 0]);
    assert_eq!(board.states(), ["acme/site/runs/31/production waiting"]);
    assert_eq!(gates(&batch), ["site/runs/31/production waiting [team/acme/sre] not mine"]);
    assert_eq!(board.0["acme/site/runs/31/production"].title, "Deploy site to production");
}

/// A repository is archived -> its requests wait for nobody.
#[tokio::test]
async fn gates_of_a_closed_repository_are_gone() {
    let (server, mut watch) = one_gate(gate("production", json!({}))).await;
    serve_anew(&server, [get("/repos/acme/web", with(repo("web"), json!({ "archived": true })))]).await;
    receive(&watch, "repository", json!({ "action": "archived" }));
    let batch = watch.poll().await;
    let of_gates = batch.gone.iter().filter(|gone| gone.key.kind == Kind::Approval);
    assert_eq!(of_gates.map(|gone| gone.reason.clone()).collect::<Vec<_>>(), [GoneReason::Disabled]);
    assert!(batch.emptied.iter().any(|scope| scope.kind == Kind::Approval));
}

/// A cursor of a version that read no gates, whose lists have not changed -> what waits is read.
#[tokio::test]
async fn cursor_of_an_earlier_version_has_the_lists_read_again() {
    let (_server, mut watch) = one_gate(gate("production", json!({}))).await;
    let mut cursor: Value = serde_json::from_str(&watch.cursor.as_ref().unwrap().0).unwrap();
    cursor["repos"]["acme/web"].as_object_mut().unwrap().remove("waiting").expect("it is kept");
    watch.cursor = Some(Cursor(cursor.to_string()));
    assert_eq!(gates(&watch.poll().await), ["web/runs/31/production waiting [bo] not mine"]);
    assert_eq!(gates(&watch.poll().await), [""; 0]);
}

/// On a busy repository a run that waits may be far down the list: GitHub has lists of all that wait.
#[tokio::test]
async fn run_that_waits_is_found_though_the_list_is_cut() {
    let cut = json!({ "total_count": 900, "workflow_runs": [run(90, json!({}))] });
    let main = || {
        Mock::given(path(RUNS))
            .and(query_param_is_missing("status"))
            .respond_with(ResponseTemplate::new(200).insert_header("etag", "\"1\"").set_body_json(&cut))
    };
    let of = |status: &'static str, rows: &[Value]| {
        Mock::given(path(RUNS))
            .and(query_param("status", status))
            .respond_with(ResponseTemplate::new(200).set_body_json(runs(rows)))
    };
    let held = run(20, json!({ "conclusion": "action_required", "triggering_actor": user("eve") }));
    let server =
        serve([main(), of("waiting", &[deploy(31, json!({}))]), of("action_required", &[held.clone()])])
            .await;
    mount(&server, [pending(31, &[gate("production", json!({}))]), answers(31, &[]), itself(&held)]).await;
    mount(&server, forge()).await;
    let mut watch = Watch::new(&server, &["acme/web"]);
    let batch = watch.poll().await;
    assert_eq!(gates(&batch), ["web/runs/20 waiting", "web/runs/31/production waiting [bo] not mine"]);
    assert_eq!(gates(&watch.poll().await), [""; 0]);

    // Neither is on any list any more.
    let (later, let_run) = (
        deploy(31, json!({ "status": "in_progress" })),
        run(20, json!({ "status": "in_progress", "conclusion": null, "updated_at": "2026-11-22T11:00:00Z" })),
    );
    let yes = answer("approved", "bo", "", "production");
    serve_anew(
        &server,
        [
            main(),
            of("waiting", &[]),
            of("action_required", &[]),
            pending(31, &[]),
            answers(31, &[yes]),
            itself(&later),
            itself(&let_run),
        ],
    )
    .await;
    assert_eq!(gates(&watch.poll().await), ["web/runs/20 approved", "web/runs/31/production approved by bo"]);

    // Where such a list is refused, that is named.
    let refused = Mock::given(path(RUNS))
        .and(query_param("status", "waiting"))
        .respond_with(ResponseTemplate::new(422));
    serve_anew(&server, [refused, main(), of("action_required", &[])]).await;
    let batch = watch.poll().await;
    assert_eq!(
        (batch.problems.len(), batch.problems[0].of),
        (1, Some(Kind::Approval)),
        "{:?}",
        texts(&batch.problems)
    );
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
        [list(&[run.clone()]), itself(&run), pending(31, &[gate("production", json!({}))]), answers(31, &[])],
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
    serve_anew(&server, [list(&[goes_on.clone()]), itself(&goes_on), pending(31, &[]), answers(31, &[yes])])
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
            1,
            false,
        ),
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
