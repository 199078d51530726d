//! Untrusted text made safe to show: no escapes, no control or direction characters, cut to a length.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// One line, at most `max` characters (as people count them) of 48 bytes on average: white space folded, anything that
/// could steer a terminal or turn the reading direction removed, and cut with `…`.
pub fn line(text: &str, max: usize) -> String {
    if is_plain(text, max) {
        return text.to_owned();
    }
    cleaned_line(text, max)
}

/// [`line`] of a text that may need changes.
fn cleaned_line(text: &str, max: usize) -> String {
    let clean = without_escapes(text);
    let folded: String = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&folded, max)
}

/// True for a text that [`line`] would leave as it is, as nearly all are: seen in one pass over the bytes, without allocation.
pub(crate) fn is_plain(text: &str, max: usize) -> bool {
    let mut space = true;
    let plain = text.bytes().all(|byte| {
        let after_space = std::mem::replace(&mut space, byte == b' ');
        byte.is_ascii_graphic() || (byte == b' ' && !after_space)
    });
    plain && text.len() <= max && (!space || text.is_empty())
}

/// A list of names, as a person would write it: `lint`, `lint and unit tests`, `lint and 2 more`.
pub(crate) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    match names {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [one, other] => format!("{} and {}", one.as_ref(), other.as_ref()),
        [one, more @ ..] => format!("{} and {} more", one.as_ref(), more.len()),
    }
}

/// How many there are of something that adds an `s` for several: `1 incident`, `2 incidents`.
pub fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Bytes as hexadecimal digits, in small letters.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|half| char::from_digit(half.into(), 16))
        .collect()
}

/// Several lines, at most `max` characters, with the same things removed; new lines and tabs stay.
pub fn block(text: &str, max: usize) -> String {
    cut(&without_escapes(text), max)
}

/// True for a character that could steer a terminal or turn the reading direction: it is shown nowhere as it is.
pub fn is_unsafe(c: char) -> bool {
    c.is_control() || steers(c)
}

/// A text as it is, with every unsafe character (see [`is_unsafe`]) written out, such as `\u{1b}`; new lines and tabs stay.
/// For what must not lose anything: errors, previews, the log.
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| is_unsafe(c) && !matches!(c, '\n' | '\t');
    if !text.contains(hidden) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match hidden(c) {
            true => out.extend(c.escape_unicode()),
            false => out.push(c),
        }
    }
    out.into()
}

/// A text as it is, with a mark in place of every unsafe character: each character stays in its column.
pub fn masked(text: &str) -> String {
    text.chars().map(|c| if is_unsafe(c) && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// Bytes that a character may have on average: a family of four with skin tones has 41; a letter
/// with ten thousand accents is no text.
const BYTES_EACH: usize = 48;

/// A text of at most `max` characters (as people count them) of 48 bytes on average, cut with `…`.
pub fn cut(text: &str, max: usize) -> String {
    // No character is less than a byte, so no count is needed.
    if text.len() <= max {
        return text.to_owned();
    }
    let (mut before, mut end) = (0, 0);
    for (count, (at, grapheme)) in text.grapheme_indices(true).enumerate() {
        let next = at + grapheme.len();
        if count == max {
            return format!("{}…", &text[..before]);
        }
        if next > max.saturating_mul(BYTES_EACH) {
            return format!("{}…", &text[..end]);
        }
        (before, end) = (end, next);
    }
    text.to_owned()
}

/// Takes out terminal escape sequences whole (ECMA-48 CSI, OSC and the two-character ones), then every control and
/// direction character.
fn without_escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => match chars.next() {
                Some('[') => skip_csi(&mut chars),
                Some(']' | 'P' | 'X' | '^' | '_') => skip_string(&mut chars),
                _ => {}
            },
            '\u{9b}' => skip_csi(&mut chars),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || steers(c) => {}
            c => out.push(c),
        }
    }
    out
}

fn skip_csi(chars: &mut impl Iterator<Item = char>) {
    for c in chars {
        if ('\u{40}'..='\u{7e}').contains(&c) {
            return;
        }
    }
}

fn skip_string(chars: &mut impl Iterator<Item = char>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next();
                return;
            }
            _ => {}
        }
    }
}

/// Direction marks and isolates, line and paragraph separators, the byte-order mark, and tag characters.
fn steers(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_texts_are_left_as_they_are() {
        let cases = [
            ("", true),
            ("web main", true),
            ("a", true),
            ("abcdefghij", true),
            ("abcdefghijk", false),
            (" a", false),
            ("a ", false),
            (" ", false),
            ("a  b", false),
            ("a\tb", false),
            ("a\u{7f}", false),
            ("\u{1b}[0m", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_plain(text, 10), expected, "{text:?}");
            assert_eq!(cleaned_line(text, 10) == text, expected, "{text:?} by the full rule");
        }
    }

    #[test]
    fn lines_are_safe_to_show() {
        let cases = [
            ("plain", "plain"),
            ("  two\n lines\t here ", "two lines here"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]8;;https://evil.example\u{7}click\u{1b}]8;;\u{7}", "click"),
            ("\u{1b}]0;title\u{1b}\\after", "after"),
            ("\u{1b}[never ends", "ever ends"),
            ("bell\u{7} back\u{8} nul\0", "bell back nul"),
            ("abc\u{202e}fed", "abcfed"),
            ("family 👨‍👩‍👧 stays", "family 👨‍👩‍👧 stays"),
            ("שלום stays", "שלום stays"),
            ("<b>markup</b> is text", "<b>markup</b> is text"),
        ];
        for (text, expected) in cases {
            let got = line(text, 100);
            assert_eq!(got, expected, "{text:?}");
        }
    }

    #[test]
    fn cuts_by_what_people_count() {
        assert_eq!(line("abcdef", 6), "abcdef");
        assert_eq!(line("abcdefg", 6), "abcde…");
        assert_eq!(line("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 2), "👨‍👩‍👧…");
        assert_eq!(line(&"x".repeat(10_000), 200).chars().count(), 200);
        assert_eq!(
            line(&format!("ab{}", "\u{301}".repeat(10_000)), 10),
            "a…",
            "one character, twenty thousand bytes"
        );
    }

    #[test]
    fn unsafe_characters_are_written_out() {
        let cases = [
            ("plain \u{e9} \u{1f468}\u{200d}\u{1f469}", "plain \u{e9} \u{1f468}\u{200d}\u{1f469}"),
            ("two\nlines\there", "two\nlines\there"),
            ("\u{1b}]0;OWNED\u{7}", "\\u{1b}]0;OWNED\\u{7}"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\u{202e}b\u{2066}c\u{feff}\u{7f}\r", "a\\u{202e}b\\u{2066}c\\u{feff}\\u{7f}\\u{d}"),
        ];
        for (text, expected) in cases {
            assert_eq!(visible(text), expected, "{text:?}");
            assert_eq!(masked(text).chars().count(), text.chars().count());
            assert!(!masked(text).contains(|c| is_unsafe(c) && c != '\t'), "{text:?}");
        }
    }

    #[test]
    fn one_thing_is_counted_without_an_s() {
        let cases = [(0, "0 open incidents"), (1, "1 open incident"), (2, "2 open incidents")];
        for (number, expected) in cases {
            assert_eq!(count(number, "open incident"), expected);
        }
    }

    #[test]
    fn blocks_keep_their_lines() {
        assert_eq!(block("a\r\nb\rc\td\u{1b}[K", 100), "a\nb\nc\td");
    }
}
