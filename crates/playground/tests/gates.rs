//! What waits for a person's yes, asked for and answered over plain HTTP, as the services document it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use axum::body::{Body, to_bytes};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use callboard_playground::{Deployment, ME, Pace, Playground, RELEASE, TYPO};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

const QUICK: Pace = Pace { queue: Duration::from_millis(20), build: Duration::from_millis(60) };
const PATIENCE: Duration = Duration::from_secs(20);
/// One that the person may not answer.
const HASTE: Deployment = Deployment { repo: "api", by: "cleo", title: "Send the late mails" };

/// A service, and what it is signed in to with.
struct Service {
    host: String,
    authorization: String,
}

impl Service {
    fn forge(playground: &Playground) -> Self {
        Self::new(playground.forge.url(), format!("Bearer {}", secret(playground, "forge")))
    }

    fn ci(playground: &Playground) -> Self {
        let user = BASE64_STANDARD.encode(format!("{ME}:{}", secret(playground, "ci")));
        Self::new(playground.ci.url(), format!("Basic {user}"))
    }

    fn new(url: &str, authorization: String) -> Self {
        Self { host: url.strip_prefix("http://").unwrap().to_owned(), authorization }
    }

    /// The answer's status, and its body where that is JSON.
    async fn send(&self, method: &str, path: &str, content_type: &str, body: String) -> (u16, Value) {
        let stream = tokio::net::TcpStream::connect(&self.host).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("authorization", &self.authorization)
            .header("content-type", content_type)
            .header("connection", "close")
            .body(Body::from(body))
            .unwrap();
        let asking = async {
            let answer = sender.send_request(request).await.unwrap();
            let status = answer.status().as_u16();
            let body = to_bytes(Body::new(answer.into_body()), 1 << 20).await.unwrap();
            (status, serde_json::from_slice(&body).unwrap_or_default())
        };
        let (answer, _) = tokio::join!(asking, connection);
        answer
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send("GET", path, "application/json", String::new()).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send("POST", path, "application/json", body.to_string()).await
    }

    /// Reads again until a field is as expected.
    async fn until(&self, path: &str, field: &str, expected: &str) {
        let reading = async {
            while self.get(path).await[field] != expected {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| panic!("{path}: no {expected}"));
    }
}

fn secret(playground: &Playground, account: &str) -> &'static str {
    playground.secrets().into_iter().find(|(name, field, _)| (*name, *field) == (account, "token")).unwrap().2
}

/// A field of each row.
fn each(rows: &Value, pointer: &str) -> Vec<Value> {
    rows.as_array().unwrap().iter().map(|row| row.pointer(pointer).cloned().unwrap_or_default()).collect()
}

