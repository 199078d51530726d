mod always;
mod ambiguous;
mod daylight_saving;
mod follow;
mod proposals;
mod prose;
mod zones;

use super::*;

/// What is expected instead of a time to come that names no weekday.
const NOT_TO_COME: &str = "a time that is not to come, such as 2h or yesterday 9:00";

/// What a text means where a time to come is expected, or what is expected instead.
fn to_come_in_words(text: &str, now: &Zoned) -> Result<String, String> {
    until(text, now).map(|at| at.to_string()).map_err(|why| why.expected().to_string())
}

/// And where a past one is.
fn past_in_words(text: &str, now: &Zoned) -> Result<String, String> {
    since(text, now).map(|at| at.to_string()).map_err(|expected| expected.to_string())
}

/// True where a text means that, or where what is expected instead has those words.
fn agrees(found: &Result<String, String>, expected: Result<&str, &str>) -> bool {
    match (found, expected) {
        (Ok(at), Ok(expected)) => at == expected,
        (Err(why), Err(words)) => why.contains(words),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

#[test]
fn a_time_is_read_as_people_write_it() {
    // A Sunday.
    let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("2h", Some("2026-11-22T13:00:00Z")),
        ("2 hours", Some("2026-11-22T13:00:00Z")),
        ("in 2 hours", Some("2026-11-22T13:00:00Z")),
        ("for 1 week", Some("2026-11-29T11:00:00Z")),
        ("1w", Some("2026-11-29T11:00:00Z")),
        ("9am", Some("2026-11-23T08:00:00Z")),
        ("at 6 PM", Some("2026-11-22T17:00:00Z")),
        ("6:30pm", Some("2026-11-22T17:30:00Z")),
        ("12am", Some("2026-11-22T23:00:00Z")),
        ("12pm", Some("2026-11-23T11:00:00Z")),
        ("noon", Some("2026-11-23T11:00:00Z")),
        ("midnight", Some("2026-11-22T23:00:00Z")),
        ("tonight", Some("2026-11-22T19:00:00Z")),
        ("Tonight at 10pm", Some("2026-11-22T21:00:00Z")),
        ("until tomorrow 9:00", Some("2026-11-23T08:00:00Z")),
        ("tomorrow at 2 pm", Some("2026-11-23T13:00:00Z")),
        ("monday noon", Some("2026-11-23T11:00:00Z")),
        ("1h 30m", Some("2026-11-22T12:30:00Z")),
        ("1 H", Some("2026-11-22T12:00:00Z")),
        ("in 1H", Some("2026-11-22T12:00:00Z")),
        ("1M", None),
        ("1 M", None),
        ("in 1 M from now", None),
        ("1 Minute", Some("2026-11-22T11:01:00Z")),
        // A length is one, and not the sum of several.
        ("1h 2h", None),
        ("1d 1 day", None),
        ("18:00", Some("2026-11-22T17:00:00Z")),
        ("9:30", Some("2026-11-23T08:30:00Z")),
        ("12:00", Some("2026-11-23T11:00:00Z")),
        ("today 18:00", Some("2026-11-22T17:00:00Z")),
        ("today", None),
        ("tomorrow", Some("2026-11-23T08:00:00Z")),
        ("Tomorrow 14:00", Some("2026-11-23T13:00:00Z")),
        ("monday", Some("2026-11-23T08:00:00Z")),
        ("mon 14:30", Some("2026-11-23T13:30:00Z")),
        ("sunday", Some("2026-11-29T08:00:00Z")),
        ("2026-11-24", Some("2026-11-24T08:00:00Z")),
        ("2026-11-24 10:00", Some("2026-11-24T09:00:00Z")),
        ("2026-11-24T10:00", Some("2026-11-24T09:00:00Z")),
        ("2026-11-24T10:00:00Z", Some("2026-11-24T10:00:00Z")),
        ("2026-11-21", None),
        ("2026-11-22T10:00:00Z", None),
        ("0s", None),
        ("", None),
        ("soon", None),
        ("mo", None),
        ("mondays", None),
        ("monday 9", None),
        ("until", None),
        ("13pm", None),
        ("0am", None),
        ("am", None),
        ("25:00", None),
        ("9:5", None),
        ("the deploy is done", None),
        ("2026-13-01", None),
    ];
    for (text, expected) in cases {
        let found = until(text, &now);
        assert_eq!(found.as_ref().ok().map(ToString::to_string).as_deref(), expected, "{text:?}: {found:?}");
    }
    let refused = |text: &str| until(text, &now).unwrap_err();
    assert_eq!(refused("2026-11-21"), TimeError::Past);
    assert_eq!(refused("0s"), TimeError::Past);
    assert_eq!(refused("soon"), TimeError::NotATime);
    assert!(is_time("2026-11-21") && is_time("monday 14:30") && !is_time("monday fix"));
}

#[test]
fn a_time_that_is_past_is_read_as_people_write_it() {
    let now: Zoned = "2026-11-22T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("2h", Ok("2026-11-22T09:00:00Z")),
        (" 2 hours ", Ok("2026-11-22T09:00:00Z")),
        ("2 hours ago", Ok("2026-11-22T09:00:00Z")),
        ("two weeks ago", Ok("2026-11-08T11:00:00Z")),
        ("-2h", Ok("2026-11-22T09:00:00Z")),
        ("\u{2212}2h", Ok("2026-11-22T09:00:00Z")),
        ("0s", Ok("2026-11-22T11:00:00Z")),
        ("yesterday", Ok("2026-11-20T23:00:00Z")),
        ("yesterday 9:00", Ok("2026-11-21T08:00:00Z")),
        ("2026-11-21", Ok("2026-11-20T23:00:00Z")),
        ("2026-11-21T10:00", Ok("2026-11-21T09:00:00Z")),
        ("2026-11-22T10:00:00Z", Ok("2026-11-22T10:00:00Z")),
        ("2026-11-22T11:00:00Z", Ok("2026-11-22T11:00:00Z")),
        ("2026-11-22T11:00:01Z", Err(NOT_TO_COME)),
        ("tomorrow", Err(NOT_TO_COME)),
        ("in 2h", Err(NOT_TO_COME)),
        ("2h from now", Err(NOT_TO_COME)),
        ("---2h", Err(EXPECTED_PAST)),
        ("2h agoago", Err(EXPECTED_PAST)),
        ("soon", Err(EXPECTED_PAST)),
        ("", Err(EXPECTED_PAST)),
        ("2026-02-30", Err("a day that its month has: February 2026 has no 30th, it has 28 days")),
        ("300 years", Err("a time within 100 years")),
    ];
    for (text, expected) in cases {
        let found = past_in_words(text, &now);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text:?}");
    }
}

