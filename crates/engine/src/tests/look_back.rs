//! What the rules did, and what happened, in numbers.

use callboard_domain::rules::{NotifyLevel, RuleConfig};

use super::*;
use crate::api::{ActivityQuery, ApiError, Reload, RulesQuery, RulesReplay};

#[tokio::test]
async fn rules_count_their_matches() {
    let own = "[[rules]]\nname = \"web\"\nwhen = 'item.repo == \"acme/web\"'\ndo = \"show\"\n";
    let it = Scene::open(own, Mode::Once, &[]).await;
    it.report([build("acme/web", &[BuildStatus::Failed]), build("acme/api", &[BuildStatus::Failed])]).await;
    let rules = it.call(RulesQuery {}).await.unwrap();
    let of = |name: &str| rules.iter().find(|it| it.rule.name == name).unwrap();
    assert_eq!((rules[0].rule.name.as_str(), rules[0].builtin, rules[0].matched), ("web", false, 1));
    assert_eq!(rules[0].last.as_ref().unwrap().item.id, "acme/web/ci@main");
    let red = of("a default branch is red, or fixed");
    assert_eq!((red.builtin, red.matched), (true, 1));
    assert_eq!((of("an incident").matched, of("an incident").last.is_none()), (0, true));
    assert_eq!(rules.last().unwrap().rule.name, "everything else");
    it.engine.stop().await;
}

#[tokio::test]
async fn a_rule_that_is_switched_off_is_listed_and_matches_nothing() {
    let own =
        "[[rules]]\nname = \"web\"\nwhen = 'item.repo == \"acme/web\"'\ndo = \"show\"\nenabled = false\n";
    let it = Scene::open(own, Mode::Once, &[]).await;
    it.report([build("acme/web", &[BuildStatus::Failed])]).await;
    let rules = it.call(RulesQuery {}).await.unwrap();
    assert_eq!((rules[0].rule.name.as_str(), rules[0].rule.enabled, rules[0].matched), ("web", false, 0));
    let red = rules.iter().find(|it| it.rule.name == "a default branch is red, or fixed").unwrap();
    assert_eq!((red.rule.enabled, red.matched), (true, 1));
    it.engine.stop().await;
}

#[tokio::test]
async fn an_edited_rule_is_tried_on_what_happened() {
    let own = "[[rules]]\nname = \"web\"\nwhen = 'item.repo == \"acme/web\"'\ndo = \"show\"\n";
    let it = Scene::open(own, Mode::Once, &[]).await;
    it.report([build("acme/web", &[BuildStatus::Failed]), build("acme/api", &[BuildStatus::Failed])]).await;
    let try_out = async |rules: Option<Vec<RuleConfig>>| {
        it.call(RulesReplay { last: 10, rules }).await.map(|replay| {
            let changed = replay.changed.into_iter();
            let found: Vec<_> = changed
                .map(|it| (it.event.item.id, it.before.action, it.after.action, it.after.post))
                .collect();
            (replay.events, found)
        })
    };
    let rule = |when: &str, post: &[&str]| RuleConfig {
        name: "web".into(),
        when: when.into(),
        action: Some(NotifyLevel::Important),
        post: post.iter().map(ToString::to_string).collect(),
        group_by: Vec::new(),
        go_on: false,
        enabled: true,
    };
    let (web, api) = ("acme/web/ci@main".to_owned(), "acme/api/ci@main".to_owned());
    assert_eq!(try_out(None).await.unwrap(), (2, vec![]), "the rules are as they were");
    let edited = vec![rule("item.repo == 'acme/web'", &["deploys"])];
    let expected = vec![(web.clone(), NotifyLevel::Show, NotifyLevel::Important, vec!["deploys".to_owned()])];
    assert_eq!(try_out(Some(edited)).await.unwrap(), (2, expected));
    // Without it, the built-in rules decide about both.
    assert_eq!(
        try_out(Some(vec![])).await.unwrap(),
        (2, vec![(web, NotifyLevel::Show, NotifyLevel::Notify, vec![])])
    );
    let wrong = try_out(Some(vec![rule("item.rep == 'acme/web'", &[])])).await.unwrap_err();
    assert!(wrong.to_string().contains("item.repo"), "it names what is right: {wrong}");
    // Each fault is named by its rule and key, so that a form can show it at its field.
    let both = vec![rule("true", &[]), RuleConfig { name: "api".into(), ..rule("event ==", &[" "]) }];
    let ApiError::Rules { faults, .. } = try_out(Some(both)).await.unwrap_err() else { panic!("other") };
    let places: Vec<_> = faults.iter().map(|fault| (fault.rule, fault.key.as_str())).collect();
    assert_eq!(places, [(1, "when"), (1, "post")]);

    // Once applied, the replay compares with what was decided then.
    let edited = own.replace("acme/web", "acme/api").replace("show", "silence");
    std::fs::write(it.folder.path().join("callboard.toml"), edited).unwrap();
    it.call(Reload {}).await.unwrap();
    let found: Vec<_> = try_out(None)
        .await
        .unwrap()
        .1
        .into_iter()
        .map(|(id, before, after, _)| (id, before, after))
        .collect();
    let expected = [
        (api, NotifyLevel::Notify, NotifyLevel::Silence),
        ("acme/web/ci@main".to_owned(), NotifyLevel::Show, NotifyLevel::Notify),
    ];
    assert_eq!(found, expected);
    it.engine.stop().await;
}

#[tokio::test]
async fn days_in_numbers() {
    let it = Scene::serving().await;
    let now = Timestamp::now();
    let mut alert = incident("db1", IncidentStatus::Triggered, 1);
    if let Detail::Incident(incident) = &mut alert.detail {
        (incident.started_at, incident.updated_at) = (now, now);
    }
    it.report([alert.clone()]).await;
    if let Detail::Incident(incident) = &mut alert.detail {
        (incident.status, incident.updated_at) =
            (IncidentStatus::Acknowledged, now + Duration::from_secs(45));
    }
    it.report([alert]).await;
    let ask =
        async |days, zone: Option<&str>| it.call(ActivityQuery { days, zone: zone.map(str::to_owned) }).await;
    let found = ask(7, Some("UTC")).await.unwrap();
    assert_eq!((found.days.len(), found.time_to_acknowledge), (7, Some(45)));
    assert_eq!(ask(0, None).await.unwrap().days.len(), 1);
    assert_eq!(ask(900, None).await.unwrap().days.len(), 90);
    assert!(ask(7, Some("Nowhere/Land")).await.unwrap_err().to_string().contains("time zone"));
    it.engine.stop().await;
}
