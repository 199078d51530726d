//! Requests to PagerDuty: its media type, in whose name they are made, its rate limit, and who the account is.

use async_trait::async_trait;
use callboard_domain::{
    command::{Lookup, Named},
    error::ServiceError,
    identity::Identity,
    secret::SecretString,
    text,
};
use jiff::SignedDuration;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::wire::{self, Incident, Page, User, UserOrService, is_id};
use crate::{
    Identify,
    http::{Answer, Client, Credential, Http, RateLimitHeaders, Request, Reset},
    lenient::web_url,
    paging::{self, Paging},
};

/// The most rows of a page, by "Pagination" in PagerDuty's documentation.
pub(super) const ROWS: usize = 100;
/// The most users that are offered.
const USERS: usize = 200;
/// The most users or services that a lookup reads.
pub(super) const LOOKED_UP: usize = 500;

/// "REST API rate limits": `ratelimit-reset` counts the seconds that are left, of a minute.
const RATE_LIMIT: RateLimitHeaders = RateLimitHeaders {
    limit: "ratelimit-limit",
    remaining: "ratelimit-remaining",
    reset: "ratelimit-reset",
    reset_is: Reset::In,
    window: SignedDuration::from_mins(1),
    of: None,
};

/// PagerDuty's API.
pub(super) struct PagerDuty {
    http: Http,
    from: Option<String>,
}

impl PagerDuty {
    pub(super) fn new(client: Client, base: Url, token: SecretString, from: Option<String>) -> Self {
        let credential = Credential::Scheme { prefix: "Token token=", secret: token };
        Self { http: Http::new(client, base, "PagerDuty", credential).with_rate_limit(RATE_LIMIT), from }
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    /// A request that looks.
    pub(super) fn get<S: AsRef<str>>(&self, segments: impl IntoIterator<Item = S>) -> Request {
        Request::get(segments).header("accept", "application/vnd.pagerduty+json;version=2")
    }

    /// A request that changes something, in the account's name.
    pub(super) fn write<S: AsRef<str>>(
        &self,
        method: Method,
        segments: impl IntoIterator<Item = S>,
        body: Value,
    ) -> Request {
        let request = Request::new(method, segments).json(body);
        let request = request.header("accept", "application/vnd.pagerduty+json;version=2");
        match &self.from {
            Some(from) => request.header("from", from),
            None => request,
        }
    }

    /// Sends a request that changes something. PagerDuty answers 403 to a user who may not do it and 400 to an unknown user: both
    /// have the same remedy, and get the same error.
    ///
    /// # Errors
    /// Those of [`Http::send`].
    pub(super) async fn change(&self, request: Request) -> Result<Answer, ServiceError> {
        let answer = self.http.exchange(request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let error = self.http.service_error(&answer);
        let why = format!(
            "this account may not do that at PagerDuty: it takes the API key of a user who may respond to incidents, or \
             an account's API key with `from`, the e-mail address of such a user; {error}"
        );
        Err(match error {
            ServiceError::Auth { .. } if answer.status == StatusCode::FORBIDDEN => {
                ServiceError::forbidden(why)
            }
            ServiceError::Rejected { .. }
                if answer.status == StatusCode::BAD_REQUEST && self.is_unknown_user().await =>
            {
                ServiceError::rejected(why)
            }
            error => error,
        })
    }

    /// True where PagerDuty does not know the user in whose name things are done.
    async fn is_unknown_user(&self) -> bool {
        matches!(self.me().await, Err(ServiceError::Rejected { .. }))
    }

    /// An incident as it is now.
    pub(super) async fn incident(&self, id: &str) -> Result<Incident, ServiceError> {
        let one: wire::One = self.http.send(self.get(["incidents", id])).await?.json()?;
        the_one(one, id)
    }

    /// The same; `None` where there is none (any more).
    pub(super) async fn incident_if_any(&self, id: &str) -> Result<Option<Incident>, ServiceError> {
        let answer = self.http.exchange(self.get(["incidents", id])).await?;
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status if status.is_success() => the_one(answer.json()?, id).map(Some),
            _ => Err(self.http.service_error(&answer)),
        }
    }

    /// A listing, page by page, `most` rows of it. They are under its `name`.
    pub(super) async fn list<T: for<'a> serde::Deserialize<'a> + Send>(
        &self,
        request: Request,
        name: &'static str,
        most: usize,
        key: impl Fn(&T) -> String + Send,
    ) -> Result<paging::Listing<T>, ServiceError> {
        let mut paging = Paging::new(most, key);
        while let Some(at) = paging.next() {
            let page = request.clone().query("limit", ROWS.to_string()).query("offset", at.to_string());
            paging.take(self.page(page, name).await)?;
        }
        Ok(paging.end())
    }

    async fn page<T: for<'a> serde::Deserialize<'a> + Send>(
        &self,
        request: Request,
        name: &'static str,
    ) -> Result<paging::Page<T>, ServiceError> {
        let answer = self.http.send(request).await?;
        let page: Page<T> = Page::read(&answer.json()?, name).map_err(|why| {
            ServiceError::unavailable(format!("PagerDuty answered with something unexpected: {why}"))
        })?;
        let read = page.rows.good.len() + page.rows.odd.len();
        Ok(paging::Page {
            more: page.more.unwrap_or(read >= page.limit.unwrap_or(ROWS).max(1)),
            rows: page.rows,
        })
    }

    /// The user of the key: a user's own key names its user, an account's key is used in the name of `from`.
    async fn me(&self) -> Result<User, ServiceError> {
        let answer = self.http.exchange(self.get(["users", "me"])).await?;
        if answer.status.is_success() {
            return answer.json::<wire::Me>().map(|me| me.user);
        }
        // "Get the current user": 400 for an account's key.
        if answer.status != StatusCode::BAD_REQUEST {
            return Err(self.http.service_error(&answer));
        }
        let Some(from) = &self.from else {
            let why = format!(
                "{}; with an account's API key, say in whose name things are done: from = \"your e-mail address\"",
                self.http.service_error(&answer)
            );
            return Err(ServiceError::rejected(why));
        };
        let found = self.users(from).await?;
        let mine = found.into_iter().find(|user| user.email.eq_ignore_ascii_case(from));
        mine.ok_or_else(|| {
            ServiceError::rejected(format!("PagerDuty has no user with the e-mail address {from}"))
        })
    }

    /// The users whose name or address contains `query`.
    pub(super) async fn users(&self, query: &str) -> Result<Vec<User>, ServiceError> {
        let request = self.get(["users"]).query("query", query);
        Ok(self.list::<User>(request, "users", USERS, |user| user.id.clone()).await?.rows)
    }

    /// The services whose name contains `query`.
    pub(super) async fn services(&self, query: &str) -> Result<Vec<UserOrService>, ServiceError> {
        let request = self.get(["services"]).query("query", query);
        let key = |service: &UserOrService| service.id.clone();
        Ok(self.list::<UserOrService>(request, "services", LOOKED_UP, key).await?.rows)
    }

    /// The `users` or `services` that a text may mean: the one with that id, else those with the text in their name or address.
    pub(super) async fn look_up(&self, of: &'static str, typed: &str) -> Result<Lookup, ServiceError> {
        let typed = typed.trim();
        if is_id(typed) {
            let answer = self.http.exchange(self.get([of, typed])).await;
            // A name may look like an id.
            let is_none = matches!(&answer, Ok(answer) if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::GONE));
            if !is_none {
                // An id is sent as it is, even where no answer names its owner.
                let one =
                    answer.and_then(|answer| answer.json::<wire::OneUserOrService>()).ok().map(|it| it.one);
                let names = one.filter(|one| one.id == typed).map(|one| one.names()).unwrap_or_default();
                return Ok(Lookup::only(Named { id: typed.to_owned(), names }));
            }
        }
        let request = self.get([of]).query("query", typed);
        let key = |listed: &UserOrService| listed.id.clone();
        let listing = self.list::<UserOrService>(request, of, LOOKED_UP, key).await?;
        let is_good = |listed: &&UserOrService| is_id(&listed.id);
        let complete = listing.complete && listing.odd.is_empty() && listing.error.is_none();
        let complete = complete && listing.rows.iter().all(|listed| is_good(&listed));
        // A disabled service takes no incidents.
        let found = listing.rows.iter().filter(|it| is_good(it) && it.status != "disabled");
        let found = found.map(|it| Named { id: it.id.clone(), names: it.names() }).collect();
        Ok(Lookup { found, complete })
    }
}

