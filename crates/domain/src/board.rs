//! The board: what needs a person, in sections.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    identity::Identity,
    item::{
        Build, BuildStatus, ChecksStatus, Detail, Incident, IncidentStatus, Item, ItemKey, Kind, PullRequest,
        Turn, listed,
    },
};

/// What is said when nothing needs a person.
pub const NOTHING: &str = "Nothing needs you";

/// An item, and what the board must know besides.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The item.
    pub item: &'a Item,
    /// Who its account acts as.
    pub me: &'a Identity,
    /// Snoozed by a person or silenced by a rule: it needs nobody until it changes.
    pub snoozed: bool,
}

/// What to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Only items of this kind.
    pub kind: Option<Kind>,
    /// Everything that is open, passing and other people's too; else what concerns me.
    pub all: bool,
}

/// What needs a person, and what is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// In the order of their urgency; none is empty.
    pub sections: Vec<Section>,
    /// The same in numbers; what is shown or not makes no difference to them.
    pub summary: Summary,
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// What they are: `Incidents`, `Builds`, `Pull requests`, `Running`, `Waiting on others`, `Quiet`.
    pub title: String,
    /// The most urgent first.
    pub rows: Vec<Row>,
}

/// One item on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub second: String,
    /// Whose turn it is.
    pub turn: Option<Turn>,
    /// Since when it has been so: an incident began, a branch turned red, a pull request was opened.
    pub since: Option<Timestamp>,
    /// Where it can be seen.
    pub url: Option<Url>,
}

/// What a row is, by its glyph's shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The word for it, as in JSON.
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

/// The board in numbers. Snoozed items do not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Branches that are red: default ones, and those that I broke.
    pub failing: usize,
    /// Incidents that are not over.
    pub incidents: usize,
    /// Those of them that somebody has.
    pub held: usize,
    /// Pull requests whose turn is mine.
    pub needs_you: usize,
    /// Builds under way: of default branches, and mine.
    pub running: usize,
}

/// What the tray shows, as far as items decide it: the icon's name, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tray {
    /// Something is broken, and nobody has it.
    Failing,
    /// It is my turn somewhere.
    Attention,
    /// Something is broken, and somebody has it.
    Acknowledged,
    /// Nothing of that.
    Calm,
}

impl Tray {
    /// What it means, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Attention => "needs you",
            Self::Acknowledged => "somebody has it",
            Self::Calm => "calm",
        }
    }
}

impl Summary {
    /// How many things need a person: the tray's number.
    pub fn count(&self) -> usize {
        self.failing + (self.incidents - self.held) + self.needs_you
    }

    /// What the tray shows, unless it is offline or not to be disturbed.
    pub fn tray(&self) -> Tray {
        if self.failing > 0 || self.incidents > self.held {
            Tray::Failing
        } else if self.needs_you > 0 {
            Tray::Attention
        } else if self.held > 0 {
            Tray::Acknowledged
        } else {
            Tray::Calm
        }
    }
}

/// "1 build fails, 2 incidents (1 with somebody), 3 pull requests need you", or [`NOTHING`].
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        match self.failing {
            0 => {}
            1 => parts.push("1 build fails".to_owned()),
            count => parts.push(format!("{count} builds fail")),
        }
        let held = if self.held > 0 { format!(" ({} with somebody)", self.held) } else { String::new() };
        match self.incidents {
            0 => {}
            1 => parts.push(format!("1 incident{held}")),
            count => parts.push(format!("{count} incidents{held}")),
        }
        match self.needs_you {
            0 => {}
            1 => parts.push("1 pull request needs you".to_owned()),
            count => parts.push(format!("{count} pull requests need you")),
        }
        if parts.is_empty() { f.write_str(NOTHING) } else { f.write_str(&parts.join(", ")) }
    }
}

/// Makes the board. Resolved incidents and ended pull requests are not on it.
///
/// | section | what is in it | order |
/// | --- | --- | --- |
/// | Incidents | all that are not over | unheld, severity, oldest |
/// | Builds | red branches: default ones and those that I broke; with `all` every one | default or mine, newest |
/// | Pull requests | those whose turn is mine | mine, oldest |
/// | Running | builds under way that are not red: of default branches and mine; with `all` every one | newest |
/// | Waiting on others | pull requests that I wrote or reviewed; with `all` every one | mine, oldest |
/// | Quiet | only with `all`: passing and canceled builds, drafts, what is snoozed | newest |
///
/// What needs a person is in the first three, but for red branches that are nobody's but their author's.
pub fn board<'a>(entries: impl IntoIterator<Item = Entry<'a>>, now: Timestamp, options: &Options) -> Board {
    let mut summary = Summary::default();
    let mut rows: Vec<Placed> = Vec::new();
    for entry in entries {
        let other_kind = options.kind.is_some_and(|kind| kind != entry.item.key.kind);
        if other_kind || (entry.snoozed && !options.all) {
            continue;
        }
        let placed = match &entry.item.detail {
            Detail::Incident(incident) => place_incident(incident, entry, now),
            Detail::Build(build) => place_build(build, entry, options.all),
            Detail::PullRequest(pull_request) => place_pull_request(pull_request, entry, options.all),
        };
        let Some(mut placed) = placed else { continue };
        if entry.snoozed {
            placed.section = Place::Quiet;
            placed.row.state = State::Quiet;
        } else if placed.concerns_me {
            match placed.section {
                Place::Incidents => {
                    summary.incidents += 1;
                    summary.held += usize::from(placed.row.held);
                }
                Place::Builds => summary.failing += 1,
                Place::PullRequests => summary.needs_you += 1,
                Place::Running => summary.running += 1,
                Place::Waiting | Place::Quiet => {}
            }
        }
        rows.push(placed);
    }
    rows.sort_by(|one, other| one.rank().cmp(&other.rank()));
    let mut sections: Vec<Section> = Vec::new();
    for Placed { section, row, .. } in rows {
        match sections.last_mut().filter(|last| last.title == section.title()) {
            Some(last) => last.rows.push(row),
            None => sections.push(Section { title: section.title().to_owned(), rows: vec![row] }),
        }
    }
    Board { sections, summary }
}

/// The sections, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Incidents,
    Builds,
    PullRequests,
    Running,
    Waiting,
    Quiet,
}

impl Place {
    fn title(self) -> &'static str {
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
struct Placed {
    section: Place,
    concerns_me: bool,
    /// Lower ones come first within the section; then by age.
    urgency: u8,
    row: Row,
}

impl Placed {
    fn rank(&self) -> (Place, u8, i64, &ItemKey) {
        let since = self.row.since.map_or(0, Timestamp::as_second);
        let age = match self.section {
            Place::Incidents | Place::PullRequests | Place::Waiting => since,
            Place::Builds | Place::Running | Place::Quiet => -since,
        };
        (self.section, self.urgency, age, &self.row.key)
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

#[cfg(test)]
mod tests;
