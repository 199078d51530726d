use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    expression::Type,
    item::{
        AccountName, Build, BuildRun, BuildStatus, Checks, ChecksStatus, Incident, IncidentStatus, ItemKey,
        Kind, PullRequest, PullRequestState, Review, Severity, Verdict,
    },
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
}

fn me() -> Identity {
    Identity { login: "ana".into(), teams: vec!["team/web".into()], ..Identity::default() }
}

fn item(kind: Kind, id: &str, detail: Detail) -> Item {
    let key = ItemKey::new(&AccountName::from("forge"), kind, id);
    Item { key, title: format!("title of {id}"), url: "https://forge.example/x".parse().ok(), detail }
}

fn build(branch: &str, author: &str, statuses: &[BuildStatus]) -> Item {
    let runs = statuses.iter().enumerate().map(|(index, status)| BuildRun {
        id: index.to_string(),
        number: 40 - index as u64,
        attempt: 1,
        status: *status,
        at: None,
        started_at: None,
        commit: None,
        author: Some(author.into()),
        subject: Some("Speed up the search".into()),
        url: None,
        failing: vec!["unit tests".into()],
    });
    let detail = Build {
        repo: "acme/web".into(),
        pipeline: "ci".into(),
        branch: Some(branch.into()),
        default_branch: branch == "main",
        runs: runs.collect(),
    };
    item(Kind::Build, &format!("acme/web/ci@{branch}"), Detail::Build(detail))
}

fn pull_request(author: &str, requested: &[&str]) -> Item {
    let review = |by: &str, minute, verdict| Review { by: by.into(), at: at(minute), verdict };
    let detail = PullRequest {
        repo: "acme/web".into(),
        number: 479,
        author: author.into(),
        branch: "search".into(),
        base: "main".into(),
        head: "abc".into(),
        draft: false,
        state: PullRequestState::Open,
        opened_at: at(0),
        ended_at: None,
        merged_by: None,
        requested: requested.iter().map(ToString::to_string).collect::<BTreeSet<_>>(),
        updated_at: at(9),
        reviews: vec![
            review("bo", 1, Verdict::ChangesRequested),
            review("bo", 2, Verdict::Approved),
            review("bo", 3, Verdict::Commented),
            review("cy", 1, Verdict::Approved),
            review("cy", 4, Verdict::Dismissed),
        ],
        checks: Some(Checks {
            commit: "abc".into(),
            status: ChecksStatus::Failed,
            failing: vec!["lint".into()],
            at: at(5),
        }),
    };
    item(Kind::PullRequest, "acme/web#479", Detail::PullRequest(detail))
}

fn incident(severity: Severity, holders: &[&str]) -> Item {
    let detail = Incident {
        service: "api".into(),
        severity,
        status: if holders.is_empty() { IncidentStatus::Triggered } else { IncidentStatus::Acknowledged },
        started_at: at(0),
        updated_at: at(1),
        holders: holders.iter().map(ToString::to_string).collect(),
        held_until: None,
        escalation: 0,
        description: Some("p99 over 2 s".into()),
        labels: BTreeMap::from([("team".into(), "web".into())]),
    };
    item(Kind::Incident, "PD-123", Detail::Incident(detail))
}

fn event(name: EventName, item: &Item) -> Event {
    Event {
        id: 1,
        item: item.key.clone(),
        name,
        at: at(6),
        seen_at: at(6),
        old: false,
        by: Some("bo".into()),
        summary: format!("{} {}", item.reference(), name.name()),
    }
}

fn rule(name: &str, when: &str) -> RuleConfig {
    RuleConfig {
        name: name.into(),
        when: when.into(),
        action: None,
        post: vec![],
        group_by: vec![],
        go_on: false,
    }
}

