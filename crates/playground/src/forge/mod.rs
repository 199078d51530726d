//! The forge: a GitHub with pull requests and Actions. What is there and what happens to it; the REST API is in
//! [`rest`], what it sends by itself in [`webhooks`], the JSON in [`wire`], what waits for a yes in [`gates`].
//!
//! As on GitHub a review takes the reviewer off those asked, the checks of a commit are the jobs of its runs, and a
//! run that is run again keeps its number and counts its attempts. A second attempt passes: what failed was flaky.

mod gates;
mod rest;
mod webhooks;
mod wire;
mod world;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use serde_json::{Value, json};

use self::world::{Commit, Phase, Pull, Review, Run, Workflow, World};
pub use self::{gates::Deployment, world::Verdict};
use crate::{
    Pace,
    service::{Life, Webhooks, listen, lock, second},
};

/// The person's token.
pub(crate) const TOKEN: &str = "playground-forge-token";
/// The key that its webhooks are signed with.
pub(crate) const WEBHOOK_SECRET: &str = "playground-forge-webhooks";

const OWNER: &str = "acme";
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
        if push.branch == "main" {
            let (subject, by) = (push.subject.to_owned(), push.by.to_owned());
            repo.commits.push(Commit { sha: sha.clone(), subject, by, at: now, pull: None });
        }
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
        self.open_pull(&mut self.world(), push, reviewers, None)
    }

    fn open_pull(
        &self,
        world: &mut World,
        push: Push,
        reviewers: &[&str],
        fork: Option<&str>,
    ) -> Option<u64> {
        let sha = world.commit();
        let now = second();
        let repo = world.repos.get_mut(push.repo)?;
        repo.last_pull += 1;
        let number = repo.last_pull;
        let pull = Pull {
            requested: reviewers.iter().map(|name| (*name).to_owned()).collect(),
            fork: fork.map(str::to_owned),
            ..Pull::new(number, push.subject, push.by, push.branch, &sha, now)
        };
        repo.pulls.insert(number, pull);
        self.send_pull(world, push.repo, number, "opened");
        self.begin_run(world, push, sha);
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
        let is_of_main = |run: &&Run| run.workflow == Workflow::Ci && run.branch == "main";
        let mut ended = runs.filter(is_of_main).filter(|run| run.phase == Phase::Ended);
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
        repo.commits.push(Commit {
            sha: sha.clone(),
            subject: subject.clone(),
            by: by.to_owned(),
            at: now,
            pull: Some(number),
        });
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
        let fork = repo.open_pull(push.branch).and_then(|pull| pull.fork.clone());
        let number = repo.next_run(Workflow::Ci);
        let waits = fork.is_some();
        let run = Run {
            fails: push.fails,
            actor: by.to_owned(),
            fork,
            ..Run::new(id, Workflow::Ci, number, push.branch, &sha, &subject, second())
        };
        repo.runs.push(run);
        if waits {
            self.enter(world, push.repo, id, Phase::Unapproved);
        }
        self.send_run(world, push.repo, id);
        if !waits {
            self.follow(push.repo, id, 1);
        }
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
        run.started_at = second();
        let (workflow, attempt) = (run.workflow, run.attempt);
        match workflow {
            Workflow::Deploy => self.wait_for_reviewer(world, name, id),
            Workflow::Ci => {
                self.enter(world, name, id, Phase::Queued);
                self.send_run(world, name, id);
                self.follow(name, id, attempt);
            }
        }
        Some(true)
    }

    /// A run comes to a phase now, and its deployment with it.
    fn enter(&self, world: &mut World, name: &str, id: u64, phase: Phase) {
        let now = second();
        let Some(run) = world.run_mut(name, id) else { return };
        run.phase = phase;
        run.updated_at = now;
        let state = match phase {
            Phase::Unapproved => return,
            Phase::Waiting => "waiting",
            Phase::Queued => "queued",
            Phase::Running => "in_progress",
            Phase::Ended if run.failing().is_some() => "failure",
            Phase::Ended => "success",
        };
        if let Some(repo) = world.repos.get_mut(name) {
            repo.deployment_is(id, state, now);
        }
    }

    /// Takes a run through its phases, in time.
    fn follow(&self, repo: &'static str, id: u64, attempt: u64) {
        let (forge, pace) = (self.clone(), self.0.pace);
        self.0.life.spawn(async move {
            for (wait, phase) in [(pace.queue, Phase::Running), (pace.build, Phase::Ended)] {
                tokio::time::sleep(wait).await;
                let mut world = forge.world();
                if world.run_mut(repo, id).is_none_or(|run| run.attempt != attempt) {
                    return;
                }
                forge.enter(&mut world, repo, id, phase);
                forge.send_run(&mut world, repo, id);
            }
        });
    }

    fn repo_json(&self, repo: &str) -> Value {
        wire::repo(&self.0.url, repo)
    }
}
