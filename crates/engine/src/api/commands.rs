//! What can be run, what a line would do, and runs.

use std::collections::BTreeMap;

use callboard_domain::{action::Step, chat::Address, command::CommandSpec, item::AccountName, run::Run};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Delivery, Marked};

/// The commands that can be run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct CommandsQuery {}

/// One command in full.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct HelpQuery {
    /// Its name.
    pub command: String,
}

/// A command, where it runs and where its outcome goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CommandInfo {
    /// What it is called and takes.
    pub spec: CommandSpec,
    /// Where it comes from: the accounts that offer it, or its file.
    pub origin: Origin,
    /// Where its outcome would be posted, as far as can be told without arguments.
    pub posts_to: String,
}

/// Where a command comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Accounts' own action.
    Accounts(Vec<AccountName>),
    /// A command file.
    File(std::path::PathBuf),
}

/// What an argument may be, live: those that fit what is typed of it, the best first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ChoicesQuery {
    /// The line so far.
    pub line: String,
    /// The argument.
    pub arg: String,
    /// What is typed of it; nothing lists all.
    #[serde(default)]
    pub typed: String,
}

/// A value that an argument can take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundChoice {
    /// What is typed.
    pub value: String,
    /// The value, with what matched.
    pub title: Marked,
    /// What it means, where that is not plain.
    pub note: Option<String>,
}

/// What a line says, as far as it goes. Never an error: what is wrong is part of the answer.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReadLine {
    /// The line as typed.
    pub line: String,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LineRead {
    /// The command, where the line begins with one.
    pub command: Option<CommandInfo>,
    /// The values that the line gives, by argument; not the defaults.
    pub values: BTreeMap<String, String>,
    /// The first argument that must still be given.
    pub asks_for: Option<String>,
    /// What is wrong with what is there.
    pub problem: Option<String>,
}

/// The line that these values make, as it would be typed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WriteLine {
    /// The command.
    pub command: String,
    /// The values by argument; empty ones are left out.
    pub values: BTreeMap<String, String>,
}
/// What a line would do, without doing it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct Prepare {
    /// The line as typed.
    pub line: String,
    /// Post the outcome there instead.
    pub channel: Option<String>,
    /// Post nothing.
    pub private: bool,
}

/// What a line would do.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Prepared {
    /// The command.
    pub command: String,
    /// The line with every argument in its place.
    pub line: String,
    /// The account that it would run as, where it is a connector's action.
    pub account: Option<AccountName>,
    /// Who that account acts as, where known.
    pub acts_as: Option<String>,
    /// What would be sent, exactly, secrets masked.
    pub steps: Vec<Step>,
    /// Where the outcome would be posted; `None` for a private run.
    pub post: Option<Address>,
    /// Why there.
    pub post_reason: String,
    /// What a person must say before it runs.
    pub confirm: Option<Confirm>,
}

/// What a person must say before a command runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Yes.
    Yes,
    /// This text.
    Type(String),
}

/// Runs a line.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct StartRun {
    /// What to run and where to post.
    pub what: Prepare,
    /// What the person said to [`Prepared::confirm`]: `yes`, or the text asked for.
    pub confirmed: Option<String>,
}

/// Waits for more of a run than has been seen, or half a minute.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FollowRun {
    /// The run.
    pub id: String,
    /// How many pieces of output have been seen.
    pub seen: u64,
    /// The state line that has been seen.
    pub said: String,
}

/// How far a run is.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunProgress {
    /// The run as recorded.
    pub run: Run,
    /// Its state in a line, as the command says it.
    pub said: String,
    /// The pieces of output after those seen.
    pub output: Vec<String>,
    /// How many pieces there are now.
    pub seen: u64,
    /// The steps that have begun, the first one first.
    #[serde(default)]
    pub steps: Vec<RunStep>,
    /// Where its outcome stands.
    pub delivery: Option<Delivery>,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunStep {
    /// What it is, in a few words: "queued".
    pub said: String,
    /// When it began.
    pub at: Timestamp,
}

/// Runs, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsQuery {
    /// At most this many.
    pub limit: usize,
}

/// Settles a run of which it is not known whether it happened: the word of a person who has looked.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SettleRun {
    /// The run's id, or the start of it.
    pub id: String,
    /// True where it ran.
    pub ran: bool,
}

/// Stops a run.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Cancel {
    /// The run's id, or the start of it.
    pub id: String,
}