#[test]
fn a_time_is_understood_whole_or_refused_whole() {
    // A Wednesday, a month and a day before the clocks go forward in Berlin.
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let past = || TimeError::Past.expected().to_string();
    let far = || TimeError::TooFar.expected().to_string();
    let cases = [
        // Days and parts of them.
        ("monday morning", Ok("2027-03-01T08:00:00Z")),
        ("Monday afternoon", Ok("2027-03-01T13:00:00Z")),
        ("fri evening", Ok("2027-02-26T17:00:00Z")),
        ("tomorrow night", Ok("2027-02-25T19:00:00Z")),
        ("tomorrow in the morning", Ok("2027-02-25T08:00:00Z")),
        ("morning", Ok("2027-02-25T08:00:00Z")),
        ("this evening", Ok("2027-02-24T17:00:00Z")),
        ("this morning", Err(past())),
        ("the day after tomorrow", Ok("2027-02-26T08:00:00Z")),
        ("day after tomorrow at 9am", Ok("2027-02-26T08:00:00Z")),
        ("on friday", Ok("2027-02-26T08:00:00Z")),
        ("this friday", Ok("2027-02-26T08:00:00Z")),
        ("this monday", Err(past())),
        ("next monday", Ok("2027-03-01T08:00:00Z")),
        ("next monday 14:00", Ok("2027-03-01T13:00:00Z")),
        ("next friday", Err("2027-02-26 or 2027-03-05".to_owned())),
        ("next week", Ok("2027-03-01T08:00:00Z")),
        ("next month", Ok("2027-03-01T08:00:00Z")),
        ("next year", Ok("2028-01-01T08:00:00Z")),
        ("end of day", Ok("2027-02-24T23:00:00Z")),
        ("EOD", Ok("2027-02-24T23:00:00Z")),
        ("end of the week", Ok("2027-02-28T23:00:00Z")),
        ("end of month", Ok("2027-02-28T23:00:00Z")),
        ("end of friday", Ok("2027-02-26T23:00:00Z")),
        ("end of day 9:00", Err(EXPECTED.to_owned())),
        ("end of wednesday 9:00", Err(EXPECTED.to_owned())),
        ("end of next friday 9:00", Err(EXPECTED.to_owned())),
        // Hours: 12 and 24 of them.
        ("tomorrow at 9", Ok("2027-02-25T08:00:00Z")),
        ("monday, 9:00", Ok("2027-03-01T08:00:00Z")),
        ("tomorrow at 21", Ok("2027-02-25T20:00:00Z")),
        ("tomorrow at 12", Ok("2027-02-25T11:00:00Z")),
        ("tomorrow at 5", Err("tomorrow at 5am or tomorrow at 5pm".to_owned())),
        ("yesterday at 5", Err(past())),
        ("at 5", Err("5am or 5pm".to_owned())),
        ("tomorrow at 05:00", Ok("2027-02-25T04:00:00Z")),
        ("tomorrow at 24", Err(EXPECTED.to_owned())),
        ("9 o'clock", Ok("2027-02-25T08:00:00Z")),
        ("9 a.m.", Ok("2027-02-25T08:00:00Z")),
        ("12:30 pm", Ok("2027-02-24T11:30:00Z")),
        ("0:30", Ok("2027-02-24T23:30:00Z")),
        ("13:00 pm", Err("there is no 13:00 pm".to_owned())),
        ("9am tomorrow", Ok("2027-02-25T08:00:00Z")),
        ("18:00 on friday", Ok("2027-02-26T17:00:00Z")),
        ("at noon", Ok("2027-02-25T11:00:00Z")),
        ("tonight at 9", Ok("2027-02-24T20:00:00Z")),
        ("tonight at 1:30", Ok("2027-02-25T00:30:00Z")),
        ("tonight at midnight", Ok("2027-02-24T23:00:00Z")),
        ("monday midnight", Err("2027-03-01 0:00 or 2027-03-02 0:00".to_owned())),
        ("monday 9", Err(EXPECTED.to_owned())),
        ("9:00 UTC", Ok("2027-02-25T09:00:00Z")),
        ("half past 9", Err(EXPECTED.to_owned())),
        // Lengths.
        ("in 2 weeks", Ok("2027-03-10T11:00:00Z")),
        ("until in two weeks", Ok("2027-03-10T11:00:00Z")),
        ("a week from now", Ok("2027-03-03T11:00:00Z")),
        ("half an hour", Ok("2027-02-24T11:30:00Z")),
        ("an hour", Ok("2027-02-24T12:00:00Z")),
        ("in 1 month", Ok("2027-03-24T11:00:00Z")),
        ("in 2 months", Ok("2027-04-24T10:00:00Z")),
        ("a few hours", Err(EXPECTED.to_owned())),
        // Dates.
        ("November 24th", Ok("2027-11-24T08:00:00Z")),
        ("24 nov", Ok("2027-11-24T08:00:00Z")),
        ("1 feb", Err("the year too, such as 2028-02-01".to_owned())),
        ("1 feb 2028", Ok("2028-02-01T08:00:00Z")),
        ("nov 24, 2028 18:00", Ok("2028-11-24T17:00:00Z")),
        ("30 feb", Err("February has no 30th".to_owned())),
        ("29 feb", Err("the year too, such as 2028-02-29".to_owned())),
        ("29 feb 2028", Ok("2028-02-29T08:00:00Z")),
        ("24.11.2027", Err("year-month-day".to_owned())),
        ("24.11.", Err("year-month-day".to_owned())),
        ("24.11. 9:00", Err("year-month-day".to_owned())),
        ("11/24", Err("year-month-day".to_owned())),
        ("until 3/4", Err("year-month-day".to_owned())),
        ("1.4.2", Err(EXPECTED.to_owned())),
        ("13/14", Err(EXPECTED.to_owned())),
        ("24-11-2027", Err("year-month-day".to_owned())),
        ("2027-11-24 9am", Ok("2027-11-24T08:00:00Z")),
        ("2027-11-24T10:00:00+05:00", Ok("2027-11-24T05:00:00Z")),
        ("2027-11-24T10:00[Asia/Tokyo]", Ok("2027-11-24T01:00:00Z")),
        // A zone that nobody knows is not the local one.
        ("2027-11-24T10:00[Europe/Berln]", Err("a time zone that is known".to_owned())),
        ("2027-11-24 10:00[Europe/Berln]", Err("a time zone that is known".to_owned())),
        ("2027-11-24[Europe/Berln]", Err("a time zone that is known".to_owned())),
        ("2027-11-24T10:00[Europe/Berlin", Err("a time zone that is known".to_owned())),
        ("9999-12-31T23:59:59[Asia/Tokyo]", Err(far())),
        ("fixing [db] at last", Err(EXPECTED.to_owned())),
        ("2027-02-23", Err(past())),
        ("1 jan 2020", Err(past())),
        // The clock skips from 2:00 to 3:00, and later shows 2:30 twice.
        ("2027-03-28 02:30", Err("the clock skips 02:30 on 2027-03-28".to_owned())),
        ("2027-10-31 02:30", Err("the clock shows 02:30 twice on 2027-10-31".to_owned())),
        // A century is the most.
        ("2127-02-01", Ok("2127-02-01T08:00:00Z")),
        ("9999-12-31", Err(far())),
        ("9999-12-31T23:59:59Z", Err(far())),
        ("2900-01-01", Err(far())),
        ("999999999d", Err(far())),
        ("99999999999999999999 weeks", Err(far())),
        ("2000 years", Err(far())),
        ("9999 months", Err(far())),
        ("99999 months", Err(far())),
    ];
    for (text, expected) in cases {
        let found = to_come_in_words(text, &now);
        let is_right = agrees(&found, expected.as_ref().copied().map_err(String::as_str));
        assert!(is_right, "{text:?}: {found:?}, expected {expected:?}");
    }
}

