//! Items for tests: one of each kind, to be changed where a test needs it.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::{
    AccountName, Answer, Approval, ApprovalDecision, Build, BuildRun, BuildStatus, Detail, Hold, Incident,
    IncidentStatus, Item, ItemKey, Kind, MergeState, Mergeability, PullRequest, PullRequestState, Review,
    Severity, User, Verdict,
};
use crate::identity::Identity;

/// So many minutes after the morning on which all examples begin.
pub(crate) fn at(minute: i64) -> Timestamp {
    "2026-11-22T08:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

/// Whom the account acts as: `kim` of the team `team/web`.
pub(crate) fn kim() -> Identity {
    Identity { login: "kim".into(), teams: vec!["team/web".into()], ..Identity::default() }
}

pub(crate) fn item(kind: Kind, id: &str, title: &str, detail: Detail) -> Item {
    Item {
        key: ItemKey::new(&AccountName::from("forge"), kind, id),
        title: title.into(),
        url: Url::parse(&format!("https://forge.example/{}", id.replace('#', "/"))).ok(),
        detail,
    }
}

/// Run `number` in that status since minute `number`.
pub(crate) fn run(number: u64, status: BuildStatus) -> BuildRun {
    BuildRun {
        id: format!("id{number}"),
        at: i64::try_from(number).ok().map(at),
        author: Some("ana".into()),
        ..BuildRun::new(number, status)
    }
}

/// `acme/web`, `ci` on `main`, with these runs.
pub(crate) fn build(runs: Vec<BuildRun>) -> Item {
    let build = Build {
        repo: "acme/web".into(),
        pipeline: "ci".into(),
        branch: Some("main".into()),
        default_branch: true,
        runs,
    };
    item(Kind::Build, "acme/web/ci@main", "ci on main", Detail::Build(build))
}

/// `acme/web#479 Bump dependency pins` by `ana`, open since minute 0, changed by `change`.
pub(crate) fn pull_request(change: impl FnOnce(&mut PullRequest)) -> Item {
    let mut pull_request = PullRequest {
        repo: "acme/web".into(),
        number: 479,
        author: "ana".into(),
        branch: "pins".into(),
        base: "main".into(),
        head: "c0".into(),
        draft: false,
        state: PullRequestState::Open,
        opened_at: at(0),
        ended_at: None,
        merged_by: None,
        requested: Default::default(),
        requested_unknown: false,
        requested_read: None,
        updated_at: at(0),
        reviews: Vec::new(),
        checks: None,
        mergeability: None,
        description: None,
        size: None,
    };
    change(&mut pull_request);
    item(Kind::PullRequest, "acme/web#479", "Bump dependency pins", Detail::PullRequest(pull_request))
}

pub(crate) fn review(by: &str, minute: i64, verdict: Verdict) -> Review {
    Review { by: by.into(), at: at(minute), verdict, commit: None, serial: None }
}

/// The mergeability of that commit, since minute 0.
pub(crate) fn mergeable(commit: &str, state: MergeState) -> Option<Mergeability> {
    Some(Mergeability { commit: commit.into(), state, at: at(0) })
}

/// Held by those, as the service reported at that minute.
pub(crate) fn hold(minute: i64, by: &[&str], until: Option<i64>) -> Option<Hold> {
    let by = by.iter().copied().map(User::named).collect();
    Some(Hold { at: at(minute), by, until: until.map(at) })
}

/// `Checkout slower than 2 s` in `billing`, triggered at minute 0, changed by `change`.
pub(crate) fn incident(change: impl FnOnce(&mut Incident)) -> Item {
    let mut incident = Incident {
        service: "billing".into(),
        number: None,
        severity: Severity::Critical,
        status: IncidentStatus::Triggered,
        started_at: at(0),
        updated_at: at(0),
        changed_by: None,
        hold: None,
        released_at: None,
        start_unknown: false,
        suppressed: false,
        notes: Default::default(),
        assigned: None,
        inferred_end: None,
        escalations: Default::default(),
        escalated_by: Default::default(),
        description: None,
        labels: Default::default(),
    };
    change(&mut incident);
    item(Kind::Incident, "PD-123", "Checkout slower than 2 s", Detail::Incident(incident))
}

/// `Deploy web to production` of `acme/web`, asked by `ana` at minute 0, changed by `change`.
pub(crate) fn approval(change: impl FnOnce(&mut Approval)) -> Item {
    let mut approval = Approval {
        environment: Some("production".into()),
        asked_by: Some(User::named("ana")),
        asked_at: Some(at(0)),
        ..Approval::new("acme/web", at(0))
    };
    change(&mut approval);
    let detail = Detail::Approval(approval);
    item(Kind::Approval, "acme/web/90210/production", "Deploy web to production", detail)
}

/// The approval that such an item is.
pub(crate) fn approval_of(item: &Item) -> &Approval {
    match &item.detail {
        Detail::Approval(approval) => approval,
        other => panic!("no approval: {other:?}"),
    }
}

pub(crate) fn answer(by: &str, minute: i64, decision: ApprovalDecision) -> Answer {
    Answer { at: Some(at(minute)), decision, by: User::named(by), why: None }
}
