//! `callboard.toml`: read whole, checked whole, and refused whole with everything that is wrong in it.

mod edit;
mod toml_file;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use callboard_connectors::{ConnectorConfig, SERVICES};
use callboard_domain::{
    chat::Address,
    duration::Span,
    item::AccountName,
    rules::{RuleConfig, Rules},
    template::Template,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::IntoDeserializer};
use toml::de::DeValue;

use crate::secrets::Place;

pub use edit::{add_account, remove_account};
pub(crate) use edit::{configure, edit_account, toml, write};
pub use toml_file::Fault;
pub(crate) use toml_file::{Step, TomlFile, unknown};

/// The account name of the built-in room.
pub const ROOM: &str = "room";
/// Where outcomes go where nothing else says: a channel of the built-in room.
pub const DEFAULT_CHANNEL: &str = "room:general";
/// How often an account is polled where its table does not say.
pub const DEFAULT_EVERY: Span = Span(std::time::Duration::from_secs(60));
/// The shortest `every` that is taken: a typing mistake must not hammer a service.
pub const SHORTEST_EVERY: Span = Span(std::time::Duration::from_secs(1));
const FILE_LIMIT: u64 = 1 << 20;

/// The configuration, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it was read from, whether or not it exists.
    pub path: PathBuf,
    /// Where outcomes go where nothing else says.
    pub default_channel: Address,
    /// The accounts by name.
    pub accounts: BTreeMap<AccountName, ConnectorConfig>,
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
}

/// The webhook listener: `POST /hooks/ACCOUNT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receive {
    /// The address and port to listen on. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Names under which it may be addressed besides loopback ones, such as `hooks.acme.example`.
    #[serde(default)]
    pub hosts: Vec<String>,
}

/// Where command files are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commands {
    /// Folders of `*.toml` command files; `~` is the home folder.
    #[serde(default)]
    pub dirs: Vec<PathBuf>,
}

/// How people are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// Every day from ... to ..., in local time, such as `["22:00", "07:00"]`: only important ones get through.
    #[schemars(with = "Option<(String, String)>")]
    pub quiet_hours: Option<(jiff::civil::Time, jiff::civil::Time)>,
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// Events, runs, deliveries and the room.
    #[serde(default = "days_90")]
    pub history: Span,
    /// Items that are over.
    #[serde(default = "days_30")]
    pub closed_items: Span,
}

impl Default for Keep {
    fn default() -> Self {
        Self { history: days_90(), closed_items: days_30() }
    }
}

/// How the desktop app looks and is called up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Desktop {
    /// The keys that open and hide it, such as `Alt+Space` or `Ctrl+Alt+Space`.
    #[serde(default = "alt_space")]
    pub hotkey: String,
    /// Light or dark, or as the system is.
    #[serde(default)]
    pub theme: Theme,
    /// The icon in the tray: in colour, or in one ink as the system's own icons are.
    #[serde(default)]
    pub tray: Ink,
    /// After how long unused its window is let go of.
    #[serde(default = "minutes_5")]
    pub put_away: Span,
}

impl Default for Desktop {
    fn default() -> Self {
        Self { hotkey: alt_space(), theme: Theme::default(), tray: Ink::default(), put_away: minutes_5() }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the system is.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

/// The tray's icon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ink {
    /// In colour.
    #[default]
    Colour,
    /// In one ink.
    Ink,
}

fn alt_space() -> String {
    "Alt+Space".to_owned()
}

fn minutes_5() -> Span {
    Span(std::time::Duration::from_secs(300))
}

fn days_90() -> Span {
    Span(std::time::Duration::from_secs(90 * 86_400))
}

fn days_30() -> Span {
    Span(std::time::Duration::from_secs(30 * 86_400))
}

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SecretsSection {
    #[serde(default)]
    store: Place,
}

/// The file as its JSON Schema describes it. Reading goes section by section, so that one fault hides no other.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Schema {
    default_channel: Option<String>,
    builtin_rules: Option<bool>,
    accounts: Option<BTreeMap<String, ConnectorConfig>>,
    channels: Option<BTreeMap<String, String>>,
    receive: Option<Receive>,
    rules: Option<Vec<RuleConfig>>,
    commands: Option<Commands>,
    secrets: Option<SecretsSection>,
    notifications: Option<Notifications>,
    keep: Option<Keep>,
    desktop: Option<Desktop>,
}

const SECTIONS: [&str; 11] = [
    "default_channel",
    "builtin_rules",
    "accounts",
    "channels",
    "receive",
    "rules",
    "commands",
    "secrets",
    "notifications",
    "keep",
    "desktop",
];

/// The JSON Schema of `callboard.toml`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Schema);
    schema.insert("title".into(), "callboard.toml".into());
    schema.insert("additionalProperties".into(), false.into());
    schema.to_value()
}

/// Everything that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(Fault::to_string).collect();
        f.write_str(&all.join("\n"))
    }
}

impl std::error::Error for Faults {}

