//! What conditions read, and what they give.

use proptest::prelude::*;

use super::*;
use crate::expression::Type;

#[test]
fn every_field_exists_for_every_kind_with_its_declared_type() {
    let items = [
        build("main", "ana", &[BuildStatus::Running, BuildStatus::Failed]),
        pull_request("ana", &["team/web"]),
        incident(Severity::High, &["ana"]),
        approval(Some(&["ana"]), Some(5)),
        approval(None, None),
    ];
    let me = me();
    for item in &items {
        let event = event(EventName::Opened, item);
        let view = View::new(&event, item, &me);
        for field in FIELDS {
            let value =
                view.value(field.name).unwrap_or_else(|| panic!("{} has no {}", item.key, field.name));
            let ty = match &value {
                fields::Value::Text(text) => {
                    let all = field.values;
                    assert!(all.is_empty() || all.contains(text), "{} is {text:?}", field.name);
                    Type::Text
                }
                fields::Value::Owned(_) => Type::Text,
                fields::Value::Bool(_) => Type::Bool,
                fields::Value::Number(_) => Type::Number,
                fields::Value::List(_) => Type::List,
                fields::Value::Map(_) => Type::Map,
            };
            assert_eq!(ty, field.ty, "{}", field.name);
            assert!(!field.meaning.is_empty());
        }
    }
    // Nothing that serialises differently from what rules call it.
    for (event, _) in fields::EVENTS {
        assert_eq!(serde_json::to_value(event).unwrap(), event.name());
    }
}

