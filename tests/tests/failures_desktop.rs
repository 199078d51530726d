//! What can be missing on a desktop, and what can be wrong before the app is up: each is reported in its place, and the rest
//! works.

use std::fs;

use anyhow::{Context, Result};
use callboard_engine::{
    api::{Check, CheckVerdict, Doctor},
    socket::Client,
};
use callboard_tests::{
    Alertmanager, App, Callboard, DesktopSession, Keyring, PATIENCE, TrayHost, paths, wait_until,
};

fn config(pager: &Alertmanager) -> String {
    format!(
        "default_channel = \"room:general\"\n\
         [accounts.pager]\nservice = \"alertmanager\"\nurl = \"{}\"\nevery = \"1s\"\n\
         [receive]\nlisten = \"127.0.0.1:0\"\n",
        pager.url()
    )
}

/// A pager with one alert, and a program that watches it in this session.
fn watched(session: &DesktopSession) -> Result<(Alertmanager, Callboard)> {
    let pager = Alertmanager::start(None)?;
    pager.fire(&[("alertname", "DiskFull"), ("severity", "critical")], &[])?;
    let callboard = Callboard::new(&config(&pager))?.env(session.env());
    Ok((pager, callboard))
}

/// The check of a part in the app's diagnostics, once it is not ok.
fn failed_check(callboard: &Callboard, part: &str) -> Result<Check> {
    let ask = || -> Result<Vec<Check>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async { Ok(Client::connect(&callboard.data()).await?.call(Doctor {}).await?) })
    };
    let found = wait_until(&format!("{part} to be reported"), PATIENCE, || {
        ask().ok()?.into_iter().find(|check| check.name == part && check.verdict != CheckVerdict::Ok)
    });
    found.with_context(|| format!("{:#?}", ask()))
}

/// The window shows the alert all the same.
fn shows_the_alert(app: &App, session: &DesktopSession) -> Result<()> {
    app.wait_until_focused(session)?;
    app.page().shows("DiskFull").with_context(|| app.output())
}

fn diagnostics(app: &App, callboard: &Callboard, session: &DesktopSession, texts: &[&str]) -> Result<()> {
    let mut second = App::start(callboard, session, &["settings"])?;
    assert!(second.ended()?.success(), "{}", second.output());
    app.page().switch_to("settings.html")?;
    app.page().click("button", "Diagnostics")?;
    texts.iter().try_for_each(|text| app.page().shows(text))
}

#[test]
fn missing_tray_is_reported_and_a_later_one_is_used() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?.with_notifications()?;
    let (_pager, callboard) = watched(&session)?;
    let app = App::open(&callboard, &session)?;
    shows_the_alert(&app, &session)?;
    let check = failed_check(&callboard, "tray")?;
    assert!(check.remedy.is_some(), "{check:?}");
    diagnostics(&app, &callboard, &session, &["tray"])?;

    let tray = TrayHost::start(&session)?;
    let icon = tray.icon().with_context(|| app.output())?;
    assert!(icon.menu()?.find("Quit").is_some(), "{:#?}", icon.menu());
    // And again after the panel was restarted.
    drop((icon, tray));
    let tray = TrayHost::start(&session)?;
    assert!(!tray.icon().with_context(|| app.output())?.tooltip()?.is_empty());
    Ok(())
}

#[test]
fn missing_notification_service_and_keychain_are_reported() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?.with_windows()?;
    let _tray = TrayHost::start(&session)?;
    let (pager, callboard) = watched(&session)?;
    // The pager never had a secret, so it needs no keychain; a Jenkins that is signed in to does.
    callboard.configure(&format!(
        "{}\n[accounts.ci]\nservice = \"jenkins\"\nurl = \"http://127.0.0.1:9\"\nuser = \"ana\"\n",
        config(&pager)
    ))?;
    let app = App::open(&callboard, &session)?;
    shows_the_alert(&app, &session)?;
    app.page().shows("Not seen: ci")?;
    app.page().shows("It is not set up")?;
    for part in ["notifications", "secrets"] {
        let check = failed_check(&callboard, part)?;
        assert!(check.remedy.is_some(), "{check:?}");
    }
    diagnostics(&app, &callboard, &session, &["otification", "eychain"])
}

#[test]
fn taken_hotkey_is_reported_and_another_can_be_set() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?.with_windows_and_key(Some("A-space"))?;
    let _tray = TrayHost::start(&session)?;
    let (_pager, callboard) = watched(&session)?;
    let app = App::open(&callboard, &session)?;
    shows_the_alert(&app, &session)?;
    let check = failed_check(&callboard, "hotkey")?;
    assert!(check.remedy.is_some(), "{check:?}");

    session.press(&["Escape"])?;
    let shown = |expected: bool| {
        wait_until("the window", PATIENCE, || (app.windows(&session).is_empty() != expected).then_some(()))
    };
    shown(false)?;
    callboard.configure(&format!(
        "{}[desktop]\nhotkey = \"Ctrl+Alt+Space\"\n",
        fs::read_to_string(callboard.config())?
    ))?;
    wait_until("the new key", PATIENCE, || {
        session.press(&["ctrl+alt+space"]).ok()?;
        wait_until("the window", std::time::Duration::from_secs(1), || {
            (!app.windows(&session).is_empty()).then_some(())
        })
        .ok()
    })
    .with_context(|| app.output())
}

