//! Jenkins's jobs and builds as items. Pure.

use callboard_domain::{
    item::{AccountName, Build, BuildRun, BuildStatus, Detail, Item, ItemKey, Kind, RUNS_KEPT},
    text,
};
use jiff::Timestamp;
use url::Url;

use super::{job::JobName, wire};
use crate::Watch;

/// The jobs below a folder that are watched and can have builds, with their names, in the service's order.
///
/// `depth` is how many levels were asked for in full; folders with anything below are named in the second list.
pub(super) fn watched<'a>(
    jobs: &'a [wire::Job],
    folders: &[String],
    depth: usize,
    watch: &Watch,
) -> (Vec<(JobName, &'a wire::Job)>, Vec<String>) {
    let (mut found, mut too_deep) = (Vec::new(), Vec::new());
    if depth == 0 {
        too_deep.extend((!jobs.is_empty()).then(|| folders.join("/")));
        return (found, too_deep);
    }
    for job in jobs {
        let Some(name) = JobName::in_folders(folders, &job.name) else { continue };
        let inside = [folders, std::slice::from_ref(&job.name)].concat();
        if job.is_multibranch() {
            if depth == 1 {
                too_deep.push(name.full_name());
            } else if watch.matches(&name.full_name()) {
                let branch = |job: &'a wire::Job| Some((JobName::of_branch(&inside, &job.name)?, job));
                found.extend(job.jobs.iter().filter_map(branch));
            }
        } else if job.is_folder() {
            let (below, deeper) = watched(&job.jobs, &inside, depth - 1, watch);
            found.extend(below);
            too_deep.extend(deeper);
        } else if watch.matches(&name.full_name()) {
            found.push((name, job));
        }
    }
    (found, too_deep)
}

/// A job as an item; none where it was never built and does not wait to be.
pub(super) fn item(account: &AccountName, name: &JobName, job: &wire::Job) -> Option<Item> {
    let mut runs: Vec<_> = job.builds.iter().map(|build| run(name, build)).collect();
    runs.extend(queued(job));
    runs.sort_by_key(|run| std::cmp::Reverse(run.number));
    runs.dedup_by_key(|run| run.number);
    runs.truncate(RUNS_KEPT);
    if runs.is_empty() {
        return None;
    }
    // A plain job knows its branch only from what it built last.
    let built = || job.builds.iter().find_map(|build| revision(name, build)?.1);
    let title = match name.branch() {
        Some(branch) => format!("{} {branch}", name.full_name()),
        None => name.full_name(),
    };
    Some(Item {
        key: ItemKey::new(account, Kind::Build, name.to_string()),
        title: text::line(&title, 200),
        url: link(job.url.as_deref()),
        detail: Detail::Build(Build {
            repo: name.folder(),
            pipeline: name.own_name().to_owned(),
            branch: name.branch().map(str::to_owned).or_else(built),
            default_branch: name.branch().is_none_or(|branch| is_default(branch, job)),
            runs,
        }),
    })
}

/// The source's own word for it where it gives one (the scm-api plugin marks the job), else the usual names.
fn is_default(branch: &str, job: &wire::Job) -> bool {
    let marked = job.actions.iter().flatten().filter_map(|action| action.class.as_deref());
    matches!(branch, "main" | "master")
        || marked.into_iter().any(|class| class.ends_with("PrimaryInstanceMetadataAction"))
}

/// What waits in the queue. It has no number yet; it will get the next one.
fn queued(job: &wire::Job) -> Option<BuildRun> {
    let item = job.queue_item.as_ref().filter(|_| job.in_queue)?;
    let at = time(item.in_queue_since);
    Some(BuildRun { at, ..BuildRun::new(job.next_build_number?, BuildStatus::Queued) })
}

/// What waited for that number, the so-manieth time, and then neither waits nor was built.
pub(super) fn left_the_queue(number: u64, attempt: u32) -> BuildRun {
    let subject = Some("taken off the queue".to_owned());
    BuildRun { attempt, subject, ..BuildRun::new(number, BuildStatus::Canceled) }
}

fn run(name: &JobName, build: &wire::Build) -> BuildRun {
    let status = status(build);
    let started_at = time(build.timestamp);
    let ended_at =
        time(build.timestamp.zip(build.duration).map(|(start, length)| start.saturating_add(length.max(0))));
    let revision = revision(name, build);
    let change = change(build, revision.as_ref().map(|(commit, _)| commit.as_str()));
    BuildRun {
        at: if status.is_final() { ended_at.or(started_at) } else { started_at },
        started_at,
        commit: revision.map(|(commit, _)| commit),
        author: author(build, change),
        subject: subject(build, change),
        url: link(build.url.as_deref()),
        ..BuildRun::new(build.number, status)
    }
}

/// UNSTABLE is a failure whose subject says so: Jenkins calls a build unstable when it ran through and tests failed.
/// NOT_BUILT and ABORTED give no verdict.
pub(super) fn status(build: &wire::Build) -> BuildStatus {
    match build.result.as_deref() {
        _ if build.building => BuildStatus::Running,
        Some("SUCCESS") => BuildStatus::Passed,
        Some("FAILURE" | "UNSTABLE") => BuildStatus::Failed,
        _ => BuildStatus::Canceled,
    }
}

/// The commit and, where known, its branch. A pipeline that loads a library built two: its own branch's counts.
fn revision(name: &JobName, build: &wire::Build) -> Option<(String, Option<String>)> {
    let built: Vec<_> = build
        .actions
        .iter()
        .flatten()
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

/// Who clicked, else whose change it is.
fn author(build: &wire::Build, change: Option<&wire::Change>) -> Option<String> {
    let mut causes = build.actions.iter().flatten().flat_map(|action| action.causes.iter().flatten());
    let clicked = causes.find_map(|cause| cause.user_id.as_ref().or(cause.user_name.as_ref()));
    let changed = || {
        let author = change?.author.as_ref()?;
        author.id.as_ref().or(author.full_name.as_ref())
    };
    clicked.or_else(changed).map(|name| text::line(name, 100)).filter(|name| !name.is_empty())
}

/// The change's first line, else the parameters; before it, what made it unstable.
fn subject(build: &wire::Build, change: Option<&wire::Change>) -> Option<String> {
    let words = change.and_then(|change| change.msg.as_deref()?.lines().next().map(str::to_owned));
    let words = words.or_else(|| parameters(build));
    let unstable = (build.result.as_deref() == Some("UNSTABLE") && !build.building).then(|| {
        let tests =
            build.actions.iter().flatten().find_map(|action| action.fail_count.zip(action.total_count));
        match tests {
            Some((failed, of)) if failed > 0 => format!("unstable, {failed} of {of} tests failed"),
            _ => "unstable".to_owned(),
        }
    });
    let all: Vec<_> = unstable.into_iter().chain(words).collect();
    (!all.is_empty()).then(|| text::line(&all.join(": "), 200))
}

fn parameters(build: &wire::Build) -> Option<String> {
    let parameters = build.actions.iter().flatten().flat_map(|action| &action.parameters);
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

/// A page that a browser may open.
pub(super) fn link(text: Option<&str>) -> Option<Url> {
    Url::parse(text?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}
