//! The input steps that waited when they were last seen, and what became of those that do not any more. Pure.

use std::collections::{BTreeMap, BTreeSet};

use callboard_domain::item::User;
use serde::{Deserialize, Serialize};

use super::Ending;
use crate::jenkins::job::JobName;

/// How many are remembered. One more is shown all the same, and leaves with a complete listing that lacks it.
const KEPT: usize = 1_000;

/// What waited, by job and build.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::jenkins) struct OpenInputs(BTreeMap<String, BTreeMap<u64, OpenBuild>>);

/// The input steps of a build.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OpenBuild {
    /// Those that wait.
    pub(super) waits: BTreeSet<String>,
    /// Those that wait no more while their build goes on, where nobody is known to have said yes: its end may show who said no.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) left: BTreeSet<String>,
    /// How often somebody had said yes in this build by then.
    pub(super) approvals: usize,
}

/// What became of an input step that does not wait any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Somebody said yes; who, where that is certain.
    Approved(Option<User>),
    /// That person said no.
    Denied(User),
    /// Its build has ended, and Jenkins does not say how it was answered.
    Ended,
    /// Its build goes on, and nobody is known to have said yes: it timed out, or somebody said no.
    Left,
}

impl OpenInputs {
    pub(super) fn of(&self, job: &JobName, number: u64) -> Option<&OpenBuild> {
        self.0.get(&job.to_string())?.get(&number)
    }

    /// Each build, with its job.
    pub(super) fn builds(&self) -> impl Iterator<Item = (&str, u64, &OpenBuild)> {
        let of_job = |(job, builds)| {
            let job: &String = job;
            let builds: &BTreeMap<u64, OpenBuild> = builds;
            builds.iter().map(move |(number, build)| (job.as_str(), *number, build))
        };
        self.0.iter().flat_map(of_job)
    }

    /// Remembers a build, where there is anything to remember.
    pub(super) fn keep(&mut self, job: &str, number: u64, build: OpenBuild) {
        let kept: usize = self.builds().map(|(_, _, build)| build.waits.len() + build.left.len()).sum();
        if !build.is_empty() && kept + build.waits.len() + build.left.len() <= KEPT {
            self.0.entry(job.to_owned()).or_default().insert(number, build);
        }
    }
}

impl OpenBuild {
    fn is_empty(&self) -> bool {
        self.waits.is_empty() && self.left.is_empty()
    }

