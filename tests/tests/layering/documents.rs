//! Documents and made-up data match the code.

use std::fs;

use anyhow::{Context, Result, ensure};

use super::root;

/// Each invariant in ARCHITECTURE.md names the test that keeps it, and that test is there.
#[test]
fn every_invariant_names_its_test() -> Result<()> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md"))?;
    let (_, rest) = text.split_once("## Invariants").context("the section")?;
    let section = rest.split("\n## ").next().unwrap_or_default();
    let entries: Vec<&str> = section.split("\n- ").skip(1).collect();
    ensure!(entries.len() >= 10, "{} invariants", entries.len());
    let mut tests = String::new();
    let mut left = ["crates", "tests", "src-tauri"].map(|folder| root().join(folder)).to_vec();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name == "target" || name == "node_modules") {
                continue;
            }
            left.extend(fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            tests.push_str(&fs::read_to_string(&path)?);
        }
    }
    for entry in entries {
        let names: Vec<&str> =
            entry.split('`').skip(1).step_by(2).filter(|name| name.contains('_')).collect();
        ensure!(!names.is_empty(), "no test is named by: {entry}");
        for name in names {
            ensure!(tests.contains(&format!("fn {name}(")), "there is no test {name}");
        }
    }
    Ok(())
}

/// The list of services is in `services!`; the documents that are written by hand name every one of them.
#[test]
fn every_service_is_in_the_documents() -> Result<()> {
    let read = |file: &str| fs::read_to_string(root().join(file)).with_context(|| file.to_owned());
    let (readme, guide) = (read("README.md")?, read("docs/guide.md")?);
    let (metadata, fake) =
        (read("packaging/dev.callboard.Callboard.metainfo.xml")?, read("ui/src/fake/services.ts")?);
    for service in callboard_connectors::services() {
        let name = service.name;
        ensure!(
            guide.contains(&format!("\n| `{name}` | ")),
            "docs/guide.md has no row of {name} in \"Accounts\""
        );
        // An account for command files is no service of its own.
        if name == callboard_connectors::http_service::NAME {
            continue;
        }
        let (title, _) = service.about.split_once(':').context("a title")?;
        let title = title.split(" (").next().unwrap_or(title);
        ensure!(readme.contains(&format!("\n| {title}")), "README.md has no row of {title}");
        ensure!(metadata.contains(title), "the package's metadata does not name {title}");
        if service.name != "cctray" {
            ensure!(fake.contains(&format!("service: \"{name}\"")), "ui/src/fake/services.ts has no {name}");
        }
    }
    Ok(())
}
