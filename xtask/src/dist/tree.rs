//! What a package puts on a machine, in a folder that looks like the machine's root.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::shell;

/// The folder, and what was put into it.
pub(super) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// An empty one.
    pub(super) fn new(root: PathBuf) -> Result<Self> {
        fs::create_dir_all(&root).with_context(|| root.display().to_string())?;
        Ok(Self { root })
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Puts a file.
    pub(super) fn put(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.place(path)?;
        fs::write(&path, content).with_context(|| path.display().to_string())
    }

    /// Puts a file as gzip, with `.gz` added to its name.
    pub(super) fn put_gz(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        self.put(path, content)?;
        let mut gzip = Command::new("gzip");
        gzip.args(["-9", "--no-name"]).arg(self.root.join(path));
        shell::run(gzip)
    }

    /// Puts a program of another folder, without its symbols.
    pub(super) fn put_program(&self, path: &str, from: &Path) -> Result<()> {
        let mut strip = Command::new("strip");
        strip.args(["--strip-unneeded", "--remove-section=.comment", "-o"]).arg(self.place(path)?).arg(from);
        shell::run(strip)
    }

    /// Every file, from the root, in order.
    pub(super) fn files(&self) -> Result<Vec<String>> {
        files_below(&self.root)
    }

    /// Sets the permissions that everything has once it is installed, whatever the umask here is.
    pub(super) fn set_permissions(&self) -> Result<()> {
        for (mode, kind) in [("755", "d"), ("644", "f")] {
            let mut find = Command::new("find");
            find.arg(&self.root).args(["-type", kind, "-exec", "chmod", mode, "{}", "+"]);
            shell::run(find)?;
        }
        let mut chmod = Command::new("chmod");
        chmod.args(["--recursive", "755"]).arg(self.root.join("usr/bin"));
        shell::run(chmod)
    }

    fn place(&self, path: &str) -> Result<PathBuf> {
        let place = self.root.join(path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(place)
    }
}

/// Every file and link below a folder, from that folder, in order.
pub(super) fn files_below(root: &Path) -> Result<Vec<String>> {
    let mut find = Command::new("find");
    find.current_dir(root).args([".", "-not", "-type", "d", "-printf", "%P\\n"]);
    let mut files: Vec<String> = shell::output(find)?.lines().map(str::to_owned).collect();
    files.sort_unstable();
    Ok(files)
}
