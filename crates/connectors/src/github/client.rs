//! Requests to GitHub: conditional ones, paging, and the rate limit.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use callboard_domain::{error::ServiceError, source::RateLimit};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;

use super::{
    refusal::{check, left_out},
    wire::Page,
};
use crate::{
    http::{Answer, Http, RateLimitHeaders, Request},
    lenient::{MalformedEntry, first_and_more},
};

/// After this many requests that found GitHub unavailable, the rest of a poll is not tried.
const STRIKES: u32 = 5;

/// Calls are counted by the hour ("Rate limits for the REST API"). Searching has a limit of its own, which is not meant here.
pub(super) const RATE_LIMIT: RateLimitHeaders = RateLimitHeaders {
    of: Some(("x-ratelimit-resource", "core")),
    window: SignedDuration::from_hours(1),
    ..RateLimitHeaders::X_RATE_LIMIT
};

/// A request to a path below the API's base.
pub(super) fn request<S: AsRef<str>>(method: Method, segments: impl IntoIterator<Item = S>) -> Request {
    // "Repeat the request verbatim": GitHub's "Best practices for using the REST API", on 301, 302 and 307.
    Request::new(method, segments)
        .repeated()
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

/// Of a request to a repository: its full name in small letters.
fn repo_of(request: &Request) -> Option<String> {
    match request.segments() {
        [repos, owner, name, ..] if repos == "repos" => Some(format!("{owner}/{name}").to_ascii_lowercase()),
        _ => None,
    }
}

/// Sends a request: [`check`] of its answer.
pub(super) async fn send(http: &Http, request: Request) -> Result<Answer, ServiceError> {
    check(http, http.exchange(request).await?)
}

/// The requests of one poll (or of one command that reads much). They share the rate limit, and stop together where
/// GitHub rate-limits them or is unavailable.
pub(super) struct Calls<'a> {
    http: &'a Http,
    meter: Mutex<Meter>,
}

#[derive(Default)]
struct Meter {
    strikes: u32,
    /// The first errors of each sort after which nothing more is sent.
    unavailable: Option<ServiceError>,
    rate_limited: Option<ServiceError>,
    /// The repositories (by full name in small letters) whose requests were redirected: they go by another name now.
    moved: BTreeSet<String>,
    /// The organisations that lists left out.
    left_out: Option<String>,
}

/// What a conditional request found.
pub(super) enum Found<T> {
    /// It is unchanged.
    Same,
    /// It changed.
    News(News<T>),
    /// It is not there (404), or not any more (410).
    Gone,
}

/// What a conditional request found, where it is not what was found before.
pub(super) struct News<T> {
    /// The content.
    pub(super) content: T,
    /// Identifies this version: the ETag, or a digest of the content where the server gives none.
    pub(super) etag: String,
    /// The next page.
    pub(super) next: Option<Url>,
}

/// The rows of a list's pages.
pub(super) struct Rows<T> {
    /// All rows read.
    pub(super) rows: Vec<T>,
    /// Identifies this version of the first page: its ETag or a digest.
    pub(super) etag: String,
    /// How many of them are of the first page.
    pub(super) first: usize,
    /// True where there was only one page.
    pub(super) whole: bool,
    /// True where there are rows that were not read.
    pub(super) more: bool,
    /// Why a further page could not be read.
    pub(super) error: Option<ServiceError>,
    /// The entries that could not be read.
    pub(super) unread: Vec<MalformedEntry>,
    /// True where GitHub counts more than it gave, and names no further page.
    pub(super) short: bool,
    /// True where GitHub counts none at all.
    pub(super) none: bool,
}

impl<T> Rows<T> {
    /// Why not all of the list was read, where that is so.
    pub(super) fn incomplete(&self) -> Option<String> {
        let odd = || first_and_more(&self.unread);
        let more = || self.more.then(|| "there are more than were read".to_owned());
        self.error.as_ref().map(ToString::to_string).or_else(odd).or_else(more)
    }
}

impl<'a> Calls<'a> {
    pub(super) fn new(http: &'a Http) -> Self {
        Self { http, meter: Mutex::default() }
    }

    /// What is left of the hourly rate limit, as last reported.
    pub(super) fn rate_limit(&self) -> Option<RateLimit> {
        self.http.rate_limit()
    }

    /// True where less than half of the hourly rate limit is left, as last reported.
    pub(super) fn is_half_spent(&self) -> bool {
        self.rate_limit().is_some_and(|it| u64::from(it.remaining) * 2 < u64::from(it.limit))
    }

    /// Why nothing more is sent, where that is so: the error of every request that fails for it.
    pub(super) fn halted(&self) -> Option<ServiceError> {
        self.meter().halt().cloned()
    }

    /// True for an error after which nothing more was sent.
    pub(super) fn is_halt(&self, error: &ServiceError) -> bool {
        let meter = self.meter();
        [&meter.unavailable, &meter.rate_limited].into_iter().flatten().any(|halt| halt == error)
    }

    /// True where the repository's requests were redirected.
    pub(super) fn is_moved(&self, repo: &str) -> bool {
        self.meter().moved.contains(&repo.to_ascii_lowercase())
    }

