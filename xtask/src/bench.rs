//! `cargo xtask bench`: a release build, measured beside its peers.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{setup, shell, ui};

/// Builds the programs and their bench in one go, and runs the bench with these arguments: names of groups, `--quick`.
pub(crate) fn bench(args: &[&str]) -> Result<()> {
    let target = shell::target()?;
    setup::peers()?;
    ui::build()?;
    // One command for all: each is built with the features that all need, and nothing is built twice.
    let mut build = shell::cargo(&["build", "--release"]);
    for program in ["callboard", "callboard-tray", "callboard-window"] {
        build.args(["--package", program, "--bin", program]);
    }
    build.args(["--package", "callboard-tests", "--bench", "figures"]);
    build.arg("--message-format=json-render-diagnostics");
    let program = built(build)?;

    let report = target.join("bench");
    std::fs::create_dir_all(&report)?;
    let mut figures = Command::new(program);
    figures.args(args).arg("--report").arg(report.join("report.json"));
    shell::run(figures)
}

/// Runs the build; returns the path of the bench that it made.
fn built(mut build: Command) -> Result<PathBuf> {
    let output = build.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("the release build failed");
    }
    let messages = String::from_utf8(output.stdout)?;
    let made =
        messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find_map(|message| {
            let bench = message["target"]["kind"][0] == "bench";
            bench.then(|| message["executable"].as_str().map(PathBuf::from))?
        });
    made.context("cargo names the bench that it built")
}
