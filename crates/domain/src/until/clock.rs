//! Times of day as people write them: `9:00`, `9am`, `at 9`, `noon`, `in the evening`.

use jiff::civil::{Time, time};

use super::numeric_date::number;

/// When a day begins that is named without a time.
pub(super) const MORNING: Time = time(9, 0, 0, 0);
/// And tonight.
pub(super) const NIGHT: Time = time(20, 0, 0, 0);
const NOON: Time = time(12, 0, 0, 0);
pub(super) const MIDNIGHT: Time = time(0, 0, 0, 0);

/// What follows an hour and says that it is one, or of which half of the day.
pub(super) const AFTER_HOUR: [&str; 5] = ["am", "pm", "o'clock", "oclock", "uhr"];

/// A time of day that is named.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Clock {
    At(Time),
    /// An hour from 1 to 12, with neither half of the day.
    Hour(i8),
    /// That of the day before, or its own.
    Midnight,
}

/// `9:00`, `18:30`, `9am`, `9:30 pm`, `at 9`, `9 o'clock`, `noon`, `at midnight`, `morning`, `in the evening`.
pub(super) fn clock(words: &[&str]) -> Option<Clock> {
    let (words, is_led) = match words {
        ["at", rest @ ..] => (rest, true),
        ["in", "the", part] => return part_of_day(part).map(Clock::At),
        _ => (words, false),
    };
    let text = match words {
        ["noon" | "midday"] => return Some(Clock::At(NOON)),
        ["midnight"] => return Some(Clock::Midnight),
        [part] if let Some(part) = part_of_day(part).filter(|_| !is_led) => return Some(Clock::At(part)),
        [hour, "o'clock" | "oclock"] => return bare(hour),
        [hour] if is_led && hour.bytes().all(|byte| byte.is_ascii_digit()) => return bare(hour),
        [one] => (*one).to_owned(),
        [one, half] => format!("{one}{half}"),
        _ => return None,
    };
    let text = text.replace("a.m.", "am").replace("p.m.", "pm");
    let half =
        [("am", 0), ("pm", 12)].into_iter().find_map(|(name, hours)| Some((text.strip_suffix(name)?, hours)));
    let (digits, hours) = half.map_or((text.as_str(), None), |(digits, hours)| (digits, Some(hours)));
    if words.len() > 1 && hours.is_none() {
        return None;
    }
    let (hour, minute) = match (digits.split_once(':'), hours) {
        (Some(both), _) => both,
        (None, Some(_)) => (digits, "00"),
        // A number alone may be an hour, and may be anything.
        (None, None) => return None,
    };
    let hour = match (number(hour)?, hours) {
        (hour, None) => hour,
        (hour @ 1..=12, Some(hours)) => hour % 12 + hours,
        _ => return None,
    };
    Time::new(hour, number(minute).filter(|_| minute.len() == 2)?, 0, 0).ok().map(Clock::At)
}

/// An hour alone, with a word that marks it as one.
fn bare(hour: &str) -> Option<Clock> {
    match number(hour)? {
        hour @ 1..=12 => Some(Clock::Hour(hour)),
        hour => Time::new(hour, 0, 0, 0).ok().map(Clock::At),
    }
}

/// True for one word that is a time of day, such as `9:00`, `9am`, `noon`; or two, such as `9 am`.
pub(super) fn is_clock(words: &[&str]) -> bool {
    let is_part = matches!(words, [part] if part_of_day(part).is_some());
    !is_part && clock(words).is_some()
}

/// True for a part of the day, or its middle or end: `morning`, `noon`.
pub(super) fn is_part_of_day(word: &str) -> bool {
    part_of_day(word).is_some() || matches!(word, "noon" | "midday" | "midnight")
}

/// When a part of the day begins.
pub(super) fn part_of_day(word: &str) -> Option<Time> {
    match word {
        "morning" => Some(MORNING),
        "afternoon" => Some(time(14, 0, 0, 0)),
        "evening" => Some(time(18, 0, 0, 0)),
        "night" => Some(NIGHT),
        _ => None,
    }
}
