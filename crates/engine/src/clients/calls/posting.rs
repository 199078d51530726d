//! Posting to channels, and the deliveries that wait.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::Duration,
};

use callboard_domain::{
    actor::{Actor, Principal},
    chat::{DeliveryKey, Limits},
    error::ServiceError,
    item::AccountName,
    message::{Message, Tone},
    text,
};
use futures::future::join_all;
use jiff::Timestamp;

use super::{LIST_LIMIT, limited, one_of, page};
use crate::{
    Engine,
    accounts::AccountUnusable,
    api::{
        AccountError, ApiError, BuiltinRoomMessage, BuiltinRoomQuery, ChannelInfo, ChannelsQuery,
        DeliveriesQuery, Delivery, DeliveryState, FirstInLine, Flush, MootReason, Post, PostPlan,
        PostPlanQuery, Retry,
    },
    clients::edit::is_edit,
    outbox::posted,
    store::{self, About, Content, FirstOfLine, NewDelivery},
};

/// How long a chat may take to list its channels.
const CHANNELS_TIME: Duration = Duration::from_secs(15);
/// What is sent within this time is waited for, whatever becomes of it.
const SOON: Duration = Duration::from_secs(2);

/// Which accounts take no messages, and why.
type AccountErrors = BTreeMap<AccountName, AccountError>;

impl Engine {
    pub(super) async fn delivery_of(&self, run: &str) -> Result<Option<Delivery>, ApiError> {
        let deliveries = self.store().deliveries_of_run(run).await.map_err(ApiError::internal)?;
        let delivery = deliveries.into_iter().next().map(|delivery| match delivery.own_has_arrived() {
            // What has become of its item since is no part of how it ended.
            true => store::Delivery { state: store::DeliveryState::Posted, ..delivery },
            false => delivery,
        });
        Ok(self.all_shown(delivery.into_iter().collect()).await?.pop())
    }

    pub(crate) async fn prepare_post(&self, query: PostPlanQuery) -> Result<PostPlan, ApiError> {
        // A preview is for the person at this computer.
        self.post_as(query.what, &self.owner()).await
    }

    /// The message of a post, and its channel, when `by` posts it.
    async fn post_as(&self, what: Post, by: &Principal) -> Result<PostPlan, ApiError> {
        let Post { channel, text, item } = what;
        let address = self.active().config.address(&channel).map_err(ApiError::usage)?;
        let body = text::block(text.trim(), usize::MAX);
        let message = match item {
            Some(item) => {
                let item = self.find_item(&item).await?.item;
                posted::item(&item, &body, &by.to_string(), Timestamp::now())
            }
            None if body.trim().is_empty() => return Err(ApiError::usage("there is nothing to post")),
            None => Message::new(Tone::Neutral, body),
        };
        // Where there is no chat to ask, the message waits for it, or fails, as a whole.
        if let Ok(chat) = self.inner.deliverer.chat(&address.account) {
            fits(&message, chat.limits()).map_err(|what| ApiError::usage(format!("{address} {what}")))?;
        }
        Ok(PostPlan { address, message })
    }

    pub(crate) async fn post(&self, post: Post, actor: &Actor) -> Result<Delivery, ApiError> {
        let PostPlan { address: to, message } = self.post_as(post, &actor.principal).await?;
        let new = NewDelivery { content: Content::Message(message), to, actor: Some(actor.clone()) };
        let key = self.store().enqueue(new, Timestamp::now()).await.map_err(ApiError::internal)?;
        self.start_delivering();
        self.delivery(&key).await
    }

    async fn delivery(&self, key: &DeliveryKey) -> Result<Delivery, ApiError> {
        let delivery = self.store().delivery(key).await.map_err(ApiError::internal)?;
        let delivery = self.all_shown(delivery.into_iter().collect()).await?.pop();
        delivery.ok_or_else(|| ApiError::usage(format!("there is no delivery {:?}", key.0)))
    }

    pub(crate) async fn room(&self, query: BuiltinRoomQuery) -> Result<Vec<BuiltinRoomMessage>, ApiError> {
        let limit = page(query.limit)?;
        let before = query.before.map_or(Ok(i64::MAX), |before| {
            before
                .parse()
                .map_err(|_| ApiError::usage(format!("expected a message's number, found {before:?}")))
        });
        let messages = self.store().room_before(&query.channel, before?, limit).await;
        let messages = messages.map_err(ApiError::internal)?;
        let shown = |message: store::BuiltinRoomMessage| BuiltinRoomMessage {
            id: message.id.to_string(),
            under: message.thread.map(|under| under.to_string()),
            message: message.message,
            at: message.at,
            edited_at: message.edited_at,
        };
        Ok(messages.into_iter().map(shown).collect())
    }

