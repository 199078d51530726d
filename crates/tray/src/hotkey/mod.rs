//! The global hotkey: its keys, whether they are ours, and the listener for presses.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod portal;
#[cfg(not(target_os = "linux"))]
mod system;
#[cfg(target_os = "linux")]
mod x11;

use std::fmt;

pub(crate) use callboard_engine::config::Keys;
use serde::Serialize;

#[cfg(target_os = "linux")]
pub(crate) use linux::Listener;
#[cfg(not(target_os = "linux"))]
pub(crate) use system::Listener;

/// The keys that are suggested where others are taken.
const OTHER: &str = "Ctrl+Alt+Space";

/// An event of the hotkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Press {
    /// It is down; with a token by which a window may take the focus, where the desktop has one.
    Down(Option<String>),
    /// It is up again.
    Up,
}

/// The hotkey, as windows and diagnostics show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Hotkey {
    /// As people write it.
    pub keys: String,
    pub state: State,
    /// Why it is so, and what to do.
    pub why: Option<String>,
}

/// Whether the hotkey works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is ours.
    Active,
    /// Another program has it.
    Taken,
    /// The desktop has it for us, and reports the keys.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only Linux has portals"))]
    Portal,
    /// There is none.
    Unavailable,
}

impl Hotkey {
    fn active(keys: &Keys) -> Self {
        Self { keys: keys.to_string(), state: State::Active, why: None }
    }

    fn taken(keys: &Keys) -> Self {
        let keys = keys.to_string();
        let other = if keys == OTHER { "others" } else { OTHER };
        let why = format!("another program has {keys}: choose {other}, or free it there");
        Self { keys, state: State::Taken, why: Some(why) }
    }

    fn unavailable(keys: &Keys, why: impl fmt::Display) -> Self {
        let why = format!("{why}: bind `callboard-tray toggle` to keys in the desktop's own settings");
        Self { keys: keys.to_string(), state: State::Unavailable, why: Some(why) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unavailable_hotkey_names_an_alternative() {
        let keys: Keys = "Alt+Space".parse().unwrap();
        let taken = Hotkey::taken(&keys).why.unwrap();
        assert_eq!(taken, "another program has Alt+Space: choose Ctrl+Alt+Space, or free it there");
        let other = Hotkey::taken(&OTHER.parse().unwrap()).why.unwrap();
        assert_eq!(other, "another program has Ctrl+Alt+Space: choose others, or free it there");
        let none = Hotkey::unavailable(&keys, "this desktop has no portal for hotkeys").why.unwrap();
        assert!(none.contains("callboard-tray toggle"), "{none}");
    }
}
