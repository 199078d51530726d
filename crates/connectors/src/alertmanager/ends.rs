//! The ends of occurrences that webhooks reported. Alertmanager ends an alert that it has not received for a while. Sent again,
//! that alert fires under its old beginning, or an earlier one: only the time of sending, or a listing that lacked it in between,
//! shows that it is newer than its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// How many ends are remembered: those that were reported last.
const KEPT: usize = 10_000;
/// How many of them outlast the program, in the cursor.
const STORED: usize = 1_000;

/// When an occurrence began and when it ended.
pub(super) type End = (Timestamp, Timestamp);

#[derive(Debug)]
struct Reported {
    end: End,
    /// A whole listing has lacked the alert since.
    is_gone: bool,
}

/// Each alert's last occurrence that ended, by fingerprint.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<BTreeMap<String, Reported>>);

impl Ends {
    fn ends(&self) -> MutexGuard<'_, BTreeMap<String, Reported>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that an occurrence ended.
    pub(super) fn note(&self, fingerprint: &str, began: Timestamp, ended: Timestamp) {
        let (mut ends, end) = (self.ends(), (began, ended));
        if ends.len() >= KEPT && !ends.contains_key(fingerprint) {
            let oldest = ends.iter().min_by_key(|(_, it)| it.end.1).map(|(oldest, _)| oldest.clone());
            if let Some(oldest) = oldest {
                ends.remove(&oldest);
            }
        }
        // Another server of a cluster may report the same once more.
        let is_gone = ends.get(fingerprint).is_some_and(|known| known.end == end && known.is_gone);
        ends.insert(fingerprint.to_owned(), Reported { end, is_gone });
    }

    /// The alert's last end that a webhook reported. What is listed later may have another beginning: Alertmanager keeps the
    /// earliest one of alerts that overlap.
    pub(super) fn of(&self, fingerprint: &str) -> Option<End> {
        self.ends().get(fingerprint).map(|known| known.end)
    }

    /// True where a whole listing has lacked the alert since that end: what is listed after that fires, whenever it was sent.
    pub(super) fn is_gone(&self, fingerprint: &str) -> bool {
        self.ends().get(fingerprint).is_some_and(|known| known.is_gone)
    }

    /// A whole listing had these.
    pub(super) fn listed(&self, fingerprints: &BTreeSet<&str>) {
        for (fingerprint, known) in self.ends().iter_mut() {
            known.is_gone |= !fingerprints.contains(fingerprint.as_str());
        }
    }

    /// Takes in what was stored, as far as nothing newer is known.
    pub(super) fn recall(&self, stored: &BTreeMap<String, End>, gone: &BTreeSet<String>) {
        for (fingerprint, (began, ended)) in stored {
            if self.of(fingerprint).is_some() {
                continue;
            }
            self.note(fingerprint, *began, *ended);
            if let Some(known) = self.ends().get_mut(fingerprint) {
                known.is_gone = gone.contains(fingerprint);
            }
        }
    }

    /// Those to be stored, the last ones, and which of these alerts a whole listing has lacked since.
    pub(super) fn to_store(&self) -> (BTreeMap<String, End>, BTreeSet<String>) {
        let ends = self.ends();
        let mut last: Vec<_> = ends.iter().collect();
        last.sort_by_key(|(_, known)| std::cmp::Reverse(known.end.1));
        last.truncate(STORED);
        let gone = last.iter().filter(|(_, known)| known.is_gone).map(|(of, _)| (*of).clone()).collect();
        (last.into_iter().map(|(of, known)| (of.clone(), known.end)).collect(), gone)
    }
}
