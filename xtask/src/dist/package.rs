//! The packages, and what is in them.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context, Result};

use super::{date, read, tree::Tree};
use crate::shell;

/// The version, of the workspace.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// How often this version was packed.
pub(super) const RELEASE: &str = "1";
/// The maintainer of the packages.
pub(super) const MAINTAINER: &str = "The Callboard contributors <callboard@users.noreply.github.com>";
/// Where the project is.
pub(super) const HOME: &str = "https://github.com/callboard/callboard";

/// The sizes that the icon was rendered in.
const ICONS: [u32; 8] = [16, 24, 32, 48, 64, 128, 256, 512];

/// A package.
pub(super) struct Package {
    /// Its name, and that of its program.
    pub name: &'static str,
    /// What it is, in a line.
    pub summary: &'static str,
    /// What it does: paragraphs of short lines.
    pub description: &'static [&'static str],
    /// Debian's section for it.
    pub section: &'static str,
    /// Packages that it does not work without, besides the libraries that its program names.
    pub needs: &'static [&'static str],
    /// Packages that it does not work without in exactly this version.
    pub needs_same: &'static [&'static str],
    /// Packages that it does not work with in an older version.
    pub breaks_older: &'static [&'static str],
    /// Packages recommended with it, in Debian.
    pub recommends: &'static [&'static str],
    /// Packages suggested with it, in Debian.
    pub suggests: &'static [&'static str],
    /// Packages recommended with it, elsewhere.
    pub rpm_recommends: &'static [&'static str],
    /// Puts what this package alone has.
    own: fn(&Tree, &Parts, Family) -> Result<()>,
}

/// Who packs: where some files go differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Debian and what comes from it.
    Debian,
    /// Fedora, openSUSE and the like.
    Rpm,
}

/// What goes into the packages.
pub(super) struct Parts {
    /// Where the built programs are.
    pub programs: PathBuf,
    /// The commit's time, in seconds since 1970.
    pub time: i64,
    /// The commit's day.
    pub day: String,
}

/// The packages.
pub(super) const PACKAGES: [Package; 3] = [
    Package {
        name: "callboard",
        summary: "team's notice board of builds, pull requests and incidents",
        description: &[
            "Callboard collects builds, pull requests and incidents from the services\n\
             that a team runs already, shows what needs a person, and runs the\n\
             commands that deal with it, as yourself, with the outcome posted in the\n\
             chat channel where the team works.",
            "This is the command line and the daemon. They need no desktop.",
        ],
        section: "devel",
        // Without root certificates there is no HTTP client at all.
        needs: &["ca-certificates"],
        needs_same: &[],
        breaks_older: &[],
        recommends: &["dbus-user-session"],
        suggests: &["callboard-tray", "gnome-keyring"],
        rpm_recommends: &[],
        own: command_line,
    },
    Package {
        name: "callboard-tray",
        summary: "team's notice board in the tray, and a launcher on a key",
        description: &[
            "Callboard shows in the tray whether builds, pull requests or incidents\n\
             need a person. A key opens the board, which is also a launcher: type what\n\
             is to be done, see exactly what will run and where the outcome will be\n\
             posted, and run it as yourself.",
            "This is the desktop app. It works alone, and as the face of the daemon\n\
             in the package callboard. The board, the launcher and the settings are\n\
             in the package callboard-window; without it there are the tray, its menu\n\
             and notifications.",
        ],
        section: "devel",
        needs: &["ca-certificates"],
        needs_same: &[],
        breaks_older: &["callboard-window"],
        recommends: &[
            "callboard-window",
            "callboard",
            "gnome-keyring | kwalletmanager | keepassxc",
            "xdg-utils",
        ],
        suggests: &["gnome-shell-extension-appindicator"],
        rpm_recommends: &["callboard-window", "callboard", "xdg-utils"],
        own: app,
    },
    Package {
        name: "callboard-window",
        summary: "board, launcher and settings of Callboard's desktop app",
        description: &["Callboard shows in the tray whether builds, pull requests or incidents\n\
             need a person. This package has its windows: the board, which is also a\n\
             launcher, and the settings. The tray starts the program in it."],
        section: "devel",
        needs: &[],
        needs_same: &["callboard-tray"],
        breaks_older: &[],
        recommends: &[],
        suggests: &[],
        rpm_recommends: &[],
        own: window,
    },
];

