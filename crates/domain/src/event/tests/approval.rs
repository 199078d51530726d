use super::{events, joined, names};
use crate::{
    event::{
        EventName::{self, *},
        compare, compare_read,
    },
    item::{
        Answer, Approval, ApprovalDecision, ApprovalState, Approvers, AsOf, Item, Shipment, User,
        examples::{answer, approval, approval_of, at},
    },
};

/// Asked at that minute (or at an unknown time), and last changed at another.
fn one(asked: Option<i64>, minute: i64, state: ApprovalState) -> Item {
    approval(|a| (a.asked_at, a.updated_at, a.state) = (asked.map(at), at(minute), state))
}

#[test]
fn approval_transitions() {
    use ApprovalState::{Approved as A, Denied as D, Expired as E, Superseded as S, Waiting as W};
    let asked = |minute, state| one(Some(0), minute, state);
    let cases: Vec<(&str, Vec<Item>, &[EventName])> = vec![
        ("step by step", vec![asked(0, W), asked(1, A)], &[Requested, Approved]),
        ("denied", vec![asked(0, W), asked(1, D), asked(1, D)], &[Requested, Denied]),
        ("expired", vec![asked(0, W), asked(0, E)], &[Requested, Expired]),
        ("superseded", vec![asked(0, W), asked(1, S)], &[Requested, Superseded]),
        ("first seen over", vec![asked(2, A), asked(0, W), asked(1, W)], &[Requested, Approved]),
        ("at one time the further state", vec![asked(0, A), asked(0, W)], &[Requested, Approved]),
        ("in doubt no yes", vec![asked(1, A), asked(1, D)], &[Requested, Approved, Denied]),
        ("in doubt no yes, reordered", vec![asked(1, D), asked(1, A)], &[Requested, Denied]),
        (
            "waits again",
            vec![asked(0, W), asked(1, D), asked(2, W), asked(3, A), asked(2, W)],
            &[Requested, Denied, Requested, Approved],
        ),
        (
            "asked anew under the same id",
            vec![asked(1, D), one(Some(5), 5, W), asked(3, W), one(Some(5), 6, A)],
            &[Requested, Denied, Requested, Approved],
        ),
        (
            "when it was asked is reported later",
            vec![one(None, 0, W), one(Some(0), 0, W), one(None, 1, A)],
            &[Requested, Approved],
        ),
        ("time alone is no end", vec![asked(0, W), asked(9, W)], &[Requested]),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
}

#[test]
fn approval_events_name_who_and_why() {
    let ended = |change: fn(&mut Approval)| {
        approval(|a| {
            (a.updated_at, a.state) = (at(1), ApprovalState::Approved);
            change(a);
        })
    };
    let cases: Vec<(Item, &str)> = vec![
        (approval(|_| {}), "ana asks for approval: Deploy web to production"),
        (approval(|a| a.asked_by = None), "Approval is asked for: Deploy web to production"),
        (
            Item { title: "Deploy web".into(), ..approval(|_| {}) },
            "ana asks for approval: Deploy web in production",
        ),
        (Item { title: String::new(), ..approval(|_| {}) }, "ana asks for approval: acme/web in production"),
        (ended(|_| {}), "Deploy web to production was approved"),
        (ended(|a| a.ended_by = Some(User::named("bo"))), "bo approved: Deploy web to production"),
        (
            ended(|a| {
                a.ended_by = Some(User::named("cy"));
                a.answers = Some(vec![
                    answer("bo", 1, ApprovalDecision::Approved),
                    answer("cy", 1, ApprovalDecision::Approved),
                ]);
            }),
            "bo and cy approved: Deploy web to production",
        ),
        (
            ended(|a| {
                a.state = ApprovalState::Denied;
                (a.ended_by, a.ended_why) = (Some(User::named("bo")), Some("after the freeze".into()));
            }),
            "bo said no: Deploy web to production: after the freeze",
        ),
        (ended(|a| a.state = ApprovalState::Denied), "Deploy web to production was denied"),
        (ended(|a| a.state = ApprovalState::Expired), "Deploy web to production expired without an answer"),
        (
            ended(|a| {
                (a.state, a.ended_why) = (ApprovalState::Superseded, Some("main moved to b81d09e".into()))
            }),
            "Deploy web to production was superseded: main moved to b81d09e",
        ),
    ];
    for (item, expected) in cases {
        let last = events(std::slice::from_ref(&item)).concat().pop();
        assert_eq!(last.map(|(_, summary)| summary).as_deref(), Some(expected), "{item:?}");
    }
    // Who ended it is known from the answers only where there is one that did.
    let by = |answers: Vec<Answer>| {
        let item = ended(|_| {});
        let item = approval(|a| {
            *a = approval_of(&item).clone();
            a.answers = Some(answers);
        });
        compare(None, item).transitions.pop().and_then(|end| end.by).map(|by| by.name)
    };
    assert_eq!(
        by(vec![answer("bo", 1, ApprovalDecision::Approved), answer("cy", 1, ApprovalDecision::Denied)])
            .as_deref(),
        Some("bo")
    );
    assert_eq!(
        by(vec![answer("bo", 1, ApprovalDecision::Approved), answer("cy", 1, ApprovalDecision::Approved)]),
        None
    );
    assert_eq!(by(vec![answer("bo", 1, ApprovalDecision::Withdrawn)]), None);
}

#[test]
fn approval_fields_left_out_are_kept() {
    let whole = approval(|a| {
        a.needed = Some(AsOf::new(at(1), 2));
        a.expires_at = Some(AsOf::new(at(1), at(30)));
        a.approvers = Some(AsOf::new(at(1), Approvers::all(["bo", "kim"])));
        a.account_may = Some(AsOf::new(at(1), true));
        a.answers = Some(vec![answer("bo", 1, ApprovalDecision::Approved)]);
        a.commit = Some("b81d09e".into());
        a.arguments = Some([("env".to_owned(), "production".to_owned())].into());
        a.ships = Some(AsOf::new(at(1), Shipment { commits: Some(11), ..Shipment::default() }));
        a.description = Some("Checkout is slow".into());
        a.updated_at = at(1);
    });
    // Newer, without any of that; and one that is older and differs in it.
    let thin =
        approval(|a| (a.environment, a.asked_by, a.asked_at, a.updated_at) = (None, None, None, at(5)));
    let stale = approval(|a| {
        a.needed = Some(AsOf::new(at(0), 9));
        a.account_may = Some(AsOf::new(at(0), false));
        a.answers = Some(vec![answer("bo", 0, ApprovalDecision::Denied)]);
        a.updated_at = at(6);
    });
    let expected = approval(|a| *a = Approval { updated_at: at(6), ..approval_of(&whole).clone() });
    let all = [whole, thin, stale];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let found = joined(&order.map(|place| all[place].clone()));
        assert_eq!(found, expected, "{order:?}");
    }
}

