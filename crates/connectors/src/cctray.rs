//! CCTray feeds (`cc.xml`), which most CI servers have: the last build of every project, and what each does now.
//!
//! Format: <https://cctray.org/v1/>. Seen beyond it: activity `Pending`, status `Error`, times without a zone, labels
//! that are no numbers, and GoCD's names of the form `pipeline :: stage :: job`.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use callboard_domain::{
    duration::Span,
    error::ServiceError,
    identity::Identity,
    item::{AccountName, Build, BuildRun, BuildStatus, Detail, Item, ItemKey, Kind},
    secret::SecretField,
    source::{Batch, Cursor, Source},
    text,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use reqwest::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Access, ConnectError, Connection, Identify, Problem, ServiceUrl, Watch,
    http::{Answer, Credential, Http},
};

/// Its name in the configuration.
pub const NAME: &str = "cctray";

const TOKEN: SecretField =
    SecretField { name: "token", help: "a bearer token, where the feed asks for one", required: false };
const PASSWORD: SecretField = SecretField {
    name: "password",
    help: "the user's password, where the feed asks for one",
    required: false,
};

/// The secrets that an account can use; none for a feed that everybody may read.
pub const SECRETS: &[SecretField] = &[TOKEN, PASSWORD];

/// How many projects of a feed are read.
pub const PROJECTS: usize = 5_000;

/// A feed in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The feed, such as `https://ci.acme.example/cc.xml`; what follows a `?` goes into `query`.
    pub url: ServiceUrl,
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

impl Config {
    /// What is wrong although every value has its type.
    pub fn validate(&self) -> Vec<Problem> {
        match &self.user {
            Some(user) if user.trim().is_empty() || user.contains(':') => {
                vec![Problem { key: "user", what: "expected a user name, without a colon".to_owned() }]
            }
            _ => Vec::new(),
        }
    }

    /// How often to look, where given.
    pub fn every(&self) -> Option<Span> {
        self.every
    }

    /// What the account offers: a source, and no more.
    ///
    /// # Errors
    /// Where there is a user without a password, or a password without a user.
    pub fn connect(&self, access: Access) -> Result<Connection, ConnectError> {
        let credential = match (&self.user, access.secret(PASSWORD.name), access.secret(TOKEN.name)) {
            (_, _, Some(token)) => Credential::Bearer(token),
            (Some(user), Some(password), None) => Credential::Basic { user: user.clone(), password },
            (Some(_), None, None) => {
                return Err(ConnectError::MissingSecret { field: PASSWORD.name, help: PASSWORD.help });
            }
            (None, Some(_), None) => {
                let what = "a password is set: say whose it is".to_owned();
                return Err(ConnectError::Config(Problem { key: "user", what }));
            }
            (None, None, None) => Credential::None,
        };
        let http = Http::new(access.client, self.url.to_url(), "The feed", credential);
        let feed = Arc::new(Feed { http: http.clone(), account: access.account, config: self.clone() });
        Ok(Connection {
            identify: feed.clone(),
            source: Some(feed),
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

    fn read(&self, answer: &Answer) -> Result<Vec<Project>, ServiceError> {
        projects(&answer.body).map_err(|why| {
            let why = text::line(&self.http.redact(&why), 200);
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
        // A feed knows no users; that it can be read is all there is to find out.
        self.read(&self.get(&[]).await?)?;
        Ok(Identity::default())
    }
}

#[async_trait]
impl Source for Feed {
    async fn poll(&self, since: Option<&Cursor>, _now: Timestamp) -> Result<Batch, ServiceError> {
        let memory = since.map(Memory::read).unwrap_or_default();
        // A feed that has not changed says nothing about projects that are watched only now.
        let same = memory.config.as_ref() == Some(&self.config);
        let known = [("if-none-match", &memory.etag), ("if-modified-since", &memory.modified)];
        let validators: Vec<_> = known
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_ref()?)))
            .filter(|_| same)
            .collect();
        let answer = self.get(&validators).await?;
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Batch::default());
        }
        let mut projects = self.read(&answer)?;
        let problems = (projects.len() > PROJECTS)
            .then(|| format!("the feed has more than {PROJECTS} projects: the others are not watched"));
        projects.truncate(PROJECTS);
        projects.retain(|project| self.config.watch.matches(&project.name));
        let header = |name| answer.header(name).filter(|value| value.len() <= 500).map(str::to_owned);
        let mut next = Memory {
            etag: header("etag"),
            modified: header("last-modified"),
            config: Some(self.config.clone()),
            builds: BTreeMap::new(),
        };
        let mut snapshots = Vec::new();
        for project in &projects {
            let seen = project.seen(memory.builds.get(&project.name));
            snapshots.extend(project.item(&self.account, seen.as_ref().map_or(1, |seen| seen.attempt)));
            next.builds.extend(seen.map(|seen| (project.name.clone(), seen)));
        }
        Ok(Batch {
            cursor: Some(next.cursor()),
            complete: problems.is_none().then_some(Kind::Build),
            snapshots,
            budget: None,
            problems: problems.into_iter().collect(),
        })
    }
}

