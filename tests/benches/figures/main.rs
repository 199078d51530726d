//! The figures of Callboard, measured on a release build, each beside what is measured and, where there is one, beside
//! a peer in the same run. Started by `cargo xtask bench`, which builds the program and installs the peers.
//!
//! Arguments: names of groups to measure (all where none is given), `--quick` for shorter times, `--report FILE`.
//! Data is made from fixed seeds. Machines are noisy: medians of several runs and ratios count, never one absolute time.

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program that prints what it measures")]

mod data;
mod desktop;
mod figure;
mod growth;
mod idle;
mod load;
mod machine;
mod micro;
mod record;
mod requests;
mod round_trip;
mod search;
mod stub;
mod webhooks;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::figure::{Figure, report, table};

/// The command line.
#[derive(Default)]
pub(crate) struct Args {
    /// Shorter times and fewer repetitions: for trying the bench itself.
    pub(crate) quick: bool,
    groups: Vec<String>,
    report: Option<PathBuf>,
}

type Group = (&'static str, fn(&Args) -> Result<Vec<Figure>>);

const GROUPS: [Group; 9] = [
    ("micro", micro::measure),
    ("search", search::measure),
    ("record", record::measure),
    ("growth", growth::measure),
    ("requests", requests::measure),
    ("round_trip", round_trip::measure),
    ("webhooks", webhooks::measure),
    ("idle", idle::measure),
    ("desktop", desktop::measure),
];

fn main() -> Result<()> {
    let args = parse(std::env::args().skip(1))?;
    let mut figures = Vec::new();
    for (name, measure) in GROUPS {
        if args.groups.is_empty() || args.groups.iter().any(|group| group == name) {
            println!("measuring: {name}");
            figures.extend(measure(&args).with_context(|| format!("measuring {name}"))?);
        }
    }
    println!("\n{}", table(&figures));
    if let Some(file) = &args.report {
        fs::write(file, report(&figures)).with_context(|| file.display().to_string())?;
        println!("written to {}", file.display());
    }
    Ok(())
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Args> {
    let mut args = Args::default();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--quick" => args.quick = true,
            "--report" => args.report = Some(words.next().context("--report FILE")?.into()),
            // Cargo adds it to whatever it runs as a bench.
            "--bench" => {}
            group if GROUPS.iter().any(|(name, _)| *name == group) => args.groups.push(word),
            other => bail!("{other:?} is none of the groups: {}", GROUPS.map(|(name, _)| name).join(", ")),
        }
    }
    Ok(args)
}
