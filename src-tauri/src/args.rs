//! How the program is started, and where its files are.

use std::path::PathBuf;

use callboard_engine::tray_app::AppCommand;
use clap::{
    Parser,
    builder::{PossibleValuesParser, TypedValueParser},
};

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
    #[arg(value_parser = app_command())]
    pub command: Option<AppCommand>,
}

fn app_command() -> impl TypedValueParser<Value = AppCommand> {
    PossibleValuesParser::new(AppCommand::ALL.map(AppCommand::name))
        .try_map(|name| AppCommand::named(&name).ok_or("the app does not know this word"))
}