#[test]
fn impossible_dates_and_times_are_named() {
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("31 feb", "a day that its month has: February has no 31st, it has 28 days in 2027"),
        ("until february 32nd", "February has no 32nd"),
        ("Feb 30, 2028 9:00", "February 2028 has no 30th"),
        ("29 feb 2027", "February 2027 has no 29th, it has 28 days"),
        // January is past: the one that comes is next year's.
        ("32 jan", "January has no 32nd, it has 31 days in 2028"),
        ("31 nov", "November has no 31st"),
        ("0 nov", "November has no 0th"),
        ("25:00", "a time from 0:00 to 23:59: there is no 25:00"),
        ("24:00", "there is no 24:00"),
        ("24:61", "there is no 24:61"),
        ("tomorrow at 9:60", "there is no 9:60"),
        ("25:00 on friday", "there is no 25:00"),
        ("13pm", "an hour from 1 to 12 with pm: there is no 13pm"),
        ("tomorrow 0 a.m.", "there is no 0 am"),
        ("2027-13-01", "a month from 01 to 12: there is no month 13"),
        ("2027-00-01", "there is no month 00"),
        ("2027-02-29", "February 2027 has no 29th"),
        ("2027-02-30 10:00", "February 2027 has no 30th"),
        ("2027-04-31T10:00", "April 2027 has no 31st"),
        ("2027-04-30T25:00", "there is no 25:00"),
        // Both are wrong: the first is named.
        ("31 feb 25:00", "February has no 31st"),
    ];
    for (text, words) in cases {
        match until(text, &now) {
            Err(TimeError::Impossible(what)) => assert!(what.contains(words), "{text}: {what}"),
            other => panic!("{text}: {other:?}"),
        }
        assert!(is_time(text), "{text}");
    }
    // What is more than a time is not taken for one because of a part of it.
    for text in [
        "25:00 known",
        "31 feb is over",
        "ratio 10:75",
        "team 99:99 score",
        "1:2:99",
        "2027-13-01-x",
        "é5:99",
    ] {
        assert_eq!(until(text, &now), Err(TimeError::NotATime), "{text}");
    }
}

