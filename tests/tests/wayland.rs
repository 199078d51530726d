//! The desktop app on Wayland, as a person has it: windows, key presses, and a click on a notification with the permission to
//! take the focus.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use callboard_engine::{
    api::{Hello, ReadCall},
    socket::Client,
};
use callboard_tests::{
    Alertmanager, App, Callboard, DesktopSession, Keyring, NotificationService, PATIENCE, Server, TrayHost,
    wait_until,
};
use serde_json::json;

/// A desktop, and the configuration of somebody who watches a pager.
struct Desktop {
    callboard: Callboard,
    pager: Alertmanager,
    notifications: NotificationService,
    _tray: TrayHost,
    session: DesktopSession,
}

impl Desktop {
    fn new() -> Result<Desktop> {
        let session = DesktopSession::start(Keyring::Absent)?.with_wayland()?;
        let notifications = NotificationService::start(&session)?;
        let tray = TrayHost::start(&session)?;
        let pager = Alertmanager::start(None)?;
        let config = format!(
            "[accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\nevery = \"1s\"\n\
             [receive]\nlisten = \"127.0.0.1:0\"\n",
            pager.url()
        );
        let callboard = Callboard::new(&config)?.env(session.env());
        Ok(Desktop { callboard, pager, notifications, _tray: tray, session })
    }

    /// The app with its window open, whose page takes keys.
    fn open(&self) -> Result<App> {
        let app = App::open(&self.callboard, &self.session)?;
        app.page().until("document.activeElement?.role === 'combobox'")?;
        Ok(app)
    }

    /// The app with no window.
    fn hidden(&self) -> Result<App> {
        let app = App::start(&self.callboard, &self.session, &["--hidden"])?;
        self.answered().with_context(|| app.output())?;
        Ok(app)
    }

    /// Waits until the app takes commands.
    fn answered(&self) -> Result<()> {
        wait_until("an answer", PATIENCE, || self.ask(Hello {}).ok()).map(drop)
    }

    fn ask<C: ReadCall>(&self, call: C) -> Result<C::Answer> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Ok(Client::connect(&self.callboard.data()).await?.call(call).await?) })
    }

    /// Runs `callboard` to its good end.
    fn callboard(&self, command: &str) -> Result<()> {
        let output = self.callboard.cmd(&[command])?;
        ensure!(output.code == Some(0), "{command}: {output:?}");
        Ok(())
    }

    /// Waits until a window of the app has the keyboard.
    fn focused(&self, app: &App) -> Result<()> {
        app.wait_until_focused(&self.session)
    }

    /// Waits until no window of the app is to be seen.
    fn no_window(&self, app: &App) -> Result<()> {
        app.wait_until_hidden(&self.session)
    }
}

#[test]
fn window_opens_focused_takes_what_is_typed_and_is_hidden_by_escape() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    for text in ["silence DiskFull", "pr list", "a"] {
        desktop.session.press(&["Escape"])?;
        desktop.no_window(&app)?;
        desktop.callboard("open")?;
        desktop.focused(&app)?;
        desktop.session.type_text(text)?;
        app.page().until(&format!("document.activeElement.value === {}", json!(text)))?;
        // Cleared, because Escape would only clear a text.
        desktop.session.press(&["ctrl+a", "BackSpace"])?;
        app.page().until("document.activeElement.value === ''")?;
    }
    Ok(())
}

#[test]
fn text_typed_before_the_first_window_is_ready_is_not_lost() -> Result<()> {
    let desktop = Desktop::new()?;
    // The driver finds a window only once there is one, and that is what the command makes.
    std::thread::scope(|threads| {
        let opening = threads.spawn(|| App::open_with(&desktop.callboard, &desktop.session, &["--hidden"]));
        desktop.answered()?;
        desktop.callboard("open")?;
        wait_until("a window to have the keyboard", PATIENCE, || desktop.session.focused())?;
        desktop.session.type_text("silence DiskFull for 30m")?;
        let app = opening.join().map_err(|_| anyhow::anyhow!("the driver"))??;
        app.page().until("document.activeElement.value === 'silence DiskFull for 30m'").map(drop)
    })
}

