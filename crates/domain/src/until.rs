//! Times to come as people write them: `2h`, `18:00`, `tomorrow`, `monday 14:30`, `2026-11-22`, `2026-11-22T10:00`.

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Time, Weekday, time},
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

/// The time that a text means, seen from `now` and in its time zone; it is always later than `now`. A day without a time
/// is its 9:00, a time without a day the next time that the clock shows it, a weekday the next one after today.
///
/// # Errors
/// What would be right, where it means none, or one that is past.
pub fn until(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    let at = read(text.trim(), now).ok_or_else(|| format!("expected {EXPECTED}, found {text:?}"))?;
    match at > now.timestamp() {
        true => Ok(at),
        false => Err(format!("expected a time to come, and {text:?} is past")),
    }
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
        || (digits.len() == 4
            && rest.starts_with('-')
            && first[..10.min(first.len())].parse::<Date>().is_ok())
        || (!digits.is_empty() && unit(&rest))
        || (counts && words.get(1).is_some_and(unit))
}

fn read(text: &str, now: &Zoned) -> Option<Timestamp> {
    if let Ok(span) = text.parse::<Span>() {
        return now.timestamp().checked_add(jiff::SignedDuration::try_from(span.0).ok()?).ok();
    }
    let zoned = |at: DateTime| Some(at.to_zoned(now.time_zone().clone()).ok()?.timestamp());
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let date = match first.to_lowercase().as_str() {
        "today" => Some(now.date()),
        "tomorrow" => Some(now.date().checked_add(1.day()).ok()?),
        name => match day(name) {
            Some(day) => Some(now.date().nth_weekday(1, day).ok()?),
            None => first.parse::<Date>().ok().filter(|_| first.len() == 10),
        },
    };
    match (date, rest.trim()) {
        (Some(date), "") => zoned(date.to_datetime(MORNING)),
        (Some(date), rest) => zoned(date.to_datetime(clock(rest)?)),
        (None, "") if let Some(time) = clock(first) => {
            let today = zoned(now.date().to_datetime(time))?;
            match today > now.timestamp() {
                true => Some(today),
                false => zoned(now.date().checked_add(1.day()).ok()?.to_datetime(time)),
            }
        }
        (None, _) => zoned(text.parse::<DateTime>().ok()?),
    }
}

/// A weekday by its name, or the first letters of it, three or more.
fn day(name: &str) -> Option<Weekday> {
    let name = name.to_lowercase();
    DAYS.iter().find(|(day, _)| name.len() >= 3 && day.starts_with(&name)).map(|(_, day)| *day)
}

/// `9:00`, `18:30`.
fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<i8>().ok())?;
    Time::new(number(hour)?, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok()
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
            ("monday noon", None),
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
    }

    #[test]
    fn prose_is_told_from_times() {
        let times = [
            "monday",
            "Mon 14:00",
            "tomorrow",
            "tonight",
            "18:00",
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
        ];
        for text in prose {
            assert!(!looks_like_time(text), "{text}");
        }
    }
}
