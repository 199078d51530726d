//! When what happened to an incident is dated.

use jiff::Timestamp;

use crate::{
    event::{
        Change,
        EventName::{self, *},
        compare, compare_read, missed,
    },
    item::{
        Assignment, IncidentStatus, Item, User,
        examples::{at, incident},
    },
};

fn dates(change: Change) -> Vec<(EventName, Option<Timestamp>)> {
    change.transitions.into_iter().map(|it| (it.name, it.at)).collect()
}

/// How it was, how it is read next -> what happened, and the minute; none where the service does not give it, and it is dated when
/// it was seen.
#[test]
fn no_event_takes_the_time_of_another() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    // Begun at minute 1 where that is known, changed at that minute.
    let dated = |began: Option<i64>, changed: Timestamp, status| {
        incident(|i| {
            i.started_at = began.map_or(Timestamp::UNIX_EPOCH, at);
            i.start_unknown = began.is_none();
            (i.updated_at, i.status) = (changed, status);
        })
    };
    let one = |changed, status| dated(Some(1), at(changed), status);
    let undated = |status| dated(None, Timestamp::UNIX_EPOCH, status);
    type Case<'a> = (&'a str, Option<Item>, Item, &'a [(EventName, Option<i64>)]);
    let cases: [Case<'_>; 15] = [
        ("it began", None, one(1, T), &[(Triggered, Some(1))]),
        ("its beginning is not known", None, undated(T), &[(Triggered, None)]),
        ("taken", Some(one(1, T)), one(2, A), &[(Acknowledged, Some(2))]),
        ("taken, undated", Some(one(1, T)), one(1, A), &[(Acknowledged, None)]),
        ("let go", Some(one(2, A)), one(3, T), &[(Unacknowledged, Some(3))]),
        ("let go, undated", Some(one(1, A)), one(1, T), &[(Unacknowledged, None)]),
        ("let go, dated as it was taken", Some(one(2, A)), one(2, T), &[(Unacknowledged, None)]),
        ("over", Some(one(1, T)), one(4, R), &[(Resolved, Some(4))]),
        ("over, undated", Some(one(1, T)), one(1, R), &[(Resolved, None)]),
        ("over, dated as it was taken", Some(one(2, A)), one(2, R), &[(Resolved, None)]),
        ("back", Some(one(4, R)), one(5, T), &[(Triggered, Some(5))]),
        ("back, undated", Some(one(1, R)), one(1, T), &[(Triggered, None)]),
        ("taken, and nothing is dated", Some(undated(T)), undated(A), &[(Acknowledged, None)]),
        ("over, and nothing is dated", Some(undated(T)), undated(R), &[(Resolved, None)]),
        ("first seen when it is held", None, one(1, A), &[(Triggered, Some(1)), (Acknowledged, None)]),
    ];
    for (name, stored, read, expected) in cases {
        let stored = stored.map(|stored| compare(None, stored).item);
        let expected: Vec<_> = expected.iter().map(|(name, minute)| (*name, minute.map(at))).collect();
        assert_eq!(dates(compare_read(stored.as_ref(), read)), expected, "{name}");
    }
    // An end that is inferred has the time of the listing.
    let stored = compare(None, one(1, T)).item;
    assert_eq!(missed(&stored, at(6)).map(dates), Some(vec![(Resolved, Some(at(6)))]));
}

/// As of when others are asked -> when that is dated. The others are asked as of minute 2.
#[test]
fn assignment_is_dated_by_its_own_time() {
    let asked = |minute, to: &str| {
        incident(|i| i.assigned = Some(Assignment { at: at(minute), to: vec![User::named(to)], by: None }))
    };
    for (minute, expected) in [(3, Some(at(3))), (2, None)] {
        let stored = compare(None, asked(2, "bo")).item;
        assert_eq!(
            dates(compare_read(Some(&stored), asked(minute, "cy"))),
            [(Reassigned, expected)],
            "{minute}"
        );
    }
}
