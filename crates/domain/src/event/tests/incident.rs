use super::{joined, names, told};
use crate::{
    event::EventName::{self, *},
    item::{
        Detail, IncidentStatus, Item,
        examples::{at, incident},
    },
};

#[test]
fn what_an_incident_tells() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    let one = |began, minute, status| {
        incident(|i| (i.started_at, i.updated_at, i.status) = (at(began), at(minute), status))
    };
    let level = |minute, count| incident(|i| (i.updated_at, i.escalation) = (at(minute), count));
    let cases: Vec<(&str, Vec<Item>, &[EventName])> = vec![
        (
            "step by step",
            vec![one(0, 0, T), one(0, 1, A), one(0, 2, R)],
            &[Triggered, Acknowledged, Resolved],
        ),
        ("first seen held", vec![one(0, 1, A)], &[Triggered, Acknowledged]),
        ("first seen over", vec![one(0, 2, R), one(0, 1, A), one(0, 0, T)], &[Triggered, Resolved]),
        ("at the same time the further one", vec![one(0, 0, R), one(0, 0, T)], &[Triggered, Resolved]),
        (
            "let go and taken again",
            vec![one(0, 1, A), one(0, 2, T), one(0, 3, A)],
            &[Triggered, Acknowledged, Acknowledged],
        ),
        ("fires again", vec![one(0, 1, R), one(5, 5, T), one(0, 9, A)], &[Triggered, Resolved, Triggered]),
        (
            "opened again",
            vec![one(0, 1, R), one(0, 5, T), one(0, 6, R), one(0, 7, R)],
            &[Triggered, Resolved, Triggered, Resolved],
        ),
        (
            "passed on",
            vec![level(0, 0), level(1, 1), level(3, 3), level(2, 2), level(4, 0)],
            &[Triggered, Escalated, Escalated],
        ),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
    match joined(&[level(3, 3), level(4, 0)]).detail {
        Detail::Incident(incident) => assert_eq!((incident.escalation, incident.updated_at), (3, at(4))),
        _ => unreachable!(),
    }
}

#[test]
fn what_an_incident_says() {
    let held = |holders: &[&str]| {
        let holders = holders.iter().map(|holder| (*holder).to_owned()).collect();
        incident(|i| (i.updated_at, i.status, i.holders) = (at(1), IncidentStatus::Acknowledged, holders))
    };
    let cases = [
        (incident(|_| {}), "Checkout slower than 2 s in billing triggered (critical)"),
        (held(&[]), "somebody is on Checkout slower than 2 s in billing"),
        (held(&["bo"]), "bo is on Checkout slower than 2 s in billing"),
        (held(&["bo", "cy"]), "bo and cy are on Checkout slower than 2 s in billing"),
        (incident(|i| i.escalation = 1), "Checkout slower than 2 s in billing was escalated"),
        (incident(|i| i.escalation = 2), "Checkout slower than 2 s in billing was escalated, 2 times by now"),
        (
            incident(|i| i.status = IncidentStatus::Resolved),
            "Checkout slower than 2 s in billing is resolved",
        ),
        (
            Item { title: "billing is slow".into(), ..incident(|_| {}) },
            "billing is slow triggered (critical)",
        ),
        (Item { title: String::new(), ..incident(|_| {}) }, "billing triggered (critical)"),
    ];
    for (snapshot, expected) in cases {
        assert_eq!(told(&[snapshot]).concat().pop().expect("an event").1, expected);
    }
}
