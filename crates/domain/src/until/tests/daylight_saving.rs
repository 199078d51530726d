//! Times that a clock skips or shows twice, because it is set.

use super::*;

#[test]
fn a_time_that_the_clock_skips_or_shows_twice_is_refused() {
    let winter = "2027-02-24T12:00:00+01:00[Europe/Berlin]";
    let before_skip = "2027-03-27T12:00:00+01:00[Europe/Berlin]";
    let before_both = "2027-10-31T00:30:00+02:00[Europe/Berlin]";
    let between = "2027-10-31T02:40:00+02:00[Europe/Berlin]";
    let after_both = "2027-10-31T12:00:00+01:00[Europe/Berlin]";
    let skipped =
        "2027-03-28T01:30:00+01:00 or 2027-03-28T03:30:00+02:00: the clock skips 02:30 on 2027-03-28";
    let twice =
        "2027-10-31T02:30:00+02:00 or 2027-10-31T02:30:00+01:00: the clock shows 02:30 twice on 2027-10-31";
    let cases = [
        (winter, "2027-03-28T02:30 Europe/Berlin", Err(skipped)),
        (winter, "2027-03-28T02:30[Europe/Berlin]", Err(skipped)),
        (winter, "2027-03-28 02:30", Err(skipped)),
        (winter, "2027-03-28 at 2:30am", Err(skipped)),
        (winter, "2027-10-31T02:30 Europe/Berlin", Err(twice)),
        (winter, "2027-10-31 2:30", Err(twice)),
        (before_skip, "2:30", Err(skipped)),
        (before_skip, "tomorrow 2:30", Err(skipped)),
        (before_both, "2:30", Err(twice)),
        (
            before_both,
            "sunday 2:30",
            Err(
                "2027-10-31T02:30:00+02:00, 2027-10-31T02:30:00+01:00 or next sunday 2:30: it is sunday today",
            ),
        ),
        // Only the second is to come.
        (between, "2:30", Err("2027-10-31T02:30:00+01:00: the clock shows 02:30 twice on 2027-10-31")),
        (after_both, "2:30", Ok("2027-11-01T01:30:00Z")),
        (after_both, "2027-10-31 2:30", Err("a time that is not past yet")),
        // With its offset it is one, and so is a time before or after, a day and a length of time.
        (winter, "2027-03-28T02:30+01:00", Ok("2027-03-28T01:30:00Z")),
        (winter, "2027-10-31T02:30+01:00", Ok("2027-10-31T01:30:00Z")),
        (winter, "2027-03-28T02:30 UTC", Ok("2027-03-28T02:30:00Z")),
        (winter, "2027-03-28T01:59", Ok("2027-03-28T00:59:00Z")),
        (winter, "2027-03-28T03:00", Ok("2027-03-28T01:00:00Z")),
        (winter, "2027-10-31T01:59", Ok("2027-10-30T23:59:00Z")),
        (winter, "2027-10-31T03:00", Ok("2027-10-31T02:00:00Z")),
        (winter, "2027-03-28", Ok("2027-03-28T07:00:00Z")),
        (before_skip, "14h 30m", Ok("2027-03-28T01:30:00Z")),
        (before_skip, "end of day", Ok("2027-03-27T23:00:00Z")),
    ];
    for (now, text, expected) in cases {
        let found = to_come_in_words(text, &now.parse().unwrap());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{now} {text}");
    }
}

#[test]
fn a_past_time_that_the_clock_showed_twice_is_refused() {
    let before = "2027-10-30T12:00:00+02:00[Europe/Berlin]";
    let between = "2027-10-31T02:40:00+02:00[Europe/Berlin]";
    let after = "2027-10-31T12:00:00+01:00[Europe/Berlin]";
    let twice =
        "2027-10-31T02:30:00+02:00 or 2027-10-31T02:30:00+01:00: the clock shows 02:30 twice on 2027-10-31";
    let cases = [
        (before, "2:30", Ok("2027-10-30T00:30:00Z")),
        (between, "2:30", Err("2027-10-31T02:30:00+02:00: the clock shows 02:30 twice on 2027-10-31")),
        (after, "2:30", Err(twice)),
        (after, "2027-10-31 2:30", Err(twice)),
        (after, "2027-10-31T02:30:00+01:00", Ok("2027-10-31T01:30:00Z")),
        (after, "today", Ok("2027-10-30T22:00:00Z")),
        // A day whose midnight is skipped begins after that.
        (after, "2018-11-04 America/Sao_Paulo", Ok("2018-11-04T03:00:00Z")),
    ];
    for (now, text, expected) in cases {
        let found = past_in_words(text, &now.parse().unwrap());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{now} {text}");
    }
}
