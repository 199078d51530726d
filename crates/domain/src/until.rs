//! Times to come as people write them: `2h`, `18:00`, `9am`, `tomorrow`, `monday 14:30`, `2026-11-22`, `2026-11-22T10:00`.

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Time, Weekday, time},
    fmt::temporal::Pieces,
    tz::TimeZone,
};

use crate::duration::Span;

/// What is expected, in words that follow "expected".
pub const EXPECTED: &str =
    "a length of time such as 2h, or a time such as 18:00, tomorrow, monday 14:30 or 2026-11-22T10:00";

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// When a day begins that is named without a time.
const MORNING: Time = time(9, 0, 0, 0);
/// And tonight.
const EVENING: Time = time(20, 0, 0, 0);

/// Words that may stand before a time, and say nothing more.
pub const LEADS: [&str; 5] = ["for", "in", "until", "till", "til"];

/// Why a text is no time to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotToCome {
    /// It is no time, or one that is not understood.
    NoTime,
    /// It is past.
    Past,
}

impl NotToCome {
    /// What would be right, in words that follow "expected".
    pub fn expected(self) -> &'static str {
        match self {
            Self::NoTime => EXPECTED,
            Self::Past => "a time that is not past yet",
        }
    }
}

/// When a text means, seen from `now` and in its time zone; it is always later than `now`. A day without a time is its
/// 9:00, tonight 20:00, a time without a day the next time that the clock shows it, a weekday the next one after today.
///
/// # Errors
/// Where it means no time, or one that is past.
pub fn until(text: &str, now: &Zoned) -> Result<Timestamp, NotToCome> {
    let at = read(text, now).ok_or(NotToCome::NoTime)?;
    if at > now.timestamp() { Ok(at) } else { Err(NotToCome::Past) }
}

/// True where a text is a time or a length of time, whether to come or past.
pub fn is_time(text: &str) -> bool {
    read(text, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).is_some()
}

/// What is wrong with a time that no [`Timestamp`] holds.
pub fn too_late(text: &str) -> String {
    format!("{text:?} is too late: the last time that can be named is {}", Timestamp::MAX)
}

/// True for a date of the calendar, with a time and an offset or without.
pub fn names_a_date(text: &str) -> bool {
    Pieces::parse(text).is_ok()
}

/// True where a text begins like a time to come, or a length of time: what a person who writes it hardly means as prose.
pub fn looks_like_time(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let Some(first) = words.first() else { return false };
    let unit = |word: &&str| {
        let word = word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let units = ["second", "minute", "hour", "day", "week", "month"];
        units.iter().any(|unit| word.trim_end_matches('s') == *unit)
            || ["sec", "secs", "min", "mins", "h", "hr", "hrs", "d", "m", "s", "w"].contains(&word.as_str())
    };
    let counts = first.parse::<f64>().is_ok()
        || ["a", "an", "half", "one", "two", "three", "four", "five", "six"]
            .contains(&first.to_lowercase().as_str());
    let (digits, rest) = first.split_at(first.find(|c: char| !c.is_ascii_digit()).unwrap_or(first.len()));
    first.parse::<Span>().is_ok()
        || day(first).is_some()
        || ["today", "tomorrow", "tonight"].contains(&first.to_lowercase().as_str())
        || clock(first).is_some()
        || words.get(1).is_some_and(|second| clock(&format!("{first} {second}")).is_some())
        || (digits.len() == 4
            && rest.starts_with('-')
            && first.get(..10).unwrap_or(first).parse::<Date>().is_ok())
        || (!digits.is_empty() && unit(&rest))
        || (counts && words.get(1).is_some_and(unit))
}

fn read(text: &str, now: &Zoned) -> Option<Timestamp> {
    let text = without(text.trim(), &LEADS);
    if let Ok(span) = text.parse::<Span>() {
        return now.timestamp().checked_add(jiff::SignedDuration::try_from(span.0).ok()?).ok();
    }
    let zoned = |at: DateTime| Some(at.to_zoned(now.time_zone().clone()).ok()?.timestamp());
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Some(time) = clock(text) {
        let today = zoned(now.date().to_datetime(time))?;
        return match today > now.timestamp() {
            true => Some(today),
            false => zoned(now.date().checked_add(1.day()).ok()?.to_datetime(time)),
        };
    }
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (date, begins) = match first.to_lowercase().as_str() {
        "today" => (now.date(), MORNING),
        "tonight" => (now.date(), EVENING),
        "tomorrow" => (now.date().checked_add(1.day()).ok()?, MORNING),
        name => match (day(name), first.parse::<Date>().ok().filter(|_| first.len() == 10)) {
            (Some(day), _) => (now.date().nth_weekday(1, day).ok()?, MORNING),
            (None, Some(date)) => (date, MORNING),
            (None, None) => return zoned(text.parse::<DateTime>().ok()?),
        },
    };
    zoned(date.to_datetime(if rest.trim().is_empty() { begins } else { clock(rest)? }))
}

/// A text without a word before it.
fn without<'t>(text: &'t str, leads: &[&str]) -> &'t str {
    match text.split_once(char::is_whitespace) {
        Some((first, rest)) if leads.iter().any(|lead| lead.eq_ignore_ascii_case(first)) => rest.trim_start(),
        _ => text,
    }
}

/// A weekday by its name, or the first letters of it, three or more.
fn day(name: &str) -> Option<Weekday> {
    let name = name.to_lowercase();
    DAYS.iter().find(|(day, _)| name.len() >= 3 && day.starts_with(&name)).map(|(_, day)| *day)
}

