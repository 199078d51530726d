//! What there is.

use std::collections::{BTreeMap, HashMap};

use callboard_domain::{
    actor::Actor,
    board::{self, Board, Candidate, RankedSection, RunInDoubt, Section},
    command::named_line,
    identity::Identity,
    item::{ApprovalState, BuildStatus, Detail, IncidentStatus, Item, ItemKey, Kind, PullRequestState},
    run::{Run, RunState},
    source::GoneReason,
};
use jiff::{Timestamp, Zoned};

use super::page;
use crate::{
    Engine,
    api::{
        AccountInfo, AccountsQuery, ApiError, BoardQuery, Events, EventsQuery, Explanation, OffBoardItem,
        OffBoardQuery, OffBoardReason, Quiet, RulesExplain, Search, SearchHit, Snooze, SnoozeTime,
        SnoozeTimes, Unsnooze,
    },
    clients::last_read::LastRead,
    clients::rank_cache::Identities,
    clients::snooze_times,
    clients::status,
    store::{self, StoredItem, StoredSource, Unreadable},
};

/// How many builds that are neither red nor under way are shown where everything is asked for.
const ENDED_BUILDS: u32 = 200;

impl Engine {
    pub(crate) async fn board(&self, query: BoardQuery) -> Result<Board, ApiError> {
        let (now, nobody) = (Timestamp::now(), Identity::default());
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let accounts = self.accounts(AccountsQuery {}).await?;
        let identities = identities(&sources);
        let me = |item: &Item| identities.get(&item.key.account).unwrap_or(&nobody);
        let (mut candidates, mut unreadable) = self.candidates(identities.clone(), now).await?;
        let (mut items, mut not_listed) = (HashMap::new(), 0);
        let limit = query.limit.map(page).transpose()?;
        if query.all && query.kind.is_none_or(|kind| kind == Kind::Build) {
            let (count, ended) =
                self.store().ended_builds(limit.unwrap_or(ENDED_BUILDS)).await.map_err(ApiError::internal)?;
            not_listed = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(ended.len());
            for (id, stored) in ended {
                let (kind, snoozed) = (stored.item.key.kind, stored.off_board_until(now).is_some());
                let key = board::rank_key(&stored.item, me(&stored.item));
                candidates.extend(key.map(|key| Candidate { id, kind, key, snoozed }));
                items.insert(id, stored);
            }
        }
        let options = board::Options { kind: query.kind, all: query.all, snoozed: query.snoozed };
        let ranked = board::rank(candidates, now, &options, query.limit.unwrap_or(board::MOST_ROWS));
        let shown = ranked.sections.iter().flat_map(|section| &section.ids).copied();
        let to_read = shown.filter(|id| !items.contains_key(id)).collect();
        let read = self.store().items_by_number(to_read).await.map_err(ApiError::internal)?;
        items.extend(read.items);
        for (account, count) in read.unreadable {
            *unreadable.entry(account).or_default() += count;
        }

        let (last_read, mut in_doubt) = (LastRead::new(&accounts, &sources), self.in_doubt().await?);
        let mut sections = Vec::new();
        for RankedSection { title, total, ids } in ranked.sections {
            let mut rows = Vec::new();
            for id in &ids {
                let Some(stored) = items.get(id) else { continue };
                let item = &stored.item;
                let entry = board::Entry { item, me: me(item), snoozed: stored.off_board_until(now) };
                let as_of = last_read.of(item);
                let in_doubt = in_doubt.remove(&item.key).unwrap_or_default();
                let row = board::Row { as_of, in_doubt, ..board::row(entry, now) };
                rows.push(self.with_snoozer(row, now).await?);
            }
            let total = if title == board::QUIET { total + not_listed } else { total };
            sections.push(Section { title: title.to_owned(), total, shown: rows.len(), rows });
        }
        let not_seen = status::not_seen(&accounts, &sources, &unreadable);
        Ok(Board { sections, summary: ranked.summary, not_seen })
    }

    /// The row with who snoozed it, where a person did.
    pub(crate) async fn with_snoozer(&self, row: board::Row, now: Timestamp) -> Result<board::Row, ApiError> {
        let snoozed_by = match row.snoozed {
            Some(_) => self.store().snoozed_by(&row.key, now).await.map_err(ApiError::internal)?,
            None => None,
        };
        Ok(board::Row { snoozed_by, ..row })
    }

