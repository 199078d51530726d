//! What a yes to a deployment would ship: the commits between what is there now and what would be, the pull requests that
//! brought them, and how the checks of the commit are.

use std::{collections::BTreeSet, fmt};

use callboard_domain::{
    error::ServiceError,
    item::{ChecksStatus, Shipment},
    text,
};
use futures::{StreamExt, stream};
use reqwest::Method;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    checks::Sum,
    client::{Calls, in_repo},
    details,
    open::CachedChecks,
    part::Part,
    wire,
};
use crate::lenient::{
    Entries, any_text, first_and_more, folded, number, object, optional_text, required_number, required_text,
    web_url,
};

/// How many deployments of the environment are looked at for what is there.
const DEPLOYMENTS: usize = 10;
/// How many changes are named.
const CHANGES: usize = 20;
/// Of how many commits it is asked which pull requests brought them.
const COMMITS: usize = 10;
const AT_ONCE: usize = 4;

const NOW: &str = "what is there now";
const BETWEEN: &str = "what has changed";
const PULLS: &str = "the pull requests";
const CHECKS: &str = "the checks";

/// A deployment, as "List deployments" has it.
#[derive(Debug, Clone, Deserialize)]
struct Deployment {
    #[serde(deserialize_with = "required_number")]
    id: u64,
    #[serde(deserialize_with = "required_text")]
    sha: String,
    #[serde(default, deserialize_with = "optional_text")]
    environment: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct DeploymentStatus {
    #[serde(default, deserialize_with = "number")]
    id: Option<u64>,
    #[serde(default, deserialize_with = "any_text")]
    state: String,
}

/// "Compare two commits". Without pages, the last of its commits is the newest of all.
#[derive(Debug, Clone, Deserialize)]
struct Comparison {
    #[serde(default, deserialize_with = "number")]
    total_commits: Option<u32>,
    #[serde(default, deserialize_with = "number")]
    behind_by: Option<u32>,
    #[serde(default, deserialize_with = "optional_text")]
    html_url: Option<String>,
    commits: Entries<Commit>,
}

#[derive(Debug, Clone, Deserialize)]
struct Commit {
    #[serde(deserialize_with = "required_text")]
    sha: String,
    #[serde(default, deserialize_with = "object")]
    commit: Message,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Message {
    #[serde(default, deserialize_with = "any_text")]
    message: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Pull {
    #[serde(deserialize_with = "required_number")]
    number: u64,
    #[serde(default, deserialize_with = "any_text")]
    title: String,
}

/// Reads what a yes would ship to that environment, or to none, where a run is only let go. What cannot be read is named in
/// [`Shipment::unread`].
pub(super) async fn shipment(
    calls: &Calls<'_>,
    repo: &str,
    environment: Option<&str>,
    commit: &str,
) -> Shipment {
    let mut reading = Reading { calls, repo, shipment: Shipment::default() };
    if commit.is_empty() {
        reading.shipment.unread.push("what would be there: GitHub does not say which commit".to_owned());
        return reading.shipment;
    }
    reading.shipment.to = Some(short(commit));
    // Where nothing more may be sent, that was named.
    let _: Result<(), Halted> = reading.all(environment, commit).await;
    reading.shipment
}

/// Nothing more may be sent.
struct Halted;

struct Reading<'a, 'b> {
    calls: &'a Calls<'b>,
    repo: &'a str,
    shipment: Shipment,
}

impl Reading<'_, '_> {
    async fn all(&mut self, environment: Option<&str>, commit: &str) -> Result<(), Halted> {
        let from = match environment {
            Some(environment) => {
                let found = self.deployed(environment).await;
                self.part(NOW, found)?.flatten()
            }
            None => None,
        };
        let commits = match (&from, environment) {
            (Some(from), _) => {
                self.shipment.from = Some(short(from));
                self.between(from, commit).await?
            }
            // What a first-timer's run is of.
            (None, None) => vec![commit.to_owned()],
            (None, Some(_)) => Vec::new(),
        };
        self.pull_requests(&commits).await?;
        self.checks(commit).await
    }

    /// What was read of a part, or none, with the part named.
    fn part<T>(&mut self, part: &str, read: Result<T, ServiceError>) -> Result<Option<T>, Halted> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(error) if self.calls.is_halt(&error) => {
                self.shipment.unread.push(format!("{part}, and the rest: {error}"));
                Err(Halted)
            }
            Err(error) => {
                self.unread(part, error);
                Ok(None)
            }
        }
    }

