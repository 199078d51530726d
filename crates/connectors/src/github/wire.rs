//! GitHub's JSON, as far as it is used: <https://docs.github.com/en/rest>, API version 2022-11-28. Webhooks carry the
//! same objects. Everything else is skipped unread. Only what an entry can't be without is required: servers that imitate
//! GitHub leave fields out, and GitHub itself has nulls where accounts, forks and branches were deleted.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use crate::lenient::{
    Entries, Listed, any_text, date, details, double_option, enum_value, folded, number, object,
    optional_text, or_nothing, required_number, required_text,
};

/// A list as GitHub wraps it, page by page. One that is `null` or missing cannot be read: it is no empty one.
pub(super) trait Page: serde::de::DeserializeOwned + Send {
    /// What it lists.
    type Row: Send;

    /// Its rows, and how many there are on all pages, where it has the number.
    fn rows(self) -> (Entries<Self::Row>, Option<u64>);
}

macro_rules! page {
    ($Page:ident { $rows:ident: $Row:ty }) => {
        #[derive(Debug, Deserialize)]
        pub(super) struct $Page {
            $rows: Entries<$Row>,
            #[serde(default, deserialize_with = "or_nothing")]
            total_count: Option<u64>,
        }

        impl Page for $Page {
            type Row = $Row;

            fn rows(self) -> (Entries<$Row>, Option<u64>) {
                (self.$rows, self.total_count)
            }
        }
    };
}

page!(CheckRuns { check_runs: CheckRun });
page!(Statuses { statuses: Status });
page!(Runs { workflow_runs: Run });
page!(Jobs { jobs: Job });
page!(Found { items: Repo });

impl<T: serde::de::DeserializeOwned + Send> Page for Entries<T> {
    type Row = T;

    fn rows(self) -> (Self, Option<u64>) {
        (self, None)
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct User {
    #[serde(default, deserialize_with = "any_text")]
    pub(super) login: String,
}

/// An account, `null` where it was deleted. The login is empty where it cannot be read.
fn person<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<User>, D::Error> {
    double_option(deserializer).map(|user| user.unwrap_or_else(|| Some(User::default())))
}

/// Somebody whose review is asked for.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reviewer {
    #[serde(deserialize_with = "required_text")]
    pub(super) login: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Team {
    #[serde(deserialize_with = "required_text")]
    pub(super) slug: String,
    /// Where it is one of my teams; those that are asked for a review are of the repository's owner.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) organization: Option<User>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repo {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<u64>,
    #[serde(deserialize_with = "required_text")]
    pub(super) full_name: String,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) default_branch: Option<String>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) archived: Option<bool>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) disabled: Option<bool>,
}

/// A pull request, from its own address, from a list or from a webhook. Lists leave out `merged_by`, its size and whether
/// it can be merged.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    #[serde(deserialize_with = "required_number")]
    pub(super) number: u64,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) title: String,
    /// Null where the account was deleted.
    #[serde(default, deserialize_with = "person")]
    pub(super) user: Option<User>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) html_url: Option<String>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) state: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) draft: Option<bool>,
    #[serde(default, deserialize_with = "date")]
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub(super) updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub(super) closed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub(super) merged_at: Option<Timestamp>,
    /// Lists leave it out.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) merged: Option<bool>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) merged_by: Option<User>,
    #[serde(default)]
    pub(super) requested_reviewers: Listed<Reviewer>,
    /// Servers that know no teams leave it out.
    #[serde(default)]
    pub(super) requested_teams: Listed<Team>,
    #[serde(default, deserialize_with = "object")]
    pub(super) head: Side,
    #[serde(default, deserialize_with = "object")]
    pub(super) base: Side,
    /// False where it conflicts; null while GitHub computes it.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) mergeable: Option<bool>,
    /// `clean`, `dirty`, `blocked`, `behind`, `unstable`, `has_hooks`, `draft`; `unknown` while GitHub computes it.
    #[serde(default, deserialize_with = "enum_value")]
    pub(super) mergeable_state: Option<String>,
    /// Markdown, null where nothing was written; may be left out.
    #[serde(default, deserialize_with = "double_option")]
    pub(super) body: Option<Option<String>>,
    #[serde(default, deserialize_with = "number")]
    pub(super) additions: Option<u32>,
    #[serde(default, deserialize_with = "number")]
    pub(super) deletions: Option<u32>,
    #[serde(default, deserialize_with = "number")]
    pub(super) changed_files: Option<u32>,
}

