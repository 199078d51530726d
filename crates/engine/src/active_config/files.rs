//! The files that a configuration is made from.

use std::{collections::BTreeMap, path::PathBuf};

use callboard_domain::text::hexadecimal;
use sha2::{Digest, Sha256};

use crate::{
    commands::command_file,
    config::{Config, FILE_LIMIT},
    system::private,
};

/// What is in the files that are followed, or why they, or their folder, cannot be read.
pub(super) type Files = BTreeMap<PathBuf, Result<Vec<u8>, String>>;

/// Stands for what is in these files, their names included.
pub(super) fn digest(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (file, content) in files {
        let (kind, content) = match content {
            Ok(content) => ("file", content.as_slice()),
            Err(why) => ("error", why.as_bytes()),
        };
        hash.update(format!("{kind} {} {}\n", file.display(), content.len()));
        hash.update(content);
    }
    hexadecimal(&hash.finalize())
}

/// What is in the configuration file and in the command files now.
pub(super) fn contents(config: &Config) -> Files {
    let content = |file: PathBuf| {
        let read = private::read_trusted(&file, FILE_LIMIT).map_err(|error| error.to_string());
        (file, read)
    };
    let mut files: Files = [content(config.path.clone())].into();
    for dir in &config.commands.dirs {
        match command_file::files_in(dir) {
            Ok(found) => files.extend(found.into_iter().map(content)),
            // That it can be read again is a change, also where it is empty.
            Err(error) => drop(files.insert(dir.clone(), Err(error.to_string()))),
        }
    }
    files
}
