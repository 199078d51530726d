//! Histories of an incident.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

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
    // When the occurrence began, as it was known at each time.
    let mut beginnings = Vec::new();
    let mut now = incident(|i| i.description = Some("See the runbook".into()));
    let mut last = None;
    for (tick, (what, how)) in (0..).zip(dice) {
        let time = at(tick);
        let Detail::Incident(i) = &mut now.detail else { unreachable!() };
        let (status, began) = (i.status, i.started_at);
        let mut events: Vec<EventKey> = Vec::new();
        let fresh = |time| (EventName::Triggered, format!("{time}"));
        let legal = match (what % 8, status) {
            _ if tick == 0 => {
                beginnings = vec![time];
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
                i.escalated_by.extend((how % 2 == 0).then(|| (time, User::named("kim"))));
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
                    escalated_by: BTreeMap::new(),
                    ..i.clone()
                };
                reopened = false;
                beginnings = vec![time];
                events.push(fresh(time));
                true
            }
            // It began earlier than was known, and after the end of the one before.
            (7, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                i.started_at -= SignedDuration::from_secs(1);
                beginnings.push(i.started_at);
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
                i.escalated_by.retain(|at, _| *at == time && how % 3 != 0);
            }
            steps.push(Step { poll: now.clone(), hook, events });
        }
    }
    let Some(last) = last else { unreachable!() };
    // An event has the beginning that was known when it was found.
    let beginnings: Vec<_> = beginnings.iter().map(Timestamp::to_string).collect();
    let mut lasting: Vec<Lasting> = Vec::new();
    let began = beginnings.clone();
    lasting.push(Box::new(move |(name, distinct)| *name == EventName::Triggered && began.contains(distinct)));
    for at in &last.escalations {
        let expected: Vec<_> = beginnings.iter().map(|began| format!("{began} {at}")).collect();
        lasting.push(Box::new(move |(name, distinct)| {
            *name == EventName::Escalated && expected.contains(distinct)
        }));
    }
    if last.status == IncidentStatus::Resolved && !reopened {
        lasting.push(Box::new(move |(name, distinct)| {
            *name == EventName::Resolved && beginnings.iter().any(|began| distinct.starts_with(began))
        }));
    }
    History { steps, lasting }
}
