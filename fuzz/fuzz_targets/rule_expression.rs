//! A rule may say anything: it is refused, or it decides within its bounds.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use callboard_domain::{
    event::{Event, EventName},
    identity::Identity,
    item::{AccountName, Detail, Hold, Incident, IncidentStatus, Item, ItemKey, Kind, Severity, User},
    rules::{NotifyLevel, RuleConfig, Rules},
};
use jiff::Timestamp;

static ITEM: LazyLock<Item> = LazyLock::new(|| {
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
        notes: Default::default(),
        assigned: None,
        inferred_end: None,
        escalations: Default::default(),
        description: Some("full".to_owned()),
        labels: BTreeMap::from([("team".to_owned(), "web".to_owned())]),
    };
    Item {
        key: ItemKey::new(&AccountName::from("pager"), Kind::Incident, "a1"),
        title: "DiskFull".to_owned(),
        url: None,
        detail: Detail::Incident(incident),
    }
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
    let event = Event {
        id: 1,
        item: ITEM.key.clone(),
        name: EventName::Triggered,
        at: Timestamp::UNIX_EPOCH,
        seen_at: Timestamp::UNIX_EPOCH,
        old: false,
        moot: false,
        by: None,
        of: Vec::new(),
        asked_before: Vec::new(),
        summary: "DiskFull triggered".to_owned(),
    };
    let decided = rules.decide(&event, &ITEM, &Identity::default());
    let explained = rules.explain(&event, &ITEM, &Identity::default());
    assert_eq!((decided.action, decided.post), (explained.action, explained.post));
});
