//! Templates: text with `{{ names }}`, strict and bounded.
//!
//! A name that is not known is an error, never an empty text. What a template can do is limited by its length, by a
//! budget of work, and by the length of what it gives; it can include nothing and sees nothing but its context.

mod json;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Object, ObjectRepr, Serde, ValueKind, merge_maps},
};
use serde::Serialize;

use crate::{
    nearest::{did_you_mean, nearest, nearest_path},
    position::position,
    segment,
};

pub use json::{JsonTemplate, render_json};

/// The longest template, and the longest text that one gives, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// Why a value with spaces around it is refused in a header.
const AROUND: &str = "the value begins or ends with a space, which a header does not keep";

/// What one rendering may do: about as many steps, or 64 times as many bytes.
const FUEL: u64 = 100_000;

/// Text with `{{ names }}` in it, known to be well-formed.
///
/// Besides minijinja's own filters there is `path`, which keeps the slashes of a value that is to be several segments
/// of a path: `/repos/{{ repo | path }}/dispatches`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    literal: bool,
}

/// Where a value lands, and so how it is encoded. The template's own text is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// In text for people, or in a string of a JSON value (see [`JsonTemplate`]): as it is.
    None,
    /// In one segment of a URL's path: percent-encoded. What would name another path is refused: nothing, `.` and `..`,
    /// however they are written (see [`segment::fault`]).
    PathSegment,
    /// In a URL's query: percent-encoded. Control characters are refused.
    Query,
    /// In one line that is encoded later, or not at all: as it is, but control characters are refused.
    Line,
    /// In a header's value: as it is, but control characters are refused, and so are spaces around the value. They are no
    /// part of a header's value, nor of an entry of its list (RFC 9110, 5.5 and 5.6.1): another value would arrive.
    Header,
    /// In one argument of a program, with no shell in between: as it is, but control characters are refused, and so is
    /// a value that would turn the argument into an option by a leading `-`.
    Argument,
}

/// What is wrong with a template, or with what it was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}{}", did_you_mean(nearest))]
pub struct TemplateError {
    /// The line in the template, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, in plain words. May hold names, never a value.
    pub what: String,
    /// The nearest right name, where a name is wrong.
    pub nearest: Option<String>,
}

/// A name that a template takes from its context, such as `item.branch`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The line where it first occurs, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// With its fields, as far as they are written out.
    pub name: String,
}

impl Template {
    /// Reads a template. The error has the place where its syntax, or the name of a filter, is wrong.
    pub fn compile(text: &str) -> Result<Self, TemplateError> {
        let template = Self { text: text.to_owned(), literal: !tag_starts(text) };
        if text.len() > LONGEST {
            return Err(template.error(LONGEST, format!("a template is at most {} KiB", LONGEST / 1024)));
        }
        if !template.literal {
            ENGINE.template_from_str(text).map_err(|error| template.explain(&error, None))?;
            template.check_filters()?;
        }
        Ok(template)
    }

    /// The template as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True where it names nothing, so that its text is what it always gives.
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    /// The names that it takes from its context, in the order in which they occur.
    pub fn names(&self) -> Vec<Name> {
        if self.literal {
            return Vec::new();
        }
        let Ok(template) = ENGINE.template_from_str(&self.text) else { return Vec::new() };
        let words = words(&self.text);
        let mut names: Vec<_> = template
            .undeclared_variables(true)
            .into_iter()
            .map(|name| {
                let at = words.iter().find(|word| word.is_name && is_within(&name, word.text));
                let place = position(&self.text, at.map_or(0, |word| word.at));
                Name { line: place.line, column: place.column, name }
            })
            .collect();
        names.sort();
        names
    }

    /// Refuses the first name that is not among `known`. A known `item.labels` also covers `item.labels.team`, and
    /// where `item.labels` is known, `item` alone is too.
    pub fn check(&self, known: &[&str]) -> Result<(), TemplateError> {
        let unknown = self
            .names()
            .into_iter()
            .find(|found| !known.iter().any(|k| is_within(k, &found.name) || is_within(&found.name, k)));
        match unknown {
            None => Ok(()),
            Some(found) => Err(TemplateError {
                line: found.line,
                column: found.column,
                what: format!("there is no `{}`", found.name),
                nearest: nearest_path(&found.name, known.iter().copied()).map(str::to_owned),
            }),
        }
    }

