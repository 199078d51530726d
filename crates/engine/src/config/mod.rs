//! `callboard.toml`: read whole, checked whole, and refused whole with everything that is wrong in it.

mod edit;
mod keys;
mod mask;
mod partial;
mod people;
mod reader;
mod schema;
mod sections;
mod toml_file;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::{Path, PathBuf},
};

use callboard_connectors::ConnectorConfig;
use callboard_domain::{chat::Address, duration::Span, item::AccountName, people::People, rules::RuleConfig};

use crate::{secrets::Place, system::private};
use reader::Reader;

pub use edit::{add_account, remove_account};
pub(crate) use edit::{configure, edit_account, toml, write};
pub use keys::{Key, Keys};
pub(crate) use partial::{STAND_IN, text as stand_in};
pub use people::unlisted_users;
pub use schema::schema;
pub(crate) use schema::{alternatives, keys_of, properties};
pub use sections::{Commands, Desktop, Keep, Notifications, Receive, RenamedKey, Theme, TrayColours};
pub use toml_file::ConfigError;
pub(crate) use toml_file::{Step, TomlFile, unknown};

/// The account name of the built-in room.
pub const ROOM: &str = "room";
/// Where outcomes go where nothing else says: a channel of the built-in room.
pub const DEFAULT_CHANNEL: &str = "room:general";
/// How often an account is polled where its table does not say.
pub const DEFAULT_EVERY: Span = Span(std::time::Duration::from_secs(60));
/// The shortest `every` that is taken: a typing mistake must not hammer a service.
pub const SHORTEST_EVERY: Span = Span(std::time::Duration::from_secs(1));
pub(crate) const FILE_LIMIT: u64 = 1 << 20;
/// The most lines of a file that are named for being no UTF-8 or no TOML, and the most faults that are named in one value:
/// what has more is no such file at all.
const MOST_FAULTS: usize = 20;

/// What to do about an `http` address of another machine.
pub(crate) fn clear_remedy(name: impl fmt::Display) -> String {
    format!("expected https://; or, on a network that you trust, add allow_http = true to [accounts.{name}]")
}

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it was read from, whether or not it exists.
    pub path: PathBuf,
    /// Where outcomes go where nothing else says.
    pub default_channel: Address,
    /// The accounts by name.
    pub accounts: BTreeMap<AccountName, ConnectorConfig>,
    /// The names of accounts that cannot be read; none where nothing is wrong.
    unread_accounts: BTreeSet<AccountName>,
    /// Short names for addresses.
    pub channels: BTreeMap<String, Address>,
    /// The webhook listener; none listens where the section is absent.
    pub receive: Option<Receive>,
    /// The person's own rules; the built-in ones come after them.
    pub rules: Vec<RuleConfig>,
    /// False where the built-in rules are switched off.
    pub builtin_rules: bool,
    /// Where command files are.
    pub commands: Commands,
    /// Where secrets are kept.
    pub secrets: Place,
    /// How people are told.
    pub notifications: Notifications,
    /// How long things are kept.
    pub keep: Keep,
    /// How the desktop app looks and is called up.
    pub desktop: Desktop,
    /// Who people are, whatever services call them, and their teams.
    pub people: People,
    /// The keys of the file that have another name by now.
    pub renamed: Vec<RenamedKey>,
}

/// Everything that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(ConfigError::to_string).collect();
        f.write_str(&all.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

impl Config {
    /// Reads and checks a file. One that does not exist is an empty one.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::read(path, &text_of(path)?)
    }

    /// Reads and checks a text that stands, or is about to stand, at `path`.
    pub fn read(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        match Self::inspect_text(path, text) {
            (Some(config), errors) if errors.is_empty() => Ok(config),
            (_, errors) => Err(ConfigErrors(errors)),
        }
    }

    /// All that is wrong in a file, and what is right in it: good for no more than to look for faults of what it names, such
    /// as command files. `None` where nothing in it can be read.
    pub fn inspect(path: &Path) -> (Option<Self>, Vec<ConfigError>) {
        match lossy_text_of(path) {
            Ok((text, mut faults)) => {
                let (config, more) = Self::inspect_text(path, &text);
                faults.extend(more);
                faults.sort_by_key(|fault| (fault.line, fault.column));
                (config, faults)
            }
            Err(fault) => (None, vec![fault]),
        }
    }

    fn inspect_text(path: &Path, text: &str) -> (Option<Self>, Vec<ConfigError>) {
        let (file, mut errors) = TomlFile::parse(path, text);
        let Some(file) = file else { return (None, errors) };
        let mut reader = Reader { file: &file, errors: Vec::new() };
        let config = reader.config(path);
        errors.extend(reader.errors);
        file.without_consequences(&mut errors);
        errors.sort_by_key(|fault| (fault.line, fault.column));
        (Some(config), errors)
    }

    /// True where there is an account of that name, be it one that cannot be read.
    pub(crate) fn has_account(&self, name: &AccountName) -> bool {
        self.accounts.contains_key(name) || self.unread_accounts.contains(name)
    }

    /// The names of all accounts, also of those that cannot be read.
    pub(crate) fn account_names(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().chain(&self.unread_accounts).map(AccountName::as_str)
    }

    /// The address that a channel's short name or an `ACCOUNT:CHANNEL` stands for.
    pub fn address(&self, channel: &str) -> Result<Address, String> {
        resolve(channel, &self.channels, |account| self.has_account(account))
    }
}

