//! Lengths of time as people write them: `90s`, `15m`, `2 hours`, `1d`.

mod other_form;

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

pub(crate) use other_form::in_other_form;

/// A length of time, written as `90s`, `15m`, `1h 30m`, `2 hours`, `1w`: each unit once, the longer ones first. Shown in days,
/// hours, minutes and seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

const EXPECTED: &str = "a length of time such as 90s, 15m, 2h or 1d";
/// What is read, as the JSON Schemas say it.
const PATTERN: &str = r"^(\d+ ?(w|weeks?|d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?) ?)+$";
/// The units that a length is shown in, and their seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// All their names, in lower case.
const NAMES: [(&[&str], u64); 5] = [
    (&["w", "week", "weeks"], 7 * 86_400),
    (&["d", "day", "days"], 86_400),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["s", "sec", "secs", "second", "seconds"], 1),
];

/// What may be around a word, and is no part of it.
pub(crate) const PUNCTUATION: [char; 8] = [',', ';', ':', '.', '!', '?', '(', ')'];

/// The seconds of a unit, in any case; but `M` alone is none: to many it is a month.
pub(crate) fn unit(name: &str) -> Option<u64> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    let (_, seconds) = NAMES.iter().find(|(names, _)| names.iter().any(is))?;
    (name != "M").then_some(*seconds)
}

/// A century: beyond it arithmetic on timestamps would need care everywhere.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// Why a text is no length of time that can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is none.
    NoLength,
    /// It is longer than [`LONGEST`].
    TooLong,
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|fault| match fault {
            Fault::NoLength => format!("expected {EXPECTED}, found {text:?}"),
            Fault::TooLong => format!("expected a length of time of at most 100 years, found {text:?}"),
        })
    }
}

/// The length of time that a text is.
pub(crate) fn read(text: &str) -> Result<Span, Fault> {
    let text = folded(text);
    let (mut rest, mut seconds, mut longest) = (text.trim(), Some(0_u64), u64::MAX);
    if rest.is_empty() {
        return Err(Fault::NoLength);
    }
    while !rest.is_empty() {
        let (count, after) = split(rest, |c| c.is_ascii_digit());
        let (name, after) = split(after, |c| c.is_ascii_alphabetic());
        // `1h 2h` is two lengths, and nobody knows which is meant.
        let is_next = |each: &u64| !count.is_empty() && *each < longest;
        let each = unit(name).filter(is_next).ok_or(Fault::NoLength)?;
        longest = each;
        // What no number holds is too long.
        let part = count.parse::<u64>().ok().and_then(|count| count.checked_mul(each));
        seconds = part.and_then(|part| seconds?.checked_add(part));
        rest = after;
    }
    let length = seconds.map(Duration::from_secs).filter(|length| *length <= LONGEST);
    length.map(Span).ok_or(Fault::TooLong)
}

/// True for the status of a response that failed, in the plural, which is as well a length of time: `404s`, `500s`.
pub(crate) fn is_http_status(word: &str) -> bool {
    let status = word.strip_suffix(['s', 'S']).filter(|digits| digits.len() == 3);
    status.and_then(|digits| digits.parse::<u16>().ok()).is_some_and(|status| {
        matches!(
            status,
            400..=418 | 421..=426 | 428 | 429 | 431 | 451 | 499 | 500..=508 | 510 | 511 | 520..=530
        )
    })
}

/// True for what is as well a length of time, and counts something: the status of responses (`404s`), and tens, hundreds or
/// thousands of things (`1000s of errors`). `next` is the word after it.
pub(crate) fn counts_things(word: &str, next: &str) -> bool {
    let digits =
        word.strip_suffix(['s', 'S']).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let is_round = |count: u64| count == 10 || (count > 0 && count.is_multiple_of(100)) || count >= 1_000;
    let are_many = || digits.and_then(|digits| digits.parse().ok()).is_some_and(is_round);
    is_http_status(word) || (next.eq_ignore_ascii_case("of") && are_many())
}

