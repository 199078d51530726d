//! Where an item belongs on the board, and its row.

use jiff::Timestamp;

use super::{Entry, Row, State};
use crate::item::{
    Build, BuildStatus, ChecksStatus, Detail, Incident, IncidentStatus, Item, ItemKey, PullRequest, Turn,
    listed,
};

/// The sections, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Incidents,
    Builds,
    PullRequests,
    Running,
    Waiting,
    Quiet,
}

impl Place {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Incidents => "Incidents",
            Self::Builds => "Builds",
            Self::PullRequests => "Pull requests",
            Self::Running => "Running",
            Self::Waiting => "Waiting on others",
            Self::Quiet => "Quiet",
        }
    }
}

/// A row and where it belongs.
pub(super) struct Placed {
    pub(super) section: Place,
    pub(super) concerns_me: bool,
    /// Lower ones come first within the section; then by age.
    urgency: u8,
    pub(super) row: Row,
}

impl Placed {
    pub(super) fn rank(&self) -> (Place, u8, i64, &ItemKey) {
        let since = self.row.since.map_or(0, Timestamp::as_second);
        let age = match self.section {
            Place::Incidents | Place::PullRequests | Place::Waiting => since,
            Place::Builds | Place::Running | Place::Quiet => -since,
        };
        (self.section, self.urgency, age, &self.row.key)
    }
}

/// `None` for what is over, and, unless `all` is asked for, for what concerns others or nobody.
pub(super) fn place(entry: Entry<'_>, now: Timestamp, all: bool) -> Option<Placed> {
    match &entry.item.detail {
        Detail::Incident(incident) => place_incident(incident, entry, now),
        Detail::Build(build) => place_build(build, entry, all),
        Detail::PullRequest(pull_request) => place_pull_request(pull_request, entry, all),
    }
}

/// The row of an item that has no place on the board.
pub(super) fn over(item: &Item) -> Row {
    let (title, second, since) = match &item.detail {
        Detail::Incident(incident) => {
            (item.title.clone(), incident.service.as_str(), Some(incident.updated_at))
        }
        Detail::Build(build) => (build.name(), "", None),
        Detail::PullRequest(pull) => (item.title.clone(), item.reference(), pull.ended_at),
    };
    let second =
        [second, item.status()].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", ");
    Row {
        key: item.key.clone(),
        state: State::Quiet,
        held: false,
        title,
        second,
        turn: None,
        since,
        url: item.url.clone(),
    }
}

/// What is shown without being asked for everything. Checked before a row is made: most items are passing builds.
fn is_shown(section: Place, concerns_me: bool, all: bool) -> bool {
    all || (concerns_me && section != Place::Quiet)
}

fn place_incident(incident: &Incident, Entry { item, me, .. }: Entry<'_>, now: Timestamp) -> Option<Placed> {
    if incident.status == IncidentStatus::Resolved {
        return None;
    }
    let held = incident.is_held(now);
    let (mine, who): (Vec<_>, Vec<_>) = incident.holders.iter().cloned().partition(|holder| me.is(holder));
    let mine = !mine.is_empty();
    let what = match who.as_slice() {
        _ if !held => "nobody yet".to_owned(),
        _ if mine => "you are on it".to_owned(),
        [] => "somebody is on it".to_owned(),
        [one] => format!("{one} is on it"),
        more => format!("{} are on it", listed(more)),
    };
    Some(Placed {
        section: Place::Incidents,
        concerns_me: true,
        urgency: u8::from(held) * 8 + (7 - incident.severity as u8),
        row: Row {
            key: item.key.clone(),
            state: State::Incident,
            held,
            title: item.title.clone(),
            second: incident.service.clone(),
            turn: Some(Turn { mine, who, what }),
            since: Some(incident.started_at),
            url: item.url.clone(),
        },
    })
}

fn place_build(build: &Build, Entry { item, me, .. }: Entry<'_>, all: bool) -> Option<Placed> {
    let latest = build.latest()?;
    let under_way = !latest.status.is_final();
    let verdict = build.verdict();
    let (section, state) = match verdict.map(|run| run.status) {
        Some(BuildStatus::Failed) => (Place::Builds, State::Failing),
        _ if under_way => (Place::Running, State::Running),
        Some(_) => (Place::Quiet, State::Passing),
        None => (Place::Quiet, State::Quiet),
    };
    let red = state == State::Failing;
    let (shown, since) = match verdict {
        // Red since the first of the failures in a row.
        Some(run) if red => (run, build.red().filter_map(|run| run.at).last()),
        _ => (latest, latest.started_at.or(latest.at)),
    };
    let author = shown.author.as_deref();
    let mine = author.is_some_and(|author| me.is(author));
    let concerns_me = build.default_branch || mine;
    if !is_shown(section, concerns_me, all) {
        return None;
    }
    let mut second = match (red, shown.failing.as_slice()) {
        (true, []) => "failed".to_owned(),
        (true, jobs) => format!("{} failed", listed(jobs)),
        (false, _) => shown.subject.clone().unwrap_or_else(|| shown.status.name().to_owned()),
    };
    if red && under_way {
        second.push_str(", running again");
    }
    let turn = author.filter(|_| red).map(|author| match mine {
        true => Turn { mine, who: Vec::new(), what: "your change".to_owned() },
        false => Turn { mine, who: vec![author.to_owned()], what: format!("change by {author}") },
    });
    Some(Placed {
        section,
        concerns_me,
        urgency: u8::from(!concerns_me),
        row: Row {
            key: item.key.clone(),
            state,
            // A red branch of somebody else is in its author's hands.
            held: red && !concerns_me,
            title: build.name(),
            second,
            turn,
            since,
            url: shown.url.clone().or_else(|| item.url.clone()),
        },
    })
}

fn place_pull_request(
    pull_request: &PullRequest,
    Entry { item, me, .. }: Entry<'_>,
    all: bool,
) -> Option<Placed> {
    let turn = pull_request.turn(me)?;
    let mine = me.is(&pull_request.author);
    let (section, state) = match turn.mine {
        _ if pull_request.draft => (Place::Quiet, State::Quiet),
        true => (Place::PullRequests, State::Attention),
        false => (Place::Waiting, State::Attention),
    };
    let reviewed = pull_request.reviews.iter().any(|review| me.is(&review.by));
    let concerns_me = turn.mine || mine || reviewed;
    if !is_shown(section, concerns_me, all) {
        return None;
    }
    let approvals = match pull_request.approvals(Timestamp::MAX) {
        0 => String::new(),
        1 => ", 1 approval".to_owned(),
        count => format!(", {count} approvals"),
    };
    let checks = match pull_request.checks.as_ref().map(|checks| checks.status) {
        None | Some(ChecksStatus::None) => "",
        Some(ChecksStatus::Pending) => ", checks running",
        Some(ChecksStatus::Passed) => ", checks passed",
        Some(ChecksStatus::Failed) => ", checks failed",
    };
    Some(Placed {
        section,
        concerns_me,
        urgency: u8::from(!mine),
        row: Row {
            key: item.key.clone(),
            state,
            held: !turn.mine,
            title: item.title.clone(),
            second: format!("{}{approvals}{checks}", item.reference()),
            turn: Some(turn),
            since: Some(pull_request.opened_at),
            url: item.url.clone(),
        },
    })
}
