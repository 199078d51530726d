//! The verbs of this program: those that words name, and those that go by the configuration.

use callboard_domain::nearest::nearest;
use clap::CommandFactory;

use crate::args::{Accounts, Cli, Command, Config};

impl Command {
    /// True for what goes by the configuration: it makes no sense with a file that is not there.
    pub(crate) fn reads_config(&self) -> bool {
        match self {
            Self::Playground { .. }
            | Self::Open
            | Self::Toggle
            | Self::Completions { .. }
            | Self::Man { .. } => false,
            // This one begins the file.
            Self::Accounts { command: Some(Accounts::Add { .. }) } => false,
            Self::Config { command } => matches!(command, Config::Check),
            Self::Help { command } => verb(command).is_none(),
            _ => true,
        }
    }
}

/// The part of this program that words name (`rules test`), the program itself for none; `None` where they name something
/// else, such as a command that can be run.
pub(crate) fn verb(words: &[String]) -> Option<clap::Command> {
    let mut program = Cli::command();
    program.build();
    words.iter().try_fold(program, |above, word| above.find_subcommand(word).cloned())
}

/// A suggestion where words name no part of this program: `rules tset`. `None` where nothing is near, as for what was meant as
/// a command that can be run.
pub(crate) fn suggestion(words: &[String]) -> Option<String> {
    let mut above = Cli::command();
    above.build();
    let mut path = Vec::new();
    for word in words {
        if let Some(part) = above.find_subcommand(word).cloned() {
            path.push(part.get_name().to_owned());
            above = part;
            continue;
        }
        let parts: Vec<&str> =
            above.get_subcommands().filter(|part| !part.is_hide_set()).map(clap::Command::get_name).collect();
        let help = |part: &str| format!("`callboard help {}`", [&path.join(" "), part].join(" ").trim());
        if let Some(part) = nearest(word, parts.iter().copied()) {
            return Some(format!("did you mean {}?", help(part)));
        }
        return match (path.as_slice(), parts.as_slice()) {
            ([], _) => None,
            (_, []) => Some(format!("`callboard {}` has no parts: see {}", path.join(" "), help(""))),
            (_, parts) => Some(format!("`callboard {}` has the parts {}", path.join(" "), parts.join(", "))),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn help_is_found_for_every_part_of_the_program() {
        fn all(above: &clap::Command, path: &[String], into: &mut Vec<Vec<String>>) {
            for verb in above.get_subcommands() {
                let path = [path, &[verb.get_name().to_owned()]].concat();
                all(verb, &path, into);
                into.push(path);
            }
        }
        let mut paths = vec![Vec::new()];
        all(&Cli::command(), &[], &mut paths);
        assert!(paths.contains(&vec!["rules".to_owned(), "test".to_owned()]));
        for path in paths {
            let mut found = verb(&path).unwrap_or_else(|| panic!("{path:?}"));
            let help = found.render_long_help().to_string();
            let usage = ["callboard".to_owned()].into_iter().chain(path).collect::<Vec<_>>().join(" ");
            assert!(help.contains(&format!("Usage: {usage}")), "{usage}: {help}");
        }
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        // Commands that can be run are the engine's.
        for line in ["run rerun", "pr approve", "rules tset"] {
            assert!(verb(&words(line)).is_none(), "{line}");
        }
        assert!(verb(&words("run-settle")).is_some(), "an older name");
        // what is typed -> the suggestion
        let cases = [
            ("rules tset", Some("did you mean `callboard help rules test`?")),
            ("rules frobnicate", Some("`callboard rules` has the parts test, explain, replay")),
            ("accounts secrt", Some("did you mean `callboard help accounts secret`?")),
            ("config chek", Some("did you mean `callboard help config check`?")),
            ("bord", Some("did you mean `callboard help board`?")),
            ("rles test", Some("did you mean `callboard help rules`?")),
            ("board all", Some("`callboard board` has no parts: see `callboard help board`")),
            ("pr approve", None),
            ("deploy", None),
        ];
        for (line, expected) in cases {
            assert_eq!(suggestion(&words(line)).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn commands_that_read_the_configuration_need_its_file() {
        let cases = [
            ("board", true),
            ("serve", true),
            ("config check", true),
            ("config path", false),
            ("accounts add forge github", false),
            ("accounts test forge", true),
            ("help", false),
            ("help rules test", false),
            ("help pr approve", true),
            ("playground --once", false),
        ];
        for (line, expected) in cases {
            let cli = Cli::try_parse_from(format!("callboard {line}").split(' ')).unwrap();
            assert_eq!(cli.command.reads_config(), expected, "{line}");
        }
    }
}
