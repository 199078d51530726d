//! What of a run waits for a person's yes, as it is read.

use std::{collections::BTreeMap, slice};

use callboard_domain::{
    event::{compare, compare_read},
    item::{Approval, Kind},
    source::{Gone, GoneReason, ProblemKind, Received},
};

use super::{
    late_hooks::receive,
    poll::{Watch, asked, serve_anew},
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

pub(super) fn team(slug: &str) -> Value {
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

pub(super) fn answer(state: &str, by: &str, comment: &str, environment: &str) -> Value {
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

pub(super) fn list(rows: &[Value]) -> Mock {
    get(RUNS, runs(rows))
}

pub(super) fn itself(run: &Value) -> Mock {
    get(&format!("{RUNS}/{}", run["id"]), run.clone())
}

pub(super) fn fails(at: &str, status: u16) -> Mock {
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
pub(super) fn line(item: &Item) -> String {
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

pub(super) fn lines(items: &[Item]) -> Vec<String> {
    let mut lines: Vec<_> = items.iter().filter(|item| item.key.kind == Kind::Approval).map(line).collect();
    lines.sort();
    lines
}

pub(super) fn gates(batch: &Batch) -> Vec<String> {
    lines(&batch.snapshots)
}

/// Approvals as they are stored, and what happens to them.
#[derive(Default)]
pub(super) struct Board(pub(super) BTreeMap<String, Item>);

impl Board {
    pub(super) fn take(&mut self, snapshots: &[Item], gone: &[Gone], is_poll: bool) -> Vec<String> {
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

    pub(super) fn poll(&mut self, batch: &Batch) -> Vec<String> {
        self.take(&batch.snapshots, &batch.gone, true)
    }

    pub(super) fn hook(&mut self, received: &Received) -> Vec<String> {
        self.take(&received.snapshots, &received.gone, false)
    }

    pub(super) fn states(&self) -> Vec<String> {
        self.0.iter().map(|(id, item)| format!("{id} {}", item.status())).collect()
    }
}

/// A run that waits with one gate, as polled.
pub(super) async fn one_gate(row: Value) -> (MockServer, Watch) {
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
        questions: Some(Vec::new()),
        ..Approval::new("acme/web", at)
    };
    let mut found = approval_of(item).clone();
    assert_eq!(found.ships.take().and_then(|ships| ships.value.to).as_deref(), Some("aaaa"));
    assert_eq!(found, expected);
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
        assert!(problem.map_or(named.is_empty(), is_named), "{rows}: {named:?}");
        assert!(batch.problems.iter().all(|it| it.of == Some(Kind::Approval)), "{rows}");
        let again = watch.poll().await;
        assert_eq!((gates(&again), again.problems), (vec![], batch.problems), "{rows}");
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
        get(&format!("{at}/actions/runs"), runs(slice::from_ref(&run))),
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
    let server = serve([
        main(),
        of("waiting", &[deploy(31, json!({}))]),
        of("action_required", slice::from_ref(&held)),
    ])
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
        batch.problems.iter().filter(|problem| problem.of == Some(Kind::Approval)).count(),
        1,
        "{:?}",
        texts(&batch.problems)
    );
}
