//! Which branch a run is of, and whose that branch is: others have a `main` too.

use super::wire::{self, HeadRepository};
use crate::lenient::folded;

/// True for a run that does not name its branch.
pub(super) fn is_branchless(run: &wire::Run) -> bool {
    run.head_branch.as_deref().is_none_or(|branch| branch.trim().is_empty())
}

/// True for a run that is a build of its own.
pub(super) fn is_single(repo: &str, run: &wire::Run) -> bool {
    is_branchless(run) || is_of_unknown_owner(repo, run)
}

/// Events that run the workflow of the default branch, whatever they are about ("Events that trigger workflows").
const OF_DEFAULT_BRANCH: [&str; 16] = [
    "branch_protection_rule",
    "discussion",
    "discussion_comment",
    "fork",
    "gollum",
    "issue_comment",
    "issues",
    "label",
    "milestone",
    "project",
    "project_card",
    "public",
    "repository_dispatch",
    "schedule",
    "watch",
    "workflow_run",
];

/// Gives a run without a branch the one that follows from something else: what is `known` of it, its pull request, or its
/// event, where that always runs the default branch.
pub(super) fn complete_branch(run: &mut wire::Run, known: Option<&str>, default_branch: Option<&str>) {
    if !is_branchless(run) {
        return;
    }
    let mut heads = run.pull_requests.iter().map(|pull| pull.head.branch.as_str());
    let head = heads.next().filter(|first| !first.is_empty() && heads.all(|other| other == *first));
    let event = run.event.as_deref().and_then(folded);
    let is_of_default = event.is_some_and(|event| OF_DEFAULT_BRANCH.contains(&event.as_str()));
    let branch = known.or(head).or(default_branch.filter(|_| is_of_default));
    run.head_branch = branch.map(str::to_owned);
}

/// Gives a run that does not show whose its branch is the owner that is known of it, by the id of the `build` that it is on the
/// board with: its history goes on there. That of a pull request is of a fork that was deleted.
pub(super) fn complete_owner(repo: &str, run: &mut wire::Run, build: Option<&str>) {
    if !is_of_unknown_owner(repo, run) {
        return;
    }
    let branch = run.head_branch.as_deref().unwrap_or_default();
    let Some(before) = build.and_then(|id| id.strip_suffix(branch)) else { return };
    let fork = before.strip_suffix(':').and_then(|before| before.rsplit_once('@'));
    let full_name = match fork {
        Some((_, owner)) => format!("{owner}/"),
        None if before.ends_with('@') && !is_of_a_pull(run) => repo.to_owned(),
        None => return,
    };
    run.head_repository = HeadRepository::Known(wire::RepoName { id: None, full_name });
}

/// True where a run's build concerns everybody: it is of the default branch, or may be, as its branch is not known, or not whose
/// branch of that name it is. A pull request's build concerns whoever caused it, where that is known.
pub(super) fn concerns_all(repo: &str, run: &wire::Run, default_branch: Option<&str>) -> bool {
    let is_so_named = run.head_branch.as_deref() == default_branch;
    match owner(repo, run) {
        _ if is_branchless(run) => !is_of_a_pull(run) || !run.has_actor(),
        Owner::Own => is_so_named,
        Owner::Unknown => is_so_named && !is_of_a_pull(run),
        Owner::Fork(_) | Owner::Nameless => false,
    }
}

fn is_of_a_pull(run: &wire::Run) -> bool {
    run.event.as_deref().and_then(folded).is_some_and(|event| event.starts_with("pull_request"))
}

/// Whose the branch of a run is.
enum Owner<'a> {
    /// The repository's own.
    Own,
    /// That of a fork of this name.
    Fork(&'a str),
    /// Another repository's, of which only the number is given.
    Nameless,
    /// A fork's that was deleted, or nothing shows whose: others may have one of that name.
    Unknown,
}

fn owner<'a>(repo: &str, run: &'a wire::Run) -> Owner<'a> {
    let has_event = run.event.as_deref().and_then(folded).is_some();
    // Only pull requests run what is another repository's.
    let by_event = if has_event && !is_of_a_pull(run) { Owner::Own } else { Owner::Unknown };
    match &run.head_repository {
        HeadRepository::Known(head) if is_own(repo, run, head) => Owner::Own,
        HeadRepository::Known(head) if !head.full_name.is_empty() => Owner::Fork(&head.full_name),
        HeadRepository::Known(_) if run.repository.as_ref().is_some_and(|it| it.id.is_some()) => {
            Owner::Nameless
        }
        HeadRepository::Known(_) | HeadRepository::Absent | HeadRepository::Unknown => by_event,
    }
}

/// True for a run that names its branch, and that is a build of its own, as nothing shows whose that branch is. Servers that
/// leave out the repository of every commit have one build for the pull requests from a branch.
fn is_of_unknown_owner(repo: &str, run: &wire::Run) -> bool {
    let is_left_out = matches!(run.head_repository, HeadRepository::Absent) && is_of_a_pull(run);
    !is_branchless(run) && !is_left_out && matches!(owner(repo, run), Owner::Unknown | Owner::Nameless)
}

/// A fork's branch is written `OWNER:BRANCH`: its `main` is not this repository's.
pub(super) fn branch(repo: &str, run: &wire::Run) -> Option<String> {
    let branch = run.head_branch.as_deref().filter(|_| !is_branchless(run))?;
    Some(match owner(repo, run) {
        Owner::Own => branch.to_owned(),
        Owner::Fork(name) => format!("{}:{branch}", name.split('/').next().unwrap_or_default()),
        Owner::Nameless | Owner::Unknown => format!("unknown:{branch}"),
    })
}

/// True where the commit is of the repository that it ran in, whatever that was called then.
fn is_own(repo: &str, run: &wire::Run, head: &wire::RepoName) -> bool {
    head.full_name.eq_ignore_ascii_case(repo) || run.repository.as_ref().is_some_and(|ran_in| ran_in.is(head))
}

/// The branch, where it is one of the repository's own.
pub(super) fn own_branch(repo: &str, run: &wire::Run) -> Option<String> {
    let branch = run.head_branch.as_deref().filter(|_| !is_branchless(run))?;
    matches!(owner(repo, run), Owner::Own).then(|| branch.to_owned())
}
