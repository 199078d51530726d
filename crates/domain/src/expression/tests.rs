use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::nearest::did_you_mean;

const SCOPE: &[Name<'static>] = &[
    Name { name: "env", ty: Type::Text, values: &["staging", "production"], meaning: "" },
    Name { name: "item.branch", ty: Type::Text, values: &[], meaning: "" },
    Name { name: "item.mine", ty: Type::Bool, values: &[], meaning: "" },
    Name { name: "item.number", ty: Type::Number, values: &[], meaning: "" },
    Name { name: "item.labels", ty: Type::Map, values: &[], meaning: "" },
    Name { name: "holders", ty: Type::List, values: &[], meaning: "" },
    Name { name: "body", ty: Type::Any, values: &[], meaning: "" },
];

#[test]
fn expressions_give_values() {
    let names = json!({
        "env": "production", "holders": ["ana", "bo"],
        "body": { "state": "done", "n": 3, "big": u64::MAX, "x": 1.5, "jobs": [{ "ok": true }, { "ok": false }], "none": null },
    });
    let cases = [
        ("env == 'production' ? 'type:env' : 'none'", json!("type:env")),
        ("body.state in ['done', 'failed']", json!(true)),
        ("body.n + 1", json!(4)),
        ("body.n > 2 && body.x < 2.0", json!(true)),
        ("body.big > 9", json!(true)),
        ("body.jobs.exists(job, !job.ok)", json!(true)),
        ("body.jobs.all(job, job.ok)", json!(false)),
        ("body.jobs.filter(job, job.ok).size()", json!(1)),
        ("holders.map(h, h + '!')", json!(["ana!", "bo!"])),
        ("'ana' in holders", json!(true)),
        ("has(body.nope)", json!(false)),
        ("has(body.state)", json!(true)),
        ("body.none == null", json!(true)),
        ("env.matches('^prod') && !env.matches('^(?i)STAG')", json!(true)),
        ("env.contains('duct') && env.startsWith('p') && env.endsWith('n')", json!(true)),
        ("size(holders) == 2", json!(true)),
        ("body['state']", json!("done")),
        ("{'a': env}", json!({ "a": "production" })),
    ];
    for (text, expected) in cases {
        let expression = Expression::compile(text, SCOPE).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(expression.eval(names.as_object().unwrap()), Ok(expected), "{text}");
    }
}

#[test]
fn confirm_expression_gives_text() {
    let confirm =
        Expression::compile_untyped("env == 'production' ? 'type:env' : 'none'", ["app", "env"]).unwrap();
    let names = |env: &str| json!({ "app": "api", "env": env }).as_object().cloned().unwrap();
    assert_eq!(confirm.eval_text(&names("production")), Ok("type:env".to_owned()));
    assert_eq!(confirm.eval_text(&names("staging")), Ok("none".to_owned()));
    let wrong =
        Expression::compile_untyped("size(app)", ["app"]).unwrap().eval_text(&names("x")).unwrap_err();
    assert_eq!(wrong.0, "expected text, found a value of type int");
    assert_eq!(
        Expression::compile_untyped("evn == 'x'", ["app", "env"]).unwrap_err().nearest.as_deref(),
        Some("env")
    );
}

#[test]
fn evaluation_errors_have_their_cause() {
    let names = json!({ "body": { "n": 1 }, "holders": [] });
    let cases = [
        ("body.state == 'done'", "there is no `state`"),
        ("body.n / 0 == 1", "Division by zero"),
        ("body.n", "expected true or false, found a value of type int"),
        ("holders[3] == 'x'", "Index out of bounds"),
        ("body.n && true", "found no matching overload for '_&&_' applied to '(int, bool)'"),
    ];
    for (text, expected) in cases {
        let expression = Expression::condition(text, SCOPE).unwrap();
        let EvalError(why) =
            expression.eval_bool(names.as_object().unwrap(), &Budget::new(Budget::LARGE)).unwrap_err();
        assert!(why.starts_with(expected), "{text}: {why}");
    }
}

