//! The picture of the tray: the app's icon and its menu in a real panel, Xfce's. Run by `cargo xtask screenshots`.

use std::{fs, path::Path};

use anyhow::Result;
use callboard_tests::{App, Callboard, DesktopSession, Keyring, PATIENCE, Server, paths, wait_until};

/// A panel at the top with nothing in it but the tray.
const PANEL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=640;y=15"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="30"/>
      <property name="icon-size" type="uint" value="22"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="plugin-ids" type="array"><value type="int" value="1"/></property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="systray">
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"#;

/// Where the icon is then, the part of the screen that its menu opens in, and both.
const ICON: &str = "30x30+0+0";
const MENU: &str = "540x300+0+32";
const BOTH: &str = "540x332+0+0";

fn main() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?;
    let callboard = Callboard::new("")?.env(session.env());
    let config = session.folder("config").join("xfce4/xfconf/xfce-perchannel-xml");
    fs::create_dir_all(&config)?;
    fs::write(config.join("xfce4-panel.xml"), PANEL)?;
    // Nothing is started by the bus of a session: the panel's settings service is, by hand.
    let _settings = start(&session, "/usr/lib/x86_64-linux-gnu/xfce4/xfconf/xfconfd", callboard.folder())?;
    wait_until("the panel's settings", PATIENCE, || session.has_name("org.xfce.Xfconf").then_some(()))?;
    let _panel = start(&session, "xfce4-panel", callboard.folder())?;
    wait_until("the panel's tray", PATIENCE, || {
        session.has_name("org.kde.StatusNotifierWatcher").then_some(())
    })?;

    let mut shown = stable_pixels(&session, ICON, &[])?;

    let app = App::start(&callboard, &session, &["--playground", "--hidden"])?;
    app.moment_after("tray registered", 0)?;
    // The made-up day begins offline, and calm: the picture is of what comes then.
    for _ in 0..3 {
        shown = stable_pixels(&session, ICON, &shown)?;
    }
    let closed = stable_pixels(&session, MENU, &[])?;
    // Opened for the second time it has the room that it needs: panels ask what is in a menu as they open it.
    for _ in 0..2 {
        session.press(&["Escape"])?;
        wait_until("the menu to be gone", PATIENCE, || {
            session.pixels_of(MENU).ok().filter(|now| *now == closed)
        })?;
        session.click(15, 15, 3)?;
        stable_pixels(&session, MENU, &closed)?;
    }
    let pictures = paths::target()?.join("screenshots");
    fs::create_dir_all(&pictures)?;
    session.screenshot_of(BOTH, &pictures.join("tray.png"))
}

/// The pixels of a part of the screen, once they are others than these and stay as they are.
fn stable_pixels(session: &DesktopSession, part: &str, others: &[u8]) -> Result<Vec<u8>> {
    let mut last = Vec::new();
    wait_until(&format!("a change at {part}"), PATIENCE, || {
        let now = session.pixels_of(part).ok()?;
        let is_stable = now == last && now != others;
        last = now;
        is_stable.then(|| last.clone())
    })
}

fn start(session: &DesktopSession, program: &str, folder: &Path) -> Result<Server> {
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Server::spawn(&name, session.command(program), &folder.join(format!("{name}.log")))
}
