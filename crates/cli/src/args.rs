//! The command line as it is typed: one list in one file, so that it reads as its help does.

use std::path::PathBuf;

use callboard_domain::item::Kind;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

/// The team's notice board: builds, pull requests and incidents that need a person, and the commands that deal with them.
#[derive(Debug, Parser)]
#[command(name = "callboard", version, disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// The configuration file, else the one that CALLBOARD_CONFIG names.
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// The folder of the store and the socket, else the one that CALLBOARD_DATA names.
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data: Option<PathBuf>,
    /// Print JSON: one object, or one a line for what streams.
    #[arg(long, global = true)]
    pub json: bool,
    /// Print without colour.
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Print results and errors only.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Log more; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch the accounts, receive webhooks, decide and post, until stopped.
    Serve,
    /// A self-contained tour: small services on this machine, and the real engine on them.
    Playground {
        /// Play one full loop, print it, and end.
        #[arg(long)]
        once: bool,
    },
    /// Show the launcher of the running tray app.
    Open,
    /// Show the launcher of the running tray app, or hide it: for a key bound in the desktop's own settings.
    Toggle,
    /// What needs a person.
    Board {
        /// Only this kind: approval, build, pull_request or incident.
        #[arg(long, value_name = "KIND")]
        kind: Option<Kind>,
        /// Everything that is open.
        #[arg(long)]
        all: bool,
        /// Also what is snoozed, and until when.
        #[arg(long)]
        snoozed: bool,
        /// What is stored, without asking the services first where no daemon runs.
        #[arg(long)]
        stored: bool,
        /// At most this many rows of each section; up to 10000. Else 1000, and 200 of the builds that have passed.
        #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: Option<usize>,
    },
    /// Everything that waits for a person's yes, yours first.
    Approvals {
        /// What is stored, without asking the services first where no daemon runs.
        #[arg(long)]
        stored: bool,
        /// At most this many rows of each section; up to 10000. Else 1000.
        #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: Option<usize>,
    },
    /// Say yes to what waits for it: `callboard approve acme/web/runs/31/production`. Shows what a yes ships, and asks first.
    Approve(Approve),
    /// Say no to what waits for a yes, and why: `callboard deny acme/web/runs/31/production not before noon`.
    Deny(Deny),
    /// What happened, oldest first.
    Events {
        /// Go on printing as it happens.
        #[arg(short, long)]
        follow: bool,
        /// Only what was seen since: a length of time such as 2h, or a time such as 2026-11-22T10:00:00Z.
        #[arg(long, value_name = "T", allow_hyphen_values = true)]
        since: Option<String>,
        /// At most this many of the latest.
        #[arg(long, default_value_t = 50, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: usize,
        /// Which part of the list.
        #[command(flatten)]
        page: Page,
    },
    /// One item with its history and what can be done with it.
    Item {
        /// Its key, or any unambiguous part of its reference or title.
        #[arg(required = true, num_args = 1..)]
        item: Vec<String>,
    },
    /// Find items and runs.
    Search {
        /// Words, or parts of them.
        #[arg(required = true, num_args = 1..)]
        text: Vec<String>,
        /// At most this many of each kind: so many items, and so many runs.
        #[arg(long, default_value_t = 20, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: usize,
        /// Leave out the first N of each kind, which earlier pages have shown.
        #[arg(long, default_value_t = 0, value_name = "N", allow_negative_numbers = true)]
        skip: usize,
        /// With --json: one object with `hits`, `more`, `next` (where to go on with --skip) and `not_seen`.
        #[arg(long)]
        page: bool,
    },
    /// The commands that can be run.
    Commands,
    /// Help for a command that can be run, or for this program.
    Help {
        /// The command.
        command: Vec<String>,
    },
    /// Run a command: `callboard run build web branch=main`.
    Run(Run),
    /// The latest runs.
    Runs {
        /// At most this many of the latest.
        #[arg(long, default_value_t = 20, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: usize,
        /// Which part of the list.
        #[command(flatten)]
        page: Page,
    },
    /// One run with its output.
    RunShow {
        /// Its id, or the start of it.
        id: String,
    },
    /// Stop a run.
    Cancel {
        /// Its id, or the start of it.
        id: String,
    },
    /// Say whether a run whose outcome is not known did run, after looking at the service.
    #[command(alias = "run-settle")]
    RunResolve {
        /// Its id, or the start of it.
        id: String,
        /// What happened.
        #[arg(value_name = "WORD")]
        resolution: RunResolution,
    },
    /// Post a message.
    Post {
        /// A channel's short name, or ACCOUNT:CHANNEL.
        channel: String,
        /// The text.
        #[arg(required_unless_present = "item", num_args = 1..)]
        text: Vec<String>,
        /// Post what an item's row says, after the text: its key, or any unambiguous part of its reference or title.
        #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
        item: Option<String>,
        /// Show exactly what would be posted, and post nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Read the built-in room.
    Room {
        /// The channel.
        #[arg(default_value = "general")]
        channel: String,
        /// At most this many of the latest.
        #[arg(long, default_value_t = 20, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: usize,
        /// Which part of the list.
        #[command(flatten)]
        page: Page,
    },
    /// The accounts: list, add, test, set a secret, remove.
    Accounts {
        /// What to do.
        #[command(subcommand)]
        command: Option<Accounts>,
    },
    /// The channels that have a name in the configuration, and the default one.
    Channels {
        /// Also ask the chats for all of their channels.
        #[arg(long)]
        live: bool,
    },
    /// What was posted, and what has not arrived.
    Deliveries {
        /// Only what has not arrived.
        #[arg(long)]
        pending: bool,
        /// At most this many of the latest.
        #[arg(long, default_value_t = 20, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: usize,
        /// Which part of the list.
        #[command(flatten)]
        page: Page,
    },
    /// Send a message again that did not arrive.
    Retry {
        /// Its id, or the start of it.
        id: String,
    },
    /// Why you were notified, or not; test and replay rules.
    Rules {
        /// What to do.
        #[command(subcommand)]
        command: Rules,
    },
    /// Take an item off the board for a while.
    Snooze {
        /// Its key, or any unambiguous part of its reference.
        item: String,
        /// A length of time (2h), a time (18:00, monday 14:30, 2026-11-22T10:00), `change`, or `off` to end it.
        #[arg(required = true, num_args = 1..)]
        until: Vec<String>,
    },
    /// Show only important notifications for a while.
    Quiet {
        /// A length of time (2h), a time (18:00, monday 9:00, 2026-11-22T10:00), or `off`.
        #[arg(required = true, num_args = 1..)]
        until: Vec<String>,
    },
    /// Who did what, and through what: runs, snoozes, settings, accounts, secrets.
    #[command(args_conflicts_with_subcommands = true)]
    Audit {
        /// What to do with the record; it is listed otherwise.
        #[command(subcommand)]
        command: Option<AuditCommand>,
        /// At most this many of the latest.
        #[arg(long, default_value_t = 20, value_name = "N", allow_negative_numbers = true, value_parser = positive)]
        limit: usize,
        /// Which part of the list.
        #[command(flatten)]
        page: Page,
    },
    /// The configuration file.
    Config {
        /// What to do.
        #[command(subcommand)]
        command: Config,
    },
    /// Check everything that Callboard needs, and say how to put right what is wrong.
    Doctor,
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Write the manual pages, one a verb, into a folder: for packages.
    #[command(hide = true)]
    Man {
        /// The folder.
        #[arg(value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

/// How a person resolves a run whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunResolution {
    /// It ran.
    Ran,
    /// It did not run.
    DidNotRun,
}

/// How a line is run.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// Show exactly what would be sent, and send nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Post the outcome there: a channel's short name, or ACCOUNT:CHANNEL.
    #[arg(long, value_name = "C", conflicts_with = "private")]
    pub channel: Option<String>,
    /// Post nothing.
    #[arg(long)]
    pub private: bool,
    /// Do not ask before it runs.
    #[arg(short, long)]
    pub yes: bool,
}

