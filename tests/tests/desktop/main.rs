//! The desktop app as a person has it: by its hotkey, its tray icon, its notifications and its windows, with real key
//! presses, on real services.

mod outside;
mod processes;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use callboard_engine::{
    api::{Hello, ReadCall, Status, StatusQuery},
    socket::Client,
};
use callboard_tests::{
    Alertmanager, Answer, App, Callboard, DesktopSession, Emulator, Keyring, PATIENCE, Picture, StandIn,
    TrayHost, TrayIcon, wait_until,
};
use serde_json::{Value, json};

const HOTKEY: &str = "alt+space";

/// A desktop, a pager, and the configuration of somebody who watches it. Outcomes are posted in the built-in room.
struct Desktop {
    callboard: Callboard,
    pager: Alertmanager,
    tray: TrayHost,
    session: DesktopSession,
}

impl Desktop {
    fn new() -> Result<Desktop> {
        Desktop::configured("")
    }

    fn configured(more: &str) -> Result<Desktop> {
        let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?.with_notifications()?;
        let tray = TrayHost::start(&session)?;
        let pager = Alertmanager::start(None)?;
        let config = format!(
            "default_channel = \"room:general\"\n\
             [accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\nevery = \"1s\"\n\
             [receive]\nlisten = \"127.0.0.1:0\"\n{more}",
            pager.url()
        );
        let callboard = Callboard::new(&config)?.env(session.env());
        Ok(Desktop { callboard, pager, tray, session })
    }

    /// Fires an alert of its own.
    fn fire(&self, name: &str) -> Result<()> {
        self.pager.fire(&labels(name), &[("summary", "It is full")])
    }

    /// Ends it again.
    fn resolve(&self, name: &str) -> Result<()> {
        self.pager.resolve(&labels(name), &[])
    }

    /// The app with its window open.
    fn open(&self) -> Result<App> {
        let app = App::open(&self.callboard, &self.session)?;
        self.answered(&app)?;
        Ok(app)
    }

    /// The app in the tray, with no window.
    fn hidden(&self) -> Result<App> {
        let app = App::start(&self.callboard, &self.session, &["--hidden"])?;
        app.moment_after("tray registered", 0)?;
        self.answered(&app)?;
        Ok(app)
    }

    /// Waits until somebody has the store.
    fn answered(&self, app: &App) -> Result<()> {
        wait_until("an answer", PATIENCE, || self.ask(Hello {}).ok()).with_context(|| app.output()).map(drop)
    }

    /// Waits until a window of the app has the keyboard.
    fn focused(&self, app: &App) -> Result<()> {
        app.wait_until_focused(&self.session)
    }

    /// Waits until no window of the app is to be seen.
    fn no_window(&self, app: &App) -> Result<()> {
        app.wait_until_hidden(&self.session)
    }

    /// Waits until the icon is calm, and returns its pictures.
    fn calm(&self, icon: &TrayIcon) -> Result<Vec<Picture>> {
        wait_until("a calm icon", PATIENCE, || icon.tooltip().ok().filter(|text| text.contains("calm")))?;
        icon.pictures()
    }

    /// The answer of the process that has the store.
    fn ask<C: ReadCall>(&self, call: C) -> Result<C::Answer> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Ok(Client::connect(&self.callboard.data()).await?.call(call).await?) })
    }

    /// Waits until that many notifications are on the screen.
    fn displays(&self, count: usize) -> Result<()> {
        let now = || self.session.notifications_displayed().ok().filter(|now| *now == count);
        wait_until(&format!("{count} notifications on the screen"), PATIENCE, now).map(drop)
    }

    fn status(&self) -> Result<Status> {
        self.ask(StatusQuery {})
    }

    /// Waits for the row of an alert on the board.
    fn on_board(&self, name: &str) -> Result<Value> {
        wait_until(&format!("{name} on the board"), PATIENCE, || {
            let board = self.callboard.board().ok()?;
            board.into_iter().find(|row| row.to_string().contains(name))
        })
    }

    /// The titles in the built-in room, oldest first.
    fn room(&self) -> Result<Vec<String>> {
        let mut room = self.callboard.json(&["room"])?;
        let messages = room[0].as_array_mut().context("a list")?;
        Ok(messages.iter().map(|it| it["message"]["title"].to_string()).collect())
    }

    fn active_silences(&self) -> Result<usize> {
        let silences = self.pager.silences()?;
        Ok(silences.iter().filter(|silence| silence["status"]["state"] == "active").count())
    }
}