impl Config {
    /// Reads and checks a file. One that does not exist is an empty one.
    pub fn load(path: &Path) -> Result<Self, Faults> {
        Self::read(path, &text_of(path)?)
    }

    /// Reads and checks a text that stands, or is about to stand, at `path`.
    pub fn read(path: &Path, text: &str) -> Result<Self, Faults> {
        let file = TomlFile::parse(path, text).map_err(|fault| Faults(vec![fault]))?;
        let mut reader = Reader { file: &file, faults: Vec::new() };
        let config = reader.config(path);
        if reader.faults.is_empty() {
            Ok(config)
        } else {
            reader.faults.sort_by_key(|fault| (fault.line, fault.column));
            Err(Faults(reader.faults))
        }
    }

    /// The address that a channel's short name or an `ACCOUNT:CHANNEL` stands for.
    pub fn address(&self, channel: &str) -> Result<Address, String> {
        resolve(channel, &self.channels, |account| self.accounts.contains_key(account))
    }
}

impl Config {
    /// What is in force, in the shape of the file; accounts are told apart.
    pub(crate) fn in_force(&self) -> serde_json::Value {
        let channels: BTreeMap<&String, String> =
            self.channels.iter().map(|(name, address)| (name, address.to_string())).collect();
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
        })
    }
}

