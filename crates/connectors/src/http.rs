//! The shared HTTP client: what every connector needs and none should write again.
//!
//! Status and transport errors become a [`ServiceError`] by one table; credentials are added here, never leave for
//! another host, and are masked in previews, errors and whatever a service answers; answers are bounded in size and time,
//! and are text, whatever their charset.

mod answer;
pub(crate) mod charset;
mod client;
mod credential;
mod error;
mod rate_limit;
mod redact;
mod redirect;
mod request;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, time::Duration};

use bytes::{Buf, Bytes, BytesMut};
use callboard_domain::{action::Step, error::ServiceError, secret::ExposeSecret, source::RateLimit, text};
use jiff::Timestamp;
use reqwest::{Method, StatusCode, header};
use tokio::time::Instant;
use url::{Position, Url};

use crate::writes;

pub(crate) use self::error::rate_limited;
pub use self::{
    answer::Answer,
    client::{Client, TIME_OUT},
    credential::Credential,
    error::service_error_of_status,
    rate_limit::{RateLimitHeaders, Reset},
    redact::{Parts, Redactor},
    request::Request,
};
use self::{
    credential::secret_parts,
    error::{error_message, innermost, is_not_tls, retry_after},
    rate_limit::{LastRateLimit, Pace},
    redirect::{RedirectStep, chain, onward},
    request::{Body, Target},
};

/// The longest answer that is read; a longer one counts as an error of the service.
pub const ANSWER_LIMIT: usize = 16 << 20;
const REDIRECTS: usize = 5;
/// A longer wait for the service's pace is reported, and reported again after as long.
const NOTICED: Duration = Duration::from_secs(1);

/// Headers that a preview leaves out, unless the request is shown whole.
const QUIET_HEADERS: [&str; 3] = ["accept", "content-type", "x-github-api-version"];

/// One account's way to its service.
#[derive(Clone)]
pub struct Http {
    client: Client,
    base: Url,
    service: &'static str,
    credential: Credential,
    redactor: Redactor,
    rate_limit_headers: RateLimitHeaders,
    last_rate_limit: LastRateLimit,
    pace: Pace,
    /// Which call of the service a request is.
    call: fn(&Request) -> String,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Http({} at {})", self.service, self.base)
    }
}

impl Http {
    /// Requests go below `base` (its path is kept); `service` is what people call the service.
    pub fn new(client: Client, base: Url, service: &'static str, credential: Credential) -> Self {
        let redactor = Redactor::new(&credential.secrets());
        Self {
            client,
            base,
            service,
            credential,
            redactor,
            rate_limit_headers: RateLimitHeaders::X_RATE_LIMIT,
            last_rate_limit: LastRateLimit::default(),
            pace: Pace::default(),
            call: |_| String::new(),
        }
    }

    /// With headers of the service's own for its rate limit; `X-RateLimit-*` unless others are set.
    #[must_use]
    pub fn with_rate_limit(self, headers: RateLimitHeaders) -> Self {
        Self { rate_limit_headers: headers, ..self }
    }

    /// With requests that begin at least so far apart, for services that allow a few a second and do not report what is
    /// left. All clones share the pace.
    #[must_use]
    pub fn paced(mut self, apart: Duration) -> Self {
        self.pace.apart = apart;
        self
    }

    /// With at most so many requests of one call in any time so long, for services that count each of their calls by
    /// itself. `call` names the call that a request is, without what the request is about; its method is a part of it
    /// anyway. All clones share it.
    #[must_use]
    pub fn paced_by_call(mut self, most: usize, within: Duration, call: fn(&Request) -> String) -> Self {
        (self.pace.of_a_call, self.call) = (Some((most, within)), call);
        self
    }

