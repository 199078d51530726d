//! A socket of a folder, over which only the user who owns the folder talks.

#[cfg(unix)]
mod unix;
mod user;
#[cfg(windows)]
mod windows;

use std::time::Duration;

#[cfg(unix)]
pub(crate) use unix::{Connected, LocalListener, connect};
#[cfg(windows)]
pub(crate) use windows::{Connected, LocalListener, connect};

pub(crate) use user::{User, home, numbers};

/// After a caller that could not be taken. Too many open files, most likely: taking the next at once would spin.
const PAUSE: Duration = Duration::from_millis(100);
