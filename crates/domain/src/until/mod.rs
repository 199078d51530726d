//! Times to come as people write them: `2h`, `18:00`, `9am`, `tomorrow`, `monday morning`, `2026-11-22`, `2026-11-22T10:00`.
//!
//! A text is read whole or not at all. `reading` has the forms of a time, `clock` those of a time of day, `daylight_saving` the
//! times that a clock skips or shows twice, `month_day` the days with the name of their month, `numeric_date` the dates whose
//! order is not the same everywhere, `last_date` finds the day that was where a past one is meant, `zone` has the time zones and
//! what is written like one, `impossible` finds times that do not exist, `form` finds what is written like a time whether or not
//! it is one, `prose` distinguishes times from other text, `follow` reads what comes after one, `keyboard` reads what was typed
//! on another layout by its keys, and `error` says why a text is no time to come, and what would be one.

mod clock;
mod daylight_saving;
mod error;
mod follow;
mod form;
mod impossible;
mod keyboard;
mod last_date;
mod month_day;
mod numeric_date;
mod prose;
mod reading;
#[cfg(test)]
mod tests;
mod zone;

use jiff::{Timestamp, ToSpan, Zoned, civil::Date, tz::TimeZone};

use self::{
    error::NOT_PAST,
    last_date::{LastDate, with_last_date},
    numeric_date::number,
    reading::{UNCLEAR_ORDER, in_zone, weekday},
    zone::{CLEAR, before_unclear, in_clear_zones},
};
use crate::{
    duration::{self, Span},
    text,
};
pub use error::{EXPECTED, Expected, TimeError};
pub(crate) use follow::{begins_with_count, clear_zone_expected};
pub use follow::{begins_with_time, goes_on};
pub(crate) use keyboard::latin;
pub(crate) use prose::on_other_layout;
pub use prose::{looks_like_time, misspelt_time, time_within};
pub use reading::{LEADS, names_a_date};
pub(crate) use zone::without_zone;

/// When a text means, seen from `now` and in its time zone; it is always later than `now`, by 100 years at most. A day without
/// a time is its 9:00, tonight 20:00, a time without a day the next time that the clock shows it, a weekday the next one after
/// today (ambiguous where it is today as well, and the time to come); the end of a day, week or month is the midnight at which
/// it is over. A time that the clock skips, or shows twice, is ambiguous. A place or UTC after a time is its zone (`10:00
/// Europe/Berlin`), and whatever the time names is what it is there.
///
/// # Errors
/// Where it means no time, one that is past or too far away, or can mean several.
pub fn until(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    to_come(text, now).map_err(|why| match why {
        TimeError::NotATime => {
            let unclear = other_layout(text, now).or_else(|| unclear_zone(text, now));
            unclear.or_else(|| followed(text, now)).unwrap_or(TimeError::NotATime)
        }
        why => why,
    })
}

fn to_come(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    match read(text, now) {
        Ok(at) if at > now.timestamp() => Ok(at),
        Ok(_) => Err(gone_by(text, now)),
        // Where all that it can mean is past, so is the text.
        Err(why) => {
            Err(why.proposing(|proposal| coming(proposal, now)).unwrap_or_else(|| gone_by(text, now)))
        }
    }
}

/// Why a text that is past is refused: of `last friday 9:00`, with the one that comes.
fn gone_by(text: &str, now: &Zoned) -> TimeError {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_weekday = |word: &&str| weekday(word.trim_end_matches(',')).is_some();
    let is_last =
        |at: &usize| words[*at].eq_ignore_ascii_case("last") && words.get(at + 1).is_some_and(is_weekday);
    let last = (0..words.len()).find(is_last);
    let proposals =
        last.map(|at| coming([&words[..at], &words[at + 1..]].concat().join(" "), now)).unwrap_or_default();
    match proposals.is_empty() {
        true => TimeError::Past,
        false => TimeError::PastDay(Expected::such_as(NOT_PAST, proposals)),
    }
}

