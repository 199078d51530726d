//! `callboard man FOLDER`: the manual pages, out of the same definition as the help.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, italic, roman},
};
use jiff::Timestamp;

use crate::{args::Cli, exit::Exit};

/// The exit codes, as `exit.rs` has them.
const EXITS: [(&str, &str); 6] = [
    ("0", "Done."),
    ("1", "The run or check failed."),
    ("2", "Usage or configuration."),
    ("3", "Not allowed, not confirmed, or changed since it was previewed."),
    ("4", "A service could not be reached, or a message waits: nothing was sent."),
    ("5", "Not known: it may have happened."),
];

/// Where files are, unless an option or a variable of the environment names another place.
const FILES: [(&str, &str); 3] = [
    ("~/.config/callboard/callboard.toml", "The configuration; callboard config path prints where it is."),
    ("~/.local/share/callboard/", "The store, and the socket that other clients connect to."),
    ("/usr/lib/systemd/user/callboard.service", "The unit that keeps callboard serve running, in packages."),
];

/// Writes `callboard.1` and a page for every verb.
pub(crate) fn write(folder: &Path) -> Result<Exit> {
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let mut program = Cli::command();
    program.build();
    page(&program, folder, Some(rest()))?;
    verbs(&program, folder)?;
    Ok(Exit::Done)
}

fn verbs(above: &clap::Command, folder: &Path) -> Result<()> {
    for verb in above.get_subcommands().filter(|it| !it.is_hide_set()) {
        page(verb, folder, None)?;
        verbs(verb, folder)?;
    }
    Ok(())
}

fn page(command: &clap::Command, folder: &Path, rest: Option<Roff>) -> Result<()> {
    let program = format!("callboard {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).date(day()).source(program).manual("Callboard");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(rest) = rest {
        rest.to_writer(&mut text)?;
    } else {
        let mut also = Roff::new();
        also.control("SH", ["SEE ALSO"]).text([bold("callboard"), roman("(1)")]);
        also.to_writer(&mut text)?;
    }
    let path = folder.join(man.get_filename());
    fs::write(&path, text).with_context(|| path.display().to_string())
}

/// The day that is in the pages: of the commit, where a package is made (reproducible-builds.org, SOURCE_DATE_EPOCH).
fn day() -> String {
    let packed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|it| it.parse().ok());
    let at = packed.and_then(|it| Timestamp::from_second(it).ok()).unwrap_or_else(Timestamp::now);
    at.strftime("%Y-%m-%d").to_string()
}

/// Sections of the overview that the help does not have.
fn rest() -> Roff {
    let mut roff = Roff::new();
    section(&mut roff, "EXIT STATUS", &EXITS, bold);
    section(&mut roff, "FILES", &FILES, italic);
    roff
}

fn section(
    roff: &mut Roff,
    title: &str,
    entries: &[(&'static str, &str)],
    style: fn(&'static str) -> Inline,
) {
    roff.control("SH", [title]);
    for (term, meaning) in entries {
        roff.control("TP", []).text([style(term)]).text([roman(*meaning)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_and_the_overview_has_the_exit_codes() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path()).unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let overview = read("callboard.1");
        for (code, meaning) in EXITS {
            // An apostrophe is a string that roff puts in.
            let meaning = meaning.replace('\'', "\\*(Aq");
            assert!(overview.contains(&format!("\\fB{code}\\fR\n{meaning}")), "{code}");
        }
        for verb in ["board", "run-show", "accounts-add", "rules-explain"] {
            assert!(read(&format!("callboard-{verb}.1")).contains(".SH SYNOPSIS"), "{verb}");
        }
        assert!(!folder.path().join("callboard-man.1").exists(), "what is hidden has no page");
    }
}
