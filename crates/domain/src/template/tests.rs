use proptest::prelude::*;
use serde_json::json;

use super::*;

fn context() -> serde_json::Value {
    json!({
        "app": "api", "ref": "feature/x y", "empty": "", "nothing": null, "n": 3, "on": true, "dots": "..", "bad": "a\nb",
        "option": "--upload-pack=x", "minus": "-5", "list": ["a", "b"],
        "item": { "branch": "main", "labels": { "team": "web" } },
    })
}

fn rendered(text: &str, escape: Escape) -> Result<String, TemplateError> {
    Template::compile(text)?.render(&context(), escape)
}

#[test]
fn values_are_encoded_for_where_they_land() {
    use Escape::{Argument, None, PathSegment, Query};
    let cases = [
        ("deploy/{{ app }}", None, Ok("deploy/api")),
        ("plain text, 100%", PathSegment, Ok("plain text, 100%")),
        ("{{ ref }}", None, Ok("feature/x y")),
        ("/a b/{{ ref }}", PathSegment, Ok("/a b/feature%2Fx%20y")),
        ("/{{ ref | path }}/x", PathSegment, Ok("/feature/x%20y/x")),
        ("/{{ dots | path }}/x", PathSegment, Err(segment::DOTS)),
        ("?q={{ ref }}&n={{ n }}", Query, Ok("?q=feature%2Fx%20y&n=3")),
        ("?q={{ empty }}", Query, Ok("?q=")),
        ("/{{ empty }}", PathSegment, Err("an empty value, . or .. would name another path")),
        ("/{{ nothing }}", PathSegment, Err("an empty value, . or .. would name another path")),
        ("/{{ dots }}/x", PathSegment, Err("an empty value, . or .. would name another path")),
        ("--ref={{ ref }}", Argument, Ok("--ref=feature/x y")),
        ("{{ bad }}", Argument, Err(segment::CONTROL)),
        ("{{ bad }}", Escape::Line, Err(segment::CONTROL)),
        ("?q={{ bad }}", Query, Err(segment::CONTROL)),
        ("/{{ bad }}", PathSegment, Err(segment::CONTROL)),
        ("/{{ bad | path }}", PathSegment, Err(segment::CONTROL)),
        ("/{{ '%2e%2e' }}", PathSegment, Err(segment::DOTS)),
        ("/{{ '..\\\\x' | path }}", PathSegment, Err(segment::DOTS)),
        ("{{ ref }}", Escape::Line, Ok("feature/x y")),
        ("{{ bad }}", None, Ok("a\nb")),
        ("{{ option }}", Argument, Err("the value starts with - and would be read as an option")),
        ("{{ minus }}", Argument, Ok("-5")),
        ("{{ '-1.5e3' }}", Argument, Ok("-1.5e3")),
        ("{{ '-inf' }}", Argument, Err("the value starts with - and would be read as an option")),
        ("{{ '-nan' }}", Argument, Err("the value starts with - and would be read as an option")),
        ("{{ '-infinity' }}", Argument, Err("the value starts with - and would be read as an option")),
        ("{{ '-1e999' }}", Argument, Err("the value starts with - and would be read as an option")),
        ("{{ '--5' }}", Argument, Err("the value starts with - and would be read as an option")),
        ("{{ nothing }}|{{ on }}|{{ n + 1 }}|{{ n / 2 }}", None, Ok("|true|4|1.5")),
        ("{{ list }} {{ item }}", None, Ok(r#"["a","b"] {"branch":"main","labels":{"team":"web"}}"#)),
        ("{% if on %}yes{% else %}no{% endif %}", None, Ok("yes")),
        ("{% autoescape false %}{{ ref }}{% endautoescape %}", Query, Ok("feature%2Fx%20y")),
        ("{{ list | join(', ') }}", None, Ok("a, b")),
        ("{{ '<' ~ app ~ '>' }}", None, Ok("<api>")),
        ("{{ app }}\n", None, Ok("api\n")),
        ("{{ app | default('x') }}", None, Ok("api")),
        ("{{ unknown | default('x') }}", None, Ok("x")),
    ];
    for (text, escape, expected) in cases {
        let found = rendered(text, escape).map_err(|error| error.what);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }
}

#[test]
fn value_that_a_header_does_not_keep_is_refused() {
    // template, value -> the header's value
    let cases = [
        ("{{ v }}", "production", Ok("production")),
        ("{{ v }}", " production", Err(AROUND)),
        ("{{ v }}", "production ", Err(AROUND)),
        ("{{ v }}", " ", Err(AROUND)),
        ("staging,{{ v }}", " production", Err(AROUND)),
        ("{{ v }}, staging", "production ", Err(AROUND)),
        ("{{ v }}", "\tproduction", Err(segment::CONTROL)),
        ("{{ v | path }}", "production\n", Err(segment::CONTROL)),
        // What arrives as it is.
        ("{{ v }}", "", Ok("")),
        ("{{ v }}", "release 2.1", Ok("release 2.1")),
        ("{{ v }}", "production\u{200b}", Ok("production\u{200b}")),
        ("{{ v }}", "\u{a0}production", Ok("\u{a0}production")),
        ("{{ v }}", "production%20", Ok("production%20")),
        // The spaces of the template itself.
        ("staging, {{ v }} ", "production", Ok("staging, production ")),
        (" fixed ", "", Ok(" fixed ")),
        ("{{ v | trim }}", " production", Ok("production")),
    ];
    for (text, value, expected) in cases {
        let template = Template::compile(text).unwrap();
        let found = template.render(&json!({ "v": value }), Escape::Header).map_err(|error| error.what);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text} {value:?}");
    }
    // Elsewhere they arrive.
    for escape in [Escape::None, Escape::Query, Escape::Line, Escape::Argument] {
        let found = Template::compile("{{ v }}").unwrap().render(&json!({ "v": " x " }), escape);
        assert_eq!(found.unwrap().replace("%20", " "), " x ", "{escape:?}");
    }
}

#[test]
fn text_may_have_fields() {
    let context = json!({
        "pr": "acme/web#7", "pr.title": "Fix it", "pr.url": "", "empty": "", "empty.title": "", "app": "api",
        "item": { "branch": "main" },
    });
    let cases = [
        ("{{ pr }}", Escape::None, Ok("acme/web#7")),
        ("{{ pr }}: {{ pr.title }}", Escape::None, Ok("acme/web#7: Fix it")),
        ("/{{ pr }}/{{ pr.title }}", Escape::PathSegment, Ok("/acme%2Fweb%237/Fix%20it")),
        ("/{{ pr | path }}/{{ pr.title }}", Escape::PathSegment, Ok("/acme/web%237/Fix%20it")),
        ("{{ pr | upper }} {{ pr.title | upper }}", Escape::None, Ok("ACME/WEB#7 FIX IT")),
        ("{{ '<' ~ pr ~ '>' }} {{ pr.title }}", Escape::None, Ok("<acme/web#7> Fix it")),
        ("{% if empty %}x{% else %}{{ empty.title }}nothing{% endif %}", Escape::None, Ok("nothing")),
        ("{% if pr %}{{ pr.title }}{% endif %}", Escape::None, Ok("Fix it")),
        ("{% if pr == 'acme/web#7' %}yes{% endif %}", Escape::None, Ok("yes")),
        ("{{ pr.url }}", Escape::Line, Ok("")),
        ("/{{ pr.url }}", Escape::PathSegment, Err(segment::DOTS)),
        ("{{ pr.titel }}", Escape::None, Err("there is no `pr.titel`")),
        ("{{ app.title }}", Escape::None, Err("there is no `app.title`")),
        // Fields of a map are its own.
        ("{{ item.branch }} {{ pr.title }}", Escape::None, Ok("main Fix it")),
        // What only looks like a field stays as it is.
        ("{{ 'pr.title' }} pr.title {# {{ pr.title }} #}", Escape::None, Ok("pr.title pr.title ")),
        ("{% raw %}{{ pr.title }}{% endraw %} {{ pr.title }}", Escape::None, Ok("{{ pr.title }} Fix it")),
        (
            "{% for pr in [{'title': 'own'}] %}{{ pr.title }}{% endfor %} {{ pr.title }}",
            Escape::None,
            Ok("own Fix it"),
        ),
        ("{% set pr = {'title': 'own'} %}{{ pr.title }}", Escape::None, Ok("own")),
        ("{% set _0000000 = 'own' %}{{ _0000000 }} {{ pr.title }}", Escape::None, Ok("own Fix it")),
        ("{{ {'a': {'b': pr.title}}['a']['b'] }}", Escape::None, Ok("Fix it")),
        ("{{ pr.title[:3] }}{{ (pr ~ pr.title)[-2:] }}", Escape::None, Ok("Fixit")),
        ("{{ pr.title }} {{ pr.titel }}", Escape::None, Err("there is no `pr.titel`")),
        ("{{ pr.title }} {{ ap }}", Escape::None, Err("there is no `ap`")),
        // Only one word is a field.
        ("{{ pr['title'] }}", Escape::None, Err("a value in it is not known")),
        ("{{ pr . title }}", Escape::None, Err("a value in it is not known")),
    ];
    for (text, escape, expected) in cases {
        let found =
            Template::compile(text).and_then(|it| it.render(&context, escape)).map_err(|error| error.what);
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }
    let body = json!({ "pr": "{{ pr }}", "title": "{{ pr.title }}", "both": "{{ pr }} {{ pr.title }}" });
    let expected = json!({ "pr": "acme/web#7", "title": "Fix it", "both": "acme/web#7 Fix it" });
    assert_eq!(render_json(&body, &context).unwrap(), expected);
}

#[test]
fn text_stays_a_text_where_its_field_is_named() {
    let context = json!({ "a": "f000", "a.title": "Disk full", "a.url": "https://x/1" });
    // expression -> what it gives, whether or not a field of `a` is named beside it
    let cases = [
        ("'safe' if a == 'f000' else 'force'", "safe"),
        ("'force' if a != 'f000' else 'safe'", "safe"),
        ("a in ['f000', 'f001']", "true"),
        ("'f0' in a", "true"),
        ("a < 'g'", "true"),
        ("a is string", "true"),
        ("a is mapping", "false"),
        ("a is defined", "true"),
        ("[a, 'x'] | select('eq', 'f000') | list", r#"["f000"]"#),
        ("a | length", "4"),
        ("a | first", "f"),
        ("a | list | join('-')", "f-0-0-0"),
        ("a | reverse", "000f"),
        ("a | split('0') | first", "f"),
        ("a | upper", "F000"),
        ("a | default('x')", "f000"),
        ("a ~ '!'", "f000!"),
        ("a[:2]", "f0"),
        ("a[0]", "f"),
        ("{'f000': 'found'}[a]", "found"),
        ("{a: 1}", r#"{"f000":1}"#),
        ("a and 'yes'", "yes"),
    ];
    for (expression, expected) in cases {
        for field in ["", "{{ a.title }}", "{{ a.title | upper }} {{ a.url }}", "{% if a.url %}{% endif %}"] {
            let text = format!("{{{{ {expression} }}}}|{field}");
            let found = Template::compile(&text).unwrap().render(&context, Escape::None);
            let found = found.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(found.split_once('|').unwrap().0, expected, "{text}");
        }
    }
    let text = "{% if a == 'f000' %}mode=safe{% else %}mode=force{% endif %} for {{ a.title }}";
    let found = Template::compile(text).unwrap().render(&context, Escape::None).unwrap();
    assert_eq!(found, "mode=safe for Disk full");
    let body = json!({ "kept": "{{ a.title | length + 1 }}", "is": "{{ a.title == 'x' or a == 'f000' }}" });
    assert_eq!(render_json(&body, &context).unwrap(), json!({ "kept": 10, "is": true }));
}

#[test]
fn place_of_an_error_is_that_in_the_template_as_written() {
    let context = json!({ "a": "x", "a.title": "Disk full" });
    let cases = [
        ("{{ a.title }} {{ ap }}", "line 1, column 18: there is no `ap`"),
        ("{{ a.title }}\n {{ range(10) }}", "line 2, column 5: range is unknown"),
        ("{{ a.title() }}", "line 1, column "),
    ];
    for (text, expected) in cases {
        let error = Template::compile(text).unwrap().render(&context, Escape::None).unwrap_err().to_string();
        assert!(error.starts_with(expected) && !error.contains("_0"), "{text}: {error}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        ("{{ ap }}", "line 1, column 4: there is no `ap`; did you mean \"app\"?"),
        ("x\n  {{ item.brnch }}", "line 2, column 6: there is no `item.brnch`; did you mean \"branch\"?"),
        ("{{ item.labels.owner }}", "line 1, column 4: there is no `item.labels.owner`"),
        ("{{ app", "line 1, column 4: a `{{` is not closed: add `}}`"),
        ("a {{ app | uper }}", "line 1, column 12: there is no filter `uper`; did you mean \"upper\"?"),
        ("{% include 'x' %}", "line 1, column 4: unknown statement include"),
        ("{% if ap %}x{% endif %}", "line 1, column 7: there is no `ap`; did you mean \"app\"?"),
        ("{{ range(10) }}", "line 1, column 4: range is unknown"),
    ];
    for (text, expected) in cases {
        let error = rendered(text, Escape::None).map(|text| panic!("{text}")).unwrap_err();
        assert_eq!(error.to_string(), expected, "{text}");
    }
}

#[test]
fn work_and_size_are_bounded() {
    let cases = [
        ("{{ 'x' * 1000000000 }}".to_owned(), "it does too much"),
        ("{{ 'x' * 70000 }}".to_owned(), "it gives more than 64 KiB"),
        (format!("{{% set x = 'xxxxxxxx' %}}{}", "{% set x = x ~ x %}".repeat(60)), "it does too much"),
        (
            format!("{}{}{}", "{% for a in list %}".repeat(30), "{{ app }}", "{% endfor %}".repeat(30)),
            "it does too much",
        ),
        ("y".repeat(LONGEST + 1), "a template is at most 64 KiB"),
    ];
    for (text, expected) in cases {
        let error = rendered(&text, Escape::None).map(|text| panic!("{}", text.len())).unwrap_err();
        assert_eq!(error.what, expected, "{}", &text[..20]);
    }
}

#[test]
fn deep_nesting_is_an_error_and_not_an_overflow() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{'a':", "}"), ("x if x else ", "")]
    {
        let text = format!("{{{{ {}1{} }}}}", open.repeat(5_000), close.repeat(5_000));
        let _ = rendered(&text, Escape::None);
    }
}

#[test]
fn names_are_known_before_anything_is_rendered() {
    let template =
        Template::compile("{{ 'app.x' }}{{ item.labels.team }}\n{{ ref | lower }} {{ app }}").unwrap();
    let names: Vec<_> =
        template.names().into_iter().map(|found| (found.line, found.column, found.name)).collect();
    assert_eq!(names, [(1, 17, "item.labels.team".into()), (2, 4, "ref".into()), (2, 22, "app".into())]);

    // What a slice is taken of is named as well.
    let cases: [(&str, &[&str]); 10] = [
        ("{{ app[:3] }}", &["app"]),
        ("{{ app[1:] }}{{ ref[:] }}", &["app", "ref"]),
        ("{{ app[n:m:2] }}{{ ref[::2] }}", &["app", "m", "n", "ref"]),
        ("{{ item.branch[:3] | upper }}", &["item.branch"]),
        ("{{ (app ~ ref)[:3] }}", &["app", "ref"]),
        ("{{ [{'a': app}][:1] }}", &["app"]),
        ("{% for x in app[:3] %}{{ x[:1] }}{% endfor %}", &["app"]),
        ("{{ app[1 if ref else 2:3] }}", &["app", "ref"]),
        ("{{ {'a': {'b': app}} }} {{ ref }}", &["app", "ref"]),
        // What a text says is no slice.
        ("{{ '[:3]' ~ app }} b[:3]", &["app"]),
    ];
    for (text, expected) in cases {
        let found = Template::compile(text).unwrap().names();
        let mut found: Vec<_> = found.iter().map(|name| name.name.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }

    template.check(&["item.labels", "ref", "app"]).unwrap();
    let error = template.check(&["item.labels", "res", "app"]).unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 4: there is no `ref`; did you mean \"res\"?");
    assert!(Template::compile("no names").unwrap().names().is_empty());
}

#[test]
fn json_keeps_the_types_of_single_values() {
    let template = json!({
        "ref": "{{ ref }}", "n": "{{ n }}", "next": "{{ n + 1 }}", "text": "n={{ n }}", "on": "{{- on -}}", "list": ["{{ list }}", 7],
        "{{ key }}": "as it is", "nothing": "{{ nothing }}", "map": "{{ item.labels }}",
    });
    assert_eq!(
        render_json(&template, &context()).unwrap(),
        json!({
            "ref": "feature/x y", "n": 3, "next": 4, "text": "n=3", "on": true, "list": [["a", "b"], 7],
            "{{ key }}": "as it is", "nothing": null, "map": { "team": "web" },
        })
    );
    let error = JsonTemplate::compile(&json!({ "a": [1, "{{ x"] })).unwrap_err();
    assert!(error.what.starts_with("/a/1: "), "{}", error.what);
    let error = render_json(&json!({ "a": "{{ ap }}" }), &context()).unwrap_err();
    assert_eq!((error.what.as_str(), error.nearest.as_deref()), ("there is no `ap`", Some("app")));
    let names = JsonTemplate::compile(&template).unwrap().names();
    assert!(names.iter().any(|found| found.name == "item.labels"));
}

proptest! {
    #[test]
    fn any_text_is_rendered_or_refused(text in "([{}%#'\"| a-z.()\\[\\]\\\\-]|\\PC){0,60}") {
        let _ = rendered(&text, Escape::PathSegment);
    }

    #[test]
    fn a_value_never_leaves_its_segment(value in "(\\PC|[./\\\\%2eE09aAdD5cCfF\\t\\r\\n\\x00-\\x1f\\x7f-\\x9f]){1,20}") {
        let template = Template::compile("/a/{{ value }}?x").unwrap();
        if let Ok(path) = template.render(&json!({ "value": value }), Escape::PathSegment) {
            let url = url::Url::parse(&format!("https://host{path}")).unwrap();
            prop_assert_eq!(url.path_segments().unwrap().count(), 2);
            prop_assert_eq!(url.query(), Some("x"));
        }
    }
}
