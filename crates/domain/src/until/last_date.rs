//! Days without their year, or whose order of numbers is not the same everywhere, where a past one is meant: the last ones.

use jiff::civil::Date;

use super::{
    month_day::MonthDay,
    numeric_date::{is_in_another_order, past_date},
    reading::words_of,
};

/// A day that is so many days ago is hardly meant without its year.
const LONGEST_AGO: i32 = 300;

/// A text with a date as year-month-day in place of its day.
pub(super) enum LastDate {
    /// Of `24 nov`, which can hardly be another.
    Clear(String),
    /// Of `24.11.`, and of what is almost a year ago: it may be meant.
    Unclear(String),
}

/// A text with the last date, up to `today`, that the day in it can be; `None` where it has none, or its year is typed.
pub(super) fn with_last_date(text: &str, today: Date) -> Option<LastDate> {
    let lower = text.to_lowercase();
    let words = words_of(&lower);
    (0..words.len()).find_map(|at| {
        let (before, rest) = words.split_at(at);
        let (date, is_named, after) = match rest {
            [numbers, after @ ..] if is_in_another_order(numbers) => {
                (past_date(numbers, today)?, false, after)
            }
            [one, other, after @ ..] => (MonthDay::of(one, other)?.last(today)?, true, after),
            _ => return None,
        };
        let is_year = |word: &&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        if is_named && after.first().is_some_and(is_year) {
            return None;
        }
        let is_near = date.until(today).is_ok_and(|ago| ago.get_days() < LONGEST_AGO);
        let date = date.to_string();
        let text = [before, &[date.as_str()], after].concat().join(" ");
        Some(if is_named && is_near { LastDate::Clear(text) } else { LastDate::Unclear(text) })
    })
}
