//! A forge, its people and its trouble, for every test of rules.

mod conditions;
mod decisions;
mod notifications;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::*;
use crate::item::{
    AccountName, Approval, ApprovalState, Approvers, AsOf, Build, BuildRun, BuildStatus, Checks,
    ChecksStatus, Hold, Incident, IncidentStatus, ItemKey, Kind, PullRequest, PullRequestState, Review,
    Severity, User, Verdict,
};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
}

fn me() -> Identity {
    Identity { login: "ana".into(), teams: vec!["team/web".into()], ..Identity::default() }
}

fn item(kind: Kind, id: &str, detail: Detail) -> Item {
    let key = ItemKey::new(&AccountName::from("forge"), kind, id);
    Item { key, title: format!("title of {id}"), url: "https://forge.example/x".parse().ok(), detail }
}

fn build(branch: &str, author: &str, statuses: &[BuildStatus]) -> Item {
    let runs = statuses.iter().enumerate().map(|(index, status)| BuildRun {
        id: index.to_string(),
        author: Some(author.into()),
        subject: Some("Speed up the search".into()),
        failing: vec!["unit tests".into()],
        ..BuildRun::new(40 - index as u64, *status)
    });
    let detail = Build {
        repo: "acme/web".into(),
        pipeline: "ci".into(),
        branch: Some(branch.into()),
        default_branch: branch == "main",
        runs: runs.collect(),
    };
    item(Kind::Build, &format!("acme/web/ci@{branch}"), Detail::Build(detail))
}

fn pull_request(author: &str, requested: &[&str]) -> Item {
    let review = |by: &str, minute, verdict| Review {
        by: by.into(),
        at: at(minute),
        verdict,
        commit: None,
        serial: None,
    };
    let detail = PullRequest {
        repo: "acme/web".into(),
        number: 479,
        author: author.into(),
        branch: "search".into(),
        base: "main".into(),
        head: "abc".into(),
        draft: false,
        state: PullRequestState::Open,
        opened_at: at(0),
        ended_at: None,
        merged_by: None,
        requested: requested.iter().map(ToString::to_string).collect::<BTreeSet<_>>(),
        requested_unknown: false,
        requested_read: None,
        updated_at: at(9),
        reviews: vec![
            review("bo", 1, Verdict::ChangesRequested),
            review("bo", 2, Verdict::Approved),
            review("bo", 3, Verdict::Commented),
            review("cy", 1, Verdict::Approved),
            review("cy", 4, Verdict::Dismissed),
        ],
        checks: Some(Checks {
            commit: "abc".into(),
            status: ChecksStatus::Failed,
            failing: vec!["lint".into()],
            at: at(5),
        }),
        mergeability: None,
        description: None,
        size: None,
    };
    item(Kind::PullRequest, "acme/web#479", Detail::PullRequest(detail))
}

fn hold(by: &[&str], until: Option<i64>) -> Option<Hold> {
    let by = by.iter().copied().map(User::named).collect();
    Some(Hold { at: at(1), by, until: until.map(at) })
}

fn incident(severity: Severity, holders: &[&str]) -> Item {
    let detail = Incident {
        service: "api".into(),
        severity,
        status: if holders.is_empty() { IncidentStatus::Triggered } else { IncidentStatus::Acknowledged },
        started_at: at(0),
        updated_at: at(1),
        changed_by: None,
        number: None,
        hold: hold(holders, None),
        released_at: None,
        start_unknown: false,
        suppressed: false,
        notes: Default::default(),
        assigned: None,
        inferred_end: None,
        escalations: Default::default(),
        escalated_by: Default::default(),
        description: Some("p99 over 2 s".into()),
        labels: BTreeMap::from([("team".into(), "web".into())]),
    };
    item(Kind::Incident, "PD-123", Detail::Incident(detail))
}

/// Asked by `bo`, to be answered by these until so many minutes after it is seen.
fn approval(approvers: Option<&[&str]>, minutes: Option<i64>) -> Item {
    let detail = Approval {
        environment: Some("production".into()),
        asked_by: Some(User::named("bo")),
        asked_at: Some(at(0)),
        needed: Some(AsOf::new(at(0), 2)),
        approvers: approvers.map(|names| AsOf::new(at(0), Approvers::all(names.iter().copied()))),
        expires_at: minutes.map(|minutes| AsOf::new(at(0), at(6 + minutes))),
        description: Some("Checkout is slow".into()),
        ..Approval::new("acme/web", at(0))
    };
    item(Kind::Approval, "acme/web/7/production", Detail::Approval(detail))
}

/// Asked by `ana`, and ended so.
fn answered(state: ApprovalState) -> Item {
    let mut item = approval(Some(&["bo"]), None);
    if let Detail::Approval(approval) = &mut item.detail {
        (approval.asked_by, approval.state) = (Some(User::named("ana")), state);
    }
    item
}

fn event(name: EventName, item: &Item) -> Event {
    Event {
        id: 1,
        item: item.key.clone(),
        name,
        at: at(6),
        seen_at: at(6),
        old: false,
        moot: false,
        moot_because: None,
        by: Some(User::named("bo")),
        of: Vec::new(),
        asked_before: Vec::new(),
        summary: format!("{} {}", item.reference(), name.name()),
    }
}

fn rule(name: &str, when: &str) -> RuleConfig {
    RuleConfig {
        name: name.into(),
        when: when.into(),
        action: None,
        post: vec![],
        group_by: vec![],
        go_on: false,
        enabled: true,
    }
}

fn rules(configs: &[RuleConfig]) -> Rules {
    Rules::compile(configs, true).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn decide(configs: &[RuleConfig], event: &Event, item: &Item) -> Decision {
    rules(configs).decide(event, item, &me())
}
