//! The answers to the calls of [`crate::api`]: each is a method of the engine.

use std::time::Duration;

use callboard_domain::{
    action::Choice,
    board::{self, Board},
    chat::DeliveryKey,
    command::{self, ArgError},
    event::Event,
    identity::Identity,
    item::{Item, Kind},
    message::{Message, Tone},
    run::Run,
    text,
};
use futures::future::join_all;
use jiff::Timestamp;

use crate::{
    Engine, Mode, accounts,
    api::{
        AccountInfo, AccountsQuery, ApiError, BoardQuery, Cancel, Changes, ChannelInfo, ChannelsQuery, Check,
        ChoicesQuery, CommandInfo, CommandsQuery, DeliveriesQuery, Delivery, DeliveryState, Doctor,
        EventsQuery, Explanation, FollowRun, Greeting, Health, Hello, HelpQuery, Hit, ItemDetail, ItemQuery,
        PollNow, Post, Prepare, Prepared, Quiet, Reload, Retry, RoomMessage, RoomQuery, RulesExplain,
        RunProgress, RunsQuery, Search, SecretChanged, Settle, Snooze, StartRun, TestAccount,
    },
    doctor,
    registry::Entry,
    store::{self, About, NewDelivery, StoredItem, StoredSource},
    watch,
};

/// How long an answer waits for something new.
const LONG_POLL: Duration = Duration::from_secs(30);
/// How long [`PollNow`] waits for all accounts.
const POLL_NOW_TIME: Duration = Duration::from_secs(20);
/// The longest list that one answer gives.
const LIST_LIMIT: usize = 10_000;
/// How many events of an item are given with it.
const HISTORY: u32 = 50;

fn limited(limit: usize) -> u32 {
    u32::try_from(limit.min(LIST_LIMIT)).unwrap_or(u32::MAX)
}

impl Engine {
    pub(crate) async fn hello(&self, _: Hello) -> Result<Greeting, ApiError> {
        Ok(Greeting {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            config: self.inner.options.config.clone(),
            serving: self.inner.options.mode == Mode::Serve,
            receives_at: self.inner.receives_at,
        })
    }

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

    pub(crate) async fn changes(&self, query: Changes) -> Result<u64, ApiError> {
        let mut changed = self.store().changed();
        let stopping = self.stopping();
        let more = changed.wait_for(|count| *count != query.seen || query.seen == 0);
        tokio::select! {
            () = stopping.cancelled() => Err(ApiError::internal("Callboard is stopping")),
            more = tokio::time::timeout(LONG_POLL, more) => match more {
                Ok(Ok(count)) => Ok((*count).max(1)),
                Ok(Err(_)) => Err(ApiError::internal("Callboard is stopping")),
                Err(_) => Ok(query.seen),
            },
        }
    }

    pub(crate) async fn item(&self, query: ItemQuery) -> Result<ItemDetail, ApiError> {
        let item = self.find_item(&query.item).await?;
        let events = self.store().events_of(&item.key, HISTORY).await.map_err(ApiError::internal)?;
        let live = self.live();
        let entries = live.registry.entries().iter().filter(|entry| command::applies_to(&entry.spec, &item));
        let actions = entries.filter(|entry| entry.runner(Some(&item.key.account)).is_ok());
        let actions = actions.map(|entry| command::prefill(&entry.spec, &item)).collect();
        Ok(ItemDetail { item, events, actions })
    }

