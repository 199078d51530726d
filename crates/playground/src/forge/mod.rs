//! The forge: a GitHub with pull requests and Actions. What is there and what happens to it; the REST API is in
//! [`rest`], what it sends by itself in [`webhooks`], the JSON in [`wire`].
//!
//! As on GitHub a review takes the reviewer off those asked, the checks of a commit are the jobs of its runs, and a
//! run that is run again keeps its number and counts its attempts. A second attempt passes: what failed was flaky.

mod rest;
mod webhooks;
mod wire;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    ME, Pace,
    service::{Life, Webhooks, listen, lock, second},
};

/// The person's token.
pub(crate) const TOKEN: &str = "playground-forge-token";
/// The key that its webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "playground-forge-webhooks";

const OWNER: &str = "acme";
const JOBS: [&str; 3] = ["lint", "unit tests", "build"];
/// Calls allowed in an hour.
const ALLOWANCE: u32 = 5_000;

/// The forge, running. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Forge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: String,
    life: Life,
    pace: Pace,
    webhooks: Webhooks,
    world: Mutex<World>,
}

#[derive(Debug)]
struct World {
    repos: BTreeMap<&'static str, Repo>,
    /// Counts whatever needs a number of its own: runs, reviews, comments, commits, deliveries.
    last: u64,
    /// Calls left, and until when.
    rate_limit: (u32, Timestamp),
}

#[derive(Debug, Default)]
struct Repo {
    name: String,
    pulls: BTreeMap<u64, Pull>,
    runs: Vec<Run>,
    last_pull: u64,
    last_run: u64,
}

#[derive(Debug)]
struct Pull {
    number: u64,
    title: String,
    author: String,
    branch: String,
    head: String,
    /// The commit of main that it is made on.
    base: String,
    draft: bool,
    created_at: Timestamp,
    updated_at: Timestamp,
    requested: BTreeSet<String>,
    reviews: Vec<Review>,
    comments: u64,
    /// When it was merged and by whom.
    merged: Option<(Timestamp, String)>,
}

#[derive(Debug)]
struct Review {
    id: u64,
    by: String,
    verdict: Verdict,
    body: String,
    at: Timestamp,
}

/// The verdict of a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Approved,
    /// It needs work.
    ChangesRequested,
    /// A comment only.
    Commented,
}

#[derive(Debug)]
struct Run {
    id: u64,
    number: u64,
    attempt: u64,
    branch: String,
    sha: String,
    subject: String,
    actor: String,
    /// Who ran it again.
    again_by: Option<String>,
    created_at: Timestamp,
    started_at: Timestamp,
    updated_at: Timestamp,
    phase: Phase,
    /// The job that fails at the first attempt.
    fails: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Queued,
    Running,
    Ended,
}

impl Run {
    /// The job that has failed, or will.
    fn failing(&self) -> Option<&'static str> {
        self.fails.filter(|_| self.attempt == 1)
    }
}

/// Commits that are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push {
    /// The repository's name, without its owner.
    pub repo: &'static str,
    /// The branch.
    pub branch: &'static str,
    /// Whose commits.
    pub by: &'static str,
    /// The newest commit's first line.
    pub subject: &'static str,
    /// The job that fails: `lint`, `unit tests`, `build`.
    pub fails: Option<&'static str>,
}

impl Forge {
    pub(crate) async fn start(life: &Life, pace: Pace) -> io::Result<Self> {
        let (listener, url) = listen().await?;
        let forge = Self(Arc::new(Inner {
            url,
            life: life.clone(),
            pace,
            webhooks: Webhooks::new(life),
            world: Mutex::new(World::as_the_day_begins(second())),
        }));
        life.serve(listener, rest::router(forge.clone()));
        Ok(forge)
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.0.webhooks
    }

    fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.0.world)
    }

    /// Commits are pushed: the branch is built, and an open pull request of it has a new head.
    pub fn push(&self, push: Push) {
        let mut world = self.world();
        let sha = world.commit();
        let now = second();
        let Some(repo) = world.repos.get_mut(push.repo) else { return };
        if let Some(pull) = repo.open_pull(push.branch) {
            pull.head = sha.clone();
            pull.updated_at = now;
            let number = pull.number;
            self.send_pull(&mut world, push.repo, number, "synchronize");
        }
        self.begin_run(&mut world, push, sha);
    }

    /// A pull request is opened, its branch is built, and reviews are asked for. Gives its number.
    pub fn open(&self, push: Push, reviewers: &[&str]) -> Option<u64> {
        let mut world = self.world();
        let sha = world.commit();
        let now = second();
        let repo = world.repos.get_mut(push.repo)?;
        repo.last_pull += 1;
        let number = repo.last_pull;
        let pull = Pull {
            requested: reviewers.iter().map(|name| (*name).to_owned()).collect(),
            ..Pull::new(number, push.subject, push.by, push.branch, &sha, now)
        };
        repo.pulls.insert(number, pull);
        self.send_pull(&mut world, push.repo, number, "opened");
        self.begin_run(&mut world, push, sha);
        Some(number)
    }

    /// Somebody reviews the open pull request of a branch; where there is none, nothing happens.
    pub fn review(&self, repo: &str, branch: &str, by: &str, verdict: Verdict) {
        let mut world = self.world();
        if let Some(number) = world.open_number(repo, branch) {
            self.add_review(&mut world, repo, number, by, verdict, "");
        }
    }

    /// Somebody merges the open pull request of a branch, and main is built; where there is none, nothing happens.
    pub fn merge(&self, repo: &str, branch: &str, by: &str) {
        let mut world = self.world();
        if let Some(number) = world.open_number(repo, branch) {
            self.do_merge(&mut world, repo, number, by);
        }
    }

    /// True where the newest ended run of main failed.
    pub fn main_is_red(&self, repo: &str) -> bool {
        let world = self.world();
        let runs = world.repos.get(repo).into_iter().flat_map(|repo| repo.runs.iter().rev());
        let mut ended = runs.filter(|run| run.branch == "main" && run.phase == Phase::Ended);
        ended.next().is_some_and(|run| run.failing().is_some())
    }

    /// True while a pull request of the branch is open, and this person has not reviewed it.
    pub fn awaits_review(&self, repo: &str, branch: &str, by: &str) -> bool {
        let mut world = self.world();
        let pull = world.repos.get_mut(repo).and_then(|repo| repo.open_pull(branch));
        pull.is_some_and(|pull| !pull.reviews.iter().any(|review| review.by == by))
    }

    /// True where this person's approval of the branch's pull request counts.
    pub fn is_approved(&self, repo: &str, number: u64, by: &str) -> bool {
        let world = self.world();
        let pull = world.repos.get(repo).and_then(|repo| repo.pulls.get(&number));
        let last = pull.and_then(|pull| pull.reviews.iter().rev().find(|review| review.by == by));
        last.is_some_and(|review| review.verdict == Verdict::Approved)
    }

    fn add_review(
        &self,
        world: &mut World,
        repo: &str,
        number: u64,
        by: &str,
        verdict: Verdict,
        body: &str,
    ) -> Option<u64> {
        let id = world.count();
        let at = second();
        let pull = world.repos.get_mut(repo)?.pulls.get_mut(&number)?;
        pull.requested.remove(by);
        pull.updated_at = at;
        pull.reviews.push(Review { id, by: by.to_owned(), verdict, body: body.to_owned(), at });
        let described = self.repo_json(repo);
        let body = {
            let pull = world.repos.get(repo)?.pulls.get(&number)?;
            let review = pull.reviews.last()?;
            json!({
                "action": "submitted",
                "review": wire::review(&self.0.url, repo, number, review, wire::Letters::Small),
                "pull_request": wire::pull(&self.0.url, repo, pull, wire::Form::Listed),
                "repository": described,
                "sender": wire::user(&self.0.url, by),
            })
        };
        self.send(world, "pull_request_review", &body);
        Some(id)
    }

    fn do_merge(&self, world: &mut World, name: &str, number: u64, by: &str) -> Option<String> {
        let sha = world.commit();
        let now = second();
        let (name, repo) = world.repos.iter_mut().find(|(known, _)| **known == name)?;
        let (name, pull) = (*name, repo.pulls.get_mut(&number)?);
        pull.merged = Some((now, by.to_owned()));
        pull.updated_at = now;
        let subject = format!("{} (#{number})", pull.title);
        self.send_pull(world, name, number, "closed");
        let push = Push { repo: name, branch: "main", by: "", subject: "", fails: None };
        self.begin(world, push, by, subject, sha.clone());
        Some(sha)
    }

    fn begin_run(&self, world: &mut World, push: Push, sha: String) {
        self.begin(world, push, push.by, push.subject.to_owned(), sha);
    }

    fn begin(&self, world: &mut World, push: Push, by: &str, subject: String, sha: String) {
        let id = world.count();
        let Some(repo) = world.repos.get_mut(push.repo) else { return };
        repo.last_run += 1;
        let run = Run {
            fails: push.fails,
            actor: by.to_owned(),
            ..Run::new(id, repo.last_run, push.branch, &sha, &subject, second())
        };
        repo.runs.push(run);
        self.send_run(world, push.repo, id);
        self.follow(push.repo, id, 1);
    }

    /// Runs a run again; `false` where it is still under way, `None` where there is none.
    fn rerun(&self, world: &mut World, name: &str, id: u64, by: &str) -> Option<bool> {
        let (name, repo) = world.repos.iter_mut().find(|(known, _)| **known == name)?;
        let (name, run) = (*name, repo.runs.iter_mut().find(|run| run.id == id)?);
        if run.phase != Phase::Ended {
            return Some(false);
        }
        run.attempt += 1;
        run.again_by = Some(by.to_owned());
        run.phase = Phase::Queued;
        run.updated_at = second();
        let attempt = run.attempt;
        self.send_run(world, name, id);
        self.follow(name, id, attempt);
        Some(true)
    }

    /// Takes a run through its phases, in time.
    fn follow(&self, repo: &'static str, id: u64, attempt: u64) {
        let (forge, pace) = (self.clone(), self.0.pace);
        self.0.life.spawn(async move {
            for (wait, phase) in [(pace.queue, Phase::Running), (pace.build, Phase::Ended)] {
                tokio::time::sleep(wait).await;
                let mut world = forge.world();
                let runs = world.repos.get_mut(repo).map(|repo| &mut repo.runs);
                let run = runs.and_then(|runs| runs.iter_mut().find(|run| run.id == id));
                let Some(run) = run.filter(|run| run.attempt == attempt) else { return };
                run.phase = phase;
                run.updated_at = second();
                if phase == Phase::Running {
                    run.started_at = run.updated_at;
                }
                forge.send_run(&mut world, repo, id);
            }
        });
    }

    fn repo_json(&self, repo: &str) -> Value {
        wire::repo(&self.0.url, repo)
    }
}

