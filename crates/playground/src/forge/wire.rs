//! The forge's JSON, as GitHub writes it: <https://docs.github.com/en/rest>, API version 2022-11-28.

use serde_json::{Value, json};

use super::{
    OWNER,
    world::{Commit, Deployed, ENVIRONMENT, Phase, Pull, Repo, Review, Run, Verdict, Workflow},
};
use crate::ME;

/// Whether a pull request comes from a list, which leaves some of it out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Whole,
    Listed,
}

/// A review's state is in capitals over REST, and in small letters in webhooks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Letters {
    Capital,
    Small,
}

pub(super) fn user(url: &str, login: &str) -> Value {
    json!({ "login": login, "type": "User", "html_url": format!("{url}/{login}") })
}

pub(super) fn repo(url: &str, name: &str) -> Value {
    json!({
        "name": name,
        "full_name": format!("{OWNER}/{name}"),
        "owner": user(url, OWNER),
        "default_branch": "main",
        "private": true,
        "archived": false,
        "disabled": false,
        "html_url": format!("{url}/{OWNER}/{name}"),
    })
}

/// The repository that a branch is in: this one, or somebody's fork.
fn home(url: &str, name: &str, fork: Option<&str>) -> Value {
    let mut json = repo(url, name);
    if let Some(owner) = fork {
        json["full_name"] = json!(format!("{owner}/{name}"));
        json["owner"] = user(url, owner);
        json["fork"] = json!(true);
        json["html_url"] = json!(format!("{url}/{owner}/{name}"));
    }
    json
}

pub(super) fn pull(url: &str, repo_name: &str, pull: &Pull, form: Form) -> Value {
    let side = |fork: Option<&str>, branch: &str, sha: &str| {
        let label = format!("{}:{branch}", fork.unwrap_or(OWNER));
        json!({ "label": label, "ref": branch, "sha": sha, "repo": home(url, repo_name, fork) })
    };
    let merged_at = pull.merged.as_ref().map(|(at, _)| at);
    let mut json = json!({
        "number": pull.number,
        "state": if pull.merged.is_some() { "closed" } else { "open" },
        "title": pull.title,
        "user": user(url, &pull.author),
        "draft": pull.draft,
        "html_url": format!("{url}/{OWNER}/{repo_name}/pull/{}", pull.number),
        "created_at": pull.created_at,
        "updated_at": pull.updated_at,
        "closed_at": merged_at,
        "merged_at": merged_at,
        "requested_reviewers": pull.requested.iter().map(|login| user(url, login)).collect::<Vec<_>>(),
        "requested_teams": [],
        "head": side(pull.fork.as_deref(), &pull.branch, &pull.head),
        "base": side(None, "main", &pull.base),
    });
    if form == Form::Whole {
        json["merged"] = json!(pull.merged.is_some());
        json["merged_by"] = pull.merged.as_ref().map_or(Value::Null, |(_, by)| user(url, by));
        json["mergeable"] = json!(pull.merged.is_none().then_some(true));
        json["mergeable_state"] = json!(if pull.draft { "draft" } else { "clean" });
        json["comments"] = json!(pull.comments);
    }
    json
}

pub(super) fn review(url: &str, repo: &str, number: u64, review: &Review, letters: Letters) -> Value {
    let state = match review.verdict {
        Verdict::Approved => "APPROVED",
        Verdict::ChangesRequested => "CHANGES_REQUESTED",
        Verdict::Commented => "COMMENTED",
    };
    let id = review.id;
    json!({
        "id": id,
        "user": user(url, &review.by),
        "body": review.body,
        "state": if letters == Letters::Capital { state.to_owned() } else { state.to_ascii_lowercase() },
        "html_url": format!("{url}/{OWNER}/{repo}/pull/{number}#pullrequestreview-{id}"),
        "submitted_at": review.at,
    })
}

