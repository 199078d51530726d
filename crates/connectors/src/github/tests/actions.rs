//! Commands over real HTTP: exactly what is sent, and what each answer becomes.

use callboard_domain::message::Block;
use wiremock::matchers::{any, body_json};

use super::*;

const NAMED: &[(&str, &str)] = &[("pr", "acme/web#482")];
const HEAD: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

fn action(server: &MockServer, name: &str) -> Arc<dyn Action> {
    let actions = connect(&server.uri(), &["acme/web"]).actions;
    actions.into_iter().find(|action| action.spec().name == name).expect("the command")
}

/// Arguments, with the pull request or build standing on the board.
fn on_board(values: &[(&str, &str)]) -> Args {
    let account = "forge".into();
    let pull: wire::Pull = serde_json::from_str(&pull(482, json!({})).to_string()).unwrap();
    let run: wire::Run =
        serde_json::from_str(&run(31, json!({ "conclusion": "failure" })).to_string()).unwrap();
    let pull = super::super::normalise::pull(&account, "acme/web", &pull, &[], None, now());
    let mut builds = normalise::builds(&[run], &Default::default());
    let items = [("pr".to_owned(), pull), ("run".to_owned(), builds.remove(0))];
    Args { items: items.into(), ..args(values) }
}

fn reply(verb: &str, at: &str, status: u16, body: Value) -> Mock {
    Mock::given(method(verb)).and(path(at)).respond_with(ResponseTemplate::new(status).set_body_json(body))
}

async fn perform(
    server: &MockServer,
    name: &str,
    args: &Args,
) -> Result<callboard_domain::run::Outcome, ServiceError> {
    action(server, name).run(args, now(), &RecordedProgress::default()).await
}

/// Each write sends exactly what its preview shows.
#[tokio::test]
async fn writes_send_the_requests_of_their_preview() {
    let cases = [
        (
            "pr approve",
            args(NAMED),
            "POST",
            "/repos/acme/web/pulls/482/reviews",
            json!({ "event": "APPROVE" }),
        ),
        (
            "pr approve",
            on_board(&[("message", "Works")]),
            "POST",
            "/repos/acme/web/pulls/482/reviews",
            json!({ "event": "APPROVE", "body": "Works", "commit_id": HEAD }),
        ),
        (
            "pr comment",
            args(&[("pr", "https://github.com/acme/web/pull/482"), ("message", "Why \"this\"?")]),
            "POST",
            "/repos/acme/web/issues/482/comments",
            json!({ "body": "Why \"this\"?" }),
        ),
        (
            "pr merge",
            args(NAMED),
            "PUT",
            "/repos/acme/web/pulls/482/merge",
            json!({ "merge_method": "merge" }),
        ),
        (
            "pr merge",
            on_board(&[("method", "squash")]),
            "PUT",
            "/repos/acme/web/pulls/482/merge",
            json!({ "merge_method": "squash", "sha": HEAD }),
        ),
    ];
    for (name, args, verb, at, body) in cases {
        let answer = json!({ "merged": true, "id": 80, "state": "APPROVED" });
        let sent = Mock::given(method(verb)).and(path(at)).and(body_json(&body));
        let server =
            serve([sent.respond_with(ResponseTemplate::new(200).set_body_json(answer)).expect(1)]).await;
        let outcome = perform(&server, name, &args).await.unwrap();
        assert!(outcome.ok && outcome.summary.contains("acme/web#482"), "{outcome:?}");
        let steps = action(&server, name).preview(&args, now()).unwrap();
        let shown = format!("{verb} {}{at}\n{body:#}", server.uri());
        assert_eq!(steps.iter().map(|step| step.request.as_str()).collect::<Vec<_>>(), [shown.as_str()]);
    }
}

