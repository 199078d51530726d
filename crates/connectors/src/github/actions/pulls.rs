//! What shows pull requests: the list of open ones with their state, and one by itself.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    action::{Action, Choice, Progress, Step},
    command::{ArgError, ArgSpec, Args, CommandSpec, Role},
    error::ServiceError,
    item::{Detail, Item, Kind},
    message::{Block, ListEntry},
    run::Outcome,
};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use reqwest::Method;
use serde_json::json;

use super::{
    format,
    reference::{PullRef, rejected},
};
use crate::{
    github::{
        account::Account,
        client::{Calls, get, in_repo},
        cursor::Part,
        details, normalise,
        open::{Listed, Open},
        targets::targets,
        watch::is_repo,
        wire,
    },
    http::Request,
    lenient::Entries,
};

const AT_ONCE: usize = 8;
/// How many pull requests are listed; their reviews and checks are two or three requests each.
const LISTED: usize = 40;

/// `pr list`.
pub(super) struct List {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl List {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec =
            CommandSpec::new("pr list", "List open pull requests: who reviewed, checks, age, whose turn")
                .usage("pr list [<repo>]")
                .alias("prs")
                .arg(ArgSpec::live("repo", "the repository; all that are watched where not given").optional())
                .arg(ArgSpec::flag("mine", "only those that you opened or are asked to review"))
                .example("pr list")
                .example("pr list acme/web")
                .example("pr list --mine")
                .reads();
        Self { spec, account: account.clone() }
    }

    /// The repository that is asked for, where it is one.
    fn repo(args: &Args) -> Result<Option<&str>, ArgError> {
        match args.get("repo").filter(|text| !text.is_empty()) {
            Some(text) if !is_repo(text) => {
                Err(ArgError::invalid("repo", "a repository such as acme/web", text))
            }
            repo => Ok(repo),
        }
    }

    fn request(repo: &str) -> Request {
        in_repo(Method::GET, repo, &["pulls"])
            .query("state", "open")
            .query("sort", "updated")
            .query("direction", "desc")
            .query("per_page", "100")
    }

    async fn watched(
        &self,
        calls: &Calls<'_>,
        me: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, ServiceError> {
        let found = targets(calls, &self.account.watch, &BTreeMap::new(), me, now).await;
        match found.error {
            Some(error) if found.targets.is_empty() => Err(error),
            _ => Ok(found.targets.into_iter().map(|target| target.name).collect()),
        }
    }
}

#[async_trait]
impl Action for List {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let http = &self.account.http;
        let repos: Vec<_> = match Self::repo(args)? {
            Some(repo) => vec![repo],
            None => self.account.watch.iter().filter_map(|watched| watched.repo()).collect(),
        };
        let step =
            |repo: &str| http.step(format!("List the open pull requests of {repo}"), &Self::request(repo));
        let mut steps: Vec<_> = repos.into_iter().map(step).collect();
        steps.push(Step { what: "Read the reviews and checks of each".to_owned(), request: String::new() });
        Ok(steps)
    }

    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let calls = Calls::new(&self.account.http);
        let me: wire::User = calls.read(get(["user"])).await?;
        let repo = Self::repo(args).map_err(rejected)?;
        let repos = match repo {
            Some(repo) => vec![repo.to_owned()],
            None => self.watched(&calls, &me.login, now).await?,
        };

