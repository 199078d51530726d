//! The app under test, started by itself or by the driver of its windows.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};

use super::{DesktopSession, Page, Window};
use crate::{Callboard, PATIENCE, Server, paths, server::signal, wait_until};

/// A running `callboard-tray`; killed with all its processes when dropped.
#[derive(Debug)]
pub struct App {
    process: u32,
    page: Option<Page>,
    /// The app itself, or the driver that started it. What either prints is in its log.
    server: Server,
}

impl App {
    /// Starts it in a session, on the folders of this `callboard`; nothing is awaited.
    pub fn start(callboard: &Callboard, session: &DesktopSession, args: &[&str]) -> Result<App> {
        App::start_program(&paths::app()?, callboard, session, args)
    }

    /// The same for a program elsewhere.
    pub fn start_program(
        program: &Path,
        callboard: &Callboard,
        session: &DesktopSession,
        args: &[&str],
    ) -> Result<App> {
        let command = callboard.app_at(program, session, args);
        let server = Server::spawn("callboard-tray", command, &log(callboard)?)?;
        Ok(App { process: server.id(), page: None, server })
    }

    /// Starts it with its window open, to be read and pressed as [`App::page`].
    pub fn open(callboard: &Callboard, session: &DesktopSession) -> Result<App> {
        App::open_with(callboard, session, &["open"])
    }

    /// The same, with these arguments, which must make it open a window.
    pub fn open_with(callboard: &Callboard, session: &DesktopSession, args: &[&str]) -> Result<App> {
        let app = callboard.app_at(&paths::app()?, session, args);
        let mut driver = std::process::Command::new("WebKitWebDriver");
        driver.arg("--port=0").env_clear().current_dir(callboard.folder());
        driver.envs(app.get_envs().filter_map(|(name, value)| Some((name, value?))));
        driver.env("TAURI_WEBVIEW_AUTOMATION", "true");
        let server = Server::spawn("WebKitWebDriver", driver, &log(callboard)?)?;
        let opened = Page::open(&server, app.get_program().as_ref(), args);
        // It is ended also where no window was found in it.
        let child = wait_until("the app", PATIENCE, || children(server.id()).first().copied());
        let mut app = App { process: child.unwrap_or_else(|_| server.id()), page: None, server };
        app.page = Some(opened.with_context(|| app.output())?);
        Ok(app)
    }

    /// Its window. Panics where it was not opened with [`App::open`], which is a mistake of the test.
    pub fn page(&self) -> &Page {
        self.page.as_ref().expect("the app was started without the driver of its windows")
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process
    }

    /// The process of its windows; none while there is no window.
    pub fn window_process(&self) -> Option<u32> {
        // The kernel keeps 15 letters of a name (proc(5), comm).
        let shows_windows = |process: &u32| {
            fs::read_to_string(format!("/proc/{process}/comm"))
                .is_ok_and(|name| name.trim_end() == "callboard-windo")
        };
        children(self.process).into_iter().find(shows_windows)
    }

    /// The titles of its windows that can be seen.
    pub fn windows(&self, session: &DesktopSession) -> Vec<String> {
        self.window_process().map(|process| session.windows(process)).unwrap_or_default()
    }

    /// The window of its that has the keyboard.
    pub fn focused(&self, session: &DesktopSession) -> Option<Window> {
        session.focused().filter(|window| self.window_process() == Some(window.process))
    }

    /// Waits until a window of its has the keyboard.
    pub fn wait_until_focused(&self, session: &DesktopSession) -> Result<()> {
        wait_until("the app's window to have the keyboard", PATIENCE, || self.focused(session))
            .with_context(|| self.output())
            .map(drop)
    }

    /// Waits until none of its windows is to be seen.
    pub fn wait_until_hidden(&self, session: &DesktopSession) -> Result<()> {
        let gone = || self.windows(session).is_empty().then_some(());
        wait_until("the app's window to be hidden", PATIENCE, gone).with_context(|| self.output())
    }

    /// It and all the processes below it.
    pub fn processes(&self) -> Vec<u32> {
        let mut all = vec![self.process];
        let mut at = 0;
        while let Some(process) = all.get(at) {
            all.extend(children(*process));
            at += 1;
        }
        all
    }

    /// Everything it has printed so far.
    pub fn output(&self) -> String {
        self.server.output()
    }

    /// The moments of this name that it has stamped, in microseconds since 1970.
    pub fn moments(&self, name: &str) -> Vec<u64> {
        self.output().lines().filter_map(|line| moment(line, name)).collect()
    }

    /// Waits until a moment of this name is stamped that was not among `before` many.
    pub fn moment_after(&self, name: &str, before: usize) -> Result<u64> {
        let next = wait_until(name, PATIENCE, || self.moments(name).get(before).copied());
        next.with_context(|| self.output())
    }

    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        runs(self.process)
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> Result<std::process::ExitStatus> {
        self.server.wait(PATIENCE)
    }

    /// Ends it as a loss of power would (SIGKILL), and waits until it is gone.
    pub fn kill(self) -> Result<()> {
        signal(self.process, "KILL")?;
        wait_until("the app to be gone", PATIENCE, || (!runs(self.process)).then_some(()))
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub fn stop(&self, within: Duration) -> Result<()> {
        signal(self.process, "TERM")?;
        wait_until("the app to end", within, || (!runs(self.process)).then_some(()))
            .with_context(|| self.output())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        // The driver would leave the app behind, and the app its web process where it can't end it.
        for process in self.processes() {
            let _ = signal(process, "KILL");
        }
    }
}

/// A log of its own for each start.
fn log(callboard: &Callboard) -> Result<std::path::PathBuf> {
    let number = fs::read_dir(callboard.folder())?.count();
    Ok(callboard.folder().join(format!("app-{number}.log")))
}

/// Whether a process runs. One that has ended may wait for ever for somebody to ask how.
fn runs(process: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z' && state != 'X')
}

/// The processes that a process has started and that still run.
fn children(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let ids: Vec<u32> = lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect();
    ids.into_iter().filter(|id| runs(*id)).collect()
}

/// The time of a stamp, where the line is one of this name.
fn moment(line: &str, name: &str) -> Option<u64> {
    let (_, fields) = line.split_once("callboard::timing")?;
    let named = fields.contains(&format!("event=\"{name}\"")) || fields.contains(&format!("event={name} "));
    let (_, at) = fields.split_once("at_us=").filter(|_| named)?;
    let end = at.find(|c: char| !c.is_ascii_digit()).unwrap_or(at.len());
    at[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read() {
        let line = "2026-11-23T00:00:00Z DEBUG callboard::timing: event=\"window focused\" at_us=41230";
        assert_eq!(moment(line, "window focused"), Some(41_230));
        assert_eq!(moment(line, "page ready"), None);
        assert_eq!(moment("at_us=3 window focused", "window focused"), None);
    }
}
