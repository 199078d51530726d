//! A text in each way that it is seen: byte by byte, without sequences for a terminal, and as a terminal shows it; and with its
//! escapes undone.

use super::{
    escape::{Escapes, Written},
    shown::{self, Shown},
    view::{CLASSES, CSI, KEPT, MOVING, ODD, Place, Places, View, begins_string, byte},
};

/// A text as whoever reads its bytes sees it; where it has sequences for a terminal, without those; and as it is shown, where that
/// may be something else.
pub(super) struct Seen<P> {
    pub(super) plain: View<P>,
    pub(super) by_terminal: Option<View<P>>,
    pub(super) shown: Option<Shown<P>>,
}

impl<P: Places> Seen<P> {
    pub(super) fn of(text: &str) -> Self {
        Self::read(text.as_bytes(), byte)
    }

    /// The same where lines that end with a backslash go on in the next one (`sed -n l`, shells); none where no line does.
    pub(super) fn joined(text: &str) -> Option<Self> {
        let all = text.as_bytes();
        if !text.contains("\\\n") && !text.ends_with('\\') {
            return None;
        }
        let goes_on = |at: usize| all[at] == b'\\' && all.get(at + 1).is_none_or(|next| *next == b'\n');
        let at: Vec<usize> = (0..all.len()).filter(|at| !goes_on(*at)).collect();
        let bytes: Vec<u8> = at.iter().map(|at| all[*at]).collect();
        Some(Self::read(&bytes, |place| byte(at[place])))
    }

    /// The same where what stands in strings for a terminal (titles, addresses of links) is shown like anything else; none where
    /// there are none. One of which the end is far away, or does not come, would hide all that follows.
    pub(super) fn with_strings(text: &str) -> Option<Self> {
        let all = text.as_bytes();
        let is_left_out = |at: usize| begins_string(&all[at..]);
        if !text.match_indices('\u{1b}').any(|(at, _)| is_left_out(at)) {
            return None;
        }
        let at: Vec<usize> = (0..all.len()).filter(|at| !is_left_out(*at)).collect();
        let bytes: Vec<u8> = at.iter().map(|at| all[*at]).collect();
        Some(Self::read(&bytes, |place| byte(at[place])))
    }

    /// The same of bytes that stand elsewhere in a text.
    pub(super) fn read(all: &[u8], place: impl Fn(usize) -> Place) -> Self {
        // Every byte is written, and the next one over it unless it is kept: without places that takes no branch.
        let mut plain = View { bytes: vec![0; all.len()], places: P::with_capacity(all.len()) };
        let (mut length, mut classes) = (0, 0);
        for (at, &byte) in all.iter().enumerate() {
            let class = CLASSES[usize::from(byte)];
            plain.bytes[length] = byte;
            length += usize::from(class & KEPT);
            classes |= class;
            if class == KEPT {
                plain.places.add(place(at));
            }
        }
        plain.bytes.truncate(length);
        let (is_odd, may_differ) = (classes & ODD != 0, classes & (ODD | MOVING) != 0);
        if is_odd {
            plain = View::seen(all, &place, false);
        }
        let has_sequences = is_odd && (all.contains(&0x1b) || all.windows(2).any(|pair| pair == CSI));
        let by_terminal = has_sequences.then(|| View::seen(all, &place, true));
        let shown = (may_differ && shown::differs(all)).then(|| Shown::of(all, &place));
        Self { plain, by_terminal, shown }
    }
}

impl Seen<()> {
    /// The same, and nothing is known of places.
    pub(super) fn quickly(all: &[u8]) -> Self {
        Self::read(all, |_| (0, 0))
    }
}

impl<P: Places> View<P> {
    /// The view with such escapes undone, once; `None` where there are none. Where the text was `cut`, an escape that it may
    /// end in the middle of is left out.
    pub(super) fn without(&self, escapes: Escapes, cut: bool) -> Option<Seen<P>> {
        if !escapes.may_be_in(&self.bytes) {
            return None;
        }
        // What is undone so far, and up to where: made at the first escape.
        let mut undone: Option<Self> = None;
        let (mut at, mut copied, mut is_seen, mut end) = (0, 0, true, self.bytes.len());
        while let Some(next) = escapes.next(&self.bytes, at) {
            let rest = &self.bytes[next..];
            let read = escapes.read(rest);
            if cut && escapes.is_cut(rest, read.as_ref().map(|(_, length)| *length)) {
                end = next;
                undone.get_or_insert_with(|| Self::with_capacity(end));
                break;
            }
            let Some((written, length)) = read else {
                at = next + 1;
                continue;
            };
            let view = undone.get_or_insert_with(|| Self::with_capacity(self.bytes.len()));
            view.bytes.extend_from_slice(&self.bytes[copied..next]);
            view.places.copy(&self.places, copied..next);
            at = next + length;
            copied = at;
            let whole = (self.places.at(next).0, self.places.at(at - 1).1);
            match written {
                Written::Nothing => {}
                Written::Byte(byte) => {
                    is_seen &= byte.is_ascii_graphic();
                    view.push(byte, whole);
                }
                Written::Character(character) => {
                    is_seen &= character.is_ascii_graphic();
                    let mut buffer = [0; 4];
                    for byte in character.encode_utf8(&mut buffer).bytes() {
                        view.push(byte, whole);
                    }
                }
            }
        }
        let mut view = undone?;
        view.bytes.extend_from_slice(&self.bytes[copied..end]);
        view.places.copy(&self.places, copied..end);
        Some(match is_seen {
            true => Seen { plain: view, by_terminal: None, shown: None },
            false => Seen::read(&view.bytes, |at| view.places.at(at)),
        })
    }
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;

    use super::super::{MASK, Redactor, SEGMENT};

    const SECRET: &str = "xoxb-1234567890-abcdefghijkl";

    /// The string that begins before the secret, what comes after both -> it is found, whether and wherever the string ends.
    #[test]
    fn string_for_a_terminal_hides_no_secret() {
        let redactor = Redactor::new(&[SecretString::from(SECRET)]);
        let each = |write: fn(char) -> String| SECRET.chars().map(write).collect::<String>();
        let long = format!("\x1b]0;{}", "- ".repeat(SEGMENT));
        let cases = [
            ("\x1b]0;", ""),
            ("\x1b]0;", " and more"),
            ("\x1b]0;", "\x07"),
            ("\x1bP1$r", "\x1b\\ done"),
            ("\x1b]0;title\x07\x1b]8;;", " and more"),
            (long.as_str(), ""),
            (long.as_str(), "\x07"),
        ];
        for hidden in [each(|c| format!("{c}\x08{c}")), each(|c| format!("{c}\u{9b}1m"))] {
            for (before, after) in cases {
                let clean = redactor.text(&format!("{before}{hidden}{after}")).into_owned();
                let left = clean.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
                let left = left.map(|left| left.trim_end_matches("\u{9b}1m"));
                assert_eq!(left, Some(MASK), "{hidden:?} before {after:?}");
            }
        }
    }

    #[test]
    fn strings_for_a_terminal_are_left_out_and_stay() {
        let redactor = Redactor::new(&[SecretString::from(SECRET)]);
        let (one, other) = SECRET.split_at(9);
        // A title in the middle of the secret, and titles and links without one.
        assert_eq!(redactor.text(&format!("{one}\x1b]0;title\x07{other} done")), format!("{MASK} done"));
        let link = "\x1b]8;;https://a.example/\x1b\\a\x1b]8;;\x1b\\ done";
        for text in ["\x1b]0;title\x07 done", link, "\x1b]0;title"] {
            assert_eq!(redactor.text(text), text);
        }
    }
}
