use callboard_domain::message::Block;

use super::*;

/// A part of build 57's console.
fn console(start: usize, text: &str, more: bool) -> Mock {
    let part = ResponseTemplate::new(200)
        .insert_header("x-text-size", (start + text.len()).to_string().as_str())
        .insert_header("x-more-data", if more { "true" } else { "false" })
        .set_body_string(text);
    Mock::given(path(format!("{JOB}/57/logText/progressiveText")))
        .and(wiremock::matchers::query_param("start", start.to_string()))
        .respond_with(part)
}

#[tokio::test]
async fn job_is_built_and_followed_to_its_end() {
    let server = serve([
        get(
            &format!("{JOB}/api/json"),
            json!({ "buildable": true, "property": [{ "parameterDefinitions": [
                { "name": "REF", "type": "StringParameterDefinition", "defaultParameterValue": { "name": "REF" } },
                { "name": "NOTE", "type": "StringParameterDefinition", "defaultParameterValue": { "name": "NOTE" } }] }] }),
        ),
        Mock::given(method("POST"))
            .and(path(format!("{JOB}/buildWithParameters")))
            .and(basic_auth(USER, SECRET))
            .and(body_string("REF=v2&NOTE=a%26b"))
            .respond_with(
                // As behind a proxy that Jenkins does not know of.
                ResponseTemplate::new(201).insert_header("location", "http://jenkins.internal:8080/queue/item/82/"),
            ),
        get("/queue/item/82/api/json", json!({ "id": 82, "why": "Waiting for next available executor" })).up_to_n_times(1),
        get("/queue/item/82/api/json", json!({ "id": 82, "why": null, "executable": { "number": 57 } })),
        get(&format!("{JOB}/57/api/json"), build(57, true, None)).up_to_n_times(1),
        get(&format!("{JOB}/57/api/json"), build(57, false, Some("SUCCESS"))),
        console(0, "checking out\n", true),
        console(13, "Finished: SUCCESS\n", false),
    ])
    .await;
    let args = Args {
        pairs: vec![("REF".to_owned(), "v2".to_owned()), ("NOTE".to_owned(), "a&b".to_owned())],
        ..args(&[("job", "web/api")])
    };
    let (outcome, lines) = run(&server, "build", &args).await;
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ok, outcome.summary.as_str()), (true, "web/api #57 passed in 2m 10s"));
    assert_eq!(outcome.link.unwrap().as_str(), "https://ci.example/job/web/job/api/57/");
    assert_eq!(outcome.data, Some(json!({ "job": "web/api", "number": 57, "result": "SUCCESS" })));
    assert_eq!(
        lines,
        [
            "queued",
            "queued: Waiting for next available executor",
            "#57 runs",
            "checking out\n",
            "#57 runs, 0s of about 5m",
            "Finished: SUCCESS\n",
        ],
        "the console comes with it"
    );
    let steps = action(&connect(&server.uri(), &[]), "build").preview(&args, contract::now()).unwrap();
    let start = &steps[1].request;
    assert_eq!(*start, format!("POST {}{JOB}/buildWithParameters\nREF=v2\nNOTE=a&b", server.uri()));
}

#[tokio::test]
async fn branch_may_be_part_of_the_name_an_argument_or_a_parameter() {
    let branches =
        json!({ "_class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject" });
    let parameterised = json!({ "buildable": true, "property": [
        { "parameterDefinitions": [{ "name": "branch", "defaultParameterValue": { "name": "branch" } }] }] });
    let plain = json!({ "buildable": true });
    let at = |path: &str, body: &Value| get(&format!("{path}/api/json"), body.clone());
    let main = format!("{JOB}/job/feature%252Fcart");
    let cases = [
        (vec![at(&main, &plain)], "web/api@feature/cart", None, format!("{main}/build")),
        (
            vec![at(JOB, &branches), at(&main, &plain)],
            "web/api",
            Some("feature/cart"),
            format!("{main}/build"),
        ),
        (
            vec![at(JOB, &parameterised)],
            "web/api",
            Some("feature/cart"),
            format!("{JOB}/buildWithParameters"),
        ),
        (vec![at(JOB, &parameterised)], "web/api", None, format!("{JOB}/buildWithParameters")),
        (vec![at(JOB, &plain)], "web/api", None, format!("{JOB}/build")),
    ];
    for (mocks, job, branch, expected) in cases {
        let server = serve(mocks).await;
        post(&expected, 302, ".").mount(&server).await;
        let mut values = vec![("job", job)];
        values.extend(branch.map(|branch| ("branch", branch)));
        let args = args(&values);
        let steps = action(&connect(&server.uri(), &[]), "build").preview(&args, contract::now()).unwrap();
        let error = run(&server, "build", &args).await.0.unwrap_err();
        assert!(error.to_string().contains("did not queue"), "{job} {branch:?}: {error}");
        let sent = server.received_requests().await.unwrap();
        let sent = sent.into_iter().rfind(|request| request.method == "POST").unwrap();
        let body = String::from_utf8(sent.body).unwrap();
        let shown = format!("POST {}{}", server.uri(), sent.url.path());
        assert!(steps[1].request.lines().any(|line| line == shown), "{shown} is not in {}", steps[1].request);
        let takes_it = branch.is_some() && expected.ends_with("buildWithParameters");
        assert_eq!(body, if takes_it { "branch=feature%2Fcart" } else { "" });
    }
}