    fn unread(&mut self, part: &str, why: impl fmt::Display) {
        self.shipment.unread.push(format!("{part}: {why}"));
    }

    async fn get<T: DeserializeOwned>(&self, rest: &[&str]) -> Result<T, ServiceError> {
        self.calls.read(in_repo(Method::GET, self.repo, rest)).await
    }

    /// The commit that is there now: of the newest deployment that succeeded, and whose environment is still active. `None`
    /// where there never was one.
    async fn deployed(&self, environment: &str) -> Result<Option<String>, ServiceError> {
        let list = in_repo(Method::GET, self.repo, &["deployments"])
            .query("environment", environment)
            .query("per_page", "30");
        let Some(found) = self.calls.rows::<Entries<Deployment>>(list, None, 1, |_| false).await? else {
            return Err(ServiceError::unavailable("GitHub answered nothing"));
        };
        if let Some(odd) = first_and_more(&found.unread) {
            return Err(ServiceError::unavailable(odd));
        }
        // A server may list those of all environments. GitHub compares their names without case.
        let is_there = |it: &Deployment| {
            it.environment.as_deref().is_none_or(|of| of.to_lowercase() == environment.to_lowercase())
        };
        let mut rows: Vec<_> = found.rows.into_iter().filter(is_there).collect();
        // The newest has the highest number, in whatever order they come.
        rows.sort_by_key(|deployment| std::cmp::Reverse(deployment.id));
        rows.dedup_by_key(|deployment| deployment.id);
        let is_all = rows.len() <= DEPLOYMENTS && !found.more;
        for deployment in rows.into_iter().take(DEPLOYMENTS) {
            if self.succeeded(deployment.id).await? {
                return Ok(Some(deployment.sha));
            }
        }
        let none =
            || ServiceError::unavailable(format!("none of the {DEPLOYMENTS} newest deployments succeeded"));
        if is_all { Ok(None) } else { Err(none()) }
    }

    async fn succeeded(&self, deployment: u64) -> Result<bool, ServiceError> {
        let list = in_repo(Method::GET, self.repo, &["deployments", &deployment.to_string(), "statuses"]);
        let statuses: Entries<DeploymentStatus> = self.calls.read(list.query("per_page", "1")).await?;
        let unknown = |what: &str| {
            ServiceError::unavailable(format!("the status of deployment {deployment} is unknown: {what}"))
        };
        if let Some(odd) = first_and_more(&statuses.odd) {
            return Err(unknown(&odd));
        }
        // They come newest first; their numbers rise.
        let newest = statuses.good.iter().reduce(|one, other| if other.id > one.id { other } else { one });
        match newest.map(|status| folded(&status.state)) {
            Some(None) => Err(unknown("it has no state")),
            Some(Some(state)) => match state.as_str() {
                "success" => Ok(true),
                "error" | "failure" | "inactive" | "in_progress" | "queued" | "pending" | "waiting" => {
                    Ok(false)
                }
                state => Err(unknown(&text::line(state, 40))),
            },
            // It has not begun.
            None => Ok(false),
        }
    }

