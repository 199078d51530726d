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
    let misspelt = |found: &str, word: &str| {
        format!(
            "error: comment: expected a time that can be understood, which {word:?} is not (a time is given as `for <duration>` or `until <until>`, and a comment that says one is written in quotes), found {found:?}"
        )
    };
    let canonical = |args: &str| format!("silence alert=X {args}");
    let comment = |text: &str| canonical(&format!("duration=2h comment={}", quote(text)));
    let part = |found: &str, next: &str| {
        format!(
            "error: until: expected {}; a comment that begins with {next:?} is written in quotes, found {found:?}",
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
        ("silence X until monday 9 disks fail", part("monday 9 disks fail", "9")),
        ("silence X until 18:00 UTC", part("18:00 UTC", "UTC")),
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
        ("silence X for 2 hours 30 minutes fix it", canonical("duration=\"2 hours 30 minutes\" comment=\"fix it\"")),
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
        ("silence X deploying until 31 feb", refused_without("deploying until 31 feb")),
        ("silence X deploying until 2020-01-01", refused_without("deploying until 2020-01-01")),
        ("silence X monday 9 disks fail", refused_without("monday 9 disks fail")),
        ("silence X deploying until 18:00", refused("deploying until 18:00", "until 18:00 deploying")),
        ("silence X deploying for 2 days", refused("deploying for 2 days", "for 2 days deploying")),
        ("silence X comment until monday", refused("until monday", "until monday")),
        ("silence X \"until monday\"", comment("until monday")),
        ("silence X comment=\"2 hours\"", comment("2 hours")),
        (
            "silence X until the deploy is over",
            "error: until: expected a length of time such as 2h, or a time such as 18:00, tomorrow, monday 14:30 or 2026-11-22T10:00, found \"the\"".to_owned(),
        ),
        ("silence X seven hours", until("seven hours", "")),
        ("silence X until 3/4", until("3/4", "")),
        ("silence X until 18:00 PST", part("18:00 PST", "PST")),
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
        ("silence X 2h30", misspelt("2h30", "2h30")),
        ("silence X 1.5h deploy", misspelt("1.5h deploy", "1.5h")),
        ("silence X 9.30", misspelt("9.30", "9.30")),
        ("silence X tomorrow at 9:3o", misspelt("tomorrow at 9:3o", "9:3o")),
        ("silence X 2026-2-3x", misspelt("2026-2-3x", "2026-2-3x")),
        ("silence X until tomorrow at 9:3o", part("tomorrow at 9:3o", "at")),
        ("silence X deploying until 9.30", misspelt("deploying until 9.30", "9.30")),
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
