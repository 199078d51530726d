//! What follows a time: more of it, a second one, or any other text.

use super::{
    clock::{AFTER_HOUR, clock, is_clock, is_part_of_day},
    error::Expected,
    form::{has_form_of_length, is_mixed_number, is_unit, unit_after_parts},
    is_always_read, is_always_to_come, is_time,
    month_day::{day_of_month, month_of},
    numeric_date::is_fraction,
    prose::{is_hour, is_misspelt, looks_like_time, on_other_layout, words},
    reading::weekday,
    zone::{CLEAR, begins_with_zone, in_clear_zones, is_zone, without_zone},
};
use crate::duration::{PUNCTUATION, Span, counts_things, folded, is_dimension};

/// What turns a length of time into a time: `10 minutes ago`.
const TURNS: [&str; 4] = ["ago", "earlier", "later", "hence"];

/// The most words of a length of time.
const MOST_WORDS: usize = 8;

/// The most letters of a short name of a time zone that as often begins a text: `PT tests`.
const SHORT_ZONE: usize = 2;

/// True where words that follow a time belong to it (`18:00` `Berlin time`, `tomorrow` `cet`, `2h` `UTC`, `monday` `9`, `friday`
/// `13th`, `2 days` `ago`), begin with a second length of time (`1h` `2h`, `2h` `1/2h`), or are a second time and nothing
/// else (`2h` `17:00`, `2h` `9.30`). All others are a text of their own: `2h` `3 pods restart`,
/// `2h` `10:30 deploy broke it`, `2h` `3.12 upgrade`, `2h` `until it is fixed`.
pub fn goes_on(time: &str, text: &str) -> bool {
    let (time, text_words) = (words(without_zone(time)), words(text));
    let text_words: Vec<&str> = text_words.iter().map(String::as_str).collect();
    let last = time.last().map_or("", String::as_str);
    let is_count = time.len() == 1 && last.parse::<u64>().is_ok();
    // `1/2` before a unit is no date, and `1-2` is no time by itself.
    let is_in_parts = unit_after_parts(last) == Some("") && (is_fraction(last) || !is_time(last));
    if (is_count || is_in_parts) && text_words.first().is_some_and(|word| is_unit(word)) {
        return true;
    }
    begins_with_time(text)
        || begins_with_misspelt_time(text)
        || begins_with_zone_of(&time, text)
        || if is_length(&time) { length_goes_on(&text_words) } else { day_goes_on(last, &text_words) }
}

/// True where the words of a time end with a length of time.
fn is_length(time: &[String]) -> bool {
    time.last().is_some_and(|last| last.parse::<Span>().is_ok() || is_unit(last))
}

/// True where the words of a time have a time of day among them.
fn has_time_of_day(time: &[String]) -> bool {
    let words: Vec<&str> = time.iter().map(String::as_str).collect();
    let is_one = |words: &[&str]| clock(words).is_some();
    words.iter().any(|word| word.contains(':') || is_one(&[*word])) || words.windows(2).any(is_one)
}

/// True where a text begins with the time zone of the time before it. Before other words, what a length of time is followed by is
/// what the text is about, and so is a short name (`PT tests`) or the time of something (`Maintenance time`) after a day.
fn begins_with_zone_of(time: &[String], text: &str) -> bool {
    let words = plain_words(text);
    let Some(first) = words.first() else { return false };
    let is_alone = words.len() == 1;
    if is_length(time) {
        is_zone(first) && is_alone
    } else if has_time_of_day(time) {
        begins_with_zone(&words)
    } else {
        is_zone(first) && (is_alone || first.len() > SHORT_ZONE)
    }
}

/// What is expected of a time that is followed by a zone that is not clear, in words that follow "expected"; `None` where `text`,
/// which follows it, does not begin with one. Of the times with a clear one, those are proposed that are always to come.
pub(crate) fn clear_zone_expected(time: &str, text: &str) -> Option<String> {
    let clear = in_clear_zones(time);
    let is_one =
        begins_with_zone_of(&words(without_zone(time)), text) && clear.iter().any(|clear| is_time(clear));
    is_one.then(|| {
        let proposals = clear.into_iter().filter(|clear| is_always_to_come(clear));
        // A weekday is refused on its own day.
        let proposals = proposals.map(|clear| if is_always_read(&clear) { clear } else { with_date(&clear) });
        Expected::such_as(CLEAR, proposals.collect()).to_string()
    })
}

