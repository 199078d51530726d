//! The files that a configuration is made from.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    commands::command_file,
    config::{Config, FILE_LIMIT},
    system::private,
};

/// What is in the files that are followed, or why it cannot be read.
pub(super) type Files = BTreeMap<PathBuf, Result<Vec<u8>, String>>;

/// What is in the configuration file and in the command files now.
pub(super) fn contents(config: &Config) -> Files {
    let commands =
        config.commands.dirs.iter().flat_map(|dir| command_file::files_in(dir).unwrap_or_default());
    let content = |file: PathBuf| {
        let read = private::read(&file, FILE_LIMIT).map_err(|error| error.to_string());
        (file, read)
    };
    commands.chain([config.path.clone()]).map(content).collect()
}
