use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use callboard_domain::message::Block;
use serde_json::json;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path},
};

use super::{super::wait::PollResult, *};

/// A command `go <x>` with these tables; `deployer` is at this server's `/base`.
async fn go(server: &MockServer, http: &str, rest: &str) -> Vec<FileCommand> {
    files_for(&format!("{}/base", server.uri()), &[("a.toml", &text(http, rest))]).commands().await
}

fn text(http: &str, rest: &str) -> String {
    let declared =
        if http.contains(" n ") { "[command.args.n]\ntype = \"number\"\ndefault = 1\n" } else { "" };
    format!(
        "[[command]]\nname = \"go\"\nsummary = \"Go\"\nusage = \"go <x>\"\n[command.args.x]\n{declared}\
         [command.run.http]\naccount = \"deployer\"\n{http}\n{rest}\n"
    )
}

fn quoted(value: &str) -> String {
    format!("go {}", typed::quote(value))
}

#[tokio::test]
async fn values_stay_in_their_place() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let in_path = "method = \"POST\"\npath = \"/deploy/{{ x }}/now\"";
    let in_paths = "method = \"POST\"\npath = \"/deploy/{{ x | path }}/now/\"";
    let in_query = "method = \"GET\"\npath = \"/deploy?a={{ x }}\"\nquery = { b = \"{{ x }}\" }";
    let cases = [
        (in_path, "api", Ok("/base/deploy/api/now")),
        (in_path, "a/b", Ok("/base/deploy/a%2Fb/now")),
        (in_path, "a/..b/x?y#z", Ok("/base/deploy/a%2F..b%2Fx%3Fy%23z/now")),
        (in_path, "50%25", Ok("/base/deploy/50%2525/now")),
        (in_path, "../../x", Err("x: expected")),
        (in_path, "%2e%2e", Err("x: expected")),
        (in_path, "..\\x", Err("x: expected")),
        (in_path, "production\t", Err("x: expected a value that fits (the value holds a control character")),
        (in_path, ".\t.", Err("x: expected")),
        (in_path, "prod\nuction", Err("x: expected")),
        (in_path, "prod\u{85}uction", Err("x: expected")),
        (in_path, "production ", Err("x: expected a value that fits (the value begins or ends with a space")),
        (in_path, "\u{a0}production", Err("x: expected")),
        (in_path, "production\u{200b}", Err("x: expected")),
        (in_path, "release 2.1", Ok("/base/deploy/release%202.1/now")),
        (in_paths, ".\t./.\t./admin", Err("x: expected")),
        (in_query, "production\t", Err("x: expected")),
        (in_query, "a\r\nb", Err("x: expected")),
        (in_path, "ä b\\c", Ok("/base/deploy/%C3%A4%20b%5Cc/now")),
        (in_path, "{{ 1 + 1 }}", Ok("/base/deploy/%7B%7B%201%20+%201%20%7D%7D/now")),
        (
            in_path,
            "..",
            Err("x: expected a value that fits (an empty value, . or .. would name another path)"),
        ),
        (in_path, ".", Err("x: expected")),
        (in_path, "", Err("x: expected")),
        (in_paths, "acme/web", Ok("/base/deploy/acme/web/now/")),
        (in_paths, "acme/../web", Err("x: expected")),
        (in_query, "1&b=2#c", Ok("/base/deploy?a=1%26b%3D2%23c&b=1%26b%3D2%23c")),
    ];
    for (http, value, expected) in cases {
        let commands = go(&server, http, "").await;
        let line = quoted(value);
        match expected {
            Ok(expected) => {
                let shown = preview(&commands, &line).unwrap();
                run(&commands, &line).await.unwrap();
                let sent = server.received_requests().await.unwrap().pop().unwrap();
                let found = &sent.url[url::Position::BeforePath..url::Position::AfterQuery];
                assert_eq!(found, expected, "{value}");
                let as_shown = format!("{} {}{expected}", sent.method, server.uri());
                assert!(shown[0].ends_with(&as_shown), "{shown:?} {as_shown}");
            }
            Err(expected) => {
                let before = server.received_requests().await.unwrap().len();
                let refused = preview(&commands, &line).unwrap_err();
                assert!(refused.starts_with(expected), "{refused}");
                assert!(matches!(run(&commands, &line).await, Err(ServiceError::Rejected { .. })));
                assert_eq!(server.received_requests().await.unwrap().len(), before);
            }
        }
    }
}

