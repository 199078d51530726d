//! On X11 the hotkey is grabbed; on Wayland it is requested from the desktop.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Hotkey, Keys, Press, portal::Portal, x11::X11};

/// Listens for the hotkey, and can change it while the app runs.
pub(crate) struct Listener {
    backend: HotkeyBackend,
    now: Arc<Mutex<Hotkey>>,
}

enum HotkeyBackend {
    X11(X11),
    Portal(Portal),
    None(String),
}

impl Listener {
    /// Takes the keys; `pressed` is called on each press, with a token for the focus where there is one.
    pub(crate) fn start(
        keys: &Keys,
        wayland: bool,
        pressed: impl Fn(Press) + Send + Sync + 'static,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let now = Arc::new(Mutex::new(Hotkey::unavailable(keys, "the desktop has not answered yet")));
        let backend = if wayland {
            let shared = Arc::clone(&now);
            HotkeyBackend::Portal(Portal::start(keys.clone(), pressed, move |hotkey| {
                *shared.lock().unwrap_or_else(PoisonError::into_inner) = hotkey;
                changed();
            }))
        } else {
            match X11::start(pressed) {
                Ok(x11) => HotkeyBackend::X11(x11),
                Err(why) => HotkeyBackend::None(format!("the X server does not take us: {why}")),
            }
        };
        let listener = Self { backend, now };
        listener.set(keys);
        listener
    }

    /// Takes other keys. Where that fails, those before stay active, and the answer has the reason.
    pub(crate) fn set(&self, keys: &Keys) -> Hotkey {
        let hotkey = match &self.backend {
            HotkeyBackend::X11(x11) => x11.set(keys),
            HotkeyBackend::Portal(portal) => {
                portal.set(keys.clone());
                return self.now();
            }
            HotkeyBackend::None(why) => Hotkey::unavailable(keys, why),
        };
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if hotkey.state == super::State::Active || now.state != super::State::Active {
            *now = hotkey.clone();
        }
        hotkey
    }

    /// The active hotkey.
    pub(crate) fn now(&self) -> Hotkey {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
