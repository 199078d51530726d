//! Infers builds from a feed that reports only the last build: what is a new build, its number, and when a
//! running build ended follow from what was seen before. Pure.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::item::{AccountName, Build, BuildRun, BuildStatus, Detail, Item, ItemKey, Kind};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use url::Url;

use super::feed::{Activity, Project, number};
use crate::lenient;

/// How long a build that ran may be neither under way nor the last one before it counts as over, with no result: feeds
/// are put together from parts, and the end of a build may come before its result.
const NO_RESULT_AFTER: SignedDuration = SignedDuration::from_mins(10);
/// How long a feed may list an earlier build before that is what it has: a cache is not older for longer, a server that was
/// restored, or restarts its counter and gives no times, is.
const OLD_ANSWERS_FOR: SignedDuration = SignedDuration::from_mins(10);

/// What was seen of a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct SeenProject {
    /// The last build's number: its label where that is one, else the second in which it ended, else one that nothing else
    /// has. It never goes back, so that no build seems older than it is.
    number: Option<u64>,
    /// Under that number, which build: GoCD runs a stage again under its label.
    attempt: u32,
    time: Option<Timestamp>,
    /// None in the cursors of older versions.
    label: Option<String>,
    passed: Option<bool>,
    url: Option<Url>,
    under_way: Option<UnderWay>,
    /// The last build that ended without a result. The one that follows may have its number.
    unjudged: Option<(u64, u32)>,
    /// When the first build ended whose label restarted below those before it: what ended before that is of an old answer.
    counts_since: Option<Timestamp>,
    /// Since when the feed has listed nothing but an earlier build.
    older_since: Option<Timestamp>,
}

/// A build that runs or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct UnderWay {
    number: u64,
    attempt: u32,
    running: bool,
    /// Since when it does neither, and is not the last build.
    over_since: Option<Timestamp>,
}

/// What the last build in the feed is, by what was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    /// The one that was seen.
    Same,
    /// A later one.
    Newer,
    /// An earlier one: another server's answer, or a cache's.
    Older,
}

impl SeenProject {
    /// True where the next poll must look, though the feed has not changed.
    pub(super) fn waits(&self) -> bool {
        self.under_way.is_some_and(|build| build.over_since.is_some()) || self.older_since.is_some()
    }

    /// The label, as older versions did not keep it.
    fn label(&self) -> String {
        let second = self.time.and_then(|time| u64::try_from(time.as_second()).ok());
        match (&self.label, self.number) {
            (Some(label), _) => label.clone(),
            (None, Some(number)) if Some(number) != second => number.to_string(),
            (None, _) => String::new(),
        }
    }

    /// True where the feed has no result of the project's last build, and what was seen is of another
    /// build. A project that was never built has no result to miss; a build that is under way is the last one.
    pub(super) fn is_missing_result(&self, project: &Project) -> bool {
        let under_way = matches!(project.activity, Activity::Building | Activity::Pending);
        let second = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        let is_one_label = !project.label.is_empty() && self.label() == project.label;
        let is_one_time = project.time.is_some() && second(self.time) == second(project.time);
        let is_other_time = self.time.is_some() && project.time.is_some() && !is_one_time;
        let is_known = if is_one_label { !is_other_time } else { project.label.is_empty() && is_one_time };
        project.passed.is_none() && !under_way && self.number.is_some() && !is_known
    }

    fn compare(&self, project: &Project, time: Option<Timestamp>, passed: bool) -> Last {
        if self.number.is_none() {
            return Last::Newer;
        }
        // To the second: servers of one feed may write more or less of it.
        let seconds = self.time.zip(time).map(|(before, now)| now.as_second().cmp(&before.as_second()));
        // Under the same name, another result is another build.
        let by_result =
            if self.passed.is_some_and(|before| before != passed) { Last::Newer } else { Last::Same };
        let by_time = |equal: Last, unknown: Last| match seconds {
            Some(std::cmp::Ordering::Greater) => Last::Newer,
            Some(std::cmp::Ordering::Less) => Last::Older,
            Some(std::cmp::Ordering::Equal) => equal,
            None => unknown,
        };
        // To the second, as above.
        let is_before = |since: Timestamp| time.is_some_and(|time| time.as_second() < since.as_second());
        if self.counts_since.is_some_and(is_before) {
            return Last::Older;
        }
        let before = self.label();
        if before.is_empty() || project.label.is_empty() || before == project.label {
            return by_time(by_result, by_result);
        }
        match number(&before).zip(project.number()) {
            Some((before, now)) if now > before => Last::Newer,
            // A restarted counter goes back; so does an old answer, whose time goes back too.
            Some(_) => by_time(Last::Older, Last::Older),
            None => by_time(by_result, Last::Newer),
        }
    }