#[tokio::test]
async fn failed_build_has_its_log() {
    let log = ResponseTemplate::new(200)
        .insert_header("x-text-size", "40")
        .set_body_string("compiling\nerror: no such cart\nFinished: FAILURE\n");
    let server = serve([
        plain_job(),
        post(&format!("{JOB}/build"), 201, "/queue/item/82/"),
        get("/queue/item/82/api/json", json!({ "executable": { "number": 57 } })),
        get(&format!("{JOB}/57/api/json"), build(57, false, Some("FAILURE"))),
        Mock::given(path(format!("{JOB}/57/logText/progressiveText"))).respond_with(log),
    ])
    .await;
    let outcome = run(&server, "build", &args(&[("job", "web/api")])).await.0.unwrap();
    assert_eq!((outcome.ok, outcome.summary.as_str()), (false, "web/api #57 failed after 2m 10s"));
    assert_eq!(outcome.blocks, [Block::Code("error: no such cart\nFinished: FAILURE".into())]);
}

#[tokio::test]
async fn reason_that_a_build_does_not_start_is_reported() {
    let job = |body: Value| get(&format!("{JOB}/api/json"), body);
    let good = json!({ "buildable": true });
    let queue = |body: Value| get("/queue/item/82/api/json", body);
    let started = || post(&format!("{JOB}/build"), 201, "/queue/item/82/");
    let cases: [(Vec<Mock>, &str); 7] = [
        (vec![], "Rejected: Jenkins has no job web/api, or hides it from this account"),
        (
            vec![job(json!({ "buildable": false }))],
            "Rejected: web/api cannot be built: it is disabled in Jenkins, or it is a folder",
        ),
        (
            vec![job(json!({ "jobs": [] }))],
            "Rejected: web/api cannot be built: it is disabled in Jenkins, or it is a folder",
        ),
        (
            vec![job(good.clone()), post(&format!("{JOB}/build"), 302, "/job/web/job/api/")],
            "Rejected: Jenkins did not queue web/api: a plugin refused it, or it shuts down",
        ),
        (
            vec![job(good.clone()), post(&format!("{JOB}/build"), 302, "/login?from=%2F")],
            "Auth: Jenkins requires signing in to build",
        ),
        (
            vec![job(good.clone()), post(&format!("{JOB}/build"), 201, "/somewhere")],
            "Unknown: Jenkins took the request to build web/api, but did not say where it queued it; it may have happened",
        ),
        (
            vec![job(good), started(), queue(json!({ "cancelled": true }))],
            "failed: web/api was taken off the queue before it began",
        ),
    ];
    for (mocks, expected) in cases {
        let server = serve(mocks).await;
        let result = match run(&server, "build", &args(&[("job", "web/api")])).await.0 {
            Ok(outcome) => format!("{}: {}", if outcome.ok { "ok" } else { "failed" }, outcome.summary),
            Err(error) => format!("{}: {error}", format!("{error:?}").split(' ').next().unwrap()),
        };
        assert_eq!(result, expected);
    }
}

