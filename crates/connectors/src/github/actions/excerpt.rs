//! The part of a job's log with the reason of its failure.

use callboard_domain::text;
use jiff::Timestamp;

/// How many lines before the first error are shown: what was being done.
const BEFORE: usize = 5;
/// Of a longer log, as many bytes at its end are looked at.
const READ: usize = 2 << 20;
const LINES: usize = 120;
const CHARACTERS: usize = 8_000;
/// How many lines a step's own error is looked for above GitHub's own note that the step failed.
const WITHIN: usize = 400;

/// The log from its first error on, without time stamps and escapes, cut to what fits a message; its end where nothing
/// looks like an error.
pub(super) fn excerpt(log: &str) -> String {
    let log = tail(log);
    let clean = text::block(&without_times(log), usize::MAX);
    let lines: Vec<_> = clean.lines().map(str::trim_end).collect();
    let shown = match first_error(&lines) {
        Some(at) => &lines[at.saturating_sub(BEFORE)..],
        None => &lines[lines.len().saturating_sub(LINES)..],
    };
    let mut excerpt = shown[..shown.len().min(LINES)].join("\n");
    if shown.len() > LINES {
        excerpt.push_str("\n…");
    }
    text::block(&excerpt, CHARACTERS)
}

/// The whole log, without time stamps.
pub(super) fn without_times(log: &str) -> String {
    log.lines().map(without_time).collect::<Vec<_>>().join("\n")
}

/// Jobs end soon after they fail, so that the end of a huge log is enough.
fn tail(log: &str) -> &str {
    let from = log.len().saturating_sub(READ);
    (from..log.len()).find(|at| log.is_char_boundary(*at)).map_or(log, |at| &log[at..])
}

/// Every line begins with a time: `2026-11-22T20:57:16.9990000Z `; the first one with a byte-order mark before it.
fn without_time(line: &str) -> &str {
    let line = line.trim_start_matches('\u{feff}');
    match line.split_once(' ') {
        Some((time, rest)) if time.ends_with('Z') && time.parse::<Timestamp>().is_ok() => rest,
        _ if line.ends_with('Z') && line.parse::<Timestamp>().is_ok() => "",
        _ => line,
    }
}

/// GitHub notes a failed step with `##[error]`, mostly only that it ended with a code. The step's own message is above,
/// within the same group of lines.
fn first_error(lines: &[&str]) -> Option<usize> {
    let Some(note) = lines.iter().position(|line| line.starts_with("##[error]")) else {
        return lines.iter().position(|line| is_error_line(line));
    };
    let from = note.saturating_sub(WITHIN);
    let step = lines[from..note]
        .iter()
        .rposition(|line| line.starts_with("##[endgroup]"))
        .map_or(from, |at| from + at);
    let message = lines[step..note].iter().position(|line| is_error_line(line));
    Some(message.map_or(note, |at| step + at))
}

fn is_error_line(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let words =
        ["error:", "error[", "error ", "failed", "failure", "panicked", "exception", "not ok ", "fatal:"];
    let none = ["0 failed", "0 errors", "0 failures", "no error"];
    words.iter().any(|word| lower.contains(word)) && !none.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log as GitHub sends it: a time on every line, groups around each step's command.
    fn log(lines: &[&str]) -> String {
        lines.iter().map(|line| format!("2026-11-22T20:57:16.9990000Z {line}\n")).collect()
    }

    #[test]
    fn excerpt_starts_at_the_first_error() {
        let cases: [(&str, String, &str, &str); 6] = [
            (
                "the step's own message before GitHub's note",
                log(&[
                    "##[group]Run make",
                    "make",
                    "##[endgroup]",
                    "ok 1",
                    "not ok 2 - totals",
                    "1..2",
                    "##[error]Process completed with exit code 1.",
                ]),
                "##[group]Run make\nmake\n##[endgroup]\nok 1\nnot ok 2 - totals\n1..2\n##[error]",
                "exit code 1.",
            ),
            (
                "an error in an earlier, passed step is not it",
                log(&[
                    "error: ignored",
                    "1",
                    "2",
                    "3",
                    "4",
                    "5",
                    "##[endgroup]",
                    "a",
                    "b",
                    "c",
                    "d",
                    "e",
                    "panicked at x",
                    "##[error]End",
                ]),
                "a\nb\nc\nd\ne\npanicked at x",
                "##[error]End",
            ),
            ("colours and links go", log(&["\u{1b}[31merror: red\u{1b}[0m"]), "error: red", "error: red"),
            (
                "no errors counted is no error",
                log(&["5 passed, 0 failed", "done"]),
                "5 passed, 0 failed\ndone",
                "done",
            ),
            ("a byte-order mark goes", format!("\u{feff}{}", log(&["one"])), "one", "one"),
            ("nothing", String::new(), "", ""),
        ];
        for (what, log, starts, ends) in cases {
            let got = excerpt(&log);
            assert!(got.starts_with(starts) && got.ends_with(ends), "{what}:\n{got}");
            assert!(!got.contains("2026-11-22") && !got.contains('\u{1b}'), "{what}:\n{got}");
        }
    }

    #[test]
    fn excerpt_is_cut_to_its_limits() {
        let many = log(&vec!["error: again"; 5_000]);
        assert_eq!(excerpt(&many).lines().count(), LINES + 1);
        assert!(excerpt(&many).ends_with('…'));
        let wide = log(&[&format!("error: {}", "x".repeat(100_000))]);
        assert_eq!(excerpt(&wide).chars().count(), CHARACTERS);
        let quiet = log(&(0..1_000)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>());
        assert!(excerpt(&quiet).starts_with("880\n") && excerpt(&quiet).ends_with("\n999"));
    }

    proptest::proptest! {
        #[test]
        fn excerpt_of_any_log_is_clean_and_bounded(log in "(.|\\n|##\\[error\\]|\\x1b\\[){0,200}") {
            let excerpt = excerpt(&log);
            assert!(!excerpt.contains('\u{1b}') && excerpt.lines().count() <= LINES + 1, "{excerpt:?}");
        }
    }
}
