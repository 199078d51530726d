//! What changes a pull request: approve, comment, merge.

use std::sync::Arc;

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    error::ServiceError,
    identity::Identity,
    item::{Detail, Item, Kind, PullRequest, PullRequestState},
    run::Outcome,
    text,
};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use super::reference::{PullRef, rejected};
use crate::{
    github::{
        account::Account,
        client::{Calls, get, in_repo, send},
        normalise,
        refusal::check,
        wire,
    },
    http::{Answer, Request},
    lenient::{Entries, optional_text, required_number, web_url},
};

/// How far this machine's clock may be behind GitHub's, or before it, when looking for a review just given.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const REVIEW_PAGES: usize = 10;

/// Why nothing can be done to a pull request that has ended for good. One that is closed can be opened again: GitHub knows.
fn ended(pull: &PullRequest, pr: &str, done: &str) -> Option<String> {
    let by = pull.merged_by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
    (pull.state == PullRequestState::Merged)
        .then(|| format!("{pr} is merged{by} already: it cannot be {done}"))
}

fn pr() -> ArgSpec {
    ArgSpec::item("pr", Kind::PullRequest, "the pull request")
}

/// `pr approve`.
pub(super) struct Approve {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl Approve {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec = CommandSpec::new("pr approve", "Approve a pull request")
            .usage("pr approve <pr> [message...]")
            .role(Role::Approve)
            .arg(pr())
            .arg(ArgSpec::text("message", "what to say with it").optional())
            .example("pr approve acme/web#479")
            .example("pr approve acme/web#479 Works on staging");
        Self { spec, account: account.clone() }
    }

    /// The approval is of the commit that the person has seen: GitHub shows one of an older commit as such.
    fn request(pr: &PullRef, message: &str) -> Request {
        let mut body = Map::from_iter([("event".to_owned(), json!("APPROVE"))]);
        if !message.is_empty() {
            body.insert("body".to_owned(), json!(message));
        }
        if let Some(head) = &pr.head {
            body.insert("commit_id".to_owned(), json!(head));
        }
        in_repo(Method::POST, &pr.repo, &["pulls", &pr.number.to_string(), "reviews"])
            .json(Value::Object(body))
    }

    /// True where this account has approved since the run began.
    async fn is_done(&self, pr: &PullRef, now: Timestamp) -> Result<bool, ServiceError> {
        let calls = Calls::new(&self.account.http);
        let me: wire::User = calls.read(get(["user"])).await?;
        let list = in_repo(Method::GET, &pr.repo, &["pulls", &pr.number.to_string(), "reviews"]);
        let found = calls
            .rows::<Entries<wire::Review>>(list.query("per_page", "100"), None, REVIEW_PAGES, |_| true)
            .await?;
        let mine = |review: &wire::Review| {
            review.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(&me.login))
                && normalise::is_approval(review)
                && review.submitted_at.is_some_and(|at| now.duration_since(at) < SKEW)
        };
        Ok(found.is_some_and(|found| found.rows.iter().any(mine)))
    }
}

#[async_trait]
impl Action for Approve {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, me: &Identity) -> Option<String> {
        let Detail::PullRequest(pull) = &item.detail else { return None };
        let pr = item.reference();
        // "Can not approve your own pull request" (docs.github.com, "Approving a pull request with required reviews").
        let is_own = || {
            let own = me.is(&pull.author);
            own.then(|| format!("{pr} is your own pull request: GitHub lets nobody approve their own"))
        };
        ended(pull, pr, "approved").or_else(is_own)
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["repo"]
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let pr = PullRef::of(&self.spec, args)?;
        let request = Self::request(&pr, args.text("message"));
        Ok(vec![self.account.http.step(format!("Approve {pr}"), &request)])
    }

    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let pr = PullRef::of(&self.spec, args).map_err(rejected)?;
        let link = args.item("pr").and_then(|item| item.url.clone());
        let done = Outcome::ok(format!("{pr} is approved"));
        let sent = send(&self.account.http, Self::request(&pr, args.text("message"))).await;
        match sent.and_then(|answer| approval(&answer)) {
            Ok(made) => Ok(done.with_link(made.page().or(link))),
            Err(lost @ ServiceError::Unknown { .. }) => {
                progress.status("no clear answer: looking whether it was approved");
                match self.is_done(&pr, now).await {
                    Ok(true) => Ok(done.with_link(link)),
                    _ => Err(lost),
                }
            }
            Err(ServiceError::Rejected { why }) => {
                Err(ServiceError::rejected(format!("{pr} was not approved: {why}")))
            }
            Err(error) => Err(error),
        }
    }
}

/// What GitHub answers with where something was made: just that.
#[derive(Deserialize)]
struct Made {
    #[serde(rename = "id", deserialize_with = "required_number")]
    _id: u64,
    #[serde(default, deserialize_with = "optional_text")]
    html_url: Option<String>,
}

impl Made {
    fn page(&self) -> Option<Url> {
        self.html_url.as_deref().and_then(web_url)
    }
}

/// The approval that GitHub answers with; another answer does not show that it was made.
fn approval(answer: &Answer) -> Result<Made, ServiceError> {
    let made = answer.json()?;
    match normalise::is_approval(&answer.json::<wire::Review>()?) {
        true => Ok(made),
        false => Err(ServiceError::unknown("GitHub answered with something else than the approval")),
    }
}