    /// What is left of the account's rate limit, as the service last reported it to any of the clones.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.last_rate_limit.get()
    }

    /// Waits between two looks at something that is under way.
    pub(crate) async fn pause(&self, wait: Duration) {
        self.client.pause(wait).await;
    }

    /// How its requests are signed.
    pub(crate) fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The service's base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A GET of the base URL itself.
    pub fn get_base(&self) -> Request {
        Request::get_url(self.base.clone())
    }

    /// The host as configured, with its port where the URL names one: `ci.acme.example:8080`.
    pub fn host(&self) -> &str {
        host(&self.base)
    }

    /// What sending the request would do, for a preview: method, URL and body; credentials masked.
    pub fn step(&self, what: impl Into<String>, request: &Request) -> Step {
        let mut shown = match self.url(request) {
            Ok(_) if matches!(request.url, Target::Secret(_)) => format!("{} [REDACTED]", request.method),
            Ok(url) => format!("{} {url}", request.method),
            Err(error) => format!("{} {error}", request.method),
        };
        // A header may name the user in whose name the service acts; one about the format of the answer changes nothing.
        let is_shown = |name: &str| request.shown_whole || !QUIET_HEADERS.contains(&name);
        for (name, value) in request.headers.iter().filter(|(name, _)| is_shown(name)) {
            shown.push_str(&format!("\n{name}: {value}"));
        }
        match &request.body {
            Body::Empty => {}
            Body::Json(body) => shown.push_str(&format!("\n{body:#}")),
            Body::Form(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                shown.push_str(&format!("\n{}", fields.join("\n")));
            }
        }
        Step { what: what.into(), request: self.redact(&shown) }
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// Only success (and 304 to a conditional request, and an [`Request::unfollowed`] redirect) comes back as an answer;
    /// every other status and every transport error is a [`ServiceError`] by the table at [`service_error_of_status`].
    pub async fn send(&self, request: Request) -> Result<Answer, ServiceError> {
        let follow = request.follow;
        let answer = self.exchange(request).await?;
        let good = answer.status.is_success()
            || answer.status == StatusCode::NOT_MODIFIED
            || (answer.status.is_redirection() && !follow);
        if good { Ok(answer) } else { Err(self.service_error(&answer)) }
    }

    /// Sends a request and waits for the whole answer, whatever its status: for services that explain in the body of a
    /// refusal what it means. Redirects within the service's origin are followed by RFC 9110, at most five;
    /// [`Http::service_error`] is the way back to the table.
    pub async fn exchange(&self, request: Request) -> Result<Answer, ServiceError> {
        let first = self.url(&request)?;
        let redactor = self.redactor_of(&request);
        let (mut url, mut method) = (first.clone(), request.method.clone());
        // True once the service accepted a write (303): no later error means that nothing happened.
        let mut taken = false;
        let mut visited: Vec<(Method, Url)> = Vec::new();
        loop {
            let answer = self.once(&request, &method, &url).await;
            let mut answer = match answer {
                Err(error) if taken => return Err(self.result_unseen(&error.to_string())),
                answer => answer?,
            };
            answer.redirected = !visited.is_empty();
            let onward = onward(answer.status, &method, &request, taken)
                .filter(|onward| request.follow || (*onward == RedirectStep::Same && !request.is_read()));
            let Some(onward) = onward else {
                answer.asked = request.line(&first);
                let answer = answer.redacted(redactor).await?;
                if taken && !answer.status.is_success() {
                    return Err(self.result_unseen(&self.service_error(&answer).to_string()));
                }
                // A 304 means something only to a conditional request.
                if answer.status == StatusCode::NOT_MODIFIED && !request.is_conditional() {
                    let why = format!("{} answered 304 to an unconditional request", self.service);
                    return Err(match request.is_read() {
                        true => ServiceError::unavailable(why),
                        false => ServiceError::unknown(why),
                    });
                }
                return Ok(answer);
            };
            let status = answer.status.as_u16();
            let to = answer.header("location").unwrap_or_default().trim();
            let next = Some(to).filter(|to| !to.is_empty()).and_then(|to| url.join(to).ok());
            let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
                let to = match text::line(&redactor.text(to), 200) {
                    to if to.is_empty() => "without saying where to".to_owned(),
                    to => format!("to {to:?}, which is no web address"),
                };
                return Err(self.not_followed(
                    &request,
                    (onward, taken, false),
                    &format!("redirects ({status}) {to}"),
                ));
            };
            let home = if matches!(request.url, Target::Secret(_)) { &first } else { &self.base };
            let may_go = same_origin(&next, home) || (request.elsewhere && request.is_read());
            if !may_go {
                let to = if next.host_str() == home.host_str() {
                    redactor.text(&next.origin().ascii_serialization()).into_owned()
                } else {
                    format!("another host, {}", host(&next))
                };
                let why = format!(
                    "redirects to {to}: nothing was sent there; if it is right, make it the account's url"
                );
                return Err(self.not_followed(&request, (onward, taken, true), &why));
            }
            if onward == RedirectStep::Unsure {
                let to = text::line(&redactor.text(next.as_str()), 200);
                let why = format!("answered with a redirect ({status}) to {to}");
                return Err(self.not_followed(&request, (onward, taken, false), &why));
            }
            if onward == RedirectStep::Look {
                taken |= !request.is_read();
                method = if method == Method::HEAD { Method::HEAD } else { Method::GET };
            }
            visited.push((request.method.clone(), url));
            let circle = visited.iter().any(|(_, seen)| *seen == next) && onward == RedirectStep::Same;
            if circle || visited.len() > REDIRECTS {
                let way = chain(&visited, &next);
                let how = if circle { "in circles" } else { "too often" };
                let why = format!("redirects {how}: {}", text::line(&redactor.text(&way), 300));
                return Err(self.not_followed(&request, (RedirectStep::Same, taken, false), &why));
            }
            url = next;
        }
    }

    /// A redirect that is not followed, and what the service `did` instead of answering. For a write it decides whether
    /// anything was done: a 307 or 308 means that it is to be done elsewhere, and so does a 301 or 302 of a service that
    /// documents it so, where that of others may mean either; a 303 means that it was done.
    fn not_followed(
        &self,
        request: &Request,
        (onward, taken, away): (RedirectStep, bool, bool),
        did: &str,
    ) -> ServiceError {
        let why = format!("{} {did}", self.service);
        match onward {
            // To ask again does not help while the account's url leads away.
            _ if request.is_read() && away => ServiceError::rejected(why),
            _ if request.is_read() => ServiceError::unavailable(why),
            _ if taken => self.result_unseen(&why),
            RedirectStep::Same => ServiceError::rejected(why),
            RedirectStep::Look => self.result_unseen(&why),
            RedirectStep::Unsure => ServiceError::unknown(format!(
                "{why}. That does not say whether it was done; it was not sent again. Look at the service"
            )),
        }
    }

    /// The service took a write, and what it points to for the result can't be read.
    fn result_unseen(&self, why: &str) -> ServiceError {
        ServiceError::unknown(format!("{} took it, but its result cannot be read: {why}", self.service))
    }

    /// The URL that a request goes to.
    pub(crate) fn url_of(&self, request: &Request) -> Result<Url, ServiceError> {
        self.url(request)
    }

    /// True for a URL of the service's own origin.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        same_origin(url, &self.base)
    }

    fn url(&self, request: &Request) -> Result<Url, ServiceError> {
        let broken = |what: &str| ServiceError::rejected(format!("{}: {what}", self.service));
        if let Some(why) = request.error() {
            return Err(broken(&why));
        }
        let mut url = match &request.url {
            Target::Segments(segments) => {
                let mut url = self.base.clone();
                url.path_segments_mut()
                    .map_err(|()| broken("the account's url cannot have a path"))?
                    .pop_if_empty()
                    .extend(segments);
                url
            }
            Target::Same(url) if same_origin(url, &self.base) => url.clone(),
            Target::Same(url) => {
                return Err(broken(&format!(
                    "it points to another host, {}; nothing was sent there",
                    host(url)
                )));
            }
            Target::Secret(url) => {
                Url::parse(url.expose_secret()).map_err(|_| broken("the secret is not a URL"))?
            }
        };
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        Ok(url)
    }

    /// Sends it once. A write is noted from before its first byte until it is known how it went.
    async fn once(&self, request: &Request, method: &Method, url: &Url) -> Result<Answer, ServiceError> {
        // What waits has not begun.
        self.take_turn(request, method).await;
        if request.is_read() {
            return self.transfer(request, method, url).await;
        }
        let write = writes::begin();
        let result = self.transfer(request, method, url).await;
        let is_known = match &result {
            Ok(answer) => !answer.status.is_server_error() && answer.status != StatusCode::REQUEST_TIMEOUT,
            Err(error) => !matches!(error, ServiceError::Unknown { .. }),
        };
        if is_known {
            write.answered();
        }
        result
    }

    /// Waits until the service's pace lets the request begin. A wait that a person would notice is reported, with what is left
    /// of it.
    pub(crate) async fn take_turn(&self, request: &Request, method: &Method) {
        if !self.pace.is_set() {
            return;
        }
        let call = format!("{method} {}", (self.call)(request));
        let begun = Instant::now();
        let wait = self.client.bounded(self.pace.turn(call, begun));
        if wait <= NOTICED {
            return tokio::time::sleep(wait).await;
        }
        let turn = begun + wait;
        loop {
            let remaining = turn.saturating_duration_since(Instant::now());
            if remaining.is_zero() {
                return writes::waits_for("");
            }
            writes::waits_for(&format!(
                "Waiting for {}: its limit allows the next request in {} s",
                self.service,
                remaining.as_millis().div_ceil(1_000)
            ));
            tokio::time::sleep(remaining.min(NOTICED)).await;
        }
    }

    async fn transfer(&self, request: &Request, method: &Method, url: &Url) -> Result<Answer, ServiceError> {
        let mut sending = self.client.pool.request(method.clone(), url.clone());
        for (name, value) in &request.headers {
            sending = sending.header(name.as_ref(), value);
        }
        sending = match &request.body {
            // What became a GET has no body.
            _ if *method != request.method => sending,
            Body::Empty => sending,
            Body::Json(body) => sending.json(body),
            Body::Form(fields) => sending.form(fields),
        };
        if same_origin(url, &self.base) && !matches!(request.url, Target::Secret(_)) {
            sending = self.credential.sign(sending);
        }
        let read = request.is_read();
        let lost = |error: reqwest::Error| self.service_error_of_transport(&error.without_url(), read);
        let mut response = sending.send().await.map_err(lost)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        self.last_rate_limit.note(&self.rate_limit_headers, &headers, self.now());
        let (mut body, mut cut) = (BytesMut::new(), false);
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            let excess = (body.len() + chunk.len()).saturating_sub(ANSWER_LIMIT);
            if excess > 0 && request.tail {
                body.advance(excess.min(body.len()));
                cut = true;
            } else if excess > 0 {
                let why = format!("{} answered with more than {} MB", self.service, ANSWER_LIMIT >> 20);
                return Err(if read { ServiceError::unavailable(why) } else { ServiceError::unknown(why) });
            }
            body.extend_from_slice(&chunk);
        }
        let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let body = match charset::text(&body, content_type) {
            Cow::Owned(text) => Bytes::from(text),
            Cow::Borrowed(text) if text.len() == body.len() => body.freeze(),
            Cow::Borrowed(text) => Bytes::copy_from_slice(text.as_bytes()),
        };
        let (service, asked) = (self.service, String::new());
        Ok(Answer { status, headers, body, redirected: false, service, asked, read, cut })
    }

    /// What is taken out of the answer to a request: the account's secrets, and those of the request itself.
    fn redactor_of(&self, request: &Request) -> Redactor {
        match &request.url {
            Target::Secret(url) => Redactor::new(self.credential.secrets().iter().chain(&secret_parts(url))),
            Target::Segments(_) | Target::Same(_) => self.redactor.clone(),
        }
    }

    fn service_error_of_transport(&self, error: &reqwest::Error, read: bool) -> ServiceError {
        let (service, host) = (self.service, self.host());
        let sure = read || error.is_connect() || error.is_builder();
        let why = if is_not_tls(error) {
            format!("{service} does not speak https at {host}; is its url http://?")
        } else if error.is_connect() {
            format!("{service} cannot be reached at {host}: {}", innermost(error))
        } else if error.is_timeout() {
            format!("{service} did not answer within {:?}", self.client.time_out)
        } else {
            format!("{service} broke off: {}", innermost(error))
        };
        let why = self.redact(&why);
        if sure { ServiceError::unavailable(why) } else { ServiceError::unknown(why) }
    }

    /// What an answer without success means, by the table at [`service_error_of_status`].
    pub fn service_error(&self, answer: &Answer) -> ServiceError {
        let (message, limits) = (error_message(answer), &self.rate_limit_headers);
        match (service_error_of_status(answer, &message, limits, self.now()), &self.credential) {
            // Without a credential nobody is signed in.
            (ServiceError::Auth { why, .. }, Credential::None) => ServiceError::auth(why),
            (error, _) => error,
        }
    }

    /// The rate limit that an answer means without saying so by its status, with a wait that the service `asks` for.
    pub(crate) fn rate_limited(&self, answer: &Answer, asks: Duration) -> ServiceError {
        rate_limited(self.service, Some(answer.asked()), &error_message(answer), asks, self.now())
    }

    /// How long an answer asks us to wait, where it says so.
    pub(crate) fn retry_after(&self, answer: &Answer) -> Option<Duration> {
        retry_after(&answer.headers, &self.rate_limit_headers, self.now())
    }

    /// What time it is, by the client's clock.
    pub(crate) fn now(&self) -> Timestamp {
        self.client.now()
    }

    /// Takes the account's secrets out of a text that comes in several answers: each [`Answer`] has none that is in it
    /// whole, but one may begin in one and end in the next.
    pub fn parts(&self) -> Parts {
        Parts::new(self.redactor.clone())
    }

    /// Takes the account's secrets out of a text, in whatever form they appear. An [`Answer`] has none any more.
    pub fn redact(&self, text: &str) -> String {
        self.redactor.text(text).into_owned()
    }
}

/// A URL's host, with its port where that is not the scheme's own.
fn host(url: &Url) -> &str {
    &url[Position::BeforeHost..Position::AfterPort]
}

fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}
