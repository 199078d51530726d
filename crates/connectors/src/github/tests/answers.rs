//! Answers to what waits for a person's yes: what is sent, when nothing is, and what becomes of an answer that is lost.

use callboard_domain::item::Approval;

use super::*;

pub(super) const RUN: &str = "/repos/acme/web/actions/runs/31";
const PENDING: &str = "/repos/acme/web/actions/runs/31/pending_deployments";
const APPROVALS: &str = "/repos/acme/web/actions/runs/31/approvals";

pub(super) fn deployment(environment: &str) -> Value {
    json!({ "id": 42, "sha": SHA, "ref": "main", "task": "deploy", "environment": environment, "creator": user("ana") })
}

fn environment(id: u64, name: &str) -> Value {
    json!({ "id": id, "name": name, "html_url": "https://github.com/acme/web/deployments" })
}

fn pending(id: u64, name: &str, change: Value) -> Value {
    let reviewers = json!([
        { "type": "User", "reviewer": user("bo") },
        { "type": "Team", "reviewer": { "id": 1, "name": "Release", "slug": "release" } },
    ]);
    let base = json!({
        "environment": environment(id, name), "wait_timer": 0, "wait_timer_started_at": null,
        "current_user_can_approve": true, "reviewers": reviewers,
    });
    with(base, change)
}

fn answer(by: &str, state: &str, id: u64, name: &str) -> Value {
    json!({ "state": state, "comment": "", "environments": [environment(id, name)], "user": user(by) })
}

pub(super) fn waiting(change: Value) -> Value {
    run(31, with(json!({ "status": "waiting", "conclusion": null, "head_sha": SHA }), change))
}

pub(super) fn held(change: Value) -> Value {
    waiting(with(json!({ "status": "completed", "conclusion": "action_required" }), change))
}

/// Run 31 of the contract, with a deployment that waits, and run 32 of a first-timer.
pub(super) fn gates() -> Vec<Mock> {
    let held = run(32, json!({ "conclusion": "action_required" }));
    vec![
        get(PENDING, json!([pending(161, "production", json!({}))])),
        get(APPROVALS, json!([])),
        get("/repos/acme/web/actions/runs/32", held),
    ]
}

/// A GitHub where run 31 waits for production.
fn service() -> Vec<Mock> {
    vec![get("/user", user("ana")), get(RUN, waiting(json!({})))].into_iter().chain(gates()).collect()
}

pub(super) fn sent(status: u16, body: &Value) -> Mock {
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(status).set_body_json(body))
}

fn taken() -> Mock {
    sent(200, &json!([deployment("production")]))
}

/// The approval as the board shows it.
pub(super) fn item(environment: Option<&str>, change: impl FnOnce(&mut Approval)) -> Item {
    let id =
        gate_id::GateId { repo: "acme/web".to_owned(), run: 31, environment: environment.map(str::to_owned) };
    let mut approval = Approval {
        environment: environment.map(str::to_owned),
        asked_at: Some("2026-11-22T09:00:00Z".parse().unwrap()),
        commit: Some(SHA.to_owned()),
        ..Approval::new("acme/web", now())
    };
    change(&mut approval);
    Item {
        key: id.key(&"forge".into()),
        title: "Deploy web to production".to_owned(),
        url: "https://github.com/acme/web/actions/runs/31".parse().ok(),
        detail: Detail::Approval(approval),
    }
}

pub(super) fn on_board(environment: Option<&str>, values: &[(&str, &str)]) -> Args {
    let items = [("approval".to_owned(), item(environment, |_| {}))];
    Args { items: items.into(), ..args(values) }
}

pub(super) fn action(server: &MockServer, name: &str) -> Arc<dyn Action> {
    let actions = connect(&server.uri(), &["acme/web"]).actions;
    actions.into_iter().find(|action| action.spec().name == name).expect("the command")
}

pub(super) type Came = Result<callboard_domain::run::Outcome, ServiceError>;

/// A run of the command where the service answers with these first, and how many writes it got.
pub(super) async fn perform(first: Vec<Mock>, name: &str, args: &Args) -> (Came, usize) {
    let server = serve(first.into_iter().chain(service())).await;
    let came = action(&server, name).run(args, now(), &RecordedProgress::default()).await;
    let requests = server.received_requests().await.unwrap();
    (came, requests.iter().filter(|request| request.method != "GET").count())
}

