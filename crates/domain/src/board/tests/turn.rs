//! Whose turn a pull request is.

use super::*;

type Change = fn(&mut PullRequest);

/// What is awaited (`*` where it is mine), and from whom.
type Expected = Option<(&'static str, &'static str)>;

/// The table of [`PullRequest::turn`], and which line goes before which.
#[test]
fn turn_of_a_pull_request_by_its_state() {
    let asked: Change = |p| p.requested = ["kim".to_owned(), "bo".to_owned()].into();
    let cases: [(&str, Change, Expected); 14] = [
        ("merged", |p| p.state = PullRequestState::Merged, None),
        ("closed", |p| p.state = PullRequestState::Closed, None),
        ("nobody asked", |_| {}, Some(("ana is to ask for a review", "ana"))),
        ("asked", asked, Some(("*your review", "bo"))),
        (
            "asked by team, any letter case",
            |p| p.requested = ["team/WEB".to_owned()].into(),
            Some(("*your review", "")),
        ),
        (
            "a draft goes first",
            |p| (p.draft, p.requested) = (true, ["kim".to_owned()].into()),
            Some(("draft by ana", "ana")),
        ),
        (
            "my review goes before checks and what others ask for",
            |p| {
                p.requested = ["kim".to_owned()].into();
                p.checks = checks(ChecksStatus::Failed);
                p.reviews = vec![review("bo", 1, Verdict::ChangesRequested)];
            },
            Some(("*your review", "")),
        ),
        ("changes", |p| p.reviews = reviews(&[Verdict::ChangesRequested]), Some(("changes by ana", "ana"))),
        (
            "asked to look again",
            |p| (p.reviews, p.requested) = (reviews(&[Verdict::ChangesRequested]), ["bo".to_owned()].into()),
            Some(("review by bo", "bo")),
        ),
        (
            "a comment takes nothing back",
            |p| {
                p.reviews = reviews(&[Verdict::Approved, Verdict::Commented]);
                p.mergeability = mergeable("c0", MergeState::Ready);
            },
            Some(("merge by ana", "ana")),
        ),
        (
            "approved after changes",
            |p| {
                p.reviews = reviews(&[Verdict::ChangesRequested, Verdict::Approved]);
                p.mergeability = mergeable("c0", MergeState::Ready);
            },
            Some(("merge by ana", "ana")),
        ),
        (
            "dismissed",
            |p| p.reviews = reviews(&[Verdict::Dismissed]),
            Some(("ana is to ask for a review", "ana")),
        ),
        (
            "failed checks go before reviews of others",
            |p| (p.checks, p.requested) = (checks(ChecksStatus::Failed), ["bo".to_owned()].into()),
            Some(("fix by ana", "ana")),
        ),
        (
            "checks are awaited before a merge",
            |p| (p.checks, p.reviews) = (checks(ChecksStatus::Pending), reviews(&[Verdict::Approved])),
            Some(("checks", "")),
        ),
    ];
    for (name, change, expected) in cases {
        let turn = pull_request(change)
            .turn(&kim())
            .map(|turn| (format!("{}{}", if turn.mine { "*" } else { "" }, turn.what), turn.who.join(" ")));
        assert_eq!(turn.as_ref().map(|(what, who)| (what.as_str(), who.as_str())), expected, "{name}");
    }
    let mine = |change: Change| {
        let turn = pull_request(|p| {
            p.author = "KIM".into();
            change(p);
        })
        .turn(&kim());
        turn.map(|turn| (turn.mine, turn.what))
    };
    assert_eq!(mine(|p| p.draft = true), Some((true, "finish it".into())));
    assert_eq!(mine(|p| p.requested = ["kim".to_owned()].into()), Some((false, "review by kim".into())));
    assert_eq!(
        mine(|p| p.reviews = reviews(&[Verdict::ChangesRequested])),
        Some((true, "your changes".into()))
    );
    let approved = |p: &mut PullRequest| {
        p.reviews = reviews(&[Verdict::Approved]);
        p.mergeability = mergeable("c0", MergeState::Ready);
    };
    assert_eq!(mine(approved), Some((true, "merge it".into())));
    assert_eq!(mine(|_| {}), Some((true, "ask for a review".into())));
    let unknown = pull_request(|p| p.author = String::new()).turn(&Identity::default());
    assert_eq!(unknown.map(|turn| (turn.mine, turn.what)), Some((false, "ask for a review".into())));
}

