//! The display of the session: its window manager, real key presses, and what can be seen.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use super::{DesktopSession, wayland::Wayland};
use crate::Server;

/// Where the windows are shown.
#[derive(Debug)]
pub(super) enum Display {
    /// By its name.
    X11(String),
    Wayland(Wayland),
}

impl Display {
    /// What names it to programs.
    pub(super) fn env(&self) -> (String, String) {
        match self {
            Display::X11(name) => ("DISPLAY".to_owned(), name.clone()),
            Display::Wayland(wayland) => wayland.env(),
        }
    }
}

/// A window as the display knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Its title.
    pub title: String,
    /// The process that it belongs to.
    pub process: u32,
}

impl DesktopSession {
    /// Adds a display with a window manager, openbox, that leaves all keys to programs.
    pub fn with_windows(self) -> Result<DesktopSession> {
        self.with_windows_and_key(None)
    }

    /// The same, with a window manager that holds a key for itself, written its way: `A-space`.
    pub fn with_windows_and_key(mut self, key: Option<&str>) -> Result<DesktopSession> {
        self.start_display()?;
        self.start_openbox(key)?;
        Ok(self)
    }

    /// Presses keys, one after the other, each with its modifiers: `alt+space`, `Return`.
    pub fn press(&self, keys: &[&str]) -> Result<()> {
        if let Some(wayland) = self.wayland() {
            return wayland.press(keys);
        }
        self.run("xdotool", &[&["key", "--delay", "1"], keys].concat())?;
        Ok(())
    }

    /// Types a text at once, as fast as the display takes it.
    pub fn type_text(&self, text: &str) -> Result<()> {
        if let Some(wayland) = self.wayland() {
            return wayland.type_text(text);
        }
        self.run("xdotool", &["type", "--delay", "1", text])?;
        Ok(())
    }

    /// Presses a key and types a text, with no moment in between: one program does both. On X11.
    pub fn press_and_type(&self, key: &str, text: &str) -> Result<()> {
        self.run("xdotool", &["key", key, "type", "--delay", "1", text])?;
        Ok(())
    }

    /// The window that the keyboard goes to; none where it goes nowhere.
    pub fn focused(&self) -> Option<Window> {
        if let Some(wayland) = self.wayland() {
            return wayland.focused();
        }
        let asked = self.run("xdotool", &["getwindowfocus", "getwindowname", "getwindowpid"]).ok()?;
        let (title, process) = asked.trim_end().rsplit_once('\n')?;
        Some(Window { title: title.to_owned(), process: process.parse().ok()? })
    }

    /// The titles of a process's windows that can be seen.
    pub fn windows(&self, process: u32) -> Vec<String> {
        if let Some(wayland) = self.wayland() {
            return wayland.titles(process);
        }
        let process = process.to_string();
        // It fails where it finds none.
        let found =
            self.run("xdotool", &["search", "--all", "--onlyvisible", "--pid", &process, "--name", "."]);
        let found = found.unwrap_or_default();
        found
            .lines()
            .filter_map(|id| self.run("xdotool", &["getwindowname", id]).ok())
            .map(|it| it.trim_end().to_owned())
            .collect()
    }

    /// Takes a picture of the whole screen, a PNG.
    pub fn screenshot(&self, file: &Path) -> Result<()> {
        if let Some(wayland) = self.wayland() {
            return wayland.screenshot(file);
        }
        let file = file.to_str().context("a path that is text")?;
        self.run("import", &["-window", "root", file])?;
        Ok(())
    }

    /// Takes a picture of the window that the keyboard goes to, as it is on the screen, a PNG. On X11.
    pub fn screenshot_of_focused(&self, file: &Path) -> Result<()> {
        let file = file.to_str().context("a path that is text")?;
        let window = self.run("xdotool", &["getwindowfocus"])?;
        self.run("import", &["-window", window.trim(), "-depth", "8", file])?;
        Ok(())
    }

