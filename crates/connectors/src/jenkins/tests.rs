mod actions;
mod answers;
mod builds;
mod gone;
mod input_lists;
mod inputs;

use callboard_domain::{
    action::Action,
    command::Args,
    event::{EventName, compare},
    item::{Detail, Item, Kind},
};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{basic_auth, body_string, header, method, path, query_param},
};

use super::*;
use crate::contract::{self, RecordedProgress, SECRET, Subject, USER, access, args};

fn config(url: &str, watch: &[&str]) -> Config {
    serde_json::from_value(json!({ "url": url, "user": USER, "watch": watch })).unwrap()
}

fn connect(url: &str, watch: &[&str]) -> Connection {
    config(url, watch).connect(access(&["token"])).unwrap()
}

fn get(at: &str, body: Value) -> Mock {
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(ResponseTemplate::new(200).insert_header("x-jenkins", "2.541").set_body_json(body))
}

fn post(at: &str, status: u16, location: &str) -> Mock {
    let answer = ResponseTemplate::new(status).insert_header("location", location);
    Mock::given(method("POST")).and(path(at)).respond_with(answer)
}

async fn serve(mocks: impl IntoIterator<Item = Mock>) -> MockServer {
    let server = MockServer::start().await;
    for mock in mocks {
        mock.mount(&server).await;
    }
    server
}

/// A small company's jobs: a folder with a plain job and a multibranch project, and a job of its own.
fn jobs() -> Value {
    serde_json::from_str(include_str!("jobs.json")).unwrap()
}

/// An item in a few lines, to be compared with what is expected.
fn summary(item: &Item) -> String {
    let Detail::Build(build) = &item.detail else { panic!("not a build") };
    let branch = build.branch.as_deref().unwrap_or("-");
    let default = if build.default_branch { "default" } else { "other" };
    let page = item.url.as_ref().map_or("-", |url| url.as_str());
    let mut lines =
        vec![format!("{} = {} / {} / {branch} {default} {page}", item.key, build.repo, build.pipeline)];
    for run in &build.runs {
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        lines.push(format!(
            "  #{} {} {} by {} at {} of {}{}",
            run.number,
            run.status.name(),
            or(&run.commit),
            or(&run.author),
            run.at.map_or("-".to_owned(), |at| at.to_string()),
            or(&run.subject),
            run.started_by.as_ref().map_or_else(String::new, |by| format!(", started by {by}")),
        ));
    }
    lines.join("\n")
}

