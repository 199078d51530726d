//! What happened, in numbers: how many builds passed and failed, and how long things took.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    event::{Event, EventName},
    item::{ItemKey, Kind},
};

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

/// What happened in the last days, today included, by the calendar of a time zone.
///
/// `events` are those of these days and of some time before them, so that what began earlier has its beginning; `runs`
/// are when commands were run. What took long counts on the day on which it ended.
pub fn activity(
    events: &[Event],
    runs: &[Timestamp],
    days: u16,
    now: Timestamp,
    zone: &TimeZone,
) -> Activity {
    let date = |at: Timestamp| zone.to_datetime(at).date();
    let today = date(now);
    let mut tallies: Vec<(Date, Tally)> = (0..i64::from(days))
        .rev()
        .filter_map(|before| {
            Some((today.checked_sub(jiff::Span::new().days(before)).ok()?, Tally::default()))
        })
        .collect();
    let mut add = |at: Timestamp, count: &mut dyn FnMut(&mut Tally)| {
        let day = date(at);
        if let Some((_, tally)) = tallies.iter_mut().find(|(date, _)| *date == day) {
            count(tally);
        }
    };
    runs.iter().for_each(|at| add(*at, &mut |tally| tally.runs += 1));
    let mut events: Vec<&Event> = events.iter().collect();
    events.sort_by_key(|event| (event.at, event.id));
    let mut began: HashMap<&ItemKey, Timestamp> = HashMap::new();
    for event in events {
        use EventName as E;
        let took = |began: Option<Timestamp>| {
            let seconds = event.at.duration_since(began?).as_secs();
            u64::try_from(seconds).ok()
        };
        match (event.item.kind, event.name) {
            (Kind::Build, E::Passed) => add(event.at, &mut |tally| tally.passed += 1),
            (Kind::Build, E::Failed) => {
                began.entry(&event.item).or_insert(event.at);
                add(event.at, &mut |tally| tally.failed += 1);
            }
            (Kind::Build, E::StillFailing) => add(event.at, &mut |tally| tally.failed += 1),
            (Kind::Build, E::Fixed) => {
                let took = took(began.remove(&event.item));
                add(event.at, &mut |tally| {
                    tally.passed += 1;
                    tally.to_green.extend(took);
                });
            }
            // A pull request that is opened again had its first review, or has it still to come.
            (Kind::PullRequest, E::Opened) => drop(began.entry(&event.item).or_insert(event.at)),
            (Kind::PullRequest, E::Approved | E::ChangesRequested) => {
                let took = took(began.remove(&event.item));
                add(event.at, &mut |tally| tally.to_review.extend(took));
            }
            (Kind::Incident, E::Triggered) => drop(began.insert(&event.item, event.at)),
            (Kind::Incident, E::Acknowledged) => {
                let took = took(began.remove(&event.item));
                add(event.at, &mut |tally| tally.to_acknowledge.extend(took));
            }
            // Over before anybody took it.
            (Kind::Incident, E::Resolved) => drop(began.remove(&event.item)),
            _ => {}
        }
    }
    let all = |of: fn(&Tally) -> &Vec<u64>| {
        middle(tallies.iter().flat_map(|(_, tally)| of(tally)).copied().collect())
    };
    Activity {
        time_to_green: all(|tally| &tally.to_green),
        time_to_review: all(|tally| &tally.to_review),
        time_to_acknowledge: all(|tally| &tally.to_acknowledge),
        days: tallies.into_iter().map(|(date, tally)| tally.day(date)).collect(),
    }
}

/// What is counted of a day.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
    runs: u32,
    to_green: Vec<u64>,
    to_review: Vec<u64>,
    to_acknowledge: Vec<u64>,
}

impl Tally {
    fn day(self, date: Date) -> ActivityDay {
        ActivityDay {
            date: date.to_string(),
            passed: self.passed,
            failed: self.failed,
            runs: self.runs,
            time_to_green: middle(self.to_green),
            time_to_review: middle(self.to_review),
            time_to_acknowledge: middle(self.to_acknowledge),
        }
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

    fn events(lines: &[(&str, &str, EventName)]) -> Vec<Event> {
        let event = |(id, (time, item, name)): (i64, &(&str, &str, EventName))| Event {
            id,
            item: item.parse().unwrap(),
            name: *name,
            at: at(time),
            seen_at: at(time),
            old: false,
            moot: false,
            by: None,
            summary: String::new(),
        };
        (1..).zip(lines).map(event).collect()
    }

    /// `date passed/failed/runs green review acknowledge`
    fn line(day: &ActivityDay) -> String {
        let ActivityDay { date, passed, failed, runs, .. } = day;
        let time = |time: Option<u64>| time.map_or("-".to_owned(), |seconds| (seconds / 60).to_string());
        let times = [day.time_to_green, day.time_to_review, day.time_to_acknowledge].map(time).join(" ");
        format!("{date} {passed}/{failed}/{runs} {times}")
    }

    #[test]
    fn days_are_counted_and_times_taken() {
        use EventName as E;
        let happened = events(&[
            ("20T23:50", "f/build/web@main", E::Failed),
            ("21T00:00", "f/build/web@main", E::StillFailing),
            ("21T00:20", "f/build/web@main", E::Fixed),
            ("21T01:00", "f/build/api@main", E::Failed),
            ("21T01:10", "f/build/api@main", E::Fixed),
            ("21T02:00", "f/build/api@main", E::Passed),
            // Seen late, though it came before.
            ("21T00:55", "f/build/cli@main", E::Fixed),
            ("21T10:00", "f/pull_request/web#1", E::Opened),
            ("22T10:00", "f/pull_request/web#1", E::ChangesRequested),
            ("22T11:00", "f/pull_request/web#1", E::Approved),
            ("22T09:00", "p/incident/db1", E::Triggered),
            ("22T09:04", "p/incident/db1", E::Acknowledged),
            ("22T10:00", "p/incident/db2", E::Triggered),
            ("22T10:01", "p/incident/db2", E::Resolved),
            ("22T10:30", "p/incident/db2", E::Triggered),
            ("22T10:32", "p/incident/db2", E::Acknowledged),
        ]);
        let runs = [at("20T12:00"), at("22T12:00"), at("22T12:01")];
        let utc = TimeZone::UTC;
        let found = activity(&happened, &runs, 3, at("22T13:00"), &utc);
        let lines: Vec<String> = found.days.iter().map(line).collect();
        let expected = ["2026-11-20 0/1/1 - - -", "2026-11-21 4/2/0 20 - -", "2026-11-22 0/0/2 - 1440 3"];
        assert_eq!(lines, expected);
        assert_eq!(found.time_to_green, Some(20 * 60));
        assert_eq!(found.time_to_review, Some(86_400));
        assert_eq!(found.time_to_acknowledge, Some(3 * 60));

        // The same by another calendar, and of fewer days: what began before them still has its beginning.
        let east = TimeZone::fixed(jiff::tz::offset(2));
        let found = activity(&happened, &runs, 2, at("22T13:00"), &east);
        let lines: Vec<String> = found.days.iter().map(line).collect();
        assert_eq!(lines, ["2026-11-21 4/3/0 20 - -", "2026-11-22 0/0/2 - 1440 3"]);

        let nothing = activity(&[], &[], 1, at("22T13:00"), &utc);
        assert_eq!(
            (line(&nothing.days[0]).as_str(), nothing.time_to_green),
            ("2026-11-22 0/0/0 - - -", None)
        );
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
