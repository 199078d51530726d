//! The contract of what can be done: a connector's own commands.

use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    command::{ArgError, Args, CommandSpec, Lookup},
    error::ServiceError,
    identity::Identity,
    item::{AccountName, Item},
    run::Outcome,
};

/// A connector's own command.
#[async_trait]
pub trait Action: Send + Sync {
    /// What it is called and takes.
    fn spec(&self) -> &CommandSpec;

    /// Exactly what would be sent for these arguments, in order, secrets masked; sends nothing.
    fn preview(&self, args: &Args, now: Timestamp) -> Result<Vec<Step>, ArgError>;

    /// Why this can never work on an item in its stored state, as a sentence: it is merged, it is the user's own. Such an
    /// item is not offered for it, and refused where it is typed. The service refuses what has changed since.
    fn refuses(&self, _item: &Item, _me: &Identity) -> Option<String> {
        None
    }

    /// The permissions that its credential must have, by the service's names (see [`crate::identity::MissingScope`]).
    fn scopes(&self) -> &'static [&'static str] {
        &[]
    }

    /// The files whose content is part of what it does for these arguments, such as a script that it runs: one that has
    /// changed since it was shown is something else to run. Files that are not there count as well.
    fn files(&self, _args: &Args) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The account that it acts as, where that is part of the command itself.
    fn account(&self) -> Option<&AccountName> {
        None
    }

    /// Does it. Cancelled by dropping the future.
    ///
    /// The arguments have passed [`Action::preview`]. `now` is when the run began; where the preview depends on the time,
    /// it is the preview's time, so that what was shown is what is sent.
    async fn run(
        &self,
        args: &Args,
        now: Timestamp,
        progress: &dyn Progress,
    ) -> Result<Outcome, ServiceError>;

    /// The object of the service that the text of an argument may mean, where the service uses an id that few people know.
    /// It is looked up before the preview, and [`Args::named`] has what was found. `None` where it is sent as it is typed.
    async fn look_up(&self, _arg: &str, _typed: &str) -> Result<Option<LookupResult>, ServiceError> {
        Ok(None)
    }

    /// Live choices for an argument, given the ones before it. Empty where there are none.
    async fn choices(&self, _arg: &str, _args: &Args) -> Result<Vec<Choice>, ServiceError> {
        Ok(Vec::new())
    }
}

/// One thing that a command would do: a request, a program, a wait.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
pub struct Step {
    /// In a few words: "Start acme/web on ci.acme.example".
    pub what: String,
    /// The request or program itself, one line or several; empty for a wait.
    #[serde(rename = "exactly")]
    pub request: String,
}

/// What an argument has to name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupResult {
    /// In words that follow "expected": "a user's id, name or e-mail address".
    pub what: &'static str,
    /// What the service found.
    pub lookup: Lookup,
}

/// A value that an argument can take.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, ts_rs::TS)]
pub struct Choice {
    /// What is typed.
    pub value: String,
    /// What it means, where that is not plain.
    pub note: Option<String>,
}

/// Where a running command reports its progress.
pub trait Progress: Send + Sync {
    /// The state in a line, replacing the last one: "queued, 2 before it".
    fn status(&self, line: &str);

    /// A step begins, in a few words: "queued". Steps are few, and kept with the run; how far one is, is for
    /// [`Progress::status`].
    fn step(&self, name: &str) {
        self.status(name);
    }

    /// More output, as it comes.
    fn output(&self, text: &str);
}
