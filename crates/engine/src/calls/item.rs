//! One item: what happened to it, what can be done with it, its log.

use std::{sync::Mutex, sync::PoisonError, time::Duration};

use callboard_domain::{
    action::Progress,
    command::{self, ArgError, Args, Role},
    error::ServiceError,
    item::Kind,
    log,
    message::Block,
};
use jiff::Timestamp;

use super::HISTORY;
use crate::{
    Engine,
    api::{ApiError, GoneItem, ItemAction, ItemDetail, ItemLog, ItemQuery, LogLine, LogTail, Snoozed},
    registry::Entry,
    store::{Snooze, StoredItem},
};

/// How long a service may take to give a log; what has come by then is shown.
const LOG_TIME: Duration = Duration::from_secs(10);
/// How many lines of a log are shown.
const LOG_LINES: usize = 200;
/// The most of a log that is kept while it comes, in bytes: its end.
const LOG_KEPT: usize = 1 << 20;

impl Engine {
    pub(crate) async fn item(&self, query: ItemQuery) -> Result<ItemDetail, ApiError> {
        let stored = self.find_item(&query.item).await?;
        let item = &stored.item;
        let (now, live) = (Timestamp::now(), self.live());
        let events = self.store().events_of(&item.key, HISTORY).await.map_err(ApiError::internal)?;
        let me = self.me(&item.key.account).await?;
        let entries = live.registry.entries().iter().filter(|entry| command::applies_to(&entry.spec, item));
        let mut entries: Vec<&Entry> =
            entries.filter(|entry| entry.runner(Some(&item.key.account)).is_ok()).collect();
        // The sort is stable: what fits as well stays in the order of the names.
        entries.sort_by_key(|entry| command::fits(entry.spec.role, item, &me, now));
        let action = |entry: &Entry| {
            let line = command::prefill(&entry.spec, item);
            ItemAction {
                complete: live.registry.parse(&line).is_ok_and(|(_, parsed)| parsed.missing.is_empty()),
                command: entry.spec.name.clone(),
                summary: entry.spec.summary.clone(),
                role: entry.spec.role,
                effect: entry.spec.effect,
                line,
            }
        };
        let actions = entries.into_iter().map(action).collect();
        let snoozed = snoozed(&stored, now);
        let gone = stored.gone.map(|(reason, at)| GoneItem { why: reason.to_string(), reason, at });
        Ok(ItemDetail { events, actions, snoozed, gone, item: stored.item })
    }

    /// The item that a text means, whatever its kind.
    pub(super) async fn find_item(&self, typed: &str) -> Result<StoredItem, ApiError> {
        let mut candidates = Vec::new();
        for kind in Kind::ALL {
            candidates
                .extend(self.store().items_named(kind, typed.trim()).await.map_err(ApiError::internal)?);
        }
        // What is not named in full is looked for among what is open and recent.
        let kinds: &[Kind] = if candidates.is_empty() { &Kind::ALL } else { &[] };
        for kind in kinds.iter().copied() {
            let items = self.items_of(kind).await.map_err(ApiError::internal)?;
            match command::resolve_item(typed, items.iter(), kind) {
                command::Resolution::Exact(item) => {
                    candidates.extend(self.store().item(&item.key).await.map_err(ApiError::internal)?);
                }
                command::Resolution::Many(references) => {
                    let arg = "item".to_owned();
                    return Err(
                        ArgError::Ambiguous { arg, found: typed.into(), candidates: references }.into()
                    );
                }
                command::Resolution::None => {}
            }
        }
        match candidates.len() {
            0 => Err(ApiError::usage(format!("there is no item {typed:?}; see: callboard board --all"))),
            1 => Ok(candidates.swap_remove(0)),
            _ => {
                let candidates = candidates.iter().map(|stored| stored.item.key.to_string()).collect();
                Err(ArgError::Ambiguous { arg: "item".into(), found: typed.into(), candidates }.into())
            }
        }
    }

    pub(crate) async fn item_log(&self, query: ItemLog) -> Result<Option<LogTail>, ApiError> {
        let stored = self.store().item(&query.item).await.map_err(ApiError::internal)?;
        let item = stored
            .ok_or_else(|| ApiError::usage(format!("there is no item {:?}", query.item.to_string())))?
            .item;
        let live = self.live();
        let shows = |entry: &&Entry| {
            entry.spec.role == Some(Role::Log)
                && command::applies_to(&entry.spec, &item)
                && entry.runner(Some(&item.key.account)).is_ok()
        };
        let Some(entry) = live.registry.entries().iter().find(shows) else { return Ok(None) };
        let (_, action) = entry.runner(Some(&item.key.account))?;
        let line = command::prefill(&entry.spec, &item);
        let (_, parsed) = live.registry.parse(&line)?;
        let mut args: Args = parsed.args;
        self.resolve_items(&entry.spec, &mut args).await?;
        let heard = Heard::default();
        // Looked at, not run: nothing is recorded and nobody is told.
        let asked = action.run(&args, Timestamp::now(), &heard);
        let outcome = match tokio::time::timeout(LOG_TIME, asked).await {
            Ok(Ok(outcome)) => Some(outcome),
            Ok(Err(error)) => return Err(service(&item.key.account.0, error)),
            Err(_) => None,
        };
        let mut log = heard.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if log.trim().is_empty() {
            let Some(outcome) = outcome else {
                let why = format!("its log did not come within {} s", LOG_TIME.as_secs());
                return Err(service(&item.key.account.0, ServiceError::unavailable(why)));
            };
            let code = outcome.blocks.iter().filter_map(|block| match block {
                Block::Code(code) => Some(code.as_str()),
                _ => None,
            });
            log = code.collect::<Vec<_>>().join("\n");
            if log.trim().is_empty() {
                log = outcome.summary;
            }
        }
        let tail = log::tail(&log, LOG_LINES);
        let line = |line: log::Line| LogLine { text: line.text, error: line.error };
        Ok(Some(LogTail { lines: tail.lines.into_iter().map(line).collect(), cut: tail.cut }))
    }
}

fn service(account: &str, error: ServiceError) -> ApiError {
    ApiError::Service { account: account.to_owned(), error }
}

/// How long an item is off the board, where it is.
fn snoozed(stored: &StoredItem, now: Timestamp) -> Option<Snoozed> {
    match stored.snoozed {
        _ if !stored.is_aside(now) => None,
        Some(Snooze::Until(until)) if until > now => Some(Snoozed::Until(until)),
        // By a person, or by a rule that silenced it.
        _ => Some(Snoozed::UntilChange),
    }
}

/// The end of what an action puts out.
#[derive(Default)]
struct Heard(Mutex<String>);

impl Progress for Heard {
    fn say(&self, _: &str) {}

    fn output(&self, text: &str) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push_str(text);
        if heard.len() > 2 * LOG_KEPT {
            let from = heard.ceil_char_boundary(heard.len() - LOG_KEPT);
            heard.drain(..from);
        }
    }
}