impl Pull {
    /// The version of its content. None is after `now`: one that is, as clocks differ, would outrank what comes later.
    pub(super) fn version(&self, now: Timestamp) -> Timestamp {
        let at = self.updated_at.or(self.closed_at).or(self.created_at).unwrap_or(Timestamp::UNIX_EPOCH);
        at.min(now)
    }

    /// Why some of those whose review is asked for are not known, where that is so.
    pub(super) fn unread_requests(&self) -> Option<String> {
        let is_absent = matches!(self.requested_reviewers, Listed::Absent);
        let absent = is_absent.then(|| "requested_reviewers is missing".to_owned());
        let reviewers = absent.or_else(|| self.requested_reviewers.error("requested_reviewers"));
        reviewers.or_else(|| self.requested_teams.error("requested_teams"))
    }
}

/// One side of a pull request.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Side {
    /// `OWNER:BRANCH`.
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) label: Option<String>,
    #[serde(default, rename = "ref", deserialize_with = "any_text")]
    pub(super) branch: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) sha: String,
    /// Null where the fork was deleted.
    #[serde(default, deserialize_with = "repo_name")]
    pub(super) repo: Option<RepoName>,
}

#[derive(Debug, Clone)]
pub(super) struct RepoName {
    pub(super) id: Option<u64>,
    /// Empty where it has only a number.
    pub(super) full_name: String,
}

/// A repository within something larger: none where it is `null`, has neither number nor name, or is no object. GitHub writes
/// each whole, with some 6 kB of links, up to three times into a webhook.
fn repo_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RepoName>, D::Error> {
    #[derive(Default, Deserialize)]
    struct Loose {
        #[serde(default, deserialize_with = "number")]
        id: Option<u64>,
        #[serde(default, deserialize_with = "any_text")]
        full_name: String,
    }

    let Loose { id, full_name } = object(deserializer)?;
    Ok((id.is_some() || !full_name.is_empty()).then_some(RepoName { id, full_name }))
}

impl RepoName {
    /// True where both are one repository, whatever it was called when each was written down.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self.id, other.id) {
            (Some(one), Some(other)) => one == other,
            _ => self.full_name.eq_ignore_ascii_case(&other.full_name),
        }
    }
}

/// A review. Its state is in capitals over REST and in small letters in webhooks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Review {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<u64>,
    /// Null where the account was deleted.
    #[serde(default, deserialize_with = "person")]
    pub(super) user: Option<User>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) state: String,
    /// Missing while it is pending.
    #[serde(default, deserialize_with = "date")]
    pub(super) submitted_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) commit_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckRun {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) status: String,
    #[serde(default, deserialize_with = "enum_value")]
    pub(super) conclusion: Option<String>,
    #[serde(default, deserialize_with = "date")]
    pub(super) started_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub(super) completed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) app: Option<App>,
}

/// What reports a check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) struct App {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) slug: Option<String>,
}

/// A commit status: the older way in which CI servers report.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    #[serde(default, deserialize_with = "number")]
    pub(super) id: Option<u64>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) context: String,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) state: String,
    #[serde(default, deserialize_with = "date")]
    pub(super) updated_at: Option<Timestamp>,
}

/// A run's number in its workflow: a run without it cannot be identified. GitHub counts from 1; 0 is what a server writes that
/// does not know the number, of one run as of another.
fn run_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    match number(deserializer)? {
        None => Err(serde::de::Error::custom("its run_number is no number")),
        Some(0) => Err(serde::de::Error::custom("its run_number is 0, and numbers begin at 1")),
        Some(number) => Ok(number),
    }
}

/// Which attempt at a run it is, from 1. Servers without attempts leave it out, or send 0; where it is there and cannot be
/// read, the attempt of the rest is unknown.
fn run_attempt<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match number(deserializer)? {
        None => Err(serde::de::Error::custom("its run_attempt is no number")),
        Some(0) => Ok(None),
        attempt => Ok(attempt),
    }
}

