//! Templates: text with `{{ names }}`, strict and bounded.
//!
//! A name that is not known is an error, never an empty text. What a template can do is limited by its length, by a
//! budget of work, and by the length of what it gives; it can include nothing and sees nothing but its context.

mod json;
mod source;

use std::{
    borrow::Cow,
    collections::HashSet,
    fmt,
    sync::{Arc, LazyLock},
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Object, Serde, ValueKind, merge_maps},
};
use serde::Serialize;

use crate::{
    nearest::{did_you_mean, nearest, nearest_path},
    position::position,
    segment,
};

pub use json::{JsonTemplate, render_json};

use source::{fields_renamed, slices_as_indices, words};

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
        let words = words(&self.text);
        let mut names: Vec<_> = undeclared(&self.text)
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

    /// The words in its tags that may be names, whether it takes them from its context or gives them a meaning itself.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        words(&self.text).into_iter().filter(|word| word.is_name).map(|word| word.text)
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
        let context = Value::from(Serde(context));
        let (source, with_fields) = self.with_fields(&context);
        let text = ENGINE
            .template_from_named_str(escape.name(), &source)
            .and_then(|template| template.render(with_fields))
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

    /// The source and the context of one rendering. Each field of a text, such as `pr.title`, has a name of its own in both,
    /// so that `pr` stays the text that it is, whatever is done with it.
    fn with_fields(&self, context: &Value) -> (Cow<'_, str>, Value) {
        let is_field = |name: &str| value_of(context, name).is_some();
        let (source, names) = fields_renamed(&self.text, is_field, undeclared);
        if names.is_empty() {
            return (source, context.clone());
        }
        let fields: Vec<_> =
            names.into_iter().filter_map(|(field, own)| Some((own, value_of(context, &field)?))).collect();
        // The last that has a name counts.
        (source, merge_maps([context.clone(), Value::from_pairs(fields)]))
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
        self.names().into_iter().filter(|found| value_of(context, &found.name).is_none()).find_map(|found| {
            let mut value = context.clone();
            for part in found.name.split('.') {
                let Some(inner) = value_of(&value, part) else {
                    let keys: Vec<_> = value.try_iter().into_iter().flatten().collect();
                    return Some(TemplateError {
                        line: found.line,
                        column: found.column,
                        what: format!("there is no `{}`", found.name),
                        nearest: nearest(part, keys.iter().filter_map(Value::as_str)).map(str::to_owned),
                    });
                };
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

/// What a context has by a name as it stands, such as `pr.title`.
fn value_of(context: &Value, name: &str) -> Option<Value> {
    context.get_attr(name).ok().filter(|value| !value.is_undefined())
}

/// The names that a source takes from its context.
fn undeclared(source: &str) -> HashSet<String> {
    // Minijinja does not look into what a slice is taken of.
    let indexed = slices_as_indices(source);
    let template = ENGINE.template_from_str(&indexed).or_else(|_| ENGINE.template_from_str(source));
    template.map_or_else(|_| HashSet::new(), |template| template.undeclared_variables(true))
}

/// True where `path` is `name` or goes on into it: `item.labels.team` is within `item.labels`.
fn is_within(name: &str, path: &str) -> bool {
    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests;
