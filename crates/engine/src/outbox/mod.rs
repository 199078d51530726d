//! What leaves: messages to channels, notifications to the desktop.

pub mod builtin_chat;
mod compose;
pub(crate) mod deliver;
pub(crate) mod handoff;
pub(crate) mod notify;
pub(crate) mod posted;
mod quiet;
mod since;