#[test]
fn conditions_read_events_and_items() {
    use EventName::{Approved, Failed, Merged, Queued, Requested, ReviewRequested, Triggered};
    let main = build("main", "ana", &[BuildStatus::Running, BuildStatus::Failed]);
    let pr = pull_request("ana", &["team/web"]);
    let theirs = pull_request("bo", &["team/web"]);
    let alert = incident(Severity::Critical, &[]);
    let (asked, unsaid) = (approval(Some(&["ana"]), Some(5)), approval(None, None));
    let cases: &[(&str, EventName, &Item, Result<bool, &str>)] = &[
        (
            r#"item.kind == "build" && item.branch == "main" && event in ["failed", "fixed"]"#,
            Failed,
            &main,
            Ok(true),
        ),
        (r#"item.branch == "dev""#, Failed, &main, Ok(false)),
        ("item.default_branch && item.red && item.mine", Failed, &main, Ok(true)),
        // The verdict's run, and the one that has started since.
        (r#"item.status == "running" && item.number == 39"#, Failed, &main, Ok(true)),
        ("item.number == 40", Queued, &main, Ok(true)),
        (r#""unit tests" in item.failing"#, Failed, &main, Ok(true)),
        (r#"item.failing.exists(job, job.contains("unit"))"#, Failed, &main, Ok(true)),
        (r#"item.repo.startsWith("acme/") && item.pipeline == "ci""#, Failed, &main, Ok(true)),
        (r#"item.repo.matches("^acme/(web|api)$")"#, Failed, &main, Ok(true)),
        (
            "item.approvals == 1 && item.review_requested && item.turn_mine",
            ReviewRequested,
            &theirs,
            Ok(true),
        ),
        (
            r#"item.checks == "failed" && item.failing == ["lint"] && item.base == "main""#,
            ReviewRequested,
            &pr,
            Ok(true),
        ),
        ("item.mine && item.turn_mine && !item.review_requested", EventName::ChecksFailed, &pr, Ok(true)),
        (r#"by == "bo" && !by_me && !old && summary.endsWith("merged")"#, Merged, &pr, Ok(true)),
        (
            r#"item.labels.team == "web" && item.severity == "critical" && !item.held"#,
            Triggered,
            &alert,
            Ok(true),
        ),
        (r#"has(item.labels.owner)"#, Triggered, &alert, Ok(false)),
        (r#"item.labels.owner == "x""#, Triggered, &alert, Err("there is no `owner`")),
        // What is false in any case needs no label; what may be true does.
        (r#"item.labels.owner == "x" && item.held"#, Triggered, &alert, Ok(false)),
        (r#"item.labels.owner == "x" || !item.held"#, Triggered, &alert, Ok(true)),
        (r#"item.labels.team == "web""#, Merged, &pr, Err("there is no `team`")),
        (
            r#"item.kind == "approval" && item.asked_by == "bo" && item.environment == "production" && item.needed == 2"#,
            Requested,
            &asked,
            Ok(true),
        ),
        (
            r#"item.given == 0 && item.status == "waiting" && item.repo == "acme/web""#,
            Requested,
            &asked,
            Ok(true),
        ),
        (r#"item.mine_to_give == "yes" && item.turn_mine && !item.mine"#, Requested, &asked, Ok(true)),
        (r#"item.mine_to_give == "unknown" && !item.turn_mine"#, Requested, &unsaid, Ok(true)),
        (r#"item.expires_at.startsWith("2026-") && item.expires_in == 300"#, Requested, &asked, Ok(true)),
        (r#"item.expires_at == "" && item.expires_in == 0"#, Requested, &unsaid, Ok(true)),
        (r#"item.mine_to_give == "" && item.environment == "" && item.needed == 0"#, Merged, &pr, Ok(true)),
        (r#"event == "approved" && item.kind == "pull_request""#, Approved, &asked, Ok(false)),
        (r#"event == "approved" && item.kind == "approval""#, Approved, &asked, Ok(true)),
        (r#"event == "approved""#, Approved, &pr, Ok(true)),
        (
            r#"item.branch == "" && item.number == 0 && item.holders.size() == 0 && item.url != """#,
            Triggered,
            &alert,
            Ok(true),
        ),
    ];
    for (text, name, item, expected) in cases {
        let condition = Condition::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = condition.matches(&event(*name, item), item, &me()).map_err(|why| why.0);
        assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|why| *why), "{text}");
    }
}

#[test]
fn author_of_an_event_is_matched_by_id() {
    let alert = incident(Severity::High, &["bo"]);
    let me = Identity { login: "PANA001".into(), name: Some("Ana".into()), ..Identity::default() };
    let user = |id: &str, name: &str| Some(User { id: id.into(), name: name.into() });
    // who did it -> by, by_id, by_me
    let cases = [
        (user("PANA001", "Ana"), "Ana", "PANA001", true),
        (user("pana001", "Ana Lima"), "Ana Lima", "pana001", true),
        // Of the same name, and somebody else.
        (user("PANA002", "Ana"), "Ana", "PANA002", false),
        (user("PBO0001", "PANA001"), "PANA001", "PBO0001", false),
        (None, "", "", false),
    ];
    for (by, name, id, mine) in cases {
        let event = Event { by: by.clone(), ..event(EventName::Acknowledged, &alert) };
        let text = format!("by == {name:?} && by_id == {id:?} && by_me == {mine}");
        let condition = Condition::compile(&text).unwrap();
        assert_eq!(condition.matches(&event, &alert, &me), Ok(true), "{by:?}");
    }
}

#[test]
fn hold_ends_at_its_time() {
    let mut alert = incident(Severity::High, &["bo"]);
    let Detail::Incident(it) = &mut alert.detail else { unreachable!() };
    it.hold = hold(&["bo"], Some(20));
    let held = Condition::compile("item.held").unwrap();
    for (minute, expected) in [(19, true), (20, false)] {
        let event = Event { seen_at: at(minute), ..event(EventName::Acknowledged, &alert) };
        assert_eq!(held.matches(&event, &alert, &me()), Ok(expected), "{minute}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_a_condition_or_refused(
        text in "(event|by|item\\.(branch|mine|labels|number|failing|kind)|[ ]| == | && | \\|\\| |!|in|'x'|'failed'|\"|\\[|\\]|\\(|\\)|\\?|:|\\.team|\\.exists\\(h, |true|\\PC){0,20}"
    ) {
        if let Ok(condition) = Condition::compile(&text) {
            for item in [build("main", "bo", &[]), pull_request("ana", &[]), incident(Severity::Info, &[])] {
                let _ = condition.matches(&event(EventName::Failed, &item), &item, &me());
            }
        }
    }

    /// Taken apart, a condition means what it means as a whole.
    #[test]
    fn operands_mean_what_the_whole_means(
        parts in prop::collection::vec(prop_oneof![
            Just("item.mine"), Just("event == 'failed'"), Just("item.labels.nope == 'x'"), Just("!(event in ['fixed'])"),
            Just("item.kind == 'build'"), Just("(item.red || old)"), Just("item.labels.team == 'web'"),
        ], 1..5)
    ) {
        let text = parts.join(" && ");
        let apart = Condition::compile(&text).unwrap();
        let whole = Expression::condition(&text, FIELDS).unwrap();
        let me = me();
        for item in [build("main", "ana", &[BuildStatus::Failed]), incident(Severity::Info, &["ana"])] {
            for name in [EventName::Failed, EventName::Fixed, EventName::Triggered] {
                let event = event(name, &item);
                let view = View::new(&event, &item, &me);
                let expected = whole.resolve(&view, crate::expression::to_bool);
                let found = apart.matches_view(&view);
                // The event `failed` of an incident does not exist, and is the one case where kind and event disagree.
                if fields::pairs().any(|pair| pair == (name, item.key.kind)) {
                    prop_assert_eq!(found.ok(), expected.ok(), "{}", text);
                }
            }
        }
    }
}
