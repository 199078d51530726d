//! What there is not: the 31st of February, a clock that shows 25:00.

use jiff::civil::Date;

use super::{
    month_day::{MONTHS, day_of_month, month_of},
    numeric_date::number,
    reading::DATE,
};

/// A text of more words than this is no time.
const MOST_WORDS: usize = 10;

/// What a text names that there is not.
pub(super) struct Impossible {
    /// What that is, and what would be right, in words that follow "expected".
    pub(super) expected: String,
    /// The text with something possible in its place: for callers that check whether the rest is a time.
    pub(super) mended: String,
}

/// The first thing that a text names and that there is not, seen from `today`.
pub(super) fn what(text: &str, today: Date) -> Option<Impossible> {
    let lower = text.to_lowercase();
    let mut words: Vec<String> = lower
        .split_whitespace()
        .take(MOST_WORDS + 1)
        .map(|word| word.trim_end_matches(',').to_owned())
        .collect();
    if words.len() > MOST_WORDS {
        return None;
    }
    let mut expected = None;
    for at in 0..words.len() {
        let next = words.get(at + 1).map_or("", String::as_str);
        let after = words.get(at + 2).map_or("", String::as_str);
        let (what, place, mended) =
            if let Some((what, mended)) = date(&words[at]).or_else(|| clock(&words[at], next)) {
                (what, at, mended)
            } else if let Some((what, is_next)) = day(&words[at], next, after, today) {
                (what, at + usize::from(is_next), "1".to_owned())
            } else {
                continue;
            };
        expected.get_or_insert(what);
        words[place] = mended;
    }
    expected.map(|expected| Impossible { expected, mended: words.join(" ") })
}

/// `2027-13-01`, `2027-02-30t10:00`, `2027-02-01t25:00`: what is wrong, and a date with what follows it.
fn date(word: &str) -> Option<(String, String)> {
    let (date, rest) = (word.get(..DATE)?, word.get(DATE..)?);
    let parts: Vec<&str> = date.split('-').collect();
    let &[year, month, day] = parts.as_slice() else { return None };
    if (year.len(), month.len(), day.len()) != (4, 2, 2) || !(rest.is_empty() || rest.starts_with('t')) {
        return None;
    }
    let (year, month, day): (i16, i8, i8) = (year.parse().ok()?, number(month)?, number(day)?);
    let Ok(first) = Date::new(year, month, 1) else {
        let what = format!("a month from 01 to 12: there is no month {month:02}");
        return Some((what, format!("{year:04}-01-01{rest}")));
    };
    if !(1..=first.days_in_month()).contains(&day) {
        let what = no_such_day(first, true, day);
        return Some((what, format!("{year:04}-{month:02}-01{rest}")));
    }
    let (what, _) = clock(rest.get(1..6)?, "")?;
    Some((what, format!("{date}t09:00{}", rest.get(6..)?)))
}

/// `25:00`, `24:61`, `13pm`, `13:00` before `pm`: what is wrong, and a time that a clock shows.
fn clock(word: &str, next: &str) -> Option<(String, String)> {
    let plain = |word: &str| word.replace("a.m.", "am").replace("p.m.", "pm");
    let (word, next) = (plain(word), plain(next));
    let attached = ["am", "pm"].into_iter().find_map(|half| Some((word.strip_suffix(half)?, half)));
    let following = ["am", "pm"].into_iter().find(|half| *half == next);
    let (digits, half) = attached.map_or((word.as_str(), following), |(digits, half)| (digits, Some(half)));
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        None if half.is_some() => (digits, "00"),
        _ => return None,
    };
    let (hour, minute) = (number(hour).filter(|_| hour.len() <= 2)?, number(minute)?);
    let hours = if half.is_some() { 1..=12 } else { 0..=23 };
    if hours.contains(&hour) && minute <= 59 {
        return None;
    }
    let shown = match (attached, following) {
        (None, Some(half)) => format!("{word} {half}"),
        _ => word.clone(),
    };
    let right = match half {
        Some(half) => format!("an hour from 1 to 12 with {half}"),
        None => "a time from 0:00 to 23:59".to_owned(),
    };
    let mended = format!("9:00{}", attached.map_or("", |(_, half)| half));
    Some((format!("{right}: there is no {shown}"), mended))
}

/// `31 feb`, `february 30th`, `29 feb 2027`: what is wrong, and whether `other` is the day.
fn day(one: &str, other: &str, after: &str, today: Date) -> Option<(String, bool)> {
    let (month, day, is_other) = match (month_of(one), month_of(other)) {
        (Some(month), None) => (month, day_of_month(other)?, true),
        (None, Some(month)) => (month, day_of_month(one)?, false),
        _ => return None,
    };
    let year: Option<i16> = Some(after).filter(|year| year.len() == 4).and_then(|year| year.parse().ok());
    // Without a year, one in which February is longest.
    let days = Date::new(year.unwrap_or(2028), month, 1).ok()?.days_in_month();
    // And to say how long it is, the one that comes.
    let coming = if month < today.month() { today.year() + 1 } else { today.year() };
    let first = Date::new(year.unwrap_or(coming), month, 1).ok()?;
    (!(1..=days).contains(&day)).then(|| (no_such_day(first, year.is_some(), day), is_other))
}

/// `first` is the month's first day; `is_named`: its year was typed.
fn no_such_day(first: Date, is_named: bool, day: i8) -> String {
    let name =
        usize::try_from(first.month() - 1).ok().and_then(|at| MONTHS.get(at)).copied().unwrap_or_default();
    let name: String =
        name.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect();
    let days = first.days_in_month();
    let (year, of) = match is_named {
        true => (format!(" {}", first.year()), String::new()),
        false => (String::new(), format!(" in {}", first.year())),
    };
    let ending = match (day % 10, day / 10) {
        (1..=3, 1) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("a day that its month has: {name}{year} has no {day}{ending}, it has {days} days{of}")
}
