//! The commands that there are, and how each one works: connectors' own and command files'.

pub mod command_file;
pub(crate) mod every_account;
mod reference;
pub(crate) mod registry;
pub(crate) mod values;

pub use reference::reference;
