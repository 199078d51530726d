//! A rule may say anything: it is refused, or it decides within its bounds.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use callboard_domain::{
    event::{Event, EventName},
    identity::Identity,
    item::{
        AccountName, Approval, AsOf, Detail, Hold, Incident, IncidentStatus, Item, ItemKey, Kind, Severity,
        User,
    },
    rules::{NotifyLevel, RuleConfig, Rules},
};
use jiff::Timestamp;

/// An item of each of two kinds, and what happened to it.
static ITEMS: LazyLock<[(Item, EventName); 2]> = LazyLock::new(|| {
    let incident = Incident {
        service: "db".to_owned(),
        severity: Severity::High,
        status: IncidentStatus::Triggered,
        started_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        changed_by: None,
        number: None,
        hold: Some(Hold { at: Timestamp::UNIX_EPOCH, by: vec![User::named("ana")], until: None }),
        released_at: None,
        start_unknown: false,
        suppressed: false,
        notes: Default::default(),
        assigned: None,
        inferred_end: None,
        escalations: Default::default(),
        escalated_by: Default::default(),
        description: Some("full".to_owned()),
        labels: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
    };
    let approval = Approval {
        environment: Some("production".to_owned()),
        asked_by: Some(User::named("ana")),
        expires_at: Some(AsOf::new(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)),
        ..Approval::new("acme/web", Timestamp::UNIX_EPOCH)
    };
    let item = |kind, id: &str, title: &str, detail| Item {
        key: ItemKey::new(&AccountName::from("pager"), kind, id),
        title: title.to_owned(),
        url: None,
        detail,
    };
    [
        (item(Kind::Incident, "a1", "DiskFull", Detail::Incident(incident)), EventName::Triggered),
        (item(Kind::Approval, "a2", "Deploy web", Detail::Approval(approval)), EventName::Requested),
    ]
});

// The first line is the condition, the second one the channel.
libfuzzer_sys::fuzz_target!(|text: &str| {
    let (when, post) = text.split_once('\n').unwrap_or((text, "room:general"));
    let rule = RuleConfig {
        name: "rule".to_owned(),
        when: when.to_owned(),
        action: Some(NotifyLevel::Show),
        post: vec![post.to_owned()],
        group_by: Vec::new(),
        go_on: true,
        enabled: true,
    };
    let Ok(rules) = Rules::compile(&[rule], false) else { return };
    for (item, name) in ITEMS.iter() {
        let event = Event {
            id: 1,
            item: item.key.clone(),
            name: *name,
            at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
            old: false,
            moot: false,
            moot_because: None,
            by: None,
            of: Vec::new(),
            asked_before: Vec::new(),
            summary: item.title.clone(),
        };
        let decided = rules.decide(&event, item, &Identity::default());
        let explained = rules.explain(&event, item, &Identity::default());
        assert_eq!((decided.action, decided.post), (explained.action, explained.post));
    }
});