/// Not critical, which would come through do not disturb.
fn labels(name: &str) -> [(&str, &str); 3] {
    [("alertname", name), ("instance", "db1"), ("severity", "warning")]
}

#[test]
fn hotkey_opens_the_field_and_text_typed_at_once_arrives_whole() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    app.page().until("document.activeElement?.role === 'combobox'")?;
    for text in ["silence DiskFull", "pr list", "a"] {
        desktop.session.press(&["Escape"])?;
        desktop.no_window(&app)?;
        desktop.session.press(&[HOTKEY])?;
        desktop.focused(&app)?;
        desktop.session.type_text(text)?;
        app.page().until(&format!("document.activeElement.value === {}", json!(text)))?;
        // Cleared, because Escape would only clear a text.
        desktop.session.press(&["ctrl+a", "BackSpace"])?;
        app.page().until("document.activeElement.value === ''")?;
    }
    desktop.session.press(&[HOTKEY])?;
    desktop.no_window(&app)
}

#[test]
fn text_typed_before_the_first_window_is_ready_is_not_lost() -> Result<()> {
    let desktop = Desktop::new()?;
    // The driver finds a window only once there is one, and that is what the key makes.
    std::thread::scope(|threads| {
        let opening = threads.spawn(|| App::open_with(&desktop.callboard, &desktop.session, &["--hidden"]));
        let icon = desktop.tray.icon()?;
        ensure!(!icon.tooltip()?.is_empty(), "the icon has a tooltip");
        // The hotkey is taken before the store is.
        wait_until("an answer", PATIENCE, || desktop.ask(Hello {}).ok())?;
        desktop.session.press(&[HOTKEY])?;
        wait_until("a window to have the keyboard", PATIENCE, || {
            desktop.session.focused().filter(|window| window.title.contains("Callboard"))
        })?;
        desktop.session.type_text("silence DiskFull for 30m")?;
        let app = opening.join().map_err(|_| anyhow::anyhow!("the driver"))??;
        app.page().until("document.activeElement.value === 'silence DiskFull for 30m'").map(drop)
    })
}

#[test]
fn typed_command_is_run_by_enter_and_posted_in_the_room() -> Result<()> {
    let desktop = Desktop::new()?;
    desktop.fire("DiskFull")?;
    let app = desktop.open()?;
    let page = app.page();
    desktop.focused(&app)?;
    page.shows("DiskFull")?;

    desktop.session.type_text("silen")?;
    page.until("all('option').find((it) => it.ariaSelected === 'true')?.textContent.includes('silence')")?;
    // One argument after the other, and then what would be sent.
    desktop.session.press(&["Return"])?;
    // An alert is chosen by its name, not by its fingerprint.
    let named =
        "find('listbox', 'Values for alert')?.querySelector('.title')?.innerText.includes('DiskFull')";
    page.until(named)?;
    desktop.session.type_text("DiskFull")?;
    desktop.session.press(&["Tab"])?;
    desktop.session.type_text("30m")?;
    page.shows("/api/v2/silences")?;
    page.shows("general")?;
    assert_eq!(desktop.active_silences()?, 0, "nothing is sent before Enter");

    desktop.session.press(&["Return"])?;
    page.shows("Posted to")?;
    assert_eq!(desktop.active_silences()?, 1);
    let room = desktop.room()?;
    assert!(room.len() == 1 && room[0].contains("silenced for 30m"), "{room:?}");
    let runs = desktop.callboard.json(&["runs"])?;
    assert_eq!(runs[0][0]["state"]["state"], "done", "{runs:#?}");
    Ok(())
}

