//! Jenkins's jobs and builds as items. Pure.

use std::{cmp::Ordering, collections::BTreeSet};

use callboard_domain::{
    item::{
        AccountName, Build, BuildRun, BuildStatus, Detail, Item, ItemKey, Kind, LATEST, LONGEST_LINE,
        RUNS_KEPT,
    },
    source::{Problem, ProblemKind},
    text,
};
use jiff::{SignedDuration, Timestamp};

use super::{job::JobName, wire};
use crate::{
    Watch,
    lenient::{Entries, web_url},
};

/// What a listing shows of the jobs that are watched.
#[derive(Debug, Default)]
pub(super) struct Listing<'a> {
    /// The jobs that can have builds, with their names, in the service's order.
    pub(super) jobs: Vec<(JobName, &'a wire::Job)>,
    /// The multibranch projects.
    pub(super) multibranch: Vec<String>,
    /// The folders with anything below the levels that were asked for in full.
    pub(super) too_deep: Vec<String>,
    /// The folders and projects of which not all is seen.
    pub(super) unseen: Vec<String>,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// The projects that had branches before, and the folders that had jobs.
    branched: BTreeSet<String>,
    filled: BTreeSet<String>,
}

impl<'a> Listing<'a> {
    /// An empty listing. An item without a class keeps its kind, by the jobs that were there before.
    pub(super) fn knowing(jobs: impl Iterator<Item = JobName>) -> Self {
        let mut listing = Self::default();
        for job in jobs {
            let name = job.full_name();
            listing.filled.extend(name.match_indices('/').map(|(end, _)| name[..end].to_owned()));
            listing.branched.extend(job.branch().is_some().then_some(name));
        }
        listing
    }

    /// Adds what is in a folder. `depth` is how many levels were asked for in full.
    pub(super) fn add(
        &mut self,
        jobs: Option<&'a Entries<wire::Job>>,
        folders: &[String],
        depth: usize,
        watch: &Watch,
    ) {
        if depth == 0 {
            let empty = jobs.is_none_or(|jobs| jobs.good.is_empty() && jobs.odd.is_empty());
            self.too_deep.extend((!empty).then(|| folders.join("/")));
            return;
        }
        for job in self.read(jobs, folders) {
            let Some(name) = JobName::in_folders(folders, &job.name) else {
                self.nameless(folders, &job.name);
                continue;
            };
            let inside = [folders, std::slice::from_ref(&job.name)].concat();
            // An unknown class does not mean that it became something else.
            let holds_what_it_did = job.is_of_unknown_class() && (job.jobs.is_some() || job.builds.is_none());
            let was_multibranch =
                (job.is_classless() || holds_what_it_did) && self.branched.contains(&name.full_name());
            if job.is_multibranch() || was_multibranch {
                if depth == 1 {
                    self.too_deep.push(name.full_name());
                } else if watch.matches(&name.full_name()) {
                    self.multibranch.push(name.full_name());
                    self.problems.extend(unknown_class(&name, job));
                    for branch in self.read(job.jobs.as_ref(), &inside) {
                        match JobName::of_branch(&inside, &branch.name) {
                            Some(name) => self.jobs.push((name, branch)),
                            None => self.nameless(&inside, &branch.name),
                        }
                    }
                }
                continue;
            }
            let is_of_no_kind = job.is_classless() || job.is_of_unknown_class();
            let says_nothing = is_of_no_kind && job.jobs.is_none() && job.builds.is_none();
            let was_folder = says_nothing && self.filled.contains(&name.full_name());
            if job.is_folder() || was_folder {
                self.add(job.jobs.as_ref(), &inside, depth - 1, watch);
                self.classless(&name, job, watch);
            }
            if job.is_job() && !was_folder && watch.matches(&name.full_name()) {
                self.jobs.push((name, job));
            }
        }
    }

