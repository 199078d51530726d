//! Times on a line.

use super::*;

#[test]
fn a_time_is_understood_or_refused_and_never_a_part_of_the_comment() {
    let refused = |found: &str, meant: &str| {
        format!(
            "error: comment: expected no time in it (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}; did you mean {meant:?}?"
        )
    };
    let refused_without = |found: &str| {
        format!(
            "error: comment: expected no time in it (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}"
        )
    };
    let named = |found: &str, line: &str| {
        let line = format!("quotes, and so is a name of several words, as in `silence {line}`)");
        refused_without(found).replace("quotes)", &line)
    };
    let misspelt = |found: &str, word: &str| {
        format!(
            "error: comment: expected a time that can be understood, such as 30m, 90m or 18:00, which {word:?} is not (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}"
        )
    };
    let canonical = |args: &str| format!("silence alert=X {args}");
    let comment = |text: &str| canonical(&format!("duration=2h comment={}", quote(text)));
    let part = |found: &str, next: &str| {
        let (time, text) = found.split_at(found.find(next).unwrap());
        format!(
            "error: until: expected {}; a comment that begins with {next:?} is written in quotes, as in `silence X until {time}comment=\"{text}\"`, found {found:?}",
            crate::until::EXPECTED
        )
    };
    let until = |text: &str, more: &str| canonical(&format!("duration=2h until={}{more}", quote(text)));
    let cases = [
        ("silence X until monday", until("monday", "")),
        ("silence X until monday 14:30", until("monday 14:30", "")),
        ("silence X until monday 14:30 fix", until("monday 14:30", " comment=fix")),
        ("silence X until monday fix", until("monday", " comment=fix")),
        ("silence X until monday morning", until("monday morning", "")),
        ("silence X until next monday fixing", until("next monday", " comment=fixing")),
        ("silence X until next friday fixing", until("next friday", " comment=fixing")),
        ("silence X until tomorrow at 9", until("tomorrow at 9", "")),
        ("silence X until in 2 weeks", until("in 2 weeks", "")),
        ("silence X until end of day patching", until("end of day", " comment=patching")),
        ("silence X until 24.11. patching", until("24.11.", " comment=patching")),
        ("silence X until monday 9", part("monday 9", "9")),
        ("silence X until monday 9 disks fail", until("monday", " comment=\"9 disks fail\"")),
        ("silence X until 10:00 either/or decision", until("10:00", " comment=\"either/or decision\"")),
        ("silence X until 10:00 api/web rollout", until("10:00", " comment=\"api/web rollout\"")),
        ("silence X until 10:00 time to deploy", until("10:00", " comment=\"time to deploy\"")),
        ("silence X until friday 13th", part("friday 13th", "13th")),
        ("silence X until friday 13 hosts are down", until("friday", " comment=\"13 hosts are down\"")),
        ("silence X until friday 13th floor is dark", until("friday", " comment=\"13th floor is dark\"")),
        ("silence X until 18:00 - 20:00", part("18:00 - 20:00", "-")),
        ("silence X until monday at half past 9", part("monday at half past 9", "at")),
        ("silence X until monday \"9 disks\"", until("monday", " comment=\"9 disks\"")),
        ("silence X until \"monday\" 9 disks", until("monday", " comment=\"9 disks\"")),
        ("silence X until tomorrow at 9 am look again", until("tomorrow at 9 am", " comment=\"look again\"")),
        ("silence X until tonight", until("tonight", "")),
        ("silence until monday 14:30 X", until("monday 14:30", "")),
        ("silence X until=\"monday 14:30\" fix", until("monday 14:30", " comment=fix")),
        ("silence X until 2020-01-01", until("2020-01-01", "")),
        ("silence X for 2 hours", canonical("duration=\"2 hours\"")),
        (
            "silence X for 2 hours 30 minutes fix it",
            canonical("duration=\"2 hours 30 minutes\" comment=\"fix it\""),
        ),
        ("silence X for 1w", canonical("duration=1w")),
        ("silence X duration 2 hours", canonical("duration=\"2 hours\"")),
        ("silence for 2 hours X", canonical("duration=\"2 hours\"")),
        ("silence X 2h", canonical("duration=2h")),
        ("silence X 2 hours", canonical("duration=\"2 hours\"")),
        ("silence X 4h deploying", canonical("duration=4h comment=deploying")),
        ("silence X tomorrow", until("tomorrow", "")),
        ("silence X tomorrow at 9 deploying", until("tomorrow at 9", " comment=deploying")),
        ("silence X until tomorrow at 9 deploying", until("tomorrow at 9", " comment=deploying")),
        ("silence X 9am", until("9am", "")),
        // When it runs, the error is the same as with the word before it.
        ("silence X 31 feb", until("31 feb", "")),
        ("silence X 31 feb deploying", until("31 feb", " comment=deploying")),
        // What would be refused is not proposed.
        ("silence X deploying until 31 feb", refused_without("until 31 feb")),
        ("silence X deploying until 2020-01-01", refused_without("until 2020-01-01")),
        ("silence X monday 9 disks fail", refused("monday", "until monday 9 disks fail")),
        ("silence X monday 3.12 upgrade", refused("monday", "until monday 3.12 upgrade")),
        // The words before it may be more of the name.
        ("silence X deploying until 18:00", named("until 18:00", "\"X deploying\" until 18:00")),
        ("silence X deploying for 2 days", named("for 2 days", "\"X deploying\" for 2 days")),
        ("silence Disk is full for 3d printer", named("for 3d", "\"Disk is full\" for 3d printer")),
        (
            "silence Disk is full for 2h 1/2h",
            named("for 2h 1/2h", "\"Disk is full\" for 2h comment=\"1/2h\""),
        ),
        ("silence \"X\" deploying for 2 days", refused("for 2 days", "for 2 days deploying")),
        ("silence alert=X deploying for 2 days", refused("for 2 days", "for 2 days deploying")),
        ("silence X comment deploying for 2 days", refused("for 2 days", "for 2 days deploying")),
        ("silence X comment until monday", refused("until monday", "until monday")),
        ("silence X \"until monday\"", comment("until monday")),
        ("silence X comment=\"2 hours\"", comment("2 hours")),
        (
            "silence X until the deploy is over",
            format!(
                "error: until: expected {}; a comment that begins with \"until\" is written in quotes, found \"the\"",
                crate::until::EXPECTED
            ),
        ),
        ("silence X seven hours", until("seven hours", "")),
        ("silence X until 3/4", until("3/4", "")),
        ("silence X 2 nodes are down", comment("2 nodes are down")),
        ("silence X seven dwarfs", comment("seven dwarfs")),
        ("silence X 1.4.2 rollout", comment("1.4.2 rollout")),
        ("silence X 3/4 disks fail", comment("3/4 disks fail")),
        ("silence X for 4h until monday", canonical("duration=4h until=monday")),
        // Understood, and refused when it runs: there is no such time, or it is past.
        ("silence X 25:00", until("25:00", "")),
        ("silence X 26:00", until("26:00", "")),
        ("silence X 12:75", until("12:75", "")),
        ("silence X 99:99 x", until("99:99", " comment=x")),
        ("silence X 13pm", until("13pm", "")),
        ("silence X 13 pm", until("13 pm", "")),
        ("silence X -2h", until("-2h", "")),
        ("silence X -1d", until("-1d", "")),
        ("silence X yesterday", until("yesterday", "")),
        ("silence X 25:00 deploying", until("25:00", " comment=deploying")),
        ("silence X 2026-02-31 deploying", until("2026-02-31", " comment=deploying")),
        ("silence X at 25:00", until("at 25:00", "")),
        ("silence X on monday deploying", until("on monday", " comment=deploying")),
        // Written like a time, and none.
        ("silence X 2h30", misspelt("2h30", "2h30") + "; did you mean \"for 2h30m\"?"),
        ("silence X 1.5h deploy", misspelt("1.5h", "1.5h")),
        ("silence X 9.30", misspelt("9.30", "9.30")),
        (
            "silence X tomorrow at 9:3o",
            misspelt("tomorrow at 9:3o", "9:3o")
                .replace("quotes)", "quotes, as in `silence X until tomorrow comment=\"at 9:3o\"`)"),
        ),
        ("silence X 2026-2-3x", misspelt("2026-2-3x", "2026-2-3x")),
        ("silence X 1/2h", misspelt("1/2h", "1/2h")),
        ("silence X 1/2h deploying", misspelt("1/2h", "1/2h")),
        ("silence X 1/2 hours", misspelt("1/2 hours", "1/2")),
        ("silence X ½h", misspelt("½h", "½h")),
        ("silence X 2 ½ hours", misspelt("2 ½ hours", "½")),
        ("silence X 1-2h", misspelt("1-2h", "1-2h")),
        ("silence X 2h|3h", misspelt("2h|3h", "2h|3h")),
        ("silence X \"1/2h\"", comment("1/2h")),
        ("silence X 1/2 of pods", comment("1/2 of pods")),
        ("silence X 24/7 on-call", comment("24/7 on-call")),
        ("silence X 2 m/s", comment("2 m/s")),
        ("silence X 5xx errors", comment("5xx errors")),
        ("silence X 2nd attempt", comment("2nd attempt")),
        ("silence X 10.0.0.1 is down", comment("10.0.0.1 is down")),
        ("silence X v2", comment("v2")),
        ("silence X for 2h 404s everywhere", canonical("duration=2h comment=\"404s everywhere\"")),
        ("silence X for 2h 500s since noon", canonical("duration=2h comment=\"500s since noon\"")),
        ("silence X until tomorrow at 9:3o", part("tomorrow at 9:3o", "at")),
        ("silence X deploying until 9.30", misspelt("until 9.30", "9.30")),
        ("silence X \"25:00 deploying\"", comment("25:00 deploying")),
        ("silence X comment=\"9.30\"", comment("9.30")),
        // Counts are none, and neither is anything once a time is given.
        ("silence X 3 pods restart", comment("3 pods restart")),
        ("silence X 2 of 3 nodes", comment("2 of 3 nodes")),
        ("silence X 500 errors on checkout", comment("500 errors on checkout")),
        ("silence X 5xx again", comment("5xx again")),
        ("silence X for 2h 500 errors", canonical("duration=2h comment=\"500 errors\"")),
        ("pr comment web#1 until monday", "pr comment pr=web#1 message=\"until monday\"".to_owned()),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn a_time_after_more_words_than_a_name_is_refused_with_what_may_be_meant() {
    let refused = |found: &str, of_item: &str| {
        format!(
            "error: comment: expected no time in it (a time is given before it, as `for <duration>` or `until <until>`; a comment that says one is written in quotes{of_item}), found {found:?}"
        )
    };
    let named = |line: &str| format!(", and so is a name of several words, as in `silence {line}`");
    let comment = |text: &str| format!("silence alert=X duration=2h comment={}", quote(text));
    let cases = [
        ("silence Slow API 1h x", refused("1h", &named("\"Slow API\" 1h x"))),
        ("silence Slow API 2 hours", refused("2 hours", &named("\"Slow API\" 2 hours"))),
        ("silence Checkout is slow 2h", refused("2h", &named("\"Checkout is slow\" 2h"))),
        ("silence Checkout is slow 18:00 x", refused("18:00", &named("\"Checkout is slow\" 18:00 x"))),
        ("silence Checkout is slow tomorrow", refused("tomorrow", &named("\"Checkout is slow\" tomorrow"))),
        // Where it needs its `for` or `until`, that is proposed.
        ("silence Slow API 3d deploying", refused("3d", &named("\"Slow API\" for 3d deploying"))),
        ("silence Slow API 2h \"1h x\"", refused("2h", &named("\"Slow API\" 2h \"1h x\""))),
        // What would be refused is not.
        ("silence Slow API 25:00 x", refused("25:00", "")),
        ("silence Slow API 2 days ago", refused("2 days ago", "")),
        ("silence Slow API (2h)", refused("(2h)", "")),
        // A name in quotes is whole.
        ("silence \"X\" is slow 2h", refused("2h", "")),
        ("silence X comment deploy takes 2h", refused("2h", "")),
        // In quotes it is literal, and so is all that follows a time.
        ("silence X \"is slow 2h\"", comment("is slow 2h")),
        ("silence X is slow \"2h\"", comment("is slow 2h")),
        ("silence X comment=\"takes 2h\"", comment("takes 2h")),
        (
            "silence X for 4h deploy takes 2h",
            "silence alert=X duration=4h comment=\"deploy takes 2h\"".to_owned(),
        ),
        (
            "silence X until monday deploy takes 2h",
            "silence alert=X duration=2h until=monday comment=\"deploy takes 2h\"".to_owned(),
        ),
        ("silence X fires every 5 minutes", comment("fires every 5 minutes")),
        ("silence X node 3 may fail", comment("node 3 may fail")),
        ("silence X deploying 1.4.12", comment("deploying 1.4.12")),
        ("silence X gives 404s on checkout", comment("gives 404s on checkout")),
        ("silence X sees 1000s of errors", comment("sees 1000s of errors")),
        ("pr comment web#1 takes 2h", "pr comment pr=web#1 message=\"takes 2h\"".to_owned()),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn a_word_that_is_written_like_a_length_of_time_is_no_comment_by_itself() {
    // what follows the item -> what is proposed
    let cases = [
        ("90", "; did you mean \"for 90m\"?"),
        ("PT2H", "; did you mean \"for 2h\"?"),
        ("P1D", "; did you mean \"for 1d\"?"),
        ("1.5h", "; did you mean \"for 90m\"?"),
        ("2h30", "; did you mean \"for 2h30m\"?"),
        ("2h,", "; did you mean \"for 2h\"?"),
        ("1y", "; did you mean \"for 365d\"?"),
        ("1M", "; did you mean \"for 30d\"?"),
        // Longer than any that is taken.
        ("99999999999999999999", ""),
        ("1000y", ""),
    ];
    for (word, proposed) in cases {
        let found = meaning(&format!("silence X {word}"));
        assert!(found.starts_with("error: comment: expected "), "{word}: {found}");
        assert!(found.contains(&format!("which {word:?} is not")), "{word}: {found}");
        assert!(found.ends_with(&format!("found {word:?}{proposed}")), "{word}: {found}");
    }
    let comment = |text: &str| format!("silence alert=X duration=2h comment={}", quote(text));
    let cases = [
        ("silence X \"90\"", comment("90")),
        ("silence X comment=90", comment("90")),
        ("silence X comment 90", comment("90")),
        ("silence X for 2h 90", comment("90")),
        ("silence X 90 hosts are down", comment("90 hosts are down")),
        ("silence X P1", comment("P1")),
        ("silence X 5xx", comment("5xx")),
        ("silence X v2", comment("v2")),
        ("silence X #90", comment("#90")),
        ("silence X 0", comment("0")),
        ("pr comment web#1 90", "pr comment pr=web#1 message=90".to_owned()),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn an_hour_after_until_is_a_length_of_time_or_a_time_of_day() {
    let both = |hour: &str, time: &str| format!("error: until: {hour:?} could be for {hour}, until {time}");
    let given = |args: &str| format!("silence alert=X {args}");
    let cases = [
        ("silence X until 17h", both("17h", "17:00")),
        ("silence X until 17h deploying", both("17h", "17:00")),
        ("silence X until 24h", both("24h", "0:00")),
        ("silence X until 12h", both("12h", "12:00")),
        ("silence X until 1h", both("1h", "1:00")),
        // No time at all is no length.
        ("silence X until 0h", "error: until: \"0h\" could be until 0:00".to_owned()),
        ("silence X until 25h", given("duration=2h until=25h")),
        ("silence X until 12 hours", given("duration=2h until=\"12 hours\"")),
        ("silence X until in 12h", given("duration=2h until=\"in 12h\"")),
        ("silence X 12h", given("duration=12h")),
        ("silence X until 17:00", given("duration=2h until=17:00")),
        ("silence X for 17h", given("duration=17h")),
        ("silence X 17h", given("duration=17h")),
        // Past, as it is when it runs.
        ("silence X until last friday", given("duration=2h until=\"last friday\"")),
        (
            "silence X until last friday deploying",
            given("duration=2h until=\"last friday\" comment=deploying"),
        ),
        ("silence X broke last friday", given("duration=2h comment=\"broke last friday\"")),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
    let found = meaning("silence X last friday it broke");
    assert!(found.starts_with("error: comment: expected no time in it"), "{found}");
}

#[test]
fn a_time_that_goes_on_is_neither_cut_nor_added_up() {
    let no_time = |found: &str, meant: &str| {
        format!(
            "error: comment: expected no time in it (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}{meant}"
        )
    };
    let length = "error: duration: expected a length of time such as 90s, 15m, 2h or 1d";
    let cut = |found: &str, line: &str| {
        no_time(found, "").replace("quotes)", &format!("quotes, as in `silence X {line}`)"))
    };
    let part = |found: &str, next: &str| {
        let (time, text) = found.split_at(found.find(next).unwrap());
        let line = format!("silence X for {time}comment=\"{text}\"");
        format!(
            "{length}; a comment that begins with {next:?} is written in quotes, as in `{line}`, found {found:?}"
        )
    };
    let given = |args: &str| format!("silence alert=X {args}");
    let cases = [
        ("silence X 10 minutes ago", no_time("10 minutes ago", "")),
        ("silence X 2 days ago", no_time("2 days ago", "")),
        ("silence X 2h later", cut("2h later", "for 2h comment=\"later\"")),
        ("silence X for 2 days ago", part("2 days ago", "ago")),
        // Two lengths are not their sum.
        ("silence X 1h 2h", cut("1h 2h", "for 1h comment=\"2h\"")),
        ("silence X 1d 1d", cut("1d 1d", "for 1d comment=\"1d\"")),
        ("silence X for 1h 2h", part("1h 2h", "2h")),
        ("silence X 1h 30m", given("duration=\"1h 30m\"")),
        ("silence X 1h 30m fix", given("duration=\"1h 30m\" comment=fix")),
        // A capital letter is the same unit, with a space before it and without.
        ("silence X 1H", given("duration=1H")),
        ("silence X for 1H", given("duration=1H")),
        ("silence X for 1 H", given("duration=\"1 H\"")),
        ("silence X for 2D fix", given("duration=2D comment=fix")),
        ("silence X for 5 MIN", given("duration=\"5 MIN\"")),
        // But for what is a month to some.
        ("silence X for 1M", format!("{length}, found \"1M\"")),
        (
            "silence X for 1 M",
            format!("{length}; a comment that begins with \"M\" is written in quotes, found \"1 M\""),
        ),
        // A day by its place alone, before a text that may be more of the sentence.
        ("silence X sun is hot", no_time("sun", "; did you mean \"until sun is hot\"?")),
        ("silence X monday deploying", no_time("monday", "; did you mean \"until monday deploying\"?")),
        ("silence X this morning it broke", no_time("this morning", "")),
        ("silence X until sun is hot", given("duration=2h until=sun comment=\"is hot\"")),
        ("silence X \"sun is hot\"", given("duration=2h comment=\"sun is hot\"")),
        ("silence X sun", given("duration=2h until=sun")),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn a_time_of_another_keyboard_layout_is_no_part_of_the_comment() {
    let ways = "(a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes)";
    let refused = |found: &str, typed: &str, keys: &str, meant: &str| {
        format!(
            "error: comment: expected no time in it, and {typed:?} is {keys:?} on another keyboard layout {ways}, found {found:?}{meant}"
        )
    };
    let meant = |line: &str| format!("; did you mean {line:?}?");
    let unknown = |found: &str, word: &str| {
        format!(
            "error: comment: expected a time that can be understood, such as 30m, 90m or 18:00, which {word:?} is not {ways}, found {found:?}"
        )
    };
    let given = |args: &str| format!("silence alert=X {args}");
    let comment = |text: &str| given(&format!("duration=2h comment={}", quote(text)));
    let on_keyboard = |arg: &str, expected: &str, keys: &str, found: &str| {
        format!(
            "error: {arg}: expected {expected} (typed on another keyboard layout? {keys:?}), found {found:?}"
        )
    };
    let length = "a length of time such as 90s, 15m, 2h or 1d";
    let cases = [
        ("silence X 5р тест", refused("5р", "5р", "5h", &meant("for 5h тест"))),
        ("silence X 5р", refused("5р", "5р", "5h", &meant("for 5h"))),
        ("silence X 5η x", refused("5η", "5η", "5h", &meant("for 5h x"))),
        ("silence X 2 рщгкы тест", refused("2 рщгкы", "2 рщгкы", "2 hours", &meant("for 2 hours тест"))),
        ("silence X ещьщккщц", refused("ещьщккщц", "ещьщккщц", "tomorrow", &meant("until tomorrow"))),
        (
            "silence X тест until 5р",
            // After `until` that can be both.
            refused("until 5р", "5р", "5h", ""),
        ),
        (
            "silence X тест for 5р",
            refused("for 5р", "5р", "5h", "").replace(
                "quotes)",
                "quotes, and so is a name of several words, as in `silence \"X тест\" for 5h`)",
            ),
        ),
        ("silence X 31 ауи", refused("31 ауи", "31 ауи", "31 feb", "")),
        ("silence X 5м тест", unknown("5м", "5м")),
        ("silence X 5ч", unknown("5ч", "5ч")),
        ("silence X for 5р тест", on_keyboard("duration", length, "5h", "5р") + &meant("5h")),
        ("silence X until 5р", on_keyboard("until", crate::until::EXPECTED, "5h", "5р")),
        ("silence X until 31 ауи", on_keyboard("until", crate::until::EXPECTED, "31 feb", "31 ауи")),
        (
            "silence Slow API 5р x",
            "error: comment: expected no time in it (a time is given before it, as `for <duration>` or `until <until>`; a comment that says one is written in quotes, and so is a name of several words, as in `silence \"Slow API\" 5h x`), found \"5р\"".to_owned(),
        ),
        // Digits of other scripts are as clear as those of ASCII, and commands get those.
        ("silence X ５h fix", given("duration=5h comment=fix")),
        ("silence X \u{665}h fix", given("duration=5h comment=fix")),
        ("silence X for ５ hours", given("duration=\"5 hours\"")),
        ("silence X １８：００ fix", given("duration=2h until=18:00 comment=fix")),
        // What is no time stays a comment, and so does what is in quotes.
        ("silence X \"5р тест\"", comment("5р тест")),
        ("silence X тест", comment("тест")),
        ("silence X 2 в проде", comment("2 в проде")),
        ("silence X 2й раз", comment("2й раз")),
        ("silence X for 5h 500 ошибок", given("duration=5h comment=\"500 ошибок\"")),
    ];
    for (line, expected) in cases {
        assert_eq!(meaning(line), expected, "{line}");
    }
}

#[test]
fn a_day_alone_is_the_time_where_no_text_may_follow() {
    let incident = || ArgSpec::item("incident", Kind::Incident, "the incident");
    let specs = [
        CommandSpec::new("hold", "").usage("hold <incident> until <until>").arg(incident()),
        CommandSpec::new("park", "").usage("park <incident> [until <until>]").arg(incident()),
    ];
    let [hold, park] = specs;
    let specs = [hold.arg(ArgSpec::time("until", "")), park.arg(ArgSpec::time("until", "").optional())];
    let commands: Commands = specs.into_iter().map(|spec| Command::new(spec).unwrap()).collect();
    let read = |line: &str| match commands.parse(line) {
        Ok(parsed) => canonical_line(parsed.spec, &parsed.args),
        Err(error) => format!("error: {error}"),
    };
    // what follows the command -> the incident, and until when
    let cases = [
        ("Queue tomorrow", "Queue", "tomorrow"),
        ("Queue fri", "Queue", "fri"),
        ("Queue monday 9:00", "Queue", "monday 9:00"),
        ("Queue until friday", "Queue", "friday"),
        ("Queue 3d", "Queue", "3d"),
        ("Queue is full fri", "Queue is full", "fri"),
        ("Queue is full monday 9:00", "Queue is full", "monday 9:00"),
        ("Queue is full until friday", "Queue is full", "friday"),
        ("Queue 17h", "Queue", "17h"),
    ];
    for name in ["hold", "park"] {
        for (line, incident, until) in cases {
            let expected = format!("{name} incident={} until={}", quote(incident), quote(until));
            assert_eq!(read(&format!("{name} {line}")), expected, "{name} {line}");
        }
        // What `until` leads is never by its place what it is not after it.
        let error = read(&format!("{name} Queue is full until 17h"));
        assert!(error.starts_with("error: "), "{error}");
        let error = read(&format!("{name} Queue is full until 5р"));
        assert!(error.starts_with("error: "), "{error}");
        // What follows the time has no place.
        let error = read(&format!("{name} \"Queue\" until 3d printer"));
        assert!(error.starts_with("error: ") && error.contains("printer"), "{error}");
    }
}
