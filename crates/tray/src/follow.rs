//! Following the engine: the tray and the windows show the present state, and notifications are shown as they come.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use callboard_domain::{board::Row, item::ItemKey};
use callboard_engine::api::{
    BoardQuery, Changes, ItemAction, NotificationsQuery, SettingsQuery, Status, StatusQuery, TrayIcon,
};
use callboard_engine::config;
use callboard_window_link::message::{Theme, WindowSettings};
use jiff::Zoned;
use serde::Deserialize;

use crate::{
    hotkey::{self, Keys},
    owner::{Owner, offline},
    shell::Shell,
    tray::{IconKey, Top, View, entries, tooltip},
};

/// How many items the tray's menu has.
const TOPS: usize = 6;
/// Changes that come within this time are one.
const TOGETHER: Duration = Duration::from_millis(200);
/// How long to wait after a call that failed; it doubles up to the longest.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_AT_MOST: Duration = Duration::from_secs(60);
/// The sections of the board that need a person.
const NEEDING: [&str; 4] = ["Approvals", "Incidents", "Builds", "Pull requests"];

/// What the tray is made from.
#[derive(Default)]
pub(crate) struct Follower {
    status: Option<Status>,
    tops: Vec<Top>,
    shown: Option<View>,
}

/// The view before the engine has answered.
pub(crate) fn first_view(shell: &Shell) -> View {
    Follower::default().view(shell)
}

/// Follows until the app ends.
pub(crate) async fn follow(shell: Arc<Shell>) {
    let mut owners = shell.owners();
    let mut follower = Follower::default();
    loop {
        let owner = Arc::clone(&owners.borrow_and_update());
        tokio::select! {
            () = shell.stop.cancelled() => return,
            more = owners.changed() => if more.is_err() { return },
            () = follower.follow(&shell, &owner) => {}
        }
    }
}

impl Follower {
    async fn follow(&mut self, shell: &Arc<Shell>, owner: &Owner) {
        let mut link = owner.link();
        let (mut seen, mut again) = (0, AGAIN);
        loop {
            self.refresh(shell, owner).await;
            tokio::select! {
                more = link.changed() => {
                    if more.is_err() {
                        return std::future::pending().await;
                    }
                    seen = 0;
                }
                () = shell.look_again.notified() => {}
                answer = owner.call(Changes { seen }) => match answer {
                    Ok(now) => {
                        again = AGAIN;
                        if now != seen {
                            seen = now;
                            shell.windows().emit("changed", &());
                            tokio::time::sleep(TOGETHER).await;
                        }
                    }
                    Err(_) => {
                        tokio::select! {
                            _ = link.changed() => {}
                            () = tokio::time::sleep(again) => again = (again * 2).min(AGAIN_AT_MOST),
                        }
                        shell.windows().emit("changed", &());
                    }
                }
            }
        }
    }

    /// Reads the present state, and shows what has changed.
    async fn refresh(&mut self, shell: &Arc<Shell>, owner: &Owner) {
        if let Ok(settings) = owner.call(SettingsQuery {}).await {
            match config::Desktop::deserialize(&settings.settings["desktop"]) {
                Ok(desktop) => apply(shell, desktop),
                // A daemon of another version.
                Err(error) => tracing::warn!(%error, "[desktop] is not understood"),
            }
        }
        match owner.call(StatusQuery {}).await {
            Ok(status) => {
                // Time alone decides some of it, and what cannot be stored changes nothing in the store.
                if self.status.as_ref().is_some_and(|before| before.not_seen != status.not_seen) {
                    shell.windows().emit("changed", &());
                }
                self.status = Some(status);
            }
            Err(error) => {
                tracing::debug!(%error, "there is no status");
                // What was so before may not be so any more.
                self.status = Some(offline(&error));
            }
        }
        self.tops = match owner.call(BoardQuery::default()).await {
            Ok(board) => {
                let needing = board.sections.into_iter().filter(|it| NEEDING.contains(&it.title.as_str()));
                self.with_actions(shell, needing.flat_map(|section| section.rows).take(TOPS).collect()).await
            }
            Err(_) => Vec::new(),
        };
        self.show(shell);
        shell.emit_desktop().await;
    }