#[test]
fn last_answer_of_a_person_counts() {
    let says = |answers: &[(&str, Option<i64>, ApprovalDecision)]| {
        let answers = answers.iter().map(|(by, minute, says)| {
            let answer = answer(by, 0, *says);
            Answer { at: minute.map(at), ..answer }
        });
        approval(|a| a.answers = Some(answers.collect()))
    };
    use ApprovalDecision::{Approved as Yes, Denied as No, Withdrawn};
    type Case<'a> = (&'a [Item], &'a [(&'a str, ApprovalDecision)]);
    let cases: [Case<'_>; 6] = [
        (&[says(&[("bo", Some(1), Yes)]), says(&[("cy", Some(2), Yes)])], &[("bo", Yes), ("cy", Yes)]),
        (&[says(&[("bo", Some(1), Yes)]), says(&[("bo", Some(2), Withdrawn)])], &[("bo", Withdrawn)]),
        (&[says(&[("bo", Some(2), No)]), says(&[("bo", Some(1), Yes)])], &[("bo", No)]),
        // Twice in one report, and without a time: in doubt it is no yes.
        (&[says(&[("bo", None, No), ("bo", None, Yes)])], &[("bo", No)]),
        (&[says(&[("bo", None, Yes)]), says(&[("bo", Some(1), No)])], &[("bo", No)]),
        (&[says(&[("bo", Some(1), Yes)]), approval(|_| {})], &[("bo", Yes)]),
    ];
    for (snapshots, expected) in cases {
        let found = joined(snapshots);
        let answers = approval_of(&found).answers.as_deref().unwrap_or_default();
        let found: Vec<_> = answers.iter().map(|answer| (answer.by.id.as_str(), answer.decision)).collect();
        assert_eq!(found, expected, "{snapshots:?}");
    }
    // Nothing that was answered before counts for what is asked again.
    let anew = approval(|a| (a.asked_at, a.updated_at) = (Some(at(5)), at(5)));
    let found = joined(&[says(&[("bo", Some(1), Yes)]), anew.clone(), says(&[("cy", Some(9), Yes)])]);
    assert_eq!(found, anew);
}

