//! What is wrong in a file: where, what would be right, and the line as it is written, without what may be a secret.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use callboard_domain::text;
use serde::{Deserialize, Serialize};

use super::mask::mask;

/// The most lines of a file that are named for being no UTF-8 or no TOML, and the most faults that are named in one value:
/// what has more is no such file at all.
pub(super) const MOST_FAULTS: usize = 20;

/// A fault in a configuration or command file: where, what, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What was wrong and what would be right, with the nearest name; without its middle where it quotes much of the file.
    pub what: String,
    /// The line as it stands in the file, cut to 200 characters; what may be a secret is masked.
    pub text: String,
}

impl ConfigError {
    /// What is wrong with a file as a whole: it is shown at its beginning, without a line.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, what: shortened(what.into()), text: String::new() }
    }

    /// What is wrong at a byte of a file's text.
    pub(super) fn at_byte(file: &Path, text: &str, byte: usize, what: String) -> Self {
        fault(file, text, byte..byte, what, quoted_at(text, byte))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display().to_string();
        write!(f, "{}:{}:{}: {}", text::visible(&file), self.line, self.column, text::visible(&self.what))?;
        let gutter = " ".repeat(self.line.to_string().len());
        // Of a place beyond what is quoted of the line, the end of that is shown.
        let under = " ".repeat(self.column.saturating_sub(1).min(self.text.chars().count()));
        write!(f, "\n {gutter} |\n {} | {}\n {gutter} | {under}^", self.line, text::masked(&self.text))
    }
}

/// Everything that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ConfigError::to_string).collect();
        f.write_str(&all.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

/// How a line is repeated in a message.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Quoted {
    /// What looks like a secret is masked.
    WithoutSecrets,
    /// So is every text: the key is not known, so its value may be a secret too.
    WithoutValues,
}

/// How a line is repeated that may contain anything: in an account's table, a secret.
pub(super) fn quoted_at(text: &str, at: usize) -> Quoted {
    if in_accounts(text, at) { Quoted::WithoutValues } else { Quoted::WithoutSecrets }
}

/// Whether a place is in the table of an account.
fn in_accounts(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or(text);
    let table = before.lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
    table.is_some_and(|table| table.trim_start_matches('[').trim_start().starts_with("accounts"))
}

/// The most characters of a line that are looked at for secrets: what is said of it may quote what comes late in it.
const LOOKED_AT: usize = 8_000;
/// The most characters that are quoted of a line.
const QUOTED: usize = 200;
/// The most characters of what is wrong that are kept from its beginning and from its end, each.
const KEPT: usize = 500;

/// A text without its middle where it is long: it quotes what was found at one end, and says what would be right at the other.
fn shortened(text: String) -> String {
    let count = text.chars().count();
    if count <= 2 * KEPT {
        return text;
    }
    let beginning: String = text.chars().take(KEPT).collect();
    let end: String = text.chars().skip(count - KEPT).collect();
    format!("{beginning} … {end}")
}

/// The line and column of a byte, counted from 1; the column in characters.
pub(super) fn place(text: &str, byte: usize) -> (usize, usize) {
    let start = char_start(text, byte);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    (text[..line_start].matches('\n').count() + 1, text[line_start..start].chars().count() + 1)
}

