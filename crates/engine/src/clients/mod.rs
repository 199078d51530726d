//! Who asks: every call's answer, in process and over the local socket.

pub(crate) mod calls;
pub(crate) mod choice_cache;
pub(crate) mod dispatch;
pub(crate) mod doctor;
pub(crate) mod edit;
pub(crate) mod find;
pub(crate) mod last_read;
pub(crate) mod rank_cache;
pub(crate) mod services;
pub(crate) mod snooze_times;
pub mod socket;
pub(crate) mod status;
pub mod tray_app;
