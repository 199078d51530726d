//! The contract of what is watched: a source reports snapshots; it never says what changed.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    error::ServiceError,
    item::{Item, Kind},
};

/// Where a source left off: its own JSON text, opaque to everybody else, stored with the snapshots it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// What one poll found.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The state of things; only what may have changed since the cursor need be here.
    pub snapshots: Vec<Item>,
    /// Where the next poll goes on. `None` keeps the stored one.
    pub cursor: Option<Cursor>,
    /// Where given, `snapshots` lists every open item of that kind, and stored ones that are absent are over.
    pub complete: Option<Kind>,
    /// What is left of the service's allowance, where it says.
    pub budget: Option<Budget>,
    /// Parts that could not be read (a repository that is gone, say), in plain words; the rest is good.
    pub problems: Vec<String>,
}

/// A service's allowance of calls, as it last reported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
pub struct Budget {
    /// Calls allowed in the window.
    pub limit: u32,
    /// Calls left in it.
    pub remaining: u32,
    /// When the window ends.
    pub resets_at: Timestamp,
}

/// Something that can be watched.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads what is. Inert: timing, backoff, concurrency and cancellation (by dropping the future) are the caller's.
    ///
    /// `now` is when the poll began. A second poll with the cursor of the first and nothing new in between finds
    /// nothing new.
    async fn poll(&self, since: Option<&Cursor>, now: Timestamp) -> Result<Batch, ServiceError>;

    /// How its webhooks are read, where the service has any.
    fn hook(&self) -> Option<&dyn Hook> {
        None
    }
}

/// How a service's webhooks are read.
pub trait Hook: Send + Sync {
    /// Checks who sent it, over the raw bytes, then reads what it says.
    fn receive(&self, headers: &http::HeaderMap, body: &[u8], now: Timestamp) -> Result<Received, HookError>;
}

/// What a webhook said.
#[derive(Debug, Clone, Default)]
pub struct Received {
    /// The service's id of this delivery, by which a repeated one is known.
    pub delivery: Option<String>,
    /// The state of things. Empty for a delivery that is well-formed and of no interest, such as a ping.
    pub snapshots: Vec<Item>,
}

/// Why a webhook is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    /// It does not prove who sent it (401). The text says what was expected, never a secret.
    #[error("{0}")]
    Unsigned(String),
    /// Its body is not what the service sends (400). The text says where.
    #[error("{0}")]
    Malformed(String),
}
