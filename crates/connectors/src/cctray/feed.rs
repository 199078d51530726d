//! The format: bytes to projects, projects to items. Pure.

use callboard_domain::{
    item::{AccountName, Build, BuildRun, BuildStatus, Detail, Item, ItemKey, Kind},
    text,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use serde::{Deserialize, Serialize};
use url::Url;

/// How many projects of a feed are read.
pub const PROJECTS: usize = 5_000;

/// A last build. GoCD runs a stage again under the same label: only the time tells it from the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    number: u64,
    time: Option<Timestamp>,
    pub(super) attempt: u32,
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

    /// The last build, told from the one before by its number or, under the same number, by its time.
    pub(super) fn seen(&self, before: Option<&Seen>) -> Option<Seen> {
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
    pub(super) fn item(&self, account: &AccountName, attempt: u32) -> Option<Item> {
        let last =
            self.number().map(|number| BuildRun { attempt, at: self.time, ..self.run(number, self.ended()) });
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
        Some(self.run(u64::checked_add(number?, 1)?, status))
    }

    fn run(&self, number: u64, status: BuildStatus) -> BuildRun {
        BuildRun { url: self.url.clone(), ..BuildRun::new(number, status) }
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
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let without_zone =
        || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(without_zone)
}
