//! What the operating system gives: files and folders, the user, local sockets, a log, tasks.

pub(crate) mod local;
pub mod log;
pub mod paths;
pub mod private;
pub(crate) mod supervise;
