use super::{joined, names, told};
use crate::{
    event::{
        EventName::{self, *},
        compare, stale,
    },
    item::{
        Checks, ChecksStatus, Detail, Item, MergeState, Mergeability, PullRequest, PullRequestState,
        REVIEWS_KEPT, Size, Verdict,
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

/// Who is asked for a review by each event, and as of when.
fn requests(snapshots: &[Item]) -> Vec<(String, Option<jiff::Timestamp>)> {
    let mut stored: Option<Item> = None;
    let mut asked = Vec::new();
    for snapshot in snapshots {
        let change = compare(stored.as_ref(), snapshot.clone());
        let told = change.transitions.into_iter().filter(|it| it.name == ReviewRequested);
        asked.extend(told.map(|it| (it.of[0].id.clone(), it.at)));
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
    let closed = ended(5, PullRequestState::Closed, 5);
    let again = asked(6, &["bo", "kim"]);
    // snapshots -> of whom, asked before, told apart by
    type Told<'a> = (&'a str, &'a [&'a str], i64);
    let cases: Vec<(&str, Vec<Item>, &[Told<'_>])> = vec![
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
        let mut told = Vec::new();
        for snapshot in snapshots {
            let change = compare(stored.as_ref(), snapshot);
            told.extend(change.transitions.into_iter().filter(|it| it.name == ReviewRequested));
            stored = Some(change.item);
        }
        let found: Vec<_> = told
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
        assert!(told.iter().all(|it| it.of[0].name == it.of[0].id.replace("team/acme/", "team/")), "{name}");
        assert!(told.iter().all(|it| it.summary.contains(&format!("asks {} for", it.of[0].name))), "{name}");
    }
}

#[test]
fn whoever_was_asked_still_is_where_that_cannot_be_read() {
    let asked = |minute, who: &[&str], requested_unknown| {
        pull_request(|p| {
            p.requested = who.iter().copied().map(str::to_owned).collect();
            (p.updated_at, p.requested_unknown) = (at(minute), requested_unknown);
        })
    };
    // Snapshots -> who is asked, whether others may be.
    let cases: [(&str, Vec<Item>, &[&str], bool); 11] = [
        ("not said", vec![asked(0, &["kim"], false), asked(1, &[], true)], &["kim"], true),
        ("said in part", vec![asked(0, &["kim"], false), asked(1, &["bo"], true)], &["bo", "kim"], true),
        ("late", vec![asked(1, &["bo"], true), asked(0, &["kim"], false)], &["bo", "kim"], true),
        (
            "said again",
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
    // It is as old as the list that says so.
    assert_eq!(kims(&[asked(0, &[], false), asked(2, &[], true), asked(1, &["kim"], false)]), [Some(at(1))]);
}

#[test]
fn lists_of_some_who_are_asked_are_bounded_together() {
    // Each names another hundred, and none says who else is asked.
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

/// What is stored says nothing of the versions of the list, where an older version of this program wrote it.
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

#[test]
fn checks_count_where_the_head_is_not_said_and_is_known_to_be_theirs() {
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
    ];
    for (snapshots, expected) in cases {
        let Detail::PullRequest(pull) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!(pull.checks.map(|checks| checks.status), expected, "{snapshots:?}");
    }
}

#[test]
fn the_newest_word_on_merging_the_head_is_kept() {
    use MergeState::{Blocked, Conflicts, Ready};
    let said = |minute: i64, commit: &str, state| {
        pull_request(|p| {
            p.mergeability = Some(Mergeability { commit: commit.into(), state, at: at(minute) });
        })
    };
    let silent = open(0);
    let cases = [
        (vec![said(1, "c0", Blocked), said(2, "c0", Ready)], Some(Ready)),
        (vec![said(2, "c0", Ready), said(1, "c0", Blocked)], Some(Ready)),
        (vec![said(1, "c0", Blocked), silent.clone()], Some(Blocked)),
        (vec![silent, said(1, "c0", Conflicts)], Some(Conflicts)),
        (vec![said(1, "c0", Ready), said(2, "b9", Blocked)], Some(Ready)),
        (vec![said(1, "b9", Ready)], None),
    ];
    for (snapshots, expected) in cases {
        let Detail::PullRequest(pull) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!(pull.mergeability.map(|said| said.state), expected, "{snapshots:?}");
    }
}

#[test]
fn what_is_said_of_a_description_and_a_size_is_joined_and_never_wiped() {
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
fn what_a_pull_request_tells() {
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

#[test]
fn what_a_pull_request_says() {
    let says = |change: Change| told(&[open(0), pull_request(change)]).concat().pop().expect("an event").1;
    assert_eq!(told(&[open(0)]).concat()[0].1, "ana opened acme/web#479 Bump dependency pins");
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
    let approvals = told(&[pull_request(cases[2].0)]).concat();
    assert!(approvals[1].1.ends_with(": 1 approval"), "each counts those before it: {approvals:?}");
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
fn stale_is_told_once_for_each_quiet_time() {
    let day = 24 * 60;
    let quiet = |item: &Item, minute| stale(item, at(minute)).map(|t| t.distinct);
    let item = open(0);
    assert_eq!(quiet(&item, 7 * day - 1), None);
    let first = quiet(&item, 7 * day);
    assert!(first.is_some());
    assert_eq!(quiet(&item, 9 * day), first, "the same quiet time");
    let told = stale(&item, at(9 * day)).expect("stale");
    assert_eq!(told.summary, "acme/web#479 Bump dependency pins has been quiet for 9 days");
    assert_eq!(told.at, Some(at(7 * day)));
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
