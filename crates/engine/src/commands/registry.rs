//! The one registry of commands: connectors' own actions and command files.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use callboard_domain::{
    action::Action,
    command::{self, ArgError, Args, Command, CommandSpec, Commands, Completion, Parsed},
    identity::Identity,
    item::{AccountName, Item},
};
use jiff::Timestamp;

use crate::{
    accounts::Accounts,
    api::Origin,
    commands::command_file::{FileCommand, Listing},
    commands::every_account::EveryAccount,
};

/// A command and who can run it.
pub(crate) struct Entry {
    pub(crate) spec: CommandSpec,
    pub(crate) runners: Runners,
}

/// Who can run a command.
pub(crate) enum Runners {
    /// Each of these accounts.
    Accounts(BTreeMap<AccountName, Arc<dyn Action>>),
    /// A command file's.
    File {
        path: PathBuf,
        action: Arc<dyn Action>,
        listings: BTreeMap<String, Listing>,
        /// Its own text, as it was read: what it is compared by.
        definition: String,
    },
}

impl Entry {
    pub(crate) fn origin(&self) -> Origin {
        match &self.runners {
            Runners::Accounts(accounts) => Origin::Accounts(accounts.keys().cloned().collect()),
            Runners::File { path, .. } => Origin::File(path.clone()),
        }
    }

    /// The command's own text, where a file has it.
    pub(crate) fn definition(&self) -> Option<&str> {
        match &self.runners {
            Runners::File { definition, .. } => Some(definition),
            Runners::Accounts(_) => None,
        }
    }

    /// The accounts that can run it.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &AccountName> {
        let accounts = match &self.runners {
            Runners::Accounts(accounts) => Some(accounts.keys()),
            Runners::File { .. } => None,
        };
        accounts.into_iter().flatten()
    }

    /// What on the board is to be listed for an argument, where a command file says so.
    pub(crate) fn listing(&self, arg: &str) -> Option<&Listing> {
        match &self.runners {
            Runners::File { listings, .. } => listings.get(arg),
            Runners::Accounts(_) => None,
        }
    }

    /// True where it is worth offering for an item as it is known: somebody can run it there, and it can work.
    pub(crate) fn is_for(&self, item: &Item, me: &Identity, now: Timestamp) -> bool {
        command::applies_to(&self.spec, item)
            && command::can_work(self.spec.role, item, me, now)
            && self
                .runner(Some(&item.key.account))
                .is_ok_and(|(_, action)| action.refuses(item, me).is_none())
    }

    /// Whom a run is done by: the account asked for, else the only one there is, else each of them where that makes sense.
    pub(crate) fn runner(
        &self,
        account: Option<&AccountName>,
    ) -> Result<(Option<AccountName>, Arc<dyn Action>), ArgError> {
        match &self.runners {
            Runners::File { action, .. } => Ok((None, Arc::clone(action))),
            Runners::Accounts(accounts) => {
                let candidates = || accounts.keys().map(ToString::to_string).collect::<Vec<_>>();
                let (name, action) = match account {
                    Some(name) => accounts.get_key_value(name).ok_or_else(|| ArgError::Invalid {
                        arg: "account".into(),
                        expected: format!("one of {}", candidates().join(", ")),
                        found: name.to_string(),
                        nearest: None,
                    })?,
                    None if accounts.len() > 1 && self.spec.every_account => {
                        let every = EveryAccount::new(self.spec.clone(), accounts.clone());
                        return Ok((None, Arc::new(every)));
                    }
                    None if accounts.len() > 1 => {
                        return Err(ArgError::Ambiguous {
                            arg: "account".into(),
                            found: self.spec.name.clone(),
                            candidates: candidates(),
                        });
                    }
                    None => accounts.iter().next().ok_or_else(|| ArgError::NoCommand {
                        typed: self.spec.name.clone(),
                        nearest: None,
                    })?,
                };
                Ok((Some(name.clone()), Arc::clone(action)))
            }
        }
    }
}

/// Every command by name.
pub(crate) struct Registry {
    entries: Vec<Entry>,
    commands: Commands,
}

impl Registry {
    /// Of all accounts that are connected, and of command files. A file's command goes before an account's of the same name.
    pub(crate) fn new(accounts: &Accounts, files: Vec<FileCommand>) -> Self {
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (name, account) in accounts {
            let actions = account.connection.iter().flat_map(|connection| &connection.actions);
            for action in actions {
                let entry = entries.entry(action.spec().name.clone()).or_insert_with(|| Entry {
                    spec: action.spec().clone(),
                    runners: Runners::Accounts(BTreeMap::new()),
                });
                if let Runners::Accounts(runners) = &mut entry.runners {
                    runners.insert(name.clone(), Arc::clone(action));
                }
            }
        }
        for command in files {
            let spec = command.action.spec().clone();
            let FileCommand { path, action, listings, definition } = command;
            let runners = Runners::File { path, action, listings, definition };
            entries.insert(spec.name.clone(), Entry { spec, runners });
        }
        let (entries, commands): (Vec<_>, Vec<_>) = entries
            .into_values()
            .filter_map(|entry| match Command::new(entry.spec.clone()) {
                Ok(command) => Some((entry, command)),
                // Connectors' own are checked by their tests and files while they are read.
                Err(error) => {
                    tracing::error!(command = %entry.spec.name, %error, "a command cannot be used");
                    None
                }
            })
            .unzip();
        Self { entries, commands: commands.into_iter().collect() }
    }

    /// Every command, by name.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The command of that name or alias.
    pub(crate) fn find(&self, name: &str) -> Result<&Entry, ArgError> {
        let place = self.commands.parse(name).map(|parsed| parsed.place)?;
        self.entry(place)
    }

    /// A command with its arguments as a person would have typed it.
    pub(crate) fn line(&self, spec: &CommandSpec, args: &Args) -> String {
        match self.commands.get(&spec.name) {
            Some(command) => command.line(args),
            None => command::canonical_line(spec, args),
        }
    }

    /// What is being typed at the end of a line.
    pub(crate) fn complete(&self, line: &str) -> Completion<'_> {
        self.commands.complete(line, line.len())
    }

    /// The command that a line begins with, whether or not the rest of it makes sense.
    pub(crate) fn named(&self, line: &str) -> Option<&Entry> {
        self.commands.named(line).and_then(|place| self.entries.get(place))
    }

    /// What a typed line means, and whose it is.
    pub(crate) fn parse(&self, line: &str) -> Result<(&Entry, Parsed<'_>), ArgError> {
        let parsed = self.commands.parse(line)?;
        Ok((self.entry(parsed.place)?, parsed))
    }

    fn entry(&self, place: usize) -> Result<&Entry, ArgError> {
        self.entries.get(place).ok_or_else(|| ArgError::NoCommand { typed: String::new(), nearest: None })
    }
}
