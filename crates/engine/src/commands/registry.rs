//! The one registry of commands: connectors' own actions and command files.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use callboard_domain::{
    action::Action,
    command::{
        self, ArgError, ArgType, Args, Command, CommandSpec, Commands, Completion, Effect, Parsed,
        PartialParse,
    },
    identity::Identity,
    item::{AccountName, Item},
    source::GoneReason,
};
use jiff::Timestamp;

use crate::{
    accounts::Accounts,
    api::Origin,
    commands::command_file::{FileCommand, Listing},
    commands::every_account::EveryAccount,
    store::StoredItem,
};

/// What a line calls the account that is to run it.
const ACCOUNT: &str = "account";

/// A command and who can run it.
pub(crate) struct Entry {
    pub(crate) spec: CommandSpec,
    pub(crate) runners: Runners,
    /// The accounts that cannot be used now, with why: what they could run is not known.
    not_connected: Arc<BTreeMap<AccountName, String>>,
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

    /// The same for one that may be gone: what is deleted is offered nothing, and what is off the board for another reason
    /// only what looks at it.
    pub(crate) fn is_for_stored(&self, stored: &StoredItem, me: &Identity, now: Timestamp) -> bool {
        let can_be_run = match &stored.gone {
            None => true,
            Some((GoneReason::Deleted, _)) => false,
            Some(_) => self.spec.effect == Effect::Reads,
        };
        can_be_run && self.is_for(&stored.item, me, now)
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
                let unknown = |name: &AccountName| {
                    let known = candidates().join(", ");
                    let expected = match self.not_connected.get(name) {
                        Some(why) => format!("one of {known}, as {name} is not connected ({why})"),
                        None => format!("one of {known}"),
                    };
                    ArgError::invalid(ACCOUNT, expected, name.as_str())
                };
                let (name, action) = match account {
                    Some(name) => accounts.get_key_value(name).ok_or_else(|| unknown(name))?,
                    None if accounts.len() > 1 && self.spec.every_account => {
                        let every = EveryAccount::new(self.spec.clone(), accounts.clone());
                        return Ok((None, Arc::new(every)));
                    }
                    None if accounts.len() > 1 => {
                        return Err(ArgError::Ambiguous {
                            arg: ACCOUNT.into(),
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

    /// The same for a line that names no account, and of whose items the board has none: an account that refuses such an item
    /// is not meant, and it is asked which is only where several are left.
    ///
    /// # Errors
    /// Those of [`Self::runner`]; [`ArgError::Invalid`], where there is no such item of any account.
    pub(crate) fn runner_for(
        &self,
        args: &Args,
        now: Timestamp,
    ) -> Result<(Option<AccountName>, Arc<dyn Action>), ArgError> {
        let (accounts, unclear) = match (self.runner(None), &self.runners) {
            (Err(unclear @ ArgError::Ambiguous { .. }), Runners::Accounts(accounts)) => (accounts, unclear),
            (clear, _) => return clear,
        };
        let lacking = self.spec.args.iter().find_map(|arg| match arg.ty {
            ArgType::Item(_) if args.item(&arg.name).is_none() => Some((arg, args.get(&arg.name)?)),
            _ => None,
        });
        let Some((arg, typed)) = lacking else { return Err(unclear) };
        let refuses_it = |action: &dyn Action| match action.preview(args, now) {
            Err(ArgError::Invalid { arg: refused, .. }) => refused == arg.name,
            _ => false,
        };
        let left: Vec<_> = accounts.iter().filter(|(_, action)| !refuses_it(&***action)).collect();
        match left.as_slice() {
            [] => {
                let of: Vec<&str> = accounts.keys().map(AccountName::as_str).collect();
                let expected = format!("{} on the board, of {}", arg.ty.expected(), of.join(" or "));
                Err(ArgError::invalid(&arg.name, expected, typed))
            }
            [(name, action)] => Ok((Some((*name).clone()), Arc::clone(action))),
            several => Err(ArgError::Ambiguous {
                arg: ACCOUNT.into(),
                found: self.spec.name.clone(),
                candidates: several.iter().map(|(name, _)| name.to_string()).collect(),
            }),
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
        let not_connected = accounts.iter().filter_map(|(name, account)| {
            Some((name.clone(), account.connection.as_ref().err()?.to_string()))
        });
        let not_connected = Arc::new(not_connected.collect::<BTreeMap<_, _>>());
        for (name, account) in accounts {
            let actions = account.connection.iter().flat_map(|connection| &connection.actions);
            for action in actions {
                let entry = entries.entry(action.spec().name.clone()).or_insert_with(|| Entry {
                    spec: action.spec().clone(),
                    runners: Runners::Accounts(BTreeMap::new()),
                    not_connected: Arc::clone(&not_connected),
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
            let not_connected = Arc::clone(&not_connected);
            entries.insert(spec.name.clone(), Entry { spec, runners, not_connected });
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

    /// What makes sense of a line that [`Self::parse`] refuses. `None` where it begins with no command.
    pub(crate) fn begun(&self, line: &str) -> Option<PartialParse<'_>> {
        self.commands.begun(line)
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
