//! A TOML file that knows the place of everything in it, so that every fault names file, line and column.

use std::{
    cell::RefCell,
    ops::{Range, RangeInclusive},
    path::Path,
};

use callboard_domain::{
    nearest,
    parse_error::{self, Notation},
};
use serde::de::{DeserializeOwned, IntoDeserializer};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, MOST_FAULTS, Quoted, char_start, fault, place, quoted_at, unknown},
    mask::names_a_secret,
    partial::{self, Part, StandIns},
};

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
    /// Where entries of lists were refused, in bytes.
    refused: RefCell<Vec<usize>>,
}

impl<'t> TomlFile<'t> {
    /// Reads a file, with what is no TOML in it: the first fault of each line, as a second may only follow from it, and
    /// [`MOST_FAULTS`] of them, as a file of another kind has one in every line.
    ///
    /// A file in which no more than keys are doubled can be looked through all the same; of any other nothing is known.
    pub(crate) fn parse(path: &'t Path, text: &'t str) -> (Option<Self>, Vec<ConfigError>) {
        let (root, refused) = DeTable::parse_recoverable(text);
        let is_readable = refused.iter().all(|error| parse_error::is_doubled(error.message()));
        let mut faults: Vec<ConfigError> = Vec::new();
        // The lines of these, in bytes.
        let mut lines: Vec<RangeInclusive<usize>> = Vec::new();
        for error in refused {
            if faults.len() == MOST_FAULTS {
                break;
            }
            let span = error.span().unwrap_or(0..0);
            let start = char_start(text, span.start);
            if lines.iter().any(|line| line.contains(&start)) {
                continue;
            }
            let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
            lines.push(line_start..=text[start..].find('\n').map_or(text.len(), |length| start + length));
            let quoted = quoted_at(text, start);
            let what = parse_error::readable_message(error.message(), Notation::Toml);
            faults.push(fault(path, text, span, what, quoted));
        }
        let file = Self { path, text, root, refused: RefCell::default() };
        (Some(file).filter(|_| is_readable), faults)
    }

    /// The keys of the file's outermost table, with their places.
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

