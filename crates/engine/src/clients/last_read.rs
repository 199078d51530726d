//! How old the rows are of what is not up to date.

use std::collections::BTreeMap;

use callboard_domain::{
    item::{AccountName, Item},
    source::Problem,
};
use jiff::Timestamp;

use crate::{
    api::{AccountInfo, Health},
    store::StoredSource,
};

/// When that was last read which is not up to date.
#[derive(Debug)]
pub(crate) struct LastRead {
    /// Whole accounts.
    accounts: BTreeMap<AccountName, Timestamp>,
    /// The problems that the last poll had with parts of an account.
    parts: BTreeMap<AccountName, Vec<(Problem, Timestamp)>>,
}

impl LastRead {
    pub(crate) fn new(accounts: &[AccountInfo], sources: &[StoredSource]) -> Self {
        let whole = |info: &AccountInfo| {
            let is_old = match info.health {
                Health::Incomplete { .. }
                | Health::Trouble { .. }
                | Health::Unrecorded { .. }
                | Health::Overdue { .. } => true,
                Health::New | Health::Ok => false,
            };
            Some((info.name.clone(), info.last_ok.filter(|_| is_old)?))
        };
        let parts = |source: &StoredSource| {
            let parts = source.problems.iter().filter_map(|it| Some((it.problem.clone(), it.read_at?)));
            (source.account.clone(), parts.collect())
        };
        Self {
            accounts: accounts.iter().filter_map(whole).collect(),
            parts: sources.iter().map(parts).collect(),
        }
    }

    /// When the item was last read; `None` where it is up to date, as far as is known.
    pub(crate) fn of(&self, item: &Item) -> Option<Timestamp> {
        let account = &item.key.account;
        let parts = self.parts.get(account).into_iter().flatten();
        let of_parts = parts.filter(|(problem, _)| problem.leaves_unread(item)).map(|(_, at)| *at);
        self.accounts.get(account).copied().into_iter().chain(of_parts).min()
    }
}

#[cfg(test)]
mod tests {
    use std::slice;

    use callboard_domain::{error::ServiceError, item::IncidentStatus};

    use super::*;
    use crate::{
        api::Needs,
        tests::{account_info, incident},
    };

    #[test]
    fn rows_of_an_account_that_is_not_up_to_date_are_from_its_last_reading() {
        let (read, since) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let incomplete = || Health::Incomplete { why: "no".into(), needs: Needs::Secret, waits_for: None };
        let error = ServiceError::unavailable("down");
        // how it is, when it was last read -> how old its rows are
        let cases = [
            (Health::New, None, None),
            (Health::Ok, Some(read), None),
            (incomplete(), None, None),
            (incomplete(), Some(read), Some(read)),
            (Health::Trouble { since, error, next_try: None }, Some(read), Some(read)),
            (Health::Unrecorded { since, why: "the disk is full".into() }, Some(read), Some(read)),
            (Health::Overdue { since }, Some(read), Some(read)),
        ];
        let item = incident("a", IncidentStatus::Triggered, 1);
        for (health, last_ok, expected) in cases {
            let info = AccountInfo { last_ok, ..account_info("pager", true, health) };
            let of_another = AccountInfo { name: "other".into(), ..info.clone() };
            let found = [&info, &of_another].map(|it| LastRead::new(slice::from_ref(it), &[]).of(&item));
            assert_eq!(found, [expected, None], "{info:?}");
        }
    }
}