    /// The organisations (by number) that lists left out until the token is authorised for single sign-on.
    pub(super) fn left_out(&self) -> Option<String> {
        self.meter().left_out.clone()
    }

    fn meter(&self) -> MutexGuard<'_, Meter> {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn send(&self, request: Request) -> Result<Answer, ServiceError> {
        let answer = self.exchange(request).await?;
        self.checked(answer)
    }

    /// [`check`] of an answer, which counts for all requests.
    fn checked(&self, answer: Answer) -> Result<Answer, ServiceError> {
        let result = check(self.http, answer);
        self.meter().note(result)
    }

    /// Sends a request; an answer of any status comes back.
    async fn exchange(&self, request: Request) -> Result<Answer, ServiceError> {
        if let Some(halt) = self.halted() {
            return Err(halt);
        }
        let repo = repo_of(&request);
        let result = self.http.exchange(request).await;
        let mut meter = self.meter();
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => return meter.note(Err(error)),
        };
        if answer.redirected {
            meter.moved.extend(repo);
        }
        if let Some(left_out) = left_out(&answer) {
            meter.left_out = Some(left_out);
        }
        Ok(answer)
    }

    /// Reads one object.
    pub(super) async fn read<T: DeserializeOwned>(&self, request: Request) -> Result<T, ServiceError> {
        self.send(request).await?.json()
    }

    /// Reads one object, or `None` where it is unchanged since `etag`.
    pub(super) async fn look<T: DeserializeOwned>(
        &self,
        request: Request,
        etag: Option<&str>,
    ) -> Result<Option<News<T>>, ServiceError> {
        let answer = self.send(conditional(request, etag)).await?;
        news(&answer, etag)
    }

    /// Reads one object unless it is unchanged, or finds that it is not there.
    pub(super) async fn find<T: DeserializeOwned>(
        &self,
        request: Request,
        etag: Option<&str>,
    ) -> Result<Found<T>, ServiceError> {
        let answer = self.exchange(conditional(request, etag)).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            self.meter().strikes = 0;
            return Ok(Found::Gone);
        }
        let answer = self.checked(answer)?;
        Ok(news(&answer, etag)?.map_or(Found::Same, Found::News))
    }

    /// Reads a list unless its first page is unchanged, further pages while `further` returns true for the rows so far, and
    /// at most `pages` in all. Where a further page can't be read, what was read until then comes back with the error.
    pub(super) async fn rows<P: Page>(
        &self,
        first: Request,
        etag: Option<&str>,
        pages: usize,
        further: impl Fn(&[P::Row]) -> bool,
    ) -> Result<Option<Rows<P::Row>>, ServiceError> {
        let mut last = self.http.url_of(&first)?;
        let Some(news) = self.look::<P>(first, etag).await? else {
            return Ok(None);
        };
        let (list, total) = news.content.rows();
        let (mut rows, mut unread, etag) = (list.good, list.odd, news.etag);
        // A full page that names no next one may be the last, or its `Link` was lost on the way.
        let mut next =
            news.next.or_else(|| page_after(&last, rows.len() + unread.len()).filter(|_| total.is_none()));
        let (mut read, mut error, first) = (1, None, rows.len());
        while let Some(url) = next.take_if(|_| read < pages && further(&rows)) {
            let Some(url) = self.on_our_side(url, &last) else {
                error = Some(ServiceError::unavailable("GitHub's next page is the same page again"));
                break;
            };
            let page = Request::get_url(url.clone())
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28");
            match self.look::<P>(page, None).await {
                Ok(Some(page)) => {
                    let (list, _) = page.content.rows();
                    let read_now = list.good.len() + list.odd.len();
                    if read_now == 0 && page.next.is_none() {
                        break;
                    }
                    rows.extend(list.good);
                    unread.extend(list.odd);
                    next = page.next.or_else(|| page_after(&url, read_now).filter(|_| total.is_none()));
                }
                Ok(None) => break,
                Err(other) => {
                    error = Some(other);
                    break;
                }
            }
            last = url;
            read += 1;
        }
        let counted = u64::try_from(rows.len() + unread.len()).unwrap_or(u64::MAX);
        let cut = next.is_some() || error.is_some();
        let complete = read == 1 && !cut;
        let short = !cut && total.is_some_and(|total| total > counted);
        let none = !cut && counted == 0 && total == Some(0);
        Ok(Some(Rows { rows, etag, first, whole: complete, more: cut || short, error, unread, short, none }))
    }

    /// A next page as it can be asked for. Behind a proxy a server may name itself by an inner address: its pages differ
    /// from the one just read in the query alone. `None` where it is the page just read.
    fn on_our_side(&self, next: Url, last: &Url) -> Option<Url> {
        let url = if self.http.is_own(&next) {
            next
        } else {
            let mut own = last.clone();
            own.set_query(next.query());
            own
        };
        (url != *last).then_some(url)
    }
}

/// A conditional request by this ETag.
fn conditional(request: Request, etag: Option<&str>) -> Request {
    match etag.filter(|etag| !etag.starts_with(DIGEST)) {
        Some(etag) => request.header("if-none-match", etag),
        None => request,
    }
}

