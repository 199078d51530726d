//! A text as it reads without its escapes and without what cannot be seen, with the place of every byte in it.

use std::ops::Range;

/// What of a text is seen: no white space, no control characters, nothing without a width.
pub(super) struct View {
    bytes: Vec<u8>,
    /// Where each byte comes from.
    spans: Vec<(u32, u32)>,
}

/// A way to write a character otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) enum Escape {
    /// `\u002f`, `\/`, `\x2f`: JSON and its like.
    Backslash,
    /// `%2F`: URLs and forms.
    Percent,
    /// `&#x2f;`, `&amp;`: HTML and XML.
    Entity,
}

impl Escape {
    pub(super) const ALL: [Self; 3] = [Self::Backslash, Self::Percent, Self::Entity];

    /// The byte by which it begins.
    fn start(self) -> u8 {
        match self {
            Self::Backslash => b'\\',
            Self::Percent => b'%',
            Self::Entity => b'&',
        }
    }

    /// What an escape at the start of `rest` writes, and its length; none where it is no escape.
    fn read(self, rest: &[u8]) -> Option<(Written, usize)> {
        match self {
            Self::Backslash => backslash(rest),
            Self::Percent => match rest.get(1)? {
                b'u' => Some((Written::character(number(rest.get(2..6)?, 16)?)?, 6)),
                _ => Some((Written::Byte(u8::try_from(number(rest.get(1..3)?, 16)?).ok()?), 3)),
            },
            Self::Entity => entity(rest),
        }
    }
}

enum Written {
    Nothing,
    /// Part of UTF-8, or a character of Latin-1.
    Byte(u8),
    Character(char),
}

impl Written {
    fn character(code: u32) -> Option<Self> {
        char::from_u32(code).map(Self::Character)
    }
}

impl View {
    pub(super) fn of(text: &str) -> Vec<Self> {
        Self::both(text.as_bytes(), |at| {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            (at, at.saturating_add(1))
        })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where in the text a part of the view stands.
    pub(super) fn span(&self, part: Range<usize>) -> Range<usize> {
        let spans = &self.spans[part];
        let place = |at: Option<u32>| usize::try_from(at.unwrap_or_default()).unwrap_or_default();
        place(spans.first().map(|span| span.0))..place(spans.last().map(|span| span.1))
    }

    /// The view with these escapes undone, once; none where there are none.
    pub(super) fn without(&self, escape: Escape) -> Vec<Self> {
        if !self.bytes.contains(&escape.start()) {
            return Vec::new();
        }
        let (mut bytes, mut spans) =
            (Vec::with_capacity(self.bytes.len()), Vec::with_capacity(self.bytes.len()));
        let (mut at, mut undone) = (0, false);
        while let Some(&byte) = self.bytes.get(at) {
            let read = (byte == escape.start()).then(|| escape.read(&self.bytes[at..])).flatten();
            let (written, length) = read.unwrap_or((Written::Byte(byte), 1));
            undone |= length > 1;
            let span = (self.spans[at].0, self.spans[at + length - 1].1);
            match written {
                Written::Nothing => {}
                Written::Byte(byte) => {
                    bytes.push(byte);
                    spans.push(span);
                }
                Written::Character(character) => {
                    let mut buffer = [0; 4];
                    let encoded = character.encode_utf8(&mut buffer).as_bytes();
                    bytes.extend_from_slice(encoded);
                    spans.extend(encoded.iter().map(|_| span));
                }
            }
            at += length;
        }
        if undone { Self::both(&bytes, |at| spans[at]) } else { Vec::new() }
    }

    /// A terminal's sequences are seen by whoever reads the bytes, and by nobody who reads the terminal.
    fn both(all: &[u8], span: impl Fn(usize) -> (u32, u32)) -> Vec<Self> {
        let mut views = vec![Self::seen(all, &span, false)];
        if all.contains(&0x1b) || all.windows(2).any(|pair| pair == CSI) {
            views.push(Self::seen(all, &span, true));
        }
        views
    }

    fn seen(all: &[u8], span: impl Fn(usize) -> (u32, u32), by_terminal: bool) -> Self {
        let mut view = Self { bytes: Vec::with_capacity(all.len()), spans: Vec::with_capacity(all.len()) };
        let mut at = 0;
        while let Some(&byte) = all.get(at) {
            let sequence = if by_terminal { terminal(&all[at..]) } else { None };
            let (unseen, length) = if let Some(length) = sequence {
                (true, length)
            } else if byte.is_ascii() {
                (!byte.is_ascii_graphic(), 1)
            } else {
                first_char(&all[at..]).map_or((false, 1), |c| (is_unseen(c), c.len_utf8()))
            };
            if !unseen {
                view.bytes.extend_from_slice(&all[at..at + length]);
                view.spans.extend((at..at + length).map(&span));
            }
            at += length;
        }
        view
    }
}

/// What of these bytes is seen.
pub(super) fn clean(bytes: &[u8]) -> Vec<u8> {
    View::seen(bytes, |_| (0, 0), false).bytes
}

fn first_char(bytes: &[u8]) -> Option<char> {
    let chunk = bytes.get(..bytes.len().min(4))?;
    let valid = match std::str::from_utf8(chunk) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&chunk[..error.valid_up_to()]).ok()?,
    };
    valid.chars().next()
}