#[tokio::test]
async fn once_queued_an_outage_is_waited_out_and_anything_else_is_unknown() {
    let broken =
        |status| Mock::given(path("/queue/item/82/api/json")).respond_with(ResponseTemplate::new(status));
    let service = || {
        [
            plain_job(),
            post(&format!("{JOB}/build"), 201, "/queue/item/82/"),
            get("/queue/item/82/api/json", json!({ "executable": { "number": 57 } })),
            get(&format!("{JOB}/57/api/json"), build(57, false, Some("SUCCESS"))),
        ]
    };
    let server = serve(service()).await;
    broken(503).up_to_n_times(3).with_priority(1).mount(&server).await;
    assert!(run(&server, "build", &args(&[("job", "web/api")])).await.0.unwrap().ok);

    for status in [401, 404, 503] {
        let server = serve(service()).await;
        broken(status).with_priority(1).mount(&server).await;
        let error = run(&server, "build", &args(&[("job", "web/api")])).await.0.unwrap_err();
        assert!(matches!(error, ServiceError::Unknown { .. }), "{status}: {error:?}");
        assert!(error.to_string().starts_with("web/api was queued, but then"), "{status}: {error}");
        let writes = server.received_requests().await.unwrap();
        assert_eq!(writes.iter().filter(|request| request.method == "POST").count(), 1, "{status}");
    }
}

#[tokio::test]
async fn log_is_read_while_it_is_written() {
    let part = |start: &str, text: &str, size: &str, more: &str| {
        Mock::given(path(format!("{JOB}/57/logText/progressiveText")))
            .and(query_param("start", start))
            .respond_with(
                ResponseTemplate::new(200)
                    .insert_header("x-text-size", size)
                    .insert_header("x-more-data", more)
                    .set_body_string(text),
            )
    };
    let server = serve([
        get(&format!("{JOB}/lastBuild/api/json"), build(57, true, None)),
        part("0", "compiling\nerr", "13", "true"),
        part("13", "", "13", "true").up_to_n_times(1),
        part("13", &format!("or: no cart, {SECRET}\n"), "30", "false"),
        get(&format!("{JOB}/57/api/json"), build(57, false, Some("FAILURE"))),
    ])
    .await;
    let (outcome, lines) = run(&server, "build log", &args(&[("job", "web/api")])).await;
    let outcome = outcome.unwrap();
    assert_eq!((outcome.ok, outcome.summary.as_str()), (true, "web/api #57 failed after 2m 10s"));
    assert_eq!(outcome.link.unwrap().as_str(), "https://ci.example/job/web/job/api/57/console");
    assert_eq!(outcome.blocks, [Block::Code("error: no cart, [REDACTED]".into())]);
    let output: Vec<_> = lines.iter().filter(|line| !line.contains("runs")).map(String::as_str).collect();
    assert_eq!(output, ["compiling\n", "error: no cart, [REDACTED]\n"]);
}

#[tokio::test]
async fn secret_that_two_parts_of_a_log_share_is_not_passed_on() {
    let (first, second) = SECRET.split_at(SECRET.len() / 2);
    let server = serve([
        get(&format!("{JOB}/lastBuild/api/json"), build(57, true, None)),
        console(0, &format!("login {first}"), true),
        console(6 + first.len(), &format!("{second}\ndone\n"), false),
        get(&format!("{JOB}/57/api/json"), build(57, false, Some("SUCCESS"))),
    ])
    .await;
    let (outcome, lines) = run(&server, "build log", &args(&[("job", "web/api")])).await;
    let output: Vec<_> = lines.iter().filter(|line| !line.contains("runs")).map(String::as_str).collect();
    assert_eq!(output.concat(), "login [REDACTED]\ndone\n");
    assert_eq!(outcome.unwrap().blocks, [Block::Code("login [REDACTED]\ndone".into())]);
}