#[test]
fn digits_of_other_scripts_are_read() {
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("５h", "2027-02-24T16:00:00Z"),
        ("\u{665}h", "2027-02-24T16:00:00Z"),
        ("in \u{6f2} hours", "2027-02-24T13:00:00Z"),
        ("１８：００", "2027-02-24T17:00:00Z"),
        ("२०२७-०२-२६", "2027-02-26T08:00:00Z"),
        ("２６　ｆｅｂ", "2027-02-26T08:00:00Z"),
    ];
    for (text, expected) in cases {
        assert_eq!(until(text, &now).map(|at| at.to_string()).as_deref(), Ok(expected), "{text}");
        assert!(is_time(text), "{text}");
    }
    assert_eq!(since("５h", &now).map(|at| at.to_string()).as_deref(), Ok("2027-02-24T06:00:00Z"));
}

#[test]
fn a_time_of_another_keyboard_layout_is_refused_with_what_it_would_be() {
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let on_keyboard =
        |expected: &str, keys: &str| format!("{expected} (typed on another keyboard layout? {keys:?})");
    let no_such_day = "a day that its month has: February has no 31st, it has 28 days in 2027";
    let cases = [
        ("2р", Some(on_keyboard(EXPECTED, "2h"))),
        ("2η", Some(on_keyboard(EXPECTED, "2h"))),
        ("2і", Some(on_keyboard(EXPECTED, "2s"))),
        ("ьщтвфн 9Ж30", Some(on_keyboard(EXPECTED, "monday 9:30"))),
        ("31 ауи", Some(on_keyboard(no_such_day, "31 feb"))),
        ("нуыеуквфн", Some(on_keyboard("a time that is not past yet", "yesterday"))),
        // No time by its keys either.
        ("5м", None),
        ("ыщщт", None),
        ("тест", None),
    ];
    for (text, expected) in cases {
        let expected = expected.map_or(TimeError::NotATime, TimeError::OtherLayout);
        assert_eq!(until(text, &now), Err(expected), "{text}");
        assert!(!is_time(text), "{text}");
    }
    let past = [
        ("2р", on_keyboard(EXPECTED_PAST, "2h")),
        ("31 ауи", on_keyboard(no_such_day, "31 feb")),
        ("ещьщккщц", on_keyboard(NOT_TO_COME, "tomorrow")),
        ("ыщщт", EXPECTED_PAST.to_owned()),
    ];
    for (text, expected) in past {
        assert_eq!(past_in_words(text, &now), Err(expected), "{text}");
    }
}

