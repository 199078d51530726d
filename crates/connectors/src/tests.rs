//! The one list of services, and how a table of the configuration is read.

use serde::de::IntoDeserializer;
use toml::de::DeTable;

use super::*;

/// Reads the table `[accounts.x]` as the configuration does: keys keep their places.
fn read(text: &str) -> Result<ConnectorConfig, toml::de::Error> {
    let mut file = DeTable::parse(text)?;
    let (_, mut table) = file.get_mut().remove_entry("x").unwrap();
    let service = match &mut table.get_mut() {
        toml::de::DeValue::Table(table) => table.remove("service").unwrap(),
        _ => panic!("not a table"),
    };
    ConnectorConfig::from_table(service.get_ref().as_str().unwrap(), table.into_deserializer())
}

#[test]
fn error_in_a_table_is_located() {
    let cases = [
        ("[x]\nservice = \"jenkins\"\nurl = \"https://ci.example\"\nwatch = [\"web/*\"]", None),
        (
            "[x]\nurl = \"https://ci.example\"\nservice = \"jenkins\"\nwach = []",
            Some(("wach", "unknown field `wach`")),
        ),
        ("[x]\nservice = \"jenkins\"", Some(("[x]", "missing field `url`"))),
        ("[x]\nservice = \"jenkins\"\nurl = 7", Some(("7", "invalid type: integer"))),
        ("[x]\nservice = \"jenkins\"\nurl = \"ci\"", Some(("\"ci\"", "expected a URL"))),
        (
            "[x]\nservice = \"jenkins\"\nurl = \"https://c\"\nwatch = [\"a\", \"[\"]",
            Some(("[\"a\", \"[\"]", "found \"[\"")),
        ),
        (
            "[x]\nservice = \"jenkins\"\nurl = \"https://c\"\nevery = \"soon\"",
            Some(("\"soon\"", "length of time")),
        ),
    ];
    for (text, expected) in cases {
        match (read(text), expected) {
            (Ok(_), None) => {}
            (Err(error), Some((at, why))) => {
                assert!(error.message().contains(why), "{text}\n{error}");
                assert_eq!(error.span().map(|span| &text[span]), Some(at), "{text}\n{error}");
            }
            (got, _) => panic!("{text}\n{got:?}"),
        }
    }
}

#[test]
fn unknown_service_error_names_the_known_ones() {
    let error = read("[x]\nservice = \"jenkinz\"\nurl = \"https://ci.example\"").unwrap_err();
    assert!(error.message().contains("jenkinz") && error.message().contains("jenkins"), "{error}");
}

#[test]
fn the_derived_reading_takes_the_same_tables_and_names() {
    let config: ConnectorConfig =
        toml::from_str("service = \"jenkins\"\nurl = \"https://ci.example\"").unwrap();
    assert_eq!(config.service_name(), "jenkins");
    assert_eq!(serde_json::to_value(&config).unwrap()["service"], "jenkins");
    let error =
        toml::from_str::<ConnectorConfig>("service = \"jenkins\"\nurl = \"https://ci.example\"\nwach = []");
    assert!(error.unwrap_err().message().contains("unknown field `wach`"));
}

#[test]
fn the_schema_lists_every_service_with_its_keys() {
    let schema = serde_json::to_value(schemars::schema_for!(ConnectorConfig)).unwrap();
    let variants = schema["oneOf"].as_array().unwrap();
    let names: Vec<_> =
        variants.iter().map(|variant| variant["properties"]["service"]["const"].as_str().unwrap()).collect();
    assert_eq!(names, SERVICES);
}

/// Accounts are called as people like: what they see is the same where the service, its place and the organisation are.
#[test]
fn every_service_has_an_origin_that_does_not_depend_on_the_account() {
    let config =
        |service: &str, url: &str| read(&format!("[x]\nservice = \"{service}\"\nurl = \"{url}\"")).unwrap();
    let of = |tenant: &str| Identity { tenant: Some(tenant.to_owned()), ..Identity::default() };
    let mut all = std::collections::BTreeSet::new();
    for Service { name: service, has_tenants, .. } in services() {
        let origin = |url: &str, me: &Identity| config(service, url).origin(Some(me));
        let here = origin("https://api.example/x", &of("acme")).expect(service);
        assert_eq!(origin("HTTPS://API.example.:443/x/", &of(" acme ")), Some(here.clone()), "{service}");
        assert_eq!((here.service(), here.base()), (service, "https://api.example/x"));
        for elsewhere in ["https://api2.example/x", "https://api.example/y", "https://api.example:8443/x"] {
            assert_ne!(origin(elsewhere, &of("acme")), Some(here.clone()), "{service}: {elsewhere}");
        }
        // Of which organisation it is matters where one address serves several; there it must be known.
        let other = origin("https://api.example/x", &of("other"));
        assert_eq!(other != Some(here.clone()), has_tenants, "{service}");
        for me in [None, Some(Identity::default()), Some(of(" "))] {
            let unknown = config(service, "https://api.example/x").origin(me.as_ref());
            assert_eq!(unknown.is_none(), has_tenants, "{service}: {me:?}");
        }
        all.insert(here);
    }
    assert_eq!(all.len(), SERVICES.len());
}