/// `done`, or the sort of error with its words.
pub(super) fn line(came: &Came) -> String {
    match came {
        Ok(outcome) if outcome.ok => "done".to_owned(),
        Ok(outcome) => format!("failed: {}", outcome.summary),
        Err(ServiceError::Auth { .. }) => format!("auth: {}", came.as_ref().unwrap_err()),
        Err(ServiceError::RateLimited { .. }) => "rate limited".to_owned(),
        Err(ServiceError::Rejected { why }) => format!("rejected: {why}"),
        Err(ServiceError::Unavailable { why }) => format!("unavailable: {why}"),
        Err(ServiceError::Unknown { .. }) => "unknown".to_owned(),
    }
}

#[tokio::test]
async fn what_is_sent_is_what_the_preview_shows() {
    let (production, whole) = (Some("production"), None);
    let typed = |id: &str, more: &[(&str, &str)]| args(&[&[("approval", id)][..], more].concat());
    let reads = [RUN, PENDING, APPROVALS].map(|at| format!("GET {at}"));
    let post = |at: &str| format!("POST {RUN}/{at}");
    let review =
        |state: &str, comment: &str| json!({ "environment_ids": [161], "state": state, "comment": comment });
    let id = "acme/web/runs/31/production";
    let cases = [
        ("approve", on_board(production, &[]), Some(review("approved", "Approved from Callboard"))),
        (
            "approve",
            on_board(production, &[("comment", " ")]),
            Some(review("approved", "Approved from Callboard")),
        ),
        (
            "approve",
            on_board(production, &[("comment", "Works \"there\"")]),
            Some(review("approved", "Works \"there\"")),
        ),
        ("approve", typed(id, &[]), Some(review("approved", "Approved from Callboard"))),
        ("deny", on_board(production, &[("why", "Not now")]), Some(review("rejected", "Not now"))),
        ("deny", typed(id, &[("why", "Not now")]), Some(review("rejected", "Not now"))),
        ("approve", on_board(whole, &[]), None),
        ("approve", typed("acme/web/runs/31", &[]), None),
    ];
    for (name, args, body) in cases {
        let server = match &body {
            Some(_) => serve([taken()]).await,
            None => serve([get(RUN, held(json!({}))), sent(201, &json!({}))]).await,
        };
        mount(&server, service()).await;
        let steps = action(&server, name).preview(&args, now()).unwrap();
        let outcome = action(&server, name).run(&args, now(), &RecordedProgress::default()).await.unwrap();
        let done = if name == "approve" { "approved" } else { "denied" };
        assert!(outcome.ok && outcome.summary.ends_with(&format!(" is {done}")), "{outcome:?}");

        let lines: Vec<_> = steps
            .iter()
            .map(|step| step.request.lines().next().unwrap().replace(&server.uri(), ""))
            .collect();
        let expected = match &body {
            Some(_) => [&reads[..], &[post("pending_deployments")]].concat(),
            None => vec![reads[0].clone(), post("approve")],
        };
        assert_eq!(lines, expected, "{name}");
        let requests = server.received_requests().await.unwrap();
        let got: Vec<_> =
            requests.iter().map(|request| format!("{} {}", request.method, request.url.path())).collect();
        assert_eq!(got, expected, "{name}");

        let step = steps.last().unwrap();
        let is_bound = !args.items.is_empty();
        assert_eq!(step.what.contains("at 6dcb09b"), is_bound, "{step:?}");
        let (_, shown) = step.request.split_once('\n').unwrap_or((&step.request, "null"));
        let mut shown: Value = serde_json::from_str(shown).unwrap();
        if let Some(ids) = shown.get_mut("environment_ids") {
            let words = "the id of production in what the second request answers";
            assert_eq!(*ids, json!([words]));
            *ids = json!([161]);
        }
        let got: Value = serde_json::from_slice(&requests.last().unwrap().body).unwrap_or_default();
        assert_eq!((&shown, &got), (&body.clone().unwrap_or_default(), &body.unwrap_or_default()), "{name}");
    }
}