    /// What could be read of a list of jobs.
    fn read(&mut self, jobs: Option<&'a Entries<wire::Job>>, folders: &[String]) -> &'a [wire::Job] {
        let folder = folders.join("/");
        let Some(jobs) = jobs else {
            let why = "Jenkins does not say which jobs there are";
            self.problems.push(Problem::new(ProblemKind::NotSeen, folder.as_str(), why));
            self.unseen.push(folder);
            return &[];
        };
        if let Some(problem) = jobs.problem(&folder, "jobs") {
            self.problems.push(problem);
            self.unseen.push(folder);
        }
        &jobs.good
    }

    /// The branches of a multibranch project are watched by its name. Where there is no class to know it by, they may be
    /// among what was taken for other jobs.
    fn classless(&mut self, name: &JobName, job: &wire::Job, watch: &Watch) {
        let name = name.full_name();
        if job.is_classless() && !job.is_job() && !watch.is_everything() && watch.matches(&name) {
            let why = "Jenkins does not say whether it is a folder or a project with branches";
            self.problems.push(Problem::new(ProblemKind::NotSeen, name.as_str(), why));
            self.unseen.push(name);
        }
    }

    fn nameless(&mut self, folders: &[String], name: &str) {
        let why = format!("a job's name cannot be read: {:?}", text::line(name, 80));
        self.problems.push(Problem::new(ProblemKind::Malformed, folders.join("/"), why));
        self.unseen.push(folders.join("/"));
    }

    /// True where every build that is listed can be read.
    pub(super) fn shows_all_builds(&self) -> bool {
        let is_whole = |(name, job): &(JobName, &wire::Job)| {
            job.builds.as_ref().is_none_or(|builds| builds.odd.is_empty()) && unnumbered(name, job).is_none()
        };
        self.unseen.is_empty() && self.jobs.iter().filter(|(_, job)| !job.is_disabled()).all(is_whole)
    }

    /// True where the listing would have had the job.
    pub(super) fn covers(&self, name: &JobName) -> bool {
        let name = name.full_name();
        let within = |folder: &String| {
            folder.is_empty()
                || name
                    .strip_prefix(folder.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        !self.unseen.iter().any(within)
    }
}

/// A project that had branches, and is called something that is not known here.
fn unknown_class(name: &JobName, job: &wire::Job) -> Option<Problem> {
    let class = text::line(job.class.as_deref().unwrap_or_default(), 100);
    let why = format!(
        "Jenkins calls it a {class}, which is not known here: it is still taken for a project with branches"
    );
    job.is_of_unknown_class().then(|| Problem::new(ProblemKind::Details, name.full_name(), why))
}

/// A job as an item; none where it was never built and does not wait to be.
///
/// `asked`: builds that were asked for one by one. `known`: it was there before, and stays although Jenkins does not list
/// its builds now.
pub(super) fn item(
    account: &AccountName,
    name: &JobName,
    job: &wire::Job,
    asked: &[wire::Build],
    known: bool,
    now: Timestamp,
) -> Option<Item> {
    let builds = job.builds().iter().chain(asked).filter(|build| build.number > 0);
    let mut runs: Vec<_> = builds.map(|build| run(name, build, now)).collect();
    runs.extend(queued(job));
    runs.sort_by_key(|run| std::cmp::Reverse(run.number));
    runs.dedup_by_key(|run| run.number);
    number_in_time(&mut runs);
    runs.truncate(RUNS_KEPT);
    let builds_unknown =
        job.builds.as_ref().is_none_or(|builds| !builds.odd.is_empty()) || unnumbered(name, job).is_some();
    if runs.is_empty() && !(known && builds_unknown) {
        return None;
    }
    // A plain job knows its branch only from what it built last.
    let built = || job.builds().iter().find_map(|build| revision(name, build)?.1);
    let title = match name.branch() {
        Some(branch) => format!("{} {branch}", name.full_name()),
        None => name.full_name(),
    };
    Some(Item {
        key: ItemKey::new(account, Kind::Build, name.to_string()),
        title: text::line(&title, LONGEST_LINE),
        url: job.url.as_deref().and_then(web_url),
        detail: Detail::Build(Build {
            repo: name.folder(),
            pipeline: name.own_name().to_owned(),
            branch: name.branch().map(str::to_owned).or_else(built),
            default_branch: name.branch().is_none_or(|branch| is_default(branch, job)),
            runs,
        }),
    })
}

/// Within one listing the numbers are right: where Jenkins's clock was set back, a build is no later than those that follow.
fn number_in_time(newest_first: &mut [BuildRun]) {
    let mut latest = u64::MAX;
    for serial in newest_first.iter_mut().filter_map(|run| run.serial.as_mut()) {
        latest = latest.min(*serial);
        *serial = latest;
    }
}

/// The newest build of a job that has been listed: its number and its serial.
pub(super) type Newest = (u64, u64);

/// The same from one listing to the next: while a job is the same one, none of its builds is later than those that follow,
/// whatever Jenkins's clock shows. Returns the newest build now.
pub(super) fn follow_in_time(newest_first: &mut [BuildRun], before: Option<Newest>) -> Option<Newest> {
    if let Some((number, known)) = before {
        for run in newest_first.iter_mut() {
            run.serial = run.serial.map(|serial| match run.number.cmp(&number) {
                Ordering::Less => serial.min(known),
                Ordering::Equal => known,
                Ordering::Greater => serial.max(known),
            });
        }
    }
    let listed = newest_first.iter().find_map(|run| Some((run.number, run.serial?)));
    listed.max(before)
}

/// The source's own value where it gives one (the scm-api plugin marks the job), else the usual names.
fn is_default(branch: &str, job: &wire::Job) -> bool {
    let marked = job.actions.iter().filter_map(|action| action.class.as_deref());
    matches!(branch, "main" | "master")
        || marked.into_iter().any(|class| class.ends_with("PrimaryInstanceMetadataAction"))
}

/// What waits in the queue. It has no number yet; it will get the next one.
fn queued(job: &wire::Job) -> Option<BuildRun> {
    let item = job.queue_item.as_ref().filter(|_| job.in_queue)?;
    let at = time(item.in_queue_since);
    Some(BuildRun { at, ..BuildRun::new(job.next_build_number?, BuildStatus::Queued) })
}

/// What waited for that number, for the `attempt`th time, and then neither waits nor was built. Its serial is that of the
/// newest build: it is no earlier than that, and no later than what gets its number next, whatever Jenkins's clock shows.
pub(super) fn left_the_queue(number: u64, attempt: u32, serial: Option<u64>, now: Timestamp) -> BuildRun {
    let subject = Some("taken off the queue".to_owned());
    BuildRun { attempt, subject, at: Some(now), serial, ..BuildRun::new(number, BuildStatus::Canceled) }
}

fn run(name: &JobName, build: &wire::Build, now: Timestamp) -> BuildRun {
    let lost = is_lost(build, now);
    let status = if lost { BuildStatus::Unknown } else { status(build) };
    let started_at = time(build.timestamp);
    let ended_at =
        time(build.timestamp.zip(build.duration).map(|(start, length)| start.saturating_add(length.max(0))));
    let revision = revision(name, build);
    let change = change(build, revision.as_ref().map(|(commit, _)| commit.as_str()));
    BuildRun {
        at: if status.is_over() { ended_at.or(started_at) } else { started_at },
        started_at,
        commit: revision.map(|(commit, _)| commit),
        author: change.and_then(author),
        started_by: started_by(build),
        subject: if lost { Some("ended without a result".to_owned()) } else { subject(build, change) },
        url: build.url.as_deref().and_then(web_url),
        // When it was made, at the same time as its number; a job that is made again counts from 1. What is seen has been made:
        // a time ahead of our clock is a wrong one.
        serial: build
            .timestamp
            .filter(|at| *at <= LATEST.as_millisecond())
            .and_then(|at| u64::try_from(at.min(now.as_millisecond())).ok()),
        ..BuildRun::new(build.number, status)
    }
}

/// UNSTABLE is a failure that its subject names: Jenkins calls a build unstable when it ran through and tests failed.
/// NOT_BUILT and ABORTED give no verdict. A build that is over without a result gets one in
/// a moment; an unknown result is unknown.
pub(super) fn status(build: &wire::Build) -> BuildStatus {
    match build.result().as_deref() {
        _ if build.building => BuildStatus::Running,
        Some("SUCCESS") => BuildStatus::Passed,
        Some("FAILURE" | "UNSTABLE") => BuildStatus::Failed,
        Some("NOT_BUILT" | "ABORTED") => BuildStatus::Canceled,
        Some(_) => BuildStatus::Unknown,
        None => BuildStatus::Running,
    }
}

/// The problem of a job whose status is unknown: its last build with a verdict has an unknown result, or none.
pub(super) fn unknown_result(
    name: &JobName,
    job: &wire::Job,
    asked: &[wire::Build],
    now: Timestamp,
) -> Option<Problem> {
    let builds = job.builds().iter().chain(asked).filter(|build| build.number > 0);
    let gives_verdict = |build: &&wire::Build| {
        is_lost(build, now)
            || matches!(status(build), BuildStatus::Passed | BuildStatus::Failed | BuildStatus::Unknown)
    };
    let last = builds.filter(gives_verdict).max_by_key(|build| build.number)?;
    let given = match &last.result {
        _ if is_lost(last, now) => "gives no result".to_owned(),
        Some(result) if status(last) == BuildStatus::Unknown => format!("says {}", text::line(result, 40)),
        _ => return None,
    };
    let why = format!("it is not known how build {} ended: Jenkins {given}", last.number);
    Some(Problem::new(ProblemKind::Incomplete, name.to_string(), why))
}

/// Builds without a number.
pub(super) fn unnumbered(name: &JobName, job: &wire::Job) -> Option<Problem> {
    let (all, lost) = (job.builds().len(), job.builds().iter().filter(|build| build.number == 0).count());
    let why = format!("{lost} of {all} builds do not say their number");
    (lost > 0).then(|| Problem::new(ProblemKind::Malformed, name.to_string(), why))
}

/// True once a build is over and has a result.
pub(super) fn has_ended(build: &wire::Build) -> bool {
    status(build).is_over()
}

/// How long a build that does not run any more may be without a result: after that Jenkins has lost it in a crash, or does
/// not report it. A later result still counts.
const RESULT_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// True once nothing more will come of a build: it has a result, or will not get one.
pub(super) fn is_over(build: &wire::Build, now: Timestamp) -> bool {
    has_ended(build) || is_lost(build, now)
}

fn is_lost(build: &wire::Build, now: Timestamp) -> bool {
    let length = build.duration.into_iter().chain(build.estimated_duration).max().unwrap_or_default().max(0);
    let end = time(build.timestamp.map(|start| start.saturating_add(length)));
    !build.building
        && status(build) == BuildStatus::Running
        && end.is_some_and(|end| now.duration_since(end) > RESULT_WITHIN)
}

/// The commit and, where known, its branch. A pipeline that loads a library built two: its own branch's counts.
fn revision(name: &JobName, build: &wire::Build) -> Option<(String, Option<String>)> {
    let built: Vec<_> = build
        .actions
        .iter()
        .filter_map(|action| action.last_built_revision.as_ref())
        .filter_map(|revision| {
            let branch = revision.branch.iter().find_map(|branch| branch_name(&branch.name));
            Some((text::line(revision.sha1.as_deref()?, 64), branch))
        })
        .collect();
    let own = built.iter().find(|(_, branch)| branch.is_some() && branch.as_deref() == name.branch());
    own.or(built.first()).cloned()
}

/// `refs/remotes/origin/main` and `origin/main` are `main`; `detached` is none.
fn branch_name(text: &str) -> Option<String> {
    let short = text.strip_prefix("refs/remotes/").unwrap_or(text);
    let short = short.strip_prefix("origin/").unwrap_or(short);
    let short = text::line(short, 200);
    (!short.is_empty() && short != "detached").then_some(short)
}

/// The change that a build is about: the one of its commit, else the newest.
fn change<'a>(build: &'a wire::Build, commit: Option<&str>) -> Option<&'a wire::Change> {
    let changes = || build.change_sets.iter().chain(&build.change_set).flat_map(|set| &set.items);
    let built = changes().find(|change| change.commit_id.is_some() && change.commit_id.as_deref() == commit);
    built.or_else(|| changes().max_by_key(|change| change.timestamp))
}

/// Whose change it is.
fn author(change: &wire::Change) -> Option<String> {
    let author = change.author.as_ref()?;
    login(author.id.as_ref().or(author.full_name.as_ref())?)
}

/// Who clicked.
pub(super) fn started_by(build: &wire::Build) -> Option<String> {
    let mut causes = build.actions.iter().flat_map(|action| &action.causes);
    login(causes.find_map(|cause| cause.user_id.as_ref().or(cause.user_name.as_ref()))?)
}

fn login(name: &str) -> Option<String> {
    Some(text::line(name, 100)).filter(|name| !name.is_empty())
}

/// The change's first line, else the parameters; before it, what made it unstable.
fn subject(build: &wire::Build, change: Option<&wire::Change>) -> Option<String> {
    let change = change.and_then(|change| change.msg.as_deref()?.lines().next().map(str::to_owned));
    let change = change.or_else(|| parameters(build));
    let unstable = (build.result().as_deref() == Some("UNSTABLE") && !build.building).then(|| {
        let tests = build.actions.iter().find_map(|action| action.fail_count.zip(action.total_count));
        match tests {
            Some((failed, of)) if failed > 0 => format!("unstable, {failed} of {of} tests failed"),
            _ => "unstable".to_owned(),
        }
    });
    let all: Vec<_> = unstable.into_iter().chain(change).collect();
    (!all.is_empty()).then(|| text::line(&all.join(": "), 200))
}

fn parameters(build: &wire::Build) -> Option<String> {
    let parameters = build.actions.iter().flat_map(|action| &action.parameters);
    let shown: Vec<_> = parameters
        .filter_map(|parameter| {
            let value = match parameter.value.as_ref()? {
                serde_json::Value::String(text) => text.clone(),
                value @ (serde_json::Value::Bool(_) | serde_json::Value::Number(_)) => value.to_string(),
                _ => return None,
            };
            Some(format!("{}={value}", parameter.name))
        })
        .collect();
    (!shown.is_empty()).then(|| shown.join(" "))
}

pub(super) fn time(milliseconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds?).ok()
}
