//! `cargo xtask run`: see the product work.

use anyhow::Result;

use crate::shell;

/// Builds the command line and plays the whole loop of the playground once, in the terminal.
pub(crate) fn run() -> Result<()> {
    shell::run(shell::cargo(&["run", "--quiet", "--package", "callboard", "--", "playground", "--once"]))
}
