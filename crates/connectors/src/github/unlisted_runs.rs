//! Runs that must be asked for one by one: those under way that left the page of runs, those that a list should have,
//! and those that a webhook reported.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a run that only a webhook has shown is stored. No ETag is a bare word: RFC 9110, 8.8.3.
const REPORTED: &str = "reported";

/// How many are kept of each repository; beyond that the oldest are left to the lists.
const KEPT: usize = 500;

/// The result of asking for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<String>", into = "Option<String>")]
pub(super) enum UnlistedRun {
    /// It was not asked for yet.
    New,
    /// The same, and nothing but a webhook has shown it.
    Reported,
    /// It was asked for, and could not be read, or was not there yet.
    Unread,
    /// It was read, with this ETag.
    Read(String),
}

impl UnlistedRun {
    /// True where it was not asked for yet.
    pub(super) fn is_new(&self) -> bool {
        match self {
            Self::New | Self::Reported => true,
            Self::Unread | Self::Read(_) => false,
        }
    }
}

impl From<Option<String>> for UnlistedRun {
    fn from(stored: Option<String>) -> Self {
        match stored {
            None => Self::New,
            Some(etag) if etag.is_empty() => Self::Unread,
            Some(etag) if etag == REPORTED => Self::Reported,
            Some(etag) => Self::Read(etag),
        }
    }
}

impl From<UnlistedRun> for Option<String> {
    fn from(run: UnlistedRun) -> Self {
        match run {
            UnlistedRun::New => None,
            UnlistedRun::Reported => Some(REPORTED.to_owned()),
            UnlistedRun::Unread => Some(String::new()),
            UnlistedRun::Read(etag) => Some(etag),
        }
    }
}

/// By the runs' ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct UnlistedRuns(BTreeMap<u64, UnlistedRun>);

impl UnlistedRuns {
    /// The newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = (u64, &UnlistedRun)> {
        self.0.iter().rev().map(|(id, run)| (*id, run))
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.0.contains_key(&id)
    }

    /// True for a run that is still to be read.
    pub(super) fn awaits(&self, id: u64) -> bool {
        self.contains(id) && self.etag(id).is_none()
    }

    /// The ETag with which a run was read.
    pub(super) fn etag(&self, id: u64) -> Option<&str> {
        match self.0.get(&id)? {
            UnlistedRun::Read(etag) => Some(etag),
            UnlistedRun::New | UnlistedRun::Reported | UnlistedRun::Unread => None,
        }
    }

    /// True for a run that nothing but a webhook has shown.
    pub(super) fn is_only_reported(&self, id: u64) -> bool {
        self.0.get(&id) == Some(&UnlistedRun::Reported)
    }

    /// Adds a run that a webhook reported, to be asked for anew.
    pub(super) fn report(&mut self, id: u64) {
        let is_known = self.contains(id) && !self.is_only_reported(id);
        self.insert(id, if is_known { UnlistedRun::New } else { UnlistedRun::Reported });
    }

    /// Takes note of a run.
    pub(super) fn insert(&mut self, id: u64, run: UnlistedRun) {
        self.0.insert(id, run);
        while self.0.len() > KEPT {
            self.0.pop_first();
        }
    }

    /// Adds a run to ask for, unless it is there already.
    pub(super) fn add(&mut self, id: u64) {
        if !self.contains(id) {
            self.insert(id, UnlistedRun::New);
        }
    }

    /// Takes note that a run could not be read now; what was read of it before still counts.
    pub(super) fn fail(&mut self, id: u64) {
        if self.etag(id).is_none() {
            self.insert(id, UnlistedRun::Unread);
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.0.remove(&id);
    }

    /// Keeps the runs that match.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.0.retain(|id, _| keep(*id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_of_earlier_versions_are_read_and_nothing_else_is_written() {
        let stored = r#"{"6":"reported","7":null,"8":"","9":"W/\"1\""}"#;
        let runs: UnlistedRuns = serde_json::from_str(stored).unwrap();
        let read: Vec<_> = runs.newest_first().map(|(id, run)| (id, run.clone())).collect();
        assert_eq!(
            read,
            [
                (9, UnlistedRun::Read("W/\"1\"".to_owned())),
                (8, UnlistedRun::Unread),
                (7, UnlistedRun::New),
                (6, UnlistedRun::Reported)
            ]
        );
        assert_eq!(serde_json::to_string(&runs).unwrap(), stored);
    }

    #[test]
    fn the_oldest_of_too_many_are_left_out() {
        let mut runs = UnlistedRuns::default();
        let many = u64::try_from(KEPT).unwrap();
        (1..=many).for_each(|id| runs.add(id));
        runs.insert(many + 1, UnlistedRun::New);
        runs.fail(many + 2);
        runs.add(1);
        let kept: Vec<_> = runs.newest_first().map(|(id, _)| id).collect();
        assert_eq!((kept.len(), kept.first(), kept.last()), (KEPT, Some(&(many + 2)), Some(&3)));
    }

    #[test]
    fn a_run_that_cannot_be_read_now_keeps_what_was_read() {
        let mut runs = UnlistedRuns::default();
        runs.insert(1, UnlistedRun::Read("W/1".to_owned()));
        runs.add(2);
        (1..=3).for_each(|id| runs.fail(id));
        (1..=3).for_each(|id| runs.add(id));
        assert_eq!([0, 1, 2, 3].map(|id| runs.awaits(id)), [false, false, true, true]);
        let etags: Vec<_> = runs.newest_first().map(|(_, run)| run.clone()).collect();
        assert_eq!(etags, [UnlistedRun::Unread, UnlistedRun::Unread, UnlistedRun::Read("W/1".to_owned())]);
    }
}
