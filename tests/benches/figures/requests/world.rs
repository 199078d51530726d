//! A GitHub of a hundred repositories, in which people push and runs end.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use hyper::{StatusCode, header::HeaderValue, http::request::Parts};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    data,
    stub::{self, Answer},
};

pub(super) const REPOS: usize = 100;
pub(super) const WORKFLOWS: usize = 3;
/// Open pull requests in each repository.
const PULLS: usize = 3;
/// Runs that each repository has had.
const RUNS: usize = 20;
/// When the first poll is.
pub(super) const BEGAN: &str = "2026-11-22T10:00:00Z";

pub(super) struct World {
    state: Mutex<State>,
}

struct State {
    repos: Vec<Repo>,
    minute: usize,
    all: usize,
    counted: usize,
}

#[derive(Clone)]
struct Repo {
    pulls: Vec<Pull>,
    /// The newest first.
    runs: Vec<Run>,
}

#[derive(Clone)]
struct Pull {
    head: String,
    updated_at: Timestamp,
}

#[derive(Clone)]
struct Run {
    id: usize,
    head: String,
    branch: String,
    ended: bool,
    updated_at: Timestamp,
}

impl World {
    pub(super) fn new() -> Self {
        let before: Timestamp = BEGAN.parse().unwrap_or_default();
        let before = before - SignedDuration::from_hours(5);
        let repo = |number: usize| Repo {
            pulls: (0..PULLS)
                .map(|pull| Pull { head: head(number * 100 + pull), updated_at: before })
                .collect(),
            runs: (0..RUNS)
                .rev()
                .map(|run| Run {
                    id: number * 10_000 + run + 1,
                    head: head(number * 100 + run % PULLS),
                    branch: format!("topic-{}", run % PULLS),
                    ended: true,
                    updated_at: before,
                })
                .collect(),
        };
        let repos = (0..REPOS).map(repo).collect();
        Self { state: Mutex::new(State { repos, minute: 0, all: 0, counted: 0 }) }
    }

