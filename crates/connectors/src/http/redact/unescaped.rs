//! A text as it was before it was coloured, quoted or framed: without sequences for a terminal, with its escapes undone, of which
//! those of line breaks are real ones then, and with blanks for frames. The lines of a dump stand apart only there: in JSON, `repr`
//! of Python or `$'...'` of a shell they are one line with `\n` in it, and between colours or bars an offset is no cell of its own.

use std::ops::Range;

use super::{
    decoded::Decoded,
    dump::{self, Columns},
    escape::{Escapes, Written},
    frame::{ends_with_offset, has_frame, is_frame, is_framed},
    view::{Place, begins_string, byte, first_char, terminal},
};

const ESCAPE: u8 = 0x1b;

/// How many blanks, and how many digits, the first cell of a dump has at most.
const CELL: usize = 32;

/// A text before it was coloured, quoted or framed, in ASCII: what else a byte is does not matter to numbers.
pub(super) struct Unescaped {
    pub(super) text: String,
    /// Where each of its bytes stands in the text that is searched.
    places: Vec<Place>,
}

impl Unescaped {
    /// Every one of a text that may have lines of a dump, undone up to so many times; of most texts there is none.
    pub(super) fn with_dumps(text: &str, depth: usize) -> Vec<Self> {
        let mut all = Self::all(text, depth);
        all.retain(|one| one.text.split('\n').any(|line| dump::may_be(line.as_bytes())));
        all
    }

    /// Every one of a text, of which each undoes what is left in the one before it.
    pub(super) fn all(text: &str, depth: usize) -> Vec<Self> {
        let mut all = Vec::new();
        if has_sequences(text) || is_framed(text) {
            all.push(Self::uncoloured(text.as_bytes(), byte));
        }
        for _ in 0..depth {
            let next = match all.last() {
                Some(Self { text, places }) if has_breaks(text) => Self::unquoted(text, |at| places[at]),
                None if has_breaks(text) => Self::unquoted(text, byte),
                _ => break,
            };
            all.push(next);
        }
        all
    }

    fn with_capacity(count: usize) -> Self {
        Self { text: String::with_capacity(count), places: Vec::with_capacity(count) }
    }

    fn push(&mut self, byte: u8, place: Place) {
        self.text.push(if byte.is_ascii() { char::from(byte) } else { '.' });
        self.places.push(place);
    }

    /// Adds the character at the start of `rest`, of which the bytes stand from `at` on, as one of ASCII: so a dump's text is
    /// no longer than its bytes are many. Returns its length.
    fn push_first(&mut self, rest: &[u8], at: usize, place: impl Fn(usize) -> Place) -> usize {
        let Some(first) = rest.first() else { return 0 };
        let character = if first.is_ascii() { None } else { first_char(rest) };
        let length = character.map_or(1, char::len_utf8);
        let byte = if character.is_some_and(is_frame) { self.frame() } else { *first };
        self.push(byte, (place(at).0, place(at + length - 1).1));
        length
    }

    /// What stands for a frame: a blank or, after an offset, the mark of one.
    fn frame(&self) -> u8 {
        if ends_with_offset(&self.text) { b':' } else { b' ' }
    }

    /// Without its sequences for a terminal, and with blanks for its frames.
    fn uncoloured(all: &[u8], place: impl Fn(usize) -> Place) -> Self {
        let mut out = Self::with_capacity(all.len());
        let mut at = 0;
        while at < all.len() {
            let rest = &all[at..];
            at += match sequence(rest) {
                Some(length) => length,
                None => out.push_first(rest, at, &place),
            };
        }
        out.unframed()
    }

    /// With blanks for the bars of ASCII around the columns of a dump.
    fn unframed(mut self) -> Self {
        if is_framed(&self.text) {
            let mut text = String::with_capacity(self.text.len());
            for line in self.text.split_inclusive('\n') {
                // The last row may have a single byte.
                let is_row = has_frame(line, 2);
                for character in line.chars() {
                    text.push(match character {
                        '|' if is_row && ends_with_offset(&text) => ':',
                        '|' if is_row => ' ',
                        character => character,
                    });
                }
            }
            self.text = text;
        }
        self
    }

