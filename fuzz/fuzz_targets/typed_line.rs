//! A line as it is typed: it can be completed at any place, and what is understood of it can be said again.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use callboard_connectors::{Access, ConnectorConfig, http::Client};
use callboard_domain::command::{ArgSpec, Command, CommandSpec, Commands, canonical_line};
use serde_json::{Value, json};

/// The commands of every connector that has some, and two such as teams write.
static COMMANDS: LazyLock<Commands> = LazyLock::new(|| {
    let accounts: [(&str, Value, &[&str]); 3] = [
        ("github", json!({}), &["token"]),
        ("jenkins", json!({ "url": "http://127.0.0.1:8080", "user": "ana" }), &["token"]),
        ("alertmanager", json!({ "url": "http://127.0.0.1:9093" }), &[]),
    ];
    let mut specs: Vec<CommandSpec> = Vec::new();
    for (service, table, fields) in accounts {
        let config = ConnectorConfig::from_table(service, table).expect("a configuration");
        let secrets: BTreeMap<_, _> = fields.iter().map(|it| ((*it).to_owned(), "t0ken".into())).collect();
        let access = Access {
            account: service.into(),
            client: Client::new().expect("a client"),
            secrets,
            person: None,
        };
        let connection = config.connect(access).expect("nothing is lacking");
        specs.extend(connection.actions.iter().map(|action| action.spec().clone()));
    }
    specs.push(
        CommandSpec::new("deploy", "Deploy an app to an environment")
            .usage("deploy <app>[/<ref>] to <env>")
            .alias("ship")
            .arg(ArgSpec::live("app", "the app"))
            .arg(ArgSpec::text("ref", "the version").or("main"))
            .arg(ArgSpec::choice("env", ["staging", "production"], "where")),
    );
    specs.push(
        CommandSpec::new("pug bomb", "Pugs")
            .usage("pug bomb [<count>]")
            .arg(ArgSpec::number("count", "how many").or("5")),
    );
    specs.into_iter().map(|spec| Command::new(spec).expect("a good usage")).collect()
});

// The first byte says where the cursor stands.
libfuzzer_sys::fuzz_target!(|input: (u8, &str)| {
    let (cursor, line) = input;
    let completion = COMMANDS.complete(line, usize::from(cursor).min(line.len()));
    assert!(line.get(completion.replaces.clone()).is_some(), "{completion:?}");
    let Ok(parsed) = COMMANDS.parse(line) else { return };
    if parsed.missing.is_empty() {
        let said = canonical_line(parsed.spec, &parsed.args);
        let again = COMMANDS.parse(&said);
        let again = again.unwrap_or_else(|error| panic!("{line:?} is said {said:?}: {error}"));
        assert_eq!((&again.spec.name, &again.args), (&parsed.spec.name, &parsed.args), "{line:?}: {said:?}");
    }
});
