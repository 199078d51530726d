//! The JSON Schema of `callboard.toml`, and the keys of tables, from the types that read them.

use std::{collections::BTreeMap, sync::LazyLock};

use callboard_connectors::ConnectorConfig;
use callboard_domain::rules::RuleConfig;
use schemars::JsonSchema;
use serde_json::Value;

use super::sections::{Commands, Desktop, Keep, Notifications, Receive, SecretsSection, Team};

/// What identifies a person somewhere: a login name or an id; under `local` also the number of a user.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum AliasSchema {
    Text(String),
    Number(u32),
}

/// The file as its JSON Schema describes it. Reading goes section by section, so that one fault hides no other.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Schema {
    /// Where outcomes go where nothing else says: a name of `[channels]` or `ACCOUNT:CHANNEL`; `room:general` where not given.
    default_channel: Option<String>,
    /// Whether the rules that Callboard brings are asked after yours; true where not given.
    builtin_rules: Option<bool>,
    accounts: Option<BTreeMap<String, ConnectorConfig>>,
    /// Short names for channels: `deploys = "chat:#deploys"`.
    channels: Option<BTreeMap<String, String>>,
    receive: Option<Receive>,
    rules: Option<Vec<RuleConfig>>,
    commands: Option<Commands>,
    secrets: Option<SecretsSection>,
    notifications: Option<Notifications>,
    keep: Option<Keep>,
    desktop: Option<Desktop>,
    /// What each person is called: by account, by service, `local` (on this computer) and `email`.
    people: Option<BTreeMap<String, BTreeMap<String, AliasSchema>>>,
    teams: Option<BTreeMap<String, Team>>,
}

/// The names of the sections, for who mistypes one.
pub(super) static SECTIONS: LazyLock<Vec<String>> = LazyLock::new(keys_of::<Schema>);

/// The JSON Schema of `callboard.toml`.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Schema);
    schema.insert("title".into(), "callboard.toml".into());
    schema.insert("additionalProperties".into(), false.into());
    schema.to_value()
}

/// The keys of a table, or of all the tables that it can be.
pub(crate) fn keys_of<T: JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T).to_value();
    let mut keys: Vec<String> = properties(&schema).map(|(key, _)| key.clone()).collect();
    let either = alternatives(&schema).iter().flat_map(properties);
    keys.extend(either.map(|(key, _)| key.clone()));
    keys
}

/// The keys of a table, each with what its value can be.
pub(crate) fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// What a value can be, where that is one of several.
pub(crate) fn alternatives(schema: &Value) -> &[Value] {
    let either = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
    either.map_or(&[], Vec::as_slice)
}
