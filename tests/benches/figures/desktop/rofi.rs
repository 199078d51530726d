//! rofi, the launcher that ours is measured beside: a program that is started by each press, on X11 alone.

use std::{
    fmt::Write as _,
    process::{Child, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use callboard_tests::{DesktopSession, PATIENCE, wait_until};
use tempfile::NamedTempFile;
use x11rb::{
    connection::Connection,
    protocol::{
        Event,
        damage::{self, ConnectionExt as _, ReportLevel},
        xproto::{
            ChangeWindowAttributesAux, ConnectionExt as _, EventMask, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
            Window,
        },
        xtest::ConnectionExt as _,
    },
    rust_connection::RustConnection,
};

/// A running rofi with a list, its window on the screen.
pub(super) struct Rofi {
    program: Child,
    server: RustConnection,
    root: Window,
    /// From its start to its window on the screen.
    pub mapped: Duration,
    _list: NamedTempFile,
}

impl Rofi {
    /// Starts it with these entries.
    pub(super) fn start(session: &DesktopSession, entries: &[String]) -> Result<Rofi> {
        let display = session.env().into_iter().find(|(name, _)| name == "DISPLAY").context("a display")?.1;
        let (server, screen) = x11rb::connect(Some(&display))?;
        let root = server.setup().roots[screen].root;
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        server.change_window_attributes(root, &events)?.check()?;
        let list = NamedTempFile::new()?;
        let lines = entries.iter().fold(String::new(), |mut lines, entry| {
            // Writing into a string cannot fail.
            let _ = writeln!(lines, "{entry}");
            lines
        });
        std::fs::write(list.path(), lines)?;
        let began = Instant::now();
        let mut command = session.command("rofi");
        command.args(["-dmenu", "-i", "-input"]).arg(list.path()).stdin(Stdio::null()).stderr(Stdio::null());
        command.stdout(Stdio::null());
        let program = command.spawn().context("rofi: run `cargo xtask bench` to install it")?;
        let mut rofi = Rofi { program, server, root, mapped: Duration::ZERO, _list: list };
        let window = wait_until("rofi's window", PATIENCE, || {
            loop {
                if let Event::MapNotify(mapped) = rofi.server.poll_for_event().ok()?? {
                    break Some(mapped.window);
                }
            }
        })?;
        rofi.mapped = began.elapsed();
        rofi.server.damage_query_version(1, 1)?.reply()?;
        let damage = rofi.server.generate_id()?;
        rofi.server.damage_create(damage, window, ReportLevel::RAW_RECTANGLES)?.check()?;
        Ok(rofi)
    }

    /// Presses a key, and returns the time until the window is drawn anew (DamageNotify).
    pub(super) fn painted_after(&self, letter: char, pace: Duration) -> Result<Duration> {
        sleep(pace);
        while self.server.poll_for_event()?.is_some() {}
        let code = self.code_of(letter)?;
        let began = Instant::now();
        self.key(KEY_PRESS_EVENT, code)?;
        wait_until("rofi to draw", PATIENCE, || {
            loop {
                if let Event::DamageNotify(damage::NotifyEvent { .. }) =
                    self.server.poll_for_event().ok()??
                {
                    break Some(());
                }
            }
        })?;
        let painted = began.elapsed();
        self.key(KEY_RELEASE_EVENT, code)?;
        Ok(painted)
    }

    fn key(&self, event: u8, code: u8) -> Result<()> {
        self.server.xtest_fake_input(event, code, x11rb::CURRENT_TIME, self.root, 0, 0, 0)?.check()?;
        Ok(())
    }

    fn code_of(&self, letter: char) -> Result<u8> {
        let (least, most) = (self.server.setup().min_keycode, self.server.setup().max_keycode);
        let mapping = self.server.get_keyboard_mapping(least, most - least + 1)?.reply()?;
        let each = usize::from(mapping.keysyms_per_keycode).max(1);
        // Keysyms of Latin letters are their characters (X11 protocol, appendix A).
        let found = mapping.keysyms.chunks(each).position(|syms| syms.first() == Some(&u32::from(letter)));
        let index = u8::try_from(found.with_context(|| format!("a key for {letter:?}"))?)?;
        Ok(least + index)
    }
}

impl Drop for Rofi {
    fn drop(&mut self) {
        // It fails where it has ended by itself.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
