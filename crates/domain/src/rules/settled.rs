//! Whether what was told of an item is over.

use jiff::Timestamp;

use crate::{
    event::EventName,
    identity::Identity,
    item::{ChecksStatus, Detail, IncidentStatus, Item, PullRequestState, Verdict},
};

/// True where an event asks something of a person, so that its notification is over at some time; others are only news.
pub fn can_settle(event: EventName) -> bool {
    use EventName as E;
    match event {
        E::Failed
        | E::StillFailing
        | E::ReviewRequested
        | E::Approved
        | E::ChangesRequested
        | E::ChecksFailed
        | E::Stale
        | E::Triggered
        | E::Escalated => true,
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
        | E::Resolved => false,
    }
}

/// True where what an event asked of a person is done, or is somebody's: its notification can be withdrawn.
pub fn is_settled(event: EventName, item: &Item, me: &Identity, now: Timestamp) -> bool {
    use EventName as E;
    match (event, &item.detail) {
        (E::Failed | E::StillFailing, Detail::Build(build)) => !build.is_red(),
        (E::Triggered | E::Escalated, Detail::Incident(incident)) => {
            incident.status == IncidentStatus::Resolved || incident.is_held(now)
        }
        _ if !can_settle(event) => false,
        (_, Detail::PullRequest(pull)) if pull.state != PullRequestState::Open => true,
        (E::ReviewRequested, Detail::PullRequest(pull)) => !pull.asks(me),
        (E::ChangesRequested, Detail::PullRequest(pull)) => {
            let decisions = pull.decisions(Timestamp::MAX);
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
        BuildStatus, Checks, PullRequest,
        examples::{at, build, incident, kim, pull_request, review, run},
    };

    #[test]
    fn what_was_told_is_over() {
        use EventName as E;
        let held = |until: Option<i64>| {
            incident(|i| (i.status, i.held_until) = (IncidentStatus::Acknowledged, until.map(at)))
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
        for (event, item, expected) in cases {
            assert_eq!(is_settled(event, &item, &kim(), at(10)), expected, "{event:?} {:?}", item.detail);
        }
    }
}
