//! The commands that windows may call. `build.rs` and the files in `capabilities` name the same commands, each window's own.

use std::sync::Arc;

use callboard_domain::actor::LocalVia;
use callboard_engine::api::{Access, ApiError, access};
use serde::Serialize;
use serde_json::Value;
use tauri::{State, WebviewWindow};

use crate::{
    hotkey::Hotkey,
    links,
    shell::{Desktop, Shell},
    window_kind::Kind,
    windows::Shown,
};

type Shared<'s> = State<'s, Arc<Shell>>;

/// Why something failed.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// The text for a person.
    message: String,
    error: ApiError,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { message: error.to_string(), error }
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        ApiError::usage(message).into()
    }
}

/// A call of the engine, as far as the window may make it, and always as made in a window.
#[tauri::command]
pub(crate) async fn call(
    shell: Shared<'_>,
    window: WebviewWindow,
    name: String,
    params: Value,
) -> Result<Value, Failure> {
    check(Kind::of(window.label()), &name)?;
    Ok(shell.owner().call_named(LocalVia::Launcher, &name, params).await?)
}

/// Refuses a call that is not for this window: the launcher shows what services wrote, and changes no account, secret or
/// setting.
fn check(window: Option<Kind>, name: &str) -> Result<(), ApiError> {
    let needed = access(name).ok_or_else(|| ApiError::usage(format!("there is no call {name:?}")))?;
    let allowed = match window {
        Some(Kind::Settings) => Access::Configures,
        Some(Kind::Launcher) => Access::Acts,
        None => return Err(ApiError::usage("this is no window of Callboard's")),
    };
    if needed <= allowed {
        return Ok(());
    }
    Err(ApiError::usage(format!("{name} changes settings: only the settings window can make this call")))
}

/// The desktop around the windows. A page reads it once it receives events.
#[tauri::command]
pub(crate) async fn desktop(shell: Shared<'_>, window: WebviewWindow) -> Result<Desktop, Failure> {
    let desktop = shell.desktop().await;
    if let Some(kind) = Kind::of(window.label()) {
        shell.windows().is_ready(kind);
    }
    Ok(desktop)
}

/// Hides the window that asks.
#[tauri::command]
pub(crate) async fn hide(shell: Shared<'_>, window: WebviewWindow) -> Result<(), Failure> {
    if let Some(kind) = Kind::of(window.label()) {
        shell.windows().hide(kind);
    }
    Ok(())
}

/// Shows the settings, at a view or as they were left.
#[tauri::command]
pub(crate) async fn show_settings(shell: Shared<'_>, view: Option<String>) -> Result<(), Failure> {
    shell.windows().show(Kind::Settings, Shown { view, ..Shown::default() }, None);
    Ok(())
}

/// Shows the launcher, at an item or as it was left.
#[tauri::command]
pub(crate) async fn show_launcher(shell: Shared<'_>, item: Option<String>) -> Result<(), Failure> {
    shell.windows().show(Kind::Launcher, Shown { item, ..Shown::default() }, None);
    Ok(())
}

/// Opens a link to the web in the browser.
#[tauri::command]
pub(crate) async fn open_link(url: String) -> Result<(), Failure> {
    Ok(links::open(&url)?)
}

/// Takes other keys for the hotkey, and writes them to the configuration.
#[tauri::command]
pub(crate) async fn set_hotkey(shell: Shared<'_>, keys: String) -> Result<Hotkey, Failure> {
    Ok(shell.set_hotkey(&keys).await?)
}

/// Starts the app at login, or does not.
#[tauri::command]
pub(crate) async fn set_autostart(shell: Shared<'_>, on: bool) -> Result<(), Failure> {
    Ok(shell.set_autostart(on).await?)
}

/// Enters the playground, or leaves it.
#[tauri::command]
pub(crate) async fn playground(shell: Shared<'_>, on: bool) -> Result<(), Failure> {
    Ok(shell.inner().playground(on).await?)
}

/// Shows a notification to see whether it comes.
#[tauri::command]
pub(crate) async fn test_notification(shell: Shared<'_>) -> Result<(), Failure> {
    Ok(shell.test_notification()?)
}

/// Ends the app.
#[tauri::command]
pub(crate) async fn quit(shell: Shared<'_>) -> Result<(), Failure> {
    shell.inner().quit();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use callboard_engine::api::CALLS;

    use super::*;

    #[test]
    fn only_the_settings_window_changes_settings() {
        for (name, access) in CALLS {
            assert!(check(Some(Kind::Settings), name).is_ok(), "{name}");
            let expected = *access != Access::Configures;
            assert_eq!(check(Some(Kind::Launcher), name).is_ok(), expected, "{name}");
            assert!(check(None, name).is_err(), "{name}");
        }
        let refused: BTreeSet<_> = CALLS
            .iter()
            .filter(|(name, _)| check(Some(Kind::Launcher), name).is_err())
            .map(|(name, _)| *name)
            .collect();
        let settings = [
            "add_account",
            "configure",
            "edit_account",
            "reload",
            "remove_account",
            "secret_changed",
            "set_secret",
            "test_account",
        ];
        assert_eq!(refused, settings.into());
        assert!(check(Some(Kind::Settings), "no_such_call").is_err());
    }
}