/// What is remembered from poll to poll.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    etag: Option<String>,
    modified: Option<String>,
    /// What the feed was read for.
    config: Option<Config>,
    /// The last builds, by project.
    builds: BTreeMap<String, Seen>,
}

impl Memory {
    fn read(cursor: &Cursor) -> Self {
        // A cursor of another version says nothing; that is no reason to stop.
        serde_json::from_str(&cursor.0).unwrap_or_default()
    }

    fn cursor(&self) -> Cursor {
        // A struct of strings and numbers cannot fail to be written.
        Cursor(serde_json::to_string(self).unwrap_or_default())
    }
}

/// A last build. GoCD runs a stage again under the same label: only the time tells it from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    number: u64,
    time: Option<Timestamp>,
    attempt: u32,
}

/// A `Project` of a feed, as far as it is understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Project {
    /// Its name; never empty.
    pub name: String,
    /// `Sleeping`, `Building`, `CheckingModifications`, `Pending`.
    pub activity: String,
    /// How the last build ended: `Success`, `Failure`, `Exception`, `Error`, `Unknown`.
    pub status: String,
    /// What the last build is called; a number at most servers.
    pub label: String,
    /// When the last build ended.
    pub time: Option<Timestamp>,
    /// Where it can be seen; http or https.
    pub url: Option<Url>,
}

impl Project {
    /// The last build's number: its label where that is one, else the second in which it ended. Both grow with every
    /// build; a project that changes from times to labels would seem to go back, and its later builds to be old ones.
    fn number(&self) -> Option<u64> {
        let second = || u64::try_from(self.time?.as_second()).ok();
        self.label.parse().ok().or_else(second)
    }

    fn seen(&self, before: Option<&Seen>) -> Option<Seen> {
        let number = self.number()?;
        let attempt = match before {
            Some(before) if before.number != number => 1,
            Some(before) if before.time == self.time => before.attempt,
            Some(before) => before.attempt.saturating_add(1),
            None => 1,
        };
        Some(Seen { number, time: self.time, attempt })
    }

    /// The project as an item; none where it was never built and is not about to be.
    fn item(&self, account: &AccountName, attempt: u32) -> Option<Item> {
        let last = self
            .number()
            .map(|number| BuildRun { at: self.time, ..run(number, attempt, self.ended(), self.url.clone()) });
        let runs: Vec<_> = self.under_way().into_iter().chain(last).collect();
        let (repo, pipeline) = self.name.split_once(" :: ").unwrap_or((&self.name, &self.name));
        (!runs.is_empty()).then(|| Item {
            key: ItemKey::new(account, Kind::Build, &*self.name),
            title: self.name.clone(),
            url: self.url.clone(),
            detail: Detail::Build(Build {
                repo: repo.to_owned(),
                pipeline: pipeline.to_owned(),
                branch: None,
                default_branch: true,
                runs,
            }),
        })
    }

