//! From the hotkey to the keyboard focus, beside a launcher that is started by each press.

use std::time::Duration;

use anyhow::Result;
use callboard_tests::{App, Callboard, DesktopSession, PATIENCE, TrayHost, wait_until};

use super::{rofi::Rofi, session, stored};
use crate::{
    Args,
    figure::{Figure, Goal, Samples},
};

const HOTKEY: &str = "alt+space";
/// Open items, as a team has them.
const ENTRIES: usize = 200;

pub(crate) fn measure(args: &Args) -> Result<Vec<Figure>> {
    let (warm, cold, rofi) = if args.quick { (10, 2, 5) } else { (50, 10, 20) };
    let session = session()?;
    let _tray = TrayHost::start(&session)?;
    let callboard = stored(&session, ENTRIES, "")?;
    let warm = warm_shows(&callboard, &session, warm)?;
    let cold: Vec<Shown> = (0..cold).map(|_| cold_show(&callboard, &session)).collect::<Result<_>>()?;
    let peer = rofi_shows(&session, rofi)?.median();

    let of = |shows: &[Shown], moment: fn(&Shown) -> u64| {
        Samples::new(shows.iter().map(|shown| moment(shown) as f64 / 1e3).collect())
    };
    let on = "the app's own stamps, on Xvfb with openbox, real key presses";
    let rofi = "rofi, exec to its window mapped (X11 MapNotify)";
    Ok(vec![
        Figure::new(
            "hotkey to focus, warm",
            "ms",
            of(&warm, |shown| shown.focused),
            format!("hotkey pressed to window focused, the window made before; {on}; beside {rofi}, {ENTRIES} lines"),
        )
        .beside("rofi -dmenu", peer)
        .goal(Goal::P95(40.0)),
        Figure::new(
            "hotkey to focus, cold",
            "ms",
            of(&cold, |shown| shown.focused),
            format!("the same for the first press after a start in the tray, the start of the windows' process in it; {on}"),
        )
        .beside("rofi -dmenu", peer)
        .goal(Goal::AtMost(400.0)),
        Figure::new(
            "hotkey to page ready, cold",
            "ms",
            of(&cold, |shown| shown.ready),
            format!("hotkey pressed to page ready, for the first press after a start in the tray; {on}"),
        ),
    ])
}

/// Times after a press, in microseconds.
struct Shown {
    focused: u64,
    ready: u64,
}

fn warm_shows(callboard: &Callboard, session: &DesktopSession, count: usize) -> Result<Vec<Shown>> {
    let app = started(callboard, session)?;
    press(&app, session)?;
    app.moment_after("page ready", 0)?;
    let mut shows = Vec::new();
    for _ in 0..count {
        // The first time, the board may not be there yet to receive it.
        wait_until("the window to be hidden", PATIENCE, || {
            session.press(&["Escape"]).ok()?;
            let gone = || app.windows(session).is_empty().then_some(());
            wait_until("it", Duration::from_secs(1), gone).ok()
        })?;
        shows.push(Shown { focused: press(&app, session)?, ready: 0 });
    }
    Ok(shows)
}

fn cold_show(callboard: &Callboard, session: &DesktopSession) -> Result<Shown> {
    let app = started(callboard, session)?;
    let pressed_before = app.moments("hotkey pressed").len();
    let focused = press(&app, session)?;
    let ready = app.moment_after("page ready", 0)?;
    let pressed = app.moments("hotkey pressed")[pressed_before];
    app.stop(PATIENCE)?;
    Ok(Shown { focused, ready: ready - pressed })
}

/// The app in the tray, without a window, and its first work behind it.
fn started(callboard: &Callboard, session: &DesktopSession) -> Result<App> {
    let app = App::start(callboard, session, &["--hidden"])?;
    app.moment_after("tray registered", 0)?;
    // The first key from another keyboard makes the server notify all programs of its layout: that is not measured.
    session.press(&["shift"])?;
    // Nothing announces that a program is idle.
    std::thread::sleep(Duration::from_secs(2));
    Ok(app)
}

/// Presses the hotkey, and returns the time from it to the focus.
fn press(app: &App, session: &DesktopSession) -> Result<u64> {
    let (pressed, focused) = (app.moments("hotkey pressed").len(), app.moments("window focused").len());
    session.press(&[HOTKEY])?;
    let pressed = app.moment_after("hotkey pressed", pressed)?;
    let focused = app.moment_after("window focused", focused)?;
    Ok(focused.saturating_sub(pressed))
}

/// How long rofi takes from its start to its window on the screen.
fn rofi_shows(session: &DesktopSession, count: usize) -> Result<Samples> {
    let entries: Vec<String> = (0..ENTRIES).map(|number| format!("entry {number}")).collect();
    // The first one warms up.
    Rofi::start(session, &entries)?;
    let times = (0..count).map(|_| Ok(Rofi::start(session, &entries)?.mapped)).collect::<Result<Vec<_>>>()?;
    Ok(Samples::millis(&times))
}
