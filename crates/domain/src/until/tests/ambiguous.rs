use super::*;

#[test]
fn a_weekday_on_its_own_day_is_ambiguous_while_its_time_is_to_come() {
    // A Monday, early and in the evening; and the Sunday before.
    let early = "2026-11-30T02:38:00+01:00[Europe/Berlin]";
    let evening = "2026-11-30T20:00:00+01:00[Europe/Berlin]";
    let sunday = "2026-11-29T12:00:00+01:00[Europe/Berlin]";
    let cases = [
        (early, "monday 14:30", Err("this monday 14:30 or next monday 14:30")),
        (early, "until mon at 9", Err("this monday at 9 or next monday at 9")),
        (early, "14:30 on monday", Err("this monday 14:30 or next monday 14:30")),
        (early, "monday", Err("this monday or next monday")),
        (early, "end of monday", Err("end of this monday or end of next monday")),
        // What is proposed is read.
        (early, "this monday 14:30", Ok("2026-11-30T13:30:00Z")),
        (early, "next monday 14:30", Ok("2026-12-07T13:30:00Z")),
        (early, "end of this monday", Ok("2026-11-30T23:00:00Z")),
        (early, "end of next monday", Ok("2026-12-07T23:00:00Z")),
        // Past today, or another day.
        (early, "monday 2:00", Ok("2026-12-07T01:00:00Z")),
        (early, "tuesday 14:30", Ok("2026-12-01T13:30:00Z")),
        (evening, "monday 14:30", Ok("2026-12-07T13:30:00Z")),
        (evening, "monday", Ok("2026-12-07T08:00:00Z")),
        (sunday, "monday 14:30", Ok("2026-11-30T13:30:00Z")),
    ];
    for (now, text, expected) in cases {
        match (until(text, &now.parse().unwrap()), expected) {
            (Ok(at), Ok(expected)) => assert_eq!(at.to_string(), expected, "{now} {text}"),
            (Err(TimeError::ThisOrNext(clear)), Err(words)) => {
                assert!(clear.to_string().starts_with(words), "{now} {text}: {clear}");
            }
            (found, expected) => panic!("{now} {text}: {found:?}, expected {expected:?}"),
        }
    }
    let not_to_come = past_in_words("monday 14:30", &early.parse().unwrap());
    assert_eq!(
        not_to_come,
        Err("a time that is not to come, such as 2h, yesterday 9:00 or 2026-11-23".to_owned())
    );
}

#[test]
fn the_example_for_a_date_in_another_order_is_to_come() {
    let now: Zoned = "2026-11-30T02:38:00+01:00[Europe/Berlin]".parse().unwrap();
    // what is typed -> the example
    let cases = [
        ("24.12.", "2026-12-24"),
        ("24.11.", "2027-11-24"),
        ("24/7", "2027-07-24"),
        ("3/4", "2027-03-04"),
        ("30.11.", "2027-11-30"),
        ("29.2.", "2028-02-29"),
        ("24.12.2028", "2028-12-24"),
        // Points follow a day first.
        ("2.12.", "2026-12-02"),
        ("12.1.", "2027-01-12"),
        ("12.1.2028", "2028-01-12"),
        ("11.24.", "2027-11-24"),
        // Its own year, whole or not, where that is typed.
        ("5/13/2027", "2027-05-13"),
        ("24.12.26", "2026-12-24"),
        ("30.11.2026", "2026-11-30"),
    ];
    for (text, example) in cases {
        let expected = format!("a date as year-month-day, such as {example}");
        assert_eq!(unclear_date(text, &now), expected, "{text}");
        assert!(until(example, &now).is_ok(), "{example}");
    }
    for past in ["5/13/2026", "5/13/2026 9:00", "24-11-2020", "24.11.2026", "24.11.26", "29.11.2026 18:00"] {
        assert_eq!(until(past, &now), Err(TimeError::Past), "{past}");
    }
    // No month has that day.
    assert_eq!(unclear_date("31.2.", &now), "a date as year-month-day");
}

