//! Changes to `callboard.toml` that keep its comments and order.

use std::{fs, io, path::Path};

use callboard_domain::item::AccountName;
use serde::Deserialize;
use serde_json::Value as Json;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::{Config, ConfigError, ConfigErrors, sections::RENAMED, text_of};
use crate::system::private;

/// The text of the file with an account more. Refused where the result would not be a good configuration, or the account
/// could not be used.
pub fn add_account(
    path: &Path,
    name: &str,
    service: &str,
    settings: &[(String, Value)],
) -> Result<String, ConfigErrors> {
    let edited = edit(path, |document| {
        let accounts = document.entry("accounts").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        let Some(accounts) = accounts.as_table_like_mut() else {
            return Err("expected a table for each account: [accounts.NAME]".into());
        };
        if accounts.contains_key(name) {
            return Err(format!(
                "there is an account `{name}` already; remove it first, or choose another name"
            ));
        }
        let mut table = Table::new();
        table.insert("service", service.into());
        for (key, value) in settings {
            table.insert(key, Item::Value(value.clone()));
        }
        accounts.insert(name, Item::Table(table));
        Ok(())
    })?;
    usable(edited, name)
}

/// The text of a good configuration in which the account that was changed can be used.
fn usable((text, mut config): (String, Config), name: &str) -> Result<String, ConfigErrors> {
    match config.unusable_accounts.remove(&AccountName::from(name)) {
        Some(fault) => Err(ConfigErrors(vec![fault])),
        None => Ok(text),
    }
}

/// The text of the file with other settings of an account; a null takes one out. Refused as [`add_account`] refuses.
pub(crate) fn edit_account(
    path: &Path,
    name: &str,
    settings: &[(String, Option<Value>)],
) -> Result<String, ConfigErrors> {
    let edited = edit(path, |document| {
        let accounts = document.get_mut("accounts").and_then(Item::as_table_like_mut);
        let account = accounts.and_then(|accounts| accounts.get_mut(name)).and_then(Item::as_table_like_mut);
        let Some(account) = account else { return Err(format!("there is no account `{name}`")) };
        for (key, value) in settings {
            match value {
                _ if key == "service" => {
                    return Err("an account keeps its service: remove it and add another".into());
                }
                Some(value) => put(account, key, value.clone()),
                None => drop(account.remove(key)),
            }
        }
        Ok(())
    })?;
    usable(edited, name)
}

/// The text of the file with another value at a place: keys of tables, and numbers (from 0) of `[[tables]]`.
pub(crate) fn configure(path: &Path, place: &[String], value: Option<&Json>) -> Result<String, ConfigErrors> {
    edit(path, |document| {
        let Some((last, above)) = place.split_last() else { return Err("say which setting".into()) };
        let mut table: &mut dyn TableLike = document.as_table_mut();
        let mut above = above.iter();
        while let Some(step) = above.next() {
            if !table.contains_key(step) {
                if value.is_none() {
                    return Ok(());
                }
                table.insert(step, Item::Table(Table::new()));
            }
            let item = table.get_mut(step).ok_or("there is no such setting")?;
            table = if item.is_array_of_tables() {
                let tables = item.as_array_of_tables_mut().ok_or("there is no such setting")?;
                match above.next() {
                    Some(number) => nth(tables, number)?,
                    None if value.is_none() => {
                        let number = numbered(tables, last)?;
                        tables.remove(number);
                        return Ok(());
                    }
                    None => {
                        let number = numbered(tables, last)?;
                        let new = value.and_then(Json::as_object).ok_or("expected a table")?;
                        let tables = tables.get_mut(number).ok_or("there is no such table")?;
                        tables.clear();
                        for (key, value) in new.iter().filter(|(_, value)| !value.is_null()) {
                            tables.insert(key, Item::Value(toml(value)?));
                        }
                        return Ok(());
                    }
                }
            } else {
                item.as_table_like_mut().ok_or_else(|| format!("`{step}` is no table"))?
            };
        }
        // Under both names it would be there twice.
        for key in RENAMED.iter().filter(|it| place == [it.section, it.new]) {
            table.remove(key.old);
        }
        match value {
            None => drop(table.remove(last)),
            Some(Json::Array(all)) if !all.is_empty() && all.iter().all(Json::is_object) => {
                table.insert(last, Item::ArrayOfTables(tables(all)?));
            }
            Some(Json::Object(all)) => {
                table.insert(last, Item::Table(self::table(all)?));
            }
            Some(value) => put(table, last, toml(value)?),
        }
        Ok(())
    })
    .map(|(text, _)| text)
}

