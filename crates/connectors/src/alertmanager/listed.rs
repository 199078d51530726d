//! What the last listing had. The servers of a cluster, or several that take turns behind one address, may each have another
//! beginning of one alert.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// An alert as it was listed last: firing, with a beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// When it began, by that listing.
    pub(super) starts_at: Timestamp,
    /// When the occurrence began: the earliest beginning that it was listed with.
    pub(super) began: Timestamp,
    /// When that listing was asked for.
    pub(super) asked: Timestamp,
}

/// By fingerprint, without those of which the end has been reported since. Not stored: after a start it fills with the first
/// listing.
#[derive(Debug, Default)]
pub(super) struct Listed(Mutex<BTreeMap<String, Row>>);

impl Listed {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<String, Row>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The alert as it was listed last.
    pub(super) fn of(&self, fingerprint: &str) -> Option<Row> {
        self.rows().get(fingerprint).copied()
    }

    /// When the occurrence began of which the alert is reported now, as begun at `starts_at`. What began before the last listing
    /// of it is what that listing had: no end came in between.
    pub(super) fn beginning(&self, fingerprint: &str, starts_at: Timestamp) -> Timestamp {
        match self.of(fingerprint) {
            Some(row) if starts_at <= row.asked.max(row.starts_at) => starts_at.min(row.began),
            _ => starts_at,
        }
    }

    /// Its end was reported.
    pub(super) fn forget(&self, fingerprint: &str) {
        self.rows().remove(fingerprint);
    }

    /// Takes in a listing, and keeps what it lacks and may still fire.
    pub(super) fn replace(&self, rows: BTreeMap<String, Row>, may_fire: impl Fn(&str) -> bool) {
        let mut known = self.rows();
        known.retain(|fingerprint, _| may_fire(fingerprint));
        known.extend(rows);
    }
}
