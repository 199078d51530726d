//! Paths below a service's URL whose values can't leave their place.

use std::borrow::Cow;

use callboard_connectors::http::Request;
use callboard_domain::template::{Escape, Name, Template, TemplateError};
use serde_json::{Map, Value};
use url::form_urlencoded;

/// `/repos/{{ repo | path }}/runs?branch={{ branch }}`.
#[derive(Debug)]
pub(super) struct Path {
    path: Template,
    query: Option<Template>,
}

impl Path {
    /// Parts a template at the `?` of its own text.
    pub(super) fn compile(text: &str) -> Result<Self, TemplateError> {
        let (path, query) = match question_mark(text) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        // The whole first: its errors know where in the text they are.
        Template::compile(text)?;
        Ok(Self { path: Template::compile(path)?, query: query.map(Template::compile).transpose()? })
    }

    /// True where no value is put into it.
    pub(super) fn is_literal(&self) -> bool {
        self.path.is_literal() && self.query.as_ref().is_none_or(Template::is_literal)
    }

    /// The names that it takes from its context.
    pub(super) fn names(&self) -> Vec<Name> {
        self.path.names().into_iter().chain(self.query.iter().flat_map(Template::names)).collect()
    }

    /// As written.
    pub(super) fn text(&self) -> String {
        let query = self.query.as_ref().map_or_else(String::new, |query| format!("?{}", query.text()));
        format!("{}{query}", self.path.text())
    }

    /// A request to this path: each value is encoded in its place.
    pub(super) fn request(
        &self,
        scope: &Map<String, Value>,
        new: impl FnOnce(Vec<String>) -> Request,
    ) -> Result<Request, TemplateError> {
        let path = self.path.render(scope, Escape::PathSegment)?;
        let segments: Vec<String> = path
            .strip_prefix('/')
            .unwrap_or(&path)
            .split('/')
            .map(|part| decoded(part).into_owned())
            .collect();
        // Some services tell `/a/` from `/a`; a value that is empty is no such end.
        let ends_open = self.path.text().ends_with('/');
        let last = segments.len() - 1;
        let names_another = |(place, segment): (usize, &String)| match segment.as_str() {
            "" => !(ends_open && place == last),
            "." | ".." => true,
            _ => false,
        };
        if segments.iter().enumerate().any(names_another) {
            let what = "an empty segment, . or .. would name another path".to_owned();
            return Err(TemplateError { line: 1, column: 1, what, nearest: None });
        }
        let query = self.query.as_ref().map(|query| query.render(scope, Escape::Query)).transpose()?;
        let query = query.unwrap_or_default();
        let request = new(segments);
        Ok(form_urlencoded::parse(query.as_bytes())
            .fold(request, |request, (name, value)| request.query(name, value)))
    }
}

/// Where the first `?` stands that is in no tag.
fn question_mark(text: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        let tag = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")]
            .into_iter()
            .find(|(opening, _)| rest.starts_with(opening.as_bytes()));
        match tag {
            Some((_, closing)) => at += text[at..].find(closing)? + closing.len(),
            None if rest[0] == b'?' => return Some(at),
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    None
}

/// RFC 3986, 2.1: what was encoded, as it was. A `%` that begins no code stays.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let half = |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        match (bytes[at], half(bytes.get(at + 1)), half(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned().into()
}
