//! Histories of a pull request.

use super::history::{EventKey, History, Lasting, Step};
use crate::{
    event::EventName,
    item::{
        Checks, ChecksStatus, Detail, Item, PullRequestState, Size, Verdict,
        examples::{at, pull_request, review},
    },
};

pub(super) fn history(dice: &[(u8, u8)]) -> History {
    let mut steps: Vec<Step> = Vec::new();
    let mut now = None;
    for (tick, (what, how)) in (0..).zip(dice) {
        let time = at(tick);
        let Some(before) = now.take() else {
            let author = if what % 8 == 0 { "kim" } else { "ana" };
            let item = pull_request(|p| p.author = author.into());
            now = Some(item.clone());
            let events = vec![(EventName::Opened, at(0).to_string())];
            steps.push(Step { poll: item.clone(), hook: item, events });
            continue;
        };
        let mut item: Item = before;
        let Detail::PullRequest(p) = &mut item.detail else { unreachable!() };
        let who = ["kim", "bo", "cy"][usize::from(how % 3)];
        let open = p.state == PullRequestState::Open;
        let requested = p.requested.clone();
        let mut events: Vec<EventKey> = Vec::new();
        let (mut sent_review, mut sent_checks) = (None, None);
        let legal = match what % 12 {
            0 if open => {
                (p.head, p.checks) = (format!("c{tick}"), None);
                let added = u32::from(*how);
                p.size = Some(Size { commit: p.head.clone(), added, removed: 0, files: 1, at: time });
                true
            }
            verdict @ 1..=3 => {
                let verdict = [Verdict::Commented, Verdict::Approved, Verdict::ChangesRequested]
                    [usize::from(verdict) - 1];
                let given = review(who, tick, verdict);
                let name = match verdict {
                    Verdict::Approved => Some(EventName::Approved),
                    Verdict::ChangesRequested => Some(EventName::ChangesRequested),
                    Verdict::Commented | Verdict::Dismissed => None,
                };
                events.extend(name.map(|name| (name, format!("{who} {time}"))));
                p.requested.remove(who);
                p.reviews.insert(0, given.clone());
                sent_review = Some(given);
                true
            }
            4 => match p
                .reviews
                .iter_mut()
                .filter(|r| r.verdict == Verdict::Approved)
                .nth(usize::from(how % 2))
            {
                Some(taken_back) => {
                    taken_back.verdict = Verdict::Dismissed;
                    sent_review = Some(taken_back.clone());
                    true
                }
                None => false,
            },
            5 => p.requested.insert(["kim", "bo", "team/web"][usize::from(how % 3)].into()),
            6 => p.requested.remove(["kim", "bo", "team/web"][usize::from(how % 3)]),
            // What ends while it is closed makes no event, or one for whoever sees it first when it is open again.
            7 | 8 if p.state != PullRequestState::Closed => {
                let status =
                    [ChecksStatus::Pending, ChecksStatus::Passed, ChecksStatus::Failed][usize::from(how % 3)];
                let name = [None, Some(EventName::ChecksPassed), Some(EventName::ChecksFailed)]
                    [usize::from(how % 3)];
                let turned = p.checks.as_ref().is_none_or(|checks| checks.status != status);
                events
                    .extend(name.filter(|_| open && turned).map(|name| (name, format!("{} {time}", p.head))));
                let failing = if status == ChecksStatus::Failed { vec!["lint".into()] } else { Vec::new() };
                p.checks = Some(Checks { commit: p.head.clone(), status, failing, at: time });
                sent_checks = p.checks.clone();
                true
            }
            9 if p.state == PullRequestState::Closed => {
                (p.state, p.ended_at) = (PullRequestState::Open, None);
                events.push((EventName::Opened, time.to_string()));
                true
            }
            9 if open => {
                (p.state, p.ended_at) = (PullRequestState::Closed, Some(time));
                events.push((EventName::Closed, time.to_string()));
                true
            }
            10 if open && how % 4 == 0 => {
                (p.state, p.ended_at, p.merged_by) = (PullRequestState::Merged, Some(time), Some(who.into()));
                events.push((EventName::Merged, String::new()));
                true
            }
            10 => {
                p.draft = !p.draft;
                true
            }
            _ => {
                p.description = Some(format!("Described at {time}"));
                true
            }
        };
        if legal {
            if sent_checks.is_none() {
                p.updated_at = time;
            }
            if p.state == PullRequestState::Open {
                let anew = p.requested.iter().filter(|name| !open || !requested.contains(*name));
                events.extend(anew.map(|name| (EventName::ReviewRequested, format!("{time} {name}"))));
            }
            let mut hook = p.clone();
            hook.reviews = sent_review.into_iter().collect();
            hook.checks = sent_checks;
            if what % 12 == 11 {
                item.title = format!("Title {tick}");
            }
            // As a list has it.
            hook.size = hook.size.filter(|_| how % 2 == 0);
            hook.merged_by = hook.merged_by.filter(|_| how % 8 != 0);
            // It may leave out who is asked, or name some, but not where that is what changed.
            if (what / 12) % 3 == 0 && hook.requested == requested {
                hook.requested_unknown = true;
                hook.requested.retain(|name| how % 3 == 0 || (how % 3 == 1 && name != "kim"));
            }
            let hook = Item { detail: Detail::PullRequest(hook), ..item.clone() };
            steps.push(Step { poll: item.clone(), hook, events });
        }
        now = Some(item);
    }
    let mut lasting: Vec<Lasting> = Vec::new();
    let Some(Item { detail: Detail::PullRequest(last), .. }) = now else { unreachable!() };
    for review in last.reviews {
        let name = match review.verdict {
            Verdict::Approved => EventName::Approved,
            Verdict::ChangesRequested => EventName::ChangesRequested,
            Verdict::Commented | Verdict::Dismissed => continue,
        };
        let expected = (name, format!("{} {}", review.by, review.at));
        lasting.push(Box::new(move |event| *event == expected));
    }
    match (last.state, last.ended_at) {
        (PullRequestState::Merged, _) => lasting.push(Box::new(|(name, _)| *name == EventName::Merged)),
        (PullRequestState::Closed, Some(ended)) => {
            lasting.push(Box::new(move |event| *event == (EventName::Closed, ended.to_string())));
        }
        _ => {}
    }
    History { steps, lasting }
}