    /// Reads a value as `T`; `None` where it is not in the file, or misses a required key.
    ///
    /// What serde refuses in it is named and taken out, and the rest is read on: one fault hides no other. What comes of a
    /// value with faults is good for no more than looking for others.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        path: &[Step<'_>],
        errors: &mut Vec<ConfigError>,
    ) -> Option<T> {
        self.read_part(path, &[], errors).map(|part| part.value)
    }

    /// The same, with stand-ins for required keys that are missing.
    pub(crate) fn read_part<T: DeserializeOwned>(
        &self,
        path: &[Step<'_>],
        stand_ins: StandIns<'_, 't>,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Part<T>> {
        let value = self.get(path)?.clone();
        self.read_value(path, value, stand_ins, |value| T::deserialize(value.into_deserializer()), errors)
    }

    /// Reads a value in a way of its own; `None` where a required key is missing and nothing stands in for it, and where
    /// more is wrong in it than is named.
    pub(crate) fn read_value<T>(
        &self,
        path: &[Step<'_>],
        value: Spanned<DeValue<'t>>,
        stand_ins: StandIns<'_, 't>,
        read: impl Fn(Spanned<DeValue<'t>>) -> Result<T, toml::de::Error>,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Part<T>> {
        let refuse = |error: &toml::de::Error| errors.push(self.refusal(path, error));
        partial::read(value, stand_ins, read, refuse, &mut self.refused.borrow_mut())
    }

    /// Takes out what follows only from a refused entry of a list: of all that is reported of it, the first counts.
    pub(crate) fn without_consequences(&self, errors: &mut Vec<ConfigError>) {
        for start in self.refused.borrow().iter() {
            let (line, column) = place(self.text, *start);
            let mut is_known = false;
            errors.retain(|error| {
                let is_it = error.file == self.path && (error.line, error.column) == (line, column);
                !is_it || !std::mem::replace(&mut is_known, true)
            });
        }
    }

    /// A fault at the value that `path` leads to, or at the nearest thing above it that is in the file.
    pub(crate) fn fault(&self, path: &[Step<'_>], what: impl Into<String>) -> ConfigError {
        let above = (1..=path.len()).rev().find_map(|n| self.get(&path[..n]));
        fault(self.path, self.text, above.map_or(0..0, Spanned::span), what.into(), Quoted::WithoutSecrets)
    }

    /// The same, `offset` characters into the text of a string value.
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

    /// The line that a place is in, counted from 1.
    pub(super) fn line_of(&self, span: &Range<usize>) -> usize {
        place(self.text, span.start).0
    }

    /// A fault at a key itself.
    pub(crate) fn fault_at(&self, span: Range<usize>, what: impl Into<String>) -> ConfigError {
        let quoted = quoted_at(self.text, span.start);
        fault(self.path, self.text, span, what.into(), quoted)
    }

    /// A fault at a key that is none of those that can be there. `what` it is called: a key, a section.
    pub(crate) fn unknown_key<'a>(
        &self,
        span: Range<usize>,
        what: &str,
        found: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> ConfigError {
        let known: Vec<&str> = known.into_iter().collect();
        let what = unknown(what, found, known.iter().copied());
        // A misspelt key is no place for a secret. Any other key may be one.
        let is_slip = nearest::nearest(found, known).is_some() && !names_a_secret(found);
        let quoted = if is_slip { Quoted::WithoutSecrets } else { Quoted::WithoutValues };
        fault(self.path, self.text, span, what, quoted)
    }

    /// What serde reports of a value, with the nearest name where it refused one.
    fn refusal(&self, path: &[Step<'_>], error: &toml::de::Error) -> ConfigError {
        let unknown_name = parse_error::unknown(error.message());
        if let (Some(name), Some(span)) = (unknown_name.as_ref().filter(|it| it.is_key), error.span()) {
            return self.unknown_key(span, "key", name.found, name.known.iter().copied());
        }
        let what = match unknown_name {
            Some(name) => {
                let what = if name.is_key { "key" } else { "value" };
                unknown(what, name.found, name.known.iter().copied())
            }
            None => parse_error::readable_message(error.message(), Notation::Toml),
        };
        match error.span() {
            Some(span) => fault(self.path, self.text, span, what, Quoted::WithoutSecrets),
            None => self.fault(path, what),
        }
    }
}

/// Where a character of a string's text is in the string as it is written, with its quotes and escapes, in bytes.
fn within(written: &str, offset: usize) -> usize {
    let several_lines = written.starts_with("\"\"\"") || written.starts_with("'''");
    let escapes = written.starts_with('"');
    let mut at = if several_lines { 3 } else { 1 };
    // A line break right after the opening quotes is not part of its text.
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
            // A backslash at the end of a line takes the white space after it along, and means nothing.
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

#[cfg(test)]
mod tests {
    use callboard_domain::text;

    use super::*;

    #[test]
    fn quoted_text_has_no_control_characters() {
        let text = "x = 1\n\u{1b}[31m\u{202e}key = \u{9b}2J";
        let shown = TomlFile::parse(Path::new("\u{1b}]0;x.toml"), text).1.remove(0);
        let printed = shown.to_string();
        assert!(!printed.contains(|c| text::is_unsafe(c) && c != '\n'), "{printed:?}");
        let json = serde_json::to_string(&shown.text).unwrap() + &shown.what;
        assert!(!json.contains(text::is_unsafe), "{json:?}");
    }

    #[test]
    fn every_refused_key_is_named_and_the_rest_is_read() {
        #[derive(Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Part {
            a: u8,
            #[serde(default)]
            b: Vec<u8>,
            #[serde(default)]
            c: Option<Box<Part>>,
        }
        /// The table; what is wrong, with its line and words; what is read.
        type Case<'c> = (&'c str, &'c [(usize, &'c str)], Option<u8>);
        let cases: &[Case<'_>] = &[
            ("a = 1", &[], Some(1)),
            (
                "a = 1\nd = 2\nb = [1, \"x\", true]",
                &[(2, "no key `d`"), (3, "the text"), (3, "`true`")],
                Some(1),
            ),
            ("a = 1\nc = { a = \"x\", e = 1 }", &[(2, "no key `e`"), (2, "the text \"x\"")], Some(1)),
            // A wrong key is not also reported as missing.
            ("a = \"x\"\nd = 1", &[(1, "the text \"x\""), (2, "no key `d`")], None),
            ("b = 3", &[(1, "a list"), (1, "`a` is missing")], None),
        ];
        for (text, expected, read) in cases {
            let text = format!("[x]\n{text}");
            let file = TomlFile::parse(Path::new("x.toml"), &text).0.unwrap();
            let mut errors = Vec::new();
            let found: Option<Part> = file.read(&["x".into()], &mut errors);
            assert_eq!(found.map(|part| part.a), *read, "{text}");
            errors.sort_by_key(|error| (error.line, error.column));
            assert_eq!(errors.len(), expected.len(), "{text}: {errors:#?}");
            for (line, words) in *expected {
                let is_it = |error: &ConfigError| {
                    error.what.contains(words) && (error.line == line + 1 || words.contains("missing"))
                };
                assert!(errors.iter().any(is_it), "{text}: no {words} at {line}: {errors:#?}");
            }
        }
    }

    #[test]
    fn errors_of_a_file_that_is_no_toml_are_bounded() {
        let log = "2026-11-29 12:00:00 INFO a request took 3 ms\n".repeat(20_000);
        let (file, faults) = TomlFile::parse(Path::new("x.toml"), &log);
        let lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        assert!(file.is_none() && lines.len() == MOST_FAULTS, "{lines:?}");
        assert!(lines.is_sorted_by(|line, next| line < next), "each line once: {lines:?}");

        let list = format!("[x]\nb = [{}]", "\"x\", ".repeat(1_000));
        let file = TomlFile::parse(Path::new("x.toml"), &list).0.unwrap();
        let mut errors = Vec::new();
        let read: Option<Vec<u8>> = file.read(&["x".into(), "b".into()], &mut errors);
        assert_eq!((read, errors.len()), (None, MOST_FAULTS));
    }

    #[test]
    fn a_line_without_end_is_quoted_at_once() {
        let text = format!("a = {}1{}", "{ a = ".repeat(50_000), " }".repeat(50_000));
        let shown = TomlFile::parse(Path::new("x.toml"), &text).1.remove(0);
        assert_eq!(shown.text.chars().count(), 200);
    }

    #[test]
    fn a_place_in_a_string_is_found_as_it_is_written() {
        // What is meant comes after the `^`, which is taken out of the text.
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
            let file = TomlFile::parse(Path::new("x.toml"), &text).0.unwrap();
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