    /// Takes a picture of a part of the screen, `WIDTHxHEIGHT+X+Y`. On X11.
    pub fn screenshot_of(&self, part: &str, file: &Path) -> Result<()> {
        let file = file.to_str().context("a path that is text")?;
        self.run("import", &["-window", "root", "-crop", part, "+repage", "-depth", "8", file])?;
        Ok(())
    }

    /// The pixels of a part of the screen, three bytes each. On X11.
    pub fn pixels_of(&self, part: &str) -> Result<Vec<u8>> {
        let file = self.path("part.rgb");
        self.screenshot_of(part, &file)?;
        Ok(fs::read(file)?)
    }

    /// Moves the pointer to a place and presses a button there: 1 is the left one, 3 the right one. On X11.
    pub fn click(&self, x: u32, y: u32, button: u32) -> Result<()> {
        let [x, y, button] = [x, y, button].map(|number| number.to_string());
        self.run("xdotool", &["mousemove", &x, &y, "click", &button])?;
        Ok(())
    }

    pub(super) fn wayland(&self) -> Option<&Wayland> {
        match &self.display {
            Some(Display::Wayland(wayland)) => Some(wayland),
            _ => None,
        }
    }

    /// Starts an X server, unless there is a display.
    pub(super) fn start_display(&mut self) -> Result<()> {
        if self.display.is_some() {
            return Ok(());
        }
        let mut command = self.command("Xvfb");
        // There is room for windows beside the notifications, so that neither covers the other. It would begin anew, and turn away who comes meanwhile, whenever its last client leaves.
        command.args(["-noreset", "-displayfd", "1", "-nolisten", "tcp", "-screen", "0", "1600x1000x24"]);
        let mut server = Server::spawn("Xvfb", command, &self.path("Xvfb.log"))?;
        let number: u32 = server.ready_line(|line| line.parse().ok())?;
        self.services.push(server);
        self.display = Some(Display::X11(format!(":{number}")));
        Ok(())
    }

    fn start_openbox(&mut self, key: Option<&str>) -> Result<()> {
        let bound = key.map_or(String::new(), |key| {
            format!(
                r#"<keybind key="{key}"><action name="Execute"><command>true</command></action></keybind>"#
            )
        });
        let config = self.path("openbox.xml");
        let text = format!(
            r#"<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew><followMouse>no</followMouse></focus>
  <keyboard>{bound}</keyboard>
</openbox_config>
"#
        );
        fs::write(&config, text)?;
        let started = self.path("openbox.started");
        let touch = format!("touch '{}'", started.display());
        let mut command = self.command("openbox");
        command.arg("--config-file").arg(config).args(["--startup", &touch]);
        let mut server = Server::spawn("openbox", command, &self.path("openbox.log"))?;
        // It takes the display some time before it adopts windows, and one that is shown in between stays hidden for ever: so only its own word that it has started will do.
        server.ready(|_| started.exists().then_some(()))?;
        self.services.push(server);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{DesktopSession, Keyring, PATIENCE, Server, wait_until};

    #[test]
    fn keys_go_to_the_window_that_has_the_focus() {
        let session = DesktopSession::start(Keyring::Absent).unwrap().with_windows().unwrap();
        assert_eq!(session.focused().filter(|window| window.title == "xev"), None);
        let mut xev = session.command("xev");
        xev.args(["-name", "xev", "-event", "keyboard"]);
        let mut xev = Server::spawn("xev", xev, &session.path("xev.log")).unwrap();
        xev.ready(|_| {
            // The window manager adopts it in its own time, and without focusing it under load.
            session.run("xdotool", &["search", "--name", "^xev$", "windowfocus"]).ok()?;
            session.run("xdotool", &["getwindowfocus", "getwindowname"]).ok().filter(|it| it.trim() == "xev")
        })
        .unwrap();
        session.press(&["alt+space"]).unwrap();
        session.type_text("ok").unwrap();
        xev.ready_line(|line| line.contains("keysym 0x6b, k").then_some(())).unwrap();
        let picture = session.path("screen.png");
        session.screenshot(&picture).unwrap();
        let bytes = wait_until("a picture", PATIENCE, || std::fs::read(&picture).ok()).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
    }
}
