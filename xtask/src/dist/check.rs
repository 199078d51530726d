//! `cargo xtask dist --check`: the packages tried, by their families' own tools and on a clean system.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{Made, tree::files_below};
use crate::shell;

/// The packages of the clean system besides its core: those that users have, and those that the checks need.
const BESIDES: &str =
    "apt-utils,bash-completion,dbus,desktop-file-utils,fish,man-db,systemd,x11-utils,xauth,xvfb,zsh";

/// Tries everything, ending at the first that fails.
pub(super) fn check(made: &[Made], work: &Path) -> Result<()> {
    println!("\n== lintian");
    let mut lintian = Command::new("lintian");
    // The first upload to Debian itself would close a report there; these packages are the project's own.
    lintian.args([
        "--allow-root",
        "--fail-on=error,warning",
        "--suppress-tags=initial-upload-closes-no-bugs",
    ]);
    lintian.args(made.iter().map(|it| &it.deb));
    shell::run(lintian)?;

    println!("\n== what a software centre reads");
    for package in made.iter().filter(|it| it.tree.join("usr/share/metainfo").exists()) {
        let mut appstream = Command::new("appstreamcli");
        shell::run({
            appstream.args(["validate-tree", "--no-net"]).arg(&package.tree);
            appstream
        })?;
    }

    println!("\n== rpm");
    rpm(made, &work.join("rpm-root"))?;

    println!("\n== a clean system");
    clean_system(made, work)
}

/// Installs the RPM packages into an empty folder, and removes them.
fn rpm(made: &[Made], root: &Path) -> Result<()> {
    fs::create_dir_all(root)?;
    let packages: Vec<&PathBuf> = made.iter().map(|it| &it.rpm).collect();
    let rpm = |args: &[&str]| {
        let mut rpm = Command::new("rpm");
        rpm.arg("--root").arg(root).args(["--dbpath", "/var/lib/rpm"]).args(args);
        rpm
    };
    let mut digests = rpm(&["--checksig"]);
    digests.args(&packages);
    shell::run(digests)?;
    // An empty folder has none of the libraries that the programs need.
    let install = ["--install", "--nodeps"];
    let mut trial = rpm(&[&install[..], &["--test"]].concat());
    trial.args(&packages);
    shell::run(trial)?;
    let mut installed = rpm(&install);
    installed.args(&packages);
    shell::run(installed)?;

    let mut listed = Command::new("rpm");
    listed.args(["--query", "--list", "--package"]).args(&packages);
    let listed = shell::output(listed)?;
    for file in listed.lines() {
        let installed = root.join(file.trim_start_matches('/'));
        ensure!(installed.exists(), "{file} was not installed");
    }
    let mut version = Command::new(root.join("usr/bin/callboard"));
    version.arg("--version");
    shell::run(version)?;

    let names: Vec<&str> = made.iter().map(|it| it.name).collect();
    shell::run(rpm(&[&["--erase"], &names[..]].concat()))?;
    let left: Vec<String> =
        files_below(root)?.into_iter().filter(|it| !it.starts_with("var/lib/rpm/")).collect();
    ensure!(left.is_empty(), "left after removal: {left:?}");
    Ok(())
}

/// Makes the smallest Debian of this machine's own release, and runs `packaging/check.sh` in it.
fn clean_system(made: &[Made], work: &Path) -> Result<()> {
    let release = fs::read_to_string("/etc/os-release")?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = suite.context("/etc/os-release names the release")?;
    // Packages are kept, so that only the first time needs the network for long.
    let kept = work.join("../../dist-packages");
    fs::create_dir_all(&kept)?;
    let (kept, here) = (kept.canonicalize()?, work.join("clean"));
    fs::create_dir_all(&here)?;
    fs::copy(shell::root().join("packaging/check.sh"), here.join("check.sh"))?;
    for package in made {
        fs::copy(&package.deb, here.join(package.deb.file_name().context("a package has a name")?))?;
    }

    let mut debian = Command::new("mmdebstrap");
    debian.args(["--variant=apt", "--format=null", "--quiet", &format!("--include={BESIDES}")]);
    debian.args(["--skip=download/empty", "--skip=essential/unlink"]);
    debian.arg("--setup-hook=mkdir -p \"$1/var/cache/apt/archives\"");
    debian.arg(format!("--setup-hook=sync-in {} /var/cache/apt/archives", kept.display()));
    debian.arg(format!("--customize-hook=sync-in {} /srv", here.display()));
    let keep = format!("--customize-hook=sync-out /var/cache/apt/archives {}", kept.display());
    debian.args([&keep, "--customize-hook=chroot \"$1\" sh /srv/check.sh", &keep]);
    debian.args([suite, "/dev/null"]);
    shell::run(debian)
}
