//! `callboard`: the headless daemon and command line.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command line does")]

// First, as its macros are for those that follow.
#[macro_use]
mod printed;

mod accounts;
mod answer;
mod args;
mod audit;
mod board;
mod client;
mod config;
mod deliveries;
mod events;
mod exit;
mod host;
mod hyphens;
mod item;
mod left_out;
mod lists;
mod look;
mod man;
mod output;
mod pages;
mod playground;
mod run;
mod search;
mod serve;
mod table;
mod times;
mod tray;
mod verbs;
mod wrap;

use std::{io::IsTerminal, process::ExitCode};

use anyhow::Result;
use callboard_engine::{command_file, log, paths::Paths, private, tray_app::AppCommand};
use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

use crate::{
    args::{Cli, Command},
    client::Client,
    exit::Exit,
    output::Output,
};

/// A daemon takes in webhooks by the thousand: a sixth of the time for each went to the system's allocator. The tray
/// app keeps that one, as it needs less memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(ended) = command_file::become_subreaper_if_asked() {
        return ended;
    }
    human_panic::setup_panic!();
    end_quietly_with_the_pipe();
    // Before any secret is read. It is best effort: the system may refuse.
    let _ = private::keep_memory_private();
    let cli = Cli::parse_from(hyphens::separate_hyphen_values(std::env::args_os().collect()));
    let mut output = Output::new(cli.json, cli.quiet, cli.no_color);
    // Flags after a command's words may be the command's own; a little more of a log does no harm.
    let late = match &cli.command {
        // Errors in them are reported once the command is known.
        Command::Run(run) => run::Flags::of(&run.line, |_| false).unwrap_or_default().1,
        _ => run::Flags::default(),
    };
    log_to_stderr(cli.verbose + late.verbose, cli.quiet || late.quiet, matches!(cli.command, Command::Serve));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output.error(&error.into());
            return Exit::Failed.into();
        }
    };
    let ended = runtime.block_on(act(cli, late, &mut output));
    // A keychain that hangs must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            output.error(&error);
            exit::of(&error).into()
        }
    }
}

async fn act(cli: Cli, late: run::Flags, output: &mut Output) -> Result<Exit> {
    let (config, data) = (late.config.map(Into::into), late.data.map(Into::into));
    let typed = config.or(cli.config);
    let from_environment = || args::from_environment("CALLBOARD_CONFIG");
    // A file that is typed must exist. One of a variable may be created later: only a check needs it.
    let checks = matches!(cli.command, Command::Config { command: args::Config::Check });
    let named = typed.clone().or_else(|| from_environment().filter(|_| checks));
    let config = typed.or_else(from_environment);
    let data = data.or(cli.data).or_else(|| args::from_environment("CALLBOARD_DATA"));
    let paths = Paths::new(config, data)?;
    if let Some(missing) = named.filter(|file| cli.command.reads_config() && !file.exists()) {
        return Err(exit::Usage(format!(
            "there is no file {}: correct {}; `callboard accounts add` begins a new file",
            missing.display(),
            if checks { "--config or CALLBOARD_CONFIG" } else { "--config" }
        ))
        .into());
    }
    match cli.command {
        Command::Serve => serve::serve(&paths, output).await,
        Command::Open => tray::send(&paths.data, AppCommand::Open).await,
        Command::Toggle => tray::send(&paths.data, AppCommand::Toggle).await,
        Command::Playground { once } => playground::play(once, output).await,
        Command::Config { command } => config::act(&command, &paths, output),
        Command::Rules { command: args::Rules::Test { event } } if event.parse::<i64>().is_err() => {
            config::test_rules(event.as_ref(), &paths, output)
        }
        Command::Accounts { command: Some(command) } if !matches!(command, args::Accounts::List) => {
            accounts::act(command, &paths, output).await
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "callboard", &mut std::io::stdout());
            Ok(Exit::Done)
        }
        Command::Man { folder } => man::write(&folder),
        Command::Help { command } if let Some(mut verb) = verbs::verb(&command) => {
            // The reader may have closed the pipe.
            let _ = verb.print_long_help();
            Ok(Exit::Done)
        }
        command => {
            let mut client = Client::open(&paths).await?;
            let ended = match command {
                Command::Run(mut run) => {
                    let taken = run::take_flags(&mut run, &mut client).await;
                    match taken {
                        Ok((late, command)) => {
                            *output = Output::new(
                                cli.json || late.json,
                                cli.quiet || late.quiet,
                                cli.no_color || late.no_color,
                            );
                            match command.filter(|_| late.help) {
                                Some(name) => {
                                    look::act(Command::Help { command: vec![name] }, &mut client, output)
                                        .await
                                }
                                None => run::run(run, &mut client, output).await,
                            }
                        }
                        Err(error) => Err(error),
                    }
                }
                command => look::act(command, &mut client, output).await,
            };
            client.close(ended).await
        }
    }
}

/// `callboard events | head` closes our output when it has enough: that is no crash. Printing panics then.
fn end_quietly_with_the_pipe() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let message = panic.payload().downcast_ref::<String>();
        if message.is_some_and(|message| message.starts_with("failed printing to stdout")) {
            playground::remove_folder();
            std::process::exit(0);
        }
        default_hook(panic);
    }));
}

/// Logs to standard error: the daemon always, a command, whose messages have all that a person needs, only with
/// `--verbose`. `CALLBOARD_LOG` or `RUST_LOG` select in detail.
fn log_to_stderr(verbose: u8, quiet: bool, daemon: bool) {
    let level = match (quiet, verbose, daemon) {
        (_, 0, false) => "off",
        (true, ..) => "error",
        (_, 0, true) => "warn,callboard=info,callboard_engine=info",
        (_, 1, _) => "info",
        _ => "info,callboard=trace,callboard_engine=trace,callboard_connectors=trace",
    };
    let chosen = EnvFilter::try_from_env("CALLBOARD_LOG").or_else(|_| EnvFilter::try_from_default_env());
    let filter = chosen.unwrap_or_else(|_| EnvFilter::new(level));
    let filter = match log::NOT_OF_ITSELF.parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || log::Plain::new(std::io::stderr(), colours))
        .with_ansi(colours)
        .with_target(false)
        .init();
}