/// What is proposed where it is clear and to come, or what would be clear of it.
fn coming(proposal: String, now: &Zoned) -> Vec<String> {
    match to_come(&proposal, now) {
        Ok(_) => vec![proposal],
        Err(TimeError::PastDay(_)) => Vec::new(),
        Err(why) => why.expected().proposals,
    }
}

/// Why a text is refused that is a time by its keys: `2р`; of `31 ауи`, what is wrong with `31 feb`.
fn other_layout(text: &str, now: &Zoned) -> Option<TimeError> {
    let keys = latin(text)?;
    let expected = match to_come(&keys, now) {
        Ok(_) => EXPECTED.to_owned(),
        Err(TimeError::NotATime) => return None,
        Err(why) => why.expected().to_string(),
    };
    Some(TimeError::OtherLayout(on_keyboard(&expected, &keys)))
}

/// Why a time is refused whose zone is not clear: `friday 9:00 CET`, `10:00 utc+2`.
fn unclear_zone(text: &str, now: &Zoned) -> Option<TimeError> {
    let clear = clear_zones(text)?.into_iter().flat_map(|clear| coming(clear, now)).collect::<Vec<_>>();
    Some(match clear.is_empty() {
        true => TimeError::Past,
        false => TimeError::Ambiguous(Expected::such_as(CLEAR, clear)),
    })
}

/// A time with zones that are clear instead of the one that it ends with; `None` where that is clear, or it is no time.
fn clear_zones(text: &str) -> Option<Vec<String>> {
    let clear = in_clear_zones(before_unclear(text)?).into_iter().filter(|clear| is_time(clear));
    Some(clear.collect::<Vec<_>>()).filter(|clear| !clear.is_empty())
}

/// True for a time of which only the zone is not clear, and which is refused for that: `friday 9:00 CET`.
pub fn has_unclear_zone(text: &str) -> bool {
    clear_zones(text).is_some()
}

/// What is expected, with what the same keys type in a Latin layout.
pub(crate) fn on_keyboard(expected: &str, keys: &str) -> String {
    format!("{expected} (typed on another keyboard layout? {keys:?})")
}

/// A text of more words than this is not looked through for a time that it begins with.
const MOST_WORDS: usize = 24;

/// The most characters of what was typed that an error shows.
pub const LONGEST_QUOTED: usize = 200;

/// What follows the time that a text begins with: `deploying` in `tomorrow at 9 deploying`.
fn followed(text: &str, now: &Zoned) -> Option<TimeError> {
    let words: Vec<&str> = text.split_whitespace().take(MOST_WORDS + 1).collect();
    if words.len() > MOST_WORDS {
        return None;
    }
    let (time, rest) = (1..words.len()).rev().find_map(|end| {
        let (time, rest) = (words[..end].join(" "), words[end..].join(" "));
        // Which Monday is meant is another question than where its time ends.
        let is_one = matches!(to_come(&time, now), Ok(_) | Err(TimeError::ThisOrNext(_)));
        is_one.then_some((time, rest))
    })?;
    let rest = text::cut(&rest, LONGEST_QUOTED);
    Some(TimeError::Followed(format!("{EXPECTED}; {time:?} is one, and {rest:?} after it is no part of it")))
}

/// What is expected of [`since`], in words that follow "expected". Each example is past whenever it is read.
const EXPECTED_PAST: &str = "a length of time such as 2h, or a time such as yesterday 9:00 or year-month-day";

/// Since when a text means: a length of time ago (`2h`, `2 hours ago`, `-2h`), or a time that is not to come, seen from `now` and
/// in its time zone. A day without a time is its beginning, a time without a day the last time that the clock showed it, a day
/// without its year the last one.
///
/// # Errors
/// Where it means no time, one to come or none within 100 years, or can mean several: what would be right.
pub fn since(text: &str, now: &Zoned) -> Result<Timestamp, Expected> {
    let by_keys = || {
        let keys = latin(text)?;
        let expected = match past(&keys, now) {
            Ok(_) => EXPECTED_PAST.to_owned(),
            Err(why) => why?.to_string(),
        };
        Some(Expected::new(on_keyboard(&expected, &keys)))
    };
    let by_zone = || past_in_clear_zone(text, now);
    past(text, now)
        .map_err(|why| why.or_else(by_keys).or_else(by_zone).unwrap_or_else(|| Expected::new(EXPECTED_PAST)))
}

