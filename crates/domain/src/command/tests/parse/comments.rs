//! Comments after a time, and words that may be one or the other.

use super::*;

#[test]
fn any_words_after_a_time_are_the_comment() {
    let comments = [
        "why",
        "3 pods restart",
        "10 pods",
        "2 people on it",
        "1 of 2 nodes down",
        "2 of 3 done",
        "30 requests",
        "1.4.12 rolls out",
        "in 1.4.12",
        "24/7 support called",
        "9 to 5 job",
        "second try",
        "later fix",
        "night shift has it",
        "evening batch",
        "noon deploy",
        "week 48 freeze",
        "end of day deploy",
        "a minute of downtime",
        "mon is down",
        "sat link is down",
        "tomorrow we fix it",
        "on friday we move",
        "at 9 we restart",
        "10 minutes ago it began",
        "for the migration",
        "for maintenance",
        "until fixed",
        "until then",
        "until it is fixed",
        "until the deploy is done",
        "until the 9:00 deploy",
        "404s",
        "404s on checkout",
        "500s on /cart",
        "1000s of errors",
        "10s of nodes",
        "3d printer",
        "3D printer is stuck",
        "2d plots fail",
        "5xx errors",
        "3.12 upgrade",
        "443:8443 mapping",
        "5min-average is high",
        "2026-11 invoices",
        "9.30 release is broken",
        "10:30 deploy broke it",
        "9 am batch fails",
        "1.5M rows are lost",
    ];
    for comment in comments {
        // `2 hours 10 minutes` is one length.
        let spelled: &[&str] =
            if comment.starts_with("10 minutes") { &[] } else { &["2 hours", "for 2 hours"] };
        for time in ["2h", "for 2h"].iter().chain(spelled) {
            let length = time.trim_start_matches("for ");
            let expected = format!("silence alert=X duration={} comment={}", quote(length), quote(comment));
            assert_eq!(meaning(&format!("silence X {time} {comment}")), expected, "{time} {comment}");
        }
        // `18:00 on friday` is one time.
        if ["24/7", "mon ", "sat ", "tomorrow", "on friday"].iter().any(|day| comment.starts_with(day)) {
            continue;
        }
        let expected = format!("silence alert=X duration=2h until=18:00 comment={}", quote(comment));
        assert_eq!(meaning(&format!("silence X until 18:00 {comment}")), expected, "until 18:00 {comment}");
    }
}

#[test]
fn a_second_time_is_not_the_comment() {
    let given = |args: &str| format!("silence alert=X {args}");
    let refused = |found: &str, line: &str| {
        let line = line.replacen('"', "comment=\"", 1);
        format!("is written in quotes, as in `silence X for {line}`), found {found:?}")
    };
    let part = |next: &str, found: &str| {
        let (time, text) = found.split_at(found.find(next).unwrap());
        let lead = if time.starts_with("2h") { "for" } else { "until" };
        let line = format!("silence X {lead} {time}comment=\"{text}\"");
        format!("a comment that begins with {next:?} is written in quotes, as in `{line}`, found {found:?}")
    };
    let cases = [
        ("silence X 2h 1h x", refused("2h 1h", "2h \"1h x\"")),
        ("silence X 30m 2 hours x", refused("30m 2", "30m \"2 hours x\"")),
        ("silence X 2h 9:00", refused("2h 9:00", "2h \"9:00\"")),
        ("silence X 2h 9:00 x", given("duration=2h comment=\"9:00 x\"")),
        ("silence X for 2h 1h x", part("1h", "2h 1h x")),
        ("silence X for 2h 2026-11-24", part("2026-11-24", "2h 2026-11-24")),
        ("silence X for 2h 2026-11-24 x", given("duration=2h comment=\"2026-11-24 x\"")),
        ("silence X until 18:00 2h x", part("2h", "18:00 2h x")),
        ("silence X 2h noon", refused("2h noon", "2h \"noon\"")),
        ("silence X 2h tomorrow morning", refused("2h tomorrow", "2h \"tomorrow morning\"")),
        ("silence X 30m tonight", refused("30m tonight", "30m \"tonight\"")),
        ("silence X for 2h noon", part("noon", "2h noon")),
        ("silence X until friday tomorrow", part("tomorrow", "friday tomorrow")),
        ("silence X 2h tomorrow we look again", given("duration=2h comment=\"tomorrow we look again\"")),
        ("silence X 2h \"noon\"", given("duration=2h comment=noon")),
        ("silence X for 2h and a half", part("and", "2h and a half")),
        ("silence X 2h on friday", refused("2h on", "2h \"on friday\"")),
        ("silence X 2h 24 nov", refused("2h 24", "2h \"24 nov\"")),
        ("silence X for 2h an hour", part("an", "2h an hour")),
        // A dimension alone, or before more of it or another time.
        ("silence X 2h 3d", refused("2h 3d", "2h \"3d\"")),
        ("silence X 2h 3d 4h fix", refused("2h 3d", "2h \"3d 4h fix\"")),
        ("silence X for 2h 3d noon", part("3d", "2h 3d noon")),
        ("silence X 2h 3d until friday", refused("2h 3d", "2h \"3d until friday\"")),
        ("silence X 2h \"3d\"", given("duration=2h comment=3d")),
        // A length of time that is refused as the first is refused as the second, and any other time where it is alone.
        ("silence X 2h 1/2h", refused("2h 1/2h", "2h \"1/2h\"")),
        ("silence X for 2h 1/2h", part("1/2h", "2h 1/2h")),
        ("silence X 2h 2 ½ hours x", refused("2h 2 ½ hours", "2h \"2 ½ hours x\"")),
        ("silence X 2h 2h30 x", refused("2h 2h30", "2h \"2h30 x\"")),
        ("silence X for 2h 9.30", part("9.30", "2h 9.30")),
        ("silence X for 2h 9.30 x", given("duration=2h comment=\"9.30 x\"")),
        ("silence X until monday 9.30", part("9.30", "monday 9.30")),
        ("silence X until monday 9.30 x", given("duration=2h until=monday comment=\"9.30 x\"")),
        ("silence X until 18:00 1-2h", part("1-2h", "18:00 1-2h")),
        ("silence X 2h \"1/2h\"", given("duration=2h comment=1/2h")),
        // Both are given, which is refused when it runs.
        ("silence X 2h until 9:00 x", given("duration=2h until=9:00 comment=x")),
        ("silence X 2h until friday 9:00 x", given("duration=2h until=\"friday 9:00\" comment=x")),
        // One length.
        ("silence X 2h 30m", given("duration=\"2h 30m\"")),
        ("silence X 2h 5 min restart", given("duration=\"2h 5 min\" comment=restart")),
        ("silence X 1w 3d printer", given("duration=\"1w 3d\" comment=printer")),
        ("silence X 2h 90s of noise", given("duration=\"2h 90s\" comment=\"of noise\"")),
        // In quotes it is literal.
        ("silence X 2h \"1h x\"", given("duration=2h comment=\"1h x\"")),
    ];
    for (line, expected) in cases {
        let found = meaning(line);
        assert!(found.ends_with(&expected), "{line}: {found}");
    }
}

