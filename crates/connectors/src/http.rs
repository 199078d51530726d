//! The shared HTTP client: what every connector needs and none should write again.
//!
//! Status and transport faults become a [`ServiceError`] by one table; credentials are added here, never leave for
//! another host, and are masked in previews and errors; answers are bounded in size and time.

mod fault;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt, sync::OnceLock, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Buf, Bytes, BytesMut};
use callboard_domain::{
    action::Step,
    error::ServiceError,
    secret::{ExposeSecret, SecretString},
    text,
};
use jiff::Timestamp;
use reqwest::{Method, StatusCode, header, redirect};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

pub use self::fault::fault_of_status;
use self::fault::{innermost, said};

/// The longest answer that is read; a longer one counts as a fault of the service.
pub const ANSWER_LIMIT: usize = 16 << 20;
/// How long a request may take, from connecting to the last byte.
pub const TIME_OUT: Duration = Duration::from_secs(30);
const REDIRECTS: usize = 5;

/// A pool of connections that all accounts share.
#[derive(Clone)]
pub struct Client {
    pool: reqwest::Client,
    time_out: Duration,
}

impl Client {
    /// A client with Callboard's time-outs. Redirects are never followed by the pool itself.
    pub fn new() -> Result<Self, ServiceError> {
        Self::with_time_out(TIME_OUT)
    }

    pub(crate) fn with_time_out(time_out: Duration) -> Result<Self, ServiceError> {
        static PROVIDER: OnceLock<()> = OnceLock::new();
        // The TLS library is built without a default provider; a second install is refused and harmless.
        PROVIDER.get_or_init(|| drop(rustls::crypto::ring::default_provider().install_default()));
        reqwest::Client::builder()
            .user_agent(concat!("callboard/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(10))
            .timeout(time_out)
            .pool_idle_timeout(Duration::from_secs(90))
            .redirect(redirect::Policy::none())
            .build()
            .map(|pool| Self { pool, time_out })
            .map_err(|error| ServiceError::unavailable(format!("no HTTP client: {}", innermost(&error))))
    }
}

/// How requests to a service are signed.
#[derive(Clone)]
pub enum Credential {
    /// Not at all.
    None,
    /// `Authorization: Bearer ...`.
    Bearer(SecretString),
    /// `Authorization: Basic ...`.
    Basic {
        /// The user name.
        user: String,
        /// The password or API token.
        password: SecretString,
    },
    /// A header of the service's own.
    Header {
        /// Its name.
        name: Cow<'static, str>,
        /// Its value.
        value: SecretString,
    },
}

impl Credential {
    /// What must never be repeated: the secret, and what it looks like on the way.
    fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::None => Vec::new(),
            Self::Bearer(secret) | Self::Header { value: secret, .. } => vec![secret.clone()],
            Self::Basic { user, password } => {
                let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.expose_secret()));
                vec![password.clone(), pair.into()]
            }
        }
    }

    fn sign(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self {
            Self::None => request,
            Self::Bearer(token) => request.bearer_auth(token.expose_secret()),
            Self::Basic { user, password } => request.basic_auth(user, Some(password.expose_secret())),
            Self::Header { name, value } => request.header(name.as_ref(), value.expose_secret()),
        }
    }
}

/// A request before it is sent: the same value is previewed and sent.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: Target,
    query: Vec<(String, String)>,
    headers: Vec<(Cow<'static, str>, String)>,
    body: Body,
    elsewhere: bool,
    read: bool,
    follow: bool,
    tail: bool,
}

#[derive(Debug, Clone)]
enum Target {
    Segments(Vec<String>),
    Same(Url),
    Secret(SecretString),
}

#[derive(Debug, Clone)]
enum Body {
    Empty,
    Json(Value),
    Form(Vec<(String, String)>),
}

impl Request {
    /// A request to a path below the service's base URL. Each segment is encoded by itself: a `/` or `?` in one stays in it.
    pub fn new<S: AsRef<str>>(method: Method, segments: impl IntoIterator<Item = S>) -> Self {
        Self::to(method, Target::Segments(segments.into_iter().map(|s| s.as_ref().to_owned()).collect()))
    }

