//! The tray: an icon with the state at a glance, and a menu from which everything can be done.

mod menu;
mod picture;
#[cfg(target_os = "linux")]
mod status_notifier;
#[cfg(not(target_os = "linux"))]
mod system;

use callboard_engine::api::{Status, TrayIcon};

pub(crate) use menu::{Entry, Top, entries};
pub(crate) use picture::IconKey;
#[cfg(target_os = "linux")]
pub(crate) use status_notifier::Tray;
#[cfg(not(target_os = "linux"))]
pub(crate) use system::Tray;

/// Everything that the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub icon: IconKey,
    pub tooltip: String,
    pub menu: Vec<Entry>,
}

/// The icon's state as text, then the summary on a line: what is not seen is named.
pub(crate) fn tooltip(status: &Status, playground: bool) -> String {
    let state = match status.icon {
        TrayIcon::Offline => "offline",
        TrayIcon::Failing => "failing",
        TrayIcon::Attention => "needs you",
        TrayIcon::Partial => "not all is seen",
        TrayIcon::DoNotDisturb => "do not disturb",
        TrayIcon::Acknowledged => "somebody has it",
        TrayIcon::Calm => "calm",
    };
    let of = if playground { "Callboard playground" } else { "Callboard" };
    format!("{of}, {state}\n{}", status.summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tooltip_names_what_is_not_seen() {
        let status = Status {
            icon: TrayIcon::Partial,
            count: 0,
            summary: "Nothing needs you in what is seen. Not seen: acme/secret".into(),
            not_seen: Vec::new(),
            accounts_ok: 1,
            accounts: 1,
            watched: Some(1),
            account_problems: Vec::new(),
            next_check: None,
            quiet: None,
            errors: Vec::new(),
            runs: 0,
            undelivered: 0,
        };
        let expected = "Callboard, not all is seen\nNothing needs you in what is seen. Not seen: acme/secret";
        assert_eq!(tooltip(&status, false), expected);
    }
}
