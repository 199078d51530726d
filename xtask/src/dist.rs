//! `cargo xtask dist`: the command line and the app as Debian and RPM packages, in `dist` of the target folder.
//!
//! Debian's own `dpkg-deb` and `rpmbuild` wrap a tree that is laid here. They need no network and nothing built first,
//! and the same commit results in the same bytes.

mod check;
mod deb;
mod notices;
mod package;
mod rpm;
mod tree;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{setup, shell, ui};
use package::{PACKAGES, Parts};

/// The options of the command line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Wrap the programs that are built already.
    built: bool,
    /// Then try the packages on a clean system.
    check: bool,
}

impl Options {
    /// Reads the flags; none where one is unknown.
    pub(crate) fn parse(flags: &[&str]) -> Option<Options> {
        let mut options = Options::default();
        for flag in flags {
            match *flag {
                "--built" => options.built = true,
                "--check" => options.check = true,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// The packages that were made of one part of the product.
struct Made {
    name: &'static str,
    deb: PathBuf,
    rpm: PathBuf,
    /// What the Debian package holds, as it lies on a machine.
    tree: PathBuf,
}

/// Makes the packages.
pub(crate) fn dist(options: &Options) -> Result<()> {
    setup::packers()?;
    let target = shell::target()?;
    let programs = target.join("release");
    if !options.built {
        build()?;
    }
    let folder = target.join("dist");
    let work = folder.join("work");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    fs::create_dir_all(&work)?;

    let parts = Parts::new(programs, time()?)?;
    let mut made = Vec::new();
    for package in &PACKAGES {
        let notices = notices::of(package.name)?;
        let work = work.join(package.name);
        let (deb, tree) = deb::wrap(package, &parts, &notices, &work, &folder)?;
        let rpm = rpm::wrap(package, &parts, &notices, &work, &folder)?;
        made.push(Made { name: package.name, deb, rpm, tree });
    }
    for file in made.iter().flat_map(|it| [&it.deb, &it.rpm]) {
        println!("{:6.1} MB  {}", fs::metadata(file)?.len() as f64 / 1e6, file.display());
    }
    if options.check {
        setup::checkers()?;
        check::check(&made, &work)?;
    }
    Ok(())
}

/// Builds the programs without a trace of this machine's folders in them.
fn build() -> Result<()> {
    ui::build()?;
    let home = env::var("HOME").unwrap_or_default();
    let registry = env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let root = shell::root().display();
    let mut cargo = shell::cargo(&["build", "--release", "--locked"]);
    for package in &PACKAGES {
        cargo.args(["--package", package.name]);
    }
    cargo.env(
        "CARGO_ENCODED_RUSTFLAGS",
        [format!("--remap-path-prefix={registry}=cargo"), format!("--remap-path-prefix={root}=callboard")]
            .join("\x1f"),
    );
    shell::run(cargo)
}

/// When what is packed was made, in seconds since 1970: of the commit, for everybody to get the same bytes.
fn time() -> Result<i64> {
    let time = match env::var("SOURCE_DATE_EPOCH") {
        Ok(time) => time,
        Err(_) => {
            let mut git = Command::new("git");
            git.args(["log", "-1", "--format=%ct"]).current_dir(shell::root());
            shell::output(git).context("outside of git, SOURCE_DATE_EPOCH says when this was made")?
        }
    };
    time.trim().parse().context("SOURCE_DATE_EPOCH is a number of seconds since 1970")
}

/// A date as `date` writes it, in English and in universal time.
fn date(time: i64, format: &str) -> Result<String> {
    let mut date = Command::new("date");
    date.env("LC_ALL", "C").args(["--utc", &format!("--date=@{time}"), &format!("+{format}")]);
    Ok(shell::output(date)?.trim().to_owned())
}

/// Reads a text of the repository.
fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = shell::root().join(path);
    fs::read_to_string(&path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_and_an_unknown_one_is_refused() {
        assert_eq!(Options::parse(&["--built", "--check"]), Some(Options { built: true, check: true }));
        assert_eq!(Options::parse(&["--chek"]), None);
    }

    #[test]
    fn dates_do_not_depend_on_the_machine() {
        assert_eq!(date(0, "%Y-%m-%d").unwrap(), "1970-01-01");
        assert_eq!(date(1_795_392_054, "%a, %d %b %Y %T %z").unwrap(), "Mon, 23 Nov 2026 00:00:54 +0000");
    }
}
