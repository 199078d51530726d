//! What went wrong, from what came back.

use std::{error::Error, io, time::Duration};

use callboard_domain::{error::ServiceError, text};
use jiff::{Timestamp, tz::TimeZone};
use reqwest::header;
use serde_json::Value;

use super::{Answer, RateLimitHeaders, charset, rate_limit::LONGEST_WINDOW};

const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The innermost reason of an error: the outer ones only repeat that a request failed.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut reason = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// True where the other side answered a TLS handshake with something else, as a server does that speaks plain HTTP.
pub(super) fn is_not_tls(error: &(dyn Error + 'static)) -> bool {
    let by_tls = |error: &rustls::Error| {
        matches!(error, rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType))
    };
    let mut next = Some(error);
    while let Some(error) = next {
        if error.downcast_ref::<rustls::Error>().is_some_and(by_tls) {
            return true;
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            // It gives its cause's cause as its own.
            Some(cause) => {
                let cause: &(dyn Error + 'static) = cause;
                Some(cause)
            }
            None => error.source(),
        };
    }
    false
}

/// Where services put an error message in a JSON body, the most specific first.
const MESSAGE_PATHS: [&[&str]; 7] = [
    &["message"],
    &["error", "message"],
    &["error"],
    &["error_description"],
    &["detail"],
    &["errors"],
    &["error", "errors"],
];

/// The service's own message about an error, in a line: by [`MESSAGE_PATHS`] or as plain text; else nothing. Where a message
/// is there twice the first counts, but for the details of `error`, which add to it.
pub(super) fn error_message(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let at = |path: &[&str]| path.iter().try_fold(&body, |value, key| value.get(key)).and_then(text_of);
    let start = &answer.body[..answer.body.len().min(4096)];
    let plain = || {
        let plain = charset::is_media_type(answer.header("content-type")?, "text/plain");
        plain.then(|| String::from_utf8_lossy(start).into_owned())
    };
    let message = text_of(&body).or_else(|| MESSAGE_PATHS.iter().find_map(|path| at(path))).or_else(plain);
    let message = message.unwrap_or_default();
    let whole = match at(&["error", "errors"]).filter(|details| !message.contains(details.as_str())) {
        Some(details) => format!("{message}: {details}"),
        None => message,
    };
    text::line(&whole, 200)
}

/// The text of a value: itself, or those of a list's entries, or their `message`.
fn text_of(value: &Value) -> Option<String> {
    let entry = |value: &Value| value.as_str().or_else(|| value.get("message")?.as_str()).map(str::to_owned);
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(entries) => Some(entries.iter().filter_map(entry).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
    .filter(|text| !text.trim().is_empty())
}

/// The one table from status to [`ServiceError`].
///
/// | status | read | write |
/// | --- | --- | --- |
/// | 401 | auth | auth |
/// | 403 with `Retry-After` or no calls left, 429 | rate limited | rate limited |
/// | 403 | auth, signed in | auth, signed in |
/// | 501 | rejected | unknown |
/// | 408, other 5xx | unavailable | unknown |
/// | 425 | unavailable | unavailable |
/// | other 4xx | rejected | rejected |
///
/// A 5xx and a 408 may come from a proxy that gave up waiting, after the service got the write: they do not show
/// its result, whatever the method (RFC 9110, 15.5.9 and 15.6). A 429 (RFC 6585) and a 425 (RFC 8470) mean that it was
/// not done.
pub fn service_error_of_status(
    answer: &Answer,
    message: &str,
    limits: &RateLimitHeaders,
    now: Timestamp,
) -> ServiceError {
    let Answer { service, status, headers, read, .. } = answer;
    let colon = after_colon(message);
    let is_limited = limits.is_spent(headers) || answer.header("retry-after").is_some();
    match status.as_u16() {
        401 => ServiceError::auth(format!("{service} refused the sign-in{colon}")),
        429 | 403 if status.as_u16() == 429 || is_limited => {
            let asks = retry_after(headers, limits, now).unwrap_or(DEFAULT_RETRY_AFTER);
            rate_limited(service, Some(answer.asked()), message, asks, now)
        }
        403 => ServiceError::forbidden(format!("{service} does not allow it{colon}")),
        404 => ServiceError::rejected(format!(
            "{service} has no such thing, or hides it from this account{colon}"
        )),
        408 if *read => ServiceError::unavailable(format!("{service} timed out (408){colon}")),
        408 => ServiceError::unknown(format!("{service} timed out (408){colon}")),
        425 => ServiceError::unavailable(format!("{service} did not accept it yet (425){colon}")),
        501 if *read => ServiceError::rejected(format!("{service} cannot do that (501){colon}")),
        code @ 500.. if *read => {
            ServiceError::unavailable(format!("{service} is unavailable ({code}){colon}"))
        }
        code @ 500.. => ServiceError::unknown(format!("{service} failed mid-request ({code}){colon}")),
        code => ServiceError::rejected(format!("{service} refused it ({code}){colon}")),
    }
}

fn after_colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(": {message}") }
}

/// A rate limit by a service that `asks` for that wait, with the request that met it, where there was one: a service may
/// limit one of its calls alone.
pub(crate) fn rate_limited(
    service: &str,
    asked: Option<&str>,
    message: &str,
    asks: Duration,
    now: Timestamp,
) -> ServiceError {
    let at = asked.map(|asked| format!(" at {asked}")).unwrap_or_default();
    let why = format!("rate-limited by {service}{at}{}", after_colon(message));
    ServiceError::rate_limited(why, asks, &now.to_zoned(TimeZone::system()))
}

/// How long a service asks us to wait: by `Retry-After` (seconds or a date), else by when the limit is renewed. `None`
/// where neither gives a time that is still to come, and can be meant.
pub(super) fn retry_after(
    headers: &header::HeaderMap,
    limits: &RateLimitHeaders,
    now: Timestamp,
) -> Option<Duration> {
    let until = |at: Timestamp| Duration::try_from(at.duration_since(now)).ok();
    let asked = || {
        let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        // A date compares two clocks: one that is further off than any window shows that they differ.
        let is_meant = |wait: &Duration| *wait <= LONGEST_WINDOW.unsigned_abs();
        let date = || jiff::fmt::rfc2822::parse(text).ok().and_then(|date| until(date.timestamp()));
        text.parse().ok().map(Duration::from_secs).or_else(|| date().filter(is_meant))
    };
    // With calls left it is another limit that was met, and the window says nothing of that.
    let renewed = || limits.wait(headers, now).filter(|_| !limits.has_calls_left(headers));
    asked().or_else(renewed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_that_is_no_tls_is_known_by_the_type_of_its_error() {
        let tls = |why| io::Error::new(io::ErrorKind::InvalidData, rustls::Error::InvalidMessage(why));
        let plain = || tls(rustls::InvalidMessage::InvalidContentType);
        let cases = [
            (plain(), true),
            (io::Error::other(plain()), true),
            (
                io::Error::other(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)),
                true,
            ),
            (tls(rustls::InvalidMessage::MessageTooLarge), false),
            (io::Error::other(rustls::Error::NoCertificatesPresented), false),
            (io::Error::from(io::ErrorKind::ConnectionRefused), false),
            (io::Error::other("received corrupt message of type InvalidContentType"), false),
        ];
        for (error, expected) in cases {
            assert_eq!(is_not_tls(&error), expected, "{error:?}");
        }
    }
}
