//! The format: text to projects. Pure.

use std::collections::BTreeSet;

use callboard_domain::text;
use jiff::Timestamp;
use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use serde_json::json;
use url::Url;

use crate::lenient::{self, Entries, MalformedEntry, web_url};

/// How many projects of a feed are read.
pub const PROJECTS: usize = 5_000;

/// A `Project` of a feed, as far as it is understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Project {
    /// Its name; never empty. Another project may have the same.
    pub(super) name: String,
    /// What it does now.
    pub(super) activity: Activity,
    /// Whether the last build passed; none where the feed has no result, or an unknown value.
    pub(super) passed: Option<bool>,
    /// That value; empty where there was a build and the feed has no result of it.
    pub(super) unknown_result: Option<String>,
    /// What the last build is called; a number at most servers.
    pub(super) label: String,
    /// When the last build ended.
    pub(super) time: Option<Timestamp>,
    /// Where it can be seen; http or https.
    pub(super) url: Option<Url>,
}

/// What a project does now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) enum Activity {
    /// Nothing: `Sleeping`, `CheckingModifications`.
    Idle,
    /// A build runs: `Building`.
    Building,
    /// A build waits: `Pending`.
    Pending,
    /// The feed has none, or an unknown value.
    #[default]
    Unknown,
}

impl Activity {
    fn of(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "sleeping" | "checkingmodifications" => Self::Idle,
            "building" => Self::Building,
            "pending" => Self::Pending,
            _ => Self::Unknown,
        }
    }
}

impl Project {
    /// The last build's label, where it is a number.
    pub(super) fn number(&self) -> Option<u64> {
        number(&self.label)
    }

    /// True where there is a last build. A label alone may be that of the build that is under way.
    fn was_built(&self) -> bool {
        let under_way = matches!(self.activity, Activity::Building | Activity::Pending);
        self.time.is_some() || (!self.label.is_empty() && !under_way)
    }
}

/// A label that is a number.
pub(super) fn number(label: &str) -> Option<u64> {
    label.trim_start_matches('#').parse().ok()
}

fn passed(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "success" => Some(true),
        "failure" | "exception" | "error" => Some(false),
        _ => None,
    }
}

/// Reads a feed, project by project: one that cannot be read is named, and the others are good.
///
/// Entities other than the five of XML and characters by number are refused, and so is a document type: nothing in a
/// feed can expand or point elsewhere.
///
/// # Errors
/// The error of the feed as a whole, in short: it is something else, or cut.
pub(super) fn projects(feed: &str) -> Result<Entries<Project>, String> {
    let mut reader = Reader::from_str(feed.trim_start_matches('\u{feff}').trim_start());
    let (mut found, mut depth, mut rooted) = (Entries::default(), 0_usize, false);
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
    found: &mut Entries<Project>,
) -> Result<(), String> {
    let name = tag.local_name();
    let is = |known: &str| name.as_ref().eq_ignore_ascii_case(known);
    match (depth, name.as_ref()) {
        (0, _) if is("Projects") && !*rooted => *rooted = true,
        (0, _) => return Err("its outermost element is not Projects".to_owned()),
        (1, _) if is("Project") => {
            let place = found.good.len() + found.odd.len();
            match project(tag) {
                Ok(project) => found.good.push(project),
                Err((name, why)) => {
                    found.odd.push(MalformedEntry::new(place, &json!({ "name": name }).to_string(), why));
                }
            }
        }
        (1, other) => {
            let place = found.good.len() + found.odd.len();
            let why = format!("expected a Project, found {}", text::line(other, 60));
            found.odd.push(MalformedEntry::new(place, "null", why));
        }
        _ => {}
    }
    Ok(())
}

/// A project; else its name as far as it was read, and why it cannot be.
fn project(tag: &BytesStart<'_>) -> Result<Project, (String, String)> {
    let mut project = Project::default();
    let (mut result, mut names) = (String::new(), BTreeSet::new());
    for attribute in tag.attributes() {
        let malformed = |error: &dyn std::fmt::Display| (project.name.clone(), error.to_string());
        let attribute = attribute.map_err(|error| malformed(&error))?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| malformed(&error))?;
        let value = text::line(&value, 500);
        // In any case, as feeds written by hand have it.
        if !names.insert(attribute.key.as_ref().to_ascii_lowercase()) {
            return Err(malformed(&format!("it has {} twice", text::line(attribute.key.as_ref(), 60))));
        }
        match attribute.key.local_name().as_ref().to_ascii_lowercase().as_str() {
            "name" => project.name = value,
            "activity" => project.activity = Activity::of(&value),
            "lastbuildstatus" => result = value,
            "lastbuildlabel" => project.label = value,
            "lastbuildtime" => project.time = lenient::read_date(&value),
            "weburl" => {
                project.url = web_url(&value);
            }
            _ => {}
        }
    }
    project.passed = passed(&result);
    let is_stated =
        if result.is_empty() { !project.was_built() } else { result.eq_ignore_ascii_case("unknown") };
    project.unknown_result = (project.passed.is_none() && !is_stated).then_some(result);
    if project.name.is_empty() { Err((String::new(), "it has no name".to_owned())) } else { Ok(project) }
}
