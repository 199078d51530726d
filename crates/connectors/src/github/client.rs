//! Requests to GitHub: conditional ones, paging, the allowance, and what a 403 or 422 really says.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use callboard_domain::{error::ServiceError, source::Budget, text};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::wire::Page;
use crate::http::{Answer, Http, Request};

/// After this many requests that found GitHub out of order, the rest of a poll is not tried.
const STRIKES: u32 = 5;
/// How long to stay away where GitHub asks for fewer calls and names no time: a minute, by its "Rate limits for the REST API".
const SECONDARY_LIMIT: Duration = Duration::from_secs(60);

/// A request to a path below the API's base.
pub(super) fn request<S: AsRef<str>>(method: Method, segments: impl IntoIterator<Item = S>) -> Request {
    Request::new(method, segments)
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
}

/// A GET below the API's base.
pub(super) fn get<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Request {
    request(Method::GET, segments)
}

/// A request below `/repos/OWNER/NAME`.
pub(super) fn in_repo(method: Method, repo: &str, rest: &[&str]) -> Request {
    let (owner, name) = repo.split_once('/').unwrap_or((repo, ""));
    request(method, ["repos", owner, name].iter().chain(rest))
}

/// Sends a request: [`check`] of its answer.
pub(super) async fn send(http: &Http, request: Request) -> Result<Answer, ServiceError> {
    check(http, http.exchange(request).await?)
}

/// An answer of success, or what another one means: a 403 and a 422 say more than the shared table of statuses knows.
pub(super) fn check(http: &Http, answer: Answer) -> Result<Answer, ServiceError> {
    match answer.status {
        status if status.is_success() || status == StatusCode::NOT_MODIFIED => Ok(answer),
        StatusCode::FORBIDDEN => Err(forbidden(http, &answer)),
        StatusCode::UNPROCESSABLE_ENTITY => Err(unprocessable(http, &answer)),
        _ => Err(http.fault(&answer)),
    }
}

fn forbidden(http: &Http, answer: &Answer) -> ServiceError {
    match http.fault(answer) {
        ServiceError::Auth { why, .. } if why.to_ascii_lowercase().contains("secondary rate limit") => {
            ServiceError::RateLimited { why, retry_after: SECONDARY_LIMIT }
        }
        ServiceError::Auth { why, .. } => ServiceError::Auth { why, missing_scopes: lacking(answer) },
        fault => fault,
    }
}

/// The permissions that would have been accepted and that the token lacks, where GitHub says: in
/// `X-Accepted-GitHub-Permissions` for a fine-grained token (the first of several sets), in `X-Accepted-OAuth-Scopes`
/// (any one of them will do) against `X-OAuth-Scopes` for a classic one.
fn lacking(answer: &Answer) -> Vec<String> {
    if let Some(granted) = scopes(answer) {
        let accepted = words(answer.header("x-accepted-oauth-scopes").unwrap_or_default());
        let enough = accepted.is_empty() || accepted.iter().any(|scope| granted.contains(scope));
        return if enough { Vec::new() } else { vec![accepted.join(" or ")] };
    }
    let sets = answer.header("x-accepted-github-permissions").unwrap_or_default();
    words(sets.split(';').next().unwrap_or_default())
        .iter()
        .map(|permission| permission.replace('=', ":"))
        .collect()
}

/// The scopes of a classic token; a fine-grained one has none, and GitHub then leaves the header out.
pub(super) fn scopes(answer: &Answer) -> Option<Vec<String>> {
    answer.header("x-oauth-scopes").map(words)
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(|word| text::line(word, 100)).filter(|word| !word.is_empty()).collect()
}

/// `message` alone is mostly "Validation Failed"; the reasons stand in `errors`, as texts or objects.
fn unprocessable(http: &Http, answer: &Answer) -> ServiceError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons: Vec<_> =
        errors.iter().filter_map(|error| error.as_str().or_else(|| error["message"].as_str())).collect();
    match http.fault(answer) {
        ServiceError::Rejected { why } if !reasons.is_empty() => {
            // Redacted once it is clean and before it is cut: neither may take a secret apart.
            let reasons = text::line(&http.redact(&text::line(&reasons.join("; "), usize::MAX)), 200);
            ServiceError::rejected(format!("{why}: {reasons}"))
        }
        fault => fault,
    }
}

/// The requests of one poll (or of one command that reads much). They share the allowance, and stop together where
/// GitHub asks for fewer or is out of order.
pub(super) struct Calls<'a> {
    http: &'a Http,
    meter: Mutex<Meter>,
}

#[derive(Default)]
struct Meter {
    budget: Option<Budget>,
    strikes: u32,
    halt: Option<ServiceError>,
}

/// What a conditional request found, where it is not what was found before.
pub(super) struct News<T> {
    /// The content.
    pub(super) content: T,
    /// By what it is known again: the ETag, or a digest of the content where the server gives none.
    pub(super) etag: String,
    /// The next page.
    pub(super) next: Option<Url>,
}

/// The rows of a list's pages.
pub(super) struct Rows<T> {
    /// All rows read.
    pub(super) rows: Vec<T>,
    /// By what the first page is known again.
    pub(super) etag: String,
    /// True where there was only one page.
    pub(super) whole: bool,
    /// True where there are pages that were not read.
    pub(super) more: bool,
}

