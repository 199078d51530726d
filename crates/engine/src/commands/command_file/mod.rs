//! Command files: `*.toml` in the folders that the configuration names, reviewed and shared by a team.
//!
//! `table` is what they look like, `read` finds everything that is wrong in them, and what comes out is a
//! `command::Command`: an action like any connector's, that sends a request (`http`) or runs a program (`exec`).

mod choices;
mod command;
mod evaluation;
mod exec;
mod executed;
mod fit;
mod http;
mod named_files;
mod path;
mod process;
mod read;
mod table;
#[cfg(test)]
mod tests;
mod wait;

use std::{
    cell::LazyCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_connectors::{
    Access,
    http::{Client, Redactor},
};
use callboard_domain::{
    action::Action,
    command::{self as typed, Commands},
    item::AccountName,
};

use self::{command::Run, read::Checked};
use crate::{
    accounts::{Account, Accounts},
    config::{Config, ConfigError, ConfigErrors, STAND_IN, Step, TomlFile, text_of},
    system::private,
};

pub(crate) use choices::Listing;
#[cfg(target_os = "linux")]
pub use process::subreaper::become_subreaper_if_asked;

/// Only Linux has subreapers: elsewhere a command is ended with its process group, or alone.
#[cfg(not(target_os = "linux"))]
pub fn become_subreaper_if_asked() -> Option<std::process::ExitCode> {
    None
}

/// The most command files that are read, in all folders.
const MOST_FILES: usize = 500;

/// A command of a file.
pub(crate) struct FileCommand {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it does.
    pub(crate) action: Arc<dyn Action>,
    /// What on the board is to be listed for its arguments.
    pub(crate) listings: BTreeMap<String, Listing>,
    /// All that it says, in a form that differs wherever it does.
    pub(crate) definition: String,
}

/// The command files of a folder, by name. What editors keep beside them begins with a dot and is none. A folder in which
/// anybody could put one is refused.
pub(crate) fn files_in(dir: &Path) -> io::Result<Vec<PathBuf>> {
    private::check_trusted_folder(dir)?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|it| it == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What is in the command files of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The names of the commands.
    pub names: Vec<String>,
    /// Commands that take the place of one that an account brings, each in a sentence: that is allowed, and easily meant
    /// otherwise.
    pub replaced: Vec<String>,
}

/// Reads and checks the command files of a configuration.
///
/// # Errors
/// Everything that is wrong in any of them.
pub fn load(config: &Config) -> Result<Found, ConfigErrors> {
    let (commands, errors) = read_all(config);
    if !errors.is_empty() {
        return Err(ConfigErrors(errors));
    }
    let built_in = built_in(config);
    let mut found = Found { names: Vec::new(), replaced: Vec::new() };
    for Checked { path, command, .. } in commands {
        let spec = command.spec;
        for name in std::iter::once(&spec.name).chain(&spec.aliases) {
            if let Some(account) = built_in.get(&name.to_lowercase()) {
                found.replaced.push(format!(
                    "{}: the command `{name}` takes the place of the one that the account {account} brings",
                    path.display()
                ));
            }
        }
        found.names.push(spec.name);
    }
    Ok(found)
}

/// The names of the commands that accounts bring, in lower case, with the first account that does. To know them no secret is
/// needed: any text takes its place, and nothing is sent.
fn built_in(config: &Config) -> BTreeMap<String, AccountName> {
    let mut names = BTreeMap::new();
    let Ok(client) = Client::new() else { return names };
    for (account, service) in &config.accounts {
        let secrets = service.secrets().iter().map(|field| (field.name.to_owned(), "not a secret".into()));
        let access = Access {
            account: account.clone(),
            client: client.clone(),
            secrets: secrets.collect(),
            person: None,
        };
        for action in service.connect(access).into_iter().flat_map(|connection| connection.actions) {
            let spec = action.spec();
            for name in std::iter::once(&spec.name).chain(&spec.aliases) {
                names.entry(name.to_lowercase()).or_insert_with(|| account.clone());
            }
        }
    }
    names
}

/// Reads the command files of a configuration, ready to run on its accounts, and what is wrong in those that are left out.
///
/// An account that cannot be used now (its secret is not set) is no fault of the file: its commands fail with that when they run.
pub(crate) fn load_for(config: &Config, accounts: &Accounts) -> (Vec<FileCommand>, Vec<ConfigError>) {
    // Made where a program is run: it may have read the secret of any account.
    let of_all = LazyCell::new(|| redactor(accounts));
    let ready = |Checked { path, mut command, listings, .. }: Checked| {
        match &mut command.run {
            Run::Http(call) => call.http = api(accounts.get(&call.account).map(|account| &**account)),
            Run::Exec(exec) => exec.redactor = Redactor::clone(&of_all),
        }
        // Every template, expression and setting that was read is in it.
        let definition = format!("{command:?}");
        FileCommand { path, action: Arc::new(command), listings, definition }
    };
    let (commands, errors) = read_all(config);
    (commands.into_iter().map(ready).collect(), errors)
}

/// Takes the secrets of all accounts out of a text, as far as they are known now.
fn redactor(accounts: &Accounts) -> Redactor {
    let of = |account: &Arc<Account>| {
        account.secrets_set().into_iter().filter_map(|field| account.secret(&field)).collect::<Vec<_>>()
    };
    let secrets: Vec<_> = accounts.values().flat_map(of).collect();
    Redactor::of_fields(&secrets)
}

fn api(account: Option<&Account>) -> Result<callboard_connectors::http::Http, String> {
    let account = account.ok_or("there is no such account")?;
    let connection = account.connection.as_ref().map_err(ToString::to_string)?;
    connection.http.clone().ok_or_else(|| {
        format!(
            "a {} account that is set up like this takes no other requests",
            account.config.service_name()
        )
    })
}

/// The JSON Schema of a command file.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(table::CommandFile);
    schema.insert("title".into(), "Callboard command file".into());
    schema.to_value()
}

