//! Where the files are: the same place for every program, so that they find one another.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use callboard_domain::command::quote;

use super::local;

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

/// The data folder of a playground: this folder, or the one in it where it holds that beside the configuration.
pub fn playground_data(folder: &Path) -> Option<PathBuf> {
    [Paths::within(folder).data, folder.to_owned()].into_iter().find(|data| is_playground(data))
}

/// What there is to do about a playground's data folder that no app shows, as sentences.
pub fn playground_remedy(data: &Path) -> String {
    let data = data.display().to_string();
    format!(
        "{data} is the folder of `callboard playground`, which the app does not open. While it plays, \
         `callboard board --data {}` shows it in a terminal. The app has a playground of its own: where no other app \
         runs, `callboard-tray --playground` in a terminal without CALLBOARD_CONFIG and CALLBOARD_DATA",
        quote(&data)
    )
}

/// True for the data folder that this user has where nothing says otherwise: by the system's own list of users, where that
/// names them, because another `HOME` has a data folder of its own.
pub(crate) fn is_usual_data(data: &Path) -> bool {
    usual_data(local::home()).is_some_and(|usual| canonical(&usual) == canonical(data))
}

fn usual_data(home: Option<PathBuf>) -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return directories::ProjectDirs::from("", "", "callboard")
            .map(|places| places.data_dir().to_owned());
    }
    // Users whom only a directory on the network knows are not in the list. XDG_DATA_HOME may differ between sessions.
    let home = home.or_else(|| directories::BaseDirs::new().map(|places| places.home_dir().to_owned()))?;
    Some(home.join(".local/share/callboard"))
}

/// A folder by its one name, whatever links lead to it; as it is where that cannot be found out.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
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
        assert_eq!([data.as_path(), folder.path()].map(playground_data), [None, None]);
        mark_playground(&data).unwrap();
        assert!(is_playground(&data) && !is_playground(folder.path()));
        // By its own name, and by that of the folder that its configuration is in.
        assert_eq!(
            [data.as_path(), folder.path()].map(playground_data),
            [Some(data.clone()), Some(data.clone())]
        );
        assert_eq!(playground_data(&data.join("elsewhere")), None);
    }

    #[test]
    fn remedy_of_a_playground_names_its_data_folder_as_it_is_typed() {
        let cases =
            [("/tmp/play/data", "--data /tmp/play/data`"), ("/tmp/a b/data", "--data \"/tmp/a b/data\"`")];
        for (data, expected) in cases {
            let remedy = playground_remedy(Path::new(data));
            assert!(remedy.contains(expected) && !remedy.contains("callboard open"), "{remedy}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn usual_data_folder_is_below_the_home_that_the_system_names() {
        let usual = usual_data(Some("/home/ana".into()));
        assert_eq!(usual, Some("/home/ana/.local/share/callboard".into()));
        let home = directories::BaseDirs::new().map(|places| places.home_dir().to_owned());
        // Whom it does not name.
        assert_eq!(usual_data(None), home.map(|home| home.join(".local/share/callboard")));
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_usual_data(folder.path()));
    }

    #[test]
    fn relative_paths_are_of_the_working_directory_of_the_start() {
        let paths = Paths::new(Some("callboard.toml".into()), Some("./data".into())).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!((paths.config, paths.data), (here.join("callboard.toml"), here.join("data")));
    }
}
