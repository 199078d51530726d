//! Alerts that webhooks report before they are listed: the servers of a cluster, or several that take turns behind one address,
//! hear of an alert one after the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

/// How many are remembered. Beyond that, listings alone decide.
const KEPT: usize = 10_000;

#[derive(Debug)]
struct Report {
    at: Timestamp,
    /// A whole listing has lacked the alert since.
    is_lacking: bool,
}

/// The alerts that fire by webhook and that no listing has had since, by fingerprint. Not stored: the worst is that an alert
/// ends at once, and is back.
#[derive(Debug, Default)]
pub(super) struct Awaited(Mutex<BTreeMap<String, Report>>);

impl Awaited {
    fn alerts(&self) -> MutexGuard<'_, BTreeMap<String, Report>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A webhook has reported that it fires.
    pub(super) fn note(&self, fingerprint: &str, now: Timestamp) {
        let mut alerts = self.alerts();
        if alerts.len() < KEPT || alerts.contains_key(fingerprint) {
            alerts.insert(fingerprint.to_owned(), Report { at: now, is_lacking: false });
        }
    }

    /// Its end was reported.
    pub(super) fn forget(&self, fingerprint: &str) {
        self.alerts().remove(fingerprint);
    }

    /// Takes in a whole listing, which was asked for then. True where it is behind a webhook: it lacks an alert that was reported
    /// before, and is the first one that does. What the next one lacks as well has ended.
    pub(super) fn is_behind(&self, listed: &BTreeSet<&str>, asked: Timestamp) -> bool {
        let mut is_behind = false;
        self.alerts().retain(|fingerprint, report| {
            if listed.contains(fingerprint.as_str()) {
                return false;
            }
            if report.at > asked {
                return true;
            }
            let is_first = !std::mem::replace(&mut report.is_lacking, true);
            is_behind |= is_first;
            is_first
        });
        is_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listing_shows_nothing_of_what_is_reported_after_it_was_asked_for() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let (awaited, none) = (Awaited::default(), BTreeSet::new());
        awaited.note("f1", at(10));
        // When a listing is asked for that lacks the alert -> whether it is behind.
        for (asked, expected) in [(5, false), (9, false), (10, true), (11, false), (12, false)] {
            assert_eq!(awaited.is_behind(&none, at(asked)), expected, "at {asked}");
        }
    }

    #[test]
    fn newly_reported_alerts_beyond_the_bound_are_left_to_listings() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let awaited = Awaited::default();
        (0..=KEPT).for_each(|n| awaited.note(&n.to_string(), at(0)));
        let first: Vec<_> = (0..KEPT).map(|n| n.to_string()).collect();
        let listed = first.iter().map(String::as_str).collect();
        assert!(!awaited.is_behind(&listed, at(1)), "the last one is not awaited");
    }
}
