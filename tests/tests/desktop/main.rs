//! The desktop app as a person has it: by its hotkey, its tray icon, its notifications and its windows, with real key
//! presses, on real services.

mod outside;

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

/// A desktop, a pager, and the configuration of somebody who watches it. What is told is told in the built-in room.
struct Desk {
    callboard: Callboard,
    pager: Alertmanager,
    tray: TrayHost,
    session: DesktopSession,
}

impl Desk {
    fn new() -> Result<Desk> {
        Desk::configured("")
    }

    fn configured(more: &str) -> Result<Desk> {
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
        Ok(Desk { callboard, pager, tray, session })
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
        let ours = || self.session.focused().filter(|window| window.process == app.id());
        wait_until("the app's window to have the keyboard", PATIENCE, ours)
            .with_context(|| app.output())
            .map(drop)
    }

    /// Waits until no window of the app is to be seen.
    fn put_away(&self, app: &App) -> Result<()> {
        let gone = || self.session.windows(app.id()).is_empty().then_some(());
        wait_until("the app's window to be put away", PATIENCE, gone).with_context(|| app.output())
    }

    /// Waits until the icon says that nothing needs anybody, and gives its pictures then.
    fn calm(&self, icon: &TrayIcon) -> Result<Vec<Picture>> {
        wait_until("a calm icon", PATIENCE, || icon.tooltip().ok().filter(|words| words.contains("calm")))?;
        icon.pictures()
    }

