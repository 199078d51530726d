//! `KEY=VALUE` on the command line as the settings of an account.

use std::collections::BTreeMap;

use anyhow::Result;
use callboard_engine::{
    api::{SettingInfo, SettingType},
    config::toml_value,
};
use serde_json::{Map, Value};

use crate::exit::Usage;

/// True for an option that takes a table.
pub(super) fn is_table(service: &str, key: &str) -> bool {
    let services = callboard_connectors::services();
    let service = services.iter().find(|it| it.name == service);
    service.is_some_and(|it| it.schema["properties"][key]["type"] == "object")
}

/// `key=value`, of the type that the service's setting of that name takes: one word is a list of one, and `table.key=value` an
/// entry of a table. What is not of that type stays text, for the reader of the settings to refuse.
fn read_setting(
    setting: &str,
    known: &[SettingInfo],
    is_table: impl Fn(&str) -> bool,
) -> Result<(String, Value)> {
    let (key, text) =
        setting.split_once('=').ok_or_else(|| Usage(format!("expected KEY=VALUE, found {setting:?}")))?;
    if let Some((table, entry)) = key.split_once('.').filter(|(table, _)| is_table(table)) {
        if entry.is_empty() {
            return Err(Usage(format!("expected {table}.NAME=VALUE, found {setting:?}")).into());
        }
        let entries = Map::from_iter([(entry.to_owned(), text.into())]);
        return Ok((table.to_owned(), Value::Object(entries)));
    }
    if is_table(key) {
        return match toml_value(text) {
            Some(table @ Value::Object(_)) => Ok((key.to_owned(), table)),
            _ => Err(Usage(format!(
                "{key} takes a table: write {key}.NAME=VALUE for each entry, or {key}={{ NAME = \"VALUE\" }}"
            ))
            .into()),
        };
    }
    let value: Value = match known.iter().find(|it| it.name == key).map(|it| &it.takes) {
        Some(SettingType::List) => list(text),
        Some(SettingType::Bool) => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
        Some(SettingType::Number) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        Some(SettingType::Text | SettingType::Choice(_)) | None => text.into(),
    };
    Ok((key.to_owned(), value))
}

/// Words between commas; or a list of texts as the file has it, for those that hold commas.
fn list(text: &str) -> Value {
    match toml_value(text) {
        Some(Value::Array(texts)) if texts.iter().all(Value::is_string) => Value::Array(texts),
        _ => text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect(),
    }
}

