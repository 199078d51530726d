//! The rank keys of all open items, kept in memory: only what has changed since is read again, so that all of
//! them can be ranked for every call.

use std::collections::{BTreeMap, HashMap, HashSet};

use callboard_domain::{
    board::{self, Candidate, RankKey},
    identity::Identity,
    item::AccountName,
};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::store::{OpenRow, Store, StoreError, Unreadable};

/// Who each account acts as.
pub(crate) type Identities = BTreeMap<AccountName, Identity>;

/// The rank keys as of the last call.
#[derive(Default)]
pub(crate) struct RankCache(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Whom they were made for: a turn is mine or another's.
    identities: Identities,
    /// By the item's number: when it changed, and its rank key.
    by_number: HashMap<i64, (Timestamp, Option<RankKey>)>,
}

impl RankCache {
    /// The open items as candidates for the board, and how many more there are that cannot be read.
    pub(crate) async fn candidates(
        &self,
        store: &Store,
        identities: Identities,
        now: Timestamp,
    ) -> Result<(Vec<Candidate<i64>>, Unreadable), StoreError> {
        // Concurrent calls wait here: they would read the same rows.
        let mut known = self.0.lock().await;
        if known.identities != identities {
            *known = Known { identities, ..Known::default() };
        }
        let Known { identities, by_number } = &mut *known;
        let (open, of_unknown_kind) = store.open_rows().await?;
        let is_known = |row: &&OpenRow| {
            by_number.get(&row.n).is_some_and(|(changed_at, _)| *changed_at == row.changed_at)
        };
        let changed = open.iter().filter(|row| !is_known(row)).map(|row| row.n);
        let changed: Vec<i64> = changed.chain(of_unknown_kind).collect();
        let mut unreadable = Unreadable::new();
        if !changed.is_empty() {
            let nobody = Identity::default();
            let read = store.items_by_number(changed).await?;
            unreadable = read.unreadable;
            for (n, stored) in read.items {
                let me = identities.get(&stored.item.key.account).unwrap_or(&nobody);
                by_number.insert(n, (stored.changed_at, board::rank_key(&stored.item, me)));
            }
        }
        if by_number.len() > open.len() * 2 {
            let numbers: HashSet<i64> = open.iter().map(|row| row.n).collect();
            by_number.retain(|n, _| numbers.contains(n));
        }
        let candidate = |row: &OpenRow| {
            let (_, key) = by_number.get(&row.n)?;
            let snoozed = row.off_board_until(now).is_some();
            Some(Candidate { id: row.n, kind: row.kind, key: (*key)?, snoozed })
        };
        Ok((open.iter().filter_map(candidate).collect(), unreadable))
    }
}
