//! How old the rows are of what is not up to date.

use std::collections::BTreeMap;

use callboard_domain::{
    item::{AccountName, Item},
    source::Problem,
};
use jiff::Timestamp;

use super::status;
use crate::{api::AccountInfo, store::StoredSource};

/// When that was last read which is not up to date.
#[derive(Debug, Default)]
pub(crate) struct AsOf {
    /// Whole accounts.
    accounts: BTreeMap<AccountName, Timestamp>,
    /// The problems that the last poll had with parts of an account.
    parts: BTreeMap<AccountName, Vec<(Problem, Timestamp)>>,
}

impl AsOf {
    pub(crate) fn new(accounts: &[AccountInfo], sources: &[StoredSource]) -> Self {
        let parts = |source: &StoredSource| {
            let parts = source.problems.iter().filter_map(|it| Some((it.problem.clone(), it.read_at?)));
            (source.account.clone(), parts.collect())
        };
        Self { accounts: status::as_of(accounts), parts: sources.iter().map(parts).collect() }
    }

    /// When the item was last read; `None` where it is up to date, as far as is known.
    pub(crate) fn of(&self, item: &Item) -> Option<Timestamp> {
        let account = &item.key.account;
        let parts = self.parts.get(account).into_iter().flatten();
        let of_parts = parts.filter(|(problem, _)| problem.leaves_unread(item)).map(|(_, at)| *at);
        self.accounts.get(account).copied().into_iter().chain(of_parts).min()
    }
}