#[tokio::test]
async fn deployment_waits_for_a_reviewer_and_ships_what_was_merged() {
    let playground = Playground::start(QUICK).await.unwrap();
    let forge = Service::forge(&playground);
    let id = playground.forge.ask(RELEASE).unwrap();
    let waiting = forge.get("/repos/acme/web/actions/runs?status=waiting").await;
    assert_eq!(each(&waiting["workflow_runs"], "/id"), [json!(id)]);
    let run = &waiting["workflow_runs"][0];
    let expected = [
        ("status", json!("waiting")),
        ("conclusion", Value::Null),
        ("path", json!(".github/workflows/deploy.yml")),
        ("display_title", json!(RELEASE.title)),
        ("event", json!("workflow_dispatch")),
        ("head_branch", json!("main")),
    ];
    expected.iter().for_each(|(field, value)| assert_eq!(&run[field], value, "{field}"));

    let gate = format!("/repos/acme/web/actions/runs/{id}");
    let pending = forge.get(&format!("{gate}/pending_deployments")).await;
    assert_eq!(each(&pending, "/environment/name"), ["production"]);
    assert_eq!(pending[0]["current_user_can_approve"], true);
    assert_eq!(each(&pending[0]["reviewers"], "/reviewer/login"), ["ana", ME]);

    // What is there now, and what would be.
    let deployments = forge.get("/repos/acme/web/deployments?environment=production").await;
    let states = |deployment: &Value| format!("/repos/acme/web/deployments/{}/statuses", deployment["id"]);
    let (asked, before) = (&deployments[0], &deployments[1]);
    assert_eq!(asked["sha"], run["head_sha"]);
    assert_eq!(each(&forge.get(&states(asked)).await, "/state"), ["waiting"]);
    assert_eq!(each(&forge.get(&states(before)).await, "/state"), ["success"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let between = format!("{}...{}", text(&before["sha"]), text(&asked["sha"]));
    let compared = forge.get(&format!("/repos/acme/web/compare/{between}")).await;
    assert_eq!((&compared["status"], &compared["total_commits"]), (&json!("ahead"), &json!(2)));
    let subjects = ["Warm the price cache (#477)", "Load fonts from our own host (#478)"];
    assert_eq!(each(&compared["commits"], "/commit/message"), subjects);
    let pulls = format!("/repos/acme/web/commits/{}/pulls", text(&asked["sha"]));
    assert_eq!(each(&forge.get(&pulls).await, "/number"), [478]);

    // A yes lets it go on, once.
    let environment = &pending[0]["environment"]["id"];
    let yes = json!({ "environment_ids": [environment], "state": "approved", "comment": "Works on staging" });
    let (status, made) = forge.post(&format!("{gate}/pending_deployments"), yes.clone()).await;
    assert_eq!((status, each(&made, "/id")), (200, vec![asked["id"].clone()]));
    let (status, refused) = forge.post(&format!("{gate}/pending_deployments"), yes).await;
    assert_eq!(
        (status, &refused["message"]),
        (422, &json!("There was a problem approving one of the gates"))
    );
    assert_eq!(forge.get(&format!("{gate}/pending_deployments")).await, json!([]));
    let answers = forge.get(&format!("{gate}/approvals")).await;
    assert_eq!(each(&answers, "/state"), ["approved"]);
    assert_eq!(each(&answers, "/user/login"), [ME]);
    assert_eq!(each(&answers, "/comment"), ["Works on staging"]);
    forge.until(&gate, "conclusion", "success").await;
    let passed = ["success", "in_progress", "queued", "waiting"];
    assert_eq!(each(&forge.get(&states(asked)).await, "/state"), passed);
    assert_eq!(each(&forge.get(&states(before)).await, "/state"), ["inactive", "success"]);

    // Run again, the same run asks again.
    assert_eq!(forge.post(&format!("{gate}/rerun"), Value::Null).await.0, 201);
    forge.until(&gate, "status", "waiting").await;
    assert_eq!(each(&forge.get(&format!("{gate}/pending_deployments")).await, "/wait_timer"), [0]);
    playground.stop().await;
}

#[tokio::test]
async fn only_a_reviewer_answers_and_a_no_fails_the_run() {
    let playground = Playground::start(QUICK).await.unwrap();
    let forge = Service::forge(&playground);
    let id = playground.forge.ask(HASTE).unwrap();
    let gate = format!("/repos/acme/api/actions/runs/{id}");
    let pending = forge.get(&format!("{gate}/pending_deployments")).await;
    assert_eq!(pending[0]["current_user_can_approve"], false);
    let environment = &pending[0]["environment"]["id"];
    // whose answer, and how -> status
    let cases = [
        (json!({ "environment_ids": [environment], "state": "approved", "comment": "" }), 422),
        (json!({ "environment_ids": [environment], "state": "granted", "comment": "" }), 422),
        (json!({ "environment_ids": [environment], "state": "rejected" }), 422),
        (json!({ "environment_ids": [], "state": "rejected", "comment": "" }), 422),
    ];
    for (answer, expected) in cases {
        let (status, _) = forge.post(&format!("{gate}/pending_deployments"), answer.clone()).await;
        assert_eq!(status, expected, "{answer}");
    }
    playground.forge.answer(HASTE, "cleo", true, "I know what I do");
    assert_eq!(forge.get(&gate).await["status"], "waiting", "who asks is no reviewer");
    playground.forge.answer(HASTE, "ana", false, "Tomorrow");
    forge.until(&gate, "conclusion", "failure").await;
    let answers = forge.get(&format!("{gate}/approvals")).await;
    assert_eq!(each(&answers, "/state"), ["rejected"]);
    assert_eq!(each(&answers, "/comment"), ["Tomorrow"]);
    let jobs = forge.get(&format!("{gate}/jobs")).await;
    assert_eq!(each(&jobs["jobs"], "/conclusion"), ["failure"]);
    let deployments = forge.get("/repos/acme/api/deployments").await;
    let states = format!("/repos/acme/api/deployments/{}/statuses?per_page=1", deployments[0]["id"]);
    assert_eq!(each(&forge.get(&states).await, "/state"), ["failure"]);
    assert!(!playground.forge.main_is_red("api"), "main itself is as it was");
    playground.stop().await;
}

#[tokio::test]
async fn run_of_a_first_timer_waits_until_somebody_lets_it() {
    let playground = Playground::start(QUICK).await.unwrap();
    let forge = Service::forge(&playground);
    let id = playground.forge.contribute(TYPO).unwrap();
    let waiting = forge.get("/repos/acme/web/actions/runs?status=action_required").await;
    assert_eq!(each(&waiting["workflow_runs"], "/id"), [json!(id)]);
    let run = &waiting["workflow_runs"][0];
    assert_eq!((&run["status"], &run["conclusion"]), (&json!("completed"), &json!("action_required")));
    assert_eq!(run["head_repository"]["full_name"], "gus/web");
    let gate = format!("/repos/acme/web/actions/runs/{id}");
    assert_eq!(forge.get(&format!("{gate}/pending_deployments")).await, json!([]));
    assert_eq!(forge.get(&format!("{gate}/jobs")).await["total_count"], 0);
    assert_eq!(forge.post(&format!("{gate}/rerun"), Value::Null).await.0, 403);
    assert_eq!(forge.post(&format!("{gate}/approve"), Value::Null).await.0, 201);
    assert_eq!(forge.post(&format!("{gate}/approve"), Value::Null).await.0, 403, "once");
    forge.until(&gate, "conclusion", "success").await;
    assert_eq!(forge.post("/repos/acme/web/actions/runs/1/approve", Value::Null).await.0, 404);
    playground.stop().await;
}

#[tokio::test]
async fn gates_are_reported_by_webhooks() {
    let playground = Playground::start(QUICK).await.unwrap();
    let (sender, mut received) = tokio::sync::mpsc::unbounded_channel();
    let receive = move |headers: http::HeaderMap, body: axum::body::Bytes| async move {
        let event = headers["x-github-event"].to_str().unwrap().to_owned();
        sender.send((event, serde_json::from_slice::<Value>(&body).unwrap())).unwrap();
    };
    let router = axum::Router::new().fallback(receive);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    playground.send_webhooks_to(listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    playground.forge.ask(HASTE);
    playground.forge.answer(HASTE, "ana", false, "Tomorrow");
    playground.forge.ask(RELEASE);
    playground.forge.answer(RELEASE, "ana", true, "");
    let mut reported = Vec::new();
    while reported.len() < 9 {
        let (event, body) = tokio::time::timeout(PATIENCE, received.recv()).await.unwrap().unwrap();
        let run = &body["workflow_run"];
        let job = &body["workflow_job_run"];
        if event == "deployment_review" {
            let environment = body.get("environment").unwrap_or(&body["workflow_job_runs"][0]["environment"]);
            assert_eq!((environment, &job["environment"]), (&json!("production"), &json!("production")));
            let asks = body["action"] == "requested";
            assert_eq!((body.get("requestor").is_some(), body.get("approver").is_some()), (asks, !asks));
            assert_eq!(body["since"], run["run_started_at"]);
        }
        let comment = body["comment"].as_str().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        reported.push(format!("{event} {}: {}, {comment}", text(&body["action"]), text(&run["status"])));
    }
    let expected = [
        "workflow_run requested: waiting, ",
        "deployment_review requested: waiting, ",
        "deployment_review rejected: completed, Tomorrow",
        "workflow_run completed: completed, ",
        "workflow_run requested: waiting, ",
        "deployment_review requested: waiting, ",
        "deployment_review approved: queued, ",
        "workflow_run in_progress: in_progress, ",
        "workflow_run completed: completed, ",
    ];
    assert_eq!(reported, expected);
    server.abort();
    playground.stop().await;
}

#[tokio::test]
async fn build_of_a_pipeline_waits_for_input() {
    let playground = Playground::start(QUICK).await.unwrap();
    let ci = Service::ci(&playground);
    let build = |number: u64| format!("/job/web/job/deploy/{number}");
    // A build that waits, whatever the time.
    let waiting = async |number: u64| {
        playground.ci.build("web/deploy", "dora", &[], false);
        let path = format!("{}/wfapi/pendingInputActions", build(number));
        let reading = async {
            loop {
                let (status, pending) = ci.send("GET", &path, "", String::new()).await;
                match status {
                    200 => break pending,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap()
    };
    let state = async |number: u64| {
        let json = ci.get(&format!("{}/api/json", build(number))).await;
        let classes = each(&json["actions"], "/_class");
        let has = |name: &str| classes.iter().any(|class| class.as_str().unwrap_or_default().ends_with(name));
        assert!(has(".InputAction"), "the marker stays: {json}");
        let answered = (has(".ApproverAction"), has(".InterruptedBuildAction"));
        (json["building"] == true, answered)
    };
    let submit = async |number: u64, input: &str, form: &str| {
        let path = format!("{}/wfapi/inputSubmit?inputId={input}", build(number));
        let field = url::form_urlencoded::Serializer::new(String::new()).append_pair("json", form).finish();
        ci.send("POST", &path, "application/x-www-form-urlencoded", field).await.0
    };

    let pending = waiting(12).await;
    assert_eq!(each(&pending, "/id"), ["Proceed"]);
    let inputs = &pending[0]["inputs"];
    assert_eq!(each(inputs, "/name"), ["TARGET", "ANNOUNCE"]);
    assert_eq!(each(inputs, "/type"), ["ChoiceParameterDefinition", "BooleanParameterDefinition"]);
    assert_eq!(each(inputs, "/definition/defaultVal"), [json!("staging"), json!(false)]);
    assert_eq!(inputs[0]["definition"]["choices"], json!(["staging", "production"]));
    assert_eq!(state(12).await, (true, (false, false)));
    let good = r#"{"parameter":[{"name":"TARGET","value":"production"},{"name":"ANNOUNCE","value":true}]}"#;
    // input, form -> status
    let cases = [
        ("Proceed", r#"{"parameter":[{"name":"TARGET","value":"moon"}]}"#, 500),
        ("Proceed", r#"{"parameter":[{"name":"WHERE","value":"production"}]}"#, 500),
        ("Other", good, 500),
        ("Proceed", good, 200),
        ("Proceed", good, 500),
    ];
    for (input, form, expected) in cases {
        assert_eq!(submit(12, input, form).await, expected, "{input}: {form}");
    }
    ci.until(&format!("{}/api/json", build(12)), "result", "SUCCESS").await;
    assert_eq!(state(12).await, (false, (true, false)));
    let (_, left) =
        ci.send("GET", &format!("{}/wfapi/pendingInputActions", build(12)), "", String::new()).await;
    assert_eq!(left, json!([]));

    // how it is answered -> what becomes of the build
    for (number, how, result, answered) in
        [(13, "abort", "ABORTED", (false, true)), (14, "proceedEmpty", "SUCCESS", (true, false))]
    {
        waiting(number).await;
        let path = format!("{}/input/Proceed/{how}", build(number));
        assert_eq!(ci.post(&path, Value::Null).await.0, 200, "{how}");
        assert_eq!(ci.post(&path, Value::Null).await.0, 404, "{how}, again");
        ci.until(&format!("{}/api/json", build(number)), "result", result).await;
        assert_eq!(state(number).await, (false, answered), "{how}");
    }
    let (status, _) =
        ci.send("GET", "/job/web/job/e2e/118/wfapi/pendingInputActions", "", String::new()).await;
    assert_eq!(status, 404, "it is no pipeline");
    playground.stop().await;
}