/// A line to run.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// How.
    #[command(flatten)]
    pub options: RunOptions,
    /// The command and its arguments, as typed in the launcher.
    ///
    /// The flags above may stand anywhere among them. A flag that the command itself has is the command's after its name,
    /// and the program's before it (but for --config and --data); after -- nothing is a flag of the program.
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, allow_hyphen_values = true, value_name = "COMMAND LINE")]
    pub line: Vec<String>,
}

/// What to do with the record of who did what.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verify that no entry was changed, taken out or put in between since it was written.
    Verify {
        /// Also check that this hash, which an earlier verification gave, is still in the record.
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
    },
    /// Write the whole record as JSON lines, the oldest entry first, as it is stored and with its hashes.
    Export,
}

/// A yes.
#[derive(Debug, Args)]
pub(crate) struct Approve {
    /// How.
    #[command(flatten)]
    pub options: RunOptions,
    /// To which approval: its key, or any unambiguous part of its reference or title.
    #[arg(value_name = "ID")]
    pub approval: String,
    /// What to say with it, for everybody to read, and the answers to what it asks. In a terminal what has no answer and no
    /// default is asked for.
    #[arg(value_name = "COMMENT|NAME=VALUE")]
    pub words: Vec<String>,
}

/// A no.
#[derive(Debug, Args)]
pub(crate) struct Deny {
    /// How.
    #[command(flatten)]
    pub options: RunOptions,
    /// To which approval: its key, or any unambiguous part of its reference or title.
    #[arg(value_name = "ID")]
    pub approval: String,
    /// Why not, for everybody to read. Asked for in a terminal.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub why: Option<String>,
    /// The same without --why.
    #[arg(value_name = "WHY", conflicts_with = "why")]
    pub words: Vec<String>,
}

