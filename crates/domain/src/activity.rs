//! What happened, in numbers: how many builds passed and failed, and how long things took.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::event::EventName;

/// What happened in the last days, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Activity {
    /// One each, the oldest first.
    pub days: Vec<ActivityDay>,
    /// The middle time from red to green of a branch, in seconds, over all days.
    pub time_to_green: Option<u64>,
    /// The middle time from opened to the first review, in seconds.
    pub time_to_review: Option<u64>,
    /// The middle time from triggered to acknowledged, in seconds.
    pub time_to_acknowledge: Option<u64>,
    /// How many events and runs, of these days as far as is known, are stored and cannot be read: they are not counted.
    #[serde(default)]
    pub unreadable: u32,
}

/// A day in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct ActivityDay {
    /// Which, as `2026-11-22`.
    pub date: String,
    /// Builds that passed.
    pub passed: u32,
    /// Builds that failed.
    pub failed: u32,
    /// Runs of commands.
    pub runs: u32,
    /// The middle times of what ended on that day, in seconds.
    pub time_to_green: Option<u64>,
    /// See [`Activity::time_to_review`].
    pub time_to_review: Option<u64>,
    /// See [`Activity::time_to_acknowledge`].
    pub time_to_acknowledge: Option<u64>,
}

/// A day by the calendar of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub date: Date,
    /// When it begins.
    pub from: Timestamp,
    /// When the next one begins.
    pub to: Timestamp,
}

/// The last days, today included, the oldest first.
pub fn days(count: u16, now: Timestamp, zone: &TimeZone) -> Vec<Day> {
    let today = zone.to_datetime(now).date();
    let begins = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
    (0..i64::from(count))
        .rev()
        .filter_map(|before| {
            let date = today.checked_sub(jiff::Span::new().days(before)).ok()?;
            Some(Day { date, from: begins(date)?, to: begins(date.tomorrow().ok()?)? })
        })
        .collect()
}

/// What is counted of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Builds that passed.
    pub passed: u32,
    /// Builds that failed.
    pub failed: u32,
    /// Runs of commands.
    pub runs: u32,
}

/// How long something took. It counts on the day on which it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Took {
    /// What.
    pub what: Wait,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it was.
    pub seconds: u64,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A red branch, until it is green.
    Green,
    /// An open pull request, until its first review.
    Review,
    /// An incident, until somebody takes it.
    Acknowledge,
}

/// How long things took, from all that happened to one item, in any order.
pub fn took(events: &[(Timestamp, EventName)]) -> Vec<Took> {
    use EventName as E;
    let mut events = events.to_vec();
    events.sort_by_key(|(at, _)| *at);
    let (mut began, mut took): (Option<Timestamp>, Vec<Took>) = (None, Vec::new());
    for (at, name) in events {
        let what = match name {
            // A pull request that is opened again had its first review, or has it still to come.
            E::Failed | E::Opened => {
                began.get_or_insert(at);
                continue;
            }
            E::Triggered => {
                began = Some(at);
                continue;
            }
            // Over before anybody took it.
            E::Resolved => {
                began = None;
                continue;
            }
            E::Fixed => Wait::Green,
            E::Approved | E::ChangesRequested => Wait::Review,
            E::Acknowledged => Wait::Acknowledge,
            _ => continue,
        };
        let seconds = began.take().and_then(|began| u64::try_from(at.duration_since(began).as_secs()).ok());
        took.extend(seconds.map(|seconds| Took { what, ended_at: at, seconds }));
    }
    took
}

/// The last days in numbers, with the number of stored events and runs that cannot be read.
pub fn activity(days: &[(Day, Counts)], took: &[Took], unreadable: u32) -> Activity {
    let middle_of = |what: Wait, from: Timestamp, to: Timestamp| {
        let those = took.iter().filter(|it| it.what == what && from <= it.ended_at && it.ended_at < to);
        middle(those.map(|it| it.seconds).collect())
    };
    let from = days.first().map_or(Timestamp::MAX, |(day, _)| day.from);
    let all = |what| middle_of(what, from, Timestamp::MAX);
    let day = |(day, counts): &(Day, Counts)| ActivityDay {
        date: day.date.to_string(),
        passed: counts.passed,
        failed: counts.failed,
        runs: counts.runs,
        time_to_green: middle_of(Wait::Green, day.from, day.to),
        time_to_review: middle_of(Wait::Review, day.from, day.to),
        time_to_acknowledge: middle_of(Wait::Acknowledge, day.from, day.to),
    };
    Activity {
        time_to_green: all(Wait::Green),
        time_to_review: all(Wait::Review),
        time_to_acknowledge: all(Wait::Acknowledge),
        days: days.iter().map(day).collect(),
        unreadable,
    }
}

