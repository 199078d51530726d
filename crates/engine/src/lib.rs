//! Makes it run; knows no service by name.

pub mod secrets;
