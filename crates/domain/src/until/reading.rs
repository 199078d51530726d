//! What a time to come can look like.

use jiff::{
    SignedDuration, Timestamp, ToSpan, Zoned,
    civil::{Date, DateTime, Time, Weekday, time},
    fmt::temporal::Pieces,
    tz::TimeZone,
};

use super::{
    clock::{Clock, MIDNIGHT, MORNING, NIGHT, clock, part_of_day},
    daylight_saving::{first_and_last, shown_once},
    error::{Expected, TimeError},
    month_day::MonthDay,
    numeric_date::{coming_date, is_in_another_order},
    zone,
};
use crate::duration::{self, LONGEST, Span};

/// Words that may be before a time, and add nothing.
pub const LEADS: [&str; 5] = ["for", "in", "until", "till", "til"];

const DAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Numbers that are written out, from one on.
pub(super) const NUMBERS: [&str; 12] =
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

/// The length of `2026-11-24`.
pub(super) const DATE: usize = 10;

/// What is expected instead of a date in numbers whose order is not the same everywhere.
pub(super) const UNCLEAR_ORDER: &str = "a date as year-month-day";

/// A text of more words than this names no day: `on the day after tomorrow at 9 o'clock` has eight.
const MOST_WORDS: usize = 8;

/// Before it a time of tonight is after midnight.
const NIGHT_ENDS: Time = time(6, 0, 0, 0);

/// A day that is named.
#[derive(Debug, Clone, Copy)]
struct Day {
    date: Date,
    /// Its time where none is named.
    begins: Time,
    kind: DayKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum DayKind {
    Today,
    Tonight,
    Other,
    /// A weekday that today is: in a week, or today.
    ThisOrNext,
    /// A time itself, beside which none is named: the end of something.
    End,
}

/// The time that a text means, whether it is to come or past.
pub(super) fn read(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    let text = without(without(text.trim(), &LEADS), &LEADS);
    match in_zone(text, now) {
        Some(there) => {
            local(there.text, &there.now).map_err(|why| why.reworded(|time| there.with_zone(time)))
        }
        None => absolute(text, now).unwrap_or_else(|| local(text, now)),
    }
}

/// A text whose time is one of a zone that it names.
pub(super) struct InZone<'t> {
    /// What is before the zone.
    pub(super) text: &'t str,
    /// Now, there.
    pub(super) now: Zoned,
    zone: &'t str,
}

impl InZone<'_> {
    /// A time there, with the zone; what is the same everywhere stays as it is.
    pub(super) fn with_zone(&self, time: &str) -> String {
        match absolute(time, &self.now) {
            Some(_) => time.to_owned(),
            None => format!("{time} {}", self.zone),
        }
    }
}

/// A text whose time is followed by its zone: `10:00 Europe/Berlin`. A length of time has none, and neither has what already names
/// one.
pub(super) fn in_zone<'t>(text: &'t str, now: &Zoned) -> Option<InZone<'t>> {
    let (text, zone, place) = zone::split(text)?;
    let time = without(without(text.trim(), &LEADS), &LEADS);
    let has_own =
        Pieces::parse(time).is_ok_and(|it| it.offset().is_some() || it.time_zone_annotation().is_some());
    let is_local = !has_own && absolute(time, now).is_none() && zone::split(time).is_none();
    is_local.then(|| InZone { text, now: now.with_time_zone(place), zone })
}

/// What means the same in every time zone: a length of time from now or ago, a date with its offset.
fn absolute(text: &str, now: &Zoned) -> Option<Result<Timestamp, TimeError>> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(near(at, now));
    }
    let lower = text.to_lowercase();
    let words = words_of(&lower);
    if let Some(at) = after(text, &words, now) {
        return Some(at);
    }
    let length = length_before(text, &words)?;
    let at = after(length, &words_of(&length.to_lowercase()), now)?;
    // As long ago as that would be to come; what is further back than any clock goes is past as well.
    let ago = at.map_err(|_| TimeError::Past).map(|at| at.duration_since(now.timestamp()));
    Some(ago.and_then(|ago| now.timestamp().checked_sub(ago).map_err(|_| TimeError::Past)))
}

