//! What happened: polls and webhooks bring it, the rules say what is to be done about it.

pub(crate) mod decide;
pub(crate) mod maintenance;
pub(crate) mod poll;
pub(crate) mod receive;
pub(crate) mod snooze;
pub(crate) mod unrecorded;
