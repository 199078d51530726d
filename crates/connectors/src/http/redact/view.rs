//! A text as it reads without its escapes and without what cannot be seen, with the place of every byte in it.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// What of a text is seen: no white space, no control characters, nothing without a width.
pub(super) struct View {
    bytes: Vec<u8>,
    /// Where each byte comes from.
    spans: Vec<(u32, u32)>,
}

/// A way to write a character otherwise.
#[derive(Debug, Clone, Copy)]
pub(super) enum Escape {
    /// `\u002f`, `\/`, `\x2f`, `\057`: JSON, shells and their like.
    Backslash,
    /// `%2F`: URLs and forms.
    Percent,
    /// `&#x2f;`, `&amp;`: HTML and XML.
    Entity,
    /// `=2F`: quoted-printable (RFC 2045, 6.7).
    Equals,
}

/// Longer than any escape, in bytes: `\ud83d\ude00`.
const LONGEST: usize = 13;

impl Escape {
    pub(super) const ALL: [Self; 4] = [Self::Backslash, Self::Percent, Self::Entity, Self::Equals];

    /// The byte by which it begins.
    fn start(self) -> u8 {
        match self {
            Self::Backslash => b'\\',
            Self::Percent => b'%',
            Self::Entity => b'&',
            Self::Equals => b'=',
        }
    }

    /// How many more escapings are undone in a view without this one, of `depth` that were to be undone; `index` is the place
    /// of the view. What a terminal makes of it is not decoded further: views would double with each escaping. Nor is
    /// quoted-printable, as many a text looks like it.
    pub(super) fn depth_below(self, depth: usize, index: usize) -> usize {
        if index > 0 || matches!(self, Self::Equals) { 0 } else { depth - 1 }
    }

    /// True where a text that ends with these bytes may end in the middle of an escape.
    fn is_cut(rest: &[u8]) -> bool {
        rest.len() < LONGEST
            && rest[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || b"\\{#".contains(byte))
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
            Self::Equals => match number(rest.get(1..3).unwrap_or_default(), 16) {
                Some(byte) => Some((Written::Byte(u8::try_from(byte).ok()?), 3)),
                // A line that is broken softly: white space is left out already.
                None => Some((Written::Nothing, 1)),
            },
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

    /// True where nothing stands in the text between a byte of the view and the one before it.
    pub(super) fn is_next_to_last(&self, at: usize) -> bool {
        at > 0 && self.spans[at].0 <= self.spans[at - 1].1
    }

    /// Where in the text a part of the view stands.
    pub(super) fn span(&self, part: Range<usize>) -> Range<usize> {
        let spans = &self.spans[part];
        let place = |at: Option<u32>| usize::try_from(at.unwrap_or_default()).unwrap_or_default();
        place(spans.first().map(|span| span.0))..place(spans.last().map(|span| span.1))
    }

    /// The view of its letters and digits alone, in lower case, and without the `0x` before hexadecimal digits.
    pub(super) fn alphanumeric(&self) -> Self {
        let mut view =
            Self { bytes: Vec::with_capacity(self.bytes.len()), spans: Vec::with_capacity(self.bytes.len()) };
        let mut in_word = false;
        let mut rest = self.bytes.iter().zip(&self.spans).peekable();
        while let Some((byte, span)) = rest.next() {
            if !in_word && *byte == b'0' && rest.next_if(|(next, _)| matches!(next, b'x' | b'X')).is_some() {
                continue;
            }
            in_word = byte.is_ascii_alphanumeric();
            if in_word {
                view.bytes.push(byte.to_ascii_lowercase());
                view.spans.push(*span);
            }
        }
        view
    }

    /// The view with these escapes undone, once; none where there are none. Where the text was `cut`, an escape that it may end
    /// in the middle of is left out.
    pub(super) fn without(&self, escape: Escape, cut: bool) -> Vec<Self> {
        let has_one = match escape {
            // It is common where nothing is escaped.
            Escape::Equals => {
                self.bytes.windows(3).any(|it| it[0] == b'=' && it[1..].iter().all(u8::is_ascii_hexdigit))
            }
            _ => self.bytes.contains(&escape.start()),
        };
        if !has_one {
            return Vec::new();
        }
        let (mut bytes, mut spans) =
            (Vec::with_capacity(self.bytes.len()), Vec::with_capacity(self.bytes.len()));
        let (mut at, mut undone) = (0, false);
        while let Some(&byte) = self.bytes.get(at) {
            if byte != escape.start() {
                bytes.push(byte);
                spans.push(self.spans[at]);
                at += 1;
                continue;
            }
            let rest = &self.bytes[at..];
            let read = escape.read(rest);
            // An octal number is read with fewer digits than are to come.
            let is_whole = read.as_ref().is_some_and(|(_, length)| {
                let is_octal = byte == b'\\' && rest.get(1).is_some_and(u8::is_ascii_digit);
                !is_octal || *length < rest.len() || *length == 4
            });
            if cut && !is_whole && Escape::is_cut(rest) {
                undone = true;
                break;
            }
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
            // Most of all: it begins no sequence and no longer character.
            if byte.is_ascii_graphic() {
                view.bytes.push(byte);
                view.spans.push(span(at));
                at += 1;
                continue;
            }
            let sequence = if by_terminal { terminal(&all[at..]) } else { None };
            let (unseen, length) = if let Some(length) = sequence {
                (true, length)
            } else if byte.is_ascii() {
                (!byte.is_ascii_graphic(), 1)
            } else {
                first_char(&all[at..]).map_or((false, 1), |c| (is_unseen(c), c.len_utf8()))
            };
            if !unseen {
                match folded(&all[at..at + length]) {
                    Some(plain) => {
                        let whole = (span(at).0, span(at + length - 1).1);
                        view.spans.extend(plain.bytes().map(|_| whole));
                        view.bytes.extend(plain.into_bytes());
                    }
                    None => {
                        view.bytes.extend_from_slice(&all[at..at + length]);
                        view.spans.extend((at..at + length).map(&span));
                    }
                }
            }
            at += length;
        }
        view
    }
}

/// The ASCII that a character is a form of: full width, superscript, in a circle, of mathematics (NFKC).
fn folded(character: &[u8]) -> Option<String> {
    // Shorter ones are letters of their own; to look all others up would take long in Chinese.
    let is_form = |c: &char| {
        matches!(*c,
        '\u{2070}'..='\u{24ff}' | '\u{fb00}'..='\u{fb06}' | '\u{ff01}'..='\u{ff5e}'
        | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}' | '\u{1fbf0}'..='\u{1fbf9}')
    };
    if character.len() < 3 {
        return None;
    }
    let plain: String = first_char(character).filter(is_form)?.nfkc().collect();
    Some(plain).filter(|plain| plain.is_ascii())
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
        b'0'..=b'7' => {
            let digits = rest[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let code = number(rest.get(1..=digits)?, 8)?;
            Some((Written::Byte(u8::try_from(code).ok()?), 1 + digits))
        }
        b'n' | b't' | b'r' | b'b' | b'f' | b'v' => Some((Written::Nothing, 2)),
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
