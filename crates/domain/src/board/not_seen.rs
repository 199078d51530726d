//! What the board does not see: an empty board is calm only where this is empty.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::summary::{NOTHING, Summary};
use crate::{
    item::AccountName,
    source::{Problem, ProblemKind},
    text::listed,
};

/// Something watched that the board does not show at all, in part, or up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct NotSeen {
    /// The account that watches it.
    pub account: AccountName,
    /// The part of it (`acme/web`); empty for the account as a whole.
    pub part: String,
    /// What it means for the board.
    pub kind: NotSeenKind,
    /// Why, in plain words, and the remedy where one is known.
    pub why: String,
    /// Since when, where known: what the board shows of it is from before.
    pub since: Option<Timestamp>,
}

/// What is not seen, and so what may be missing from the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum NotSeenKind {
    /// The account is missing something (a secret, a setting, an unlocked keychain), so nothing of it is read.
    NotSetUp,
    /// The account cannot be read: its rows are from before.
    Down,
    /// What is read of the account cannot be recorded: its rows are from before.
    Unrecorded,
    /// Nothing of the part is read.
    Part,
    /// There is more than was read.
    Incomplete,
    /// An entry could not be read and is left out.
    Malformed,
    /// The first poll has not ended, or a long one that is read in parts, or one that is due since long.
    Reading,
}

impl NotSeen {
    /// What a problem of a poll hides from the board; `None` where every row is there.
    pub fn of(account: &AccountName, problem: &Problem, since: Option<Timestamp>) -> Option<Self> {
        let kind = match problem.kind {
            ProblemKind::NotSeen => NotSeenKind::Part,
            ProblemKind::Incomplete => NotSeenKind::Incomplete,
            ProblemKind::Malformed => NotSeenKind::Malformed,
            ProblemKind::Details => return None,
        };
        let (part, why) = (problem.part.clone(), problem.why.clone());
        Some(Self { account: account.clone(), part, kind, why, since })
    }

    /// What is not seen: the part, or the account where it is all of it.
    pub fn name(&self) -> &str {
        if self.part.is_empty() { self.account.as_str() } else { &self.part }
    }
}

/// "acme/secret is not seen: the token may not read it".
impl fmt::Display for NotSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NotSeenKind::NotSetUp => "is not set up",
            NotSeenKind::Down => "cannot be read",
            NotSeenKind::Unrecorded => "is not recorded",
            NotSeenKind::Part => "is not seen",
            NotSeenKind::Incomplete => "is not seen whole",
            NotSeenKind::Malformed => "has an entry that cannot be read",
            NotSeenKind::Reading => "is being read",
        };
        write!(f, "{} {what}", self.name())?;
        if self.why.is_empty() { Ok(()) } else { write!(f, ": {}", self.why) }
    }
}

/// The text shown when nothing needs a person because no account is watched.
const NOTHING_WATCHED: &str = "Nothing is watched";

/// The board in a line. Where something is not seen, or no account is watched (`watches`), [`NOTHING`]
/// never appears alone.
///
/// "Nothing needs you in what is seen. Not seen: acme/secret", "1 build fails. Not seen: ci, acme/web and 3 more".
pub fn headline(summary: &Summary, not_seen: &[NotSeen], watches: bool) -> String {
    let mut names: Vec<&str> = not_seen.iter().map(NotSeen::name).collect();
    let mut known = std::collections::HashSet::new();
    names.retain(|name| known.insert(*name));
    let headline = summary.to_string();
    match (names.as_slice(), headline == NOTHING) {
        ([], true) if !watches => NOTHING_WATCHED.to_owned(),
        ([], _) => headline,
        (names, true) => format!("{NOTHING} in what is seen. Not seen: {}", listed(names)),
        (names, false) => format!("{headline}. Not seen: {}", listed(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn not_seen(part: &str, kind: NotSeenKind, why: &str) -> NotSeen {
        NotSeen { account: "forge".into(), part: part.into(), kind, why: why.into(), since: None }
    }

    #[test]
    fn headline_names_what_is_not_seen() {
        let red = Summary { failing: 1, ..Summary::default() };
        let part = |name: &str| not_seen(name, NotSeenKind::Part, "no");
        let whole = not_seen("", NotSeenKind::Down, "503");
        let cases = [
            (Summary::default(), vec![], true, "Nothing needs you"),
            (Summary::default(), vec![], false, "Nothing is watched"),
            (
                Summary::default(),
                vec![part("acme/secret")],
                true,
                "Nothing needs you in what is seen. Not seen: acme/secret",
            ),
            (red, vec![], true, "1 build fails"),
            (red, vec![], false, "1 build fails"),
            (red, vec![whole.clone()], true, "1 build fails. Not seen: forge"),
            (
                red,
                vec![whole, part("a/b"), part("a/b"), part("a/c")],
                true,
                "1 build fails. Not seen: forge and 2 more",
            ),
        ];
        for (summary, not_seen, watches, expected) in cases {
            assert_eq!(headline(&summary, &not_seen, watches), expected);
        }
    }

    #[test]
    fn problems_hide_rows_or_only_details() {
        let cases = [
            (ProblemKind::NotSeen, Some("a/b is not seen: why")),
            (ProblemKind::Incomplete, Some("a/b is not seen whole: why")),
            (ProblemKind::Malformed, Some("a/b has an entry that cannot be read: why")),
            (ProblemKind::Details, None),
        ];
        for (kind, expected) in cases {
            let found = NotSeen::of(&"forge".into(), &Problem::new(kind, "a/b", "why"), None);
            assert_eq!(found.map(|it| it.to_string()).as_deref(), expected, "{kind:?}");
        }
    }
}
