use super::{events, joined, names};
use crate::{
    event::{
        EventName::{self, *},
        compare, compare_read, stale,
    },
    item::{
        Checks, ChecksStatus, Detail, Item, MergeState, Mergeability, PullRequest, PullRequestState,
        REVIEWS_KEPT, Review, Size, Verdict,
        examples::{at, build, incident, pull_request, review},
    },
};

type Change = fn(&mut PullRequest);

fn checks(commit: &str, status: ChecksStatus, minute: i64) -> Option<Checks> {
    Some(Checks { commit: commit.into(), status, failing: Vec::new(), at: at(minute) })
}

fn open(minute: i64) -> Item {
    pull_request(|p| p.updated_at = at(minute))
}

fn asking(minute: i64, who: &str) -> Item {
    pull_request(|p| (p.updated_at, p.requested) = (at(minute), [who.to_owned()].into()))
}

fn ended(minute: i64, state: PullRequestState, ended: i64) -> Item {
    pull_request(|p| (p.updated_at, p.state, p.ended_at) = (at(minute), state, Some(at(ended))))
}

fn checked(minute: i64, status: ChecksStatus) -> Item {
    pull_request(|p| p.checks = checks("c0", status, minute))
}

#[test]
fn checks_are_kept_where_an_unknown_head_is_known_to_be_theirs() {
    use ChecksStatus::{Failed, Passed};
    let of = |minute: i64, head: &str, checks: Option<Checks>| {
        pull_request(|p| (p.updated_at, p.head, p.checks) = (at(minute), head.to_owned(), checks))
    };
    let known = of(1, "c0", checks("c0", Passed, 1));
    let cases = [
        (vec![known.clone(), of(2, "", checks("c0", Failed, 2))], Some(Failed)),
        (vec![known.clone(), of(2, "", None)], Some(Passed)),
        (vec![known.clone(), of(2, "", checks("b9", Failed, 2))], Some(Passed)),
        (vec![known, of(2, "c1", checks("c0", Failed, 2))], None),
        // No head is known: what is known stays, however often it is reported.
        (vec![of(2, "", checks("c0", Failed, 2)); 2], Some(Failed)),
        (vec![of(2, "", checks("c0", Failed, 2)), of(3, "", None)], Some(Failed)),
        (vec![of(2, "", checks("c0", Failed, 2)), of(3, "", checks("c1", Passed, 3))], Some(Passed)),
        (vec![of(2, "", checks("c0", Failed, 2)), of(3, "c1", None)], None),
    ];
    for (snapshots, expected) in cases {
        let Detail::PullRequest(pull) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!(pull.checks.map(|checks| checks.status), expected, "{snapshots:?}");
    }
}

#[test]
fn latest_mergeability_of_the_head_is_kept() {
    use MergeState::{Blocked, Conflicts, Ready};
    let with_merge_state = |minute: i64, commit: &str, state| {
        pull_request(|p| {
            p.mergeability = Some(Mergeability { commit: commit.into(), state, at: at(minute) });
        })
    };
    let headless = |minute: i64, state| {
        let mut item = with_merge_state(minute, "c0", state);
        if let Detail::PullRequest(pull) = &mut item.detail {
            pull.head.clear();
        }
        item
    };
    let without_merge_state = open(0);
    let cases = [
        (vec![with_merge_state(1, "c0", Blocked), with_merge_state(2, "c0", Ready)], Some(Ready)),
        (vec![with_merge_state(2, "c0", Ready), with_merge_state(1, "c0", Blocked)], Some(Ready)),
        (vec![with_merge_state(1, "c0", Blocked), without_merge_state.clone()], Some(Blocked)),
        (vec![without_merge_state, with_merge_state(1, "c0", Conflicts)], Some(Conflicts)),
        (vec![with_merge_state(1, "c0", Ready), with_merge_state(2, "b9", Blocked)], Some(Ready)),
        (vec![with_merge_state(1, "b9", Ready)], None),
        (vec![headless(1, Ready); 2], Some(Ready)),
        (vec![with_merge_state(1, "c0", Blocked), headless(2, Ready)], Some(Ready)),
    ];
    for (snapshots, expected) in cases {
        let Detail::PullRequest(pull) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!(pull.mergeability.map(|it| it.state), expected, "{snapshots:?}");
    }
}

