//! The keyboard of a Wayland display (virtual-keyboard-unstable-v1). It is there from the beginning, as on a real desktop: of
//! a keyboard that comes with its first key, programs hear too late for that key.

use std::{io::Write, path::Path, time::Instant};

use anyhow::{Context, Result};

use super::wire::{FIRST, Wire};

// The numbers of objects.
const SEAT: u32 = FIRST;
const KEYBOARDS: u32 = FIRST + 1;
const KEYBOARD: u32 = FIRST + 2;

/// The keyboard that most people have, with the letters of the United States.
const KEYMAP: &str = r#"xkb_keymap {
  xkb_keycodes { include "evdev+aliases(qwerty)" };
  xkb_types { include "complete" };
  xkb_compat { include "complete" };
  xkb_symbols { include "pc+us+inet(evdev)" };
};
"#;

/// The letters of keys that lie side by side, without and with Shift, after the number of the first in Linux
/// (`input-event-codes.h`).
const ROWS: [(u32, &str, &str); 5] = [
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", "ASDFGHJKL:\"~"),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", ""),
];

const NAMED: [(&str, u32); 12] = [
    ("Escape", 1),
    ("BackSpace", 14),
    ("Tab", 15),
    ("Return", 28),
    ("space", 57),
    ("Home", 102),
    ("Up", 103),
    ("Left", 105),
    ("Right", 106),
    ("End", 107),
    ("Down", 108),
    ("Delete", 111),
];

/// A modifier's key, and its bit in the state of a keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Modifier {
    key: u32,
    bit: u32,
}

const SHIFT: Modifier = Modifier { key: 42, bit: 1 };
const CTRL: Modifier = Modifier { key: 29, bit: 4 };
const ALT: Modifier = Modifier { key: 56, bit: 8 };

const PRESSED: u32 = 1;
const RELEASED: u32 = 0;

#[derive(Debug)]
pub(super) struct Keyboard {
    wire: Wire,
    since: Instant,
}

impl Keyboard {
    /// Adds it; it stays as long as the value.
    pub(super) fn add(socket: &Path) -> Result<Keyboard> {
        let wire = Wire::connect(socket)?;
        wire.bind("wl_seat", SEAT)?;
        wire.bind("zwp_virtual_keyboard_manager_v1", KEYBOARDS)?;
        // create_virtual_keyboard, and its keymap
        wire.send(KEYBOARDS, 0, &[SEAT, KEYBOARD])?;
        let mut file = tempfile::tempfile()?;
        let text = [KEYMAP.as_bytes(), b"\0"].concat();
        file.write_all(&text)?;
        let of_xkb = 1;
        wire.send_file(KEYBOARD, 0, &[of_xkb, u32::try_from(text.len())?], &file)?;
        wire.sync()?;
        Ok(Keyboard { wire, since: Instant::now() })
    }

    /// Presses a key with its modifiers: `alt+space`.
    pub(super) fn press(&self, keys: &str) -> Result<()> {
        let (modifiers, key) = parse(keys).with_context(|| format!("{keys:?} is not on the keyboard"))?;
        self.stroke(&modifiers, key)?;
        self.wire.sync().map(drop)
    }

    /// Types a text at once.
    pub(super) fn type_text(&self, text: &str) -> Result<()> {
        for letter in text.chars() {
            let (modifiers, key) =
                of_letter(letter).with_context(|| format!("{letter:?} is not on the keyboard"))?;
            self.stroke(modifiers, key)?;
        }
        self.wire.sync().map(drop)
    }

    fn stroke(&self, modifiers: &[Modifier], key: u32) -> Result<()> {
        for (at, modifier) in modifiers.iter().enumerate() {
            self.key(modifier.key, PRESSED)?;
            self.hold(&modifiers[..=at])?;
        }
        self.key(key, PRESSED)?;
        self.key(key, RELEASED)?;
        for (at, modifier) in modifiers.iter().enumerate().rev() {
            self.key(modifier.key, RELEASED)?;
            self.hold(&modifiers[..at])?;
        }
        Ok(())
    }

    fn key(&self, key: u32, state: u32) -> Result<()> {
        self.wire.send(KEYBOARD, 1, &[self.now()?, key, state])
    }

    /// Says which modifiers are held: a keyboard like this one tells it apart from its keys.
    fn hold(&self, modifiers: &[Modifier]) -> Result<()> {
        let depressed = modifiers.iter().map(|modifier| modifier.bit).sum();
        self.wire.send(KEYBOARD, 2, &[depressed, 0, 0, 0])
    }

    /// Milliseconds.
    fn now(&self) -> Result<u32> {
        Ok(u32::try_from(self.since.elapsed().as_millis())?)
    }
}

fn parse(keys: &str) -> Option<(Vec<Modifier>, u32)> {
    let mut parts: Vec<&str> = keys.split('+').collect();
    let key = parts.pop()?;
    let modifier = |name: &str| match name {
        "shift" => Some(SHIFT),
        "ctrl" => Some(CTRL),
        "alt" => Some(ALT),
        _ => None,
    };
    let modifiers = parts.into_iter().map(modifier).collect::<Option<_>>()?;
    let named = NAMED.iter().find(|(name, _)| *name == key).map(|(_, code)| *code);
    let code = named.or_else(|| of_letter(key.parse().ok()?).map(|(_, code)| code))?;
    Some((modifiers, code))
}

/// The key of a letter, and what is held for it.
fn of_letter(letter: char) -> Option<(&'static [Modifier], u32)> {
    let at = |letters: &str| letters.chars().zip(0_u32..).find(|(it, _)| *it == letter).map(|(_, at)| at);
    ROWS.iter().find_map(|(first, plain, shifted)| {
        let plain = at(plain).map(|at| (&[][..], first + at));
        plain.or_else(|| at(shifted).map(|at| (&[SHIFT][..], first + at)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_their_name_and_letter() {
        let cases = [
            ("Return", Some((vec![], 28))),
            ("ctrl+shift+n", Some((vec![CTRL, SHIFT], 49))),
            ("alt+space", Some((vec![ALT], 57))),
            ("hyper+a", None),
            ("Nothing", None),
        ];
        for (keys, expected) in cases {
            assert_eq!(parse(keys), expected, "{keys}");
        }
        assert_eq!(of_letter('?'), Some((&[SHIFT][..], 53)));
        assert_eq!(of_letter('é'), None);
    }
}
