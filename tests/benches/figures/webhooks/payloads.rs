//! Deliveries as large as GitHub's are, and alerts as Alertmanager sends and takes them.

use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{data, load::post};

pub(super) const FORGE_SECRET: &str = "the secret of the bench's webhooks";
pub(super) const ALERTS_SECRET: &str = "the token of the bench's alerts";

/// How many repositories send runs.
const REPOS: usize = 400;
/// The time of the events: after this bench began, because no rule is evaluated for events before the watch; and not further
/// ahead than clocks differ, because later times are ignored.
static HAPPENED: LazyLock<String> = LazyLock::new(|| {
    (Timestamp::now() + SignedDuration::from_hours(1)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
});

/// Bodies with gaps for what differs: `<repo>`, `<n>`, `<id>`, `<head>`, `<branch>`, `<conclusion>`, `<print>`.
pub(super) struct Payloads {
    run: String,
    pull: String,
    hook: String,
    alert: String,
    key: Hmac<Sha256>,
}

impl Payloads {
    pub(super) fn new() -> Self {
        Self {
            run: with_numbers(&run()),
            pull: with_numbers(&pull()),
            hook: hook().to_string(),
            alert: json!([alert()]).to_string(),
            key: Hmac::new_from_slice(FORGE_SECRET.as_bytes()).expect("any length is good"),
        }
    }

    /// The bytes of Alertmanager's webhook, and of GitHub's on average.
    pub(super) fn sizes(&self) -> [usize; 2] {
        [self.hook.len(), (self.run.len() + self.pull.len()) / 2]
    }

    /// A run that has ended: of one of 400 repositories, every fifth on main, every seventh failed.
    pub(super) fn run(&self, number: usize) -> Vec<u8> {
        let (repo, run) = (number % REPOS, 1 + number / REPOS);
        let branch = if number.is_multiple_of(5) { "main".to_owned() } else { data::word(number).to_owned() };
        let gaps = [
            ("<repo>", format!("{}-{repo}", data::word(repo))),
            ("<n>", run.to_string()),
            ("<id>", (9_000_000_000 + number).to_string()),
            ("<head>", format!("{:040x}", data::mixed(number as u64))),
            ("<branch>", branch),
            ("<conclusion>", if number.is_multiple_of(7) { "failure" } else { "success" }.to_owned()),
        ];
        self.signed("workflow_run", &fill(&self.run, &gaps), number * 2)
    }

    /// A pull request that was opened.
    pub(super) fn pull(&self, number: usize) -> Vec<u8> {
        let repo = number % REPOS;
        let gaps = [
            ("<repo>", format!("{}-{repo}", data::word(repo))),
            ("<n>", (1 + number).to_string()),
            ("<id>", (7_000_000_000 + number).to_string()),
            ("<head>", format!("{:040x}", data::mixed(number as u64))),
            ("<branch>", format!("{}-{number}", data::word(number))),
        ];
        self.signed("pull_request", &fill(&self.pull, &gaps), number * 2 + 1)
    }

    fn signed(&self, event: &str, body: &str, delivery: usize) -> Vec<u8> {
        let mut mac = self.key.clone();
        mac.update(body.as_bytes());
        let tag: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = format!(
            "User-Agent: GitHub-Hookshot/044aadd\r\nAccept: */*\r\nX-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-{delivery:012x}\r\n\
             X-GitHub-Event: {event}\r\nX-GitHub-Hook-ID: 292430182\r\nX-Hub-Signature-256: sha256={tag}\r\n"
        );
        post("/hooks/forge", &headers, body)
    }

    /// A webhook of Alertmanager with one new alert.
    pub(super) fn alert_hook(&self, number: usize) -> Vec<u8> {
        let headers = format!("User-Agent: Alertmanager/0.28.1\r\nAuthorization: Bearer {ALERTS_SECRET}\r\n");
        post("/hooks/alerts", &headers, &fill(&self.hook, &of_alert(number)))
    }

    /// The same alert as Prometheus sends it to Alertmanager.
    pub(super) fn alert(&self, number: usize) -> Vec<u8> {
        post("/api/v2/alerts", "User-Agent: Prometheus/3.5.0\r\n", &fill(&self.alert, &of_alert(number)))
    }
}

fn of_alert(number: usize) -> [(&'static str, String); 2] {
    [("<n>", number.to_string()), ("<print>", format!("{:016x}", data::mixed(number as u64)))]
}

/// GitHub's ids and numbers are JSON numbers: a gap that is a whole text loses its quotes.
fn with_numbers(body: &Value) -> String {
    body.to_string().replace("\"<id>\"", "<id>").replace("\"<n>\"", "<n>")
}

/// Fills the gaps, in one pass.
fn fill(text: &str, gaps: &[(&str, String)]) -> String {
    let mut filled = String::with_capacity(text.len() + 512);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, gap) = rest.split_at(at);
        filled.push_str(before);
        match gaps.iter().find_map(|(name, value)| gap.strip_prefix(name).map(|after| (value, after))) {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('<');
                rest = &gap[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn alert() -> Value {
    json!({
        "labels": { "alertname": "HighLatency", "cluster": "eu-1", "instance": "node-<n>:9100", "job": "node",
            "severity": "warning", "team": "storage" },
        "annotations": { "summary": "Requests to node-<n> are slow",
            "description": "The slowest of a hundred requests takes longer than a second.",
            "runbook_url": "https://runbooks.example/high-latency" },
        "startsAt": "2026-11-22T10:00:00.000Z",
        "endsAt": "2036-11-22T10:00:00.000Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=latency",
    })
}

fn hook() -> Value {
    let mut one = alert();
    one["status"] = json!("firing");
    one["startsAt"] = json!(*HAPPENED);
    one["endsAt"] = json!("0001-01-01T00:00:00Z");
    one["fingerprint"] = json!("<print>");
    json!({
        "receiver": "callboard", "status": "firing", "alerts": [one],
        "groupLabels": { "alertname": "HighLatency", "instance": "node-<n>:9100" },
        "commonLabels": alert()["labels"], "commonAnnotations": alert()["annotations"],
        "externalURL": "http://alertmanager.example:9093", "version": "4",
        "groupKey": "{}:{alertname=\"HighLatency\"}", "truncatedAlerts": 0,
    })
}

fn user(login: &str) -> Value {
    let mut user = json!({ "login": login, "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==", "gravatar_id": "",
        "type": "User", "user_view_type": "public", "site_admin": false });
    let links = [
        "avatar_url",
        "url",
        "html_url",
        "followers_url",
        "following_url",
        "gists_url",
        "starred_url",
        "subscriptions_url",
        "organizations_url",
        "repos_url",
        "events_url",
        "received_events_url",
    ];
    for link in links {
        user[link] = json!(format!("https://api.github.example/users/{login}/{link}"));
    }
    user
}

/// A repository as every delivery carries it, once or several times: mostly links.
fn repo() -> Value {
    let mut repo = json!({ "id": 1296269, "node_id": "MDEwOlJlcG9zaXRvcnkxMjk2MjY5", "name": "<repo>",
        "full_name": "acme/<repo>", "private": true, "owner": user("acme"), "description": "What we make", "fork": false,
        "created_at": "2011-01-26T19:01:12Z", "updated_at": "2026-11-22T09:00:00Z", "pushed_at": "2026-11-22T09:59:00Z",
        "homepage": null, "size": 108, "stargazers_count": 80, "watchers_count": 80, "language": "Rust",
        "has_issues": true, "has_projects": true, "has_downloads": true, "has_wiki": false, "has_pages": false,
        "has_discussions": false, "forks_count": 9, "mirror_url": null, "archived": false, "disabled": false,
        "open_issues_count": 12, "license": null, "allow_forking": true, "is_template": false,
        "web_commit_signoff_required": false, "topics": ["one", "two"], "visibility": "private", "forks": 9,
        "open_issues": 12, "watchers": 80, "default_branch": "main" });
    let links = [
        "archive_url",
        "assignees_url",
        "blobs_url",
        "branches_url",
        "clone_url",
        "collaborators_url",
        "comments_url",
        "commits_url",
        "compare_url",
        "contents_url",
        "contributors_url",
        "deployments_url",
        "downloads_url",
        "events_url",
        "forks_url",
        "git_commits_url",
        "git_refs_url",
        "git_tags_url",
        "git_url",
        "hooks_url",
        "html_url",
        "issue_comment_url",
        "issue_events_url",
        "issues_url",
        "keys_url",
        "labels_url",
        "languages_url",
        "merges_url",
        "milestones_url",
        "notifications_url",
        "pulls_url",
        "releases_url",
        "ssh_url",
        "stargazers_url",
        "statuses_url",
        "subscribers_url",
        "subscription_url",
        "svn_url",
        "tags_url",
        "teams_url",
        "trees_url",
        "url",
    ];
    for link in links {
        repo[link] = json!(format!("https://api.github.example/repos/acme/<repo>/{link}{{/number}}"));
    }
    repo
}

fn run() -> Value {
    let mut run = json!({ "id": "<id>", "name": "ci", "node_id": "WFR_kwLOAAATjc8", "head_branch": "<branch>",
        "head_sha": "<head>", "path": ".github/workflows/ci.yml", "display_title": "Rework the session cache",
        "run_number": "<n>", "event": "push", "status": "completed", "conclusion": "<conclusion>",
        "workflow_id": 159038, "check_suite_id": 42, "html_url": "https://github.example/acme/<repo>/actions/runs/<id>",
        "pull_requests": [], "created_at": "2026-11-22T09:58:00Z", "updated_at": *HAPPENED,
        "actor": user("dev1"), "run_attempt": 1, "referenced_workflows": [], "run_started_at": "2026-11-22T09:58:00Z",
        "triggering_actor": user("dev1"), "previous_attempt_url": null,
        "head_commit": { "id": "<head>", "tree_id": "<head>", "message": "Rework the session cache\n\nIt was slow.",
            "timestamp": "2026-11-22T09:57:00Z", "author": { "name": "Dev", "email": "dev1@acme.example" },
            "committer": { "name": "Dev", "email": "dev1@acme.example" } },
        "repository": repo(), "head_repository": repo() });
    for link in [
        "url",
        "jobs_url",
        "logs_url",
        "check_suite_url",
        "artifacts_url",
        "cancel_url",
        "rerun_url",
        "workflow_url",
    ] {
        run[link] = json!(format!("https://api.github.example/repos/acme/<repo>/actions/runs/<id>/{link}"));
    }
    json!({ "action": "completed", "workflow_run": run, "repository": repo(), "sender": user("dev1") })
}

fn pull() -> Value {
    let side = |branch: &str| json!({ "label": format!("acme:{branch}"), "ref": branch, "sha": "<head>", "user": user("acme"), "repo": repo() });
    let mut pull = json!({ "id": "<id>", "node_id": "PR_kwDOAAATjc4", "number": "<n>", "state": "open", "locked": false,
        "title": "Rework the session cache <n>", "user": user("dev1"), "body": "It was slow. ".repeat(40),
        "created_at": *HAPPENED, "updated_at": *HAPPENED, "closed_at": null, "merged_at": null,
        "merge_commit_sha": null, "assignee": null, "assignees": [], "requested_reviewers": [user("dev2")],
        "requested_teams": [], "labels": [], "milestone": null, "draft": false, "head": side("<branch>"),
        "base": side("main"), "author_association": "MEMBER", "auto_merge": null, "active_lock_reason": null,
        "merged": false, "mergeable": null, "rebaseable": null, "mergeable_state": "unknown", "merged_by": null,
        "comments": 0, "review_comments": 0, "maintainer_can_modify": false, "commits": 1, "additions": 12,
        "deletions": 3, "changed_files": 2 });
    for link in [
        "url",
        "html_url",
        "diff_url",
        "patch_url",
        "issue_url",
        "commits_url",
        "comments_url",
        "statuses_url",
    ] {
        pull[link] = json!(format!("https://api.github.example/repos/acme/<repo>/pulls/<n>/{link}"));
    }
    json!({ "action": "opened", "number": "<n>", "pull_request": pull, "repository": repo(), "sender": user("dev1") })
}