/// The content of an answer, unless it is unchanged since this ETag.
fn news<T: DeserializeOwned>(answer: &Answer, etag: Option<&str>) -> Result<Option<News<T>>, ServiceError> {
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

impl Meter {
    /// Why nothing more is sent. A rate limit says when to go on, so it goes before that GitHub is unavailable.
    fn halt(&self) -> Option<&ServiceError> {
        self.rate_limited.as_ref().or(self.unavailable.as_ref())
    }

    /// Takes note of how a request went. Those that are under way when nothing more is to be sent are refused too, each in words
    /// of its own: they fail with the first error of their sort.
    fn note(&mut self, result: Result<Answer, ServiceError>) -> Result<Answer, ServiceError> {
        let error = match result {
            Ok(answer) => {
                self.strikes = 0;
                return Ok(answer);
            }
            Err(error) => error,
        };
        let first = match error {
            ServiceError::RateLimited { .. } => &mut self.rate_limited,
            ServiceError::Unavailable { .. } => {
                self.strikes += 1;
                if self.strikes < STRIKES {
                    return Err(error);
                }
                &mut self.unavailable
            }
            _ => return Err(error),
        };
        Err(first.get_or_insert(error).clone())
    }
}

const DIGEST: &str = "digest:";

/// Servers that imitate GitHub may give no ETag: a digest of the content then takes its place. It is compared only with
/// digests of this program, so a digest of another version costs one more read and nothing else.
fn digest(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{DIGEST}{:016x}", hasher.finish())
}

/// The page after a full one, by GitHub's `page` and `per_page`; `None` after one that is not full.
fn page_after(url: &Url, rows: usize) -> Option<Url> {
    let number = |name: &str| url.query_pairs().find(|(key, _)| key == name)?.1.parse::<usize>().ok();
    let full = number("per_page").is_some_and(|most| most > 0 && rows >= most);
    let mut next = url.clone();
    let others: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != "page")
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    let page = number("page").unwrap_or(1).checked_add(1)?;
    next.query_pairs_mut().clear().extend_pairs(others).append_pair("page", &page.to_string());
    full.then_some(next)
}

/// The `rel="next"` of a `Link` header (RFC 8288).
fn next_page(link: &str) -> Option<Url> {
    link.split(',').find_map(|part| {
        let (url, parameters) = part.split_once('>')?;
        // RFC 8288, 3: names and relation types are compared without case, and one `rel` may have several.
        let next =
            parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
                let mut types = value.trim().trim_matches('"').split_whitespace();
                name.trim().eq_ignore_ascii_case("rel") && types.any(|it| it.eq_ignore_ascii_case("next"))
            });
        next.then(|| url.trim().strip_prefix('<')?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How requests fail, one after another: `u`navailable, `r`ate-limited, not `a`llowed -> why nothing more is sent.
    #[test]
    fn rate_limit_is_shown_before_an_outage() {
        let cases = [
            ("", None),
            ("uuuu", None),
            ("aaaaaa", None),
            ("uuuuu", Some("u5")),
            ("uuuuuuu", Some("u5")),
            ("r", Some("r1")),
            ("rr", Some("r1")),
            ("uuur", Some("r4")),
            ("uuuuur", Some("r6")),
            ("uuuuuuarur", Some("r8")),
            ("ruuuuuu", Some("r1")),
        ];
        for (failures, expected) in cases {
            let mut meter = Meter::default();
            for (place, sort) in failures.chars().enumerate() {
                let why = format!("{sort}{}", place + 1);
                let error = match sort {
                    'r' => ServiceError::RateLimited { why, retry_after: Duration::from_secs(30) },
                    'u' => ServiceError::unavailable(why),
                    _ => ServiceError::auth(why),
                };
                assert!(meter.note(Err(error)).is_err(), "{failures}");
            }
            assert_eq!(meter.halt().map(ToString::to_string).as_deref(), expected, "{failures}");
        }
    }

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
            ("<https://a.example/?page=2>; REL=\"Next\"", Some("page=2")),
            ("<https://a.example/?page=2>; title=x; rel = \"last next\"", Some("page=2")),
            ("<https://a.example/?page=2>; rel=\"nextish\"", None),
            ("", None),
            (">;<", None),
        ];
        for (link, expected) in cases {
            assert_eq!(next_page(link).as_ref().and_then(Url::query), expected, "{link}");
        }
    }

    #[test]
    fn full_page_is_followed_by_the_next() {
        let cases = [
            ("per_page=2", 1, None),
            ("per_page=2", 2, Some("per_page=2&page=2")),
            ("state=open&per_page=2&page=3", 2, Some("state=open&per_page=2&page=4")),
            ("", 100, None),
            ("per_page=0", 0, None),
            ("per_page=x", 9, None),
        ];
        for (query, rows, expected) in cases {
            let url = Url::parse(&format!("https://a.example/pulls?{query}")).unwrap();
            assert_eq!(page_after(&url, rows).as_ref().and_then(Url::query), expected, "{query}, {rows}");
        }
    }
}
