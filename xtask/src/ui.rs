//! The windows: installed, checked, built, and held to their size.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{setup, shell};

/// The most that the launcher's page may weigh, in bytes as gzip packs them: all of it is read between the first press of
/// the hotkey and the first word. What it loads later, when it is asked for, is not counted.
const LAUNCHER: u64 = 60_000;
/// The most that everything in the pages may weigh. Faces of type are not counted.
const ALL: u64 = 120_000;

/// Installs what the lock names, builds the pages into `ui/dist`, and says what they weigh.
pub(crate) fn build() -> Result<()> {
    setup::packages_of(&folder(), &folder(), "the parts that the windows are built from")?;
    shell::run(npm(&["run", "--silent", "build"]))
}

/// Types, lints, format and the tests of the components.
pub(crate) fn check() -> Result<()> {
    shell::run(npm(&["run", "--silent", "check"]))?;
    shell::run(npm(&["run", "--silent", "test"]))
}

/// Fails where the built pages are heavier than they may be.
pub(crate) fn weigh() -> Result<()> {
    let dist = folder().join("dist");
    let launcher = loaded_by(&dist, "index.html", loaded_at_once)?;
    let mut all = loaded_by(&dist, "index.html", named)?;
    all.extend(loaded_by(&dist, "settings.html", named)?);
    for (what, files, most) in [("the launcher", launcher, LAUNCHER), ("all pages", all, ALL)] {
        let weight: u64 = files.iter().map(|file| gzipped(file)).sum::<Result<u64>>()?;
        println!("{what}: {:.1} of {:.0} kB gzipped, in {} files", kilo(weight), kilo(most), files.len());
        ensure!(weight <= most, "{what} weigh {:.1} kB and may weigh {:.0}", kilo(weight), kilo(most));
    }
    Ok(())
}

fn folder() -> PathBuf {
    shell::root().join("ui")
}

fn npm(words: &[&str]) -> Command {
    let mut npm = Command::new("npm");
    npm.args(words).current_dir(folder());
    npm
}

fn kilo(bytes: u64) -> f64 {
    bytes as f64 / 1000.0
}

/// A page and every file that it loads, as `names` finds them in each.
fn loaded_by(dist: &Path, page: &str, names: fn(&str) -> Vec<&str>) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![dist.join(page).canonicalize().context("the pages are not built")?];
    while let Some(file) = waiting.pop() {
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let folder = file.parent().unwrap_or(dist);
        for name in names(&text) {
            let place = match name.strip_prefix('/') {
                Some(from_root) => dist.join(from_root),
                // Names in scripts are relative to the script, or to the root where they are loaded later.
                None => [folder, dist]
                    .map(|it| it.join(name))
                    .into_iter()
                    .find(|it| it.exists())
                    .unwrap_or_default(),
            };
            let place = place.canonicalize().unwrap_or_default();
            if place.is_file() && !found.contains(&place) {
                waiting.push(place);
            }
        }
        found.insert(file);
    }
    Ok(found)
}

/// Everything that is named like a script, a style or a drawing, and stands between quotes or brackets.
fn named(text: &str) -> Vec<&str> {
    let words = text.split(['"', '\'', '`', '(', ')']);
    words.filter(|word| is_counted(word)).collect()
}

/// The same, without the scripts that are loaded later and what comes with them.
fn loaded_at_once(text: &str) -> Vec<&str> {
    let mut words = text.split(['"', '\'', '`', '(', ')']).peekable();
    let mut names = Vec::new();
    while let Some(before) = words.next() {
        let Some(word) = words.peek().filter(|word| is_counted(word)) else { continue };
        let is_script = word.ends_with(".js") || word.ends_with(".css");
        let before = before.trim_end();
        // `import"./a.js"`, `from"./a.js"`, and the attributes of a page; not `import("./later.js")`.
        if !is_script || ["import", "from", "src=", "href="].iter().any(|end| before.ends_with(end)) {
            names.push(*word);
        }
    }
    names
}

fn is_counted(word: &str) -> bool {
    let kind = word.rsplit_once('.').map(|(_, kind)| kind);
    matches!(kind, Some("js" | "css" | "svg")) && !word.contains(char::is_whitespace)
}

fn gzipped(file: &Path) -> Result<u64> {
    let mut gzip = Command::new("gzip");
    let output = gzip.args(["-9", "--stdout"]).arg(file).stderr(Stdio::inherit()).output().context("gzip")?;
    ensure!(output.status.success(), "gzip could not read {}", file.display());
    Ok(output.stdout.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_weighed_with_everything_that_it_loads() {
        let dist = std::env::temp_dir().join(format!("xtask-ui-{}", std::process::id()));
        fs::create_dir_all(dist.join("assets")).unwrap();
        let files = [
            ("index.html", r#"<link href="/assets/a.css"><script src="/assets/a.js"></script>"#),
            ("assets/a.css", "@font-face { src: url(/assets/inter.woff2) }"),
            (
                "assets/a.js",
                r#"import{x}from"./shared.js";const y="/assets/icons.svg",later=()=>import(`./later.js`)"#,
            ),
            ("assets/shared.js", r#"import"./a.js";const deps=["assets/later.css"]"#),
            ("assets/icons.svg", ""),
            ("assets/later.js", ""),
            ("assets/later.css", ""),
            ("assets/other.js", ""),
        ];
        for (name, text) in files {
            fs::write(dist.join(name), text).unwrap();
        }
        let names = |names| -> Vec<String> {
            let loaded = loaded_by(&dist, "index.html", names).unwrap();
            loaded.iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        let (at_once, all) = (names(loaded_at_once), names(named));
        fs::remove_dir_all(&dist).unwrap();
        assert_eq!(at_once, ["a.css", "a.js", "icons.svg", "shared.js", "index.html"]);
        assert_eq!(all, ["a.css", "a.js", "icons.svg", "later.css", "later.js", "shared.js", "index.html"]);
    }
}
