//! The sections of `callboard.toml`: what each may contain.

use std::{fmt, net::SocketAddr, path::PathBuf};

use callboard_domain::duration::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::keys;
use crate::secrets::SecretBackend;

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

/// How people are notified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// Every day from ... to ..., in local time, such as `["22:00", "07:00"]`: only important ones get through.
    #[serde(default, deserialize_with = "hours")]
    #[schemars(with = "Option<(String, String)>")]
    pub quiet_hours: Option<(jiff::civil::Time, jiff::civil::Time)>,
}

/// A time of day, in words that say what would be right.
struct Hour(jiff::civil::Time);

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A visitor: what it refuses has the place of the text itself, and not of the list that it is in.
        deserializer.deserialize_str(HourVisitor)
    }
}

struct HourVisitor;

impl serde::de::Visitor<'_> for HourVisitor {
    type Value = Hour;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time of day such as 22:00")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hour, E> {
        // Of a date, an offset or a zone only the time would be read.
        let is_alone = !text.contains(['-', '+', '[']);
        let hour = text.parse().ok().filter(|_| is_alone).map(Hour);
        hour.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

fn hours<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<(jiff::civil::Time, jiff::civil::Time)>, D::Error> {
    let hours = Option::<(Hour, Hour)>::deserialize(deserializer)?;
    Ok(hours.map(|(from, to)| (from.0, to.0)))
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
    /// The keys that open and hide it, such as `Alt+Space`, `Ctrl+Alt+Space` or `F9`.
    #[serde(default = "default_hotkey")]
    pub hotkey: String,
    /// Light or dark, or as the system is.
    #[serde(default)]
    pub theme: Theme,
    /// The icon in the tray: in colour, or in one ink as the system's own icons are.
    #[serde(default)]
    pub tray: TrayColours,
    /// After how long unused its window is closed, and its memory freed.
    #[serde(default = "minutes_5", alias = "put_away")]
    pub unload_after: Span,
}

impl Default for Desktop {
    fn default() -> Self {
        Self {
            hotkey: default_hotkey(),
            theme: Theme::default(),
            tray: TrayColours::default(),
            unload_after: minutes_5(),
        }
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
pub enum TrayColours {
    /// In colour.
    #[default]
    Colour,
    /// In one ink.
    Ink,
}

fn default_hotkey() -> String {
    keys::DEFAULT.to_owned()
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

/// A team: the people whom a name stands for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    /// Names of `[people]`.
    pub(super) members: Vec<String>,
}

/// Where secrets are.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretsSection {
    /// The store of all accounts' secrets.
    #[serde(default)]
    pub(super) store: SecretBackend,
}

/// A key that has another name by now, and is read by both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenamedKey {
    /// The section that it is in.
    pub section: &'static str,
    /// What it was called.
    pub old: &'static str,
    /// What it is called.
    pub new: &'static str,
}

impl fmt::Display for RenamedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { section, old, new } = self;
        write!(f, "`{old}` in [{section}] is called `{new}` now; the old name still works")
    }
}

/// Every key that has another name by now: what reads it has the old one as its alias.
pub(super) const RENAMED: &[RenamedKey] =
    &[RenamedKey { section: "desktop", old: "put_away", new: "unload_after" }];
