//! The parts of a run and its repository that both the cursor and the claims of webhooks keep.

use serde::{Deserialize, Serialize};

/// A repository's proper name and default branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RepoDescription {
    pub(super) name: String,
    pub(super) default_branch: Option<String>,
    /// GitHub's number for it, which it keeps when it is renamed or moved.
    #[serde(default)]
    pub(super) id: Option<u64>,
    /// Archived or disabled: nothing in it needs anybody.
    #[serde(default)]
    pub(super) closed: bool,
    /// GitHub does not say which branch is the default one: it is the one that was known, if any was.
    #[serde(rename = "default_unsaid", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) default_unknown: bool,
}

/// A run on the board.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct BoardRun {
    /// Its build's id.
    pub(super) build: String,
    pub(super) number: u64,
    /// Its branch, where it is one of the repository's own.
    #[serde(default)]
    pub(super) branch: Option<String>,
}

impl BoardRun {
    /// True where this run, whose id is `run`, was put on the board while its branch was not known, or whose that is.
    pub(super) fn is_branchless(&self, run: u64) -> bool {
        let id = self.build.rsplit_once('#').map(|(_, id)| id.parse::<u64>());
        self.branch.is_none() && id == Some(Ok(run))
    }
}

/// The id that a pull request, build or approval of the repository `old` has under the name `new`.
pub(super) fn renamed_id(id: &str, old: &str, new: &str) -> Option<String> {
    let rest = id.strip_prefix(old)?;
    rest.starts_with(['/', '#']).then(|| format!("{new}{rest}"))
}
