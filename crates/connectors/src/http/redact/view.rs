//! A text as it reads without its escapes and without what cannot be seen: printable ASCII alone, with the place of every
//! byte where that is wanted.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

/// Where in the text a byte of a view comes from: its beginning and its end.
pub(super) type Place = (u32, u32);

/// The places of a view's bytes; `()` where nobody asks for them, which costs half as much.
pub(super) trait Places: Default {
    fn with_capacity(count: usize) -> Self;
    fn add(&mut self, place: Place);
    fn at(&self, at: usize) -> Place;
    /// Those of `other` in that range, too.
    fn copy(&mut self, other: &Self, range: Range<usize>);
    /// Without those after the first `count`.
    fn truncate(&mut self, count: usize);
}

impl Places for () {
    fn with_capacity(_: usize) -> Self {}
    fn add(&mut self, _: Place) {}
    fn at(&self, _: usize) -> Place {
        (0, 0)
    }
    fn copy(&mut self, (): &Self, _: Range<usize>) {}
    fn truncate(&mut self, _: usize) {}
}

impl Places for Vec<Place> {
    fn with_capacity(count: usize) -> Self {
        Vec::with_capacity(count)
    }
    fn add(&mut self, place: Place) {
        self.push(place);
    }
    fn at(&self, at: usize) -> Place {
        self[at]
    }
    fn copy(&mut self, other: &Self, range: Range<usize>) {
        self.extend_from_slice(&other[range]);
    }
    fn truncate(&mut self, count: usize) {
        Vec::truncate(self, count);
    }
}

/// What of a text is seen: no white space, no control characters, nothing but ASCII, and the forms of an ASCII letter (full
/// width, in a circle) as that letter.
///
/// Other letters are left out whatever writes them (UTF-8, Latin-1, one taken for the other, escapes, half of one at a cut).
/// The searched secret is a view as well, and does not have them either.
#[derive(Debug, Default)]
pub(super) struct View<P> {
    pub(super) bytes: Vec<u8>,
    pub(super) places: P,
}

/// A byte that is seen.
pub(super) const KEPT: u8 = 1;
/// A byte that may begin a sequence for a terminal, or a form of an ASCII letter.
pub(super) const ODD: u8 = 2;
/// A byte that may move the cursor, or begin a letter that is similar to one of ASCII.
pub(super) const MOVING: u8 = 4;

/// What each byte is.
pub(super) const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        classes[byte as usize] = KEPT;
        byte += 1;
    }
    let odd = [0x1b, 0x9b, 0xe2, 0xef, 0xf0];
    let mut at = 0;
    while at < odd.len() {
        classes[odd[at]] = ODD;
        at += 1;
    }
    let moving = [0x08, b'\r', 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4];
    let mut at = 0;
    while at < moving.len() {
        classes[moving[at] as usize] = MOVING;
        at += 1;
    }
    classes
};

