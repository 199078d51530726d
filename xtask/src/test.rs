//! `cargo xtask test`: set-up, then every check in order, ending at the first that fails.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{fuzz, setup, shell, ui};

/// The pictures that the documentation shows.
const SHOWN: [&str; 6] =
    ["board-light", "board-dark", "launcher-light", "run-light", "settings-accounts-light", "tray"];

/// The options of the command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Without fuzzing.
    quick: bool,
    /// Also check dependencies against the advisories that are published.
    advisories: bool,
}

impl Options {
    /// Reads the flags; none where one is unknown.
    pub(crate) fn parse(flags: &[&str]) -> Option<Options> {
        let mut options = Options::default();
        for flag in flags {
            match *flag {
                "--quick" => options.quick = true,
                "--advisories" => options.advisories = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Runs everything.
pub(crate) fn test(options: &Options) -> Result<()> {
    heading("set-up");
    let target = shell::target()?;
    setup::packages()?;
    setup::components()?;
    setup::servers(&target)?;
    let deny = setup::cargo_deny(&target)?;

    // The app has the pages in it: they come before everything that compiles it.
    heading("windows");
    ui::check()?;

    heading("format");
    shell::run(shell::cargo(&["fmt", "--all", "--check"]))?;
    shell::run(shell::cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))?;

    heading("clippy");
    shell::run(shell::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;

    heading("documentation");
    let mut doc = shell::cargo(&["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    shell::run(doc)?;

    heading("dependencies");
    dependencies(&deny, options.advisories)?;

    heading("tests");
    tests()?;

    if !options.quick {
        heading("fuzzing");
        fuzz::check(&target)?;
    }
    println!("\nall is well");
    Ok(())
}

fn heading(step: &str) {
    println!("\n== {step}");
}

fn dependencies(deny: &Path, advisories: bool) -> Result<()> {
    let mut check = Command::new(deny);
    check.current_dir(shell::root()).args(["--log-level", "error", "check", "bans", "licenses", "sources"]);
    if advisories {
        check.arg("advisories");
    } else {
        println!("advisories are not checked: `cargo xtask test --advisories` fetches and checks them");
    }
    shell::run(check)
}

fn tests() -> Result<()> {
    build()?;
    if shell::on_path("cargo-nextest") {
        // nextest runs no documentation tests. They go first, for its closing line to be the last.
        shell::run(shell::cargo(&["test", "--quiet", "--workspace", "--doc"]))?;
        // All failures of a run are worth more than the first.
        shell::run(shell::cargo(&["nextest", "run", "--workspace", "--no-fail-fast"]))
    } else {
        // One test at a time: cargo has no groups, and those of the desktop share two cores with a browser.
        shell::run(shell::cargo(&["test", "--workspace"]))
    }
}

/// Builds the programs that the whole-product tests run, and the tests in the same go: with the features that all
/// need together, nothing is built twice.
fn build() -> Result<()> {
    shell::run(shell::cargo(&["build", "--workspace", "--bins", "--tests"]))
}

/// Only the tests of the desktop app, with what they need.
pub(crate) fn desktop(filters: &[&str]) -> Result<()> {
    let target = shell::target()?;
    setup::packages()?;
    setup::servers(&target)?;
    ui::build()?;
    build()?;
    let tests = ["desktop", "failures_desktop", "views", "wayland"].map(|test| ["--test", test]);
    let run: &[&str] = if shell::on_path("cargo-nextest") { &["nextest", "run"] } else { &["test"] };
    shell::run(shell::cargo(&[run, &["--workspace"], tests.as_flattened(), filters].concat()))
}

/// Takes the pictures of every view, and puts those that the documentation shows into it.
pub(crate) fn screenshots() -> Result<()> {
    setup::pictures()?;
    desktop(&["pictures"])?;
    let from = shell::target()?.join("screenshots");
    let to = shell::root().join("docs/screenshots");
    std::fs::create_dir_all(&to)?;
    shell::run(shell::cargo(&["build", "--workspace", "--example", "panel"]))?;
    shell::run(Command::new(shell::target()?.join("debug/examples/panel")))?;
    for name in SHOWN {
        let name = format!("{name}.png");
        std::fs::copy(from.join(&name), to.join(&name))
            .with_context(|| format!("{} was not taken", from.join(&name).display()))?;
    }
    println!("{} pictures are in {}", SHOWN.len(), to.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_an_unknown_one_is_refused() {
        assert_eq!(Options::parse(&["--quick"]), Some(Options { quick: true, advisories: false }));
        assert_eq!(Options::parse(&["--quik"]), None);
    }
}
