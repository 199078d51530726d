use super::{events, joined, names};
use crate::{
    event::{
        EventName::{self, *},
        compare, compare_read,
    },
    item::{
        AsOf, BuildRun, BuildStatus, Detail, Item, RUNS_KEPT, User,
        examples::{at, build, run},
    },
};

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
fn build_transitions() {
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
            "an old one that starts is no event",
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
fn build_join() {
    use BuildStatus::{Canceled, Failed, Passed, Queued, Running};
    let failing = |number, jobs: &[&str]| {
        let failing = jobs.iter().map(|job| (*job).to_owned()).collect();
        BuildRun { failing, ..run(number, Failed) }
    };
    let says = |runs: Vec<BuildRun>| events(&[build(runs)]).concat().pop().expect("an event").1;
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
    let ana = &compare(None, build(vec![run(1, Passed)])).transitions[0];
    assert_eq!(
        (ana.by.clone(), ana.at, ana.distinct.as_str()),
        (Some(User::named("ana")), Some(at(1)), "1.1")
    );
}

/// A run that goes on and waits for a person again and again -> how it is shown.
#[test]
fn run_waits_as_the_latest_report_says() {
    use BuildStatus::{Passed, Queued, Running};
    let report = |status, minute: i64, waits: Option<bool>| {
        let waits = waits.map(|waits| AsOf::new(at(minute), waits));
        build(vec![BuildRun { at: Some(at(minute)), waits, ..run(1, status) }])
    };
    let cases = [
        (vec![report(Queued, 0, Some(true))], "waiting"),
        (vec![report(Queued, 0, Some(true)), report(Queued, 1, Some(false))], "queued"),
        (vec![report(Queued, 0, Some(true)), report(Running, 1, None)], "waiting"),
        (vec![report(Running, 0, Some(false)), report(Queued, 1, Some(true))], "waiting"),
        (vec![report(Running, 0, Some(true)), report(Running, 1, Some(false))], "running"),
        (vec![report(Queued, 0, Some(true)), report(Passed, 1, None)], "passed"),
        (vec![report(Queued, 0, None)], "queued"),
    ];
    for (reports, expected) in cases {
        let forwards = joined(&reports);
        let backwards: Vec<_> = reports.iter().rev().cloned().collect();
        assert_eq!((forwards.status(), joined(&backwards).status()), (expected, expected), "{reports:?}");
    }
}

/// A run as it is known, and as it is read after that with an earlier date (a clock was put right) -> its status then, and where
/// the order is not known. An attempt only goes on.
#[test]
fn end_that_is_read_later_wins_whatever_its_date() {
    use BuildStatus::{Canceled, Failed, Passed, Running, Unknown};
    let ended = |status, minute: i64| build(vec![BuildRun { at: Some(at(minute)), ..run(1, status) }]);
    let cases = [
        (ended(Failed, 100), ended(Passed, 10), Passed, Failed),
        (ended(Passed, 100), ended(Failed, 10), Failed, Passed),
        (ended(Passed, 100), ended(Canceled, 10), Canceled, Passed),
        (ended(Failed, 100), ended(Running, 10), Failed, Failed),
        (ended(Failed, 100), ended(Unknown, 10), Failed, Failed),
        // It is not dated.
        (ended(Failed, 100), build(vec![BuildRun { at: None, ..run(1, Passed) }]), Failed, Failed),
    ];
    for (stored, snapshot, later, unknown) in cases {
        let stored = compare(None, stored).item;
        let status = |change: crate::event::Change| first_run(change.item).status;
        assert_eq!(status(compare_read(Some(&stored), snapshot.clone())), later, "{snapshot:?}");
        assert_eq!(status(compare(Some(&stored), snapshot.clone())), unknown, "{snapshot:?}");
    }
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

#[test]
fn unknown_end_makes_no_event_and_gives_way_to_a_known_one() {
    use BuildStatus::{Canceled, Failed, Passed, Running, Unknown};
    let of = |statuses: &[BuildStatus]| -> Vec<Item> {
        statuses.iter().map(|status| build(vec![run(1, *status)])).collect()
    };
    let cases: [(&[BuildStatus], BuildStatus, &[EventName]); 8] = [
        (&[Unknown], Unknown, &[]),
        (&[Running, Unknown], Unknown, &[EventName::Running]),
        (&[Unknown, Running], Unknown, &[]),
        (&[Running, Unknown, Passed], Passed, &[EventName::Running, EventName::Passed]),
        (&[Running, Unknown, Failed], Failed, &[EventName::Running, EventName::Failed]),
        (&[Unknown, Canceled], Canceled, &[EventName::Canceled]),
        (&[Passed, Unknown], Passed, &[EventName::Passed]),
        (&[Failed, Unknown], Failed, &[EventName::Failed]),
    ];
    for (statuses, expected, events) in cases {
        let snapshots = of(statuses);
        assert_eq!(joined(&snapshots).status(), expected.name(), "{statuses:?}");
        assert_eq!(names(&snapshots), events, "{statuses:?}");
    }
    assert!(Unknown.is_over() && !Unknown.is_final() && !Unknown.is_verdict());
}

/// What is known, what is read after that -> the events, in words.
#[test]
fn run_with_a_later_verdict_makes_no_branch_green_or_red() {
    use BuildStatus::{Canceled as C, Failed as F, Passed as P, Running as R};
    let red = || vec![run(2, F), run(1, F)];
    let green = || vec![run(2, P), run(1, P)];
    type Case<'a> = (&'a str, Vec<BuildRun>, Vec<BuildRun>, &'a [(EventName, &'a str)]);
    let cases: [Case<'_>; 12] = [
        ("an old one again, green", red(), vec![attempt(1, 2, P)], &[]),
        ("an old one again, red", green(), vec![attempt(1, 2, F)], &[]),
        ("an old one again, canceled", red(), vec![attempt(1, 2, C)], &[]),
        ("an old one again, under way", red(), vec![attempt(1, 2, R)], &[]),
        (
            "the newest again, green",
            red(),
            vec![attempt(2, 2, P)],
            &[(Fixed, "web main is green again after 2 red")],
        ),
        (
            "the newest again, red",
            green(),
            vec![attempt(2, 2, F)],
            &[(Failed, "web main failed after 2 green")],
        ),
        // The verdict of the old one is still the newest.
        (
            "an old one again, beside one that runs",
            vec![run(2, R), run(1, F)],
            vec![attempt(1, 2, P)],
            &[(Fixed, "web main is green again")],
        ),
        (
            "all seen at once",
            vec![run(1, F)],
            vec![run(2, P), attempt(1, 2, P)],
            &[(Fixed, "web main is green again"), (Passed, "web main passed")],
        ),
        (
            "one that ends late, green",
            vec![run(3, F), run(2, R), run(1, F)],
            vec![run(2, P)],
            &[(Passed, "an earlier run of web main passed")],
        ),
        (
            "one that ends late, red",
            vec![run(3, P), run(2, R), run(1, P)],
            vec![run(2, F)],
            &[(Failed, "an earlier run of web main failed")],
        ),
        (
            "one that is canceled late",
            vec![run(3, P), run(2, R)],
            vec![run(2, C)],
            &[(Canceled, "an earlier run of web main was canceled")],
        ),
        (
            "a new one after an old one again",
            vec![run(2, F), attempt(1, 2, P), run(1, F)],
            vec![run(3, P)],
            &[(Fixed, "web main is green again")],
        ),
    ];
    for (name, known, read, expected) in cases {
        let found = events(&[build(known), build(read)]).pop().expect("a snapshot");
        let found: Vec<_> = found.iter().map(|(name, words)| (*name, words.as_str())).collect();
        assert_eq!(found, expected, "{name}");
    }
}