pub(super) fn run(url: &str, repo_name: &str, run: &Run) -> Value {
    let (status, conclusion) = outcome(run, run.failing().is_some());
    let event = match run.workflow {
        Workflow::Deploy => "workflow_dispatch",
        Workflow::Ci if run.branch == "main" => "push",
        Workflow::Ci => "pull_request",
    };
    json!({
        "id": run.id,
        "name": run.workflow.name(),
        "path": run.workflow.path(),
        "display_title": run.title.as_ref().unwrap_or(&run.subject),
        "event": event,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "run_number": run.number,
        "run_attempt": run.attempt,
        "status": status,
        "conclusion": conclusion,
        "html_url": format!("{url}/{OWNER}/{repo_name}/actions/runs/{}", run.id),
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "run_started_at": run.started_at,
        "actor": user(url, &run.actor),
        "triggering_actor": user(url, run.again_by.as_ref().unwrap_or(&run.actor)),
        "repository": repo(url, repo_name),
        "head_repository": home(url, repo_name, run.fork.as_deref()),
        "head_commit": { "id": run.sha, "message": run.subject },
    })
}

fn outcome(run: &Run, failed: bool) -> (&'static str, Option<&'static str>) {
    match run.phase {
        Phase::Unapproved => ("completed", Some("action_required")),
        Phase::Waiting => ("waiting", None),
        Phase::Queued => ("queued", None),
        Phase::Running => ("in_progress", None),
        Phase::Ended if failed => ("completed", Some("failure")),
        Phase::Ended => ("completed", Some("success")),
    }
}

/// The jobs of a run's newest attempt: none before somebody lets it.
pub(super) fn jobs(url: &str, repo: &str, run: &Run) -> Vec<Value> {
    let names = if run.phase == Phase::Unapproved { &[] } else { run.workflow.jobs() };
    let job = |(place, name): (u64, &&str)| {
        let (status, conclusion) = outcome(run, run.failing() == Some(*name));
        let id = job_id(run, place);
        json!({
            "id": id,
            "run_id": run.id,
            "run_attempt": run.attempt,
            "name": name,
            "head_sha": run.sha,
            "status": status,
            "conclusion": conclusion,
            "started_at": run.started_at,
            "completed_at": (run.phase == Phase::Ended).then_some(run.updated_at),
            "html_url": format!("{url}/{OWNER}/{repo}/actions/runs/{}/job/{id}", run.id),
        })
    };
    (0..).zip(names).map(job).collect()
}

/// A job's number: it encodes the run, the attempt and the place.
fn job_id(run: &Run, place: u64) -> u64 {
    (run.id * 100 + run.attempt) * 10 + place
}

/// A job's log, each line with its time; none where there is no such job.
pub(super) fn log(run: &Run, id: u64) -> Option<String> {
    let name = *(0..).zip(run.workflow.jobs()).find(|(place, _)| job_id(run, *place) == id)?.1;
    let lines: &[&str] = if run.failing() != Some(name) {
        &["##[group]Run the job", "##[endgroup]", "All is well"]
    } else if name == ENVIRONMENT {
        &["##[error]The deployment was rejected or didn't satisfy other protection rules."]
    } else if name == "lint" {
        &[
            "##[group]Run npm run lint",
            "##[endgroup]",
            "src/cart/total.ts",
            "  31:9  error  'discount' is never used",
            "1 problem (1 error, 0 warnings)",
            "##[error]Process completed with exit code 1.",
        ]
    } else {
        &[
            "##[group]Run npm test",
            "##[endgroup]",
            "PASS src/catalog/search.test.ts",
            "FAIL src/cart/total.test.ts",
            "  cart total > rounds to the cent",
            "    AssertionError: expected 19.99, received 19.989999999999998",
            "      at src/cart/total.test.ts:42:23",
            "Tests: 1 failed, 212 passed",
            "##[error]Process completed with exit code 1.",
        ]
    };
    Some(lines.iter().map(|line| format!("{} {line}\n", run.updated_at)).collect())
}

/// Who may let a deployment go to the environment.
pub(super) fn reviewers(url: &str, repo: &Repo) -> Value {
    let all = repo.reviewers.iter().map(|login| json!({ "type": "User", "reviewer": user(url, login) }));
    all.collect()
}

