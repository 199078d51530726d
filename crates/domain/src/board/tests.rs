mod approvals;
mod turn;

use super::*;
use crate::{
    identity::Identity,
    item::{
        ApprovalState, Assignment, Build, BuildRun, BuildStatus, Checks, ChecksStatus, Detail,
        IncidentStatus, Item, Kind, MergeState, PullRequest, PullRequestState, Review, Severity, TurnKind,
        User, Verdict,
        examples::{approval, at, build, hold, incident, kim, mergeable, pull_request, review, run},
    },
};

fn renamed(mut item: Item, id: &str) -> Item {
    item.key.id = id.to_owned();
    item
}

/// A build of `repo` on `main`.
fn build_of(repo: &str, change: impl FnOnce(&mut Build)) -> Item {
    let mut item = renamed(build(Vec::new()), repo);
    if let Detail::Build(build) = &mut item.detail {
        build.repo = repo.to_owned();
        change(build);
    }
    item
}

fn checks(status: ChecksStatus) -> Option<Checks> {
    Some(Checks { commit: "c0".into(), status, failing: Vec::new(), at: at(5) })
}

fn snooze(snoozed: bool) -> Option<Snoozed> {
    snoozed.then_some(Snoozed::UntilChange)
}

fn show(items: &[Item], snoozed: &[&str], options: Options) -> (Vec<String>, Summary) {
    let me = kim();
    let entries = items.iter().map(|item| Entry {
        item,
        me: &me,
        snoozed: snooze(snoozed.contains(&item.reference())),
    });
    let board = board(entries, at(60), &options);
    let mut lines = Vec::new();
    for section in board.sections {
        lines.push(format!("# {}", section.title));
        for Row { state, held, title, subtitle: second, turn, since, .. } in section.rows {
            let shape = if held { "hollow" } else { "filled" };
            let turn = turn.map_or_else(String::new, |turn| {
                format!("{}{}", if turn.mine { "*" } else { "" }, turn.what)
            });
            let age = since.map_or(-1, |since| at(60).duration_since(since).as_mins());
            lines.push(format!("{} {shape} | {title} | {second} | {turn} | {age} m", state.name()));
        }
    }
    (lines, board.summary)
}

const ALL: Options = Options { kind: None, all: true, snoozed: false };
const MINE: Options = Options { kind: None, all: false, snoozed: false };
const SNOOZED: Options = Options { kind: None, all: false, snoozed: true };

#[test]
fn incidents_by_urgency() {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let one = |id: &str, minute: i64, status, severity, holders: &[&str]| {
        let item = incident(|i| {
            (i.status, i.severity, i.started_at, i.updated_at) = (status, severity, at(minute), at(50));
            i.hold = hold(50, holders, None);
        });
        Item { title: id.to_owned(), ..renamed(item, id) }
    };
    let mut silence_over = one("silence over", 40, Acknowledged, Severity::High, &["bo"]);
    if let Detail::Incident(incident) = &mut silence_over.detail {
        incident.hold = hold(50, &["bo"], Some(60));
    }
    let items = [
        one("over", 1, Resolved, Severity::Critical, &[]),
        one("with bo", 2, Acknowledged, Severity::Critical, &["bo"]),
        one("with me", 3, Acknowledged, Severity::Warning, &["kim"]),
        one("with two", 4, Acknowledged, Severity::Info, &["bo", "cy"]),
        one("with somebody", 5, Acknowledged, Severity::High, &[]),
        one("young", 20, Triggered, Severity::High, &[]),
        one("old", 10, Triggered, Severity::High, &["bo"]),
        silence_over,
        one("worst", 30, Triggered, Severity::Critical, &[]),
    ];
    let (lines, summary) = show(&items, &[], MINE);
    assert_eq!(
        lines,
        [
            "# Incidents",
            "incident filled | worst | billing | nobody yet | 30 m",
            "incident filled | old | billing | nobody yet | 50 m",
            "incident filled | young | billing | nobody yet | 40 m",
            "incident filled | silence over | billing | nobody yet | 20 m",
            "incident hollow | with bo | billing | bo is on it | 58 m",
            "incident hollow | with somebody | billing | acknowledged | 55 m",
            "incident hollow | with me | billing | *you are on it | 57 m",
            "incident hollow | with two | billing | bo and cy are on it | 56 m",
        ]
    );
    assert_eq!(summary, Summary { incidents: 8, acknowledged: 4, ..Summary::default() });
}