/// The median; of an even number the mean of the two in the middle.
fn middle(mut times: Vec<u64>) -> Option<u64> {
    times.sort_unstable();
    let half = times.len() / 2;
    match times.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(times[half]),
        _ => Some(times[half - 1].midpoint(times[half])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}:00Z").parse().unwrap()
    }

    #[test]
    fn waits_are_measured() {
        use EventName as E;
        type Case<'a> = (&'a [(&'a str, E)], &'a [(Wait, u64)]);
        let cases: [Case<'_>; 9] = [
            (
                &[("20T23:50", E::Failed), ("21T00:00", E::StillFailing), ("21T00:20", E::Fixed)],
                &[(Wait::Green, 30)],
            ),
            // Recorded late, though it came before.
            (
                &[
                    ("21T01:00", E::Failed),
                    ("21T01:10", E::Fixed),
                    ("21T02:00", E::Passed),
                    ("21T00:55", E::Fixed),
                ],
                &[(Wait::Green, 10)],
            ),
            (
                &[("21T10:00", E::Opened), ("22T10:00", E::ChangesRequested), ("22T11:00", E::Approved)],
                &[(Wait::Review, 1_440)],
            ),
            (&[("22T09:00", E::Triggered), ("22T09:04", E::Acknowledged)], &[(Wait::Acknowledge, 4)]),
            (
                &[
                    ("22T10:00", E::Triggered),
                    ("22T10:01", E::Resolved),
                    ("22T10:30", E::Triggered),
                    ("22T10:32", E::Acknowledged),
                ],
                &[(Wait::Acknowledge, 2)],
            ),
            (&[("22T10:00", E::Acknowledged)], &[]),
            (&[("22T10:00", E::Triggered), ("22T10:01", E::Resolved), ("22T10:02", E::Acknowledged)], &[]),
            // An approval that is given is no review.
            (&[("22T10:00", E::Requested), ("22T10:05", E::Approved)], &[]),
            (&[], &[]),
        ];
        for (events, expected) in cases {
            let events: Vec<_> = events.iter().map(|(time, name)| (at(time), *name)).collect();
            let found: Vec<_> = took(&events).iter().map(|it| (it.what, it.seconds / 60)).collect();
            assert_eq!(found, expected, "{events:?}");
        }
    }

    #[test]
    fn days_go_by_the_calendar() {
        let bounds = |zone: &TimeZone| {
            let days = days(2, at("22T23:30"), zone);
            days.iter().map(|day| format!("{} {} {}", day.date, day.from, day.to)).collect::<Vec<_>>()
        };
        let utc = [
            "2026-11-21 2026-11-21T00:00:00Z 2026-11-22T00:00:00Z",
            "2026-11-22 2026-11-22T00:00:00Z 2026-11-23T00:00:00Z",
        ];
        assert_eq!(bounds(&TimeZone::UTC), utc);
        let east = [
            "2026-11-22 2026-11-21T22:00:00Z 2026-11-22T22:00:00Z",
            "2026-11-23 2026-11-22T22:00:00Z 2026-11-23T22:00:00Z",
        ];
        assert_eq!(bounds(&TimeZone::fixed(jiff::tz::offset(2))), east);
    }

    #[test]
    fn wait_counts_on_the_day_it_ended() {
        let counts = [Counts { passed: 1, failed: 2, runs: 3 }, Counts::default()];
        let days: Vec<_> = days(2, at("22T13:00"), &TimeZone::UTC).into_iter().zip(counts).collect();
        let green = |time: &str, seconds| Took { what: Wait::Green, ended_at: at(time), seconds };
        let found = activity(
            &days,
            &[green("20T23:59", 1), green("21T00:00", 10), green("21T23:59", 20), green("22T01:00", 60)],
            4,
        );
        let line = |day: &ActivityDay| {
            format!("{} {}/{}/{} {:?}", day.date, day.passed, day.failed, day.runs, day.time_to_green)
        };
        let lines: Vec<String> = found.days.iter().map(line).collect();
        assert_eq!(lines, ["2026-11-21 1/2/3 Some(15)", "2026-11-22 0/0/0 Some(60)"]);
        assert_eq!((found.time_to_green, found.time_to_review, found.unreadable), (Some(20), None, 4));
    }

    #[test]
    fn the_middle_is_the_median() {
        let cases: [(&[u64], Option<u64>); 4] =
            [(&[], None), (&[5], Some(5)), (&[9, 1], Some(5)), (&[100, 1, 2], Some(2))];
        for (times, expected) in cases {
            assert_eq!(middle(times.to_vec()), expected, "{times:?}");
        }
    }
}