    /// True where the project's last build is the one that was seen.
    fn is_last_of(&self, project: &Project) -> bool {
        let second = |time: Option<Timestamp>| time.map(Timestamp::as_second);
        self.number.is_some()
            && self.passed == project.passed
            && self.label() == project.label
            && second(self.time) == second(project.time)
    }

    /// The place of a new last build.
    fn place(&self, project: &Project, time: Option<Timestamp>) -> (u64, u32) {
        let second = || u64::try_from(time?.as_second()).ok();
        let number = project.number().or_else(second).unwrap_or_default();
        if let Some(build) = self.under_way.filter(|build| build.number >= number) {
            return (build.number, build.attempt);
        }
        self.after((number.max(1), 1))
    }

    /// The place, or the next one where builds have had it, or a later one, before.
    fn after(&self, (number, attempt): (u64, u32)) -> (u64, u32) {
        let last = self.number.map(|number| (number, self.attempt));
        match last.max(self.unjudged) {
            Some((had, times)) if had >= number => (had, times.saturating_add(1)),
            _ => (number, attempt),
        }
    }

    /// The number of the build that is under way, where it can be inferred. The feed does not have it: where labels are numbers,
    /// it is the next one, or the label itself where that belongs to no last build.
    fn next(&self, project: &Project) -> Option<u64> {
        let label = if project.label.is_empty() { self.label() } else { project.label.clone() };
        match (self.number, number(&label)) {
            (None, _) if label.is_empty() => Some(1),
            (_, None) => None,
            (last, Some(label)) if project.passed.is_none() && last.is_none_or(|last| label > last) => {
                Some(label)
            }
            (last, Some(label)) => last.map_or(label, |last| last.max(label)).checked_add(1),
        }
    }
}

/// What is known of a project now, and its builds as far as they are reported.
pub(super) fn follow(
    before: &SeenProject,
    project: &Project,
    now: Timestamp,
) -> (SeenProject, Vec<BuildRun>) {
    let time = lenient::not_ahead(project.time, now);
    let mut seen = SeenProject { url: project.url.clone().or_else(|| before.url.clone()), ..before.clone() };
    let mut runs = Vec::new();
    let mut last = project.passed.map(|passed| before.compare(project, time, passed));
    if last == Some(Last::Older) {
        let since = *seen.older_since.get_or_insert(now);
        if now.duration_since(since) >= OLD_ANSWERS_FOR {
            last = Some(Last::Newer);
        }
    }
    match last {
        Some(Last::Newer) => {
            let counts_anew = number(&before.label()).zip(project.number()).is_some_and(|(was, is)| is < was);
            (seen.counts_since, seen.older_since) =
                (if counts_anew { time } else { before.counts_since }, None);
            (seen.number, seen.attempt) = {
                let (number, attempt) = before.place(project, time);
                (Some(number), attempt)
            };
            (seen.time, seen.label, seen.passed) = (time, Some(project.label.clone()), project.passed);
            seen.under_way = None;
        }
        Some(Last::Same) => {
            seen.older_since = None;
            seen.time = before.time.or(time);
            let label = before.label();
            seen.label = Some(if label.is_empty() { project.label.clone() } else { label });
            seen.passed = project.passed;
        }
        Some(Last::Older) | None => {}
    }
    match project.activity {
        Activity::Building | Activity::Pending => {
            let running = project.activity == Activity::Building;
            let place = seen.under_way.map(|build| (build.number, build.attempt));
            let place = place.or_else(|| seen.next(project).map(|number| seen.after((number, 1))));
            seen.under_way =
                place.map(|(number, attempt)| UnderWay { number, attempt, running, over_since: None });
        }
        Activity::Idle => {
            if let Some(build) = &mut seen.under_way {
                let since = *build.over_since.get_or_insert(now);
                if now.duration_since(since) >= NO_RESULT_AFTER {
                    let over = *build;
                    seen.under_way = None;
                    seen.unjudged = Some((over.number, over.attempt));
                    runs.push(run(project, over.number, over.attempt, BuildStatus::Unknown));
                }
            }
        }
        Activity::Unknown => {}
    }
    if let Some(build) = seen.under_way {
        let status = if build.running { BuildStatus::Running } else { BuildStatus::Queued };
        runs.push(run(project, build.number, build.attempt, status));
    }
    if let (Some(number), Some(passed)) = (seen.number, seen.passed) {
        let status = if passed { BuildStatus::Passed } else { BuildStatus::Failed };
        runs.push(BuildRun { at: seen.time, ..run(project, number, seen.attempt, status) });
    }
    (seen, runs)
}

