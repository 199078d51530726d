//! GitHub's JSON, as far as it is used: <https://docs.github.com/en/rest>, API version 2022-11-28. Webhooks carry the
//! same objects. Everything else is skipped unread.

use jiff::Timestamp;
use serde::Deserialize;

/// A list as GitHub wraps it, page by page.
pub(super) trait Page: serde::de::DeserializeOwned + Send {
    /// What it lists.
    type Row: Send;

    /// Its rows.
    fn rows(self) -> Vec<Self::Row>;
}

macro_rules! page {
    ($Page:ident { $rows:ident: $Row:ty }) => {
        #[derive(Debug, Deserialize)]
        pub(super) struct $Page {
            $rows: Vec<$Row>,
        }

        impl Page for $Page {
            type Row = $Row;

            fn rows(self) -> Vec<$Row> {
                self.$rows
            }
        }
    };
}

page!(CheckRuns { check_runs: CheckRun });
page!(Statuses { statuses: Status });
page!(Runs { workflow_runs: Run });
page!(Jobs { jobs: Job });
page!(Found { items: Repo });

impl<T: serde::de::DeserializeOwned + Send> Page for Vec<T> {
    type Row = T;

    fn rows(self) -> Vec<T> {
        self
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) login: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Team {
    pub(super) slug: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repo {
    pub(super) full_name: String,
    pub(super) default_branch: Option<String>,
    pub(super) archived: Option<bool>,
    pub(super) disabled: Option<bool>,
}

/// A pull request, from its own address, from a list or from a webhook. Lists leave `merged_by` out.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) title: String,
    /// Null where the account was deleted.
    pub(super) user: Option<User>,
    pub(super) html_url: Option<String>,
    pub(super) state: String,
    pub(super) draft: Option<bool>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) merged_at: Option<Timestamp>,
    pub(super) merged_by: Option<User>,
    pub(super) requested_reviewers: Option<Vec<User>>,
    pub(super) requested_teams: Option<Vec<Team>>,
    pub(super) head: Side,
    pub(super) base: Side,
}

/// One side of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Side {
    /// `OWNER:BRANCH`.
    pub(super) label: Option<String>,
    #[serde(rename = "ref")]
    pub(super) branch: String,
    pub(super) sha: String,
    /// Null where the fork was deleted.
    pub(super) repo: Option<RepoName>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RepoName {
    pub(super) full_name: String,
}

/// A review. Its state is in capitals over REST and in small letters in webhooks.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Review {
    pub(super) user: Option<User>,
    pub(super) state: String,
    /// Missing while it is pending.
    pub(super) submitted_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckRun {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) started_at: Option<Timestamp>,
    pub(super) completed_at: Option<Timestamp>,
}

/// A commit status: the older way in which CI servers report.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub(super) context: String,
    pub(super) state: String,
    pub(super) updated_at: Option<Timestamp>,
}

/// A run of an Actions workflow.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Run {
    pub(super) id: u64,
    pub(super) name: Option<String>,
    /// The workflow's file, such as `.github/workflows/ci.yml`, maybe with `@REF`.
    pub(super) path: Option<String>,
    pub(super) display_title: Option<String>,
    pub(super) event: Option<String>,
    pub(super) head_branch: Option<String>,
    pub(super) head_sha: String,
    pub(super) run_number: u64,
    pub(super) run_attempt: Option<u32>,
    pub(super) status: Option<String>,
    pub(super) conclusion: Option<String>,
    pub(super) html_url: Option<String>,
    pub(super) updated_at: Timestamp,
    pub(super) run_started_at: Option<Timestamp>,
    /// Who caused the first attempt.
    pub(super) actor: Option<User>,
    /// Who caused this attempt.
    pub(super) triggering_actor: Option<User>,
    /// Null where the fork was deleted.
    pub(super) head_repository: Option<RepoName>,
    pub(super) head_commit: Option<Commit>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Commit {
    pub(super) message: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Job {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) conclusion: Option<String>,
}