    /// What the process that has the store answers.
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
fn the_hotkey_opens_the_field_and_what_is_typed_at_once_arrives_whole() -> Result<()> {
    let desk = Desk::new()?;
    let app = desk.open()?;
    desk.focused(&app)?;
    app.page().until("document.activeElement?.role === 'combobox'")?;
    for text in ["silence DiskFull", "pr list", "a"] {
        desk.session.press(&["Escape"])?;
        desk.put_away(&app)?;
        desk.session.press(&[HOTKEY])?;
        desk.focused(&app)?;
        desk.session.type_text(text)?;
        app.page().until(&format!("document.activeElement.value === {}", json!(text)))?;
        // Back to nothing: Escape on a text takes it away first.
        desk.session.press(&["ctrl+a", "BackSpace"])?;
        app.page().until("document.activeElement.value === ''")?;
    }
    desk.session.press(&[HOTKEY])?;
    desk.put_away(&app)
}

#[test]
fn what_is_typed_before_the_first_window_is_ready_is_not_lost() -> Result<()> {
    let desk = Desk::new()?;
    // The driver finds a window only once there is one, and that is what the key makes.
    std::thread::scope(|threads| {
        let opening = threads.spawn(|| App::open_with(&desk.callboard, &desk.session, &["--hidden"]));
        let icon = desk.tray.icon()?;
        ensure!(!icon.tooltip()?.is_empty(), "the icon has words");
        // The hotkey is taken before the store is.
        wait_until("an answer", PATIENCE, || desk.ask(Hello {}).ok())?;
        desk.session.press(&[HOTKEY])?;
        wait_until("a window to have the keyboard", PATIENCE, || {
            desk.session.focused().filter(|window| window.title.contains("Callboard"))
        })?;
        desk.session.type_text("silence DiskFull for 30m")?;
        let app = opening.join().map_err(|_| anyhow::anyhow!("the driver"))??;
        app.page().until("document.activeElement.value === 'silence DiskFull for 30m'").map(drop)
    })
}

#[test]
fn typing_finds_a_command_and_enter_runs_it_and_the_room_knows() -> Result<()> {
    let desk = Desk::new()?;
    desk.fire("DiskFull")?;
    let app = desk.open()?;
    let page = app.page();
    desk.focused(&app)?;
    page.says("DiskFull")?;

    desk.session.type_text("silen")?;
    page.until("all('option').find((it) => it.ariaSelected === 'true')?.textContent.includes('silence')")?;
    // One argument after the other, and then what would be sent.
    desk.session.press(&["Return"])?;
    // An alert is chosen by its name, not by its fingerprint.
    let named =
        "find('listbox', 'Values for alert')?.querySelector('.title')?.innerText.includes('DiskFull')";
    page.until(named)?;
    desk.session.type_text("DiskFull")?;
    desk.session.press(&["Tab"])?;
    desk.session.type_text("30m")?;
    page.says("/api/v2/silences")?;
    page.says("general")?;
    assert_eq!(desk.active_silences()?, 0, "nothing is sent before Enter");

    desk.session.press(&["Return"])?;
    page.says("Posted to")?;
    assert_eq!(desk.active_silences()?, 1);
    let room = desk.room()?;
    assert!(room.len() == 1 && room[0].contains("silenced for 30m"), "{room:?}");
    let runs = desk.callboard.json(&["runs"])?;
    assert_eq!(runs[0][0]["state"]["state"], "done", "{runs:#?}");
    Ok(())
}

#[test]
fn desktop_resolves_an_unknown_run_and_posts_a_row() -> Result<()> {
    let lost = StandIn::start(|_| Answer::nothing())?;
    let desk = Desk::configured(&format!(
        "[accounts.deployer]\nservice = \"http\"\nurl = \"{}\"\n[commands]\ndirs = [\"commands\"]\n",
        lost.url()
    ))?;
    let folder = desk.callboard.folder().join("commands");
    std::fs::create_dir(&folder)?;
    let command = "[[command]]\nname = \"deploy\"\nsummary = \"Deploy it\"\n\
                   run.http = { account = \"deployer\", method = \"POST\", path = \"/deploy\" }\n";
    std::fs::write(folder.join("deploy.toml"), command)?;
    desk.fire("DiskFull")?;
    let app = desk.open()?;
    let page = app.page();
    desk.focused(&app)?;
    page.says("DiskFull")?;
    let run = desk.callboard.cmd(&["run", "deploy"])?;
    assert_eq!(run.code, Some(5), "{run:?}");

    page.says("Recent runs")?;
    desk.session.press(&["ctrl+End"])?;
    page.says("We do not know whether this ran")?;
    desk.session.press(&["ctrl+shift+n"])?;
    page.says("says it did not run")?;
    let told = || desk.room().ok().filter(|room| room[0].contains("says it did not run"));
    let room = wait_until("the message to be edited", PATIENCE, told)?;
    assert_eq!(room.len(), 1, "{room:?}");
    assert_eq!(lost.requests().len(), 1, "it is not run again");

    desk.session.press(&["ctrl+Home", "ctrl+shift+s"])?;
    page.says("Will post to")?;
    assert_eq!(desk.room()?.len(), 1, "nothing is posted before Enter");
    desk.session.press(&["Return"])?;
    page.says("Posted to")?;
    let room = desk.room()?;
    assert!(room.len() == 2 && room[1].contains("DiskFull"), "{room:?}");
    Ok(())
}

#[test]
fn an_account_is_added_tested_kept_in_the_keychain_and_removed() -> Result<()> {
    let emulator = Emulator::start()?;
    let desk = Desk::new()?;
    let app = App::open_with(&desk.callboard, &desk.session, &["settings"])?;
    let page = app.page();
    page.switch_to("settings.html")?;
    desk.focused(&app)?;
    page.click("button", "Add account")?;
    page.click("button", "GitHub")?;
    // One question at a time, each answered by typing and Enter; those that may be left out are.
    let answers = [("name", "forge"), ("url", emulator.github_url()), ("token", Emulator::ADMIN)];
    let mut last = Value::Null;
    loop {
        let asked = page.until(&format!("asked({last})"))?;
        if asked == "the answer" {
            break;
        }
        let asks_for = |name: &str| asked.as_str().is_some_and(|it| it.to_lowercase().contains(name));
        match answers.iter().find(|(name, _)| asks_for(name)) {
            Some((_, text)) => {
                desk.session.press(&["ctrl+a"])?;
                desk.session.type_text(text)?;
                desk.session.press(&["Return"])?;
            }
            None => page.click("button", "Skip")?,
        }
        last = asked;
    }
    page.says("admin")?;
    page.click("button", "Done")?;

    let lookup = || -> Result<Option<String>> {
        let mut tool = desk.session.command("secret-tool");
        let output = tool.args(["lookup", "service", "callboard", "username", "forge/token"]).output()?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    };
    wait_until("the account", PATIENCE, || desk.callboard.account("forge").ok())?;
    assert_eq!(lookup()?.as_deref(), Some(Emulator::ADMIN));
    let file = std::fs::read_to_string(desk.callboard.config())?;
    assert!(file.contains("[accounts.forge]") && !file.contains(Emulator::ADMIN), "{file}");
    assert!(!app.output().contains(Emulator::ADMIN), "the log");

    // To remove it takes its name.
    page.click("button", "Remove…")?;
    page.focus("textbox", "Type forge to remove it")?;
    desk.session.type_text("forge")?;
    desk.session.press(&["Return"])?;
    wait_until("it to be gone", PATIENCE, || desk.callboard.account("forge").is_err().then_some(()))?;
    assert_eq!(lookup()?, None);
    Ok(())
}

#[test]
fn a_second_start_and_the_command_line_raise_the_first() -> Result<()> {
    let desk = Desk::new()?;
    let app = desk.hidden()?;
    assert!(desk.session.windows(app.id()).is_empty(), "no window before it is needed");
    let mut second = App::start(&desk.callboard, &desk.session, &[])?;
    assert!(second.ended()?.success(), "{}", second.output());
    desk.focused(&app)?;
    // The board is there a moment after the page, and nobody tells the moment.
    wait_until("the window to go", PATIENCE, || {
        desk.session.press(&["Escape"]).ok()?;
        let gone = || desk.session.windows(app.id()).is_empty().then_some(());
        wait_until("it", Duration::from_secs(1), gone).ok()
    })?;

    for (word, shown) in [("open", true), ("open", true), ("toggle", false), ("toggle", true)] {
        let output = desk.callboard.cmd(&[word])?;
        assert_eq!(output.code, Some(0), "{word}: {output:?}");
        if shown { desk.focused(&app)? } else { desk.put_away(&app)? }
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
fn a_kill_loses_nothing() -> Result<()> {
    let desk = Desk::new()?;
    desk.fire("DiskFull")?;
    let app = desk.open()?;
    desk.focused(&app)?;
    app.page().says("DiskFull")?;
    let run = desk.callboard.cmd(&["run", "silence DiskFull for 30m"])?;
    assert_eq!(run.code, Some(0), "{run:?}");
    // The alert is then seen to be held, as it will be after the restart.
    desk.callboard.polled(&["pager"])?;
    desk.session.type_text("silence Disk")?;
    app.page().until("document.activeElement.value === 'silence Disk'")?;
    let before =
        (desk.callboard.board()?, desk.callboard.json(&["runs"])?, desk.room()?, desk.callboard.events()?);
    // A page's storage is on the disk a moment later, in the two bytes a letter that SQLite keeps it in.
    let wide: Vec<u8> = "silence Disk".encode_utf16().flat_map(u16::to_le_bytes).collect();
    wait_until("the text to be on the disk", PATIENCE, || {
        is_on_disk(&desk.callboard.data(), &wide).then_some(())
    })?;
    app.kill()?;

    let app = desk.open()?;
    desk.focused(&app)?;
    app.page().until("document.activeElement.value === 'silence Disk'")?;
    let after =
        (desk.callboard.board()?, desk.callboard.json(&["runs"])?, desk.room()?, desk.callboard.events()?);
    assert_eq!(after, before);
    assert_eq!(desk.active_silences()?, 1, "nothing was run again");
    Ok(())
}

#[test]
fn app_is_a_client_of_a_daemon_and_takes_over_when_it_ends() -> Result<()> {
    let desk = Desk::new()?;
    let serving = desk.callboard.serve()?;
    desk.callboard.polled(&["pager"])?;
    let app = desk.open()?;
    desk.focused(&app)?;
    desk.fire("DiskFull")?;
    app.page().says("DiskFull")?;
    let shown = || desk.session.notifications().ok().filter(|shown| !shown.is_empty());
    wait_until("the notification", PATIENCE, shown)?;

    serving.kill()?;
    wait_until("the app to have the store", PATIENCE, || desk.status().ok()).with_context(|| app.output())?;
    desk.callboard.polled(&["pager"])?;
    desk.fire("QueueDeep")?;
    app.page().says("QueueDeep")?;
    let told = || desk.session.notifications().ok().filter(|shown| shown.len() == 2);
    wait_until("the second notification", PATIENCE, told)?;
    desk.callboard.polled(&["pager"])?;
    let shown = desk.session.notifications()?;
    for name in ["DiskFull", "QueueDeep"] {
        assert_eq!(shown.iter().filter(|it| it.summary.contains(name)).count(), 1, "{shown:?}");
    }
    let events = desk.callboard.events()?;
    assert_eq!(events.iter().filter(|it| it["name"] == "triggered").count(), 2, "{events:#?}");
    Ok(())
}