    /// Reads what lies between two commits: its commits, the newest first.
    async fn between(&mut self, from: &str, to: &str) -> Result<Vec<String>, Halted> {
        if from == to {
            self.shipment.commits = Some(0);
            return Ok(Vec::new());
        }
        let found = self.get::<Comparison>(&["compare", &format!("{from}...{to}")]).await;
        let Some(Comparison { total_commits, behind_by, html_url, commits }) = self.part(BETWEEN, found)?
        else {
            return Ok(Vec::new());
        };
        self.shipment.commits = total_commits;
        self.shipment.url = html_url.as_deref().and_then(web_url);
        let Entries { good: mut commits, odd } = commits;
        let is_newest_first = commits.first().is_some_and(|commit| commit.sha == to);
        if !is_newest_first {
            commits.reverse();
        }
        if let Some(odd) = first_and_more(&odd) {
            self.unread(BETWEEN, odd);
        } else if total_commits.is_none() {
            self.unread(BETWEEN, "GitHub does not say how many commits");
        } else if total_commits.is_some_and(|total| total > 0)
            && commits.first().is_none_or(|it| it.sha != to)
        {
            self.unread(BETWEEN, "the newest commits are not in what GitHub answers");
        }
        let lost = behind_by.filter(|behind| *behind > 0).map(|behind| match behind {
            1 => "takes back 1 commit that is there now".to_owned(),
            behind => format!("takes back {behind} commits that are there now"),
        });
        let subject = |commit: &Commit| {
            let subject = commit.commit.message.lines().next().map(str::trim).unwrap_or_default();
            if subject.is_empty() { short(&commit.sha) } else { subject.to_owned() }
        };
        self.shipment.changes = lost.into_iter().chain(commits.iter().take(CHANGES).map(subject)).collect();
        Ok(commits.into_iter().map(|commit| commit.sha).collect())
    }

    /// Reads which pull requests brought these commits, the newest first.
    async fn pull_requests(&mut self, commits: &[String]) -> Result<(), Halted> {
        let (calls, repo) = (self.calls, self.repo);
        let of = |sha: &String| {
            let request = in_repo(Method::GET, repo, &["commits", sha, "pulls"]);
            async move { calls.read::<Entries<Pull>>(request).await }
        };
        let asked: Vec<_> = commits.iter().take(COMMITS).map(of).collect();
        let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let (mut known, mut errors) = (BTreeSet::new(), Vec::new());
        for answer in answers {
            match answer {
                Ok(Entries { good, odd }) => {
                    errors.extend(odd.iter().map(ToString::to_string));
                    let new = good.into_iter().filter(|pull| known.insert(pull.number));
                    let line = |pull: Pull| format!("#{} {}", pull.number, pull.title).trim_end().to_owned();
                    self.shipment.pull_requests.extend(new.map(line));
                }
                Err(error) if self.calls.is_halt(&error) => {
                    self.part::<()>(PULLS, Err(error))?;
                }
                Err(error) => errors.push(error.to_string()),
            }
        }
        errors.dedup();
        if let Some(why) = first_and_more(&errors) {
            self.unread(PULLS, why);
        } else if commits.len() > COMMITS {
            self.unread(PULLS, format!("only those of the {COMMITS} newest commits are looked up"));
        }
        Ok(())
    }

    /// Reads the checks of the commit. What failed has failed, whatever the rest is; nothing has passed while a part is unread.
    async fn checks(&mut self, commit: &str) -> Result<(), Halted> {
        let (mut all, mut is_all) = (Sum::default(), true);
        for part in [Part::Checks, Part::Statuses] {
            let mut cached: Option<CachedChecks> = None;
            let read =
                details::sum(self.calls, self.repo, commit, part, &mut cached, runs_without_a_yes).await;
            // A server without commit statuses has none.
            let is_none = part == Part::Statuses && matches!(read, Err(ServiceError::Rejected { .. }));
            if !is_none {
                is_all &= self.part(CHECKS, read)?.is_some();
            }
            all = cached.iter().fold(all, |all, cached| all.and(&cached.sum));
        }
        let is_known = is_all || all.status() == ChecksStatus::Failed;
        self.shipment.checks = is_known.then(|| all.of_commit(commit));
        Ok(())
    }
}

/// False for the job that waits for the yes, and others like it: they are among the checks of their commit.
fn runs_without_a_yes(run: &wire::CheckRun) -> bool {
    folded(&run.status).as_deref() != Some("waiting")
}

/// A commit, or whatever stands for one, in a few letters.
fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}
