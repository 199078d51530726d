//! Builds that are gone although their runs may still be listed.

use std::collections::BTreeMap;

use callboard_domain::source::GoneReason;
use serde::{Deserialize, Serialize};

use super::{board_build::BoardBuild, run_position::RunPosition};

/// How many are remembered of each repository; beyond that those with the oldest runs are left to the lists.
const KEPT: usize = 100;

/// A build that is gone: a newer run brings it back, or the end of what it is gone for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredGoneBuild")]
pub(super) struct GoneBuild {
    /// The newest run at that time.
    newest: RunPosition,
    /// Why it is gone.
    pub(super) reason: GoneReason,
    /// The run that made it red, or the newest; none in the cursors of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<u64>,
    /// Its branch, where it is one of the repository's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StoredGoneBuild {
    Whole {
        newest: RunPosition,
        reason: GoneReason,
        run: Option<u64>,
        branch: Option<String>,
        workflow: Option<u64>,
    },
    /// Earlier versions did not keep why.
    Position(RunPosition),
}

impl From<StoredGoneBuild> for GoneBuild {
    fn from(stored: StoredGoneBuild) -> Self {
        match stored {
            StoredGoneBuild::Whole { newest, reason, run, branch, workflow } => {
                Self { newest, reason, run, branch, workflow }
            }
            StoredGoneBuild::Position(newest) => {
                Self { newest, reason: GoneReason::Deleted, run: None, branch: None, workflow: None }
            }
        }
    }
}

