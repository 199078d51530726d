//! A signed webhook of PagerDuty may hold anything: it is refused or read, and what is read can be stored and shown.
#![no_main]

use std::{collections::BTreeMap, sync::LazyLock};

use callboard_connectors::{Access, Connection, ConnectorConfig, http::Client};
use callboard_domain::{event, identity::Identity};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::json;
use sha2::Sha256;

const SECRET: &str = "hush";

static CONNECTION: LazyLock<Connection> = LazyLock::new(|| {
    let config = ConnectorConfig::from_table("pagerduty", json!({})).expect("a configuration");
    let secrets = [("token", "t0ken"), ("webhook_secret", SECRET)];
    let secrets = secrets.map(|(field, secret)| (field.to_owned(), secret.into()));
    let client = Client::new().expect("a client");
    let access = Access { account: "pager".into(), client, secrets: BTreeMap::from(secrets) };
    config.connect(access).expect("nothing is lacking")
});

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut headers = http::HeaderMap::new();
    let signature = format!("v1={hex}").parse().expect("hexadecimal digits");
    headers.insert("x-pagerduty-signature", signature);
    let hook = CONNECTION.source.as_ref().and_then(|source| source.hook()).expect("it has webhooks");
    let Ok(received) = hook.receive(&headers, body, Timestamp::UNIX_EPOCH) else { return };
    let me = Identity::default();
    for snapshot in received.snapshots {
        let first = event::compare(None, snapshot.clone(), &me);
        let again = event::compare(Some(&first.item), snapshot, &me);
        assert!(again.transitions.is_empty(), "the same again is no news: {again:#?}");
    }
});
