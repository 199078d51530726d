use super::{events, joined, names};
use crate::{
    event::{
        EventName::{self, *},
        Transition, compare, missed,
    },
    item::{
        Assignment, Detail, Incident, IncidentStatus, Item, Severity, User,
        examples::{at, build, hold, incident},
    },
};

#[test]
fn incident_transitions() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    let one = |began, minute, status| {
        incident(|i| (i.started_at, i.updated_at, i.status) = (at(began), at(minute), status))
    };
    let level = |minute, escalated: &[i64]| {
        incident(|i| {
            i.updated_at = at(minute);
            i.escalations = escalated.iter().map(|minute| at(*minute)).collect();
        })
    };
    let asked = |minute, to: Option<&str>| {
        incident(|i| {
            i.updated_at = at(minute);
            let to = to.map(|to| vec![User::named(to)]);
            i.assigned = to.map(|to| Assignment { at: at(minute), to, by: None });
        })
    };
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
            &[Triggered, Acknowledged, Unacknowledged, Acknowledged],
        ),
        ("fires again", vec![one(0, 1, R), one(5, 5, T), one(0, 4, A)], &[Triggered, Resolved, Triggered]),
        (
            "opened again",
            vec![one(0, 1, R), one(0, 5, T), one(0, 6, R), one(0, 7, R)],
            &[Triggered, Resolved, Triggered, Resolved],
        ),
        (
            "passed on",
            vec![level(0, &[]), level(1, &[1]), level(3, &[1, 3]), level(2, &[2]), level(4, &[])],
            &[Triggered, Escalated, Escalated, Escalated],
        ),
        (
            "assigned to others, and not reported by all",
            vec![asked(0, Some("bo")), asked(1, None), asked(2, Some("cy")), asked(1, Some("bo"))],
            &[Triggered, Reassigned],
        ),
        ("assigned, first that it is known", vec![asked(0, None), asked(1, Some("bo"))], &[Triggered]),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
    }
    match joined(&[level(3, &[1, 3]), level(4, &[])]).detail {
        Detail::Incident(incident) => {
            assert_eq!((incident.escalations.len(), incident.updated_at), (2, at(4)));
        }
        _ => unreachable!(),
    }
}

#[test]
fn unknown_start_is_that_of_the_known_occurrence() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    let one = |began: Option<i64>, minute, status| {
        incident(|i| {
            i.started_at = began.map_or(jiff::Timestamp::UNIX_EPOCH, at);
            i.start_unknown = began.is_none();
            (i.updated_at, i.status) = (at(minute), status);
        })
    };
    let cases: Vec<(&str, Vec<Item>, &[EventName])> = vec![
        (
            "now given, now not",
            vec![one(Some(0), 0, T), one(None, 1, A), one(Some(0), 2, R)],
            &[Triggered, Acknowledged, Resolved],
        ),
        ("given at last", vec![one(None, 1, T), one(Some(0), 1, T), one(None, 2, R)], &[Triggered, Resolved]),
        ("never given", vec![one(None, 1, T), one(None, 2, A)], &[Triggered, Acknowledged]),
        ("late", vec![one(Some(0), 2, R), one(None, 1, T)], &[Triggered, Resolved]),
        (
            "of another occurrence",
            vec![one(Some(0), 1, R), one(Some(5), 5, T), one(None, 6, R)],
            &[Triggered, Resolved, Triggered, Resolved],
        ),
    ];
    for (name, snapshots, expected) in cases {
        assert_eq!(names(&snapshots), expected, "{name}");
        let last = snapshots
            .iter()
            .filter_map(|item| match &item.detail {
                Detail::Incident(incident) => incident.began(),
                _ => unreachable!(),
            })
            .max();
        let Detail::Incident(incident) = joined(&snapshots).detail else { unreachable!() };
        assert_eq!((incident.began(), incident.start_unknown), (last, last.is_none()), "{name}");
    }
}