    /// The text with every value in its place, encoded for that place. A context with a text `pr` and a value that is
    /// called `pr.title` gives `{{ pr }}` and `{{ pr.title }}`.
    pub fn render<C: Serialize + ?Sized>(
        &self,
        context: &C,
        escape: Escape,
    ) -> Result<String, TemplateError> {
        if self.literal {
            return Ok(self.text.clone());
        }
        let context = self.with_fields(Value::from(Serde(context)));
        let text = ENGINE
            .template_from_named_str(escape.name(), &self.text)
            .and_then(|template| template.render(context.clone()))
            .map_err(|error| self.explain(&error, Some(&context)))?;
        if text.len() > LONGEST {
            return Err(self.error(0, format!("it gives more than {} KiB", LONGEST / 1024)));
        }
        let option = escape == Escape::Argument && text.starts_with('-') && !self.text.starts_with('-');
        if option && !is_number(&text) {
            return Err(self.error(0, "the value starts with - and would be read as an option"));
        }
        Ok(text)
    }

    /// The context, with the fields that this template names of texts in it. A text of which it names none stays as it
    /// is.
    fn with_fields(&self, context: Value) -> Value {
        let mut texts: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for Name { name, .. } in self.names() {
            let value = context.get_attr(&name).unwrap_or(Value::UNDEFINED);
            if let Some((text, field)) = name.split_once('.').filter(|_| !value.is_undefined()) {
                texts.entry(text.to_owned()).or_default().insert(field.to_owned(), value);
            }
        }
        if texts.is_empty() {
            return context;
        }
        let with_fields = texts.into_iter().map(|(name, fields)| {
            let text = context.get_attr(&name).unwrap_or_default().to_string();
            (name, Value::from_object(TextWithFields { text, fields }))
        });
        let with_fields: Vec<_> = with_fields.collect();
        // The last that has a name counts.
        merge_maps([context, Value::from_pairs(with_fields)])
    }

    fn check_filters(&self) -> Result<(), TemplateError> {
        for word in words(&self.text).into_iter().filter(|word| word.is_filter) {
            let tried = ENGINE.empty_state().apply_filter(word.text, &[Value::from(())]);
            if tried.is_err_and(|error| error.kind() == ErrorKind::UnknownFilter) {
                let mut error = self.error(word.at, format!("there is no filter `{}`", word.text));
                error.nearest = nearest(word.text, FILTERS).map(str::to_owned);
                return Err(error);
            }
        }
        Ok(())
    }

    fn error(&self, at: usize, what: impl Into<String>) -> TemplateError {
        let place = position(&self.text, at);
        TemplateError { line: place.line, column: place.column, what: what.into(), nearest: None }
    }

    /// What the engine found, in plain words, with the unknown name where the context has no such name.
    fn explain(&self, error: &Error, context: Option<&Value>) -> TemplateError {
        let at = error.range().map_or(0, |range| range.start);
        if error.kind() == ErrorKind::UndefinedError
            && let Some(missing) = context.and_then(|context| self.missing(context))
        {
            return missing;
        }
        let what = match error.kind() {
            ErrorKind::OutOfFuel => "it does too much".to_owned(),
            ErrorKind::UndefinedError => "a value in it is not known".to_owned(),
            kind => match error.detail() {
                Some(detail) if detail.starts_with("unexpected end of input") => {
                    let (open, close) = if detail.contains("variable") { ("{{", "}}") } else { ("{%", "%}") };
                    format!("a `{open}` is not closed: add `{close}`")
                }
                Some(detail) => detail.to_owned(),
                None => kind.to_string(),
            },
        };
        self.error(at, what)
    }

    /// The first name that the context does not have, with the nearest one that it has at that place.
    fn missing(&self, context: &Value) -> Option<TemplateError> {
        self.names().into_iter().find_map(|found| {
            let mut value = context.clone();
            for part in found.name.split('.') {
                let inner = value.get_attr(part).unwrap_or(Value::UNDEFINED);
                if inner.is_undefined() {
                    let keys: Vec<_> = value.try_iter().into_iter().flatten().collect();
                    return Some(TemplateError {
                        line: found.line,
                        column: found.column,
                        what: format!("there is no `{}`", found.name),
                        nearest: nearest(part, keys.iter().filter_map(Value::as_str)).map(str::to_owned),
                    });
                }
                value = inner;
            }
            None
        })
    }
}

impl Escape {
    /// What the engine calls a template that is rendered for this place.
    fn name(self) -> &'static str {
        match self {
            Self::None => "text",
            Self::PathSegment => "path",
            Self::Query => "query",
            Self::Line => "line",
            Self::Header => "header",
            Self::Argument => "argument",
        }
    }
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    // Its errors have their place only in this form.
    engine.set_debug(true);
    // A template without tags keeps its own as well.
    let mut syntax = SyntaxConfig::builder();
    engine.set_syntax(syntax.keep_trailing_newline(true).build().expect("the delimiters are the usual ones"));
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_formatter(put);
    let globals: Vec<_> = engine.globals().map(|(name, _)| name.to_owned()).collect();
    globals.iter().for_each(|name| engine.remove_global(name));
    // They are about HTML.
    ["safe", "escape", "e"].iter().for_each(|name| engine.remove_filter(name));
    engine.add_filter("path", path);
    engine
});

