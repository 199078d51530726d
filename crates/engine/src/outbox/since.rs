//! What has become of an item since an event of it, or since a run on it, in a few words.

use callboard_domain::{
    event::{Event, EventName},
    identity::Identity,
    item::{
        ApprovalState, Build, BuildStatus, Detail, Incident, IncidentStatus, Item, PullRequestState, User,
    },
    text,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::store::{AfterRun, CurrentEvent, ItemAfterRun, SinceRun};

/// The longest result, in characters: an incident may be assigned to many.
const LONGEST: usize = 200;
/// How many items of a run are named.
const NAMED: usize = 5;
/// The longest name of one of them, in characters.
const NAME: usize = 80;

/// How the item of an event stands by now, where more has happened since: at the end of the episode, where that is over. An item
/// that is still in the state that the event itself reports is described by its fields; `None` where they add nothing to that.
pub(super) fn changed(what: &CurrentEvent, now: Timestamp, zone: &TimeZone) -> Option<String> {
    let status = what.status_since()?;
    let changed = match &what.end {
        Some(end) => {
            let is_answer = matches!(end.name, EventName::Approved | EventName::Denied);
            Some(with_author(status, end.by.as_ref().filter(|_| is_answer)))
        }
        None => standing(&what.item, Some(&what.event), now, zone),
    };
    changed.map(|changed| text::line(&changed, LONGEST))
}

/// What has become of the items of a run, as a field: how they stand "now"; once the episode of each has ended, how
/// they "ended", with the time, which stays true whatever comes; while that is so of some, what came "since then". One
/// phrase where that is the same of all; else those of which there is something to say are named.
pub(super) fn after_run(what: &AfterRun, now: Timestamp, zone: &TimeZone) -> Option<(String, String)> {
    let changed: Vec<(&Item, String)> = what
        .items
        .iter()
        .filter_map(|ItemAfterRun { item, since }| {
            let standing = match *since {
                // What the run has done itself, it has said.
                SinceRun::Nothing | SinceRun::EndedByRun => return None,
                SinceRun::Changed => {
                    standing(item, None, now, zone).unwrap_or_else(|| item.status().to_owned())
                }
                SinceRun::Ended { status, at } => format!("{status} at {}", clock(at, now, zone)),
            };
            Some((item, text::line(&standing, LONGEST)))
        })
        .collect();
    let (_, first) = changed.first()?;
    let is_over = |it: &ItemAfterRun| matches!(it.since, SinceRun::Ended { .. } | SinceRun::EndedByRun);
    // Of one that is not there any more, it is not known how it ended.
    let all_over = what.items.len() == what.total && what.items.iter().all(is_over);
    let all_alike = changed.len() == what.total && changed.iter().all(|(_, standing)| standing == first);
    // What has ended may be back: that is not said of it, as its end is not taken back.
    let has_ended = what.items.iter().any(|it| matches!(it.since, SinceRun::Ended { .. }));
    let name = match (all_over, has_ended) {
        (true, _) => "ended",
        (false, true) => "since then",
        (false, false) => "now",
    };
    Some((name.to_owned(), if all_alike { first.clone() } else { each_named(&changed) }))
}

/// "web is down: triggered; Disk is full: resolved at 14:00 CET; and 2 more".
fn each_named(changed: &[(&Item, String)]) -> String {
    let named = |(item, standing): &(&Item, String)| format!("{}: {standing}", text::line(&item.title, NAME));
    let more = changed.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    changed.iter().take(NAMED).map(named).chain(more).collect::<Vec<_>>().join("; ")
}

/// How an item stands, beside what is `reported` of it already; `None` where there is nothing to add.
fn standing(item: &Item, reported: Option<&Event>, now: Timestamp, zone: &TimeZone) -> Option<String> {
    match &item.detail {
        Detail::Incident(incident) => of_incident(incident, reported, now, zone),
        Detail::Build(build) => of_build(build, reported),
        // Whatever happens to one that stays open leaves it open.
        Detail::PullRequest(pull) if pull.state == PullRequestState::Open => turn(item),
        Detail::Approval(approval) if approval.state == ApprovalState::Waiting => {
            Some(approval.progress()).filter(|progress| !progress.is_empty()).or_else(|| turn(item))
        }
        Detail::Approval(approval) => {
            let is_answer = matches!(approval.state, ApprovalState::Approved | ApprovalState::Denied);
            Some(with_author(item.status(), approval.ended_by.as_ref().filter(|_| is_answer)))
        }
        Detail::PullRequest(_) => Some(item.status().to_owned()),
    }
}

/// "approved by kim", where it is known whose answer it was.
fn with_author(status: &str, by: Option<&User>) -> String {
    by.map_or_else(|| status.to_owned(), |by| format!("{status} by {}", by.name))
}

/// "acknowledged by ana"; "escalated, assigned to Zoe".
fn of_incident(
    incident: &Incident,
    reported: Option<&Event>,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<String> {
    use IncidentStatus::{Acknowledged, Resolved, Triggered};
    let reported_status = reported.map(|event| match event.name {
        EventName::Acknowledged => Acknowledged,
        _ => Triggered,
    });
    let mut parts = match incident.status {
        Resolved => return Some(Resolved.name().to_owned()),
        Acknowledged => vec![held(incident, now, zone)],
        Triggered if reported_status == Some(Triggered) => Vec::new(),
        Triggered => vec![Triggered.name().to_owned()],
    };
    // Somebody has taken what was passed on before.
    if incident.status == Triggered || reported_status == Some(Acknowledged) {
        let is_escalated = reported.is_some_and(|event| incident.escalations.iter().any(|at| *at > event.at));
        parts.extend(is_escalated.then(|| "escalated".to_owned()));
        parts.extend(incident.assigned.as_ref().map(|assigned| match assigned.to.as_slice() {
            [] => "assigned to nobody".to_owned(),
            _ => format!("assigned to {}", incident.assignee_names().join(", ")),
        }));
    }
    Some(parts.join(", ")).filter(|parts| !parts.is_empty())
}

/// "14:00 CET"; with the day where that is further off than a day.
pub(super) fn clock(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let clock = match at.duration_since(now).abs() < SignedDuration::from_hours(24) {
        true => "%H:%M %Z",
        false => "%d %b %H:%M %Z",
    };
    at.to_zoned(zone.clone()).strftime(clock).to_string()
}

/// "acknowledged by ana", "silenced by ana until 14:00 CET", "suppressed by node-down".
fn held(incident: &Incident, now: Timestamp, zone: &TimeZone) -> String {
    let by = match incident.holder_names().join(", ") {
        names if names.is_empty() => String::new(),
        names => format!(" by {names}"),
    };
    match (incident.is_suppressed(), incident.held_until()) {
        (true, Some(until)) => format!("silenced{by} until {}", clock(until, now, zone)),
        (true, None) => format!("suppressed{by}"),
        (false, _) => format!("{}{by}", IncidentStatus::Acknowledged.name()),
    }
}

/// "passed"; "failed again (#14: unit tests)" where an earlier run had ended like that.
fn of_build(build: &Build, reported: Option<&Event>) -> Option<String> {
    use EventName as E;
    let latest = build.latest()?;
    let status = latest.status_name();
    let (event, reported_status) = match reported.map(|event| (event, event.name)) {
        Some((event, E::Failed | E::StillFailing)) => (event, BuildStatus::Failed),
        Some((event, E::Canceled)) => (event, BuildStatus::Canceled),
        Some((event, E::Running)) => (event, BuildStatus::Running),
        Some((event, E::Queued)) => (event, BuildStatus::Queued),
        _ => return Some(status.to_owned()),
    };
    if reported_status != latest.status {
        return Some(status.to_owned());
    }
    // It may be the same run, after something that happened to another one.
    let is_later = latest.status.is_over() && latest.at.is_some_and(|at| at > event.at);
    is_later.then(|| match latest.failing.as_slice() {
        [] => format!("{status} again (#{})", latest.number),
        jobs => format!("{status} again (#{}: {})", latest.number, jobs.join(", ")),
    })
}

/// Whose turn it is. Who reads that is not known: it goes by names.
fn turn(item: &Item) -> Option<String> {
    item.turn(&Identity::default()).map(|turn| turn.what)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use callboard_domain::{
        item::{Assignment, Hold, User},
        run::RunState,
    };

    use super::*;
    use crate::tests::{approval, at, build, incident, pull};

    /// What has become of an item since this happened to it at 60.
    fn changed_since(name: EventName, item: Item) -> Option<String> {
        let event = Event {
            id: 1,
            item: item.key.clone(),
            name,
            at: at(60),
            seen_at: at(60),
            old: false,
            moot: false,
            moot_because: None,
            by: None,
            of: Vec::new(),
            asked_before: Vec::new(),
            summary: String::new(),
        };
        let what = CurrentEvent {
            event,
            item,
            me: Identity::default(),
            is_overtaken: true,
            end: None,
            unsure: None,
        };
        let before = CurrentEvent { is_overtaken: false, ..what.clone() };
        assert_eq!(changed(&before, at(3_600), &TimeZone::UTC), None, "nothing has happened since");
        let end = Event { id: 2, name: EventName::Superseded, ..what.event.clone() };
        let ended = CurrentEvent { end: Some(end.clone()), ..what.clone() };
        assert_eq!(changed(&ended, at(3_600), &TimeZone::UTC).as_deref(), Some("superseded"));
        let by = Some(User::named("kim"));
        for (name, expected) in
            [(EventName::Approved, "approved by kim"), (EventName::Superseded, "superseded")]
        {
            let end = Event { name, by: by.clone(), ..end.clone() };
            let ended = CurrentEvent { end: Some(end), ..what.clone() };
            assert_eq!(changed(&ended, at(3_600), &TimeZone::UTC).as_deref(), Some(expected));
        }
        changed(&what, at(3_600), &TimeZone::UTC)
    }

    fn users(names: &[&str]) -> Vec<User> {
        names.iter().map(|name| User::named(*name)).collect()
    }

    fn alert(status: IncidentStatus, change: impl Fn(&mut Incident)) -> Item {
        let mut item = incident("db1", status, 120);
        if let Detail::Incident(incident) = &mut item.detail {
            change(incident);
        }
        item
    }

    #[test]
    fn incident_in_the_state_that_was_reported_shows_what_has_changed() {
        use EventName as E;
        use IncidentStatus::{Acknowledged, Resolved, Triggered};
        let plain = |status| alert(status, |_| {});
        let assigned = |status, names: &[&str]| {
            alert(status, |it| it.assigned = Some(Assignment { at: at(90), to: users(names), by: None }))
        };
        let escalated = |times: &[i64]| {
            let mut item = assigned(Triggered, &["Zoe"]);
            if let Detail::Incident(incident) = &mut item.detail {
                incident.escalations = times.iter().map(|second| at(*second)).collect::<BTreeSet<_>>();
            }
            item
        };
        let held = |names: &[&str], until: Option<i64>, suppressed: bool| {
            alert(Acknowledged, |it| {
                it.hold = Some(Hold { at: at(90), by: users(names), until: until.map(at) });
                it.suppressed = suppressed;
            })
        };
        // what happened, the item as it is now -> what has become of it
        let cases = [
            (E::Triggered, plain(Triggered), None),
            (E::Triggered, assigned(Triggered, &["Zoe"]), Some("assigned to Zoe")),
            (E::Triggered, assigned(Triggered, &["Zoe", "Ana"]), Some("assigned to Zoe, Ana")),
            (E::Triggered, assigned(Triggered, &[]), Some("assigned to nobody")),
            (E::Triggered, escalated(&[90]), Some("escalated, assigned to Zoe")),
            (E::Escalated, escalated(&[60]), Some("assigned to Zoe")),
            (E::Escalated, escalated(&[60, 90]), Some("escalated, assigned to Zoe")),
            (E::Reassigned, assigned(Triggered, &["Bo"]), Some("assigned to Bo")),
            (E::Unacknowledged, plain(Triggered), None),
            (E::Acknowledged, plain(Triggered), Some("triggered")),
            (E::Acknowledged, assigned(Triggered, &["Zoe"]), Some("triggered, assigned to Zoe")),
            (E::Triggered, plain(Acknowledged), Some("acknowledged")),
            (E::Triggered, assigned(Acknowledged, &["Zoe"]), Some("acknowledged")),
            (E::Acknowledged, assigned(Acknowledged, &["Zoe"]), Some("acknowledged, assigned to Zoe")),
            (E::Triggered, held(&["ana"], None, false), Some("acknowledged by ana")),
            (E::Triggered, held(&["ana", "bo"], None, false), Some("acknowledged by ana, bo")),
            (E::Triggered, held(&["ana"], Some(10_000), true), Some("silenced by ana until 17:00 UTC")),
            (E::Triggered, held(&[], Some(10_000), false), Some("silenced until 17:00 UTC")),
            (
                E::Triggered,
                held(&["ana"], Some(136_800), true),
                Some("silenced by ana until 23 Sep 04:13 UTC"),
            ),
            (E::Triggered, held(&["node-down"], None, true), Some("suppressed by node-down")),
            (E::Triggered, held(&[], None, true), Some("suppressed")),
            (E::Triggered, plain(Resolved), Some("resolved")),
        ];
        for (name, item, expected) in cases {
            let context = format!("{name:?} {:?}", item.detail);
            assert_eq!(changed_since(name, item).as_deref(), expected, "{context}");
        }
        let many: Vec<String> = (0..100).map(|number| format!("person {number}")).collect();
        let many = assigned(Triggered, &many.iter().map(String::as_str).collect::<Vec<_>>());
        let shown = changed_since(E::Triggered, many).expect("it is assigned");
        assert!(shown.chars().count() <= LONGEST && shown.starts_with("assigned to person 0, "), "{shown}");
    }

    #[test]
    fn after_a_run_the_state_is_named_whatever_it_was() {
        use BuildStatus::{Failed, Running};
        use IncidentStatus::{Acknowledged, Resolved, Triggered};
        let assigned = alert(Triggered, |it| {
            it.assigned = Some(Assignment { at: at(90), to: users(&["Zoe"]), by: None });
        });
        let silenced = alert(Acknowledged, |it| {
            it.hold = Some(Hold { at: at(90), by: users(&["ana"]), until: Some(at(10_000)) });
            it.suppressed = true;
        });
        // the item as it is now -> how it stands
        let cases = [
            (alert(Triggered, |_| {}), "triggered"),
            (assigned, "triggered, assigned to Zoe"),
            (alert(Acknowledged, |_| {}), "acknowledged"),
            (silenced, "silenced by ana until 17:00 UTC"),
            (alert(Resolved, |_| {}), "resolved"),
            (build("acme/web", &[Failed, Failed]), "failed"),
            (build("acme/web", &[Failed, Running]), "running"),
            (pull(1, "Try it", &["ana"]), "review by ana"),
            (approval("web", ApprovalState::Waiting), "answer by cy or team/release"),
            (approval("web", ApprovalState::Denied), "denied"),
        ];
        for (item, expected) in cases {
            let ended = SinceRun::Ended { status: "superseded", at: at(3_600) };
            // what has become of the item -> the field
            let cases = [
                (SinceRun::Nothing, None),
                (SinceRun::Changed, Some(("now", expected))),
                (ended, Some(("ended", "superseded at 15:13 UTC"))),
                (SinceRun::EndedByRun, None),
            ];
            for (since, field) in cases {
                let context = format!("{since:?} {:?}", item.detail);
                let found = after_run_on(1, vec![ItemAfterRun { item: item.clone(), since }]);
                let found = found.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
                assert_eq!(found, field, "{context}");
            }
        }
    }

    /// What a run on so many items says of those that are still there.
    fn after_run_on(total: usize, items: Vec<ItemAfterRun>) -> Option<(String, String)> {
        let what = AfterRun { state: RunState::Canceled { sent: true }, ended_at: at(60), total, items };
        after_run(&what, at(7_200), &TimeZone::UTC)
    }

    #[test]
    fn after_a_run_on_several_items_each_is_described() {
        use IncidentStatus::{Acknowledged, Triggered};
        use SinceRun::{Changed, EndedByRun, Nothing};
        let ended = |second| SinceRun::Ended { status: "resolved", at: at(second) };
        let (fires, held) = ((Triggered, Changed), (Acknowledged, Changed));
        let over = |second| (Triggered, ended(second));
        let (calm, by_run) = ((Acknowledged, Nothing), (Triggered, EndedByRun));
        let five = "Disk of 1 is full: triggered; Disk of 2 is full: triggered; Disk of 3 is full: triggered; \
                    Disk of 4 is full: triggered; Disk of 5 is full: triggered";
        let (six, nine) = (format!("{five}; and 1 more"), format!("{five}; and 4 more"));
        // how many items the run was on, those that are there: as they are, and what has become of them -> the field
        let cases = [
            (2, vec![calm, calm], None),
            (2, vec![by_run, by_run], None),
            (2, vec![by_run, calm], None),
            (2, vec![fires, fires], Some(("now", "triggered"))),
            (
                2,
                vec![fires, held],
                Some(("now", "Disk of 1 is full: triggered; Disk of 2 is full: acknowledged")),
            ),
            // What the run says of the other holds.
            (2, vec![fires, calm], Some(("now", "Disk of 1 is full: triggered"))),
            (2, vec![calm, fires], Some(("now", "Disk of 2 is full: triggered"))),
            (2, vec![over(3_600), over(3_600)], Some(("ended", "resolved at 15:13 UTC"))),
            (
                2,
                vec![over(3_600), over(3_660)],
                Some((
                    "ended",
                    "Disk of 1 is full: resolved at 15:13 UTC; Disk of 2 is full: resolved at 15:14 UTC",
                )),
            ),
            (2, vec![over(3_600), by_run], Some(("ended", "Disk of 1 is full: resolved at 15:13 UTC"))),
            // One goes on.
            (2, vec![over(3_600), calm], Some(("since then", "Disk of 1 is full: resolved at 15:13 UTC"))),
            (
                2,
                vec![over(3_600), fires],
                Some((
                    "since then",
                    "Disk of 1 is full: resolved at 15:13 UTC; Disk of 2 is full: triggered",
                )),
            ),
            // One is not there any more: it is not known whether all are over, nor whether all are alike.
            (2, vec![over(3_600)], Some(("since then", "Disk of 1 is full: resolved at 15:13 UTC"))),
            (
                3,
                vec![fires, fires],
                Some(("now", "Disk of 1 is full: triggered; Disk of 2 is full: triggered")),
            ),
            (5, vec![fires; 5], Some(("now", "triggered"))),
            (6, vec![fires; 5], Some(("now", five))),
            (6, vec![fires, fires, fires, fires, fires, held], Some(("now", six.as_str()))),
            (10, vec![fires; 9], Some(("now", nine.as_str()))),
        ];
        for (total, items, expected) in cases {
            let context = format!("{total}, {items:?}");
            let items = (1..).zip(items).map(|(number, (status, since))| {
                let item = incident(&number.to_string(), status, 120);
                ItemAfterRun { item, since }
            });
            let found = after_run_on(total, items.collect());
            assert_eq!(
                found.as_ref().map(|(name, text)| (name.as_str(), text.as_str())),
                expected,
                "{context}"
            );
        }
        let long = Item { title: "x".repeat(1_000), ..incident("db1", Triggered, 120) };
        let found = after_run_on(2, vec![ItemAfterRun { item: long, since: Changed }]);
        let (_, text) = found.expect("it fires");
        assert!(text.ends_with(": triggered") && text.chars().count() <= NAME + LONGEST, "{text}");
    }

    #[test]
    fn build_pull_request_and_approval_show_more_than_the_state_that_was_reported() {
        use BuildStatus::{Canceled, Failed, Passed, Running};
        use EventName as E;
        let failing = |statuses: &[BuildStatus]| {
            let mut item = build("acme/web", statuses);
            if let Detail::Build(build) = &mut item.detail {
                build.runs[0].failing = vec!["lint".to_owned(), "unit tests".to_owned()];
            }
            item
        };
        let undated = || {
            let mut item = build("acme/web", &[Failed, Failed]);
            if let Detail::Build(build) = &mut item.detail {
                build.runs[0].at = None;
            }
            item
        };
        let answered = |state| {
            let mut item = approval("web", state);
            if let Detail::Approval(approval) = &mut item.detail {
                approval.ended_by = Some(User::named("kim"));
            }
            item
        };
        // what happened, the item as it is now -> what has become of it; run 1 ended at 60, run 2 at 120
        let cases = [
            (E::Failed, build("acme/web", &[Failed, Failed]), Some("failed again (#2)")),
            (E::StillFailing, failing(&[Failed, Failed]), Some("failed again (#2: lint, unit tests)")),
            (E::Failed, build("acme/web", &[Failed]), None),
            (E::Failed, undated(), None),
            (E::Failed, build("acme/web", &[Failed, Running]), Some("running")),
            (E::Failed, build("acme/web", &[Failed, Canceled]), Some("canceled")),
            (E::Canceled, build("acme/web", &[Canceled, Canceled]), Some("canceled again (#2)")),
            (E::Running, build("acme/web", &[Passed, Running]), None),
            (E::Running, build("acme/web", &[Running, Failed]), Some("failed")),
            (E::Opened, pull(1, "Try it", &["ana"]), Some("review by ana")),
            (E::ChangesRequested, pull(1, "Try it", &["ana"]), Some("review by ana")),
            (E::Requested, approval("web", ApprovalState::Waiting), Some("answer by cy or team/release")),
            (E::Requested, approval("web", ApprovalState::Denied), Some("denied")),
            (E::Requested, answered(ApprovalState::Denied), Some("denied by kim")),
            (E::Requested, answered(ApprovalState::Approved), Some("approved by kim")),
            (E::Requested, answered(ApprovalState::Superseded), Some("superseded")),
        ];
        for (name, item, expected) in cases {
            let context = format!("{name:?} {:?}", item.detail);
            assert_eq!(changed_since(name, item).as_deref(), expected, "{context}");
        }
    }
}
