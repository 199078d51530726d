//! `callboard-tray`: Callboard in the tray. Composes the engine with the desktop; what is decided is decided there.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
#![allow(clippy::print_stderr, reason = "errors before there is a window go to the terminal")]

mod act;
mod args;
mod autostart;
mod commands;
#[cfg(target_os = "linux")]
mod focus;
mod follow;
mod hotkey;
mod instance;
mod links;
mod notices;
mod owner;
// The build script's: it is tested with the app.
#[cfg(test)]
#[path = "../pages.rs"]
#[allow(dead_code, reason = "the build script uses all of it")]
mod pages;
#[cfg(target_os = "linux")]
mod panel;
mod playground;
mod shell;
mod timing;
mod tray;
mod undo;
mod window_kind;
mod windows;

use std::{io::IsTerminal, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use callboard_engine::{
    command_file, log,
    paths::{Paths, playground_remedy},
    private,
    tray_app::AppCommand,
};
use clap::Parser;
use tauri::RunEvent;
use tokio_util::sync::CancellationToken;

use crate::{
    args::Args,
    hotkey::{Listener, Press},
    instance::{First, Found},
    shell::Shell,
    tray::Tray,
};

/// How long tray and hotkey may take before the launcher is shown because neither is there.
const REACHABLE_TIME: Duration = Duration::from_secs(10);
/// As the command line's: usage or configuration.
#[cfg(target_os = "linux")]
const USAGE: u8 = 2;

fn main() -> ExitCode {
    if let Some(ended) = command_file::become_subreaper_if_asked() {
        return ended;
    }
    timing::begin();
    #[cfg(target_os = "linux")]
    draw_without_gl();
    human_panic::setup_panic!();
    let args = Args::parse();
    log_to_stderr();
    #[cfg(target_os = "linux")]
    if !has_display() {
        eprintln!(
            "There is no display: neither WAYLAND_DISPLAY nor DISPLAY is set. Start callboard-tray in a desktop \
             session; without one, `callboard serve` does the work and `callboard board` shows it."
        );
        return USAGE.into();
    }
    match run(args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<ExitCode> {
    // Before any secret is read. It is best effort: the system may refuse.
    let _ = private::keep_from_core_dumps();
    let (command, forwarded) = (args.at_start(), args.forwarded());
    let paths = Paths::new(args.config, args.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("callboard")
        .enable_all()
        .build()?;
    let first = match runtime.block_on(instance::enter(&paths.data, forwarded)) {
        Ok(Found::First(first)) => Some(first),
        Ok(Found::Running) if args.playground => bail!(
            "callboard-tray already runs on {}, and no playground is started beside it. Without --playground its \
             window is shown; to play, quit it first, or run `callboard playground` in a terminal",
            paths.data.display()
        ),
        Ok(Found::Forwarded | Found::Running) => return Ok(ExitCode::SUCCESS),
        Ok(Found::Silent(why)) => bail!(
            "The callboard-tray that runs on {} does not answer: {why}. End it, or choose another folder with \
             --data",
            paths.data.display()
        ),
        Ok(Found::Playground(data)) => bail!(playground_remedy(&data)),
        Err(error) => {
            // The window reports what is wrong with the folder; a second start is then one more app.
            tracing::warn!(%error, data = %paths.data.display(), "a second start will not reach this one");
            None
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let stop = CancellationToken::new();
    let app = tauri::Builder::default()
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
        .setup({
            let (handle, stop) = (runtime.handle().clone(), stop.clone());
            move |app| {
                let _entered = handle.enter();
                set_up(app, paths, first, command, args.playground, stop)?;
                Ok(())
            }
        })
        .build(tauri::generate_context!())
        .context("the desktop's windows cannot be used")?;
    let code = app.run_return(|_, event| {
        // Without windows it goes on: the tray and the hotkey bring them back.
        if let RunEvent::ExitRequested { api, code: None, .. } = event {
            api.prevent_exit();
        }
    });
    stop.cancel();
    // A keychain that hangs must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn set_up(
    app: &tauri::App,
    paths: Paths,
    first: Option<First>,
    command: Option<AppCommand>,
    playground: bool,
    stop: CancellationToken,
) -> Result<()> {
    use tauri::Manager;
    let shell = Shell::new(app.handle().clone(), paths, stop.clone());
    app.manage(Arc::clone(&shell));

    let (acting, changing) = (Arc::clone(&shell), Arc::clone(&shell));
    let tray = Tray::start(
        #[cfg(not(target_os = "linux"))]
        app.handle(),
        follow::first_view(&shell),
        move |act| acting.act(act),
        move || emit_desktop(&changing),
    );
    match tray {
        // Set once, here.
        Ok(tray) => drop(shell.tray.set(tray)),
        Err(error) => tracing::error!(%error, "there is no tray"),
    }
    let keys = shell.settings().hotkey.parse().map_err(anyhow::Error::msg)?;
    let (pressing, changing) = (Arc::clone(&shell), Arc::clone(&shell));
    let listener = Listener::start(
        #[cfg(not(target_os = "linux"))]
        app.handle(),
        &keys,
        shell::is_wayland(),
        move |press| match press {
            Press::Down(token) => pressing.windows().press(token),
            Press::Up => pressing.windows().release(),
        },
        move || emit_desktop(&changing),
    );
    let _ = shell.hotkey.set(listener);

    if let Some(first) = first {
        let receiving = Arc::clone(&shell);
        tokio::spawn(first.listen(move |command| receiving.command(command, None), stop.clone()));
    }
    #[cfg(target_os = "linux")]
    tokio::spawn(panel::follow(Arc::clone(&shell)));
    tokio::spawn(follow::show_notices(Arc::clone(&shell)));
    tokio::spawn(quit_on_signal(Arc::clone(&shell)));
    tokio::spawn(begin(shell, command, playground));
    Ok(())
}

/// Starts with the command; without one, shows the launcher where neither tray nor hotkey lead to it.
async fn begin(shell: Arc<Shell>, command: Option<AppCommand>, playground: bool) {
    if playground && let Err(error) = shell.playground(true).await {
        tracing::error!(%error, "the playground could not be started");
    }
    tokio::spawn(follow::follow(Arc::clone(&shell)));
    match command {
        Some(command) => shell.command(command, None),
        None => {
            tokio::time::sleep(REACHABLE_TIME).await;
            if !shell.is_reachable() {
                tracing::warn!("there is neither a tray nor a hotkey: the launcher is shown");
                shell.command(AppCommand::Open, None);
            }
        }
    }
}

fn emit_desktop(shell: &Arc<Shell>) {
    let shell = Arc::clone(shell);
    tauri::async_runtime::spawn(async move { shell.emit_desktop().await });
}

#[cfg(unix)]
async fn quit_on_signal(shell: Arc<Shell>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminated), Ok(mut interrupted)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    shell.quit();
}

#[cfg(not(unix))]
async fn quit_on_signal(shell: Arc<Shell>) {
    if tokio::signal::ctrl_c().await.is_ok() {
        shell.quit();
    }
}

#[cfg(target_os = "linux")]
fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
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

/// Logs to standard error; `RUST_LOG` selects what.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new("warn,callboard_tray=info,callboard_engine=info")
    });
    let filter = match log::NOT_OF_ITSELF.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || log::Plain::new(std::io::stderr(), colours))
        .with_ansi(colours)
        .init();
}
