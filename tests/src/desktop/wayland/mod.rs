//! A display of the session that speaks Wayland: sway, without a screen.

mod keyboard;
mod wire;

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use self::{
    keyboard::Keyboard,
    wire::{FIRST, Wire},
};
use super::{DesktopSession, Display, Window};
use crate::Server;

/// The user without rights, and its group. sway refuses to run as root, as which tests run in a container.
const NOBODY: u32 = 65534;

/// sway, and the keyboard in front of its screen.
#[derive(Debug)]
pub(super) struct Wayland {
    sway: Server,
    keyboard: Keyboard,
    /// It belongs to the user that sway runs as.
    folder: TempDir,
}

impl DesktopSession {
    /// Adds a Wayland display. A window that opens gets the keyboard, and so does one that is raised with permission.
    pub fn with_wayland(mut self) -> Result<DesktopSession> {
        let folder = tempfile::tempdir()?;
        fs::write(
            config(folder.path()),
            "xwayland disable\noutput * resolution 1600x1000\nfocus_on_window_activation focus\n",
        )?;
        if folder.path().metadata()?.uid() == 0 {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        self.display = Some(self.start_sway(folder)?);
        Ok(self)
    }

    /// Ends the display under its programs, as a crash of it would. On Wayland.
    pub fn end_display(&mut self) -> Result<()> {
        let Some(Display::Wayland(wayland)) = &mut self.display else { bail!("the display speaks X11") };
        wayland.sway.kill()?;
        // Where it is left, the next one listens elsewhere.
        Ok(fs::remove_file(ipc_socket(wayland.folder.path()))?)
    }

    /// Starts a display that has ended again, under its old name. On Wayland.
    pub fn restart_display(&mut self) -> Result<()> {
        let folder = match self.display.take() {
            Some(Display::Wayland(wayland)) => wayland.folder,
            _ => bail!("the display speaks X11"),
        };
        self.display = Some(self.start_sway(folder)?);
        Ok(())
    }

    fn start_sway(&self, folder: TempDir) -> Result<Display> {
        let path = folder.path();
        let mut command = self.command("sway");
        command.arg("--config").arg(config(path)).envs([
            ("WLR_BACKENDS", "headless"),
            ("WLR_LIBINPUT_NO_DEVICES", "1"),
            ("WLR_RENDERER", "pixman"),
        ]);
        command.env("XDG_RUNTIME_DIR", path).env("SWAYSOCK", ipc_socket(path));
        if path.metadata()?.uid() == NOBODY {
            command.uid(NOBODY).gid(NOBODY);
        }
        let mut sway = Server::spawn("sway", command, &self.path("sway.log"))?;
        // It listens a moment before it has a screen.
        sway.ready(|_| ask(path, "get_outputs").ok().filter(|outputs| outputs[0]["active"] == true))?;
        let keyboard = Keyboard::add(&display_socket(path))?;
        Ok(Display::Wayland(Wayland { sway, keyboard, folder }))
    }

    /// The permission to take the focus, as a program gets one to pass on (XDG activation). On Wayland.
    pub fn activation_token(&self) -> Result<String> {
        let wayland = self.wayland().context("the display speaks Wayland")?;
        let wire = Wire::connect(&display_socket(wayland.folder.path()))?;
        let (activation, token) = (FIRST, FIRST + 1);
        wire.bind("xdg_activation_v1", activation)?;
        // get_activation_token, commit
        wire.send(activation, 1, &[token])?;
        wire.send(token, 3, &[])?;
        let done = wire.sync()?.into_iter().find(|event| event.object == token);
        done.and_then(|event| event.text(0).map(str::to_owned)).context("the compositor gives a token")
    }
}

impl Wayland {
    /// What names it to programs.
    pub(super) fn env(&self) -> (String, String) {
        ("WAYLAND_DISPLAY".to_owned(), display_socket(self.folder.path()).display().to_string())
    }

    pub(super) fn press(&self, keys: &[&str]) -> Result<()> {
        keys.iter().try_for_each(|key| self.keyboard.press(key))
    }

    pub(super) fn type_text(&self, text: &str) -> Result<()> {
        self.keyboard.type_text(text)
    }