impl Config {
    /// What is in force, in the shape of the file; accounts are told apart.
    pub(crate) fn as_json(&self) -> serde_json::Value {
        let channels: BTreeMap<&String, String> =
            self.channels.iter().map(|(name, address)| (name, address.to_string())).collect();
        let (people, teams) = people::as_json(&self.people);
        serde_json::json!({
            "default_channel": self.default_channel.to_string(),
            "builtin_rules": self.builtin_rules,
            "channels": channels,
            "receive": self.receive,
            "rules": self.rules,
            "commands": self.commands,
            "secrets": { "store": self.secrets },
            "notifications": self.notifications,
            "keep": self.keep,
            "desktop": self.desktop,
            "people": people,
            "teams": teams,
        })
    }
}

/// The text of a file; empty where there is none.
pub(crate) fn text_of(path: &Path) -> Result<String, ConfigErrors> {
    match lossy_text_of(path) {
        Ok((text, faults)) if faults.is_empty() => Ok(text),
        Ok((_, faults)) => Err(ConfigErrors(faults)),
        Err(fault) => Err(ConfigErrors(vec![fault])),
    }
}

/// The same with a mark in place of what is no UTF-8, and what is wrong with that.
fn lossy_text_of(path: &Path) -> Result<(String, Vec<ConfigError>), ConfigError> {
    let bytes = match private::read(path, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(ConfigError::of_file(path, error.to_string())),
    };
    // What other programs write as "Unicode".
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(ConfigError::of_file(path, "this is UTF-16: save it as UTF-8"));
    }
    let (mut text, mut wrong, mut is_new_line) = (String::new(), Vec::new(), true);
    for chunk in bytes.utf8_chunks() {
        is_new_line |= chunk.valid().contains('\n');
        text.push_str(chunk.valid());
        if let Some(first) = chunk.invalid().first() {
            // One for each line: a text in another encoding has many.
            if is_new_line && wrong.len() < MOST_FAULTS {
                wrong.push((text.len(), *first));
                is_new_line = false;
            }
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    let fault = |(at, byte): (usize, u8)| {
        let what = format!("the byte 0x{byte:02X} here is not UTF-8: save the file as UTF-8");
        ConfigError::at_byte(path, &text, at, what)
    };
    let faults = wrong.into_iter().map(fault).collect();
    Ok((text, faults))
}

fn resolve(
    channel: &str,
    channels: &BTreeMap<String, Address>,
    is_account: impl Fn(&AccountName) -> bool,
) -> Result<Address, String> {
    if let Some(address) = channels.get(channel) {
        return Ok(address.clone());
    }
    let or = if channels.is_empty() { ": write" } else { "; or write" };
    let address: Address = channel.parse().map_err(|_| {
        format!(
            "{}{or} ACCOUNT:CHANNEL, or name it in [channels]",
            unknown("channel", channel, channels.keys().map(String::as_str))
        )
    })?;
    if address.account.as_str() == ROOM || is_account(&address.account) {
        Ok(address)
    } else {
        Err(format!("{address}: there is no account `{}`", address.account))
    }
}

/// A path as written in a file: `~` is the home folder, and a relative one is below the file's folder.
pub(crate) fn below(file: &Path, path: &Path) -> PathBuf {
    match path.strip_prefix("~") {
        Ok(rest) => {
            directories::BaseDirs::new().map_or_else(|| path.to_owned(), |dirs| dirs.home_dir().join(rest))
        }
        Err(_) => file.parent().unwrap_or(Path::new("")).join(path),
    }
}

/// Whether a text can name an account.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests;
