//! The hotkey on macOS and Windows, by their own means.

use std::sync::{Mutex, PoisonError};

use global_hotkey::{GlobalHotKeyEvent, GlobalHotKeyManager, HotKeyState, hotkey::HotKey};

use super::{Hotkey, Keys, Press, State};
use crate::timing;

/// Hears the hotkey, and can change it while the app runs. Made on the main thread, whose event loop it needs.
pub(crate) struct Listener {
    system: Result<GlobalHotKeyManager, String>,
    held: Mutex<Option<HotKey>>,
    now: Mutex<Hotkey>,
}

impl Listener {
    /// Takes the keys; `pressed` hears each press.
    pub(crate) fn start(
        keys: &Keys,
        _wayland: bool,
        pressed: impl Fn(Press) + Send + Sync + 'static,
        _changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        GlobalHotKeyEvent::set_event_handler(Some(move |event: GlobalHotKeyEvent| match event.state {
            HotKeyState::Pressed => {
                timing::stamp("hotkey pressed");
                pressed(Press::Down(None));
            }
            HotKeyState::Released => pressed(Press::Up),
        }));
        let system = GlobalHotKeyManager::new().map_err(|error| error.to_string());
        let now = Mutex::new(Hotkey::unavailable(keys, "the system has not answered yet"));
        let listener = Self { system, held: Mutex::default(), now };
        listener.set(keys);
        listener
    }

    /// Takes other keys. Where that fails, those before stay in force, and the answer says why.
    pub(crate) fn set(&self, keys: &Keys) -> Hotkey {
        let hotkey = self.take(keys);
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if hotkey.state == State::Active || now.state != State::Active {
            *now = hotkey.clone();
        }
        hotkey
    }

    fn take(&self, keys: &Keys) -> Hotkey {
        let system = match &self.system {
            Ok(system) => system,
            Err(why) => return Hotkey::unavailable(keys, why),
        };
        let Ok(wanted) = keys.to_string().parse::<HotKey>() else {
            return Hotkey::unavailable(keys, "this system does not know that key");
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if *held == Some(wanted) {
            return Hotkey::active(keys);
        }
        match system.register(wanted) {
            Ok(()) => {
                if let Some(before) = held.replace(wanted) {
                    // It is let go of with the program at the latest.
                    let _ = system.unregister(before);
                }
                Hotkey::active(keys)
            }
            Err(global_hotkey::Error::AlreadyRegistered(_)) => Hotkey::taken(keys),
            Err(error) => Hotkey::unavailable(keys, error),
        }
    }

    /// The hotkey in force.
    pub(crate) fn now(&self) -> Hotkey {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