#[test]
fn text_after_a_time_is_named_in_the_error() {
    let wednesday = "2027-02-24T12:00:00+01:00[Europe/Berlin]";
    // A Monday before 9:00, and after it.
    let early = "2026-11-30T08:00:00+01:00[Europe/Berlin]";
    let later = "2026-11-30T10:00:00+01:00[Europe/Berlin]";
    let cases = [
        (wednesday, "tomorrow at 9 deploying", "\"tomorrow at 9\" is one, and \"deploying\" after it"),
        (wednesday, "2h fixing the disk", "\"2h\" is one, and \"fixing the disk\" after it"),
        (wednesday, "monday 9", "\"monday\" is one, and \"9\" after it"),
        (early, "monday 14:30 deploying", "\"monday 14:30\" is one, and \"deploying\" after it"),
        (later, "monday 14:30 deploying", "\"monday 14:30\" is one, and \"deploying\" after it"),
        (later, "monday 9:00 deploying", "\"monday 9:00\" is one, and \"deploying\" after it"),
        (early, "monday deploying", "\"monday\" is one, and \"deploying\" after it"),
        (wednesday, "1000s of errors", "\"1000s\" is one, and \"of errors\" after it"),
        (later, "monday deploying", "\"monday\" is one, and \"deploying\" after it"),
    ];
    for (now, text, words) in cases {
        match until(text, &now.parse().unwrap()) {
            Err(TimeError::Followed(what)) => {
                assert!(what.starts_with(EXPECTED) && what.contains(words), "{now} {text}: {what}");
            }
            other => panic!("{now} {text}: {other:?}"),
        }
    }
    // What is too long to be read is cut.
    let long = until(&format!("tomorrow {}", "x".repeat(10_000)), &wednesday.parse().unwrap());
    let expected = long.unwrap_err().expected().to_string();
    assert!(expected.contains("xxx…\" after it") && expected.len() < 1_000, "{expected}");
    // Only what is to come by itself is said to be one.
    assert_eq!(until("yesterday deploying", &wednesday.parse().unwrap()), Err(TimeError::NotATime));
}

