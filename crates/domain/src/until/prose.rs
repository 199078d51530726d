//! Times distinguished from other text: where a person may have meant one.

use std::ops::Range;

use jiff::civil::Date;

use super::{
    clock::{is_clock, is_part_of_day},
    form::{has_form_of_time, is_mixed_number, is_unit},
    is_time,
    keyboard::latin,
    month_day::month_of,
    numeric_date::{is_fraction, is_in_another_order},
    reading::{NUMBERS, weekday},
};
use crate::duration::{PUNCTUATION, Span, counts_things, folded};

/// After these a time is one that something has, and not one that is meant: `every 5 minutes`, `the 9:00 run`.
const DETERMINERS: [&str; 12] =
    ["the", "a", "an", "of", "per", "each", "every", "any", "last", "past", "since", "this"];

/// The most words of a time.
const MOST_WORDS: usize = 8;

/// So many words of a text are looked through for a time among them: what is longer is no name with a time after it.
const MOST_BEFORE: usize = 24;

/// Letters at the keys of units that are words of their own: `2 в проде`, `2 і 3 вузли`, `2 η`.
const ONE_LETTER_WORDS: [&str; 3] = ["в", "і", "η"];

/// The words in lower case, without the punctuation around them.
pub(super) fn words(text: &str) -> Vec<String> {
    let plain = |word: &str| {
        let inner = word.trim_matches(PUNCTUATION);
        match inner.to_lowercase().as_str() {
            "a.m" => "am".to_owned(),
            "p.m" => "pm".to_owned(),
            other => other.to_owned(),
        }
    };
    // A date may end in a point.
    let plain = |word: &str| if is_in_another_order(word) { word.to_owned() } else { plain(word) };
    text.split_whitespace().take(MOST_WORDS).map(|word| plain(&folded(word))).collect()
}

/// True for how many there are of a unit.
fn is_count(word: &str) -> bool {
    word.parse::<f64>().is_ok() || matches!(word, "a" | "an" | "half") || NUMBERS.contains(&word)
}

fn is_date(word: &str) -> bool {
    let iso = word.get(..10).unwrap_or(word);
    let starts_with_year = word.len() >= 5 && word.as_bytes()[4] == b'-';
    (starts_with_year && word.bytes().take(4).all(|b| b.is_ascii_digit()) && iso.parse::<Date>().is_ok())
        || (is_in_another_order(word) && !is_fraction(word))
}

/// True where a text begins like a time or a length of time, whether or not there is one that is so written: what a person who
/// writes it hardly means as prose. On a keyboard of another layout, too.
pub fn looks_like_time(text: &str) -> bool {
    begins_like_time(text) || on_other_layout(text).is_some()
}

/// The time that a text begins with by its keys, typed on a keyboard of another layout: how many words it has, and what the
/// same keys type in a Latin layout. `5р тест` begins with one word, which is `5h`.
pub(crate) fn on_other_layout(text: &str) -> Option<(usize, String)> {
    let words: Vec<&str> = text.split_whitespace().take(MOST_WORDS + 1).collect();
    let goes_on_as_prose = |end: usize| {
        let last = words[end - 1].to_lowercase();
        end < words.len() && ONE_LETTER_WORDS.contains(&last.as_str())
    };
    (1..=words.len().min(MOST_WORDS)).rev().filter(|end| !goes_on_as_prose(*end)).find_map(|end| {
        let keys = latin(words[..end].join(" ").trim_matches(PUNCTUATION))?;
        is_time(&keys).then_some((end, keys))
    })
}

fn begins_like_time(text: &str) -> bool {
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(first) = words.first() else { return false };
    let second = words.get(1).copied().unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default();
    let (digits, after) = first.split_at(first.find(|c: char| !c.is_ascii_digit()).unwrap_or(first.len()));
    let is_period = |word: &str| is_unit(word) || weekday(word).is_some();
    first.parse::<Span>().is_ok()
        || weekday(first).is_some()
        || ["today", "tomorrow", "tonight", "yesterday", "eod", "eow", "eom"].contains(first)
        || has_form_of_time(first, second)
        || is_mixed_number(first, second, words.get(2).copied().unwrap_or_default())
        || is_clock(&words[..1])
        || words.get(..2).is_some_and(is_clock)
        // `24/7 on-call` is always.
        || (is_date(first) && (*first != "24/7" || second.is_empty()))
        || (!digits.is_empty() && is_unit(after))
        || (is_count(first) && is_unit(second))
        || match *first {
            "next" => is_period(second),
            // "last minute" has other meanings.
            "last" => weekday(second).is_some() || ["night", "week", "month", "year"].contains(&second),
            "this" => weekday(second).is_some() || is_part_of_day(second),
            "end" => match rest {
                ["of", "the", period, ..] | ["of", period, ..] => {
                    ["day", "week", "month"].contains(period)
                        || ["today", "tomorrow"].contains(period)
                        || weekday(period).is_some()
                }
                _ => false,
            },
            "half" | "quarter" | "½" | "¼" => {
                ["past", "to"].contains(&second) || rest.starts_with(&["an", "hour"])
            }
            "day" => rest.starts_with(&["after", "tomorrow"]),
            "the" => rest.starts_with(&["day", "after", "tomorrow"]),
            "in" => {
                let third = words.get(2).copied().unwrap_or_default();
                second.parse::<Span>().is_ok()
                    || has_form_of_time(second, third)
                    || (is_count(second) && is_unit(third))
                    || rest.starts_with(&["half", "an"])
            }
            "at" => {
                is_hour(second) || is_clock(&words[..words.len().min(2)]) || looks_like_time(&rest.join(" "))
            }
            "on" | "by" | "about" | "around" => looks_like_time(&rest.join(" ")),
            _ => is_day_of_month(first, second) || is_day_of_month(second, first),
        }
}

