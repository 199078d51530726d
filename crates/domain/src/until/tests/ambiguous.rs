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
    let not_to_come = since("monday 14:30", &early.parse().unwrap()).map_err(|expected| expected.to_string());
    assert_eq!(
        not_to_come,
        Err("a time that is not to come, such as 2h, yesterday 9:00 or 2026-11-23".to_owned())
    );
}

#[test]
fn a_weekday_is_always_to_come_whichever_it_is() {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    for day in days {
        // what is typed of a weekday -> whether it is to come whenever it is typed
        let cases = [
            (day.to_owned(), true),
            (format!("{day} 14:30"), true),
            (format!("on {day} at 9"), true),
            (format!("end of {day}"), true),
            (format!("this {day}"), false),
            (format!("end of this {day}"), day == "sunday"),
            // Only from Monday to Monday it is clear which is meant.
            (format!("next {day}"), day == "monday"),
            (format!("{day} at 5"), false),
            (format!("{day} midnight"), false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_always_to_come(&text), expected, "{text}");
        }
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
        assert_eq!(unclear_date(text, &now), expected, "{text}");
        assert!(until(example, &now).is_ok(), "{example}");
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
    let example = "a date as year-month-day, such as 2026-11-30";
    assert!(since("2026-11-30", &now).is_ok(), "what is proposed is read");
    let cases = [
        ("24.11.", Err(example)),
        ("24.12.", Err(example)),
        ("24.11.2026", Err(example)),
        ("11/24 9:00", Err(example)),
        ("31.2.", Err(example)),
        ("24 nov", Err(example)),
        // What is unclear of a time that is past is named as it is.
        ("yesterday at 5", Err("yesterday at 5am or yesterday at 5pm: 5 can be am or pm")),
        ("24 nov 2026", Ok("2026-11-23T23:00:00Z")),
        ("24 dec", Err(NOT_TO_COME)),
        ("2026-11-24", Ok("2026-11-23T23:00:00Z")),
    ];
    for (text, expected) in cases {
        let found = since(text, &now).map(|at| at.to_string()).map_err(|expected| expected.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }
}