    /// With its escapes undone once, and without the sequences for a terminal that those write.
    fn unquoted(text: &str, place: impl Fn(usize) -> Place) -> Self {
        let all = text.as_bytes();
        let mut out = Self::with_capacity(all.len());
        let mut at = 0;
        while at < all.len() {
            let rest = &all[at..];
            at += match (rest, escape(rest)) {
                (_, Some((written, length))) => {
                    let whole = (place(at).0, place(at + length - 1).1);
                    match written {
                        Written::Nothing => {}
                        Written::Byte(byte) => out.push(byte, whole),
                        // CSI, as two characters.
                        Written::Character('\u{9b}') => {
                            out.push(ESCAPE, whole);
                            out.push(b'[', whole);
                        }
                        Written::Character(character) if is_frame(character) => out.push(out.frame(), whole),
                        Written::Character(character) => {
                            out.push(u8::try_from(character).unwrap_or(b'.'), whole);
                        }
                    }
                    length
                }
                // Half of an escape, at the end of a text that may go on.
                ([b'\\'], None) => 1,
                // A dump begins where the string does, however much stands before that in the line.
                ([b'"' | b'\'', after @ ..], None) if begins_as_dump(after) => {
                    out.push(b'\n', place(at));
                    1
                }
                (_, None) => out.push_first(rest, at, &place),
            };
        }
        if !has_sequences(&out.text) {
            return out.unframed();
        }
        Self::uncoloured(out.text.as_bytes(), |at| out.places[at])
    }

    /// The columns of its dumps, as [`dump::columns`] finds them.
    pub(super) fn columns(&self) -> Vec<Columns<Vec<Place>>> {
        dump::columns(&self.text, |at| self.places[at])
    }

    /// The same of a text that may go on.
    pub(super) fn unfinished_columns(&self) -> Vec<Columns<Vec<Place>>> {
        dump::unfinished(&self.text, |at| self.places[at])
    }

    /// What numbers or lists in it write, with places in the text that is searched.
    pub(super) fn placed(&self, mut decoded: Decoded) -> Decoded {
        for place in &mut decoded.places {
            let last = usize::try_from(place.1).unwrap_or(usize::MAX).checked_sub(1);
            let first = usize::try_from(place.0).ok().and_then(|at| self.places.get(at));
            let last = last.and_then(|at| self.places.get(at));
            *place = first.zip(last).map_or(*place, |(first, last)| (first.0, last.1));
        }
        decoded
    }

    /// Where a part of it stands in the text that is searched.
    pub(super) fn span(&self, part: Range<usize>) -> Range<usize> {
        let at = |place: u32| usize::try_from(place).unwrap_or(usize::MAX);
        match self.places.get(part) {
            Some([first, .., last]) => at(first.0)..at(last.1),
            Some([only]) => at(only.0)..at(only.1),
            _ => 0..0,
        }
    }

    /// Where what stands from there on in the text that is searched begins.
    pub(super) fn position(&self, at: usize) -> usize {
        self.places.partition_point(|place| usize::try_from(place.0).is_ok_and(|start| start < at))
    }
}

fn has_sequences(text: &str) -> bool {
    text.contains('\u{1b}') || text.contains('\u{9b}')
}

/// True where a line break is written as an escape.
fn has_breaks(text: &str) -> bool {
    let breaks = ["\\n", "\\u000a", "\\u000A", "\\x0a", "\\x0A", "\\012"];
    text.contains('\\') && breaks.iter().any(|it| text.contains(it))
}

/// The length of the sequence for a terminal that begins here.
fn sequence(rest: &[u8]) -> Option<usize> {
    match rest {
        // A set of characters is chosen, as `tput sgr0` does: `\e(B`.
        [ESCAPE, b'('..=b'/', b'0'..=b'~', ..] => Some(3),
        // A title that does not end hides no dump after it.
        _ if begins_string(rest) => terminal(rest).map(|length| if length < rest.len() { length } else { 2 }),
        _ => terminal(rest),
    }
}