    /// Actions are read again only where the row has changed.
    async fn with_actions(&mut self, shell: &Shell, rows: Vec<Row>) -> Vec<Top> {
        let mut previous: HashMap<ItemKey, Top> =
            self.tops.drain(..).map(|top| (top.row.key.clone(), top)).collect();
        let mut tops = Vec::with_capacity(rows.len());
        for row in rows {
            let actions: Vec<ItemAction> = match previous.remove(&row.key) {
                Some(top) if top.row == row => top.actions,
                _ => shell.actions(&row.key).await,
            };
            tops.push(Top { row, actions });
        }
        tops
    }

    fn show(&mut self, shell: &Shell) {
        let view = self.view(shell);
        if self.shown.as_ref() != Some(&view)
            && let Some(tray) = shell.tray.get()
        {
            tray.set(view.clone());
            self.shown = Some(view);
        }
    }

    fn view(&self, shell: &Shell) -> View {
        let settings = shell.settings().clone();
        let playground = shell.is_playing();
        let (icon, count) =
            self.status.as_ref().map_or((TrayIcon::Offline, 0), |status| (status.icon, status.count));
        View {
            icon: IconKey { icon, count, ink: settings.tray, dark: shell.dark_panel.load(Ordering::Relaxed) },
            tooltip: match &self.status {
                Some(status) => tooltip(status, playground),
                None => "Callboard\nStarting".to_owned(),
            },
            menu: entries(
                self.status.as_ref(),
                &self.tops,
                shell.keys().as_deref(),
                playground,
                shell.windows().trouble().is_none(),
                &Zoned::now(),
            ),
        }
    }
}

fn theme(configured: config::Theme) -> Theme {
    match configured {
        config::Theme::System => Theme::System,
        config::Theme::Light => Theme::Light,
        config::Theme::Dark => Theme::Dark,
    }
}

/// Applies settings that are others than before.
fn apply(shell: &Shell, now: config::Desktop) {
    let before = std::mem::replace(&mut *shell.settings(), now.clone());
    shell.windows().set(WindowSettings { theme: theme(now.theme), unload_after: now.unload_after.0 });
    if before.hotkey != now.hotkey
        && let Some(listener) = shell.hotkey.get()
        && let Ok(keys) = now.hotkey.parse::<Keys>()
    {
        let hotkey = listener.set(&keys);
        if hotkey.state == hotkey::State::Taken {
            tracing::warn!(why = hotkey.why, "the hotkey is not registered");
        }
    }
}

/// Shows the owner's notifications, until the app ends: each is sent once, to the client that waits.
pub(crate) async fn show_notices(shell: Arc<Shell>) {
    let mut owners = shell.owners();
    let mut again = AGAIN;
    loop {
        let owner = Arc::clone(&owners.borrow_and_update());
        let playground = shell.is_playing();
        let mut link = owner.link();
        let answer = tokio::select! {
            () = shell.stop.cancelled() => return,
            more = owners.changed() => match more {
                Ok(()) => continue,
                Err(_) => return,
            },
            answer = owner.call(NotificationsQuery {}) => answer,
        };
        match answer {
            Ok(due) => {
                again = AGAIN;
                for notification in due.show {
                    shell.show_notification(notification, playground);
                }
                if !due.moot.is_empty() {
                    shell.notifier.withdraw(due.moot);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "notifications could not be fetched from the owner");
                tokio::select! {
                    () = shell.stop.cancelled() => return,
                    _ = owners.changed() => again = AGAIN,
                    Ok(()) = link.changed() => again = AGAIN,
                    () = tokio::time::sleep(again) => again = (again * 2).min(AGAIN_AT_MOST),
                }
            }
        }
    }
}
