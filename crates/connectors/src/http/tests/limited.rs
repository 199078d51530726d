//! What a service that is called too often asks for, and what is said of it.

use jiff::SignedDuration;

use super::*;

#[test]
fn wait_is_read_from_seconds_dates_and_resets() {
    const RELATIVE: RateLimitHeaders = RateLimitHeaders {
        limit: "ratelimit-limit",
        remaining: "ratelimit-remaining",
        reset: "ratelimit-reset",
        reset_is: Reset::In,
        ..RateLimitHeaders::X_RATE_LIMIT
    };
    let usual = RateLimitHeaders::X_RATE_LIMIT;
    // The headers that count, `Retry-After`, when the limit is renewed -> how long the service asks us to wait.
    let cases = [
        (usual, Some("7"), None, Some(7)),
        (usual, Some(" 7 "), Some("1"), Some(7)),
        (usual, Some("0"), Some("1795348920"), Some(0)),
        (usual, Some("Sun, 22 Nov 2026 12:01:30 GMT"), None, Some(90)),
        (usual, Some("Sun, 22 Nov 2026 12:00:00 GMT"), None, Some(0)),
        (usual, None, Some("1795348920"), Some(120)),
        (usual, Some("99999999"), None, Some(99_999_999)),
        (RELATIVE, None, Some("45"), Some(45)),
        (RELATIVE, None, Some("0"), Some(0)),
        // What cannot be meant is not known; the other header may be.
        (usual, Some("Sun, 22 Nov 2026 11:00:00 GMT"), None, None),
        (usual, Some("Sun, 22 Nov 2026 11:00:00 GMT"), Some("1795348920"), Some(120)),
        (usual, Some("soon"), Some("1795348920"), Some(120)),
        (usual, Some("-1"), None, None),
        (usual, Some("1.5"), None, None),
        (usual, Some(""), None, None),
        (usual, Some("99999999999999999999"), None, None),
        (usual, Some("Fri, 22 Nov 2999 12:00:00 GMT"), None, None),
        (usual, Some("Fri, 22 Nov 2999 12:00:00 GMT"), Some("1795348920"), Some(120)),
        (usual, Some("Mon, 23 Nov 2026 12:00:00 GMT"), None, Some(86_400)),
        (usual, Some("Mon, 23 Nov 2026 12:00:01 GMT"), None, None),
        (usual, None, Some("1000000000"), None),
        (usual, None, Some("0"), None),
        (usual, None, Some("120"), None),
        (usual, None, Some("1795348920000"), None),
        (usual, None, Some("99999999999999999999"), None),
        (RELATIVE, None, Some("1795348920"), None),
        (RELATIVE, None, Some("-45"), None),
        (usual, None, None, None),
    ];
    let status = StatusCode::TOO_MANY_REQUESTS;
    for (limits, after, reset, expected) in cases {
        let after = after.map(|after| (header::RETRY_AFTER, after.parse().unwrap()));
        let reset = reset.map(|reset| (limits.reset.parse().unwrap(), reset.parse().unwrap()));
        let headers: header::HeaderMap = after.into_iter().chain(reset).collect();
        let asked = retry_after(&headers, &limits, contract::now());
        assert_eq!(asked, expected.map(Duration::from_secs), "{headers:?}");
        let answer = answered(status, headers.clone(), true);
        let error = service_error_of_status(&answer, "", &limits, contract::now());
        let kept = Duration::from_secs(expected.unwrap_or(60).min(3_600));
        assert!(
            matches!(error, ServiceError::RateLimited { retry_after, .. } if retry_after == kept),
            "{headers:?}: {error:?}"
        );
    }
}

/// How many calls are left, `Retry-After` -> how long is waited where the window ends in 50 minutes: with calls left another
/// limit was met.
#[test]
fn end_of_the_window_counts_only_where_no_call_is_left() {
    let (minute, window) = (60, 3_000);
    let cases = [
        (Some("0"), None, window),
        (Some(" 0 "), None, window),
        (Some("0"), Some("-1"), window),
        (Some("0"), Some("7"), 7),
        (Some("4321"), None, minute),
        (Some("1"), None, minute),
        (Some("4321"), Some("-1"), minute),
        (Some("4321"), Some("1000000000000000000000000000000"), minute),
        (Some("4321"), Some("Fri, 22 Nov 2999 12:00:00 GMT"), minute),
        (Some("4321"), Some("7"), 7),
        (Some("4321"), Some("Sun, 22 Nov 2026 12:01:30 GMT"), 90),
        // Not known is not "some".
        (None, None, window),
        (Some("many"), None, window),
    ];
    let limits = RateLimitHeaders::X_RATE_LIMIT;
    let reset = (contract::now().as_second() + window).to_string();
    for (left, after, expected) in cases {
        let named = [(limits.remaining, left), ("retry-after", after), (limits.reset, Some(reset.as_str()))];
        let named = named.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let headers: header::HeaderMap =
            named.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let answer = answered(StatusCode::TOO_MANY_REQUESTS, headers, true);
        let error = service_error_of_status(&answer, "", &limits, contract::now());
        let kept = error.retry_at(contract::now()).map(|at| at.as_second() - contract::now().as_second());
        assert_eq!(kept, Some(expected), "{left:?} {after:?}");
    }
}

