//! The owner itself: who it is, whether something changed, whether it is well.

use callboard_domain::rules::Notification;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

use crate::config::ConfigError;

/// Who is there?
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Hello {}

/// The owner of the store.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct ServerInfo {
    /// Its version; clients of another version say so.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The configuration file that it runs on.
    pub config: std::path::PathBuf,
    /// True where it polls and listens; false for a command that holds the store for a moment.
    pub serving: bool,
    /// Where webhooks are received.
    pub webhook_addr: Option<std::net::SocketAddr>,
}

/// Waits until the store has changed since the number that was last answered (0 answers at once), or half a minute.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Changes {
    /// The number last answered.
    pub seen: u64,
}

/// Checks everything that Callboard needs.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Doctor {}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Check {
    /// What was checked: `store`, `keychain`, `notifications`, `webhooks`, `account forge`.
    pub name: String,
    /// How it is.
    pub verdict: CheckVerdict,
    /// What was found.
    pub found: String,
    /// What to do, where something is to be done.
    pub remedy: Option<String>,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// Well.
    Ok,
    /// Works, with less than it could.
    Warning,
    /// Does not work.
    Failed,
}

/// Reads the configuration again, now.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Reload {}

/// The configuration file as it is, and what is wrong with it.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct SettingsQuery {}

/// The active configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Settings {
    /// Where the file is.
    pub path: std::path::PathBuf,
    /// What is active, in the shape of the file, defaults included; accounts are asked for apart.
    pub settings: Value,
    /// What is wrong with the file, while the previous one is active.
    pub errors: Vec<ConfigError>,
}

/// Writes one setting to the configuration file, keeping its comments, and applies it. Refused, and nothing is
/// written, where the file would not be good.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct Configure {
    /// The keys that lead to it: `["notifications", "quiet_hours"]`.
    pub path: Vec<String>,
    /// What it is to be; `None` takes it out of the file.
    pub value: Option<Value>,
}

/// Waits for notifications to show, or half a minute. While a client waits so, the owner hands them over instead of
/// showing them; each is handed over once.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct NotificationsQuery {}

/// What is to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PendingNotifications {
    /// To be shown now.
    pub show: Vec<Notification>,
    /// Items that no notification is about any more: what is shown of them can be withdrawn.
    #[serde(rename = "settled")]
    pub moot: Vec<callboard_domain::item::ItemKey>,
}
