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
                assert!(clear.starts_with(words), "{now} {text}: {clear}");
            }
            (found, expected) => panic!("{now} {text}: {found:?}, expected {expected:?}"),
        }
    }
    assert_eq!(since("monday 14:30", &early.parse().unwrap()), Err("a time that is not to come".to_owned()));
    for text in ["monday", "wednesday 14:30", "thursday 14:30", "thursday"] {
        assert!(is_always_to_come(text), "{text}");
    }
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
        ("24-11-2020", "2027-11-24"),
    ];
    for (text, example) in cases {
        let expected = format!("a date as year-month-day, such as {example}");
        assert_eq!(until(text, &now), Err(TimeError::Ambiguous(expected)), "{text}");
        assert!(until(example, &now).is_ok(), "{example}");
    }
    // No month has that day.
    let expected = TimeError::Ambiguous("a date as year-month-day".to_owned());
    assert_eq!(until("31.2.", &now), Err(expected));
}
