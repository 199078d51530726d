//! Which argument is at fault where a template cannot be filled.

use callboard_domain::{
    command::ArgError,
    template::{Name, TemplateError},
};
use serde_json::{Map, Value};

/// What `render` makes of the arguments in `scope`, of which it takes these `names`; else the one that does not fit.
pub(super) fn fit<T>(
    names: &[Name],
    scope: &Map<String, Value>,
    render: impl Fn(&Map<String, Value>) -> Result<T, TemplateError>,
) -> Result<T, ArgError> {
    render(scope).map_err(|error| {
        let (arg, what) = misfit(names, scope, &render).unwrap_or_else(|| {
            let first = names.first().map(|found| found.name.clone());
            (first.unwrap_or_default(), error.what)
        });
        let found = match scope.get(&arg) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        };
        ArgError::Invalid { arg, expected: format!("a value that fits ({what})"), found, nearest: None }
    })
}

/// The first argument that does not fit even where all others would, and why. What a place refuses is known to the
/// template alone, so it is asked.
fn misfit<T>(
    names: &[Name],
    scope: &Map<String, Value>,
    render: &impl Fn(&Map<String, Value>) -> Result<T, TemplateError>,
) -> Option<(String, String)> {
    names.iter().map(|found| &found.name).filter(|name| scope.contains_key(*name)).find_map(|name| {
        let alone = scope.iter().map(|(other, value)| match other == name {
            true => (other.clone(), value.clone()),
            false => (other.clone(), plain(value)),
        });
        let alone: Map<String, Value> = alone.collect();
        let error = render(&alone).err()?;
        Some((name.clone(), error.what))
    })
}

/// A value that fits everywhere: of the same type, or text.
fn plain(value: &Value) -> Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(_) | Value::Null => 1.into(),
        _ => "x".into(),
    }
}

#[cfg(test)]
mod tests {
    use callboard_connectors::http::Request;
    use callboard_domain::template::{Escape, Template};
    use serde_json::json;

    use super::{super::path::Path, *};

    /// Which argument a template refuses in that place, and why; nothing where all fit.
    fn refused(text: &str, escape: Escape, args: Value) -> Option<(String, String, String)> {
        let Value::Object(scope) = args else { panic!("{args}") };
        let filled = match escape {
            Escape::PathSegment => {
                let path = Path::compile(text).unwrap();
                fit(&path.names(), &scope, |scope| path.request(scope, Request::get)).map(drop)
            }
            escape => {
                let template = Template::compile(text).unwrap();
                fit(&template.names(), &scope, |scope| template.render(scope, escape)).map(drop)
            }
        };
        match filled.err()? {
            ArgError::Invalid { arg, expected, found, .. } => Some((arg, found, expected)),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn argument_that_does_not_fit_is_named() {
        use Escape::{Argument, Header, PathSegment};
        let path = "/deploy/{{ app }}/{{ env }}?note={{ note }}";
        let of = |app: &str, env: &str| json!({ "app": app, "env": env, "note": "", "n": 3 });
        // template, place, arguments -> the argument, and a part of the reason
        let cases = [
            (path, PathSegment, of("api", "production "), Some(("env", "space or an invisible character"))),
            (path, PathSegment, of("-x", "production "), Some(("env", "space or an invisible character"))),
            (path, PathSegment, of("api ", "production"), Some(("app", "space or an invisible character"))),
            (path, PathSegment, of("api", "production\u{200b}"), Some(("env", "invisible character"))),
            (path, PathSegment, of("api", ".."), Some(("env", ". or .."))),
            (path, PathSegment, of("api", ""), Some(("env", "an empty value"))),
            (path, PathSegment, of("api", "a\tb"), Some(("env", "control character"))),
            // The reason is that of the argument that is named.
            (path, PathSegment, of("api ", ".."), Some(("app", "space or an invisible character"))),
            ("/{{ n }}/{{ env }}", PathSegment, of("api", ".."), Some(("env", ". or .."))),
            (
                "{{ app }},{{ env }}",
                Header,
                of("-x", " production"),
                Some(("env", "begins or ends with a space")),
            ),
            ("{{ app }}:{{ env }}", Argument, of("-x", "production "), Some(("app", "read as an option"))),
            // Each fits, and both together do not.
            ("/{{ app }}{{ env }}", PathSegment, of("%2", "e%2e"), Some(("app", ". or .."))),
            // What stays as it is.
            (path, PathSegment, of("-x", "production"), None),
            (path, PathSegment, of("api", "release 2.1"), None),
            ("{{ app }},{{ env }}", Header, of("", "production"), None),
            ("--env={{ env }}", Argument, of("api", "production "), None),
        ];
        for (text, escape, args, expected) in cases {
            let found = refused(text, escape, args.clone());
            let Some((arg, why)) = expected else {
                assert_eq!(found, None, "{text} {args}");
                continue;
            };
            let Some((found_arg, value, reason)) = found else { panic!("{text} {args} fits") };
            assert_eq!(
                (found_arg.as_str(), Some(value.as_str())),
                (arg, args[arg].as_str()),
                "{text} {args}"
            );
            assert!(reason.contains(why), "{text} {args}: {reason}");
        }
    }
}
