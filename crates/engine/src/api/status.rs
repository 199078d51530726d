//! How Callboard is: what the tray and every window show at a glance.

use callboard_domain::{
    board::{NotSeen, Tray},
    item::AccountName,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::config::ConfigError;

/// The whole in numbers and words: for the tray, a footer, a status bar.
#[derive(Debug, Clone, Serialize, Deserialize, TS)]
pub struct StatusQuery {}

/// The whole in numbers and words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Status {
    /// What the tray shows, by priority: offline, failing, needs you, do not disturb, not all is seen,
    /// with someone already, calm.
    pub icon: TrayIcon,
    /// How many things need a person.
    pub count: usize,
    /// The board in a line. Where something is not seen, it names that; where no account is watched, it says so.
    pub summary: String,
    /// What is to be watched and is not seen, the worst first.
    #[serde(default)]
    pub not_seen: Vec<NotSeen>,
    /// The watched accounts that are connected: they answer, be it that they allow no more calls for now.
    pub accounts_ok: usize,
    /// All accounts that are watched.
    pub accounts: usize,
    /// Those that are watched and can be read now; `None` where an earlier version answers.
    #[serde(default)]
    #[ts(optional = nullable)]
    pub watched: Option<usize>,
    /// What is wrong with the others, the worst first: "ci needs sign-in".
    #[serde(rename = "troubles")]
    pub account_problems: Vec<AccountProblem>,
    /// When the next account is polled.
    pub next_check: Option<Timestamp>,
    /// Only important notifications until then: a person asked for it, or it is a quiet hour.
    pub quiet: Option<QuietStatus>,
    /// What is wrong with the configuration file, while the previous one is active.
    pub errors: Vec<ConfigError>,
    /// Runs under way.
    pub runs: usize,
    /// Messages that have not arrived and will not by themselves, or that are late.
    pub undelivered: usize,
}

/// What the tray shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TrayIcon {
    /// Nothing that is to be watched can be read, or what is read cannot be recorded.
    Offline,
    /// As [`Tray::Failing`].
    Failing,
    /// As [`Tray::Attention`].
    Attention,
    /// Nothing of that in what is seen, but not all is seen, or no account is watched.
    Partial,
    /// Only important notifications are shown.
    DoNotDisturb,
    /// As [`Tray::Acknowledged`].
    Acknowledged,
    /// As [`Tray::Calm`].
    Calm,
}

impl From<Tray> for TrayIcon {
    fn from(tray: Tray) -> Self {
        match tray {
            Tray::Failing => Self::Failing,
            Tray::Attention => Self::Attention,
            Tray::Acknowledged => Self::Acknowledged,
            Tray::Calm => Self::Calm,
        }
    }
}

/// An account in trouble, in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccountProblem {
    /// Which.
    pub account: AccountName,
    /// "needs sign-in", "lacks a permission", "cannot be reached", "lacks workflow".
    pub what: String,
}

/// Why only important notifications are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QuietStatus {
    /// Until when.
    pub until: Timestamp,
    /// True where a person asked for it; false for quiet hours.
    #[serde(rename = "asked")]
    pub manual: bool,
}
