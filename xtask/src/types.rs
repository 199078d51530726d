//! `cargo xtask types`: what is written from the engine's types, for the windows and for people.

use anyhow::{Context, Result};

use crate::shell;

/// What is written, by the example of the engine that prints it. Tests of the engine fail where a file differs from the
/// code.
const WRITTEN: [(&str, &str); 2] = [("types", "ui/src/api.ts"), ("reference", "docs/reference.md")];

/// Writes `ui/src/api.ts` and `docs/reference.md`.
pub(crate) fn types() -> Result<()> {
    for (example, path) in WRITTEN {
        let example = ["run", "--quiet", "--package", "callboard-engine", "--example", example];
        let text = shell::output(shell::cargo(&example))?;
        let path = shell::root().join(path);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