    pub(crate) async fn channels(&self, query: ChannelsQuery) -> Result<Vec<ChannelInfo>, ApiError> {
        let active = self.active();
        let default = &active.config.default_channel;
        let mut channels: Vec<ChannelInfo> = active
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
            let chats = active
                .accounts
                .values()
                .filter_map(|account| Some((account.name.clone(), account.chat.clone()?)));
            let room = (crate::config::ROOM.into(), self.inner.builtin_chat.clone());
            // All at once: one that does not answer holds up no other.
            let asked = std::iter::once(room).chain(chats).map(|(account, chat)| async move {
                let found = tokio::time::timeout(CHANNELS_TIME, chat.channels()).await;
                (account, found.unwrap_or_else(|_| Err(ServiceError::unavailable("no answer in time"))))
            });
            for (account, found) in join_all(asked).await {
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
        let limit = page(query.limit)?;
        let before = match query.before {
            Some(before) => Some(DeliveryKey(self.delivery(&DeliveryKey(before)).await?.id)),
            None => None,
        };
        let found = self.store().deliveries_page(before, query.pending, limit).await;
        let found = found.map_err(ApiError::internal)?;
        let waiting = found.iter().filter(|delivery| delivery.state == store::DeliveryState::Pending);
        let mut firsts = self.firsts(waiting.map(|delivery| delivery.key.clone()).collect()).await?;
        let shown = self.all_shown(found).await?.into_iter().map(|delivery| {
            let first = firsts.remove(&delivery.id);
            in_line(delivery, first)
        });
        Ok(shown.collect())
    }

    /// The first of its line for each of these deliveries that waits, by their ids.
    async fn firsts(&self, keys: Vec<DeliveryKey>) -> Result<HashMap<String, FirstOfLine>, ApiError> {
        // Without keys, all would be meant.
        if keys.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.store().in_their_lines(&keys, limited(LIST_LIMIT), Timestamp::now()).await;
        let firsts = found.map_err(ApiError::internal)?.into_iter();
        Ok(firsts.filter_map(|(delivery, first)| Some((delivery.key.0, first?))).collect())
    }

    pub(crate) async fn retry(&self, query: Retry, actor: &Actor) -> Result<Delivery, ApiError> {
        let typed = &query.id;
        let mut found = Vec::new();
        if let Ok(Delivery { state, id, .. }) = self.delivery(&DeliveryKey(typed.clone())).await {
            let why = match state {
                DeliveryState::Posted => Some("has arrived: there is nothing to send again".to_owned()),
                DeliveryState::Moot { reason } => {
                    Some(format!("was not posted because {reason}: it is no news any more"))
                }
                DeliveryState::Digested { into } => Some(format!("is part of the digest {into}")),
                DeliveryState::Pending { .. }
                | DeliveryState::Sending
                | DeliveryState::Unknown { .. }
                | DeliveryState::Failed { .. } => None,
            };
            if let Some(why) = why {
                return Err(ApiError::usage(format!("delivery {id} {why}")));
            }
            found.push(id);
        } else {
            let known = self.store().deliveries_not_posted(limited(LIST_LIMIT)).await;
            let ids = known.map_err(ApiError::internal)?.into_iter().map(|delivery| delivery.key.0);
            found.extend(ids.filter(|id| id.starts_with(typed.as_str()) || id.ends_with(typed.as_str())));
        }
        let key = DeliveryKey(one_of(
            found,
            typed,
            "delivery that has not arrived",
            "callboard deliveries --pending",
        )?);
        let known = self.store().delivery(&key).await.map_err(ApiError::internal)?;
        if let Some(error) = known.and_then(|delivery| self.inner.deliverer.waits_for(&delivery)) {
            let why = format!("is sent as soon as its account has what it lacks: {error}");
            return Err(ApiError::usage(format!("delivery {} {why}", key.0)));
        }
        let now = Timestamp::now();
        if !self.store().retry(&key, actor, now).await.map_err(ApiError::internal)? {
            let first = self.firsts(vec![key.clone()]).await?.remove(&key.0);
            let why = match first.filter(|first| first.key != key && first.at > now) {
                Some(first) => format!("is behind {} in its channel: retry that one", first.key.0),
                None => "is on its way already".to_owned(),
            };
            return Err(ApiError::usage(format!("delivery {} {why}", key.0)));
        }
        self.start_delivering();
        self.delivery(&key).await
    }

    pub(crate) async fn flush(&self, query: Flush) -> Result<Vec<Delivery>, ApiError> {
        self.start_delivering();
        let keys: Vec<DeliveryKey> = query.deliveries.into_iter().map(DeliveryKey).collect();
        let time = Duration::from_secs(query.seconds.min(60));
        let (until, end) = (tokio::time::Instant::now() + time, Timestamp::now() + time);
        let mut changed = self.store().changed();
        loop {
            changed.mark_unchanged();
            let now = Timestamp::now();
            let awaited = self.store().in_their_lines(&keys, limited(LIST_LIMIT), now).await;
            let awaited = awaited.map_err(ApiError::internal)?;
            let (deliveries, firsts): (Vec<_>, Vec<_>) = awaited.into_iter().unzip();
            let errors = self.account_errors(&deliveries).await?;
            let moving = deliveries.iter().zip(&firsts).any(|(delivery, first)| match delivery.state {
                store::DeliveryState::Sending => true,
                // Nobody waits here for a secret that is not there, nor behind what waits longer.
                store::DeliveryState::Pending => {
                    let is_failing = errors.contains_key(&delivery.to.account);
                    first.as_ref().is_some_and(|first| is_sent_soon(first, is_failing, now, end))
                        && self.inner.deliverer.waits_for(delivery).is_none()
                }
                _ => false,
            });
            if !moving || tokio::time::timeout_at(until, changed.changed()).await.is_err() {
                let shown = deliveries.into_iter().map(|delivery| self.shown(delivery, &errors));
                return Ok(shown.zip(firsts).map(|(delivery, first)| in_line(delivery, first)).collect());
            }
        }
    }

    /// Deliveries as clients see them.
    async fn all_shown(&self, deliveries: Vec<store::Delivery>) -> Result<Vec<Delivery>, ApiError> {
        let errors = self.account_errors(&deliveries).await?;
        Ok(deliveries.into_iter().map(|delivery| self.shown(delivery, &errors)).collect())
    }

    /// The errors of those accounts that take none of these deliveries now. Of an account that is watched as well, its error
    /// says how its polls fare.
    async fn account_errors(&self, deliveries: &[store::Delivery]) -> Result<AccountErrors, ApiError> {
        let active = self.active();
        let only_posts = |account: &AccountName| {
            let account = active.accounts.get(account);
            let connection = account.and_then(|account| account.connection.as_ref().ok());
            connection.is_some_and(|connection| connection.source.is_none())
        };
        let on_their_way = deliveries.iter().filter(|delivery| is_on_its_way(delivery.state));
        let accounts: BTreeSet<&AccountName> =
            on_their_way.map(|delivery| &delivery.to.account).filter(|account| only_posts(account)).collect();
        let mut errors = AccountErrors::new();
        for account in accounts {
            let source = self.store().source(account).await.map_err(ApiError::internal)?;
            if let Some((error, since)) = source.and_then(|source| source.error) {
                errors.insert(account.clone(), AccountError { since, error });
            }
        }
        Ok(errors)
    }

    /// A delivery as clients see it, with the error of its account among these.
    pub(super) fn shown(&self, delivery: store::Delivery, errors: &AccountErrors) -> Delivery {
        let missing = self.inner.deliverer.waits_for(&delivery);
        let waits_for = missing.is_some().then(|| self.missing_of(&delivery.to.account));
        let account_error =
            errors.get(&delivery.to.account).filter(|_| is_on_its_way(delivery.state)).cloned();
        let unsearchable = self.inner.deliverer.is_unsearchable(&delivery);
        let delivery = store::Delivery { error: missing.or(delivery.error), ..delivery };
        Delivery { account_error, ..shown(delivery, waits_for, unsearchable) }
    }

    /// What an account is missing, without which nothing is posted through it.
    fn missing_of(&self, account: &AccountName) -> String {
        let active = self.active();
        match active.accounts.get(account).map(|account| &account.connection) {
            Some(Err(AccountUnusable::Waiting(_))) => active.secrets.place().describe().to_owned(),
            Some(Err(AccountUnusable::Incomplete(_))) => format!("a secret of {account}"),
            Some(Err(AccountUnusable::Misconfigured(_))) => format!("a setting of {account}"),
            Some(Ok(_)) => account.to_string(),
            // A file with errors does not name it.
            None => "a configuration without errors".to_owned(),
        }
    }
}

/// True for a delivery that is sent, or looked for, by itself.
fn is_on_its_way(state: store::DeliveryState) -> bool {
    match state {
        store::DeliveryState::Pending | store::DeliveryState::Sending | store::DeliveryState::Unknown => true,
        store::DeliveryState::Posted
        | store::DeliveryState::Failed
        | store::DeliveryState::Moot
        | store::DeliveryState::Digested => false,
    }
}

/// True where it is worth waiting until `end` for the first of a line to be sent. A look-up before it may find nothing out,
/// and does so rather where its account is failing.
fn is_sent_soon(first: &FirstOfLine, is_failing: bool, now: Timestamp, end: Timestamp) -> bool {
    let by = if first.is_held && !is_failing { end } else { now + SOON };
    first.at <= by
}

/// A delivery with the first of its line, where that is another one.
fn in_line(mut delivery: Delivery, first: Option<FirstOfLine>) -> Delivery {
    let other = first.filter(|first| first.key.0 != delivery.id);
    if let DeliveryState::Pending { first, .. } = &mut delivery.state {
        *first = other.map(|FirstOfLine { key, at, error, .. }| FirstInLine { id: key.0, at, error });
    }
    delivery
}

/// Refuses what would be cut: a person's words are posted whole or not at all.
fn fits(message: &Message, Limits { length: longest, unit, .. }: Limits) -> Result<(), String> {
    let link = message.link.as_ref().map_or(0, |link| unit.measure(link.as_str()));
    let length = unit.measure(&message.plain()) + link;
    if length <= longest {
        return Ok(());
    }
    let (over, unit) = (length - longest, unit.name());
    Err(format!(
        "takes {longest} {unit}, and this has {length}: make it shorter by {over}, or post it in parts"
    ))
}

/// A delivery as it is recorded, what it waits for, and whether it cannot be looked for.
fn shown(delivery: store::Delivery, waits_for: Option<String>, unsearchable: bool) -> Delivery {
    let is_edit = is_edit(&delivery);
    let edit_refused = delivery.edit_refused.filter(|_| delivery.state == store::DeliveryState::Posted);
    let error = delivery.error;
    let state = match delivery.state {
        store::DeliveryState::Pending => {
            DeliveryState::Pending { next_at: delivery.next_at, error, waits_for, first: None }
        }
        store::DeliveryState::Sending => DeliveryState::Sending,
        store::DeliveryState::Posted => DeliveryState::Posted,
        store::DeliveryState::Unknown => DeliveryState::Unknown { error: known(error), unsearchable },
        store::DeliveryState::Failed => DeliveryState::Failed { error: known(error) },
        store::DeliveryState::Moot => {
            DeliveryState::Moot { reason: delivery.moot.unwrap_or(MootReason::Forgotten) }
        }
        store::DeliveryState::Digested => {
            DeliveryState::Digested { into: delivery.digest.map(|key| key.0).unwrap_or_default() }
        }
    };
    Delivery {
        id: delivery.key.0,
        address: delivery.to,
        message: delivery.message,
        run: match delivery.about {
            About::Run(id) => Some(id),
            About::Event(_) | About::Nothing => None,
        },
        under: delivery.root.map(|root| root.0),
        state,
        is_edit,
        edit_refused,
        account_error: None,
        attempts: delivery.attempts,
        created_at: delivery.created_at,
        actor: delivery.actor,
        link: delivery.posted.and_then(|posted| posted.link),
    }
}

fn known(error: Option<ServiceError>) -> ServiceError {
    error.unwrap_or_else(|| ServiceError::unknown("no answer"))
}

#[cfg(test)]
mod tests {
    use callboard_domain::length::LengthUnit;

