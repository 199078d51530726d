mod limited;
mod redirects;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, header, method, path},
};

use super::*;
use crate::{
    contract::{self, SECRET, USER},
    writes::{Sent, Writes},
};

fn http(base: &str, credential: Credential) -> Http {
    http_within(TIME_OUT, base, credential)
}

fn http_within(time_out: Duration, base: &str, credential: Credential) -> Http {
    let client = Client::with_time_out(time_out).unwrap();
    Http::new(client, base.parse().unwrap(), "Forge", credential)
}

fn bearer() -> Credential {
    Credential::Bearer(SECRET.into())
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).mount(&server).await;
    server
}

fn answered(status: StatusCode, headers: header::HeaderMap, read: bool) -> Answer {
    let (body, service, asked) = (Bytes::new(), "Forge", "GET /x".to_owned());
    Answer { status, headers, body, redirected: false, service, asked, read, cut: false }
}

fn kind(result: &Result<Answer, ServiceError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(ServiceError::Auth { signed_in: true, .. }) => "forbidden",
        Err(ServiceError::Auth { .. }) => "auth",
        Err(ServiceError::RateLimited { .. }) => "rate limited",
        Err(ServiceError::Rejected { .. }) => "rejected",
        Err(ServiceError::Unavailable { .. }) => "unavailable",
        Err(ServiceError::Unknown { .. }) => "unknown",
    }
}

#[tokio::test]
async fn https_at_a_port_that_speaks_http_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            // Whatever of the handshake has come: it is answered as by a web server.
            let _ = socket.read(&mut [0; 16 << 10]).await;
            drop(socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    let result = http(&format!("https://{host}"), Credential::None).send(Request::get(["x"])).await;
    let why = format!("Forge does not speak https at {host}; is its url http://?");
    assert_eq!(result.unwrap_err(), ServiceError::unavailable(why));
}

#[test]
fn a_status_maps_to_one_error_kind() {
    type Headers = [(&'static str, &'static str)];
    const LATER: &Headers = &[("retry-after", "5")];
    let cases: [(&[u16], &Headers, &str, &str); 10] = [
        (&[401], &[], "auth", "auth"),
        (&[403], &[], "forbidden", "forbidden"),
        (&[403], &[("x-ratelimit-remaining", "12")], "forbidden", "forbidden"),
        (&[403], &[("x-ratelimit-remaining", "0")], "rate limited", "rate limited"),
        (&[403, 429], LATER, "rate limited", "rate limited"),
        (&[429], &[], "rate limited", "rate limited"),
        (
            &[400, 404, 405, 409, 410, 411, 412, 413, 415, 418, 421, 422, 423, 451],
            LATER,
            "rejected",
            "rejected",
        ),
        (&[425], &[], "unavailable", "unavailable"),
        (&[501], LATER, "rejected", "unknown"),
        (&[408, 500, 502, 503, 504, 505, 507, 520, 524, 529, 530, 599, 999], LATER, "unavailable", "unknown"),
    ];
    for (statuses, headers, read, write) in cases {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers: header::HeaderMap = headers.collect();
        for status in statuses {
            for (is_read, expected) in [(true, read), (false, write)] {
                let status = StatusCode::from_u16(*status).unwrap();
                let answer = answered(status, headers.clone(), is_read);
                let limits = &RateLimitHeaders::X_RATE_LIMIT;
                let error = service_error_of_status(&answer, "no", limits, contract::now());
                assert_eq!(kind(&Err(error)), expected, "{status} {headers:?} read={is_read}");
            }
        }
    }
}