    pub(super) fn focused(&self) -> Option<Window> {
        let windows = self.windows().ok()?;
        windows.into_iter().find(|window| window.is_focused).map(|window| window.window)
    }

    /// The titles of a process's windows that can be seen.
    pub(super) fn titles(&self, process: u32) -> Vec<String> {
        let is_seen = |it: &Placed| it.is_visible && it.window.process == process;
        let windows = self.windows().unwrap_or_default();
        windows.into_iter().filter(is_seen).map(|it| it.window.title).collect()
    }

    fn windows(&self) -> Result<Vec<Placed>> {
        let mut found = Vec::new();
        gather(&ask(self.folder.path(), "get_tree")?, &mut found);
        Ok(found)
    }

    pub(super) fn screenshot(&self, file: &Path) -> Result<()> {
        output(Command::new("grim").arg(file).envs([self.env()])).map(drop)
    }
}

/// A window, and how it stands.
#[derive(Debug)]
struct Placed {
    window: Window,
    is_visible: bool,
    is_focused: bool,
}

/// Finds the windows in a part of sway's tree.
fn gather(node: &Value, found: &mut Vec<Placed>) {
    // Only windows have a process.
    let process = node["pid"].as_u64().and_then(|id| id.try_into().ok());
    found.extend(process.map(|process| Placed {
        window: Window { title: node["name"].as_str().unwrap_or_default().to_owned(), process },
        is_visible: node["visible"] == true,
        is_focused: node["focused"] == true,
    }));
    let below = [&node["nodes"], &node["floating_nodes"]].into_iter().filter_map(Value::as_array).flatten();
    below.for_each(|node| gather(node, found));
}

/// Asks sway for one of the things that it tells.
fn ask(folder: &Path, what: &str) -> Result<Value> {
    let answer = swaymsg(folder, &["--raw", "--type", what])?;
    Ok(serde_json::from_str(&answer)?)
}

fn swaymsg(folder: &Path, args: &[&str]) -> Result<String> {
    output(Command::new("swaymsg").arg("--socket").arg(ipc_socket(folder)).args(args))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}: {errors}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn config(folder: &Path) -> PathBuf {
    folder.join("config")
}

/// sway counts from 1, and has the folder to itself.
fn display_socket(folder: &Path) -> PathBuf {
    folder.join("wayland-1")
}

fn ipc_socket(folder: &Path) -> PathBuf {
    folder.join("sway.sock")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keyring, PATIENCE};

    #[test]
    fn first_key_and_all_others_reach_the_window_that_has_the_focus() {
        let session = DesktopSession::start(Keyring::Absent).unwrap().with_wayland().unwrap();
        assert_eq!(session.focused(), None);
        let mut wev = Server::spawn("wev", session.command("wev"), &session.path("wev.log")).unwrap();
        wev.ready(|wev| session.focused().filter(|window| window.process == wev.id())).unwrap();
        assert_eq!(session.windows(wev.id()), ["wev"]);
        session.press(&["Escape", "ctrl+a"]).unwrap();
        session.type_text("-A?").unwrap();
        // The last of what it prints to a file is there when it has ended.
        swaymsg(session.wayland().unwrap().folder.path(), &["kill"]).unwrap();
        assert!(wev.wait(PATIENCE).unwrap().success(), "{}", wev.output());
        let output = wev.output();
        let pressed: Vec<&str> = output
            .split("key: ")
            .filter(|key| key.contains("state: 1 (pressed)"))
            .filter_map(|key| key.split("sym: ").nth(1)?.split_whitespace().next())
            .collect();
        let expected = ["Escape", "Control_L", "a", "minus", "Shift_L", "A", "Shift_L", "question"];
        assert_eq!(pressed, expected, "{output}");
    }

    #[test]
    fn screen_is_pictured() {
        let session = DesktopSession::start(Keyring::Absent).unwrap().with_wayland().unwrap();
        let picture = session.path("screen.png");
        session.screenshot(&picture).unwrap();
        assert!(fs::read(&picture).unwrap().starts_with(b"\x89PNG"));
    }
}
