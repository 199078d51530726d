//! Tables: snapshots, and what they tell.

mod build;
mod incident;
mod pull_request;

use super::{EventName, compare};
use crate::item::{
    BuildStatus, Item, Kind, Verdict,
    examples::{build, kim, pull_request, review, run},
};

/// Saves one snapshot after the other and tells what each says.
fn told(snapshots: &[Item]) -> Vec<Vec<(EventName, String)>> {
    let mut stored: Option<Item> = None;
    let mut told = Vec::new();
    for snapshot in snapshots {
        let change = compare(stored.as_ref(), snapshot.clone(), &kim());
        told.push(change.transitions.into_iter().map(|t| (t.name, t.summary)).collect());
        stored = Some(change.item);
    }
    told
}

/// The same, flat and without words.
fn names(snapshots: &[Item]) -> Vec<EventName> {
    told(snapshots).into_iter().flatten().map(|(name, _)| name).collect()
}

fn joined(snapshots: &[Item]) -> Item {
    let save =
        |stored: Option<Item>, snapshot: &Item| Some(compare(stored.as_ref(), snapshot.clone(), &kim()).item);
    snapshots.iter().fold(None, save).expect("at least one snapshot")
}

#[test]
fn what_comes_in_is_cleaned() {
    let dirty = Item {
        title: "\u{1b}[31mBump\u{202e} pins\n".into(),
        ..pull_request(|p| {
            p.author = "ana\u{7}".into();
            p.requested = ["kim\u{200b}".to_owned(), " ".to_owned()].into();
            p.reviews = vec![review("bo\n", 1, Verdict::Approved)];
        })
    };
    let change = compare(None, dirty.clone(), &kim());
    assert_eq!(change.item.title, "Bump pins");
    let summaries: Vec<_> = change.transitions.iter().map(|t| t.summary.as_str()).collect();
    assert_eq!(
        summaries,
        [
            "ana opened acme/web#479 Bump pins",
            "ana asks for your review of acme/web#479 Bump pins",
            "bo approved acme/web#479 Bump pins: 1 approval"
        ]
    );
    assert!(!compare(Some(&change.item), dirty, &kim()).changed);
}

#[test]
fn a_key_is_of_one_kind() {
    let stored = compare(None, pull_request(|_| {}), &kim()).item;
    let mut wrong = build(vec![run(1, BuildStatus::Failed)]);
    wrong.key = stored.key.clone();
    let change = compare(Some(&stored), wrong, &kim());
    assert_eq!(
        (change.item.key.kind, change.changed, change.transitions.len()),
        (Kind::PullRequest, false, 0)
    );
    assert_eq!(change.item, stored);
}
