//! What Callboard is about, and the pure decisions it takes.
//!
//! No IO, no clock and no runtime in here: time is passed in, and whatever must be fetched is behind one of the
//! contracts ([`source::Source`], [`action::Action`], [`chat::ChatService`]) that connectors implement.

pub mod action;
pub mod activity;
pub mod actor;
pub mod board;
pub mod chat;
pub mod command;
pub mod duration;
pub mod error;
pub mod event;
pub mod expression;
pub mod identity;
pub mod item;
pub mod length;
pub mod log;
pub mod message;
pub mod nearest;
pub mod origin;
pub mod parse_error;
pub mod people;
pub mod position;
pub mod rules;
pub mod run;
pub mod secret;
pub mod segment;
pub mod source;
pub mod template;
pub mod text;
pub mod until;