fn run(project: &Project, number: u64, attempt: u32, status: BuildStatus) -> BuildRun {
    BuildRun { attempt, url: project.url.clone(), ..BuildRun::new(number, status) }
}

/// A project as an item; none where nothing of it was built and nothing is about to be.
pub(super) fn item(
    account: &AccountName,
    id: &str,
    project: &Project,
    seen: &SeenProject,
    runs: Vec<BuildRun>,
) -> Option<Item> {
    let (repo, pipeline) = id.split_once(" :: ").unwrap_or((id, id));
    // Earlier builds stay on the board though the feed has no result now.
    (!runs.is_empty() || seen.number.is_some()).then(|| Item {
        key: ItemKey::new(account, Kind::Build, id),
        title: id.to_owned(),
        url: project.url.clone(),
        detail: Detail::Build(Build {
            repo: repo.to_owned(),
            pipeline: pipeline.to_owned(),
            branch: None,
            default_branch: true,
            runs,
        }),
    })
}

/// What each project is called here. Feeds may have several of one name: the first one seen has it, and the others have
/// a number after it. Each keeps what it is called by its `webUrl` and its last build, else by one of them, else by its place
/// among them.
pub(super) fn ids(projects: &[Project], seen: &BTreeMap<String, SeenProject>) -> Vec<String> {
    let mut named: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, project) in projects.iter().enumerate() {
        named.entry(&project.name).or_default().push(place);
    }
    let mut ids = vec![String::new(); projects.len()];
    for (name, places) in &named {
        let numbered = |number: usize| match number {
            1 => (*name).to_owned(),
            number => format!("{name} ({number})"),
        };
        // A number that another project has as part of its name is left out.
        let free = |number: &usize| *number == 1 || !named.contains_key(numbered(*number).as_str());
        let own: Vec<String> = (1..).filter(free).map(numbered).take(places.len() + KEPT).collect();
        let has_url = |seen: &SeenProject, project: &Project| seen.url.is_some() && seen.url == project.url;
        let signs: [Sign<'_>; 3] = [
            &|seen, project| has_url(seen, project) && seen.is_last_of(project),
            &has_url,
            &SeenProject::is_last_of,
        ];
        // Most names are unique, and their URLs may change with every build.
        let alone = places.len() == 1 && !own[1..].iter().any(|id| seen.contains_key(id));
        let mut taken = BTreeSet::new();
        for sign in signs.iter().filter(|_| !alone) {
            for place in places.iter().copied() {
                let is_known = |id: &&String| seen.get(*id).is_some_and(|seen| sign(seen, &projects[place]));
                let known = own.iter().filter(|id| !taken.contains(*id)).find(is_known);
                if let Some(id) = known.filter(|_| ids[place].is_empty()) {
                    taken.insert(id);
                    ids[place].clone_from(id);
                }
            }
        }
        for place in places.iter().copied().filter(|place| ids[*place].is_empty()).collect::<Vec<_>>() {
            if let Some(id) = own.iter().find(|id| !taken.contains(*id)) {
                taken.insert(id);
                ids[place].clone_from(id);
            }
        }
    }
    ids
}

/// By what a project may be known again.
type Sign<'a> = &'a dyn Fn(&SeenProject, &Project) -> bool;

/// How many numbers after the last one are looked through for a project that has kept one of them.
const KEPT: usize = 20;
