//! The forge's JSON, as GitHub writes it: <https://docs.github.com/en/rest>, API version 2022-11-28.

use serde_json::{Value, json};

use super::{JOBS, OWNER, Phase, Pull, Review, Run, Verdict};

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

pub(super) fn pull(url: &str, repo_name: &str, pull: &Pull, form: Form) -> Value {
    let side = |branch: &str, sha: &str| {
        let label = format!("{OWNER}:{branch}");
        json!({ "label": label, "ref": branch, "sha": sha, "repo": repo(url, repo_name) })
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
        "head": side(&pull.branch, &pull.head),
        "base": side("main", &pull.base),
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
    json!({
        "id": run.id,
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "display_title": run.subject,
        "event": if run.branch == "main" { "push" } else { "pull_request" },
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
        "head_repository": repo(url, repo_name),
        "head_commit": { "id": run.sha, "message": run.subject },
    })
}

fn outcome(run: &Run, failed: bool) -> (&'static str, Option<&'static str>) {
    match run.phase {
        Phase::Queued => ("queued", None),
        Phase::Running => ("in_progress", None),
        Phase::Ended if failed => ("completed", Some("failure")),
        Phase::Ended => ("completed", Some("success")),
    }
}

/// The jobs of a run's newest attempt.
pub(super) fn jobs(url: &str, repo: &str, run: &Run) -> Vec<Value> {
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
    (0..).zip(JOBS.iter()).map(job).collect()
}

/// A job's number: it encodes the run, the attempt and the place.
fn job_id(run: &Run, place: u64) -> u64 {
    (run.id * 100 + run.attempt) * 10 + place
}

/// A job's log, each line with its time; none where there is no such job.
pub(super) fn log(run: &Run, id: u64) -> Option<String> {
    let name = (0..).zip(JOBS).find(|(place, _)| job_id(run, *place) == id)?.1;
    let lines: &[&str] = if run.failing() != Some(name) {
        &["##[group]Run the job", "##[endgroup]", "All is well"]
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