#[tokio::test]
async fn bodies_and_headers_are_what_is_shown() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let hostile = "\", \"admin\": true, \"x\": \"&a=b {{ x }}";
    let json = "method = \"PUT\"\npath = \"/x\"\nheaders = { \"X-What\" = \"is {{ x }}\" }\n\
                json = { x = \"{{ x }}\", n = \"{{ n }}\", list = [\"a {{ x }}\", true] }";
    let commands = go(&server, json, "").await;
    let shown = preview(&commands, &quoted(hostile)).unwrap();
    assert!(shown[0].contains("\nX-What: is \", "), "{shown:?}");
    assert!(!shown.concat().contains(SECRET));
    run(&commands, &quoted(hostile)).await.unwrap();
    let sent = server.received_requests().await.unwrap().pop().unwrap();
    let body: serde_json::Value = sent.body_json().unwrap();
    assert_eq!(body, json!({ "x": hostile, "n": 1, "list": [format!("a {hostile}"), true] }));
    assert_eq!(sent.headers["x-what"].to_str().unwrap(), format!("is {hostile}"));
    assert_eq!(sent.headers["authorization"].to_str().unwrap(), format!("Bearer {SECRET}"));
    assert!(preview(&commands, &quoted("a\nB: c")).unwrap_err().starts_with("x: expected"));

    let commands = go(&server, "method = \"POST\"\npath = \"/x\"\nform = { a = \"{{ x }}\" }", "").await;
    run(&commands, &quoted("1&b=2")).await.unwrap();
    let sent = server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(sent.body, b"a=1%26b%3D2");
}

#[tokio::test]
async fn header_arrives_as_it_was_confirmed_or_is_refused() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let header = "method = \"POST\"\npath = \"/x\"\nheaders = { X-Env = \"{{ x }}\" }";
    let list = "method = \"POST\"\npath = \"/x\"\nheaders = { X-Env = \"staging,{{ x }}\" }";
    let around = "x: expected a value that fits (the value begins or ends with a space";
    // What is sent, the value -> the header as it arrives
    let cases = [
        (header, "production", Ok("production")),
        (header, " production", Err(around)),
        (header, "production ", Err(around)),
        (list, " production", Err(around)),
        (list, "production ", Err(around)),
        (header, "production\t", Err("x: expected a value that fits (the value holds a control character")),
        // What arrives as it is.
        (header, "release 2.1", Ok("release 2.1")),
        (header, "production\u{200b}", Ok("production\u{200b}")),
        (header, "\u{a0}production", Ok("\u{a0}production")),
        (list, "production", Ok("staging,production")),
    ];
    for (http, value, expected) in cases {
        let (commands, line) = (go(&server, http, "").await, quoted(value));
        let before = server.received_requests().await.unwrap().len();
        let shown = preview(&commands, &line);
        let result = run(&commands, &line).await;
        let mut sent = server.received_requests().await.unwrap().split_off(before);
        match expected {
            Ok(expected) => {
                let sent = sent.pop().unwrap();
                assert_eq!(sent.headers["x-env"].as_bytes(), expected.as_bytes(), "{value:?}");
            }
            Err(why) => {
                assert!(
                    shown.as_ref().is_err_and(|refused| refused.starts_with(why)),
                    "{value:?}: {shown:?}"
                );
                assert!(matches!(result, Err(ServiceError::Rejected { .. })), "{value:?}: {result:?}");
                assert!(sent.is_empty(), "{value:?}");
            }
        }
    }
}

#[tokio::test]
async fn padded_value_arrives_in_a_query_and_in_a_body() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let post = |what: &str| format!("method = \"POST\"\n{what}");
    let cases = [
        (post("path = \"/x?env={{ x }}\""), "?env=+production+", ""),
        (post("path = \"/x\"\nquery = { env = \"{{ x }}\" }"), "?env=+production+", ""),
        (post("path = \"/x\"\nform = { env = \"{{ x }}\" }"), "", "env=+production+"),
        (post("path = \"/x\"\njson = { env = \"{{ x }}\" }"), "", "{\"env\":\" production \"}"),
    ];
    for (http, query, body) in cases {
        run(&go(&server, &http, "").await, &quoted(" production ")).await.unwrap();
        let sent = server.received_requests().await.unwrap().pop().unwrap();
        let found = &sent.url[url::Position::AfterPath..url::Position::AfterQuery];
        assert_eq!((found, &*String::from_utf8_lossy(&sent.body)), (query, body), "{http}");
    }
}

