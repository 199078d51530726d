//! Whose review is asked for: joined by versions of its own, and reported once for each reviewer.

use super::{joined, names};
use crate::{
    event::{EventName::*, compare},
    item::{
        Detail, Item, PullRequestState,
        examples::{at, pull_request},
    },
};

/// Who is asked for a review by each event, and as of when.
fn requests(snapshots: &[Item]) -> Vec<(String, Option<jiff::Timestamp>)> {
    let mut stored: Option<Item> = None;
    let mut asked = Vec::new();
    for snapshot in snapshots {
        let change = compare(stored.as_ref(), snapshot.clone());
        let transitions = change.transitions.into_iter().filter(|it| it.name == ReviewRequested);
        asked.extend(transitions.map(|it| (it.of[0].id.clone(), it.at)));
        stored = Some(change.item);
    }
    asked
}

#[test]
fn each_reviewer_is_asked_by_an_event_of_their_own() {
    let asked = |minute, who: &[&str]| {
        let who = who.iter().copied().map(str::to_owned).collect();
        pull_request(|p| (p.updated_at, p.requested) = (at(minute), who))
    };
    let closed = pull_request(|p| {
        (p.updated_at, p.state, p.ended_at) = (at(5), PullRequestState::Closed, Some(at(5)));
    });
    let again = asked(6, &["bo", "kim"]);
    // snapshots -> of whom, asked before, distinguished by
    type Request<'a> = (&'a str, &'a [&'a str], i64);
    let cases: Vec<(&str, Vec<Item>, &[Request<'_>])> = vec![
        ("at once", vec![asked(1, &["bo", "kim"])], &[("bo", &[], 1), ("kim", &["bo"], 1)]),
        (
            "one after the other",
            vec![asked(1, &["kim"]), asked(2, &["bo", "kim"])],
            &[("kim", &[], 1), ("bo", &["kim"], 2)],
        ),
        (
            "a team, then one of its members in its place",
            vec![asked(1, &["team/acme/web"]), asked(2, &["kim"])],
            &[("team/acme/web", &[], 1), ("kim", &["team/acme/web"], 2)],
        ),
        (
            "in one second, and out of order",
            vec![asked(1, &["bo", "kim"]), asked(1, &["bo"]), asked(1, &["bo", "kim"])],
            // The store keeps the last of them once.
            &[("bo", &[], 1), ("kim", &["bo"], 1), ("kim", &["bo"], 1)],
        ),
        (
            "open again",
            vec![asked(1, &["bo"]), closed, again],
            &[("bo", &[], 1), ("bo", &[], 6), ("kim", &["bo"], 6)],
        ),
    ];
    for (name, snapshots, expected) in cases {
        let mut stored: Option<Item> = None;
        let mut transitions = Vec::new();
        for snapshot in snapshots {
            let change = compare(stored.as_ref(), snapshot);
            transitions.extend(change.transitions.into_iter().filter(|it| it.name == ReviewRequested));
            stored = Some(change.item);
        }
        let found: Vec<_> = transitions
            .iter()
            .map(|it| (it.of[0].id.as_str(), it.asked_before.as_slice(), it.distinct.clone()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(who, before, minute)| {
                let before: Vec<_> = before.iter().copied().map(str::to_owned).collect();
                (*who, before, format!("{} {who}", at(*minute)))
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(who, before, by)| (*who, before.as_slice(), by.clone())).collect();
        assert_eq!(found, expected, "{name}");
        // A team is named as people name it.
        assert!(
            transitions.iter().all(|it| it.of[0].name == it.of[0].id.replace("team/acme/", "team/")),
            "{name}"
        );
        assert!(
            transitions.iter().all(|it| it.summary.contains(&format!("asks {} for", it.of[0].name))),
            "{name}"
        );
    }
}

#[test]
fn requested_reviewers_are_kept_where_the_list_is_unreadable() {
    let asked = |minute, who: &[&str], requested_unknown| {
        pull_request(|p| {
            p.requested = who.iter().copied().map(str::to_owned).collect();
            (p.updated_at, p.requested_unknown) = (at(minute), requested_unknown);
        })
    };
    // Snapshots -> who is asked, whether others may be.
    let cases: [(&str, Vec<Item>, &[&str], bool); 11] = [
        ("no list", vec![asked(0, &["kim"], false), asked(1, &[], true)], &["kim"], true),
        ("part of the list", vec![asked(0, &["kim"], false), asked(1, &["bo"], true)], &["bo", "kim"], true),
        ("late", vec![asked(1, &["bo"], true), asked(0, &["kim"], false)], &["bo", "kim"], true),
        (
            "list reported again",
            vec![asked(0, &["kim"], false), asked(1, &[], true), asked(2, &["bo"], false)],
            &["bo"],
            false,
        ),
        ("nobody any more", vec![asked(0, &["kim"], false), asked(1, &[], false)], &[], false),
        // The newest list counts, whatever came between.
        (
            "in order",
            vec![asked(0, &["kim"], false), asked(1, &["bo"], false), asked(2, &[], true)],
            &["bo"],
            true,
        ),
        (
            "a list overtaken by a newer state",
            vec![asked(0, &["kim"], false), asked(2, &[], true), asked(1, &["bo"], false)],
            &["bo"],
            true,
        ),
        (
            "named since the list",
            vec![asked(0, &["kim"], false), asked(2, &["cy"], true), asked(1, &["bo"], false)],
            &["bo", "cy"],
            true,
        ),
        (
            "named twice, and on no list since",
            vec![asked(2, &["cy"], true), asked(1, &["cy"], true), asked(3, &[], false)],
            &[],
            false,
        ),
        (
            "named before the list",
            vec![
                asked(0, &[], false),
                asked(1, &["cy"], true),
                asked(3, &[], true),
                asked(2, &["bo"], false),
            ],
            &["bo"],
            true,
        ),
        ("at the same version", vec![asked(1, &[], true), asked(1, &["bo"], false)], &["bo"], false),
    ];
    for (name, snapshots, expected, unknown) in cases {
        let asked = requests(&snapshots);
        for (at, who) in asked.iter().enumerate() {
            assert!(!asked[..at].contains(who), "{name}: {who:?} is asked twice: {asked:?}");
        }
        let Detail::PullRequest(stands) = joined(&snapshots).detail else { unreachable!() };
        let who: Vec<_> = stands.requested.iter().map(String::as_str).collect();
        assert_eq!((who.as_slice(), stands.requested_unknown), (expected, unknown), "{name}");
    }
}

#[test]
fn a_login_in_other_letters_is_no_new_request() {
    let asked = |minute, who: &str| {
        let who = who.to_owned();
        pull_request(|p| (p.updated_at, p.requested) = (at(minute), [who].into()))
    };
    assert_eq!(names(&[asked(0, "kim"), asked(1, "KIM"), asked(2, "kim")]), [Opened, ReviewRequested]);
}

#[test]
fn a_review_that_was_asked_for_is_news_once() {
    let asked = |minute, who: &[&str], requested_unknown| {
        pull_request(|p| {
            p.requested = who.iter().copied().map(str::to_owned).collect();
            (p.updated_at, p.requested_unknown) = (at(minute), requested_unknown);
        })
    };
    // The list of minute 1, without me, came after the state of minute 2: what was asked for at minute 0 is over.
    let late = [asked(0, &["kim"], false), asked(2, &[], true), asked(1, &["bo"], false)];
    let kims = |snapshots: &[Item]| -> Vec<_> {
        requests(snapshots).into_iter().filter(|(who, _)| who == "kim").map(|(_, at)| at).collect()
    };
    let again = |snapshot: Item| kims(&late.iter().cloned().chain([snapshot]).collect::<Vec<_>>());
    assert_eq!(again(asked(3, &["bo"], false)), [Some(at(0))]);
    assert_eq!(again(asked(1, &["bo"], false)), [Some(at(0))]);
    assert_eq!(again(asked(3, &["kim"], false)), [Some(at(0)), Some(at(3))], "asked anew");
    // It is as old as the list that it comes from.
    assert_eq!(kims(&[asked(0, &[], false), asked(2, &[], true), asked(1, &["kim"], false)]), [Some(at(1))]);
}

#[test]
fn lists_of_some_who_are_asked_are_bounded_together() {
    // Each names another hundred, and none names all who are asked.
    let part = |minute: i64| {
        pull_request(|p| {
            (p.updated_at, p.requested_unknown) = (at(minute), true);
            p.requested = (0..100).map(|n| format!("user {n:03}, of {minute}")).collect();
        })
    };
    let orders = [[1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]].map(|order| joined(&order.map(part)));
    // A version of this program that did not bound them stored more.
    let unbounded = pull_request(|p| {
        (p.updated_at, p.requested_unknown) = (at(3), true);
        p.requested = (0..5_000).map(|n| format!("user {n:04}, of 3")).collect();
    });
    let bounded = compare(Some(&unbounded), part(4)).item;
    for item in orders.iter().chain([&bounded]) {
        let Detail::PullRequest(stands) = &item.detail else { unreachable!() };
        let read = stands.requested_read.as_ref().unwrap();
        assert_eq!(stands.requested.len(), 100);
        assert!(read.named_at.keys().eq(&stands.requested));
    }
    assert!(orders.iter().all(|item| *item == orders[0]), "whatever the order");
}

/// An older version of this program stored no versions of the list.
#[test]
fn a_stored_list_of_an_older_version_is_read() {
    let stored = |requested_unknown| {
        let item = pull_request(|p| {
            p.requested = ["kim".to_owned()].into();
            (p.updated_at, p.requested_unknown) = (at(2), requested_unknown);
        });
        let json = serde_json::to_value(&item).unwrap();
        assert!(!json.to_string().contains("requested_read"), "{json}");
        serde_json::from_value::<Item>(json).unwrap()
    };
    let list =
        |minute: i64| pull_request(|p| (p.updated_at, p.requested) = (at(minute), ["bo".to_owned()].into()));
    // What is stored, a list that comes -> who is asked, whether others may be.
    let cases: [(Item, Item, &[&str], bool); 4] = [
        (stored(false), list(1), &["kim"], false),
        (stored(false), list(3), &["bo"], false),
        (stored(true), list(1), &["bo", "kim"], true),
        (stored(true), list(3), &["bo"], false),
    ];
    for (stored, list, expected, unknown) in cases {
        let change = compare(Some(&stored), list);
        let json = serde_json::to_value(&change.item).unwrap();
        assert_eq!(serde_json::from_value::<Item>(json).unwrap(), change.item);
        let Detail::PullRequest(stands) = change.item.detail else { unreachable!() };
        let who: Vec<_> = stands.requested.iter().map(String::as_str).collect();
        assert_eq!((who.as_slice(), stands.requested_unknown), (expected, unknown));
    }
}
