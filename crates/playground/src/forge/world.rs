//! What is in the forge.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::ME;

/// Calls allowed in an hour.
pub(super) const ALLOWANCE: u32 = 5_000;
/// Where deployments go, in each repository.
pub(super) const ENVIRONMENT: &str = "production";

#[derive(Debug)]
pub(super) struct World {
    pub(super) repos: BTreeMap<&'static str, Repo>,
    /// Counts whatever needs a number of its own: runs, reviews, comments, commits, deployments, deliveries.
    last: u64,
    /// Calls left, and until when.
    pub(super) rate_limit: (u32, Timestamp),
}

#[derive(Debug)]
pub(super) struct Repo {
    pub(super) name: &'static str,
    pub(super) pulls: BTreeMap<u64, Pull>,
    pub(super) runs: Vec<Run>,
    /// Those of main, the oldest first.
    pub(super) commits: Vec<Commit>,
    /// Those to [`ENVIRONMENT`], the oldest first.
    pub(super) deployments: Vec<Deployed>,
    /// The number of [`ENVIRONMENT`] here.
    pub(super) environment: u64,
    /// Who may let a deployment go there.
    pub(super) reviewers: &'static [&'static str],
    pub(super) last_pull: u64,
}

#[derive(Debug)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) author: String,
    pub(super) branch: String,
    /// Whose fork the branch is in, where it is in one.
    pub(super) fork: Option<String>,
    pub(super) head: String,
    /// The commit of main that it is made on.
    pub(super) base: String,
    pub(super) draft: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) requested: BTreeSet<String>,
    pub(super) reviews: Vec<Review>,
    pub(super) comments: u64,
    /// When it was merged and by whom.
    pub(super) merged: Option<(Timestamp, String)>,
}

#[derive(Debug)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) by: String,
    pub(super) verdict: Verdict,
    pub(super) body: String,
    pub(super) at: Timestamp,
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
pub(super) struct Commit {
    pub(super) sha: String,
    pub(super) subject: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    /// The pull request that brought it.
    pub(super) pull: Option<u64>,
}

/// A deployment, as GitHub records one for each job that is for an environment.
#[derive(Debug)]
pub(super) struct Deployed {
    pub(super) id: u64,
    /// Its run, and which attempt at it.
    pub(super) run: (u64, u64),
    pub(super) sha: String,
    pub(super) by: String,
    /// The newest last, each with its time.
    pub(super) states: Vec<(&'static str, Timestamp)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workflow {
    Ci,
    Deploy,
}

#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) workflow: Workflow,
    pub(super) number: u64,
    pub(super) attempt: u64,
    pub(super) branch: String,
    /// Whose fork the branch is in, where it is in one.
    pub(super) fork: Option<String>,
    pub(super) sha: String,
    /// The commit's first line.
    pub(super) subject: String,
    /// What it is called where that is not the commit's first line: its `run-name`.
    pub(super) title: Option<String>,
    pub(super) actor: String,
    /// Who ran it again.
    pub(super) again_by: Option<String>,
    pub(super) created_at: Timestamp,
    /// When this attempt was asked for.
    pub(super) started_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) phase: Phase,
    /// The job that fails at the first attempt.
    pub(super) fails: Option<&'static str>,
    /// What the reviewers of the environment said, the newest last.
    pub(super) answers: Vec<GateAnswer>,
}

/// What a reviewer of the environment said.
#[derive(Debug)]
pub(super) struct GateAnswer {
    pub(super) attempt: u64,
    pub(super) by: String,
    pub(super) yes: bool,
    pub(super) comment: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Until somebody lets a first-timer's run: GitHub calls it completed.
    Unapproved,
    /// For a reviewer of the environment.
    Waiting,
    Queued,
    Running,
    Ended,
}

impl World {
    /// What has been going on before anybody looked.
    pub(super) fn as_the_day_begins(now: Timestamp) -> Self {
        let mut world = Self { repos: BTreeMap::new(), last: 90_000, rate_limit: (ALLOWANCE, now) };
        // What is in production, then what was merged since; the number of the last run of each workflow.
        world.found(
            ("web", &["ana", ME]),
            &[
                (471, "Answer searches from the index", "ana"),
                (477, "Warm the price cache", "cleo"),
                (478, "Load fonts from our own host", "bo"),
            ],
            (211, 57),
            now,
        );
        world.found(
            ("api", &["ana", "dora"]),
            &[(81, "Keep sessions for a day", "bo"), (87, "Answer 429 with Retry-After", "cleo")],
            (340, 19),
            now,
        );
        let head = world.commit();
        if let Some(api) = world.repos.get_mut("api") {
            let opened = ago(now, 26 * 60);
            let mut pull = Pull::new(86, "Cache the price list", ME, "cache-prices", &head, opened);
            pull.requested = BTreeSet::from(["bo".to_owned()]);
            api.pulls.insert(pull.number, pull);
        }
        world
    }