/// The time that a text means where `now` is.
fn local(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    // Without this it would be read in the local zone, because a civil time ignores what is in brackets.
    if let Some(zone) = unread_zone(text) {
        return Err(zone);
    }
    if let Ok(at) = text.parse::<DateTime>()
        && text.len() > DATE
    {
        return zoned(at, now);
    }
    // A date that no clock holds.
    if text.len() > DATE && names_a_date(text) {
        return Err(TimeError::TooFar);
    }
    let lower = text.to_lowercase();
    let words = words_of(&lower);
    if words.is_empty() {
        return Err(TimeError::NotATime);
    }
    if let Some(clock) = clock(&words) {
        return next(clock, now);
    }
    if words.len() > MOST_WORDS {
        return Err(TimeError::NotATime);
    }
    // A day, then a time of it; the longest that is a day counts. Or the other way round.
    let day_first = || {
        (1..=words.len()).rev().find_map(|end| {
            let (named, time) = words.split_at(end);
            Some((day(named, now)?, named, time))
        })
    };
    let time_first = || {
        (1..words.len()).find_map(|end| {
            let (time, named) = words.split_at(end);
            clock(time)?;
            Some((day(named, now)?, named, time))
        })
    };
    let (day, named, time) = day_first().or_else(time_first).ok_or(TimeError::NotATime)?;
    time_of(day, named, time, now)
}

/// The time of a day that words name, or where there are none its usual one; `named` are the words of the day.
fn time_of(
    day: Result<Day, TimeError>,
    named: &[&str],
    words: &[&str],
    now: &Zoned,
) -> Result<Timestamp, TimeError> {
    let clock = match words {
        [] => None,
        words => Some(clock(words).ok_or(TimeError::NotATime)?),
    };
    let of = |day: Day| match clock {
        Some(clock) => at(day, clock, named),
        None => Ok(day.date.to_datetime(day.begins)),
    };
    let day = match day {
        // The end of a day is a time itself.
        Err(_) if clock.is_some() && named.contains(&"end") => return Err(TimeError::NotATime),
        // Where only the day is unclear, what is proposed keeps its time.
        Err(why) => {
            return Err(why.reworded(|day| [day, &words.join(" ")].join(" ").trim_end().to_owned()));
        }
        Ok(day) => day,
    };
    if day.kind == DayKind::ThisOrNext {
        let today = of(Day { date: now.date(), ..day }).and_then(|at| first_and_last(at, now.time_zone()));
        if today.is_ok_and(|[_, last]| last > now.timestamp()) {
            return Err(this_or_next("", &words.join(" "), now));
        }
    }
    zoned(of(day)?, now)
}

/// Why the weekday that today is can mean two days, with what is before it and after it.
fn this_or_next(before: &str, after: &str, now: &Zoned) -> TimeError {
    let today = now.weekday();
    let name = DAYS.iter().find(|(_, weekday)| *weekday == today).map_or("", |(name, _)| *name);
    let of = |which: &str| [before, which, name, after].join(" ").trim().to_owned();
    TimeError::ThisOrNext(Expected::one_of(vec![of("this"), of("next")], format!("it is {name} today")))
}

pub(super) fn words_of(text: &str) -> Vec<&str> {
    text.split_whitespace().map(|word| word.trim_end_matches(',')).collect()
}

/// The length of time in `-2h` and `2 hours ago`.
fn length_before<'t>(text: &'t str, words: &[&str]) -> Option<&'t str> {
    let ago =
        || words.last().filter(|last| **last == "ago").and_then(|last| text.get(..text.len() - last.len()));
    text.strip_prefix(['-', '\u{2212}']).or_else(ago).map(str::trim)
}

/// Why a date with a zone in brackets is not read: there is no such zone, or it is no place.
fn unread_zone(text: &str) -> Option<TimeError> {
    let (date, zone) = text.split_once('[')?;
    if !names_a_date(date) {
        return None;
    }
    let is_known = zone.strip_suffix(']').is_some_and(|zone| TimeZone::get(zone).is_ok());
    let clear = if is_known { zone::CLEAR } else { "a time zone that is known" };
    Some(TimeError::Impossible(format!("{clear}, such as [Europe/Berlin]")))
}

