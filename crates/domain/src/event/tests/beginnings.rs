//! Incidents whose beginning moves: the same occurrence, which began earlier than was known, or what is over and is back.

use super::joined;
use crate::{
    event::{
        EventName::{self, *},
        compare, compare_read, missed,
    },
    item::{
        Detail, Incident, IncidentStatus, Item,
        examples::{at, hold, incident},
    },
};

/// What is learnt of an incident, one after the other.
enum Learnt {
    /// By a webhook, which may be late.
    Reported(Item),
    /// By a listing that was asked for after all that came before.
    Listed(Item),
    /// It is absent from a complete listing of that minute.
    Missed(i64),
}

use Learnt::{Listed, Missed, Reported};

/// In that status since `minute`; the title says which report it is of.
fn one(title: &str, began: i64, minute: i64, status: IncidentStatus) -> Item {
    let mut item = incident(|i| {
        (i.started_at, i.updated_at, i.status) = (at(began), at(minute), status);
        if status == IncidentStatus::Acknowledged {
            i.hold = hold(minute, &[title], None);
        }
    });
    item.title = title.to_owned();
    item
}

fn detail(item: &Item) -> &Incident {
    match &item.detail {
        Detail::Incident(incident) => incident,
        other => panic!("{other:?}"),
    }
}

/// Takes it all in. Gives the last state and the events, each of which is distinct.
fn learnt(name: &str, steps: Vec<Learnt>) -> (Item, Vec<EventName>) {
    let mut stored: Option<Item> = None;
    let (mut names, mut distinct) = (Vec::new(), Vec::new());
    for step in steps {
        let change = match (step, &stored) {
            (Reported(snapshot), _) => compare(stored.as_ref(), snapshot),
            (Listed(snapshot), _) => {
                let change = compare_read(stored.as_ref(), snapshot.clone());
                assert!(!compare_read(Some(&change.item), snapshot).changed, "{name}: the same again");
                change
            }
            (Missed(minute), Some(stored)) => missed(stored, at(minute)).expect("an incident"),
            (Missed(_), None) => unreachable!(),
        };
        assert!(change.changed || change.transitions.is_empty(), "{name}");
        for transition in change.transitions {
            names.push(transition.name);
            distinct.push((transition.name, transition.distinct));
        }
        stored = Some(change.item);
    }
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), names.len(), "{name}: each fact once");
    (stored.expect("at least one step"), names)
}

