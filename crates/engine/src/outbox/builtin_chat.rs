//! The built-in room: a chat that needs no service, kept in the store.

use std::time::Duration;

use async_trait::async_trait;
use callboard_domain::{
    chat::{ChatService, DeliveryKey, Edited, Limits, Posted},
    error::ServiceError,
    length::LengthUnit,
    message::Message,
};
use jiff::Timestamp;

use crate::store::{Store, StoreError};

/// The channel that is always there.
pub const GENERAL: &str = "general";

/// The longest message that is kept whole, in characters. The room shows any length; this bounds a runaway one.
const LONGEST: usize = 40_000;

/// The built-in room as a chat service. Any name is a channel; `#` before it may be left out.
pub struct BuiltinChat {
    store: Store,
    now: fn() -> Timestamp,
}

impl BuiltinChat {
    /// The room in a store. `now` gives the time of each post.
    pub fn new(store: Store, now: fn() -> Timestamp) -> Self {
        Self { store, now }
    }

    async fn put(
        &self,
        channel: &str,
        thread: Option<i64>,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError> {
        let channel = name(channel);
        if channel.is_empty() {
            return Err(ServiceError::rejected("a channel in the room needs a name, such as general"));
        }
        let posted = self.store.post_in_room(channel, thread, key, message.clone(), (self.now)()).await;
        posted.map(|id| posted_as(channel, id)).map_err(nothing_happened)
    }
}

/// The channel's name as it is kept.
pub(crate) fn name(channel: &str) -> &str {
    channel.trim().trim_start_matches('#')
}

fn posted_as(channel: &str, id: i64) -> Posted {
    Posted { channel: channel.to_owned(), id: id.to_string(), link: None }
}

fn number(posted: &Posted) -> Result<i64, ServiceError> {
    posted.id.parse().map_err(|_| ServiceError::rejected(format!("the room has no message {:?}", posted.id)))
}

/// A step of the store that fails is undone.
fn nothing_happened(error: StoreError) -> ServiceError {
    ServiceError::unavailable(error.to_string())
}

#[async_trait]
impl ChatService for BuiltinChat {
    async fn post(
        &self,
        channel: &str,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError> {
        self.put(channel, None, message, key).await
    }

    async fn edit(&self, posted: &Posted, message: &Message) -> Result<Edited, ServiceError> {
        let edited = self.store.edit_in_room(number(posted)?, message.clone(), (self.now)()).await;
        match edited.map_err(nothing_happened)? {
            true => Ok(Edited::Done),
            false => Ok(Edited::Gone { why: "the message is not in the room any more".into() }),
        }
    }

    async fn reply(
        &self,
        under: &Posted,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError> {
        self.put(&under.channel, Some(number(under)?), message, key).await
    }

    async fn find(
        &self,
        channel: &str,
        _under: Option<&Posted>,
        key: &DeliveryKey,
        _since: Timestamp,
    ) -> Result<Option<Posted>, ServiceError> {
        let found = self.store.find_in_room(key).await.map_err(nothing_happened)?;
        let found = found.filter(|message| message.channel == name(channel));
        Ok(found.map(|message| posted_as(&message.channel, message.id)))
    }

    async fn channels(&self) -> Result<Vec<String>, ServiceError> {
        let found = self.store.room_channels().await.map_err(nothing_happened)?;
        let mut channels: Vec<String> = found.into_iter().map(|(channel, _)| channel).collect();
        if !channels.iter().any(|channel| channel == GENERAL) {
            channels.insert(0, GENERAL.to_owned());
        }
        Ok(channels)
    }

    fn limits(&self) -> Limits {
        // The store does all of it, and takes each key once.
        Limits {
            edits: true,
            threads: true,
            finds: true,
            idempotent: true,
            ..Limits::posting(LONGEST, LengthUnit::Characters, Duration::ZERO)
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::message::Tone;

    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn key(text: &str) -> DeliveryKey {
        DeliveryKey(text.to_owned())
    }

    fn message(title: &str) -> Message {
        Message::new(Tone::Good, title)
    }

    #[tokio::test]
    async fn builtin_chat_posts_edits_and_replies() {
        let store = Store::temporary(noon()).unwrap();
        let room = BuiltinChat::new(store.clone(), noon);
        assert_eq!(room.channels().await.unwrap(), ["general"]);

        let posted = room.post("#deploys", &message("one"), &key("k1")).await.unwrap();
        let again = room.post("deploys", &message("one"), &key("k1")).await.unwrap();
        assert_eq!(posted, again, "the same key is the same message");
        room.edit(&posted, &message("one, edited")).await.unwrap();
        let reply = room.reply(&posted, &message("two"), &key("k2")).await.unwrap();

        let stands: Vec<_> = store.room("deploys", 10).await.unwrap();
        let shown: Vec<_> = stands.iter().map(|it| (it.message.title.as_str(), it.thread)).collect();
        assert_eq!(shown, [("one, edited", None), ("two", posted.id.parse().ok())]);
        assert_eq!(room.channels().await.unwrap(), ["general", "deploys"]);

        assert_eq!(room.find("#deploys", None, &key("k2"), noon()).await.unwrap(), Some(reply));
        assert_eq!(room.find("#other", None, &key("k2"), noon()).await.unwrap(), None);
        assert_eq!(room.find("#deploys", None, &key("k3"), noon()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn builtin_chat_refuses_invalid_channels_and_ids() {
        let room = BuiltinChat::new(Store::temporary(noon()).unwrap(), noon);
        let refused = |result: Result<(), ServiceError>| matches!(result, Err(ServiceError::Rejected { .. }));
        assert!(refused(room.post(" #", &message("one"), &key("k")).await.map(drop)));
        let gone = Posted { channel: "general".to_owned(), id: "99".to_owned(), link: None };
        assert!(matches!(room.edit(&gone, &message("two")).await, Ok(Edited::Gone { .. })));
        let nonsense = Posted { id: "x".to_owned(), ..gone.clone() };
        assert!(refused(room.edit(&nonsense, &message("two")).await.map(drop)));
        room.reply(&gone, &message("three"), &key("k3")).await.unwrap();
    }
}