/// What is expected instead of a time whose zone is not clear: in a clear one, and where that is refused as well, what it is
/// refused for too.
fn past_in_clear_zone(text: &str, now: &Zoned) -> Option<Expected> {
    let all = clear_zones(text)?;
    let clear: Vec<String> = all.iter().filter(|clear| past(clear, now).is_ok()).cloned().collect();
    if !clear.is_empty() {
        return Some(Expected::such_as(CLEAR, clear));
    }
    let refused = all.iter().filter_map(|clear| past(clear, now).err().flatten());
    refused.reduce(Expected::or).map(|why| why.and(CLEAR))
}

/// The same as it is typed; `None` where a text is no time at all.
fn past(text: &str, now: &Zoned) -> Result<Timestamp, Option<Expected>> {
    let text = &duration::folded(text);
    if let Some(there) = in_zone(text, now) {
        let why = |expected: Expected| expected.reworded(|time| there.with_zone(time));
        return past(there.text, &there.now).map_err(|expected| expected.map(why));
    }
    let at = match duration::read(text) {
        Ok(Span(length)) if status_of_responses(text).is_none() => Ok(now.timestamp() - length),
        _ if let Some(at) = reading::last_shown(text, now) => at,
        _ => read(text, now).map(|at| read(&format!("{} 00:00", text.trim()), now).unwrap_or(at)),
    };
    let expected = match at {
        Ok(at) if at <= now.timestamp() => return Ok(at),
        Err(TimeError::NotATime) => return Err(None),
        // What it names next is to come, and what it named last may be meant.
        Ok(_) | Err(TimeError::UnclearDate(_)) => {
            let date = match with_last_date(text, now.date()) {
                Some(LastDate::Clear(date)) => return past(&date, now),
                Some(LastDate::Unclear(date)) => {
                    // What else is wrong with it is named.
                    past(&date, now)?;
                    Some(date)
                }
                None => None,
            };
            match at {
                Ok(_) => not_to_come(text, date, now),
                // Of a year that is typed, and to come.
                Err(why) if date.is_none() && !why.expected().proposals.is_empty() => {
                    not_to_come(text, None, now)
                }
                Err(_) => Expected::such_as(UNCLEAR_ORDER, date.into_iter().collect()),
            }
        }
        // As long ago as no clock goes.
        Err(TimeError::Past) => TimeError::TooFar.expected(),
        Err(why) => {
            let is_past = |proposal: &String| past(proposal, now).is_ok();
            let clear = why.proposing(|proposal| Some(proposal).filter(is_past).into_iter().collect());
            clear.map_or_else(|| not_to_come(text, None, now), |why| why.expected())
        }
    };
    Err(Some(expected))
}

/// What is expected instead of a time to come: where that names a day, the last one too, `date` where it is known.
fn not_to_come(text: &str, date: Option<String>, now: &Zoned) -> Expected {
    let named = text.split_whitespace().find_map(|word| weekday(word.trim_end_matches(',')));
    let last = || named.and_then(|weekday| now.date().nth_weekday(-1, weekday).ok());
    // `this morning`, before it.
    let is_of_today = |word: &&str| ["this", "today"].iter().any(|known| known.eq_ignore_ascii_case(word));
    let today = || text.split_whitespace().next().filter(is_of_today).map(|_| "today".to_owned());
    let mut examples = vec!["2h".to_owned(), "yesterday 9:00".to_owned()];
    examples.extend(date.or_else(|| last().map(|date| date.to_string())).or_else(today));
    Expected::such_as("a time that is not to come", examples)
}

/// True where a text is a time or a length of time, whether to come or past, and whether or not it is clear which.
pub fn is_time(text: &str) -> bool {
    read(text, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)) != Err(TimeError::NotATime)
}

