//! An RPM package.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::{
    package::{Family, HOME, MAINTAINER, Package, Parts, RELEASE, VERSION},
    read,
    tree::Tree,
};
use crate::shell;

/// Options for rpmbuild: take the tree as it is, and write the same bytes on every machine.
const MACROS: [&str; 9] = [
    "_buildhost localhost",
    "use_source_date_epoch_as_buildtime 1",
    "clamp_mtime_to_source_date_epoch 1",
    "source_date_epoch_from_changelog 0",
    "debug_package %{nil}",
    "_build_id_links none",
    "__os_install_post %{nil}",
    "_binary_payload w19.zstdio",
    "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm",
];

/// Lays the tree below `work`, wraps it into `folder`, and returns where the package is.
pub(super) fn wrap(
    package: &Package,
    parts: &Parts,
    notices: &str,
    work: &Path,
    folder: &Path,
) -> Result<PathBuf> {
    let work = work.join("rpm");
    let tree = Tree::new(work.join("tree"))?;
    package.lay(&tree, parts, Family::Rpm)?;
    let licences = format!("usr/share/licenses/{}", package.name);
    tree.put(&format!("{licences}/LICENSE-MIT"), read("LICENSE-MIT")?)?;
    tree.put(&format!("{licences}/LICENSE-APACHE"), read("LICENSE-APACHE")?)?;
    tree.put_gz(&format!("{licences}/third-party"), notices)?;
    tree.put(&format!("usr/share/doc/{}/CHANGELOG.md", package.name), read("CHANGELOG.md")?)?;
    tree.set_permissions()?;

    let spec = work.join(format!("{}.spec", package.name));
    fs::write(&spec, self::spec(package, tree.root(), &tree.files()?))?;
    let mut rpmbuild = Command::new("rpmbuild");
    rpmbuild.env("SOURCE_DATE_EPOCH", parts.time.to_string()).args(["-bb", "--quiet"]);
    for value in MACROS {
        rpmbuild.args(["--define", value]);
    }
    rpmbuild.arg("--define").arg(format!("_topdir {}", work.join("build").display()));
    rpmbuild.arg("--define").arg(format!("_rpmdir {}", folder.display())).arg(&spec);
    shell::run(rpmbuild)?;
    Ok(folder.join(format!("{}-{VERSION}-{RELEASE}.{}.rpm", package.name, env::consts::ARCH)))
}

/// How to build it. What it needs of libraries, rpmbuild finds in the program.
fn spec(package: &Package, tree: &Path, files: &[String]) -> String {
    let Package { name, summary, .. } = package;
    let mut initial = summary.chars();
    let summary: String = initial.next().iter().flat_map(|it| it.to_uppercase()).chain(initial).collect();
    let needs: String = [("Requires", package.needs), ("Recommends", package.rpm_recommends)]
        .into_iter()
        .flat_map(|(field, names)| names.iter().map(move |name| format!("{field}: {name}\n")))
        .chain(package.needs_same.iter().map(|name| format!("Requires: {name} = {VERSION}-{RELEASE}\n")))
        .chain(package.breaks_older.iter().map(|name| format!("Conflicts: {name} < {VERSION}-{RELEASE}\n")))
        .collect();
    let description = package.description.join("\n\n");
    let files: String = files.iter().map(|file| entry(file)).collect();
    format!(
        "Name: {name}\nVersion: {VERSION}\nRelease: {RELEASE}\nSummary: {summary}\nLicense: MIT OR Apache-2.0\n\
         URL: {HOME}\nPackager: {MAINTAINER}\nVendor: The Callboard contributors\n{needs}\n\
         %description\n{description}\n\n\
         %install\ncp --recursive \"{}/.\" \"%{{buildroot}}\"\n\n\
         %files\n%defattr(-,root,root,-)\n\
         %dir /usr/share/doc/{name}\n%dir /usr/share/licenses/{name}\n{files}",
        tree.display()
    )
}

fn entry(file: &str) -> String {
    let kind = match file {
        _ if file.starts_with("usr/share/licenses/") => "%license ",
        _ if file.starts_with("usr/share/doc/") || file.starts_with("usr/share/man/") => "%doc ",
        _ => "",
    };
    format!("{kind}\"/{file}\"\n")
}

#[cfg(test)]
mod tests {
    use super::{super::package::PACKAGES, *};

    #[test]
    fn spec_lists_every_file_by_its_kind() {
        let files = [
            "usr/bin/callboard",
            "usr/share/doc/callboard/guide.md.gz",
            "usr/share/licenses/callboard/LICENSE-MIT",
        ];
        let spec = spec(&PACKAGES[0], Path::new("/tree"), &files.map(str::to_owned));
        let after = spec.split_once("%files\n").unwrap().1;
        for line in [
            "\n\"/usr/bin/callboard\"\n",
            "\n%doc \"/usr/share/doc/callboard/guide.md.gz\"\n",
            "\n%license \"/usr/share/licenses/callboard/LICENSE-MIT\"\n",
        ] {
            assert!(after.contains(line), "{line:?} in\n{after}");
        }
        assert!(spec.contains("Summary: Team's notice board"), "{spec}");
    }
}