/// A text without a word before it.
fn without<'t>(text: &'t str, leads: &[&str]) -> &'t str {
    match text.split_once(char::is_whitespace) {
        Some((first, rest)) if leads.iter().any(|lead| lead.eq_ignore_ascii_case(first)) => rest.trim_start(),
        _ => text,
    }
}

fn near(at: Timestamp, now: &Zoned) -> Result<Timestamp, TimeError> {
    let longest = SignedDuration::try_from(LONGEST).unwrap_or(SignedDuration::MAX);
    if at.duration_since(now.timestamp()) > longest { Err(TimeError::TooFar) } else { Ok(at) }
}

/// When the clock shows that where `now` is.
fn zoned(at: DateTime, now: &Zoned) -> Result<Timestamp, TimeError> {
    near(shown_once(at, now.time_zone())?, now)
}

fn later(now: &Zoned, span: jiff::Span) -> Result<Timestamp, TimeError> {
    near(now.checked_add(span).map_err(|_| TimeError::TooFar)?.timestamp(), now)
}

fn days_later(now: &Zoned, days: i64) -> Result<Date, TimeError> {
    now.date().checked_add(days.days()).map_err(|_| TimeError::TooFar)
}

/// A length of time from now: `2h`, `2 hours`, `two weeks`, `an hour`, `a month from now`.
fn after(text: &str, words: &[&str], now: &Zoned) -> Option<Result<Timestamp, TimeError>> {
    let text = text.strip_suffix("from now").map_or(text, str::trim_end);
    match duration::read(text) {
        Ok(Span(length)) => {
            let length = SignedDuration::try_from(length).ok();
            let at = length.and_then(|length| now.timestamp().checked_add(length).ok());
            return Some(at.ok_or(TimeError::TooFar));
        }
        Err(duration::Fault::TooLong) => return Some(Err(TimeError::TooFar)),
        Err(duration::Fault::NoLength) => {}
    }
    let words = words.strip_suffix(&["from", "now"]).unwrap_or(words);
    match words {
        ["half", "an", "hour"] => Some(later(now, 30.minutes())),
        [count, unit] => {
            let count = match *count {
                "a" | "an" => 1,
                digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                    digits.parse().ok().filter(|count| *count < 100_000)?
                }
                word => i64::try_from(NUMBERS.iter().position(|it| *it == word)? + 1).ok()?,
            };
            match *unit {
                // A capital is a month to some, as in `1M`.
                "m" if text.split_whitespace().nth(1).is_some_and(|unit| unit.starts_with('M')) => None,
                "month" | "months" => Some(later(now, count.months())),
                "year" | "years" => Some(later(now, i64::min(count, 1_000).years())),
                unit => {
                    let Span(length) = duration::read(&format!("{count} {unit}")).ok()?;
                    let length = SignedDuration::try_from(length).ok()?;
                    Some(now.timestamp().checked_add(length).map_err(|_| TimeError::TooFar))
                }
            }
        }
        _ => None,
    }
}

