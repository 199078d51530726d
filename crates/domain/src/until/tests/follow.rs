use super::*;

#[test]
fn words_that_continue_a_time_are_recognised() {
    let time = [
        ("monday", "9"),
        ("monday", "at half past 9"),
        ("tomorrow", "at 9:3o"),
        ("monday", "at 93"),
        ("tomorrow", "around noon"),
        ("24 nov", "2027"),
        ("monday", "next week"),
        ("monday", "of next month"),
        ("monday", "or tuesday"),
        ("18:00", "UTC"),
        ("18:00", "PDT, then"),
        ("18:00", "- 20:00"),
        ("18:00", "to 20:00"),
        ("18:00", "- 20"),
        ("2 hours", "and a half"),
        ("2h", "and 30 minutes"),
        ("2h", "from now"),
        ("2h", "from 9:00"),
        ("2h", "later"),
        ("2 days", "ago"),
        ("2 days", "ago we saw it"),
        ("1", "M"),
        ("2h", "| 3h"),
        ("1/2", "hours"),
        ("2h", "noon"),
        ("2h", "tomorrow morning"),
        ("2h", "on friday"),
        ("2h", "24 nov"),
        ("2h", "24.11."),
        ("2h", "an hour"),
        ("2h", "10 minutes ago"),
        ("2h", "3d"),
        ("2h", "3d 4h fix"),
        ("2h", "3d noon"),
        ("2h", "3d until friday"),
        ("2h", "1000s"),
        ("2h", "1000s deploying"),
        ("friday", "tomorrow"),
        // What is refused as a first time.
        ("2h", "1/2h"),
        ("2h", "1/2 hours x"),
        ("2h", "2 ½ hours"),
        ("2h", "1-2h x"),
        ("2h", "2h30"),
        ("2h", "1.5h deploy"),
        ("2h", "9.30"),
        ("2h", "9:3o x"),
        ("18:00", "1/2h"),
    ];
    for (time, text) in time {
        assert!(goes_on(time, text), "{time} {text}");
    }
    let prose = [
        ("2h", ""),
        ("2h", "9 disks"),
        ("2h", "9"),
        ("18:00", "9 disks"),
        ("monday", "9 disks"),
        ("2h", "morning shift"),
        ("2h", "on friday we move"),
        ("2h", "tomorrow we fix it"),
        ("2h", "second try"),
        ("2h", "later fix"),
        ("2h", "and the rest"),
        ("18:00", "to be sure"),
        ("monday", "at the office"),
        ("monday", "after the deploy"),
        ("monday", "next deploy"),
        ("18:00", "- fixing"),
        ("18:00", "second try"),
        ("2026-11-24", "day off"),
        ("1/2", "of pods"),
        ("1-2h", "deploying"),
        ("2h", "noon deploy"),
        ("2h", "24 nov is the day"),
        ("2h", "10 minutes ago it began"),
        ("2h", "3/4"),
        ("2h", "5M"),
        ("2h", "3d printer"),
        ("2h", "2D plots"),
        ("18:00", "3d printer"),
        ("2h", "404s"),
        ("2h", "404s everywhere"),
        ("2h", "1000s of errors"),
        ("2h", "10s of nodes"),
        ("2h", "until 3d printing is done"),
        ("2h", "1/2 of pods"),
        ("2h", "1-2 nodes"),
        ("2h", "1.4.12 rolls out"),
        ("2h", "5xx errors"),
        ("2h", "2nd attempt"),
        ("2h", "24/7 on-call"),
        ("2h", "10.0.0.1 is down"),
    ];
    for (time, text) in prose {
        assert!(!goes_on(time, text), "{time} {text}");
    }
}

#[test]
fn a_count_is_no_time_where_more_of_it_follows() {
    let cases = [
        ("404s", true),
        ("404s on checkout", true),
        ("1000s of errors", true),
        ("10s of nodes", true),
        ("3d printer", true),
        ("3D printer is stuck", true),
        ("2d, and slow", true),
        // Alone, or with more of it or another time.
        ("3d", false),
        ("3d 4h", false),
        ("3d 4h fix", false),
        ("3d later", false),
        ("3d and 4h", false),
        ("3d noon", false),
        ("3d until friday", false),
        ("1000s", false),
        ("1000s deploying", false),
        ("90s of noise", false),
        ("1d printer", false),
        ("2h", false),
        ("", false),
    ];
    for (text, expected) in cases {
        assert_eq!(begins_with_count(text), expected, "{text}");
    }
    // However long it is.
    assert!(!begins_with_count(&"3d ".repeat(100_000)));
}

#[test]
fn a_text_that_begins_with_a_whole_time_is_recognised() {
    for text in [
        "1h",
        "90m x",
        "30 minutes x",
        "1h 30m x",
        "for 2h",
        "9:00 x",
        "9am",
        "9 am x",
        "2026-11-24 x",
        "until 9:00",
        "until tomorrow",
        "until friday 9:00 x",
        "noon",
        "tonight",
        "Tomorrow morning",
        "friday tomorrow",
        "tomorrow, 9:00",
        "ещьщккщц",
        "5р тест",
        "５h",
        "on friday",
        "24 nov",
        "next week",
        "3d",
        "for 3d printer",
    ] {
        assert!(begins_with_time(text), "{text}");
    }
    for text in [
        "",
        "9",
        "10 pods",
        "10 minutes ago it began",
        "a minute of downtime",
        "5M rows",
        "404s on checkout",
        "1.4.12 rolls out",
        "24/7 support",
        "tomorrow we fix it",
        "noon deploy",
        "tomorrow morning we look",
        "friday is fine",
        "3d printer",
        "1000s of errors",
        "1/2h",
        "sun is hot",
        "morning shift",
        "ещьщккщц тест",
        "at 9 we restart",
        "until",
        "until fixed",
        "until the 9:00 deploy",
        "until 3/4 disks are back",
        "until 404s stop",
        "for the migration",
        "5 узлов",
    ] {
        assert!(!begins_with_time(text), "{text}");
    }
}