    /// A GET of a path below the base URL.
    pub fn get<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::GET, segments)
    }

    /// A POST to a path below the base URL.
    pub fn post<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Self {
        Self::new(Method::POST, segments)
    }

    /// A GET of a URL that the service gave (a next page, a queue item). Refused when sent unless it is on the service's host.
    pub fn get_url(url: Url) -> Self {
        Self::to(Method::GET, Target::Same(url))
    }

    /// A POST to a URL that is itself a credential.
    pub fn post_secret_url(url: SecretString) -> Self {
        Self::to(Method::POST, Target::Secret(url))
    }

    fn to(method: Method, url: Target) -> Self {
        let read = matches!(method, Method::GET | Method::HEAD);
        Self {
            method,
            url,
            query: Vec::new(),
            headers: Vec::new(),
            body: Body::Empty,
            elsewhere: false,
            read,
            follow: true,
            tail: false,
        }
    }

    /// With a query parameter more.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// With a form body.
    #[must_use]
    pub fn form(mut self, fields: Vec<(String, String)>) -> Self {
        self.body = Body::Form(fields);
        self
    }

    /// Follows a redirect to another host too, without the credential: for downloads that services keep elsewhere.
    #[must_use]
    pub fn elsewhere(mut self) -> Self {
        self.elsewhere = true;
        self
    }

    /// Only looks, although it is a POST (GraphQL queries, RPC-style APIs): a fault on the way is then `Unavailable`,
    /// not `Unknown`.
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.read = true;
        self
    }

    /// Changes something, although it is a GET: a fault on the way is then `Unknown`.
    #[must_use]
    pub fn changes(mut self) -> Self {
        self.read = false;
        self
    }

    /// Takes a redirect as the answer, for services that answer a write by pointing to a page. Such an answer comes
    /// out of [`Http::send`] as a success; where it points is for the caller to judge.
    #[must_use]
    pub fn unfollowed(mut self) -> Self {
        self.follow = false;
        self
    }

    /// Keeps the end of an answer that is longer than [`ANSWER_LIMIT`], instead of refusing it: for logs.
    #[must_use]
    pub fn tail(mut self) -> Self {
        self.tail = true;
        self
    }

    /// Nothing changes at the service if this is sent twice.
    fn is_read(&self) -> bool {
        self.read
    }
}

/// An answer; from [`Http::send`] one with a status of success (or 304, to a conditional request).
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: header::HeaderMap,
    /// The body, whole.
    pub body: Bytes,
    service: &'static str,
    read: bool,
    secrets: Vec<SecretString>,
}

impl Answer {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON. What is not JSON, or not of that shape, is the service's fault.
    pub fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ServiceError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let service = self.service;
            let html = self.header("content-type").is_some_and(|kind| kind.contains("html"))
                || self.body.trim_ascii_start().starts_with(b"<");
            let why = if html {
                format!("{service} answered with a web page where data was expected; is the URL its API's?")
            } else {
                let error = text::line(&redact(&error.to_string(), &self.secrets), 200);
                format!("{service} answered with something unexpected: {error}")
            };
            if self.read { ServiceError::unavailable(why) } else { ServiceError::unknown(why) }
        })
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One account's way to its service.
#[derive(Clone)]
pub struct Http {
    client: Client,
    base: Url,
    service: &'static str,
    credential: Credential,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Http({} at {})", self.service, self.base)
    }
}

impl Http {
    /// Requests go below `base` (its path is kept); `service` is what people call the service.
    pub fn new(client: Client, base: Url, service: &'static str, credential: Credential) -> Self {
        Self { client, base, service, credential }
    }

    /// The service's base URL.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// A GET of the base URL itself.
    pub fn get_base(&self) -> Request {
        Request::get_url(self.base.clone())
    }

    /// The host, as people know it.
    pub fn host(&self) -> &str {
        self.base.host_str().unwrap_or_default()
    }

