//! The first step of a poll: one repository's lists of pull requests and runs, each a conditional request, so that a
//! quiet repository costs nothing.

mod lists;
mod pulls;
mod runs;
mod waiting;

use callboard_domain::{error::ServiceError, item::Kind, source::GoneReason};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use tokio::time::Instant;

pub(super) use self::lists::RepoLists;
use super::{
    board_run::renamed_id,
    client::{Calls, Found, in_repo},
    cursor::{BoardBuild, Part, Repo, RepoDescription},
    gone_build::{Cause, GoneBuild},
    normalise,
    unlisted_runs::UnlistedRun,
    wire,
};

/// How long a description counts as confirmed: until then it is not written to the cursor again.
const CONFIRMED_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The error of a repository whose answers do not come.
const LATE: &str = "GitHub did not answer in time";
/// The error of a repository under whose name GitHub lists what is of another one.
const TAKEN_OVER: &str = "what GitHub lists under this name is of another repository";

/// A repository to look at.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) name: String,
    /// Where a list of the owner's repositories described it.
    pub(super) described: Option<(RepoDescription, Timestamp)>,
    /// True where its name and default branch are asked for now, however fresh they are.
    pub(super) again: bool,
    /// True where a webhook came of it: it may be back, if it was missing.
    pub(super) is_reported: bool,
}

/// Reads a repository's lists. What was read by `until` is kept. `identified_at`: what was
/// refused before that is asked for again now.
pub(super) async fn look(
    calls: &Calls<'_>,
    target: Target,
    known: Option<Repo>,
    now: Timestamp,
    until: Instant,
    identified_at: Option<Timestamp>,
) -> RepoLists {
    let mut look = RepoLists {
        key: target.name.to_ascii_lowercase(),
        repo: known.unwrap_or_default(),
        ..RepoLists::default()
    };
    if !look.repo.gates.tracked {
        (look.repo.runs, look.repo.default_runs, look.repo.gates.tracked) = (None, None, true);
    }
    if !look.repo.tracked {
        // What earlier versions did not keep is read once more.
        (look.repo.runs, look.repo.default_runs, look.repo.tracked) = (None, None, true);
        look.repo.open.values_mut().for_each(|open| open.due = true);
    }
    look.repo.forget_refusals(now, identified_at, calls.is_half_spent());
    if tokio::time::timeout_at(until, read(calls, &target, &mut look, now)).await.is_err() {
        look.error = Some(ServiceError::unavailable(LATE));
        if !look.read {
            // It would hold up the next polls too.
            look.repo.postpone(LATE, now);
        }
    }
    look
}

async fn read(calls: &Calls<'_>, target: &Target, look: &mut RepoLists, now: Timestamp) {
    if let Some((described, at)) = target.described.clone() {
        // A list may be older than what was asked since.
        let newer = look.repo.described.as_ref().is_none_or(|(_, known)| at > *known);
        if newer {
            describe(look, described, at);
        }
    }
    // One 404 is no evidence: a repository that was there is asked for again at the next poll. So is one whose webhook came.
    let may_be_back = look.repo.missed == 1 || target.is_reported && look.repo.refused_at().is_some();
    if look.repo.is_refused(Part::Repo) && !may_be_back {
        return;
    }
    let stale = look.repo.description(now).is_none() || look.repo.missed > 0;
    // What a list has just described needs no request of its own.
    let again = target.again && look.repo.described.as_ref().is_none_or(|(_, at)| *at < now);
    if (stale || again) && !ask(calls, target, look, now).await {
        return;
    }
    read_lists(calls, target, look, now).await;
    let is_fresh = look.is_described || look.repo.described.as_ref().is_some_and(|(_, at)| *at >= now);
    let is_in_doubt = calls.is_moved(&look.key) || look.is_taken_over || look.has_red_news_elsewhere();
    if is_in_doubt && !is_fresh {
        // By another name, or with another default branch, all of it is read again, and is reported as it is now.
        let before = look.described().cloned();
        if ask(calls, target, look, now).await && look.described() != before.as_ref() {
            read_lists(calls, target, look, now).await;
        }
    }
    if look.is_taken_over {
        look.read = false;
        look.error.get_or_insert_with(|| ServiceError::unavailable(TAKEN_OVER));
    }
}

