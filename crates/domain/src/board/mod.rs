//! The board: what needs a person, in sections.

mod not_seen;
mod rank;
mod rows;
mod summary;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    actor::Actor,
    identity::Identity,
    item::{ChecksStatus, Item, ItemKey, Kind, Severity, Turn},
};
pub use not_seen::{NotSeen, NotSeenKind, headline};
pub use rank::{Candidate, QUIET, RankKey, Ranked, RankedSection, rank, standing};
pub use summary::{NOTHING, Summary, Tray};

/// The most rows of a section that the board shows. A section says how many there are in all.
pub const MOST_ROWS: usize = 1_000;

/// An item, and what the board must know besides.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The item.
    pub item: &'a Item,
    /// Who its account acts as.
    pub me: &'a Identity,
    /// Snoozed by a person or silenced by a rule: it needs nobody until then.
    pub snoozed: Option<Snoozed>,
}

/// How long an item is off the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Snoozed {
    /// Until it changes.
    UntilChange,
    /// Until then.
    Until(Timestamp),
}

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

/// What needs a person, and what is under way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Board {
    /// In the order of their urgency; none is empty.
    pub sections: Vec<Section>,
    /// The same in numbers; what is shown or not makes no difference to them.
    pub summary: Summary,
    /// What is to be watched and is not seen, the worst first: what needs somebody there is not above.
    #[serde(default)]
    pub not_seen: Vec<NotSeen>,
}

impl Board {
    /// The board in a line: see [`headline`].
    pub fn headline(&self) -> String {
        headline(&self.summary, &self.not_seen)
    }
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Section {
    /// What they are: `Approvals`, `Incidents`, `Builds`, `Pull requests`, `Running`, `Waiting on others`, `Quiet`, `Snoozed`.
    pub title: String,
    /// The most urgent first, at most [`MOST_ROWS`].
    pub rows: Vec<Row>,
    /// How many there are in all.
    #[serde(default)]
    pub total: usize,
    /// How many of them are in `rows`.
    #[serde(default)]
    pub shown: usize,
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
    /// Where its account cannot be read: when this was last so.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
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

/// Makes the board of a few items: ranks all of them ([`rank`]) and makes rows of the most urgent ones.
pub fn board<'a>(entries: impl IntoIterator<Item = Entry<'a>>, now: Timestamp, options: &Options) -> Board {
    let mut entries: Vec<Entry<'a>> = entries.into_iter().collect();
    entries.sort_by(|one, other| one.item.key.cmp(&other.item.key));
    let candidates = entries.iter().enumerate().filter_map(|(id, entry)| {
        let (kind, snoozed) = (entry.item.key.kind, entry.snoozed.is_some());
        Some(Candidate { id, kind, standing: standing(entry.item, entry.me)?, snoozed })
    });
    let Ranked { sections, summary } = rank(candidates, now, options, MOST_ROWS);
    let section = |section: RankedSection<usize>| Section {
        title: section.title.to_owned(),
        total: section.total,
        shown: section.ids.len(),
        rows: section.ids.iter().filter_map(|id| entries.get(*id)).map(|entry| row(*entry, now)).collect(),
    };
    Board { sections: sections.into_iter().map(section).collect(), summary, not_seen: Vec::new() }
}

/// The row of any item, on the board or not: what is over is quiet, and says how it ended.
pub fn row(entry: Entry<'_>, now: Timestamp) -> Row {
    let row = rows::row(entry.item, entry.me, now);
    match entry.snoozed {
        None => row,
        snoozed => Row { state: State::Quiet, snoozed, ..row },
    }
}

#[cfg(test)]
mod tests;