    use super::*;
    use crate::{clients::edit::tests::delivery, store::Edits};

    #[test]
    fn refusal_of_an_edit_is_shown_of_a_message_that_stands() {
        use store::DeliveryState as S;
        // its state, whether an edit was refused -> whether that is shown
        let cases = [
            (S::Posted, true, true),
            (S::Posted, false, false),
            // What is to be sent is a new message, whose own state says how far it is.
            (S::Pending, true, false),
            (S::Sending, true, false),
            (S::Failed, true, false),
        ];
        for (state, is_refused, expected) in cases {
            let edit_refused = is_refused.then(|| "too old".to_owned());
            let edits = if is_refused { Edits::Closed } else { Edits::Open };
            let stored = store::Delivery { edit_refused, ..delivery(state, Some("17.1"), edits) };
            let shown = shown(stored, None, false);
            assert_eq!(shown.edit_refused.is_some(), expected, "{state:?}");
            assert!(!(shown.is_edit && expected), "{state:?}: no edit waits");
        }
    }

    #[test]
    fn post_that_would_be_cut_is_refused_with_its_length() {
        let message = |length| Message::new(Tone::Neutral, "é".repeat(length));
        let hundred = |unit| Limits::posting(100, unit, Duration::ZERO);
        let characters = hundred(LengthUnit::Characters);
        // The mark and its space count.
        assert_eq!(fits(&message(98), characters), Ok(()));
        let why = fits(&message(120), characters).unwrap_err();
        assert!(why.contains("takes 100 characters, and this has 122: make it shorter by 22"), "{why}");
        let linked = message(90).with_link("https://ci.example/7".parse().ok());
        assert!(fits(&linked, characters).is_err(), "its link counts");
        let why = fits(&message(98), hundred(LengthUnit::Bytes)).unwrap_err();
        assert!(why.contains("takes 100 bytes, and this has 200: make it shorter by 100"), "{why}");
    }
}
