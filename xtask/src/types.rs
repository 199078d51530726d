//! `cargo xtask types`: the interface's types, from the engine's calls.

use anyhow::{Context, Result};

use crate::shell;

/// Writes `ui/src/api.ts`. A test of the engine fails where it is not what the code says.
pub(crate) fn types() -> Result<()> {
    let example = ["run", "--quiet", "--package", "callboard-engine", "--example", "types"];
    let types = shell::output(shell::cargo(&example))?;
    let path = shell::root().join("ui/src/api.ts");
    std::fs::write(&path, types).with_context(|| path.display().to_string())
}
