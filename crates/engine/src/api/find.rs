//! What is found by typing, and by a search through all that is stored.

use callboard_domain::{
    board::{Row, RunInDoubt},
    item::ItemKey,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::HighlightedText;

/// What a launcher shows for what was typed: commands, items and runs, matched in any order of letters, recent and
/// frequent ones first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Find {
    /// What was typed; nothing finds nothing.
    pub text: String,
    /// At most this many of each kind.
    pub limit: usize,
}

/// What was found, the best kind first, the best of each first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Found {
    /// Commands.
    pub commands: Vec<FoundCommand>,
    /// Items: one whose title is what was typed, then those whose title begins with it, then those with its words in order, then
    /// the rest that hold them, then those that hold its letters.
    pub items: Vec<FoundItem>,
    /// True where the items are the best kind: the title of the first holds word by word what was typed, and no command does.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub items_first: bool,
    /// How many items match in all, those that are not here included. `None` where not all of them were counted, and by an
    /// older version.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub items_total: Option<usize>,
    /// Lines that were run before, each once, the latest run of each.
    pub runs: Vec<FoundRun>,
    /// The line that the text would be with its best completion, where it begins with the text.
    pub completion: Option<String>,
}

/// A command that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundCommand {
    /// Its name.
    pub name: String,
    /// The name, with what matched.
    pub title: HighlightedText,
    /// What it does, in a line.
    pub summary: String,
    /// Where its outcome would be posted, as far as that is known without arguments.
    pub posts_to: String,
    /// What it takes, in words: `app, env, [ref]`.
    pub takes: String,
}

/// An item that fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundItem {
    /// Its row, as on the board.
    pub row: Row,
    /// Its title, with what matched.
    pub title: HighlightedText,
}

/// A line that was run before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundRun {
    /// The latest run's id.
    pub id: String,
    /// The line, as it can be run again.
    pub line: String,
    /// The account that the latest run ran as, where it was a connector's action.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub account: Option<String>,
    /// The line as people read it, with what matched.
    pub title: HighlightedText,
    /// The latest run's state.
    pub state: String,
    /// Who ran it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Full-text search over items and runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Search {
    /// Words, or parts of them.
    pub text: String,
    /// At most this many of each kind, up to [`LONGEST_LIST`](super::LONGEST_LIST).
    pub limit: usize,
    /// Not the first so many of each kind: the pages before.
    #[serde(default)]
    pub skip: usize,
}

/// Something that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum SearchHit {
    /// An item.
    Item {
        /// Its key.
        key: ItemKey,
        /// Its title.
        title: String,
        /// Its state.
        status: String,
        /// The runs on it of which nobody knows whether they ran, the latest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<RunInDoubt>>")]
        in_doubt: Vec<RunInDoubt>,
    },
    /// A run.
    Run {
        /// Its id.
        id: String,
        /// Its line.
        line: String,
        /// The line as people read it, where that is another one: alerts go by what they are called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        named_line: Option<String>,
        /// Its state.
        state: String,
    },
}