    /// A repository of which the first of these merged pull requests is in production, and the last was built.
    fn found(
        &mut self,
        (name, reviewers): (&'static str, &'static [&'static str]),
        merged: &[(u64, &str, &str)],
        (ci, deploy): (u64, u64),
        now: Timestamp,
    ) {
        let mut repo = Repo {
            name,
            pulls: BTreeMap::new(),
            runs: Vec::new(),
            commits: Vec::new(),
            deployments: Vec::new(),
            environment: self.count(),
            reviewers,
            last_pull: 0,
        };
        for (place, (number, title, by)) in merged.iter().enumerate() {
            let is_newest = place + 1 == merged.len();
            let at = ago(now, if is_newest { 3 * 60 } else { 22 * 60 });
            let (sha, head) = (self.commit(), self.commit());
            let subject = format!("{title} (#{number})");
            let branch = title.to_lowercase().replace(' ', "-");
            let pull = Pull::new(*number, title, by, &branch, &head, at);
            repo.pulls.insert(*number, Pull { merged: Some((at, (*by).to_owned())), ..pull });
            let ended = |id, workflow, number| Run {
                phase: Phase::Ended,
                actor: (*by).to_owned(),
                ..Run::new(id, workflow, number, "main", &sha, &subject, at)
            };
            if place == 0 {
                let run = ended(self.count(), Workflow::Deploy, deploy);
                let states = vec![("success", at)];
                repo.deployments.push(Deployed { states, ..Deployed::new(self.count(), &run) });
                repo.runs.push(run);
            }
            if is_newest {
                repo.runs.push(ended(self.count(), Workflow::Ci, ci));
            }
            repo.commits.push(Commit { sha, subject, by: (*by).to_owned(), at, pull: Some(*number) });
            repo.last_pull = repo.last_pull.max(*number);
        }
        self.repos.insert(name, repo);
    }

    pub(super) fn count(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// A commit's name.
    pub(super) fn commit(&mut self) -> String {
        let mut name = hex(&Sha256::digest(self.count().to_be_bytes()));
        name.truncate(40);
        name
    }

    pub(super) fn open_number(&mut self, repo: &str, branch: &str) -> Option<u64> {
        Some(self.repos.get_mut(repo)?.open_pull(branch)?.number)
    }

    pub(super) fn run_mut(&mut self, repo: &str, id: u64) -> Option<&mut Run> {
        self.repos.get_mut(repo)?.runs.iter_mut().find(|run| run.id == id)
    }
}

impl Repo {
    pub(super) fn open_pull(&mut self, branch: &str) -> Option<&mut Pull> {
        self.pulls.values_mut().rev().find(|pull| pull.branch == branch && pull.merged.is_none())
    }

    /// The number of the next run of a workflow.
    pub(super) fn next_run(&self, workflow: Workflow) -> u64 {
        let numbers = self.runs.iter().filter(|run| run.workflow == workflow).map(|run| run.number);
        numbers.max().unwrap_or_default() + 1
    }

    /// The newest commit of main that has not failed, nor will.
    pub(super) fn deployable(&self) -> Option<&Commit> {
        let fails = |commit: &Commit| {
            let mut runs =
                self.runs.iter().filter(|run| run.workflow == Workflow::Ci && run.sha == commit.sha);
            runs.any(|run| run.failing().is_some())
        };
        self.commits.iter().rev().find(|commit| !fails(commit))
    }

    /// The deployment of a run's newest attempt.
    pub(super) fn deployment(&self, run: &Run) -> Option<&Deployed> {
        self.deployments.iter().find(|deployed| deployed.run == (run.id, run.attempt))
    }

    /// Records how far the deployment of a run's newest attempt is. One that is there takes the place of those before it.
    pub(super) fn deployment_is(&mut self, run: u64, state: &'static str, at: Timestamp) {
        let Some(run) = self.runs.iter().find(|other| other.id == run) else { return };
        let key = (run.id, run.attempt);
        for deployed in &mut self.deployments {
            let is_there = deployed.states.last().is_some_and(|(state, _)| *state == "success");
            if deployed.run == key {
                deployed.states.push((state, at));
            } else if state == "success" && is_there {
                deployed.states.push(("inactive", at));
            }
        }
    }
}

impl Pull {
    pub(super) fn new(
        number: u64,
        title: &str,
        author: &str,
        branch: &str,
        head: &str,
        at: Timestamp,
    ) -> Self {
        Self {
            number,
            title: title.to_owned(),
            author: author.to_owned(),
            branch: branch.to_owned(),
            fork: None,
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

impl Deployed {
    pub(super) fn new(id: u64, run: &Run) -> Self {
        let by = run.again_by.as_ref().unwrap_or(&run.actor).clone();
        Self { id, run: (run.id, run.attempt), sha: run.sha.clone(), by, states: Vec::new() }
    }
}

impl Workflow {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ci => "CI",
            Self::Deploy => "Deploy",
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Ci => ".github/workflows/ci.yml",
            Self::Deploy => ".github/workflows/deploy.yml",
        }
    }

    pub(super) fn jobs(self) -> &'static [&'static str] {
        match self {
            Self::Ci => &["lint", "unit tests", "build"],
            Self::Deploy => &[ENVIRONMENT],
        }
    }
}

impl Run {
    pub(super) fn new(
        id: u64,
        workflow: Workflow,
        number: u64,
        branch: &str,
        sha: &str,
        subject: &str,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            workflow,
            number,
            attempt: 1,
            branch: branch.to_owned(),
            fork: None,
            sha: sha.to_owned(),
            subject: subject.to_owned(),
            title: None,
            actor: String::new(),
            again_by: None,
            created_at: at,
            started_at: at,
            updated_at: at,
            phase: Phase::Queued,
            fails: None,
            answers: Vec::new(),
        }
    }

    /// The job that has failed, or will: a deployment that a reviewer denied fails.
    pub(super) fn failing(&self) -> Option<&'static str> {
        let denied = self.answers.iter().any(|answer| answer.attempt == self.attempt && !answer.yes);
        let denied = self.workflow.jobs().first().copied().filter(|_| denied);
        denied.or(self.fails.filter(|_| self.attempt == 1))
    }
}

fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(now)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