impl UserOrService {
    /// Its names for people.
    pub(super) fn names(&self) -> Vec<String> {
        let name = if self.name.trim().is_empty() { &self.summary } else { &self.name };
        let names = [name, &self.email].map(|name| text::line(name, 100));
        names.into_iter().filter(|name| !name.is_empty()).collect()
    }
}

#[async_trait]
impl Identify for PagerDuty {
    /// By the user's id: two users may have one name.
    async fn identify(&self) -> Result<Identity, ServiceError> {
        let me = self.me().await?;
        let name = Some(text::line(&me.name, 100)).filter(|name| !name.is_empty());
        let login = text::line(&me.id, 100);
        if login.is_empty() {
            let why = "PagerDuty does not say whose key it is; is the URL its API's?";
            return Err(ServiceError::unavailable(why));
        }
        // All accounts are at one address, and each has a host of its own for people.
        let tenant = web_url(&me.html_url).and_then(|url| url.host_str().map(str::to_owned));
        Ok(Identity { login, name, tenant, server: Some("PagerDuty".to_owned()), ..Identity::default() })
    }
}

/// The incident that was asked for; an answer about another one is an error.
fn the_one(one: wire::One, id: &str) -> Result<Incident, ServiceError> {
    match one.incident.id == id {
        true => Ok(one.incident),
        false => Err(ServiceError::unavailable(format!(
            "PagerDuty answered with another incident than {id}, {}",
            text::line(&one.incident.id, 40)
        ))),
    }
}
