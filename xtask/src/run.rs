//! `cargo xtask run`: see the product work.

use std::{env, process::Command};

use anyhow::Result;

use crate::{setup, shell, ui};

/// Starts the desktop app where there is a desktop; it offers the playground where no service is connected yet.
/// Elsewhere, plays the whole loop of the playground once, in the terminal.
pub(crate) fn run() -> Result<()> {
    if !has_display() {
        println!("there is no display here: the playground plays in the terminal\n");
        let args = ["run", "--quiet", "--package", "callboard", "--", "playground", "--once"];
        return shell::run(shell::cargo(&args));
    }
    if cfg!(target_os = "linux") {
        setup::app()?;
    }
    ui::build()?;
    println!("building the desktop app; the first time takes some minutes");
    // With the features of the whole workspace, as the tests build it: nothing is built twice.
    shell::run(shell::cargo(&["build", "--workspace", "--bins"]))?;
    println!("starting it: its window opens, and its icon is in the tray. Ctrl+C ends it");
    let mut app = Command::new(shell::target()?.join("debug/callboard-tray"));
    app.arg("open");
    shell::run(app)
}

fn has_display() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