#[test]
fn builds_that_are_red_running_and_green() {
    use BuildStatus::{Canceled, Failed, Passed, Running};
    let failing = |number, jobs: &[&str]| {
        let mut run = run(number, Failed);
        run.failing = jobs.iter().map(|job| (*job).to_owned()).collect();
        run
    };
    let by = |author: &str, mut run: BuildRun| {
        run.author = Some(author.to_owned());
        run
    };
    let branch = |name: &'static str| {
        move |build: &mut Build| {
            build.branch = Some(name.into());
            build.default_branch = false;
        }
    };
    let items = [
        build_of("acme/api", |b| {
            b.runs = vec![run(9, Running), failing(8, &["lint", "unit tests"]), run(7, Passed)]
        }),
        build_of("acme/web", |b| {
            b.runs = vec![run(9, Canceled), failing(8, &[]), failing(7, &[]), run(6, Passed)]
        }),
        build_of("acme/bo", |b| {
            b.runs = vec![failing(50, &["e2e"])];
            branch("try")(b);
        }),
        build_of("acme/mine", |b| {
            b.runs = vec![by("Kim", failing(5, &["a", "b", "c"]))];
            branch("try")(b);
        }),
        build_of("acme/going", |b| b.runs = vec![run(20, Running), run(19, Passed)]),
        build_of("acme/bos", |b| {
            b.runs = vec![run(21, Running)];
            branch("try")(b);
        }),
        build_of("acme/green", |b| b.runs = vec![run(30, Passed), run(29, Failed)]),
        build_of("acme/stopped", |b| b.runs = vec![run(31, Canceled)]),
        build_of("acme/never", |_| {}),
    ];
    let mine = [
        "# Builds",
        "failing filled | api main | lint and unit tests failed, running again | change by ana | 52 m",
        "failing filled | web main | failed | change by ana | 53 m",
        "failing filled | mine try | a and 2 more failed | *your change | 55 m",
        "# Running",
        "running filled | going main | running | | 40 m",
    ];
    let (lines, summary) = show(&items, &[], MINE);
    assert_eq!(lines, mine.map(|line| line.replace("| |", "|  |")));
    assert_eq!(summary, Summary { failing: 3, running: 1, ..Summary::default() });

    let (lines, same) = show(&items, &[], ALL);
    assert_eq!(
        lines[4..],
        [
            "failing hollow | bo try | e2e failed | change by ana | 10 m",
            "# Running",
            "running filled | going main | running |  | 40 m",
            "running filled | bos try | running |  | 39 m",
            "# Quiet",
            "quiet filled | stopped main | canceled |  | 29 m",
            "passing filled | green main | passed |  | 30 m",
        ]
    );
    assert_eq!(same, summary, "what is shown makes no difference to the numbers");
}