#[tokio::test]
async fn preview_shows_each_header_once() {
    let server = MockServer::start().await;
    // headers -> the lines after the first
    let cases = [
        ("", vec![]),
        ("headers = { X-Env = \"{{ x }}\" }", vec!["X-Env: api"]),
        // Those about the format of the answer are shown as well: a user wrote them.
        (
            "headers = { accept = \"text/{{ x }}\", X-Env = \"{{ x }}\" }",
            vec!["X-Env: api", "accept: text/api"],
        ),
        ("headers = { X-A = \"{{ x }}\", X-B = \"{{ x }}\" }", vec!["X-A: api", "X-B: api"]),
    ];
    for (headers, expected) in cases {
        let http = format!("method = \"POST\"\npath = \"/x/{{{{ x }}}}\"\n{headers}");
        let shown = preview(&go(&server, &http, "").await, "go api").unwrap();
        assert_eq!(shown[0].lines().skip(1).collect::<Vec<_>>(), expected, "{headers}");
    }
}

#[tokio::test]
async fn summary_writes_out_an_invisible_character_of_an_argument() {
    let server = MockServer::start().await;
    let state = json!({ "state": "\u{1b}[31mon\u{1b}[0m" });
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(state)).mount(&server).await;
    let http = "method = \"POST\"\npath = \"/x\"\njson = { x = \"{{ x }}\" }";
    let own = "[command.result]\nok = \"x != 'production'\"\nsummary = \"{{ x }} is {{ body.state }}\"\n";
    // what is said, the value -> the beginning of the summary
    let cases = [
        ("", "api\u{200b}", "ok: go api\\u{200b}: "),
        (own, "production\u{200b}", "ok: production\\u{200b} is on"),
        (own, "production", "failed: go production failed: "),
        (own, "caf\u{e9} \u{1f469}\u{200d}\u{1f4bb}", "ok: caf\u{e9} \u{1f469}\u{200d}\u{1f4bb} is on"),
        ("", "api", "ok: go api: "),
    ];
    for (rest, value, expected) in cases {
        let found = outcome_text(&run(&go(&server, http, rest).await, &quoted(value)).await);
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

fn outcome_text(result: &Result<Outcome, ServiceError>) -> String {
    match result {
        Ok(outcome) => format!("{}: {}", if outcome.ok { "ok" } else { "failed" }, outcome.summary),
        Err(ServiceError::Auth { .. }) => "auth".into(),
        Err(ServiceError::RateLimited { .. }) => "rate limited".into(),
        Err(ServiceError::Rejected { why }) => format!("rejected: {why}"),
        Err(ServiceError::Unavailable { why }) => format!("unavailable: {why}"),
        Err(ServiceError::Unknown { why }) => format!("unknown: {why}"),
    }
}

#[tokio::test]
async fn response_is_judged() {
    let post = "method = \"POST\"\npath = \"/x?q={{ x }}\"";
    let get = "method = \"GET\"\npath = \"/x?q={{ x }}\"";
    let ok = |ok: &str| format!("[command.result]\nok = \"{ok}\"\n");
    let answer = |status: u16, body: serde_json::Value| ResponseTemplate::new(status).set_body_json(body);
    let moved = |status: u16, to: &str| ResponseTemplate::new(status).insert_header("location", to);
    let cases = [
        (post, String::new(), answer(200, json!({})), "ok: go 1: 127.0.0.1 answered 200 OK"),
        (post, String::new(), answer(500, json!({})), "unknown"),
        (get, String::new(), answer(500, json!({})), "unavailable"),
        (post, String::new(), answer(503, json!({})), "unknown"),
        (post, String::new(), answer(401, json!({})), "auth"),
        (post, String::new(), answer(429, json!({})), "rate limited"),
        (post, String::new(), answer(409, json!({ "message": "taken" })), "rejected: the service refused it (409): taken"),
        (post, ok("status in [200, 409]"), answer(409, json!({})), "ok: "),
        (post, ok("status in [200, 409]"), answer(200, json!({})), "ok: "),
        (post, ok("status == 409"), answer(200, json!({})), "failed: go 1 failed: 127.0.0.1 answered 200 OK, expected status == 409"),
        (post, ok("status == 500"), answer(500, json!({})), "unknown"),
        (post, ok("body.state == 'done'"), answer(200, json!({ "state": "done" })), "ok: "),
        (post, ok("body.state == 'done'"), answer(200, json!({ "state": "no" })), "failed: "),
        (post, ok("body.state == 'done'"), answer(200, json!({})), "unknown: "),
        (get, ok("body.state == 'done'"), answer(200, json!({})), "unavailable: "),
        (post, ok("body == 'fine' && x == '1'"), ResponseTemplate::new(200).set_body_string("fine\n"), "ok: "),
        (post, ok("body == null"), ResponseTemplate::new(204), "ok: "),
        // A redirect of a write may have been its end; where it is to be sent again, it was not taken.
        (post, String::new(), moved(303, "/done"), "unknown: "),
        (post, String::new(), moved(308, "https://evil.example/"), "rejected: the service redirects to another host, evil.example: nothing was sent there"),
        (post, String::new(), moved(303, "https://evil.example/"), "unknown: the service took it, but its result cannot be read: the service redirects to another host, evil.example"),
        (post, ok("status == 303"), moved(303, "/done"), "ok: "),
        (post, ok("status == 301"), moved(301, "/done"), "ok: "),
        (post, String::new(), moved(300, "/done"), "unknown: 127.0.0.1 answered with a redirect (300)"),
        (get, String::new(), moved(302, "https://evil.example/"), "rejected: "),
        (
            post,
            "[command.result]\nsummary = \"{{ x }} is {{ body.state }}\"\n".into(),
            answer(200, json!({ "state": "on" })),
            "ok: 1 is on",
        ),
        (
            post,
            "[command.result]\nsummary = \"{{ x }} is {{ body.state }}\"\n".into(),
            answer(200, json!({})),
            "ok: go 1: 127.0.0.1 answered 200 OK (its summary lacks something: there is no `body.state`)",
        ),
        (
            post,
            "[command.result]\nok = \"body.n > 1\"\nsummary = \"{{ body.n }}{% if not ok %} is too few{% endif %}\"\n".into(),
            answer(200, json!({ "n": 1 })),
            "failed: 1 is too few",
        ),
    ];
    for (http, rest, answer, expected) in cases {
        let server = MockServer::start().await;
        Mock::given(path("/base/x")).respond_with(answer).expect(1).mount(&server).await;
        let result = run(&go(&server, http, &rest).await, "go 1").await;
        let expected = &expected.replace("127.0.0.1", server.uri().trim_start_matches("http://"));
        assert!(outcome_text(&result).starts_with(expected), "{rest}\n{}\n{expected}", outcome_text(&result));
        server.verify().await;
    }
}

/// A write that is redirected: its outcome, and what arrived at the other path on the same origin.
#[tokio::test]
async fn redirected_write_follows_http_or_is_unknown() {
    let unsure = "That does not say whether it was done; it was not sent again";
    let cases = [
        (301, "/base/y", "unknown: the service answered with a redirect (301) to ", unsure, None),
        (302, "/base/y", "unknown: the service answered with a redirect (302) to ", unsure, None),
        (303, "/base/y", "ok: go 1: 127.0.0.1 answered 200 OK", "", Some("GET")),
        (307, "/base/y", "ok: go 1: 127.0.0.1 answered 200 OK", "", Some("the same")),
        (308, "/base/y", "ok: go 1: 127.0.0.1 answered 200 OK", "", Some("the same")),
        (301, "", "unknown: the service redirects (301) without saying where to", unsure, None),
        (302, "  ", "unknown: the service redirects (302) without saying where to", unsure, None),
        (
            303,
            "",
            "unknown: the service took it, but its result cannot be read",
            "(303) without saying",
            None,
        ),
        (308, "", "rejected: the service redirects (308) without saying where to", "", None),
        (
            301,
            "javascript:alert(1)",
            "unknown: the service redirects (301) to \"javascript:alert(1)\", which is no web address",
            unsure,
            None,
        ),
        (
            307,
            "mailto:a@b",
            "rejected: the service redirects (307) to \"mailto:a@b\", which is no web address",
            "",
            None,
        ),
        (
            301,
            "https://evil.example/",
            "unknown: the service redirects to another host, evil.example: nothing was sent there; if it is right, make it the account's url",
            unsure,
            None,
        ),
    ];
    let methods = ["POST", "PUT", "PATCH", "DELETE"];
    for (method, (status, to, expected, and, sent)) in
        methods.into_iter().flat_map(|method| cases.map(|case| (method, case)))
    {
        let server = MockServer::start().await;
        let moved = ResponseTemplate::new(status).insert_header("location", to);
        Mock::given(path("/base/x")).respond_with(moved).expect(1).mount(&server).await;
        Mock::given(path("/base/y")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
        let write = format!("method = \"{method}\"\npath = \"/x?q={{{{ x }}}}\"");
        let result = run(&go(&server, &write, "").await, "go 1").await;
        let expected = &expected.replace("127.0.0.1", server.uri().trim_start_matches("http://"));
        let found = outcome_text(&result);
        let case = format!("{method} {status} {to:?}: {found}");
        assert!(found.starts_with(expected) && found.contains(and), "{case}");
        assert_eq!(found.contains("account's url"), to.contains("evil"), "{case}");
        let there =
            server.received_requests().await.unwrap().into_iter().filter(|it| it.url.path() == "/base/y");
        let sent = sent.map(|sent| if sent == "the same" { method } else { sent });
        assert_eq!(there.map(|it| it.method.to_string()).next().as_deref(), sent, "{case}");
        server.verify().await;
    }
}

#[tokio::test]
async fn output_of_a_read_is_shown_without_secrets() {
    let server = MockServer::start().await;
    let body = json!({ "echo": format!("Bearer {SECRET}"), "url": "https://ops.example/1" });
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_json(body)).mount(&server).await;
    let rest = "[command.result]\nsummary = \"{{ x }}: {{ body.echo }}\"\nlink = \"{{ body.url }}\"\n";
    let outcome =
        run(&go(&server, "method = \"GET\"\npath = \"/{{ x }}\"", rest).await, "go 1").await.unwrap();
    assert_eq!(outcome.summary, "1: Bearer [REDACTED]");
    assert_eq!(outcome.link.as_ref().unwrap().as_str(), "https://ops.example/1");
    assert!(matches!(&outcome.blocks[..], [Block::Code(shown)] if shown.contains("[REDACTED]")));
    assert!(!format!("{outcome:?}").contains(SECRET));
}

#[tokio::test]
async fn unusable_account_is_reported_when_a_command_uses_it() {
    let files =
        files(&[("a.toml", &text("method = \"GET\"\npath = \"/{{ x }}\"", "").replace("deployer", "forge"))]);
    let commands = files.commands_with(&Secrets::in_memory([])).await;
    let shown = preview(&commands, "go 1").unwrap().concat();
    assert!(shown.contains("the token is not set"), "{shown}");
    let refused = run(&commands, "go 1").await.unwrap_err();
    assert!(refused.to_string().starts_with("forge: the token is not set"), "{refused}");
}

const WAITS: &str = "method = \"POST\"\npath = \"/jobs/{{ x }}\"\n\
    wait_for = { get = \"{{ body.status_url }}\", until = \"body.state in ['done', 'failed']\", every = \"1s\", timeout = \"3s\" }";
const RESULT: &str =
    "[command.result]\nok = \"body.state == 'done'\"\nsummary = \"{{ x }} is {{ body.state }}\"\n";

#[tokio::test]
async fn accepted_job_is_polled_to_its_end() {
    let server = MockServer::start().await;
    let status_url = format!("{}/jobs/7", server.uri());
    Mock::given(method("POST"))
        .respond_with(ResponseTemplate::new(202).set_body_json(json!({ "status_url": status_url })))
        .expect(1)
        .mount(&server)
        .await;
    let polls = AtomicUsize::new(0);
    let state = move |_: &Request| match polls.fetch_add(1, Ordering::Relaxed) {
        0 => ResponseTemplate::new(503),
        _ => ResponseTemplate::new(200).set_body_json(json!({ "state": "done" })),
    };
    Mock::given(path("/jobs/7")).respond_with(state).expect(2).mount(&server).await;
    let commands = go(&server, WAITS, RESULT).await;
    let shown = preview(&commands, "go api").unwrap();
    assert!(
        shown[1].starts_with("Wait until body.state in ['done', 'failed']: look every 1s, for 3s at most"),
        "{shown:?}"
    );
    let progress = RecordedProgress::default();
    let outcome = run_with_progress(&commands, "go api", &progress).await.unwrap();
    assert_eq!((outcome.ok, &*outcome.summary), (true, "api is done"));
    let lines = progress.lines();
    assert!(lines.iter().any(|line| line.contains("503") && line.contains("so far")), "{lines:?}");
}

#[tokio::test]
async fn outcome_is_unknown_where_the_status_cannot_be_read() {
    let accepted = |url: &str| ResponseTemplate::new(202).set_body_json(json!({ "status_url": url }));
    let cases = [
        (accepted("https://evil.example/jobs/7"), ResponseTemplate::new(200), "another host, evil.example"),
        (accepted("//evil.example/jobs/7"), ResponseTemplate::new(200), "another host, evil.example"),
        (accepted("file:///etc/passwd"), ResponseTemplate::new(200), "is no URL"),
        (accepted("/jobs/7"), ResponseTemplate::new(404), "has no such thing"),
        (ResponseTemplate::new(202), ResponseTemplate::new(200), "does not say where to look"),
        (
            accepted("/jobs/7"),
            ResponseTemplate::new(302).insert_header("location", "https://evil.example/"),
            "redirects to another host",
        ),
    ];
    for (answer, polled, expected) in cases {
        let server = MockServer::start().await;
        Mock::given(method("POST")).respond_with(answer).expect(1).mount(&server).await;
        Mock::given(path("/jobs/7")).respond_with(polled).mount(&server).await;
        let result = run(&go(&server, WAITS, RESULT).await, "go api").await;
        let outcome = outcome_text(&result);
        assert!(outcome.starts_with("unknown: ") && outcome.contains(expected), "{outcome}\n{expected}");
    }
}

/// What a scripted service answers to a poll.
type Polled = Result<bool, ServiceError>;

/// Waits for a service that gives these answers, one per poll; the last one is repeated.
async fn waited(
    script: &[Result<bool, ServiceError>],
    every: u64,
    time: u64,
) -> (Result<usize, String>, u64) {
    let start = tokio::time::Instant::now();
    let polls = AtomicUsize::new(0);
    let progress = RecordedProgress::default();
    let poll = || async {
        let nth = polls.fetch_add(1, Ordering::Relaxed);
        match script[nth.min(script.len() - 1)].clone()? {
            true => Ok(PollResult::There(nth + 1)),
            false => Ok(PollResult::NotYet("not yet".into())),
        }
    };
    let found = wait::wait(Duration::from_secs(every), Duration::from_secs(time), &progress, poll).await;
    (found, start.elapsed().as_secs())
}

#[tokio::test(start_paused = true)]
async fn polls_keep_their_interval_and_deadline() {
    let limited =
        || ServiceError::RateLimited { why: "slow down".into(), retry_after: Duration::from_secs(30) };
    let cases: [(Vec<Polled>, Result<usize, &str>, u64); 7] = [
        (vec![Ok(true)], Ok(1), 2),
        (vec![Ok(false), Ok(false), Ok(true)], Ok(3), 6),
        (vec![Ok(false), Err(ServiceError::unavailable("out")), Ok(true)], Ok(3), 6),
        (vec![Err(limited()), Ok(true)], Ok(2), 32),
        (vec![Err(ServiceError::rejected("gone"))], Err("gone"), 2),
        (vec![Ok(false)], Err("the time of 1m is up: not yet"), 60),
        (vec![Err(ServiceError::unavailable("out"))], Err("the time of 1m is up: out"), 60),
    ];
    for (script, expected, seconds) in cases {
        let (found, took) = waited(&script, 2, 60).await;
        assert_eq!(
            (found.as_ref().map(|n| *n).map_err(|why| &**why), took),
            (expected, seconds),
            "{script:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn poll_that_hangs_ends_at_the_deadline() {
    let progress = RecordedProgress::default();
    let poll = std::future::pending::<Result<PollResult<()>, ServiceError>>;
    let found = wait::wait(Duration::from_secs(1), Duration::from_secs(5), &progress, poll).await;
    assert_eq!(found.unwrap_err(), "the time of 5s is up: no answer came");
}
