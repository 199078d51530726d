//! Several events in one notification.

use super::*;

#[test]
fn several_events_make_one_notification() {
    use EventName::{
        Acknowledged, Failed, Fixed, Merged, Requested, ReviewRequested, Running, StillFailing, Triggered,
    };
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
        (vec![(Requested, approval(None, None))], "acme/web/7/production requested", "Checkout is slow"),
        (
            vec![(Failed, red("a")), (Requested, approval(None, None))],
            "1 approval and 1 build of acme/web",
            "acme/web/7/production requested\nacme/web/ci@a failed",
        ),
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
            vec![(ReviewRequested, pull_request("bo", &["ana"]))],
            "bo asks for your review of acme/web#479 title of acme/web#479",
            "",
        ),
        (
            (0..7).map(|n| (Failed, red(&n.to_string()))).collect(),
            "7 builds of acme/web failed",
            "acme/web/ci@0 failed\nacme/web/ci@1 failed\nacme/web/ci@2 failed\nacme/web/ci@3 failed\nacme/web/ci@4 failed\nand 2 more",
        ),
    ];
    for (events, title, body) in cases {
        let events: Vec<_> = events.into_iter().map(|(name, item)| notifiable(name, item)).collect();
        let found = notification(&events).unwrap();
        assert_eq!((found.title.as_str(), found.body.as_str()), (title, body));
        assert!(!found.important && !found.items.is_empty());
        // The phrase about each is complete in itself.
        let parts: Vec<_> = found.parts.iter().map(|part| &part.item).collect();
        assert_eq!(parts, found.items.iter().collect::<Vec<_>>(), "{title}");
        if let [only] = &found.parts[..] {
            assert_eq!((only.title.as_str(), only.body.as_str()), (title, body));
        }
    }
    assert_eq!(notification(&[]), None);

    let mut hostile = notifiable(Triggered, incident(Severity::Critical, &[]));
    hostile.event.summary = format!("\u{1b}[31mred\u{7}\n{}", "x".repeat(500));
    let found = notification(&[hostile]).unwrap();
    assert!(found.important && found.title.starts_with("red x") && found.title.chars().count() == 120);
}

#[test]
fn a_review_is_asked_of_me_or_of_others() {
    let asking = |number: u64, of: &[&str]| {
        let mut item = pull_request("bo", of);
        item.key.id = format!("acme/web#{number}");
        item.title = String::new();
        let of: Vec<_> = of.iter().copied().map(User::named).collect();
        let event = Event { of, ..event(EventName::ReviewRequested, &item) };
        NotifiableEvent { event, ..notifiable(EventName::ReviewRequested, item) }
    };
    let of_others = |number| {
        let one = asking(number, &["cy"]);
        NotifiableEvent { of_me: concerns_me(&one.event, &one.item, &me()), ..one }
    };
    let title = |events: &[NotifiableEvent]| notification(events).unwrap().title;
    assert_eq!(title(&[asking(1, &["ana"])]), "bo asks for your review of acme/web#1");
    assert_eq!(title(&[of_others(1)]), "acme/web#1 review_requested");
    assert_eq!(
        title(&[asking(1, &["ana"]), asking(2, &["ana"])]),
        "2 pull requests of acme/web want your review"
    );
    assert_eq!(
        title(&[asking(1, &["ana"]), of_others(2)]),
        "2 pull requests of acme/web: 1 wants your review, 1 wants a review by others"
    );
    // No other event's line depends on whether it is of me.
    let failed = |branch: &str, of_me| NotifiableEvent {
        of_me,
        ..notifiable(EventName::Failed, build(branch, "bo", &[BuildStatus::Failed]))
    };
    assert_eq!(title(&[failed("a", true), failed("b", false)]), "2 builds of acme/web failed");
}

fn notifiable(name: EventName, item: Item) -> NotifiableEvent {
    let event = event(name, &item);
    let decision = decide(&[], &event, &item);
    NotifiableEvent {
        of_me: concerns_me(&event, &item, &me()),
        event,
        item,
        important: decision.action == NotifyLevel::Important,
        group: decision.group,
    }
}
