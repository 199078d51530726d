//! Histories of an incident.

use super::{History, Lasting, Step, Told};
use crate::{
    event::EventName,
    item::{
        Detail, Incident, IncidentStatus,
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
        let mut told: Vec<Told> = Vec::new();
        let fresh = |time| (EventName::Triggered, format!("{time}"));
        let legal = match (what % 7, status) {
            _ if tick == 0 => {
                told.push(fresh(time));
                true
            }
            (0 | 1, IncidentStatus::Triggered) => {
                (i.status, i.holders) =
                    (IncidentStatus::Acknowledged, vec![["kim", "bo"][usize::from(how % 2)].into()]);
                told.push((EventName::Acknowledged, format!("{began} {time}")));
                true
            }
            (1, IncidentStatus::Acknowledged) => {
                (i.status, i.holders) = (IncidentStatus::Triggered, Vec::new());
                told.push((EventName::Triggered, format!("{began} {time}")));
                true
            }
            (2, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                i.escalation += 1;
                told.push((EventName::Escalated, format!("{began} {}", i.escalation)));
                true
            }
            (3, IncidentStatus::Triggered | IncidentStatus::Acknowledged) => {
                i.status = IncidentStatus::Resolved;
                told.push((EventName::Resolved, format!("{began} {time}")));
                true
            }
            (4, IncidentStatus::Resolved) if how % 4 == 0 => {
                (i.status, reopened) = (IncidentStatus::Triggered, true);
                told.push((EventName::Triggered, format!("{began} {time}")));
                true
            }
            (4 | 5, IncidentStatus::Resolved) => {
                *i = Incident {
                    status: IncidentStatus::Triggered,
                    started_at: time,
                    holders: Vec::new(),
                    escalation: 0,
                    ..i.clone()
                };
                reopened = false;
                told.push(fresh(time));
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
            }
            steps.push(Step { poll: now.clone(), hook, told });
        }
    }
    let Some(last) = last else { unreachable!() };
    let began = last.started_at.to_string();
    let mut lasting: Vec<Lasting> = Vec::new();
    let expected = (EventName::Triggered, began.clone());
    lasting.push(Box::new(move |told| *told == expected));
    if last.escalation > 0 {
        let expected = (EventName::Escalated, format!("{began} {}", last.escalation));
        lasting.push(Box::new(move |told| *told == expected));
    }
    if last.status == IncidentStatus::Resolved && !reopened {
        lasting.push(Box::new(move |(name, distinct)| {
            *name == EventName::Resolved && distinct.starts_with(&began)
        }));
    }
    History { steps, lasting }
}
