//! Days of the year by the name of their month: `24 nov`, `November 24th`.

use jiff::civil::Date;

use super::numeric_date::{LONGEST_TO_LEAP_DAY, number};

pub(super) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A day of the year; its month may be shorter, or as long only in a leap year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MonthDay {
    month: i8,
    day: i8,
}

impl MonthDay {
    /// The day that two words in lower case name, in either order.
    pub(super) fn of(one: &str, other: &str) -> Option<Self> {
        let read = |month: &str, day: &str| Some(Self { month: month_of(month)?, day: day_of_month(day)? });
        read(one, other).or_else(|| read(other, one))
    }

    /// The day in a year that has it.
    pub(super) fn in_year(self, year: i16) -> Option<Date> {
        Date::new(year, self.month, self.day).ok()
    }

    /// The first such day from `today` on.
    pub(super) fn coming(self, today: Date) -> Option<Date> {
        let mut years = (0..=LONGEST_TO_LEAP_DAY).map(|later| today.year() + later);
        years.find_map(|year| self.in_year(year).filter(|date| *date >= today))
    }

    /// The last such day up to `today`.
    pub(super) fn last(self, today: Date) -> Option<Date> {
        let mut years = (0..=LONGEST_TO_LEAP_DAY).map(|earlier| today.year() - earlier);
        years.find_map(|year| self.in_year(year).filter(|date| *date <= today))
    }
}

/// A month by its name, or the first letters of it, three or more.
pub(super) fn month_of(name: &str) -> Option<i8> {
    let month = MONTHS.iter().position(|month| name.len() >= 3 && month.starts_with(name))?;
    i8::try_from(month + 1).ok()
}

/// `24`, `24th`.
pub(super) fn day_of_month(text: &str) -> Option<i8> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|it| text.strip_suffix(it)).unwrap_or(text);
    number(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_year_is_found_before_and_after_today() {
        let today: Date = "2026-11-30".parse().unwrap();
        // two words -> the last such day and the next one
        let cases = [
            ("24", "nov", Some(("2026-11-24", "2027-11-24"))),
            ("november", "24th", Some(("2026-11-24", "2027-11-24"))),
            ("30", "nov", Some(("2026-11-30", "2026-11-30"))),
            ("1", "dec", Some(("2025-12-01", "2026-12-01"))),
            ("feb", "29", Some(("2024-02-29", "2028-02-29"))),
            ("31", "feb", None),
            ("0", "nov", None),
            ("24", "no", None),
            ("24", "11", None),
            ("may", "march", None),
        ];
        for (one, other, expected) in cases {
            let day = MonthDay::of(one, other);
            let found =
                day.and_then(|day| Some((day.last(today)?.to_string(), day.coming(today)?.to_string())));
            let found = found.as_ref().map(|(last, coming)| (last.as_str(), coming.as_str()));
            assert_eq!(found, expected, "{one} {other}");
        }
    }
}