#[test]
fn first_seen_is_no_other_occurrence() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    use Learnt::{Missed, Seen};
    let dated = |began, minute, status| {
        Seen(incident(|i| (i.started_at, i.updated_at, i.status) = (at(began), at(minute), status)))
    };
    // First seen at that minute.
    let undated = |seen, minute, status| {
        Seen(incident(|i| {
            (i.started_at, i.updated_at, i.status, i.start_unknown) = (at(seen), at(minute), status, true);
        }))
    };
    // Snapshots -> events, status, when it began, whether that is only when it was first seen.
    type Case = (&'static str, Vec<Learnt>, &'static [EventName], IncidentStatus, i64, bool);
    let cases: Vec<Case> = vec![
        (
            "dated and undated in turn",
            vec![dated(0, 0, T), undated(5, 5, T), dated(0, 0, T), undated(9, 9, T), dated(0, 0, T)],
            &[Triggered],
            T,
            0,
            false,
        ),
        (
            "dated later",
            vec![undated(5, 5, T), dated(0, 0, T), undated(5, 5, T), undated(7, 7, T)],
            &[Triggered],
            T,
            0,
            false,
        ),
        ("never dated, first seen twice", vec![undated(5, 5, T), undated(9, 9, T)], &[Triggered], T, 5, true),
        ("the same, reordered", vec![undated(9, 9, T), undated(5, 5, T)], &[Triggered], T, 5, true),
        (
            "taken and over meanwhile",
            vec![dated(0, 0, T), undated(5, 5, A), dated(0, 6, A), undated(7, 7, R)],
            &[Triggered, Acknowledged, Resolved],
            R,
            0,
            false,
        ),
        ("its end is undated", vec![dated(3, 3, T), undated(-9, 5, R)], &[Triggered, Resolved], R, 3, false),
        (
            "its end is undated, and comes twice",
            vec![dated(0, 0, T), dated(0, 4, R), undated(5, 4, R)],
            &[Triggered, Resolved],
            R,
            0,
            false,
        ),
        (
            "what follows an end is another",
            vec![dated(0, 0, T), dated(0, 4, R), undated(5, 5, T)],
            &[Triggered, Resolved, Triggered],
            T,
            5,
            true,
        ),
        (
            "what begins after it was seen is another",
            vec![undated(5, 5, T), dated(7, 7, T)],
            &[Triggered, Triggered],
            T,
            7,
            false,
        ),
        (
            "missed, and back with its beginning",
            vec![undated(5, 5, T), Missed(6), dated(0, 0, T)],
            &[Triggered, Resolved, Triggered],
            T,
            0,
            false,
        ),
    ];
    for (name, learnt, expected, status, began, start_unknown) in cases {
        let mut stored: Option<Item> = None;
        let mut found = Vec::new();
        for learnt in learnt {
            let change = match (learnt, &stored) {
                (Seen(snapshot), stored) => {
                    let change = compare(stored.as_ref(), snapshot.clone());
                    assert!(!compare(Some(&change.item), snapshot).changed, "{name}");
                    change
                }
                (Missed(minute), Some(stored)) => missed(stored, at(minute)).expect("an incident"),
                (Missed(_), None) => unreachable!(),
            };
            found.extend(change.transitions.iter().map(|it| it.name));
            stored = Some(change.item);
        }
        assert_eq!(found, expected, "{name}");
        let Some(Item { detail: Detail::Incident(stands), .. }) = stored else { unreachable!() };
        assert_eq!(
            (stands.status, stands.started_at, stands.start_unknown),
            (status, at(began), start_unknown),
            "{name}"
        );
    }
}

