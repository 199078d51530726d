//! Whether builds and branches are still there, or there again.

use callboard_domain::{error::ServiceError, source::GoneReason};
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{
    client::{Calls, Found, in_repo},
    cursor::{BoardBuild, Repo, RepoDescription},
    gone_build::Cause,
    wire,
};
use crate::{http::Request, lenient::folded};

/// What of a build on the board is not there any more.
#[derive(Debug)]
pub(super) enum BoardBuildGone {
    /// The run that decides its status.
    Run,
    /// All of it.
    Build(GoneReason),
}

/// What was found of a build on the board.
#[derive(Debug, Default)]
pub(super) struct BoardBuildRead {
    /// What is not there any more, where that is certain.
    pub(super) gone: Option<BoardBuildGone>,
    /// The ETags of its run, branch and workflow.
    pub(super) etags: [Option<String>; 3],
    /// True where its run names its branch by now, and did not before.
    pub(super) is_named: bool,
    /// Whether its workflow was asked for.
    pub(super) workflow_asked: bool,
    /// Whether the repository answers for branches, where that was asked.
    pub(super) branches: Option<bool>,
    pub(super) error: Option<ServiceError>,
}

/// What was found of a branch.
#[derive(Debug, Default)]
pub(super) struct BranchRead {
    /// Whether it is there; none where that is not certain.
    pub(super) is_there: Option<bool>,
    /// Its ETag.
    etag: Option<String>,
    /// Whether the repository answers for branches, where that was asked.
    pub(super) answers: Option<bool>,
    pub(super) error: Option<ServiceError>,
}

/// How long a workflow that is not disabled is taken to stay so.
const WORKFLOW_FOR: SignedDuration = SignedDuration::from_mins(10);
/// How long it is taken to be known whether a server answers for branches.
const BRANCHES_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Looks whether a build on the board is still there: its run, its branch, its workflow.
pub(super) async fn board_build(
    calls: &Calls<'_>,
    repo: &Repo,
    described: &RepoDescription,
    known: &BoardBuild,
    now: Timestamp,
) -> BoardBuildRead {
    let mut read = BoardBuildRead { etags: known.etags.clone(), ..BoardBuildRead::default() };
    read.error = board_build_parts(calls, repo, described, known, now, &mut read).await.err();
    read
}

async fn board_build_parts(
    calls: &Calls<'_>,
    repo: &Repo,
    described: &RepoDescription,
    known: &BoardBuild,
    now: Timestamp,
    read: &mut BoardBuildRead,
) -> Result<(), ServiceError> {
    let name = described.name.as_str();
    let [run_etag, branch_etag, workflow_etag] = &mut read.etags;
    if !repo.listed.contains(&known.run) {
        let request = in_repo(Method::GET, name, &["actions", "runs", &known.run.to_string()]);
        match calls.find::<Value>(request, run_etag.as_deref()).await? {
            Found::Same => {}
            Found::News(news) => {
                *run_etag = Some(news.etag);
                let branch = news.content["head_branch"].as_str().unwrap_or_default();
                let on_board = repo.unpassed_runs.get(&known.run);
                read.is_named =
                    !branch.trim().is_empty() && on_board.is_some_and(|it| it.is_branchless(known.run));
            }
            Found::Gone => {
                read.gone = Some(BoardBuildGone::Run);
                return Ok(());
            }
        }
    }
    if let Some(own) = known.branch.as_deref() {
        let found = branch(calls, repo, described, own, branch_etag.take(), now).await;
        (*branch_etag, read.branches) = (found.etag, found.answers);
        found.error.map_or(Ok(()), Err)?;
        if found.is_there == Some(false) {
            read.gone = Some(BoardBuildGone::Build(GoneReason::BranchDeleted));
            return Ok(());
        }
    }
    let fresh = known.workflow_at.is_some_and(|at| now.duration_since(at) < WORKFLOW_FOR);
    if let Some(id) = known.workflow.filter(|_| !fresh) {
        read.workflow_asked = true;
        let found = calls.find::<wire::Workflow>(workflow(name, id), workflow_etag.as_deref()).await?;
        if let Found::News(news) = found {
            *workflow_etag = Some(news.etag);
            read.gone = match folded(&news.content.state).as_deref() {
                Some("deleted") => Some(BoardBuildGone::Build(GoneReason::Deleted)),
                Some(state) if state.starts_with("disabled") => {
                    Some(BoardBuildGone::Build(GoneReason::Disabled))
                }
                _ => None,
            };
        }
    }
    Ok(())
}