#[test]
fn a_time_after_a_time_is_refused_with_a_line_that_runs() {
    // what follows `2h` -> whether it is the comment
    let cases = [
        // A length of time, whatever follows it.
        ("1/2h", false),
        ("1/2h deploying", false),
        ("2 ½ hours", false),
        ("2h30", false),
        ("2h30 deploying", false),
        ("1.5h deploying", false),
        ("1-2h", false),
        ("3d", false),
        // A clock or a date, or what is written like one, where nothing does.
        ("17:00", false),
        ("17:00 deploy", true),
        ("17:00 UTC", false),
        ("17:00 UTC deploy", true),
        ("9 am", false),
        ("9 am batch fails", true),
        ("25:00", false),
        ("25:00 x", true),
        ("2026-12-01", false),
        ("2026-12-01 10:00", false),
        ("2026-12-01 freeze", true),
        ("24.11.", false),
        ("24.11. release", true),
        ("9.30", false),
        ("9.30 release is broken", true),
        ("3.12 upgrade", true),
        ("2026-11", false),
        ("2026-11 invoices", true),
        ("443:8443", false),
        ("443:8443 mapping", true),
        ("noon", false),
        ("noon deploy", true),
        // More than a unit, or another one.
        ("5min-average is high", true),
        ("3monthly report", true),
        ("1.5M rows are lost", true),
    ];
    for (text, is_comment) in cases {
        let given = format!("silence alert=X duration=2h comment={}", quote(text));
        let proposed = format!("silence X for 2h comment=\"{text}\"");
        for line in [format!("silence X 2h {text}"), format!("silence X for 2h {text}")] {
            let found = meaning(&line);
            match is_comment {
                true => assert_eq!(found, given, "{line}"),
                false => assert!(found.contains(&format!("as in `{proposed}`")), "{line}: {found}"),
            }
        }
        assert_eq!(meaning(&proposed), given);
    }
    // What was given in other ways stays in the line.
    for (line, proposed) in [
        ("silence alert=X for 2h 17:00", "silence alert=X for 2h comment=\"17:00\""),
        ("silence \"Slow API\" for 2h 17:00", "silence \"Slow API\" for 2h comment=\"17:00\""),
        ("silence \"X\" 2h 17:00", "silence \"X\" for 2h comment=\"17:00\""),
        ("silence X comment 2h 17:00", "silence X for 2h comment=\"17:00\""),
    ] {
        let found = meaning(line);
        assert!(found.contains(&format!("as in `{proposed}`")), "{line}: {found}");
    }
    // What would be refused when it runs is not proposed.
    let past = meaning("silence X until 2020-01-01 2h");
    assert!(past.contains("is written in quotes, found"), "{past}");
}

