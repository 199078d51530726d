//! `callboard-window`: shows the launcher and the settings, for `callboard-tray`, which starts it when a window is needed.
//!
//! It renders what services wrote, and has no store, no secret and no socket: what a page calls for goes to the tray.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "what a person reads who starts it by hand")]

mod commands;
#[cfg(target_os = "linux")]
mod focus;
// The build script's: it is tested with the app.
#[cfg(test)]
#[path = "../pages.rs"]
#[allow(dead_code, reason = "the build script uses all of it")]
mod pages;
mod tray;
mod windows;

use std::{io::IsTerminal, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use callboard_window_link::message::{ToWindow, VERSION};
use tauri::{Manager, RunEvent};

use crate::{
    tray::{Init, Tray},
    windows::Windows,
};

/// As the command line's: usage or configuration.
const USAGE: u8 = 2;
/// How long the end may take once the tray wants it.
const GOODBYE: Duration = Duration::from_secs(1);
const BY_HAND: &str =
    "callboard-window shows the windows of callboard-tray, which starts it: start callboard-tray instead.";

fn main() -> ExitCode {
    // In a line: the tray quotes the last one.
    std::panic::set_hook(Box::new(|panic| eprintln!("{}", panic.to_string().replace('\n', " "))));
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("--version" | "-V") => {
            println!("callboard-window {VERSION}");
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-h") => {
            println!("{BY_HAND}");
            return ExitCode::SUCCESS;
        }
        Some(_) => {
            eprintln!("{BY_HAND}");
            return USAGE.into();
        }
    }
    if std::io::stdin().is_terminal() {
        eprintln!("{BY_HAND}");
        return USAGE.into();
    }
    log_to_stderr();
    let init = match tray::connect() {
        Ok(init) => init,
        Err(error) => {
            eprintln!("{BY_HAND}\n{error:#}");
            return USAGE.into();
        }
    };
    #[cfg(target_os = "linux")]
    draw_without_gl();
    match run(init) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(init: Init) -> Result<ExitCode> {
    #[cfg(target_os = "linux")]
    gtk::init().context("the display cannot be reached")?;
    let app = tauri::Builder::default()
        // Its Quit would end this process alone.
        .enable_macos_default_menu(false)
        .invoke_handler(tauri::generate_handler![
            commands::call,
            commands::desktop,
            commands::hide,
            commands::show_settings,
            commands::show_launcher,
            commands::open_link,
            commands::set_hotkey,
            commands::set_autostart,
            commands::playground,
            commands::test_notification,
            commands::quit,
        ])
        .setup(move |app| {
            #[cfg(target_os = "macos")]
            {
                app.set_activation_policy(tauri::ActivationPolicy::Accessory);
                app.set_menu(edit_menu(app.handle())?)?;
            }
            let Init { messages, tray, pages, settings } = init;
            let windows = Windows::new(app.handle().clone(), Arc::clone(&tray), pages, settings);
            app.manage(Arc::clone(&tray));
            app.manage(Arc::clone(&windows));
            let handle = app.handle().clone();
            std::thread::Builder::new().name("tray".into()).spawn(move || {
                messages.for_each(|message| received(&windows, &tray, message));
                tracing::debug!("the tray has ended this process");
                handle.exit(0);
                // A main thread that hangs is not waited for.
                std::thread::sleep(GOODBYE);
                std::process::exit(0);
            })?;
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("the desktop's windows cannot be used")?;
    let code = app.run_return(|_, event| {
        // Without windows it goes on, until the tray ends it.
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
        }
    });
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Does what the tray sends.
fn received(windows: &Arc<Windows>, tray: &Tray, message: ToWindow) {
    match message {
        // Read before.
        ToWindow::Init { .. } => {}
        ToWindow::Settings { settings } => windows.set(settings),
        ToWindow::Order { id, order } => windows.carry_out(id, order),
        ToWindow::Event { name, payload } => windows.emit(&name, payload),
        ToWindow::Answer { id, answer } => tray.answered(id, answer),
    }
}

/// The keys for cutting and pasting are those of a menu there.
#[cfg(target_os = "macos")]
fn edit_menu(app: &tauri::AppHandle) -> tauri::Result<tauri::menu::Menu<tauri::Wry>> {
    use tauri::menu::{MenuBuilder, SubmenuBuilder};
    let own = SubmenuBuilder::new(app, "Callboard").hide().build()?;
    let edit = SubmenuBuilder::new(app, "Edit").undo().redo().separator().cut().copy().paste().select_all();
    MenuBuilder::new(app).items(&[&own, &edit.build()?]).build()
}

/// Has WebKit draw the windows by the processor, unless the environment overrides it. While there is one thread.
///
/// A page is text and lines, of which a letter changes a part. WebKit's way through OpenGL takes 90 MB more for a page;
/// without a graphics card it takes twice the time, and a window that is partly transparent is not seen at all. The
/// setting of a view ends its process where it comes after the first page (WebKitGTK 2.50), and no sooner is it ours.
#[cfg(target_os = "linux")]
fn draw_without_gl() {
    if let Err(error) = gtk::glib::setenv("WEBKIT_DISABLE_COMPOSITING_MODE", "1", false) {
        eprintln!("The windows are drawn with OpenGL: {error}");
    }
}

/// Logs to standard error, which the tray passes on; `RUST_LOG` selects what.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,callboard_window=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
