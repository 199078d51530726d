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
    /// When a webhook last reported that it fires, until a whole listing that was asked for later has lacked it.
    pub(super) reported: Option<Timestamp>,
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

    /// A webhook has reported that it fires.
    pub(super) fn report(&self, fingerprint: &str, now: Timestamp) {
        if let Some(row) = self.rows().get_mut(fingerprint) {
            row.reported = Some(now);
        }
    }

    /// Its end was reported.
    pub(super) fn forget(&self, fingerprint: &str) {
        self.rows().remove(fingerprint);
    }

    /// Takes in a listing, which was asked for then, and keeps what it lacks and may still fire: anything where it is not
    /// `whole`, else what a webhook has reported since, which the first listing may not have yet.
    pub(super) fn replace(&self, rows: BTreeMap<String, Row>, whole: bool, asked: Timestamp) {
        let mut known = self.rows();
        if whole {
            known.retain(|_, row| {
                let reported = row.reported;
                row.reported = reported.filter(|at| *at > asked);
                reported.is_some()
            });
        }
        known.extend(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    /// What comes of an alert that one server has as begun at minute 10.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// A listing that has it.
        Lists,
        /// A whole listing without it.
        Lacks,
        /// A whole listing without it that was asked for at that minute.
        LacksAsOf(i64),
        /// A listing that cannot be read in full, without it.
        LacksInPart,
        /// A webhook reports that it fires.
        Fires,
        /// A webhook reports its end.
        Ends,
    }

    #[test]
    fn beginning_is_known_until_a_listing_shows_that_the_alert_is_over() {
        use Step::*;
        // What comes, minute by minute from 20 on -> whether an alert that is reported as begun at 15 is the one of 10.
        let cases: [(&[Step], bool); 12] = [
            (&[], false),
            (&[Fires], false),
            (&[Lists], true),
            (&[Lists, Lacks], false),
            (&[Lists, LacksInPart], true),
            (&[Lists, Fires, Lacks], true),
            (&[Lists, Fires, Lacks, Lacks], false),
            (&[Lists, Fires, Lacks, Fires, Lacks], true),
            (&[Lists, Fires, Lists, Lacks], false),
            (&[Lists, Fires, LacksAsOf(20), Lacks], true),
            (&[Lists, Fires, LacksAsOf(20), Lacks, Lacks], false),
            (&[Lists, Fires, Ends, Lacks], false),
        ];
        for (steps, is_known) in cases {
            let listed = Listed::default();
            for (now, step) in (20..).map(at).zip(steps) {
                let row = Row { starts_at: at(10), began: at(10), asked: now, reported: None };
                match *step {
                    Lists => listed.replace([("a".to_owned(), row)].into(), true, now),
                    Lacks => listed.replace(BTreeMap::new(), true, now),
                    LacksAsOf(minute) => listed.replace(BTreeMap::new(), true, at(minute)),
                    LacksInPart => listed.replace(BTreeMap::new(), false, now),
                    Fires => listed.report("a", now),
                    Ends => listed.forget("a"),
                }
            }
            let expected = if is_known { at(10) } else { at(15) };
            assert_eq!(listed.beginning("a", at(15)), expected, "{steps:?}");
        }
    }
}
