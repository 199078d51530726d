//! Until when something can be snoozed.

use jiff::{Timestamp, ToSpan, Zoned, civil::Weekday, civil::time};

use crate::api::SnoozeTime;

/// The times that are offered, the soonest first.
pub(crate) fn times(now: &Zoned) -> Vec<SnoozeTime> {
    let morning = |days: i64| {
        let date = now.date().checked_add(days.days()).ok()?;
        date.to_datetime(time(9, 0, 0, 0)).to_zoned(now.time_zone().clone()).ok()
    };
    let to_monday = match now.weekday().since(Weekday::Monday) {
        0 => 7,
        since => 7 - i64::from(since),
    };
    let offer = |name: &str, words: &str, until: Option<Timestamp>| SnoozeTime {
        name: name.to_owned(),
        words: words.to_owned(),
        until,
    };
    let hour = now.checked_add(1.hour()).ok();
    let at = |zoned: Option<Zoned>| zoned.map(|zoned| zoned.timestamp());
    let mut times = Vec::new();
    times.extend(at(hour).map(|until| offer("1h", "For 1 hour", Some(until))));
    times.extend(at(morning(1)).map(|until| offer("tomorrow", "Until tomorrow, 9:00", Some(until))));
    // On a Sunday tomorrow is Monday.
    if to_monday > 1 {
        times.extend(at(morning(to_monday)).map(|until| offer("monday", "Until Monday, 9:00", Some(until))));
    }
    times.push(offer("change", "Until it changes", None));
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_offered_by_the_calendar() {
        let cases = [
            // A Friday.
            (
                "2026-11-27T16:30:00+01:00[Europe/Berlin]",
                "1h 2026-11-27T16:30:00Z, tomorrow 2026-11-28T08:00:00Z, monday 2026-11-30T08:00:00Z, change",
            ),
            // A Sunday.
            (
                "2026-11-29T22:00:00+00:00[UTC]",
                "1h 2026-11-29T23:00:00Z, tomorrow 2026-11-30T09:00:00Z, change",
            ),
            // A Monday, and the clocks go forward on the Sunday before the next.
            (
                "2026-03-23T08:00:00+01:00[Europe/Berlin]",
                "1h 2026-03-23T08:00:00Z, tomorrow 2026-03-24T08:00:00Z, monday 2026-03-30T07:00:00Z, change",
            ),
        ];
        for (now, expected) in cases {
            let offered = times(&now.parse().unwrap());
            let lines: Vec<String> = offered
                .iter()
                .map(|it| format!("{} {}", it.name, it.until.map(|at| at.to_string()).unwrap_or_default()))
                .collect();
            assert_eq!(lines.join(", ").trim_end(), expected, "{now}");
        }
    }
}
