//! Approvals: first on the board, in the order of whose answer is awaited and for how long.

use super::*;
use crate::item::{
    Approval, ApprovalDecision, Approvers, AsOf, Question, QuestionType, User, examples::answer,
};

#[test]
fn approvals_come_first_by_answerer_and_time_left() {
    let one = |id: &str, asked: i64, until: Option<i64>, approvers: Option<&[&str]>| {
        let item = approval(|a| {
            a.asked_at = Some(at(asked));
            a.expires_at = until.map(|minute| AsOf::new(at(0), at(minute)));
            a.approvers = approvers.map(|all| AsOf::new(at(0), Approvers::all(all.iter().copied())));
        });
        Item { title: id.to_owned(), ..renamed(item, id) }
    };
    let changed = |mut item: Item, change: fn(&mut Approval)| {
        if let Detail::Approval(approval) = &mut item.detail {
            change(approval);
        }
        item
    };
    let me: Option<&[&str]> = Some(&["kim"]);
    let bo: Option<&[&str]> = Some(&["bo"]);
    let items = [
        incident(|_| {}),
        one("late", 1, Some(60), me),
        one("no end, young", 9, None, me),
        one("no end, old", 8, None, me),
        one("maybe, soon", 3, Some(61), None),
        one("maybe", 4, Some(90), None),
        changed(one("in a while", 5, Some(80), me), |a| {
            let question = |name: &str, default: Option<&str>| Question {
                name: name.into(),
                summary: None,
                ty: QuestionType::Text,
                default: default.map(str::to_owned),
            };
            a.questions = Some(vec![question("TARGET", None), question("DRY", Some("no"))]);
            a.conditions = Some(AsOf::new(at(0), vec!["a timer of 30 min".to_owned()]));
        }),
        one("soon", 6, Some(70), me),
        changed(one("two needed", 7, Some(71), Some(&["kim", "bo"])), |a| {
            a.needed = Some(AsOf::new(at(0), 2));
            a.answers = Some(vec![answer("bo", 8, ApprovalDecision::Approved)]);
        }),
        changed(one("mine, and the youngest", 14, None, bo), |a| a.asked_by = Some(User::named("kim"))),
        changed(one("answered", 11, Some(62), bo), |a| {
            a.answers = Some(vec![answer("kim", 12, ApprovalDecision::Approved)]);
        }),
        one("of others", 12, Some(61), bo),
        changed(one("over", 13, None, me), |a| a.state = ApprovalState::Superseded),
    ];
    let (lines, summary) = show(&items, &[], MINE);
    let mine = [
        "# Approvals",
        "attention filled | soon | production, ana asks | *your answer | 54 m",
        "attention filled | two needed | production, ana asks, 1 of 2 given | *your answer, the last one needed | 53 m",
        "attention filled | in a while | production, ana asks, asks for TARGET, also waits for a timer of 30 min | \
         *your answer | 55 m",
        "attention filled | no end, old | production, ana asks | *your answer | 52 m",
        "attention filled | no end, young | production, ana asks | *your answer | 51 m",
        "attention filled | maybe, soon | production, ana asks | may be yours to answer | 57 m",
        "attention filled | maybe | production, ana asks | may be yours to answer | 56 m",
        "attention filled | late | production, ana asks | *expired, but the service has not closed it | 59 m",
        "# Incidents",
        "incident filled | Checkout slower than 2 s | billing | nobody yet | 60 m",
        "# Waiting on others",
        "attention hollow | mine, and the youngest | production, you asked | answer by bo | 46 m",
        "attention hollow | answered | production, ana asks, 1 given | answer by bo | 49 m",
    ];
    assert_eq!(lines, mine);
    let expected = Summary { approvals: 6, maybe_approvals: 2, incidents: 1, ..Summary::default() };
    assert_eq!(summary, expected);

    let (lines, same) = show(&items, &["soon"], Options { kind: Some(Kind::Approval), ..ALL });
    assert_eq!(
        lines[8..],
        [
            "# Waiting on others",
            "attention hollow | mine, and the youngest | production, you asked | answer by bo | 46 m",
            "attention hollow | answered | production, ana asks, 1 given | answer by bo | 49 m",
            "attention hollow | of others | production, ana asks | answer by bo | 48 m",
            "# Snoozed",
            "quiet filled | soon | production, ana asks | *your answer | 54 m",
        ]
    );
    // In numbers it is the whole board, whatever part is shown.
    assert_eq!(same, Summary { approvals: 5, ..expected });
}