/// The word among the first ones of a text that is written like a time and is none: `9:3o` in `tomorrow at 9:3o`.
pub fn misspelt_time(text: &str) -> Option<String> {
    let words = words(text);
    let next = |at: usize| words.get(at + 1).map_or("", String::as_str);
    (0..words.len()).find(|at| is_misspelt(&words[*at], next(*at))).map(|at| words[at].clone())
}

/// True for a word in lower case that is written like a time and is none, by itself or with the word after it.
pub(super) fn is_misspelt(word: &str, next: &str) -> bool {
    // `1/2` is a date to some, and none before a unit.
    let is_whole = is_time(word) && !(is_fraction(word) && is_unit(next));
    has_form_of_time(word, next) && !is_whole && !is_time(&format!("{word} {next}"))
}

/// Where a time is among words, after the first of them: `1h` in `API 1h x`, `tomorrow` in `is slow tomorrow`. One that begins
/// with a number counts anywhere, any other only at the end; neither does after a word such as `every`, or where it counts
/// something (`gives 404s`, `sees 1000s of errors`).
pub fn time_within(words: &[&str]) -> Option<Range<usize>> {
    let is_one = |text: &str| is_time(text) || is_time(text.trim_matches(PUNCTUATION));
    let lower = |at: usize| words.get(at).map_or_else(String::new, |word| folded(word).to_lowercase());
    let by_keys = |at: usize| {
        let text = words[at..].iter().take(MOST_WORDS + 1).copied().collect::<Vec<_>>().join(" ");
        on_other_layout(&text).map(|(count, _)| at..at + count)
    };
    let is_meant = |at: &usize| !DETERMINERS.contains(&lower(at - 1).as_str());
    let is_by_number = |at: &usize| {
        let (word, next) = (lower(*at), lower(at + 1));
        is_meant(at) && begins_with_number(&word, &next) && !counts_things(&word, &next)
    };
    let by_number = (1..words.len().min(MOST_BEFORE)).filter(is_by_number).find_map(|at| {
        let mut ends = (at + 1..=words.len().min(at + MOST_WORDS)).rev();
        let known = ends.find(|end| is_one(&words[at..*end].join(" "))).map(|end| at..end);
        known.or_else(|| by_keys(at))
    });
    let ends_with_it = |at: &usize| {
        let text = words[*at..].join(" ");
        let is_number = lower(*at).starts_with(|c: char| c.is_ascii_digit());
        let is_whole = || is_one(&text) || by_keys(*at).is_some_and(|time| time.end == words.len());
        // `broke last friday` says when it was.
        let is_past = lower(*at) == "last";
        !is_number && !is_past && is_meant(at) && looks_like_time(&text) && is_whole()
    };
    let last = words.len().saturating_sub(MOST_WORDS).max(1)..words.len();
    let at_the_end = || last.clone().find(ends_with_it).map(|at| at..words.len());
    by_number.or_else(at_the_end)
}

/// True for a word that begins with a number, in digits or written out, and can begin a time; `next` is the word after it.
/// `3/4` and `1.4.12` are more likely something else, and so is `3 may`.
fn begins_with_number(word: &str, next: &str) -> bool {
    let word = word.trim_start_matches(['(', '-', '+', '\u{2212}']);
    let with_year = || word.rsplit(['.', '/', '-']).next().is_some_and(|year| year.len() == 4);
    let is_counted = || NUMBERS.contains(&word) && is_unit(next.trim_matches(PUNCTUATION));
    let is_date = || !is_in_another_order(word) || word.ends_with('.') || with_year();
    (word.starts_with(|c: char| c.is_ascii_digit()) && is_date() && !["may", "march", "mar"].contains(&next))
        || is_counted()
}

/// A number that an hour or a day of the month can be.
pub(super) fn is_hour(word: &str) -> bool {
    word.len() <= 2 && word.parse::<u8>().is_ok_and(|number| number <= 31)
}

/// `nov` and `24`, `24th`; `32` as well, which no month has. May and March are words too: beside them only what is a day counts.
fn is_day_of_month(month: &str, day: &str) -> bool {
    let digits = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    month_of(month).is_some() && is_number && (is_hour(digits) || !["may", "march"].contains(&month))
}
