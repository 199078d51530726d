//! What becomes of an event, where it goes, and why.

use super::*;

#[test]
fn builtin_rules_notify_what_needs_a_person() {
    use BuildStatus::{Failed as Red, Passed as Green};
    use EventName::*;
    use NotifyLevel::{Important, Notify, Show};
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
        (Requested, approval(Some(&["ana", "cy"]), None), Notify),
        (Requested, approval(Some(&["team/web"]), Some(16)), Notify),
        (Requested, approval(Some(&["ana"]), Some(15)), Important),
        (Requested, approval(Some(&["ana"]), Some(-1)), Important),
        (Requested, approval(None, None), Notify),
        (Requested, approval(None, Some(5)), Important),
        (Requested, approval(Some(&["cy"]), Some(5)), Show),
        (Requested, answered(ApprovalState::Waiting), Show),
        (Approved, answered(ApprovalState::Approved), Notify),
        (Denied, answered(ApprovalState::Denied), Notify),
        (Expired, answered(ApprovalState::Expired), Notify),
        (Superseded, answered(ApprovalState::Superseded), Notify),
        (Approved, approval(Some(&["ana"]), None), Show),
    ];
    for (name, item, expected) in cases {
        assert_eq!(decide(&[], &event(name, &item), &item).action, expected, "{name:?} {}", item.key);
    }
    // My own merge is not notified.
    let mine = pull_request("ana", &[]);
    let merged = Event { by: Some(User::named("ana")), ..event(Merged, &mine) };
    assert_eq!(decide(&[], &merged, &mine).action, Show);
    let mine = answered(ApprovalState::Superseded);
    let superseded = Event { by: Some(User::named("ana")), ..event(Superseded, &mine) };
    assert_eq!(decide(&[], &superseded, &mine).action, Show);
    // Nor is what I asked for and approved: it is no pull request.
    let mine = answered(ApprovalState::Approved);
    let approved = Event { by: Some(User::named("ana")), ..event(Approved, &mine) };
    assert_eq!(decide(&[], &approved, &mine).action, Show);
}

#[test]
fn each_channel_is_posted_in_by_the_rule_that_names_it_first() {
    let red = build("main", "bo", &[BuildStatus::Failed]);
    let post = |channels: &[&str]| channels.iter().map(ToString::to_string).collect::<Vec<_>>();
    let note = RuleConfig { go_on: true, post: post(&["log", "ops"]), ..rule("note", "true") };
    let deploys = RuleConfig { post: post(&["deploys", "log"]), ..rule("main", "true") };
    let decision = decide(&[note, deploys], &event(EventName::Failed, &red), &red);
    assert_eq!(decision.post, ["log", "ops", "deploys"]);
    assert_eq!(decision.posted_by, ["note", "note", "main"]);
    let old = Event { old: true, ..event(EventName::Failed, &red) };
    let all = RuleConfig { post: post(&["log"]), ..rule("all", "true") };
    assert_eq!(decide(&[all], &old, &red).posted_by, [""; 0]);
}