#[test]
fn what_is_listed_as_firing_is_open_whenever_it_began() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    // What is learnt -> the events, status, beginning, title.
    type Case = (&'static str, Vec<Learnt>, &'static [EventName], IncidentStatus, i64, &'static str);
    let cases: Vec<Case> = vec![
        (
            "missed, and back as begun earlier",
            vec![Listed(one("was", 100, 100, T)), Missed(5), Listed(one("is", 50, 50, T))],
            &[Triggered, Resolved, Triggered],
            T,
            50,
            "is",
        ),
        (
            "silenced when it was missed, and back without that",
            vec![
                Listed(one("was", 100, 100, T)),
                Listed(one("ana", 100, 120, A)),
                Missed(130),
                Listed(one("is", 50, 50, T)),
            ],
            &[Triggered, Acknowledged, Resolved, Triggered],
            T,
            50,
            "is",
        ),
        (
            "over by its service, and listed as begun earlier",
            vec![
                Reported(one("was", 100, 100, T)),
                Reported(one("was", 100, 130, R)),
                Reported(one("late?", 85, 85, T)),
                Listed(one("is", 85, 85, T)),
            ],
            &[Triggered, Resolved, Triggered],
            T,
            85,
            "is",
        ),
        (
            "the same, and over again",
            vec![
                Reported(one("was", 100, 130, R)),
                Listed(one("is", 85, 85, T)),
                Listed(one("is", 85, 85, T)),
                Reported(one("over", 85, 140, R)),
            ],
            &[Triggered, Resolved, Triggered, Resolved],
            R,
            85,
            "over",
        ),
        (
            "over by its service, and listed as begun before that end",
            vec![Reported(one("was", 100, 130, R)), Listed(one("is", 120, 120, T))],
            &[Triggered, Resolved, Triggered],
            T,
            120,
            "is",
        ),
        (
            "over by a report of an earlier beginning, listed as before, and over again",
            vec![
                Listed(one("was", 100, 100, T)),
                Reported(one("another server", 50, 130, R)),
                Listed(one("is", 100, 140, T)),
                Listed(one("is", 100, 140, T)),
                Reported(one("over", 100, 150, R)),
            ],
            &[Triggered, Resolved, Triggered, Resolved],
            R,
            100,
            "over",
        ),
        (
            "the same, and silenced since",
            vec![
                Listed(one("was", 100, 100, T)),
                Reported(one("another server", 50, 130, R)),
                Listed(one("ana", 100, 120, A)),
            ],
            &[Triggered, Resolved, Triggered, Acknowledged],
            A,
            100,
            "ana",
        ),
        (
            "a late report of an earlier occurrence",
            vec![
                Listed(one("is", 100, 100, T)),
                Reported(one("late", 50, 60, R)),
                Reported(one("late", 50, 50, T)),
                Reported(one("late", 50, 100, R)),
            ],
            &[Triggered],
            T,
            100,
            "is",
        ),
        (
            "a late report of an earlier occurrence after the end",
            vec![Listed(one("is", 100, 100, T)), Missed(110), Reported(one("late", 50, 50, T))],
            &[Triggered, Resolved],
            R,
            100,
            "is",
        ),
        (
            "an ended one that a server lists as it was before the end",
            vec![Reported(one("is", 100, 130, R)), Listed(one("lags", 100, 100, T))],
            &[Triggered, Resolved],
            R,
            100,
            "is",
        ),
        (
            "listed as ended, begun earlier and over before",
            vec![Listed(one("is", 100, 100, T)), Listed(one("old", 50, 60, R))],
            &[Triggered],
            T,
            100,
            "is",
        ),
    ];
    for (name, steps, expected, status, began, title) in cases {
        let (item, names) = learnt(name, steps);
        let incident = detail(&item);
        assert_eq!(names, expected, "{name}");
        assert_eq!(
            (incident.status, incident.started_at, item.title.as_str(), incident.inferred_end.is_some()),
            (status, at(began), title, name == "a late report of an earlier occurrence after the end"),
            "{name}"
        );
    }
}

#[test]
fn open_incident_that_began_earlier_than_known_is_followed() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    // What is learnt -> the events, status, beginning, title, who has it.
    type Case = (&'static str, Vec<Learnt>, &'static [EventName], IncidentStatus, i64, &'static str);
    let first = || Listed(one("was", 100, 100, T));
    let cases: Vec<Case> = vec![
        ("its text", vec![first(), Listed(one("is", 85, 85, T))], &[Triggered], T, 85, "is"),
        (
            "its text after that",
            vec![first(), Listed(one("was", 85, 85, T)), Listed(one("is", 85, 85, T))],
            &[Triggered],
            T,
            85,
            "is",
        ),
        (
            "silenced",
            vec![first(), Listed(one("was", 85, 85, T)), Listed(one("ana", 85, 120, A))],
            &[Triggered, Acknowledged],
            A,
            85,
            "ana",
        ),
        (
            "silenced before that, and by another since",
            vec![
                first(),
                Listed(one("ana", 100, 120, A)),
                Listed(one("ana", 85, 120, A)),
                Listed(one("bo", 85, 125, A)),
            ],
            &[Triggered, Acknowledged],
            A,
            85,
            "bo",
        ),
        (
            "suppressed from its beginning, and by another since",
            vec![Listed(one("a", 100, 100, A)), Listed(one("b", 85, 85, A))],
            &[Triggered, Acknowledged],
            A,
            85,
            "b",
        ),
        (
            "again and again",
            vec![first(), Listed(one("was", 85, 85, T)), Listed(one("is", 70, 70, T))],
            &[Triggered],
            T,
            70,
            "is",
        ),
        (
            "over by a report of the earlier beginning",
            vec![Reported(one("was", 100, 100, T)), Reported(one("over", 85, 130, R))],
            &[Triggered, Resolved],
            R,
            85,
            "over",
        ),
        (
            "the same, and the first report once more",
            vec![
                Reported(one("was", 100, 100, T)),
                Reported(one("over", 85, 130, R)),
                Reported(one("was", 100, 100, T)),
            ],
            &[Triggered, Resolved],
            R,
            85,
            "over",
        ),
        (
            "held by a report of the earlier beginning",
            vec![Reported(one("was", 100, 100, T)), Reported(one("ana", 85, 120, A))],
            &[Triggered, Acknowledged],
            A,
            85,
            "ana",
        ),
        (
            "begun anew after the end",
            vec![
                Reported(one("was", 100, 100, T)),
                Reported(one("over", 85, 130, R)),
                Reported(one("is", 130, 130, T)),
            ],
            &[Triggered, Resolved, Triggered],
            T,
            130,
            "is",
        ),
    ];
    for (name, steps, expected, status, began, title) in cases {
        let (item, names) = learnt(name, steps);
        let incident = detail(&item);
        assert_eq!(names, expected, "{name}");
        assert_eq!(
            (incident.status, incident.started_at, item.title.as_str()),
            (status, at(began), title),
            "{name}"
        );
        let holders: Vec<&str> = (status == A).then_some(title).into_iter().collect();
        assert_eq!(incident.holder_names(), holders, "{name}");
    }
}