fn rules(configs: &[RuleConfig]) -> Rules {
    Rules::compile(configs, true).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn decide(configs: &[RuleConfig], event: &Event, item: &Item) -> Decision {
    rules(configs).decide(event, item, &me())
}

#[test]
fn every_field_exists_for_every_kind_and_is_what_it_says() {
    let items = [
        build("main", "ana", &[BuildStatus::Running, BuildStatus::Failed]),
        pull_request("ana", &["team/web"]),
        incident(Severity::High, &["ana"]),
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
    use EventName::{Failed, Merged, Queued, ReviewRequested, Triggered};
    let main = build("main", "ana", &[BuildStatus::Running, BuildStatus::Failed]);
    let pr = pull_request("ana", &["team/web"]);
    let theirs = pull_request("bo", &["team/web"]);
    let alert = incident(Severity::Critical, &[]);
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
            r#"item.branch == "" && item.number == 0 && item.holders.size() == 0 && item.url != """#,
            Triggered,
            &alert,
            Ok(true),
        ),
    ];
    for (text, name, item, expected) in cases {
        let condition = Condition::compile(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = condition.holds(&event(*name, item), item, &me()).map_err(|why| why.0);
        assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|why| *why), "{text}");
    }
}

#[test]
fn a_hold_ends() {
    let mut alert = incident(Severity::High, &["bo"]);
    let Detail::Incident(it) = &mut alert.detail else { unreachable!() };
    it.held_until = Some(at(20));
    let held = Condition::compile("item.held").unwrap();
    for (minute, expected) in [(19, true), (20, false)] {
        let event = Event { seen_at: at(minute), ..event(EventName::Acknowledged, &alert) };
        assert_eq!(held.holds(&event, &alert, &me()), Ok(expected), "{minute}");
    }
}

#[test]
fn built_in_rules_tell_what_needs_a_person() {
    use BuildStatus::{Failed as Red, Passed as Green};
    use Do::{Important, Notify, Show};
    use EventName::*;
    let cases = [
        (ReviewRequested, pull_request("bo", &["ana"]), Notify),
        (Approved, pull_request("ana", &[]), Notify),
        (ChangesRequested, pull_request("ANA", &[]), Notify),
        (ChecksFailed, pull_request("ana", &[]), Notify),
        (ChecksFailed, pull_request("bo", &[]), Show),
        (Merged, pull_request("ana", &[]), Notify),
        (Merged, pull_request("bo", &[]), Show),
        (Opened, pull_request("bo", &[]), Show),
        (Stale, pull_request("ana", &[]), Show),
        (Failed, build("main", "bo", &[Red]), Notify),
        (Fixed, build("main", "bo", &[Green]), Notify),
        (StillFailing, build("main", "bo", &[Red]), Show),
        (Failed, build("dev", "bo", &[Red]), Show),
        (Failed, build("dev", "ana", &[Red]), Notify),
        (Passed, build("main", "ana", &[Green]), Show),
        (Queued, build("main", "ana", &[BuildStatus::Queued]), Show),
        (Triggered, incident(Severity::Critical, &[]), Important),
        (Escalated, incident(Severity::Critical, &["bo"]), Important),
        (Triggered, incident(Severity::High, &[]), Notify),
        (Triggered, incident(Severity::Warning, &[]), Notify),
        (Triggered, incident(Severity::Info, &[]), Show),
        (Acknowledged, incident(Severity::Critical, &["bo"]), Show),
        (Resolved, incident(Severity::Critical, &[]), Show),
    ];
    for (name, item, expected) in cases {
        assert_eq!(decide(&[], &event(name, &item), &item).action, expected, "{name:?} {}", item.key);
    }
    // My own merge is no news.
    let mine = pull_request("ana", &[]);
    let merged = Event { by: Some("ana".into()), ..event(Merged, &mine) };
    assert_eq!(decide(&[], &merged, &mine).action, Show);
}