impl Parts {
    /// Those of the programs in this folder.
    pub(super) fn new(programs: PathBuf, time: i64) -> Result<Self> {
        Ok(Self { programs, time, day: date(time, "%Y-%m-%d")? })
    }

    /// A text of the repository, with the version and the day filled in.
    fn text(&self, path: &str) -> Result<String> {
        Ok(read(path)?.replace("@VERSION@", VERSION).replace("@DATE@", &self.day))
    }
}

impl Package {
    /// Lays everything but the licences and changes, which every family keeps its own way.
    pub(super) fn lay(&self, tree: &Tree, parts: &Parts, family: Family) -> Result<()> {
        let program = parts.programs.join(self.name);
        tree.put_program(&format!("usr/bin/{}", self.name), &program)
            .with_context(|| format!("{} is built by `cargo xtask dist`", program.display()))?;
        (self.own)(tree, parts, family)
    }
}

fn command_line(tree: &Tree, parts: &Parts, family: Family) -> Result<()> {
    tree.put("usr/lib/systemd/user/callboard.service", read("packaging/callboard.service")?)?;

    let program = parts.programs.join("callboard");
    let zsh = match family {
        Family::Debian => "usr/share/zsh/vendor-completions/_callboard",
        Family::Rpm => "usr/share/zsh/site-functions/_callboard",
    };
    for (shell, path) in [
        ("bash", "usr/share/bash-completion/completions/callboard"),
        ("fish", "usr/share/fish/vendor_completions.d/callboard.fish"),
        ("zsh", zsh),
    ] {
        let mut completions = Command::new(&program);
        completions.args(["completions", shell]);
        tree.put(path, shell::output(completions)?)?;
    }

    let pages = tree.root().join("../man");
    let mut man = Command::new(&program);
    man.env("SOURCE_DATE_EPOCH", parts.time.to_string()).arg("man").arg(&pages);
    shell::run(man)?;
    for page in fs::read_dir(&pages)? {
        let page = page?;
        tree.put_gz(&format!("usr/share/man/man1/{}", page.file_name().display()), fs::read(page.path())?)?;
    }

    tree.put_gz("usr/share/doc/callboard/guide.md", read("docs/guide.md")?)?;
    for example in fs::read_dir(shell::root().join("docs/commands"))? {
        let example = example?;
        let path = format!("usr/share/doc/callboard/examples/{}", example.file_name().display());
        tree.put(&path, fs::read(example.path())?)?;
    }
    Ok(())
}

fn app(tree: &Tree, parts: &Parts, _: Family) -> Result<()> {
    tree.put("usr/share/applications/callboard.desktop", read("packaging/callboard.desktop")?)?;
    let about = "dev.callboard.Callboard.metainfo.xml";
    tree.put(&format!("usr/share/metainfo/{about}"), parts.text(&format!("packaging/{about}"))?)?;
    tree.put_gz("usr/share/man/man1/callboard-tray.1", parts.text("packaging/callboard-tray.1")?)?;
    tree.put("usr/share/icons/hicolor/scalable/apps/callboard.svg", read("icons/callboard.svg")?)?;
    for size in ICONS {
        let icon = fs::read(shell::root().join(format!("icons/callboard-{size}.png")))?;
        tree.put(&format!("usr/share/icons/hicolor/{size}x{size}/apps/callboard.png"), icon)?;
    }
    Ok(())
}

fn window(tree: &Tree, parts: &Parts, _: Family) -> Result<()> {
    tree.put_gz("usr/share/man/man1/callboard-window.1", parts.text("packaging/callboard-window.1")?)
}
