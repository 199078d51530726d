use super::*;

#[test]
fn prose_is_distinguished_from_times() {
    let times = [
        "monday",
        "Mon 14:00",
        "tomorrow",
        "tonight",
        "18:00",
        "9am",
        "9 am restarting",
        "2h restarting",
        "90m",
        "2 hours",
        "4 days off",
        "2 h",
        "30min",
        "half an hour".trim_start_matches("half "),
        "two weeks",
        "2026-11-24",
        "2026-11-24T10:00",
        "in 2 weeks",
        "in 2 hours deploying",
        "in a week",
        "in 90m",
        "in half an hour",
        "seven hours",
        "in twelve days",
        "three months",
        "11/24",
        "24.11. patching",
        "24.11.27 patching",
        // What is written like one is none of the other words either.
        "25:00 deploying",
        "12:75",
        "99:99 x",
        "9:3o",
        "18:00-20:00",
        "9.30",
        "9.30pm",
        "13pm",
        "13 pm",
        "25 o'clock",
        "-2h",
        "+2h",
        "~2h",
        "\u{2212}1d deploying",
        "2h30",
        "2h,30m",
        "1.5h deploy",
        "1,5 hours",
        "2houres",
        "2026-02-31 deploying",
        "2026-13-01",
        "2026/02/03",
        "2026-2-3",
        "2026-02",
        "32 jan",
        "yesterday",
        "last week",
        "last monday it broke",
        "on monday",
        "by 18:00",
        "about 2h",
        "at 25:00",
        "in 1.5h",
        // Digits of other scripts, and full width.
        "５h x",
        "\u{665}h",
        "１８：００ x",
        // Typed on a keyboard of another layout, or a unit of another language.
        "5р тест",
        "5р, тест",
        "5ь",
        "5η x",
        "2 рщгкы",
        "ащк 5р тест",
        "31 ауи x",
        "ещьщккщц",
        "5м",
        "5ч тест",
        "5分",
    ];
    for text in times {
        assert!(looks_like_time(text), "{text}");
    }
    let prose = [
        "",
        "restarting it",
        "the monday deploy",
        "5xx again",
        "2 nodes are down",
        "in progress",
        "in 2 places",
        "in a hurry",
        "month end",
        "#479 is out",
        "a b",
        "2026-1-\u{e9}\u{20ac}",
        "1.4.2 rollout",
        "1.4.12 rolls out",
        "1.2.3",
        "10.4.1",
        "10.4.1.2 is down",
        "40/50/2027",
        "3/4 disks fail",
        "13/14 shards",
        "seven dwarfs",
        "3 pods restart",
        "2 of 3 nodes",
        "500 errors on checkout",
        "3rd time today",
        "0.50 of the load",
        "99.95 is the goal",
        "3d-printer is down",
        "-5 degrees",
        "- deploying",
        "404:page not found",
        "1800 users",
        "45 may fail",
        "last minute fix",
        "on call knows",
        "by hand",
        "about time",
        "at the office",
        "тест",
        "в проде",
        "2 в проде упали",
        "2 і 3 вузли",
        "2 η x",
        "2й раз",
        "100к rps",
        "5\u{b0} is cold",
        "5 узлов упали",
    ];
    for text in prose {
        assert!(!looks_like_time(text), "{text}");
    }
}

#[test]
fn misspelt_time_is_named() {
    let cases = [
        ("2h30", Some("2h30")),
        ("1.5h deploy", Some("1.5h")),
        ("9.30", Some("9.30")),
        ("tomorrow at 9:3o", Some("9:3o")),
        // A time that there is not, or is past, is understood.
        ("25:00", None),
        ("-2h", None),
        ("13 pm", None),
        ("2026-02-31 deploying", None),
        ("3 pods restart", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(misspelt_time(text).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn a_time_after_other_words_is_found() {
    let cases = [
        ("API 1h x", Some("1h")),
        ("API 1H x", Some("1H")),
        ("is slow 2 hours then", Some("2 hours")),
        ("is slow 1h 30m then", Some("1h 30m")),
        ("is slow seven hours then", Some("seven hours")),
        ("is slow (2h)", Some("(2h)")),
        ("is slow 18:00, look again", Some("18:00,")),
        ("is slow 25:00 x", Some("25:00")),
        ("is slow -2h x", Some("-2h")),
        ("is slow 2 days ago x", Some("2 days ago")),
        ("is slow 2026-11-24 x", Some("2026-11-24")),
        ("is slow 24.11. x", Some("24.11.")),
        // What has no number, only at the end.
        ("is slow tomorrow", Some("tomorrow")),
        ("is slow tomorrow at noon", Some("tomorrow at noon")),
        ("fixed on friday", Some("on friday")),
        ("is slow an hour", Some("an hour")),
        ("is slow half an hour", Some("half an hour")),
        ("tomorrow is another day", None),
        ("is slow monday as ever", None),
        // At the beginning it is another question.
        ("1h x", None),
        ("", None),
        // What something has.
        ("fires every 5 minutes", None),
        ("the 9:00 run", None),
        ("slow since monday", None),
        ("out in the sun", None),
        // And what is no time.
        ("table with 5M rows", None),
        ("node 3 may fail", None),
        ("deploying 1.4.12", None),
        ("on 3/4 disks", None),
        ("sees 5xx again", None),
        ("has 2 of 3 nodes", None),
        ("fails at night", None),
    ];
    for (text, expected) in cases {
        let words: Vec<&str> = text.split_whitespace().collect();
        let found = time_within(&words).map(|time| words[time].join(" "));
        assert_eq!(found.as_deref(), expected, "{text:?}");
    }
    // Of a text without end only its beginning and its end are looked at.
    let long = "1 ".repeat(100_000);
    assert_eq!(time_within(&long.split_whitespace().collect::<Vec<_>>()), None);
}
