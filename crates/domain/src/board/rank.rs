//! Which items are on the board, and in what order. Only what ranking needs is looked at, so that all open items can be
//! ranked, however many they are; rows are made of those that are shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::summary::Summary;
use crate::{
    identity::Identity,
    item::{
        Approval, Build, BuildStatus, Detail, Incident, IncidentStatus, Item, Kind, LATEST, PullRequest,
        Severity,
    },
};

/// The urgency of an approval that waits for my answer, and of one of which that is not known.
const MINE: u8 = 0;
const MAYBE_MINE: u8 = 1;

/// What to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Options {
    /// Only items of this kind.
    pub kind: Option<Kind>,
    /// Everything that is open, passing and other people's too; else what concerns me.
    pub all: bool,
    /// What is snoozed, too. With `all` it is there anyway.
    #[serde(default)]
    pub snoozed: bool,
}

/// The title of the section of what asks nothing of anybody.
pub const QUIET: &str = "Quiet";

/// The sections, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Approvals,
    Incidents,
    Builds,
    PullRequests,
    Running,
    Waiting,
    Quiet,
    Snoozed,
}

impl Place {
    fn title(self) -> &'static str {
        match self {
            Self::Approvals => "Approvals",
            Self::Incidents => "Incidents",
            Self::Builds => "Builds",
            Self::PullRequests => "Pull requests",
            Self::Running => "Running",
            Self::Waiting => "Waiting on others",
            Self::Quiet => QUIET,
            Self::Snoozed => "Snoozed",
        }
    }
}

/// What an item is ranked by, whatever the time. It changes only with the item and with who I am.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RankKey {
    place: Place,
    concerns_me: bool,
    /// I am asked, have it, or made it: it is never cut for what is not.
    mine: bool,
    /// Lower ones come first within the section; then by age.
    urgency: u8,
    /// In seconds; 0 where not known.
    since: i64,
    /// Until when somebody has it.
    held_until: Option<Timestamp>,
    /// Until when it can be answered.
    expires_at: Option<Timestamp>,
}

impl RankKey {
    /// The key of an item that nobody has.
    fn new(place: Place, concerns_me: bool, urgency: u8, since: Option<Timestamp>) -> Self {
        let since = since.map_or(0, Timestamp::as_second);
        Self { place, concerns_me, mine: false, urgency, since, held_until: None, expires_at: None }
    }

    /// True where the board shows it; else it concerns others, or nobody.
    pub fn is_shown(&self, all: bool) -> bool {
        all || (self.concerns_me && self.place != Place::Quiet)
    }

    fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| until > now)
    }

    /// True where its time is up, and its service has not reported its end.
    fn is_late(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// In seconds: by the time that is left, and what does not expire after that, by its age.
    fn by_time_left(&self) -> i64 {
        self.expires_at.map_or_else(|| LATEST.as_second() + self.since, Timestamp::as_second)
    }
}

/// What an item is ranked by. `None` for what is over: resolved incidents, ended pull requests and approvals, branches
/// that never ran.
pub fn rank_key(item: &Item, me: &Identity) -> Option<RankKey> {
    match &item.detail {
        Detail::Approval(approval) => approval_key(approval, me),
        Detail::Incident(incident) => incident_key(incident, me),
        Detail::Build(build) => build_key(build, me),
        Detail::PullRequest(pull_request) => pull_request_key(pull_request, me),
    }
}

/// What may be mine to answer is in the section of what is: not to know is no reason to be calm.
fn approval_key(approval: &Approval, me: &Identity) -> Option<RankKey> {
    if !approval.waits() {
        return None;
    }
    let mine = approval.mine_to_give(me);
    let place = if mine == Some(false) { Place::Waiting } else { Place::Approvals };
    let concerns_me = mine != Some(false) || approval.is_asked_by(me) || approval.is_answered_by(me);
    let urgency = match mine {
        Some(true) => MINE,
        None => MAYBE_MINE,
        Some(false) => u8::from(!approval.is_asked_by(me)),
    };
    let key = RankKey::new(place, concerns_me, urgency, approval.asked_at);
    Some(RankKey { expires_at: approval.expires_at(), mine: mine == Some(true), ..key })
}

