//! Checks that the built windows are there and current, reads `tauri.conf.json` and says which commands windows may be
//! given. No other command is reachable from a page.

mod pages;

use std::{fs, path::Path};

use pages::Pages;

/// The commands of `src/commands.rs`, each of which the windows that may use it are given by name in `capabilities`.
const COMMANDS: [&str; 11] = [
    "call",
    "desktop",
    "hide",
    "show_settings",
    "show_launcher",
    "open_link",
    "set_hotkey",
    "set_autostart",
    "playground",
    "test_notification",
    "quit",
];

fn main() {
    for watched in pages::WATCHED {
        println!("cargo:rerun-if-changed=../ui/{watched}");
    }
    if let Err(why) = prepare() {
        // Cargo shows it, and ends the build.
        println!("cargo::error={why}");
    }
}

fn prepare() -> Result<(), String> {
    let pages = Path::new("../ui/dist");
    for page in ["index.html", "settings.html"] {
        if !pages.join(page).is_file() {
            // What is only checked needs no pages, but `tauri::generate_context!` needs their folder.
            if std::env::var_os("CALLBOARD_NO_PAGES").is_none() {
                return Err(format!(
                    "ui/dist/{page} is not there: build the windows first (npm --prefix ui ci && npm --prefix ui run \
                     build), or, only to check the code, set CALLBOARD_NO_PAGES=1"
                ));
            }
            fs::create_dir_all(pages).map_err(|error| error.to_string())?;
        }
    }
    println!("cargo:rerun-if-env-changed=CALLBOARD_NO_PAGES");
    if std::env::var_os("CALLBOARD_NO_PAGES").is_none() {
        check_current()?;
    }
    let manifest = tauri_build::AppManifest::new().commands(&COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .map_err(|error| format!("{error:#}"))
}

/// Refuses to release windows that were built from other sources; a build for development only warns.
fn check_current() -> Result<(), String> {
    let stale = match pages::compare(Path::new("../ui")) {
        Ok(Pages::Current) => return Ok(()),
        Ok(Pages::Stale) => {
            "ui/dist was built from other sources than those in ui: build the windows again (npm --prefix ui run build)"
                .to_owned()
        }
        Err(error) => format!("the sources of the windows in ui cannot be read: {error}"),
    };
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        return Err(stale);
    }
    println!("cargo::warning={stale}");
    Ok(())
}
