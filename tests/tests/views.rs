//! Every view in both themes: axe finds nothing, and a picture is taken of each into `target/screenshots`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use callboard_tests::{App, Callboard, DesktopSession, Keyring, PATIENCE, Page, TrayHost, paths, wait_until};

/// The titles of the windows.
const LAUNCHER_TITLE: &str = "Callboard";
const SETTINGS_TITLE: &str = "Callboard settings";

/// How a view is reached from the one before it: its name, keys and what is typed, and all that is to be read then.
type Step<'s> = (&'s str, &'s [Press<'s>], &'s [&'s str]);

enum Press<'s> {
    Keys(&'s [&'s str]),
    Text(&'s str),
}

use Press::{Keys, Text};

/// The launcher's views, each by its name.
const LAUNCHER: [Step<'static>; 10] = [
    ("morning", &[], &["Pull requests"]),
    ("actions", &[Keys(&["ctrl+k"])], &["Check all now"]),
    ("keys", &[Keys(&["Escape", "question"])], &["All actions"]),
    ("launcher", &[Keys(&["Escape"]), Text("build")], &["Commands"]),
    (
        "arguments",
        &[Keys(&["ctrl+a"]), Text("build deploy ENV=staging"), Keys(&["Return"])],
        &["All arguments are valid"],
    ),
    ("run", &[Keys(&["Return"])], &["Done", "Posted to"]),
    ("runs", &[Keys(&["Escape", "ctrl+shift+r"])], &["deploy"]),
    // By now the made-up team's day has an alert, and a build that failed under it.
    ("red", &[Keys(&["Escape"])], &["Checkout slower", "unit tests failed"]),
    ("board", &[Keys(&["ctrl+Home", "Down"])], &["AssertionError"]),
    ("send", &[Keys(&["ctrl+shift+s"])], &["Will post to"]),
];

/// The settings' views, by the names of their buttons.
const SETTINGS: [&str; 8] = [
    "Accounts",
    "Channels",
    "Rules",
    "Commands",
    "Notifications",
    "Activity",
    "Keys and window",
    "Diagnostics",
];

struct Studio {
    session: DesktopSession,
    callboard: Callboard,
    axe: String,
    pictures: PathBuf,
    theme: &'static str,
}

impl Studio {
    fn new(theme: &'static str) -> Result<Studio> {
        let session = DesktopSession::start(Keyring::Unlocked)?.with_windows()?.with_notifications()?;
        let config = format!("[desktop]\ntheme = \"{theme}\"\n");
        let mut callboard = Callboard::new(&config)?.env(session.env());
        if theme == "dark" {
            // The playground has a configuration of its own, and follows the desktop's theme.
            callboard = callboard.env([("GTK_THEME", "Adwaita:dark")]);
        }
        let axe = paths::repository("ui/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(&axe)
            .with_context(|| format!("{}: run `cargo xtask test` to install it", axe.display()))?;
        let pictures = paths::target()?.join("screenshots");
        fs::create_dir_all(&pictures)?;
        Ok(Studio { session, callboard, axe, pictures, theme })
    }

    fn focused(&self, app: &App, title: &str) -> Result<()> {
        let ours = || app.focused(&self.session).filter(|window| window.title == title);
        wait_until("the window to have the keyboard", PATIENCE, ours).map(drop)
    }

    fn press(&self, presses: &[Press<'_>]) -> Result<()> {
        presses.iter().try_for_each(|press| match press {
            Keys(keys) => self.session.press(keys),
            Text(text) => self.session.type_text(text),
        })
    }

    /// Takes the picture of a view, and returns what axe finds in it.
    fn look(&self, page: &Page, view: &str) -> Result<Vec<String>> {
        page.until("document.getAnimations().every((it) => it.playState !== 'running' || it.effect.getTiming().iterations === Infinity)")?;
        page.until(&format!(
            "matchMedia('(prefers-color-scheme: dark)').matches === {}",
            self.theme == "dark"
        ))?;
        // By then what is in the document is on the screen.
        page.script_until_done("requestAnimationFrame(() => requestAnimationFrame(() => done()))", &[])?;
        self.session.screenshot_of_focused(&self.picture(view))?;
        let found = page.axe(&self.axe)?;
        Ok(found.into_iter().map(|what| format!("{view}, {}: {what}", self.theme)).collect())
    }

    fn picture(&self, view: &str) -> PathBuf {
        self.pictures.join(format!("{view}-{}.png", self.theme))
    }

    fn all(&self) -> Result<()> {
        let mut found = self.first_run()?;
        found.extend(self.launcher()?);
        assert!(found.is_empty(), "axe finds:\n{}", found.join("\n"));
        Ok(())
    }

    /// Where nothing is connected yet.
    fn first_run(&self) -> Result<Vec<String>> {
        let app = App::open(&self.callboard, &self.session)?;
        self.focused(&app, LAUNCHER_TITLE)?;
        app.page().shows("playground")?;
        self.look(app.page(), "first-run")
    }

    /// A made-up team's day.
    fn launcher(&self) -> Result<Vec<String>> {
        let _tray = TrayHost::start(&self.session)?;
        let app = App::open_with(&self.callboard, &self.session, &["--playground", "open"])?;
        self.focused(&app, LAUNCHER_TITLE)?;
        let page = app.page();
        let mut found = Vec::new();
        for (view, presses, read) in LAUNCHER {
            self.press(presses)?;
            let all_read = read.iter().try_for_each(|read| page.shows(read));
            all_read.with_context(|| format!("on the way to {view}"))?;
            found.extend(self.look(page, view)?);
        }
        self.session.press(&["ctrl+comma"])?;
        page.switch_to("settings.html")?;
        self.focused(&app, SETTINGS_TITLE)?;
        for view in SETTINGS {
            page.click("button", view)?;
            page.until(&format!("find('button', {view:?}).getAttribute('aria-current') === 'page'"))?;
            let name = format!("settings-{}", view.to_lowercase().replace(' ', "-"));
            found.extend(self.look(page, &name)?);
        }
        page.click("button", "Accounts")?;
        page.click("button", "Add account")?;
        page.shows("Which service?")?;
        found.extend(self.look(page, "settings-add-account")?);
        Ok(found)
    }
}

fn is_a_picture(file: &Path) -> bool {
    fs::read(file).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG") && bytes.len() > 5_000)
}

#[test]
fn pictures_are_taken_and_axe_finds_nothing_in_light() -> Result<()> {
    let studio = Studio::new("light")?;
    studio.all()?;
    assert!(is_a_picture(&studio.picture("board")));
    Ok(())
}

#[test]
fn pictures_are_taken_and_axe_finds_nothing_in_dark() -> Result<()> {
    let studio = Studio::new("dark")?;
    studio.all()?;
    assert!(is_a_picture(&studio.picture("board")));
    Ok(())
}
