//! Dates in numbers whose order is not the same everywhere: `24.11.`, `11/24`, `24-11-2026`.

use jiff::civil::Date;

/// The most years from one 29 February to the next: 2096 to 2104.
pub(super) const LONGEST_TO_LEAP_DAY: i16 = 8;

/// `24.11.`, `24.11.2026`, `11/24`, `24-11-2026`: numbers of a date whose order is not the same everywhere.
pub(super) fn is_in_another_order(text: &str) -> bool {
    ['.', '/', '-'].iter().any(|separator| {
        let parts: Vec<&str> = text.split(*separator).collect();
        match (separator, parts.as_slice()) {
            ('.', [one, other, ""]) | ('/', [one, other]) => are_day_and_month(one, other),
            // `1.4.12` and what has a year of one digit are the number of a version.
            (separator, [one, other, year]) => {
                let is_year = match year.len() {
                    4 => true,
                    2 => *separator != '.' || (one.len() == 2 && other.len() == 2),
                    _ => false,
                };
                are_day_and_month(one, other) && is_year && is_digits(year)
            }
            _ => false,
        }
    })
}

/// The first day after `today` that the numbers of a date can be; where its year is typed, one of that, though it may be past.
pub(super) fn coming_date(text: &str, today: Date) -> Option<Date> {
    let numbers = Numbers::of(text)?;
    let of = |year: i16| numbers.dates(year).filter(|date| *date > today).min();
    match numbers.year {
        Some(year) => of(year).or_else(|| numbers.dates(year).max()),
        None => (0..=LONGEST_TO_LEAP_DAY).find_map(|later| of(today.year() + later)),
    }
}

/// The last day up to `today` that the numbers of a date can be; of its own year where that is typed.
pub(super) fn past_date(text: &str, today: Date) -> Option<Date> {
    let numbers = Numbers::of(text)?;
    let of = |year: i16| numbers.dates(year).filter(|date| *date <= today).max();
    match numbers.year {
        Some(year) => of(year),
        None => (0..=LONGEST_TO_LEAP_DAY).find_map(|earlier| of(today.year() - earlier)),
    }
}

/// The numbers of a date.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    one: i8,
    other: i8,
    year: Option<i16>,
    /// Points stand after a day first, and then after its month.
    is_day_first: bool,
}

impl Numbers {
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.split(['.', '/', '-']).filter(|part| !part.is_empty());
        let (one, other) = (small(parts.next()?)?, small(parts.next()?)?);
        let year = match parts.next() {
            Some(year) if year.len() == 4 => year.parse().ok(),
            Some(year) => small(year).map(|year| 2000 + i16::from(year)),
            None => None,
        };
        // `11.24.` can only be the other order.
        Some(Self { one, other, year, is_day_first: text.contains('.') && other <= 12 })
    }

    /// The days of a year that they can be.
    fn dates(self, year: i16) -> impl Iterator<Item = Date> {
        let day_first = (self.other, self.one);
        let month_first = Some((self.one, self.other)).filter(|_| !self.is_day_first);
        let both = std::iter::once(day_first).chain(month_first);
        both.filter_map(move |(month, day)| Date::new(year, month, day).ok())
    }
}

/// `3/4`: as well a part of something as a day of a month.
pub(super) fn is_fraction(text: &str) -> bool {
    let is_small = |part: &str| small(part).is_some_and(|number| number <= 12);
    text.split_once('/').is_some_and(|(one, other)| is_small(one) && is_small(other))
}

/// True for the numbers of a day and its month, in either order.
fn are_day_and_month(one: &str, other: &str) -> bool {
    let number = |part: &str| small(part).filter(|number| (1..=31).contains(number));
    number(one).zip(number(other)).is_some_and(|(one, other)| one.min(other) <= 12)
}

/// A number of one or two digits.
fn small(digits: &str) -> Option<i8> {
    number(digits).filter(|_| digits.len() <= 2)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A number in digits alone.
pub(super) fn number(digits: &str) -> Option<i8> {
    is_digits(digits).then(|| digits.parse().ok())?
}