/// What is read before an answer is sent -> what comes of it; nothing is sent but where it is done.
#[tokio::test]
async fn answer_is_sent_only_for_what_waits_as_it_was_shown() {
    let production = |change: Value| pending(161, "production", change);
    let listed = |rows: Value| vec![get(PENDING, rows)];
    let ended = |answers: Value| vec![get(PENDING, json!([])), get(APPROVALS, answers)];
    let of_run = |change: Value| vec![get(RUN, waiting(change))];
    let refused =
        |at: &str, status: u16| {
            vec![Mock::given(method("GET")).and(path(at)).respond_with(
                ResponseTemplate::new(status).set_body_json(json!({ "message": "Not for you" })),
            )]
        };
    let both = |one: Vec<Mock>, other: Vec<Mock>| one.into_iter().chain(other).collect::<Vec<_>>();
    let not_waiting = "rejected: acme/web/runs/31/production was not approved: it is not waiting: ";
    let no_more = |why: &str| format!("{not_waiting}{why}");
    let changed = |how: &str| {
        format!(
            "rejected: acme/web/runs/31/production was not approved: run 31 of acme/web {how} since it was shown; look at \
             it, then answer again"
        )
    };
    let only = "rejected: acme/web/runs/31/production was not approved: GitHub";
    let cases = [
        (listed(json!([production(json!({}))])), "done".to_owned()),
        (listed(json!([pending(160, "staging", json!({})), production(json!({}))])), "done".to_owned()),
        (listed(json!([production(json!({})), production(json!({}))])), "done".to_owned()),
        (listed(json!([1, null, production(json!({}))])), "done".to_owned()),
        (listed(json!([production(json!({ "current_user_can_approve": null }))])), "done".to_owned()),
        (listed(json!([production(json!({ "reviewers": null, "wait_timer": "x" }))])), "done".to_owned()),
        (listed(json!([{ "environment": { "id": "161", "name": "production" } }])), "done".to_owned()),
        (
            listed(json!([production(json!({ "current_user_can_approve": false }))])),
            format!("{only} lets bo, team release answer it, and not this account"),
        ),
        (
            listed(json!([production(json!({ "current_user_can_approve": false, "reviewers": [] }))])),
            format!("{only} does not let this account answer it"),
        ),
        (listed(json!([pending(1, "Production", json!({}))])), no_more("what waits there is Production")),
        (listed(json!([pending(1, "production ", json!({}))])), no_more("what waits there is production")),
        (ended(json!([])), no_more("GitHub names nobody who answered")),
        (ended(json!([answer("bo", "approved", 161, "production")])), no_more("approved by bo")),
        (
            ended(json!([
                answer("bo", "Rejected", 161, "production"), answer("kim", "approved", 160, "staging"),
                answer("ana", "pending", 161, "production"), null, { "state": "approved" },
                with(answer("x", "approved", 161, "production"), json!({ "user": null })),
            ])),
            no_more("denied by bo, approved by ghost"),
        ),
        (
            both(ended(json!([])), of_run(json!({ "status": "completed", "conclusion": "cancelled" }))),
            no_more("its run is canceled"),
        ),
        (
            both(listed(json!([])), refused(APPROVALS, 500)),
            no_more("who answered cannot be read: GitHub is unavailable (500): Not for you"),
        ),
        (of_run(json!({ "head_sha": "aaaabbbbcccc" })), changed("went from 6dcb09b… to aaaabbb…")),
        (
            of_run(json!({ "run_attempt": 2, "run_started_at": "2026-11-22T11:00:00Z" })),
            changed("was run again (attempt 2)"),
        ),
        (
            of_run(json!({ "run_attempt": 0, "run_started_at": "2026-11-22T11:00:00Z" })),
            changed("was run again"),
        ),
        (refused(RUN, 404), "rejected: acme/web/runs/31/production was not approved: GitHub has no such thing".to_owned()),
        (refused(RUN, 403), "auth: acme/web/runs/31/production was not approved: GitHub does not allow it".to_owned()),
        (refused(PENDING, 403), "auth: acme/web/runs/31/production was not approved".to_owned()),
        (refused(PENDING, 404), "rejected: acme/web/runs/31/production was not approved".to_owned()),
        // Who answered before is not needed to answer.
        (refused(APPROVALS, 403), "done".to_owned()),
        // Nothing of these is known.
        (of_run(json!({ "head_sha": null })), "unavailable: GitHub does not say which commit it is of".to_owned()),
        (of_run(json!({ "run_started_at": null })), "unavailable: GitHub does not say when it began".to_owned()),
        (of_run(json!({ "run_attempt": "x" })), "unavailable: GitHub answered with something unexpected".to_owned()),
        (refused(RUN, 500), "unavailable".to_owned()),
        (refused(PENDING, 502), "unavailable".to_owned()),
        (listed(json!(null)), "unavailable".to_owned()),
        (listed(json!({ "pending_deployments": [] })), "unavailable".to_owned()),
        (listed(json!([1])), "unavailable: whether acme/web/runs/31/production waits cannot be read".to_owned()),
        (listed(json!([{ "env": environment(161, "production") }])), "unavailable: whether".to_owned()),
        (listed(json!([{ "environment": null }])), "unavailable: whether".to_owned()),
        (listed(json!([{ "environment": { "id": 161, "name": null } }])), "unavailable: whether".to_owned()),
        (
            listed(json!([{ "environment": { "id": null, "name": "production" } }])),
            "unavailable: whether acme/web/runs/31/production waits cannot be read: its environment has no id".to_owned(),
        ),
        (
            listed(json!([production(json!({})), pending(162, "production", json!({}))])),
            "unavailable: whether acme/web/runs/31/production waits cannot be read: it is listed twice".to_owned(),
        ),
    ];
    for (index, (first, expected)) in cases.into_iter().enumerate() {
        let first = first.into_iter().chain([taken()]).collect();
        let (came, writes) = perform(first, "approve", &on_board(Some("production"), &[])).await;
        let line = line(&came);
        assert!(line.starts_with(&expected), "case {index}: expected {expected}\n     found {line}");
        assert_eq!(writes, usize::from(line == "done"), "case {index}: {line}");
    }
}

