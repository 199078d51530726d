//! Where the built program, the installed servers and the committed files are.

use std::{
    env::current_exe,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// The built `callboard`: beside the folder of the running test, `target/<profile>/deps`.
pub(crate) fn callboard() -> Result<PathBuf> {
    let exe = current_exe()?;
    let profile = exe.parent().and_then(Path::parent).context("a test runs from target/<profile>/deps")?;
    let program = profile.join("callboard");
    ensure!(
        program.exists(),
        "{} is not built: run `cargo build -p callboard`, or `cargo xtask test`",
        program.display()
    );
    Ok(program)
}

/// The folder the npm packages were installed into.
pub(crate) fn servers() -> Result<PathBuf> {
    let exe = current_exe()?;
    let installed = |folder: &Path| folder.join("servers/node_modules").exists();
    let target = exe.ancestors().find(|folder| installed(folder));
    let target = target.context("the servers of the tests are not installed: run `cargo xtask test` once")?;
    Ok(target.join("servers"))
}

/// A committed file of `tests/servers`.
pub(crate) fn server_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("servers").join(name)
}