/// The text of a file; empty where there is none.
pub(crate) fn text_of(path: &Path) -> Result<String, Faults> {
    let fault = |what: String| {
        Faults(vec![Fault { file: path.to_owned(), line: 1, column: 1, what, text: String::new() }])
    };
    match fs::metadata(path) {
        Ok(about) if about.len() > FILE_LIMIT => Err(fault(format!("larger than {} MB", FILE_LIMIT >> 20))),
        Ok(_) => fs::read_to_string(path).map_err(|error| fault(error.to_string())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(fault(error.to_string())),
    }
}

fn resolve(
    channel: &str,
    channels: &BTreeMap<String, Address>,
    is_account: impl Fn(&AccountName) -> bool,
) -> Result<Address, String> {
    if let Some(address) = channels.get(channel) {
        return Ok(address.clone());
    }
    let address: Address = channel.parse().map_err(|_| {
        format!(
            "{}; or write ACCOUNT:CHANNEL",
            unknown("channel", channel, channels.keys().map(String::as_str))
        )
    })?;
    if address.account.as_str() == ROOM || is_account(&address.account) {
        Ok(address)
    } else {
        Err(format!("{address}: there is no account `{}`", address.account))
    }
}

/// Reads section by section and gathers what is wrong.
struct Reader<'f, 't> {
    file: &'f TomlFile<'t>,
    faults: Vec<Fault>,
}

impl Reader<'_, '_> {
    fn config(&mut self, path: &Path) -> Config {
        for (name, span) in self.file.sections() {
            if !SECTIONS.contains(&name) {
                self.faults.push(self.file.fault_at(span, unknown("section", name, SECTIONS)));
            }
        }
        let accounts = self.accounts();
        let channels = self.channels(&accounts);
        let known = |account: &AccountName| accounts.contains_key(account);
        let default_channel = self.section::<String>("default_channel");
        let default_channel = default_channel.as_deref().unwrap_or(DEFAULT_CHANNEL);
        let default_channel = resolve(default_channel, &channels, known).unwrap_or_else(|what| {
            self.faults.push(self.file.fault(&["default_channel".into()], what));
            Address { account: ROOM.into(), channel: "general".into() }
        });
        let rules = self.rules(&channels, &accounts);
        let secrets: SecretsSection = self.section("secrets").unwrap_or_default();
        let mut commands: Commands = self.section("commands").unwrap_or_default();
        for dir in &mut commands.dirs {
            *dir = below(path, dir);
        }
        Config {
            path: path.to_owned(),
            default_channel,
            accounts,
            channels,
            receive: self.section("receive"),
            rules,
            builtin_rules: self.section("builtin_rules").unwrap_or(true),
            commands,
            secrets: secrets.store,
            notifications: self.section("notifications").unwrap_or_default(),
            keep: self.section("keep").unwrap_or_default(),
            desktop: self.desktop(),
        }
    }

    fn desktop(&mut self) -> Desktop {
        let desktop: Desktop = self.section("desktop").unwrap_or_default();
        let keys: Vec<&str> = desktop.hotkey.split('+').map(str::trim).collect();
        if keys.len() < 2 || keys.iter().any(|key| key.is_empty()) {
            let what = "expected keys joined by +, such as \"Alt+Space\"";
            self.faults.push(self.file.fault(&["desktop".into(), "hotkey".into()], what));
        }
        desktop
    }

    fn section<T: serde::de::DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        self.file.read(&[name.into()]).unwrap_or_else(|fault| {
            self.faults.push(fault);
            None
        })
    }

    fn accounts(&mut self) -> BTreeMap<AccountName, ConnectorConfig> {
        let mut accounts = BTreeMap::new();
        let section: [Step<'_>; 1] = ["accounts".into()];
        let Some(value) = self.file.get(&section) else { return accounts };
        let Some(tables) = value.get_ref().as_table() else {
            self.faults.push(self.file.fault(&section, "expected a table for each account: [accounts.NAME]"));
            return accounts;
        };
        for (key, value) in tables {
            let name = key.get_ref().as_ref();
            match self.account(name, value) {
                Ok(_) if !is_name(name) || name == ROOM => self.faults.push(self.file.fault_at(
                    key.span(),
                    format!(
                        "an account is named with letters, digits, - and _, and not `{ROOM}`; found `{name}`"
                    ),
                )),
                Ok(config) => {
                    accounts.insert(name.into(), config);
                }
                Err(faults) => self.faults.extend(faults),
            }
        }
        accounts
    }

    fn account(&self, name: &str, value: &toml::Spanned<DeValue<'_>>) -> Result<ConnectorConfig, Vec<Fault>> {
        let path: [Step<'_>; 2] = ["accounts".into(), name.into()];
        let one = |fault| vec![fault];
        let mut value = value.clone();
        let DeValue::Table(table) = value.get_mut() else {
            return Err(one(self.file.fault(&path, format!("expected a table: [accounts.{name}]"))));
        };
        let Some(service) = table.remove("service") else {
            let known = SERVICES.join(", ");
            return Err(one(self.file.fault(&path, format!("add service = \"...\": one of {known}"))));
        };
        let service = match service.get_ref() {
            DeValue::String(service) if SERVICES.contains(&service.as_ref()) => service.clone(),
            other => {
                let found = other.as_str().map_or_else(|| other.type_str().to_owned(), str::to_owned);
                let at: [Step<'_>; 3] = ["accounts".into(), name.into(), "service".into()];
                let what = unknown("service", &found, SERVICES.iter().copied());
                return Err(one(self.file.fault(&at, what)));
            }
        };
        let config = ConnectorConfig::from_table(&service, value.into_deserializer())
            .map_err(|error| one(self.file.refusal(&path, &error)))?;
        let mut faults: Vec<Fault> = config
            .validate()
            .into_iter()
            .map(|problem| {
                self.file.fault(&["accounts".into(), name.into(), problem.key.into()], problem.what)
            })
            .collect();
        if config.every().is_some_and(|every| every < SHORTEST_EVERY) {
            let at: [Step<'_>; 3] = ["accounts".into(), name.into(), "every".into()];
            faults.push(self.file.fault(&at, format!("expected {SHORTEST_EVERY} or more")));
        }
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    fn channels(&mut self, accounts: &BTreeMap<AccountName, ConnectorConfig>) -> BTreeMap<String, Address> {
        let named: BTreeMap<String, String> = self.section("channels").unwrap_or_default();
        let mut channels = BTreeMap::new();
        for (name, address) in named {
            match resolve(&address, &BTreeMap::new(), |account| accounts.contains_key(account)) {
                Ok(address) => {
                    channels.insert(name, address);
                }
                Err(what) => {
                    self.faults.push(self.file.fault(&["channels".into(), name.as_str().into()], what));
                }
            }
        }
        channels
    }

    fn rules(
        &mut self,
        channels: &BTreeMap<String, Address>,
        accounts: &BTreeMap<AccountName, ConnectorConfig>,
    ) -> Vec<RuleConfig> {
        let count = self
            .file
            .get(&["rules".into()])
            .and_then(|value| value.get_ref().as_array())
            .map_or(0, |rules| rules.len());
        if count == 0 {
            return self.section("rules").unwrap_or_default();
        }
        let mut rules = Vec::new();
        for place in 0..count {
            match self.file.read::<RuleConfig>(&["rules".into(), place.into()]) {
                Ok(rule) => rules.extend(rule),
                Err(fault) => self.faults.push(fault),
            }
        }
        if rules.len() < count {
            return rules;
        }
        if let Err(errors) = Rules::compile(&rules, false) {
            for error in errors {
                let mut path: Vec<Step<'_>> = vec!["rules".into(), error.rule.into(), error.key.into()];
                path.extend(error.entry.map(Step::from));
                let fault = if error.line <= 1 {
                    self.file.fault_within(&path, error.column.saturating_sub(1), error.message())
                } else {
                    self.file.fault(&path, format!("line {}: {}", error.line, error.message()))
                };
                self.faults.push(fault);
            }
        }
        for (place, rule) in rules.iter().enumerate() {
            for (nth, post) in rule.post.iter().enumerate() {
                // What a template will name is known only when it is rendered; it is resolved then.
                let fixed = Template::compile(post).is_ok_and(|template| template.is_literal());
                if fixed && let Err(what) = resolve(post, channels, |account| accounts.contains_key(account))
                {
                    let path = ["rules".into(), place.into(), "post".into(), nth.into()];
                    self.faults.push(self.file.fault(&path, what));
                }
            }
        }
        rules
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
