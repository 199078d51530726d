//! Templates in the strings of a JSON value.

use minijinja::{ErrorKind, Value, value::Serde};
use serde::Serialize;

use super::{ENGINE, Escape, Name, Template, TemplateError, tag_starts};

/// A JSON value whose strings are templates. The keys are not.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonTemplate(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Fixed(serde_json::Value),
    Text(Template),
    /// A string that is one `{{ expression }}` and nothing else: it keeps the value's type.
    Value(Template),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl JsonTemplate {
    /// Reads the templates in a JSON value. The error's text begins with where in the value it is: `/ref: ...`.
    pub fn compile(value: &serde_json::Value) -> Result<Self, TemplateError> {
        Node::compile(value, "").map(Self)
    }

    /// The names that it takes from its context.
    pub fn names(&self) -> Vec<Name> {
        let mut names = Vec::new();
        self.0.visit(&mut |template| names.extend(template.names()));
        names
    }

    /// The value with every template rendered.
    pub fn render<C: Serialize + ?Sized>(&self, context: &C) -> Result<serde_json::Value, TemplateError> {
        self.0.render(&Value::from(Serde(context)))
    }
}

/// Renders the strings of a JSON value that is used only once: see [`JsonTemplate`].
pub fn render_json<C: Serialize + ?Sized>(
    value: &serde_json::Value,
    context: &C,
) -> Result<serde_json::Value, TemplateError> {
    JsonTemplate::compile(value)?.render(context)
}

impl Node {
    fn compile(value: &serde_json::Value, at: &str) -> Result<Self, TemplateError> {
        use serde_json::Value as Json;
        Ok(match value {
            Json::String(text) if tag_starts(text) => {
                let template = Template::compile(text)
                    .map_err(|error| TemplateError { what: format!("{at}: {}", error.what), ..error })?;
                match only_expression(text) {
                    Some(_) => Self::Value(template),
                    None => Self::Text(template),
                }
            }
            Json::Array(values) => Self::List(
                values
                    .iter()
                    .enumerate()
                    .map(|(index, value)| Self::compile(value, &format!("{at}/{index}")))
                    .collect::<Result<_, _>>()?,
            ),
            Json::Object(entries) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::compile(value, &format!("{at}/{key}"))?)))
                    .collect::<Result<_, _>>()?,
            ),
            fixed => Self::Fixed(fixed.clone()),
        })
    }

    fn visit(&self, see: &mut impl FnMut(&Template)) {
        match self {
            Self::Fixed(_) => {}
            Self::Text(template) | Self::Value(template) => see(template),
            Self::List(nodes) => nodes.iter().for_each(|node| node.visit(see)),
            Self::Map(entries) => entries.iter().for_each(|(_, node)| node.visit(see)),
        }
    }

    fn render(&self, context: &Value) -> Result<serde_json::Value, TemplateError> {
        use serde_json::Value as Json;
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Text(template) => Json::String(template.render(context, Escape::None)?),
            Self::Value(template) => {
                let (source, with_fields) = template.with_fields(context);
                let value = ENGINE
                    .compile_expression(only_expression(&source).unwrap_or_default())
                    .and_then(|expression| expression.eval(with_fields))
                    .and_then(|value| match value.is_undefined() {
                        true => Err(ErrorKind::UndefinedError.into()),
                        false => Ok(value),
                    })
                    .map_err(|error| template.explain(&error, Some(context)))?;
                serde_json::to_value(value).map_err(|_| template.error(0, "its value has no form in JSON"))?
            }
            Self::List(nodes) => {
                Json::Array(nodes.iter().map(|node| node.render(context)).collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), node.render(context)?)))
                    .collect::<Result<_, _>>()?,
            ),
        })
    }
}

/// What is between the braces, where the text is one `{{ expression }}` and nothing else.
fn only_expression(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let several = ["{{", "}}", "{%", "{#"].iter().any(|tag| inner.contains(tag));
    (!several).then(|| inner.trim_start_matches('-').trim_end_matches('-'))
}
