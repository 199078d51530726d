//! GitHub's answers, written by hand after its REST documentation (version 2022-11-28), served over real HTTP.

mod actions;
mod answers;
mod away;
mod back;
mod branchless;
mod checks;
mod counter;
mod errors;
mod first_timers;
mod gate_ends;
mod gate_hooks;
mod gates;
mod gone;
mod hidden;
mod hook;
mod keeps_contract;
mod late_hooks;
mod missing_fields;
mod normalise;
mod odd_runs;
mod poll;
mod rate_limits;
mod reading;
mod renamed;
mod reported;
mod restored;
mod run_branch;
mod shipment;
mod taken_over;
mod unanswerable;
mod unread;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use callboard_domain::{
    action::Action,
    command::{Args, check_all},
    error::ServiceError,
    identity::Identity,
    item::{Build, Detail, Item, PullRequest},
    secret::SecretString,
    source::{Batch, Cursor},
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{method, path, query_param, query_param_is_missing},
};

use super::*;
use crate::{
    contract::{self, RecordedProgress, access_with, args, now},
    http::Client,
};

const SHA: &str = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

/// `base` with the fields of `change` put over it.
fn with(mut base: Value, change: Value) -> Value {
    for (field, value) in change.as_object().unwrap() {
        base[field] = value.clone();
    }
    base
}

fn user(login: &str) -> Value {
    json!({ "login": login, "id": 1, "type": "User", "html_url": format!("https://github.com/{login}") })
}

fn repo(name: &str) -> Value {
    json!({
        "id": 1296269, "name": name, "full_name": format!("acme/{name}"), "owner": user("acme"), "private": true,
        "default_branch": "main", "archived": false, "disabled": false, "pushed_at": "2026-11-22T11:00:00Z",
    })
}

fn pull(number: u64, change: Value) -> Value {
    let base = json!({
        "number": number, "title": "Cache the price list", "user": user("ana"), "body": null,
        "html_url": format!("https://github.com/acme/web/pull/{number}"),
        "state": "open", "draft": false, "locked": false,
        "created_at": "2026-11-20T09:00:00Z", "updated_at": "2026-11-22T10:00:00Z", "closed_at": null, "merged_at": null,
        "requested_reviewers": [], "requested_teams": [], "assignees": [], "labels": [],
        "head": { "label": "acme:cache", "ref": "cache", "sha": SHA, "user": user("acme"), "repo": repo("web") },
        "base": { "label": "acme:main", "ref": "main", "sha": "base", "user": user("acme"), "repo": repo("web") },
    });
    with(base, change)
}

fn review(by: &str, state: &str, at: &str) -> Value {
    json!({ "id": 80, "user": user(by), "body": "", "state": state, "submitted_at": at, "commit_id": SHA })
}

fn check(name: &str, status: &str, conclusion: Option<&str>) -> Value {
    json!({
        "id": 4, "name": name, "head_sha": SHA, "status": status, "conclusion": conclusion,
        "started_at": "2026-11-22T10:01:00Z", "completed_at": conclusion.map(|_| "2026-11-22T10:05:00Z"),
    })
}

fn checks(rows: &[Value]) -> Value {
    json!({ "total_count": rows.len(), "check_runs": rows })
}

fn statuses(rows: &[Value]) -> Value {
    json!({ "state": "pending", "sha": SHA, "total_count": rows.len(), "statuses": rows })
}

fn run(id: u64, change: Value) -> Value {
    let base = json!({
        "id": id, "name": "CI", "path": ".github/workflows/ci.yml", "display_title": "Round the totals",
        "head_branch": "main", "head_sha": "aaaa", "run_number": id, "run_attempt": 1, "event": "push",
        "status": "completed", "conclusion": "success", "workflow_id": 9, "check_suite_id": 3, "pull_requests": [],
        "html_url": format!("https://github.com/acme/web/actions/runs/{id}"),
        "created_at": "2026-11-22T09:00:00Z", "updated_at": "2026-11-22T09:10:00Z", "run_started_at": "2026-11-22T09:00:00Z",
        "actor": user("bo"), "triggering_actor": user("bo"),
        "repository": repo("web"), "head_repository": repo("web"),
        "head_commit": { "id": "aaaa", "message": "Round the totals\n\nThey were off by one cent.", "author": {} },
    });
    with(base, change)
}

fn runs(rows: &[Value]) -> Value {
    json!({ "total_count": rows.len(), "workflow_runs": rows })
}

fn job(id: u64, name: &str, conclusion: &str) -> Value {
    json!({ "id": id, "run_id": 1, "name": name, "status": "completed", "conclusion": conclusion, "steps": [] })
}

fn jobs(rows: &[Value]) -> Value {
    json!({ "total_count": rows.len(), "jobs": rows })
}

