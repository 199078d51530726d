//! CCTray feeds (`cc.xml`), which most CI servers have: the last build of every project, and what each does now.
//!
//! Format: <https://cctray.org/v1/>. Seen beyond it: activity `Pending`, status `Error`, status `Unknown` while a build
//! runs, times without a zone or left out now and then, labels that are no numbers, several projects of one name, and
//! GoCD's names of the form `pipeline :: stage :: job`.

mod feed;
mod history;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use async_trait::async_trait;
use callboard_domain::{
    duration::Span,
    error::ServiceError,
    identity::Identity,
    item::{AccountName, Item, Kind},
    secret::SecretField,
    source::{self, Batch, Cursor, ProblemKind, Scope, Source},
    text,
};
use jiff::Timestamp;
use reqwest::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

pub use self::feed::PROJECTS;
use self::{
    feed::Project,
    history::{SeenProject, follow, ids, item},
};
use crate::{
    Access, ConnectError, Connection, Identify, Problem, ServiceUrl, Watch,
    http::{Answer, Http, charset},
    lenient::{Entries, first_and_more},
    sign_in::{sign_in, user_problem},
};

/// Its name in the configuration.
pub const NAME: &str = "cctray";
/// One address serves one organisation.
pub const TENANTS: bool = false;

const TOKEN: SecretField =
    SecretField { name: "token", help: "a bearer token, where the feed asks for one", required: false };
const PASSWORD: SecretField = SecretField {
    name: "password",
    help: "the user's password, where the feed asks for one",
    required: false,
};

/// The secrets that an account can use; none for a feed that everybody may read.
pub const SECRETS: &[SecretField] = &[TOKEN, PASSWORD];

/// A feed in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The feed, such as `https://ci.acme.example/cc.xml`; what follows a `?` goes into `query`.
    #[serde(deserialize_with = "feed_url")]
    pub url: ServiceUrl,
    /// Lets the secrets of the account travel unencrypted: to an `http://` address that is not on this machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// What follows the `?` in the feed's address, such as `{ branch = "main" }`. Not for secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// The user whose password it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Patterns over the projects' names. All projects where not given.
    #[serde(default)]
    pub watch: Watch,
    /// How often to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Span>,
}

/// The address of a feed. One with a query is refused as that of any service, with the key that takes the query.
fn feed_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServiceUrl, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|why: String| {
        let has_query = url::Url::parse(text.trim()).is_ok_and(|url| url.query().is_some());
        let also = "; what follows the ? goes into query: query.branch = \"main\" in the file, query.branch=main on the \
                    command line";
        serde::de::Error::custom(format!("{why}{}", if has_query { also } else { "" }))
    })
}

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        user_problem(self.user.as_deref()).into_iter().collect()
    }

    /// How often to look, where given.
    pub fn every(&self) -> Option<Span> {
        self.every
    }

    /// The secrets of which it needs one: those of its user.
    pub(crate) fn needs_one_of(&self) -> &'static [SecretField] {
        if self.user.is_some() { &[PASSWORD, TOKEN] } else { &[] }
    }

    /// What the account offers: a source, and no more.
    ///
    /// # Errors
    /// Where there is a user without a password, or a password without a user.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let (token, password) = (access.secret(TOKEN.name), access.secret(PASSWORD.name));
        if self.user.is_some() && token.is_none() && password.is_none() {
            return Err(ConnectError::MissingSecret { one_of: self.needs_one_of().to_vec() });
        }
        let credential = sign_in(self.user.as_deref(), token, password)?;
        let http = Http::new(access.client, self.url.to_url(), "the feed", credential);
        let feed = Arc::new(Feed { http: http.clone(), account: access.account, config: self.clone() });
        Ok(Connection {
            identify: feed.clone(),
            source: Some(feed),
            hook: None,
            actions: Vec::new(),
            chat: None,
            http: Some(http),
        })
    }
}

struct Feed {
    http: Http,
    account: AccountName,
    config: Config,
}