    fn ended(&self) -> BuildStatus {
        match self.status.as_str() {
            "Success" => BuildStatus::Passed,
            "Failure" | "Exception" | "Error" => BuildStatus::Failed,
            _ => BuildStatus::Canceled,
        }
    }

    /// The build that runs or waits. The feed does not name it; where labels are numbers it will be the next one, and
    /// elsewhere it cannot be told what it will be, so nothing is said of it until it ends.
    fn under_way(&self) -> Option<BuildRun> {
        let status = match self.activity.as_str() {
            "Building" => BuildStatus::Running,
            "Pending" => BuildStatus::Queued,
            _ => return None,
        };
        let number = if self.number().is_none() { Some(0) } else { self.label.parse().ok() };
        Some(run(u64::checked_add(number?, 1)?, 1, status, self.url.clone()))
    }
}

fn run(number: u64, attempt: u32, status: BuildStatus, url: Option<Url>) -> BuildRun {
    BuildRun {
        id: number.to_string(),
        number,
        attempt,
        status,
        at: None,
        started_at: None,
        commit: None,
        author: None,
        subject: None,
        url,
        failing: Vec::new(),
    }
}

/// Reads a feed as items, as if for the first time. Pure, and bounded by the length of the feed.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn items(account: &AccountName, feed: &[u8]) -> Result<Vec<Item>, String> {
    let projects = projects(feed)?;
    Ok(projects.iter().take(PROJECTS).filter_map(|project| project.item(account, 1)).collect())
}

/// Reads a feed.
///
/// Entities other than the five of XML and characters by number are refused, and so is a document type: nothing in a
/// feed can expand or point elsewhere.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn projects(feed: &[u8]) -> Result<Vec<Project>, String> {
    let feed = std::str::from_utf8(feed).map_err(|_| "it is not UTF-8")?;
    let mut reader = Reader::from_str(feed.trim_start_matches('\u{feff}').trim_start());
    let (mut found, mut depth, mut rooted) = (Vec::new(), 0_usize, false);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(tag) => {
                element(&tag, depth, &mut rooted, &mut found)?;
                depth += 1;
            }
            Event::Empty(tag) => element(&tag, depth, &mut rooted, &mut found)?,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err("it has a document type".to_owned()),
            Event::Eof if depth > 0 => return Err("it ends in the middle".to_owned()),
            Event::Eof if !rooted => return Err("it has no Projects".to_owned()),
            Event::Eof => return Ok(found),
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn element(
    tag: &BytesStart<'_>,
    depth: usize,
    rooted: &mut bool,
    found: &mut Vec<Project>,
) -> Result<(), String> {
    let name = tag.local_name();
    match (depth, name.as_ref()) {
        (0, "Projects") if !*rooted => *rooted = true,
        (0, _) => return Err("its outermost element is not Projects".to_owned()),
        (1, "Project") => found.extend(project(tag)?),
        _ => {}
    }
    Ok(())
}

/// A project; none where it has no name.
fn project(tag: &BytesStart<'_>) -> Result<Option<Project>, String> {
    let mut project = Project::default();
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
        let value = text::line(&value, 500);
        match attribute.key.local_name().as_ref() {
            "name" => project.name = value,
            "activity" => project.activity = value,
            "lastBuildStatus" => project.status = value,
            "lastBuildLabel" => project.label = value,
            "lastBuildTime" => project.time = time(&value),
            "webUrl" => {
                project.url = Url::parse(&value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            }
            _ => {}
        }
    }
    Ok((!project.name.is_empty()).then_some(project))
}

/// A time with or without a zone; without one it is read as UTC.
fn time(text: &str) -> Option<Timestamp> {
    let without_zone =
        || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(without_zone)
}
