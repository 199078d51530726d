//! Quiet: when only important notifications are shown.

use jiff::{Timestamp, civil, tz::TimeZone};

use crate::api::QuietStatus;

/// Whether only important notifications are shown, and until when: of quiet hours and a person's wish the longer one.
pub(super) fn quiet(
    asked: Option<Timestamp>,
    hours: Option<(civil::Time, civil::Time)>,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<QuietStatus> {
    let asked = asked.filter(|end| now < *end).map(|until| QuietStatus { until, manual: true });
    let hours = quiet_hours_end(hours, now, zone).map(|until| QuietStatus { until, manual: false });
    asked.into_iter().chain(hours).max_by_key(|quiet| (quiet.until, quiet.manual))
}

/// When the quiet hours end that are now, by the clock on the wall; `None` outside of them.
fn quiet_hours_end(
    hours: Option<(civil::Time, civil::Time)>,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let (from, to) = hours?;
    let wall = zone.to_datetime(now);
    let time = wall.time();
    let ends = match from <= to {
        true if from <= time && time < to => wall.date(),
        false if time < to => wall.date(),
        false if from <= time => wall.date().tomorrow().ok()?,
        _ => return None,
    };
    zone.to_timestamp(ends.to_datetime(to)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_go_over_midnight_and_end() {
        let hours = |from: &str, to: &str| Some((from.parse().unwrap(), to.parse().unwrap()));
        let at = |time: &str| format!("2026-11-{time}Z").parse::<Timestamp>().unwrap();
        let night = hours("22:00", "07:00");
        let noon = hours("12:00", "13:00");
        let until = |manual, time| Some(QuietStatus { until: at(time), manual });
        let cases = [
            (None, night, "22T21:59:59", None),
            (None, night, "22T22:00:00", until(false, "23T07:00:00")),
            (None, night, "22T00:00:00", until(false, "22T07:00:00")),
            (None, night, "22T06:59:59", until(false, "22T07:00:00")),
            (None, night, "22T07:00:00", None),
            (None, noon, "22T12:30:00", until(false, "22T13:00:00")),
            (None, noon, "22T13:00:00", None),
            (None, hours("12:00", "12:00"), "22T12:00:00", None),
            (None, None, "22T03:00:00", None),
            (Some("22T12:40:00"), noon, "22T12:30:00", until(false, "22T13:00:00")),
            (Some("22T14:00:00"), noon, "22T12:30:00", until(true, "22T14:00:00")),
            (Some("22T13:00:00"), noon, "22T12:30:00", until(true, "22T13:00:00")),
            (Some("22T12:00:00"), None, "22T12:00:00", None),
        ];
        for (asked, hours, now, expected) in cases {
            let found = quiet(asked.map(at), hours, at(now), &TimeZone::UTC);
            assert_eq!(found, expected, "{asked:?}, {hours:?} at {now}");
        }
    }
}