async fn read_lists(calls: &Calls<'_>, target: &Target, look: &mut RepoLists, now: Timestamp) {
    look.is_taken_over = false;
    readmit_default_branch(&mut look.repo);
    if look.described().is_some_and(|described| described.closed) {
        look.read = true;
        return;
    }
    for part in [Part::Pulls, Part::Runs] {
        if look.repo.is_refused(part) {
            continue;
        }
        let result = match part {
            Part::Pulls => pulls::pulls(calls, look, now).await,
            _ => runs::runs(calls, look, now).await,
        };
        look.read |= result.is_ok();
        if let Err(error) = result {
            // A 404 to a list of a repository that was there: is it gone, or hidden now?
            let rejected = matches!(error, ServiceError::Rejected { .. });
            if part == Part::Pulls && rejected && !look.is_described && !ask(calls, target, look, now).await {
                return;
            }
            let refused = look.repo.refuse(part, &error, now);
            look.error = Some(error);
            if !refused {
                return;
            }
        }
    }
}

/// Asks for its name and default branch. False where it can't be read.
async fn ask(calls: &Calls<'_>, target: &Target, look: &mut RepoLists, now: Timestamp) -> bool {
    look.is_described = true;
    let etag = look.repo.etag.clone().filter(|_| look.repo.described.is_some());
    match calls.find::<wire::Repo>(in_repo(Method::GET, &target.name, &[]), etag.as_deref()).await {
        Ok(Found::Same) => {
            // Not at every poll: a cursor that stays the same is not written.
            if let Some((_, at)) = &mut look.repo.described
                && now.duration_since(*at) > CONFIRMED_FOR
            {
                *at = now;
            }
        }
        Ok(Found::News(news)) => {
            describe(look, described(&news.content), now);
            look.repo.etag = Some(news.etag);
        }
        Ok(Found::Gone) => {
            missed(look, now);
            return false;
        }
        Err(error) => {
            look.repo.refuse(Part::Repo, &error, now);
            look.error = Some(error);
            return false;
        }
    }
    look.repo.missed = 0;
    look.repo.refused.remove(&Part::Repo);
    true
}

/// It is not there, or hidden. Where a repository that had been there is missing twice, nothing of it is on the board; it is
/// read from the beginning if it comes back.
fn missed(look: &mut RepoLists, now: Timestamp) {
    look.error = Some(ServiceError::rejected("GitHub has no such repository, or hides it from this account"));
    look.repo.miss(now);
    let Some((described, at)) = look.repo.described.clone() else { return };
    look.repo.missed = look.repo.missed.saturating_add(1).min(3);
    if look.repo.missed == 2 {
        look.emptied.insert(described.name.clone());
        let refused = std::mem::take(&mut look.repo.refused);
        look.repo =
            Repo { described: Some((described, at)), refused, missed: 2, tracked: true, ..Repo::default() };
    }
}

/// The name as GitHub writes it, whatever the configuration's capitals: webhooks carry the same.
pub(super) fn described(repo: &wire::Repo) -> RepoDescription {
    let default_branch = repo.default_branch.as_deref().map(normalise::name);
    let default_branch = default_branch.filter(|name| !name.is_empty());
    RepoDescription {
        name: normalise::name(&repo.full_name),
        default_unknown: default_branch.is_none(),
        default_branch,
        id: repo.id,
        closed: repo.archived == Some(true) || repo.disabled == Some(true),
    }
}

