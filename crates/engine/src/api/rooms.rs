//! What is in the channels, as far as Callboard posted it.

use callboard_domain::{chat::Address, message::Message};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::DeliveryState;

/// Every channel that Callboard posts to or has posted to: the built-in room's first. No service is asked.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChannelActivityQuery {}

/// A channel and when it was last posted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelActivity {
    /// Its short name, where it has one.
    pub name: Option<String>,
    /// Its address.
    pub address: Address,
    /// True for a channel of the built-in room: it is kept on this computer.
    pub builtin: bool,
    /// When the latest message was recorded; `None` where there is none (any more).
    pub last_at: Option<Timestamp>,
}

/// What Callboard posted in a channel, oldest first. Messages of others are not known.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChannelMessages {
    /// The channel.
    pub address: Address,
    /// At most this many, the latest.
    pub limit: usize,
}

/// A message in a channel, or one that is pending for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChannelMessage {
    /// Its id in the channel; before it is posted, its delivery's.
    pub id: String,
    /// The id of the message in whose thread it is.
    pub under: Option<String>,
    /// What it says, in its latest form.
    pub message: Message,
    /// When it was posted, or recorded to be.
    pub at: Timestamp,
    /// When it was last edited, where that is known.
    pub edited_at: Option<Timestamp>,
    /// Whether it has arrived.
    pub state: DeliveryState,
    /// Why its last edit was refused for good, where what was posted before that stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub edit_refused: Option<String>,
    /// Where it can be seen.
    pub link: Option<String>,
    /// The run that it is about.
    pub run: Option<String>,
}
