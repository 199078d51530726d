//! Which argument is at fault where a template cannot be filled.

use callboard_domain::{
    command::ArgError,
    segment,
    template::{Name, TemplateError},
};
use serde_json::{Map, Value};

/// What was rendered; where that failed, the argument that does not fit into the template, which has these `names`.
pub(super) fn fit<T>(
    names: &[Name],
    rendered: Result<T, TemplateError>,
    scope: &Map<String, Value>,
) -> Result<T, ArgError> {
    rendered.map_err(|error| {
        let text = |name: &str| match scope.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        let odd = |text: &str| text.is_empty() || text.starts_with('-') || segment::fault(text).is_some();
        let given: Vec<_> = names.iter().map(|found| (&*found.name, text(&found.name))).collect();
        let given = given.iter().find(|(_, text)| odd(text)).or(given.first());
        let (arg, found) =
            given.map_or_else(Default::default, |(name, text)| ((*name).to_owned(), text.clone()));
        ArgError::Invalid {
            arg,
            expected: format!("a value that fits ({})", error.what),
            found,
            nearest: None,
        }
    })
}