impl<P: Places> View<P> {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { bytes: Vec::with_capacity(count), places: P::with_capacity(count) }
    }

    pub(super) fn push(&mut self, byte: u8, place: Place) {
        self.bytes.push(byte);
        self.places.add(place);
    }

    fn pop(&mut self) {
        self.bytes.pop();
        self.places.truncate(self.bytes.len());
    }

    /// True where nothing stands in the text between a byte of the view and the one before it.
    pub(super) fn is_next_to_last(&self, at: usize) -> bool {
        at > 0 && self.places.at(at).0 <= self.places.at(at - 1).1
    }

    /// Where in the text a part of the view stands.
    pub(super) fn span(&self, part: Range<usize>) -> Range<usize> {
        if part.is_empty() {
            return 0..0;
        }
        // What is written over a line stands after what comes next to it.
        let (start, end) = part
            .map(|at| self.places.at(at))
            .fold((u32::MAX, 0), |(start, end), place| (start.min(place.0), end.max(place.1)));
        place(start)..place(end)
    }

    /// What is left out in the text of `length` bytes right before and right after a part of the view.
    pub(super) fn left_out(&self, part: &Range<usize>, length: usize) -> (Range<usize>, Range<usize>) {
        let span = self.span(part.clone());
        let before = part.start.checked_sub(1).map_or(0, |at| place(self.places.at(at).1));
        let after = if part.end < self.bytes.len() { place(self.places.at(part.end).0) } else { length };
        (before.min(span.start)..span.start, span.end..after.max(span.end))
    }

    /// The view of its first bytes alone.
    pub(super) fn first(&self, count: usize) -> Self {
        let mut view = Self::with_capacity(count);
        view.bytes.extend_from_slice(&self.bytes[..count]);
        view.places.copy(&self.places, 0..count);
        view
    }

    /// The view of its letters and digits alone, in lower case.
    pub(super) fn alphanumeric(&self) -> Self {
        self.sifted(u8::is_ascii_alphanumeric, |_, _| false)
    }

    /// The view of the bytes that are kept alone, in lower case. `takes_last`: true for a byte that is not kept, by its place,
    /// and takes the last one that was with it.
    fn sifted(&self, is_kept: impl Fn(&u8) -> bool, takes_last: impl Fn(usize, u8) -> bool) -> Self {
        // Every byte is written, and the next one over it unless it is kept: that takes no branch.
        let mut view = Self { bytes: vec![0; self.bytes.len()], places: P::with_capacity(self.bytes.len()) };
        let mut length = 0;
        for (at, byte) in self.bytes.iter().enumerate() {
            let is_kept = is_kept(byte);
            view.bytes[length] = byte.to_ascii_lowercase();
            length += usize::from(is_kept);
            if is_kept {
                view.places.add(self.places.at(at));
            } else if takes_last(at, *byte) {
                length -= 1;
                view.places.truncate(length);
            }
        }
        view.bytes.truncate(length);
        view
    }

    /// Of a view of letters and digits the hexadecimal digits alone, whatever marks them as such or stands between them (`67h`,
    /// `U+0067`), without the `0` of `0x67`. Where the text was `cut`, one at its end is taken for such a `0`.
    pub(super) fn digits(&self, cut: bool) -> Self {
        let mut view =
            self.sifted(u8::is_ascii_hexdigit, |at, byte| byte == b'x' && self.is_after_mark(at + 1));
        if cut && view.bytes.last() == Some(&b'0') {
            view.pop();
        }
        view
    }

    /// True where two hexadecimal digits follow `0x`, or the text ends before they do.
    fn is_after_mark(&self, at: usize) -> bool {
        at > 1 && self.bytes[at - 2] == b'0' && self.bytes[at..].iter().take(2).all(u8::is_ascii_hexdigit)
    }

    pub(super) fn seen(all: &[u8], place: impl Fn(usize) -> Place, by_terminal: bool) -> Self {
        let mut view = Self::with_capacity(all.len());
        let mut at = 0;
        while let Some(&byte) = all.get(at) {
            let class = CLASSES[usize::from(byte)];
            if class == KEPT {
                view.push(byte, place(at));
            }
            if class != ODD && !(by_terminal && byte == CSI[0]) {
                at += 1;
                continue;
            }
            if by_terminal && let Some(length) = terminal(&all[at..]) {
                at += length;
                continue;
            }
            let Some(character) = first_char(&all[at..]) else {
                at += 1;
                continue;
            };
            let end = at + character.len_utf8();
            if let Some(plain) = folded(character) {
                let whole = (place(at).0, place(end - 1).1);
                for byte in plain.bytes().filter(u8::is_ascii_graphic) {
                    view.push(byte, whole);
                }
            }
            at = end;
        }
        view
    }
}

impl View<Vec<Place>> {
    /// Bytes with their places.
    pub(super) fn placed(bytes: Vec<u8>, places: Vec<Place>) -> Self {
        Self { bytes, places }
    }

    /// A text as it stands.
    pub(super) fn raw(text: &str) -> Self {
        let mut view = Self::with_capacity(text.len());
        for (at, byte) in (0..).zip(text.bytes()) {
            view.push(byte, (at, at + 1));
        }
        view
    }
}

/// The place of one byte of a text.
pub(super) fn byte(at: usize) -> Place {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    (at, at.saturating_add(1))
}

/// The place of several bytes of a text.
pub(super) fn place_of(range: Range<usize>) -> Place {
    (byte(range.start).0, byte(range.end).0)
}

fn place(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// The ASCII that a character is a form of: full width, superscript, in a circle, of mathematics (NFKC).
pub(super) fn folded(character: char) -> Option<String> {
    // To look all others up would take long in Chinese.
    let is_form = matches!(character,
        '\u{2070}'..='\u{24ff}' | '\u{fb00}'..='\u{fb06}' | '\u{ff01}'..='\u{ff5e}'
        | '\u{1d400}'..='\u{1d7ff}' | '\u{1f100}'..='\u{1f1ff}' | '\u{1fbf0}'..='\u{1fbf9}');
    if !is_form {
        return None;
    }
    let plain: String = character.nfkc().collect();
    Some(plain).filter(|plain| plain.is_ascii())
}

pub(super) fn first_char(bytes: &[u8]) -> Option<char> {
    let chunk = bytes.get(..bytes.len().min(4))?;
    let valid = match std::str::from_utf8(chunk) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&chunk[..error.valid_up_to()]).ok()?,
    };
    valid.chars().next()
}

/// Control Sequence Introducer as one character, U+009B, in UTF-8.
pub(super) const CSI: [u8; 2] = [0xc2, 0x9b];

/// True where a string for a terminal begins: a title, the address of a link.
pub(super) fn begins_string(rest: &[u8]) -> bool {
    matches!(rest, [0x1b, b']' | b'P' | b'X' | b'^' | b'_', ..])
}

/// The length of the terminal's sequence (ECMA-48) that begins here, as [`callboard_domain::text`] takes them out.
pub(super) fn terminal(rest: &[u8]) -> Option<usize> {
    let to_final = |from: usize| {
        let body = &rest[from..];
        body.iter().position(|byte| (0x40..=0x7e).contains(byte)).map_or(rest.len(), |at| from + at + 1)
    };
    match rest {
        [0x1b, b'[', ..] => Some(to_final(2)),
        [0xc2, 0x9b, ..] => Some(to_final(2)),
        [_, _, body @ ..] if begins_string(rest) => {
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
