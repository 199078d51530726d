//! What is run, and how it is started: with which environment, and with which pipes.

use std::{ffi::OsStr, io, path::PathBuf, time::Duration};

use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// How long a program may take to clean up when it is stopped.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What is run, and with what.
#[derive(Debug)]
pub(in crate::commands::command_file) struct Program {
    /// A name to be looked up where programs are, or a path.
    pub(in crate::commands::command_file) program: PathBuf,
    pub(in crate::commands::command_file) args: Vec<String>,
    pub(in crate::commands::command_file) cwd: PathBuf,
    /// Variables in addition to those of this process.
    pub(in crate::commands::command_file) env: Vec<(String, String)>,
    /// What it reads.
    pub(in crate::commands::command_file) stdin: Option<String>,
}

/// Why there is no end of a program.
#[derive(Debug, thiserror::Error)]
pub(in crate::commands::command_file) enum ProcessError {
    /// It has not begun.
    #[error("{0}")]
    NotStarted(io::Error),
    /// It has begun, and how it ended is not known.
    #[error("{0}")]
    Lost(io::Error),
}

/// The ends of its pipes that are ours.
pub(super) fn pipes(child: &mut Child) -> (Option<ChildStdin>, Option<ChildStdout>, Option<ChildStderr>) {
    (child.stdin.take(), child.stdout.take(), child.stderr.take())
}

/// Keeps what in our own environment is for nobody else from a program.
pub(super) fn without_secrets(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
    command
}

/// True for what in Callboard's own environment is for nobody else.
pub(in crate::commands::command_file) fn is_ours(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    name.starts_with("CALLBOARD_SECRET_") || name == "CALLBOARD_PASSPHRASE"
}