fn workflow(repo: &str, id: u64) -> Request {
    in_repo(Method::GET, repo, &["actions", "workflows", &id.to_string()])
}

/// What was found of a build that is gone.
#[derive(Debug, Default)]
pub(super) struct GoneBuildRead {
    /// True where what it is gone for has certainly ended.
    pub(super) is_back: bool,
    /// Whether the repository answers for branches, where that was asked.
    pub(super) answers: Option<bool>,
    pub(super) error: Option<ServiceError>,
}

/// Looks whether what a build is gone for has ended.
pub(super) async fn gone_build(
    calls: &Calls<'_>,
    repo: &Repo,
    described: &RepoDescription,
    cause: Cause<'_>,
    now: Timestamp,
) -> GoneBuildRead {
    match cause {
        Cause::NoBranch(name) => {
            let BranchRead { is_there, answers, error, .. } =
                branch(calls, repo, described, name, None, now).await;
            GoneBuildRead { is_back: is_there == Some(true), answers, error }
        }
        Cause::Workflow(id) => {
            let found = calls.find::<wire::Workflow>(workflow(&described.name, id), None).await;
            let is_active = |state: &str| folded(state).as_deref() == Some("active");
            let is_back = matches!(&found, Ok(Found::News(news)) if is_active(&news.content.state));
            GoneBuildRead { is_back, answers: None, error: found.err() }
        }
        // Its description shows it.
        Cause::NotDefault(_) => GoneBuildRead::default(),
    }
}

/// Looks whether a branch is there. The default branch is; a server that does not answer for it shows nothing about
/// other branches.
pub(super) async fn branch(
    calls: &Calls<'_>,
    repo: &Repo,
    described: &RepoDescription,
    branch: &str,
    etag: Option<String>,
    now: Timestamp,
) -> BranchRead {
    let mut read = BranchRead { etag, ..BranchRead::default() };
    read.error = branch_parts(calls, repo, described, branch, now, &mut read).await.err();
    read
}

async fn branch_parts(
    calls: &Calls<'_>,
    repo: &Repo,
    described: &RepoDescription,
    branch: &str,
    now: Timestamp,
    read: &mut BranchRead,
) -> Result<(), ServiceError> {
    let name = described.name.as_str();
    let Some(default) = described.default_branch.as_deref() else { return Ok(()) };
    if default == branch {
        read.is_there = Some(true);
        return Ok(());
    }
    let of = |branch: &str| in_repo(Method::GET, name, &["branches", branch]);
    let asked = repo.branches.filter(|(_, at)| now.duration_since(*at) < BRANCHES_FOR).map(|(yes, _)| yes);
    let answers = match asked {
        Some(answers) => answers,
        None => {
            let answers = exists(calls, of(default)).await?;
            read.answers = Some(answers);
            answers
        }
    };
    if answers {
        read.is_there = match calls.find::<IgnoredAny>(of(branch), read.etag.as_deref()).await? {
            Found::Same => Some(true),
            Found::News(news) => {
                read.etag = Some(news.etag);
                Some(true)
            }
            Found::Gone => {
                // A run of a tag has the tag's name for its branch.
                let tag = in_repo(Method::GET, name, &["git", "ref", "tags", branch]);
                let is_tag = exists(calls, tag).await?;
                // By now the token may be allowed to see no branch at all.
                if !is_tag && asked.is_some() && !exists(calls, of(default)).await? {
                    read.answers = Some(false);
                }
                (is_tag || read.answers != Some(false)).then_some(is_tag)
            }
        };
    }
    Ok(())
}

async fn exists(calls: &Calls<'_>, request: Request) -> Result<bool, ServiceError> {
    Ok(!matches!(calls.find::<IgnoredAny>(request, None).await?, Found::Gone))
}
