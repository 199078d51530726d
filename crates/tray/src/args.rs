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

impl Args {
    /// What is done once this app runs.
    pub(crate) fn at_start(&self) -> Option<AppCommand> {
        self.command.or((!self.hidden).then_some(AppCommand::Open))
    }

    /// What is sent to an app that runs already: nothing where a playground is wanted, which that one does not begin.
    pub(crate) fn forwarded(&self) -> Option<AppCommand> {
        self.at_start().filter(|_| !self.playground)
    }
}

fn app_command() -> impl TypedValueParser<Value = AppCommand> {
    PossibleValuesParser::new(AppCommand::ALL.map(AppCommand::name))
        .try_map(|name| AppCommand::named(&name).ok_or("the app does not know this word"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_app_is_sent_only_what_it_can_do() {
        use AppCommand::{Open, Settings, Toggle};
        let cases: [(&[&str], Option<AppCommand>, Option<AppCommand>); 9] = [
            (&[], Some(Open), Some(Open)),
            (&["open"], Some(Open), Some(Open)),
            (&["toggle"], Some(Toggle), Some(Toggle)),
            (&["--data", "/tmp/data", "settings"], Some(Settings), Some(Settings)),
            // No window that nobody asked for, as at login.
            (&["--hidden"], None, None),
            (&["--hidden", "settings"], Some(Settings), Some(Settings)),
            (&["--playground"], Some(Open), None),
            (&["--playground", "settings"], Some(Settings), None),
            (&["--playground", "--hidden"], None, None),
        ];
        for (typed, at_start, forwarded) in cases {
            let args = Args::parse_from(std::iter::once("callboard-tray").chain(typed.iter().copied()));
            assert_eq!((args.at_start(), args.forwarded()), (at_start, forwarded), "{typed:?}");
        }
    }
}
