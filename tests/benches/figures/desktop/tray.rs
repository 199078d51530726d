//! How soon the icon is in the tray, and what it costs to have it there, beside BuildNotify.

use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use callboard_tests::{App, Callboard, DesktopSession, PATIENCE, Server, TrayHost, paths};

use super::{session, stored};
use crate::{
    Args,
    figure::{Figure, Goal, Samples},
    machine,
};

/// How long a program idles before its memory is measured.
const REST: Duration = Duration::from_secs(5);
/// How long a window that was hidden is kept.
const UNLOAD_AFTER: Duration = Duration::from_secs(3);

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let (starts, minute) = if args.quick { (3, 10) } else { (10, 60) };
    let session = session()?;
    let callboard =
        stored(&session, 200, &format!("[desktop]\nunload_after = \"{}s\"\n", UNLOAD_AFTER.as_secs()))?;
    let peer = Peer::install()?;

    let ours =
        Samples::millis(&(0..starts).map(|_| start(&callboard, &session)).collect::<Result<Vec<_>>>()?);
    let theirs = Samples::millis(&(0..starts).map(|_| peer.start(&session)).collect::<Result<Vec<_>>>()?);
    let (their_memory, their_processor) = peer.at_rest(&session, minute)?;

    let _tray = TrayHost::start(&session)?;
    let app = App::start(&callboard, &session, &["--hidden"])?;
    app.moment_after("tray registered", 0)?;
    sleep(REST);
    let tray_only = memory(&app.processes())?;
    let processor = processor_used(&app.processes(), minute)?;
    let shown = {
        let second = App::start(&callboard, &session, &["open"])?.ended()?;
        ensure!(second.success(), "the second start raises the first");
        app.moment_after("page ready", 0)?;
        sleep(REST);
        memory(&app.processes())?
    };
    session.press(&["Escape"])?;
    sleep(UNLOAD_AFTER + REST);
    let put_away = memory(&app.processes())?;

    let name = "BuildNotify";
    let memory_of = "proportional set size of the whole process tree (smaps_rollup), 200 stored items";
    let memory = |state: &str, value, what: &str| {
        Figure::new(format!("memory, {state}"), "MB", Samples::one(value), format!("{memory_of}; {what}"))
    };
    Ok(vec![
        Figure::new(
            "start to tray",
            "ms",
            ours,
            format!("spawn to RegisterStatusNotifierItem on the session bus, {starts} starts; BuildNotify the same way, its Python compiled before"),
        )
        .beside(name, theirs.median())
        .goal(Goal::P95(100.0)),
        memory("tray only", tray_only, "no window made yet").beside(name, their_memory).goal(Goal::AtMost(30.0)),
        memory("window put away", put_away, "a window was used, and its process has been ended")
            .beside(name, their_memory)
            .goal(Goal::AtMost(35.0)),
        memory("window shown", shown, "the board is on the screen; BuildNotify's has no window")
            .beside(name, their_memory)
            .goal(Goal::AtMost(230.0)),
        Figure::new(
            "idle app: processor",
            "% of a core",
            Samples::one(processor),
            format!("the app in the tray over {minute} s, no account watched; BuildNotify likewise with no server"),
        )
        .beside(name, their_processor)
        .goal(Goal::AtMost(0.1)),
    ])
}

fn start(callboard: &Callboard, session: &DesktopSession) -> Result<Duration> {
    let tray = TrayHost::start(session)?;
    let began = Instant::now();
    let app = App::start(callboard, session, &["--hidden"])?;
    let registered = tray.first_registered().with_context(|| app.output())?;
    app.stop(PATIENCE)?;
    Ok(registered - began)
}

/// The proportional set size of these processes, in MB.
fn memory(processes: &[u32]) -> Result<f64> {
    processes.iter().map(|process| Ok(machine::memory(*process)?.1)).sum()
}

/// The share of a core that these processes use, in percent.
fn processor_used(processes: &[u32], seconds: u64) -> Result<f64> {
    let used = || processes.iter().map(|process| machine::processor_time(*process)).sum::<Result<f64>>();
    let before = used()?;
    sleep(Duration::from_secs(seconds));
    Ok((used()? - before) / seconds as f64 * 100.0)
}

/// BuildNotify, from PyPI, in a folder of its own below the target folder.
struct Peer {
    program: std::path::PathBuf,
}

impl Peer {
    fn install() -> Result<Peer> {
        let folder = paths::target()?.join("tools/buildnotify");
        let program = folder.join("bin/buildnotify");
        if !program.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            let pip = ["install", "--quiet", "--disable-pip-version-check", "BuildNotify==3.0.0"];
            run(Command::new(folder.join("bin/pip")).args(pip))?;
        }
        Ok(Peer { program })
    }

    fn spawn(&self, session: &DesktopSession) -> Result<(TrayHost, Server, Instant, tempfile::TempDir)> {
        let folder = tempfile::tempdir()?;
        let tray = TrayHost::start(session)?;
        let mut command = session.command(&self.program.display().to_string());
        command.env("QT_QPA_PLATFORM", "xcb").env("XDG_CURRENT_DESKTOP", "KDE");
        let began = Instant::now();
        let server = Server::spawn("BuildNotify", command, &folder.path().join("log"))?;
        Ok((tray, server, began, folder))
    }

    fn start(&self, session: &DesktopSession) -> Result<Duration> {
        let (tray, mut server, began, _folder) = self.spawn(session)?;
        let registered = tray.first_registered().with_context(|| server.output())?;
        server.kill()?;
        Ok(registered - began)
    }

    /// Its memory in MB and the share of a core that it uses in percent.
    fn at_rest(&self, session: &DesktopSession, seconds: u64) -> Result<(f64, f64)> {
        let (tray, server, ..) = self.spawn(session)?;
        tray.first_registered().with_context(|| server.output())?;
        sleep(REST);
        let processes = [server.id()];
        Ok((memory(&processes)?, processor_used(&processes, seconds)?))
    }
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