    pub(super) fn name(repo: usize) -> String {
        format!("acme/{}-{repo}", data::word(repo))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All requests, and those that count: a 304 does not.
    pub(super) fn requests(&self) -> (usize, usize) {
        let state = self.state();
        (state.all, state.counted)
    }

    pub(super) fn forget_requests(&self) {
        let mut state = self.state();
        (state.all, state.counted) = (0, 0);
    }

    /// In so many repositories something changes: in every second of those minutes somebody pushes to a pull request,
    /// in the next the run that this began ends.
    pub(super) fn minute(&self, changes: usize, now: Timestamp) {
        let mut state = self.state();
        let minute = state.minute;
        state.minute += 1;
        for change in 0..changes {
            let at = data::mixed((minute / 2 * 1_000 + change) as u64) as usize % REPOS;
            let repo = &mut state.repos[at];
            if minute.is_multiple_of(2) {
                let pull = minute / 2 % PULLS;
                let head = head(at * 100 + 50 + minute);
                repo.pulls[pull] = Pull { head: head.clone(), updated_at: now };
                let id = repo.runs[0].id + 1;
                repo.runs.insert(
                    0,
                    Run { id, head, branch: format!("topic-{pull}"), ended: false, updated_at: now },
                );
            } else if let Some(run) = repo.runs.iter_mut().find(|run| !run.ended) {
                (run.ended, run.updated_at) = (true, now);
            }
        }
    }

    pub(super) fn answer(&self, request: &Parts) -> Answer {
        let mut state = self.state();
        state.all += 1;
        let body = state.body(request.uri.path());
        let mut hasher = DefaultHasher::new();
        body.to_string().hash(&mut hasher);
        let etag = format!("W/\"{:016x}\"", hasher.finish());
        let mut answer = stub::json(&body);
        if request.headers.get("if-none-match").is_some_and(|tag| tag.as_bytes() == etag.as_bytes()) {
            answer = Answer::default();
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            state.counted += 1;
        }
        let headers = [
            ("etag", etag),
            ("x-ratelimit-limit", "5000".to_owned()),
            ("x-ratelimit-remaining", 5_000_usize.saturating_sub(state.counted).max(1_000).to_string()),
            ("x-ratelimit-reset", (Timestamp::now().as_second() + 3_000).to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ];
        for (name, value) in headers {
            answer
                .headers_mut()
                .insert(name, HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("")));
        }
        answer
    }
}

impl State {
    fn body(&self, path: &str) -> Value {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let ["repos", "acme", name, rest @ ..] = parts.as_slice() else {
            return if path == "/user" { json!({ "login": "ana" }) } else { json!([]) };
        };
        let Some(at) = name.rsplit('-').next().and_then(|at| at.parse::<usize>().ok()) else {
            return json!([]);
        };
        let Some(repo) = self.repos.get(at) else { return json!([]) };
        let pull = |number: usize| pull(at, number, &repo.pulls[number]);
        match rest {
            [] => {
                json!({ "full_name": World::name(at), "default_branch": "main", "archived": false, "disabled": false })
            }
            ["pulls"] => {
                let mut pulls: Vec<usize> = (0..PULLS).collect();
                pulls.sort_by_key(|number| std::cmp::Reverse(repo.pulls[*number].updated_at));
                pulls.into_iter().map(pull).collect()
            }
            ["pulls", number] => {
                number.parse::<usize>().map_or(Value::Null, |number| pull(number.clamp(1, PULLS) - 1))
            }
            ["actions", "runs"] => {
                let runs: Vec<Value> = repo.runs.iter().take(RUNS).map(|one| run(at, one)).collect();
                json!({ "total_count": runs.len(), "workflow_runs": runs })
            }
            ["actions", "workflows", _, "runs"] => {
                json!({ "total_count": 1, "workflow_runs": [run(at, &repo.runs[0])] })
            }
            ["actions", "runs", _, "jobs"] => json!({ "total_count": 0, "jobs": [] }),
            ["commits", head, "check-runs"] => {
                let ended = repo.runs.iter().filter(|run| run.head == **head).all(|run| run.ended);
                let (status, conclusion) =
                    if ended { ("completed", Some("success")) } else { ("in_progress", None) };
                json!({ "total_count": 1, "check_runs": [{ "name": "ci", "status": status, "conclusion": conclusion }] })
            }
            ["commits", _, "status"] => json!({ "state": "pending", "statuses": [], "total_count": 0 }),
            _ => json!([]),
        }
    }
}

fn head(number: usize) -> String {
    format!("{:040x}", data::mixed(number as u64))
}

fn pull(repo: usize, number: usize, pull: &Pull) -> Value {
    let name = World::name(repo);
    json!({ "number": number + 1, "title": format!("Topic {number}"), "user": { "login": "dev1" }, "state": "open", "draft": false,
        "html_url": format!("https://github.example/{name}/pull/{}", number + 1), "created_at": "2026-11-20T10:00:00Z",
        "updated_at": pull.updated_at, "closed_at": null, "merged_at": null, "requested_reviewers": [], "requested_teams": [],
        "head": { "label": format!("acme:topic-{number}"), "ref": format!("topic-{number}"), "sha": pull.head, "repo": { "full_name": name } },
        "base": { "label": "acme:main", "ref": "main", "sha": head(0), "repo": { "full_name": name } } })
}

fn run(repo: usize, run: &Run) -> Value {
    let name = World::name(repo);
    json!({ "id": run.id, "name": "ci", "path": ".github/workflows/ci.yml", "display_title": "Topic", "event": "push",
        "head_branch": run.branch, "head_sha": run.head, "run_number": run.id, "run_attempt": 1,
        "status": if run.ended { "completed" } else { "in_progress" }, "conclusion": run.ended.then_some("success"),
        "html_url": format!("https://github.example/{name}/actions/runs/{}", run.id), "updated_at": run.updated_at,
        "run_started_at": run.updated_at, "actor": { "login": "dev1" }, "triggering_actor": { "login": "dev1" },
        "head_repository": { "full_name": name } })
}
