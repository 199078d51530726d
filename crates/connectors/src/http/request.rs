//! A request: where it goes, what it carries, and how its answer is taken.

use std::borrow::Cow;

use callboard_domain::{secret::SecretString, segment};
use reqwest::Method;
use serde_json::Value;
use url::Url;

/// A request before it is sent: the same value is previewed and sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Target,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(Cow<'static, str>, String)>,
    pub(super) body: Body,
    pub(super) elsewhere: bool,
    pub(super) read: bool,
    pub(super) follow: bool,
    pub(super) repeat: bool,
    pub(super) tail: bool,
    pub(super) shown_whole: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Target {
    Segments(Vec<String>),
    Same(Url),
    Secret(SecretString),
}

#[derive(Debug, Clone)]
pub(super) enum Body {
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
            repeat: false,
            tail: false,
            shown_whole: false,
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

    /// Only looks, although it is a POST (GraphQL queries, RPC-style APIs): a transport error is then `Unavailable`,
    /// not `Unknown`.
    #[must_use]
    pub fn reads(mut self) -> Self {
        self.read = true;
        self
    }

    /// Changes something, although it is a GET: a transport error is then `Unknown`.
    #[must_use]
    pub fn changes(mut self) -> Self {
        self.read = false;
        self
    }

    /// Takes a redirect as the answer, for services that answer a write by pointing to a page. Such an answer comes
    /// out of [`Http::send`](super::Http::send) as a success; where it points is for the caller to judge. A redirect that
    /// means that nothing was done yet (307, 308) is no answer to a write: that is followed all the same.
    #[must_use]
    pub fn unfollowed(mut self) -> Self {
        self.follow = false;
        self
    }

    /// Repeats a write as it is where the answer is a 301 or 302: for services that document it so. Others mean by it that
    /// it is done and the answer is to be fetched somewhere else, or that somebody has to sign in first.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// Keeps the end of an answer that is longer than [`ANSWER_LIMIT`](super::ANSWER_LIMIT), instead of refusing it: for logs.
    #[must_use]
    pub fn tail(mut self) -> Self {
        self.tail = true;
        self
    }

    /// Shows every header in a preview, also those about the format of the answer: for requests that a user wrote.
    #[must_use]
    pub fn shown_whole(mut self) -> Self {
        self.shown_whole = true;
        self
    }

    /// Why the request cannot be sent: a part of it would not arrive unchanged, or would name another path. URL parsers drop
    /// some control characters silently and read dots as steps, so that what was checked would not be what is sent.
    pub(super) fn error(&self) -> Option<String> {
        let control = |text: &str| text.contains(char::is_control).then_some(segment::CONTROL);
        if let Target::Segments(segments) = &self.url
            && let Some((text, why)) = segments.iter().find_map(|it| Some((it, segment::fault(it)?)))
        {
            return Some(format!("{text:?} does not fit into the request's path: {why}"));
        }
        if let Some((name, why)) = self
            .query
            .iter()
            .find_map(|(name, value)| Some((name, control(name).or_else(|| control(value))?)))
        {
            return Some(format!("{name:?} does not fit into the request's query: {why}"));
        }
        let (name, why) = self
            .headers
            .iter()
            .find_map(|(name, value)| Some((name, control(name).or_else(|| control(value))?)))?;
        Some(format!("the header {name:?} does not fit: {why}"))
    }

    /// The segments of its path below the base URL, where it is given by them.
    pub(crate) fn segments(&self) -> &[String] {
        match &self.url {
            Target::Segments(segments) => segments,
            Target::Same(_) | Target::Secret(_) => &[],
        }
    }

    /// What it asks for at that URL of its own: method and path. A URL that is a credential is not shown.
    pub(super) fn line(&self, url: &Url) -> String {
        let place = match &self.url {
            Target::Segments(_) | Target::Same(_) => url.path(),
            Target::Secret(_) => "[REDACTED]",
        };
        format!("{} {place}", self.method)
    }

    /// True for a conditional request: the answer may be that nothing has changed (RFC 9110, 13.1).
    pub(super) fn is_conditional(&self) -> bool {
        let conditions = ["if-none-match", "if-modified-since"];
        self.headers.iter().any(|(name, _)| conditions.iter().any(|it| name.eq_ignore_ascii_case(it)))
    }

    /// Nothing changes at the service if this is sent twice.
    pub(super) fn is_read(&self) -> bool {
        self.read
    }
}
