//! `callboard-tray`: Callboard in the tray. Composes the engine with the desktop; what is decided is decided there.
//!
//! It draws no window: `callboard-window` does, a process that this one starts when a window is needed.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
#![allow(clippy::print_stderr, reason = "errors before there is a window go to the terminal")]

mod act;
mod args;
mod autostart;
#[cfg(target_os = "linux")]
mod display;
#[cfg(not(target_os = "linux"))]
mod event_loop;
mod follow;
mod hotkey;
mod instance;
mod links;
mod notices;
mod owner;
mod page_calls;
#[cfg(target_os = "linux")]
mod panel;
mod playground;
mod shell;
mod tray;
mod undo;
mod windows;

use std::{io::IsTerminal, process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use callboard_engine::{
    command_file, log,
    paths::{Paths, playground_remedy},
    private,
    tray_app::{self, AppCommand},
};
use callboard_window_link::message::Order;
use clap::Parser;
use tokio::runtime::Runtime;

#[cfg(target_os = "linux")]
use crate::display::Display;
#[cfg(not(target_os = "linux"))]
use crate::event_loop::MainThread;
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
    human_panic::setup_panic!();
    let args = Args::parse();
    log_to_stderr();
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
    let start = Start { command: args.at_start(), playground: args.playground };
    let forwarded = args.forwarded();
    #[cfg(target_os = "linux")]
    if !display::is_named() {
        eprintln!(
            "There is no display: neither WAYLAND_DISPLAY nor DISPLAY is set. Start callboard-tray in a desktop \
             session; without one, `callboard serve` does the work and `callboard board` shows it."
        );
        return Ok(USAGE.into());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("callboard")
        .enable_all()
        .build()?;
    let paths = Paths::new(args.config, args.data)?;
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
    #[cfg(target_os = "linux")]
    match runtime.block_on(Display::connect()) {
        Ok(display) => live(&runtime, paths, first, start, display)?,
        Err(why) => {
            eprintln!("{why}");
            return Ok(USAGE.into());
        }
    }
    #[cfg(not(target_os = "linux"))]
    live(&runtime, paths, first, start)?;
    // A keychain that hangs must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(200));
    Ok(ExitCode::SUCCESS)
}

/// What the app begins with.
struct Start {
    command: Option<AppCommand>,
    playground: bool,
}

/// Runs the app to its end.
#[cfg(target_os = "linux")]
fn live(runtime: &Runtime, paths: Paths, first: Option<First>, start: Start, display: Display) -> Result<()> {
    runtime.block_on(async {
        let shell = set_up(paths, first, start, display.is_wayland())?;
        tokio::select! {
            () = shell.ended.cancelled() => {}
            () = display.lost() => {
                tracing::info!("the display is gone");
                shell.quit();
                shell.ended.cancelled().await;
            }
        }
        Ok(())
    })
}

/// Runs the app to its end, on the main thread's event loop.
#[cfg(not(target_os = "linux"))]
fn live(runtime: &Runtime, paths: Paths, first: Option<First>, start: Start) -> Result<()> {
    event_loop::run(|main| {
        let _entered = runtime.enter();
        let shell = set_up(main.clone(), paths, first, start, false)?;
        tokio::spawn(async move {
            shell.ended.cancelled().await;
            main.end();
        });
        Ok(())
    })
}

fn set_up(
    #[cfg(not(target_os = "linux"))] main: MainThread,
    paths: Paths,
    first: Option<First>,
    start: Start,
    wayland: bool,
) -> Result<Arc<Shell>> {
    let shell = Shell::new(paths, wayland, page_calls::answer);
    let (acting, changing) = (Arc::clone(&shell), Arc::clone(&shell));
    let tray = Tray::start(
        #[cfg(not(target_os = "linux"))]
        &main,
        follow::first_view(&shell),
        move |act| acting.act(act),
        move || changing.desktop_changed(),
    );
    match tray {
        // Set once, here.
        Ok(tray) => drop(shell.tray.set(tray)),
        Err(error) => tracing::error!(%error, "there is no tray"),
    }
    let keys = shell.settings().hotkey.parse().map_err(anyhow::Error::msg).context("the hotkey")?;
    let (pressing, changing) = (Arc::clone(&shell), Arc::clone(&shell));
    let listener = Listener::start(
        #[cfg(not(target_os = "linux"))]
        &main,
        &keys,
        wayland,
        move |press| {
            pressing.windows().order(match press {
                Press::Down(token) => Order::Press { token },
                Press::Up => Order::Release,
            });
        },
        move || changing.desktop_changed(),
    );
    let _ = shell.hotkey.set(listener);

    if let Some(first) = first {
        let receiving = Arc::clone(&shell);
        tokio::spawn(
            first.listen(move |command, token| receiving.command(command, token), shell.stop.clone()),
        );
    }
    #[cfg(target_os = "linux")]
    tokio::spawn(panel::follow(Arc::clone(&shell)));
    tokio::spawn(follow::show_notices(Arc::clone(&shell)));
    tokio::spawn(quit_on_signal(Arc::clone(&shell)));
    tokio::spawn(begin(Arc::clone(&shell), start));
    Ok(shell)
}

/// Starts with the command; without one, shows the launcher where neither tray nor hotkey lead to it.
async fn begin(shell: Arc<Shell>, start: Start) {
    if start.playground
        && let Err(error) = shell.playground(true).await
    {
        tracing::error!(%error, "the playground could not be started");
    }
    tokio::spawn(follow::follow(Arc::clone(&shell)));
    match start.command {
        Some(command) => shell.command(command, tray_app::token_of_start()),
        None => {
            tokio::time::sleep(REACHABLE_TIME).await;
            if !shell.is_reachable() {
                tracing::warn!("there is neither a tray nor a hotkey: the launcher is shown");
                shell.command(AppCommand::Open, None);
            }
        }
    }
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