#[tokio::test]
async fn jobs_are_watched_with_their_folders_branches_and_queue() {
    let server = serve([get("/api/json", jobs())]).await;
    let source = connect(&server.uri(), &[]).source.unwrap();
    let batch = source.poll(None, contract::now()).await.unwrap();
    let summaries: Vec<_> = batch.snapshots.iter().map(summary).collect();
    assert_eq!(
        summaries,
        [
            "test/build/web/api@main = web / api / main default https://ci.example/job/web/job/api/job/main/\n  \
               #57 failed abcd by bo at 2026-11-22T12:01:30Z of Add the cart\n  \
               #56 passed - by - at 2026-11-22T11:01:00Z of -",
            "test/build/web/api@feature/cart = web / api / feature/cart other -\n  \
               #3 failed - by - at 2026-11-22T12:00:00Z of unstable, 3 of 120 tests failed",
            "test/build/web/site = web / site / main default https://ci.example/job/web/job/site/\n  \
               #8 queued - by - at 2026-11-22T12:01:40Z of -\n  \
               #7 running beef by - at 2026-11-22T12:01:00Z of -, started by ana",
            "test/build/deploy = deploy / deploy / - default -\n  \
               #2 canceled - by - at 2026-11-22T12:00:05Z of REF=v2 DRY=true\n  \
               #1 canceled - by - at 1969-12-31T23:59:59.999Z of -",
        ]
    );
    assert_eq!(
        (batch.complete, batch.problems.len()),
        ([Kind::Build, Kind::Approval].map(callboard_domain::source::Scope::all).to_vec(), 0)
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_watched_jobs_are_requested_and_reported() {
    let folder = jobs()["jobs"][0].clone();
    let server = serve([get("/api/json", jobs()), get("/job/web/api/json", folder)]).await;
    let cases: [(&[&str], &str, &[&str]); 4] = [
        (&["web/*"], "/job/web/api/json", &["web/api@main", "web/api@feature/cart", "web/site"]),
        (&["web/api"], "/job/web/api/json", &["web/api@main", "web/api@feature/cart"]),
        (&["deploy", "web/site"], "/api/json", &["web/site", "deploy"]),
        (&["*"], "/api/json", &["deploy"]),
    ];
    for (watch, asked, expected) in cases {
        let connection = connect(&server.uri(), watch);
        let batch = connection.source.unwrap().poll(None, contract::now()).await.unwrap();
        let names: Vec<_> = batch.snapshots.iter().map(Item::reference).collect();
        assert_eq!(names, expected, "{watch:?}");
        let request = server.received_requests().await.unwrap().pop().unwrap();
        assert_eq!(request.url.path(), asked, "{watch:?}");
        let choices = connection.actions[0].choices("job", &Args::default()).await.unwrap();
        assert!(
            expected.iter().all(|name| choices.iter().any(|choice| choice.value == *name)),
            "{choices:?}"
        );
    }
}

#[tokio::test]
async fn folders_too_deep_to_look_into_are_named() {
    let folder = "com.cloudbees.hudson.plugins.folder.Folder";
    let deepest = json!({ "_class": "hudson.model.FreeStyleProject", "name": "job" });
    let nested = (0..7).fold(deepest, |inside, _| json!({ "_class": folder, "name": "f", "jobs": [inside] }));
    let server = serve([get("/api/json", json!({ "jobs": [nested] }))]).await;
    let batch = connect(&server.uri(), &[]).source.unwrap().poll(None, contract::now()).await.unwrap();
    assert_eq!(batch.problems.len(), 1, "{:?}", batch.problems);
    assert!(batch.problems[0].to_string().starts_with("f/f/f/f/f/f: has"), "{:?}", batch.problems);
    assert_eq!(batch.complete, []);
}

#[tokio::test]
async fn build_that_leaves_the_queue_unbuilt_is_canceled() {
    let site = |waits: bool, builds: Value| {
        let item = waits.then(|| json!({ "id": 82, "inQueueSince": 1_795_348_900_000_i64 }));
        json!({ "jobs": [{ "_class": "hudson.model.FreeStyleProject", "name": "site", "inQueue": waits,
            "queueItem": item, "nextBuildNumber": 8, "builds": builds }] })
    };
    let run = |number: u64, result: &str| json!({ "number": number, "result": result, "building": result.is_empty(), "timestamp": 1_795_349_000_000_i64, "duration": 1_000 });
    let green = || run(7, "SUCCESS");
    // The response of Jenkins, poll by poll, and the events.
    let steps: [(Value, &[EventName]); 9] = [
        (site(false, json!([green()])), &[EventName::Passed]),
        (site(true, json!([green()])), &[EventName::Queued]),
        (site(false, json!([green()])), &[EventName::Canceled]),
        (site(false, json!([green()])), &[]),
        (site(true, json!([green()])), &[EventName::Queued]),
        (site(false, json!([green()])), &[EventName::Canceled]),
        (site(false, json!([run(8, ""), green()])), &[EventName::Running]),
        (site(false, json!([run(8, "FAILURE"), green()])), &[EventName::Failed]),
        (site(false, json!([run(9, "SUCCESS"), run(8, "FAILURE"), green()])), &[EventName::Fixed]),
    ];
    let (mut stored, mut cursor) = (None, None);
    for (index, (response, expected)) in steps.into_iter().enumerate() {
        let server = serve([get("/api/json", response)]).await;
        let source = connect(&server.uri(), &[]).source.unwrap();
        let batch = source.poll(cursor.as_ref(), contract::now()).await.unwrap();
        let [snapshot] = &batch.snapshots[..] else { panic!("{batch:?}") };
        let change = compare(stored.as_ref(), snapshot.clone());
        let names: Vec<_> = change.transitions.iter().map(|transition| transition.name).collect();
        assert_eq!(names, expected, "step {index}: {snapshot:?}");
        (stored, cursor) = (Some(change.item), batch.cursor);
    }
}

fn action(connection: &Connection, name: &str) -> Arc<dyn Action> {
    connection.actions.iter().find(|action| action.spec().name == name).unwrap().clone()
}

async fn run(
    server: &MockServer,
    name: &str,
    args: &Args,
) -> (Result<callboard_domain::run::Outcome, ServiceError>, Vec<String>) {
    let progress = RecordedProgress::default();
    let outcome = action(&connect(&server.uri(), &[]), name).run(args, contract::now(), &progress).await;
    (outcome, progress.lines())
}

fn plain_job() -> Mock {
    get("/job/web/job/api/api/json", json!({ "name": "api", "buildable": true, "property": [] }))
}

fn build(number: u64, building: bool, result: Option<&str>) -> Value {
    json!({ "number": number, "building": building, "result": result, "duration": 130_000, "estimatedDuration": 300_000,
        "url": format!("https://ci.example/job/web/job/api/{number}/") })
}

const JOB: &str = "/job/web/job/api";

#[tokio::test]
async fn password_needs_a_crumb_and_a_token_does_not() {
    let crumb = json!({ "crumb": "c0ffee", "crumbRequestField": "Jenkins-Crumb" });
    let issued = ResponseTemplate::new(200)
        .append_header("set-cookie", "JSESSIONID=node01; Path=/; HttpOnly")
        .append_header("set-cookie", "route=a; Path=/")
        .set_body_json(crumb);
    let crumbs = || Mock::given(path("/crumbIssuer/api/json"));
    let stopped = || {
        [
            get(&format!("{JOB}/57/api/json"), build(57, true, None)).up_to_n_times(1),
            get(&format!("{JOB}/57/api/json"), build(57, false, Some("ABORTED"))),
        ]
    };
    let stop = || Mock::given(method("POST")).and(path(format!("{JOB}/57/stop")));
    let done = || ResponseTemplate::new(302).insert_header("location", "..");
    let with_crumb =
        stop().and(header("jenkins-crumb", "c0ffee")).and(header("cookie", "JSESSIONID=node01; route=a"));
    let without = || stop().and(|request: &wiremock::Request| !request.headers.contains_key("jenkins-crumb"));
    let cases = [
        ("password", vec![crumbs().respond_with(issued), with_crumb.respond_with(done())]),
        ("password", vec![crumbs().respond_with(ResponseTemplate::new(404)), without().respond_with(done())]),
        ("token", vec![crumbs().respond_with(ResponseTemplate::new(500)), without().respond_with(done())]),
    ];
    for (secret, mocks) in cases {
        let server = serve(mocks.into_iter().chain(stopped())).await;
        let connection = config(&server.uri(), &[]).connect(access(&[secret])).unwrap();
        let stop = action(&connection, "build stop");
        let outcome = stop
            .run(
                &args(&[("job", "web/api"), ("number", "57")]),
                contract::now(),
                &RecordedProgress::default(),
            )
            .await;
        assert!(outcome.unwrap().ok, "{secret}");
    }
}

#[tokio::test]
async fn identity_comes_from_the_server() {
    let server = serve([get("/whoAmI/api/json", json!({ "name": "ana", "anonymous": false }))]).await;
    let identity = connect(&server.uri(), &[]).identify.identify().await.unwrap();
    assert_eq!((identity.login.as_str(), identity.server.as_deref()), ("ana", Some("Jenkins 2.541")));

    let server = serve([get("/whoAmI/api/json", json!({ "name": "anonymous", "anonymous": true }))]).await;
    let error = connect(&server.uri(), &[]).identify.identify().await.unwrap_err();
    assert!(matches!(error, ServiceError::Auth { .. }), "{error:?}");
    let open: Config = serde_json::from_value(json!({ "url": server.uri() })).unwrap();
    let identity = open.connect(access(&[])).unwrap().identify.identify().await.unwrap();
    assert_eq!(identity.login, "");
    for odd in [json!({}), json!([]), json!({ "name": null }), json!({ "name": "", "anonymous": false })] {
        let server = serve([get("/whoAmI/api/json", odd.clone())]).await;
        let open: Config = serde_json::from_value(json!({ "url": server.uri() })).unwrap();
        let error = open.connect(access(&[])).unwrap().identify.identify().await.unwrap_err();
        assert!(matches!(error, ServiceError::Unavailable { .. }), "{odd}: {error:?}");
    }
}

#[test]
fn user_and_secret_must_be_set_together() {
    let cases: [(Option<&str>, &[&str], Option<&str>); 6] = [
        (Some("ana"), &["token"], None),
        (Some("ana"), &["password"], None),
        (Some("ana"), &[], Some("token or password must be set")),
        (None, &[], None),
        (None, &["token"], Some("user: a token or password is set")),
        (None, &["password"], Some("user: a token or password is set")),
    ];
    for (user, secrets, expected) in cases {
        let config: Config =
            serde_json::from_value(json!({ "url": "https://ci.example", "user": user })).unwrap();
        let why = config.connect(access(secrets)).err().map(|error| error.to_string());
        assert_eq!(why.is_some(), expected.is_some(), "{user:?} {secrets:?} {why:?}");
        assert!(why.unwrap_or_default().starts_with(expected.unwrap_or_default()));
    }
    for (user, good) in [("ana", true), (" ", false), ("ana:x", false)] {
        let config: Config =
            serde_json::from_value(json!({ "url": "https://ci.example", "user": user })).unwrap();
        assert_eq!(config.validate().is_empty(), good, "{user:?}");
    }
}

/// Where every command succeeds.
fn good_service() -> Vec<Mock> {
    let log = ResponseTemplate::new(200).insert_header("x-text-size", "5").set_body_string("good\n");
    let mut jobs = jobs();
    let release = json!({ "_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": "release",
        "builds": [inputs::gated(12, "", &[])] });
    jobs["jobs"].as_array_mut().unwrap().push(release);
    let known = json!({ "buildable": true, "lastBuild": { "number": 57, "building": true } });
    let builds = vec![
        get("/whoAmI/api/json", json!({ "name": USER, "anonymous": false })),
        get("/api/json", jobs),
        get(&format!("{JOB}/api/json"), known),
        post(&format!("{JOB}/build"), 201, "/queue/item/82/"),
        get("/queue/item/82/api/json", json!({ "executable": { "number": 58 } })),
        get(&format!("{JOB}/58/api/json"), build(58, false, Some("SUCCESS"))),
        get(&format!("{JOB}/lastBuild/api/json"), build(58, false, Some("SUCCESS"))),
        get(&format!("{JOB}/57/api/json"), build(57, false, Some("ABORTED"))),
        post(&format!("{JOB}/57/stop"), 302, ".."),
        Mock::given(path(format!("{JOB}/58/logText/progressiveText"))).respond_with(log),
    ];
    builds.into_iter().chain(answers::gates()).collect()
}

#[tokio::test]
async fn keeps_the_contract() {
    Subject {
        connect: |url, client| config(url, &[]).connect(Access { client, ..access(&["token"]) }).unwrap(),
        service: good_service,
        writes: |request| request.method == "POST",
        runs: vec![
            ("build", args(&[("job", "web/api")])),
            ("build log", args(&[("job", "web/api")])),
            ("build stop", args(&[("job", "web/api")])),
            ("approve", answers::plain("Proceed", &[])),
            ("deny", answers::plain("Rollback", &[("why", "not today")])),
        ],
        chat: None,
        hooks: None,
        choices: Vec::new(),
    }
    .check()
    .await;
}
