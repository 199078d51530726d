//! The project's own commands: `cargo xtask VERB`.
#![allow(clippy::print_stdout, reason = "a command line program prints what it does")]

mod bench;
mod dist;
mod fuzz;
mod run;
mod setup;
mod shell;
mod test;
mod types;
mod ui;

use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
cargo xtask run                       start the desktop app; without a display, play the playground's loop
cargo xtask test [--quick]            set up what is missing, then run every check; quick: without fuzzing
                 [--advisories]       also check the dependencies against published advisories (needs the network)
cargo xtask e2e [FILTER ...]          only the tests of the desktop app, with the set-up that they need
cargo xtask screenshots               take the pictures of every view, and put some into docs/screenshots
cargo xtask fuzz SECONDS              hunt for so long with each fuzz target, from a new seed
cargo xtask types                     write ui/src/api.ts and docs/reference.md from the types that the engine declares
cargo xtask bench [--quick] [GROUP ...]
                                      measure a release build beside its peers; writes target/bench/report.json
cargo xtask dist [--check] [--built]  make the Debian and RPM packages in target/dist; check: then try them on a clean
                                      Debian; built: of the release programs that are there";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(Some(())) => ExitCode::SUCCESS,
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            println!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the verb; none where the arguments are not understood.
fn dispatch(args: &[&str]) -> Result<Option<()>> {
    match args {
        ["run"] => run::run()?,
        ["test", flags @ ..] => match test::Options::parse(flags) {
            Some(options) => test::test(&options)?,
            None => return Ok(None),
        },
        ["e2e", filters @ ..] => test::desktop(filters)?,
        ["screenshots"] => test::screenshots()?,
        ["fuzz", seconds] => match seconds.parse() {
            Ok(seconds) => fuzz::hunt(seconds)?,
            Err(_) => return Ok(None),
        },
        ["types"] => types::types()?,
        ["bench", args @ ..] => bench::bench(args)?,
        ["dist", flags @ ..] => match dist::Options::parse(flags) {
            Some(options) => dist::dist(&options)?,
            None => return Ok(None),
        },
        _ => return Ok(None),
    }
    Ok(Some(()))
}