fn incident_key(incident: &Incident, me: &Identity) -> Option<RankKey> {
    let held_until = match incident.status {
        IncidentStatus::Resolved => return None,
        IncidentStatus::Triggered => None,
        IncidentStatus::Acknowledged => Some(incident.held_until().unwrap_or(Timestamp::MAX)),
    };
    let mine = incident.assignees().iter().chain(incident.holders()).any(|user| me.is(&user.id));
    // Of one severity, mine first.
    let urgency = (Severity::Critical as u8 - incident.severity as u8) * 2 + u8::from(!mine);
    let key = RankKey::new(Place::Incidents, true, urgency, Some(incident.started_at));
    Some(RankKey { held_until, mine, ..key })
}

fn build_key(build: &Build, me: &Identity) -> Option<RankKey> {
    let latest = build.latest()?;
    let verdict = build.verdict();
    let red = verdict.filter(|run| run.status == BuildStatus::Failed);
    let place = match red {
        Some(_) => Place::Builds,
        None if !latest.status.is_over() => Place::Running,
        None => Place::Quiet,
    };
    let shown = red.unwrap_or(latest);
    let (mine, is_my_change) = (shown.is_of(me), shown.author.as_deref().is_some_and(|author| me.is(author)));
    let concerns_me = build.default_branch || mine;
    // A default branch that I broke keeps others from working.
    let urgency = match concerns_me {
        true if place == Place::Builds && build.default_branch && is_my_change => 0,
        true => 1,
        false => 2,
    };
    Some(RankKey { mine, ..RankKey::new(place, concerns_me, urgency, build_since(build)) })
}

/// Since when a branch has been as it is: red since the first of the failures in a row.
pub(super) fn build_since(build: &Build) -> Option<Timestamp> {
    let latest = build.latest()?;
    match build.verdict() {
        Some(run) if run.status == BuildStatus::Failed => build.red().filter_map(|run| run.at).last(),
        _ => latest.started_at.or(latest.at),
    }
}

fn pull_request_key(pull_request: &PullRequest, me: &Identity) -> Option<RankKey> {
    let turn = pull_request.turn(me)?;
    let mine = me.is(&pull_request.author);
    let place = match turn.mine {
        _ if pull_request.draft => Place::Quiet,
        true => Place::PullRequests,
        false => Place::Waiting,
    };
    let reviewed = pull_request.reviews.iter().any(|review| me.is(&review.by));
    let concerns_me = turn.mine || mine || reviewed;
    let key = RankKey::new(place, concerns_me, u8::from(!mine), Some(pull_request.opened_at));
    Some(RankKey { mine: turn.mine || mine, ..key })
}

/// An item that may be shown.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<T> {
    /// Which; of those that are as urgent and as old the lower one comes first.
    pub id: T,
    /// What it is.
    pub kind: Kind,
    /// What it is ranked by.
    pub key: RankKey,
    /// Snoozed by a person or silenced by a rule.
    pub snoozed: bool,
}

/// The board without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked<T> {
    /// In the order of their urgency; none is empty.
    pub sections: Vec<RankedSection<T>>,
    /// The whole board in numbers, whatever part of it is asked for.
    pub summary: Summary,
}

/// A section without its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedSection<T> {
    /// Its title.
    pub title: &'static str,
    /// How many items are in it.
    pub total: usize,
    /// The most urgent of them, in their order.
    pub ids: Vec<T>,
}

