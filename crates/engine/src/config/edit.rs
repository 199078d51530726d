//! Changes to `callboard.toml` that keep its comments and order.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, Value};

use super::{Config, Fault, Faults, text_of};

/// The text of the file with an account more. Refused where the result would not be a good configuration.
pub fn add_account(
    path: &Path,
    name: &str,
    service: &str,
    settings: &[(String, Value)],
) -> Result<String, Faults> {
    edit(path, |document| {
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
    })
}

/// The text of the file without an account. Refused where something in the file still names it.
pub fn remove_account(path: &Path, name: &str) -> Result<String, Faults> {
    edit(path, |document| {
        let accounts = document.get_mut("accounts").and_then(Item::as_table_like_mut);
        match accounts.and_then(|accounts| accounts.remove(name)) {
            Some(_) => Ok(()),
            None => Err(format!("there is no account `{name}`")),
        }
    })
}

fn edit(path: &Path, change: impl FnOnce(&mut DocumentMut) -> Result<(), String>) -> Result<String, Faults> {
    let whole = |what: String| {
        Faults(vec![Fault { file: path.to_owned(), line: 1, column: 1, what, text: String::new() }])
    };
    let text = text_of(path)?;
    // Says where a fault is better than the editing parser does.
    Config::read(path, &text)?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| whole(error.to_string()))?;
    change(&mut document).map_err(whole)?;
    let changed = document.to_string();
    Config::read(path, &changed)?;
    Ok(changed)
}
