//! What could not be recorded of each account. It is known in memory alone: the store, which would say it, is what fails.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use callboard_domain::item::AccountName;
use jiff::Timestamp;

use crate::store::StoreError;

/// Since when what is reported of an account is not recorded, and why the last report was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unrecorded {
    pub(crate) since: Timestamp,
    pub(crate) error: StoreError,
}

/// The accounts of which a poll or a webhook could not be recorded, until a poll is. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnrecordedReports {
    accounts: Arc<Mutex<BTreeMap<AccountName, Unrecorded>>>,
}

impl UnrecordedReports {
    /// A poll or a webhook of that time, or that a poll failed, was not recorded. False where that means nothing.
    pub(super) fn failed(&self, account: &AccountName, error: &StoreError, at: Timestamp) -> bool {
        // One has much to do for a moment, the other is that of a program which ends.
        if matches!(error, StoreError::Busy | StoreError::Closed) {
            return false;
        }
        let mut accounts = self.accounts();
        let since = accounts.get(account).map_or(at, |before| before.since);
        accounts.insert(account.clone(), Unrecorded { since, error: error.clone() });
        true
    }

    /// A poll was recorded, or that it failed. A webhook that was recorded says nothing of one that was not: a poll sees what
    /// both were about.
    pub(super) fn polled(&self, account: &AccountName) {
        self.accounts().remove(account);
    }

    /// What is not recorded of an account.
    pub(crate) fn of(&self, account: &AccountName) -> Option<Unrecorded> {
        self.accounts().get(account).cloned()
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<AccountName, Unrecorded>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_that_is_not_recorded_is_known_until_a_poll_is() {
        enum Step {
            Failed(StoreError),
            Polled,
        }
        use Step::{Failed, Polled};
        let file = || "/data/callboard.db".into();
        let (full, locked) = (StoreError::Full { file: file() }, StoreError::InUse { file: file() });
        type Case<'a> = (&'a [Step], Option<(i64, &'a StoreError)>);
        // what comes, a second later each -> since when it is not recorded, and why
        let cases: [Case<'_>; 8] = [
            (&[], None),
            (&[Polled], None),
            (&[Failed(full.clone())], Some((0, &full))),
            (&[Polled, Failed(full.clone()), Failed(locked.clone())], Some((1, &locked))),
            (&[Failed(full.clone()), Polled], None),
            (&[Failed(full.clone()), Polled, Failed(locked.clone())], Some((2, &locked))),
            // It is sent again in a moment, or the program ends.
            (&[Failed(StoreError::Busy), Failed(StoreError::Closed)], None),
            (&[Failed(full.clone()), Failed(StoreError::Busy)], Some((0, &full))),
        ];
        for (number, (steps, expected)) in cases.into_iter().enumerate() {
            let (reports, forge) = (UnrecordedReports::default(), AccountName::from("forge"));
            for (second, step) in (0..).zip(steps) {
                match step {
                    Failed(error) => {
                        let counts = !matches!(error, StoreError::Busy | StoreError::Closed);
                        let noted = reports.failed(&forge, error, Timestamp::from_second(second).unwrap());
                        assert_eq!(noted, counts, "case {number}: {error:?}");
                    }
                    Polled => reports.polled(&forge),
                }
            }
            let found = reports.of(&forge).map(|it| (it.since.as_second(), it.error));
            assert_eq!(found, expected.map(|(since, error)| (since, error.clone())), "case {number}");
            assert_eq!(reports.of(&"pager".into()), None, "case {number}: of another account");
        }
    }
}
