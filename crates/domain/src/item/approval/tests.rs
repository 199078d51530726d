//! Whose answer is awaited, and how that is shown.

use super::*;
use crate::item::examples::{answer, approval, approval_of, at, kim};

type Change = fn(&mut Approval);

fn approvers(names: &[&str]) -> Option<AsOf<Approvers>> {
    Some(AsOf::new(at(0), Approvers::all(names.iter().copied())))
}

#[test]
fn mine_to_give_and_turn() {
    // What is so -> whether it is mine to give, and the turn (`*` where it is mine) with those named.
    type Case<'a> = (&'a str, Change, Option<bool>, &'a str, &'a str);
    let cases: [Case<'_>; 15] = [
        ("nothing is known", |_| {}, None, "may be yours to answer", ""),
        ("I may", |a| a.approvers = approvers(&["kim", "bo"]), Some(true), "*your answer", ""),
        ("by team", |a| a.approvers = approvers(&["team/WEB"]), Some(true), "*your answer", ""),
        (
            "others may",
            |a| a.approvers = approvers(&["bo", "team/acme/release"]),
            Some(false),
            "answer by bo or team/release",
            "bo team/acme/release",
        ),
        ("nobody may", |a| a.approvers = approvers(&[]), Some(false), "answer by somebody else", ""),
        (
            "I asked",
            |a| (a.asked_by, a.approvers) = (Some(User::named("KIM")), approvers(&["kim"])),
            None,
            "may be yours to answer",
            "",
        ),
        (
            "I asked, and others may",
            |a| (a.asked_by, a.approvers) = (Some(User::named("kim")), approvers(&["bo"])),
            Some(false),
            "answer by bo",
            "bo",
        ),
        (
            "the service says yes",
            |a| (a.account_may, a.approvers) = (Some(AsOf::new(at(0), true)), approvers(&["bo"])),
            Some(true),
            "*your answer",
            "",
        ),
        (
            "the service says no",
            |a| (a.account_may, a.approvers) = (Some(AsOf::new(at(0), false)), approvers(&["kim", "bo"])),
            Some(false),
            "answer by bo",
            "bo",
        ),
        (
            "I answered",
            |a| {
                a.approvers = approvers(&["kim", "bo", "cy"]);
                a.answers = Some(vec![
                    answer("kim", 1, ApprovalDecision::Approved),
                    answer("BO", 1, ApprovalDecision::Approved),
                ]);
            },
            Some(false),
            "answer by cy",
            "cy",
        ),
        (
            "I took it back",
            |a| {
                a.approvers = approvers(&["kim"]);
                a.answers = Some(vec![answer("kim", 1, ApprovalDecision::Withdrawn)]);
            },
            Some(true),
            "*your answer",
            "",
        ),
        (
            "the last one",
            |a| {
                (a.needed, a.approvers) = (Some(AsOf::new(at(0), 2)), approvers(&["kim", "bo"]));
                a.answers = Some(vec![answer("bo", 1, ApprovalDecision::Approved)]);
            },
            Some(true),
            "*your answer, the last one needed",
            "",
        ),
        (
            "one of two, and not known who answered",
            |a| (a.needed, a.approvers) = (Some(AsOf::new(at(0), 2)), approvers(&["kim"])),
            Some(true),
            "*your answer",
            "",
        ),
        (
            "a no is no yes",
            |a| {
                (a.needed, a.approvers) = (Some(AsOf::new(at(0), 2)), approvers(&["kim", "bo"]));
                a.answers = Some(vec![answer("bo", 1, ApprovalDecision::Denied)]);
            },
            Some(true),
            "*your answer",
            "",
        ),
        ("over", |a| a.state = ApprovalState::Denied, Some(false), "", ""),
    ];
    for (name, change, mine, what, who) in cases {
        let approval = approval_of(&approval(change)).clone();
        assert_eq!(approval.mine_to_give(&kim()), mine, "{name}");
        let turn = approval.turn(&kim());
        let found = turn
            .as_ref()
            .map_or_else(String::new, |turn| format!("{}{}", if turn.mine { "*" } else { "" }, turn.what));
        let named = turn.map(|turn| turn.who.join(" ")).unwrap_or_default();
        assert_eq!((found.as_str(), named.as_str()), (what, who), "{name}");
    }
    // Who I am is not known, or not in which teams.
    let unread = Identity { teams: Vec::new(), teams_unread: Some("403".into()), ..kim() };
    let cases: [(&Identity, &[&str], Option<bool>); 4] = [
        (&Identity::default(), &["bo"], None),
        (&unread, &["team/acme/release", "bo"], None),
        (&unread, &["bo"], Some(false)),
        (&unread, &["kim"], Some(true)),
    ];
    for (me, names, mine) in cases {
        let asked = approval(|a| a.approvers = approvers(names));
        assert_eq!(approval_of(&asked).mine_to_give(me), mine, "{names:?}");
    }
    // To nobody it is named who may answer, and it is nobody's own.
    let of_nobody = |change: Change| {
        let item = approval(change);
        let nobody = Identity::default();
        assert_eq!(approval_of(&item).mine_to_give(&nobody), None);
        approval_of(&item).turn(&nobody).map(|turn| (turn.mine, turn.what)).unwrap_or_default()
    };
    let cases: [(Change, &str); 3] = [
        (|a| a.account_may = Some(AsOf::new(at(0), true)), "answer by somebody"),
        (|a| a.approvers = approvers(&["bo", "cy"]), "answer by bo or cy"),
        (|a| a.approvers = approvers(&["bo", "cy", "di"]), "answer by bo or 2 others"),
    ];
    for (change, what) in cases {
        assert_eq!(of_nobody(change), (false, what.to_owned()));
    }
}