/// `pr comment`.
pub(super) struct Comment {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl Comment {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec = CommandSpec::new("pr comment", "Comment on a pull request")
            .usage("pr comment <pr> <message...>")
            .role(Role::Comment)
            .arg(pr())
            .arg(ArgSpec::text("message", "what to say"))
            .example("pr comment acme/web#479 Can the cache be a setting?");
        Self { spec, account: account.clone() }
    }

    fn request(pr: &PullRef, message: &str) -> Request {
        in_repo(Method::POST, &pr.repo, &["issues", &pr.number.to_string(), "comments"])
            .json(json!({ "body": message }))
    }
}

#[async_trait]
impl Action for Comment {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["repo"]
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let pr = PullRef::of(&self.spec, args)?;
        let request = Self::request(&pr, args.needed(&self.spec, "message")?);
        Ok(vec![self.account.http.step(format!("Comment on {pr}"), &request)])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        _progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let pr = PullRef::of(&self.spec, args).map_err(rejected)?;
        let message = args.needed(&self.spec, "message").map_err(rejected)?;
        let answer = send(&self.account.http, Self::request(&pr, message)).await?;
        let comment: Made = answer.json()?;
        Ok(Outcome::ok(format!("Commented on {pr}")).with_link(comment.page()))
    }
}

/// `pr merge`.
pub(super) struct Merge {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl Merge {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec = CommandSpec::new("pr merge", "Merge a pull request")
            .usage("pr merge <pr> [<method>]")
            .role(Role::Merge)
            .arg(pr())
            .arg(
                ArgSpec::choice("method", ["merge", "squash", "rebase"], "how the commits are joined")
                    .or("merge"),
            )
            .example("pr merge acme/web#479")
            .example("pr merge acme/web#479 method=squash")
            .lock("merge:{{ pr }}");
        Self { spec, account: account.clone() }
    }

    /// With the commit that the person has seen, so that GitHub refuses where another was pushed meanwhile.
    fn request(pr: &PullRef, method: &str) -> Request {
        let mut body = Map::from_iter([("merge_method".to_owned(), json!(method))]);
        if let Some(head) = &pr.head {
            body.insert("sha".to_owned(), json!(head));
        }
        in_repo(Method::PUT, &pr.repo, &["pulls", &pr.number.to_string(), "merge"]).json(Value::Object(body))
    }

    fn method(args: &Args) -> &str {
        args.get("method").unwrap_or("merge")
    }

    async fn is_done(&self, pr: &PullRef) -> Result<bool, ServiceError> {
        let read = in_repo(Method::GET, &pr.repo, &["pulls", &pr.number.to_string()]);
        let pull: wire::Pull = send(&self.account.http, read).await?.json()?;
        Ok(normalise::state(&pull) == PullRequestState::Merged)
    }
}

/// GitHub's answer to a merge.
#[derive(Deserialize)]
struct Merged {
    merged: bool,
    message: Option<String>,
}

#[async_trait]
impl Action for Merge {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn refuses(&self, item: &Item, _me: &Identity) -> Option<String> {
        let Detail::PullRequest(pull) = &item.detail else { return None };
        ended(pull, item.reference(), "merged again")
    }

    fn scopes(&self) -> &'static [&'static str] {
        &["repo"]
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let pr = PullRef::of(&self.spec, args)?;
        let what = match &pr.head {
            Some(head) => format!("Merge {pr} at {}", text::line(head, 8)),
            None => format!("Merge {pr} as it is then"),
        };
        Ok(vec![self.account.http.step(what, &Self::request(&pr, Self::method(args)))])
    }

    async fn run(
        &self,
        args: &Args,
        _now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let pr = PullRef::of(&self.spec, args).map_err(rejected)?;
        let http = &self.account.http;
        let title = args.item("pr").map(|item| format!(": {}", item.title)).unwrap_or_default();
        let link = args.item("pr").and_then(|item| item.url.clone());
        let done = Outcome::ok(format!("{pr} is merged{title}")).with_link(link.clone());

        let request = Self::request(&pr, Self::method(args));
        let result = match http.exchange(request).await {
            // GitHub's answer where `sha` is not the head any more.
            Ok(answer) if answer.status == StatusCode::CONFLICT => {
                return Err(ServiceError::rejected(format!(
                    "{pr} was not merged: its branch has changed since it was last seen here; look at it, then merge it again"
                )));
            }
            Ok(answer) => check(http, answer).and_then(|answer| answer.json::<Merged>()),
            Err(error) => Err(error),
        };
        match result {
            Ok(Merged { merged: true, .. }) => Ok(done),
            Ok(Merged { message, .. }) => {
                let why = text::line(&message.unwrap_or_default(), 200);
                Ok(Outcome::failed(format!("{pr} was not merged: {why}")).with_link(link))
            }
            Err(lost @ ServiceError::Unknown { .. }) => {
                progress.status("no clear answer: looking whether it is merged");
                match self.is_done(&pr).await {
                    Ok(true) => Ok(done),
                    _ => Err(lost),
                }
            }
            Err(ServiceError::Rejected { why }) => {
                Err(ServiceError::rejected(format!("{pr} was not merged: {why}")))
            }
            Err(error) => Err(error),
        }
    }
}