#[test]
fn the_first_match_decides_and_continue_adds() {
    let red = build("main", "bo", &[BuildStatus::Failed]);
    let failed = event(EventName::Failed, &red);
    let post = |channels: &[&str]| channels.iter().map(ToString::to_string).collect::<Vec<_>>();
    let note = RuleConfig { go_on: true, post: post(&["log"]), ..rule("note", "true") };
    let deploys = RuleConfig {
        action: Some(NotifyLevel::Important),
        post: post(&["deploys", "log"]),
        ..rule("main", "item.branch == 'main'")
    };
    let quiet = RuleConfig { action: Some(NotifyLevel::Silence), ..rule("quiet", "item.pipeline == 'ci'") };
    let quiet_on = RuleConfig { go_on: true, ..quiet.clone() };
    let bare = rule("bare", "item.pipeline == 'ci'");
    let label = rule("label", "item.labels.team == 'web'");

    type Case<'a> = (&'a [&'a RuleConfig], NotifyLevel, &'a [&'a str], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (&[&deploys], NotifyLevel::Important, &["deploys", "log"], &["main"]),
        (&[&quiet, &deploys], NotifyLevel::Silence, &[], &["quiet"]),
        // What goes on without a `do` leaves it to the rules below.
        (&[&note, &deploys], NotifyLevel::Important, &["log", "deploys"], &["note", "main"]),
        (&[&note], NotifyLevel::Notify, &["log"], &["note", "a default branch is red, or fixed"]),
        (&[&quiet_on, &deploys], NotifyLevel::Silence, &["deploys", "log"], &["quiet", "main"]),
        // What ends without a `do` shows.
        (&[&bare, &deploys], NotifyLevel::Show, &[], &["bare"]),
        (&[&label, &deploys], NotifyLevel::Important, &["deploys", "log"], &["label", "main"]),
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
    assert_eq!((decision.action, decision.reasons), (NotifyLevel::Show, vec![]));
}

#[test]
fn disabled_rule_never_matches() {
    let red = build("main", "bo", &[BuildStatus::Failed]);
    let failed = event(EventName::Failed, &red);
    let post = |channel: &str| vec![channel.to_owned()];
    let loud =
        RuleConfig { action: Some(NotifyLevel::Important), post: post("loud"), ..rule("loud", "true") };
    let off = RuleConfig { enabled: false, ..loud };
    let quiet = RuleConfig { post: post("log"), ..rule("quiet", "true") };
    let rules = rules(&[off.clone(), quiet.clone(), RuleConfig { name: "below".into(), ..off }]);
    let decision = rules.decide(&failed, &red, &me());
    assert_eq!((decision.action, decision.post), (NotifyLevel::Show, post("log")));
    assert_eq!(decision.reasons.len(), 1, "{:?}", decision.reasons);
    let explained = rules.explain(&failed, &red, &me());
    let why: Vec<_> = explained
        .reasons
        .iter()
        .filter(|reason| !reason.builtin)
        .map(|reason| (reason.rule.as_str(), reason.outcome, reason.why.as_str()))
        .collect();
    let off = |name| (name, Outcome::NotMatched, "it is switched off");
    assert_eq!(why, [off("loud"), ("quiet", Outcome::Matched, "`true` is true"), off("below")]);
    // Nor does the outcome of a command go where it would post.
    assert_eq!(rules.route(&red, &me()), ["log"]);
    assert_eq!(rules.channels().collect::<Vec<_>>(), [("quiet", "log")]);
}

#[test]
fn old_event_is_shown_but_not_notified() {
    let red = build("main", "bo", &[BuildStatus::Failed]);
    let old = Event { old: true, ..event(EventName::Failed, &red) };
    let loud = RuleConfig {
        action: Some(NotifyLevel::Important),
        post: vec!["deploys".into()],
        ..rule("loud", "true")
    };
    let decision = decide(&[loud], &old, &red);
    assert_eq!((decision.action, decision.post), (NotifyLevel::Show, vec![]));
    let silent = RuleConfig { action: Some(NotifyLevel::Silence), ..rule("silent", "old") };
    assert_eq!(decide(&[silent], &old, &red).action, NotifyLevel::Silence);
}

#[test]
fn event_moot_when_seen_is_not_notified() {
    let alert = incident(Severity::Critical, &[]);
    let moot = Event { moot: true, ..event(EventName::Triggered, &alert) };
    let loud = RuleConfig {
        action: Some(NotifyLevel::Important),
        post: vec!["deploys".into()],
        ..rule("loud", "true")
    };
    let decision = decide(&[loud], &moot, &alert);
    assert_eq!((decision.action, decision.post), (NotifyLevel::Show, vec![]));
    let why = &decision.reasons.last().expect("it says why").why;
    assert!(why.contains("by the time it was seen"), "{why}");
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
fn command_is_posted_where_events_of_its_item_are() {
    let post = |name: &str, when: &str| RuleConfig { post: vec![name.into()], ..rule(name, when) };
    let configs = [
        post("fixes", "event == 'fixed'"),
        post("reds", "event == 'failed' && item.default_branch"),
        post("reviews", "event in ['review_requested', 'merged']"),
        post("incidents", "item.kind == 'incident' && item.labels.team == 'web'"),
        post("queue", "event == 'queued'"),
        post("answers", "event in ['approved', 'denied'] && item.kind == 'approval'"),
        post("requests", "event == 'requested'"),
    ];
    let rules = rules(&configs);
    use BuildStatus::{Failed, Passed, Queued, Running};
    let mut waiting = build("dev", "bo", &[Queued]);
    if let Detail::Build(build) = &mut waiting.detail {
        build.runs[0].waits = Some(AsOf::new(at(0), true));
    }
    let approval = |state| {
        let approval = Approval { state, ..Approval::new("acme/web", at(0)) };
        item(Kind::Approval, state.name(), Detail::Approval(approval))
    };
    let cases: [(Item, &[&str]); 9] = [
        (waiting, &["queue"]),
        (approval(ApprovalState::Waiting), &["requests"]),
        (approval(ApprovalState::Denied), &["answers"]),
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

/// `review_requested` of these, where those had been asked before; nobody as an earlier version recorded it.
fn requested(item: &Item, of: &[&str], before: &[&str]) -> Event {
    Event {
        of: of.iter().copied().map(User::named).collect(),
        asked_before: before.iter().copied().map(str::to_owned).collect(),
        ..event(EventName::ReviewRequested, item)
    }
}

#[test]
fn request_to_others_matches_only_rules_that_read_its_recipients() {
    use NotifyLevel::{Notify, Show};
    let (theirs, mine) = (pull_request("bo", &["ana", "cy"]), pull_request("ana", &["team/web"]));
    let loud = |when: &str| RuleConfig {
        action: Some(NotifyLevel::Important),
        post: vec!["reviews".into()],
        ..rule("loud", when)
    };
    let post: &[&str] = &["reviews"];
    let important = NotifyLevel::Important;
    type Case<'a> = (Option<&'a str>, &'a Item, &'a [&'a str], &'a [&'a str], NotifyLevel, &'a [&'a str]);
    // a rule of a person's own, of whose pull request, of whom, asked before -> what is done, posted
    let cases: &[Case<'_>] = &[
        // The built-in rules alone.
        (None, &theirs, &[], &[], Notify, &[]),
        (None, &theirs, &["ana"], &[], Notify, &[]),
        (None, &theirs, &["team/acme/web"], &["cy"], Notify, &[]),
        (None, &theirs, &["team/web"], &["ana"], Show, &[]),
        (None, &theirs, &["cy"], &[], Show, &[]),
        (None, &mine, &["team/web"], &[], Show, &[]),
        // Rules as they were written when there was no request of others.
        (Some("event == 'review_requested'"), &theirs, &["ana"], &[], important, post),
        (Some("event == 'review_requested'"), &theirs, &[], &[], important, post),
        (Some("event == 'review_requested'"), &theirs, &["cy"], &[], Show, &[]),
        (Some("event == 'review_requested'"), &theirs, &["team/web"], &["ana"], Show, &[]),
        (Some("event == 'review_requested' && item.turn_mine"), &theirs, &["cy"], &[], Show, &[]),
        (Some("event != 'opened'"), &theirs, &["cy"], &[], Show, &[]),
        (Some("true"), &theirs, &["cy"], &[], Show, &[]),
        (Some("true"), &theirs, &["ana"], &[], important, post),
        // Rules that ask of whom it is.
        (Some("event == 'review_requested' && !of_me"), &theirs, &["cy"], &[], important, post),
        (Some("event == 'review_requested' && !of_me"), &theirs, &["ana"], &[], Notify, &[]),
        (Some("of_ids.exists(who, who.startsWith('team/'))"), &theirs, &["team/qa"], &[], important, post),
        (Some("'cy' in of"), &theirs, &["cy"], &[], important, post),
        (Some("of_me"), &theirs, &[], &[], important, post),
        (Some("of_me"), &mine, &["team/web"], &[], Show, &[]),
    ];
    for (when, item, of, before, action, post) in cases {
        let event = requested(item, of, before);
        let configs: Vec<_> = when.iter().map(|when| loud(when)).collect();
        let decision = decide(&configs, &event, item);
        assert_eq!(
            (decision.action, decision.post),
            (*action, own(post)),
            "{when:?} {of:?} after {before:?}"
        );
        let explained = rules(&configs).explain(&event, item, &me());
        assert_eq!((explained.action, explained.post), (*action, own(post)), "{when:?} {of:?}");
    }
    // A rule that silences what it matches has not matched.
    let silent = RuleConfig { action: Some(NotifyLevel::Silence), ..rule("silent", "true") };
    let decision = decide(&[silent], &requested(&theirs, &["cy"], &[]), &theirs);
    assert_eq!(decision.action, Show);
    let why: Vec<_> = decision.reasons.iter().map(|reason| reason.rule.as_str()).collect();
    assert_eq!(why, ["what asks others"]);
    let explained = rules(&[loud("true")]).explain(&requested(&theirs, &["cy"], &[]), &theirs, &me());
    assert!(explained.reasons[0].why.starts_with("it asks cy, not you"), "{}", explained.reasons[0].why);
}

fn own(channels: &[&str]) -> Vec<String> {
    channels.iter().copied().map(str::to_owned).collect()
}

#[test]
fn assignees_are_the_recipients_of_a_reassignment() {
    let alert = incident(Severity::High, &["bo"]);
    let to =
        |of: &[&str], before: &[&str]| Event { name: EventName::Reassigned, ..requested(&alert, of, before) };
    // to whom, before -> of me; and whatever that is, others see it as they did
    for (of, before, expected) in [
        (&["ana"][..], &["bo"][..], true),
        (&["ana", "bo"], &["ana"], false),
        (&["bo"], &["ana"], false),
        (&[], &[], false),
    ] {
        let event = to(of, before);
        let holds = |when: &str| Condition::compile(when).unwrap().matches(&event, &alert, &me());
        assert_eq!(holds("of_me"), Ok(expected), "{of:?} after {before:?}");
        assert_eq!(holds("event == 'reassigned'"), Ok(true), "{of:?} after {before:?}");
    }
}