/// A GET that answers with this, by ETag as GitHub does, and counts the rate limit down.
fn get(at: &str, body: Value) -> Mock {
    Mock::given(method("GET")).and(path(at)).respond_with(move |request: &Request| {
        let etag = format!("W/\"{:x}\"", hash(&body));
        let known = request.headers.get("if-none-match").is_some_and(|known| known == etag.as_str());
        let answer = ResponseTemplate::new(if known { 304 } else { 200 })
            .insert_header("etag", etag.as_str())
            .insert_header("x-oauth-scopes", "repo, workflow, read:org")
            .insert_header("x-ratelimit-limit", "5000")
            .insert_header("x-ratelimit-remaining", "4321")
            .insert_header("x-ratelimit-reset", "1795350000")
            .insert_header("x-ratelimit-resource", "core");
        if known { answer } else { answer.set_body_json(&body) }
    })
}

fn hash(body: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.to_string().hash(&mut hasher);
    hasher.finish()
}

/// A GitHub with one repository, `acme/web`: an open pull request under review, a red main.
fn forge() -> Vec<Mock> {
    vec![
        get("/user", user("ana")),
        get("/user/teams", json!([{ "slug": "release", "name": "Release" }])),
        get("/repos/acme/web", repo("web")),
        get("/repos/acme/web/pulls", json!([pull(482, json!({}))])),
        get("/repos/acme/web/pulls/482", pull(482, json!({ "mergeable": true, "mergeable_state": "clean" }))),
        get("/repos/acme/web/pulls/482/reviews", json!([review("bo", "APPROVED", "2026-11-22T09:30:00Z")])),
        get(
            &format!("/repos/acme/web/commits/{SHA}/check-runs"),
            checks(&[check("lint", "completed", Some("success"))]),
        ),
        get(&format!("/repos/acme/web/commits/{SHA}/status"), statuses(&[])),
        get(
            "/repos/acme/web/actions/runs",
            runs(&[run(31, json!({ "conclusion": "failure" })), run(30, json!({}))]),
        ),
        get("/repos/acme/web/actions/runs/31", run(31, json!({ "conclusion": "failure" }))),
        get(
            "/repos/acme/web/actions/runs/31/jobs",
            jobs(&[job(7, "build", "failure"), job(8, "lint", "success")]),
        ),
    ]
}

async fn serve(mocks: impl IntoIterator<Item = Mock>) -> MockServer {
    let server = MockServer::start().await;
    mount(&server, mocks).await;
    server
}

/// What GitHub answers for what is not there, or hidden.
fn missing(at: &str) -> Mock {
    Mock::given(path(at))
        .respond_with(ResponseTemplate::new(404).set_body_json(json!({ "message": "Not Found" })))
}

/// Those that are mounted first answer first.
async fn mount(server: &MockServer, mocks: impl IntoIterator<Item = Mock>) {
    for mock in mocks {
        mock.mount(server).await;
    }
}

fn config(url: &str, watch: &[&str]) -> Config {
    Config {
        allow_http: false,
        url: url.parse().unwrap(),
        watch: watch.iter().map(|text| text.parse().unwrap()).collect(),
        every: None,
    }
}

fn connect(url: &str, watch: &[&str]) -> Connection {
    connect_by(url, watch, "ghp_secret")
}

fn connect_by(url: &str, watch: &[&str], token: &str) -> Connection {
    let secrets = [("token", token), ("webhook_secret", "It's a Secret to Everybody")];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), SecretString::from(value)));
    let access = Access {
        account: "forge".into(),
        client: Client::new().unwrap().with_clock(contract::now),
        secrets: secrets.into(),
        person: None,
    };
    config(url, watch).connect(access).unwrap()
}

/// A source whose time to read is over as soon as it begins.
fn in_no_time(url: &str, watch: &[&str]) -> Arc<dyn callboard_domain::source::Source> {
    let config = config(url, watch);
    let hook = Webhook::new("forge".into(), config.watch.clone(), None);
    let credential = Credential::Bearer("ghp_secret".into());
    let client = Client::new().unwrap().with_clock(contract::now);
    let http = Http::new(client, config.url.to_url(), "GitHub", credential);
    let account = Account::new("forge".into(), http, config.watch, hook.knowledge());
    Arc::new(Account { reading_time: Duration::ZERO, ..account })
}

fn pull_of(item: &Item) -> &PullRequest {
    match &item.detail {
        Detail::PullRequest(pull) => pull,
        other => panic!("{other:?}"),
    }
}

fn build_of(item: &Item) -> &Build {
    match &item.detail {
        Detail::Build(build) => build,
        other => panic!("{other:?}"),
    }
}

