//! The rows of the board: what is shown of an item.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{entry::Snoozed, rank::build_since};
use crate::{
    actor::Actor,
    identity::Identity,
    item::{
        Approval, Build, BuildStatus, ChecksStatus, Detail, Incident, IncidentStatus, Item, ItemKey,
        PullRequest, Severity, Turn, TurnKind,
    },
    text::listed,
};

/// One item on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Row {
    /// Which item.
    pub key: ItemKey,
    /// Its glyph.
    pub state: State,
    /// In somebody's hands: drawn hollow and grey. What nobody has yet is filled.
    pub held: bool,
    /// What it is: "web main", "Checkout slower than 2 s".
    pub title: String,
    /// More, for who has room to read it: "unit tests failed", "billing", "acme/web#479, 1 approval".
    #[serde(rename = "second")]
    pub subtitle: String,
    /// Whose turn it is.
    pub turn: Option<Turn>,
    /// Since when it has been so: an approval was asked for, an incident began, a branch turned red, a pull request was opened.
    pub since: Option<Timestamp>,
    /// Where it can be seen.
    pub url: Option<Url>,
    /// How bad an incident is.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// How many approve a pull request.
    #[serde(default)]
    pub approvals: Option<usize>,
    /// The checks of a pull request.
    #[serde(default)]
    pub checks: Option<ChecksStatus>,
    /// Until when an approval can be answered.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
    /// How long it is snoozed.
    #[serde(default)]
    pub snoozed: Option<Snoozed>,
    /// Who snoozed it, and through what, where a person did and that was recorded.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub snoozed_by: Option<Actor>,
    /// Where its account, or its part of it, cannot be read: when this was last so.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// The runs on it of which nobody knows whether they ran, the latest first. Filled in on the board and on an item's page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<RunInDoubt>>")]
    pub in_doubt: Vec<RunInDoubt>,
}

/// A run of which nobody knows whether it ran: see [`RunState::Unknown`](crate::run::RunState::Unknown).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct RunInDoubt {
    /// Its id, by which a person who has looked resolves it.
    pub id: String,
    /// Its line, as people read it.
    pub line: String,
    /// What is known.
    pub why: String,
}

/// What a row is, by its glyph's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A red branch: an octagon.
    Failing,
    /// An incident: a triangle.
    Incident,
    /// A decision is awaited: a diamond, or the sign of a pull request.
    Attention,
    /// Under way: a ring.
    Running,
    /// A green branch: a tick.
    Passing,
    /// Nothing is awaited.
    Quiet,
}

impl State {
    /// Its name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Incident => "incident",
            Self::Attention => "attention",
            Self::Running => "running",
            Self::Passing => "passing",
            Self::Quiet => "quiet",
        }
    }
}

/// The row of an item. What is over is quiet, and shows how it ended.
pub(super) fn row(item: &Item, me: &Identity, now: Timestamp) -> Row {
    let made = match &item.detail {
        Detail::Approval(approval) => approval_row(approval, item, me, now),
        Detail::Incident(incident) => incident_row(incident, item, me, now),
        Detail::Build(build) => build_row(build, item, me),
        Detail::PullRequest(pull_request) => pull_request_row(pull_request, item, me),
    };
    made.unwrap_or_else(|| over(item))
}

/// A row with the title alone.
fn plain(item: &Item, state: State) -> Row {
    Row {
        key: item.key.clone(),
        state,
        held: false,
        title: item.title.clone(),
        subtitle: String::new(),
        turn: None,
        since: None,
        url: item.url.clone(),
        severity: None,
        approvals: None,
        checks: None,
        expires_at: None,
        snoozed: None,
        snoozed_by: None,
        as_of: None,
        in_doubt: Vec::new(),
    }
}

fn over(item: &Item) -> Row {
    let (title, subtitle, since) = match &item.detail {
        Detail::Approval(approval) => (item.title.clone(), approval.repo.as_str(), approval.changed_at()),
        Detail::Incident(incident) => (item.title.clone(), incident.service.as_str(), incident.changed_at()),
        Detail::Build(build) => (build.name(), "", None),
        Detail::PullRequest(pull) => (item.title.clone(), item.reference(), pull.ended_at),
    };
    let subtitle =
        [subtitle, item.status()].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ");
    Row { title, subtitle, since, ..plain(item, State::Quiet) }
}