/// Every status with every method: a write is done again by itself only where it surely was not done.
#[tokio::test]
async fn write_that_may_have_happened_is_never_repeated() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(|request: &wiremock::Request| {
            ResponseTemplate::new(request.url.path()[1..].parse::<u16>().unwrap())
        })
        .mount(&server)
        .await;
    let http = http(&server.uri(), bearer());
    let [get, head, post] = [reqwest::Method::GET, reqwest::Method::HEAD, reqwest::Method::POST];
    let [put, patch, delete] = [reqwest::Method::PUT, reqwest::Method::PATCH, reqwest::Method::DELETE];
    for status in (400..600).filter(|status| StatusCode::from_u16(*status).is_ok()) {
        let request = |method: &reqwest::Method| Request::new(method.clone(), [status.to_string()]);
        let writes = [&post, &put, &patch, &delete].map(request).into_iter().chain([request(&get).changes()]);
        for write in writes {
            let error = http.send(write.clone()).await.unwrap_err();
            let unsure = status >= 500 || status == 408;
            assert_eq!(matches!(error, ServiceError::Unknown { .. }), unsure, "{write:?}: {error:?}");
            let again = matches!(status, 425 | 429);
            assert_eq!(error.may_retry(), again, "{write:?}: {error:?}");
        }
        for read in [request(&get), request(&head), request(&post).reads()] {
            let error = http.send(read.clone()).await.unwrap_err();
            assert!(!matches!(error, ServiceError::Unknown { .. }), "{read:?}: {error:?}");
        }
    }
}

/// Nobody is signed in who sends no credential.
#[tokio::test]
async fn only_who_is_signed_in_can_lack_a_permission() {
    let basic = || Credential::Basic { user: USER.to_owned(), password: SECRET.into() };
    let cases = [
        (Credential::None, 401_u16, "auth"),
        (Credential::None, 403, "auth"),
        (bearer(), 401, "auth"),
        (bearer(), 403, "forbidden"),
        (basic(), 403, "forbidden"),
        (bearer(), 404, "rejected"),
    ];
    for (credential, status, expected) in cases {
        let server = answering(ResponseTemplate::new(status)).await;
        let came = http(&server.uri(), credential).send(Request::get(["x"])).await;
        assert_eq!(kind(&came), expected, "{status}: {came:?}");
    }
}

#[tokio::test]
async fn transport_error_after_a_write_was_sent_is_unknown() {
    let half = contract::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"half\":").await;
    let closes = contract::raw("").await;
    let not_http = contract::raw("SSH-2.0-OpenSSH_9.6\r\n").await;
    let slow = answering(ResponseTemplate::new(200).set_delay(Duration::from_secs(60))).await;
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let cases = [
        ("half a body", half, "unavailable", "unknown"),
        ("no answer", closes, "unavailable", "unknown"),
        ("not HTTP", not_http, "unavailable", "unknown"),
        ("slow", slow.uri(), "unavailable", "unknown"),
        ("nobody there", format!("http://{nobody}"), "unavailable", "unavailable"),
        ("no such host", "http://nowhere.invalid".to_owned(), "unavailable", "unavailable"),
    ];
    for (what, url, read, write) in cases {
        let time_out = if what == "slow" { Duration::from_millis(500) } else { TIME_OUT };
        let http = http_within(time_out, &url, bearer());
        let requests = [
            (Request::get(["x"]), read),
            (Request::post(["x"]), write),
            (Request::post(["x"]).reads(), read),
        ];
        for (request, expected) in requests {
            let came = http.send(request.clone()).await;
            assert_eq!(kind(&came), expected, "{what}: {request:?} {came:?}");
        }
    }
}