#[test]
fn description_and_size_are_joined_and_never_wiped() {
    let of = |minute: i64, head: &str, description: Option<&str>, added: Option<u32>| {
        let head = head.to_owned();
        let size =
            added.map(|added| Size { commit: head.clone(), added, removed: 4, files: 3, at: at(minute) });
        let description = description.map(str::to_owned);
        pull_request(|p| {
            (p.updated_at, p.head, p.description, p.size) = (at(minute), head, description, size)
        })
    };
    type Case = (&'static str, Vec<Item>, Option<&'static str>, Option<u32>);
    let cases: Vec<Case> = vec![
        ("nothing is known", vec![of(1, "c0", None, None)], None, None),
        (
            "a list knows no size",
            vec![of(1, "c0", Some("a"), Some(9)), of(2, "c0", Some("b"), None)],
            Some("b"),
            Some(9),
        ),
        (
            "in either order",
            vec![of(2, "c0", Some("b"), None), of(1, "c0", Some("a"), Some(9))],
            Some("b"),
            Some(9),
        ),
        (
            "an older one",
            vec![of(2, "c0", Some("b"), Some(5)), of(1, "c0", Some("a"), Some(9))],
            Some("b"),
            Some(5),
        ),
        ("silence", vec![of(1, "c0", Some("a"), Some(9)), of(2, "c0", None, None)], Some("a"), Some(9)),
        ("taken back", vec![of(1, "c0", Some("a"), None), of(2, "c0", Some(""), None)], Some(""), None),
        (
            "of an older commit",
            vec![of(1, "c0", Some("a"), Some(9)), of(2, "c1", Some("a"), None)],
            Some("a"),
            None,
        ),
        ("against another base", vec![of(1, "c0", None, Some(9)), of(2, "c0", None, Some(2))], None, Some(2)),
        ("of no known commit, twice", vec![of(1, "", None, Some(9)); 2], None, Some(9)),
    ];
    for (case, snapshots, description, added) in cases {
        let Detail::PullRequest(pull) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!(pull.description.as_deref(), description, "{case}");
        assert_eq!(pull.size.map(|size| size.added), added, "{case}");
    }
}

#[test]
fn a_description_and_a_size_are_no_news() {
    let item = pull_request(|p| {
        p.description = Some("Why".into());
        p.size = Some(Size { commit: "c0".into(), added: 1, removed: 0, files: 1, at: at(0) });
    });
    assert_eq!(names(&[open(0), item]), [Opened]);
}

#[test]
fn a_pull_request_that_was_stored_before_it_had_a_description_or_a_size_is_read() {
    let Detail::PullRequest(new) = open(0).detail else { unreachable!() };
    let mut stored = serde_json::to_value(&new).unwrap();
    let keys = stored.as_object_mut().unwrap();
    assert!(
        !keys.contains_key("description") && !keys.contains_key("size"),
        "what is not known is not stored"
    );
    keys.remove("mergeability");
    assert_eq!(serde_json::from_value::<PullRequest>(stored).unwrap(), new);
}

#[test]
fn a_review_keeps_the_commit_that_was_reviewed() {
    let of = |commit: Option<&str>| {
        pull_request(|p| {
            p.reviews = vec![review("bo", 1, Verdict::Approved)];
            p.reviews[0].commit = commit.map(str::to_owned);
        })
    };
    for (snapshots, expected) in [
        (vec![of(Some("c0")), of(Some("c1"))], Some("c0")),
        (vec![of(None), of(Some("c1"))], Some("c1")),
        (vec![of(Some("c0")), of(None)], Some("c0")),
    ] {
        let Detail::PullRequest(pull) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!(pull.reviews[0].commit.as_deref(), expected);
    }
}

