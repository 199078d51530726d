//! One item: what happened to it, and what can be done with it.

use callboard_domain::{
    board::{self, NotSeen, NotSeenKind},
    command::{self, ArgError},
    item::Kind,
};
use jiff::Timestamp;

use super::HISTORY;
use crate::{
    Engine,
    act::run::with_account,
    api::{AccountsQuery, ApiError, Events, GoneItem, ItemAction, ItemDetail, ItemQuery, unreadable_events},
    clients::last_read::LastRead,
    commands::registry::Entry,
    store::StoredItem,
};

/// The most words of a text that are looked for as the beginning of a name.
const MOST_WORDS: usize = 8;

impl Engine {
    pub(crate) async fn item(&self, query: ItemQuery) -> Result<ItemDetail, ApiError> {
        let kinds: Vec<Kind> = query.kind.map_or_else(|| Kind::ALL.to_vec(), |kind| vec![kind]);
        let stored = self.find_item_of(&kinds, &query.item).await?;
        let item = &stored.item;
        let (now, active) = (Timestamp::now(), self.active());
        let Events { events, unreadable } =
            self.store().events_of(&item.key, HISTORY).await.map_err(ApiError::internal)?;
        let source = self.store().source(&item.key.account).await.map_err(ApiError::internal)?;
        let me = source.as_ref().and_then(|source| source.identity.clone()).unwrap_or_default();
        let mut entries: Vec<&Entry> =
            active.registry.entries().iter().filter(|entry| entry.is_for_stored(&stored, &me, now)).collect();
        // The sort is stable: what fits as well stays in the order of the names.
        entries.sort_by_key(|entry| command::fits(entry.spec.role, item, &me, now));
        // Its reference alone may mean another account's.
        let namesakes = self.store().items_named(item.key.kind, item.reference()).await;
        let is_shared = namesakes.map_err(ApiError::internal)?.len() > 1;
        let action = |entry: &Entry| {
            let line = command::prefill(&entry.spec, item);
            let complete = active.registry.parse(&line).is_ok_and(|(_, parsed)| parsed.missing.is_empty());
            let line = if is_shared { with_account(&line, item.key.account.as_str()) } else { line };
            ItemAction {
                complete,
                command: entry.spec.name.clone(),
                summary: entry.spec.summary.clone(),
                label: entry.spec.label.clone(),
                role: entry.spec.role,
                effect: entry.spec.effect,
                line,
            }
        };
        let actions = entries.into_iter().map(action).collect();
        let accounts = self.accounts(AccountsQuery {}).await?;
        let as_of = LastRead::new(&accounts, source.as_slice()).of(item);
        let mut not_seen = self.not_seen(&accounts, now).await?;
        let open_incidents = self.open_incidents(item, &accounts, &not_seen, now).await?;
        not_seen.retain(|it| it.account == item.key.account);
        if !unreadable.is_empty() {
            not_seen.push(NotSeen {
                account: item.key.account.clone(),
                part: "history".to_owned(),
                kind: NotSeenKind::Incomplete,
                why: unreadable_events(unreadable.len()),
                since: None,
            });
        }
        let entry = board::Entry { item, me: &me, snoozed: stored.off_board_until(now) };
        let in_doubt = self.in_doubt().await?.remove(&item.key).unwrap_or_default();
        let row = board::Row { as_of, in_doubt, ..board::row(entry, now) };
        let row = self.with_snoozer(row, now).await?;
        let origin = source.filter(|_| stored.gone.is_none()).and_then(|source| source.origin);
        let gone = stored.gone.map(|(reason, at)| GoneItem { why: reason.to_string(), reason, at });
        Ok(ItemDetail {
            origin,
            events,
            actions,
            snoozed: row.snoozed,
            snoozed_by: row.snoozed_by.clone(),
            gone,
            row: Some(row),
            not_seen,
            open_incidents,
            item: stored.item,
        })
    }

    /// The item that a text means, whatever its kind.
    pub(super) async fn find_item(&self, typed: &str) -> Result<StoredItem, ApiError> {
        self.find_item_of(&Kind::ALL, typed).await
    }

    /// The item of these kinds that a text means.
    async fn find_item_of(&self, kinds: &[Kind], typed: &str) -> Result<StoredItem, ApiError> {
        let mut candidates = self.candidates_for(kinds, typed).await?;
        match candidates.len() {
            0 => Err(ApiError::usage(match self.nearest_item(kinds, typed).await? {
                Some(name) => format!("there is no item {typed:?}; did you mean {name:?}?"),
                None => format!("there is no item {typed:?}; see: callboard board --all"),
            })),
            1 => Ok(candidates.swap_remove(0)),
            _ => {
                let candidates = candidates.iter().map(|stored| stored.item.key.to_string()).collect();
                Err(ArgError::Ambiguous { arg: "item".into(), found: typed.into(), candidates }.into())
            }
        }
    }

    /// What names the one item that the first words of a text mean, half of them or more: its title or reference, where that
    /// means no other, else its key.
    async fn nearest_item(&self, kinds: &[Kind], typed: &str) -> Result<Option<String>, ApiError> {
        let words: Vec<&str> = typed.split_whitespace().collect();
        for count in (words.len().div_ceil(2)..words.len().min(MOST_WORDS + 1)).rev() {
            let item = match self.candidates_for(kinds, &words[..count].join(" ")).await {
                Ok(candidates) if candidates.is_empty() => continue,
                Ok(mut candidates) if candidates.len() == 1 => candidates.swap_remove(0).item,
                Ok(_) | Err(ApiError::Line { .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let name = match item.key.kind {
                // Its reference may be a fingerprint.
                Kind::Incident => item.title.as_str(),
                Kind::Build | Kind::PullRequest | Kind::Approval => item.reference(),
            };
            let named = self.candidates_for(kinds, name).await;
            let is_it =
                named.is_ok_and(|named| matches!(named.as_slice(), [only] if only.item.key == item.key));
            return Ok(Some(if is_it { name.to_owned() } else { item.key.to_string() }));
        }
        Ok(None)
    }

    /// The items of these kinds that a text means: none, one, or several of the same name.
    async fn candidates_for(&self, kinds: &[Kind], typed: &str) -> Result<Vec<StoredItem>, ApiError> {
        let mut candidates = Vec::new();
        for kind in kinds {
            candidates
                .extend(self.store().items_named(*kind, typed.trim()).await.map_err(ApiError::internal)?);
        }
        // What is not named in full is looked for among all that is open, and what ended lately.
        let kinds = if candidates.is_empty() { kinds } else { &[] };
        for kind in kinds.iter().copied() {
            let items = self.inner.runner.items_meant(kind, typed).await.map_err(ApiError::internal)?;
            match command::resolve_item(typed, items.iter(), kind) {
                command::Resolution::Exact(item) => {
                    candidates.extend(self.store().item(&item.key).await.map_err(ApiError::internal)?);
                }
                command::Resolution::Many { names, total } => {
                    return Err(ArgError::several("item", typed, names, total).into());
                }
                command::Resolution::None => {}
            }
        }
        // What is over does not count beside what is not.
        if candidates.iter().any(|stored| !command::is_over(&stored.item)) {
            candidates.retain(|stored| !command::is_over(&stored.item));
        }
        Ok(candidates)
    }
}
