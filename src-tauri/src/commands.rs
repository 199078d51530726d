//! What windows may ask of the shell. `build.rs` and `capabilities/windows.json` name the same commands.

use std::sync::Arc;

use callboard_engine::api::ApiError;
use serde::Serialize;
use serde_json::Value;
use tauri::{State, WebviewWindow};

use crate::{
    hotkey::Hotkey,
    links,
    shell::{Desktop, Shell},
    windows::{Kind, Shown},
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

/// Any call of the engine.
#[tauri::command]
pub(crate) async fn call(shell: Shared<'_>, name: String, params: Value) -> Result<Value, Failure> {
    Ok(shell.owner().call_named(&name, params).await?)
}

/// The desktop around the windows. A page asks for it once it hears events.
#[tauri::command]
pub(crate) async fn desktop(shell: Shared<'_>, window: WebviewWindow) -> Result<Desktop, Failure> {
    let desktop = shell.desktop().await;
    if let Some(kind) = Kind::of(window.label()) {
        shell.windows().is_ready(kind);
    }
    Ok(desktop)
}

/// Puts the window that asks away.
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

/// Goes to the made-up team, or back.
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