    /// The item that a text means, whatever its kind.
    async fn find_item(&self, typed: &str) -> Result<Item, ApiError> {
        let mut candidates = Vec::new();
        for kind in Kind::ALL {
            let named = self.store().items_named(kind, typed.trim()).await.map_err(ApiError::internal)?;
            candidates.extend(named.into_iter().map(|stored| stored.item));
        }
        // What is not named in full is looked for among what is open and recent.
        let kinds: &[Kind] = if candidates.is_empty() { &Kind::ALL } else { &[] };
        for kind in kinds.iter().copied() {
            let items = self.items_of(kind).await.map_err(ApiError::internal)?;
            match command::resolve_item(typed, items.iter(), kind) {
                command::Resolution::Exact(item) => candidates.push(item.clone()),
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
                let candidates = candidates.iter().map(|item| item.key.to_string()).collect();
                Err(ArgError::Ambiguous { arg: "item".into(), found: typed.into(), candidates }.into())
            }
        }
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

    pub(crate) async fn commands(&self, _: CommandsQuery) -> Result<Vec<CommandInfo>, ApiError> {
        Ok(self.live().registry.entries().iter().map(|entry| self.command_info(entry)).collect())
    }

    pub(crate) async fn help(&self, query: HelpQuery) -> Result<CommandInfo, ApiError> {
        Ok(self.command_info(self.live().registry.find(&query.command)?))
    }

    fn command_info(&self, entry: &Entry) -> CommandInfo {
        let live = self.live();
        let takes_item = entry.spec.args.iter().any(|arg| matches!(arg.ty, command::ArgType::Item(_)));
        let posts_to = match &entry.spec.policy.post {
            Some(post) => post.clone(),
            None if takes_item => {
                format!("where the rules post the item, else {}", live.config.default_channel)
            }
            None => live.config.default_channel.to_string(),
        };
        CommandInfo { spec: entry.spec.clone(), origin: entry.origin(), posts_to }
    }

    pub(crate) async fn choices(&self, query: ChoicesQuery) -> Result<Vec<Choice>, ApiError> {
        let live = self.live();
        let read = self.read_line(&live, &query.line).await?;
        let unexpected = || ArgError::Unexpected {
            command: read.spec.name.clone(),
            name: query.arg.clone(),
            nearest: None,
        };
        let arg = read.spec.find_arg(&query.arg).ok_or_else(unexpected)?;
        let plain = |value: &str| Choice { value: value.to_owned(), note: None };
        match &arg.ty {
            command::ArgType::Choice(values) => Ok(values.iter().map(|value| plain(value)).collect()),
            command::ArgType::Bool => Ok(vec![plain("true"), plain("false")]),
            command::ArgType::Item(kind) => {
                let items = self.items_of(*kind).await.map_err(ApiError::internal)?;
                let choice = |item: &Item| Choice {
                    value: item.reference().to_owned(),
                    note: Some(item.title.clone()),
                };
                Ok(items.iter().map(choice).collect())
            }
            _ if let Some(listing) = read.entry.listing(&query.arg) => {
                let mut items = Vec::new();
                for kind in Kind::ALL {
                    items.extend(self.items_of(kind).await.map_err(ApiError::internal)?);
                }
                Ok(listing.choices(&items))
            }
            _ => read.action.choices(&query.arg, &read.args).await.map_err(|error| ApiError::Service {
                account: read.account.map_or_else(|| read.spec.name.clone(), |account| account.0),
                error,
            }),
        }
    }

    pub(crate) async fn prepare(&self, what: Prepare) -> Result<Prepared, ApiError> {
        let ready = self.ready(&what, Timestamp::now()).await?;
        let acts_as = match ready.account() {
            Some(account) => Some(self.me(account).await?.login).filter(|login| !login.is_empty()),
            None => None,
        };
        Ok(ready.shown(acts_as))
    }

    pub(crate) async fn run(&self, start: StartRun) -> Result<Run, ApiError> {
        let ready = self.ready(&start.what, Timestamp::now()).await?;
        self.start(ready, start.confirmed.as_deref()).await
    }

    pub(crate) async fn follow_run(&self, query: FollowRun) -> Result<RunProgress, ApiError> {
        let id = self.run_id(&query.id).await?;
        if let Some(following) = self.inner.runs.get(&id) {
            let mut changes = following.changes();
            let is_new = |said: &mut crate::run::Said| {
                said.line != query.said || said.pieces.len() as u64 > query.seen
            };
            // One that has ended since may have said so before anybody listened.
            if !following.with(is_new) && self.inner.runs.get(&id).is_some() {
                let _ = tokio::time::timeout(LONG_POLL, changes.changed()).await;
            }
            let run = self.stored_run(&id).await?;
            // Between the record of its end and its leaving this list there is a moment: the record counts.
            if self.inner.runs.get(&id).is_some() && !run.state.is_final() {
                let seen = usize::try_from(query.seen).unwrap_or(usize::MAX);
                let (said, output, total) = following.with(|said| {
                    (
                        said.line.clone(),
                        said.pieces.get(seen..).unwrap_or_default().to_vec(),
                        said.pieces.len(),
                    )
                });
                return Ok(RunProgress { run, said, output, seen: total as u64, delivery: None });
            }
            // It has ended in between: what was not seen of it is in memory still.
            let seen = usize::try_from(query.seen).unwrap_or(usize::MAX);
            let (output, total) = following.with(|said| {
                (said.pieces.get(seen..).unwrap_or_default().to_vec(), said.pieces.len() as u64)
            });
            let (run, delivery) = (self.stored_run(&id).await?, self.delivery_of(&id).await?);
            return Ok(RunProgress { run, said: String::new(), output, seen: total, delivery });
        }
        let run = self.stored_run(&id).await?;
        let output = if query.seen == 0 {
            self.store().output(&id).await.map_err(ApiError::internal)?
        } else {
            String::new()
        };
        let output: Vec<String> = Some(output).filter(|output| !output.is_empty()).into_iter().collect();
        let seen = query.seen.max(output.len() as u64);
        Ok(RunProgress { run, said: String::new(), output, seen, delivery: self.delivery_of(&id).await? })
    }

    async fn delivery_of(&self, run: &str) -> Result<Option<Delivery>, ApiError> {
        let deliveries = self.store().deliveries_of_run(run).await.map_err(ApiError::internal)?;
        Ok(deliveries.into_iter().next().map(shown))
    }

    async fn stored_run(&self, id: &str) -> Result<Run, ApiError> {
        let run = self.store().run(id).await.map_err(ApiError::internal)?;
        run.ok_or_else(|| ApiError::usage(format!("there is no run {id:?}; see: callboard runs")))
    }

    /// The whole id of a run of which the start, or a distinctive end, was typed.
    async fn run_id(&self, typed: &str) -> Result<String, ApiError> {
        if self.store().run(typed).await.map_err(ApiError::internal)?.is_some() {
            return Ok(typed.to_owned());
        }
        let mut found = self.inner.runs.starting_with(typed);
        let runs = self.store().runs(limited(1_000)).await.map_err(ApiError::internal)?;
        found.extend(
            runs.into_iter().map(|run| run.id).filter(|id| id.starts_with(typed) || id.ends_with(typed)),
        );
        one_of(found, typed, "run", "callboard runs")
    }

    pub(crate) async fn runs(&self, query: RunsQuery) -> Result<Vec<Run>, ApiError> {
        self.store().runs(limited(query.limit)).await.map_err(ApiError::internal)
    }

    pub(crate) async fn cancel(&self, query: Cancel) -> Result<Run, ApiError> {
        let id = self.run_id(&query.id).await?;
        let Some(following) = self.inner.runs.get(&id) else {
            let run = self.stored_run(&id).await?;
            return Err(ApiError::usage(format!("run {id} is not under way: it is {}", run.state.name())));
        };
        let mut changes = following.changes();
        following.cancel.cancel();
        while self.inner.runs.get(&id).is_some() && changes.changed().await.is_ok() {}
        self.stored_run(&id).await
    }

    pub(crate) async fn post(&self, post: Post) -> Result<Delivery, ApiError> {
        let to = self.live().config.address(&post.channel).map_err(ApiError::usage)?;
        let said = text::block(post.text.trim(), 10_000);
        if said.is_empty() {
            return Err(ApiError::usage("there is nothing to post"));
        }
        let new = NewDelivery {
            about: About::Nothing,
            to,
            under: None,
            message: Message::new(Tone::Neutral, said),
        };
        let key = self.store().enqueue(new, Timestamp::now()).await.map_err(ApiError::internal)?;
        self.delivery(&key).await
    }

    async fn delivery(&self, key: &DeliveryKey) -> Result<Delivery, ApiError> {
        let delivery = self.store().delivery(key).await.map_err(ApiError::internal)?;
        delivery.map(shown).ok_or_else(|| ApiError::usage(format!("there is no delivery {:?}", key.0)))
    }

    pub(crate) async fn room(&self, query: RoomQuery) -> Result<Vec<RoomMessage>, ApiError> {
        let messages =
            self.store().room(&query.channel, limited(query.limit)).await.map_err(ApiError::internal)?;
        let shown = |message: store::RoomMessage| RoomMessage {
            id: message.id.to_string(),
            under: message.thread.map(|under| under.to_string()),
            message: message.message,
            at: message.at,
            edited_at: message.edited_at,
        };
        Ok(messages.into_iter().map(shown).collect())
    }

    pub(crate) async fn accounts(&self, _: AccountsQuery) -> Result<Vec<AccountInfo>, ApiError> {
        let sources = self.store().sources().await.map_err(ApiError::internal)?;
        let live = self.live();
        let info = |account: &accounts::Account| {
            let source = sources.iter().find(|source| source.account == account.name);
            AccountInfo {
                name: account.name.clone(),
                service: account.config.service_name().to_owned(),
                health: self.health(account, source),
                identity: source.and_then(|source| source.identity.clone()),
                budget: source.and_then(|source| source.budget),
                last_ok: source.and_then(|source| source.last_ok_at),
                problems: source.map(|source| source.problems.clone()).unwrap_or_default(),
                secrets: live.secrets.place(),
                watched: account.connection.as_ref().is_ok_and(|connection| connection.source.is_some()),
            }
        };
        Ok(live.accounts.values().map(|account| info(account)).collect())
    }

    fn health(&self, account: &accounts::Account, source: Option<&StoredSource>) -> Health {
        if let Err(why) = &account.connection {
            return Health::Incomplete { why: why.clone() };
        }
        match source {
            Some(StoredSource { error: Some((error, since)), .. }) => Health::Trouble {
                since: *since,
                error: error.clone(),
                next_try: self.moments().next_try.get(&account.name).copied(),
            },
            Some(source) if source.last_ok_at.is_some() || source.identity.is_some() => Health::Ok,
            _ => Health::New,
        }
    }

    pub(crate) async fn test_account(&self, query: TestAccount) -> Result<Identity, ApiError> {
        let live = self.live();
        let name = query.account;
        let account = live.accounts.get(&name).ok_or_else(|| {
            ApiError::usage(crate::config::unknown(
                "account",
                name.as_str(),
                live.accounts.keys().map(|it| it.as_str()),
            ))
        })?;
        if let Err(why) = &account.connection {
            return Err(ApiError::usage(format!("{name} is not complete: {why}")));
        }
        self.identify(account, Timestamp::now())
            .await
            .map_err(|error| ApiError::Service { account: name.to_string(), error })
    }

    pub(crate) async fn secret_changed(&self, _: SecretChanged) -> Result<(), ApiError> {
        self.reload_now().await
    }

    pub(crate) async fn channels(&self, query: ChannelsQuery) -> Result<Vec<ChannelInfo>, ApiError> {
        let live = self.live();
        let default = &live.config.default_channel;
        let mut channels: Vec<ChannelInfo> = live
            .config
            .channels
            .iter()
            .map(|(name, address)| ChannelInfo {
                name: Some(name.clone()),
                address: address.clone(),
                default: address == default,
            })
            .collect();
        if !channels.iter().any(|channel| channel.default) {
            channels.insert(0, ChannelInfo { name: None, address: default.clone(), default: true });
        }
        if query.live {
            let chats = live.accounts.values().filter_map(|account| {
                let chat = account.connection.as_ref().ok()?.chat.clone()?;
                Some((account.name.clone(), chat))
            });
            let room = (crate::config::ROOM.into(), std::sync::Arc::clone(&self.inner.room));
            for (account, chat) in std::iter::once(room).chain(chats) {
                let found = chat.channels().await;
                let found =
                    found.map_err(|error| ApiError::Service { account: account.to_string(), error })?;
                let addresses = found
                    .into_iter()
                    .map(|channel| callboard_domain::chat::Address { account: account.clone(), channel });
                for address in addresses {
                    if !channels.iter().any(|known| known.address == address) {
                        channels.push(ChannelInfo { name: None, address, default: false });
                    }
                }
            }
        }
        Ok(channels)
    }

    pub(crate) async fn deliveries(&self, query: DeliveriesQuery) -> Result<Vec<Delivery>, ApiError> {
        let limit = limited(query.limit);
        let found = match query.pending {
            true => self.store().deliveries_not_posted(limit).await,
            false => self.store().deliveries(limit).await,
        };
        Ok(found.map_err(ApiError::internal)?.into_iter().map(shown).collect())
    }

    pub(crate) async fn retry(&self, query: Retry) -> Result<Delivery, ApiError> {
        let known =
            self.store().deliveries_not_posted(limited(LIST_LIMIT)).await.map_err(ApiError::internal)?;
        let ids = known.into_iter().map(|delivery| delivery.key.0);
        let typed = &query.id;
        let found = ids.filter(|id| id.starts_with(typed.as_str()) || id.ends_with(typed.as_str())).collect();
        let key = DeliveryKey(one_of(
            found,
            typed,
            "delivery that has not arrived",
            "callboard deliveries --pending",
        )?);
        if !self.store().retry(&key, Timestamp::now()).await.map_err(ApiError::internal)? {
            return Err(ApiError::usage(format!("delivery {} is on its way already", key.0)));
        }
        self.delivery(&key).await
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

    pub(crate) async fn poll_now(&self, query: PollNow) -> Result<Vec<AccountInfo>, ApiError> {
        let live = self.live();
        let wanted = live
            .accounts
            .values()
            .filter(|account| query.account.as_ref().is_none_or(|it| *it == account.name));
        let polls = join_all(wanted.map(|account| watch::poll_once(self, account)));
        // What went wrong is recorded with each account, which is what is answered.
        let _ = tokio::time::timeout(POLL_NOW_TIME, polls).await;
        self.accounts(AccountsQuery {}).await
    }

    pub(crate) async fn settle(&self, query: Settle) -> Result<Vec<Delivery>, ApiError> {
        let until = tokio::time::Instant::now() + Duration::from_secs(query.seconds.min(60));
        let mut changed = self.store().changed();
        loop {
            changed.mark_unchanged();
            let left =
                self.store().deliveries_not_posted(limited(LIST_LIMIT)).await.map_err(ApiError::internal)?;
            let soon = Timestamp::now() + Duration::from_secs(2);
            let moving = left.iter().any(|delivery| match delivery.state {
                store::DeliveryState::Sending => true,
                store::DeliveryState::Pending => delivery.next_at <= soon,
                _ => false,
            });
            if !moving {
                return Ok(left.into_iter().map(shown).collect());
            }
            if tokio::time::timeout_at(until, changed.changed()).await.is_err() {
                return Ok(left.into_iter().map(shown).collect());
            }
        }
    }

    pub(crate) async fn snooze(&self, query: Snooze) -> Result<(), ApiError> {
        let item = self.find_item(&query.item).await?;
        let snooze = query.until.map_or(store::Snooze::UntilChange, store::Snooze::Until);
        self.store().snooze(&item.key, Some(snooze)).await.map_err(ApiError::internal).map(drop)
    }

    pub(crate) async fn quiet(&self, query: Quiet) -> Result<Option<Timestamp>, ApiError> {
        self.store().set_quiet_until(query.until).await.map_err(ApiError::internal)?;
        Ok(query.until)
    }

    pub(crate) async fn doctor(&self, _: Doctor) -> Result<Vec<Check>, ApiError> {
        Ok(doctor::checks(self).await)
    }

    pub(crate) async fn reload(&self, _: Reload) -> Result<(), ApiError> {
        self.reload_now().await
    }
}

/// The only one that a typed start or end can mean.
fn one_of(mut found: Vec<String>, typed: &str, what: &str, see: &str) -> Result<String, ApiError> {
    found.sort();
    found.dedup();
    match found.len() {
        0 => Err(ApiError::usage(format!("there is no {what} {typed:?}; see: {see}"))),
        1 => Ok(found.swap_remove(0)),
        _ => {
            found.truncate(10);
            Err(ArgError::Ambiguous { arg: "id".into(), found: typed.into(), candidates: found }.into())
        }
    }
}

/// A delivery as faces see it.
fn shown(delivery: store::Delivery) -> Delivery {
    let error = delivery.error;
    let state = match delivery.state {
        store::DeliveryState::Pending => DeliveryState::Pending { next_at: delivery.next_at, error },
        store::DeliveryState::Sending => DeliveryState::Sending,
        store::DeliveryState::Posted => DeliveryState::Posted,
        store::DeliveryState::Unknown => DeliveryState::Unknown { error: known(error) },
        store::DeliveryState::Failed => DeliveryState::Failed { error: known(error) },
    };
    Delivery {
        id: delivery.key.0,
        address: delivery.to,
        message: delivery.message,
        run: match delivery.about {
            About::Run(id) => Some(id),
            About::Event(_) | About::Nothing => None,
        },
        state,
        attempts: delivery.attempts,
        created_at: delivery.created_at,
        link: delivery.posted.and_then(|posted| posted.link),
    }
}

fn known(error: Option<callboard_domain::error::ServiceError>) -> callboard_domain::error::ServiceError {
    error.unwrap_or_else(|| callboard_domain::error::ServiceError::unknown("no answer"))
}