#[test]
fn statuses_of_responses_are_no_length_by_their_place() {
    let given = |args: &str| format!("silence alert=X {args}");
    let meant =
        |line: &str| format!("is written in quotes), found {:?}; did you mean {line:?}?", &line[4..8]);
    let cases = [
        ("silence X 404s on checkout", meant("for 404s on checkout")),
        ("silence X 500s on /cart", meant("for 500s on /cart")),
        ("silence X 404s", meant("for 404s")),
        ("silence X for 404s", given("duration=404s")),
        ("silence X duration=404s", given("duration=404s")),
        ("silence X \"404s on checkout\"", given("duration=2h comment=\"404s on checkout\"")),
        ("silence X 90s", given("duration=90s")),
    ];
    for (line, expected) in cases {
        let found = meaning(line);
        assert!(found.ends_with(&expected), "{line}: {found}");
    }
}

#[test]
fn a_number_of_things_is_no_length_by_its_place() {
    let given = |args: &str| format!("silence alert=X {args}");
    let meant = |line: &str| format!("; did you mean {line:?}?");
    let cases = [
        ("silence X 1000s of errors", meant("for 1000s of errors")),
        ("silence X 100S of pods", meant("for 100S of pods")),
        ("silence X 10s of nodes", meant("for 10s of nodes")),
        ("silence X 3600s of downtime", meant("for 3600s of downtime")),
        ("silence X \"1000s of errors\"", given("duration=2h comment=\"1000s of errors\"")),
        // With the word that leads it, alone, or before anything else, it is a length.
        ("silence X for 1000s of errors", given("duration=1000s comment=\"of errors\"")),
        ("silence X duration=1000s of errors", given("duration=1000s comment=\"of errors\"")),
        ("silence X 1000s", given("duration=1000s")),
        ("silence X 3600s", given("duration=3600s")),
        ("silence X 3600s deploying", given("duration=3600s comment=deploying")),
        // And so is every other one.
        ("silence X 90s of noise", given("duration=90s comment=\"of noise\"")),
        ("silence X 120s of quiet", given("duration=120s comment=\"of quiet\"")),
        ("silence X 1000m of quiet", given("duration=1000m comment=\"of quiet\"")),
        ("silence X 1000 seconds of quiet", given("duration=\"1000 seconds\" comment=\"of quiet\"")),
    ];
    for (line, expected) in cases {
        let found = meaning(line);
        assert!(found.ends_with(&expected), "{line}: {found}");
    }
}

#[test]
fn a_number_of_dimensions_before_a_comment_is_no_length_by_its_place() {
    let given = |args: &str| format!("silence alert=X {args}");
    let meant = |line: &str| format!("; did you mean {line:?}?");
    let cases = [
        ("silence X 3d printer", meant("for 3d printer")),
        ("silence X 3D printer is stuck", meant("for 3D printer is stuck")),
        ("silence X 2d plots fail", meant("for 2d plots fail")),
        // Alone, with the word that leads it, or with more of it, it is a length.
        ("silence X 3d", given("duration=3d")),
        ("silence X for 3d printer", given("duration=3d comment=printer")),
        ("silence X duration=3d printer", given("duration=3d comment=printer")),
        ("silence X 3d 4h fix", given("duration=\"3d 4h\" comment=fix")),
        ("silence X 3d \"printer\"", given("duration=3d comment=printer")),
        // And every other length is one.
        ("silence X 1d printer", given("duration=1d comment=printer")),
        ("silence X 4d deploying", given("duration=4d comment=deploying")),
        ("silence X 3 days printer", given("duration=\"3 days\" comment=printer")),
        ("silence X \"3d printer\"", given("duration=2h comment=\"3d printer\"")),
        ("silence X 3d-printer is down", given("duration=2h comment=\"3d-printer is down\"")),
    ];
    for (line, expected) in cases {
        let found = meaning(line);
        assert!(found.ends_with(&expected), "{line}: {found}");
    }
}

#[test]
fn comments_without_a_time_are_distinguished_from_times() {
    let quotes = |lead: &str| format!("a comment that begins with {lead:?} is written in quotes, found ");
    let cases = [
        ("silence X 1.4.12 rolls out", "comment=\"1.4.12 rolls out\"".to_owned()),
        ("silence X for maintenance", quotes("for") + "\"maintenance\""),
        ("silence X until it is fixed", quotes("until") + "\"it\""),
        ("silence X until sun is hot", "until=sun comment=\"is hot\"".to_owned()),
    ];
    for (line, expected) in cases {
        let found = meaning(line);
        assert!(found.ends_with(&expected), "{line}: {found}");
    }
}
