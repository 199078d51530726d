//! Time zones after a time, and what the same words mean where a time to come is expected and where a past one is.

use super::*;

#[test]
fn a_time_means_the_same_wherever_it_is_typed() {
    // A Wednesday.
    let now: Zoned = "2026-11-25T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let past = Err("a time that is not past yet");
    let to_come = Err("a time that is not to come");
    // what is typed -> what is to come, and what is past; or what the error says
    let cases = [
        ("2h", Ok("2026-11-25T13:00:00Z"), Ok("2026-11-25T09:00:00Z")),
        ("2 hours", Ok("2026-11-25T13:00:00Z"), Ok("2026-11-25T09:00:00Z")),
        ("1h 30m", Ok("2026-11-25T12:30:00Z"), Ok("2026-11-25T09:30:00Z")),
        ("for 2h", Ok("2026-11-25T13:00:00Z"), to_come),
        ("in 2h", Ok("2026-11-25T13:00:00Z"), to_come),
        ("2h ago", past, Ok("2026-11-25T09:00:00Z")),
        ("-2h", past, Ok("2026-11-25T09:00:00Z")),
        ("404s", Err("for 404s or 6m 44s"), Err("6m 44s")),
        ("1M", Err(EXPECTED), Err(EXPECTED_PAST)),
        ("18:00", Ok("2026-11-25T17:00:00Z"), Ok("2026-11-24T17:00:00Z")),
        ("9am", Ok("2026-11-26T08:00:00Z"), Ok("2026-11-25T08:00:00Z")),
        ("noon", Ok("2026-11-26T11:00:00Z"), Ok("2026-11-25T11:00:00Z")),
        ("at 5", Err("5am or 5pm"), Err("5am or 5pm")),
        ("today", past, Ok("2026-11-24T23:00:00Z")),
        ("tomorrow", Ok("2026-11-26T08:00:00Z"), to_come),
        ("yesterday", past, Ok("2026-11-23T23:00:00Z")),
        ("yesterday 9:00", past, Ok("2026-11-24T08:00:00Z")),
        ("friday", Ok("2026-11-27T08:00:00Z"), Err("or 2026-11-20")),
        ("last monday", Err("a time that is not past yet, such as monday"), Err("2026-11-23 or 2026-11-16")),
        ("24 nov", Err("the year too, such as 2027-11-24"), Ok("2026-11-23T23:00:00Z")),
        ("24.12.", Err("such as 2026-12-24"), Err("such as 2025-12-24")),
        ("2026-11-24", past, Ok("2026-11-23T23:00:00Z")),
        ("2026-12-01", Ok("2026-12-01T08:00:00Z"), to_come),
        ("2026-12-01T10:00", Ok("2026-12-01T09:00:00Z"), to_come),
        ("2026-12-01T10:00Z", Ok("2026-12-01T10:00:00Z"), to_come),
        ("31 feb", Err("February has no 31st"), Err("February has no 31st")),
        ("25:00", Err("there is no 25:00"), Err("there is no 25:00")),
        ("soon", Err(EXPECTED), Err(EXPECTED_PAST)),
        // In another zone.
        ("18:00 UTC", Ok("2026-11-25T18:00:00Z"), Ok("2026-11-24T18:00:00Z")),
        ("18:00 America/New_York", Ok("2026-11-25T23:00:00Z"), Ok("2026-11-24T23:00:00Z")),
        ("2026-12-01T10:00[America/New_York]", Ok("2026-12-01T15:00:00Z"), to_come),
        ("tomorrow UTC", Ok("2026-11-26T09:00:00Z"), to_come),
        ("yesterday Asia/Tokyo", past, Ok("2026-11-23T15:00:00Z")),
        ("24 nov Asia/Tokyo", Err("such as 2027-11-24 Asia/Tokyo"), Ok("2026-11-23T15:00:00Z")),
        ("2026-11-24 utc", past, Ok("2026-11-24T00:00:00Z")),
        // A date has the same time, however its zone is written.
        ("2026-12-01 Asia/Tokyo", Ok("2026-12-01T00:00:00Z"), to_come),
        ("2026-12-01[Asia/Tokyo]", Ok("2026-12-01T00:00:00Z"), to_come),
        ("2026-11-24[Asia/Tokyo]", past, Ok("2026-11-23T15:00:00Z")),
        ("at 5 UTC", Err("5am UTC or 5pm UTC"), Err("5am UTC or 5pm UTC")),
        (
            "18:00 CET",
            Err("such as 18:00 UTC or 18:00 Europe/Berlin"),
            Err("18:00 UTC or 18:00 Europe/Berlin"),
        ),
        ("18:00 Etc/UTC", Ok("2026-11-25T18:00:00Z"), Ok("2026-11-24T18:00:00Z")),
        // Its sign is the other one than people expect.
        (
            "18:00 Etc/GMT+5",
            Err("such as 18:00 UTC or 18:00 Europe/Berlin"),
            Err("18:00 UTC or 18:00 Europe/Berlin"),
        ),
        // Whatever else is wrong with it, the zone is named.
        (
            "monday CET",
            Err("such as monday UTC or monday Europe/Berlin"),
            Err(
                "a time that is not to come, and a time zone as a place or UTC, such as 2h, yesterday 9:00 UTC, 2026-11-23 UTC, yesterday 9:00 Europe/Berlin or 2026-11-23 Europe/Berlin",
            ),
        ),
        (
            "tonight CET",
            Err("such as tonight UTC or tonight Europe/Berlin"),
            Err(
                "a time that is not to come, and a time zone as a place or UTC, such as 2h, yesterday 9:00 UTC or",
            ),
        ),
        (
            "yesterday at 5 PST",
            past,
            Err(
                "a time zone as a place or UTC, such as yesterday at 5am UTC, yesterday at 5pm UTC, yesterday",
            ),
        ),
        ("25:00 UTC", Err("there is no 25:00"), Err("there is no 25:00")),
        ("2h UTC", Err("\"2h\" is one, and \"UTC\" after it"), Err(EXPECTED_PAST)),
        ("2026-12-01T10:00Z UTC", Err("\"2026-12-01T10:00Z\" is one, and \"UTC\""), Err(EXPECTED_PAST)),
        ("18:00 Build/Deploy", Err("\"18:00\" is one, and \"Build/Deploy\""), Err(EXPECTED_PAST)),
    ];
    for (text, expected, expected_past) in cases {
        let (found, found_past) = (to_come_in_words(text, &now), past_in_words(text, &now));
        for (found, expected) in [(&found, expected), (&found_past, expected_past)] {
            assert!(agrees(found, expected), "{text}: {found:?}, expected {expected:?}");
        }
        // What is a time anywhere is one on a line.
        assert!(is_time(text) || (found.is_err() && found_past.is_err()), "{text}");
    }
}

