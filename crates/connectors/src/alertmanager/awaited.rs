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

    /// Takes in a listing, which was asked for then. Gives back the alerts that it lacks though they were reported before, at the
    /// first `whole` listing that does: it may be behind the webhook. What the next one lacks as well has ended.
    pub(super) fn listed(&self, listed: &BTreeSet<&str>, whole: bool, asked: Timestamp) -> BTreeSet<String> {
        let mut lacking = BTreeSet::new();
        self.alerts().retain(|fingerprint, report| {
            if listed.contains(fingerprint.as_str()) {
                return false;
            }
            if !whole || report.at > asked {
                return true;
            }
            let is_first = !std::mem::replace(&mut report.is_lacking, true);
            if is_first {
                lacking.insert(fingerprint.clone());
            }
            is_first
        });
        lacking
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
        // When a listing is asked for that lacks the alert, whether it is whole -> whether it may be behind.
        let cases = [
            (5, true, false),
            (9, true, false),
            (10, false, false),
            (10, true, true),
            (11, true, false),
            (12, true, false),
        ];
        for (asked, whole, expected) in cases {
            let lacking = awaited.listed(&none, whole, at(asked));
            assert_eq!(lacking.contains("f1"), expected, "at {asked}");
        }
    }

    #[test]
    fn newly_reported_alerts_beyond_the_bound_are_left_to_listings() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let awaited = Awaited::default();
        (0..=KEPT).for_each(|n| awaited.note(&n.to_string(), at(0)));
        let first: Vec<_> = (0..KEPT).map(|n| n.to_string()).collect();
        let listed = first.iter().map(String::as_str).collect();
        assert!(awaited.listed(&listed, true, at(1)).is_empty(), "the last one is not awaited");
    }
}