/// The settings that were typed, by their names. A list's option may be given again, and adds to it, and so may a table's;
/// another may not.
pub(super) fn read_settings(
    settings: &[String],
    known: &[SettingInfo],
    is_table: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, Value>> {
    let mut read: BTreeMap<String, Value> = BTreeMap::new();
    for setting in settings {
        let (key, value) = read_setting(setting, known, &is_table)?;
        if key == "service" {
            return Err(
                Usage("the service stands after the account's name, and not as service=".into()).into()
            );
        }
        let Some(first) = read.get_mut(&key) else {
            read.insert(key, value);
            continue;
        };
        match (first, value) {
            (Value::Array(all), Value::Array(more)) => all.extend(more),
            (Value::Object(all), Value::Object(more)) => {
                for (entry, value) in more {
                    if all.contains_key(&entry) {
                        return Err(Usage(format!("{key}.{entry}= is given twice")).into());
                    }
                    all.insert(entry, value);
                }
            }
            (first, second) => {
                let what = format!("{key}= is given twice and takes one value: {first} and {second}");
                return Err(Usage(what).into());
            }
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn setting_has_the_type_that_the_service_takes() {
        let of = |name: &str, takes: SettingType| SettingInfo {
            name: name.to_owned(),
            help: String::new(),
            takes,
            required: false,
            default: None,
        };
        let is_table = |key: &str| key == "query";
        let known = [
            of("teams", SettingType::List),
            of("user", SettingType::Text),
            of("clear", SettingType::Bool),
            of("port", SettingType::Number),
            of("mode", SettingType::Choice(vec!["a".into()])),
        ];
        let cases = [
            ("teams=X", json!(["X"])),
            ("teams=X,", json!(["X"])),
            ("teams=X, Y", json!(["X", "Y"])),
            ("teams=", json!([])),
            ("teams=true", json!(["true"])),
            ("user=Lima, Ana", json!("Lima, Ana")),
            ("user=true", json!("true")),
            ("user=a=b", json!("a=b")),
            ("clear=true", json!(true)),
            ("clear=maybe", json!("maybe")),
            ("port=8080", json!(8080)),
            ("port=many", json!("many")),
            ("mode=a", json!("a")),
            // The service has no setting of that name, and refuses it.
            ("nothing=a,b", json!("a,b")),
            // A list as the file has it, for what has a comma in it; what only looks like one is a word.
            (r#"teams=["a,b", "c"]"#, json!(["a,b", "c"])),
            ("teams=['a']", json!(["a"])),
            ("teams=[]", json!([])),
            ("teams=[ab]*", json!(["[ab]*"])),
            ("teams=[1]", json!(["[1]"])),
            (r#"user=["a"]"#, json!(r#"["a"]"#)),
            (r#"user={a="b"}"#, json!(r#"{a="b"}"#)),
            ("query.branch=main", json!({ "branch": "main" })),
            ("query.a.b=c=d", json!({ "a.b": "c=d" })),
            ("query.n=", json!({ "n": "" })),
            (r#"query={branch="main", n='1'}"#, json!({ "branch": "main", "n": "1" })),
            ("query={}", json!({})),
        ];
        for (setting, expected) in cases {
            let (_, value) = read_setting(setting, &known, is_table).unwrap();
            assert_eq!(value, expected, "{setting}");
        }
        let all = |typed: &[&str]| {
            read_settings(&typed.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>(), &known, is_table)
                .map(|settings| json!(settings))
                .map_err(|error| error.to_string())
        };
        let repeated = [
            (&["teams=A", "teams=B,C"][..], Ok(json!({ "teams": ["A", "B", "C"] }))),
            (&["teams=A", "user=x", "teams=A"][..], Ok(json!({ "teams": ["A", "A"], "user": "x" }))),
            (&["user=x", "user=y"][..], Err(r#"user= is given twice and takes one value: "x" and "y""#)),
            (&["nothing=a", "nothing=b"][..], Err("nothing= is given twice")),
            (&["query.a=1", "query={b='2'}"][..], Ok(json!({ "query": { "a": "1", "b": "2" } }))),
            (&["query.a=1", "query.a=2"][..], Err("query.a= is given twice")),
            (&["query=branch=main"][..], Err("query takes a table: write query.NAME=VALUE for each entry")),
            (&["query=branch"][..], Err("query takes a table")),
            (&["query={branch=main}"][..], Err("query takes a table")),
            (&["query=[1]"][..], Err("query takes a table")),
            (&["query.=main"][..], Err("expected query.NAME=VALUE")),
            // A list has no names: it is refused as whatever the service does not take.
            (&["teams.a=b"][..], Ok(json!({ "teams.a": "b" }))),
            (&["service=github"][..], Err("the service stands after the account's name")),
        ];
        for (typed, expected) in repeated {
            match (all(typed), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{typed:?}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{typed:?}: {why}"),
                (found, expected) => panic!("{typed:?}: {found:?}, expected {expected:?}"),
            }
        }
        let error = read_setting("teams", &known, is_table).unwrap_err().to_string();
        assert!(error.contains("expected KEY=VALUE"), "{error}");
    }

    #[test]
    fn tables_of_each_service_are_known() {
        let cases = [("cctray", "query", true), ("cctray", "watch", false), ("cctray", "url", false)];
        for (service, key, expected) in cases {
            assert_eq!(is_table(service, key), expected, "{service} {key}");
        }
        assert!(!is_table("nothing", "query"));
    }
}
