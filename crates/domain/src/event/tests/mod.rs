//! Tables: snapshots, and the events they make.

mod approval;
mod beginnings;
mod build;
mod counter;
mod dates;
mod incident;
mod pull_request;
mod requests;

use jiff::Timestamp;
use proptest::prelude::*;

use super::{EventName, compare, compare_read, stale};
use crate::{
    board,
    item::{
        ApprovalDecision, ApprovalState, Approvers, AsOf, Assignment, BuildRun, BuildStatus, Checks,
        ChecksStatus, Detail, EARLIEST, Hold, IncidentStatus, Item, Kind, LATEST, PullRequestState, Review,
        Shipment, Verdict,
        examples::{answer, approval, at, build, incident, kim, pull_request, review, run},
    },
};

/// Saves one snapshot after the other and returns the events of each.
fn events(snapshots: &[Item]) -> Vec<Vec<(EventName, String)>> {
    let mut stored: Option<Item> = None;
    let mut events = Vec::new();
    for snapshot in snapshots {
        let change = compare(stored.as_ref(), snapshot.clone());
        events.push(change.transitions.into_iter().map(|t| (t.name, t.summary)).collect());
        stored = Some(change.item);
    }
    events
}

/// The same, flat and without words.
fn names(snapshots: &[Item]) -> Vec<EventName> {
    events(snapshots).into_iter().flatten().map(|(name, _)| name).collect()
}

fn joined(snapshots: &[Item]) -> Item {
    let save = |stored: Option<Item>, snapshot: &Item| Some(compare(stored.as_ref(), snapshot.clone()).item);
    snapshots.iter().fold(None, save).expect("at least one snapshot")
}

#[test]
fn snapshots_are_cleaned() {
    let dirty = Item {
        title: "\u{1b}[31mBump\u{202e} pins\n".into(),
        ..pull_request(|p| {
            p.author = "ana\u{7}".into();
            p.requested = ["kim\u{200b}".to_owned(), " ".to_owned()].into();
            p.reviews = vec![review("bo\n", 1, Verdict::Approved)];
        })
    };
    let change = compare(None, dirty.clone());
    assert_eq!(change.item.title, "Bump pins");
    let summaries: Vec<_> = change.transitions.iter().map(|t| t.summary.as_str()).collect();
    assert_eq!(
        summaries,
        [
            "ana opened acme/web#479 Bump pins",
            "ana asks kim for a review of acme/web#479 Bump pins",
            "bo approved acme/web#479 Bump pins: 1 approval"
        ]
    );
    assert!(!compare(Some(&change.item), dirty).changed);
}

/// Every time of an item.
fn times(item: &Item) -> Vec<Timestamp> {
    match &item.detail {
        Detail::Build(build) => {
            build.runs.iter().flat_map(|run| [run.at, run.started_at]).flatten().collect()
        }
        Detail::PullRequest(pull) => {
            let reviewed = pull.reviews.iter().map(|review| review.at);
            let checked = pull.checks.iter().map(|checks| checks.at);
            let own = [Some(pull.opened_at), Some(pull.updated_at), pull.ended_at].into_iter().flatten();
            own.chain(reviewed).chain(checked).collect()
        }
        Detail::Incident(incident) => {
            let held = incident.hold.iter().flat_map(|hold| [Some(hold.at), hold.until]).flatten();
            let own = [incident.started_at, incident.updated_at].into_iter().chain(incident.released_at);
            let assigned = incident.assigned.iter().map(|assigned| assigned.at);
            own.chain(held).chain(assigned).chain(incident.escalations.iter().copied()).collect()
        }
        Detail::Approval(approval) => {
            let expires = approval.expires_at.iter().flat_map(|end| [end.at, end.value]);
            let answered = approval.answers.iter().flatten().filter_map(|answer| answer.at);
            let as_of = [
                approval.needed.as_ref().map(|it| it.at),
                approval.approvers.as_ref().map(|it| it.at),
                approval.account_may.as_ref().map(|it| it.at),
                approval.ships.as_ref().map(|it| it.at),
                approval.asked_at,
            ];
            let own = as_of.into_iter().flatten().chain([approval.updated_at]);
            own.chain(expires).chain(answered).collect()
        }
    }
}

