//! The windows: installed, built, checked.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{setup, shell};

/// Installs what the lock names, and builds the pages into `ui/dist`.
pub(crate) fn build() -> Result<()> {
    install()?;
    run("build")
}

/// Builds the pages, holds them to what they may weigh, and checks types, lints, format and the components' tests.
pub(crate) fn check() -> Result<()> {
    install()?;
    ["size", "check", "test"].into_iter().try_for_each(run)
}

fn install() -> Result<()> {
    setup::packages_of(&folder(), &folder(), "the parts that the windows are built from")
}

fn folder() -> PathBuf {
    shell::root().join("ui")
}

fn run(script: &str) -> Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["run", "--silent", script]).current_dir(folder());
    shell::run(npm)
}
