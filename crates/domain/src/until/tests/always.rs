//! Times that are clear and to come whenever they are typed.

use super::*;

#[test]
fn only_always_future_times_are_proposed() {
    for text in [
        "2h",
        "tomorrow",
        "monday 14:30",
        "18:00",
        "2:30",
        "midnight",
        "tonight at 1:30",
        "end of day",
        "end of month",
        "in 2 weeks",
        "a month from now",
        "next month",
        "next year",
        "next monday 14:30",
    ] {
        assert!(is_always_to_come(text), "{text}");
    }
    for text in [
        "31 feb",
        "25:00",
        "yesterday",
        "-2h",
        "2h ago",
        "24.11.",
        "tomorrow at 5",
        "today",
        "2020-01-01",
        "2070-02-01",
        // Just gone by, its year is asked for.
        "1 feb",
        "feb 1st 14:00",
        "end of 1 feb",
        "1 jul UTC",
        "1 sep",
        "24 nov",
        "soon",
        "",
    ] {
        assert!(!is_always_to_come(text), "{text}");
    }
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