impl<'a> Calls<'a> {
    pub(super) fn new(http: &'a Http) -> Self {
        Self { http, meter: Mutex::default() }
    }

    /// What is left of the hourly allowance, as last told.
    pub(super) fn budget(&self) -> Option<Budget> {
        self.meter().budget
    }

    /// Why nothing more is sent, where that is so.
    pub(super) fn halted(&self) -> Option<ServiceError> {
        self.meter().halt.clone()
    }

    fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn send(&self, request: Request) -> Result<Answer, ServiceError> {
        if let Some(halt) = self.halted() {
            return Err(halt);
        }
        let result = send(self.http, request).await;
        self.meter().note(&result);
        result
    }

    /// Reads one thing.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, ServiceError> {
        self.send(request).await?.json()
    }

    /// Reads one thing unless it is as it was (`etag`). `None`: it is.
    pub(super) async fn look<T: DeserializeOwned>(
        &self,
        request: Request,
        etag: Option<&str>,
    ) -> Result<Option<News<T>>, ServiceError> {
        let request = match etag.filter(|etag| !etag.starts_with(DIGEST)) {
            Some(etag) => request.header("if-none-match", etag),
            None => request,
        };
        let answer = self.send(request).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let found = answer.header("etag").map_or_else(|| digest(&answer.body), str::to_owned);
        if etag == Some(found.as_str()) {
            return Ok(None);
        }
        let next = answer.header("link").and_then(next_page);
        Ok(Some(News { content: answer.json()?, etag: found, next }))
    }

    /// Reads a list unless its first page is as it was, further pages while `further` says so of the rows so far, and
    /// at most `pages` in all.
    pub(super) async fn rows<P: Page>(
        &self,
        first: Request,
        etag: Option<&str>,
        pages: usize,
        further: impl Fn(&[P::Row]) -> bool,
    ) -> Result<Option<Rows<P::Row>>, ServiceError> {
        let Some(news) = self.look::<P>(first, etag).await? else {
            return Ok(None);
        };
        let (mut rows, mut next, etag) = (news.content.rows(), news.next, news.etag);
        let mut read = 1;
        while let Some(url) = next.take_if(|_| read < pages && further(&rows)) {
            let page = Request::get_url(url)
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28");
            let Some(page) = self.look::<P>(page, None).await? else { break };
            rows.extend(page.content.rows());
            next = page.next;
            read += 1;
        }
        Ok(Some(Rows { rows, etag, whole: read == 1 && next.is_none(), more: next.is_some() }))
    }
}

impl Meter {
    fn note(&mut self, result: &Result<Answer, ServiceError>) {
        match result {
            Ok(answer) => {
                self.strikes = 0;
                let told = budget(answer);
                let newer = |told: &Budget| {
                    self.budget.is_none_or(|known| {
                        told.resets_at > known.resets_at
                            || (told.resets_at == known.resets_at && told.remaining < known.remaining)
                    })
                };
                if told.as_ref().is_some_and(newer) {
                    self.budget = told;
                }
            }
            Err(error @ ServiceError::RateLimited { .. }) => self.halt = Some(error.clone()),
            Err(error @ ServiceError::Unavailable { .. }) => {
                self.strikes += 1;
                if self.strikes >= STRIKES {
                    self.halt = Some(error.clone());
                }
            }
            Err(_) => {}
        }
    }
}

/// The allowance by `X-RateLimit-*`. Searching has one of its own, which is not meant here.
fn budget(answer: &Answer) -> Option<Budget> {
    if answer.header("x-ratelimit-resource").is_some_and(|resource| resource != "core") {
        return None;
    }
    let number = |name| answer.header(name)?.parse::<u32>().ok();
    Some(Budget {
        limit: number("x-ratelimit-limit")?,
        remaining: number("x-ratelimit-remaining")?,
        resets_at: Timestamp::from_second(answer.header("x-ratelimit-reset")?.parse().ok()?).ok()?,
    })
}

const DIGEST: &str = "digest:";

/// Servers that imitate GitHub may give no ETag; what was read before is then known by its content. Only ever compared
/// with itself, so that another version's digest costs one more reading and nothing else.
fn digest(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{DIGEST}{:016x}", hasher.finish())
}

/// The `rel="next"` of a `Link` header (RFC 8288).
fn next_page(link: &str) -> Option<Url> {
    link.split(',').find_map(|part| {
        let (url, parameters) = part.split_once('>')?;
        let next =
            parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| url.trim().strip_prefix('<')?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_page() {
        let cases = [
            (
                r#"<https://a.example/?page=2>; rel="next", <https://a.example/?page=9>; rel="last""#,
                Some("page=2"),
            ),
            (
                r#"<https://a.example/?page=1>; rel="prev", <https://a.example/?page=3>; rel="next""#,
                Some("page=3"),
            ),
            (r#"<https://a.example/?page=1>; rel="first""#, None),
            ("<not a url>; rel=\"next\"", None),
            ("", None),
            (">;<", None),
        ];
        for (link, expected) in cases {
            assert_eq!(next_page(link).as_ref().and_then(Url::query), expected, "{link}");
        }
    }
}