/// A run of an Actions workflow.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Run {
    #[serde(deserialize_with = "required_number")]
    pub(super) id: u64,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) name: Option<String>,
    /// The workflow's file, such as `.github/workflows/ci.yml`, maybe with `@REF`.
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) path: Option<String>,
    #[serde(default, deserialize_with = "number")]
    pub(super) workflow_id: Option<u64>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) display_title: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) event: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) head_branch: Option<String>,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) head_sha: String,
    #[serde(deserialize_with = "run_number")]
    pub(super) run_number: u64,
    #[serde(default, deserialize_with = "run_attempt")]
    pub(super) run_attempt: Option<u32>,
    #[serde(default, deserialize_with = "enum_value")]
    pub(super) status: Option<String>,
    #[serde(default, deserialize_with = "enum_value")]
    pub(super) conclusion: Option<String>,
    #[serde(default, deserialize_with = "optional_text")]
    pub(super) html_url: Option<String>,
    #[serde(default, deserialize_with = "date")]
    pub(super) updated_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    pub(super) run_started_at: Option<Timestamp>,
    /// Who caused the first attempt.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) actor: Option<User>,
    /// Who caused this attempt.
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) triggering_actor: Option<User>,
    /// The repository that it ran in.
    #[serde(default, deserialize_with = "repo_name")]
    pub(super) repository: Option<RepoName>,
    #[serde(default, deserialize_with = "head_repository")]
    pub(super) head_repository: HeadRepository,
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) head_commit: Option<Commit>,
    /// The pull requests from the repository's own branches that it belongs to.
    #[serde(default, deserialize_with = "details")]
    pub(super) pull_requests: Vec<RunPull>,
}

impl Run {
    /// Whose change it runs for: that of who caused the first attempt, where a change did.
    pub(super) fn author(&self) -> Option<String> {
        let first = || known(&self.triggering_actor).filter(|_| !self.is_again());
        known(&self.actor).or_else(first).filter(|_| self.cause() == Cause::Change)
    }

    fn is_again(&self) -> bool {
        self.run_attempt.is_some_and(|attempt| attempt > 1)
    }

    /// Who had it run, or had it run again. Whoever ran it again did that, whatever caused the first attempt.
    pub(super) fn started_by(&self) -> Option<String> {
        let again = || known(&self.triggering_actor).filter(|_| self.is_again());
        match self.cause() {
            Cause::Change | Cause::Schedule => again(),
            Cause::Person => known(&self.triggering_actor).or_else(|| known(&self.actor)),
        }
    }

    /// Who had this attempt run, whatever caused it.
    pub(super) fn asked_by(&self) -> Option<String> {
        known(&self.triggering_actor).or_else(|| known(&self.actor))
    }

    /// True where it is known of whom it is, whatever they did.
    pub(super) fn has_actor(&self) -> bool {
        [&self.actor, &self.triggering_actor].into_iter().any(|user| known(user).is_some())
    }

    /// By "Events that trigger workflows". Of an event that is missing or not known here, it is not known whose change it is.
    fn cause(&self) -> Cause {
        match self.event.as_deref().and_then(folded).as_deref() {
            Some("push" | "pull_request" | "pull_request_target" | "merge_group") => Cause::Change,
            // Its actor is who changed the schedule last.
            Some("schedule") => Cause::Schedule,
            _ => Cause::Person,
        }
    }
}

/// What has a workflow run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// A change, whose author is the actor.
    Change,
    /// The time.
    Schedule,
    /// Something that the actor did, such as pressing a button.
    Person,
}

/// A login that can be read.
fn known(user: &Option<User>) -> Option<String> {
    user.as_ref().map(|user| user.login.clone()).filter(|login| !login.is_empty())
}

/// The repository that the commit of a run is of.
#[derive(Debug, Clone, Default)]
pub(super) enum HeadRepository {
    /// Left out, as by servers that imitate GitHub.
    #[default]
    Absent,
    /// Null, as GitHub has it where a fork was deleted, or without number and name.
    Unknown,
    /// That one.
    Known(RepoName),
}

fn head_repository<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HeadRepository, D::Error> {
    Ok(repo_name(deserializer)?.map_or(HeadRepository::Unknown, HeadRepository::Known))
}

/// A pull request, as a run names it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RunPull {
    #[serde(default, deserialize_with = "or_nothing")]
    pub(super) head: Side,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Commit {
    #[serde(default, deserialize_with = "any_text")]
    pub(super) message: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Job {
    #[serde(deserialize_with = "required_number")]
    pub(super) id: u64,
    #[serde(default, deserialize_with = "any_text")]
    pub(super) name: String,
    #[serde(default, deserialize_with = "enum_value")]
    pub(super) conclusion: Option<String>,
}

/// A workflow: `active`, `disabled_manually`, `disabled_inactivity`, `disabled_fork` or `deleted`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Workflow {
    #[serde(default, deserialize_with = "any_text")]
    pub(super) state: String,
}
