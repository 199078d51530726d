//! How well what a command does fits what an item needs now.

use jiff::Timestamp;

use super::Role;
use crate::{
    event::EventName,
    identity::Identity,
    item::{
        Approval, Build, Detail, Incident, IncidentStatus, Item, MergeState, PullRequest, PullRequestState,
        TurnKind,
    },
};

/// How well a command fits an item as it is; the better ones are the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relevance {
    /// The command that a person most likely wants.
    First,
    /// The next best.
    Second,
    /// May well be wanted.
    Well,
    /// Nothing speaks for it or against it.
    Neutral,
    /// There is nothing to do for it now.
    Hardly,
}

/// How well a command of that role fits an item. The first action of a row is the one that fits best:
///
/// | item | first | second |
/// | --- | --- | --- |
/// | red build | run it again | its log |
/// | build under way | its log | stop it |
/// | other build | show it | its log |
/// | my review is asked for | approve | show it |
/// | mine, approved, and it can be merged | merge | show it |
/// | other open pull request | show it | comment |
/// | incident that nobody has | take it | show it |
/// | incident that somebody has | resolve it | comment |
/// | approval that may wait for my answer | show it | approve |
/// | approval that waits for others | show it | comment |
/// | what is over | show it | its log |
pub fn fits(role: Option<Role>, item: &Item, me: &Identity, now: Timestamp) -> Relevance {
    let Some(role) = role else { return Relevance::Neutral };
    match &item.detail {
        Detail::Build(build) => fits_build(role, build),
        Detail::PullRequest(pull) => fits_pull_request(role, pull, me),
        Detail::Incident(incident) => fits_incident(role, incident, now),
        Detail::Approval(approval) => fits_approval(role, approval, me),
    }
}

/// True where what a command of that role does can work on an item as it is known, so that it is worth offering. Where it
/// cannot, the item may have changed since: what is typed all the same is left to the service.
///
/// | item | not offered |
/// | --- | --- |
/// | build under way | run it again |
/// | build that has ended, or never ran | stop it |
/// | pull request that is merged or closed | approve, merge, take, resolve, stop |
/// | my pull request | approve |
/// | draft, or in conflict with its base | merge |
/// | incident that is resolved | take, resolve, assign, stop |
/// | incident that I have | take |
/// | incident of which the hold has reached its end | release |
/// | approval that has ended | approve, deny, merge, take, resolve, stop |
/// | approval that is not mine to give | approve, deny |
pub fn can_work(role: Option<Role>, item: &Item, me: &Identity, now: Timestamp) -> bool {
    use Role as R;
    let Some(role) = role else { return true };
    match &item.detail {
        Detail::Build(build) => match (role, build.latest()) {
            (R::Again, Some(run)) => run.status.is_final(),
            (R::Stop, run) => run.is_some_and(|run| !run.status.is_final()),
            _ => true,
        },
        Detail::PullRequest(pull) => match role {
            R::Approve | R::Merge | R::Take | R::Resolve | R::Stop
                if pull.state != PullRequestState::Open =>
            {
                false
            }
            R::Approve => !me.is(&pull.author),
            R::Merge => !pull.draft && pull.merge_state() != Some(MergeState::Conflicts),
            _ => true,
        },
        Detail::Incident(incident) => match role {
            R::Take | R::Resolve | R::Assign | R::Stop if incident.status == IncidentStatus::Resolved => {
                false
            }
            R::Take => !(incident.is_held(now) && incident.holders().iter().any(|holder| me.is(&holder.id))),
            // A silence may outlast its alert, and holds the next occurrence, too.
            R::Release => incident.hold.as_ref().and_then(|hold| hold.until).is_none_or(|until| until > now),
            _ => true,
        },
        Detail::Approval(approval) => match role {
            R::Approve | R::Deny | R::Merge | R::Take | R::Resolve | R::Stop if !approval.waits() => false,
            R::Approve | R::Deny => approval.mine_to_give(me) != Some(false),
            _ => true,
        },
    }
}