        let listing = repos.iter().map(|repo| async {
            let rows = calls.read::<Entries<wire::Pull>>(Self::request(repo)).await;
            (repo.clone(), rows)
        });
        let listed: Vec<_> = stream::iter(listing.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
        let (mut pulls, mut unread, mut malformed) = (Vec::new(), Vec::new(), Vec::new());
        let count = listed.len();
        for (repo, rows) in listed {
            match rows {
                Ok(list) => {
                    pulls.extend(list.good.into_iter().map(|pull| (repo.clone(), pull)));
                    malformed.extend(list.odd.into_iter().map(|odd| format!("{repo}: left out {odd}")));
                }
                Err(error) if count == 1 => return Err(error),
                Err(error) => unread.push(format!("{repo}: {error}")),
            }
        }
        if unread.len() == count && count > 0 {
            return Err(ServiceError::unavailable(unread.swap_remove(0)));
        }
        unread.append(&mut malformed);
        if args.flag("mine") {
            // Whether these are mine is not known.
            let unclear = pulls.iter().filter(|(_, pull)| !concerns(pull, &me.login));
            unread.extend(unclear.filter_map(|(repo, pull)| unread_requests(repo, pull)));
            pulls.retain(|(_, pull)| concerns(pull, &me.login));
        }
        pulls.sort_by_key(|(_, pull)| std::cmp::Reverse(pull.version(now)));
        let all = pulls.len();
        pulls.truncate(LISTED);
        progress.status(&format!("reading the reviews and checks of {}", pulls.len()));

        let reading = pulls.iter().map(|(repo, pull)| {
            let (calls, account) = (&calls, &self.account);
            async move { read(calls, account, repo, pull, now).await }
        });
        let read: Vec<_> = stream::iter(reading.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
        let (items, errors): (Vec<Item>, Vec<_>) = read.into_iter().unzip();
        unread.extend(errors.into_iter().flatten());

        let whose = if args.flag("mine") { " for you" } else { "" };
        let place = repo.map(|repo| format!(" in {repo}")).unwrap_or_default();
        let summary = match all {
            0 => format!("No pull request is open{whose}{place}"),
            1 => format!("1 pull request is open{whose}{place}"),
            all => format!("{all} pull requests are open{whose}{place}"),
        };
        let row = |item: &Item| ListEntry { text: format::row(item, now), link: item.url.clone() };
        let mut outcome = Outcome::ok(summary).with_data(json!(items));
        if !items.is_empty() {
            outcome = outcome.with_block(Block::List(items.iter().map(row).collect()));
        }
        if all > items.len() {
            outcome =
                outcome.with_block(Block::Text(format!("{} older ones are left out", all - items.len())));
        }
        if !unread.is_empty() {
            outcome = outcome.with_block(Block::Text(unread.join("\n")));
        }
        Ok(outcome)
    }

    async fn choices(&self, arg: &str, _args: &Args) -> Result<Vec<Choice>, ServiceError> {
        if arg != "repo" {
            return Ok(Vec::new());
        }
        let calls = Calls::new(&self.account.http);
        let me: wire::User = calls.read(get(["user"])).await?;
        // The time only dates the list, which is not kept here.
        let repos = self.watched(&calls, &me.login, Timestamp::UNIX_EPOCH).await?;
        Ok(repos.into_iter().map(|value| Choice { value, note: None }).collect())
    }
}

fn concerns(pull: &wire::Pull, me: &str) -> bool {
    let reviewers = pull.requested_reviewers.good().iter().map(|user| &user.login);
    pull.user.iter().map(|user| &user.login).chain(reviewers).any(|login| login.eq_ignore_ascii_case(me))
}

fn unread_requests(repo: &str, pull: &wire::Pull) -> Option<String> {
    let why = pull.unread_requests()?;
    Some(format!("{repo}#{}: it is not known whose review is asked for: {why}", pull.number))
}

/// A pull request with its reviews and checks, as far as they can be read, and what of it cannot be.
async fn read(
    calls: &Calls<'_>,
    account: &Account,
    repo: &str,
    pull: &wire::Pull,
    now: Timestamp,
) -> (Item, Vec<String>) {
    let open = Open::new(&pull.head.sha, pull.version(now), now);
    let of = (&account.name, repo, now);
    let read = details::pull(calls, of, pull.number, &open, Listed::Changed(pull), |_| true).await;
    let mut item = read.item.unwrap_or_else(|| normalise::pull(&account.name, repo, pull, &[], None, now));
    item.clean();
    let named = |what: &str| format!("{repo}#{}: {what}", pull.number);
    let reviews =
        read.open.reviews_unread.iter().map(|why| named(&format!("some reviews are left out: {why}")));
    // A server without commit statuses has none.
    let refused = read.errors.iter().filter(|(part, _)| *part != Part::Statuses);
    let refused = refused.map(|(part, error)| named(&format!("no {}: {error}", part.name())));
    let missing = read.open.missing().map(named);
    let headless = open.headless().map(named);
    let unread = unread_requests(repo, pull).into_iter().chain(missing).chain(headless);
    let unread = unread.chain(reviews).chain(refused).collect();
    (item, unread)
}

/// `pr show`.
pub(super) struct Show {
    spec: CommandSpec,
    account: Arc<Account>,
}

impl Show {
    pub(super) fn new(account: &Arc<Account>) -> Self {
        let spec = CommandSpec::new("pr show", "Show a pull request: who reviewed, its checks, whose turn")
            .usage("pr show <pr>")
            .role(Role::Show)
            .arg(ArgSpec::item("pr", Kind::PullRequest, "the pull request"))
            .example("pr show acme/web#479")
            .reads();
        Self { spec, account: account.clone() }
    }

    fn request(pr: &PullRef) -> Request {
        in_repo(Method::GET, &pr.repo, &["pulls", &pr.number.to_string()])
    }
}

#[async_trait]
impl Action for Show {
    fn spec(&self) -> &CommandSpec {
        &self.spec
    }

    fn preview(&self, args: &Args, _now: Timestamp) -> Result<Vec<Step>, ArgError> {
        let pr = PullRef::of(&self.spec, args)?;
        Ok(vec![
            self.account.http.step(format!("Read {pr}"), &Self::request(&pr)),
            Step { what: "Read its reviews and checks".to_owned(), request: String::new() },
        ])
    }

    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        _progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError> {
        let pr = PullRef::of(&self.spec, args).map_err(rejected)?;
        let calls = Calls::new(&self.account.http);
        let pull: wire::Pull = calls.read(Self::request(&pr)).await?;
        let (item, unread) = read(&calls, &self.account, &pr.repo, &pull, now).await;
        let Detail::PullRequest(detail) = &item.detail else {
            return Err(ServiceError::unavailable(format!("{pr} is no pull request")));
        };
        let fields = format::fields(detail, now).map(|(name, value)| (name.to_owned(), value));
        let outcome = Outcome::ok(format!("{pr} {}", item.title))
            .with_link(item.url.clone())
            .with_block(Block::Fields(fields.collect()))
            .with_data(json!(item));
        let unread = (!unread.is_empty()).then(|| Block::Text(unread.join("\n")));
        Ok(unread.into_iter().fold(outcome, Outcome::with_block))
    }
}