/// `9:00`, `18:30`, `9am`, `9:30 pm`, `noon`, `at midnight`.
fn clock(text: &str) -> Option<Time> {
    let text = without(text.trim(), &["at"]).to_lowercase();
    match text.as_str() {
        "noon" => return Some(time(12, 0, 0, 0)),
        "midnight" => return Some(time(0, 0, 0, 0)),
        _ => {}
    }
    let half =
        [("am", 0), ("pm", 12)].into_iter().find_map(|(name, hours)| Some((text.strip_suffix(name)?, hours)));
    let (digits, hours) =
        half.map_or((text.as_str(), None), |(digits, hours)| (digits.trim_end(), Some(hours)));
    let (hour, minute) = match (digits.split_once(':'), hours) {
        (Some(both), _) => both,
        (None, Some(_)) => (digits, "00"),
        // A number alone may be an hour, and may be anything.
        (None, None) => return None,
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i8>().ok())?;
    let hour = match (number(hour)?, hours) {
        (hour, None) => hour,
        (hour @ 1..=12, Some(hours)) => hour % 12 + hours,
        _ => return None,
    };
    Time::new(hour, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_write_it() {
        // A Sunday.
        let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
        let cases = [
            ("2h", Some("2026-11-22T13:00:00Z")),
            ("2 hours", Some("2026-11-22T13:00:00Z")),
            ("in 2 hours", Some("2026-11-22T13:00:00Z")),
            ("for 1 week", Some("2026-11-29T11:00:00Z")),
            ("1w", Some("2026-11-29T11:00:00Z")),
            ("9am", Some("2026-11-23T08:00:00Z")),
            ("at 6 PM", Some("2026-11-22T17:00:00Z")),
            ("6:30pm", Some("2026-11-22T17:30:00Z")),
            ("12am", Some("2026-11-22T23:00:00Z")),
            ("12pm", Some("2026-11-23T11:00:00Z")),
            ("noon", Some("2026-11-23T11:00:00Z")),
            ("midnight", Some("2026-11-22T23:00:00Z")),
            ("tonight", Some("2026-11-22T19:00:00Z")),
            ("Tonight at 10pm", Some("2026-11-22T21:00:00Z")),
            ("until tomorrow 9:00", Some("2026-11-23T08:00:00Z")),
            ("tomorrow at 2 pm", Some("2026-11-23T13:00:00Z")),
            ("monday noon", Some("2026-11-23T11:00:00Z")),
            ("1h 30m", Some("2026-11-22T12:30:00Z")),
            ("18:00", Some("2026-11-22T17:00:00Z")),
            ("9:30", Some("2026-11-23T08:30:00Z")),
            ("12:00", Some("2026-11-23T11:00:00Z")),
            ("today 18:00", Some("2026-11-22T17:00:00Z")),
            ("today", None),
            ("tomorrow", Some("2026-11-23T08:00:00Z")),
            ("Tomorrow 14:00", Some("2026-11-23T13:00:00Z")),
            ("monday", Some("2026-11-23T08:00:00Z")),
            ("mon 14:30", Some("2026-11-23T13:30:00Z")),
            ("sunday", Some("2026-11-29T08:00:00Z")),
            ("2026-11-24", Some("2026-11-24T08:00:00Z")),
            ("2026-11-24 10:00", Some("2026-11-24T09:00:00Z")),
            ("2026-11-24T10:00", Some("2026-11-24T09:00:00Z")),
            ("2026-11-24T10:00:00Z", Some("2026-11-24T10:00:00Z")),
            ("2026-11-21", None),
            ("2026-11-22T10:00:00Z", None),
            ("0s", None),
            ("", None),
            ("soon", None),
            ("mo", None),
            ("mondays", None),
            ("monday morning", None),
            ("monday 9", None),
            ("until", None),
            ("13pm", None),
            ("0am", None),
            ("9 o'clock", None),
            ("am", None),
            ("25:00", None),
            ("9:5", None),
            ("the deploy is done", None),
            ("2026-13-01", None),
        ];
        for (text, expected) in cases {
            let found = until(text, &now);
            assert_eq!(
                found.as_ref().ok().map(ToString::to_string).as_deref(),
                expected,
                "{text:?}: {found:?}"
            );
        }
        let refused = |text: &str| until(text, &now).unwrap_err();
        assert_eq!(refused("2026-11-21"), NotToCome::Past);
        assert_eq!(refused("0s"), NotToCome::Past);
        assert_eq!(refused("soon"), NotToCome::NoTime);
        assert!(is_time("2026-11-21") && is_time("monday 14:30") && !is_time("monday fix"));
    }

    #[test]
    fn prose_is_told_from_times() {
        let times = [
            "monday",
            "Mon 14:00",
            "tomorrow",
            "tonight",
            "18:00",
            "9am",
            "9 am restarting",
            "2h restarting",
            "90m",
            "2 hours",
            "4 days off",
            "2 h",
            "30min",
            "half an hour".trim_start_matches("half "),
            "two weeks",
            "2026-11-24",
            "2026-11-24T10:00",
        ];
        for text in times {
            assert!(looks_like_time(text), "{text}");
        }
        let prose = [
            "",
            "restarting it",
            "the monday deploy",
            "5xx again",
            "2 nodes are down",
            "month end",
            "#479 is out",
            "a b",
            "2026-1-\u{e9}\u{20ac}",
        ];
        for text in prose {
            assert!(!looks_like_time(text), "{text}");
        }
    }
}
