//! Lengths of time as people write them: `90s`, `15m`, `2h`, `1d`.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A length of time, written as `90s`, `15m`, `1h 30m`, `1d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

const EXPECTED: &str = "a length of time such as 90s, 15m, 2h or 1d";
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = || format!("expected {EXPECTED}, found {text:?}");
        let mut seconds: u64 = 0;
        let mut parts = 0;
        for part in text.split_inclusive(|c: char| c.is_ascii_alphabetic()).map(str::trim) {
            let (unit, each) = UNITS.iter().find(|(unit, _)| part.ends_with(unit)).ok_or_else(fault)?;
            let count: u64 = part.trim_end_matches(unit).trim_end().parse().map_err(|_| fault())?;
            seconds = count.checked_mul(*each).and_then(|s| seconds.checked_add(s)).ok_or_else(fault)?;
            parts += 1;
        }
        // A century: beyond it arithmetic on timestamps would need care everywhere.
        if parts == 0 || seconds > 100 * 366 * 86_400 {
            Err(fault())
        } else {
            Ok(Self(Duration::from_secs(seconds)))
        }
    }
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
        schemars::json_schema!({ "type": "string", "description": EXPECTED, "pattern": "^(\\d+ ?[dhms] ?)+$" })
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
            ("15 minutes", None),
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