#[test]
fn text_that_names_no_pull_request_is_refused() {
    let cases = [
        ("", "needs pr"),
        ("482", "expected a pull request such as acme/web#479"),
        ("acme/web#", "expected a pull request"),
        ("acme/web#x", "expected a pull request"),
        ("../..#1", "expected a pull request"),
        ("acme/we b#1", "expected a pull request"),
        ("https://github.com/acme/web/issues/482", "expected a pull request"),
    ];
    let connection = connect("https://api.github.com", &[]);
    let merge = connection.actions.iter().find(|action| action.spec().name == "pr merge").unwrap();
    for (text, expected) in cases {
        let error = merge.preview(&args(&[("pr", text)]), now()).unwrap_err();
        assert!(error.to_string().contains(expected), "{text:?}: {error}");
    }
    let rerun = connection.actions.iter().find(|action| action.spec().name == "run rerun").unwrap();
    for (values, expected) in [
        (&[("run", "x"), ("repo", "acme/web")][..], "expected a build on the board"),
        (&[("run", "31")], "needs repo"),
        (&[("run", "31"), ("repo", "acme")], "expected a repository"),
    ] {
        let error = rerun.preview(&args(values), now()).unwrap_err();
        assert!(error.to_string().contains(expected), "{values:?}: {error}");
    }
}

