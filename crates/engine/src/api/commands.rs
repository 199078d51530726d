//! What can be run, what a line would do, and runs.

use std::collections::BTreeMap;

use callboard_domain::{action::Step, chat::Address, command::CommandSpec, item::AccountName, run::Run};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Delivery, HighlightedText};

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
    /// Where its outcome would be posted, as far as that is known without arguments.
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
    pub title: HighlightedText,
    /// What it means, where that is not plain.
    pub note: Option<String>,
}

/// Reads a line as far as it goes. Never an error: what is wrong is part of the response.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ReadLine {
    /// The line as typed.
    pub line: String,
}

/// A line as read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LineRead {
    /// The command, where the line begins with one.
    pub command: Option<CommandInfo>,
    /// The values that the line gives, by argument; not the defaults. Words that stand in no place are the text of the argument
    /// that is asked for. `account`, where the line says whose it is to run.
    pub values: BTreeMap<String, String>,
    /// What people call the values that are ids, by argument, whether or not the line can run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, String>>")]
    pub names: BTreeMap<String, String>,
    /// The first argument that must still be given. None where words are left that no argument can take.
    pub asks_for: Option<String>,
    /// What is wrong with what is there.
    pub problem: Option<String>,
}

/// The line that these values make, as it would be typed.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct WriteLine {
    /// The command.
    pub command: String,
    /// The values by argument, and `account`, where it is said whose it is to run; empty ones are left out.
    pub values: BTreeMap<String, String>,
}
/// What a line would do, without doing it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, TS)]
pub struct PlanQuery {
    /// The line as typed.
    pub line: String,
    /// Post the outcome there instead.
    pub channel: Option<String>,
    /// Post nothing.
    pub private: bool,
}

/// What a line would do: what is shown of it is what runs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Plan {
    /// Names exactly this: the command's own text, the arguments, the account, the items as they are, what would be sent
    /// and where the outcome goes. A run carries it; where something has changed since, nothing is sent. Opaque.
    pub fingerprint: String,
    /// The command.
    pub command: String,
    /// The line with every argument in its place, and with the account, where one was asked for.
    pub line: String,
    /// The same as people read it: alerts by what they are called, not by their fingerprints.
    #[serde(default)]
    pub named_line: String,
    /// What people call the values that are ids, by argument.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(optional, as = "Option<BTreeMap<String, String>>")]
    pub names: BTreeMap<String, String>,
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
    /// What a person must confirm before it runs.
    pub confirm: Option<Confirm>,
    /// Permissions that it needs and that the account's credential is known not to have: the service will refuse.
    #[serde(default)]
    #[serde(rename = "lacks")]
    pub missing_scopes: Vec<RequiredScope>,
}

/// A permission that a command needs and the credential does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RequiredScope {
    /// The service's name for it, such as `workflow`.
    pub scope: String,
    /// What to do about it.
    pub remedy: String,
}

/// What is no longer as it was when a line was prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// The command itself: its file was edited, or another command has its name now.
    Command,
    /// The content of a file that it uses: its program, a script.
    Files,
    /// The account that it runs on, or who that acts as.
    Account,
    /// What the line's arguments mean.
    Arguments,
    /// An item that it is about.
    Item,
    /// What would be sent.
    Steps,
    /// Where the outcome would be posted.
    Channel,
    /// Times in it: too long ago was it prepared.
    Time,
}

impl Changed {
    /// True where it is more than one thing.
    pub fn is_plural(self) -> bool {
        self == Self::Arguments
    }

    /// In words, as in "... has changed".
    pub fn describe(self) -> &'static str {
        match self {
            Self::Command => "the command itself",
            Self::Files => "a file that it runs",
            Self::Account => "the account",
            Self::Arguments => "the arguments",
            Self::Item => "what it is about",
            Self::Steps => "what would be sent",
            Self::Channel => "where its outcome is posted",
            Self::Time => "the time that it is for",
        }
    }
}

/// How a person confirms a command before it runs.
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
    pub what: PlanQuery,
    /// The answer of the person to [`Plan::confirm`]: `yes`, or the text asked for. It is for what was shown, so it needs
    /// the fingerprint too.
    pub confirmed: Option<String>,
    /// [`Plan::fingerprint`] of what was shown. A client that has shown and asked nothing may leave it out: then it
    /// is prepared and run in one step.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// True holds it for five seconds as [`callboard_domain::run::RunState::Pending`] before anything is sent, so that
    /// [`Cancel`] takes it back, for every client: for what runs at a key or a button, with no preview. It is held here and
    /// not in the client, so that a window that is closed neither loses nor hurries it; where Callboard itself ends within
    /// that time, nothing is sent and the run is `Canceled`. Each waits by itself, however many there are.
    #[serde(default)]
    pub undo: bool,
}

/// Waits for more of a run than has been seen, or half a minute.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct FollowRun {
    /// The run.
    pub id: String,
    /// How much of the output has been seen, as in [`RunProgress::seen`].
    pub seen: u64,
    /// The status line that has been seen.
    #[serde(rename = "said")]
    pub status: String,
}

/// How far a run is.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunProgress {
    /// The run as recorded.
    pub run: Run,
    /// The latest status line of the command.
    #[serde(rename = "said")]
    pub status: String,
    /// The output after what was seen. Of a long one the beginning and the end are kept; a line in between counts the rest.
    pub output: Vec<String>,
    /// How far the output goes now, in bytes.
    pub seen: u64,
    /// The steps that have begun, the first one first.
    #[serde(default)]
    pub steps: Vec<RunStep>,
    /// The message with its outcome.
    pub delivery: Option<Delivery>,
    /// Why its end is not on the record yet, where it has ended and the store cannot be written. That is tried again.
    #[serde(default)]
    pub unrecorded: Option<String>,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunStep {
    /// What it is, in a few words: "queued".
    #[serde(rename = "said")]
    pub name: String,
    /// When it began.
    pub at: Timestamp,
}

/// Runs, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct RunsQuery {
    /// At most this many, up to [`LONGEST_LIST`](super::LONGEST_LIST).
    pub limit: usize,
    /// Only those that began before this one: its id, or the start of it.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub before: Option<String>,
}

/// Records whether a run of which that was not known did happen, as a person found out.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ResolveRun {
    /// The run's id, or the start of it.
    pub id: String,
    /// True where it ran.
    pub ran: bool,
}

/// Stops a run, and answers with how it ended: one that could still be taken back is `Canceled`, with nothing sent.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Cancel {
    /// The run's id, or the start of it.
    pub id: String,
}