impl Feed {
    /// Asks for the feed, or whether it has changed.
    async fn get(&self, validators: &[(&'static str, &String)]) -> Result<Answer, ServiceError> {
        let query = self.config.query.iter();
        let request = query.fold(self.http.get_base(), |request, (name, value)| request.query(name, value));
        let request = validators.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.http.send(request).await
    }

    fn read(&self, answer: &Answer) -> Result<Entries<Project>, ServiceError> {
        feed::projects(&answer.in_full()?.text()).map_err(|why| {
            let why = text::line(&why, 200);
            ServiceError::unavailable(format!(
                "{} answers with something else than a cc.xml: {why}",
                self.http.host()
            ))
        })
    }
}

#[async_trait]
impl Identify for Feed {
    async fn identify(&self) -> Result<Identity, ServiceError> {
        // A feed has no users: the test only shows that it can be read.
        self.read(&self.get(&[]).await?)?;
        Ok(Identity::default())
    }
}

#[async_trait]
impl Source for Feed {
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError> {
        let memory = since.map(Memory::read).unwrap_or_default();
        // A feed that has not changed does not show projects that are watched only now.
        let same = memory.config.as_ref() == Some(&self.config);
        let known = [("if-none-match", &memory.etag), ("if-modified-since", &memory.modified)];
        let validators: Vec<_> = known
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_ref()?)))
            .filter(|_| same && !memory.builds.values().any(SeenProject::waits))
            .collect();
        let answer = self.get(&validators).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            // What is missing in it is still missing.
            return Ok(Batch { problems: memory.problems, ..Batch::default() });
        }
        let mut projects = self.read(&answer)?;
        // What a feed has twice is there once.
        let mut seen = HashSet::new();
        projects.good.retain(|project| seen.insert(project.clone()));
        let mut problems: Vec<_> = projects.problem("", "projects").into_iter().collect();
        if projects.good.len() > PROJECTS {
            let why = format!("the feed has more than {PROJECTS} projects: the others are not watched");
            problems.push(source::Problem::new(ProblemKind::Incomplete, "", why));
            projects.good.truncate(PROJECTS);
        }
        let header = |name| answer.header(name).filter(|value| value.len() <= 500).map(str::to_owned);
        let mut next = Memory {
            etag: header("etag"),
            modified: header("last-modified"),
            config: Some(self.config.clone()),
            builds: BTreeMap::new(),
            problems: Vec::new(),
        };
        let (mut snapshots, mut unknown) = (Vec::new(), Vec::new());
        for (id, project) in ids(&projects.good, &memory.builds).into_iter().zip(&projects.good) {
            if !self.config.watch.matches(&project.name) {
                continue;
            }
            let before = memory.builds.get(&id).cloned().unwrap_or_default();
            match &project.unknown_result {
                Some(result) if result.is_empty() => unknown.push(format!("{id}: nothing")),
                Some(result) => unknown.push(format!("{id}: {}", text::line(result, 40))),
                None if before.is_missing_result(project) => unknown.push(format!("{id}: Unknown")),
                None => {}
            }
            let (seen, runs) = follow(&before, project, now);
            snapshots.extend(item(&self.account, &id, project, &seen, runs));
            next.builds.insert(id, seen);
        }
        // What could not be read may be any of the projects that seem to be missing.
        let complete = problems.is_empty().then(|| Scope::all(Kind::Build)).into_iter().collect();
        if let Some(unknown) = first_and_more(&unknown) {
            let why = format!("it is not known how the last build ended: the feed says of {unknown}");
            problems.push(source::Problem::new(ProblemKind::Incomplete, "", why));
        }
        next.problems.clone_from(&problems);
        Ok(Batch { cursor: Some(next.cursor()), complete, snapshots, problems, ..Batch::default() })
    }

    fn watches(&self, item: &Item) -> bool {
        let id = item.reference();
        // The second project of a name has its number after it.
        let without_number = id.strip_suffix(')').and_then(|id| {
            let (name, number) = id.rsplit_once(" (")?;
            number.parse::<usize>().ok().map(|_| name)
        });
        // An id that was cut does not identify its project.
        let cut = id.rsplit_once('~').is_some_and(|(_, hash)| hash.len() == 16);
        cut || [Some(id), without_number].into_iter().flatten().any(|name| self.config.watch.matches(name))
    }
}

/// Reads a feed as items, as if for the first time. Pure, and bounded.
///
/// # Errors
/// Where it is not a feed: what is wrong, in short.
pub fn items(account: &AccountName, feed: &[u8], now: Timestamp) -> Result<Vec<Item>, String> {
    let mut projects = feed::projects(&charset::text(feed, None))?.good;
    projects.truncate(PROJECTS);
    let items = ids(&projects, &BTreeMap::new()).into_iter().zip(&projects).filter_map(|(id, project)| {
        let (seen, runs) = follow(&SeenProject::default(), project, now);
        item(account, &id, project, &seen, runs)
    });
    Ok(items.collect())
}

/// What is remembered from poll to poll.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    etag: Option<String>,
    modified: Option<String>,
    /// What the feed was read for.
    config: Option<Config>,
    /// What was seen of each project, by what it is called here.
    builds: BTreeMap<String, SeenProject>,
    /// The problems of the last feed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<source::Problem>,
}

impl Memory {
    fn read(cursor: &Cursor) -> Self {
        // A cursor of another version is ignored; that is no reason to stop.
        serde_json::from_str(&cursor.0).unwrap_or_default()
    }

    fn cursor(&self) -> Cursor {
        // A struct of strings and numbers cannot fail to be written.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}