/// True where a text is a time that is clear and to come whenever it is typed: `2h`, `monday`, `18:00`; neither `31 feb` nor a
/// date, which may be past by now. A weekday counts, though early on that day the week is asked for, and so does an hour that
/// the clock skips or shows twice in one night of the year.
pub fn is_always_to_come(text: &str) -> bool {
    always(text, |read| matches!(read, Ok(_) | Err(TimeError::ThisOrNext(_))))
}

/// The same without weekdays: what is read whenever it is typed.
fn is_always_read(text: &str) -> bool {
    always(text, |read| read.is_ok())
}

fn always(text: &str, is_right: impl Fn(&Result<Timestamp, TimeError>) -> bool) -> bool {
    let is_right_on = |day: Date| {
        [(0, 0), (12, 0), (23, 59)].into_iter().all(|(hour, minute)| {
            let now = day.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC);
            now.is_ok_and(|now| is_right(&until(text, &now)))
        })
    };
    // Every thirty days for a year: on each weekday, and soon after any day that has no year. And once when all that is to
    // come on the first of them is past.
    let [first, past_all] = [1970, 2071].map(|year| jiff::civil::date(year, 1, 1));
    first.series(30.days()).take(13).chain([past_all]).all(is_right_on)
}

/// The time that a text means, whether it is to come or past.
fn read(text: &str, now: &Zoned) -> Result<Timestamp, TimeError> {
    let text = duration::folded(text);
    if let Some(unclear) = status_of_responses(&text).or_else(|| unclear_hour(&text)) {
        return Err(unclear);
    }
    match reading::read(&text, now) {
        Err(TimeError::NotATime) => {
            let what = impossible::what(&text, now.date()).filter(|it| {
                // Only the whole is a time but for that: else it is as likely to be anything else.
                reading::read(&it.mended, now) != Err(TimeError::NotATime)
            });
            Err(what.map_or(TimeError::NotATime, |it| TimeError::Impossible(it.expected)))
        }
        read => read,
    }
}

/// Why `404s` is refused, which is as likely the status of responses as a length of time, unless `for` or `in` leads it.
fn status_of_responses(text: &str) -> Option<TimeError> {
    let text = text.trim();
    let (lead, word) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    let lead = lead.trim();
    let may_be_one = lead.is_empty() || is_until(lead);
    if !may_be_one || !duration::is_http_status(word) {
        return None;
    }
    let length: Span = word.parse().ok()?;
    let clear = vec![format!("for {word}"), length.to_string()];
    let why = format!("{word} can be the status of responses too");
    Some(TimeError::Ambiguous(Expected::one_of(clear, why)))
}

/// True for a word that says when something ends.
pub(crate) fn is_until(word: &str) -> bool {
    ["until", "till", "til"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Why `until 17h` is refused: that is in 17 hours, or at 17:00.
fn unclear_hour(text: &str) -> Option<TimeError> {
    let (lead, hour) = text.trim().split_once(char::is_whitespace)?;
    let both = hour_or_length(hour).filter(|_| is_until(lead))?;
    let why = format!("{} can be a length of time or a time of day", hour.trim());
    Some(TimeError::Ambiguous(Expected::one_of(both, why)))
}

/// What `17h` can mean after `until`: a length of time, unless that is none, or a time of day.
pub(crate) fn hour_or_length(text: &str) -> Option<Vec<String>> {
    let text = duration::folded(text);
    let hours = text.trim().strip_suffix(['h', 'H'])?.trim_end();
    let hour = number(hours).filter(|hour| (0..=24).contains(hour))?;
    let length = (hour > 0).then(|| format!("for {hour}h"));
    Some(length.into_iter().chain([format!("until {}:00", hour % 24)]).collect())
}

/// What is wrong with a time that no [`Timestamp`] holds.
pub fn too_late(text: &str) -> String {
    format!("{text:?} is too late: the last time that can be named is {}", Timestamp::MAX)
}
