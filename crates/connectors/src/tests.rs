//! The one list of services, and how a table of the configuration is read.

use serde::de::IntoDeserializer;
use serde_json::json;
use toml::de::DeTable;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{any, path},
};

use super::*;
use crate::contract;

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
fn a_fault_in_a_table_is_located() {
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
fn an_unknown_service_names_the_known_ones() {
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

/// That a list is empty is known of an answer in full alone: 203 was changed on the way, 206 is a part, 202 is to come.
#[tokio::test]
async fn only_200_is_an_answer_in_full() {
    let lists = [
        ("alertmanager", "/api/v2/alerts", "[]"),
        ("jenkins", "/api/json", r#"{ "jobs": [] }"#),
        ("cctray", "/", "<Projects/>"),
        ("pagerduty", "/incidents", r#"{ "incidents": [], "more": false }"#),
        ("github", "/user/repos", "[]"),
        ("splunkoncall", "/api-public/v1/incidents", r#"{ "incidents": [] }"#),
    ];
    let watching = lists.map(|(service, ..)| service);
    for service in SERVICES {
        let table = format!("[x]\nservice = \"{service}\"\nurl = \"https://ci.example\"");
        let watches = read(&table).is_ok_and(|config| config.watches());
        assert!(!watches || watching.contains(service), "{service} is not asked");
    }
    for (service, list, body) in lists {
        for (status, is_whole) in
            [(200, true), (201, false), (202, false), (203, false), (206, false), (226, false)]
        {
            let server = MockServer::start().await;
            let answer = ResponseTemplate::new(status).set_body_raw(body, "application/json");
            Mock::given(path(list)).respond_with(answer).with_priority(1).mount(&server).await;
            let other = json!({ "login": "ana", "log_entries": [], "more": false });
            Mock::given(any())
                .respond_with(ResponseTemplate::new(200).set_body_json(other))
                .mount(&server)
                .await;
            let table = format!("[x]\nservice = \"{service}\"\nurl = \"{}\"", server.uri());
            let fields: &[&str] = match service {
                "github" | "pagerduty" => &["token"],
                "splunkoncall" => &["api_id", "api_key"],
                _ => &[],
            };
            let connection = read(&table).unwrap().connect(contract::access(fields)).unwrap();
            let polled = connection.source.unwrap().poll(None, contract::now()).await;
            match polled {
                Ok(batch) => assert!(is_whole && batch.problems.is_empty(), "{service} {status}: {batch:?}"),
                Err(error) => {
                    assert!(!is_whole, "{service} {status}: {error}");
                    assert!(error.to_string().contains(&status.to_string()), "{service} {status}: {error}");
                }
            }
        }
    }
}

/// Accounts are called as people like: what they see is the same where the service, its place and the organisation are.
#[test]
fn every_service_has_an_origin_that_does_not_depend_on_the_account() {
    let config = |service: &str, url: &str| {
        let user = if service == "jenkins" { "user = \"ana\"\n" } else { "" };
        read(&format!("[x]\nservice = \"{service}\"\nurl = \"{url}\"\n{user}")).unwrap()
    };
    let of = |tenant: &str| Identity { tenant: Some(tenant.to_owned()), ..Identity::default() };
    let mut all = std::collections::BTreeSet::new();
    for service in SERVICES {
        let origin = |url: &str, me: &Identity| config(service, url).origin(Some(me));
        let here = origin("https://api.example/x", &of("acme")).expect(service);
        assert_eq!(origin("HTTPS://API.example.:443/x/", &of(" acme ")), Some(here.clone()), "{service}");
        assert_eq!((here.service(), here.base()), (*service, "https://api.example/x"));
        for elsewhere in ["https://api2.example/x", "https://api.example/y", "https://api.example:8443/x"] {
            assert_ne!(origin(elsewhere, &of("acme")), Some(here.clone()), "{service}: {elsewhere}");
        }
        // Of which organisation it is matters where one address serves several; there it must be known.
        let has_tenants = ["pagerduty", "slack", "splunkoncall"].contains(service);
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
fn two_feeds_of_one_address_have_two_origins() {
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
        assert!(origin.is_at(&again.items_url()), "{query}");
        assert!(!origin.is_at(&feed("query = { branch = \"other\" }").items_url()), "{query}");
    }
}