/// What to do with the accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Accounts {
    /// The accounts and their state.
    List,
    /// Add an account to the configuration, ask for its secrets, and test it.
    Add {
        /// Its name, such as `forge`.
        name: String,
        /// Its service, such as `github`.
        service: String,
        /// Settings, such as `url=https://ci.acme.example` or `watch=acme/web,acme/api`.
        #[arg(value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
    /// Ask the service who the account is and what its credential lacks.
    Test {
        /// The account.
        account: String,
    },
    /// Store a secret, read from a prompt or standard input; never from an argument.
    Secret {
        /// The account.
        account: String,
        /// Which secret, where the account can have several.
        field: Option<String>,
        /// Remove it instead.
        #[arg(long)]
        remove: bool,
    },
    /// Remove an account from the configuration, and its secrets.
    Remove {
        /// The account.
        account: String,
    },
}

/// What to do with the rules.
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    /// What the rules would do with an event: a stored one by its number, or one from a file.
    Test {
        /// The number of an event, or a file with {"event": {...}, "item": {...}}.
        #[arg(long, value_name = "FILE|ID", allow_hyphen_values = true)]
        event: String,
    },
    /// What the rules did with an event, and why.
    Explain {
        /// The number of an event.
        #[arg(value_parser = event_number)]
        event: i64,
    },
    /// What the active rules, or edited ones, would have decided about the latest events.
    Replay {
        /// How many of the latest events; at most 1000.
        #[arg(long, default_value_t = 200, value_name = "N", allow_negative_numbers = true)]
        last: usize,
        /// A configuration file whose rules are tried in place of the active ones: a copy that was edited.
        #[arg(long, value_name = "FILE")]
        edited: Option<PathBuf>,
    },
}

/// What to do with the configuration file.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check it: prints file, line, column and what was expected.
    Check,
    /// Print its JSON Schema.
    Schema {
        /// That of command files instead.
        #[arg(long)]
        commands: bool,
    },
    /// Print where it is.
    Path,
}

/// A part of a list.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Page {
    /// Only what comes before this one: its id, as an earlier page gave it.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub before: Option<String>,
    /// With --json: one object with the entries, `more` (whether there are earlier ones) and `next` (for --before).
    #[arg(long)]
    pub page: bool,
}

/// The file or folder that a variable of the environment names; an empty one names none.
///
/// Not `env` of the arguments: a variable that is set would be shown as required in every usage.
pub(crate) fn from_environment(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// How many entries a list shows: one of none would look like an empty list.
fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("expected a whole number, 1 or more".to_owned()),
        Ok(limit) => Ok(limit),
    }
}

fn event_number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "expected an event's number, as callboard events shows it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_one_or_more() {
        let lists = ["board", "approvals", "events", "search x", "runs", "room", "deliveries", "audit"];
        for list in lists {
            for (limit, expected) in
                [("1", true), ("20", true), ("20000", true), ("0", false), ("-1", false), ("all", false)]
            {
                let cli = Cli::try_parse_from(format!("callboard {list} --limit {limit}").split(' '));
                assert_eq!(cli.is_ok(), expected, "{list} {limit}");
                let why = cli.err().map(|error| error.to_string()).unwrap_or_default();
                let is_named = why.contains("expected a whole number, 1 or more");
                assert_eq!(is_named, !expected, "{list} {limit}: {why}");
            }
        }
        // Nothing is a page to skip.
        assert!(Cli::try_parse_from(["callboard", "search", "x", "--skip", "0"]).is_ok());
    }

    #[test]
    fn answer_takes_words_and_flags_in_any_place() {
        let parse = |line: &[&str]| Cli::try_parse_from([&["callboard"], line].concat());
        let yes = parse(&["approve", "web#12/Proceed", "works", "--yes", "TARGET=eu", "--channel", "ops"]);
        let Ok(Cli { command: Command::Approve(yes), .. }) = yes else { panic!("{yes:?}") };
        assert_eq!(
            (yes.approval.as_str(), yes.words.join(" ").as_str()),
            ("web#12/Proceed", "works TARGET=eu")
        );
        assert_eq!((yes.options.yes, yes.options.channel.as_deref()), (true, Some("ops")));
        // the line -> its reason by name, and in words; none where it is refused
        type Reason<'a> = (Option<&'a str>, &'a str);
        let cases: [(&[&str], Option<Reason<'_>>); 6] = [
            (&["deny", "x", "--why", "not before noon"], Some((Some("not before noon"), ""))),
            (&["deny", "x", "not", "before", "noon"], Some((None, "not before noon"))),
            (&["deny", "--private", "x", "--why", "-1"], Some((Some("-1"), ""))),
            (&["deny", "x"], Some((None, ""))),
            (&["deny", "x", "no", "--why", "no"], None),
            (&["deny"], None),
        ];
        for (line, expected) in cases {
            let found = parse(line).ok().map(|cli| match cli.command {
                Command::Deny(deny) => (deny.why, deny.words.join(" ")),
                other => panic!("{other:?}"),
            });
            let found = found.as_ref().map(|(why, words)| (why.as_deref(), words.as_str()));
            assert_eq!(found, expected, "{line:?}");
        }
        assert!(parse(&["approve", "x", "--private", "--channel", "ops"]).is_err());
    }
}
