//! Whether an event is moot: what it reported of its item is over.

use jiff::Timestamp;

use super::{audience::names_me, fields::pairs};
use crate::{
    event::{EventName, MootCause},
    identity::Identity,
    item::{ChecksStatus, Detail, IncidentStatus, Item, Kind, PullRequestState, User, Verdict},
};

/// True where an event of an item of that kind asks something of a person, so that its notification is over at some time;
/// others only inform.
pub fn can_be_over(event: EventName, kind: Kind) -> bool {
    use EventName as E;
    match event {
        // Its author merges an approved pull request; an approval that was given asks for nothing.
        E::Approved => kind == Kind::PullRequest,
        E::Failed
        | E::StillFailing
        | E::ReviewRequested
        | E::ChangesRequested
        | E::ChecksFailed
        | E::Stale
        | E::Triggered
        | E::Unacknowledged
        | E::Escalated
        | E::Reassigned
        | E::Requested => true,
        E::Queued
        | E::Running
        | E::Passed
        | E::Fixed
        | E::Canceled
        | E::Opened
        | E::ChecksPassed
        | E::Merged
        | E::Closed
        | E::Acknowledged
        | E::Resolved
        | E::Denied
        | E::Expired
        | E::Superseded => false,
    }
}

/// True where what an event reports is not so any more, seen with the item as it is: it is not notified.
pub fn is_moot(event: EventName, of: &[User], item: &Item, me: &Identity, now: Timestamp) -> bool {
    use EventName as E;
    match (event, &item.detail) {
        (E::Passed | E::Fixed, Detail::Build(build)) => build.is_red(),
        (E::Queued | E::Running, Detail::Build(build)) => build.runs.iter().all(|run| run.status.is_over()),
        (E::ChecksPassed, Detail::PullRequest(pull)) => {
            pull.checks.as_ref().is_none_or(|checks| checks.status != ChecksStatus::Passed)
        }
        (E::Opened, Detail::PullRequest(pull)) => pull.state != PullRequestState::Open,
        (E::Closed, Detail::PullRequest(pull)) => pull.state == PullRequestState::Open,
        (E::Resolved, Detail::Incident(incident)) => incident.status != IncidentStatus::Resolved,
        // Others may still be needed although I have answered.
        (E::Requested, Detail::Approval(approval)) => !approval.waits(),
        (E::Approved | E::Denied | E::Expired | E::Superseded, Detail::Approval(approval)) => {
            approval.state.end() != Some(event)
        }
        _ => is_over(event, of, item, me, now),
    }
}

/// Why a moot event of this item is moot, seen with the item as it is.
pub fn moot_cause(item: &Item, now: Timestamp) -> MootCause {
    match &item.detail {
        Detail::Incident(incident) if incident.is_held(now) && incident.is_suppressed() => {
            MootCause::Silenced
        }
        Detail::Incident(incident) if incident.is_held(now) => MootCause::Acknowledged,
        _ => MootCause::Over,
    }
}

/// What an event answers: it is notified only where one of these was, since the last of `over`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// What it answers.
    pub what: &'static [EventName],
    /// What ends the same.
    pub over: &'static [EventName],
}

/// The events that an event is the answer to: that something is over, or acknowledged, is notified only where its beginning
/// was. `None` for those that answer no other.
pub fn ends(event: EventName) -> Option<Ends> {
    use EventName as E;
    match event {
        E::Acknowledged | E::Resolved => {
            let what = &[E::Triggered, E::Unacknowledged, E::Escalated, E::Reassigned];
            Some(Ends { what, over: &[E::Resolved] })
        }
        E::Fixed => Some(Ends { what: &[E::Failed, E::StillFailing], over: &[E::Fixed, E::Passed] }),
        _ => None,
    }
}

