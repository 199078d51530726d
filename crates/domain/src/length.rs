//! How services count the length of a text, and where one that is too long is parted: never within a character as people
//! see it (a letter with its accents, a family emoji), unless that alone is too long.

use unicode_segmentation::UnicodeSegmentation;

/// What a service counts the length of a text in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthUnit {
    /// Unicode code points.
    Characters,
    /// UTF-16 code units, as JavaScript and Java count: most emoji are two or more.
    Utf16,
    /// Bytes of UTF-8.
    Bytes,
}

impl LengthUnit {
    /// How long a text is.
    pub fn measure(self, text: &str) -> usize {
        match self {
            Self::Characters => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
        }
    }

    /// The plural of what is counted, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Characters | Self::Utf16 => "characters",
            Self::Bytes => "bytes",
        }
    }

    /// The longest start of a text that is at most `max` long, and the rest. Empty where not even one character fits.
    pub fn head(self, text: &str, max: usize) -> (&str, &str) {
        // No unit counts more than the bytes.
        match text.len() <= max {
            true => (text, ""),
            false => text.split_at(self.fitting(text.graphemes(true), max)),
        }
    }

    /// The same, ending within a character where need be: of one that alone is too long, the code points that fit.
    pub fn head_of_code_points(self, text: &str, max: usize) -> (&str, &str) {
        text.split_at(self.fitting(text.split_inclusive(|_| true), max))
    }

    /// The longest end of a text that is at most `max` long.
    pub fn tail(self, text: &str, max: usize) -> &str {
        match text.len() <= max {
            true => text,
            false => &text[text.len() - self.fitting(text.graphemes(true).rev(), max)..],
        }
    }

    /// The first part of a text that is at most `max` long, and what is left: parted at the end of a line or at a space where
    /// there is one in the latter half, else between characters. Only that white space is left out. Empty where not even one
    /// character fits.
    pub fn part(self, text: &str, max: usize) -> (&str, &str) {
        let (start, rest) = self.head(text, max);
        // A space right behind it is as good a place.
        if start.is_empty() || rest.is_empty() || rest.starts_with(['\n', ' ']) {
            let rest = rest.strip_prefix(['\n', ' ']).filter(|_| !start.is_empty()).unwrap_or(rest);
            return (start, rest);
        }
        let near = |at: &usize| at * 2 > start.len();
        let cut = start.rfind('\n').filter(near).or_else(|| start.rfind(' ').filter(near));
        match cut {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (start, rest),
        }
    }

    /// How many bytes of these pieces in a row are at most `max` long together.
    fn fitting<'t>(self, pieces: impl Iterator<Item = &'t str>, max: usize) -> usize {
        let (mut left, mut bytes) = (max, 0);
        for piece in pieces {
            let Some(after) = left.checked_sub(self.measure(piece)) else { break };
            (left, bytes) = (after, bytes + piece.len());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LengthUnit::{Bytes, Characters, Utf16};

    /// One character as people count: 5 code points, 8 UTF-16 units, 18 bytes.
    const FAMILY: &str = "👨\u{200d}👩\u{200d}👧";

    #[test]
    fn text_is_measured_in_the_unit() {
        for (text, expected) in [("", [0, 0, 0]), ("abc", [3, 3, 3]), ("é", [1, 1, 2]), (FAMILY, [5, 8, 18])]
        {
            assert_eq!([Characters, Utf16, Bytes].map(|unit| unit.measure(text)), expected, "{text}");
        }
    }

    #[test]
    fn text_is_parted_between_characters() {
        let two = format!("a{FAMILY}b");
        // unit, text, longest -> start
        let cases = [
            (Characters, "abc", 3, "abc"),
            (Characters, "abc", 2, "ab"),
            (Bytes, "aé", 2, "a"),
            (Characters, "e\u{301}x", 1, ""),
            (Characters, "xe\u{301}", 2, "x"),
            (Characters, &two, 5, "a"),
            (Characters, &two, 6, &two[..19]),
            (Utf16, &two, 8, "a"),
            (Utf16, &two, 9, &two[..19]),
            (Bytes, &two, 18, "a"),
            (Bytes, &two, 19, &two[..19]),
            (Utf16, FAMILY, 3, ""),
            (Bytes, "é", 1, ""),
        ];
        for (unit, text, max, start) in cases {
            let (head, rest) = unit.head(text, max);
            assert_eq!((head, format!("{head}{rest}").as_str()), (start, text), "{unit:?} {max}");
        }
        // It does not fit whole: what fits of it.
        assert_eq!(Utf16.head_of_code_points(FAMILY, 3), ("👨\u{200d}", "👩\u{200d}👧"));
        assert_eq!(Bytes.head_of_code_points("é", 1), ("", "é"));
        for (unit, max, end) in [(Characters, 5, "b"), (Characters, 6, &two[1..]), (Bytes, 0, "")] {
            assert_eq!(unit.tail(&two, max), end, "{unit:?} {max}");
        }
    }

    #[test]
    fn a_part_ends_at_white_space_where_there_is_some() {
        let cases = [
            ("one two three", 8, ("one two", "three")),
            ("one two three", 7, ("one two", "three")),
            ("one\ntwo three", 9, ("one\ntwo", "three")),
            ("a bcdefgh", 6, ("a bcde", "fgh")),
            ("", 5, ("", "")),
        ];
        for (text, max, expected) in cases {
            assert_eq!(Characters.part(text, max), expected, "{text:?}");
        }
        assert_eq!(Bytes.part("é", 1), ("", "é"), "nothing fits");
    }

    proptest::proptest! {
        #[test]
        fn no_part_is_too_long_and_nothing_but_white_space_is_lost(text in "(\\PC|[ \n])*", max in 4_usize..40) {
            for unit in [Characters, Utf16, Bytes] {
                let (mut parts, mut rest) = (Vec::new(), text.as_str());
                while !rest.is_empty() {
                    let (mut part, mut after) = unit.part(rest, max);
                    if part.is_empty() {
                        (part, after) = unit.head_of_code_points(rest, max);
                    }
                    // No code point is longer than four in any unit.
                    assert!(!part.is_empty() && unit.measure(part) <= max, "{part:?} of {rest:?}");
                    parts.push(part);
                    rest = after;
                }
                let bare = |text: &str| text.replace(['\n', ' '], "");
                assert_eq!(bare(&parts.concat()), bare(&text));
            }
        }
    }
}