/// Reads every file and finds everything that is wrong in any. A file in which something is wrong gives no command, and
/// takes none from another.
fn read_all(config: &Config) -> (Vec<Checked>, Vec<ConfigError>) {
    let (paths, mut errors) = find(config);
    let mut texts = Vec::new();
    for path in &paths {
        match text_of(path) {
            // A file that is gone since the folder was listed has no faults.
            Ok(text) => texts.push((path, text)),
            Err(ConfigErrors(unreadable)) => errors.extend(unreadable),
        }
    }
    let mut files = Vec::new();
    for (path, text) in &texts {
        let (file, faults) = TomlFile::parse(path, text);
        errors.extend(faults);
        files.extend(file.map(|file| (*path, file)));
    }
    let mut names = BTreeMap::new();
    let mut commands = Vec::new();
    for (place, (path, file)) in files.iter().enumerate() {
        commands.extend(read::read(place, path, file, config, &mut names, &mut errors));
        file.without_consequences(&mut errors);
    }
    leave_out(&mut commands, &errors);
    errors.extend(misread(&commands, &files));
    leave_out(&mut commands, &errors);
    errors.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    (commands, errors)
}

fn leave_out(commands: &mut Vec<Checked>, errors: &[ConfigError]) {
    commands.retain(|command| errors.iter().all(|error| error.file != command.path));
}

/// The files, and which folders cannot be read: a folder that is named is meant to be there.
fn find(config: &Config) -> (Vec<PathBuf>, Vec<ConfigError>) {
    let (mut paths, mut errors) = (Vec::new(), Vec::new());
    for (place, dir) in config.commands.dirs.iter().enumerate() {
        if dir.ends_with(STAND_IN) {
            continue;
        }
        match files_in(dir) {
            Ok(files) => paths.extend(files),
            Err(error) => {
                let why = match error.kind() {
                    io::ErrorKind::NotFound => {
                        "there is no such folder: create it, or take it out".to_owned()
                    }
                    _ => error.to_string(),
                };
                errors.push(fault_of_dir(config, place, format!("{}: {why}", dir.display())));
            }
        }
    }
    // A folder that is named twice, or by two names, is read once.
    paths.sort();
    paths.dedup();
    if paths.len() > MOST_FILES {
        errors.push(fault_of_dir(config, 0, format!("there are more than {MOST_FILES} command files")));
        paths.clear();
    }
    (paths, errors)
}

/// A fault at an entry of `commands.dirs`, as far as the configuration still is as it was read.
fn fault_of_dir(config: &Config, place: usize, what: String) -> ConfigError {
    let text = text_of(&config.path).unwrap_or_default();
    let at: [Step<'_>; 3] = ["commands".into(), "dirs".into(), place.into()];
    match TomlFile::parse(&config.path, &text) {
        (Some(file), _) => file.fault(&at, what),
        (None, _) => ConfigError::of_file(&config.path, what),
    }
}

/// Examples that another command takes for its own.
fn misread(commands: &[Checked], files: &[(&PathBuf, TomlFile<'_>)]) -> Vec<ConfigError> {
    let compiled = commands.iter().filter_map(|it| typed::Command::new(it.command.spec.clone()).ok());
    let all: Commands = compiled.collect();
    let mut errors = Vec::new();
    for checked in commands {
        let spec = &checked.command.spec;
        for (nth, line) in spec.examples.iter().enumerate() {
            let reader = all.parse(line).ok().map(|parsed| &parsed.spec.name);
            if let Some(reader) = reader.filter(|reader| **reader != spec.name) {
                let at = ["command".into(), checked.place.into(), "examples".into(), nth.into()];
                let (_, file) = &files[checked.file];
                errors.push(file.fault(&at, format!("this is read as the command `{reader}`")));
            }
        }
    }
    errors
}
