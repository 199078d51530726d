//! A Debian package.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    date,
    package::{Family, HOME, MAINTAINER, Package, Parts, RELEASE, VERSION},
    read,
    tree::Tree,
};
use crate::shell;

/// Lays the tree below `work`, wraps it into `folder`, and returns where both are.
pub(super) fn wrap(
    package: &Package,
    parts: &Parts,
    notices: &str,
    work: &Path,
    folder: &Path,
) -> Result<(PathBuf, PathBuf)> {
    let tree = Tree::new(work.join("debian/tree"))?;
    package.lay(&tree, parts, Family::Debian)?;
    let docs = format!("usr/share/doc/{}", package.name);
    tree.put(&format!("{docs}/copyright"), copyright()?)?;
    tree.put_gz(&format!("{docs}/third-party"), notices)?;
    tree.put_gz(&format!("{docs}/changelog"), read("CHANGELOG.md")?)?;
    tree.put_gz(&format!("{docs}/changelog.Debian"), changelog(package.name, parts.time)?)?;
    let (sums, size) = sums(&tree)?;
    tree.put("DEBIAN/md5sums", sums)?;
    let libraries = libraries(&tree, package.name, work)?;
    let same = package.needs_same.iter().map(|name| format!("{name} (= {VERSION}-{RELEASE})"));
    let needs = package.needs.iter().map(ToString::to_string);
    let depends = [libraries].into_iter().chain(needs).chain(same).collect::<Vec<_>>().join(", ");
    let architecture = architecture()?;
    tree.put("DEBIAN/control", control(package, &architecture, &depends, size))?;
    tree.set_permissions()?;

    let deb = folder.join(format!("{}_{VERSION}-{RELEASE}_{architecture}.deb", package.name));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.env("SOURCE_DATE_EPOCH", parts.time.to_string());
    dpkg.args(["--root-owner-group", "-Zxz", "--build"]).arg(tree.root()).arg(&deb);
    shell::output(dpkg)?;
    fs::remove_dir_all(tree.root().join("DEBIAN"))?;
    Ok((deb, tree.root().to_owned()))
}

/// Debian's name for this machine's architecture.
fn architecture() -> Result<String> {
    let mut dpkg = Command::new("dpkg");
    dpkg.arg("--print-architecture");
    Ok(shell::output(dpkg)?.trim().to_owned())
}

fn control(package: &Package, architecture: &str, depends: &str, size: u64) -> String {
    let Package { name, section, summary, .. } = package;
    let mut control = format!(
        "Package: {name}\nVersion: {VERSION}-{RELEASE}\nArchitecture: {architecture}\nMaintainer: {MAINTAINER}\n\
         Installed-Size: {size}\nDepends: {depends}\n"
    );
    if !package.breaks_older.is_empty() {
        let breaks: Vec<String> =
            package.breaks_older.iter().map(|name| format!("{name} (<< {VERSION}-{RELEASE})")).collect();
        control += &format!("Breaks: {}\n", breaks.join(", "));
    }
    for (field, packages) in [("Recommends", package.recommends), ("Suggests", package.suggests)] {
        if !packages.is_empty() {
            control += &format!("{field}: {}\n", packages.join(", "));
        }
    }
    control += &format!("Section: {section}\nPriority: optional\nHomepage: {HOME}\nDescription: {summary}\n");
    let paragraphs: Vec<String> =
        package.description.iter().map(|it| format!(" {}\n", it.replace('\n', "\n "))).collect();
    control + &paragraphs.join(" .\n")
}

/// The libraries that the program is linked with, as the packages of this Debian that have them.
fn libraries(tree: &Tree, name: &str, work: &Path) -> Result<String> {
    // dpkg-shlibdeps reads a source package's control file, and there is none.
    fs::create_dir_all(work.join("debian"))?;
    fs::write(
        work.join("debian/control"),
        format!("Source: callboard\n\nPackage: {name}\nArchitecture: any\n"),
    )?;
    let mut shlibdeps = Command::new("dpkg-shlibdeps");
    shlibdeps.current_dir(work).arg("-O").arg(tree.root().join("usr/bin").join(name));
    let output = shell::output(shlibdeps)?;
    let depends = output.trim().strip_prefix("shlibs:Depends=");
    Ok(depends.context("dpkg-shlibdeps names the libraries")?.to_owned())
}

/// The check sums of all files, and how many kilobytes they take.
fn sums(tree: &Tree) -> Result<(String, u64)> {
    let files = tree.files()?;
    let mut size = 0;
    for file in &files {
        size += fs::metadata(tree.root().join(file))?.len().div_ceil(1024);
    }
    let mut md5sum = Command::new("md5sum");
    md5sum.current_dir(tree.root()).args(files);
    Ok((shell::output(md5sum)?, size))
}

/// Debian's changelog, which has the packaging alone; the product's own is installed beside it.
fn changelog(name: &str, time: i64) -> Result<String> {
    let date = date(time, "%a, %d %b %Y %T %z")?;
    Ok(format!(
        "{name} ({VERSION}-{RELEASE}) unstable; urgency=medium\n\n  * Callboard {VERSION}: changelog.gz says what changed.\n\n \
         -- {MAINTAINER}  {date}\n"
    ))
}

/// The copyright file, in Debian's form.
fn copyright() -> Result<String> {
    let mut mit = String::new();
    for line in read("LICENSE-MIT")?.lines().skip(2) {
        let line = if line.is_empty() { "." } else { line };
        writeln!(mit, " {line}")?;
    }
    Ok(read("packaging/copyright")?.replace("@MIT@\n", &mit))
}

#[cfg(test)]
mod tests {
    use super::{super::package::PACKAGES, *};

    #[test]
    fn control_file_has_every_field_and_a_description_in_paragraphs() {
        let control = control(&PACKAGES[1], "amd64", "libc6 (>= 2.36)", 7);
        for line in [
            "Package: callboard-tray\n",
            "Depends: libc6 (>= 2.36)\n",
            "Installed-Size: 7\n",
            "Breaks: callboard-window (<< ",
            "Recommends: callboard-window, callboard, ",
            "\n .\n This is the desktop app.",
        ] {
            assert!(control.contains(line), "{line:?} in\n{control}");
        }
        let after = control.split_once("\nDescription: ").unwrap().1;
        assert!(after.lines().skip(1).all(|line| line.starts_with(' ') && line.len() <= 80), "{after}");
    }

    #[test]
    fn licence_is_in_the_copyright_file_without_empty_lines() {
        let copyright = copyright().unwrap();
        assert!(copyright.contains("License: Expat\n Permission is hereby granted"), "{copyright}");
        assert!(copyright.contains("\n .\n THE SOFTWARE IS PROVIDED"), "{copyright}");
    }
}