/// White space, control characters, and what Unicode gives no width: joiners, direction marks, variation selectors,
/// tags, fillers.
fn is_unseen(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().all(u8::is_ascii_alphanumeric).then_some(())?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

fn backslash(rest: &[u8]) -> Option<(Written, usize)> {
    let hex = |range: Range<usize>| number(rest.get(range)?, 16);
    match rest.get(1)? {
        b'u' if rest.get(2) == Some(&b'{') => {
            let digits = rest.iter().take(10).position(|byte| *byte == b'}')?;
            Some((Written::character(hex(3..digits)?)?, digits + 1))
        }
        b'u' => match hex(2..6)? {
            // Two of them write one character.
            high @ 0xd800..=0xdbff if rest.get(6..8) == Some(b"\\u") => {
                let low = hex(8..12)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                Some((Written::character(0x1_0000 + ((high - 0xd800) << 10) + low)?, 12))
            }
            code => Some((Written::character(code)?, 6)),
        },
        b'U' => Some((Written::character(hex(2..10)?)?, 10)),
        b'x' => Some((Written::Byte(u8::try_from(hex(2..4)?).ok()?), 4)),
        b'n' | b't' | b'r' | b'b' | b'f' | b'v' | b'0' => Some((Written::Nothing, 2)),
        mark if mark.is_ascii_punctuation() => Some((Written::Byte(*mark), 2)),
        _ => None,
    }
}

fn entity(rest: &[u8]) -> Option<(Written, usize)> {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = &rest[1..end];
    let written = match name {
        b"amp" => Written::Byte(b'&'),
        b"lt" => Written::Byte(b'<'),
        b"gt" => Written::Byte(b'>'),
        b"quot" => Written::Byte(b'"'),
        b"apos" => Written::Byte(b'\''),
        b"sol" => Written::Byte(b'/'),
        b"plus" => Written::Byte(b'+'),
        b"equals" => Written::Byte(b'='),
        b"nbsp" | b"shy" | b"zwj" | b"zwnj" | b"ZeroWidthSpace" => Written::Nothing,
        [b'#', b'x' | b'X', digits @ ..] => Written::character(number(digits, 16)?)?,
        [b'#', digits @ ..] => Written::character(number(digits, 10)?)?,
        _ => return None,
    };
    Some((written, end + 1))
}

/// Control Sequence Introducer as one character, U+009B, in UTF-8.
const CSI: [u8; 2] = [0xc2, 0x9b];

/// The length of the terminal's sequence (ECMA-48) that begins here, as [`callboard_domain::text`] takes them out.
fn terminal(rest: &[u8]) -> Option<usize> {
    let to_final = |from: usize| {
        let body = &rest[from..];
        body.iter().position(|byte| (0x40..=0x7e).contains(byte)).map_or(rest.len(), |at| from + at + 1)
    };
    match rest {
        [0x1b, b'[', ..] => Some(to_final(2)),
        [0xc2, 0x9b, ..] => Some(to_final(2)),
        [0x1b, b']' | b'P' | b'X' | b'^' | b'_', body @ ..] => {
            let end = body.iter().enumerate().find_map(|(at, byte)| match byte {
                0x07 => Some(at + 1),
                0x9c if at > 0 && body[at - 1] == 0xc2 => Some(at + 1),
                0x1b => Some(at + 2),
                _ => None,
            });
            Some(end.map_or(rest.len(), |end| (2 + end).min(rest.len())))
        }
        [0x1b, ..] => Some(1 + rest.get(1..).and_then(first_char).map_or(0, char::len_utf8)),
        _ => None,
    }
}