#[tokio::test]
async fn response_length_is_bounded() {
    let length = ANSWER_LIMIT + 10;
    let body = [vec![b'a'; ANSWER_LIMIT], b"0123456789".to_vec()].concat();
    let long = [format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n").into_bytes(), body].concat();
    let url = contract::raw(long).await;
    let http = http(&url, Credential::None);
    assert_eq!(kind(&http.send(Request::get(["x"])).await), "unavailable");
    assert_eq!(kind(&http.send(Request::post(["x"])).await), "unknown");
    let tail = http.send(Request::get(["x"]).tail()).await.unwrap();
    assert_eq!(tail.body.len(), ANSWER_LIMIT);
    assert!(tail.body.ends_with(b"a0123456789"));
}

#[tokio::test]
async fn rest_of_a_cut_secret_is_removed_too() {
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    // the form of the secret, how much of it is cut; both are read at once, being as long as an answer may be
    let cases = [(SECRET.to_owned(), 5), (percent(SECRET), 4)].map(|(form, cut)| async move {
        let length = ANSWER_LIMIT + cut;
        let rest = "line\n".repeat(ANSWER_LIMIT / 5 + 1);
        let body = format!("{form}{}", &rest[..length - form.len()]);
        let url =
            contract::raw(format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes())
                .await;
        let tail = http(&url, bearer()).send(Request::get(["x"]).tail()).await.unwrap().text();
        let left = &form[form.len() - 8..];
        assert!(!tail.contains(left), "{cut} of {form}: {}", &tail[..80]);
        assert!(tail.len() > ANSWER_LIMIT - (64 << 10) && body.ends_with(&tail), "the rest is there");
    });
    futures::future::join_all(cases).await;
}

#[tokio::test]
async fn request_that_would_arrive_changed_is_not_sent() {
    let server = answering(ResponseTemplate::new(200)).await;
    let http = http(&server.uri(), bearer());
    let cases = [
        Request::post(["deploy", "production\t"]),
        Request::post(["apps", ".\t.", "admin"]),
        Request::post(["apps", "..", "admin"]),
        Request::post(["apps", "%2e%2e"]),
        Request::post(["apps", "..\\admin"]),
        Request::post(["x"]).query("branch", "main\n"),
        Request::post(["x"]).query("br\tanch", "main"),
        Request::post(["x"]).header("x-what", "a\tb"),
        Request::post(["x"]).header("x-what", "a\u{85}b"),
    ];
    for request in cases {
        let shown = http.step("Send", &request).request;
        assert!(shown.contains("does not fit"), "{shown}");
        assert_eq!(kind(&http.send(request).await), "rejected", "{shown}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

proptest::proptest! {
    #[test]
    fn sent_url_has_the_given_parts(
        segments in proptest::collection::vec("([./\\\\%a2eE5fFcC?#]|[\\x00-\\x20\\x7f-\\x9f]|\\PC){1,6}", 1..4),
        value in "([a&=#%+]|[\\x00-\\x20\\x7f-\\x9f]|\\PC){0,6}",
    ) {
        let http = http("http://forge.example/team-a/v1/", Credential::None);
        if let Ok(url) = http.url(&Request::get(&segments).query("q", &value)) {
            let sent: Vec<_> = url.path_segments().unwrap().map(|it| callboard_domain::segment::decoded(it).into_owned()).collect();
            proptest::prop_assert_eq!(&sent[..2], ["team-a", "v1"]);
            proptest::prop_assert_eq!(&sent[2..], &segments[..]);
            proptest::prop_assert_eq!(url.query_pairs().collect::<Vec<_>>(), [("q".into(), value.into())]);
            proptest::prop_assert_eq!(url.fragment(), None);
        }
    }
}

#[tokio::test]
async fn url_from_the_service_must_be_on_its_host() {
    let server = answering(ResponseTemplate::new(200)).await;
    let http = http(&server.uri(), bearer());
    let own = format!("{}/queue/item/82/", server.uri()).parse().unwrap();
    assert_eq!(kind(&http.send(Request::get_url(own)).await), "ok");
    let port = server.address().port();
    for other in ["http://evil.example/", "https://127.0.0.1/", &format!("https://127.0.0.1:{port}/")] {
        let refused = http.send(Request::get_url(other.parse().unwrap())).await.unwrap_err();
        assert!(refused.to_string().contains("another host"), "{other}: {refused}");
    }
}

#[test]
fn segment_stays_in_its_place() {
    let cases: [(&str, &[&str], &str); 6] = [
        ("https://ci.example", &["job", "web"], "https://ci.example/job/web"),
        ("https://ci.example/", &["job", "web"], "https://ci.example/job/web"),
        ("https://ci.example/jenkins", &["api", "json"], "https://ci.example/jenkins/api/json"),
        ("https://ci.example", &["job", "feature%2Fcart"], "https://ci.example/job/feature%252Fcart"),
        ("https://ci.example", &["job", "a/b?c#d e"], "https://ci.example/job/a%2Fb%3Fc%23d%20e"),
        ("https://ci.example", &["job", "ü"], "https://ci.example/job/%C3%BC"),
    ];
    for (base, segments, expected) in cases {
        let step = http(base, Credential::None).step("x", &Request::get(segments));
        assert_eq!(step.request, format!("GET {expected}"));
    }
    // A URL's path cannot hold these two: they would name another path.
    for dots in [".", ".."] {
        let step = http("https://ci.example/jenkins", Credential::None)
            .step("x", &Request::get(["job", dots, "stop"]));
        assert!(step.request.contains("does not fit"), "{}", step.request);
    }
}

#[test]
fn preview_is_the_request_without_the_secrets() {
    let http = http("https://forge.example", bearer());
    let form = vec![("REF".to_owned(), "main".to_owned()), ("NOTE".to_owned(), SECRET.to_owned())];
    let cases = [
        (Request::post(["a"]).query("x", "1 2"), "POST https://forge.example/a?x=1+2".to_owned()),
        (
            Request::post(["a"]).json(json!({ "b": 1 })),
            "POST https://forge.example/a\n{\n  \"b\": 1\n}".to_owned(),
        ),
        (
            Request::post(["a"]).form(form),
            "POST https://forge.example/a\nREF=main\nNOTE=[REDACTED]".to_owned(),
        ),
        (
            Request::post_secret_url(format!("https://hooks.example/{SECRET}").into()),
            "POST [REDACTED]".to_owned(),
        ),
        (
            Request::post(["a"]).header("from", "ana@acme.example").header("accept", "text/plain"),
            "POST https://forge.example/a\nfrom: ana@acme.example".to_owned(),
        ),
        (
            Request::post(["a"]).header("x-what", "api").header("accept", "text/plain").shown_whole(),
            "POST https://forge.example/a\nx-what: api\naccept: text/plain".to_owned(),
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(http.step("Do it", &request).request, expected);
        let shown = format!("{:?} {http:?}", request.form(Vec::new()));
        assert!(!shown.contains(SECRET), "{shown}");
    }
}

#[tokio::test]
async fn secrets_repeated_by_a_service_are_redacted() {
    let pair = BASE64_STANDARD.encode(format!("{USER}:{SECRET}"));
    let basic = || Credential::Basic { user: USER.to_owned(), password: SECRET.into() };
    let half_hidden = format!("{}\u{200b}{}", &SECRET[..5], &SECRET[5..]);
    let at_the_cut = format!("{}{SECRET}", "x".repeat(190));
    let cases = [
        (bearer(), json!({ "message": format!("bad token {SECRET}") })),
        (bearer(), json!({ "error": format!("bad token {half_hidden}") })),
        (bearer(), json!({ "error": at_the_cut })),
        (basic(), json!({ "message": format!("bad header Basic {pair}") })),
        (basic(), json!(format!("bad password {SECRET}"))),
    ];
    for (credential, body) in cases {
        let server = answering(ResponseTemplate::new(400).set_body_json(&body)).await;
        let shown = http(&server.uri(), credential).send(Request::get(["x"])).await.unwrap_err().to_string();
        assert!(!shown.contains(&SECRET[..8]) && !shown.contains(&pair), "{shown}");
    }
    let server = answering(ResponseTemplate::new(200).set_body_json(json!({ "count": SECRET }))).await;
    let answer = http(&server.uri(), bearer()).send(Request::get(["x"])).await.unwrap();
    let shown = answer.json::<std::collections::BTreeMap<String, u64>>().unwrap_err().to_string();
    assert!(shown.contains("unexpected") && !shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn secret_url_is_masked_in_responses() {
    let server = answering(ResponseTemplate::new(404)).await;
    let url = format!("{}/services/{SECRET}", server.uri());
    Mock::given(method("POST"))
        .respond_with(
            ResponseTemplate::new(400).set_body_json(json!({ "message": format!("no hook at {url}") })),
        )
        .with_priority(1)
        .mount(&server)
        .await;
    let http = http(&server.uri(), Credential::None);
    let shown =
        http.send(Request::post_secret_url(url.into()).json(json!({}))).await.unwrap_err().to_string();
    assert!(shown.contains("no hook at [REDACTED]"), "{shown}");
    let wrong = http.send(Request::post_secret_url(SECRET.into())).await.unwrap_err().to_string();
    assert!(wrong.contains("not a URL") && !wrong.contains(SECRET), "{wrong}");
}

#[tokio::test]
async fn answer_of_another_shape_is_the_services_error() {
    let cases = [
        ("<html>Sign in</html>", "text/html", "web page"),
        (" \n<!doctype html>", "application/json", "web page"),
        ("", "application/json", "unexpected"),
        ("{\"half\":", "application/json", "unexpected"),
        ("[1, 2]", "application/json", "unexpected"),
    ];
    for (body, kind_of_body, expected) in cases {
        let server = answering(ResponseTemplate::new(200).set_body_raw(body, kind_of_body)).await;
        let http = http(&server.uri(), Credential::None);
        for (request, unknown) in [(Request::get(["x"]), false), (Request::post(["x"]), true)] {
            let answer = http.send(request).await.unwrap();
            let error = answer.json::<std::collections::BTreeMap<String, u64>>().unwrap_err();
            assert!(error.to_string().contains(expected), "{body:?}: {error}");
            assert_eq!(matches!(error, ServiceError::Unknown { .. }), unknown, "{body:?}: {error}");
        }
    }
}

#[tokio::test]
async fn a_conditional_request_may_find_nothing_new() {
    let server = answering(ResponseTemplate::new(304)).await;
    let answer =
        http(&server.uri(), bearer()).send(Request::get(["x"]).header("if-none-match", "\"1\"")).await;
    assert_eq!(answer.unwrap().status, StatusCode::NOT_MODIFIED);
    // To one that named nothing it says nothing.
    let unasked = http(&server.uri(), bearer()).send(Request::get(["x"])).await;
    assert!(matches!(unasked, Err(ServiceError::Unavailable { .. })), "{unasked:?}");
    let write = http(&server.uri(), bearer()).send(Request::post(["x"])).await;
    assert!(matches!(write, Err(ServiceError::Unknown { .. })), "{write:?}");
}

#[tokio::test(start_paused = true)]
async fn write_waiting_for_its_turn_has_not_begun() {
    let http = http("http://127.0.0.1:9", Credential::None).paced(Duration::from_secs(60));
    http.take_turn(&Request::post(["x"]), &Method::POST).await;
    let writes = Writes::default();
    let stopped =
        tokio::time::timeout(Duration::from_secs(1), writes.observe(http.send(Request::post(["x"])))).await;
    assert!(stopped.is_err(), "it waits");
    assert_eq!(writes.sent(), Sent::Nothing);
}

/// Keeps the status lines.
#[derive(Default)]
struct StatusLines(std::sync::Mutex<Vec<String>>);

impl callboard_domain::action::Progress for StatusLines {
    fn status(&self, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn output(&self, text: &str) {
        panic!("nothing is put out: {text:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn noticeable_wait_for_the_pace_is_reported() {
    let line = |seconds: u64| format!("Waiting for Test: its limit allows the next request in {seconds} s");
    // how far apart requests are, in ms -> the status lines of the second one
    let cases = [
        (500, Vec::new()),
        (1_000, Vec::new()),
        (2_500, vec![line(3), line(2), line(1), String::new()]),
        (3_000, vec![line(3), line(2), line(1), String::new()]),
    ];
    for (apart, expected) in cases {
        let http = Http::new(
            Client::new().unwrap(),
            "http://127.0.0.1:9".parse().unwrap(),
            "Test",
            Credential::None,
        )
        .paced(Duration::from_millis(apart));
        let request = Request::post(["x"]);
        let lines = std::sync::Arc::new(StatusLines::default());
        let writes = Writes::default().reporting_to(lines.clone());
        let began = tokio::time::Instant::now();
        writes.observe(http.take_turn(&request, &Method::POST)).await;
        writes.observe(http.take_turn(&request, &Method::POST)).await;
        assert_eq!(began.elapsed(), Duration::from_millis(apart));
        assert_eq!(*lines.0.lock().unwrap(), expected, "{apart} ms apart");
        // A stopped wait reports nothing more; without a listener it is a wait like any other.
        let stopped = writes.observe(http.take_turn(&request, &Method::POST));
        let _ = tokio::time::timeout(Duration::from_millis(apart / 2), stopped).await;
        let count = lines.0.lock().unwrap().len();
        http.take_turn(&request, &Method::POST).await;
        assert_eq!(lines.0.lock().unwrap().len(), count, "{apart} ms apart");
    }
}
