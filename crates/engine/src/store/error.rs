use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::row;

/// Why the store could not do something. Says which file and what to do; nothing was overwritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A newer Callboard wrote the file.
    #[error(
        "{} was written by a newer Callboard (format {found}; this one knows up to {known}). \
         Start that version or a later one, or name another data folder with --data", file.display()
    )]
    Newer {
        /// The database.
        file: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this program knows.
        known: u32,
    },
    /// The file belongs to something else.
    #[error(
        "{} is not a Callboard database. Move it away, or name another data folder with --data", file.display()
    )]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The file has our tables, and no number of their format.
    #[error(
        "{} holds Callboard's tables, but not the number of their format (it says 0): it is not a whole copy of a \
         Callboard database. Nothing in it was changed. Put a whole copy in its place, or move it away to start with an \
         empty one, or name another data folder with --data", file.display()
    )]
    NoFormat {
        /// The database.
        file: PathBuf,
    },
    /// The file is damaged.
    #[error(
        "{} is damaged ({why}) and was left as it is. Put a copy of it back in its place, or move it away \
         to start with an empty one", file.display()
    )]
    Corrupt {
        /// The database.
        file: PathBuf,
        /// What SQLite found.
        why: String,
    },
    /// The folder or file may not be written.
    #[error(
        "{} cannot be written ({why}). Give your user the right to write it and its folder, or name another \
         data folder with --data", file.display()
    )]
    NotWritable {
        /// The database.
        file: PathBuf,
        /// The system's error.
        why: String,
    },
    /// Others could put files into the folder, so that what is found there need not be ours.
    #[error("{why}")]
    NotOurs {
        /// What is wrong with the folder, and what to do.
        why: String,
    },
    /// Something else than a file is in its place.
    #[error("{}: {why}. Move that away, or name another data folder with --data", file.display())]
    NotAFile {
        /// The path.
        file: PathBuf,
        /// What is there.
        why: String,
    },
    /// The disk is full.
    #[error("the disk with {} is full. Free some space; what was stored before is safe", file.display())]
    Full {
        /// The database.
        file: PathBuf,
    },
    /// Another process owns the store.
    #[error("{} is in use by another program (another Callboard, a backup). Quit that one first", file.display())]
    InUse {
        /// The database.
        file: PathBuf,
    },
    /// The disk or file system failed.
    #[error("{} could not be read or written ({why}). Check the disk it is on", file.display())]
    Disk {
        /// The database.
        file: PathBuf,
        /// The system's error.
        why: String,
    },
    /// More is waiting to be written than the store takes: try again in a moment.
    #[error("the store has more to write than it can take in; try again in a moment")]
    Busy,
    /// The store has been closed.
    #[error("the store is closed")]
    Closed,
    /// What was asked for is there, and makes no sense.
    #[error(
        "what is stored of it cannot be read ({why}): it is damaged, or was written by a newer Callboard. See: callboard doctor"
    )]
    Unreadable {
        /// Which value, and what is wrong with it.
        why: String,
    },
    /// A fault of Callboard itself: the step was undone.
    #[error("a step failed inside Callboard and was undone ({why})")]
    Internal {
        /// For a bug report.
        why: String,
    },
}

impl StoreError {
    /// What an error of SQLite on `file` means.
    pub(super) fn sqlite(file: &Path, error: &rusqlite::Error) -> Self {
        let file = file.to_owned();
        let why = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { file },
            Some(ErrorCode::NotADatabase) => Self::Foreign { file },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { file, why },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::NotWritable { file, why }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { file },
            Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
                Self::Disk { file, why }
            }
            _ if row::is_unreadable(error) => Self::Unreadable { why },
            _ => Self::Internal { why },
        }
    }

    /// What an error of the file system on `file` means.
    pub(super) fn io(file: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let file = file.to_owned();
        let why = error.to_string();
        match error.kind() {
            Kind::StorageFull | Kind::QuotaExceeded => Self::Full { file },
            Kind::InvalidInput => Self::NotAFile { file, why },
            Kind::PermissionDenied
            | Kind::ReadOnlyFilesystem
            | Kind::NotADirectory
            | Kind::AlreadyExists
            | Kind::IsADirectory => Self::NotWritable { file, why },
            _ => Self::Disk { file, why },
        }
    }
}