#[test]
fn the_first_match_decides_and_continue_adds() {
    let red = build("main", "bo", &[BuildStatus::Failed]);
    let failed = event(EventName::Failed, &red);
    let post = |channels: &[&str]| channels.iter().map(ToString::to_string).collect::<Vec<_>>();
    let note = RuleConfig { go_on: true, post: post(&["log"]), ..rule("note", "true") };
    let deploys = RuleConfig {
        action: Some(Do::Important),
        post: post(&["deploys", "log"]),
        ..rule("main", "item.branch == 'main'")
    };
    let quiet = RuleConfig { action: Some(Do::Silence), ..rule("quiet", "item.pipeline == 'ci'") };
    let quiet_on = RuleConfig { go_on: true, ..quiet.clone() };
    let bare = rule("bare", "item.pipeline == 'ci'");
    let label = rule("label", "item.labels.team == 'web'");

    type Case<'a> = (&'a [&'a RuleConfig], Do, &'a [&'a str], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (&[&deploys], Do::Important, &["deploys", "log"], &["main"]),
        (&[&quiet, &deploys], Do::Silence, &[], &["quiet"]),
        // What goes on without a `do` leaves it to the rules below.
        (&[&note, &deploys], Do::Important, &["log", "deploys"], &["note", "main"]),
        (&[&note], Do::Notify, &["log"], &["note", "a default branch is red, or fixed"]),
        (&[&quiet_on, &deploys], Do::Silence, &["deploys", "log"], &["quiet", "main"]),
        // What ends without a `do` shows.
        (&[&bare, &deploys], Do::Show, &[], &["bare"]),
        (&[&label, &deploys], Do::Important, &["deploys", "log"], &["label", "main"]),
    ];
    for (configs, action, posts, reasons) in cases {
        let configs: Vec<_> = configs.iter().map(|config| (*config).clone()).collect();
        let decision = decide(&configs, &failed, &red);
        assert_eq!(decision.action, *action, "{configs:?}");
        assert_eq!(decision.post, *posts, "{configs:?}");
        let found: Vec<_> = decision.reasons.iter().map(|reason| reason.rule.as_str()).collect();
        assert_eq!(found, *reasons, "{configs:?}");
    }
    let alone = Rules::compile(&[rule("never", "false")], false).unwrap();
    let decision = alone.decide(&failed, &red, &me());
    assert_eq!((decision.action, decision.reasons), (Do::Show, vec![]));
}

#[test]
fn old_events_are_shown_and_told_nobody() {
    let red = build("main", "bo", &[BuildStatus::Failed]);
    let old = Event { old: true, ..event(EventName::Failed, &red) };
    let loud =
        RuleConfig { action: Some(Do::Important), post: vec!["deploys".into()], ..rule("loud", "true") };
    let decision = decide(&[loud], &old, &red);
    assert_eq!((decision.action, decision.post), (Do::Show, vec![]));
    let silent = RuleConfig { action: Some(Do::Silence), ..rule("silent", "old") };
    assert_eq!(decide(&[silent], &old, &red).action, Do::Silence);
}

#[test]
fn channels_and_groups_come_from_the_item() {
    let alert = incident(Severity::High, &[]);
    let triggered = event(EventName::Triggered, &alert);
    let config = RuleConfig {
        post: vec!["chat:#{{ item.labels.team }}-{{ event }}".into(), "x{{ item.labels.owner }}".into()],
        group_by: vec!["item.service".into(), "item.labels.team".into(), "item.number".into()],
        ..rule("route", "true")
    };
    let decision = decide(&[config], &triggered, &alert);
    assert_eq!(decision.post, ["chat:#web-triggered"]);
    assert_eq!(decision.group, "api\u{1f}web\u{1f}0");
    assert_eq!(
        decision.reasons[1].why,
        "not posted to `x{{ item.labels.owner }}`: there is no `item.labels.owner`"
    );
    assert_eq!(decide(&[], &triggered, &alert).group, "api");
}

#[test]
fn explanations_name_every_rule_and_what_it_read() {
    let dev = build("dev", "bo", &[BuildStatus::Failed]);
    let configs = [
        rule("main is red", r#"event in ["failed", "fixed"] && item.branch == "main" && item.red"#),
        rule("label", "item.labels.team == 'web'"),
        RuleConfig { go_on: true, ..rule("log", "item.kind == 'build'") },
        rule("reviews", "event == 'review_requested'"),
        rule("rest", "true"),
        rule("below", "true"),
    ];
    let rules = Rules::compile(&configs, false).unwrap();
    let explained = rules.explain(&event(EventName::Failed, &dev), &dev, &me());
    let reasons: Vec<_> = explained
        .reasons
        .iter()
        .map(|reason| (reason.rule.as_str(), reason.outcome, reason.why.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            ("main is red", Outcome::NotMatched, r#"`item.branch == "main"` is false; item.branch is "dev""#),
            (
                "label",
                Outcome::Failed,
                "`item.labels.team == 'web'` has no value: there is no `team`; item.labels is {}"
            ),
            ("log", Outcome::Matched, "`item.kind == 'build'` is true"),
            ("reviews", Outcome::NotMatched, r#"`event == 'review_requested'` is false; event is "failed""#),
            ("rest", Outcome::Matched, "`true` is true"),
            ("below", Outcome::NotReached, "a rule above decided"),
        ]
    );
    let decided = rules.decide(&event(EventName::Failed, &dev), &dev, &me());
    assert_eq!(
        (decided.action, decided.post, decided.group),
        (explained.action, explained.post, explained.group)
    );
}

#[test]
fn mistakes_are_all_told_with_their_place() {
    let configs = [
        rule("main", r#"item.brnch == "main""#),
        RuleConfig {
            post: vec!["ok".into(), "#{{ item.lables.team }}".into(), " ".into()],
            group_by: vec!["item.repo".into(), "item.rep".into()],
            ..rule("main", "event == 'faild'")
        },
        rule(" ", "item.repo"),
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
fn a_command_goes_where_its_items_news_go() {
    let post = |name: &str, when: &str| RuleConfig { post: vec![name.into()], ..rule(name, when) };
    let configs = [
        post("fixes", "event == 'fixed'"),
        post("reds", "event == 'failed' && item.default_branch"),
        post("reviews", "event in ['review_requested', 'merged']"),
        post("incidents", "item.kind == 'incident' && item.labels.team == 'web'"),
    ];
    let rules = rules(&configs);
    use BuildStatus::{Failed, Passed, Running};
    let cases: [(Item, &[&str]); 6] = [
        (build("main", "bo", &[Failed]), &["reds"]),
        (build("main", "bo", &[Running, Failed]), &["reds"]),
        (build("dev", "bo", &[Passed]), &["fixes"]),
        (pull_request("bo", &[]), &["reviews"]),
        (incident(Severity::High, &[]), &["incidents"]),
        (item(Kind::Incident, "x", build("main", "bo", &[]).detail), &[]),
    ];
    for (item, expected) in cases {
        assert_eq!(rules.route(&item, &me()), expected, "{}", item.key);
    }
    let named: Vec<_> = rules.channels().collect();
    assert_eq!(named[1], ("reds", "reds"));
}

#[test]
fn a_rule_reads_as_it_is_written() {
    let text = r#"{ "name": "main is red", "when": "event == \"failed\"", "do": "important", "post": ["deploys"], "continue": true }"#;
    let config: RuleConfig = serde_json::from_str(text).unwrap();
    assert_eq!((config.action, config.go_on), (Some(Do::Important), true));
    let bare: RuleConfig = serde_json::from_str(r#"{ "name": "x", "when": "true" }"#).unwrap();
    assert_eq!(bare, rule("x", "true"));
    assert!(serde_json::from_str::<RuleConfig>(r#"{ "name": "x", "when": "true", "doo": "show" }"#).is_err());
}

#[test]
fn several_events_make_one_notification() {
    use EventName::{Acknowledged, Failed, Fixed, Merged, Running, StillFailing, Triggered};
    let red = |branch: &str| build(branch, "bo", &[BuildStatus::Failed]);
    let api = |branch: &str| {
        let mut item = red(branch);
        let Detail::Build(build) = &mut item.detail else { unreachable!() };
        build.repo = "acme/api".into();
        item.key.id = format!("acme/api/ci@{branch}");
        item
    };
    let cases = [
        (vec![(Failed, red("main"))], "acme/web/ci@main failed", "Speed up the search"),
        (vec![(Merged, pull_request("bo", &[]))], "acme/web#479 merged", "title of acme/web#479"),
        (vec![(Triggered, incident(Severity::High, &[]))], "PD-123 triggered", "p99 over 2 s"),
        (
            vec![(Failed, red("a")), (Failed, red("b")), (Failed, red("c"))],
            "3 builds of acme/web failed",
            "acme/web/ci@a failed\nacme/web/ci@b failed\nacme/web/ci@c failed",
        ),
        (
            vec![(Fixed, red("a")), (Failed, red("b")), (Failed, red("c"))],
            "3 builds of acme/web: 2 failed, 1 is fixed",
            "acme/web/ci@b failed\nacme/web/ci@c failed\nacme/web/ci@a fixed",
        ),
        // The last event of an item counts.
        (vec![(Running, red("a")), (Failed, red("a"))], "acme/web/ci@a failed", "Speed up the search"),
        (
            vec![(StillFailing, red("a")), (StillFailing, api("a"))],
            "2 builds in 2 repositories are still failing",
            "acme/web/ci@a still_failing\nacme/api/ci@a still_failing",
        ),
        (
            vec![(Failed, red("a")), (Acknowledged, incident(Severity::Info, &[])), (Failed, red("b"))],
            "2 builds and 1 incident",
            "2 builds of acme/web failed\nPD-123 acknowledged",
        ),
        (
            (0..7).map(|n| (Failed, red(&n.to_string()))).collect(),
            "7 builds of acme/web failed",
            "acme/web/ci@0 failed\nacme/web/ci@1 failed\nacme/web/ci@2 failed\nacme/web/ci@3 failed\nacme/web/ci@4 failed\nand 2 more",
        ),
    ];
    for (news, title, body) in cases {
        let told: Vec<_> = news.into_iter().map(|(name, item)| told(name, item)).collect();
        let found = notification(&told).unwrap();
        assert_eq!((found.title.as_str(), found.body.as_str()), (title, body));
        assert!(!found.important && !found.items.is_empty());
    }
    assert_eq!(notification(&[]), None);

    let mut hostile = told(Triggered, incident(Severity::Critical, &[]));
    hostile.event.summary = format!("\u{1b}[31mred\u{7}\n{}", "x".repeat(500));
    let found = notification(&[hostile]).unwrap();
    assert!(found.important && found.title.starts_with("red x") && found.title.chars().count() == 120);
}

fn told(name: EventName, item: Item) -> Told {
    let event = event(name, &item);
    let decision = decide(&[], &event, &item);
    Told { event, item, important: decision.action == Do::Important, group: decision.group }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_text_is_a_condition_or_refused(
        text in "(event|by|item\\.(branch|mine|labels|number|failing|kind)|[ ]| == | && | \\|\\| |!|in|'x'|'failed'|\"|\\[|\\]|\\(|\\)|\\?|:|\\.team|\\.exists\\(h, |true|\\PC){0,20}"
    ) {
        if let Ok(condition) = Condition::compile(&text) {
            for item in [build("main", "bo", &[]), pull_request("ana", &[]), incident(Severity::Info, &[])] {
                let _ = condition.holds(&event(EventName::Failed, &item), &item, &me());
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
                let found = apart.holds_for(&view);
                // The event `failed` of an incident does not exist, and is the one case where kind and event disagree.
                if fields::EVENTS.contains(&(name, item.key.kind)) {
                    prop_assert_eq!(found.ok(), expected.ok(), "{}", text);
                }
            }
        }
    }
}
