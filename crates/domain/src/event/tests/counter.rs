//! Builds whose service starts counting over: the pipeline was deleted and made again.

use super::{joined, names};
use crate::{
    event::{
        EventName::{self, *},
        compare, without_runs,
    },
    item::{
        BuildRun, BuildStatus, Detail, Item,
        examples::{at, build, run},
    },
};

/// Run `number`, made at `serial`.
fn made(number: u64, serial: u64, status: BuildStatus) -> BuildRun {
    let started_at = i64::try_from(serial).ok().map(at);
    BuildRun { serial: Some(serial), started_at, at: started_at, ..run(number, status) }
}

fn runs(item: &Item) -> Vec<(u64, BuildStatus)> {
    let Detail::Build(build) = &item.detail else { panic!("{item:?}") };
    build.runs.iter().map(|run| (run.number, run.status)).collect()
}

#[test]
fn restarted_run_counter_hides_no_run() {
    use BuildStatus::{Failed as F, Passed as P, Queued as Q, Running as R};
    let one = |number, serial, status| build(vec![made(number, serial, status)]);
    // What is reported -> the events, what is kept.
    type Case<'a> = (&'a str, Vec<Item>, &'a [EventName], &'a [(u64, BuildStatus)]);
    let cases: [Case<'_>; 12] = [
        ("red after green", vec![one(58, 1, P), one(1, 2, F)], &[Passed, Failed], &[(1, F), (58, P)]),
        ("green after red", vec![one(58, 1, F), one(1, 2, P)], &[Failed, Fixed], &[(1, P), (58, F)]),
        ("still red", vec![one(58, 1, F), one(1, 2, F)], &[Failed, StillFailing], &[(1, F), (58, F)]),
        (
            "step by step",
            vec![one(58, 1, F), one(1, 2, Q), one(1, 2, R), one(1, 2, P), one(2, 3, F)],
            &[Failed, Queued, Running, Fixed, Failed],
            &[(2, F), (1, P), (58, F)],
        ),
        ("under its number", vec![one(1, 1, F), one(1, 2, F)], &[Failed, Failed], &[(1, F)]),
        ("past its number", vec![one(1, 1, F), one(2, 2, P)], &[Failed, Fixed], &[(2, P), (1, F)]),
        (
            "twice",
            vec![one(9, 1, F), one(5, 2, P), one(1, 3, F)],
            &[Failed, Fixed, Failed],
            &[(1, F), (5, P), (9, F)],
        ),
        (
            "in one listing",
            vec![build(vec![made(58, 1, F), made(57, 0, P), made(1, 2, P)])],
            &[Passed, Failed, Fixed],
            &[(1, P), (58, F), (57, P)],
        ),
        (
            "an old answer after it",
            vec![one(58, 1, P), one(1, 2, F), one(58, 1, P)],
            &[Passed, Failed],
            &[(1, F), (58, P)],
        ),
        // Kept by a version that knew no serials.
        (
            "unknown before",
            vec![build(vec![made(58, 1, F), run(57, F)]), one(1, 2, P)],
            &[Failed, StillFailing, Fixed],
            &[(1, P), (58, F), (57, F)],
        ),
        (
            "none known before",
            vec![build(vec![BuildRun { serial: None, ..made(58, 1, F) }]), one(1, 2, P)],
            &[Failed, Fixed],
            &[(1, P), (58, F)],
        ),
        (
            "nothing says so",
            vec![one(58, 1, F), build(vec![run(1, P)])],
            &[Failed, Passed],
            &[(58, F), (1, P)],
        ),
    ];
    for (name, snapshots, expected, kept) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
        assert_eq!(runs(&joined(&snapshots)), kept, "{name}");
    }
}

#[test]
fn the_order_of_sightings_does_not_matter() {
    use BuildStatus::{Failed, Passed, Queued, Running};
    let titled = |number, serial, status, title: &str| Item {
        title: title.into(),
        ..build(vec![made(number, serial, status)])
    };
    let all = [
        titled(58, 1, Failed, "old"),
        titled(57, 0, Passed, "old"),
        titled(1, 2, Passed, "anew"),
        titled(2, 3, Running, "last"),
        titled(57, 4, Queued, "past the old one"),
    ];
    let mut orders = vec![vec![]];
    for _ in 0..all.len() {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            (0..all.len()).filter(|at| !order.contains(at)).map(|at| [order.clone(), vec![at]].concat())
        });
        orders = longer.collect();
    }
    assert_eq!(orders.len(), 120);
    let expected = joined(&all);
    assert_eq!(expected.title, "past the old one");
    for order in orders {
        let snapshots: Vec<_> = order.iter().map(|at| all[*at].clone()).collect();
        assert_eq!(joined(&snapshots), expected, "{order:?}");
    }
}

#[test]
fn runs_of_one_number_are_two_events() {
    let old = build(vec![made(1, 1, BuildStatus::Failed)]);
    let new = build(vec![made(1, 2, BuildStatus::Failed)]);
    let first = compare(None, old);
    let second = compare(Some(&first.item), new);
    assert_ne!(first.transitions[0].distinct, second.transitions[0].distinct);
}

#[test]
fn runs_with_the_same_start_are_one() {
    let stored = BuildRun { serial: Some(5), ..made(1, 4, BuildStatus::Running) };
    let later = BuildRun { status: BuildStatus::Passed, ..made(1, 4, BuildStatus::Passed) };
    let whole = joined(&[build(vec![stored]), build(vec![later.clone()])]);
    assert_eq!(whole, build(vec![later]));
}

#[test]
fn deleted_runs_leave_the_others() {
    use BuildStatus::{Failed, Passed};
    let stored = build(vec![run(3, Failed), run(2, Passed), run(1, Failed)]);
    for (numbers, left) in [
        (3..=3, Some(vec![(2, Passed), (1, Failed)])),
        (2..=u64::MAX, Some(vec![(1, Failed)])),
        (0..=u64::MAX, Some(vec![])),
        (4..=9, None),
    ] {
        assert_eq!(without_runs(&stored, &numbers).as_ref().map(runs), left, "{numbers:?}");
    }
}

#[test]
fn link_to_a_deleted_run_leads_to_the_newest_one_left() {
    use BuildStatus::{Failed, Passed};
    let link = |to: &str| -> Option<url::Url> { Some(format!("https://ci.example/{to}").parse().unwrap()) };
    let linked = |number: u64, status| BuildRun { url: link(&number.to_string()), ..run(number, status) };
    // Where it leads, the runs that are deleted -> where it leads then.
    for (before, numbers, after) in [
        ("3", 3..=3, "2"),
        ("3", 2..=3, "1"),
        ("3", 1..=2, "3"),
        ("job", 3..=3, "job"),
        // None is left: it is gone.
        ("3", 1..=3, "3"),
    ] {
        let all = vec![linked(3, Failed), linked(2, Passed), linked(1, Failed)];
        let stored = Item { url: link(before), ..build(all) };
        let left = without_runs(&stored, &numbers).map(|left| left.url);
        assert_eq!(left, Some(link(after)), "{before} {numbers:?}");
    }
}