#[tokio::test]
async fn build_is_stopped_or_taken_off_the_queue() {
    let job = |body: Value| get(&format!("{JOB}/api/json"), body);
    let stop = || post(&format!("{JOB}/57/stop"), 302, "..");
    let at = |number: u64, body: Value| get(&format!("{JOB}/{number}/api/json"), body);
    let off = || {
        let cancel = Mock::given(method("POST")).and(path("/queue/cancelItem")).and(query_param("id", "82"));
        cancel.respond_with(ResponseTemplate::new(204))
    };
    let running = json!({ "lastBuild": { "number": 57, "building": true } });
    let waits = json!({ "lastBuild": { "number": 56, "building": false }, "inQueue": true, "queueItem": { "id": 82 } });
    let item = |body: Value| get("/queue/item/82/api/json", body);
    let cases: [(Option<&str>, Vec<Mock>, &str); 9] = [
        (
            None,
            vec![
                job(running.clone()),
                stop(),
                at(57, build(57, true, None)).up_to_n_times(2),
                at(57, build(57, false, Some("ABORTED"))),
            ],
            "ok: web/api #57 is stopped",
        ),
        (
            None,
            vec![job(running.clone()), stop(), at(57, build(57, false, Some("SUCCESS")))],
            "failed: web/api #57 ended by itself before it could be stopped",
        ),
        (
            None,
            vec![job(running), stop(), at(57, build(57, true, None))],
            "failed: web/api #57 was asked to stop, and is still running",
        ),
        (
            None,
            vec![job(waits.clone()), off(), item(json!({ "cancelled": true }))],
            "ok: web/api is taken off the queue",
        ),
        (
            None,
            vec![job(waits), off(), item(json!({ "executable": { "number": 57 } }))],
            "failed: web/api had left the queue: #57 runs",
        ),
        (None, vec![job(json!({ "lastBuild": null }))], "error: no build of web/api runs or waits"),
        (Some("57"), vec![at(57, build(57, false, Some("SUCCESS")))], "error: web/api #57 has ended already"),
        (
            Some("57"),
            vec![
                at(57, build(57, true, None)).up_to_n_times(1),
                stop(),
                at(57, build(57, false, Some("ABORTED"))),
            ],
            "ok: web/api #57 is stopped",
        ),
        (Some("58"), vec![], "error: Jenkins has no build 58 of web/api, or hides it from this account"),
    ];
    for (number, mocks, expected) in cases {
        let server = serve(mocks).await;
        let mut values = vec![("job", "web/api")];
        values.extend(number.map(|number| ("number", number)));
        let result = match run(&server, "build stop", &args(&values)).await.0 {
            Ok(outcome) => format!("{}: {}", if outcome.ok { "ok" } else { "failed" }, outcome.summary),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(result, expected);
    }
}

#[tokio::test]
async fn queue_item_is_looked_up_before_the_result_is_unknown() {
    let job = |body: Value| get(&format!("{JOB}/api/json"), body);
    let idle = || json!({ "buildable": true, "lastBuild": { "number": 56 } });
    let item = |body: Value| get("/queue/item/82/api/json", body);
    let missing = || Mock::given(path("/queue/item/82/api/json")).respond_with(ResponseTemplate::new(404));
    let done = || get(&format!("{JOB}/57/api/json"), build(57, false, Some("SUCCESS")));
    let became = || item(json!({ "executable": { "number": 57 } }));
    let start = |status: u16, location: Option<&str>| {
        let answer = ResponseTemplate::new(status);
        let answer = match location {
            Some(location) => answer.insert_header("location", location),
            None => answer,
        };
        Mock::given(method("POST")).and(path(format!("{JOB}/build"))).respond_with(answer)
    };
    let waits = || json!({ "buildable": true, "inQueue": true, "queueItem": { "id": 82 }, "lastBuild": { "number": 56 } });
    let passed = "ok: web/api #57 passed in 2m 10s";
    let cases: [(&str, Vec<Mock>, &str); 9] = [
        (
            "the item is not there at first",
            vec![
                job(idle()),
                start(201, Some("/queue/item/82/")),
                missing().up_to_n_times(3),
                became(),
                done(),
            ],
            passed,
        ),
        (
            "the item is forgotten, and the build names it",
            vec![
                job(idle()).up_to_n_times(1),
                job(json!({ "builds": [{ "number": 58, "queueId": 83 }, { "number": 57, "queueId": 82 }] })),
                start(201, Some("/queue/item/82/")),
                missing(),
                done(),
            ],
            passed,
        ),
        (
            "the item is never there",
            vec![job(idle()), start(201, Some("/queue/item/82/")), missing()],
            "Unknown: web/api was queued, but then Jenkins does not know its queue item; it may have happened",
        ),
        (
            "it was queued already",
            vec![job(idle()), start(303, Some("/queue/item/82/")), became(), done()],
            passed,
        ),
        (
            "an old version points to the job's page",
            vec![
                job(idle()).up_to_n_times(1),
                job(waits()),
                start(302, Some("/job/web/job/api/")),
                became(),
                done(),
            ],
            passed,
        ),
        (
            "a proxy takes the Location away",
            vec![job(idle()).up_to_n_times(1), job(waits()), start(201, None), became(), done()],
            passed,
        ),
        (
            "nothing is queued",
            vec![job(idle()), start(303, Some("/job/web/job/api/"))],
            "Rejected: Jenkins did not queue web/api: a plugin refused it, or it shuts down",
        ),
        (
            "what waits was there before",
            vec![job(waits()), start(201, None)],
            "Unknown: Jenkins took the request to build web/api, but did not say where it queued it; it may have happened",
        ),
        (
            "a build has begun since",
            vec![
                job(idle()).up_to_n_times(1),
                job(json!({ "buildable": true, "lastBuild": { "number": 57 } })),
                start(302, Some("/job/web/job/api/")),
            ],
            "Unknown: Jenkins did not say where it queued web/api; #57 has begun since; it may have happened",
        ),
    ];
    for (what, mocks, expected) in cases {
        let server = serve(mocks).await;
        let result = match run(&server, "build", &args(&[("job", "web/api")])).await.0 {
            Ok(outcome) => format!("{}: {}", if outcome.ok { "ok" } else { "failed" }, outcome.summary),
            Err(error) => format!("{}: {error}", format!("{error:?}").split(' ').next().unwrap()),
        };
        assert_eq!(result, expected, "{what}");
        let writes = server.received_requests().await.unwrap();
        assert_eq!(writes.iter().filter(|request| request.method == "POST").count(), 1, "{what}");
    }
}

#[tokio::test]
async fn result_of_an_ended_build_is_awaited() {
    let service = || {
        [
            plain_job(),
            post(&format!("{JOB}/build"), 201, "/queue/item/82/"),
            get("/queue/item/82/api/json", json!({ "executable": { "number": 57 } })),
        ]
    };
    let at = |build: Value| get(&format!("{JOB}/57/api/json"), build);
    let server = serve(service()).await;
    at(build(57, false, None)).up_to_n_times(3).with_priority(1).mount(&server).await;
    at(build(57, false, Some("FAILURE"))).mount(&server).await;
    let outcome = run(&server, "build", &args(&[("job", "web/api")])).await.0.unwrap();
    assert_eq!((outcome.ok, outcome.summary.as_str()), (false, "web/api #57 failed after 2m 10s"));

    let server = serve(service()).await;
    at(build(57, false, None)).mount(&server).await;
    let error = run(&server, "build", &args(&[("job", "web/api")])).await.0.unwrap_err();
    assert!(matches!(error, ServiceError::Unknown { .. }), "{error:?}");
    assert!(error.to_string().contains("ended without a result"), "{error}");
}

#[tokio::test]
async fn write_follows_a_proxy_in_front_of_jenkins() {
    let moved = |status: u16, to: &str| {
        let answer = ResponseTemplate::new(status).insert_header("location", to);
        Mock::given(method("POST")).and(path(format!("{JOB}/57/stop"))).respond_with(answer)
    };
    let inner = || {
        let answer = ResponseTemplate::new(302).insert_header("location", "..");
        Mock::given(method("POST")).and(path(format!("/ci{JOB}/57/stop"))).respond_with(answer)
    };
    let inside = format!("/ci{JOB}/57/stop");
    let cases = [
        (307, inside.as_str(), 1, "ok"),
        (308, inside.as_str(), 1, "ok"),
        (301, inside.as_str(), 0, "rejected"),
        (308, "https://elsewhere.example/", 0, "rejected"),
        (307, "..", 0, "rejected"),
    ];
    for (status, to, expected, came) in cases {
        let server = serve([
            moved(status, to),
            inner(),
            get(&format!("{JOB}/api/json"), json!({ "lastBuild": { "number": 57, "building": true } })),
            get(&format!("{JOB}/57/api/json"), build(57, false, Some("ABORTED"))),
        ])
        .await;
        let (outcome, _) = run(&server, "build stop", &args(&[("job", "web/api")])).await;
        let found = match &outcome {
            Ok(_) => "ok".to_owned(),
            Err(error) => serde_json::to_value(error).unwrap()["error"].as_str().unwrap().to_owned(),
        };
        assert_eq!(found, came, "{status} to {to}: {outcome:?}");
        let requests = server.received_requests().await.unwrap();
        let posts = |at: &str| {
            requests.iter().filter(|it| it.method.as_str() == "POST" && it.url.path() == at).count()
        };
        assert_eq!((posts(&format!("{JOB}/57/stop")), posts(&inside)), (1, expected), "{status} to {to}");
    }
}