/// What the escape at the start of `rest` writes, white space as such, and its length.
fn escape(rest: &[u8]) -> Option<(Written, usize)> {
    let (b'\\', after) = (rest.first()?, rest.get(1)?) else { return None };
    let byte = match after {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'e' | b'E' => ESCAPE,
        _ => return Escapes::Marked.read(rest),
    };
    Some((Written::Byte(byte), 2))
}

/// True where a string begins as a dump does: with a colour, or with digits that another cell or, of numbers after a blank, a line
/// break follows.
fn begins_as_dump(string: &[u8]) -> bool {
    if matches!(escape(string), Some((Written::Byte(ESCAPE) | Written::Character('\u{1b}'), _))) {
        return true;
    }
    let blanks = string.iter().take(CELL).take_while(|byte| **byte == b' ').count();
    let rest = &string[blanks..];
    let digits = rest.strip_prefix(b"0x").unwrap_or(rest);
    let length = digits.iter().take(CELL).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let is_ended = match digits.get(length) {
        Some(b':' | b' ') => true,
        Some(b'\\') => blanks > 0,
        _ => false,
    };
    length >= 2 && is_ended
}

#[cfg(test)]
mod tests {
    use callboard_domain::secret::SecretString;
    use serde_json::json;

    use super::{super::Redactor, *};

    const SLACK: &str = "xoxb-123456789012-AbCdEfGhIjKl";
    /// Of digits alone the text beside the bytes looks like more of them.
    const HEXADECIMAL: &str = "11c0ffee5a7d9e3b41c0ffee5a7d9e3b41";

    fn digits(bytes: &[u8], size: usize) -> String {
        let word = |word: &[u8]| word.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        bytes.chunks(size).map(word).collect::<Vec<_>>().join(" ")
    }

    /// Writes a line of a dump: its offset, and what comes after that.
    type Line = fn(usize, &[u8]) -> [String; 2];

    /// `xxd` and `hexdump -C`.
    const TOOLS: [Line; 2] = [
        |at, it| {
            let text = String::from_utf8_lossy(it);
            [format!("{at:08x}:"), format!(" {:<40} {text}", digits(it, 2))]
        },
        |at, it| {
            let text = String::from_utf8_lossy(it);
            [format!("{at:08x}"), format!("  {:<48} |{text}|", digits(it, 1))]
        },
    ];

    fn lines(secret: &str, write: fn(usize, &[u8]) -> [String; 2]) -> Vec<[String; 2]> {
        let all = format!("login: kim token={secret} and.more.of.it");
        all.as_bytes().chunks(16).enumerate().map(|(number, it)| write(number * 16, it)).collect()
    }

    /// Nothing of the secret is left as text or as digits, and what stands around the dump is.
    fn assert_masked(clean: &str, secret: &str, context: &str) {
        assert!(clean.contains("[REDACTED]"), "{context}: {clean}");
        for piece in secret.as_bytes().windows(6) {
            let text = String::from_utf8_lossy(piece).into_owned();
            for shown in [text, digits(piece, 1), digits(&piece[..4], 2), digits(&piece[1..5], 2)] {
                assert!(!clean.contains(&shown), "{shown} of {context}: {clean}");
            }
        }
        assert!(clean.starts_with("begin ") && clean.ends_with(" end\n"), "{context}: {clean}");
    }

    /// What a program prints around a dump.
    fn quoted(dump: &str) -> Vec<String> {
        let object = json!({ "id": "x".repeat(120), "log": dump }).to_string();
        let escaped = dump.replace('\n', "\\n");
        vec![
            format!("begin {object} end\n"),
            format!("begin {} end\n", json!({ "log": dump.replace('\n', "\r\n") })),
            format!("begin {} end\n", json!({ "body": object })),
            format!("begin {{'log': '{escaped}'}} end\n"),
            format!("begin echo $'{escaped}' end\n"),
            format!("begin msg={dump:?} end\n"),
            format!("begin {} end\n", escaped.replace('\\', "\\\\")),
        ]
    }

