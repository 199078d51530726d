//! The crates keep their places: arrows point one way, and what each must not reach it does not.

mod circles;
mod crates;
mod documents;
mod imports;
mod reach;
mod tokens;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Error, Result, ensure};

use self::imports::Modules;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of each source file below a folder, tests left out.
fn sources(folder: &str) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    let mut left = vec![root().join(folder)];
    while let Some(path) = left.pop() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                left.extend(fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?);
            }
        } else if name.ends_with(".rs") && name != "tests.rs" {
            let text = fs::read_to_string(&path)?;
            found.push((path, text));
        }
    }
    ensure!(found.len() > 3, "{folder} has sources");
    Ok(found)
}

/// The modules of a crate, by the folder of its sources and its main file.
fn modules(folder: &str, main: &str) -> Result<Modules> {
    let sources = root().join(folder);
    let modules =
        Modules::read(main, |file| fs::read_to_string(sources.join(file)).ok()).map_err(Error::msg)?;
    ensure!(modules.files().count() > 3, "{folder} has sources");
    Ok(modules)
}
