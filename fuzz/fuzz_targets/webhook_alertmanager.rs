//! A webhook of Alertmanager that carries the token may hold anything: it is refused or read.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use callboard_connectors::{Access, Connection, ConnectorConfig, http::Client};
use callboard_domain::{event, identity::Identity};
use jiff::Timestamp;
use serde_json::json;

static CONNECTION: LazyLock<Connection> = LazyLock::new(|| {
    let config = ConnectorConfig::from_table("alertmanager", json!({ "url": "http://127.0.0.1:9093" }));
    let secrets = BTreeMap::from([("webhook_secret".to_owned(), "hush".into())]);
    let access = Access { account: "pager".into(), client: Client::new().expect("a client"), secrets };
    config.expect("a configuration").connect(access).expect("nothing is lacking")
});

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", http::HeaderValue::from_static("Bearer hush"));
    let hook = CONNECTION.source.as_ref().and_then(|source| source.hook()).expect("it has webhooks");
    let Ok(received) = hook.receive(&headers, body, Timestamp::UNIX_EPOCH) else { return };
    let me = Identity::default();
    for snapshot in received.snapshots {
        let first = event::compare(None, snapshot.clone(), &me);
        let again = event::compare(Some(&first.item), snapshot, &me);
        assert!(again.transitions.is_empty(), "the same again is no news: {again:#?}");
    }
});