#[test]
fn unversioned_service_uses_the_last_report() {
    let unversioned = |state| approval(|a| (a.updated_at, a.state) = (jiff::Timestamp::UNIX_EPOCH, state));
    use ApprovalState::{Approved, Waiting};
    let stored = compare(None, unversioned(Approved)).item;
    // A webhook may have been overtaken; what a poll read later is later.
    assert_eq!(compare(Some(&stored), unversioned(Waiting)).item.status(), "approved");
    let again = compare_read(Some(&stored), unversioned(Waiting));
    assert_eq!((again.item.status(), again.transitions[0].at), ("waiting", None));
}

#[test]
fn approval_texts_are_cleaned_and_bounded() {
    let long = "x".repeat(5_000);
    let item = approval(|a| {
        a.repo = format!("{long}\u{1b}[31m");
        a.environment = Some(" \u{200b}".into());
        a.asked_by = Some(User { id: String::new(), name: "Ana\u{7}".into() });
        a.ended_why = Some(long.clone());
        a.approvers = Some(AsOf::new(at(0), Approvers::all((0..500).map(|n| format!("user {n:03}")).rev())));
        a.answers =
            Some((0..500).map(|n| answer(&format!("user {n:03}"), 1, ApprovalDecision::Approved)).collect());
        a.arguments = Some((0..500).map(|n| (format!("arg {n:03}"), long.clone())).collect());
        a.ships = Some(AsOf::new(
            at(0),
            Shipment { from: Some(long.clone()), changes: vec![long.clone(); 50], ..Shipment::default() },
        ));
        a.expires_at = Some(AsOf::new(at(0), "9999-12-30T00:00:00Z".parse().unwrap()));
        a.description = Some(long.clone());
    });
    let found = compare(None, item.clone()).item;
    assert!(!compare(Some(&found), item).changed, "cleaning twice changes nothing");
    let a = approval_of(&found);
    assert_eq!((a.repo.chars().count(), &a.environment, a.expires_at()), (200, &None, None));
    assert_eq!(a.asked_by, Some(User::named("Ana")));
    let sizes = (
        a.approvers.as_ref().map(|it| (it.value.names.len(), it.value.complete)),
        a.answers.as_ref().map(Vec::len),
        a.arguments.as_ref().map(std::collections::BTreeMap::len),
        a.ships().map(|ships| ships.changes.len()),
    );
    assert_eq!(sizes, (Some((100, false)), Some(100), Some(64), Some(20)));
    assert!(serde_json::to_string(&found).unwrap().len() < 60_000);
}
