//! Keys as people write them: `Alt+Space`.

use std::{fmt, str::FromStr};

/// What is taken where the file names none.
pub(super) const DEFAULT: &str = "Alt+Space";

/// Keys that are pressed together: `Alt+Space`, `Ctrl+Alt+K`, `F9`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// With Ctrl.
    pub ctrl: bool,
    /// With Alt.
    pub alt: bool,
    /// With Shift.
    pub shift: bool,
    /// With the key of the system's logo: Super, Cmd.
    pub logo: bool,
    /// And this one.
    pub key: Key,
}

/// The key that ends it: its name, and the X keysym of it (X11 protocol, appendix A).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// As people write it.
    pub name: &'static str,
    /// As X11 does.
    pub keysym: u32,
}

macro_rules! keys {
    ($($name:literal = $keysym:literal),* $(,)?) => { &[$(Key { name: $name, keysym: $keysym }),*] };
}

const KEYS: &[Key] = keys![
    "Space" = 0x20,
    "'" = 0x27,
    "," = 0x2c,
    "-" = 0x2d,
    "." = 0x2e,
    "/" = 0x2f,
    ";" = 0x3b,
    "=" = 0x3d,
    "[" = 0x5b,
    "\\" = 0x5c,
    "]" = 0x5d,
    "`" = 0x60,
    "0" = 0x30,
    "1" = 0x31,
    "2" = 0x32,
    "3" = 0x33,
    "4" = 0x34,
    "5" = 0x35,
    "6" = 0x36,
    "7" = 0x37,
    "8" = 0x38,
    "9" = 0x39,
    "A" = 0x61,
    "B" = 0x62,
    "C" = 0x63,
    "D" = 0x64,
    "E" = 0x65,
    "F" = 0x66,
    "G" = 0x67,
    "H" = 0x68,
    "I" = 0x69,
    "J" = 0x6a,
    "K" = 0x6b,
    "L" = 0x6c,
    "M" = 0x6d,
    "N" = 0x6e,
    "O" = 0x6f,
    "P" = 0x70,
    "Q" = 0x71,
    "R" = 0x72,
    "S" = 0x73,
    "T" = 0x74,
    "U" = 0x75,
    "V" = 0x76,
    "W" = 0x77,
    "X" = 0x78,
    "Y" = 0x79,
    "Z" = 0x7a,
    "Backspace" = 0xff08,
    "Tab" = 0xff09,
    "Enter" = 0xff0d,
    "Pause" = 0xff13,
    "Escape" = 0xff1b,
    "Home" = 0xff50,
    "Left" = 0xff51,
    "Up" = 0xff52,
    "Right" = 0xff53,
    "Down" = 0xff54,
    "PageUp" = 0xff55,
    "PageDown" = 0xff56,
    "End" = 0xff57,
    "Insert" = 0xff63,
    "Delete" = 0xffff,
    "F1" = 0xffbe,
    "F2" = 0xffbf,
    "F3" = 0xffc0,
    "F4" = 0xffc1,
    "F5" = 0xffc2,
    "F6" = 0xffc3,
    "F7" = 0xffc4,
    "F8" = 0xffc5,
    "F9" = 0xffc6,
    "F10" = 0xffc7,
    "F11" = 0xffc8,
    "F12" = 0xffc9,
];

impl Key {
    fn is_function(self) -> bool {
        self.keysym >= 0xffbe && self.keysym <= 0xffc9
    }
}

impl FromStr for Keys {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |what: String| format!("{what}; expected keys such as {DEFAULT} or F9");
        let mut keys = Self { ctrl: false, alt: false, shift: false, logo: false, key: KEYS[0] };
        let mut key = None;
        for part in text.split('+').map(str::trim) {
            let modifier = match part.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => &mut keys.ctrl,
                "alt" | "option" => &mut keys.alt,
                "shift" => &mut keys.shift,
                "super" | "logo" | "meta" | "win" | "cmd" => &mut keys.logo,
                name => {
                    let known = KEYS.iter().find(|known| known.name.eq_ignore_ascii_case(name));
                    let known = known.ok_or_else(|| wrong(format!("there is no key {part:?}")))?;
                    if key.replace(*known).is_some() {
                        return Err(wrong(format!("{text:?} names two keys")));
                    }
                    continue;
                }
            };
            if std::mem::replace(modifier, true) {
                return Err(wrong(format!("{text:?} names {part} twice")));
            }
        }
        keys.key = key.ok_or_else(|| wrong(format!("{text:?} names no key besides modifiers")))?;
        let held = keys.ctrl || keys.alt || keys.logo;
        if !held && !keys.key.is_function() {
            return Err(wrong(format!("{text:?} would be taken from typing: add Ctrl, Alt or Super")));
        }
        Ok(keys)
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modifiers =
            [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+"), (self.logo, "Super+")];
        for (_, name) in modifiers.iter().filter(|(held, _)| *held) {
            f.write_str(name)?;
        }
        f.write_str(self.key.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_people_write_them() {
        let cases = [
            ("Alt+Space", Ok("Alt+Space")),
            (" alt + space ", Ok("Alt+Space")),
            ("Control+Option+k", Ok("Ctrl+Alt+K")),
            ("shift+CTRL+F5", Ok("Ctrl+Shift+F5")),
            ("Cmd+,", Ok("Super+,")),
            ("F9", Ok("F9")),
            ("Ctrl+Alt+Shift+Super+PageUp", Ok("Ctrl+Alt+Shift+Super+PageUp")),
            ("", Err("there is no key \"\"")),
            ("Alt", Err("names no key besides modifiers")),
            ("Alt+Alt+K", Err("names Alt twice")),
            ("Alt+K+J", Err("names two keys")),
            ("K", Err("would be taken from typing")),
            ("Shift+K", Err("would be taken from typing")),
            ("Alt+Spcae", Err("there is no key \"Spcae\"")),
            ("Alt+\u{202e}", Err("there is no key")),
        ];
        for (text, expected) in cases {
            match (text.parse::<Keys>(), expected) {
                (Ok(keys), Ok(expected)) => {
                    assert_eq!(keys.to_string(), expected);
                    assert_eq!(keys.to_string().parse(), Ok(keys), "{text:?} reads back");
                }
                (Err(why), Err(part)) => assert!(why.contains(part), "{text:?}: {why}"),
                (found, _) => panic!("{text:?}: {found:?}"),
            }
        }
    }
}