/// What a build is gone for, as far as it can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause<'a> {
    /// This branch was deleted.
    NoBranch(&'a str),
    /// This branch is not the default one.
    NotDefault(&'a str),
    /// The workflow of this number is disabled or deleted.
    Workflow(u64),
}

impl GoneBuild {
    pub(super) fn new(build: &BoardBuild, reason: GoneReason) -> Self {
        let BoardBuild { run, newest, ref branch, workflow, .. } = *build;
        Self { newest, reason, run: Some(run), branch: branch.clone(), workflow }
    }

    /// True where that run is not newer: by itself it does not bring the build back.
    fn covers(&self, run: RunPosition) -> bool {
        !run.is_after(self.newest)
    }

    /// What it is gone for, where that can end; `id` is the build's.
    pub(super) fn cause<'a>(&'a self, id: &'a str) -> Option<Cause<'a>> {
        match &self.reason {
            GoneReason::BranchDeleted => self.branch(id).map(Cause::NoBranch),
            GoneReason::NotDefaultBranch => self.branch(id).map(Cause::NotDefault),
            GoneReason::Disabled | GoneReason::Deleted => self.workflow.map(Cause::Workflow),
            GoneReason::NotListed | GoneReason::NotWatched | GoneReason::Renamed { .. } => None,
        }
    }

    /// Earlier versions did not keep it: it follows from the id. A fork's has a colon there, which no branch's name has.
    fn branch<'a>(&'a self, id: &'a str) -> Option<&'a str> {
        let of_id = || id.split_once('@').map(|(_, branch)| branch).filter(|branch| !branch.contains(':'));
        self.branch.as_deref().or_else(of_id)
    }
}

/// The builds of a repository that are gone, by their ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct GoneBuilds(BTreeMap<String, GoneBuild>);

impl GoneBuilds {
    pub(super) fn get(&self, id: &str) -> Option<&GoneBuild> {
        self.0.get(id)
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// True where that run, or a later one, was known when the build went.
    pub(super) fn covers(&self, id: &str, run: RunPosition) -> bool {
        self.get(id).is_some_and(|gone| gone.covers(run))
    }

    /// True where a build is gone because that branch was deleted.
    pub(super) fn has_lost(&self, branch: &str) -> bool {
        self.causes().any(|(_, cause)| cause == Cause::NoBranch(branch))
    }

    /// Those that can be back without a newer run, and what they are gone for.
    pub(super) fn causes(&self) -> impl Iterator<Item = (&str, Cause<'_>)> {
        self.0.iter().filter_map(|(id, gone)| Some((id.as_str(), gone.cause(id)?)))
    }

    pub(super) fn insert(&mut self, id: String, gone: GoneBuild) {
        self.0.insert(id, gone);
        // Branches are deleted every day. The others are few, and their runs may be listed for long.
        let of_branches =
            |(id, gone): &(&String, &GoneBuild)| matches!(gone.cause(id), Some(Cause::NoBranch(_)));
        while self.0.len() > KEPT {
            let oldest = self.0.iter().filter(of_branches).min_by_key(|(_, gone)| gone.run);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else { break };
            self.0.remove(&id);
        }
    }

    /// Keeps those that match.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&str, &GoneBuild) -> bool) {
        self.0.retain(|id, gone| is_kept(id, gone));
    }

    /// Takes out those that match.
    pub(super) fn take(&mut self, is_taken: impl Fn(&str, &GoneBuild) -> bool) -> Vec<GoneBuild> {
        self.0.extract_if(.., |id, gone| is_taken(id, gone)).map(|(_, gone)| gone).collect()
    }

    /// Gives each another id.
    pub(super) fn rename(&mut self, new_id: impl Fn(&str) -> String) {
        self.0 = std::mem::take(&mut self.0).into_iter().map(|(id, gone)| (new_id(&id), gone)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gone_builds_of_earlier_versions_are_read() {
        // what is stored -> why it is gone
        let cases = [
            (r#"[13,1]"#, GoneReason::Deleted),
            (r#"{"id":13,"number":13,"attempt":1}"#, GoneReason::Deleted),
            (r#"{"id":null,"number":13,"attempt":1}"#, GoneReason::Deleted),
            (
                r#"{"newest":{"id":13,"number":13,"attempt":1},"reason":{"reason":"branch_deleted"}}"#,
                GoneReason::BranchDeleted,
            ),
            (
                r#"{"newest":{"id":13,"number":13,"attempt":1},"reason":{"reason":"disabled"},"run":12,"workflow":9}"#,
                GoneReason::Disabled,
            ),
        ];
        for (stored, reason) in cases {
            let gone: GoneBuild = serde_json::from_str(stored).unwrap();
            assert_eq!(gone.reason, reason, "{stored}");
            let again = serde_json::from_str::<GoneBuild>(&serde_json::to_string(&gone).unwrap());
            assert_eq!(again.unwrap(), gone, "{stored}");
            for (attempt, covered) in [(1, true), (2, false)] {
                let run = format!(r#"{{"id":13,"number":13,"attempt":{attempt}}}"#);
                let run = serde_json::from_str(&run).unwrap();
                assert_eq!(gone.covers(run), covered, "{stored} {attempt}");
            }
        }
    }

    /// The build's id, why it is gone, its branch and workflow as far as they were kept -> what can bring it back.
    #[test]
    fn cause_follows_from_what_was_kept_or_from_the_id() {
        use GoneReason::{BranchDeleted, Deleted, Disabled, NotDefaultBranch};
        let main = "acme/web/ci@main";
        let cases = [
            (main, BranchDeleted, Some("main"), Some(9), Some(Cause::NoBranch("main"))),
            (main, BranchDeleted, None, None, Some(Cause::NoBranch("main"))),
            ("acme/web/ci@a@b", BranchDeleted, None, None, Some(Cause::NoBranch("a@b"))),
            ("acme/web/to@eu@main", BranchDeleted, Some("main"), None, Some(Cause::NoBranch("main"))),
            ("acme/web/ci@eve:main", BranchDeleted, None, None, None),
            (main, NotDefaultBranch, Some("main"), Some(9), Some(Cause::NotDefault("main"))),
            (main, NotDefaultBranch, None, None, Some(Cause::NotDefault("main"))),
            (main, Disabled, Some("main"), Some(9), Some(Cause::Workflow(9))),
            ("acme/web/ci@eve:main", Deleted, None, Some(9), Some(Cause::Workflow(9))),
            ("acme/web/ci#41", Deleted, None, None, None),
            (main, GoneReason::NotWatched, Some("main"), Some(9), None),
        ];
        for (id, reason, branch, workflow, expected) in cases {
            let build = BoardBuild { branch: branch.map(str::to_owned), workflow, ..BoardBuild::default() };
            assert_eq!(GoneBuild::new(&build, reason.clone()).cause(id), expected, "{id} {reason}");
        }
    }

    #[test]
    fn the_oldest_of_too_many_are_left_out() {
        let mut builds = GoneBuilds::default();
        let many = u64::try_from(KEPT).unwrap();
        for run in (1..=many + 2).rev() {
            let build = BoardBuild { run, ..BoardBuild::default() };
            builds.insert(format!("acme/web/ci@b{run}"), GoneBuild::new(&build, GoneReason::BranchDeleted));
        }
        let left_out: Vec<_> =
            (1..=many + 2).filter(|run| !builds.contains(&format!("acme/web/ci@b{run}"))).collect();
        assert_eq!(left_out, [1, 2]);
    }
}