#[test]
fn evaluation_cost_is_bounded() {
    let names = json!({
        "body": { "items": (0..20_000).collect::<Vec<_>>(), "few": [1, 2, 3], "text": "x".repeat(1 << 20) },
        "holders": (0..100).map(|n| n.to_string()).collect::<Vec<_>>(),
    });
    let too_much = [
        "body.items.all(a, body.items.all(b, a + b >= 0))",
        "body.items.exists(a, body.items.exists(b, a + b < 0))",
        "body.items.exists_one(a, body.items.exists_one(b, a == b + 30000))",
        "body.items.all(a, a in body.items)",
        "body.items.all(a, body == body)",
        "body.items.all(a, size(body.text) > 0)",
        "body.items.map(a, body.items).size() > 0",
        "body.items.map(a, [body.few, body.items]).size() > 0",
        "body.items.map(a, {'x': body.text}).size() > 0",
        "body.items.map(a, body.text + body.text).size() > 0",
        "body.items.filter(a, body.text.contains('y')).size() > 0",
        "body.items.exists(a, body.text.matches('(a|b)*c'))",
        // What takes no value for false or true must not hide it.
        "has(body.few) || body.items.all(a, body.items.all(b, a + b >= 0))",
    ];
    let budget = || Budget::new(Budget::LARGE);
    for text in &too_much[..too_much.len() - 1] {
        let EvalError(why) = Expression::condition(text, SCOPE)
            .unwrap()
            .eval_bool(names.as_object().unwrap(), &budget())
            .unwrap_err();
        assert!(why.contains("too many steps"), "{text}: {why}");
    }
    let fine = [
        ("body.items.all(a, a >= 0)", true),
        ("body.items.exists(a, a == 19999)", true),
        ("body.items.map(a, a + 1).size() == 20000", true),
        ("body.items.filter(a, a % 2 == 0).size() == 10000", true),
        ("20000 in body.items", false),
        ("body.few.all(a, body.few.all(b, a + b > 1))", true),
        ("body.text.contains('y') || body.text.matches('y$')", false),
        ("holders.exists(a, holders.exists(b, a == b + '!'))", false),
        (too_much[too_much.len() - 1], true),
    ];
    for (text, expected) in fine {
        let expression = Expression::condition(text, SCOPE).unwrap();
        assert_eq!(expression.eval_bool(names.as_object().unwrap(), &budget()), Ok(expected), "{text}");
    }
}

#[test]
fn a_stopped_evaluation_has_no_value() {
    let names = json!({ "body": [1, 2, 3] });
    let budget = Budget::new(Budget::LARGE);
    let condition = Expression::condition("body.all(a, a > 0)", SCOPE).unwrap();
    assert_eq!(condition.eval_bool(names.as_object().unwrap(), &budget), Ok(true));
    budget.stop();
    assert!(condition.eval_bool(names.as_object().unwrap(), &budget).is_err());
}