fn numbered(tables: &ArrayOfTables, number: &str) -> Result<usize, String> {
    let place = number.parse().ok().filter(|place| *place < tables.len());
    place.ok_or_else(|| format!("expected a number below {}, found {number:?}", tables.len()))
}

fn nth<'t>(tables: &'t mut ArrayOfTables, number: &str) -> Result<&'t mut dyn TableLike, String> {
    let place = numbered(tables, number)?;
    tables
        .get_mut(place)
        .map(|table| table as &mut dyn TableLike)
        .ok_or_else(|| "there is no such table".into())
}

fn tables(all: &[Json]) -> Result<ArrayOfTables, String> {
    all.iter().filter_map(Json::as_object).map(table).collect()
}

fn table(values: &serde_json::Map<String, Json>) -> Result<Table, String> {
    // In the order in which a person would write them, as far as that is known.
    let mut given: Vec<_> = values.iter().filter(|(_, value)| !value.is_null()).collect();
    given.sort_by_key(|(key, _)| ["name", "when"].iter().position(|known| known == key).unwrap_or(2));
    let mut table = Table::new();
    for (key, value) in given {
        table.insert(key, Item::Value(toml(value)?));
    }
    Ok(table)
}

/// Replaces a value and keeps the comment beside it.
fn put(table: &mut dyn TableLike, key: &str, mut value: Value) {
    if let Some(before) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = before.decor().clone();
    }
    table.insert(key, Item::Value(value));
}

/// A JSON value as TOML has it.
pub(crate) fn toml(value: &Json) -> Result<Value, String> {
    Ok(match value {
        Json::Null => return Err("there is no null in TOML: leave it out".into()),
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(number)) => number.into(),
            (None, None) => return Err(format!("{number} is too large")),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(values) => {
            Value::Array(values.iter().map(toml).collect::<Result<toml_edit::Array, String>>()?)
        }
        Json::Object(values) => {
            let given = values.iter().filter(|(_, value)| !value.is_null());
            let pairs = given.map(|(key, value)| Ok((key.as_str(), toml(value)?)));
            Value::InlineTable(pairs.collect::<Result<toml_edit::InlineTable, String>>()?)
        }
    })
}

/// A TOML value as JSON has it, where the text is one.
pub fn toml_value(text: &str) -> Option<Json> {
    Json::deserialize(toml::de::ValueDeserializer::parse(text.trim()).ok()?).ok()
}

/// Writes beside and renames: nobody reads half a file.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // The file itself may be a link into a folder that is kept elsewhere: what it points to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let rights = fs::metadata(&path).ok().map(|about| about.permissions());
    private::replace(&path, text.as_bytes(), rights)
}

/// The text of the file without an account. Refused where something in the file still names it.
pub fn remove_account(path: &Path, name: &str) -> Result<String, ConfigErrors> {
    edit(path, |document| {
        let accounts = document.get_mut("accounts").and_then(Item::as_table_like_mut);
        match accounts.and_then(|accounts| accounts.remove(name)) {
            Some(_) => Ok(()),
            None => Err(format!("there is no account `{name}`")),
        }
    })
    .map(|(text, _)| text)
}

/// The changed text of the file, and what it configures.
fn edit(
    path: &Path,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<(String, Config), ConfigErrors> {
    let whole = |what: String| ConfigErrors(vec![ConfigError::of_file(path, what)]);
    let text = text_of(path)?;
    // Says where a fault is better than the editing parser does.
    Config::read(path, &text)?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| whole(error.message().to_owned()))?;
    change(&mut document).map_err(whole)?;
    let changed = document.to_string();
    let config = Config::read(path, &changed)?;
    Ok((changed, config))
}