/// True for a number of dimensions, which is as well a length of time: `3d printer`.
pub(crate) fn is_dimension(word: &str) -> bool {
    ["2d", "3d"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The zeros of the digits that keyboards of other scripts type; one to nine follow each of them in Unicode.
const ZEROS: [char; 19] = [
    '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}', '\u{be6}', '\u{c66}',
    '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}',
    '\u{1810}',
];

/// The text with what is as clear in ASCII written in it: digits of other scripts (`٥h`), and what a keyboard types in full width
/// (`５ｈ`, `１８：００`).
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| {
        let code = u32::from(c);
        let ascii = match c {
            '\u{ff01}'..='\u{ff5e}' => Some(code - 0xff01 + u32::from('!')),
            _ => ZEROS
                .iter()
                .find_map(|zero| code.checked_sub(u32::from(*zero)).filter(|digit| *digit < 10))
                .map(|digit| digit + u32::from('0')),
        };
        ascii.and_then(char::from_u32).unwrap_or(c)
    };
    Cow::Owned(text.chars().map(plain).collect())
}

/// What a text begins with, and the rest without the white space before it.
fn split(text: &str, is_part: impl Fn(char) -> bool) -> (&str, &str) {
    let (part, rest) = text.split_at(text.find(|c| !is_part(c)).unwrap_or(text.len()));
    (part, rest.trim_start())
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_secs();
        if rest == 0 {
            return f.write_str("0s");
        }
        let mut space = "";
        for (unit, each) in UNITS {
            if rest >= each {
                write!(f, "{space}{}{unit}", rest / each)?;
                rest %= each;
                space = " ";
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": EXPECTED, "pattern": PATTERN })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        let cases = [
            ("90s", Some(90)),
            ("15m", Some(900)),
            ("1h 30m", Some(5_400)),
            ("1h30m", Some(5_400)),
            ("2d", Some(172_800)),
            ("0s", Some(0)),
            ("", None),
            ("15", None),
            ("m", None),
            ("-5m", None),
            ("15 minutes", Some(900)),
            ("2 hours", Some(7_200)),
            ("1 Hour 30 min", Some(5_400)),
            ("30mins", Some(1_800)),
            ("2hrs", Some(7_200)),
            ("1w", Some(604_800)),
            ("1 week", Some(604_800)),
            ("10 sec", Some(10)),
            ("1M", None),
            ("1 M", None),
            ("1 month", None),
            // A capital letter is the same unit, whether or not there is a space before it.
            ("1H", Some(3_600)),
            ("1 H", Some(3_600)),
            ("2D", Some(172_800)),
            ("2 W 1 D", Some(1_296_000)),
            ("5MIN", Some(300)),
            ("90 S", Some(90)),
            ("1w 2d 3h 4m 5s", Some(788_645)),
            // A length is one: each unit once, the longer ones first.
            ("1h 2h", None),
            ("1h2h", None),
            ("1d 1 day", None),
            ("30m 1h", None),
            ("1h 30m 1h", None),
            ("2 nodes", None),
            ("2 hours ago", None),
            ("h 2", None),
            ("2h,30m", None),
            ("99999999999999999999d", None),
            ("999999999d", None),
            // Digits of other scripts, and what is typed in full width.
            ("５h", Some(18_000)),
            ("５ｈ　３０ｍ", Some(19_800)),
            ("\u{665}h", Some(18_000)),
            ("\u{6f1}\u{6f2} hours", Some(43_200)),
            ("९d", Some(777_600)),
            ("๙m", Some(540)),
            ("٥", None),
            // On a keyboard of another layout other letters may be meant.
            ("5р", None),
            ("5м", None),
            ("5²h", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Span>().ok().map(|s| s.0.as_secs()), expected, "{text:?}");
        }
    }

    #[test]
    fn statuses_of_responses_are_recognised() {
        for word in ["404s", "500S", "503s", "429s"] {
            assert!(is_http_status(word), "{word}");
        }
        for word in ["90s", "600s", "120s", "404", "404m", "0404s", "+40s", "2h", ""] {
            assert!(!is_http_status(word), "{word}");
        }
    }

    #[test]
    fn counts_of_things_are_recognised() {
        let cases = [
            ("404s", "", true),
            ("404s", "on", true),
            ("1000s", "of", true),
            ("1000S", "OF", true),
            ("10s", "of", true),
            ("100s", "of", true),
            ("700s", "of", true),
            ("3600s", "of", true),
            // Usual lengths, and what is followed by other words.
            ("5s", "of", false),
            ("30s", "of", false),
            ("90s", "of", false),
            ("120s", "of", false),
            ("0s", "of", false),
            ("1000s", "", false),
            ("1000s", "deploying", false),
            ("3600s", "", false),
            ("1000m", "of", false),
            ("1000", "of", false),
            ("+1000s", "of", false),
            ("s", "of", false),
            ("", "of", false),
        ];
        for (word, next, expected) in cases {
            assert_eq!(counts_things(word, next), expected, "{word} {next}");
        }
    }

    #[test]
    fn numbers_of_dimensions_are_recognised() {
        let cases = [("2d", true), ("3d", true), ("3D", true), ("1d", false), ("4d", false), ("3 d", false)];
        for (word, expected) in cases {
            assert_eq!(is_dimension(word), expected, "{word}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["0s", "90s", "1d 2h 3m 4s"] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
    }
}