/// How long a service's windows are, in how many seconds one is said to end -> how long is waited, and whether the error says
/// until when the service asks to wait.
#[test]
fn reset_that_is_further_off_than_the_wait_is_named() {
    let hour = SignedDuration::from_hours(1);
    let cases = [
        (hour, 3_600, 3_600, false),
        (hour, 3_601, 3_600, true),
        (hour, 10_800, 3_600, true),
        (hour, 60, 60, false),
        (SignedDuration::from_hours(24), 10_800, 3_600, true),
        // No window of this service is as long: what it says is wrong.
        (SignedDuration::from_mins(1), 10_800, 60, false),
        (SignedDuration::from_mins(1), 30, 30, false),
    ];
    for (window, reset, kept, is_named) in cases {
        let limits = RateLimitHeaders { window, ..RateLimitHeaders::X_RATE_LIMIT };
        let reset_at = (contract::now().as_second() + reset).to_string();
        let named = [(limits.remaining, "0"), (limits.reset, reset_at.as_str())];
        let headers: header::HeaderMap = named
            .into_iter()
            .map(|(name, value)| (name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
        let answer = answered(StatusCode::FORBIDDEN, headers, true);
        let error = service_error_of_status(&answer, "", &limits, contract::now());
        let wait = error.retry_at(contract::now()).map(|at| at.as_second() - contract::now().as_second());
        assert_eq!(wait, Some(kept), "{window} {reset}");
        let text = error.to_string();
        assert_eq!(text.contains("; it asks to wait until "), is_named, "{window} {reset}: {text}");
    }
}

/// What was asked for, the status, the wait that the service asks for -> what is said of the request.
#[tokio::test]
async fn rate_limit_names_the_request_that_met_it() {
    type Make = fn(&MockServer) -> Request;
    let runs: Make = |_| Request::get(["repos", "acme/web", "runs"]).query("page", "2");
    let incident: Make = |_| Request::new(Method::PUT, ["incidents", "Q1"]).json(json!({ "a": 1 }));
    let next: Make = |it| Request::get_url(format!("{}/next?page=2", it.uri()).parse().unwrap());
    let with_secret: Make = |_| Request::post(["x", SECRET, "y"]);
    let secret_url: Make = |it| Request::post_secret_url(format!("{}/hooks/T1", it.uri()).into());
    let cases = [
        (runs, 403, Some("7"), "rate-limited by Forge at GET /repos/acme%2Fweb/runs: no"),
        (runs, 403, Some("7200"), "rate-limited by Forge at GET /repos/acme%2Fweb/runs: no; it asks to wait"),
        (runs, 429, None, "rate-limited by Forge at GET /repos/acme%2Fweb/runs: no"),
        (incident, 429, Some("90"), "rate-limited by Forge at PUT /incidents/Q1: no"),
        (next, 429, Some("0"), "rate-limited by Forge at GET /next: no"),
        (with_secret, 429, Some("7"), "rate-limited by Forge at POST /x/"),
        (secret_url, 429, Some("7"), "rate-limited by Forge at POST [REDACTED]: no"),
        // Any other refusal is of this request alone.
        (runs, 403, None, "Forge does not allow it: no"),
        (runs, 404, Some("7"), "Forge has no such thing, or hides it from this account: no"),
        (runs, 503, Some("7"), "Forge is unavailable (503): no"),
    ];
    for (request, status, after, expected) in cases {
        let answer = ResponseTemplate::new(status).set_body_json(json!({ "message": "no" }));
        let answer = match after {
            Some(after) => answer.insert_header("retry-after", after),
            None => answer,
        };
        let server = answering(answer).await;
        let said = http(&server.uri(), bearer()).send(request(&server)).await.unwrap_err().to_string();
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains(SECRET) && !said.contains("page") && !said.contains("T1"), "{said}");
    }
}

/// A redirect is followed within one request: what was asked for is named.
#[tokio::test]
async fn rate_limit_behind_a_redirect_names_the_request_that_was_made() {
    let server = MockServer::start().await;
    let moved = ResponseTemplate::new(302).insert_header("location", "/elsewhere");
    Mock::given(path("/log")).respond_with(moved).mount(&server).await;
    let limited = ResponseTemplate::new(429).insert_header("retry-after", "7");
    Mock::given(path("/elsewhere")).respond_with(limited).mount(&server).await;
    let error = http(&server.uri(), bearer()).send(Request::get(["log"])).await.unwrap_err();
    assert_eq!(error.to_string(), "rate-limited by Forge at GET /log");
}