#[test]
fn pull_requests_by_whose_turn_it_is() {
    let one = |id: &str, minute: i64, change: fn(&mut PullRequest)| {
        let item = pull_request(|p| {
            p.opened_at = at(minute);
            change(p);
        });
        Item { title: id.replace('#', " "), ..renamed(item, id) }
    };
    let items = [
        one("a#1", 1, |p| p.requested = ["team/web".to_owned()].into()),
        one("a#2", 2, |p| p.requested = ["bo".to_owned()].into()),
        one("a#3", 3, |p| (p.author, p.checks) = ("kim".into(), checks(ChecksStatus::Failed))),
        one("a#4", 4, |p| {
            (p.author, p.reviews) = ("kim".into(), vec![review("bo", 5, Verdict::Approved)]);
            p.mergeability = mergeable("c0", MergeState::Ready);
        }),
        one("a#5", 5, |p| (p.author, p.requested) = ("kim".into(), ["bo".to_owned()].into())),
        one("a#6", 6, |p| p.reviews = vec![review("kim", 7, Verdict::ChangesRequested)]),
        one("a#7", 7, |p| (p.author, p.draft) = ("kim".into(), true)),
        one("a#8", 8, |p| (p.author, p.state) = ("kim".into(), PullRequestState::Merged)),
    ];
    let (lines, summary) = show(&items, &[], MINE);
    let mine = [
        "# Pull requests",
        "attention filled | a 3 | a#3, checks failed | *fix the checks | 57 m",
        "attention filled | a 4 | a#4, 1 approval | *merge it | 56 m",
        "attention filled | a 1 | a#1 | *your review | 59 m",
        "# Waiting on others",
        "attention hollow | a 5 | a#5 | review by bo | 55 m",
        "attention hollow | a 6 | a#6 | changes by ana | 54 m",
    ];
    assert_eq!(lines, mine);
    assert_eq!(summary, Summary { needs_you: 3, ..Summary::default() });

    let (lines, _) = show(&items, &["a#4"], ALL);
    assert_eq!(
        lines[3..],
        [
            "# Waiting on others",
            "attention hollow | a 5 | a#5 | review by bo | 55 m",
            "attention hollow | a 2 | a#2 | review by bo | 58 m",
            "attention hollow | a 6 | a#6 | changes by ana | 54 m",
            "# Quiet",
            "quiet filled | a 7 | a#7 | *finish it | 53 m",
            "# Snoozed",
            "quiet filled | a 4 | a#4, 1 approval | *merge it | 56 m",
        ]
    );
}

#[test]
fn snoozed_and_other_kinds_are_left_out() {
    let items = [incident(|_| {}), build_of("acme/web", |b| b.runs = vec![run(8, BuildStatus::Failed)])];
    let (lines, summary) = show(&items, &["PD-123", "acme/web"], MINE);
    assert!(lines.is_empty(), "{lines:?}");
    assert_eq!(summary.to_string(), NOTHING);
    assert_eq!(summary.tray(), Tray::Calm);
    let (lines, summary) = show(&items, &["PD-123"], SNOOZED);
    assert_eq!(
        lines[2..],
        ["# Snoozed", "quiet filled | Checkout slower than 2 s | billing | nobody yet | 60 m"]
    );
    assert_eq!(summary, Summary { failing: 1, ..Summary::default() }, "what is snoozed does not count");
    let (lines, summary) = show(&items, &[], Options { kind: Some(Kind::Build), ..MINE });
    assert_eq!(lines, ["# Builds", "failing filled | web main | failed | change by ana | 52 m"]);
    let whole = Summary { failing: 1, incidents: 1, ..Summary::default() };
    assert_eq!(summary, whole, "in numbers it is the whole board, whatever kind is shown");
}

#[test]
fn all_are_ranked_before_the_board_is_cut() {
    let (me, count) = (kim(), MOST_ROWS + 502);
    // The most urgent ones are the oldest and the first by name: wherever the cut is made first, they are lost.
    let items: Vec<Item> = (0..count)
        .map(|n| {
            let item = incident(|i| {
                let critical = n < 2;
                i.severity = if critical { Severity::Critical } else { Severity::Warning };
                i.status = if critical { IncidentStatus::Triggered } else { IncidentStatus::Acknowledged };
            });
            renamed(item, &format!("{n:05}"))
        })
        .collect();
    let entries = items.iter().map(|item| Entry { item, me: &me, snoozed: None });
    let board = board(entries, at(60), &MINE);
    let [section] = board.sections.as_slice() else { panic!("one section: {:?}", board.sections.len()) };
    assert_eq!((section.total, section.shown, section.rows.len()), (count, MOST_ROWS, MOST_ROWS));
    let first: Vec<_> = section.rows.iter().take(3).map(|row| (row.key.id.as_str(), row.severity)).collect();
    let expected =
        [("00000", Severity::Critical), ("00001", Severity::Critical), ("00002", Severity::Warning)];
    assert_eq!(first, expected.map(|(id, severity)| (id, Some(severity))));
    assert_eq!(board.summary, Summary { incidents: count, acknowledged: count - 2, ..Summary::default() });
}