#[test]
fn desktop_resolves_an_unknown_run_and_posts_a_row() -> Result<()> {
    let lost = StandIn::start(|_| Answer::nothing())?;
    let desktop = Desktop::configured(&format!(
        "[accounts.deployer]\nservice = \"http\"\nurl = \"{}\"\n[commands]\ndirs = [\"commands\"]\n",
        lost.url()
    ))?;
    let folder = desktop.callboard.folder().join("commands");
    std::fs::create_dir(&folder)?;
    let command = "[[command]]\nname = \"deploy\"\nsummary = \"Deploy it\"\n\
                   run.http = { account = \"deployer\", method = \"POST\", path = \"/deploy\" }\n";
    std::fs::write(folder.join("deploy.toml"), command)?;
    desktop.fire("DiskFull")?;
    let app = desktop.open()?;
    let page = app.page();
    desktop.focused(&app)?;
    page.shows("DiskFull")?;
    let run = desktop.callboard.cmd(&["run", "deploy"])?;
    assert_eq!(run.code, Some(5), "{run:?}");

    page.shows("Recent runs")?;
    desktop.session.press(&["ctrl+End"])?;
    page.shows("We do not know whether this ran")?;
    desktop.session.press(&["ctrl+shift+n"])?;
    page.shows("says it did not run")?;
    let edited = || desktop.room().ok().filter(|room| room[0].contains("says it did not run"));
    let room = wait_until("the message to be edited", PATIENCE, edited)?;
    assert_eq!(room.len(), 1, "{room:?}");
    assert_eq!(lost.requests().len(), 1, "it is not run again");

    desktop.session.press(&["ctrl+Home", "ctrl+shift+s"])?;
    page.shows("Will post to")?;
    assert_eq!(desktop.room()?.len(), 1, "nothing is posted before Enter");
    desktop.session.press(&["Return"])?;
    page.shows("Posted to")?;
    let room = desktop.room()?;
    assert!(room.len() == 2 && room[1].contains("DiskFull"), "{room:?}");
    Ok(())
}

#[test]
fn account_is_added_tested_kept_in_the_keychain_and_removed() -> Result<()> {
    let emulator = Emulator::start()?;
    let desktop = Desktop::new()?;
    let app = App::open_with(&desktop.callboard, &desktop.session, &["settings"])?;
    let page = app.page();
    page.switch_to("settings.html")?;
    desktop.focused(&app)?;
    page.click("button", "Add account")?;
    page.click("button", "GitHub")?;
    // One question at a time, each answered by typing and Enter; those that may be left out are.
    let answers = [("name", "forge"), ("url", emulator.github_url()), ("token", Emulator::ADMIN)];
    let mut last = Value::Null;
    loop {
        let question = page.until(&format!("question({last})"))?;
        if question == "the answer" {
            break;
        }
        let is_about = |name: &str| question.as_str().is_some_and(|it| it.to_lowercase().contains(name));
        match answers.iter().find(|(name, _)| is_about(name)) {
            Some((_, text)) => {
                desktop.session.press(&["ctrl+a"])?;
                desktop.session.type_text(text)?;
                desktop.session.press(&["Return"])?;
            }
            None => page.click("button", "Skip")?,
        }
        last = question;
    }
    page.shows("admin")?;
    page.click("button", "Done")?;

    wait_until("the account", PATIENCE, || desktop.callboard.account("forge").ok())?;
    assert_eq!(desktop.session.kept_secret("forge/token")?.as_deref(), Some(Emulator::ADMIN));
    let file = std::fs::read_to_string(desktop.callboard.config())?;
    assert!(file.contains("[accounts.forge]") && !file.contains(Emulator::ADMIN), "{file}");
    assert!(!app.output().contains(Emulator::ADMIN), "the log");

    // Removing it takes its name.
    page.click("button", "Remove…")?;
    page.focus("textbox", "Type forge to remove it")?;
    desktop.session.type_text("forge")?;
    desktop.session.press(&["Return"])?;
    wait_until("it to be gone", PATIENCE, || desktop.callboard.account("forge").is_err().then_some(()))?;
    assert_eq!(desktop.session.kept_secret("forge/token")?, None);
    Ok(())
}