/// A snapshot in a line, for tables.
fn summary(item: &Item) -> String {
    match &item.detail {
        Detail::PullRequest(pull) => {
            let reviews: Vec<_> =
                pull.reviews.iter().map(|review| format!("{}={:?}", review.by, review.verdict)).collect();
            let checks = pull.checks.as_ref().map_or("?", |checks| checks.status.name());
            let by = pull.merged_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
            format!("{} {}{by} [{}] {checks}", item.key.id, pull.state.name(), reviews.join(" "))
        }
        Detail::Build(build) => {
            let run = |run: &callboard_domain::item::BuildRun| {
                format!("{}.{} {} {:?}", run.number, run.attempt, run.status.name(), run.failing)
            };
            format!("{} {}", item.key.id, build.runs.iter().map(run).collect::<Vec<_>>().join(", "))
        }
        Detail::Approval(approval) => format!("{} {}", item.key.id, approval.state.name()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn command_specs_have_no_problems() {
    let connection = connect("https://api.github.com", &[]);
    let problems = check_all(connection.actions.iter().map(|action| action.spec()));
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_config_has_the_usual_defaults_and_refuses_the_website() {
    let config: Config = toml::from_str("").unwrap();
    assert_eq!(config.url.to_string(), "https://api.github.com/");
    assert!(config.validate().is_empty());
    let config: Config =
        toml::from_str("url = \"https://github.com\"\nwatch = [\"acme/*\"]\nevery = \"60s\"").unwrap();
    assert_eq!(config.validate()[0].key, "url");
    let access = Access {
        account: "forge".into(),
        client: Client::new().unwrap(),
        secrets: Default::default(),
        person: None,
    };
    let missing = config.connect(access).err();
    assert!(matches!(missing, Some(ConnectError::MissingSecret { one_of }) if one_of == SECRETS[..1]));
}

#[tokio::test]
async fn identity_names_the_missing_scopes() {
    let classic = "ghp_secret";
    let unprefixed = "0123456789abcdef0123456789abcdef01234567";
    let all = &["repo", "workflow", "read:org"][..];
    let cases = [
        (classic, Some("repo, workflow, read:org"), &[][..]),
        (classic, Some("repo, workflow, admin:org"), &[]),
        (classic, Some("repo, read:org"), &["workflow"]),
        (classic, Some("public_repo"), all),
        ("secret", Some("public_repo"), all),
        // None of them is ticked.
        (classic, Some(""), all),
        (classic, Some(" "), all),
        ("gho_secret", Some(""), all),
        (unprefixed, Some(""), all),
        // A fine-grained token or an app's has no scopes: what is not known is not missing.
        (classic, None, &[]),
        ("github_pat_secret", None, &[]),
        ("github_pat_secret", Some(""), &[]),
        ("ghu_secret", Some(""), &[]),
        ("ghs_secret", Some(" "), &[]),
        (&unprefixed[1..], Some(""), &[]),
        ("secret", Some(""), &[]),
    ];
    for (token, scopes, expected) in cases {
        let mut answer = ResponseTemplate::new(200).set_body_json(user("ana"));
        if let Some(scopes) = scopes {
            answer = answer.insert_header("x-oauth-scopes", scopes);
        }
        let refused =
            ResponseTemplate::new(403).set_body_json(json!({ "message": "Resource not accessible" }));
        let server = serve([
            Mock::given(path("/user")).respond_with(answer),
            Mock::given(path("/user/teams")).respond_with(refused),
        ])
        .await;
        let identity = connect_by(&server.uri(), &[], token).identify.identify().await.unwrap();
        let missing: Vec<_> = identity.missing_scopes.iter().map(|missing| missing.scope.as_str()).collect();
        assert_eq!(missing, expected, "{token} {scopes:?}");
        assert_eq!((identity.login.as_str(), identity.teams.len()), ("ana", 0));
    }
}

#[tokio::test]
async fn missing_scope_is_named_in_a_sentence() {
    let answer =
        ResponseTemplate::new(200).set_body_json(user("ana")).insert_header("x-oauth-scopes", "gist");
    let server = serve([Mock::given(path("/user")).respond_with(answer)]).await;
    let identity = connect(&server.uri(), &[]).identify.identify().await.unwrap();
    let sentences: Vec<_> = identity.missing_scopes.iter().map(ToString::to_string).collect();
    let expected = [
        "cannot see private repositories, review, merge or run jobs again: the credential lacks `repo`",
        "cannot merge changes to workflow files or run their jobs again: the credential lacks `workflow`",
        "cannot see reviews asked of your teams or all of an organisation's repositories: the credential lacks `read:org`",
    ];
    assert_eq!(sentences, expected);
}

#[tokio::test]
async fn identity_has_teams_and_the_server() {
    let enterprise = ResponseTemplate::new(200)
        .set_body_json(user("ana"))
        .insert_header("x-github-enterprise-version", "enterprise-server@3.19.0");
    let teams = get(
        "/api/v3/user/teams",
        json!([{ "slug": "release", "organization": { "login": "acme" } }, null, { "slug": "web-team" }]),
    );
    let server = serve([Mock::given(path("/api/v3/user")).respond_with(enterprise), teams]).await;
    let connection = connect(&format!("{}/api/v3", server.uri()), &[]);
    let identity = connection.identify.identify().await.unwrap();
    let expected = Identity {
        login: "ana".to_owned(),
        teams: vec!["team/acme/release".to_owned(), "team/web-team".to_owned()],
        server: Some("GitHub Enterprise Server 3.19.0".to_owned()),
        missing_scopes: Vec::new(),
        name: None,
        teams_unread: identity.teams_unread.clone(),
        tenant: None,
    };
    assert!(identity.teams_unread.as_deref().is_some_and(|why| why.starts_with("entry 2: ")), "{identity:?}");
    assert_eq!(identity, expected);
}

/// Problems as text.
fn texts(problems: &[callboard_domain::source::Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}
