//! The parts of a repository.

use serde::{Deserialize, Serialize};

/// A part of a repository that can be refused by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Repo,
    Pulls,
    Runs,
    Reviews,
    Checks,
    Statuses,
    Jobs,
    /// What of its runs waits for people.
    Gates,
    /// What people have answered.
    Answers,
}

impl Part {
    /// True for what is asked for by the pull request or run, and not by the repository.
    pub(super) fn is_read_singly(self) -> bool {
        matches!(self, Self::Reviews | Self::Checks | Self::Jobs | Self::Gates | Self::Answers)
    }

    /// What is not seen without it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Repo => "the repository",
            Self::Pulls => "pull requests",
            Self::Runs => "workflow runs",
            Self::Reviews => "reviews",
            Self::Checks => "checks",
            Self::Statuses => "commit statuses",
            Self::Jobs => "jobs",
            Self::Gates => "waiting deployments",
            Self::Answers => "answers to deployments",
        }
    }
}