#[test]
fn second_start_and_command_line_raise_the_first() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.hidden()?;
    assert!(app.windows(&desktop.session).is_empty(), "no window before it is needed");
    // A playground is refused beside it, and a start that is to show no window shows none.
    let mut play = App::start(&desktop.callboard, &desktop.session, &["--playground"])?;
    assert!(!play.ended()?.success() && play.output().contains("already runs on"), "{}", play.output());
    let mut hidden = App::start(&desktop.callboard, &desktop.session, &["--hidden"])?;
    assert!(hidden.ended()?.success(), "{}", hidden.output());
    assert!(app.windows(&desktop.session).is_empty(), "neither shows a window");
    let mut second = App::start(&desktop.callboard, &desktop.session, &[])?;
    assert!(second.ended()?.success(), "{}", second.output());
    desktop.focused(&app)?;
    // The board is there a moment after the page, and nothing announces it.
    wait_until("the window to go", PATIENCE, || {
        desktop.session.press(&["Escape"]).ok()?;
        let gone = || app.windows(&desktop.session).is_empty().then_some(());
        wait_until("it", Duration::from_secs(1), gone).ok()
    })?;

    for (command, shown) in [("open", true), ("open", true), ("toggle", false), ("toggle", true)] {
        let output = desktop.callboard.cmd(&[command])?;
        assert_eq!(output.code, Some(0), "{command}: {output:?}");
        if shown { desktop.focused(&app)? } else { desktop.no_window(&app)? }
    }
    Ok(())
}

/// Whether some file below a folder has these bytes.
fn is_on_disk(folder: &Path, bytes: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| match path.is_dir() {
        true => is_on_disk(&path, bytes),
        false => std::fs::read(&path).is_ok_and(|file| file.windows(bytes.len()).any(|part| part == bytes)),
    })
}

#[test]
fn killed_app_loses_nothing() -> Result<()> {
    let desktop = Desktop::new()?;
    desktop.fire("DiskFull")?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    app.page().shows("DiskFull")?;
    let run = desktop.callboard.cmd(&["run", "silence DiskFull for 30m"])?;
    assert_eq!(run.code, Some(0), "{run:?}");
    // The alert is then acknowledged, as it will be after the restart.
    desktop.callboard.polled(&["pager"])?;
    desktop.session.type_text("silence Disk")?;
    app.page().until("document.activeElement.value === 'silence Disk'")?;
    let before = (
        desktop.callboard.board()?,
        desktop.callboard.json(&["runs"])?,
        desktop.room()?,
        desktop.callboard.events()?,
    );
    // A page's storage is on the disk a moment later, in the two bytes a letter that SQLite keeps it in.
    let wide: Vec<u8> = "silence Disk".encode_utf16().flat_map(u16::to_le_bytes).collect();
    wait_until("the text to be on the disk", PATIENCE, || {
        is_on_disk(&desktop.callboard.data(), &wide).then_some(())
    })?;
    app.kill()?;

    let app = desktop.open()?;
    desktop.focused(&app)?;
    app.page().until("document.activeElement.value === 'silence Disk'")?;
    let after = (
        desktop.callboard.board()?,
        desktop.callboard.json(&["runs"])?,
        desktop.room()?,
        desktop.callboard.events()?,
    );
    assert_eq!(after, before);
    assert_eq!(desktop.active_silences()?, 1, "nothing was run again");
    Ok(())
}

#[test]
fn app_is_a_client_of_a_daemon_and_takes_over_when_it_ends() -> Result<()> {
    let desktop = Desktop::new()?;
    let serving = desktop.callboard.serve()?;
    desktop.callboard.polled(&["pager"])?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    desktop.fire("DiskFull")?;
    app.page().shows("DiskFull")?;
    let shown = || desktop.session.notifications().ok().filter(|shown| !shown.is_empty());
    wait_until("the notification", PATIENCE, shown)?;

    serving.kill()?;
    wait_until("the app to have the store", PATIENCE, || desktop.status().ok())
        .with_context(|| app.output())?;
    desktop.callboard.polled(&["pager"])?;
    desktop.fire("QueueDeep")?;
    app.page().shows("QueueDeep")?;
    let both = || desktop.session.notifications().ok().filter(|shown| shown.len() == 2);
    wait_until("the second notification", PATIENCE, both)?;
    desktop.callboard.polled(&["pager"])?;
    let shown = desktop.session.notifications()?;
    for name in ["DiskFull", "QueueDeep"] {
        assert_eq!(shown.iter().filter(|it| it.summary.contains(name)).count(), 1, "{shown:?}");
    }
    let events = desktop.callboard.events()?;
    assert_eq!(events.iter().filter(|it| it["name"] == "triggered").count(), 2, "{events:#?}");
    Ok(())
}