/// Takes in what it is called now and what its default branch is, and draws the conclusions.
fn describe(look: &mut RepoLists, mut new: RepoDescription, at: Timestamp) {
    if let Some((old, _)) = look.repo.described.clone() {
        let other = old.id.zip(new.id).is_some_and(|(old, new)| old != new);
        if !other {
            new.default_branch = new.default_branch.or_else(|| old.default_branch.clone());
        }
        if other {
            // Another repository has taken the name: nothing that is known is of this one.
            let is_same_name = old.name.eq_ignore_ascii_case(&new.name);
            let names = if is_same_name { &mut look.replaced } else { &mut look.emptied };
            names.insert(old.name.clone());
            look.repo = Repo { tracked: true, ..Repo::default() };
        } else if old.name != new.name {
            rename(look, &old.name, &new.name);
        }
        if !other && new.default_branch.is_some() && old.default_branch != new.default_branch {
            remove_default_branch(look, old.default_branch.as_deref());
        }
        if new.closed && !old.closed {
            look.emptied.insert(new.name.clone());
            let closed = |id: &String| (Kind::Build, id.clone(), GoneReason::Disabled);
            look.gone.extend(look.repo.board_builds.keys().map(closed));
            let closed =
                |number: &u64| (Kind::PullRequest, format!("{}#{number}", new.name), GoneReason::Disabled);
            look.gone.extend(look.repo.open.keys().map(closed));
            let closed = |id: String| (Kind::Approval, id, GoneReason::Disabled);
            look.gone.extend(look.repo.gates.ids(&new.name).into_iter().map(closed));
            look.repo = Repo { tracked: true, ..Repo::default() };
        }
    }
    look.repo.described = Some((new, at));
}

/// Everything of it is kept under the new name, and reported again under that.
fn rename(look: &mut RepoLists, old: &str, new: &str) {
    let repo = &mut look.repo;
    let moved = |to: String| GoneReason::Renamed { to };
    for (number, open) in &mut repo.open {
        look.gone.push((Kind::PullRequest, format!("{old}#{number}"), moved(format!("{new}#{number}"))));
        open.due = true;
    }
    let under = |id: &str| renamed_id(id, old, new).unwrap_or_else(|| id.to_owned());
    for id in repo.gates.ids(old) {
        look.gone.push((Kind::Approval, id.clone(), moved(under(&id))));
    }
    repo.gates.report_anew();
    for (id, build) in &repo.board_builds {
        look.gone.push((Kind::Build, id.clone(), moved(under(id))));
        repo.unlisted_runs.insert(build.run, UnlistedRun::New);
    }
    repo.board_builds =
        std::mem::take(&mut repo.board_builds).into_iter().map(|(id, it)| (under(&id), it)).collect();
    repo.gone_builds.rename(under);
    let runs = repo.board_runs_mut().into_iter().flat_map(|runs| runs.values_mut());
    runs.for_each(|run| run.build = under(&run.build));
    (repo.pulls, repo.runs, repo.default_runs) = (None, None, None);
    repo.renamed_from = Some(old.to_owned());
    look.is_renamed = true;
}

/// The builds of what was the default branch are not everybody's any more.
fn remove_default_branch(look: &mut RepoLists, old: Option<&str>) {
    let repo = &mut look.repo;
    let of_old = |build: &BoardBuild| old.is_some() && build.branch.as_deref() == old;
    for (id, build) in repo.board_builds.iter().filter(|(_, build)| of_old(build)) {
        look.gone.push((Kind::Build, id.clone(), GoneReason::NotDefaultBranch));
        let gone = GoneBuild::new(build, GoneReason::NotDefaultBranch);
        repo.gone_builds.insert(id.clone(), gone);
    }
    repo.board_builds.retain(|_, build| !of_old(build));
    (repo.runs, repo.default_runs, repo.branches) = (None, None, None);
}

/// The default branch is there, and everybody's: what is said of it to the contrary was true before.
fn readmit_default_branch(repo: &mut Repo) {
    let Some((described, _)) = &repo.described else { return };
    let Some(default) = described.default_branch.clone() else { return };
    repo.readmit(|id, gone| {
        matches!(gone.cause(id), Some(Cause::NoBranch(branch) | Cause::NotDefault(branch)) if branch == default)
    });
}