#[test]
fn incident_fields_left_out_are_kept() {
    use IncidentStatus::{Acknowledged as A, Triggered as T};
    let one = |minute, status, by: Option<&str>| {
        incident(|i| {
            (i.updated_at, i.status) = (at(minute), status);
            i.hold = by.and_then(|by| hold(minute, &[by], None));
        })
    };
    // Reports -> who has it.
    let cases: [(&str, Vec<Item>, &[&str]); 6] = [
        ("a thin report later", vec![one(1, A, Some("bo")), one(2, A, None)], &["bo"]),
        ("a thin report that is late", vec![one(2, A, Some("bo")), one(1, A, None)], &["bo"]),
        ("reported later, of an older state", vec![one(2, A, None), one(1, A, Some("bo"))], &["bo"]),
        ("let go in between", vec![one(1, A, Some("bo")), one(2, T, None), one(3, A, None)], &[]),
        ("the same, reordered", vec![one(1, A, Some("bo")), one(3, A, None), one(2, T, None)], &[]),
        ("let go", vec![one(1, A, Some("bo")), one(2, T, None)], &[]),
    ];
    for (name, reports, expected) in cases {
        let Detail::Incident(incident) = joined(&reports).detail else { unreachable!() };
        assert_eq!(incident.holder_names(), expected, "{name}");
    }
}

/// Something that is learnt of an incident.
#[allow(clippy::large_enum_variant, reason = "there are a handful of them at a time")]
enum Learnt {
    Seen(Item),
    /// It is absent from a complete listing of that minute.
    Missed(i64),
}

#[test]
fn an_inferred_end_lasts_until_it_is_seen_again() {
    use IncidentStatus::{Acknowledged as A, Resolved as R, Triggered as T};
    use Learnt::{Missed, Seen};
    let one = |began, minute, status| {
        Seen(incident(|i| (i.started_at, i.updated_at, i.status) = (at(began), at(minute), status)))
    };
    // Snapshots -> events, status, what is still only inferred.
    type Case = (&'static str, Vec<Learnt>, &'static [EventName], IncidentStatus, Option<i64>);
    let cases: Vec<Case> = vec![
        ("missed", vec![one(0, 0, T), Missed(5)], &[Triggered, Resolved], R, Some(5)),
        ("missed twice", vec![one(0, 0, T), Missed(5), Missed(6)], &[Triggered, Resolved], R, Some(5)),
        (
            "seen again as it was",
            vec![one(0, 0, T), Missed(5), one(0, 0, T), one(0, 0, T)],
            &[Triggered, Resolved, Triggered],
            T,
            None,
        ),
        (
            "lost again and again",
            vec![one(0, 0, T), Missed(5), one(0, 0, T), Missed(6), one(0, 0, T)],
            &[Triggered, Resolved, Triggered, Resolved, Triggered],
            T,
            None,
        ),
        (
            "still held when it is back",
            vec![one(0, 1, A), Missed(5), one(0, 1, A)],
            &[Triggered, Acknowledged, Resolved, Triggered],
            A,
            None,
        ),
        (
            "taken while it was missed",
            vec![one(0, 0, T), Missed(5), one(0, 3, A)],
            &[Triggered, Resolved, Triggered, Acknowledged],
            A,
            None,
        ),
        (
            "seen in an older state, as after a restart of the service",
            vec![one(0, 0, T), one(0, 3, A), Missed(5), one(0, 0, T)],
            &[Triggered, Acknowledged, Resolved, Triggered],
            A,
            None,
        ),
        (
            "the service tells the end later",
            vec![one(0, 0, T), Missed(5), one(0, 4, R), one(0, 0, T)],
            &[Triggered, Resolved],
            R,
            None,
        ),
        (
            "an end that was undone says nothing",
            vec![one(0, 1, R), one(0, 2, T), Missed(5), one(0, 1, R)],
            &[Triggered, Resolved, Triggered, Resolved],
            R,
            Some(5),
        ),
        ("over is not missed", vec![one(0, 1, R), Missed(5)], &[Triggered, Resolved], R, None),
        (
            "it begins anew",
            vec![one(0, 0, T), Missed(5), one(6, 6, T), one(0, 0, T)],
            &[Triggered, Resolved, Triggered],
            T,
            None,
        ),
        (
            "an earlier occurrence says nothing of this one",
            vec![one(6, 6, T), Missed(8), one(0, 0, T)],
            &[Triggered, Resolved],
            R,
            Some(8),
        ),
    ];
    for (name, learnt, expected, status, inferred) in cases {
        let mut stored: Option<Item> = None;
        let mut found: Vec<Transition> = Vec::new();
        for learnt in learnt {
            let change = match (learnt, &stored) {
                (Seen(snapshot), stored) => compare(stored.as_ref(), snapshot),
                (Missed(minute), Some(stored)) => missed(stored, at(minute)).expect("an incident"),
                (Missed(_), None) => unreachable!(),
            };
            assert!(change.changed || change.transitions.is_empty(), "{name}");
            found.extend(change.transitions);
            stored = Some(change.item);
        }
        let names: Vec<_> = found.iter().map(|it| it.name).collect();
        assert_eq!(names, expected, "{name}");
        let mut facts: Vec<_> = found.iter().map(|it| (it.name, &it.distinct)).collect();
        facts.sort();
        facts.dedup();
        assert_eq!(facts.len(), expected.len(), "{name}: each fact once");
        let Some(Item { detail: Detail::Incident(stands), .. }) = stored else { unreachable!() };
        assert_eq!(stands.status, status, "{name}");
        assert_eq!(stands.inferred_end.map(|end| end.since), inferred.map(at), "{name}");
    }
    assert_eq!(missed(&build(Vec::new()), at(5)), None);
}