/// Ranks all candidates, then cuts each section to `most`: what is mine stays, in its place, and as many of the others as there
/// is room for, the most urgent ones.
///
/// | section | what is in it | order |
/// | --- | --- | --- |
/// | Approvals | those that wait for my answer, or of which it is not known whether they do | whose time is not up, mine, least time left, oldest |
/// | Incidents | all that are not over | unheld, severity, mine (asked of me or in my hands), oldest |
/// | Builds | red branches: default ones and those that I broke; with `all` every one | default ones that I broke, default or mine, newest |
/// | Pull requests | those whose turn is mine | mine, oldest |
/// | Running | builds under way that are not red: of default branches and mine; with `all` every one | newest |
/// | Waiting on others | pull requests that I wrote or reviewed, approvals that I asked for or answered; with `all` every one | mine, oldest |
/// | Quiet | only with `all`: passing and canceled builds, drafts | newest |
/// | Snoozed | only with `snoozed` or `all`: what is off the board for a while | newest |
///
/// What needs a person is in the first four, but for red branches that are nobody's but their author's. What is
/// snoozed counts in no number.
pub fn rank<T: Ord>(
    candidates: impl IntoIterator<Item = Candidate<T>>,
    now: Timestamp,
    options: &Options,
    most: usize,
) -> Ranked<T> {
    let mut summary = Summary::default();
    let mut ranked: Vec<(Place, u8, i64, T, bool)> = Vec::new();
    for Candidate { id, kind, key, snoozed } in candidates {
        let held = key.is_held(now);
        let place = if snoozed { Place::Snoozed } else { key.place };
        if key.concerns_me {
            count(&mut summary, place, held, key.urgency);
        }
        let wanted = options.kind.is_none_or(|wanted| wanted == kind);
        let shown = if snoozed { options.all || options.snoozed } else { key.is_shown(options.all) };
        if wanted && shown {
            let age = match place {
                Place::Approvals => key.by_time_left(),
                Place::Incidents | Place::PullRequests | Place::Waiting => key.since,
                Place::Builds | Place::Running | Place::Quiet | Place::Snoozed => -key.since,
            };
            let last = held || (place == Place::Approvals && key.is_late(now));
            ranked.push((place, u8::from(last) * 16 + key.urgency, age, id, key.mine));
        }
    }
    ranked.sort_unstable();
    let mut sections: Vec<(Place, Vec<(T, bool)>)> = Vec::new();
    for (place, _, _, id, mine) in ranked {
        if sections.last().is_none_or(|(last, _)| *last != place) {
            sections.push((place, Vec::new()));
        }
        if let Some((_, entries)) = sections.last_mut() {
            entries.push((id, mine));
        }
    }
    let section = |(place, entries): (Place, Vec<(T, bool)>)| {
        let total = entries.len();
        RankedSection { title: place.title(), total, ids: cut(entries, most) }
    };
    Ranked { sections: sections.into_iter().map(section).collect(), summary }
}

/// The first `most` of those that are mine, and as many of the others as there is still room for; in their order.
fn cut<T>(entries: Vec<(T, bool)>, most: usize) -> Vec<T> {
    let mut mine = entries.iter().filter(|(_, mine)| *mine).count().min(most);
    let mut others = most - mine;
    let kept = entries.into_iter().filter(|(_, is_mine)| {
        let room = if *is_mine { &mut mine } else { &mut others };
        let has_room = *room > 0;
        *room = room.saturating_sub(1);
        has_room
    });
    kept.map(|(id, _)| id).collect()
}

fn count(summary: &mut Summary, place: Place, held: bool, urgency: u8) {
    match place {
        Place::Approvals if urgency == MINE => summary.approvals += 1,
        Place::Approvals => summary.maybe_approvals += 1,
        Place::Incidents => {
            summary.incidents += 1;
            summary.acknowledged += usize::from(held);
        }
        Place::Builds => summary.failing += 1,
        Place::PullRequests => summary.needs_you += 1,
        Place::Running => summary.running += 1,
        Place::Waiting | Place::Quiet | Place::Snoozed => {}
    }
}
