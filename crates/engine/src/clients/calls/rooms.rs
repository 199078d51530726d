//! What stands in the channels: of the built-in room all of it, of a chat service what Callboard posted.

use std::collections::BTreeMap;

use callboard_domain::chat::Address;
use jiff::Timestamp;

use super::limited;
use crate::{
    Engine,
    api::{ApiError, ChannelActivity, ChannelActivityQuery, ChannelMessage, ChannelMessages, DeliveryState},
    config::ROOM,
    outbox::builtin_chat::{self, GENERAL},
    store,
};

impl Engine {
    pub(crate) async fn rooms(&self, _: ChannelActivityQuery) -> Result<Vec<ChannelActivity>, ApiError> {
        let builtin = |channel: &str| Address { account: ROOM.into(), channel: channel.to_owned() };
        let mut last: BTreeMap<Address, Option<Timestamp>> = BTreeMap::new();
        let mut found = |address: Address, at: Option<Timestamp>| {
            let known = last.entry(canonical(address)).or_default();
            *known = (*known).max(at);
        };
        found(builtin(GENERAL), None);
        for (channel, at) in self.store().room_channels().await.map_err(ApiError::internal)? {
            found(builtin(&channel), Some(at));
        }
        for (address, at) in self.store().posted_to().await.map_err(ApiError::internal)? {
            found(address, Some(at));
        }
        let active = self.active();
        found(active.config.default_channel.clone(), None);
        let mut names: BTreeMap<Address, String> = BTreeMap::new();
        for (name, address) in &active.config.channels {
            found(address.clone(), None);
            names.entry(canonical(address.clone())).or_insert_with(|| name.clone());
        }
        let mut rooms: Vec<ChannelActivity> = last
            .into_iter()
            .map(|(address, last_at)| ChannelActivity {
                name: names.get(&address).cloned(),
                builtin: address.account.0 == ROOM,
                address,
                last_at,
            })
            .collect();
        // The built-in room first, in it the channel that is always there; then by address.
        rooms.sort_by_key(|room| (!room.builtin, !(room.builtin && room.address.channel == GENERAL)));
        Ok(rooms)
    }

    pub(crate) async fn channel_messages(
        &self,
        query: ChannelMessages,
    ) -> Result<Vec<ChannelMessage>, ApiError> {
        let address = canonical(query.address);
        let limit = limited(query.limit);
        let deliveries = self.store().deliveries_to(&address, limit).await.map_err(ApiError::internal)?;
        if address.account.0 != ROOM {
            return Ok(deliveries.into_iter().map(|delivery| self.of_delivery(delivery)).collect());
        }
        let stands = self.store().room(&address.channel, limit).await.map_err(ApiError::internal)?;
        let runs: BTreeMap<String, String> = deliveries
            .iter()
            .filter_map(|delivery| match &delivery.about {
                store::About::Run(run) => Some((delivery.key.0.clone(), run.clone())),
                _ => None,
            })
            .collect();
        let on_the_way = deliveries.into_iter().filter(|delivery| {
            delivery.state != store::DeliveryState::Posted
                && !stands.iter().any(|message| message.key == delivery.key)
        });
        let on_the_way: Vec<_> = on_the_way.map(|delivery| self.of_delivery(delivery)).collect();
        let mut messages: Vec<_> = stands
            .into_iter()
            .map(|message| ChannelMessage {
                id: message.id.to_string(),
                under: message.thread.map(|under| under.to_string()),
                run: runs.get(&message.key.0).cloned(),
                message: message.message,
                at: message.at,
                edited_at: message.edited_at,
                state: DeliveryState::Posted,
                edit_refused: None,
                link: None,
            })
            .collect();
        messages.extend(on_the_way);
        Ok(messages)
    }

    fn of_delivery(&self, delivery: store::Delivery) -> ChannelMessage {
        let stands = delivery.posted.as_ref().map(|posted| posted.id.clone()).filter(|id| !id.is_empty());
        let under = delivery.under.as_ref().map(|under| under.id.clone());
        let shown = self.shown(delivery, &BTreeMap::new());
        ChannelMessage {
            id: stands.unwrap_or_else(|| shown.id.clone()),
            under,
            message: shown.message,
            at: shown.created_at,
            edited_at: None,
            state: shown.state,
            edit_refused: shown.edit_refused,
            link: shown.link,
            run: shown.run,
        }
    }
}

/// A channel of the built-in room may be written with `#`, and is the same one.
fn canonical(mut address: Address) -> Address {
    if address.account.0 == ROOM {
        address.channel = builtin_chat::name(&address.channel).to_owned();
    }
    address
}