    /// The runs of which nobody knows whether they ran, by each item that they are on, the latest first.
    pub(super) async fn in_doubt(&self) -> Result<BTreeMap<ItemKey, Vec<RunInDoubt>>, ApiError> {
        let found = self.store().runs_in_doubt().await.map_err(ApiError::internal)?;
        let named = |runs: Vec<Run>| runs.into_iter().filter_map(in_doubt_of).collect::<Vec<_>>();
        Ok(found.into_iter().map(|(item, runs)| (item, named(runs))).collect())
    }

    /// The open items, as far as ranking needs them, and how many more cannot be read.
    async fn candidates(
        &self,
        identities: Identities,
        now: Timestamp,
    ) -> Result<(Vec<Candidate<i64>>, Unreadable), ApiError> {
        let rank_cache = &self.inner.rank_cache;
        rank_cache.candidates(self.store(), identities, now).await.map_err(ApiError::internal)
    }

    /// The board in numbers, and what is to be watched and is not seen.
    pub(crate) async fn summary(
        &self,
        accounts: &[AccountInfo],
        now: Timestamp,
    ) -> Result<(board::Summary, Vec<board::NotSeen>), ApiError> {
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let (candidates, unreadable) = self.candidates(identities(&sources), now).await?;
        let ranked = board::rank(candidates, now, &board::Options::default(), 0);
        Ok((ranked.summary, status::not_seen(accounts, &sources, &unreadable)))
    }

    /// What is to be watched and is not seen, alone.
    pub(super) async fn not_seen(
        &self,
        accounts: &[AccountInfo],
        now: Timestamp,
    ) -> Result<Vec<board::NotSeen>, ApiError> {
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let (_, unreadable) = self.candidates(identities(&sources), now).await?;
        Ok(status::not_seen(accounts, &sources, &unreadable))
    }

    pub(crate) async fn off_board(&self, query: OffBoardQuery) -> Result<Vec<OffBoardItem>, ApiError> {
        let now = Timestamp::now();
        let mut left = Vec::new();
        for item in query.items {
            let why = self.why_off_board(&item, now).await?;
            left.push(OffBoardItem { item, why });
        }
        Ok(left)
    }

    async fn why_off_board(&self, key: &ItemKey, now: Timestamp) -> Result<OffBoardReason, ApiError> {
        if !self.active().accounts.contains_key(&key.account) {
            return Ok(OffBoardReason::Gone(GoneReason::NotWatched));
        }
        let Some(stored) = self.store().item(key).await.map_err(ApiError::internal)? else {
            return Ok(OffBoardReason::Unknown);
        };
        if let Some((reason, _)) = stored.gone {
            return Ok(OffBoardReason::Gone(reason));
        }
        if let Some(why) = ended(&stored.item) {
            return Ok(why);
        }
        if stored.is_off_board(now) {
            return Ok(OffBoardReason::Snoozed);
        }
        let me = self.store().acts_as(&key.account).await.map_err(ApiError::internal)?;
        let shown = board::rank_key(&stored.item, &me).is_some_and(|key| key.is_shown(false));
        Ok(if shown { OffBoardReason::Open } else { OffBoardReason::Others })
    }

    pub(crate) async fn events(&self, query: EventsQuery) -> Result<Events, ApiError> {
        let EventsQuery { after, before, since, limit } = query;
        let limit = page(limit)?;
        let since = since.unwrap_or(Timestamp::MIN);
        match after {
            Some(after) => self.store().events_after(after, limit).await.map(|mut found| {
                found.events.retain(|event| event.seen_at >= since);
                found
            }),
            None => self.store().events_since(since, before, limit).await.map(|mut found| {
                found.events.reverse();
                found.unreadable.reverse();
                found
            }),
        }
        .map_err(ApiError::internal)
    }