/// Filters worth naming when one is mistyped.
const FILTERS: [&str; 16] = [
    "abs", "default", "first", "int", "join", "last", "length", "lines", "lower", "path", "replace", "round",
    "string", "tojson", "trim", "upper",
];

/// Writes a value where it lands. What is decided by is the template's name, which no template can change.
fn put(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if let Some(Encoded(text)) = value.downcast_object_ref::<Encoded>() {
        return Ok(out.write_str(text)?);
    }
    let text = match value.kind() {
        ValueKind::None => String::new(),
        // The engine's own form of these is Python's, `True`.
        ValueKind::Bool | ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            serde_json::to_string(value)
                .map_err(|_| Error::new(ErrorKind::BadSerialization, "the value has no text"))?
        }
        _ => value.to_string(),
    };
    let refuse = |what: &'static str| Err(Error::new(ErrorKind::InvalidOperation, what));
    match state.name() {
        "path" if text.is_empty() => refuse(segment::DOTS),
        "path" => match segment::fault(&text) {
            Some(fault) => refuse(fault),
            None => Ok(out.write_str(&percent_encoded(&text))?),
        },
        "query" | "line" | "header" | "argument" if text.contains(char::is_control) => {
            refuse(segment::CONTROL)
        }
        "header" if text.starts_with(' ') || text.ends_with(' ') => refuse(AROUND),
        "query" => Ok(out.write_str(&percent_encoded(&text))?),
        _ => Ok(out.write_str(&text)?),
    }
}

/// A text that has fields as well.
#[derive(Debug)]
struct TextWithFields {
    text: String,
    fields: BTreeMap<String, Value>,
}

impl Object for TextWithFields {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.fields.get(key.as_str()?).cloned()
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.text.is_empty()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A value that the `path` filter has encoded already.
#[derive(Debug)]
struct Encoded(String);

impl Object for Encoded {
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The `path` filter: several segments with their slashes, each encoded.
fn path(text: String) -> Result<Value, Error> {
    let refuse = |what: &'static str| Err(Error::new(ErrorKind::InvalidOperation, what));
    if text.split('/').any(str::is_empty) {
        return refuse("an empty segment would name another path");
    }
    if let Some(fault) = segment::fault(&text) {
        return refuse(fault);
    }
    let segments: Vec<_> = text.split('/').map(percent_encoded).collect();
    Ok(Value::from_object(Encoded(segments.join("/"))))
}

/// RFC 3986, 2.3: everything but the unreserved characters is encoded.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte.into()),
            _ => {
                for half in [byte >> 4, byte & 0xF] {
                    out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
                }
                let at = out.len() - 2;
                out.insert(at, '%');
            }
        }
    }
    out
}

/// A number in digits: Rust also reads `-inf` and `-nan` as numbers, which programs take for options.
fn is_number(text: &str) -> bool {
    text.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && text.parse::<f64>().is_ok_and(f64::is_finite)
}

fn tag_starts(text: &str) -> bool {
    text.contains("{{") || text.contains("{%") || text.contains("{#")
}

/// True where `path` is `name` or goes on into it: `item.labels.team` is within `item.labels`.
fn is_within(name: &str, path: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A dotted name in a tag.
struct Word<'a> {
    at: usize,
    text: &'a str,
    is_filter: bool,
    is_name: bool,
}

/// The dotted names in the tags of a template, outside of quotes.
fn words(text: &str) -> Vec<Word<'_>> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let (mut at, mut in_tag, mut before) = (0, false, b' ');
    while at < bytes.len() {
        let here = bytes[at];
        let pair = bytes.get(at..at + 2).unwrap_or_default();
        match here {
            _ if !in_tag => match pair {
                b"{{" | b"{%" => {
                    in_tag = true;
                    before = b' ';
                    at += 2;
                }
                b"{#" => at = text[at..].find("#}").map_or(bytes.len(), |end| at + end + 2),
                _ => at += 1,
            },
            b'}' | b'%' if pair == b"}}" || pair == b"%}" => {
                in_tag = false;
                at += 2;
            }
            b'"' | b'\'' => {
                at += 1;
                while at < bytes.len() && bytes[at] != here {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
                before = here;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.');
                let length = bytes[at..].iter().take_while(|b| is_word(b)).count();
                words.push(Word {
                    at,
                    text: &text[at..at + length],
                    is_filter: before == b'|',
                    is_name: before != b'|' && before != b'.',
                });
                at += length;
                before = b'a';
            }
            _ => {
                if !here.is_ascii_whitespace() {
                    before = here;
                }
                at += 1;
            }
        }
    }
    words
}

#[cfg(test)]
mod tests;