#[test]
fn statuses_of_responses_are_no_times_unless_a_length_is_meant() {
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("404s", Err("for 404s or 6m 44s: 404s can be the status of responses too")),
        ("until 404s", Err("for 404s or 6m 44s: 404s can be the status of responses too")),
        (" 500S ", Err("for 500S or 8m 20s: 500S can be the status of responses too")),
        ("404s on checkout", Err(EXPECTED)),
        ("for 404s", Ok("2027-02-24T11:06:44Z")),
        ("in 404s", Ok("2027-02-24T11:06:44Z")),
        ("404 seconds", Ok("2027-02-24T11:06:44Z")),
        ("6m 44s", Ok("2027-02-24T11:06:44Z")),
        // No such status.
        ("90s", Ok("2027-02-24T11:01:30Z")),
        ("600s", Ok("2027-02-24T11:10:00Z")),
        ("1000s", Ok("2027-02-24T11:16:40Z")),
        ("3600s", Ok("2027-02-24T12:00:00Z")),
        ("404m", Ok("2027-02-24T17:44:00Z")),
    ];
    for (text, expected) in cases {
        let found = to_come_in_words(text, &now);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text:?}");
    }
    // It is refused where a past one is expected as well, with the length that is past there.
    let past = past_in_words("404s", &now);
    assert_eq!(past, Err("6m 44s: 404s can be the status of responses too".to_owned()));
    assert_eq!(since("90s", &now).map(|at| at.to_string()).as_deref(), Ok("2027-02-24T10:58:30Z"));
    assert!(is_time("404s") && !is_always_to_come("404s") && is_always_to_come("for 404s"));
}

#[test]
fn a_time_before_now_is_past() {
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let past = [
        "-2h",
        "-2 hours",
        "\u{2212}90m",
        "2h ago",
        "two weeks ago",
        "an hour ago",
        "yesterday",
        "yesterday 9:00",
        "-999999999d",
    ];
    let last: [(&str, &[&str]); 7] = [
        ("last friday", &["friday"]),
        ("until last friday", &["until friday"]),
        ("last fri 14:00", &["fri 14:00"]),
        ("end of last friday", &["end of friday"]),
        ("last friday at 5", &["friday at 5am", "friday at 5pm"]),
        // Today, before that time and after it.
        ("last wednesday 18:00", &["this wednesday 18:00", "next wednesday 18:00"]),
        ("last wednesday", &["wednesday"]),
    ];
    for (text, proposals) in last {
        match until(text, &now) {
            Err(TimeError::PastDay(clear)) => assert_eq!(clear.proposals, proposals, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
        assert!(is_time(text), "{text}");
    }
    for text in past {
        assert_eq!(until(text, &now), Err(TimeError::Past), "{text}");
        assert!(is_time(text), "{text}");
    }
    for text in ["-", "- fixing", "-x", "long ago", "ago", "-2026-11-01"] {
        assert_eq!(until(text, &now), Err(TimeError::NotATime), "{text}");
    }
}

#[test]
fn a_text_without_end_is_no_time() {
    let now: Zoned = "2027-02-24T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    for word in ["end of ", "on the ", "monday ", "at "] {
        assert_eq!(until(&word.repeat(100_000), &now), Err(TimeError::NotATime), "{word}");
    }
    // Lengths may have more words than days.
    let long = until("1 week 2 days 3 hours 4 minutes 5 seconds", &now);
    assert_eq!(long.unwrap().to_string(), "2027-03-05T14:04:05Z");
}