#[test]
fn second_start_and_command_line_raise_the_first() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.hidden()?;
    let mut second = App::start(&desktop.callboard, &desktop.session, &[])?;
    assert!(second.ended()?.success(), "{}", second.output());
    desktop.focused(&app)?;
    for (command, shown) in
        [("toggle", false), ("toggle", true), ("open", true), ("toggle", false), ("open", true)]
    {
        desktop.callboard(command)?;
        if shown { desktop.focused(&app)? } else { desktop.no_window(&app)? }
    }
    Ok(())
}

#[test]
fn second_start_takes_the_focus_by_the_permission_that_it_was_started_with() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    let log = desktop.callboard.folder().join("wev.log");
    let mut other = Server::spawn("wev", desktop.session.command("wev"), &log)?;
    other.ready(|wev| desktop.session.focused().filter(|it| it.process == wev.id()))?;
    let token = desktop.session.activation_token()?;
    let started = desktop.callboard.command(&["open"]).env("XDG_ACTIVATION_TOKEN", token).status()?;
    assert!(started.success(), "{started}");
    desktop.focused(&app)
}

#[test]
fn notification_click_opens_its_item_and_gives_the_focus() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    desktop.callboard.polled(&["pager"])?;
    desktop.pager.fire(&[("alertname", "DiskFull"), ("severity", "warning")], &[])?;
    let notification = desktop.notifications.shown("DiskFull")?;
    let click = || desktop.notifications.click(notification, &desktop.session.activation_token()?);

    let log = desktop.callboard.folder().join("wev.log");
    let mut other = Server::spawn("wev", desktop.session.command("wev"), &log)?;
    let other_is_focused = |wev: &Server| desktop.session.focused().filter(|it| it.process == wev.id());
    other.ready(other_is_focused)?;
    // A window that is on the screen gets the focus only with the permission that the click gives.
    let asked = app.moments("window asked for").len();
    desktop.callboard("open")?;
    app.moment_after("window asked for", asked)?;
    // What shows a window answers for its page, too, one after the other.
    app.page().text()?;
    assert!(other_is_focused(&other).is_some(), "{:?}", desktop.session.focused());
    click()?;
    desktop.focused(&app)?;
    app.page()
        .until("all('option').find((it) => it.ariaSelected === 'true')?.textContent.includes('DiskFull')")?;
    app.page().until("find('region', 'Detail').textContent.includes('DiskFull')")?;

    desktop.session.press(&["Escape"])?;
    desktop.no_window(&app)?;
    other.ready(other_is_focused)?;
    click()?;
    desktop.focused(&app)
}

#[test]
fn app_ends_with_the_display() -> Result<()> {
    let mut desktop = Desktop::new()?;
    let mut app = App::start(&desktop.callboard, &desktop.session, &["open"])?;
    desktop.focused(&app)?;
    let window = app.window_process().context("the process of the window")?;
    desktop.session.end_display()?;
    let status = app.ended()?;
    assert!(status.success(), "{status}: {}", app.output());
    assert!(!Path::new(&format!("/proc/{window}")).exists(), "{}", app.output());
    Ok(())
}

#[test]
fn app_outlives_a_display_that_comes_back() -> Result<()> {
    let mut desktop = Desktop::new()?;
    let app = App::start(&desktop.callboard, &desktop.session, &["open"])?;
    desktop.focused(&app)?;
    let window = app.window_process().context("the process of the window")?;
    desktop.session.end_display()?;
    let is_gone = || (!Path::new(&format!("/proc/{window}")).exists()).then_some(());
    wait_until("the window to be gone", PATIENCE, is_gone)?;
    desktop.session.restart_display()?;
    desktop.callboard("open")?;
    desktop.focused(&app)
}