/// Any time that can be written, the ends of what can be among them.
fn any_time() -> impl Strategy<Value = Timestamp> {
    let edges = ["-009999-01-02T01:59:59Z", "0001-01-01T00:00:00Z", "9999-12-30T22:00:00.999999999Z"];
    let edges: Vec<_> = edges.into_iter().map(|edge| edge.parse().expect("a time")).collect();
    prop_oneof![
        proptest::sample::select(edges),
        (-377_705_023_201..=253_402_207_200_i64).prop_map(|s| Timestamp::from_second(s).expect("a time")),
        (0..200_i64).prop_map(at),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever dates a service writes: nothing overflows, they are bounded, and stay as they are from then on.
    #[test]
    fn no_date_does_harm(t in proptest::collection::vec(any_time(), 9), now in 0..500_000_i64) {
        let checks = Checks { commit: "c0".into(), status: ChecksStatus::Failed, failing: Vec::new(), at: t[4] };
        let items = [
            build(vec![BuildRun { at: Some(t[0]), started_at: Some(t[1]), ..run(1, BuildStatus::Failed) }]),
            pull_request(|p| {
                (p.opened_at, p.updated_at, p.ended_at) = (t[2], t[3], Some(t[8]));
                p.reviews = vec![Review { at: t[5], ..review("bo", 1, Verdict::Approved) }];
                p.checks = Some(checks.clone());
            }),
            incident(|i| {
                (i.started_at, i.updated_at) = (t[6], t[7]);
                i.status = IncidentStatus::Acknowledged;
                i.hold = Some(Hold { at: t[5], by: Vec::new(), until: Some(t[8]) });
                i.assigned = Some(Assignment { at: t[4], to: Vec::new(), by: None });
                i.escalations = t[2..4].iter().copied().collect();
            }),
            approval(|a| {
                (a.asked_at, a.updated_at) = (Some(t[0]), t[1]);
                (a.needed, a.expires_at) = (Some(AsOf::new(t[2], 1)), Some(AsOf::new(t[3], t[4])));
                (a.approvers, a.account_may) = (Some(AsOf::new(t[5], Approvers::all([""; 0]))), Some(AsOf::new(t[6], true)));
                a.ships = Some(AsOf::new(t[7], Shipment::default()));
                a.answers = Some(vec![crate::item::Answer { at: Some(t[8]), ..answer("bo", 0, ApprovalDecision::Approved) }]);
            }),
        ];
        for snapshot in items {
            let change = compare(None, snapshot.clone());
            prop_assert!(times(&change.item).iter().all(|at| (EARLIEST..=LATEST).contains(at)));
            for transition in &change.transitions {
                prop_assert!(transition.at.is_none_or(|at| (EARLIEST..=LATEST).contains(&at)));
            }
            prop_assert!(!compare(Some(&change.item), snapshot).changed);
            stale(&change.item, at(now));
            let entry = board::Entry { item: &change.item, me: &kim(), snoozed: None };
            board::board([entry].into_iter(), at(now), &board::Options { all: true, ..board::Options::default() });
        }
    }
}

#[test]
fn snapshot_read_later_wins_within_one_version() {
    let checks = |status| {
        let checks = Checks { commit: "c0".into(), status, failing: Vec::new(), at: at(1) };
        pull_request(|p| p.checks = Some(checks))
    };
    let state = |state| pull_request(|p| p.state = state);
    let titled = |title: &str| Item { title: title.into(), ..pull_request(|_| {}) };
    let alert = |status| incident(|i| i.status = status);
    let ran = |status| build(vec![BuildRun { at: Some(at(1)), ..run(1, status) }]);
    let asked = |state| approval(|a| a.state = state);
    let was = |item: &Item| match &item.detail {
        Detail::PullRequest(pull) => match &pull.checks {
            Some(checks) => checks.status.name(),
            None => item.status(),
        },
        Detail::Build(_) | Detail::Incident(_) | Detail::Approval(_) => item.status(),
    };
    use {
        ApprovalState as A, BuildStatus as B, ChecksStatus as C, IncidentStatus as I, PullRequestState as P,
    };
    // What is stored, what comes with the same version -> how it stands where the order is not known, and where it was
    // read later.
    let cases = [
        (alert(I::Acknowledged), alert(I::Triggered), "acknowledged", "triggered"),
        (alert(I::Triggered), alert(I::Acknowledged), "acknowledged", "acknowledged"),
        (alert(I::Resolved), alert(I::Triggered), "resolved", "triggered"),
        (state(P::Closed), state(P::Open), "closed", "open"),
        (state(P::Open), state(P::Closed), "closed", "closed"),
        (state(P::Merged), state(P::Open), "merged", "merged"),
        (checks(C::Failed), checks(C::Passed), "failed", "passed"),
        (checks(C::Passed), checks(C::Pending), "passed", "pending"),
        (ran(B::Failed), ran(B::Passed), "failed", "passed"),
        (ran(B::Failed), ran(B::Running), "failed", "failed"),
        (asked(A::Waiting), asked(A::Approved), "approved", "approved"),
        (asked(A::Approved), asked(A::Waiting), "approved", "waiting"),
        (asked(A::Denied), asked(A::Approved), "denied", "approved"),
    ];
    for (stored, snapshot, unknown, later) in cases {
        let of = |compare: fn(Option<&Item>, Item) -> super::Change| {
            let change = compare(Some(&stored), snapshot.clone());
            assert!(!compare(Some(&change.item), snapshot.clone()).changed);
            was(&change.item)
        };
        assert_eq!((of(compare), of(compare_read)), (unknown, later), "{stored:?}");
    }
    let renamed = compare(Some(&titled("Bump")), titled("Bump pins"));
    assert!(renamed.changed && renamed.item.title == "Bump pins", "a differing text is never dropped");
}

#[test]
fn held_for_ever_has_no_end() {
    let until = |text: &str| {
        let held = incident(|i| {
            i.status = IncidentStatus::Acknowledged;
            i.hold = Some(Hold { at: at(0), by: Vec::new(), until: text.parse().ok() });
        });
        match compare(None, held).item.detail {
            Detail::Incident(incident) => incident.held_until(),
            _ => unreachable!(),
        }
    };
    assert_eq!(until("9999-12-30T00:00:00Z"), None);
    assert_eq!(until("0001-01-01T00:00:00Z"), Some(EARLIEST), "over long ago");
    assert_eq!(until("2026-11-22T08:00:00Z"), Some(at(0)));
}

#[test]
fn a_key_is_of_one_kind() {
    let stored = compare(None, pull_request(|_| {})).item;
    let mut wrong = build(vec![run(1, BuildStatus::Failed)]);
    wrong.key = stored.key.clone();
    let change = compare(Some(&stored), wrong);
    assert_eq!(
        (change.item.key.kind, change.changed, change.transitions.len()),
        (Kind::PullRequest, false, 0)
    );
    assert_eq!(change.item, stored);
}
