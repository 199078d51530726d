//! Where the built program, the installed servers and the committed files are.

use std::{
    env::current_exe,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

/// The built `callboard`.
pub(crate) fn callboard() -> Result<PathBuf> {
    built("callboard")
}

/// The built desktop app; the program of its windows lies beside it.
pub fn app() -> Result<PathBuf> {
    built("callboard-window")?;
    built("callboard-tray")
}

/// A built program: beside the folder of the running test, `target/<profile>/deps`.
fn built(name: &str) -> Result<PathBuf> {
    let exe = current_exe()?;
    let profile = exe.parent().and_then(Path::parent).context("a test runs from target/<profile>/deps")?;
    let program = profile.join(name);
    ensure!(
        program.exists(),
        "{} is not built: run `cargo build -p {name}`, or `cargo xtask test`",
        program.display()
    );
    up_to_date(&program, name)?;
    Ok(program)
}

/// Refuses a program that is older than a file it was made of: `cargo nextest` builds the tests and not the programs, and
/// tests of an outdated program prove nothing. Cargo writes its sources to a file beside it.
fn up_to_date(program: &Path, name: &str) -> Result<()> {
    let written = |path: &Path| path.metadata().and_then(|it| it.modified());
    let made_of = fs::read_to_string(program.with_extension("d"))?;
    let (_, files) = made_of.split_once(": ").context("cargo's list of what a program is made of")?;
    let built = written(program)?;
    for file in files.trim_end().split(' ').map(Path::new) {
        // A path with a space is split here, and is not checked.
        let newer = written(file).is_ok_and(|at| at > built);
        ensure!(
            !newer,
            "{} is older than {}: run `cargo build -p {name}`, or `cargo xtask test`",
            program.display(),
            file.display()
        );
    }
    Ok(())
}

/// A place in the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The folder that everything built goes to.
pub fn target() -> Result<PathBuf> {
    let exe = current_exe()?;
    let profile = exe.parent().and_then(Path::parent).and_then(Path::parent);
    Ok(profile.context("a test runs from target/<profile>/deps")?.to_owned())
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
