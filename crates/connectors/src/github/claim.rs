//! What a webhook reports and only a poll can check.

use serde::{Deserialize, Serialize};

use super::{
    board_run::{BoardRun, RepoDescription},
    gates::ReportedGates,
    wire,
};

/// What the next poll has to ask for: a repository or branch that may be gone or back, or the run or pull request that
/// was reported. A webhook may be late: its subject may be gone, and is as a poll reads it then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Claim {
    /// The repository's full name in small letters, as the webhook has it.
    repo: String,
    /// GitHub's number for it, where the webhook has one.
    #[serde(default)]
    id: Option<u64>,
    /// The branch.
    #[serde(default)]
    pub(super) branch: Option<String>,
    /// The run; none in the cursors of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<u64>,
    /// How the webhook put that run on the board, where no poll had done so, or not under its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) on_board: Option<BoardRun>,
    /// True where the webhook leaves out how that run ended, or its branch: a list may leave it out too.
    #[serde(rename = "is_unsaid", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_incomplete: bool,
    /// What the webhook reports of the run's gates, where it may concern them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gates: Option<ReportedGates>,
    /// The pull request's number, and its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pull: Option<(u64, String)>,
}

impl Claim {
    /// Of the repository itself.
    pub(super) fn of_repo(repo: &wire::Repo) -> Self {
        Self {
            repo: repo.full_name.to_ascii_lowercase(),
            id: repo.id,
            branch: None,
            run: None,
            on_board: None,
            is_incomplete: false,
            gates: None,
            pull: None,
        }
    }

    /// Of a branch.
    pub(super) fn of_branch(repo: &wire::Repo, branch: String) -> Self {
        Self { branch: Some(branch), ..Self::of_repo(repo) }
    }

    /// Of a run, which the webhook put on the board in that way where no poll did before.
    pub(super) fn of_run(repo: &wire::Repo, run: u64, on_board: Option<BoardRun>) -> Self {
        Self { run: Some(run), on_board, ..Self::of_repo(repo) }
    }

    /// The same of a run that the webhook describes incompletely.
    pub(super) fn of_incomplete_run(repo: &wire::Repo, run: u64, on_board: Option<BoardRun>) -> Self {
        Self { is_incomplete: true, ..Self::of_run(repo, run, on_board) }
    }

    /// The same, and of that run's gates.
    pub(super) fn and_gates(self, gates: Option<ReportedGates>) -> Self {
        Self { gates, ..self }
    }

    /// Of a pull request.
    pub(super) fn of_pull(repo: &wire::Repo, pull: &wire::Pull) -> Self {
        Self { pull: Some((pull.number, pull.head.sha.clone())), ..Self::of_repo(repo) }
    }

    /// True where the repository itself is to be asked for: it is gone or back, or one of its branches is.
    pub(super) fn asks_for_repo(&self) -> bool {
        self.run.is_none() && self.pull.is_none()
    }

    /// True where it may be of the repository with that key, whatever it is called now.
    pub(super) fn is_of(&self, key: &str, described: Option<&RepoDescription>) -> bool {
        let is_described = |it: &RepoDescription| {
            it.name.eq_ignore_ascii_case(&self.repo) || it.id.is_some() && it.id == self.id
        };
        self.repo == key || described.is_some_and(is_described)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_earlier_versions_are_read() {
        let stored = [
            (r#"{"repo":"acme/web","id":7,"branch":"late"}"#, true),
            (r#"{"repo":"acme/web"}"#, true),
            (r#"{"repo":"acme/web","id":null,"branch":null,"run":31}"#, false),
        ];
        let later = ["on_board", "is_unsaid", "gates", "pull"];
        for (stored, asks_for_repo) in stored {
            let claim: Claim = serde_json::from_str(stored).unwrap();
            assert_eq!(claim.asks_for_repo(), asks_for_repo, "{stored}");
            let written = serde_json::to_string(&claim).unwrap();
            assert_eq!(serde_json::from_str::<Claim>(&written).unwrap(), claim);
            assert!(later.iter().all(|field| !written.contains(field)), "{written}");
        }
    }
}
