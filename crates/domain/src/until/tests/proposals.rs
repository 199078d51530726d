//! Whatever is proposed instead of a text is read as it stands, and is what the text can mean.

use super::*;

/// Days and hours at which different times are past, to come or named by today's weekday.
const NOWS: [&str; 7] = [
    "2026-11-22T12:00:00+01:00[Europe/Berlin]",
    "2026-11-25T12:00:00+01:00[Europe/Berlin]",
    "2026-11-30T02:38:00+01:00[Europe/Berlin]",
    "2026-11-30T20:00:00+01:00[Europe/Berlin]",
    "2026-12-31T23:59:00+01:00[Europe/Berlin]",
    "2027-02-24T12:00:00+01:00[Europe/Berlin]",
    "2028-02-29T00:00:00+01:00[Europe/Berlin]",
];

/// Texts of all forms, clear and not, and of days and times that each can be put together of.
const TEXTS: [&str; 87] = [
    "2h",
    "1h 2h",
    "404s",
    "until 404s",
    "500S",
    "1000s of errors",
    "3d printer",
    "1M",
    "0s",
    "-2h",
    "2h ago",
    "2р",
    "31 ауи",
    "ещьщккщц",
    "at 5",
    "5 o'clock",
    "noon",
    "midnight",
    "9:00 UTC",
    "at 5 Asia/Tokyo",
    "monday 9:00 UTC",
    "24 nov UTC",
    "24.11. 9:00 Asia/Tokyo",
    "yesterday midnight UTC",
    "friday 9:00 CET",
    "tomorrow utc+2",
    "25:00",
    "13pm",
    "half past 9",
    "today",
    "today at 5",
    "today at midnight",
    "tonight",
    "tonight at 1",
    "tonight at 5",
    "tomorrow at 5",
    "tomorrow midnight",
    "yesterday",
    "yesterday at 5",
    "yesterday midnight",
    "this morning",
    "at 5 on friday",
    "end of day 9:00",
    "monday CET",
    "monday 14:30 CET",
    "tonight CET",
    "today CET",
    "today 8:00 CET",
    "yesterday at 5 PST",
    "18:00 Etc/GMT+5",
    "2027-03-28T02:30 Europe/Berlin",
    "2027-10-31T02:30 Europe/Berlin",
    "5/13/2026",
    "until 7h",
    "until 0h",
    "24.11.",
    "24.12. 9:00",
    "24.12. at 5",
    "end of 24.12.",
    "31.2.",
    "29.2.",
    "3/4",
    "24/7",
    "11/24 midnight",
    "24-11-2020",
    "24.11.2027",
    "1 feb",
    "1 feb 14:00",
    "24 nov",
    "24 nov at 5",
    "29 feb",
    "30 feb",
    "1 sep",
    "24 dec at 5",
    "1.11. midnight",
    "until 17h",
    "until 24h",
    "6:00",
    "at 11",
    "this evening",
    "2026-11-22",
    "2026-11-30 10:00",
    "2026-02-30",
    "9999-12-31",
    "2026-11-24T10:00[Europe/Berln]",
    "soon",
    "",
];

/// What is typed of a weekday.
const OF_A_WEEKDAY: [&str; 15] = [
    "{}",
    "{} 14:30",
    "{} at 5",
    "{} midnight",
    "14:30 on {}",
    "end of {}",
    "end of {} 9:00",
    "next {}",
    "next {} at 5",
    "end of next {}",
    "this {} at 5",
    "last {}",
    "last {} at 5",
    "end of last {}",
    "{} deploying",
];

fn texts() -> Vec<String> {
    let weekdays = ["monday", "tue", "wednesday", "thursday", "friday", "sat", "sunday"];
    let of_weekdays =
        weekdays.iter().flat_map(|day| OF_A_WEEKDAY.iter().map(move |form| form.replace("{}", day)));
    TEXTS.iter().map(|text| (*text).to_owned()).chain(of_weekdays).collect()
}

#[test]
fn whatever_is_proposed_is_read_as_it_stands() {
    let (mut to_come, mut past) = (0, 0);
    for now in NOWS {
        let now: Zoned = now.parse().unwrap();
        for text in texts() {
            if let Err(why) = until(&text, &now) {
                let expected = why.expected();
                for proposal in &expected.proposals {
                    to_come += 1;
                    assert!(until(proposal, &now).is_ok(), "{now} {text:?}: {proposal:?}");
                    assert!(expected.to_string().contains(proposal.as_str()), "{expected}");
                }
                let is_one_of = matches!(why, TimeError::Ambiguous(_) | TimeError::ThisOrNext(_));
                assert!(!is_one_of || !expected.proposals.is_empty(), "{now} {text:?}");
            }
            if let Err(expected) = since(&text, &now) {
                for proposal in &expected.proposals {
                    past += 1;
                    assert!(since(proposal, &now).is_ok(), "{now} {text:?}: {proposal:?}");
                }
            }
        }
    }
    assert!(to_come > 100 && past > 100, "{to_come} {past}");
}

#[test]
fn the_examples_of_what_is_expected_are_read_whenever_that_is() {
    for example in ["2h", "18:00", "tomorrow", "next monday 14:30"] {
        assert!(EXPECTED.contains(example) && is_always_to_come(example), "{example}");
    }
    for now in NOWS {
        let now: Zoned = now.parse().unwrap();
        for example in ["2h", "yesterday 9:00"] {
            assert!(EXPECTED_PAST.contains(example) && since(example, &now).is_ok(), "{now} {example}");
        }
        let date = now.date();
        assert!(since(&date.to_string(), &now).is_ok());
        assert!(until(&date.tomorrow().unwrap().to_string(), &now).is_ok());
    }
}