/// A time with the form of a date in place of its weekday: `year-month-day 9:00 UTC`.
fn with_date(time: &str) -> String {
    let is_weekday = |word: &str| weekday(word.trim_end_matches(',')).is_some();
    let words = time.split_whitespace().map(|word| if is_weekday(word) { "year-month-day" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn length_goes_on(words: &[&str]) -> bool {
    match words {
        ["ago", ..] | [_] if words.first().is_some_and(|word| TURNS.contains(word)) => true,
        ["from", "now"] | ["and", "a", "half", ..] => true,
        ["and" | "or" | "to" | "plus" | "+" | "-" | "–" | "|" | "/" | "from", rest @ ..] => {
            begins_with_time(&rest.join(" "))
        }
        _ => false,
    }
}

/// What follows a day or a time of it, whose last word is given.
fn day_goes_on(last: &str, words: &[&str]) -> bool {
    let has_clock = last.contains(':') || is_clock(&[last]) || ["am", "pm"].contains(&last);
    let is_year = |word: &str| word.len() == 4 && word.starts_with("20") && word.parse::<u16>().is_ok();
    let is_period = |word: &str| is_unit(word) || weekday(word).is_some();
    match words {
        [first, ..] if AFTER_HOUR.contains(first) => true,
        words if weekday(last).is_some() && begins_with_date(words) => true,
        // A number with words after it is a count.
        [number] => !has_clock && (is_hour(number) || is_year(number)),
        ["at", "half" | "quarter", ..] => !has_clock,
        ["around" | "by" | "before" | "after", next] if !has_clock => {
            is_part_of_day(next) || next.starts_with(|c: char| c.is_ascii_digit())
        }
        ["at", next, ..] if !has_clock => {
            is_part_of_day(next) || next.starts_with(|c: char| c.is_ascii_digit())
        }
        ["around" | "by" | "before" | "after", rest @ ..]
            if !has_clock && begins_with_time(&rest.join(" ")) =>
        {
            true
        }
        ["next", period, ..] | ["of" | "after", "next", period, ..] => !has_clock && is_period(period),
        ["and" | "or" | "to" | "-" | "–" | "of" | "through" | "thru", rest @ ..] => {
            rest.len() == 1 && is_hour(rest[0]) || looks_like_time(&rest.join(" "))
        }
        _ => false,
    }
}

/// True where words after a weekday say which one is meant: `13th`, `the 13th at 10:00`, `13th of november`, `24 nov`.
/// With other words after it an ordinal says which one of several: `13th floor is dark`.
fn begins_with_date(words: &[&str]) -> bool {
    let is_day = |word: &str| day_of_month(word).is_some_and(|day| (1..=31).contains(&day));
    let is_ordinal = |word: &str| is_day(word) && word.ends_with(|c: char| c.is_ascii_alphabetic());
    // May and March are words too.
    let is_month = |word: &str| month_of(word).is_some() && !["may", "mar", "march"].contains(&word);
    match words {
        ["the", rest @ ..] => begins_with_date(rest),
        [day, month, ..] | [month, day, ..] if is_day(day) && is_month(month) => true,
        [ordinal] => is_ordinal(ordinal),
        [ordinal, "of", month, ..] if month_of(month).is_some() => is_ordinal(ordinal),
        [ordinal, rest @ ..] => {
            let is_followed_by_clock = || rest.first().is_some_and(|next| is_clock(&[*next]));
            is_ordinal(ordinal)
                && (is_followed_by_clock() || day_goes_on(ordinal, rest) || begins_with_time(&rest.join(" ")))
        }
        [] => false,
    }
}

/// True where a text begins with a whole time that may be meant as one: a length of time (`1h`, `30 minutes`), and after
/// `until` any time (`until friday`). A clock, a date and a day in words are one where nothing but times follows (`9:00`,
/// `2026-11-24`, `tomorrow morning`): before other words they say which one is meant (`9:00 deploy`). What counts something
/// is none (`404s`, `3d printer`), and neither is how long ago it was, where more is said (`10 minutes ago it began`). By the
/// keys of another layout, too.
pub fn begins_with_time(text: &str) -> bool {
    let words = plain_words(text);
    let Some(first) = words.first() else { return false };
    let is_time_within = match first.to_lowercase().as_str() {
        "until" | "till" | "til" => {
            let is_whole = |end: usize| is_time(&words[1..end].join(" "));
            words.get(1).is_some_and(|time| !is_fraction(time))
                && !counts(&words[1..])
                && (2..=words.len()).any(is_whole)
        }
        "for" => begins_with_length(&words[1..]),
        _ => !counts(&words) && (begins_with_length(&words) || is_nothing_but_times(text, &words)),
    };
    let by_keys = |(count, keys): (usize, String)| {
        let rest = text.split_whitespace().skip(count);
        begins_with_time(&std::iter::once(keys.as_str()).chain(rest).collect::<Vec<_>>().join(" "))
    };
    is_time_within || on_other_layout(text).is_some_and(by_keys)
}

/// True where a text begins with what is written like a length of time and is none (`1/2h`, `2 ½ hours`, `2h30`). A clock or a
/// date that is none counts where nothing follows it: before other words `9.30` may be a version, and `443:8443` two ports.
fn begins_with_misspelt_time(text: &str) -> bool {
    let typed = plain_words(text);
    let [first, second, third] = [0, 1, 2].map(|at: usize| typed.get(at).map_or("", String::as_str));
    let is_alone = || {
        let mut rest = words(text).into_iter().zip(&typed).skip(1);
        rest.all(|(word, typed)| AFTER_HOUR.contains(&word.as_str()) || is_zone(typed))
    };
    is_mixed_number(first, second, third)
        || (is_misspelt(&first.to_lowercase(), &second.to_lowercase())
            && (has_form_of_length(first, second) || is_alone()))
}

/// True where a text begins with a word that is a length of time as well, and more likely counts something: what
/// [`counts_things`], and dimensions before what has them (`3d printer`). Only `for` makes it a length.
pub(crate) fn begins_with_count(text: &str) -> bool {
    counts(&plain_words(text))
}

fn counts(words: &[String]) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    counts_things(first, rest.first().map_or("", String::as_str))
        || (is_dimension(first) && !rest.is_empty() && !goes_on(first, &rest.join(" ")))
}

/// The first words, without the punctuation around them.
fn plain_words(text: &str) -> Vec<String> {
    let plain = |word: &str| folded(word.trim_matches(PUNCTUATION)).into_owned();
    text.split_whitespace().take(MOST_WORDS).map(plain).collect()
}

/// True where a text is times alone, and such as are hardly prose: `17:00`, `noon`, `tomorrow morning`, `on friday`; `3/4` is a
/// part. `words` are those that it begins with.
fn is_nothing_but_times(text: &str, words: &[String]) -> bool {
    let is_word = |first: &String| first.starts_with(|c: char| c.is_ascii_alphabetic()) && is_time(first);
    text.split_whitespace().nth(MOST_WORDS).is_none()
        && (words.first().is_some_and(is_word) || looks_like_time(text))
        && (is_time(text) || are_times(words))
}

/// True where words are one time after another, with their time zones, and nothing else.
fn are_times(words: &[String]) -> bool {
    let is_of_clock = |word: &&String| AFTER_HOUR.contains(&word.to_lowercase().as_str()) || is_zone(word);
    let are_after = |end: usize| {
        let rest = &words[end..];
        are_times(&rest[rest.iter().take_while(is_of_clock).count()..])
    };
    words.is_empty() || (1..=words.len()).rev().any(|end| is_time(&words[..end].join(" ")) && are_after(end))
}

fn begins_with_length(words: &[String]) -> bool {
    let is_length = |end: &usize| words[..*end].join(" ").parse::<Span>().is_ok();
    let longest = (1..=words.len()).rev().find(is_length);
    longest.is_some_and(|end| {
        let next = words.get(end).map(|word| word.to_lowercase());
        next.is_none_or(|next| !TURNS.contains(&next.as_str()))
    })
}
