use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::AsOf;
use crate::identity::Identity;

/// How many runs of a pipeline on a branch are kept with the item; older ones live on as events only.
pub const RUNS_KEPT: usize = 20;

/// One pipeline on one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Build {
    /// The repository or job folder, such as `acme/web`.
    pub repo: String,
    /// The workflow or job, such as `ci`.
    pub pipeline: String,
    /// The branch, where the service has branches.
    pub branch: Option<String>,
    /// True where the branch is the repository's default one, or may be (or the service has no branches).
    pub default_branch: bool,
    /// The latest runs by `(number, attempt)`, newest first, at most [`RUNS_KEPT`]; those of a counter that has restarted
    /// since come last.
    /// A snapshot may hold any part of them.
    pub runs: Vec<BuildRun>,
}

/// One attempt at one run of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct BuildRun {
    /// The service's name for the run, as its actions take it.
    pub id: String,
    /// The run's number in its pipeline: later runs have higher ones, until the service's counter restarts.
    pub number: u64,
    /// 1, and one more each time the same run is run again.
    pub attempt: u32,
    /// How far it is.
    pub status: BuildStatus,
    /// When it reached that status, by the service's clock, where the service says.
    pub at: Option<Timestamp>,
    /// When it began to run.
    pub started_at: Option<Timestamp>,
    /// The commit that it builds.
    pub commit: Option<String>,
    /// Whose change it builds: the service's login name.
    pub author: Option<String>,
    /// Who had it run, where a person and not a change did, or had it run again: the login name. The change need not be theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub started_by: Option<String>,
    /// What it builds in a person's words, such as the commit's first line.
    pub subject: Option<String>,
    /// Where it can be seen.
    pub url: Option<Url>,
    /// The names of the jobs or steps that failed, where known.
    pub failing: Vec<String>,
    /// Whether it waits for a person's yes before it goes on, and as of when; `None` where the source does not know. It means
    /// nothing once the run is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub waits: Option<AsOf<bool>>,
    /// What never falls although a counter may restart (the pipeline was deleted and made again), where the service has
    /// such a thing: the same for all attempts at a run, no smaller for any later run, and greater once the counter has restarted.
    /// Its unit is the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(skip)]
    pub serial: Option<u64>,
}

/// How far a run is. The order is the order in which a run can go through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum BuildStatus {
    /// Waiting to run.
    Queued,
    /// Under way.
    Running,
    /// Ended, and how is not known: the service does not say, or says it in a word that is not known here. It is neither
    /// success nor failure nor canceled, and gives way to whatever is known later.
    Unknown,
    /// Ended by a person or by the service, with no verdict.
    Canceled,
    /// Ended well.
    Passed,
    /// Ended badly.
    Failed,
}

impl BuildRun {
    /// The first attempt at that number, with nothing else known of it; the service names it by its number.
    pub fn new(number: u64, status: BuildStatus) -> Self {
        Self {
            id: number.to_string(),
            number,
            attempt: 1,
            status,
            at: None,
            started_at: None,
            commit: None,
            author: None,
            started_by: None,
            subject: None,
            url: None,
            failing: Vec::new(),
            waits: None,
            serial: None,
        }
    }

    /// True while it waits for a person's yes.
    pub fn waits(&self) -> bool {
        !self.status.is_over() && self.waits.as_ref().is_some_and(|waits| waits.value)
    }

    /// Its status in a word, as shown: `waiting` while it waits for a person's yes.
    pub fn status_name(&self) -> &'static str {
        if self.waits() { "waiting" } else { self.status.name() }
    }

    /// Whose doing it is: who had it run, else whose change did.
    pub fn by(&self) -> Option<&str> {
        self.started_by.as_deref().or(self.author.as_deref())
    }

    /// True where it is that person's change, or they had it run.
    pub fn is_of(&self, me: &Identity) -> bool {
        [&self.author, &self.started_by].into_iter().flatten().any(|who| me.is(who))
    }

    /// True where the service's counter restarted between the other run and this one: it is later, and does not come after
    /// the other by number. Runs that an earlier version stored without a serial are compared by their times.
    pub fn begins_anew_after(&self, other: &Self) -> bool {
        let is_later = match (self.serial, other.serial) {
            (Some(own), Some(others)) => own > others,
            // Another attempt may begin long after later runs, and what waits has waited since before them.
            (Some(_), None) if self.attempt == 1 && other.status != BuildStatus::Queued => {
                self.started_at.zip(other.at.max(other.started_at)).is_some_and(|(own, others)| own > others)
            }
            _ => false,
        };
        is_later && (self.number, self.attempt) < (other.number, other.attempt)
    }
}

impl BuildStatus {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Unknown => "unknown",
            Self::Canceled => "canceled",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }

    /// True once it runs no more, whether or not it is known how it ended.
    pub fn is_over(self) -> bool {
        self >= Self::Unknown
    }

    /// True once nothing more will come of the run.
    pub fn is_final(self) -> bool {
        self >= Self::Canceled
    }

    /// True for passed and failed: what decides whether a branch is green or red.
    pub fn is_verdict(self) -> bool {
        self >= Self::Passed
    }
}

impl Build {
    /// The newest run. None where all of them are gone, and in a snapshot that says nothing of runs.
    pub fn latest(&self) -> Option<&BuildRun> {
        self.runs.first()
    }

    /// The newest run with a verdict: what colours the branch.
    pub fn verdict(&self) -> Option<&BuildRun> {
        self.runs.iter().find(|run| run.status.is_verdict())
    }

    /// The newest run's status; unknown where there is none.
    pub fn status(&self) -> BuildStatus {
        self.latest().map_or(BuildStatus::Unknown, |run| run.status)
    }

    /// True where the branch is red: the newest verdict is failed, whatever has started since.
    pub fn is_red(&self) -> bool {
        self.verdict().is_some_and(|run| run.status == BuildStatus::Failed)
    }

    /// What people call it: the repository's short name, the branch, and the pipeline where its name says something:
    /// `web main`, `web main deploy`, `infra nightly`.
    pub fn name(&self) -> String {
        let repo = self.repo.rsplit('/').next().unwrap_or_default();
        let pipeline = self.pipeline.rsplit('/').next().unwrap_or_default();
        let pipeline = pipeline.trim_end_matches(".yaml").trim_end_matches(".yml");
        let says_nothing =
            ["ci", "build", "test", "tests", repo].iter().any(|word| pipeline.eq_ignore_ascii_case(word));
        let branch = self.branch.as_deref().unwrap_or_default();
        let words = [repo, branch, if says_nothing { "" } else { pipeline }];
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// How long the branch has been red: its newest verdict and all failures right before it, newest first.
    pub fn red(&self) -> impl Iterator<Item = &BuildRun> {
        self.runs
            .iter()
            .filter(|run| run.status.is_verdict())
            .take_while(|run| run.status == BuildStatus::Failed)
    }
}
