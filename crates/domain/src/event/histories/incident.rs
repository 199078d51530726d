//! Histories of an incident.

use std::collections::BTreeSet;

use super::history::{EventKey, History, Lasting, Step};
use crate::{
    event::EventName,
    item::{
        Assignment, Detail, Hold, Incident, IncidentStatus, User,
        examples::{at, incident},
    },
};

pub(super) fn history(dice: &[(u8, u8)]) -> History {
    let mut steps: Vec<Step> = Vec::new();
    let mut reopened = false;
    let mut now = incident(|i| i.description = Some("See the runbook".into()));
    let mut last = None;
    for (tick, (what, how)) in (0..).zip(dice) {
        let time = at(tick);
        let Detail::Incident(i) = &mut now.detail else { unreachable!() };
        let (status, began) = (i.status, i.started_at);
        let mut events: Vec<EventKey> = Vec::new();
        let fresh = |time| (EventName::Triggered, format!("{time}"));
        let legal = match (what % 7, status) {
            _ if tick == 0 => {
                events.push(fresh(time));
                true
            }
            (0 | 1, IncidentStatus::Triggered) => {
                let by = ["kim", "bo"][usize::from(how % 2)];
                i.status = IncidentStatus::Acknowledged;
                i.hold = Some(Hold { at: time, by: vec![User::named(by)], until: None });
                events.push((EventName::Acknowledged, format!("{began} {time}")));
                true
            }
            (1, IncidentStatus::Acknowledged) => {
                (i.status, i.hold) = (IncidentStatus::Triggered, None);
                events.push((EventName::Unacknowledged, format!("{began} {time}")));
                true
            }
            (2, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                i.escalations.insert(time);
                events.push((EventName::Escalated, format!("{began} {time}")));
                true
            }
            (6, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                let to = User::named(["kim", "bo", "cy"][usize::from(how % 3)]);
                let before = i.assigned.replace(Assignment { at: time, to: vec![to.clone()], by: None });
                if before.is_some_and(|before| before.to != [to.clone()]) {
                    events.push((EventName::Reassigned, format!("{began} {time} {}", to.id)));
                }
                true
            }
            (3, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                (i.status, i.hold) = (IncidentStatus::Resolved, None);
                events.push((EventName::Resolved, format!("{began} {time}")));
                true
            }
            (4, IncidentStatus::Resolved) if how % 4 == 0 => {
                (i.status, reopened) = (IncidentStatus::Triggered, true);
                events.push((EventName::Triggered, format!("{began} {time}")));
                true
            }
            (4 | 5, IncidentStatus::Resolved) => {
                *i = Incident {
                    status: IncidentStatus::Triggered,
                    started_at: time,
                    hold: None,
                    assigned: None,
                    escalations: BTreeSet::new(),
                    ..i.clone()
                };
                reopened = false;
                events.push(fresh(time));
                true
            }
            _ => true,
        };
        if legal {
            i.updated_at = time;
            last = Some(i.clone());
            let mut hook = now.clone();
            if let Detail::Incident(i) = &mut hook.detail {
                i.description = i.description.take().filter(|_| how % 3 != 0);
                // A thin webhook reports less; what it leaves out is not forgotten.
                i.hold = i.hold.take().filter(|_| how % 4 < 2);
                // It includes at least what changed.
                i.assigned = i.assigned.take().filter(|assigned| assigned.at == time || how % 8 < 4);
                i.escalations.retain(|at| *at == time);
            }
            steps.push(Step { poll: now.clone(), hook, events });
        }
    }
    let Some(last) = last else { unreachable!() };
    let began = last.started_at.to_string();
    let mut lasting: Vec<Lasting> = Vec::new();
    let expected = (EventName::Triggered, began.clone());
    lasting.push(Box::new(move |event| *event == expected));
    for at in &last.escalations {
        let expected = (EventName::Escalated, format!("{began} {at}"));
        lasting.push(Box::new(move |event| *event == expected));
    }
    if last.status == IncidentStatus::Resolved && !reopened {
        lasting.push(Box::new(move |(name, distinct)| {
            *name == EventName::Resolved && distinct.starts_with(&began)
        }));
    }
    History { steps, lasting }
}