#[test]
fn a_time_is_read_in_the_zone_that_follows_it() {
    // A Monday, on which it is Tuesday in Tokyo.
    let now: Zoned = "2026-11-30T20:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let cases = [
        ("until tomorrow 9:00 America/New_York", Ok("2026-12-01T14:00:00Z")),
        ("until 17:00 europe/berlin", Ok("2026-12-01T16:00:00Z")),
        ("tonight UTC", Ok("2026-11-30T20:00:00Z")),
        ("end of day UTC", Ok("2026-12-01T00:00:00Z")),
        ("next month America/Los_Angeles", Ok("2026-12-01T17:00:00Z")),
        ("friday at 9 pm, Europe/London", Ok("2026-12-04T21:00:00Z")),
        ("10:00 [Europe/Berlin]", Ok("2026-12-01T09:00:00Z")),
        ("10:00[Europe/Berlin]", Ok("2026-12-01T09:00:00Z")),
        ("10:00 Etc/GMT-2", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("10:00 etc/gmt+12", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("10:00[Etc/GMT+5]", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("10:00 [CET]", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("2026-12-01T10:00[Etc/GMT+5]", Err("such as [Europe/Berlin]")),
        ("2026-12-01T10:00[EST]", Err("such as [Europe/Berlin]")),
        ("2026-12-01T10:00-05:00[Etc/GMT+5]", Ok("2026-12-01T15:00:00Z")),
        ("10:00 Etc/GMT", Ok("2026-12-01T10:00:00Z")),
        ("2026-12-01T10:00+01:00[Europe/Berlin]", Ok("2026-12-01T09:00:00Z")),
        // A day is the one that it is there.
        ("tomorrow Asia/Tokyo", Ok("2026-12-02T00:00:00Z")),
        // And so is what is proposed.
        ("monday 23:30 UTC", Err("this monday 23:30 UTC or next monday 23:30 UTC")),
        ("next friday UTC", Err("2026-12-04 UTC or 2026-12-11 UTC")),
        (
            "friday 9:00 CET",
            Err("a time zone as a place or UTC, such as friday 9:00 UTC or friday 9:00 Europe/Berlin"),
        ),
        ("10:00 utc+2", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("10:00 GMT", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("10:00 Europe/Berln", Err("such as 10:00 UTC or 10:00 Europe/Berlin")),
        ("at 5 CET", Err("5am UTC, 5pm UTC, 5am Europe/Berlin or 5pm Europe/Berlin")),
        ("yesterday 9:00 CET", Err("a time that is not past yet")),
        ("last friday 9:00 UTC", Err("a time that is not past yet, such as friday 9:00 UTC")),
        // One zone is enough.
        ("10:00 UTC Europe/Berlin", Err("\"10:00 UTC\" is one, and \"Europe/Berlin\" after it")),
        ("2026-12-01T10:00+01:00 UTC", Err("\"2026-12-01T10:00+01:00\" is one, and \"UTC\" after it")),
        // Between a time and its day it is none.
        ("10:00 UTC tomorrow", Err("\"10:00 UTC\" is one, and \"tomorrow\" after it")),
        ("tomorrow UTC deploying", Err("\"tomorrow UTC\" is one, and \"deploying\" after it")),
        ("tomorrow see a/b", Err("\"tomorrow\" is one, and \"see a/b\" after it")),
        ("UTC", Err(EXPECTED)),
        ("until Europe/Berlin", Err(EXPECTED)),
        ("soon UTC", Err(EXPECTED)),
        ("soon CET", Err(EXPECTED)),
    ];
    for (text, expected) in cases {
        let found = to_come_in_words(text, &now);
        assert!(agrees(&found, expected), "{text}: {found:?}, expected {expected:?}");
    }
}

#[test]
fn only_a_time_whose_zone_alone_is_not_clear_is_refused_for_that() {
    let cases = [
        ("18:00 CET", true),
        ("friday 9:00 est", true),
        ("tomorrow utc+2", true),
        ("10:00 Europe/Berln", true),
        ("10:00 Etc/GMT+5", true),
        ("10:00[CET]", true),
        ("10:00 Etc/UTC", false),
        ("10:00 Europe/Berlin", false),
        ("10:00 UTC", false),
        ("2h CET", false),
        ("soon CET", false),
        ("CET", false),
        ("18:00 Build/Deploy", false),
        ("18:00 CET deploying", false),
    ];
    for (text, expected) in cases {
        assert_eq!(has_unclear_zone(text), expected, "{text}");
    }
}
