//! Times distinguished from other text: where a person may have meant one, and where one may go on.

use jiff::civil::Date;

use super::{
    form::{has_form_of_time, is_unit},
    is_time,
    reading::{NUMBERS, is_clock, is_fraction, is_in_another_order, is_part_of_day, month_of, weekday},
};
use crate::duration::Span;

/// What follows a time of day: which half of the day, or the time zone.
const AFTER_CLOCK: [&str; 21] = [
    "am", "pm", "o'clock", "oclock", "uhr", "z", "utc", "gmt", "cet", "cest", "est", "edt", "cst", "cdt",
    "mst", "mdt", "pst", "pdt", "bst", "ist", "jst",
];

/// The words in lower case, without the punctuation around them.
fn words(text: &str) -> Vec<String> {
    let plain = |word: &str| {
        let inner = word.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '!' | '?' | '(' | ')' | '.'));
        match inner.to_lowercase().as_str() {
            "a.m" => "am".to_owned(),
            "p.m" => "pm".to_owned(),
            other => other.to_owned(),
        }
    };
    // A date may end in a point.
    let plain = |word: &str| if is_in_another_order(word) { word.to_owned() } else { plain(word) };
    text.split_whitespace().take(8).map(plain).collect()
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
/// writes it hardly means as prose.
pub fn looks_like_time(text: &str) -> bool {
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
        || is_clock(&words[..1])
        || words.get(..2).is_some_and(is_clock)
        || is_date(first)
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
            "half" | "quarter" => ["past", "to"].contains(&second) || rest.starts_with(&["an", "hour"]),
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
    let is_misspelt = |at: &usize| {
        let (word, next) = (words[*at].as_str(), next(*at));
        has_form_of_time(word, next) && !is_time(word) && !is_time(&format!("{word} {next}"))
    };
    (0..words.len()).find(is_misspelt).map(|at| words[at].clone())
}

/// True where words that follow a time may belong to it: `monday` `9`, `tomorrow` `at half past 9`, `18:00` `utc`.
pub fn goes_on(text: &str) -> bool {
    let words = words(text);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(first) = words.first() else { return false };
    let second = words.get(1).copied().unwrap_or_default();
    let rest = words.get(1..).unwrap_or_default().join(" ");
    let is_year = |word: &str| word.len() == 4 && word.starts_with("20") && word.parse::<u16>().is_ok();
    is_part_of_day(first)
        || AFTER_CLOCK.contains(first)
        || is_unit(first)
        || is_hour(first)
        || is_year(first)
        || looks_like_time(text)
        || match *first {
            "at" if second.starts_with(|c: char| c.is_ascii_digit()) => true,
            "at" | "and" | "or" | "to" | "until" | "-" | "–" | "+" | "plus" | "of" | "on" | "in"
            | "around" => {
                is_hour(second)
                    || is_part_of_day(second)
                    || looks_like_time(&rest)
                    || rest.starts_with("a half")
                    || (second == "the" && words.get(2).is_some_and(|word| is_part_of_day(word)))
            }
            "past" | "after" => is_hour(second) || second == "next" || looks_like_time(&rest),
            "from" => second == "now",
            _ => false,
        }
}

/// A number that an hour or a day of the month can be.
fn is_hour(word: &str) -> bool {
    word.len() <= 2 && word.parse::<u8>().is_ok_and(|number| number <= 31)
}

/// `nov` and `24`, `24th`; `32` as well, which no month has. May and March are words too: beside them only what is a day counts.
fn is_day_of_month(month: &str, day: &str) -> bool {
    let digits = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let is_number = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    month_of(month).is_some() && is_number && (is_hour(digits) || !["may", "march"].contains(&month))
}
