//! Two processes: the tray's, which has the store and the secrets, and that of the windows, which comes and goes.

use callboard_tests::signal;

use super::*;

/// Waits until a process is gone.
fn is_gone(process: u32) -> Result<()> {
    let gone = || (!Path::new(&format!("/proc/{process}")).exists()).then_some(());
    wait_until("the process to be gone", PATIENCE, gone).map(drop)
}

fn window_process(app: &App) -> Result<u32> {
    app.window_process().with_context(|| format!("there is no window process:\n{}", app.output()))
}

/// The process in which WebKit runs the page.
fn page_process(app: &App) -> Result<u32> {
    let runs_the_page = |process: &u32| {
        std::fs::read_to_string(format!("/proc/{process}/comm"))
            .is_ok_and(|name| name.starts_with("WebKitWebProces"))
    };
    app.processes().into_iter().find(runs_the_page).context("the process of the page")
}

#[test]
fn killed_window_comes_back_with_what_was_typed() -> Result<()> {
    let desktop = Desktop::new()?;
    desktop.fire("DiskFull")?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    app.page().shows("DiskFull")?;
    let typed = "silence DiskFull 30m";
    desktop.session.type_text(typed)?;
    app.page().until(&format!("document.activeElement.value === {}", json!(typed)))?;
    let wide: Vec<u8> = typed.encode_utf16().flat_map(u16::to_le_bytes).collect();
    wait_until("the text to be on the disk", PATIENCE, || {
        is_on_disk(&desktop.callboard.data(), &wide).then_some(())
    })?;
    let (before, ready) = (window_process(&app)?, app.moments("page ready").len());
    signal(before, "KILL")?;
    is_gone(before)?;

    app.moment_after("page ready", ready)?;
    desktop.focused(&app)?;
    assert_ne!(window_process(&app)?, before);
    // The driver went with the first one: that the line is there again shows in that it runs.
    wait_until("the silence", PATIENCE, || {
        desktop.session.press(&["Return"]).ok()?;
        let silenced = || desktop.active_silences().ok().filter(|count| *count > 0);
        wait_until("it", Duration::from_secs(1), silenced).ok()
    })
    .with_context(|| app.output())?;
    assert_eq!(desktop.active_silences()?, 1);
    Ok(())
}

#[test]
fn page_whose_process_was_killed_comes_back() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    let before = window_process(&app)?;
    let page = page_process(&app)?;
    let ready = app.moments("page ready").len();
    signal(page, "KILL")?;
    is_gone(before)?;
    app.moment_after("page ready", ready)?;
    desktop.focused(&app)
}

#[test]
fn page_that_hangs_comes_back() -> Result<()> {
    let desktop = Desktop::new()?;
    // Not by the driver: WebKit lets a page that is driven take its time.
    let app = App::start(&desktop.callboard, &desktop.session, &["open"])?;
    app.moment_after("page ready", 0)?;
    desktop.focused(&app)?;
    let (before, ready) = (window_process(&app)?, app.moments("page ready").len());
    let page = page_process(&app)?;
    signal(page, "STOP")?;
    // A key that is not answered is how it shows.
    desktop.session.type_text("a")?;
    is_gone(before)?;
    app.moment_after("page ready", ready)?;
    desktop.focused(&app)
}

#[test]
fn window_that_was_hidden_stays_so_when_its_process_dies() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    let before = window_process(&app)?;
    desktop.session.press(&[HOTKEY])?;
    desktop.no_window(&app)?;
    signal(before, "KILL")?;
    is_gone(before)?;
    wait_until("the end to be noticed", PATIENCE, || {
        app.output().contains("the process of the windows ended").then_some(())
    })?;
    desktop.session.press(&[HOTKEY])?;
    desktop.focused(&app)?;
    assert_eq!(app.moments("window asked for").len(), 2, "{}", app.output());
    Ok(())
}

#[test]
fn killed_tray_ends_its_windows() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    let window = window_process(&app)?;
    app.kill()?;
    is_gone(window)
}

#[test]
fn unused_process_of_the_windows_is_ended_and_the_hotkey_starts_the_next() -> Result<()> {
    let desktop = Desktop::configured("[desktop]\nunload_after = \"1s\"\n")?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    let first = window_process(&app)?;
    desktop.session.press(&["Escape"])?;
    is_gone(first)?;
    assert_eq!(app.window_process(), None);
    desktop.session.press(&[HOTKEY])?;
    desktop.focused(&app)?;
    assert_ne!(window_process(&app)?, first);
    Ok(())
}

#[test]
fn process_of_the_windows_has_no_secret_and_no_store() -> Result<()> {
    let desktop = Desktop::new()?;
    let secret = "swordfish-in-the-environment";
    let callboard = Callboard::new(&std::fs::read_to_string(desktop.callboard.config())?)?
        .env(desktop.session.env())
        .env([("CALLBOARD_PASSPHRASE", secret), ("CALLBOARD_SECRET_PAGER_TOKEN", secret)]);
    let app = App::open(&callboard, &desktop.session)?;
    desktop.focused(&app)?;
    app.page().shows("watched account")?;
    let process = window_process(&app)?;
    let environment = std::fs::read(format!("/proc/{process}/environ"))?;
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(environment.contains("DISPLAY=") && !environment.contains(secret), "{environment}");
    assert!(!environment.contains("CALLBOARD_"), "{environment}");
    // What pages keep is all that it opens of the data folder.
    let (data, pages) = (callboard.data(), callboard.data().join("pages"));
    for file in std::fs::read_dir(format!("/proc/{process}/fd"))? {
        let Ok(target) = std::fs::read_link(file?.path()) else { continue };
        assert!(!target.starts_with(&data) || target.starts_with(&pages), "{}", target.display());
    }
    // Its own children, one of which runs what services wrote, cannot speak to the tray for it: the log alone is theirs.
    let pipes = |process: u32| -> Result<Vec<std::path::PathBuf>> {
        let files = std::fs::read_dir(format!("/proc/{process}/fd"))?;
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        Ok(targets.filter(|target| target.to_string_lossy().starts_with("pipe:")).collect())
    };
    let (trays, log) = (pipes(app.id())?, std::fs::read_link(format!("/proc/{process}/fd/2"))?);
    let below: Vec<u32> =
        app.processes().into_iter().filter(|it| *it != process && *it != app.id()).collect();
    assert!(!below.is_empty(), "the page has a process");
    for child in below {
        let shared: Vec<_> =
            pipes(child)?.into_iter().filter(|pipe| trays.contains(pipe) && *pipe != log).collect();
        assert!(shared.is_empty(), "{child} has {shared:?} of the tray's");
    }
    let memory = std::fs::read_to_string(format!("/proc/{process}/maps"))?;
    assert!(!memory.contains("callboard.db"), "the store is not mapped");
    Ok(())
}
