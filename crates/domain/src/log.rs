//! Logs: the lines of a long text that show why something failed.

use crate::text;

/// How many lines before the first error are shown: what was being done.
const BEFORE: usize = 5;
/// Characters of a line.
const WIDTH: usize = 500;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its text, without control characters.
    pub text: String,
    /// True where it reports an error.
    pub error: bool,
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// At most as many lines as were asked for.
    pub lines: Vec<Line>,
    /// True where there is more before them.
    pub cut: bool,
}

/// What a person needs of a log: what follows its first error, with a few lines before it, or its end where nothing
/// looks like an error. At most `most` lines.
pub fn tail(log: &str, most: usize) -> Tail {
    let clean = text::block(log, usize::MAX);
    let lines: Vec<&str> = clean.lines().map(str::trim_end).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    let lines = &lines[..end];
    let from = match lines.iter().position(|line| is_error(line)) {
        Some(first) => first.saturating_sub(BEFORE),
        None => lines.len().saturating_sub(most),
    };
    let shown = lines[from..].iter().take(most);
    Tail {
        lines: shown.map(|line| Line { text: text::block(line, WIDTH), error: is_error(line) }).collect(),
        cut: from > 0,
    }
}

/// A guess by words, as tools have no common form: `error`, `failed`, `SomethingException`, but not `0 errors`.
pub fn is_error(line: &str) -> bool {
    // The last line of Jenkins repeats only what is known already.
    if line.starts_with("Finished: ") {
        return false;
    }
    let words: Vec<_> = line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let at = |index: usize| words.get(index).copied().unwrap_or_default();
    words.iter().enumerate().any(|(index, word)| {
        let names_one = ["Error", "Exception"].iter().any(|end| word.ends_with(end));
        let is_one = matches!(
            word.to_ascii_lowercase().as_str(),
            "error"
                | "errors"
                | "fatal"
                | "failed"
                | "failure"
                | "failures"
                | "fail"
                | "panicked"
                | "traceback"
        );
        let before = if index == 0 { String::new() } else { at(index - 1).to_ascii_lowercase() };
        let none = matches!(before.as_str(), "0" | "no" | "zero" | "without" | "on" | "if" | "ignore")
            || at(index + 1) == "0";
        (names_one || is_one) && !none
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_lines_are_distinguished_from_mentions_of_errors() {
        let cases = [
            ("error[E0308]: mismatched types", true),
            ("ERROR: script returned exit code 1", true),
            ("[ERROR] COMPILATION ERROR :", true),
            ("java.lang.NullPointerException: null", true),
            ("TypeError: x is not a function", true),
            ("test cart::adds ... FAILED", true),
            ("thread 'main' panicked at src/main.rs:3:5", true),
            ("Tests run: 9, Failures: 1, Errors: 0", true),
            ("Tests run: 9, Failures: 0, Errors: 0", false),
            ("Finished with 0 errors and no failures", false),
            ("Compiling error-chain without errors", true),
            ("continue-on-error: true", false),
            ("cc -Werror -c cart.c", false),
            ("Downloading terrors.txt", false),
            ("Finished: FAILURE", false),
            ("", false),
        ];
        for (line, expected) in cases {
            assert_eq!(is_error(line), expected, "{line}");
        }
    }

    #[test]
    fn tail_begins_before_the_first_error() {
        let numbers = |count: usize| (1..=count).map(|n| format!("{n}\n")).collect::<String>();
        // log, most lines -> first line, last line, number of errors, cut
        let cases = [
            (String::new(), 10, None, None, 0, false),
            ("\n\n".into(), 10, None, None, 0, false),
            (numbers(3), 10, Some("1"), Some("3"), 0, false),
            (numbers(30), 10, Some("21"), Some("30"), 0, true),
            (format!("{}error: no\nrest\n\n", numbers(9)), 10, Some("5"), Some("rest"), 1, true),
            (format!("error: no\n{}", numbers(30)), 10, Some("error: no"), Some("9"), 1, false),
            ("\u{1b}[31mERROR\u{1b}[0m: a\r\nb\u{7}".into(), 10, Some("ERROR: a"), Some("b"), 1, false),
        ];
        for (log, most, first, last, errors, cut) in cases {
            let tail = tail(&log, most);
            let text = |line: Option<&Line>| line.map(|line| line.text.clone());
            assert_eq!(text(tail.lines.first()).as_deref(), first, "{log:?}");
            assert_eq!(text(tail.lines.last()).as_deref(), last, "{log:?}");
            assert_eq!(tail.lines.iter().filter(|line| line.error).count(), errors, "{log:?}");
            assert_eq!(tail.cut, cut, "{log:?}");
            assert!(tail.lines.len() <= most);
        }
    }
}
