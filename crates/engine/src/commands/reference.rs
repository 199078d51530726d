//! All keys of `callboard.toml` and of command files for people to read, from the types that read them.

use std::collections::BTreeSet;

use callboard_connectors::services;
use serde_json::Value;

use super::command_file;
use crate::{
    config::{self, alternatives, properties},
    secrets::variable,
};

/// What the reference begins with.
const HEAD: &str = "\
# Reference: callboard.toml and command files
Every key, with what it can be. [The guide](guide.md) explains what they are for. This page is written from the program's own
schema by `cargo xtask types`; `callboard config schema` and `callboard config schema --commands` print that for your editor.
";

/// All keys of `callboard.toml` and of command files, in Markdown.
pub fn reference() -> String {
    let config = config::schema();
    let mut reference = Reference { root: &config, text: format!("{HEAD}\n## callboard.toml\n") };
    reference.table("", &config);
    let commands = command_file::schema();
    reference = Reference { root: &commands, text: reference.text + "\n## Command files\n" };
    reference.table("", &commands);
    reference.text
}

struct Reference<'s> {
    root: &'s Value,
    text: String,
}

impl<'s> Reference<'s> {
    /// The keys of the table at that path, then the tables in it.
    fn table(&mut self, path: &str, schema: &'s Value) {
        let required: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut rows: Vec<(&String, &'s Value)> = properties(schema).collect();
        rows.sort_by_key(|(key, _)| !required.contains(key.as_str()));
        if rows.iter().any(|(_, value)| self.inner(value).is_none()) {
            self.text.push_str("\n| key | what it can be | default | |\n| --- | --- | --- | --- |\n");
        }
        for (key, value) in &rows {
            if self.inner(value).is_some() {
                continue;
            }
            let default = match &value["default"] {
                _ if required.contains(key.as_str()) => "must be given".to_owned(),
                Value::Null => String::new(),
                default => format!("`{default}`"),
            };
            let about = value["description"].as_str().unwrap_or_default();
            let cells = [format!("`{key}`"), self.kind(value), default, about.to_owned()];
            let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
            self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        for (key, value) in rows {
            let Some((step, table)) = self.inner(value) else { continue };
            let below = if path.is_empty() { format!("{key}{step}") } else { format!("{path}.{key}{step}") };
            let heading = if step == "[]" {
                format!("[[{}]]", below.trim_end_matches("[]"))
            } else {
                format!("[{below}]")
            };
            let about = value["description"].as_str().or_else(|| table["description"].as_str());
            self.tables(below.trim_end_matches("[]"), &heading, about.unwrap_or_default(), table);
        }
    }

    /// A table under its heading; where it can be one of several, each under one of its own.
    fn tables(&mut self, path: &str, heading: &str, about: &str, table: &'s Value) {
        let either = alternatives(table);
        // A table for each of its keys, of which one is there.
        let is_keyed = either.iter().all(|one| one["properties"]["service"].is_null());
        if is_keyed {
            let about = about.replace('\n', " ");
            let about = if about.is_empty() { String::new() } else { format!("{about}\n") };
            self.text.push_str(&format!("\n### `{heading}`\n{about}"));
            self.table(path, table);
            either.iter().for_each(|one| self.table(path, one));
            return;
        }
        for one in either {
            let service = one["properties"]["service"]["const"].as_str().unwrap_or_default();
            let about = one["description"].as_str().unwrap_or_default();
            self.text.push_str(&format!("\n### `{heading}` with `service = \"{service}\"`\n{about}\n"));
            self.table(path, one);
            self.secrets(service);
        }
    }

    fn secrets(&mut self, service: &str) {
        let secrets = services().into_iter().find(|it| it.name == service).map_or(&[][..], |it| it.secrets);
        if secrets.is_empty() {
            return;
        }
        self.text.push_str("\nSecrets, which are in the keychain and not in the file:\n");
        for secret in secrets {
            let required = if secret.required { ", required" } else { "" };
            let variable = variable("NAME", secret.name);
            self.text.push_str(&format!("- `{}`{required}: {} (`{variable}`)\n", secret.name, secret.help));
        }
    }

    /// The table that a value is, with how it is named below its key: none where a value is no table of known keys.
    fn inner(&self, value: &'s Value) -> Option<(&'static str, &'s Value)> {
        let value = self.resolved(value);
        let is_table = |it: &Value| {
            properties(it).next().is_some()
                || alternatives(it).iter().any(|one| one["properties"].is_object())
        };
        let of = |key: &str| Some(self.resolved(&value[key])).filter(|it| is_table(it));
        match is_table(value) {
            true => Some(("", value)),
            false => of("additionalProperties")
                .map(|it| (".NAME", it))
                .or_else(|| of("items").map(|it| ("[]", it))),
        }
    }

    /// What a value can be, in words.
    fn kind(&self, value: &'s Value) -> String {
        let resolved = self.resolved(value);
        let quoted = |values: &[Value]| {
            let texts: Vec<_> = values.iter().map(|it| format!("`{it}`")).collect();
            texts.join(", ")
        };
        if let Some(values) = resolved["enum"].as_array() {
            return quoted(values);
        }
        let either = alternatives(resolved);
        if !either.is_empty() && either.iter().all(|one| !one["const"].is_null()) {
            let lines = either.iter().map(|one| match one["description"].as_str() {
                Some(about) => format!("`{}`: {about}", one["const"]),
                None => format!("`{}`", one["const"]),
            });
            return lines.collect::<Vec<_>>().join("<br>");
        }
        if !either.is_empty() {
            let kinds: Vec<_> = either.iter().map(|one| self.kind(one)).collect();
            return kinds.join(" or ");
        }
        if !resolved["const"].is_null() {
            return format!("`{}`", resolved["const"]);
        }
        let named = |word: &str| match &resolved["type"] {
            Value::Array(words) => words.iter().any(|it| it == word),
            one => one == word,
        };
        // A text with a form of its own says in its description what that is.
        let form = resolved["description"].as_str().filter(|_| resolved["pattern"].is_string());
        match form {
            Some(form) => form.to_owned(),
            None if named("array") && resolved["items"].is_object() => {
                format!("list: {}", self.kind(&resolved["items"]))
            }
            None if named("array") => {
                let kinds =
                    resolved["prefixItems"].as_array().into_iter().flatten().map(|one| self.kind(one));
                format!("list: {}", kinds.collect::<Vec<_>>().join(", "))
            }
            None if named("object") => match self.kind(&resolved["additionalProperties"]) {
                inner if inner.starts_with("table") => {
                    format!("table of {}", inner.replacen("table", "tables", 1))
                }
                inner => format!("table: each name with {inner}"),
            },
            None if named("string") => "text".to_owned(),
            None if named("boolean") => "true or false".to_owned(),
            None if named("integer") || named("number") => "number".to_owned(),
            None => "any value".to_owned(),
        }
    }

    /// What a schema refers to; of one that can also be left out, what it is else.
    fn resolved(&self, schema: &'s Value) -> &'s Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/")) {
            return self.resolved(&self.root["$defs"][name]);
        }
        let given = schema["anyOf"].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
        match given.collect::<Vec<_>>().as_slice() {
            [one] => self.resolved(one),
            _ => schema,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_reference_matches_the_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == reference(),
            "docs/reference.md is not what the code says: run `cargo xtask types`"
        );
    }
}