/// Once it is approved, the service's mergeability decides, and whether the approval is of the newest commit.
#[test]
fn an_approval_alone_does_not_make_it_mergeable() {
    use MergeState::{Behind, Blocked, Conflicts, Ready};
    use TurnKind as K;
    let cases = [
        (Some(Ready), None, K::Merge, "merge it", "merge by ana"),
        (Some(Ready), Some("c0"), K::Merge, "merge it", "merge by ana"),
        (Some(Ready), Some("b9"), K::Merge, "may be merged; an older commit was approved", "="),
        (Some(Behind), None, K::UpdateBranch, "update the branch", "branch update by ana"),
        (Some(Blocked), None, K::Blocked, "approved, needs another approval or a required check", "="),
        (Some(Conflicts), None, K::Conflicts, "resolve the conflicts", "conflicts to be resolved by ana"),
        (None, None, K::MayMerge, "approved, may not be mergeable", "="),
        (Some(Blocked), Some("b9"), K::ReviewAgain, "ask for a new review", "ana is to ask for a new review"),
        (None, Some("b9"), K::ReviewAgain, "ask for a new review", "ana is to ask for a new review"),
    ];
    for (state, commit, kind, mine, theirs) in cases {
        let pull = |author: &str| {
            pull_request(|p| {
                p.author = author.into();
                p.reviews = reviews(&[Verdict::Approved]);
                p.reviews[0].commit = commit.map(str::to_owned);
                p.mergeability = state.and_then(|state| mergeable("c0", state));
            })
        };
        let turn = pull("kim").turn(&kim()).unwrap();
        assert_eq!((turn.mine, turn.kind, turn.what.as_str()), (true, kind, mine), "{state:?} {commit:?}");
        let turn = pull("ana").turn(&kim()).unwrap();
        let theirs = if theirs == "=" { mine } else { theirs };
        let found = (turn.mine, turn.kind, turn.what.as_str(), turn.who.join(" "));
        assert_eq!(found, (false, kind, theirs, "ana".to_owned()), "{state:?} {commit:?}");
    }
    // The mergeability of another commit is not that of this one.
    let pushed = pull_request(|p| {
        p.author = "kim".into();
        p.reviews = reviews(&[Verdict::Approved]);
        p.mergeability = mergeable("b9", Ready);
    });
    assert_eq!(pushed.turn(&kim()).unwrap().kind, K::MayMerge);
}

/// The minute of each of bo's reviews, its serial, its verdict -> what is awaited. A clock that was ahead dates an earlier
/// one later.
#[test]
fn last_review_of_a_person_counts_whatever_its_date() {
    use TurnKind::{Changes, MayMerge, RequestReview};
    use Verdict::{Approved, ChangesRequested, Commented, Dismissed};
    let cases = [
        ([(100, Some(1), ChangesRequested), (10, Some(2), Approved)], MayMerge),
        ([(100, Some(1), Approved), (10, Some(2), ChangesRequested)], Changes),
        ([(100, Some(1), Approved), (10, Some(2), Commented)], MayMerge),
        ([(100, Some(1), Approved), (10, Some(2), Dismissed)], RequestReview),
        ([(10, Some(1), ChangesRequested), (100, Some(2), Approved)], MayMerge),
        // Where a serial is not known, or the same, the dates are all that there is.
        ([(100, None, ChangesRequested), (10, None, Approved)], Changes),
        ([(100, None, ChangesRequested), (10, Some(2), Approved)], Changes),
        ([(10, Some(1), ChangesRequested), (100, Some(1), Approved)], MayMerge),
    ];
    for (given, expected) in cases {
        let mut reviews: Vec<_> = given
            .iter()
            .map(|(minute, serial, verdict)| Review { serial: *serial, ..review("bo", *minute, *verdict) })
            .collect();
        for _ in 0..2 {
            let turn = pull_request(|p| p.reviews = reviews.clone()).turn(&kim()).unwrap();
            assert_eq!(turn.kind, expected, "{given:?}");
            reviews.reverse();
        }
    }
}

/// Reviews of `bo`, one after the other.
fn reviews(verdicts: &[Verdict]) -> Vec<Review> {
    (1..).zip(verdicts).map(|(minute, verdict)| review("bo", minute, *verdict)).collect()
}

#[test]
fn who_started_a_red_build_has_not_broken_it() {
    // its author, who started it -> whose turn it is (`*` where it is mine)
    let cases = [
        (Some("ana"), None, Some("change by ana")),
        (Some("kim"), None, Some("*your change")),
        (Some("ana"), Some("bo"), Some("change by ana")),
        // It was run again.
        (Some("ana"), Some("kim"), Some("change by ana")),
        (Some("kim"), Some("bo"), Some("*your change")),
        (None, Some("ana"), Some("started by ana")),
        (None, Some("kim"), Some("*started by you")),
        (None, None, None),
    ];
    let me = kim();
    for (author, started_by, expected) in cases {
        let text = |who: Option<&str>| who.map(str::to_owned);
        for (status, expected) in [(BuildStatus::Failed, expected), (BuildStatus::Passed, None)] {
            let run = BuildRun { author: text(author), started_by: text(started_by), ..run(1, status) };
            let item = build(vec![run]);
            let shown = row(Entry { item: &item, me: &me, snoozed: None }, at(60));
            let turn = shown.turn.map(|turn| format!("{}{}", if turn.mine { "*" } else { "" }, turn.what));
            assert_eq!(turn.as_deref(), expected, "{author:?} {started_by:?} {status:?}");
        }
    }
}