/// What is asked of me or in my hands comes first among what is as bad, and is never cut for what is not mine.
#[test]
fn my_items_come_first_in_their_section_and_are_never_cut() {
    use IncidentStatus::{Acknowledged, Triggered};
    let alert = |id: &str, severity, status, assigned: &[&str], holders: &[&str]| {
        let item = incident(|i| {
            (i.severity, i.status, i.started_at) = (severity, status, at(1));
            let to: Vec<_> = assigned.iter().copied().map(User::named).collect();
            i.assigned = (!to.is_empty()).then(|| Assignment { at: at(1), to, by: None });
            i.hold = hold(1, holders, None);
        });
        renamed(item, id)
    };
    let red = |id: &str, default_branch, author: &str| {
        build_of(id, |b| {
            let mut failed = run(8, BuildStatus::Failed);
            failed.author = Some(author.to_owned());
            (b.runs, b.default_branch) = (vec![failed], default_branch);
        })
    };
    let others: Vec<Item> =
        (0..20).map(|n| alert(&format!("a{n:02}"), Severity::Critical, Triggered, &["bo"], &[])).collect();
    let mine = [
        alert("z high", Severity::High, Triggered, &["bo", "kim"], &[]),
        alert("z critical", Severity::Critical, Triggered, &["team/web"], &[]),
        alert("z held", Severity::Info, Acknowledged, &[], &["kim"]),
    ];
    let builds: Vec<Item> = (0..20).map(|n| red(&format!("b{n:02}"), true, "bo")).collect();
    let my_builds = [red("z try", false, "kim"), red("z main", true, "kim")];
    let items: Vec<Item> = [&others[..], &mine[..], &builds[..], &my_builds[..]].concat();
    // how many rows there are -> those of incidents, those of builds
    let cases: [(usize, &[&str], &[&str]); 4] = [
        (30, &["z critical", "a00", "a01", "a02"], &["z main", "b00", "b01", "b02"]),
        (4, &["z critical", "a00", "z high", "z held"], &["z main", "b00", "b01", "z try"]),
        (3, &["z critical", "z high", "z held"], &["z main", "b00", "z try"]),
        // What is mine is cut by its own like alone.
        (1, &["z critical"], &["z main"]),
    ];
    let me = kim();
    for (most, incidents, builds) in cases {
        let candidates = items.iter().map(|item| Candidate {
            id: item.key.id.as_str(),
            kind: item.key.kind,
            key: rank_key(item, &me).unwrap(),
            snoozed: false,
        });
        let ranked = rank(candidates, at(60), &MINE, most);
        let [first, second] = &ranked.sections[..] else { panic!("{ranked:?}") };
        assert_eq!((first.total, second.total), (23, 22));
        assert_eq!(first.ids[..incidents.len()], *incidents, "{most}");
        assert_eq!(second.ids[..builds.len()], *builds, "{most}");
        assert_eq!((first.ids.len(), second.ids.len()), (most.min(23), most.min(22)), "{most}");
        assert_eq!(
            ranked.summary,
            Summary { incidents: 23, acknowledged: 1, failing: 22, ..Summary::default() }
        );
    }
}

#[test]
fn a_board_of_an_older_version_can_be_read() {
    let old = r#"{"sections":[{"title":"Builds","rows":[{"key":"forge/build/a@main","state":"failing","held":false,
        "title":"a main","second":"failed","turn":null,"since":null,"url":null}]}],
        "summary":{"failing":1,"incidents":0,"held":0,"needs_you":0,"running":0}}"#;
    let board: Board = serde_json::from_str(old).unwrap();
    assert_eq!((board.not_seen.len(), board.sections[0].rows[0].as_of), (0, None));
}

