//! The tray: an icon that tells the truth at a glance, and a menu from which everything can be done.

mod menu;
mod picture;
#[cfg(target_os = "linux")]
mod status_notifier;
#[cfg(not(target_os = "linux"))]
mod system;

use callboard_engine::api::{Status, TrayIcon};

pub(crate) use menu::{Entry, Top, entries};
pub(crate) use picture::Look;
#[cfg(target_os = "linux")]
pub(crate) use status_notifier::Tray;
#[cfg(not(target_os = "linux"))]
pub(crate) use system::Tray;

/// Everything that the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub look: Look,
    pub tooltip: String,
    pub menu: Vec<Entry>,
}

/// The icon's state in words, then the whole in a line.
pub(crate) fn tooltip(status: &Status, playground: bool) -> String {
    let state = match status.icon {
        TrayIcon::Offline => "offline",
        TrayIcon::Failing => "failing",
        TrayIcon::Attention => "needs you",
        TrayIcon::DoNotDisturb => "do not disturb",
        TrayIcon::Acknowledged => "somebody has it",
        TrayIcon::Calm => "calm",
    };
    let of = if playground { "Callboard playground" } else { "Callboard" };
    format!("{of}, {state}\n{}", status.summary)
}