fn approval_row(approval: &Approval, item: &Item, me: &Identity, now: Timestamp) -> Option<Row> {
    let turn = approval.turn(me)?;
    let environment = approval.environment.as_deref().filter(|name| !item.title.contains(name));
    let asked = approval.asked_by.as_ref().map(|by| match me.is(&by.id) {
        true => "you asked".to_owned(),
        false => format!("{} asks", by.name),
    });
    let named =
        |what: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{what} {}", listed(&names)));
    let open = approval.questions.iter().flatten().filter(|question| question.default.is_none());
    let questions = named("asks for", open.map(|question| question.name.as_str()).collect());
    let conditions = approval.conditions.iter().flat_map(|conditions| &conditions.value);
    let conditions = named("also waits for", conditions.map(String::as_str).collect());
    let parts = [environment.map(str::to_owned), asked, Some(approval.progress()), questions, conditions];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    let what = match approval.is_late(now) {
        true => "expired, but the service has not closed it".to_owned(),
        false => turn.what,
    };
    Some(Row {
        held: approval.mine_to_give(me) == Some(false),
        subtitle: parts.collect::<Vec<_>>().join(", "),
        turn: Some(Turn { what, ..turn }),
        since: approval.asked_at,
        expires_at: approval.expires_at(),
        ..plain(item, State::Attention)
    })
}

fn incident_row(incident: &Incident, item: &Item, me: &Identity, now: Timestamp) -> Option<Row> {
    if incident.status == IncidentStatus::Resolved {
        return None;
    }
    let held = incident.is_held(now);
    let users = if held { incident.holders() } else { incident.assignees() };
    let mine = users.iter().any(|user| me.is(&user.id));
    let who: Vec<_> = users.iter().filter(|user| !me.is(&user.id)).map(|user| user.name.clone()).collect();
    let what = match (held, who.as_slice()) {
        (true, _) if mine => "you are on it".to_owned(),
        (true, []) => "acknowledged".to_owned(),
        (true, [one]) => format!("{one} is on it"),
        (true, more) => format!("{} are on it", listed(more)),
        (false, _) if mine => "assigned to you".to_owned(),
        (false, []) => "nobody yet".to_owned(),
        (false, who) => format!("assigned to {}", listed(who)),
    };
    Some(Row {
        held,
        subtitle: incident.service.clone(),
        turn: Some(Turn { mine, who, kind: TurnKind::Respond, what }),
        since: incident.began(),
        severity: Some(incident.severity),
        ..plain(item, State::Incident)
    })
}

fn build_row(build: &Build, item: &Item, me: &Identity) -> Option<Row> {
    let latest = build.latest()?;
    let under_way = !latest.status.is_over();
    let unknown = latest.status == BuildStatus::Unknown;
    let verdict = build.verdict();
    let state = match verdict.map(|run| run.status) {
        Some(BuildStatus::Failed) => State::Failing,
        _ if under_way => State::Running,
        _ if unknown => State::Quiet,
        Some(_) => State::Passing,
        None => State::Quiet,
    };
    let red = state == State::Failing;
    let shown = verdict.filter(|_| red).unwrap_or(latest);
    let mut subtitle = match (red, shown.failing.as_slice()) {
        (true, []) => "failed".to_owned(),
        (true, jobs) => format!("{} failed", listed(jobs)),
        (false, _) if unknown => "ended, result unknown".to_owned(),
        (false, _) if latest.waits() => "waits for a person's yes".to_owned(),
        (false, _) => shown.subject.clone().unwrap_or_else(|| shown.status.name().to_owned()),
    };
    if red && under_way {
        subtitle.push_str(if latest.waits() { ", waits for a person's yes" } else { ", running again" });
    }
    let kind = TurnKind::FixBuild;
    // Who started it has not broken it.
    let (who, yours, theirs) = match &shown.author {
        Some(author) => (Some(author), "your change", "change by"),
        None => (shown.started_by.as_ref(), "started by you", "started by"),
    };
    let turn = who.filter(|_| red).map(|who| match me.is(who) {
        true => Turn { mine: true, who: Vec::new(), kind, what: yours.to_owned() },
        false => Turn { mine: false, who: vec![who.clone()], kind, what: format!("{theirs} {who}") },
    });
    Some(Row {
        // A red branch of somebody else is in its author's hands.
        held: red && !build.default_branch && !shown.is_of(me),
        title: build.name(),
        subtitle,
        turn,
        since: build_since(build),
        url: shown.url.clone().or_else(|| item.url.clone()),
        ..plain(item, state)
    })
}

fn pull_request_row(pull_request: &PullRequest, item: &Item, me: &Identity) -> Option<Row> {
    let turn = pull_request.turn(me)?;
    let state = if pull_request.draft { State::Quiet } else { State::Attention };
    let approvals = pull_request.approvals();
    let approved = match approvals {
        0 => String::new(),
        1 => ", 1 approval".to_owned(),
        count => format!(", {count} approvals"),
    };
    let checks = pull_request.checks.as_ref().map(|checks| checks.status);
    let checked = match checks {
        None | Some(ChecksStatus::None) => "",
        Some(ChecksStatus::Pending) => ", checks running",
        Some(ChecksStatus::Unknown) => ", result of checks unknown",
        Some(ChecksStatus::Passed) => ", checks passed",
        Some(ChecksStatus::Failed) => ", checks failed",
    };
    Some(Row {
        held: !turn.mine,
        subtitle: format!("{}{approved}{checked}", item.reference()),
        turn: Some(turn),
        since: Some(pull_request.opened_at),
        approvals: Some(approvals),
        checks,
        ..plain(item, state)
    })
}