#[test]
fn every_item_has_a_row() {
    let merged = pull_request(|p| (p.state, p.ended_at) = (PullRequestState::Merged, Some(at(9))));
    let resolved = incident(|i| (i.status, i.updated_at) = (IncidentStatus::Resolved, at(8)));
    let cases = [
        (merged, false, "quiet", "acme/web#479, merged", Some(at(9))),
        (resolved, false, "quiet", "billing, resolved", Some(at(8))),
        (
            approval(|a| (a.state, a.updated_at) = (ApprovalState::Denied, at(7))),
            false,
            "quiet",
            "acme/web, denied",
            Some(at(7)),
        ),
        (build(Vec::new()), false, "quiet", "unknown", None),
        (build(vec![run(8, BuildStatus::Failed)]), false, "failing", "failed", Some(at(8))),
        (build(vec![run(8, BuildStatus::Failed)]), true, "quiet", "failed", Some(at(8))),
    ];
    for (item, snoozed, state, second, since) in cases {
        let row = row(Entry { item: &item, me: &kim(), snoozed: snooze(snoozed) }, at(60));
        assert_eq!((row.state.name(), row.subtitle.as_str(), row.since), (state, second, since));
        assert_eq!(row.key, item.key);
    }
}

#[test]
fn the_tray_shows_the_most_urgent() {
    let sum = |failing, incidents, acknowledged, needs_you| Summary {
        failing,
        incidents,
        acknowledged,
        needs_you,
        running: 1,
        ..Summary::default()
    };
    let asked = |approvals, maybe_approvals| Summary { approvals, maybe_approvals, ..sum(0, 0, 0, 0) };
    let cases = [
        (asked(1, 0), Tray::Attention, 1, "1 approval waits for you"),
        (asked(0, 1), Tray::Attention, 1, "1 approval may wait for you"),
        (asked(2, 3), Tray::Attention, 5, "2 approvals wait for you, 3 approvals may wait for you"),
        (Summary { failing: 1, ..asked(1, 0) }, Tray::Failing, 2, "1 approval waits for you, 1 build fails"),
        (sum(0, 0, 0, 0), Tray::Calm, 0, "Nothing needs you"),
        (sum(0, 2, 2, 0), Tray::Acknowledged, 0, "2 incidents (2 acknowledged)"),
        (sum(0, 1, 1, 1), Tray::Attention, 1, "1 incident (1 acknowledged), 1 pull request needs you"),
        (sum(0, 2, 1, 1), Tray::Failing, 2, "2 incidents (1 acknowledged), 1 pull request needs you"),
        (sum(1, 0, 0, 0), Tray::Failing, 1, "1 build fails"),
        (sum(2, 1, 0, 3), Tray::Failing, 6, "2 builds fail, 1 incident, 3 pull requests need you"),
    ];
    for (summary, tray, count, words) in cases {
        assert_eq!((summary.tray(), summary.count()), (tray, count), "{words}");
        assert_eq!(summary.to_string(), words);
    }
}

#[test]
fn unknown_end_is_shown_neither_as_green_nor_as_running() {
    use BuildStatus::{Failed, Passed, Unknown};
    type Case<'a> = (&'a [(u64, BuildStatus)], State, &'a str);
    let cases: [Case<'_>; 3] = [
        (&[(2, Unknown), (1, Passed)], State::Quiet, "ended, result unknown"),
        (&[(1, Unknown)], State::Quiet, "ended, result unknown"),
        (&[(2, Unknown), (1, Failed)], State::Failing, "failed"),
    ];
    for (runs, state, second) in cases {
        let item = build_of("acme/web", |b| {
            b.runs = runs.iter().map(|(number, status)| run(*number, *status)).collect()
        });
        let row = super::rows::row(&item, &kim(), at(60));
        assert_eq!((row.state, row.subtitle.as_str()), (state, second), "{runs:?}");
    }
}