/// What an answer is answered with, while it waits on -> what that means.
#[tokio::test]
async fn only_the_documented_answer_shows_that_it_was_taken() {
    let message = |message: &str| json!({ "message": message, "errors": ["Reviewer cannot approve"] });
    let cases = [
        (200, json!([deployment("production")]), "done"),
        (200, json!([null, deployment("staging"), deployment("production")]), "done"),
        (200, json!([with(deployment("production"), json!({ "id": "42", "creator": null }))]), "done"),
        (200, json!([]), "unknown"),
        (200, json!([deployment("staging")]), "unknown"),
        (200, json!([with(deployment("production"), json!({ "id": null }))]), "unknown"),
        (200, json!([{ "id": 42 }]), "unknown"),
        (200, json!(null), "unknown"),
        (200, json!({}), "unknown"),
        (200, message("Queued"), "unknown"),
        (201, json!([deployment("production")]), "unknown"),
        (202, json!([deployment("production")]), "unknown"),
        (204, json!(null), "unknown"),
        (400, message("No"), "rejected: acme/web/runs/31/production was not denied: GitHub refused it (400)"),
        (
            401,
            message("Bad credentials"),
            "auth: acme/web/runs/31/production was not denied: GitHub refused the sign-in",
        ),
        (403, message("No"), "auth: acme/web/runs/31/production was not denied: GitHub does not allow it"),
        (
            404,
            message("Not Found"),
            "rejected: acme/web/runs/31/production was not denied: GitHub has no such thing",
        ),
        (
            422,
            message("No"),
            "rejected: acme/web/runs/31/production was not denied: GitHub refused it (422): No: Reviewer",
        ),
        (429, message("Slow down"), "rate limited"),
        (408, message("No"), "unknown"),
        (500, message("No"), "unknown"),
        (503, message("No"), "unknown"),
    ];
    for (status, body, expected) in cases {
        let denied = on_board(Some("production"), &[("why", "Not now")]);
        let (came, writes) = perform(vec![sent(status, &body)], "deny", &denied).await;
        let line = line(&came);
        assert!(line.starts_with(expected), "{status} {body}: {line}");
        assert_eq!(writes, 1, "{status} {body}: nothing is sent twice");
    }

    let lacks = ResponseTemplate::new(403)
        .insert_header("x-accepted-github-permissions", "deployments=write")
        .set_body_json(json!({ "message": "Resource not accessible by personal access token" }));
    let refused = vec![Mock::given(method("POST")).respond_with(lacks)];
    let (came, _) = perform(refused, "approve", &on_board(Some("production"), &[])).await;
    let Err(ServiceError::Auth { missing_scopes, signed_in: true, .. }) = came else { panic!("{came:?}") };
    assert_eq!(missing_scopes, ["deployments:write"]);
}

