//! Until when something can be snoozed.

use callboard_domain::{text, until};
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

/// The time that was typed: one that is offered, by its name, or any other, in words that show how it was read.
///
/// # Errors
/// What can be typed, where it is no time to come.
pub(crate) fn typed(text: &str, now: &Zoned) -> Result<SnoozeTime, String> {
    let text = text.trim();
    if let Some(offered) = times(now).into_iter().find(|offered| offered.name.eq_ignore_ascii_case(text)) {
        return Ok(offered);
    }
    let until = until::until(text, now).map_err(|why| {
        format!("expected {}, found {:?}", why.expected(), text::cut(text, until::LONGEST_QUOTED))
    })?;
    let at = until.to_zoned(now.time_zone().clone());
    let day = match (at.date() == now.date(), at.year() == now.year()) {
        (true, _) => "today".to_owned(),
        (false, true) => at.strftime("%a %-d %b").to_string(),
        (false, false) => at.strftime("%a %-d %b %Y").to_string(),
    };
    let words = format!("Until {day}, {}", at.strftime("%H:%M"));
    Ok(SnoozeTime { name: until.to_string(), words, until: Some(until) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_time_is_shown_as_it_was_read() {
        // A Sunday.
        let now: Zoned = "2026-11-29T14:10:00+01:00[Europe/Berlin]".parse().unwrap();
        let cases = [
            ("2 hours", Ok(("Until today, 16:10", "2026-11-29T15:10:00Z"))),
            ("18:00", Ok(("Until today, 18:00", "2026-11-29T17:00:00Z"))),
            ("tomorrow 9:30", Ok(("Until Mon 30 Nov, 09:30", "2026-11-30T08:30:00Z"))),
            ("until friday", Ok(("Until Fri 4 Dec, 09:00", "2026-12-04T08:00:00Z"))),
            ("2027-01-04", Ok(("Until Mon 4 Jan 2027, 09:00", "2027-01-04T08:00:00Z"))),
            // By the names of those that are offered, as on the command line.
            (" Tomorrow ", Ok(("Until tomorrow, 9:00", "2026-11-30T08:00:00Z"))),
            ("change", Ok(("Until it changes", ""))),
            ("soon", Err("such as 18:00, tomorrow, next monday 14:30")),
            ("9:00 yesterday", Err("found \"9:00 yesterday\"")),
            ("2020-01-01", Err("a time that is not past yet")),
            ("", Err("expected")),
        ];
        for (text, expected) in cases {
            match (typed(text, &now), expected) {
                (Ok(time), Ok((words, until))) => {
                    assert_eq!(time.words, words, "{text}");
                    let at = time.until.map(|at| at.to_string()).unwrap_or_default();
                    assert_eq!(at, until, "{text}");
                }
                (Err(why), Err(words)) => assert!(why.contains(words), "{text}: {why}"),
                (found, expected) => panic!("{text}: {found:?}, not {expected:?}"),
            }
        }
    }

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