    /// What became of those that have `vanished`, and with the end of their build of those that did so before. `None` where
    /// the build is about to say how it ended.
    ///
    /// Jenkins says who said yes or no in a build, not to which step. So an answer counts only where it can be of no other
    /// step that was seen to wait: in doubt nothing was approved, and nothing denied.
    pub(super) fn fates(&self, vanished: &BTreeSet<String>, ending: &Ending) -> Option<Vec<(String, Fate)>> {
        let new = ending.approvals.get(self.approvals..).unwrap_or_default();
        let all = |fate: Fate| vanished.iter().map(|id| (id.clone(), fate.clone())).collect::<Vec<_>>();
        // Where there are more, one was of a step that was never seen, and nothing says which.
        if !vanished.is_empty() && vanished.len() == new.len() {
            let first = new.first().cloned().flatten();
            return Some(all(Fate::Approved(first.filter(|_| new.iter().all(|by| Some(by) == new.first())))));
        }
        if ending.building {
            return Some(all(Fate::Left));
        }
        if !ending.over {
            return None;
        }
        let mut unanswered = vanished.iter().chain(&self.left);
        let only = unanswered.next().filter(|_| unanswered.next().is_none());
        match (only, &ending.rejected_by[..]) {
            (Some(id), [by]) if new.is_empty() => Some(vec![(id.clone(), Fate::Denied(by.clone()))]),
            _ => Some(all(Fate::Ended)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    /// How a build is, who said yes in it and who no; what waited when one had said yes, what has vanished -> what became of it.
    #[test]
    fn answer_counts_only_where_it_can_be_of_no_other_step() {
        const GOES_ON: (bool, bool) = (true, false);
        const OVER: (bool, bool) = (false, true);
        const NO_RESULT: (bool, bool) = (false, false);
        let by = |name: &str| User::named(name);
        let yes = |name: &str| Fate::Approved(Some(by(name)));
        type Case = (
            (bool, bool),
            &'static [&'static str],
            &'static [&'static str],
            &'static [&'static str],
            &'static [&'static str],
        );
        type Fates = Option<Vec<(&'static str, Fate)>>;
        let cases: [(Case, Fates); 19] = [
            ((GOES_ON, &["kim", "ana"], &[], &["A"], &[]), Some(vec![("A", yes("ana"))])),
            ((OVER, &["kim", "ana"], &[], &["A"], &[]), Some(vec![("A", yes("ana"))])),
            ((NO_RESULT, &["kim", "ana"], &[], &["A"], &[]), Some(vec![("A", yes("ana"))])),
            // Whatever became of the build after it.
            ((OVER, &["kim", "ana"], &["bo"], &["A"], &[]), Some(vec![("A", yes("ana"))])),
            (
                (GOES_ON, &["kim", "ana", "ana"], &[], &["A", "B"], &[]),
                Some(vec![("A", yes("ana")), ("B", yes("ana"))]),
            ),
            (
                (GOES_ON, &["kim", "ana", "bo"], &[], &["A", "B"], &[]),
                Some(vec![("A", Fate::Approved(None)), ("B", Fate::Approved(None))]),
            ),
            // One came and went between two polls: nothing says whose yes was to which.
            ((GOES_ON, &["kim", "ana", "bo"], &[], &["A"], &[]), Some(vec![("A", Fate::Left)])),
            ((GOES_ON, &["kim", ""], &[], &["A"], &[]), Some(vec![("A", Fate::Approved(None))])),
            // One of two: it is not known which.
            (
                (GOES_ON, &["kim", "ana"], &[], &["A", "B"], &[]),
                Some(vec![("A", Fate::Left), ("B", Fate::Left)]),
            ),
            (
                (OVER, &["kim", "ana"], &["bo"], &["A", "B"], &[]),
                Some(vec![("A", Fate::Ended), ("B", Fate::Ended)]),
            ),
            ((GOES_ON, &["kim"], &[], &["A"], &[]), Some(vec![("A", Fate::Left)])),
            // The list of who said yes was cut.
            ((GOES_ON, &[], &[], &["A"], &[]), Some(vec![("A", Fate::Left)])),
            ((NO_RESULT, &["kim"], &[], &["A"], &[]), None),
            ((OVER, &["kim"], &[], &["A"], &[]), Some(vec![("A", Fate::Ended)])),
            ((OVER, &["kim"], &["bo"], &["A"], &[]), Some(vec![("A", Fate::Denied(by("bo")))])),
            ((OVER, &["kim"], &["bo", "ana"], &["A"], &[]), Some(vec![("A", Fate::Ended)])),
            ((OVER, &["kim"], &["bo"], &["A"], &["B"]), Some(vec![("A", Fate::Ended)])),
            ((OVER, &["kim"], &["bo"], &[], &["B"]), Some(vec![("B", Fate::Denied(by("bo")))])),
            ((OVER, &["kim", "ana"], &["bo"], &[], &["B"]), Some(vec![])),
        ];
        for ((state, approved, rejected, vanished, left), expected) in cases {
            let (building, over) = state;
            let named = |name: &&str| Some(by(name)).filter(|_| !name.is_empty());
            let ending = Ending {
                building,
                over,
                result: None,
                approvals: approved.iter().map(named).collect(),
                rejected_by: rejected.iter().map(|name| by(name)).collect(),
            };
            let open = OpenBuild { waits: set(&["A", "B"]), left: set(left), approvals: 1 };
            let expected =
                expected.map(|fates| fates.into_iter().map(|(id, fate)| (id.to_owned(), fate)).collect());
            assert_eq!(open.fates(&set(vanished), &ending), expected, "{ending:?} {vanished:?} {left:?}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut open = OpenInputs::default();
        let of = |ids: &[&str]| OpenBuild { waits: set(ids), ..OpenBuild::default() };
        for number in 1..=2_000 {
            open.keep("web", number, of(&["A"]));
        }
        assert_eq!(open.builds().count(), KEPT);
        let mut open = OpenInputs::default();
        open.keep("web", 1, OpenBuild { approvals: 3, ..OpenBuild::default() });
        assert_eq!(open, OpenInputs::default(), "nothing waits");
    }
}