    #[test]
    fn secret_is_found_in_a_dump_that_is_quoted() {
        for secret in [SLACK, HEXADECIMAL] {
            let redactor = Redactor::new(&[SecretString::from(secret)]);
            for write in TOOLS {
                let dump: String =
                    lines(secret, write).into_iter().map(|line| line.concat() + "\n").collect();
                let after_title = |text: &String| text.replacen("begin ", "begin \x1b]0;title ", 1);
                let quoted = quoted(&dump);
                for text in quoted.iter().map(after_title).chain(quoted.iter().cloned()) {
                    assert_masked(&redactor.text(&text), secret, &text);
                }
                // Both the text of an output and the JSON that it is.
                let json = json!({ "log": dump, "ok": true }).to_string();
                let body: serde_json::Value = serde_json::from_str(&redactor.body(&json)).unwrap();
                assert_eq!(body["ok"], true);
                let log = body["log"].as_str().unwrap_or_default().to_owned();
                assert_masked(&format!("begin {log} end\n"), secret, &json);
            }
        }
    }

    /// An offset and the rest of its line -> the line in colour.
    const COLOURS: [fn(&str, &str) -> String; 6] = [
        |offset, rest| format!("\x1b[33m{offset}\x1b[0m{rest}"),
        |offset, rest| format!("{offset}\x1b[1m{rest}\x1b(B\x1b[m"),
        |offset, rest| {
            let coloured = |c: char| if c == ' ' { c.to_string() } else { format!("\x1b[32m{c}\x1b[0m") };
            offset.to_owned() + &rest.chars().map(coloured).collect::<String>()
        },
        |offset, rest| format!("\x1b[36mweb-1 | \x1b[0m{offset}{rest}"),
        |offset, rest| format!("\x1b[32m\x1b[K2\x1b[m\x1b[K\x1b[36m\x1b[K:\x1b[m\x1b[K{offset}{rest}"),
        |offset, rest| {
            let (one, other) = rest.split_at(12);
            let (word, other) = other.split_at(4);
            format!("{offset}{one}\x1b[01;31m\x1b[K{word}\x1b[m\x1b[K{other}")
        },
    ];

    fn uncoloured(text: &str) -> String {
        Unescaped::uncoloured(text.as_bytes(), byte).text
    }

    #[test]
    fn secret_is_found_in_a_dump_in_colour() {
        for secret in [SLACK, HEXADECIMAL] {
            let redactor = Redactor::new(&[SecretString::from(secret)]);
            for (write, colour) in TOOLS.into_iter().flat_map(|write| COLOURS.map(|colour| (write, colour))) {
                let lines = lines(secret, write);
                let dump: String = lines.iter().map(|[offset, rest]| colour(offset, rest) + "\n").collect();
                let text = format!("begin \n{dump} end\n");
                assert_masked(&uncoloured(&redactor.text(&text)), secret, &text);
                let json = json!({ "log": dump }).to_string();
                let body: serde_json::Value = serde_json::from_str(&redactor.body(&json)).unwrap();
                let log = uncoloured(body["log"].as_str().unwrap_or_default());
                assert_masked(&format!("begin {log} end\n"), secret, &json);
                let text = format!("begin {json} end\n");
                assert_masked(&redactor.text(&text), secret, &text);
            }
        }
    }

    /// Wherever it is cut, no more of the secret is passed on than a piece of one that says nothing.
    #[test]
    fn secret_is_found_in_pieces_of_such_dumps() {
        let redactor = Redactor::new(&[SecretString::from(SLACK)]);
        let lines = lines(SLACK, TOOLS[0]);
        let plain: String = lines.iter().map(|line| line.concat() + "\n").collect();
        let coloured: String = lines.iter().map(|[offset, rest]| COLOURS[0](offset, rest) + "\n").collect();
        for text in [format!("begin {} end\n", json!({ "log": plain })), format!("begin \n{coloured} end\n")]
        {
            for cut in (1..text.len()).step_by(23) {
                let mut parts = redactor.parts();
                let out = [parts.next(&text[..cut], true), parts.next(&text[cut..], false)].concat();
                assert_masked(&uncoloured(&out), SLACK, &format!("{text} at {cut}"));
            }
        }
    }

