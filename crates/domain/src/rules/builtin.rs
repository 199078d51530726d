//! The rules that apply where none of a person's own matches, in the same language, so that they are explained the same way.

use super::config::{NotifyLevel, RuleConfig};

const RULES: [(&str, &str, NotifyLevel); 13] = [
    (
        "an approval waits for me and expires soon",
        // 900 s: 15 minutes.
        r#"event == "requested" && item.mine_to_give != "no" && item.expires_at != "" && item.expires_in <= 900"#,
        NotifyLevel::Important,
    ),
    (
        "an approval waits for me, or may",
        r#"event == "requested" && item.mine_to_give != "no""#,
        NotifyLevel::Notify,
    ),
    (
        "my request was answered, or has ended",
        r#"event in ["approved", "denied", "expired", "superseded"] && item.kind == "approval" && item.mine && !by_me"#,
        NotifyLevel::Notify,
    ),
    ("my review is asked for", r#"event == "review_requested" && of_me"#, NotifyLevel::Notify),
    (
        "news of my pull request",
        r#"item.kind == "pull_request" && event in ["approved", "changes_requested", "checks_failed"] && item.mine"#,
        NotifyLevel::Notify,
    ),
    (
        "my pull request was merged by another",
        r#"event == "merged" && item.mine && !by_me"#,
        NotifyLevel::Notify,
    ),
    (
        "a default branch is red, or fixed",
        r#"event in ["failed", "fixed"] && item.default_branch"#,
        NotifyLevel::Notify,
    ),
    ("my build", r#"event in ["failed", "fixed"] && item.mine"#, NotifyLevel::Notify),
    (
        "a critical incident",
        r#"event in ["triggered", "unacknowledged", "escalated"] && item.severity == "critical""#,
        NotifyLevel::Important,
    ),
    (
        "an incident",
        r#"event in ["triggered", "unacknowledged", "escalated"] && item.severity in ["high", "warning", "unknown"]"#,
        NotifyLevel::Notify,
    ),
    ("an incident is assigned to me", r#"event == "reassigned" && item.mine"#, NotifyLevel::Notify),
    ("my pull request is stale", r#"event == "stale" && item.mine"#, NotifyLevel::Show),
    ("everything else", "true", NotifyLevel::Show),
];

pub(super) fn rules() -> Vec<RuleConfig> {
    let rule = |(name, when, action): (&str, &str, NotifyLevel)| RuleConfig {
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