#[test]
fn mistakes_are_found_before_use() {
    let cases = [
        ("env == 'production", "1:8 "),
        ("env = 'x'", "1:5 "),
        ("", "1:1 the expression is empty"),
        ("envi == 'staging'", "1:1 there is no `envi`; did you mean \"env\"?"),
        (
            "'č' == item.branch ||\n item.brnch == 'x'",
            "2:2 there is no `item.brnch`; did you mean \"item.branch\"?",
        ),
        ("item == 1", "1:1 `item` is not a value by itself: write which of its fields, `item.x`"),
        ("item.branch.x == 1", "1:1 `item.branch` is text and has no fields"),
        (
            "env == 'prodution'",
            "1:9 `env` is never \"prodution\"; it is one of staging, production; did you mean \"production\"?",
        ),
        ("'prod' != env", "1:2 `env` is never \"prod\"; it is one of staging, production"),
        (
            "env in ['staging', 'stagin']",
            "1:21 `env` is never \"stagin\"; it is one of staging, production; did you mean \"staging\"?",
        ),
        ("item.mine == 'true'", "1:11 true or false is compared with text, and never equal"),
        ("item.branch && item.mine", "1:13 expected true or false, and this is text"),
        ("'čš' == item.branch && !item.branch", "1:24 expected true or false, and this is text"),
        ("!item.branch", "1:1 expected true or false, and this is text"),
        ("item.branch", "1:1 expected true or false, and this is text"),
        ("item.branch < 3", "1:13 text and a number have no order"),
        ("'x' in item.branch", "1:5 `in` looks into a list: for text write `text.contains(part)`"),
        ("item.mine + 1 == 2", "1:11 expected a number, and this is true or false"),
        ("item.branch.startWith('x')", "1:13 there is no function `startWith`; did you mean \"startsWith\"?"),
        (
            "holders.contains('x')",
            "1:17 `contains` is for text, and this is a list: for a list write `\"x\" in list`",
        ),
        ("item.branch.contains('x', 'y')", "1:21 `contains` is written `text.contains(\"part\")`"),
        ("holders.exists(h)", "1:9 `exists` is not written like this"),
        ("item.branch.matches('(x')", "1:21 the pattern is wrong: unclosed group"),
        ("item.branch.matches(env)", "1:21 a pattern is written out in quotes"),
        ("item.branch.matches('a{1000}{1000}')", "1:21 the pattern is too large"),
        ("holders.exists(env, true)", "1:15 `env` already means something else"),
        ("item.mine.exists(x, true)", "1:17 a loop goes over a list, and this is true or false"),
        (
            "holders.all(a, holders.all(b, holders.all(c, true)))",
            "1:42 more than 2 loops are inside each other",
        ),
        ("timestamp('x') == 1", "1:1 there is no function `timestamp`"),
        ("body.?x == 1", "1:5 "),
        ("Thing{a: 1} == 1", "1:6 values cannot be built here"),
    ];
    for (text, expected) in cases {
        let error = Expression::condition(text, SCOPE).expect_err(text);
        let near = did_you_mean(&error.nearest);
        let found = format!("{}:{} {}{near}", error.line, error.column, error.what);
        assert!(found.starts_with(expected), "{text}\n  found    {found}\n  expected {expected}");
    }
}

#[test]
fn has_of_a_scope_name_is_always_true() {
    let expression = Expression::compile("has(item.branch) && has(item.labels.team)", SCOPE).unwrap();
    assert_eq!(expression.names(), ["item.labels"]);
    assert!(Expression::compile("has(item.brnch)", SCOPE).is_err());
}

#[test]
fn depth_is_refused_and_not_overflowed() {
    let nests = [
        ("(", ")"),
        ("!", ""),
        ("-", ""),
        ("[", "]"),
        ("body.x(", ")"),
        ("true ? 1 : ", ""),
        ("body[", "]"),
        ("{1:", "}"),
    ];
    for (open, close) in nests {
        let times = (LONGEST - 10) / (open.len() + close.len());
        let text = format!("{}1{}", open.repeat(times), close.repeat(times));
        let refused = Expression::compile(&text, SCOPE).is_err();
        // The parser takes an even number of them for none.
        assert!(refused || matches!(open, "!" | "-"), "{open}");
    }
    for (start, more) in [("1", "+1"), ("body", ".x"), ("body", "[1]"), ("body", ".x()"), ("1", "<1")] {
        let text = format!("{start}{}", more.repeat((LONGEST - 10) / more.len()));
        let _ = Expression::compile(&text, SCOPE);
    }
    let long = format!("true{}", " && true".repeat(500));
    assert_eq!(
        Expression::condition(&long, SCOPE)
            .unwrap()
            .eval_bool(&serde_json::Map::new(), &Budget::new(Budget::SMALL)),
        Ok(true)
    );
    assert!(Expression::compile(&" ".repeat(LONGEST + 1), SCOPE).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_text_is_evaluated_or_refused(
        text in "(env|item\\.(branch|mine|labels|number)|body|holders|\\.x|[ ]|==|&&|\\|\\||!|in|'x'|\"|\\[|\\]|\\(|\\)|\\{|\\}|:|\\?|-|\\+|/|%|0|9223372036854775807|\\.exists\\(h, |\\.map\\(h,|true|\\PC){0,24}"
    ) {
        if let Ok(expression) = Expression::compile(&text, SCOPE) {
            let names = json!({ "env": "x", "body": { "x": [1, -9223372036854775808i64] }, "holders": ["a"] });
            let _ = expression.eval(names.as_object().unwrap());
        }
    }
}
