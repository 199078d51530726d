//! The contract of where outcomes and notices go.

use std::{fmt, str::FromStr, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{error::ServiceError, item::AccountName, length::LengthUnit, message::Message};

/// A channel of an account, written `ACCOUNT:CHANNEL`, such as `chat:#deploys` or `room:general`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, ts_rs::TS)]
#[ts(type = "string")]
pub struct Address {
    /// The chat account; `room` is the built-in one.
    pub account: AccountName,
    /// The channel as the service (and a person) names it.
    pub channel: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.account, self.channel)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((account, channel)) if !account.is_empty() && !channel.is_empty() => {
                Ok(Self { account: account.into(), channel: channel.to_owned() })
            }
            _ => Err(format!("expected ACCOUNT:CHANNEL, found {text:?}")),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Names one delivery for ever: sent along with the message where the service allows it, so that a message whose
/// sending got no answer can be looked up before it is sent again.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ts_rs::TS)]
#[serde(transparent)]
pub struct DeliveryKey(pub String);

/// A message that has been posted in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Posted {
    /// The service's id of the channel.
    pub channel: String,
    /// The service's id of the message; empty where the service gives none (then it cannot be edited).
    pub id: String,
    /// Where it can be seen.
    pub link: Option<String>,
}

/// What became of an edit that the service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The message was edited, or was so already.
    Done,
    /// The message is there, and cannot be edited any more: it is too old, or not ours. The new text becomes a new message.
    Refused {
        /// In plain words.
        why: String,
    },
    /// The message is not there any more.
    Gone {
        /// In plain words.
        why: String,
    },
}

/// What a chat service can do, each declared by itself: a chat may have threads and no edits. What Callboard does not use yet is
/// `false` wherever it is not built, whatever the service could do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest message, counted in `unit`, as [`Message::plain`] gives it. The connector cuts what programs wrote that is
    /// longer; a person's words are refused instead.
    pub length: usize,
    /// What `length` counts.
    pub unit: LengthUnit,
    /// The pause between two messages to one channel.
    pub pause: Duration,
    /// A posted message can be edited ([`ChatService::edit`]).
    pub edits: bool,
    /// A message can be posted in a thread under another ([`ChatService::reply`]).
    pub threads: bool,
    /// [`ChatService::find`] can look whether a message arrived whose sending got no answer.
    pub finds: bool,
    /// A post that is repeated with its key makes no second message.
    pub idempotent: bool,
    /// A message can have buttons, and pressing one reaches Callboard.
    pub buttons: bool,
    /// Reactions can be set on a message.
    pub reactions: bool,
    /// What people write in a channel reaches Callboard.
    pub listens: bool,
}

impl Limits {
    /// Those of a chat that can post, and nothing else.
    pub const fn posting(length: usize, unit: LengthUnit, pause: Duration) -> Self {
        Self {
            length,
            unit,
            pause,
            edits: false,
            threads: false,
            finds: false,
            idempotent: false,
            buttons: false,
            reactions: false,
            listens: false,
        }
    }
}

/// A chat service.
#[async_trait]
pub trait ChatService: Send + Sync {
    /// Posts a message. `channel` is as a person wrote it (`#deploys`).
    async fn post(&self, channel: &str, message: &Message, key: &DeliveryKey)
    -> Result<Posted, ServiceError>;

    /// Replaces a posted message. Safe to repeat.
    async fn edit(&self, posted: &Posted, message: &Message) -> Result<Edited, ServiceError>;

    /// Posts in the thread under a posted message.
    async fn reply(
        &self,
        under: &Posted,
        message: &Message,
        key: &DeliveryKey,
    ) -> Result<Posted, ServiceError>;

    /// Looks whether a message with that key is in the channel, searching back to `since`; `under` where it was a reply.
    async fn find(
        &self,
        channel: &str,
        under: Option<&Posted>,
        key: &DeliveryKey,
        since: Timestamp,
    ) -> Result<Option<Posted>, ServiceError>;

    /// The channels that can be posted in, as a person would write them.
    async fn channels(&self) -> Result<Vec<String>, ServiceError>;

    /// What it can take.
    fn limits(&self) -> Limits;
}
