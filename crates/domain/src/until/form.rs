//! What is written like a time, a date or a length of time, whether or not it is one: `25:00`, `9.30`, `-2h`, `2h30`,
//! `1/2h`, `2026-02-31`.

use super::clock::AFTER_HOUR;
use crate::duration;

/// What a unit begins with that is misspelt: `2houres`.
const STEMS: [&str; 8] = ["hour", "hr", "min", "sec", "day", "week", "month", "year"];

/// Letters behind a number that are no unit of time: those of ordinals and multiples, as in `2й`, `1º`, `100к`, `2х`.
const NO_UNITS: [char; 9] = ['й', 'я', 'е', 'а', 'є', 'º', 'ª', 'к', 'х'];

/// True for a word in lower case that has such a form; `next` is the word after it. A number alone has none, and neither has
/// one with other letters (`5xx`, `3rd`) or of more parts (`1.4.2`).
pub(super) fn has_form_of_time(word: &str, next: &str) -> bool {
    let number = unsigned(word);
    has_form_of_length(word, next)
        || (begins_with_number(number)
            && (is_like_clock(number, next) || has_unknown_unit(number) || is_like_date(number)))
}

/// True for a word, as it is typed, that is written like a length of time in units that are known: `2h30`, `1.5h`, `1/2h`, and
/// `1/2` before `hours`. What only begins with one has other meanings (`5min-average`), and `1.5M` are millions.
pub(super) fn has_form_of_length(word: &str, next: &str) -> bool {
    let number = unsigned(word);
    begins_with_number(number) && (is_like_length(number, next) || is_in_parts(number, next))
}

fn unsigned(word: &str) -> &str {
    word.trim_start_matches(['-', '+', '~', '\u{2212}'])
}

fn begins_with_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit() || is_fraction_sign(c))
}

/// `½`, `¾`, `⅓`.
fn is_fraction_sign(c: char) -> bool {
    matches!(c, '¼'..='¾' | '⅐'..='⅞')
}

/// True for a length of time as a fraction, or as several: `1/2h`, `½h`, `1-2h`, `2h|3h`; before a unit, `1/2` as well.
fn is_in_parts(word: &str, next: &str) -> bool {
    unit_after_parts(word).is_some_and(|unit| is_unit(if unit.is_empty() { next } else { unit }))
}

/// True for a number and a fraction of a unit: `2 ½ hours`, `1 1/2h`.
pub(super) fn is_mixed_number(number: &str, fraction: &str, next: &str) -> bool {
    let is_bar = |c: char| matches!(c, '/' | '\u{2044}') || is_fraction_sign(c);
    number.parse::<u64>().is_ok() && fraction.contains(is_bar) && is_in_parts(fraction, next)
}

/// What is after the last number of a word that has several of them, or a fraction: `h` in `1/2h`, nothing in `1/2`.
pub(super) fn unit_after_parts(word: &str) -> Option<&str> {
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',' || is_fraction_sign(c);
    let parts: Vec<(&str, &str)> = word
        .split(|c: char| !c.is_alphanumeric() && !is_of_number(c))
        .filter(|part| !part.is_empty())
        .map(|part| part.split_at(part.find(|c| !is_of_number(c)).unwrap_or(part.len())))
        .collect();
    let (&(number, unit), others) = parts.split_last()?;
    let is_amount = |&(number, unit): &(&str, &str)| !number.is_empty() && (unit.is_empty() || is_unit(unit));
    let are_several = !others.is_empty() || number.contains(is_fraction_sign);
    (are_several && !number.is_empty() && others.iter().all(is_amount)).then_some(unit)
}

fn is_number(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_like_clock(word: &str, next: &str) -> bool {
    let is_of_clock = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '.');
    let half = ["am", "pm", "a.m", "p.m"].into_iter().find_map(|half| word.strip_suffix(half));
    let with_colon = word.split_once(':').is_some_and(|(hour, rest)| {
        let is_short = (1..=2).contains(&rest.chars().count()) && rest.chars().all(char::is_alphanumeric);
        is_number(hour, 3) && (is_short || rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    // `9.30`; `0.50` is a share.
    let with_point = word.split_once('.').is_some_and(|(hour, minute)| {
        let at_most = |text: &str, most: u8| text.parse::<u8>().is_ok_and(|number| number <= most);
        is_number(hour, 2)
            && hour != "0"
            && at_most(hour, 24)
            && is_number(minute, 2)
            && minute.len() == 2
            && at_most(minute, 59)
    });
    half.is_some_and(is_of_clock)
        || with_colon
        || with_point
        || (is_of_clock(word) && AFTER_HOUR.contains(&next))
}

fn is_like_length(word: &str, next: &str) -> bool {
    let (number, unit) = number_and_unit(word);
    if unit.is_empty() {
        return number.contains(['.', ',']) && is_unit(next);
    }
    let (name, after) = unit.split_at(unit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(unit.len()));
    let goes_on =
        after.trim_start_matches([',', '.', '+', '-', '/']).starts_with(|c: char| c.is_ascii_digit());
    is_unit(name) && (after.is_empty() || goes_on)
}

/// `2houres`, or a unit of another language or of another layout of the keyboard: `5м`.
fn has_unknown_unit(word: &str) -> bool {
    let (_, unit) = number_and_unit(word);
    let mut letters = unit.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if !letter.is_ascii() => letter.is_alphabetic() && !NO_UNITS.contains(&letter),
        _ => STEMS.iter().any(|stem| unit.starts_with(stem)),
    }
}

/// A number with the point or comma in it, and what is after it.
fn number_and_unit(word: &str) -> (&str, &str) {
    let is_of_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    word.split_at(word.find(|c| !is_of_number(c)).unwrap_or(word.len()))
}

/// `2026-02-31`, `2026/2/3`, `2026-02`.
fn is_like_date(word: &str) -> bool {
    let mut parts = word.split(['-', '/']);
    let (year, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if year.len() != 4 || !is_number(year, 4) || !is_number(month, 2) {
        return false;
    }
    match parts.next() {
        Some(day) => day.starts_with(|c: char| c.is_ascii_digit()),
        None => {
            word.contains('-')
                && year.starts_with("20")
                && month.parse().is_ok_and(|it: u8| (1..=12).contains(&it))
        }
    }
}

/// True for a word that names a unit of time.
pub(super) fn is_unit(word: &str) -> bool {
    duration::unit(word).is_some() || matches!(word, "month" | "months" | "year" | "years")
}
