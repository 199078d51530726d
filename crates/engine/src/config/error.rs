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
    /// What was wrong and what would be right, with the nearest name.
    pub what: String,
    /// The line as it stands in the file, cut to 200 characters; what may be a secret is masked.
    pub text: String,
}

impl ConfigError {
    /// What is wrong with a file as a whole: it is shown at its beginning, without a line.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, what: what.into(), text: String::new() }
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
        let under = " ".repeat(self.column.saturating_sub(1));
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

/// The most characters of a line that are looked at to quote it.
const QUOTED: usize = 1_000;

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
    // Of a line without end, such as a generated one, no more is looked at than is shown, and a little after it.
    let line = line.char_indices().nth(QUOTED).map_or(line, |(end, _)| &line[..end]);
    let masked = mask(line, quoted == Quoted::WithoutValues);
    ConfigError {
        file: path.to_owned(),
        line: line_number,
        column,
        what: callboard_domain::text::visible(&masked.redact(&what)).into_owned(),
        text: callboard_domain::text::masked(&masked.line.chars().take(200).collect::<String>()),
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
