//! Paths below a service's URL whose values can't leave their place.

use callboard_connectors::http::Request;
use callboard_domain::{
    segment::{self, decoded},
    template::{Escape, Name, Template, TemplateError},
};
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
        let (path, query) = match outside_tags(text).find('?') {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        // The whole first: its errors know where in the text they are.
        Template::compile(text)?;
        Ok(Self { path: Template::compile(path)?, query: query.map(Template::compile).transpose()? })
    }

    /// True where the template's own text would name another path than it seems to.
    pub(super) fn leaves_its_path(&self) -> bool {
        let path = outside_tags(self.path.text());
        let path = path.strip_prefix('/').unwrap_or(&path);
        let path = path.strip_suffix('/').unwrap_or(path);
        !path.is_empty() && path.split('/').any(|part| part.is_empty() || segment::fault(part).is_some())
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
        // Some services distinguish `/a/` from `/a`; a value that is empty is no such end.
        let ends_open = self.path.text().ends_with('/');
        let last = segments.len() - 1;
        let fault = |what: &str| TemplateError { line: 1, column: 1, what: what.to_owned(), nearest: None };
        for (place, segment) in segments.iter().enumerate() {
            if segment.is_empty() && !(ends_open && place == last) {
                return Err(fault("an empty segment would name another path"));
            }
            // Whole, as values and the template's own text make it together.
            if let Some(what) = segment::fault(segment) {
                return Err(fault(what));
            }
            if segment::is_padded(segment) {
                return Err(fault(segment::PADDED));
            }
        }
        let query = self.query.as_ref().map(|query| query.render(scope, Escape::Query)).transpose()?;
        let query = query.unwrap_or_default();
        let request = new(segments);
        Ok(form_urlencoded::parse(query.as_bytes())
            .fold(request, |request, (name, value)| request.query(name, value)))
    }
}

/// A text of the same length with `x` in place of everything in tags.
pub(super) fn outside_tags(text: &str) -> String {
    let (mut outside, mut rest) = (String::with_capacity(text.len()), text);
    let tags = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];
    let first = |text: &str| tags.iter().filter_map(|(open, close)| Some((text.find(open)?, *close))).min();
    while let Some((start, close)) = first(rest) {
        let end = rest[start..].find(close).map_or(rest.len(), |at| start + at + close.len());
        outside.push_str(&rest[..start]);
        outside.extend(std::iter::repeat_n('x', end - start));
        rest = &rest[end..];
    }
    outside + rest
}
