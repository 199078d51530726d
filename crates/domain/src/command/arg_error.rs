//! What is wrong with a typed line or an argument.

use serde::{Deserialize, Serialize};

use crate::nearest::did_you_mean;

/// How many candidates an error lists.
pub(super) const MOST_CANDIDATES: usize = 10;

/// What is wrong with a typed line or an argument, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, ts_rs::TS)]
#[serde(tag = "problem", rename_all = "snake_case")]
pub enum ArgError {
    /// No command has that name.
    #[error("there is no command {typed:?}{}", did_you_mean(nearest))]
    NoCommand {
        /// What was typed.
        typed: String,
        /// The nearest name.
        nearest: Option<String>,
    },
    /// A required argument is not given, or one that the line names has no value yet: it is asked for, with its choices.
    #[error("{}", what_is_missing(command, arg, summary, asked_by.as_deref()))]
    Missing {
        /// The command.
        command: String,
        /// The argument.
        arg: String,
        /// What it is.
        summary: String,
        /// The word of the line that calls for it, where one does: its name, or the word that leads it.
        asked_by: Option<String>,
    },
    /// The command has no such argument.
    #[error("{command} takes no {name:?}{}", did_you_mean(nearest))]
    Unexpected {
        /// The command.
        command: String,
        /// What was typed.
        name: String,
        /// The nearest argument.
        nearest: Option<String>,
    },
    /// An argument is given twice.
    #[error("{arg} is given twice: {first:?} and {second:?}")]
    Twice {
        /// The argument.
        arg: String,
        /// One value.
        first: String,
        /// The other.
        second: String,
    },
    /// A value does not fit.
    #[error("{arg}: expected {expected}, found {found:?}{}", did_you_mean(nearest))]
    Invalid {
        /// The argument.
        arg: String,
        /// What would be right.
        expected: String,
        /// What was typed.
        found: String,
        /// The nearest right value.
        nearest: Option<String>,
    },
    /// A value fits several things.
    #[error("{arg}: {found:?} could be {}{}{}", candidates.join(", "), and_more(candidates), how_to_name(arg))]
    Ambiguous {
        /// The argument (or `command`, `account`).
        arg: String,
        /// What was typed.
        found: String,
        /// What it could be.
        candidates: Vec<String>,
    },
    /// A value fits more things than are named.
    #[error(
        "{arg}: {found:?} could be {}, and {} more: say more of the one that is meant",
        candidates.join(", "), total.saturating_sub(candidates.len())
    )]
    Several {
        /// The argument.
        arg: String,
        /// What was typed.
        found: String,
        /// Some of what it could be.
        candidates: Vec<String>,
        /// How many things it could be.
        total: usize,
    },
    /// A quote is not closed.
    #[error("the quote that starts at character {at} is not closed")]
    OpenQuote {
        /// Counted from 1.
        at: usize,
    },
}

impl ArgError {
    /// A value that does not fit, with nothing near it that would.
    pub fn invalid(arg: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self::Invalid { arg: arg.into(), expected: expected.into(), found: found.into(), nearest: None }
    }

    /// A value that fits `total` things, of which these are named.
    pub fn several(
        arg: impl Into<String>,
        found: impl Into<String>,
        candidates: Vec<String>,
        total: usize,
    ) -> Self {
        let (arg, found) = (arg.into(), found.into());
        match total > candidates.len() {
            true => Self::Several { arg, found, candidates, total },
            false => Self::Ambiguous { arg, found, candidates },
        }
    }
}

/// A word that only names an argument may also have been meant as a value: both are said.
fn what_is_missing(command: &str, arg: &str, summary: &str, asked_by: Option<&str>) -> String {
    let Some(word) = asked_by else { return format!("{command} needs {arg}: {summary}") };
    let itself = match word.eq_ignore_ascii_case(arg) {
        true => format!(", or {arg}={word} if that is the value"),
        false => String::new(),
    };
    format!("{command}: {word:?} needs a value ({summary}): {arg}=VALUE{itself}")
}

/// An account is no argument of the command, so no usage says how it is named.
fn how_to_name(arg: &str) -> &'static str {
    if arg == "account" { ": say which with --account ACCOUNT" } else { "" }
}

/// Only the first candidates are listed; a full list ends with a note that there may be more.
fn and_more(candidates: &[String]) -> &'static str {
    if candidates.len() < MOST_CANDIDATES { "" } else { ", and there may be more" }
}
