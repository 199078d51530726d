//! When alerts without a beginning were first seen, by a poll or a webhook: both then report one occurrence.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// How many are remembered between two polls. Of one that is not, each webhook reports another occurrence.
const KEPT: usize = 10_000;

/// By fingerprint.
#[derive(Debug, Default)]
pub(super) struct FirstSeen(Mutex<BTreeMap<String, Timestamp>>);

impl FirstSeen {
    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When it was first seen; now where it was not yet.
    pub(super) fn note(&self, fingerprint: &str, now: Timestamp) -> Timestamp {
        let mut seen = self.seen();
        match seen.get(fingerprint) {
            Some(at) => *at,
            None => {
                if seen.len() < KEPT {
                    seen.insert(fingerprint.to_owned(), now);
                }
                now
            }
        }
    }

    /// When it was first seen, where it was.
    pub(super) fn of(&self, fingerprint: &str) -> Option<Timestamp> {
        self.seen().get(fingerprint).copied()
    }

    /// It has ended: the next occurrence is another.
    pub(super) fn forget(&self, fingerprint: &str) {
        self.seen().remove(fingerprint);
    }

    /// Takes over what a poll listed that began then; what was seen since is kept.
    pub(super) fn listed(&self, listed: BTreeMap<String, Timestamp>, began_at: Timestamp) {
        let mut seen = self.seen();
        seen.retain(|_, at| *at >= began_at);
        seen.extend(listed);
    }
}