/// The beginning of the character in which a byte is.
pub(super) fn char_start(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A fault at a place of a text, with the line that it is in.
pub(super) fn fault(
    path: &Path,
    text: &str,
    span: Range<usize>,
    what: String,
    quoted: Quoted,
) -> ConfigError {
    let (line_number, column) = place(text, span.start);
    let start = char_start(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    // Of a line without end, such as a generated one, only the beginning is looked at.
    let looked_at = line.char_indices().nth(LOOKED_AT).map_or(line, |(end, _)| &line[..end]);
    let masked = mask(looked_at, quoted == Quoted::WithoutValues);
    let what = if looked_at.len() < line.len() { masked.redact_open(&what) } else { masked.redact(&what) };
    ConfigError {
        file: path.to_owned(),
        line: line_number,
        column,
        what: callboard_domain::text::visible(&shortened(what)).into_owned(),
        text: callboard_domain::text::masked(&masked.line.chars().take(QUOTED).collect::<String>()),
    }
}

/// "there is no key `wach`; did you mean `watch`?", or all that it can be where nothing is near.
pub(crate) fn unknown<'a>(what: &str, found: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = callboard_domain::nearest::nearest(found, known.iter().copied());
    let list: Vec<String> = known.iter().take(20).map(|name| format!("`{name}`")).collect();
    let right = match nearest {
        Some(name) => format!("; did you mean `{name}`?"),
        None if list.is_empty() => String::new(),
        None => format!("; it can be {}", list.join(", ")),
    };
    format!("there is no {what} `{found}`{right}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, at: usize, what: &str) -> ConfigError {
        fault(Path::new("x.toml"), text, at..at, what.to_owned(), Quoted::WithoutSecrets)
    }

    #[test]
    fn what_is_short_is_shown_whole() {
        let shown = of("a = \"xy\"", 4, "expected a number, found the text \"xy\"").to_string();
        let expected =
            "x.toml:1:5: expected a number, found the text \"xy\"\n   |\n 1 | a = \"xy\"\n   |     ^";
        assert_eq!(shown, expected);
        let kept = "y".repeat(2 * KEPT);
        assert_eq!(of("a = 1", 0, &kept).what, kept);
        let shown = ConfigError::of_file(Path::new("x.toml"), "this is a pipe").to_string();
        assert_eq!(shown, "x.toml:1:1: this is a pipe\n   |\n 1 | \n   | ^");
    }

    #[test]
    fn an_error_is_short_however_long_its_line_is() {
        let long = "x y ".repeat(17_000);
        // the line, the place, what is said -> what is left of that
        let cases = [
            (
                format!("a = \"{long}\""),
                4,
                format!("expected a number, found the text \"{long}\""),
                ["expected a number, found the text \"x y", "x y \""],
            ),
            (
                format!("a = \"{long}\" b"),
                68_007,
                "expected a new line".to_owned(),
                ["expected a new line"; 2],
            ),
            (
                format!("\"{long}\" = 1"),
                0,
                format!("there is no key `{long}`; did you mean `xy`?"),
                ["there is no key `x y", "did you mean `xy`?"],
            ),
        ];
        for (line, at, what, expected) in cases {
            let error = of(&line, at, &what);
            let shown = error.to_string();
            assert!(shown.len() < 2_000, "{} bytes", shown.len());
            assert!(
                error.what.starts_with(expected[0]) && error.what.ends_with(expected[1]),
                "{}",
                error.what
            );
            assert!(error.text.chars().count() <= QUOTED, "{}", error.text);
        }
        let unreadable = ConfigError::of_file(Path::new("x.toml"), long);
        assert!(unreadable.to_string().len() < 2_000);
    }

    #[test]
    fn secret_in_a_long_line_is_masked_in_all_that_is_said() {
        let filler = "x y ".repeat(800);
        let (short, long) = ("hunter2-hunter2".to_owned(), "s3cr3t ".repeat(3_000));
        for (line, secret) in [
            (format!("token = \"{short}\""), &short),
            (format!("a = {{ b = \"{filler}\", token = \"{short}\" }}"), &short),
            (format!("token = \"{long}\""), &long),
            (format!("a = {{ b = \"{filler}\", token = \"{long}\" }}"), &long),
        ] {
            let at = line.find("token").unwrap();
            let error = of(&line, at, &format!("expected a number, found the text \"{secret}\""));
            assert!(
                error.what.starts_with("expected a number, found the text \"[REDACTED]"),
                "{}",
                error.what
            );
            for part in ["hunter2", "s3cr3t"] {
                assert!(!error.to_string().contains(part), "{error}");
            }
        }
    }
}