#[test]
fn what_is_proposed_is_what_the_text_can_mean() {
    let wednesday = "2027-02-24T12:00:00+01:00[Europe/Berlin]";
    let early_on_monday = "2026-11-30T02:38:00+01:00[Europe/Berlin]";
    type Proposed<'a> = &'a [(&'a str, &'a str)];
    // what is typed -> what is proposed, each with what it means
    let cases: [(&str, &str, Proposed<'_>); 14] = [
        (wednesday, "at 5", &[("5am", "2027-02-25T04:00:00Z"), ("5pm", "2027-02-24T16:00:00Z")]),
        (
            wednesday,
            "tomorrow at 5",
            &[("tomorrow at 5am", "2027-02-25T04:00:00Z"), ("tomorrow at 5pm", "2027-02-25T16:00:00Z")],
        ),
        (
            wednesday,
            "at 5 on friday",
            &[("on friday at 5am", "2027-02-26T04:00:00Z"), ("on friday at 5pm", "2027-02-26T16:00:00Z")],
        ),
        // What is past is not.
        (wednesday, "today at 5", &[("today at 5pm", "2027-02-24T16:00:00Z")]),
        (
            wednesday,
            "next friday",
            &[("2027-02-26", "2027-02-26T08:00:00Z"), ("2027-03-05", "2027-03-05T08:00:00Z")],
        ),
        (
            wednesday,
            "next friday 14:00",
            &[("2027-02-26 14:00", "2027-02-26T13:00:00Z"), ("2027-03-05 14:00", "2027-03-05T13:00:00Z")],
        ),
        (
            wednesday,
            "next friday at 5",
            &[
                ("2027-02-26 at 5am", "2027-02-26T04:00:00Z"),
                ("2027-02-26 at 5pm", "2027-02-26T16:00:00Z"),
                ("2027-03-05 at 5am", "2027-03-05T04:00:00Z"),
                ("2027-03-05 at 5pm", "2027-03-05T16:00:00Z"),
            ],
        ),
        (
            wednesday,
            "end of next friday",
            &[("end of 2027-02-26", "2027-02-26T23:00:00Z"), ("end of 2027-03-05", "2027-03-05T23:00:00Z")],
        ),
        (wednesday, "24.11. 9:30", &[("2027-11-24 9:30", "2027-11-24T08:30:00Z")]),
        (wednesday, "1 feb 14:00", &[("2028-02-01 14:00", "2028-02-01T13:00:00Z")]),
        (
            wednesday,
            "monday midnight",
            &[("2027-03-01 0:00", "2027-02-28T23:00:00Z"), ("2027-03-02 0:00", "2027-03-01T23:00:00Z")],
        ),
        (wednesday, "404s", &[("for 404s", "2027-02-24T11:06:44Z"), ("6m 44s", "2027-02-24T11:06:44Z")]),
        (
            early_on_monday,
            "monday 14:30",
            &[("this monday 14:30", "2026-11-30T13:30:00Z"), ("next monday 14:30", "2026-12-07T13:30:00Z")],
        ),
        (
            early_on_monday,
            "monday at 5",
            &[
                ("this monday at 5am", "2026-11-30T04:00:00Z"),
                ("next monday at 5am", "2026-12-07T04:00:00Z"),
                ("this monday at 5pm", "2026-11-30T16:00:00Z"),
                ("next monday at 5pm", "2026-12-07T16:00:00Z"),
            ],
        ),
    ];
    for (now, text, expected) in cases {
        let now = now.parse().unwrap();
        let proposals = until(text, &now).unwrap_err().expected().proposals;
        let found: Vec<(&str, String)> = proposals
            .iter()
            .map(|proposal| (proposal.as_str(), until(proposal, &now).unwrap().to_string()))
            .collect();
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(text, at)| (*text, (*at).to_owned())).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn only_what_is_past_is_proposed_where_that_is_expected() {
    // A Wednesday.
    let now: Zoned = "2026-11-25T12:00:00+01:00[Europe/Berlin]".parse().unwrap();
    let last = |day: &str| format!("a time that is not to come, such as 2h, yesterday 9:00 or {day}");
    let cases = [
        ("next friday", last("2026-11-20")),
        ("next friday 9:00", last("2026-11-20")),
        ("friday", last("2026-11-20")),
        ("end of monday", last("2026-11-23")),
        ("wednesday 18:00", last("2026-11-18")),
        ("tomorrow at 5", NOT_TO_COME.to_owned()),
        ("at 5", "5am or 5pm: 5 can be am or pm".to_owned()),
        ("next week", NOT_TO_COME.to_owned()),
        // Of two times, the one that is past.
        ("today at 5", "today at 5am: 5 can be am or pm".to_owned()),
        ("yesterday at 5", "yesterday at 5am or yesterday at 5pm: 5 can be am or pm".to_owned()),
        (
            "yesterday midnight",
            "2026-11-24 0:00 or 2026-11-25 0:00: midnight can be the beginning of a day or its end"
                .to_owned(),
        ),
    ];
    for (text, expected) in cases {
        let found = past_in_words(text, &now);
        assert_eq!(found, Err(expected), "{text}");
    }
}