/// A list that was cut, or whose names could not all be read, says of nobody that the answer is not theirs.
#[test]
fn incomplete_approver_list_excludes_nobody() {
    let others = |count: usize| (0..count).map(|n| format!("ana {n:03}")).collect::<Vec<_>>();
    let and = |mut names: Vec<String>, name: &str| {
        names.push(name.to_owned());
        Approvers::all(names)
    };
    let cases = [
        ("all of them", Approvers::all(others(100)), Some(false)),
        ("me among them", and(others(99), "kim"), Some(true)),
        ("me beyond the bound", and(others(100), "kim"), None),
        ("more than are kept", Approvers::all(others(101)), None),
        ("one has no name", and(others(2), ""), None),
        ("one is too long", and(others(2), &"x".repeat(101)), None),
        ("the service gave a part", Approvers { complete: false, ..Approvers::all(["bo"]) }, None),
        ("a part, and me in it", Approvers { complete: false, ..Approvers::all(["kim"]) }, Some(true)),
    ];
    for (name, approvers, mine) in cases {
        let mut item = approval(|a| a.approvers = Some(AsOf::new(at(0), approvers)));
        for time in ["once", "twice"] {
            item.clean();
            assert_eq!(approval_of(&item).mine_to_give(&kim()), mine, "{name}, cleaned {time}");
        }
    }
}

#[test]
fn progress_shows_only_known_numbers() {
    type Case<'a> = (Option<u32>, Option<&'a [ApprovalDecision]>, &'a str);
    let cases: [Case<'_>; 8] = [
        (None, None, ""),
        (Some(1), None, ""),
        (Some(1), Some(&[]), ""),
        (Some(2), None, "2 needed"),
        (Some(2), Some(&[]), "0 of 2 given"),
        (
            Some(3),
            Some(&[ApprovalDecision::Approved, ApprovalDecision::Denied, ApprovalDecision::Withdrawn]),
            "1 of 3 given",
        ),
        (Some(1), Some(&[ApprovalDecision::Approved]), "1 of 1 given"),
        (None, Some(&[ApprovalDecision::Approved]), "1 given"),
    ];
    for (needed, answers, expected) in cases {
        let item = approval(|a| {
            a.needed = needed.map(|needed| AsOf::new(at(0), needed));
            a.answers = answers
                .map(|all| all.iter().zip(["a", "b", "c"]).map(|(says, by)| answer(by, 1, *says)).collect());
        });
        assert_eq!(approval_of(&item).progress(), expected, "{needed:?} {answers:?}");
    }
}

#[test]
fn shipment_is_shown_as_far_as_known() {
    let ships = |from: &str, to: &str, commits| {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Shipment { from: text(from), to: text(to), commits, ..Shipment::default() }
    };
    let cases = [
        (ships("1.41.0", "1.42.0", Some(11)), "1.41.0 to 1.42.0, 11 commits"),
        (ships("", "1.42.0", Some(1)), "1.42.0, 1 commit"),
        (ships("1.41.0", "", None), "in place of 1.41.0"),
        (ships("", "", Some(0)), "0 commits"),
        (Shipment::default(), ""),
    ];
    for (ships, expected) in cases {
        assert_eq!(ships.words(), expected);
    }
}

#[test]
fn time_that_is_up_is_no_end() {
    let until = |minute| Some(AsOf::new(at(0), at(minute)));
    let cases = [
        (None, ApprovalState::Waiting, false),
        (until(11), ApprovalState::Waiting, false),
        (until(10), ApprovalState::Waiting, true),
        (until(10), ApprovalState::Expired, false),
    ];
    for (expires_at, state, late) in cases {
        let item = approval(|a| (a.expires_at, a.state) = (expires_at.clone(), state));
        assert_eq!(approval_of(&item).is_late(at(10)), late, "{expires_at:?} {state:?}");
    }
}
