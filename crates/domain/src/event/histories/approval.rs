//! Histories of an approval.

use super::history::{EventKey, History, Lasting, Step};
use crate::{
    event::EventName,
    item::{
        Approval, ApprovalDecision, ApprovalState, Approvers, AsOf, Detail, Shipment, User,
        examples::{answer, approval, at},
    },
};

pub(super) fn history(dice: &[(u8, u8)]) -> History {
    let mut steps: Vec<Step> = Vec::new();
    // A service that asks again under the same id gives the time of asking; another may leave that out.
    let asks_anew = dice.first().is_some_and(|(what, _)| what % 2 == 0);
    let mut now = approval(|a| a.description = Some("Checkout is slow without it".into()));
    let mut last = None;
    let mut open_again = false;
    for (tick, (what, how)) in (0..).zip(dice) {
        let time = at(tick);
        let Detail::Approval(a) = &mut now.detail else { unreachable!() };
        let before = a.clone();
        let mut events: Vec<EventKey> = Vec::new();
        let waits = a.waits();
        let ends = |state, name: EventName, a: &mut Approval, events: &mut Vec<EventKey>| {
            (a.state, a.ended_by) = (state, Some(User::named("cy")));
            events.push((name, time.to_string()));
        };
        match what % 10 {
            _ if tick == 0 => events.push((EventName::Requested, String::new())),
            0 | 1 => {
                let says =
                    [ApprovalDecision::Approved, ApprovalDecision::Denied, ApprovalDecision::Withdrawn]
                        [usize::from(how % 3)];
                let by = ["kim", "bo", "cy"][usize::from(how / 3 % 3)];
                let answers = a.answers.get_or_insert_default();
                answers.retain(|answer| answer.by.id != by);
                answers.push(answer(by, tick, says));
                answers.sort_by(|one, other| one.by.id.cmp(&other.by.id));
            }
            2 => a.needed = Some(AsOf::new(time, u32::from(how % 3))),
            3 => a.expires_at = Some(AsOf::new(time, at(tick + i64::from(*how)))),
            4 => {
                a.approvers = Some(AsOf::new(time, Approvers::all(["bo".to_owned(), format!("team/{tick}")])))
            }
            5 => a.account_may = Some(AsOf::new(time, how % 2 == 0)),
            6 if how % 3 == 0 => {
                a.conditions = Some(AsOf::new(time, vec![format!("a timer of {how} minutes")]))
            }
            6 => {
                let commits = Some(u32::from(*how));
                a.ships = Some(AsOf::new(time, Shipment { commits, ..Shipment::default() }));
            }
            7 | 8 if waits => match how % 4 {
                0 => ends(ApprovalState::Approved, EventName::Approved, a, &mut events),
                1 => ends(ApprovalState::Denied, EventName::Denied, a, &mut events),
                2 => ends(ApprovalState::Expired, EventName::Expired, a, &mut events),
                _ => ends(ApprovalState::Superseded, EventName::Superseded, a, &mut events),
            },
            7 if asks_anew => {
                let repo = a.repo.clone();
                let asked = approval(|_| {});
                let Detail::Approval(fresh) = asked.detail else { unreachable!() };
                *a = Approval { repo, asked_at: Some(time), description: a.description.clone(), ..fresh };
                open_again = false;
                events.push((EventName::Requested, String::new()));
            }
            8 => {
                (a.state, a.ended_by, open_again) = (ApprovalState::Waiting, None, true);
                events.push((EventName::Requested, time.to_string()));
            }
            _ => {}
        }
        a.updated_at = time;
        let asked_at = a.asked_at.filter(|_| asks_anew).map(|at| at.to_string()).unwrap_or_default();
        for (_, distinct) in &mut events {
            *distinct = format!("{asked_at} {distinct}").trim_end().to_owned();
        }
        last = Some(a.clone());
        let mut hook = now.clone();
        if let Detail::Approval(a) = &mut hook.detail {
            // A thin webhook reports what has changed, and less of the rest.
            let thin = |same: bool| same && how % 4 != 0;
            a.needed = a.needed.take().filter(|_| !thin(before.needed == a.needed));
            let keep = (
                !thin(before.expires_at == a.expires_at),
                !thin(before.approvers == a.approvers),
                !thin(before.account_may == a.account_may),
                !thin(before.ships == a.ships),
            );
            a.expires_at = a.expires_at.take().filter(|_| keep.0);
            a.approvers = a.approvers.take().filter(|_| keep.1);
            a.account_may = a.account_may.take().filter(|_| keep.2);
            a.ships = a.ships.take().filter(|_| keep.3);
            if let Some(answers) = &mut a.answers {
                answers.retain(|answer| answer.at == Some(time));
            }
            a.environment = a.environment.take().filter(|_| how % 3 != 0);
            a.asked_by = a.asked_by.take().filter(|_| how % 5 != 0);
            a.description = a.description.take().filter(|_| how % 2 != 0);
            a.asked_at = a.asked_at.take().filter(|_| asks_anew);
        }
        let mut poll = now.clone();
        if let Detail::Approval(a) = &mut poll.detail {
            a.asked_at = a.asked_at.take().filter(|_| asks_anew);
        }
        steps.push(Step { poll, hook, events });
    }
    let Some(last) = last else { unreachable!() };
    let mut lasting: Vec<Lasting> = Vec::new();
    let began = last.asked_at.filter(|_| asks_anew).map(|at| at.to_string()).unwrap_or_default();
    let expected = (EventName::Requested, began.clone());
    lasting.push(Box::new(move |event| *event == expected));
    if let Some(ended) = last.state.end().filter(|_| !open_again) {
        lasting.push(Box::new(move |(name, distinct)| *name == ended && distinct.starts_with(&began)));
    }
    History { steps, lasting }
}
