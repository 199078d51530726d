//! The licences of what is part of a program: crates, and for the app what its windows are made of.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// Something that somebody else wrote.
struct Part {
    name: String,
    licence: String,
    folder: PathBuf,
}

/// Names everything that is part of the program, with each licence's text once.
pub(super) fn of(program: &str) -> Result<String> {
    let mut parts = crates(program)?;
    if program == "callboard-window" {
        parts.extend(pages()?);
    }
    let mut names = String::new();
    let mut texts: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for part in &parts {
        names += &format!("{}: {}\n", part.name, part.licence);
        for text in texts_in(&part.folder)? {
            texts.entry(text).or_default().push(&part.name);
        }
    }
    let mut notices = format!("Part of {program}, each under its own licence:\n\n{names}");
    for (text, names) in texts {
        notices += &format!("\n{}\n{}\n\n{text}\n", "=".repeat(78), names.join(", "));
    }
    Ok(notices)
}

/// The crates that the program is built from, on this platform.
fn crates(program: &str) -> Result<Vec<Part>> {
    let host = shell::output(shell::cargo(&["-vV"]))?;
    let host =
        host.lines().find_map(|line| line.strip_prefix("host: ")).context("cargo names this platform")?;
    let metadata = ["metadata", "--format-version=1", "--locked", "--filter-platform", host];
    let metadata: Value = serde_json::from_str(&shell::output(shell::cargo(&metadata))?)?;
    let packages: BTreeMap<&str, &Value> =
        list(&metadata["packages"]).map(|it| (text(&it["id"]), it)).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"]["nodes"]).map(|it| (text(&it["id"]), it)).collect();

    let root = packages.values().find(|it| text(&it["name"]) == program && it["source"].is_null());
    let mut waiting = vec![text(&root.with_context(|| format!("the workspace has no {program}"))?["id"])];
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            let built_in = |it: &&Value| list(&it["dep_kinds"]).any(|kind| kind["kind"].is_null());
            waiting.extend(list(&nodes[id]["deps"]).filter(built_in).map(|it| text(&it["pkg"])));
        }
    }
    let mut parts: Vec<Part> = seen
        .into_iter()
        .map(|id| packages[id])
        .filter(|package| !package["source"].is_null())
        .map(|package| Part {
            name: format!("{} {}", text(&package["name"]), text(&package["version"])),
            licence: package["license"].as_str().unwrap_or("see its text").to_owned(),
            folder: Path::new(text(&package["manifest_path"])).with_file_name(""),
        })
        .collect();
    parts.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(parts)
}

/// The npm packages whose scripts and faces of type the windows load, and what those need in turn.
fn pages() -> Result<Vec<Part>> {
    let ui = shell::root().join("ui");
    let manifest = |folder: &Path| -> Result<Value> {
        let path = folder.join("package.json");
        Ok(serde_json::from_slice(&fs::read(&path).with_context(|| path.display().to_string())?)?)
    };
    let mut grep = Command::new("grep");
    grep.args(["--recursive", "--no-filename", "--exclude=*.test.ts", "-E", "import|url\\("])
        .arg(ui.join("src"));
    let used = shell::output(grep)?;
    let direct = manifest(&ui)?;
    let names = |of: &Value, field: &str| -> Vec<String> {
        of[field].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    };
    let mut waiting: Vec<String> = ["dependencies", "devDependencies"]
        .into_iter()
        .flat_map(|field| names(&direct, field))
        .filter(|name| ["\"", "/"].iter().any(|end| used.contains(&format!("\"{name}{end}"))))
        .collect();
    let mut seen = BTreeMap::new();
    while let Some(name) = waiting.pop() {
        let folder = ui.join("node_modules").join(&name);
        if !seen.contains_key(&name) && folder.exists() {
            let about = manifest(&folder)?;
            waiting.extend(names(&about, "dependencies"));
            let licence = about["license"].as_str().unwrap_or("see its text").to_owned();
            let part = Part { name: format!("{name} {}", text(&about["version"])), licence, folder };
            seen.insert(name, part);
        }
    }
    Ok(seen.into_values().collect())
}

/// The texts of licences and notices in a folder.
fn texts_in(folder: &Path) -> Result<Vec<String>> {
    const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && NAMES.iter().any(|it| name.starts_with(it)) {
            files.push(path);
        }
    }
    files.sort_unstable();
    files
        .iter()
        .map(|file| Ok(String::from_utf8_lossy(&fs::read(file)?).trim().replace("\r\n", "\n")))
        .collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