/// True where an event reports nothing but what a command of that role does to an item. What comes of it later, such as how
/// a build ends that was run again, is notified by itself.
pub fn is_effect_of_role(role: Role, event: EventName) -> bool {
    use EventName as E;
    match role {
        Role::Again => matches!(event, E::Queued | E::Running),
        Role::Approve => event == E::Approved,
        Role::Deny => event == E::Denied,
        Role::Take => event == E::Acknowledged,
        Role::Merge => event == E::Merged,
        Role::Resolve => matches!(event, E::Resolved | E::Closed),
        // A person who is asked again has not taken it yet.
        Role::Assign => matches!(event, E::Reassigned | E::Unacknowledged | E::Escalated),
        Role::Release => event == E::Unacknowledged,
        Role::Stop => event == E::Canceled,
        Role::Comment | Role::Log | Role::Show => false,
    }
}

/// The order of roles in one state: the first and the second, those that may be wanted, those that make no sense.
fn order(role: Role, first: Role, second: Role, well: &[Role], hardly: &[Role]) -> Relevance {
    match role {
        role if role == first => Relevance::First,
        role if role == second => Relevance::Second,
        role if well.contains(&role) => Relevance::Well,
        role if hardly.contains(&role) => Relevance::Hardly,
        _ => Relevance::Neutral,
    }
}

fn fits_build(role: Role, build: &Build) -> Relevance {
    let under_way = build.latest().is_some_and(|run| !run.status.is_over());
    match (under_way, build.is_red()) {
        (true, _) => order(role, Role::Log, Role::Stop, &[Role::Show], &[Role::Again]),
        (false, true) => order(role, Role::Again, Role::Log, &[Role::Show], &[Role::Stop]),
        (false, false) => order(role, Role::Show, Role::Log, &[Role::Again], &[Role::Stop]),
    }
}

fn fits_pull_request(role: Role, pull: &PullRequest, me: &Identity) -> Relevance {
    use Role as R;
    let mine = me.is(&pull.author);
    if pull.state != PullRequestState::Open {
        return order(role, R::Show, R::Comment, &[], &[R::Approve, R::Merge, R::Take, R::Resolve, R::Stop]);
    }
    if pull.asks(me) {
        return order(role, R::Approve, R::Show, &[R::Comment], &[R::Merge]);
    }
    let ready = !pull.draft && pull.turn(me).is_some_and(|turn| turn.mine && turn.kind == TurnKind::Merge);
    match mine {
        // Nobody approves their own.
        true if ready => order(role, R::Merge, R::Show, &[R::Comment], &[R::Approve]),
        true => order(role, R::Show, R::Comment, &[], &[R::Approve, R::Merge]),
        false => order(role, R::Show, R::Comment, &[R::Approve], &[R::Merge]),
    }
}

fn fits_incident(role: Role, incident: &Incident, now: Timestamp) -> Relevance {
    use Role as R;
    match incident.status {
        IncidentStatus::Resolved => order(role, R::Show, R::Comment, &[], &[R::Take, R::Resolve, R::Stop]),
        _ if incident.is_held(now) => order(role, R::Resolve, R::Comment, &[R::Show], &[R::Take]),
        _ => order(role, R::Take, R::Show, &[R::Comment], &[R::Resolve]),
    }
}

