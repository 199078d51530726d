//! `callboard.toml`: read whole, checked whole, and refused whole with everything that is wrong in it.

mod edit;
mod error;
mod keys;
mod mask;
mod partial;
mod people;
mod reader;
mod schema;
mod sections;
mod toml_file;
mod values;

use std::{collections::BTreeMap, io, path::Path};

use crate::system::private;
use error::MOST_FAULTS;
use reader::Reader;

pub use edit::{add_account, remove_account, toml_value};
pub(crate) use edit::{configure, edit_account, toml, write};
pub(crate) use error::unknown;
pub use error::{ConfigError, ConfigErrors};
pub use keys::{Key, Keys};
pub(crate) use partial::{STAND_IN, text as stand_in};
pub use people::unlisted_users;
pub use schema::schema;
pub(crate) use schema::{alternatives, keys_of, properties};
pub use sections::{Commands, Desktop, Keep, Notifications, Receive, RenamedKey, Theme, TrayColours};
pub(crate) use toml_file::{Step, TomlFile};
pub use values::{Config, DEFAULT_CHANNEL, DEFAULT_EVERY, FILE_LIMIT, ROOM, SHORTEST_EVERY, is_name};
pub(crate) use values::{always_clear, below, clear_remedy};

impl Config {
    /// Reads and checks a file. One that does not exist is an empty one.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        Self::read(path, &text_of(path)?)
    }

    /// Reads and checks a text that is, or is about to be, in the file `path`.
    pub fn read(path: &Path, text: &str) -> Result<Self, ConfigErrors> {
        match Self::inspect_text(path, text) {
            (Some(config), errors) if errors.is_empty() => Ok(config),
            (_, errors) => Err(ConfigErrors(errors)),
        }
    }

    /// All that is wrong in a file, and what is right in it: good for no more than to look for faults of what it names, such
    /// as command files. `None` where nothing in it can be read.
    pub fn inspect(path: &Path) -> (Option<Self>, Vec<ConfigError>) {
        match lossy_text_of(path) {
            Ok((text, mut faults)) => {
                let (config, more) = Self::inspect_text(path, &text);
                faults.extend(more);
                faults.sort_by_key(|fault| (fault.line, fault.column));
                (config, faults)
            }
            Err(fault) => (None, vec![fault]),
        }
    }

    fn inspect_text(path: &Path, text: &str) -> (Option<Self>, Vec<ConfigError>) {
        let (file, mut errors) = TomlFile::parse(path, text);
        let Some(file) = file else { return (None, errors) };
        let mut reader = Reader { file: &file, errors: Vec::new() };
        let config = reader.config(path);
        errors.extend(reader.errors);
        file.without_consequences(&mut errors);
        errors.sort_by_key(|fault| (fault.line, fault.column));
        (Some(config), errors)
    }

    /// The active configuration, in the shape of the file; accounts are listed elsewhere.
    pub(crate) fn as_json(&self) -> serde_json::Value {
        let channels: BTreeMap<&String, String> =
            self.channels.iter().map(|(name, address)| (name, address.to_string())).collect();
        let (people, teams) = people::as_json(&self.people);
        serde_json::json!({
            "default_channel": self.default_channel.to_string(),
            "builtin_rules": self.builtin_rules,
            "channels": channels,
            "receive": self.receive,
            "rules": self.rules,
            "commands": self.commands,
            "secrets": { "store": self.secrets },
            "notifications": self.notifications,
            "keep": self.keep,
            "desktop": self.desktop,
            "people": people,
            "teams": teams,
        })
    }
}

/// The text of a file; empty where there is none.
pub(crate) fn text_of(path: &Path) -> Result<String, ConfigErrors> {
    match lossy_text_of(path) {
        Ok((text, faults)) if faults.is_empty() => Ok(text),
        Ok((_, faults)) => Err(ConfigErrors(faults)),
        Err(fault) => Err(ConfigErrors(vec![fault])),
    }
}

/// The same with a mark in place of what is no UTF-8, and what is wrong with that.
fn lossy_text_of(path: &Path) -> Result<(String, Vec<ConfigError>), ConfigError> {
    let bytes = match private::read_trusted(path, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(ConfigError::of_file(path, error.to_string())),
    };
    // What other programs write as "Unicode".
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(ConfigError::of_file(path, "this is UTF-16: save it as UTF-8"));
    }
    let (mut text, mut wrong, mut is_new_line) = (String::new(), Vec::new(), true);
    for chunk in bytes.utf8_chunks() {
        is_new_line |= chunk.valid().contains('\n');
        text.push_str(chunk.valid());
        if let Some(first) = chunk.invalid().first() {
            // One for each line: a text in another encoding has many.
            if is_new_line && wrong.len() < MOST_FAULTS {
                wrong.push((text.len(), *first));
                is_new_line = false;
            }
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    let fault = |(at, byte): (usize, u8)| {
        let what = format!("the byte 0x{byte:02X} here is not UTF-8: save the file as UTF-8");
        ConfigError::at_byte(path, &text, at, what)
    };
    let faults = wrong.into_iter().map(fault).collect();
    Ok((text, faults))
}

#[cfg(test)]
mod tests;
