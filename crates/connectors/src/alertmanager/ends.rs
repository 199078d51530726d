//! The ends of occurrences that webhooks reported. Alertmanager ends an alert that it has not received for a while. Sent again,
//! that alert fires under its old beginning, or an earlier one, and only the time of sending shows that it is newer than its end.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// How many ends are remembered: those that were reported last.
const KEPT: usize = 10_000;
/// How many of them outlast the program, in the cursor.
const STORED: usize = 1_000;

/// When an occurrence began and when it ended.
pub(super) type End = (Timestamp, Timestamp);

/// Each alert's last occurrence that ended, by fingerprint.
#[derive(Debug, Default)]
pub(super) struct Ends(Mutex<BTreeMap<String, End>>);

impl Ends {
    /// Remembers that an occurrence ended.
    pub(super) fn note(&self, fingerprint: &str, began: Timestamp, ended: Timestamp) {
        let mut ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.len() >= KEPT && !ends.contains_key(fingerprint) {
            let oldest = ends.iter().min_by_key(|(_, (_, ended))| *ended).map(|(oldest, _)| oldest.clone());
            if let Some(oldest) = oldest {
                ends.remove(&oldest);
            }
        }
        ends.insert(fingerprint.to_owned(), (began, ended));
    }

    /// The alert's last end that a webhook reported. What is listed later may have another beginning: Alertmanager keeps the
    /// earliest one of alerts that overlap.
    pub(super) fn of(&self, fingerprint: &str) -> Option<End> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ends.get(fingerprint).copied()
    }

    /// Takes in what was stored, as far as nothing newer is known.
    pub(super) fn recall(&self, stored: &BTreeMap<String, End>) {
        for (fingerprint, (began, ended)) in stored {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(fingerprint);
            if !known {
                self.note(fingerprint, *began, *ended);
            }
        }
    }

    /// Those to be stored: the last ones.
    pub(super) fn to_store(&self) -> BTreeMap<String, End> {
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last: Vec<_> = ends.iter().map(|(of, end)| (of.clone(), *end)).collect();
        last.sort_by_key(|(_, (_, ended))| std::cmp::Reverse(*ended));
        last.truncate(STORED);
        last.into_iter().collect()
    }
}
