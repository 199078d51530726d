//! On X11 the hotkey is grabbed; on Wayland it is asked of the desktop.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Hotkey, Keys, Press, portal::Portal, x11::X11};

/// Hears the hotkey, and can change it while the app runs.
pub(crate) struct Listener {
    way: Way,
    now: Arc<Mutex<Hotkey>>,
}

enum Way {
    X11(X11),
    Portal(Portal),
    None(String),
}

impl Listener {
    /// Takes the keys; `pressed` hears each press, with a token for the focus where there is one.
    pub(crate) fn start(
        keys: &Keys,
        wayland: bool,
        pressed: impl Fn(Press) + Send + Sync + 'static,
        changed: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let now = Arc::new(Mutex::new(Hotkey::unavailable(keys, "the desktop has not answered yet")));
        let way = if wayland {
            let said = Arc::clone(&now);
            Way::Portal(Portal::start(keys.clone(), pressed, move |hotkey| {
                *said.lock().unwrap_or_else(PoisonError::into_inner) = hotkey;
                changed();
            }))
        } else {
            match X11::start(pressed) {
                Ok(x11) => Way::X11(x11),
                Err(why) => Way::None(format!("the X server does not take us: {why}")),
            }
        };
        let listener = Self { way, now };
        listener.set(keys);
        listener
    }

    /// Takes other keys. Where that fails, those before stay active, and the answer says why.
    pub(crate) fn set(&self, keys: &Keys) -> Hotkey {
        let hotkey = match &self.way {
            Way::X11(x11) => x11.set(keys),
            Way::Portal(portal) => {
                portal.set(keys.clone());
                return self.now();
            }
            Way::None(why) => Hotkey::unavailable(keys, why),
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
