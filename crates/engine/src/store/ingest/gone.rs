//! What is not there any more: named by the source, or absent from a complete listing.

use std::collections::HashSet;

use callboard_domain::{
    event::{compare, missed, without_runs},
    item::{Build, Detail, Item, ItemKey, Kind},
    source::{Batch, DeletedRuns, Gone, GoneReason, Scope},
};
use jiff::Timestamp;

use super::{ReportContext, Watched};
use crate::store::{
    deliveries, events,
    items::{self, Present},
    runs,
};

impl ReportContext<'_> {
    /// Gives what is stored of a name that something else has by now ids of its own: nothing that is reported under the name
    /// continues it. It is gone, with its history.
    pub(super) fn set_aside(&self, scope: &Scope) -> rusqlite::Result<()> {
        let Self { conn, account, now, .. } = *self;
        for (n, id) in items::of_repo(conn, account, scope)? {
            let key = ItemKey::new(account, scope.kind, id);
            let aside = ItemKey::new(account, scope.kind, format!("{} ({n})", key.id));
            items::rename(conn, n, &key, &aside.id, now)?;
            items::mark_gone(conn, n, &GoneReason::Deleted, now)?;
            runs::move_to(conn, &key, &aside)?;
            deliveries::move_to(conn, &key, &aside)?;
        }
        Ok(())
    }

    /// Takes an item that is gone off the board. A renamed item keeps its history under its new name.
    pub(super) fn mark_gone(&self, Gone { key, reason }: &Gone) -> rusqlite::Result<()> {
        let Self { conn, now, .. } = *self;
        if !self.is_own(key) {
            return Ok(());
        }
        let Some(old) = items::load(conn, key)? else { return Ok(()) };
        let GoneReason::Renamed { to } = reason else {
            let stored = old.state.as_ref().filter(|stored| stored.gone.is_none());
            if let Some(item) = stored.and_then(|stored| of_other_branch(&stored.item, reason)) {
                items::update(conn, &old, &item, self.is_reported(Some(&old), &item), now)?;
            }
            return items::mark_gone(conn, old.n, reason, now);
        };
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
                items::update(conn, &new, &item, self.is_reported(Some(&new), &item), now)?;
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
        items::update(conn, &known, &left, self.is_reported(Some(&known), &left), now)?;
        let has_none = matches!(&left.detail, Detail::Build(build) if build.runs.is_empty());
        let gone = known.state.as_ref().and_then(|stored| Some(stored.gone.as_ref()?.0.clone()));
        match gone.or(has_none.then_some(GoneReason::Deleted)) {
            Some(reason) => items::mark_gone(conn, known.n, &reason, now),
            None => Ok(()),
        }
    }

    /// Applies what was listed completely, and where nothing is left, to the items that are absent: an incident is over,
    /// other things are gone. What the account does not watch any more was not asked for.
    pub(super) fn miss(
        &mut self,
        batch: &Batch,
        began_at: Timestamp,
        watched: &Watched,
    ) -> rusqlite::Result<()> {
        let Batch { snapshots, complete, emptied, .. } = batch;
        let named: HashSet<&ItemKey> = snapshots.iter().map(|item| &item.key).collect();
        for kind in Kind::ALL {
            if !complete.iter().chain(emptied).any(|scope| scope.kind == kind) {
                continue;
            }
            let present = items::present(self.conn, self.account, kind, began_at)?;
            for it in present.iter().filter(|it| !named.contains(&it.item.key)) {
                let is_in = |scopes: &[Scope]| scopes.iter().any(|scope| scope.covers(&it.item));
                match (is_in(emptied), is_in(complete)) {
                    // The listing may be behind the webhook. The next one shows whether it was.
                    (false, true) if it.reported && watched.covers(&it.item) => {
                        items::answered(self.conn, it.n)?;
                    }
                    (false, false) => {}
                    (true, _) | (_, true) => self.miss_item(it, began_at, watched)?,
                }
            }
        }
        Ok(())
    }

    fn miss_item(
        &mut self,
        Present { n, item, .. }: &Present,
        began_at: Timestamp,
        watched: &Watched,
    ) -> rusqlite::Result<()> {
        if !watched.covers(item) {
            return items::mark_gone(self.conn, *n, &GoneReason::NotWatched, self.now);
        }
        match missed(item, began_at) {
            Some(over) => {
                let known = items::load(self.conn, &item.key)?;
                let reported = self.is_reported(known.as_ref(), &over.item);
                self.apply(known, over, false, reported)
            }
            None => items::mark_gone(self.conn, *n, &GoneReason::NotListed, self.now),
        }
    }
}

/// A build that is gone because its branch is not the default one any more, as it is on record from then on.
fn of_other_branch(item: &Item, reason: &GoneReason) -> Option<Item> {
    match (&item.detail, reason) {
        (Detail::Build(build), GoneReason::NotDefaultBranch) if build.default_branch => {
            let detail = Detail::Build(Build { default_branch: false, ..build.clone() });
            Some(Item { detail, ..item.clone() })
        }
        _ => None,
    }
}