impl World {
    /// What has been going on before anybody looked.
    fn as_the_day_begins(now: Timestamp) -> Self {
        let mut world = Self { repos: BTreeMap::new(), last: 90_000, rate_limit: (ALLOWANCE, now) };
        for (name, last_pull, last_run, subject, by) in [
            ("web", 478, 211, "Load fonts from our own host", "bo"),
            ("api", 87, 340, "Answer 429 with Retry-After", "cleo"),
        ] {
            let (sha, id) = (world.commit(), world.count());
            let ended = ago(now, 3 * 60);
            let run = Run {
                phase: Phase::Ended,
                actor: by.to_owned(),
                ..Run::new(id, last_run, "main", &sha, subject, ended)
            };
            let repo =
                Repo { name: name.to_owned(), runs: vec![run], last_pull, last_run, ..Repo::default() };
            world.repos.insert(name, repo);
        }
        let head = world.commit();
        if let Some(api) = world.repos.get_mut("api") {
            let opened = ago(now, 26 * 60);
            let mut pull = Pull::new(86, "Cache the price list", ME, "cache-prices", &head, opened);
            pull.requested = BTreeSet::from(["bo".to_owned()]);
            api.pulls.insert(pull.number, pull);
        }
        world
    }

    fn count(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A commit's name.
    fn commit(&mut self) -> String {
        let mut name = hex(&Sha256::digest(self.count().to_be_bytes()));
        name.truncate(40);
        name
    }

    fn open_number(&mut self, repo: &str, branch: &str) -> Option<u64> {
        Some(self.repos.get_mut(repo)?.open_pull(branch)?.number)
    }
}

impl Repo {
    fn open_pull(&mut self, branch: &str) -> Option<&mut Pull> {
        self.pulls.values_mut().rev().find(|pull| pull.branch == branch && pull.merged.is_none())
    }
}

impl Pull {
    fn new(number: u64, title: &str, author: &str, branch: &str, head: &str, at: Timestamp) -> Self {
        Self {
            number,
            title: title.to_owned(),
            author: author.to_owned(),
            branch: branch.to_owned(),
            head: head.to_owned(),
            base: hex(&Sha256::digest(branch))[..40].to_owned(),
            draft: false,
            created_at: at,
            updated_at: at,
            requested: BTreeSet::new(),
            reviews: Vec::new(),
            comments: 0,
            merged: None,
        }
    }
}

impl Run {
    fn new(id: u64, number: u64, branch: &str, sha: &str, subject: &str, at: Timestamp) -> Self {
        Self {
            id,
            number,
            attempt: 1,
            branch: branch.to_owned(),
            sha: sha.to_owned(),
            subject: subject.to_owned(),
            actor: String::new(),
            again_by: None,
            created_at: at,
            started_at: at,
            updated_at: at,
            phase: Phase::Queued,
            fails: None,
        }
    }
}

fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
