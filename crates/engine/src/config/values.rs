//! The active configuration: its values, the defaults, and what its names lead to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use callboard_connectors::ConnectorConfig;
use callboard_domain::{
    chat::Address, duration::Span, item::AccountName, people::People, rules::RuleConfig, secret::SecretField,
};

use super::{
    error::{ConfigError, unknown},
    sections::{Commands, Desktop, Keep, Notifications, Receive, RenamedKey},
};
use crate::secrets::SecretBackend;

/// The account name of the built-in room.
pub const ROOM: &str = "room";
/// Where outcomes go where nothing else says: a channel of the built-in room.
pub const DEFAULT_CHANNEL: &str = "room:general";
/// How often an account is polled where its table does not say.
pub const DEFAULT_EVERY: Span = Span(std::time::Duration::from_secs(60));
/// The shortest `every` that is taken: a typing mistake must not hammer a service.
pub const SHORTEST_EVERY: Span = Span(std::time::Duration::from_secs(1));
/// The largest file that is read as a configuration or command file, in bytes.
pub const FILE_LIMIT: u64 = 1 << 20;
/// What to do about an `http` address of another machine.
pub(crate) fn clear_remedy(name: impl fmt::Display) -> String {
    format!("expected https://; or, on a network that you trust, add allow_http = true to [accounts.{name}]")
}

/// Why an account is refused whichever of its secrets is set: each of which it needs one would be sent in the clear.
pub(crate) fn always_clear(name: &AccountName, config: &ConnectorConfig) -> Option<String> {
    let one_of = config.needs_one_of();
    let is_sent = !one_of.is_empty() && one_of.iter().all(SecretField::is_sent);
    (is_sent && config.url().is_clear() && !config.allow_http())
        .then(|| format!("its secret would travel in the clear: {}", clear_remedy(name)))
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
    pub(super) unread_accounts: BTreeSet<AccountName>,
    /// The accounts that are never connected as they are, and why: the others work all the same.
    pub unusable_accounts: BTreeMap<AccountName, ConfigError>,
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
    pub secrets: SecretBackend,
    /// How people are notified.
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

impl Config {
    /// True where there is an account of that name, even one that cannot be read.
    pub(crate) fn has_account(&self, name: &AccountName) -> bool {
        self.accounts.contains_key(name) || self.unread_accounts.contains(name)
    }

    /// The names of all accounts, also of those that cannot be read.
    pub(crate) fn account_names(&self) -> impl Iterator<Item = &str> {
        self.accounts.keys().chain(&self.unread_accounts).map(AccountName::as_str)
    }

    /// The address that a channel's short name or an `ACCOUNT:CHANNEL` means.
    pub fn address(&self, channel: &str) -> Result<Address, String> {
        resolve(channel, &self.channels, |account| self.has_account(account))
    }
}

/// The address that a text means: a short name of `channels`, or `ACCOUNT:CHANNEL` of an account that there is.
pub(super) fn resolve(
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

/// A folder as written in a file. One that is not beside a file that is a link is looked for beside what that leads to: a
/// configuration that is linked from elsewhere may bring its folders or not. Where it is nowhere, it is the one beside the link.
pub(super) fn folder(file: &Path, path: &Path) -> PathBuf {
    let beside = below(file, path);
    if path.is_absolute() || path.starts_with("~") || beside.exists() || !file.is_symlink() {
        return beside;
    }
    let linked = std::fs::canonicalize(file).map(|file| below(&file, path));
    linked.ok().filter(|folder| folder.is_dir()).unwrap_or(beside)
}

/// Whether a text can name an account.
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}
