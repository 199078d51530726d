//! Where the files are: the same place for every program, so that they find one another.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The file that marks a data folder as a playground's.
const PLAYGROUND: &str = "playground";

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
    /// Those asked for, else the platform's. Relative ones are below the working directory of now: commands run in others.
    ///
    /// # Errors
    /// Where one is not given and there is no home folder.
    pub fn new(config: Option<PathBuf>, data: Option<PathBuf>) -> Result<Self, NoHomeDir> {
        let places = directories::ProjectDirs::from("", "", "callboard");
        let config = config.or_else(|| places.as_ref().map(|it| it.config_dir().join("callboard.toml")));
        let data = data.or_else(|| places.as_ref().map(|it| it.data_dir().to_owned()));
        Ok(Self {
            config: absolute(config.ok_or(NoHomeDir("--config"))?),
            data: absolute(data.ok_or(NoHomeDir("--data"))?),
        })
    }

    /// Both in one folder, such as one that is removed at the end.
    pub fn within(folder: &Path) -> Self {
        Self { config: folder.join("callboard.toml"), data: folder.join("data") }
    }
}

/// Marks a data folder as a playground's: what is in it is made up, and removed at the end.
///
/// # Errors
/// Where the folder is not there, or what the system reports.
pub fn mark_playground(data: &Path) -> io::Result<()> {
    fs::write(data.join(PLAYGROUND), "")
}

/// True for a data folder that is so marked.
pub fn is_playground(data: &Path) -> bool {
    data.join(PLAYGROUND).is_file()
}

/// As it is where there is no working directory: opening it says so.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_is_a_playgrounds_once_it_is_marked() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        assert!(mark_playground(&data).is_err() && !is_playground(&data));
        fs::create_dir(&data).unwrap();
        assert!(!is_playground(&data));
        mark_playground(&data).unwrap();
        assert!(is_playground(&data) && !is_playground(folder.path()));
    }

    #[test]
    fn relative_paths_are_of_the_working_directory_of_the_start() {
        let paths = Paths::new(Some("callboard.toml".into()), Some("./data".into())).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!((paths.config, paths.data), (here.join("callboard.toml"), here.join("data")));
    }
}
