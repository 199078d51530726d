//! Installs and names what is missing for the tests on a fresh Debian with Rust and Node.

use std::{
    fs,
    io::{IsTerminal, stdin},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::shell;

/// A program that the core's tests or a build start, and Debian's package that brings it.
const PROGRAMS: [(&str, &str); 8] = [
    ("c++", "build-essential"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
    ("dbus-daemon", "dbus"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("dunst", "dunst"),
    ("Xvfb", "xvfb"),
    ("npm", "npm"),
];

/// The programs that build the desktop app.
const APP: [(&str, &str); 3] = [("c++", "build-essential"), ("pkg-config", "pkg-config"), ("npm", "npm")];

/// What its tests start, beside [`PROGRAMS`].
const DESKTOP: [(&str, &str); 8] = [
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("openbox", "openbox"),
    ("xdotool", "xdotool"),
    ("xev", "x11-utils"),
    ("import", "imagemagick"),
    ("sway", "sway"),
    ("grim", "grim"),
    ("wev", "wev"),
];

/// What the pictures of the documentation show beside the app.
const PICTURES: [(&str, &str); 1] = [("xfce4-panel", "xfce4-panel")];

/// A library that the desktop app is built on, by its name for pkg-config, and Debian's package with its headers.
const LIBRARIES: [(&str, &str); 1] = [("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev")];

/// The programs that are measured beside ours, and what pins a process to a core.
const PEERS: [(&str, &str); 6] = [
    ("c++", "build-essential"),
    ("fzf", "fzf"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
    // With pip in it, for BuildNotify.
    ("python3", "python3-venv"),
    ("rofi", "rofi"),
    ("taskset", "util-linux"),
];

/// The programs that make packages.
const PACKERS: [(&str, &str); 4] =
    [("dpkg-deb", "dpkg"), ("dpkg-shlibdeps", "dpkg-dev"), ("rpmbuild", "rpm"), ("strip", "binutils")];

/// The programs that check packages.
const CHECKERS: [(&str, &str); 3] =
    [("lintian", "lintian"), ("appstreamcli", "appstream"), ("mmdebstrap", "mmdebstrap")];

/// What the Qt of a peer loads, by its name for the loader, and Debian's package that brings it.
const QT: [(&str, &str); 7] = [
    ("libEGL.so.1", "libegl1"),
    ("libxcb-cursor.so.0", "libxcb-cursor0"),
    ("libxcb-icccm.so.4", "libxcb-icccm4"),
    ("libxcb-image.so.0", "libxcb-image0"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    ("libxcb-render-util.so.0", "libxcb-render-util0"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
];

/// Installs the Debian packages that are missing for the tests of everything.
pub(crate) fn packages() -> Result<()> {
    install([programs(&PROGRAMS), programs(&APP), programs(&DESKTOP), libraries()].concat())
}

/// Installs what the desktop app needs to be built and run.
pub(crate) fn app() -> Result<()> {
    install([programs(&APP), libraries()].concat())
}

/// Installs what the pictures of the documentation need.
pub(crate) fn pictures() -> Result<()> {
    packages()?;
    install(programs(&PICTURES))
}

/// Installs the Debian packages that are missing for the bench.
pub(crate) fn peers() -> Result<()> {
    let mut ldconfig = Command::new("/sbin/ldconfig");
    ldconfig.arg("-p");
    let loaded = shell::output(ldconfig).unwrap_or_default();
    packages()?;
    install([programs(&PEERS), missing(&QT, |library| loaded.contains(library))].concat())
}

/// Installs the Debian packages that are missing for making packages.
pub(crate) fn packers() -> Result<()> {
    install([programs(&PACKERS), programs(&APP), libraries()].concat())
}

/// Installs the Debian packages that are missing for trying packages.
pub(crate) fn checkers() -> Result<()> {
    install(programs(&CHECKERS))
}

fn programs(needed: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    missing(needed, shell::on_path)
}

fn libraries() -> Vec<&'static str> {
    missing(&LIBRARIES, |name| {
        let exit_status = Command::new("pkg-config").args(["--exists", name]).status();
        exit_status.is_ok_and(|status| status.success())
    })
}

/// The packages of what is not there.
fn missing(needed: &[(&'static str, &'static str)], is_there: impl Fn(&str) -> bool) -> Vec<&'static str> {
    needed.iter().filter(|(name, _)| !is_there(name)).map(|(_, package)| *package).collect()
}

fn install(mut missing: Vec<&str>) -> Result<()> {
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !shell::on_path("apt-get") {
        bail!(
            "this needs what Debian packages as: {names}. Without apt-get, install them your system's way."
        );
    }
    println!("installing from Debian's packages: {names}");
    if stdin().is_terminal() && !agreed()? {
        bail!("not installed. By hand: apt-get install {names}");
    }
    shell::run(apt_get(&["update", "--quiet"])?)?;
    let install = ["install", "--quiet", "--yes", "--no-install-recommends"];
    shell::run(apt_get(&[&install[..], &missing[..]].concat())?)
}

fn agreed() -> Result<bool> {
    println!("Go on? [Y/n]");
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "" | "y" | "Y" | "yes"))
}

/// apt-get, as root: by sudo where this is somebody else.
fn apt_get(args: &[&str]) -> Result<Command> {
    let mut id = Command::new("id");
    id.arg("-u");
    let root = shell::output(id)?.trim() == "0";
    let mut command = Command::new(if root { "env" } else { "sudo" });
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args);
    Ok(command)
}

/// Installs rustfmt and clippy, which a minimal toolchain does not have.
pub(crate) fn components() -> Result<()> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        if !shell::on_path(program) {
            println!("installing with rustup: {component}");
            let mut rustup = Command::new("rustup");
            rustup.args(["component", "add", component]);
            shell::run(rustup)?;
        }
    }
    Ok(())
}

/// Installs the servers that come from npm into `servers` of the target folder.
pub(crate) fn servers(target: &Path) -> Result<()> {
    let from = shell::root().join("tests/servers");
    packages_of(&from, &target.join("servers"), "the GitHub and Slack emulator, and the Node it needs")
}

/// Installs what a folder's `package-lock.json` names from npm into another, or into itself, unless that lock is there
/// already.
pub(crate) fn packages_of(from: &Path, to: &Path, what: &str) -> Result<()> {
    let stamp = to.join("node_modules/.installed-lock.json");
    let lock = fs::read(from.join("package-lock.json"))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("installing from npm: {what}");
    if from != to {
        fs::create_dir_all(to)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(from.join(name), to.join(name))?;
        }
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(to);
    shell::run(npm)?;
    Ok(fs::write(stamp, lock)?)
}

/// cargo-deny: the one on the path, or one of our own below the target folder.
pub(crate) fn cargo_deny(target: &Path) -> Result<PathBuf> {
    if shell::on_path("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let tools = target.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        println!("installing with cargo, once, in some minutes: cargo-deny");
        let mut install = shell::cargo(&["install", "--quiet", "--locked", "cargo-deny", "--root"]);
        install.arg(&tools);
        shell::run(install)?;
    }
    Ok(program)
}
