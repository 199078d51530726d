use super::{EventName::*, *};
use crate::item::{
    BuildRun, BuildStatus, Checks, ChecksStatus, IncidentStatus, Kind, PullRequestState, REVIEWS_KEPT,
    RUNS_KEPT, Verdict,
    examples::{at, build, incident, kim, pull_request, review, run},
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

fn first_run(item: Item) -> BuildRun {
    match item.detail {
        Detail::Build(build) => build.runs.into_iter().next().expect("a run"),
        _ => unreachable!(),
    }
}

fn attempt(number: u64, attempt: u32, status: BuildStatus) -> BuildRun {
    BuildRun { attempt, ..run(number, status) }
}

#[test]
fn what_a_build_tells() {
    use BuildStatus::{Canceled as C, Failed as F, Passed as P, Queued as Q, Running as R};
    let one = |number, status| build(vec![run(number, status)]);
    let cases: [(&str, Vec<Item>, &[EventName]); 14] = [
        ("step by step", vec![one(1, Q), one(1, R), one(1, P)], &[Queued, Running, Passed]),
        ("seen late", vec![one(1, P)], &[Passed]),
        ("a late webhook", vec![one(1, P), one(1, R), one(1, Q)], &[Passed]),
        (
            "red and green",
            vec![one(1, P), one(2, F), one(3, F), one(4, P)],
            &[Passed, Failed, StillFailing, Fixed],
        ),
        ("in one poll", vec![build(vec![run(3, P), run(2, F), run(1, P)])], &[Passed, Failed, Fixed]),
        (
            "in one poll, unsorted and twice",
            vec![build(vec![run(1, P), run(2, R), run(2, F), run(1, P)])],
            &[Passed, Failed],
        ),
        (
            "canceled changes no colour",
            vec![one(1, F), one(2, C), one(3, F)],
            &[Failed, Canceled, StillFailing],
        ),
        ("a second attempt", vec![one(7, F), build(vec![attempt(7, 2, P)])], &[Failed, Fixed]),
        (
            "out of order",
            vec![one(3, F), one(2, F), one(1, P), one(4, F)],
            &[Failed, Failed, Passed, StillFailing],
        ),
        (
            "an old one that starts is no news",
            vec![one(3, P), one(2, Q), one(2, R), one(2, P)],
            &[Passed, Passed],
        ),
        (
            "two at once",
            vec![build(vec![run(1, R)]), build(vec![run(3, Q), run(2, R)])],
            &[Running, Running, Queued],
        ),
        (
            "a second thought is no event",
            vec![one(1, F), build(vec![BuildRun { at: Some(at(9)), ..run(1, P) }]), one(2, P)],
            &[Failed, Passed],
        ),
        ("nothing known", vec![build(vec![]), one(1, P)], &[Passed]),
        ("nothing new", vec![one(1, P), build(vec![]), one(1, P)], &[Passed]),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
}

#[test]
fn what_a_build_says() {
    use BuildStatus::{Canceled, Failed, Passed, Queued, Running};
    let failing = |number, jobs: &[&str]| {
        let failing = jobs.iter().map(|job| (*job).to_owned()).collect();
        BuildRun { failing, ..run(number, Failed) }
    };
    let says = |runs: Vec<BuildRun>| told(&[build(runs)]).concat().pop().expect("an event").1;
    let green = |count: u64| (1..=count).rev().map(|number| run(number, Passed));
    let cases = [
        (vec![run(1, Queued)], "web main is queued"),
        (vec![run(1, Running)], "web main is running"),
        (vec![run(1, Canceled)], "web main was canceled"),
        (vec![run(1, Passed)], "web main passed"),
        (vec![run(1, Failed)], "web main failed"),
        (vec![failing(2, &["unit tests"]), run(1, Passed)], "web main failed in unit tests after 1 green"),
        (
            vec![failing(2, &["lint", "unit tests"]), failing(1, &[])],
            "web main still fails in lint and unit tests, 2 in a row",
        ),
        (vec![failing(1, &["a", "b", "c"])], "web main failed in a and 2 more"),
        (vec![run(2, Passed), run(1, Failed)], "web main is green again"),
        (
            vec![run(4, Passed), run(3, Failed), run(2, Canceled), run(1, Failed)],
            "web main is green again after 2 red",
        ),
        (std::iter::once(run(19, Failed)).chain(green(18)).collect(), "web main failed after 18 green"),
        (
            std::iter::once(run(32, Failed)).chain(green(31)).collect(),
            "web main failed after at least 19 green",
        ),
    ];
    for (runs, expected) in cases {
        assert_eq!(says(runs), expected);
    }
    let ana = &compare(None, build(vec![run(1, Passed)]), &kim()).transitions[0];
    assert_eq!((ana.by.as_deref(), ana.at, ana.distinct.as_str()), (Some("ana"), Some(at(1)), "1.1"));
}

#[test]
fn a_build_is_called() {
    let cases = [
        ("acme/web", "ci", Some("main"), "web main"),
        ("acme/web", "CI.yml", Some("main"), "web main"),
        ("acme/web", ".github/workflows/deploy.yml", Some("main"), "web main deploy"),
        ("infra", "nightly", None, "infra nightly"),
        ("web", "web", None, "web"),
        ("", "nightly", None, "nightly"),
    ];
    for (repo, pipeline, branch, expected) in cases {
        let mut item = build(vec![]);
        if let Detail::Build(build) = &mut item.detail {
            (build.repo, build.pipeline) = (repo.into(), pipeline.into());
            build.branch = branch.map(str::to_owned);
            assert_eq!(build.name(), expected);
        }
    }
}

#[test]
fn a_run_is_pieced_together() {
    use BuildStatus::{Failed, Passed, Running};
    let bare = |status| BuildRun { at: None, author: None, ..run(1, status) };
    let full = BuildRun {
        started_at: Some(at(1)),
        subject: Some("Round totals".into()),
        failing: vec!["unit".into()],
        ..run(1, Failed)
    };
    let piece = |runs: &[BuildRun]| {
        first_run(joined(&runs.iter().map(|run| build(vec![run.clone()])).collect::<Vec<_>>()))
    };
    for runs in [[full.clone(), bare(Failed)], [bare(Failed), full.clone()], [full.clone(), bare(Running)]] {
        assert_eq!(piece(&runs), full, "what one does not know is known from the other");
    }
    let passed = BuildRun { at: Some(at(9)), ..run(1, Passed) };
    assert_eq!(
        piece(&[full.clone(), passed.clone()]).failing,
        [""; 0],
        "what failed does not stay with what passed"
    );
    assert_eq!(piece(&[passed, full.clone()]).status, Passed, "the later end counts");
    assert_eq!(piece(&[run(1, Failed), run(1, Passed)]).status, Failed, "at the same time the worse one");
    let lint = BuildRun { failing: vec!["lint".into()], ..full.clone() };
    assert_eq!(piece(&[lint, full]).failing, ["lint", "unit"]);
}

#[test]
fn the_newest_run_names_the_build() {
    let named =
        |number, title: &str| Item { title: title.into(), ..build(vec![run(number, BuildStatus::Passed)]) };
    for snapshots in [[named(1, "old"), named(2, "new")], [named(2, "new"), named(1, "old")]] {
        assert_eq!(joined(&snapshots).title, "new");
    }
    let nameless = Item { url: None, ..named(3, "") };
    let kept = joined(&[named(2, "new"), nameless]);
    assert_eq!((kept.title.as_str(), kept.url.is_some()), ("new", true));
}

#[test]
fn old_runs_are_forgotten_for_good() {
    let all: Vec<_> = (1..=30).map(|number| build(vec![run(number, BuildStatus::Passed)])).collect();
    let mut again = all.clone();
    again.extend(all.clone());
    assert_eq!(names(&again).len(), 30, "each once, though ten are no longer known");
    match joined(&again).detail {
        Detail::Build(build) => assert_eq!(
            build.runs.iter().map(|run| run.number).collect::<Vec<_>>(),
            (11..=30).rev().collect::<Vec<_>>()
        ),
        _ => unreachable!(),
    }
    let poll = build((1..=30).map(|number| run(number, BuildStatus::Passed)).collect());
    assert_eq!(names(&[poll]).len(), RUNS_KEPT);
}

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
fn what_a_pull_request_tells() {
    use ChecksStatus::{Failed, Passed, Pending};
    use PullRequestState::{Closed as C, Merged as M};
    let reviewed = |minute, verdict| pull_request(|p| p.reviews = vec![review("bo", minute, verdict)]);
    let mine = |snapshot: Item| match snapshot.detail {
        Detail::PullRequest(p) => {
            pull_request(|it| *it = crate::item::PullRequest { author: "kim".into(), ..p })
        }
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
        ("my review", vec![open(0), asking(1, "kim"), asking(2, "kim")], &[Opened, ReviewRequested]),
        ("my team's review", vec![asking(1, "team/web")], &[Opened, ReviewRequested]),
        ("others' review", vec![asking(1, "bo")], &[Opened]),
        (
            "asked again",
            vec![asking(1, "kim"), open(2), asking(3, "kim")],
            &[Opened, ReviewRequested, ReviewRequested],
        ),
        ("asked in my own", vec![mine(asking(1, "kim"))], &[Opened]),
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
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
}

#[test]
fn what_a_pull_request_says() {
    let says = |change: fn(&mut crate::item::PullRequest)| {
        told(&[open(0), pull_request(change)]).concat().pop().expect("an event").1
    };
    assert_eq!(told(&[open(0)]).concat()[0].1, "ana opened acme/web#479 Bump dependency pins");
    let cases: [(fn(&mut crate::item::PullRequest), &str); 8] = [
        (
            |p| p.requested = ["kim".to_owned()].into(),
            "ana asks for your review of acme/web#479 Bump dependency pins",
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
fn what_an_incident_tells() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    let one = |began, minute, status| {
        incident(|i| (i.started_at, i.updated_at, i.status) = (at(began), at(minute), status))
    };
    let level = |minute, count| incident(|i| (i.updated_at, i.escalation) = (at(minute), count));
    let cases: Vec<(&str, Vec<Item>, &[EventName])> = vec![
        (
            "step by step",
            vec![one(0, 0, T), one(0, 1, A), one(0, 2, R)],
            &[Triggered, Acknowledged, Resolved],
        ),
        ("first seen held", vec![one(0, 1, A)], &[Triggered, Acknowledged]),
        ("first seen over", vec![one(0, 2, R), one(0, 1, A), one(0, 0, T)], &[Triggered, Resolved]),
        ("at the same time the further one", vec![one(0, 0, R), one(0, 0, T)], &[Triggered, Resolved]),
        (
            "let go and taken again",
            vec![one(0, 1, A), one(0, 2, T), one(0, 3, A)],
            &[Triggered, Acknowledged, Acknowledged],
        ),
        ("fires again", vec![one(0, 1, R), one(5, 5, T), one(0, 9, A)], &[Triggered, Resolved, Triggered]),
        (
            "opened again",
            vec![one(0, 1, R), one(0, 5, T), one(0, 6, R), one(0, 7, R)],
            &[Triggered, Resolved, Triggered, Resolved],
        ),
        (
            "passed on",
            vec![level(0, 0), level(1, 1), level(3, 3), level(2, 2), level(4, 0)],
            &[Triggered, Escalated, Escalated],
        ),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
    match joined(&[level(3, 3), level(4, 0)]).detail {
        Detail::Incident(incident) => assert_eq!((incident.escalation, incident.updated_at), (3, at(4))),
        _ => unreachable!(),
    }
}

#[test]
fn what_an_incident_says() {
    let held = |holders: &[&str]| {
        let holders = holders.iter().map(|holder| (*holder).to_owned()).collect();
        incident(|i| (i.updated_at, i.status, i.holders) = (at(1), IncidentStatus::Acknowledged, holders))
    };
    let cases = [
        (incident(|_| {}), "Checkout slower than 2 s in billing triggered (critical)"),
        (held(&[]), "somebody is on Checkout slower than 2 s in billing"),
        (held(&["bo"]), "bo is on Checkout slower than 2 s in billing"),
        (held(&["bo", "cy"]), "bo and cy are on Checkout slower than 2 s in billing"),
        (incident(|i| i.escalation = 1), "Checkout slower than 2 s in billing was escalated"),
        (incident(|i| i.escalation = 2), "Checkout slower than 2 s in billing was escalated, 2 times by now"),
        (
            incident(|i| i.status = IncidentStatus::Resolved),
            "Checkout slower than 2 s in billing is resolved",
        ),
        (
            Item { title: "billing is slow".into(), ..incident(|_| {}) },
            "billing is slow triggered (critical)",
        ),
        (Item { title: String::new(), ..incident(|_| {}) }, "billing triggered (critical)"),
    ];
    for (snapshot, expected) in cases {
        assert_eq!(told(&[snapshot]).concat().pop().expect("an event").1, expected);
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
    let stored = compare(None, open(0), &kim()).item;
    let mut wrong = build(vec![run(1, BuildStatus::Failed)]);
    wrong.key = stored.key.clone();
    let change = compare(Some(&stored), wrong, &kim());
    assert_eq!(
        (change.item.key.kind, change.changed, change.transitions.len()),
        (Kind::PullRequest, false, 0)
    );
    assert_eq!(change.item, stored);
}
