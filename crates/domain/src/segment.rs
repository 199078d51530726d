//! Segments of a URL's path: which texts would not stay the one segment that they are meant to be.
//!
//! URL parsers remove tabs and line ends wherever they are (WHATWG URL, "URL parsing"), read `%2e` as a dot, and some
//! servers read `\` and an encoded `/` as separators. What any of them would take for another path is refused.

use std::borrow::Cow;

use crate::text::is_unsafe;

/// Why a value with a control character is refused.
pub const CONTROL: &str = "the value holds a control character, such as a tab or a line end";

/// Why a text with dots is refused.
pub const DOTS: &str = "an empty value, . or .. would name another path";

/// Why a text with white space around it is refused.
pub const PADDED: &str =
    "the value begins or ends with a space or an invisible character, which a service may leave out";

/// How often something may have been percent-encoded: servers behind proxies decode more than once.
const ENCODED: usize = 4;

/// Why a text may not be sent as one segment of a path, in plain words. An empty one may: it ends `/a/`.
pub fn fault(text: &str) -> Option<&'static str> {
    decodings(text).find_map(|text| {
        if text.contains(char::is_control) {
            Some(CONTROL)
        } else if text.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
            Some(DOTS)
        } else {
            None
        }
    })
}

/// True for a text that is another one without the white space, or the invisible characters, around it, whether or not
/// they are percent-encoded. A service that leaves these out takes it for that, which a comparison did not see.
pub fn is_padded(text: &str) -> bool {
    // Those that join letters (ZWJ, ZWNJ) are no padding within a text; at its ends they join nothing.
    let is_padding = |letter: char| {
        letter.is_whitespace() || is_unsafe(letter) || matches!(letter, '\u{ad}' | '\u{200c}' | '\u{200d}')
    };
    decodings(text).any(|text| text.starts_with(is_padding) || text.ends_with(is_padding))
}

/// A text as it is, and then as it is with each further percent-encoding undone.
fn decodings(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let all = std::iter::successors(Some(Cow::Borrowed(text)), |text| match decoded(text) {
        Cow::Owned(next) if next != **text => Some(Cow::Owned(next)),
        _ => None,
    });
    all.take(ENCODED)
}

/// RFC 3986, 2.1: what was encoded, as it was. A `%` that begins no code stays.
pub fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let half = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        match (bytes[at], half(bytes.get(at + 1)), half(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_leave_its_path_segment_is_refused() {
        let cases = [
            ("", None),
            ("api", None),
            ("...", None),
            ("a..b", None),
            ("feature/x y", None),
            ("v1.2", None),
            ("100%", None),
            ("50%25", None),
            ("caf\u{e9}", None),
            (".", Some(DOTS)),
            ("..", Some(DOTS)),
            ("%2e%2E", Some(DOTS)),
            (".%2e", Some(DOTS)),
            ("%252e%252e", Some(DOTS)),
            ("../admin", Some(DOTS)),
            ("a/../b", Some(DOTS)),
            ("a%2f..%2fb", Some(DOTS)),
            ("..\\admin", Some(DOTS)),
            ("a%5c..", Some(DOTS)),
            (".\t.", Some(CONTROL)),
            ("production\t", Some(CONTROL)),
            ("prod\nuction", Some(CONTROL)),
            ("a\rb", Some(CONTROL)),
            ("a\0b", Some(CONTROL)),
            ("a\u{7f}b", Some(CONTROL)),
            ("a\u{85}b", Some(CONTROL)),
            (".%09.", Some(CONTROL)),
            (".%0a.", Some(CONTROL)),
        ];
        for (text, expected) in cases {
            assert_eq!(fault(text), expected, "{text:?}");
        }
    }

    #[test]
    fn padding_is_white_space_or_invisible_at_the_ends() {
        let cases = [
            ("", false),
            ("production", false),
            ("release 2.1", false),
            ("feature/\u{1f469}\u{200d}\u{1f4bb}", false),
            ("می\u{200c}خواهم", false),
            ("production ", true),
            (" production", true),
            ("\u{a0}production", true),
            ("production\u{200b}", true),
            ("\u{feff}production", true),
            ("production\u{2060}", true),
            ("production\u{200d}", true),
            ("production\u{200c}", true),
            ("\u{ad}production", true),
            ("production\u{61c}", true),
            ("\u{202a}production", true),
            ("production\u{202e}", true),
            ("production\u{2066}", true),
            ("\u{206f}production", true),
            // However often it is encoded, as servers decode it.
            ("production%20", true),
            ("%2520production", true),
            ("production%C2%A0", true),
            ("production%E2%80%8B", true),
            ("release%202.1", false),
            ("feature%2Fx", false),
            ("production%e9", false),
            ("production%2", false),
            ("100%", false),
            ("50%25", false),
            ("caf\u{e9}", false),
            ("\u{2764}\u{fe0f}", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_padded(text), expected, "{text:?}");
        }
    }

    #[test]
    fn codes_are_read_and_the_rest_stays() {
        let cases = [
            ("a", "a"),
            ("%41", "A"),
            ("%c3%a9", "\u{e9}"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz", "%zz"),
            ("%25", "%"),
        ];
        for (text, expected) in cases {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
