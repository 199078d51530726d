//! Dates of any kind.

use callboard_domain::text;
use jiff::{SignedDuration, Timestamp, civil::DateTime, fmt::rfc2822, tz::TimeZone};
use serde::{Deserialize, Deserializer};

use super::scalar::Scalar;

/// 0001-01-01: what Go writes for no date at all.
const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);
/// 9000-01-01: far enough from the last date that a clock can hold, so that times can be added to it.
const LATEST: Timestamp = Timestamp::constant(221_845_392_000, 0);
/// How far ahead another machine's clock may be.
const SKEW: SignedDuration = SignedDuration::from_hours(24);
/// The most characters of a malformed date that an error repeats.
const FOUND: usize = 40;

/// A date, where there is one that can be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date(pub Option<Timestamp>);

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Scalar::deserialize(deserializer).map(|scalar| Self(of(&scalar)))
    }
}

/// As [`Date`], with the text in place of a date.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NamedDate {
    /// The date, where one can be read.
    pub at: Option<Timestamp>,
    /// The text that is no date; `None` also where there is nothing.
    pub unread: Option<String>,
}

impl<'de> Deserialize<'de> for NamedDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let scalar = Scalar::deserialize(deserializer)?;
        let at = of(&scalar);
        let found = match &scalar {
            _ if at.is_some() => None,
            Scalar::Null => None,
            Scalar::Text(text) if text.trim().is_empty() => None,
            Scalar::Text(text) => Some(format!("the text {:?}", text::line(text, FOUND))),
            Scalar::Whole(number) => Some(number.to_string()),
            Scalar::Broken(number) => Some(format!("{number:e}")),
            Scalar::Flag(flag) => Some(flag.to_string()),
            Scalar::Many => Some("a list or an object".to_owned()),
        };
        Ok(Self { at, unread: found.map(|found| format!("expected a date, found {found}")) })
    }
}

fn of(scalar: &Scalar<'_>) -> Option<Timestamp> {
    match scalar {
        Scalar::Text(text) => read(text),
        Scalar::Whole(number) => epoch(*number),
        Scalar::Broken(seconds) => SignedDuration::try_from_secs_f64(*seconds)
            .ok()
            .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
            .map(within),
        Scalar::Null | Scalar::Flag(_) | Scalar::Many => None,
    }
}

/// As [`Date`], bare.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Date::deserialize(deserializer).map(|date| date.0)
}

/// The date that a text gives: ISO 8601 (without a zone it is UTC), RFC 2822, or so many seconds since 1970 (or
/// milliseconds and less, where seconds would be past the year 5000). One that is past all clocks is the latest there is.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    // `2026-11-28 15:27:34 +0200`
    let joined = || {
        let (date, zone) = text.rsplit_once(' ')?;
        let zone = if matches!(zone, "UTC" | "GMT" | "Z") { "Z" } else { zone };
        zone.starts_with(['+', '-', 'Z']).then(|| format!("{date}{zone}"))?.parse().ok()
    };
    let without_zone = || {
        let date: DateTime = text.parse().ok()?;
        date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    };
    let past_all_clocks = || {
        let (year, _) = text.trim_start_matches('+').split_once('-')?;
        let digits = year.len() >= 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        (digits && (year.len() > 4 || year >= "9000")).then_some(LATEST)
    };
    let by_words = || rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let by_number = || epoch(text.parse().ok()?);
    let found = text.parse().ok().or_else(joined).or_else(without_zone).or_else(by_words);
    found.map(within).or_else(by_number).or_else(past_all_clocks)
}

fn epoch(number: i128) -> Option<Timestamp> {
    let nanoseconds = match number.unsigned_abs() {
        0..100_000_000_000 => number * 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => number * 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => number * 1_000,
        _ => number,
    };
    Timestamp::from_nanosecond(nanoseconds).ok().map(within)
}

fn within(at: Timestamp) -> Timestamp {
    at.clamp(EARLIEST, LATEST)
}

/// A date that is past, or ahead by no more than clocks differ: when something happened.
pub(crate) fn not_ahead(at: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    at.filter(|at| at.duration_since(now) <= SKEW)
}