/// The day that words name, all of them; an error where they can name several.
fn day(words: &[&str], now: &Zoned) -> Option<Result<Day, TimeError>> {
    let today = now.date();
    let of = |date: Result<Date, TimeError>| {
        Some(date.map(|date| Day { date, begins: MORNING, kind: DayKind::Other }))
    };
    let of_today = |begins, kind| Some(Ok(Day { date: today, begins, kind }));
    // The day after the last one of something.
    let end = |after: Result<Date, TimeError>| {
        Some(after.map(|date| Day { date, begins: MIDNIGHT, kind: DayKind::End }))
    };
    let since_monday = i64::from(today.weekday().since(Weekday::Monday));
    let next_month = || today.last_of_month().tomorrow().map_err(|_| TimeError::TooFar);
    match words {
        ["today"] => of_today(MORNING, DayKind::Today),
        ["tonight"] => of_today(NIGHT, DayKind::Tonight),
        ["this", part] if let Some(part) = part_of_day(part) => of_today(part, DayKind::End),
        ["tomorrow"] => of(days_later(now, 1)),
        ["yesterday"] => of(days_later(now, -1)),
        ["the", "day", "after", "tomorrow"] | ["day", "after", "tomorrow"] => of(days_later(now, 2)),
        ["next", "week"] => of(days_later(now, 7 - since_monday)),
        ["next", "month"] => of(next_month()),
        ["next", "year"] => of(Date::new(today.year() + 1, 1, 1).map_err(|_| TimeError::TooFar)),
        ["end", "of", "day"] | ["end", "of", "the", "day"] | ["eod"] => end(days_later(now, 1)),
        ["end", "of", "week"] | ["end", "of", "the", "week"] | ["eow"] => {
            end(days_later(now, 7 - since_monday))
        }
        ["end", "of", "month"] | ["end", "of", "the", "month"] | ["eom"] => end(next_month()),
        ["end", "of", named @ ..] => match day(named, now)? {
            Ok(Day { kind: DayKind::ThisOrNext, .. }) => Some(Err(this_or_next("end of", "", now))),
            Ok(Day { date, kind: DayKind::Today | DayKind::Other, .. }) => {
                end(date.tomorrow().map_err(|_| TimeError::TooFar))
            }
            Ok(_) => None,
            Err(unclear) => Some(Err(unclear.reworded(|day| format!("end of {day}")))),
        },
        ["on", named @ ..] if named.first() != Some(&"on") => day(named, now),
        ["this", name] => {
            let weekday = i64::from(weekday(name)?.since(Weekday::Monday));
            of(days_later(now, weekday - since_monday))
        }
        ["next", name] => {
            let weekday = weekday(name)?;
            let coming = today.nth_weekday(1, weekday).map_err(|_| TimeError::TooFar);
            let of_next_week = days_later(now, 7 - since_monday + i64::from(weekday.since(Weekday::Monday)));
            of(same_day("next", name, coming, of_next_week))
        }
        ["last", name] => {
            let weekday = weekday(name)?;
            let past = today.nth_weekday(-1, weekday).map_err(|_| TimeError::TooFar);
            let of_last_week = days_later(now, i64::from(weekday.since(Weekday::Monday)) - since_monday - 7);
            of(same_day("last", name, past, of_last_week))
        }
        [name] if let Some(weekday) = weekday(name) => {
            let kind = if weekday == today.weekday() { DayKind::ThisOrNext } else { DayKind::Other };
            let coming = today.nth_weekday(1, weekday).map_err(|_| TimeError::TooFar);
            Some(coming.map(|date| Day { date, begins: MORNING, kind }))
        }
        [date] if is_in_another_order(date) => {
            let example = coming_date(date, today).map(|date| date.to_string());
            let clear = Expected::such_as(UNCLEAR_ORDER, example.into_iter().collect());
            Some(Err(TimeError::UnclearDate(clear)))
        }
        [date] if date.len() == DATE => of(Ok(date.parse::<Date>().ok()?)),
        [one, other] => {
            let coming = MonthDay::of(one, other)?.coming(today)?;
            // What has just gone by is hardly meant for next year.
            match today.until(coming).ok()?.get_days() {
                300.. => {
                    let clear = Expected::such_as("the year too", vec![coming.to_string()]);
                    Some(Err(TimeError::UnclearDate(clear)))
                }
                _ => of(Ok(coming)),
            }
        }
        [one, other, year] => {
            let year = Some(year).filter(|year| year.len() == 4)?.parse().ok()?;
            of(Ok(MonthDay::of(one, other)?.in_year(year)?))
        }
        _ => None,
    }
}

