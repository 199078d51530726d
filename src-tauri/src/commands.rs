//! The commands that windows may call. `build.rs` and the files in `capabilities` name the same commands, each window's own.

use std::sync::Arc;

use callboard_window_link::{
    message::{Failure, Request},
    window::{Kind, Shown},
};
use serde_json::Value;
use tauri::{State, WebviewWindow};

use crate::{tray::Tray, windows::Windows};

type ToTray<'s> = State<'s, Arc<Tray>>;
type Shared<'s> = State<'s, Arc<Windows>>;

async fn ask(tray: &Tray, window: &WebviewWindow, request: Request) -> Result<Value, Failure> {
    match Kind::of(window.label()) {
        Some(kind) => tray.call(kind, request).await,
        None => Err(Failure::internal("this is no window of Callboard's")),
    }
}

/// A call of the engine, as far as the window may make it, and always as made in a window.
#[tauri::command]
pub(crate) async fn call(
    tray: ToTray<'_>,
    window: WebviewWindow,
    name: String,
    params: Value,
) -> Result<Value, Failure> {
    ask(&tray, &window, Request::Engine { name, params }).await
}

/// The desktop around the windows. A page reads it once it receives events.
#[tauri::command]
pub(crate) async fn desktop(
    tray: ToTray<'_>,
    windows: Shared<'_>,
    window: WebviewWindow,
) -> Result<Value, Failure> {
    let desktop = ask(&tray, &window, Request::Desktop).await;
    if let Some(kind) = Kind::of(window.label()) {
        windows.is_ready(kind);
    }
    desktop
}

/// Hides the window that asks.
#[tauri::command]
pub(crate) async fn hide(windows: Shared<'_>, window: WebviewWindow) -> Result<(), Failure> {
    if let Some(kind) = Kind::of(window.label()) {
        windows.hide_for_page(kind);
    }
    Ok(())
}

/// Shows the settings, at a view or as they were left.
#[tauri::command]
pub(crate) async fn show_settings(windows: Shared<'_>, view: Option<String>) -> Result<(), Failure> {
    windows.show_for_page(Kind::Settings, Shown { view, ..Shown::default() });
    Ok(())
}

/// Shows the launcher, at an item or as it was left.
#[tauri::command]
pub(crate) async fn show_launcher(windows: Shared<'_>, item: Option<String>) -> Result<(), Failure> {
    windows.show_for_page(Kind::Launcher, Shown { item, ..Shown::default() });
    Ok(())
}

/// Opens a link to the web in the browser.
#[tauri::command]
pub(crate) async fn open_link(
    tray: ToTray<'_>,
    window: WebviewWindow,
    url: String,
) -> Result<Value, Failure> {
    ask(&tray, &window, Request::OpenLink { url }).await
}

/// Takes other keys for the hotkey, and writes them to the configuration.
#[tauri::command]
pub(crate) async fn set_hotkey(
    tray: ToTray<'_>,
    window: WebviewWindow,
    keys: String,
) -> Result<Value, Failure> {
    ask(&tray, &window, Request::SetHotkey { keys }).await
}

/// Starts the app at login, or does not.
#[tauri::command]
pub(crate) async fn set_autostart(
    tray: ToTray<'_>,
    window: WebviewWindow,
    on: bool,
) -> Result<Value, Failure> {
    ask(&tray, &window, Request::SetAutostart { on }).await
}

/// Enters the playground, or leaves it.
#[tauri::command]
pub(crate) async fn playground(tray: ToTray<'_>, window: WebviewWindow, on: bool) -> Result<Value, Failure> {
    ask(&tray, &window, Request::Playground { on }).await
}

/// Shows a notification to see whether it comes.
#[tauri::command]
pub(crate) async fn test_notification(tray: ToTray<'_>, window: WebviewWindow) -> Result<Value, Failure> {
    ask(&tray, &window, Request::TestNotification).await
}

/// Ends the app.
#[tauri::command]
pub(crate) async fn quit(tray: ToTray<'_>, window: WebviewWindow) -> Result<Value, Failure> {
    ask(&tray, &window, Request::Quit).await
}
