//! Commands: what can be run, what it takes, and what a typed line means.

mod arguments;
mod check;
mod commands;
mod complete;
mod confirm;
mod fitting;
mod matcher;
mod named;
mod partial;
mod resolve;
mod spec;
#[cfg(test)]
mod tests;
mod token;
mod usage;
mod value;
pub mod verbs;
mod write_line;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    item::{AccountName, Item, Kind},
    nearest::did_you_mean,
};

pub use arguments::{answer, canonical_line};
pub use check::{Problem, check, check_all};
pub use commands::{Command, Commands, Parsed};
pub use complete::{Completion, What};
pub use confirm::Confirm;
pub use fitting::{Relevance, can_work, fits, is_effect_of_role};
pub use partial::PartialParse;

pub use named::{Lookup, Named};
pub use write_line::named_line;

pub use resolve::{Resolution, applies_to, prefill, resolve_item};
pub use spec::USUAL_TIMEOUT;
pub use token::{Token, line_from, quote, tokens};
pub use usage::{Usage, UsageError};

/// What a command is called, takes and does. One for a connector's action and for a command from a file alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct CommandSpec {
    /// One word or more: `deploy`, `pr approve`.
    pub name: String,
    /// Other names for it.
    pub aliases: Vec<String>,
    /// What it does, in a line.
    pub summary: String,
    /// What a button says that runs it as it stands, where its role alone does not say it: `Silence for 2 h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The grammar of the typed line: `deploy <app>[/<ref>] to <env>`. Starts with the name. See [`Usage`].
    pub usage: String,
    /// What it takes, in the order in which it is asked for.
    pub args: Vec<ArgSpec>,
    /// Lines that work as they stand.
    pub examples: Vec<String>,
    /// Whether it changes anything.
    pub effect: Effect,
    /// What it is to an item that it runs on, where that is one of the usual things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// How long a run may take.
    #[ts(type = "{ secs: number; nanos: number }")]
    pub timeout: Duration,
    /// Where its outcome goes and what guards it.
    pub policy: Policy,
    /// True where it asks each account that has it, unless one is named. Such a command only looks.
    #[serde(default)]
    pub every_account: bool,
}

/// Whether a command changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Only looks.
    Reads,
    /// Changes something outside.
    Changes,
}

/// What a command is to an item that it runs on: what people look for on every row, whatever the service calls it.
/// Clients give each its own key and place.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    ts_rs::TS,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs it again.
    Again,
    /// Approves it.
    Approve,
    /// Takes it: "I am on it".
    Take,
    /// Merges it.
    Merge,
    /// Ends it, or says that it is over.
    Resolve,
    /// Says something on it.
    Comment,
    /// Stops it.
    Stop,
    /// Shows its log.
    Log,
    /// Shows it in full.
    Show,
}

/// Where a command's outcome goes and what guards it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Policy {
    /// The channel or address of the outcome, maybe a template over the arguments.
    pub post: Option<String>,
    /// A CEL expression over the arguments that gives `none`, `yes` (ask) or `type:ARG` (type that argument's value again).
    /// See [`Confirm`].
    pub confirm: Option<String>,
    /// A name, maybe a template over the arguments, of which only one run may be under way.
    pub lock: Option<String>,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct ArgSpec {
    /// Its name, as in `name=value`.
    pub name: String,
    /// What it is, in a line.
    pub summary: String,
    /// What it can be.
    pub ty: ArgType,
    /// What it is where it is not given.
    pub default: Option<String>,
    /// True where the command cannot run without it.
    pub required: bool,
}

/// What an argument can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
#[serde(rename_all = "snake_case")]
pub enum ArgType {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`; `--name` alone is true.
    Bool,
    /// A length of time: `90s`, `15m`, `2 hours`, `1d`.
    Duration,
    /// A time to come: `18:00`, `tomorrow`, `monday 14:30`. See [`crate::until`].
    Time,
    /// One of these.
    Choice(Vec<String>),
    /// Any text; the service can list what it may be ([`crate::action::Action::choices`]).
    Live,
    /// An item on the board, by its reference or any unambiguous part of it.
    Item(Kind),
    /// Any further `name=value` on the line. At most one argument of this type, the last.
    Pairs,
}

/// The arguments of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ts_rs::TS)]
pub struct Args {
    /// By name. Those with a default are there even if not typed.
    pub values: BTreeMap<String, String>,
    /// The items that [`ArgType::Item`] arguments named, by argument name, where they stand on the board.
    pub items: BTreeMap<String, Item>,
    /// What an [`ArgType::Pairs`] argument took, in the order typed.
    pub pairs: Vec<(String, String)>,
    /// What [`ArgType::Live`] arguments named, by argument name, where the service knows it by an id of its own: their values
    /// are these ids then.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, Named>>")]
    pub named: BTreeMap<String, Named>,
}

impl Args {
    /// An argument's text, where it is given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// An argument's text; empty where it is not given.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// What an argument means, for people: with its name, where that is known.
    pub fn shown(&self, name: &str) -> String {
        self.named.get(name).map_or_else(|| self.text(name).to_owned(), ToString::to_string)
    }

    /// The item that an argument named, where it stands on the board.
    pub fn item(&self, name: &str) -> Option<&Item> {
        self.items.get(name)
    }

    /// The text of an argument that `spec` cannot run without.
    ///
    /// # Errors
    /// [`ArgError::Missing`], where it is not given or empty.
    pub fn needed(&self, spec: &CommandSpec, name: &str) -> Result<&str, ArgError> {
        let given = self.get(name).filter(|text| !text.trim().is_empty());
        given.ok_or_else(|| ArgError::Missing {
            command: spec.name.clone(),
            arg: name.to_owned(),
            summary: spec.find_arg(name).map(|arg| arg.summary.clone()).unwrap_or_default(),
        })
    }

    /// The item of that account that an argument names; `what` is what people call one, with its article: "an alert".
    ///
    /// # Errors
    /// [`ArgError::Missing`], where nothing is named; [`ArgError::Invalid`], where the board has no such item, or it is
    /// another account's.
    pub fn item_of(
        &self,
        spec: &CommandSpec,
        name: &str,
        account: &AccountName,
        what: &str,
    ) -> Result<&Item, ArgError> {
        match self.item(name) {
            Some(item) if item.key.account == *account => Ok(item),
            Some(item) => Err(ArgError::invalid(name, format!("{what} of {account}"), item.key.to_string())),
            None => {
                let typed = self.needed(spec, name)?;
                Err(ArgError::invalid(name, format!("{what} on the board"), typed))
            }
        }
    }
}

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
    /// A required argument is not given: it is asked for, with its choices.
    #[error("{command} needs {arg}: {summary}")]
    Missing {
        /// The command.
        command: String,
        /// The argument.
        arg: String,
        /// What it is.
        summary: String,
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
    #[error("{arg}: {found:?} could be {}{}", candidates.join(", "), and_more(candidates))]
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

/// Of what could be meant only the first ones are named; a list that is full says so.
fn and_more(candidates: &[String]) -> &'static str {
    if candidates.len() < commands::MOST_CANDIDATES { "" } else { ", and there may be more" }
}
