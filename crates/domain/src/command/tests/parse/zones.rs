//! Time zones on a line.

use super::*;

#[test]
fn a_time_zone_after_a_time_is_read_or_refused_and_never_the_comment() {
    let until = |text: &str, more: &str| format!("silence alert=X duration=2h until={}{more}", quote(text));
    let length = |text: &str| format!("silence alert=X duration=2h comment={}", quote(text));
    // With what is proposed where the time is to come whenever it is typed.
    let refused = |time: &str, text: &str, next: &str| {
        // On that day it is not clear which Friday is meant.
        let clear = time.replace("friday", "year-month-day");
        format!(
            "error: until: expected a time zone as a place or UTC, such as {clear} UTC or {clear} Europe/Berlin; a comment that begins with {next:?} is written in quotes, as in `silence X until {time} comment=\"{text}\"`, found \"{time} {text}\""
        )
    };
    let cut = |arg: &str, expected: &str, lead: &str, time: &str, text: &str| {
        format!(
            "error: {arg}: expected {expected}; a comment that begins with {text:?} is written in quotes, as in `silence X {lead} {time} comment=\"{text}\"`, found \"{time} {text}\""
        )
    };
    // What may be past when it is typed is not proposed.
    let without = |time: &str, next: &str| {
        format!(
            "error: until: expected a time zone as a place or UTC; a comment that begins with {next:?} is written in quotes, found \"{time} {next}\""
        )
    };
    let time = crate::until::EXPECTED;
    let cases = [
        ("silence X until 18:00 UTC", until("18:00 UTC", "")),
        ("silence X until 18:00 utc deploying", until("18:00 utc", " comment=deploying")),
        ("silence X until 10:00 Europe/Berlin", until("10:00 Europe/Berlin", "")),
        ("silence X until tomorrow Europe/Berlin", until("tomorrow Europe/Berlin", "")),
        (
            "silence X until tomorrow Europe/Berlin is slow",
            until("tomorrow Europe/Berlin", " comment=\"is slow\""),
        ),
        ("silence X until 2026-12-01T10:00[Europe/Berlin]", until("2026-12-01T10:00[Europe/Berlin]", "")),
        ("silence X 18:00 UTC fixing it", until("18:00 UTC", " comment=\"fixing it\"")),
        ("silence X until 25:00 UTC", until("25:00 UTC", "")),
        // Refused with lines that run.
        ("silence X until friday 9:00 CET", refused("friday 9:00", "CET", "CET")),
        ("silence X until 18:00 PST", refused("18:00", "PST", "PST")),
        ("silence X until 18:00 Etc/GMT+5", refused("18:00", "Etc/GMT+5", "Etc/GMT+5")),
        ("silence X until 18:00 Etc/UTC", until("18:00 Etc/UTC", "")),
        ("silence X until today CET", without("today", "CET")),
        ("silence X until today 8:00 CET", without("today 8:00", "CET")),
        ("silence X until 10:00 MEZ", refused("10:00", "MEZ", "MEZ")),
        ("silence X until 10:00 GMT+2", refused("10:00", "GMT+2", "GMT+2")),
        ("silence X until tomorrow utc+2 deploying", refused("tomorrow", "utc+2 deploying", "utc+2")),
        ("silence X until 10:00 Europe/Berln", refused("10:00", "Europe/Berln", "Europe/Berln")),
        ("silence X until 10:00 Berlin time", refused("10:00", "Berlin time", "Berlin")),
        (
            "silence X until 10:00 America/New_York tomorrow",
            cut("until", time, "until", "10:00 America/New_York", "tomorrow"),
        ),
        (
            "silence X until 10:00 UTC Europe/Berlin",
            cut("until", time, "until", "10:00 UTC", "Europe/Berlin"),
        ),
        (
            "silence X for 2h UTC",
            cut("duration", "a length of time such as 90s, 15m, 2h or 1d", "for", "2h", "UTC"),
        ),
        // After a day a short name before other words, and the time of something, are the comment.
        ("silence X until tomorrow Maintenance time", until("tomorrow", " comment=\"Maintenance time\"")),
        ("silence X until monday Release time", until("monday", " comment=\"Release time\"")),
        ("silence X until friday PT tests are broken", until("friday", " comment=\"PT tests are broken\"")),
        ("silence X until friday PT", refused("friday", "PT", "PT")),
        ("silence X until friday CET tests", refused("friday", "CET tests", "CET")),
        ("silence X until friday 9:00 PT tests", refused("friday 9:00", "PT tests", "PT")),
        // What no database knows is a comment, and so is what a length of time is before.
        ("silence X until tomorrow see a/b", until("tomorrow", " comment=\"see a/b\"")),
        (
            "silence X until tomorrow Build/Deploy broken",
            until("tomorrow", " comment=\"Build/Deploy broken\""),
        ),
        ("silence X until 18:00 EU/US rollout", until("18:00", " comment=\"EU/US rollout\"")),
        ("silence X for 2h Europe/Berlin is slow", length("Europe/Berlin is slow")),
        ("silence X for 2h \"UTC\"", length("UTC")),
        ("silence X until 10:00 \"Europe/Berlin\"", until("10:00", " comment=Europe/Berlin")),
        ("silence X until 10:00 UTC \"Europe/Berlin\"", until("10:00 UTC", " comment=Europe/Berlin")),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
    // What is too long to be read is cut, and in no example.
    let long = meaning(&format!("silence X until 18:00 Europe/B{}", "e".repeat(10_000)));
    assert!(long.contains("such as 18:00 UTC") && !long.contains("as in"), "{long}");
    assert!(long.chars().count() < 1_000, "{}", long.len());
    // A day alone before a comment needs its `until`, with its zone as well.
    let unled = meaning("silence X sun UTC is hot");
    assert!(unled.starts_with("error: "), "{unled}");
}