/// The day that `next friday` means where the nearest Friday and that of the other week are one; else it can be both.
fn same_day(
    which: &str,
    name: &str,
    nearest: Result<Date, TimeError>,
    of_other_week: Result<Date, TimeError>,
) -> Result<Date, TimeError> {
    match (nearest, of_other_week) {
        (Ok(nearest), Ok(of_other_week)) if nearest != of_other_week => {
            let both = [nearest, of_other_week].map(|date| date.to_string());
            let why = format!("`{which} {name}` can mean both");
            Err(TimeError::Ambiguous(Expected::one_of(both.into(), why)))
        }
        (nearest, _) => nearest,
    }
}

/// A weekday by its name, or the first letters of it, three or more.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    let name = name.to_lowercase();
    DAYS.iter().find(|(day, _)| name.len() >= 3 && day.starts_with(&name)).map(|(_, day)| *day)
}

/// The next time that the clock shows that.
fn next(clock: Clock, now: &Zoned) -> Result<Timestamp, TimeError> {
    let time = shown(clock)?;
    let today = now.date().to_datetime(time);
    let [_, last] = first_and_last(today, now.time_zone())?;
    let day = if last > now.timestamp() { today } else { days_later(now, 1)?.to_datetime(time) };
    zoned(day, now)
}

/// The last time that the clock showed what a text is, and nothing else; now is one.
pub(super) fn last_shown(text: &str, now: &Zoned) -> Option<Result<Timestamp, TimeError>> {
    let time = shown(clock(&words_of(&text.to_lowercase()))?).ok()?;
    let of = |days| Some(days_later(now, days).ok()?.to_datetime(time));
    let is_past =
        |at: &DateTime| first_and_last(*at, now.time_zone()).is_ok_and(|[first, _]| first <= now.timestamp());
    let last = [0, -1].into_iter().filter_map(of).find(is_past)?;
    Some(zoned(last, now))
}

/// The time that a clock shows.
fn shown(clock: Clock) -> Result<Time, TimeError> {
    match clock {
        Clock::At(time) => Ok(time),
        Clock::Hour(hour) => usual(hour, &[]),
        Clock::Midnight => Ok(MIDNIGHT),
    }
}

/// A time of a day; `named` are the words of the day.
fn at(Day { date, kind, .. }: Day, clock: Clock, named: &[&str]) -> Result<DateTime, TimeError> {
    let next = || date.tomorrow().map_err(|_| TimeError::TooFar);
    Ok(match (kind, clock) {
        (DayKind::End, _) => return Err(TimeError::NotATime),
        (DayKind::Tonight, Clock::At(time)) if time < NIGHT_ENDS => next()?.to_datetime(time),
        (DayKind::Tonight, Clock::Hour(hour @ 6..=11)) => date.to_datetime(time(hour + 12, 0, 0, 0)),
        (DayKind::Tonight, Clock::Hour(hour)) => return Err(either(hour, named)),
        (DayKind::Tonight | DayKind::Today, Clock::Midnight) => next()?.to_datetime(MIDNIGHT),
        (DayKind::Other | DayKind::ThisOrNext, Clock::Midnight) => {
            let both = [date, next()?].map(|date| format!("{date} 0:00"));
            let why = "midnight can be the beginning of a day or its end".to_owned();
            return Err(TimeError::Ambiguous(Expected::one_of(both.into(), why)));
        }
        (_, Clock::At(time)) => date.to_datetime(time),
        (_, Clock::Hour(hour)) => date.to_datetime(usual(hour, named)?),
    })
}

/// The time that an hour alone means: by day, people leave out which half of it.
fn usual(hour: i8, named: &[&str]) -> Result<Time, TimeError> {
    if (7..=12).contains(&hour) { Ok(time(hour, 0, 0, 0)) } else { Err(either(hour, named)) }
}

/// Why an hour alone can mean two times, of the day that is named, or of none.
fn either(hour: i8, named: &[&str]) -> TimeError {
    let day = if named.is_empty() { String::new() } else { format!("{} at ", named.join(" ")) };
    let both = ["am", "pm"].map(|half| format!("{day}{hour}{half}"));
    TimeError::Ambiguous(Expected::one_of(both.into(), format!("{hour} can be am or pm")))
}

/// True for a date of the calendar, with a time and an offset or without.
pub fn names_a_date(text: &str) -> bool {
    Pieces::parse(text).is_ok()
}
