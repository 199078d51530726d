//! Rules as they are written: how they read, and every mistake with its place.

use super::*;

#[test]
fn all_rule_errors_are_reported_with_their_position() {
    let configs = [
        rule("main", r#"item.brnch == "main""#),
        RuleConfig {
            post: vec!["ok".into(), "#{{ item.lables.team }}".into(), " ".into()],
            group_by: vec!["item.repo".into(), "item.rep".into()],
            ..rule("main", "event == 'faild'")
        },
        rule(" ", "item.repo"),
        RuleConfig { enabled: false, ..rule("off", "event == 'faild'") },
    ];
    let found: Vec<_> = Rules::compile(&configs, true)
        .unwrap_err()
        .into_iter()
        .map(|error| {
            (error.rule, error.key, error.entry, error.line, error.column, error.nearest.unwrap_or_default())
        })
        .collect();
    let expected = [
        (0, "when", None, 1, 1, "item.branch"),
        (1, "name", None, 1, 1, ""),
        (1, "when", None, 1, 11, "failed"),
        (1, "post", Some(1), 1, 5, "item.labels"),
        (1, "post", Some(2), 1, 1, ""),
        (1, "group_by", Some(1), 1, 1, "item.repo"),
        (2, "name", None, 1, 1, ""),
        (2, "when", None, 1, 1, ""),
        (3, "when", None, 1, 11, "failed"),
    ];
    assert_eq!(
        found,
        expected.map(|(rule, key, entry, line, column, near)| (
            rule,
            key,
            entry,
            line,
            column,
            near.to_owned()
        ))
    );
}

#[test]
fn a_rule_reads_as_it_is_written() {
    let text = r#"{ "name": "main is red", "when": "event == \"failed\"", "do": "important", "post": ["deploys"], "continue": true }"#;
    let config: RuleConfig = serde_json::from_str(text).unwrap();
    assert_eq!((config.action, config.go_on), (Some(NotifyLevel::Important), true));
    let bare: RuleConfig = serde_json::from_str(r#"{ "name": "x", "when": "true" }"#).unwrap();
    assert_eq!(bare, rule("x", "true"));
    let off: RuleConfig =
        serde_json::from_str(r#"{ "name": "x", "when": "true", "enabled": false }"#).unwrap();
    assert_eq!(off, RuleConfig { enabled: false, ..rule("x", "true") });
    // What is as usual is not written out.
    for (config, expected) in [(bare, None), (off, Some(false))] {
        let written = serde_json::to_value(&config).unwrap();
        assert_eq!(written.get("enabled").and_then(|it| it.as_bool()), expected, "{written}");
    }
    assert!(serde_json::from_str::<RuleConfig>(r#"{ "name": "x", "when": "true", "doo": "show" }"#).is_err());
}
