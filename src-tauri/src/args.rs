//! How the program is started, and where its files are.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

/// Callboard in the tray: what needs you, and everything that you can do about it.
#[derive(Debug, Parser)]
#[command(name = "callboard-tray", version)]
pub(crate) struct Args {
    /// The configuration file.
    #[arg(long, env = "CALLBOARD_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder of the store and the sockets.
    #[arg(long, env = "CALLBOARD_DATA", value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Start on a made-up team's services, in a folder that is removed at the end.
    #[arg(long)]
    pub playground: bool,
    /// Show no window at the start.
    #[arg(long, alias = "autostart")]
    pub hidden: bool,
    /// What is asked of the app that runs already, or done once this one runs.
    #[arg(value_enum)]
    pub word: Option<Word>,
}

/// What a second start can ask of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Word {
    /// Show the launcher.
    Open,
    /// Show the launcher, or put it away where it is shown.
    Toggle,
    /// Show the settings.
    Settings,
}

impl Word {
    pub(crate) const ALL: [Self; 3] = [Self::Open, Self::Toggle, Self::Settings];

    /// The word as it goes over the socket.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Toggle => "toggle",
            Self::Settings => "settings",
        }
    }
}

/// Where the files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// The folder of the store and the sockets.
    pub data: PathBuf,
}

impl Paths {
    /// Those asked for, else the platform's: the same ones that the command line uses.
    pub(crate) fn new(config: Option<PathBuf>, data: Option<PathBuf>) -> Result<Self> {
        let places = directories::ProjectDirs::from("", "", "callboard");
        let config = config.or_else(|| places.as_ref().map(|it| it.config_dir().join("callboard.toml")));
        let data = data.or_else(|| places.as_ref().map(|it| it.data_dir().to_owned()));
        Ok(Self {
            config: config
                .context("there is no home folder; say where the configuration is with --config")?,
            data: data.context("there is no home folder; say where the data is with --data")?,
        })
    }
}
