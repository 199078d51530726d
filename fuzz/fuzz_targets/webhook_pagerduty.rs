//! A signed webhook of PagerDuty may hold anything: it is refused or read, and what is read can be stored and shown.
#![no_main]

use std::sync::LazyLock;

use callboard_connectors::Connection;
use callboard_fuzz::{account, receive, signature};
use serde_json::json;

/// As its polls leave it where nothing is open.
const CURSOR: &str = r#"{"open":[],"logged":null}"#;

static ACCOUNT: LazyLock<Connection> = LazyLock::new(|| account("pagerduty", json!({})));

libfuzzer_sys::fuzz_target!(|body: &[u8]| {
    receive(&ACCOUNT, CURSOR, &[("x-pagerduty-signature", format!("v1={}", signature(body)))], body);
});
