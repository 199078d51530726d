//! The rules that hold where a person's own say nothing, in the same language, so that they are explained the same way.

use super::{Do, RuleConfig};

const RULES: [(&str, &str, Do); 9] = [
    ("my review is asked for", r#"event == "review_requested""#, Do::Notify),
    (
        "news of my pull request",
        r#"event in ["approved", "changes_requested", "checks_failed"] && item.mine"#,
        Do::Notify,
    ),
    ("my pull request was merged by another", r#"event == "merged" && item.mine && !by_me"#, Do::Notify),
    (
        "a default branch is red, or fixed",
        r#"event in ["failed", "fixed"] && item.default_branch"#,
        Do::Notify,
    ),
    ("my build", r#"event in ["failed", "fixed"] && item.mine"#, Do::Notify),
    (
        "a critical incident",
        r#"event in ["triggered", "escalated"] && item.severity == "critical""#,
        Do::Important,
    ),
    (
        "an incident",
        r#"event in ["triggered", "escalated"] && item.severity in ["high", "warning"]"#,
        Do::Notify,
    ),
    ("my pull request is stale", r#"event == "stale" && item.mine"#, Do::Show),
    ("everything else", "true", Do::Show),
];

pub(super) fn rules() -> Vec<RuleConfig> {
    let rule = |(name, when, action): (&str, &str, Do)| RuleConfig {
        name: name.to_owned(),
        when: when.to_owned(),
        action: Some(action),
        post: Vec::new(),
        group_by: Vec::new(),
        go_on: false,
        enabled: true,
    };
    RULES.into_iter().map(rule).collect()
}