#[test]
fn feeds_of_one_address_have_different_origins() {
    let feed = |query: &str| {
        let text = format!("[x]\nservice = \"cctray\"\nurl = \"https://ci.example/cc.xml\"\n{query}");
        read(&text).unwrap()
    };
    let cases = [
        ("", "cctray:https://ci.example/cc.xml"),
        ("query = {}", "cctray:https://ci.example/cc.xml"),
        ("query = { branch = \"main\" }", "cctray:https://ci.example/cc.xml?branch=main"),
        (
            "query = { to = \"a&b\", branch = \"a b\" }",
            "cctray:https://ci.example/cc.xml?branch=a+b&to=a%26b",
        ),
    ];
    for (query, expected) in cases {
        let (config, again) = (feed(query), feed(query));
        let origin = config.origin(None).expect(query);
        assert_eq!(origin.to_string(), expected);
        let read = expected.parse::<callboard_domain::origin::Origin>();
        assert_eq!(read.as_ref(), Ok(&origin), "it is read as it is written");
        assert_eq!(again.origin(None), Some(origin.clone()), "{query}");
        assert_ne!(feed("query = { branch = \"other\" }").origin(None), Some(origin), "{query}");
    }
}

/// A command takes the same whichever account runs it: one name is one declaration ([`callboard_domain::command::verbs`]).
#[test]
fn command_of_several_services_is_declared_once() {
    let mut declared = std::collections::BTreeMap::new();
    let mut shared = std::collections::BTreeSet::new();
    for Service { name: service, secrets, .. } in services() {
        let config =
            read(&format!("[x]\nservice = \"{service}\"\nurl = \"https://api.example\"")).expect(service);
        let access = |only_required: bool| {
            let secrets = secrets.iter().filter(|secret| secret.required || !only_required);
            contract::access(&secrets.map(|secret| secret.name).collect::<Vec<_>>())
        };
        // Slack needs one of several; Jenkins with one also needs a user.
        let connection =
            config.connect(access(true)).or_else(|_| config.connect(access(false))).expect(service);
        for action in &connection.actions {
            let spec = action.spec().clone();
            if let Some((other, before)) = declared.insert(spec.name.clone(), (service, spec.clone())) {
                assert_eq!(before, spec, "{} of {other} and {service}", spec.name);
                shared.insert(spec.name);
            }
        }
    }
    assert!(shared.contains("ack") && shared.contains("on-call"), "{shared:?}");
}

#[test]
fn account_that_lacks_a_secret_names_all_that_would_do() {
    let url = "url = \"https://a.example\"";
    // table -> the secrets of which one must be set, how a missing one is told
    let cases = [
        (format!("service = \"jenkins\"\n{url}"), vec![], None),
        (
            format!("service = \"jenkins\"\n{url}\nuser = \"ana\""),
            vec!["token", "password"],
            Some("token or password must be set; token: an API token"),
        ),
        (format!("service = \"cctray\"\n{url}"), vec![], None),
        (
            format!("service = \"cctray\"\n{url}\nuser = \"ana\""),
            vec!["password", "token"],
            Some("password or token must be set; password: the user's"),
        ),
        (
            "service = \"slack\"".to_owned(),
            vec!["token", "webhook_url"],
            Some("token or webhook_url must be set; token: a bot token"),
        ),
        (format!("service = \"http\"\n{url}"), vec![], None),
        (
            format!("service = \"http\"\n{url}\nuser = \"ana\""),
            vec!["password"],
            Some("the password is not set"),
        ),
        (
            format!("service = \"http\"\n{url}\nheader = \"X-Key\""),
            vec!["token"],
            Some("the token is not set"),
        ),
        // In its user's name silences are made, whether or not anybody signs in.
        (format!("service = \"alertmanager\"\n{url}\nuser = \"ana\""), vec![], None),
        // Required whatever the table says.
        ("service = \"pagerduty\"".to_owned(), vec![], Some("the token is not set")),
    ];
    for (table, expected, told) in cases {
        let config = read(&format!("[x]\n{table}")).unwrap();
        let names: Vec<_> = config.needs_one_of().iter().map(|field| field.name).collect();
        assert_eq!(names, expected, "{table}");
        let access = Access {
            account: "x".into(),
            client: http::Client::new().unwrap(),
            secrets: Default::default(),
            person: None,
        };
        let error = config.connect(access).err().map(|error| error.to_string());
        match (&error, told) {
            (None, None) => {}
            (Some(error), Some(told)) => assert!(error.starts_with(told), "{table}: {error}"),
            _ => panic!("{table}: {error:?}"),
        }
    }
}
