//! Makes it run; knows no service by name.

pub mod room;
pub mod secrets;
pub mod store;