#[test]
fn pull_request_transitions() {
    use ChecksStatus::{Failed, Passed, Pending};
    use PullRequestState::{Closed as C, Merged as M};
    let reviewed = |minute, verdict| pull_request(|p| p.reviews = vec![review("bo", minute, verdict)]);
    let mine = |snapshot: Item| match snapshot.detail {
        Detail::PullRequest(p) => pull_request(|it| *it = PullRequest { author: "kim".into(), ..p }),
        _ => unreachable!(),
    };
    let pushed = |minute, head: &str, status, at| {
        pull_request(|p| {
            (p.updated_at, p.head, p.checks) = (self::at(minute), head.into(), checks(head, status, at))
        })
    };
    let cases: Vec<(&str, Vec<Item>, &[EventName])> = vec![
        ("first seen open", vec![open(5)], &[Opened]),
        ("first seen merged", vec![ended(5, M, 5)], &[Merged]),
        ("first seen closed", vec![ended(5, C, 5)], &[Closed]),
        ("late webhooks", vec![ended(5, M, 5), open(0), asking(1, "kim")], &[Merged]),
        ("opened and merged", vec![open(0), ended(5, M, 5), ended(6, M, 5)], &[Opened, Merged]),
        ("merged in the second of another update", vec![open(0), ended(0, M, 0), open(0)], &[Opened, Merged]),
        (
            "opened again",
            vec![open(0), ended(5, C, 5), open(6), ended(7, C, 7)],
            &[Opened, Closed, Opened, Closed],
        ),
        (
            "closed again, unseen between",
            vec![open(0), ended(5, C, 5), ended(7, C, 7)],
            &[Opened, Closed, Closed],
        ),
        ("commented after closing", vec![ended(5, C, 5), ended(7, C, 5)], &[Closed]),
        ("a review", vec![open(0), asking(1, "kim"), asking(2, "kim")], &[Opened, ReviewRequested]),
        ("a team's review", vec![asking(1, "team/web")], &[Opened, ReviewRequested]),
        (
            "another's review instead",
            vec![asking(1, "kim"), asking(2, "bo")],
            &[Opened, ReviewRequested, ReviewRequested],
        ),
        (
            "asked again",
            vec![asking(1, "kim"), open(2), asking(3, "kim")],
            &[Opened, ReviewRequested, ReviewRequested],
        ),
        ("asked of a team of the author's", vec![mine(asking(1, "team/web"))], &[Opened, ReviewRequested]),
        ("asked in the second it was opened", vec![open(0), asking(0, "kim")], &[Opened, ReviewRequested]),
        (
            "approved",
            vec![open(0), reviewed(1, Verdict::Approved), reviewed(1, Verdict::Approved)],
            &[Opened, Approved],
        ),
        ("approved before first seen", vec![reviewed(1, Verdict::Approved)], &[Opened, Approved]),
        (
            "dismissed",
            vec![
                open(0),
                reviewed(1, Verdict::Approved),
                reviewed(1, Verdict::Dismissed),
                reviewed(1, Verdict::Approved),
            ],
            &[Opened, Approved],
        ),
        (
            "dismissed before first seen",
            vec![reviewed(1, Verdict::Dismissed), reviewed(1, Verdict::Approved)],
            &[Opened],
        ),
        ("a comment", vec![reviewed(1, Verdict::Commented)], &[Opened]),
        (
            "changes",
            vec![reviewed(1, Verdict::ChangesRequested), reviewed(2, Verdict::Approved)],
            &[Opened, ChangesRequested, Approved],
        ),
        (
            "checks",
            vec![checked(1, Pending), checked(2, Passed), checked(3, Passed), checked(4, Failed)],
            &[Opened, ChecksPassed, ChecksFailed],
        ),
        (
            "checks run again",
            vec![checked(1, Failed), checked(2, Pending), checked(3, Failed)],
            &[Opened, ChecksFailed, ChecksFailed],
        ),
        (
            "late checks",
            vec![checked(2, Passed), checked(1, Pending), checked(1, Failed)],
            &[Opened, ChecksPassed],
        ),
        (
            "checks of a new head",
            vec![pushed(1, "c1", Failed, 2), pushed(3, "c2", Failed, 4), pushed(1, "c1", Passed, 5)],
            &[Opened, ChecksFailed, ChecksFailed],
        ),
        ("checks of another commit", vec![pull_request(|p| p.checks = checks("c9", Failed, 1))], &[Opened]),
        (
            "checks after the merge",
            vec![
                ended(5, M, 5),
                pull_request(|p| (p.state, p.updated_at, p.checks) = (M, at(5), checks("c0", Failed, 6))),
            ],
            &[Merged],
        ),
        (
            "a merge and what went before, by time",
            vec![pull_request(|p| {
                (p.state, p.updated_at, p.ended_at) = (M, at(5), Some(at(5)));
                p.reviews =
                    vec![review("bo", 4, Verdict::Approved), review("cy", 2, Verdict::ChangesRequested)];
            })],
            &[ChangesRequested, Approved, Merged],
        ),
        (
            "checks and a review, by time",
            vec![pull_request(|p| {
                p.checks = checks("c0", Passed, 2);
                p.reviews = vec![review("bo", 4, Verdict::Approved)];
            })],
            &[Opened, ChecksPassed, Approved],
        ),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
}

/// What is known of a version that was ahead, and what is read after that with an earlier one (a clock was put right, a server
/// restored) -> the events, the state, whose review is asked for. While the order is not known, the version decides.
#[test]
fn what_is_read_later_wins_whatever_its_version() {
    use ChecksStatus::{Failed, Passed};
    use PullRequestState::{Closed, Merged};
    let partly = |minute: i64, who: &str| {
        let names = [who.to_owned()].into();
        pull_request(|p| (p.updated_at, p.requested, p.requested_unknown) = (at(minute), names, true))
    };
    let merge_state = |minute: i64, state| {
        let mergeability = Mergeability { commit: "c0".into(), state, at: at(minute) };
        pull_request(|p| p.mergeability = Some(mergeability))
    };
    type Case<'a> = (Item, Item, &'a [EventName], &'a str, &'a [&'a str]);
    let cases: [Case<'_>; 11] = [
        (open(100), asking(10, "kim"), &[ReviewRequested], "open", &["kim"]),
        (asking(100, "kim"), open(10), &[], "open", &[]),
        (asking(100, "kim"), asking(10, "bo"), &[ReviewRequested], "open", &["bo"]),
        // Only in part: the others may still be asked.
        (asking(100, "kim"), partly(10, "bo"), &[ReviewRequested], "open", &["bo", "kim"]),
        (open(100), ended(10, Merged, 10), &[EventName::Merged], "merged", &[]),
        (open(100), ended(10, Closed, 10), &[EventName::Closed], "closed", &[]),
        (ended(100, Closed, 100), open(10), &[Opened], "open", &[]),
        (ended(100, Merged, 100), open(10), &[], "merged", &[]),
        (checked(100, Failed), checked(10, Passed), &[ChecksPassed], "open", &[]),
        (checked(100, Passed), checked(10, Failed), &[ChecksFailed], "open", &[]),
        (merge_state(100, MergeState::Ready), merge_state(10, MergeState::Conflicts), &[], "open", &[]),
    ];
    for (stored, snapshot, expected, state, requested) in cases {
        let stored = compare(None, stored).item;
        let change = compare_read(Some(&stored), snapshot.clone());
        let found: Vec<_> = change.transitions.iter().map(|it| it.name).collect();
        assert_eq!((found.as_slice(), change.item.status()), (expected, state), "{snapshot:?}");
        let Detail::PullRequest(pull) = &change.item.detail else { unreachable!() };
        assert_eq!(pull.requested.iter().collect::<Vec<_>>(), requested, "{snapshot:?}");
        let Detail::PullRequest(read) = &snapshot.detail else { unreachable!() };
        assert!(read.mergeability.is_none() || pull.mergeability == read.mergeability, "{snapshot:?}");
        assert!(!compare_read(Some(&change.item), snapshot.clone()).changed, "{snapshot:?}");
        assert_eq!(compare(Some(&stored), snapshot.clone()).transitions, [], "{snapshot:?}");
    }
}

#[test]
fn pull_request_join() {
    let says = |change: Change| events(&[open(0), pull_request(change)]).concat().pop().expect("an event").1;
    assert_eq!(events(&[open(0)]).concat()[0].1, "ana opened acme/web#479 Bump dependency pins");
    let cases: [(Change, &str); 8] = [
        (
            |p| p.requested = ["kim".to_owned()].into(),
            "ana asks kim for a review of acme/web#479 Bump dependency pins",
        ),
        (
            |p| p.reviews = vec![review("bo", 1, Verdict::Approved)],
            "bo approved acme/web#479 Bump dependency pins: 1 approval",
        ),
        (
            |p| {
                p.reviews = vec![
                    review("bo", 1, Verdict::Approved),
                    review("cy", 2, Verdict::Approved),
                    review("bo", 3, Verdict::Approved),
                ]
            },
            "bo approved acme/web#479 Bump dependency pins: 2 approvals",
        ),
        (
            |p| p.reviews = vec![review("bo", 1, Verdict::ChangesRequested)],
            "bo asks for changes in acme/web#479 Bump dependency pins",
        ),
        (
            |p| p.checks = checks("c0", ChecksStatus::Failed, 1),
            "checks of acme/web#479 Bump dependency pins failed",
        ),
        (
            |p| {
                p.checks = checks("c0", ChecksStatus::Failed, 1)
                    .map(|c| Checks { failing: vec!["lint".into()], ..c })
            },
            "lint failed on acme/web#479 Bump dependency pins",
        ),
        (
            |p| (p.state, p.merged_by) = (PullRequestState::Merged, Some("bo".into())),
            "bo merged acme/web#479 Bump dependency pins",
        ),
        (
            |p| p.state = PullRequestState::Closed,
            "acme/web#479 Bump dependency pins was closed without merging",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(says(change), expected);
    }
    let approvals = events(&[pull_request(cases[2].0)]).concat();
    assert!(approvals[1].1.ends_with(": 1 approval"), "each counts those before it: {approvals:?}");
}

#[test]
fn approvals_are_counted_in_the_order_of_their_serials() {
    let given = |by: &str, minute, serial| Review { serial, ..review(by, minute, Verdict::Approved) };
    // Of one dated ahead, and a later one -> how many approvals there are with that.
    for (serials, expected) in [([Some(1), Some(2)], ": 2 approvals"), ([None, None], ": 1 approval")] {
        let ahead = || given("bo", 100, serials[0]);
        let first = pull_request(|p| p.reviews = vec![ahead()]);
        let both = pull_request(|p| p.reviews = vec![ahead(), given("cy", 10, serials[1])]);
        let said = events(&[first, both]).concat().pop().expect("an event").1;
        assert!(said.starts_with("cy approved ") && said.ends_with(expected), "{said}");
    }
    // An earlier version of this program stored none: the next report has it.
    let known =
        [None, Some(7), None].map(|serial| pull_request(|p| p.reviews = vec![given("bo", 1, serial)]));
    let Detail::PullRequest(pull) = joined(&known).detail else { unreachable!() };
    assert_eq!(pull.reviews.iter().map(|review| review.serial).collect::<Vec<_>>(), [Some(7)]);
}

#[test]
fn a_pull_request_is_pieced_together() {
    let webhook = pull_request(|p| {
        (p.updated_at, p.state, p.ended_at) = (at(5), PullRequestState::Merged, Some(at(5)));
        (p.author, p.base) = (String::new(), String::new());
    });
    let poll = pull_request(|p| {
        (p.updated_at, p.state, p.ended_at, p.merged_by) =
            (at(6), PullRequestState::Merged, Some(at(5)), Some("bo".into()));
        p.reviews = vec![review("bo", 4, Verdict::Approved)];
        p.checks = checks("c0", ChecksStatus::Passed, 4);
    });
    let truth = poll.clone();
    let poll = match poll.detail {
        Detail::PullRequest(p) => pull_request(|it| *it = PullRequest { ended_at: None, ..p }),
        _ => unreachable!(),
    };
    assert_eq!(joined(&[webhook.clone(), poll.clone()]), truth);
    assert_eq!(joined(&[poll, webhook]), truth);
}

#[test]
fn old_reviews_are_forgotten_for_good() {
    let all: Vec<_> = (1..=120)
        .map(|minute| pull_request(|p| p.reviews = vec![review("bo", minute, Verdict::Approved)]))
        .collect();
    let mut again = all.clone();
    again.extend(all);
    assert_eq!(names(&again).iter().filter(|name| **name == Approved).count(), 120);
    match joined(&again).detail {
        Detail::PullRequest(p) => assert_eq!((p.reviews.len(), p.reviews[0].at), (REVIEWS_KEPT, at(120))),
        _ => unreachable!(),
    }
}

#[test]
fn stale_transition_occurs_once_per_quiet_period() {
    let day = 24 * 60;
    let quiet = |item: &Item, minute| stale(item, at(minute)).map(|t| t.distinct);
    let item = open(0);
    assert_eq!(quiet(&item, 7 * day - 1), None);
    let first = quiet(&item, 7 * day);
    assert!(first.is_some());
    assert_eq!(quiet(&item, 9 * day), first, "the same quiet time");
    let transition = stale(&item, at(9 * day)).expect("stale");
    assert_eq!(transition.summary, "acme/web#479 Bump dependency pins has been quiet for 9 days");
    assert_eq!(transition.at, Some(at(7 * day)));
    let touched = [
        open(day),
        pull_request(|p| p.reviews = vec![review("bo", day, Verdict::Commented)]),
        checked(day, ChecksStatus::Pending),
    ];
    for item in touched {
        assert_eq!(quiet(&item, 7 * day), None);
        assert_ne!(quiet(&item, 8 * day), first, "another quiet time");
        assert!(quiet(&item, 8 * day).is_some());
    }
    for never in [
        pull_request(|p| p.draft = true),
        ended(0, PullRequestState::Closed, 0),
        incident(|_| {}),
        build(vec![]),
    ] {
        assert_eq!(quiet(&never, 100 * day), None);
    }
}
