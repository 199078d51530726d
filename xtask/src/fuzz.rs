//! The fuzz targets, each for some seconds.
//!
//! They are libFuzzer's, in the layout of cargo-fuzz, and built here without it: what it adds is the address sanitizer,
//! which needs a nightly compiler and finds little in code that has no `unsafe`. The coverage that libFuzzer is guided
//! by needs only flags that the stable compiler passes on to LLVM. With a nightly, `cargo fuzz run TARGET` works too.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::shell;

/// How long each target runs where it is one check among others.
const SECONDS: u32 = 6;
/// There it tries the same inputs in the same order each time: what it finds, the next run finds again.
const SEED: u32 = 1;

/// Coverage by edge, and the operands of comparisons; assertions on, as in a debug build.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

/// Builds all targets and runs one after the other on its committed seeds, as a check.
pub(crate) fn check(target: &Path) -> Result<()> {
    run_all(target, SECONDS, Some(SEED))
}

/// Hunts for so many seconds with each target, on from what earlier hunts have learned.
pub(crate) fn hunt(seconds: u32) -> Result<()> {
    run_all(&shell::target()?, seconds, None)
}

fn run_all(target: &Path, seconds: u32, seed: Option<u32>) -> Result<()> {
    let host = host()?;
    let folder = target.join("fuzz");
    // With a target named, the flags are for it alone, and not for build scripts and macros.
    let mut build = shell::cargo(&["build", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"]);
    build.args(["--target", &host, "--target-dir"]).arg(&folder);
    build.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    shell::run(build)?;

    for name in targets()? {
        run_one(&name, &folder.join(&host).join("release").join(&name), &folder, seconds, seed)?;
    }
    Ok(())
}

fn run_one(name: &str, program: &Path, folder: &Path, seconds: u32, seed: Option<u32>) -> Result<()> {
    let corpus = folder.join("corpus").join(name);
    let found = folder.join("artifacts").join(name);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&found)?;
    let mut fuzz = Command::new(program);
    fuzz.arg(format!("-max_total_time={seconds}"))
        .args(seed.map(|seed| format!("-seed={seed}")))
        .args(["-timeout=5", "-rss_limit_mb=1024", "-max_len=4096"])
        .arg(format!("-artifact_prefix={}/", found.display()))
        // New inputs are written to the first folder; the committed seeds do not change.
        .arg(corpus)
        .arg(shell::root().join("fuzz/seeds").join(name));
    // libFuzzer writes much: its output is shown where it found something.
    let output = fuzz.output().with_context(|| format!("could not start {}", program.display()))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{stderr}\n{name} failed; the input that did it is in {}", found.display());
    }
    println!("{name}: {}", stderr.lines().find(|line| line.starts_with("Done")).unwrap_or("done"));
    Ok(())
}

/// The names of the targets, which are those of their files.
fn targets() -> Result<Vec<String>> {
    let files = fs::read_dir(shell::root().join("fuzz/fuzz_targets"))?;
    let paths: Vec<PathBuf> = files.map(|file| Ok(file?.path())).collect::<Result<_>>()?;
    let mut names: Vec<String> = paths
        .iter()
        .filter_map(|path| path.file_stem())
        .map(|stem| stem.to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// The platform this compiler builds for.
fn host() -> Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut version = Command::new(rustc);
    version.arg("-vV");
    let version = shell::output(version)?;
    let host =
        version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    Ok(host.to_owned())
}