#[test]
fn escalation_is_by_whoever_did_it() {
    let escalated = |times: &[(i64, Option<&str>)]| {
        incident(|i| {
            for (minute, by) in times {
                i.escalations.insert(at(*minute));
                i.escalated_by.extend(by.map(|by| (at(*minute), User::named(by))));
            }
        })
    };
    type Case<'a> = (&'a [(i64, Option<&'a str>)], &'a [Option<&'a str>]);
    let cases: [Case<'_>; 4] = [
        (&[], &[]),
        (&[(1, None)], &[None]),
        (&[(1, Some("kim"))], &[Some("kim")]),
        (&[(1, None), (2, Some("kim")), (3, None)], &[None, Some("kim"), None]),
    ];
    for (times, expected) in cases {
        let change = compare(Some(&incident(|_| {})), escalated(times));
        assert!(change.transitions.iter().all(|it| it.name == Escalated), "{change:?}");
        let found: Vec<_> =
            change.transitions.iter().map(|it| it.by.as_ref().map(|by| by.name.as_str())).collect();
        assert_eq!(found, expected, "{times:?}");
        // A report that does not say who takes nothing away.
        let nameless: Vec<_> = times.iter().map(|(minute, _)| (*minute, None)).collect();
        assert!(!compare(Some(&change.item), escalated(&nameless)).changed, "{times:?}");
    }
    let stray = incident(|i| i.escalated_by = [(at(1), User::named("kim"))].into());
    assert!(!compare(Some(&incident(|_| {})), stray).changed, "nobody did what has not happened");
}

#[test]
fn incident_join() {
    let held = |holders: &[&str]| {
        incident(|i| {
            (i.updated_at, i.status) = (at(1), IncidentStatus::Acknowledged);
            i.hold = hold(1, holders, None);
        })
    };
    let cases = [
        (incident(|_| {}), "Checkout slower than 2 s in billing triggered (critical)"),
        (incident(|i| i.severity = Severity::Unknown), "Checkout slower than 2 s in billing triggered"),
        (held(&[]), "Checkout slower than 2 s in billing was acknowledged"),
        (held(&["bo"]), "bo is on Checkout slower than 2 s in billing"),
        (held(&["bo", "cy"]), "bo and cy are on Checkout slower than 2 s in billing"),
        (incident(|i| i.escalations = [at(1)].into()), "Checkout slower than 2 s in billing was escalated"),
        (
            incident(|i| i.escalations = [at(1), at(2)].into()),
            "Checkout slower than 2 s in billing was escalated, 2 times by now",
        ),
        (
            incident(|i| {
                i.status = IncidentStatus::Resolved;
                i.changed_by = Some(User { id: "U2".into(), name: "bo".into() });
            }),
            "Checkout slower than 2 s in billing was resolved by bo",
        ),
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
        assert_eq!(events(&[snapshot]).concat().pop().expect("an event").1, expected);
    }
}

/// Until when it was held -> the end of the summary once it is not.
#[test]
fn end_of_a_hold_names_its_kind() {
    for (until, expected) in [(None, "no longer acknowledged"), (Some(60), "no longer silenced")] {
        let held = incident(|i| {
            (i.updated_at, i.status) = (at(1), IncidentStatus::Acknowledged);
            i.hold = hold(1, &["bo"], until);
        });
        let freed = incident(|i| i.updated_at = at(2));
        let transition = compare(Some(&compare(None, held).item), freed).transitions.remove(0);
        assert_eq!(transition.name, Unacknowledged);
        let expected =
            format!("Checkout slower than 2 s in billing still fires, and is {expected} (critical)");
        assert_eq!(transition.summary, expected);
    }
}

#[test]
fn assignees_are_recorded_with_the_event() {
    let user = |id: &str, name: &str| User { id: id.into(), name: name.into() };
    let (ana, bo) = (user("P1", "Ana"), user("P2", "Bo"));
    let assigned = |minute, to: &[&User]| {
        incident(|i| {
            i.updated_at = at(minute);
            let to = to.iter().copied().cloned().collect();
            i.assigned = Some(Assignment { at: at(minute), to, by: None });
        })
    };
    let first = compare(None, assigned(0, &[&ana])).item;
    let transition = compare(Some(&first), assigned(1, &[&ana, &bo])).transitions.remove(0);
    assert_eq!(
        (transition.name, transition.of, transition.asked_before),
        (Reassigned, vec![ana, bo], vec!["P1".to_owned()])
    );
    let nobody = compare(Some(&first), assigned(1, &[])).transitions.remove(0);
    assert_eq!((nobody.name, nobody.of), (Reassigned, Vec::new()));
}

/// What a newer report does not know of an incident -> what is known of it then.
#[test]
fn unknown_fields_overwrite_nothing() {
    let known = incident(|i| {
        (i.service, i.severity, i.number) = ("Checkout".into(), Severity::High, Some(7));
        i.labels = [("urgency".to_owned(), "high".to_owned())].into();
    });
    let newer = |change: &dyn Fn(&mut Incident)| {
        let mut item = known.clone();
        let Detail::Incident(incident) = &mut item.detail else { unreachable!() };
        incident.updated_at = at(50);
        change(incident);
        item
    };
    type Change = fn(&mut Incident);
    let unknown: [Change; 5] = [
        |i| i.service.clear(),
        |i| i.severity = Severity::Unknown,
        |i| i.number = None,
        |i| i.labels.clear(),
        |i| (i.service, i.severity, i.number) = (String::new(), Severity::Unknown, None),
    ];
    for (place, change) in unknown.into_iter().enumerate() {
        // In either order: a thin report may come first, and an older and fuller one after it.
        let thin = newer(&change);
        let joined = compare(Some(&known), thin.clone()).item;
        assert_eq!(joined, newer(&|_| {}), "{place}");
        let joined = compare(Some(&compare(None, thin).item), known.clone()).item;
        assert_eq!(joined, newer(&|_| {}), "{place}, the other way round");
    }
    // What is known and changes is taken over.
    let moved = newer(&|i| (i.service, i.severity) = ("Billing".into(), Severity::Critical));
    assert_eq!(compare(Some(&known), moved.clone()).item, moved);
}