#[test]
fn first_seen_moves_back_to_what_is_listed_later() {
    use IncidentStatus::{Resolved as R, Triggered as T};
    let first_seen = |title: &str, seen, minute, status| {
        let mut item = one(title, seen, minute, status);
        let Detail::Incident(incident) = &mut item.detail else { unreachable!() };
        incident.start_unknown = true;
        item
    };
    // What is learnt -> the events; it fires as in the last of them.
    type Case = (&'static str, Vec<Learnt>, &'static [EventName]);
    let cases: Vec<Case> = vec![
        (
            "dated later, and changed since",
            vec![
                Listed(first_seen("was", 5, 5, T)),
                Listed(one("was", 0, 0, T)),
                Listed(first_seen("was", 7, 7, T)),
                Listed(one("is", 0, 0, T)),
            ],
            &[Triggered],
        ),
        (
            "over, and dated earlier",
            vec![Reported(first_seen("was", 5, 8, R)), Listed(one("is", 0, 0, T))],
            &[Triggered, Resolved, Triggered],
        ),
        (
            "begun ahead of our clock, missed, and first seen before that",
            vec![Listed(one("was", 50, 50, T)), Missed(6), Listed(first_seen("is", 7, 7, T))],
            &[Triggered, Resolved, Triggered],
        ),
    ];
    for (name, steps, expected) in cases {
        let (item, names) = learnt(name, steps);
        assert_eq!(names, expected, "{name}");
        assert_eq!((detail(&item).status, item.title.as_str()), (T, "is"), "{name}");
    }
}

#[test]
fn order_of_overlapping_reports_does_not_matter() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    let all = [
        one("ended before", 10, 80, R),
        one("first", 100, 100, T),
        one("taken", 100, 110, A),
        one("begun earlier", 85, 120, T),
        one("over", 84, 130, R),
    ];
    let mut orders = vec![vec![]];
    for _ in 0..all.len() {
        let longer = orders.iter().flat_map(|order: &Vec<usize>| {
            (0..all.len()).filter(|at| !order.contains(at)).map(|at| [order.clone(), vec![at]].concat())
        });
        orders = longer.collect();
    }
    assert_eq!(orders.len(), 120);
    let expected = joined(&all);
    assert_eq!((expected.title.as_str(), detail(&expected).started_at), ("over", at(84)));
    for order in orders {
        let snapshots: Vec<_> = order.iter().map(|at| all[*at].clone()).collect();
        assert_eq!(joined(&snapshots), expected, "{order:?}");
    }
}