/// What is expected instead of a date that is not clear.
#[track_caller]
fn unclear_date(text: &str, now: &Zoned) -> String {
    match until(text, now) {
        Err(TimeError::UnclearDate(clear)) => clear.to_string(),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_example_for_an_unclear_date_is_past_where_a_past_one_is_expected() {
    let now: Zoned = "2026-11-30T02:38:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("24.11.", Err("a date as year-month-day, such as 2026-11-24")),
        ("1.11.", Err("a date as year-month-day, such as 2026-11-01")),
        ("30.11.", Err("a date as year-month-day, such as 2026-11-30")),
        ("24.12.", Err("a date as year-month-day, such as 2025-12-24")),
        ("24.11.2026", Err("a date as year-month-day, such as 2026-11-24")),
        ("24.11.2020", Err("a date as year-month-day, such as 2020-11-24")),
        ("11/24 9:00", Err("a date as year-month-day, such as 2026-11-24 9:00")),
        ("24.11. at 5", Err("2026-11-24 at 5am or 2026-11-24 at 5pm: 5 can be am or pm")),
        ("30.11. 18:00", Err(NOT_TO_COME)),
        // No such day, or none that is past.
        ("31.2.", Err("a date as year-month-day")),
        ("24.11.2027", Err(NOT_TO_COME)),
        // Points follow a day first.
        ("2.12.2026", Err(NOT_TO_COME)),
        ("2.11.2026", Err("a date as year-month-day, such as 2026-11-02")),
        ("1.12. at 5", Err("2025-12-01 at 5am or 2025-12-01 at 5pm: 5 can be am or pm")),
        ("5/13/2026", Err("a date as year-month-day, such as 2026-05-13")),
        // A day without its year is the last one, unless that is almost a year ago.
        ("24 nov", Ok("2026-11-23T23:00:00Z")),
        ("nov 29th", Ok("2026-11-28T23:00:00Z")),
        ("1 sep", Ok("2026-08-31T22:00:00Z")),
        ("24 nov 9:00", Ok("2026-11-24T08:00:00Z")),
        ("30 nov", Ok("2026-11-29T23:00:00Z")),
        ("29 feb", Err("a date as year-month-day, such as 2024-02-29")),
        ("24 nov 2027", Err(NOT_TO_COME)),
        // What is unclear of a time that is past is named as it is.
        ("yesterday at 5", Err("yesterday at 5am or yesterday at 5pm: 5 can be am or pm")),
        ("24 nov 2026", Ok("2026-11-23T23:00:00Z")),
        ("24 dec", Err("a time that is not to come, such as 2h, yesterday 9:00 or 2025-12-24")),
        ("2026-11-24", Ok("2026-11-23T23:00:00Z")),
    ];
    for (text, expected) in cases {
        let found = past_in_words(text, &now);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }
}

#[test]
fn a_time_without_a_day_is_the_last_one_where_a_past_one_is_expected() {
    let now: Zoned = "2026-11-30T07:20:00+01:00[Europe/Berlin]".parse().unwrap();
    let of_today = "a time that is not to come, such as 2h, yesterday 9:00 or today";
    let cases = [
        ("6:00", Ok("2026-11-30T05:00:00Z")),
        ("6am", Ok("2026-11-30T05:00:00Z")),
        ("at 7", Ok("2026-11-30T06:00:00Z")),
        ("7:20", Ok("2026-11-30T06:20:00Z")),
        ("midnight", Ok("2026-11-29T23:00:00Z")),
        // Not yet today.
        ("7:21", Ok("2026-11-29T06:21:00Z")),
        ("18:00", Ok("2026-11-29T17:00:00Z")),
        ("noon", Ok("2026-11-29T11:00:00Z")),
        ("evening", Ok("2026-11-29T17:00:00Z")),
        ("at 5", Err("5am or 5pm: 5 can be am or pm")),
        // A day that is named is that day.
        ("today", Ok("2026-11-29T23:00:00Z")),
        ("today 6:00", Ok("2026-11-30T05:00:00Z")),
        ("today 18:00", Err(of_today)),
        ("this morning", Err(of_today)),
        ("tonight", Err(NOT_TO_COME)),
        ("tomorrow 6:00", Err(NOT_TO_COME)),
        ("until 18:00", Err(NOT_TO_COME)),
        ("in 2h", Err(NOT_TO_COME)),
        ("25:00", Err("a time from 0:00 to 23:59: there is no 25:00")),
        ("6", Err(EXPECTED_PAST)),
        // Of a weekday that is named so, the one that all mean.
        ("last friday", Ok("2026-11-26T23:00:00Z")),
        ("last friday 14:00", Ok("2026-11-27T13:00:00Z")),
    ];
    for (text, expected) in cases {
        let found = past_in_words(text, &now);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }
    let sunday: Zoned = "2026-11-29T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let both = past_in_words("last friday", &sunday);
    assert_eq!(both, Err("2026-11-27 or 2026-11-20: `last friday` can mean both".to_owned()));
}

#[test]
fn an_hour_after_until_is_refused_where_it_can_be_a_length_of_time() {
    let now: Zoned = "2026-11-25T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let both = |length: &str, time: &str, hour: &str| {
        Err(format!("for {length}h or until {time}: {hour} can be a length of time or a time of day"))
    };
    let cases = [
        ("until 17h", Err("for 17h or until 17:00: 17h can be a length of time or a time of day".to_owned())),
        ("Till 17H", both("17", "17:00", "17H")),
        ("until 13 h", both("13", "13:00", "13 h")),
        ("until 24h", both("24", "0:00", "24h")),
        ("until 12h", both("12", "12:00", "12h")),
        ("until 11h", both("11", "11:00", "11h")),
        ("until 2h", both("2", "2:00", "2h")),
        // No time at all is no length.
        ("until 0h", Err("until 0:00: 0h can be a length of time or a time of day".to_owned())),
        // No such hour, or no `until` before it.
        ("until 25h", Ok("2026-11-26T12:00:00Z")),
        ("until 17 hours", Ok("2026-11-26T04:00:00Z")),
        ("until 17m", Ok("2026-11-25T11:17:00Z")),
        ("until in 17h", Ok("2026-11-26T04:00:00Z")),
        ("17h", Ok("2026-11-26T04:00:00Z")),
        ("for 17h", Ok("2026-11-26T04:00:00Z")),
        ("until 17:00", Ok("2026-11-25T16:00:00Z")),
    ];
    for (text, expected) in cases {
        let found = to_come_in_words(text, &now);
        assert_eq!(found, expected.map(str::to_owned), "{text}");
        assert!(is_time(text), "{text}");
    }
}