    /// As `hexyl` writes it, with its bars: those of a frame, and those in the middle of a line.
    fn framed(secret: &str, [bar, middle]: [char; 2]) -> String {
        let line = |(number, it): (usize, &[u8])| {
            let (one, other) = it.split_at(it.len().min(8));
            let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
            format!(
                "{bar}{:08x}{bar} {:<23} {middle} {:<23} {bar}{:<8}{middle}{:<8}{bar}\n",
                number * 16,
                digits(one, 1),
                digits(other, 1),
                text(one),
                text(other)
            )
        };
        let all = format!("login: kim token={secret} and.more.of.it");
        all.as_bytes().chunks(16).enumerate().map(line).collect()
    }

    #[test]
    fn secret_is_found_in_a_dump_in_a_frame() {
        for bars in [['│', '┊'], ['|', '|'], ['┃', '│']] {
            for secret in [SLACK, HEXADECIMAL] {
                let redactor = Redactor::new(&[SecretString::from(secret)]);
                let dump = framed(secret, bars);
                let pieces = secret
                    .as_bytes()
                    .windows(5)
                    .flat_map(|piece| [String::from_utf8_lossy(piece).into_owned(), digits(piece, 1)]);
                let body = json!({ "log": format!("\n{dump}") }).to_string();
                let body: serde_json::Value = serde_json::from_str(&redactor.body(&body)).unwrap();
                let clean = redactor.text(&format!("begin\n{dump}end\n")).into_owned();
                assert!(clean.starts_with("begin\n") && clean.ends_with("end\n"), "{clean}");
                let log = body["log"].as_str().unwrap_or_default();
                assert!(clean.contains("[REDACTED]") && log.contains("[REDACTED]"), "{clean}\n{log}");
                for piece in pieces {
                    assert!(!clean.contains(&piece) && !log.contains(&piece), "{piece}: {clean}\n{log}");
                }
                // With one other letter it is another text.
                let other = framed(&secret.replacen(&secret[8..9], "x", 1), bars);
                assert_eq!(redactor.text(&other), other);
            }
        }
    }

    #[test]
    fn ordinary_texts_are_read_as_they_are() {
        // text -> each text that is read besides it
        let cases: [(&str, &[&str]); 12] = [
            ("│ the build │", &[]),
            ("│0000│ 67 ┊\n|0010| 68 |\n| a | b |", &[" 0000: 67  \n 0010: 68  \n| a | b |"]),
            ("\\u2502 a\\n", &["  a\n"]),
            ("the build has passed\nin 12 s", &[]),
            ("C:\\users\\kim", &[]),
            ("\x1b[1m\u{9b}2mé\x1b(B!", &[".!"]),
            ("\x1b]0;t\x07a\x1b]0;b", &["a0;b"]),
            ("a\\r\\n\\\"b\\", &["a\r\n\"b"]),
            ("a\\\\nb", &["a\\nb", "a\nb"]),
            ("\"log\":\"0000: 67\\n\"", &["\"log\":\n0000: 67\n\""]),
            ("\\u001b[1ma\\u001b[m\\n", &["a\n"]),
            ("\x1b[1ma\x1b[m\\n", &["a\\n", "a\n"]),
        ];
        for (text, expected) in cases {
            let found = Unescaped::all(text, 2);
            assert_eq!(found.iter().map(|it| &*it.text).collect::<Vec<_>>(), expected, "{text}");
            for one in &found {
                assert_eq!(one.text.len(), one.places.len(), "{text}");
            }
        }
        assert!(Unescaped::with_dumps("the build\\nhas passed", 2).is_empty());
        let dumps = Unescaped::with_dumps("\\n00000010: 6768\\n", 2);
        assert_eq!(dumps.first().map(|it| it.span(1..10)), Some(2..11));
    }
}