fn fits_approval(role: Role, approval: &Approval, me: &Identity) -> Relevance {
    use Role as R;
    if !approval.waits() {
        let hardly = [R::Approve, R::Deny, R::Merge, R::Take, R::Resolve, R::Stop];
        return order(role, R::Show, R::Comment, &[], &hardly);
    }
    // What a yes lets happen is read before it is given.
    match approval.mine_to_give(me) {
        Some(false) => order(role, R::Show, R::Comment, &[R::Log], &[R::Approve, R::Deny]),
        Some(true) | None => order(role, R::Show, R::Approve, &[R::Deny, R::Comment, R::Log], &[R::Merge]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::{
        ApprovalState, AsOf, BuildStatus, MergeState, Verdict,
        examples::{approval, at, build, hold, incident, kim, mergeable, pull_request, review, run},
    };

    #[test]
    fn only_possible_actions_are_offered() {
        use BuildStatus::{Failed, Passed, Queued, Running};
        use Role as R;
        let mine = |change: fn(&mut PullRequest)| {
            pull_request(|p| {
                p.author = "kim".into();
                change(p);
            })
        };
        let held = |by: &str, until: Option<i64>| {
            incident(|i| {
                i.status = IncidentStatus::Acknowledged;
                i.hold = hold(0, &[by], until);
            })
        };
        let others = approval(|a| a.account_may = Some(AsOf::new(at(0), false)));
        let cases: [(Item, &[Role]); 19] = [
            (build(vec![run(1, Failed)]), &[R::Stop]),
            (build(vec![run(1, Passed)]), &[R::Stop]),
            (build(vec![run(2, Running), run(1, Failed)]), &[R::Again]),
            (build(vec![run(1, Queued)]), &[R::Again]),
            (build(Vec::new()), &[R::Stop]),
            (pull_request(|_| {}), &[]),
            (mine(|_| {}), &[R::Approve]),
            (pull_request(|p| p.draft = true), &[R::Merge]),
            (pull_request(|p| p.mergeability = mergeable("c0", MergeState::Conflicts)), &[R::Merge]),
            (pull_request(|p| p.mergeability = mergeable("old", MergeState::Conflicts)), &[]),
            (
                pull_request(|p| p.state = PullRequestState::Merged),
                &[R::Approve, R::Take, R::Merge, R::Resolve, R::Stop],
            ),
            (incident(|_| {}), &[]),
            (held("bo", None), &[]),
            (held("kim", None), &[R::Take]),
            // It is nobody's any more.
            (held("kim", Some(5)), &[]),
            (incident(|i| i.status = IncidentStatus::Resolved), &[R::Take, R::Resolve, R::Stop]),
            (approval(|_| {}), &[]),
            (others, &[R::Approve]),
            (
                approval(|a| a.state = ApprovalState::Approved),
                &[R::Approve, R::Take, R::Merge, R::Resolve, R::Stop],
            ),
        ];
        for (item, expected) in cases {
            let all =
                [R::Again, R::Approve, R::Take, R::Merge, R::Resolve, R::Comment, R::Stop, R::Log, R::Show];
            let not_offered: Vec<_> =
                all.into_iter().filter(|role| !can_work(Some(*role), &item, &kim(), at(10))).collect();
            assert_eq!(not_offered, expected, "{item:?}");
            assert!(can_work(None, &item, &kim(), at(10)));
        }
    }

    #[test]
    fn effects_of_a_role_are_not_listed_besides_the_role() {
        use EventName as E;
        let all = [
            E::Queued,
            E::Running,
            E::Passed,
            E::Failed,
            E::Canceled,
            E::Approved,
            E::Merged,
            E::Closed,
            E::Triggered,
            E::Acknowledged,
            E::Unacknowledged,
            E::Escalated,
            E::Reassigned,
            E::Resolved,
        ];
        let cases: [(Role, &[EventName]); 11] = [
            (Role::Again, &[E::Queued, E::Running]),
            (Role::Approve, &[E::Approved]),
            (Role::Take, &[E::Acknowledged]),
            (Role::Merge, &[E::Merged]),
            (Role::Resolve, &[E::Closed, E::Resolved]),
            (Role::Assign, &[E::Unacknowledged, E::Escalated, E::Reassigned]),
            (Role::Release, &[E::Unacknowledged]),
            (Role::Stop, &[E::Canceled]),
            (Role::Comment, &[]),
            (Role::Log, &[]),
            (Role::Show, &[]),
        ];
        for (role, expected) in cases {
            let found: Vec<_> = all.into_iter().filter(|event| is_effect_of_role(role, *event)).collect();
            assert_eq!(found, expected, "{role:?}");
        }
        let over = incident(|i| i.status = IncidentStatus::Resolved);
        assert!(!can_work(Some(Role::Assign), &over, &kim(), at(10)), "nobody is asked for what is over");
        assert!(can_work(Some(Role::Assign), &incident(|_| {}), &kim(), at(10)));
    }

    #[test]
    fn hold_can_be_released_until_it_ends_by_itself() {
        use IncidentStatus::{Acknowledged, Resolved, Triggered};
        // The status, until which minute it is held -> whether letting go is offered at minute 10.
        let cases = [
            (Triggered, None, true),
            (Acknowledged, None, true),
            (Acknowledged, Some(11), true),
            (Acknowledged, Some(10), false),
            (Resolved, None, true),
            (Resolved, Some(11), true),
            (Resolved, Some(10), false),
        ];
        for (status, until, expected) in cases {
            let item = incident(|i| {
                i.status = status;
                i.hold = hold(0, &["bo"], until);
            });
            let offered = can_work(Some(Role::Release), &item, &kim(), at(10));
            assert_eq!(offered, expected, "{status:?} until {until:?}");
        }
    }

    #[test]
    fn most_likely_command_comes_first() {
        use BuildStatus::{Failed, Passed, Running};
        use Role as R;
        let asked = pull_request(|p| p.requested = ["kim".to_owned()].into());
        let approved = pull_request(|p| {
            p.author = "kim".into();
            p.reviews = vec![review("bo", 1, Verdict::Approved)];
            p.mergeability = mergeable("c0", MergeState::Ready);
        });
        let blocked = pull_request(|p| {
            p.author = "kim".into();
            p.reviews = vec![review("bo", 1, Verdict::Approved)];
            p.mergeability = mergeable("c0", MergeState::Blocked);
        });
        let waiting = pull_request(|p| p.author = "kim".into());
        let merged = pull_request(|p| p.state = PullRequestState::Merged);
        let held = incident(|i| i.status = IncidentStatus::Acknowledged);
        let over = incident(|i| i.status = IncidentStatus::Resolved);
        let others = approval(|a| a.account_may = Some(AsOf::new(at(0), false)));
        let ended = approval(|a| a.state = ApprovalState::Expired);
        let red = build(vec![run(1, Failed)]);
        let again = build(vec![run(2, Running), run(1, Failed)]);
        let green = build(vec![run(1, Passed)]);
        let cases = [
            (red, [R::Again, R::Log, R::Show], R::Stop),
            (again, [R::Log, R::Stop, R::Show], R::Again),
            (green, [R::Show, R::Log, R::Again], R::Stop),
            (asked, [R::Approve, R::Show, R::Comment], R::Merge),
            (approved, [R::Merge, R::Show, R::Comment], R::Approve),
            (blocked, [R::Show, R::Comment, R::Log], R::Merge),
            (waiting, [R::Show, R::Comment, R::Log], R::Merge),
            (pull_request(|_| {}), [R::Show, R::Comment, R::Approve], R::Merge),
            (merged, [R::Show, R::Comment, R::Log], R::Approve),
            (incident(|_| {}), [R::Take, R::Show, R::Comment], R::Resolve),
            (held, [R::Resolve, R::Comment, R::Show], R::Take),
            (over, [R::Show, R::Comment, R::Log], R::Resolve),
            (approval(|_| {}), [R::Show, R::Approve, R::Comment], R::Merge),
            (others, [R::Show, R::Comment, R::Log], R::Approve),
            (ended, [R::Show, R::Comment, R::Log], R::Approve),
        ];
        for (item, expected, last) in cases {
            let fit = |role: R| fits(Some(role), &item, &kim(), at(10));
            let found = expected.map(fit);
            assert!(
                found.is_sorted() && found[0] == Relevance::First && found[1] == Relevance::Second,
                "{found:?} {item:?}"
            );
            assert_eq!(fit(last), Relevance::Hardly, "{item:?}");
            assert_eq!(fits(None, &item, &kim(), at(10)), Relevance::Neutral);
        }
    }
}
