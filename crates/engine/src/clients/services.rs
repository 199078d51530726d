//! What an account of each service needs, for forms: from the JSON Schema of its table.

use callboard_connectors::Service;
use serde_json::{Map, Value};

use crate::api::{SecretInfo, ServiceInfo, SettingInfo, SettingType};

/// The keys in the order in which people think of them; others follow.
const ORDER: [&str; 4] = ["url", "user", "watch", "every"];

/// Every service.
pub(crate) fn all() -> Vec<ServiceInfo> {
    callboard_connectors::services().iter().map(info).collect()
}

fn info(service: &Service) -> ServiceInfo {
    let (title, summary) = service.about.split_once(": ").unwrap_or((service.about, ""));
    let secret = |field: &callboard_domain::secret::SecretField| SecretInfo {
        name: field.name.to_owned(),
        help: field.help.to_owned(),
        required: field.required,
    };
    ServiceInfo {
        service: service.name.to_owned(),
        title: title.to_owned(),
        summary: summary.trim_end_matches('.').to_owned(),
        settings: settings(&service.schema),
        secrets: service.secrets.iter().map(secret).collect(),
    }
}

/// The settings of a table's schema, required ones first. One that is a table itself is left to the file.
fn settings(schema: &Value) -> Vec<SettingInfo> {
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it.as_str() == Some(name)))
    };
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut settings: Vec<SettingInfo> = properties
        .filter_map(|(name, own)| {
            let whole = resolved(own, schema);
            Some(SettingInfo {
                name: name.clone(),
                help: own["description"].as_str().unwrap_or_default().replace('\n', " "),
                takes: takes(&whole)?,
                required: required(name),
                default: own.get("default").filter(|it| !is_nothing(it)).cloned(),
            })
        })
        .collect();
    let place = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    settings.sort_by_key(|setting| (!setting.required, place(&setting.name)));
    settings
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

/// A schema with what it refers to in its place, and without the `null` that stands for "not given".
fn resolved(schema: &Value, root: &Value) -> Map<String, Value> {
    let schema = schema.as_object().cloned().unwrap_or_default();
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|it| it.strip_prefix("#/$defs/"))
    {
        return resolved(&root["$defs"][name], root);
    }
    let some = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    match some.into_iter().find(|it| it["type"] != "null") {
        Some(some) => resolved(some, root),
        None => schema,
    }
}

fn takes(schema: &Map<String, Value>) -> Option<SettingType> {
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return Some(SettingType::Choice(
            choices.iter().filter_map(|it| Some(it.as_str()?.to_owned())).collect(),
        ));
    }
    let is = |name: &str| match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(any)) => any.iter().any(|it| it == name),
        _ => false,
    };
    match () {
        () if is("array") => Some(SettingType::List),
        () if is("boolean") => Some(SettingType::Bool),
        () if is("integer") || is("number") => Some(SettingType::Number),
        () if is("string") => Some(SettingType::Text),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn setting_type_follows_the_schema() {
        let cases = [
            (json!({ "type": "string" }), Some(SettingType::Text)),
            (json!({ "type": ["string", "null"] }), Some(SettingType::Text)),
            (json!({ "anyOf": [{ "$ref": "#/$defs/Span" }, { "type": "null" }] }), Some(SettingType::Text)),
            (json!({ "$ref": "#/$defs/Mode" }), Some(SettingType::Choice(vec!["a".into(), "b".into()]))),
            (json!({ "type": "array", "items": { "type": "string" } }), Some(SettingType::List)),
            (json!({ "type": "boolean" }), Some(SettingType::Bool)),
            (json!({ "type": "integer" }), Some(SettingType::Number)),
            (json!({ "type": "object" }), None),
        ];
        for (property, expected) in cases {
            let schema = json!({
                "properties": { "x": property },
                "$defs": { "Span": { "type": "string" }, "Mode": { "enum": ["a", "b"] } },
            });
            let found = settings(&schema);
            assert_eq!(found.first().map(|it| &it.takes), expected.as_ref(), "{property}");
        }
    }

    #[test]
    fn every_service_lists_its_settings_and_secrets() {
        let all = all();
        let names: Vec<&str> = all.iter().map(|it| it.service.as_str()).collect();
        assert_eq!(names, callboard_connectors::SERVICES);
        for service in &all {
            assert!(!service.title.is_empty() && !service.summary.is_empty(), "{service:?}");
            assert!(service.settings.iter().all(|it| !it.help.is_empty()), "{service:?}");
            assert!(service.settings.is_sorted_by_key(|it| !it.required), "{service:?}");
        }
        let of = |name: &str| all.iter().find(|it| it.service == name).unwrap();
        let github = of("github");
        assert_eq!(github.title, "GitHub");
        let url = &github.settings[0];
        assert_eq!((url.name.as_str(), &url.takes, url.required), ("url", &SettingType::Text, false));
        assert_eq!(url.default, Some(json!("https://api.github.com/")));
        assert_eq!(github.settings[1].takes, SettingType::List);
        assert!(github.secrets[0].required && github.secrets[0].name == "token");
        assert!(of("jenkins").settings[0].required, "its address is required");
    }
}
