//! Finding commands, items and lines by a few letters, from memory: what is looked through is made from the store beside,
//! once after each change, and only while somebody looks.

pub(crate) mod fuzzy;
mod index;

use std::{
    cmp::Reverse,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use callboard_domain::{
    board,
    command::{self, ArgType, What},
    identity::Identity,
    item::Kind,
};
use jiff::Timestamp;
use tokio::sync::Mutex as AsyncMutex;

use crate::{
    Engine,
    active_config::ActiveConfig,
    api::{AccountsQuery, ApiError, Find, Found, FoundItem},
    clients::last_read::LastRead,
    store::StoredItem,
    title_match::{TypedTitle, folded},
};
pub(crate) use index::{Index, Used};

/// How many items of a kind are looked through in addition to the open ones, the last changed first. All others are found
/// by full-text search. Tests get there with few.
const RECENT: u32 = if cfg!(test) { 50 } else { 10_000 };
/// How many runs are looked through, the latest first.
const RUNS: u32 = 2_000;
/// How long somebody who types waits for what has just changed; after that the answer is of what was known before.
const FRESH: Duration = Duration::from_millis(25);
/// The most of each kind that one answer gives.
const MOST: usize = 200;
/// Full-text search is for texts of this length: a letter or two are everywhere.
const SEARCHED: usize = 3;

/// The index as last made.
#[derive(Default)]
pub(crate) struct Finder {
    known: Mutex<Option<Arc<Made>>>,
    /// Held while it is rebuilt.
    making: Arc<AsyncMutex<()>>,
}

/// An index, and what it was made from.
struct Made {
    index: Index,
    /// True where it has all items that are there: then nothing is left to full-text search.
    has_all: bool,
    /// The store's counter of changes.
    changes: u64,
    active: Arc<ActiveConfig>,
    /// What was not up to date then.
    last_read: LastRead,
}

impl Finder {
    fn known(&self) -> Option<Arc<Made>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Engine {
    pub(crate) async fn find(&self, query: Find) -> Result<Found, ApiError> {
        if query.text.trim().is_empty() {
            return Ok(Found::default());
        }
        let limit = query.limit.min(MOST);
        let made = self.index().await?;
        let now = Timestamp::now();
        let (mut found, whole) = made.index.find(&query.text, limit);
        if found.completion.is_none() {
            found.completion = completed(&made.active, &query.text);
        }
        // A text may also be too long to be looked for in memory.
        if !made.has_all || found.items.is_empty() {
            self.add_stored(&query.text, &made, limit, whole, &mut found).await?;
        }
        found.items_first = made.index.items_come_first(&query.text, &found.items);
        for item in &mut found.items {
            item.row = self.with_snoozer(item.row.clone(), now).await?;
        }
        Ok(found)
    }

    /// Adds the items that full-text search finds. Of those that were found in memory, the first `whole` hold every word.
    async fn add_stored(
        &self,
        text: &str,
        made: &Made,
        limit: usize,
        whole: usize,
        found: &mut Found,
    ) -> Result<(), ApiError> {
        if text.trim().chars().count() < SEARCHED {
            found.items_total = None;
            return Ok(());
        }
        let count = u32::try_from(limit).unwrap_or(u32::MAX);
        let hits = self.store().search_items(text, count).await.map_err(ApiError::internal)?;
        // Where it gave all that it may give, there may be more; and it finds nothing by letters alone.
        let is_all = hits.len() < limit && found.items.len() == whole;
        let by_letters = found.items.split_off(whole);
        let now = Timestamp::now();
        for stored in &hits {
            if !made.index.has(&stored.item.key) {
                found.items_total = found.items_total.map(|total| total + 1);
            }
            if !found.items.iter().any(|it| it.row.key == stored.item.key) {
                let row = row(stored, &made.index, &made.last_read, now);
                found.items.push(FoundItem { title: fuzzy::with_words(&row.title, text), row });
            }
        }
        found.items_total = found.items_total.filter(|_| is_all);
        // The sort is stable: an old one of exactly that title is as good as one that is looked through in memory.
        let typed = TypedTitle::new(text);
        found.items.sort_by_cached_key(|it| Reverse(typed.of(&folded(&it.row.title))));
        let is_hit = |it: &FoundItem| hits.iter().any(|stored| stored.item.key == it.row.key);
        found.items.extend(by_letters.into_iter().filter(|it| !is_hit(it)));
        found.items.truncate(limit);
        Ok(())
    }

    /// The index of what is known now, or, where making that takes long, of what was known a moment ago.
    async fn index(&self) -> Result<Arc<Made>, ApiError> {
        let finder = &self.inner.finder;
        let Some(known) = finder.known() else {
            let _making = finder.making.lock().await;
            return self.make_index().await;
        };
        if self.is_fresh(&known) {
            return Ok(known);
        }
        // Who makes it already is not waited for: what it finds is here at the next letter.
        let Ok(making) = Arc::clone(&finder.making).try_lock_owned() else { return Ok(known) };
        let engine = self.clone();
        let made = tokio::spawn(async move {
            let _making = making;
            engine.make_index().await
        });
        match tokio::time::timeout(FRESH, made).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) | Err(_) => Ok(known),
        }
    }

    fn is_fresh(&self, made: &Made) -> bool {
        made.changes == *self.store().changed().borrow() && Arc::ptr_eq(&made.active, &self.active())
    }

    async fn make_index(&self) -> Result<Arc<Made>, ApiError> {
        if let Some(known) = self.inner.finder.known().filter(|known| self.is_fresh(known)) {
            return Ok(known);
        }
        // Counted before it is read: a change in between makes it old, not wrong.
        let (changes, active) = (*self.store().changed().borrow(), self.active());
        let accounts = self.accounts(AccountsQuery {}).await?;
        let runs = self.store().runs(RUNS).await.map_err(ApiError::internal)?;
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let last_read = LastRead::new(&accounts, &sources);
        let mut items = self.store().open_items().await.map_err(ApiError::internal)?;
        let mut has_all = true;
        for kind in Kind::ALL {
            let recent = self.store().items(kind, RECENT).await.map_err(ApiError::internal)?;
            has_all &= u32::try_from(recent.len()).is_ok_and(|count| count < RECENT);
            items.extend(recent);
        }
        let engine = self.clone();
        let make = move || {
            let now = Timestamp::now();
            let used = Used::of(&runs, now);
            let me = sources.into_iter().filter_map(|it| Some((it.account, it.identity?)));
            let mut index = Index::new(me.collect());
            for entry in active.registry.entries() {
                index.add_command(&entry.spec, engine.posts_to(&active, &entry.spec), &used);
            }
            index.add_runs(&runs, &used);
            for stored in &items {
                let row = row(stored, &index, &last_read, now);
                let search_text = stored.search_text();
                index.add_item(row, stored.item.repo(), &search_text, stored.is_open(), stored.changed_at);
            }
            Arc::new(Made { index, has_all, changes, active, last_read })
        };
        let made = tokio::task::spawn_blocking(make).await;
        let made = made.map_err(ApiError::internal)?;
        *self.inner.finder.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&made));
        Ok(made)
    }
}

fn row(stored: &StoredItem, index: &Index, last_read: &LastRead, now: Timestamp) -> board::Row {
    let (nobody, account) = (Identity::default(), &stored.item.key.account);
    let me = index.me.get(account).unwrap_or(&nobody);
    let entry = board::Entry { item: &stored.item, me, snoozed: stored.off_board_until(now) };
    board::Row { as_of: last_read.of(&stored.item), ..board::row(entry, now) }
}

/// A line with the word that is being typed at its end, where what a command takes says how it goes on.
fn completed(active: &ActiveConfig, line: &str) -> Option<String> {
    let completion = active.registry.complete(line);
    let What::Part { arg, words, .. } = &completion.what else { return None };
    let begins = |word: &&String| {
        word.to_lowercase().starts_with(&completion.prefix.to_lowercase())
            && word.len() > completion.prefix.len()
    };
    let choices = match arg.map(|arg| &arg.ty) {
        Some(ArgType::Choice(choices)) => choices.as_slice(),
        _ => &[],
    };
    let word = choices.iter().filter(begins).chain(words.iter().filter(begins)).next()?;
    let whole = format!("{}{}", &line[..completion.replaces.start], command::quote(word));
    if completion.prefix.is_empty() { None } else { index::continued(line, &whole) }
}
