//! What there is.

use callboard_domain::{
    board::{self, Board},
    event::Event,
    identity::Identity,
    item::{Item, Kind},
};
use jiff::Timestamp;

use super::limited;
use crate::{
    Engine,
    api::{ApiError, BoardQuery, EventsQuery, Explanation, Hit, Quiet, RulesExplain, Search, Snooze},
    store::{self, StoredItem},
};

impl Engine {
    pub(crate) async fn board(&self, query: BoardQuery) -> Result<Board, ApiError> {
        let now = Timestamp::now();
        let mut items = self.store().open_items().await.map_err(ApiError::internal)?;
        if query.all {
            for kind in Kind::ALL {
                let more = self.store().items(kind, limited(200)).await.map_err(ApiError::internal)?;
                items.extend(more);
            }
            items.sort_by(|a, b| a.item.key.cmp(&b.item.key));
            items.dedup_by(|a, b| a.item.key == b.item.key);
        }
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let nobody = Identity::default();
        let me = |item: &Item| {
            let source = sources.iter().find(|source| source.account == item.key.account);
            source.and_then(|source| source.identity.as_ref()).unwrap_or(&nobody)
        };
        let entries = items.iter().map(|stored| board::Entry {
            item: &stored.item,
            me: me(&stored.item),
            snoozed: stored.is_aside(now),
        });
        Ok(board::board(entries, now, &board::Options { kind: query.kind, all: query.all }))
    }

    pub(crate) async fn events(&self, query: EventsQuery) -> Result<Vec<Event>, ApiError> {
        let limit = limited(query.limit);
        let events = match query.after {
            Some(after) => self.store().events_after(after, limit).await,
            None => self.store().events_before(None, limit).await.map(|mut events| {
                events.reverse();
                events
            }),
        };
        let mut events = events.map_err(ApiError::internal)?;
        events.retain(|event| query.since.is_none_or(|since| event.seen_at >= since));
        Ok(events)
    }

    pub(crate) async fn search(&self, query: Search) -> Result<Vec<Hit>, ApiError> {
        let found =
            self.store().search(&query.text, limited(query.limit)).await.map_err(ApiError::internal)?;
        let items = found.items.into_iter().map(|StoredItem { item, .. }| Hit::Item {
            status: item.status().to_owned(),
            key: item.key,
            title: item.title,
        });
        let runs = found.runs.into_iter().map(|run| Hit::Run {
            state: run.state.name().to_owned(),
            id: run.id,
            line: run.line,
        });
        Ok(items.chain(runs).collect())
    }

    pub(crate) async fn rules_explain(&self, query: RulesExplain) -> Result<Explanation, ApiError> {
        let event = self.store().event(query.event).await.map_err(ApiError::internal)?;
        let event = event.ok_or_else(|| {
            ApiError::usage(format!("there is no event {}; see: callboard events", query.event))
        })?;
        let stored = self.store().item(&event.item).await.map_err(ApiError::internal)?;
        let item =
            stored.map(|stored| stored.item).ok_or_else(|| ApiError::internal("the event's item is gone"))?;
        let decided = self.store().decision(event.id).await.map_err(ApiError::internal)?;
        let decided = decided.and_then(|record| serde_json::from_str(&record).ok());
        let me = self.me(&item.key.account).await?;
        let now = self.live().rules.explain(&event, &item, &me);
        Ok(Explanation { event, item, decided, now })
    }

    pub(crate) async fn snooze(&self, query: Snooze) -> Result<(), ApiError> {
        let item = self.find_item(&query.item).await?.item;
        let snooze = query.until.map_or(store::Snooze::UntilChange, store::Snooze::Until);
        self.store().snooze(&item.key, Some(snooze)).await.map_err(ApiError::internal).map(drop)
    }

    pub(crate) async fn quiet(&self, query: Quiet) -> Result<Option<Timestamp>, ApiError> {
        self.store().set_quiet_until(query.until).await.map_err(ApiError::internal)?;
        Ok(query.until)
    }
}
