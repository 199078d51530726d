//! The board: what needs a person, in sections.

mod rows;
mod summary;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    identity::Identity,
    item::{Item, ItemKey, Kind, Turn},
};
use rows::{Place, Placed};
pub use summary::{NOTHING, Summary, Tray};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Options {
    /// Only items of this kind.
    pub kind: Option<Kind>,
    /// Everything that is open, passing and other people's too; else what concerns me.
    pub all: bool,
}

/// What needs a person, and what is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Board {
    /// In the order of their urgency; none is empty.
    pub sections: Vec<Section>,
    /// The same in numbers; what is shown or not makes no difference to them.
    pub summary: Summary,
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Section {
    /// What they are: `Incidents`, `Builds`, `Pull requests`, `Running`, `Waiting on others`, `Quiet`.
    pub title: String,
    /// The most urgent first.
    pub rows: Vec<Row>,
}

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
    pub second: String,
    /// Whose turn it is.
    pub turn: Option<Turn>,
    /// Since when it has been so: an incident began, a branch turned red, a pull request was opened.
    pub since: Option<Timestamp>,
    /// Where it can be seen.
    pub url: Option<Url>,
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
        let Some(mut placed) = rows::place(entry, now, options.all) else { continue };
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

/// The row of any item, on the board or not: what is over is quiet, and says how it ended.
pub fn row(entry: Entry<'_>, now: Timestamp) -> Row {
    match rows::place(entry, now, true) {
        Some(Placed { row, .. }) if entry.snoozed => Row { state: State::Quiet, ..row },
        Some(Placed { row, .. }) => row,
        None => rows::over(entry.item),
    }
}

#[cfg(test)]
mod tests;
