//! What is not there any more: named by the source, or absent from a complete listing.

use std::collections::HashSet;

use callboard_domain::{
    event::{compare, missed, without_runs},
    item::{Detail, Item, ItemKey, LATEST},
    source::{DeletedRuns, Gone, GoneReason, Scope},
};
use jiff::Timestamp;

use super::{ReportContext, Watched};
use crate::store::{deliveries, events, items, runs};

impl ReportContext<'_> {
    /// Takes everything off the board that is there.
    pub(super) fn empty(&self, scope: &Scope, reason: &GoneReason) -> rusqlite::Result<()> {
        let present = items::present(self.conn, self.account, scope.kind, LATEST)?;
        let gone = present.into_iter().filter(|(_, item)| scope.covers(item));
        gone.into_iter().try_for_each(|(n, _)| items::mark_gone(self.conn, n, reason, self.now))
    }

    /// Takes an item that is gone off the board. A renamed item keeps its history under its new name.
    pub(super) fn mark_gone(&self, Gone { key, reason }: &Gone) -> rusqlite::Result<()> {
        let Self { conn, now, .. } = *self;
        if !self.is_own(key) {
            return Ok(());
        }
        let Some(old) = items::load(conn, key)? else { return Ok(()) };
        let GoneReason::Renamed { to } = reason else { return items::mark_gone(conn, old.n, reason, now) };
        let to = ItemKey::new(&key.account, key.kind, to.as_str());
        // Without a state it is gone under this name already.
        let Some(state) = old.state.filter(|_| to != *key) else { return Ok(()) };
        match items::load(conn, &to)? {
            None => items::rename(conn, old.n, key, &to.id, now)?,
            Some(new) => {
                // Both names were seen: what is known of either is known of it, and none of it is news.
                let mut moved = Item { key: to.clone(), ..state.item };
                if moved.title == key.id {
                    moved.title.clone_from(&to.id);
                }
                let item = match &new.state {
                    Some(known) => compare(Some(&moved), known.item.clone()).item,
                    None => moved,
                };
                items::update(conn, &new, &item, now)?;
                items::snooze_like(conn, new.n, old.n)?;
                events::move_to(conn, old.n, new.n)?;
                items::mark_gone(conn, old.n, &GoneReason::Renamed { to: to.id.clone() }, now)?;
            }
        }
        runs::move_to(conn, key, &to)?;
        deliveries::move_to(conn, key, &to)
    }

    /// Forgets runs of a build that are not there any more. One without any left is off the board until something is built.
    pub(super) fn forget_runs(&mut self, DeletedRuns { key, numbers }: &DeletedRuns) -> rusqlite::Result<()> {
        let Self { conn, now, .. } = *self;
        if !self.is_own(key) {
            return Ok(());
        }
        let Some(known) = items::load(conn, key)? else { return Ok(()) };
        let Some(left) = known.state.as_ref().and_then(|stored| without_runs(&stored.item, numbers)) else {
            return Ok(());
        };
        items::update(conn, &known, &left, now)?;
        let has_none = matches!(&left.detail, Detail::Build(build) if build.runs.is_empty());
        let gone = known.state.as_ref().and_then(|stored| Some(stored.gone.as_ref()?.0.clone()));
        match gone.or(has_none.then_some(GoneReason::Deleted)) {
            Some(reason) => items::mark_gone(conn, known.n, &reason, now),
            None => Ok(()),
        }
    }

    /// Applies a complete listing to the items that it should have had and that are absent: an incident is over, other
    /// things are gone. What the account does not watch any more was not asked for.
    pub(super) fn miss(
        &mut self,
        scope: &Scope,
        named: &HashSet<&ItemKey>,
        began_at: Timestamp,
        watched: &Watched,
    ) -> rusqlite::Result<()> {
        let present = items::present(self.conn, self.account, scope.kind, began_at)?;
        let absent = present.into_iter().filter(|(_, item)| scope.covers(item) && !named.contains(&item.key));
        for (n, item) in absent {
            let change = missed(&item, began_at).filter(|_| watched.covers(&item));
            match change {
                Some(over) => {
                    let known = items::load(self.conn, &item.key)?;
                    self.apply(known, over, false)?;
                }
                None => {
                    let reason = match watched.covers(&item) {
                        true => GoneReason::NotListed,
                        false => GoneReason::NotWatched,
                    };
                    items::mark_gone(self.conn, n, &reason, self.now)?;
                }
            }
        }
        Ok(())
    }
}