fn environment(url: &str, repo: &Repo) -> Value {
    json!({
        "id": repo.environment,
        "name": ENVIRONMENT,
        "url": format!("{url}/repos/{OWNER}/{}/environments/{ENVIRONMENT}", repo.name),
        "html_url": format!("{url}/{OWNER}/{}/deployments/activity_log?environments_filter={ENVIRONMENT}", repo.name),
    })
}

/// The environments that a run waits for.
pub(super) fn pending(url: &str, repo: &Repo, run: &Run) -> Value {
    let waits = (run.phase == Phase::Waiting).then(|| {
        json!({
            "environment": environment(url, repo),
            "wait_timer": 0,
            "wait_timer_started_at": run.started_at,
            "current_user_can_approve": repo.reviewers.contains(&ME),
            "reviewers": reviewers(url, repo),
        })
    });
    waits.into_iter().collect()
}

/// What the reviewers said of a run, the newest first.
pub(super) fn answers(url: &str, repo: &Repo, run: &Run) -> Value {
    let all = run.answers.iter().rev().map(|answer| {
        json!({
            "state": if answer.yes { "approved" } else { "rejected" },
            "comment": answer.comment,
            "environments": [environment(url, repo)],
            "user": user(url, &answer.by),
        })
    });
    all.collect()
}

pub(super) fn deployment(url: &str, repo: &Repo, deployed: &Deployed) -> Value {
    let own = format!("{url}/repos/{OWNER}/{}/deployments/{}", repo.name, deployed.id);
    json!({
        "id": deployed.id,
        "url": own,
        "sha": deployed.sha,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "original_environment": ENVIRONMENT,
        "environment": ENVIRONMENT,
        "description": null,
        "creator": user(url, &deployed.by),
        "created_at": deployed.states.first().map(|(_, at)| at),
        "updated_at": deployed.states.last().map(|(_, at)| at),
        "statuses_url": format!("{own}/statuses"),
    })
}

/// How far a deployment has come, the newest first.
pub(super) fn deployment_states(url: &str, deployed: &Deployed) -> Vec<Value> {
    let state = |(place, (state, at)): (u64, &(&str, jiff::Timestamp))| {
        json!({
            "id": deployed.id * 10 + place,
            "state": state,
            "environment": ENVIRONMENT,
            "creator": user(url, &deployed.by),
            "description": "",
            "created_at": at,
            "updated_at": at,
        })
    };
    let mut states: Vec<_> = (0..).zip(&deployed.states).map(state).collect();
    states.reverse();
    states
}

fn commit(url: &str, repo: &Repo, commit: &Commit) -> Value {
    json!({
        "sha": commit.sha,
        "commit": {
            "message": commit.subject,
            "author": { "name": commit.by, "date": commit.at },
            "committer": { "name": "GitHub", "date": commit.at },
        },
        "author": user(url, &commit.by),
        "html_url": format!("{url}/{OWNER}/{}/commit/{}", repo.name, commit.sha),
    })
}

/// What of main lies between two of its commits; `None` where one of them is not there.
pub(super) fn comparison(url: &str, repo: &Repo, base: &str, head: &str) -> Option<Value> {
    let place = |sha: &str| repo.commits.iter().position(|commit| commit.sha == sha);
    let (from, to) = (place(base)?, place(head)?);
    let ahead = repo.commits.get(from + 1..=to).unwrap_or_default();
    let status = match from.cmp(&to) {
        std::cmp::Ordering::Less => "ahead",
        std::cmp::Ordering::Equal => "identical",
        std::cmp::Ordering::Greater => "behind",
    };
    Some(json!({
        "html_url": format!("{url}/{OWNER}/{}/compare/{base}...{head}", repo.name),
        "base_commit": commit(url, repo, repo.commits.get(from)?),
        "merge_base_commit": commit(url, repo, repo.commits.get(from.min(to))?),
        "status": status,
        "ahead_by": ahead.len(),
        "behind_by": from.saturating_sub(to),
        "total_commits": ahead.len(),
        "commits": ahead.iter().map(|one| commit(url, repo, one)).collect::<Vec<_>>(),
        "files": [],
    }))
}
