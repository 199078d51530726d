//! The hotkey on X11: a passive grab on the root window, on a connection of its own. Nothing polls.

use std::sync::{Arc, Mutex, PoisonError};

use callboard_window_link::timing;
use x11rb::{
    connection::Connection,
    errors::ReplyError,
    protocol::{
        ErrorKind, Event,
        xproto::{ConnectionExt, GrabMode, ModMask, Window},
    },
    rust_connection::RustConnection,
};

use super::{Hotkey, Keys, Press};

const NUM_LOCK: u32 = 0xff7f;

/// Listens for the hotkey.
#[derive(Clone)]
pub(crate) struct X11 {
    connection: Arc<RustConnection>,
    root: Window,
    held: Arc<Mutex<Option<Held>>>,
}

/// What is grabbed.
#[derive(Clone)]
struct Held {
    keys: Keys,
    chords: Chords,
}

/// A key with every set of modifiers under which it is the hotkey.
#[derive(Clone, PartialEq)]
struct Chords {
    code: u8,
    modifiers: Vec<ModMask>,
}

impl X11 {
    /// Connects and begins to listen; nothing is grabbed yet.
    pub(crate) fn start(pressed: impl Fn(Press) + Send + 'static) -> Result<Self, String> {
        let (connection, screen) = x11rb::connect(None).map_err(|error| error.to_string())?;
        let root = connection.setup().roots.get(screen).ok_or("there is no screen")?.root;
        let x11 = Self { connection: Arc::new(connection), root, held: Arc::default() };
        let listening = x11.clone();
        std::thread::Builder::new()
            .name("hotkey".into())
            .spawn(move || {
                if let Err(error) = listening.listen(&pressed) {
                    tracing::warn!(%error, "the hotkey listener stopped");
                }
            })
            .map_err(|error| error.to_string())?;
        Ok(x11)
    }

    fn listen(&self, pressed: &impl Fn(Press)) -> Result<(), Box<dyn std::error::Error>> {
        let mut released_at = None;
        loop {
            match self.connection.wait_for_event()? {
                // A key that is held repeats: a release and a press at the same time.
                Event::KeyPress(event) if released_at != Some(event.time) => {
                    timing::stamp("hotkey pressed");
                    pressed(Press::Down(None));
                }
                Event::KeyRelease(event) => {
                    released_at = Some(event.time);
                    pressed(Press::Up);
                }
                Event::MappingNotify(_) => {
                    // A key of another keyboard is enough for it. Releasing the grab without need would miss that very press.
                    let held = self.held().clone();
                    if let Some(held) =
                        held.filter(|held| self.chords(&held.keys).ok().as_ref() != Some(&held.chords))
                    {
                        self.set(&held.keys);
                    }
                }
                _ => {}
            }
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grabs these keys, and releases those before. Where another program has them, those before stay.
    pub(crate) fn set(&self, keys: &Keys) -> Hotkey {
        let before = self.held().take();
        if let Some(before) = &before {
            self.ungrab(before);
        }
        let grabbed = self.grab(keys);
        match grabbed {
            Ok(held) => {
                *self.held() = Some(held);
                Hotkey::active(keys)
            }
            Err(error) => {
                if let Some(before) = before
                    && let Ok(held) = self.grab(&before.keys)
                {
                    *self.held() = Some(held);
                }
                match error {
                    Grab::Taken => Hotkey::taken(keys),
                    Grab::Failed(why) => Hotkey::unavailable(keys, why),
                }
            }
        }
    }

    fn grab(&self, keys: &Keys) -> Result<Held, Grab> {
        let chords = self.chords(keys)?;
        let mut held =
            Held { keys: keys.clone(), chords: Chords { code: chords.code, modifiers: Vec::new() } };
        for modifiers in chords.modifiers {
            let (code, mode) = (chords.code, GrabMode::ASYNC);
            let reply = self.connection.grab_key(true, self.root, modifiers, code, mode, mode);
            if let Err(error) = reply.map_err(Grab::from).and_then(|reply| reply.check().map_err(Grab::from))
            {
                self.ungrab(&held);
                return Err(error);
            }
            held.chords.modifiers.push(modifiers);
        }
        Ok(held)
    }

    /// The key codes and modifiers of these keys on the present keyboard.
    fn chords(&self, keys: &Keys) -> Result<Chords, Grab> {
        let code = self.code_of(keys.key.keysym)?;
        let chosen = [
            (keys.ctrl, ModMask::CONTROL),
            (keys.alt, ModMask::M1),
            (keys.shift, ModMask::SHIFT),
            (keys.logo, ModMask::M4),
        ];
        let chosen =
            chosen.iter().filter(|(held, _)| *held).fold(ModMask::from(0_u16), |all, (_, mask)| all | *mask);
        let num_lock = self.modifier_of(NUM_LOCK)?;
        // The locks are modifiers as well, and change nothing about what a person means.
        let locks = [ModMask::from(0_u16), ModMask::LOCK, num_lock, ModMask::LOCK | num_lock];
        let mut modifiers = Vec::new();
        for lock in locks {
            if !modifiers.contains(&(chosen | lock)) {
                modifiers.push(chosen | lock);
            }
        }
        Ok(Chords { code, modifiers })
    }

    fn ungrab(&self, held: &Held) {
        for modifiers in &held.chords.modifiers {
            // A connection that is gone holds nothing.
            let _ = self.connection.ungrab_key(held.chords.code, self.root, *modifiers);
        }
        let _ = self.connection.flush();
    }

    fn code_of(&self, keysym: u32) -> Result<u8, Grab> {
        let setup = self.connection.setup();
        let (least, most) = (setup.min_keycode, setup.max_keycode);
        let mapping = self.connection.get_keyboard_mapping(least, most - least + 1)?.reply()?;
        let each = usize::from(mapping.keysyms_per_keycode).max(1);
        let found = mapping.keysyms.chunks(each).position(|syms| syms.first() == Some(&keysym));
        found
            .and_then(|index| u8::try_from(index).ok())
            .map(|index| least + index)
            .ok_or_else(|| Grab::Failed("this keyboard does not have that key".into()))
    }

    /// The modifier that a key switches; none where the keyboard does not have it.
    fn modifier_of(&self, keysym: u32) -> Result<ModMask, Grab> {
        let Ok(code) = self.code_of(keysym) else { return Ok(ModMask::from(0_u16)) };
        let mapping = self.connection.get_modifier_mapping()?.reply()?;
        let each = usize::from(mapping.keycodes_per_modifier()).max(1);
        let found = mapping.keycodes.chunks(each).position(|codes| codes.contains(&code));
        Ok(found.map_or(ModMask::from(0_u16), |index| ModMask::from(1_u16 << index)))
    }
}

enum Grab {
    Taken,
    Failed(String),
}

impl From<ReplyError> for Grab {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::X11Error(error) if error.error_kind == ErrorKind::Access => Self::Taken,
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<x11rb::errors::ConnectionError> for Grab {
    fn from(error: x11rb::errors::ConnectionError) -> Self {
        Self::Failed(error.to_string())
    }
}
