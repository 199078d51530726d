//! Lengths of time as people write them: `90s`, `15m`, `2 hours`, `1d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A length of time, written as `90s`, `15m`, `1h 30m`, `2 hours`, `1w`. Shown in days, hours, minutes and seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

const EXPECTED: &str = "a length of time such as 90s, 15m, 2h or 1d";
/// What is read, as the JSON Schemas say it.
const PATTERN: &str = r"^(\d+ ?(w|weeks?|d|days?|h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?) ?)+$";
/// The units that a length is shown in, and their seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
/// All their names; a capital letter is accepted too where it is no other unit.
const NAMES: [(&[&str], u64); 5] = [
    (&["w", "week", "weeks"], 7 * 86_400),
    (&["d", "day", "days"], 86_400),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600),
    (&["m", "min", "mins", "minute", "minutes"], 60),
    (&["s", "sec", "secs", "second", "seconds"], 1),
];

/// The seconds of a unit. `M` alone is none: to many it is a month.
pub(crate) fn unit(name: &str) -> Option<u64> {
    let is = |known: &&str| *known == name || (name.len() > 1 && known.eq_ignore_ascii_case(name));
    NAMES.iter().find(|(names, _)| names.iter().any(&is)).map(|(_, seconds)| *seconds)
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
    let (mut rest, mut seconds) = (text.trim(), Some(0_u64));
    if rest.is_empty() {
        return Err(Fault::NoLength);
    }
    while !rest.is_empty() {
        let (count, after) = split(rest, |c| c.is_ascii_digit());
        let (name, after) = split(after, |c| c.is_ascii_alphabetic());
        let each = unit(name).filter(|_| !count.is_empty()).ok_or(Fault::NoLength)?;
        // What no number holds is too long.
        let part = count.parse::<u64>().ok().and_then(|count| count.checked_mul(each));
        seconds = part.and_then(|part| seconds?.checked_add(part));
        rest = after;
    }
    let length = seconds.map(Duration::from_secs).filter(|length| *length <= LONGEST);
    length.map(Span).ok_or(Fault::TooLong)
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
            ("1 month", None),
            ("2 nodes", None),
            ("2 hours ago", None),
            ("h 2", None),
            ("2h,30m", None),
            ("99999999999999999999d", None),
            ("999999999d", None),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Span>().ok().map(|s| s.0.as_secs()), expected, "{text:?}");
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
