//! The keys of tables, from the types that read them.

use schemars::JsonSchema;
use serde_json::Value;

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