#[tokio::test]
async fn refused_merge_reports_the_reason() {
    let message =
        |message: &str| json!({ "message": message, "documentation_url": "https://docs.github.com/rest" });
    let cases = [
        (
            409,
            message("Head branch was modified. Review and try the merge again."),
            "its branch has changed since it was last seen here",
        ),
        (
            405,
            message("Merge commits are not allowed on this repository."),
            "acme/web#482 was not merged: GitHub refused it (405): Merge commits are not allowed",
        ),
        (
            405,
            message("Pull Request is not mergeable"),
            "was not merged: GitHub refused it (405): Pull Request is not mergeable",
        ),
        (422, json!({ "message": "Validation Failed", "errors": ["Draft"] }), "Validation Failed: Draft"),
        (
            422,
            json!({ "message": "Validation Failed", "errors": [{ "message": "Head out of date" }] }),
            "Validation Failed: Head out of date",
        ),
    ];
    for (status, body, expected) in cases {
        let server = serve([reply("PUT", "/repos/acme/web/pulls/482/merge", status, body)]).await;
        let error = perform(&server, "pr merge", &args(NAMED)).await.unwrap_err();
        assert!(
            matches!(&error, ServiceError::Rejected { why } if why.contains(expected)),
            "{status}: {error}"
        );
    }
    let not = json!({ "merged": false, "message": "Base branch was modified" });
    let server = serve([reply("PUT", "/repos/acme/web/pulls/482/merge", 200, not)]).await;
    let outcome = perform(&server, "pr merge", &args(NAMED)).await.unwrap();
    assert!(
        !outcome.ok && outcome.summary.ends_with("was not merged: Base branch was modified"),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn own_pull_request_cannot_be_approved() {
    let body =
        json!({ "message": "Unprocessable Entity", "errors": ["Can not approve your own pull request"] });
    let server = serve([reply("POST", "/repos/acme/web/pulls/482/reviews", 422, body)]).await;
    let error = perform(&server, "pr approve", &args(NAMED)).await.unwrap_err();
    assert!(error.to_string().contains("Can not approve your own pull request"), "{error}");
}

/// What was lost on the way is looked for once: done is done, everything else stays unknown.
#[tokio::test]
async fn lost_response_of_a_write_is_checked_once() {
    let merged = pull(482, json!({ "state": "closed", "merged_at": "2026-11-22T11:59:59Z" }));
    let pull_at = |body| vec![get("/repos/acme/web/pulls/482", body)];
    let reviews = |by: &str, state: &str, at: &str| {
        vec![
            get("/user", user("ana")),
            get("/repos/acme/web/pulls/482/reviews", json!([review(by, state, at)])),
        ]
    };
    let run_is = |status: &str| {
        vec![get("/repos/acme/web/actions/runs/31", run(31, json!({ "status": status, "conclusion": null })))]
    };
    let (merge, approve, rerun) = ("pr merge", "pr approve", "run rerun");
    let cases = [
        (merge, pull_at(merged), true),
        (merge, pull_at(pull(482, json!({}))), false),
        (merge, vec![], false),
        (approve, reviews("ana", "APPROVED", "2026-11-22T12:00:01Z"), true),
        (approve, reviews("Ana", " Approved", "2026-11-22T12:00:01Z"), true),
        (approve, reviews("ana", "APPROVED", "2026-11-22T10:00:00Z"), false),
        (approve, reviews("ana", "COMMENTED", "2026-11-22T12:00:01Z"), false),
        (approve, reviews("bo", "APPROVED", "2026-11-22T12:00:01Z"), false),
        (rerun, run_is("queued"), true),
        (rerun, run_is("completed"), false),
        (rerun, run_is("IN_PROGRESS"), true),
        (rerun, run_is("Completed"), false),
        (rerun, run_is(" COMPLETED "), false),
    ];
    for (index, (name, reads, done)) in cases.into_iter().enumerate() {
        let server = serve(reads).await;
        let lost = |request: &Request| request.method != "GET";
        mount(&server, [Mock::given(lost).respond_with(ResponseTemplate::new(502)).expect(1)]).await;
        match perform(&server, name, &on_board(&[])).await {
            Ok(outcome) => assert!(done && outcome.ok, "case {index}, {name}: {outcome:?}"),
            Err(error) => assert!(
                !done && matches!(error, ServiceError::Unknown { .. }),
                "case {index}, {name}: {error}"
            ),
        }
    }
}

/// What a write is answered with -> whether that shows that it was done; nothing shows it where it is looked up.
#[tokio::test]
async fn only_the_documented_answer_shows_that_a_write_was_done() {
    let (approve, comment, merge, rerun) = ("pr approve", "pr comment", "pr merge", "run rerun");
    let review = |state: &str| review("ana", state, "2026-11-22T12:00:01Z");
    let another = || json!({ "message": "m" });
    let cases = [
        (approve, 200, Some(review("APPROVED")), true),
        (approve, 201, Some(review("approved")), true),
        (approve, 200, Some(review("COMMENTED")), false),
        (approve, 200, Some(with(review("APPROVED"), json!({ "id": null }))), false),
        (approve, 200, Some(json!({ "id": 80 })), false),
        (approve, 200, Some(another()), false),
        (approve, 202, Some(another()), false),
        (approve, 206, Some(another()), false),
        (approve, 204, None, false),
        (comment, 201, Some(json!({ "id": 5 })), true),
        (comment, 201, Some(json!({ "id": 5, "html_url": null, "body": "hello" })), true),
        (comment, 201, Some(another()), false),
        (comment, 200, Some(json!({})), false),
        (comment, 201, None, false),
        (merge, 200, Some(json!({ "merged": true })), true),
        (merge, 200, Some(another()), false),
        (merge, 204, None, false),
        (rerun, 201, Some(json!({})), true),
        (rerun, 201, None, true),
        (rerun, 201, Some(run(32, json!({ "status": "queued" }))), true),
        (rerun, 201, Some(another()), false),
        (rerun, 200, Some(json!({})), false),
        (rerun, 202, None, false),
        (rerun, 204, None, false),
    ];
    for (name, status, body, done) in cases {
        let answer = ResponseTemplate::new(status);
        let answer = body.iter().fold(answer, |answer, body| answer.set_body_json(body));
        let is_write = |request: &Request| request.method != "GET";
        let server = serve([Mock::given(is_write).respond_with(answer).expect(1)]).await;
        let came = perform(&server, name, &on_board(&[("message", "hello")])).await;
        let case = format!("{name} {status} {body:?}: {came:?}");
        match came {
            Ok(outcome) => assert!(done && outcome.ok, "{case}"),
            Err(error) => assert!(!done && matches!(error, ServiceError::Unknown { .. }), "{case}"),
        }
    }
}

#[tokio::test]
async fn runs_are_run_again() {
    for (values, at) in [
        (&[][..], "/repos/acme/web/actions/runs/31/rerun"),
        (&[("failed-only", "true")], "/repos/acme/web/actions/runs/31/rerun-failed-jobs"),
    ] {
        let server = serve([reply("POST", at, 201, json!({})).expect(1)]).await;
        let outcome = perform(&server, "run rerun", &on_board(values)).await.unwrap();
        assert_eq!(outcome.summary, "acme/web/ci@main run 31 runs again");
        assert_eq!(outcome.link.unwrap().as_str(), "https://github.com/acme/web/actions/runs/31");
    }
}

#[tokio::test]
async fn a_403_names_the_missing_permissions() {
    let not_accessible = "Resource not accessible by personal access token";
    type Headers = &'static [(&'static str, &'static str)];
    let cases: [(Headers, &str, Option<&[&str]>); 7] = [
        (&[("x-accepted-github-permissions", "actions=write")], not_accessible, Some(&["actions:write"])),
        (
            &[("x-accepted-github-permissions", "actions=write,contents=read; administration=write")],
            not_accessible,
            Some(&["actions:write", "contents:read"]),
        ),
        (
            &[("x-oauth-scopes", "public_repo, read:org"), ("x-accepted-oauth-scopes", "repo, workflow")],
            "Must have admin rights",
            Some(&["repo or workflow"]),
        ),
        // A classic token without any scope.
        (&[("x-oauth-scopes", ""), ("x-accepted-oauth-scopes", "repo")], not_accessible, Some(&["repo"])),
        (
            &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "repo, workflow")],
            "Must have admin rights",
            Some(&[]),
        ),
        (&[("x-oauth-scopes", "repo")], "This workflow run is already running", None),
        (&[("x-oauth-scopes", "repo")], "This workflow run is ALREADY RUNNING", None),
    ];
    for (headers, message, expected) in cases {
        let mut answer = ResponseTemplate::new(403).set_body_json(json!({ "message": message }));
        for (name, value) in headers {
            answer = answer.insert_header(*name, *value);
        }
        let server = serve([Mock::given(any()).respond_with(answer)]).await;
        let error = perform(&server, "run rerun", &on_board(&[])).await.unwrap_err();
        match (&error, expected) {
            (ServiceError::Auth { missing_scopes, why, signed_in: true }, Some(expected)) => {
                assert_eq!(missing_scopes, expected);
                assert!(why.starts_with("acme/web/ci@main run 31 cannot be run again"), "{why}");
            }
            (ServiceError::Rejected { why }, None) => {
                assert!(why.to_lowercase().contains("already running"), "{why}");
            }
            other => panic!("{message}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn log_redirect_gets_no_token() {
    let store = MockServer::start().await;
    let log = "2026-11-22T09:05:00.0000000Z ##[group]Run make\n2026-11-22T09:05:01.0000000Z error: totals differ\n\
               2026-11-22T09:05:02.0000000Z ##[error]Process completed with exit code 2.\n";
    mount(&store, [Mock::given(path("/log")).respond_with(ResponseTemplate::new(200).set_body_string(log))])
        .await;
    let there = format!("{}/log?sig=abc", store.uri());
    let moved = ResponseTemplate::new(302).insert_header("location", there.as_str());
    let gone = json!({ "message": "Not Found" });
    let rows = jobs(&[job(7, "build", "failure"), job(8, "lint", "success"), job(9, "old", "timed_out")]);
    let server = serve([
        get("/repos/acme/web/actions/runs/31/jobs", rows),
        Mock::given(path("/repos/acme/web/actions/jobs/7/logs")).respond_with(moved),
        reply("GET", "/repos/acme/web/actions/jobs/9/logs", 404, gone),
    ])
    .await;
    let progress = RecordedProgress::default();
    let outcome = action(&server, "run log").run(&on_board(&[]), now(), &progress).await.unwrap();
    assert_eq!(outcome.summary, "acme/web/ci@main run 31: build, old failed");
    let text = "##[group]Run make\nerror: totals differ\n##[error]Process completed with exit code 2.";
    assert_eq!(outcome.blocks[..2], [Block::Text("build".to_owned()), Block::Code(text.to_owned())]);
    assert!(
        matches!(&outcome.blocks[3], Block::Code(why) if why.starts_with("The log of old cannot be read"))
    );
    assert!(progress.lines().contains(&format!("build\n{text}\n")), "{:?}", progress.lines());
    let sent = store.received_requests().await.unwrap();
    assert!(sent.len() == 1 && !sent[0].headers.contains_key("authorization"), "{sent:?}");
}

#[tokio::test]
async fn open_pull_requests_are_listed_with_their_state() {
    let other = with(
        pull(
            490,
            json!({ "title": "Invoice\u{1b}[31m rounding", "user": user("kim"), "updated_at": "2026-11-22T11:00:00Z" }),
        ),
        json!({ "requested_reviewers": [user("ana"), user("bo")] }),
    );
    let theirs =
        pull(491, json!({ "user": user("kim"), "draft": true, "updated_at": "2026-11-19T11:00:00Z" }));
    let server = serve([get("/repos/acme/web/pulls", json!([other, pull(482, json!({})), theirs]))]).await;
    mount(&server, forge()).await;
    let rows = |outcome: &callboard_domain::run::Outcome| match &outcome.blocks[0] {
        Block::List(rows) => rows.iter().map(|row| row.text.clone()).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    let outcome = perform(&server, "pr list", &args(&[("repo", "acme/web")])).await.unwrap();
    assert_eq!(outcome.summary, "3 pull requests are open in acme/web");
    let expected = [
        "acme/web#490 Invoice rounding · kim, 2 d · checks passed · review by ana and bo",
        "acme/web#482 Cache the price list · ana, 2 d · approved by bo · checks passed · merge by ana",
        "acme/web#491 Cache the price list · kim, 2 d · checks passed · draft by kim",
    ];
    assert_eq!(rows(&outcome), expected);
    assert_eq!(outcome.data.unwrap()[0]["key"], "forge/pull_request/acme/web#490");
    let outcome = perform(&server, "pr list", &args(&[("mine", "true")])).await.unwrap();
    assert_eq!(
        (outcome.summary.as_str(), rows(&outcome)),
        ("2 pull requests are open for you", expected[..2].to_vec().iter().map(|s| s.to_string()).collect())
    );

    let outcome = perform(&server, "pr show", &args(NAMED)).await.unwrap();
    let Block::Fields(fields) = &outcome.blocks[0] else { panic!("{outcome:?}") };
    let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        fields,
        [
            "State: open",
            "Author: ana",
            "Branch: cache into main",
            "Opened: 2 d ago",
            "Reviews: approved by bo",
            "Checks: checks passed",
            "Turn: merge by ana"
        ]
    );

    let server = serve([get("/user", user("ana")), get("/repos/acme/web/pulls", json!([]))]).await;
    let outcome = perform(&server, "pr list", &args(&[])).await.unwrap();
    assert_eq!((outcome.summary.as_str(), outcome.blocks.len()), ("No pull request is open", 0));
}

#[tokio::test]
async fn list_over_several_repositories_names_those_that_cannot_be_read() {
    let server = serve(forge()).await;
    let actions = connect(&server.uri(), &["acme/web", "acme/gone"]).actions;
    let list = actions.iter().find(|action| action.spec().name == "pr list").unwrap();
    let outcome = list.run(&args(&[]), now(), &RecordedProgress::default()).await.unwrap();
    assert_eq!(outcome.summary, "1 pull request is open");
    assert!(
        matches!(&outcome.blocks[1], Block::Text(text) if text.starts_with("acme/gone: GitHub has no such thing"))
    );
    let choices = list.choices("repo", &Args::default()).await.unwrap();
    assert_eq!(
        choices.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>(),
        ["acme/web", "acme/gone"]
    );
}
