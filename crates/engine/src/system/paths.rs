//! Where the files are: the same place for every program, so that they find one another.

use std::path::{Path, PathBuf};

/// Where the configuration and the data are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file; it need not exist.
    pub config: PathBuf,
    /// The folder of the store and the sockets; it is made where there is none.
    pub data: PathBuf,
}

/// There is no home folder to put files in.
#[derive(Debug, thiserror::Error)]
#[error("there is no home folder; say where with {0}")]
pub struct NoHomeDir(&'static str);

impl Paths {
    /// Those asked for, else the platform's.
    ///
    /// # Errors
    /// Where one is not given and there is no home folder.
    pub fn new(config: Option<PathBuf>, data: Option<PathBuf>) -> Result<Self, NoHomeDir> {
        let places = directories::ProjectDirs::from("", "", "callboard");
        let config = config.or_else(|| places.as_ref().map(|it| it.config_dir().join("callboard.toml")));
        let data = data.or_else(|| places.as_ref().map(|it| it.data_dir().to_owned()));
        Ok(Self { config: config.ok_or(NoHomeDir("--config"))?, data: data.ok_or(NoHomeDir("--data"))? })
    }

    /// Both in one folder, such as one that is removed at the end.
    pub fn within(folder: &Path) -> Self {
        Self { config: folder.join("callboard.toml"), data: folder.join("data") }
    }
}