/// True where an event of an item of that kind ends its thread: what happens to the item afterwards starts another.
pub fn ends_thread(event: EventName, kind: Kind) -> bool {
    use EventName as E;
    match event {
        // An approval that was given is the end of asking for it; an approved pull request is still to be merged.
        E::Approved => kind == Kind::Approval,
        E::Passed
        | E::Fixed
        | E::Merged
        | E::Closed
        | E::Resolved
        | E::Denied
        | E::Expired
        | E::Superseded => true,
        // A run that was canceled leaves a failing branch as it was.
        E::Canceled
        | E::Queued
        | E::Running
        | E::Failed
        | E::StillFailing
        | E::Opened
        | E::ReviewRequested
        | E::ChangesRequested
        | E::ChecksPassed
        | E::ChecksFailed
        | E::Stale
        | E::Triggered
        | E::Acknowledged
        | E::Unacknowledged
        | E::Escalated
        | E::Reassigned
        | E::Requested => false,
    }
}

/// Every event that ends the thread of an item of that kind: see [`ends_thread`].
pub fn matter_ends(kind: Kind) -> Vec<EventName> {
    let of_kind = pairs().filter(|(_, other)| *other == kind).map(|(event, _)| event);
    of_kind.filter(|event| ends_thread(*event, kind)).collect()
}