#[test]
fn app_without_the_program_of_its_windows_works_in_the_tray_and_says_so() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?.with_notifications()?;
    let tray = TrayHost::start(&session)?;
    let (_pager, callboard) = watched(&session)?;
    // A program of its own folder, as one is that was installed without the other package.
    let alone = callboard.folder().join("callboard-tray");
    fs::copy(paths::app()?, &alone)?;
    let app = App::start_program(&alone, &callboard, &session, &["--hidden"])?;
    let icon = tray.icon().with_context(|| app.output())?;
    wait_until("the alert's menu", PATIENCE, || icon.menu().ok()?.find("DiskFull").map(drop))?;
    icon.activate()?;
    let check = failed_check(&callboard, "windows")?;
    assert!(check.found.contains("callboard-window is not there"), "{check:?}");
    assert!(check.remedy.is_some_and(|remedy| remedy.contains("callboard-window")));
    wait_until("the menu to say so", PATIENCE, || {
        icon.menu().ok()?.find("No window can be shown").map(drop)
    })?;
    // What cannot be seen in a window can be run in a terminal, and the notification has the line.
    icon.choose("Silence for 2 h")?;
    wait_until("the line for a terminal", PATIENCE, || {
        let shown = session.notifications().ok()?;
        shown.iter().any(|it| it.body.contains("callboard run") && it.body.contains("silence")).then_some(())
    })
    .with_context(|| app.output())?;
    assert!(app.runs() && app.window_process().is_none());
    Ok(())
}

#[test]
fn program_of_the_windows_is_not_started_by_hand() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?;
    let window = paths::app()?.with_file_name("callboard-window");
    for arguments in [&[][..], &["open"]] {
        let mut command = session.command(window.to_str().context("a path that is text")?);
        let output = command.args(arguments).stdin(std::process::Stdio::null()).output()?;
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{printed}");
        assert!(
            printed.contains("start callboard-tray instead") && !printed.contains("panicked"),
            "{printed}"
        );
    }
    Ok(())
}

#[test]
fn missing_display_ends_the_app_with_an_error() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?;
    let (_pager, callboard) = watched(&session)?;
    let mut app = App::start(&callboard, &session, &[])?;
    let status = app.ended()?;
    assert_eq!(status.code(), Some(2), "{}", app.output());
    let log = app.output();
    assert!(log.contains("display") && log.contains("callboard serve"), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}

#[test]
fn data_folder_that_cannot_be_written_is_reported() -> Result<()> {
    let session = DesktopSession::start(Keyring::Absent)?.with_windows()?;
    let (_pager, callboard) = watched(&session)?;
    // Root may write anywhere but not make a folder below a file, and others may not even enter.
    let blocked = callboard.folder().join("blocked");
    fs::write(&blocked, "a file")?;
    let data = blocked.join("data").display().to_string();
    let app = App::open_with(&callboard, &session, &["--data", &data, "open"])?;
    for part in ["cannot be written", &data] {
        app.page().shows(part).with_context(|| app.output())?;
    }
    assert!(app.runs(), "it can be put right without a new start");
    Ok(())
}

#[test]
fn taken_webhook_port_is_reported_and_the_rest_works() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?;
    let _tray = TrayHost::start(&session)?;
    let (_pager, callboard) = watched(&session)?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let text = fs::read_to_string(callboard.config())?;
    callboard.configure(&text.replace("127.0.0.1:0", &taken.local_addr()?.to_string()))?;
    let app = App::open(&callboard, &session)?;
    shows_the_alert(&app, &session)?;
    let check = failed_check(&callboard, "webhooks")?;
    assert!(check.found.contains(&taken.local_addr()?.to_string()), "{check:?}");
    diagnostics(&app, &callboard, &session, &["ebhook"])
}

#[test]
fn configuration_error_at_the_start_is_shown_until_it_is_corrected() -> Result<()> {
    let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?;
    let _tray = TrayHost::start(&session)?;
    let (_pager, callboard) = watched(&session)?;
    let good = fs::read_to_string(callboard.config())?;
    callboard.configure(&good.replace("\"alertmanager\"", "\"alertmanger\""))?;
    let app = App::open(&callboard, &session)?;
    app.page().shows("alertmanger").with_context(|| app.output())?;
    app.page().shows("line 3")?;
    callboard.configure(&good)?;
    shows_the_alert(&app, &session)
}
