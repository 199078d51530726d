//! The board: what needs a person, in sections.

mod entry;
mod not_seen;
mod rank;
mod rows;
mod summary;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use entry::{Entry, Snoozed};
pub use not_seen::{NotSeen, NotSeenKind, headline};
pub use rank::{Candidate, Options, QUIET, RankKey, Ranked, RankedSection, rank, rank_key};
pub use rows::{Row, RunInDoubt, State};
pub use summary::{NOTHING, Summary, Tray};

/// The most rows of a section that the board shows. [`Section::total`] is how many there are in all.
pub const MOST_ROWS: usize = 1_000;

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
    pub fn headline(&self, watches: bool) -> String {
        headline(&self.summary, &self.not_seen, watches)
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

/// Makes the board of a few items: ranks all of them ([`rank`]) and makes rows of the most urgent ones.
pub fn board<'a>(entries: impl IntoIterator<Item = Entry<'a>>, now: Timestamp, options: &Options) -> Board {
    let mut entries: Vec<Entry<'a>> = entries.into_iter().collect();
    entries.sort_by(|one, other| one.item.key.cmp(&other.item.key));
    let candidates = entries.iter().enumerate().filter_map(|(id, entry)| {
        let (kind, snoozed) = (entry.item.key.kind, entry.snoozed.is_some());
        Some(Candidate { id, kind, key: rank_key(entry.item, entry.me)?, snoozed })
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

/// The row of any item, on the board or not: what is over is quiet, and shows how it ended.
pub fn row(entry: Entry<'_>, now: Timestamp) -> Row {
    let row = rows::row(entry.item, entry.me, now);
    match entry.snoozed {
        None => row,
        snoozed => Row { state: State::Quiet, snoozed, ..row },
    }
}

#[cfg(test)]
mod tests;
