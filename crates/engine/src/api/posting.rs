//! What is posted: channels, the built-in room, deliveries.

use callboard_domain::{actor::Actor, chat::Address, error::ServiceError, message::Message};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Posts a message.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Post {
    /// A channel's short name or address.
    pub channel: String,
    /// The text. May be empty where an item is named.
    #[serde(default)]
    pub text: String,
    /// An item: what it is, its state and whose turn it is are posted, after the text.
    #[serde(default)]
    pub item: Option<String>,
}

/// Previews a post: its message and where it would go. Nothing is posted.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct PostPlanQuery {
    /// What would be posted.
    pub what: Post,
}

/// The preview of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PostPlan {
    /// Where it would be posted.
    pub address: Address,
    /// The message that would be posted.
    pub message: Message,
}

/// Messages of the built-in room, oldest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct BuiltinRoomQuery {
    /// The channel, such as `general`.
    pub channel: String,
    /// At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST): the latest.
    pub limit: usize,
    /// Only those posted before this one: its id.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub before: Option<String>,
}

/// A message in the built-in room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BuiltinRoomMessage {
    /// Its id.
    pub id: String,
    /// The message that it answers.
    pub under: Option<String>,
    /// The message.
    pub message: Message,
    /// When it was posted.
    pub at: Timestamp,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
}

/// Where things can be posted.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChannelsQuery {
    /// Ask the services for all of their channels, too.
    pub live: bool,
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelInfo {
    /// Its short name, where it has one.
    pub name: Option<String>,
    /// Its address.
    pub address: Address,
    /// True for the one that takes what nothing else does.
    pub default: bool,
}

/// What is to be posted and what became of it, the latest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct DeliveriesQuery {
    /// Only those that have not arrived.
    pub pending: bool,
    /// At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST): the latest.
    pub limit: usize,
    /// Only those recorded before this one: its id.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub before: Option<String>,
}

/// A message to a channel and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// Where to.
    pub address: Address,
    /// The message as it is now.
    pub message: Message,
    /// The run that it is about.
    pub run: Option<String>,
    /// The delivery in whose thread it is, or will be: the first one about the same item. Where the chat has no
    /// threads it is posted on its own all the same.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub under: Option<String>,
    /// How far it is.
    pub state: DeliveryState,
    /// True where an earlier form of it is in the channel: what is to be sent, or could not be, is an edit of that.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub is_edit: bool,
    /// Why its last edit was refused for good, where what was posted before that stands: it does not say what has become
    /// of its item since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub edit_refused: Option<String>,
    /// Why its account takes no messages now, where it has not arrived: it is kept, and sent or looked for once the account
    /// does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub account_error: Option<AccountError>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// Who has it posted, and through what. `None` for what an older version recorded.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub actor: Option<Actor>,
    /// Where it can be seen.
    pub link: Option<String>,
}

/// Why an account takes no messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountError {
    /// Since when it is this.
    pub since: Timestamp,
    /// What the last message met.
    pub error: ServiceError,
}

/// How far a delivery is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent, for the first time or again.
    Pending {
        /// Not before.
        next_at: Timestamp,
        /// What its account is missing, without which it is not tried; else the error of the last try.
        error: Option<ServiceError>,
        /// What it waits for, where its account is missing something, in words that follow "waits for": "the system's
        /// keychain". It is not tried before that is there, and `next_at` means nothing until then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        waits_for: Option<String>,
        /// The first of its line in the channel, where that is another one. Only lists and what was waited for say so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        first: Option<FirstInLine>,
    },
    /// Being sent.
    Sending,
    /// It is in the channel, in its latest form.
    Posted,
    /// It may be in the channel; it is looked up before it is sent again.
    Unknown {
        /// What is known.
        error: ServiceError,
        /// True where its channel cannot be searched, by this chat at all or by this account: it is not sent again before a
        /// person has looked and retries it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        #[ts(optional, as = "Option<bool>")]
        unsearchable: bool,
    },
    /// It will not arrive unless a person mends what is wrong and retries it.
    Failed {
        /// Why.
        error: ServiceError,
    },
    /// It was not posted, and will not be: by the time that it could be, it was moot.
    Moot {
        /// What had come in between.
        reason: MootReason,
    },
    /// It was not posted by itself: with others it became one message.
    Digested {
        /// The id of the digest that reports it.
        into: String,
    },
}

/// The first of a line in a channel: nothing behind it is sent before it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FirstInLine {
    /// Its id.
    pub id: String,
    /// When it may be sent at the soonest.
    pub at: Timestamp,
    /// What it met when it was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub error: Option<ServiceError>,
}

/// Why an event was not posted any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum MootReason {
    /// What it reports was over, or asked nothing of anybody any more: the build was green again, the incident resolved or
    /// in somebody's hands, the pull request merged.
    Over {
        /// The item's state by then: `passed`, `resolved`, `merged`.
        status: String,
    },
    /// It only answers what was not posted in this channel either.
    Orphaned,
    /// The item was not there any more.
    Gone,
    /// The event was not on the record any more, or cannot be read.
    Forgotten,
}

impl std::fmt::Display for MootReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Over { status } => write!(f, "by then it was {status}"),
            Self::Orphaned => f.write_str("what it answers was not posted either"),
            Self::Gone => f.write_str("by then it was gone"),
            Self::Forgotten => f.write_str("what happened is not on the record any more"),
        }
    }
}

/// Sends a delivery again that failed, is not known, or waits.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Retry {
    /// Its id, or the start of it.
    pub id: String,
}

/// Waits for deliveries until each has been sent or waits for longer, or for `seconds`. The response has them as they are then,
/// but for those that are not on the record.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Flush {
    /// How long at most.
    pub seconds: u64,
    /// Their ids. Empty: all, and the response has what has not arrived, up to [`LONGEST_LIST`](super::LONGEST_LIST): the oldest.
    #[serde(default)]
    #[ts(as = "Option<Vec<String>>", optional)]
    pub deliveries: Vec<String>,
}