    pub(crate) async fn search(&self, query: Search) -> Result<Vec<SearchHit>, ApiError> {
        // An answer holds so many entries at most; how many of them earlier pages have shown is of no matter.
        let (limit, skip) = (page(query.limit)?, u32::try_from(query.skip).unwrap_or(u32::MAX));
        let found = self.store().search_page(&query.text, skip, limit).await.map_err(ApiError::internal)?;
        let mut in_doubt = self.in_doubt().await?;
        let items = found.items.into_iter().map(|StoredItem { item, .. }| SearchHit::Item {
            status: item.status().to_owned(),
            in_doubt: in_doubt.remove(&item.key).unwrap_or_default(),
            key: item.key,
            title: item.title,
        });
        let runs = found.runs.into_iter().map(|run| SearchHit::Run {
            state: run.state.name().to_owned(),
            named_line: Some(named_line(&run.line, &run.args)).filter(|named| *named != run.line),
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
        let me = self.store().acts_as(&item.key.account).await.map_err(ApiError::internal)?;
        let now = self.active().rules.explain(&event, &item, &me);
        Ok(Explanation { event, item, decided, now })
    }

    pub(crate) async fn snooze(&self, query: Snooze, actor: &Actor) -> Result<(), ApiError> {
        if let Some(until) = query.until.filter(|until| *until <= Timestamp::now()) {
            return Err(ApiError::usage(format!("{until} is past: name a time to come")));
        }
        let item = self.find_item(&query.item).await?.item;
        let snooze = query.until.map_or(store::Snooze::UntilChange, store::Snooze::Until);
        let snoozed = self.store().snooze(&item.key, Some(snooze), actor, Timestamp::now()).await;
        snoozed.map_err(ApiError::internal)?;
        self.inner.snoozed.notify_one();
        Ok(())
    }

    pub(crate) async fn unsnooze(&self, query: Unsnooze, actor: &Actor) -> Result<(), ApiError> {
        let stored = self.find_item(&query.item).await?;
        if !stored.is_off_board(Timestamp::now()) {
            return Err(ApiError::usage(format!("{} is not snoozed", stored.item.reference())));
        }
        let back = self.store().snooze(&stored.item.key, None, actor, Timestamp::now()).await;
        back.map_err(ApiError::internal).map(drop)
    }

    #[expect(clippy::unused_async, reason = "a call, like all others")]
    pub(crate) async fn snooze_times(&self, query: SnoozeTimes) -> Result<Vec<SnoozeTime>, ApiError> {
        let now = Zoned::now();
        match query.typed {
            None => Ok(snooze_times::times(&now)),
            Some(typed) => snooze_times::typed(&typed, &now).map(|time| vec![time]).map_err(ApiError::usage),
        }
    }

    pub(crate) async fn quiet(&self, query: Quiet, actor: &Actor) -> Result<Option<Timestamp>, ApiError> {
        if let Some(until) = query.until.filter(|until| *until <= Timestamp::now()) {
            return Err(ApiError::usage(format!("{until} is past: name a time to come")));
        }
        let set = self.store().set_quiet_until(query.until, actor, Timestamp::now()).await;
        set.map_err(ApiError::internal)?;
        Ok(query.until)
    }
}

fn in_doubt_of(run: Run) -> Option<RunInDoubt> {
    let line = named_line(&run.line, &run.args);
    let RunState::Unknown { why } = run.state else { return None };
    Some(RunInDoubt { id: run.id, line, why })
}

pub(super) fn identities(sources: &[StoredSource]) -> Identities {
    sources.iter().filter_map(|it| Some((it.account.clone(), it.identity.clone()?))).collect()
}

/// How an item ended, where it did.
fn ended(item: &Item) -> Option<OffBoardReason> {
    match &item.detail {
        Detail::Incident(incident) => {
            (incident.status == IncidentStatus::Resolved).then_some(OffBoardReason::Resolved)
        }
        Detail::PullRequest(pull_request) => match pull_request.state {
            PullRequestState::Open => None,
            PullRequestState::Merged => Some(OffBoardReason::Merged),
            PullRequestState::Closed => Some(OffBoardReason::Closed),
        },
        Detail::Approval(approval) => match approval.state {
            ApprovalState::Waiting => None,
            ApprovalState::Approved => Some(OffBoardReason::Approved),
            ApprovalState::Denied => Some(OffBoardReason::Denied),
            ApprovalState::Expired => Some(OffBoardReason::Expired),
            ApprovalState::Superseded => Some(OffBoardReason::Superseded),
        },
        Detail::Build(build) => match build.status() {
            _ if build.is_red() => None,
            BuildStatus::Passed => Some(OffBoardReason::Passed),
            status => status.is_final().then_some(OffBoardReason::Canceled),
        },
    }
}
