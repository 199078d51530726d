//! A TOML file that knows where everything in it stands, so that every fault names file, line and column.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
};

use callboard_domain::text;
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IntoDeserializer};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::mask::mask;

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
    /// What is wrong with a file as a whole: it stands at its beginning, and no line is shown.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 1, column: 1, what: what.into(), text: String::new() }
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

/// One step towards a value: a key of a table or a place in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    At(usize),
}

impl<'a> From<&'a str> for Step<'a> {
    fn from(key: &'a str) -> Self {
        Self::Key(key)
    }
}

impl From<usize> for Step<'_> {
    fn from(place: usize) -> Self {
        Self::At(place)
    }
}

/// A parsed file.
pub(crate) struct TomlFile<'t> {
    path: &'t Path,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

impl<'t> TomlFile<'t> {
    pub(crate) fn parse(path: &'t Path, text: &'t str) -> Result<Self, ConfigError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { path, text, root }),
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                // Which keys an account's table may have is not known yet.
                let quoted = if in_accounts(text, span.start) {
                    Quoted::WithoutValues
                } else {
                    Quoted::WithoutSecrets
                };
                Err(fault(path, text, span, plain(error.message()), quoted))
            }
        }
    }

    /// The keys of the file's outermost table, with where they stand.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.root.get_ref().keys().map(|key| (key.get_ref().as_ref(), key.span()))
    }

    /// True where a key of the outermost table has a table, or a list of tables: `[name]`, `[[name]]`.
    pub(crate) fn is_section(&self, name: &str) -> bool {
        match self.get(&[name.into()]).map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => true,
            Some(DeValue::Array(list)) => {
                !list.is_empty() && list.iter().all(|value| value.get_ref().is_table())
            }
            _ => false,
        }
    }

    pub(crate) fn get(&self, path: &[Step<'_>]) -> Option<&Spanned<DeValue<'t>>> {
        let (first, rest) = path.split_first()?;
        let Step::Key(first) = first else { return None };
        rest.iter().try_fold(self.root.get_ref().get(*first)?, |value, step| match step {
            Step::Key(key) => value.get_ref().as_table()?.get(*key),
            Step::At(place) => value.get_ref().as_array()?.get(*place),
        })
    }

    /// Reads a value as `T`; `None` where it is not in the file.
    pub(crate) fn read<T: DeserializeOwned>(&self, path: &[Step<'_>]) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.get(path) else { return Ok(None) };
        T::deserialize(value.clone().into_deserializer())
            .map(Some)
            .map_err(|error| self.refusal(path, &error))
    }

    /// A fault at the value that `path` leads to, or at the nearest thing above it that is in the file.
    pub(crate) fn fault(&self, path: &[Step<'_>], what: impl Into<String>) -> ConfigError {
        let above = (1..=path.len()).rev().find_map(|n| self.get(&path[..n]));
        fault(self.path, self.text, above.map_or(0..0, Spanned::span), what.into(), Quoted::WithoutSecrets)
    }

    /// The same, `offset` characters into what a string value says.
    pub(crate) fn fault_within(
        &self,
        path: &[Step<'_>],
        offset: usize,
        what: impl Into<String>,
    ) -> ConfigError {
        match self.get(path) {
            Some(value) if offset > 0 && value.get_ref().is_str() => {
                let span = value.span();
                let at = span.start + within(&self.text[span], offset);
                fault(self.path, self.text, at..at, what.into(), Quoted::WithoutSecrets)
            }
            _ => self.fault(path, what),
        }
    }

    /// A fault at a key itself, whose value may be anything.
    pub(crate) fn fault_at(&self, span: Range<usize>, what: impl Into<String>) -> ConfigError {
        fault(self.path, self.text, span, what.into(), Quoted::WithoutValues)
    }

    /// What serde says of a value, with the nearest name where it refused one.
    pub(crate) fn refusal(&self, path: &[Step<'_>], error: &toml::de::Error) -> ConfigError {
        let what = plain(error.message());
        let quoted = match error.message().starts_with(UNKNOWN_KEY) {
            true => Quoted::WithoutValues,
            false => Quoted::WithoutSecrets,
        };
        match error.span() {
            Some(span) => fault(self.path, self.text, span, what, quoted),
            None => self.fault(path, what),
        }
    }
}

/// What serde says of a key that it does not know begins like this.
const UNKNOWN_KEY: &str = "unknown field";

/// How a line is repeated in a message.
#[derive(Clone, Copy, PartialEq)]
enum Quoted {
    /// What looks like a secret is masked.
    WithoutSecrets,
    /// So is every text: the key is not known, so its value may be a secret too.
    WithoutValues,
}

/// Whether a place is in the table of an account.
fn in_accounts(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or(text);
    let table = before.lines().rev().map(str::trim_start).find(|line| line.starts_with('['));
    table.is_some_and(|table| table.trim_start_matches('[').trim_start().starts_with("accounts"))
}

/// The most characters of a line that are looked at to quote it.
const QUOTED: usize = 1_000;

fn fault(path: &Path, text: &str, span: Range<usize>, what: String, quoted: Quoted) -> ConfigError {
    let start = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    // Of a line without end, such as a generated one, no more is looked at than is shown, and a little after it.
    let line = line.char_indices().nth(QUOTED).map_or(line, |(end, _)| &line[..end]);
    let masked = mask(line, quoted == Quoted::WithoutValues);
    ConfigError {
        file: path.to_owned(),
        line: text[..line_start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        what: callboard_domain::text::visible(&masked.redact(&what)).into_owned(),
        text: callboard_domain::text::masked(&masked.line.chars().take(200).collect::<String>()),
    }
}

/// Where in a string as it is written, with its quotes and escapes, a character of what it says stands, in bytes.
fn within(written: &str, offset: usize) -> usize {
    let several_lines = written.starts_with("\"\"\"") || written.starts_with("'''");
    let escapes = written.starts_with('"');
    let mut at = if several_lines { 3 } else { 1 };
    // A line break right after the opening quotes is not part of what it says.
    if several_lines {
        let first_break =
            written[at..].bytes().take_while(|b| matches!(b, b'\r' | b'\n')).position(|b| b == b'\n');
        at += first_break.map_or(0, |before| before + 1);
    }
    let mut left = offset;
    loop {
        let rest = &written[at..];
        let mut chars = rest.chars();
        let (Some(first), second) = (chars.next(), chars.next()) else { break };
        let is_escape = escapes && first == '\\';
        if is_escape && second.is_some_and(char::is_whitespace) {
            // A backslash at the end of a line takes the white space after it along, and says nothing.
            at += 1 + rest[1..].find(|c: char| !c.is_whitespace()).unwrap_or(rest.len() - 1);
            continue;
        }
        if left == 0 {
            break;
        }
        at += match second {
            Some('x') if is_escape => 4,
            Some('u') if is_escape => 6,
            Some('U') if is_escape => 10,
            Some(_) if is_escape => 2,
            _ => first.len_utf8(),
        };
        left -= 1;
    }
    at.min(written.len().saturating_sub(1))
}

/// What the parser or serde says, in plain words. Serde names what it refused and what it would take in back-quotes: the
/// nearest of them is worth saying.
fn plain(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let refuses_a_name = message.starts_with(UNKNOWN_KEY) || message.starts_with("unknown variant");
    match quoted.split_first() {
        Some((found, expected)) if refuses_a_name => {
            let what = if message.starts_with(UNKNOWN_KEY) { "key" } else { "value" };
            return unknown(what, found, expected.iter().copied());
        }
        Some((name, _)) if message.starts_with("missing field") => return format!("`{name}` is missing"),
        _ => {}
    }
    let types = message.strip_prefix("invalid type: ").and_then(|types| types.rsplit_once(", expected "));
    match (types, message) {
        (Some((found, expected)), _) => {
            format!("expected {}, found {}", plain_type(expected), plain_type(found))
        }
        (None, "invalid socket address syntax") => {
            "expected an address and a port such as 127.0.0.1:7878".to_owned()
        }
        (None, "string values must be quoted, expected literal string") => {
            "a text is written in quotes: \"...\"".to_owned()
        }
        _ => message.to_owned(),
    }
}

/// What serde calls a type, in the words of TOML.
fn plain_type(name: &str) -> String {
    let (kind, value) = name.split_once(' ').unwrap_or((name, ""));
    match (kind, value) {
        ("map", _) | ("a", "map") | ("struct", _) => "a table".to_owned(),
        ("sequence", _) | ("a", "sequence") => "a list".to_owned(),
        ("a", "string") => "a text in quotes".to_owned(),
        ("a", "boolean") => "true or false".to_owned(),
        ("u8" | "u16" | "u32" | "u64" | "usize" | "i64", "") => "a whole number".to_owned(),
        ("string", value) => format!("the text {value}"),
        ("boolean", value) => value.to_owned(),
        ("integer", value) => format!("the number {value}"),
        ("floating", value) => format!("the number {}", value.trim_start_matches("point ")),
        _ => name.to_owned(),
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

    #[test]
    fn what_is_quoted_steers_nothing() {
        let text = "x = 1\n\u{1b}[31m\u{202e}key = \u{9b}2J";
        let shown = TomlFile::parse(Path::new("\u{1b}]0;x.toml"), text).err().expect("it is not TOML");
        let told = shown.to_string();
        assert!(!told.contains(|c| text::is_unsafe(c) && c != '\n'), "{told:?}");
        let json = serde_json::to_string(&shown.text).unwrap() + &shown.what;
        assert!(!json.contains(text::is_unsafe), "{json:?}");
    }

    #[test]
    fn what_serde_says_is_told_in_plain_words() {
        let cases = [
            ("invalid type: map, expected a sequence", "expected a list, found a table"),
            ("invalid type: boolean `true`, expected a string", "expected a text in quotes, found `true`"),
            ("invalid type: integer `3`, expected struct Receive", "expected a table, found the number `3`"),
            ("invalid type: string \"3\", expected u16", "expected a whole number, found the text \"3\""),
            ("missing field `listen`", "`listen` is missing"),
            ("invalid socket address syntax", "expected an address and a port such as 127.0.0.1:7878"),
            (
                "unknown field `thme`, expected one of `theme`, `tray`",
                "there is no key `thme`; did you mean `theme`?",
            ),
            ("unknown variant `x`, expected `a` or `b`", "there is no value `x`; it can be `a`, `b`"),
        ];
        for (message, expected) in cases {
            assert_eq!(plain(message), expected, "{message}");
        }
    }

    #[test]
    fn a_line_without_end_is_quoted_at_once() {
        let text = format!("a = {}1{}", "{ a = ".repeat(50_000), " }".repeat(50_000));
        let shown = TomlFile::parse(Path::new("x.toml"), &text).err().expect("it is nested too deep");
        assert_eq!(shown.text.chars().count(), 200);
    }

    #[test]
    fn a_place_in_a_string_is_found_as_it_is_written() {
        // What is meant stands after the `^`, which is taken out of the text.
        let cases = [
            ("a = \"xy^{z\"", "xy{z"),
            ("a = 'xy^{z'", "xy{z"),
            (r#"a = "x\"é\u00e9\t^{z""#, "x\"éé\t{z"),
            ("a = \"\"\"\nxy\n  ^{z\"\"\"", "xy\n  {z"),
            ("a = '''xy\n\\ ^{z'''", "xy\n\\ {z"),
            ("a = \"\"\"xy\\\n   ^{z\"\"\"", "xy{z"),
        ];
        for (marked, says) in cases {
            let text = marked.replace('^', "");
            let file = TomlFile::parse(Path::new("x.toml"), &text).unwrap();
            let path = ["a".into()];
            assert_eq!(file.get(&path).unwrap().get_ref().as_str(), Some(says));
            let offset = says.chars().position(|c| c == '{').unwrap();
            let found = file.fault_within(&path, offset, "here");
            let before = &marked[..marked.find('^').unwrap()];
            let expected = (
                before.matches('\n').count() + 1,
                before.chars().rev().take_while(|c| *c != '\n').count() + 1,
            );
            assert_eq!((found.line, found.column), expected, "{marked}");
        }
    }
}