/// The answers before and after one that was lost -> whether it is seen to be given.
#[tokio::test]
async fn lost_answer_counts_only_where_the_history_has_it() {
    let of = |by: &str, state: &str| answer(by, state, 161, "production");
    let mine = || of("ana", "approved");
    let cases = [
        ("approve", json!([]), json!([mine()]), true),
        ("approve", json!([]), json!([of("bo", "rejected"), of("Ana", " Approved ")]), true),
        ("approve", json!([of("bo", "approved")]), json!([mine(), of("bo", "approved")]), true),
        // An earlier attempt had one too.
        ("approve", json!([mine()]), json!([mine(), mine()]), true),
        ("approve", json!([mine()]), json!([mine()]), false),
        ("approve", json!([mine()]), json!([mine(), of("bo", "approved")]), false),
        ("approve", json!([]), json!([]), false),
        ("approve", json!([]), json!([of("ana", "rejected")]), false),
        ("approve", json!([]), json!([of("ana", "pending")]), false),
        ("approve", json!([]), json!([of("bo", "approved")]), false),
        ("approve", json!([]), json!([answer("ana", "approved", 160, "staging")]), false),
        ("approve", json!([]), json!([with(mine(), json!({ "user": null }))]), false),
        ("approve", json!([]), json!([with(mine(), json!({ "user": { "login": "" } }))]), false),
        ("approve", json!([]), json!([with(mine(), json!({ "environments": null }))]), false),
        ("approve", json!([]), json!([with(mine(), json!({ "state": null }))]), false),
        ("approve", json!([]), json!([{ "review": "approved" }]), false),
        ("approve", json!([]), json!(null), false),
        // What was there before is not known.
        ("approve", json!(null), json!([mine()]), false),
        ("approve", json!([1]), json!([mine()]), false),
        ("deny", json!([]), json!([of("ana", "rejected")]), true),
        ("deny", json!([]), json!([mine()]), false),
    ];
    // Whether it still waits says nothing: another job may ask for the same.
    for rows in [json!([]), json!([pending(161, "production", json!({}))])] {
        for (name, before, after, done) in &cases {
            let first = vec![
                get(APPROVALS, before.clone()).up_to_n_times(1),
                get(APPROVALS, after.clone()),
                get(PENDING, json!([pending(161, "production", json!({}))])).up_to_n_times(1),
                get(PENDING, rows.clone()),
                sent(502, &json!(null)),
            ];
            let args = on_board(Some("production"), &[("why", "Not now")]);
            let (came, writes) = perform(first, name, &args).await;
            let expected = if *done { "done" } else { "unknown" };
            assert_eq!((line(&came).as_str(), writes), (expected, 1), "{name}: {before} {after}");
        }
    }

    let no_user = Mock::given(path("/user")).respond_with(ResponseTemplate::new(500));
    let first = vec![
        get(APPROVALS, json!([])).up_to_n_times(1),
        get(APPROVALS, json!([mine()])),
        no_user,
        sent(502, &json!(null)),
    ];
    let (came, writes) = perform(first, "approve", &on_board(Some("production"), &[])).await;
    assert_eq!((line(&came).as_str(), writes), ("unknown", 1), "who I am is not known");
}

#[tokio::test]
async fn who_was_faster_is_named() {
    let first = vec![
        get(PENDING, json!([pending(161, "production", json!({}))])).up_to_n_times(1),
        get(PENDING, json!([])),
        get(APPROVALS, json!([])).up_to_n_times(1),
        get(APPROVALS, json!([answer("bo", "rejected", 161, "production")])),
        sent(422, &json!({ "message": "Validation Failed" })),
    ];
    let (came, writes) = perform(first, "approve", &on_board(Some("production"), &[])).await;
    let expected = "rejected: acme/web/runs/31/production was not approved: it is not waiting: denied by bo";
    assert_eq!((line(&came).as_str(), writes), (expected, 1));
}

#[tokio::test]
async fn environment_is_found_by_its_exact_name() {
    let long = "x".repeat(255);
    let names = [
        "production",
        "eu/production",
        "Release 2.1",
        "100%",
        "a%2Fb",
        "Produktion Köln",
        "prod#1?x=&y",
        "../../x",
        "..",
        "production ",
        " production",
        "production\u{200b}",
        "prod\u{202e}uction",
        "prod\tuction",
        "\"",
        &long,
    ];
    for (at, name) in names.iter().enumerate() {
        let id = |at: usize| 100 + u64::try_from(at).unwrap();
        let rows: Vec<_> =
            names.iter().enumerate().map(|(at, name)| pending(id(at), name, json!({}))).collect();
        let server = serve([get(PENDING, json!(rows)), sent(200, &json!([deployment(name)]))]).await;
        mount(&server, service()).await;
        let shown = on_board(Some(name), &[]);
        // As a person would type it.
        let key = &shown.item("approval").unwrap().key;
        let typed = args(&[("approval", &key.id)]);
        for args in [shown.clone(), typed] {
            let came = action(&server, "approve").run(&args, now(), &RecordedProgress::default()).await;
            assert!(came.as_ref().is_ok_and(|outcome| outcome.ok), "{name:?}: {came:?}");
            let requests = server.received_requests().await.unwrap();
            let body: Value = requests.last().unwrap().body_json().unwrap();
            assert_eq!(body["environment_ids"], json!([id(at)]), "{name:?}");
        }
    }
}