    /// What sending the request would do, for a preview: method, URL and body; credentials masked.
    pub fn step(&self, what: impl Into<String>, request: &Request) -> Step {
        let mut exactly = match self.url(request) {
            Ok(_) if matches!(request.url, Target::Secret(_)) => format!("{} [REDACTED]", request.method),
            Ok(url) => format!("{} {url}", request.method),
            Err(error) => format!("{} {error}", request.method),
        };
        match &request.body {
            Body::Empty => {}
            Body::Json(body) => exactly.push_str(&format!("\n{body:#}")),
            Body::Form(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
                exactly.push_str(&format!("\n{}", fields.join("\n")));
            }
        }
        Step { what: what.into(), exactly: self.redact(&exactly) }
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// Only success (and 304, and an [`Request::unfollowed`] redirect) comes back as an answer; every other status and every fault on the way is a
    /// [`ServiceError`] by the table at [`fault_of_status`].
    pub async fn send(&self, request: Request) -> Result<Answer, ServiceError> {
        let answer = self.exchange(request).await?;
        let good = answer.status.is_success() || answer.status.is_redirection();
        if good { Ok(answer) } else { Err(self.fault(&answer)) }
    }

    /// Sends a request and waits for the whole answer, whatever its status: for services that say in the body of a
    /// refusal what it means. Redirects are followed as in [`Http::send`]; [`Http::fault`] is the way back to the table.
    pub async fn exchange(&self, request: Request) -> Result<Answer, ServiceError> {
        let mut url = self.url(&request)?;
        for _ in 0..=REDIRECTS {
            let answer = self.once(&request, &url).await?;
            let moved = answer.status.is_redirection() && answer.status != StatusCode::NOT_MODIFIED;
            if !moved || !request.follow {
                return Ok(answer);
            }
            let next = answer
                .header("location")
                .and_then(|to| url.join(to).ok())
                .ok_or_else(|| ServiceError::unavailable(format!("{} redirects to nowhere", self.service)))?;
            let stays = same_origin(&next, &self.base);
            if !stays && (!request.elsewhere || !request.is_read()) {
                return Err(ServiceError::rejected(format!(
                    "{} redirects to another host, {}: nothing was sent there; if it is right, make it the account's url",
                    self.service,
                    next.host_str().unwrap_or("unknown"),
                )));
            }
            if !request.is_read() {
                return Err(ServiceError::rejected(format!(
                    "{} redirects to {}: make that the account's url",
                    self.service,
                    text::line(&redact(next.as_str(), &answer.secrets), 200),
                )));
            }
            url = next;
        }
        Err(ServiceError::unavailable(format!("{} redirects in circles", self.service)))
    }

    fn url(&self, request: &Request) -> Result<Url, ServiceError> {
        let broken = |what: &str| ServiceError::rejected(format!("{}: {what}", self.service));
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
                    url.host_str().unwrap_or("unknown")
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

    async fn once(&self, request: &Request, url: &Url) -> Result<Answer, ServiceError> {
        let mut sending = self.client.pool.request(request.method.clone(), url.clone());
        for (name, value) in &request.headers {
            sending = sending.header(name.as_ref(), value);
        }
        sending = match &request.body {
            Body::Empty => sending,
            Body::Json(body) => sending.json(body),
            Body::Form(fields) => sending.form(fields),
        };
        if same_origin(url, &self.base) && !matches!(request.url, Target::Secret(_)) {
            sending = self.credential.sign(sending);
        }
        let read = request.is_read();
        let lost = |error: reqwest::Error| self.fault_of_transport(&error.without_url(), read);
        let mut response = sending.send().await.map_err(lost)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            let excess = (body.len() + chunk.len()).saturating_sub(ANSWER_LIMIT);
            if excess > 0 && request.tail {
                body.advance(excess.min(body.len()));
            } else if excess > 0 {
                let why = format!("{} answered with more than {} MB", self.service, ANSWER_LIMIT >> 20);
                return Err(if read { ServiceError::unavailable(why) } else { ServiceError::unknown(why) });
            }
            body.extend_from_slice(&chunk);
        }
        let mut secrets = self.credential.secrets();
        if let Target::Secret(url) = &request.url {
            secrets.extend(secret_parts(url));
        }
        Ok(Answer { status, headers, body: body.freeze(), service: self.service, read, secrets })
    }

    fn fault_of_transport(&self, error: &reqwest::Error, read: bool) -> ServiceError {
        let (service, host) = (self.service, self.host());
        let sure = read || error.is_connect() || error.is_builder();
        let why = if error.is_connect() {
            format!("{service} cannot be reached at {host}: {}", innermost(error))
        } else if error.is_timeout() {
            format!("{service} did not answer within {:?}", self.client.time_out)
        } else {
            format!("{service} broke off: {}", innermost(error))
        };
        let why = self.redact(&why);
        if sure { ServiceError::unavailable(why) } else { ServiceError::unknown(why) }
    }

    /// What an answer without success means, by the table at [`fault_of_status`].
    pub fn fault(&self, answer: &Answer) -> ServiceError {
        // Redacted once it is clean and before it is cut: neither may take a secret apart.
        let said = text::line(&redact(&text::line(&said(answer), usize::MAX), &answer.secrets), 200);
        fault_of_status(self.service, answer.status, &answer.headers, &said, answer.read, Timestamp::now())
    }

    /// Takes the account's credential out of a text that a service sent, should it stand in there.
    pub fn redact(&self, text: &str) -> String {
        redact(text, &self.credential.secrets())
    }
}

/// A URL that is a credential, and what in it makes it one: a service may repeat only its path, or its last part.
fn secret_parts(url: &SecretString) -> Vec<SecretString> {
    let parsed = Url::parse(url.expose_secret()).ok();
    let parts = parsed.iter().flat_map(|url| {
        let path = url.path_segments().into_iter().flatten().map(str::to_owned);
        path.chain(url.query_pairs().map(|(_, value)| value.into_owned()))
    });
    // Shorter ones are words.
    let parts = parts.filter(|part| part.len() >= 12).map(SecretString::from);
    std::iter::once(url.clone()).chain(parts).collect()
}

fn redact(text: &str, secrets: &[SecretString]) -> String {
    let secrets = secrets.iter().map(ExposeSecret::expose_secret).filter(|secret| !secret.is_empty());
    secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "[REDACTED]"))
}

fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}
