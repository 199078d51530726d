//! The hotkey on macOS and Windows, by their own means.

use std::{
    cell::OnceCell,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use callboard_window_link::timing;
use global_hotkey::{GlobalHotKeyEvent, GlobalHotKeyManager, HotKeyState, hotkey::HotKey};

use super::{Hotkey, Keys, Press, State};
use crate::event_loop::MainThread;

/// How long the main thread may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

thread_local! {
    /// On the main thread alone: it works with that thread's event loop, and cannot leave it.
    static SYSTEM: OnceCell<Result<GlobalHotKeyManager, String>> = const { OnceCell::new() };
}

/// Listens for the hotkey, and can change it while the app runs.
pub(crate) struct Listener {
    main: MainThread,
    held: Mutex<Option<HotKey>>,
    now: Mutex<Hotkey>,
}

impl Listener {
    /// Takes the keys; `pressed` is called on each press.
    pub(crate) fn start(
        main: &MainThread,
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
        let now = Mutex::new(Hotkey::unavailable(keys, "the system has not answered yet"));
        let listener = Self { main: main.clone(), held: Mutex::default(), now };
        listener.set(keys);
        listener
    }

    /// Takes other keys. Where that fails, those before stay active, and the answer has the reason.
    pub(crate) fn set(&self, keys: &Keys) -> Hotkey {
        let hotkey = self.take(keys);
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if hotkey.state == State::Active || now.state != State::Active {
            *now = hotkey.clone();
        }
        hotkey
    }

    fn take(&self, keys: &Keys) -> Hotkey {
        let Ok(requested) = keys.to_string().parse::<HotKey>() else {
            return Hotkey::unavailable(keys, "this system does not know that key");
        };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if *held == Some(requested) {
            return Hotkey::active(keys);
        }
        let (before, owned_keys) = (*held, keys.clone());
        let (answer, answered) = mpsc::channel();
        self.main.run(move || {
            // The receiver is gone where it took too long.
            let _ = answer.send(swap(before, requested, &owned_keys));
        });
        let hotkey = match answered.recv_timeout(PATIENCE) {
            Ok(hotkey) => hotkey,
            Err(_) => Hotkey::unavailable(keys, "the app's main thread does not answer"),
        };
        if hotkey.state == State::Active {
            *held = Some(requested);
        }
        hotkey
    }

    /// The active hotkey.
    pub(crate) fn now(&self) -> Hotkey {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// On the main thread: registers the one, and then releases the other.
fn swap(before: Option<HotKey>, requested: HotKey, keys: &Keys) -> Hotkey {
    SYSTEM.with(|system| {
        let system = match system.get_or_init(|| GlobalHotKeyManager::new().map_err(|it| it.to_string())) {
            Ok(system) => system,
            Err(why) => return Hotkey::unavailable(keys, why),
        };
        match system.register(requested) {
            Ok(()) => {
                if let Some(before) = before {
                    // It is released with the program at the latest.
                    let _ = system.unregister(before);
                }
                Hotkey::active(keys)
            }
            Err(global_hotkey::Error::AlreadyRegistered(_)) => Hotkey::taken(keys),
            Err(error) => Hotkey::unavailable(keys, error),
        }
    })
}