/// True where what an event asked of a person is done, or is somebody's: its notification can be withdrawn. A review that I
/// was asked for is wanted for as long as I am asked in any way; that of others for as long as one of them is.
pub fn is_over(event: EventName, of: &[User], item: &Item, me: &Identity, now: Timestamp) -> bool {
    use EventName as E;
    match (event, &item.detail) {
        (E::Failed | E::StillFailing, Detail::Build(build)) => !build.is_red(),
        (E::Triggered | E::Unacknowledged | E::Escalated | E::Reassigned, Detail::Incident(incident)) => {
            incident.status == IncidentStatus::Resolved || incident.is_held(now)
        }
        (E::Requested, Detail::Approval(approval)) => !approval.waits() || approval.is_answered_by(me),
        _ if !can_be_over(event, item.key.kind) => false,
        (_, Detail::PullRequest(pull)) if pull.state != PullRequestState::Open => true,
        (E::ReviewRequested, Detail::PullRequest(pull)) if of.is_empty() || names_me(of, item, me) => {
            !pull.asks(me)
        }
        (E::ReviewRequested, Detail::PullRequest(pull)) => {
            !of.iter().any(|user| pull.requested.iter().any(|asked| asked.eq_ignore_ascii_case(&user.id)))
        }
        (E::ChangesRequested, Detail::PullRequest(pull)) => {
            let decisions = pull.decisions();
            !decisions.values().any(|review| {
                review.verdict == Verdict::ChangesRequested && !pull.requested.contains(&review.by)
            })
        }
        (E::ChecksFailed, Detail::PullRequest(pull)) => {
            pull.checks.as_ref().is_none_or(|checks| checks.status != ChecksStatus::Failed)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{
        ApprovalDecision, ApprovalState, BuildStatus, Checks, PullRequest,
        examples::{answer, approval, at, build, hold, incident, kim, pull_request, review, run},
    };

    #[test]
    fn event_contradicted_by_the_item_is_moot() {
        use EventName as E;
        let red = build(vec![run(2, BuildStatus::Failed), run(1, BuildStatus::Passed)]);
        let green = build(vec![run(2, BuildStatus::Passed)]);
        let pull = |state| pull_request(|p| p.state = state);
        let alert = |status| incident(|i| i.status = status);
        let asked = |state| approval(|a| a.state = state);
        let answered = approval(|a| a.answers = Some(vec![answer("kim", 1, ApprovalDecision::Approved)]));
        let cases = [
            (E::Passed, red.clone(), true),
            (E::Fixed, red, true),
            (E::Passed, green.clone(), false),
            (E::Fixed, green.clone(), false),
            (E::Running, green, true),
            (E::Queued, build(vec![run(2, BuildStatus::Passed), run(1, BuildStatus::Running)]), false),
            (E::Opened, pull(PullRequestState::Open), false),
            (E::Opened, pull(PullRequestState::Merged), true),
            (E::Closed, pull(PullRequestState::Closed), false),
            (E::Closed, pull(PullRequestState::Open), true),
            (E::Merged, pull(PullRequestState::Merged), false),
            (E::ChecksPassed, pull(PullRequestState::Open), true),
            (E::Resolved, alert(IncidentStatus::Resolved), false),
            (E::Resolved, alert(IncidentStatus::Triggered), true),
            (E::Requested, asked(ApprovalState::Waiting), false),
            (E::Requested, asked(ApprovalState::Approved), true),
            (E::Requested, answered.clone(), false),
            (E::Approved, asked(ApprovalState::Approved), false),
            (E::Approved, asked(ApprovalState::Waiting), true),
            (E::Denied, asked(ApprovalState::Denied), false),
            (E::Expired, asked(ApprovalState::Approved), true),
            (E::Superseded, asked(ApprovalState::Superseded), false),
        ];
        for (event, item, expected) in cases {
            assert_eq!(is_moot(event, &[], &item, &kim(), at(10)), expected, "{event:?} {:?}", item.detail);
        }
    }

    #[test]
    fn notified_event_becomes_moot() {
        use EventName as E;
        let held = |until: Option<i64>| {
            incident(|i| (i.status, i.hold) = (IncidentStatus::Acknowledged, hold(0, &["bo"], until)))
        };
        let pull = |change: fn(&mut PullRequest)| pull_request(change);
        let checks = |status| Some(Checks { commit: "c0".into(), status, failing: Vec::new(), at: at(5) });
        let failing_checks = pull_request(|p| p.checks = checks(ChecksStatus::Failed));
        let passing_checks = pull_request(|p| p.checks = checks(ChecksStatus::Passed));
        let red = build(vec![run(2, BuildStatus::Running), run(1, BuildStatus::Failed)]);
        let green = build(vec![run(2, BuildStatus::Passed), run(1, BuildStatus::Failed)]);
        let cases = [
            (E::Failed, red.clone(), false),
            (E::StillFailing, red, false),
            (E::Failed, green.clone(), true),
            (E::Fixed, green, false),
            (E::Triggered, incident(|_| {}), false),
            (E::Triggered, held(None), true),
            (E::Triggered, held(Some(30)), true),
            (E::Triggered, held(Some(5)), false),
            (E::Escalated, incident(|i| i.status = IncidentStatus::Resolved), true),
            (E::Resolved, incident(|i| i.status = IncidentStatus::Resolved), false),
            (E::ReviewRequested, pull(|p| p.requested = ["kim".to_owned()].into()), false),
            (E::ReviewRequested, pull(|p| p.requested = ["bo".to_owned()].into()), true),
            (E::ReviewRequested, pull(|p| p.state = PullRequestState::Merged), true),
            (
                E::ChangesRequested,
                pull(|p| p.reviews = vec![review("bo", 1, Verdict::ChangesRequested)]),
                false,
            ),
            (E::ChangesRequested, pull(|p| p.reviews = vec![review("bo", 1, Verdict::Approved)]), true),
            (E::ChecksFailed, failing_checks, false),
            (E::ChecksFailed, passing_checks, true),
            (E::Approved, pull(|_| {}), false),
            (E::Approved, pull(|p| p.state = PullRequestState::Closed), true),
            (E::Merged, pull(|p| p.state = PullRequestState::Merged), false),
        ];
        // What was reported of it and is over is moot too.
        for (event, item, expected) in &cases {
            assert_eq!(is_moot(*event, &[], item, &kim(), at(10)), *expected, "{event:?} {:?}", item.detail);
        }
        for (event, item, expected) in cases {
            assert_eq!(is_over(event, &[], &item, &kim(), at(10)), expected, "{event:?} {:?}", item.detail);
        }
    }

    #[test]
    fn moot_cause_of_a_held_incident() {
        let held = |until: Option<i64>| {
            incident(|i| (i.status, i.hold) = (IncidentStatus::Acknowledged, hold(0, &["bo"], until)))
        };
        let cases = [
            (held(Some(30)), MootCause::Silenced),
            (held(None), MootCause::Acknowledged),
            (held(Some(5)), MootCause::Over),
            (incident(|i| i.status = IncidentStatus::Resolved), MootCause::Over),
            (build(vec![run(2, BuildStatus::Passed)]), MootCause::Over),
        ];
        for (item, expected) in cases {
            assert_eq!(moot_cause(&item, at(10)), expected, "{:?}", item.detail);
        }
    }

    #[test]
    fn review_request_is_open_while_one_of_its_reviewers_is_requested() {
        let asked = |who: &[&str]| {
            let who = who.iter().copied().map(str::to_owned).collect();
            pull_request(|p| p.requested = who)
        };
        // of whom, who is asked now -> over
        let cases: [(&[&str], &[&str], bool); 8] = [
            (&[], &["kim"], false),
            (&[], &["bo"], true),
            (&["kim"], &["kim"], false),
            (&["kim"], &["bo"], true),
            // I am asked in another way by now.
            (&["kim"], &["team/web"], false),
            (&["bo"], &["bo"], false),
            (&["bo"], &["kim"], true),
            (&["team/acme/release"], &["team/acme/release"], false),
        ];
        for (of, who, expected) in cases {
            let of: Vec<_> = of.iter().copied().map(User::named).collect();
            let item = asked(who);
            assert_eq!(
                is_over(EventName::ReviewRequested, &of, &item, &kim(), at(10)),
                expected,
                "{of:?} {who:?}"
            );
            let closed = pull_request(|p| p.state = PullRequestState::Closed);
            assert!(is_over(EventName::ReviewRequested, &of, &closed, &kim(), at(10)), "{of:?}");
        }
    }

    /// I have answered, and others are still asked: over for me, and not moot for them. An end never becomes moot.
    #[test]
    fn approval_request_is_over_once_answered_or_ended() {
        use EventName as E;
        let answered = approval(|a| a.answers = Some(vec![answer("kim", 1, ApprovalDecision::Approved)]));
        let ended = approval(|a| a.state = ApprovalState::Approved);
        let cases = [
            (E::Requested, approval(|_| {}), false),
            (E::Requested, answered, true),
            (E::Requested, ended.clone(), true),
            (E::Approved, ended.clone(), false),
            (E::Denied, ended, false),
        ];
        for (event, item, expected) in cases {
            assert_eq!(is_over(event, &[], &item, &kim(), at(10)), expected, "{event:?} {:?}", item.detail);
        }
        assert!(can_be_over(E::Approved, Kind::PullRequest) && !can_be_over(E::Approved, Kind::Approval));
    }

    #[test]
    fn thread_ends_with_a_final_outcome_only() {
        use EventName as E;
        let cases = [
            (E::Running, Kind::Build, false),
            (E::Failed, Kind::Build, false),
            (E::StillFailing, Kind::Build, false),
            (E::Passed, Kind::Build, true),
            (E::Fixed, Kind::Build, true),
            (E::Canceled, Kind::Build, false),
            (E::Opened, Kind::PullRequest, false),
            (E::ReviewRequested, Kind::PullRequest, false),
            (E::ChecksPassed, Kind::PullRequest, false),
            (E::Approved, Kind::PullRequest, false),
            (E::Merged, Kind::PullRequest, true),
            (E::Closed, Kind::PullRequest, true),
            (E::Triggered, Kind::Incident, false),
            (E::Acknowledged, Kind::Incident, false),
            (E::Resolved, Kind::Incident, true),
            (E::Requested, Kind::Approval, false),
            (E::Approved, Kind::Approval, true),
            (E::Denied, Kind::Approval, true),
            (E::Expired, Kind::Approval, true),
            (E::Superseded, Kind::Approval, true),
        ];
        for (event, kind, expected) in cases {
            assert_eq!(ends_thread(event, kind), expected, "{event:?} of {kind:?}");
            assert_eq!(matter_ends(kind).contains(&event), expected, "{event:?} of {kind:?}");
        }
    }
}
